//! What the tags around the title of a heading say of what it heads: `Fix it ✅`, `[x] Fix it`, `Fix it (DEFERRED)`.
//!
//! Knows titles, and no dialect.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{Text, is_same};
use super::{Fault, ImportedStatus};

/// A text that is struck out, without the strokes; a remark on that may stand behind it: `~~Add the page~~ (not needed)`.
pub(super) fn unstruck(text: &str) -> Option<String> {
    let (struck, behind) = text.trim().strip_prefix("~~")?.split_once("~~")?;
    let behind = behind.trim();
    let is_remark = behind.starts_with(['(', '（', '-', '–', '—', ':', '：']);
    let struck = struck.trim();
    let whole = || format!("{struck} {behind}").trim_end().to_owned();
    (!struck.is_empty() && (behind.is_empty() || is_remark)).then(whole)
}

/// Whether there may be a tag at all: most titles hold no sign, begin with no capitals and end with a word.
pub(super) fn may_be_in(title: &str) -> bool {
    let begins = title.get(..2).is_none_or(|first| {
        let mut first = first.bytes();
        first.all(|byte| byte.is_ascii_uppercase()) || title.starts_with(['~', '['])
    });
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '`';
    let ends = !title.ends_with(is_plain);
    begins || ends || !title.is_ascii()
}

/// A title without the tags at its ends, and what they say of what it names; that one is struck out says something, too.
pub(super) fn without_tags(title: &str) -> (Cow<'_, str>, Option<ImportedStatus>) {
    if !may_be_in(title) {
        return (title.trim_start().into(), None);
    }
    let struck = unstruck(title);
    let mut says = struck.is_some().then_some(ImportedStatus::Skipped);
    let mut rest = struck.as_deref().unwrap_or(title.trim());
    loop {
        let bare = rest.trim_end_matches(['\u{fe0f}', ' ']);
        let Some(last) = bare.chars().next_back() else {
            break;
        };
        if let Some(front) = without_day(bare) {
            rest = front;
            continue;
        }
        if let Some(sign) = sign(last) {
            says = says.or(sign);
            rest = bare[..bare.len() - last.len_utf8()].trim_end();
            continue;
        }
        let boxed = bare
            .strip_suffix(']')
            .and_then(|inside| inside.rsplit_once('['))
            .and_then(|(front, sign)| Some((front, box_says(sign)?)));
        let tag = bracketed(bare).and_then(|(front, tag)| Some((front, tag_says(tag)?)));
        let Some((front, tag)) = boxed.or(tag).or_else(|| last_word_says(bare)) else {
            break;
        };
        says = says.or(tag);
        rest = front.trim_end();
    }
    let first = rest
        .split([' ', ':', '-', '–', '—'])
        .next()
        .unwrap_or_default();
    if first.chars().all(char::is_uppercase)
        && let Some(tag @ Some(_)) = tag_says(first)
        && rest.len() > first.len()
    {
        says = says.or(tag);
    }
    let rest = rest.trim_end_matches([' ', '-', '–', '—', ':']);
    (rest.to_owned().into(), says)
}

/// What stands in brackets at the end of a title, and the title before it.
pub(super) fn bracketed(title: &str) -> Option<(&str, &str)> {
    let pairs = [('(', ')'), ('（', '）'), ('[', ']')];
    let mut found = pairs
        .into_iter()
        .filter_map(|(open, close)| title.strip_suffix(close)?.rsplit_once(open));
    found.next()
}

/// Whether a tag says how far something is and nothing else, also where that is nothing that was so before a run.
pub(super) fn is_status(tag: &str) -> bool {
    // Most tags are letters such as `P`, or end with a number.
    if tag.len() < "wip".len() || tag.ends_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    const OTHERS: [&str; 12] = [
        "blocked",
        "on hold",
        "hold",
        "paused",
        "postponed",
        "failed",
        "failing",
        "waiting",
        "abandoned",
        "obsolete",
        "wontfix",
        "not needed",
    ];
    let bare = tag.trim_matches(|c: char| !c.is_alphanumeric());
    let is_other = || OTHERS.iter().any(|other| is_same(bare, other));
    matches!(tag_says(tag), Some(Some(_))) || is_other()
}

/// The status that stands in brackets behind a title, or in capitals and with a colon before it. In parentheses any but
/// the usual ones has to be in capitals as well: what is `(failed)` may be what the title is about.
pub(super) fn status_beside(title: &str) -> Option<&str> {
    let is_loud = |word: &str| word.contains(char::is_alphabetic) && word == word.to_uppercase();
    let behind = || {
        let (_, tag) = bracketed(title)?;
        let is_plain = title.ends_with(']') || is_loud(tag) || tag_says(tag).is_some();
        (is_plain && is_status(tag)).then_some(tag)
    };
    let before = || {
        let (first, rest) = title.split_once(':')?;
        (is_loud(first) && is_status(first) && !rest.trim().is_empty()).then_some(first)
    };
    behind().or_else(before)
}

/// What is told of a status beside a title that means nothing to a run.
pub(super) fn unread(tag: &str, place: Range<usize>, text: &Text<'_>) -> Fault {
    let message = format!("`{tag}` beside the title is not read: the task is open, and is run");
    text.warning(place, message).help(
        "say what it waits for, or leave it out of the run: `(SKIPPED)` behind the title does",
    )
}

/// What a box before a title says, and the title; nothing when there is none.
pub(super) fn without_box(title: &str) -> Option<(&str, Option<ImportedStatus>)> {
    let (sign, rest) = title.trim_start().strip_prefix('[')?.split_once(']')?;
    Some((rest.trim_start(), box_says(sign)?))
}

/// What stands in a box.
fn box_says(sign: &str) -> Option<Option<ImportedStatus>> {
    match sign.trim().trim_end_matches('\u{fe0f}') {
        "" => Some(None),
        "x" | "X" | "✅" | "✓" | "✔" | "☑" => Some(Some(ImportedStatus::Done)),
        "~" | "-" | "/" => Some(Some(ImportedStatus::InProgress)),
        _ => None,
    }
}

/// What a last word in capitals says that is set off from a title which is not in capitals itself: `Fix it - DONE`; or
/// any that follows a sign: `Fix it ✅ Complete`. Where it is only the last, the title may be about it: `Handle NOT DONE`.
fn last_word_says(title: &str) -> Option<(&str, Option<ImportedStatus>)> {
    let (front, word) = title.rsplit_once([' ', '-', '–', '—', ':'])?;
    let is_loud = matches!(
        word,
        "DONE" | "COMPLETE" | "COMPLETED" | "SKIPPED" | "DEFERRED"
    );
    let is_quiet = |c: char| c.is_alphabetic() && !c.is_uppercase();
    let before = title[..title.len() - word.len()].trim_end();
    let is_set_off = before.ends_with(['-', '–', '—', ':']);
    let last = before.trim_end_matches('\u{fe0f}').chars().next_back();
    let is_signed = last.and_then(sign).flatten().is_some();
    let is_said = is_signed || is_loud && is_set_off && front.contains(is_quiet);
    let says = is_said.then(|| tag_says(word)).flatten()?;
    Some((front, says))
}

/// A title without the day that is told behind what it says: `Fix it ✅ (2026-01-02)`.
fn without_day(title: &str) -> Option<&str> {
    let (front, day) = title.strip_suffix(')')?.rsplit_once('(')?;
    let is_day = |c: char| c.is_ascii_digit() || matches!(c, '-' | '/' | '.');
    let is_day = day.len() >= 8 && day.chars().all(is_day);
    let front = front.trim_end();
    (is_day && without_tags(front).1.is_some()).then_some(front)
}

/// What an emoji at the end of a title says; nothing for one that is part of it.
fn sign(sign: char) -> Option<Option<ImportedStatus>> {
    match sign {
        '✅' | '✓' | '✔' | '☑' => Some(Some(ImportedStatus::Done)),
        '⏭' => Some(Some(ImportedStatus::Skipped)),
        '⏳' | '🚧' | '🔄' => Some(Some(ImportedStatus::InProgress)),
        '❌' | '⚠' | '⏸' | '⬜' | '🔴' | '🟡' | '🟢' | '⭐' | '🔥' => Some(None),
        _ => None,
    }
}

/// What a word in parentheses at the end of a title says; nothing for one that is part of it.
pub(super) fn tag_says(tag: &str) -> Option<Option<ImportedStatus>> {
    const SAYS: [(&str, Option<ImportedStatus>); 19] = [
        ("done", Some(ImportedStatus::Done)),
        ("complete", Some(ImportedStatus::Done)),
        ("completed", Some(ImportedStatus::Done)),
        ("implemented", Some(ImportedStatus::Done)),
        ("deferred", Some(ImportedStatus::Skipped)),
        ("skipped", Some(ImportedStatus::Skipped)),
        ("skip", Some(ImportedStatus::Skipped)),
        ("cancelled", Some(ImportedStatus::Skipped)),
        ("canceled", Some(ImportedStatus::Skipped)),
        ("dropped", Some(ImportedStatus::Skipped)),
        ("in progress", Some(ImportedStatus::InProgress)),
        ("wip", Some(ImportedStatus::InProgress)),
        ("blocker", None),
        ("blocking", None),
        ("pending", None),
        ("critical", None),
        ("design", None),
        ("design phase", None),
        ("implementation", None),
    ];
    // Most tags are letters such as `P`.
    if tag.len() < "wip".len() {
        return None;
    }
    let tag = tag.trim_matches(|c: char| !c.is_alphanumeric());
    let known = SAYS.iter().find(|(known, _)| is_same(tag, known));
    known.map(|(_, says)| *says)
}

#[cfg(test)]
mod tests {
    use super::{without_box, without_tags};
    use crate::plan::ImportedStatus::{Done, InProgress, Skipped};

    #[test]
    fn tags_at_the_end_of_a_title_are_read_and_are_no_part_of_it() {
        for (title, bare, says) in [
            ("Fix it (BLOCKER)", "Fix it", None),
            ("Fix it (DEFERRED)", "Fix it", Some(Skipped)),
            ("Fix it ✅", "Fix it", Some(Done)),
            ("Fix it ✔\u{fe0f}", "Fix it", Some(Done)),
            ("Fix it (BLOCKER) ✅", "Fix it", Some(Done)),
            ("Fix it 🚧", "Fix it", Some(InProgress)),
            ("Types (Optional)", "Types (Optional)", None),
            (
                "SKIPPED - Already there",
                "SKIPPED - Already there",
                Some(Skipped),
            ),
            ("DEFERRED", "DEFERRED", None),
            ("Done right", "Done right", None),
            ("修复 ✅", "修复", Some(Done)),
            ("Fix it [x]", "Fix it", Some(Done)),
            ("Fix it [ ]", "Fix it", None),
            ("Fix it - DONE", "Fix it", Some(Done)),
            ("Fix it: DONE", "Fix it", Some(Done)),
            ("Fix it ✅ Complete", "Fix it", Some(Done)),
            ("Fix it — ✅ COMPLETED (2026-01-02)", "Fix it", Some(Done)),
            ("Fix it (2026-01-02)", "Fix it (2026-01-02)", None),
            ("Handle what is NOT DONE", "Handle what is NOT DONE", None),
            ("Set the status to DONE", "Set the status to DONE", None),
            ("Have it done", "Have it done", None),
            ("~~Fix it~~", "Fix it", Some(Skipped)),
            ("Fix ~~it~~", "Fix ~~it~~", None),
            ("READ AND DONE", "READ AND DONE", None),
        ] {
            assert_eq!(without_tags(title), (bare.into(), says), "{title}");
        }
    }

    #[test]
    fn a_box_before_a_title_is_told_from_a_link() {
        assert_eq!(without_box("[x] Fix it"), Some(("Fix it", Some(Done))));
        assert_eq!(without_box("[ ] Fix it"), Some(("Fix it", None)));
        assert_eq!(without_box("[the parser](a.md)"), None);
    }
}
