//! `cargo nextest run`: one line a test with its status in the first twelve columns, then a summary, behind which
//! those that failed in the end are listed. What tests print is indented, so it never has a status there.
//!
//! Names are nextest's own: `alpha::api same_name`.

use std::collections::BTreeSet;

use super::printed::Text;
use super::tally::{counts, sum};
use super::{Doubt, Suite};

/// Where the time begins behind a status.
const STATUS: usize = 12;

/// Whether nextest speaks in `text`.
pub(super) fn is_in(text: &Text) -> bool {
    text.lines
        .iter()
        .any(|line| line.trim_start().starts_with("Nextest run ID ") || status(line).is_some())
}

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut running = Session::default();
    for line in &text.lines {
        if line.trim_start().starts_with("Nextest run ID ") {
            suites.extend(std::mem::take(&mut running).end());
            running.begun = true;
        } else {
            running.line(line);
        }
    }
    suites.extend(running.end());
    Suite::of_all(suites)
}

#[derive(Default)]
struct Session {
    begun: bool,
    passes: BTreeSet<String>,
    skips: BTreeSet<String>,
    /// Told as failed before the summary: a retry may yet pass.
    seen: BTreeSet<String>,
    /// Told as failed behind it.
    list: BTreeSet<String>,
    summary: Option<String>,
}

impl Session {
    fn line(&mut self, line: &str) {
        if let Some(summary) = line.strip_prefix("     Summary [") {
            let told = summary.split_once("] ").map(|(_, told)| told.to_owned());
            self.summary = told.or(self.summary.take());
            return;
        }
        let Some((status, name)) = status(line) else {
            return;
        };
        let name = name.to_owned();
        match status.split(' ').next_back().unwrap_or(status) {
            "START" | "SLOW" | "SETUP" | "DELAY" => {}
            "SKIP" => {
                self.skips.insert(name);
            }
            "PASS" | "LEAK" => {
                self.passes.insert(name);
            }
            _ if status.starts_with("FLAKY") => {
                self.passes.insert(name);
            }
            _ if self.summary.is_some() => {
                self.list.insert(name);
            }
            _ => {
                self.seen.insert(name);
            }
        }
    }

    fn end(self) -> Option<Suite> {
        if !self.begun && self.summary.is_none() && self.passes.is_empty() && self.seen.is_empty() {
            return None;
        }
        let mut suite = Suite {
            passes: self.passes,
            skips: self.skips,
            ..Suite::default()
        };
        let Some((run, told)) = self
            .summary
            .as_deref()
            .and_then(|told| told.split_once(": "))
        else {
            suite.failed = self.seen.len() as u64;
            suite.failures = self.seen;
            suite.doubts.insert(Doubt::Unfinished);
            return Some(suite);
        };
        let told = unexplained(told);
        let counts = counts(&told);
        let failed = ["failed", "timed out", "exec failed"];
        let ignored = sum(&counts, &["skipped"]);
        let (passed, named) = (sum(&counts, &["passed"]), self.list.len() as u64);
        suite.settle(passed, sum(&counts, &failed), ignored, named);
        suite.names_all = suite.passes.len() as u64 == passed;
        suite.failures = self.list;
        if run.contains('/') {
            suite.doubts.insert(Doubt::Stopped);
        }
        Some(suite)
    }
}

/// The status of a line and the test that it is of.
fn status(line: &str) -> Option<(&str, &str)> {
    let (status, rest) = line.split_at_checked(STATUS)?;
    let status = status.trim_start();
    let (_, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let begins_well = status.starts_with(|c: char| c.is_ascii_uppercase());
    // How far it has come, in newer versions.
    let name = match rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((_, name)) => name,
        None => rest,
    };
    begins_well.then_some((status, name.trim()))
}

/// `told` without what stands in parentheses: `5 passed (1 slow, 1 flaky)`.
fn unexplained(told: &str) -> String {
    let mut depth = 0;
    let mut plain = String::with_capacity(told.len());
    for c in told.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::{Doubt, Printed, Runner, read};

    #[test]
    fn what_took_too_long_failed_and_what_passed_at_last_passed() {
        let text = "\
 Nextest run ID 0 with nextest profile: default
        SLOW [> 60.000s] alpha waits
     TIMEOUT [  90.001s] (1/3) alpha waits
  TRY 1 FAIL [   0.004s] (2/3) alpha wavers
  TRY 2 PASS [   0.004s] (2/3) alpha wavers
        PASS [   0.004s] (3/3) alpha works
     Summary [  90.100s] 3 tests run: 2 passed (1 slow, 1 flaky), 1 timed out, 4 skipped
   FLAKY 2/2 [   0.004s] (2/3) alpha wavers
     TIMEOUT [  90.001s] (1/3) alpha waits
";
        let results = read(&Printed::whole(text)).expect("recognized");
        assert_eq!(Vec::from_iter(results.failing()), ["alpha waits"]);
        let counts = results.counts();
        assert_eq!((counts.passed, counts.failed, counts.ignored), (2, 1, 4));
        assert!(!results.is_partial());
        let killed = &text[..text.find("     Summary").expect("a summary")];
        let results = read(&Printed::whole(killed)).expect("recognized");
        assert_eq!(Vec::from_iter(results.doubts()), [Doubt::Unfinished]);
    }

    #[test]
    fn what_was_skipped_is_known_by_its_name_where_it_is_told() {
        let text = "\
 Nextest run ID 0 with nextest profile: default
        PASS [   0.004s] (1/1) alpha works
     Summary [   0.010s] 1 test run: 1 passed, 1 skipped
        SKIP [         ] alpha rests
";
        let results = read(&Printed::whole(text)).expect("recognized");
        let suite = &results.suites[&Runner::Nextest];
        assert_eq!(Vec::from_iter(&suite.skips), ["alpha rests"]);
        assert!(suite.failures.is_empty() && suite.is_whole());
    }
}
