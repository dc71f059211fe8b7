//! What a test command tells of its tests: which failed, by name, and how many passed.
//!
//! The runner is recognized from what it printed, never from the command, which is as often `make check`. Several
//! in one output are told apart. What cannot be recognized is `None`: then the exit status is all there is.
//! What is told is what was printed, with every [`Doubt`] that it gives cause for. Pure: text to values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

mod cargo;
mod change;
mod go;
mod go_json;
mod jest;
pub mod junit;
mod nextest;
mod node;
mod printed;
mod pytest;
mod tally;
mod tap;
mod vitest;

pub use change::{Change, compare};
pub use printed::Printed;

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
    pub passed: Option<u64>,
    /// How many failed.
    pub failed: u64,
    /// How many were skipped, ignored, or expected to fail; where it is told.
    pub ignored: Option<u64>,
    /// The tests that failed.
    pub failures: BTreeSet<String>,
    /// What could not be compiled, loaded or collected, or died before it could tell: none of its tests is told of.
    pub broken: BTreeSet<String>,
    /// The tests that are named as passing.
    pub passes: BTreeSet<String>,
    /// The tests that are named as skipped.
    pub skips: BTreeSet<String>,
    /// Whether every test that passed is named.
    pub names_all: bool,
    /// Why this may not be all.
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

/// Reads what a test command printed on both of its streams; `None` when no runner is recognized.
pub fn read(printed: &Printed) -> Option<Results> {
    let text = printed.clean();
    let readers = [
        (Runner::Cargo, cargo::read(&text)),
        (Runner::Nextest, nextest::read(&text)),
        (Runner::Pytest, pytest::read(&text)),
        (Runner::Jest, jest::read(&text)),
        (Runner::Vitest, vitest::read(&text)),
        (Runner::Go, go::read(&text)),
        (Runner::Node, node::read(&text)),
        (Runner::Tap, tap::read(&text)),
    ];
    let told = readers
        .into_iter()
        .filter_map(|(runner, suite)| Some((runner, suite?)));
    let suites: BTreeMap<Runner, Suite> = told.collect();
    let is_cut = text.seam.is_some();
    (!suites.is_empty()).then_some(Results { suites, is_cut })
}

impl Results {
    /// The numbers over all runners.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for suite in self.suites.values() {
            counts.passed += suite.passed.unwrap_or_default();
            counts.failed += suite.failed;
            counts.ignored += suite.ignored.unwrap_or_default();
            counts.broken += suite.broken.len() as u64;
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
