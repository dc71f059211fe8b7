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
    for (file, (by, others)) in nested(graph) {
        let by = order.open(by);
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for (file, tasks) in others {
            names.extend(order.open(tasks).into_iter().map(|task| (task, file)));
        }
        names.retain(|task, _| by.binary_search(task).is_err());
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

/// Files that meet, with who declares them, below those of them that meet most.
fn nested(graph: &Graph) -> BTreeMap<&str, (&[usize], Vec<Side<'_>>)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, _) in graph.overlaps().neighbours().flatten() {
        *counts.entry(file).or_default() += 1;
    }
    let mut nested: BTreeMap<&str, (&[usize], Vec<Side<'_>>)> = BTreeMap::new();
    for [one, two] in graph.overlaps().neighbours() {
        let wider = |side: &Side<'_>| (counts[side.0], usize::MAX - side.0.len());
        let (wide, narrow) = match wider(&one) >= wider(&two) {
            true => (one, two),
            false => (two, one),
        };
        let (_, below) = nested.entry(wide.0).or_insert((wide.1, Vec::new()));
        below.push(narrow);
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
        Self {
            graph,
            wave: graph.wave_of_each(),
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
        let all: BTreeSet<usize> = by.iter().chain(others).copied().collect();
        let mut apart = BTreeSet::new();
        for (nth, &task) in by.iter().enumerate() {
            if apart.len() == all.len() {
                break;
            }
            if self.steps > STEPS_MAX {
                self.beside(&by[nth..], others, &mut apart);
                break;
            }
            self.look(task);
            self.steps += others.len();
            let is_apart = |other: &&usize| self.seen[**other] != self.looks;
            let mut found = others.iter().filter(is_apart).peekable();
            if found.peek().is_some() {
                apart.insert(task);
                apart.extend(found);
            }
        }
        apart
    }

    /// What the waves alone tell: tasks of one wave are not ordered.
    fn beside(&self, by: &[usize], others: &[usize], apart: &mut BTreeSet<usize>) {
        let mut waves: BTreeMap<usize, [BTreeSet<usize>; 2]> = BTreeMap::new();
        for (side, tasks) in [by, others].into_iter().enumerate() {
            for &task in tasks {
                waves.entry(self.wave[task]).or_default()[side].insert(task);
            }
        }
        for [own, other] in waves.into_values() {
            let is_pair = !own.is_empty() && !other.is_empty() && (own.len() > 1 || own != other);
            if is_pair {
                apart.extend(own.into_iter().chain(other));
            }
        }
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::graph::Graph;
    use crate::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};

    /// As many tasks as asked for, of which `task` says the files and what the n-th comes after.
    fn graph(count: usize, task: impl Fn(usize) -> (&'static str, Option<usize>)) -> Graph {
        let tasks = (0..count).map(|nth| {
            let (file, before) = task(nth);
            Task {
                id: TaskId::new(nth.to_string()),
                files: vec![file.to_owned()],
                after: before
                    .iter()
                    .map(|nth| TaskId::new(nth.to_string()))
                    .collect(),
                ..Task::at(Location::default())
            }
        });
        let plan = Plan {
            dialect: Dialect::Toml,
            title: "test".to_owned(),
            tasks: tasks.collect(),
            wishes: Wishes::default(),
            artifacts: Vec::new(),
        };
        Graph::new(plan).expect("the plan is good")
    }

    #[test]
    fn whoever_is_ordered_is_in_nobody_s_way() {
        let chain = graph(4, |nth| ("a", nth.checked_sub(1)));
        assert_eq!(chain.contests(), []);
        let fork = graph(4, |nth| ("a", (nth > 0).then_some(0)));
        let contests = fork.contests();
        assert_eq!((contests.len(), &contests[0].by), (1, &vec![1, 2, 3]));
    }

    #[test]
    fn ten_thousand_tasks_that_change_one_file_are_told_at_once() {
        let began = Instant::now();
        let free = graph(10_000, |_| ("a", None));
        assert_eq!(free.contests()[0].by.len(), 10_000);
        let chain = graph(10_000, |nth| ("a", nth.checked_sub(1)));
        assert_eq!(chain.contests(), []);
        let two_chains = graph(10_000, |nth| ("a", nth.checked_sub(2)));
        assert_eq!(two_chains.contests()[0].by.len(), 10_000);
        let nested = graph(10_000, |nth| (if nth == 0 { "**" } else { "a" }, None));
        assert_eq!(nested.contests().len(), 2);
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(30),
            "cheap, even unoptimized on a busy machine: {took:?}"
        );
    }
}
