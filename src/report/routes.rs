//! Which task goes to whom, where that is not the same for all; what was named and leads nowhere is told as well.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::clean::visible_line;
use crate::plan::{Plan, Task};
use crate::run::routes::Routes;

/// More tasks than these are counted rather than listed.
const LISTED_MAX: usize = 40;

/// One line for each route, `missing` naming the executors that are not installed here; nothing without routes.
pub fn lines(plan: &Plan, routes: &Routes, missing: &BTreeSet<String>) -> String {
    let mut text = String::new();
    let lacking = |name: &str| match missing.contains(name) {
        true => " (not installed here)",
        false => "",
    };
    let mut takers: HashMap<&str, Vec<&Task>> = HashMap::new();
    for task in &plan.tasks {
        if let Some((route, _)) = routes.of(task) {
            takers.entry(route).or_default().push(task);
        }
    }
    for (route, name) in &routes.tasks {
        let tasks = takers.remove(route.as_str()).unwrap_or_default();
        let (route, lack) = (visible_line(route), lacking(name));
        let name = visible_line(name);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {route} -> {name}{lack}", named(&tasks));
    }
    if let Some(retry) = &routes.retry {
        let (name, lack) = (visible_line(&retry.executor), lacking(&retry.executor));
        let attempts = match retry.after {
            1 => "a failed attempt".to_owned(),
            more => format!("{more} failed attempts"),
        };
        let _ = writeln!(text, "any task, after {attempts} -> {name}{lack}");
    }
    text
}

fn named(tasks: &[&Task]) -> String {
    let ids = tasks.iter().take(LISTED_MAX);
    let ids: Vec<String> = ids.map(|task| visible_line(task.id.as_str())).collect();
    match tasks.len() {
        0 => "no task".to_owned(),
        1 => format!("task {}", ids[0]),
        count if count > LISTED_MAX => {
            format!("tasks {} and {} more", ids.join(", "), count - LISTED_MAX)
        }
        _ => format!("tasks {}", ids.join(", ")),
    }
}
