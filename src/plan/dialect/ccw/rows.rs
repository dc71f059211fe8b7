//! The tasks of a session: what the list and the files of `.task` say together of which there are.

use std::collections::HashMap;
use std::path::Path;

use super::ids;
use super::outline::Outline;
use super::todo::{Entry, Todo};
use crate::plan::Fault;

/// A file of `.task` as far as it could be read.
pub(super) enum TaskFile {
    /// A task.
    Task(Box<Outline>),
    /// Something else.
    Other,
    /// JSON that is none.
    Broken(Box<Fault>),
}

/// A task of the session: what the list and its file say of it.
pub(super) struct Row<'s> {
    pub(super) id: String,
    /// As it is compared.
    pub(super) key: String,
    pub(super) entry: Option<&'s Entry>,
    pub(super) file: Option<&'s TaskFile>,
}

/// The id that a file's task has, or would have if it could be read.
pub(super) fn id_of(path: &Path, file: &TaskFile) -> Option<String> {
    match file {
        TaskFile::Task(outline) => Some(outline.id.clone()),
        TaskFile::Broken(_) => Some(path.file_stem()?.to_string_lossy().into_owned()),
        TaskFile::Other => None,
    }
}

/// Every task once: in the order of the list, then those that only have a file.
pub(super) fn rows<'s>(
    todo: &'s Todo,
    files: &'s [(&Path, TaskFile)],
    known: &HashMap<String, usize>,
) -> Vec<Row<'s>> {
    let mut taken = vec![false; files.len()];
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(todo.entries.len());
    for entry in &todo.entries {
        let listed = ids::key(&entry.id);
        let found = known.get(&listed);
        let file = found.map(|&at| {
            taken[at] = true;
            &files[at].1
        });
        let id = found.and_then(|&at| id_of(files[at].0, &files[at].1));
        rows.push(Row {
            key: id.as_deref().map_or(listed, ids::key),
            id: id.unwrap_or_else(|| entry.id.clone()),
            entry: Some(entry),
            file,
        });
    }
    for ((path, file), taken) in files.iter().zip(taken) {
        if let (Some(id), false) = (id_of(path, file), taken) {
            rows.push(Row {
                key: ids::key(&id),
                id,
                entry: None,
                file: Some(file),
            });
        }
    }
    rows
}

impl Row<'_> {
    pub(super) fn outline(&self) -> Option<&Outline> {
        match self.file {
            Some(TaskFile::Task(outline)) => Some(outline),
            _ => None,
        }
    }

    pub(super) fn is_container(&self) -> bool {
        self.outline().is_some_and(|outline| outline.is_container)
            || self.entry.is_some_and(|entry| entry.is_container)
    }
}
