//! Which commands verify a task. A `Verify` that is code is a command when its first word can be run:
//! a program on PATH, or a file of the worktree; anything else is words for the executor. What is written as
//! a file to be run (`./check.sh`) is a command even when it is not there: it was promised.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::git::{Oid, Repo, mode};
use crate::plan::{Check, Expects, Kind, Task, Weight};
use crate::process::environment;
use crate::run::policy::Policy;

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
    /// What was found before.
    pub known: Known,
}

/// Words that were looked for: a plan says the same one over and over, and each look asks every directory of PATH.
#[derive(Clone, Default)]
pub struct Known(RefCell<HashMap<String, bool>>);

impl Programs for Found<'_> {
    fn has(&self, word: &str) -> bool {
        if let Some(known) = self.known.0.borrow().get(word) {
            return *known;
        }
        let is_there = self.look_for(word);
        self.known.0.borrow_mut().insert(word.to_owned(), is_there);
        is_there
    }
}

impl Found<'_> {
    fn look_for(&self, word: &str) -> bool {
        let in_base = |(repo, base): (&Repo, Oid)| {
            let entry = repo.entry_at(base, word).ok().flatten();
            entry.is_some_and(|(found, _)| found == mode::EXECUTABLE)
        };
        is_builtin(word)
            || environment::has_program(word, &self.path, Some(&self.dir))
            || (word.contains('/') && self.base.is_some_and(in_base))
    }

    /// What this process finds, with the files of `dir`.
    pub fn beside(dir: impl Into<PathBuf>) -> Self {
        Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            dir: dir.into(),
            base: None,
            known: Known::default(),
        }
    }
}

/// What verifies a task, as far as it can be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// In the order in which they are run, none of them twice.
    pub commands: Vec<Planned>,
    /// Code that nothing here can run, so that it proves nothing.
    pub unrun: Vec<String>,
    /// The quality checks, by name and command.
    pub quality: Vec<(String, String)>,
    /// What the plan demands in its own words, each with the command that it names.
    pub criteria: Vec<(String, Option<String>)>,
}

/// A command that is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// As for `sh -c`.
    pub text: String,
    /// What for.
    pub purpose: Purpose,
}

/// What a command is run for, which decides what follows when it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It verifies the task, or the whole: what comes after it is not worth running.
    #[default]
    Verify,
    /// The same, of a task that is to make it fail.
    Red,
    /// It is a quality check.
    Quality,
    /// It shows a criterion.
    Criterion,
}

/// What a run demands of each of its tasks besides what the plan says.
#[derive(Debug, Clone, Copy)]
pub struct Demands<'a> {
    /// Commands that verify each task.
    pub verify: &'a [String],
    /// Quality checks, by name.
    pub quality: &'a BTreeMap<String, String>,
    /// How deep results are verified.
    pub weight: Weight,
}

impl<'a> Demands<'a> {
    /// Those of `policy`.
    pub fn of(policy: &'a Policy) -> Self {
        Self {
            verify: &policy.verify,
            quality: &policy.checks,
            weight: policy.weight,
        }
    }

    /// The commands that verify `task` besides its own. Design needs no tests, and what the rest of the run is proven by
    /// cannot pass while tests stand that must fail.
    pub fn verify(&self, task: &Task) -> &'a [String] {
        let is_red = task.expects == Some(Expects::Failing) && !task.verify.is_empty();
        match task.kind {
            _ if is_red => &[],
            Kind::Design => &[],
            Kind::Implementation => self.verify,
        }
    }

    /// The quality checks that `task` has to pass. Of a design they are that its skeletons compile.
    pub fn quality(&self, task: &Task) -> impl Iterator<Item = (&'a str, &'a str)> {
        // Tests of what is not there yet need not even compile.
        let is_full = self.weight == Weight::Full && task.expects != Some(Expects::Failing);
        let is_design = task.kind == Kind::Design;
        let all = self.quality.iter().filter(move |_| is_full);
        let builds = |name: &str| {
            name.strip_prefix(BUILD)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        all.filter(move |(name, _)| !is_design || builds(name))
            .map(|(name, command)| (name.as_str(), command.as_str()))
    }
}

/// The quality checks that show that the source compiles: this, and what is called so with a mark behind it.
const BUILD: &str = "build";

impl Planned {
    /// A command that verifies.
    pub fn verify(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            purpose: Purpose::Verify,
        }
    }
}

impl Checks {
    fn plan(&mut self, text: &str, purpose: Purpose) {
        // The first to ask for it is the strictest.
        if self.commands.iter().any(|planned| planned.text == text) {
            return;
        }
        self.commands.push(Planned {
            text: text.to_owned(),
            purpose,
        });
    }
}

/// Sorts what the plan and the run say of how `task` is verified.
pub fn sort(task: &Task, demands: &Demands<'_>, programs: &impl Programs) -> Checks {
    let mut checks = Checks::default();
    let proves = match task.expects {
        Some(Expects::Failing) => Purpose::Red,
        _ => Purpose::Verify,
    };
    for check in &task.verify {
        match check {
            check if is_command(check, programs) => checks.plan(check.text(), proves),
            Check::Code(text) => checks.unrun.push(text.clone()),
            Check::Command(_) | Check::Prose(_) => {}
        }
    }
    for command in demands.verify(task) {
        checks.plan(command, proves);
    }
    for (name, command) in demands.quality(task) {
        checks.plan(command, Purpose::Quality);
        checks.quality.push((name.to_owned(), command.to_owned()));
    }
    for criterion in &task.acceptance {
        let command = criterion_command(criterion, programs);
        let command = command.filter(|_| task.expects != Some(Expects::Failing));
        if let Some(command) = command {
            checks.plan(command, Purpose::Criterion);
        }
        let command = command.map(str::to_owned);
        checks.criteria.push((criterion.clone(), command));
    }
    checks
}

/// The command that a criterion names: its only code, if that can be run and no other words stand around it than that
/// it passes. What says more (`git push` fails without a remote) is words.
pub fn criterion_command<'c>(criterion: &'c str, programs: &impl Programs) -> Option<&'c str> {
    const PASSES: [&str; 27] = [
        "0",
        "a",
        "all",
        "and",
        "are",
        "clean",
        "cleanly",
        "code",
        "command",
        "completes",
        "exit",
        "exits",
        "green",
        "is",
        "must",
        "ok",
        "pass",
        "passes",
        "run",
        "runs",
        "status",
        "succeed",
        "succeeds",
        "successfully",
        "tests",
        "the",
        "with",
    ];
    let parts: Vec<&str> = criterion.split('`').collect();
    let [before, code, after] = parts[..] else {
        return None;
    };
    let mut words = before
        .split(|c: char| !c.is_alphanumeric())
        .chain(after.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty());
    let is_passing = words.all(|word| PASSES.contains(&word.to_lowercase().as_str()));
    let code = code.trim();
    (is_passing && is_command(&Check::Code(code.to_owned()), programs)).then_some(code)
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

/// The first word that is neither a comment line nor an assignment such as `RUST_LOG=debug`, as a shell would have it:
/// without quotes, and without the parenthesis or the end of its command.
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
    let line = lines.next()?;
    let inner = line.trim_start_matches(['(', ' ', '\t']);
    let words = if inner.is_empty() { line } else { inner };
    let is_inside = inner.len() < line.len();
    let word = words.split_whitespace().find(|word| !is_assignment(word))?;
    let end = word.find(|c: char| ";&|<>".contains(c) || is_inside && c == ')');
    let word = match end {
        Some(end) if end > 0 => &word[..end],
        _ => word,
    };
    let bare = word.trim_matches(['"', '\'']);
    Some(if bare.is_empty() { word } else { bare })
}

/// What `sh` itself understands.
fn is_builtin(word: &str) -> bool {
    const BUILTINS: [&str; 23] = [
        "!", "(", ".", ":", "[", "{", "case", "cd", "command", "eval", "exec", "export", "false",
        "for", "if", "set", "test", "trap", "true", "ulimit", "unset", "until", "while",
    ];
    BUILTINS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Location;

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
        for text in [
            "(cargo test && true)",
            "( cargo test )",
            "\"cargo\" test",
            "cargo; true",
            "cargo&&true",
        ] {
            assert!(runs(text), "{text}");
        }
        assert!(!runs("cargo() test") && !runs("(see cargo)"));
        assert!(!runs("--jobs=2 cargo test") && !runs("=2 cargo test"));
        assert!(!runs("test_login") && !runs("") && !runs("Cargo.toml"));
        assert!(runs("./check.sh --all") && !runs("src/main.rs"));
        assert!(!is_command(
            &Check::Prose("cargo test passes".to_owned()),
            &Only("cargo")
        ));
    }

    #[test]
    fn what_sh_itself_understands_needs_no_program() {
        let nothing = Found {
            path: OsString::new(),
            dir: PathBuf::from("/dev/null"),
            base: None,
            known: Known::default(),
        };
        assert!(nothing.has("cd") && nothing.has("["));
        assert!(!nothing.has("nosuch") && !nothing.has("src/nosuch"));
    }

    #[test]
    fn what_proves_a_task_beside_its_own_commands_depends_on_what_it_is_for() {
        let (run, none) = (["make all".to_owned()], BTreeMap::new());
        let demands = Demands {
            verify: &run,
            quality: &none,
            weight: Weight::Full,
        };
        let planned = |kind: Kind, expects: Option<Expects>, own: &[&str]| {
            let own = own.iter().map(|&text| Check::Command(text.to_owned()));
            let task = Task {
                kind,
                expects,
                verify: own.collect(),
                ..Task::at(Location {
                    file: PathBuf::new(),
                    line: 1,
                    column: 1,
                })
            };
            let sorted = sort(&task, &demands, &Only("make"));
            let told = sorted.commands.into_iter();
            told.map(|planned| (planned.text, planned.purpose))
                .collect::<Vec<_>>()
        };
        let (own, all) = ("make one".to_owned(), "make all".to_owned());
        let (red, green) = (Some(Expects::Failing), Some(Expects::Passing));
        for expects in [None, green] {
            assert_eq!(
                planned(Kind::Implementation, expects, &["make one"]),
                [
                    (own.clone(), Purpose::Verify),
                    (all.clone(), Purpose::Verify)
                ]
            );
        }
        assert_eq!(
            planned(Kind::Implementation, red, &["make one"]),
            [(own.clone(), Purpose::Red)]
        );
        assert_eq!(
            planned(Kind::Implementation, red, &[]),
            [(all, Purpose::Red)]
        );
        assert_eq!(
            planned(Kind::Design, None, &["make one"]),
            [(own, Purpose::Verify)]
        );
    }

    #[test]
    fn a_word_is_looked_for_once_however_often_it_is_said() {
        let dir = tempfile::tempdir().expect("a directory");
        let found = Found::beside(dir.path());
        assert!(!found.has("tools/check"));
        // Whoever asks again is told what was there when it was first asked for.
        std::fs::create_dir(dir.path().join("tools")).expect("a directory");
        for name in ["check", "other"] {
            let file = dir.path().join("tools").join(name);
            std::os::unix::fs::symlink("/bin/sh", file).expect("a program");
        }
        assert!(!found.has("tools/check") && found.has("tools/other"));
        assert!(Found::beside(dir.path()).has("tools/check"));
    }

    #[test]
    fn a_criterion_names_a_command_when_it_says_no_more_than_that_it_passes() {
        let named = |text: &str| criterion_command(text, &Only("cargo")).map(str::to_owned);
        for text in [
            "`cargo test a`",
            "`cargo test a` passes",
            "All tests pass: `cargo test a`.",
            "The command `cargo test a` exits with 0",
        ] {
            assert_eq!(named(text).as_deref(), Some("cargo test a"), "{text}");
        }
        for text in [
            "cargo test a",
            "`cargo test a` fails",
            "`cargo run` without a file exits with 2",
            "`cargo test a` and `cargo test b` pass",
            "`login()` passes",
            "``",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
