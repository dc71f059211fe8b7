//! Paths and globs that tasks declare, and paths that were changed: what is declared stays in the repository, and what
//! two tasks may both change makes them overlap.
//!
//! Parts `one` and `two` are what two tasks declare, one a line; `changed` is paths.

use std::fs;

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Location, Plan, Selection, Task, TaskId, Wishes, choices, load};
use git_enact::verify::scope::outside;

use super::{lines, parts};

/// More than these of a kind make inputs slow and find nothing more.
const MANY: usize = 40;

pub(super) fn answer(bytes: &[u8]) {
    let parts = parts(bytes);
    let some = |name: &str| -> Vec<String> { lines(&parts, name).into_iter().take(MANY).collect() };
    let (one, two, changed) = (some("one"), some("two"), some("changed"));
    for glob in one.iter().chain(&two) {
        let found = choices(glob);
        assert!(
            !found.is_empty() && found.len() <= 64 + glob.len(),
            "{glob:?}"
        );
    }
    let (one, two) = (accepted(&one), accepted(&two));
    // What a reader understood and wrote is understood as the same.
    assert_eq!(accepted(&one), one);
    apart(&one, &two, &changed);
}

/// What the native reader makes of these files of a task: those that it takes.
fn accepted(written: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for one in written {
        let quoted = serde_json::Value::String(one.clone()).to_string();
        let text = format!("[plan]\n[[task]]\nid = \"1\"\ntitle = \"One\"\nfiles = [{quoted}]\n");
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("plan.toml");
        fs::write(&path, text).expect("written");
        let selection = Selection {
            dialect: Some(Dialect::Toml),
            ..Selection::default()
        };
        let Ok(loaded) = load(&[path], &selection) else {
            continue;
        };
        all.extend(loaded.plan.tasks.into_iter().flat_map(|task| task.files));
    }
    for file in &all {
        let mut names = file.split(['/', '\\']);
        assert!(!file.starts_with('/') && !file.is_empty(), "{file:?}");
        assert!(
            names.all(|name| name != ".." && !name.eq_ignore_ascii_case(".git")),
            "{file:?}"
        );
        assert!(!file.contains(char::is_control), "{file:?}");
    }
    all
}

/// Two tasks that may both change a path are known to overlap.
fn apart(one: &[String], two: &[String], changed: &[String]) {
    let task = |id: &str, files: &[String]| Task {
        id: TaskId::new(id),
        title: "A task".to_owned(),
        files: files.to_vec(),
        ..Task::at(Location::default())
    };
    let plan = Plan {
        dialect: Dialect::Toml,
        title: "Scopes".to_owned(),
        tasks: vec![task("1", one), task("2", two)],
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    let graph = Graph::new(plan).expect("two tasks");
    let overlap = graph.overlaps().overlap(0, 1);
    for path in changed {
        let is_covered = |files: &[String]| {
            !files.is_empty() && outside(std::slice::from_ref(path), files, &[]).is_empty()
        };
        if is_covered(one) && is_covered(two) {
            assert!(overlap, "{path:?} is covered by {one:?} and by {two:?}");
        }
    }
    // A path that is declared by its name is covered.
    for file in one
        .iter()
        .filter(|file| !file.contains(['*', '?', '[', '{']))
    {
        assert!(
            outside(std::slice::from_ref(file), one, &[]).is_empty(),
            "{file:?}"
        );
    }
}
