//! `git enact worktree`.

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit, drive, require_task};
use crate::journal;
use crate::report::{self, sentence::short};
use crate::world;

/// Make a worktree on what a task's last attempt left, to look into; print where it is
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task
    task: String,
    /// Of which attempt, instead of the last
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    /// The run, by id or unique prefix; else the active or newest one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let id = require_task(&state, &args.task)?;
    let index = state.graph().index(&id).context("the run has the task")?;
    let at = state.at(index);
    let mut history = at.history.iter();
    let found = match args.attempt {
        Some(number) => history.find(|attempt| attempt.number == number),
        None => at.leftovers(),
    };
    let attempt = found.with_context(|| match (args.attempt, &at.commit) {
        (Some(number), _) => format!("task `{id}` has no attempt {number}"),
        (None, Some(commit)) => {
            format!("task `{id}` was done before this run: see `git show {commit}`")
        }
        (None, None) if at.history.is_empty() => format!("task `{id}` was not attempted yet"),
        (None, None) => format!("no attempt of task `{id}` has left anything yet"),
    })?;
    let Some(commit) = attempt.left() else {
        bail!(
            "attempt {} of task `{id}` has left nothing: it started from {}",
            attempt.number,
            short(&attempt.base)
        );
    };
    if args.attempt.is_none() && attempt.number < at.attempts {
        report::notice(&format!(
            "note: attempt {} has left nothing so far; this is attempt {}",
            at.attempts, attempt.number
        ));
    }
    let root = drive::worktrees(&repo, &run)?;
    let place = world::place_to_look(&root, state.graph().slug(index), attempt.number);
    let purpose = format!("run {run}, task {id}, attempt {}", attempt.number);
    world::lend(&repo, &place, &purpose, repo.oid(commit)?)?;
    let place = place.canonicalize().unwrap_or(place);
    report::line(&place.display().to_string());
    Ok(Exit::Done)
}
