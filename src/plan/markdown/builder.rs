//! From the parser's events to blocks: lines with their leads and boxes, fences, tables, headings.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::names::{is_in_word, underscores};
use super::{Block, Fence, Heading, Line, Mark, Span, Table};
use crate::plan::text::{line_end, line_start};

/// Whether text between code spans only separates them.
fn is_separator(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, ',' | ';' | '.' | '、' | '，' | '；' | '。');
    text.chars().all(|c| c.is_whitespace() || is_sign(c))
}

/// A text without the white space around it, where it stands: nearly all have none.
fn trimmed(mut text: String) -> String {
    let is_sign = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if is_sign(text.as_bytes().first()) && is_sign(text.as_bytes().last()) {
        return text;
    }
    text.truncate(text.trim_end().len());
    let blank = text.len() - text.trim_start().len();
    if blank > 0 {
        text.drain(..blank);
    }
    text
}

/// Whether a heading is none that anybody meant: lines right above a rule, which makes them one by the letter.
fn is_paragraph(heading: &str) -> bool {
    let heading = heading.trim();
    if heading.starts_with('#') || !heading.ends_with('-') {
        return false;
    }
    let mut lines = heading.lines();
    let is_rule = lines.next_back().is_some_and(|last| last.trim().len() > 2);
    is_rule && (heading.starts_with("**") || lines.nth(1).is_some())
}

/// Whether what could be a tag of HTML is a type in angle brackets.
fn is_type(tag: &str) -> bool {
    tag.strip_prefix('<')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

impl Line {
    /// Room for all that stands from `range` on to the end of the line, so that its text is not moved when it grows.
    fn make_room(&mut self, source: &str, range: &Range<usize>) {
        if self.text.capacity() == 0 {
            let end = line_end(source, range.start);
            self.text = String::with_capacity(end - range.start);
        }
    }
}

/// Collects blocks from parser events.
pub(super) struct Builder<'a> {
    text: &'a str,
    pub(super) blocks: Vec<Block>,
    line: Option<Line>,
    heading: Option<Heading>,
    fence: Option<Fence>,
    table: Option<Table>,
    cell: Option<Span>,
    /// Where the words of the row end.
    row_end: usize,
    /// Whether the row that is open was split by us.
    own_row: bool,
    /// The bold text at the start of the line, while it is open.
    bold: Option<String>,
    /// A bold start of line, closed, whose colon may still come.
    bold_done: Option<String>,
    /// Blocks of HTML, comments among them.
    pub(super) html: Vec<Range<usize>>,
    depth: usize,
    paragraph: usize,
    /// Where the last block ended.
    end_of_last: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            // Few lines are so short, so that nothing is moved to make room.
            blocks: Vec::with_capacity(text.len() / 32),
            line: None,
            heading: None,
            fence: None,
            table: None,
            cell: None,
            row_end: 0,
            own_row: false,
            bold: None,
            bold_done: None,
            html: Vec::new(),
            depth: 0,
            paragraph: 0,
            end_of_last: 0,
        }
    }

    pub(super) fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong) if is_in_word(self.text, &range) => {
                let signs = underscores(&self.text[range.clone()]);
                self.words(signs, range.start..range.start + signs.len());
            }
            Event::End(TagEnd::Emphasis | TagEnd::Strong) if is_in_word(self.text, &range) => {
                let signs = underscores(&self.text[range.clone()]);
                self.words(signs, range.end - signs.len()..range.end);
            }
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.words(&text, range),
            Event::Code(code) => self.code(&code, range),
            // `List<User>` is prose about code, and says more than the tag that it looks like.
            Event::InlineHtml(tag) if is_type(&tag) => self.words(&tag, range),
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push(' ');
                } else {
                    self.close_line();
                }
            }
            Event::Rule => {
                self.close_line();
                self.blocks.push(Block::Rule);
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { .. } if is_paragraph(&self.text[range.clone()]) => {
                self.close_line();
                self.paragraph += 1;
            }
            Tag::Heading { level, .. } => {
                self.close_line();
                self.heading = Some(Heading {
                    level: rank(level),
                    title: String::with_capacity(range.len()),
                    range,
                });
            }
            Tag::CodeBlock(kind) => {
                self.close_line();
                self.fence = Some(self.open_fence(&kind, range));
            }
            Tag::Table(_) => {
                self.close_line();
                self.table = Some(Table { rows: Vec::new() });
            }
            Tag::TableHead | Tag::TableRow => {
                let own = row_with_code(&self.text[range.clone()], range.start);
                self.own_row = own.is_some();
                self.row_end = range.start + self.text[range.clone()].trim_end().len();
                if let Some(table) = &mut self.table {
                    table.rows.push(own.unwrap_or_default());
                }
            }
            Tag::TableCell => {
                let cell = &self.text[range.clone()];
                let start = range.start + cell.len() - cell.trim_start().len();
                self.cell = Some(Span {
                    text: String::new(),
                    range: start..start + cell.trim().len(),
                });
            }
            Tag::HtmlBlock => self.html.push(range),
            Tag::List(_) | Tag::Item => {
                self.close_line();
                self.depth += 1;
                self.paragraph += 1;
            }
            Tag::Paragraph => {
                self.close_line();
                self.paragraph += 1;
            }
            Tag::Strong if self.is_at_start() && self.is_flowing() => {
                if self.line.is_none() {
                    self.open_line(range.clone());
                }
                self.bold = Some(String::with_capacity(range.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => match self.heading.take() {
                Some(mut heading) => {
                    heading.title = trimmed(heading.title);
                    self.blocks.push(Block::Heading(heading));
                }
                None => {
                    self.close_line();
                    self.blocks.push(Block::Rule);
                }
            },
            TagEnd::CodeBlock => {
                self.end_of_last = self
                    .fence
                    .as_ref()
                    .map_or(self.end_of_last, |fence| fence.range.end);
                self.blocks.extend(self.fence.take().map(Block::Fence));
            }
            TagEnd::Table => self.blocks.extend(self.table.take().map(Block::Table)),
            TagEnd::TableCell => {
                let row = self.table.as_mut().and_then(|table| table.rows.last_mut());
                // The parser adds the cells that a row lacks: they stand nowhere.
                if let (Some(row), Some(cell)) = (row, self.cell.take())
                    && !self.own_row
                    && cell.range.start < self.row_end
                {
                    row.push(cell);
                }
            }
            TagEnd::List(_) | TagEnd::Item => {
                self.close_line();
                self.depth = self.depth.saturating_sub(1);
                self.paragraph += 1;
            }
            TagEnd::Paragraph => self.close_line(),
            TagEnd::Strong => self.end_bold(),
            _ => {}
        }
    }

    fn end_bold(&mut self) {
        let Some(bold) = self.bold.take() else {
            return;
        };
        let mut bold = trimmed(bold);
        match bold.strip_suffix([':', '：']).map(str::len) {
            Some(length) => {
                bold.truncate(length);
                self.lead(trimmed(bold));
            }
            None => self.bold_done = Some(bold),
        }
    }

    fn lead(&mut self, name: String) {
        if let Some(line) = &mut self.line {
            line.lead = Some(name);
        }
    }

    fn is_apart(&self, start: usize) -> bool {
        let between = self.text.get(self.end_of_last..start).unwrap_or_default();
        // Few bytes stand between blocks.
        let mut ends = between.bytes().filter(|byte| *byte == b'\n');
        ends.nth(1).is_some()
    }

    fn is_flowing(&self) -> bool {
        self.heading.is_none() && self.fence.is_none() && self.table.is_none()
    }

    /// Whether nothing of the line was read yet, but for a box.
    fn is_at_start(&self) -> bool {
        let is_box = |line: &Line| line.mark.is_some() && line.text.is_empty();
        self.line
            .as_ref()
            .is_none_or(|line| is_box(line) && line.lead.is_none() && !line.words)
    }

    fn open_line(&mut self, range: Range<usize>) {
        let apart = self.is_apart(range.start);
        let line_start = line_start(self.text, range.start);
        // What was told with an earlier part of its line is no second box.
        let mark = mark(&self.text[line_start..], line_start)
            .filter(|mark| mark.range.start >= self.end_of_last);
        self.line = Some(Line {
            apart,
            mark,
            lead: None,
            text: String::new(),
            spans: Vec::new(),
            words: false,
            depth: self.depth,
            indent: range.start - line_start,
            range,
            paragraph: self.paragraph,
        });
    }

    pub(super) fn close_line(&mut self) {
        self.bold = None;
        self.settle_bold();
        if let Some(mut line) = self.line.take() {
            line.text = trimmed(line.text);
            self.end_of_last = line.range.end;
            self.blocks.push(Block::Line(line));
        }
    }

    /// Bold text without a colon was only bold text.
    fn settle_bold(&mut self) {
        if let (Some(bold), Some(line)) = (self.bold_done.take(), &mut self.line) {
            line.words |= !is_separator(&bold);
            line.text.push_str(&bold);
        }
    }

    fn words(&mut self, text: &str, range: Range<usize>) {
        if let Some(fence) = &mut self.fence {
            fence.text.push_str(text);
        } else if let Some(heading) = &mut self.heading {
            heading.title.push_str(text);
        } else if let Some(cell) = &mut self.cell {
            cell.text.push_str(text);
        } else if let Some(bold) = &mut self.bold {
            bold.push_str(text);
        } else if self.is_flowing() {
            self.flow(text, range);
        }
    }

    fn flow(&mut self, text: &str, range: Range<usize>) {
        let mut text = text;
        if self.bold_done.is_some()
            && let Some(rest) = text.trim_start().strip_prefix([':', '：'])
            && let Some(name) = self.bold_done.take()
        {
            self.lead(name);
            text = rest;
        }
        self.settle_bold();
        if self.line.is_none() {
            self.open_line(range.clone());
        }
        if let Some(line) = &mut self.line {
            // Of a box that the parser takes for text, nothing is said by the line.
            let boxed = line.mark.as_ref().map_or(0, Mark::end);
            text = text
                .get(boxed.saturating_sub(range.start)..)
                .unwrap_or_default();
            line.words |= !is_separator(text);
            line.make_room(self.text, &range);
            line.text.push_str(text);
            line.range.end = range.end;
        }
    }

    fn code(&mut self, code: &str, range: Range<usize>) {
        let quote = |text: &mut String| {
            text.push('`');
            text.push_str(code);
            text.push('`');
        };
        if let Some(heading) = &mut self.heading {
            quote(&mut heading.title);
        } else if let Some(cell) = &mut self.cell {
            quote(&mut cell.text);
        } else if let Some(bold) = &mut self.bold {
            quote(bold);
        } else if self.is_flowing() {
            self.settle_bold();
            if self.line.is_none() {
                self.open_line(range.clone());
            }
            if let Some(line) = &mut self.line {
                line.make_room(self.text, &range);
                quote(&mut line.text);
                line.range.end = range.end;
                if line.spans.is_empty() {
                    // Most lines that have one have no other.
                    line.spans.reserve_exact(1);
                }
                line.spans.push(Span {
                    text: code.trim().to_owned(),
                    range,
                });
            }
        }
    }

    fn open_fence(&self, kind: &CodeBlockKind<'_>, range: Range<usize>) -> Fence {
        let (language, fenced) = match kind {
            CodeBlockKind::Fenced(info) => {
                (info.split([' ', ',', '{']).next().unwrap_or_default(), true)
            }
            CodeBlockKind::Indented => ("", false),
        };
        let source = &self.text[range.clone()];
        let mark = source.chars().next().unwrap_or('`');
        let opening = source.chars().take_while(|c| *c == mark).count();
        let closes = |line: &str| {
            let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
            line.chars().count() >= opening && line.chars().all(|c| c == mark)
        };
        let closed =
            source.lines().count() > 1 && source.trim_end().lines().last().is_some_and(closes);
        Fence {
            language: language.to_ascii_lowercase(),
            text: String::new(),
            unclosed: fenced && !closed && self.text[range.end..].trim().is_empty(),
            apart: self.is_apart(range.start),
            range,
        }
    }
}

/// The cells of a table row in which a `|` stands between backticks: the parser ends the cell there, and who wrote it
/// did not mean that.
fn row_with_code(row: &str, offset: usize) -> Option<Vec<Span>> {
    let last_tick = row.rfind('`');
    let mut cells = Vec::new();
    let (mut start, mut in_code, mut escaped, mut has_pipe) = (0, false, false, false);
    for (at, c) in row.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // A backtick that none closes is text.
            '`' => in_code = !in_code && last_tick.is_some_and(|last| last > at),
            '|' if in_code => has_pipe = true,
            '|' => {
                cells.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(start..row.len());
    let is_blank = |range: &Range<usize>| row[range.clone()].trim().is_empty();
    if cells.first().is_some_and(is_blank) {
        cells.remove(0);
    }
    if cells.last().is_some_and(is_blank) {
        cells.pop();
    }
    let span = |range: Range<usize>| {
        let cell = &row[range.clone()];
        let start = offset + range.start + cell.len() - cell.trim_start().len();
        let text = cell.trim();
        Span {
            text: text.to_owned(),
            range: start..start + text.len(),
        }
    };
    has_pipe.then(|| cells.into_iter().map(span).collect())
}

/// The box at the start of a line of the text, which stands at `offset`. A bullet or number must stand before it;
/// between the brackets stands at most one sign, which may be an emoji of several characters.
pub(super) fn mark(text: &str, offset: usize) -> Option<Mark> {
    let at_bullet = text.trim_start_matches([' ', '\t', '>']);
    let at_box = match at_bullet.strip_prefix(['-', '*', '+']) {
        Some(rest) => rest,
        None => at_bullet
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix(['.', ')'])
            .filter(|_| at_bullet.starts_with(|c: char| c.is_ascii_digit()))?,
    };
    let ends_line = |c: char| c == '\n' || c == '\r';
    let at_box = at_box.trim_start_matches(|c: char| c.is_whitespace() && !ends_line(c));
    let inside = at_box.strip_prefix('[')?;
    // No further than a sign is long: a line may be full of brackets that nothing closes.
    let mut signs = inside
        .char_indices()
        .filter(|(_, c)| !c.is_whitespace() || ends_line(*c));
    let (end, _) = signs
        .by_ref()
        .take(3)
        .find(|(_, c)| *c == ']' || ends_line(*c))?;
    if !inside[end..].starts_with(']') {
        return None;
    }
    let (between, after) = (&inside[..end], &inside[end + 1..]);
    let sign = between.trim();
    let is_sign = sign.chars().count() <= 2 && !sign.contains(|c: char| c.is_ascii_digit());
    // A link or a reference is no box, and what would become one with a tick in it is none either.
    let is_name = sign.chars().any(char::is_alphabetic) && !is_ticked(sign);
    if !is_sign || after.starts_with(['(', ':']) || is_name && after.starts_with('[') {
        return None;
    }
    let start = offset + text.len() - inside.len();
    Some(Mark {
        sign: sign.to_owned(),
        range: start..start + end,
        starred: after.starts_with('*'),
    })
}

/// Whether a sign is the one that is put in.
fn is_ticked(sign: &str) -> bool {
    matches!(sign, "x" | "X")
}

fn rank(level: HeadingLevel) -> u8 {
    level as u8
}
