//! What verify commands and hooks say for and against an attempt, in words.

use super::checks::Purpose;
use super::facts::CheckRun;
use crate::run::evidence::{Reason, ReasonKind, Verdict};
use crate::run::names::short;
use crate::run::proof::{Criterion, Quality, Standing};
use crate::run::results::{Names, Since};

/// How many tests that an attempt broke are named: the next one is to mend them all.
const REGRESSIONS: usize = 30;

/// Puts what `checks` showed into `verdict`.
pub fn judge(checks: &[CheckRun], verdict: &mut Verdict) {
    verdict.tests = checks.iter().filter_map(CheckRun::tested).collect();
    verdict.proofs = checks
        .iter()
        .filter_map(|check| check.proof.clone())
        .collect();
    for check in checks.iter().filter(|check| !check.passed) {
        // Those that tell of no tests are judged by their names.
        let is_named = check.purpose != Purpose::Verify && !check.names_failures();
        match excused(check) {
            Some(told) => verdict.warnings.push(told),
            None if is_named || check.purpose == Purpose::Criterion => {}
            None => verdict.reasons.push(failure(check)),
        }
    }
    let verifies = |check: &&CheckRun| check.purpose == Purpose::Verify;
    let verifying: Vec<&CheckRun> = checks.iter().filter(verifies).collect();
    let untold = verifying.iter().filter(|check| check.tested().is_none());
    verdict.by_status = untold.map(|check| check.command.clone()).collect();
    if verifying.is_empty() || !verifying.iter().all(|check| check.holds()) {
        return;
    }
    let is_clean = verifying.iter().all(|check| check.passed);
    let held = if is_clean { "verify" } else { "no regressions" };
    verdict.checks.push(held.to_owned());
}

/// Puts how the quality checks, by name and command, went among `checks` into `verdict`.
pub fn judge_quality(named: &[(String, String)], checks: &[CheckRun], verdict: &mut Verdict) {
    for (name, command) in named {
        let Some(check) = checks.iter().find(|check| check.command == *command) else {
            continue;
        };
        if check.holds() {
            verdict.checks.push(name.clone());
        } else if check.purpose == Purpose::Quality && !check.names_failures() {
            verdict.reasons.push(bad_quality(name, check));
        }
        verdict.quality.push(Quality {
            name: name.clone(),
            command: command.clone(),
            ended: check.ended.clone(),
            holds: check.holds(),
            base: check.since.as_ref().map(|since| since.base.clone()),
        });
    }
}

/// Why a quality check refuses an attempt.
fn bad_quality(name: &str, check: &CheckRun) -> Reason {
    let (command, ended, last) = (&check.command, &check.ended, tail(&check.output));
    let before = check
        .since
        .as_deref()
        .map(|since| match since.obstacle.is_empty() {
            true => format!("; on {}: {}", base(since), since.base.ended),
            false => not_compared(since),
        });
    let before = before.unwrap_or_default();
    let text = format!("quality check `{name}` failed ({ended}): `{command}`{last}{before}");
    Reason::new(ReasonKind::QualityFailed, text)
}

/// Puts what `checks` show of each criterion into `verdict`.
pub fn judge_criteria(
    criteria: &[(String, Option<String>)],
    checks: &[CheckRun],
    verdict: &mut Verdict,
) {
    for (text, command) in criteria {
        let shows = |check: &&CheckRun| match command {
            Some(command) => check.command == *command,
            // Who names a command that is run anyway has it shown by that.
            None => text.contains(&format!("`{}`", check.command)),
        };
        let check = checks.iter().find(shows);
        let standing = match check {
            Some(check) if check.passed => Standing::Met,
            Some(_) if command.is_some() => Standing::Unmet,
            _ => Standing::NotVerified,
        };
        let evidence = check.map(|check| format!("`{}` ({})", check.command, check.ended));
        if let Some(check) =
            check.filter(|check| !check.holds() && check.purpose == Purpose::Criterion)
        {
            let last = tail(&check.output);
            let text = format!("unmet: {text}: `{}` ({}){last}", check.command, check.ended);
            verdict.reasons.push(Reason::new(ReasonKind::Unmet, text));
        }
        verdict.criteria.push(Criterion {
            text: text.clone(),
            standing,
            evidence: evidence.unwrap_or_default(),
        });
    }
    let mut all = verdict.criteria.iter();
    if !criteria.is_empty() && all.all(|criterion| criterion.standing == Standing::Met) {
        verdict.checks.push("acceptance".to_owned());
    }
}

/// Why a command that failed, and not only as it did before, refuses what it was run on.
pub fn failure(check: &CheckRun) -> Reason {
    let (command, ended) = (&check.command, &check.ended);
    let lead = format!("verify failed ({ended}): `{command}`");
    let Some(tested) = check.tested().filter(|_| check.names_failures()) else {
        let text = format!("{lead}{}", tail(&check.output));
        return Reason::new(ReasonKind::VerifyFailed, text);
    };
    match &tested.since {
        Some(since) if since.obstacle.is_empty() && !since.regressions.is_empty() => {
            let text = format!("`{command}` ({ended}): {}", regressions(since));
            Reason::new(ReasonKind::Regressed, text)
        }
        since => {
            let compared = since.as_ref().map(not_compared).unwrap_or_default();
            Reason::new(
                ReasonKind::VerifyFailed,
                format!("{lead}: {tested}{compared}"),
            )
        }
    }
}

/// What was broken since the base, and how it stands with what failed there.
fn regressions(since: &Since) -> String {
    let tests = match since.regressions.count {
        1 => "1 test fails".to_owned(),
        count => format!("{count} tests fail"),
    };
    let names = since.regressions.listed(REGRESSIONS);
    let old = told("failed there already", &since.still_failing);
    format!(
        "{tests} that did not on {}: {names}{old}{}",
        base(since),
        mended(since)
    )
}

/// Why nothing is excused, and what is seen all the same.
fn not_compared(since: &Since) -> String {
    let new = told("did not fail there", &since.regressions);
    let old = told("failed there already", &since.still_failing);
    let why = &since.obstacle;
    format!(
        "; it could not be compared with {}: {why}{new}{old}{}",
        base(since),
        mended(since)
    )
}

/// That a command fails only as it did before, which refuses nothing and must be known.
pub fn excused(check: &CheckRun) -> Option<String> {
    let since = check.since.as_deref().filter(|since| since.excuses())?;
    let (command, ended) = (&check.command, &check.ended);
    let (base, old) = (base(since), &since.still_failing);
    if since.fails_alike {
        return Some(format!("`{command}` fails ({ended}) as on {base}"));
    }
    let mended = mended(since);
    Some(format!(
        "`{command}` fails ({ended}) as on {base}: {old}{mended}"
    ))
}

fn mended(since: &Since) -> String {
    told("fixed", &since.fixed) + &told("not run any more", &since.gone)
}

fn told(what: &str, names: &Names) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!("; {what}: {names}"),
    }
}

fn base(since: &Since) -> String {
    format!("the base {}", short(&since.base.commit))
}

/// How a hook refused, to be told behind its name.
pub fn refusal(hook: &CheckRun) -> String {
    let (command, ended) = (&hook.command, &hook.ended);
    format!("hook `{command}` ({ended}){}", tail(&hook.output))
}

fn tail(output: &str) -> String {
    let last = output.lines().rev().find(|line| !line.trim().is_empty());
    last.map(|line| format!(": {}", line.trim().chars().take(200).collect::<String>()))
        .unwrap_or_default()
}
