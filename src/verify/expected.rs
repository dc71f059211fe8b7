//! Whether verify commands did what the task says they must: nothing new fails, all pass, or, where a task writes the
//! tests of what is not there yet, they run and fail.
//!
//! What proves a task that says what it expects are its own commands; where it names none, those of the run.

use super::checks::Purpose;
use super::commands;
use super::facts::CheckRun;
use crate::plan::{Expects, Task};
use crate::run::evidence::{Reason, ReasonKind, Verdict};

/// What `sh` ends with when a command cannot be run, or is not there.
const NOT_RUN: [&str; 2] = ["exit 126", "exit 127"];

/// Puts what `checks` showed of `task` into `verdict`.
pub fn judge(task: &Task, checks: &[CheckRun], verdict: &mut Verdict) {
    match task.expects {
        Some(Expects::Failing) => failing(checks, verdict),
        Some(Expects::Passing) => {
            commands::judge(checks, verdict);
            passing(task, checks, verdict);
        }
        None => commands::judge(checks, verdict),
    }
}

/// Whether nothing that `checks` showed refuses `task`.
pub fn holds(task: &Task, checks: &[CheckRun]) -> bool {
    let mut verdict = Verdict::default();
    judge(task, checks, &mut verdict);
    verdict.reasons.is_empty()
}

/// The first that fails must fail for its tests; that it does is what proves the task.
fn failing(checks: &[CheckRun], verdict: &mut Verdict) {
    verdict.tests = checks.iter().filter_map(CheckRun::tested).collect();
    let Some(last) = checks.last() else {
        let text = "not verified: no command was run that would have to fail first";
        verdict.warnings.push(text.to_owned());
        return;
    };
    let objection = match checks.iter().find(|check| !check.holds()) {
        Some(failed) => objection(failed),
        None if last.passed => Some(format!("`{}` passes", last.command)),
        None => Some(format!("`{}` fails only as it did before", last.command)),
    };
    match objection {
        None => verdict.checks.push("red".to_owned()),
        Some(objection) => {
            let text = format!("red must fail first: {objection}");
            let reason = Reason::new(ReasonKind::VerifyFailed, text);
            verdict.reasons.push(reason);
        }
    }
}

/// Why a command that failed does not show that tests fail.
fn objection(check: &CheckRun) -> Option<String> {
    let (command, ended) = (&check.command, &check.ended);
    if !ended.starts_with("exit ") || NOT_RUN.contains(&ended.as_str()) {
        return Some(format!("`{command}` was not run to its end ({ended})"));
    }
    if check.since.as_ref().is_some_and(|since| since.prints_alike) {
        return Some(format!(
            "`{command}` fails as it did before ({ended}), and says the same"
        ));
    }
    let results = check.results.as_ref()?;
    let is_told = !results.is_partial() && results.counts().failed == 0;
    is_told.then(|| format!("`{command}` ends with {ended}, and no test fails"))
}

/// A failure that was there before is no excuse where the task is to end it.
fn passing(task: &Task, checks: &[CheckRun], verdict: &mut Verdict) {
    let is_own = |check: &CheckRun| task.verify.iter().any(|own| own.text() == check.command);
    let has_own = checks.iter().any(is_own);
    let excused = checks
        .iter()
        .filter(|check| check.purpose == Purpose::Verify && !check.passed && check.holds());
    for check in excused.filter(|check| is_own(check) || !has_own) {
        let (command, ended) = (&check.command, &check.ended);
        let old = check
            .since
            .as_ref()
            .map(|since| since.still_failing.to_string());
        let text = format!(
            "`{command}` ({ended}) must pass, and fails as before: {}",
            old.unwrap_or_default()
        );
        verdict
            .reasons
            .push(Reason::new(ReasonKind::VerifyFailed, text));
    }
}
