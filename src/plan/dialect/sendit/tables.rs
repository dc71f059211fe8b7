//! Which tables of `PROGRESS.md` are about tasks, which column of them is which, and how they spell an id.
//!
//! Knows nothing of what the cells say besides.

use std::collections::HashMap;

use crate::plan::markdown::{Block, Document, Table};
use crate::plan::{Fault, Task};

/// Which column is which.
pub(super) struct Columns {
    pub(super) id: usize,
    pub(super) status: usize,
    pub(super) commit: Option<usize>,
    /// The one that says in words what a task is.
    pub(super) title: Option<usize>,
    /// Whether a column says `Task`.
    pub(super) says_task: bool,
}

/// Names of the column that says what a task is.
const TASK: [&str; 9] = [
    "task",
    "tasks",
    "task #",
    "task id",
    "task name",
    "task title",
    "title",
    "tarea",
    "tareas",
];

/// Beginnings of the names of columns that say what else a table is about.
const OTHERS: [&str; 16] = [
    "finding",
    "risk",
    "issue",
    "question",
    "decision",
    "criteri",
    "acceptance",
    "requirement",
    "bug",
    "defect",
    "test",
    "check",
    "assumption",
    "deviation",
    "blocker",
    "gap",
];

/// The tables that are about tasks, in their order. What was found or may happen is numbered as well, and has a status
/// that is none of a task's; where a table says `Task`, those that only have a commit are about something else.
pub(super) fn tables(document: &Document) -> Vec<(&Table, Columns)> {
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some((table, columns(table)?)),
        _ => None,
    });
    let mut tables: Vec<(&Table, Columns)> = tables.collect();
    if tables.iter().any(|(_, columns)| columns.says_task) {
        tables.retain(|(_, columns)| columns.says_task);
    }
    tables
}

/// The columns of a table that is about tasks: the first of them that names a thing names a task or, where none does, one
/// holds commits.
fn columns(table: &Table) -> Option<Columns> {
    let header: Vec<String> = table
        .rows
        .first()?
        .iter()
        .map(|cell| cell.text.trim_matches([' ', '*', '`']).to_lowercase())
        .collect();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&name.as_str()))
    };
    let is_other = |name: &str| OTHERS.iter().any(|other| name.starts_with(other));
    let named = header.iter().find_map(|name| {
        let is_task = TASK.contains(&name.as_str());
        (is_task || is_other(name)).then_some(is_task)
    });
    let commit = column(&["commit", "commits", "hash", "sha", "commit hash"]);
    let says_task = match named {
        Some(is_task) => is_task.then_some(true)?,
        None => commit.map(|_| false)?,
    };
    let id = column(&["#", "id", "no", "no.", "nr", "task #", "task id"])
        .or_else(|| column(&["task", "tarea"]))?;
    let mut columns = header.iter().enumerate();
    let title = columns.position(|(at, name)| at != id && TASK.contains(&name.as_str()));
    Some(Columns {
        id,
        title,
        status: column(&["status", "state", "estado"])?,
        commit,
        says_task,
    })
}

/// An id as a table may spell it: `01`, `**1**`, `Task 1`, `1.`.
pub(super) fn key(id: &str) -> String {
    let id = id
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let id = id.strip_prefix("task ").unwrap_or(&id).trim();
    let id = id.split([':', ' ']).next().unwrap_or_default();
    let short = id.trim_start_matches('0');
    match short.chars().next() {
        Some(first) if first.is_ascii_digit() => short.to_owned(),
        None if !id.is_empty() => "0".to_owned(),
        _ => id.to_owned(),
    }
}

/// Tasks whose ids differ and are one in a table: a row of `01` would say of task `1` what it says of the other.
pub(super) fn alike(tasks: &[Task]) -> Vec<Fault> {
    let mut first: HashMap<String, &Task> = HashMap::new();
    let mut faults = Vec::new();
    for task in tasks {
        let id = task.id.as_str();
        let other = *first.entry(key(id)).or_insert(task);
        // What differs in nothing else than case is told of plans of any format.
        if !other.id.as_str().eq_ignore_ascii_case(id) {
            let message = format!(
                "task ids `{}` and `{id}` are one in a progress table",
                other.id
            );
            let fault = Fault::error(message).at(task.location.clone(), id.len());
            faults.push(fault.help(format!("the first is at {}", other.location)));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn ids_are_matched_as_tables_spell_them() {
        for spelled in ["1", "01", "**1**", "Task 1", "1."] {
            assert_eq!(key(spelled), "1", "{spelled}");
        }
        assert_eq!(key("2b"), "2b");
        assert_eq!(key("0"), "0");
    }
}
