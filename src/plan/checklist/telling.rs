//! What is told of a checklist: the faults that all its formats know.

use std::ops::Range;

use super::order::Wait;
use crate::plan::text::Text;
use crate::plan::{Fault, Task};

/// A plan without tasks, and where it would begin.
pub(in crate::plan) fn no_tasks(text: &Text<'_>, example: &str) -> Fault {
    text.error(text.start()..text.start(), "the plan has no tasks")
        .help(format!("a task is a line such as `{example}`"))
}

/// Boxes of which nothing says whether they are tasks, and where the first of them stands.
pub(in crate::plan) fn without_id(first: Range<usize>, count: usize, text: &Text<'_>) -> Fault {
    let what = match count {
        1 => "a box without an id is no task here".to_owned(),
        count => format!("{count} boxes without an id are no tasks here"),
    };
    text.warning(first, what)
        .help("the tasks of this plan have ids; give it one if it is to be done by itself")
}

/// Tasks that are marked to run beside others and wait for one, because both change the same file: told once.
pub(in crate::plan) fn waits(waits: &[Wait], tasks: &[Task], marker: &str) -> Option<Fault> {
    let first = waits.first()?;
    let (task, before) = (&tasks[first.task], &tasks[first.before]);
    let message = format!(
        "tasks `{}` and `{}` are marked `{marker}`, but both change `{}`: the second waits",
        before.id, task.id, first.file
    );
    let fault = Fault::warning(message).at(task.location.clone(), task.id.as_str().len());
    let others = match waits.len() {
        1 => String::new(),
        count => format!("; so do {} more", count - 1),
    };
    Some(fault.help(format!("what is marked so changes different files{others}")))
}
