//! What follows a refused attempt: a retry, a status that needs a person, or a pause. Pure.

use super::event::{By, Event};
use super::evidence::{ClaimStatus, Reason, ReasonKind, Signal};
use super::policy::Policy;
use super::state::{AttemptState, TaskState};
use crate::plan::TaskId;

/// The event that follows when the newest attempt of `task` was refused or did not integrate. With `blocks`, what is
/// not proven stands in the way of everything else, as formats have it whose phases are complete or not.
pub(super) fn after_refusal(id: &TaskId, task: &TaskState, policy: &Policy, blocks: bool) -> Event {
    let id = id.clone();
    let verdict = task.verdict();
    if verdict.is_some_and(|verdict| verdict.accepted.is_some()) {
        return after_conflict(id, task, policy);
    }
    let reasons = verdict.map_or(&[][..], |verdict| &verdict.reasons);
    let has = |kind| reasons.iter().any(|reason| reason.kind == kind);
    let reason = joined(reasons);
    if has(ReasonKind::ClaimedKickback) {
        return kickback(id, task, reason);
    }
    if has(ReasonKind::RateLimited) {
        let claim = task.last().and_then(|last| last.claim.as_ref());
        return Event::Paused {
            task: Some(id),
            reason,
            until: claim.and_then(|claim| claim.until.clone()),
        };
    }
    if has(ReasonKind::ClaimedBlocked) {
        return Event::Blocked { task: id, reason };
    }
    if task.failures <= policy.retries {
        return Event::Retried {
            task: id,
            by: By::Policy,
            reason,
            words: String::new(),
            continues: false,
        };
    }
    if has(ReasonKind::TimedOut) || has(ReasonKind::Stalled) {
        let reason =
            format!("{reason}; split the task, raise the limit, or find out what it waited for");
        return Event::TimedOut { task: id, reason };
    }
    if blocks && !has(ReasonKind::ClaimedFailed) && !has(ReasonKind::Exit) {
        if reasons.iter().any(|reason| is_missing_proof(reason.kind)) {
            return Event::Blocked { task: id, reason };
        }
        let is_partial =
            |reason: &Reason| matches!(reason.kind, ReasonKind::Unmet | ReasonKind::ClaimedPartial);
        let partial = !reasons.is_empty() && reasons.iter().all(is_partial);
        return Event::Failed {
            task: id,
            reason,
            partial,
        };
    }
    failed(id, reason)
}

fn failed(task: TaskId, reason: String) -> Event {
    Event::Failed {
        task,
        reason,
        partial: false,
    }
}

/// Whether something that the task promises, or that must hold for all, does not stand.
fn is_missing_proof(kind: ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::MissingFile
            | ReasonKind::MissingDependency
            | ReasonKind::VerifyFailed
            | ReasonKind::Regressed
            | ReasonKind::QualityFailed
    )
}

/// The other's work stands; this task is tried again on the new base, within its own count.
fn after_conflict(id: TaskId, task: &TaskState, policy: &Policy) -> Event {
    let reason = task
        .last()
        .and_then(|last| last.aside.clone())
        .unwrap_or_default();
    if task.conflicts <= policy.conflict_retries {
        Event::Retried {
            task: id,
            by: By::Policy,
            reason,
            words: String::new(),
            continues: false,
        }
    } else {
        failed(id, reason)
    }
}

fn kickback(id: TaskId, task: &TaskState, reason: String) -> Event {
    let claim = task
        .last()
        .and_then(|last| last.claim.clone())
        .unwrap_or_default();
    debug_assert_eq!(
        claim.status,
        ClaimStatus::Kickback,
        "a kickback comes from a claim only"
    );
    Event::Kickback {
        task: id,
        attempt: task.attempts,
        signal: claim.signal.unwrap_or(Signal::MissingContext),
        reason: if claim.reason.is_empty() {
            reason
        } else {
            claim.reason
        },
        details: claim.details,
        recommendation: claim.recommendation,
        suggested_split: claim.suggested_split,
        left: task.last().and_then(AttemptState::left).map(str::to_owned),
    }
}

/// Every reason, as `status --json` shows them.
pub fn joined(reasons: &[Reason]) -> String {
    let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    texts.join("; ")
}
