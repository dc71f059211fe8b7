//! Reading and moving refs, always by compare-and-swap.
//!
//! Whoever moves a ref says what it expects to find. A ref that is locked for a moment is tried again; a
//! lock that a dead process left is removed only by [`Repo::clear_stale_locks`], which its caller may use
//! for names that nobody else writes, while holding the right to write them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use git2::{ErrorCode, Oid};

use super::Repo;
use super::index::make_way;

/// How long a locked ref is tried again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Below this lie the branches of all runs.
pub const BRANCHES: &str = "refs/heads/enact/";

/// What a ref must be for a move to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It does not exist.
    Missing,
    /// It names this object.
    At(Oid),
}

/// The ref was not what the caller expected; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// What it is.
    pub found: Option<Oid>,
}

impl Repo {
    /// The object a ref names; symbolic refs are followed.
    pub fn read(&self, name: &str) -> Result<Option<Oid>> {
        match self.raw().refname_to_id(name) {
            Ok(oid) => Ok(Some(oid)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| {
                format!("`{name}` cannot be read: `git enact doctor` says what helps")
            }),
        }
    }

    /// Moves `name` to `new` if it is what `expected` says, and creates it if that says so.
    pub fn move_to(
        &self,
        name: &str,
        new: Oid,
        expected: Expected,
        log_message: &str,
    ) -> Result<Result<(), Moved>> {
        self.clear_log(name)?;
        let attempt = || match expected {
            Expected::Missing => self
                .raw()
                .reference(name, new, false, log_message)
                .map(drop),
            Expected::At(old) => self
                .raw()
                .reference_matching(name, new, true, old, log_message)
                .map(drop),
        };
        self.settle(name, attempt)
    }

    /// Removes what an executor may have put in the place of the log of a branch of ours: a line written to it would go
    /// where that leads.
    fn clear_log(&self, name: &str) -> Result<()> {
        if !name.starts_with(BRANCHES) {
            return Ok(());
        }
        make_way(&self.common_dir().join("logs").join(name))
            .with_context(|| format!("the log of `{name}` cannot be written"))
    }

    /// Removes `name` where it is a name for another ref: none of ours is one.
    pub(in crate::git) fn remove_if_symbolic(&self, name: &str) -> Result<()> {
        match self.raw().find_reference(name) {
            Ok(mut found) if found.symbolic_target_bytes().is_some() => found
                .delete()
                .with_context(|| format!("`{name}` cannot be removed")),
            _ => Ok(()),
        }
    }

    /// Deletes `name` if it names `expected`.
    pub fn delete(&self, name: &str, expected: Oid) -> Result<Result<(), Moved>> {
        // Deleting compares with the value that was read, under the ref's lock.
        let attempt = || {
            let mut reference = self.raw().find_reference(name)?;
            if reference.target() == Some(expected) {
                reference.delete()
            } else {
                Err(git2::Error::new(
                    ErrorCode::Modified,
                    git2::ErrorClass::Reference,
                    "the ref has moved",
                ))
            }
        };
        self.settle(name, attempt)
    }

    /// The refs below `prefix` (which ends with a slash) or named exactly so, sorted.
    pub fn list(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let glob = if prefix.ends_with('/') {
            format!("{prefix}*")
        } else {
            prefix.to_owned()
        };
        let mut found = Vec::new();
        for reference in self.raw().references_glob(&glob)? {
            let reference =
                reference.with_context(|| format!("refs below `{prefix}` cannot be read"))?;
            if let (Ok(name), Some(oid)) = (reference.name(), reference.target()) {
                found.push((name.to_owned(), oid));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes the lock files that dead processes left on refs below `prefixes` and says which.
    /// The caller must be the only one who may write those refs at the moment.
    pub fn clear_stale_locks(&self, prefixes: &[&str]) -> Result<Vec<String>> {
        let mut cleared = Vec::new();
        for prefix in prefixes {
            let name = prefix.trim_end_matches('/');
            let lock = format!("{name}.lock");
            if remove_file(&self.common_dir().join(&lock))? {
                cleared.push(lock);
            }
            clear_below(&self.common_dir().join(name), name, &mut cleared)?;
        }
        Ok(cleared)
    }

    /// Whether `name` is locked, and still is after longer than a living process takes to write it.
    pub fn stays_locked(&self, name: &str) -> bool {
        let lock = self.common_dir().join(format!("{name}.lock"));
        let start = Instant::now();
        while lock.exists() {
            if start.elapsed() >= PATIENCE {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Tries until the ref is not locked, and tells a moved ref from a failure.
    fn settle(
        &self,
        name: &str,
        attempt: impl Fn() -> Result<(), git2::Error>,
    ) -> Result<Result<(), Moved>> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let error = match attempt() {
                Ok(()) => return Ok(Ok(())),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::Modified | ErrorCode::NotFound | ErrorCode::Exists => {
                    let found = self.read(name)?;
                    return Ok(Err(Moved { found }));
                }
                ErrorCode::Locked if start.elapsed() < PATIENCE => {
                    std::thread::sleep(pause + jitter(pause));
                    pause = (pause * 2).min(Duration::from_millis(100));
                }
                ErrorCode::Locked => {
                    let lock = self.common_dir().join(format!("{name}.lock"));
                    return Err(anyhow!(
                        "`{name}` is locked; if no git command is running, remove `{}`",
                        lock.display()
                    ));
                }
                _ => return Err(error).with_context(|| format!("`{name}` cannot be moved")),
            }
        }
    }
}

/// Up to `pause`, from the clock: enough to keep two waiting processes from meeting again and again.
fn jitter(pause: Duration) -> Duration {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    pause * (nanos % 64) / 64
}

fn clear_below(dir: &Path, name: &str, cleared: &mut Vec<String>) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` cannot be read", dir.display()));
        }
    };
    for entry in entries {
        let entry = entry?;
        let child = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            clear_below(&entry.path(), &child, cleared)?;
        } else if child.ends_with(".lock") && remove_file(&entry.path())? {
            cleared.push(child);
        }
    }
    Ok(())
}

/// Removes a file; whether there was one.
fn remove_file(path: &Path) -> Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be removed", path.display())),
    }
}
