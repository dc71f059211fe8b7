//! What users see: sinks over events, reports over states, faults of plans. Nothing here decides anything,
//! and only what stands in this module prints.

pub mod check;
pub mod clean;
pub mod diff;
pub mod executors;
pub mod faults;
pub mod graph;
pub mod live;
pub mod markdown;
pub mod proposal;
pub mod resumption;
pub mod sentence;
pub mod status;
pub mod task;

use std::io::Write as _;

/// Writes one line to standard output. A reader that went away ends the output, not the run.
pub fn line(text: &str) {
    writeln!(anstream::stdout(), "{text}").unwrap_or_default();
}

/// Writes text to standard output as it is.
pub fn text(text: &str) {
    write!(anstream::stdout(), "{text}").unwrap_or_default();
}

/// Writes one line to standard error.
pub fn notice(text: &str) {
    writeln!(anstream::stderr(), "{text}").unwrap_or_default();
}
