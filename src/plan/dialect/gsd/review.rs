//! What these plans ask of a task: which files, what to do, how it is verified, and when it is done.

use super::tags::Item;
use crate::plan::gaps::{Asked, Gaps};
use crate::plan::{Fault, Task};

const FILES: Asked = Asked {
    what: "`<files>`",
    help: "name what it changes in `<files>`",
};
const ACTION: Asked = Asked {
    what: "`<action>`",
    help: "say what is to be done in `<action>`",
};
const VERIFY: Asked = Asked {
    what: "`<verify>`",
    help: "say how it is verified in `<verify>`, commands in `<automated>`",
};
const DONE: Asked = Asked {
    what: "`<done>`",
    help: "say in `<done>` what must hold at the end",
};

/// What the tasks of one plan lack; a checkpoint asks a person, and needs none of it.
pub(super) fn gaps(items: &[Item<'_>], tasks: &[Task]) -> Vec<Fault> {
    let is_work = |at: usize| {
        let kind = items[at].attribute("type").unwrap_or_default();
        !kind.starts_with("checkpoint")
    };
    let has = |at: usize, names: &[&str]| names.iter().any(|name| items[at].child(name).is_some());
    let lacks = |at: usize, names: &[&str]| is_work(at) && !has(at, names);
    Gaps::of_tasks(
        tasks,
        &[
            (FILES, &|at, task| is_work(at) && task.files.is_empty()),
            (ACTION, &|at, _| {
                lacks(at, &["action", "behavior", "implementation"])
            }),
            (VERIFY, &|at, _| lacks(at, &["verify", "behavior"])),
            (DONE, &|at, _| {
                lacks(at, &["done", "acceptance_criteria", "behavior"])
            }),
        ],
    )
}
