//! The `ccw` dialect: a session directory with `TODO_LIST.md`, `IMPL_PLAN.md` and a JSON a task.
//!
//! See `dialects.md`. The list says which tasks there are and in which order, the JSONs what they are and what they
//! depend on, the plan how they are executed. Where the files disagree, that is told.

mod body;
mod ids;
mod needs;
mod order;
mod outline;
mod review;
mod rows;
mod session;
mod statuses;
mod strategy;
mod todo;

use std::path::{Path, PathBuf};

use super::{Defaults, Fit, Format, Reading};
use crate::plan::Fault;
use crate::plan::is_named;
use crate::plan::source::Source;
use crate::plan::text::Text;

const TODO: &str = "TODO_LIST.md";
const PLAN: &str = "IMPL_PLAN.md";
const SESSION: &str = "workflow-session.json";
const TASKS: &str = ".task";

/// See the module.
pub(super) struct Ccw;

impl Format for Ccw {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if is_named(path, SESSION) {
            return Some(Fit::Name("it is called `workflow-session.json`"));
        }
        if is_named(path, TODO) && (is_session(path) || links_tasks(text)) {
            return Some(Fit::Name("it is the `TODO_LIST.md` of a session"));
        }
        (is_named(path, PLAN) && is_session(path))
            .then_some(Fit::Name("it is the `IMPL_PLAN.md` of a session"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let named = |name: &str| entries.iter().find(|path| is_named(path, name));
        let has_tasks = named(TASKS).is_some_and(|tasks| !tasks_in(tasks).is_empty());
        let is_session = has_tasks || named(SESSION).is_some() && named(TODO).is_some();
        let any = [TODO, SESSION, PLAN, TASKS]
            .iter()
            .find_map(|name| named(name));
        let plan = any.filter(|_| is_session).map(|path| all_files(path));
        plan.filter(|files| !files.is_empty()).into_iter().collect()
    }

    fn homes(&self) -> &'static [&'static str] {
        &[
            ".workflow/active/*",
            ".workflow/WFS-*",
            "active/WFS-*",
            "WFS-*",
        ]
    }

    fn session<'p>(&self, file: &'p Path) -> Option<&'p Path> {
        let directory = file.parent()?;
        match directory.ends_with(TASKS) {
            true => directory.parent(),
            false => Some(directory),
        }
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        if [TODO, PLAN, SESSION]
            .iter()
            .any(|name| is_named(path, name))
        {
            return Ok(all_files(path));
        }
        let message = format!("`{}` is no file that names a session", path.display());
        Err(Fault::error(message).help("name the directory of the session, or its `TODO_LIST.md`"))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        session::read(sources)
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            sequential: false,
            retries: 2,
            goes_on: true,
        }
    }
}

/// Whether what a session has besides stands beside this file.
fn is_session(path: &Path) -> bool {
    path.with_file_name(SESSION).is_file() || !tasks_in(&path.with_file_name(TASKS)).is_empty()
}

/// Whether the list's lines name the files of tasks.
fn links_tasks(text: &Text<'_>) -> bool {
    text.text.contains("](./.task/") || text.text.contains("](.task/")
}

/// All files of the session that has this one in its directory, the list first, the tasks last.
fn all_files(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = [TODO, PLAN, SESSION]
        .iter()
        .map(|name| path.with_file_name(name))
        .filter(|path| path.is_file())
        .collect();
    files.extend(tasks_in(&path.with_file_name(TASKS)));
    files
}

/// The JSONs of a `.task` directory in the order of their names, as people count.
fn tasks_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_json = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    };
    let mut tasks: Vec<PathBuf> = paths.filter(is_json).collect();
    tasks.sort_by_cached_key(|path| {
        ids::rank(&path.file_stem().unwrap_or_default().to_string_lossy())
    });
    tasks
}
