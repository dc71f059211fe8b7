//! One supervisor process for each attempt, so that no process outlives its attempt.
//!
//! A process group does not hold an executor: agents start their tools in sessions of their own, daemons
//! fork twice, and a driver that is killed can clean up nothing. So the driver starts our own binary as
//! `git-enact supervise`, and that process ([`main`]) is a session leader and a child subreaper:
//! whatever the executor starts stays below it, however it detaches, and is killed with it.
//!
//! One file tells of an attempt's process, its *mark*: which process supervises, for [`sweep()`], then how it
//! ended, so that [`outcome_of`] may adopt it after its driver died.
//!
//! The supervisor's standard input brings the *order* (what to run; never on disk, for its environment may
//! hold secrets) and is a lifeline from then on: a byte asks it to stop, end of file means that the driver is
//! gone. Unlike a parent-death signal it works everywhere and does not depend on which thread started
//! the supervisor; that signal is armed as well, where there is one.
//!
//! On macOS there is neither a subreaper nor `/proc`: the executor's process group is killed, and what left
//! the group is not found. This module knows nothing of tasks, claims or git.

mod capture;
mod descendants;
mod supervisor;
mod sweep;
mod wake;
pub(super) mod wire;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::sandbox::Sandbox;
use super::storage::NoRoom;
use crate::run::evidence::Outcome;

pub use supervisor::main;
use sweep::Mark;
pub use sweep::{forget, survivors, sweep};

/// The environment variable by which a process tells whose attempt it belongs to.
pub const TOKEN: &str = "ENACT_ATTEMPT_TOKEN";

/// How the name of a mark ends.
pub const MARK: &str = "supervisor";

/// How many bytes of an attempt's output are kept from its beginning.
pub const HEAD: u64 = 1 << 20;

/// How many bytes of an attempt's output are kept from its end.
pub const TAIL: u64 = 8 << 20;

/// What a supervisor is to run, and within which limits. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Program and arguments.
    #[serde(with = "wire::many")]
    pub argv: Vec<OsString>,
    /// Where it runs.
    #[serde(with = "wire::one")]
    pub dir: PathBuf,
    /// Its whole environment; the supervisor adds [`TOKEN`].
    #[serde(with = "wire::pairs")]
    pub env: Vec<(OsString, OsString)>,
    /// What it reads; nothing when absent.
    #[serde(with = "wire::maybe")]
    pub stdin: Option<PathBuf>,
    /// The wall-clock limit.
    pub timeout_ms: Option<u64>,
    /// The longest silence.
    pub stall_timeout_ms: Option<u64>,
    /// Between INT and TERM, and between TERM and KILL.
    pub grace_ms: u64,
    /// Where its output goes, both streams in the order in which they were written.
    #[serde(with = "wire::one")]
    pub output: PathBuf,
    /// Bytes kept from the beginning of the output.
    pub head: u64,
    /// Bytes kept from its end.
    pub tail: u64,
    /// Unique to this attempt; see [`token`].
    pub token: String,
    /// What it may do; anything when absent.
    #[serde(default)]
    pub sandbox: Option<Sandbox>,
}

/// How a supervised process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// As the kernel told it, or why it was ended.
    pub outcome: Outcome,
    /// From its start to its end.
    pub millis: u64,
    /// What it printed.
    pub output: Captured,
    /// Whether it left processes behind, which were killed.
    pub leaky: bool,
    /// Processes that could not be killed.
    pub survivors: Vec<u32>,
    /// Why it could not be started or supervised.
    pub trouble: Option<String>,
    /// Whether the disk had no room left when it ended.
    #[serde(default)]
    pub starved: bool,
}

/// Captured output: the beginning and the end, with what was between them dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The raw bytes that were kept.
    #[serde(with = "wire::one")]
    pub path: PathBuf,
    /// How many of them come from the beginning; what was dropped stood here.
    pub head: u64,
    /// How many bytes were dropped.
    pub dropped: u64,
}

impl Captured {
    /// The bytes that were kept, at most `HEAD + TAIL`. Without a file nothing was printed.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        match read_left(&self.path, HEAD + TAIL) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }
}

/// Reads at most `max` bytes of a file where an executor may have put anything: a pipe would block for
/// ever and a device would never end, so that nothing but a regular file is read.
pub fn read_left(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A running supervisor. Dropped with all of its cancellers, it stops the attempt.
#[derive(Debug)]
pub struct Supervised {
    child: Child,
    lifeline: Arc<ChildStdin>,
    /// Who it is, from our own knowledge: the file that says so too can be written by executors.
    who: Mark,
    mark: PathBuf,
    output: PathBuf,
    started: Instant,
}

/// Ends an attempt from any thread. It holds the supervisor's lifeline: a forgotten one costs nothing but
/// that dropping [`Supervised`] alone no longer stops the attempt.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<ChildStdin>);

impl Canceller {
    /// Asks politely: INT, grace, TERM, grace, KILL. An attempt that has ended does not mind.
    pub fn stop(&self) {
        self.say(supervisor::STOP);
    }

    /// Kills everything at once.
    pub fn kill(&self) {
        self.say(supervisor::KILL);
    }

    fn say(&self, word: u8) {
        // A closed pipe means that the supervisor has ended, which is what was asked for.
        (&*self.0).write_all(&[word]).unwrap_or_default();
    }
}

/// Starts supervisors, and has the next one wait for its order while the last one's executor runs: a process
/// takes longer to come up than all else that lies between two attempts. Clones share the one that waits.
#[derive(Debug, Clone)]
pub struct Supervisors {
    program: PathBuf,
    waiting: Arc<Waiting>,
}

/// A supervisor without an order; nothing has happened if it never gets one.
#[derive(Debug, Default)]
struct Waiting(Mutex<Option<Child>>);

impl Supervisors {
    /// Those that `program`, our own executable, becomes.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            waiting: Arc::default(),
        }
    }

    /// Starts what `order` says, supervised; `mark` tells what becomes of it.
    pub fn start(&self, order: &Order, mark: &Path) -> Result<Supervised> {
        // What an earlier attempt left under this name would be taken for this one's.
        absent(fs::remove_file(mark))
            .with_context(|| format!("could not remove `{}`", mark.display()))?;
        let mut child = match self.waiting.take() {
            Some(child) => child,
            None => self.spawn()?,
        };
        let mut lifeline = child
            .stdin
            .take()
            .ok_or_else(|| anyhow!("a supervisor without a standard input"))?;
        match wake::send_order(&mut lifeline, mark, order) {
            // It is gone already; waiting for it will tell.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            sent => sent.context("could not tell the supervisor what to run")?,
        }
        let started = Instant::now();
        // Only a saving: without it, the next attempt starts its own.
        self.waiting.put(self.spawn().ok());
        Ok(Supervised {
            who: Mark::of(child.id()).for_attempt(&order.token),
            child,
            lifeline: Arc::new(lifeline),
            mark: mark.into(),
            output: order.output.clone(),
            started,
        })
    }

    fn spawn(&self) -> Result<Child> {
        Command::new(&self.program)
            .arg("supervise")
            .process_group(0)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start `{}`", self.program.display()))
    }
}

impl Waiting {
    fn take(&self) -> Option<Child> {
        let mut child = self.0.lock().ok()?.take()?;
        // Somebody may have ended it meanwhile.
        matches!(child.try_wait(), Ok(None)).then_some(child)
    }

    fn put(&self, child: Option<Child>) {
        if let Ok(mut waiting) = self.0.lock()
            && let Some(superfluous) = std::mem::replace(&mut *waiting, child)
        {
            dismiss(superfluous);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(child) = self.take() {
            dismiss(child);
        }
    }
}

/// A supervisor that is told nothing ends by itself; waiting for it leaves no process behind.
fn dismiss(mut child: Child) {
    drop(child.stdin.take());
    // It may have been stopped, and has nothing to lose.
    child.kill().unwrap_or_default();
    child.wait().map(drop).unwrap_or_default();
}

impl Supervised {
    /// What ends this attempt from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.lifeline))
    }

    /// The supervisor's process id, for messages.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until nothing of the attempt is left. A supervisor that vanished without a word is
    /// [`Outcome::Lost`]; its survivors are killed here.
    pub fn wait(mut self) -> Ended {
        self.keep_going();
        let told = match self.child.wait() {
            // Only a supervisor that ended well is believed: an executor can write files, too.
            Ok(status) if status.success() => outcome_of(&self.mark),
            Ok(_) | Err(_) => None,
        };
        if let Some(ended) = told {
            return ended;
        }
        let survivors = self.who.end_all();
        let trouble = match sweep::forget(&self.mark) {
            Err(error) if survivors.is_empty() => Some(format!("{error:#}")),
            _ => None,
        };
        let starved = NoRoom::at([self.mark.as_path()]).is_some();
        Ended {
            starved,
            outcome: Outcome::Lost,
            millis: millis(self.started.elapsed()),
            output: Captured {
                head: fs::metadata(&self.output).map_or(0, |file| file.len()),
                path: self.output,
                dropped: 0,
            },
            leaky: false,
            survivors,
            trouble,
        }
    }

    /// Waits for the supervisor's end, and has it go on whenever somebody stops it: as long as it stands still,
    /// no limit holds and nothing can be ended.
    fn keep_going(&self) {
        use rustix::process::{Signal, WaitId, WaitIdOptions, kill_process, waitid};
        let Some(pid) = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        else {
            return;
        };
        let news = WaitIdOptions::EXITED | WaitIdOptions::STOPPED;
        loop {
            // Only looked at: the end itself is for `Child` to take.
            match waitid(WaitId::Pid(pid), news | WaitIdOptions::NOWAIT) {
                Ok(Some(status)) if status.stopped() => {
                    let taken = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
                    waitid(WaitId::Pid(pid), taken)
                        .map(drop)
                        .unwrap_or_default();
                    kill_process(pid, Signal::CONT).unwrap_or_default();
                }
                Err(rustix::io::Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

/// How an attempt ended whose driver did not live to see it; `None` when it left no outcome.
pub fn outcome_of(mark: &Path) -> Option<Ended> {
    Mark::read(mark).ok()??.ended
}

/// A new token, unlike any other. It identifies and protects nothing, so that it need not be secret.
pub fn token() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let part = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", part(), part())
}

/// That something is absent already is as good as having removed it.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
