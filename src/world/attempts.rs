//! Starting attempts, taking up those of a dead driver, and the other slow work that ends in an event.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::Local;
use super::base::Base;
use super::commands::{Bench, Purity, Site, run, run_all};
use super::context;
use super::ending::{self, Particulars};
use super::live::Entry;
use super::slots::{Slot, copy_included};
use crate::attempt::output::{self, Secrets};
use crate::attempt::{Files, Invocation, Place};
use crate::crash;
use crate::git::{Oid, Repo};
use crate::plan::TaskId;
use crate::process::supervise::{self, Supervised};
use crate::run::engine::Arrived;
use crate::run::event::Event;
use crate::run::evidence::Outcome;
use crate::run::policy::{Executor, Policy};
use crate::run::proof::Proof;
use crate::run::state::{Phase, State, TaskState};
use crate::verify::bisect::failed;
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
            git_dir: &slot.worktree.their_git_dir(),
            git_common_dir: &slot.worktree.their_common_dir(&slot.repo),
            files: &stem,
            told: &told,
        };
        let policy = self.policy_of(task, state);
        let mut invocation = Invocation::new(&place, &package, &policy, std::env::vars_os())?;
        let also = [&*invocation.files.result, &invocation.files.answer];
        self.confine(&mut invocation.order, &slot.worktree, &also)?;
        self.lay_rails(&mut invocation.order, &slot.worktree, task, &told)?;
        let hook = self.pre_task(task, number, &slot, state);
        slot.worktree.let_in(&name_of(&stem), &what.branch)?;
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
                see_through(what, slot, supervised, entry, &files)
            });
        };
        self.begin(number, move |slot| {
            if let Some(end) = hook.stops(&what, slot, &files)? {
                return Ok(end);
            }
            let (supervised, entry) = start()?;
            see_through(what, slot, supervised, entry, &files)
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
            &self.policy_of(task, state).passed_to_executor(),
        );
        what.secrets = output::secrets(&passed).with(files.marks());
        files.cleanse(&what.secrets)?;
        let name = format!("{}.{attempt}.aside", self.slug_of(task));
        what.aside = Some(self.site.worktrees.join(name));
        let Ok(mut slot) = self.slots.take(&self.site.repo, number) else {
            let tip = self.site.repo.read(&what.branch)?;
            return ending::abandoned_without_slot(&what, tip, &self.slots.path(number), &files);
        };
        let ended = supervise::outcome_of(&files.mark);
        let arrived = match ended.filter(|ended| ended.outcome != Outcome::Cancelled) {
            // Only a journal that somebody moved back has forgotten that.
            Some(_) if !slot.worktree.is_as_left_by(&name_of(&stem), &what.branch) => {
                let reason = "its worktree or its branch was used for something else since";
                ending::abandoned(&what, &mut slot, reason, &files)
            }
            Some(ended) => ending::arrived(&what, &mut slot, &ended, &files),
            None => ending::abandoned(&what, &mut slot, "its driver died", &files),
        };
        self.slots.put(number, slot);
        arrived
    }

    /// The policy as it holds for the newest attempt of `task`.
    fn policy_of(&self, task: &TaskId, state: &State) -> Cow<'_, Policy> {
        let last = state.task(task).and_then(TaskState::last);
        let by = last.and_then(|last| last.executor.as_deref());
        self.approved.policy().by(by)
    }

    fn particulars(&self, task: &TaskId, attempt: u32, state: &State) -> Result<Particulars> {
        let policy = self.policy_of(task, state);
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
            secrets: Secrets::default(),
            reads_prompt: reads_prompt(&policy.executor),
            told: Vec::new(),
            aside: None,
        })
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
    mut what: Particulars,
    slot: &mut Slot,
    supervised: Supervised,
    entry: Entry,
    files: &Files,
) -> Result<Arrived> {
    context::store_early(&mut what, &slot.repo, files);
    let ended = supervised.wait();
    let live = entry.leave();
    if !ended.survivors.is_empty() {
        bail!(
            "processes of task `{}` could not be ended: {:?}; end them, then resume",
            what.task.id,
            ended.survivors
        );
    }
    let arrived = ending::arrived(&what, slot, &ended, files)?;
    if ended.starved && matches!(arrived.event, Event::AttemptAbandoned { .. }) {
        live.starve();
    }
    Ok(arrived)
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

/// What proves the whole on a commit, in a worktree made for it.
pub(super) struct Whole<'a> {
    pub(super) repo: &'a Repo,
    pub(super) place: &'a Path,
    /// What the worktree is for, as git lists it.
    pub(super) purpose: &'a str,
    pub(super) commands: &'a [Planned],
    pub(super) bench: &'a Bench,
}

impl Whole<'_> {
    /// How the commands go on `commit`. The worktree is left to whoever asked.
    pub(super) fn run(&self, commit: Oid, base: Option<&Base>) -> Result<Vec<CheckRun>> {
        let Self {
            repo, place, bench, ..
        } = *self;
        let worktree = repo.create_worktree(place, self.purpose, commit)?;
        let common_dir = worktree.their_common_dir(repo).into_os_string();
        let mut bench = bench.around(&worktree);
        let common = ("ENACT_GIT_COMMON_DIR".into(), common_dir);
        bench.env.push(common);
        copy_included(repo, place)?;
        // It is as new as that of a slot once was, and made usable in the same way.
        let set_up = bench.setup.as_deref();
        let set_up = set_up.map(|setup| run(&bench.outside(), place, setup, "set-up"));
        let site = Site {
            repo,
            dir: place,
            commit,
            purity: Purity::Fresh,
        };
        match set_up.filter(|run| !run.passed || self.commands.is_empty()) {
            Some(alone) => Ok(vec![alone]),
            None => run_all(&bench, &site, self.commands, base),
        }
    }
}

/// Proves the whole; what failed on `base` as well is told and refuses nothing.
pub(super) fn final_verification(whole: &Whole<'_>, commit: &str, base: &Base) -> Result<Arrived> {
    let at = whole.repo.oid(commit)?;
    whole.repo.refuse_forged(at)?;
    // Where the run began, there is nothing before.
    let runs = whole.run(at, Some(base).filter(|base| base.commit != at))?;
    crash::step("final-proven");
    whole.repo.remove_worktree(whole.place)?;
    let refuses = |run: &&CheckRun| !run.holds();
    let reasons: Vec<String> = runs.iter().filter(refuses).map(told).collect();
    let event = Event::Verified {
        commit: commit.to_owned(),
        passed: reasons.is_empty(),
        reasons,
        warnings: runs.iter().filter_map(excused).collect(),
        tests: runs.iter().filter_map(CheckRun::tested).collect(),
        proofs: proofs_of(&runs),
        failures: runs.iter().filter(refuses).map(failed).collect(),
        blame: None,
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

/// The name that no other attempt of the run has, given how its files begin.
fn name_of(stem: &Path) -> String {
    let name = stem.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether an executor reads the prompt.
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
