//! `TODO_LIST.md`: which tasks there are, in which order, and what their boxes say.
//!
//! Every list in the field is written a little differently, and most boxes in them are no tasks: legends,
//! acceptance criteria, phases of a test-driven task. A line is a task's because an id stands at its start.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::ids;
use super::outline::Said;
use super::waits::{inline_needs, listed_needs};
use crate::plan::checklist::Kind;
use crate::plan::markdown::{Block, Document, Heading, Line, Mark};
use crate::plan::text::{Text, find_word, line_end, line_start};
use crate::plan::{ImportedStatus, tags};

/// What the list says of one task.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
    /// Where the id stands.
    pub(super) at: Range<usize>,
    /// Its boxes: several where the list says it several times.
    pub(super) marks: Vec<Mark>,
    /// The boxes below the heading that is its line: all of them together are its box.
    pub(super) below: Vec<Mark>,
    /// Whether it is a row that only holds others together.
    pub(super) is_container: bool,
    /// The ids that it says it depends on.
    pub(super) needs: Vec<(String, Range<usize>)>,
    /// The section that it stands in.
    pub(super) section: usize,
    /// The line that it begins with, without its end.
    pub(super) line: Range<usize>,
    /// Its own lines.
    pub(super) block: Range<usize>,
    /// Whether its line names the file of the task.
    pub(super) names_file: bool,
    /// How often the list has it.
    pub(super) times: usize,
    /// Whether its line is struck out.
    is_struck: bool,
    /// Whether it was found below a heading of notes and the like only.
    is_noted: bool,
}

/// The list.
#[derive(Debug, Default)]
pub(super) struct Todo {
    pub(super) title: Option<String>,
    pub(super) entries: Vec<Entry>,
    /// The headings of the sections, in order.
    pub(super) sections: Vec<String>,
    /// The boxes beside tasks that name none.
    pub(super) unnamed: Vec<Range<usize>>,
}

impl Entry {
    fn new(id: &str, title: &str, at: Range<usize>, block: Range<usize>) -> Self {
        Self {
            id: id.to_owned(),
            title: without_signs(title).to_owned(),
            at,
            marks: Vec::new(),
            below: Vec::new(),
            is_container: false,
            needs: Vec::new(),
            section: 0,
            line: block.clone(),
            block,
            names_file: false,
            times: 1,
            is_struck: false,
            is_noted: false,
        }
    }

    /// Whether the list has a box for it.
    pub(super) fn has_box(&self) -> bool {
        !self.marks.is_empty() || !self.below.is_empty()
    }

    /// Whether its lines say different things.
    pub(super) fn disagrees(&self) -> bool {
        let is_done = |mark: &Mark| matches!(meant(&mark.sign), Said::Known(_));
        self.times > 1 && self.marks.iter().any(is_done) && !self.marks.iter().all(is_done)
    }

    /// What the boxes say together: of its lines any that is ticked wins, of what stands below it all must be.
    pub(super) fn said(&self) -> Option<Said> {
        let said = self.marks.iter().map(|mark| meant(&mark.sign));
        let below = self.below.iter().map(|mark| meant(&mark.sign));
        let below = below.max_by_key(|said| *said != Said::Known(ImportedStatus::Done));
        let said = said.chain(below).min_by_key(|said| match said {
            Said::Known(ImportedStatus::Done) => 0,
            Said::Known(_) => 1,
            Said::Open => 2,
            Said::Unknown(_) => 3,
        });
        match said {
            Some(Said::Open) if self.is_struck => Some(Said::Known(ImportedStatus::Skipped)),
            said => said,
        }
    }
}

/// What the sign in a box means.
pub(super) fn meant(sign: &str) -> Said {
    match sign.trim_end_matches('\u{fe0f}') {
        "x" | "X" | "✅" | "✓" | "✔" | "☑" => Said::Known(ImportedStatus::Done),
        "~" | "/" | ">" | "🔄" | "⏳" | "🚧" => Said::Known(ImportedStatus::InProgress),
        "⏭" => Said::Known(ImportedStatus::Skipped),
        "" | "!" | "⬜" | "☐" | "❌" | "✗" | "⛔" => Said::Open,
        other => Said::Unknown(other.to_owned()),
    }
}

/// Reads the list; `is_known` are the ids that the tasks' own files have.
pub(super) fn read(document: &Document, text: &Text<'_>, is_known: &dyn Fn(&str) -> bool) -> Todo {
    let mut list = List {
        text,
        is_known,
        todo: Todo {
            entries: Vec::with_capacity(document.blocks.len()),
            ..Todo::default()
        },
        by_key: HashMap::new(),
        is_apart: false,
        noted: None,
        headed: None,
        current: None,
        level: None,
    };
    for block in &document.blocks {
        match block {
            Block::Heading(heading) => list.heading(heading),
            Block::Line(line) => list.line(line),
            _ => {}
        }
    }
    list.end(text.text.len());
    let Todo {
        title,
        entries,
        sections,
        unnamed,
    } = list.todo;
    // A heading with an id is a task only where it has a box, or a file.
    let entries = entries.into_iter();
    let entries =
        entries.filter(|entry| entry.has_box() || entry.is_container || is_known(&entry.id));
    Todo {
        entries: entries.collect(),
        title,
        sections,
        unnamed,
    }
}

struct List<'l> {
    text: &'l Text<'l>,
    is_known: &'l dyn Fn(&str) -> bool,
    todo: Todo,
    by_key: HashMap<String, usize>,
    /// Whether the section holds no tasks.
    is_apart: bool,
    /// The level of the heading of notes and the like that this stands below: what is said there of a task of the list
    /// is not its line.
    noted: Option<u8>,
    /// The task that the heading above names, while no line below does.
    headed: Option<usize>,
    /// The task whose lines are being read, and how deep it stands.
    current: Option<(usize, usize)>,
    /// How deep the tasks of the section stand.
    level: Option<usize>,
}

impl List<'_> {
    fn heading(&mut self, heading: &Heading) {
        self.end(heading.range.start);
        (self.headed, self.level) = (None, None);
        if heading.level == 1 && self.todo.title.is_none() {
            self.todo.title = Some(title_of(&heading.title));
            return;
        }
        self.is_apart = is_apart(&heading.title);
        self.noted = self.noted.filter(|level| heading.level > *level);
        if self.noted.is_none() && is_aside(&heading.title) {
            self.noted = Some(heading.level);
        }
        self.todo.sections.push(heading.title.clone());
        if self.is_apart {
            return;
        }
        let leading = ids::leading(&heading.title, self.is_known);
        if let Some((id, rest)) = leading.filter(|(id, _)| !self.is_only_noted(id)) {
            let line = self.line_of(heading.range.start);
            let at = self.place(id, &heading.range, &line);
            let index = self.entry(id, rest, at, heading.range.clone());
            self.headed = Some(index);
            self.current = Some((index, 0));
        }
    }

    fn line(&mut self, line: &Line) {
        let whole = match &line.lead {
            Some(lead) => Cow::Owned([lead, ": ", &line.text].concat()),
            None => Cow::Borrowed(line.text.as_str()),
        };
        let struck = tags::unstruck(&whole);
        let said = struck.as_deref().unwrap_or(&whole);
        let is_container = line.mark.is_none() && line.text.starts_with(['▸', '▶', '►']);
        if !self.is_apart
            && (line.mark.is_some() || is_container)
            && let Some((id, rest)) = ids::leading(said, self.is_known)
        {
            let struck_title = tags::unstruck(rest);
            let rest = struck_title.as_deref().unwrap_or(rest);
            let range = self.line_of(line.range.start);
            self.end(range.start);
            self.headed = None;
            if self.is_only_noted(id) {
                return;
            }
            let at = self.place(id, &line.range, &range);
            let raw = &self.text.text[range.clone()];
            let names_file = raw.contains(".task/");
            let index = self.entry(id, without_links(rest, raw), at, range);
            let needs = inline_needs(rest);
            let entry = &mut self.todo.entries[index];
            entry.marks.extend(line.mark.clone());
            entry.is_struck = struck.is_some() || struck_title.is_some();
            entry.is_container |= is_container;
            entry.names_file |= names_file;
            entry
                .needs
                .extend(needs.into_iter().map(|id| (id, line.range.clone())));
            self.current = Some((index, line.depth));
            self.level = self.noted.is_none().then_some(line.depth);
            return;
        }
        let is_beside = self.level.is_some_and(|level| line.depth <= level);
        self.todo.unnamed.extend(
            line.mark
                .iter()
                .filter(|_| is_beside)
                .map(|mark| mark.range.clone()),
        );
        if let (Some(index), Some(mark)) = (self.headed, &line.mark)
            && !self.is_apart
        {
            self.todo.entries[index].below.push(mark.clone());
        }
        let Some((index, depth)) = self.current else {
            return;
        };
        if line.depth <= depth && self.headed.is_none() {
            self.end(line_start(self.text.text, line.range.start));
            return;
        }
        let entry = &mut self.todo.entries[index];
        entry.needs.extend(
            listed_needs(&whole)
                .into_iter()
                .map(|id| (id, line.range.clone())),
        );
    }

    /// Whether what is said here of a task is a note, and its line stands elsewhere.
    fn is_only_noted(&self, id: &str) -> bool {
        self.noted.is_some() && self.by_key.contains_key(&ids::key(id))
    }

    /// The entry of this id, made when it is not there; the first line of it gives its place.
    fn entry(&mut self, id: &str, title: &str, at: Range<usize>, block: Range<usize>) -> usize {
        let key = ids::key(id);
        if let Some(&index) = self.by_key.get(&key) {
            let entry = &mut self.todo.entries[index];
            if entry.is_noted && self.noted.is_none() {
                // Here is its line, and what was noted before is none.
                *entry = Entry::new(id, title, at, block);
                entry.section = self.todo.sections.len();
                return index;
            }
            entry.times += 1;
            if entry.title.is_empty() {
                entry.title = title.to_owned();
            }
            return index;
        }
        let index = self.todo.entries.len();
        self.by_key.insert(key, index);
        self.todo.entries.push(Entry {
            section: self.todo.sections.len(),
            is_noted: self.noted.is_some(),
            ..Entry::new(id, title, at, block)
        });
        index
    }

    /// The current task's lines are over.
    fn end(&mut self, at: usize) {
        if let Some((index, _)) = self.current.take() {
            let entry = &mut self.todo.entries[index];
            let end = at.max(entry.block.end);
            let lines = self.text.text[entry.block.start..end].trim_end();
            // A second line about it, further down, adds nothing to the block.
            if entry.times == 1 {
                entry.block.end = entry.block.start + lines.len();
            }
        }
    }

    /// Where an id stands in the line of what names it.
    fn place(&self, id: &str, within: &Range<usize>, line: &Range<usize>) -> Range<usize> {
        let found = find_word(&self.text.text[line.clone()], id);
        let start = found.map_or(within.start, |at| line.start + at);
        start..start + id.len()
    }

    /// The whole line that holds this byte, without its end.
    fn line_of(&self, at: usize) -> Range<usize> {
        let start = line_start(self.text.text, at);
        let line = &self.text.text[start..line_end(self.text.text, at)];
        start..start + line.trim_end().len()
    }
}

/// `Add auth` of `Tasks: Add auth`.
fn title_of(heading: &str) -> String {
    let named = heading.split_once([':', '：']).filter(|(lead, rest)| {
        let lead = lead.trim().to_lowercase();
        let is_lead = ["task", "todo", "任务", "待办"]
            .iter()
            .any(|word| lead.contains(word));
        is_lead && !rest.trim().is_empty()
    });
    named.map_or(heading, |(_, rest)| rest).trim().to_owned()
}

/// Whether a section's boxes are no tasks.
fn is_apart(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let begins = lower.trim_start_matches(|c: char| !c.is_alphabetic());
    [
        "legend",
        "criteria",
        "prerequisite",
        "图例",
        "验收",
        "成功标准",
        "完成标准",
        "前置条件",
    ]
    .iter()
    .any(|word| lower.contains(word))
        || begins.starts_with("acceptance")
}

/// Whether a section is about the tasks rather than a list of them.
fn is_aside(heading: &str) -> bool {
    const BEGIN: [&str; 22] = [
        "note",
        "remark",
        "comment",
        "blocker",
        "blocked",
        "change log",
        "changelog",
        "history",
        "log",
        "execution log",
        "summary",
        "discussion",
        "question",
        "known issue",
        "issue",
        "reminder",
        "idea",
        "follow-up",
        "follow up",
        "笔记",
        "注意",
        "总结",
    ];
    let lower = heading.to_lowercase();
    let begins = lower.trim_start_matches(|c: char| !c.is_alphabetic());
    Kind::of(heading) != Kind::Work || BEGIN.iter().any(|word| begins.starts_with(word))
}

/// A title without the links that follow it: `Add it → 📋 | ✅`.
fn without_links<'t>(title: &'t str, raw: &str) -> &'t str {
    let mut title = title.trim_end();
    if !raw.contains("](") {
        return title;
    }
    let mut links: Vec<&str> = Vec::new();
    let mut rest = raw;
    while let Some(end) = rest.find("](") {
        if let Some(start) = rest[..end].rfind('[') {
            links.push(rest[start + 1..end].trim());
        }
        rest = &rest[end + 2..];
    }
    while let Some(link) = links.pop() {
        let Some(before) = title.strip_suffix(link) else {
            break;
        };
        title = before
            .trim_end()
            .trim_end_matches(['|', '(', ','])
            .trim_end();
    }
    for arrow in ["→", "->", "=>", "—", "–", "-", "|"] {
        title = title.strip_suffix(arrow).unwrap_or(title).trim_end();
    }
    title
}

/// A title without the signs that say how far it is, who does it, and what it depends on.
fn without_signs(title: &str) -> &str {
    let mut title = title.trim();
    if title.ends_with([')', '）'])
        && let Some(at) = title.rfind(['(', '（'])
        && !inline_needs(&title[at..]).is_empty()
    {
        title = title[..at].trim_end();
    }
    loop {
        let shorter = title
            .trim_end_matches(['✅', '✓', '✔', '⏳', '🔄', '🚧', '❌', '\u{fe0f}', ' ', '~'])
            .trim_end();
        // Most titles name nobody.
        let words = shorter.contains('@').then(|| shorter.rsplit_once(' '));
        let shorter = match words.flatten() {
            Some((before, last)) if last.starts_with('@') && last.len() > 1 => before.trim_end(),
            _ => shorter,
        };
        if shorter.len() == title.len() {
            return title;
        }
        title = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::{without_links, without_signs};

    #[test]
    fn a_title_is_what_stands_before_the_links() {
        let raw =
            "- [x] **A-1**: Map a → b → [📋](./.task/A-1.json) | [✅](./.summaries/A-1-summary.md)";
        assert_eq!(without_links("Map a → b → 📋 | ✅", raw), "Map a → b");
        assert_eq!(
            without_links("Map a → b", "- [ ] A-1: Map a → b"),
            "Map a → b"
        );
        let raw = "- [ ] A-1: Do it -> [task](./.task/A-1.json)";
        assert_eq!(without_links("Do it -> task", raw), "Do it");
        assert_eq!(without_signs("Do it ✅ @code-developer"), "Do it");
    }
}
