//! Where a text says what its task needs: `Dependencies: 1.1`, `(after T012)`, `[depends: T001]`, `…, after T012`.
//!
//! Knows the words and what may stand around them. How ids look is its caller's, and what is written behind the words too.

mod last;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::sayings;
use super::text::{char_start, find_word};
pub(in crate::plan) use last::last;

/// What stands behind words that say "needs".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) struct Said<'t> {
    pub(in crate::plan) value: &'t str,
    /// Whether a colon stands between: nothing else can be meant, whatever the value is.
    pub(in crate::plan) is_field: bool,
}

/// Words that begin a field or a remark, and in whatever language the rest is written.
const PLAIN: [&str; 32] = [
    "depends on",
    "depends upon",
    "depends_on",
    "dependencies",
    "dependency",
    "depends",
    "deps",
    "blocked by",
    "blocked_by",
    "blockedby",
    "needs",
    "依赖任务",
    "依赖关系",
    "依赖",
    "前置任务",
    "前置",
    "依賴",
    "依存関係",
    "依存",
    "zależności",
    "zależność",
    "dépendances",
    "dépend de",
    "depende de",
    "abhängig von",
    "hängt ab von",
    "зависит от",
    "dependencias",
    "dependências",
    "abhängigkeiten",
    "зависимости",
    "phụ thuộc",
];

/// Words that begin either as long as an id follows: other values may be those of versions, times, or requirements.
const OTHERS: [&str; 16] = [
    "depend on",
    "dependent on",
    "dep.",
    "dep",
    "requires",
    "required",
    "prerequisites",
    "prerequisite",
    "prereqs",
    "prereq",
    "after",
    "once",
    "follows",
    "must follow",
    "waits for",
    "waiting for",
];

/// What finds any of the words: nearly every text has none.
static ANY: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = PLAIN.iter().chain(&OTHERS);
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words.flat_map(|word| sayings::spellings(word)))
        .expect("forty words fit in memory")
});

/// Whether one of the words may begin with this byte: nearly every text begins otherwise.
static BEGINS: LazyLock<[bool; 256]> = LazyLock::new(|| {
    let mut begins = [false; 256];
    for byte in PLAIN.iter().chain(&OTHERS).map(|word| word.as_bytes()[0]) {
        begins[usize::from(byte)] = true;
        begins[usize::from(byte.to_ascii_uppercase())] = true;
    }
    // In other scripts letters of both cases have other bytes.
    begins[128..].fill(true);
    begins
});

fn may_begin(text: &str) -> bool {
    const SHORTEST: usize = "dep".len();
    let first = text.as_bytes().first();
    text.len() >= SHORTEST && first.is_some_and(|first| BEGINS[usize::from(*first)])
}

/// What may stand between such a word and its value.
const BETWEEN: [char; 7] = [':', '：', ' ', '*', '_', '[', '`'];

/// All that a text says of what its task needs; `is_id` tells whether a text begins with an id that nothing else can
/// be.
pub(in crate::plan) fn said<'t>(text: &'t str, is_id: &dyn Fn(&str) -> bool) -> Vec<Said<'t>> {
    let mut found: Vec<Said<'t>> = Vec::new();
    if !ANY.is_match(text) {
        return found;
    }
    let has_colon = signs(text, COLONS).next().is_some();
    if has_colon {
        let bare = text.trim_start_matches(['-', '*', '_', ' ', '>']);
        found.extend(field(bare, is_id));
    }
    found.extend(bracketed(text).filter_map(|inside| remark(inside, is_id)));
    if found.is_empty() {
        let named = || named(text, is_id).filter(|_| has_colon);
        found.extend(within(text, is_id).or_else(named));
    }
    if found.is_empty() {
        let mut rest = text;
        while let Some((front, said)) = last(rest, is_id) {
            found.push(said);
            rest = front;
        }
    }
    found
}

/// A sign in its narrow forms and its wide one.
type Sign = ([u8; 2], &'static str);

const COLONS: Sign = (*b"::", "：");
const OPENING: Sign = (*b"([", "（");
const CLOSING: Sign = (*b")]", "）");

/// Where each form of a sign stands in a text.
fn signs(text: &str, (narrow, wide): Sign) -> impl Iterator<Item = Range<usize>> {
    let [one, other] = narrow;
    let places = memchr::memchr3_iter(one, other, wide.as_bytes()[0], text.as_bytes());
    places.filter_map(move |at| match text.as_bytes()[at] {
        byte if byte.is_ascii() => Some(at..at + 1),
        _ => text[at..].starts_with(wide).then(|| at..at + wide.len()),
    })
}

/// What follows such a word and a colon at the start of a text.
fn field<'t>(text: &'t str, is_id: &dyn Fn(&str) -> bool) -> Option<Said<'t>> {
    if !may_begin(text) {
        return None;
    }
    let plain = PLAIN.iter().find_map(|word| strip(text, word));
    if let Some(rest) = plain {
        let value = rest.trim_start_matches(['*', '_', ' ']);
        let value = value.strip_prefix([':', '：'])?;
        return Some(Said {
            value,
            is_field: true,
        });
    }
    other(text, is_id)
}

/// Whether a field of this name says what its task needs.
pub(in crate::plan) fn is_field(name: &str, value: &str, is_id: &dyn Fn(&str) -> bool) -> bool {
    if !may_begin(name) {
        return false;
    }
    let is = |word: &&str| strip(name, word) == Some("");
    PLAIN.iter().any(is) || OTHERS.iter().any(is) && is_id(value)
}

/// Whether a text begins with the word "task", as lists do where ids are bare numbers.
pub(in crate::plan) fn begins_with_task(text: &str) -> bool {
    let text = text.trim_start();
    strip(text, "task")
        .or_else(|| strip(text, "tasks"))
        .is_some()
}

/// What a remark in brackets says of what its task needs.
pub(in crate::plan) fn remark<'t>(
    inside: &'t str,
    is_id: &dyn Fn(&str) -> bool,
) -> Option<Said<'t>> {
    let inside = inside.trim_start();
    if !may_begin(inside) {
        return None;
    }
    let Some(rest) = PLAIN.iter().find_map(|word| strip(inside, word)) else {
        return other(inside, is_id);
    };
    let value = rest.trim_start_matches([':', '：', ' ']);
    let is_field = rest.trim_start().starts_with([':', '：']);
    Some(Said { value, is_field })
}

/// What follows one of [`OTHERS`] at the start of a text, where that is an id.
fn other<'t>(text: &'t str, is_id: &dyn Fn(&str) -> bool) -> Option<Said<'t>> {
    let rest = OTHERS.iter().find_map(|word| strip(text, word))?;
    let value = rest.trim_start_matches(BETWEEN);
    is_id(value).then_some(Said {
        value,
        is_field: false,
    })
}

/// `depends on` anywhere.
fn within<'t>(text: &'t str, is_id: &dyn Fn(&str) -> bool) -> Option<Said<'t>> {
    const WORD: &str = "depends on";
    let at = find_word(text, WORD)?;
    if is_denied(&text[..at]) {
        return None;
    }
    let rest = &text[at + WORD.len()..];
    let value = rest.trim_start_matches(BETWEEN);
    rest.starts_with([' ', ':', '：', '*']).then(|| Said {
        value,
        is_field: is_id(value),
    })
}

/// Whether what stands before the words takes them back, strikes them, or quotes them as code.
fn is_denied(before: &str) -> bool {
    const DENIALS: [&str; 8] = [
        "longer",
        "not",
        "never",
        "nothing",
        "nobody",
        "none",
        "previously",
        "formerly",
    ];
    let is_code = memchr::memchr_iter(b'`', before.as_bytes()).count() % 2 == 1;
    let last = before.trim_end().rsplit([' ', '(']).next();
    let word = last.unwrap_or_default().trim_matches(['*', '_', '~']);
    is_code
        || is_struck(before)
        || DENIALS
            .iter()
            .any(|denial| word.eq_ignore_ascii_case(denial))
}

fn is_struck(before: &str) -> bool {
    before.matches("~~").count() % 2 == 1
}

/// Any of the words anywhere, if a colon and an id follow; behind one that begins as a name does, also numbers alone.
fn named<'t>(text: &'t str, is_id: &dyn Fn(&str) -> bool) -> Option<Said<'t>> {
    // Of colons with nothing between only the first can stand behind a word.
    let mut from = 0;
    let value = signs(text, COLONS).find_map(|colon| {
        if colon.start < from {
            return None;
        }
        let value = text[colon.end..].trim_start_matches(BETWEEN);
        from = text.len() - value.len();
        let before = text[..colon.start].trim_end_matches(['*', '_', ' ']);
        let is_one = || {
            is_id(value)
                && PLAIN
                    .iter()
                    .chain(&OTHERS)
                    .any(|word| ends_with(before, word))
        };
        let is_name = |word: &str| ends_with(before, word) && is_capital(before, word);
        let are_numbers = || are_numbers(value) && PLAIN.iter().any(|word| is_name(word));
        ((is_one() || are_numbers()) && !is_struck(before)).then_some(value)
    })?;
    Some(Said {
        value,
        is_field: is_id(value),
    })
}

/// Whether the word that a text ends with begins as a name does.
fn is_capital(text: &str, word: &str) -> bool {
    let start = text.len().saturating_sub(word.len());
    let last = text.get(start..);
    last.is_some_and(|last| last.starts_with(char::is_uppercase))
}

/// Whether a text is a list of numbers and nothing else: `1`, `1.1, 2`.
pub(in crate::plan) fn are_numbers(text: &str) -> bool {
    let mut parts = text.split([',', '、', '，']);
    parts.all(|part| {
        let part = part.trim();
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        part.starts_with(|c: char| c.is_ascii_digit()) && part.bytes().all(is_digit)
    })
}

/// Whether the last word of a text is this one.
#[inline]
fn ends_with(text: &str, word: &str) -> bool {
    let (Some(ends), Some(expected)) = (text.as_bytes().last(), word.as_bytes().last()) else {
        return false;
    };
    // Most are told apart here.
    let may_end = !ends.is_ascii() || ends.eq_ignore_ascii_case(expected);
    may_end && ends_with_whole(text, word)
}

fn ends_with_whole(text: &str, word: &str) -> bool {
    let start = text.len().saturating_sub(word.len());
    let Some((before, last)) = text.split_at_checked(start) else {
        return false;
    };
    let is_apart = !word.is_ascii() || !before.ends_with(|c: char| c.is_alphanumeric());
    is_apart && strip(last, word) == Some("")
}

/// Bytes of a remark; brackets that nothing closes hold all that follows them.
const REMARK_MAX: usize = 500;

/// What stands in each pair of brackets, if it may begin with such words.
fn bracketed(text: &str) -> impl Iterator<Item = &str> {
    let mut closing = 0;
    let starts = signs(text, OPENING).map(|opening| opening.end);
    // Most hold a tag, or say something else.
    let starts = starts.filter(|start| may_begin(text[*start..].trim_start()));
    starts.map(move |start| {
        // What closes this one may close those behind it as well.
        if closing < start {
            let closes = signs(&text[start..], CLOSING).next();
            closing = closes.map_or(text.len(), |closes| start + closes.start);
        }
        &text[start..closing.min(char_start(text, start + REMARK_MAX))]
    })
}

/// A text without its remarks in parentheses: what they name is no dependency.
pub(in crate::plan) fn without_remarks(text: &str) -> Cow<'_, str> {
    if !text.contains(['(', '（']) {
        return Cow::Borrowed(text);
    }
    let mut bare = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    Cow::Owned(bare)
}

/// What follows a word, ignoring case, if the text begins with it and it ends there.
#[inline]
pub(in crate::plan) fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (begins, expected) = (*text.as_bytes().first()?, *word.as_bytes().first()?);
    // Most are told apart here.
    let may_begin = !begins.is_ascii() || begins.eq_ignore_ascii_case(&expected);
    may_begin.then(|| strip_whole(text, word))?
}

fn strip_whole<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let is_same = |c: char, expected: char| match c.is_ascii() {
        true => c.eq_ignore_ascii_case(&expected),
        false => c == expected || c.to_lowercase().eq(expected.to_lowercase()),
    };
    let mut rest = text.chars();
    for expected in word.chars() {
        if !is_same(rest.next()?, expected) {
            return None;
        }
    }
    let rest = rest.as_str();
    let behind_dash = rest.strip_prefix(['-', '_']).unwrap_or(rest);
    let goes_on = behind_dash.starts_with(|c: char| c.is_ascii_alphanumeric());
    (!(word.is_ascii() && goes_on)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{said, without_remarks};

    fn values(text: &str) -> Vec<&str> {
        let is_id = |text: &str| text.starts_with('T') && text.as_bytes().get(1) == Some(&b'1');
        said(text, &is_id)
            .iter()
            .map(|said| said.value.trim())
            .collect()
    }

    #[test]
    fn what_a_task_needs_is_found_where_people_write_it() {
        for (text, expected) in [
            ("- **Depends on**: 1.1", vec!["1.1"]),
            ("depends_on: T1", vec!["T1"]),
            (
                "Do it（依赖 T1、T2）, then (needs T3)",
                vec!["T1、T2", "T3"],
            ),
            ("Do it [dep: T1]", vec!["T1"]),
            ("Requires: T1, T2", vec!["T1, T2"]),
            ("Do it, depends_on: T1", vec!["T1"]),
            ("Do it 依赖：T1", vec!["T1"]),
            ("Do it. Requires: T1", vec!["T1"]),
            ("It depends on 1.1", vec!["1.1"]),
            ("Do it (dependent on T1)", vec!["T1"]),
            ("Do it (once T1 is done)", vec!["T1 is done"]),
            ("Do it (waits for T1)", vec!["T1"]),
            ("Do it, after T1", vec!["T1"]),
            ("Do it — after T1, T2", vec!["T1, T2"]),
            ("Do it, blocked by T1", vec!["T1"]),
            ("Do it; requires `T1`", vec!["T1`"]),
            ("Do it - needs T1, T2", vec!["T1, T2"]),
            ("Do it, after T1, blocked by T12", vec!["T12", "T1"]),
            ("Do it [blockedBy: T1]", vec!["T1"]),
            ("Do it (dep. T1)", vec!["T1"]),
            ("Do it (dépend de T1)", vec!["T1"]),
            ("Hängt ab von: T1", vec!["T1"]),
            ("Requirements: 1.1, Dependencies: 1, 2", vec!["1, 2"]),
            ("Do it Dependencies: 18", vec!["18"]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_left_alone() {
        for text in [
            "Requires: Node 18",
            "Do it (after lunch)",
            "Look at it after T1",
            "Do it, after the release of 18",
            "After T1, look at it",
            "Do it, required by T1",
            "The part requires T1",
            "Do it. Requires: Node 18",
            "Install dependencies for 18",
            "Needs work",
            "Do it [needs-1]",
            "It no longer depends on T1",
            "Nothing depends on T1",
            "~~Depends on: T1~~",
            "Do it (once 18 is out)",
            "Rename `depends on T1`",
            "The work that it needs: 18",
            "Do it, Dependencies: 18 packages",
            "Do it, Requirements: 18",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_stands_in_parentheses_is_taken_out() {
        assert_eq!(without_remarks("T1 (not T2（T3）), T4"), "T1 , T4");
    }
}
