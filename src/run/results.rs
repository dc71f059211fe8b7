//! What a test command told of its tests, as plain values: read by `verify::results`, kept with a verdict.
//!
//! [`Results`] are all of it. What is kept is bounded: an executor may make a command print anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// How many tests are kept by name.
const NAMES_MAX: usize = 200;
/// How many bytes their names may have in a [`Baseline`].
const BYTES_MAX: usize = 32 << 10;
/// How many characters of a name are shown.
const NAME_MAX: usize = 200;
/// More tests than any command runs.
const COUNT_MAX: u64 = 1 << 40;

/// A program that runs tests and says how they went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runner {
    /// `cargo test`.
    Cargo,
    /// `cargo nextest run`.
    Nextest,
    /// `pytest`.
    Pytest,
    /// `jest`.
    Jest,
    /// `vitest`.
    Vitest,
    /// `go test`.
    Go,
    /// `node --test`, as people read it.
    Node,
    /// Anything that prints the Test Anything Protocol.
    Tap,
    /// A report file in JUnit's XML, whoever wrote it.
    Junit,
}

/// What a test command told, for each runner that spoke in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// Whether the middle of the output was not kept: another runner may have spoken there.
    #[serde(default)]
    pub is_cut: bool,
    /// By runner: each has its own way to name a test.
    pub suites: BTreeMap<Runner, Suite>,
}

/// What one runner told.
///
/// Names are spelled as the runner spells them where it has a full name for a test (`pytest`, `nextest`, `vitest`),
/// else as `place: test`; no two tests have the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suite {
    /// How many passed; `go test` says so only with `-v`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<u64>,
    /// How many failed.
    pub failed: u64,
    /// How many were skipped, ignored, or expected to fail; where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<u64>,
    /// The tests that failed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub failures: BTreeSet<String>,
    /// What could not be compiled, loaded or collected, or died before it could tell: none of its tests is told of.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub broken: BTreeSet<String>,
    /// The tests that are named as passing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub passes: BTreeSet<String>,
    /// The tests that are named as skipped.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub skips: BTreeSet<String>,
    /// Whether every test that passed is named.
    pub names_all: bool,
    /// Why this may not be all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub doubts: BTreeSet<Doubt>,
}

/// Why what was told may not be all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// The middle of the output was not kept, and what this runner told may have stood there.
    Cut,
    /// The runner did not run everything after a failure.
    Stopped,
    /// It never came to its summary.
    Unfinished,
    /// Its summary counts other failures than it names.
    Contradicted,
}

/// The numbers over all runners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// As far as told.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// As far as told.
    pub ignored: u64,
    /// What broke before its tests could tell.
    pub broken: u64,
}

/// What one verify command told of its tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tested {
    /// The command, as for `sh -c`.
    pub command: String,
    /// How many passed, as far as told.
    pub passed: u64,
    /// How many were skipped or ignored, as far as told.
    #[serde(skip_serializing_if = "is_zero")]
    pub ignored: u64,
    /// What failed or broke.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub failing: Names,
    /// What became of the tests since the commit that it is compared with; only where one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
}

/// What became of tests between a base and what was made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Since {
    /// How the same command went there.
    pub base: Baseline,
    /// Whether it fails as it did before, as far as its exit status tells: of a quality check nothing more is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fails_alike: bool,
    /// Whether it printed the same as well: then nothing that it runs has changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prints_alike: bool,
    /// Why the two cannot be compared; empty when they can.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub obstacle: String,
    /// Fail, and did not before.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub regressions: Names,
    /// Fail as they did before.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub still_failing: Names,
    /// Failed before, and do not any more.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub fixed: Names,
    /// Were run before, and are not any more: skipped, renamed or deleted.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub gone: Names,
}

/// How a verify command went on the commit that an attempt started from. Kept, so that it need not run again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// The commit.
    pub commit: String,
    /// A digest of its tree, the command and the environment: where they are the same, so is this.
    pub key: String,
    /// How the command ended, in words; empty when it could not be run.
    pub ended: String,
    /// A digest of what it printed, its place left out; empty when nobody knows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub printed: String,
    /// What it told of its tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Results>,
    /// Whether it told more than is kept, so that it has to run again to be compared with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_short: bool,
}

/// Tests by name: all are counted, the first are named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// How many there are.
    pub count: u64,
    /// Their names, each on one line and none of excessive length.
    pub first: Vec<String>,
}

impl Results {
    /// The numbers over all runners.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for suite in self.suites.values() {
            let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more).min(COUNT_MAX);
            add(&mut counts.passed, suite.passed.unwrap_or_default());
            add(&mut counts.failed, suite.failed);
            add(&mut counts.ignored, suite.ignored.unwrap_or_default());
            add(&mut counts.broken, suite.broken.len() as u64);
        }
        counts
    }

    /// Every test that failed and everything that broke, by name.
    pub fn failing(&self) -> BTreeSet<&str> {
        self.suites.values().flat_map(Suite::failing).collect()
    }

    /// Why this may not be all, whoever gave the cause.
    pub fn doubts(&self) -> BTreeSet<Doubt> {
        let doubts = self.suites.values().flat_map(|suite| &suite.doubts);
        doubts.copied().collect()
    }

    /// Whether this may not be all: cut, doubted, or broken in part.
    pub fn is_partial(&self) -> bool {
        self.is_cut || !self.suites.values().all(Suite::is_whole)
    }
}

impl Suite {
    /// Whether every failure is named and everything was run.
    pub fn is_whole(&self) -> bool {
        self.doubts.is_empty() && self.broken.is_empty()
    }

    /// What failed or broke.
    pub fn failing(&self) -> impl Iterator<Item = &str> {
        self.failures.iter().chain(&self.broken).map(String::as_str)
    }
}

impl Tested {
    /// What is kept of what `command` told.
    pub fn of(command: &str, results: &Results, since: Option<Since>) -> Self {
        let counts = results.counts();
        let mut failing: Names = results.failing().into_iter().collect();
        failing.count = failing
            .count
            .max((counts.failed + counts.broken).min(COUNT_MAX));
        Self {
            command: command.to_owned(),
            passed: counts.passed,
            ignored: counts.ignored,
            failing,
            since,
        }
    }
}

impl Since {
    /// Whether all that fails failed before as well, so that it is nobody's fault who came later.
    pub fn excuses(&self) -> bool {
        let has_old_failures_only = self.obstacle.is_empty()
            && self.regressions.is_empty()
            && !self.still_failing.is_empty();
        has_old_failures_only || self.fails_alike
    }
}

impl fmt::Display for Tested {
    /// On one line: `214 passed, 2 failed: tests::a, tests::b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed", self.passed)?;
        if self.ignored > 0 {
            write!(f, ", {} ignored", self.ignored)?;
        }
        match self.failing.is_empty() {
            true => Ok(()),
            false => write!(f, ", {} failed: {}", self.failing.count, self.failing),
        }
    }
}

impl Baseline {
    /// The same with no more names than a record should hold. Those that passed are the first to go: they only
    /// make what is told of a comparison more exact.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let mut bounded = self.clone();
        if let Some(results) = &mut bounded.results {
            results.suites.values_mut().for_each(Suite::clamp);
            if !results.is_small() {
                results.suites.values_mut().for_each(Suite::forget_passes);
            }
            if !results.is_small() {
                bounded.results = None;
                bounded.is_short = true;
            }
        }
        bounded
    }
}

impl Results {
    fn is_small(&self) -> bool {
        let names = || self.suites.values().flat_map(Suite::named);
        names().count() <= NAMES_MAX && names().map(String::len).sum::<usize>() <= BYTES_MAX
    }
}

impl Suite {
    fn named(&self) -> impl Iterator<Item = &String> {
        let others = self.passes.iter().chain(&self.skips);
        self.failures.iter().chain(&self.broken).chain(others)
    }

    fn forget_passes(&mut self) {
        self.passes.clear();
        self.skips.clear();
        self.names_all = false;
    }

    fn clamp(&mut self) {
        for count in [&mut self.passed, &mut self.ignored].into_iter().flatten() {
            *count = COUNT_MAX.min(*count);
        }
        self.failed = COUNT_MAX.min(self.failed);
    }
}

impl Names {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first `most` of them, the rest by count.
    pub fn listed(&self, most: usize) -> String {
        let shown = &self.first[..self.first.len().min(most)];
        let more = self.count - shown.len() as u64;
        match (shown.is_empty(), more) {
            (true, _) => format!("{more} that are not named"),
            (false, 0) => shown.join(", "),
            (false, _) => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

impl fmt::Display for Names {
    /// The first few, the rest by count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.listed(5))
    }
}

impl<N: AsRef<str>> FromIterator<N> for Names {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        let mut all = Self::default();
        for name in names {
            all.count += 1;
            if all.first.len() < NAMES_MAX {
                all.first.push(on_a_line(name.as_ref()));
            }
        }
        all
    }
}

/// A name as part of a sentence.
fn on_a_line(name: &str) -> String {
    let shown = name.chars().take(NAME_MAX);
    let mut text: String = shown
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if name.chars().nth(NAME_MAX).is_some() {
        text.push('…');
    }
    text
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
