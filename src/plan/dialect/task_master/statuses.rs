//! The statuses of `tasks.json`: what they mean, and what becomes of them when they say how far a run is.

use std::collections::HashMap;

use super::entries::{Entry, Told};
use super::tags::{self, Tag};
use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Edit, Fault, ImportedStatus, Progress, Status, TaskId};

/// What a status means for the run; none when it is not known.
pub(super) fn meaning(status: &str) -> Option<Option<ImportedStatus>> {
    let status = status.trim().to_lowercase().replace(['_', ' '], "-");
    Some(match status.as_str() {
        "done" | "completed" | "complete" => Some(ImportedStatus::Done),
        "in-progress" | "review" => Some(ImportedStatus::InProgress),
        "deferred" | "cancelled" | "canceled" => Some(ImportedStatus::Skipped),
        "pending" | "blocked" => None,
        _ => return None,
    })
}

/// What was so before the run. A task that is left out leaves out its subtasks, but for those that are done;
/// one that is done speaks for the subtasks that say nothing.
pub(super) fn imported(own: Option<&str>, parent: Option<&Entry>) -> Option<ImportedStatus> {
    let said = |status: Option<&str>| status.and_then(meaning).flatten();
    let of_parent = parent.and_then(|parent| said(parent.status.as_deref()));
    match (said(own), of_parent) {
        (Some(ImportedStatus::Done), _) => Some(ImportedStatus::Done),
        (_, Some(ImportedStatus::Skipped)) => Some(ImportedStatus::Skipped),
        (None, Some(ImportedStatus::Done)) if own.is_none() => Some(ImportedStatus::Done),
        (own, _) => own,
    }
}

/// A task that is done although subtasks of it say that they are not.
pub(super) fn contradiction(entry: &Entry, text: &Text<'_>) -> Option<Fault> {
    let is_done = |status: &str| meaning(status) == Some(Some(ImportedStatus::Done));
    let is_open = |entry: &&Entry| {
        let status = entry.status.as_deref();
        status.is_some_and(|status| {
            !matches!(
                meaning(status),
                Some(Some(ImportedStatus::Done | ImportedStatus::Skipped))
            )
        })
    };
    let open: Vec<String> = entry
        .subtasks
        .iter()
        .filter(is_open)
        .map(|open| format!("`{}`", open.id))
        .collect();
    if open.is_empty() || !entry.status.as_deref().is_some_and(is_done) {
        return None;
    }
    let message = format!(
        "task `{}` is done, but {} of its subtasks {}: {}",
        entry.id,
        open.len(),
        if open.len() == 1 { "is not" } else { "are not" },
        open.join(", ")
    );
    let range = entry.status_range.clone().unwrap_or(entry.id_range.clone());
    Some(
        text.warning(range, message)
            .help("the subtasks count: they are run; mark them done if they are"),
    )
}

/// What to replace so that a file says how far a run is: each status in place, and one put in after the id where
/// there is none.
pub(super) fn edits(text: &Text<'_>, state: &[Source], progress: &Progress) -> Vec<Edit> {
    let statuses = progress.marks();
    let meant = meant(text, state, progress);
    let mut edits: Vec<Edit> = meant
        .iter()
        .flat_map(|entry| entry_edits(entry, &statuses, text))
        .collect();
    edits.sort_by_key(|edit| edit.range.start);
    edits
}

/// The titles of the tasks that [`edits`] would mark.
pub(super) fn titles(
    text: &Text<'_>,
    state: &[Source],
    progress: &Progress,
) -> HashMap<TaskId, String> {
    let meant = meant(text, state, progress);
    let all = meant
        .iter()
        .flat_map(|entry| std::iter::once(entry).chain(&entry.subtasks));
    all.map(|entry| (entry.id.as_str().into(), entry.title.clone()))
        .collect()
}

/// What the tag holds that a run is of: the current one may be another one than when it began.
fn meant(text: &Text<'_>, state: &[Source], progress: &Progress) -> Vec<Entry> {
    let Ok(root) = Node::parse(text) else {
        return Vec::new();
    };
    let tags = tags::tags(root);
    let titles: HashMap<&str, &str> = progress
        .tasks
        .iter()
        .map(|task| (task.id.as_str(), task.title.as_str()))
        .collect();
    let mut read: Vec<Vec<Entry>> = tags.iter().map(|tag| entries(tag, text)).collect();
    let chosen = tags::choose(&tags, state, text).map(|(tag, _)| tag.name.clone());
    let is_chosen = |at: usize| chosen.as_ref().is_ok_and(|name| *name == tags[at].name);
    let meant = (0..tags.len()).max_by_key(|at| (shared(&read[*at], &titles), is_chosen(*at)));
    meant.map(|at| read.swap_remove(at)).unwrap_or_default()
}

fn entries(tag: &Tag<'_>, text: &Text<'_>) -> Vec<Entry> {
    let mut told = Told::new();
    let nodes = tag.entries.iter();
    nodes
        .filter_map(|node| Entry::read(*node, None, text, &mut told))
        .collect()
}

/// How many of a run's tasks these entries hold.
fn shared(entries: &[Entry], titles: &HashMap<&str, &str>) -> usize {
    let all = entries
        .iter()
        .flat_map(|entry| std::iter::once(entry).chain(&entry.subtasks));
    all.filter(|entry| titles.get(entry.id.as_str()) == Some(&entry.title.as_str()))
        .count()
}

fn entry_edits(entry: &Entry, statuses: &HashMap<&str, Status>, text: &Text<'_>) -> Vec<Edit> {
    let set = |entry: &Entry, wanted: Status| match &entry.status {
        Some(said) if says(said, wanted) => None,
        _ => Some(replaced(entry, word(wanted), text)),
    };
    let own = statuses.get(entry.id.as_str());
    let own = own.filter(|_| entry.subtasks.is_empty()).copied();
    let whole = of_parts(entry, statuses).filter(|_| entry.status.is_some());
    let mut edits: Vec<Edit> = own
        .or(whole)
        .and_then(|status| set(entry, status))
        .into_iter()
        .collect();
    // What the task said for its subtasks they say themselves once it says something else.
    let inherited = |subtask: &Entry| {
        let status =
            imported(subtask.status.as_deref(), Some(entry)).filter(|_| !edits.is_empty())?;
        (status != ImportedStatus::InProgress).then(|| as_status(Some(status)))
    };
    let subtasks = entry.subtasks.iter();
    let of_subtasks: Vec<Edit> = subtasks
        .filter_map(|subtask| {
            let named = statuses.get(subtask.id.as_str()).copied();
            set(subtask, named.or_else(|| inherited(subtask))?)
        })
        .collect();
    edits.extend(of_subtasks);
    edits
}

fn as_status(before: Option<ImportedStatus>) -> Status {
    match before {
        Some(ImportedStatus::Done) => Status::Done,
        Some(ImportedStatus::InProgress) => Status::InProgress,
        Some(ImportedStatus::Skipped) => Status::Skipped,
        None => Status::Pending,
    }
}

/// Where a task stands whose subtasks stand so; none when the run has nothing to say of them, or nothing of the whole:
/// what is done but for what was left out may be done or not.
fn of_parts(entry: &Entry, statuses: &HashMap<&str, Status>) -> Option<Status> {
    let of = |subtask: &Entry| statuses.get(subtask.id.as_str()).copied();
    if !entry.subtasks.iter().any(|subtask| of(subtask).is_some()) {
        return None;
    }
    let before = |subtask: &Entry| as_status(imported(subtask.status.as_deref(), Some(entry)));
    let subtasks = entry.subtasks.iter();
    let parts: Vec<Status> = subtasks
        .map(|subtask| of(subtask).unwrap_or_else(|| before(subtask)))
        .collect();
    let all = |status: Status| parts.iter().all(|part| *part == status);
    let settled = |part: &Status| matches!(part, Status::Done | Status::Skipped);
    match () {
        () if all(Status::Pending) => Some(Status::Pending),
        () if all(Status::Skipped) => Some(Status::Skipped),
        () if all(Status::Done) => Some(Status::Done),
        () if parts.iter().all(settled) => None,
        () => Some(Status::InProgress),
    }
}

/// Whether a status says this already, in whatever word. What is pending has one word, so that a file without its
/// progress is always the same file.
fn says(status: &str, wanted: Status) -> bool {
    let said = meaning(status).flatten();
    match wanted {
        Status::Done => said == Some(ImportedStatus::Done),
        Status::InProgress => said == Some(ImportedStatus::InProgress),
        Status::Skipped => said == Some(ImportedStatus::Skipped),
        _ => status == word(wanted),
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::InProgress => "in-progress",
        Status::Done => "done",
        Status::Partial => "review",
        Status::Failed | Status::TimedOut | Status::Blocked => "blocked",
        Status::Skipped => "deferred",
    }
}

/// The status in place of what stands there, or put in after the id with the white space that the object has.
fn replaced(entry: &Entry, word: &str, text: &Text<'_>) -> Edit {
    if let Some(range) = &entry.status_range {
        return Edit {
            range: range.clone(),
            text: format!("\"{word}\""),
        };
    }
    let inside = &text.text[entry.start + 1..entry.id_range.start];
    let space = &inside[..inside.len() - inside.trim_start().len()];
    let colon = inside.rfind('"').map_or(":", |quote| &inside[quote + 1..]);
    let end = entry.id_range.end;
    Edit {
        range: end..end,
        text: format!(",{space}\"status\"{colon}\"{word}\""),
    }
}
