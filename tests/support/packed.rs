//! A plan's files as one text, for whoever makes up plans: each begins with a line `=== path`.
//!
//! Used by the tests and, as the same file, by the fuzz targets.

use std::fs;
use std::path::{Component, Path, PathBuf};

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Selection, load};

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

/// Reads the plan of a packed text in one dialect. Whatever it holds, there is an answer: a plan that can be
/// checked, or faults with their places.
pub(crate) fn answer(packed: &str, dialect: Dialect) {
    let dir = tempfile::tempdir().expect("a directory to write to");
    unpack(packed, dir.path());
    let selection = Selection {
        dialect: Some(dialect),
        ..Selection::default()
    };
    match load(&[dir.path().to_path_buf()], &selection) {
        Ok(loaded) => {
            let tasks = loaded.plan.tasks.len();
            if let Ok(graph) = Graph::new(loaded.plan) {
                assert_eq!(graph.waves().iter().map(Vec::len).sum::<usize>(), tasks);
            }
        }
        Err(refused) => assert!(
            refused.faults.iter().any(|fault| !fault.is_warning()),
            "what is refused has a reason"
        ),
    }
}
