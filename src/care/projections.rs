//! The views of a run against its journal: its branch, its tasks' branches, its notes.
//!
//! [`look`] gathers what there is, [`compare`] says what of it is wrong; neither changes anything. A branch is
//! only ever moved back when another ref keeps what it names now: else somebody's work would be lost.

use std::collections::HashSet;

use anyhow::Result;

use super::finding::{Finding, Kind, Mend, Remedy, Severity, short};
use crate::git::{Oid, Repo};
use crate::journal::layout;
use crate::run::state::State;
use crate::world::attempted_here;
use crate::world::project::{self, Projected};

/// A branch as it is, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    name: String,
    kind: Kind,
    belongs: Oid,
    found: Option<Oid>,
    /// Whether nothing is lost when it moves from where it was found.
    may_move: bool,
    /// Where somebody else has it checked out.
    checked_out: Option<String>,
}

/// The note on a commit, as it is and as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    on: Oid,
    /// The task whose commit it is on, if any.
    task: Option<String>,
    found: Option<Vec<u8>>,
    belongs: Option<Vec<u8>>,
}

/// All views of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Views {
    branches: Vec<Branch>,
    notes: Vec<Note>,
    unreadable: Option<Unreadable>,
}

/// Notes that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unreadable {
    why: String,
    /// The newest of their commits that can be.
    newest: Option<Oid>,
    /// Whether what is damaged lies in a pack, where nothing can be put in its place.
    is_packed: bool,
}

/// Gathers the views of the run in `state`. Where a run was never driven, or was cleaned, nothing is missing.
pub(super) fn look(repo: &Repo, state: &State) -> Result<Views> {
    let was_driven = layout::projected_file(repo.common_dir(), &state.run.id).exists();
    let mut branches: Vec<Branch> = run_branch(repo, state)?.into_iter().collect();
    branches.extend(task_branches(repo, state)?);
    branches.retain(|branch| was_driven || branch.found.is_some());
    let (notes, unreadable) = match notes(repo, state, was_driven) {
        Ok(notes) => (notes, None),
        Err(error) => (Vec::new(), Some(unreadable(repo, format!("{error:#}")))),
    };
    Ok(Views {
        branches,
        notes,
        unreadable,
    })
}

fn unreadable(repo: &Repo, why: String) -> Unreadable {
    let damaged = |commit: Oid| {
        let tree = repo.commit(commit).map(|commit| commit.tree)?;
        repo.unreadable(tree, &mut HashSet::new())
    };
    let mut named = repo.logged(layout::PROGRESS).into_iter();
    let newest = named.find(|commit| damaged(*commit).is_ok_and(|damaged| damaged.is_empty()));
    let is_packed = match repo.read(layout::PROGRESS) {
        Ok(Some(at)) => damaged(at).map_or_else(
            |_| repo.is_packed(at),
            |damaged| damaged.iter().any(|(_, object)| repo.is_packed(*object)),
        ),
        _ => false,
    };
    Unreadable {
        why,
        newest,
        is_packed,
    }
}

fn run_branch(repo: &Repo, state: &State) -> Result<Option<Branch>> {
    let name = layout::integration_branch(&state.run.id);
    let belongs = repo.oid(&state.run.tip)?;
    let ours = Projected::read(repo, &state.run.id);
    branch(repo, name, Kind::Branch, belongs, |found| {
        ours.has(found) || repo.is_ancestor(found, belongs).unwrap_or(false)
    })
}

fn task_branches(repo: &Repo, state: &State) -> Result<Vec<Branch>> {
    let run = &state.run.id;
    let here = attempted_here(repo, run);
    let mut branches = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let at = state.at(index);
        // While an attempt is unfinished, its branch is wherever its executor got to.
        let Some(last) = at.last().filter(|_| at.phase.slot().is_none()) else {
            continue;
        };
        // A run that went back left the branches of the other line where they were.
        if at.used > at.attempts || last.outcome.is_none() {
            continue;
        }
        let name = project::task_branch(run, state.graph(), &task.id);
        let belongs = repo.oid(last.tip.as_deref().unwrap_or(&last.base))?;
        let branch = branch(repo, name, Kind::TaskBranch, belongs, |_| false)?;
        // One that is not there was cleaned, unless its task was attempted since.
        let is_wanted = here.contains(state.graph().slug(index));
        branches.extend(branch.filter(|branch| is_wanted || branch.found.is_some()));
    }
    Ok(branches)
}

fn branch(
    repo: &Repo,
    name: String,
    kind: Kind,
    belongs: Oid,
    is_ours: impl Fn(Oid) -> bool,
) -> Result<Option<Branch>> {
    // One that holds nothing is told as that, and looked at again once it is gone.
    let Ok(found) = repo.read(&name) else {
        return Ok(None);
    };
    let astray = found.filter(|found| *found != belongs);
    let may_move = match astray {
        None => true,
        Some(found) if !repo.is_commit(found) || is_ours(found) => true,
        Some(found) => repo.keepers(found)?.iter().any(|keeper| *keeper != name),
    };
    let checked_out = match astray {
        Some(_) => repo.checked_out(&name)?,
        None => None,
    };
    Ok(Some(Branch {
        kind,
        belongs,
        found,
        may_move,
        checked_out: checked_out.map(|place| place.display().to_string()),
        name,
    }))
}

/// The notes on the commits that the run integrated, and those that speak of the run and are on no such commit.
fn notes(repo: &Repo, state: &State, was_driven: bool) -> Result<Vec<Note>> {
    let all = repo.notes(layout::PROGRESS)?;
    let mut notes = Vec::new();
    for (index, task) in state.graph().tasks().iter().enumerate() {
        for noted in project::noted(state, index) {
            let on = repo.oid(noted.commit)?;
            let mut found = all.iter().filter(|(noted, _)| *noted == on);
            let found = found.next().map(|(_, note)| note.clone());
            if found.is_none() && !was_driven {
                continue;
            }
            let belongs = project::note(state, index, &noted);
            let belongs = project::with_others(&belongs, found.as_deref(), &state.run.id);
            notes.push(Note {
                on,
                task: Some(task.id.as_str().to_owned()),
                found,
                belongs: Some(belongs),
            });
        }
    }
    let astray = all.into_iter().filter(|(on, note)| {
        let names_itself = project::says(note, &state.run.id, "Commit") == Some(on.to_string());
        let is_known = notes.iter().any(|known| known.on == *on);
        // A note that git copied to a rewritten commit is the user's.
        project::names_run(note, &state.run.id) && names_itself && !is_known
    });
    let astray: Vec<Note> = astray
        .map(|(on, note)| Note {
            on,
            task: None,
            belongs: project::besides_ours(&note, &state.run.id),
            found: Some(note),
        })
        .collect();
    notes.extend(astray);
    Ok(notes)
}

/// What is wrong with the views of `run`.
pub(super) fn compare(run: &str, views: &Views) -> Vec<Finding> {
    let branches = views
        .branches
        .iter()
        .filter_map(|branch| astray(run, branch));
    let notes = views.notes.iter().filter_map(|note| misnoted(run, note));
    let unreadable = views.unreadable.iter().map(|found| {
        let what = format!("the notes cannot be read: {}", found.why);
        let remedy = match found.is_packed {
            true => Remedy::advice(format!(
                "a pack is damaged: a clone or backup brings back what was in it, \
                 `git fetch --refetch <repository> {0}:{0}`",
                layout::PROGRESS
            )),
            false => Remedy::Mend(Mend::PutNotes { to: found.newest }),
        };
        Finding::new(run, Kind::Note, Severity::Error, what, remedy)
    });
    branches.chain(notes).chain(unreadable).collect()
}

fn astray(run: &str, branch: &Branch) -> Option<Finding> {
    let Branch { name, belongs, .. } = branch;
    let belongs_to = short(*belongs);
    let what = match branch.found {
        Some(found) if found == *belongs => return None,
        Some(found) => format!(
            "`{name}` is at {}, the journal says {belongs_to}",
            short(found)
        ),
        None => format!("`{name}` is gone; the journal says {belongs_to}"),
    };
    let remedy = match (&branch.checked_out, branch.found) {
        (Some(place), Some(_)) => Remedy::advice(format!(
            "it is checked out in `{place}`: switch to another branch there, then \
             `git enact doctor --repair`"
        )),
        (_, Some(found)) if !branch.may_move => Remedy::advice(format!(
            "nothing else keeps {0}, so it stays; `git branch kept-{0} {found}` keeps it, then \
             `git enact doctor --repair`",
            short(found)
        )),
        (_, from) if branch.kind == Kind::Branch => Remedy::Mend(Mend::PutBranch { from }),
        (_, from) => Remedy::Mend(Mend::PutTaskBranch {
            name: name.clone(),
            to: *belongs,
            from,
        }),
    };
    Some(Finding::new(
        run,
        branch.kind,
        Severity::Warning,
        what,
        remedy,
    ))
}

fn misnoted(run: &str, note: &Note) -> Option<Finding> {
    let on = short(note.on);
    let what = match (&note.task, &note.found, &note.belongs) {
        (None, _, _) => format!("a note on {on} says it is of this run, the journal does not"),
        (Some(task), None, _) => format!("the note of task {task} on {on} is missing"),
        (Some(task), Some(found), Some(belongs)) => {
            let says = |note: &[u8], key: &str| project::says(note, run, key);
            let wrong = ["Run", "Task", "Status", "Commit"]
                .into_iter()
                .find(|key| says(found, key) != says(belongs, key))?;
            match says(found, wrong) {
                Some(said) => format!("the note of task {task} on {on} says `{wrong}: {said}`"),
                None if wrong == "Run" => {
                    format!("the note of task {task} on {on} says nothing of this run")
                }
                None => format!("the note of task {task} on {on} has no line `{wrong}`"),
            }
        }
        (Some(_), Some(_), None) => return None,
    };
    let mend = Mend::WriteNote {
        on: note.on,
        text: note.belongs.clone(),
    };
    Some(Finding::new(
        run,
        Kind::Note,
        Severity::Warning,
        what,
        Remedy::Mend(mend),
    ))
}
