//! What the user wants where the plan does not say: defaults, git config, `enact.toml`, environment,
//! flags, each over the one before.
//!
//! Every layer is the same [`Settings`] with holes in it. Commands that a committed file names run only
//! once they were approved with the plan (see [`crate::approval`]).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::plan::{Plan, Weight};
use crate::run::policy::{CommitMode, Durability, Executor, OnFailure, Policy, Scope};

/// One layer of configuration; what it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each field is the flag or key of the same name"
)]
pub struct Settings {
    pub executor: Option<String>,
    pub jobs: Option<u32>,
    pub retries: Option<u32>,
    pub timeout: Option<String>,
    pub stall_timeout: Option<String>,
    pub grace: Option<String>,
    pub commit: Option<CommitMode>,
    pub scope: Option<Scope>,
    pub on_failure: Option<OnFailure>,
    pub weight: Option<Weight>,
    pub durability: Option<Durability>,
    pub fresh: Option<bool>,
    pub verify: Vec<String>,
    pub final_verify: Vec<String>,
    pub setup: Option<String>,
    pub pass_env: Vec<String>,
    /// A template file, relative to the repository.
    pub prompt: Option<String>,
    /// Where worktrees are kept instead of beside the checkout.
    pub worktree_dir: Option<String>,
    /// Commands by name, for `--executor NAME`.
    pub executors: BTreeMap<String, NamedExecutor>,
}

/// A command that can be named as executor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedExecutor {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Who commits when it runs.
    #[serde(default)]
    pub commit: Option<CommitMode>,
}

/// The keys that git config (`enact.<key>`) and the environment (`ENACT_<KEY>`) may set, as git config
/// spells them.
pub const KEYS: [&str; 12] = [
    "executor",
    "jobs",
    "retries",
    "timeout",
    "stallTimeout",
    "grace",
    "commit",
    "scope",
    "onFailure",
    "weight",
    "durability",
    "worktreeDir",
];

impl Settings {
    /// Reads `enact.toml`; a fault names file, line and column.
    pub fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("`{}` cannot be read", path.display()));
            }
        };
        toml::from_str(&text).map_err(|error| {
            let (line, column) = error.span().map_or((1, 1), |span| place(&text, span.start));
            anyhow::anyhow!("{}:{line}:{column}: {}", path.display(), error.message())
        })
    }

    /// Takes the keys that `value` knows; `source` says where a bad value stands.
    pub fn from_keys(source: &str, value: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut table = toml::Table::new();
        for key in KEYS {
            let Some(text) = value(key) else { continue };
            let name = snake(key);
            let parsed = match name.as_str() {
                "jobs" | "retries" => {
                    text.parse::<i64>()
                        .map(toml::Value::Integer)
                        .with_context(|| {
                            format!("{source} `{key}` is `{text}`, which is not a number")
                        })?
                }
                _ => toml::Value::String(text),
            };
            table.insert(name, parsed);
        }
        table
            .try_into()
            .map_err(|error: toml::de::Error| anyhow::anyhow!("{source}: {}", error.message()))
    }

    /// Puts `over` on top of this layer.
    #[must_use]
    pub fn with(self, over: Self) -> Self {
        let list =
            |below: Vec<String>, above: Vec<String>| if above.is_empty() { below } else { above };
        let mut executors = self.executors;
        executors.extend(over.executors);
        Self {
            executor: over.executor.or(self.executor),
            jobs: over.jobs.or(self.jobs),
            retries: over.retries.or(self.retries),
            timeout: over.timeout.or(self.timeout),
            stall_timeout: over.stall_timeout.or(self.stall_timeout),
            grace: over.grace.or(self.grace),
            commit: over.commit.or(self.commit),
            scope: over.scope.or(self.scope),
            on_failure: over.on_failure.or(self.on_failure),
            weight: over.weight.or(self.weight),
            durability: over.durability.or(self.durability),
            fresh: over.fresh.or(self.fresh),
            verify: list(self.verify, over.verify),
            final_verify: list(self.final_verify, over.final_verify),
            setup: over.setup.or(self.setup),
            pass_env: list(self.pass_env, over.pass_env),
            prompt: over.prompt.or(self.prompt),
            worktree_dir: over.worktree_dir.or(self.worktree_dir),
            executors,
        }
    }

    /// The policy of a run of `plan`. `interactive` says whether a person can be asked; `command` is what
    /// stood behind `--`; `template` the text of the prompt template.
    pub fn policy(
        &self,
        plan: &Plan,
        command: Vec<String>,
        interactive: bool,
        template: Option<String>,
    ) -> Result<Policy> {
        let (executor, commit) = self.executor(plan, command)?;
        let jobs = self.jobs.or(plan.wishes.jobs.map(|jobs| jobs as u32));
        if jobs == Some(0) {
            bail!("`jobs` is 0: at least one task must be able to run");
        }
        let jobs = if plan.dialect.is_sequential() {
            1
        } else {
            jobs.unwrap_or(4)
        };
        let on_failure = match self.on_failure {
            Some(OnFailure::Ask) | None if interactive => OnFailure::Ask,
            Some(OnFailure::Skip) => OnFailure::Skip,
            _ => OnFailure::Stop,
        };
        let timeout = self.timeout.as_deref().or(plan.wishes.timeout.as_deref());
        let final_verify = match self.final_verify.is_empty() {
            true => plan.wishes.final_verify.clone(),
            false => self.final_verify.clone(),
        };
        Ok(Policy {
            executor,
            jobs,
            retries: self
                .retries
                .or(plan.wishes.retries)
                .unwrap_or(plan.dialect.retries()),
            conflict_retries: 3,
            on_failure,
            commit,
            scope: self.scope.unwrap_or(Scope::Warn),
            weight: self.weight.or(plan.wishes.weight).unwrap_or_default(),
            timeout_ms: timeout.map(|text| millis("timeout", text)).transpose()?,
            stall_timeout_ms: self
                .stall_timeout
                .as_deref()
                .map(|text| millis("stall_timeout", text))
                .transpose()?,
            grace_ms: millis("grace", self.grace.as_deref().unwrap_or("10s"))?,
            verify: self.verify.clone(),
            final_verify,
            setup: self.setup.clone(),
            pass_env: self.pass_env.clone(),
            fresh: self.fresh.unwrap_or(false),
            durability: self.durability.unwrap_or(Durability::Full),
            prompt: template,
            only: Vec::new(),
            from: None,
        })
    }

    /// Who executes, and who commits then.
    fn executor(&self, plan: &Plan, command: Vec<String>) -> Result<(Executor, CommitMode)> {
        if !command.is_empty() {
            let name = Path::new(&command[0])
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let commit = self.commit.unwrap_or(CommitMode::Executor);
            return Ok((
                Executor::Command {
                    name,
                    argv: command,
                },
                commit,
            ));
        }
        let has_script = |task: &crate::plan::Task| task.run.is_some() || task.imported.is_some();
        match self.executor.as_deref() {
            Some("shell") => {
                if let Some(task) = plan.tasks.iter().find(|task| !has_script(task)) {
                    let at = &task.location;
                    bail!(
                        "{at}: task `{}` has no `sh` block or `run` for the shell executor",
                        task.id
                    );
                }
                Ok((Executor::Shell, self.commit.unwrap_or(CommitMode::Auto)))
            }
            Some(name) => {
                let Some(named) = self.executors.get(name) else {
                    let known: Vec<&str> = self.executors.keys().map(String::as_str).collect();
                    bail!(
                        "no executor is named `{name}`: known are `shell`{}; \
                         define it in `enact.toml` under `[executors.{name}]`, or give a command after `--`",
                        known
                            .iter()
                            .map(|name| format!(", `{name}`"))
                            .collect::<String>()
                    );
                };
                if named.command.is_empty() {
                    bail!("the executor `{name}` in `enact.toml` has an empty command");
                }
                let commit = self.commit.or(named.commit).unwrap_or(CommitMode::Executor);
                Ok((
                    Executor::Command {
                        name: name.to_owned(),
                        argv: named.command.clone(),
                    },
                    commit,
                ))
            }
            None if plan.tasks.iter().all(has_script) => {
                Ok((Executor::Shell, self.commit.unwrap_or(CommitMode::Auto)))
            }
            None => bail!(
                "no executor: give `--executor NAME`, or a command after `--`, \
                 or an `sh` block or `run` for every task"
            ),
        }
    }
}

/// `10m` in milliseconds; never zero, never negative.
pub fn millis(what: &str, text: &str) -> Result<u64> {
    let parsed: SignedDuration = text.parse().map_err(|_| {
        anyhow::anyhow!(
            "`{what}` is `{text}`, which is no time span: write `90s`, `10m` or `1h 30m`"
        )
    })?;
    match u64::try_from(parsed.as_millis()) {
        Ok(millis) if millis > 0 => Ok(millis),
        _ => bail!("`{what}` is `{text}`: it must be more than nothing"),
    }
}

/// `stallTimeout` as `stall_timeout`.
fn snake(key: &str) -> String {
    key.chars().fold(String::new(), |mut name, c| {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
        name
    })
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_covers_the_one_below_and_leaves_its_holes() {
        let below = Settings {
            jobs: Some(2),
            retries: Some(5),
            ..Settings::default()
        };
        let above = Settings {
            jobs: Some(8),
            ..Settings::default()
        };
        let both = below.with(above);
        assert_eq!((both.jobs, both.retries), (Some(8), Some(5)));
    }

    #[test]
    fn a_key_of_git_config_or_environment_is_the_setting_of_that_name() {
        let known = |key: &str| match key {
            "stallTimeout" => Some("5m".to_owned()),
            "jobs" => Some("3".to_owned()),
            "onFailure" => Some("skip".to_owned()),
            _ => None,
        };
        let settings = Settings::from_keys("git config", known).expect("the keys are good");
        assert_eq!(settings.jobs, Some(3));
        assert_eq!(settings.stall_timeout.as_deref(), Some("5m"));
        assert_eq!(settings.on_failure, Some(OnFailure::Skip));
        let bad = |key: &str| (key == "jobs").then(|| "many".to_owned());
        let error = Settings::from_keys("git config", bad).expect_err("`many` is no number");
        assert_eq!(
            error.to_string(),
            "git config `jobs` is `many`, which is not a number"
        );
    }

    #[test]
    fn a_time_span_must_be_one_and_must_be_more_than_nothing() {
        assert_eq!(millis("timeout", "90s").ok(), Some(90_000));
        assert_eq!(millis("timeout", "1h 30m").ok(), Some(5_400_000));
        for bad in ["0s", "-5m", "10x", "", "soon"] {
            assert!(millis("timeout", bad).is_err(), "`{bad}` is refused");
        }
    }
}
