//! A repository of its own for each test, and `git` to look at it with.

use std::path::{Path, PathBuf};
use std::process::Command;

use git_enact::git::{Identity, Oid, Repo};

use super::alone;

/// When everything happens: 2026-01-01.
pub(crate) const TIME: i64 = 1_767_225_600;

/// A repository in a temporary directory, removed with it.
pub(crate) struct TestRepo {
    dir: tempfile::TempDir,
}

impl TestRepo {
    /// A repository with one commit on `main`: `a.txt`, `b.txt` and `dir/c.txt`.
    pub(crate) fn new() -> Self {
        Self::with_format("sha1")
    }

    /// The same with another object format.
    pub(crate) fn with_format(format: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let repo = Self { dir };
        std::fs::create_dir_all(repo.path()).expect("a directory");
        repo.git([
            "init",
            "--quiet",
            "--initial-branch=main",
            &format!("--object-format={format}"),
        ]);
        repo.git(["config", "user.name", "Ann"]);
        repo.git(["config", "user.email", "ann@example.com"]);
        repo.write("a.txt", "a\n");
        repo.write("b.txt", "b\n");
        repo.write("dir/c.txt", "c\n");
        repo.commit("first");
        repo
    }

    /// The checkout.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    /// A place beside the checkout.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn open(&self) -> Repo {
        Repo::discover(&self.path()).expect("a repository")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write_in(&self.path(), path, text);
    }

    /// Commits everything and says which commit that made.
    pub(crate) fn commit(&self, message: &str) -> Oid {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "-m", message]);
        self.open()
            .head()
            .expect("a HEAD")
            .commit
            .expect("a commit")
    }

    /// What `git` prints; it must succeed.
    pub(crate) fn git<const N: usize>(&self, args: [&str; N]) -> String {
        git_in(&self.path(), args)
    }

    /// Whether `git` succeeds.
    pub(crate) fn git_succeeds<const N: usize>(&self, args: [&str; N]) -> bool {
        command(&self.path(), args)
            .output()
            .expect("git starts")
            .status
            .success()
    }

    /// Whether everything in the repository is as git wants it.
    pub(crate) fn assert_sound(&self) {
        self.git(["fsck", "--strict", "--no-dangling"]);
    }
}

/// Writes a file and the directories above it.
pub(crate) fn write_in(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, text).expect("a file");
}

/// What `git` prints when run in `dir`; it must succeed.
pub(crate) fn git_in<const N: usize>(dir: &Path, args: [&str; N]) -> String {
    let output = command(dir, args).output().expect("git starts");
    assert!(
        output.status.success(),
        "git {args:?} must succeed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn command<const N: usize>(dir: &Path, args: [&str; N]) -> Command {
    let mut command = alone::command("git");
    command
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z");
    command
}

pub(crate) fn ann() -> Identity {
    Identity {
        name: "Ann".to_owned(),
        email: "ann@example.com".to_owned(),
    }
}
