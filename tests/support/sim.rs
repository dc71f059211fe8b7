//! A world and a journal in memory, in which a driver can die between any two steps.
//!
//! What survives a death lives in [`Disk`]; the rest is forgotten, as in life.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::{Result, bail};
use git_enact::plan::TaskId;
use git_enact::run::engine::{Arrived, Attachment, Journal, News, Sink, World};
use git_enact::run::event::{By, Event, Recorded, Residue};
use git_enact::run::evidence::{
    Claim, ClaimStatus, Outcome, Reason, ReasonKind, Signal, Usage, Verdict,
};
use git_enact::run::proof::Proof;
use git_enact::run::results::Tested;
use git_enact::run::schedule::Action;
use git_enact::run::state::{Phase, State};
use git_enact::run::whole::{Blame, Failure};

/// What a tip ends with that says in the plan's files how far the run came.
const MARK: &str = ", and how far it came";

/// A small, seeded source of chance.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// What survives the death of a driver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) journal: Vec<Recorded>,
    /// Where the run's branch points: a projection.
    pub(crate) branch: String,
    /// Every execution, as (task, attempt): what the outside world saw.
    pub(crate) executed: Vec<(TaskId, u32)>,
    /// Attempts whose process ended after its driver died.
    pub(crate) finished_alone: HashSet<(TaskId, u32)>,
}

/// Steps until the driver dies; `None` when it lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fuse(pub(crate) Option<u64>);

impl Fuse {
    fn burn(&mut self) -> Result<()> {
        match &mut self.0 {
            Some(0) => bail!("died"),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

pub(crate) struct SimJournal<'a> {
    pub(crate) disk: &'a mut Vec<Recorded>,
    /// What was appended and dies with its driver.
    pub(crate) appended: Vec<Recorded>,
    pub(crate) fuse: std::rc::Rc<std::cell::RefCell<Fuse>>,
}

impl Journal for SimJournal<'_> {
    fn stamp(&mut self, event: Event) -> Recorded {
        let seq = (self.disk.len() + self.appended.len()) as u64 + 1;
        Recorded {
            seq,
            at: format!("t{seq}"),
            checkpoint: String::new(),
            event,
        }
    }

    fn append(&mut self, recorded: &Recorded, _: &State, _: &[Attachment]) -> Result<String> {
        self.fuse.borrow_mut().burn()?;
        self.appended.push(recorded.clone());
        Ok(format!("c{}", recorded.seq))
    }

    fn publish(&mut self) -> Result<()> {
        self.fuse.borrow_mut().burn()?;
        self.disk.append(&mut self.appended);
        self.fuse.borrow_mut().burn()
    }
}

/// What the executor of a task does at its n-th counted attempt: the same whenever it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Good,
    Conflicting,
    Refused,
    Slow,
    RateLimited,
    Blocked,
    KicksBack,
}

pub(crate) struct SimWorld<'a> {
    pub(crate) branch: &'a mut String,
    pub(crate) executed: &'a mut Vec<(TaskId, u32)>,
    pub(crate) finished_alone: &'a mut HashSet<(TaskId, u32)>,
    pub(crate) fuse: std::rc::Rc<std::cell::RefCell<Fuse>>,
    pub(crate) seed: u64,
    pub(crate) chance: Chance,
    /// What is under way, with the event it will end with.
    pub(crate) pending: VecDeque<Event>,
    pub(crate) live: HashMap<TaskId, u32>,
    pub(crate) jobs: usize,
    /// Whether somebody may ask for an end, and what was asked for in this drive.
    pub(crate) is_interrupted: bool,
    pub(crate) asked: Vec<News>,
    /// Whether somebody may tamper with the repository.
    pub(crate) tampers: bool,
}

/// Who makes the next attempt of a task.
fn next_executor(task: &TaskId, state: &State) -> Option<String> {
    let index = state.graph().index(task).expect("the plan has the task");
    state.executor_for(index).map(str::to_owned)
}

/// Who must make the newest attempt of a task: what its history and the policy say, told in another way.
fn due(task: &TaskId, state: &State) -> Option<String> {
    let routes = &state.run.policy.routes;
    let mut history = state
        .task(task)
        .expect("the plan has the task")
        .history
        .iter();
    let was_refused = history.any(|attempt| {
        let reasons = attempt.verdict.iter().flat_map(|verdict| &verdict.reasons);
        let kinds: Vec<ReasonKind> = reasons.map(|reason| reason.kind).collect();
        !kinds.is_empty() && !kinds.contains(&ReasonKind::RateLimited) && !attempt.integrated
    });
    match &routes.retry {
        Some(retry) if was_refused => Some(retry.executor.clone()),
        _ => routes.tasks.get(task.as_str()).cloned(),
    }
}

/// How many attempts of a task came to an end that counts.
fn counted(state: &State, task: &TaskId) -> u64 {
    let task = state.task(task).expect("the plan has the task");
    task.history
        .iter()
        .filter(|attempt| attempt.outcome.is_some())
        .count() as u64
}

pub(crate) fn deed(seed: u64, task: &TaskId, nth: u64) -> Deed {
    let mut hash = seed.wrapping_add(nth.wrapping_mul(7919));
    for byte in task.as_str().bytes() {
        hash = hash.wrapping_mul(31).wrapping_add(u64::from(byte));
    }
    match Chance::new(hash).below(24) {
        0..=2 => Deed::Refused,
        3 => Deed::Slow,
        4 => Deed::RateLimited,
        5 => Deed::Blocked,
        6 => Deed::KicksBack,
        7 => Deed::Conflicting,
        _ => Deed::Good,
    }
}

impl SimWorld<'_> {
    fn end_of(&self, task: &TaskId, attempt: u32, state: &State) -> Event {
        let deed = deed(self.seed, task, counted(state, task));
        let status = match deed {
            Deed::Blocked => ClaimStatus::Blocked,
            Deed::KicksBack => ClaimStatus::Kickback,
            Deed::RateLimited => ClaimStatus::RateLimited,
            _ => ClaimStatus::Done,
        };
        Event::AttemptEnded {
            task: task.clone(),
            attempt,
            outcome: if deed == Deed::Slow {
                Outcome::TimedOut
            } else {
                Outcome::Exited(0)
            },
            claim: Claim {
                status,
                signal: Some(match counted(state, task) % 2 {
                    0 => Signal::NeedsResearch,
                    _ => Signal::ScopeCreep,
                }),
                ..Claim::default()
            },
            tip: Some(format!("{task}.{attempt}")),
            salvage: None,
            strays: Vec::new(),
            committed_by_tool: false,
            residue: Residue::default(),
            usage: Usage::default(),
            millis: 1,
        }
    }

    fn judgement(&self, task: &TaskId, attempt: u32, state: &State) -> Event {
        let refusal = match deed(self.seed, task, counted(state, task) - 1) {
            Deed::Good | Deed::Conflicting => None,
            Deed::Refused => Some(ReasonKind::NoCommit),
            Deed::Slow => Some(ReasonKind::TimedOut),
            Deed::RateLimited => Some(ReasonKind::RateLimited),
            Deed::Blocked => Some(ReasonKind::ClaimedBlocked),
            Deed::KicksBack => Some(ReasonKind::ClaimedKickback),
        };
        let verdict = Verdict {
            accepted: refusal.is_none().then(|| format!("{task}.{attempt}")),
            reasons: refusal
                .map(|kind| Reason::new(kind, "so it is"))
                .into_iter()
                .collect(),
            proofs: vec![Proof {
                key: format!("{task}.{attempt}"),
                ..Proof::default()
            }],
            ..Verdict::default()
        };
        Event::Judged {
            task: task.clone(),
            attempt,
            verdict,
            again: false,
            // What takes no time is recorded with what comes next.
            millis: u64::from(attempt % 2),
        }
    }

    /// What was asked is found out, or is not: the same whenever it is looked into.
    fn findings(&self, task: &TaskId, _: u32, state: &State) -> Event {
        let task = task.clone();
        match (self.seed + counted(state, &task)).is_multiple_of(2) {
            true => Event::Answered {
                task,
                by: By::Policy,
                words: "found".to_owned(),
            },
            false => Event::Asked {
                task,
                reason: "in vain".to_owned(),
                last_completed: String::new(),
            },
        }
    }

    /// What was integrated holds without its need, or does not: the same whenever it is looked at.
    fn proof(&self, task: &TaskId, attempt: u32, state: &State) -> Event {
        let at = state.task(task).expect("the plan has the task");
        let holds = !(self.seed + counted(state, task)).is_multiple_of(3);
        let reasons = (!holds).then(|| Reason::new(ReasonKind::VerifyFailed, "so it is"));
        Event::Judged {
            task: task.clone(),
            attempt,
            verdict: Verdict {
                accepted: at.commit.clone().filter(|_| holds),
                reasons: reasons.into_iter().collect(),
                ..Verdict::default()
            },
            again: false,
            millis: 1,
        }
    }

    /// The whole holds once somebody has mended it often enough, or does at once.
    fn whole(&self, commit: &str, state: &State, blame: Option<Blame>) -> Event {
        let fixes = (0..state.graph().len()).filter(|&task| state.is_fix(task));
        let mended = fixes
            .filter(|&task| state.at(task).phase == Phase::Done)
            .count() as u64;
        let passed = mended >= Chance::new(self.seed ^ 0xF1).below(4);
        let failure = Failure {
            command: "true".to_owned(),
            ..Failure::default()
        };
        Event::Verified {
            warnings: vec!["`make check` fails as on the base".to_owned()],
            tests: vec![Tested::default()],
            proofs: vec![Proof::default()],
            commit: commit.to_owned(),
            passed,
            reasons: (!passed)
                .then(|| "so it is".to_owned())
                .into_iter()
                .collect(),
            failures: (!passed).then_some(failure).into_iter().collect(),
            blame,
        }
    }

    fn integration(&self, task: &TaskId, attempt: u32, state: &State) -> Event {
        let commit = format!("{task}.{attempt}");
        let onto = state.run.tip.clone();
        if deed(self.seed, task, counted(state, task) - 1) == Deed::Conflicting {
            let (paths, reason) = (vec!["a".to_owned()], "conflict in a".to_owned());
            return Event::Conflicted {
                task: task.clone(),
                attempt,
                commit,
                onto,
                paths,
                reason,
            };
        }
        let tip = format!("{onto}+{task}");
        Event::Integrated {
            task: task.clone(),
            attempt,
            commit,
            onto,
            tip,
            proofs: match attempt % 2 {
                0 => Vec::new(),
                _ => vec![Proof {
                    key: format!("merged {task}"),
                    ..Proof::default()
                }],
            },
        }
    }
}

impl SimWorld<'_> {
    /// A person who asks the run to stop, or to end now; each once in a drive, in this order.
    fn interruption(&mut self) -> Option<News> {
        if !self.is_interrupted || self.chance.below(40) != 0 {
            return None;
        }
        match self.asked.as_slice() {
            [] if self.chance.below(2) == 0 => Some(News::Stop("interrupted".to_owned())),
            [] | [News::Stop(_)] => Some(News::Cancel("interrupted".to_owned())),
            _ => None,
        }
    }
}

impl World for SimWorld<'_> {
    fn prepare(&mut self, action: &Action, state: &State) -> Result<Option<Event>> {
        self.fuse.borrow_mut().burn()?;
        match action {
            Action::Start {
                task,
                attempt,
                slot,
                base,
                from,
            } => Ok(Some(Event::AttemptStarted {
                task: task.clone(),
                attempt: *attempt,
                slot: *slot,
                base: base.clone(),
                from: from.clone(),
                executor: next_executor(task, state),
            })),
            Action::Judge { task, attempt } => {
                let event = self.judgement(task, *attempt, state);
                self.pending.push_back(event);
                Ok(None)
            }
            Action::Integrate { task, attempt } => {
                let event = self.integration(task, *attempt, state);
                if self.chance.below(2) == 0 {
                    return Ok(Some(event));
                }
                self.pending.push_back(event);
                Ok(None)
            }
            Action::VerifyAll { commit } => {
                let event = self.whole(commit, state, None);
                self.pending.push_back(event);
                Ok(None)
            }
            Action::Bisect { commit } => {
                let blame = Blame {
                    command: "true".to_owned(),
                    on_base: true,
                    ..Blame::default()
                };
                let event = self.whole(commit, state, Some(blame));
                self.pending.push_back(event);
                Ok(None)
            }
            Action::Reverify { task, attempt } => {
                let event = self.proof(task, *attempt, state);
                self.pending.push_back(event);
                Ok(None)
            }
            Action::Research { task, attempt } => {
                let event = self.findings(task, *attempt, state);
                self.pending.push_back(event);
                Ok(None)
            }
            Action::Finish => {
                let tip = &state.run.tip;
                let is_wanted = state.run.policy.commit_progress && !tip.ends_with(MARK);
                let progress = is_wanted.then(|| format!("{tip}{MARK}"));
                Ok(Some(Event::Finished { progress }))
            }
            Action::Ask { .. } | Action::Record(_) => {
                unreachable!("nobody is asked in a simulation")
            }
        }
    }

    fn follow(&mut self, recorded: &Recorded, state: &State) -> Result<()> {
        self.fuse.borrow_mut().burn()?;
        match &recorded.event {
            Event::AttemptStarted { task, attempt, .. } => {
                assert!(
                    self.live.insert(task.clone(), *attempt).is_none(),
                    "two live attempts of {task}"
                );
                assert!(self.live.len() <= self.jobs, "more attempts than slots");
                self.executed.push((task.clone(), *attempt));
                let event = self.end_of(task, *attempt, state);
                self.pending.push_back(event);
            }
            Event::Integrated { .. } if self.chance.below(2) == 0 => self.catch_up(state)?,
            _ => {}
        }
        self.fuse.borrow_mut().burn()
    }

    /// Somebody tampers with the repository, at most once in a drive.
    fn look_around(&mut self, _: &State) -> Result<Option<Event>> {
        self.fuse.borrow_mut().burn()?;
        if self.tampers && self.chance.below(30) == 0 {
            self.tampers = false;
            return Ok(Some(Event::Quarantined {
                reason: "a hook was added".to_owned(),
                left: Vec::new(),
            }));
        }
        Ok(None)
    }

    fn catch_up(&mut self, state: &State) -> Result<()> {
        self.fuse.borrow_mut().burn()?;
        self.branch.clone_from(&state.run.tip);
        Ok(())
    }

    fn settle(&mut self, state: &State) -> Result<()> {
        self.fuse.borrow_mut().burn()?;
        self.branch.clone_from(&state.run.tip);
        self.fuse.borrow_mut().burn()
    }

    fn recover(&mut self, task: &TaskId, attempt: u32, state: &State) -> Result<Arrived> {
        self.fuse.borrow_mut().burn()?;
        let key = (task.clone(), attempt);
        let ran = self.executed.contains(&key);
        // Whether its process ended by itself is decided once, as a file on disk would.
        let alone = self.finished_alone.contains(&key) || (ran && self.chance.below(2) == 0);
        let event = if alone {
            self.finished_alone.insert(key);
            self.end_of(task, attempt, state)
        } else {
            Event::AttemptAbandoned {
                task: task.clone(),
                attempt,
                tip: None,
                salvage: None,
                reason: "its driver died".to_owned(),
            }
        };
        Ok(Arrived {
            event,
            attachments: Vec::new(),
        })
    }

    fn wait(&mut self, _: &State) -> Result<News> {
        self.fuse.borrow_mut().burn()?;
        if let Some(news) = self.interruption() {
            self.asked.push(news.clone());
            return Ok(news);
        }
        let nth = self.chance.below(self.pending.len() as u64) as usize;
        let event = self
            .pending
            .remove(nth)
            .expect("something is under way when the engine waits");
        if let Event::AttemptEnded { task, .. } | Event::AttemptAbandoned { task, .. } = &event {
            self.live.remove(task);
        }
        Ok(News::Arrived(Box::new(Arrived {
            event,
            attachments: Vec::new(),
        })))
    }

    /// Attempts are ended and do not count; what was checked says nothing any more.
    fn cancel(&mut self) {
        let ended = self.pending.drain(..).filter_map(|event| match event {
            Event::AttemptEnded { task, attempt, .. } => Some(Event::AttemptAbandoned {
                task,
                attempt,
                tip: None,
                salvage: None,
                reason: "it was interrupted".to_owned(),
            }),
            // It may be asked for twice.
            ended @ Event::AttemptAbandoned { .. } => Some(ended),
            _ => None,
        });
        self.pending = ended.collect();
    }
}

/// Checks each event against what must always hold.
pub(crate) struct Auditor {
    pub(crate) done: HashSet<TaskId>,
    /// Whether the drive was stopped because somebody tampers.
    pub(crate) quarantined: bool,
}

impl Sink for Auditor {
    fn on(&mut self, recorded: &Recorded, state: &State) {
        let is_end = matches!(
            recorded.event,
            Event::AttemptEnded { .. } | Event::AttemptAbandoned { .. }
        );
        assert!(
            !self.quarantined || is_end,
            "once somebody tampers, nothing is done but to keep what ran: {recorded:?}"
        );
        match &recorded.event {
            Event::Quarantined { .. } => self.quarantined = true,
            Event::AttemptStarted { task, executor, .. } => {
                assert_eq!(*executor, due(task, state), "{task} goes where it should");
                assert!(
                    !self.done.contains(task),
                    "{task} was executed again after it was done"
                );
                let graph = state.graph();
                for need in &graph.task(task).expect("known").needs {
                    let need = graph.index(need).expect("known");
                    let stands = state.standing(need).name();
                    assert!(
                        ["done", "reverted"].contains(&stands),
                        "{task} started while its need {need} is {stands}"
                    );
                }
            }
            Event::Judged { task, verdict, .. } if verdict.accepted.is_none() => {
                // It no longer holds without what was undone, and is done anew.
                self.done.remove(task);
            }
            Event::Integrated { task, .. } => {
                assert!(
                    self.done.insert(task.clone()),
                    "{task} was integrated twice"
                );
            }
            _ => {}
        }
    }
}
