//! `git enact review`: a person looks at what was accepted, before it is integrated.

use anyhow::{Result, bail};

use super::decide::{announce, refuse_secrets, warn_of_deaf_executor};
use super::{Context, Exit, open_run, record_decision, require_task, show};
use crate::git::Repo;
use crate::journal;
use crate::plan::TaskId;
use crate::report;
use crate::run::event::Event;
use crate::run::state::{Phase, State};

/// Look at what a task did, and approve it or send it back
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tasks; without one, all that wait for review
    #[arg(value_name = "TASK")]
    tasks: Vec<String>,
    /// Let it be integrated
    #[arg(long, conflicts_with = "reject")]
    approve: bool,
    /// Send it back; `-m` says what the next attempt should do otherwise
    #[arg(long, requires = "message")]
    reject: bool,
    /// What the next attempt should do otherwise, word for word
    #[arg(short, allow_hyphen_values = true, value_name = "WORDS")]
    message: Option<String>,
    /// The run, by id or unique prefix; else the active or newest one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    if args.message.is_some() && !args.approve && !args.reject {
        bail!("say whether it is sent back with these words: `--reject`");
    }
    if args.approve || args.reject {
        return decide(args, context, &repo, &run);
    }
    let state = journal::load(&repo, &run)?.state;
    let wanted = wanted(args, &state)?;
    for (nth, id) in wanted.iter().enumerate() {
        if nth > 0 {
            report::line("");
        }
        show::show_task(&repo, &run, &state, id, context)?;
        if !context.json && is_in_review(&state, id) {
            let of_run = args.run.as_ref().map(|run| format!(" --run {run}"));
            let of_run = of_run.unwrap_or_default();
            report::notice(&format!(
                "what it changed: git enact diff {id}{of_run}\n\
                 decide:          git enact review {id}{of_run} --approve   (or --reject -m \"…\")"
            ));
        }
    }
    if wanted.is_empty() && !context.json {
        report::line(&format!("run {run}: nothing waits for review"));
    }
    Ok(Exit::Done)
}

fn decide(args: &Args, context: &Context, repo: &Repo, run: &str) -> Result<Exit> {
    let words = args.message.clone().unwrap_or_default();
    refuse_secrets(&words)?;
    if args.approve && !words.is_empty() {
        bail!("`-m` is for what is sent back: what is approved gets no other attempt to read it");
    }
    if args.reject && words.trim().is_empty() {
        bail!("the words are empty: the next attempt would do the same again");
    }
    if args.reject && args.tasks.is_empty() {
        bail!("name the task that is to be sent back");
    }
    let (mut journal, mut state) = open_run(repo, run)?;
    let wanted = wanted(args, &state)?;
    if wanted.is_empty() {
        bail!("nothing of run `{run}` waits for review");
    }
    for id in &wanted {
        refuse_unless_reviewable(&state, id, args.reject)?;
    }
    if let Some(id) = wanted.first() {
        warn_of_deaf_executor(&state, id, &words);
    }
    for task in wanted {
        let attempt = state.task(&task).map_or(0, |task| task.attempts);
        let event = Event::Reviewed {
            task,
            attempt,
            approved: args.approve,
            words: words.clone(),
        };
        let recorded = record_decision(&mut journal, &mut state, event)?;
        announce(context, &recorded, &state)?;
    }
    Ok(Exit::Done)
}

/// The tasks that were named, else those that wait.
fn wanted(args: &Args, state: &State) -> Result<Vec<TaskId>> {
    if args.tasks.is_empty() {
        let tasks = state.graph().tasks();
        return Ok(state
            .in_review()
            .map(|task| tasks[task].id.clone())
            .collect());
    }
    let mut named: Vec<TaskId> = Vec::new();
    for task in &args.tasks {
        let id = require_task(state, task)?;
        if !named.contains(&id) {
            named.push(id);
        }
    }
    Ok(named)
}

fn is_in_review(state: &State, id: &TaskId) -> bool {
    state
        .task(id)
        .is_some_and(|task| task.phase == Phase::InReview)
}

/// What waits can be approved and sent back; what failed can be sent back.
fn refuse_unless_reviewable(state: &State, id: &TaskId, is_rejected: bool) -> Result<()> {
    let phase = state.task(id).map(|task| &task.phase);
    match phase {
        Some(Phase::InReview) => Ok(()),
        Some(Phase::Failed | Phase::Partial | Phase::TimedOut | Phase::Blocked) if is_rejected => {
            Ok(())
        }
        Some(Phase::Failed | Phase::Partial | Phase::TimedOut | Phase::Blocked) => bail!(
            "the last attempt of task `{id}` was refused, so there is nothing to approve: \
             `git enact show {id}` says why, `git enact retry {id} -m \"…\"` gives it another attempt"
        ),
        Some(Phase::Done | Phase::Stale) => bail!(
            "task `{id}` is integrated already: `git enact revert {id}` undoes it, then \
             `git enact retry {id} -m \"…\"` does it anew"
        ),
        _ => bail!(
            "no attempt of task `{id}` of run `{}` waits for review",
            state.run.id
        ),
    }
}
