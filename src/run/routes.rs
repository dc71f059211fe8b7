//! Who executes which task of a run, where that is not the same for all: by the task, and by how often it failed.
//!
//! What a run began with decides, and nothing else: a resume needs no configuration, and the same attempt always
//! goes to the same executor. Who made an attempt is part of its record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use glob::Pattern;
use serde::{Deserialize, Serialize};

use super::evidence::ReasonKind;
use super::policy::{CommitMode, Executor, Policy};
use super::state::{AttemptState, State, TaskState};
use crate::plan::{Kind, Task};

/// Executors besides the run's own, and what goes to them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routes {
    /// The executors, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub executors: BTreeMap<String, Other>,
    /// What of a plan goes to which of them: an id, an agent, a type, a kind, or a glob of ids or agents.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, String>,
    /// Who takes over where attempts fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<TakeOver>,
}

/// An executor besides the run's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Other {
    /// Who executes.
    pub executor: Executor,
    /// Who commits then.
    pub commit: CommitMode,
}

/// Who takes over a task where attempts fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The name of the executor.
    pub executor: String,
    /// After how many failed attempts of the task.
    pub after: u32,
}

/// How well a route fits a task; what is said of it alone comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Id,
    SomeIds,
    Agent,
    SomeAgents,
    Type,
    Kind,
    Anything,
}

impl Routes {
    /// Whether all goes to the run's own executor.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.retry.is_none()
    }

    /// The route that a task takes, and the name of the executor that it leads to.
    pub fn of(&self, task: &Task) -> Option<(&str, &str)> {
        let fitting = self.tasks.iter().filter_map(|(route, name)| {
            let fit = fit(route, task)?;
            // Of several globs the one that says more.
            let vague = usize::MAX - route.chars().filter(|c| !is_wild(*c)).count();
            Some(((fit, vague), (route.as_str(), name.as_str())))
        });
        fitting.min().map(|(_, found)| found)
    }

    /// The executor that is known by this name here.
    pub fn named(&self, name: &str) -> Option<&Other> {
        self.executors.get(name)
    }
}

/// How a route fits a task, if it does.
fn fit(route: &str, task: &Task) -> Option<Fit> {
    let agent = task.agent.as_deref().map(bare);
    let is = |word: Option<&str>| word.is_some_and(|word| word.eq_ignore_ascii_case(bare(route)));
    let kind = match task.kind {
        Kind::Implementation => "implementation",
        Kind::Design => "design",
    };
    if route == task.id.as_str() {
        return Some(Fit::Id);
    }
    if is(agent) {
        return Some(Fit::Agent);
    }
    if is(task.sort.as_deref()) {
        return Some(Fit::Type);
    }
    if is(Some(kind)) {
        return Some(Fit::Kind);
    }
    if !route.contains(is_wild) {
        return None;
    }
    let pattern = Pattern::new(bare(route)).ok()?;
    if pattern.matches(task.id.as_str()) {
        let is_vague = route.chars().all(is_wild);
        return Some(if is_vague {
            Fit::Anything
        } else {
            Fit::SomeIds
        });
    }
    let fits_agent = agent.is_some_and(|agent| pattern.matches(agent));
    fits_agent.then_some(Fit::SomeAgents)
}

fn is_wild(c: char) -> bool {
    matches!(c, '*' | '?')
}

/// An agent's name without the sign that makes it one.
fn bare(name: &str) -> &str {
    name.trim_start_matches('@')
}

impl Policy {
    /// Who makes the next attempt of a task of which so many have failed; nobody in particular is the run's own
    /// executor.
    pub fn executor_for(&self, task: &Task, failed: u32) -> Option<&str> {
        let takes_over = |retry: &&TakeOver| failed >= retry.after;
        match self.routes.retry.as_ref().filter(takes_over) {
            Some(retry) => Some(&retry.executor),
            None => self.routes.of(task).map(|(_, name)| name),
        }
    }

    /// The policy as it holds for an attempt that the executor of that name makes.
    pub fn by(&self, name: Option<&str>) -> Cow<'_, Self> {
        match name.and_then(|name| self.routes.named(name)) {
            None => Cow::Borrowed(self),
            Some(other) => Cow::Owned(Self {
                executor: other.executor.clone(),
                commit: other.commit,
                ..self.clone()
            }),
        }
    }
}

impl State {
    /// Who makes the next attempt of a task; nobody in particular is the run's own executor.
    pub fn executor_for(&self, task: usize) -> Option<&str> {
        let failed = self.at(task).failed_attempts();
        let policy = &self.run.policy;
        policy.executor_for(&self.graph().tasks()[task], failed)
    }
}

impl TaskState {
    /// How many of its attempts were refused; one that is to be made later, or that did not fit what others did, is
    /// none of them, nor one that was integrated.
    pub fn failed_attempts(&self) -> u32 {
        let attempts = self.history.iter().filter(|attempt| !attempt.integrated);
        let verdicts = attempts.filter_map(|attempt| attempt.verdict.as_ref());
        let refused = verdicts.filter(|verdict| {
            let mut reasons = verdict.reasons.iter();
            let waits = reasons.any(|reason| reason.kind == ReasonKind::RateLimited);
            verdict.accepted.is_none() && !waits
        });
        u32::try_from(refused.count()).unwrap_or(u32::MAX)
    }
}

impl AttemptState {
    /// The name of the executor that makes it.
    pub fn made_by<'a>(&'a self, policy: &'a Policy) -> &'a str {
        let own = || policy.executor.name();
        self.executor.as_deref().unwrap_or_else(own)
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;
    use crate::plan::{Kind, Location, Task};

    fn leads(routes: &[&str], task: &Task) -> Option<String> {
        let tasks = routes
            .iter()
            .map(|route| ((*route).to_owned(), "x".to_owned()));
        let routes = Routes {
            tasks: tasks.collect(),
            ..Routes::default()
        };
        routes.of(task).map(|(route, _)| route.to_owned())
    }

    #[test]
    fn what_is_said_of_a_task_alone_comes_before_what_is_said_of_many() {
        let task = Task {
            id: "API-7".into(),
            agent: Some("@rust-expert".to_owned()),
            sort: Some("test-fix".to_owned()),
            kind: Kind::Design,
            ..Task::at(Location::default())
        };
        let mut routes = [
            "API-7",
            "API-*",
            "A*",
            "rust-expert",
            "rust-*",
            "test-fix",
            "design",
            "*",
        ]
        .as_slice();
        while let [first, rest @ ..] = routes {
            assert_eq!(leads(routes, &task).as_deref(), Some(*first));
            routes = rest;
        }
        assert_eq!(
            leads(&["@Rust-Expert"], &task).as_deref(),
            Some("@Rust-Expert")
        );
        assert_eq!(leads(&["API", "rust", "implementation", "B*"], &task), None);
    }
}
