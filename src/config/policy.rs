//! From settings and a plan's own wishes to the policy of a run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::executors::SHELL;
use super::routes::has_script;
use super::{RunLimits, Settings};
use crate::attempt;
use crate::plan::{Fault, Faults, Plan, Selection, TIME_SPANS, Task, time_span};
use crate::run::budget::Limits;
use crate::run::policy::{self, CommitMode, Durability, Executor, Hooks, OnFailure, Policy, Scope};
use crate::run::routes::Routes;
use crate::run::sandbox::{Level, Sandbox};

/// How often somebody tries to mend the whole, unless it is said otherwise.
const FIX_ROUNDS: u32 = 3;

impl Settings {
    /// The policy of a run of `plan`. `interactive` says whether a person can be asked; `command` is what
    /// stood behind `--`; `template` the text of the prompt template.
    pub fn policy(
        &self,
        plan: &Plan,
        command: Vec<String>,
        interactive: bool,
        template: Option<String>,
    ) -> Result<Policy> {
        let routes = self.routes(plan)?;
        let (executor, commit) = self.executor(plan, command, &routes)?;
        let jobs = self.jobs.or(plan.wishes.jobs.map(|jobs| jobs as u32));
        let defaults = plan.dialect.defaults();
        let jobs = if defaults.sequential {
            1
        } else {
            jobs.unwrap_or(4)
        };
        let timeout = self.timeout.as_deref().or(plan.wishes.timeout.as_deref());
        let final_verify = self.final_verify(plan);
        let fix_rounds = self.rounds(plan, &executor, &final_verify);
        Ok(Policy {
            executor,
            jobs,
            retries: self
                .retries
                .or(plan.wishes.retries)
                .unwrap_or(defaults.retries),
            conflict_retries: 3,
            on_failure: self.on_failure(plan, interactive),
            commit,
            scope: self.scope.unwrap_or(Scope::Warn),
            review: self.review.unwrap_or_default(),
            routes,
            research: self.research()?,
            weight: self.weight.or(plan.wishes.weight).unwrap_or_default(),
            summary_tokens: self
                .summary_tokens
                .or(plan.wishes.summary_tokens)
                .unwrap_or_else(policy::summary_tokens),
            timeout_ms: timeout.map(|text| millis("timeout", text)).transpose()?,
            stall_timeout_ms: self
                .stall_timeout
                .as_deref()
                .map(|text| millis("stall_timeout", text))
                .transpose()?,
            limits: self.run_limits()?,
            grace_ms: millis("grace", self.grace.as_deref().unwrap_or("10s"))?,
            verify: self.verify.clone(),
            final_verify,
            fix_rounds,
            checks: self.quality(),
            setup: self.setup.clone(),
            hooks: self.hooks(),
            pass_env: self.pass_env.clone(),
            isolation: self.isolation.unwrap_or_default(),
            sandbox: self.sandbox()?,
            guard: self.guard.unwrap_or(true),
            fresh: self.fresh.unwrap_or(false),
            sync: self.sync.unwrap_or(false),
            commit_progress: self.commit_progress.unwrap_or(false),
            preflight: self.preflight.unwrap_or(true),
            durability: self.durability.unwrap_or(Durability::Full),
            prompt: template,
            selection: Selection::default(),
            only: Vec::new(),
            from: None,
        })
    }

    /// What executors are kept from.
    fn sandbox(&self) -> Result<Sandbox> {
        let level = self.sandbox.unwrap_or_default();
        let is_whole = |path: &str| path.starts_with('/') || path.starts_with("~/");
        if let Some(path) = self.sandbox_write.iter().find(|path| !is_whole(path)) {
            bail!("`sandbox_write` names `{path}`: begin a path with `/` or `~/`");
        }
        if level == Level::Landlock && self.sandbox_network == Some(false) {
            bail!(
                "`sandbox_network = false` needs `sandbox = \"bwrap\"`: Landlock leaves the network open"
            );
        }
        Ok(match level {
            Level::None => Sandbox::default(),
            Level::Landlock | Level::Bwrap => Sandbox {
                level,
                write: self.sandbox_write.clone(),
                network: self.sandbox_network.unwrap_or(level == Level::Landlock),
            },
        })
    }

    /// What happens when a task has failed for good.
    fn on_failure(&self, plan: &Plan, interactive: bool) -> OnFailure {
        let goes_on = plan.dialect.defaults().goes_on;
        match self.on_failure {
            Some(OnFailure::Ask) | None if interactive => OnFailure::Ask,
            Some(OnFailure::Skip) => OnFailure::Skip,
            None if plan.wishes.goes_on.unwrap_or(goes_on) => OnFailure::Skip,
            _ => OnFailure::Stop,
        }
    }

    /// The commands that verify the whole.
    fn final_verify(&self, plan: &Plan) -> Vec<String> {
        match self.final_verify.is_empty() {
            true => plan.wishes.final_verify.clone(),
            false => self.final_verify.clone(),
        }
    }

    /// How often `executor` may try to mend the whole. Whoever runs a task's own commands reads no prompt, and nothing
    /// is to be mended where nothing is proven.
    fn rounds(&self, plan: &Plan, executor: &Executor, final_verify: &[String]) -> u32 {
        let wanted = self.fix_rounds.or(plan.wishes.fix_rounds);
        match executor {
            Executor::Command { .. } if !final_verify.is_empty() => wanted.unwrap_or(FIX_ROUNDS),
            _ => 0,
        }
    }

    /// The quality checks; an empty command takes away the one of a layer below.
    fn quality(&self) -> BTreeMap<String, String> {
        let mut checks = self.checks.clone();
        checks.retain(|_, command| !command.trim().is_empty());
        checks
    }

    /// An empty command takes away the one of a layer below.
    fn hooks(&self) -> Hooks {
        Hooks::by_name(|name| {
            let mut hooks = self.hooks.iter();
            hooks.find(|hook| hook.0 == name).map(|hook| hook.1.into())
        })
    }

    fn run_limits(&self) -> Result<Limits> {
        let RunLimits {
            attempts,
            time,
            tokens,
            cost,
        } = &self.limits;
        let time = time.as_deref().map(|text| millis("limits.time", text));
        Ok(Limits {
            attempts: *attempts,
            time_ms: time.transpose()?,
            tokens: *tokens,
            cost_usd: *cost,
        })
    }

    /// Who looks into what a kickback asks.
    fn research(&self) -> Result<Option<Executor>> {
        let named = self.research.as_deref().map(|name| self.named(name));
        Ok(named.transpose()?.map(|(executor, _)| executor))
    }

    /// The executor that is known by `name`, and who commits unless the settings say otherwise.
    pub(super) fn named(&self, name: &str) -> Result<(Executor, CommitMode)> {
        let known = self.known(name)?;
        let executor = Executor::Command {
            name: known.name,
            argv: attempt::resolved(&known.command)?,
            env: known.env,
            pass_env: known.pass_env,
            reader: known.reader,
        };
        Ok((executor, known.commit))
    }

    /// Who executes, and who commits then.
    fn executor(
        &self,
        plan: &Plan,
        command: Vec<String>,
        routes: &Routes,
    ) -> Result<(Executor, CommitMode)> {
        if !command.is_empty() {
            let command = attempt::resolved(&command)?;
            let name = Path::new(&command[0])
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let commit = self.commit.unwrap_or(CommitMode::Executor);
            return Ok((Executor::plain(name, command), commit));
        }
        let has_script = |task: &Task| has_script(task) || routes.of(task).is_some();
        match self.executor.as_deref() {
            Some(SHELL) => {
                if let Some(task) = plan.tasks.iter().find(|task| !has_script(task)) {
                    let at = &task.location;
                    let message = format!(
                        "task `{}` has no `sh` block or `run` for the shell executor",
                        task.id
                    );
                    let fault = Fault::error(message).at(at.clone(), 0);
                    return Err(Faults::from(fault).into());
                }
                Ok((Executor::Shell, self.commit.unwrap_or(CommitMode::Auto)))
            }
            Some(name) => {
                let (executor, commit) = self.named(name)?;
                Ok((executor, self.commit.unwrap_or(commit)))
            }
            None if plan.tasks.iter().all(has_script) => {
                Ok((Executor::Shell, self.commit.unwrap_or(CommitMode::Auto)))
            }
            None => {
                let lacking = plan.tasks.iter().find(|task| !has_script(task));
                let lacking = lacking.map_or_else(String::new, |task| {
                    format!(" (task `{}` has none)", task.id)
                });
                bail!(
                    "no executor: give `--executor NAME` (`git enact executors` lists them), or a command after \
                     `--`, or an `sh` block or `run` for every task{lacking}"
                )
            }
        }
    }
}

/// `10m` in milliseconds.
fn millis(what: &str, text: &str) -> Result<u64> {
    let span = time_span(text)
        .map_err(|why| anyhow!("`{what}` is `{text}`, which {why}; {TIME_SPANS}"))?;
    Ok(u64::try_from(span.as_millis())?)
}
