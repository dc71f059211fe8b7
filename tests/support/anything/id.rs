//! Ids of tasks, one a line, and the names in refs and paths that are made of them.

use std::collections::HashSet;
use std::path::Path;

use git_enact::graph::Graph;
use git_enact::journal::layout;
use git_enact::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};
use git_enact::report::faults::render;

use super::assert_tame;

/// More tasks than these make inputs slow and find nothing more.
const TASKS: usize = 200;

const RUN: &str = "demo-k3f9";

pub(super) fn answer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let ids: Vec<&str> = text.split('\n').take(TASKS).collect();
    ids.iter().for_each(|id| run(id));
    // One that is refused says nothing of the others.
    let sound: Vec<&str> = ids.iter().copied().filter(|id| named(&[id])).collect();
    named(&ids);
    named(&sound);
}

/// What somebody calls a run: refused, or the name of a ref and of a directory.
fn run(id: &str) {
    if layout::check_run_id(id).is_ok() {
        let name = layout::run_ref(id);
        assert!(
            is_ref(&name) && is_ref(&layout::integration_branch(id)),
            "{name:?}"
        );
        assert_eq!(layout::run_of(&name), Some(id));
        assert_eq!(
            layout::run_of_branch(&layout::integration_branch(id)),
            Some(id)
        );
        let dir = layout::local_run(Path::new("/git"), id);
        assert_eq!(
            dir.parent(),
            Some(layout::local_runs(Path::new("/git")).as_path())
        );
    }
}

/// Whether tasks of these ids make a graph. If so, each has names of its own.
fn named(ids: &[&str]) -> bool {
    let task = |id: &&str| Task {
        id: TaskId::new(*id),
        title: "A task".to_owned(),
        ..Task::at(Location::default())
    };
    let plan = Plan {
        dialect: Dialect::Toml,
        title: "Ids".to_owned(),
        tasks: ids.iter().map(task).collect(),
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    let graph = match Graph::new(plan) {
        Ok(graph) => graph,
        Err(faults) => {
            assert_tame(&render(&faults, &[], false), false);
            return false;
        }
    };
    let mut slugs = HashSet::new();
    let mut files = HashSet::new();
    for (index, id) in ids.iter().enumerate() {
        assert_tame(id, true);
        assert_eq!(graph.index(&TaskId::new(*id)), Some(index), "{id:?}");
        let slug = graph.slug(index);
        assert!(is_slug(slug), "{id:?} is `{slug}`");
        assert!(slugs.insert(slug.to_lowercase()), "`{slug}` is taken");
        let branch = layout::task_branch(RUN, slug);
        assert!(is_ref(&branch), "{branch:?}");
        assert_eq!(layout::slug_of_branch(&branch, RUN), Some(slug));
        assert!(
            layout::check_run_id(&layout::run_id(slug, 0x000f_4240)).is_ok(),
            "{slug}"
        );
        for attempt in [1, 12] {
            let stem = layout::attempt_stem(Path::new("/git"), RUN, slug, attempt);
            let name = stem
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let name = name.expect("a name");
            assert_eq!(layout::attempt_of(&name), Some((slug, attempt)));
            assert!(files.insert(name), "{slug}");
        }
    }
    true
}

/// What the contract says of a slug.
fn is_slug(slug: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_other = |byte: u8| is_first(byte) || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&slug.len())
        && slug.bytes().next().is_some_and(is_first)
        && slug.bytes().all(is_other)
        && !slug.contains("..")
        && !slug.ends_with('.')
        && !slug.ends_with(".lock")
}

/// The rules of `git check-ref-format`.
pub(crate) fn is_ref(name: &str) -> bool {
    let is_refused = |c: char| {
        c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    };
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.contains('/')
        && name.split('/').all(is_part)
        && !name.contains(is_refused)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
}
