//! What is told of a checklist: the faults that all its formats know.

use std::collections::HashMap;
use std::ops::Range;

use super::Item;
use crate::plan::text::Text;
use crate::plan::{Fault, Task};

/// A plan without tasks, and where it would begin.
pub(in crate::plan) fn no_tasks(text: &Text<'_>, example: &str) -> Fault {
    text.error(text.start()..text.start(), "the plan has no tasks")
        .help(format!("a task is a line such as `{example}`"))
}

/// Boxes of which nothing says whether they are tasks, and the first of them.
pub(in crate::plan) fn without_id(first: &Item, count: usize, text: &Text<'_>) -> Fault {
    let what = match count {
        1 => "a box without an id is no task here".to_owned(),
        count => format!("{count} boxes without an id are no tasks here"),
    };
    text.warning(first.mark.range.clone(), what)
        .help("the tasks of this plan have ids; give it one if it is to be done by itself")
}

/// Tasks that may run beside each other and say that they change the same file: told once.
pub(in crate::plan) fn shared_files(
    tasks: &[Task],
    rows: &[Range<usize>],
    marker: &str,
) -> Option<Fault> {
    let mut found: Option<(Fault, usize)> = None;
    for row in rows.iter().filter(|row| row.len() > 1) {
        let mut first: HashMap<&str, &Task> = HashMap::new();
        for task in &tasks[row.clone()] {
            let shared = task
                .files
                .iter()
                .find_map(|file| Some((file, *first.get(file.as_str())?)));
            if let Some((file, other)) = shared {
                if let Some((_, count)) = &mut found {
                    *count += 1;
                } else {
                    let message = format!(
                        "tasks `{}` and `{}` are marked `{marker}`, and both change `{file}`",
                        other.id, task.id
                    );
                    let fault =
                        Fault::warning(message).at(task.location.clone(), task.id.as_str().len());
                    found = Some((fault, 1));
                }
            }
            for file in &task.files {
                first.entry(file).or_insert(task);
            }
        }
    }
    let (fault, count) = found?;
    let others = match count {
        1 => String::new(),
        count => format!("; so do {} more", count - 1),
    };
    Some(fault.help(format!(
        "run side by side, the later one may conflict, and is then tried again on the new base{others}"
    )))
}
