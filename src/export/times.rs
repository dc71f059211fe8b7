//! When each task began and was over, which the state of a run does not need and its plan's files want to say.

use std::collections::HashMap;

use crate::plan::TaskId;
use crate::run::event::{Event, Recorded};

/// A fold of the events for their times.
#[derive(Debug, Default)]
pub(super) struct Times {
    tasks: HashMap<TaskId, Span>,
    newest: String,
}

#[derive(Debug, Default)]
struct Span {
    began: Option<String>,
    ended: Option<String>,
}

impl Times {
    pub(super) fn hear(&mut self, recorded: &Recorded) {
        // What happens to no task changes nothing of what is said: an export after a landing says what was landed.
        if self.newest.is_empty() || recorded.event.task().is_some() {
            self.newest.clone_from(&recorded.at);
        }
        let Some(task) = recorded.event.task() else {
            return;
        };
        let span = self.tasks.entry(task.clone()).or_default();
        let at = Some(recorded.at.clone());
        match recorded.event {
            Event::AttemptStarted { .. } => {
                *span = Span {
                    began: at,
                    ended: None,
                }
            }
            Event::Integrated { .. }
            | Event::Failed { .. }
            | Event::Blocked { .. }
            | Event::TimedOut { .. }
            | Event::Kickback { .. }
            | Event::Skipped { .. } => span.ended = at,
            Event::Retried { .. } | Event::Reverted { .. } => *span = Span::default(),
            _ => {}
        }
    }

    /// When something last happened to a task, or else the run began.
    pub(super) fn newest(&self) -> &str {
        &self.newest
    }

    /// Whether anything ever happened to a task, be it undone since.
    pub(super) fn is_known(&self, task: &TaskId) -> bool {
        self.tasks.contains_key(task)
    }

    /// When the newest attempt of a task began.
    pub(super) fn began(&self, task: &TaskId) -> Option<String> {
        self.tasks.get(task)?.began.clone()
    }

    /// When it was over.
    pub(super) fn ended(&self, task: &TaskId) -> Option<String> {
        self.tasks.get(task)?.ended.clone()
    }
}
