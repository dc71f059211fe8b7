//! What was changed in the repository, or in the journal, while a run was driven: shown, put back or accepted.

use anyhow::{Error, Result};

use super::{asking, record_decision};
use crate::git::{Oid, Repo};
use crate::journal::{self, Displaced, Journal};
use crate::report::{self, clean::visible};
use crate::run::engine::{Sink, record};
use crate::run::event::Event;
use crate::run::names::short;
use crate::run::state::{Drive, State};
use crate::world::{self, Aftermath};

/// The status of a run that was stopped because somebody tampered.
const QUARANTINED: &str = "quarantined";

/// Whether a run may be driven again, as far as its repository goes, and what a person decided about that.
pub(super) enum Passed {
    /// Nothing of it was changed while it was driven.
    AsItWas,
    /// What was changed was looked at again, and is as it was.
    PutBack,
    /// Nothing that can be compared is changed any more; what lies in the checkout is the person's to judge.
    TakenUp,
    /// A person takes it as it is.
    Accepted,
    /// A person has to look first.
    No,
}

/// Shows what is still changed. A driver that died could not tell of it: then it is recorded now, and decided about
/// by the next resume.
pub(super) fn pass(
    repo: &Repo,
    journal: &mut Journal,
    state: &mut State,
    yes: bool,
) -> Result<Passed> {
    let run = state.run.id.clone();
    let known = match &state.run.drive {
        // Nothing ran any more once it had finished.
        Drive::Finished => return Ok(Passed::AsItWas),
        Drive::Quarantined(reason) => Some(reason.clone()),
        _ => None,
    };
    let found = match world::aftermath(repo, &run)? {
        Aftermath::Changed(found) => found,
        _ if known.is_none() => return Ok(Passed::AsItWas),
        Aftermath::PutBack => return Ok(Passed::PutBack),
        Aftermath::Unseen => return Ok(Passed::TakenUp),
        Aftermath::Accepted => return Ok(Passed::Accepted),
        Aftermath::Lost => Vec::new(),
    };
    let lines = found.iter().flat_map(|one| world::detailed(repo, one));
    lines.for_each(|line| report::notice(&visible(&line)));
    if known.is_none() {
        let reasons: Vec<String> = found.iter().map(|one| repo.said(one)).collect();
        let reason = world::listed(&reasons);
        let left = Vec::new();
        record_decision(journal, state, Event::Quarantined { reason, left })?;
    }
    let error = match &known {
        Some(reason) if found.is_empty() => format!("{}: {}", lost(&run, reason), judged(&run)),
        _ => format!(
            "the repository of run `{run}` was changed while it was driven: put that back with \
             `git enact doctor {run} --repair`, or take it as it is with `git enact resume {run} --yes`"
        ),
    };
    let asks = || {
        report::notice(&visible(&format!("warning: {error}")));
        asking::confirm("Take it as it is and go on?")
    };
    if known.is_some() && (yes || (asking::is_possible() && asks())) {
        return Ok(Passed::Accepted);
    }
    report::notice(&visible(&format!("error: {error}")));
    Ok(Passed::No)
}

/// Has the next drive compare with what is there now, once nothing stands in its way.
pub(super) fn settle(repo: &Repo, run: &str, passed: &Passed) -> Result<()> {
    match passed {
        Passed::AsItWas => world::forget(repo, run),
        Passed::Accepted => {
            world::look_anew(repo, run, true)?;
            report::notice("accepted: the repository is taken as it is");
        }
        Passed::PutBack | Passed::TakenUp => world::look_anew(repo, run, false)?,
        Passed::No => {}
    }
    Ok(())
}

/// What is wrong with a quarantined run of which nothing is held any more.
fn lost(run: &str, reason: &str) -> String {
    format!(
        "run `{run}` is quarantined ({reason}), and what was there before is not held any more: nobody knows whether \
         it was put back"
    )
}

/// What helps then.
fn judged(run: &str) -> String {
    format!("look at it, then `git enact resume {run} --yes` takes the repository as it is")
}

/// Whether what is held for `run` is still needed: it is quarantined and not taken up again, or something is changed.
pub(super) fn is_needed(repo: &Repo, run: &str) -> Result<bool> {
    let is_known =
        journal::headline(repo, run).is_ok_and(|headline| headline.status == QUARANTINED);
    Ok(match world::aftermath(repo, run)? {
        Aftermath::Lost => false,
        Aftermath::Changed(_) => true,
        _ => is_known,
    })
}

/// Puts the journal back that somebody moved while we drove it, and records that; the error, when it cannot be put
/// back.
pub(super) fn put_journal_back(
    journal: &mut Journal,
    state: &mut State,
    sink: &mut dyn Sink,
    error: Error,
) -> Result<()> {
    let Some(displaced) = error.downcast_ref::<Displaced>().copied() else {
        return Err(error);
    };
    if displaced.expected.is_none() || !journal.reclaim(displaced.found).unwrap_or(false) {
        return Err(error);
    }
    let reason = match displaced.found {
        Some(found) => format!(
            "the journal was moved to {} and was put back",
            short(&found.to_string())
        ),
        None => "the journal was deleted and was put back".to_owned(),
    };
    let left = displaced
        .found
        .filter(|found| is_worth_keeping(journal, *found));
    let left = left.iter().map(Oid::to_string).collect();
    let recorded = record(journal, state, Event::Quarantined { reason, left }, &[])?;
    sink.on(&recorded, state);
    Ok(())
}

/// Whether nothing else keeps what the journal was moved to: a colleague's longer journal, or work of somebody's.
fn is_worth_keeping(journal: &Journal, found: Oid) -> bool {
    let repo = journal.repo();
    let Some(tip) = journal.tip().filter(|_| repo.is_commit(found)) else {
        return false;
    };
    let is_known = repo.is_ancestor(found, tip).unwrap_or(true);
    !is_known && repo.is_whole(found, tip).unwrap_or(false)
}
