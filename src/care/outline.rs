//! The outline of a run whose journal is gone, objects and all: what its notes and branches still say.
//!
//! A task counts as done when its note says so, its commit stands on the run's branch, and all its objects are
//! there. What a task said, how it was attempted, and tasks that were never begun are lost; nothing is made up
//! for them, and nothing that a retry could execute.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};

use super::traces::{self, Traces};
use crate::git::{self, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{Clock, Journal, Lease, layout};
use crate::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};
use crate::run::engine::record;
use crate::run::event::{By, Event, Residue};
use crate::run::evidence::{Claim, ClaimStatus, Outcome, Verdict};
use crate::run::policy::{
    CommitMode, Durability, Executor, Hooks, OnFailure, Policy, Review, Scope,
};
use crate::run::state::State;

/// What is known of a run without its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    run: String,
    base: Oid,
    /// In the order of their integration.
    pub(super) done: Vec<Done>,
    /// Slugs of tasks that have a branch and no note that holds.
    unfinished: Vec<String>,
}

/// A task that was done, as its note tells and git confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    task: String,
    title: String,
    attempt: u32,
    commit: Oid,
    checks: Vec<String>,
    executor: String,
    /// What its attempt must have started from.
    from: Oid,
    /// Where the run's branch stood when it had the commit.
    tip: Oid,
}

/// What notes and branches tell of `run`; nothing when they tell of no done task.
pub(super) fn gather(repo: &Repo, run: &str, traces: &Traces) -> Result<Option<Outline>> {
    let integration = layout::integration_branch(run);
    let mut branches = traces.branches.iter();
    let Some((_, tip)) = branches.find(|(name, _)| *name == integration) else {
        return Ok(None);
    };
    let notes = traces::notes(repo, run);
    let mut done: Vec<Done> = notes
        .iter()
        .filter_map(|(on, note)| told(repo, *on, note))
        .filter(|done| repo.is_ancestor(done.commit, *tip).unwrap_or(false))
        .collect();
    let Some(base) = base(repo, *tip, &done)? else {
        return Ok(None);
    };
    done.retain(|done| repo.is_whole(done.commit, base).unwrap_or(false));
    let line = repo.first_parents(*tip, base)?;
    for done in &mut done {
        let mut places = line.iter();
        // Where nothing on the line has it, the last place does: it is an ancestor of the tip.
        let has = |place: &&Oid| repo.is_ancestor(done.commit, **place).unwrap_or(false);
        done.tip = places.find(has).copied().unwrap_or(*tip);
    }
    let place = |done: &Done| line.iter().position(|place| *place == done.tip);
    done.sort_by_key(|done| (place(done), done.task.clone()));
    done.dedup_by(|one, other| one.task == other.task);
    let mut onto = base;
    for done in &mut done {
        done.from = repo.fork(onto, done.commit).unwrap_or(onto);
        onto = done.tip;
    }
    let slugs = traces.branches.iter();
    let slugs = slugs.filter_map(|(name, _)| layout::slug_of_branch(name, run));
    let mut outline = Outline {
        run: run.to_owned(),
        base,
        done,
        unfinished: Vec::new(),
    };
    let known = outline.graph()?;
    let known: Vec<&str> = (0..known.len()).map(|task| known.slug(task)).collect();
    let unknown = slugs.filter(|slug| !known.contains(slug));
    outline.unfinished = unknown.map(str::to_owned).collect();
    Ok((!outline.done.is_empty()).then_some(outline))
}

/// What a note says of a task that is done, if it speaks of the commit that it is on.
fn told(repo: &Repo, on: Oid, note: &[u8]) -> Option<Done> {
    let text = String::from_utf8_lossy(note);
    let (ours, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let value = |key: &str| {
        let mut lines = ours.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    };
    let is_done = value("Status") == Some("done");
    let commit = repo.oid(value("Commit")?).ok()?;
    if !is_done || commit != on || !repo.is_commit(commit) {
        return None;
    }
    let checks = value("Checks").unwrap_or_default().split(", ");
    Some(Done {
        task: value("Task")?.to_owned(),
        title: value("Title").unwrap_or_default().to_owned(),
        attempt: value("Attempt")?
            .parse()
            .ok()
            .filter(|number| *number > 0)?,
        commit,
        checks: checks
            .filter(|check| !check.is_empty())
            .map(str::to_owned)
            .collect(),
        executor: value("Executor").unwrap_or_default().to_owned(),
        from: commit,
        tip: commit,
    })
}

/// What the run began from: where its branch leaves the user's, or else what its oldest task stands on.
fn base(repo: &Repo, tip: Oid, done: &[Done]) -> Result<Option<Oid>> {
    let is_oldest = |one: &&Done| {
        let mut others = done.iter().filter(|other| other.commit != one.commit);
        !others.any(|other| repo.is_ancestor(other.commit, one.commit).unwrap_or(false))
    };
    let Some(oldest) = done.iter().find(is_oldest) else {
        return Ok(None);
    };
    let forked = repo.head()?.commit.and_then(|head| repo.fork(head, tip));
    let is_below = |base: &Oid| {
        let mut commits = done.iter().map(|done| done.commit);
        commits.all(|commit| commit != *base && repo.is_ancestor(*base, commit).unwrap_or(false))
    };
    if let Some(forked) = forked.filter(is_below) {
        return Ok(Some(forked));
    }
    let parents = repo.commit(oldest.commit)?.parents;
    Ok(parents.first().copied())
}

impl Outline {
    /// A plan with a title for each task that is known, and nothing to execute.
    fn graph(&self) -> Result<Arc<Graph>> {
        let location = Location {
            file: PathBuf::from("PROGRESS"),
            line: 1,
            column: 1,
        };
        let task = |id: &str, title: &str| Task {
            id: TaskId::new(id),
            title: title.to_owned(),
            ..Task::at(location.clone())
        };
        let done = self.done.iter().map(|done| task(&done.task, &done.title));
        let unfinished = self.unfinished.iter().map(|slug| task(slug, slug));
        let plan = Plan {
            dialect: Dialect::Toml,
            title: format!("{} (outline)", self.run),
            tasks: done.chain(unfinished).collect(),
            wishes: Wishes::default(),
            artifacts: Vec::new(),
        };
        let graph = Graph::new(plan).map_err(|faults| {
            let first = faults.into_iter().next();
            anyhow!(
                "the notes do not make a plan: {}",
                first.map(|fault| fault.message).unwrap_or_default()
            )
        });
        graph.map(Arc::new)
    }

    /// Records the outline as the journal of the run of `lease`, which has none.
    pub(super) fn write(&self, repo: &Repo, lease: Lease) -> Result<()> {
        let graph = self.graph()?;
        let plan = serde_json::to_vec(graph.plan()).context("the outline cannot be stored")?;
        let started = Event::Started {
            run: self.run.clone(),
            base: self.base.to_string(),
            plan_hash: git::sha256(&plan)?,
            plan_path: String::new(),
            policy: Box::new(self.policy()),
        };
        let clock = Clock::from_env()?;
        let (mut journal, mut state) =
            Journal::create(repo.reopen()?, lease, clock, graph, &[], started)?;
        for done in &self.done {
            for event in events_of(done, &state) {
                record(&mut journal, &mut state, event, &[])?;
            }
        }
        for slug in &self.unfinished {
            let skipped = Event::Skipped {
                task: TaskId::new(slug.as_str()),
                by: By::Policy,
                reason: "what it said was lost with the journal".to_owned(),
            };
            record(&mut journal, &mut state, skipped, &[])?;
        }
        let stopped = Event::Stopped {
            reason: "its journal was lost; this outline was made of its notes and branches, and \
                     tasks that were not begun are not known"
                .to_owned(),
        };
        record(&mut journal, &mut state, stopped, &[])?;
        journal.flush(&state)
    }

    /// A policy under which nothing more is tried. What the executor was called with is lost, and a guess could
    /// start anything.
    fn policy(&self) -> Policy {
        let mut names = self.done.iter().map(|done| done.executor.as_str());
        let executor = match names.next_back() {
            None | Some("shell" | "") => Executor::Shell,
            Some(name) => Executor::Command {
                name: name.to_owned(),
                argv: vec!["false".to_owned()],
            },
        };
        Policy {
            executor,
            jobs: 1,
            retries: 0,
            conflict_retries: 0,
            on_failure: OnFailure::Stop,
            commit: CommitMode::Executor,
            scope: Scope::Warn,
            review: Review::Off,
            hooks: Hooks::default(),
            weight: crate::plan::Weight::Full,
            timeout_ms: None,
            stall_timeout_ms: None,
            grace_ms: 10_000,
            verify: Vec::new(),
            final_verify: Vec::new(),
            setup: None,
            pass_env: Vec::new(),
            fresh: false,
            durability: Durability::Full,
            prompt: None,
            only: Vec::new(),
            from: None,
        }
    }
}

/// What must have happened for a task to be done.
fn events_of(done: &Done, state: &State) -> [Event; 4] {
    let (task, attempt) = (TaskId::new(done.task.as_str()), done.attempt);
    let onto = state.run.tip.clone();
    let commit = done.commit.to_string();
    [
        Event::AttemptStarted {
            task: task.clone(),
            attempt,
            slot: 1,
            base: done.from.to_string(),
            from: None,
        },
        Event::AttemptEnded {
            task: task.clone(),
            attempt,
            outcome: Outcome::Exited(0),
            claim: Claim {
                status: ClaimStatus::Done,
                commit: Some(commit.clone()),
                notes: "only its note is known".to_owned(),
                ..Claim::default()
            },
            tip: Some(commit.clone()),
            salvage: None,
            strays: Vec::new(),
            committed_by_tool: false,
            residue: Residue::default(),
            millis: 0,
        },
        Event::Judged {
            task: task.clone(),
            attempt,
            verdict: Verdict {
                accepted: Some(commit.clone()),
                checks: done.checks.clone(),
                ..Verdict::default()
            },
            again: false,
            millis: 0,
        },
        Event::Integrated {
            task,
            attempt,
            commit,
            onto,
            tip: done.tip.to_string(),
        },
    ]
}
