//! Nothing of an attempt survives its supervisor: finds and kills what a supervisor left that was killed
//! itself, or that runs on after its driver died.
//!
//! The supervisor notes who it is before it starts anything ([`Mark`]). Survivors are found by the supervisor's
//! session, by the token in their environment, and by descent from either; one that cleared its
//! environment, left the session and lost its parent cannot be told from a stranger.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::descendants::{Process, closure};
use super::{Ended, TOKEN, read_left};

/// How long a living supervisor may take to kill its tree, its own patience of five seconds included.
const SUPERVISOR_MAX: Duration = Duration::from_secs(7);

/// How long killed processes may take to be gone.
const DEATH_MAX: Duration = Duration::from_secs(5);

/// The largest mark, in bytes.
const MARK_MAX: u64 = 1 << 20;

/// What the file of an attempt's process says: who supervises, on its first line, which is written before
/// anything is started; how it ended, on its last. The supervisor keeps the file open in between, so that
/// nothing that an executor puts in its place can stop it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    pid: u32,
    start: u64,
    boot: String,
    token: String,
    #[serde(skip)]
    pub(super) ended: Option<Ended>,
}

impl Mark {
    /// The calling process, as a supervisor of nothing yet.
    pub(super) fn of_this_process() -> Self {
        Self::of(std::process::id())
    }

    /// The process `pid`, as a supervisor of nothing yet.
    pub(super) fn of(pid: u32) -> Self {
        Self {
            pid,
            start: Process::of(pid).map_or(0, |process| process.start),
            boot: boot(),
            token: String::new(),
            ended: None,
        }
    }

    /// The same, as the supervisor of the attempt `token`.
    pub(super) fn for_attempt(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Kills the supervisor, if it lives, and what bears the attempt's marks; what could not be killed.
    pub(super) fn end_all(&self) -> Vec<u32> {
        end_supervisor(self);
        kill_marked(self)
    }

    /// Whether nothing can be left of it. No process outlives its machine, and the numbers of another start mean
    /// nothing now.
    fn is_over(&self) -> bool {
        let ended = self.ended.as_ref();
        self.boot != boot() || ended.is_some_and(|ended| ended.survivors.is_empty())
    }

    /// Says who supervises.
    pub(super) fn begin(&self, path: &Path) -> io::Result<File> {
        let mut file = File::options().append(true).create_new(true).open(path)?;
        file.write_all(&line(self)?)?;
        Ok(file)
    }

    /// Says how it ended.
    pub(super) fn end(mut file: File, ended: &Ended) -> io::Result<()> {
        file.write_all(&line(ended)?)
    }

    /// What the file says; `None` without it, or when whoever was to supervise died before it had said who it
    /// is, and had started nothing.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = match read_left(path, MARK_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read `{}`", path.display()));
            }
        };
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let mut whole = lines.filter(|line| line.ends_with(b"\n"));
        let Some(first) = whole.next() else {
            return Ok(None);
        };
        let mut mark: Self = serde_json::from_slice(first)
            .with_context(|| format!("`{}` is not a supervisor's", path.display()))?;
        mark.ended = whole
            .next_back()
            .and_then(|line| serde_json::from_slice(line).ok());
        Ok(Some(mark))
    }
}

fn line(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(line)
}

/// Kills whatever is left of the attempt whose supervisor left `mark`: the supervisor, if it lives, which
/// kills its own tree; then what bears the attempt's marks. Returns the processes that could not be killed.
pub fn sweep(mark: &Path) -> Result<Vec<u32>> {
    let Some(found) = Mark::read(mark)? else {
        return Ok(Vec::new());
    };
    if found.is_over() {
        return Ok(Vec::new());
    }
    let survivors = found.end_all();
    let tells = |mark: Mark| mark.ended.is_some();
    if survivors.is_empty() && !Mark::read(mark)?.is_some_and(tells) {
        forget(mark)?;
    }
    Ok(survivors)
}

/// What [`sweep`] would kill: the processes of the attempt that still live.
pub fn survivors(mark: &Path) -> Result<Vec<u32>> {
    let Some(found) = Mark::read(mark)?.filter(|mark| !mark.is_over()) else {
        return Ok(Vec::new());
    };
    let mut alive: Vec<u32> = marked(&found).iter().map(|process| process.pid).collect();
    let supervisor = Process::of(found.pid).filter(|now| now.start == found.start && !now.zombie);
    alive.extend(supervisor.map(|process| process.pid));
    alive.sort_unstable();
    alive.dedup();
    Ok(alive)
}

/// Empties a mark: the number in it may one day be a stranger's. That there was such an attempt stays known.
pub fn forget(mark: &Path) -> Result<()> {
    // Where an executor has put a pipe or a link, there is no number.
    if !fs::symlink_metadata(mark).is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let emptied = File::create(mark).map(drop);
    emptied.with_context(|| format!("could not empty `{}`", mark.display()))
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
    let until = Instant::now() + DEATH_MAX;
    loop {
        let left = marked(mark);
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

/// What bears the attempt's marks and lives.
fn marked(mark: &Mark) -> Vec<Process> {
    let variable = format!("{TOKEN}={}", mark.token);
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
    left
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
