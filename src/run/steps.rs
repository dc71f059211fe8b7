//! What an event does to the task that it concerns, besides its place in the transition table.

use super::event::{Event, Residue};
use super::evidence::{Claim, ClaimStatus, Outcome, ReasonKind, Usage, Verdict};
use super::proof::Proof;
use super::state::{AttemptState, Merged, Phase, TaskState};

impl Phase {
    /// A kickback is never met with the same input again: it takes words.
    pub(super) fn may_be_retried(&self, words: &str) -> bool {
        match self {
            Phase::Failed | Phase::Partial | Phase::TimedOut => true,
            Phase::Blocked | Phase::Skipped => true,
            Phase::InReview | Phase::Stale | Phase::Reverted | Phase::LeftOut => true,
            Phase::Kickback => !words.is_empty(),
            _ => false,
        }
    }

    pub(super) fn may_be_skipped(&self) -> bool {
        matches!(
            self,
            Phase::Pending
                | Phase::InReview
                | Phase::Failed
                | Phase::Partial
                | Phase::TimedOut
                | Phase::Blocked
                | Phase::Kickback
        )
    }
}

impl TaskState {
    pub(super) fn begin(&mut self, attempt: u32, slot: u32, base: &str, executor: Option<&str>) {
        self.phase = Phase::Attempting(slot);
        self.attempts = attempt;
        self.history
            .push(AttemptState::begun(attempt, base, executor));
    }

    pub(super) fn end(&mut self, event: &Event, seq: u64) {
        let Some(last) = self.last_mut() else { return };
        last.ended_seq = seq;
        match event {
            Event::AttemptEnded {
                outcome,
                claim,
                tip,
                salvage,
                residue,
                usage,
                millis,
                committed_by_tool,
                ..
            } => {
                last.committed_by_tool = *committed_by_tool;
                last.outcome = Some(*outcome);
                last.claim = Some(claim.clone());
                last.tip.clone_from(tip);
                last.salvage.clone_from(salvage);
                last.residue = residue.clone();
                last.usage = usage.clone();
                last.millis += millis;
            }
            Event::AttemptAbandoned {
                tip,
                salvage,
                reason,
                ..
            } => {
                last.tip.clone_from(tip);
                last.salvage.clone_from(salvage);
                last.aside = Some(reason.clone());
            }
            _ => {}
        }
    }

    pub(super) fn judge(&mut self, verdict: &Verdict, millis: u64) {
        let waits = verdict
            .reasons
            .iter()
            .any(|reason| reason.kind == ReasonKind::RateLimited);
        if verdict.accepted.is_none() && !waits {
            self.failures += 1;
        }
        if let Some(last) = self.last_mut() {
            last.verdict = Some(verdict.clone());
            last.millis += millis;
        }
    }

    pub(super) fn set_aside(&mut self, reason: &str) {
        if let Some(last) = self.last_mut() {
            last.aside = Some(reason.to_owned());
        }
    }

    pub(super) fn fall(&mut self, phase: Phase, reason: &str) {
        self.phase = phase;
        self.reason = Some(reason.to_owned());
    }

    /// Notes what it brought to the run's branch.
    pub(super) fn merge(&mut self, seq: u64, commit: &str, onto: &str, proofs: &[Proof]) {
        let base = self.last().map(|last| last.base.clone());
        if let Some(last) = self.last_mut() {
            last.integrated = true;
            last.proofs.extend_from_slice(proofs);
        }
        self.merged.push(Merged {
            seq,
            base: base.unwrap_or_default(),
            commit: commit.to_owned(),
            onto: onto.to_owned(),
        });
        self.commit = Some(commit.to_owned());
        self.reason = None;
    }

    /// Notes that the commit `by` took it off the run's branch again; returns what it had brought there.
    pub(super) fn undo(&mut self, by: &str, words: &str) -> Vec<Merged> {
        let why = match words.trim() {
            "" => String::new(),
            words => format!(": {words}"),
        };
        self.set_aside(&format!("it was integrated, and undone by a person{why}"));
        self.fall(Phase::Reverted, &format!("undone by {by}"));
        self.commit = None;
        self.decided();
        std::mem::take(&mut self.merged)
    }

    /// What it integrated was looked at again on a newer tree: it holds, or the task is done anew.
    pub(super) fn prove_again(&mut self, verdict: &Verdict) {
        self.reason = None;
        self.decided();
        if let Some(last) = self.last_mut() {
            last.proofs.extend_from_slice(&verdict.proofs);
        }
        if verdict.accepted.is_some() {
            self.phase = Phase::Done;
            return;
        }
        self.phase = Phase::Pending;
        let reasons = super::decide::joined(&verdict.reasons);
        self.set_aside(&format!(
            "what it did stands on the branch, and no longer holds since something it needs was undone: {reasons}"
        ));
    }

    pub(super) fn await_review(&mut self) {
        if self.phase == Phase::InReview {
            self.reason = Some(format!("attempt {} waits for review", self.attempts));
        }
    }

    pub(super) fn reopen(&mut self, words: &str) {
        self.phase = Phase::Pending;
        self.reason = None;
        self.decided();
        if !words.is_empty() {
            self.words.push(words.to_owned());
        }
    }

    /// Whether its newest claim was a KICKBACK.
    pub fn kicked_back(&self) -> bool {
        let claim = self.last().and_then(|last| last.claim.as_ref());
        claim.is_some_and(|claim| claim.status == ClaimStatus::Kickback)
    }
}

impl AttemptState {
    /// What its executor said; nothing when a hook kept it from starting.
    pub fn said(&self) -> Option<&Claim> {
        let was_asked = self.outcome != Some(Outcome::Vetoed);
        self.claim.as_ref().filter(|_| was_asked)
    }

    /// What it left: its salvage, which stands on its tip, else the tip of its branch.
    pub fn left(&self) -> Option<&str> {
        self.salvage.as_deref().or(self.tip.as_deref())
    }

    /// Whether it was judged, and not good.
    pub fn is_refused(&self) -> bool {
        let verdict = self.verdict.as_ref();
        verdict.is_some_and(|verdict| verdict.accepted.is_none())
    }

    pub(super) fn begun(number: u32, base: &str, executor: Option<&str>) -> Self {
        Self {
            number,
            base: base.to_owned(),
            executor: executor.map(str::to_owned),
            outcome: None,
            claim: None,
            tip: None,
            salvage: None,
            committed_by_tool: false,
            residue: Residue::default(),
            usage: Usage::default(),
            verdict: None,
            proofs: Vec::new(),
            aside: None,
            integrated: false,
            millis: 0,
            ended_seq: 0,
        }
    }
}
