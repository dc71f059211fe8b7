//! `git enact land`.

use anyhow::{Result, bail};

use super::{Context, Exit, asking, record_decision, take_lease};
use crate::git::Message;
use crate::journal::{Clock, Journal};
use crate::land::{self, Means};
use crate::report;
use crate::run::event::Event;

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
    let means = match args {
        Args { ff_only: true, .. } => Means::FastForwardOnly,
        Args { merge: true, .. } => Means::Merge,
        Args { squash: true, .. } => Means::Squash,
        _ => Means::Either,
    };
    let counts = state.counts();
    let would = land::plan(&repo, tip, means)?;
    let summary = format!(
        "run {run}: {} of {} tasks done; {would}",
        counts.done, counts.total
    );
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
