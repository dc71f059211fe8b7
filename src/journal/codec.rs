//! An event as text and back: the record in a checkpoint's tree, its subject, its trailers.
//!
//! The record is versioned. A newer version is refused before anything else in it is looked at, so that an
//! old program never half-understands a new journal.

use std::fmt;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::layout;
use crate::run::event::{Event, Recorded};
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

/// The text of `record.toml`.
pub fn encode(recorded: &Recorded, headline: &Headline) -> Result<String> {
    toml::to_string(&Written {
        format: FORMAT,
        recorded,
        headline,
    })
    .context("an event could not be written as TOML")
}

/// The event in a `record.toml`; a newer version is the typed error [`Newer`].
pub fn decode(text: &str) -> Result<Recorded> {
    check_version(text)?;
    toml::from_str(text).context("the record cannot be understood")
}

/// What a `record.toml` says of the whole run.
pub fn decode_headline(text: &str) -> Result<Headline> {
    check_version(text)?;
    let summary: Summary = toml::from_str(text).context("the headline cannot be understood")?;
    Ok(summary.headline)
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

/// The message of a checkpoint commit: a sentence, then trailers.
pub fn message(run: &str, recorded: &Recorded, tasks: usize) -> String {
    let event = &recorded.event;
    let mut text = format!("{}\n\n", subject(event, tasks));
    let mut trailer = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        writeln!(text, "{key}: {}", plain(value)).unwrap_or_default();
    };
    trailer(layout::TRAILER_RUN, run);
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
    text
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
        Some(task) => format!("{task}: {}", task_sentence(event)),
        None => run_sentence(event, tasks),
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
        } => {
            let commit = short(commit);
            if *passed {
                format!("final verification of {commit} passed")
            } else {
                because(
                    &format!("final verification of {commit} failed"),
                    &reasons.join("; "),
                )
            }
        }
        Event::Quarantined { reason } => because("quarantined", reason),
        Event::Landed { branch, to, .. } => {
            let branch = branch.trim_start_matches("refs/heads/");
            format!("landed on {branch} as {}", short(to))
        }
        Event::Finished => "finished".to_owned(),
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
            attempt, verdict, ..
        } => match &verdict.accepted {
            Some(commit) => format!("accepted {} (attempt {attempt})", short(commit)),
            None => {
                let reasons: Vec<&str> = verdict
                    .reasons
                    .iter()
                    .map(|reason| reason.text.as_str())
                    .collect();
                because(&format!("attempt {attempt} refused"), &reasons.join("; "))
            }
        },
        Event::Integrated {
            attempt, commit, ..
        } => format!("integrated {} (attempt {attempt})", short(commit)),
        Event::Conflicted { commit, reason, .. } => {
            because(&format!("{} does not fit", short(commit)), reason)
        }
        Event::Failed { reason, .. } => because("failed", reason),
        Event::Asked { reason, .. } => because("a person is asked", reason),
        Event::Kickback { signal, reason, .. } => because(&format!("kickback {signal}"), reason),
        Event::Blocked { reason, .. } => because("blocked", reason),
        Event::TimedOut { reason, .. } => because("timed out", reason),
        Event::Skipped { reason, .. } => because("skipped", reason),
        Event::Retried { reason, .. } => because("a new attempt", reason),
        Event::Answered { words, .. } => because("answered", words),
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

/// Seven digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// The text on one line and without what a terminal would obey.
fn plain(text: &str) -> String {
    let replaced = text.chars().map(|c| {
        let steers = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers { ' ' } else { c }
    });
    let line: String = replaced.collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of somebody else's as part of a subject.
pub fn subject_text(text: &str) -> String {
    plain(text).chars().take(SUBJECT / 2).collect()
}
