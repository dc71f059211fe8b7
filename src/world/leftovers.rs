//! What earlier drivers left on this machine, whichever line of the journal it belongs to: processes that
//! must end before anything is begun, and numbers that must not be used again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Site;
use crate::git::Repo;
use crate::journal::layout;
use crate::process::supervise;

/// Ends every attempt and every check of `run` that still runs. The journal names what was running when
/// its driver died only as long as nobody moves it, and of checks it says nothing.
pub fn end_all(repo: &Repo, run: &str) -> Result<()> {
    for mark in marks(repo, run)? {
        let survivors = supervise::sweep(&mark).with_context(|| {
            format!(
                "nobody can tell whether processes of an earlier attempt still run; \
                 `git enact doctor {run} --repair` looks"
            )
        })?;
        if !survivors.is_empty() {
            bail!(
                "processes of an earlier attempt still run: {survivors:?}; end them, then resume"
            );
        }
    }
    Ok(())
}

/// What supervisors of `run` left on this machine that may still live.
pub fn marks(repo: &Repo, run: &str) -> Result<Vec<PathBuf>> {
    let mut marks = Vec::new();
    find_marks(&layout::local_run(repo.common_dir(), run), &mut marks)?;
    Ok(marks)
}

/// Removes the files of all attempts of a run that has ended, and keeps their numbers.
pub fn remove_files(repo: &Repo, run: &str) -> Result<()> {
    Numbers::of(repo, run).forget_files()
}

/// The highest number that an attempt of each task ever had on this machine, by slug. The journal may have
/// been moved back since, and a number is never used twice.
pub(super) struct Numbers {
    attempts: PathBuf,
    file: PathBuf,
    newest: HashMap<String, u32>,
}

impl Numbers {
    pub(super) fn read(site: &Site) -> Self {
        Self::of(&site.repo, &site.run)
    }

    fn of(repo: &Repo, run: &str) -> Self {
        let common_dir = repo.common_dir();
        let file = layout::numbers_file(common_dir, run);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let filed = text.lines().filter_map(|line| {
            let (slug, number) = line.split_once(' ')?;
            Some((slug.to_owned(), number.parse().ok()?))
        });
        let mut numbers = Self {
            attempts: layout::attempts_dir(common_dir, run),
            newest: filed.collect(),
            file,
        };
        numbers.count_files();
        numbers
    }

    /// The highest number of the task with this slug; 0 without one.
    pub(super) fn newest(&self, slug: &str) -> u32 {
        self.newest.get(slug).copied().unwrap_or(0)
    }

    fn count_files(&mut self) {
        let names = std::fs::read_dir(&self.attempts).into_iter().flatten();
        for name in names.flatten().map(|entry| entry.file_name()) {
            let name = Path::new(&name);
            let marks = name.extension().is_some_and(|end| end == supervise::MARK);
            let stem = name.file_stem().filter(|_| marks);
            let stem = stem.and_then(|stem| stem.to_str());
            if let Some((slug, number)) = stem.and_then(layout::attempt_of) {
                let newest = self.newest.entry(slug.to_owned()).or_default();
                *newest = number.max(*newest);
            }
        }
    }

    /// Removes the files of all attempts and keeps their numbers.
    pub(super) fn forget_files(&mut self) -> Result<()> {
        if !self.attempts.exists() {
            return Ok(());
        }
        self.count_files();
        let lines: Vec<String> = self
            .newest
            .iter()
            .map(|(slug, number)| format!("{slug} {number}\n"))
            .collect();
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, lines.concat())
            .and_then(|()| std::fs::rename(&draft, &self.file))
            .with_context(|| format!("`{}` cannot be written", self.file.display()))?;
        std::fs::remove_dir_all(&self.attempts)
            .with_context(|| format!("`{}` cannot be removed", self.attempts.display()))
    }
}

/// Which tasks, by slug, were attempted on this machine since the run was last cleaned.
pub fn attempted_here(repo: &Repo, run: &str) -> HashSet<String> {
    Numbers::of(repo, run).newest.into_keys().collect()
}

/// What supervisors below `dir` left that may still live.
fn find_marks(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` cannot be read", dir.display()));
        }
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_marks(&entry.path(), found)?;
        } else if entry
            .path()
            .extension()
            .is_some_and(|end| end == supervise::MARK)
        {
            found.push(entry.path());
        }
    }
    Ok(())
}
