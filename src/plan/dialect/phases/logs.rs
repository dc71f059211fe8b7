//! The logs of an execution: one of the plan, and the details of each phase that was tried.
//!
//! They are the format's own and written whole. A log of the same day that another run or a person wrote stays, and
//! ours takes another name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{lies_in, without_date};
use crate::plan::seal::{is_sealed, sealed};
use crate::plan::source;
use crate::plan::{Change, ImportedStatus, Plan, Progress, Status, Task, TaskId, TaskProgress};

/// The logs of a plan that lies where these plans do.
pub(super) fn logs(
    path: &Path,
    plan: &Plan,
    progress: &Progress,
    of: &HashMap<&TaskId, &TaskProgress>,
    all_done: bool,
) -> Vec<Change> {
    if !lies_in(path, "plans") {
        return Vec::new();
    }
    let date = progress.started_at.get(..10).unwrap_or("undated");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = without_date(&stem)
        .filter(|name| !name.is_empty())
        .unwrap_or(&stem);
    let beside = |file: String| -> PathBuf {
        let full = path
            .parent()
            .unwrap_or(Path::new("."))
            .join("..")
            .join("logs");
        // Without the way up, where the path has a way down.
        let top = path
            .parent()
            .filter(|parent| parent.ends_with("plans"))
            .and_then(Path::parent);
        top.map_or(full, |top| top.join("logs")).join(file)
    };
    let run = format!("**Run:** `{}`", progress.run);
    let names = [
        format!("{date}.plan-execution-log.md"),
        format!("{date}.{name}-plan-execution-log.md"),
        format!("{date}.{name}-{}-plan-execution-log.md", progress.run),
    ];
    let places = names.map(beside);
    let free = places.iter().find(|place| is_free_for(place, &run));
    let main = free.unwrap_or(&places[2]).clone();
    let mut changes = vec![Change::Write {
        path: main,
        text: sealed(&main_log(path, plan, progress, of, all_done, &run)),
    }];
    for task in &plan.tasks {
        if let Some(told) = of.get(&task.id).filter(|told| told.attempts > 0) {
            changes.push(Change::Write {
                path: beside(format!("{date}.{name}-phase-{}-details.md", task.id)),
                text: sealed(&details(task, told, &run)),
            });
        }
    }
    changes
}

/// Whether nothing is there, or a log of this run as we left it.
fn is_free_for(place: &Path, run: &str) -> bool {
    let is_own = |text: String| is_sealed(text.as_bytes()) && text.contains(run);
    match fs::symlink_metadata(place) {
        Ok(_) => source::read(place).is_ok_and(is_own),
        Err(_) => true,
    }
}

fn main_log(
    path: &Path,
    plan: &Plan,
    progress: &Progress,
    of: &HashMap<&TaskId, &TaskProgress>,
    all_done: bool,
    run: &str,
) -> String {
    let any_done = progress
        .tasks
        .iter()
        .any(|task| task.status == Status::Done);
    let result = match (progress.over, all_done, any_done) {
        (_, true, _) => "SUCCESS",
        (false, ..) => "IN PROGRESS",
        (true, false, true) => "PARTIAL SUCCESS",
        (true, false, false) => "FAILED",
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!(
        "# Plan Execution Log\n\n**Plan:** {}\n**Plan File:** `.ai/plans/{file}`\n{run}\n**Started:** {}\n\
         **Updated:** {}\n**Status:** {result}\n\n## Phases\n\n\
         | Phase | Name | Owner | Status | Duration |\n|-------|------|-------|--------|----------|\n",
        plan.title, progress.started_at, progress.at
    );
    let cell = |text: &str| text.replace('|', "\\|");
    for task in &plan.tasks {
        let told = of.get(&task.id);
        let status = told.map_or_else(|| imported(task), |told| word(told.status));
        let took = told
            .filter(|told| told.millis > 0)
            .map_or_else(|| "—".to_owned(), |told| duration(told.millis));
        let owner = task.agent.as_deref().unwrap_or("—");
        text.push_str(&format!(
            "| {} | {} | {} | {status} | {took} |\n",
            task.id,
            cell(&task.title),
            cell(owner)
        ));
    }
    let mut ended: Vec<(&str, &TaskProgress)> = progress
        .tasks
        .iter()
        .filter_map(|task| Some((task.ended_at.as_deref()?, task)))
        .collect();
    ended.sort_by(|a, b| a.0.cmp(b.0));
    if !ended.is_empty() {
        text.push_str("\n## Execution Progress\n");
    }
    for (at, told) in ended {
        text.push_str(&format!(
            "\n### {at} - Phase {} {}\n\n- Duration: {}\n",
            told.id,
            word(told.status),
            duration(told.millis)
        ));
        if let Some(commit) = &told.commit {
            text.push_str(&format!("- Commit: `{commit}`\n"));
        }
        for (name, said) in [("Key outcomes", &told.summary), ("Problem", &told.reason)] {
            if let Some(said) = said {
                text.push_str(&format!("- {name}: {}\n", one_line(said)));
            }
        }
    }
    text
}

fn details(task: &Task, told: &TaskProgress, run: &str) -> String {
    let mut text = format!(
        "# Phase {}: {}\n\n{run}\n**Status:** {}\n",
        task.id,
        task.title,
        word(told.status)
    );
    let facts = [
        ("Principal Owner", task.agent.clone()),
        ("Started", told.started_at.clone()),
        ("Ended", told.ended_at.clone()),
        ("Duration", Some(duration(told.millis))),
        ("Attempts", Some(told.attempts.to_string())),
        (
            "Commit",
            told.commit.as_ref().map(|commit| format!("`{commit}`")),
        ),
        ("Problem", told.reason.as_deref().map(one_line)),
        (
            "Last Successful Step",
            told.last_step.as_deref().map(one_line),
        ),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            text.push_str(&format!("**{name}:** {fact}\n"));
        }
    }
    if let Some(summary) = &told.summary {
        text.push_str(&format!("\n## Summary\n\n{}\n", summary.trim_end()));
    }
    for (name, files) in [
        ("Files Created", &told.created),
        ("Files Modified", &told.modified),
    ] {
        if !files.is_empty() {
            text.push_str(&format!("\n## {name}\n\n"));
            files
                .iter()
                .for_each(|file| text.push_str(&format!("- `{file}`\n")));
        }
    }
    text
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING",
        Status::InProgress => "IN PROGRESS",
        Status::Done => "COMPLETE",
        Status::Failed => "FAILED",
        Status::Partial => "PARTIAL",
        Status::Blocked => "BLOCKED",
        Status::Skipped => "SKIPPED",
        Status::TimedOut => "TIMEOUT",
    }
}

/// What is known of a phase that this run leaves alone.
fn imported(task: &Task) -> &'static str {
    match task.imported.as_ref().map(|imported| imported.status) {
        Some(ImportedStatus::Done) => "COMPLETE",
        Some(ImportedStatus::Skipped) => "SKIPPED",
        Some(ImportedStatus::InProgress) | None => "PENDING",
    }
}

/// `<1s`, `45s`, `12m`, `1h 5m`.
pub(super) fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) if seconds == 0 => "<1s".to_owned(),
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
