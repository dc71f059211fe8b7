//! One task of a run with all that is known of it: for people, and as JSON. Or one checkpoint.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::clean::{visible, visible_line};
use super::sentence::{short, took, used};
use crate::plan::{Check, Task};
use crate::run::event::Recorded;
use crate::run::evidence::{Claim, ClaimForm, Verdict};
use crate::run::proof::{Criterion, Quality};
use crate::run::state::{AttemptState, State};

/// How many lines of an attempt's output are shown.
const LINES: usize = 10;
/// How many characters of such a line.
const WIDTH: usize = 200;

/// What is kept of an attempt beside its state.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The checkpoint of its end.
    pub checkpoint: String,
    /// What it printed, redacted.
    pub output: Option<Vec<u8>>,
}

/// A task in full; `kept` holds what is kept of each attempt, oldest first.
pub fn human(state: &State, index: usize, kept: &[Option<Kept>]) -> String {
    let (task, at) = (&state.graph().tasks()[index], state.at(index));
    let commit = at
        .commit
        .as_deref()
        .map(|commit| format!(" {}", short(commit)));
    let mut text = format!(
        "{} ({}): {}{}\n",
        task.id,
        task.title,
        state.standing(index).words(),
        commit.unwrap_or_default()
    );
    if let Some(reason) = state.reason(index) {
        let _ = writeln!(text, "  {}", visible_line(&reason));
    }
    let verdict = state.proven();
    if let Some(blame) = verdict.and_then(|verdict| verdict.blame.as_ref())
        && blame.tasks.iter().any(|one| one.task == task.id)
    {
        let _ = writeln!(text, "  {}", visible_line(&blame.to_string()));
    }
    text.push_str(&asked_for(task, state.is_fix(index)));
    for (attempt, kept) in at.history.iter().zip(kept) {
        text.push('\n');
        text.push_str(&told(attempt, kept.as_ref()));
    }
    for words in &at.words {
        let _ = writeln!(text, "\nsaid to the next attempt: {words}");
    }
    visible(&text).into_owned()
}

/// What the plan says of it, or that the run gave it itself.
fn asked_for(task: &Task, is_fix: bool) -> String {
    let mut text = match is_fix {
        true => "  added by the run, to mend the whole\n".to_owned(),
        false => format!("  {}\n", task.location),
    };
    let ids = |ids: &[crate::plan::TaskId]| {
        let ids: Vec<&str> = ids.iter().map(crate::plan::TaskId::as_str).collect();
        ids.join(", ")
    };
    for (what, value) in [
        ("needs", ids(&task.needs)),
        ("after", ids(&task.after)),
        ("files", task.files.join(", ")),
    ] {
        if !value.is_empty() {
            let _ = writeln!(text, "  {what:<7} {}", visible_line(&value));
        }
    }
    for check in &task.verify {
        let lead = if matches!(check, Check::Prose(_)) {
            ""
        } else {
            "$ "
        };
        let _ = writeln!(text, "  verify  {lead}{}", visible_line(check.text()));
    }
    text
}

/// One attempt: how it ran, what it said, what was found.
fn told(attempt: &AttemptState, kept: Option<&Kept>) -> String {
    let ended = attempt
        .outcome
        .map_or("not ended".to_owned(), |outcome| outcome.to_string());
    let mut text = format!(
        "attempt {}: {}from {}, {ended}, {}\n",
        attempt.number,
        (attempt.executor.as_ref()).map_or_else(String::new, |name| format!("by {name}, ")),
        short(&attempt.base),
        took(attempt.millis)
    );
    let mut line = |what: &str, said: &str| {
        let _ = writeln!(text, "  {what:<9} {}", visible_line(said));
    };
    if let Some(claim) = attempt.said() {
        line("claimed", &claimed(claim));
    }
    if !attempt.usage.is_empty() {
        line("used", &used(&attempt.usage));
    }
    if let Some(verdict) = &attempt.verdict {
        for (what, said) in judged(verdict) {
            line(what, &said);
        }
    }
    if let Some(aside) = &attempt.aside {
        line("set aside", aside);
    }
    if let Some(tip) = attempt.tip.as_deref() {
        let by = if attempt.committed_by_tool {
            " (by git enact)"
        } else {
            ""
        };
        line("committed", &format!("{}{by}", short(tip)));
    }
    if let Some(salvage) = attempt.salvage.as_deref() {
        line(
            "left",
            &format!("uncommitted work, kept in {}", short(salvage)),
        );
    }
    if let Some(kept) = kept {
        text.push_str(&printed(kept));
    }
    text
}

/// What judging concluded, in lines that begin with a word each.
fn judged(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    match &verdict.accepted {
        Some(commit) => {
            let checks = verdict.checks.join(", ");
            lines.push(("accepted", format!("{} ({checks})", short(commit))));
        }
        None => {
            let reasons = verdict.reasons.iter();
            lines.extend(reasons.map(|reason| ("refused", reason.text.clone())));
        }
    }
    let tests = verdict.tests.iter();
    lines.extend(tests.map(|tested| ("tests", format!("{tested} (`{}`)", tested.command))));
    let failing = verdict
        .quality
        .iter()
        .filter(|check| check.ended != "exit 0");
    lines.extend(failing.map(|check| {
        let how = if check.holds { ", as before" } else { "" };
        let Quality {
            name,
            command,
            ended,
            ..
        } = check;
        ("check", format!("{name}: {ended}{how} (`{command}`)"))
    }));
    let criteria = verdict.criteria.iter();
    lines.extend(criteria.map(|criterion| ("criterion", proven(criterion))));
    let warnings = verdict.warnings.iter();
    lines.extend(warnings.map(|warning| ("note", warning.clone())));
    lines
}

/// A criterion with what is known of it: `met: It adds, by `cargo test` (exit 0)`.
pub(super) fn proven(criterion: &Criterion) -> String {
    let Criterion {
        text,
        standing,
        evidence,
    } = criterion;
    let by = match evidence.is_empty() {
        true => String::new(),
        false => format!(", by {evidence}"),
    };
    format!("{}: {text}{by}", standing.words())
}

fn claimed(claim: &Claim) -> String {
    let status = serde_json::to_value(claim.status).ok();
    let mut text = status
        .as_ref()
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let signal = claim.signal.map(|signal| signal.to_string());
    for more in [signal, claim.commit.clone()].into_iter().flatten() {
        let _ = write!(text, " {more}");
    }
    match claim.form {
        ClaimForm::ExitStatus => text.push_str(", by its exit status"),
        ClaimForm::Reported => text.push_str(", as its program reports"),
        ClaimForm::ResultFile | ClaimForm::Json | ClaimForm::Text => {}
    }
    for more in [
        &claim.reason,
        &claim.details,
        &claim.notes,
        &claim.recommendation,
    ] {
        if !more.is_empty() {
            let _ = write!(text, "; {more}");
        }
    }
    text
}

/// The end of what an attempt printed, and where all of it is.
fn printed(kept: &Kept) -> String {
    let Some(output) = &kept.output else {
        return String::new();
    };
    let output = String::from_utf8_lossy(output);
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let mut text = String::new();
    for line in shown {
        // Programs print whole documents on a line.
        let end = line
            .char_indices()
            .nth(WIDTH)
            .map_or(line.len(), |(at, _)| at);
        let rest = if end < line.len() { "…" } else { "" };
        let _ = writeln!(text, "  | {}{rest}", &line[..end]);
    }
    if lines.len() > shown.len() {
        let _ = writeln!(
            text,
            "  {} of {} lines; all of them: git enact show {}",
            shown.len(),
            lines.len(),
            short(&kept.checkpoint)
        );
    }
    text
}

/// The same for programs.
pub fn json(state: &State, index: usize, kept: &[Option<Kept>]) -> Result<String> {
    #[derive(Serialize)]
    struct Shown<'a> {
        schema: u32,
        run: &'a str,
        task: &'a Task,
        status: &'a str,
        commit: Option<&'a str>,
        reason: Option<String>,
        words: &'a [String],
        attempts: Vec<Attempt<'a>>,
    }
    #[derive(Serialize)]
    struct Attempt<'a> {
        #[serde(flatten)]
        state: &'a AttemptState,
        checkpoint: Option<&'a str>,
        output: Option<String>,
    }
    let at = state.at(index);
    let attempts = at.history.iter().zip(kept);
    let shown = Shown {
        schema: 1,
        run: &state.run.id,
        task: &state.graph().tasks()[index],
        status: state.standing(index).name(),
        commit: at.commit.as_deref(),
        reason: state.reason(index),
        words: &at.words,
        attempts: attempts
            .map(|(state, kept)| Attempt {
                state,
                checkpoint: kept.as_ref().map(|kept| kept.checkpoint.as_str()),
                output: kept.as_ref().and_then(|kept| {
                    let output = kept.output.as_deref()?;
                    Some(String::from_utf8_lossy(output).into_owned())
                }),
            })
            .collect(),
    };
    Ok(serde_json::to_string(&shown)?)
}

/// One checkpoint: its message, and each file that is kept beside the event.
pub fn checkpoint(recorded: &Recorded, message: &str, files: &[(String, Vec<u8>)]) -> String {
    let mut text = format!(
        "checkpoint {}\n{}\n\n{}\n",
        recorded.checkpoint,
        recorded.at,
        message.trim_end()
    );
    for (name, bytes) in files {
        let _ = write!(
            text,
            "\n{name}:\n\n{}\n",
            String::from_utf8_lossy(bytes).trim_end()
        );
    }
    visible(&text).into_owned()
}
