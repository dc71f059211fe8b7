//! Where a task stands in one word, and how many stand where: the contract's names.

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use super::state::Phase;

/// Where a task stands, as users see it; the names are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not begun.
    Pending,
    /// Attempted, judged or integrated right now.
    Running,
    /// Integrated, or done before.
    Done,
    /// Failed for good.
    Failed,
    /// Proven in part.
    Partial,
    /// Something outside stands in its way.
    Blocked,
    /// Accepted, and a person is to look at it first; blocked by name.
    InReview,
    /// The plan is wrong, its executor says.
    Kickback,
    /// Out of time for good.
    TimedOut,
    /// Left out by decision.
    Skipped,
    /// Not selected for this run; users see it as skipped, dependents as done.
    LeftOut,
    /// A need of it failed or was skipped.
    Held,
    /// Integrated, but a need of it was reverted since.
    Stale,
    /// Undone by a later commit.
    Reverted,
}

/// How many tasks stand where; the names are the contract's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the statuses")]
pub struct Counts {
    pub total: usize,
    pub pending: usize,
    pub running: usize,
    pub done: usize,
    pub failed: usize,
    pub blocked: usize,
    pub partial: usize,
    pub kickback: usize,
    pub timed_out: usize,
    pub skipped: usize,
    pub held: usize,
    pub stale: usize,
    pub reverted: usize,
}

impl Phase {
    pub(super) fn standing(&self) -> Standing {
        match self {
            Phase::Pending => Standing::Pending,
            Phase::Attempting(_) | Phase::Ended(_) | Phase::Accepted(_) | Phase::Refused => {
                Standing::Running
            }
            Phase::Done => Standing::Done,
            Phase::Failed => Standing::Failed,
            Phase::Partial => Standing::Partial,
            Phase::TimedOut => Standing::TimedOut,
            Phase::Blocked => Standing::Blocked,
            Phase::Kickback => Standing::Kickback,
            Phase::Skipped => Standing::Skipped,
            Phase::LeftOut => Standing::LeftOut,
            Phase::InReview => Standing::InReview,
            Phase::Stale => Standing::Stale,
            Phase::Reverted => Standing::Reverted,
        }
    }
}

impl Standing {
    /// The name in JSON and in notes.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Pending => "pending",
            Standing::Running => "running",
            Standing::Done => "done",
            Standing::Failed => "failed",
            Standing::Partial => "partial",
            Standing::Blocked | Standing::InReview => "blocked",
            Standing::Kickback => "kickback",
            Standing::TimedOut => "timed_out",
            Standing::Skipped | Standing::LeftOut => "skipped",
            Standing::Held => "held",
            Standing::Stale => "stale",
            Standing::Reverted => "reverted",
        }
    }

    /// What people are told, who do not have to know the names: that nothing stands in the way but their own look.
    pub fn words(self) -> &'static str {
        match self {
            Standing::InReview => "waits for review",
            other => other.name(),
        }
    }

    /// Whether those that need it may start. What a person took out of the run holds nobody: it was shown to
    /// them who needs it.
    pub(crate) fn satisfies(self) -> bool {
        matches!(
            self,
            Standing::Done | Standing::LeftOut | Standing::Reverted
        )
    }

    /// Whether those that need it are held.
    pub(crate) fn has_fallen(self) -> bool {
        matches!(
            self,
            Standing::Failed
                | Standing::Partial
                | Standing::TimedOut
                | Standing::Skipped
                | Standing::Held
        )
    }

    /// Whether those that only come after it may start.
    pub(crate) fn is_settled(self) -> bool {
        self.satisfies() || self.has_fallen() || self == Standing::Stale
    }

    /// Whether a person should look at it.
    pub(crate) fn wants_attention(self) -> bool {
        self.has_fallen()
            || matches!(
                self,
                Standing::Blocked
                    | Standing::InReview
                    | Standing::Kickback
                    | Standing::Stale
                    | Standing::Reverted
            )
    }
}

impl Counts {
    /// Writes what is not zero: in a journal the zeros would be most of the lines.
    pub(crate) fn without_zeros<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = serde_json::to_value(self).map_err(S::Error::custom)?;
        let counted = all.as_object().into_iter().flatten();
        serializer.collect_map(counted.filter(|(_, count)| count.as_u64() != Some(0)))
    }

    pub(crate) fn slot(&mut self, standing: Standing) -> &mut usize {
        match standing {
            Standing::Pending => &mut self.pending,
            Standing::Running => &mut self.running,
            Standing::Done => &mut self.done,
            Standing::Failed => &mut self.failed,
            Standing::Partial => &mut self.partial,
            Standing::Blocked | Standing::InReview => &mut self.blocked,
            Standing::Kickback => &mut self.kickback,
            Standing::TimedOut => &mut self.timed_out,
            Standing::Skipped | Standing::LeftOut => &mut self.skipped,
            Standing::Held => &mut self.held,
            Standing::Stale => &mut self.stale,
            Standing::Reverted => &mut self.reverted,
        }
    }
}
