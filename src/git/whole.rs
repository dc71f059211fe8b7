//! Whether everything that a commit needs is there.
//!
//! An executor can name a commit whose objects were pruned, damaged, or never written. Git would notice at
//! the first checkout; we notice before the commit is believed.

use std::collections::HashSet;

use anyhow::Result;
use git2::{ObjectType, Oid};

use super::{Repo, mode};

impl Repo {
    /// Whether every commit, tree and blob that `tip` reaches can be read, taking for granted what `base` has.
    pub fn is_whole(&self, tip: Oid, base: Oid) -> Result<bool> {
        let mut walk = Walk {
            repo: self,
            odb: self.raw().odb()?,
            seen: HashSet::new(),
        };
        let base_tree = self.tree_of(base)?;
        let Ok(commits) = self.commits_between(base, tip) else {
            return Ok(false);
        };
        for commit in commits {
            let Ok(commit) = self.raw().find_commit(commit) else {
                return Ok(false);
            };
            if !walk.tree(commit.tree_id(), Some(base_tree))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Repo {
    /// What cannot be read at or below `tree`, with its path; what `seen` has is not looked at again.
    pub fn unreadable(&self, tree: Oid, seen: &mut HashSet<Oid>) -> Result<Vec<(String, Oid)>> {
        let odb = self.raw().odb()?;
        let mut found = Vec::new();
        let mut open = vec![(String::new(), tree)];
        while let Some((path, tree)) = open.pop() {
            if !seen.insert(tree) {
                continue;
            }
            let Ok(entries) = self.raw().find_tree(tree) else {
                found.push((path, tree));
                continue;
            };
            for entry in &entries {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                let path = match path.as_str() {
                    "" => name,
                    above => format!("{above}/{name}"),
                };
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((path, entry.id())),
                    Some(ObjectType::Commit) => {}
                    _ if !seen.insert(entry.id()) || odb.read(entry.id()).is_ok() => {}
                    _ => found.push((path, entry.id())),
                }
            }
        }
        Ok(found)
    }
}

struct Walk<'a> {
    repo: &'a Repo,
    odb: git2::Odb<'a>,
    seen: HashSet<Oid>,
}

/// The largest file that is read to be sure of it, in bytes; of a larger one, the beginning is.
const READ_MAX: usize = 64 << 20;

impl Walk<'_> {
    /// Whether an object is there, and is what its name says.
    fn can_be_read(&self, blob: Oid) -> bool {
        match self.odb.read_header(blob) {
            Ok((size, _)) if size <= READ_MAX => self.odb.read(blob).is_ok(),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// Whether all below `tree` exists; a subtree that `known` has at the same place is taken for granted.
    fn tree(&mut self, tree: Oid, known: Option<Oid>) -> Result<bool> {
        if Some(tree) == known || !self.seen.insert(tree) {
            return Ok(true);
        }
        let Ok(found) = self.repo.raw().find_tree(tree) else {
            return Ok(false);
        };
        let known = known.and_then(|known| self.repo.raw().find_tree(known).ok());
        for entry in &found {
            let before = known
                .as_ref()
                .and_then(|known| known.get_name_bytes(entry.name_bytes()));
            let whole = match entry.kind() {
                Some(ObjectType::Tree) => {
                    let before = before.filter(|before| before.filemode() == mode::TREE);
                    self.tree(entry.id(), before.map(|before| before.id()))?
                }
                // A submodule's commit lives in the submodule.
                Some(ObjectType::Commit) => true,
                _ => {
                    before.is_some_and(|before| before.id() == entry.id())
                        || !self.seen.insert(entry.id())
                        || self.can_be_read(entry.id())
                }
            };
            if !whole {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
