//! The fields of a phase, whichever way its author writes them: bold leads, several on a line, rows of a property
//! table, headings of their own. And what the lists below them say.

use std::borrow::Cow;
use std::ops::Range;

use crate::plan::fields;
use crate::plan::markdown::{Block, Fence, Line, Span, lines};
use crate::plan::text::is_same;

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Owner,
    Dependencies,
    Parallel,
    Acceptance,
    BlastRadius,
    Skills,
    Status,
    Type,
    /// Files that it makes.
    Creates,
    /// Files that it changes.
    Modifies,
    /// Files of which it is not said which of both.
    Files,
    /// What comes of it, in words among which files may be.
    Deliverables,
    /// What is left to the body, but ends the fields before it where it is a heading.
    Other,
}

/// The names that the three generations of these plans have for each.
const NAMES: [(&str, Topic); 47] = [
    ("principal owner", Topic::Owner),
    ("owner", Topic::Owner),
    ("subagent", Topic::Owner),
    ("sub-agent", Topic::Owner),
    ("agent", Topic::Owner),
    ("phase owner", Topic::Owner),
    ("assignee", Topic::Owner),
    ("dependencies", Topic::Dependencies),
    ("depends on", Topic::Dependencies),
    ("deps", Topic::Dependencies),
    ("dependency", Topic::Dependencies),
    ("parallelizable", Topic::Parallel),
    ("parallel", Topic::Parallel),
    ("parallelisable", Topic::Parallel),
    ("acceptance criteria", Topic::Acceptance),
    ("acceptance", Topic::Acceptance),
    ("pass when", Topic::Acceptance),
    ("success criteria", Topic::Acceptance),
    ("blast radius", Topic::BlastRadius),
    ("skills", Topic::Skills),
    ("required skills", Topic::Skills),
    ("status", Topic::Status),
    ("phase type", Topic::Type),
    ("type", Topic::Type),
    ("files to create", Topic::Creates),
    ("new files", Topic::Creates),
    ("create", Topic::Creates),
    ("files to modify", Topic::Modifies),
    ("files to change", Topic::Modifies),
    ("files to update", Topic::Modifies),
    ("files to create/modify", Topic::Files),
    ("files to create or modify", Topic::Files),
    ("files to modify/create", Topic::Files),
    ("files affected", Topic::Files),
    ("affected files", Topic::Files),
    ("files", Topic::Files),
    ("file", Topic::Files),
    ("goal", Topic::Other),
    ("objective", Topic::Other),
    ("deliverables", Topic::Deliverables),
    ("deliver", Topic::Deliverables),
    ("technical details", Topic::Other),
    ("implementation notes", Topic::Other),
    ("if failed", Topic::Other),
    ("complexity", Topic::Other),
    ("suggested skills", Topic::Other),
    ("notes", Topic::Other),
];

impl Topic {
    /// What a field of this name is about, whatever its case; nothing where no such field is known.
    fn of(name: &str) -> Option<Self> {
        let mut known = NAMES.iter();
        let found = known.find(|(known, _)| is_same(name, known));
        found.map(|(_, topic)| *topic)
    }

    /// Whether only phases have such fields.
    fn is_of_phases(self) -> bool {
        matches!(
            self,
            Self::Owner | Self::Dependencies | Self::BlastRadius | Self::Parallel
        )
    }
}

/// One field of a phase.
#[derive(Debug)]
pub(super) struct Part<'d> {
    /// As it is written, but for signs around it.
    pub(super) name: &'d str,
    topic: Option<Topic>,
    /// What stands on its own line, with backticks.
    pub(super) text: Cow<'d, str>,
    pub(super) place: Range<usize>,
    /// The lines below that belong to it.
    pub(super) below: Vec<&'d Line>,
    /// Whether the first of them goes on with its sentence.
    pub(super) goes_on: bool,
    pub(super) fences: Vec<&'d Fence>,
    /// Where the blocks after its first line begin, in its section.
    pub(super) next: usize,
}

impl<'d> Part<'d> {
    /// A field below which nothing stands.
    pub(super) fn new(name: &'d str, text: &'d str, place: Range<usize>, next: usize) -> Self {
        let name = bare(name);
        Self {
            name,
            topic: Topic::of(name),
            text: text.trim().into(),
            place,
            below: Vec::new(),
            goes_on: false,
            fences: Vec::new(),
            next,
        }
    }

    pub(super) fn is(&self, topic: Topic) -> bool {
        self.topic == Some(topic)
    }
}

/// The first field about this.
pub(super) fn first<'p, 'd>(parts: &'p [Part<'d>], topic: Topic) -> Option<&'p Part<'d>> {
    parts.iter().find(|part| part.is(topic))
}

/// Whether a section has fields that only phases have.
pub(super) fn are_a_phase(section: &[Block]) -> bool {
    let is_one = |topic: Option<Topic>| topic.is_some_and(Topic::is_of_phases);
    // Most say it at the start of a line, where it is seen without reading all of them.
    let mut leads = lines(section).filter_map(|line| line.lead.as_deref());
    leads.any(|lead| is_one(Topic::of(bare(lead))))
        || parts(section).iter().any(|part| is_one(part.topic))
}

/// Whether a section has so many fields of phases that it can be nothing else.
pub(super) fn are_surely_a_phase(section: &[Block]) -> bool {
    let parts = parts(section);
    let has = |topic: &Topic| first(&parts, *topic).is_some();
    let topics = [
        Topic::Owner,
        Topic::Dependencies,
        Topic::BlastRadius,
        Topic::Parallel,
        Topic::Acceptance,
    ];
    topics.iter().filter(|topic| has(topic)).count() >= 2
}

/// All fields of a section, in order.
pub(super) fn parts(section: &[Block]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (at, block) in section.iter().enumerate() {
        match block {
            Block::Line(line) => {
                if let Some(lead) = &line.lead {
                    let field = fields::value(line, &section[at + 1..]);
                    on_a_line(lead, line, field, at + 1, &mut parts);
                }
            }
            Block::Heading(heading) => {
                let part = Part::new(&heading.title, "", heading.range.clone(), at + 1);
                if part.topic.is_some() {
                    parts.push(under_heading(part, section));
                }
            }
            Block::Table(table) => {
                let is_property = |row: &Vec<Span>| {
                    let names = ["property", "field", "attribute"];
                    row.first().is_some_and(|cell| {
                        names.iter().any(|name| is_same(bare(&cell.text), name))
                    })
                };
                if !table.rows.first().is_some_and(is_property) {
                    continue;
                }
                for row in &table.rows[1..] {
                    if let [name, value, ..] = &row[..] {
                        let place = value.range.clone();
                        parts.push(Part::new(&name.text, &value.text, place, at + 1));
                    }
                }
            }
            Block::Fence(_) | Block::Rule => {}
        }
    }
    parts
}

/// The fields of one line: `**Deps:** Phase 1 | **Parallel:** No`. What stands below belongs to the last.
fn on_a_line<'d>(
    lead: &'d str,
    line: &'d Line,
    field: fields::Field<'d>,
    next: usize,
    parts: &mut Vec<Part<'d>>,
) {
    let part = |name: &'d str, text: &'d str| Part::new(name, text, line.range.clone(), next);
    let mut pieces = split(&line.text);
    let mut last = part(lead, pieces.next().unwrap_or_default());
    for piece in pieces {
        let named = piece
            .split_once([':', '：'])
            .filter(|(name, _)| Topic::of(bare(name)).is_some());
        match named {
            Some((name, value)) => parts.push(std::mem::replace(&mut last, part(name, value))),
            None => {
                let text = last.text.to_mut();
                text.push_str(" | ");
                text.push_str(piece.trim());
            }
        }
    }
    let next = field.below.first();
    last.goes_on = next.is_some_and(|next| next.paragraph == line.paragraph);
    last.below = field.below;
    last.fences = field.fences;
    parts.push(last);
}

/// The pieces of a line between its bars; a bar in code is none.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut in_code = false;
        let is_bar = |at: &usize| {
            let is_tick = text.as_bytes()[*at] == b'`';
            in_code ^= is_tick;
            !is_tick && !in_code
        };
        let bar = memchr::memchr2_iter(b'|', b'`', text.as_bytes()).find(is_bar);
        rest = bar.map(|at| &text[at + 1..]);
        Some(&text[..bar.unwrap_or(text.len())])
    })
}

/// A field that is a heading, with what stands below it up to the next.
fn under_heading<'d>(mut part: Part<'d>, section: &'d [Block]) -> Part<'d> {
    let own = section[part.next..]
        .iter()
        .take_while(|block| !matches!(block, Block::Heading(_) | Block::Rule));
    for block in own {
        match block {
            Block::Line(line) => part.below.push(line),
            Block::Fence(fence) => part.fences.push(fence),
            _ => {}
        }
    }
    part
}

/// A name without the signs around it.
fn bare(name: &str) -> &str {
    name.trim_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '`')
}

/// The items of a list: each line of the list with what is written below it, deeper lists as its continuation.
pub(super) fn items(part: &Part<'_>) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    if !part.text.is_empty() {
        items.push(part.text.to_string());
        open = Some((usize::MAX, 0));
    }
    for line in &part.below {
        let text = whole(line);
        if text.is_empty() {
            continue;
        }
        let follows = match open {
            // A box is always one of its own.
            _ if line.mark.is_some() => false,
            Some((_, paragraph)) if paragraph == line.paragraph => true,
            Some((depth, _)) => line.depth > depth,
            None => false,
        };
        match items.last_mut() {
            Some(item) if follows => {
                let is_same = open.is_some_and(|(_, paragraph)| paragraph == line.paragraph);
                let is_first = item.ends_with([':', '：']);
                item.push_str(if is_same || is_first { " " } else { "; " });
                item.push_str(&text);
                // What continues this line continues the item.
                open = open.map(|(depth, _)| (depth, line.paragraph));
            }
            _ => {
                open = Some((line.depth, line.paragraph));
                items.push(text.into_owned());
            }
        }
    }
    items
}

/// A line with its bold lead.
pub(super) fn whole(line: &Line) -> Cow<'_, str> {
    match &line.lead {
        Some(lead) if line.text.is_empty() => [lead, ":"].concat().into(),
        Some(lead) => [lead, ": ", &line.text].concat().into(),
        None => line.text.as_str().into(),
    }
}

/// The code spans of a text with backticks, also empty ones.
pub(super) fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).map(str::trim)
}

/// A text without its code spans.
pub(super) fn around_codes(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

/// A value without its backticks.
pub(super) fn plain(text: &str) -> String {
    match text.contains('`') {
        true => text.replace('`', "").trim().to_owned(),
        false => text.trim().to_owned(),
    }
}
