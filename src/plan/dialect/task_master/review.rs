//! What Task Master's own schema asks of a task, and whether tasks were done before what they depend on.

use std::collections::{HashMap, HashSet};

use super::entries::Entry;
use super::statuses;
use crate::plan::gaps::{Asked, Gaps, Lack};
use crate::plan::text::Text;
use crate::plan::{Fault, ImportedStatus, Task};

const WORDS: Asked = Asked {
    what: "`details`",
    help: "say in `details` or `description` what is to be done",
};
const TESTED: Asked = Asked {
    what: "`testStrategy`",
    help: "say in `testStrategy` how it is proven",
};

/// Ids of which one entry at least has subtasks, so that no two tasks that are run need be called the same.
pub(super) fn twice(entries: &[Entry], text: &Text<'_>) -> Vec<Fault> {
    let mut first: HashMap<String, &Entry> = HashMap::with_capacity(entries.len());
    let all = entries
        .iter()
        .flat_map(|entry| std::iter::once(entry).chain(&entry.subtasks));
    let mut faults = Vec::new();
    for entry in all {
        let other = *first.entry(entry.id.to_lowercase()).or_insert(entry);
        let is_other = !std::ptr::eq(other, entry);
        if is_other && !(other.subtasks.is_empty() && entry.subtasks.is_empty()) {
            let message = match other.id == entry.id {
                true => format!("task id `{}` is used twice", entry.id),
                false => format!(
                    "task ids `{}` and `{}` differ only in case",
                    other.id, entry.id
                ),
            };
            let fault = text.error(entry.id_range.clone(), message);
            faults.push(fault.help(format!("the first is at {}", text.location(other.at))));
        }
    }
    faults
}

/// What open tasks lack; subtasks are tested with their task.
pub(super) fn gaps(entries: &[Entry], text: &Text<'_>) -> Vec<Fault> {
    let status = |entry: &Entry| statuses::imported(entry.status.as_deref(), None);
    let is_open =
        |entry: &&Entry| status(entry).is_none_or(|status| status == ImportedStatus::InProgress);
    let open: Vec<&Entry> = entries.iter().filter(is_open).collect();
    let lack = |entry: &&Entry| Lack {
        id: entry.id.clone(),
        at: text.location(entry.at),
    };
    let mut gaps = Gaps::among("task", open.len());
    let mute = open.iter().filter(|entry| entry.words().is_empty());
    gaps.add(WORDS, mute.map(lack).collect());
    let untested = open.iter().filter(|entry| entry.tested.is_none());
    gaps.add(TESTED, untested.map(lack).collect());
    gaps.faults()
}

/// Tasks that run although what they depend on is left out, told once: that nobody will do it holds nobody, and who put
/// it off may not have thought of them.
pub(super) fn without_need(tasks: &[Task]) -> Option<Fault> {
    let status = |task: &Task| task.imported.as_ref().map(|imported| imported.status);
    let is_left_out = |task: &&Task| status(task) == Some(ImportedStatus::Skipped);
    let left_out: HashSet<_> = tasks
        .iter()
        .filter(is_left_out)
        .map(|task| &task.id)
        .collect();
    let is_open =
        |task: &&Task| status(task).is_none_or(|status| status == ImportedStatus::InProgress);
    let mut without = tasks.iter().filter(is_open).filter_map(|task| {
        let need = task.needs.iter().find(|need| left_out.contains(need))?;
        Some((task, need))
    });
    let (task, need) = without.next()?;
    let more = match without.count() {
        0 => "",
        1 => "; one more is like it",
        _ => "; others are like it",
    };
    let message = format!(
        "task `{}` depends on `{need}`, which is deferred or cancelled: it runs without it{more}",
        task.id
    );
    let fault = Fault::warning(message).at(task.location.clone(), task.id.as_str().len());
    Some(fault.help("defer it as well, or take the dependency out if it can do without"))
}

/// Tasks that are done although what they depend on is not, told once.
pub(super) fn early(tasks: &[Task]) -> Option<Fault> {
    let is_over = |task: &Task| {
        let status = task.imported.as_ref().map(|imported| imported.status);
        status.is_some_and(|status| status != ImportedStatus::InProgress)
    };
    let open: HashSet<_> = tasks
        .iter()
        .filter(|task| !is_over(task))
        .map(|task| &task.id)
        .collect();
    let is_done = |task: &Task| {
        let status = task.imported.as_ref().map(|imported| imported.status);
        status == Some(ImportedStatus::Done)
    };
    let mut early = tasks
        .iter()
        .filter(|task| is_done(task))
        .filter_map(|task| {
            let need = task.needs.iter().find(|need| open.contains(need))?;
            Some((task, need))
        });
    let (task, need) = early.next()?;
    let more = match early.count() {
        0 => "",
        1 => "; one more is like it",
        _ => "; others are like it",
    };
    let message = format!(
        "task `{}` is done, but `{need}`, which it depends on, is not{more}",
        task.id
    );
    Some(Fault::warning(message).at(task.location.clone(), task.id.as_str().len()))
}
