//! Where a test may kill the process; nothing at all in release builds.
//!
//! Every effect passes prepare, record and follow, so most points need no sprinkling: [`STAGES`] for every
//! kind of event. [`STEPS`] are the few places between two effects of one stage. All are named here, so that
//! a test loops over [`points`] and covers a new kind of event the day it is added.
//!
//! `ENACT_CRASH_AT=recorded:integrated:2` aborts at the second such point; the number may be left out.

/// Where a recorded event can be interrupted, in the order in which it gets there.
pub const STAGES: [&str; 4] = [
    // All that precedes the event was done and nobody knows of it yet.
    "prepared", // Its objects are written, the journal's ref has not moved.
    "written",
    // It is on record, with those that were written before it, and nothing has followed.
    "recorded", // The world agrees with it.
    "followed",
];

/// Where else one could die: between two effects that belong together.
pub const STEPS: [&str; 22] = [
    // What an earlier driver left was ended and unlocked, nothing else was settled.
    "leftovers-ended",
    // The run's branch is about to move, and that is on file.
    "branch-noted",
    // The run's branch has moved, the notes are not written.
    "branch-moved",
    // Notes of what a rollback undid are gone, the branch still has it.
    "notes-withdrawn",
    // `git worktree add` has ended, and nothing of ours is in the worktree.
    "worktree-added",
    // The worktree stands, and was not set up.
    "slot-made",
    // A git directory of an executor's own is made, and it is not noted that it was handed out.
    "git-dir-made",
    // What was committed in one is in the user's repository, its HEAD is not ours yet.
    "brought-in",
    // The task branch is at its base, the worktree is not on it.
    "branch-placed",
    // The files of an attempt are written, its supervisor was not started.
    "attempt-ordered",
    // We committed for the executor; its worktree does not know.
    "tool-committed",
    // The final commands have run, their worktree stands.
    "final-proven",
    // The same on one of the commits between, to find who broke the whole.
    "commit-probed",
    "progress-committed",
    // A worktree's files are gone, git still lists it.
    "worktree-emptied",
    // One worktree of several is gone.
    "worktree-removed",
    // A person's decision is on record and not yet on disk.
    "decided",
    // What we wrote into the checkout is out of the way of a landing.
    "marks-set-aside",
    // What runs was ended, nothing of the run was removed.
    "purge-begun",
    // Worktrees and notes are gone.
    "purge-notes-removed",
    // Only the journal and local files are left.
    "purge-branches-removed",
    // One of several damages is mended.
    "mended",
];

/// Every point, as `ENACT_CRASH_AT` names it, given the kinds of events there are.
pub fn points(events: &[&str]) -> Vec<String> {
    let staged = events
        .iter()
        .flat_map(|event| STAGES.map(|stage| format!("{stage}:{event}")));
    staged
        .chain(STEPS.iter().map(|name| format!("step:{name}")))
        .collect()
}

/// Dies here if a test asked for it: `event` has reached `stage`.
pub fn point(stage: &str, event: &str) {
    debug_assert!(STAGES.contains(&stage), "`{stage}` is in the list");
    reached(stage, event);
}

/// Dies here if a test asked for it: one of [`STEPS`] was made.
pub fn step(name: &str) {
    debug_assert!(STEPS.contains(&name), "`{name}` is in the list");
    reached("step", name);
}

#[cfg(debug_assertions)]
fn reached(stage: &str, name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("ENACT_CRASH_AT") else {
        return;
    };
    let mut parts = wanted.splitn(3, ':');
    if parts.next() != Some(stage) || parts.next() != Some(name) {
        return;
    }
    let nth: u32 = parts.next().and_then(|nth| nth.parse().ok()).unwrap_or(1);
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 == nth {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
fn reached(_stage: &str, _name: &str) {}
