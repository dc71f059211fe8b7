//! Places in a text: from byte offsets to lines and columns, and the characters nobody sees.
//!
//! Knows nothing of any format.

use std::cell::Cell;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::markdown::Document;
use super::{Fault, Location};

/// What some editors put before UTF-8 text; it means nothing.
pub(super) const BOM: char = '\u{feff}';

/// A text whose line starts are known, so that each place is found in logarithmic time.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    /// Where it begins, a byte order mark aside.
    first: usize,
    /// The place that was told last, and how many characters stand before it on its line: from there the next one is
    /// near, where a whole file is one line.
    last: Cell<(usize, usize)>,
    /// What was made of it, once somebody asked.
    pub(super) parsed: Arc<Parsed>,
}

impl<'a> Text<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self::parsed(path, text, Arc::default())
    }

    /// A text that somebody may have asked for as Markdown before.
    pub(super) fn parsed(path: &'a Path, text: &'a str, parsed: Arc<Parsed>) -> Self {
        let first = if text.starts_with(BOM) {
            BOM.len_utf8()
        } else {
            0
        };
        Self {
            path,
            text,
            first,
            last: Cell::new((first, 0)),
            parsed,
        }
    }

    /// Where the text begins, a byte order mark aside.
    pub(super) fn start(&self) -> usize {
        self.first
    }

    /// The lines that begin with `mark`, blanks aside, each from there on; found without a look at all others.
    pub(super) fn marked_lines(&self, mark: char) -> impl Iterator<Item = &'a str> {
        let (text, first) = (self.text, self.first);
        let begins = move |at: &usize| {
            let before = text[..*at].trim_end_matches([' ', '\t']);
            before.len() <= first || before.ends_with('\n')
        };
        let marks = text.match_indices(mark).map(|(at, _)| at);
        marks
            .filter(begins)
            .map(move |at| text[at..].lines().next().unwrap_or_default())
    }

    /// Where each line begins.
    fn starts(&self) -> &[usize] {
        self.parsed.starts.get_or_init(|| {
            let mut starts = vec![self.first];
            starts.extend(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1));
            starts
        })
    }

    pub(super) fn location(&self, offset: usize) -> Location {
        let offset = char_start(self.text, offset.max(self.start()));
        let starts = self.starts();
        let line = starts.partition_point(|start| *start <= offset).max(1) - 1;
        let (near, before) = match self.last.get() {
            (last, before) if (starts[line]..=offset).contains(&last) => (last, before),
            _ => (starts[line], 0),
        };
        let column = before + self.text[near..offset].chars().count();
        self.last.set((offset, column));
        Location {
            file: self.path.to_path_buf(),
            line: number(line),
            column: number(column),
        }
    }

    /// An error about these bytes.
    pub(super) fn error(&self, range: std::ops::Range<usize>, message: impl Into<String>) -> Fault {
        Fault::error(message).at(self.location(range.start), range.len())
    }

    /// A warning about these bytes.
    pub(super) fn warning(
        &self,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Fault {
        Fault::warning(message).at(self.location(range.start), range.len())
    }
}

/// What is made of a text when it is first asked for, whoever looks at it: every format does before one reads it.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    starts: OnceLock<Vec<usize>>,
    /// As Markdown.
    pub(super) document: OnceLock<Document>,
}

/// Where the line that holds this byte ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())
}

/// Where a text says a word of ASCII, whatever the case.
pub(super) fn find_word(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let (first, rest) = word.split_first()?;
    let firsts = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    let says_rest = |at: &usize| {
        let found = text[at + 1..].get(..rest.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(rest))
    };
    firsts.into_iter().find(says_rest)
}

/// The start of the character that holds this byte; the end of the text when there is none.
pub fn char_start(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// From 1; texts are capped far below what does not fit.
fn number(from_zero: usize) -> u32 {
    u32::try_from(from_zero + 1).unwrap_or(u32::MAX)
}

/// Whether a character shows nothing or reorders what stands around it (bidi controls, zero width).
///
/// Variation selectors are not among them: they belong to emoji that people write.
pub fn is_invisible(c: char) -> bool {
    // No character of ASCII does.
    !c.is_ascii()
        && matches!(
            c,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
