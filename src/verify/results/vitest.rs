//! `vitest`: failures are named one a line, ` FAIL  file > suite > test`, below a ruled title; the counts come last.
//!
//! Names are vitest's own: `src/sum.test.js > sums > adds`. Tests that pass are named by the verbose reporter only.

use super::printed::Text;
use super::tally::{counts, is_time, sum};
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut session: Option<Session> = None;
    for line in &text.lines {
        if line.trim_start().starts_with("RUN  v") || line.trim_start().starts_with("DEV  v") {
            suites.extend(session.take().map(Session::unfinished));
            session = Some(Session::default());
        } else if is_count(line, "Test Files") {
            session.get_or_insert_default().counts_files = true;
        }
        if let Some(running) = &mut session
            && running.line(line)
        {
            suites.extend(session.take().map(|ended| ended.suite));
        }
    }
    suites.extend(session.map(Session::unfinished));
    Suite::of_all(suites)
}

#[derive(Default)]
struct Session {
    suite: Suite,
    /// Below the title of the failures.
    lists: bool,
    counts_files: bool,
}

impl Session {
    /// Reads a line; whether it was the one that counts the tests.
    fn line(&mut self, line: &str) -> bool {
        if line.starts_with('⎯') && line.contains(" Failed ") {
            self.lists = true;
        } else if line.starts_with('⎯') && line.contains(" Unhandled Error") {
            self.suite.broken.insert("an unhandled error".to_owned());
        } else if let Some(name) = line.strip_prefix(" FAIL  ").filter(|_| self.lists) {
            self.failure(name.trim_end());
        } else if self.counts_files && is_count(line, "Tests") {
            self.settle(line.trim_start().trim_start_matches("Tests"));
            return true;
        } else if line.starts_with("No test files found, exiting with code ") {
            self.settle("");
            return true;
        } else {
            self.listed(line);
        }
        false
    }

    fn failure(&mut self, name: &str) {
        // A file that could not be loaded repeats its path.
        match name
            .strip_suffix(" ]")
            .and_then(|name| name.split_once(" [ "))
        {
            Some((file, _)) => self.suite.broken.insert(file.to_owned()),
            None => self.suite.failures.insert(name.to_owned()),
        };
    }

    /// ` ✓ src/sum.test.js > sums > adds 2ms`
    fn listed(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix(' ') else {
            return;
        };
        let Some((mark, name)) = rest
            .split_once(' ')
            .filter(|(_, name)| name.contains(" > "))
        else {
            return;
        };
        let name = match name.rsplit_once(' ') {
            Some((name, time)) if is_time(time) => name,
            _ => name,
        };
        match mark {
            "✓" => self.suite.passes.insert(name.to_owned()),
            "↓" | "□" => self.suite.skips.insert(name.to_owned()),
            _ => false,
        };
    }

    /// `4 failed | 4 passed | 1 skipped (9)`
    fn settle(&mut self, told: &str) {
        let (told, all) = told.rsplit_once('(').unwrap_or((told, ""));
        let counts = counts(told);
        let (passed, failed) = (sum(&counts, &["passed"]), sum(&counts, &["failed"]));
        let ignored = sum(&counts, &["skipped", "todo"]);
        let suite = &mut self.suite;
        let named = suite.failures.len() as u64;
        suite.settle(passed, failed, ignored, named);
        suite.names_all =
            suite.passes.len() as u64 == passed && suite.skips.len() as u64 == ignored;
        let all = all.trim_end_matches([')', ' ']).parse::<u64>();
        if all.is_ok_and(|all| all > passed + failed + ignored) {
            suite.doubts.insert(Doubt::Stopped);
        }
    }

    /// What it told without coming to its end.
    fn unfinished(mut self) -> Suite {
        self.suite.failed = self.suite.failures.len() as u64;
        self.suite.doubts.insert(Doubt::Unfinished);
        self.suite
    }
}

/// Whether `line` counts `what`: the word is set to the right, the counts follow after two spaces.
fn is_count(line: &str, what: &str) -> bool {
    let rest = line.strip_prefix(' ').map(str::trim_start);
    rest.and_then(|rest| rest.strip_prefix(what))
        .is_some_and(|rest| rest.starts_with("  "))
}
