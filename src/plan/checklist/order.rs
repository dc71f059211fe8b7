//! Order as checklists write it: one after the other, neighbours beside each other where they are marked so.
//!
//! Knows no format: which tasks may run beside their neighbours, and where a new stage begins, is told.

use crate::plan::{Task, TaskId};

/// Up to this many tasks each may name all that it waits for.
const TASKS_MAX: usize = 1_000;

/// In larger plans, so many pairs of tasks at one boundary.
const PAIRS_MAX: usize = 10_000;

/// How a task stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) struct Step {
    /// Whether it may run beside a neighbour that may as well.
    pub(in crate::plan) beside: bool,
    /// Whether it is the first of a stage, which waits for all of the stage before.
    pub(in crate::plan) first: bool,
}

/// The tasks that run beside each other, in order, as ranges of indices.
pub(in crate::plan) fn rows(steps: &[Step]) -> Vec<std::ops::Range<usize>> {
    let mut rows: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let joins = at > 0 && step.beside && steps[at - 1].beside && !step.first;
        match rows.last_mut() {
            Some(row) if joins => row.end = at + 1,
            _ => rows.push(at..at + 1),
        }
    }
    rows
}

/// Puts every task after those of the row before.
pub(in crate::plan) fn in_rows(tasks: &mut [Task], rows: &[std::ops::Range<usize>]) {
    let is_small = tasks.len() <= TASKS_MAX;
    for pair in rows.windows(2) {
        let (before, row) = (pair[0].clone(), pair[1].clone());
        let ids: Vec<TaskId> = tasks[before].iter().map(|task| task.id.clone()).collect();
        let first = tasks[row.start].id.clone();
        if is_small || ids.len() * row.len() <= PAIRS_MAX {
            for task in &mut tasks[row] {
                task.after.clone_from(&ids);
            }
        } else {
            // One waits for all and the others for it: the same order, with fewer edges than pairs.
            for task in &mut tasks[row.clone()] {
                task.after = vec![first.clone()];
            }
            tasks[row.start].after = ids;
        }
    }
}
