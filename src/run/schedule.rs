//! What to do next, given the graph and where everything stands. Pure, and cannot fail.

use std::collections::HashSet;

use super::decide;
use super::event::Event;
use super::fixing;
use super::policy::{OnFailure, Review};
use super::state::{Drive, Phase, State};
use crate::plan::{Kind, TaskId};

/// Something the engine should do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Record a decision that needs nothing of the world.
    Record(Box<Event>),
    /// Begin an attempt.
    Start {
        /// The task.
        task: TaskId,
        /// The number of the new attempt.
        attempt: u32,
        /// Where it runs, from 1.
        slot: u32,
        /// The commit it starts from.
        base: String,
        /// What an earlier attempt left, to go on from.
        from: Option<String>,
    },
    /// Judge an attempt that ended.
    Judge {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// Bring an accepted commit onto the run's branch.
    Integrate {
        /// The task.
        task: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// Prove again, on the run's branch as it is now, what a task integrated.
    Reverify {
        /// The task.
        task: TaskId,
        /// Its newest attempt.
        attempt: u32,
    },
    /// Have what a kickback asks for looked into.
    Research {
        /// The task.
        task: TaskId,
        /// The attempt that was kicked back.
        attempt: u32,
    },
    /// Ask a person what to do about a task.
    Ask {
        /// The task.
        task: TaskId,
    },
    /// End the run: nothing is left to do.
    Finish,
    /// Run the commands that prove the whole.
    VerifyAll {
        /// The integrated commit.
        commit: String,
    },
    /// Find out with which task the whole began to fail.
    Bisect {
        /// The integrated commit, on which it fails.
        commit: String,
    },
}

/// What the engine knows besides the state.
#[derive(Debug, Clone, Default)]
pub struct Situation {
    /// Why nothing new may start, when somebody asked the run to stop.
    pub stopping: Option<String>,
    /// Whether what is slow was ended too, and must not be begun again.
    pub cancelled: bool,
    /// Whether a person can be asked right now.
    pub interactive: bool,
}

/// What should be done now, in this order. Actions that are under way are named again; the engine
/// knows which those are.
pub fn next(state: &State, situation: &Situation) -> Vec<Action> {
    // Nothing is decided, judged or run in a repository that somebody has tampered with.
    if matches!(state.run.drive, Drive::Quarantined(_)) {
        return Vec::new();
    }
    let mut actions = decisions(state);
    if !actions.is_empty() {
        return actions;
    }
    if !situation.cancelled {
        actions.extend(judgements(state));
        actions.extend(oldest_accepted(state));
        actions.extend(questions(state, situation));
    }
    let limit = state.limit_met();
    if !situation.cancelled && is_going_on(state, situation) && limit.is_none() {
        actions.extend(reverifications(state));
        actions.extend(researches(state));
    }
    if is_going_on(state, situation) && limit.is_none() && !state.is_stuck() {
        match base_to_prove(state) {
            Some(proof) => actions.push(proof),
            None => actions.extend(starts(state)),
        }
    }
    if actions.is_empty() && is_quiet(state, situation) {
        actions.extend(ending(state, situation));
    }
    actions
}

/// Whether nothing is left to wait for. What ended and was not judged yet may wait for the next drive.
fn is_quiet(state: &State, situation: &Situation) -> bool {
    let mut active = state.active().map(|task| &state.at(task).phase);
    match situation.cancelled {
        true => !active.any(|phase| matches!(phase, Phase::Attempting(_))),
        false => active.next().is_none(),
    }
}

/// What follows from refusals and failures by policy alone.
fn decisions(state: &State) -> Vec<Action> {
    let policy = &state.run.policy;
    let refused = state
        .active()
        .filter(|&task| state.at(task).phase == Phase::Refused);
    let mut actions: Vec<Action> = refused
        .map(|task| {
            let graph = state.graph();
            let blocks = graph.plan().dialect.defaults().unproven_blocks;
            decide::after_refusal(&graph.tasks()[task].id, state.at(task), policy, blocks)
        })
        .map(|event| Action::Record(Box::new(event)))
        .collect();
    actions.extend(
        state
            .attention()
            .filter(|&task| wants_asking(state, task))
            .map(|task| {
                let last = state.at(task).last();
                let last_completed = last
                    .and_then(|last| last.claim.as_ref())
                    .map(|claim| claim.last_completed.clone());
                Action::Record(Box::new(Event::Asked {
                    task: state.graph().tasks()[task].id.clone(),
                    reason: state.at(task).reason.clone().unwrap_or_default(),
                    last_completed: last_completed.unwrap_or_default(),
                }))
            }),
    );
    actions
}

/// A failure asks for a person unless the policy is to go on without, or there may be another round; a blocker
/// always does.
fn wants_asking(state: &State, index: usize) -> bool {
    let task = state.at(index);
    match task.phase {
        Phase::Failed | Phase::Partial | Phase::TimedOut => {
            !task.asked && !state.is_fix(index) && state.run.policy.on_failure != OnFailure::Skip
        }
        Phase::Blocked => !task.asked,
        _ => false,
    }
}

fn judgements(state: &State) -> impl Iterator<Item = Action> + '_ {
    state
        .active()
        .filter(|&task| matches!(state.at(task).phase, Phase::Ended(_)))
        .map(|task| Action::Judge {
            task: state.graph().tasks()[task].id.clone(),
            attempt: state.at(task).attempts,
        })
}

/// Integration is a queue in order of completion: one at a time, so that each knows its base.
fn oldest_accepted(state: &State) -> Option<Action> {
    let task = state
        .active()
        .filter(|&task| matches!(state.at(task).phase, Phase::Accepted(_)))
        .min_by_key(|&task| state.at(task).last().map(|last| last.ended_seq))?;
    let id = state.graph().tasks()[task].id.clone();
    Some(Action::Integrate {
        task: id,
        attempt: state.at(task).attempts,
    })
}

fn questions(state: &State, situation: &Situation) -> Vec<Action> {
    if !situation.interactive || situation.stopping.is_some() || state.run.drive != Drive::Running {
        return Vec::new();
    }
    // One question at a time, and only once nothing else scrolls past it.
    let asked = state.attention().find(|&task| {
        // A kickback takes words, which are more than a letter.
        state.at(task).asked && state.at(task).phase != Phase::Kickback
    });
    asked
        .filter(|_| state.active().next().is_none())
        .map(|task| Action::Ask {
            task: state.graph().tasks()[task].id.clone(),
        })
        .into_iter()
        .collect()
}

fn is_going_on(state: &State, situation: &Situation) -> bool {
    state.run.drive == Drive::Running && situation.stopping.is_none()
}

fn researches(state: &State) -> impl Iterator<Item = Action> + '_ {
    let open = state
        .attention()
        .filter(|&task| state.awaits_research(task));
    open.map(|task| Action::Research {
        task: state.graph().tasks()[task].id.clone(),
        attempt: state.at(task).attempts,
    })
}

/// What needs another is proven once that one stands.
fn reverifications(state: &State) -> impl Iterator<Item = Action> + '_ {
    let is_founded = |task: &usize| {
        let mut needs = state.graph().needs(*task).iter();
        needs.all(|&need| state.standing(need).satisfies())
    };
    state
        .attention()
        .filter(|&task| state.at(task).phase == Phase::Stale)
        .filter(is_founded)
        .map(|task| Action::Reverify {
            task: state.graph().tasks()[task].id.clone(),
            attempt: state.at(task).attempts,
        })
}

/// Before anything is attempted it is known whether the whole is sound; where the plan begins with a design, it need not
/// be.
fn base_to_prove(state: &State) -> Option<Action> {
    let (run, policy) = (&state.run, &state.run.policy);
    let is_wanted = policy.preflight && !policy.final_verify.is_empty();
    if !is_wanted || run.verified.is_some() || run.tip != run.base {
        return None;
    }
    let tasks = state.graph().tasks();
    let is_design = |task: usize| tasks[task].kind == Kind::Design;
    let was_attempted = (0..tasks.len()).any(|task| state.at(task).newest_number() > 0);
    // Whatever else is ready is ready as well as the first.
    let first = state.ready().next()?;
    (!was_attempted && !is_design(first)).then(|| Action::VerifyAll {
        commit: run.base.clone(),
    })
}

fn starts(state: &State) -> Vec<Action> {
    let busy: Vec<u32> = state
        .active()
        .filter_map(|task| state.at(task).phase.slot())
        .collect();
    let free = (1..=state.run.policy.jobs).filter(|slot| !busy.contains(slot));
    let free: Vec<u32> = free.collect();
    let mut ready = match free.len() {
        0 => Vec::new(),
        // What the run gave itself may have to wait for all others.
        wanted => state.startable(wanted + state.run.fixes.len()),
    };
    let held_back = wave_in_review(state);
    let may_mend = state.may_mend();
    ready.retain(|task| !held_back.contains(task) && (may_mend || !state.is_fix(*task)));
    free.into_iter()
        .zip(ready)
        .map(|(slot, task)| {
            let current = state.at(task);
            // An attempt that was cut short or had to wait does not end the wish to go on.
            let leftovers = current.leftovers().filter(|_| current.continues);
            Action::Start {
                task: state.graph().tasks()[task].id.clone(),
                attempt: current.newest_number() + 1,
                slot,
                base: leftovers.map_or_else(|| state.run.tip.clone(), |left| left.base.clone()),
                from: leftovers.and_then(|left| left.left().map(str::to_owned)),
            }
        })
        .collect()
}

/// With a review at each wave, the tasks of later waves: they wait until every task of the earliest one that
/// is not over is settled.
fn wave_in_review(state: &State) -> HashSet<usize> {
    if state.run.policy.review != Review::Wave {
        return HashSet::new();
    }
    let waves = state.graph().waves();
    let is_open = |wave: &Vec<usize>| {
        let mut tasks = wave.iter();
        tasks.any(|&task| !state.is_fix(task) && !state.standing(task).is_settled())
    };
    let later = waves.iter().skip_while(|wave| !is_open(wave)).skip(1);
    later.flatten().copied().collect()
}

/// Whether something could be begun that the limits of the run keep from it.
fn is_unfinished(state: &State) -> bool {
    let starts = !state.is_stuck() && state.ready().next().is_some();
    starts || reverifications(state).next().is_some() || researches(state).next().is_some()
}

/// What ends a drive when nothing is left to start, judge or integrate.
fn ending(state: &State, situation: &Situation) -> Option<Action> {
    if state.run.drive != Drive::Running {
        return None;
    }
    if let Some(reason) = &situation.stopping {
        return Some(Action::Record(Box::new(Event::Stopped {
            reason: reason.clone(),
        })));
    }
    if state.needs_person() {
        return None;
    }
    if let Some(limit) = state.limit_met().filter(|_| is_unfinished(state)) {
        return Some(Action::Record(Box::new(Event::Paused {
            task: None,
            reason: format!(
                "{limit}, which is the limit of the run; going on allows as much again"
            ),
            until: None,
        })));
    }
    let tip = &state.run.tip;
    let verdict = state.run.verified.as_ref();
    Some(match verdict.filter(|verdict| verdict.commit == *tip) {
        _ if state.run.policy.final_verify.is_empty() => Action::Finish,
        None => Action::VerifyAll {
            commit: tip.clone(),
        },
        Some(verdict) if verdict.passed => Action::Finish,
        Some(verdict) => fixing::after_failure(state, verdict),
    })
}
