//! Judging an attempt in its slot: facts from git, then the task's commands, then the rules.

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
use crate::run::state::{AttemptState, State};
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
