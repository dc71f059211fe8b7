//! Projections: the run's branch and the PROGRESS notes, made to agree with the journal.
//!
//! They are for people and other tools; nothing here is ever read back as truth. Each write says what it
//! expects to find, and what somebody else moved is reported and left alone.

use anyhow::Result;

use crate::git::{Expected, Identity, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{clock, layout};
use crate::plan::TaskId;
use crate::report::sentence::took;
use crate::run::state::{Phase, State};

/// Moves the run's branch to where the journal says it is; says why not when it is left where it is.
pub(super) fn branch(repo: &Repo, state: &State, before: Option<&str>) -> Result<Option<String>> {
    let moved_to = |found: Oid| format!("was moved to {found} by somebody else");
    let name = layout::integration_branch(&state.run.id);
    let tip: Oid = state.run.tip.parse()?;
    let found = repo.read(&name)?;
    let expected = match found {
        None => Expected::Missing,
        Some(found) if found == tip => return Ok(None),
        Some(found) => {
            let ours = match before {
                Some(before) => found == before.parse::<Oid>()?,
                // After a crash the branch may lag behind, on the run's own line.
                None => repo.is_ancestor(found, tip)?,
            };
            if !ours {
                return Ok(Some(moved_to(found)));
            }
            if let Some(place) = repo.checked_out(&name)? {
                return Ok(Some(format!("is checked out in {}", place.display())));
            }
            Expected::At(found)
        }
    };
    let moved = repo.move_to(&name, tip, expected, "git enact: integrated")?;
    Ok(moved.err().and_then(|moved| moved.found).map(moved_to))
}

/// Writes the notes of `tasks`, which are done.
pub(super) fn notes(repo: &Repo, state: &State, tasks: &[usize], author: &Identity) -> Result<()> {
    let mut batch = Vec::with_capacity(tasks.len());
    for &task in tasks {
        if let Some(commit) = &state.at(task).commit
            && let Ok(commit) = commit.parse::<Oid>()
        {
            batch.push((commit, Some(note(state, task).into_bytes())));
        }
    }
    let time = clock::to_seconds(&state.run.updated_at).unwrap_or_default();
    repo.write_notes(layout::PROGRESS, &batch, author, time)
}

/// The done tasks of this run whose note is missing.
pub(super) fn unnoted(repo: &Repo, state: &State) -> Result<Vec<usize>> {
    let mut missing = Vec::new();
    for task in 0..state.graph().len() {
        let at = state.at(task);
        if at.phase != Phase::Done || at.attempts == 0 {
            continue;
        }
        let Some(commit) = at
            .commit
            .as_deref()
            .and_then(|commit| commit.parse::<Oid>().ok())
        else {
            continue;
        };
        if repo.read_note(layout::PROGRESS, commit)?.is_none() {
            missing.push(task);
        }
    }
    Ok(missing)
}

/// The note as the contract shows it.
fn note(state: &State, index: usize) -> String {
    let task = &state.graph().tasks()[index];
    let at = state.at(index);
    let checks = at
        .last()
        .and_then(|last| last.verdict.as_ref())
        .map(|verdict| verdict.checks.join(", "));
    let line = |text: &str| crate::journal::codec::subject_text(text);
    format!(
        "Run: {}\nTask: {}\nTitle: {}\nStatus: done\nAttempt: {}\nCommit: {}\nChecks: {}\nExecutor: {}\nTook: {}\n",
        state.run.id,
        line(task.id.as_str()),
        line(&task.title),
        at.attempts,
        at.commit.as_deref().unwrap_or_default(),
        checks.unwrap_or_default(),
        line(state.run.policy.executor.name()),
        took(at.millis()),
    )
}

/// The branch of a task.
pub(super) fn task_branch(run: &str, graph: &Graph, task: &TaskId) -> String {
    let slug = graph
        .index(task)
        .map_or("unknown", |index| graph.slug(index));
    layout::task_branch(run, slug)
}
