//! Layers of a graph, and the circles in it when there are none.

use crate::plan::{Fault, Task};

/// A longer circle is told by its beginning and its end.
const SHOWN_MAX: usize = 8;

/// The layer of each task, from 0; `Err` when some wait in a circle, which then have none.
pub(super) fn layers(
    needs: &[Vec<usize>],
    after: &[Vec<usize>],
) -> Result<Vec<Option<usize>>, Vec<Option<usize>>> {
    let count = needs.len();
    let mut waiting = vec![0_usize; count];
    let mut dependents = vec![Vec::new(); count];
    for task in 0..count {
        for &other in needs[task].iter().chain(&after[task]) {
            waiting[task] += 1;
            dependents[other].push(task);
        }
    }
    let mut layers = vec![None; count];
    let mut current: Vec<usize> = (0..count).filter(|task| waiting[*task] == 0).collect();
    let mut layer = 0;
    while !current.is_empty() {
        let mut next = Vec::new();
        for &task in &current {
            layers[task] = Some(layer);
            for &dependent in &dependents[task] {
                waiting[dependent] -= 1;
                if waiting[dependent] == 0 {
                    next.push(dependent);
                }
            }
        }
        current = next;
        layer += 1;
    }
    if layers.iter().all(Option::is_some) {
        Ok(layers)
    } else {
        Err(layers)
    }
}

/// One fault a circle, at the first of its tasks in the text.
pub(super) fn faults(
    tasks: &[Task],
    needs: &[Vec<usize>],
    after: &[Vec<usize>],
    layers: &[Option<usize>],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut visited = vec![0_usize; tasks.len()];
    for start in 0..tasks.len() {
        // Whoever has no layer waits for somebody who has none: following one such each ends in a circle.
        let mut path = Vec::new();
        let mut at = start;
        while layers[at].is_none() && visited[at] == 0 {
            visited[at] = start + 1;
            path.push(at);
            let mut waits_for = needs[at].iter().chain(&after[at]);
            match waits_for.find(|other| layers[**other].is_none()) {
                Some(next) => at = *next,
                None => break,
            }
        }
        if !path.is_empty() && visited[at] == start + 1 {
            let from = path.iter().position(|task| *task == at).unwrap_or(0);
            faults.push(circle(tasks, &path[from..]));
        }
    }
    faults
}

fn circle(tasks: &[Task], path: &[usize]) -> Fault {
    let first = path
        .iter()
        .enumerate()
        .min_by_key(|(_, task)| **task)
        .map_or(0, |(at, _)| at);
    let mut ids: Vec<&str> = path[first..]
        .iter()
        .chain(&path[..first])
        .map(|task| tasks[*task].id.as_str())
        .collect();
    ids.push(ids[0]);
    let shown = if ids.len() > SHOWN_MAX {
        let middle = ids.len() - SHOWN_MAX;
        let (front, back) = (&ids[..SHOWN_MAX / 2], &ids[ids.len() - SHOWN_MAX / 2..]);
        format!(
            "{} -> ({middle} more) -> {}",
            front.join(" -> "),
            back.join(" -> ")
        )
    } else {
        ids.join(" -> ")
    };
    let message = format!("tasks wait for each other in a circle: {shown}");
    let at = &tasks[path[first]];
    Fault::error(message)
        .at(at.location.clone(), 0)
        .help("remove one of these from `needs` or `after`")
}
