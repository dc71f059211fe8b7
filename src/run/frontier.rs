//! Which tasks can start, which are held, how many stand where: kept up to date one change at a time.
//!
//! A plan of ten thousand tasks asks "what next?" forty thousand times; an answer that walks the plan
//! would be most of the run. So each change of one task touches that task and its dependents only.
//! This is an index over [`crate::run::state`]: nothing here is stored, all of it can be rebuilt.

use std::collections::BTreeSet;

use crate::graph::Graph;

use super::standing::{Counts, Standing};

/// The derived view of all tasks.
#[derive(Debug, Clone)]
pub(crate) struct Frontier {
    /// Where each task stands, held ones included.
    standing: Vec<Standing>,
    /// For each task, needs that are not done plus predecessors that are not settled.
    waiting: Vec<u32>,
    /// For each task, needs that are failed, skipped or held.
    holds: Vec<u32>,
    ready: BTreeSet<usize>,
    active: BTreeSet<usize>,
    attention: BTreeSet<usize>,
    counts: Counts,
}

impl Frontier {
    /// The view in which every task is pending.
    pub(crate) fn new(graph: &Graph) -> Self {
        let waiting: Vec<u32> = (0..graph.len())
            .map(|task| (graph.needs(task).len() + graph.after(task).len()) as u32)
            .collect();
        let ready = (0..graph.len())
            .filter(|&task| waiting[task] == 0)
            .collect();
        Self {
            standing: vec![Standing::Pending; graph.len()],
            waiting,
            holds: vec![0; graph.len()],
            ready,
            active: BTreeSet::new(),
            attention: BTreeSet::new(),
            counts: Counts {
                total: graph.len(),
                pending: graph.len(),
                ..Counts::default()
            },
        }
    }

    /// Tasks that may start now, in the plan's order.
    pub(crate) fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        self.ready.iter().copied()
    }

    /// Tasks that are attempted, judged or integrated, in the plan's order.
    pub(crate) fn active(&self) -> impl Iterator<Item = usize> + '_ {
        self.active.iter().copied()
    }

    /// Tasks that a person should look at, in the plan's order.
    pub(crate) fn attention(&self) -> impl Iterator<Item = usize> + '_ {
        self.attention.iter().copied()
    }

    /// Where `task` stands.
    pub(crate) fn standing(&self, task: usize) -> Standing {
        self.standing[task]
    }

    /// How many stand where.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Notes that `task` itself now stands at `standing`, and carries it to its dependents.
    pub(crate) fn set(&mut self, graph: &Graph, task: usize, standing: Standing) {
        let mut changes = vec![(task, standing)];
        while let Some((task, wanted)) = changes.pop() {
            // A pending task whose need fell is held, and falls with it.
            let next = match wanted {
                Standing::Pending if self.holds[task] > 0 => Standing::Held,
                other => other,
            };
            let before = std::mem::replace(&mut self.standing[task], next);
            if before == next {
                continue;
            }
            self.recount(task, before, next);
            for &dependent in graph.dependents(task) {
                if self.carry(graph, task, dependent, before, next) {
                    changes.push((dependent, Standing::Pending));
                }
                self.refresh(dependent);
            }
            self.refresh(task);
        }
    }

    /// Updates the numbers of `dependent`; whether it may have become held or free.
    fn carry(
        &mut self,
        graph: &Graph,
        task: usize,
        dependent: usize,
        before: Standing,
        next: Standing,
    ) -> bool {
        let mut turned = false;
        for _ in graph.needs(dependent).iter().filter(|&&need| need == task) {
            step(
                &mut self.waiting[dependent],
                before.satisfies(),
                next.satisfies(),
            );
            let was = self.holds[dependent] > 0;
            step(
                &mut self.holds[dependent],
                !before.has_fallen(),
                !next.has_fallen(),
            );
            turned |= was != (self.holds[dependent] > 0);
        }
        for _ in graph
            .after(dependent)
            .iter()
            .filter(|&&earlier| earlier == task)
        {
            step(
                &mut self.waiting[dependent],
                before.is_settled(),
                next.is_settled(),
            );
        }
        turned && matches!(self.standing[dependent], Standing::Pending | Standing::Held)
    }

    fn recount(&mut self, task: usize, before: Standing, next: Standing) {
        *self.counts.slot(before) -= 1;
        *self.counts.slot(next) += 1;
        if next == Standing::Running {
            self.active.insert(task);
        } else {
            self.active.remove(&task);
        }
        if next.wants_attention() {
            self.attention.insert(task);
        } else {
            self.attention.remove(&task);
        }
    }

    fn refresh(&mut self, task: usize) {
        if self.standing[task] == Standing::Pending && self.waiting[task] == 0 {
            self.ready.insert(task);
        } else {
            self.ready.remove(&task);
        }
    }
}

/// Counts down when a reason to wait goes away, up when it comes back.
fn step(count: &mut u32, was_met: bool, is_met: bool) {
    match (was_met, is_met) {
        (false, true) => *count -= 1,
        (true, false) => *count += 1,
        _ => {}
    }
}
