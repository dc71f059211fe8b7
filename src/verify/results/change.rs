//! What became of each test between two runs of the same command.
//!
//! Only what both outputs show is called by its name: a failure is a regression if the earlier run came so far and did
//! not have it, and a test is gone if the later one names all its tests and it is not among them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Results, Suite};

/// The place of tests whose own was lost with the middle of an output.
pub(super) const LOST: &str = "?";

/// What became of each test. A name stands in one list only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Tests that fail and did not before, new ones among them.
    pub regressions: Vec<String>,
    /// What could be compiled, loaded or collected before and cannot be now, or dies: none of its tests is told of.
    pub broken: Vec<String>,
    /// Fail, and nobody knows whether they did before: the earlier run did not come so far, or told no names.
    pub unproven: Vec<String>,
    /// Fail as they did before.
    pub still_failing: Vec<String>,
    /// Failed, and are seen to pass now.
    pub fixed: Vec<String>,
    /// Ran, and are skipped now.
    pub silenced: Vec<String>,
    /// Ran, and are not among the tests any more: deleted, renamed, or no longer selected.
    pub gone: Vec<String>,
    /// Ran; the later output does not tell what became of them: it was cut short, or passing tests are not named.
    pub untold: Vec<String>,
}

/// Compares two runs of the same command, the earlier of which may not have been understood.
pub fn compare(before: Option<&Results>, after: &Results) -> Change {
    let mut change = Change::default();
    let nothing = Suite::default();
    let earlier = |runner| before.and_then(|before| before.suites.get(runner));
    for (runner, suite) in &after.suites {
        let was = earlier(runner);
        change.add(was.unwrap_or(&nothing), was.is_some(), suite);
    }
    for (runner, suite) in before.iter().flat_map(|before| &before.suites) {
        if !after.suites.contains_key(runner) {
            // It did not run, as when a command before it failed.
            change.untold.extend(suite.ran().map(str::to_owned));
        }
    }
    change
}

impl Change {
    /// Whether there is nothing to be told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything fails that is not known to have failed before.
    pub fn adds_failures(&self) -> bool {
        let new = [&self.regressions, &self.broken, &self.unproven];
        new.iter().any(|names| !names.is_empty())
    }

    fn add(&mut self, before: &Suite, is_known: bool, after: &Suite) {
        let found = Places::of(before);
        let fails: BTreeSet<&str> = after.failing().map(|name| found.name(name)).collect();
        let passes: BTreeSet<&str> = after.passes.iter().map(|name| found.name(name)).collect();
        let skips: BTreeSet<&str> = after.skips.iter().map(|name| found.name(name)).collect();
        let failed: BTreeSet<&str> = before.failing().collect();
        for &name in &fails {
            let ran_well = before.passes.contains(name) || before.skips.contains(name);
            let list = if failed.contains(name) {
                &mut self.still_failing
            } else if ran_well || (is_known && before.is_whole()) {
                match after.broken.contains(name) {
                    true => &mut self.broken,
                    false => &mut self.regressions,
                }
            } else {
                &mut self.unproven
            };
            list.push(name.to_owned());
        }
        for name in before.ran().filter(|name| !fails.contains(name)) {
            let did_fail = failed.contains(name);
            let list = if passes.contains(name) {
                match did_fail {
                    true => &mut self.fixed,
                    false => continue,
                }
            } else if skips.contains(name) {
                &mut self.silenced
            } else if before.broken.contains(name) && after.is_whole() {
                &mut self.fixed
            } else if after.is_whole() && after.names_all {
                &mut self.gone
            } else {
                &mut self.untold
            };
            list.push(name.to_owned());
        }
    }
}

impl Suite {
    /// What is known to have been run, whatever came of it.
    fn ran(&self) -> impl Iterator<Item = &str> {
        let passes = self.passes.iter().map(String::as_str);
        let only = passes.filter(|name| !self.failures.contains(*name));
        self.failing().chain(only)
    }
}

/// Where the tests of a suite stand, for names whose place was lost with the middle of an output.
struct Places<'a> {
    full: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Places<'a> {
    fn of(suite: &'a Suite) -> Self {
        let mut full: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in suite.ran().chain(suite.skips.iter().map(String::as_str)) {
            if let Some((_, test)) = name.split_once(": ") {
                full.entry(test).or_default().push(name);
            }
        }
        Self { full }
    }

    /// `name` with its place, if only one can be meant.
    fn name<'b: 'a>(&self, name: &'b str) -> &'a str {
        let test = name
            .strip_prefix(LOST)
            .and_then(|name| name.strip_prefix(": "));
        match test.and_then(|test| self.full.get(test)).map(Vec::as_slice) {
            Some(&[only]) => only,
            _ => name,
        }
    }
}
