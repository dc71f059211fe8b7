//! What a dead process or a power cut leaves of a worktree of ours: what is removed, what is moved aside because it may
//! hold somebody's work, and what is not touched because it may be somebody else's.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Repo;
use super::slots::{OURS, remove_all};
use super::traps::{plain, plain_text};

/// The index that we keep in git's entry of a worktree of ours, and nobody else does.
pub(in crate::git) const PRIVATE: &str = "enact-index";

/// What stands at the place of a worktree that git does not list.
pub(in crate::git) enum Remnant {
    /// Nothing, or what leads into this repository: nobody misses it.
    Ours,
    /// What leads nowhere, as a power cut leaves it: something in it may be work.
    Torn,
    /// What was never a worktree of ours.
    Foreign,
}

impl Repo {
    /// Entries of git's that belong to us and are connected with no place: a dead `git worktree add` did not get that
    /// far, or a power cut took it.
    pub fn half_made_worktrees(&self) -> Result<Vec<PathBuf>> {
        let Ok(entries) = std::fs::read_dir(self.common_dir().join("worktrees")) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let git_dir = entry.path();
            let place = plain_text(&git_dir.join("gitdir")).unwrap_or_default();
            let place = place.strip_suffix("/.git\n").map(Path::new);
            let is_connected = place.is_some() && !says_nothing(&git_dir.join("commondir"));
            let is_gone = place.is_none_or(|place| place.symlink_metadata().is_err());
            let is_empty =
                std::fs::read_dir(&git_dir).is_ok_and(|mut inside| inside.next().is_none());
            let reason = reason(&git_dir).unwrap_or_default();
            let is_ours = reason.starts_with(OURS);
            // Git itself would drop it, and it is called as ours are, or nothing says what it was.
            let name = entry.file_name();
            let is_called_so = name.as_encoded_bytes().starts_with(b"slot-");
            let is_lost = is_gone
                && is_nothing(reason.as_bytes())
                && (is_called_so || says_nothing(&git_dir.join("HEAD")));
            if is_lost || !is_connected && (is_empty || is_ours) {
                found.push(git_dir);
            }
        }
        Ok(found)
    }

    /// Removes those entries; nobody makes a worktree of ours meanwhile.
    pub fn remove_half_made_worktrees(&self) -> Result<()> {
        let _lock = self.worktrees_lock()?;
        self.clear_half_made()
    }

    pub(in crate::git) fn clear_half_made(&self) -> Result<()> {
        for git_dir in self.half_made_worktrees()? {
            remove_all(&git_dir)?;
        }
        Ok(())
    }

    /// What stands at `path`, where git lists no worktree.
    pub(in crate::git) fn remnant(&self, path: &Path) -> Remnant {
        let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty {
            return Remnant::Ours;
        }
        let dot_git = path.join(".git");
        let lead = match dot_git.is_dir() {
            // A clone borrows from here; one that borrows nothing is somebody's repository.
            true => {
                let objects = [self.objects().as_os_str().as_encoded_bytes(), b"\n"].concat();
                let loan = dot_git.join("objects/info/alternates");
                if loan.symlink_metadata().is_err() {
                    return Remnant::Foreign;
                }
                lead(&loan, &objects)
            }
            false => {
                let entries = self.common_dir().join("worktrees");
                lead(
                    &dot_git,
                    format!("gitdir: {}/", entries.display()).as_bytes(),
                )
            }
        };
        match lead {
            Lead::Here => Remnant::Ours,
            Lead::Nowhere => Remnant::Torn,
            Lead::Elsewhere => Remnant::Foreign,
        }
    }
}

/// Where a file leads that says where something else is.
enum Lead {
    /// To this repository.
    Here,
    /// Nowhere: it is gone, empty, zeros, or ends too early.
    Nowhere,
    Elsewhere,
}

/// Where `file` leads, which begins with `expected` where it leads here.
fn lead(file: &Path, expected: &[u8]) -> Lead {
    match plain(file) {
        Ok(text) if text.starts_with(expected) => Lead::Here,
        Ok(text) if is_nothing(&text) || expected.starts_with(&text) => Lead::Nowhere,
        Err(error) if error.kind() == ErrorKind::NotFound => Lead::Nowhere,
        _ => Lead::Elsewhere,
    }
}

/// Why a worktree is locked, by git's entry of it. One of ours whose words are lost is known by the index that only we
/// keep there.
pub(in crate::git) fn reason(git_dir: &Path) -> Option<String> {
    let locked = git_dir.join("locked");
    if says_nothing(&locked) && git_dir.join(PRIVATE).exists() {
        return Some(OURS.to_owned());
    }
    plain_text(&locked).ok()
}

/// Whether a file is not there, or has nothing in it.
fn says_nothing(file: &Path) -> bool {
    plain(file).map_or(true, |bytes| is_nothing(&bytes))
}

fn is_nothing(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Moves what stands at `path` beside it, where it is looked for and git is told nothing of it.
pub(in crate::git) fn set_aside(path: &Path) -> Result<()> {
    let free = (1..)
        .map(|nth| path.with_extension(format!("{nth}.aside")))
        .find(|place| place.symlink_metadata().is_err());
    let place = free.unwrap_or_else(|| path.with_extension("aside"));
    std::fs::rename(path, &place).with_context(|| {
        let (path, place) = (path.display(), place.display());
        format!("`{path}` cannot be moved to `{place}`")
    })?;
    // It would have git complain to whoever looks.
    let pointer = place.join(".git");
    if pointer.is_file() {
        std::fs::remove_file(&pointer)
            .with_context(|| format!("`{}` cannot be removed", pointer.display()))?;
    }
    Ok(())
}
