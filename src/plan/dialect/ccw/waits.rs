//! What a line of the list says its task waits for: `（depends_on: IMPL-001）`, `(after IMPL-001)`, or a line below it.
//!
//! Knows how ids look, and not which there are.

use super::ids;

const DEPENDS: [&str; 8] = [
    "depends_on",
    "depends on",
    "dependencies",
    "dependency",
    "依赖任务",
    "依赖",
    "前置任务",
    "前置",
];

/// What says so only where it begins a remark in brackets and an id follows.
const WAITS: [&str; 5] = ["after", "needs", "blocked by", "requires", "depends"];

/// The ids of `（depends_on: IMPL-001）`, or of `(after IMPL-001)`, within a line.
pub(super) fn inline_needs(text: &str) -> Vec<String> {
    // A list of ids or nothing: what has neither a colon nor a bracket says neither.
    match memchr::memchr3(b':', b'(', b'[', text.as_bytes()) {
        None if text.is_ascii() => Vec::new(),
        _ => said_needs(text),
    }
}

fn said_needs(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let after = |word: &str| {
        let at = lower.find(word)?;
        Some((
            lower[..at].trim_end(),
            text.get(at + word.len()..)?.trim_start(),
        ))
    };
    let listed = DEPENDS.iter().find_map(|word| {
        let (_, rest) = after(word)?;
        rest.strip_prefix([':', '：'])
    });
    let remarked = || {
        let mut words = DEPENDS.iter().chain(&WAITS);
        words.find_map(|word| {
            let (before, rest) = after(word)?;
            let begins = before.is_empty() || before.ends_with(['(', '（', '[', '-', '*']);
            let ids = rest.trim_start_matches([':', ' ']);
            let is_id_next = ids::ids_in(ids).next().is_some_and(|(at, _)| at < 2);
            (begins && is_id_next).then_some(ids)
        })
    };
    let found = listed.or_else(remarked);
    let Some(rest) = found else {
        return Vec::new();
    };
    let rest = rest.split([')', '）', ']']).next().unwrap_or_default();
    ids::ids_in(rest).map(|(_, id)| id.to_owned()).collect()
}

/// The ids of a line below a task that says what it depends on.
pub(super) fn listed_needs(line: &str) -> Vec<String> {
    let lower = line
        .trim_start_matches(|c: char| !c.is_alphabetic())
        .to_ascii_lowercase();
    match DEPENDS.iter().any(|word| lower.starts_with(word)) {
        true => said_needs(line.trim_start_matches(|c: char| !c.is_alphabetic())),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{inline_needs, listed_needs};

    #[test]
    fn what_a_line_depends_on_is_found_in_every_spelling() {
        assert_eq!(
            inline_needs("Add it（depends_on: `IMPL-001`）"),
            ["IMPL-001"]
        );
        assert_eq!(
            listed_needs("依赖: IMPL-001, IMPL-002"),
            ["IMPL-001", "IMPL-002"]
        );
        assert_eq!(listed_needs("Dependencies: IMPL-001"), ["IMPL-001"]);
        assert_eq!(listed_needs("- Depends on IMPL-001"), ["IMPL-001"]);
        assert!(listed_needs("Files: IMPL-001.md").is_empty());
        assert!(inline_needs("Add dependencies for IMPL-001").is_empty());
        for remark in ["depends on", "after", "needs", "blocked by"] {
            let line = format!("Add it ({remark} IMPL-001, IMPL-002)");
            assert_eq!(inline_needs(&line), ["IMPL-001", "IMPL-002"], "{line}");
        }
        assert!(inline_needs("Add it (what comes after IMPL-001)").is_empty());
    }
}
