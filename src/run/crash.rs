//! Where a test may kill the process; nothing at all in release builds.
//!
//! Every effect passes prepare, record and follow, so the points need no sprinkling: before and after
//! each of the three for every kind of event, and one inside the append where the objects are written
//! and the ref has not moved. `ENACT_CRASH_AT=recorded:integrated:2` aborts at the second such point.

/// Dies here if a test asked for it.
#[cfg(debug_assertions)]
pub fn point(stage: &str, event: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("ENACT_CRASH_AT") else {
        return;
    };
    let mut parts = wanted.splitn(3, ':');
    if parts.next() != Some(stage) || parts.next() != Some(event) {
        return;
    }
    let nth: u32 = parts.next().and_then(|nth| nth.parse().ok()).unwrap_or(1);
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 == nth {
        std::process::abort();
    }
}

/// Dies here if a test asked for it: never, in a release build.
#[cfg(not(debug_assertions))]
pub fn point(_stage: &str, _event: &str) {}
