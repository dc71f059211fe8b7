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
mod overlaps;
pub mod proposal;
pub mod refusal;
pub mod resumption;
pub mod routes;
pub mod sentence;
pub mod status;
pub mod task;

use std::io::{ErrorKind, IsTerminal as _, Result, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::plan::{is_invisible, without_secrets};

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
    /// Whether what a run was quarantined for was seen to be as it was.
    pub is_put_back: bool,
}

/// Whether something that was to be printed is missing.
static IS_CUT: AtomicBool = AtomicBool::new(false);

/// Writes one line to standard output. A reader that went away ends the output, not the run.
pub fn line(text: &str) {
    note(writeln!(anstream::stdout(), "{text}"));
}

/// Writes a JSON value as one line to standard output; what steers a terminal or hides something in its strings by
/// number, as JSON has it.
pub fn json_line(value: &str) {
    let is_meant = |c: char| c.is_control() || is_invisible(c);
    if !value.contains(is_meant) {
        return line(value);
    }
    let mut units = [0; 2];
    let mut escaped = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match is_meant(c) {
            true => c
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
            false => escaped.push(c),
        }
    }
    line(&escaped);
}

/// Writes text to standard output as it is.
pub fn text(text: &str) {
    note(write!(anstream::stdout(), "{text}"));
}

/// Writes bytes to standard output byte for byte; to a terminal, as text that is safe to look at.
pub fn bytes(bytes: &[u8]) {
    let mut output = std::io::stdout();
    if output.is_terminal() {
        return text(&clean::visible(&String::from_utf8_lossy(bytes)));
    }
    note(output.write_all(bytes));
}

/// Writes one line to standard error, which others may read: nothing that has the form of a secret.
pub fn notice(text: &str) {
    let text = without_secrets(text);
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
