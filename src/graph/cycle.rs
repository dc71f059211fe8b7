//! Layers of a graph, and the circles in it when there are none.

use crate::plan::{Dialect, Fault, Task};

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
    dialect: Dialect,
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
            faults.push(circle(dialect, tasks, needs, &path[from..]));
        }
    }
    faults
}

fn circle(dialect: Dialect, tasks: &[Task], needs: &[Vec<usize>], path: &[usize]) -> Fault {
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
    let ring: Vec<usize> = path[first..]
        .iter()
        .chain(&path[..=first])
        .copied()
        .collect();
    let edge = |pair: &[usize]| {
        let (task, other) = (&tasks[pair[0]], &tasks[pair[1]].id);
        let relation = match needs[pair[0]].contains(&pair[1]) {
            true => "needs",
            false => "comes after",
        };
        let place = &task.location;
        let place = format!("{}:{}", place.file.display(), place.line);
        format!("`{}` ({place}) {relation} `{other}`", task.id)
    };
    let mut edges: Vec<String> = ring.windows(2).take(SHOWN_MAX).map(edge).collect();
    if ring.len() > SHOWN_MAX + 1 {
        edges.push("and so on".to_owned());
    }
    let words = dialect.waiting();
    let help = format!("{}; take one of these out of {words}", edges.join(", "));
    let at = &tasks[path[first]];
    Fault::error(message).at(at.location.clone(), 0).help(help)
}
