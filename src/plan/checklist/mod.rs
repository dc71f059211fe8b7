//! Checklists: Markdown whose boxes are tasks, as several formats have them.
//!
//! Reads a document as sections and boxes with their ids, nesting and text, and turns a box into a task. Which boxes
//! are tasks, and what their order means, is for the formats to say.

mod forbidding;
mod home;
mod kind;
mod list;
pub(super) mod marks;
pub(super) mod nearly;
pub(super) mod needs;
pub(super) mod order;
pub(super) mod outline;
mod pasted;
mod paths;
pub(super) mod stated;
mod telling;
pub(super) mod words;

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::fields;
use super::markdown::{Block, Document, Heading, Line, Mark, lines};
use super::outside::Outside;
use super::text::{Text, char_start, line_end, line_start};
use super::{Task, TaskId};
pub(super) use home::{directories, plans, title};
pub(super) use kind::Kind;
pub(in crate::plan) use telling::{no_tasks, waits, without_id};
use words::Words;

/// A box and its line.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) mark: Mark,
    /// Its line, or its part of one.
    said: String,
    pub(super) words: Words,
    /// Where the id stands; without one, where the line begins.
    pub(super) at: usize,
    /// How far right the bullet stands.
    pub(super) column: usize,
    /// Which block its line is.
    pub(super) block: usize,
    /// The section it stands in, by its place among them.
    pub(super) section: usize,
    /// Whether it stands inside another box.
    pub(super) is_nested: bool,
    /// Whether it has the id of a requirement or a criterion.
    pub(super) is_criterion: bool,
    /// The bytes of its line that are its own, where another box stands on it.
    part: Option<Range<usize>>,
}

impl Item {
    /// Whether it may be left out: `- [ ]* 1.2` or `- [ ] 1.2*`.
    pub(super) fn is_optional(&self) -> bool {
        self.mark.starred || self.words.is_starred
    }
}

/// What stands between two headings.
#[derive(Debug)]
pub(super) struct Section<'d> {
    /// Its heading and those above it, the highest first; none before the first heading.
    pub(super) headings: Vec<&'d Heading>,
}

/// A document as sections with boxes.
#[derive(Debug)]
pub(super) struct Checklist<'d> {
    pub(super) document: &'d Document,
    pub(super) items: Vec<Item>,
    pub(super) sections: Vec<Section<'d>>,
}

impl<'d> Checklist<'d> {
    pub(super) fn of(document: &'d Document, text: &Text<'_>) -> Self {
        let mut sections = vec![Section {
            headings: Vec::new(),
        }];
        let mut items: Vec<Item> = Vec::new();
        // The boxes that the next one may stand in, by how far right they stand.
        let mut open: Vec<usize> = Vec::new();
        for (block, found) in document.blocks.iter().enumerate() {
            match found {
                Block::Heading(heading) => {
                    let above = sections.last().map(|section| &section.headings);
                    let above = above.into_iter().flatten().copied();
                    let mut headings: Vec<&Heading> =
                        above.filter(|above| above.level < heading.level).collect();
                    headings.push(heading);
                    sections.push(Section { headings });
                    open.clear();
                }
                Block::Line(line) => {
                    let Some(mark) = &line.mark else { continue };
                    let column = column(text.text, line.range.start);
                    while open.last().is_some_and(|last| *last >= column) {
                        open.pop();
                    }
                    for found in pasted::split(line, mark, text.text) {
                        let words = Words::of(&found.said);
                        items.push(Item {
                            at: place(text.text, &found.mark, words.id.as_deref()),
                            words,
                            column,
                            block,
                            section: sections.len() - 1,
                            is_nested: !open.is_empty(),
                            is_criterion: words::is_criterion(&found.said),
                            mark: found.mark,
                            said: found.said,
                            part: found.part,
                        });
                    }
                    open.push(column);
                }
                _ => {}
            }
        }
        Self {
            document,
            items,
            sections,
        }
    }

    /// Whether any box has an id.
    pub(super) fn has_ids(&self) -> bool {
        self.items.iter().any(|item| item.words.id.is_some())
    }

    /// Takes words such as `TEST-US1-001` for ids, in sections of work and where other boxes have ids or each has one
    /// of these.
    pub(super) fn take_codes(&mut self, text: &Text<'_>) {
        let may_have = |item: &&Item| {
            item.words.id.is_none() && !item.is_criterion && self.kind(item) == Kind::Work
        };
        let unnamed = self.items.iter().enumerate();
        let unnamed = unnamed.filter(|(_, item)| may_have(item) && item.said.contains('-'));
        let named = unnamed.filter_map(|(at, item)| {
            let words = Words::with_codes(&item.said);
            words.id.is_some().then_some((at, words))
        });
        let named: Vec<(usize, Words)> = named.collect();
        let is_due = |item: &&Item| may_have(item) && !item.is_nested;
        if !self.has_ids() && self.items.iter().filter(is_due).count() > named.len() {
            return;
        }
        for (at, words) in named {
            let item = &mut self.items[at];
            item.at = place(text.text, &item.mark, words.id.as_deref());
            item.words = words;
        }
    }

    /// Takes bare numbers for ids (`1 Set it up`), where those of the boxes that stand in no other count up from 1.
    pub(super) fn take_bare_numbers(&mut self, text: &Text<'_>) {
        let outer = self.items.iter().enumerate();
        let outer = outer.filter(|(_, item)| !item.is_nested);
        let mut bare: Vec<(usize, Words)> = Vec::new();
        for (count, (at, item)) in (1..).zip(outer) {
            let said = item.said.trim_start();
            let title = said.trim_start_matches(|c: char| c.is_ascii_digit());
            let number = &said[..said.len() - title.len()];
            if number.parse() != Ok(count) {
                return;
            }
            if item.words.id.is_none() {
                if !title.starts_with(' ') {
                    return;
                }
                bare.push((at, Words::of(&format!("{number}. {title}"))));
            }
        }
        for (at, words) in bare {
            let item = &mut self.items[at];
            item.at = place(text.text, &item.mark, words.id.as_deref());
            item.words = words;
        }
    }

    /// Leaves out `- [P] T007 …` where that box stands elsewhere, and `- [P] …` without an id where others have one: a
    /// tag is no box.
    pub(super) fn leave_out_tags(&mut self) {
        let is_tag = |item: &Item| item.mark.sign.eq_ignore_ascii_case("p");
        if !self.items.iter().any(is_tag) {
            return;
        }
        let boxes = self.items.iter().filter(|item| !is_tag(item));
        let boxes: HashSet<String> = boxes.filter_map(|item| item.words.id.clone()).collect();
        let has_ids = self.has_ids();
        self.items.retain(|item| {
            let is_elsewhere = |id: &String| boxes.contains(id);
            !is_tag(item) || !item.words.id.as_ref().map_or(has_ids, is_elsewhere)
        });
    }

    /// The line of a box.
    pub(super) fn line(&self, item: &Item) -> &'d Line {
        match &self.document.blocks[item.block] {
            Block::Line(line) => line,
            _ => unreachable!("a box stands on a line"),
        }
    }

    /// What kind of section a box stands in.
    pub(super) fn kind(&self, item: &Item) -> Kind {
        let headings = self.sections[item.section].headings.iter();
        let below_title = headings.filter(|heading| heading.level > 1);
        below_title
            .map(|heading| Kind::of(&heading.title))
            .max()
            .unwrap_or(Kind::Work)
    }

    /// Ids for the tasks that have none: which of the sections with tasks it is, and which task of it.
    pub(super) fn name(&self, chosen: &[usize]) -> Vec<TaskId> {
        let written = chosen
            .iter()
            .filter_map(|at| self.items[*at].words.id.as_deref());
        // Nearly all plans have ids everywhere, or nowhere.
        let taken = LazyCell::new(|| written.collect::<HashSet<&str>>());
        let (mut section, mut ordinal, mut count) = (None, 0, 0);
        let mut ids = Vec::with_capacity(chosen.len());
        for item in chosen.iter().map(|at| &self.items[*at]) {
            if section != Some(item.section) {
                section = Some(item.section);
                ordinal += 1;
                count = 0;
            }
            count += 1;
            ids.push(match &item.words.id {
                Some(id) => TaskId::new(id.as_str()),
                None => {
                    while taken.contains(format!("{ordinal}.{count}").as_str()) {
                        count += 1;
                    }
                    TaskId::new(format!("{ordinal}.{count}"))
                }
            });
        }
        ids
    }

    /// The blocks that belong to a box: its line, and what stands further right or goes on with its paragraph, up to
    /// a block at which something else begins.
    pub(super) fn own(
        &self,
        item: &Item,
        text: &Text<'_>,
        ends: impl Fn(usize) -> bool,
    ) -> &'d [Block] {
        let first = self.line(item);
        let blocks = &self.document.blocks;
        let belongs = |block: &Block| match block {
            Block::Line(line) => {
                line.paragraph == first.paragraph && line.mark.is_none()
                    || column(text.text, line.range.start) > item.column
            }
            Block::Fence(fence) => column(text.text, fence.range.start) > item.column,
            Block::Table(table) => {
                let cell = table.rows.iter().flatten().next();
                cell.is_some_and(|cell| column(text.text, cell.range.start) > item.column)
            }
            Block::Heading(_) | Block::Rule => false,
        };
        let line_end = line_end(text.text, first.range.end);
        if item.part.as_ref().is_some_and(|part| part.end < line_end) {
            return &blocks[item.block..=item.block];
        }
        let rest = blocks.iter().enumerate().skip(item.block + 1);
        let mut end = item.block + 1;
        for (at, block) in rest {
            if ends(at) || !belongs(block) {
                break;
            }
            end = at + 1;
        }
        &blocks[item.block..end]
    }

    /// The text of a box, as [`sentences`] has it.
    pub(super) fn sentences<'c>(
        &self,
        item: &'c Item,
        own: &'c [Block],
    ) -> impl Iterator<Item = Cow<'c, str>> {
        let below = own.get(1..).unwrap_or_default();
        let said = Cow::Borrowed(item.said.as_str());
        joined(Some((said, self.line(item).paragraph)), below)
    }

    /// The task that a box stands for, but for its order.
    pub(super) fn task(
        &self,
        item: &Item,
        id: TaskId,
        own: &[Block],
        text: &Text<'_>,
        outside: &mut Outside,
    ) -> Task {
        let (start, end) = match &item.part {
            Some(part) if own.len() == 1 => (part.start, part.end),
            Some(part) => (part.start, end(own, text)),
            None => (line_start(text.text, item.mark.range.start), end(own, text)),
        };
        let body = text.text[start..end].trim().to_owned();
        Task {
            id,
            title: item.words.title.clone(),
            body,
            files: paths::named(own, text, start..end, outside),
            run: fields::script(own),
            imported: marks::imported(&item.mark.sign, &item.words),
            optional: item.is_optional(),
            ..Task::at(text.location(item.at))
        }
    }
}

/// The line as it reads, its bold start included.
pub(super) fn whole(line: &Line) -> Cow<'_, str> {
    match &line.lead {
        Some(lead) => Cow::Owned([lead, ": ", &line.text].concat()),
        None => Cow::Borrowed(&line.text),
    }
}

/// Where the id stands on the line of a box.
fn place(text: &str, mark: &Mark, id: Option<&str>) -> usize {
    let start = line_start(text, mark.range.start);
    let bullet = start + text[start..].len() - text[start..].trim_start().len();
    let line = &text[mark.range.end..line_end(text, mark.range.end)];
    // Nearly always that is what it begins with.
    let begun = line.trim_start_matches([' ', '*', '`', '[']);
    let at = id.and_then(|id| match begun.starts_with(id) {
        true => Some(line.len() - begun.len()),
        false => line.find(id),
    });
    at.map_or(bullet, |at| mark.range.end + at)
}

/// How far right the line that holds this byte begins; a tab is four columns, as Markdown has it.
fn column(text: &str, offset: usize) -> usize {
    let line = text[line_start(text, offset)..].bytes();
    let space = line.take_while(|byte| matches!(byte, b' ' | b'\t'));
    space.fold(0, |column, byte| match byte {
        b'\t' => column / 4 * 4 + 4,
        _ => column + 1,
    })
}

/// Where the last of these blocks ends: with its line.
pub(super) fn end(blocks: &[Block], text: &Text<'_>) -> usize {
    let end = |block: &Block| match block {
        Block::Line(line) => Some(line.range.end),
        Block::Fence(fence) => Some(fence.range.end),
        Block::Heading(heading) => Some(heading.range.end),
        Block::Table(table) => table
            .rows
            .iter()
            .flatten()
            .last()
            .map(|cell| cell.range.end),
        Block::Rule => None,
    };
    let last = blocks.iter().rev().find_map(end).unwrap_or_default();
    line_end(text.text, last)
}

/// The group that each section gives its tasks: the nearest heading, or the one above it where several are called the
/// same; none if all tasks stand in one section.
pub(super) fn groups(checklist: &Checklist<'_>, chosen: &[usize]) -> HashMap<usize, String> {
    let sections: HashSet<usize> = chosen
        .iter()
        .map(|at| checklist.items[*at].section)
        .collect();
    if sections.len() < 2 {
        return HashMap::new();
    }
    let headings = |section: usize| {
        let headings = checklist.sections[section].headings.iter().rev();
        headings.filter(|heading| heading.level > 1)
    };
    let nearest = sections
        .iter()
        .filter_map(|section| headings(*section).next());
    let mut times: HashMap<&str, usize> = HashMap::new();
    for heading in nearest {
        *times.entry(&heading.title).or_default() += 1;
    }
    let named = sections.iter().filter_map(|section| {
        let mut own = headings(*section);
        let is_unique = |heading: &&&Heading| {
            times
                .get(heading.title.as_str())
                .is_none_or(|times| *times == 1)
        };
        let heading = own.find(is_unique).or_else(|| headings(*section).next())?;
        Some((*section, without_number(&heading.title)))
    });
    named.collect()
}

/// `1. Metadata model` is called `Metadata model`.
fn without_number(title: &str) -> String {
    match words::id(title) {
        Some((_, rest)) if !rest.trim().is_empty() => rest.trim().to_owned(),
        _ => title.to_owned(),
    }
}

/// The files that these blocks name.
pub(super) fn files(blocks: &[Block], text: &Text<'_>, outside: &mut Outside) -> Vec<String> {
    paths::named(blocks, text, 0..text.text.len(), outside)
}

/// The text of these blocks, line by line, but for lines that plainly go on: in brackets, or behind a comma.
pub(super) fn sentences(blocks: &[Block]) -> impl Iterator<Item = Cow<'_, str>> {
    joined(None, blocks)
}

fn joined<'c>(
    first: Option<(Cow<'c, str>, usize)>,
    below: &'c [Block],
) -> impl Iterator<Item = Cow<'c, str>> {
    let mut lines = lines(below).peekable();
    let mut first = first;
    std::iter::from_fn(move || {
        let begun = first.take();
        let (mut said, paragraph) = begun.or_else(|| {
            let line = lines.next()?;
            Some((whole(line), line.paragraph))
        })?;
        let is_next =
            |line: &Line| line.paragraph == paragraph && line.lead.is_none() && line.mark.is_none();
        while let Some(more) = lines.next_if(|line| is_next(line) && goes_on(&said)) {
            let said = said.to_mut();
            said.push(' ');
            said.push_str(&more.text);
        }
        Some(said)
    })
}

/// Whether a line ends where nobody ends a sentence.
fn goes_on(said: &str) -> bool {
    // Bytes of a bracket that may be open.
    const NEAR: usize = 500;
    let said = said.trim_end();
    let near = &said[char_start(said, said.len().saturating_sub(NEAR))..];
    let last = |signs: [char; 3]| near.rfind(signs);
    let is_open = last(['(', '（', '[']) > last([')', '）', ']']);
    is_open || said.ends_with([',', '，', '、', '&', '+'])
}
