//! The world for real: each action of the core becomes work in slots, processes and refs.
//!
//! What is quick is done at once; what is slow goes to a thread that takes its slot along and sends both
//! back. One channel carries everything that can happen, so that one loop handles it. Only what was
//! [`Approved`] gets here, and only approved commands are run.

mod attempts;
mod base;
mod blaming;
mod commands;
mod context;
mod ending;
mod fence;
mod hooks;
mod interrupts;
mod judging;
mod known;
mod leftovers;
mod live;
mod looking;
mod marking;
mod preparing;
pub mod project;
mod radar;
mod research;
mod room;
mod sentry;
mod slots;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

pub use crate::attempt::Given;
pub use context::given;
pub use interrupts::Interrupts;
pub use leftovers::{attempted_here, end_all as end_processes, marks, remove_files};
pub use looking::{Kept, lend, place_to_look, take_back};
pub use marking::{Said, commit_progress};
pub use project::{all as project, remember};
pub use sentry::{
    Aftermath, aftermath, detailed, forget, holder, holds, listed, look_anew, put_back,
    put_file_back, shield, tampered,
};
pub use slots::{place_of, remove_below as remove_worktrees};

use self::commands::Bench;
use self::known::Known;
use self::leftovers::Numbers;
use self::live::Live;
use self::project::Projected;
use self::radar::Radar;
use self::sentry::Sentry;
use self::slots::{Slot, Slots};
use crate::approval::Approved;
use crate::attempt::{self, Place};
use crate::crash;
use crate::git::{Identity, Repo, Worktree};
use crate::journal::layout;
use crate::plan::TaskId;
use crate::process::environment;
use crate::process::supervise::Supervisors;
use crate::report::live::Teller;
use crate::run::engine::{Arrived, News, World};
use crate::run::event::{Event, Recorded};
use crate::run::schedule::Action;
use crate::run::state::{AttemptState, Drive, State, TaskState};

/// How often signals and stop requests are looked for while nothing else happens.
const GLANCE: Duration = Duration::from_millis(100);
/// How long nothing happens before what was put off is done.
const LULL: Duration = Duration::from_millis(20);
/// How many tasks the run's branch and the notes may lag behind the journal.
const LAG: usize = 64;

/// Where a world finds things.
pub struct Site {
    /// The repository.
    pub repo: Repo,
    /// The run's id.
    pub run: String,
    /// Who writes commits of ours.
    pub identity: Identity,
    /// Our own program, which supervises attempts.
    pub program: PathBuf,
    /// Where the run's worktrees are kept.
    pub worktrees: PathBuf,
    /// Tells a person what is no event.
    pub tell: Teller,
}

/// Whoever can be asked; called on a thread of its own, and one question at a time.
pub trait Person: Send + Sync {
    /// What to do about a task that failed for this reason, having come as far as it says.
    fn decides(&self, task: &TaskId, reason: &str, last_completed: &str) -> Event;
    /// Whether to do what is asked.
    fn agrees(&self, to: &str) -> bool;
}

/// Whoever can be asked, for all who ask.
pub type Asker = Arc<dyn Person>;

/// The world for real.
pub struct Local {
    site: Site,
    approved: Approved,
    slots: Slots,
    supervisors: Supervisors,
    live: Live,
    asker: Option<Asker>,
    interrupts: Interrupts,
    inbox: Receiver<Note>,
    outbox: Sender<Note>,
    /// Where the run's branch was last put.
    projected: Projected,
    /// Tasks that were integrated since the branch was moved and notes were written.
    behind: Vec<usize>,
    /// Which numbers of attempts are used up.
    numbers: Numbers,
    /// How commands went on trees.
    known: Known,
    /// Hooks that are told of a failure right now.
    informed: Vec<JoinHandle<()>>,
    radar: Radar,
    sentry: Option<Sentry>,
}

/// What a thread sends back.
struct Note {
    arrived: Result<Arrived>,
    slot: Option<(u32, Slot)>,
}

impl Local {
    /// A world for driving `approved` at `site`.
    pub fn new(
        mut site: Site,
        approved: Approved,
        asker: Option<Asker>,
        interrupts: Interrupts,
    ) -> Self {
        let policy = approved.policy();
        site.repo.isolate(policy.isolation);
        let slots = Slots::new(
            &site.run,
            site.worktrees.clone(),
            policy.setup.clone(),
            policy.fresh,
        );
        let numbers = Numbers::read(&site);
        let projected = Projected::read(&site.repo, &site.run);
        let (outbox, inbox) = channel();
        Self {
            supervisors: Supervisors::new(&site.program),
            site,
            approved,
            slots,
            live: Live::default(),
            asker,
            interrupts,
            inbox,
            outbox,
            projected,
            behind: Vec::new(),
            numbers,
            known: Known::default(),
            informed: Vec::new(),
            radar: Radar::default(),
            sentry: None,
        }
    }

    fn branch_of(&self, task: &TaskId) -> String {
        project::task_branch(&self.site.run, self.approved.graph(), task)
    }

    fn slug_of(&self, task: &TaskId) -> &str {
        let graph = self.approved.graph();
        let index = graph.index(task);
        index.map_or("unknown", |index| graph.slug(index))
    }

    fn attempt_stem(&self, task: &TaskId, attempt: u32) -> PathBuf {
        let slug = self.slug_of(task);
        layout::attempt_stem(self.site.repo.common_dir(), &self.site.run, slug, attempt)
    }

    /// Gives `work` the slot on a thread of its own; both come back as a note.
    fn begin(
        &mut self,
        number: u32,
        work: impl FnOnce(&mut Slot) -> Result<Arrived> + Send + 'static,
    ) -> Result<()> {
        let mut slot = self.slots.take(&self.site.repo, number)?;
        let outbox = self.outbox.clone();
        std::thread::spawn(move || {
            let arrived = work(&mut slot);
            // The world is gone only when the drive has ended.
            outbox
                .send(Note {
                    arrived,
                    slot: Some((number, slot)),
                })
                .unwrap_or_default();
        });
        Ok(())
    }

    /// Does `work`, which needs no slot, on a thread of its own; what it comes to is sent as a note.
    fn begin_apart(&self, work: impl FnOnce() -> Result<Arrived> + Send + 'static) {
        let outbox = self.outbox.clone();
        std::thread::spawn(move || {
            let note = Note {
                arrived: work(),
                slot: None,
            };
            outbox.send(note).unwrap_or_default();
        });
    }

    fn slot_stem(&self, slot: u32) -> PathBuf {
        layout::slot_stem(self.site.repo.common_dir(), &self.site.run, slot)
    }

    /// What runs the commands that verify an attempt: they know it by the same names as its executor.
    fn bench_of(
        &self,
        task: &TaskId,
        attempt: &AttemptState,
        slot: u32,
        worktree: &Worktree,
    ) -> Bench {
        let (base, attempt) = (&attempt.base, attempt.number);
        let told = self.slot_stem(slot);
        let stem = self.attempt_stem(task, attempt);
        let place = Place {
            run: &self.site.run,
            attempt,
            base,
            worktree: worktree.path(),
            git_dir: &worktree.their_git_dir(),
            git_common_dir: &worktree.their_common_dir(&self.site.repo),
            files: &stem,
            told: &told,
        };
        let names = attempt::names(&place, task);
        self.bench(stem.clone(), worktree.path(), names)
            .around(worktree)
    }

    fn bench(&self, stem: PathBuf, worktree: &Path, names: Vec<(OsString, OsString)>) -> Bench {
        let policy = self.approved.policy();
        let mut env = environment::allowed(std::env::vars_os(), &policy.pass_env);
        env.extend(environment::fixed(worktree));
        env.extend(names);
        Bench {
            supervisors: self.supervisors.clone(),
            stem,
            env,
            timeout_ms: policy.timeout_ms,
            grace_ms: policy.grace_ms,
            live: self.live.clone(),
            setup: policy.setup.clone(),
            known: self.known.clone(),
            fence: self.fence(),
        }
    }

    /// Moves the run's branch; what somebody else did to it is told, never undone.
    fn project_branch(&mut self, state: &State) -> Result<()> {
        if let Some(why) = project::branch(&self.site.repo, state, &mut self.projected)? {
            (self.site.tell)(&format!(
                "note: {} {why} and is left there; the run goes on at {}",
                layout::integration_branch(&state.run.id),
                state.run.tip
            ));
        }
        Ok(())
    }

    /// An executor's git that is killed may leave the repository's refs locked. The lock could as well be of
    /// a command of the user's that runs right now, so it is told and never removed.
    fn tell_of_foreign_locks(&self) {
        let left = self.site.repo.shared_locks().into_iter();
        // Who holds one is at work, and will be done.
        for lock in left.filter(|lock| lock.holders.is_empty()) {
            (self.site.tell)(&format!("note: {lock}; {}", lock.remedy()));
        }
    }

    /// Whoever commits on top of what an attempt committed would lose it to the next one. Where the attempt
    /// committed nothing this cannot be told from a start that a crash kept off the record.
    fn refuse_foreign_work(&self, branch: &str, task: &TaskId, state: &State) -> Result<()> {
        let repo = &self.site.repo;
        let last = state.task(task).and_then(TaskState::last);
        let Some(left) = last.and_then(|last| last.tip.as_ref()) else {
            return Ok(());
        };
        let (left, integrated) = (repo.oid(left)?, repo.oid(&state.run.tip)?);
        let Some(tip) = repo.read(branch)?.filter(|tip| *tip != left) else {
            return Ok(());
        };
        let is_on_top = repo.is_commit(tip) && repo.is_ancestor(left, tip)?;
        ensure!(
            !is_on_top || repo.is_ancestor(left, integrated)?,
            "`{branch}` has commits that are not the run's: keep them with `git branch NAME {tip}`, \
             then `git update-ref -d {branch}`"
        );
        Ok(())
    }

    fn tidy(&mut self, state: &State) -> Result<()> {
        if state.run.drive == Drive::Finished {
            self.slots.remove_all(&self.site.repo)?;
            // Prompts and outputs are in the journal, redacted; the raw ones have served.
            self.numbers.forget_files()?;
        }
        Ok(())
    }
}

impl World for Local {
    fn prepare(&mut self, action: &Action, state: &State) -> Result<Option<Event>> {
        self.approved.take_in(state)?;
        self.known.learn(state);
        match action {
            Action::Start {
                task,
                attempt,
                slot,
                base,
                from,
            } => {
                if let Some(paused) = self.want_of_room() {
                    return Ok(Some(paused));
                }
                let branch = self.branch_of(task);
                self.refuse_foreign_work(&branch, task, state)?;
                let used = self.numbers.newest(self.slug_of(task));
                self.slots
                    .ready(&self.site.repo, *slot, &branch, self.site.repo.oid(base)?)?;
                if state.attempting().next().is_none() {
                    self.allow_setup()?;
                }
                Ok(Some(Event::AttemptStarted {
                    task: task.clone(),
                    // The journal may have been moved back since a number was used.
                    attempt: (*attempt).max(used + 1),
                    slot: *slot,
                    base: base.clone(),
                    from: from.clone(),
                    executor: (self.approved.graph().index(task))
                        .and_then(|task| state.executor_for(task))
                        .map(str::to_owned),
                }))
            }
            Action::Judge { task, .. } => self.judge(task, state),
            Action::Reverify { task, .. } => self.reverify(task, state),
            Action::Integrate { task, attempt } => self.integrate(task, *attempt, state),
            Action::VerifyAll { commit } => self.verify_all(commit, state).map(|()| None),
            Action::Bisect { commit } => self.bisect(commit, state).map(|()| None),
            Action::Research { task, attempt } => {
                self.research(task, *attempt, state).map(|()| None)
            }
            Action::Ask { task } => self.ask(task, state).map(|()| None),
            Action::Finish => self.finish(state).map(Some),
            Action::Record(event) => Ok(Some((**event).clone())),
        }
    }

    fn follow(&mut self, recorded: &Recorded, state: &State) -> Result<()> {
        match &recorded.event {
            Event::Started { .. } => self.project_branch(state),
            Event::AttemptStarted {
                task,
                attempt,
                slot,
                from,
                ..
            } => {
                self.note_begin(task);
                self.start_attempt(task, *attempt, *slot, from.as_deref(), state)
            }
            // The next attempt needs neither branch nor note, so it is not kept waiting for them.
            Event::Integrated { task, .. }
            | Event::Judged {
                task, again: true, ..
            } => {
                self.behind.extend(self.approved.graph().index(task));
                if self.behind.len() < LAG {
                    return Ok(());
                }
                self.catch_up(state)
            }
            Event::Failed { task, reason, .. } | Event::TimedOut { task, reason } => {
                self.tell_of_failure(task, reason, state)
            }
            Event::Finished { progress } => {
                self.catch_up(state)?;
                if progress.is_some() {
                    self.project_branch(state)?;
                }
                self.hear_out();
                self.tidy(state)
            }
            _ => Ok(()),
        }
    }

    fn look_around(&mut self, state: &State) -> Result<Option<Event>> {
        self.see_tampering(state)
    }

    fn catch_up(&mut self, state: &State) -> Result<()> {
        if self.behind.is_empty() {
            return Ok(());
        }
        self.project_branch(state)?;
        project::notes(&self.site.repo, state, &self.behind, &self.site.identity)?;
        self.behind.clear();
        Ok(())
    }

    fn settle(&mut self, state: &State) -> Result<()> {
        self.approved.take_in(state)?;
        leftovers::end_all(&self.site.repo, &self.site.run)?;
        self.post_sentry()?;
        self.site.repo.clear_stale_locks(&[
            &layout::task_branches(&state.run.id),
            &layout::integration_branch(&state.run.id),
            &layout::run_ref(&state.run.id),
        ])?;
        project::unlock_notes(&self.site.repo)?;
        self.tell_of_foreign_locks();
        crash::step("leftovers-ended");
        project::withdraw(&self.site.repo, state, &self.projected, &self.site.identity)?;
        self.project_branch(state)?;
        let outdated = project::outdated(&self.site.repo, state)?;
        if !outdated.is_empty() {
            project::notes(&self.site.repo, state, &outdated, &self.site.identity)?;
        }
        self.tidy(state)
    }

    fn recover(&mut self, task: &TaskId, attempt: u32, state: &State) -> Result<Arrived> {
        self.approved.take_in(state)?;
        self.recover_attempt(task, attempt, state)
    }

    fn wait(&mut self, state: &State) -> Result<News> {
        loop {
            if let Some(news) = self
                .interrupts
                .next(self.site.repo.common_dir(), &self.site.run)
            {
                return Ok(news);
            }
            let patience = if self.behind.is_empty() { GLANCE } else { LULL };
            let note = match self.inbox.recv_timeout(patience) {
                Ok(note) => note,
                Err(RecvTimeoutError::Timeout) => {
                    self.catch_up(state)?;
                    self.watch(state);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(anyhow!("no thread can report any more"));
                }
            };
            if let Some((number, slot)) = note.slot {
                self.slots.put(number, slot);
            }
            let arrived = note.arrived?;
            self.distrust_for_room(&arrived.event)?;
            // A check that was cut short says nothing about what it checked.
            if self.live.is_cancelled() && !is_end_of_attempt(&arrived.event) {
                continue;
            }
            return Ok(News::Arrived(Box::new(arrived)));
        }
    }

    fn cancel(&mut self) {
        self.live.cancel();
    }
}

fn is_end_of_attempt(event: &Event) -> bool {
    matches!(
        event,
        Event::AttemptEnded { .. } | Event::AttemptAbandoned { .. }
    )
}
