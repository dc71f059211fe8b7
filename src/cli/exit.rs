//! Exit statuses: the one table (contract, Exit status).

use std::process::ExitCode;

use crate::run::engine::Ended;
use crate::run::state::State;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done, or nothing to do.
    Done = 0,
    /// The run ended with tasks that are not done, or its final verification failed; an examination found
    /// something.
    Incomplete = 1,
    /// Usage, a bad plan, bad configuration, no repository, not approved: nothing was created.
    Refused = 2,
    /// A person is needed.
    NeedsPerson = 3,
    /// Paused or stopped, resumable.
    Paused = 4,
    /// Another process drives this run.
    Held = 5,
    /// Interrupted by a signal, resumable.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// The status of a drive that ended so.
    pub fn of(ended: Ended, state: &State, interrupted: bool) -> Self {
        match ended {
            Ended::Finished if state.status(false) == "complete" => Exit::Done,
            Ended::Finished => Exit::Incomplete,
            Ended::NeedsPerson | Ended::Quarantined => Exit::NeedsPerson,
            Ended::Stopped if interrupted => Exit::Interrupted,
            Ended::Paused | Ended::Stopped => Exit::Paused,
        }
    }
}
