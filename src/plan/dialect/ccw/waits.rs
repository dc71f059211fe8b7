//! What a line of the list says its task waits for: `（depends_on: IMPL-001）`, `(after IMPL-001)`, or a line below it.
//!
//! Knows how ids look, and not which there are.

use super::ids;
use crate::plan::need_words::{self, Said, without_remarks};
use crate::plan::text::char_start;

/// The ids of `（depends_on: IMPL-001）`, or of `(after IMPL-001)`, within a line.
pub(super) fn inline_needs(text: &str) -> Vec<String> {
    let said = need_words::said(text, &begins_with_id);
    said.into_iter().flat_map(ids).collect()
}

/// The ids of a line below a task that says what it depends on.
pub(super) fn listed_needs(line: &str) -> Vec<String> {
    let bare = line.trim_start_matches(|c: char| !c.is_alphabetic());
    let said = need_words::remark(bare, &begins_with_id);
    said.into_iter().flat_map(ids).collect()
}

fn begins_with_id(text: &str) -> bool {
    let named = ["tasks ", "task "].iter().find_map(|word| {
        let (front, rest) = text.split_at_checked(word.len())?;
        front.eq_ignore_ascii_case(word).then_some(rest)
    });
    // No id is longer; what comes later is nothing that the text begins with.
    const LOOKED_AT: usize = 80;
    let named = named.unwrap_or(text);
    let first = ids::ids_in(&named[..char_start(named, LOOKED_AT)]).next();
    first.is_some_and(|(at, _)| at < 2)
}

/// All ids where nothing else can be meant; else only a list that begins with one.
fn ids(said: Said<'_>) -> Vec<String> {
    let bare = without_remarks(said.value);
    let found = ids::ids_in(&bare).map(|(_, id)| id.to_owned());
    match said.is_field || begins_with_id(&bare) {
        true => found.collect(),
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
        assert_eq!(
            listed_needs("Dependencies: IMPL-001 (not IMPL-003), IMPL-002"),
            ["IMPL-001", "IMPL-002"]
        );
        assert_eq!(listed_needs("- Depends on IMPL-001"), ["IMPL-001"]);
        assert_eq!(listed_needs("- Depends on task IMPL-001"), ["IMPL-001"]);
        assert_eq!(inline_needs("Add it, after IMPL-001"), ["IMPL-001"]);
        assert!(listed_needs("Files: IMPL-001.md").is_empty());
        assert!(listed_needs("Write what IMPL-001 needs").is_empty());
        assert!(inline_needs("Add dependencies for IMPL-001").is_empty());
        for remark in ["depends on", "after", "needs", "blocked by", "requires"] {
            let line = format!("Add it ({remark} IMPL-001, IMPL-002)");
            assert_eq!(inline_needs(&line), ["IMPL-001", "IMPL-002"], "{line}");
        }
        assert!(inline_needs("Add it (what comes after IMPL-001)").is_empty());
    }
}
