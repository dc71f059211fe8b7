//! The one place that starts `git`, and the fixed environment it gets.
//!
//! Nothing is inherited but where programs, the user's home and the user's own configuration are. What a
//! repository's configuration could make git execute or ask (hooks, file system monitors, pagers, editors,
//! prompts) is switched off, because an executor can write that configuration.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Result, anyhow, bail};

use super::{Repo, Worktree};
use crate::process::{self, Command, Output, environment};

/// The first git with `merge-tree --write-tree`.
const MINIMUM: (u32, u32) = (2, 38);

/// What is taken over from our own environment. The `GIT_*` names among them say where the user's
/// configuration and identity are; none of them can point git at another repository.
const INHERITED: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TZ",
    "EMAIL",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "LD_LIBRARY_PATH",
];

const FIXED: [(&str, &str); 11] = [
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_EDITOR", ":"),
    ("GIT_SEQUENCE_EDITOR", ":"),
    ("GIT_PAGER", "cat"),
    ("GIT_ASKPASS", "true"),
    ("GIT_ADVICE", "0"),
];

/// What a person sees by: taken from our own environment where git writes to their terminal.
const SHOWING: [&str; 14] = [
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
    "GIT_PAGER",
    "GIT_PAGER_IN_USE",
    "PAGER",
    "LESS",
    "LESSCHARSET",
    "LV",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
];

/// What reaching another repository takes from our own environment.
const REACHING: [&str; 12] = [
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSH_AGENT_PID",
];

/// Options that hold whatever the repository's configuration says. `trustctime`, `checkStat` and
/// `ignoreStat` decide whether a changed file is noticed; the sparse and split ones whether an index that
/// we read in process has its usual shape.
const OPTIONS: [(&str, &str); 20] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.trustctime", "true"),
    ("core.checkStat", "default"),
    ("core.ignoreStat", "false"),
    ("core.sparseCheckout", "false"),
    ("core.splitIndex", "false"),
    ("core.alternateRefsCommand", "false"),
    // Who can write one can have git believe in another history.
    ("core.commitGraph", "false"),
    ("index.sparse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("commit.gpgSign", "false"),
    ("submodule.recurse", "false"),
    ("protocol.allow", "never"),
    ("status.showUntrackedFiles", "all"),
    ("status.renames", "false"),
    ("merge.renames", "true"),
    ("merge.directoryRenames", "conflict"),
];

/// Options of [`OPTIONS`] about indexes that we read; the user's own has the shape that they chose.
const SHAPES: [&str; 3] = ["core.sparseCheckout", "core.splitIndex", "index.sparse"];

/// Where `git -c` puts what it was told.
const SPOKEN: &str = "GIT_CONFIG_PARAMETERS";
/// More settings than anybody says in variables.
const SPOKEN_MAX: usize = 1000;

/// The events of hooks that configuration can define since git 2.54; `core.hooksPath` does not stop those.
const HOOK_EVENTS: [&str; 24] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "post-rewrite",
    "post-index-change",
    "pre-push",
    "pre-receive",
    "proc-receive",
    "post-receive",
    "update",
    "post-update",
    "push-to-checkout",
    "fsmonitor-watchman",
    "reference-transaction",
    "pre-auto-gc",
    "sendemail-validate",
];

/// One `git` command to be.
pub struct Git {
    command: Command,
    /// How many settings it was given.
    settings: usize,
}

impl Git {
    /// A command on the repository as a whole.
    pub fn new(repo: &Repo) -> Result<Self> {
        let git = Self::at(repo.common_dir(), None)?;
        let planted = repo.pins().drivers(repo.common_dir(), repo.common_dir());
        Ok(git.set(&planted))
    }

    /// A command in the checkout that we were started in: the user's, with what they said by `git -c`, and with an
    /// index of the shape that they chose.
    pub fn here(repo: &Repo) -> Result<Self> {
        let (command, settings) = base(require_version()?, &spoken(), |option| {
            !SHAPES.contains(&option)
        });
        let command = match std::env::var_os(SPOKEN) {
            Some(spoken) => command.env(SPOKEN, spoken),
            None => command,
        };
        let git = Self::placed(command, repo.git_dir(), repo.checkout(), settings);
        let planted = repo.pins().drivers(repo.common_dir(), repo.git_dir());
        Ok(git.set(&planted))
    }

    /// A command that may reach other repositories, by whatever the user's configuration reaches them.
    pub(in crate::git) fn reaching_out(repo: &Repo) -> Result<Self> {
        let (mut command, settings) = base(require_version()?, &spoken(), |option| {
            option != "protocol.allow"
        });
        for name in REACHING {
            if let Some(value) = std::env::var_os(name) {
                command = command.env(name, value);
            }
        }
        Ok(Self::placed(command, repo.common_dir(), None, settings))
    }

    /// A command in a worktree of ours, whatever its `.git` file says by now.
    pub(in crate::git) fn within(worktree: &Worktree) -> Result<Self> {
        Self::below(worktree, worktree.path())
    }

    /// The same with the files at `work_tree`.
    pub(in crate::git) fn below(worktree: &Worktree, work_tree: &Path) -> Result<Self> {
        let git = Self::at(worktree.git_dir(), Some(work_tree))?;
        let common_dir = worktree.common_dir();
        let planted = worktree.pins.drivers(common_dir, worktree.git_dir());
        // Its `commondir` file could name another repository, with another configuration.
        let git = git.env("GIT_COMMON_DIR", common_dir).set(&planted);
        Ok(git.args(worktree.pins.args()))
    }

    /// A command with `git_dir` and `work_tree` given, so that nothing is left to discovery.
    pub(in crate::git) fn at(git_dir: &Path, work_tree: Option<&Path>) -> Result<Self> {
        let (command, settings) = base(require_version()?, &[], |_| true);
        Ok(Self::placed(command, git_dir, work_tree, settings))
    }

    fn placed(command: Command, git_dir: &Path, work_tree: Option<&Path>, settings: usize) -> Self {
        let mut command = command.env("GIT_DIR", git_dir);
        if let Some(work_tree) = work_tree {
            command = command.env("GIT_WORK_TREE", work_tree).dir(work_tree);
            if let Some(parent) = work_tree.parent() {
                command = command.env("GIT_CEILING_DIRECTORIES", parent);
            }
        } else {
            command = command.dir(git_dir);
        }
        Self { command, settings }
    }

    /// Gives it settings that hold whatever the configuration says. In the environment, because on the command line
    /// a name may have no `=`.
    #[must_use]
    fn set(mut self, settings: &[(String, String)]) -> Self {
        for (key, value) in settings {
            let n = self.settings;
            self = self
                .env(&format!("GIT_CONFIG_KEY_{n}"), key)
                .env(&format!("GIT_CONFIG_VALUE_{n}"), value);
            self.settings += 1;
        }
        let count = self.settings.to_string();
        self.env("GIT_CONFIG_COUNT", count)
    }

    /// Sets one more variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command = self.command.env(name, value);
        self
    }

    /// Feeds it `bytes`.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.command = self.command.stdin(bytes);
        self
    }

    /// Feeds it a file.
    #[must_use]
    pub(in crate::git) fn stdin_from(mut self, path: &Path) -> Self {
        self.command = self.command.stdin_from(path);
        self
    }

    /// Adds arguments before those that running it names; they may be paths.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command = self.command.args(args);
        self
    }

    /// Runs it on our own terminal, with the user's pager and colors; its exit status.
    pub fn show<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Result<i32> {
        let mut command = self.command.without("GIT_PAGER").without("LC_ALL");
        for name in SHOWING {
            if let Some(value) = std::env::var_os(name) {
                command = command.env(name, value);
            }
        }
        process::hand_over(&command.args(args))
    }

    /// Runs it to its end, whatever the end is.
    pub fn run<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Result<Output> {
        process::run(&self.command.args(args))
    }

    /// Runs it to its end, which must be a good one.
    pub fn check<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Result<Output> {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().into()).collect();
        let output = process::run(&self.command.args(&args))?;
        if output.status != 0 {
            let words: Vec<_> = args
                .iter()
                .take(2)
                .map(|arg| arg.to_string_lossy())
                .collect();
            bail!(
                "`git {}` ended with status {}: {}",
                words.join(" "),
                output.status,
                output.complaint()
            );
        }
        Ok(output)
    }

    /// What differs from HEAD, in the index or in the files; `untracked` says how new files are told.
    pub(in crate::git) fn uncommitted(self, untracked: &str) -> Result<Vec<Uncommitted>> {
        let args = ["status", "--porcelain=v1", "-z", "--no-renames", untracked];
        let status = self.check(args)?;
        let text = String::from_utf8_lossy(&status.stdout);
        let entries = text.split('\0').filter_map(|line| {
            Some(Uncommitted {
                path: line.get(3..)?.to_owned(),
                is_untracked: line.starts_with("??"),
            })
        });
        Ok(entries.collect())
    }
}

/// A path that differs from HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    /// Relative to the top of the checkout.
    pub path: String,
    /// Whether git knows nothing of it.
    pub is_untracked: bool,
}

/// `git` with the fixed environment and options, and how many those are. The options travel in the environment, so that what git
/// itself starts has them as well.
fn base(
    version: (u32, u32),
    spoken: &[(String, String)],
    is_wanted: impl Fn(&str) -> bool,
) -> (Command, usize) {
    let mut command = Command::new("git");
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command = command.env(name, value);
        }
    }
    for (name, value) in FIXED {
        command = command.env(name, value);
    }
    let fixed = OPTIONS.iter().filter(|(key, _)| is_wanted(key));
    let fixed = fixed.map(|(key, value)| ((*key).to_owned(), *value));
    let spoken = spoken.iter();
    // What comes later holds.
    let mut options: Vec<(String, &str)> = spoken
        .map(|(key, value)| (key.clone(), value.as_str()))
        .chain(fixed)
        .collect();
    if version >= (2, 54) {
        options.extend(
            HOOK_EVENTS
                .iter()
                .map(|event| (format!("hook.{event}.enabled"), "false")),
        );
    }
    for (n, (key, value)) in options.iter().enumerate() {
        command = command
            .env(format!("GIT_CONFIG_KEY_{n}"), key)
            .env(format!("GIT_CONFIG_VALUE_{n}"), value);
    }
    let count = options.len();
    (command.env("GIT_CONFIG_COUNT", count.to_string()), count)
}

/// Whether the user said anything by `git -c`, or in the variables that do the same.
pub(in crate::git) fn is_spoken() -> bool {
    std::env::var_os(SPOKEN).is_some() || !spoken().is_empty()
}

/// What the variables say that `git -c` has as its longer form.
fn spoken() -> Vec<(String, String)> {
    let count = std::env::var("GIT_CONFIG_COUNT");
    let count: usize = count.ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    let pair = |n: usize| {
        let key = std::env::var(format!("GIT_CONFIG_KEY_{n}")).ok()?;
        Some((key, std::env::var(format!("GIT_CONFIG_VALUE_{n}")).ok()?))
    };
    (0..count.min(SPOKEN_MAX)).filter_map(pair).collect()
}

/// The version of the `git` on PATH, asked once.
pub fn version() -> Result<(u32, u32)> {
    static VERSION: OnceLock<Result<(u32, u32), String>> = OnceLock::new();
    VERSION
        .get_or_init(|| ask_version().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(|message| anyhow!(message))
}

/// The version, when it is one that we can work with.
pub fn require_version() -> Result<(u32, u32)> {
    let found = version()?;
    if found < MINIMUM {
        bail!(
            "git {}.{} is too old: {}.{} or newer is needed (`git merge-tree --write-tree`)",
            found.0,
            found.1,
            MINIMUM.0,
            MINIMUM.1
        );
    }
    Ok(found)
}

fn ask_version() -> Result<(u32, u32)> {
    let mut command = Command::new("git").arg("--version");
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command = command.env(name, value);
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !environment::has_program("git", &path, None) {
        bail!(
            "no `git` is on PATH, and {}.{} or newer is needed; PATH is `{}`",
            MINIMUM.0,
            MINIMUM.1,
            path.to_string_lossy()
        );
    }
    let text = process::run(&command)?.text();
    parse_version(&text)
        .ok_or_else(|| anyhow!("`git --version` says `{text}`, which names no version"))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_packager_are_understood() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(
            parse_version("git version 2.39.5 (Apple Git-154)"),
            Some((2, 39))
        );
        assert_eq!(parse_version("git version 2.38.rc0"), Some((2, 38)));
        assert_eq!(parse_version("hub"), None);
    }
}
