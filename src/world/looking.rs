//! Worktrees for a person to look into what an attempt left.
//!
//! They lie beside those of the run and are none of its business: no slot is ever made there, a run that
//! finishes leaves them, and `clean` removes those in which nothing was done.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::git::{Oid, Repo};

/// The directory that holds them, among the worktrees of a run.
const LOOK: &str = "look";

/// A lent worktree that was not removed.
#[derive(Debug)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Where an attempt of the task with this slug is looked into, of a run whose worktrees are in `root`.
pub fn place_to_look(root: &Path, slug: &str, attempt: u32) -> PathBuf {
    root.join(LOOK).join(format!("{slug}.{attempt}"))
}

/// Makes sure that a worktree stands at `place`, detached at `at`, for `purpose`. One in which its person did
/// something is refused, whatever it was.
pub fn lend(repo: &Repo, place: &Path, purpose: &str, at: Oid) -> Result<()> {
    for lent in repo.lent_below(place)? {
        if repo.is_as_lent(&lent, at)? {
            return Ok(());
        }
        let work = repo.own_work(&lent)?;
        if work.is_some() || lent.path.exists() {
            let done = work.unwrap_or_else(|| "it stands at another commit".to_owned());
            bail!(
                "you have worked in `{path}` ({done}): go on there, or throw it away with \
                 `git worktree remove --force --force '{path}'` and ask again",
                path = lent.path.display()
            );
        }
        repo.take_back(&lent)?;
    }
    repo.lend_worktree(place, purpose, at)
}

/// Removes the lent worktrees of a run in which nothing was done; the others, with what they hold.
pub fn take_back(repo: &Repo, root: &Path) -> Result<Vec<Kept>> {
    let look = root.join(LOOK);
    let mut kept = Vec::new();
    for lent in repo.lent_below(&look)? {
        // What cannot be looked into is not known to be nothing.
        let work = repo.own_work(&lent);
        match work.unwrap_or_else(|error| Some(format!("{error:#}"))) {
            None => repo.take_back(&lent)?,
            Some(reason) => kept.push(Kept {
                path: lent.path,
                reason,
            }),
        }
    }
    // What else somebody put there stays, and the directory with it.
    std::fs::remove_dir(&look).unwrap_or_default();
    Ok(kept)
}
