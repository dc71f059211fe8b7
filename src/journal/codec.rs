//! An event as text and back: the message of its checkpoint, which is a sentence, the record and trailers.
//!
//! The record stands in the message and not in a file of the tree, so that an event that keeps nothing beside
//! it is one object to write, a run's headline one to read, and `git log` shows what happened in full.
//!
//! The record is versioned. A newer version is refused before anything else in it is looked at, so that an
//! old program never half-understands a new journal.

use std::fmt;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::layout;
use crate::run::event::{Event, Recorded};
use crate::run::names::{self, short};
use crate::run::state::Headline;

/// The version of the record that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// How long a subject may be, in characters.
const SUBJECT: usize = 120;

/// The journal was written by a newer program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newer {
    /// The version found.
    pub found: u32,
    /// The newest version that this program knows.
    pub known: u32,
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal has format {}, this program knows up to {}: use the newer program",
            self.found, self.known
        )
    }
}

impl std::error::Error for Newer {}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    #[serde(flatten)]
    recorded: &'a Recorded,
    headline: &'a Headline,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

#[derive(Deserialize)]
struct Summary {
    headline: Headline,
}

/// The record as TOML: the event, and where the run then stands.
fn encode(recorded: &Recorded, headline: &Headline) -> Result<String> {
    let written = Table::try_from(Written {
        format: FORMAT,
        recorded,
        headline,
    });
    let table = written.context("an event could not be written as TOML")?;
    let mut text = String::new();
    lay_out(&table, "", &mut text);
    Ok(text)
}

/// The table as TOML with one line a value. The crate's own writer spreads a text over several lines, which
/// could then look like trailers, and leaves in it what a terminal obeys.
fn lay_out(table: &Table, path: &str, text: &mut String) {
    let is_table = |value: &Value| matches!(value, Value::Table(_));
    for (key, value) in table.iter().filter(|(_, value)| !is_table(value)) {
        *text += &format!("{} = {}\n", bare(key), inline(value));
    }
    for (key, value) in table {
        if let Value::Table(below) = value {
            let path = format!("{path}{}", bare(key));
            *text += &format!("\n[{path}]\n");
            lay_out(below, &format!("{path}."), text);
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(table) => {
            let pairs = table.iter();
            let pairs: Vec<String> = pairs
                .map(|(key, value)| format!("{} = {}", bare(key), inline(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

fn bare(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

fn quoted(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 2);
    line.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            c if steers(c) => line += &format!("\\u{:04X}", u32::from(c)),
            c => line.push(c),
        }
    }
    line.push('"');
    line
}

/// The event in a checkpoint's message; a newer version is the typed error [`Newer`].
pub fn decode(message: &str) -> Result<Recorded> {
    let text = record(message)?;
    check_version(text)?;
    toml::from_str(text).context("the record cannot be understood")
}

/// What a checkpoint's message says of the whole run.
pub fn decode_headline(message: &str) -> Result<Headline> {
    let text = record(message)?;
    check_version(text)?;
    let summary: Summary = toml::from_str(text).context("the headline cannot be understood")?;
    Ok(summary.headline)
}

/// The run that a checkpoint's trailers name.
pub fn run_of(message: &str) -> Option<&str> {
    let (_, trailers) = message.trim_end().rsplit_once("\n\n")?;
    let mut lines = trailers.lines();
    lines.find_map(|line| line.strip_prefix(layout::TRAILER_RUN)?.strip_prefix(": "))
}

/// The record in a message: what stands between its first paragraph and its last.
fn record(message: &str) -> Result<&str> {
    let (_, below) = message.split_once("\n\n").unwrap_or_default();
    let (record, _trailers) = below
        .trim_end()
        .rsplit_once("\n\n")
        .context("this is no checkpoint: it holds no record")?;
    Ok(record)
}

fn check_version(text: &str) -> Result<()> {
    let version: Version = toml::from_str(text).context("the record names no format")?;
    if version.format > FORMAT {
        return Err(Newer {
            found: version.format,
            known: FORMAT,
        }
        .into());
    }
    Ok(())
}

/// The message of a checkpoint commit: a sentence, the record, trailers.
pub fn message(recorded: &Recorded, headline: &Headline) -> Result<String> {
    let event = &recorded.event;
    let sentence = subject(event, headline.counts.total);
    let mut text = format!("{sentence}\n\n{}\n", encode(recorded, headline)?);
    let mut trailer = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        writeln!(text, "{key}: {}", plain(value)).unwrap_or_default();
    };
    trailer(layout::TRAILER_RUN, &headline.run);
    trailer(layout::TRAILER_EVENT, event.name());
    if let Some(task) = event.task() {
        trailer(layout::TRAILER_TASK, task.as_str());
    }
    if let Some(attempt) = event.attempt() {
        trailer(layout::TRAILER_ATTEMPT, &attempt.to_string());
    }
    if let Some(commit) = commit(event) {
        trailer(layout::TRAILER_COMMIT, commit);
    }
    Ok(text)
}

/// The commit an event is about.
fn commit(event: &Event) -> Option<&str> {
    match event {
        Event::Judged { verdict, .. } => verdict.accepted.as_deref(),
        Event::Verified { commit, .. } => Some(commit),
        Event::AttemptEnded { tip, .. } | Event::AttemptAbandoned { tip, .. } => tip.as_deref(),
        _ => event.pins().first().copied(),
    }
}

/// The event as a sentence of one line.
pub fn subject(event: &Event, tasks: usize) -> String {
    let line = match event.task() {
        Some(task) if !matches!(event, Event::Replanned { .. }) => {
            format!("{task}: {}", task_sentence(event))
        }
        _ => run_sentence(event, tasks),
    };
    let line = plain(&line);
    if line.chars().count() <= SUBJECT {
        return line;
    }
    let mut cut: String = line.chars().take(SUBJECT - 1).collect();
    cut.push('…');
    cut
}

fn run_sentence(event: &Event, tasks: usize) -> String {
    match event {
        Event::Started { run, base, .. } => {
            let s = if tasks == 1 { "" } else { "s" };
            format!("run {run} started: {tasks} task{s} from {}", short(base))
        }
        Event::Resumed { reason } => because("resumed", reason),
        Event::Paused { reason, until, .. } => {
            let until = until.as_ref().map(|until| format!(" until {until}"));
            because(&format!("paused{}", until.unwrap_or_default()), reason)
        }
        Event::Stopped { reason } => because("stopped", reason),
        Event::Verified {
            commit,
            passed,
            reasons,
            blame,
            ..
        } => match (passed, blame) {
            (true, _) => format!("final verification of {} passed", short(commit)),
            (false, Some(blame)) => blame.to_string(),
            (false, None) => because(
                &format!("final verification of {} failed", short(commit)),
                &reasons.join("; "),
            ),
        },
        Event::RolledBack { to, target, .. } => {
            format!("rolled back to checkpoint {} (event {to})", short(target))
        }
        Event::Replanned { drift, .. } => because("replanned", &drift.join("; ")),
        Event::Quarantined { reason, .. } => because("quarantined", reason),
        Event::Landed { branch, to, .. } => {
            let branch = names::branch(branch);
            format!("landed on {branch} as {}", short(to))
        }
        Event::Finished { .. } => "finished".to_owned(),
        other => other.name().replace('-', " "),
    }
}

fn task_sentence(event: &Event) -> String {
    match event {
        Event::AttemptStarted { attempt, base, .. } => {
            format!("attempt {attempt} started from {}", short(base))
        }
        Event::AttemptEnded {
            attempt, outcome, ..
        } => format!("attempt {attempt} ended: {outcome}"),
        Event::AttemptAbandoned {
            attempt, reason, ..
        } => because(&format!("attempt {attempt} abandoned"), reason),
        Event::Judged {
            attempt,
            verdict,
            again,
            ..
        } => {
            let commit = verdict.accepted.as_deref().map(short);
            let reasons = || crate::run::decide::joined(&verdict.reasons);
            match (commit, again) {
                (Some(commit), false) => format!("accepted {commit} (attempt {attempt})"),
                (Some(commit), true) => format!("{commit} still holds"),
                (None, false) => because(&format!("attempt {attempt} refused"), &reasons()),
                (None, true) => because("no longer holds", &reasons()),
            }
        }
        Event::Integrated {
            attempt, commit, ..
        } => format!("integrated {} (attempt {attempt})", short(commit)),
        Event::Conflicted { commit, reason, .. } => {
            because(&format!("{} does not fit", short(commit)), reason)
        }
        Event::Failed {
            reason, partial, ..
        } => because(names::failed(*partial), reason),
        Event::Asked { reason, .. } => because("a person is asked", reason),
        Event::Kickback { signal, reason, .. } => because(&format!("kickback {signal}"), reason),
        Event::Blocked { reason, .. } => because("blocked", reason),
        Event::TimedOut { reason, .. } => because("timed out", reason),
        Event::Skipped { reason, .. } => because("skipped", reason),
        Event::Retried { reason, .. } => because("a new attempt", reason),
        Event::Answered { words, .. } => because("answered", words),
        Event::Reviewed {
            attempt,
            approved: true,
            ..
        } => format!("attempt {attempt} approved"),
        Event::Reviewed { attempt, words, .. } => {
            because(&format!("attempt {attempt} sent back"), words)
        }
        Event::Reverted { tip, words, .. } => because(&format!("undone by {}", short(tip)), words),
        other => run_sentence(other, 0),
    }
}

fn because(what: &str, why: &str) -> String {
    if why.trim().is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {}", why.trim())
    }
}

/// Whether a terminal would obey it, or show what follows in another order.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line and without what a terminal would obey.
fn plain(text: &str) -> String {
    let replaced = text.chars().map(|c| if steers(c) { ' ' } else { c });
    let line: String = replaced.collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of somebody else's as part of a subject.
pub fn subject_text(text: &str) -> String {
    plain(text).chars().take(SUBJECT / 2).collect()
}
