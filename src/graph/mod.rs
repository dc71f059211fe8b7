//! A plan checked once: ids are ids, needs exist, nothing waits for itself.
//!
//! Everything after this module relies on it and checks no more. Linear in the size of the plan, without
//! recursion, because plans come from anywhere. Knows nothing of runs.
//!
//! What only a run or a person asks for (who overlaps with whom, which chain is the longest) is worked out when it is
//! first asked for: whoever only looks at a run does not pay for it.

mod contests;
mod cycle;
mod id;
mod overlaps;
mod slug;

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

pub use contests::Contest;
pub use overlaps::Overlaps;

use crate::plan::{Fault, Ids, Plan, Task, TaskId};

/// A plan that passed the checks, with its tasks by index.
#[derive(Debug, Clone)]
pub struct Graph {
    plan: Plan,
    index: HashMap<TaskId, usize>,
    needs: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
    slugs: Vec<String>,
    overlaps: OnceLock<Overlaps>,
}

impl Graph {
    /// Checks the plan; every fault is told, not only the first.
    pub fn new(plan: Plan) -> Result<Self, Vec<Fault>> {
        let mut faults: Vec<Fault> = plan.tasks.iter().filter_map(id::fault).collect();
        let index = index(&plan.tasks, &mut faults);
        let (needs, after) = edges(&plan.tasks, &index, &mut faults);
        if faults.is_empty()
            && let Err(layers) = cycle::layers(&needs, &after)
        {
            faults = cycle::faults(plan.dialect, &plan.tasks, &needs, &after, &layers);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let dependents = dependents(&needs, &after);
        let slugs = slug::slugs(&plan.tasks);
        Ok(Self {
            plan,
            index,
            needs,
            after,
            dependents,
            slugs,
            overlaps: OnceLock::new(),
        })
    }

    /// The same with one more task behind the others.
    pub fn with(&self, task: Task) -> Result<Self, Vec<Fault>> {
        let mut plan = self.plan.clone();
        plan.tasks.push(task);
        Self::new(plan)
    }

    /// Whether a task of this id could join without being taken for another, or giving another a new slug.
    pub fn is_free(&self, id: &str) -> bool {
        let mut ids = self.tasks().iter().map(|task| task.id.as_str());
        !ids.any(|taken| taken.eq_ignore_ascii_case(id))
            && !self.slugs.iter().any(|slug| slug.eq_ignore_ascii_case(id))
    }

    /// The plan as it was read.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// In the order of the text.
    pub fn tasks(&self) -> &[Task] {
        &self.plan.tasks
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.plan.tasks.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.plan.tasks.is_empty()
    }

    /// Where a task stands among [`Graph::tasks`].
    pub fn index(&self, id: &TaskId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The task with exactly this id.
    pub fn task(&self, id: &TaskId) -> Option<&Task> {
        self.index(id).map(|index| &self.plan.tasks[index])
    }

    /// The tasks that this one names in `needs`.
    pub fn needs(&self, task: usize) -> &[usize] {
        &self.needs[task]
    }

    /// The tasks that this one names in `after`.
    pub fn after(&self, task: usize) -> &[usize] {
        &self.after[task]
    }

    /// The tasks that name this one in `needs` or `after`.
    pub fn dependents(&self, task: usize) -> &[usize] {
        &self.dependents[task]
    }

    /// The tasks that need `task`, directly or through others, in the plan's order.
    pub fn needing(&self, task: usize) -> Vec<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![task];
        while let Some(need) = open.pop() {
            for &dependent in self.dependents(need) {
                if self.needs(dependent).contains(&need) && reached.insert(dependent) {
                    open.push(dependent);
                }
            }
        }
        reached.into_iter().collect()
    }

    /// The tasks in layers: each as early as what it waits for allows.
    pub fn waves(&self) -> Vec<Vec<usize>> {
        let layers = cycle::layers(&self.needs, &self.after).unwrap_or_default();
        let count = layers.iter().flatten().max().map_or(0, |last| last + 1);
        let mut waves = vec![Vec::new(); count];
        for (task, layer) in layers.iter().enumerate() {
            if let Some(layer) = layer {
                waves[*layer].push(task);
            }
        }
        waves
    }

    /// The number of each task's layer, from 0.
    pub fn wave_of_each(&self) -> Vec<usize> {
        let layers = cycle::layers(&self.needs, &self.after).unwrap_or_default();
        layers.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// For each task how many follow one after the other once it is done, in the longest chain that waits for it.
    pub fn chains(&self) -> Vec<usize> {
        let mut chains = vec![0; self.len()];
        for task in self.waves().into_iter().rev().flatten() {
            let behind = self.dependents(task).iter().map(|&next| chains[next] + 1);
            chains[task] = behind.max().unwrap_or(0);
        }
        chains
    }

    /// Which tasks declare files that others declare too.
    pub fn overlaps(&self) -> &Overlaps {
        self.overlaps.get_or_init(|| Overlaps::new(self.tasks()))
    }

    /// The files for which tasks wait for each other that nothing else orders.
    pub fn contests(&self) -> Vec<Contest> {
        contests::contests(self)
    }

    /// The task's name in refs and paths.
    pub fn slug(&self, task: usize) -> &str {
        &self.slugs[task]
    }
}

/// Ids to indices; an id used twice, in whatever case, is a fault.
fn index(tasks: &[Task], faults: &mut Vec<Fault>) -> HashMap<TaskId, usize> {
    let mut folded: HashMap<String, usize> = HashMap::with_capacity(tasks.len());
    let mut index = HashMap::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        let first = *folded
            .entry(task.id.as_str().to_ascii_lowercase())
            .or_insert(at);
        if first != at {
            let first = &tasks[first];
            let message = if first.id == task.id {
                format!("task id `{}` is used twice", task.id)
            } else {
                format!(
                    "task ids `{}` and `{}` differ only in case",
                    first.id, task.id
                )
            };
            let fault = Fault::error(message).at(task.location.clone(), 0);
            faults.push(fault.help(format!("the first is at {}", first.location)));
        }
        index.entry(task.id.clone()).or_insert(at);
    }
    index
}

type Edges = Vec<Vec<usize>>;

/// What each task waits for, as indices without repetition.
fn edges(
    tasks: &[Task],
    index: &HashMap<TaskId, usize>,
    faults: &mut Vec<Fault>,
) -> (Edges, Edges) {
    // Made when the first id is wrong: few plans have one.
    let mut known: Option<Ids<'_>> = None;
    // Which task named each last, and how: a plan may say a million times that one waits for another.
    let mut named = vec![0_usize; tasks.len()];
    let mut round = 0;
    let mut resolve = |at: usize, ids: &[TaskId], relation: &str| {
        let mut found = Vec::with_capacity(ids.len());
        round += 1;
        for id in ids {
            let task = &tasks[at];
            match index.get(id) {
                Some(other) if *other == at => {
                    let message = format!("task `{}` {relation} itself", task.id);
                    let fault = Fault::error(message).at(task.location.clone(), 0);
                    faults.push(fault.about(task, id));
                }
                Some(other) => {
                    if named[*other] != round {
                        named[*other] = round;
                        found.push(*other);
                    }
                }
                None => {
                    let known = known
                        .get_or_insert_with(|| Ids::new(tasks.iter().map(|task| task.id.as_str())));
                    let help = known.did_you_mean(id.as_str(), task.id.as_str());
                    let message = format!(
                        "task `{}` {relation} `{id}`, which is no task of this plan",
                        task.id
                    );
                    faults.push(
                        Fault::error(message)
                            .at(task.location.clone(), 0)
                            .about(task, id)
                            .maybe_help(help),
                    );
                }
            }
        }
        found
    };
    let mut needs = Vec::with_capacity(tasks.len());
    let mut after = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        needs.push(resolve(at, &task.needs, "needs"));
        after.push(resolve(at, &task.after, "comes after"));
    }
    (needs, after)
}

fn dependents(needs: &[Vec<usize>], after: &[Vec<usize>]) -> Edges {
    let mut dependents: Edges = vec![Vec::new(); needs.len()];
    for (task, (needs, after)) in needs.iter().zip(after).enumerate() {
        for &other in needs.iter().chain(after) {
            // Tasks come in order, so a repetition can only be the last one.
            if dependents[other].last() != Some(&task) {
                dependents[other].push(task);
            }
        }
    }
    dependents
}

#[cfg(test)]
mod tests;
