//! A plan's files as one text, for whoever makes up plans: each begins with a line `=== path`.
//!
//! Used by the tests and, as the same file, by the fuzz targets.

use std::fs;
use std::path::{Component, Path, PathBuf};

use git_enact::graph::Graph;
use git_enact::plan::{
    Change, Dialect, Loaded, Progress, Selection, Status, TaskProgress, edited, load, written,
};
use git_enact::report::faults::render;

/// What begins a file.
pub(crate) const HEAD: &str = "=== ";

/// Lays the files of a packed text out below `dir`. Names that lead elsewhere are left out.
fn unpack(packed: &str, dir: &Path) {
    let mut file: Option<(PathBuf, String)> = None;
    let write = |file: Option<(PathBuf, String)>| {
        let Some((path, text)) = file else { return };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap_or_default();
        }
        fs::write(path, text).unwrap_or_default();
    };
    for line in packed.split_inclusive('\n') {
        match line.strip_prefix(HEAD) {
            Some(name) => {
                write(file.take());
                let name = Path::new(name.trim_end());
                let is_below = name
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)));
                let is_short = name.as_os_str().len() < 200;
                file = (is_below && is_short).then(|| (dir.join(name), String::new()));
            }
            None => {
                if let Some((_, text)) = &mut file {
                    text.push_str(line);
                }
            }
        }
    }
    write(file);
}

/// No plan relates its tasks in more ways: what would is refused.
const EDGES_MAX: usize = 1_000_000;

/// How much was answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// How many relations between tasks.
    pub(crate) edges: usize,
    pub(crate) faults: usize,
}

/// Reads the plan of a packed text in one dialect. Whatever it holds, there is an answer: a plan that can be
/// checked and marked, or faults with their places.
pub(crate) fn answer(packed: &str, dialect: Dialect) -> Answer {
    let dir = tempfile::tempdir().expect("a directory to write to");
    unpack(packed, dir.path());
    let paths = [dir.path().to_path_buf()];
    let selection = Selection {
        dialect: Some(dialect),
        ..Selection::default()
    };
    match load(&paths, &selection) {
        Ok(loaded) => {
            render(&loaded.warnings, &loaded.sources, false);
            let changes = written(&paths, &selection, &progress(&loaded));
            if let Ok(changes) = changes {
                sound(&changes);
            }
            let tasks = loaded.plan.tasks.len();
            let edges = loaded.plan.tasks.iter();
            let edges = edges.map(|task| task.needs.len() + task.after.len());
            let mut told = Answer {
                edges: edges.sum(),
                faults: loaded.warnings.len(),
            };
            assert!(told.edges <= EDGES_MAX, "{dialect}: {} edges", told.edges);
            match Graph::new(loaded.plan) {
                Ok(graph) => {
                    assert_eq!(graph.waves().iter().map(Vec::len).sum::<usize>(), tasks);
                }
                Err(faults) => {
                    render(&faults, &loaded.sources, false);
                    told.faults += faults.len();
                }
            }
            told
        }
        Err(refused) => {
            assert!(
                refused.faults.iter().any(|fault| !fault.is_warning()),
                "what is refused has a reason"
            );
            render(&refused.faults, &refused.sources, false);
            Answer {
                edges: 0,
                faults: refused.faults.len(),
            }
        }
    }
}

/// Some tasks are done, others stand otherwise.
fn progress(loaded: &Loaded) -> Progress {
    const STATUSES: [Status; 8] = [
        Status::Done,
        Status::InProgress,
        Status::Failed,
        Status::Done,
        Status::Pending,
        Status::Skipped,
        Status::Blocked,
        Status::Partial,
    ];
    let at = "2026-01-02T03:04:05Z".to_owned();
    let tasks = loaded.plan.tasks.iter().zip(STATUSES.iter().cycle());
    let task = |(task, status): (&git_enact::plan::Task, &Status)| TaskProgress {
        id: task.id.clone(),
        title: task.title.clone(),
        status: *status,
        is_untouched: false,
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        started_at: Some(at.clone()),
        ended_at: Some(at.clone()),
        millis: 61_000,
        attempts: 2,
        reason: Some("`cargo test` failed | twice".to_owned()),
        last_step: Some("Step 1".to_owned()),
        summary: Some("It is there.".to_owned()),
        created: vec!["src/a.rs".to_owned()],
        modified: vec!["src/lib.rs".to_owned()],
    };
    Progress {
        run: "r-1".to_owned(),
        started_at: at.clone(),
        over: loaded.plan.tasks.len().is_multiple_of(2),
        tasks: tasks.map(task).collect(),
        at,
    }
}

/// Edits are in order and cut no character.
fn sound(changes: &[Change]) {
    for change in changes {
        if let Change::Edit { path, edits } = change {
            let text = fs::read_to_string(path).expect("only what is there is edited");
            assert!(!edits.is_empty(), "an edit changes something");
            edited(&text, edits);
        }
    }
}
