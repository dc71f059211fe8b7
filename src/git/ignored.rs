//! What git ignores in a worktree, held against an executor that changes it.
//!
//! What is ignored is neither looked at nor kept, so who decides that decides what is lost. The tracked
//! `.gitignore` files are the attempt's own business. The repository's `info/exclude` is noted when the
//! worktree is made, and what only its new lines hide counts as left behind. The settings that have the same
//! effect are read once, when the repository is opened, and given to every command.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::drivers::Drivers;
use super::index::overwrite;
use super::traps::plain;
use super::{Git, Oid, Repo, Surroundings, Worktree, mode};

/// Settings as they were when the repository was opened.
#[derive(Debug, Clone)]
pub(in crate::git) struct Pins {
    file_mode: String,
    /// The user's own ignore file.
    excludes: PathBuf,
    /// What git runs on contents.
    drivers: Arc<Drivers>,
}

impl Pins {
    /// The settings that hold in `repo` now.
    pub(in crate::git) fn read(repo: &git2::Repository) -> Self {
        let file_mode = setting(repo, |config| config.get_string("core.fileMode").ok());
        let excludes = setting(repo, |config| config.get_path("core.excludesFile").ok());
        let excludes = excludes.or_else(usual_excludes).unwrap_or_default();
        Self {
            file_mode: file_mode.unwrap_or("true".to_owned()),
            excludes,
            drivers: Arc::new(Drivers::read(repo)),
        }
    }

    /// Has the commands that git runs on contents be those of an earlier look.
    pub(in crate::git) fn hold_to(&mut self, repo: &git2::Repository, before: &Surroundings) {
        self.drivers = Arc::new(Drivers::as_of(repo, before));
    }

    /// What was planted since among the commands that git runs on contents, as it was, for a command in `git_dir`.
    pub(in crate::git) fn drivers(
        &self,
        common_dir: &Path,
        git_dir: &Path,
    ) -> Vec<(String, String)> {
        self.drivers.restored(common_dir, git_dir)
    }

    /// As arguments that precede a command.
    pub(in crate::git) fn args(&self) -> impl Iterator<Item = OsString> {
        let mut excludes = OsString::from("core.excludesFile=");
        excludes.push(&self.excludes);
        let file_mode = format!("core.fileMode={}", self.file_mode).into();
        ["-c".into(), file_mode, "-c".into(), excludes].into_iter()
    }
}

/// What git finds: libgit2 does not look at the variables that name other files of settings.
pub(in crate::git) fn setting<T>(
    repo: &git2::Repository,
    read: impl Fn(&git2::Config) -> Option<T>,
) -> Option<T> {
    let all = repo.config().ok()?;
    let elsewhere: Vec<_> = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"]
        .into_iter()
        .filter_map(std::env::var_os)
        .collect();
    if elsewhere.is_empty() {
        return read(&all);
    }
    let local = all.open_level(git2::ConfigLevel::Local);
    let files = elsewhere
        .iter()
        .filter_map(|file| git2::Config::open(Path::new(file)).ok());
    local
        .into_iter()
        .chain(files)
        .find_map(|config| read(&config))
}

/// Where git looks when nothing is said.
fn usual_excludes() -> Option<PathBuf> {
    let dir = |name: &str| std::env::var_os(name).filter(|dir| !dir.is_empty());
    let config = dir("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(dir("HOME")?).join(".config")))?;
    Some(config.join("git/ignore"))
}

impl Worktree {
    /// Notes what the repository's `info/exclude` says.
    pub(in crate::git) fn note_excludes(&mut self, repo: &Repo) -> Result<()> {
        self.excludes = read_or_empty(&shared(repo));
        overwrite(&self.noted(), &self.excludes).context("the excludes cannot be noted")
    }

    /// Takes up what an earlier process noted.
    pub(in crate::git) fn recall_excludes(&mut self, repo: &Repo) {
        let noted = plain(&self.noted());
        self.excludes = noted.unwrap_or_else(|_| read_or_empty(&shared(repo)));
    }

    /// Whether it says something else by now.
    pub(in crate::git) fn excludes_changed(&self, repo: &Repo) -> bool {
        self.excludes != read_or_empty(&shared(repo))
    }

    /// What nobody tracks and only the changed excludes hide, or may hide.
    pub(in crate::git) fn hidden(&self, repo: &Repo) -> Result<Vec<Vec<u8>>> {
        if !self.excludes_changed(repo) {
            return Ok(Vec::new());
        }
        overwrite(&self.noted(), &self.excludes).context("the excludes cannot be noted")?;
        let from = |file: &Path| {
            let mut option = OsString::from("--exclude-from=");
            option.push(file);
            option
        };
        let users = Some(&self.pins.excludes).filter(|file| file.is_file());
        let excludes = users
            .map(|file| from(file))
            .into_iter()
            .chain([from(&self.noted())]);
        let args = [
            "ls-files",
            "--others",
            "-z",
            "--exclude-per-directory=.gitignore",
        ];
        let output = Git::within(self)?
            .env("GIT_INDEX_FILE", self.private())
            .check(args.map(OsString::from).into_iter().chain(excludes))?;
        let paths = output.stdout.split(|byte| *byte == 0);
        Ok(paths
            .filter(|path| !path.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// Whether anything lies in it that `commit` does not have. Where nothing was left uncommitted, that is what git
    /// ignores; to ask git would cost a process for each attempt.
    pub fn holds_more_than(&self, repo: &Repo, commit: Oid) -> Result<bool> {
        let tree = repo.commit(commit)?.tree;
        holds_more(repo, tree, self.path(), true)
    }

    fn noted(&self) -> PathBuf {
        self.git_dir().join("enact-exclude")
    }
}

/// Whether anything lies in `dir` that is not of `tree`; ends at the first.
fn holds_more(repo: &Repo, tree: Oid, dir: &Path, is_top: bool) -> Result<bool> {
    let entries = repo.entries(tree)?.into_iter();
    let tracked: HashMap<String, (i32, Oid)> = entries
        .map(|entry| (entry.name, (entry.mode, entry.oid)))
        .collect();
    let listed =
        std::fs::read_dir(dir).with_context(|| format!("`{}` cannot be listed", dir.display()))?;
    for found in listed {
        let found = found?;
        let name = found.file_name();
        if is_top && name == ".git" {
            continue;
        }
        let holds_more = match name.to_str().and_then(|name| tracked.get(name)) {
            Some((mode::TREE, below)) => holds_more(repo, *below, &found.path(), false)?,
            // What a submodule holds is not told by the commit.
            Some((mode::COMMIT, _)) => std::fs::read_dir(found.path())?.next().is_some(),
            Some(_) => false,
            None => true,
        };
        if holds_more {
            return Ok(true);
        }
    }
    Ok(false)
}

fn shared(repo: &Repo) -> PathBuf {
    repo.common_dir().join("info/exclude")
}

fn read_or_empty(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}
