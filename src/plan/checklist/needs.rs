//! The dependencies that a task's own text writes down: `(depends on T012, T013)`, `Dependencies: 1.1`.
//!
//! Understands lists of ids, ranges and the words for none; a remark that names no task is no dependency.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::list::list;
use super::words::lettered;
use crate::plan::TaskId;
use crate::plan::room::Room;
use crate::plan::text::find_word;

/// The tasks that an id stands for, by how it is written, ignoring case; several where it names a group.
#[derive(Debug)]
pub(in crate::plan) struct Known {
    order: Vec<TaskId>,
    places: HashMap<String, usize>,
    groups: HashMap<String, Vec<TaskId>>,
    /// For needs that come of ranges, groups and lists on both sides of a verb.
    pub(in crate::plan) room: Room,
}

impl Known {
    pub(in crate::plan) fn new(order: Vec<TaskId>, room: Room) -> Self {
        let mut places = HashMap::with_capacity(order.len());
        for (at, id) in order.iter().enumerate() {
            places.entry(id.as_str().to_lowercase()).or_insert(at);
        }
        Self {
            order,
            places,
            groups: HashMap::new(),
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

    pub(super) fn range(&self, first: &str, last: &str) -> Vec<TaskId> {
        let place = |id: &str| self.places.get(&id.to_lowercase()).copied();
        match (place(first), place(last)) {
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

/// What the lines of the task with this id say that it depends on.
pub(in crate::plan) fn written<'t>(
    sentences: impl Iterator<Item = Cow<'t, str>>,
    own: &TaskId,
    known: &Known,
) -> Vec<TaskId> {
    let mut seen: HashSet<TaskId> = HashSet::new();
    let mut needs: Vec<TaskId> = Vec::new();
    for sentence in sentences {
        for value in values(&sentence) {
            let named = list(value, known).0.into_iter();
            needs.extend(named.filter(|need| need != own && seen.insert(need.clone())));
        }
    }
    needs
}

/// Words that begin a field, and in whatever language the rest is written.
const FIELDS: [&str; 22] = [
    "depends on",
    "dependencies",
    "dependency",
    "depends",
    "deps",
    "blocked by",
    "needs",
    "依赖任务",
    "依赖关系",
    "依赖",
    "前置任务",
    "依賴",
    "依存関係",
    "依存",
    "zależności",
    "zależność",
    "dépendances",
    "dependencias",
    "dependências",
    "abhängigkeiten",
    "зависимости",
    "phụ thuộc",
];

/// Words that begin a remark in brackets.
const REMARKS: [&str; 10] = [
    "depends on",
    "depends",
    "dependencies",
    "deps",
    "blocked by",
    "needs",
    "after",
    "依赖",
    "依賴",
    "依存",
];

/// Words that begin either, as long as an id with letters follows: numbers may be those of requirements, or versions.
const OTHERS: [&str; 10] = [
    "depends_on",
    "depend on",
    "dependency",
    "dep",
    "requires",
    "prerequisites",
    "prerequisite",
    "prereqs",
    "prereq",
    "after",
];

/// What follows one of [`OTHERS`] at the start of a text, where that is an id with letters.
fn other(text: &str) -> Option<&str> {
    let rest = OTHERS.iter().find_map(|word| strip(text, word))?;
    let value = rest.trim_start_matches([':', '：', ' ', '*', '_', '[', '`']);
    lettered(value).map(|_| value)
}

/// What stands after a word that says "depends on".
fn values(sentence: &str) -> Vec<&str> {
    let mut values: Vec<&str> = Vec::new();
    let bare = sentence.trim_start_matches(['-', '*', '_', ' ', '>']);
    let may_be_one = bare.contains(':') || bare.contains('：');
    if may_be_one && let Some(rest) = FIELDS.iter().find_map(|word| strip(bare, word)) {
        let value = rest.trim_start_matches(['*', '_', ' ']);
        let value = value.strip_prefix([':', '：']);
        values.extend(value);
    }
    if may_be_one && values.is_empty() {
        values.extend(other(bare));
    }
    let mut closing = 0;
    for start in openings(sentence) {
        // What closes this one may close those behind it as well.
        if closing < start {
            let closes = sentence[start..].find([')', '）', ']']);
            closing = closes.map_or(sentence.len(), |length| start + length);
        }
        let inside = sentence[start..closing].trim_start();
        if let Some(rest) = REMARKS.iter().find_map(|word| strip(inside, word)) {
            values.push(rest.trim_start_matches([':', '：', ' ']));
        } else {
            values.extend(other(inside));
        }
    }
    if values.is_empty()
        && let Some((_, rest)) = split_word(sentence, "depends on")
        && rest.starts_with([' ', ':', '：', '*'])
    {
        values.push(rest.trim_start_matches([' ', ':', '：', '*']));
    }
    values
}

/// Where a sentence goes on behind each of its opening brackets.
fn openings(sentence: &str) -> impl Iterator<Item = usize> {
    const WIDE: &str = "（";
    let firsts = memchr::memchr3_iter(b'(', b'[', WIDE.as_bytes()[0], sentence.as_bytes());
    firsts.filter_map(|at| match sentence.as_bytes()[at] {
        b'(' | b'[' => Some(at + 1),
        _ => sentence[at..].starts_with(WIDE).then_some(at + WIDE.len()),
    })
}

/// What follows a word, ignoring case, if the text begins with it and it ends there.
pub(super) fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let is_same = |c: char, expected: char| match c.is_ascii() {
        true => c.eq_ignore_ascii_case(&expected),
        false => c == expected || c.to_lowercase().eq(expected.to_lowercase()),
    };
    let mut rest = text.chars();
    for expected in word.chars() {
        if !is_same(rest.next()?, expected) {
            return None;
        }
    }
    let rest = rest.as_str();
    let goes_on = word.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    (!goes_on).then_some(rest)
}

fn split_word<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let at = find_word(text, word)?;
    Some((&text[..at], &text[at + word.len()..]))
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
            "Requires: 1.1",
        ] {
            assert_eq!(needs(sentence), "", "{sentence}");
        }
    }
}
