//! Which commands verify a task. A `Verify` that is code is a command when its first word can be run:
//! a program on PATH, or a file of the worktree; anything else is words for the executor.

use std::ffi::OsStr;
use std::path::Path;

use crate::plan::{Check, Task};
use crate::process::environment;

/// Decides whether a first word can be run.
pub trait Programs {
    /// Whether `word` names a program or a file that can be run.
    fn has(&self, word: &str) -> bool;
}

/// The programs of this machine, and the files of one directory.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The value of PATH.
    pub path: &'a str,
    /// Where relative names are looked for; `None` for nowhere.
    pub dir: Option<&'a Path>,
}

impl Programs for Found<'_> {
    fn has(&self, word: &str) -> bool {
        is_builtin(word) || environment::has_program(word, OsStr::new(self.path), self.dir)
    }
}

/// The commands that verify `task`: its own, then those of the run for every task.
pub fn commands(task: &Task, for_all: &[String], programs: &impl Programs) -> Vec<String> {
    let own = task
        .verify
        .iter()
        .filter(|check| is_command(check, programs))
        .map(Check::text);
    own.chain(for_all.iter().map(String::as_str))
        .map(str::to_owned)
        .collect()
}

/// Whether `check` is a command rather than words.
pub fn is_command(check: &Check, programs: &impl Programs) -> bool {
    match check {
        Check::Command(_) => true,
        Check::Code(text) => first_word(text).is_some_and(|word| programs.has(word)),
        Check::Prose(_) => false,
    }
}

/// The first word that is neither a comment line nor an assignment such as `RUST_LOG=debug`.
fn first_word(text: &str) -> Option<&str> {
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
        assert!(!is_command(
            &Check::Prose("cargo test passes".to_owned()),
            &Only("cargo")
        ));
    }
}
