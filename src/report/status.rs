//! Where a run stands: for people, for scripts (`--porcelain`), for programs (`--json`).

use std::fmt::Write as _;
use std::iter::repeat;

use anyhow::Result;
use serde::Serialize;

use super::Context;
use super::clean::visible;
use super::next::{next_step, next_steps};
use super::sentence::{short, took};
use crate::plan::TaskId;
use crate::run::event::Recorded;
use crate::run::policy::{Isolation, Policy};
use crate::run::sandbox::Level;
use crate::run::state::{Counts, Drive, Headline, Standing, State};

/// The contract's `status --json`; `branches` are those of the tasks, in the plan's order, where there are any.
pub fn json(state: &State, context: &Context, branches: &[Option<String>]) -> Result<String> {
    let branches = branches.iter().map(Option::as_deref).chain(repeat(None));
    let tasks = (0..state.graph().len()).zip(branches);
    let status = Status {
        schema: 1,
        run: RunStatus::of(state, context),
        counts: state.counts(),
        tasks: tasks
            .map(|(task, branch)| TaskStatus::of(state, task, branch, state.at(task).attempts))
            .collect(),
    };
    Ok(serde_json::to_string(&status)?)
}

/// What `status --json` prints.
#[derive(Serialize)]
struct Status<'a> {
    schema: u32,
    run: RunStatus<'a>,
    counts: &'a Counts,
    tasks: Vec<TaskStatus<'a, u32>>,
}

/// What is said of a run as a whole.
#[derive(Serialize)]
pub(super) struct RunStatus<'a> {
    id: &'a str,
    plan: &'a str,
    dialect: &'a str,
    status: &'a str,
    /// Why it does not go on, where that is not for its tasks to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    base: &'a str,
    tip: &'a str,
    branch: &'a str,
    checkpoint: &'a str,
    checkpoints: u64,
    started_at: &'a str,
    ended_at: Option<&'a str>,
    /// What executors have of the repository, where it is not a worktree.
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<&'static str>,
    /// What they are confined by, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'static str>,
}

impl<'a> RunStatus<'a> {
    pub(super) fn of(state: &'a State, context: &'a Context) -> Self {
        let run = &state.run;
        Self {
            id: &run.id,
            plan: &run.plan_path,
            dialect: state.graph().plan().dialect.name(),
            status: state.status(context.driven),
            reason: state.why_it_waits(context.driven),
            base: &run.base,
            tip: &run.tip,
            branch: &context.branch,
            checkpoint: &context.checkpoint,
            checkpoints: run.seq,
            started_at: &run.started_at,
            ended_at: (run.drive == Drive::Finished).then_some(run.updated_at.as_str()),
            isolation: Some(run.policy.isolation)
                .filter(|isolation| *isolation != Isolation::Worktree)
                .map(Isolation::name),
            sandbox: Some(run.policy.sandbox.level)
                .filter(|level| *level != Level::None)
                .map(Level::name),
        }
    }
}

/// What is said of a task; of its attempts how many there were, or all there is.
#[derive(Serialize)]
pub(super) struct TaskStatus<'a, A> {
    id: &'a TaskId,
    title: &'a str,
    status: &'a str,
    needs: &'a [TaskId],
    after: &'a [TaskId],
    group: Option<&'a str>,
    files: &'a [String],
    attempts: A,
    /// Who made the newest one, where that is not the run's own executor.
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<&'a str>,
    commit: Option<&'a str>,
    branch: Option<&'a str>,
    reason: Option<String>,
    seconds: f64,
}

impl<'a, A> TaskStatus<'a, A> {
    pub(super) fn of(state: &'a State, index: usize, branch: Option<&'a str>, attempts: A) -> Self {
        let task = &state.graph().tasks()[index];
        let at = state.at(index);
        Self {
            id: &task.id,
            title: &task.title,
            status: state.standing(index).name(),
            needs: &task.needs,
            after: &task.after,
            group: task.group.as_deref(),
            files: &task.files,
            attempts,
            executor: at.last().and_then(|last| last.executor.as_deref()),
            commit: at.commit.as_deref(),
            branch,
            reason: attention(state, index),
            seconds: at.millis() as f64 / 1000.0,
        }
    }
}

/// Why a person should look at the task, when one should.
fn attention(state: &State, index: usize) -> Option<String> {
    let wants = state.standing(index).wants_attention();
    state.reason(index).filter(|_| wants)
}

/// One line for the run and one a task, tab-separated: id, status, attempts, commit, reason.
pub fn porcelain(state: &State, context: &Context) -> String {
    let mut text = format!(
        "run\t{}\t{}\t{}\n",
        state.run.id,
        state.status(context.driven),
        state.run.tip
    );
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let at = state.at(index);
        let commit = at.commit.as_deref().unwrap_or("-");
        let reason = attention(state, index)
            .unwrap_or_default()
            .replace(['\t', '\n'], " ");
        let standing = state.standing(index).name();
        let _ = writeln!(
            text,
            "task\t{}\t{standing}\t{}\t{commit}\t{reason}",
            task.id, at.attempts
        );
    }
    visible_lines(&text)
}

/// How many tasks are shown one by one, whatever is new about them.
const FEW: usize = 40;

/// The few lines from the newest checkpoint alone; `None` when there is more to be said, or so few tasks that
/// all are shown. What it says is what [`human`] says.
pub fn brief(headline: &Headline, driven: bool) -> Option<String> {
    let counts = &headline.counts;
    let is_disproved = headline.status == "partial" && counts.done == counts.total;
    // Whether it is put back is looked at.
    let is_quarantined = headline.status == "quarantined";
    let has_more = is_quarantined
        || counts.pending + counts.done < counts.total
        || is_disproved
        || headline.landed;
    if counts.total <= FEW || has_more {
        return None;
    }
    let status = match headline.status.as_str() {
        over @ ("complete" | "partial" | "failed") => over,
        _ if driven => "running",
        other => other,
    };
    let mut text = format!(
        "{}: {status} ({})\n{}\n",
        headline.run,
        headline.title,
        counted(counts, 0)
    );
    if let Some(line) = next_step(&headline.run, status) {
        let _ = writeln!(text, "{line}");
    }
    Some(visible_lines(&text))
}

/// Few lines: where the run stands, what runs, what wants attention, and what to do next.
pub fn human(state: &State, context: &Context) -> String {
    let run = &state.run;
    let status = match context.is_earlier {
        true => format!("as of {} ({})", run.updated_at, short(&context.checkpoint)),
        false => state.status(context.driven).to_owned(),
    };
    let mut text = format!("{}: {status} ({})\n", run.id, state.graph().plan().title);
    let _ = writeln!(
        text,
        "{}",
        counted(state.counts(), state.in_review().count())
    );
    text.push_str(&confined(&run.policy));
    let shown = if state.graph().len() <= FEW {
        Shown::All
    } else {
        Shown::News
    };
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let standing = state.standing(index);
        if shown == Shown::News
            && matches!(
                standing,
                Standing::Pending | Standing::Done | Standing::LeftOut
            )
        {
            continue;
        }
        let at = state.at(index);
        let commit = at.commit.as_deref().map_or("-------", short);
        let mut attempts = if at.attempts > 1 {
            format!(", {} attempts", at.attempts)
        } else {
            String::new()
        };
        if let Some(name) = at.last().and_then(|last| last.executor.as_ref()) {
            let _ = write!(attempts, ", by {name}");
        }
        let time = if at.millis() > 0 {
            format!("  ({}{attempts})", took(at.millis()))
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "  {:<9} {commit}  {}  {}{time}",
            standing.words(),
            task.id,
            task.title
        );
        if let Some(reason) = state.reason(index).filter(|_| standing.wants_attention()) {
            let _ = writeln!(text, "            {reason}");
        }
        let is_done = standing == Standing::Done;
        for told in at
            .verdict()
            .filter(|_| is_done)
            .iter()
            .flat_map(|verdict| verdict.unverified())
        {
            let _ = writeln!(text, "            {told}");
        }
    }
    for line in next_steps(state, context) {
        let _ = writeln!(text, "{line}");
    }
    visible_lines(&text)
}

/// What executors have of the repository and may do, where that is not everything.
pub(super) fn confined(policy: &Policy) -> String {
    let (isolation, sandbox) = (policy.isolation, &policy.sandbox);
    if isolation == Isolation::Worktree && sandbox.is_none() {
        return String::new();
    }
    let mut text = format!(
        "isolation: {}, sandbox: {}",
        isolation.name(),
        sandbox.level.name()
    );
    if sandbox.level == Level::Bwrap {
        let network = if sandbox.network { "with" } else { "without" };
        let _ = write!(text, " {network} network");
    }
    if !sandbox.is_none() && !sandbox.write.is_empty() {
        let _ = write!(text, ", also writable: {}", sandbox.write.join(", "));
    }
    text + "\n"
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    News,
}

/// How many tasks stand where. Of those that are blocked by name, so many only wait for review.
fn counted(counts: &Counts, in_review: usize) -> String {
    let waits = match in_review {
        1 => "waits for review",
        _ => "wait for review",
    };
    let named = [
        ("done", counts.done),
        ("running", counts.running),
        ("pending", counts.pending),
        ("failed", counts.failed),
        ("timed out", counts.timed_out),
        ("blocked", counts.blocked.saturating_sub(in_review)),
        (waits, in_review),
        ("kickback", counts.kickback),
        ("skipped", counts.skipped),
        ("held", counts.held),
        ("stale", counts.stale),
        ("reverted", counts.reverted),
    ];
    let parts: Vec<String> = named
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let noun = if counts.total == 1 { "task" } else { "tasks" };
    format!("{} {noun}: {}", counts.total, parts.join(", "))
}

/// The contract's `| # | Task | Status | Commit |` table.
pub fn progress_table(state: &State) -> String {
    let mut text = String::from("| # | Task | Status | Commit |\n|---|------|--------|--------|\n");
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let commit = state.at(index).commit.as_deref().map_or("—", short);
        let cell = |text: &str| visible(text).replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {commit} |",
            cell(task.id.as_str()),
            cell(&task.title),
            state.standing(index).name()
        );
    }
    text
}

/// One line of `log`.
pub fn log_line(recorded: &Recorded, subject: &str) -> String {
    visible(&format!(
        "{} {} {subject}",
        short(&recorded.checkpoint),
        recorded.at
    ))
    .into_owned()
}

/// Cleans each line, keeping the line ends that are ours.
fn visible_lines(text: &str) -> String {
    visible(text).into_owned()
}
