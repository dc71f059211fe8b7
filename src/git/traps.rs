//! Git directories in which somebody else worked, and may have left anything in place of files: whoever opens a pipe
//! waits for ever, git no less than we.
//!
//! What we read ourselves is read by [`plain`]; before git reads, whoever worked there has ended and what is no file is
//! removed. What it was put in place of is then missing, and missed by who needs it.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::index::overwrite;
use super::slots::remove_all;
use super::{Repo, Worktree};
use crate::process::supervise::read_left;

/// The longest file of a git directory that we read, in bytes.
const MAX: u64 = 64 << 20;

/// The bytes of a file, and of nothing else; no link is followed.
pub(in crate::git) fn plain(path: &Path) -> io::Result<Vec<u8>> {
    read_left(path, MAX)
}

/// The same as text.
pub(in crate::git) fn plain_text(path: &Path) -> io::Result<String> {
    String::from_utf8(plain(path)?).map_err(io::Error::other)
}

impl Worktree {
    /// Removes what would hold up whoever reads its git directories; nobody works in it any more.
    pub fn clear_traps(&self, repo: &Repo) -> Result<()> {
        clear(self.git_dir(), false)?;
        self.lock_again()?;
        let theirs = self.their_git_dir();
        if !self.is_handed_out() || !is_dir(&theirs) {
            return Ok(());
        }
        clear(&theirs, false)?;
        let objects = theirs.join("objects");
        // A link may lead to where nothing is cleared.
        if !is_dir(&objects) {
            remove_all(&objects)?;
        }
        clear(&objects, true)?;
        // Where else objects are looked for is said by us, and what is noted of them is not believed.
        let info = objects.join("info");
        remove_all(&info)?;
        let borrowed = [repo.objects().as_os_str().as_bytes(), b"\n"].concat();
        fs::create_dir_all(&info)
            .and_then(|()| fs::write(info.join("alternates"), borrowed))
            .with_context(|| format!("`{}` cannot be made again", info.display()))
    }

    /// Locks it as we had, where somebody unlocked it: without that it is nobody's of ours, and would be left behind.
    fn lock_again(&self) -> Result<()> {
        let lock = self.git_dir().join("locked");
        let is_there = plain_text(&lock).is_ok_and(|reason| reason == self.reason);
        if is_there || self.reason.is_empty() || !is_dir(self.git_dir()) {
            return Ok(());
        }
        overwrite(&lock, self.reason.as_bytes())
            .with_context(|| format!("`{}` cannot be written", lock.display()))
    }
}

/// Removes what is neither file nor directory below `dir`, and links to such or, where they mean nothing, all links;
/// lets us read the rest.
fn clear(dir: &Path, has_no_links: bool) -> Result<()> {
    let Ok(found) = dir.symlink_metadata() else {
        return Ok(());
    };
    let_in(dir, &found, 0o700);
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let Ok(found) = path.symlink_metadata() else {
            continue;
        };
        if found.is_dir() {
            clear(&path, has_no_links)?;
        } else if found.is_file() {
            let_in(&path, &found, 0o400);
        } else {
            let leads_to = path.metadata().ok().filter(|_| found.is_symlink());
            let is_trap = leads_to.is_some_and(|it| !it.is_file() && !it.is_dir());
            if !found.is_symlink() || has_no_links || is_trap {
                fs::remove_file(&path)
                    .with_context(|| format!("`{}` cannot be removed", path.display()))?;
            }
        }
    }
    Ok(())
}

/// Gives its owner the rights `mode` that somebody took away; what still cannot be read is missed by who needs it.
fn let_in(path: &Path, found: &Metadata, mode: u32) {
    let before = found.permissions().mode();
    if before & mode != mode {
        fs::set_permissions(path, Permissions::from_mode(before | mode)).unwrap_or_default();
    }
}

fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}
