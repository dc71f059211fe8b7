//! Which commands verify a task. A `Verify` that is code is a command when its first word can be run:
//! a program on PATH, or a file of the worktree; anything else is words for the executor. What is written as
//! a file to be run (`./check.sh`) is a command even when it is not there: it was promised.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::git::{Oid, Repo, mode};
use crate::plan::{Check, Expects, Task};
use crate::process::environment;

/// Decides whether a first word can be run.
pub trait Programs {
    /// Whether `word` names a program or a file that can be run.
    fn has(&self, word: &str) -> bool;
}

/// The programs of this machine, and the files of one directory.
#[derive(Clone)]
pub struct Found<'a> {
    /// The value of PATH.
    pub path: OsString,
    /// Where relative names are looked for.
    pub dir: PathBuf,
    /// A commit whose files count as well: an executor does not get rid of a check by removing it.
    pub base: Option<(&'a Repo, Oid)>,
}

impl Programs for Found<'_> {
    fn has(&self, word: &str) -> bool {
        let in_base = |(repo, base): (&Repo, Oid)| {
            let entry = repo.entry_at(base, word).ok().flatten();
            entry.is_some_and(|(found, _)| found == mode::EXECUTABLE)
        };
        is_builtin(word)
            || environment::has_program(word, &self.path, Some(&self.dir))
            || (word.contains('/') && self.base.is_some_and(in_base))
    }
}

impl Found<'_> {
    /// What this process finds, with the files of `dir`.
    pub fn beside(dir: impl Into<PathBuf>) -> Self {
        Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            dir: dir.into(),
            base: None,
        }
    }
}

/// What verifies a task, as far as it can be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// The task's own commands, then those of the run for every task.
    pub commands: Vec<String>,
    /// Code that nothing here can run, so that it proves nothing.
    pub unrun: Vec<String>,
}

/// Sorts what the plan says of how `task` is verified.
pub fn sort(task: &Task, for_all: &[String], programs: &impl Programs) -> Checks {
    let mut checks = Checks::default();
    for check in &task.verify {
        let text = check.text().to_owned();
        match check {
            check if is_command(check, programs) => checks.commands.push(text),
            Check::Code(_) => checks.unrun.push(text),
            Check::Command(_) | Check::Prose(_) => {}
        }
    }
    // What the rest of the run is proven by cannot pass while tests stand that must fail.
    if task.expects != Some(Expects::Failing) || checks.commands.is_empty() {
        checks.commands.extend(for_all.iter().cloned());
    }
    checks
}

/// Whether `check` is a command rather than words.
pub fn is_command(check: &Check, programs: &impl Programs) -> bool {
    let is_file = |word: &str| {
        ["./", "../", "/"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    match check {
        Check::Command(_) => true,
        Check::Code(text) => {
            first_word(text).is_some_and(|word| is_file(word) || programs.has(word))
        }
        Check::Prose(_) => false,
    }
}

/// The first word that is neither a comment line nor an assignment such as `RUST_LOG=debug`.
pub fn first_word(text: &str) -> Option<&str> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_assignment = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    lines
        .next()?
        .split_whitespace()
        .find(|word| !is_assignment(word))
}

/// What `sh` itself understands.
fn is_builtin(word: &str) -> bool {
    const BUILTINS: [&str; 14] = [
        "!", "[", "test", "true", "false", "cd", "set", "export", "for", "while", "if", "case",
        "(", "{",
    ];
    BUILTINS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(&'static str);

    impl Programs for Only {
        fn has(&self, word: &str) -> bool {
            word == self.0
        }
    }

    #[test]
    fn code_is_a_command_when_its_first_word_can_be_run() {
        let runs = |text: &str| is_command(&Check::Code(text.to_owned()), &Only("cargo"));
        assert!(
            runs("cargo test") && runs("RUST_LOG=debug cargo test") && runs("# first\ncargo test")
        );
        assert!(!runs("test_login") && !runs("") && !runs("Cargo.toml"));
        assert!(runs("./check.sh --all") && !runs("src/main.rs"));
        assert!(!is_command(
            &Check::Prose("cargo test passes".to_owned()),
            &Only("cargo")
        ));
    }
}
