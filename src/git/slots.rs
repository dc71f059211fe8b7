//! Making, finding and removing worktrees of ours.
//!
//! `git worktree add` cannot simply be repeated after a crash, and two of them at once trip over each other:
//! so what a dead process left is cleared first, and all of it happens under one lock. A worktree is ours
//! when it is locked with a reason that begins with our name; nothing else is ever removed.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use git2::Oid;

use super::clone::was_handed_out;
use super::held::{self, hold};
use super::remnants::{Remnant, reason, set_aside};
use super::traps::plain_text;
use super::{Git, Repo, Worktree};
use crate::crash;
use crate::run::policy::Isolation;

/// How the lock reason of our worktrees begins.
pub(in crate::git) const OURS: &str = "git enact";

/// A linked worktree as the repository knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where its files are, or were.
    pub path: PathBuf,
    /// Its own git directory.
    pub git_dir: PathBuf,
    /// Why it is locked, when it is.
    pub reason: Option<String>,
}

impl Listed {
    /// Whether we made it.
    pub fn is_ours(&self) -> bool {
        self.reason
            .as_ref()
            .is_some_and(|reason| reason.starts_with(OURS))
    }

    /// What we made it for: the words after our name.
    pub fn purpose(&self) -> Option<&str> {
        let words = self.reason.as_deref()?.strip_prefix(OURS)?;
        Some(words.trim_start_matches(':').trim())
    }

    /// The lock files that a killed git left in it.
    pub fn locks(&self) -> Vec<PathBuf> {
        let names = ["index.lock", "HEAD.lock", "enact-index.lock"];
        let locks = names.iter().map(|name| self.git_dir.join(name));
        locks.filter(|lock| lock.is_file()).collect()
    }
}

impl Repo {
    /// Makes a worktree at `path`, detached at `at`. What we left there before is removed; anything else
    /// there is refused. Detached, so that nothing is tracked and nothing written to the configuration, which
    /// is what concurrent calls would trip over. `reason` stands in `git worktree list`.
    pub fn create_worktree(&self, path: &Path, reason: &str, at: Oid) -> Result<Worktree> {
        let _lock = self.worktrees_lock()?;
        let path = &placed(path)?;
        self.clear_half_made()?;
        self.clear(path)?;
        let reason = format!("{OURS}: {reason}");
        let output = Git::new(self)?
            .args(["worktree", "add", "--lock", "--reason"])
            .args([reason.as_str(), "--detach", "--quiet", "--"])
            .args([path])
            .run([at.to_string()])?;
        if output.status != 0 {
            bail!(
                "a worktree at `{}` could not be made: {}",
                path.display(),
                output.complaint()
            );
        }
        crash::step("worktree-added");
        let mut worktree = self.open_worktree(path)?;
        worktree.adopt(self, at)?;
        Ok(worktree)
    }

    /// Opens a worktree that we made.
    pub fn open_worktree(&self, path: &Path) -> Result<Worktree> {
        let path = placed(path)?;
        match self.find_worktree(&path)? {
            Some(listed) if listed.is_ours() => {
                let mut worktree = Worktree::new(path, listed.git_dir, self.pins().clone());
                worktree.isolation = self.isolation;
                worktree.reason = listed.reason.unwrap_or_default();
                worktree.recall_excludes(self);
                Ok(worktree)
            }
            Some(_) => bail!("the worktree `{}` is not ours", path.display()),
            None => bail!("`{}` is no worktree of this repository", path.display()),
        }
    }

    /// Removes a worktree of ours with everything in it; whether there was one.
    pub fn remove_worktree(&self, path: &Path) -> Result<bool> {
        let _lock = self.worktrees_lock()?;
        let path = placed(path)?;
        let existed = self.find_worktree(&path)?.is_some() || path.exists();
        self.clear(&path)?;
        Ok(existed)
    }

    /// The linked worktrees of the repository, in the order of their paths.
    pub fn worktrees(&self) -> Result<Vec<Listed>> {
        let mut found = Vec::new();
        let Ok(entries) = std::fs::read_dir(self.common_dir().join("worktrees")) else {
            return Ok(found);
        };
        for entry in entries {
            let git_dir = entry?.path();
            let Ok(pointer) = plain_text(&git_dir.join("gitdir")) else {
                continue;
            };
            let dot_git = git_dir.join(pointer.trim_end());
            let path = dot_git.parent().unwrap_or(&dot_git);
            found.push(Listed {
                path: freed_of_links(path).unwrap_or_else(|| path.to_path_buf()),
                reason: reason(&git_dir),
                git_dir,
            });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Where somebody else than us has `branch` checked out: their files would no longer match it if it moved.
    pub fn checked_out(&self, branch: &str) -> Result<Option<PathBuf>> {
        let holds = |git_dir: &Path| {
            let head = plain_text(&git_dir.join("HEAD")).unwrap_or_default();
            let named = head.strip_prefix("ref: ");
            named.is_some_and(|name| name.trim_end() == branch)
        };
        if let Some(main) = self.workdir().filter(|_| holds(self.common_dir())) {
            return Ok(Some(main.to_owned()));
        }
        let mut theirs = self
            .worktrees()?
            .into_iter()
            .filter(|listed| !listed.is_ours());
        let found = theirs.find(|listed| holds(&listed.git_dir));
        Ok(found.map(|listed| listed.path))
    }

    fn find_worktree(&self, path: &Path) -> Result<Option<Listed>> {
        Ok(self
            .worktrees()?
            .into_iter()
            .find(|listed| listed.path == path))
    }

    /// Removes what we left at `path`: files first, then git's own entry, so that a crash in between leaves
    /// what the next call recognises.
    fn clear(&self, path: &Path) -> Result<()> {
        let listed = self.find_worktree(path)?;
        if path.symlink_metadata().is_ok() {
            if let Some(listed) = &listed
                && !listed.is_ours()
            {
                bail!("`{}` is a worktree that we did not make", path.display());
            }
            if listed.is_none() {
                match self.remnant(path) {
                    Remnant::Ours => {}
                    Remnant::Torn => return set_aside(path),
                    Remnant::Foreign => bail!(
                        "`{}` exists and is not ours; move it away, or set another place",
                        path.display()
                    ),
                }
            }
            if let Some(listed) = listed.as_ref().filter(|one| was_handed_out(&one.git_dir)) {
                let git_dir = listed.git_dir.clone();
                let mut clone = Worktree::new(path.to_owned(), git_dir, self.pins().clone());
                clone.isolation = Isolation::Clone;
                clone.refuse_later_work(self)?;
            }
            remove_all(path)?;
            crash::step("worktree-emptied");
        }
        // An entry of somebody else's whose place is gone is left for git to prune.
        if let Some(listed) = listed.filter(Listed::is_ours) {
            remove_all(&listed.git_dir)?;
        }
        Ok(())
    }

    /// Held while worktrees are made or removed; the kernel frees it when its process dies.
    pub(in crate::git) fn worktrees_lock(&self) -> Result<File> {
        hold(&self.worktrees_lock_file())
    }

    fn worktrees_lock_file(&self) -> PathBuf {
        self.common_dir().join("enact/worktrees.lock")
    }

    /// Removes what is there for worktrees and holds none any more.
    pub fn forget_worktrees(&self) -> Result<()> {
        let lock = self.worktrees_lock()?;
        // One that is not empty is of use to somebody.
        std::fs::remove_dir(self.common_dir().join("worktrees")).unwrap_or_default();
        held::remove(lock, &self.worktrees_lock_file())
    }
}

/// The path with its parent made and freed of links, so that it compares equal to what git wrote down.
fn placed(path: &Path) -> Result<PathBuf> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        bail!("`{}` is no place for a worktree", path.display());
    };
    if !parent.exists() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("`{}` cannot be made", parent.display()))?;
    }
    Ok(super::absolute(parent)?.join(name))
}

/// The path as git may have written it down, with the links above it resolved.
fn freed_of_links(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?.canonicalize().ok()?;
    Some(parent.join(path.file_name()?))
}

/// Removes a file or a directory with everything in it, following no links; directories that were made
/// unreadable are opened up first.
pub fn remove_all(path: &Path) -> Result<()> {
    let remove = || match path.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let result = match remove() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            open_up(path);
            remove()
        }
        result => result,
    };
    result.with_context(|| format!("`{}` cannot be removed", path.display()))
}

fn open_up(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if !dir.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return;
    }
    // What still cannot be opened is reported by the removal that follows.
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).unwrap_or_default();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        open_up(&entry.path());
    }
}
