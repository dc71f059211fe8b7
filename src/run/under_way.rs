//! What a drive has begun and what has not come back. Known to the process that drives only: after a crash the
//! same action is simply asked for again.

use super::event::Event;
use super::schedule::Action;
use crate::plan::TaskId;

/// What was begun by this process and has not come back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum UnderWay {
    Attempt(TaskId),
    Judging(TaskId),
    Integrating(TaskId),
    Reverifying(TaskId),
    Researching(TaskId),
    Asking(TaskId),
    Verifying,
    Bisecting,
}

impl UnderWay {
    /// What `action` begins, when it takes its time.
    pub(super) fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Record(_) | Action::Finish => None,
            Action::Start { task, .. } => Some(UnderWay::Attempt(task.clone())),
            Action::Judge { task, .. } => Some(UnderWay::Judging(task.clone())),
            Action::Integrate { task, .. } => Some(UnderWay::Integrating(task.clone())),
            Action::Reverify { task, .. } => Some(UnderWay::Reverifying(task.clone())),
            Action::Research { task, .. } => Some(UnderWay::Researching(task.clone())),
            Action::Ask { task } => Some(UnderWay::Asking(task.clone())),
            Action::VerifyAll { .. } => Some(UnderWay::Verifying),
            Action::Bisect { .. } => Some(UnderWay::Bisecting),
        }
    }

    /// Whether `event` is what this was begun for.
    pub(super) fn ends_with(&self, event: &Event) -> bool {
        match (self, event) {
            (UnderWay::Verifying | UnderWay::Bisecting, Event::Verified { .. })
            | (UnderWay::Verifying | UnderWay::Asking(_), Event::Stopped { .. }) => true,
            (
                UnderWay::Attempt(task),
                Event::AttemptEnded { task: ended, .. }
                | Event::AttemptAbandoned { task: ended, .. },
            )
            | (
                UnderWay::Judging(task),
                Event::Judged { task: ended, .. } | Event::AttemptAbandoned { task: ended, .. },
            )
            | (UnderWay::Reverifying(task), Event::Judged { task: ended, .. })
            | (
                UnderWay::Researching(task),
                Event::Answered { task: ended, .. } | Event::Asked { task: ended, .. },
            )
            | (
                UnderWay::Integrating(task),
                Event::Integrated { task: ended, .. } | Event::Conflicted { task: ended, .. },
            )
            | (
                UnderWay::Asking(task),
                Event::Retried { task: ended, .. }
                | Event::Skipped { task: ended, .. }
                | Event::Answered { task: ended, .. },
            ) => task == ended,
            _ => false,
        }
    }
}
