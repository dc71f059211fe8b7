//! What can happen in a run: one closed enum, past tense, stored as it stands.
//!
//! Everything the tool knows of a run is a fold of these (see [`crate::run::state`]). Time, number and
//! checkpoint are stamped by the journal ([`Recorded`]), so the core has no clock. Commits are hex
//! strings here: the core does not know git.

use serde::{Deserialize, Serialize};

use super::evidence::{Claim, Outcome, Signal, Usage, Verdict};
use super::policy::Policy;
use super::proof::Proof;
use super::results::Tested;
use super::whole::{Blame, Failure, Fix};
use crate::plan::TaskId;

/// An event as the journal holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number in the run, from 1 without gaps.
    pub seq: u64,
    /// When it was recorded, as RFC 3339 in UTC.
    pub at: String,
    /// The checkpoint commit that holds it; the journal fills it in, it is not part of the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub checkpoint: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "events live one at a time; boxing the common ones would only blur the matches"
)]
pub enum Event {
    /// The run began; the plan lies beside this record.
    Started {
        /// The run's id.
        run: String,
        /// The commit that the run starts from.
        base: String,
        /// Sha-256 of the plan as it was read.
        plan_hash: String,
        /// How the user named the plan, relative to the repository.
        plan_path: String,
        /// Everything that decides how the run goes on.
        policy: Box<Policy>,
    },
    /// A process took the run up again.
    Resumed {
        /// Why it had ended, as far as can be told.
        reason: String,
    },
    /// An attempt is about to run; written before its process exists.
    AttemptStarted {
        /// The task.
        task: TaskId,
        /// The attempt's number within the task, from 1.
        attempt: u32,
        /// The slot whose worktree it uses, from 1.
        slot: u32,
        /// The commit it starts from and is judged against.
        base: String,
        /// A commit with what an earlier attempt left, checked out over the base.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Who makes it, where that is not the run's own executor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        executor: Option<String>,
    },
    /// The attempt's process ended and what it left is safe.
    AttemptEnded {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// How the process ended.
        outcome: Outcome,
        /// What the executor said.
        claim: Claim,
        /// The tip of the task branch, when it moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tip: Option<String>,
        /// A commit holding what was left uncommitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        salvage: Option<String>,
        /// Other commits the attempt made or named, kept reachable.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        strays: Vec<String>,
        /// Whether the tool made the commit for the executor.
        #[serde(default, skip_serializing_if = "is_false")]
        committed_by_tool: bool,
        /// What was observed of the worktree when the process had ended.
        residue: Residue,
        /// What it used up, as far as its executor tells.
        #[serde(default, skip_serializing_if = "Usage::is_empty")]
        usage: Usage,
        /// How long the process ran.
        millis: u64,
    },
    /// The attempt was running when its driver died; what it left is safe.
    AttemptAbandoned {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The tip of the task branch, when it moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tip: Option<String>,
        /// A commit holding what was left uncommitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        salvage: Option<String>,
        /// Why it was given up.
        reason: String,
    },
    /// The attempt was judged.
    Judged {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// With every reason.
        verdict: Verdict,
        /// Whether it was integrated before, and something that it needs was undone since.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
        /// How long judging took.
        millis: u64,
    },
    /// The accepted commit stands on the run's branch.
    Integrated {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The executor's commit.
        commit: String,
        /// What the run's branch was before.
        onto: String,
        /// What it is now: `commit` itself, or a merge that has it as a parent.
        tip: String,
        /// The commands that passed on a merge and need not run again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        proofs: Vec<Proof>,
    },
    /// The accepted commit does not fit what others did meanwhile.
    Conflicted {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// The executor's commit.
        commit: String,
        /// What it was to be integrated onto.
        onto: String,
        /// The paths in conflict, or what failed on the merged tree.
        paths: Vec<String>,
        /// One sentence.
        reason: String,
    },
    /// The task failed, and nothing more is tried unasked.
    Failed {
        /// The task.
        task: TaskId,
        /// Every reason, joined.
        reason: String,
        /// Whether all is proven but what the plan demands in its own words.
        #[serde(default, skip_serializing_if = "is_false")]
        partial: bool,
    },
    /// A person is asked what to do about a task.
    Asked {
        /// The task.
        task: TaskId,
        /// What happened.
        reason: String,
        /// The last step that the executor completed, when it said so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        last_completed: String,
    },
    /// The executor says that the plan is wrong.
    Kickback {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// Which of the six.
        signal: Signal,
        /// One sentence.
        reason: String,
        /// All it said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        details: String,
        /// What it recommends.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        recommendation: String,
        /// How it would split the task.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suggested_split: Vec<String>,
        /// What the attempt left: its salvage, else the tip of its branch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<String>,
    },
    /// Something outside the task stands in its way.
    Blocked {
        /// The task.
        task: TaskId,
        /// The blocker.
        reason: String,
    },
    /// The attempt reached a time limit, and nothing more is tried unasked.
    TimedOut {
        /// The task.
        task: TaskId,
        /// Which limit, and what to do about it.
        reason: String,
    },
    /// The task is left out.
    Skipped {
        /// The task.
        task: TaskId,
        /// Who decided.
        by: By,
        /// Why.
        reason: String,
    },
    /// A new attempt of the task was decided.
    Retried {
        /// The task.
        task: TaskId,
        /// Who decided.
        by: By,
        /// Why, for the next attempt's prompt.
        reason: String,
        /// A person's words, verbatim.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        words: String,
        /// Whether it starts from what the last attempt left.
        #[serde(default, skip_serializing_if = "is_false")]
        continues: bool,
    },
    /// A kickback or a blocker was answered.
    Answered {
        /// The task.
        task: TaskId,
        /// By a person, or by policy, which had it looked into.
        #[serde(default = "By::person", skip_serializing_if = "By::is_person")]
        by: By,
        /// The answer, verbatim.
        words: String,
    },
    /// A person looked at what an attempt did.
    Reviewed {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
        /// Whether it may be integrated.
        approved: bool,
        /// What the next attempt should do otherwise, verbatim.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        words: String,
    },
    /// What the task did was undone by a commit on the run's branch.
    Reverted {
        /// The task.
        task: TaskId,
        /// What the run's branch was before.
        onto: String,
        /// The commit that undoes it: the run's branch now.
        tip: String,
        /// Why, in a person's words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        words: String,
        /// A commit that would undo it on the user's branch as well; made, and put nowhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<String>,
    },
    /// The run stands again where it stood at an earlier checkpoint.
    RolledBack {
        /// The number of that checkpoint's event.
        to: u64,
        /// The checkpoint.
        target: String,
        /// What the run's branch was before.
        from: String,
        /// A commit that would take the user's branch along; made, and put nowhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<String>,
    },
    /// The plan was replaced by an edited one, which lies beside this record; or the run added a task of its own.
    Replanned {
        /// Sha-256 of the plan as it was read.
        plan_hash: String,
        /// How the user named the plan, relative to the repository.
        plan_path: String,
        /// What became of the tasks, in words.
        drift: Vec<String>,
        /// The task that was added to mend the whole; the plan beside the record is the same then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fix: Option<Fix>,
    },
    /// The run waits; nothing is lost.
    Paused {
        /// The task whose attempt met the limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
        /// Why.
        reason: String,
        /// When to go on, as RFC 3339, when that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// The run was asked to stop, and did.
    Stopped {
        /// Who asked: a signal, `stop`, or an answer.
        reason: String,
    },
    /// The commands that prove the whole ran on the integrated tree.
    Verified {
        /// The integrated commit.
        commit: String,
        /// Whether nothing fails that did not fail where the run began.
        passed: bool,
        /// What failed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<String>,
        /// The commands that failed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failures: Vec<Failure>,
        /// Who broke it, once that was looked for: then this says again what an earlier record said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        blame: Option<Blame>,
        /// What should be told and refuses nothing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
        /// What the commands told of their tests.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<Tested>,
        /// Those that passed and need not run again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        proofs: Vec<Proof>,
    },
    /// What git executes or believes in the user's repository, or this journal, was changed while the run was driven.
    Quarantined {
        /// What, in one sentence.
        reason: String,
        /// Commits that were found where they do not belong, kept reachable.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<String>,
    },
    /// The run's branch was brought into the user's.
    Landed {
        /// The user's branch.
        branch: String,
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// Nothing is left to do.
    Finished {
        /// The commit on the run's branch that says in the plan's own files how far it came, if one was wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        progress: Option<String>,
    },
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The run's own policy.
    Policy,
    /// A person.
    Person,
}

impl By {
    fn person() -> Self {
        By::Person
    }

    fn is_person(&self) -> bool {
        *self == By::Person
    }
}

/// What was observed of a worktree when its executor had ended, before anything was cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Residue {
    /// Uncommitted or untracked paths that git does not ignore, the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dirty: Vec<String>,
    /// How many there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub dirty_count: usize,
    /// `merge`, `rebase` and the like, when one is under way.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub in_progress: String,
    /// What HEAD is, when it is not the task branch.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub head: String,
    /// The user's own branch, when the attempt moved it to a commit of its own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub escaped: String,
    /// The tip of the task branch, when objects of it end too early: it must not be read, nor kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub torn: String,
    /// Why git refuses the objects of what was committed in a clone, when it does: none of it was brought in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub malformed: String,
    /// Why the worktree can no longer be trusted, when it cannot.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lost: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
