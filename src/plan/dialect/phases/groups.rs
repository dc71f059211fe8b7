//! Which phases may run side by side: tables such as `| Parallel Group | Phases | Reason |`, and lists such as
//! `- **Group A**: Phases 1, 2`.

use std::collections::{HashMap, HashSet};

use super::dependencies::Numbers;
use super::parts::plain;
use super::prose::{Names, names};
use crate::plan::Fault;
use crate::plan::markdown::{Block, Document, Span, Table, lines};
use crate::plan::text::Text;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Group {
    /// As it is written.
    pub(super) name: String,
    /// Its phases, by their order in the text.
    pub(super) members: Vec<usize>,
    /// What its row says that it starts after.
    pub(super) start: Names,
    pub(super) place: std::ops::Range<usize>,
}

/// The group of each phase that is in one: the first that names it.
pub(super) fn by_member(groups: &[Group]) -> HashMap<usize, usize> {
    let mut of = HashMap::new();
    for (nth, group) in groups.iter().enumerate() {
        for member in &group.members {
            of.entry(*member).or_insert(nth);
        }
    }
    of
}

/// Whether a text that says `Group <name>` means the group of this name.
pub(super) fn is_called(group: &str, name: &str) -> bool {
    bare(group).eq_ignore_ascii_case(bare(name))
}

/// A group's name without the word before it.
fn bare(name: &str) -> &str {
    let word = name.rsplit([' ', '\u{a0}']).next().unwrap_or_default();
    if name.to_lowercase().contains("group") {
        word
    } else {
        name.trim()
    }
}

/// The groups of the first table that has any, or without one those of lists.
pub(super) fn groups(
    document: &Document,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
    numbers: &Numbers,
) -> Vec<Group> {
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some((table, columns(table)?)),
        _ => None,
    });
    for (table, (name, phases, start)) in tables {
        let mut groups = Vec::new();
        for row in &table.rows[1..] {
            let (Some(own), Some(listed)) = (row.get(name), row.get(phases)) else {
                continue;
            };
            let (members, missing) = numbers.resolve(&names(&plain(&listed.text), true));
            if !missing.is_empty() {
                let missing: Vec<String> = missing.iter().map(|id| format!("`{id}`")).collect();
                let message = format!(
                    "group `{}` names {}, which the plan does not have",
                    plain(&own.text),
                    missing.join(", ")
                );
                faults.push(text.warning(listed.range.clone(), message));
            }
            let start = start.and_then(|column| row.get(column));
            groups.push(Group {
                name: plain(&own.text),
                members,
                start: start
                    .map(|cell| names(&plain(&cell.text), false))
                    .unwrap_or_default(),
                place: own.range.clone(),
            });
        }
        if groups.iter().any(|group| !group.members.is_empty()) {
            return groups;
        }
    }
    listed(document, numbers)
}

/// The groups that lists name, `- **Group A**: Phases 1, 2` or `1. Group A: Phases [1, 2]`.
fn listed(document: &Document, numbers: &Numbers) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for line in lines(&document.blocks).filter(|line| line.depth > 0) {
        let said = match &line.lead {
            Some(lead) => Some((lead.as_str(), line.text.as_str())),
            None => line.text.split_once([':', '：']),
        };
        let Some((name, phases)) = said.filter(|(name, _)| is_group_name(name)) else {
            continue;
        };
        let (members, _) = numbers.resolve(&names(phases, true));
        if !members.is_empty() && known.insert(bare(name).to_ascii_lowercase()) {
            groups.push(Group {
                name: plain(name),
                members,
                start: Names::default(),
                place: line.range.clone(),
            });
        }
    }
    groups
}

/// `Group A`, `Parallel Group 2`.
fn is_group_name(name: &str) -> bool {
    let lower = name.trim().to_lowercase();
    let lower = lower.strip_prefix("parallel ").unwrap_or(&lower);
    let lower = lower.strip_prefix("execution ").unwrap_or(lower);
    let rest = lower.strip_prefix("group ");
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(char::is_alphanumeric))
}

/// The columns of the name, of the phases, and of what a group starts after.
fn columns(table: &Table) -> Option<(usize, usize, Option<usize>)> {
    let header = table.rows.first()?;
    let lower = |cell: &Span| plain(&cell.text).to_lowercase();
    let column = |words: &[&str]| {
        header
            .iter()
            .position(|cell| words.iter().any(|word| lower(cell).contains(word)))
    };
    let name = column(&["group"])?;
    let phases = column(&["phase"]).filter(|phases| *phases != name)?;
    Some((
        name,
        phases,
        column(&[
            "start after",
            "depends",
            "dependenc",
            "after",
            "prerequisite",
        ]),
    ))
}
