//! Where a run and each of its tasks stand: what the events fold into.
//!
//! [`State::apply`] (in `fold`) is the only way a run changes: one `match` over where a task stands and
//! what happened; whatever has no row there is refused with both sides named. State knows no clock, no
//! git and no files; what can be derived from it quickly is kept in `frontier`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::budget::Spent;
use super::event::Residue;
use super::evidence::{Claim, Outcome, Signal, Usage, Verdict};
use super::frontier::Frontier;
use super::policy::Policy;
use super::proof::Proof;
pub use super::standing::{Counts, Standing};
pub use super::summary::Headline;
pub use super::whole::FinalVerdict;
use super::whole::{Blame, Fix};
use crate::graph::Graph;
use crate::plan::{Selection, TaskId};

/// Where a run and each of its tasks stand.
#[derive(Debug, Clone)]
pub struct State {
    /// What concerns the run as a whole.
    pub run: RunState,
    /// The plan, and behind it the tasks that the run gave itself.
    pub(super) graph: Arc<Graph>,
    pub(super) authored: Arc<Graph>,
    pub(super) tasks: Vec<TaskState>,
    pub(super) frontier: Frontier,
}

/// What concerns a run as a whole; stored in snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The run's id.
    pub id: String,
    /// The commit it started from.
    pub base: String,
    /// The newest commit of the run's branch.
    pub tip: String,
    /// Sha-256 of the plan as it was read.
    pub plan_hash: String,
    /// How the user named the plan, relative to the repository.
    pub plan_path: String,
    /// Everything that decides how the run goes on.
    pub policy: Policy,
    /// Whether it is being driven, as far as the journal knows.
    pub drive: Drive,
    /// The number of the newest event.
    pub seq: u64,
    /// When it started, as RFC 3339.
    pub started_at: String,
    /// When the newest event was recorded.
    pub updated_at: String,
    /// The newest final verification, and the commit it was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<FinalVerdict>,
    /// Who broke the whole, as an earlier drive found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
    /// The tasks that the run gave itself to mend the whole, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
    /// Where the run landed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Landed>,
    /// The earliest integration that was undone since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Merged>,
    /// How long it was driven, in milliseconds.
    #[serde(default)]
    pub driven_ms: u64,
    /// What it has used up of its limits.
    #[serde(default, skip_serializing_if = "Spent::is_nothing")]
    pub spent: Spent,
    /// How many attempts those tasks had that the plan has no more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<TaskId, u32>,
}

/// A landing of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// The user's branch, in full.
    pub branch: String,
    /// Its commit afterwards.
    pub to: String,
    /// The commit of the run's branch that was landed.
    pub tip: String,
}

/// Whether a run is being driven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drive {
    /// A process drives it, or died doing so.
    Running,
    /// It waits: why, and until when if that is known.
    Paused(String, Option<String>),
    /// It was asked to stop: why.
    Stopped(String),
    /// What only we may change was changed: what.
    Quarantined(String),
    /// Nothing was left to do.
    Finished,
}

/// Where one task stands; stored in snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    /// Where it is on its way.
    pub phase: Phase,
    /// The number of its newest attempt; 0 before the first.
    #[serde(default)]
    pub attempts: u32,
    /// The highest number that an attempt of it had before the run went back; none is used twice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub used: u32,
    /// Attempts that count against the retries, since a person last decided.
    #[serde(default)]
    pub failures: u32,
    /// Conflicts on integration, since a person last decided.
    #[serde(default)]
    pub conflicts: u32,
    /// Whether a person was asked and has not decided.
    #[serde(default)]
    pub asked: bool,
    /// The executor's commit, once integrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What it brought to the run's branch and was not undone since, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// Why it stands where it stands, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A person's words for the next attempts, verbatim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Whether the next attempt starts from what the last one left.
    #[serde(default)]
    pub continues: bool,
    /// What is known of each attempt, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<AttemptState>,
}

/// One integration of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The number of the event, which gives the order on the run's branch.
    pub seq: u64,
    /// What the attempt started from.
    pub base: String,
    /// The executor's commit.
    pub commit: String,
    /// What the run's branch was before.
    pub onto: String,
}

/// Where a task is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not begun, or to be begun again.
    Pending,
    /// An attempt runs in this slot.
    Attempting(u32),
    /// Its process ended in this slot; it is to be judged.
    Ended(u32),
    /// Judged good in this slot; to be integrated.
    Accepted(u32),
    /// Judged good; a person is to look at it before it is integrated.
    InReview,
    /// Judged bad, or in conflict; what follows is to be decided.
    Refused,
    /// Integrated, or done before this run.
    Done,
    /// Failed for good, unless a person decides otherwise.
    Failed,
    /// Proven in part: a criterion is unmet, and nothing else. A person decides, as of what failed.
    Partial,
    /// Reached a time limit for good.
    TimedOut,
    /// Something outside stands in its way.
    Blocked,
    /// Its executor says that the plan is wrong.
    Kickback,
    /// Left out by decision.
    Skipped,
    /// Left out of this run by what the user selected, or done elsewhere: its dependents go on.
    LeftOut,
    /// Integrated, but a need of it was reverted since; it is to be proven again.
    Stale,
    /// Undone by a later commit.
    Reverted,
}

/// Where what holds no slot of its own is proven, one at a time.
pub const NO_SLOT: u32 = 0;

/// What is known of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptState {
    /// Its number within the task.
    pub number: u32,
    /// The commit it started from.
    pub base: String,
    /// Who makes it, where that is not the run's own executor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// How its process ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the executor said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The tip of the task branch, when it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<String>,
    /// What it left uncommitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvage: Option<String>,
    /// Whether the tool made the commit for the executor.
    #[serde(default)]
    pub committed_by_tool: bool,
    /// What was observed of its worktree.
    #[serde(default)]
    pub residue: Residue,
    /// What it used up, as far as its executor tells.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// What judging concluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What passed after it was judged: when it was merged, or proven again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// Why it did not count, or did not fit: abandoned, in conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<String>,
    /// Whether its commit was brought onto the run's branch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub integrated: bool,
    /// How long it ran and was judged.
    #[serde(default)]
    pub millis: u64,
    /// The event that ended it, whose checkpoint holds its output.
    #[serde(default)]
    pub ended_seq: u64,
}

/// An event that does not fit where things stand; a journal that holds one was tampered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illegal {
    /// What happened.
    pub event: &'static str,
    /// What it met.
    pub standing: String,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot happen when {}", self.event, self.standing)
    }
}

impl std::error::Error for Illegal {}

impl RunState {
    /// The run's branch got a commit that says how far the run came, and changes nothing else: what was proven
    /// before it is proven.
    pub(super) fn mark_progress(&mut self, commit: &str) {
        if let Some(verdict) = self
            .verified
            .as_mut()
            .filter(|verdict| verdict.commit == self.tip)
        {
            commit.clone_into(&mut verdict.commit);
        }
        commit.clone_into(&mut self.tip);
    }
}

impl Phase {
    /// The slot whose worktree it occupies.
    pub fn slot(&self) -> Option<u32> {
        match self {
            Phase::Attempting(slot) | Phase::Ended(slot) | Phase::Accepted(slot) => Some(*slot),
            _ => None,
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl TaskState {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Pending,
            attempts: 0,
            used: 0,
            failures: 0,
            conflicts: 0,
            asked: false,
            commit: None,
            merged: Vec::new(),
            reason: None,
            words: Vec::new(),
            continues: false,
            history: Vec::new(),
        }
    }

    /// A task that was asked for otherwise before: its attempts count on, and nothing of them is decided.
    pub fn renewed(earlier: &Self) -> Self {
        Self {
            attempts: earlier.attempts,
            used: earlier.used,
            history: earlier.history.clone(),
            ..Self::new()
        }
    }

    /// A task that the plan had once, and then not any more.
    pub fn returned(used: u32) -> Self {
        Self {
            used,
            ..Self::new()
        }
    }

    /// The plan around it is another one, which is what it asked for.
    pub fn release(&mut self) {
        self.phase = Phase::Pending;
        self.reason = None;
        self.decided();
    }

    /// The highest number that any attempt of it ever had.
    pub fn newest_number(&self) -> u32 {
        self.attempts.max(self.used)
    }

    /// The newest attempt.
    pub fn last(&self) -> Option<&AttemptState> {
        self.history.last()
    }

    /// What was found of the newest attempt, once it was judged.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.last()?.verdict.as_ref()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut AttemptState> {
        self.history.last_mut()
    }

    /// The newest attempt that left anything.
    pub fn leftovers(&self) -> Option<&AttemptState> {
        self.history
            .iter()
            .rev()
            .find(|attempt| attempt.left().is_some())
    }

    /// How long its attempts ran and were judged, together.
    pub fn millis(&self) -> u64 {
        self.history.iter().map(|attempt| attempt.millis).sum()
    }

    /// What a person's decision resets.
    pub(super) fn decided(&mut self) {
        self.asked = false;
        self.failures = 0;
        self.conflicts = 0;
    }
}

impl State {
    /// Which limit of the run was met, in words.
    pub fn limit_met(&self) -> Option<String> {
        self.run.policy.limits.met(&self.run.spent)
    }

    /// The plan that is run, with the tasks that the run gave itself.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// What of its plan's files a run reads.
    pub fn selection(&self) -> Selection {
        Selection {
            dialect: Some(self.graph.plan().dialect),
            ..self.run.policy.selection.clone()
        }
    }

    /// Where a task stands, by its place in the plan.
    pub fn at(&self, task: usize) -> &TaskState {
        &self.tasks[task]
    }

    /// Where a task stands.
    pub fn task(&self, id: &TaskId) -> Option<&TaskState> {
        self.graph.index(id).map(|task| &self.tasks[task])
    }

    /// Where a task stands in one word, held ones included.
    pub fn standing(&self, task: usize) -> Standing {
        self.frontier.standing(task)
    }

    /// How many tasks stand where.
    pub fn counts(&self) -> &Counts {
        self.frontier.counts()
    }

    /// Tasks that may start as far as the plan goes, in its order.
    pub fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        self.frontier.ready()
    }

    /// Tasks that occupy a slot or wait for a decision of the policy, in the plan's order.
    pub fn active(&self) -> impl Iterator<Item = usize> + '_ {
        self.frontier.active()
    }

    /// Tasks with an attempt whose end is not on record, in the plan's order.
    pub fn attempting(&self) -> impl Iterator<Item = usize> + '_ {
        self.active()
            .filter(|&task| matches!(self.tasks[task].phase, Phase::Attempting(_)))
    }

    /// Tasks that a person should look at, in the plan's order.
    pub fn attention(&self) -> impl Iterator<Item = usize> + '_ {
        self.frontier.attention()
    }

    /// Whether nothing new may start before a person has decided.
    pub fn is_stuck(&self) -> bool {
        self.attention().any(|task| {
            let state = &self.tasks[task];
            state.asked || matches!(state.phase, Phase::Kickback | Phase::Blocked)
        })
    }

    /// Whether the run cannot end before a person has decided; while one is to look at an attempt, what does
    /// not need it goes on.
    pub fn needs_person(&self) -> bool {
        self.attention().any(|task| match self.tasks[task].phase {
            Phase::InReview | Phase::Blocked => true,
            Phase::Kickback => !self.awaits_research(task),
            _ => self.tasks[task].asked,
        })
    }

    /// Whether a kickback says that something must be found out first, which was not looked into in vain already.
    pub fn awaits_research(&self, task: usize) -> bool {
        let at = &self.tasks[task];
        let claim = at.last().and_then(|last| last.claim.as_ref());
        let signal = claim.and_then(|claim| claim.signal);
        self.run.policy.research.is_some()
            && at.phase == Phase::Kickback
            && !at.asked
            && signal == Some(Signal::NeedsResearch)
    }

    /// Tasks with an accepted attempt that a person is to look at, in the plan's order.
    pub fn in_review(&self) -> impl Iterator<Item = usize> + '_ {
        self.attention()
            .filter(|&task| self.tasks[task].phase == Phase::InReview)
    }
}
