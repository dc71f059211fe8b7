//! What makes an attempt good: `judge(task, facts)`, pure, listing every reason and not just the first.
//!
//! Rules know what was observed and nothing of how; see `facts` for that.

use super::checks;
use super::commands::{self, refusal};
use super::expected;
use super::facts::{Claimed, Facts, Promise};
use super::scope;
use crate::plan::Task;
use crate::run::event::Residue;
use crate::run::evidence::{
    ClaimForm, ClaimStatus, NOT_VERIFIED, Outcome, Reason, ReasonKind, Verdict,
};
use crate::run::names::{self, short};
use crate::run::policy::{CommitMode, Scope};

/// How many paths a reason names before it only counts.
const NAMED: usize = 5;

/// Decides whether an attempt of `task` is good.
pub fn judge(task: &Task, facts: &Facts, scope: Scope, commit: CommitMode) -> Verdict {
    let mut verdict = Verdict::default();
    let claim_refuses = judge_claim(facts, &mut verdict);
    // A kickback, a blocker, a rate limit and a hook speak for themselves; what git shows would only bury them.
    if claim_refuses {
        return verdict;
    }
    judge_worktree(facts, &mut verdict);
    let ended_well = verdict.reasons.is_empty();
    judge_commit(task, facts, commit, &mut verdict);
    if facts.tip.is_some() {
        judge_content(task, facts, scope, &mut verdict);
    }
    judge_promises(facts, &mut verdict);
    expected::judge(task, &facts.checks, &mut verdict);
    judge_rest(facts, &mut verdict);
    if verdict.reasons.is_empty() {
        verdict.accepted = Some(facts.tip.clone().unwrap_or_else(|| facts.base.clone()));
    } else if ended_well && facts.tip.is_none() {
        verdict.checks.clear();
    }
    verdict
}

/// Decides whether `commit`, which was integrated before, still holds on the tree that `facts` are of: what the
/// task promises stands there, and its commands pass.
pub fn prove(facts: &Facts, commit: &str) -> Verdict {
    let mut verdict = Verdict::default();
    judge_promises(facts, &mut verdict);
    commands::judge(&facts.checks, &mut verdict);
    judge_rest(facts, &mut verdict);
    if verdict.reasons.is_empty() {
        verdict.accepted = Some(commit.to_owned());
    }
    verdict
}

/// What the process and the executor said; whether that settles it.
fn judge_claim(facts: &Facts, verdict: &mut Verdict) -> bool {
    judge_outcome(facts, verdict);
    if facts.outcome == Outcome::Vetoed {
        return true;
    }
    let claim = &facts.claim;
    let mut refuse = |kind, text: String| verdict.reasons.push(Reason::new(kind, text));
    match claim.status {
        ClaimStatus::Kickback => {
            let signal = claim.signal.map(|signal| format!("KICKBACK {signal}"));
            refuse(
                ReasonKind::ClaimedKickback,
                said(&signal.unwrap_or("KICKBACK".to_owned()), &claim.reason),
            );
            return true;
        }
        ClaimStatus::Blocked => {
            refuse(
                ReasonKind::ClaimedBlocked,
                said("the executor is blocked", &claim.reason),
            );
            return true;
        }
        ClaimStatus::RateLimited => {
            refuse(
                ReasonKind::RateLimited,
                said("the executor asks to be run later", &claim.reason),
            );
            return true;
        }
        ClaimStatus::Partial => {
            refuse(
                ReasonKind::ClaimedPartial,
                said("the executor did only a part", &claim.reason),
            );
        }
        ClaimStatus::Failed => match facts.outcome {
            Outcome::Exited(0) => {
                let lead = match claim.form {
                    ClaimForm::Reported => "the executor failed although it exits with 0",
                    _ => "the executor says it failed",
                };
                refuse(ReasonKind::ClaimedFailed, said(lead, &claim.reason));
            }
            Outcome::Exited(code) => {
                refuse(
                    ReasonKind::Exit,
                    said(
                        &format!("the executor ended with exit {code}"),
                        &claim.reason,
                    ),
                );
            }
            _ => {}
        },
        ClaimStatus::Done => {}
    }
    false
}

fn timed_out(limit: &str, millis: Option<u64>) -> String {
    let seconds = millis.unwrap_or_default() as f64 / 1000.0;
    format!("timed out: the {limit} limit of {seconds}s was reached")
}

/// A process that did not end by itself is refused for that.
fn judge_outcome(facts: &Facts, verdict: &mut Verdict) {
    let mut refuse = |kind, text: String| verdict.reasons.push(Reason::new(kind, text));
    match facts.outcome {
        Outcome::TimedOut => refuse(
            ReasonKind::TimedOut,
            timed_out("wall-clock", facts.limit_ms),
        ),
        Outcome::Stalled => refuse(
            ReasonKind::Stalled,
            timed_out("stall", facts.stall_limit_ms),
        ),
        Outcome::Signaled(_) | Outcome::NotStarted | Outcome::Lost | Outcome::Cancelled => {
            refuse(
                ReasonKind::Exit,
                said(
                    &format!("the executor's process: {}", facts.outcome),
                    &facts.claim.reason,
                ),
            );
        }
        Outcome::Vetoed => refuse(ReasonKind::HookRefused, facts.claim.reason.clone()),
        Outcome::Exited(_) => {}
    }
}

fn said(what: &str, reason: &str) -> String {
    // A claim that was read from the process's end alone repeats it.
    if reason.is_empty() || what.ends_with(reason) {
        what.to_owned()
    } else {
        format!("{what}: {reason}")
    }
}

fn judge_worktree(facts: &Facts, verdict: &mut Verdict) {
    let residue = &facts.residue;
    let mut refuse = |kind, text: String| verdict.reasons.push(Reason::new(kind, text));
    if !residue.escaped.is_empty() {
        let branch = names::branch(&residue.escaped);
        let text = format!(
            "the executor moved your own branch `{branch}` to its commit; \
             `git reflog {branch}` says where it was"
        );
        refuse(ReasonKind::Escaped, text);
    }
    if let Some(task) = &facts.foreign {
        refuse(
            ReasonKind::Foreign,
            format!(
                "the task branch has what task `{task}` has committed, and passes it off as its own"
            ),
        );
    }
    if !residue.torn.is_empty() {
        let torn = short(&residue.torn);
        refuse(
            ReasonKind::BrokenObjects,
            format!("objects of the commit {torn} end too early: they are damaged"),
        );
    }
    if !residue.malformed.is_empty() {
        refuse(
            ReasonKind::BrokenObjects,
            format!(
                "git refuses objects of what was committed: {}",
                residue.malformed
            ),
        );
    }
    if !residue.lost.is_empty() {
        refuse(
            ReasonKind::WorktreeLost,
            format!("the worktree is no longer ours: {}", residue.lost),
        );
        return;
    }
    if !residue.in_progress.is_empty() {
        refuse(
            ReasonKind::InProgress,
            format!(
                "a {} is still under way in the worktree",
                residue.in_progress
            ),
        );
    }
    if !residue.head.is_empty() {
        let text = format!(
            "the worktree was left on {} instead of the task branch",
            residue.head
        );
        refuse(ReasonKind::BranchSwitched, text);
    }
    if residue.dirty_count > 0 {
        let text = format!(
            "uncommitted changes were left behind: {}",
            named(&residue.dirty, residue.dirty_count)
        );
        refuse(ReasonKind::Dirty, text);
    } else {
        verdict.checks.push("clean".to_owned());
    }
}

fn judge_commit(task: &Task, facts: &Facts, commit: CommitMode, verdict: &mut Verdict) {
    let before = verdict.reasons.len();
    let mut refuse = |kind, text: String| verdict.reasons.push(Reason::new(kind, text));
    let claims_done = facts.claim.status == ClaimStatus::Done;
    match &facts.claimed {
        Claimed::Unknown(name) => {
            refuse(
                ReasonKind::UnknownCommit,
                format!("the named commit `{name}` does not exist in this repository"),
            );
        }
        Claimed::Other(name, kind) => {
            refuse(
                ReasonKind::UnknownCommit,
                format!("the named `{name}` is a {kind}, not a commit"),
            );
        }
        Claimed::Ambiguous(name) => {
            refuse(
                ReasonKind::UnknownCommit,
                format!("the named commit `{name}` is ambiguous"),
            );
        }
        Claimed::Commit(oid)
            if facts.tip.as_deref() != Some(oid) && !(task.allow_empty && *oid == facts.base) =>
        {
            let text = format!(
                "the named commit {} is not the tip of the task branch",
                short(oid)
            );
            refuse(ReasonKind::NotOnBranch, text);
        }
        Claimed::Commit(_) => {}
        Claimed::Nothing if claims_done && must_name(facts, commit) && !task.allow_empty => {
            let text =
                "no commit was named: you must commit your changes and return the commit hash";
            refuse(ReasonKind::NoCommit, text.to_owned());
        }
        Claimed::Nothing => {}
    }
    let is_damaged = !facts.residue.torn.is_empty() || !facts.residue.malformed.is_empty();
    if facts.tip.is_none() && !is_damaged && !task.allow_empty && claims_done {
        let text = match commit {
            CommitMode::Executor => {
                "no commit was made on the task branch: you must commit your changes and return the commit hash"
            }
            CommitMode::Tool | CommitMode::Auto if facts.residue == Residue::default() => {
                "nothing was changed, so there was nothing to commit"
            }
            CommitMode::Tool | CommitMode::Auto => "no commit was made on the task branch",
        };
        // One reason is enough when the claim already names none.
        if verdict
            .reasons
            .iter()
            .all(|reason| reason.kind != ReasonKind::NoCommit)
        {
            verdict
                .reasons
                .push(Reason::new(ReasonKind::NoCommit, text));
        }
    }
    judge_lineage(facts, verdict);
    if verdict.reasons.len() == before {
        verdict.checks.push("commit".to_owned());
    }
}

/// What the task branch holds must stand on the base, whole.
fn judge_lineage(facts: &Facts, verdict: &mut Verdict) {
    if facts.tip.is_some() && !facts.descends {
        let text = format!(
            "the task branch does not descend from its base {}",
            short(&facts.base)
        );
        verdict
            .reasons
            .push(Reason::new(ReasonKind::NotDescended, text));
    }
    if facts.tip.is_some() && !facts.whole {
        verdict.reasons.push(Reason::new(
            ReasonKind::BrokenObjects,
            "objects of the commit are missing, or git would refuse them",
        ));
    }
}

/// A JSON `done` must name its commit; the other forms take the tip (contract, executor protocol).
fn must_name(facts: &Facts, commit: CommitMode) -> bool {
    let is_json = matches!(facts.claim.form, ClaimForm::ResultFile | ClaimForm::Json);
    is_json && commit == CommitMode::Executor && !facts.committed_by_tool
}

fn judge_content(task: &Task, facts: &Facts, scope: Scope, verdict: &mut Verdict) {
    if facts.changed.is_empty() && facts.descends {
        if !task.allow_empty {
            verdict
                .reasons
                .push(Reason::new(ReasonKind::Empty, "the commit changes nothing"));
        }
        return;
    }
    let promised = [task.creates.as_slice(), &task.modifies].concat();
    let outside = scope::outside(&facts.changed, &task.files, &promised);
    if !outside.is_empty() && scope != Scope::Off {
        let text = format!(
            "scope_creep: changed outside the declared files: {}",
            named(&outside, outside.len())
        );
        match scope {
            Scope::Enforce => verdict
                .reasons
                .push(Reason::new(ReasonKind::ScopeCreep, text)),
            Scope::Warn | Scope::Off => verdict.warnings.push(text),
        }
    } else if !task.files.is_empty() && scope != Scope::Off {
        verdict.checks.push("scope".to_owned());
    }
}

fn judge_promises(facts: &Facts, verdict: &mut Verdict) {
    let before = verdict.reasons.len();
    for (path, promise) in &facts.promised {
        let what = match promise {
            Promise::Kept => continue,
            // Whoever wrote the plan took it for granted; it is there now.
            Promise::New => {
                verdict
                    .warnings
                    .push(format!("the file `{path}` was to be changed, and is new"));
                continue;
            }
            Promise::Unchanged => "was to be changed, and is as it was",
            Promise::Missing => "does not exist",
            Promise::Empty => "is empty",
        };
        verdict.reasons.push(Reason::new(
            ReasonKind::MissingFile,
            format!("the promised file `{path}` {what}"),
        ));
    }
    for (dependency, stands) in &facts.dependencies {
        if !stands {
            let text =
                format!("the promised dependency `{dependency}` does not stand in its manifest");
            verdict
                .reasons
                .push(Reason::new(ReasonKind::MissingDependency, text));
        }
    }
    if !facts.promised.is_empty() && verdict.reasons.len() == before {
        verdict.checks.push("files".to_owned());
    }
}

/// Quality, the plan's own criteria, the hook, and what could not be run.
fn judge_rest(facts: &Facts, verdict: &mut Verdict) {
    commands::judge_quality(&facts.quality, &facts.checks, verdict);
    commands::judge_criteria(&facts.criteria, &facts.checks, verdict);
    if let Some(hook) = facts.hook.as_ref().filter(|hook| !hook.passed) {
        let text = format!("post-task {}", refusal(hook));
        verdict
            .reasons
            .push(Reason::new(ReasonKind::HookRefused, text));
    }
    for code in &facts.unrun {
        let program = checks::first_word(code).unwrap_or_default();
        let text =
            format!("{NOT_VERIFIED}`{code}` was not run, for nothing here is called `{program}`");
        verdict.warnings.push(text);
    }
    if facts.hook.as_ref().is_some_and(|hook| hook.passed) {
        verdict.checks.push("hook".to_owned());
    }
}

/// A path as part of a sentence: it may hold line ends, which would begin a line of their own.
fn on_a_line(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        match c.is_control() {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    text
}

fn named(paths: &[String], count: usize) -> String {
    let shown: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|path| on_a_line(path))
        .collect();
    let more = count.saturating_sub(shown.len());
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", shown.join(", "))
}
