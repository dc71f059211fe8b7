//! What the machine can no longer give: room on a disk, a disk that takes what is written, another open file.
//!
//! That is nobody's failure. Whoever meets it pauses, and goes on once a person has seen to it. It is known by the
//! system's own words, because libraries and other programs pass on nothing else.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Error;

/// What must be free for anything to be begun, in bytes: enough for the records of what is under way, and too
/// little for any executor to work with.
const FLOOR: u64 = 8 << 20;

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The disk is full.
    Room,
    /// The user may not have more of it.
    Quota,
    /// It cannot be written.
    Writing,
    /// It can be neither read nor written where it was tried.
    Disk,
    /// No more files may be open.
    Files,
}

/// The system's words for each, in the language of programs.
const WORDS: [(&str, Shortage); 6] = [
    ("No space left on device", Shortage::Room),
    ("Disk quota exceeded", Shortage::Quota),
    ("Disc quota exceeded", Shortage::Quota),
    ("Read-only file system", Shortage::Writing),
    ("Input/output error", Shortage::Disk),
    ("Too many open files", Shortage::Files),
];

impl Shortage {
    /// What was missing when `error` happened; nothing when it has another cause.
    pub fn behind(error: &Error) -> Option<Self> {
        error.chain().find_map(|cause| {
            if cause.is::<NoRoom>() {
                return Some(Shortage::Room);
            }
            let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            match kind {
                Some(io::ErrorKind::StorageFull) => Some(Shortage::Room),
                Some(io::ErrorKind::QuotaExceeded) => Some(Shortage::Quota),
                Some(io::ErrorKind::ReadOnlyFilesystem) => Some(Shortage::Writing),
                _ => Self::told_by(&cause.to_string()),
            }
        })
    }

    /// What is missing by the words of a library or a program.
    pub fn told_by(text: &str) -> Option<Self> {
        let mut words = WORDS.iter();
        let found = words.find(|(words, _)| text.contains(words));
        found.map(|(_, shortage)| *shortage)
    }

    /// What a person can do about it, as an imperative.
    pub fn remedy(self) -> &'static str {
        match self {
            Shortage::Room => "make room",
            Shortage::Quota => "make room, or have the quota raised",
            Shortage::Writing => "have it mounted for writing",
            Shortage::Disk => "see to the disk",
            Shortage::Files => "raise the limit (`ulimit -n`) or lower `--jobs`",
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shortage::Room => "the disk is full",
            Shortage::Quota => "the disk quota is used up",
            Shortage::Writing => "the disk cannot be written",
            Shortage::Disk => "the disk does not work",
            Shortage::Files => "too many files are open",
        })
    }
}

/// Too little is free to begin anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    place: PathBuf,
    free: u64,
}

impl NoRoom {
    /// Where one of `places`, which need not exist, has too little room.
    pub fn at<'a>(places: impl IntoIterator<Item = &'a Path>) -> Option<Self> {
        places.into_iter().find_map(|place| {
            let free = free(place).filter(|free| *free < FLOOR)?;
            let place = place.to_path_buf();
            Some(Self { place, free })
        })
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} KiB are free where `{}` lies, and no less than {} KiB will do",
            self.free >> 10,
            self.place.display(),
            FLOOR >> 10
        )
    }
}

impl std::error::Error for NoRoom {}

/// How many bytes are free where `place` lies, or will; `None` where that cannot be told. Without a file to be
/// made, no byte is of use.
fn free(place: &Path) -> Option<u64> {
    let found = place.ancestors().find(|above| above.exists())?;
    let disk = rustix::fs::statvfs(found).ok()?;
    if disk.f_blocks == 0 {
        return None;
    }
    let has_files = disk.f_files == 0 || disk.f_favail > 0;
    has_files
        .then_some(disk.f_bavail.saturating_mul(disk.f_frsize))
        .or(Some(0))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_shortage_is_known_by_its_kind_and_by_its_words() {
        let full = io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        let told = Error::from(full).context("`x` cannot be written");
        assert_eq!(Shortage::behind(&told), Some(Shortage::Room));
        let words = "failed to create file '/r/.git/objects/tmp': Disk quota exceeded";
        let told = anyhow!(words).context("an object could not be written");
        assert_eq!(Shortage::behind(&told), Some(Shortage::Quota));
        assert_eq!(Shortage::behind(&anyhow!("`x` is locked")), None);
    }

    #[test]
    fn a_place_that_is_yet_to_be_made_has_the_room_of_where_it_will_lie() {
        let place = std::env::temp_dir().join("not/there/yet");
        assert_eq!(
            free(&place).is_some(),
            free(&std::env::temp_dir()).is_some()
        );
    }
}
