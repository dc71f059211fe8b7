//! One checkpoint: what it says of a phase, and how that is spelled.

use serde_json::{Map, Value};

use super::words::word;
use crate::plan::{ImportedStatus, Status, Task, TaskProgress, visible};

/// The fields that the format knows, in the order in which its examples have them.
const ORDER: [&str; 6] = [
    "status",
    "completed_at",
    "failed_at",
    "artifacts",
    "error",
    "last_successful_step",
];

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
            // So it is where an entry tells of attempts that were undone.
            if settled.is_none() && (told.is_untouched || old.is_none()) {
                return old;
            }
            "pending"
        }
    };
    let mut entry = old.unwrap_or_default();
    let said = entry.get("status").and_then(Value::as_str).map(word);
    if said != Some(word(status)) {
        for stale in ORDER.into_iter().filter(|name| *name != "status") {
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

/// An entry as YAML, one of a list of maps as in the format's own examples, or of one map.
pub(super) fn entry(name: &str, entry: &Map<String, Value>, is_map: bool) -> String {
    let (bullet, indent) = if is_map { ("", "  ") } else { ("- ", "    ") };
    format!("{bullet}{}:\n{}", scalar(name), fields(entry, indent))
}

/// The fields of an entry, one a line.
pub(super) fn fields(entry: &Map<String, Value>, indent: &str) -> String {
    ordered(entry)
        .map(|(name, value)| format!("{indent}{}\n", field(name, value)))
        .collect()
}

/// The fields of an entry in the order in which they are written.
pub(super) fn ordered(entry: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let others = entry.keys().map(String::as_str);
    let others = others.filter(|name| !ORDER.contains(name));
    let names = ORDER.into_iter().chain(others);
    names.filter_map(|name| Some((name, entry.get(name)?)))
}

pub(super) fn field(name: &str, value: &Value) -> String {
    format!("{}: {}", scalar(name), value_of(value))
}

pub(super) fn value_of(value: &Value) -> String {
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
