//! `git enact land`.

use anyhow::{Result, bail};

use super::{Context, Exit, asking, record_decision, take_lease};
use crate::git::{Message, Repo};
use crate::journal::{Clock, Journal};
use crate::land::{self, Means};
use crate::report;
use crate::run::event::Event;
use crate::run::state::Landed;

/// Bring a run's branch into the current one
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the newest
    run: Option<String>,
    /// Fast-forward, or do nothing
    #[arg(long, conflicts_with_all = ["merge", "squash"])]
    ff_only: bool,
    /// Make a merge commit in any case
    #[arg(long, conflicts_with = "squash")]
    merge: bool,
    /// Make one commit of all
    #[arg(long)]
    squash: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let lease = match take_lease(&repo, &run)? {
        Ok(lease) => lease,
        Err(exit) => return Ok(exit),
    };
    let (mut journal, mut state) = Journal::open(repo.reopen()?, lease, Clock::from_env()?)?;
    let tip = repo.oid(&state.run.tip)?;
    if state.run.tip == state.run.base {
        bail!("run `{run}` has integrated nothing yet");
    }
    if let Some(landed) = state.landed()
        && already_has(&repo, landed)?
    {
        let branch = landed.branch.trim_start_matches("refs/heads/");
        report::line(&format!("run {run} has landed on {branch} already"));
        return Ok(Exit::Done);
    }
    let means = match args {
        Args { ff_only: true, .. } => Means::FastForwardOnly,
        Args { merge: true, .. } => Means::Merge,
        Args { squash: true, .. } => Means::Squash,
        _ => Means::Either,
    };
    let counts = state.counts();
    let would = land::plan(&repo, tip, means)?;
    let unproven = match state.disproof() {
        [] => String::new(),
        reasons => format!(
            ", but the final verification failed: {}",
            reasons.join("; ")
        ),
    };
    let summary = format!(
        "run {run}: {} of {} tasks done{unproven}; {would}",
        counts.done, counts.total
    );
    if args.yes && !unproven.is_empty() {
        report::notice(&format!("warning: {summary}"));
    }
    if !asking::agree(&summary, args.yes) {
        return Ok(Exit::Refused);
    }
    let text = format!("{}\n\nRun: {run}\n", state.graph().plan().title);
    let message = Message {
        text: &text,
        author: journal.identity(),
        time: Clock::from_env()?.now(),
    };
    let landing = land::land(&repo, tip, means, message)?;
    let event = Event::Landed {
        branch: landing.branch,
        from: landing.from.to_string(),
        to: landing.to.to_string(),
    };
    let recorded = record_decision(&mut journal, &mut state, event)?;
    let said = report::sentence::sentence(&recorded, &state).map(|(_, text)| text);
    report::line(&said.unwrap_or_default());
    Ok(Exit::Done)
}

/// Whether the branch that is checked out is the one that the run landed on, and still has it.
fn already_has(repo: &Repo, landed: &Landed) -> Result<bool> {
    let head = repo.head()?;
    let to = repo.oid(&landed.to)?;
    match head.commit {
        Some(at) if head.branch.as_deref() == Some(&landed.branch) => repo.is_ancestor(to, at),
        _ => Ok(false),
    }
}
