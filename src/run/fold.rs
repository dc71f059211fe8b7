//! How each event changes a [`State`]: the transition table.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{Spent, driven};
use super::event::{By, Event, Recorded};
use super::evidence::Signal;
use super::fixing;
use super::frontier::Frontier;
use super::policy::{Policy, Review};
use super::state::{
    Drive, FinalVerdict, Illegal, Landed, NO_SLOT, Phase, RunState, Standing, State, TaskState,
};
use crate::graph::Graph;
use crate::plan::{ImportedStatus, TaskId, Weight};

impl State {
    /// The state after `started`, which must be a run's first event.
    pub fn start(graph: Arc<Graph>, first: &Recorded) -> Result<Self, Illegal> {
        let Event::Started {
            run,
            base,
            plan_hash,
            plan_path,
            policy,
        } = &first.event
        else {
            return Err(Illegal {
                event: first.event.name(),
                standing: "nothing was started".to_owned(),
            });
        };
        let header = RunState {
            id: run.clone(),
            base: base.clone(),
            tip: base.clone(),
            plan_hash: plan_hash.clone(),
            plan_path: plan_path.clone(),
            policy: (**policy).clone(),
            drive: Drive::Running,
            seq: first.seq,
            started_at: first.at.clone(),
            updated_at: first.at.clone(),
            verified: None,
            landed: None,
            undone: None,
            driven_ms: 0,
            spent: Spent::default(),
            retired: BTreeMap::new(),
            blame: None,
            fixes: Vec::new(),
        };
        Ok(Self::restore(graph, header, Vec::new()))
    }

    /// A state of the plan `authored` from a snapshot: `tasks` holds those that any event concerned, the others
    /// are as `started` left them.
    pub fn restore(
        authored: Arc<Graph>,
        run: RunState,
        tasks: impl IntoIterator<Item = (TaskId, TaskState)>,
    ) -> Self {
        let graph = fixing::extended(&authored, &run.fixes);
        let mut states: Vec<TaskState> = (0..graph.len())
            .map(|task| initial(&authored, &run.policy, task))
            .collect();
        for (id, state) in tasks {
            if let Some(task) = graph.index(&id) {
                states[task] = state;
            }
        }
        let mut state = Self {
            run,
            frontier: Frontier::new(&graph),
            graph,
            authored,
            tasks: states,
        };
        state.refresh();
        state
    }

    /// Finds anew what is derived from where each task stands.
    pub(super) fn refresh(&mut self) {
        self.frontier = Frontier::new(&self.graph);
        for (task, state) in self.tasks.iter().enumerate() {
            let standing = state.phase.standing();
            self.frontier.set(&self.graph, task, standing);
        }
    }

    /// Whether a task stands where one stands that no event ever concerned.
    pub fn is_untouched(&self, task: usize) -> bool {
        self.tasks[task] == initial(&self.authored, &self.run.policy, task)
    }

    /// Changes the state as `recorded` says, or refuses it and changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), Illegal> {
        if recorded.seq != self.run.seq + 1 {
            return Err(self.illegal(
                &recorded.event,
                format!("event {} is the newest", self.run.seq),
            ));
        }
        match (recorded.event.task(), &recorded.event) {
            (_, Event::Replanned { fix: Some(fix), .. }) => self.begin_round(recorded, fix)?,
            (Some(id), _) => {
                let task = self.graph.index(id).ok_or_else(|| {
                    self.illegal(&recorded.event, format!("the plan has no task `{id}`"))
                })?;
                self.apply_to_task(task, recorded)?;
                let standing = self.tasks[task].phase.standing();
                self.frontier.set(&self.graph, task, standing);
                self.after_task(&recorded.event);
            }
            (None, _) => self.apply_to_run(&recorded.event)?,
        }
        let millis = driven(recorded, &self.run.updated_at);
        self.run.driven_ms = self.run.driven_ms.saturating_add(millis);
        self.run.spent.add(&recorded.event, millis);
        self.run.seq = recorded.seq;
        self.run.updated_at.clone_from(&recorded.at);
        Ok(())
    }

    fn illegal(&self, event: &Event, standing: String) -> Illegal {
        Illegal {
            event: event.name(),
            standing,
        }
    }

    fn apply_to_run(&mut self, event: &Event) -> Result<(), Illegal> {
        match event {
            Event::Resumed { .. } => {
                // Whoever has it go on after it met a limit allows it as much again.
                if self.limit_met().is_some() && matches!(self.run.drive, Drive::Paused(..)) {
                    self.run.spent = Spent::default();
                }
                self.run.drive = Drive::Running;
                // What was missing may be there now.
                let failed = self.run.verified.take_if(|verdict| !verdict.passed);
                if let Some(blame) = failed.and_then(|verdict| verdict.blame) {
                    self.run.blame = Some(blame);
                }
            }
            Event::Stopped { reason } if self.run.drive == Drive::Running => {
                self.run.drive = Drive::Stopped(reason.clone());
            }
            Event::Paused { reason, until, .. } if self.run.drive == Drive::Running => {
                self.run.drive = Drive::Paused(reason.clone(), until.clone());
            }
            Event::Quarantined { reason, .. } => {
                self.run.drive = Drive::Quarantined(reason.clone());
            }
            Event::Verified {
                commit,
                passed,
                reasons,
                failures,
                blame,
                warnings,
                tests,
                proofs,
            } if *commit == self.run.tip => {
                let mut verdict = FinalVerdict {
                    commit: commit.clone(),
                    passed: *passed,
                    reasons: reasons.clone(),
                    failures: failures.clone(),
                    blame: blame.clone(),
                    warnings: warnings.clone(),
                    tests: tests.clone(),
                    proofs: proofs.clone(),
                };
                let known = self.run.blame.take();
                let known = known.filter(|known| self.still_blames(known, &verdict));
                verdict.blame = verdict.blame.or(known);
                self.run.verified = Some(verdict);
            }
            Event::Finished { progress }
                if self.run.drive == Drive::Running && self.counts().running == 0 =>
            {
                self.run.drive = Drive::Finished;
                if let Some(progress) = progress {
                    self.run.mark_progress(progress);
                }
            }
            Event::Landed { branch, to, .. } => {
                self.run.landed = Some(Landed {
                    branch: branch.clone(),
                    to: to.clone(),
                    tip: self.run.tip.clone(),
                });
            }
            other => return Err(self.illegal(other, format!("the run is {:?}", self.run.drive))),
        }
        Ok(())
    }

    /// What an event of a task means for the run, once the task has taken it.
    fn after_task(&mut self, event: &Event) {
        match event {
            Event::Integrated { tip, .. } => self.run.tip.clone_from(tip),
            Event::Reverted { task, tip, .. } => {
                self.run.tip.clone_from(tip);
                self.age_dependents(task);
            }
            Event::Kickback {
                signal: Signal::ScopeCreep,
                ..
            } => self.run.policy.weight = Weight::Full,
            Event::Paused { reason, until, .. } => {
                self.run.drive = Drive::Paused(reason.clone(), until.clone());
            }
            // A decision about a finished run opens it again; `resume` drives it.
            Event::Retried { by: By::Person, .. }
            | Event::Answered { .. }
            | Event::Reviewed { .. }
            | Event::Skipped { .. }
                if self.run.drive == Drive::Finished =>
            {
                self.run.drive = Drive::Stopped("a task was decided anew".to_owned());
            }
            _ => {}
        }
    }

    /// What was built on `task` is to be proven again, and what was built on that.
    fn age_dependents(&mut self, task: &TaskId) {
        let graph = self.graph.clone();
        let Some(undone) = graph.index(task) else {
            return;
        };
        let needing = graph.needing(undone);
        for &dependent in &needing {
            let at = &mut self.tasks[dependent];
            if at.phase != Phase::Done || at.merged.is_empty() {
                continue;
            }
            let needs = graph.needs(dependent);
            let reason = match needs.iter().find(|need| needing.contains(need)) {
                Some(&need) if !needs.contains(&undone) => {
                    format!("needs `{}`, which is stale", graph.tasks()[need].id)
                }
                _ => format!("needs `{task}`, which was reverted"),
            };
            at.fall(Phase::Stale, &reason);
            self.frontier.set(&graph, dependent, Standing::Stale);
        }
        // Whoever looks next finds something to prove: a finished run is taken up again.
        let is_open = !self.run.policy.final_verify.is_empty()
            || self.tasks.iter().any(|task| task.phase == Phase::Stale);
        if self.run.drive == Drive::Finished && is_open {
            self.run.drive = Drive::Stopped(format!("task `{task}` was reverted"));
        }
    }

    /// The transition table.
    fn apply_to_task(&mut self, index: usize, recorded: &Recorded) -> Result<(), Illegal> {
        let tip = self.run.tip.clone();
        let unseen = self.run.policy.review == Review::Off && !self.graph.tasks()[index].review;
        let standing = self.frontier.standing(index);
        let task = &mut self.tasks[index];
        let phase = task.phase.clone();
        match (&phase, &recorded.event) {
            (
                Phase::Pending,
                Event::AttemptStarted {
                    attempt,
                    slot,
                    base,
                    executor,
                    ..
                },
            ) if *attempt > task.newest_number() && standing == Standing::Pending => {
                task.begin(*attempt, *slot, base, executor.as_deref());
            }
            (Phase::Attempting(slot), event @ Event::AttemptEnded { attempt, .. })
                if *attempt == task.attempts =>
            {
                task.phase = Phase::Ended(*slot);
                task.end(event, recorded.seq);
            }
            (
                Phase::Attempting(_) | Phase::Ended(_) | Phase::Accepted(_),
                event @ Event::AttemptAbandoned { attempt, .. },
            ) if *attempt == task.attempts => {
                task.phase = Phase::Pending;
                task.end(event, recorded.seq);
            }
            (
                Phase::Ended(slot),
                Event::Judged {
                    attempt,
                    verdict,
                    millis,
                    ..
                },
            ) if *attempt == task.attempts => {
                task.phase = match verdict.accepted {
                    Some(_) if unseen => Phase::Accepted(*slot),
                    Some(_) => Phase::InReview,
                    None => Phase::Refused,
                };
                task.judge(verdict, *millis);
                task.await_review();
            }
            (
                Phase::InReview,
                Event::Reviewed {
                    attempt,
                    approved: true,
                    ..
                },
            ) if *attempt == task.attempts => {
                task.phase = Phase::Accepted(NO_SLOT);
                task.reason = None;
            }
            (
                Phase::InReview | Phase::Failed | Phase::Partial | Phase::TimedOut | Phase::Blocked,
                Event::Reviewed {
                    attempt,
                    approved: false,
                    words,
                    ..
                },
            ) if *attempt == task.attempts => {
                task.set_aside("sent back by a person");
                task.reopen(words);
                task.continues = false;
            }
            (
                phase,
                Event::Reverted {
                    onto,
                    tip: by,
                    words,
                    ..
                },
            ) if *onto == tip && phase.slot().is_none() && !task.merged.is_empty() => {
                let undone = self.run.undone.take().into_iter();
                let undone = undone.chain(task.undo(by, words));
                self.run.undone = undone.min_by_key(|merged| merged.seq);
            }
            (
                Phase::Stale,
                Event::Judged {
                    attempt, verdict, ..
                },
            ) if *attempt == task.attempts => task.prove_again(verdict),
            (
                Phase::Accepted(_),
                Event::Integrated {
                    attempt,
                    commit,
                    onto,
                    proofs,
                    ..
                },
            ) if *attempt == task.attempts && *onto == tip => {
                task.phase = Phase::Done;
                task.merge(recorded.seq, commit, onto, proofs);
            }
            (
                Phase::Accepted(_),
                Event::Conflicted {
                    attempt, reason, ..
                },
            ) if *attempt == task.attempts => {
                task.phase = Phase::Refused;
                task.conflicts += 1;
                task.set_aside(reason);
            }
            (
                Phase::Refused,
                Event::Retried {
                    by: By::Policy,
                    continues,
                    ..
                },
            ) => {
                task.phase = Phase::Pending;
                task.continues = *continues;
            }
            (
                Phase::Refused,
                Event::Failed {
                    reason, partial, ..
                },
            ) => {
                let phase = if *partial {
                    Phase::Partial
                } else {
                    Phase::Failed
                };
                task.fall(phase, reason);
            }
            (Phase::Refused, Event::TimedOut { reason, .. }) => task.fall(Phase::TimedOut, reason),
            (Phase::Refused, Event::Blocked { reason, .. }) => task.fall(Phase::Blocked, reason),
            (Phase::Refused, Event::Kickback { signal, reason, .. }) => {
                task.fall(Phase::Kickback, &format!("{signal}: {reason}"));
            }
            (Phase::Refused, Event::Paused { reason, .. }) => {
                task.phase = Phase::Pending;
                task.set_aside(reason);
            }
            (
                Phase::Failed | Phase::Partial | Phase::TimedOut | Phase::Blocked | Phase::Kickback,
                Event::Asked { .. },
            ) if !task.asked => {
                task.asked = true;
            }
            (
                phase,
                Event::Retried {
                    by: By::Person,
                    words,
                    continues,
                    ..
                },
            ) if phase.may_be_retried(words) => {
                task.reopen(words);
                task.continues = *continues;
            }
            (
                Phase::Kickback | Phase::Blocked | Phase::Failed | Phase::Partial | Phase::TimedOut,
                Event::Answered { words, .. },
            ) => {
                task.reopen(words);
                task.continues = false;
            }
            (phase, Event::Skipped { reason, .. }) if phase.may_be_skipped() => {
                task.decided();
                task.fall(Phase::Skipped, reason);
            }
            (_, event) => {
                let standing = format!(
                    "task `{}` is {}",
                    self.graph.tasks()[index].id,
                    standing.name()
                );
                return Err(Illegal {
                    event: event.name(),
                    standing,
                });
            }
        }
        Ok(())
    }
}

/// Where a task stands before any event concerned it; one behind those of `graph` is the run's own.
fn initial(graph: &Graph, policy: &Policy, index: usize) -> TaskState {
    let mut state = TaskState::new();
    let Some(task) = graph.tasks().get(index) else {
        return state;
    };
    match task.imported.as_ref().map(|imported| imported.status) {
        Some(ImportedStatus::Done) => {
            state.phase = Phase::Done;
            state.commit = task
                .imported
                .as_ref()
                .and_then(|imported| imported.commit.clone());
        }
        Some(ImportedStatus::Skipped) => {
            state.phase = Phase::LeftOut;
            state.reason = Some("the plan's own files say that it was skipped".to_owned());
        }
        _ if !policy.selects(graph, index) => {
            state.phase = Phase::LeftOut;
            let why = match graph.tasks()[index].optional {
                true => "optional: `--only` runs it",
                false => "not selected for this run",
            };
            state.reason = Some(why.to_owned());
        }
        _ => {}
    }
    state
}
