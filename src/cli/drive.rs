//! Driving a run from here until it ends: what `run` and `resume` have in common.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::report::files;
use super::{Context, Exit, asking, input, status_context, tampering};
use crate::approval::{Approved, Proposal};
use crate::export::{Exporter, Synced};
use crate::git::Repo;
use crate::journal::{self, Displaced, Journal, layout};
use crate::process::storage::Shortage;
use crate::report::live::{JsonLines, Lines, Teller};
use crate::report::{self, markdown};
use crate::run::engine::{Ended, Engine, Sink};
use crate::run::policy::OnFailure;
use crate::run::state::State;
use crate::world::{self, Interrupts, Local, Site};

/// A drive that could not go on; everything so far is on record.
#[derive(Debug)]
pub(super) struct Broken {
    run: String,
    /// What the machine could no longer give, when that was the cause.
    shortage: Option<Shortage>,
}

impl Broken {
    /// The run `run`, which could not go on because of `error`.
    fn by(error: &anyhow::Error, run: &str) -> Self {
        Self {
            run: run.to_owned(),
            shortage: Shortage::behind(error),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, shortage } = self;
        match shortage {
            Some(shortage) => write!(
                f,
                "the run is paused: {shortage}; everything so far is kept: {}, then `git enact resume {run}`",
                shortage.remedy()
            ),
            None => write!(
                f,
                "the run stopped; everything so far is kept, go on with `git enact resume {run}`"
            ),
        }
    }
}

impl std::error::Error for Broken {}

/// How a drive begins.
pub(super) enum Begin {
    /// `started` was just recorded.
    Fresh,
    /// An earlier drive ended, for this reason as far as can be told.
    Again(String),
}

/// Drives `state` until it ends, shows what happens, and reports at the end.
pub(super) fn drive(
    context: &Context,
    mut journal: Journal,
    state: State,
    approved: Approved,
    begin: Begin,
) -> Result<Exit> {
    keep_memory();
    let repo = journal.repo().reopen()?;
    let run = state.run.id.clone();
    // A request that an earlier drive did not live to see is not meant for this one.
    std::fs::remove_file(layout::stop_file(repo.common_dir(), &run)).unwrap_or_default();
    let (mut sink, tell) = shown(context);
    if state.run.policy.sync {
        let plan = input::recorded_path(context, &repo, &state)?;
        let exporter = Exporter::new(repo.reopen()?, &run, plan)?;
        let tell = tell.clone();
        sink = Box::new(Synced::new(
            sink,
            exporter,
            Box::new(move |line| tell(line)),
        ));
    }
    let site = site(&journal, tell.clone())?;
    let can_ask =
        asking::is_possible() && !context.json && state.run.policy.on_failure == OnFailure::Ask;
    let asker = can_ask.then(asking::asker);
    let interrupts = Interrupts::install(tell)?;
    let mut world = Local::new(site, approved, asker, interrupts.clone());
    if matches!(begin, Begin::Fresh)
        && let Some(first) = journal::checkpoints(&repo, &run)?.next()
    {
        sink.on(&first?.recorded, &state);
    }
    let mut engine = Engine::new(&mut world, &mut journal, &mut *sink, state, can_ask);
    let started = match begin {
        Begin::Fresh => engine.begin(),
        Begin::Again(reason) => engine.recover(&reason),
    };
    let ended = started.and_then(|()| engine.drive());
    let mut state = engine.state().clone();
    world.hear_out();
    let ended = ended.or_else(|error| {
        tampering::put_journal_back(&mut journal, &mut state, &mut *sink, error)?;
        Ok(Ended::Quarantined)
    });
    if ended
        .as_ref()
        .is_ok_and(|ended| *ended != Ended::Quarantined)
    {
        world.dismiss_sentry();
    }
    sink.end(&state);
    drop(sink);
    let ended = ended.and_then(|ended| journal.flush(&state).map(|()| ended));
    let ended = ended.map_err(|error| explained(&run, error))?;
    drop(journal);
    finish(context, &repo, &state)?;
    Ok(Exit::of(ended, &state, interrupts.came()))
}

/// An error that ended a drive, with what helps.
fn explained(run: &str, error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Displaced>() {
        Some(displaced) => {
            let help = restoration(run, displaced);
            error.context(help)
        }
        None => {
            let broken = Broken::by(&error, run);
            error.context(broken)
        }
    }
}

/// What shows a run, and says what is no event.
fn shown(context: &Context) -> (Box<dyn Sink>, Teller) {
    if context.json {
        return (Box::new(JsonLines), Arc::new(report::notice));
    }
    let lines = Lines::new(context.quiet);
    let tell = lines.teller();
    (Box::new(lines), tell)
}

/// Records what became of attempts that ran when their driver died, and keeps what they left: until then it
/// is in their worktrees alone. Nothing new is started. The state after it.
pub(super) fn keep_what_was_cut_short(
    repo: &Repo,
    journal: &mut Journal,
    state: State,
) -> Result<State> {
    if state.attempting().next().is_none() {
        return Ok(state);
    }
    let (run, policy) = (&state.run.id, state.run.policy.clone());
    let proposal = Proposal::new(repo, state.authored().clone(), policy, &state.run.plan_hash)?;
    let approved = proposal.recall().with_context(|| {
        format!("an attempt of run `{run}` was cut short, and the run is not approved here: `git enact resume {run}` first")
    })?;
    let tell: Teller = Arc::new(report::notice);
    let mut sink = Lines::new(false);
    let site = site(journal, tell.clone())?;
    let mut world = Local::new(site, approved, None, Interrupts::install(tell)?);
    let mut engine = Engine::new(&mut world, journal, &mut sink, state, false);
    engine.recover("what was cut short is kept")?;
    let state = engine.state().clone();
    // What was changed meanwhile is still to be looked at.
    if world::tampered(repo, &state.run.id)?.is_empty() {
        world.dismiss_sentry();
    }
    Ok(state)
}

/// Where the run of `journal` finds things.
pub(super) fn site(journal: &Journal, tell: Teller) -> Result<Site> {
    let (repo, run) = (journal.repo(), journal.run().to_owned());
    Ok(Site {
        worktrees: worktrees(repo, &run)?,
        identity: journal.identity().clone(),
        program: std::env::current_exe().context("our own program cannot be found")?,
        repo: repo.reopen()?,
        run,
        tell,
    })
}

/// How to go on after somebody moved the journal of `run`.
fn restoration(run: &str, displaced: &Displaced) -> String {
    let journal = layout::run_ref(run);
    match displaced.expected {
        Some(expected) => format!(
            "the run stopped; put its journal back with `git update-ref {journal} {expected}`, \
             then `git enact resume {run}`"
        ),
        None => format!("the run did not start: somebody else made {journal}"),
    }
}

/// Has the allocator keep what is freed. Each object that is written needs a quarter of a megabyte for its
/// compression; glibc would return that to the kernel every time and have it cleared again, until it has seen
/// that larger pieces come and go.
fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(16 << 20)));
}

/// The end report on standard output; with `--json` the events were all.
fn finish(context: &Context, repo: &Repo, state: &State) -> Result<()> {
    if !context.json && !context.quiet {
        let context = status_context(repo, state)?;
        report::text(&markdown::report(state, &context, &files(repo, state)?));
    }
    Ok(())
}

/// Where a run keeps its worktrees: outside the checkout, beside it unless configured otherwise.
pub(super) fn worktrees(repo: &Repo, id: &str) -> Result<PathBuf> {
    // A run stays where it is, whatever was configured, and wherever the repository was moved since.
    if let Some(root) = world::place_of(repo, id)? {
        return Ok(root);
    }
    let place = repo.workdir().unwrap_or(repo.common_dir());
    if let Some(dir) = repo.config_path("enact.worktreeDir") {
        // Relative to the repository: a resume from another directory must find the same place.
        return Ok(place.join(dir).join(id));
    }
    let name = place
        .file_name()
        .context("the repository has no name of its own")?;
    let mut sibling = name.to_owned();
    sibling.push(".enact");
    Ok(place.with_file_name(sibling).join(id))
}
