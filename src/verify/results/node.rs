//! `node --test` as people read it: a tree of marks, then the counts behind `ℹ`.
//!
//! Names: `suite > test`, as nested. It has no files in it, so tests of the same name are numbered as they come.

use std::collections::BTreeMap;

use super::printed::Text;
use super::tally::{sum, untimed};
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut open = Session::default();
    let mut repeats = Repeats::default();
    for (at, line) in text.lines.iter().enumerate() {
        if text.seam == Some(at) {
            // What stands around the next tests is not known.
            open.around.clear();
            open.suite.doubts.insert(Doubt::Cut);
        }
        if let Some((word, number)) = count(line) {
            open.counts.push((number, word));
            continue;
        }
        if !open.counts.is_empty() {
            suites.push(std::mem::take(&mut open).end());
        }
        if !repeats.is_said_again(line) {
            open.line(line);
        }
    }
    if !open.counts.is_empty() {
        suites.push(open.end());
    }
    Suite::of_all(suites)
}

#[derive(Default)]
struct Session<'a> {
    suite: Suite,
    around: Vec<String>,
    names: BTreeMap<String, u64>,
    /// Tests around others, which may be suites: those are not counted.
    parents: u64,
    counts: Vec<(u64, &'a str)>,
}

/// What is told once more behind the counts: each failure, below the place where it stands.
#[derive(Default)]
struct Repeats {
    begun: bool,
    /// Places are told: not in the oldest versions.
    has_places: bool,
    below_place: bool,
}

impl Repeats {
    fn is_said_again(&mut self, line: &str) -> bool {
        if line == "✖ failing tests:" {
            *self = Self {
                begun: true,
                ..Self::default()
            };
        } else if line.starts_with("test at ") {
            (self.has_places, self.below_place) = (true, true);
        } else if line.starts_with('✖') {
            self.begun &= !self.has_places || self.below_place;
            self.below_place = false;
        } else if line.starts_with('▶') || line.starts_with('✔') {
            self.begun = false;
        }
        self.begun
    }
}

impl Session<'_> {
    fn line(&mut self, line: &str) {
        let rest = line.trim_start();
        let depth = (line.len() - rest.len()) / 2;
        let Some((mark, told)) = rest.split_once(' ') else {
            return;
        };
        if mark == "▶" {
            self.around.truncate(depth);
            self.around.push(untimed(told).to_owned());
            return;
        }
        if !["✔", "✖", "﹣"].contains(&mark) || depth > self.around.len() {
            return;
        }
        let (told, directive) = match told.rsplit_once(" # ") {
            Some((told, word)) if word.starts_with("SKIP") || word.starts_with("TODO") => {
                (told, true)
            }
            _ => (told, false),
        };
        let title = untimed(told).to_owned();
        if self.around.get(depth) == Some(&title) {
            self.parents += u64::from(mark == "✖");
            self.around.truncate(depth);
            return;
        }
        self.around.truncate(depth);
        let titles = self
            .around
            .iter()
            .map(String::as_str)
            .chain([title.as_str()]);
        let name = titles.collect::<Vec<_>>().join(" > ");
        let times = self.names.entry(name.clone()).or_default();
        *times += 1;
        let name = match times {
            1 => name,
            times => format!("{name} ({times})"),
        };
        let set = match mark {
            _ if directive => &mut self.suite.skips,
            "✔" => &mut self.suite.passes,
            "✖" => &mut self.suite.failures,
            _ => &mut self.suite.skips,
        };
        set.insert(name);
    }

    fn end(self) -> Suite {
        let mut suite = self.suite;
        let counts = &self.counts;
        let failed = sum(counts, &["fail", "cancelled"]);
        let (passed, ignored) = (sum(counts, &["pass"]), sum(counts, &["skipped", "todo"]));
        let named = suite.failures.len() as u64;
        suite.settle(passed, failed, ignored, named);
        suite.names_all = suite.passes.len() as u64 == passed;
        // A test around one that failed fails with it, and is counted; a suite is not.
        if (named..=named + self.parents).contains(&failed) {
            suite.doubts.remove(&Doubt::Contradicted);
        }
        suite
    }
}

/// `ℹ pass 3`
fn count(line: &str) -> Option<(&str, u64)> {
    let (word, number) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let words = [
        "tests",
        "suites",
        "pass",
        "fail",
        "cancelled",
        "skipped",
        "todo",
        "duration_ms",
    ];
    let known = words.contains(&word);
    known.then(|| (word, number.parse().unwrap_or_default()))
}
