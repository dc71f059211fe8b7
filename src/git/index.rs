//! A worktree's private index: what we believe about its files, whatever its own index says.
//!
//! An executor can make `git status` blind through the worktree's own index (assume-unchanged and
//! skip-worktree bits, forged stat data). So cleanliness is judged with an index that only we write: one that
//! somebody else has written, or that an earlier process has left, is made anew. It is kept, with its stat
//! data, so that judging costs a `stat` a file and not a hash: it is brought to another tree by changing the
//! entries that differ. Which of its times can be believed is the business of `times`.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use git2::{Index, Oid};

use super::patch::patched;
use super::remnants::PRIVATE;
use super::times::{distrust_young, set_time, unknown};
use super::{Repo, Worktree};

impl Worktree {
    /// The private index.
    pub(in crate::git) fn private(&self) -> PathBuf {
        self.git_dir().join(PRIVATE)
    }

    /// Takes the worktree's own index as the private one. Only right after git itself has written it.
    pub(in crate::git) fn adopt_index(&mut self, repo: &Repo, commit: Oid) -> Result<()> {
        self.adopt_index_file(&self.git_dir().join("index"), repo.tree_of(commit)?)
    }

    /// Takes `file`, which matches `tree`, as the private index.
    pub(in crate::git) fn adopt_index_file(&mut self, file: &Path, tree: Oid) -> Result<()> {
        self.index = None;
        copy_with_time(file, &self.private())?;
        self.vouch(tree)
    }

    /// Gives the worktree the private index as its own, which ends every trick played with that.
    pub(in crate::git) fn install_index(&mut self) -> Result<()> {
        let own = self.git_dir().join("index");
        if self.vouched().is_some() {
            copy_with_time(&self.private(), &own)
        } else {
            self.forget_index()?;
            remove_if_there(&own)
        }
    }

    /// The tree that the private index matches, when nobody but us has written it: we remember the file.
    fn vouched(&self) -> Option<Oid> {
        let (tree, stamp) = self.index.as_ref()?;
        let found = self.private().symlink_metadata().ok()?;
        (Stamp::of(&found) == *stamp).then_some(*tree)
    }

    /// Remembers the private index, which was just written and matches `tree`.
    fn vouch(&mut self, tree: Oid) -> Result<()> {
        let found = self.private().symlink_metadata();
        let found = found.context("the private index cannot be looked at")?;
        self.index = Some((tree, Stamp::of(&found)));
        Ok(())
    }

    /// Remembers the private index as it is now, after git or we noted in it what the files are like.
    pub(in crate::git) fn vouch_again(&mut self) -> Result<()> {
        match self.index.take() {
            Some((tree, _)) => self.vouch(tree),
            None => Ok(()),
        }
    }

    /// Makes the private index match the tree of `commit`.
    pub(in crate::git) fn bring_index(&mut self, repo: &Repo, commit: Oid) -> Result<()> {
        let tree = repo.tree_of(commit)?;
        let before = self.vouched();
        if before == Some(tree) {
            return Ok(());
        }
        self.index = None;
        if before.is_none() {
            self.forget_index()?;
        }
        // Only we write it, one at a time: a lock on it was left by a dead process.
        remove_if_there(&self.git_dir().join("enact-index.lock"))?;
        let written = std::fs::metadata(self.private())
            .and_then(|found| found.modified())
            .ok();
        let known = before.filter(|_| written.is_some());
        if let Some((before, written)) = known.zip(written)
            && self.patch(repo, before, tree, written)?
        {
            return self.vouch(tree);
        }
        self.unseen = usize::MAX;
        let mut index = self.open_index(repo)?;
        if known.is_none_or(|before| apply(&mut index, repo, before, tree).is_err()) {
            // Slower, and keeps the stat data of the entries that the tree has as well.
            index.read_tree(&repo.tree_at(tree)?)?;
        }
        if let Some(written) = written {
            distrust_young(&mut index, written)?;
        }
        index
            .write()
            .context("the private index could not be written")?;
        self.vouch(tree)
    }

    /// Changes the bytes of the private index, when its shape allows it. It keeps its time, so that git goes
    /// on looking into the files that it could not be sure of.
    fn patch(&mut self, repo: &Repo, before: Oid, after: Oid, written: SystemTime) -> Result<bool> {
        let path = self.private();
        let Ok(bytes) = std::fs::read(&path) else {
            return Ok(false);
        };
        let changes = repo.changed(before, after)?;
        let Some(bytes) = patched(&bytes, &changes, after.as_bytes().len()) else {
            return Ok(false);
        };
        overwrite(&path, &bytes)
            .and_then(|()| set_time(&path, written))
            .context("the private index could not be written")?;
        self.unseen = self.unseen.saturating_add(changes.len());
        Ok(true)
    }

    /// Removes the private index: the next to ask for it has it made of a tree.
    pub(in crate::git) fn forget_index(&mut self) -> Result<()> {
        self.index = None;
        remove_if_there(&self.private())
    }

    fn open_index(&self, repo: &Repo) -> Result<Index> {
        let path = self.private();
        let format = repo.raw().object_format();
        match Index::open_ext(&path, format) {
            Ok(index) => Ok(index),
            // A shape that libgit2 cannot read, or a damaged file: it is rebuilt from the tree.
            Err(_) => {
                remove_if_there(&path)?;
                Index::open_ext(&path, format).context("the private index cannot be opened")
            }
        }
    }
}

/// What tells whether a file was written: nobody can set the time of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(in crate::git) fn of(found: &Metadata) -> Self {
        Self {
            inode: found.ino(),
            size: found.size(),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// When it was last changed.
    pub(in crate::git) fn time(&self) -> SystemTime {
        let seconds = u64::try_from(self.changed.0).unwrap_or_default();
        let nanos = u32::try_from(self.changed.1).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
    }
}

/// Changes the entries that differ between two trees; their stat data is empty, so that git hashes them.
fn apply(index: &mut Index, repo: &Repo, before: Oid, after: Oid) -> Result<()> {
    let changes = repo.changed(before, after)?;
    // Deletions first: a directory may stand where a file was.
    for change in changes.iter().filter(|change| change.new.is_none()) {
        index.remove(Path::new(OsStr::from_bytes(&change.raw)), 0)?;
    }
    for change in &changes {
        if let Some((mode, oid)) = change.new {
            index
                .add(&unknown(change.raw.clone(), u32::try_from(mode)?, oid))
                .with_context(|| format!("`{}` cannot be put into an index", change.path))?;
        }
    }
    Ok(())
}

/// Copies an index with its time, against which git compares the files'. Whoever dies in between leaves what
/// the next call replaces.
pub(in crate::git) fn copy_with_time(from: &Path, to: &Path) -> Result<()> {
    let copy = || {
        let modified = std::fs::metadata(from)?.modified()?;
        overwrite(to, &std::fs::read(from)?)?;
        set_time(to, modified)
    };
    copy().with_context(|| {
        format!(
            "`{}` cannot be copied to `{}`",
            from.display(),
            to.display()
        )
    })
}

/// Writes a file of ours where it stands, without emptying it first: to make a new file and remove the old
/// one costs more on some file systems than all else that is done here, and ext4 sends a file to the disk at
/// once that was emptied and written anew.
pub(in crate::git) fn overwrite(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    make_way(path)?;
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// Removes what is not a plain file of one name: writing to it would change another file.
pub(in crate::git) fn make_way(path: &Path) -> std::io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_file() && found.nlink() == 1 => Ok(()),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a file that need not be there.
pub(in crate::git) fn remove_if_there(path: &Path) -> Result<()> {
    let removed = match std::fs::remove_file(path) {
        // Somebody has put a directory there.
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            std::fs::remove_dir_all(path)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("`{}` cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}
