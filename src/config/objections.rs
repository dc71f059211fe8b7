//! What is wrong with settings by themselves, each told by the key that holds it. Where that key stands is known by the
//! layer that it came from.
//!
//! Whether names lead anywhere is asked once all layers are together (see `executors` and `routes`).

use super::Settings;
use super::executors::{NamedExecutor, SHELL};
use crate::attempt::profile;
use crate::plan::{TIME_SPANS, time_span};

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The keys that lead to it, as `enact.toml` has them.
    pub key: Vec<String>,
    /// The end of a sentence about it.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A command that says nothing to run, or cannot be said to a shell.
fn unusable(command: &str) -> Option<&'static str> {
    match command {
        blank if blank.trim().is_empty() => Some("is an empty command"),
        command if command.contains('\0') => Some("has a NUL character in it"),
        _ => None,
    }
}

/// What is found on the way.
#[derive(Default)]
struct Found(Vec<Objection>);

impl Found {
    fn add(&mut self, key: &[&str], what: impl Into<String>, help: Option<&str>) {
        self.0.push(Objection {
            key: key.iter().map(ToString::to_string).collect(),
            what: what.into(),
            help: help.map(str::to_owned),
        });
    }

    fn commands(&mut self, key: &str, commands: &[String]) {
        let found = commands.iter().find_map(|command| unusable(command));
        if let Some(what) = found {
            self.add(&[key], what, Some("leave it out, or say what to run"));
        }
    }

    /// Those that are empty take away what a layer below says.
    fn named_commands<'n, 'c>(
        &mut self,
        key: &str,
        commands: impl Iterator<Item = (&'n str, &'c str)>,
    ) {
        for (name, command) in commands {
            if command.contains('\0') {
                self.add(&[key, name], "has a NUL character in it", None);
            }
        }
    }

    fn passed(&mut self, key: &[&str], names: &[String]) {
        let refused = names.iter().find(|name| !profile::may_set(name));
        if let Some(name) = refused {
            let what = format!(
                "names `{name}`, and variables of git, of the loader and of git enact are never passed on"
            );
            self.add(key, what, None);
        }
    }
}

impl Settings {
    /// What is wrong with this layer by itself.
    pub fn objections(&self) -> Vec<Objection> {
        let mut found = Found::default();
        if self.jobs == Some(0) {
            found.add(
                &["jobs"],
                "is 0: at least one task must be able to run",
                None,
            );
        }
        let spans = [
            (&["timeout"][..], &self.timeout),
            (&["stall_timeout"], &self.stall_timeout),
            (&["grace"], &self.grace),
            (&["limits", "time"], &self.limits.time),
        ];
        for (key, span) in spans {
            if let Some(text) = span
                && let Err(what) = time_span(text)
            {
                found.add(key, format!("is `{text}`, which {what}"), Some(TIME_SPANS));
            }
        }
        self.object_to_limits(&mut found);
        found.commands("verify", &self.verify);
        found.commands("final_verify", &self.final_verify);
        found.commands("setup", self.setup.as_slice());
        found.named_commands("hooks", self.hooks.iter());
        let checks = self.checks.iter();
        found.named_commands(
            "checks",
            checks.map(|(name, command)| (name.as_str(), command.as_str())),
        );
        self.object_to_names(&mut found);
        found.passed(&["pass_env"], &self.pass_env);
        let is_whole = |path: &&String| path.starts_with('/') || path.starts_with("~/");
        if let Some(path) = self.sandbox_write.iter().find(|path| !is_whole(path)) {
            let what = format!("names `{path}`");
            found.add(
                &["sandbox_write"],
                what,
                Some("begin a path with `/` or `~/`"),
            );
        }
        for (name, named) in &self.executors {
            object_to_executor(name, named, &mut found);
        }
        if self.retry.after.is_some() && self.retry.executor.is_none() {
            let what = "says when somebody takes over, and `executor` does not say who";
            found.add(&["retry", "after"], what, None);
        }
        if self.retry.after == Some(0) {
            let what = "is 0: name who makes the first attempt as `executor` or in `[routes]`";
            found.add(&["retry", "after"], what, None);
        }
        found.0
    }

    fn object_to_limits(&self, found: &mut Found) {
        const NOTHING: &str = "is nothing: nothing could run";
        let limits = &self.limits;
        if limits.attempts == Some(0) {
            found.add(&["limits", "attempts"], NOTHING, None);
        }
        if limits.tokens == Some(0) {
            found.add(&["limits", "tokens"], NOTHING, None);
        }
        if let Some(cost) = limits.cost
            && (!cost.is_finite() || cost <= 0.0)
        {
            let what = match cost.is_finite() {
                true => NOTHING,
                false => "is no amount of money",
            };
            found.add(&["limits", "cost"], what, None);
        }
    }

    /// Names stand in lists and in sentences.
    fn object_to_names(&self, found: &mut Found) {
        let is_word = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        for name in self.checks.keys() {
            if name.is_empty() || !name.chars().all(is_word) {
                found.add(
                    &["checks", name],
                    "has a name that is not one word",
                    Some("write one word of letters, digits, `-`, `_` and `.`"),
                );
            }
        }
    }
}

fn object_to_executor(name: &str, named: &NamedExecutor, found: &mut Found) {
    let key = ["executors", name];
    if name == SHELL {
        let what = "takes the name of the executor that is part of the tool";
        found.add(&key, what, Some("choose another name"));
    }
    let words = named.command.iter().chain(&named.args);
    if named
        .command
        .first()
        .is_some_and(|word| word.trim().is_empty())
    {
        let help = "leave it out, or name a program";
        found.add(
            &["executors", name, "command"],
            "names an empty program",
            Some(help),
        );
    } else if words.into_iter().any(|word| word.contains('\0')) {
        let what = "has a NUL character in its command";
        found.add(&key, what, None);
    }
    for (variable, value) in &named.env {
        let key = ["executors", name, "env", variable];
        if !profile::may_set(variable) {
            let what = "is not for an executor to set: variables of git, of the loader and of git enact are not its own";
            found.add(&key, what, None);
        } else if value.contains('\0') {
            found.add(&key, "has a NUL character in it", None);
        }
    }
    if let Some(variable) = profile::secret(&named.env) {
        found.add(
            &["executors", name, "env", variable],
            "looks like a secret, and what a run begins with is part of its journal",
            Some("set it in your environment, and name it in `pass_env`"),
        );
    }
    found.passed(&["executors", name, "pass_env"], &named.pass_env);
}
