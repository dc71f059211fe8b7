//! What each task of a session needs: ids as people wrote them, made tasks.
//!
//! A dependency on a container is one on all that stands below it. One on nothing is a fault, because the order
//! would be another than the author believes; of a task that is over it is only told.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::ids::{self, Spelled};
use super::rows::Row;
use crate::plan::Fault;
use crate::plan::room::NEEDS_MAX;
use crate::plan::text::Text;

/// What was made of the dependencies.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Of each row the rows that it needs.
    pub(super) of: Vec<Vec<usize>>,
    /// Pairs of which the list says, and the JSON does not, that the second needs the first.
    pub(super) listed: Vec<(usize, usize)>,
    pub(super) faults: Vec<Fault>,
    /// The pairs that are in `of`.
    seen: HashSet<(usize, usize)>,
}

/// What each row needs; `over` are those that nothing waits with.
pub(super) fn needs(rows: &[Row<'_>], list: Option<&Text<'_>>, over: &[bool]) -> Needs {
    let by_key: HashMap<&str, usize> = rows
        .iter()
        .enumerate()
        .rev()
        .map(|(at, row)| (row.key.as_str(), at))
        .collect();
    // For the first that names no task; most sessions have none.
    let by_letters: OnceCell<HashMap<String, &str>> = OnceCell::new();
    let family = Family::new(rows, &by_key);
    let mut is_too_many = false;
    let mut needs = Needs {
        of: vec![Vec::new(); rows.len()],
        ..Needs::default()
    };
    for (at, row) in rows.iter().enumerate() {
        let outline = row.outline();
        for spelled in outline.into_iter().flat_map(|outline| &outline.needs) {
            match resolve(&spelled.text, &by_key) {
                Some(found) => {
                    let empty = found.iter().find(|other| family.is_empty(**other));
                    needs
                        .faults
                        .extend(empty.map(|&other| needs_nothing(row, &rows[other], spelled)));
                    found
                        .into_iter()
                        .for_each(|other| is_too_many |= !family.need(&mut needs, at, other));
                }
                None => {
                    let known = by_letters.get_or_init(|| lettered(rows));
                    let near = known.get(&letters(&spelled.text)).copied();
                    needs.faults.push(dangling(row, spelled, over[at], near));
                }
            }
        }
        for spelled in outline.into_iter().flat_map(|outline| &outline.blocks) {
            match resolve(&spelled.text, &by_key) {
                Some(found) => found
                    .into_iter()
                    .for_each(|other| is_too_many |= !family.need(&mut needs, other, at)),
                None => needs.faults.push(blocks_nothing(row, spelled)),
            }
        }
        let is_told = outline.is_some_and(|outline| outline.has_needs);
        for (id, range) in row.entry.into_iter().flat_map(|entry| &entry.needs) {
            match by_key.get(ids::key(id).as_str()) {
                Some(&other) if is_told => needs
                    .listed
                    .extend(family.pairs(at, other).map(|(at, other)| (other, at))),
                Some(&other) => is_too_many |= !family.need(&mut needs, at, other),
                None => needs.faults.extend(list.map(|list| {
                    let message = format!(
                        "task `{}` depends on `{id}`, which is no task of the session",
                        row.id
                    );
                    list.warning(range.clone(), message)
                })),
            }
        }
    }
    if is_too_many {
        let message = "the tasks depend on each other in more ways than can be told apart";
        let fault = Fault::error(message);
        let fault = fault.help("depend on the tasks that are needed at once, not on containers");
        needs.faults.push(fault);
    }
    needs
}

/// The ids of all rows by what counts of them.
fn lettered<'r>(rows: &'r [Row<'_>]) -> HashMap<String, &'r str> {
    let rows = rows.iter().rev();
    rows.map(|row| (letters(&row.id), row.id.as_str()))
        .collect()
}

/// Ids are all alike; only one with the same letters and digits is meant.
fn letters(id: &str) -> String {
    let mut key = ids::key(id);
    key.retain(char::is_alphanumeric);
    key
}

fn needs_nothing(row: &Row<'_>, container: &Row<'_>, spelled: &Spelled) -> Fault {
    let message = format!(
        "task `{}` depends on `{}`, which holds no tasks, so it waits for nothing",
        row.id, container.id
    );
    Fault::warning(message).at(spelled.location.clone(), spelled.len)
}

fn blocks_nothing(row: &Row<'_>, spelled: &Spelled) -> Fault {
    let message = format!(
        "task `{}` blocks `{}`, which is no task of the session",
        row.id, spelled.text
    );
    Fault::warning(message).at(spelled.location.clone(), spelled.len)
}

/// A dependency on nothing: who is over waits for nobody, and what is no id is no task.
fn dangling(row: &Row<'_>, spelled: &Spelled, is_harmless: bool, near: Option<&str>) -> Fault {
    let text = spelled.text.as_str();
    let message = format!(
        "task `{}` depends on `{text}`, which is no task of the session",
        row.id
    );
    let is_elsewhere = text.starts_with("WFS-") || !ids::is_id(text) && !text.contains("::");
    if is_harmless || is_elsewhere {
        return Fault::warning(message)
            .at(spelled.location.clone(), spelled.len)
            .help(if is_harmless {
                "nothing waits for it"
            } else {
                "it is not waited for"
            });
    }
    let help = if text.contains("::") {
        "it stands for a task of another module; put that task's id in its place".to_owned()
    } else {
        near.map_or_else(
            || "add the task, or take the dependency out".to_owned(),
            |near| format!("did you mean `{near}`?"),
        )
    };
    Fault::error(message)
        .at(spelled.location.clone(), spelled.len)
        .help(help)
}

/// The rows that a dependency names; nothing when one of them is none.
fn resolve(text: &str, by_key: &HashMap<&str, usize>) -> Option<Vec<usize>> {
    if let Some(&at) = by_key.get(ids::key(text).as_str()) {
        return Some(vec![at]);
    }
    let parts = text
        .split([',', ';', '、', '，', '；'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let word = part
                .split([' ', ':', '：', '(', '（'])
                .next()
                .unwrap_or_default();
            by_key.get(ids::key(word).as_str()).copied()
        })
        .collect::<Option<Vec<usize>>>()
        .filter(|found| !found.is_empty())
}

/// Which rows a container stands for.
struct Family {
    /// Of a container the tasks below it, of anything else nothing.
    below: HashMap<usize, Vec<usize>>,
}

impl Family {
    fn new(rows: &[Row<'_>], by_key: &HashMap<&str, usize>) -> Self {
        let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, _row) in rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.is_container())
        {
            below.entry(at).or_default();
        }
        let parents: Vec<Option<usize>> = rows.iter().map(|row| parent(row, by_key)).collect();
        for (at, row) in rows.iter().enumerate() {
            let mut parent = parents[at];
            // No chain of parents is longer than there are rows, unless it is a circle.
            for _ in 0..rows.len() {
                let Some(above) = parent else { break };
                if let (Some(children), false) = (below.get_mut(&above), row.is_container()) {
                    children.push(at);
                }
                parent = parents[above];
            }
        }
        Self { below }
    }

    /// Who needs whom when `at` needs `other`: each of them or those below it.
    fn pairs(&self, at: usize, other: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let of = |row: usize| self.below.get(&row).cloned().unwrap_or_else(|| vec![row]);
        let wanted = of(other);
        // Being part of something is no dependency on it.
        let within = self.below.get(&other).cloned().unwrap_or_default();
        let waiting = of(at).into_iter().filter(move |row| !within.contains(row));
        waiting.flat_map(move |row| wanted.clone().into_iter().map(move |wanted| (row, wanted)))
    }

    /// Whether it is a container without tasks.
    fn is_empty(&self, row: usize) -> bool {
        self.below.get(&row).is_some_and(Vec::is_empty)
    }

    /// Has `at` need `other`, unless there are too many needs.
    fn need(&self, needs: &mut Needs, at: usize, other: usize) -> bool {
        let count = |row: usize| self.below.get(&row).map_or(1, Vec::len);
        if needs.seen.len() + count(at) * count(other) > NEEDS_MAX {
            return false;
        }
        for (row, wanted) in self.pairs(at, other) {
            if needs.seen.insert((row, wanted)) {
                needs.of[row].push(wanted);
            }
        }
        true
    }
}

/// The row that this one is a part of: as it says, or as its id does.
fn parent(row: &Row<'_>, by_key: &HashMap<&str, usize>) -> Option<usize> {
    let said = row.outline().and_then(|outline| outline.parent.as_deref());
    let said = said.and_then(|parent| by_key.get(ids::key(parent).as_str()));
    let by_id = || {
        let (above, _) = row.id.rsplit_once('.')?;
        by_key.get(ids::key(above).as_str())
    };
    said.or_else(by_id).copied()
}
