//! What a status in words says: `✅ Complete`, `Phase 2 complete (4/4 tasks)`, `To be implemented`.
//!
//! What is done is not done again, so only words that plainly say so count: the deciding word first, or behind words
//! that change nothing of it. Knows neither a plan nor what its dialect does with what is unclear.

use std::ops::Range;

use super::Fault;
use super::text::Text;

/// What a status in words says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Word {
    Done,
    Skipped,
    InProgress,
    /// Tried, and ended badly.
    Failed,
    /// Reviewed, so that it may be executed.
    Reviewed,
    /// Speaks of an end, but not plainly of one that is reached.
    Unclear,
    /// Anything else.
    Open,
}

/// Before a deciding word these change nothing of it.
const NEUTRAL: [&str; 43] = [
    "x",
    "phase",
    "phases",
    "group",
    "groups",
    "parallel",
    "all",
    "fully",
    "completely",
    "successfully",
    "tests",
    "test",
    "pass",
    "passes",
    "passed",
    "passing",
    "verified",
    "tested",
    "merged",
    "shipped",
    "deployed",
    "released",
    "now",
    "already",
    "is",
    "was",
    "are",
    "has",
    "have",
    "been",
    "status",
    "work",
    "everything",
    "task",
    "tasks",
    "item",
    "items",
    "it",
    "and",
    "the",
    "this",
    "implementation",
    "code",
];

/// With one of these nothing plainly is done.
const LIMITS: [&str; 55] = [
    "almost",
    "nearly",
    "mostly",
    "partially",
    "partly",
    "partial",
    "substantially",
    "largely",
    "half",
    "halfway",
    "except",
    "excluding",
    "but",
    "never",
    "not",
    "yet",
    "soon",
    "tomorrow",
    "later",
    "next",
    "until",
    "unless",
    "when",
    "if",
    "once",
    "pending",
    "awaiting",
    "waiting",
    "todo",
    "tbd",
    "remaining",
    "remains",
    "left",
    "needs",
    "needed",
    "missing",
    "blocked",
    "failing",
    "fails",
    "failed",
    "without",
    "untested",
    "unverified",
    "will",
    "be",
    "being",
    "should",
    "must",
    "draft",
    "wip",
    "progress",
    "started",
    "starting",
    "only",
    "cannot",
];

const TICKS: [char; 4] = ['✅', '✓', '✔', '☑'];

/// Beside one of these as well.
const DOUBTS: [char; 12] = [
    '?', '？', '❌', '✗', '✘', '✖', '🚧', '⏳', '🔄', '⛔', '⬜', '☐',
];

/// What a status says: its first word that means something.
pub(in crate::plan) fn word(text: &str) -> Word {
    let lower = without_comments(text).to_lowercase();
    // `ready_for_approval` is what nobody has looked at yet.
    let waits = ["for approval", "for_approval", "for review", "for_review"];
    let is_waiting = waits.iter().any(|wait| lower.contains(wait));
    let tokens = tokens(&lower);
    let is_negated = |at: usize| is_waiting || tokens[..at].iter().any(|token| negates(token));
    let bare = lower.trim_start_matches(|c: char| c.is_whitespace() || "*_`-".contains(c));
    let Some((at, found)) = deciding(&tokens) else {
        if is_negated(tokens.len()) || !lower.contains(TICKS) {
            return Word::Open;
        }
        let is_plain = bare.starts_with(TICKS) && !is_limited(&tokens, &lower)
            || is_neutral(&tokens) && !is_limited(&[], &lower);
        return if is_plain { Word::Done } else { Word::Unclear };
    };
    if is_negated(at) || bare.starts_with("[ ]") {
        return Word::Open;
    }
    let (before, after) = (&tokens[..at], &tokens[at + 1..]);
    // `Complete the parser` asks for it.
    let asks = tokens[at] == "complete"
        && matches!(after.first(), Some(&("the" | "this" | "these" | "it")));
    let is_plain = match found {
        Word::Done => is_neutral(before) && !asks && !is_limited(after, &lower),
        Word::Skipped => !is_limited(before, "") && !before.iter().any(|token| is_number(token)),
        _ => true,
    };
    if is_plain { found } else { Word::Unclear }
}

/// What is told of words that speak of an end which nobody may have reached.
pub(in crate::plan) fn unclear(said: &str, place: Range<usize>, text: &Text<'_>) -> Fault {
    let message =
        format!("`{said}` does not plainly say that it is done, so it is read as not done");
    text.warning(place, message)
        .help("say `Complete` first, or take the word out")
}

/// Whether a line of a record speaks of an end, and whether of one that is reached: it names what ended as it likes.
pub(in crate::plan) fn ends(text: &str) -> Option<bool> {
    let lower = without_comments(text).to_lowercase();
    let tokens = tokens(&lower);
    let (at, _) = deciding(&tokens).filter(|(_, word)| *word == Word::Done)?;
    let before = &tokens[..at];
    let is_negated = before.iter().any(|token| negates(token));
    Some(!is_negated && !is_limited(before, ""))
}

/// The first word that means something, and where it stands.
fn deciding(tokens: &[&str]) -> Option<(usize, Word)> {
    let means = |(at, token): (usize, &&str)| {
        let word = match *token {
            "done" | "complete" | "completed" | "implemented" | "finished" | "executed"
            | "完成" | "已完成" | "完了" => Word::Done,
            "skipped" | "skip" | "deferred" | "cancelled" | "canceled" => Word::Skipped,
            "in" | "executing" | "running" | "started" | "wip" | "partial" | "partially"
            | "active" => Word::InProgress,
            "failed" | "failure" | "timeout" | "timed" | "blocked" | "error" => Word::Failed,
            "reviewed" | "approved" | "ready" => Word::Reviewed,
            _ => return None,
        };
        Some((at, word))
    };
    tokens.iter().enumerate().find_map(means)
}

fn negates(token: &str) -> bool {
    matches!(
        token,
        "not" | "no" | "un" | "awaiting" | "pending" | "draft" | "todo" | "open"
    )
}

/// Words, and numbers with what makes them shares: `3/5`, `50%`, `1.5`.
fn tokens(lower: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '%');
    let words = lower.split(|c: char| !is_word(c)).flat_map(|word| {
        let share = word.starts_with(|c: char| c.is_ascii_digit());
        // `100%完成` is two words.
        let end = word.find('%').map_or(word.len(), |at| at + 1);
        let (first, rest) = word.split_at(if share { end } else { 0 });
        std::iter::once(first.trim_end_matches(['.', '/'])).chain(rest.split(['/', '.', '%']))
    });
    words.filter(|word| !word.is_empty()).collect()
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether these words, also with the ids of phases among them, leave open what follows them.
fn is_neutral(tokens: &[&str]) -> bool {
    let mut may_be_id = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let is_id = is_number(token) || token.len() == 1;
        let share = share_of(&tokens[at..]);
        if share == Some(false) {
            return false;
        } else if share == Some(true) {
            at += if tokens.get(at + 1) == Some(&"of") {
                2
            } else {
                0
            };
        } else if matches!(*token, "phase" | "phases" | "group" | "groups" | "all") {
            may_be_id = true;
        } else if !(may_be_id && (is_id || matches!(*token, "to" | "through" | "and"))) {
            if !NEUTRAL.contains(token) {
                return false;
            }
            may_be_id = false;
        }
        at += 1;
    }
    true
}

/// Whether a share begins here, and whether of all: `5/5`, `100%`, `2 of 5`.
fn share_of(tokens: &[&str]) -> Option<bool> {
    let first = *tokens.first().filter(|token| is_number(token))?;
    if let Some(percent) = first.strip_suffix('%') {
        return Some(percent == "100");
    }
    if let Some((part, whole)) = first.split_once('/') {
        return (!whole.contains('/')).then_some(part == whole);
    }
    let whole = tokens.get(2).filter(|token| is_number(token));
    let whole = whole.filter(|_| tokens[1] == "of")?;
    Some(first == *whole)
}

fn is_limited(tokens: &[&str], text: &str) -> bool {
    let is_part = |at: usize| share_of(&tokens[at..]) == Some(false);
    let limits = |at: usize| LIMITS.contains(&tokens[at]) && !is_of_none(tokens, at);
    (0..tokens.len()).any(limits) || (0..tokens.len()).any(is_part) || text.contains(DOUBTS)
}

/// Whether what a word speaks of is said to be nothing: `0 failed`, `nothing left`.
fn is_of_none(tokens: &[&str], at: usize) -> bool {
    let counts = matches!(
        tokens[at],
        "failed" | "failing" | "fails" | "remaining" | "remains" | "left" | "missing" | "pending"
    );
    let none = ["0", "no", "none", "nothing", "zero"];
    counts && at > 0 && none.contains(&tokens[at - 1])
}

/// A text without what Markdown does not show.
pub(in crate::plan) fn without_comments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, hidden)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = hidden.split_once("-->").map_or("", |(_, after)| after);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::{Word, ends, word};

    #[test]
    fn statuses_in_the_spellings_of_the_field() {
        for (text, expected) in [
            ("Reviewed - Ready for Implementation", Word::Reviewed),
            ("APPROVED WITH CHANGES", Word::Reviewed),
            ("✅ Implemented", Word::Done),
            ("Implemented", Word::Done),
            ("[x] Complete [13 January 2026, 10:00]", Word::Done),
            ("[ ] Complete", Word::Open),
            ("✅ COMPLETE - No action required", Word::Done),
            (
                "⚡ IN PROGRESS - 6.5/7 Phases Complete (93%)",
                Word::InProgress,
            ),
            ("executing: phases 1.5/2/3/4/6 parallel", Word::InProgress),
            ("(TIMEOUT)", Word::Failed),
            ("failed", Word::Failed),
            ("Draft - Awaiting Review", Word::Open),
            ("Not implemented", Word::Open),
            ("ready_for_approval", Word::Open),
            ("in_progress", Word::InProgress),
            ("✅", Word::Done),
            ("", Word::Open),
            ("Deferred until later", Word::Skipped),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn only_what_plainly_says_done_is_done() {
        for done in [
            "Phase complete",
            "Fully implemented",
            "Fully implemented and live ✅",
            "FULLY IMPLEMENTED & TESTED",
            "✅ Done",
            "✅ **100% COMPLETE**",
            "100%完成",
            "All tests pass, complete",
            "All passing ✓",
            "Phase 2 Complete ✅",
            "Phase 1 Complete (4/4 tasks)",
            "Phases 1, 2 and 3 completed",
            "All 5 phases complete",
            "5 of 5 phases done",
            "Completed Successfully",
            "Implementation Complete - Ready for Testing",
            "CODE COMPLETE 2026-05-26",
            "Implemented by Ann",
            "Has been implemented",
            "Implemented <!-- was: 2 of 5 phases -->",
            "✅ SUCCESS",
            "Done, 88 passed, 0 failed",
            "✔️",
            "☑",
            "Done (PR #12)",
            "Completed ✅ 2025-01-01",
            "完了",
        ] {
            assert_eq!(word(done), Word::Done, "{done}");
        }
        for unclear in [
            "To be completed",
            "almost done",
            "never finished",
            "will be done tomorrow",
            "50% complete",
            "3/5 done",
            "To be implemented",
            "Being implemented by Ann",
            "2 of 5 phases implemented",
            "Phase 3/5 complete",
            "✅ SUBSTANTIALLY COMPLETE",
            "Complete the parser",
            "Complete, but untested",
            "Done: 3 of 5",
            "Done?",
            "Design complete",
            "Code complete, needs testing",
            "Tests ✅, code 🚧",
            "3 tests skipped",
            "Will be skipped",
            "❌ Done",
            "🔄 Done",
            "done/failed",
            "Done, 10 failed",
        ] {
            assert_eq!(word(unclear), Word::Unclear, "{unclear}");
        }
    }

    #[test]
    fn a_record_names_what_ended_as_it_likes() {
        for (text, expected) in [
            ("phase 3 completed [2026-01-03]", Some(true)),
            ("phase 3: core types completed, next phase 4", Some(true)),
            ("group A completed", Some(true)),
            ("phase 3 50% complete", Some(false)),
            ("phase 3 to be completed", Some(false)),
            ("phase 3 started", None),
        ] {
            assert_eq!(ends(text), expected, "{text}");
        }
    }
}
