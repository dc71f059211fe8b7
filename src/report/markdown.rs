//! The end report as Markdown: what became of the plan, in the words that its dialect's users know.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Context;
use super::clean::{visible, visible_line};
use super::closing::closing;
use super::next::next_steps;
use super::outcome::{Files, section, told};
use super::sentence::{short, took, used};
use super::task::proven;
use crate::plan::Check;
use crate::run::evidence::Usage;
use crate::run::proof::{Criterion, Quality, Standing};
use crate::run::results::Tested;
use crate::run::state::State;

/// The report of a run, finished or not, which changed these files.
pub fn report(state: &State, context: &Context, files: &Files) -> String {
    let mut text = closing(state) + &tasks(state);
    section(&mut text, "Tests", &tests(state));
    let others = format!("Done by others than {}", state.run.policy.executor.name());
    section(&mut text, &others, &executors(state));
    section(&mut text, "Quality checks", &quality(state));
    section(&mut text, "Acceptance criteria", &acceptance(state));
    text.push_str(&told(state, files));
    let unproven = unproven(state);
    if !unproven.is_empty() {
        let _ = writeln!(
            text,
            "\n**Proof in words only, which nothing ran**: {}",
            unproven.join(", ")
        );
    }
    let usage = usage(state);
    if !usage.is_empty() {
        let _ = writeln!(text, "\n**Used**: {}", used(&usage));
    }
    for line in next_steps(state, context) {
        let _ = write!(text, "\n    {line}");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    visible(&text).into_owned()
}

fn tasks(state: &State) -> String {
    let mut text = String::from(
        "| # | Task | Status | Commit | Attempts | Took |\n|---|---|---|---|---|---|\n",
    );
    let mut notes = String::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let at = state.at(index);
        let commit = at.commit.as_deref().map_or("—", short);
        let title = task.title.replace('|', "\\|");
        let standing = state.standing(index);
        let _ = writeln!(
            text,
            "| {} | {title} | {} | {commit} | {} | {} |",
            task.id,
            standing.words(),
            at.attempts,
            took(at.millis())
        );
        if let Some(reason) = state.reason(index) {
            let _ = writeln!(notes, "- {}: {reason}", task.id);
        }
        let warnings = at.verdict().map(|verdict| verdict.warnings.join("; "));
        if let Some(warnings) = warnings.filter(|warnings| !warnings.is_empty()) {
            let _ = writeln!(notes, "- {}: {warnings}", task.id);
        }
    }
    for warning in state.proven().iter().flat_map(|whole| &whole.warnings) {
        let _ = writeln!(notes, "- in the end: {warning}");
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    text
}

/// What the verify commands of each task told of their tests, the last time they were run.
fn tests(state: &State) -> Vec<String> {
    let by_status = |command: &String| format!("by exit status only (`{}`)", visible_line(command));
    let with_counts = |tested: &Tested| format!("{tested} (`{}`)", visible_line(&tested.command));
    let mut lines = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let mut tell = |told: String| lines.push(format!("{}: {told}", task.id));
        if let Some(verdict) = state.at(index).verdict() {
            verdict.tests.iter().map(with_counts).for_each(&mut tell);
            verdict.by_status.iter().map(by_status).for_each(tell);
        }
    }
    let whole = state.proven();
    let whole = whole.iter().flat_map(|whole| &whole.tests).map(with_counts);
    let of_whole = whole.chain(self::by_status(state).map(by_status));
    lines.extend(of_whole.map(|told| format!("in the end: {told}")));
    lines
}

/// Who did what, where that was not the run's own executor.
fn executors(state: &State) -> Vec<String> {
    let own = state.run.policy.executor.name();
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let last = state.at(index).last();
        let executor = last.and_then(|last| last.executor.as_deref());
        if let Some(name) = executor.filter(|name| *name != own) {
            by_name.entry(name).or_default().push(task.id.as_str());
        }
    }
    let told = |(name, ids): (&str, Vec<&str>)| format!("{name}: {}", ids.join(", "));
    by_name.into_iter().map(told).collect()
}

/// How the quality checks of each task went, the last time they were run.
fn quality(state: &State) -> Vec<String> {
    let told = |check: &Quality| match (check.ended.as_str(), check.holds) {
        ("exit 0", _) => format!("{} passed", check.name),
        (ended, true) => format!("{} fails as before ({ended})", check.name),
        (ended, false) => format!("{} failed ({ended})", check.name),
    };
    let mut lines = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let checks = state.at(index).verdict().map(|verdict| &verdict.quality);
        let told: Vec<String> = checks.into_iter().flatten().map(told).collect();
        if !told.is_empty() {
            lines.push(format!("{}: {}", task.id, told.join(", ")));
        }
    }
    lines
}

/// The commands that prove the whole of which only the exit status is known. Where one failed, others were not run.
fn by_status(state: &State) -> impl Iterator<Item = &String> {
    let commands = state.run.policy.final_verify.iter();
    let whole = state.proven().filter(|whole| whole.passed);
    let tests = whole.map(|whole| &whole.tests);
    commands.filter(move |command| {
        tests.is_some_and(|tests| tests.iter().all(|tested| tested.command != **command))
    })
}

/// What the plan demands of each task in its own words, with what showed it the last time that it was looked at.
fn acceptance(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        for criterion in criteria(state, index) {
            let mark = match criterion.standing {
                Standing::Met => 'x',
                Standing::Unmet | Standing::NotVerified => ' ',
            };
            let told = visible_line(&proven(&criterion));
            lines.push(format!("[{mark}] {}: {told}", task.id));
        }
    }
    lines
}

/// What is known of each criterion of a task; before it was looked at, that is nothing.
pub(super) fn criteria(state: &State, index: usize) -> Vec<Criterion> {
    let verdict = state.at(index).verdict();
    match verdict.filter(|verdict| !verdict.criteria.is_empty()) {
        Some(verdict) => verdict.criteria.clone(),
        None => {
            let texts = state.graph().tasks()[index].acceptance.iter();
            texts
                .map(|text| Criterion {
                    text: text.clone(),
                    ..Criterion::default()
                })
                .collect()
        }
    }
}

/// What all attempts used up, as far as their executors tell.
pub(super) fn usage(state: &State) -> Usage {
    let mut sum = Usage::default();
    for task in 0..state.graph().len() {
        for attempt in &state.at(task).history {
            sum.add(&attempt.usage);
        }
    }
    sum
}

/// The tasks whose verification is words only.
pub(super) fn unproven(state: &State) -> Vec<String> {
    let has_words_only = |checks: &[Check]| {
        !checks.is_empty() && checks.iter().all(|check| matches!(check, Check::Prose(_)))
    };
    let tasks = state.graph().tasks().iter();
    tasks
        .filter(|task| has_words_only(&task.verify))
        .map(|task| task.id.to_string())
        .collect()
}
