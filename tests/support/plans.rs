//! Plans and policies as tests start from them: nothing asked for, nothing allowed besides.

use std::sync::Arc;

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};
use git_enact::run::policy::{Durability, Executor, Policy};

/// A task that asks for nothing.
pub(crate) fn task(id: &str) -> Task {
    Task {
        id: TaskId::new(id),
        title: format!("Task {id}"),
        ..Task::at(Location::default())
    }
}

/// The plan of these tasks.
pub(crate) fn graph(title: &str, tasks: Vec<Task>) -> Arc<Graph> {
    let plan = Plan {
        dialect: Dialect::Toml,
        title: title.to_owned(),
        tasks,
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    Arc::new(Graph::new(plan).expect("a sound plan"))
}

/// One slot, no retries, and everything that needs a person stops.
pub(crate) fn policy() -> Policy {
    Policy {
        conflict_retries: 3,
        grace_ms: 1,
        durability: Durability::Process,
        ..Policy::of(Executor::Shell)
    }
}
