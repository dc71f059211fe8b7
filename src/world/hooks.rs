//! The user's own commands at the turns of a task that are no judgement of it: before its executor starts, and
//! when it has failed for good. What a hook refuses is the attempt's end; who is only told refuses nothing.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::commands::{self, Bench};
use super::slots::Slot;
use super::{Local, ending};
use crate::attempt::Files;
use crate::git::{Oid, Repo};
use crate::plan::TaskId;
use crate::run::engine::{Arrived, News};
use crate::run::state::State;
use crate::verify::commands::refusal;
use crate::verify::facts::CheckRun;

/// How often hooks that are waited for, and whoever wants an end of it, are looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// How much of a reason a hook is told, in characters: executors claim at length, and no environment takes all.
const REASON_MAX: usize = 4096;

/// What is run before an executor starts.
pub(super) struct PreTask {
    command: String,
    bench: Bench,
}

impl PreTask {
    /// Runs it in the attempt's worktree; the attempt's end, if it is not to go on.
    pub(super) fn stops(
        &self,
        what: &ending::Particulars,
        slot: &mut Slot,
        files: &Files,
    ) -> Result<Option<Arrived>> {
        let started = Instant::now();
        let place = slot.worktree.path().to_owned();
        let hook = commands::run(&self.bench, &place, &self.command, "pre-task");
        if self.bench.live.is_cancelled() {
            return ending::abandoned(what, slot, "it was interrupted", files).map(Some);
        }
        if hook.passed {
            return Ok(None);
        }
        let millis = started.elapsed().as_millis() as u64;
        ending::vetoed(what, slot, &hook, millis, files).map(Some)
    }
}

/// What is told of a failure.
struct TaskFailed {
    command: String,
    bench: Bench,
    repo: Repo,
    place: PathBuf,
    /// What the worktree is for, in `git worktree list`.
    purpose: String,
    /// What it shows.
    at: Oid,
}

impl TaskFailed {
    fn run(mut self) -> Result<CheckRun> {
        let worktree = self
            .repo
            .create_worktree(&self.place, &self.purpose, self.at)?;
        let git_dir = worktree.their_git_dir().into_os_string();
        self.bench.env.push(("ENACT_GIT_DIR".into(), git_dir));
        let common_dir = worktree.their_common_dir(&self.repo).into_os_string();
        let common = ("ENACT_GIT_COMMON_DIR".into(), common_dir);
        self.bench.env.push(common);
        let bench = self.bench.around(&worktree);
        let run = commands::run(&bench, &self.place, &self.command, "task-failed");
        self.repo.remove_worktree(&self.place)?;
        Ok(run)
    }
}

impl Local {
    /// What is to be run before the newest attempt of `task`, whose worktree is that of `slot`.
    pub(super) fn pre_task(
        &self,
        task: &TaskId,
        number: u32,
        slot: &Slot,
        state: &State,
    ) -> Option<PreTask> {
        let command = self.approved.policy().hooks.pre_task.clone()?;
        let attempt = state.task(task)?.last()?;
        let bench = self.bench_of(task, attempt, number, &slot.worktree);
        Some(PreTask { command, bench })
    }

    /// Tells the hook of a task that has failed for good, beside whatever goes on. It sees what the last attempt
    /// left in a worktree of its own: the slot may be another task's by now.
    pub(super) fn tell_of_failure(
        &mut self,
        task: &TaskId,
        reason: &str,
        state: &State,
    ) -> Result<()> {
        let Some(command) = self.approved.policy().hooks.task_failed.clone() else {
            return Ok(());
        };
        let last = state.task(task).and_then(|task| task.last());
        let last = last.context("the task was attempted")?;
        let at = self.site.repo.oid(last.left().unwrap_or(&last.base))?;
        let name = format!("{}.{}.failed", self.slug_of(task), last.number);
        let place = self.site.worktrees.join(name);
        let number = last.number.to_string();
        let reason = reason.chars().filter(|c| *c != '\0').take(REASON_MAX);
        let reason: String = reason.collect();
        let names: [(&str, &OsStr); 6] = [
            ("ENACT_RUN", self.site.run.as_ref()),
            ("ENACT_TASK", task.as_str().as_ref()),
            ("ENACT_ATTEMPT", number.as_ref()),
            ("ENACT_BASE", last.base.as_ref()),
            ("ENACT_WORKTREE", place.as_os_str()),
            ("ENACT_REASON", reason.as_ref()),
        ];
        let names = names.map(|(name, value)| (name.into(), value.into()));
        let stem = self.attempt_stem(task, last.number);
        let hook = TaskFailed {
            purpose: format!("run {}, task {task}: task-failed hook", self.site.run),
            bench: self.bench(stem, &place, names.to_vec()),
            repo: self.site.repo.reopen()?,
            command,
            place,
            at,
        };
        let tell = self.site.tell.clone();
        self.informed
            .push(std::thread::spawn(move || match hook.run() {
                Ok(run) if run.passed => {}
                Ok(run) => tell(&format!("note: task-failed {}", refusal(&run))),
                Err(error) => tell(&format!(
                    "note: the task-failed hook could not run: {error:#}"
                )),
            }));
        Ok(())
    }

    /// Waits for hooks that were told of a failure. Nothing else is to be done any more, so a person who wants an
    /// end of it is heard here.
    pub fn hear_out(&mut self) {
        while self.informed.iter().any(|hook| !hook.is_finished()) {
            let common_dir = self.site.repo.common_dir();
            if let Some(News::Cancel(_)) = self.interrupts.next(common_dir, &self.site.run) {
                self.live.cancel();
            }
            std::thread::sleep(GLANCE);
        }
        self.informed.clear();
    }
}
