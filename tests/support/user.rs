//! A user at the command line, with a repository of their own: own HOME, fixed clock, user and branch; nothing of the machine
//! but PATH gets in. Assertions about git go through git itself.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A user in a hermetic repository with one commit on `main`.
pub(crate) struct User {
    root: TempDir,
}

/// What a command left.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("enact-test-")
            .tempdir()
            .expect("a temporary directory");
        let repo = Self { root };
        std::fs::create_dir_all(repo.home()).expect("a home");
        std::fs::create_dir_all(repo.path()).expect("a repository");
        std::fs::write(
            repo.home().join(".gitconfig"),
            "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n",
        )
        .expect("a git configuration");
        repo.git(["init", "--quiet"]).success();
        repo.write("README.md", "# example\n");
        repo.commit("Begin");
        repo
    }

    /// The checkout.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("repo")
    }

    /// What belongs to the test and lies outside the checkout.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Writes a file of the checkout.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    /// Commits everything in the checkout.
    pub(crate) fn commit(&self, message: &str) {
        self.git(["add", "--all"]).success();
        self.git(["commit", "--quiet", "--message", message])
            .success();
    }

    /// Writes an executable `sh` script outside the checkout and returns its path.
    pub(crate) fn script(&self, name: &str, body: &str) -> String {
        let path = self.outside(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("an executable");
        path.to_string_lossy().into_owned()
    }

    /// A command in the checkout with the test's environment and nothing else.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("PATH"))
            .env("HOME", self.home())
            .env("TMPDIR", self.root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .env("ENACT_NOW", "2026-01-02T03:04:05Z")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// `git-enact` with arguments, not yet started.
    pub(crate) fn enact_command<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_git-enact"));
        command.args(args);
        command
    }

    /// Runs `git-enact`.
    #[must_use = "say how it must end: `.success()` or `.code(n)`"]
    pub(crate) fn enact<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Output {
        Output::of(&mut self.enact_command(args))
    }

    /// Runs a plan to its end with `executor` (a script) and approval, under the run id `r-test`.
    #[must_use = "say how it must end: `.success()` or `.code(n)`"]
    pub(crate) fn run(&self, plan: &str, executor: &str, flags: &[&str]) -> Output {
        let mut args = vec![
            "run",
            plan,
            "--yes",
            "--name",
            "r-test",
            "--durability",
            "process",
        ];
        args.extend(flags);
        args.extend(["--", executor]);
        self.enact(args)
    }

    /// Runs `git` in the checkout.
    #[must_use = "say how it must end: `.success()` or `.code(n)`"]
    pub(crate) fn git<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Output {
        Output::of(self.command("git").args(args))
    }

    /// `status --json` of the newest run.
    pub(crate) fn status(&self) -> Value {
        let output = self.enact(["status", "--json"]);
        serde_json::from_str(&output.success().stdout).expect("`status --json` prints JSON")
    }

    /// One task of `status --json`.
    pub(crate) fn task(&self, id: &str) -> Value {
        let status = self.status();
        let tasks = status["tasks"].as_array().expect("tasks").clone();
        tasks
            .into_iter()
            .find(|task| task["id"] == id)
            .unwrap_or_else(|| panic!("no task {id}"))
    }

    /// The text of `path` in a commit.
    pub(crate) fn at(&self, rev: &str, path: &str) -> String {
        self.git(["show", &format!("{rev}:{path}")])
            .success()
            .stdout
    }

    /// `git fsck` finds nothing to complain about.
    pub(crate) fn assert_whole(&self) {
        let output = self.git(["fsck", "--strict", "--full", "--no-dangling"]);
        assert_eq!(
            (output.status, output.stderr.trim()),
            (0, ""),
            "git fsck: {output}"
        );
    }
}

impl Output {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the command can be started");
        use std::os::unix::process::ExitStatusExt as _;
        let status = output
            .status
            .code()
            .or(output.status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1);
        Self {
            status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It must have ended well.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.code(0)
    }

    /// It must have ended with this status.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.status, expected, "exit status of: {self}");
        self
    }

    /// Its standard error must contain `text`.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "standard error should say `{text}`: {self}"
        );
        self
    }

    /// Its standard output must contain `text`.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "standard output should say `{text}`: {self}"
        );
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit {}\n--- stdout\n{}--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// Every file below `dir` except what lies under `skip`: path, mode, content, time of change.
pub(crate) fn digest(
    dir: &Path,
    skip: &[&str],
) -> Vec<(PathBuf, u32, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(current) = open.pop() {
        for entry in std::fs::read_dir(&current).expect("a directory") {
            let path = entry.expect("an entry").path();
            let relative = path.strip_prefix(dir).expect("below").to_owned();
            if skip.iter().any(|skipped| relative.starts_with(skipped)) {
                continue;
            }
            let meta = path.symlink_metadata().expect("metadata");
            let content = if meta.is_symlink() {
                std::fs::read_link(&path)
                    .expect("a link")
                    .to_string_lossy()
                    .into_owned()
                    .into_bytes()
            } else if meta.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else {
                std::fs::read(&path).expect("a file")
            };
            let changed = if meta.is_dir() {
                std::time::UNIX_EPOCH
            } else {
                meta.modified().expect("a time")
            };
            found.push((relative, meta.permissions().mode(), content, changed));
        }
    }
    found.sort();
    found
}
