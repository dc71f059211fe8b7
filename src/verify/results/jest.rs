//! `jest`: a block a file, `PASS src/sum.test.js` or `FAIL …`, with a bullet for each failure; the counts come last.
//! What tests print is indented deeper than any bullet.
//!
//! Names: `src/sum.test.js: sums › adds`. Tests that pass are named with `--verbose`, and for a single file.

use super::change::LOST;
use super::printed::Text;
use super::tally::{counts, sum, untimed};
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut session = Session::default();
    for (at, line) in text.lines.iter().enumerate() {
        if text.seam == Some(at) {
            session.lose();
        }
        if session.line(line) {
            suites.push(std::mem::take(&mut session).suite);
        }
    }
    suites.extend(session.unfinished());
    Suite::of_all(suites)
}

#[derive(Default)]
struct Session {
    suite: Suite,
    file: Option<String>,
    /// The titles around what comes next, while the tests of a file are listed.
    tree: Option<Vec<String>>,
    /// The summary has begun.
    counts_files: bool,
    stopped: bool,
}

impl Session {
    /// Reads a line; whether it was the one that counts the tests.
    fn line(&mut self, line: &str) -> bool {
        if let Some(file) = header(line) {
            self.file = Some(file.to_owned());
            self.tree = Some(Vec::new());
        } else if let Some(files) = line.strip_prefix("Test Suites: ") {
            self.counts_files = true;
            self.stopped = files.contains(" of ");
        } else if let Some(tests) = line.strip_prefix("Tests: ").filter(|_| self.counts_files) {
            self.settle(tests);
            return true;
        } else if line.starts_with("No tests found, exiting with code ") {
            self.settle("");
            return true;
        } else if let Some(name) = line.strip_prefix("  ● ") {
            self.tree = None;
            self.bullet(name);
        } else if let Some(tree) = &mut self.tree {
            match line.is_empty() {
                true => self.tree = None,
                false => listed(tree, line)
                    .map(|(mark, name)| self.test(mark, &name))
                    .unwrap_or_default(),
            }
        }
        false
    }

    /// What follows may belong to any file.
    fn lose(&mut self) {
        self.file = Some(LOST.to_owned());
        self.tree = None;
        self.suite.doubts.insert(Doubt::Cut);
    }

    fn full(&self, name: &str) -> String {
        match &self.file {
            Some(file) => format!("{file}: {name}"),
            None => name.to_owned(),
        }
    }

    fn bullet(&mut self, name: &str) {
        match (name, &self.file) {
            ("Console", _) => {}
            ("Test suite failed to run", Some(file)) if file == LOST => {}
            ("Test suite failed to run", Some(file)) => {
                self.suite.broken.insert(file.clone());
            }
            (name, _) => {
                self.suite.failures.insert(self.full(name));
            }
        }
    }

    fn test(&mut self, mark: char, name: &str) {
        let name = self.full(name);
        match mark {
            '✓' | '√' => self.suite.passes.insert(name),
            '○' | '✎' => self.suite.skips.insert(name),
            // Its bullet follows.
            _ => false,
        };
    }

    fn settle(&mut self, tests: &str) {
        let counts = counts(tests);
        let passed = sum(&counts, &["passed"]);
        let ignored = sum(&counts, &["skipped", "todo", "pending"]);
        let named = self.suite.failures.len() as u64;
        let suite = &mut self.suite;
        suite.settle(passed, sum(&counts, &["failed"]), ignored, named);
        suite.names_all =
            suite.passes.len() as u64 == passed && suite.skips.len() as u64 == ignored;
        if self.stopped {
            suite.doubts.insert(Doubt::Stopped);
        }
    }

    /// What it told without coming to its end.
    fn unfinished(mut self) -> Option<Suite> {
        let told = !self.suite.failures.is_empty() || !self.suite.broken.is_empty();
        self.suite.failed = self.suite.failures.len() as u64;
        self.suite.doubts.insert(Doubt::Unfinished);
        (told && self.file.is_some()).then_some(self.suite)
    }
}

/// The file of `FAIL src/sum.test.js (5.2 s)`; in colour the word has a space around it.
fn header(line: &str) -> Option<&str> {
    let said = line.strip_prefix(' ').unwrap_or(line);
    let file = said
        .strip_prefix("PASS ")
        .or_else(|| said.strip_prefix("FAIL "))?;
    let file = file.split(" (").next().unwrap_or(file).trim();
    (file.contains('.') && !file.contains(" > ")).then_some(file)
}

/// The mark and the full name of a test in the tree of a file; a line without a mark is a title.
fn listed(tree: &mut Vec<String>, line: &str) -> Option<(char, String)> {
    let rest = line.trim_start();
    // Two columns a level; the file's own tests stand at the first.
    let depth = ((line.len() - rest.len()) / 2).saturating_sub(1);
    tree.truncate(depth);
    let mark = rest.chars().next().filter(|mark| "✓✕○✎√×".contains(*mark));
    let Some(mark) = mark else {
        tree.push(rest.to_owned());
        return None;
    };
    let title = rest[mark.len_utf8()..].trim_start();
    let title = match mark {
        '○' => title.strip_prefix("skipped ").unwrap_or(title),
        '✎' => title.strip_prefix("todo ").unwrap_or(title),
        _ => untimed(title),
    };
    let titles = tree.iter().map(String::as_str).chain([title]);
    Some((mark, titles.collect::<Vec<_>>().join(" › ")))
}
