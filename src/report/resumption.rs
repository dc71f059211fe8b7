//! What a resume will do with each task, and why: said before it is done.

use super::clean::visible;
use super::sentence::short;
use crate::run::state::{Phase, Standing, State};

/// How many pending tasks are named before they are only counted.
const NAMED: usize = 10;

/// One decision a task; pending tasks beyond the first few are counted.
pub fn decisions(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kept = 0;
    let mut pending = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let (what, why) = match decision(state, index) {
            Decision::Keep => {
                kept += 1;
                continue;
            }
            Decision::Run => {
                pending.push(task.id.as_str());
                continue;
            }
            Decision::Say(what, why) => (what, why),
        };
        lines.push(visible(&format!("  {}: {what}: {why}", task.id)).into_owned());
    }
    if kept > 0 {
        lines.insert(0, format!("  keep {kept} done"));
    }
    if !pending.is_empty() {
        let named = pending
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let more = pending.len().saturating_sub(NAMED);
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let what = if state.is_stuck() {
            "run, once a person has decided,"
        } else {
            "run"
        };
        lines.push(visible(&format!("  {what} {named}{rest}")).into_owned());
    }
    if !state.disproof().is_empty() {
        lines.push("  verify the whole again: it failed".to_owned());
    }
    lines
}

enum Decision {
    Keep,
    Run,
    Say(&'static str, String),
}

fn decision(state: &State, index: usize) -> Decision {
    let at = state.at(index);
    let attempt = at.attempts;
    let reason = state.reason(index).unwrap_or_default();
    match &at.phase {
        Phase::Done => Decision::Keep,
        Phase::Attempting(_) => {
            let why = format!(
                "attempt {attempt} ran when its driver ended; adopt it if it finished, else run again"
            );
            Decision::Say("adopt or run again", why)
        }
        Phase::Ended(_) => Decision::Say(
            "judge",
            format!("attempt {attempt} ended and was not judged"),
        ),
        Phase::Accepted(_) => {
            let commit = at.verdict().and_then(|verdict| verdict.accepted.as_deref());
            let why = format!(
                "{} was accepted and is not integrated yet",
                short(commit.unwrap_or_default())
            );
            Decision::Say("integrate", why)
        }
        Phase::InReview => Decision::Say("wait", format!("attempt {attempt} waits for review")),
        Phase::Stale => Decision::Say("verify again", reason),
        Phase::Refused => Decision::Say("decide", format!("attempt {attempt} was refused")),
        Phase::Pending if state.standing(index) == Standing::Held => Decision::Say("hold", reason),
        Phase::Pending if attempt > 0 => {
            let aside = at.last().and_then(|last| last.aside.clone());
            Decision::Say(
                "run again",
                aside.unwrap_or_else(|| "a new attempt was decided".to_owned()),
            )
        }
        Phase::Pending => Decision::Run,
        Phase::Kickback => Decision::Say("ask", format!("kickback: {reason}")),
        Phase::Blocked => Decision::Say("ask", format!("blocked: {reason}")),
        Phase::Failed | Phase::Partial | Phase::TimedOut if at.asked => {
            Decision::Say("ask", reason)
        }
        Phase::Failed | Phase::Partial | Phase::TimedOut => Decision::Say("leave", reason),
        Phase::Skipped | Phase::LeftOut | Phase::Reverted => Decision::Say("leave out", reason),
    }
}
