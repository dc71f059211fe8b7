//! Starting attempts, taking up those of a dead driver, and the other slow work that ends in an event.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};

use super::Local;
use super::base::Base;
use super::commands::{Bench, Purity, Site, run, run_all};
use super::ending::{self, Particulars};
use super::live::Entry;
use super::slots::{Slot, copy_included};
use crate::attempt::package::{Dependency, Package, PreviousAttempt};
use crate::attempt::{Files, Invocation, Place, output};
use crate::crash;
use crate::git::{Oid, Repo};
use crate::journal;
use crate::plan::{self, TaskId};
use crate::process::supervise::{self, Supervised};
use crate::run::engine::Arrived;
use crate::run::event::Event;
use crate::run::evidence::{Outcome, ReasonKind};
use crate::run::policy::Executor;
use crate::run::proof::Proof;
use crate::run::state::{AttemptState, Phase, State, TaskState};
use crate::verify::checks::Planned;
use crate::verify::commands::{excused, failure};
use crate::verify::facts::CheckRun;

impl Local {
    /// Starts the process of an attempt that is on record.
    pub(super) fn start_attempt(
        &mut self,
        task: &TaskId,
        attempt: u32,
        number: u32,
        from: Option<&str>,
        state: &State,
    ) -> Result<()> {
        let mut what = self.particulars(task, attempt, state)?;
        let package = self.package(task, state, false)?;
        let mut slot = self.slots.take(&self.site.repo, number)?;
        if from.is_some() {
            self.lay_out_leftovers(&mut slot, task, &what, state)?;
        }
        let (stem, told) = (self.attempt_stem(task, attempt), self.slot_stem(number));
        let base = what.base.to_string();
        let place = Place {
            run: &self.site.run,
            attempt,
            base: &base,
            worktree: slot.worktree.path(),
            git_dir: slot.worktree.git_dir(),
            git_common_dir: self.site.repo.common_dir(),
            files: &stem,
            told: &told,
        };
        let invocation = Invocation::new(
            &place,
            &package,
            self.approved.policy(),
            std::env::vars_os(),
        )?;
        let hook = self.pre_task(task, number, &slot, state);
        self.slots.put(number, slot);
        what.secrets = invocation.secrets;
        crash::step("attempt-ordered");
        let (order, files) = (invocation.order, invocation.files);
        let (supervisors, live) = (self.supervisors.clone(), self.live.clone());
        let mark = files.mark.clone();
        let start = move || -> Result<(Supervised, Entry)> {
            let supervised = supervisors.start(&order, &mark)?;
            let entry = live.enter(supervised.canceller());
            Ok((supervised, entry))
        };
        let Some(hook) = hook else {
            let (supervised, entry) = start()?;
            return self.begin(number, move |slot| {
                slot.worktree.unsettle();
                see_through(&what, slot, supervised, entry, &files)
            });
        };
        self.begin(number, move |slot| {
            slot.worktree.unsettle();
            if let Some(end) = hook.stops(&what, slot, &files)? {
                return Ok(end);
            }
            let (supervised, entry) = start()?;
            see_through(&what, slot, supervised, entry, &files)
        })
    }

    /// What became of an attempt whose driver died: adopted when its process ended by itself, else abandoned
    /// with all that it left.
    pub(super) fn recover_attempt(
        &mut self,
        task: &TaskId,
        attempt: u32,
        state: &State,
    ) -> Result<Arrived> {
        let mut what = self.particulars(task, attempt, state)?;
        let number = slot_of(state, task);
        let stem = self.attempt_stem(task, attempt);
        let files = Files::of(&stem, &self.slot_stem(number));
        let survivors = supervise::sweep(&files.mark)?;
        if !survivors.is_empty() {
            bail!("processes of task `{task}` still run: {survivors:?}; end them, then resume");
        }
        let passed = crate::process::environment::allowed(
            std::env::vars_os(),
            &self.approved.policy().passed_to_executor(),
        );
        what.secrets = output::secrets(&passed);
        let name = format!("{}.{attempt}.aside", self.slug_of(task));
        what.aside = Some(self.site.worktrees.join(name));
        let Ok(mut slot) = self.slots.take(&self.site.repo, number) else {
            let tip = self.site.repo.read(&what.branch)?;
            return ending::abandoned_without_slot(&what, tip, &self.slots.path(number));
        };
        let ended = supervise::outcome_of(&files.mark);
        let arrived = match ended.filter(|ended| ended.outcome != Outcome::Cancelled) {
            Some(ended) => ending::arrived(&what, &mut slot, &ended, &files),
            None => ending::abandoned(&what, &mut slot, "its driver died"),
        };
        self.slots.put(number, slot);
        arrived
    }

    fn particulars(&self, task: &TaskId, attempt: u32, state: &State) -> Result<Particulars> {
        let policy = self.approved.policy();
        let found = self
            .approved
            .graph()
            .task(task)
            .context("the plan has the task")?;
        let last = state
            .task(task)
            .and_then(|task| task.last())
            .context("the attempt is on record")?;
        Ok(Particulars {
            run: self.site.run.clone(),
            task: found.clone(),
            attempt,
            base: self.site.repo.oid(&last.base)?,
            branch: self.branch_of(task),
            commit: policy.commit,
            author: self.site.identity.clone(),
            reader: policy.executor.reader(),
            secrets: Vec::new(),
            keeps_prompt: reads_prompt(&policy.executor),
            aside: None,
        })
    }

    /// The context that an executor is given.
    pub(super) fn package(&self, task: &TaskId, state: &State, has_ended: bool) -> Result<Package> {
        let graph = self.approved.graph();
        let index = graph.index(task).context("the plan has the task")?;
        let at = state.at(index);
        let dependencies = graph.needs(index).iter().filter_map(|&need| {
            let (needed, found) = (state.at(need), &graph.tasks()[need]);
            let claim = needed.last().and_then(|last| last.claim.as_ref());
            Some(Dependency {
                id: found.id.clone(),
                title: found.title.clone(),
                commit: needed.commit.clone()?,
                summary: claim.map(|claim| claim.notes.clone()).unwrap_or_default(),
            })
        });
        // Unless it has ended, the newest entry is the attempt that is about to run.
        let last = at.history.len().saturating_sub(usize::from(!has_ended));
        let earlier = &at.history[..last];
        let previous = earlier.iter().map(previous_attempt).collect();
        let found = &graph.tasks()[index];
        let package = Package::new(
            found,
            graph.plan(),
            state.run.policy.weight,
            dependencies.collect(),
            previous,
            at.words.clone(),
        );
        let package = match &found.source {
            Some(source) => {
                // The bytes that were approved, whatever lies in the checkout by now.
                let tip = journal::tip(&self.site.repo, &self.site.run)?;
                let bytes = journal::source(&self.site.repo, tip, &source.file)?;
                let unfolded = plan::unfolded(graph.plan().dialect, found, bytes);
                package.unfolded(unfolded.map_err(|fault| anyhow!(fault.message))?)
            }
            None => package,
        };
        let demands = self.demands(state);
        let quality = demands
            .quality(found)
            .map(|(_, command)| command.to_owned());
        let commands = demands.verify(found).iter().cloned().chain(quality);
        Ok(package.verified_by(commands))
    }

    /// Puts what the attempt before left into the slot: its commits on the branch, the rest uncommitted.
    fn lay_out_leftovers(
        &self,
        slot: &mut Slot,
        task: &TaskId,
        what: &Particulars,
        state: &State,
    ) -> Result<()> {
        let Some(left) = state.task(task).and_then(TaskState::leftovers) else {
            return Ok(());
        };
        let tip: Oid = left
            .tip
            .as_deref()
            .map(|tip| slot.repo.oid(tip))
            .transpose()?
            .unwrap_or(what.base);
        slot.worktree.switch(&slot.repo, &what.branch, tip)?;
        if let Some(salvage) = &left.salvage {
            let salvage = slot.repo.oid(salvage)?;
            slot.worktree.restore(tip, salvage)?;
        }
        Ok(())
    }
}

/// Waits for the executor's end, and says what it left.
fn see_through(
    what: &Particulars,
    slot: &mut Slot,
    supervised: Supervised,
    entry: Entry,
    files: &Files,
) -> Result<Arrived> {
    ending::store_early(what, &slot.repo, files);
    let ended = supervised.wait();
    drop(entry);
    if !ended.survivors.is_empty() {
        bail!(
            "processes of task `{}` could not be ended: {:?}; end them, then resume",
            what.task.id,
            ended.survivors
        );
    }
    ending::arrived(what, slot, &ended, files)
}

fn previous_attempt(attempt: &AttemptState) -> PreviousAttempt {
    let verdict = attempt.verdict.as_ref();
    let reasons = verdict
        .map(|verdict| verdict.reasons.as_slice())
        .unwrap_or_default();
    let texts = reasons.iter().map(|reason| reason.text.clone());
    PreviousAttempt {
        attempt: attempt.number,
        outcome: attempt.outcome.unwrap_or(Outcome::Lost),
        claim: attempt.said().cloned(),
        reasons: texts.chain(attempt.aside.clone()).collect(),
        no_commit: reasons
            .iter()
            .any(|reason| reason.kind == ReasonKind::NoCommit),
        salvage: attempt.salvage.clone().or_else(|| attempt.tip.clone()),
        words: Vec::new(),
    }
}

/// The integration, or a conflict when the task's commands fail on the merged tree.
pub(super) fn proven_merge(
    event: Event,
    commands: &[Planned],
    site: &Site<'_>,
    bench: &Bench,
    before: &Base,
) -> Result<Arrived> {
    let runs = run_all(bench, site, commands, Some(before))?;
    let failed = runs.iter().find(|run| !run.holds());
    let event = match (event, failed) {
        (mut event, None) => {
            if let Event::Integrated { proofs, .. } = &mut event {
                *proofs = proofs_of(&runs);
            }
            event
        }
        (
            Event::Integrated {
                task,
                attempt,
                commit,
                onto,
                ..
            },
            Some(failed),
        ) => Event::Conflicted {
            task,
            attempt,
            commit,
            onto,
            paths: Vec::new(),
            reason: format!(
                "fails together with what was integrated meanwhile: {}",
                failure(failed).text
            ),
        },
        (other, _) => other,
    };
    Ok(Arrived {
        event,
        attachments: Vec::new(),
    })
}

fn proofs_of(runs: &[CheckRun]) -> Vec<Proof> {
    runs.iter().filter_map(|run| run.proof.clone()).collect()
}

/// Proves the whole in a worktree of its own; what failed on `base` as well is told and refuses nothing.
pub(super) fn final_verification(
    repo: &Repo,
    place: &Path,
    reason: &str,
    commit: &str,
    commands: &[Planned],
    bench: &Bench,
    base: &Base,
) -> Result<Arrived> {
    let at = repo.oid(commit)?;
    repo.create_worktree(place, reason, at)?;
    copy_included(repo, place)?;
    // It is as new as that of a slot once was, and made usable in the same way.
    let set_up = bench.setup.as_deref();
    let set_up = set_up.map(|setup| run(bench, place, setup, "set-up"));
    let site = Site {
        repo,
        dir: place,
        commit: at,
        purity: Purity::Fresh,
    };
    let runs = match set_up.filter(|run| !run.passed) {
        Some(failed) => vec![failed],
        // Where the run began, there is nothing before.
        None => run_all(
            bench,
            &site,
            commands,
            Some(base).filter(|base| base.commit != at),
        )?,
    };
    crash::step("final-proven");
    repo.remove_worktree(place)?;
    let refuses = |run: &&CheckRun| !run.holds();
    let reasons: Vec<String> = runs.iter().filter(refuses).map(told).collect();
    let event = Event::Verified {
        commit: commit.to_owned(),
        passed: reasons.is_empty(),
        reasons,
        warnings: runs.iter().filter_map(excused).collect(),
        tests: runs.iter().filter_map(CheckRun::tested).collect(),
        proofs: proofs_of(&runs),
    };
    Ok(Arrived {
        event,
        attachments: Vec::new(),
    })
}

fn told(run: &CheckRun) -> String {
    if run.names_failures() {
        return failure(run).text;
    }
    let last = run
        .output
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty());
    let said = last
        .map(|line| format!(": {}", line.trim()))
        .unwrap_or_default();
    format!("`{}` ({}){said}", run.command, run.ended)
}

/// Whether an executor reads the prompt, so that it is worth keeping.
fn reads_prompt(executor: &Executor) -> bool {
    !matches!(executor, Executor::Shell)
}

/// The slot that a task occupied when its driver died.
fn slot_of(state: &State, task: &TaskId) -> u32 {
    match state.task(task).map(|task| &task.phase) {
        Some(Phase::Attempting(slot)) => *slot,
        _ => 1,
    }
}
