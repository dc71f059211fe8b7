//! The headings that begin tasks: `### Task 1: title`, or where a plan has none of these, `## T1 — title`.
//!
//! A heading above others that carry its number, `Task 12` above `Task 12a` and `Task 12b`, holds them together and is
//! no task itself.

use crate::plan::dialect::sendit::{self, TaskHeading};
use crate::plan::markdown::{Block, Document, Heading, lines};
use crate::plan::tags;
use crate::plan::text::Text;

/// A heading that begins a task, and where it stands among the blocks.
pub(super) type Start<'d> = (usize, &'d Heading, TaskHeading);

/// Whether a text can have such headings at all, which costs less to see than to parse it.
pub(super) fn may_be_in(text: &Text<'_>) -> bool {
    let is_short = |line: &str| {
        let title = line.trim_start_matches(['#', ' ', '*']);
        id(title).is_some()
    };
    text.marked_lines('#')
        .any(|line| line.contains("ask") || is_short(line))
}

/// Those of a plan, in order.
pub(super) fn starts<'d>(document: &'d Document, text: &Text<'_>) -> Vec<Start<'d>> {
    let begin = |named: fn(&Heading, &Text<'_>) -> Option<TaskHeading>| {
        let headings = document.headings();
        let starts =
            headings.filter_map(|(at, heading)| Some((at, heading, named(heading, text)?)));
        let starts: Vec<Start<'d>> = starts
            .filter(|(_, _, named)| !named.id.is_empty())
            .collect();
        starts
    };
    let mut starts = begin(sendit::task_heading);
    if starts.is_empty() {
        starts = begin(short);
    }
    let only_hold: Vec<bool> = (0..starts.len())
        .map(|nth| only_holds(nth, &starts, &document.blocks))
        .collect();
    let mut only_hold = only_hold.into_iter();
    starts.retain(|_| only_hold.next() == Some(false));
    starts
}

/// Whether what follows a heading directly are tasks below it that carry its number, and nothing is to be done itself.
fn only_holds(nth: usize, starts: &[Start<'_>], blocks: &[Block]) -> bool {
    let (at, heading, named) = &starts[nth];
    let Some((next, below, part)) = starts.get(nth + 1) else {
        return false;
    };
    let letter = part.id.strip_prefix(&named.id);
    let is_part = letter.is_some_and(|letter| {
        letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    is_part
        && below.level > heading.level
        && lines(&blocks[*at..*next]).all(|line| line.mark.is_none())
}

/// `T1 — title` or `T0: title`.
fn short(heading: &Heading, text: &Text<'_>) -> Option<TaskHeading> {
    if !(2..=4).contains(&heading.level) {
        return None;
    }
    let (whole, boxed) = tags::without_box(&heading.title).unwrap_or((&heading.title, None));
    let (bare, says) = tags::without_tags(whole);
    let (id, title) = id(&bare)?;
    let at = text.text[heading.range.clone()].find(id).unwrap_or(0);
    Some(TaskHeading {
        id: id.to_owned(),
        title: title.to_owned(),
        at: heading.range.start + at,
        says: says.or(boxed),
    })
}

/// The id that such a title begins with, and what follows the sign behind it.
fn id(title: &str) -> Option<(&str, &str)> {
    let digits = title.strip_prefix('T')?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let suffix = digits[count..].starts_with(|c: char| c.is_ascii_lowercase());
    let (id, rest) = title.split_at(1 + count + usize::from(suffix));
    let rest = rest.trim_start();
    let signs = [':', '：', '-', '–', '—', '.'];
    let named = rest.trim_start_matches(signs).trim_start();
    let is_one = (1..=4).contains(&count) && rest.starts_with(signs) && !named.is_empty();
    is_one.then_some((id, named))
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn a_short_heading_is_an_id_a_sign_and_a_title() {
        assert_eq!(id("T1 — Add it"), Some(("T1", "Add it")));
        assert_eq!(id("T12a: Add it"), Some(("T12a", "Add it")));
        for other in [
            "T1",
            "T1 alone",
            "TDD: first",
            "T-1: a",
            "Types: a",
            "T12345: a",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
