//! The end report as Markdown: what became of the plan, in the words that its dialect's users know.

use std::fmt::Write as _;

use super::Context;
use super::clean::visible;
use super::next::next_steps;
use super::sentence::{short, took, used};
use crate::plan::{Check, Dialect};
use crate::run::evidence::Usage;
use crate::run::state::{Standing, State};

/// The report of a run, finished or not.
pub fn report(state: &State, context: &Context) -> String {
    let text = match state.graph().plan().dialect {
        Dialect::Jobs => jobs(state),
        _ => sendit(state),
    };
    let mut text = text + &tasks(state);
    let unproven = unproven(state);
    if !unproven.is_empty() {
        let _ = writeln!(
            text,
            "\n**Not proven by any command**: {}",
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

/// Seed 000's closing block.
fn jobs(state: &State) -> String {
    let counts = state.counts();
    let mut text = String::from("## Implementation Execution Complete\n\n");
    let _ = writeln!(
        text,
        "**Implementation dir:** {}\n\n**Results:**",
        state.run.plan_path
    );
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let result = match state.standing(index) {
            Standing::Done => "✓ complete",
            Standing::Skipped | Standing::LeftOut | Standing::Held => "⚠ skipped",
            Standing::Pending | Standing::Running => "… not finished",
            _ => "✗ failed",
        };
        let file = task
            .location
            .file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let _ = writeln!(
            text,
            "- Job {}: {} - {result}",
            task.id,
            file.unwrap_or_else(|| task.title.clone())
        );
    }
    let skipped = counts.skipped + counts.held;
    let failed = counts.failed + counts.timed_out + counts.blocked + counts.kickback;
    let _ = writeln!(
        text,
        "\n**Summary:**\n- Completed: {}\n- Skipped: {skipped}\n- Failed: {failed}\n\n**Status:** {}\n",
        counts.done,
        if counts.done == counts.total {
            "Implementation complete"
        } else {
            "Partially complete - some jobs skipped/failed"
        }
    );
    text
}

/// Seed 002's closing block.
fn sendit(state: &State) -> String {
    let counts = state.counts();
    let execution = match state.status(false) {
        "complete" => "complete",
        "failed" => "failed",
        _ => "partial",
    };
    let commits: Vec<&str> = (0..state.graph().len())
        .filter_map(|task| state.at(task).commit.as_deref().map(short))
        .collect();
    let results = match &state.run.verified {
        Some(verdict) if verdict.passed => "all-pass".to_owned(),
        Some(verdict) => format!(
            "{} failures: {}",
            verdict.reasons.len(),
            verdict.reasons.join("; ")
        ),
        None if state.run.policy.final_verify.is_empty() => "no final verification".to_owned(),
        None => "not verified yet".to_owned(),
    };
    format!(
        "**Execution**: {execution}\n**Tasks completed**: {}/{}\n**Commits**: {}\n**Test results**: {results}\n\n",
        counts.done,
        counts.total,
        commits.join(", ")
    )
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
            standing.name(),
            at.attempts,
            took(at.millis())
        );
        if let Some(reason) = state.reason(index) {
            let _ = writeln!(notes, "- {}: {reason}", task.id);
        }
        let warnings = at
            .last()
            .and_then(|last| last.verdict.as_ref())
            .map(|verdict| verdict.warnings.join("; "));
        if let Some(warnings) = warnings.filter(|warnings| !warnings.is_empty()) {
            let _ = writeln!(notes, "- {}: {warnings}", task.id);
        }
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    text
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
