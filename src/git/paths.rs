//! Which paths differ between two trees.
//!
//! Our own walk, side by side, that never enters a subtree both have: its cost is the change, not the tree
//! (0.4 ms where a general diff takes 33). Renames are a deletion and an addition here.

use anyhow::{Context as _, Result};
use git2::Oid;

use super::{Git, Repo, mode};

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// For people and for matching; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The path itself.
    pub raw: Vec<u8>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Mode and object before.
    pub old: Option<(i32, Oid)>,
    /// Mode and object after.
    pub new: Option<(i32, Oid)>,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or its executable bit changed.
    Modified,
    /// It is gone.
    Deleted,
    /// A file became a link, a submodule, or the reverse.
    TypeChanged,
}

impl Repo {
    /// The files that differ between two trees or commits, in git's order.
    pub fn changed(&self, before: Oid, after: Oid) -> Result<Vec<Change>> {
        let mut walk = Walk {
            repo: self,
            path: Vec::new(),
            changes: Vec::new(),
        };
        walk.trees(Some(self.tree_of(before)?), Some(self.tree_of(after)?))?;
        Ok(walk.changes)
    }

    /// The file at `path` as git would check it out for the user, with their line ends and filters; none where there
    /// is no such file, or no such filter.
    pub fn written_out(&self, commit: Oid, path: &str) -> Result<Option<Vec<u8>>> {
        let named = format!("{commit}:{path}");
        let output = Git::here(self)?.run(["cat-file", "--filters", &named])?;
        Ok((output.status == 0).then_some(output.stdout))
    }
}

struct Walk<'a> {
    repo: &'a Repo,
    path: Vec<u8>,
    changes: Vec<Change>,
}

/// A path's mode and object, where it exists.
type Side = Option<(i32, Oid)>;
/// A tree's names, each with its mode and object.
type Names = Vec<(Vec<u8>, (i32, Oid))>;

impl Walk<'_> {
    fn trees(&mut self, before: Option<Oid>, after: Option<Oid>) -> Result<()> {
        if before == after {
            return Ok(());
        }
        let before = self.names(before)?;
        let after = self.names(after)?;
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => a.0.cmp(&b.0),
            };
            let from = if order.is_le() { old.next() } else { None };
            let to = if order.is_ge() { new.next() } else { None };
            let Some(name) = from.or(to).map(|entry| &entry.0) else {
                return Ok(());
            };
            let (from, to) = (from.map(|entry| entry.1), to.map(|entry| entry.1));
            if from != to {
                self.entry(name, from, to)?;
            }
        }
    }

    /// The entries of a tree ordered by name alone, so that a file and a directory of one name meet.
    fn names(&self, tree: Option<Oid>) -> Result<Names> {
        let Some(tree) = tree else {
            return Ok(Vec::new());
        };
        let tree = self
            .repo
            .tree_at(tree)
            .with_context(|| format!("tree {tree} cannot be read"))?;
        let mut names: Names = tree
            .iter()
            .map(|entry| (entry.name_bytes().to_vec(), (entry.filemode(), entry.id())))
            .collect();
        names.sort();
        Ok(names)
    }

    fn entry(&mut self, name: &[u8], from: Side, to: Side) -> Result<()> {
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
        let is_tree = |side: Side| side.is_some_and(|(mode, _)| mode == mode::TREE);
        let (from_tree, to_tree) = (is_tree(from), is_tree(to));
        if from_tree || to_tree {
            let old = from.filter(|_| from_tree).map(|(_, oid)| oid);
            let new = to.filter(|_| to_tree).map(|(_, oid)| oid);
            self.trees(old, new)?;
        }
        let from = from.filter(|_| !from_tree);
        let to = to.filter(|_| !to_tree);
        if let Some(kind) = kind(from, to) {
            self.changes.push(Change {
                path: String::from_utf8_lossy(&self.path).into_owned(),
                raw: self.path.clone(),
                kind,
                old: from,
                new: to,
            });
        }
        self.path.truncate(length);
        Ok(())
    }
}

fn kind(from: Side, to: Side) -> Option<ChangeKind> {
    const TYPE: i32 = 0o170_000;
    match (from, to) {
        (None, None) => None,
        (None, Some(_)) => Some(ChangeKind::Added),
        (Some(_), None) => Some(ChangeKind::Deleted),
        (Some((a, _)), Some((b, _))) if a & TYPE != b & TYPE => Some(ChangeKind::TypeChanged),
        (Some(_), Some(_)) => Some(ChangeKind::Modified),
    }
}
