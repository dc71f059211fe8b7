//! From the text of one spec to its tasks, in the order of the text, each with the layer it stands in.
//!
//! One pass over the blocks. What the layers mean for the order is decided in `layers`, what the words of a
//! dependency mean in `needs`; this knows which lines are tasks and what belongs to each.

use std::ops::Range;

use super::detail::{Detail, detail, paths_in};
use super::item::{self, DONE, Item, status_of};
use super::nearly;
use super::outline::{Kind, Layer, Outline, shuts, task_heading};
use crate::plan::fields::{self, fields};
use crate::plan::markdown::{Block, Document, Heading, Line, Mark, Span};
use crate::plan::text::{self, Text};
use crate::plan::{Check, Fault, ImportedStatus};

/// A task as it stands in the text.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    /// Whether the id is written there, and not made from its place.
    pub(super) has_id: bool,
    pub(super) title: String,
    pub(super) body: String,
    /// Where the id stands, or the title when the task has none.
    pub(super) at: usize,
    /// Its place among [`Drafts::layers`].
    pub(super) layer: usize,
    /// What the plan calls the tasks that it belongs to; empty when that is the layer, or nothing.
    pub(super) group: String,
    /// The number of a layer that the task itself names.
    pub(super) label: Option<u32>,
    pub(super) parallel: bool,
    pub(super) agent: Option<String>,
    pub(super) skills: Vec<String>,
    /// What it says that it depends on, and where.
    pub(super) needs: Vec<(String, Range<usize>)>,
    pub(super) files: Vec<Span>,
    pub(super) verify: Vec<Check>,
    pub(super) acceptance: Vec<String>,
    pub(super) run: Option<String>,
    pub(super) status: Option<ImportedStatus>,
    /// The box that says whether it is done.
    pub(super) mark: Option<Mark>,
    /// The boxes of a section that is a task.
    steps: Vec<Mark>,
    /// Where its text begins and ends. That of a box begins behind it, so that it is the same task once it is ticked.
    range: Range<usize>,
}

/// What stands in the text of a spec.
#[derive(Debug)]
pub(super) struct Drafts {
    pub(super) tasks: Vec<Draft>,
    pub(super) layers: Vec<Layer>,
    /// What a section on dependencies says.
    pub(super) sentences: Vec<(String, Range<usize>)>,
    /// Open boxes of the top level that are no tasks: gates and criteria.
    pub(super) open_boxes: usize,
    /// Whether a box says that work is under way, or a legend that one can.
    pub(super) has_progress_mark: bool,
    /// Whether a task is marked to run beside others.
    pub(super) knows_marks: bool,
}

struct Reader<'t> {
    text: &'t Text<'t>,
    outline: Outline,
    tasks: Vec<Draft>,
    /// The depth of the list that the last task stands in, while lines may still belong to it.
    open: Option<usize>,
    /// The level of the heading that the last task is, while blocks may still belong to it.
    heading: Option<u8>,
    /// The indentation of a bold start after which boxes are no tasks.
    shut: Option<usize>,
    /// The depth of the list that a box stands in which is struck out, while lines may still belong to it.
    struck: Option<usize>,
    gates: Vec<(Range<usize>, Vec<String>)>,
    /// Whether this is a section on dependencies, and what such sections say.
    on_needs: bool,
    sentences: Vec<(String, Range<usize>)>,
    open_boxes: usize,
    faults: Vec<Fault>,
}

/// The tasks of a text, and what in it cannot be meant.
pub(super) fn drafts(text: &Text<'_>, document: &Document, faults: &mut Vec<Fault>) -> Drafts {
    let mut reader = Reader {
        text,
        outline: Outline::new(),
        tasks: Vec::new(),
        open: None,
        heading: None,
        shut: None,
        struck: None,
        gates: Vec::new(),
        on_needs: false,
        sentences: Vec::new(),
        open_boxes: 0,
        faults: Vec::new(),
    };
    for (at, block) in document.blocks.iter().enumerate() {
        match block {
            Block::Heading(heading) => reader.heading(heading, &document.blocks[at + 1..]),
            Block::Line(line) => reader.line(line),
            Block::Fence(fence) => reader.other(fence.range.clone()),
            Block::Table(_) | Block::Rule => reader.open = None,
        }
    }
    reader.finish();
    nearly::give_way(&mut reader.tasks);
    faults.extend(
        reader
            .gates
            .iter()
            .filter_map(|gates| gate_warning(gates, text)),
    );
    faults.append(&mut reader.faults);
    Drafts {
        has_progress_mark: has_progress_mark(text, document),
        knows_marks: reader.tasks.iter().any(|task| task.parallel),
        tasks: reader.tasks,
        layers: reader.outline.layers,
        sentences: reader.sentences,
        open_boxes: reader.open_boxes,
    }
}

/// Whether the text says, in a box or a legend, that `[~]` is work under way.
fn has_progress_mark(text: &Text<'_>, document: &Document) -> bool {
    let is_one = |block: &Block| match block {
        Block::Line(line) => {
            line.mark.as_ref().is_some_and(|mark| mark.sign == "~") || line.text.contains("[~]")
        }
        Block::Heading(heading) => heading.title.contains("[~]"),
        Block::Fence(fence) => fence.text.contains("[~]"),
        Block::Table(table) => table
            .rows
            .iter()
            .flatten()
            .any(|cell| cell.text.contains("[~]")),
        Block::Rule => false,
    };
    text.text.contains("[~]") && document.blocks.iter().any(is_one)
}

impl Reader<'_> {
    fn heading(&mut self, heading: &Heading, rest: &[Block]) {
        self.open = None;
        self.shut = None;
        self.struck = None;
        if self.heading.is_some_and(|level| heading.level > level) {
            self.extend(heading.range.end);
            return;
        }
        self.heading = None;
        let is_nested = self.outline.shut().is_some();
        let kind = self.outline.enter(heading);
        let is_on_needs = heading.title.to_lowercase().starts_with("dependenc");
        self.on_needs = kind == Kind::Other && (is_on_needs || self.on_needs && is_nested);
        match kind {
            Kind::Task => self.task_heading(heading, rest),
            Kind::Gates => self.gates.push((heading.range.clone(), Vec::new())),
            Kind::Section | Kind::Other => {}
        }
    }

    /// A heading that is a task: what it says, and the fields of its section.
    fn task_heading(&mut self, heading: &Heading, rest: &[Block]) {
        let Some((id, said)) = task_heading(&heading.title) else {
            return;
        };
        let item = Item::read(said);
        let layer = self.outline.layer_of_task();
        self.outline.count();
        let level =
            |block: &Block| matches!(block, Block::Heading(next) if next.level <= heading.level);
        let section = &rest[..rest.iter().position(level).unwrap_or(rest.len())];
        let raw = &self.text.text[heading.range.clone()];
        let at = heading.range.start + raw.find(id).unwrap_or(0);
        let mut draft = Draft {
            id: id.to_owned(),
            has_id: true,
            at,
            layer,
            range: heading.range.clone(),
            status: item.signed.then_some(ImportedStatus::Done),
            run: fields::script(section),
            ..draft_of(item)
        };
        let checks = fields(section, "Verify");
        let checks = checks.flat_map(|field| fields::checks(&field));
        draft.verify.extend(checks);
        for field in ["Files", "File"] {
            let found = fields(section, field);
            let paths = found.flat_map(|field| fields::paths(&field));
            draft.files.extend(paths);
        }
        for line in section.iter().filter_map(|block| match block {
            Block::Line(line) => Some(line),
            _ => None,
        }) {
            // Checks and files were read as fields.
            match detail(line) {
                Some(Detail::Verify(_) | Detail::Files(_)) | None => {}
                Some(detail) => take_detail(&mut draft, detail, line, self.text, &mut self.faults),
            }
        }
        self.tasks.push(draft);
        self.heading = Some(heading.level);
    }

    fn line(&mut self, line: &Line) {
        if self.heading.is_some() {
            self.extend(line.range.end);
            if let (Some(mark), Some(task)) = (&line.mark, self.tasks.last_mut()) {
                task.steps.push(mark.clone());
            }
            return;
        }
        if self.struck.is_some_and(|depth| line.depth > depth) {
            return;
        }
        self.struck = None;
        if let Some(depth) = self.open {
            let is_next = line.depth == depth && self.begins_item(line);
            if line.depth >= depth && !is_next {
                self.belongs(line);
                return;
            }
            self.open = None;
        }
        if let Some(indent) = self.shut
            && line.mark.is_none()
            && line.indent <= indent
        {
            self.shut = None;
        }
        // What says something itself is no heading of what follows, and a task's id is said where it stands.
        let introduces = line.mark.is_none() && line.text.is_empty();
        if introduces && line.lead.as_deref().is_some_and(shuts) {
            self.shut = Some(line.indent);
        } else if line.mark.is_some() && starts_with_id(line) {
            self.shut = None;
        }
        if self.on_needs && line.mark.is_none() {
            self.sentences.push((item::words(line), line.range.clone()));
        }
        let is_shut = self.shut.is_some() || self.outline.shut().is_some();
        match &line.mark {
            Some(mark) if is_shut => self.no_task(line, mark),
            Some(mark) if item::is_struck_out(line) && status_of(mark) != DONE => self.strike(line),
            Some(mark) => self.task(line, Some(mark.clone())),
            None if !is_shut && self.is_bare_task(line) => self.task(line, None),
            None => {}
        }
    }

    /// A box that is a gate, a criterion or part of a legend.
    fn no_task(&mut self, line: &Line, mark: &Mark) {
        let words = item::words(line);
        let is_open = status_of(mark) != DONE && !item::is_struck_out(line);
        if is_open && line.depth <= 2 {
            self.open_boxes += 1;
        }
        let are_gates = self.outline.shut().is_some_and(|(_, gates)| gates);
        if let (true, Some((_, open))) = (are_gates && is_open, self.gates.last_mut())
            && !words.contains(['✅', '✔', '✓'])
        {
            open.push(words.split('\n').next().unwrap_or_default().to_owned());
        }
    }

    /// A box that somebody struck out is no task, but keeps its number: those behind it are called what they were.
    fn strike(&mut self, line: &Line) {
        self.outline.count();
        self.struck = Some(line.depth);
    }

    /// Whether a bullet without a box is a task all the same: it names a command, below a layer.
    fn is_bare_task(&self, line: &Line) -> bool {
        self.outline.layers[self.outline.section().layer].labelled
            && self.begins_item(line)
            && line.spans.iter().any(|span| span.text.starts_with('/'))
            && Item::read(&item::words(line)).command.is_some()
    }

    /// Whether a line begins a list item: a bullet or a number stands before it.
    fn begins_item(&self, line: &Line) -> bool {
        let start = line.range.start - line.indent.min(line.range.start);
        let before = self.text.text[start..line.range.start].trim();
        line.mark.is_some()
            || before.starts_with(['-', '*', '+'])
            || before.starts_with(|c: char| c.is_ascii_digit())
    }

    /// A line is a task.
    fn task(&mut self, line: &Line, mark: Option<Mark>) {
        let words = item::words(line);
        let item = Item::read(&words);
        let (ordinal, nth) = self.outline.count();
        if item.id.is_none() {
            self.faults
                .extend(nearly::id(&words, mark.as_ref(), self.text));
        }
        let status = mark.as_ref().and_then(|mark| self.status(mark, &item));
        let section = self.outline.section();
        let text = self.text.text;
        let line_start = line.range.start - line.indent.min(line.range.start);
        let after_box = match &mark {
            Some(mark) => mark.range.end + 1,
            None => line.range.start,
        };
        let start = after_box + leading_blanks(&text[after_box..]);
        let end = line_end(text, line.range.end.max(line_start));
        let own = &text[start..end];
        let at = start
            + item
                .id
                .as_ref()
                .and_then(|id| own.find(id.as_str()))
                .unwrap_or(0);
        let needs = item
            .needs
            .iter()
            .map(|said| (said.clone(), start..end))
            .collect();
        let mut draft = Draft {
            id: item
                .id
                .clone()
                .unwrap_or_else(|| format!("{ordinal}.{nth}")),
            has_id: item.id.is_some(),
            at,
            layer: section.layer,
            group: section.title.clone(),
            agent: item.agent.clone().or_else(|| section.owner.clone()),
            needs,
            files: paths_in(line),
            status,
            mark,
            range: start..end,
            ..draft_of(item)
        };
        if draft.title.is_empty() {
            let fault = self
                .text
                .error(start..end, format!("task `{}` has no title", draft.id));
            self.faults
                .push(fault.help("say behind the box what is to be done"));
            draft.title.clone_from(&draft.id);
        }
        self.tasks.push(draft);
        self.open = Some(line.depth);
    }

    fn status(&mut self, mark: &Mark, item: &Item) -> Option<ImportedStatus> {
        let status = status_of(mark).unwrap_or_else(|()| {
            let message = format!(
                "mark `[{}]` is not known, so its task counts as open",
                mark.sign
            );
            let help = "known are `[ ]`, `[~]` for work under way, and `[x]`";
            let fault = self.text.warning(mark.range.clone(), message);
            self.faults.push(fault.help(help));
            None
        });
        let status = status.or(item.is_left_out.then_some(ImportedStatus::Skipped));
        self.faults
            .extend(nearly::status(item, mark, status, self.text));
        status
    }

    /// A line belongs to the last task: its details.
    fn belongs(&mut self, line: &Line) {
        self.extend(line.range.end);
        let Some(task) = self.tasks.last_mut() else {
            return;
        };
        match detail(line) {
            Some(detail) => take_detail(task, detail, line, self.text, &mut self.faults),
            None => task.files.extend(paths_in(line)),
        }
    }

    /// A block other than a line: part of the last task when it is indented.
    fn other(&mut self, range: Range<usize>) {
        let line_start = text::line_start(self.text.text, range.start);
        if self.heading.is_some() || self.open.is_some() && range.start > line_start {
            self.extend(range.end);
        } else {
            self.open = None;
        }
    }

    fn extend(&mut self, end: usize) {
        if let Some(task) = self.tasks.last_mut() {
            task.range.end = task.range.end.max(line_end(self.text.text, end));
        }
    }

    /// Cuts the bodies out, and has tasks that are headings be as far as their boxes.
    fn finish(&mut self) {
        for task in &mut self.tasks {
            let is_ticked = |mark: &&Mark| status_of(mark) == DONE;
            let ticked = task.steps.iter().filter(is_ticked).count();
            if ticked > 0 {
                let is_done = ticked == task.steps.len();
                task.status = Some(match is_done {
                    true => ImportedStatus::Done,
                    false => ImportedStatus::InProgress,
                });
            }
            task.body = self.text.text[task.range.clone()].trim_end().to_owned();
        }
    }
}

/// What the words of a line say, without the rest.
fn draft_of(item: Item) -> Draft {
    Draft {
        title: item.title,
        label: item.layer,
        parallel: item.parallel,
        agent: item.agent,
        skills: item.command.into_iter().collect(),
        verify: item.verify.iter().map(|code| Check::shown(code)).collect(),
        ..Draft::default()
    }
}

fn take_detail(
    task: &mut Draft,
    detail: Detail,
    line: &Line,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) {
    match detail {
        Detail::Agent(agent) => task.agent = Some(agent),
        Detail::Needs(words) => task.needs.push((words, line.range.clone())),
        Detail::Files(files) => task.files.extend(files),
        Detail::Verify(checks) => task.verify.extend(checks),
        Detail::Acceptance(words) => task.acceptance.push(words),
        Detail::Command(command) => task.skills.push(command),
        Detail::Complexity(word) if item::is_difficulty(&word) => {}
        Detail::Complexity(word) => faults.push(
            text.warning(
                line.range.clone(),
                format!("complexity `{word}` is not known"),
            )
            .help("known are Junior, Mid, Senior and Expert; easy, medium and hard"),
        ),
    }
}

fn gate_warning((heading, open): &(Range<usize>, Vec<String>), text: &Text<'_>) -> Option<Fault> {
    let count = match open.len() {
        0 => return None,
        1 => "1 prerequisite is open".to_owned(),
        count => format!("{count} prerequisites are open"),
    };
    let message = format!("{count}: `{}`", open.join("`, `"));
    let fault = text.warning(heading.clone(), message);
    Some(fault.help("they are gates and no tasks: see to them, and tick them, before the run"))
}

/// Whether a line begins with an id such as `T001`; a number alone may count anything.
fn starts_with_id(line: &Line) -> bool {
    let words = item::words(line);
    let id = item::leading_id(words.trim_start_matches(['*', '`', ' ']));
    id.is_some_and(|(id, _)| id.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// The end of the line that holds this byte; there already where the line before it has just ended.
fn line_end(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    match text[..at].ends_with(['\n', '\r']) {
        true => at,
        false => text::line_end(text, at),
    }
}
