//! What stands in the way of tasks that the plan would let run side by side: the files that they all change.
//!
//! For people, so that they can take a plan apart before they run it; a run asks [`super::Overlaps`] itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Graph;
use crate::plan::ImportedStatus;

/// Steps from task to task that are taken to find out which come after which; what is not found out by then is
/// told by the waves alone.
const STEPS_MAX: usize = 5_000_000;

/// Files for which tasks wait for each other though nothing orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// As they are declared.
    pub files: Vec<String>,
    /// The tasks that declare them.
    pub by: Vec<usize>,
    /// Tasks that declare something among them, with what that is: in the way of those above, not of each other.
    pub within: Vec<(usize, String)>,
}

/// All of them, by their first tasks.
pub(super) fn contests(graph: &Graph) -> Vec<Contest> {
    let wishes = &graph.plan().wishes;
    if graph.plan().dialect.defaults().sequential || wishes.jobs == Some(1) {
        return Vec::new();
    }
    let mut order = Order::new(graph);
    let mut found: BTreeMap<Tasks, Vec<String>> = BTreeMap::new();
    for (file, by) in graph.overlaps().shared() {
        let by = order.open(by);
        let apart = order.apart(&by, &by);
        if apart.len() > 1 {
            let files = found.entry((apart.into_iter().collect(), Vec::new()));
            files.or_default().push(file.to_owned());
        }
    }
    for (wide, others) in nested(graph) {
        let (file, by) = wide;
        let by = order.open(by);
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for (file, tasks) in others {
            names.extend(order.open(tasks).into_iter().map(|task| (task, file)));
        }
        names.retain(|task, _| !by.contains(task));
        let within: Vec<usize> = names.keys().copied().collect();
        let apart = order.apart(&by, &within);
        let is_apart = |task: &usize| apart.contains(task);
        let by: Vec<usize> = by.into_iter().filter(is_apart).collect();
        let within = within.into_iter().filter(is_apart);
        let within: Vec<_> = within.map(|task| (task, names[&task].to_owned())).collect();
        if !within.is_empty() {
            found.entry((by, within)).or_default().push(file.to_owned());
        }
    }
    let contest = |((by, within), files)| Contest { files, by, within };
    found.into_iter().map(contest).collect()
}

/// Who is in the way of whom: those that declare a file, and those that declare something among it.
type Tasks = (Vec<usize>, Vec<(usize, String)>);

type Side<'g> = (&'g str, &'g [usize]);

/// Patterns that meet, below those of them that meet most.
fn nested(graph: &Graph) -> BTreeMap<Side<'_>, Vec<Side<'_>>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, _) in graph.overlaps().neighbours().flatten() {
        *counts.entry(file).or_default() += 1;
    }
    let mut nested: BTreeMap<Side<'_>, Vec<Side<'_>>> = BTreeMap::new();
    for [one, two] in graph.overlaps().neighbours() {
        let wider = |side: &Side<'_>| (counts[side.0], usize::MAX - side.0.len());
        let (wide, narrow) = match wider(&one) >= wider(&two) {
            true => (one, two),
            false => (two, one),
        };
        nested.entry(wide).or_default().push(narrow);
    }
    nested
}

/// What is known of who comes before whom.
struct Order<'g> {
    graph: &'g Graph,
    wave: Vec<usize>,
    steps: usize,
    seen: Vec<usize>,
    looks: usize,
}

impl<'g> Order<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mut wave = vec![0; graph.len()];
        for (number, tasks) in graph.waves().iter().enumerate() {
            tasks.iter().for_each(|&task| wave[task] = number);
        }
        Self {
            graph,
            wave,
            steps: 0,
            seen: vec![0; graph.len()],
            looks: 0,
        }
    }

    /// Those of `tasks` that are still to be done.
    fn open(&self, tasks: &[usize]) -> Vec<usize> {
        let is_open = |task: &usize| {
            let imported = self.graph.tasks()[*task].imported.as_ref();
            imported.is_none_or(|imported| imported.status == ImportedStatus::InProgress)
        };
        tasks.iter().copied().filter(is_open).collect()
    }

    /// The tasks of both sides that nothing orders against one of the other side.
    fn apart(&mut self, by: &[usize], others: &[usize]) -> BTreeSet<usize> {
        let mut apart = BTreeSet::new();
        for &task in by {
            if apart.contains(&task) && others.iter().all(|other| apart.contains(other)) {
                continue;
            }
            let is_searched = self.steps < STEPS_MAX;
            if is_searched {
                self.look(task);
            }
            let is_apart = |other: &usize| match is_searched {
                true => self.seen[*other] != self.looks,
                false => *other != task && self.wave[*other] == self.wave[task],
            };
            let mut is_alone = true;
            for &other in others.iter().filter(|other| is_apart(other)) {
                is_alone = false;
                apart.insert(other);
            }
            if !is_alone {
                apart.insert(task);
            }
        }
        apart
    }

    /// Marks all that come before or after `task`, and itself.
    fn look(&mut self, task: usize) {
        self.looks += 1;
        let graph = self.graph;
        for is_before in [true, false] {
            let mut open = vec![task];
            while let Some(at) = open.pop() {
                self.seen[at] = self.looks;
                let sides = match is_before {
                    true => [graph.needs(at), graph.after(at)],
                    false => [graph.dependents(at), &[]],
                };
                for &other in sides.into_iter().flatten() {
                    self.steps += 1;
                    if self.seen[other] != self.looks {
                        self.seen[other] = self.looks;
                        open.push(other);
                    }
                }
            }
        }
    }
}
