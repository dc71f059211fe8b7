//! What was changed in the repository, or in the journal, while a run was driven: shown, put back or accepted.

use anyhow::{Error, Result, bail};

use super::{asking, record_decision};
use crate::care::traces;
use crate::git::{Oid, Place, Repo};
use crate::journal::{self, Displaced, Journal, Lease};
use crate::report::{self, clean::visible};
use crate::run::engine::{Sink, record};
use crate::run::event::Event;
use crate::run::names::short;
use crate::run::state::{Drive, Headline, State};
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

/// Why nothing of git's should be run on files here: the quarantine of a run that stands, be it another's, with what to do.
/// What a run that is driven right now has to say of refs is not waited for.
pub(super) fn standing(repo: &Repo) -> Result<Option<String>> {
    for run in traces::runs(repo)?.into_keys() {
        // One whose journal cannot be read is judged by what is held for it.
        let headline = journal::headline(repo, &run).ok();
        if headline.as_ref().is_some_and(Headline::is_over) {
            continue;
        }
        let is_known = headline.is_some_and(|headline| headline.status == QUARANTINED);
        let is_driven = Lease::is_held(repo.common_dir(), &run);
        match world::aftermath(repo, &run)? {
            Aftermath::Lost if is_known && !is_driven => {
                let state = journal::load(repo, &run)?.state;
                let reason = state.why_it_waits(false).unwrap_or_default();
                return Ok(Some(format!("{}: {}", lost(&run, reason), judged(&run))));
            }
            Aftermath::Changed(mut found) => {
                found.retain(|one| !is_driven || !matches!(one.place, Place::Ref(_)));
                let reasons: Vec<String> = found.iter().map(|one| repo.said(one)).collect();
                if !reasons.is_empty() {
                    return Ok(Some(format!(
                        "while run `{run}` was driven, {}: `git enact doctor {run} --repair` puts that back, \
                         `git enact resume {run} --yes` takes it as it is",
                        world::listed(&reasons)
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Refuses what would have git run what may have been planted; `undone` says what was not done.
pub(super) fn refuse(repo: &Repo, undone: &str) -> Result<()> {
    match standing(repo)? {
        Some(why) => bail!("{undone}: {}", visible(&why)),
        None => Ok(()),
    }
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
