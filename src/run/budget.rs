//! How much a run may use up before it pauses, and what it has used up since it was last let go on.
//!
//! Counted from its events alone: time is what passed between those of a drive, and not while a person thought or
//! nobody drove. What runs when a limit is met ends by its own; nothing new starts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{By, Event, Recorded};
use super::evidence::Usage;

/// How much a run may use up before it pauses; what is not said has no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Attempts of all tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Wall-clock time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// Tokens that models were given and made, as far as executors tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// US dollars, as far as executors tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

/// What a run has used up since it started, or went on after it had met a limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Attempts begun.
    pub attempts: u32,
    /// Wall-clock time in milliseconds.
    pub time_ms: u64,
    /// What executors told of theirs.
    #[serde(skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
}

impl Limits {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The limit that was met, with what was used up; nothing as long as there is room.
    pub fn met(&self, spent: &Spent) -> Option<String> {
        let tokens = spent.tokens();
        let cost = spent.usage.cost_usd.unwrap_or(0.0);
        let met = [
            (self.attempts.filter(|limit| spent.attempts >= *limit))
                .map(|limit| format!("{limit} attempts were made")),
            (self.time_ms.filter(|limit| spent.time_ms >= *limit)).map(|limit| {
                format!(
                    "it has run for {:#}",
                    jiff::SignedDuration::from_millis(limit as i64)
                )
            }),
            (self.tokens.filter(|limit| tokens >= *limit))
                .map(|limit| format!("{tokens} tokens of {limit} were used up")),
            (self.cost_usd.filter(|limit| cost >= *limit))
                .map(|limit| format!("${cost:.2} of ${limit:.2} were spent")),
        ];
        met.into_iter().flatten().next()
    }
}

impl Spent {
    /// Whether nothing was used up.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn tokens(&self) -> u64 {
        let both = [self.usage.input_tokens, self.usage.output_tokens];
        both.into_iter().flatten().fold(0, u64::saturating_add)
    }

    /// Adds what an event used up that came `millis` after the one before it.
    pub(super) fn add(&mut self, event: &Event, millis: u64) {
        match event {
            Event::AttemptStarted { .. } => self.attempts = self.attempts.saturating_add(1),
            Event::AttemptEnded { usage, .. } => self.usage.add(usage),
            _ => {}
        }
        self.time_ms = self.time_ms.saturating_add(millis);
    }
}

/// For how long a run was driven until `recorded`, in milliseconds, when `before` is the time of the event before it.
pub(super) fn driven(recorded: &Recorded, before: &str) -> u64 {
    match is_of_drive(&recorded.event) {
        true => between(before, &recorded.at),
        false => 0,
    }
}

/// Whether an event came of driving, so that the time before it was spent.
fn is_of_drive(event: &Event) -> bool {
    !matches!(
        event,
        Event::Resumed { .. }
            | Event::Retried { by: By::Person, .. }
            | Event::Answered { by: By::Person, .. }
            | Event::Skipped { by: By::Person, .. }
            | Event::Reviewed { .. }
            | Event::Reverted { .. }
            | Event::RolledBack { .. }
            | Event::Replanned { .. }
            | Event::Landed { .. }
    )
}

/// The time between two events in milliseconds; none when a clock went back.
fn between(before: &str, after: &str) -> u64 {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let span = time(before)
        .zip(time(after))
        .map(|(before, after)| after.duration_since(before));
    span.and_then(|span| u64::try_from(span.as_millis()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::TaskId;

    fn recorded(at: &str, event: Event) -> Recorded {
        Recorded {
            seq: 1,
            at: at.to_owned(),
            checkpoint: String::new(),
            event,
        }
    }

    #[test]
    fn only_the_time_of_a_drive_counts() {
        let mut sum = 0;
        let ended = Event::Failed {
            task: TaskId::from("a"),
            reason: String::new(),
            partial: false,
        };
        let resumed = Event::Resumed {
            reason: String::new(),
        };
        sum += driven(
            &recorded("2026-01-01T10:00:05Z", ended.clone()),
            "2026-01-01T10:00:00Z",
        );
        sum += driven(
            &recorded("2026-01-02T10:00:00Z", resumed),
            "2026-01-01T10:00:05Z",
        );
        sum += driven(
            &recorded("2026-01-02T10:00:02Z", ended.clone()),
            "2026-01-02T10:00:00Z",
        );
        sum += driven(
            &recorded("2026-01-01T00:00:00Z", ended),
            "2026-01-02T10:00:02Z",
        );
        assert_eq!(sum, 7000);
    }

    #[test]
    fn a_limit_is_met_when_nothing_of_it_is_left() {
        let usage = Usage {
            cost_usd: Some(1.5),
            input_tokens: Some(900),
            output_tokens: Some(100),
            ..Usage::default()
        };
        let spent = Spent {
            attempts: 3,
            time_ms: 60_000,
            usage,
        };
        let none = Limits::default();
        let met = |limits: &Limits| limits.met(&spent).unwrap_or_default();
        assert_eq!(met(&none), "");
        assert_eq!(
            met(&Limits {
                attempts: Some(3),
                ..none.clone()
            }),
            "3 attempts were made"
        );
        assert_eq!(
            met(&Limits {
                attempts: Some(4),
                ..none.clone()
            }),
            ""
        );
        assert_eq!(
            met(&Limits {
                time_ms: Some(60_000),
                ..none.clone()
            }),
            "it has run for 1m"
        );
        assert_eq!(
            met(&Limits {
                tokens: Some(1000),
                ..none.clone()
            }),
            "1000 tokens of 1000 were used up"
        );
        assert_eq!(
            met(&Limits {
                cost_usd: Some(1.0),
                ..none
            }),
            "$1.50 of $1.00 were spent"
        );
    }
}
