//! Plans and policies as tests start from them: nothing asked for, nothing allowed besides.

use std::sync::Arc;

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Location, Plan, Selection, Task, TaskId, Weight, Wishes};
use git_enact::run::policy::{
    CommitMode, Durability, Executor, Hooks, OnFailure, Policy, Review, Scope,
};
use git_enact::run::routes::Routes;

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
        executor: Executor::Shell,
        jobs: 1,
        retries: 0,
        conflict_retries: 3,
        on_failure: OnFailure::Stop,
        commit: CommitMode::Executor,
        scope: Scope::Warn,
        review: Review::Off,
        routes: Routes::default(),
        research: None,
        weight: Weight::Full,
        summary_tokens: 500,
        timeout_ms: None,
        stall_timeout_ms: None,
        grace_ms: 1,
        verify: Vec::new(),
        checks: std::collections::BTreeMap::new(),
        final_verify: Vec::new(),
        fix_rounds: 0,
        hooks: Hooks::default(),
        setup: None,
        pass_env: Vec::new(),
        fresh: false,
        sync: false,
        commit_progress: false,
        preflight: false,
        limits: git_enact::run::budget::Limits::default(),
        durability: Durability::Process,
        prompt: None,
        selection: Selection::default(),
        only: Vec::new(),
        from: None,
    }
}
