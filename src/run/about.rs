//! What every event can be asked: its name, the task and attempt it is about, the commits that it keeps
//! reachable, and whether losing it would lose something. What an event means for a run is not told here.

use super::event::{By, Event};
use crate::plan::TaskId;

impl Event {
    /// The name in the `Event` trailer and in stored records.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Started { .. } => "started",
            Event::Resumed { .. } => "resumed",
            Event::AttemptStarted { .. } => "attempt-started",
            Event::AttemptEnded { .. } => "attempt-ended",
            Event::AttemptAbandoned { .. } => "attempt-abandoned",
            Event::Judged { .. } => "judged",
            Event::Integrated { .. } => "integrated",
            Event::Conflicted { .. } => "conflicted",
            Event::Failed { .. } => "failed",
            Event::Asked { .. } => "asked",
            Event::Kickback { .. } => "kickback",
            Event::Blocked { .. } => "blocked",
            Event::TimedOut { .. } => "timed-out",
            Event::Skipped { .. } => "skipped",
            Event::Retried { .. } => "retried",
            Event::Answered { .. } => "answered",
            Event::Reviewed { .. } => "reviewed",
            Event::Reverted { .. } => "reverted",
            Event::RolledBack { .. } => "rolled-back",
            Event::Replanned { .. } => "replanned",
            Event::Paused { .. } => "paused",
            Event::Stopped { .. } => "stopped",
            Event::Verified { .. } => "verified",
            Event::Quarantined { .. } => "quarantined",
            Event::Landed { .. } => "landed",
            Event::Finished { .. } => "finished",
        }
    }

    /// Every name, for the crash points and the tests that must not forget one.
    pub const NAMES: [&'static str; 26] = [
        "started",
        "resumed",
        "attempt-started",
        "attempt-ended",
        "attempt-abandoned",
        "judged",
        "integrated",
        "conflicted",
        "failed",
        "asked",
        "kickback",
        "blocked",
        "timed-out",
        "skipped",
        "retried",
        "answered",
        "reviewed",
        "reverted",
        "rolled-back",
        "replanned",
        "paused",
        "stopped",
        "verified",
        "quarantined",
        "landed",
        "finished",
    ];

    /// The task it concerns, if it concerns one.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Event::AttemptStarted { task, .. }
            | Event::AttemptEnded { task, .. }
            | Event::AttemptAbandoned { task, .. }
            | Event::Judged { task, .. }
            | Event::Integrated { task, .. }
            | Event::Conflicted { task, .. }
            | Event::Failed { task, .. }
            | Event::Asked { task, .. }
            | Event::Kickback { task, .. }
            | Event::Blocked { task, .. }
            | Event::TimedOut { task, .. }
            | Event::Skipped { task, .. }
            | Event::Retried { task, .. }
            | Event::Answered { task, .. }
            | Event::Reviewed { task, .. }
            | Event::Reverted { task, .. } => Some(task),
            Event::Paused { task, .. } => task.as_ref(),
            Event::Replanned { fix, .. } => fix.as_ref().map(|fix| &fix.task),
            Event::Started { .. }
            | Event::Resumed { .. }
            | Event::RolledBack { .. }
            | Event::Stopped { .. }
            | Event::Verified { .. }
            | Event::Quarantined { .. }
            | Event::Landed { .. }
            | Event::Finished { .. } => None,
        }
    }

    /// The attempt it concerns, if it concerns one.
    pub fn attempt(&self) -> Option<u32> {
        match self {
            Event::AttemptStarted { attempt, .. }
            | Event::AttemptEnded { attempt, .. }
            | Event::AttemptAbandoned { attempt, .. }
            | Event::Judged { attempt, .. }
            | Event::Integrated { attempt, .. }
            | Event::Conflicted { attempt, .. }
            | Event::Kickback { attempt, .. }
            | Event::Reviewed { attempt, .. } => Some(*attempt),
            _ => None,
        }
    }

    /// The commits that must stay reachable because the event speaks of them, the main one first.
    pub fn pins(&self) -> Vec<&str> {
        let mut pins: Vec<&str> = match self {
            Event::Started { base, .. } => vec![base],
            Event::AttemptEnded {
                tip,
                salvage,
                strays,
                ..
            } => tip
                .iter()
                .chain(salvage)
                .chain(strays)
                .map(String::as_str)
                .collect(),
            Event::AttemptAbandoned { tip, salvage, .. } => {
                tip.iter().chain(salvage).map(String::as_str).collect()
            }
            Event::Integrated { commit, tip, .. } => vec![commit, tip],
            Event::Conflicted { commit, .. } => vec![commit],
            Event::Kickback { left, .. } => left.iter().map(String::as_str).collect(),
            Event::Quarantined { left, .. } => left.iter().map(String::as_str).collect(),
            Event::Reverted { tip, offer, .. } => {
                [tip].into_iter().chain(offer).map(String::as_str).collect()
            }
            Event::RolledBack { from, offer, .. } => [from]
                .into_iter()
                .chain(offer)
                .map(String::as_str)
                .collect(),
            Event::Landed { to, .. } => vec![to],
            Event::Finished { progress } => progress.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        pins.dedup();
        pins
    }

    /// Whether the state after it is more than a fold of the state before: the journal keeps that one whole.
    pub fn is_turn(&self) -> bool {
        matches!(
            self,
            Event::RolledBack { .. } | Event::Replanned { fix: None, .. }
        )
    }

    /// Whether losing it would lose work or a decision: the journal puts a barrier before it.
    pub fn is_durable(&self) -> bool {
        matches!(
            self,
            Event::Started { .. }
                | Event::Integrated { .. }
                | Event::Answered { .. }
                | Event::Reviewed { .. }
                | Event::Reverted { .. }
                | Event::RolledBack { .. }
                | Event::Replanned { .. }
                | Event::Quarantined { .. }
                | Event::Skipped { by: By::Person, .. }
                | Event::Retried { by: By::Person, .. }
                | Event::Landed { .. }
                | Event::Finished { progress: Some(_) }
        )
    }
}
