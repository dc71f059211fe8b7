//! Markdown as plans use it: headings, lines with their bold leads, code fences and tables, with byte ranges.
//!
//! One thin layer on a CommonMark parser, so that nothing inside a code fence, a comment or front matter
//! is ever taken for structure. It knows no dialect: what a field or a heading means is for the readers.

mod builder;
mod names;

use std::ops::Range;

use pulldown_cmark::{Options, Parser};

use super::Fault;
use super::text::{Text, is_invisible, line_end};
use builder::Builder;

/// A text as a flat list of blocks, in order.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
    /// The front matter, without its fences.
    pub(super) front: Option<Range<usize>>,
    /// What is HTML, so that nothing in it is structure.
    html: Vec<Range<usize>>,
}

#[derive(Debug)]
pub(super) enum Block {
    Heading(Heading),
    Line(Line),
    Fence(Fence),
    Table(Table),
    Rule,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) level: u8,
    /// Without markup, but for the backticks of code.
    pub(super) title: String,
    pub(super) range: Range<usize>,
}

/// One line of a paragraph or of a list item.
#[derive(Debug)]
pub(super) struct Line {
    /// `Files` of `**Files**: …` and of `**Files:** …`.
    pub(super) lead: Option<String>,
    /// What follows the lead, or all of it, without markup but for backticks.
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
    /// Whether it says anything outside its code spans.
    pub(super) words: bool,
    pub(super) range: Range<usize>,
    /// The box that it begins with.
    pub(super) mark: Option<Mark>,
    /// How many lists and items it stands in.
    pub(super) depth: usize,
    /// How far right it begins. A field is ended by the next one that is no further right: the parser
    /// counts a field below a list as a lazy continuation of the last item, and no author means that.
    pub(super) indent: usize,
    /// Lines of one paragraph have the same number.
    pub(super) paragraph: usize,
    /// Whether a blank line stands before it.
    pub(super) apart: bool,
}

/// The box at the start of a line: `[ ]`, `[x]`, and what else people put between the brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// What stands between the brackets, without white space.
    pub(super) sign: String,
    /// Where that stands: the bytes to replace.
    pub(super) range: Range<usize>,
    /// Whether an asterisk follows the bracket.
    pub(super) starred: bool,
}

impl Mark {
    /// The box that a text begins with, which stands at `offset`.
    pub(super) fn at(text: &str, offset: usize) -> Option<Self> {
        builder::mark(text, offset)
    }

    /// Where the box ends.
    pub(super) fn end(&self) -> usize {
        self.range.end + 1 + usize::from(self.starred)
    }
}

/// A code span or another piece of text, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Fence {
    /// The first word after the backticks, lower case.
    pub(super) language: String,
    pub(super) text: String,
    pub(super) range: Range<usize>,
    /// Whether the text ends before the fence does.
    pub(super) unclosed: bool,
    /// Whether a blank line stands before it.
    pub(super) apart: bool,
}

#[derive(Debug)]
pub(super) struct Table {
    /// The header is the first.
    pub(super) rows: Vec<Vec<Span>>,
}

impl Text<'_> {
    /// The text as Markdown, parsed when it is first asked for.
    pub(super) fn document(&self) -> &Document {
        self.parsed.document.get_or_init(|| Document::parse(self))
    }
}

impl Document {
    fn parse(text: &Text<'_>) -> Self {
        let front = front_matter(text.text, text.start());
        let (front, start) = front.map_or((None, text.start()), |(front, end)| (Some(front), end));
        let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
        let mut builder = Builder::new(text.text);
        for (event, range) in Parser::new_ext(&text.text[start..], options).into_offset_iter() {
            builder.take(event, range.start + start..range.end + start);
        }
        builder.close_line();
        Self {
            blocks: builder.blocks,
            front,
            html: builder.html,
        }
    }

    pub(super) fn headings(&self) -> impl Iterator<Item = (usize, &Heading)> {
        self.blocks
            .iter()
            .enumerate()
            .filter_map(|(at, block)| match block {
                Block::Heading(heading) => Some((at, heading)),
                _ => None,
            })
    }

    /// The text of the first heading of level 1.
    pub(super) fn title(&self) -> Option<&Heading> {
        self.headings()
            .map(|(_, heading)| heading)
            .find(|heading| heading.level == 1)
    }

    /// What hides tasks: a fence that swallows the rest of the text, HTML in which boxes stand, and colons behind boxes.
    pub(super) fn hidden(&self, text: &Text<'_>) -> Vec<Fault> {
        let mut faults: Vec<Fault> = fences(&self.blocks)
            .filter(|fence| fence.unclosed)
            .map(|fence| {
                let opening = text.text[fence.range.clone()].lines().next().unwrap_or_default().len();
                text.error(fence.range.start..fence.range.start + opening, "code fence is never closed")
                    .help("all that follows it is read as code; close it with as many backticks as it opens with")
            })
            .collect();
        faults.extend(self.html.iter().filter_map(|html| hidden_boxes(text, html)));
        faults.extend(indented_boxes(text, &self.blocks));
        let is_code = code(&self.blocks);
        faults.extend(boxes_with_colons(text, &is_code));
        faults.extend(unspaced_headings(text, &self.blocks));
        faults.extend(behind_nothing(text, &self.blocks));
        // A text without a box speaks of something else.
        if lines(&self.blocks).any(|line| line.mark.is_some()) {
            faults.extend(unclosed_boxes(text, &is_code));
            faults.extend(odd_boxes(text, &self.blocks));
        }
        faults
    }
}

/// Lines such as `###Task 2: Do it`, which are no headings without a space behind the signs.
fn unspaced_headings(text: &Text<'_>, blocks: &[Block]) -> Vec<Fault> {
    let lines = blocks.iter().filter_map(|block| match block {
        Block::Line(line) if line.depth == 0 => Some(line.range.start),
        _ => None,
    });
    let unspaced = lines.filter_map(|start| {
        let line = &text.text[start..line_end(text.text, start)];
        let signs = line.len() - line.trim_start_matches('#').len();
        let is_word = line[signs..].starts_with(char::is_alphanumeric);
        ((2..=6).contains(&signs) && is_word).then(|| {
            let message = format!("`{}` is no heading", line.trim_end());
            let signs_end = start + signs;
            let fault = text.warning(start..signs_end, message);
            fault.help("headings have a space behind their signs; this line belongs to what stands above it")
        })
    });
    unspaced.collect()
}

/// A warning about boxes in a block of HTML. Who closes a comment behind them means it.
fn hidden_boxes(text: &Text<'_>, html: &Range<usize>) -> Option<Fault> {
    let block = &text.text[html.clone()];
    if block.trim_start().starts_with("<!--") && block.contains("-->") {
        return None;
    }
    let lines = block.split_inclusive(['\n', '\r']);
    let mut boxes = lines
        .scan(html.start, |at, line| {
            let begin = std::mem::replace(at, *at + line.len());
            Some(Mark::at(line, begin))
        })
        .flatten();
    let first = boxes.next()?;
    let message = match boxes.count() {
        0 => "this box is read as HTML, and is no task".to_owned(),
        more => format!("this box is read as HTML, like {more} more below, and is no task"),
    };
    let place = first.range.start - 1..first.range.end + 1;
    let help = "an empty line ends HTML, and `-->` a comment";
    Some(text.warning(place, message).help(help))
}

/// A warning about boxes that stand so far right that they are code.
fn indented_boxes(text: &Text<'_>, blocks: &[Block]) -> Option<Fault> {
    const BOXES: [&str; 3] = ["[ ] ", "[x] ", "[X] "];
    let code = |fence: &&Fence| !text.text[fence.range.clone()].starts_with(['`', '~']);
    let mut boxes = fences(blocks).filter(code).flat_map(|fence| {
        let mut start = fence.range.start;
        let lines = text.text[fence.range.clone()].split_inclusive('\n');
        lines.filter_map(move |line| {
            let end = start + line.len();
            let at = std::mem::replace(&mut start, end);
            let bullet = line.find('[').filter(|open| is_bullet(&line[..*open]))?;
            let is_box = BOXES.iter().any(|sign| line[bullet..].starts_with(sign));
            is_box.then_some(at + bullet..at + bullet + 3)
        })
    });
    let first = boxes.next()?;
    let message = match boxes.count() {
        0 => "this box is indented as code is, and is no task".to_owned(),
        more => format!("this box is indented as code is, like {more} more, and is no task"),
    };
    let help = "begin it further left: behind four spaces or a tab, what stands in no list is code";
    Some(text.warning(first, message).help(help))
}

/// A warning about headings, items and fields behind a character that nobody sees, which makes them text.
fn behind_nothing(text: &Text<'_>, blocks: &[Block]) -> Option<Fault> {
    const SIGNS: [&str; 7] = ["#", "- ", "* ", "+ ", "**", "|", "<"];
    let means_more = |line: &str| {
        let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_numbered = number.len() < line.len() && number.starts_with(['.', ')']);
        is_numbered || SIGNS.iter().any(|sign| line.starts_with(sign))
    };
    let is_hidden = |line: &&Line| {
        // Nearly all lines begin with what is seen.
        let begins = text.text[line.range.start..].starts_with(is_invisible);
        let said = || &text.text[line.range.start..line_end(text.text, line.range.start)];
        begins
            && means_more(said().trim_start_matches(|c: char| is_invisible(c) || c.is_whitespace()))
    };
    let hidden = lines(blocks)
        .filter(is_hidden)
        .map(|line| line.range.clone());
    unread(
        text,
        hidden,
        "a character that nobody sees stands before this",
        "take it out: what begins the line is no heading, item or field behind it",
    )
}

/// A warning about boxes that a colon follows. None is read as one: once it was ticked, `[x]: it` would be where a link
/// leads to, and seen by nobody.
fn boxes_with_colons(text: &Text<'_>, is_code: &impl Fn(usize) -> bool) -> Option<Fault> {
    const BOXES: [&str; 6] = ["[ ", "[", "[x", "[X", "[~", "[-"];
    let boxed = |at: usize| {
        let before = &text.text[..at];
        let bullet = BOXES.iter().find_map(|open| before.strip_suffix(open))?;
        let start = bullet.len();
        (is_bullet(bullet) && !is_code(at)).then_some(start..at + 2)
    };
    let boxes = memchr::memmem::find_iter(text.text.as_bytes(), "]:").filter_map(boxed);
    unread(
        text,
        boxes,
        "a colon follows this box",
        "leave the colon out: `- [ ] Do it`",
    )
}

/// A warning about boxes that nothing closes (`- [ 2.2 Do it`) beside those that are.
fn unclosed_boxes(text: &Text<'_>, is_code: &impl Fn(usize) -> bool) -> Option<Fault> {
    let unclosed = |at: usize| {
        let inside = &text.text[at + 1..];
        let sign = inside.strip_prefix(['x', 'X', '~', '-']).unwrap_or(inside);
        // Nearly all are closed at once.
        let is_open = sign.starts_with(' ') && !sign.starts_with(" ]");
        let is_box = is_open && is_bullet(&text.text[..at]) && !is_code(at);
        let said = is_box.then(|| &text.text[at..line_end(text.text, at)])?;
        (!said.contains(']') && !said[2..].trim().is_empty()).then(|| at..at + 1)
    };
    let boxes = memchr::memchr_iter(b'[', text.text.as_bytes()).filter_map(unclosed);
    unread(
        text,
        boxes,
        "this box is never closed",
        "close it: `- [ ] Do it`",
    )
}

/// A warning about what only looks like a box (`• [ ] Do it`, `- ☐ Do it`, `[ ] Do it`) beside those that are.
fn odd_boxes(text: &Text<'_>, blocks: &[Block]) -> Option<Fault> {
    const BULLETS: [char; 8] = ['–', '—', '•', '·', '▪', '◦', '●', '‣'];
    const BOXES: [&str; 6] = ["☐", "☑", "☒", "□", "( ) ", "[done] "];
    let is_box = |said: &str| {
        ["[ ] ", "[x] ", "[X] "]
            .iter()
            .any(|sign| said.starts_with(sign))
    };
    let is_odd = |line: &&Line| {
        let said = &text.text[line.range.clone()];
        let begun = said.trim_start_matches(BULLETS).trim_start();
        let is_item = || is_bullet(&text.text[..line.range.start]);
        is_box(begun) || BOXES.iter().any(|sign| said.starts_with(sign)) && is_item()
    };
    // Nearly all lines begin otherwise.
    let may_be = |line: &&Line| {
        let first = text.text[line.range.start..].chars().next();
        first.is_some_and(|c| !c.is_ascii() || matches!(c, '[' | '('))
    };
    // Behind two bullets, of an item in an item.
    let is_inner = |line: &&Line| {
        let before = &text.text[..line.range.start];
        before.ends_with("[ ] ") || before.ends_with("[x] ") || before.ends_with("[X] ")
    };
    let odd = lines(blocks)
        .filter(|line| line.mark.is_none())
        .filter(|line| may_be(line) && is_odd(line) || is_inner(line))
        .map(|line| line.range.clone());
    unread(
        text,
        odd,
        "this only looks like a box",
        "a box is `- [ ] Do it`",
    )
}

/// A warning about the first of the boxes that are none, which counts the others.
fn unread(
    text: &Text<'_>,
    mut boxes: impl Iterator<Item = Range<usize>>,
    why: &str,
    help: &str,
) -> Option<Fault> {
    let first = boxes.next()?;
    let message = match boxes.count() {
        0 => format!("{why}, so it is read as text"),
        more => format!("{why}, like {more} more, so they are read as text"),
    };
    Some(text.warning(first, message).help(help))
}

/// Whether a byte stands in a code fence.
fn code(blocks: &[Block]) -> impl Fn(usize) -> bool {
    let fences: Vec<Range<usize>> = fences(blocks).map(|fence| fence.range.clone()).collect();
    move |at| {
        let next = fences.partition_point(|fence| fence.end <= at);
        fences.get(next).is_some_and(|fence| fence.contains(&at))
    }
}

/// Whether what stands before a box ends with the bullet or the number of an item.
fn is_bullet(before: &str) -> bool {
    let bullet = before.trim_end_matches([' ', '\t']);
    let line = bullet.strip_suffix(['-', '*', '+']).or_else(|| {
        let number = bullet.strip_suffix(['.', ')'])?;
        let line = number.trim_end_matches(|c: char| c.is_ascii_digit());
        (line.len() < number.len()).then_some(line)
    });
    line.is_some_and(|line| {
        let above = line.trim_end_matches([' ', '\t', '>']);
        above.is_empty() || above.ends_with(['\n', '\r', super::text::BOM])
    })
}

/// What stands between two rules at the very beginning of a text, if it begins with a key, and where the text goes on.
/// Further down a rule is a rule: parsers that take those for front matter as well lose what stands between them.
fn front_matter(text: &str, start: usize) -> Option<(Range<usize>, usize)> {
    let line = |at: usize| text[at..line_end(text, at)].trim_end();
    let next = |at: usize| {
        let end = line_end(text, at);
        let rest = &text[end..];
        end + if rest.starts_with("\r\n") {
            2
        } else {
            rest.len().min(1)
        }
    };
    let begin = next(start);
    if line(start) != "---" || line(begin).is_empty() {
        return None;
    }
    let lines = std::iter::successors(Some(begin), |&at| {
        Some(next(at)).filter(|at| *at < text.len())
    });
    let mut ends = lines
        .skip(1)
        .filter(|at| matches!(line(*at), "---" | "..."));
    let end = ends.next()?;
    let (key, _) = line(begin).split_once(':')?;
    let is_key = !key.is_empty() && !key.starts_with(['-', '#', '*', ' ', '\t']);
    is_key.then(|| (begin..end, next(end)))
}

pub(super) fn fences(blocks: &[Block]) -> impl Iterator<Item = &Fence> {
    blocks.iter().filter_map(|block| match block {
        Block::Fence(fence) => Some(fence),
        _ => None,
    })
}

pub(super) fn lines(blocks: &[Block]) -> impl Iterator<Item = &Line> {
    blocks.iter().filter_map(|block| match block {
        Block::Line(line) => Some(line),
        _ => None,
    })
}
