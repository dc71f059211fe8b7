//! `pytest`: the "short test summary info" names what failed, the last line counts. What tests printed is quoted
//! in the report between both ends of the run, where nothing is believed.
//!
//! Names are pytest's node ids: `tests/test_sums.py::TestGroup::test_inside[a - b]`. Tests that pass are named with
//! `-v` only. A file that cannot be collected is broken: none of its tests ran.

use std::collections::BTreeSet;

use super::printed::Text;
use super::tally::{counts, sum};
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut session = Session::default();
    for line in &text.lines {
        if section(line) == Some("test session starts") {
            suites.extend(std::mem::take(&mut session).end());
            session.begun = true;
        } else if let Some(counts) = session.line(line) {
            let ended = std::mem::take(&mut session);
            suites.push(ended.settled(&counts));
        }
    }
    suites.extend(session.end());
    Suite::of_all(suites)
}

#[derive(Default)]
struct Session {
    begun: bool,
    stands: Stands,
    suite: Suite,
    /// How many lines of each kind there were: a test may have several.
    failed: u64,
    erred: u64,
    passed: u64,
    skipped: u64,
    /// A last line where it may be a quotation.
    perhaps: Option<String>,
}

#[derive(Default, PartialEq)]
enum Stands {
    /// Tests are run.
    #[default]
    Running,
    /// Failures are shown, with what the tests printed.
    Report,
    /// The short summary.
    Summary,
}

impl Session {
    /// Reads a line; the counts, when it was the last of the run.
    fn line(&mut self, line: &str) -> Option<String> {
        match section(line) {
            Some("FAILURES" | "ERRORS") => self.stands = Stands::Report,
            Some("short test summary info") => self.stands = Stands::Summary,
            _ => {}
        }
        if let Some(found) = last(line) {
            if self.stands != Stands::Report {
                return Some(found.to_owned());
            }
            self.perhaps = Some(found.to_owned());
        }
        if line.starts_with("!!")
            && (line.contains(" stopping after ") || line.contains("Interrupt"))
        {
            self.suite.doubts.insert(Doubt::Stopped);
        }
        if let Some(what) = ["file or directory not found: ", "not found: "]
            .iter()
            .find_map(|lead| line.strip_prefix("ERROR: ")?.strip_prefix(lead))
        {
            self.begun = true;
            self.suite.broken.insert(what.to_owned());
            // It is counted nowhere.
            self.suite.doubts.insert(Doubt::Stopped);
        }
        match self.stands {
            Stands::Running => self.progress(line),
            Stands::Report => {}
            Stands::Summary => self.summary(line),
        }
        None
    }

    /// `tests/a.py::test_x PASSED [ 50%]`, or with xdist `[gw0] [ 50%] PASSED tests/a.py::test_x`.
    fn progress(&mut self, line: &str) {
        let told = match line
            .strip_prefix("[gw")
            .and_then(|line| line.split_once("%] "))
        {
            Some((_, told)) => told.split_once(' ').map(|(status, id)| (id, status)),
            None => line
                .rsplit_once(" [")
                .filter(|(_, percent)| percent.ends_with("%]"))
                .and_then(|(told, _)| plain_status(told)),
        };
        let Some((id, status)) = told.filter(|(id, _)| id.contains("::")) else {
            return;
        };
        let id = id.trim().to_owned();
        match status {
            "PASSED" | "XPASS" => {
                self.passed += 1;
                self.suite.passes.insert(id);
            }
            "SKIPPED" | "XFAIL" => {
                self.skipped += 1;
                self.suite.skips.insert(id);
            }
            _ => {}
        }
    }

    fn summary(&mut self, line: &str) {
        let Some((kind, rest)) = line.split_once(' ') else {
            return;
        };
        if kind.starts_with("SUBFAILED") {
            // What tells the part stands in between: `SUBFAILED(part=1) tests/…`.
            let kind_ends = ['(', '['].iter().any(|open| kind.contains(*open));
            let rest = match line.split_once(") ").or_else(|| line.split_once("] ")) {
                Some((_, rest)) if kind_ends => rest,
                _ => rest,
            };
            self.failed += 1;
            self.suite.failures.insert(node_id(rest).to_owned());
            return;
        }
        let id = node_id(rest).to_owned();
        match kind {
            "FAILED" => {
                self.failed += 1;
                self.suite.failures.insert(id);
            }
            "ERROR" => {
                self.erred += 1;
                match id.contains("::") {
                    true => self.suite.failures.insert(id),
                    false => self.suite.broken.insert(id),
                };
            }
            _ => {}
        }
    }

    /// What it told, its last line being `found`.
    fn settled(mut self, found: &str) -> Suite {
        let counts = counts(found);
        let errors = sum(&counts, &["error", "errors"]);
        let passed = sum(&counts, &["passed", "xpassed"]);
        let ignored = sum(&counts, &["skipped", "xfailed"]);
        let failed = sum(&counts, &["failed"]);
        let uncollected: BTreeSet<_> = self.suite.broken.iter().collect();
        let broken = (uncollected.len() as u64).min(errors);
        let told = self.failed + self.erred;
        let named = told.saturating_sub(broken);
        self.suite
            .settle(passed, failed + errors - broken, ignored, named);
        self.suite.names_all = self.passed == passed && self.skipped == ignored;
        self.suite
    }

    /// The text ends, or another session begins, before its last line.
    fn end(mut self) -> Option<Suite> {
        if let Some(found) = self.perhaps.take() {
            return Some(self.settled(&found));
        }
        if !self.begun {
            return None;
        }
        self.suite.failed = self.suite.failures.len() as u64;
        if self.suite.broken.is_empty() {
            self.suite.doubts.insert(Doubt::Unfinished);
        } else {
            // What it was asked for is not there, which it says behind its last line.
            (self.suite.passed, self.suite.ignored) = (Some(0), Some(0));
            self.suite.names_all = true;
        }
        Some(self.suite)
    }
}

/// The title of a line such as `==== FAILURES ====`.
fn section(line: &str) -> Option<&str> {
    let title = line.strip_prefix("==")?.strip_suffix("==")?;
    Some(title.trim_matches('=').trim())
}

/// The counts of the last line of a run: `== 1 failed, 2 passed in 0.12s ==`, without the signs with `-q`.
fn last(line: &str) -> Option<&str> {
    let (found, took) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    // `75.20s (0:01:15)`
    let took = took.split(' ').next().unwrap_or(took).strip_suffix('s')?;
    took.parse::<f64>().ok()?;
    let counts = counts(found);
    let is_all = counts.len() == found.split(", ").count();
    let is_known = counts.iter().all(|(_, word)| WORDS.contains(word));
    (found == "no tests ran" || (is_all && is_known)).then_some(found)
}

/// What the last line counts.
const WORDS: [&str; 15] = [
    "passed",
    "failed",
    "skipped",
    "xfailed",
    "xpassed",
    "error",
    "errors",
    "warning",
    "warnings",
    "deselected",
    "rerun",
    "subtests passed",
    "subtests failed",
    "subtests skipped",
    "subtests xfailed",
];

/// The node id at the beginning of `text`; a parameter within brackets may hold anything.
fn node_id(text: &str) -> &str {
    let mut ends = text.match_indices(" - ").map(|(at, _)| &text[..at]);
    ends.find(|id| !id.contains('[') || id.ends_with(']'))
        .unwrap_or(text)
}

/// The id and status of `tests/a.py::test_x PASSED`, or `… SKIPPED (why)`.
fn plain_status(told: &str) -> Option<(&str, &str)> {
    let told = told.trim_end();
    let statuses = ["PASSED", "XPASS", "SKIPPED", "XFAIL"];
    statuses.into_iter().find_map(|status| {
        let (id, why) = told.rsplit_once(&format!(" {status}"))?;
        (why.is_empty() || why.starts_with(" (")).then_some((id, status))
    })
}

#[cfg(test)]
mod tests {
    use super::{last, node_id};

    #[test]
    fn a_parameter_may_look_like_the_end_of_its_id() {
        assert_eq!(node_id("a.py::t[a - b] - E: x - y"), "a.py::t[a - b]");
        assert_eq!(node_id("a.py::t - E: [x] - y"), "a.py::t");
        assert_eq!(node_id("a.py::t[[x]]"), "a.py::t[[x]]");
    }

    #[test]
    fn the_last_line_is_one_that_counts_and_tells_the_time() {
        assert_eq!(
            last("= 1 failed, 2 passed in 75.20s (0:01:15) ="),
            Some("1 failed, 2 passed")
        );
        assert_eq!(last("no tests ran in 0.01s"), Some("no tests ran"));
        assert_eq!(last("3 files in 2s"), None);
        assert_eq!(last("went in 2s"), None);
    }
}
