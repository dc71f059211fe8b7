//! Which files of the user's checkout were written lately: told by the time of their last change, which nobody can
//! set, and by what they hold.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::SystemTime;

use git2::{Index, ObjectType, Oid};

use super::index::Stamp;
use super::{Repo, mode};

/// A checkout with more files is not looked at.
const FILES_MAX: usize = 50_000;

/// How many files are told.
const TOUCHED_MAX: usize = 200;

impl Repo {
    /// The tracked files of the main checkout that were written at `since` or later and hold something else than its
    /// index says. An index of another shape than usual tells nothing.
    pub fn touched_since(&self, since: SystemTime) -> Vec<String> {
        let format = self.raw().object_format();
        let index = Index::open_ext(&self.common_dir().join("index"), format);
        let (Some(top), Ok(index)) = (self.workdir(), index) else {
            return Vec::new();
        };
        if index.len() > FILES_MAX {
            return Vec::new();
        }
        let touched = index.iter().filter_map(|entry| {
            let name = std::ffi::OsStr::from_bytes(&entry.path);
            let path = top.join(name);
            let found = path.symlink_metadata().ok()?;
            let is_late = Stamp::of(&found).time() >= since;
            let is_other = is_late
                && entry.mode != mode::COMMIT as u32
                && self
                    .hash_of(&path, &found)
                    .is_some_and(|oid| oid != entry.id);
            is_other.then(|| name.to_string_lossy().into_owned())
        });
        touched.take(TOUCHED_MAX).collect()
    }

    /// Whether `path` of the main checkout was written at `since` or later and is not what its HEAD says.
    pub fn was_written_since(&self, path: &str, since: SystemTime) -> bool {
        let Some(file) = self.workdir().map(|top| top.join(path)) else {
            return false;
        };
        let Ok(found) = file.symlink_metadata() else {
            return false;
        };
        if !found.is_file() || Stamp::of(&found).time() < since {
            return false;
        }
        let committed = self.head().ok().and_then(|head| head.commit);
        let committed = committed.and_then(|commit| self.entry_at(commit, path).ok().flatten());
        committed.map(|(_, oid)| oid) != self.hash_of(&file, &found)
    }

    /// Whether `path` of the main checkout holds, uncommitted, exactly what `commit` has there.
    pub fn holds_what(&self, path: &str, commit: Oid) -> bool {
        let Some(file) = self.workdir().map(|top| top.join(path)) else {
            return false;
        };
        let theirs = self.entry_at(commit, path).ok().flatten();
        let Some((_, theirs)) = theirs else {
            return false;
        };
        let found = file.symlink_metadata();
        found.is_ok_and(|found| self.hash_of(&file, &found) == Some(theirs))
    }

    /// Whether `base` has at `path` what `commit` has there: then whoever has it has nothing of `commit`.
    pub fn is_in(&self, base: &str, path: &str, commit: Oid) -> bool {
        let at = |commit: Oid| self.entry_at(commit, path).ok().flatten();
        self.oid(base).is_ok_and(|base| at(base) == at(commit))
    }

    fn hash_of(&self, path: &Path, found: &Metadata) -> Option<Oid> {
        let bytes = match found.is_symlink() {
            true => std::fs::read_link(path)
                .ok()?
                .as_os_str()
                .as_bytes()
                .to_vec(),
            false if found.is_file() => std::fs::read(path).ok()?,
            false => return None,
        };
        Oid::hash_object_ext(ObjectType::Blob, &bytes, self.raw().object_format()).ok()
    }
}
