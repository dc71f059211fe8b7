//! Which tasks can start, which are held, how many stand where: kept up to date one change at a time.
//!
//! A plan of ten thousand tasks asks "what next?" forty thousand times; an answer that walks the plan
//! would be most of the run. So each change of one task touches that task and its dependents only.
//! This is an index over [`crate::run::state`]: nothing here is stored, all of it can be rebuilt.
//!
//! Order reaches past tasks that were settled out of turn (done before the run, skipped, left out): a task is *past* when
//! it is settled and all before it are past, and only then does what comes after it start.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::lines::Lines;
use super::policy::Policy;
use super::standing::{Counts, Standing};
use crate::graph::Graph;

/// The derived view of all tasks.
#[derive(Debug, Clone)]
pub(crate) struct Frontier {
    /// Where each task stands, held ones included.
    standing: Vec<Standing>,
    /// For each task, needs that are not done or not past, plus predecessors that are not past.
    waiting: Vec<u32>,
    /// For each task, needs and predecessors that are not past.
    behind: Vec<u32>,
    past: Vec<bool>,
    /// For each task, needs that are failed, skipped or held.
    holds: Vec<u32>,
    ready: BTreeSet<usize>,
    /// The same in the order in which they start; made when it is first asked for.
    lines: OnceLock<Lines>,
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
            behind: waiting.clone(),
            waiting,
            past: vec![false; graph.len()],
            holds: vec![0; graph.len()],
            ready,
            lines: OnceLock::new(),
            active: BTreeSet::new(),
            attention: BTreeSet::new(),
            counts: Counts {
                total: graph.len(),
                pending: graph.len(),
                ..Counts::default()
            },
        }
    }

    /// Tasks that may start as far as the plan goes, in its order.
    pub(crate) fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        self.ready.iter().copied()
    }

    /// The first `wanted` tasks that may start beside `running`, in the order in which they should.
    pub(crate) fn startable(
        &self,
        graph: &Graph,
        policy: &Policy,
        running: &[usize],
        wanted: usize,
    ) -> Vec<usize> {
        let lines = self.lines.get_or_init(|| {
            let mut lines = Lines::new(graph, policy);
            let ready = self.ready.iter();
            ready.for_each(|&task| lines.join(graph.overlaps(), task));
            lines
        });
        lines.first(graph.overlaps(), running, wanted)
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
            let is_past = next.is_settled() && self.behind[task] == 0;
            let was_past = std::mem::replace(&mut self.past[task], is_past);
            if (before, was_past) == (next, is_past) {
                continue;
            }
            if before != next {
                self.recount(task, before, next);
            }
            for &dependent in graph.dependents(task) {
                self.carry(graph, task, dependent, (before, was_past), (next, is_past));
                // What a person or an attempt made of it stays; what follows from others is found anew.
                let own = match self.standing[dependent] {
                    Standing::Held => Standing::Pending,
                    own => own,
                };
                changes.push((dependent, own));
                self.refresh(graph, dependent);
            }
            self.refresh(graph, task);
        }
    }

    /// Updates the numbers of `dependent` after `task` turned from one standing to another, each with whether it was
    /// past.
    fn carry(
        &mut self,
        graph: &Graph,
        task: usize,
        dependent: usize,
        (before, was_past): (Standing, bool),
        (next, is_past): (Standing, bool),
    ) {
        let is_task = |other: &&usize| **other == task;
        for _ in graph.needs(dependent).iter().filter(is_task) {
            step(
                &mut self.waiting[dependent],
                before.satisfies() && was_past,
                next.satisfies() && is_past,
            );
            step(
                &mut self.holds[dependent],
                !before.has_fallen(),
                !next.has_fallen(),
            );
            step(&mut self.behind[dependent], was_past, is_past);
        }
        for _ in graph.after(dependent).iter().filter(is_task) {
            step(&mut self.waiting[dependent], was_past, is_past);
            step(&mut self.behind[dependent], was_past, is_past);
        }
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

    fn refresh(&mut self, graph: &Graph, task: usize) {
        let is_ready = self.standing[task] == Standing::Pending && self.waiting[task] == 0;
        let is_news = match is_ready {
            true => self.ready.insert(task),
            false => self.ready.remove(&task),
        };
        if let Some(lines) = self.lines.get_mut().filter(|_| is_news) {
            match is_ready {
                true => lines.join(graph.overlaps(), task),
                false => lines.leave(graph.overlaps(), task),
            }
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
