//! Numbered boxes as an outline: a box with numbered boxes below it is a group, and those are its tasks.
//!
//! Which boxes without an id are tasks is told; in what order they run is not known here.

use std::collections::{HashMap, HashSet};

use super::marks::{self, Tick};
use super::needs::{self, Known};
use super::stated;
use super::{Checklist, Item, Kind, groups, nearly};
use crate::plan::markdown::Block;
use crate::plan::outside::Outside;
use crate::plan::room::Room;
use crate::plan::text::Text;
use crate::plan::{Fault, Task, TaskId};

/// What a box is in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Task,
    Group,
    /// It belongs to the task that it stands in.
    Detail,
    /// A criterion, or in a section of such.
    Criterion,
    /// Nothing says what it is.
    Unknown,
}

/// The boxes of a document, each with its part.
#[derive(Debug)]
pub(in crate::plan) struct Outline<'c, 'd> {
    checklist: &'c Checklist<'d>,
    parts: Vec<Part>,
    /// The box that each stands in, by place or by number.
    parents: Vec<Option<usize>>,
    /// The boxes that are tasks.
    pub(in crate::plan) tasks: Vec<usize>,
    ids: Vec<TaskId>,
}

impl<'c, 'd> Outline<'c, 'd> {
    /// `is_task` says whether a box without an id, which stands in no other, is a task.
    pub(in crate::plan) fn of(
        checklist: &'c Checklist<'d>,
        is_task: impl Fn(&Item) -> bool,
    ) -> Self {
        let parents = parents(checklist);
        let parts = parts(checklist, &parents, is_task);
        let tasks: Vec<usize> = (0..parts.len())
            .filter(|at| parts[*at] == Part::Task)
            .collect();
        let ids = checklist.name(&tasks);
        Self {
            checklist,
            parts,
            parents,
            tasks,
            ids,
        }
    }

    /// The tasks, but for their order.
    pub(in crate::plan) fn read(&self, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Task> {
        let sections = groups(self.checklist, &self.tasks);
        let begins = self.starts();
        let mut known = Known::new(self.ids.clone(), Room::of(text));
        let mut owns: Vec<&[Block]> = Vec::with_capacity(self.tasks.len());
        let mut tasks = Vec::with_capacity(self.tasks.len());
        let mut outside = Outside::default();
        for (at, id) in self.tasks.iter().zip(&self.ids) {
            let item = &self.checklist.items[*at];
            let own = self.checklist.own(item, text, |block| begins[block]);
            let mut task = self
                .checklist
                .task(item, id.clone(), own, text, &mut outside);
            let parent = self
                .above(*at)
                .next()
                .map(|parent| &self.checklist.items[parent]);
            task.group = match parent {
                Some(parent) => Some(parent.words.title.clone()),
                None => sections.get(&item.section).cloned(),
            };
            for parent in self.above(*at) {
                let parent = &self.checklist.items[parent];
                task.optional |= parent.is_optional();
                if let Some(name) = &parent.words.id {
                    known.group(name, id);
                }
            }
            owns.push(own);
            tasks.push(task);
        }
        for ((task, own), at) in tasks.iter_mut().zip(owns).zip(&self.tasks) {
            let item = &self.checklist.items[*at];
            faults.extend(nearly::fields(own, text));
            task.needs = needs::written(self.checklist.sentences(item, own), &task.id, &known);
        }
        for (at, own) in self.groups_own(text, &begins) {
            self.give_all(at, own, &known, &mut tasks);
        }
        let document = self.checklist.document;
        faults.extend(stated::apply(document, &known, &mut tasks, text));
        faults.extend(known.room.too_many(text));
        faults.extend(outside.told());
        faults.extend(self.nearly(text));
        faults.extend(nearly::headings(
            self.checklist,
            self.tasks.iter().copied().zip(&tasks),
            text,
        ));
        tasks
    }

    /// Each group, and what stands between its box and the first of its tasks.
    fn groups_own(&self, text: &Text<'_>, begins: &[bool]) -> Vec<(usize, &'d [Block])> {
        let parts = self.parts.iter().enumerate();
        let groups = parts.filter(|(_, part)| **part == Part::Group);
        let own = |at: usize| {
            let item = &self.checklist.items[at];
            self.checklist.own(item, text, |block| begins[block])
        };
        groups.map(|(at, _)| (at, own(at))).collect()
    }

    /// What a group says that it needs, all its tasks need; what there is not is told once, with the first.
    fn give_all(&self, group: usize, own: &[Block], known: &Known, tasks: &mut [Task]) {
        let item = &self.checklist.items[group];
        let name = TaskId::new(item.words.id.as_deref().unwrap_or_default());
        let needs = needs::written(self.checklist.sentences(item, own), &name, known);
        if needs.is_empty() {
            return;
        }
        let is_member = |task: usize| self.above(self.tasks[task]).any(|above| above == group);
        let from = self.tasks.partition_point(|at| *at < group);
        let behind = from..tasks.len();
        let members: Vec<usize> = behind.take_while(|at| is_member(*at)).collect();
        let is_own = |need: &TaskId| members.iter().any(|at| tasks[*at].id == *need);
        let needs: Vec<TaskId> = needs.into_iter().filter(|need| !is_own(need)).collect();
        for (nth, at) in members.iter().enumerate() {
            let given = needs
                .iter()
                .filter(|need| nth == 0 || known.place(need).is_some());
            let task = &mut tasks[*at];
            let has: HashSet<&TaskId> = task.needs.iter().collect();
            let new: Vec<TaskId> = given.filter(|need| !has.contains(need)).cloned().collect();
            if known.room.grants(new.len()) {
                task.needs.extend(new);
            }
        }
    }

    /// What is nearly right in boxes that are no criteria; where no box has an id, none is missed.
    fn nearly(&self, text: &Text<'_>) -> Vec<Fault> {
        let items = self.checklist.items.iter().zip(&self.parts);
        let items = items.filter(|(_, part)| **part != Part::Criterion);
        let is_task = |part: &Part| matches!(part, Part::Task | Part::Group);
        match self.checklist.has_ids() {
            true => nearly::told(items.map(|(item, part)| (item, is_task(part))), text),
            false => Vec::new(),
        }
    }

    /// The groups that a box stands in, the nearest first.
    fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        let chain = std::iter::successors(self.parents[at], |parent| self.parents[*parent]);
        chain.filter(|parent| self.parts[*parent] == Part::Group)
    }

    /// Of each block whether a task or a group begins there.
    fn starts(&self) -> Vec<bool> {
        let mut starts = vec![false; self.checklist.document.blocks.len()];
        for (item, part) in self.checklist.items.iter().zip(&self.parts) {
            starts[item.block] |= matches!(part, Part::Task | Part::Group);
        }
        starts
    }

    /// Whether the task begins another group than the one before.
    pub(in crate::plan) fn begins_group(&self, task: usize) -> bool {
        let group = |task: usize| {
            let at = self.tasks[task];
            (self.above(at).next(), self.checklist.items[at].section)
        };
        task > 0 && group(task) != group(task - 1)
    }

    /// Boxes that are no task though nothing says so: told once.
    pub(in crate::plan) fn passed_over(&self, text: &Text<'_>) -> Option<Fault> {
        let mut unknown = (0..self.parts.len()).filter(|at| self.parts[*at] == Part::Unknown);
        let first = &self.checklist.items[unknown.next()?];
        Some(super::without_id(
            first.mark.range.clone(),
            unknown.count() + 1,
            text,
        ))
    }

    /// Groups that are ticked while a task of theirs is open: told once.
    pub(in crate::plan) fn early_ticks(&self, text: &Text<'_>, tasks: &[Task]) -> Option<Fault> {
        let is_done = |at: usize| marks::is_done(&self.checklist.items[at].mark.sign);
        let open = self
            .tasks
            .iter()
            .zip(tasks)
            .filter(|(at, task)| !task.optional && !is_done(**at));
        let early = open.filter_map(|(at, task)| {
            Some((self.above(*at).find(|parent| is_done(*parent))?, task))
        });
        let (group, task) = early.into_iter().next()?;
        let group = &self.checklist.items[group];
        let message = format!(
            "`{}` is ticked, but its task `{}` is not",
            group.words.title, task.id
        );
        let fault = text.warning(group.mark.range.clone(), message);
        Some(fault.help("the task is run; tick it if it is done"))
    }

    /// The boxes whose signs may be replaced.
    pub(in crate::plan) fn ticks(&self) -> Vec<Tick<'c>> {
        let mut told: HashMap<usize, Vec<(TaskId, bool)>> = HashMap::new();
        for (at, id) in self.tasks.iter().zip(&self.ids) {
            let is_optional = |at: usize| self.checklist.items[at].is_optional();
            let is_done = marks::is_done(&self.checklist.items[*at].mark.sign);
            told.entry(*at).or_default().push((id.clone(), is_done));
            if !is_optional(*at) {
                for parent in self.above(*at) {
                    told.entry(parent).or_default().push((id.clone(), is_done));
                    if is_optional(parent) {
                        break;
                    }
                }
            }
        }
        let items = self.checklist.items.iter().enumerate();
        let ticks = items.filter_map(|(at, item)| {
            Some(Tick {
                sign: &item.mark.sign,
                range: item.mark.range.clone(),
                tasks: told.remove(&at)?,
            })
        });
        ticks.collect()
    }
}

/// The box that each stands in: the nearest further left, or the one whose number its own begins with.
fn parents(checklist: &Checklist<'_>) -> Vec<Option<usize>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(checklist.items.len());
    for (at, item) in checklist.items.iter().enumerate() {
        let is_inside = |last: &usize| {
            let last = &checklist.items[*last];
            last.section == item.section && last.column < item.column
        };
        while open.last().is_some_and(|last| !is_inside(last)) {
            open.pop();
        }
        let id = item.words.id.as_deref();
        let by_number = id
            .and_then(|id| id.rsplit_once('.'))
            .and_then(|(number, _)| numbers.get(number));
        parents.push(open.last().or(by_number).copied());
        open.push(at);
        if let Some(id) = id {
            numbers.insert(id, at);
        }
    }
    parents
}

fn parts<'d>(
    checklist: &Checklist<'d>,
    parents: &[Option<usize>],
    is_task: impl Fn(&Item) -> bool,
) -> Vec<Part> {
    let items = &checklist.items;
    let kinds: Vec<Kind> = items.iter().map(|item| checklist.kind(item)).collect();
    // Whether a box has numbered boxes below it, and whether one of them is to be done.
    let mut holds: Vec<Option<bool>> = vec![None; items.len()];
    for (at, item) in items.iter().enumerate().rev() {
        let is_numbered = item.words.id.is_some() || holds[at].is_some();
        if let Some(parent) = parents[at].filter(|_| is_numbered && kinds[at] != Kind::Criteria) {
            let is_due = holds[parent].unwrap_or_default() || !item.is_optional();
            holds[parent] = Some(is_due);
        }
    }
    let part = |(at, item): (usize, &Item)| match (&item.words.id, holds[at]) {
        _ if kinds[at] == Kind::Criteria || item.is_criterion => Part::Criterion,
        // A box whose every part may be left out has work of its own.
        (Some(_), Some(true)) | (None, Some(_)) => Part::Group,
        (Some(_), _) => Part::Task,
        (None, None) if item.is_nested => Part::Detail,
        (None, None) if kinds[at] == Kind::Aside => Part::Criterion,
        (None, None) if is_task(item) => Part::Task,
        (None, None) => Part::Unknown,
    };
    items.iter().enumerate().map(part).collect()
}
