//! Returning a run to a checkpoint: the state of then, with what must not be forgotten of now.

use crate::run::event::{Event, Recorded};
use crate::run::state::{Drive, Phase, RunState, State, TaskState};

/// The state after `recorded` returned the run from `now` to `then`, where it stood at the checkpoint.
pub fn state_after(now: &State, then: &State, recorded: &Recorded) -> State {
    let target = match &recorded.event {
        Event::RolledBack { target, .. } => target.get(..7).unwrap_or(target),
        _ => "",
    };
    let mut retired = now.run.retired.clone();
    retired.extend(super::replan::retired(now, then.graph()));
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
        retired,
        ..then.run.clone()
    };
    State::restore(then.graph().clone(), run, tasks)
}
