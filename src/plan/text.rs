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

/// Where a text begins behind its byte order marks: who joins files leaves several.
pub(super) fn begin(text: &str) -> usize {
    text.len() - text.trim_start_matches(BOM).len()
}

/// A text in which a lone carriage return is the line end that it stands for, each byte where it was: old editors end
/// lines so, and everything that reads is spared a third way to end one. None where nothing is to be changed.
pub(super) fn with_line_ends(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_lone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let mut lone = memchr::memchr_iter(b'\r', bytes).filter(is_lone).peekable();
    lone.peek()?;
    let mut whole = String::with_capacity(text.len());
    for at in lone {
        whole.push_str(&text[whole.len()..at]);
        whole.push('\n');
    }
    whole.push_str(&text[whole.len()..]);
    Some(whole)
}

/// How much text lies between two places where its lines are counted.
const STRETCH: usize = 1024;

/// A text whose lines are counted once, so that each place is told from the text near it.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    /// Where it begins, byte order marks aside.
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
        let first = begin(text);
        Self {
            path,
            text,
            first,
            last: Cell::new((first, 0)),
            parsed,
        }
    }

    /// Where the text begins, byte order marks aside.
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

    /// How many lines end before each stretch of the text.
    fn ended(&self) -> &[usize] {
        self.parsed.ended.get_or_init(|| {
            let stretches = self.text.as_bytes().chunks(STRETCH);
            let counts = stretches.map(ends_in);
            let sums = counts.scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        })
    }

    pub(super) fn location(&self, offset: usize) -> Location {
        let offset = char_start(self.text, offset.max(self.start()));
        let bytes = self.text.as_bytes();
        let stretch = offset / STRETCH;
        let line = self.ended()[stretch] + ends_in(&bytes[stretch * STRETCH..offset]);
        let last = Some(self.last.get()).filter(|(last, _)| *last <= offset);
        let (from, before) = last.unwrap_or((self.start(), 0));
        let line_end = memchr::memrchr(b'\n', &bytes[from..offset]);
        let (near, before) = line_end.map_or((from, before), |at| (from + at + 1, 0));
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
    ended: OnceLock<Vec<usize>>,
    /// As Markdown.
    pub(super) document: OnceLock<Document>,
}

/// How many lines end in these bytes.
fn ends_in(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Where the line that holds this byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let line_end = memchr::memrchr(b'\n', &text.as_bytes()[..at]);
    line_end.map_or_else(|| begin(text).min(at), |end| end + 1)
}

/// Where the line that holds this byte ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())
}

/// Where a text says a word of ASCII, whatever the case.
pub(super) fn find_word(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let letters = word.iter().enumerate();
    let (before, rarest) =
        letters.min_by_key(|(_, letter)| FREQUENCIES[usize::from(letter.to_ascii_lowercase())])?;
    let met = memchr::memchr2_iter(
        rarest.to_ascii_lowercase(),
        rarest.to_ascii_uppercase(),
        text,
    );
    let starts = met.filter_map(|at| at.checked_sub(before));
    let says = |at: &usize| {
        let found = text[*at..].get(..word.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    starts.into_iter().find(says)
}

/// How often a byte is met in texts: letters by their place from the rarest on, all others more often.
static FREQUENCIES: [u8; 256] = {
    const FROM_RAREST: &[u8; 26] = b"zqxjkvbpygfwmucldrhsnioate";
    let mut frequencies = [u8::MAX; 256];
    let mut place = 0;
    while place < FROM_RAREST.len() {
        frequencies[FROM_RAREST[place] as usize] = place as u8;
        place += 1;
    }
    frequencies
};

/// Whether a word is one that is known, whatever its case; nearly all differ in length.
pub(super) fn is_same(word: &str, known: &str) -> bool {
    word.len() == known.len() && word.eq_ignore_ascii_case(known)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BOM, STRETCH, Text, number};

    #[test]
    fn places_are_told_alike_in_whatever_order_they_are_asked_for() {
        let lines = "\n# ä\r\n- [ ] 数据库\n".repeat(STRETCH / 8);
        let long = "é".repeat(STRETCH * 2);
        let text = format!("{BOM}{lines}{long}\n");
        let place = |at: usize| {
            let before = &text[BOM.len_utf8()..at];
            let line = before.rsplit('\n').next().unwrap_or_default();
            (
                number(before.matches('\n').count()),
                number(line.chars().count()),
            )
        };
        let ends = text.char_indices().map(|(at, _)| at).skip(1);
        let places: Vec<usize> = ends.chain([text.len()]).step_by(7).collect();
        let mixed = places.chunks(5).flat_map(|some| some.iter().rev());
        let told = Text::new(Path::new("a.md"), &text);
        for at in places.iter().chain(places.iter().rev()).chain(mixed) {
            let found = told.location(*at);
            assert_eq!((found.line, found.column), place(*at), "at byte {at}");
        }
    }
}
