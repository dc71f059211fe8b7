//! Saying in a session's files how far a run is: boxes, links and notes in the list, the status in each JSON.
//!
//! Only the bytes of a mark change. What cannot be read is not touched: a JSON that is none stays as it is.

use std::collections::HashMap;

use super::outline::Said;
use super::todo::{self, Entry};
use super::{NOTE, PLAN, SESSION, TODO, asked, closing, ids, is_main};
use crate::plan::json::Node;
use crate::plan::markdown::Mark;
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Change, Edit, ImportedStatus, Progress, Status, TaskProgress, is_named};

/// The tasks of a run by their ids, as they are compared.
type ByKey<'p> = HashMap<String, &'p TaskProgress>;

pub(super) fn write(sources: &[Source], progress: &Progress) -> Vec<Change> {
    let by_key: ByKey<'_> = progress
        .tasks
        .iter()
        .map(|task| (ids::key(task.id.as_str()), task))
        .collect();
    let mut changes = Vec::new();
    for source in sources {
        let edits = if is_named(&source.path, TODO) {
            list(&source.text(), &by_key)
        } else if is_main(&source.path) {
            debug_assert!(is_named(&source.path, PLAN) || is_named(&source.path, SESSION));
            continue;
        } else {
            task_file(source, &by_key)
        };
        if !edits.is_empty() {
            changes.push(Change::Edit {
                path: source.path.clone(),
                edits,
            });
        }
    }
    changes.extend(closing::changes(sources, progress));
    changes
}

/// The status of the task that a file holds.
fn task_file(source: &Source, by_key: &ByKey<'_>) -> Vec<Edit> {
    let Ok(whole) = source.whole() else {
        return Vec::new();
    };
    let text = Text::new(&source.path, &whole);
    let Ok(top) = Node::parse(&text) else {
        return Vec::new();
    };
    let id = top
        .member("id")
        .or_else(|| top.member("task_id"))
        .and_then(|id| id.word());
    let stem = source
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let id = id.unwrap_or_else(|| stem.into_owned());
    let task = by_key.get(&ids::key(&id));
    task.map(|task| asked::marked(&text, &top, task.status))
        .unwrap_or_default()
}

/// The boxes of the list, the links to summaries, and notes on what went wrong.
fn list(text: &Text<'_>, by_key: &ByKey<'_>) -> Vec<Edit> {
    let is_known = |id: &str| by_key.contains_key(&ids::key(id));
    let todo = todo::read(text.document(), text, &is_known);
    let has_begun_sign = text.text.contains("[~]");
    let mut edits = Vec::new();
    for entry in &todo.entries {
        let Some(task) = by_key.get(&ids::key(&entry.id)) else {
            continue;
        };
        let said = entry.said();
        for mark in entry.marks.iter().chain(&entry.below) {
            edits.extend(boxed(mark, said.as_ref(), task.status, has_begun_sign));
        }
        if !entry.marks.is_empty() {
            edits.extend(link(entry, task, text));
            edits.extend(note(entry, task, text));
        }
    }
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits
}

/// The sign of one box; nothing when its task's boxes say the same already.
fn boxed(mark: &Mark, said: Option<&Said>, status: Status, has_begun_sign: bool) -> Option<Edit> {
    let wanted = match status {
        Status::Done => "x",
        Status::InProgress if has_begun_sign => "~",
        _ => " ",
    };
    let is_so = match status {
        Status::Done => todo::meant(&mark.sign) == Said::Known(ImportedStatus::Done),
        Status::InProgress if has_begun_sign => mark.sign == "~",
        // An open box may say so in its own way.
        _ => {
            !matches!(todo::meant(&mark.sign), Said::Known(_))
                && !matches!(said, Some(Said::Known(_)))
                || mark.sign.is_empty()
        }
    };
    (!is_so).then(|| Edit {
        range: mark.range.clone(),
        text: wanted.to_owned(),
    })
}

/// The link to the summary, at the end of a line that links the task's file.
fn link(entry: &Entry, task: &TaskProgress, text: &Text<'_>) -> Option<Edit> {
    let line = &entry.line;
    let shown = &text.text[line.clone()];
    let ours = format!(" | [✅](./.summaries/{}-summary.md)", entry.id);
    let is_proven = task.status == Status::Done && task.commit.is_some();
    if is_proven && entry.names_file && !shown.contains(".summaries/") {
        return Some(Edit {
            range: line.end..line.end,
            text: ours,
        });
    }
    let at = shown.find(&ours).filter(|_| task.status != Status::Done)?;
    let start = line.start + at;
    Some(Edit {
        range: start..start + ours.len(),
        text: String::new(),
    })
}

/// A line below the task that says what went wrong, in a form that reading passes over.
fn note(entry: &Entry, task: &TaskProgress, text: &Text<'_>) -> Option<Edit> {
    let end = entry.line.end;
    let rest = &text.text[end..];
    let line_end = if rest.starts_with("\r\n") || text.text.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let next = rest.strip_prefix(line_end).unwrap_or_default();
    let next = next
        .split('\n')
        .next()
        .unwrap_or_default()
        .trim_end_matches('\r');
    let is_note = next.trim_start().starts_with(NOTE);
    let there = if is_note {
        line_end.len() + next.len()
    } else {
        0
    };
    let shown = &text.text[entry.line.clone()];
    let indent = &shown[..shown.len() - shown.trim_start().len()];
    let wanted = words(task)
        .map(|words| format!("{line_end}{indent}  {NOTE} {words}"))
        .unwrap_or_default();
    (rest[..there] != wanted).then(|| Edit {
        range: end..end + there,
        text: wanted,
    })
}

/// What went wrong, in one line.
fn words(task: &TaskProgress) -> Option<String> {
    const LONG: usize = 200;
    let status = match task.status {
        Status::Failed => "failed",
        Status::Partial => "done in part",
        Status::Blocked => "blocked",
        Status::TimedOut => "timed out",
        Status::Pending | Status::InProgress | Status::Done | Status::Skipped => return None,
    };
    let reason = task.reason.as_deref().unwrap_or_default();
    let reason = reason.replace(
        |c: char| c.is_control() || crate::plan::is_invisible(c),
        " ",
    );
    let reason: Vec<&str> = reason.split_whitespace().collect();
    let reason = reason.join(" ");
    let mut short: String = reason.chars().take(LONG).collect();
    if short.len() < reason.len() {
        short.push('…');
    }
    let attempts = match task.attempts {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let told = format!("{status} after {attempts}");
    Some(if short.is_empty() {
        told
    } else {
        format!("{told}: {short}")
    })
}
