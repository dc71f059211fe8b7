//! The section that says at the end of a plan that it was implemented.
//!
//! One that a person wrote under the same heading, or wrote on in, is theirs: ours has its exact shape on every line.

use std::ops::Range;

use super::logs;
use crate::plan::Task;
use crate::plan::markdown::Document;
use crate::plan::text::Text;

const HEADING: &str = "## Implementation Summary";

/// The section, of phases of which some were skipped.
pub(super) fn section(at: &str, millis: u64, phases: &[(&Task, bool)]) -> String {
    let date = at.get(..10).unwrap_or(at);
    let mut text = format!(
        "{HEADING}\n\n**Completed:** {date}\n**Total Duration:** {}\n\n**Phases Completed:**\n",
        logs::duration(millis)
    );
    for (task, is_skipped) in phases {
        let word = if *is_skipped { "Skipped" } else { "Complete" };
        text.push_str(&format!("- Phase {}: {} - {word}\n", task.id, task.title));
    }
    text
}

/// Whether a plan has such a section, whosever it is.
pub(super) fn is_in(document: &Document) -> bool {
    document
        .headings()
        .any(|(_, heading)| is_summary(&heading.title))
}

/// Where one of ours stands; blank lines below it are not part of it.
pub(super) fn own(document: &Document, text: &Text<'_>) -> Option<Range<usize>> {
    let (at, heading) = document
        .headings()
        .find(|(_, heading)| heading.level == 2 && is_summary(&heading.title))?;
    let next = document.headings().find(|(next, _)| *next > at);
    let end = next.map_or(text.text.len(), |(_, next)| next.range.start);
    let start = heading.range.start;
    let section = &text.text[start..end];
    let words = section.trim_end().len();
    let line_end = match &section[words..] {
        rest if rest.starts_with("\r\n") => 2,
        rest => usize::from(rest.starts_with('\n')),
    };
    has_shape(&section[..words]).then_some(start..start + words + line_end)
}

fn is_summary(title: &str) -> bool {
    title.trim().eq_ignore_ascii_case("implementation summary")
}

fn has_shape(section: &str) -> bool {
    let mut lines = section.lines();
    let mut next = || lines.next().unwrap_or_default();
    let head = next() == HEADING
        && next().is_empty()
        && next().strip_prefix("**Completed:** ").is_some_and(is_date)
        && next()
            .strip_prefix("**Total Duration:** ")
            .is_some_and(is_duration)
        && next().is_empty()
        && next() == "**Phases Completed:**";
    let mut phases = lines.peekable();
    head && phases.peek().is_some() && phases.all(is_phase)
}

fn is_date(text: &str) -> bool {
    let is_fit = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(is_fit)
}

fn is_duration(text: &str) -> bool {
    text.split(' ').all(|part| {
        let number = part.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
        let number = number.strip_prefix('<').unwrap_or(number);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_phase(line: &str) -> bool {
    let named = line.strip_prefix("- Phase ");
    named.is_some_and(|named| {
        named.contains(": ") && (named.ends_with(" - Complete") || named.ends_with(" - Skipped"))
    })
}

#[cfg(test)]
mod tests {
    use super::{has_shape, section};
    use crate::plan::Task;

    #[test]
    fn what_took_no_second_took_some_time_and_is_known_as_ours() {
        let task = Task {
            title: "One".to_owned(),
            ..Task::at(crate::plan::Location::default())
        };
        for (millis, told) in [(400, "<1s"), (59_900, "59s"), (60_000, "1m")] {
            let text = section("2026-01-02T03:04:05Z", millis, &[(&task, false)]);
            assert!(
                text.contains(&format!("**Total Duration:** {told}\n")),
                "{text}"
            );
            assert!(has_shape(text.trim_end()), "{text}");
        }
    }
}
