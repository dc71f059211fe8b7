//! The right to drive a run, held by one process at a time.
//!
//! A lock on a file, given by the kernel and taken back by it when the process dies, however it dies. What
//! the file says is for messages only; a lease file that nobody locks means nothing.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::layout;

/// How long a lock is tried again: whoever only looks holds it for a moment, and so does a child that was
/// forked while it was held and has not yet become another program.
const PATIENCE: Duration = Duration::from_millis(100);
/// The same for those who only look.
const GLANCE: Duration = Duration::from_millis(20);

/// The right to drive a run; dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    run: String,
    _file: File,
}

/// Who drives a run, as far as the lease file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    /// The process.
    pub pid: u32,
    /// Since when, as RFC 3339.
    pub since: String,
    /// On which machine.
    pub host: String,
    /// What it was started as.
    pub command: String,
}

impl Lease {
    /// Takes the right to drive `run`, or says who has it.
    pub fn take(common_dir: &Path, run: &str) -> Result<Result<Self, Held>> {
        let path = layout::lease_file(common_dir, run);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("`{}` cannot be made", dir.display()))?;
        }
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("`{}` cannot be opened", path.display()))?;
        match within(PATIENCE, || file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(Held::read(&mut file))),
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("`{}` cannot be locked", path.display()));
            }
        }
        Held::ours()
            .write(&mut file)
            .with_context(|| format!("`{}` cannot be written", path.display()))?;
        Ok(Ok(Self {
            run: run.to_owned(),
            _file: file,
        }))
    }

    /// The run that it is for.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Who drives `run` at the moment; `None` when nobody does.
    pub fn holder(common_dir: &Path, run: &str) -> Option<Held> {
        let mut file = File::open(layout::lease_file(common_dir, run)).ok()?;
        match within(GLANCE, || file.try_lock_shared()) {
            Err(TryLockError::WouldBlock) => Some(Held::read(&mut file)),
            _ => None,
        }
    }

    /// Whether any process drives `run` at the moment.
    pub fn is_held(common_dir: &Path, run: &str) -> bool {
        Self::holder(common_dir, run).is_some()
    }
}

/// Tries until it works, fails, or has taken too long.
fn within(
    patience: Duration,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}

impl Held {
    fn ours() -> Self {
        let command: Vec<String> = std::env::args_os()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        Self {
            pid: rustix::process::getpid().as_raw_pid().cast_unsigned(),
            since: super::clock::to_text(super::Clock::System.now()),
            host: std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .unwrap_or_default(),
            command: command.join(" "),
        }
    }

    fn write(&self, file: &mut File) -> Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(toml::to_string(self)?.as_bytes())?;
        Ok(())
    }

    /// Whoever writes may be in the middle of it: then nothing is known of the holder but that there is one.
    fn read(file: &mut File) -> Self {
        let mut text = String::new();
        if file.read_to_string(&mut text).is_err() {
            return Self::default();
        }
        toml::from_str(&text).unwrap_or_default()
    }
}
