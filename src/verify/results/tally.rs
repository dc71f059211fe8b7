//! What the readers share: counts as runners write them, and suites that become one.

use std::collections::BTreeSet;

use super::{Doubt, Suite};

/// The numbers of a list such as `2 failed, 1 passed` or `3 passed | 1 skipped`, each with its word.
pub(super) fn counts(text: &str) -> Vec<(u64, &str)> {
    let parts = text.split([',', ';', '|']).map(str::trim);
    parts
        .filter_map(|part| {
            let (number, word) = part.split_once(' ')?;
            Some((number.parse().ok()?, word.trim()))
        })
        .collect()
}

/// The sum of those whose word is one of `words`.
pub(super) fn sum(counts: &[(u64, &str)], words: &[&str]) -> u64 {
    let meant = counts.iter().filter(|(_, word)| words.contains(word));
    meant.fold(0, |sum, (number, _)| sum.saturating_add(*number))
}

/// `text` without a time in parentheses at its end: `(3 ms)`, `(0.1 s)`, `(0.00s)`.
pub(super) fn untimed(text: &str) -> &str {
    let timed = text
        .trim_end()
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('));
    match timed {
        Some((name, time)) if is_time(time) => name.trim_end(),
        _ => text.trim_end(),
    }
}

/// Whether `text` is a number and a unit of time.
pub(super) fn is_time(text: &str) -> bool {
    let number = text.trim_end_matches(['m', 's', ' ']);
    text.ends_with('s') && number.parse::<f64>().is_ok()
}

impl Suite {
    /// A suite that ran nothing and says so.
    pub(super) fn empty() -> Self {
        Self {
            passed: Some(0),
            ignored: Some(0),
            names_all: true,
            ..Self::default()
        }
    }

    /// Takes what the summary counts, and doubts it when it counts other failures than are named.
    pub(super) fn settle(&mut self, passed: u64, failed: u64, ignored: u64, named: u64) {
        self.passed = Some(passed);
        self.failed = failed;
        self.ignored = Some(ignored);
        if named != failed {
            self.doubts.insert(Doubt::Contradicted);
        }
    }

    /// Adds a later suite of the same runner. A test that was there before is told apart by a number.
    pub(super) fn absorb(&mut self, later: Suite) {
        let both = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        self.passed = both(self.passed, later.passed);
        self.ignored = both(self.ignored, later.ignored);
        self.failed = self.failed.saturating_add(later.failed);
        self.names_all &= later.names_all;
        self.doubts.extend(later.doubts);
        self.broken.extend(later.broken);
        let failures = self.apart(later.failures);
        let passes = self.apart(later.passes);
        let skips = self.apart(later.skips);
        self.failures.extend(failures);
        self.passes.extend(passes);
        self.skips.extend(skips);
    }

    /// `names` as they can stand beside those that are here.
    fn apart(&self, names: BTreeSet<String>) -> Vec<String> {
        let taken = |name: &String| {
            [&self.failures, &self.passes, &self.skips]
                .iter()
                .any(|names| names.contains(name))
        };
        let apart = |name: String| {
            let mut others = (2..).map(|nth| format!("{name} ({nth})"));
            match taken(&name) {
                true => others.find(|other| !taken(other)).unwrap_or(name),
                false => name,
            }
        };
        names.into_iter().map(apart).collect()
    }

    /// What the suites of one runner make together; `None` when there is none.
    pub(super) fn of_all(suites: impl IntoIterator<Item = Suite>) -> Option<Suite> {
        let mut suites = suites.into_iter();
        let mut all = suites.next()?;
        for later in suites {
            all.absorb(later);
        }
        Some(all)
    }
}
