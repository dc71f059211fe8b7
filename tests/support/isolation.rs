//! What executors have of the repository: a promise about them is tried in worktrees and in clones, by one body with
//! what is to be expected of each.
//!
//! `ENACT_TEST_ISOLATION=clone cargo test` has every test try it there and nowhere else, those that say nothing of it
//! included.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::ValueEnum as _;
use git_enact::run::policy::Isolation;

thread_local! {
    /// Where the body that this thread is in has users made.
    static CHOSEN: Cell<Option<Isolation>> = const { Cell::new(None) };
}

const BOTH: [Isolation; 2] = [Isolation::Worktree, Isolation::Clone];

/// Tries `body` in each isolation: every user that it makes has its executors there.
#[track_caller]
pub(crate) fn in_each(body: impl Fn(Isolation)) {
    for isolation in BOTH {
        in_one(isolation, || body(isolation));
    }
}

/// Tries `body` in this isolation, unless only the other one is asked for.
#[track_caller]
pub(crate) fn in_one(isolation: Isolation, body: impl Fn()) {
    if asked_for().is_some_and(|asked| asked != isolation) {
        return;
    }
    CHOSEN.set(Some(isolation));
    let held = catch_unwind(AssertUnwindSafe(body));
    CHOSEN.set(None);
    let name = isolation.name();
    assert!(held.is_ok(), "as told above, with executors in a {name}");
}

/// Where the executors of a user are that is made now.
pub(crate) fn chosen() -> Isolation {
    CHOSEN.get().or_else(asked_for).unwrap_or_default()
}

/// The one of the two that is for `isolation`.
pub(crate) fn of<T>(isolation: Isolation, [worktree, clone]: [T; 2]) -> T {
    match isolation {
        Isolation::Worktree => worktree,
        Isolation::Clone => clone,
    }
}

fn asked_for() -> Option<Isolation> {
    let name = std::env::var("ENACT_TEST_ISOLATION").ok()?;
    let known = Isolation::from_str(&name, false);
    Some(known.unwrap_or_else(|_| panic!("ENACT_TEST_ISOLATION: there is no `{name}`")))
}
