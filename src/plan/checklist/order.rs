//! Order as checklists write it: one after the other, neighbours beside each other where they are marked so.
//!
//! Knows no format: which tasks may run beside their neighbours, and where a new stage begins, is told.

use std::collections::HashMap;

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

/// A task that waits for one beside it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plan) struct Wait {
    pub(in crate::plan) task: usize,
    pub(in crate::plan) before: usize,
    /// What both change.
    pub(in crate::plan) file: String,
}

/// Has tasks of one row that name the same file wait for each other, in the plan's order. Directories and globs do not
/// count: who names one seldom means all that is in it.
pub(in crate::plan) fn by_files(tasks: &mut [Task], rows: &[std::ops::Range<usize>]) -> Vec<Wait> {
    let mut waits = Vec::new();
    let mut after: Vec<(usize, Vec<TaskId>)> = Vec::new();
    for row in rows.iter().filter(|row| row.len() > 1) {
        let mut last: HashMap<&str, usize> = HashMap::with_capacity(row.len());
        for at in row.clone() {
            let files = tasks[at].files.iter().filter(|file| !file.contains('*'));
            let mut befores: Vec<usize> = Vec::new();
            for file in files {
                let Some(before) = last.insert(file, at) else {
                    continue;
                };
                if before != at && !befores.contains(&before) {
                    if befores.is_empty() {
                        waits.push(Wait {
                            task: at,
                            before,
                            file: file.clone(),
                        });
                    }
                    befores.push(before);
                }
            }
            let ids = befores.iter().map(|before| tasks[*before].id.clone());
            after.push((at, ids.collect()));
        }
    }
    for (at, ids) in after {
        tasks[at].after.extend(ids);
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::{Step, by_files, in_rows, rows};
    use crate::plan::{Location, Task, TaskId};

    fn tasks(files: &[&[&str]]) -> Vec<Task> {
        let task = |(at, files): (usize, &&[&str])| Task {
            id: TaskId::new(at.to_string()),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            ..Task::at(Location::default())
        };
        files.iter().enumerate().map(task).collect()
    }

    fn after(tasks: &[Task]) -> Vec<String> {
        let ids = |task: &Task| {
            task.after
                .iter()
                .map(TaskId::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        };
        tasks.iter().map(ids).collect()
    }

    fn step(beside: bool, first: bool) -> Step {
        Step { beside, first }
    }

    #[test]
    fn neighbours_that_may_run_beside_each_other_and_a_new_stage_waits_for_all() {
        let steps = [
            (false, false),
            (true, false),
            (true, false),
            (true, true),
            (true, false),
            (false, false),
        ];
        let rows = rows(&steps.map(|(beside, first)| step(beside, first)));
        let mut tasks = tasks(&[&[][..]; 6]);
        in_rows(&mut tasks, &rows);
        assert_eq!(after(&tasks), ["", "0", "0", "1 2", "1 2", "3 4"]);
    }

    #[test]
    fn neighbours_that_change_the_same_file_wait_for_each_other() {
        let mut tasks = tasks(&[
            &["a", "b"],
            &["c"],
            &["b", "a", "a"],
            &["a"],
            &["src/**"],
            &["src/**"],
        ]);
        let steps = [step(true, false); 6];
        let waits = by_files(&mut tasks, &rows(&steps));
        assert_eq!(after(&tasks), ["", "", "0", "2", "", ""]);
        let pairs: Vec<(usize, usize)> =
            waits.iter().map(|wait| (wait.before, wait.task)).collect();
        assert_eq!(pairs, [(0, 2), (2, 3)]);
    }

    #[test]
    fn stages_of_very_many_tasks_have_fewer_edges_than_pairs() {
        let mut tasks = tasks(&[&[][..]; 2_000]);
        in_rows(&mut tasks, &[0..1_000, 1_000..2_000]);
        let edges: usize = tasks.iter().map(|task| task.after.len()).sum();
        assert_eq!(edges, 1_000 + 999);
        assert_eq!(tasks[1_999].after, [TaskId::new("1000")]);
    }
}
