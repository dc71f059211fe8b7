//! One checkpoint: what it says of a phase, and how that is spelled.

use serde_json::{Map, Value};

use super::state;
use crate::plan::{ImportedStatus, Status, Task, TaskProgress, visible};

/// What a checkpoint says of a task; what it said before and nobody knows better stays.
pub(super) fn checkpoint(
    task: &Task,
    told: &TaskProgress,
    old: Option<Map<String, Value>>,
) -> Option<Map<String, Value>> {
    let status = match told.status {
        Status::Done => "complete",
        Status::Failed => "failed",
        Status::TimedOut => "timeout",
        Status::Partial => "partial",
        Status::Blocked => "blocked",
        Status::InProgress => "in_progress",
        Status::Skipped => "skipped",
        Status::Pending => {
            let settled = task
                .imported
                .as_ref()
                .filter(|imported| imported.status != ImportedStatus::InProgress);
            // Only where something else in the plan says that it is settled it must be said that it is not.
            return match settled {
                Some(_) => Some(Map::from_iter([("status".to_owned(), "pending".into())])),
                None => old,
            };
        }
    };
    let mut entry = old.unwrap_or_default();
    let said = entry.get("status").and_then(Value::as_str).map(state::word);
    if said != Some(state::word(status)) {
        for stale in [
            "completed_at",
            "failed_at",
            "artifacts",
            "error",
            "last_successful_step",
        ] {
            entry.remove(stale);
        }
        entry.insert("status".to_owned(), status.into());
    }
    let ended = told.ended_at.clone().map(Value::from);
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            entry.insert(name.to_owned(), value);
        }
    };
    match told.status {
        Status::Done => {
            set("completed_at", ended);
            let files: Vec<Value> = told
                .created
                .iter()
                .chain(&told.modified)
                .map(|path| path.as_str().into())
                .collect();
            set("artifacts", (!files.is_empty()).then_some(files.into()));
        }
        Status::Failed | Status::TimedOut | Status::Partial | Status::Blocked => {
            set("failed_at", ended);
            let shown =
                |said: &Option<String>| said.as_deref().map(|said| (&*visible(said)).into());
            set("error", shown(&told.reason));
            set("last_successful_step", shown(&told.last_step));
        }
        Status::InProgress | Status::Skipped | Status::Pending => {}
    }
    Some(entry)
}

/// Entries as YAML, a list of maps as in the format's own examples, or one map.
pub(super) fn written(entries: &[(String, Map<String, Value>)], is_map: bool) -> String {
    const ORDER: [&str; 6] = [
        "status",
        "completed_at",
        "failed_at",
        "artifacts",
        "error",
        "last_successful_step",
    ];
    let (bullet, indent) = if is_map { ("", "  ") } else { ("- ", "    ") };
    let mut text = String::new();
    for (name, entry) in entries {
        text.push_str(&format!("{bullet}{}:\n", scalar(name)));
        let others = entry
            .keys()
            .map(String::as_str)
            .filter(|key| !ORDER.contains(key));
        for key in ORDER.into_iter().chain(others) {
            if let Some(value) = entry.get(key) {
                text.push_str(&format!("{indent}{}: {}\n", scalar(key), value_of(value)));
            }
        }
    }
    text
}

fn value_of(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(value_of).collect();
            format!("[{}]", items.join(", "))
        }
        // JSON is YAML.
        other => other.to_string(),
    }
}

/// A text as it is where that can only be a text, and quoted where it could be something else.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.')
        || text.len() >= 10 && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('T');
    let is_simple = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_./+@-:".contains(c));
    let is_word = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", ".nan", ".inf",
    ]
    .contains(&text.to_ascii_lowercase().as_str());
    if is_plain && is_simple && !is_word && !text.ends_with(':') {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn what_could_be_something_else_is_quoted() {
        for plain in ["complete", "src/a.rs", "2026-02-10T14:30:00Z", "phase_1"] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in [
            "", "a b", "yes", "1.5", "10", "a:", "- x", "#", "类型", "a\nb", "[x]",
        ] {
            assert!(scalar(quoted).starts_with('"'), "{quoted}");
        }
    }
}
