//! The dependencies that a task's own text writes down: `(depends on T012, T013)`, `Dependencies: 1.1`.
//!
//! Understands lists of ids, ranges and the words for none; a remark that names no task is no dependency.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::list::{self, list};
use super::words::{coded, lettered};
use crate::plan::room::Room;
use crate::plan::{TaskId, need_words};

/// The tasks that an id stands for, by how it is written, ignoring case; several where it names a group.
#[derive(Debug)]
pub(in crate::plan) struct Known {
    order: Vec<TaskId>,
    places: HashMap<String, usize>,
    groups: HashMap<String, Vec<TaskId>>,
    /// The tasks `1.1`, `1.2` by their first number, once one asks for it.
    sections: OnceCell<HashMap<String, Vec<TaskId>>>,
    /// What ids such as `OBS-001` begin with.
    kinds: HashSet<String>,
    /// For needs that come of ranges, groups and lists on both sides of a verb.
    pub(in crate::plan) room: Room,
}

impl Known {
    pub(in crate::plan) fn new(order: Vec<TaskId>, room: Room) -> Self {
        let mut places = HashMap::with_capacity(order.len());
        for (at, id) in order.iter().enumerate() {
            places.entry(id.as_str().to_lowercase()).or_insert(at);
        }
        let codes = order.iter().map(TaskId::as_str);
        let codes = codes.filter(|id| coded(id) == Some(id.len()));
        let kinds = codes.filter_map(kind).map(str::to_owned).collect();
        Self {
            order,
            places,
            groups: HashMap::new(),
            sections: OnceCell::new(),
            kinds,
            room,
        }
    }

    /// Has an id stand for all tasks of a group.
    pub(in crate::plan) fn group(&mut self, id: &str, task: &TaskId) {
        self.groups
            .entry(id.to_lowercase())
            .or_default()
            .push(task.clone());
    }

    /// Where the task with this id stands in the plan.
    pub(super) fn place(&self, id: &TaskId) -> Option<usize> {
        self.places.get(&id.as_str().to_lowercase()).copied()
    }

    /// How long the id is that a text begins with, if it has letters; in small ones it must be that of a task.
    pub(super) fn spelled(&self, text: &str) -> Option<usize> {
        let in_capitals = || {
            let rest = text.strip_prefix('t')?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let length = 1 + digits;
            let ends = !rest[digits..].starts_with(|c: char| c.is_alphanumeric());
            let id = text[..length].to_lowercase();
            (digits > 0 && ends && self.places.contains_key(&id)).then_some(length)
        };
        let in_code = || {
            let length = coded(text).filter(|_| !self.kinds.is_empty())?;
            let kind = kind(&text[..length])?;
            self.kinds.contains(kind).then_some(length)
        };
        lettered(text).or_else(in_capitals).or_else(in_code)
    }

    /// Whether `1.1` is the number of a task; one without a dot may count anything.
    pub(super) fn has_number(&self, number: &str) -> bool {
        number.contains('.') && self.places.contains_key(&number.to_lowercase())
    }

    pub(super) fn one(&self, id: &str) -> Vec<TaskId> {
        let folded = id.to_lowercase();
        match (self.places.get(&folded), self.groups.get(&folded)) {
            (Some(at), _) => vec![self.order[*at].clone()],
            (None, Some(group)) if self.room.grants(group.len()) => group.clone(),
            (None, Some(_)) => Vec::new(),
            // A bare number may count anything.
            (None, None) if id.bytes().all(|byte| byte.is_ascii_digit()) => Vec::new(),
            // The graph tells that there is none.
            (None, None) => vec![TaskId::new(id)],
        }
    }

    /// The tasks whose numbers begin with this one.
    fn section(&self, number: &str) -> Vec<TaskId> {
        let sections = self.sections.get_or_init(|| {
            let mut sections: HashMap<String, Vec<TaskId>> = HashMap::new();
            for id in &self.order {
                if let Some((number, _)) = id.as_str().split_once('.') {
                    sections
                        .entry(number.to_owned())
                        .or_default()
                        .push(id.clone());
                }
            }
            sections
        });
        let tasks = sections.get(number);
        let tasks = tasks.filter(|tasks| self.room.grants(tasks.len()));
        tasks.cloned().unwrap_or_default()
    }

    pub(super) fn range(&self, first: &str, last: &str) -> Vec<TaskId> {
        let place = |id: &str| self.places.get(&id.to_lowercase()).copied();
        // `T001-003` leaves the letters out the second time.
        let prefix = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_short = prefix.len() + last.len() == first.len();
        let spelled = || place(&format!("{prefix}{last}"));
        let end = place(last).or_else(|| is_short.then(spelled).flatten());
        match (place(first), end) {
            (Some(first), Some(last)) if first <= last => {
                let all = &self.order[first..=last];
                let all = if self.room.grants(all.len()) {
                    all
                } else {
                    &[]
                };
                all.to_vec()
            }
            _ => [self.one(first), self.one(last)].concat(),
        }
    }
}

/// `TEST` of `TEST-US1-001`.
fn kind(code: &str) -> Option<&str> {
    code.split_once('-').map(|(kind, _)| kind)
}

/// What the lines of the task with this id say that it depends on.
pub(in crate::plan) fn written<'t>(
    sentences: impl Iterator<Item = Cow<'t, str>>,
    own: &TaskId,
    known: &Known,
) -> Vec<TaskId> {
    let mut seen: HashSet<TaskId> = HashSet::new();
    let mut needs: Vec<TaskId> = Vec::new();
    let is_id = |text: &str| list::begins_with_id(text, known);
    for sentence in sentences {
        for said in need_words::said(&sentence, &is_id) {
            let is_sure = said.is_field && need_words::are_numbers(said.value);
            let named = match is_sure {
                true => numbered(said.value, known),
                false => list(said.value, known).0,
            };
            let named = named.into_iter();
            needs.extend(named.filter(|need| need != own && seen.insert(need.clone())));
        }
    }
    needs
}

/// The tasks that numbers stand for where nothing else can be meant, be they those of tasks or of sections. The graph
/// tells of those that are neither.
fn numbered(numbers: &str, known: &Known) -> Vec<TaskId> {
    let numbers = numbers.split([',', '、', '，']).map(str::trim);
    let tasks = numbers.map(|number| {
        let tasks = [known.one(number), known.section(number)];
        let found = tasks.into_iter().find(|tasks| !tasks.is_empty());
        found.unwrap_or_else(|| vec![TaskId::new(number)])
    });
    tasks.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{Known, written};
    use crate::plan::TaskId;
    use crate::plan::room::Room;
    use crate::plan::text::Text;

    fn needs(sentence: &str) -> String {
        let ids = ["T001", "T002", "T003", "T004", "T005", "1.1", "1.2"];
        let mut known = Known::new(
            ids.map(TaskId::from).to_vec(),
            Room::of(&Text::new("tasks.md".as_ref(), "")),
        );
        known.group("2", &"1.1".into());
        known.group("2", &"1.2".into());
        let found = written([sentence.into()].into_iter(), &"T005".into(), &known);
        let found: Vec<&str> = found.iter().map(TaskId::as_str).collect();
        found.join(" ")
    }

    #[test]
    fn dependencies_are_read_from_the_ways_people_write_them() {
        for (sentence, expected) in [
            ("Do it (depends on T001, T002)", "T001 T002"),
            ("Do it (after T003 rewrite)", "T003"),
            ("Do it [depends: 1.1, 1.2]", "1.1 1.2"),
            ("Do it（依赖 T001、T002）", "T001 T002"),
            ("Dependencies: T001-T003", "T001 T002 T003"),
            ("Dependencies: T001 (types), T004 and T005", "T001 T004"),
            (
                "Zależność: T003, T004 muszą być gotowe przed T005.",
                "T003 T004",
            ),
            ("依赖任务: T002", "T002"),
            ("Dependencies: [1.1, 1.2]", "1.1 1.2"),
            ("Depends: 2", "1.1 1.2"),
            ("It depends on T001 & T002.", "T001 T002"),
            ("Depends on: Task 1.1", "1.1"),
            ("(depends on T009)", "T009"),
            ("Do it (requires T001)", "T001"),
            ("Do it (prereq: T001, T002)", "T001 T002"),
            ("Do it [dep: T001]", "T001"),
            ("Do it **Depends on**: T001", "T001"),
            ("depends_on: [T001, T002]", "T001 T002"),
            ("Prerequisites: T001", "T001"),
            ("After: T001", "T001"),
            ("Do it (after t001, t002)", "T001 T002"),
            ("Do it, after T003", "T003"),
            ("Do it (after 1.1)", "1.1"),
            ("Do it (needs Task T001)", "T001"),
            ("Do it (depends on T001 T002)", "T001 T002"),
            ("It depends on T001, and on T003.", "T001 T003"),
            ("Depends on: T001-003", "T001 T002 T003"),
            ("Depends on: T001..T003", "T001 T002 T003"),
            ("Depends on: T001 2 times", "T001"),
            ("Do it (waits for T002)", "T002"),
            ("Dependencies: 1, 1.2", "1.1 1.2"),
            ("Dependencies: 99", "99"),
        ] {
            assert_eq!(needs(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn remarks_are_no_dependencies() {
        for sentence in [
            "Dependencies: None (can run beside T001)",
            "依赖任务：无",
            "Dependencies: N/A",
            "Run the tests (T001–T004)",
            "Requirements: 1.1, 1.2",
            "Depends on the phase before",
            "After T001, look at it",
            "Reuses: the service (task 1.1)",
            "Install the dependencies: react 18.2",
            "Prerequisites: Node 18.2",
            "Requires: 18.2",
            "Depends on: 1 other",
        ] {
            assert_eq!(needs(sentence), "", "{sentence}");
        }
    }
}
