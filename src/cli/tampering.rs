//! What was changed in the repository, or in the journal, while a run was driven: shown, put back or accepted.

use anyhow::{Error, Result};

use super::{asking, record_decision};
use crate::git::{Oid, Repo};
use crate::journal::{Displaced, Journal};
use crate::report::{self, clean::visible};
use crate::run::engine::{Sink, record};
use crate::run::event::Event;
use crate::run::names::short;
use crate::run::state::{Drive, State};
use crate::world;

/// Whether a run may be driven again, as far as its repository goes, and what a person decided about that.
pub(super) enum Passed {
    /// Nothing of it is changed any more, or ever was.
    AsItWas,
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
    let found = world::tampered(repo, &run)?;
    // Nothing ran any more once it had finished.
    if found.is_empty() || state.run.drive == Drive::Finished {
        world::accept(repo, &run);
        return Ok(Passed::AsItWas);
    }
    let lines = found.iter().flat_map(|one| world::detailed(repo, one));
    lines.for_each(|line| report::notice(&visible(&line)));
    let is_known = matches!(state.run.drive, Drive::Quarantined(_));
    if !is_known {
        let reasons: Vec<String> = found.iter().map(|one| repo.said(one)).collect();
        let reason = world::listed(&reasons);
        let left = Vec::new();
        record_decision(journal, state, Event::Quarantined { reason, left })?;
    } else if yes || (asking::is_possible() && asking::confirm("Take it as it is and go on?")) {
        world::accept(repo, &run);
        report::notice("accepted: the repository is taken as it is");
        return Ok(Passed::Accepted);
    }
    report::notice(&visible(&format!(
        "error: the repository of run `{run}` was changed while it was driven: put that back with \
         `git enact doctor {run} --repair`, or take it as it is with `git enact resume {run} --yes`"
    )));
    Ok(Passed::No)
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
