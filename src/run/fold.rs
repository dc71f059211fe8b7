//! How each event changes a [`State`]: the transition table.

use std::sync::Arc;

use super::event::{By, Event, Recorded};
use super::evidence::{ClaimStatus, ReasonKind, Signal};
use super::frontier::Frontier;
use super::policy::Policy;
use super::state::{
    AttemptState, Drive, FinalVerdict, Illegal, Landed, Phase, RunState, Standing, State, TaskState,
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
        };
        Ok(Self::restore(graph, header, Vec::new()))
    }

    /// A state from a snapshot: `tasks` holds those that any event concerned, the others are as
    /// `started` left them.
    pub fn restore(
        graph: Arc<Graph>,
        run: RunState,
        tasks: impl IntoIterator<Item = (TaskId, TaskState)>,
    ) -> Self {
        let mut states: Vec<TaskState> = (0..graph.len())
            .map(|task| initial(&graph, &run.policy, task))
            .collect();
        for (id, state) in tasks {
            if let Some(task) = graph.index(&id) {
                states[task] = state;
            }
        }
        let mut frontier = Frontier::new(&graph);
        for (task, state) in states.iter().enumerate() {
            frontier.set(&graph, task, state.phase.standing());
        }
        Self {
            run,
            graph,
            tasks: states,
            frontier,
        }
    }

    /// Changes the state as `recorded` says, or refuses it and changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), Illegal> {
        if recorded.seq != self.run.seq + 1 {
            return Err(self.illegal(
                &recorded.event,
                format!("event {} is the newest", self.run.seq),
            ));
        }
        match recorded.event.task() {
            Some(id) => {
                let task = self.graph.index(id).ok_or_else(|| {
                    self.illegal(&recorded.event, format!("the plan has no task `{id}`"))
                })?;
                self.apply_to_task(task, recorded)?;
                let standing = self.tasks[task].phase.standing();
                self.frontier.set(&self.graph, task, standing);
                self.after_task(&recorded.event);
            }
            None => self.apply_to_run(&recorded.event)?,
        }
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
                self.run.drive = Drive::Running;
                // What was missing may be there now.
                self.run.verified.take_if(|verdict| !verdict.passed);
            }
            Event::Stopped { reason } if self.run.drive == Drive::Running => {
                self.run.drive = Drive::Stopped(reason.clone());
            }
            Event::Paused { reason, until, .. } if self.run.drive == Drive::Running => {
                self.run.drive = Drive::Paused(reason.clone(), until.clone());
            }
            Event::Quarantined { reason } => self.run.drive = Drive::Quarantined(reason.clone()),
            Event::Verified {
                commit,
                passed,
                reasons,
            } if *commit == self.run.tip => {
                self.run.verified = Some(FinalVerdict {
                    commit: commit.clone(),
                    passed: *passed,
                    reasons: reasons.clone(),
                });
            }
            Event::Finished if self.run.drive == Drive::Running && self.counts().running == 0 => {
                self.run.drive = Drive::Finished;
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
            | Event::Skipped { .. }
                if self.run.drive == Drive::Finished =>
            {
                self.run.drive = Drive::Stopped("a task was decided anew".to_owned());
            }
            _ => {}
        }
    }

    /// The transition table.
    fn apply_to_task(&mut self, index: usize, recorded: &Recorded) -> Result<(), Illegal> {
        let tip = self.run.tip.clone();
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
                    ..
                },
            ) if *attempt > task.attempts && standing == Standing::Pending => {
                task.begin(*attempt, *slot, base);
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
                    Some(_) => Phase::Accepted(*slot),
                    None => Phase::Refused,
                };
                task.judge(verdict, *millis);
            }
            (
                Phase::Accepted(_),
                Event::Integrated {
                    attempt,
                    commit,
                    onto,
                    ..
                },
            ) if *attempt == task.attempts && *onto == tip => {
                task.phase = Phase::Done;
                task.commit = Some(commit.clone());
                task.reason = None;
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
            (Phase::Refused, Event::Failed { reason, .. }) => task.fall(Phase::Failed, reason),
            (Phase::Refused, Event::TimedOut { reason, .. }) => task.fall(Phase::TimedOut, reason),
            (Phase::Refused, Event::Blocked { reason, .. }) => task.fall(Phase::Blocked, reason),
            (Phase::Refused, Event::Kickback { signal, reason, .. }) => {
                task.fall(Phase::Kickback, &format!("{signal}: {reason}"));
            }
            (Phase::Refused, Event::Paused { reason, .. }) => {
                task.phase = Phase::Pending;
                task.set_aside(reason);
            }
            (Phase::Failed | Phase::TimedOut | Phase::Blocked, Event::Asked { .. })
                if !task.asked =>
            {
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
                Phase::Kickback | Phase::Blocked | Phase::Failed | Phase::TimedOut,
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

impl Phase {
    /// A kickback is never met with the same input again: it takes words.
    fn may_be_retried(&self, words: &str) -> bool {
        match self {
            Phase::Failed | Phase::TimedOut | Phase::Blocked | Phase::Skipped => true,
            Phase::Kickback => !words.is_empty(),
            _ => false,
        }
    }

    fn may_be_skipped(&self) -> bool {
        matches!(
            self,
            Phase::Pending | Phase::Failed | Phase::TimedOut | Phase::Blocked | Phase::Kickback
        )
    }
}

impl TaskState {
    fn begin(&mut self, attempt: u32, slot: u32, base: &str) {
        self.phase = Phase::Attempting(slot);
        self.attempts = attempt;
        self.history.push(AttemptState::begun(attempt, base));
    }

    fn end(&mut self, event: &Event, seq: u64) {
        let Some(last) = self.last_mut() else { return };
        last.ended_seq = seq;
        match event {
            Event::AttemptEnded {
                outcome,
                claim,
                tip,
                salvage,
                residue,
                usage,
                millis,
                committed_by_tool,
                ..
            } => {
                last.committed_by_tool = *committed_by_tool;
                last.outcome = Some(*outcome);
                last.claim = Some(claim.clone());
                last.tip.clone_from(tip);
                last.salvage.clone_from(salvage);
                last.residue = residue.clone();
                last.usage = usage.clone();
                last.millis += millis;
            }
            Event::AttemptAbandoned {
                tip,
                salvage,
                reason,
                ..
            } => {
                last.tip.clone_from(tip);
                last.salvage.clone_from(salvage);
                last.aside = Some(reason.clone());
            }
            _ => {}
        }
    }

    fn judge(&mut self, verdict: &super::evidence::Verdict, millis: u64) {
        let waits = verdict
            .reasons
            .iter()
            .any(|reason| reason.kind == ReasonKind::RateLimited);
        if verdict.accepted.is_none() && !waits {
            self.failures += 1;
        }
        if let Some(last) = self.last_mut() {
            last.verdict = Some(verdict.clone());
            last.millis += millis;
        }
    }

    fn set_aside(&mut self, reason: &str) {
        if let Some(last) = self.last_mut() {
            last.aside = Some(reason.to_owned());
        }
    }

    fn fall(&mut self, phase: Phase, reason: &str) {
        self.phase = phase;
        self.reason = Some(reason.to_owned());
    }

    fn reopen(&mut self, words: &str) {
        self.phase = Phase::Pending;
        self.reason = None;
        self.decided();
        if !words.is_empty() {
            self.words.push(words.to_owned());
        }
    }

    /// Whether its newest claim was a KICKBACK.
    pub fn kicked_back(&self) -> bool {
        let claim = self.last().and_then(|last| last.claim.as_ref());
        claim.is_some_and(|claim| claim.status == ClaimStatus::Kickback)
    }
}

/// Where a task stands before any event concerned it.
fn initial(graph: &Graph, policy: &Policy, index: usize) -> TaskState {
    let task = &graph.tasks()[index];
    let mut state = TaskState::new();
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
            state.reason = Some("not selected for this run".to_owned());
        }
        _ => {}
    }
    state
}

impl AttemptState {
    fn begun(number: u32, base: &str) -> Self {
        Self {
            number,
            base: base.to_owned(),
            outcome: None,
            claim: None,
            tip: None,
            salvage: None,
            committed_by_tool: false,
            residue: super::event::Residue::default(),
            usage: super::evidence::Usage::default(),
            verdict: None,
            aside: None,
            millis: 0,
            ended_seq: 0,
        }
    }
}
