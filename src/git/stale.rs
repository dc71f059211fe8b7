//! What killed processes leave in a repository and that everybody meets: locks on what all share, drafts of objects.
//!
//! Such a lock may be of a command of the user's that runs right now, so it is waited for and told of with its age and
//! its holder, and never removed. A draft has a name that only libgit2 gives, and nobody waits for it.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};

use super::Repo;
use super::index::remove_if_there;
use crate::process::{Holder, holders};

/// The locks that every command may want: of the repository, and of the checkout.
const OF_ALL: [&str; 4] = [
    "packed-refs.lock",
    "config.lock",
    "shallow.lock",
    "reftable/tables.list.lock",
];
const OF_CHECKOUT: [&str; 2] = ["index.lock", "HEAD.lock"];

/// How long a lock is waited for that no living process is seen to hold.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one is that a process holds: whoever works there is about to be done.
const RESPECT: Duration = Duration::from_secs(10);

/// How the names of drafts begin.
const DRAFT: &str = "tmp_object_git2_";
/// How long a draft stays that somebody is about to give its name to.
const MOMENT: Duration = Duration::from_millis(50);

/// A lock that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLock {
    /// Its file.
    pub path: PathBuf,
    /// How long it has been there.
    pub age: Duration,
    /// Who has it open.
    pub holders: Vec<Holder>,
}

impl SharedLock {
    /// The lock at `path`, if there is one.
    fn at(path: PathBuf) -> Option<Self> {
        let made = path.metadata().ok()?.modified().ok()?;
        let age = SystemTime::now().duration_since(made).unwrap_or_default();
        Some(Self {
            age: Duration::from_secs(age.as_secs()),
            holders: holders(&path),
            path,
        })
    }

    /// What helps, as a command or a wish.
    pub fn remedy(&self) -> String {
        match self.holders.first() {
            Some(holder) => format!("wait for process {}, or end it", holder.pid),
            None => format!(
                "if no git command is running: `rm '{}'`",
                self.path.display()
            ),
        }
    }
}

impl fmt::Display for SharedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, age) = (
            self.path.display(),
            jiff::SignedDuration::try_from(self.age),
        );
        let age = age.map_or_else(|_| "long".to_owned(), |age| format!("{age:#}"));
        match self.holders.first() {
            Some(Holder { pid, command }) => {
                write!(
                    f,
                    "`{path}` ({age} old) is held by process {pid} (`{command}`)"
                )
            }
            None => write!(
                f,
                "`{path}` ({age} old) was left by a git command that was killed, as no process has it open"
            ),
        }
    }
}

impl Repo {
    /// The locks on what all share that are there now and stay longer than a living process takes.
    pub fn shared_locks(&self) -> Vec<SharedLock> {
        let of_all = OF_ALL.map(|name| self.common_dir().join(name));
        let mut paths: Vec<PathBuf> = of_all.into_iter().collect();
        paths.extend(OF_CHECKOUT.map(|name| self.common_dir().join(name)));
        paths.extend(self.checkout_locks());
        paths.sort();
        paths.dedup();
        stay(paths, PATIENCE)
    }

    /// The same for what a change of the checkout needs, with more patience for those who work there.
    pub fn locks_on_checkout(&self) -> Vec<SharedLock> {
        let left = stay(self.checkout_locks(), PATIENCE);
        let held = left.iter().any(|lock| !lock.holders.is_empty());
        match held {
            true => stay(self.checkout_locks(), RESPECT),
            false => left,
        }
    }

    fn checkout_locks(&self) -> Vec<PathBuf> {
        OF_CHECKOUT.map(|name| self.git_dir().join(name)).to_vec()
    }

    /// Removes drafts of objects that a killed process left: nobody has them open, and nobody gives them a name.
    pub fn clear_drafts(&self) -> Result<()> {
        let objects = self.common_dir().join("objects");
        let drafts = || -> Vec<PathBuf> {
            let entries = std::fs::read_dir(&objects).into_iter().flatten().flatten();
            let named = entries.filter(|entry| {
                let name = entry.file_name();
                name.to_string_lossy().starts_with(DRAFT)
            });
            named.map(|entry| entry.path()).collect()
        };
        let found = drafts();
        if found.is_empty() {
            return Ok(());
        }
        std::thread::sleep(MOMENT);
        for draft in drafts().iter().filter(|draft| found.contains(draft)) {
            if holders(draft).is_empty() {
                remove_if_there(draft).context("a draft of an object cannot be removed")?;
            }
        }
        Ok(())
    }
}

/// Those of `paths` that are there and do not go away within `patience`.
fn stay(paths: Vec<PathBuf>, patience: Duration) -> Vec<SharedLock> {
    let begun = Instant::now();
    while paths.iter().any(|path| path.exists()) && begun.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    paths.into_iter().filter_map(SharedLock::at).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_lock_that_goes_away_in_time_is_not_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = dir.path().join("index.lock");
        std::fs::write(&lock, "").expect("written");
        let begun = Barrier::new(2);
        let left = std::thread::scope(|scope| {
            scope.spawn(|| {
                begun.wait();
                // Whoever does not wait has looked by then.
                (0..2000).for_each(|_| std::thread::yield_now());
                std::fs::remove_file(&lock).expect("removed");
            });
            begun.wait();
            stay(vec![lock.clone()], Duration::from_secs(60))
        });
        assert_eq!(left, []);
    }

    #[test]
    fn a_lock_that_stays_is_told_when_patience_ends_and_without_one_nobody_waits() {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = dir.path().join("index.lock");
        let begun = Instant::now();
        assert_eq!(stay(vec![lock.clone()], Duration::from_secs(60)), []);
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::fs::write(&lock, "").expect("written");
        let left = stay(vec![lock.clone()], Duration::from_millis(1));
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].path, lock);
    }
}
