//! Undoing one task: the tree that the run would have without it.
//!
//! The task's own change taken backwards would not do: two tasks may have made the same change, and then it
//! would vanish although the other wanted it. So everything that was integrated since is merged again, in
//! the same order and in memory, without the task. Where that is no longer possible the task that stands in the
//! way is named, and nothing was changed.

use anyhow::Result;

use crate::git::{Merge, Oid, Repo};
use crate::plan::TaskId;
use crate::run::state::{Merged, State};

/// What undoing a task would lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoing {
    /// This tree.
    Clean(Oid),
    /// What a later task did builds on it, in these paths.
    Conflict(TaskId, Vec<String>),
}

/// The tree of the run's branch without `task`, which was integrated.
pub fn prepare(repo: &Repo, state: &State, task: usize) -> Result<Undoing> {
    let mut all: Vec<(usize, &Merged)> = (0..state.graph().len())
        .flat_map(|task| {
            state
                .at(task)
                .merged
                .iter()
                .map(move |merged| (task, merged))
        })
        .collect();
    all.sort_by_key(|(_, merged)| merged.seq);
    let own = all.iter().find(|(of, _)| *of == task);
    // What was undone before is missing in the list, but stands in the trees from there on.
    let first = own.map(|(_, merged)| (merged.seq, merged.onto.as_str()));
    let undone = state.run.undone.as_ref();
    let undone = undone.map(|undone| (undone.seq, undone.onto.as_str()));
    let Some((since, onto)) = first.into_iter().chain(undone).min() else {
        return Ok(Undoing::Clean(repo.tree_of(repo.oid(&state.run.tip)?)?));
    };
    let mut tree = repo.tree_of(repo.oid(onto)?)?;
    let again = all
        .iter()
        .filter(|(of, merged)| *of != task && merged.seq > since);
    for (of, merged) in again {
        let base = repo.tree_of(repo.oid(&merged.base)?)?;
        let theirs = repo.tree_of(repo.oid(&merged.commit)?)?;
        tree = match repo.merge_trees(base, tree, theirs)? {
            Merge::Clean(tree) => tree,
            Merge::Conflict(paths) => {
                let id = state.graph().tasks()[*of].id.clone();
                return Ok(Undoing::Conflict(id, paths));
            }
        };
    }
    Ok(Undoing::Clean(tree))
}
