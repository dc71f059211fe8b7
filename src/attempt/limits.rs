//! How a program says that it met a limit, and when that ends.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::run::evidence::Limit;
use crate::run::reader::Limits;

/// What stands before the time that is to be waited.
const LEADS: [&str; 6] = [
    "try again in ",
    "retry in ",
    "retry after ",
    "resets in ",
    "reset after ",
    "available in ",
];
/// A time span is said in so many words at most: `1 day 2 hours and 3 minutes`.
const WORDS: usize = 8;
/// A time further off is a mistake.
const FAR: SignedDuration = SignedDuration::from_hours(24 * 32);

/// The limit that `text` speaks of.
pub(super) fn met(text: &str, limits: &Limits) -> Option<Limit> {
    let text = text.to_lowercase();
    // The narrow ones first: a budget that ran out is not over by waiting.
    [
        (&limits.budget, Limit::Budget),
        (&limits.turns, Limit::Turns),
        (&limits.rate, Limit::Rate),
    ]
    .into_iter()
    .find(|(words, _)| words.iter().any(|word| says(&text, &word.to_lowercase())))
    .map(|(_, limit)| limit)
}

/// Whether `text` has `word`, and not as a part of a longer one.
fn says(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric();
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

/// When the limit of which `text` speaks ends, as RFC 3339: a time in seconds since 1970 behind a bar, or a
/// time span from `now`.
pub(super) fn until(text: &str, now: i64) -> Option<String> {
    let now = Timestamp::from_second(now).ok()?;
    let stamped = text.split('|').skip(1).find_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let at = Timestamp::from_second(digits.parse().ok()?).ok()?;
        (digits.len() == 10).then_some(at)
    });
    let at = stamped.or_else(|| now.checked_add(waiting(text)?).ok())?;
    let ahead = at.duration_since(now);
    (ahead > SignedDuration::ZERO && ahead < FAR).then(|| at.to_string())
}

/// The time span behind the last of the words that lead to one, in whole seconds.
fn waiting(text: &str) -> Option<SignedDuration> {
    let text = text.to_lowercase();
    let lead = LEADS
        .iter()
        .filter_map(|lead| Some(text.rfind(lead)? + lead.len()))
        .max()?;
    let words: Vec<&str> = text[lead..]
        .split_whitespace()
        .filter(|word| *word != "and")
        .take(WORDS)
        .collect();
    let span = (1..=words.len()).rev().find_map(|count| {
        let said = words[..count].join(" ");
        let said = said.trim_end_matches(|c: char| !c.is_alphanumeric());
        said.parse::<Span>().ok()
    })?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    // What is left of a second is waited for as well.
    let rest = i64::from(span.subsec_nanos() > 0);
    span.as_secs()
        .checked_add(rest)
        .map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{met, until};
    use crate::run::evidence::Limit;
    use crate::run::reader::Limits;

    #[test]
    fn a_limit_is_known_by_whole_words_in_any_case() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let limits = Limits {
            rate: words(&["429", "rate limit"]),
            budget: words(&["maximum budget"]),
            turns: words(&["maximum number of turns"]),
        };
        for (text, limit) in [
            ("API Error: Request rejected (429)", Some(Limit::Rate)),
            ("Rate limit reached", Some(Limit::Rate)),
            ("Reached maximum budget ($0.429)", Some(Limit::Budget)),
            ("Reached maximum number of turns (2)", Some(Limit::Turns)),
            ("connection to port 14290 refused", None),
            ("a separate limit", None),
        ] {
            assert_eq!(met(text, &limits), limit, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_limit_is_said_in_many_ways() {
        let now = 1_767_225_600;
        for (text, end) in [
            (
                "usage limit reached|1767229200",
                Some("2026-01-01T01:00:00Z"),
            ),
            ("Please retry in 34.07s.", Some("2026-01-01T00:00:35Z")),
            (
                "Please try again in 2s. (was: retry in 9s)",
                Some("2026-01-01T00:00:09Z"),
            ),
            (
                "You've hit your usage limit. Try again in 3 days 2 hours and 5 minutes.",
                Some("2026-01-04T02:05:00Z"),
            ),
            ("resets in 1h30m", Some("2026-01-01T01:30:00Z")),
            ("5-hour limit reached, resets 3pm", None),
            ("retry in a while", None),
            ("limit|1700000000 is over", None),
            ("retry in 999999999 hours", None),
        ] {
            assert_eq!(until(text, now).as_deref(), end, "{text}");
        }
    }
}
