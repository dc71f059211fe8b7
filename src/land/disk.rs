//! What lies in the checkout at a path, as the disk says it. Knows nothing of git.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What was found at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// Nothing, because what is at this path above is no directory.
    Below(Vec<u8>),
    /// Bytes and mode.
    File(Vec<u8>, u32),
    Directory,
    /// A link, a pipe, or what cannot be read.
    Else,
}

impl Found {
    /// At a path below `top`; links on the way are not followed.
    pub(super) fn at(top: &Path, path: &[u8]) -> Self {
        let slashes = (0..path.len()).filter(|at| path[*at] == b'/');
        for above in slashes.map(|at| &path[..at]) {
            match fs::symlink_metadata(top.join(OsStr::from_bytes(above))) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Self::Below(above.to_vec()),
                Err(error) if error.kind() == ErrorKind::NotFound => return Self::Nothing,
                Err(_) => return Self::Else,
            }
        }
        Self::here(&top.join(OsStr::from_bytes(path)))
    }

    /// At exactly this place.
    pub(super) fn here(place: &Path) -> Self {
        match fs::symlink_metadata(place) {
            Err(error) if error.kind() == ErrorKind::NotFound => Self::Nothing,
            Ok(meta) if meta.is_dir() => Self::Directory,
            Ok(meta) if meta.is_file() => match fs::read(place) {
                Ok(bytes) => Self::File(bytes, meta.permissions().mode()),
                Err(_) => Self::Else,
            },
            Ok(_) | Err(_) => Self::Else,
        }
    }

    pub(super) fn is_something(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Below(_))
    }
}

/// Whether everything below a directory that is not itself one `is_meant`.
pub(super) fn is_all(directory: &Path, is_meant: &dyn Fn(&Path) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(directory) else {
        return false;
    };
    for entry in entries {
        let Ok((path, kind)) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))
        else {
            return false;
        };
        let is_fine = match kind.is_dir() {
            true => is_all(&path, is_meant),
            false => is_meant(&path),
        };
        if !is_fine {
            return false;
        }
    }
    true
}
