//! The `ccw` dialect: a session directory with `TODO_LIST.md`, `IMPL_PLAN.md` and a JSON a task.
//!
//! See `dialects.md`. The list says which tasks there are and in which order, the JSONs what they are and what they
//! depend on, the plan how they are executed. Where the files disagree, that is told.

mod asked;
mod body;
mod closing;
mod documents;
mod ids;
mod marking;
mod needs;
mod order;
mod outline;
mod proving;
mod required;
mod review;
mod rows;
mod session;
mod statuses;
mod strategy;
mod todo;
mod waits;

use std::path::{Path, PathBuf};

use self::outline::Object;
use super::{Defaults, Fit, Format, Reading, Unfolded};
use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Artifact, Change, Fault, Progress, Session, Task, is_named};

const TODO: &str = "TODO_LIST.md";
const PLAN: &str = "IMPL_PLAN.md";
const SESSION: &str = "workflow-session.json";
const TASKS: &str = ".task";

/// What a note below a task begins with that says how a run of it ended.
const NOTE: &str = "- Note (git enact):";

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
        directory(file)
    }

    fn session_places(&self, task: &Task) -> Session {
        let kept = task.source.as_ref().map(|source| source.file.as_str());
        let file = kept.and_then(|kept| kept.split_once('-'));
        Session {
            plan_path: Some(PLAN.to_owned()),
            todo_list_path: Some(TODO.to_owned()),
            context_package_path: Some(documents::PACKAGE.to_owned()),
            summaries_dir: Some(documents::SUMMARIES.to_owned()),
            task_json_path: file.map(|(_, file)| format!("{TASKS}/{file}")),
            ..Session::default()
        }
    }

    fn documents(&self, text: &Text<'_>) -> Vec<Artifact> {
        documents::listed(text)
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        if is_main(path) {
            return Ok(all_files(path));
        }
        let message = format!("`{}` is no file that names a session", path.display());
        Err(Fault::error(message).help("name the directory of the session, or its `TODO_LIST.md`"))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        session::read(sources)
    }

    fn is_read_apart(&self, path: &Path) -> bool {
        !is_main(path)
    }

    fn is_sound(&self, text: &Text<'_>) -> bool {
        Node::parse(text).is_ok()
    }

    fn unfold(&self, task: &Task, text: &Text<'_>) -> Result<Unfolded, Fault> {
        let wanted = task.source.as_ref().map(|source| source.sha256.as_str());
        if wanted != Some(asked::digest(text, &Object::parse(text)?).as_str()) {
            let message = format!(
                "the file of task `{}` is not the one that the plan was read from",
                task.id
            );
            return Err(Fault::error(message));
        }
        let top = Node::parse(text)?;
        let task = Task {
            body: body::body(&top),
            acceptance: body::acceptance(&top),
            ..task.clone()
        };
        Ok(Unfolded {
            task,
            inherited: body::inherited(&top),
            artifacts: documents::of_task(&top),
            flow_control: documents::flow(&top),
        })
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        marking::write(sources, progress)
    }

    fn moved(&self, place: &Path) -> Option<PathBuf> {
        closing::archived_at(place)
    }

    fn without_progress(&self, text: &Text<'_>) -> Option<String> {
        text.path
            .extension()
            .filter(|extension| *extension == "json")?;
        Some(asked::digest(text, &Object::parse(text).ok()?))
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            unproven_blocks: false,
            sequential: false,
            retries: 2,
            goes_on: true,
        }
    }
}

/// The session's directory, of one of its files.
fn directory(file: &Path) -> Option<&Path> {
    let directory = file.parent()?;
    match directory.ends_with(TASKS) {
        true => directory.parent(),
        false => Some(directory),
    }
}

/// Whether it is one of the files that say something of the whole session.
fn is_main(path: &Path) -> bool {
    [TODO, PLAN, SESSION]
        .iter()
        .any(|name| is_named(path, name))
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
