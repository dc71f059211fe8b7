//! What whoever executes such task lists looks for: layers without a gap, tasks that say what they leave behind, and
//! a catalog that knows the specs that there are.
//!
//! The catalog and the tree are compared only when several specs run together: who runs one asked for no other.

use super::catalog::{Catalog, Entry};
use super::join::Spec;
use super::layers::Step;
use super::spec::{self, Kind};
use super::tasks::Drafts;
use super::tree;
use crate::plan::gaps::{Asked, Gaps};
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Fault, Task};

/// What open tasks lack.
pub(super) fn gaps(tasks: &[Task]) -> Vec<Fault> {
    const FILES: Asked = Asked {
        what: "files",
        help: "name in backticks what it creates or changes, in its line or below it as `- File: src/login.rs`",
    };
    Gaps::of_tasks(tasks, &[(FILES, &|_, task| task.files.is_empty())])
}

/// A layer between others that has no tasks, or a first one that is missing.
pub(super) fn layers(drafts: &Drafts, steps: &[Step], text: &Text<'_>) -> Option<Fault> {
    let numbered = steps.iter().filter_map(|step| Some((step.number?, step)));
    let mut expected = 0;
    for (number, step) in numbered {
        if number > expected {
            let missing = match number - expected {
                1 => format!("layer {expected}"),
                2 => format!("layers {expected} and {}", number - 1),
                _ => format!("layers {expected} to {}", number - 1),
            };
            let first = &drafts.tasks[*step.tasks.first()?];
            let message = format!("no task stands in {missing}, before layer {number}");
            let fault = text.warning(first.at..first.at, message);
            return Some(fault.help("layers are L0 to L3 without a gap: number them anew, or put the tasks in that are missing"));
        }
        expected = number + 1;
    }
    None
}

/// What the catalog and the directories do not have of one another.
pub(super) fn project(specs: &[Spec<'_>], catalog: &Catalog, sources: &[Source]) -> Vec<Fault> {
    let [first, _, ..] = specs else {
        return Vec::new();
    };
    let homes = tree::homes(first.text.path);
    let known: Vec<String> = homes
        .iter()
        .map(|home| spec::id_of_place(&home.below, catalog))
        .chain(specs.iter().map(|spec| spec.identity.id.clone()))
        .collect();
    let has = |kind| specs.iter().any(|spec| spec.identity.kind == kind);
    let is_wanted = |entry: &Entry| match entry.id.as_bytes().first() {
        Some(b'I' | b'i') => has(Kind::Infrastructure),
        _ => has(Kind::Feature),
    };
    let homeless: Vec<&Entry> = catalog
        .entries
        .iter()
        .filter(|entry| is_wanted(entry) && !catalog.is_there(&entry.id))
        .filter(|entry| !known.iter().any(|id| id.eq_ignore_ascii_case(&entry.id)))
        .collect();
    let mut faults = Vec::new();
    if let Some(entry) = homeless.first() {
        let text = sources[entry.source].text();
        let ids: Vec<&str> = homeless.iter().map(|entry| entry.id.as_str()).collect();
        let have = if ids.len() == 1 { "has" } else { "have" };
        let message = format!("{} {have} no directory below `specs`", shown(&ids));
        let help = "write its tasks, or say that it is `completed`";
        faults.push(text.warning(entry.at.clone(), message).help(help));
    }
    faults.extend(unlisted(specs, catalog));
    let without: Vec<String> = homes
        .iter()
        .filter(|home| !home.has_tasks)
        .filter(|home| !catalog.is_there(&spec::id_of_place(&home.below, catalog)))
        .map(|home| home.directory.display().to_string())
        .collect();
    if !without.is_empty() {
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        let have = if without.len() == 1 { "has" } else { "have" };
        let message = format!(
            "{} {have} no `tasks.md`, so nothing of it runs",
            shown(&without)
        );
        let at = first.text.start();
        let fault = first.text.warning(at..at, message);
        faults.push(fault.help("a spec is run by the tasks in its `tasks.md`"));
    }
    faults
}

/// Specs that the catalog does not know although it knows others of their kind: their status is kept nowhere.
fn unlisted(specs: &[Spec<'_>], catalog: &Catalog) -> Option<Fault> {
    let letter = |id: &str| id.bytes().next().map(|byte| byte.to_ascii_uppercase());
    let is_unlisted = |spec: &&Spec<'_>| {
        let id = &spec.identity.id;
        let mut others = catalog.entries.iter();
        catalog.of(id).is_none() && others.any(|entry| letter(&entry.id) == letter(id))
    };
    let unlisted: Vec<&Spec<'_>> = specs.iter().filter(is_unlisted).collect();
    let first = unlisted.first()?;
    let ids: Vec<&str> = unlisted
        .iter()
        .map(|spec| spec.identity.id.as_str())
        .collect();
    let file = match first.identity.kind {
        Kind::Infrastructure => ".claude/project.json",
        Kind::Feature => "features.json",
    };
    let are = if ids.len() == 1 { "is" } else { "are" };
    let message = format!(
        "{} {are} not in `{file}`, so no status is kept there",
        shown(&ids)
    );
    let at = first.text.start();
    let fault = first.text.warning(at..at, message);
    Some(fault.help("add an entry with its `id`, `name` and `status`"))
}

fn shown(names: &[&str]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len() {
        count if count > NAMED => format!("{} and {} more", named.join(", "), count - NAMED),
        _ => named.join(", "),
    }
}
