//! What an event says to a person: one line, or none when it is no news.

use jiff::SignedDuration;

use super::clean::visible;
use crate::plan::TaskId;
use crate::run::decide::joined;
use crate::run::event::{By, Event, Recorded};
use crate::run::evidence::{Limit, ReasonKind, Usage, Verdict};
use crate::run::names;
use crate::run::state::{Phase, State};

pub use crate::run::names::short;

/// How an event should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Something good.
    Good,
    /// Something that went wrong.
    Bad,
    /// Something to know.
    Plain,
}

/// The line for `recorded`, given the state it led to.
pub fn sentence(recorded: &Recorded, state: &State) -> Option<(Mood, String)> {
    let (mood, text) = match &recorded.event {
        Event::Integrated {
            task,
            attempt,
            commit,
            tip,
            ..
        } => {
            let how = if tip == commit { "" } else { ", merged" };
            let took = took(
                state
                    .task(task)
                    .map_or(0, crate::run::state::TaskState::millis),
            );
            (
                Mood::Good,
                format!(
                    "{}: done {} (attempt {attempt}, {took}{how})",
                    name(state, task),
                    short(commit)
                ),
            )
        }
        Event::AttemptStarted {
            task,
            attempt,
            executor,
            ..
        } => {
            let by = (executor.as_ref()).map_or_else(String::new, |by| format!(" by {by}"));
            (
                Mood::Plain,
                format!("{}: attempt {attempt} started{by}", name(state, task)),
            )
        }
        Event::Judged {
            task,
            attempt,
            verdict,
            again: false,
            ..
        } => return judged(state, task, *attempt, verdict),
        Event::Judged { task, verdict, .. } => proven(&name(state, task), verdict),
        event => decision(event, state)?,
    };
    Some((mood, visible(&text).into_owned()))
}

fn judged(state: &State, task: &TaskId, attempt: u32, verdict: &Verdict) -> Option<(Mood, String)> {
    let name = name(state, task);
    let (mood, text) = if verdict.accepted.is_some() {
        let at = state.task(task);
        let waits = at.is_some_and(|at| at.phase == Phase::InReview);
        let waits = waits.then(|| format!("attempt {attempt} waits for review"));
        let warnings = verdict.warnings.join("; ");
        let warnings = (!warnings.is_empty()).then(|| format!("note: {warnings}"));
        let said: Vec<String> = warnings.into_iter().chain(waits).collect();
        (!said.is_empty()).then(|| (Mood::Plain, format!("{name}: {}", said.join("; "))))?
    } else if verdict
        .reasons
        .iter()
        .any(|reason| speaks_for_itself(reason.kind))
    {
        return None;
    } else {
        let reasons = joined(&verdict.reasons);
        (
            Mood::Bad,
            format!("{name}: attempt {attempt} refused: {reasons}"),
        )
    };
    Some((mood, visible(&text).into_owned()))
}

/// What was integrated some time ago was looked at again.
fn proven(name: &str, verdict: &Verdict) -> (Mood, String) {
    match &verdict.accepted {
        Some(commit) => (Mood::Good, format!("{name}: {} still holds", short(commit))),
        None => {
            let reasons = joined(&verdict.reasons);
            (
                Mood::Bad,
                format!("{name}: no longer holds, and is done anew: {reasons}"),
            )
        }
    }
}

/// Whether the event that follows at once says the same again.
fn speaks_for_itself(kind: ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::ClaimedKickback | ReasonKind::ClaimedBlocked | ReasonKind::RateLimited
    )
}

/// The events by which policy or a person decides how a task, or the run, goes on.
fn decision(event: &Event, state: &State) -> Option<(Mood, String)> {
    let name = |task: &TaskId| name(state, task);
    Some(match event {
        Event::AttemptAbandoned {
            task,
            attempt,
            reason,
            ..
        } => (
            Mood::Plain,
            format!("{}: attempt {attempt} abandoned: {reason}", name(task)),
        ),
        Event::Conflicted {
            task,
            attempt,
            reason,
            ..
        } => (
            Mood::Bad,
            format!("{}: attempt {attempt} does not fit: {reason}", name(task)),
        ),
        Event::Retried {
            task,
            by: By::Policy,
            ..
        } => (Mood::Plain, format!("{}: will be tried again", name(task))),
        Event::Failed { task, partial, .. } => (
            Mood::Bad,
            format!("{}: {}", name(task), names::failed(*partial)),
        ),
        Event::TimedOut { task, .. } => (Mood::Bad, format!("{}: out of time", name(task))),
        Event::Blocked { task, reason } => {
            (Mood::Bad, format!("{}: blocked: {reason}", name(task)))
        }
        Event::Kickback {
            task,
            signal,
            reason,
            ..
        } => (
            Mood::Bad,
            format!("{}: KICKBACK {signal}: {reason}", name(task)),
        ),
        Event::Skipped { task, reason, .. } => {
            (Mood::Plain, format!("{}: skipped: {reason}", name(task)))
        }
        Event::Answered { task, by, .. } => {
            let how = if *by == By::Policy {
                "looked into, and "
            } else {
                ""
            };
            (Mood::Plain, format!("{}: {how}answered", name(task)))
        }
        Event::Retried { task, .. } => (Mood::Plain, format!("{}: to be tried again", name(task))),
        Event::Paused { reason, .. } => (Mood::Plain, format!("paused: {reason}")),
        Event::Stopped { reason } => (Mood::Plain, format!("stopped: {reason}")),
        Event::Resumed { reason } => (Mood::Plain, format!("resumed: {reason}")),
        Event::Quarantined { reason, .. } => (Mood::Bad, format!("quarantined: {reason}")),
        event @ Event::Verified { .. } => return verification(event, state),
        Event::Landed { branch, to, .. } => {
            let branch = names::branch(branch);
            (Mood::Good, format!("landed on {branch} as {}", short(to)))
        }
        event => return going_back(event, state),
    })
}

/// What the commands that prove the whole said, of the run's branch or of what it starts from.
fn verification(event: &Event, state: &State) -> Option<(Mood, String)> {
    let Event::Verified {
        commit,
        passed,
        reasons,
        blame,
        warnings,
        ..
    } = event
    else {
        return None;
    };
    if let Some(blame) = blame {
        return Some((Mood::Bad, blame.to_string()));
    }
    let (base, reasons) = (short(commit), reasons.join("; "));
    let (mood, text) = match (*commit == state.run.base, passed) {
        (true, true) => (
            Mood::Plain,
            format!("the base {base} passes what is to prove the whole"),
        ),
        (true, false) => (
            Mood::Bad,
            format!("the base {base} fails already: {reasons}"),
        ),
        (false, true) => (Mood::Good, "final verification passed".to_owned()),
        (false, false) => {
            let verdict = state.run.verified.as_ref();
            // An earlier drive may have found out who broke it.
            let blame = verdict.and_then(|verdict| verdict.blame.as_ref());
            let blame = blame.map_or_else(String::new, |blame| format!("; {blame}"));
            (
                Mood::Bad,
                format!("final verification failed: {reasons}{blame}"),
            )
        }
    };
    let noted = match warnings.is_empty() {
        true => String::new(),
        false => format!("; note: {}", warnings.join("; ")),
    };
    Some((mood, text + &noted))
}

/// The events by which a person lets something in, or takes it back.
fn going_back(event: &Event, state: &State) -> Option<(Mood, String)> {
    let name = |task: &TaskId| name(state, task);
    Some(match event {
        Event::Reviewed {
            task,
            attempt,
            approved: true,
            ..
        } => (
            Mood::Good,
            format!("{}: attempt {attempt} approved", name(task)),
        ),
        Event::Reviewed { task, attempt, .. } => (
            Mood::Plain,
            format!("{}: attempt {attempt} sent back", name(task)),
        ),
        Event::Reverted { task, tip, .. } => (
            Mood::Plain,
            format!("{}: undone by {}", name(task), short(tip)),
        ),
        Event::RolledBack { target, .. } => (
            Mood::Plain,
            format!("rolled back to checkpoint {}", short(target)),
        ),
        Event::Replanned {
            drift,
            fix: Some(_),
            ..
        } => (Mood::Plain, drift.join("; ")),
        Event::Replanned { drift, .. } => (Mood::Plain, format!("replanned: {}", drift.join("; "))),
        _ => return None,
    })
}

/// `3 (Add the login endpoint)`.
fn name(state: &State, task: &TaskId) -> String {
    match state.graph().task(task) {
        Some(found) if !found.title.is_empty() => format!("{task} ({})", found.title),
        _ => task.to_string(),
    }
}

/// A time span as people say it: `0.4s`, `3m12s`.
pub fn took(millis: u64) -> String {
    if millis < 1000 {
        return format!("{millis}ms");
    }
    // From there on it would be rounded to sixty seconds, which are a minute.
    if millis < 59_950 {
        return format!("{:.1}s", millis as f64 / 1000.0);
    }
    let rounded = SignedDuration::from_secs((millis.max(60_000) / 1000) as i64);
    format!("{rounded:#}").replace(' ', "")
}

/// What was used up, as far as an executor tells: `$0.0145, 2400 tokens in, 68 out, 2 turns`.
pub fn used(usage: &Usage) -> String {
    let counted = |count: Option<u64>, what: &str| count.map(|count| format!("{count} {what}"));
    let cost = usage.cost_usd.map(|cost| match cost {
        cost if cost > 0.0 && cost < 0.01 => format!("${cost:.4}"),
        cost => format!("${cost:.2}"),
    });
    let limit = usage.limit.map(|limit| {
        let limit = match limit {
            Limit::Rate => "rate",
            Limit::Budget => "budget",
            Limit::Turns => "turn",
        };
        format!("ended by a {limit} limit")
    });
    let turns = if usage.turns == Some(1) {
        "turn"
    } else {
        "turns"
    };
    [
        cost,
        counted(usage.input_tokens, "tokens in"),
        counted(usage.cached_tokens, "cached"),
        counted(usage.output_tokens, "out"),
        counted(usage.turns, turns),
        limit,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<String>>()
    .join(", ")
}

#[cfg(test)]
mod tests {
    use super::{took, used};
    use crate::run::evidence::{Limit, Usage};

    #[test]
    fn a_time_span_is_said_in_one_way() {
        for (millis, said) in [
            (0, "0ms"),
            (999, "999ms"),
            (1_000, "1.0s"),
            (59_949, "59.9s"),
            (59_950, "1m"),
            (60_000, "1m"),
            (192_000, "3m12s"),
            (3_600_999, "1h"),
        ] {
            assert_eq!(took(millis), said, "{millis}");
        }
    }

    #[test]
    fn what_was_used_is_said_as_far_as_it_is_known() {
        let mut usage = Usage {
            cost_usd: Some(0.0072),
            input_tokens: Some(1200),
            output_tokens: Some(34),
            turns: Some(1),
            limit: Some(Limit::Budget),
            ..Usage::default()
        };
        assert_eq!(
            used(&usage),
            "$0.0072, 1200 tokens in, 34 out, 1 turn, ended by a budget limit"
        );
        usage.add(&Usage {
            cost_usd: Some(1.5),
            cached_tokens: Some(7),
            turns: Some(2),
            ..Usage::default()
        });
        assert_eq!(
            used(&usage),
            "$1.51, 1200 tokens in, 7 cached, 34 out, 3 turns"
        );
    }
}
