//! What a dead process or a power cut leaves of a worktree of ours: what is removed, what is moved aside because it may
//! hold somebody's work, and what is not touched because it may be somebody else's.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Repo;
use super::refs::BRANCHES;
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
            let is_ours = reason(&git_dir).is_some_and(|reason| reason.starts_with(OURS));
            // Git itself would drop it, and it is called as ours are, or nothing says what it was.
            let name = entry.file_name();
            let is_called_so = name.as_encoded_bytes().starts_with(b"slot-");
            let head = git_dir.join("HEAD");
            let is_lost = is_gone
                && says_nothing(&git_dir.join("locked"))
                && (says_nothing(&head) || is_called_so && !is_on_theirs(&head));
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

/// Whether a HEAD is on a branch that is none of ours: we check out our own, or none.
fn is_on_theirs(head: &Path) -> bool {
    plain_text(head).map_or(true, |head| {
        let branch = head.strip_prefix("ref: ");
        branch.is_some_and(|name| !name.starts_with(BRANCHES))
    })
}

/// Whether a file is not there, or has nothing in it.
fn says_nothing(file: &Path) -> bool {
    match plain(file) {
        Ok(bytes) => is_nothing(&bytes),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn is_nothing(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Moves what stands at the place of a worktree to a free one beside it.
pub(in crate::git) fn set_aside(path: &Path) -> Result<()> {
    let free = (1..)
        .map(|nth| path.with_extension(format!("{nth}.aside")))
        .find(|place| place.symlink_metadata().is_err());
    move_aside(path, &free.context("there is no free name")?)
}

/// Moves what stands at `from` to `place`, where git no longer takes it for a worktree.
pub fn move_aside(from: &Path, place: &Path) -> Result<()> {
    std::fs::rename(from, place).with_context(|| {
        let (from, place) = (from.display(), place.display());
        format!("`{from}` cannot be moved to `{place}`")
    })?;
    // It points at what is made next at the old place, or nowhere.
    let pointer = place.join(".git");
    if pointer.is_file() {
        std::fs::remove_file(&pointer)
            .with_context(|| format!("`{}` cannot be removed", pointer.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leads_here_elsewhere_or_where_it_is_torn_nowhere() {
        let dir = tempfile::tempdir().expect("a directory");
        let leads = |name: &str| match lead(&dir.path().join(name), b"gitdir: /here/") {
            Lead::Here => "here",
            Lead::Nowhere => "nowhere",
            Lead::Elsewhere => "elsewhere",
        };
        assert_eq!(leads("not there"), "nowhere");
        for (text, where_to) in [
            ("gitdir: /here/slot-1\n", "here"),
            ("gitdir: /he", "nowhere"),
            ("", "nowhere"),
            ("\0\0\0\0", "nowhere"),
            ("gitdir: /there/slot-1\n", "elsewhere"),
            ("what somebody wrote\n", "elsewhere"),
        ] {
            std::fs::write(dir.path().join(".git"), text).expect("written");
            assert_eq!(leads(".git"), where_to, "{text:?}");
        }
        std::fs::create_dir(dir.path().join("folder")).expect("made");
        assert_eq!(leads("folder"), "elsewhere", "a power cut makes no folder");
    }

    #[test]
    fn a_head_is_on_a_branch_of_theirs_unless_it_is_on_ours_or_on_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let head = dir.path().join("HEAD");
        assert!(is_on_theirs(&head), "nobody knows");
        for (text, is_theirs) in [
            (format!("ref: {BRANCHES}r-test/task/a\n"), false),
            (
                "0123456789012345678901234567890123456789\n".to_owned(),
                false,
            ),
            ("ref: refs/heads/main\n".to_owned(), true),
        ] {
            std::fs::write(&head, &text).expect("written");
            assert_eq!(is_on_theirs(&head), is_theirs, "{text}");
        }
    }

    #[test]
    fn a_file_says_nothing_that_is_gone_empty_or_zeros() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("locked");
        assert!(says_nothing(&file));
        for (text, is_nothing) in [("", true), ("\0\0", true), ("\0x", false), ("x", false)] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(says_nothing(&file), is_nothing, "{text:?}");
        }
        assert!(!says_nothing(dir.path()), "a folder may say anything");
    }

    #[test]
    fn what_is_set_aside_lies_beside_what_was_before_and_points_nowhere() {
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().join("slot-1");
        for nth in 1..=2 {
            std::fs::create_dir(&place).expect("made");
            std::fs::write(place.join(".git"), "gitdir: /there\n").expect("written");
            std::fs::write(place.join("work"), format!("{nth}")).expect("written");
            set_aside(&place).expect("moved");
            let aside = dir.path().join(format!("slot-1.{nth}.aside"));
            let work = std::fs::read_to_string(aside.join("work"));
            assert_eq!(work.expect("kept"), format!("{nth}"));
            assert!(!aside.join(".git").exists() && !place.exists());
        }
    }
}
