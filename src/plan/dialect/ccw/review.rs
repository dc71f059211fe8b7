//! What a reviewer would say of a session's files: what is broken, missing, or in two minds.
//!
//! Each thing is told once, however many tasks have it.

use std::collections::HashSet;
use std::path::Path;

use super::ids;
use super::outline::Outline;
use super::rows::{Row, TaskFile};
use super::todo::{Entry, Todo};
use crate::plan::checklist::without_id;
use crate::plan::gaps::{Gaps, Lack};
use crate::plan::text::Text;
use crate::plan::{Fault, Severity, Task};

/// Tells of files that cannot be read, that are missing, and that no line names; `over` are the rows that are done
/// or left out.
pub(super) fn files(
    rows: &[Row<'_>],
    todo: &Todo,
    list: Option<&Text<'_>>,
    files: &[(&Path, TaskFile)],
    over: &[bool],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let listed = rows.iter().filter(|row| row.entry.is_some());
    let listed: HashSet<&str> = listed.map(|row| &*row.key).collect();
    let mut unlisted: Vec<&Outline> = Vec::new();
    for (row, over) in rows.iter().zip(over) {
        if let Some(TaskFile::Broken(fault)) = row.file {
            faults.push(broken(row, fault, *over));
        }
        if let Some(outline) = row.outline() {
            faults.extend(outline.faults.iter().cloned());
            if row.entry.is_none() && !todo.entries.is_empty() && !listed.contains(&*row.key) {
                unlisted.push(outline);
            }
        }
    }
    if let Some(first) = unlisted.first() {
        let (id, more) = (&first.id, more(unlisted.len()));
        let message = format!("task `{id}` has no line in `TODO_LIST.md`, so it comes last{more}");
        faults.push(Fault::warning(message).at(first.location.clone(), 0));
    }
    faults.extend(files.iter().filter_map(|(path, file)| misnamed(path, file)));
    let open = rows.iter().zip(over).filter(|(_, over)| !**over);
    let without_file = open.filter(|(row, _)| row.file.is_none() && !row.is_container());
    let without_file = without_file.filter_map(|(row, _)| row.entry);
    let without_file: Vec<&Entry> = without_file.collect();
    faults.extend(
        list.into_iter()
            .flat_map(|list| of_list(todo, list, &without_file, files)),
    );
    faults
}

/// What the JSONs of open tasks lack of what is asked of them.
pub(super) fn gaps(tasks: &[Task], rows: &[Row<'_>]) -> Vec<Fault> {
    let run = rows.iter().filter(|row| !row.is_container());
    let read: Vec<(&Task, &Outline)> = tasks
        .iter()
        .zip(run)
        .filter(|(task, _)| task.is_open())
        .filter_map(|(task, row)| Some((task, row.outline()?)))
        .collect();
    let mut gaps = Gaps::among("task", read.len());
    let mut told: HashSet<&str> = HashSet::new();
    for asked in read.iter().flat_map(|(_, outline)| &outline.lacking) {
        if told.insert(asked.what) {
            let lacks = |outline: &Outline| {
                let mut lacking = outline.lacking.iter();
                lacking.any(|other| other.what == asked.what)
            };
            let without = read.iter().filter(|(_, outline)| lacks(outline));
            gaps.add(*asked, without.map(|(task, _)| Lack::of(task)).collect());
        }
    }
    gaps.faults()
}

/// The documents of a session that are not there while it has something to be run.
pub(super) fn documents(
    tasks: &[Task],
    list: Option<&Text<'_>>,
    plan: Option<&Text<'_>>,
) -> Option<Fault> {
    let missing = match (list, plan) {
        (Some(_), Some(_)) => return None,
        (None, Some(_)) => "no `TODO_LIST.md`, so tasks come in the order of their ids",
        (Some(_), None) => "no `IMPL_PLAN.md`, so groups decide what runs side by side",
        (None, None) => {
            "neither `TODO_LIST.md` nor `IMPL_PLAN.md`, so ids and groups decide the order"
        }
    };
    let first = tasks.iter().find(|task| task.is_open())?;
    let at = match list.or(plan) {
        Some(text) => text.location(text.start()),
        None => first.location.clone(),
    };
    let fault = Fault::warning(format!("the session has {missing}"));
    Some(fault.at(at, 0))
}

/// A task in a file that is named for another.
fn misnamed(path: &Path, file: &TaskFile) -> Option<Fault> {
    let (TaskFile::Task(outline), stem) = (file, path.file_stem()?.to_string_lossy()) else {
        return None;
    };
    (ids::key(&stem) != ids::key(&outline.id)).then(|| {
        Fault::warning(format!(
            "the file `{stem}.json` holds the task `{}`",
            outline.id
        ))
        .at(outline.location.clone(), 0)
        .help("tools look for a task in the file of its id")
    })
}

/// What the list promises and nothing holds, and where it contradicts itself.
fn of_list(
    todo: &Todo,
    list: &Text<'_>,
    without_file: &[&Entry],
    files: &[(&Path, TaskFile)],
) -> Vec<Fault> {
    let unnamed = todo.unnamed.first();
    let unnamed = unnamed.map(|first| without_id(first.clone(), todo.unnamed.len(), list));
    let mut faults: Vec<Fault> = unnamed.into_iter().collect();
    let without_file = without_file.iter().copied();
    let (missing, bare): (Vec<&Entry>, Vec<&Entry>) =
        without_file.partition(|entry| entry.names_file);
    let stems = files
        .iter()
        .filter_map(|(path, _)| path.file_stem()?.to_str());
    let stems: HashSet<&str> = stems.collect();
    let is_there = |entry: &&Entry| stems.contains(&*entry.id);
    let (other, missing): (Vec<&Entry>, Vec<&Entry>) = missing.into_iter().partition(is_there);
    if let Some(first) = other.first() {
        let (id, more) = (&first.id, more(other.len()));
        let message = format!("`.task/{id}.json` holds no task `{id}`{more}");
        let help = format!("say `\"id\": \"{id}\"` in it");
        faults.push(list.error(first.at.clone(), message).help(help));
    }
    if let Some(first) = missing.first() {
        let message = format!(
            "`.task/{}.json` does not exist{}",
            first.id,
            more(missing.len())
        );
        let help = "bring it back from git, or take the link out of the line: then the task is what the line says";
        faults.push(list.error(first.at.clone(), message).help(help));
    }
    if let Some(first) = bare.first() {
        let (id, more) = (&first.id, more(bare.len()));
        let message =
            format!("task `{id}` has no JSON, so its executor is told what stands here{more}");
        faults.push(list.warning(first.at.clone(), message));
    }
    let disagreeing = todo.entries.iter().filter(|entry| entry.disagrees());
    faults.extend(disagreeing.map(|entry| {
        let (id, times) = (&entry.id, entry.times);
        let message =
            format!("task `{id}` has {times} lines with different marks; a ticked one counts");
        list.warning(entry.at.clone(), message)
    }));
    faults
}

/// A task whose file cannot be read cannot run; one that is done need not.
fn broken(row: &Row<'_>, fault: &Fault, is_over: bool) -> Fault {
    match is_over {
        true => Fault { severity: Severity::Warning, ..fault.clone() }
            .help(format!("task `{}` is done by the list, so nothing of it is needed; the file is left as it is", row.id)),
        false => fault.clone().help(format!(
            "task `{}` cannot run without it, and it is left as it is; `git enact doctor` looks for its last good version in git's history",
            row.id
        )),
    }
}

fn more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => "; one more is like it".to_owned(),
        count => format!("; {} more are like it", count - 1),
    }
}
