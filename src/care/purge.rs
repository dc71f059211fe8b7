//! Removing a run without a trace.
//!
//! The journal's ref goes last: whoever dies on the way leaves a run that can be purged again. Objects stay
//! until git collects what nothing names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::traces;
use crate::crash;
use crate::git::{Identity, Oid, Repo};
use crate::journal::{Clock, Lease, layout};
use crate::world::{self, Kept, project};

/// What a purge would remove, for the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// How many worktrees.
    pub worktrees: usize,
    /// How many branches.
    pub branches: usize,
    /// How many notes.
    pub notes: usize,
    /// The tip of the run's branch, where no other ref than the run's own leads to it.
    pub unlanded: Option<Oid>,
}

/// Looks at what there is of `run`; a branch that somebody has checked out stands in the way.
pub fn plan(repo: &Repo, run: &str) -> Result<Purge> {
    let traces = traces::of(repo, run)?;
    for (name, _) in &traces.branches {
        if let Some(place) = repo.checked_out(name)? {
            bail!(
                "`{name}` is checked out in `{}`: switch to another branch there first",
                place.display()
            );
        }
    }
    let branch = layout::integration_branch(run);
    let mut tips = traces.branches.iter().filter(|(name, _)| *name == branch);
    let unlanded = match tips.next() {
        Some((_, tip)) if !is_kept(repo, run, *tip)? => Some(*tip),
        _ => None,
    };
    Ok(Purge {
        worktrees: traces.worktrees.len(),
        branches: traces.branches.len(),
        notes: traces::notes(repo, run).len(),
        unlanded,
    })
}

/// What attempts left that git could not read: directories that were moved out of the way.
pub fn moved_aside(worktrees: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(worktrees).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "aside"))
        .collect();
    found.sort();
    found
}

/// Whether a ref that is not the run's own leads to `commit`.
fn is_kept(repo: &Repo, run: &str, commit: Oid) -> Result<bool> {
    let own = [layout::branches(run), layout::run_ref(run)];
    let keepers = repo.keepers(commit)?;
    let is_other = |name: &String| {
        let is_own = own.iter().any(|own| name.starts_with(own.as_str()));
        !is_own && name != layout::PROGRESS
    };
    Ok(keepers.iter().any(is_other))
}

/// Removes everything there is of the run of `lease`; its worktrees lie below `worktrees`. What was lent to a
/// person who worked in it stays, and is returned.
pub fn purge(repo: &Repo, lease: Lease, worktrees: &Path) -> Result<Vec<Kept>> {
    let run = lease.run().to_owned();
    world::end_processes(repo, &run)?;
    let own = [layout::branches(&run), layout::run_ref(&run)];
    repo.clear_stale_locks(&[&own[0], &own[1]])?;
    crash::step("purge-begun");
    let traces = traces::of(repo, &run)?;
    for listed in &traces.worktrees {
        repo.remove_worktree(&listed.path)?;
        crash::step("worktree-removed");
    }
    for moved in moved_aside(worktrees) {
        remove_dir(&moved)?;
    }
    let kept = world::take_back(repo, worktrees)?;
    world::remove_worktrees(repo, worktrees)?;
    remove_notes(repo, &run)?;
    crash::step("purge-notes-removed");
    for name in repo.broken_refs(&[&own[0], &own[1]]) {
        repo.remove_broken_ref(&name)?;
    }
    for (name, commit) in repo.list(&own[0])? {
        remove_ref(repo, &name, commit)?;
    }
    crash::step("purge-branches-removed");
    if let Some(tip) = repo.read(&own[1])? {
        remove_ref(repo, &own[1], tip)?;
    }
    // The lease lies among the files, and is worth nothing once they are gone.
    remove_dir(&layout::local_run(repo.common_dir(), &run))?;
    drop(lease);
    if traces::runs(repo)?.is_empty() {
        forget_runs(repo)?;
    }
    Ok(kept)
}

/// Removes what is there for any run, once there is none. Whoever begins one meanwhile makes it again.
fn forget_runs(repo: &Repo) -> Result<()> {
    project::forget_turns(repo)?;
    repo.forget_worktrees()?;
    let (runs, local) = (
        layout::local_runs(repo.common_dir()),
        layout::local(repo.common_dir()),
    );
    for dir in [runs, local] {
        // One that is not empty is of use to somebody.
        std::fs::remove_dir(dir).unwrap_or_default();
    }
    Ok(())
}

/// Removes the notes that name the run; what others wrote into them stays.
fn remove_notes(repo: &Repo, run: &str) -> Result<()> {
    let notes = traces::notes(repo, run);
    project::unlock_notes(repo)?;
    if !notes.is_empty() {
        let batch = notes.into_iter();
        let batch = batch.map(|(on, note)| (on, project::besides_ours(&note, run)));
        let batch: Vec<(Oid, Option<Vec<u8>>)> = batch.collect();
        let time = Clock::from_env()?.now();
        project::write_notes(repo, &batch, &Identity::of(repo)?, time)?;
    }
    // Without a note left, the ref would only keep what was in them; whoever died here left it so.
    match repo.read(layout::PROGRESS)? {
        Some(tip) if repo.notes(layout::PROGRESS)?.is_empty() => {
            remove_ref(repo, layout::PROGRESS, tip)
        }
        _ => Ok(()),
    }
}

fn remove_ref(repo: &Repo, name: &str, at: Oid) -> Result<()> {
    if let Err(moved) = repo.delete(name, at)? {
        let found = moved.found.map(|found| found.to_string());
        bail!(
            "`{name}` was moved to {} meanwhile; nothing more was removed",
            found.unwrap_or_default()
        );
    }
    Ok(())
}

fn remove_dir(dir: &Path) -> Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(dir).with_context(|| format!("`{}` cannot be removed", dir.display()))
}
