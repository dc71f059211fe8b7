//! One commit on the run's branch that says in the plan's own files how far the run came, made when it ends.
//!
//! The files are those of the branch, in a worktree of their own: what a person has in the checkout is none of its
//! business. Until the end of the run is recorded with it, nobody names the commit.

use anyhow::Result;

use super::Local;
use crate::crash;
use crate::export::Exporter;
use crate::git::Message;
use crate::journal::{Clock, codec};
use crate::plan;
use crate::run::event::Event;
use crate::run::state::State;

/// Why a run that was to end with a commit ends without one.
const NOTHING_TO_SAY: &str = "note: no commit says how far the run came: the plan's files on its branch say so already, have no place to say it, or are ignored by git";

impl Local {
    /// The event that ends the run, with the commit if there is something to say.
    pub(super) fn finish(&mut self, state: &State) -> Result<Event> {
        let progress = match self.approved.policy().commit_progress {
            true => self.commit_progress(state)?,
            false => None,
        };
        Ok(Event::Finished { progress })
    }

    fn commit_progress(&self, state: &State) -> Result<Option<String>> {
        let repo = &self.site.repo;
        let place = self.site.worktrees.join("progress");
        let tip = repo.oid(&state.run.tip)?;
        let reason = format!("run {}: progress in the plan's files", self.site.run);
        let mut worktree = repo.create_worktree(&place, &reason, tip)?;
        let plan = place.join(&state.run.plan_path);
        let plan = plan::place_now(state.graph().plan().dialect, plan);
        let mut commit = None;
        if plan.starts_with(&place) && plan.exists() {
            let mut exporter = Exporter::within(repo.reopen()?, &self.site.run, plan, &place)?;
            match exporter.export_at_end(state)? {
                Ok(written) => {
                    for why in written.refused {
                        (self.site.tell)(&format!("warning: {why}"));
                    }
                    let subject = plan::progress_message(state.graph().plan());
                    let subject = codec::subject_text(&subject);
                    let text = format!("{subject}\n\nRun: {}\n", self.site.run);
                    let message = Message {
                        text: &text,
                        author: &self.site.identity,
                        time: Clock::from_env()?.now(),
                    };
                    commit = worktree.salvage(repo, tip, &[], message)?;
                    if commit.is_none() {
                        (self.site.tell)(NOTHING_TO_SAY);
                    }
                }
                Err(faults) => {
                    let first = faults.faults.first().map(|fault| fault.message.as_str());
                    let why = first.unwrap_or("it cannot be read");
                    (self.site.tell)(&format!(
                        "warning: the plan's files stay as they are: {why}"
                    ));
                }
            }
        } else {
            let plan = &state.run.plan_path;
            (self.site.tell)(&format!(
                "warning: `{plan}` is not on the run's branch, so no commit there says how far the run came"
            ));
        }
        crash::step("progress-committed");
        repo.remove_worktree(&place)?;
        Ok(commit.map(|commit| commit.to_string()))
    }
}
