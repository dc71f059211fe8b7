#![doc = include_str!("protocol.md")]
//!
//! # This module
//!
//! One executor in one worktree, once: what it is told ([`package`], [`prompt`]), how it is started
//! ([`Invocation`]), what it claims ([`claim`]), and what of its output may be stored ([`output`]). It takes
//! plain values and files; it knows neither git nor the journal, and believes no claim.

pub mod claim;
mod json;
pub mod output;
pub mod package;
pub mod prompt;
mod text;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::process::environment;
use crate::process::supervise::{self, Order};
use crate::run::policy::{Executor, Policy};
use package::Package;

/// Where an attempt takes place and by which names it goes. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The attempt's number.
    pub attempt: u32,
    /// The commit that it starts from.
    pub base: &'a str,
    /// Where the executor runs.
    pub worktree: &'a Path,
    /// The worktree's own git directory.
    pub git_dir: &'a Path,
    /// The git directory that all worktrees share.
    pub git_common_dir: &'a Path,
    /// The attempt's own files: made here, outside the worktree.
    pub files: &'a Path,
}

/// An attempt ready to start: its files are written, its order is complete.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What the supervisor is to run.
    pub order: Order,
    /// Where to write the order, for [`supervise::start`] and [`supervise::sweep`].
    pub order_file: PathBuf,
    /// Where the executor may leave its claim.
    pub result_file: PathBuf,
    /// The context package as written.
    pub package_file: PathBuf,
    /// The prompt as written.
    pub prompt_file: PathBuf,
    /// What must not be stored, for [`output::redact`].
    pub secrets: Vec<Vec<u8>>,
}

impl Invocation {
    /// Prepares the attempt of `package` at `place` under `policy`; `current` is our own environment. Writes
    /// the attempt's files and starts nothing.
    pub fn new(
        place: &Place<'_>,
        package: &Package,
        policy: &Policy,
        current: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let prompt = prompt::render(
            policy.prompt.as_deref(),
            package,
            place.attempt,
            policy.commit,
        )?;
        let file = |name: &str| place.files.join(name);
        let package_file = file("task.json");
        let prompt_file = file("prompt.md");
        let result_file = file("result.json");
        fs::create_dir_all(place.files)
            .with_context(|| format!("could not create `{}`", place.files.display()))?;
        write(&package_file, &serde_json::to_vec_pretty(package)?)?;
        write(&prompt_file, prompt.as_bytes())?;
        // What an earlier attempt left here would be taken for this one's claim.
        if result_file.exists() {
            fs::remove_file(&result_file)
                .with_context(|| format!("could not remove `{}`", result_file.display()))?;
        }
        let (argv, on_stdin) = command(&policy.executor, package, &prompt, &prompt_file)?;
        let passed = environment::allowed(current, &policy.pass_env);
        let secrets = output::secrets(&passed);
        let mut env = passed;
        env.extend(environment::fixed(place.worktree));
        env.extend(names(
            place,
            package,
            &package_file,
            &prompt_file,
            &result_file,
        ));
        let order = Order {
            argv,
            dir: place.worktree.into(),
            env,
            stdin: on_stdin.then(|| prompt_file.clone()),
            timeout_ms: policy.timeout_ms,
            stall_timeout_ms: policy.stall_timeout_ms,
            grace_ms: policy.grace_ms,
            output: file("output"),
            head: supervise::HEAD,
            tail: supervise::TAIL,
            outcome: file("outcome.json"),
            token: supervise::token(),
        };
        Ok(Self {
            order,
            order_file: file("order.json"),
            result_file,
            package_file,
            prompt_file,
            secrets,
        })
    }
}

/// The command, and whether the prompt goes to its standard input.
fn command(
    executor: &Executor,
    package: &Package,
    prompt: &str,
    prompt_file: &Path,
) -> Result<(Vec<OsString>, bool)> {
    match executor {
        Executor::Shell => {
            let script = package.task.run.as_deref().ok_or_else(|| {
                anyhow!(
                    "task `{}` has no commands for the shell executor",
                    package.task.id
                )
            })?;
            // The first command that fails fails the task.
            Ok((
                ["sh", "-e", "-c", script].map(OsString::from).to_vec(),
                false,
            ))
        }
        Executor::Command { name, argv } => {
            if argv.is_empty() {
                bail!("executor `{name}` has no command");
            }
            let filled: Vec<OsString> = argv
                .iter()
                .map(|word| fill(word, prompt, prompt_file))
                .collect();
            let on_stdin = argv
                .iter()
                .all(|word| !word.contains("{prompt}") && !word.contains("{prompt_file}"));
            Ok((filled, on_stdin))
        }
    }
}

/// `word` with its placeholders replaced, in one pass: a prompt that spells a placeholder is left alone.
fn fill(word: &str, prompt: &str, prompt_file: &Path) -> OsString {
    let mut filled = OsString::new();
    let mut rest = word;
    while let Some(at) = rest.find("{prompt") {
        filled.push(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{prompt}") {
            filled.push(prompt);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{prompt_file}") {
            filled.push(prompt_file);
            rest = after;
        } else {
            filled.push("{prompt");
            rest = &rest["{prompt".len()..];
        }
    }
    filled.push(rest);
    filled
}

/// The names by which an executor knows its attempt.
fn names(
    place: &Place<'_>,
    package: &Package,
    package_file: &Path,
    prompt_file: &Path,
    result_file: &Path,
) -> Vec<(OsString, OsString)> {
    let attempt = place.attempt.to_string();
    [
        ("ENACT_RUN", place.run.as_ref()),
        ("ENACT_TASK", package.task.id.as_str().as_ref()),
        ("ENACT_ATTEMPT", attempt.as_ref()),
        ("ENACT_BASE", place.base.as_ref()),
        ("ENACT_WORKTREE", place.worktree.as_os_str()),
        ("ENACT_GIT_DIR", place.git_dir.as_os_str()),
        ("ENACT_GIT_COMMON_DIR", place.git_common_dir.as_os_str()),
        ("ENACT_TASK_FILE", package_file.as_os_str()),
        ("ENACT_PROMPT_FILE", prompt_file.as_os_str()),
        ("ENACT_RESULT_FILE", result_file.as_os_str()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("could not write `{}`", path.display()))
}

#[cfg(test)]
mod tests;
