//! Judging an attempt in its slot: facts from git, then the task's commands, then the rules.

use std::collections::HashSet;

use anyhow::Result;

use super::Local;
use super::base::Base;
use super::commands::{Bench, run, run_all};
use super::slots::Slot;
use crate::git::Oid;
use crate::plan::{Task, TaskId};
use crate::run::engine::Arrived;
use crate::run::event::Event;
use crate::run::policy::Policy;
use crate::run::state::{AttemptState, Phase, State};
use crate::verify::checks::{self, Checks, Demands, Found, Purpose};
use crate::verify::facts::{CheckRun, Facts};
use crate::verify::{expected, observe, rules};

/// A judgement to be made.
pub(super) struct Judgement {
    pub(super) task: Task,
    pub(super) attempt: AttemptState,
    /// The commit of it that was integrated some time ago and is to be proven again.
    pub(super) integrated: Option<String>,
    pub(super) policy: Policy,
    /// Another task whose commits the attempt has.
    pub(super) foreign: Option<TaskId>,
    /// What is left to be run once git has nothing against the attempt.
    pub(super) checks: Checks,
    /// What a command that fails is compared with.
    pub(super) base: Base,
    /// What is run last, when nothing else has anything against the attempt.
    pub(super) hook: Option<String>,
}

/// What git alone says, which is all there is when it says no or no command is to be run.
pub(super) enum FirstLook {
    Decided(Box<Event>),
    /// The commands decide.
    Open(Box<Facts>),
}

impl Local {
    /// What verifies `task`, looked up where it would run and in what the attempt started from.
    pub(super) fn checks_of(&self, task: &TaskId, slot: u32, base: Oid, state: &State) -> Checks {
        let Some(task) = self.approved.graph().task(task) else {
            return Checks::default();
        };
        let found = Found {
            base: Some((&self.site.repo, base)),
            ..Found::beside(self.slots.path(slot))
        };
        // What is demanded in words stands where the body does, which may be a file of its own.
        let source = task.source.as_ref();
        let full = source.and_then(|source| self.unfolded(task, source).ok());
        let acceptance = full.map_or_else(
            || task.acceptance.clone(),
            |unfolded| unfolded.task.acceptance,
        );
        let task = Task {
            acceptance,
            ..task.clone()
        };
        checks::sort(&task, &self.demands(state), &found)
    }

    /// The task whose commits `attempt` of `task` has besides what it began with: of those that run beside it, and
    /// of those that ended before it and were not refused.
    pub(super) fn foreign(
        &self,
        task: &TaskId,
        attempt: &AttemptState,
        slot: &Slot,
        state: &State,
    ) -> Result<Option<TaskId>> {
        let repo = &self.site.repo;
        let Some(tip) = &attempt.tip else {
            return Ok(None);
        };
        let (base, tip) = (repo.oid(&attempt.base)?, repo.oid(tip)?);
        // What cannot be read is refused for that.
        let own = repo.commits_between(base, tip).unwrap_or_default();
        let own: HashSet<String> = own.iter().map(Oid::to_string).collect();
        let tasks = state.graph().tasks();
        for other in (0..tasks.len()).filter(|&other| tasks[other].id != *task) {
            let id = &tasks[other].id;
            let at = state.at(other);
            let made = match (&at.phase, at.last()) {
                (Phase::Attempting(slot), _) => {
                    repo.branch_at(&self.slots.path(*slot), &self.branch_of(id))?
                }
                (_, Some(last)) if last.ended_seq < attempt.ended_seq && !last.is_refused() => {
                    let tip = last.tip.as_ref().filter(|tip| own.contains(*tip));
                    tip.map(|tip| repo.oid(tip)).transpose()?
                }
                _ => None,
            };
            // Two that do the same in the same second make the same commit.
            let is_had =
                |made: &Oid| own.contains(&made.to_string()) && !slot.worktree.was_made_here(*made);
            if made.filter(is_had).is_some() {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }

    /// What is demanded of each task. How deep is said by the run, which a kickback may have made heavier.
    pub(super) fn demands<'a>(&'a self, state: &State) -> Demands<'a> {
        Demands {
            weight: state.run.policy.weight,
            ..Demands::of(self.approved.policy())
        }
    }
}

impl Judgement {
    /// Looks at what git shows.
    pub(super) fn look(&self, slot: &Slot) -> Result<FirstLook> {
        let mut facts = observe::facts(&slot.repo, &self.task, &self.attempt, &self.policy)?;
        facts.foreign.clone_from(&self.foreign);
        facts.unrun.clone_from(&self.checks.unrun);
        facts.quality.clone_from(&self.checks.quality);
        facts.criteria.clone_from(&self.checks.criteria);
        let event = self.event(&facts, 0);
        let Event::Judged { verdict, .. } = &event else {
            return Ok(FirstLook::Decided(Box::new(event)));
        };
        if verdict.accepted.is_none() || (self.checks.commands.is_empty() && self.hook.is_none()) {
            return Ok(FirstLook::Decided(Box::new(event)));
        }
        Ok(FirstLook::Open(Box::new(facts)))
    }

    /// Runs the commands on what the attempt committed, and judges all.
    pub(super) fn finish(
        &self,
        mut facts: Box<Facts>,
        slot: &mut Slot,
        tip: Oid,
        bench: &Bench,
    ) -> Result<Arrived> {
        let started = std::time::Instant::now();
        slot.used = true;
        facts.checks = run_all(
            bench,
            &slot.site(tip)?,
            &self.checks.commands,
            Some(&self.base),
        )?;
        let mut others = facts
            .checks
            .iter()
            .filter(|check| check.purpose != Purpose::Verify);
        if expected::holds(&self.task, &facts.checks) && others.all(CheckRun::holds) {
            let run_hook = |hook: &String| run(bench, slot.worktree.path(), hook, "post-task");
            facts.hook = self.hook.as_ref().map(run_hook);
        }
        let millis = started.elapsed().as_millis() as u64;
        Ok(Arrived {
            event: self.event(&facts, millis),
            attachments: Vec::new(),
        })
    }

    fn event(&self, facts: &Facts, millis: u64) -> Event {
        let verdict = match &self.integrated {
            Some(commit) => rules::prove(facts, commit),
            None => rules::judge(&self.task, facts, self.policy.scope, self.policy.commit),
        };
        Event::Judged {
            task: self.task.id.clone(),
            attempt: self.attempt.number,
            verdict,
            again: self.integrated.is_some(),
            millis,
        }
    }
}
