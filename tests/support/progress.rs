//! What a run may have to say of the tasks of a plan.

use git_enact::plan::{Status, TaskId, TaskProgress};

/// Everywhere a task may stand.
pub(crate) const STATUSES: [Status; 8] = [
    Status::Pending,
    Status::InProgress,
    Status::Done,
    Status::Failed,
    Status::Partial,
    Status::Blocked,
    Status::Skipped,
    Status::TimedOut,
];

/// A task of which no more is known than where it stands.
pub(crate) fn told(id: &TaskId, title: &str, status: Status) -> TaskProgress {
    TaskProgress {
        id: id.clone(),
        title: title.to_owned(),
        status,
        is_untouched: false,
        commit: None,
        started_at: None,
        ended_at: None,
        millis: 0,
        attempts: 0,
        reason: None,
        last_step: None,
        summary: None,
        created: Vec::new(),
        modified: Vec::new(),
    }
}
