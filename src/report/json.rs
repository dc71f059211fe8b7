//! The end report for programs: all that is known of a run, from the fold of its events alone.
//!
//! What `status --json` says has the same name here, but that `attempts` lists them.

use anyhow::Result;
use serde::Serialize;

use super::Context;
use super::markdown::{unproven, usage};
use super::next::next_steps;
use super::outcome::Files;
use super::status::{RunStatus, TaskStatus};
use crate::plan::TaskId;
use crate::run::evidence::{ClaimStatus, Outcome, Reason, Usage};
use crate::run::policy::Policy;
use crate::run::proof::{Criterion, Quality};
use crate::run::results::Tested;
use crate::run::state::{AttemptState, Counts, FinalVerdict, Landed, State};
use crate::run::whole::{Blame, Failure};

/// The report of a run, finished or not, which changed these files; `branches` are those of the tasks, in the plan's
/// order.
pub fn report(
    state: &State,
    context: &Context,
    files: &Files,
    branches: &[Option<String>],
) -> Result<String> {
    let ids = state.graph().tasks().iter().map(|task| &task.id);
    let tasks = branches.iter().enumerate().map(|(task, branch)| {
        let history = state.at(task).history.iter();
        let policy = &state.run.policy;
        let attempts = history.map(|attempt| Attempt::of(attempt, policy));
        let attempts: Vec<Attempt<'_>> = attempts.collect();
        TaskStatus::of(state, task, branch.as_deref(), attempts)
    });
    let report = Report {
        schema: 1,
        run: RunStatus::of(state, context),
        executor: state.run.policy.executor.name(),
        usage: usage(state),
        seconds: state.run.driven_ms as f64 / 1000.0,
        files,
        counts: state.counts(),
        tasks: tasks.collect(),
        unproven: unproven(state),
        verified: state.proven().map(Verified::of),
        landed: state.run.landed.as_ref(),
        attention: ids
            .enumerate()
            .filter(|(task, _)| state.standing(*task).wants_attention())
            .map(|(_, id)| id)
            .collect(),
        next_steps: next_steps(state, context)
            .iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect(),
    };
    Ok(serde_json::to_string(&report)?)
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    run: RunStatus<'a>,
    /// Who executes, by name.
    executor: &'a str,
    /// What all attempts used up, as far as their executors tell.
    usage: Usage,
    /// How long the run was driven.
    seconds: f64,
    /// What differs between where the run started and where its branch stands.
    files: &'a Files,
    counts: &'a Counts,
    tasks: Vec<TaskStatus<'a, Vec<Attempt<'a>>>>,
    /// Tasks that no command proves.
    unproven: Vec<String>,
    /// The newest final verification.
    verified: Option<Verified<'a>>,
    /// The newest landing; it brought all there is when its tip is the run's.
    landed: Option<&'a Landed>,
    /// Tasks that a person should look at; each says why in its `reason`.
    attention: Vec<&'a TaskId>,
    /// What can be done now, as a person reads it.
    next_steps: Vec<String>,
}

/// What proved the whole, without what only serves to know it again.
#[derive(Serialize)]
struct Verified<'a> {
    commit: &'a str,
    passed: bool,
    /// What failed.
    reasons: &'a [String],
    /// What failed where the run began as well.
    warnings: &'a [String],
    /// What the commands told of their tests.
    tests: &'a [Tested],
    /// The commands that failed.
    failures: &'a [Failure],
    /// Who broke it, once that was looked for.
    blame: Option<&'a Blame>,
}

impl<'a> Verified<'a> {
    fn of(whole: &'a FinalVerdict) -> Self {
        Self {
            commit: &whole.commit,
            passed: whole.passed,
            reasons: &whole.reasons,
            warnings: &whole.warnings,
            tests: &whole.tests,
            failures: &whole.failures,
            blame: whole.blame.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct Attempt<'a> {
    number: u32,
    executor: &'a str,
    base: &'a str,
    outcome: Option<Outcome>,
    /// The status that the executor claimed.
    claim: Option<ClaimStatus>,
    accepted: bool,
    /// Why it was refused.
    reasons: &'a [Reason],
    warnings: &'a [String],
    /// What the verify commands told of their tests.
    tests: &'a [Tested],
    /// The verify commands of which only the exit status is known.
    by_status: &'a [String],
    /// How the quality checks went.
    quality: &'a [Quality],
    /// What the plan demands in its own words, each with what shows it.
    criteria: &'a [Criterion],
    /// Why it did not count, or did not fit.
    aside: Option<&'a str>,
    /// What it committed.
    commit: Option<&'a str>,
    /// A commit with what it left uncommitted.
    salvage: Option<&'a str>,
    usage: &'a Usage,
    seconds: f64,
}

impl<'a> Attempt<'a> {
    fn of(attempt: &'a AttemptState, policy: &'a Policy) -> Self {
        let verdict = attempt.verdict.as_ref();
        Self {
            number: attempt.number,
            executor: attempt.made_by(policy),
            base: &attempt.base,
            outcome: attempt.outcome,
            claim: attempt.said().map(|claim| claim.status),
            accepted: verdict.is_some_and(|verdict| verdict.accepted.is_some()),
            reasons: verdict.map_or(&[], |verdict| &verdict.reasons),
            warnings: verdict.map_or(&[], |verdict| &verdict.warnings),
            tests: verdict.map_or(&[], |verdict| &verdict.tests),
            by_status: verdict.map_or(&[], |verdict| &verdict.by_status),
            quality: verdict.map_or(&[], |verdict| &verdict.quality),
            criteria: verdict.map_or(&[], |verdict| &verdict.criteria),
            aside: attempt.aside.as_deref(),
            commit: attempt.tip.as_deref(),
            salvage: attempt.salvage.as_deref(),
            usage: &attempt.usage,
            seconds: attempt.millis as f64 / 1000.0,
        }
    }
}
