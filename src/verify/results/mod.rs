//! What a test command tells of its tests: which failed, by name, and how many passed.
//!
//! The runner is recognized from what it printed, never from the command, which is as often `make check`. Several
//! in one output are told apart. What cannot be recognized is `None`: then the exit status is all there is.
//! What is told is what was printed, with every [`Doubt`] that it gives cause for. Pure: text to values.

use std::collections::BTreeMap;

mod cargo;
mod change;
mod go;
mod go_json;
mod jest;
pub mod junit;
mod nextest;
mod node;
mod printed;
mod pytest;
mod tally;
mod tap;
mod vitest;

pub use crate::run::results::{Counts, Doubt, Results, Runner, Suite};
pub use change::{Change, compare};
pub use printed::Printed;

/// What a command printed, as the plain lines that a person would have seen.
pub fn plain(printed: &str) -> Vec<String> {
    Printed::whole(printed).clean().lines
}

/// Reads what a test command printed on both of its streams; `None` when no runner is recognized.
pub fn read(printed: &Printed) -> Option<Results> {
    let text = printed.clean();
    let readers = [
        (Runner::Cargo, cargo::read(&text)),
        (Runner::Nextest, nextest::read(&text)),
        (Runner::Pytest, pytest::read(&text)),
        (Runner::Jest, jest::read(&text)),
        (Runner::Vitest, vitest::read(&text)),
        (Runner::Go, go::read(&text)),
        (Runner::Node, node::read(&text)),
        (Runner::Tap, tap::read(&text)),
    ];
    let told = readers
        .into_iter()
        .filter_map(|(runner, suite)| Some((runner, suite?)));
    let suites: BTreeMap<Runner, Suite> = told.collect();
    let is_cut = text.seam.is_some();
    (!suites.is_empty()).then_some(Results { suites, is_cut })
}
