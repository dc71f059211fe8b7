//! Having somebody look into what a kickback says must be found out first.
//!
//! Whoever does it works where nothing is kept: only what it answers counts, and reaches the next attempt as a
//! person's answer would. Without an answer a person is asked.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::Local;
use crate::attempt::{self, Invocation, Place, prompt};
use crate::git::Oid;
use crate::journal::Clock;
use crate::plan::TaskId;
use crate::run::engine::Arrived;
use crate::run::event::{By, Event};
use crate::run::policy::Policy;
use crate::run::state::{NO_SLOT, State};

impl Local {
    /// Begins to look into what the newest attempt of `task` asks.
    pub(super) fn research(&mut self, task: &TaskId, attempt: u32, state: &State) -> Result<()> {
        let policy = self.approved.policy();
        let executor = policy.research.as_ref().context("somebody researches")?;
        let policy = policy.for_research(executor, prompt::RESEARCH);
        let tip = self.site.repo.oid(&state.run.tip)?;
        self.slots.stand(&self.site.repo, NO_SLOT, tip)?;
        let mut slot = self.slots.take(&self.site.repo, NO_SLOT)?;
        slot.worktree.clean(&slot.repo, tip)?;
        let invocation = self.question(task, attempt, &policy, &slot.worktree, tip, state);
        self.slots.put(NO_SLOT, slot);
        let Invocation {
            order,
            files,
            secrets,
        } = invocation?;
        let (supervisors, live, task) = (self.supervisors.clone(), self.live.clone(), task.clone());
        let reader = policy.executor.reader();
        self.begin(NO_SLOT, move |slot| {
            slot.used = true;
            slot.worktree.unsettle();
            let supervised = supervisors.start(&order, &files.mark)?;
            let entry = live.enter(supervised.canceller());
            let ended = supervised.wait();
            drop(entry);
            if !ended.survivors.is_empty() {
                bail!(
                    "processes that look into task `{task}` could not be ended: {:?}; end them, then resume",
                    ended.survivors
                );
            }
            let now = Clock::from_env()?.now();
            let event = match files.findings(&ended, &reader, now, &secrets) {
                Ok(words) => Event::Answered {
                    task,
                    by: By::Policy,
                    words,
                },
                Err(why) => Event::Asked {
                    task,
                    reason: format!("it was looked into in vain: {why}"),
                    last_completed: String::new(),
                },
            };
            Ok(Arrived {
                event,
                attachments: Vec::new(),
            })
        })
    }

    fn question(
        &self,
        task: &TaskId,
        attempt: u32,
        policy: &Policy,
        worktree: &crate::git::Worktree,
        base: Oid,
        state: &State,
    ) -> Result<Invocation> {
        let beside = |stem: PathBuf| attempt::ending(&stem, "research");
        let (stem, told) = (
            beside(self.attempt_stem(task, attempt)),
            beside(self.slot_stem(NO_SLOT)),
        );
        let base = base.to_string();
        let place = Place {
            run: &self.site.run,
            attempt,
            base: &base,
            worktree: worktree.path(),
            git_dir: &worktree.their_git_dir(),
            git_common_dir: &worktree.their_common_dir(&self.site.repo),
            files: &stem,
            told: &told,
        };
        let package = self.package(task, state, true)?;
        let mut asked = Invocation::new(&place, &package, policy, std::env::vars_os())?;
        let also = [&*asked.files.result, &asked.files.answer];
        self.confine(&mut asked.order, worktree, &also)?;
        Ok(asked)
    }
}
