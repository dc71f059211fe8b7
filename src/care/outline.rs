//! The outline of a run whose journal is gone, objects and all: what its notes and branches still say.
//!
//! A task counts as done when its note says so, its commit stands on the run's branch, and all its objects are
//! there. What a task said, how it was attempted, and tasks that were never begun are lost; nothing is made up
//! for them, and nothing that a retry could execute.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};

use super::traces::{self, Traces};
use crate::git::{self, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{Clock, Journal, Lease, layout};
use crate::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};
use crate::run::engine::record_all;
use crate::run::event::{By, Event, Residue};
use crate::run::evidence::{Claim, ClaimStatus, Outcome, Usage, Verdict};
use crate::run::policy::{Executor, Policy};
use crate::world::project;

/// What is known of a run without its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    run: String,
    base: Oid,
    /// In the order of their integration.
    pub(super) done: Vec<Done>,
    /// Slugs of tasks that have a branch and no note that holds.
    unfinished: Vec<String>,
    /// The commit that says in the plan's files how far the run came.
    progress: Option<Oid>,
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
    let told = notes
        .iter()
        .filter_map(|(on, note)| told(repo, run, *on, note));
    let Some((base, mut done)) = placed(repo, *tip, told.collect())? else {
        return Ok(None);
    };
    let mut onto = base;
    done.retain_mut(|done| {
        done.from = repo.fork(onto, done.commit).unwrap_or(onto);
        let is_whole = repo.is_whole(done.commit, onto).unwrap_or(false);
        if is_whole {
            onto = done.tip;
        }
        is_whole
    });
    if done.is_empty() {
        return Ok(None);
    }
    let mut outline = Outline {
        run: run.to_owned(),
        base,
        done,
        unfinished: Vec::new(),
        progress: ending(repo, run, *tip, onto)?,
    };
    let graph = outline.graph()?;
    let known: HashSet<&str> = (0..graph.len()).map(|task| graph.slug(task)).collect();
    let branches = traces.branches.iter();
    let slugs = branches.filter_map(|(name, _)| layout::slug_of_branch(name, run));
    let unknown = slugs.filter(|slug| !known.contains(slug));
    outline.unfinished = unknown.map(str::to_owned).collect();
    Ok(Some(outline))
}

/// The branch's tip, when all that it says beyond the last task is how far the run came: then the run was over.
fn ending(repo: &Repo, run: &str, tip: Oid, last: Oid) -> Result<Option<Oid>> {
    let commit = repo.commit(tip)?;
    let trailer = format!("Run: {run}");
    let is_ours =
        commit.parents == [last] && commit.message.trim_end().lines().last() == Some(&trailer);
    Ok(is_ours.then_some(tip))
}

/// What the run began from, and those of `told` whose commits its branch has, in the order in which it got them.
/// Follows the branch back by first parents, as far as it must.
fn placed(repo: &Repo, tip: Oid, told: Vec<Done>) -> Result<Option<(Oid, Vec<Done>)>> {
    let mut missing: HashMap<Oid, Done> = told.into_iter().map(|one| (one.commit, one)).collect();
    let mut placed: Vec<Done> = Vec::new();
    let head = repo.head()?.commit;
    // Where the branch leaves the user's; once it has landed, it does not.
    let forked = head.and_then(|head| repo.fork(head, tip));
    let mut base = None;
    let mut at = Some(tip);
    while let Some(place) = at.filter(|_| !missing.is_empty()) {
        if Some(place) == forked && place != tip {
            break;
        }
        let before = repo.commit(place)?.parents.first().copied();
        let brought = match before {
            Some(before) => repo.commits_between(before, place)?,
            None => vec![place],
        };
        for commit in brought {
            if let Some(mut done) = missing.remove(&commit) {
                done.tip = place;
                placed.push(done);
                base = before;
            }
        }
        at = before;
    }
    placed.reverse();
    let mut tasks = HashSet::new();
    placed.retain(|done| tasks.insert(done.task.clone()));
    // The branch was followed back as far as the user's, or to before the first of them; else to its beginning.
    Ok(at.or(base).map(|base| (base, placed)))
}

/// What `run` says in a note of a task that is done, if it speaks of the commit that it is on.
fn told(repo: &Repo, run: &str, on: Oid, note: &[u8]) -> Option<Done> {
    let value = |key: &str| project::says(note, run, key);
    let commit = repo.oid(&value("Commit")?).ok()?;
    if value("Status")? != "done" || commit != on || !repo.is_commit(commit) {
        return None;
    }
    let attempt = value("Attempt")?.parse().ok();
    let checks = value("Checks").unwrap_or_default();
    let checks = checks.split(", ").filter(|check| !check.is_empty());
    Some(Done {
        task: value("Task")?,
        title: value("Title").unwrap_or_default(),
        attempt: attempt.filter(|number| *number > 0)?,
        commit,
        checks: checks.map(str::to_owned).collect(),
        executor: value("Executor").unwrap_or_default(),
        from: commit,
        tip: commit,
    })
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
            Journal::prepare(repo.reopen()?, lease, clock, graph, [], started)?;
        record_all(&mut journal, &mut state, self.events())?;
        journal.flush(&state)
    }

    /// Everything after `started`.
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let (mut onto, policy) = (self.base, self.policy());
        let own = policy.executor.name();
        for done in &self.done {
            events.extend(events_of(done, onto, own));
            onto = done.tip;
        }
        events.extend(self.unfinished.iter().map(|slug| Event::Skipped {
            task: TaskId::new(slug.as_str()),
            by: By::Policy,
            reason: "what it said was lost with the journal".to_owned(),
        }));
        if let Some(progress) = self.progress {
            let progress = Some(progress.to_string());
            events.push(Event::Finished { progress });
            return events;
        }
        events.push(Event::Stopped {
            reason: "its journal was lost; this outline was made of its notes and branches, and \
                     tasks that were not begun are not known"
                .to_owned(),
        });
        events
    }

    /// A policy under which nothing more is tried. What the executor was called with is lost, and a guess could
    /// start anything.
    fn policy(&self) -> Policy {
        let mut names = self.done.iter().map(|done| done.executor.as_str());
        let executor = match names.next_back() {
            None | Some("shell" | "") => Executor::Shell,
            Some(name) => Executor::plain(name, vec!["false".to_owned()]),
        };
        Policy::of(executor)
    }
}

/// What must have happened for a task to be done.
fn events_of(done: &Done, onto: Oid, own: &str) -> [Event; 4] {
    let (task, attempt) = (TaskId::new(done.task.as_str()), done.attempt);
    let commit = done.commit.to_string();
    [
        Event::AttemptStarted {
            task: task.clone(),
            attempt,
            slot: 1,
            base: done.from.to_string(),
            from: None,
            executor: Some(done.executor.clone()).filter(|name| !name.is_empty() && name != own),
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
            usage: Usage::default(),
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
            onto: onto.to_string(),
            tip: done.tip.to_string(),
            proofs: Vec::new(),
        },
    ]
}
