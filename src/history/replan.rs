//! Adopting an edited plan: what is done stays done, the rest is taken from the new plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::graph::Graph;
use crate::plan::{Fault, Task, TaskId};
use crate::run::event::{Event, Recorded};
use crate::run::state::{Drive, Phase, RunState, State, TaskState};

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
    let (old, policy) = (state.graph(), &state.run.policy);
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

/// The state after `recorded` replaced the plan of `now` by `graph`.
pub fn state_after(now: &State, graph: Arc<Graph>, recorded: &Recorded) -> State {
    let mut run = now.run.clone();
    if let Event::Replanned {
        plan_hash,
        plan_path,
        ..
    } = &recorded.event
    {
        run.plan_hash.clone_from(plan_hash);
        run.plan_path.clone_from(plan_path);
    }
    let mut retired = run.retired.clone();
    retired.extend(self::retired(now, &graph));
    let mut tasks = Vec::new();
    for task in graph.tasks() {
        let known = now.graph().index(&task.id);
        let is_kept = |&index: &usize| is_same(&now.graph().tasks()[index], task);
        if let Some(index) = known.filter(is_kept) {
            let mut kept = now.at(index).clone();
            // What is left out is so by the plan and by what was selected, which may be otherwise now.
            if kept.phase == Phase::LeftOut {
                continue;
            }
            if kept.phase == Phase::Kickback {
                kept.release();
            }
            tasks.push((task.id.clone(), kept));
        } else if let Some(index) = known {
            tasks.push((task.id.clone(), TaskState::renewed(now.at(index))));
        } else if let Some(used) = retired.remove(&task.id) {
            tasks.push((task.id.clone(), TaskState::returned(used)));
        }
    }
    let drive = match &run.drive {
        Drive::Finished => Drive::Stopped("the plan was replaced".to_owned()),
        other => other.clone(),
    };
    let run = RunState {
        drive,
        seq: recorded.seq,
        updated_at: recorded.at.clone(),
        retired,
        verified: None,
        ..run
    };
    State::restore(graph, run, tasks)
}

/// The tasks of `now` that `graph` does not have, with how many attempts they had: should one come back, its
/// numbers go on.
pub(super) fn retired(now: &State, graph: &Graph) -> BTreeMap<TaskId, u32> {
    let tasks = now.graph().tasks().iter().enumerate();
    tasks
        .map(|(index, task)| (task, now.at(index).newest_number()))
        .filter(|(task, used)| *used > 0 && graph.index(&task.id).is_none())
        .map(|(task, used)| (task.id.clone(), used))
        .collect()
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

/// Whether the two ask for the same. Where a task stands in its file, what the file says of its progress,
/// and what it only comes after are not asked for.
fn is_same(old: &Task, new: &Task) -> bool {
    let content = |task: &Task| Task {
        location: old.location.clone(),
        imported: None,
        after: Vec::new(),
        body: task.body.trim().to_owned(),
        ..task.clone()
    };
    content(old) == content(new)
}
