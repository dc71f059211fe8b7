//! Nothing of an attempt survives its supervisor: finds and kills what a supervisor left that was killed
//! itself, or that runs on after its driver died.
//!
//! The supervisor notes who it is before it starts anything ([`Mark`]). Survivors are found by the supervisor's
//! session, by the token in their environment, and by descent from either; one that cleared its
//! environment, left the session and lost its parent cannot be told from a stranger.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::descendants::{Process, closure};
use super::{TOKEN, absent, read_left};

/// How long a living supervisor may take to kill its tree, its own patience of five seconds included.
const SUPERVISOR_MAX: Duration = Duration::from_secs(7);

/// How long killed processes may take to be gone.
const DEATH_MAX: Duration = Duration::from_secs(5);

/// The largest mark, in bytes.
const MARK_MAX: u64 = 1 << 16;

/// Which process supervises an attempt.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    pid: u32,
    start: u64,
    boot: String,
    token: String,
}

impl Mark {
    /// The calling process, as a supervisor of nothing yet.
    pub(super) fn of_this_process() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            start: Process::of(pid).map_or(0, |process| process.start),
            boot: boot(),
            token: String::new(),
        }
    }

    /// The same, as the supervisor of the attempt `token`.
    pub(super) fn for_attempt(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Appears whole or not at all.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let partial = path.with_extension("partial");
        fs::write(&partial, serde_json::to_vec(self)?)?;
        fs::rename(partial, path)
    }
}

/// Kills whatever is left of the attempt whose supervisor left `mark`: the supervisor, if it lives, which
/// kills its own tree; then what bears the attempt's marks. Without the file nothing was started, or nothing
/// is left. Returns the processes that could not be killed.
pub fn sweep(mark: &Path) -> Result<Vec<u32>> {
    let Some(bytes) = read(mark)? else {
        return Ok(Vec::new());
    };
    let left: Mark = serde_json::from_slice(&bytes)
        .with_context(|| format!("`{}` is not a supervisor's", mark.display()))?;
    // No process outlives its machine, and the numbers of another start mean nothing now.
    if left.boot == boot() {
        end_supervisor(&left);
        let survivors = kill_marked(&left);
        if !survivors.is_empty() {
            return Ok(survivors);
        }
    }
    absent(fs::remove_file(mark))
        .with_context(|| format!("could not remove `{}`", mark.display()))?;
    Ok(Vec::new())
}

/// Has a living supervisor kill its tree, the surest way; kills it if it does not end.
fn end_supervisor(mark: &Mark) {
    let Some(supervisor) = Process::of(mark.pid).filter(|now| now.start == mark.start) else {
        return;
    };
    // A failed signal shows in what is found alive afterwards.
    supervisor.signal(Signal::QUIT).unwrap_or_default();
    if !gone(std::slice::from_ref(&supervisor), SUPERVISOR_MAX) {
        supervisor.signal(Signal::KILL).unwrap_or_default();
        gone(std::slice::from_ref(&supervisor), DEATH_MAX);
    }
}

/// Kills what bears the attempt's marks until nothing does; returns what remains after a while.
fn kill_marked(mark: &Mark) -> Vec<u32> {
    let variable = format!("{TOKEN}={}", mark.token);
    let until = Instant::now() + DEATH_MAX;
    loop {
        let all = Process::all();
        let marked = all
            .iter()
            .filter(|process| {
                (process.session == mark.pid && process.start >= mark.start)
                    || process.has_in_environment(variable.as_bytes())
            })
            .map(|process| process.pid)
            .collect::<HashSet<_>>();
        let mut left = closure(&all, marked);
        left.retain(|process| !process.zombie && process.pid != std::process::id());
        if left.is_empty() || Instant::now() >= until {
            return left.into_iter().map(|process| process.pid).collect();
        }
        for process in &left {
            process.signal(Signal::KILL).unwrap_or_default();
        }
        // What they started meanwhile is found by the next round.
        gone(&left, until.saturating_duration_since(Instant::now()));
    }
}

/// Waits until none of `processes` is alive.
fn gone(processes: &[Process], patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while processes.iter().any(Process::is_alive) {
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// What names this start of the machine.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_left(path, MARK_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}
