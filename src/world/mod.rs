//! The world for real: each action of the core becomes work in slots, processes and refs.
//!
//! What is quick is done at once; what is slow goes to a thread that takes its slot along and sends both
//! back. One channel carries everything that can happen, so that one loop handles it. Only what was
//! [`Approved`] gets here, and only approved commands are run.

mod attempts;
mod commands;
mod ending;
mod interrupts;
mod judging;
mod leftovers;
mod live;
mod project;
mod slots;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

pub use interrupts::Interrupts;
pub use slots::remove_below as remove_worktrees;

use self::commands::Bench;
use self::judging::{FirstLook, Judgement};
use self::live::Live;
use self::project::Projected;
use self::slots::{Slot, Slots};
use crate::approval::Approved;
use crate::git::{Identity, Oid, Repo};
use crate::integrate::{self, Candidate, Integration};
use crate::journal::layout;
use crate::plan::TaskId;
use crate::process::environment;
use crate::run::crash;
use crate::run::engine::{Arrived, News, World};
use crate::run::event::{Event, Recorded};
use crate::run::policy::Executor;
use crate::run::schedule::Action;
use crate::run::state::{Drive, Phase, State};
use crate::verify::checks::{self, Found};

/// How often signals and stop requests are looked for while nothing else happens.
const GLANCE: Duration = Duration::from_millis(100);

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
    pub tell: fn(&str),
}

/// Asks a person what to do about a task; called on a thread of its own, and only one at a time.
pub type Asker = Arc<dyn Fn(&TaskId, &str, &str) -> Event + Send + Sync>;

/// The world for real.
pub struct Local {
    site: Site,
    approved: Approved,
    slots: Slots,
    live: Live,
    asker: Option<Asker>,
    interrupts: Interrupts,
    inbox: Receiver<Note>,
    outbox: Sender<Note>,
    /// Where the run's branch was last put.
    projected: Projected,
}

/// What a thread sends back.
struct Note {
    arrived: Result<Arrived>,
    slot: Option<(u32, Slot)>,
}

impl Local {
    /// A world for driving `approved` at `site`.
    pub fn new(
        site: Site,
        approved: Approved,
        asker: Option<Asker>,
        interrupts: Interrupts,
    ) -> Self {
        let policy = approved.policy();
        let slots = Slots::new(
            &site.run,
            site.worktrees.clone(),
            policy.setup.clone(),
            policy.fresh,
        );
        let projected = Projected::read(&site.repo, &site.run);
        let (outbox, inbox) = channel();
        Self {
            site,
            approved,
            slots,
            live: Live::default(),
            asker,
            interrupts,
            inbox,
            outbox,
            projected,
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

    fn attempt_dir(&self, task: &TaskId, attempt: u32) -> PathBuf {
        let slug = self.slug_of(task);
        layout::attempt_dir(self.site.repo.common_dir(), &self.site.run, slug, attempt)
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

    /// The commands that verify `task`, looked up where they would run.
    fn commands_of(&self, task: &TaskId, slot: u32) -> Vec<String> {
        let Some(task) = self.approved.graph().task(task) else {
            return Vec::new();
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let dir = self.slots.path(slot);
        checks::commands(
            task,
            &self.approved.policy().verify,
            &Found {
                path: &path,
                dir: Some(&dir),
            },
        )
    }

    fn bench(&self, dir: PathBuf, worktree: &std::path::Path) -> Bench {
        let policy = self.approved.policy();
        let mut env = environment::allowed(std::env::vars_os(), &policy.pass_env);
        env.extend(environment::fixed(worktree));
        Bench {
            program: self.site.program.clone(),
            dir,
            env,
            timeout_ms: policy.timeout_ms,
            grace_ms: policy.grace_ms,
            live: self.live.clone(),
        }
    }

    fn judge(&mut self, task: &TaskId, state: &State) -> Result<Option<Event>> {
        let (number, attempt) = self.occupied(task, state)?;
        let found = self
            .approved
            .graph()
            .task(task)
            .context("the plan has the task")?
            .clone();
        let judgement = Judgement {
            task: found,
            attempt,
            policy: self.approved.policy().clone(),
            commands: self.commands_of(task, number),
        };
        let tip: Oid = judgement
            .attempt
            .tip
            .as_deref()
            .unwrap_or(&judgement.attempt.base)
            .parse()?;
        self.slots.stand(&self.site.repo, number, tip)?;
        let mut slot = self.slots.take(&self.site.repo, number)?;
        let facts = match judgement.look(&slot)? {
            FirstLook::Decided(event) => {
                self.slots.put(number, slot);
                return Ok(Some(event));
            }
            FirstLook::Open(facts) => facts,
        };
        // Another driver may have left the worktree anywhere: the commands see the commit, nothing else.
        slot.worktree.detach(&slot.repo, tip)?;
        self.slots.put(number, slot);
        let dir = self.attempt_dir(task, judgement.attempt.number);
        let bench = self.bench(dir, &self.slots.path(number));
        self.begin(
            number,
            move |slot| Ok(judgement.finish(facts, slot, &bench)),
        )?;
        Ok(None)
    }

    /// The slot that `task` occupies and its newest attempt.
    fn occupied(
        &self,
        task: &TaskId,
        state: &State,
    ) -> Result<(u32, crate::run::state::AttemptState)> {
        let at = state.task(task).context("the plan has the task")?;
        let slot = at
            .phase
            .slot()
            .with_context(|| format!("task `{task}` occupies no slot"))?;
        Ok((slot, at.last().context("it was attempted")?.clone()))
    }

    fn integrate(&mut self, task: &TaskId, number: u32, state: &State) -> Result<Option<Event>> {
        let (slot, attempt) = self.occupied(task, state)?;
        let verdict = attempt.verdict.as_ref().context("it was judged")?;
        let commit = verdict.accepted.clone().context("it was accepted")?;
        let title = self
            .approved
            .graph()
            .task(task)
            .map_or("", |task| task.title.as_str());
        let subject = crate::journal::codec::subject_text(&format!("{task}: {title}"));
        let message = format!(
            "Merge {subject}\n\nRun: {}\nTask: {task}\nAttempt: {number}\n",
            self.site.run
        );
        let onto = state.run.tip.clone();
        let candidate = Candidate {
            base: attempt.base.parse()?,
            commit: commit.parse()?,
            onto: onto.parse()?,
            message: &message,
            author: &self.site.identity,
        };
        let outcome = integrate::prepare(&self.site.repo, candidate)?;
        let (task, attempt) = (task.clone(), number);
        let integrated = |tip: String| Event::Integrated {
            task: task.clone(),
            attempt,
            commit: commit.clone(),
            onto: onto.clone(),
            tip,
        };
        match outcome {
            Integration::FastForward => Ok(Some(integrated(commit.clone()))),
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
                let event = integrated(tip.to_string());
                let commands = self.commands_of(&task, slot);
                if !is_new_tree || commands.is_empty() {
                    return Ok(Some(event));
                }
                let bench = self.bench(self.attempt_dir(&task, attempt), &self.slots.path(slot));
                self.slots.stand(&self.site.repo, slot, tip)?;
                self.begin(slot, move |slot| {
                    slot.worktree.clean(&slot.repo, tip)?;
                    slot.used = true;
                    Ok(attempts::proven_merge(event, &commands, slot, &bench))
                })?;
                Ok(None)
            }
        }
    }

    fn verify_all(&mut self, commit: &str, state: &State) -> Result<()> {
        let place = self.site.worktrees.join("final");
        let commands = self.approved.policy().final_verify.clone();
        let dir = layout::local_run(self.site.repo.common_dir(), &self.site.run).join("final");
        let bench = self.bench(dir, &place);
        let repo = self.site.repo.reopen()?;
        let (commit, outbox) = (commit.to_owned(), self.outbox.clone());
        let reason = format!("run {}: final verification", state.run.id);
        std::thread::spawn(move || {
            let arrived =
                attempts::final_verification(&repo, &place, &reason, &commit, &commands, &bench);
            outbox
                .send(Note {
                    arrived,
                    slot: None,
                })
                .unwrap_or_default();
        });
        Ok(())
    }

    fn ask(&mut self, task: &TaskId, state: &State) -> Result<()> {
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
        let (task, outbox) = (task.clone(), self.outbox.clone());
        std::thread::spawn(move || {
            let event = asker(&task, &reason, &last_completed);
            let arrived = Ok(Arrived {
                event,
                attachments: Vec::new(),
            });
            outbox
                .send(Note {
                    arrived,
                    slot: None,
                })
                .unwrap_or_default();
        });
        Ok(())
    }

    /// Moves the run's branch; what somebody else did to it is told, never undone.
    fn project_branch(&mut self, state: &State) -> Result<()> {
        let found = project::branch(&self.site.repo, state, &mut self.projected)?;
        if let Some(found) = found {
            let branch = layout::integration_branch(&state.run.id);
            (self.site.tell)(&format!(
                "note: {branch} was moved to {found} by somebody else and is left there; the run goes on at {}",
                state.run.tip
            ));
        }
        Ok(())
    }

    fn tidy(&mut self, state: &State) -> Result<()> {
        if state.run.drive == Drive::Finished {
            self.slots.remove_all(&self.site.repo)?;
            // Prompts and outputs are in the journal, redacted; the raw ones have served.
            let attempts = layout::attempts_dir(self.site.repo.common_dir(), &self.site.run);
            if attempts.exists() {
                std::fs::remove_dir_all(&attempts)
                    .with_context(|| format!("`{}` cannot be removed", attempts.display()))?;
            }
        }
        Ok(())
    }
}

impl World for Local {
    fn prepare(&mut self, action: &Action, state: &State) -> Result<Option<Event>> {
        match action {
            Action::Start {
                task,
                attempt,
                slot,
                base,
                from,
            } => {
                let branch = self.branch_of(task);
                let used = leftovers::newest_attempt(&self.site, self.slug_of(task));
                self.slots
                    .ready(&self.site.repo, *slot, &branch, base.parse()?)?;
                Ok(Some(Event::AttemptStarted {
                    task: task.clone(),
                    // The journal may have been moved back since a number was used.
                    attempt: (*attempt).max(used + 1),
                    slot: *slot,
                    base: base.clone(),
                    from: from.clone(),
                }))
            }
            Action::Judge { task, .. } => self.judge(task, state),
            Action::Integrate { task, attempt } => self.integrate(task, *attempt, state),
            Action::VerifyAll { commit } => self.verify_all(commit, state).map(|()| None),
            Action::Ask { task } => self.ask(task, state).map(|()| None),
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
            } => self.start_attempt(task, *attempt, *slot, from.as_deref(), state),
            Event::Integrated { task, .. } => {
                self.project_branch(state)?;
                let index = self.approved.graph().index(task);
                let tasks: Vec<usize> = index.into_iter().collect();
                project::notes(&self.site.repo, state, &tasks, &self.site.identity)
            }
            Event::Finished => self.tidy(state),
            _ => Ok(()),
        }
    }

    fn settle(&mut self, state: &State) -> Result<()> {
        leftovers::end_all(&self.site)?;
        self.site.repo.clear_stale_locks(&[
            &layout::task_branches(&state.run.id),
            &layout::integration_branch(&state.run.id),
            &layout::run_ref(&state.run.id),
        ])?;
        project::unlock_notes(&self.site.repo)?;
        crash::step("leftovers-ended");
        project::withdraw(&self.site.repo, state, &self.projected, &self.site.identity)?;
        self.project_branch(state)?;
        let unnoted = project::unnoted(&self.site.repo, state)?;
        if !unnoted.is_empty() {
            project::notes(&self.site.repo, state, &unnoted, &self.site.identity)?;
        }
        self.tidy(state)
    }

    fn recover(&mut self, task: &TaskId, attempt: u32, state: &State) -> Result<Arrived> {
        self.recover_attempt(task, attempt, state)
    }

    fn wait(&mut self) -> Result<News> {
        loop {
            if let Some(news) = self
                .interrupts
                .next(self.site.repo.common_dir(), &self.site.run)
            {
                return Ok(news);
            }
            let note = match self.inbox.recv_timeout(GLANCE) {
                Ok(note) => note,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(anyhow!("no thread can report any more"));
                }
            };
            if let Some((number, slot)) = note.slot {
                self.slots.put(number, slot);
            }
            let arrived = note.arrived?;
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
