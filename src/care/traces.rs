//! Which runs there are, or were: what each has left in this repository and on this machine.
//!
//! A run is its journal; but whoever deleted one by hand, or died in the middle, leaves branches, worktrees,
//! files and notes that name it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::git::{Listed, Oid, Repo};
use crate::journal::{self, layout};
use crate::world::project;

/// What there is of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// What the journal's ref names.
    pub journal: Option<Oid>,
    /// The journal's ref is there, and names no object.
    pub is_broken: bool,
    /// Its branches, the integration branch and those of tasks.
    pub branches: Vec<(String, Oid)>,
    /// Its worktrees.
    pub worktrees: Vec<Listed>,
    /// Whether there are local files.
    pub has_files: bool,
}

/// The runs of which there is any trace but notes, by id.
pub fn runs(repo: &Repo) -> Result<BTreeMap<String, Traces>> {
    let mut found = BTreeMap::new();
    for run in journal::runs(repo)? {
        if let Some(traces) = entry(&mut found, &run.id) {
            traces.journal = Some(run.tip);
        }
    }
    for name in repo.broken_refs(&[layout::RUNS]) {
        let run = layout::run_of(&name);
        if let Some(traces) = run.and_then(|run| entry(&mut found, run)) {
            traces.is_broken = true;
        }
    }
    for (name, commit) in repo.list(layout::BRANCHES)? {
        let run = layout::run_of_branch(&name);
        if let Some(traces) = run.and_then(|run| entry(&mut found, run)) {
            traces.branches.push((name, commit));
        }
    }
    for listed in repo.worktrees()? {
        let purpose = listed.purpose().unwrap_or_default();
        let run = purpose.strip_prefix("run ").map(str::to_owned);
        let run = run.as_deref().and_then(|run| run.split(':').next());
        if let Some(traces) = run.and_then(|run| entry(&mut found, run)) {
            traces.worktrees.push(listed);
        }
    }
    let files = std::fs::read_dir(layout::local_runs(repo.common_dir()));
    for file in files.into_iter().flatten().flatten() {
        if let Some(traces) = entry(&mut found, &file.file_name().to_string_lossy()) {
            traces.has_files = true;
        }
    }
    Ok(found)
}

/// The traces of `run`, if anything can be called so.
fn entry<'a>(found: &'a mut BTreeMap<String, Traces>, run: &str) -> Option<&'a mut Traces> {
    layout::check_run_id(run).ok()?;
    Some(found.entry(run.to_owned()).or_default())
}

/// What there is of `run`.
pub fn of(repo: &Repo, run: &str) -> Result<Traces> {
    Ok(runs(repo)?.remove(run).unwrap_or_default())
}

/// The notes that name `run`, with what they are on; none where they cannot be read.
pub fn notes(repo: &Repo, run: &str) -> Vec<(Oid, Vec<u8>)> {
    let mut notes = repo.notes(layout::PROGRESS).unwrap_or_default();
    notes.retain(|(_, note)| project::names_run(note, run));
    notes
}
