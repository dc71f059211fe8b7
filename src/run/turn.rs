//! The events after which a run stands otherwise than a fold of its state can tell: it went back to a checkpoint,
//! or its plan is another. What then holds is made here of both sides; where they come from is others' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Event, Recorded};
use super::fixing;
use super::names::short;
use super::state::{Drive, Phase, RunState, State, TaskState};
use crate::graph::Graph;
use crate::plan::{Task, TaskId, TaskSource};

/// The state after `recorded` returned the run from `now` to `then`, where it stood at the checkpoint.
pub fn rolled_back(now: &State, then: &State, recorded: &Recorded) -> State {
    let target = match &recorded.event {
        Event::RolledBack { target, .. } => short(target),
        _ => "",
    };
    let mut retired = now.run.retired.clone();
    retired.extend(self::retired(now, then.graph()));
    let mut tasks = Vec::with_capacity(then.graph().len());
    for (index, task) in then.graph().tasks().iter().enumerate() {
        let mut at = then.at(index).clone();
        let used = now.task(&task.id).map(TaskState::newest_number);
        let used = used.or(retired.remove(&task.id)).unwrap_or(0);
        // Its process is not there any more; what had ended then can still be judged.
        if let Phase::Attempting(_) = at.phase {
            at.phase = Phase::Pending;
            if let Some(last) = at.history.last_mut() {
                last.aside = Some("the run was returned to a checkpoint before its end".to_owned());
            }
        }
        // A number is never used twice in a run.
        at.used = at.used.max(used);
        tasks.push((task.id.clone(), at));
    }
    let run = RunState {
        drive: Drive::Stopped(format!("rolled back to checkpoint {target}")),
        seq: recorded.seq,
        updated_at: recorded.at.clone(),
        landed: now.run.landed.clone(),
        spent: now.run.spent.clone(),
        driven_ms: now.run.driven_ms,
        retired,
        ..then.run.clone()
    };
    State::restore(then.authored().clone(), run, tasks)
}

/// The state after `recorded` replaced the plan of `now` by `authored`. The tasks that the run gave itself go along.
pub fn replanned(now: &State, authored: Arc<Graph>, recorded: &Recorded) -> State {
    let graph = fixing::extended(&authored, &now.run.fixes);
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
        } else if let Some(index) = known.filter(|index| now.at(*index).newest_number() > 0) {
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
    State::restore(authored, run, tasks)
}

/// The tasks of `now` that `graph` does not have, with how many attempts they had: should one come back, its
/// numbers go on.
fn retired(now: &State, graph: &Graph) -> BTreeMap<TaskId, u32> {
    let tasks = now.graph().tasks().iter().enumerate();
    tasks
        .map(|(index, task)| (task, now.at(index).newest_number()))
        .filter(|(task, used)| *used > 0 && graph.index(&task.id).is_none())
        .map(|(task, used)| (task.id.clone(), used))
        .collect()
}

/// Whether the two ask for the same. Where a task stands in its file, what the file says of its progress,
/// and what it only comes after are not asked for.
pub fn is_same(old: &Task, new: &Task) -> bool {
    let content = |task: &Task| Task {
        location: old.location.clone(),
        imported: None,
        // Stands in the task's own file as well.
        sort: None,
        after: Vec::new(),
        body: task.body.trim().to_owned(),
        // The same file may have another place among others.
        source: task.source.clone().map(|source| TaskSource {
            file: String::new(),
            ..source
        }),
        ..task.clone()
    };
    content(old) == content(new)
}
