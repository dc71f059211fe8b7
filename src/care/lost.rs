//! Runs whose journal is gone or cannot be read while something else of them is still here. Whoever begins a run must
//! not take such a one for none.

use std::path::Path;

use anyhow::Result;

use super::search::Search;
use super::traces::{self, Traces};
use crate::git::Repo;
use crate::journal::{self, Lease, layout};

/// Such a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its id.
    pub run: String,
    /// Where its plan was, when a checkpoint of it still tells.
    pub plan: Option<String>,
}

/// The runs of `repo` that are lost, by id.
pub fn lost(repo: &Repo) -> Result<Vec<Lost>> {
    let search = Search::default();
    let mut found = Vec::new();
    for (run, traces) in traces::runs(repo)? {
        let is_read = journal::headline(repo, &run).is_ok();
        // Whoever begins one holds its lease before there is anything else.
        if is_read
            || !tells_of_a_run(repo, &run, &traces)
            || Lease::is_held(repo.common_dir(), &run)
        {
            continue;
        }
        let newest = search.newest_whole(repo, &run, None)?;
        let state = newest.and_then(|inspection| inspection.state);
        found.push(Lost {
            run,
            plan: state.map(|state| state.run.plan_path),
        });
    }
    Ok(found)
}

/// Whether there is more of it than a beginning that came to nothing leaves: a lease.
fn tells_of_a_run(repo: &Repo, run: &str, traces: &Traces) -> bool {
    let lease = layout::lease_file(repo.common_dir(), run);
    let holds_more = || {
        let dir = lease.parent().unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path != lease)
    };
    traces.journal.is_some()
        || traces.is_broken
        || !traces.branches.is_empty()
        || !traces.worktrees.is_empty()
        || holds_more()
}
