//! What is known of one attempt: how its process ended, what the executor claimed, what judging found.
//!
//! Plain values, told apart strictly: an [`Outcome`] is what the kernel said, a [`Claim`] what the
//! executor said, a [`Verdict`] what git and the checks showed. Nothing here observes anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::proof::{Criterion, Proof, Quality};
use super::results::Tested;

/// How the executor's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that we did not send.
    Signaled(i32),
    /// Killed at its wall-clock limit.
    TimedOut,
    /// Killed after too long without output.
    Stalled,
    /// Killed because the run was asked to stop.
    Cancelled,
    /// Never started: the program could not be run.
    NotStarted,
    /// Never started: the hook before it refused.
    Vetoed,
    /// Its supervisor vanished; how it ended is unknown.
    Lost,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Exited(code) => write!(f, "exit {code}"),
            Outcome::Signaled(signal) => write!(f, "killed by signal {signal}"),
            Outcome::TimedOut => f.write_str("timed out"),
            Outcome::Stalled => f.write_str("stalled: no output for too long"),
            Outcome::Cancelled => f.write_str("cancelled"),
            Outcome::NotStarted => f.write_str("could not be started"),
            Outcome::Vetoed => f.write_str("not started: the pre-task hook refused"),
            Outcome::Lost => f.write_str("lost: its supervisor vanished"),
        }
    }
}

/// What the executor said of its attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Done, failed, blocked, partial or KICKBACK.
    pub status: ClaimStatus,
    /// Which of the forms it took.
    pub form: ClaimForm,
    /// The commit it names, as it named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Files it says it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files_changed: Vec<String>,
    /// `passed` or `failed`, in its words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verification: String,
    /// Anything it wants to pass on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Why it failed, is blocked or kicks back.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The last step it completed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_completed: String,
    /// A kickback's signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// A kickback's details.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// What it recommends.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recommendation: String,
    /// How it would split the task, as `name: description`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggested_split: Vec<String>,
    /// When a limit ends that it met, as RFC 3339, when it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// The status that an executor claims.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimStatus {
    /// The task is done.
    #[serde(rename = "done")]
    Done,
    /// It is not.
    #[default]
    #[serde(rename = "failed")]
    Failed,
    /// Something outside the task stands in the way.
    #[serde(rename = "blocked")]
    Blocked,
    /// Done in part.
    #[serde(rename = "partial")]
    Partial,
    /// The plan is wrong, not the executor.
    #[serde(rename = "KICKBACK")]
    Kickback,
    /// Try later: a rate limit (exit status 75, or what the program reports).
    #[serde(rename = "rate-limited")]
    RateLimited,
}

/// Which form a claim took; JSON must name its commit, the others need not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimForm {
    /// The result file.
    ResultFile,
    /// The last JSON object with a `status` in the output.
    Json,
    /// `COMPLETE` / `FAILED`, or `status:` / `commit:` lines.
    Text,
    /// What the program reports of itself instead of an answer: an error of the model's API, a limit.
    Reported,
    /// Nothing but the exit status.
    #[default]
    ExitStatus,
}

/// More tokens or turns than any attempt uses up.
const COUNT_MAX: u64 = 1 << 50;
/// More US dollars than any attempt costs.
const COST_MAX: f64 = 1e9;

/// What an attempt used up, as far as its executor tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// In US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Tokens that the model was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// How many tokens came from a cache; some programs count them among `input_tokens`, some beside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Tokens that the model made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// How often the model was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// The limit that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// A limit that ends an attempt from inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Of the service: it goes on by itself, later.
    Rate,
    /// Of what one attempt may cost.
    Budget,
    /// Of how often the model may be asked.
    Turns,
}

impl Usage {
    /// Whether the executor told nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Without numbers that nobody can have used up: an executor may print anything, and a record holds less.
    #[must_use]
    pub fn plausible(mut self) -> Self {
        let counts = [
            &mut self.input_tokens,
            &mut self.cached_tokens,
            &mut self.output_tokens,
            &mut self.turns,
        ];
        for count in counts {
            count.take_if(|count| *count > COUNT_MAX);
        }
        self.cost_usd
            .take_if(|cost| !(0.0..=COST_MAX).contains(cost));
        self
    }

    /// Adds what another attempt used up; a sum has no limit.
    pub fn add(&mut self, other: &Self) {
        fn sum<T: std::ops::Add<Output = T> + Copy>(to: &mut Option<T>, more: Option<T>) {
            *to = match (*to, more) {
                (Some(sum), Some(more)) => Some(sum + more),
                (sum, more) => sum.or(more),
            };
        }
        sum(&mut self.cost_usd, other.cost_usd);
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.cached_tokens, other.cached_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        sum(&mut self.turns, other.turns);
        self.limit = None;
    }
}

/// Why a plan, not an executor, is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The plan has more tasks than it should.
    TooManyTasks,
    /// The task reaches further than the plan says.
    ScopeCreep,
    /// A decision or fact is missing.
    MissingContext,
    /// The task is too large for one.
    NeedsSplit,
    /// Something must be found out first.
    NeedsResearch,
    /// The spec does not say enough.
    SpecIncomplete,
}

impl Signal {
    /// All six, for tables and tests.
    pub const ALL: [Signal; 6] = [
        Signal::TooManyTasks,
        Signal::ScopeCreep,
        Signal::MissingContext,
        Signal::NeedsSplit,
        Signal::NeedsResearch,
        Signal::SpecIncomplete,
    ];

    /// The name in claims and checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Signal::TooManyTasks => "too_many_tasks",
            Signal::ScopeCreep => "scope_creep",
            Signal::MissingContext => "missing_context",
            Signal::NeedsSplit => "needs_split",
            Signal::NeedsResearch => "needs_research",
            Signal::SpecIncomplete => "spec_incomplete",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What judging concluded about an attempt, with every reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// The commit to integrate; `None` when the attempt is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Every reason to refuse; empty when accepted.
    pub reasons: Vec<Reason>,
    /// What should be told and does not refuse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The checks that were made and held, as the PROGRESS note names them.
    pub checks: Vec<String>,
    /// What the verify commands told of their tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Tested>,
    /// The verify commands of which only the exit status is known, for they told of no tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_status: Vec<String>,
    /// Those that passed and need not run again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// How the quality checks went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<Quality>,
    /// What the plan demands in its own words, each with what shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
}

/// What a warning begins with that tells of something nothing has shown.
pub const NOT_VERIFIED: &str = "not verified: ";

impl Verdict {
    /// What could not be shown, in words.
    pub fn unverified(&self) -> impl Iterator<Item = &str> {
        let warnings = self.warnings.iter().map(String::as_str);
        warnings.filter(|warning| warning.starts_with(NOT_VERIFIED))
    }
}

/// One reason for refusing an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Its kind, for programs.
    pub kind: ReasonKind,
    /// One sentence fragment, for people and for the next attempt's prompt.
    pub text: String,
}

impl Reason {
    /// A reason of `kind`, said as `text`.
    pub fn new(kind: ReasonKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// The kinds of reasons to refuse an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The executor says that it failed.
    ClaimedFailed,
    /// The executor says that it is blocked.
    ClaimedBlocked,
    /// The executor did a part only.
    ClaimedPartial,
    /// The executor kicks the task back.
    ClaimedKickback,
    /// The executor asks to be run later.
    RateLimited,
    /// The process ended badly.
    Exit,
    /// The wall-clock limit was reached.
    TimedOut,
    /// Too long without output.
    Stalled,
    /// No commit was made, or none was named where one must be.
    NoCommit,
    /// The named commit is unknown, or is not a commit.
    UnknownCommit,
    /// The named commit is not the tip of the task branch.
    NotOnBranch,
    /// The commit does not descend from the recorded base.
    NotDescended,
    /// Objects of the commit are missing.
    BrokenObjects,
    /// The commit changes nothing.
    Empty,
    /// Something was left uncommitted.
    Dirty,
    /// A merge, rebase or similar is under way.
    InProgress,
    /// The worktree is on another branch, or on none.
    BranchSwitched,
    /// The attempt moved the branch of the user's own checkout.
    Escaped,
    /// Commits of another task's attempt are passed off as its own.
    Foreign,
    /// The worktree is gone or is no longer ours.
    WorktreeLost,
    /// A file outside the declared ones was changed.
    ScopeCreep,
    /// A promised file does not exist or is empty.
    MissingFile,
    /// A promised dependency does not stand in its manifest.
    MissingDependency,
    /// A verify command failed.
    VerifyFailed,
    /// Tests fail that did not fail on the base.
    Regressed,
    /// A quality check fails that did not fail on the base.
    QualityFailed,
    /// The command that a criterion names fails.
    Unmet,
    /// A hook refused it.
    HookRefused,
}
