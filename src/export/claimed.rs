//! Which tasks an executor has the plan's files call done, although nobody knows of it: what it says is a claim.
//!
//! Knows the files as the run's branch has them, and not what is written into them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::was_done;
use crate::git::{Oid, Repo};
use crate::plan::{self, Source, TaskId};
use crate::run::state::{Standing, State};

/// What was claimed up to a commit of the run's branch.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    tip: Option<String>,
    tasks: HashSet<TaskId>,
}

impl Claimed {
    /// The tasks of `state` that are not done, were not before the run, and are called so on its branch; `plan` lies
    /// below `root` as there.
    pub(super) fn of(
        &mut self,
        repo: &Repo,
        state: &State,
        plan: &Path,
        root: &Path,
    ) -> Result<&HashSet<TaskId>> {
        if self.tip.as_ref() != Some(&state.run.tip) {
            self.tasks = claimed(repo, state, plan, root)?;
            self.tip = Some(state.run.tip.clone());
        }
        let is_done = |id: &TaskId| {
            let index = state.graph().index(id);
            index.is_none_or(|index| state.standing(index) == Standing::Done)
        };
        self.tasks.retain(|id| !is_done(id));
        Ok(&self.tasks)
    }
}

fn claimed(repo: &Repo, state: &State, plan: &Path, root: &Path) -> Result<HashSet<TaskId>> {
    let (base, tip) = (repo.oid(&state.run.base)?, repo.oid(&state.run.tip)?);
    let is_same = |name: &str| -> Result<bool> {
        Ok(repo.entry_at(base, name)? == repo.entry_at(tip, name)?)
    };
    // Few executors touch a plan at all.
    if let Some(name) = home(plan, root).filter(|name| !name.is_empty())
        && is_same(&name)?
    {
        return Ok(HashSet::new());
    }
    let Ok(loaded) = plan::load(&[plan.to_owned()], &state.selection()) else {
        return Ok(HashSet::new());
    };
    let names: Vec<Option<String>> = loaded
        .sources
        .iter()
        .map(|source| name(&source.path, root))
        .collect();
    let mut is_changed = false;
    for name in names.iter().flatten() {
        is_changed |= !is_same(name)?;
    }
    if !is_changed {
        return Ok(HashSet::new());
    }
    let mut there = Vec::new();
    for (source, name) in loaded.sources.iter().zip(&names) {
        there.extend(at(repo, tip, source, name.as_deref())?);
    }
    let tasks = state.graph().tasks();
    let was_done: HashSet<&TaskId> = (tasks.iter().filter(|task| was_done(task)))
        .map(|task| &task.id)
        .collect();
    let said = plan::said_done(loaded.plan.dialect, &there).into_iter();
    Ok(said.filter(|id| !was_done.contains(id)).collect())
}

/// A text as it is in a commit; one that is not there is as it lies here.
fn at(repo: &Repo, commit: Oid, source: &Source, name: Option<&str>) -> Result<Option<Source>> {
    let Some(name) = name else {
        return Ok(Some(source.clone()));
    };
    let blob = repo.blob_at(commit, name)?;
    let text = blob.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.map(|text| Source::new(source.path.clone(), text)))
}

/// How git names the directory in which all of a plan lies, or the plan itself where that is the top.
fn home(plan: &Path, root: &Path) -> Option<String> {
    let whole = name(plan, root)?;
    let above = Path::new(&whole).parent()?.to_str()?.to_owned();
    match plan.is_dir() {
        true => Some(whole),
        false => Some(above),
    }
}

/// How git names a path below `root`.
fn name(path: &Path, root: &Path) -> Option<String> {
    let full = std::path::absolute(path).ok()?;
    let full = super::plain(&full);
    let root: PathBuf = super::plain(&std::path::absolute(root).ok()?);
    let below = full.strip_prefix(&root).map(Path::to_path_buf);
    let below = below.or_else(|_| {
        let real = full.canonicalize()?;
        let below = real.strip_prefix(&root).map(Path::to_path_buf);
        below.map_err(std::io::Error::other)
    });
    Some(below.ok()?.to_str()?.to_owned())
}
