//! Lists of ids as people write them: with commas, words, ranges and remarks.

use super::needs::Known;
use super::words;
use crate::plan::TaskId;
use crate::plan::need_words::strip;

/// The tasks of a list such as `T001, T003 (types) and T010–T014`, and what follows it.
pub(super) fn list<'t>(value: &'t str, known: &Known) -> (Vec<TaskId>, &'t str) {
    let mut tasks = Vec::new();
    let mut rest = opened(value);
    while let Some((first, after)) = one(rest, known) {
        rest = after;
        if let Some((last, after)) = ranged(rest).and_then(|last| one(last, known)) {
            tasks.extend(known.range(first, last));
            rest = after;
        } else {
            tasks.extend(known.one(first));
        }
        rest = without_remark(rest);
        let next = separated(rest).filter(|next| one(next, known).is_some());
        match next.or_else(|| spaced(rest, known)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    (tasks, rest)
}

/// Whether a text begins with an id that no other number can be taken for.
pub(super) fn begins_with_id(text: &str, known: &Known) -> bool {
    let text = opened(text);
    let is_number =
        || words::numbered(text).is_some_and(|length| known.has_number(&text[..length]));
    known.spelled(text).is_some() || is_number()
}

/// The ids that a text begins with, if they are more than one: `T005-T007`, `T029/T030`, `2.1, 2.2`, `T001-003`.
pub(super) fn several(text: &str) -> Option<&str> {
    let (id, rest) = first(text, &words::lettered)?;
    several_from(text, id, rest)
}

/// The same of a text that begins with this id.
pub(super) fn several_behind<'t>(text: &'t str, id: &str) -> Option<&'t str> {
    several_from(text, id, unquoted(&text[id.len()..]))
}

/// The same of a text in which this id was found, and behind it the rest.
fn several_from<'t>(text: &'t str, id: &str, rest: &str) -> Option<&'t str> {
    // Most text goes on with a word or a tag, which is seen at once.
    let follows = rest.trim_start_matches([' ', '[']).chars().next()?;
    if follows.is_ascii_uppercase() && !matches!(follows, 'T' | 'A') {
        return None;
    }
    let next = ranged(rest).or_else(|| separated(rest))?;
    let (second, after) = first(next, &words::lettered)?;
    let is_lettered = |id: &str| words::lettered(id) == Some(id.len());
    let digits = |id: &str| id.bytes().filter(u8::is_ascii_digit).count();
    let is_alike = match is_lettered(id) {
        // `T010 - 3 retries` is an id and a title.
        true => is_lettered(second) || !rest.starts_with(' ') && digits(id) == digits(second),
        false => id.contains('.') && second.contains('.'),
    };
    let whole = text[..text.len() - after.len()].trim_end();
    is_alike.then(|| whole.trim_start_matches([' ', '[', '`', '*', '_']))
}

/// A list without what may stand around it.
fn opened(value: &str) -> &str {
    let value = value.trim_start_matches([' ', '[', '`', '*', '_', '"', '#']);
    let named = strip(value, "tasks").or_else(|| words::strip_task(value));
    named.unwrap_or(value).trim_start()
}

fn one<'t>(text: &'t str, known: &Known) -> Option<(&'t str, &'t str)> {
    first(text, &|text| known.spelled(text))
}

/// The id that a text begins with, of which `spelled` knows those with letters, and what follows it.
fn first<'t>(text: &'t str, spelled: &dyn Fn(&str) -> Option<usize>) -> Option<(&'t str, &'t str)> {
    let text = opened(text);
    let length = spelled(text).or_else(|| {
        let length = words::numbered(text)?;
        let after = &text[length..];
        (!after.starts_with(|c: char| c.is_alphanumeric() || c == '%')).then_some(length)
    })?;
    let (id, rest) = text.split_at(length);
    Some((id, unquoted(rest)))
}

/// What follows an id without the end of what is around that.
fn unquoted(rest: &str) -> &str {
    rest.trim_start_matches(['`', '*', '"', ']'])
}

/// What follows the sign of a range.
fn ranged(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let dotted = text.strip_prefix("...").or_else(|| text.strip_prefix(".."));
    dotted
        .or_else(|| text.strip_prefix(['-', '–', '—', '~', '～', '…']))
        .or_else(|| strip(text, "to"))
        .or_else(|| strip(text, "through"))
}

fn without_remark(text: &str) -> &str {
    let trimmed = text.trim_start();
    let inside = trimmed.strip_prefix(['(', '（']);
    inside
        .and_then(|inside| inside.split_once([')', '）']))
        .map_or(text, |(_, rest)| rest)
}

/// The next id behind a space alone, which must be one that nothing else can be.
fn spaced<'t>(text: &'t str, known: &Known) -> Option<&'t str> {
    let next = text.strip_prefix(' ')?;
    begins_with_id(next, known).then_some(next)
}

/// What follows a comma or an "and", which may begin anew: `, and on T002`.
fn separated(text: &str) -> Option<&str> {
    const WORDS: [&str; 9] = ["and", "和", "与", "及", "und", "et", "y", "e", "i"];
    let text = text.trim_start();
    let rest = text.trim_start_matches([',', '，', '、', '+', '&', '/', ';', '‖', '|', ' ']);
    let after_word = WORDS.iter().find_map(|word| strip(rest, word));
    let next = after_word.or_else(|| (rest.len() < text.len()).then_some(rest))?;
    Some(strip(next.trim_start(), "on").unwrap_or(next))
}
