//! Ids as sessions spell them: `IMPL-1`, `IMPL-001.1`, `IMPL-A1`, `T001`, `P4-001`.

use crate::plan::Location;

/// An id where somebody wrote it.
#[derive(Debug, Clone)]
pub(super) struct Spelled {
    pub(super) text: String,
    pub(super) location: Location,
    pub(super) len: usize,
}

/// Whether a word is built like an id: capitals, then digits, with dashes and dots between.
pub(super) fn is_id(word: &str) -> bool {
    let word = word.as_bytes();
    let head = word.iter().position(|byte| !byte.is_ascii_alphanumeric());
    let head = &word[..head.unwrap_or(word.len())];
    let is_shouted = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    word.len() <= 64
        && word.first().is_some_and(u8::is_ascii_uppercase)
        && head.iter().all(is_shouted)
        && word[head.len()..]
            .iter()
            .all(|byte| is_part((*byte).into()))
        && word.last().is_some_and(u8::is_ascii_alphanumeric)
        && word.iter().any(u8::is_ascii_digit)
        && (word.contains(&b'-') || is_short(head))
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// `T001`, but not `P0`, which is a priority, or `MP3`.
fn is_short(head: &[u8]) -> bool {
    let (letter, digits) = head.split_at(1);
    letter[0].is_ascii_uppercase() && digits.len() >= 2 && digits.iter().all(u8::is_ascii_digit)
}

/// An id as it is compared: in one case, and `IMPL-001` is `IMPL-1`.
pub(super) fn key(id: &str) -> String {
    let id = id.trim();
    let mut key = String::with_capacity(id.len());
    // Whether a digit other than zero was seen of the number that this stands in.
    let mut counts = false;
    for (at, c) in id.char_indices() {
        let goes_on = id.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        if c == '0' && !counts && goes_on {
            continue;
        }
        counts = c.is_ascii_digit() && goes_on;
        if c.is_ascii() {
            key.push(c.to_ascii_lowercase());
        } else {
            key.extend(c.to_lowercase());
        }
    }
    key
}

/// An order in which `IMPL-2` comes before `IMPL-10`, and a child after its parent.
pub(super) fn rank(id: &str) -> Vec<(usize, String)> {
    let key = key(id);
    let mut parts: Vec<(usize, String)> = Vec::new();
    let mut was_digit = None;
    for c in key.chars() {
        let is_digit = c.is_ascii_digit();
        match parts.last_mut() {
            Some((length, part)) if was_digit == Some(is_digit) => {
                part.push(c);
                *length += usize::from(is_digit);
            }
            _ => parts.push((usize::from(is_digit), c.to_string())),
        }
        was_digit = Some(is_digit);
    }
    parts
}

/// The id that a text begins with, whatever emphasizes it, and what follows it: signs, a number, `[P]` and the word
/// `Task` may stand before it. A range of ids is none.
pub(super) fn leading<'t>(
    text: &'t str,
    is_known: &dyn Fn(&str) -> bool,
) -> Option<(&'t str, &'t str)> {
    let mut start = text.trim_start_matches(is_mark);
    loop {
        let found = at_start(start, is_known);
        if found.is_some() {
            return found;
        }
        start = without_lead(start)?.trim_start_matches(is_mark);
    }
}

/// What people emphasize or mark an id with.
fn is_mark(c: char) -> bool {
    let is_sign = !c.is_ascii() && !c.is_alphanumeric();
    is_sign || c.is_whitespace() || matches!(c, '*' | '`' | '[' | '(' | '~')
}

/// A text without one of the things that stand before ids in some lists.
fn without_lead(text: &str) -> Option<&str> {
    let parallel = text.strip_prefix("P]").or(text.strip_prefix("P)"));
    let number = || {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.len() < text.len();
        rest.strip_prefix(". ")
            .or(rest.strip_prefix(") "))
            .filter(|_| is_number)
    };
    let word = || {
        let (word, rest) = text.split_at_checked(5)?;
        word.eq_ignore_ascii_case("task ").then_some(rest)
    };
    parallel.or_else(number).or_else(word)
}

fn at_start<'t>(start: &'t str, is_known: &dyn Fn(&str) -> bool) -> Option<(&'t str, &'t str)> {
    let end = start.find(|c: char| !is_part(c)).unwrap_or(start.len());
    let id = start[..end].trim_end_matches(['.', '-', '_']);
    let rest = &start[id.len()..];
    if !(is_id(id) || is_known(id)) || is_more(rest) {
        return None;
    }
    let rest = rest.trim_start_matches(['*', '`', ']', ')', '】', '）', ' ']);
    let rest = rest.trim_start_matches([':', '：', '.', '-', '–', '—', ' ', '*', '`']);
    Some((id, rest.trim()))
}

/// Whether more ids follow: a line about several tasks is none of them.
fn is_more(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['*', '`']).trim_start();
    let mut chars = rest.chars();
    let (first, next) = (chars.next(), chars.as_str().trim_start());
    let is_id_next = || {
        next.starts_with(|c: char| c.is_ascii_digit())
            || ids_in(next).next().is_some_and(|(at, _)| at < 3)
    };
    match first {
        Some('~' | '～' | '–' | '、' | '+' | '&' | '/' | ',' | '，') => is_id_next(),
        Some('→') => is_id_next(),
        _ => false,
    }
}

/// Every id in a text, and where it begins.
pub(super) fn ids_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(is_part)?;
            let end = start
                + text[start..]
                    .find(|c: char| !is_part(c))
                    .unwrap_or(text.len() - start);
            at = end;
            let word = text[start..end].trim_matches(['.', '-', '_']);
            if is_id(word) {
                let start = start + text[start..end].find(word).unwrap_or(0);
                return Some((start, word));
            }
        }
    })
}

/// Words for no task at all.
pub(super) fn says_none(text: &str) -> bool {
    let word = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    matches!(
        word.as_str(),
        "" | "none" | "n/a" | "na" | "null" | "nil" | "无" | "没有"
    )
}

#[cfg(test)]
mod tests {
    use super::{ids_in, is_id, key, leading, rank};

    #[test]
    fn ids_of_every_producer_are_told_from_words() {
        for id in [
            "IMPL-1",
            "IMPL-001.1",
            "IMPL-A1",
            "TASK-1A",
            "T001",
            "P4-001",
            "L0-2",
            "E2E-3",
            "CMD-001",
        ] {
            assert!(is_id(id), "{id}");
        }
        for word in [
            "Phase-1",
            "IMPL",
            "utf-8",
            "README.md",
            "Step1",
            "2026-01-31",
            "IMPL-",
            "",
        ] {
            assert!(!is_id(word), "{word}");
        }
    }

    #[test]
    fn padding_and_case_make_no_other_task() {
        assert_eq!(key("IMPL-001"), key("impl-1"));
        assert_eq!(key("IMPL-001.01"), key("IMPL-1.1"));
        assert_ne!(key("IMPL-1"), key("IMPL-10"));
        assert_eq!(key("IMPL-0"), "impl-0");
        assert!(rank("IMPL-2") < rank("IMPL-10"));
        assert!(rank("IMPL-1") < rank("IMPL-1.1") && rank("IMPL-1.2") < rank("IMPL-2"));
    }

    #[test]
    fn a_line_begins_with_its_id_however_it_is_emphasized() {
        for line in [
            "IMPL-001: Add it",
            "**IMPL-001**: Add it",
            "`IMPL-001` Add it",
            "[IMPL-001] Add it",
            "▸ **IMPL-001**：Add it",
            "IMPL-001 - Add it",
            "🔄 **IMPL-001**: Add it",
            "[P] **IMPL-001**: Add it",
            "(P) IMPL-001: Add it",
            "1. **IMPL-001**: Add it",
            "Task IMPL-001: Add it",
            "✅ **Task IMPL-001**: Add it",
        ] {
            assert_eq!(
                leading(line, &|_| false),
                Some(("IMPL-001", "Add it")),
                "{line}"
            );
        }
        for line in [
            "IMPL-001~003 are done",
            "IMPL-001, IMPL-002",
            "IMPL-001 → IMPL-002",
            "Add IMPL-001",
            "all tests pass",
        ] {
            assert_eq!(leading(line, &|_| false), None, "{line}");
        }
    }

    #[test]
    fn ids_are_found_in_prose() {
        let found: Vec<&str> = ids_in("依赖: IMPL-001, `IMPL-002`。T03. and README.md, P0")
            .map(|(_, id)| id)
            .collect();
        assert_eq!(found, ["IMPL-001", "IMPL-002", "T03"]);
    }
}
