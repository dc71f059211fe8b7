//! `go test`: the tests of a package come before the line that says how the package went. Failures are named always,
//! what passed only with `-v` (or `-json`, which [`go_json`] reads). Go itself believes a test that prints
//! `--- FAIL: …`; with `-v` we do not, for that test never began.
//!
//! Names: `example.com/m/sums: TestCases/with_space`. A failed subtest is named as well as the tests around it.

use std::collections::BTreeSet;

use super::go_json;
use super::printed::Text;
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut open = Package::default();
    for (at, line) in text.lines.iter().enumerate() {
        if text.seam == Some(at) {
            open = Package::default();
        }
        match verdict(line) {
            Some(verdict) => suites.push(std::mem::take(&mut open).end(verdict)),
            // An object of `-json` quotes such lines.
            None if line.starts_with('{') => {}
            None => open.line(line),
        }
    }
    suites.extend(go_json::read(text));
    let mut all = Suite::of_all(suites)?;
    if text.seam.is_some() {
        all.doubts.insert(Doubt::Cut);
    }
    Some(all)
}

/// How a package went.
#[derive(Clone, Copy)]
enum Verdict<'a> {
    Ok(&'a str),
    Failed(&'a str),
    /// It could not be built or set up.
    Unbuilt(&'a str),
    /// It has no tests.
    Empty,
}

/// What was told of a package before its verdict.
#[derive(Default)]
struct Package {
    began: BTreeSet<String>,
    passes: BTreeSet<String>,
    skips: BTreeSet<String>,
    failures: BTreeSet<String>,
    /// The tests came to their end, if a bad one.
    ended: bool,
}

impl Package {
    fn line(&mut self, line: &str) {
        // What a test prints without a line end stands before these on the same line.
        self.began.extend(begun(line));
        for (mark, set) in [
            ("--- PASS: ", &mut self.passes),
            ("--- FAIL: ", &mut self.failures),
            ("--- SKIP: ", &mut self.skips),
        ] {
            let rest = line.rsplit_once(mark).map(|(_, rest)| rest);
            if let Some(name) = rest.and_then(timed) {
                set.insert(name.to_owned());
            }
        }
        self.ended |= line.ends_with("FAIL") || line.ends_with("PASS");
    }

    fn end(self, verdict: Verdict) -> Suite {
        let (name, is_ok) = match verdict {
            Verdict::Ok(name) => (name, true),
            Verdict::Failed(name) => (name, false),
            Verdict::Unbuilt(name) => {
                return Suite {
                    broken: [name.to_owned()].into(),
                    ..Suite::empty()
                };
            }
            Verdict::Empty => return Suite::empty(),
        };
        let is_verbose = !self.began.is_empty();
        let full = |names: BTreeSet<String>| -> BTreeSet<String> {
            let believed = names
                .into_iter()
                .filter(|test| !is_verbose || self.began.contains(test));
            believed.map(|test| format!("{name}: {test}")).collect()
        };
        let mut suite = Suite {
            passes: full(self.passes),
            skips: full(self.skips),
            failures: full(self.failures),
            names_all: is_verbose,
            ..Suite::default()
        };
        if is_verbose {
            suite.passed = Some(suite.passes.len() as u64);
            suite.ignored = Some(suite.skips.len() as u64);
        }
        suite.failed = suite.failures.len() as u64;
        if !is_ok {
            suite.fail_as_package(name, self.ended);
        } else if !is_verbose {
            // Printed by a test: a package that passes has no failure.
            suite.failures.clear();
            suite.failed = 0;
        }
        suite
    }
}

impl Suite {
    /// The package `name` failed; `ended` tells whether its tests came to their end.
    pub(super) fn fail_as_package(&mut self, name: &str, ended: bool) {
        if !ended {
            // A panic, a timeout or an exit took the rest of its tests along.
            self.doubts.insert(Doubt::Stopped);
        }
        if self.failures.is_empty() {
            self.broken.insert(name.to_owned());
        }
    }
}

/// The verdict of a line such as `ok example.com/m 0.005s`, with tabs between.
fn verdict(line: &str) -> Option<Verdict<'_>> {
    let (word, rest) = line.split_once('\t')?;
    let name = rest.split(['\t', ' ']).next().unwrap_or(rest);
    match word.trim_end() {
        "ok" if rest.ends_with("[no tests to run]") => Some(Verdict::Empty),
        "ok" => Some(Verdict::Ok(name)),
        "FAIL" if rest.ends_with(" failed]") => Some(Verdict::Unbuilt(name)),
        "FAIL" => Some(Verdict::Failed(name)),
        "?" => Some(Verdict::Empty),
        // Without tests, but measured for coverage.
        "" if rest.contains("\tcoverage: ") => Some(Verdict::Empty),
        _ => None,
    }
}

/// The test that begins with this line.
pub(super) fn begun(line: &str) -> Option<String> {
    let (_, name) = line.rsplit_once("=== RUN   ")?;
    Some(name.trim_end().to_owned())
}

/// The name of `TestAdd (0.00s)`.
fn timed(text: &str) -> Option<&str> {
    let (name, time) = text.trim_end().strip_suffix("s)")?.split_once(" (")?;
    time.parse::<f64>().is_ok().then_some(name)
}
