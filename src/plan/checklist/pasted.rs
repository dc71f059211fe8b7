//! Boxes that were pasted into the end of another's line: a line break got lost, but no task may.

use std::ops::Range;

use super::{whole, words};
use crate::plan::markdown::{Line, Mark};
use crate::plan::text::{line_end, line_start};

/// More on one line are no accident.
const PASTED_MAX: usize = 8;

/// A box and what it says.
pub(super) struct Found {
    pub(super) mark: Mark,
    pub(super) said: String,
    /// Its bytes, where the line holds more than one.
    pub(super) part: Option<Range<usize>>,
}

/// Whether a box at a place in `range`, which is one line, is only spoken of: in code, quotes or a comment.
fn is_quoted(line: &Line, text: &str, range: Range<usize>) -> impl Fn(usize) -> bool {
    let within = move |spans: &[Range<usize>], at: usize| {
        let next = spans.partition_point(|span| span.end <= at);
        spans.get(next).is_some_and(|span| span.contains(&at))
    };
    let code: Vec<Range<usize>> = line.spans.iter().map(|span| span.range.clone()).collect();
    let mut comments = Vec::new();
    let mut from = range.start;
    while let Some(start) = text[from..range.end].find("<!--").map(|at| from + at) {
        let close = text[start..range.end].find("-->");
        from = close.map_or(range.end, |at| start + at);
        comments.push(start..from);
    }
    move |at| {
        text[..at].ends_with(['"', '\'', '“', '„', '‘', '«', '「'])
            || within(&code, at)
            || within(&comments, at)
    }
}

/// The boxes of a line that begins with one.
pub(super) fn split(line: &Line, mark: &Mark, text: &str) -> Vec<Found> {
    let end = line_end(text, mark.range.end);
    let alone = || Found {
        mark: mark.clone(),
        said: whole(line).into_owned(),
        part: None,
    };
    let is_list = |at: usize| text[at + 1..end].starts_with(" [");
    let mut dashes = memchr::memchr_iter(b'-', &text.as_bytes()[mark.range.end..end]);
    if !dashes.any(|at| is_list(mark.range.end + at)) {
        return vec![alone()];
    }
    let mut starts = vec![(line_start(text, mark.range.start), mark.clone())];
    let mut from = mark.range.end;
    let is_quoted = is_quoted(line, text, from..end);
    while starts.len() <= PASTED_MAX
        && let Some(at) = text[from..end].find("- [").map(|at| from + at)
    {
        from = at + 1;
        let found = Mark::at(&text[at..end], at).filter(|found| {
            let after = text[found.end()..end].trim_start_matches([' ', '*', '`']);
            words::lettered(after).is_some() && !is_quoted(at)
        });
        if let Some(found) = found {
            starts.push((at, found));
        }
    }
    if starts.len() == 1 {
        return vec![alone()];
    }
    let ends: Vec<usize> = starts[1..]
        .iter()
        .map(|(start, _)| *start)
        .chain([end])
        .collect();
    let found = starts
        .into_iter()
        .zip(ends)
        .map(|((start, mark), end)| Found {
            said: text[mark.end()..end].replace("**", ""),
            part: Some(start..end),
            mark,
        });
    found.collect()
}
