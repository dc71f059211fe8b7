//! `git enact replan`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::approving::approve;
use super::input::{self, Input};
use super::{Context, Exit, decide, drive, open_run};
use crate::approval::Proposal;
use crate::crash;
use crate::git::Repo;
use crate::history::replan::{self, Drift};
use crate::journal;
use crate::plan::{Faults, TaskId};
use crate::report::{self, diff};
use crate::run::engine;
use crate::run::event::Event;
use crate::run::state::State;
use crate::run::turn;

/// Adopt the edited plan of a run: what is done stays done
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix, and the edited plan; else the newest run, and the plan where it was
    #[arg(value_name = "RUN] [PLAN", num_args = 0..=2)]
    which: Vec<String>,
    /// Show how the plans differ, and adopt nothing
    #[arg(long)]
    dry_run: bool,
    /// Approve the new plan and its commands as well, so that `resume` need not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let (run, plan) = which(args, context, &repo)?;
    let state = journal::load(&repo, &run)?.state;
    let path = match plan {
        Some(plan) => plan,
        None => input::recorded_path(context, &repo, &state)?,
    };
    let mut input = input::read(context, &repo, &[path], &state.selection())?;
    // What the run did is marked because it did it.
    let is_ours = |task: &TaskId| state.task(task).is_some_and(|task| task.commit.is_some());
    input::confirm_imports(&repo, repo.oid(&state.run.tip)?, &mut input, &is_ours)?;
    input::unmark(&repo, &state, &mut input)?;
    let drift = drift(&state, &input)?;
    let has_it = drift.is_none() && has_this(&repo, &state, &input)?;
    if !has_it {
        show(&repo, &run, &input, &drift, context)?;
    }
    if (has_it || args.dry_run) && context.json {
        report::json_line(&serde_json::to_string(&drift)?);
    } else if has_it {
        report::notice(&format!("run {run} has this plan already"));
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let state = match has_it {
        true => state,
        false => adopt(context, &repo, &run, &input)?,
    };
    settle_approval(args, &repo, &state)
}

/// How the edited plan differs, or why it cannot be adopted.
fn drift(state: &State, input: &Input) -> Result<Drift, Faults> {
    replan::drift(state, &input.graph).map_err(|faults| Faults::of(faults, input.sources.clone()))
}

/// Whether the run has this very plan, but for what its files say of progress.
fn has_this(repo: &Repo, state: &State, input: &Input) -> Result<bool> {
    let dialect = input.graph.plan().dialect;
    Ok(input.hash == state.run.plan_hash
        || input::is_only_marked(repo, &state.run.id, dialect, &input.sources)?)
}

/// What the new plan executes is approved now, or asked about by the next resume.
fn settle_approval(args: &Args, repo: &Repo, state: &State) -> Result<Exit> {
    let (run, policy) = (&state.run.id, state.run.policy.clone());
    let proposal = Proposal::new(repo, state.authored().clone(), policy, &state.run.plan_hash)?;
    if args.yes {
        approve(&proposal, repo, run, true, false)?;
    } else if proposal.recall().is_none() {
        report::notice("what it executes is not approved yet: `resume` will ask");
    }
    Ok(Exit::Done)
}

/// The run and the plan that were meant: one word alone may be either.
fn which(args: &Args, context: &Context, repo: &Repo) -> Result<(String, Option<PathBuf>)> {
    let path = |word: &str| context.path(Path::new(word));
    match args.which.as_slice() {
        [] => Ok((context.find_run(repo, None)?, None)),
        [run, plan] => Ok((context.find_run(repo, Some(run))?, Some(path(plan)))),
        [word, ..] => match context.find_run(repo, Some(word)) {
            Ok(run) => Ok((run, None)),
            Err(_) if path(word).exists() => {
                let run = input::unfinished_at(repo, &path(word))?;
                let run = run.map_or_else(|| context.find_run(repo, None), Ok)?;
                Ok((run, Some(path(word))))
            }
            Err(error) => bail!("{error:#}, and `{word}` is no plan either"),
        },
    }
}

/// How the edited plan differs, file by file and in words.
fn show(repo: &Repo, run: &str, input: &Input, drift: &Drift, context: &Context) -> Result<()> {
    if context.json || context.quiet {
        return Ok(());
    }
    let old = journal::sources(repo, journal::tip(repo, run)?)?;
    let new = input.files().collect::<Result<Vec<_>>>()?;
    let text = |files: &[(String, Vec<u8>)], name: &str| {
        let found = files.iter().find(|(of, _)| of == name);
        found.map(|(_, bytes)| bytes.clone())
    };
    let gone = old.iter().filter(|(name, _)| text(&new, name).is_none());
    for (name, bytes) in new.iter().chain(gone) {
        let (before, after) = (text(&old, name), text(&new, name));
        if before.as_ref() != Some(bytes) || after.is_none() {
            report::text(&diff::words(name, before, after));
        }
    }
    report::line(&drift.sentences().join("; "));
    Ok(())
}

/// Has the run go on with the plan of `input`; its state then.
fn adopt(context: &Context, repo: &Repo, run: &str, input: &Input) -> Result<State> {
    let (mut journal, state) = open_run(repo, run)?;
    let mut state = drive::keep_what_was_cut_short(repo, &mut journal, state)?;
    // The run may have gone on since it was looked at.
    let drift = drift(&state, input)?;
    let event = Event::Replanned {
        plan_hash: input.hash.clone(),
        plan_path: input.path.clone(),
        drift: drift.sentences(),
        fix: None,
    };
    journal.adopt_plan(&input.graph, input.files())?;
    let graph = input.graph.clone();
    let recorded = engine::record_turn(&mut journal, &mut state, event, |now, recorded| {
        turn::replanned(now, graph, recorded)
    })?;
    crash::step("decided");
    journal.flush(&state)?;
    crash::point("followed", recorded.event.name());
    decide::announce(context, &recorded, &state)?;
    Ok(state)
}
