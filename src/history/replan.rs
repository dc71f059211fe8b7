//! Adopting an edited plan: what is done stays done, the rest is taken from the new plan.

use serde::Serialize;

use crate::graph::Graph;
use crate::plan::{Fault, Task, TaskId};
use crate::run::state::{Phase, State};
use crate::run::turn::is_same;

/// How an edited plan differs from the one that is run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Done, and the same.
    pub kept: Vec<TaskId>,
    /// Only in the edited plan.
    pub added: Vec<TaskId>,
    /// In the edited plan no more.
    pub removed: Vec<TaskId>,
    /// In both, with another content.
    pub changed: Vec<TaskId>,
    /// Added, and not among those that were selected for the run.
    pub left_out: Vec<TaskId>,
    /// The settings of the plan differ; the run goes on with those that it was started with.
    pub settings: bool,
}

impl Drift {
    /// In words, for the record and for people.
    pub fn sentences(&self) -> Vec<String> {
        let part = |what: &str, ids: &[TaskId]| {
            let ids: Vec<&str> = ids.iter().map(TaskId::as_str).collect();
            (!ids.is_empty()).then(|| format!("{what} {}", ids.join(", ")))
        };
        let done = self.kept.len();
        let mut sentences = vec![format!("{done} done stay")];
        sentences.extend(part("added", &self.added));
        sentences.extend(part("removed", &self.removed));
        sentences.extend(part("changed", &self.changed));
        sentences.extend(part(
            "not selected for this run, and left out:",
            &self.left_out,
        ));
        if self.settings {
            sentences.push("the plan's settings stay as the run was started with".to_owned());
        }
        sentences
    }

    /// Whether the plans ask for the same.
    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// How `new` differs from the plan of `state`, or why it cannot be adopted.
pub fn drift(state: &State, new: &Graph) -> Result<Drift, Vec<Fault>> {
    let (old, policy) = (state.authored(), &state.run.policy);
    let is_shared = |task: &Task| old.index(&task.id).is_some();
    if !new.tasks().iter().any(is_shared) {
        let help = "name the run that you mean: `git enact replan RUN PLAN`; or start another";
        return Err(vec![
            Fault::error("no task of the run's plan is in this one").help(help),
        ]);
    }
    let mut faults = Vec::new();
    if let Some(from) = &policy.from
        && new.index(&TaskId::new(from.as_str())).is_none()
    {
        faults.push(Fault::error(format!(
            "task `{from}`, from which this run was started, cannot be removed"
        )));
    }
    faults.extend(taken(state, new));
    let mut drift = Drift {
        settings: old.plan().wishes != new.plan().wishes,
        ..Drift::default()
    };
    for task in new.tasks() {
        let Some(index) = old.index(&task.id) else {
            drift.added.push(task.id.clone());
            let selected = new
                .index(&task.id)
                .is_some_and(|at| policy.selects(new, at));
            if !selected {
                drift.left_out.push(task.id.clone());
            }
            continue;
        };
        match (is_same(&old.tasks()[index], task), is_done(state, index)) {
            (true, true) => drift.kept.push(task.id.clone()),
            (true, false) => {}
            (false, false) => drift.changed.push(task.id.clone()),
            (false, true) => faults.push(is_done_and("changed", task).help(format!(
                "give what is new an id of its own, or take it back first: `git enact revert {}`",
                task.id
            ))),
        }
    }
    for (index, task) in old.tasks().iter().enumerate() {
        if new.index(&task.id).is_some() {
            continue;
        }
        if is_done(state, index) {
            faults.push(
                Fault::error(format!("task `{}` is done and cannot be removed", task.id)).help(
                    format!(
                        "keep it in the plan, or take it back first: `git enact revert {}`",
                        task.id
                    ),
                ),
            );
        }
        drift.removed.push(task.id.clone());
    }
    if faults.is_empty() {
        Ok(drift)
    } else {
        Err(faults)
    }
}

/// An id of the edited plan that a task has which the run gave itself.
fn taken(state: &State, new: &Graph) -> Vec<Fault> {
    let taken = state
        .run
        .fixes
        .iter()
        .filter(|fix| !new.is_free(fix.task.as_str()));
    let faults = taken.map(|fix| {
        let id = fix.task.as_str();
        let message = format!("the run has a task `{id}` of its own: {}", fix.title);
        let fault = Fault::error(message).help("give the one in the plan another id");
        let same = |task: &&Task| task.id.as_str().eq_ignore_ascii_case(id);
        match new.tasks().iter().find(same) {
            Some(task) => fault.at(task.location.clone(), id.len()),
            None => fault,
        }
    });
    faults.collect()
}

fn is_done_and(what: &str, task: &Task) -> Fault {
    Fault::error(format!("task `{}` is done and cannot be {what}", task.id))
        .at(task.location.clone(), task.id.as_str().len())
}

/// Whether a task's result stands, so that its place in the plan must stay as it is.
fn is_done(state: &State, index: usize) -> bool {
    let at = state.at(index);
    matches!(at.phase, Phase::Done | Phase::Stale) || !at.merged.is_empty()
}
