//! The `task-master` dialect: `.taskmaster/tasks/tasks.json`, in which a task with subtasks is a group of them.
//!
//! See `dialects.md`. Knows neither files nor runs: texts in, a plan out. Of a file with several tags one is read.

mod entries;
mod review;
mod statuses;
mod tags;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::gaps;
use crate::plan::json::Node;
use crate::plan::room::NEEDS_MAX;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{
    Change, Check, Dialect, Fault, Ids, Imported, Plan, Progress, Task, TaskId, Wishes, is_named,
};
use entries::{Entry, Needed, Told};
use tags::Tag;

/// More of a group's own words is not repeated for each of its subtasks.
const GROUP_WORDS_MAX: usize = 8 * 1024;

/// See the module.
pub(super) struct TaskMaster;

impl Format for TaskMaster {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if is_at_home(path) {
            return Some(Fit::Place("it lies where Task Master keeps its tasks"));
        }
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        (is_json && recognizes(text, is_named(path, "tasks.json")))
            .then_some(Fit::Content("it holds tasks with ids and titles"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let named = entries.iter().filter(|path| is_named(path, "tasks.json"));
        let is_plan = |path: &Path| {
            let fits = |text: String| self.fits(path, &Text::new(path, &text)).is_some();
            is_at_home(path) || source::read(path).is_ok_and(fits)
        };
        let plans = named.filter(|path| is_plan(path));
        plans.map(|plan| with_state(plan)).collect()
    }

    fn homes(&self) -> &'static [&'static str] {
        &[".taskmaster/tasks", "tasks"]
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        Ok(with_state(path))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }

    fn titles(
        &self,
        _plan: &Plan,
        sources: &[Source],
        progress: &Progress,
    ) -> HashMap<TaskId, String> {
        let source = sources.first();
        source.map_or_else(HashMap::new, |source| {
            statuses::titles(&source.text(), &sources[1..], progress)
        })
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let Some(source) = sources.first() else {
            return Vec::new();
        };
        let edits = statuses::edits(&source.text(), &sources[1..], progress);
        let path = source.path.clone();
        (!edits.is_empty())
            .then_some(Change::Edit { path, edits })
            .into_iter()
            .collect()
    }
}

fn is_at_home(path: &Path) -> bool {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    full.ends_with(".taskmaster/tasks/tasks.json")
}

/// `state.json` one directory up says which of several tags is meant; of one tag nothing needs to be said.
fn with_state(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_path_buf()];
    let up = path
        .parent()
        .map(|directory| directory.join("../state.json"));
    let has_several = || {
        let text = source::read(path).unwrap_or_default();
        let text = Text::new(path, &text);
        Node::parse(&text).is_ok_and(|root| tags::tags(root).len() > 1)
    };
    files.extend(up.filter(|state| state.is_file() && has_several()));
    files
}

/// Whether a JSON text holds a list of what has both an id and a title (editors have `tasks.json` files, too); in a file
/// that is not called so they also say how far they are or what they wait for.
fn recognizes(text: &Text<'_>, is_called_tasks: bool) -> bool {
    let Ok(root) = Node::parse(text) else {
        return false;
    };
    tags::tags(root).iter().any(|tag| {
        let first = tag.entries.first().map(Node::members).unwrap_or_default();
        let has = |name: &str| first.iter().any(|(key, _)| key == name);
        has("id") && has("title") && (is_called_tasks || has("status") || has("dependencies"))
    })
}

fn read(sources: &[Source]) -> Reading {
    let text = sources[0].text();
    let mut faults = Vec::new();
    let mut plan = Plan {
        dialect: Dialect::TaskMaster,
        title: title(&sources[0].path),
        tasks: Vec::new(),
        wishes: Wishes::default(),
        artifacts: vec![sources[0].path.display().to_string()],
    };
    match Node::parse(&text) {
        Err(fault) => faults.push(fault),
        Ok(root) => {
            let members = root.members();
            let objects = members.iter().map(|(_, node)| node.members());
            let all = objects.chain([members.clone()]);
            faults.extend(all.filter_map(|members| entries::given_twice(&members, &text)));
            let tags = tags::tags(root);
            match tags::choose(&tags, &sources[1..], &text) {
                Err(fault) => faults.push(fault),
                Ok((tag, told)) => {
                    faults.extend(told);
                    if tags.len() > 1 {
                        plan.title = format!("{}: {}", plan.title, tag.name);
                    }
                    plan.tasks = tasks(tag, &text, &mut faults);
                }
            }
        }
    }
    Reading { plan, faults }
}

/// The project: the directory that `.taskmaster/tasks` or `tasks` lies in.
fn title(path: &Path) -> String {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut above = full.ancestors().skip(1).filter_map(Path::file_name);
    let project = above.find(|name| *name != "tasks" && *name != ".taskmaster");
    project.map_or_else(
        || "plan".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn tasks(tag: &Tag<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Task> {
    let mut told = Told::new();
    let read = tag.entries.iter();
    let entries: Vec<Entry> = read
        .filter_map(|node| Entry::read(*node, None, text, &mut told))
        .collect();
    faults.append(&mut told.faults);
    faults.extend(review::twice(&entries, text));
    let leaves = leaves(&entries);
    let mut meant = Ids::new(leaves.keys().copied());
    let mut tasks = Vec::new();
    let mut count = 0;
    for entry in &entries {
        let needed = needs(entry, None, (&leaves, &mut meant), text, faults);
        count += needed.len() * entry.subtasks.len().max(1);
        if count > NEEDS_MAX {
            let range = entry.id_range.clone();
            let fault = text.error(range, "the plan has more than a million dependencies");
            faults.push(fault.help("let a subtask depend on the last subtask of another task"));
            break;
        }
        faults.extend(statuses::contradiction(entry, text));
        if entry.subtasks.is_empty() {
            tasks.push(task(entry, None, needed.clone(), text));
        }
        for subtask in &entry.subtasks {
            let mut needed = needed.clone();
            for need in needs(subtask, Some(entry), (&leaves, &mut meant), text, faults) {
                if !needed.contains(&need) {
                    needed.push(need);
                }
            }
            tasks.push(task(subtask, Some(entry), needed, text));
        }
    }
    gaps::review(faults, review::gaps(&entries, text));
    gaps::review(faults, review::early(&tasks));
    gaps::review(faults, review::without_need(&tasks));
    tasks
}

/// What is run for each id: the task itself, or all its subtasks.
fn leaves(entries: &[Entry]) -> HashMap<&str, Vec<&str>> {
    let mut leaves: HashMap<&str, Vec<&str>> = HashMap::new();
    for entry in entries {
        let own = leaves.entry(&entry.id).or_default();
        match entry.subtasks.as_slice() {
            [] => own.push(&entry.id),
            subtasks => own.extend(subtasks.iter().map(|subtask| subtask.id.as_str())),
        }
        for subtask in &entry.subtasks {
            leaves.insert(&subtask.id, vec![&subtask.id]);
        }
    }
    leaves
}

/// The tasks that an entry names as its dependencies, each a task that is run.
fn needs(
    entry: &Entry,
    parent: Option<&Entry>,
    (leaves, meant): (&HashMap<&str, Vec<&str>>, &mut Ids<'_>),
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<TaskId> {
    let mut needs = Vec::new();
    for needed in &entry.needs {
        let id = named(needed, entry, parent, leaves);
        let is_own = parent.is_some_and(|parent| parent.id == id)
            || entry.subtasks.iter().any(|subtask| subtask.id == id);
        match leaves.get(id.as_str()) {
            _ if is_own => faults.push(
                text.warning(
                    needed.range.clone(),
                    format!(
                        "`{}` and `{id}` are parts of one another, so neither waits",
                        entry.id
                    ),
                )
                .help("a task with subtasks is done when they are"),
            ),
            Some(tasks) => {
                needs.extend(tasks.iter().map(|task| TaskId::new(*task)));
            }
            None => {
                let message = format!("`{}` depends on `{id}`, which is not in the plan", entry.id);
                let is_task = needed.id != id && leaves.contains_key(needed.id.as_str());
                let help = match is_task {
                    true => Some(format!(
                        "among subtasks a number is a sibling; for the task write `\"{}\"`",
                        needed.id
                    )),
                    false => meant.did_you_mean(&id, &entry.id),
                };
                faults.push(text.error(needed.range.clone(), message).maybe_help(help));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    needs.retain(|need| seen.insert(need.clone()));
    needs
}

/// The id that a dependency means: for a subtask a plain number is a sibling, and text without a dot is one
/// if there is another subtask of that number.
fn named(
    needed: &Needed,
    entry: &Entry,
    parent: Option<&Entry>,
    leaves: &HashMap<&str, Vec<&str>>,
) -> String {
    let Some(parent) = parent else {
        return needed.id.clone();
    };
    let sibling = format!("{}.{}", parent.id, needed.id);
    let is_sibling = leaves.contains_key(sibling.as_str()) && sibling != entry.id;
    if is_sibling || needed.is_number && !needed.id.contains('.') {
        sibling
    } else {
        needed.id.clone()
    }
}

fn task(entry: &Entry, parent: Option<&Entry>, needs: Vec<TaskId>, text: &Text<'_>) -> Task {
    let status = statuses::imported(entry.status.as_deref(), parent);
    Task {
        id: TaskId::new(entry.id.as_str()),
        title: entry.title.clone(),
        body: body(entry, parent),
        needs,
        group: parent.map(|parent| parent.title.clone()),
        verify: entry.tested.iter().cloned().map(Check::Prose).collect(),
        acceptance: entry.acceptance.clone(),
        imported: status.map(|status| Imported {
            status,
            commit: None,
        }),
        ..Task::at(text.location(entry.at))
    }
}

/// The entry's own words, and those of the task that it is a part of.
fn body(entry: &Entry, parent: Option<&Entry>) -> String {
    let mut body = entry.words();
    if let Some(parent) = parent {
        let words = parent.words();
        body.push_str(&format!(
            "\n## Part of task {}: {}\n",
            parent.id, parent.title
        ));
        if words.len() <= GROUP_WORDS_MAX && !words.is_empty() {
            body.push('\n');
            body.push_str(&words);
        }
    }
    body.trim().to_owned()
}
