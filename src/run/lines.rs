//! Who may start beside what runs: of the tasks that nothing in the plan holds back, those whose declared files are
//! free, in the order in which they should start.
//!
//! **The order.** With more slots than one, whoever has the longest chain of tasks waiting for it comes first, for that
//! chain is what the run cannot be shorter than; equals keep the plan's order. With one slot nothing is won by that, and
//! the plan's order is what people read along: there it decides alone, and so it does in the dialects that are
//! sequential. A run that waits for a review after each wave takes the waves in their order first.
//!
//! **The files.** A task starts when it overlaps with none that is attempted, judged, or accepted and not integrated yet;
//! what waits for a person is in nobody's way. One that must wait does not keep those
//! behind it from starting, and they may even take what it waits for as long as it waits for somebody ahead of it
//! anyway. Once only tasks behind it are in its way, nothing more overtakes it: nobody starves.
//!
//! **The cost.** Tasks with the same footprint stand in one line, of which only the first can matter, and lines stand
//! behind the *gate* that is in the way of most (see [`crate::graph::Overlaps`]): a gate that is shut is passed at one
//! glance, however many wait there. An index over what is ready; nothing here is stored.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::policy::{Policy, Review};
use super::state::State;
use crate::graph::{Graph, Overlaps};

/// The tasks that could start if their files were free.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    /// Of each task its place in the order.
    rank: Vec<usize>,
    /// The tasks in the order.
    order: Vec<usize>,
    /// By rank, those that overlap with nobody.
    free: BTreeSet<usize>,
    /// The first rank behind each gate, with the gate.
    gates: BTreeSet<(usize, usize)>,
    /// Of each gate the first rank of each line, with its footprint.
    lines: HashMap<usize, BTreeSet<(usize, usize)>>,
    /// Of each footprint the ranks in its line.
    line: HashMap<usize, BTreeSet<usize>>,
}

/// Where the next task in the order may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Free,
    Gate(usize),
    Line { gate: usize, footprint: usize },
}

impl Lines {
    /// Nobody in line yet.
    pub(crate) fn new(graph: &Graph, policy: &Policy) -> Self {
        let mut order: Vec<usize> = (0..graph.len()).collect();
        if policy.jobs > 1 {
            let chains = graph.chains();
            order.sort_by_key(|&task| Reverse(chains[task]));
        }
        if policy.review == Review::Wave {
            let wave = graph.wave_of_each();
            order.sort_by_key(|&task| wave[task]);
        }
        let mut rank = vec![0; order.len()];
        order
            .iter()
            .enumerate()
            .for_each(|(at, &task)| rank[task] = at);
        Self {
            rank,
            order,
            free: BTreeSet::new(),
            gates: BTreeSet::new(),
            lines: HashMap::new(),
            line: HashMap::new(),
        }
    }

    /// `task` may start as far as the plan goes.
    pub(crate) fn join(&mut self, overlaps: &Overlaps, task: usize) {
        self.change(overlaps, task, BTreeSet::insert);
    }

    /// `task` has started, or may not any more.
    pub(crate) fn leave(&mut self, overlaps: &Overlaps, task: usize) {
        self.change(overlaps, task, |ranks, rank| ranks.remove(&rank));
    }

    fn change(
        &mut self,
        overlaps: &Overlaps,
        task: usize,
        change: impl FnOnce(&mut BTreeSet<usize>, usize) -> bool,
    ) {
        let rank = self.rank[task];
        let Some(footprint) = overlaps.footprint(task) else {
            change(&mut self.free, rank);
            return;
        };
        let gate = overlaps.gate(footprint);
        let line = self.line.entry(footprint).or_default();
        let lines = self.lines.entry(gate).or_default();
        let first = line.first().map(|&rank| (rank, footprint));
        change(line, rank);
        let next = line.first().map(|&rank| (rank, footprint));
        let at_gate =
            |lines: &BTreeSet<(usize, usize)>| lines.first().map(|&(rank, _)| (rank, gate));
        let first_line = at_gate(lines);
        replace(lines, first, next);
        replace(&mut self.gates, first_line, at_gate(lines));
    }

    /// The first `wanted` tasks that may start beside `running`, and beside each other, in their order.
    pub(crate) fn first(
        &self,
        overlaps: &Overlaps,
        running: &[usize],
        wanted: usize,
    ) -> Vec<usize> {
        let mut picked = Vec::new();
        // What may not be touched, with the rank of whom it belongs to.
        let mut taken: Vec<(usize, usize)> = running
            .iter()
            .filter_map(|&task| Some((overlaps.footprint(task)?, self.rank[task])))
            .collect();
        let mut next = BinaryHeap::new();
        next.extend(self.free.first().map(|&rank| Reverse((rank, Place::Free))));
        next.extend(self.gates.first().map(at_gate));
        while picked.len() < wanted
            && let Some(Reverse((rank, place))) = next.pop()
        {
            let (gate, footprint) = match place {
                Place::Free => {
                    picked.push(self.order[rank]);
                    let later = self.free.range(rank + 1..).next();
                    next.extend(later.map(|&rank| Reverse((rank, Place::Free))));
                    continue;
                }
                Place::Gate(gate) => {
                    next.extend(self.gates.range((rank, gate + 1)..).next().map(at_gate));
                    let line = self.lines.get(&gate).and_then(BTreeSet::first);
                    match line {
                        Some(&(_, footprint)) => (gate, footprint),
                        None => continue,
                    }
                }
                Place::Line { gate, footprint } => (gate, footprint),
            };
            let in_the_way = taken
                .iter()
                .filter(|(other, _)| overlaps.meet(footprint, *other));
            let ahead = in_the_way
                .map(|(_, other)| *other < rank)
                .reduce(|one, other| one || other);
            match ahead {
                None => {
                    picked.push(self.order[rank]);
                    taken.push((footprint, rank));
                }
                // It waits only for those behind it, and is not overtaken again.
                Some(false) => taken.push((footprint, rank)),
                Some(true) => {}
            }
            if !taken.iter().any(|(other, _)| overlaps.shuts(*other, gate)) {
                let lines = self.lines.get(&gate);
                let later = lines.and_then(|lines| lines.range((rank, footprint + 1)..).next());
                next.extend(
                    later
                        .map(|&(rank, footprint)| Reverse((rank, Place::Line { gate, footprint }))),
                );
            }
        }
        picked
    }
}

impl State {
    /// The first `wanted` tasks that may start now, each beside all that is under way and beside those before it.
    pub fn startable(&self, wanted: usize) -> Vec<usize> {
        let holds = |task: &usize| self.tasks[*task].phase.slot().is_some();
        let running: Vec<usize> = self.active().filter(holds).collect();
        let policy = &self.run.policy;
        self.frontier
            .startable(&self.graph, policy, &running, wanted)
    }
}

fn at_gate(&(rank, gate): &(usize, usize)) -> Reverse<(usize, Place)> {
    Reverse((rank, Place::Gate(gate)))
}

/// Puts what comes first now where stood what came first before.
fn replace<T: Ord>(set: &mut BTreeSet<T>, before: Option<T>, now: Option<T>) {
    if before != now {
        if let Some(before) = before {
            set.remove(&before);
        }
        set.extend(now);
    }
}

#[cfg(test)]
mod tests;
