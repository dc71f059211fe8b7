//! Preparing what is not an attempt: judging one, integrating it, proving the whole, asking a person.
//!
//! Each is done at once when git alone can answer, and begun on a thread when commands or people must.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use super::attempts::Whole;
use super::base::Base;
use super::commands::Bench;
use super::judging::{FirstLook, Judgement};
use super::{Local, Person, attempts};
use crate::git::Oid;
use crate::integrate::{self, Candidate, Integration};
use crate::journal::layout;
use crate::plan::{Expects, TaskId};
use crate::run::engine::Arrived;
use crate::run::event::Event;
use crate::run::names::short;
use crate::run::state::{AttemptState, NO_SLOT, State};
use crate::verify::checks::Planned;

impl Local {
    pub(super) fn judge(&mut self, task: &TaskId, state: &State) -> Result<Option<Event>> {
        let (number, attempt) = self.occupied(task, state)?;
        self.look_at(task, number, attempt, None, state)
    }

    /// Proves on the run's branch as it is now what `task` integrated some time ago.
    pub(super) fn reverify(&mut self, task: &TaskId, state: &State) -> Result<Option<Event>> {
        let at = state.task(task).context("the plan has the task")?;
        let mut attempt = at.last().context("it was attempted")?.clone();
        attempt.tip = Some(state.run.tip.clone());
        self.look_at(task, NO_SLOT, attempt, at.commit.clone(), state)
    }

    /// Judges `attempt` in the slot `number`; with `integrated`, what became of that commit of it since.
    fn look_at(
        &mut self,
        task: &TaskId,
        number: u32,
        attempt: AttemptState,
        integrated: Option<String>,
        state: &State,
    ) -> Result<Option<Event>> {
        let found = self
            .approved
            .graph()
            .task(task)
            .context("the plan has the task")?
            .clone();
        let base = self.site.repo.oid(&attempt.base)?;
        let tip = attempt.tip.as_ref().unwrap_or(&attempt.base);
        let tip = self.site.repo.oid(tip)?;
        self.slots.stand(&self.site.repo, number, tip)?;
        let mut checks = self.checks_of(task, number, base, state);
        // That its tests failed was seen when they were new; what they test may stand by now.
        if integrated.is_some() && found.expects == Some(Expects::Failing) {
            checks.commands.clear();
        }
        let mut slot = self.slots.take(&self.site.repo, number)?;
        let foreign = match integrated {
            None => self.foreign(task, &attempt, &slot, state)?,
            Some(_) => None,
        };
        let judgement = Judgement {
            foreign,
            base: self.base(base, number),
            task: found,
            attempt,
            integrated,
            hook: self.approved.policy().hooks.post_task.clone(),
            policy: self.approved.policy().clone(),
            checks,
        };
        let facts = match judgement.look(&slot)? {
            FirstLook::Decided(event) => {
                self.slots.put(number, slot);
                return Ok(Some(*event));
            }
            FirstLook::Open(facts) => facts,
        };
        // Another driver may have left the worktree anywhere: the commands see the commit, nothing else.
        if number == NO_SLOT {
            slot.worktree.clean(&slot.repo, tip)?;
        }
        slot.worktree.detach(&slot.repo, tip)?;
        let bench = self.bench_of(task, &judgement.attempt, number, &slot.worktree);
        self.slots.put(number, slot);
        self.begin(number, move |slot| {
            judgement.finish(facts, slot, tip, &bench)
        })?;
        Ok(None)
    }

    /// The slot that `task` occupies and its newest attempt.
    fn occupied(&self, task: &TaskId, state: &State) -> Result<(u32, AttemptState)> {
        let at = state.task(task).context("the plan has the task")?;
        let slot = at
            .phase
            .slot()
            .with_context(|| format!("task `{task}` occupies no slot"))?;
        Ok((slot, at.last().context("it was attempted")?.clone()))
    }

    fn merge_message(&self, task: &TaskId, attempt: u32) -> String {
        let found = self.approved.graph().task(task);
        let title = found.map_or("", |task| task.title.as_str());
        let subject = crate::journal::codec::subject_text(&format!("{task}: {title}"));
        format!(
            "Merge {subject}\n\nRun: {}\nTask: {task}\nAttempt: {attempt}\n",
            self.site.run
        )
    }

    pub(super) fn integrate(
        &mut self,
        task: &TaskId,
        number: u32,
        state: &State,
    ) -> Result<Option<Event>> {
        let (slot, attempt) = self.occupied(task, state)?;
        let verdict = attempt.verdict.as_ref().context("it was judged")?;
        let commit = verdict.accepted.clone().context("it was accepted")?;
        let message = self.merge_message(task, number);
        let onto = state.run.tip.clone();
        let candidate = Candidate {
            base: self.site.repo.oid(&attempt.base)?,
            commit: self.site.repo.oid(&commit)?,
            onto: self.site.repo.oid(&onto)?,
            message: &message,
            author: &self.site.identity,
        };
        let outcome = integrate::prepare(&self.site.repo, candidate)?;
        let (task, tried, attempt) = (task.clone(), attempt, number);
        let integrated = |tip: &str| Event::Integrated {
            task: task.clone(),
            attempt,
            commit: commit.clone(),
            onto: onto.clone(),
            tip: tip.to_owned(),
            proofs: Vec::new(),
        };
        match outcome {
            Integration::FastForward => Ok(Some(integrated(&commit))),
            Integration::Conflict(paths) => {
                let reason = format!(
                    "conflicts with what was integrated meanwhile in {}",
                    paths.join(", ")
                );
                Ok(Some(Event::Conflicted {
                    task,
                    attempt,
                    commit,
                    onto,
                    paths,
                    reason,
                }))
            }
            Integration::Merged { tip, is_new_tree } => {
                let event = integrated(&tip.to_string());
                let base = self.site.repo.oid(&tried.base)?;
                if is_new_tree {
                    self.slots.stand(&self.site.repo, slot, tip)?;
                }
                let commands = self.checks_of(&task, slot, base, state).commands;
                let found = self.approved.graph().task(&task);
                // Tests that must fail prove nothing of what else is there.
                let is_red = found.is_some_and(|task| task.expects == Some(Expects::Failing));
                if !is_new_tree || is_red || commands.is_empty() {
                    return Ok(Some(event));
                }
                let held = self.slots.take(&self.site.repo, slot)?;
                let bench = self.bench_of(&task, &tried, slot, &held.worktree);
                self.slots.put(slot, held);
                let before = self.base(self.site.repo.oid(&onto)?, slot);
                self.prove(event, slot, tip, commands, bench, before)
                    .map(|()| None)
            }
        }
    }

    /// Begins to run `commands` on the merged tree: what holds alone need not hold together.
    fn prove(
        &mut self,
        event: Event,
        slot: u32,
        tip: Oid,
        commands: Vec<Planned>,
        bench: Bench,
        before: Base,
    ) -> Result<()> {
        self.begin(slot, move |slot| {
            slot.worktree.clean(&slot.repo, tip)?;
            slot.used = true;
            attempts::proven_merge(event, &commands, &slot.site(tip)?, &bench, &before)
        })
    }

    /// Where commands that fail in the slot `number` are run once more: on `commit`, which is what was before.
    fn base(&self, commit: Oid, number: u32) -> Base {
        Base {
            commit,
            place: self.site.worktrees.join(format!("base-{number}")),
            purpose: format!("run {}: what was before", self.site.run),
        }
    }

    pub(super) fn verify_all(&mut self, commit: &str, state: &State) -> Result<()> {
        let place = self.site.worktrees.join("final");
        let policy = self.approved.policy();
        let commands: Vec<Planned> = policy.final_verify.iter().map(Planned::verify).collect();
        let bench = self.whole_bench("final", &place, state);
        let repo = self.site.repo.reopen()?;
        let base = self.base(repo.oid(&state.run.base)?, NO_SLOT);
        let before_all = self.asker.clone().filter(|_| commit == state.run.base);
        let commit = commit.to_owned();
        let purpose = format!("run {}: final verification", state.run.id);
        self.begin_apart(move || {
            let whole = Whole {
                repo: &repo,
                place: &place,
                purpose: &purpose,
                commands: &commands,
                bench: &bench,
            };
            let mut arrived = attempts::final_verification(&whole, &commit, &base)?;
            if let Some(person) = before_all {
                stopped_by(&*person, &mut arrived.event);
            }
            Ok(arrived)
        });
        Ok(())
    }

    /// What runs the commands that prove the whole in a worktree at `place`; their files are known by `name`.
    pub(super) fn whole_bench(&self, name: &str, place: &Path, state: &State) -> Bench {
        let common_dir = self.site.repo.common_dir();
        let stem = layout::local_run(common_dir, &self.site.run).join(name);
        let names: [(&str, &OsStr); 3] = [
            ("ENACT_RUN", self.site.run.as_ref()),
            ("ENACT_BASE", state.run.base.as_ref()),
            ("ENACT_WORKTREE", place.as_os_str()),
        ];
        let names = names.map(|(name, value)| (name.into(), value.into()));
        self.bench(stem, place, names.to_vec())
    }

    pub(super) fn ask(&mut self, task: &TaskId, state: &State) -> Result<()> {
        let asker = self
            .asker
            .clone()
            .ok_or_else(|| anyhow!("nobody can be asked here"))?;
        let at = state.task(task).context("the plan has the task")?;
        let reason = at.reason.clone().unwrap_or_default();
        let claim = at.last().and_then(|last| last.claim.as_ref());
        let last_completed = claim
            .map(|claim| claim.last_completed.clone())
            .unwrap_or_default();
        let task = task.clone();
        self.begin_apart(move || {
            Ok(Arrived {
                event: asker.decides(&task, &reason, &last_completed),
                attachments: Vec::new(),
            })
        });
        Ok(())
    }
}

/// Leaves it to a person whether anything is begun on a base that fails.
fn stopped_by(person: &dyn Person, event: &mut Event) {
    let Event::Verified {
        commit,
        passed: false,
        reasons,
        ..
    } = event
    else {
        return;
    };
    let told = format!(
        "the base {} fails already: {}",
        short(commit),
        reasons.join("; ")
    );
    if !person.agrees(&format!("{told}\nGo on all the same?")) {
        *event = Event::Stopped {
            reason: format!("{told}; stopped by decision"),
        };
    }
}
