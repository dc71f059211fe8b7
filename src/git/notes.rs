//! Notes on commits, as `git log --notes=…` shows them.
//!
//! Both libgit2 and `git notes` write their ref without saying what they expect to find, and lose updates
//! when two write at once. This is our own writer: one directory level by the first two digits, one commit
//! for a batch, one compare-and-swap. Entries that are no notes, and notes in any layout that git makes, are
//! kept as they are.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use git2::{FileMode, ObjectType, Oid};

use super::{Expected, Identity, NewCommit, Repo};

/// How often a batch is built again because somebody else wrote meanwhile.
const TRIES: usize = 20;

impl Repo {
    /// Writes notes, or removes them where the text is `None`, as one commit on `ref_name`.
    pub fn write_notes(
        &self,
        ref_name: &str,
        notes: &[(Oid, Option<Vec<u8>>)],
        author: &Identity,
        time: i64,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let tip = self.read(ref_name)?;
            let before = match tip {
                Some(tip) => self.tree_of(tip)?,
                None => self.write_tree(&[])?,
            };
            let tree = self.with_notes(before, notes)?;
            if tree == before {
                return Ok(());
            }
            let parents: Vec<Oid> = tip.into_iter().collect();
            let commit = self.write_commit(&NewCommit {
                tree,
                parents: &parents,
                message: "Notes written by git enact\n",
                author,
                time,
            })?;
            let expected = tip.map_or(Expected::Missing, Expected::At);
            if self
                .move_to(ref_name, commit, expected, "notes written by git enact")?
                .is_ok()
            {
                return Ok(());
            }
        }
        bail!("`{ref_name}` is being written by somebody else all the time")
    }

    /// The note on `oid`; where several layouts hold one, all of them.
    pub fn read_note(&self, ref_name: &str, oid: Oid) -> Result<Option<Vec<u8>>> {
        let Some(tip) = self.read(ref_name)? else {
            return Ok(None);
        };
        let mut text: Option<Vec<u8>> = None;
        for (_, blob) in self.note_paths(self.tree_of(tip)?, oid)? {
            let bytes = self.read_blob(blob)?;
            text.get_or_insert_default().extend(bytes);
        }
        Ok(text)
    }

    /// Every note, with what it is on. libgit2 would read the user's index for it, which may have a shape that it does not
    /// know.
    pub fn notes(&self, ref_name: &str) -> Result<Vec<(Oid, Vec<u8>)>> {
        let Some(tip) = self.read(ref_name)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let mut open = vec![(self.tree_of(tip)?, String::new())];
        while let Some((tree, digits)) = open.pop() {
            let read = self.tree_at(tree);
            let read = read.with_context(|| format!("`{ref_name}` cannot be read"))?;
            for entry in &read {
                let Ok(name) = entry.name() else { continue };
                let name = format!("{digits}{name}");
                match entry.kind() {
                    Some(ObjectType::Tree) if is_hex(&name) => open.push((entry.id(), name)),
                    Some(ObjectType::Blob) => {
                        if let Ok(on) = self.oid(&name) {
                            found.push((on, self.read_blob(entry.id())?));
                        }
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn with_notes(&self, before: Oid, notes: &[(Oid, Option<Vec<u8>>)]) -> Result<Oid> {
        // The last word on an object counts.
        let last: BTreeMap<Oid, &Option<Vec<u8>>> =
            notes.iter().map(|(oid, text)| (*oid, text)).collect();
        let mut update = git2::build::TreeUpdateBuilder::new();
        let mut changes = 0;
        for (oid, text) in last {
            let hex = oid.to_string();
            let path = format!("{}/{}", &hex[..2], &hex[2..]);
            for (old, _) in self.note_paths(before, oid)? {
                if text.is_none() || old != path {
                    update.remove(old.as_str());
                    changes += 1;
                }
            }
            if let Some(text) = text {
                update.upsert(path.as_str(), self.write_blob(text)?, FileMode::Blob);
                changes += 1;
            }
        }
        if changes == 0 {
            return Ok(before);
        }
        let tree = self.tree_at(before)?;
        self.written(|| update.create_updated(self.raw(), &tree))
    }

    /// Where the tree holds notes on `oid`: the rest of its digits as a file, at every level that its first
    /// digits lead to.
    fn note_paths(&self, root: Oid, oid: Oid) -> Result<Vec<(String, Oid)>> {
        let hex = oid.to_string();
        let mut found = Vec::new();
        let (mut tree, mut prefix, mut rest) = (root, String::new(), hex.as_str());
        loop {
            let entries = self
                .tree_at(tree)
                .with_context(|| format!("notes tree {tree} cannot be read"))?;
            if let Some(entry) = entries.get_name(rest)
                && entry.kind() == Some(ObjectType::Blob)
            {
                found.push((format!("{prefix}{rest}"), entry.id()));
            }
            let Some((digits, deeper)) = rest.split_at_checked(2) else {
                return Ok(found);
            };
            match entries.get_name(digits) {
                Some(entry) if entry.kind() == Some(ObjectType::Tree) && !deeper.is_empty() => {
                    prefix = format!("{prefix}{digits}/");
                    rest = deeper;
                    tree = entry.id();
                }
                _ => return Ok(found),
            }
        }
    }
}

fn is_hex(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
