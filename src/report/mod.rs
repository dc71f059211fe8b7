//! What users see: sinks over events, reports over states, faults of plans. Nothing here decides anything,
//! and only what stands in this module prints.

pub mod check;
pub mod clean;
mod closing;
pub mod diff;
pub mod executors;
pub mod faults;
pub mod graph;
pub mod json;
pub mod live;
pub mod markdown;
pub mod next;
pub mod outcome;
pub mod proposal;
pub mod resumption;
pub mod sentence;
pub mod status;
pub mod task;

use std::io::{ErrorKind, Result, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a report needs besides the state.
#[derive(Debug, Clone)]
pub struct Context {
    /// Whether a process drives the run right now.
    pub driven: bool,
    /// The newest checkpoint.
    pub checkpoint: String,
    /// The run's branch, in full.
    pub branch: String,
    /// Whether commands that name no run mean this one, as far as any task wants one.
    pub is_usual: bool,
    /// Whether the state is one of earlier, at that checkpoint.
    pub is_earlier: bool,
}

/// Whether something that was to be printed is missing.
static IS_CUT: AtomicBool = AtomicBool::new(false);

/// Writes one line to standard output. A reader that went away ends the output, not the run.
pub fn line(text: &str) {
    note(writeln!(anstream::stdout(), "{text}"));
}

/// Writes text to standard output as it is.
pub fn text(text: &str) {
    note(write!(anstream::stdout(), "{text}"));
}

/// Writes one line to standard error.
pub fn notice(text: &str) {
    writeln!(anstream::stderr(), "{text}").unwrap_or_default();
}

/// Whether all that was printed got where it should, as far as its reader wanted it.
pub fn is_complete() -> bool {
    note(anstream::stdout().flush());
    !IS_CUT.load(Ordering::Relaxed)
}

fn note(written: Result<()>) {
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        IS_CUT.store(true, Ordering::Relaxed);
    }
}
