//! Bringing an accepted commit onto the run's branch, in memory.
//!
//! A fast-forward when nothing else was integrated since the attempt's base; else a merge commit that keeps
//! the executor's commit as a parent, so that its id stays reachable and reviewable. Nothing here moves
//! a ref, and the same inputs make the same commit: forgotten, it is simply made again. What is on the
//! user's own branch is `land`'s business.

use anyhow::Result;

use crate::git::{Identity, Merge, NewCommit, Oid, Repo};

/// What integrating would lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integration {
    /// The commit itself becomes the tip.
    FastForward,
    /// A merge commit becomes the tip.
    Merged {
        /// The merge commit.
        tip: Oid,
        /// Whether its tree is one that nobody has verified yet.
        is_new_tree: bool,
    },
    /// These paths would have to be settled by a person.
    Conflict(Vec<String>),
}

/// The accepted commit and where it is to go.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What the attempt started from.
    pub base: Oid,
    /// The accepted commit.
    pub commit: Oid,
    /// The tip of the run's branch.
    pub onto: Oid,
    /// The message of a merge commit.
    pub message: &'a str,
    /// Who merges.
    pub author: &'a Identity,
}

/// Prepares the integration of `candidate`.
pub fn prepare(repo: &Repo, candidate: Candidate<'_>) -> Result<Integration> {
    let Candidate {
        base,
        commit,
        onto,
        message,
        author,
    } = candidate;
    if onto == base || repo.is_ancestor(onto, commit)? {
        return Ok(Integration::FastForward);
    }
    let tree = match repo.merge(base, onto, commit)? {
        Merge::Clean(tree) => tree,
        Merge::Conflict(paths) => return Ok(Integration::Conflict(paths)),
    };
    let merged = repo.commit(commit)?;
    let tip = repo.write_commit(&NewCommit {
        tree,
        parents: &[onto, commit],
        message,
        author,
        // The commit's own time, so that merging again makes the same merge.
        time: merged.time,
    })?;
    Ok(Integration::Merged {
        tip,
        is_new_tree: tree != merged.tree,
    })
}
