//! Finding with which of many changes a command began to fail: what one look at a commit tells, and where to look
//! next. Pure: knows nothing of how and where commands are run.
//!
//! Where a commit cannot answer (an earlier command fails there, the tests could not be built) others are asked, and in
//! the end several changes may be left that cannot be told apart. That is said, never guessed.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::facts::CheckRun;
use super::results;
use crate::run::evidence::Outcome;
use crate::run::results::Names;
use crate::run::whole::Failure;

/// How many lines of what a command printed are kept for whoever is to mend it.
const LINES: usize = 40;
/// How many characters of such a line.
const WIDTH: usize = 300;
/// As which exit status a command says that it cannot tell, here as in `git bisect run`.
const CANNOT_TELL: i32 = 125;

/// What a look at one commit tells of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It is not there yet.
    Holds,
    /// It is there.
    Fails,
    /// Nothing.
    Unclear,
}

/// A search between a place where a command holds and one where it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    holds: usize,
    fails: usize,
    unclear: BTreeSet<usize>,
}

impl Search {
    /// A search for the change between the places `holds` and `fails`.
    pub fn between(holds: usize, fails: usize) -> Self {
        Self {
            holds,
            fails,
            unclear: BTreeSet::new(),
        }
    }

    /// Where to look next: as near to the middle as something can be seen; nowhere, when nothing more can be found.
    pub fn next(&self) -> Option<usize> {
        let middle = self.holds.midpoint(self.fails);
        let open = (self.holds + 1..self.fails).filter(|at| !self.unclear.contains(at));
        open.min_by_key(|at| at.abs_diff(middle))
    }

    /// Takes note of what was seen at a place between.
    pub fn learn(&mut self, at: usize, look: Look) {
        match look {
            Look::Holds => self.holds = at,
            Look::Fails => self.fails = at,
            Look::Unclear => drop(self.unclear.insert(at)),
        }
    }

    /// The places with one of which it began to fail; one, unless some could not be told apart.
    pub fn found(&self) -> RangeInclusive<usize> {
        self.holds + 1..=self.fails
    }
}

/// A command that failed, as it is remembered.
pub fn failed(run: &CheckRun) -> Failure {
    let told = run.tested();
    let tests = told.map(|tested| match tested.since {
        // What failed before is not what is looked for.
        Some(since) if since.obstacle.is_empty() && !since.regressions.is_empty() => {
            since.regressions
        }
        _ => tested.failing,
    });
    Failure {
        command: run.command.clone(),
        tests: tests.unwrap_or_default(),
        tail: tail(&run.output),
    }
}

/// What of `failure` is left when what failed before as well is no matter; nothing, when all did.
pub fn newer(failure: &Failure, before: &Failure) -> Option<Failure> {
    let old = &before.tests.first;
    let tests = failure
        .tests
        .first
        .iter()
        .filter(|name| !old.contains(name));
    let tests: Names = tests.collect();
    (!tests.is_empty()).then(|| Failure {
        tests,
        ..failure.clone()
    })
}

/// What running the commands up to the one that failed, each once the ones before it have passed, tells of `failure`.
pub fn look(runs: &[CheckRun], failure: &Failure) -> Look {
    let Some(last) = runs.last().filter(|last| last.command == failure.command) else {
        return Look::Unclear;
    };
    let ended = &last.ended;
    let has_spoken = ended.starts_with("exit ") || *ended == Outcome::TimedOut.to_string();
    match last.tested() {
        _ if last.passed => Look::Holds,
        _ if !has_spoken || *ended == Outcome::Exited(CANNOT_TELL).to_string() => Look::Unclear,
        _ if failure.tests.is_empty() => Look::Fails,
        Some(tested) if !tested.failing.is_empty() => {
            let mut wanted = failure.tests.first.iter();
            match wanted.any(|name| tested.failing.first.contains(name)) {
                true => Look::Fails,
                // Those beyond the first are counted and not named.
                false if tested.failing.count > tested.failing.first.len() as u64 => Look::Unclear,
                false => Look::Holds,
            }
        }
        _ => Look::Unclear,
    }
}

fn tail(output: &str) -> String {
    let lines = results::plain(output);
    let end = lines.iter().rposition(|line| !line.trim().is_empty());
    let end = end.map_or(0, |last| last + 1);
    let kept = lines[end.saturating_sub(LINES)..end].iter().map(|line| {
        let shown: String = line.chars().take(WIDTH).collect();
        shown.trim_end().to_owned()
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::results::Since;
    use crate::verify::checks::Purpose;
    use crate::verify::results::{Printed, read};

    /// What is found between 0 and `places`, when `look` is what can be seen, and how often was looked.
    fn search(places: usize, look: impl Fn(usize) -> Look) -> (Vec<usize>, usize) {
        let mut search = Search::between(0, places);
        let mut looks = 0;
        while let Some(at) = search.next() {
            search.learn(at, look(at));
            looks += 1;
        }
        (search.found().collect(), looks)
    }

    #[test]
    fn the_one_change_is_found_in_as_few_looks_as_halving_takes() {
        for places in [1, 2, 3, 7, 64, 1000_usize] {
            for broken in 1..=places {
                let seen = |at| {
                    if at < broken {
                        Look::Holds
                    } else {
                        Look::Fails
                    }
                };
                let (found, looks) = search(places, seen);
                assert_eq!(found, [broken]);
                assert!(
                    looks <= places.next_power_of_two().ilog2() as usize,
                    "{places}: {looks}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_named_together() {
        let seen = |at| match at {
            3..=5 => Look::Unclear,
            0..3 => Look::Holds,
            _ => Look::Fails,
        };
        assert_eq!(search(9, seen).0, [3, 4, 5, 6]);
        assert_eq!(search(9, |_| Look::Unclear).0, Vec::from_iter(1..=9));
    }

    fn run(ended: &str, output: &str) -> CheckRun {
        CheckRun {
            command: "test".to_owned(),
            passed: ended == "exit 0",
            ended: ended.to_owned(),
            output: output.to_owned(),
            results: read(&Printed::whole(output)),
            since: None,
            purpose: Purpose::Verify,
            proof: None,
        }
    }

    #[test]
    fn a_look_is_for_the_tests_that_fail_where_they_are_named() {
        let told = |name: &str| format!("TAP version 13\n1..2\nok 1 - fine\nnot ok 2 - {name}\n");
        let names: Names = ["wanted"].into_iter().collect();
        let named = Failure {
            command: "test".to_owned(),
            tests: names,
            tail: String::new(),
        };
        let plain = Failure {
            tests: Names::default(),
            ..named.clone()
        };
        // More than are named on record, so that the wanted one may be among the others.
        let many = (1..=300).map(|nth| format!("not ok {nth} - other {nth}\n"));
        let many = format!("TAP version 13\n1..300\n{}", many.collect::<String>());
        let cases = [
            ("exit 0", String::new(), Look::Holds, Look::Holds),
            ("exit 1", told("wanted"), Look::Fails, Look::Fails),
            ("exit 1", told("other"), Look::Holds, Look::Fails),
            (
                "exit 1",
                "does not compile".to_owned(),
                Look::Unclear,
                Look::Fails,
            ),
            (
                "exit 1",
                "TAP version 13\n1..1\nok 1 - wanted\n".to_owned(),
                Look::Unclear,
                Look::Fails,
            ),
            ("exit 1", many, Look::Unclear, Look::Fails),
            ("exit 125", told("wanted"), Look::Unclear, Look::Unclear),
            (
                "killed by signal 9",
                String::new(),
                Look::Unclear,
                Look::Unclear,
            ),
        ];
        for (ended, output, by_name, by_status) in cases {
            let runs = [run(ended, &output)];
            assert_eq!(look(&runs, &named), by_name, "{ended}: {output}");
            assert_eq!(look(&runs, &plain), by_status, "{ended}: {output}");
        }
        let other = Failure {
            command: "later".to_owned(),
            ..plain
        };
        assert_eq!(look(&[run("exit 1", "")], &other), Look::Unclear);
        assert_eq!(look(&[], &other), Look::Unclear);
    }

    #[test]
    fn what_is_looked_for_is_what_fails_anew_or_all_where_that_is_not_known() {
        let output = "TAP version 13\n1..2\nnot ok 1 - old\nnot ok 2 - new\n";
        let looked_for = |obstacle: &str, regressions: &[&str]| {
            let since = Since {
                obstacle: obstacle.to_owned(),
                regressions: regressions.iter().collect(),
                ..Since::default()
            };
            let since = Some(Box::new(since));
            failed(&CheckRun {
                since,
                ..run("exit 1", output)
            })
            .tests
            .first
        };
        assert_eq!(looked_for("", &["new"]), ["new"]);
        assert_eq!(looked_for("it moved", &["new"]), ["new", "old"]);
        assert_eq!(looked_for("", &[]), ["new", "old"]);
    }

    #[test]
    fn a_test_that_failed_before_is_not_what_is_looked_for() {
        let failure = |names: &[&str]| Failure {
            tests: names.iter().collect(),
            ..Failure::default()
        };
        let before = failure(&["old", "older"]);
        let left = newer(&failure(&["old", "new"]), &before);
        assert_eq!(left, Some(failure(&["new"])));
        assert_eq!(newer(&failure(&["old"]), &before), None);
        assert_eq!(newer(&failure(&[]), &before), None);
    }

    #[test]
    fn the_end_of_an_output_is_kept_without_colours_and_empty_lines() {
        assert_eq!(
            tail("\u{1b}[31mred\u{1b}[0m\r\n\n  at x  \n\n"),
            "red\n\n  at x"
        );
        let many: String = (0..100).map(|nth| format!("{nth}\n")).collect();
        assert_eq!(tail(&many).lines().next(), Some("60"));
        assert_eq!(tail("\n\n"), "");
    }
}
