//! The order of a session's tasks: what may run side by side, and what waits for what.
//!
//! Dependencies are needs, and are not made here. This is the order beyond them, which the execution model asks
//! for; it never contradicts a need, and where nothing is sure, one task comes after the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::strategy::Model;

/// More edges than these between two batches are led through one task.
const EDGES_MAX: usize = 250_000;

/// What the order of a task depends on.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The tasks that must be done before it.
    pub(super) needs: Vec<usize>,
    /// Its group, unless it must be alone.
    pub(super) group: Option<String>,
    /// The number of its phase.
    pub(super) phase: usize,
}

/// What each task comes after, by their numbers; `chains` are pairs of which the plan says that the first comes
/// before the second.
pub(super) fn after(places: &[Place], model: Model, chains: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut after = vec![Vec::new(); places.len()];
    for &(first, then) in chains {
        after[then].push(first);
    }
    let keys = keys(places, model);
    let order = sorted(places, &after, &keys).or_else(|| {
        // What contradicts a dependency orders nothing.
        after = vec![Vec::new(); places.len()];
        sorted(places, &after, &keys)
    });
    let Some(order) = order.filter(|_| model != Model::Parallel) else {
        // Who needs whom in a circle is told by the graph; an order of our own would only hide it.
        return after;
    };
    let mut before: &[usize] = &[];
    // Neighbours of one group make a batch; everyone else is alone.
    for batch in order.chunk_by(|&one, &next| belong_together(&places[one], &places[next], model)) {
        if before.len() * batch.len() > EDGES_MAX {
            after[batch[0]].extend(before);
            batch[1..]
                .iter()
                .for_each(|&task| after[task].push(batch[0]));
        } else {
            batch.iter().for_each(|&task| after[task].extend(before));
        }
        before = batch;
    }
    after
}

/// Phases by their numbers, within them groups as they first appear: what belongs together stays together.
fn keys(places: &[Place], model: Model) -> Vec<(usize, usize)> {
    let mut first: HashMap<(usize, &str), usize> = HashMap::new();
    let mut keys = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        let phase = if model == Model::Phased {
            place.phase
        } else {
            0
        };
        let group = place
            .group
            .as_deref()
            .filter(|_| model != Model::Sequential);
        let within = group.map_or(at, |group| *first.entry((phase, group)).or_insert(at));
        keys.push((phase, within));
    }
    keys
}

/// All tasks so that each stands behind those that it waits for, and else by key; nothing when that cannot be.
fn sorted(places: &[Place], after: &[Vec<usize>], keys: &[(usize, usize)]) -> Option<Vec<usize>> {
    let mut waiting = vec![0_usize; places.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); places.len()];
    for (at, place) in places.iter().enumerate() {
        for &other in place.needs.iter().chain(&after[at]) {
            waiting[at] += 1;
            followers[other].push(at);
        }
    }
    let free = (0..places.len()).filter(|&at| waiting[at] == 0);
    let mut ready: BinaryHeap<Reverse<((usize, usize), usize)>> =
        free.map(|at| Reverse((keys[at], at))).collect();
    let mut order = Vec::with_capacity(places.len());
    while let Some(Reverse((_, at))) = ready.pop() {
        order.push(at);
        for &follower in &followers[at] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.push(Reverse((keys[follower], follower)));
            }
        }
    }
    (order.len() == places.len()).then_some(order)
}

fn belong_together(one: &Place, other: &Place, model: Model) -> bool {
    let is_phase = model != Model::Phased || one.phase == other.phase;
    model != Model::Sequential && is_phase && one.group.is_some() && one.group == other.group
}

#[cfg(test)]
mod tests {
    use super::{Place, after};
    use crate::plan::dialect::ccw::strategy::Model;

    fn place(needs: &[usize], group: &str, phase: usize) -> Place {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Place {
            needs: needs.to_vec(),
            group: named(group),
            phase,
        }
    }

    #[test]
    fn one_after_the_other_but_never_before_what_is_needed() {
        let places = [place(&[], "", 0), place(&[2], "", 0), place(&[], "", 0)];
        assert_eq!(
            after(&places, Model::Sequential, &[]),
            [vec![], vec![2], vec![0]]
        );
    }

    #[test]
    fn groups_run_side_by_side_and_wait_for_each_other() {
        let places = [
            place(&[], "a", 0),
            place(&[], "b", 0),
            place(&[], "a", 0),
            place(&[], "", 0),
        ];
        assert_eq!(
            after(&places, Model::Grouped, &[]),
            [vec![], vec![0, 2], vec![], vec![1]]
        );
    }

    #[test]
    fn phases_are_barriers() {
        let places = [place(&[], "g", 1), place(&[], "g", 2), place(&[], "g", 1)];
        assert_eq!(
            after(&places, Model::Phased, &[]),
            [vec![], vec![0, 2], vec![]]
        );
    }

    #[test]
    fn side_by_side_means_that_only_needs_and_chains_order() {
        let places = [place(&[], "", 0), place(&[], "", 0), place(&[0], "", 0)];
        assert_eq!(
            after(&places, Model::Parallel, &[(0, 1)]),
            [vec![], vec![0], vec![]]
        );
        let contradiction = after(&places, Model::Parallel, &[(2, 0)]);
        assert!(contradiction.iter().all(Vec::is_empty));
    }

    #[test]
    fn a_circle_is_left_for_the_graph_to_tell() {
        let places = [place(&[1], "", 0), place(&[0], "", 0)];
        assert!(
            after(&places, Model::Sequential, &[])
                .iter()
                .all(Vec::is_empty)
        );
    }

    #[test]
    fn large_groups_do_not_multiply() {
        let mut places: Vec<Place> = Vec::new();
        for group in ["a", "b"] {
            places.extend((0..2_000).map(|_| place(&[], group, 0)));
        }
        let edges: usize = after(&places, Model::Grouped, &[])
            .iter()
            .map(Vec::len)
            .sum();
        assert_eq!(edges, 2_000 + 1_999);
    }
}
