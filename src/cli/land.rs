//! `git enact land`.

use anyhow::{Result, bail};

use super::{Context, Exit, asking, back, open_run, record_decision, tampering};
use crate::export::Ledger;
use crate::git::{Message, Oid, Repo};
use crate::history::offer::Offer;
use crate::journal::{Clock, Journal, layout};
use crate::land::{self, Cargo, Landing, Means};
use crate::report;
use crate::run::event::Event;
use crate::run::names;
use crate::run::state::{Landed, State};

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
    tampering::refuse(&repo, "nothing was landed")?;
    let (mut journal, mut state) = open_run(&repo, &run)?;
    let tip = repo.oid(&state.run.tip)?;
    if !state.has_work() {
        bail!("run `{run}` has integrated nothing yet");
    }
    if let Some(landed) = state.landed()
        && already_has(&repo, landed)?
    {
        let branch = names::branch(&landed.branch);
        report::line(&format!("run {run} has landed on {branch} already"));
        return Ok(Exit::Done);
    }
    refuse_less_than_landed(&repo, &journal, &state)?;
    let squashed = squashed(&repo, &state)?;
    warn_of_moved_branch(&repo, &state)?;
    let means = match args {
        Args { ff_only: true, .. } => Means::FastForwardOnly,
        Args { merge: true, .. } => Means::Merge,
        Args { squash: true, .. } => Means::Squash,
        _ => Means::Either,
    };
    let counts = state.counts();
    let would = land::plan(&repo, tip, means)?;
    let unproven = match state.disproof() {
        [] if state.proven().is_none() && !state.run.policy.final_verify.is_empty() => {
            ", and the whole was not verified".to_owned()
        }
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
    if args.yes && (!unproven.is_empty() || counts.done < counts.total) {
        report::notice(&format!("note: {summary}"));
    }
    if !asking::agree(&summary, args.yes, context)? {
        return Ok(Exit::Refused);
    }
    let text = format!("{}\n\nRun: {run}\n", state.graph().plan().title);
    let message = Message {
        text: &text,
        author: journal.identity(),
        time: Clock::from_env()?.now(),
    };
    let cargo = Cargo {
        run: &run,
        tip,
        squashed,
    };
    let landing = bring(&repo, cargo, means, message)?;
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

/// Lands, and tells the marks that we put into the checkout from what a person did there.
fn bring(repo: &Repo, cargo: Cargo<'_>, means: Means, message: Message<'_>) -> Result<Landing> {
    if let Some(said) = land::recover(repo, cargo.run)? {
        report::notice(&format!("note: {said}"));
    }
    let ledger = Ledger::of(repo, cargo.run);
    let head = repo.head()?.commit;
    let is_ours = |path: &str, bytes: Option<&[u8]>| match (&ledger, head) {
        (Some(ledger), Some(head)) => ledger.is_ours(repo, head, path, bytes),
        _ => Ok(false),
    };
    land::land(repo, cargo, means, message, &is_ours)
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

/// What landed last, when the branch that is checked out has it without its history.
fn squashed(repo: &Repo, state: &State) -> Result<Option<Oid>> {
    let Some(landed) = &state.run.landed else {
        return Ok(None);
    };
    let Some(head) = repo.head()?.commit else {
        return Ok(None);
    };
    let (tip, to) = (repo.oid(&landed.tip)?, repo.oid(&landed.to)?);
    let is_there = repo.is_ancestor(to, head)? && !repo.is_ancestor(tip, head)?;
    Ok(is_there.then_some(tip))
}

/// A run that went back since it landed has nothing to bring: what is to be undone there is another commit.
fn refuse_less_than_landed(repo: &Repo, journal: &Journal, state: &State) -> Result<()> {
    let Some(landed) = &state.run.landed else {
        return Ok(());
    };
    let (tip, then) = (repo.oid(&state.run.tip)?, repo.oid(&landed.tip)?);
    if tip == then || !repo.is_ancestor(tip, then)? {
        return Ok(());
    }
    let run = &state.run.id;
    let branch = names::branch(&landed.branch);
    let message = format!("Return to an earlier state of run {run}\n\nRun: {run}\n");
    let help = match back::offer(journal, state, tip, &message)? {
        Offer::Commit(commit) => format!("on {branch}, `git merge --ff-only {commit}` follows it"),
        Offer::Conflict(paths) => {
            format!("{branch} has changes of its own in {}", paths.join(", "))
        }
        Offer::None | Offer::Land => return Ok(()),
    };
    bail!(
        "nothing was landed: run `{run}` went back since it landed on {branch}, which has more of it; {help}"
    )
}

/// What somebody else did on the run's branch does not land.
fn warn_of_moved_branch(repo: &Repo, state: &State) -> Result<()> {
    let branch = layout::integration_branch(&state.run.id);
    let found = repo.read(&branch)?.map(|found| found.to_string());
    if let Some(found) = found.filter(|found| *found != state.run.tip) {
        report::notice(&format!(
            "note: {branch} was moved to {found} by somebody else; what lands is the run's own {}",
            state.run.tip
        ));
    }
    Ok(())
}
