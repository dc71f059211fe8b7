//! What going back has in common: what follows in the repository, and what is offered for the user's branch.

use anyhow::Result;

use super::Context;
use crate::crash;
use crate::git::{Identity, Oid, Repo};
use crate::history::offer::{self, Offer};
use crate::journal::{Clock, Journal, layout};
use crate::report;
use crate::report::clean::visible;
use crate::run::event::Recorded;
use crate::run::names;
use crate::run::state::State;
use crate::world;

/// The offer for the branch that the run of `state` landed on, when the run's branch goes to `to`.
pub(super) fn offer(journal: &Journal, state: &State, to: Oid, message: &str) -> Result<Offer> {
    let author: &Identity = journal.identity();
    let time = Clock::from_env()?.now();
    offer::prepare(journal.repo(), state, to, message, author, time)
}

/// The offered commit, for the record.
pub(super) fn offered(offer: &Offer) -> Option<String> {
    match offer {
        Offer::Commit(commit) => Some(commit.to_string()),
        Offer::None | Offer::Land | Offer::Conflict(_) => None,
    }
}

/// Moves the run's branch and rewrites the notes, once the event is on record.
pub(super) fn follow(
    repo: &Repo,
    journal: &Journal,
    state: &State,
    recorded: &Recorded,
) -> Result<()> {
    crash::step("decided");
    let branch = layout::integration_branch(&state.run.id);
    // It is on record; what only others look at is put right by the next resume.
    match world::project(repo, state, journal.identity()) {
        Ok(None) => {}
        Ok(Some(why)) => report::notice(&format!("note: {branch} {why} and is left there")),
        Err(error) => report::notice(&visible(&format!(
            "note: {branch} and the notes lag behind until the next `git enact resume`: {error:#}"
        ))),
    }
    journal.flush(state)?;
    crash::point("followed", recorded.event.name());
    Ok(())
}

/// Says what was done, and what can be done on the user's branch.
pub(super) fn tell(
    context: &Context,
    recorded: &Recorded,
    state: &State,
    offer: &Offer,
) -> Result<()> {
    if context.json {
        report::json_line(&serde_json::to_string(recorded)?);
        return Ok(());
    }
    if context.quiet {
        return Ok(());
    }
    let said = report::sentence::sentence(recorded, state).map(|(_, text)| text);
    report::line(&said.unwrap_or_default());
    // Going back does not take back that it landed.
    let landed = state.run.landed.as_ref();
    let branch = landed.map_or("", |landed| names::branch(&landed.branch));
    let run = &state.run.id;
    let what = match offer {
        Offer::None => return Ok(()),
        Offer::Land => format!("on {branch}, this takes it along:  git enact land {run}"),
        Offer::Commit(commit) => {
            format!("on {branch}, this takes it along:  git merge --ff-only {commit}")
        }
        Offer::Conflict(paths) => format!(
            "{branch} has changes of its own in {}: change it by hand",
            paths.join(", ")
        ),
    };
    report::notice(&visible(&format!("{branch} is as it landed; {what}")));
    Ok(())
}
