//! What in the user's checkout stands in the way of a landing, and what of it may be set aside: files that hold what is
//! about to land, and those that we wrote ourselves. Anything else is a person's, and git refuses to touch it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::git::{Git, Oid, Repo};

/// Whether the file of this path, which holds these bytes, is nothing but what we made of the one that is committed.
pub type IsOurs<'o> = dyn Fn(&str, Option<&[u8]>) -> Result<bool> + 'o;

/// The files that stand in the way.
#[derive(Debug, Default)]
pub(super) struct InTheWay {
    /// Those that lose nothing.
    ours: Vec<File>,
    /// Those with a person's work in them.
    pub(super) theirs: Vec<String>,
}

#[derive(Debug)]
struct File {
    path: String,
    place: PathBuf,
    /// Its bytes and mode; none where it was removed.
    was: Option<(Vec<u8>, u32)>,
    is_committed: bool,
}

impl InTheWay {
    /// What of the checkout, which is on `from`, differs from it where `to` does.
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
        let dirty = dirty(repo)?;
        for change in changed {
            let Some(code) = dirty.get(change.raw.as_slice()) else {
                continue;
            };
            let place = top.join(&change.path);
            let was = content(&place);
            let is_unstaged = code.starts_with(' ') || code == "??";
            let is_plain = is_unstaged && was.is_ok() && change.raw == change.path.as_bytes();
            let bytes = was.as_ref().ok().and_then(Option::as_ref);
            let mode = bytes.map(|(_, mode)| mode & 0o100 != 0);
            let committed = change.old.map(|(mode, _)| mode & 0o100 != 0);
            let is_same_mode = mode.zip(committed).is_none_or(|(is, was)| is == was);
            let bytes = bytes.map(|(bytes, _)| bytes.as_slice());
            let lands = repo.blob_at(to, &change.path)?;
            let is_harmless = is_plain
                && is_same_mode
                && (lands.as_deref() == bytes || is_ours(&change.path, bytes)?);
            match was {
                Ok(was) if is_harmless => found.ours.push(File {
                    path: change.path,
                    place,
                    was,
                    is_committed: change.old.is_some(),
                }),
                _ => found.theirs.push(change.path),
            }
        }
        Ok(found)
    }

    /// Has the files that lose nothing be as they are committed.
    pub(super) fn set_aside(&self, repo: &Repo) -> Result<()> {
        let committed = self.ours.iter().filter(|file| file.is_committed);
        let committed: Vec<&str> = committed.map(|file| file.path.as_str()).collect();
        if !committed.is_empty() {
            Git::here(repo)?
                .args([
                    "--literal-pathspecs",
                    "restore",
                    "--worktree",
                    "--source=HEAD",
                ])
                .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
                .stdin(committed.join("\0"))
                .check::<&str>([])?;
        }
        for file in self.ours.iter().filter(|file| !file.is_committed) {
            fs::remove_file(&file.place)
                .with_context(|| format!("`{}` cannot be removed", file.place.display()))?;
        }
        Ok(())
    }

    /// Has them be as they were.
    pub(super) fn put_back(&self) -> Result<()> {
        for file in &self.ours {
            let failed = || format!("`{}` cannot be put back", file.place.display());
            match &file.was {
                None if !file.place.exists() => {}
                None => fs::remove_file(&file.place).with_context(failed)?,
                Some((bytes, mode)) => {
                    let directory = file.place.parent().with_context(failed)?;
                    fs::create_dir_all(directory).with_context(failed)?;
                    fs::write(&file.place, bytes).with_context(failed)?;
                    let permissions = fs::Permissions::from_mode(*mode);
                    fs::set_permissions(&file.place, permissions).with_context(failed)?;
                }
            }
        }
        Ok(())
    }
}

/// The bytes and mode of a file, none where there is nothing; an error where there is something else.
fn content(place: &Path) -> Result<Option<(Vec<u8>, u32)>> {
    match fs::symlink_metadata(place) {
        Err(_) => Ok(None),
        Ok(meta) if meta.is_file() => Ok(Some((fs::read(place)?, meta.permissions().mode()))),
        Ok(_) => anyhow::bail!("`{}` is no file", place.display()),
    }
}

/// What differs from what is committed, by path, with the two letters that git has for it.
fn dirty(repo: &Repo) -> Result<HashMap<Vec<u8>, String>> {
    let output = Git::here(repo)?
        .args(["status", "--porcelain=v1", "-z"])
        .check([
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
        ])?;
    let entries = output.stdout.split(|byte| *byte == 0);
    let entry = |entry: &[u8]| {
        let code = String::from_utf8_lossy(entry.get(..2)?).into_owned();
        Some((entry.get(3..)?.to_vec(), code))
    };
    Ok(entries.filter_map(entry).collect())
}
