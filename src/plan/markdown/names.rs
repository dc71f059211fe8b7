//! Names with underscores, which by the letter are emphasis. Knows nothing of blocks.

use std::ops::Range;

/// Whether what could be emphasis is part of a name: `_category_.json`, `src/__init__.py`.
pub(super) fn is_in_word(text: &str, range: &Range<usize>) -> bool {
    if text.as_bytes()[range.start] != b'_' {
        return false;
    }
    let goes_on = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let behind = &text.as_bytes()[range.end..];
    let is_joined = match behind.first() {
        Some(b'.') => goes_on(behind.get(1)),
        Some(b'/') => true,
        next => goes_on(next),
    };
    let before = text.as_bytes()[..range.start].last();
    let is_joined = is_joined || goes_on(before) || matches!(before, Some(b'.' | b'/'));
    is_joined && !text[range.clone()].contains([' ', '\n'])
}

/// The signs that such a name begins and ends with.
pub(super) fn underscores(name: &str) -> &'static str {
    if name.starts_with("__") { "__" } else { "_" }
}

#[cfg(test)]
mod tests {
    use super::is_in_word;

    #[test]
    fn names_are_told_from_emphasis() {
        let holds = |text: &str, part: &str| {
            let start = text.find(part).expect("it is there");
            is_in_word(text, &(start..start + part.len()))
        };
        for (text, part) in [
            ("Add __init__.py", "__init__"),
            ("Add docs/_category_.json", "_category_"),
            ("Add src/__tests__/a.ts", "__tests__"),
            ("Add a._b_", "_b_"),
        ] {
            assert!(holds(text, part), "{text}");
        }
        for (text, part) in [
            ("_Requirements: 1.1_", "_Requirements: 1.1_"),
            ("Do it _now_.", "_now_"),
            ("Do **it**.x", "**it**"),
            ("(_now_)", "_now_"),
            ("_Do it_.now", "_Do it_"),
        ] {
            assert!(!holds(text, part), "{text}");
        }
    }
}
