//! Executors by name: the profiles that come with the tool, and what the user makes of them or adds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::Settings;
use super::objections::Objection;
use crate::attempt::profile::{self, Profile};
use crate::plan::{Fault, Faults, did_you_mean};
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
    pub fn known(&self, name: &str) -> Result<Known, Faults> {
        let named = self.executors.get(name);
        let wanted = named.and_then(|named| named.profile.as_deref());
        let base = profile::all().get(wanted.unwrap_or(name));
        if named.is_none() && base.is_none() {
            let names = self.names();
            let meant = did_you_mean(name, names.iter().map(String::as_str));
            let help = format!(
                "known are `{}`; define it in `enact.toml` under `[executors.{name}]`, or give a command after `--`",
                names.join("`, `")
            );
            let fault = Fault::error(format!("no executor is named `{name}`"));
            return Err(fault.help(meant.unwrap_or(help)).into());
        }
        let known = Known::new(name, base.map(|base| (wanted.unwrap_or(name), base)), named);
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

    /// Executors that cannot be what they are said to be.
    pub(super) fn dangling(&self) -> Vec<Objection> {
        let named = self.executors.iter();
        let wrong = named.filter_map(|(name, named)| {
            let key = |last: &str| ["executors", name, last].map(str::to_owned).to_vec();
            let profiles = profile::all();
            if let Some(wanted) = &named.profile
                && !profiles.contains_key(wanted)
            {
                return Some(Objection {
                    key: key("profile"),
                    what: format!("names the profile `{wanted}`, which there is not"),
                    help: did_you_mean(wanted, profiles.keys().map(String::as_str)),
                });
            }
            let has_profile = named.profile.is_some() || profiles.contains_key(name);
            let is_empty = named.command.is_empty() && !has_profile;
            is_empty.then(|| Objection {
                key: ["executors", name].map(str::to_owned).to_vec(),
                what: "has no command".to_owned(),
                help: Some(
                    "say what to run: `command = [\"my-agent\"]`, or name its `profile`".to_owned(),
                ),
            })
        });
        wrong.collect()
    }

    /// Names of executors that this layer gives, and that nobody knows once all are together.
    pub(super) fn unknown(&self, all: &Settings) -> Vec<Objection> {
        let given = [("executor", &self.executor), ("research", &self.research)];
        let names = all.names();
        let unknown = given.into_iter().filter_map(|(key, name)| {
            let name = name
                .as_deref()
                .filter(|name| !names.iter().any(|known| known == name))?;
            Some(Objection {
                key: vec![key.to_owned()],
                what: format!("is `{name}`, and no executor has that name"),
                help: Some(
                    did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
                        format!(
                            "known are `{}`; another is defined under `[executors.{name}]`",
                            names.join("`, `")
                        )
                    }),
                ),
            })
        });
        unknown.collect()
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
