//! What a session's tool writes besides marks: a summary of each task, and at the end the session's own status, its
//! place among the archives, and a line about it there.
//!
//! A summary that somebody else wrote or changed is not replaced, and JSON that cannot be read is left as it is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{SESSION, ids, session};
use crate::plan::json::Node;
use crate::plan::seal::sealed;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Change, Edit, ImportedStatus, Progress, Status, TaskProgress, is_named};

/// What is to be written besides the marks.
pub(super) fn changes(sources: &[Source], progress: &Progress) -> Vec<Change> {
    let Some(directory) = sources
        .first()
        .and_then(|source| super::directory(&source.path))
    else {
        return Vec::new();
    };
    let mut changes = summaries(directory, progress);
    let is_complete = progress.over && is_complete(sources, progress);
    changes.extend(own_status(sources, directory, is_complete));
    if is_complete {
        changes.extend(archived(sources, directory, progress));
    }
    changes
}

/// A summary of each task that the run has proven.
fn summaries(directory: &Path, progress: &Progress) -> Vec<Change> {
    let proven = progress
        .tasks
        .iter()
        .filter(|task| task.status == Status::Done);
    let mut changes = Vec::new();
    for task in proven {
        let Some(commit) = &task.commit else { continue };
        let path = directory
            .join(".summaries")
            .join(format!("{}-summary.md", task.id));
        if is_plain(task.id.as_str()) {
            changes.push(Change::Write {
                path,
                text: sealed(&summary(task, commit)),
            });
        }
    }
    changes
}

/// Whether an id is a file's name and nothing more.
fn is_plain(id: &str) -> bool {
    !id.contains(['/', '\\']) && !id.starts_with('.')
}

fn summary(task: &TaskProgress, commit: &str) -> String {
    let mut text = format!(
        "# Task: {} {}\n\n## Implementation Summary\n\n",
        task.id, task.title
    );
    let told = task.summary.as_deref().unwrap_or_default().trim();
    if !told.is_empty() {
        let _ = write!(text, "{told}\n\n");
    }
    let lists = [
        ("Files Modified", &task.modified),
        ("Content Added", &task.created),
    ];
    for (heading, paths) in lists {
        let _ = write!(text, "### {heading}\n\n");
        for path in paths {
            let _ = writeln!(text, "- `{path}`");
        }
        text.push_str(if paths.is_empty() { "None.\n\n" } else { "\n" });
    }
    let _ = write!(
        text,
        "## Outputs for Dependent Tasks\n\nCommit `{commit}`.\n\n## Status: ✅ Complete\n"
    );
    text
}

/// Whether all of the session is done, by this run or before it.
fn is_complete(sources: &[Source], progress: &Progress) -> bool {
    let named: std::collections::HashMap<String, Status> = progress
        .tasks
        .iter()
        .map(|task| (ids::key(task.id.as_str()), task.status))
        .collect();
    let plan = session::read(sources).plan;
    let is_done = |task: &crate::plan::Task| match named.get(&ids::key(task.id.as_str())) {
        Some(status) => *status == Status::Done,
        None => task
            .imported
            .as_ref()
            .is_some_and(|before| before.status != ImportedStatus::InProgress),
    };
    !plan.tasks.is_empty() && plan.tasks.iter().all(is_done)
}

/// The status of the session in its own file, which is made where it is missing.
fn own_status(sources: &[Source], directory: &Path, is_complete: bool) -> Option<Change> {
    let status = if is_complete { "completed" } else { "active" };
    let Some(source) = sources
        .iter()
        .find(|source| is_named(&source.path, SESSION))
    else {
        let text = json!({ "session_id": name(directory), "status": status });
        return Some(Change::Write {
            path: directory.join(SESSION),
            text: format!("{text}\n"),
        });
    };
    let text = source.text();
    let top = Node::parse(&text).ok()?;
    // What is no session, or has a status of its own making, stays as it is.
    let there = top.member("status");
    if !top.is_object() || there.is_some_and(|node| node.string().is_none()) {
        return None;
    }
    // What else a session is in the middle of is its own business.
    if !is_complete || there.and_then(|node| node.string()).as_deref() == Some(status) {
        return None;
    }
    let edit = match there {
        Some(node) => Edit {
            range: node.range(),
            text: format!("\"{status}\""),
        },
        None => {
            let at = top.start + 1;
            let comma = if top.members().is_empty() { "" } else { "," };
            Edit {
                range: at..at,
                text: format!("\"status\": \"{status}\"{comma}"),
            }
        }
    };
    Some(Change::Edit {
        path: source.path.clone(),
        edits: vec![edit],
    })
}

fn name(directory: &Path) -> String {
    source::feature(&directory.join(SESSION))
}

/// The session among the archives: itself, a line in their list, and a feature of the project where one is kept.
fn archived(sources: &[Source], directory: &Path, progress: &Progress) -> Vec<Change> {
    let Some(home) = home(directory) else {
        return Vec::new();
    };
    let id = name(directory);
    let archives = home.join("archives");
    let target = archives.join(&id);
    if target.exists() {
        return vec![Change::Untold {
            path: target,
            why: "is there already, so the session stays where it is: name one of both otherwise"
                .to_owned(),
        }];
    }
    let plan = session::read(sources).plan;
    let mut commits = progress
        .tasks
        .iter()
        .filter_map(|task| task.commit.as_deref());
    let commit = commits.next_back();
    let entry = json!({
        "session_id": id, "description": plan.title, "archived_at": progress.at,
        "archive_path": format!(".workflow/archives/{id}"), "run": progress.run,
        "tasks_completed": plan.tasks.len(), "commit_hash": commit,
    });
    let mut changes = Vec::new();
    let manifest = archives.join("manifest.json");
    match fs::read_to_string(&manifest) {
        // One that is there and no text is not replaced.
        Err(_) => changes.push(Change::Write {
            path: manifest,
            text: listed(&entry),
        }),
        Ok(text) => changes.extend(appended(&manifest, &text, &[], &entry)),
    }
    let project = home.join("project.json");
    if let Ok(text) = fs::read_to_string(&project) {
        let feature = json!({
            "id": id, "title": plan.title, "status": "completed", "completed_at": progress.at,
            "traceability": { "session_id": id, "archive_path": format!(".workflow/archives/{id}"), "commit_hash": commit },
        });
        changes.extend(appended(&project, &text, &["features"], &feature));
    }
    changes.push(Change::Move {
        from: directory.to_path_buf(),
        to: target,
    });
    changes
}

/// The `.workflow` that a live session lies in; an archived one lies in none.
fn home(directory: &Path) -> Option<PathBuf> {
    let full = std::path::absolute(directory).ok()?;
    let above = full.parent()?;
    match above.file_name()?.to_str()? {
        "active" => Some(directory.join("../.."))
            .filter(|_| above.parent().is_some_and(|top| top.ends_with(".workflow"))),
        ".workflow" => Some(directory.join("..")),
        _ => None,
    }
}

/// Where a session's directory, or a file in it, is once the session was archived.
pub(super) fn archived_at(place: &Path) -> Option<PathBuf> {
    place.ancestors().take(3).find_map(|directory| {
        let above = directory.parent()?;
        let home = match above.file_name()?.to_str()? {
            "active" => above.parent().filter(|home| home.ends_with(".workflow"))?,
            ".workflow" => above,
            _ => return None,
        };
        let archive = home.join("archives").join(directory.file_name()?);
        let rest = place.strip_prefix(directory).ok()?;
        let target: PathBuf = archive.components().chain(rest.components()).collect();
        target.exists().then_some(target)
    })
}

fn listed(entry: &Value) -> String {
    let text = serde_json::to_string_pretty(&json!([entry])).unwrap_or_default();
    format!("{text}\n")
}

/// That a list that cannot be read is left as it is.
fn unlisted(path: &Path, why: &str) -> Change {
    Change::Untold {
        path: path.to_path_buf(),
        why: format!("{why}, so it is left as it is, and the session is not in it"),
    }
}

/// One more element at the end of an array, below the members of that name; the rest of the file stays.
fn appended(path: &Path, text: &str, below: &[&str], entry: &Value) -> Option<Change> {
    let shown = Text::new(path, text);
    let array = match Node::parse(&shown) {
        Ok(top) => below.iter().try_fold(top, |node, name| node.member(name))?,
        Err(_) => return Some(unlisted(path, "is not JSON")),
    };
    if !array.is_array() {
        return Some(unlisted(path, "holds no list"));
    }
    let elements = array.elements();
    let same = entry
        .get("session_id")
        .or_else(|| entry.get("id"))?
        .as_str()?
        .to_owned();
    let is_there = |node: &Node<'_>| {
        ["session_id", "id"]
            .iter()
            .any(|name| node.member(name).and_then(|id| id.string()).as_ref() == Some(&same))
    };
    if elements.iter().any(is_there) {
        return None;
    }
    let (at, lead) = match elements.last() {
        Some(last) => {
            let first = elements[0].start;
            let gap = &text[array.start + 1..first];
            (last.range().end, format!(",{gap}"))
        }
        None => (array.start + 1, String::new()),
    };
    Some(Change::Amend {
        path: path.to_path_buf(),
        text: text.to_owned(),
        edits: vec![Edit {
            range: at..at,
            text: format!("{lead}{entry}"),
        }],
    })
}
