//! What a person can do now, as commands: a report never ends with a riddle.

use super::Context;
use crate::run::evidence::{ReasonKind, Signal};
use crate::run::names::{self, short};
use crate::run::policy::CommitMode;
use crate::run::state::{Drive, Phase, State};

/// Of a quarantined run whose repository is as it was.
const PUT_BACK: &str = "put back";

/// What a person can do about the tasks that want attention, and about the run.
pub fn next_steps(state: &State, context: &Context) -> Vec<String> {
    let id = &state.run.id;
    if context.is_earlier {
        let checkpoint = short(&context.checkpoint);
        return vec![format!("return there:  git enact rollback {checkpoint}")];
    }
    let mut lines = Vec::new();
    if let Some(reason) = state.why_it_waits(context.driven) {
        let lead = format!("{}:", state.status(context.driven));
        lines.push(format!("{lead:<14} {reason}"));
    }
    let of_run = match context.is_usual {
        true => String::new(),
        false => format!(" --run {id}"),
    };
    let decisions: Vec<String> = state
        .attention()
        .flat_map(|index| about_task(state, index, &of_run))
        .collect();
    let is_over = state.run.drive == Drive::Finished && state.landed().is_none();
    let then =
        (is_over && !decisions.is_empty()).then(|| format!("then go on:    git enact resume {id}"));
    lines.extend(decisions);
    lines.extend(then);
    if context.driven && !lines.is_empty() {
        lines.push(format!(
            "decisions wait until nothing drives the run:  git enact stop {id}"
        ));
    }
    if state
        .attention()
        .any(|task| state.at(task).phase == Phase::Stale)
    {
        lines.push(format!("prove again:   git enact resume {id}"));
    }
    for reason in state.disproof() {
        lines.push(format!("final verification failed: {reason}"));
    }
    let verdict = state.proven();
    if let Some(blame) = verdict.and_then(|verdict| verdict.blame.as_ref()) {
        lines.push(blame.to_string());
        lines.extend(blame.tasks.iter().map(|one| {
            let task = &one.task;
            format!("look at it:    git enact show {task}{of_run}   (or git enact revert {task}{of_run})")
        }));
    }
    if !state.disproof().is_empty() {
        lines.push(format!("verify again:  git enact resume {id}"));
    }
    let status = match state.status(context.driven) {
        "quarantined" if context.is_put_back => PUT_BACK,
        status => status,
    };
    match state.landed() {
        Some(landed) => {
            let branch = names::branch(&landed.branch);
            lines.push(format!("landed on {branch} as {}", short(&landed.to)));
            lines.extend(next_step(id, status).filter(|_| state.run.drive != Drive::Finished));
        }
        None if state.run.drive == Drive::Finished && !state.has_work() => {}
        None => lines.extend(next_step(id, status)),
    }
    lines
}

/// `of_run` names the run, where that must be said.
fn about_task(state: &State, index: usize, of_run: &str) -> Vec<String> {
    let task = &state.graph().tasks()[index].id;
    let or_skip = format!("(or git enact skip {task}{of_run})");
    match state.at(index).phase {
        Phase::Kickback => about_kickback(state, index, of_run),
        Phase::Blocked => vec![format!(
            "unblock it:    git enact answer {task}{of_run} -m \"…\"   {or_skip}"
        )],
        // The rounds that came after it have made it superfluous, or not: that is told with the whole.
        Phase::Failed | Phase::Partial | Phase::TimedOut if state.is_fix(index) => Vec::new(),
        Phase::Failed | Phase::Partial | Phase::TimedOut => {
            let decide = format!("decide:        git enact retry {task}{of_run}   {or_skip}");
            [decide]
                .into_iter()
                .chain(who_commits(state, index))
                .collect()
        }
        Phase::InReview => vec![
            format!("look at it:    git enact review {task}{of_run}"),
            format!(
                "decide:        git enact review {task}{of_run} --approve   (or --reject -m \"…\")"
            ),
        ],
        _ => Vec::new(),
    }
}

/// What helps where an executor edits files and commits nothing: nobody else does it in this run.
fn who_commits(state: &State, index: usize) -> Option<String> {
    let at = state.at(index);
    let has_edits = at.last().is_some_and(|last| last.salvage.is_some());
    let mut reasons = at.verdict()?.reasons.iter();
    let is_missing = reasons.any(|reason| reason.kind == ReasonKind::NoCommit);
    let is_asked = state.run.policy.commit == CommitMode::Executor;
    (is_asked && is_missing && has_edits).then(|| {
        "who commits:   an executor that only edits files needs a run with `--commit tool` (or `auto`), or `commit = \"tool\"` in enact.toml"
            .to_owned()
    })
}

/// The route of each signal: some kickbacks take words, some take another plan.
fn about_kickback(state: &State, index: usize, of_run: &str) -> Vec<String> {
    let (task, run) = (&state.graph().tasks()[index].id, &state.run.id);
    let answer = format!("git enact answer {task}{of_run} -m \"…\"");
    let replan = format!("edit the plan, then git enact replan {run}");
    let claim = state.at(index).last().and_then(|last| last.claim.as_ref());
    let signal = claim.and_then(|claim| claim.signal);
    let split = claim.map_or(&[][..], |claim| &claim.suggested_split);
    let mut lines: Vec<String> = (1..)
        .zip(split)
        .map(|(nth, part)| format!("suggested split, part {nth}: {part}"))
        .collect();
    lines.push(match signal {
        Some(Signal::NeedsSplit | Signal::TooManyTasks) => {
            format!("replan:        {replan}   (or {answer}, or git enact skip {task}{of_run})")
        }
        Some(Signal::ScopeCreep | Signal::SpecIncomplete) => {
            format!("answer it:     {answer}   (or {replan}, or git enact skip {task}{of_run})")
        }
        _ => format!("answer it:     {answer}   (or git enact skip {task}{of_run})"),
    });
    lines
}

/// What goes on with the run as a whole.
pub(super) fn next_step(run: &str, status: &str) -> Option<String> {
    match status {
        "complete" | "partial" => Some(format!("bring it in:   git enact land {run}")),
        "needs_person" => Some(format!("then go on:    git enact resume {run}")),
        "quarantined" => Some(format!(
            "look at it:    git enact doctor {run}   (--repair puts it back; or go on as it is: git enact resume {run})"
        )),
        PUT_BACK => Some(format!(
            "go on:         git enact resume {run}   (what was changed was put back)"
        )),
        "stopped" | "paused" => Some(format!("go on:         git enact resume {run}")),
        _ => None,
    }
}
