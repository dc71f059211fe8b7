//! The fields of a phase, whichever way its author writes them: bold leads, several on a line, rows of a property
//! table, headings of their own. And what the lists below them say.

use std::borrow::Cow;

use crate::plan::fields;
use crate::plan::markdown::{Block, Fence, Line, Span, lines};

/// Fields under all the names that the three generations of these plans have for them.
pub(super) const OWNER: &[&str] = &[
    "principal owner",
    "owner",
    "subagent",
    "sub-agent",
    "agent",
    "phase owner",
    "assignee",
];
pub(super) const DEPENDENCIES: &[&str] = &["dependencies", "depends on", "deps", "dependency"];
pub(super) const PARALLEL: &[&str] = &["parallelizable", "parallel", "parallelisable"];
pub(super) const ACCEPTANCE: &[&str] = &[
    "acceptance criteria",
    "acceptance",
    "pass when",
    "success criteria",
];
pub(super) const BLAST_RADIUS: &[&str] = &["blast radius"];
pub(super) const SKILLS: &[&str] = &["skills", "required skills"];
pub(super) const STATUS: &[&str] = &["status"];
pub(super) const TYPE: &[&str] = &["phase type", "type"];
pub(super) const CREATES: &[&str] = &["files to create", "new files", "create"];
pub(super) const FILES: &[&str] = &[
    "files to modify",
    "files to create/modify",
    "files to create or modify",
    "files to modify/create",
    "files to change",
    "files to update",
    "files affected",
    "affected files",
    "files",
    "file",
];
/// Those of [`FILES`] that say of each file that it changes.
pub(super) const MODIFIES: &[&str] = &["files to modify", "files to change", "files to update"];
/// Fields that are left to the body, but end the ones before them where they are headings.
const OTHERS: &[&str] = &[
    "goal",
    "objective",
    "deliverables",
    "deliver",
    "technical details",
    "implementation notes",
    "if failed",
    "complexity",
    "suggested skills",
    "notes",
];

/// One field of a phase.
#[derive(Debug)]
pub(super) struct Part<'d> {
    /// As it is written, but for signs around it.
    pub(super) name: &'d str,
    /// What stands on its own line, with backticks.
    pub(super) text: Cow<'d, str>,
    pub(super) place: std::ops::Range<usize>,
    /// The lines below that belong to it.
    pub(super) below: Vec<&'d Line>,
    pub(super) fences: Vec<&'d Fence>,
    /// Where the blocks after its first line begin, in its section.
    pub(super) next: usize,
}

impl Part<'_> {
    pub(super) fn is(&self, names: &[&str]) -> bool {
        is_one_of(self.name, names)
    }
}

/// The first field with one of these names.
pub(super) fn first<'p, 'd>(parts: &'p [Part<'d>], names: &[&str]) -> Option<&'p Part<'d>> {
    parts.iter().find(|part| part.is(names))
}

/// Whether a section has fields that only phases have.
pub(super) fn are_a_phase(section: &[Block]) -> bool {
    const KINDS: [&[&str]; 4] = [OWNER, DEPENDENCIES, BLAST_RADIUS, PARALLEL];
    let is_one = |name: &str| KINDS.iter().any(|names| is_one_of(name, names));
    // Most say it at the start of a line, where it is seen without reading all of them.
    let mut leads = lines(section).filter_map(|line| line.lead.as_deref());
    leads.any(|lead| is_one(bare(lead))) || parts(section).iter().any(|part| is_one(part.name))
}

/// Whether a section has so many fields of phases that it can be nothing else.
pub(super) fn are_surely_a_phase(section: &[Block]) -> bool {
    let parts = parts(section);
    let has = |names| usize::from(first(&parts, names).is_some());
    let kinds =
        has(OWNER) + has(DEPENDENCIES) + has(BLAST_RADIUS) + has(PARALLEL) + has(ACCEPTANCE);
    kinds >= 2
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
                let name = bare(&heading.title);
                if is_known(name) {
                    parts.push(under_heading(name, heading.range.clone(), section, at + 1));
                }
            }
            Block::Table(table) => {
                let is_property = |row: &Vec<Span>| {
                    let names = ["property", "field", "attribute"];
                    row.first()
                        .is_some_and(|cell| is_one_of(bare(&cell.text), &names))
                };
                if !table.rows.first().is_some_and(is_property) {
                    continue;
                }
                for row in &table.rows[1..] {
                    if let [name, value, ..] = &row[..] {
                        parts.push(Part {
                            name: bare(&name.text),
                            text: value.text.trim().into(),
                            place: value.range.clone(),
                            below: Vec::new(),
                            fences: Vec::new(),
                            next: at + 1,
                        });
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
    let part = |name: &'d str, text: &'d str| Part {
        name: bare(name),
        text: text.trim().into(),
        place: line.range.clone(),
        below: Vec::new(),
        fences: Vec::new(),
        next,
    };
    let mut pieces = split(&line.text);
    let mut last = part(lead, pieces.next().unwrap_or_default());
    for piece in pieces {
        let named = piece
            .split_once([':', '：'])
            .filter(|(name, _)| is_known(bare(name)));
        match named {
            Some((name, value)) => parts.push(std::mem::replace(&mut last, part(name, value))),
            None => {
                let text = last.text.to_mut();
                text.push_str(" | ");
                text.push_str(piece.trim());
            }
        }
    }
    last.below = field.below;
    last.fences = field.fences;
    parts.push(last);
}

/// The pieces of a line between its bars; a bar in code is none.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.split(move |c: char| {
        in_code ^= c == '`';
        c == '|' && !in_code
    })
}

fn under_heading<'d>(
    name: &'d str,
    place: std::ops::Range<usize>,
    section: &'d [Block],
    next: usize,
) -> Part<'d> {
    let own = section[next..]
        .iter()
        .take_while(|block| !matches!(block, Block::Heading(_) | Block::Rule));
    let (mut below, mut fences) = (Vec::new(), Vec::new());
    for block in own {
        match block {
            Block::Line(line) => below.push(line),
            Block::Fence(fence) => fences.push(fence),
            _ => {}
        }
    }
    Part {
        name,
        text: Cow::default(),
        place,
        below,
        fences,
        next,
    }
}

fn is_known(name: &str) -> bool {
    [
        OWNER,
        DEPENDENCIES,
        PARALLEL,
        ACCEPTANCE,
        BLAST_RADIUS,
        SKILLS,
        STATUS,
        TYPE,
        CREATES,
        FILES,
        OTHERS,
    ]
    .iter()
    .any(|names| is_one_of(name, names))
}

/// Whether a name is one of these, whatever its case.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
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
