//! What could be done on the user's branch once a run that landed there has gone back: a commit that is made,
//! put nowhere, and offered.

use anyhow::Result;

use crate::git::{Identity, Merge, NewCommit, Oid, Repo};
use crate::run::state::State;

/// How the user's branch can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// The run never landed, or the branch is gone.
    None,
    /// Landing again brings it.
    Land,
    /// This commit on the branch does it.
    Commit(Oid),
    /// The branch has changes of its own in these paths.
    Conflict(Vec<String>),
}

/// What to offer for the branch on which the run of `state` landed, when the run's branch goes from its tip to
/// the commit `to`. `message` is that of the offered commit.
pub fn prepare(
    repo: &Repo,
    state: &State,
    to: Oid,
    message: &str,
    author: &Identity,
    time: i64,
) -> Result<Offer> {
    let Some(landed) = &state.run.landed else {
        return Ok(Offer::None);
    };
    let Some(head) = repo.read(&landed.branch)? else {
        return Ok(Offer::None);
    };
    let tip = repo.oid(&landed.tip)?;
    let has_history = repo.is_ancestor(tip, head)?;
    match () {
        () if tip == to => return Ok(Offer::None),
        // The undoing is a commit like any other, and is merged like any other.
        () if has_history && repo.is_ancestor(tip, to)? => return Ok(Offer::Land),
        // It went back to where nothing of this was yet, or the branch has one commit of all.
        () => {}
    }
    let from = repo.tree_of(tip)?;
    let ours = repo.tree_of(head)?;
    let tree = match repo.merge_trees(from, ours, repo.tree_of(to)?)? {
        Merge::Clean(tree) if tree == ours => return Ok(Offer::None),
        Merge::Clean(tree) => tree,
        Merge::Conflict(paths) => return Ok(Offer::Conflict(paths)),
    };
    let commit = repo.write_commit(&NewCommit {
        tree,
        parents: &[head],
        message,
        author,
        time,
    })?;
    Ok(Offer::Commit(commit))
}
