//! Executors by name: the profiles that come with the tool, and what the user makes of them or adds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::Settings;
use crate::attempt::profile::{self, Profile};
use crate::plan::or_meant;
use crate::run::policy::CommitMode;
use crate::run::reader::Reader;

/// The executor that is part of the tool; nobody may take its name.
pub const SHELL: &str = "shell";

/// Whether a profile of that name comes with the tool.
pub fn is_profile(name: &str) -> bool {
    profile::all().contains_key(name)
}

/// An executor that the user names: a command of its own, or a profile with changes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamedExecutor {
    /// The profile that it starts from; without one, that of the same name, if there is one.
    pub profile: Option<String>,
    /// Program and arguments, instead of the profile's.
    pub command: Vec<String>,
    /// Arguments behind those.
    pub args: Vec<String>,
    /// Who commits when it runs.
    pub commit: Option<CommitMode>,
    /// What it gets in its environment besides what the profile says.
    pub env: BTreeMap<String, String>,
    /// Variables passed on to it besides those of the profile.
    pub pass_env: Vec<String>,
}

/// An executor with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each field is that of `Profile`")]
pub struct Known {
    pub name: String,
    /// The profile that it is, or starts from.
    pub profile: Option<String>,
    pub title: String,
    pub command: Vec<String>,
    pub commit: CommitMode,
    pub env: BTreeMap<String, String>,
    pub pass_env: Vec<String>,
    pub traps: Vec<String>,
    pub reader: Reader,
}

impl Settings {
    /// The executor of that name; `shell` is none of them.
    pub fn known(&self, name: &str) -> Result<Known> {
        let named = self.executors.get(name);
        let wanted = named.and_then(|named| named.profile.as_deref());
        let profiles = profile::all();
        let base = profiles.get(wanted.unwrap_or(name));
        if let (Some(wanted), None) = (wanted, base) {
            bail!(
                "the executor `{name}` names the profile `{wanted}`, which there is not{}",
                or_meant(wanted, profiles.keys().map(String::as_str))
            );
        }
        if named.is_none() && base.is_none() {
            let names = self.names();
            bail!(
                "no executor is named `{name}`{}; known are `{}`; define it in `enact.toml` under \
                 `[executors.{name}]`, or give a command after `--`",
                or_meant(name, names.iter().map(String::as_str)),
                names.join("`, `")
            );
        }
        let known = Known::new(name, base.map(|base| (wanted.unwrap_or(name), base)), named);
        if known.command.is_empty() {
            bail!("the executor `{name}` in `enact.toml` has an empty command");
        }
        if let Some(variable) = known.env.keys().find(|name| !profile::may_set(name)) {
            bail!(
                "the executor `{name}` sets `{variable}`: variables of git, of the loader and of git enact \
                 are not its own"
            );
        }
        if let Some(variable) = profile::secret(&known.env) {
            bail!(
                "the executor `{name}` sets `{variable}`, which looks like a secret, and what a run begins with is \
                 part of its journal: set it in your environment, and name it in `pass_env`"
            );
        }
        Ok(known)
    }

    /// Every name that `--executor` takes.
    pub fn names(&self) -> Vec<String> {
        let named = self.executors.keys().chain(profile::all().keys());
        let mut names: Vec<String> = named.cloned().collect();
        names.push(SHELL.to_owned());
        names.sort();
        names.dedup();
        names
    }

    /// Reads `[executors]` of git config: `enact.executors.<name>.<key>`, with the command as `sh` reads it.
    pub(super) fn take_executors(&mut self, entries: Vec<(String, String)>) -> Result<()> {
        for (key, value) in entries {
            let Some((name, field)) = key.rsplit_once('.') else {
                continue;
            };
            let named = self.executors.entry(name.to_owned()).or_default();
            match field {
                "profile" => named.profile = Some(value),
                "command" => named.command = ["sh", "-c", &value].map(str::to_owned).to_vec(),
                "args" => named.args.push(value),
                "commit" => {
                    let mode = <CommitMode as clap::ValueEnum>::from_str(&value, true);
                    let mode = mode.ok().with_context(|| {
                        format!(
                            "git config `enact.executors.{key}` is `{value}`: it can be `executor`, `tool` or `auto`"
                        )
                    })?;
                    named.commit = Some(mode);
                }
                "passenv" => named.pass_env.push(value),
                other => bail!(
                    "git config `enact.executors.{name}.{other}` means nothing: it can be `profile`, `command`, \
                     `args`, `commit` or `passEnv`"
                ),
            }
        }
        Ok(())
    }
}

impl Known {
    fn new(name: &str, base: Option<(&str, &Profile)>, named: Option<&NamedExecutor>) -> Self {
        let own = named.cloned().unwrap_or_default();
        let profile = base.map(|(_, profile)| profile);
        let mut command = match own.command.is_empty() {
            true => profile.map(|profile| profile.command.clone()),
            false => Some(own.command),
        }
        .unwrap_or_default();
        command.extend(own.args);
        let mut env = profile
            .map(|profile| profile.env.clone())
            .unwrap_or_default();
        env.extend(own.env);
        let mut pass_env = profile
            .map(|profile| profile.pass_env.clone())
            .unwrap_or_default();
        pass_env.extend(own.pass_env);
        let commit = own.commit.or(profile.map(|profile| profile.commit));
        Self {
            name: name.to_owned(),
            profile: base.map(|(name, _)| name.to_owned()),
            title: profile
                .map_or("a command of your own", |profile| &profile.title)
                .to_owned(),
            command,
            commit: commit.unwrap_or(CommitMode::Executor),
            env,
            pass_env,
            traps: profile
                .map(|profile| profile.traps.clone())
                .unwrap_or_default(),
            reader: profile
                .map(|profile| profile.reader.clone())
                .unwrap_or_default(),
        }
    }

    /// Where its program is, if it is installed here.
    pub fn program(&self) -> Option<PathBuf> {
        profile::program(&self.command)
    }
}
