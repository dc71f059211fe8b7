//! Which times of files a private index can be believed about.
//!
//! Git takes a file for unchanged when its size and times are what the index notes, to the second. Two things
//! hide in a second: a change right after the index was written, which git knows of, so that it looks into
//! every file as young as its index; and a change whose time was set back, which git takes for none. A new
//! worktree is full of young files, and looking into all of them at each command costs several times what
//! the rest does. So they are made older once; and as long as the second lasts, we look at the nanoseconds.

use std::ffi::OsStr;
use std::fs::{File, FileTimes, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use git2::{Index, IndexEntry, IndexTime, Oid};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, utimensat};

use super::{Repo, Worktree};

/// How long a file system may give the same time to all that is changed, at most.
const TICK: Duration = Duration::from_millis(50);

/// The time that a file is given which is changed now: the kernel's clock for files goes by ticks, and is up to one
/// behind [`SystemTime::now`].
pub fn file_clock() -> SystemTime {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
        UNIX_EPOCH + Duration::new(seconds, nanos)
    }
    #[cfg(not(target_os = "linux"))]
    SystemTime::now()
}

impl Worktree {
    /// Makes the files of a new worktree older than its private index, where they are as young.
    pub(in crate::git) fn age_files(&mut self, repo: &Repo) -> Result<()> {
        let Ok(mut index) = Index::open_ext(&self.private(), repo.raw().object_format()) else {
            // A shape that libgit2 cannot read: then git looks into the files.
            return Ok(());
        };
        let older = second(SystemTime::now()) - 2;
        let mut newest = (0, 0);
        let young: Vec<IndexEntry> = index
            .iter()
            .filter(|entry| i64::from(entry.mtime.seconds()) > older)
            .collect();
        for mut entry in young {
            let file = self.path().join(OsStr::from_bytes(&entry.path));
            if let Some(found) = aged(&file, older) {
                newest = newest.max((found.ctime(), found.ctime_nsec()));
                entry.mtime = noted(found.mtime(), found.mtime_nsec())?;
                entry.ctime = noted(found.ctime(), found.ctime_nsec())?;
                index.add(&entry)?;
            }
        }
        index
            .write()
            .context("the private index could not be written")?;
        self.outwait(newest)?;
        self.vouch_again()
    }

    /// Waits until whatever is changed gets another time than `newest`, in seconds and nanoseconds.
    fn outwait(&self, newest: (i64, i64)) -> Result<()> {
        let started = SystemTime::now();
        while started.elapsed().unwrap_or(TICK) < TICK {
            let found = self.private().metadata()?;
            if (found.ctime(), found.ctime_nsec()) > newest {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            set_time(&self.private(), SystemTime::now())?;
        }
        Ok(())
    }

    /// Has git look into files whose last change is not the one that the index notes, to the nanosecond. Done
    /// until the worktree was looked at in a later second than that in which this process came to know it: a
    /// change from then on has another second, which git sees.
    pub(in crate::git) fn distrust_recent(&mut self, repo: &Repo) -> Result<()> {
        let Some(opened) = self.recent else {
            return Ok(());
        };
        let now = second(SystemTime::now());
        let Ok(mut index) = Index::open_ext(&self.private(), repo.raw().object_format()) else {
            return Ok(());
        };
        let is_changed = |entry: &IndexEntry| {
            if entry.ctime == IndexTime::new(0, 0) {
                return false;
            }
            let file = self.path().join(OsStr::from_bytes(&entry.path));
            let found = file.symlink_metadata().ok();
            let changed = found.and_then(|found| noted(found.ctime(), found.ctime_nsec()).ok());
            changed.is_some_and(|changed| changed != entry.ctime)
        };
        let changed: Vec<IndexEntry> = index.iter().filter(|entry| is_changed(entry)).collect();
        if !changed.is_empty() {
            let written = self.private().metadata()?.modified()?;
            for entry in changed {
                index.add(&unknown(entry.path, entry.mode, entry.id))?;
            }
            distrust_young(&mut index, written)?;
            index
                .write()
                .context("the private index could not be written")?;
            self.vouch_again()?;
        }
        if now > opened {
            self.recent = None;
        }
        Ok(())
    }
}

/// Empties the stat data of entries that may have changed unnoticed: the file is as young as the index was.
/// Git itself does so by comparing with the index's time, which writing the index anew makes younger.
pub(super) fn distrust_young(index: &mut Index, written: SystemTime) -> Result<()> {
    let written = second(written);
    let young: Vec<IndexEntry> = index
        .iter()
        .filter(|entry| i64::from(entry.mtime.seconds()) >= written)
        .collect();
    for entry in young {
        index.add(&unknown(entry.path, entry.mode, entry.id))?;
    }
    Ok(())
}

/// Sets when `file` was changed, and says what it then is. `None` when it is no file (a directory in an index
/// is a submodule's), or the file system does not let us.
fn aged(file: &Path, second: i64) -> Option<Metadata> {
    if file.symlink_metadata().ok()?.is_dir() {
        return None;
    }
    let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: time(0, UTIME_OMIT),
        last_modification: time(second, 0),
    };
    utimensat(CWD, file, &times, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    file.symlink_metadata().ok()
}

/// A time as an index notes it.
fn noted(seconds: i64, nanos: i64) -> Result<IndexTime> {
    // Git, too, keeps the lower half.
    Ok(IndexTime::new(seconds as i32, u32::try_from(nanos)?))
}

/// The second since 1970 that `time` lies in.
pub(super) fn second(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// An entry whose file was never looked at.
pub(super) fn unknown(path: Vec<u8>, mode: u32, id: Oid) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path,
    }
}

/// Gives a file of ours the time that its content has.
pub(super) fn set_time(path: &Path, modified: SystemTime) -> std::io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_times(FileTimes::new().set_modified(modified))
}
