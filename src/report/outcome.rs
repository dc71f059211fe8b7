//! What a run made, for its end report: files, what executors say of it, what went wrong on the way and was mended.
//!
//! Tells the same of every plan. Which files changed is for the caller to find out; here they are named.

use std::fmt::Write as _;

use serde::Serialize;

use super::clean::visible_line;
use super::sentence::took;
use crate::run::names::listed;
use crate::run::state::{Standing, State};

/// How many files of a kind are named.
const FILES: usize = 20;
/// How many tasks are told of under one heading.
const TASKS: usize = 50;
/// How many characters are told of each.
const WIDTH: usize = 200;

/// Which files differ between where a run started and where its branch stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// New ones.
    pub created: Vec<String>,
    /// Those that were there.
    pub modified: Vec<String>,
    /// Those that are gone.
    pub deleted: Vec<String>,
}

/// All of it, as Markdown behind the table of tasks.
pub(super) fn told(state: &State, files: &Files) -> String {
    let mut text = String::new();
    for (kind, paths) in [
        ("created", &files.created),
        ("modified", &files.modified),
        ("deleted", &files.deleted),
    ] {
        if !paths.is_empty() {
            let paths = paths.iter().map(|path| format!("`{}`", visible_line(path)));
            let paths: Vec<String> = paths.collect();
            let _ = writeln!(text, "\n**Files {kind}**: {}", listed(&paths, FILES));
        }
    }
    section(&mut text, "Highlights", &some(highlights(state)));
    section(&mut text, "Mended on the way", &some(mended(state)));
    let _ = writeln!(text, "\n**Time**: {}", time(state));
    text
}

/// How long the run was driven; its journal counts in seconds.
pub(super) fn time(state: &State) -> String {
    match state.run.driven_ms {
        0 => "<1s".to_owned(),
        millis => took(millis),
    }
}

/// What stands under one heading, if there is anything.
pub(super) fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n**{title}**:\n");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}

/// The first lines, and how many more there are.
fn some(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(TASKS);
    if more > 0 {
        lines.truncate(TASKS);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What the executors of tasks that are done say of them.
fn highlights(state: &State) -> Vec<String> {
    let done = done(state);
    let said = done.filter_map(|index| {
        let claim = state.at(index).last()?.said()?;
        let notes = claim.notes.lines().find(|line| !line.trim().is_empty())?;
        Some(format!(
            "{}: {}",
            state.graph().tasks()[index].id,
            shown(notes)
        ))
    });
    said.collect()
}

/// Why attempts of tasks came to nothing that are done now.
fn mended(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for index in done(state) {
        let history = &state.at(index).history;
        let Some((last, earlier)) = history.split_last() else {
            continue;
        };
        for attempt in earlier {
            let reasons = attempt.verdict.iter().flat_map(|verdict| &verdict.reasons);
            let reasons: Vec<&str> = reasons
                .map(|reason| reason.text.as_str())
                .chain(attempt.aside.as_deref())
                .collect();
            if !reasons.is_empty() {
                lines.push(format!(
                    "{}: attempt {}: {}; done with attempt {}",
                    state.graph().tasks()[index].id,
                    attempt.number,
                    shown(&reasons.join("; ")),
                    last.number
                ));
            }
        }
    }
    lines
}

fn done(state: &State) -> impl Iterator<Item = usize> + '_ {
    (0..state.graph().len()).filter(|&index| state.standing(index) == Standing::Done)
}

fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
