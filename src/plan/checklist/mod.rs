//! Checklists: Markdown whose boxes are tasks, as several formats have them.
//!
//! Reads a document as sections and boxes with their ids, nesting and text, and turns a box into a task. Which boxes
//! are tasks, and what their order means, is for the formats to say.

mod list;
pub(super) mod marks;
pub(super) mod needs;
pub(super) mod order;
pub(super) mod outline;
mod paths;
pub(super) mod stated;
pub(super) mod words;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::dialect::Fit;
use super::fields;
use super::markdown::{Block, Document, Heading, Line, Mark, lines};
use super::text::Text;
use super::{Fault, Task, TaskId, is_named, source};
use words::Words;

/// A box and its line.
#[derive(Debug)]
pub(super) struct Item<'d> {
    pub(super) mark: &'d Mark,
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
    pub(super) items: Vec<Item<'d>>,
    pub(super) sections: Vec<Section<'d>>,
}

impl<'d> Checklist<'d> {
    pub(super) fn of(document: &'d Document, text: &Text<'_>) -> Self {
        let mut sections = vec![Section {
            headings: Vec::new(),
        }];
        let mut items: Vec<Item<'d>> = Vec::new();
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
                    let said = whole(line);
                    let words = Words::of(&said);
                    items.push(Item {
                        mark,
                        at: place(text.text, mark, words.id.as_deref()),
                        words,
                        column,
                        block,
                        section: sections.len() - 1,
                        is_nested: !open.is_empty(),
                        is_criterion: words::is_criterion(&said),
                    });
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

    /// The line of a box.
    pub(super) fn line(&self, item: &Item<'_>) -> &'d Line {
        match &self.document.blocks[item.block] {
            Block::Line(line) => line,
            _ => unreachable!("a box stands on a line"),
        }
    }

    /// What kind of section a box stands in.
    pub(super) fn kind(&self, item: &Item<'_>) -> Kind {
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
        let taken: HashSet<&str> = written.collect();
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
                Some(id) => TaskId::new(id),
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
        item: &Item<'_>,
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

    /// The task that a box stands for, but for its order.
    pub(super) fn task(&self, item: &Item<'_>, id: TaskId, own: &[Block], text: &Text<'_>) -> Task {
        let start = line_start(text.text, item.mark.range.start);
        let body = text.text[start..end(own, text)].trim().to_owned();
        Task {
            id,
            title: item.words.title.clone(),
            body,
            files: paths::named(own, text),
            run: fields::script(own),
            imported: marks::imported(&item.mark.sign),
            optional: item.mark.starred,
            ..Task::at(text.location(item.at))
        }
    }
}

/// What a heading says of the boxes below it, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// They are tasks.
    Work,
    /// They are tasks if they have an id: prerequisites, notes, questions.
    Aside,
    /// They are criteria that the result is measured by.
    Criteria,
}

impl Kind {
    fn of(title: &str) -> Self {
        const CRITERIA: [&str; 18] = [
            "success criteria",
            "acceptance",
            "definition of done",
            "done when",
            "exit criteria",
            "quality gate",
            "completion criteria",
            "验收",
            "成功标准",
            "完成标准",
            "驗收",
            "成功標準",
            "受け入れ",
            "完了条件",
            "成功基準",
            "critérios de",
            "criterios de",
            "critères",
        ];
        const ASIDE: [&str; 16] = [
            "prerequisite",
            "dependencies",
            "legend",
            "notes",
            "open questions",
            "risks",
            "out of scope",
            "non-goals",
            "format",
            "references",
            "前提",
            "备注",
            "說明",
            "说明",
            "図例",
            "依存関係",
        ];
        let title = title.to_lowercase();
        let says = |sayings: &[&str]| sayings.iter().any(|saying| title.contains(saying));
        match () {
            () if says(&CRITERIA) => Kind::Criteria,
            () if says(&ASIDE) => Kind::Aside,
            () => Kind::Work,
        }
    }
}

/// The line as it reads, its bold start included.
pub(super) fn whole(line: &Line) -> String {
    match &line.lead {
        Some(lead) => format!("{lead}: {}", line.text),
        None => line.text.clone(),
    }
}

/// Where the id stands on the line of a box.
fn place(text: &str, mark: &Mark, id: Option<&str>) -> usize {
    let rest = &text[mark.range.end..];
    let line = rest.lines().next().unwrap_or_default();
    let start = line_start(text, mark.range.start);
    let bullet = start + text[start..].len() - text[start..].trim_start().len();
    let at = id.and_then(|id| line.find(id));
    at.map_or(bullet, |at| mark.range.end + at)
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or_else(
        || {
            if text.starts_with(super::text::BOM) {
                super::text::BOM.len_utf8().min(offset)
            } else {
                0
            }
        },
        |at| at + 1,
    )
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
    let rest = &text.text[last..];
    last + rest.find('\n').unwrap_or(rest.len())
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

/// The files called `tasks.md` that a format takes for its own, each a plan.
pub(super) fn plans(
    entries: &[PathBuf],
    fits: impl Fn(&Path, &Text<'_>) -> Option<Fit>,
) -> Vec<Vec<PathBuf>> {
    let named = entries.iter().filter(|path| is_named(path, "tasks.md"));
    let own = named.filter(|path| match source::read(path) {
        Ok(text) => fits(path, &Text::new(path, &text)).is_some(),
        // What cannot be read is told by whoever reads it, if it lies where the format keeps its plans.
        Err(_) => fits(path, &Text::new(path, "")).is_some(),
    });
    own.map(|path| vec![path.clone()]).collect()
}

/// The names of the directories that a file lies in, the nearest first.
pub(super) fn directories(path: &Path) -> Vec<String> {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let names = full.ancestors().skip(1).filter_map(Path::file_name);
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The plan's title: its heading without the word that every such file begins with.
pub(super) fn title(
    document: &Document,
    path: &Path,
    prefixes: &[&str],
    suffixes: &[&str],
) -> String {
    let heading = document.title().map_or("", |heading| heading.title.trim());
    let mut title = heading;
    for prefix in prefixes {
        let start = title
            .get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix));
        if start.is_some() {
            title = title[prefix.len()..].trim_start_matches([':', '：', '-', '–', '—', ' ']);
            break;
        }
    }
    for suffix in suffixes {
        let cut = title.len().saturating_sub(suffix.len());
        if title
            .get(cut..)
            .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        {
            title = title[..cut].trim_end_matches([':', '-', '–', '—', ' ']);
            break;
        }
    }
    match title.is_empty() {
        true => directories(path)
            .into_iter()
            .next()
            .unwrap_or_else(|| "plan".to_owned()),
        false => title.to_owned(),
    }
}

/// A plan without tasks, and where it would begin.
pub(super) fn no_tasks(text: &Text<'_>, example: &str) -> Fault {
    text.error(text.start()..text.start(), "the plan has no tasks")
        .help(format!("a task is a line such as `{example}`"))
}

/// Boxes of which nothing says whether they are tasks, and the first of them.
pub(super) fn without_id(first: &Item<'_>, count: usize, text: &Text<'_>) -> Fault {
    let what = match count {
        1 => "a box without an id is no task here".to_owned(),
        count => format!("{count} boxes without an id are no tasks here"),
    };
    text.warning(first.mark.range.clone(), what)
        .help("the tasks of this plan have ids; give it one if it is to be done by itself")
}

/// Tasks that may run beside each other and say that they change the same file: told once.
pub(super) fn shared_files(tasks: &[Task], rows: &[Range<usize>], marker: &str) -> Option<Fault> {
    let mut found: Option<(Fault, usize)> = None;
    for row in rows.iter().filter(|row| row.len() > 1) {
        let mut first: HashMap<&str, &Task> = HashMap::new();
        for task in &tasks[row.clone()] {
            let shared = task
                .files
                .iter()
                .find_map(|file| Some((file, *first.get(file.as_str())?)));
            if let Some((file, other)) = shared {
                if let Some((_, count)) = &mut found {
                    *count += 1;
                } else {
                    let message = format!(
                        "tasks `{}` and `{}` are marked `{marker}`, and both change `{file}`",
                        other.id, task.id
                    );
                    let fault =
                        Fault::warning(message).at(task.location.clone(), task.id.as_str().len());
                    found = Some((fault, 1));
                }
            }
            for file in &task.files {
                first.entry(file).or_insert(task);
            }
        }
    }
    let (fault, count) = found?;
    let others = match count {
        1 => String::new(),
        count => format!("; so do {} more", count - 1),
    };
    Some(fault.help(format!(
        "run side by side, the later one may conflict, and is then tried again on the new base{others}"
    )))
}

/// The files that these blocks name.
pub(super) fn files(blocks: &[Block], text: &Text<'_>) -> Vec<String> {
    paths::named(blocks, text)
}

/// The text of these blocks, line by line.
pub(super) fn sentences(blocks: &[Block]) -> impl Iterator<Item = String> {
    lines(blocks).map(whole)
}
