//! Worktrees that we make for a person.
//!
//! From then on they are the person's: the reason of their lock says who made them and what for, and begins
//! otherwise than that of ours, so that nothing which clears up after a run touches them. They are removed on
//! request only, and only when nothing would be lost by it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use git2::Oid;

use super::slots::remove_all;
use super::{Git, Listed, Repo, Worktree};
use crate::crash;

/// How the lock reason of such worktrees begins.
const LENT: &str = "lent by git enact";

/// How many changed paths are named.
const NAMED: usize = 3;

impl Listed {
    /// Whether we made it for a person.
    pub fn is_lent(&self) -> bool {
        let reason = self.reason.as_deref();
        reason.is_some_and(|reason| reason.starts_with(LENT))
    }
}

impl Repo {
    /// Makes a worktree at `path`, detached at `at`, that is the person's from then on. `purpose` stands in
    /// `git worktree list`. Until it is whole it is ours, so that a crash leaves what the next call removes.
    pub fn lend_worktree(&self, path: &Path, purpose: &str, at: Oid) -> Result<()> {
        let worktree = self.create_worktree(path, purpose, at)?;
        let lock = worktree.git_dir().join("locked");
        fs::write(&lock, format!("{LENT}: {purpose}\n"))
            .with_context(|| format!("`{}` cannot be written", lock.display()))
    }

    /// The worktrees that were lent below `root`.
    pub fn lent_below(&self, root: &Path) -> Result<Vec<Listed>> {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let lent = self.worktrees()?.into_iter();
        Ok(lent
            .filter(|listed| listed.is_lent() && listed.path.starts_with(&root))
            .collect())
    }

    /// Whether a lent worktree stands as it was made: detached at `at`, with nothing of its person's own.
    pub fn is_as_lent(&self, lent: &Listed, at: Oid) -> Result<bool> {
        let head = self.lent(lent).head(self)?;
        let stands = head.branch.is_none() && head.commit == Some(at);
        Ok(stands && lent.path.exists() && self.own_work(lent)?.is_none())
    }

    /// What its person did in a lent worktree, as far as nothing else has it, in words.
    pub fn own_work(&self, lent: &Listed) -> Result<Option<String>> {
        let worktree = self.lent(lent);
        let mut found = Vec::new();
        if let Some(unfinished) = worktree.in_progress() {
            found.push(format!("an unfinished {unfinished}"));
        }
        if lent.path.exists() {
            found.extend(uncommitted(&worktree)?);
        }
        let head = worktree.head(self)?.commit;
        let before = head.map(|head| worktree.visited(self, head, None));
        for commit in head.into_iter().chain(before.into_iter().flatten()) {
            if !self.is_named(commit)? {
                found.push(format!("commit {commit}, which no branch has"));
            }
        }
        Ok((!found.is_empty()).then(|| found.join("; ")))
    }

    /// Removes a lent worktree with everything in it; the caller has asked [`Repo::own_work`].
    pub fn take_back(&self, lent: &Listed) -> Result<()> {
        if !lent.is_lent() {
            bail!("`{}` was not lent", lent.path.display());
        }
        let _lock = self.worktrees_lock()?;
        remove_all(&lent.path)?;
        crash::step("worktree-emptied");
        remove_all(&lent.git_dir)
    }

    fn lent(&self, lent: &Listed) -> Worktree {
        let (path, git_dir) = (lent.path.clone(), lent.git_dir.clone());
        Worktree::new(path, git_dir, self.pins().clone())
    }

    /// Whether any ref leads to `commit`.
    fn is_named(&self, commit: Oid) -> Result<bool> {
        let commit = commit.to_string();
        let args = ["for-each-ref", "--count=1", "--contains", &commit];
        Ok(!Git::new(self)?.check(args)?.stdout.is_empty())
    }
}

/// What differs from HEAD, in the index that its person uses or in the files.
fn uncommitted(worktree: &Worktree) -> Result<Option<String>> {
    let paths = Git::within(worktree)?.uncommitted("--untracked-files=all")?;
    let named: Vec<&str> = paths
        .iter()
        .take(NAMED)
        .map(|changed| changed.path.as_str())
        .collect();
    Ok(match paths.len() {
        0 => None,
        count if count <= NAMED => Some(format!("uncommitted: {}", named.join(", "))),
        count => Some(format!(
            "uncommitted: {} and {} more",
            named.join(", "),
            count - NAMED
        )),
    })
}
