//! The text form of a claim: `COMPLETE` or `FAILED` on a line of its own, or `status:` and `commit:` lines.
//! Marks of Markdown around the words are looked through; whatever else the output says is not a claim.

use crate::run::evidence::{Claim, ClaimForm, ClaimStatus};

use super::claim::{self, cut};

/// The longest field that is kept, in bytes.
const FIELD_MAX: usize = 64 << 10;

/// The claim that the last signal in `output` makes, with the fields of its paragraph and of what follows.
pub(super) fn read(output: &[u8]) -> Option<Claim> {
    let output = String::from_utf8_lossy(output);
    let lines: Vec<&str> = output.lines().collect();
    let (at, status) = lines
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, line)| Some((at, signal(line)?)))?;
    let begin = lines[..at]
        .iter()
        .rposition(|line| line.trim().is_empty())
        .map_or(0, |blank| blank + 1);
    let about = &lines[begin..];
    let mut claim = Claim {
        status,
        form: ClaimForm::Text,
        commit: about
            .iter()
            .rev()
            .find_map(|line| commit(field(line, "commit")?)),
        verification: first(about, "verification"),
        notes: first(about, "notes"),
        reason: first(about, "reason"),
        last_completed: first(about, "last completed"),
        details: first(about, "details"),
        recommendation: first(about, "recommendation"),
        ..Claim::default()
    };
    claim::settle_signal(&mut claim, &first(about, "signal"));
    Some(claim)
}

/// What a line signals by itself.
fn signal(line: &str) -> Option<ClaimStatus> {
    match undecorated(line) {
        "COMPLETE" => Some(ClaimStatus::Done),
        "FAILED" => Some(ClaimStatus::Failed),
        "KICKBACK" => Some(ClaimStatus::Kickback),
        _ => claim::status(field(line, "status")?),
    }
}

fn first(lines: &[&str], name: &str) -> String {
    lines
        .iter()
        .find_map(|line| field(line, name))
        .map(|value| cut(value, FIELD_MAX).to_owned())
        .unwrap_or_default()
}

/// The value of `name: value`, also as `- **Name:** value` or `**Name**: value`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (said, value) = undecorated(line).split_once(':')?;
    undecorated(said)
        .eq_ignore_ascii_case(name)
        .then(|| undecorated(value))
}

/// Text without the marks that Markdown puts around it.
fn undecorated(text: &str) -> &str {
    let is_mark =
        |mark: char| mark.is_whitespace() || matches!(mark, '*' | '`' | '#' | '-' | '>' | '_');
    text.trim_start_matches(is_mark)
        .trim_end_matches(|mark: char| mark.is_whitespace() || matches!(mark, '*' | '`' | '_'))
}

/// The first word if it can be a commit's name.
fn commit(value: &str) -> Option<String> {
    let word = value.split_whitespace().next()?;
    let word = word.trim_end_matches(['.', ',', '`']);
    let is_name =
        (4..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| word.to_owned())
}
