//! Which tasks declare files that others declare too, so that they had better not run side by side.
//!
//! An index, made once: pairs of tasks are never compared, for ten thousand of them make fifty million. What is
//! declared becomes patterns, each kept once however many tasks declare it; two that may cover the same path are
//! neighbours, and are found by how they begin. Tasks that declare the same patterns have one *footprint*. What nobody
//! else declares is in no footprint, so that most tasks of most plans have none.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::plan::{Pattern, Task, choices};

/// More pairs of patterns than these are not compared sign by sign.
const COMPARISONS_MAX: usize = 200_000;

/// As many globs that begin alike stand for the whole folder, when there are too many to be compared.
const ALIKE_MAX: usize = 32;

/// What tasks declare and others do too.
#[derive(Debug, Clone, Default)]
pub struct Overlaps {
    patterns: Vec<Declared>,
    /// Of each footprint its patterns, sorted.
    footprints: Vec<Vec<usize>>,
    /// Of each footprint the pattern that it meets and that most tasks declare.
    gates: Vec<usize>,
    /// The footprint of each task.
    of: Vec<Option<usize>>,
}

#[derive(Debug, Clone)]
struct Declared {
    pattern: Pattern,
    /// The tasks that declare it, in the plan's order.
    by: Vec<usize>,
    /// Other patterns that may cover the same path, sorted.
    neighbours: Vec<usize>,
}

impl Overlaps {
    pub(super) fn new(tasks: &[Task]) -> Self {
        let mut crowded = HashSet::new();
        let mut patterns = declared(tasks, &crowded);
        // What is crowded once is one glob from then on.
        while let Err(found) = find_neighbours(&mut patterns) {
            crowded.extend(found);
            patterns = declared(tasks, &crowded);
        }
        let mut found = Self {
            of: vec![None; tasks.len()],
            patterns,
            ..Self::default()
        };
        found.tread();
        found
    }

    /// Gives each task its footprint.
    fn tread(&mut self) {
        let mut by_task: Vec<Vec<usize>> = vec![Vec::new(); self.of.len()];
        for (at, declared) in self.patterns.iter().enumerate() {
            let alone = (declared.by.len() == 1).then_some(&declared.by);
            let is_alone = |by: &Vec<usize>| alone == Some(by);
            let mut others = declared.neighbours.iter();
            if alone.is_none() || others.any(|&other| !is_alone(&self.patterns[other].by)) {
                declared.by.iter().for_each(|&task| by_task[task].push(at));
            }
        }
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        for (task, patterns) in by_task.into_iter().enumerate() {
            if !patterns.is_empty() {
                let next = known.len();
                self.of[task] = Some(*known.entry(patterns).or_insert(next));
            }
        }
        self.footprints = vec![Vec::new(); known.len()];
        for (patterns, at) in known {
            self.footprints[at] = patterns;
        }
        let gates: Vec<usize> = (0..self.patterns.len())
            .map(|at| self.busiest(at))
            .collect();
        let busiest = |patterns: &Vec<usize>| {
            let gates = patterns.iter().map(|&at| gates[at]);
            gates
                .max_by_key(|&at| self.patterns[at].by.len())
                .unwrap_or(0)
        };
        self.gates = self.footprints.iter().map(busiest).collect();
    }

    /// Of a pattern and those that it meets, the one that most tasks declare.
    fn busiest(&self, at: usize) -> usize {
        let met = self.patterns[at].neighbours.iter().copied();
        let met = std::iter::once(at).chain(met);
        met.max_by_key(|&at| (self.patterns[at].by.len(), usize::MAX - at))
            .unwrap_or(at)
    }

    /// What a task and some other both declare; none when it overlaps with no other.
    pub fn footprint(&self, task: usize) -> Option<usize> {
        self.of[task]
    }

    /// The pattern that is most in the way of tasks with this footprint: they all overlap with whoever declares it.
    pub fn gate(&self, footprint: usize) -> usize {
        self.gates[footprint]
    }

    /// Whether tasks with these footprints may change the same file.
    pub fn meet(&self, one: usize, two: usize) -> bool {
        let mut patterns = self.footprints[one].iter();
        one == two || patterns.any(|&pattern| self.is_met(pattern, two))
    }

    fn is_met(&self, pattern: usize, footprint: usize) -> bool {
        let neighbours = &self.patterns[pattern].neighbours;
        let mut patterns = self.footprints[footprint].iter();
        patterns.any(|own| *own == pattern || neighbours.binary_search(own).is_ok())
    }

    /// Whether a footprint shuts a gate: all that are behind it overlap with whoever has this one.
    pub fn shuts(&self, footprint: usize, gate: usize) -> bool {
        self.footprints[footprint].binary_search(&gate).is_ok()
    }

    /// Whether two tasks may change the same file.
    pub fn overlap(&self, one: usize, two: usize) -> bool {
        match (self.of[one], self.of[two]) {
            (Some(first), Some(second)) => one != two && self.meet(first, second),
            _ => false,
        }
    }

    /// Each pattern that several tasks declare, with those that do.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let shared = self
            .patterns
            .iter()
            .filter(|declared| declared.by.len() > 1);
        shared.map(|declared| (declared.pattern.text(), &declared.by[..]))
    }

    /// Each two patterns that may cover the same path, with who declares them.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = [(&str, &[usize]); 2]> {
        let each = |at: usize| {
            let declared = &self.patterns[at];
            (declared.pattern.text(), &declared.by[..])
        };
        let pairs = self.patterns.iter().enumerate().flat_map(|(at, declared)| {
            let later = declared.neighbours.iter().filter(move |other| **other > at);
            later.map(move |&other| (at, other))
        });
        pairs.map(move |(one, two)| [each(one), each(two)])
    }
}

/// What the tasks declare, each pattern once; globs that begin as one of `crowded` as all that is in its folder.
fn declared(tasks: &[Task], crowded: &HashSet<String>) -> Vec<Declared> {
    let mut patterns: Vec<Declared> = Vec::new();
    let mut by_text: HashMap<String, usize> = HashMap::new();
    let mut by_written: HashMap<&str, Vec<usize>> = HashMap::new();
    for (task, found) in tasks.iter().enumerate() {
        for written in found.files.iter().chain(&found.creates) {
            let places = by_written.entry(written).or_insert_with(|| {
                let each = choices(written).into_iter().map(|choice| {
                    let pattern = Pattern::new(&choice);
                    let pattern = match !pattern.is_path() && crowded.contains(pattern.lead()) {
                        true => Pattern::all_in(pattern.lead()),
                        false => pattern,
                    };
                    let next = patterns.len();
                    let place = *by_text.entry(pattern.text().to_owned()).or_insert(next);
                    if place == next {
                        let (by, neighbours) = (Vec::new(), Vec::new());
                        patterns.push(Declared {
                            pattern,
                            by,
                            neighbours,
                        });
                    }
                    place
                });
                each.collect()
            });
            for &place in places.iter() {
                let by = &mut patterns[place].by;
                if by.last() != Some(&task) {
                    by.push(task);
                }
            }
        }
    }
    patterns
}

/// Finds which patterns meet; when those are too many to be compared, how the globs begin that are in the way.
fn find_neighbours(patterns: &mut [Declared]) -> Result<(), HashSet<String>> {
    let mut paths: HashMap<&str, usize> = HashMap::new();
    let mut globs: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, declared) in patterns.iter().enumerate() {
        if declared.pattern.is_path() {
            paths.insert(declared.pattern.lead(), at);
        } else {
            globs.entry(declared.pattern.lead()).or_default().push(at);
        }
    }
    let lengths: BTreeSet<usize> = globs.keys().map(|lead| lead.len()).collect();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut comparisons = 0;
    for (at, declared) in patterns.iter().enumerate() {
        let lead = declared.pattern.lead();
        // Whatever it covers lies in each folder that its beginning names.
        let folders = lead.match_indices('/').map(|(end, _)| &lead[..end]);
        pairs.extend(folders.filter_map(|folder| Some((*paths.get(folder)?, at))));
        // Two globs can only meet when one begins as the other does.
        for &length in lengths.range(..=lead.len()) {
            let Some(alike) = lead.get(..length).and_then(|begun| globs.get(begun)) else {
                continue;
            };
            comparisons += alike.len();
            if comparisons > COMPARISONS_MAX {
                let crowded = globs.iter().filter(|(_, alike)| alike.len() > ALIKE_MAX);
                let crowded: HashSet<String> =
                    crowded.map(|(lead, _)| (*lead).to_owned()).collect();
                if !crowded.is_empty() {
                    return Err(crowded);
                }
            }
            let is_mutual = length == lead.len() && !declared.pattern.is_path();
            let others = alike.iter().filter(|&&other| !is_mutual || other < at);
            let met = others.filter(|&&other| patterns[other].pattern.meets(&declared.pattern));
            pairs.extend(met.map(|&other| (other, at)));
        }
    }
    for (one, two) in pairs {
        patterns[one].neighbours.push(two);
        patterns[two].neighbours.push(one);
    }
    for declared in patterns.iter_mut() {
        declared.neighbours.sort_unstable();
        declared.neighbours.dedup();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
