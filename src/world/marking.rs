//! One commit on the run's branch that says in the plan's own files how far the run came, made when it ends.
//! A task that is undone afterwards has its marks opened again by the commit that undoes it.
//!
//! The files are those of the branch, in a worktree of their own: what a person has in the checkout is none of its
//! business. Until the end of the run is recorded with it, nobody names the commit.

use anyhow::Result;

use super::{Local, Site};
use crate::crash;
use crate::export::Exporter;
use crate::git::{Message, Oid};
use crate::journal::{Clock, codec};
use crate::plan;
use crate::run::event::Event;
use crate::run::state::State;

/// Why a run that was to end with a commit ends without one.
const NOTHING_TO_SAY: &str = "note: no commit says how far the run came: the plan's files on its branch say so already, have no place to say it, or are ignored by git";

/// What came of saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// This commit says it.
    Commit(Oid),
    /// Nothing is to be said, or nowhere.
    Already,
    /// The plan is not there, or cannot be read; that was told.
    Not,
}

impl Local {
    /// The event that ends the run, with the commit if there is something to say.
    pub(super) fn finish(&mut self, state: &State) -> Result<Event> {
        let progress = match self.approved.policy().commit_progress {
            true => Some(commit_progress(&self.site, state, true)?),
            false => None,
        };
        if progress == Some(Said::Already) {
            (self.site.tell)(NOTHING_TO_SAY);
        }
        Ok(Event::Finished {
            progress: match progress {
                Some(Said::Commit(commit)) => Some(commit.to_string()),
                _ => None,
            },
        })
    }
}

/// A commit on the newest one of `state` in which the plan's files say how far it is; `over` when the run ends with it.
pub fn commit_progress(site: &Site, state: &State, over: bool) -> Result<Said> {
    let repo = &site.repo;
    let place = site.worktrees.join("progress");
    let tip = repo.oid(&state.run.tip)?;
    let reason = format!("run {}: progress in the plan's files", site.run);
    let mut worktree = repo.create_worktree(&place, &reason, tip)?;
    let plan = place.join(&state.run.plan_path);
    let plan = plan::place_now(state.graph().plan().dialect, plan);
    let mut said = Said::Not;
    if plan.starts_with(&place) && plan.exists() {
        let mut exporter = Exporter::within(repo.reopen()?, &site.run, plan, &place)?;
        let exported = match over {
            true => exporter.export_at_end(state)?,
            false => exporter.export(state)?,
        };
        match exported {
            Ok(written) => {
                for why in written.refused {
                    (site.tell)(&format!("warning: {why}"));
                }
                let subject = plan::progress_message(state.graph().plan());
                let subject = codec::subject_text(&subject);
                let text = format!("{subject}\n\nRun: {}\n", site.run);
                let message = Message {
                    text: &text,
                    author: &site.identity,
                    time: Clock::from_env()?.now(),
                };
                let commit = worktree.salvage(repo, tip, &[], message)?;
                said = commit.map_or(Said::Already, Said::Commit);
            }
            Err(faults) => {
                let first = faults.faults.first().map(|fault| fault.message.as_str());
                let why = first.unwrap_or("it cannot be read");
                (site.tell)(&format!(
                    "warning: the plan's files stay as they are: {why}"
                ));
            }
        }
    } else {
        let plan = &state.run.plan_path;
        (site.tell)(&format!(
            "warning: `{plan}` is not on the run's branch, so no commit there says how far the run came"
        ));
    }
    crash::step("progress-committed");
    repo.remove_worktree(&place)?;
    Ok(said)
}
