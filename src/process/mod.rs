//! The only module that starts processes.
//!
//! [`run`] is for short commands of our own choice (git, mostly): environment given in full, output
//! captured, no shell. What executors and checks need (a session, deadlines, a supervisor that leaves
//! nothing behind) is in `supervise`. This module knows neither git nor tasks.

pub mod environment;
mod holders;
pub mod sandbox;
pub mod storage;
pub mod supervise;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Child, Stdio};

use anyhow::{Context as _, Result};

pub use holders::{Holder, holders, workers};

/// A command to run to its end, with nothing inherited but what is named here.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    stdin: Option<Vec<u8>>,
    /// A file that it reads instead.
    input: Option<PathBuf>,
}

/// What a command left when it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit status, or 128 + n after signal n.
    pub status: i32,
    /// All of it.
    pub stdout: Vec<u8>,
    /// All of it.
    pub stderr: Vec<u8>,
}

impl Command {
    /// A command with an empty environment, run in the current directory with standard input closed.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
            stdin: None,
            input: None,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().into()));
        self
    }

    /// Sets one variable of the otherwise empty environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// Takes a variable out again.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(set, _)| set != name);
        self
    }

    /// Runs it in `dir`.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().into());
        self
    }

    /// Feeds it `bytes`.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Feeds it the file at `path`.
    #[must_use]
    pub fn stdin_from(mut self, path: impl Into<PathBuf>) -> Self {
        self.input = Some(path.into());
        self
    }
}

impl Output {
    /// Standard output as text, without the final newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }

    /// What it gave up with: the last line that says so with all that follows it, else the last line.
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let is_end = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
        if let Some(at) = lines.iter().rposition(is_end) {
            let said = lines[at..]
                .iter()
                .filter(|line| !line.is_empty() && !line.starts_with("hint:"));
            return said.copied().collect::<Vec<_>>().join(" ");
        }
        text.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no message")
            .trim()
            .to_owned()
    }
}

/// Runs `command` to its end and captures what it prints. Only failing to start is an error.
pub fn run(command: &Command) -> Result<Output> {
    use std::os::unix::process::CommandExt as _;
    let mut child = child(&command.program, &command.env, command.dir.as_deref());
    // A Ctrl-C on the terminal is for us to answer; it must not cut a git command in half.
    child.process_group(0).args(&command.args);
    child.stdout(Stdio::piped()).stderr(Stdio::piped());
    child.stdin(match (&command.stdin, &command.input) {
        (Some(_), _) => Stdio::piped(),
        (None, Some(path)) => File::open(path)
            .with_context(|| format!("`{}` cannot be read", path.display()))?
            .into(),
        (None, None) => Stdio::null(),
    });
    let mut child = child
        .spawn()
        .with_context(|| format!("could not start `{}`", command.program.to_string_lossy()))?;
    let feeder = command
        .stdin
        .clone()
        .zip(child.stdin.take())
        .map(|(bytes, mut pipe)| {
            // A child that does not read all of its input is no failure of ours.
            std::thread::spawn(move || pipe.write_all(&bytes).unwrap_or_default())
        });
    let output = child
        .wait_with_output()
        .context("could not wait for a child")?;
    if let Some(feeder) = feeder {
        feeder.join().unwrap_or_default();
    }
    Ok(Output {
        status: exit_status(output.status),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// Runs `command` until it ends or `dies` says that it shall be killed, as by `kill -9`; what it prints is dropped.
/// Its exit status, or nothing when it was killed.
pub fn run_until(command: &Command, mut dies: impl FnMut() -> bool) -> Result<Option<i32>> {
    use std::os::unix::process::CommandExt as _;
    let mut child = child(&command.program, &command.env, command.dir.as_deref());
    child.process_group(0).args(&command.args);
    child
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = child
        .spawn()
        .with_context(|| format!("could not start `{}`", command.program.to_string_lossy()))?;
    loop {
        let waited = child.try_wait().context("could not wait for a child")?;
        if let Some(status) = waited {
            return Ok(Some(exit_status(status)));
        }
        if dies() {
            child.kill().context("a child cannot be killed")?;
            child.wait().context("could not wait for a child")?;
            return Ok(None);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Runs `command` to its end on our own terminal, as a person would have; its exit status.
pub fn hand_over(command: &Command) -> Result<i32> {
    let mut child = child(&command.program, &command.env, command.dir.as_deref());
    let status = child
        .args(&command.args)
        .status()
        .with_context(|| format!("could not start `{}`", command.program.to_string_lossy()))?;
    Ok(exit_status(status))
}

/// A child to be: `program` in `dir` with the environment `env` and nothing else of ours. It is looked for on
/// that environment's PATH here and now. Left to do so, the standard library would copy our whole process
/// before it starts another, which costs more than most of what is started.
fn child(program: &OsStr, env: &[(OsString, OsString)], dir: Option<&Path>) -> Child {
    use std::os::unix::process::CommandExt as _;
    let path = env.iter().rfind(|(name, _)| name == "PATH");
    let found = path
        .filter(|_| !program.as_encoded_bytes().contains(&b'/'))
        .and_then(|(_, path)| environment::on_path(program, path, dir));
    let mut child = Child::new(found.as_deref().map_or(program, Path::as_os_str));
    child
        .arg0(program)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)));
    if let Some(dir) = dir {
        child.current_dir(dir);
    }
    child
}

/// The status as a shell reports it.
fn exit_status(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}
