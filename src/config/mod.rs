//! What the user wants where the plan does not say: defaults, git config, `enact.toml`, environment,
//! flags, each over the one before.
//!
//! Every layer is the same [`Settings`] with holes in it. Commands that a committed file names run only
//! once they were approved with the plan (see [`crate::approval`]).
//!
//! Where worktrees are kept is no setting of a run but of a machine: git config `enact.worktreeDir`.

pub mod executors;
mod file;
mod keys;
mod objections;
mod policy;
pub mod propose;
mod routes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use executors::NamedExecutor;
use file::File;
pub use keys::Origin;
pub use routes::{Placed, Retry};
use serde::Deserialize;

use crate::attempt::prompt;
use crate::git::Repo;
use crate::plan::{Fault, Faults, Location, Source, Weight};
use crate::run::policy::{CommitMode, Durability, Hooks, Isolation, OnFailure, Review, Scope};
use crate::run::sandbox::Level;

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
    /// How much the run may use up before it pauses.
    pub limits: RunLimits,
    pub commit: Option<CommitMode>,
    pub scope: Option<Scope>,
    pub review: Option<Review>,
    /// The name of an executor.
    pub research: Option<String>,
    pub on_failure: Option<OnFailure>,
    pub weight: Option<Weight>,
    /// How much of a task's context may tell what its dependencies left.
    pub summary_tokens: Option<u32>,
    pub durability: Option<Durability>,
    pub isolation: Option<Isolation>,
    pub sandbox: Option<Level>,
    /// Whether an executor's git moves no ref but its task's branch.
    pub guard: Option<bool>,
    /// What may be written besides what every task needs.
    pub sandbox_write: Vec<String>,
    /// Whether the network is left open.
    pub sandbox_network: Option<bool>,
    pub fresh: Option<bool>,
    /// Whether the plan's own files say how far the run is, while it goes on.
    pub sync: Option<bool>,
    /// Whether the run ends with a commit that says so on its branch.
    pub commit_progress: Option<bool>,
    pub verify: Vec<String>,
    pub final_verify: Vec<String>,
    pub fix_rounds: Option<u32>,
    /// Quality checks of each task, by name.
    pub checks: BTreeMap<String, String>,
    pub setup: Option<String>,
    pub pass_env: Vec<String>,
    /// Commands at the turns of each task.
    pub hooks: Hooks,
    /// A template file, relative to the repository.
    pub prompt: Option<String>,
    /// Agents, and the words in a task that call for them.
    pub agents: BTreeMap<String, Vec<String>>,
    /// Which tasks go to which executor.
    pub routes: BTreeMap<String, Placed>,
    /// Who takes over where attempts fail.
    pub retry: Retry,
    /// What every executor should know how to do.
    pub skills: Vec<String>,
    /// Whether it is looked at before the start what stands in the way.
    pub preflight: Option<bool>,
    /// Executors by name, for `--executor NAME`.
    pub executors: BTreeMap<String, NamedExecutor>,
}

/// The limits of a run as the user writes them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunLimits {
    /// Attempts of all tasks together.
    pub attempts: Option<u32>,
    /// Wall-clock time, such as `8h`.
    pub time: Option<String>,
    /// Tokens that models are given and make.
    pub tokens: Option<u64>,
    /// US dollars.
    pub cost: Option<f64>,
}

/// The keys that git config (`enact.<key>`) and the environment (`ENACT_<KEY>`) may set, as git config
/// spells them.
pub const KEYS: [&str; 16] = [
    "executor",
    "jobs",
    "retries",
    "fixRounds",
    "timeout",
    "stallTimeout",
    "grace",
    "commit",
    "scope",
    "review",
    "research",
    "onFailure",
    "weight",
    "durability",
    "isolation",
    "sandbox",
];

impl Settings {
    /// What git config, `enact.toml` and the environment say, each over the one before; or all that is wrong with the
    /// first of them that has something wrong.
    pub fn of(repo: &Repo) -> Result<Self, Faults> {
        let from_git = Self::of_git(repo)?;
        let file = match repo.checkout() {
            Some(top) => File::read(&from_here(&top.join("enact.toml")))?,
            None => None,
        };
        let from_env = Self::from_keys(Origin::Environment, |key| {
            std::env::var(format!("ENACT_{}", snake(key).to_ascii_uppercase())).ok()
        })?;
        let from_env = Origin::Environment.checked(from_env)?;
        let Some(file) = file else {
            let settings = from_git.with(from_env);
            let dangling = settings.dangling();
            let faults = dangling.iter().map(|one| Origin::Git.fault(one));
            return none_of(faults.collect(), Vec::new()).map(|()| settings);
        };
        let own = file.settings.objections();
        let faults = own.iter().filter_map(|one| file.fault(one));
        none_of(faults.collect(), vec![file.source.clone()])?;
        let settings = from_git.with(file.settings.clone()).with(from_env);
        let dangling = settings
            .dangling()
            .into_iter()
            .chain(file.settings.unknown(&settings));
        let faults =
            dangling.map(|one| file.fault(&one).unwrap_or_else(|| Origin::Git.fault(&one)));
        none_of(faults.collect(), vec![file.source.clone()])?;
        let mapped = settings.mapping();
        mapped.map_err(|faults| Faults::of(faults.faults, vec![file.source]))?;
        Ok(settings)
    }

    /// The text of the prompt template, when ours is to be replaced.
    pub fn template(&self, repo: &Repo) -> Result<Option<String>, Faults> {
        let Some(path) = &self.prompt else {
            return Ok(None);
        };
        let full = repo
            .checkout()
            .map_or_else(|| path.into(), |top| from_here(&top.join(path)));
        let source = Source::of_file(&full)?.ok_or_else(|| {
            Fault::error(format!(
                "the prompt template `{}` does not exist",
                full.display()
            ))
            .help("`prompt` in `enact.toml` names it, relative to the top of the repository")
        })?;
        let text = source.whole()?.into_owned();
        match prompt::check(&text, self.weight.unwrap_or_default()) {
            Ok(()) => Ok(Some(text)),
            Err(wrong) => {
                let (line, column) = place(&text, wrong.range.start);
                let place = Location {
                    file: full,
                    line: line as u32,
                    column: column as u32,
                };
                let fault = Fault::error(wrong.message).at(place, wrong.range.len());
                Err(Faults::of(vec![fault], vec![source]))
            }
        }
    }

    /// Reads `enact.toml`; a fault names file, line and column.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let file = File::read(path)?;
        Ok(file.map(|file| file.settings).unwrap_or_default())
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
            limits: RunLimits {
                attempts: over.limits.attempts.or(self.limits.attempts),
                time: over.limits.time.or(self.limits.time),
                tokens: over.limits.tokens.or(self.limits.tokens),
                cost: over.limits.cost.or(self.limits.cost),
            },
            commit: over.commit.or(self.commit),
            scope: over.scope.or(self.scope),
            review: over.review.or(self.review),
            research: over.research.or(self.research),
            on_failure: over.on_failure.or(self.on_failure),
            weight: over.weight.or(self.weight),
            summary_tokens: over.summary_tokens.or(self.summary_tokens),
            durability: over.durability.or(self.durability),
            isolation: over.isolation.or(self.isolation),
            sandbox: over.sandbox.or(self.sandbox),
            guard: over.guard.or(self.guard),
            sandbox_write: list(self.sandbox_write, over.sandbox_write),
            sandbox_network: over.sandbox_network.or(self.sandbox_network),
            fresh: over.fresh.or(self.fresh),
            sync: over.sync.or(self.sync),
            commit_progress: over.commit_progress.or(self.commit_progress),
            verify: list(self.verify, over.verify),
            final_verify: list(self.final_verify, over.final_verify),
            fix_rounds: over.fix_rounds.or(self.fix_rounds),
            checks: self.checks.into_iter().chain(over.checks).collect(),
            setup: over.setup.or(self.setup),
            pass_env: list(self.pass_env, over.pass_env),
            hooks: Hooks {
                pre_task: over.hooks.pre_task.or(self.hooks.pre_task),
                post_task: over.hooks.post_task.or(self.hooks.post_task),
                task_failed: over.hooks.task_failed.or(self.hooks.task_failed),
            },
            prompt: over.prompt.or(self.prompt),
            agents: self.agents.into_iter().chain(over.agents).collect(),
            routes: self.routes.into_iter().chain(over.routes).collect(),
            retry: Retry {
                executor: over.retry.executor.or(self.retry.executor),
                after: over.retry.after.or(self.retry.after),
            },
            skills: list(self.skills, over.skills),
            preflight: over.preflight.or(self.preflight),
            executors,
        }
    }
}

/// Nothing is wrong, or all of it.
fn none_of(faults: Vec<Fault>, sources: Vec<Source>) -> Result<(), Faults> {
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Faults::of(faults, sources)),
    }
}

/// The path as whoever stands here would name it.
fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let short = here.ok().and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).to_path_buf()
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
        let settings = Settings::from_keys(Origin::Git, known).expect("the keys are good");
        assert_eq!(settings.jobs, Some(3));
        assert_eq!(settings.stall_timeout.as_deref(), Some("5m"));
        assert_eq!(settings.on_failure, Some(OnFailure::Skip));
        let bad = |key: &str| (key == "jobs").then(|| "many".to_owned());
        let error = Settings::from_keys(Origin::Git, bad).expect_err("`many` is no number");
        assert_eq!(
            error.to_string(),
            "git config `enact.jobs` is `many`, which is no whole number"
        );
    }
    #[test]
    fn every_setting_is_documented() {
        let told = include_str!("settings.md");
        for key in KEYS {
            let (git, env) = (format!("`enact.{key}`"), snake(key).to_ascii_uppercase());
            assert!(
                told.contains(&git) && told.contains(&format!("`ENACT_{env}`")),
                "{key}"
            );
        }
        let refused = toml::from_str::<Settings>("none = 1").expect_err("no setting");
        // What serde expects is every field; the first name is the one that was refused.
        let names: Vec<&str> = refused.message().split('`').skip(3).step_by(2).collect();
        assert!(names.len() > KEYS.len(), "{names:?}");
        for name in names {
            let rows = [format!("| `{name}` |"), format!("| `[{name}")];
            assert!(rows.iter().any(|row| told.contains(row)), "{name}");
        }
        for hook in Hooks::NAMES {
            assert!(told.contains(&format!("`enact.hook.{hook}`")), "{hook}");
        }
    }
}
