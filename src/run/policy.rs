//! What decides how a run goes on: limits, gates, who executes. Part of `started`, so that an old
//! journal keeps its meaning when a configuration file changes, and a bare `resume` needs no flags.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::budget::Limits;
use super::reader::Reader;
use super::routes::Routes;
use super::sandbox::Sandbox;
use crate::graph::Graph;
use crate::plan::{Selection, TaskId, Weight};

/// The policy in force for a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Who executes.
    pub executor: Executor,
    /// How many attempts may run side by side, at least one.
    pub jobs: u32,
    /// Attempts of a task after the first.
    pub retries: u32,
    /// New attempts after conflicts, counted apart.
    pub conflict_retries: u32,
    /// What happens when a task has failed for good.
    pub on_failure: OnFailure,
    /// Who commits.
    pub commit: CommitMode,
    /// Who executes instead, by task and by failures.
    #[serde(default, skip_serializing_if = "Routes::is_empty")]
    pub routes: Routes,
    /// Who looks into what a kickback says must be found out first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research: Option<Executor>,
    /// What a change outside the declared files means.
    pub scope: Scope,
    /// Whether a person looks at what was accepted before it is integrated.
    #[serde(default, skip_serializing_if = "Review::is_off")]
    pub review: Review,
    /// How much context an executor is given.
    pub weight: Weight,
    /// How many tokens the summaries of finished dependencies may take in a task's context.
    #[serde(default = "summary_tokens")]
    pub summary_tokens: u32,
    /// Wall-clock limit of an attempt in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Longest silence of an attempt in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_timeout_ms: Option<u64>,
    /// How much the run may use up before it pauses.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// Between INT, TERM and KILL, in milliseconds.
    pub grace_ms: u64,
    /// Commands that verify each task, besides its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<String>,
    /// Quality checks of each task, by name: build, format, lint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
    /// Commands that verify the whole at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub final_verify: Vec<String>,
    /// How often somebody may try to mend the whole when those fail.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fix_rounds: u32,
    /// A command that makes a fresh worktree usable, once a slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Commands at the turns of each task.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// Names of environment variables passed on to executors and verify commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_env: Vec<String>,
    /// What an executor has of the repository.
    #[serde(default, skip_serializing_if = "Isolation::is_default")]
    pub isolation: Isolation,
    /// What executors, and the commands that verify their work, are kept from.
    #[serde(default, skip_serializing_if = "Sandbox::is_none")]
    pub sandbox: Sandbox,
    /// Whether an executor's git moves no ref but its task's branch, where it shares the user's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guard: bool,
    /// Whether every attempt gets a new worktree.
    #[serde(default)]
    pub fresh: bool,
    /// Whether the plan's own files say how far the run is, while it goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sync: bool,
    /// Whether the run ends with a commit that says in the plan's own files how far it came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commit_progress: bool,
    /// Whether the base was to be proven before anything started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preflight: bool,
    /// Whether checkpoints that pin work wait for the disk.
    pub durability: Durability,
    /// The prompt template, when the user replaced ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What of the plan's files was read.
    #[serde(default, skip_serializing_if = "Selection::is_all")]
    pub selection: Selection,
    /// Only these tasks run; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Tasks before this one are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Policy {
    /// What holds where nothing is said but who executes: one task after the other, each tried once.
    pub fn of(executor: Executor) -> Self {
        Self {
            executor,
            routes: Routes::default(),
            jobs: 1,
            retries: 0,
            conflict_retries: 0,
            on_failure: OnFailure::Stop,
            commit: CommitMode::Executor,
            research: None,
            scope: Scope::Warn,
            review: Review::Off,
            weight: Weight::Full,
            summary_tokens: summary_tokens(),
            timeout_ms: None,
            stall_timeout_ms: None,
            limits: Limits::default(),
            grace_ms: 10_000,
            verify: Vec::new(),
            checks: BTreeMap::new(),
            final_verify: Vec::new(),
            fix_rounds: 0,
            setup: None,
            hooks: Hooks::default(),
            pass_env: Vec::new(),
            isolation: Isolation::Worktree,
            sandbox: Sandbox::default(),
            guard: false,
            fresh: false,
            sync: false,
            commit_progress: false,
            preflight: false,
            durability: Durability::Full,
            prompt: None,
            selection: Selection::default(),
            only: Vec::new(),
            from: None,
        }
    }

    /// The policy by which a question is looked into instead of a task.
    pub fn for_research(&self, executor: &Executor, prompt: &str) -> Self {
        Self {
            executor: executor.clone(),
            prompt: Some(prompt.to_owned()),
            ..self.clone()
        }
    }

    /// Names of environment variables passed on to the executor.
    pub fn passed_to_executor(&self) -> Vec<String> {
        let mut names = self.pass_env.clone();
        if let Executor::Command { pass_env, .. } = &self.executor {
            names.extend(pass_env.iter().cloned());
        }
        names
    }

    /// Whether a run is about a task, by its place in the plan.
    pub fn selects(&self, graph: &Graph, index: usize) -> bool {
        let from = self.from.as_deref();
        let first = from.and_then(|id| graph.index(&TaskId::new(id)));
        let id = graph.tasks()[index].id.as_str();
        let is_named = self.only.iter().any(|only| only == id);
        let is_meant = self.only.is_empty() && !graph.tasks()[index].optional;
        index >= first.unwrap_or(0) && (is_meant || is_named)
    }
}

/// What summaries may take unless somebody says otherwise.
pub fn summary_tokens() -> u32 {
    500
}

/// Commands of the user's own at the turns of each task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hooks {
    /// Before the executor starts; may refuse that it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_task: Option<String>,
    /// Once everything else has accepted the attempt; may refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_task: Option<String>,
    /// When the task has failed for good; is only told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_failed: Option<String>,
}

impl Hooks {
    /// Their names, in the order of their turns.
    pub const NAMES: [&'static str; 3] = ["pre-task", "post-task", "task-failed"];

    /// The hooks that `command` knows by name. An empty command is none.
    pub fn by_name(mut command: impl FnMut(&str) -> Option<String>) -> Self {
        let [pre_task, post_task, task_failed] =
            Self::NAMES.map(|name| command(name).filter(|text| !text.trim().is_empty()));
        Self {
            pre_task,
            post_task,
            task_failed,
        }
    }

    /// Each that there is, by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let hooks = [&self.pre_task, &self.post_task, &self.task_failed];
        let named = Self::NAMES.into_iter().zip(hooks);
        named.filter_map(|(name, hook)| Some((name, hook.as_deref()?)))
    }

    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// Who executes the tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one in a policy, and a policy lives in a box"
)]
pub enum Executor {
    /// Each task's own `sh` block or `run`.
    Shell,
    /// One command for all tasks; `{prompt}`, `{prompt_file}` and `{answer_file}` are replaced in its
    /// arguments.
    Command {
        /// Its name in notes and reports.
        name: String,
        /// Program and arguments.
        argv: Vec<String>,
        /// What it gets in its environment besides the short list.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
        /// Names of environment variables passed on to it, and not to verify commands.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass_env: Vec<String>,
        /// How what it leaves is read.
        #[serde(default, skip_serializing_if = "Reader::is_plain")]
        reader: Reader,
    },
}

impl Executor {
    /// The name in notes and reports.
    pub fn name(&self) -> &str {
        match self {
            Executor::Shell => "shell",
            Executor::Command { name, .. } => name,
        }
    }

    /// A command of which nothing more is known.
    pub fn plain(name: impl Into<String>, argv: Vec<String>) -> Self {
        Executor::Command {
            name: name.into(),
            argv,
            env: BTreeMap::new(),
            pass_env: Vec::new(),
            reader: Reader::default(),
        }
    }

    /// What is set in its environment.
    pub fn env(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let set = match self {
            Executor::Shell => None,
            Executor::Command { env, .. } => Some(env),
        };
        let each = set.into_iter().flatten();
        each.map(|(name, value)| (name.into(), value.into()))
    }

    /// How what it leaves is read.
    pub fn reader(&self) -> Reader {
        match self {
            Executor::Shell => Reader::default(),
            Executor::Command { reader, .. } => reader.clone(),
        }
    }
}

/// What happens when a task has failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// A person is asked: retry, skip or stop.
    Ask,
    /// Nothing new starts; the run waits for a person.
    Stop,
    /// The task stays failed and the rest goes on.
    Skip,
}

/// Who makes the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CommitMode {
    /// The executor; what it leaves uncommitted fails the attempt.
    Executor,
    /// The tool, of all that the executor left.
    Tool,
    /// The executor, and the tool for what a good attempt leaves uncommitted.
    Auto,
}

impl CommitMode {
    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            CommitMode::Executor => "executor",
            CommitMode::Tool => "tool",
            CommitMode::Auto => "auto",
        }
    }
}

/// What an executor has of the user's repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A linked worktree: configuration, hooks, refs and objects are the user's.
    #[default]
    Worktree,
    /// A clone that borrows the user's objects: everything else is its own.
    Clone,
}

impl Isolation {
    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Isolation::Worktree => "worktree",
            Isolation::Clone => "clone",
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a change outside the files a task declares means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Nothing.
    Off,
    /// It is recorded and shown.
    Warn,
    /// The attempt is refused.
    Enforce,
}

/// Whether a person looks at what was accepted before it is integrated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Review {
    /// Nobody does.
    #[default]
    Off,
    /// At each task; what does not need it goes on meanwhile.
    Task,
    /// At each wave: nothing of the next one starts before.
    Wave,
}

impl Review {
    fn is_off(&self) -> bool {
        *self == Review::Off
    }
}

/// Whether checkpoints that pin work wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// They do: what was reported done survives a power cut.
    Full,
    /// They do not: as durable as git's own writes by default.
    Process,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
