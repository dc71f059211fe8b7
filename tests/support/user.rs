//! A user at the command line, with a repository of their own: own HOME, fixed clock, user and branch; nothing of the machine
//! but PATH gets in. Assertions about git go through git itself.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use git_enact::run::policy::Isolation;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{alone, isolation};

/// A secret in the environment of everything that a test starts. It is not among what executors are given, so that
/// nothing of ours may ever hold or show it.
pub(crate) const CANARY: &str = "CANARY-c5a1f0d27b3e4986";

/// A user in a hermetic repository with one commit on `main`.
pub(crate) struct User {
    root: TempDir,
    /// Where its executors work, unless a test says otherwise.
    pub(crate) isolation: Isolation,
}

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(240);

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
        let isolation = isolation::chosen();
        let repo = Self { root, isolation };
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
        let mut command = alone::command(program);
        command
            .current_dir(self.path())
            .env("HOME", self.home())
            .env("TMPDIR", self.root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .env("ENACT_NOW", "2026-01-02T03:04:05Z")
            .env("TZ", "UTC")
            .env("TEST_API_TOKEN", CANARY)
            .stdin(Stdio::null());
        if self.isolation != Isolation::default() {
            command.env("ENACT_ISOLATION", self.isolation.name());
        }
        if let Ok(level) = std::env::var("ENACT_TEST_SANDBOX") {
            command.env("ENACT_SANDBOX", level);
        }
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
        let output = Output::in_time(&mut self.enact_command(args));
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(CANARY), "a secret is shown: {output}");
            assert!(
                !text.contains("panicked at"),
                "the program gave up: {output}"
            );
        }
        output
    }

    /// Runs a plan to its end with `executor` (a script) and approval, under the run id `r-test`.
    #[must_use = "say how it must end: `.success()` or `.code(n)`"]
    pub(crate) fn run(&self, plan: &str, executor: &str, flags: &[&str]) -> Output {
        self.enact([&begin(plan), flags, &["--", executor]].concat())
    }

    /// The same for `plan.toml` with the commands that its own tasks hold.
    #[must_use = "say how it must end: `.success()` or `.code(n)`"]
    pub(crate) fn run_plan(&self, flags: &[&str]) -> Output {
        self.enact([&begin("plan.toml"), flags].concat())
    }

    /// Begins what `run` runs to its end, and lets it run.
    pub(crate) fn start_run(&self, plan: &str, executor: &str, flags: &[&str]) -> Running {
        self.start([&begin(plan), flags, &["--", executor]].concat())
    }

    /// Writes `plan.toml` and commits it.
    pub(crate) fn plan(&self, text: &str) {
        self.write("plan.toml", text);
        self.commit("Plan");
    }

    /// Starts `git-enact` and lets it run.
    pub(crate) fn start<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Running {
        self.started(self.enact_command(args))
    }

    /// Starts a command of the user's and lets it run.
    pub(crate) fn started(&self, mut command: Command) -> Running {
        let said = tempfile::NamedTempFile::new_in(self.root.path()).expect("a file");
        let child = command
            .stdout(Stdio::piped())
            .stderr(said.reopen().expect("a file"))
            .spawn()
            .expect("it can be started");
        Running { child, said }
    }

    /// Makes a file outside the checkout, for which a script waits.
    pub(crate) fn signal(&self, name: &str) {
        std::fs::write(self.outside(name), "").expect("a signal");
    }

    /// Waits for a file outside the checkout, which a script makes.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        wait_until(&format!("`{name}` appears"), || self.outside(name).exists());
    }

    /// Shell functions for executors: `commit FILE TEXT`, `claim STATUS`, `signal NAME` and `wait_for NAME`.
    pub(crate) fn executor(&self, body: &str) -> String {
        let outside = self.root.path().display();
        // Looked for fifty times a second, as long as a test waits for anything.
        let looks = PATIENCE.as_secs() * 50;
        let functions = format!(
            r#"
commit() {{ mkdir -p "$(dirname "$1")"; echo "$2" > "$1"; git add --all; git commit --quiet --message "Write $1"; }}
claim() {{ printf '{{"status": "%s", "commit": "%s"}}\n' "$1" "$(git rev-parse HEAD)"; }}
signal() {{ : > "{outside}/$1"; }}
wait_for() {{ n=0; while ! test -e "{outside}/$1"; do n=$((n + 1)); test $n -lt {looks} || exit 99; sleep 0.02; done; }}
"#
        );
        self.script("executor", &format!("{functions}{body}"))
    }

    /// What a script wrote outside the checkout, trimmed.
    pub(crate) fn noted(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.outside(name));
        text.expect("the script wrote it").trim().to_owned()
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
        self.assert_whole_but(&[]);
    }

    /// The same with flags that have it look at less.
    pub(crate) fn assert_whole_but(&self, flags: &[&str]) {
        let everything = ["fsck", "--strict", "--full", "--no-dangling"];
        let output = self.git([&everything, flags].concat());
        assert_eq!(
            (output.status, output.stderr.trim()),
            (0, ""),
            "git fsck: {output}"
        );
    }
}

/// Begins a run of `plan` that nobody is asked about; a power cut may cost it something.
fn begin(plan: &str) -> [&str; 7] {
    [
        "run",
        plan,
        "--yes",
        "--name",
        "r-test",
        "--durability",
        "process",
    ]
}

/// A `git-enact` that runs.
pub(crate) struct Running {
    child: Child,
    /// Where its standard error goes.
    said: tempfile::NamedTempFile,
}

impl Running {
    /// What it has complained of so far.
    fn said(&self) -> String {
        std::fs::read_to_string(self.said.path()).expect("text")
    }

    /// Waits until standard error contains `text`.
    #[track_caller]
    pub(crate) fn wait_until_it_says(&self, text: &str) {
        wait_until(text, || self.said().contains(text));
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by now.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Output {
        let said = self.said;
        let output = Output::from(self.child.wait_with_output().expect("it ends"));
        let stderr = std::fs::read_to_string(said.path()).expect("text");
        Output { stderr, ..output }
    }
}

/// Looks again and again until `holds`; a minute is far more than anything here takes.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
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
}

impl Output {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the command can be started"))
    }

    /// The same for what writes to nothing else. What never comes to an end is killed: then it ends with 137.
    fn in_time(command: &mut Command) -> Self {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn().expect("the command can be started");
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (ended, end) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    // It was not waited for: the id is still its own.
                    kill_process(id.expect("an id"), Signal::KILL).expect("it runs");
                }
            });
            let output = child.wait_with_output().expect("it ends");
            drop(ended);
            Self::from(output)
        })
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
