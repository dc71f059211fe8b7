//! Room on the disk: where there is none, nothing is begun, and nothing that failed is anybody's failure.

use std::path::Path;

use anyhow::Result;

use super::Local;
use super::ending::Particulars;
use super::slots::Slot;
use crate::process::storage::{NoRoom, Shortage};
use crate::run::event::Event;
use crate::run::evidence::{Claim, ClaimStatus};
use crate::run::policy::CommitMode;

impl Local {
    /// The pause that is to be recorded instead of another attempt, when there is no room for one.
    pub(super) fn want_of_room(&self) -> Option<Event> {
        let why = match self.no_room() {
            Some(no_room) => no_room.to_string(),
            None if self.live.is_starved() => "what an attempt left took all of it".to_owned(),
            None => return None,
        };
        let shortage = Shortage::Room;
        Some(Event::Paused {
            task: None,
            reason: format!(
                "{shortage}: {why}; {}, then `git enact resume {}`",
                shortage.remedy(),
                self.site.run
            ),
            until: None,
        })
    }

    /// Refuses to believe what commands say against a commit while the disk is full: they are run again.
    pub(super) fn distrust_for_room(&self, event: &Event) -> Result<()> {
        let refuses = match event {
            Event::Judged { verdict, .. } => verdict.accepted.is_none(),
            Event::Verified { passed, .. } => !passed,
            Event::Conflicted { paths, .. } => paths.is_empty(),
            _ => false,
        };
        match self.no_room().filter(|_| refuses) {
            Some(no_room) => Err(no_room.into()),
            None => Ok(()),
        }
    }

    fn no_room(&self) -> Option<NoRoom> {
        let places: [&Path; 2] = [self.site.repo.common_dir(), &self.site.worktrees];
        NoRoom::at(places)
    }
}

/// Whether an attempt for which there was no room has nothing to show: what it says of the task is worth nothing then.
pub(super) fn came_to_nothing(what: &Particulars, slot: &Slot, claim: &Claim) -> Result<bool> {
    Ok(match claim.status {
        ClaimStatus::Failed => true,
        // It says that it committed, and could not.
        ClaimStatus::Done => {
            what.commit == CommitMode::Executor && slot.repo.read(&what.branch)? == Some(what.base)
        }
        _ => false,
    })
}
