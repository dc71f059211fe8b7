//! How a report begins: with the closing words that the users of each kind of plan know.
//!
//! The figures are the same for all of them; only the words and what is put together differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::outcome::time;
use super::sentence::{short, took};
use crate::plan::Dialect;
use crate::run::state::{Drive, Standing, State};

/// The closing words for a run of such a plan.
pub(super) fn closing(state: &State) -> String {
    match state.graph().plan().dialect {
        Dialect::Jobs => jobs(state),
        Dialect::Ccw => session(state),
        Dialect::Layered => specs(state),
        Dialect::Phases => phases(state),
        _ => execution(state),
    }
}

/// Whether the execution is at its end, which says nothing of how it ended.
fn end(state: &State) -> &'static str {
    let mut standings = (0..state.graph().len()).map(|index| state.standing(index));
    match standings.any(|standing| matches!(standing, Standing::Pending | Standing::Running)) {
        true => "Not Complete Yet",
        false => "Complete",
    }
}

/// Of job files.
fn jobs(state: &State) -> String {
    let counts = state.counts();
    let mut text = format!(
        "## Implementation Execution {}\n\n**Implementation dir:** {}\n\n**Results:**\n",
        end(state),
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
        if state.status(false) == "complete" {
            "Implementation complete"
        } else {
            "Partially complete - some jobs skipped/failed"
        }
    );
    text
}

/// Of plans whose tasks are commits.
fn execution(state: &State) -> String {
    let counts = state.counts();
    let execution = match state.status(false) {
        "complete" => "complete",
        "failed" => "failed",
        _ => "partial",
    };
    let commits: Vec<&str> = (0..state.graph().len())
        .filter_map(|task| state.at(task).commit.as_deref().map(short))
        .collect();
    let results = match state.proven() {
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

/// Of sessions.
fn session(state: &State) -> String {
    let counts = state.counts();
    let mut text = format!(
        "## Workflow Execution {}\n\n**Session**: {}\n**Tasks**: {} of {} completed\n\n",
        match state.status(false) {
            "complete" => "Complete",
            _ => "Incomplete",
        },
        state.graph().plan().title,
        counts.done,
        counts.total
    );
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let mark = match state.standing(index) {
            Standing::Done => 'x',
            _ => ' ',
        };
        let _ = writeln!(text, "- [{mark}] **{}**: {}", task.id, task.title);
    }
    text.push('\n');
    text
}

/// How far one spec is.
#[derive(Default)]
struct Spec {
    total: usize,
    done: usize,
    begun: bool,
}

impl Spec {
    /// Its status, in which what is only done in part is never complete; the words and when they hold are those of
    /// `execution.json`.
    fn status(&self, is_over: bool) -> &'static str {
        match (is_over, self.begun) {
            (true, true) if self.done == self.total => "completed",
            (true, true) => "partial",
            (false, true) => "in_progress",
            (_, false) => "pending",
        }
    }
}

/// Of specs whose tasks are in layers.
fn specs(state: &State) -> String {
    let plan = state.graph().plan();
    let mut specs: BTreeMap<&str, Spec> = BTreeMap::new();
    for (index, task) in state.authored().tasks().iter().enumerate() {
        let named = task.id.as_str().split_once(':').map(|(spec, _)| spec);
        let spec = specs.entry(named.unwrap_or(&plan.title)).or_default();
        spec.total += 1;
        let is_done = state.standing(index) == Standing::Done;
        spec.done += usize::from(is_done);
        spec.begun |= is_done || state.at(index).attempts > 0;
    }
    let mut text = String::from(
        "## Implementation Summary\n\n| Spec | Status | Completed | Total |\n|---|---|---|---|\n",
    );
    let is_over = state.run.drive == Drive::Finished;
    let mut overall: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, spec) in &specs {
        let status = spec.status(is_over);
        *overall.entry(status).or_default() += 1;
        let name = name.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {name} | {status} | {} | {} |",
            spec.done, spec.total
        );
    }
    let overall = overall
        .iter()
        .map(|(status, count)| format!("{count} {status}"));
    let overall: Vec<String> = overall.collect();
    let _ = writeln!(text, "\n**Overall**: {}\n", overall.join(", "));
    text
}

/// Of plans in phases.
fn phases(state: &State) -> String {
    let mut text = format!(
        "## Plan Execution {}\n\n**Plan:** {}\n**Execution Time:** {}\n**Status:** {}\n\n### Phase Summary\n\n\
         | Phase | Name | Owner | Status | Duration |\n|-------|------|-------|--------|----------|\n",
        end(state),
        state.graph().plan().title,
        time(state),
        match state.status(false) {
            "complete" => "SUCCESS",
            "failed" => "FAILED",
            _ => "PARTIAL SUCCESS",
        }
    );
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let status = match state.standing(index) {
            Standing::Done => "Complete",
            Standing::Pending | Standing::Running | Standing::Stale => "Pending",
            Standing::TimedOut => "TIMEOUT",
            Standing::InReview => "Waits for review",
            Standing::Blocked | Standing::Kickback | Standing::Held => "BLOCKED",
            Standing::Failed => "FAILED",
            Standing::Partial => "PARTIAL",
            Standing::Skipped | Standing::LeftOut => "Skipped",
            Standing::Reverted => "Reverted",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {status} | {} |",
            task.id,
            task.title.replace('|', "\\|"),
            task.agent.as_deref().unwrap_or("—").replace('|', "\\|"),
            took(state.at(index).millis())
        );
    }
    text.push('\n');
    text
}
