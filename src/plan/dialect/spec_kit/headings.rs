//! Tasks as headings: `### T001 [Setup] Create it` with fields below, and a table that may tell their state.
//!
//! For files that have no box with an id. What is a state and what only mentions one is decided here: a value is
//! one only if it says nothing else.

use std::collections::HashMap;
use std::ops::Range;

use crate::plan::checklist::needs::{self, Known};
use crate::plan::checklist::order::Step;
use crate::plan::checklist::words::{Words, is_tick};
use crate::plan::checklist::{end, sentences};
use crate::plan::fields::{self as values, fields};
use crate::plan::markdown::{Block, Document, Heading, Span, lines};
use crate::plan::outside::Outside;
use crate::plan::room::Room;
use crate::plan::status_words::{self, Word};
use crate::plan::text::Text;
use crate::plan::{Change, Edit, Fault, Imported, ImportedStatus, Progress, Status, Task, TaskId};

/// A heading that is a task, with what stands below it.
pub(super) struct Found<'d> {
    words: Words,
    id: String,
    at: usize,
    start: usize,
    section: &'d [Block],
    /// The nearest heading above that is no task.
    phase: Option<&'d Heading>,
}

/// All of a document, in order.
pub(super) fn found<'d>(document: &'d Document, text: &Text<'_>) -> Vec<Found<'d>> {
    let heads: Vec<(usize, &Heading, Option<Words>)> = document
        .headings()
        .map(|(at, heading)| (at, heading, words(heading)))
        .collect();
    let mut above: Vec<&Heading> = Vec::new();
    let mut all = Vec::new();
    for (nth, (at, heading, named)) in heads.iter().enumerate() {
        above.retain(|above| above.level < heading.level);
        let Some((words, id)) = named
            .as_ref()
            .and_then(|words| Some((words, words.id.as_ref()?)))
        else {
            above.push(heading);
            continue;
        };
        let is_end = |(_, other, words): &&(usize, &Heading, Option<Words>)| {
            other.level <= heading.level || words.is_some()
        };
        let next = heads[nth + 1..].iter().find(is_end);
        let line = text.text[heading.range.clone()].find(id.as_str());
        all.push(Found {
            words: words.clone(),
            id: id.clone(),
            at: heading.range.start + line.unwrap_or_default(),
            start: heading.range.start,
            section: &document.blocks[*at..next.map_or(document.blocks.len(), |(at, ..)| *at)],
            phase: above.iter().rev().find(|above| above.level > 1).copied(),
        });
    }
    all
}

/// What a heading says if it is a task's: `T001 …`, `Task 0.1: …`.
fn words(heading: &Heading) -> Option<Words> {
    let words = Words::of(&heading.title);
    let id = words.id.as_deref()?;
    let is_meant = (id.starts_with('T') || words.is_named)
        && heading.level > 1
        && words.title != heading.title;
    is_meant.then_some(words)
}

/// The tasks, but for their order, and how each stands to the one before.
pub(super) fn read(
    document: &Document,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> (Vec<Task>, Vec<Step>) {
    let found = found(document, text);
    let known = Known::new(
        found
            .iter()
            .map(|task| TaskId::new(task.id.as_str()))
            .collect(),
        Room::of(text),
    );
    let rows = states_in_tables(document);
    let mut tasks: Vec<Task> = Vec::with_capacity(found.len());
    let mut steps = Vec::with_capacity(found.len());
    let mut outside = Outside::default();
    for task in &found {
        let below = &task.section[1..];
        let id = TaskId::new(task.id.as_str());
        let state = state(task, below, text).or_else(|| rows.get(task.id.as_str()).cloned());
        if let Some(state) = state.as_ref().filter(|state| state.is_unclear) {
            let place = state.range.clone();
            let said = text.text.get(place.clone()).unwrap_or_default();
            faults.push(status_words::unclear(said, place, text));
        }
        let imported = match state {
            Some(state) => state.says.imported(),
            None if task.words.is_left_out() => Some(ImportedStatus::Skipped),
            None => task.words.is_ticked.then_some(ImportedStatus::Done),
        };
        let group = task.phase.map(|phase| phase.title.clone());
        let is_first = tasks.last().is_some_and(|last| last.group != group);
        tasks.push(Task {
            needs: needs::written(sentences(below), &id, &known),
            id,
            title: task.words.title.clone(),
            body: text.text[task.start..end(task.section, text)]
                .trim()
                .to_owned(),
            group,
            files: crate::plan::checklist::files(below, text, &mut outside),
            verify: verify(below),
            run: values::script(below),
            imported: imported.map(|status| Imported {
                status,
                commit: None,
            }),
            ..Task::at(text.location(task.at))
        });
        steps.push(Step {
            beside: task.words.is_beside() || is_parallel(below),
            first: is_first,
        });
    }
    faults.extend(known.room.too_many(text));
    faults.extend(outside.told());
    (tasks, steps)
}

fn verify(below: &[Block]) -> Vec<crate::plan::Check> {
    ["Verify", "Verification", "验证"]
        .iter()
        .flat_map(|name| fields(below, name))
        .flat_map(|field| values::checks(&field))
        .collect()
}

fn is_parallel(below: &[Block]) -> bool {
    let mut fields = ["Parallel", "可并行"]
        .iter()
        .flat_map(|name| fields(below, name));
    fields.any(|field| {
        let says = field.first.text.to_lowercase();
        ["yes", "true", "是", "[p]", "✅"]
            .iter()
            .any(|word| says.starts_with(word))
    })
}

/// A value that says how far a task is, and nothing else.
#[derive(Debug, Clone)]
struct State {
    says: Says,
    /// Whether it speaks of an end, but not plainly of one that is reached; it is open then.
    is_unclear: bool,
    /// Which words it is said with.
    words: usize,
    /// Where it stands, signs included.
    range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Open,
    Begun,
    Done,
}

impl Says {
    fn imported(self) -> Option<ImportedStatus> {
        match self {
            Says::Open => None,
            Says::Begun => Some(ImportedStatus::InProgress),
            Says::Done => Some(ImportedStatus::Done),
        }
    }
}

/// The same three states in the words that files have for them.
const WORDS: [[&str; 3]; 10] = [
    ["TODO", "IN PROGRESS", "DONE"],
    ["Todo", "In Progress", "Done"],
    ["PENDING", "IN PROGRESS", "COMPLETED"],
    ["Pending", "In Progress", "Completed"],
    ["pending", "in progress", "done"],
    ["Not Started", "In Progress", "Complete"],
    ["NOT STARTED", "IN PROGRESS", "COMPLETE"],
    ["待开始", "进行中", "已完成"],
    ["未开始", "进行中", "已完成"],
    ["未着手", "進行中", "完了"],
];

impl State {
    fn of(value: &str, start: usize) -> Option<Self> {
        let lead = value.len() - value.trim_start().len();
        let value = value.trim();
        let bare = value
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        let place = |(words, row): (usize, &[&str; 3])| {
            let at = row.iter().position(|word| *word == bare)?;
            Some((words, [Says::Open, Says::Begun, Says::Done][at]))
        };
        let found = WORDS.iter().enumerate().find_map(place);
        let (words, says) = match found {
            Some(found) => found,
            None if bare.is_empty() && value.contains(is_tick) => return None,
            None => {
                let folded = bare.to_lowercase();
                let row = WORDS.iter().enumerate().find_map(|(words, row)| {
                    let at = row.iter().position(|word| word.to_lowercase() == folded)?;
                    Some((words, [Says::Open, Says::Begun, Says::Done][at]))
                });
                row?
            }
        };
        // What stands around the word may take it back: `[ ] Done`, `❌ Done`, `Done?`.
        let is_unclear = says == Says::Done && status_words::word(value) != Word::Done;
        Some(Self {
            says: if is_unclear { Says::Open } else { says },
            is_unclear,
            words,
            range: start + lead..start + lead + value.len(),
        })
    }

    /// What a field says, which unlike a cell is about nothing but the state: `Done (PR #12)`, `✅`.
    fn of_field(value: &str, start: usize) -> Option<Self> {
        if let Some(state) = Self::of(value, start) {
            return Some(state);
        }
        let lead = value.len() - value.trim_start().len();
        let value = value.trim();
        let word = status_words::word(value);
        // More than one field stands in a line with a `|`.
        if !matches!(word, Word::Done | Word::Unclear) || value.contains('|') {
            return None;
        }
        let said = |row: &[&str; 3]| {
            let mut parts = value.split(|c: char| !c.is_alphanumeric());
            parts.any(|part| part == row[Says::Done as usize])
        };
        Some(Self {
            says: if word == Word::Done {
                Says::Done
            } else {
                Says::Open
            },
            is_unclear: word == Word::Unclear,
            words: WORDS.iter().position(said).unwrap_or(1),
            range: start + lead..start + lead + value.len(),
        })
    }

    /// The same value when it says this.
    fn saying(&self, says: Says, text: &Text<'_>) -> String {
        let old = &text.text[self.range.clone()];
        let word = WORDS[self.words][says as usize];
        let has_sign = old.starts_with(|c: char| !c.is_alphanumeric());
        let sign = match says {
            Says::Open => "⏳",
            Says::Begun => "🔄",
            Says::Done => "✅",
        };
        match has_sign {
            true => format!("{sign} {word}"),
            false => word.to_owned(),
        }
    }
}

/// What the `Status` field of a task says.
fn state(task: &Found<'_>, below: &[Block], text: &Text<'_>) -> Option<State> {
    let mut fields = lines(below).filter(|line| {
        let lead = line.lead.as_deref().unwrap_or_default();
        lead.eq_ignore_ascii_case("status") || lead == "状态" || lead == "状態"
    });
    let line = fields.next()?;
    let start = line.range.start.max(task.start);
    let whole = text.text[start..].lines().next()?;
    let colon = whole.find([':', '：'])?;
    let after = whole[colon..]
        .char_indices()
        .find(|(_, c)| !matches!(c, ':' | '：' | '*' | ' '))?;
    State::of_field(&whole[colon + after.0..], start + colon + after.0)
}

/// What the rows of tables say of the tasks whose ids they begin with.
fn states_in_tables(document: &Document) -> HashMap<String, State> {
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    let rows = tables.flat_map(|table| {
        let is_status = |cell: &Span| {
            let name = cell.text.trim_matches(|c: char| !c.is_alphanumeric());
            let names = ["status", "state", "状态", "状態"];
            names.iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        let header = table.rows.first().into_iter();
        let column = header.flatten().position(is_status);
        table.rows.iter().map(move |row| (row, column))
    });
    let mut states = HashMap::new();
    for (row, column) in rows {
        let Some((first, rest)) = row.split_first() else {
            continue;
        };
        let id = Words::of(&first.text).id;
        // In a column of its own a state may say more: `Done (PR #12)`, and not plainly that it is done.
        let own = column.and_then(|column| row.get(column));
        let own = own.and_then(|cell| State::of_field(&cell.text, cell.range.start));
        let state = own.or_else(|| {
            let mut cells = rest.iter().rev();
            cells.find_map(|cell| State::of(&cell.text, cell.range.start))
        });
        if let (Some(id), Some(state)) = (id, state) {
            states.insert(id, state);
        }
    }
    states
}

/// The states of fields and tables that are no longer true, replaced.
pub(super) fn write(document: &Document, text: &Text<'_>, progress: &Progress) -> Vec<Change> {
    let mut rows = states_in_tables(document);
    let of = progress.marks();
    let mut edits = Vec::new();
    for task in found(document, text) {
        let Some(status) = of.get(task.id.as_str()) else {
            continue;
        };
        let says = match status {
            Status::Done => Says::Done,
            Status::InProgress => Says::Begun,
            Status::Skipped => continue,
            _ => Says::Open,
        };
        let field = state(&task, &task.section[1..], text);
        // A row is taken once, however often its id is used.
        for state in field.into_iter().chain(rows.remove(&task.id)) {
            let is_whole = text
                .text
                .get(state.range.clone())
                .is_some_and(|old| State::of_field(old, 0).is_some());
            let new = state.saying(says, text);
            // An open state is written as it would be after a run has marked it and taken the mark back.
            let is_said = state.says == says && says != Says::Open;
            if is_whole && !is_said && text.text[state.range.clone()] != new {
                edits.push(Edit {
                    text: new,
                    range: state.range,
                });
            }
        }
    }
    edits.sort_by_key(|edit| edit.range.start);
    match edits.is_empty() {
        true => Vec::new(),
        false => vec![Change::Edit {
            path: text.path.to_path_buf(),
            edits,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::{Says, State};

    #[test]
    fn a_field_is_done_only_where_it_plainly_says_so() {
        for done in [
            "Done",
            "✅",
            "✔️",
            "☑",
            "[x] Done",
            "✅ DONE",
            "Done (PR #12)",
            "Completed ✅ 2025-01-01",
            "完成",
            "已完成",
            "完了",
        ] {
            let state = State::of_field(done, 0).expect("it is a state");
            assert_eq!(
                (state.says, state.is_unclear),
                (Says::Done, false),
                "{done}"
            );
        }
        for unclear in [
            "[ ] Done",
            "❌ Done",
            "Done?",
            "3/5 done",
            "Done, but untested",
        ] {
            let state = State::of_field(unclear, 0).expect("it is a state");
            assert_eq!(
                (state.says, state.is_unclear),
                (Says::Open, true),
                "{unclear}"
            );
        }
        for other in ["Blocked by Ann", "", "Done | Owner: Ann"] {
            assert!(State::of_field(other, 0).is_none(), "{other}");
        }
        // In a table, a tick may stand for anything.
        assert!(State::of("✅", 0).is_none());
        assert!(State::of("Done by Ann", 0).is_none());
    }
}
