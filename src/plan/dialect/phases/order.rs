//! In which order the phases come: dependencies, groups, `Parallel`, and the safe reading where nothing is said.
//!
//! Needs are what the plan writes down. All other order is laid along one sequence that agrees with the needs, so
//! that what a plan says in two places can contradict itself and still never run in a circle.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet};

/// What is known of a phase before the order is made; phases are numbers in the order of the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) needs: Vec<usize>,
    /// It waits for the one before it, because nobody could say what it waits for.
    pub(super) waits: bool,
    /// It comes before all others.
    pub(super) first: bool,
    /// Phases it comes after besides, as far as that agrees with the rest.
    pub(super) after: Vec<usize>,
    /// Its group, by the order of the groups.
    pub(super) group: Option<usize>,
    /// It runs beside nothing but what is said to run beside it.
    pub(super) alone: bool,
    /// Phases that it says it may run beside.
    pub(super) beside: Vec<usize>,
}

/// More edges than any plan has that a person wrote.
const EDGES_MAX: usize = 1_000_000;

/// What each phase comes after, besides what it needs; nothing at all when the needs go in a circle, and none when
/// there would be too many.
pub(super) fn after(known: &[Known]) -> Option<Vec<Vec<usize>>> {
    let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); known.len()];
    let firsts = known.iter().filter(|phase| phase.first).count();
    if firsts.saturating_mul(known.len()) > EDGES_MAX {
        return None;
    }
    let waits = waits(known);
    let Some((ranks, depths)) = ranks(known, &waits) else {
        return Some(vec![Vec::new(); known.len()]);
    };
    // What could begin early comes early, so that one that runs alone holds up no more than it must.
    let Some(sequence) = sequence(known, &waits, |phase| (ranks[phase], depths[phase], phase))
    else {
        return Some(vec![Vec::new(); known.len()]);
    };
    let mut position = vec![0; known.len()];
    for (place, phase) in sequence.iter().enumerate() {
        position[*phase] = place;
    }
    let comes_before = |a: usize, b: usize| position[a] < position[b];
    for (phase, before) in waits.iter().enumerate() {
        edges[phase].extend(before);
        edges[phase].extend(
            known[phase]
                .after
                .iter()
                .filter(|other| comes_before(**other, phase)),
        );
    }
    barriers(known, &ranks, &mut edges)?;
    side_by_side(known, &sequence, &mut edges)?;
    let own = |(phase, edges): (usize, BTreeSet<usize>)| {
        let needs: HashSet<usize> = known[phase].needs.iter().copied().collect();
        edges
            .into_iter()
            .filter(|other| *other != phase && !needs.contains(other))
            .collect()
    };
    Some(edges.into_iter().enumerate().map(own).collect())
}

/// What each phase waits for that is no need: the one before it, or one that comes before all.
fn waits(known: &[Known]) -> Vec<Vec<usize>> {
    let firsts: Vec<usize> = (0..known.len())
        .filter(|phase| known[*phase].first && known[*phase].needs.is_empty())
        .collect();
    // Only where phases need later ones can waiting go in a circle.
    let needs_later =
        (0..known.len()).any(|phase| known[phase].needs.iter().any(|need| *need > phase));
    let circles = needs_later.then(|| circles(known));
    let wait = |phase: usize| {
        let is_root = known[phase].needs.is_empty() && !known[phase].waits;
        if is_root {
            let is_before =
                |first: &&usize| **first != phase && (!firsts.contains(&phase) || **first < phase);
            return firsts.iter().filter(is_before).copied().collect();
        }
        let before = phase.checked_sub(1).filter(|_| known[phase].waits);
        let is_sound = |before: &usize| {
            let circles = circles.as_ref();
            circles.is_none_or(|circles| circles[*before] != circles[phase])
        };
        before.filter(is_sound).into_iter().collect()
    };
    (0..known.len()).map(wait).collect()
}

/// A number for each phase; phases have the same that need each other or wait for each other in a circle.
fn circles(known: &[Known]) -> Vec<usize> {
    let before = |phase: usize| {
        let waits = known[phase].waits.then(|| phase.checked_sub(1)).flatten();
        known[phase].needs.iter().copied().chain(waits)
    };
    // Once along what comes before, to see who is finished last; then, from the last, the other way round.
    let mut finished = Vec::with_capacity(known.len());
    let mut seen = vec![false; known.len()];
    for start in 0..known.len() {
        let mut open = vec![(start, false)];
        while let Some((phase, is_left)) = open.pop() {
            if is_left {
                finished.push(phase);
            } else if !std::mem::replace(&mut seen[phase], true) {
                open.push((phase, true));
                open.extend(
                    before(phase)
                        .filter(|next| !seen[*next])
                        .map(|next| (next, false)),
                );
            }
        }
    }
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); known.len()];
    for phase in 0..known.len() {
        before(phase).for_each(|other| behind[other].push(phase));
    }
    let mut circles = vec![usize::MAX; known.len()];
    for start in finished.into_iter().rev() {
        let mut open = vec![start];
        while let Some(phase) = open.pop() {
            if circles[phase] == usize::MAX {
                circles[phase] = start;
                open.extend(&behind[phase]);
            }
        }
    }
    circles
}

/// Along the needs, in the order that `priority` gives to those that could be next; none when there is a circle.
fn sequence<P: Ord>(
    known: &[Known],
    waits: &[Vec<usize>],
    priority: impl Fn(usize) -> P,
) -> Option<Vec<usize>> {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); known.len()];
    let mut missing: Vec<usize> = vec![0; known.len()];
    for phase in 0..known.len() {
        for before in known[phase].needs.iter().chain(&waits[phase]) {
            followers[*before].push(phase);
            missing[phase] += 1;
        }
    }
    let mut ready: BinaryHeap<Reverse<(P, usize)>> = (0..known.len())
        .filter(|phase| missing[*phase] == 0)
        .map(|phase| Reverse((priority(phase), phase)))
        .collect();
    let mut sequence = Vec::new();
    while let Some(Reverse((_, phase))) = ready.pop() {
        sequence.push(phase);
        for follower in &followers[phase] {
            missing[*follower] -= 1;
            if missing[*follower] == 0 {
                ready.push(Reverse((priority(*follower), *follower)));
            }
        }
    }
    (sequence.len() == known.len()).then_some(sequence)
}

/// In which group a phase can be at the earliest, its own or that of what it needs if that is later, and how many it
/// must wait for one after the other.
fn ranks(known: &[Known], waits: &[Vec<usize>]) -> Option<(Vec<usize>, Vec<usize>)> {
    let sequence = sequence(known, waits, |phase| phase)?;
    let (mut ranks, mut depths) = (vec![0; known.len()], vec![0; known.len()]);
    for phase in sequence {
        let before = known[phase].needs.iter().chain(&waits[phase]);
        let (mut rank, mut depth) = (known[phase].group.unwrap_or(0), 0);
        for before in before {
            rank = rank.max(ranks[*before]);
            depth = depth.max(depths[*before] + 1);
        }
        ranks[phase] = rank;
        depths[phase] = depth;
    }
    Some((ranks, depths))
}

/// A group waits for all of the group before it.
fn barriers(known: &[Known], ranks: &[usize], edges: &mut [BTreeSet<usize>]) -> Option<()> {
    let mut groups: std::collections::BTreeMap<usize, Vec<usize>> =
        std::collections::BTreeMap::new();
    for phase in 0..known.len() {
        if known[phase].group.is_some() {
            groups.entry(ranks[phase]).or_default().push(phase);
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let count: usize = groups
        .windows(2)
        .map(|pair| pair[0].len() * pair[1].len())
        .sum();
    if count > EDGES_MAX {
        return None;
    }
    for pair in groups.windows(2) {
        for phase in &pair[1] {
            edges[*phase].extend(&pair[0]);
        }
    }
    Some(())
}

/// A phase that runs alone keeps others from its side, unless they are said to run beside each other. Within groups
/// the groups decide.
fn side_by_side(known: &[Known], sequence: &[usize], edges: &mut [BTreeSet<usize>]) -> Option<()> {
    if !known
        .iter()
        .any(|phase| phase.alone && phase.group.is_none())
    {
        return Some(());
    }
    let beside: Vec<HashSet<usize>> = known
        .iter()
        .map(|phase| phase.beside.iter().copied().collect())
        .collect();
    let named: HashSet<usize> = known
        .iter()
        .flat_map(|phase| phase.beside.iter().copied())
        .collect();
    let is_alone = |phase: usize| known[phase].alone && known[phase].group.is_none();
    let mut count = 0;
    let mut before = Ancestors::new(known.len());
    // Those before that run alone: of others only these matter to one that does not.
    let mut alone = Vec::new();
    for (place, phase) in sequence.iter().enumerate() {
        for other in known[*phase].needs.iter().chain(&edges[*phase]) {
            before.add(*phase, *other);
        }
        if known[*phase].group.is_some() {
            continue;
        }
        let others = match is_alone(*phase) {
            true => &sequence[..place],
            false => &alone,
        };
        for other in others.iter().rev() {
            let is_allowed = beside[*phase].contains(other) || beside[*other].contains(phase);
            let is_grouped = known[*other].group.is_some();
            if (is_alone(*phase) || is_alone(*other)) && !is_allowed && !is_grouped {
                if !before.has(*phase, *other) {
                    edges[*phase].insert(*other);
                    before.add(*phase, *other);
                    count += 1;
                }
                // What comes before one that runs beside nothing comes before all that follow it, too.
                if is_alone(*other) && beside[*other].is_empty() && !named.contains(other) {
                    break;
                }
            }
            if count > EDGES_MAX {
                return None;
            }
        }
        if is_alone(*phase) {
            alone.push(*phase);
        }
    }
    Some(())
}

/// What comes before each phase, directly or through others, to leave out what follows from the rest. Kept only where
/// that is small.
struct Ancestors {
    /// A bit each; empty in plans of more phases than people write.
    rows: Vec<Vec<u64>>,
}

impl Ancestors {
    const PHASES_MAX: usize = 2048;

    fn new(count: usize) -> Self {
        let rows = if count > Self::PHASES_MAX { 0 } else { count };
        Self {
            rows: vec![vec![0; count.div_ceil(64)]; rows],
        }
    }

    fn has(&self, phase: usize, other: usize) -> bool {
        let row = self.rows.get(phase);
        row.is_some_and(|row| row[other / 64] & (1 << (other % 64)) != 0)
    }

    /// All before `other` is known by then.
    fn add(&mut self, phase: usize, other: usize) {
        if self.rows.is_empty() || self.has(phase, other) {
            return;
        }
        let inherited = self.rows[other].clone();
        let row = &mut self.rows[phase];
        row.iter_mut()
            .zip(inherited)
            .for_each(|(own, more)| *own |= more);
        row[other / 64] |= 1 << (other % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, after};

    fn phase(needs: &[usize]) -> Known {
        Known {
            needs: needs.to_vec(),
            ..Known::default()
        }
    }

    fn in_group(group: usize, needs: &[usize]) -> Known {
        Known {
            group: Some(group),
            ..phase(needs)
        }
    }

    #[test]
    fn a_group_waits_for_all_of_the_group_before() {
        let known = [
            in_group(0, &[]),
            in_group(0, &[]),
            in_group(1, &[0]),
            in_group(1, &[]),
        ];
        assert_eq!(
            after(&known),
            Some(vec![vec![], vec![], vec![1], vec![0, 1]])
        );
    }

    #[test]
    fn groups_that_contradict_needs_never_run_in_a_circle() {
        // The first group needs the last.
        let known = [in_group(0, &[2]), in_group(1, &[]), in_group(2, &[])];
        assert_eq!(after(&known), Some(vec![vec![1], vec![], vec![1]]));
        // Two of one group.
        let known = [in_group(0, &[]), in_group(0, &[0]), in_group(1, &[])];
        assert_eq!(after(&known), Some(vec![vec![], vec![], vec![0, 1]]));
    }

    #[test]
    fn a_phase_alone_runs_beside_nothing_but_what_is_named_with_it() {
        let alone = |needs: &[usize]| Known {
            alone: true,
            ..phase(needs)
        };
        let known = [phase(&[]), alone(&[0]), phase(&[])];
        assert_eq!(
            after(&known),
            Some(vec![vec![], vec![2], vec![]]),
            "what can begin early does"
        );
        let with = Known {
            beside: vec![1],
            ..phase(&[])
        };
        let known = [phase(&[]), alone(&[0]), with];
        assert_eq!(after(&known), Some(vec![vec![], vec![], vec![]]));
    }

    #[test]
    fn waiting_gives_way_to_needs() {
        let waiting = Known {
            waits: true,
            ..Known::default()
        };
        let known = [phase(&[1]), waiting.clone(), waiting];
        assert_eq!(after(&known), Some(vec![vec![], vec![], vec![1]]));
        let circle = [phase(&[1]), phase(&[0])];
        assert_eq!(
            after(&circle),
            Some(vec![vec![], vec![]]),
            "the graph tells of it"
        );
    }

    #[test]
    fn one_that_comes_before_all_others_does() {
        let first = Known {
            first: true,
            ..Known::default()
        };
        let known = [phase(&[]), first, phase(&[0]), phase(&[])];
        assert_eq!(after(&known), Some(vec![vec![1], vec![], vec![], vec![1]]));
    }
}
