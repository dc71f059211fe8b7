//! Markdown as plans use it: headings, lines with their bold leads, code fences and tables, with byte ranges.
//!
//! One thin layer on a CommonMark parser, so that nothing inside a code fence, a comment or front matter
//! is ever taken for structure. It knows no dialect: what a field or a heading means is for the readers.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Fault;
use super::text::Text;

/// A text as a flat list of blocks, in order.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
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

impl Document {
    pub(super) fn parse(text: &Text<'_>) -> Self {
        let start = text.start();
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut builder = Builder::new(text.text);
        for (event, range) in Parser::new_ext(&text.text[start..], options).into_offset_iter() {
            builder.take(event, range.start + start..range.end + start);
        }
        builder.close_line();
        Self {
            blocks: builder.blocks,
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

    /// A fence that swallows the rest of the text hides tasks.
    pub(super) fn unclosed_fences(&self, text: &Text<'_>) -> Vec<Fault> {
        fences(&self.blocks)
            .filter(|fence| fence.unclosed)
            .map(|fence| {
                let opening = text.text[fence.range.clone()].lines().next().unwrap_or_default().len();
                text.error(fence.range.start..fence.range.start + opening, "code fence is never closed")
                    .help("all that follows it is read as code; close it with as many backticks as it opens with")
            })
            .collect()
    }
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

/// Whether text between code spans only separates them.
fn is_separator(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || ",;.、，；。".contains(c))
}

/// Collects blocks from parser events.
struct Builder<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    line: Option<Line>,
    heading: Option<Heading>,
    fence: Option<Fence>,
    table: Option<Table>,
    cell: Option<Span>,
    /// The bold text at the start of the line, while it is open.
    bold: Option<String>,
    /// A bold start of line, closed, whose colon may still come.
    bold_done: Option<String>,
    skipped: bool,
    depth: usize,
    paragraph: usize,
    /// Where the last block ended.
    end_of_last: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            blocks: Vec::new(),
            line: None,
            heading: None,
            fence: None,
            table: None,
            cell: None,
            bold: None,
            bold_done: None,
            skipped: false,
            depth: 0,
            paragraph: 0,
            end_of_last: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.words(&text, range),
            Event::Code(code) => self.code(&code, range),
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
            Tag::Heading { level, .. } => {
                self.close_line();
                self.heading = Some(Heading {
                    level: rank(level),
                    title: String::new(),
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
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
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
            Tag::List(_) | Tag::Item => {
                self.close_line();
                self.depth += 1;
                self.paragraph += 1;
            }
            Tag::Paragraph => {
                self.close_line();
                self.paragraph += 1;
            }
            Tag::MetadataBlock(_) => self.skipped = true,
            Tag::Strong if self.line.is_none() && self.is_flowing() => {
                self.open_line(range);
                self.bold = Some(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                if let Some(mut heading) = self.heading.take() {
                    heading.title = heading.title.trim().to_owned();
                    self.blocks.push(Block::Heading(heading));
                }
            }
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
                if let (Some(row), Some(cell)) = (row, self.cell.take()) {
                    row.push(cell);
                }
            }
            TagEnd::List(_) | TagEnd::Item => {
                self.close_line();
                self.depth = self.depth.saturating_sub(1);
                self.paragraph += 1;
            }
            TagEnd::Paragraph => self.close_line(),
            TagEnd::MetadataBlock(_) => self.skipped = false,
            TagEnd::Strong => self.end_bold(),
            _ => {}
        }
    }

    fn end_bold(&mut self) {
        let Some(bold) = self.bold.take() else {
            return;
        };
        let trimmed = bold.trim();
        match trimmed.strip_suffix([':', '：']) {
            Some(name) => self.lead(name.trim().to_owned()),
            None => self.bold_done = Some(trimmed.to_owned()),
        }
    }

    fn lead(&mut self, name: String) {
        if let Some(line) = &mut self.line {
            line.lead = Some(name);
        }
    }

    fn is_apart(&self, start: usize) -> bool {
        let between = self.text.get(self.end_of_last..start).unwrap_or_default();
        between.matches('\n').count() > 1
    }

    fn is_flowing(&self) -> bool {
        self.heading.is_none() && self.fence.is_none() && self.table.is_none() && !self.skipped
    }

    fn open_line(&mut self, range: Range<usize>) {
        let apart = self.is_apart(range.start);
        let line_start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        self.line = Some(Line {
            apart,
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

    fn close_line(&mut self) {
        self.bold = None;
        self.settle_bold();
        if let Some(mut line) = self.line.take() {
            line.text = line.text.trim().to_owned();
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
        if let Some(rest) = text.trim_start().strip_prefix([':', '：'])
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
            line.words |= !is_separator(text);
            line.text.push_str(text);
            line.range.end = range.end;
        }
    }

    fn code(&mut self, code: &str, range: Range<usize>) {
        let quoted = format!("`{code}`");
        if let Some(heading) = &mut self.heading {
            heading.title.push_str(&quoted);
        } else if let Some(cell) = &mut self.cell {
            cell.text.push_str(&quoted);
        } else if let Some(bold) = &mut self.bold {
            bold.push_str(&quoted);
        } else if self.is_flowing() {
            self.settle_bold();
            if self.line.is_none() {
                self.open_line(range.clone());
            }
            if let Some(line) = &mut self.line {
                line.text.push_str(&quoted);
                line.range.end = range.end;
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

fn rank(level: HeadingLevel) -> u8 {
    level as u8
}
