//! What an executor claims of its attempt, read from whatever it left. Never fails and never believes more
//! than it must: what cannot be understood is a failure that says why.
//!
//! The first of these counts: the result file; what the program reports of itself when it failed; the last JSON
//! object with a `status` in its last message, or in the output where that is not known; the text form; the exit
//! status. Whether a claim is true is for judging to find out.

use serde_json::{Map, Value};

use super::output::{self, Secrets};
use super::reading::{Answer, Failure, Reading};
use super::{json, text};
use crate::run::evidence::{Claim, ClaimForm, ClaimStatus, Limit, Outcome, Signal};

/// The longest string of a claim that is kept, in bytes.
const TEXT_MAX: usize = 64 << 10;
/// The longest sentence that is made of what an executor printed, in bytes.
const SENTENCE_MAX: usize = 200;
/// The longest list of a claim that is kept.
const LIST_MAX: usize = 4096;
/// Exit status: try later.
const TRY_LATER: i32 = 75;
/// Exit status: something outside the task stands in the way.
const BLOCKED: i32 = 125;

/// The claim of an attempt that ended as `outcome`, left `result_file` and printed `output`, in which `reading` was
/// found. Of `secrets`, none is cut in two where a sentence is made of what was printed: the halves would no longer
/// be known.
pub fn read(
    result_file: Option<&[u8]>,
    reading: &Reading,
    output: &[u8],
    outcome: Outcome,
    secrets: &Secrets,
) -> Claim {
    let ended_well = outcome == Outcome::Exited(0);
    let said = match &reading.answer {
        Answer::Printed => output,
        Answer::Message(text) => text.as_bytes(),
        Answer::Missing => b"",
    };
    let told = result_file
        .filter(|bytes| !bytes.trim_ascii().is_empty())
        .map(of_result_file)
        // What was true when it was written: the program has failed since, and its exit status says so too.
        .filter(|claim| {
            claim.status != ClaimStatus::Done || ended_well || reading.failure.is_none()
        })
        .or_else(|| reading.failure.as_ref().map(of_failure))
        .or_else(|| json::last_with_status(said).map(|object| of_object(&object, ClaimForm::Json)))
        .or_else(|| text::read(said))
        .or_else(|| (ended_well && reading.answer == Answer::Missing).then(silent));
    let mut claim = bound_by_outcome(told, outcome);
    let failed = !matches!(outcome, Outcome::Exited(0 | TRY_LATER));
    let is_silent = claim.form == ClaimForm::ExitStatus && matches!(outcome, Outcome::Exited(_));
    if failed && is_silent {
        // Who says nothing in a form of ours usually prints why before it gives up.
        claim.reason = last_words(output, secrets).unwrap_or(claim.reason);
    }
    claim
}

/// The last line of `output` that says anything.
fn last_words(output: &[u8], secrets: &Secrets) -> Option<String> {
    let mut lines = output.rsplit(|byte| matches!(byte, b'\n' | b'\r'));
    let line = lines.find(|line| !line.trim_ascii().is_empty())?;
    let text = anstream::adapter::strip_bytes(line).into_vec();
    let text = String::from_utf8_lossy(&text);
    let words: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    // Not before that: without what stood between its parts a secret would be whole.
    let words = output::redact(words.as_bytes(), secrets);
    let words = String::from_utf8_lossy(&words);
    Some(cut(&words, SENTENCE_MAX).to_owned()).filter(|words| !words.is_empty())
}

/// An attempt that did not end with 0 is never done, whatever it says.
fn bound_by_outcome(told: Option<Claim>, outcome: Outcome) -> Claim {
    let (status, reason) = match outcome {
        Outcome::Exited(0) => (ClaimStatus::Done, String::new()),
        Outcome::Exited(TRY_LATER) => (ClaimStatus::RateLimited, "asks to be run later".into()),
        Outcome::Exited(BLOCKED) => (ClaimStatus::Blocked, "blocked, for no stated reason".into()),
        other => (ClaimStatus::Failed, other.to_string()),
    };
    let Some(mut claim) = told else {
        return Claim {
            status,
            reason,
            ..Claim::default()
        };
    };
    let overruled = match (outcome, claim.status) {
        (Outcome::Exited(0), _) => false,
        (_, ClaimStatus::Done) => true,
        (Outcome::Exited(TRY_LATER | BLOCKED), ClaimStatus::Partial) => true,
        _ => false,
    };
    if overruled {
        claim.status = status;
        claim.reason = match claim.reason.as_str() {
            "" => reason,
            said => format!("{reason}; it says: {said}"),
        };
    }
    claim
}

fn of_result_file(bytes: &[u8]) -> Claim {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => of_object(&object, ClaimForm::ResultFile),
        Ok(_) => failed("the result file holds no JSON object"),
        Err(error) => failed(&format!("the result file is not JSON: {error}")),
    }
}

/// A program that failed itself has done nothing that it could answer for; a limit of the service is no fault.
fn of_failure(failure: &Failure) -> Claim {
    let status = match failure.limit {
        Some(Limit::Rate) => ClaimStatus::RateLimited,
        Some(Limit::Budget | Limit::Turns) | None => ClaimStatus::Failed,
    };
    Claim {
        status,
        form: ClaimForm::Reported,
        reason: cut(failure.text.trim(), TEXT_MAX).to_owned(),
        until: failure.until.clone(),
        ..Claim::default()
    }
}

/// Its exit status would be believed, although it said nothing.
fn silent() -> Claim {
    Claim {
        form: ClaimForm::Reported,
        reason: "its program ended without a last message".into(),
        ..Claim::default()
    }
}

fn failed(reason: &str) -> Claim {
    Claim {
        form: ClaimForm::ResultFile,
        reason: reason.to_owned(),
        ..Claim::default()
    }
}

/// Reads the fields that are known; others, and known ones of an odd type, are left out.
fn of_object(object: &Map<String, Value>, form: ClaimForm) -> Claim {
    let text = |name: &str| object.get(name).map(sentence).unwrap_or_default();
    let list = |name: &str| object.get(name).map(sentences).unwrap_or_default();
    let mut claim = Claim {
        form,
        commit: Some(text("commit")).filter(|commit| !commit.is_empty()),
        files_changed: list("files_changed"),
        verification: text("verification"),
        notes: text("notes"),
        reason: text("reason"),
        last_completed: text("last_completed"),
        details: text("details"),
        recommendation: text("recommendation"),
        suggested_split: list("suggested_split"),
        ..Claim::default()
    };
    let said = text("status");
    match status(&said) {
        Some(status) => claim.status = status,
        None if said.is_empty() => claim.reason = "the claim has no `status`".into(),
        None => claim.reason = format!("the claim has the unknown status `{}`", cut(&said, 100)),
    }
    settle_signal(&mut claim, &text("signal"));
    claim
}

/// A kickback always has a signal, for its route depends on it. One without, or with an unknown one, asks
/// for what only a person can give (`missing_context`) and keeps the executor's word in the details.
pub(super) fn settle_signal(claim: &mut Claim, said: &str) {
    if claim.status != ClaimStatus::Kickback {
        return;
    }
    let known = Signal::ALL
        .into_iter()
        .find(|signal| signal.name().eq_ignore_ascii_case(said));
    if known.is_none() && !said.is_empty() {
        let details = std::mem::take(&mut claim.details);
        let lead = format!("signal `{}`", cut(said, 100));
        claim.details = match details.as_str() {
            "" => lead,
            _ => format!("{lead}: {details}"),
        };
    }
    claim.signal = Some(known.unwrap_or(Signal::MissingContext));
}

/// The status that a word means, in any case.
pub(super) fn status(word: &str) -> Option<ClaimStatus> {
    let known = [
        ("done", ClaimStatus::Done),
        ("failed", ClaimStatus::Failed),
        ("blocked", ClaimStatus::Blocked),
        ("partial", ClaimStatus::Partial),
        ("kickback", ClaimStatus::Kickback),
        ("rate-limited", ClaimStatus::RateLimited),
    ];
    known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word.trim()))
        .map(|(_, status)| status)
}

/// A value as text: executors write lists, numbers and objects where one sentence was asked for.
fn sentence(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(sentence).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => match (fields.get("name"), fields.get("description")) {
            (Some(name), Some(description)) => {
                format!("{}: {}", sentence(name), sentence(description))
            }
            _ => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    cut(text.trim(), TEXT_MAX).to_owned()
}

fn sentences(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().take(LIST_MAX).map(sentence).collect(),
        Value::Null => Vec::new(),
        other => vec![sentence(other)],
    }
}

/// The first `max` bytes of `text`, or a little less where a character stands in the way.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
