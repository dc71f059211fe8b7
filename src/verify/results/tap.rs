//! The Test Anything Protocol: `ok 1 - name`, `not ok 2 - name`, a plan `1..2`, with subtests indented by four.
//!
//! Names: `suite > test`, as nested. It has no files in it, so tests of the same name are numbered as they come.

use std::collections::BTreeMap;

use super::printed::Text;
use super::tally::sum;
use super::{Doubt, Suite};

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut open: Option<Session> = None;
    for line in &text.lines {
        if line.starts_with("TAP version ") {
            suites.extend(open.take().map(Session::end));
            open = Some(Session::default());
        } else if let Some(session) = &mut open {
            session.line(line);
        }
    }
    suites.extend(open.map(Session::end));
    let mut all = Suite::of_all(suites)?;
    if text.seam.is_some() {
        all.doubts.insert(Doubt::Cut);
    }
    Some(all)
}

#[derive(Default)]
struct Session {
    suite: Suite,
    /// What is under way, from the outside in.
    around: Vec<String>,
    /// The test that was told last, while its details may follow.
    last: Option<Told>,
    /// How deep the details are set that are skipped.
    details: Option<usize>,
    /// How often each name was there.
    names: BTreeMap<String, u64>,
    plan: Option<u64>,
    /// How many stood at the outermost level.
    outermost: u64,
    /// What Node counts at the end.
    counts: Vec<(u64, String)>,
}

struct Told {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Passed,
    Failed,
    Skipped,
}

impl Session {
    fn line(&mut self, line: &str) {
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        if let Some(depth) = self.details {
            if indent == depth && rest == "type: 'suite'" {
                self.last = None;
            }
            if indent == depth && rest == "..." {
                self.details = None;
            }
        } else if rest == "---" {
            self.details = Some(indent);
        } else if let Some(name) = rest.strip_prefix("# Subtest: ") {
            self.around.truncate(indent / 4);
            self.around.push(unescaped(name));
        } else if let Some(told) = rest.strip_prefix("not ok") {
            self.result(indent / 4, told, Kind::Failed);
        } else if let Some(told) = rest.strip_prefix("ok") {
            self.result(indent / 4, told, Kind::Passed);
        } else if rest.starts_with("Bail out!") {
            self.suite.doubts.insert(Doubt::Stopped);
        } else if indent == 0 {
            self.outer(line);
        }
    }

    fn outer(&mut self, line: &str) {
        if let Some(plan) = line.strip_prefix("1..") {
            let number = plan.split(' ').next().unwrap_or(plan);
            self.plan = number.parse().ok();
        } else if let Some(told) = line.strip_prefix("# ")
            && let Some((word, number)) = told.split_once(' ')
            && let Ok(number) = number.parse()
        {
            self.counts.push((number, word.to_owned()));
        }
    }

    /// `told` is what follows `ok`: ` 2 - name # SKIP why`.
    fn result(&mut self, depth: usize, told: &str, kind: Kind) {
        let Some(told) = told.strip_prefix(' ') else {
            return;
        };
        self.keep();
        let after_number = told.trim_start_matches(|c: char| c.is_ascii_digit());
        let name = after_number.trim_start().trim_start_matches("- ");
        let (name, kind) = match directive(name) {
            Some(name) => (name, Kind::Skipped),
            None => (name, kind),
        };
        if depth == 0 {
            self.outermost += 1;
        }
        self.around.truncate(depth);
        let title = unescaped(name);
        let titles = self
            .around
            .iter()
            .map(String::as_str)
            .chain([title.as_str()]);
        let name = titles.collect::<Vec<_>>().join(" > ");
        self.last = Some(Told { name, kind });
    }

    /// What was told last is a test, as its details do not say otherwise.
    fn keep(&mut self) {
        let Some(told) = self.last.take() else {
            return;
        };
        let times = self.names.entry(told.name.clone()).or_default();
        *times += 1;
        let name = match times {
            1 => told.name,
            times => format!("{} ({times})", told.name),
        };
        let suite = &mut self.suite;
        let (set, count) = match told.kind {
            Kind::Passed => (&mut suite.passes, suite.passed.get_or_insert_default()),
            Kind::Skipped => (&mut suite.skips, suite.ignored.get_or_insert_default()),
            Kind::Failed => (&mut suite.failures, &mut suite.failed),
        };
        set.insert(name);
        *count += 1;
    }

    fn end(mut self) -> Suite {
        self.keep();
        let mut suite = self.suite;
        suite.passed.get_or_insert_default();
        suite.ignored.get_or_insert_default();
        suite.names_all = true;
        let told: Vec<(u64, &str)> = self
            .counts
            .iter()
            .map(|(number, word)| (*number, word.as_str()))
            .collect();
        let failed = sum(&told, &["fail", "cancelled"]);
        let is_other = !told.is_empty() && failed != suite.failed;
        match self.plan {
            Some(plan) if plan < self.outermost || is_other => {
                suite.doubts.insert(Doubt::Contradicted);
            }
            Some(plan) if plan == self.outermost => {}
            _ => {
                suite.doubts.insert(Doubt::Unfinished);
            }
        }
        suite
    }
}

/// The name before `# SKIP` or `# TODO`, which count as neither passed nor failed.
fn directive(name: &str) -> Option<&str> {
    let (name, directive) = name.rsplit_once(" # ")?;
    let word = directive.get(..4)?.to_ascii_uppercase();
    (word == "SKIP" || word == "TODO").then_some(name)
}

fn unescaped(name: &str) -> String {
    name.trim().replace("\\#", "#").replace("\\\\", "\\")
}
