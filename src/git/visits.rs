//! Where the HEAD of a worktree stood, as git's own log of it tells: what was made there and then left, and whether
//! what stands there was made there at all.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use git2::Oid;

use super::index::overwrite;
use super::traps::plain;
use super::{Repo, Worktree};
use crate::run::policy::Isolation;

/// How many of the places where HEAD stood are looked at.
pub(in crate::git) const VISITS: usize = 100;

/// How the log begins to say of a move that it was to a commit which was there already.
const FOUND: [&str; 4] = ["reset: ", "checkout: ", "merge ", "pull"];

impl Repo {
    /// What `branch` names by now for whoever works in the worktree at `place`; what is committed in a clone comes in
    /// only when its attempt has ended.
    pub fn branch_at(&self, place: &Path, branch: &str) -> Result<Option<Oid>> {
        let opened = match self.isolation {
            Isolation::Worktree => None,
            Isolation::Clone => self.open_worktree(place).ok(),
        };
        match opened {
            Some(clone) => Ok(clone.their_ref(self, branch)),
            None => self.read(branch),
        }
    }
}

impl Worktree {
    /// The commits that its HEAD stood on since [`Worktree::switch`] and that neither `base` nor `tip` has:
    /// what was made and then left, by a reset or for another branch. Git's own log of the HEAD tells.
    pub fn visited(&self, repo: &Repo, base: Oid, tip: Option<Oid>) -> Vec<Oid> {
        let log = plain(&self.head_log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let logged = log.lines().rev().take(VISITS);
        let logged = logged.filter_map(|line| {
            let name = line.split(' ').nth(1)?;
            Oid::from_str_ext(name, repo.raw().object_format()).ok()
        });
        let named = logged.chain(self.named(repo));
        let commits = named.filter(|oid| repo.is_commit(*oid));
        let mut kept: Vec<Oid> = Vec::new();
        for commit in commits {
            let mut known = kept.iter().copied().chain(tip).chain([base]);
            if !known.any(|known| repo.is_ancestor(commit, known).unwrap_or(false)) {
                kept.push(commit);
            }
        }
        kept
    }

    /// Empties the log of the HEAD where it stands, which on some file systems is cheaper than a new file.
    pub(in crate::git) fn forget_visits(&self) -> Result<()> {
        let log = self.head_log();
        if log.symlink_metadata().is_err() {
            return Ok(());
        }
        overwrite(&log, b"").with_context(|| format!("`{}` cannot be emptied", log.display()))
    }

    fn head_log(&self) -> PathBuf {
        self.git_dir().join("logs/HEAD")
    }

    /// Whether the log of whoever worked in it says that `commit` was made there, and was not merely got by a reset,
    /// a checkout or a fast-forward.
    pub fn was_made_here(&self, commit: Oid) -> bool {
        let log = plain(&self.their_git_dir().join("logs/HEAD")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let commit = commit.to_string();
        let mut moves = log
            .lines()
            .filter(|line| line.split(' ').nth(1) == Some(&commit))
            .filter_map(|line| line.split_once('\t'));
        moves.any(|(_, how)| !FOUND.iter().any(|found| how.starts_with(found)))
    }
}
