//! Settings that come one by one, from git config or from the environment: each fault names the key or variable that
//! holds it.

use super::executors::NamedExecutor;
use super::objections::Objection;
use super::{KEYS, Settings, snake};
use crate::git::Repo;
use crate::plan::{Fault, Faults, did_you_mean};
use crate::run::policy::Hooks;

/// What git config may say of us that is no setting of a run, in lower case.
const OTHERS: [&str; 1] = ["worktreedir"];

/// Where single settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Git config, `enact.<key>`.
    Git,
    /// The environment, `ENACT_<KEY>`.
    Environment,
    /// The command line, `--<key>`.
    Flags,
}

impl Origin {
    /// What the setting that `key` leads to is called there.
    fn name(self, key: &[String]) -> String {
        let path = key.join(".");
        match self {
            Origin::Git => {
                let path = KEYS
                    .into_iter()
                    .find(|known| snake(known) == path)
                    .unwrap_or(&path);
                format!("git config `enact.{path}`")
            }
            Origin::Environment => format!("`ENACT_{}`", path.to_ascii_uppercase()),
            Origin::Flags => format!("`--{}`", path.replace('_', "-")),
        }
    }

    /// What is wrong with a setting, by what it is called there.
    pub(super) fn fault(self, objection: &Objection) -> Fault {
        let message = format!("{} {}", self.name(&objection.key), objection.what);
        Fault::error(message).maybe_help(objection.help.clone())
    }

    /// Settings without anything wrong by themselves.
    pub fn checked(self, settings: Settings) -> Result<Settings, Faults> {
        let found = settings.objections();
        match found.is_empty() {
            true => Ok(settings),
            false => Err(Faults::of(
                found.iter().map(|one| self.fault(one)).collect(),
                Vec::new(),
            )),
        }
    }
}

impl Settings {
    /// What git config says.
    pub(super) fn of_git(repo: &Repo) -> Result<Self, Faults> {
        refuse_unknown(repo)?;
        let mut settings =
            Self::from_keys(Origin::Git, |key| repo.config(&format!("enact.{key}")))?;
        settings.executors = executors(repo.config_below("enact.executors."))?;
        settings.hooks = Hooks::by_name(|name| repo.config(&format!("enact.hook.{name}")));
        Origin::Git.checked(settings)
    }

    /// Takes the keys that `value` knows.
    pub fn from_keys(
        origin: Origin,
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Faults> {
        let mut settings = Self::default();
        for key in KEYS {
            let Some(text) = value(key) else { continue };
            let field = snake(key);
            let name = origin.name(std::slice::from_ref(&field));
            let is_number = matches!(field.as_str(), "jobs" | "retries" | "fix_rounds");
            let given = match text.trim().parse() {
                Ok(number) if is_number => toml::Value::Integer(number),
                _ if is_number => {
                    let message = format!("{name} is `{text}`, which is no whole number");
                    return Err(Fault::error(message).into());
                }
                _ => toml::Value::String(text.clone()),
            };
            let one = toml::Table::from_iter([(field, given)]);
            let one: Result<Self, toml::de::Error> = one.try_into();
            let one = one.map_err(|error| misfit(&name, &text, error.message()))?;
            settings = settings.with(one);
        }
        Ok(settings)
    }
}

/// Why a value cannot be that of a setting.
fn misfit(name: &str, text: &str, message: &str) -> Fault {
    let choices: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    if choices.is_empty() {
        return Fault::error(format!(
            "{name} is `{text}`: it must be a whole number, 0 or more"
        ));
    }
    let message = format!("{name} is `{text}`: it can be `{}`", choices.join("`, `"));
    Fault::error(message).maybe_help(did_you_mean(text, choices.iter().copied()))
}

/// A key that means nothing is one that was misspelled.
fn refuse_unknown(repo: &Repo) -> Result<(), Fault> {
    let known = KEYS.iter().map(|key| key.to_ascii_lowercase());
    let known: Vec<String> = known.chain(OTHERS.map(str::to_owned)).collect();
    for (key, _) in repo.config_below("enact.") {
        let means = match key.split_once('.') {
            Some(("executors", _)) => true,
            Some(("hook", name)) => Hooks::NAMES.contains(&name),
            _ => known.contains(&key),
        };
        if !means {
            let hooks = Hooks::NAMES.map(|name| format!("hook.{name}"));
            let spelled = KEYS.iter().map(ToString::to_string).chain(hooks);
            let spelled: Vec<String> = spelled.map(|key| format!("enact.{key}")).collect();
            let written = format!("enact.{key}");
            let meant = did_you_mean(&written, spelled.iter().map(String::as_str));
            let fault = Fault::error(format!("git config `{written}` means nothing"));
            return Err(fault.maybe_help(meant));
        }
    }
    Ok(())
}

/// `[executors]` of git config: `enact.executors.<name>.<key>`, with the command as `sh` reads it.
fn executors(
    entries: Vec<(String, String)>,
) -> Result<std::collections::BTreeMap<String, NamedExecutor>, Fault> {
    let mut executors = std::collections::BTreeMap::new();
    for (key, value) in entries {
        let Some((name, field)) = key.rsplit_once('.') else {
            let message = format!("git config `enact.executors.{key}` names no key of an executor");
            return Err(Fault::error(message).help("write `enact.executors.NAME.command`"));
        };
        let named: &mut NamedExecutor = executors.entry(name.to_owned()).or_default();
        match field {
            "profile" => named.profile = Some(value),
            "command" => named.command = ["sh", "-c", &value].map(str::to_owned).to_vec(),
            "args" => named.args.push(value),
            "commit" => {
                let mode = clap::ValueEnum::from_str(&value, true);
                named.commit = Some(mode.map_err(|_| {
                    Fault::error(format!(
                        "git config `enact.executors.{key}` is `{value}`: it can be `executor`, `tool` or `auto`"
                    ))
                })?);
            }
            "passenv" => named.pass_env.push(value),
            other => {
                return Err(Fault::error(format!(
                    "git config `enact.executors.{name}.{other}` means nothing: it can be `profile`, `command`, \
                     `args`, `commit` or `passEnv`"
                )));
            }
        }
    }
    Ok(executors)
}
