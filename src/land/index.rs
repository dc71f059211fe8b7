//! What the user has staged, and which of it git sees unchanged in the checkout.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};

use crate::git::{Git, Oid, Repo};

/// The user's index, as git reads it.
pub(super) struct Index {
    entries: HashMap<Vec<u8>, Entry>,
    /// Tracked files that differ from what is staged.
    dirty: HashSet<Vec<u8>>,
}

struct Entry {
    /// None in a conflict.
    staged: Option<(i32, Oid)>,
    /// Whether git was told not to look at the file.
    is_blind: bool,
}

impl Index {
    pub(super) fn read(repo: &Repo) -> Result<Self> {
        let output = Git::here(repo)?.check(["ls-files", "-v", "--stage", "-z"])?;
        let mut entries = HashMap::new();
        for line in output.stdout.split(|byte| *byte == 0) {
            if line.is_empty() {
                continue;
            }
            let (path, entry) =
                entry(repo, line).context("what `git ls-files --stage` said is not understood")?;
            entries.insert(path, entry);
        }
        let output = Git::here(repo)?
            .args(["status", "--porcelain=v1", "-z", "--no-renames"])
            .check(["--untracked-files=no", "--ignore-submodules=all"])?;
        let changed = output.stdout.split(|byte| *byte == 0);
        let changed = changed.filter(|line| line.get(1).is_some_and(|code| *code != b' '));
        let dirty = changed.filter_map(|line| Some(line.get(3..)?.to_vec()));
        Ok(Self {
            entries,
            dirty: dirty.collect(),
        })
    }

    /// Whether this is what is staged at a path; in a conflict, nothing is.
    pub(super) fn is_at(&self, path: &[u8], side: Option<(i32, Oid)>) -> bool {
        match self.entries.get(path) {
            None => side.is_none(),
            Some(entry) => side.is_some() && entry.staged == side,
        }
    }

    /// Whether git has looked at the file and found what is staged.
    pub(super) fn is_seen_clean(&self, path: &[u8]) -> bool {
        !self.is_blind(path) && !self.dirty.contains(path)
    }

    /// Whether git was told not to look.
    pub(super) fn is_blind(&self, path: &[u8]) -> bool {
        self.entries.get(path).is_some_and(|entry| entry.is_blind)
    }
}

/// `H 100644 <object> 0<tab><path>`; a small letter is of what is assumed unchanged, `S` of what is left out.
fn entry(repo: &Repo, line: &[u8]) -> Option<(Vec<u8>, Entry)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let words = std::str::from_utf8(&line[..tab]).ok()?;
    let words: Vec<&str> = words.split(' ').collect();
    let [tag, mode, object, stage] = words[..] else {
        return None;
    };
    let side = (i32::from_str_radix(mode, 8).ok()?, repo.oid(object).ok()?);
    let entry = Entry {
        staged: (stage == "0").then_some(side),
        is_blind: tag.starts_with(|tag: char| tag.is_ascii_lowercase() || tag == 'S'),
    };
    Some((line[tab + 1..].to_vec(), entry))
}
