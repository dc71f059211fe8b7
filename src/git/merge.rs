//! Merging two commits without a worktree.
//!
//! When the two sides changed different paths, and neither removed anything (so that nothing can have been
//! renamed), the result is the union of the changes and is built in memory. Everything else is git's
//! business: libgit2 differs from it in renamed directories, merge drivers and submodules.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail};
use git2::{FileMode, Oid};

use super::{Change, ChangeKind, Git, Identity, NewCommit, Repo, version};

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// The merged tree.
    Clean(Oid),
    /// The paths that a person would have to settle.
    Conflict(Vec<String>),
}

impl Repo {
    /// Merges the commits `ours` and `theirs`, whose common ancestor is `base`.
    pub fn merge(&self, base: Oid, ours: Oid, theirs: Oid) -> Result<Merge> {
        match self.merge_disjoint(base, ours, theirs)? {
            Some(tree) => Ok(Merge::Clean(tree)),
            None => self.merge_by_git(base, ours, theirs),
        }
    }

    /// The merged tree, when it takes no more than applying the one side's changes to the other's tree.
    pub fn merge_disjoint(&self, base: Oid, ours: Oid, theirs: Oid) -> Result<Option<Oid>> {
        let (base, ours) = (self.tree_of(base)?, self.tree_of(ours)?);
        self.unite(base, ours, self.tree_of(theirs)?)
    }

    /// Merges the trees `ours` and `theirs`, which both came from the tree `base`.
    pub fn merge_trees(&self, base: Oid, ours: Oid, theirs: Oid) -> Result<Merge> {
        if let Some(tree) = self.unite(base, ours, theirs)? {
            return Ok(Merge::Clean(tree));
        }
        // Git merges commits: three that nobody will name, with the base where git looks for it.
        let nobody = Identity::nobody();
        let commit = |tree, parents: &[Oid]| {
            self.write_commit(&NewCommit {
                tree,
                parents,
                message: "merge\n",
                author: &nobody,
                time: 0,
            })
        };
        let base = commit(base, &[])?;
        self.merge_heads(commit(ours, &[base])?, commit(theirs, &[base])?)
    }

    fn unite(&self, base: Oid, ours: Oid, theirs: Oid) -> Result<Option<Oid>> {
        if ours == theirs || base == theirs {
            return Ok(Some(ours));
        }
        if base == ours {
            return Ok(Some(theirs));
        }
        let our_changes = self.changed(base, ours)?;
        let their_changes = self.changed(base, theirs)?;
        if !are_disjoint(&our_changes, &their_changes) {
            return Ok(None);
        }
        let mut update = git2::build::TreeUpdateBuilder::new();
        for change in &their_changes {
            let Some((mode, oid)) = change
                .new
                .and_then(|(mode, oid)| Some((file_mode(mode)?, oid)))
            else {
                return Ok(None);
            };
            update.upsert(change.raw.as_slice(), oid, mode);
        }
        let tree = self.tree_at(ours)?;
        let merged = update
            .create_updated(self.raw(), &tree)
            .context("a merged tree could not be written")?;
        Ok(Some(merged))
    }

    /// Merges the commits `ours` and `theirs` as `git merge` would, which finds what they have in common itself.
    pub fn merge_heads(&self, ours: Oid, theirs: Oid) -> Result<Merge> {
        self.merge_tree(None, ours, theirs)
    }

    /// The merge as `git merge-tree` does it.
    pub fn merge_by_git(&self, base: Oid, ours: Oid, theirs: Oid) -> Result<Merge> {
        self.merge_tree(Some(base), ours, theirs)
    }

    fn merge_tree(&self, base: Option<Oid>, ours: Oid, theirs: Oid) -> Result<Merge> {
        let mut args: Vec<String> = [
            "merge-tree",
            "--write-tree",
            "--name-only",
            "--no-messages",
            "-z",
        ]
        .map(str::to_owned)
        .into();
        if let Some(base) = base.filter(|_| version().is_ok_and(|found| found >= (2, 40))) {
            args.push(format!("--merge-base={base}"));
        }
        args.extend([ours.to_string(), theirs.to_string()]);
        let output = Git::new(self)?.run(&args)?;
        let mut fields = output
            .stdout
            .split(|byte| *byte == 0)
            .map(|field| String::from_utf8_lossy(field).into_owned());
        match output.status {
            0 => {
                let tree = fields.next().unwrap_or_default();
                let tree = tree.trim();
                let tree = Oid::from_str_ext(tree, self.raw().object_format())
                    .with_context(|| format!("`git merge-tree` answered `{tree}`"))?;
                Ok(Merge::Clean(tree))
            }
            1 => {
                let mut paths: Vec<String> =
                    fields.skip(1).filter(|path| !path.is_empty()).collect();
                paths.sort();
                paths.dedup();
                Ok(Merge::Conflict(paths))
            }
            status => bail!(
                "`git merge-tree` ended with status {status}: {}",
                output.complaint()
            ),
        }
    }
}

/// Whether the two sides only changed and added files, none of them on both sides, and no file of the one
/// stands where the other has a directory.
fn are_disjoint(ours: &[Change], theirs: &[Change]) -> bool {
    let simple = |change: &Change| matches!(change.kind, ChangeKind::Added | ChangeKind::Modified);
    if !ours.iter().chain(theirs).all(simple) {
        return false;
    }
    let touched: HashSet<&[u8]> = ours.iter().map(|change| change.raw.as_slice()).collect();
    let clashes = |path: &[u8], others: &HashSet<&[u8]>| {
        others.contains(path)
            || path
                .iter()
                .enumerate()
                .any(|(at, byte)| *byte == b'/' && others.contains(&path[..at]))
    };
    if theirs.iter().any(|change| clashes(&change.raw, &touched)) {
        return false;
    }
    let touched: HashSet<&[u8]> = theirs.iter().map(|change| change.raw.as_slice()).collect();
    !ours.iter().any(|change| clashes(&change.raw, &touched))
}

/// Submodules are left to git, which can fast-forward them.
fn file_mode(mode: i32) -> Option<FileMode> {
    match mode {
        0o100_644 | 0o100_664 => Some(FileMode::Blob),
        0o100_755 => Some(FileMode::BlobExecutable),
        0o120_000 => Some(FileMode::Link),
        _ => None,
    }
}
