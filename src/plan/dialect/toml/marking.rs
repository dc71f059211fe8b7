//! What a native plan becomes when it says how far a run is: the `status` and `commit` of each task.
//!
//! A line that is not there is put below the task's `id`; a task that is to be done says nothing at all. Only lines that
//! hold one key are put in or taken out: what shares its line with other keys or with words is a person's.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::Value;
use crate::plan::source::Source;
use crate::plan::{Change, Edit, Progress, Status, TaskId, TaskProgress};

pub(super) fn marked(source: &Source, progress: &Progress) -> Vec<Change> {
    let text = source.text().text;
    let (table, _) = DeTable::parse_recoverable(text);
    let tasks = table.get_ref().get("task").map(::toml::Spanned::get_ref);
    let Some(DeValue::Array(tasks)) = tasks else {
        return Vec::new();
    };
    let of = progress.by_id();
    let mut edits = Vec::new();
    for task in tasks.iter() {
        let at = task.span();
        let DeValue::Table(keys) = task.get_ref() else {
            continue;
        };
        let id = keys
            .get("id")
            .and_then(|id| Some((id.get_ref().as_str()?, id)));
        let Some((id, value)) = id else { continue };
        let task = of.get(&TaskId::new(id));
        if let Some(task) = task.filter(|task| !task.is_untouched) {
            // Between braces keys are set apart by commas, and none has a line to itself.
            let has_lines = !text[at.clone()].starts_with('{');
            edits.extend(edits_of(text, keys, value, task, has_lines));
        }
    }
    edits.sort_by_key(|edit| edit.range.start);
    let path = source.path.clone();
    let change = (!edits.is_empty()).then_some(Change::Edit { path, edits });
    change.into_iter().collect()
}

fn edits_of(
    text: &str,
    keys: &DeTable<'_>,
    id: &Value<'_>,
    task: &TaskProgress,
    has_lines: bool,
) -> Vec<Edit> {
    let status = match task.status {
        Status::Done => Some("done"),
        Status::Skipped => Some("skipped"),
        Status::InProgress => Some("in_progress"),
        _ => None,
    };
    let commit = task.commit.as_deref().filter(|_| status == Some("done"));
    let mut edits = Vec::new();
    let mut missing = String::new();
    for (key, wanted) in [("status", status), ("commit", commit)] {
        match (keys.get(key), wanted) {
            (Some(found), Some(wanted)) if found.get_ref().as_str() != Some(wanted) => {
                edits.push(Edit {
                    range: found.span(),
                    text: format!("\"{wanted}\""),
                });
            }
            (Some(found), None) if has_lines && is_bare(text, key, found.span()) => {
                edits.push(Edit {
                    range: line_of(text, found.span()),
                    text: String::new(),
                });
            }
            (Some(found), None) if key == "status" && found.get_ref().as_str() != Some(OPEN) => {
                edits.push(Edit {
                    range: found.span(),
                    text: format!("\"{OPEN}\""),
                });
            }
            (None, Some(wanted)) if has_lines => {
                missing.push_str(&format!("{key} = \"{wanted}\"\n"));
            }
            _ => {}
        }
    }
    // A commit belongs to its status.
    let (key, above) = match keys.get("status").filter(|_| status.is_some()) {
        Some(status) => ("status", status),
        None => ("id", id),
    };
    let at = line_of(text, above.span()).end;
    let line = &text[line_of(text, above.span())];
    // Keys that share a line are those of an inline table, which is nobody's way to write a task.
    if !missing.is_empty() && is_alone(text, key, above.span()).is_some() {
        let apart = if line.ends_with('\n') { "" } else { "\n" };
        if line.ends_with("\r\n") {
            missing = missing.replace('\n', "\r\n");
        }
        edits.push(Edit {
            range: at..at,
            text: format!("{apart}{missing}"),
        });
    }
    edits
}

/// What a task says that is still to be done, where it must say something.
const OPEN: &str = "pending";

/// What follows a key and its value on their line, if nothing stands before them and only words after them.
fn is_alone<'t>(text: &'t str, key: &str, value: Range<usize>) -> Option<&'t str> {
    let line = line_of(text, value.clone());
    let before = text[line.start..value.start].trim();
    let named = before.strip_suffix('=')?.trim_end();
    let after = text[value.end..line.end].trim();
    let is_named = named.trim_matches(['"', '\'']) == key;
    (is_named && (after.is_empty() || after.starts_with('#'))).then_some(after)
}

/// Whether a line holds a key, its value, and nothing else.
fn is_bare(text: &str, key: &str, value: Range<usize>) -> bool {
    is_alone(text, key, value) == Some("")
}

/// The whole line that a value stands on.
fn line_of(text: &str, value: Range<usize>) -> Range<usize> {
    let start = text[..value.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[value.end..]
        .find('\n')
        .map_or(text.len(), |at| value.end + at + 1);
    start..end
}
