//! Nothing runs before a person has approved exactly these bytes.
//!
//! A plan is text from a repository, and its commands are code. So what a run would execute is shown and
//! asked about once; the answer is kept outside the repository under the hash of plan and commands, and
//! any other byte asks again, as does another repository: `make test` is not the same everywhere.
//! [`Approved`] can be made here only: what was not approved does not reach the processes. Who is asked, and
//! how, is the caller's business.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use crate::git::{self, Repo};
use crate::graph::Graph;
use crate::plan::Plan;
use crate::run::policy::Policy;
use crate::run::state::State;

/// A plan and a policy that a person has approved.
#[derive(Debug, Clone)]
pub struct Approved {
    graph: Arc<Graph>,
    policy: Policy,
}

impl Approved {
    /// The plan.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The policy it was approved with.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes in the tasks that the run of `state` gave itself since: they bring no commands, so that what runs for
    /// them is what was approved, the executor and what verifies every task.
    pub fn take_in(&mut self, state: &State) -> Result<()> {
        if Arc::ptr_eq(&self.graph, state.graph()) {
            return Ok(());
        }
        let plan = self.graph.plan();
        let known = plan.tasks.get(..state.authored().len());
        ensure!(
            known == Some(state.authored().tasks()),
            "the run has another plan than the one that was approved"
        );
        self.graph = state.graph().clone();
        Ok(())
    }
}

/// What is to be approved.
#[derive(Debug)]
pub struct Proposal {
    graph: Arc<Graph>,
    policy: Policy,
    digest: String,
}

impl Proposal {
    /// What approving a run of this plan (known by the hash of its bytes) under this policy in `repo` means.
    pub fn new(repo: &Repo, graph: Arc<Graph>, policy: Policy, plan_hash: &str) -> Result<Self> {
        // What can run code or let secrets out is bound; a longer timeout asks nobody again. The plan is
        // bound by its bytes and by what was made of them: a journal from elsewhere could lie about either.
        let mut bound = serde_json::json!({
            "bytes": plan_hash, "plan": without_places(graph.plan())?, "executor": policy.executor, "research": policy.research,
            "verify": policy.verify, "final_verify": policy.final_verify, "setup": policy.setup,
            "hooks": policy.hooks, "pass_env": policy.pass_env, "prompt": policy.prompt,
            "repository": repo.common_dir().to_string_lossy(),
        });
        if !policy.routes.is_empty() {
            bound["routes"] = serde_json::to_value(&policy.routes)?;
        }
        // What was approved before there were such rounds stays approved.
        if policy.fix_rounds > 0 {
            bound["fix_rounds"] = policy.fix_rounds.into();
        }
        // What was approved before there were any stays approved.
        if !policy.checks.is_empty() {
            bound["checks"] = serde_json::json!(policy.checks);
        }
        let digest = git::sha256(bound.to_string().as_bytes())?;
        Ok(Self {
            graph,
            policy,
            digest,
        })
    }

    /// The approval, if this very proposal was approved on this machine before.
    pub fn recall(&self) -> Option<Approved> {
        let known = store().ok()?.join(&self.digest).is_file();
        known.then(|| self.approved())
    }

    /// The approval, now that a person has given it; it is remembered.
    pub fn approve(&self) -> Result<Approved> {
        let dir = store()?;
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("`{}` cannot be made", dir.display()))?;
        let path = dir.join(&self.digest);
        std::fs::write(&path, format!("{}\n", self.graph.plan().title))
            .with_context(|| format!("the approval cannot be kept in `{}`", path.display()))?;
        Ok(self.approved())
    }

    /// The plan to be shown.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The policy to be shown.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    fn approved(&self) -> Approved {
        Approved {
            graph: self.graph.clone(),
            policy: self.policy.clone(),
        }
    }
}

/// The plan without where its tasks stand: reading it from another directory changes nothing.
fn without_places(plan: &Plan) -> Result<serde_json::Value> {
    let mut value = serde_json::to_value(plan)?;
    for task in value["tasks"].as_array_mut().into_iter().flatten() {
        if let Some(task) = task.as_object_mut() {
            task.remove("location");
        }
    }
    Ok(value)
}

/// `$XDG_STATE_HOME/git-enact/approved`.
fn store() -> Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    let home = || {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
        Some(PathBuf::from(home).join(".local/state"))
    };
    let dir = state
        .or_else(home)
        .context("neither XDG_STATE_HOME nor HOME is set: approvals have no place")?;
    Ok(dir.join("git-enact/approved"))
}
