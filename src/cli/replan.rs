//! `git enact replan`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::approving::approve;
use super::check::show_faults;
use super::input::{self, Input};
use super::{Context, Exit, decide, drive, take_lease};
use crate::approval::Proposal;
use crate::crash;
use crate::git::{Oid, Repo};
use crate::history::replan::{self, Drift};
use crate::journal::{self, Clock, Journal};
use crate::report::{self, diff};
use crate::run::engine;
use crate::run::event::Event;
use crate::run::state::State;

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
    let lease = match take_lease(&repo, &run)? {
        Ok(lease) => lease,
        Err(exit) => return Ok(exit),
    };
    let (mut journal, mut state) = Journal::open(repo.reopen()?, lease, Clock::from_env()?)?;
    let path = match plan {
        Some(plan) => plan,
        None => recorded_path(context, &repo, &state)?,
    };
    let Some(mut input) = input::read(context, &repo, &[path], Some(state.graph().plan().dialect))?
    else {
        return Ok(Exit::Refused);
    };
    input::confirm_imports(&repo, repo.oid(&state.run.tip)?, &mut input)?;
    let drift = match replan::drift(&state, &input.graph) {
        Ok(drift) => drift,
        Err(faults) => {
            show_faults(&faults, &input.sources);
            return Ok(Exit::Refused);
        }
    };
    show(&repo, &journal, &input, &drift, context)?;
    if drift.is_none() && input.hash == state.run.plan_hash {
        report::notice(&format!("run {run} has this plan already"));
        return Ok(Exit::Done);
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    state = drive::keep_what_was_cut_short(&repo, &mut journal, state)?;
    adopt(context, &mut journal, &mut state, &input, &drift)?;
    let policy = state.run.policy.clone();
    let proposal = Proposal::new(&repo, state.graph().clone(), policy, &state.run.plan_hash)?;
    if args.yes {
        approve(&proposal, &repo, &run, true)?;
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
            Err(_) if path(word).exists() => Ok((context.find_run(repo, None)?, Some(path(word)))),
            Err(error) => bail!("{error:#}, and `{word}` is no plan either"),
        },
    }
}

/// Where the plan was when it was read, from here.
fn recorded_path(context: &Context, repo: &Repo, state: &State) -> Result<PathBuf> {
    let path = match repo.checkout() {
        Some(top) => top.join(&state.run.plan_path),
        None => PathBuf::from(&state.run.plan_path),
    };
    let here = context.dir.canonicalize()?;
    Ok(match path.strip_prefix(here) {
        Ok(short) if !short.as_os_str().is_empty() => context.path(short),
        _ => path,
    })
}

/// How the edited plan differs, file by file and in words.
fn show(
    repo: &Repo,
    journal: &Journal,
    input: &Input,
    drift: &Drift,
    context: &Context,
) -> Result<()> {
    if context.json || context.quiet {
        return Ok(());
    }
    let tip: Oid = match journal.tip() {
        Some(tip) => tip,
        None => journal::tip(repo, journal.run())?,
    };
    let old = journal::sources(repo, tip)?;
    let new = input.files();
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

fn adopt(
    context: &Context,
    journal: &mut Journal,
    state: &mut State,
    input: &Input,
    drift: &Drift,
) -> Result<()> {
    let event = Event::Replanned {
        plan_hash: input.hash.clone(),
        plan_path: input.path.clone(),
        drift: drift.sentences(),
    };
    journal.adopt_plan(&input.graph, &input.files())?;
    let graph = input.graph.clone();
    let recorded = engine::record_turn(journal, state, event, |now, recorded| {
        replan::state_after(now, graph, recorded)
    })?;
    crash::step("decided");
    journal.flush(state)?;
    crash::point("followed", recorded.event.name());
    decide::announce(context, &recorded, state)
}
