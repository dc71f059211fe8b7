//! Running the commands that prove a task or the whole: each supervised as an attempt is, one after the
//! other, with the same environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::live::Live;
use crate::attempt::{self, output};
use crate::process::supervise::{self, Order, Supervisors};
use crate::run::evidence::Outcome;
use crate::verify::facts::CheckRun;

/// Where and how commands are run.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) supervisors: Supervisors,
    /// How the names of their files begin.
    pub(super) stem: PathBuf,
    /// The environment, in full.
    pub(super) env: Vec<(OsString, OsString)>,
    /// The wall-clock limit of each command.
    pub(super) timeout_ms: Option<u64>,
    /// Between INT, TERM and KILL.
    pub(super) grace_ms: u64,
    /// What runs now, and whether somebody asked for an end.
    pub(super) live: Live,
}

/// How much of a command's output is kept.
const KEPT: u64 = 64 << 10;

/// Runs `commands` in `place` until one fails.
pub(super) fn run_all(bench: &Bench, place: &Path, commands: &[String]) -> Vec<CheckRun> {
    let mut runs = Vec::with_capacity(commands.len());
    for (nth, command) in commands.iter().enumerate() {
        let run = run(bench, place, command, &format!("check-{nth}"));
        let passed = run.passed;
        runs.push(run);
        if !passed {
            break;
        }
    }
    runs
}

/// Runs `command` in `place`; its files are known by `name`.
pub(super) fn run(bench: &Bench, place: &Path, command: &str, name: &str) -> CheckRun {
    let file = |end: &str| attempt::ending(&bench.stem, &format!("{name}.{end}"));
    let order = Order {
        argv: ["sh", "-e", "-c", command].map(OsString::from).to_vec(),
        dir: place.to_owned(),
        env: bench.env.clone(),
        stdin: None,
        timeout_ms: bench.timeout_ms,
        stall_timeout_ms: None,
        grace_ms: bench.grace_ms,
        output: file("output"),
        head: KEPT,
        tail: KEPT,
        token: supervise::token(),
    };
    let ended = std::fs::create_dir_all(bench.stem.parent().unwrap_or(place))
        .map_err(anyhow::Error::from)
        .and_then(|()| bench.supervisors.start(&order, &file(supervise::MARK)));
    let (passed, how, printed) = match ended {
        Ok(supervised) => {
            let _entry = bench.live.enter(supervised.canceller());
            let ended = supervised.wait();
            let output = ended.output.read().unwrap_or_default();
            (
                ended.outcome == Outcome::Exited(0),
                ended.outcome.to_string(),
                output,
            )
        }
        Err(error) => (
            false,
            "could not be started".to_owned(),
            format!("{error:#}").into_bytes(),
        ),
    };
    // What it says becomes a reason: stored, shown, and told to the next attempt.
    let printed = output::redact(&printed, &output::secrets(&bench.env));
    let output = String::from_utf8_lossy(&printed).into_owned();
    CheckRun {
        command: command.to_owned(),
        passed,
        ended: how,
        output,
    }
}
