//! What in the user's checkout stands in the way of a landing, and what of it may be set aside: files that hold what is
//! about to land, and those that we wrote ourselves. Anything else is a person's, and then nothing lands.
//!
//! Git is asked only about what it tracks. Of all else, ignored or not, the disk says whether it is there: git would
//! overwrite what it ignores, and never hears of what was marked as unchanged.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::aside::File;
use super::disk::{Found, is_all};
use super::index::Index;
use crate::git::{Change, Oid, Repo, mode};

/// Whether the file of this path, which holds these bytes, is nothing but what we made of the one that is committed.
pub type IsOurs<'o> = dyn Fn(&str, Option<&[u8]>) -> Result<bool> + 'o;

/// The files that stand in the way.
#[derive(Debug, Default)]
pub(super) struct InTheWay {
    /// Those that lose nothing.
    pub(super) ours: Vec<File>,
    /// Those with a person's work in them.
    pub(super) theirs: Vec<String>,
}

enum Verdict {
    Free,
    Ours(File),
    Theirs,
    /// A file above the path, where a directory is to be.
    TheirsAt(String),
}

impl InTheWay {
    /// What of the checkout, which is on `from`, lies where `to` differs, and is not what `from` has there.
    pub(super) fn of(repo: &Repo, from: Oid, to: Oid, is_ours: &IsOurs<'_>) -> Result<Self> {
        let mut found = Self::default();
        let Some(top) = repo.checkout() else {
            return Ok(found);
        };
        let changed = match from == to {
            true => Vec::new(),
            false => repo.changed(from, to)?,
        };
        if changed.is_empty() {
            return Ok(found);
        }
        let look = Look {
            repo,
            from,
            to,
            top,
            index: Index::read(repo)?,
            is_ours,
        };
        for change in changed {
            match look.at(&change)? {
                Verdict::Free => {}
                Verdict::Ours(file) => found.ours.push(file),
                Verdict::Theirs => found.theirs.push(change.path),
                Verdict::TheirsAt(path) => found.theirs.push(path),
            }
        }
        found.theirs.dedup();
        Ok(found)
    }
}

/// One look at the checkout.
struct Look<'l> {
    repo: &'l Repo,
    from: Oid,
    to: Oid,
    top: &'l Path,
    index: Index,
    is_ours: &'l IsOurs<'l>,
}

impl Look<'_> {
    fn at(&self, change: &Change) -> Result<Verdict> {
        let found = || Found::at(self.top, &change.raw);
        if !self.index.is_at(&change.raw, change.old) {
            // Staged as it lands, and nothing else in the file: git leaves it alone.
            let is_there = self.index.is_at(&change.raw, change.new)
                && match change.new {
                    Some(_) => self.index.is_seen_clean(&change.raw),
                    None => !found().is_something(),
                };
            return Ok(free_if(is_there));
        }
        let is_link = |side: Option<(i32, Oid)>| side.is_some_and(|(is, _)| is == mode::COMMIT);
        match (change.old, change.new) {
            // Git leaves the worktree of a submodule alone.
            (Some(_), None | Some((mode::COMMIT, _))) if is_link(change.old) => Ok(Verdict::Free),
            (None, Some((mode::COMMIT, _))) if found() == Found::Directory => Ok(Verdict::Free),
            (Some(_), _) if is_link(change.old) => Ok(free_if(match found() {
                Found::Directory => is_all(&self.place(change), &|_| false),
                found => !found.is_something(),
            })),
            (Some(_), _) if self.index.is_seen_clean(&change.raw) => Ok(Verdict::Free),
            (Some(_), _) => self.tracked(change, found()),
            (None, _) => self.untracked(change, found()),
        }
    }

    /// A path at which git sees something else than is committed, or does not look.
    fn tracked(&self, change: &Change, found: Found) -> Result<Verdict> {
        let is_blind = self.index.is_blind(&change.raw);
        if !found.is_something() {
            // What is gone already may go; where git was told not to care, it may be missing.
            let is_nothing_lost =
                change.new.is_none() || is_blind || (self.is_ours)(&change.path, None)?;
            return Ok(free_if(is_nothing_lost));
        }
        let Found::File(bytes, permissions) = found else {
            return Ok(Verdict::Theirs);
        };
        let is_executable = |mode: u32| mode & 0o100 != 0;
        let committed = change.old.is_some_and(|(mode, _)| mode & 0o100 != 0);
        if is_executable(permissions) != committed {
            return Ok(Verdict::Theirs);
        }
        if is_blind && self.is_at(self.from, change, &bytes)? {
            return Ok(Verdict::Free);
        }
        self.replaceable(change, bytes, permissions)
    }

    /// A path that git does not track: whatever is there was put there by somebody.
    fn untracked(&self, change: &Change, found: Found) -> Result<Verdict> {
        match found {
            Found::Nothing => Ok(Verdict::Free),
            // A file that is committed is looked at by itself: it is to go.
            Found::Below(above) if self.is_committed(&above) => Ok(Verdict::Free),
            Found::Below(above) => Ok(Verdict::TheirsAt(
                String::from_utf8_lossy(&above).into_owned(),
            )),
            Found::Directory => {
                let is_committed = |place: &Path| {
                    let below = place.strip_prefix(self.top).ok();
                    below.is_some_and(|path| self.is_committed(path.as_os_str().as_bytes()))
                };
                Ok(free_if(is_all(&self.place(change), &is_committed)))
            }
            Found::File(bytes, permissions) => self.replaceable(change, bytes, permissions),
            Found::Else => Ok(Verdict::Theirs),
        }
    }

    /// Ours if the file holds what lands, or what we wrote.
    fn replaceable(&self, change: &Change, bytes: Vec<u8>, mode: u32) -> Result<Verdict> {
        let is_text = change.raw == change.path.as_bytes();
        let is_replaceable = is_text
            && (self.is_at(self.to, change, &bytes)?
                || (self.is_ours)(&change.path, Some(&bytes))?);
        Ok(match is_replaceable {
            true => Verdict::Ours(File {
                path: change.path.clone(),
                bytes,
                mode,
            }),
            false => Verdict::Theirs,
        })
    }

    /// Whether a commit has these bytes there, as they are or as git checks them out.
    fn is_at(&self, commit: Oid, change: &Change, bytes: &[u8]) -> Result<bool> {
        let stored = self.repo.blob_at(commit, &change.path)?;
        if stored.is_none() || stored.as_deref() == Some(bytes) {
            return Ok(stored.is_some());
        }
        let out = self.repo.written_out(commit, &change.path)?;
        Ok(out.as_deref() == Some(bytes))
    }

    /// Whether there is a file at a path of the commit that is checked out.
    fn is_committed(&self, path: &[u8]) -> bool {
        let path = std::str::from_utf8(path).ok();
        let entry = path.and_then(|path| self.repo.entry_at(self.from, path).ok()?);
        entry.is_some_and(|(is, _)| is != mode::TREE)
    }

    fn place(&self, change: &Change) -> PathBuf {
        self.top.join(OsStr::from_bytes(&change.raw))
    }
}

fn free_if(is_free: bool) -> Verdict {
    match is_free {
        true => Verdict::Free,
        false => Verdict::Theirs,
    }
}
