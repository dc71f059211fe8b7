//! `cargo test`: one block a test binary, in which the list of failures before the result is what counts. The lines
//! `test … ... FAILED` above it may be what a test printed; so may a whole result, if it does not add up to the
//! number of tests that the block said it runs.
//!
//! Names: `crate: test` for a library, `crate (src/main.rs): test`, `tests/api.rs: test`, `crate (doc): item`, without
//! place when nothing names it (`-q`). Documentation tests have no line numbers: those change with every edit.

use std::collections::{BTreeMap, BTreeSet};

use super::change::LOST;
use super::printed::Text;
use super::tally::{counts, sum};
use super::{Doubt, Suite, nextest};

/// The words of a result that make the number of tests that were run.
const RAN: [&str; 4] = ["passed", "failed", "ignored", "measured"];

pub(super) fn read(text: &Text) -> Option<Suite> {
    let mut reader = Reader {
        // What nextest shows of a test that it does not capture looks as if it ran here.
        needs_header: nextest::is_in(text),
        ..Reader::default()
    };
    for (at, line) in text.lines.iter().enumerate() {
        if text.seam == Some(at) {
            reader.lose();
        }
        reader.line(line);
    }
    reader.end(text.seam.is_some())
}

#[derive(Default)]
struct Reader {
    needs_header: bool,
    /// How often each place was there.
    places: BTreeMap<String, u64>,
    place: Option<String>,
    open: Option<Block>,
    /// What the cut went through, as far as it stood before it, and its place.
    torn: Option<(Option<String>, Block)>,
    suites: Vec<Suite>,
    broken: BTreeSet<String>,
    stopped: bool,
    /// Cargo itself said that tests failed, which it does last.
    told: bool,
    died: bool,
}

/// One test binary, from `running 3 tests` to its result.
#[derive(Default)]
struct Block {
    /// How many tests it runs; not known when its beginning was not kept.
    tests: Option<u64>,
    passes: BTreeSet<String>,
    skips: BTreeSet<String>,
    /// Told as failed while it ran.
    seen: BTreeSet<String>,
    /// Told as failed at its end.
    list: BTreeSet<String>,
    /// Within what tests printed, or the list behind it.
    quoting: bool,
    /// Whose name stands without its status yet.
    pending: Option<String>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let is_quoted = self.open.as_ref().is_some_and(|block| block.quoting);
        if !is_quoted && line.starts_with("error: ") {
            self.error(line);
        } else if let Some(place) = header(line).filter(|_| !is_quoted) {
            self.close_dead();
            self.enter(place);
        } else if let Some(tests) = running(line).filter(|_| !is_quoted) {
            let place = self.place.clone();
            self.close_dead();
            self.place = place;
            if self.place.is_some() || !self.needs_header {
                self.open = Some(Block {
                    tests: Some(tests),
                    ..Block::default()
                });
            }
        } else if let Some(block) = &mut self.open
            && block.line(line)
        {
            self.close();
        }
    }

    /// What follows belongs to `place`, which others may be called as well.
    fn enter(&mut self, place: String) {
        let times = self.places.entry(place.clone()).or_default();
        *times += 1;
        self.place = Some(match times {
            1 => place,
            times => format!("{place} ({times})"),
        });
    }

    fn error(&mut self, line: &str) {
        if line.starts_with("error: test failed, to rerun")
            || line.starts_with("error: doctest failed, to rerun")
        {
            // A harness of its own tells nothing that we know; that it failed is all there is.
            if self.open.is_none()
                && let Some(place) = self.place.take()
            {
                self.broken.insert(place);
            }
            self.close_dead();
            self.stopped = true;
            self.told = true;
        } else if line.ends_with(" target failed:") || line.ends_with(" targets failed:") {
            // Told only when it went on to the end.
            self.stopped = false;
            self.told = true;
        } else if let Some(rest) = line.strip_prefix("error: could not compile `") {
            let what = rest.split(" due to ").next().unwrap_or(rest);
            self.broken.insert(what.replacen('`', "", 1));
        }
    }

    /// What follows may belong to any binary.
    fn lose(&mut self) {
        let place = self.place.take();
        self.torn = self.open.take().map(|block| (place, block));
        if !self.needs_header {
            self.place = Some(LOST.to_owned());
            self.open = Some(Block::default());
        }
    }

    /// What the cut went through, if `run` is the number of tests that it said it runs: then its end is here.
    fn mend(&mut self, block: &mut Block, run: u64) {
        let Some((place, torn)) = self.torn.take() else {
            return;
        };
        if block.tests.is_some() || torn.tests != Some(run) {
            self.torn = Some((place, torn));
            return;
        }
        self.place = place;
        block.passes.extend(torn.passes);
        block.skips.extend(torn.skips);
    }

    /// The block that is open came to its result.
    fn close(&mut self) {
        let Some(mut block) = self.open.take() else {
            return;
        };
        let result = std::mem::take(&mut block.pending).unwrap_or_default();
        let found = counts(&result);
        let (passed, failed) = (sum(&found, &["passed"]), sum(&found, &["failed"]));
        let ignored = sum(&found, &["ignored"]);
        self.mend(&mut block, sum(&found, &RAN));
        let mut suite = Suite {
            names_all: block.passes.len() as u64 == passed && block.skips.len() as u64 == ignored,
            ..Suite::default()
        };
        suite.settle(passed, failed, ignored, block.list.len() as u64);
        block.seen = std::mem::take(&mut block.list);
        let suite = self.named(block, suite);
        self.suites.push(suite);
        self.place = None;
    }

    /// The block that is open, if any, never came to its result: its binary died.
    fn close_dead(&mut self) {
        let Some(block) = self.open.take() else {
            return;
        };
        let place = self.place.clone();
        if block.tests.is_some() {
            self.broken
                .insert(place.unwrap_or_else(|| "a test binary".to_owned()));
            self.died = true;
        }
        if block.tests.is_some() || !block.passes.is_empty() {
            let seen = Suite {
                passed: Some(block.passes.len() as u64),
                failed: block.seen.len() as u64,
                ignored: Some(block.skips.len() as u64),
                ..Suite::default()
            };
            let suite = self.named(block, seen);
            self.suites.push(suite);
        }
        self.place = None;
    }

    /// `suite` with the names of `block`, each with its place.
    fn named(&self, block: Block, mut suite: Suite) -> Suite {
        let raw: Vec<&String> = [&block.passes, &block.skips, &block.seen]
            .into_iter()
            .flatten()
            .collect();
        let numbered = without_lines(&raw);
        let full = |name: &String| {
            let name = numbered.get(name).unwrap_or(name);
            match &self.place {
                Some(place) => format!("{place}: {name}"),
                None => name.clone(),
            }
        };
        suite.passes = block.passes.iter().map(full).collect();
        suite.skips = block.skips.iter().map(full).collect();
        suite.failures = block.seen.iter().map(full).collect();
        suite
    }

    fn end(mut self, is_cut: bool) -> Option<Suite> {
        let is_unfinished = self
            .open
            .as_ref()
            .is_some_and(|block| block.tests.is_some());
        self.close_dead();
        if let Some((place, block)) = self.torn.take() {
            self.place = place;
            let suite = self.named(block, Suite::default());
            self.suites.push(suite);
        }
        // Without its last word nobody knows what else it would have run: its errors may have gone elsewhere.
        let is_unfinished =
            is_unfinished || (!self.told && self.suites.iter().any(|suite| suite.failed > 0));
        let told = !self.suites.is_empty() || !self.broken.is_empty();
        let suites = std::mem::take(&mut self.suites);
        let mut all = Suite::of_all(suites).unwrap_or_else(Suite::empty);
        all.broken = self.broken;
        let doubts = [
            (self.stopped, Doubt::Stopped),
            (self.died || is_unfinished, Doubt::Unfinished),
            (is_cut, Doubt::Cut),
        ];
        all.doubts.extend(
            doubts
                .iter()
                .filter(|(holds, _)| *holds)
                .map(|doubt| doubt.1),
        );
        told.then_some(all)
    }
}

impl Block {
    /// Reads a line of it; whether that was its result, which is then pending.
    fn line(&mut self, line: &str) -> bool {
        if let Some(result) = line.strip_prefix("test result: ")
            && let Some((_, found)) = result.split_once(". ")
        {
            let run = sum(&counts(found), &RAN);
            if self.tests.is_none_or(|tests| tests == run) {
                self.pending = Some(found.to_owned());
                return true;
            }
        }
        if line == "failures:" || line == "successes:" {
            self.quoting = true;
            self.list.clear();
        } else if self.quoting {
            if let Some(name) = line.strip_prefix("    ") {
                self.list.insert(name.to_owned());
            }
        } else {
            self.status(line);
        }
        false
    }

    fn status(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test ")
            && let Some((name, status)) = rest.split_once(" ... ")
        {
            let modes = [" - should panic", " - compile fail", " - compile"];
            let name = modes
                .iter()
                .find_map(|mode| name.strip_suffix(mode))
                .unwrap_or(name);
            if !self.ended(name, status) {
                self.pending = Some(name.to_owned());
            }
        } else if let Some(name) = self.pending.take()
            && !self.ended(&name, line)
        {
            // What the test prints stands between its name and its status.
            self.pending = Some(name);
        }
    }

    /// Whether `status` says how the test ended.
    fn ended(&mut self, name: &str, status: &str) -> bool {
        // `--report-time` adds how long it took.
        let set = match status.split(" <").next().unwrap_or(status) {
            "ok" => &mut self.passes,
            "FAILED" => &mut self.seen,
            status if status == "ignored" || status.starts_with("ignored, ") => &mut self.skips,
            _ => return false,
        };
        set.insert(name.to_owned());
        true
    }
}

/// The place that a header names: `Running unittests src/lib.rs (target/debug/deps/alpha-…)`, `Doc-tests alpha`.
fn header(line: &str) -> Option<String> {
    let said = line.strip_prefix("   ")?.trim_start();
    if let Some(package) = said.strip_prefix("Doc-tests ") {
        return Some(format!("{package} (doc)"));
    }
    let run = said.strip_prefix("Running ")?;
    // Before 1.58 there was only the path of the binary.
    let (source, binary) = match run.strip_suffix(')').and_then(|run| run.rsplit_once(" (")) {
        Some((source, binary)) => (source, binary),
        None if run.contains("/deps/") && !run.contains(' ') => ("", run),
        None => return None,
    };
    let file = binary.rsplit(['/', '\\']).next().unwrap_or(binary);
    let stem = file.rsplit_once('-').map_or(file, |(stem, _)| stem);
    Some(match source.strip_prefix("unittests ") {
        Some("src/lib.rs") => stem.to_owned(),
        Some(source) => format!("{stem} ({source})"),
        None if source.is_empty() || source == "unittests" => stem.to_owned(),
        None => source.to_owned(),
    })
}

/// The number of `running 3 tests`.
fn running(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    let number = rest
        .strip_suffix(" tests")
        .or_else(|| rest.strip_suffix(" test"))?;
    number.parse().ok()
}

/// What the names that end in `(line 12)` are called without it: those of one item in their order.
fn without_lines(names: &[&String]) -> BTreeMap<String, String> {
    let mut items: BTreeMap<&str, Vec<(u64, &String)>> = BTreeMap::new();
    for name in names {
        let Some((item, rest)) = name.rsplit_once(" (line ") else {
            continue;
        };
        if let Some(line) = rest.strip_suffix(')').and_then(|line| line.parse().ok()) {
            items.entry(item).or_default().push((line, name));
        }
    }
    let mut called = BTreeMap::new();
    for (item, mut tests) in items {
        tests.sort();
        for (nth, (_, name)) in tests.into_iter().enumerate() {
            let number = match nth {
                0 => String::new(),
                nth => format!(" #{}", nth + 1),
            };
            called.insert(name.clone(), format!("{item}{number}"));
        }
    }
    called
}
