//! Whether a verify command that fails failed before in the same way, by the names of its tests.
//!
//! What cannot be compared excuses nothing: both runs must have told of all their tests, in the words of the same
//! runners, and ended with the same exit status. Pure: knows nothing of how and where the commands were run.

use std::collections::BTreeSet;

use super::checks::Purpose;
use super::facts::CheckRun;
use super::results::{Change, Doubt, Results, compare};
use crate::run::evidence::Outcome;
use crate::run::results::{Baseline, Names, Since};

/// What became of the tests of `run`, which failed, since the same command ran on `base`.
pub fn since(base: Baseline, run: &CheckRun) -> Since {
    let Some(after) = &run.results else {
        return unknown(base, "it tells of no tests".to_owned());
    };
    let change = compare(base.results.as_ref(), after);
    if base.ended == Outcome::Exited(0).to_string() {
        // All that was run there passed.
        let regressions = after.failing().into_iter().collect();
        return Since {
            regressions,
            gone: gone(&change),
            base: base.bounded(),
            ..Since::default()
        };
    }
    let before_failed = base.results.as_ref().map(Results::failing);
    let fixed = fixed(&change, &before_failed.unwrap_or_default(), after);
    Since {
        // Where there is none, the base told of all its tests, and nothing is unproven.
        obstacle: obstacle(&base, run, after).unwrap_or_default(),
        regressions: change.regressions.iter().chain(&change.broken).collect(),
        still_failing: change.still_failing.iter().collect(),
        fixed,
        gone: gone(&change),
        base: base.bounded(),
        ..Since::default()
    }
}

/// Whether `run`, of which only its end and the digest of what it printed are known, fails as the same command did on
/// `base`.
pub fn by_status(base: Baseline, run: &CheckRun, printed: &str) -> Since {
    let ends_alike = base.ended == run.ended && base.ended.starts_with("exit ");
    Since {
        // A script that is new fails as one that is missing does.
        fails_alike: ends_alike && run.purpose != Purpose::Red,
        prints_alike: ends_alike && !printed.is_empty() && base.printed == printed,
        base: base.bounded(),
        ..Since::default()
    }
}

/// A comparison with `base` that says nothing but why there is none.
pub fn unknown(base: Baseline, obstacle: String) -> Since {
    Since {
        obstacle,
        base: base.bounded(),
        ..Since::default()
    }
}

/// Failed before, and are either seen to pass or not among all that fail now.
fn fixed(change: &Change, failed: &BTreeSet<&str>, after: &Results) -> Names {
    let untold = change.untold.iter();
    let gone = untold.filter(|name| !after.is_partial() && failed.contains(name.as_str()));
    change.fixed.iter().chain(gone).collect()
}

fn gone(change: &Change) -> Names {
    change.gone.iter().chain(&change.silenced).collect()
}

/// Why the two runs cannot be compared.
fn obstacle(base: &Baseline, run: &CheckRun, after: &Results) -> Option<String> {
    if !base.ended.starts_with("exit ") {
        return Some(format!("on the base it {}", base.ended));
    }
    let Some(before) = &base.results else {
        let ended = &base.ended;
        return Some(format!("on the base it tells of no tests ({ended})"));
    };
    if let Some(why) = partial(before) {
        return Some(format!("on the base {why}"));
    }
    if let Some(why) = partial(after) {
        return Some(format!("here {why}"));
    }
    if base.ended != run.ended {
        let (there, here) = (&base.ended, &run.ended);
        return Some(format!("it ended with {there} on the base and {here} here"));
    }
    if !before.suites.keys().eq(after.suites.keys()) {
        return Some("other test runners ran on the base".to_owned());
    }
    None
}

/// Why results may not be all.
fn partial(results: &Results) -> Option<String> {
    let cut = results.is_cut.then_some(Doubt::Cut);
    if let Some(doubt) = cut.or_else(|| results.doubts().pop_first()) {
        let why = match doubt {
            Doubt::Cut => "it printed more than is kept",
            Doubt::Stopped => "its runner stopped at a failure, before all tests were run",
            Doubt::Unfinished => "its runner never came to its summary",
            Doubt::Contradicted => "its runner counts other failures than it names",
        };
        return Some(why.to_owned());
    }
    let broken = results.suites.values().flat_map(|suite| &suite.broken);
    let broken: Names = broken.collect();
    (!broken.is_empty()).then(|| format!("{broken} broke before its tests could tell"))
}
