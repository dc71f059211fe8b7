//! Programs that are known: what `profiles.toml` says of each. Nothing is started here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

use super::output;
use crate::process::environment;
use crate::run::policy::CommitMode;
use crate::run::reader::Reader;

/// What is known of a program that can be an executor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What people call it.
    pub title: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Who commits when it runs.
    pub commit: CommitMode,
    /// What it gets in its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of the variables of the caller's environment that it may need.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// What has to be known to use it.
    pub traps: Vec<String>,
    /// How what it leaves is read.
    pub reader: Reader,
}

/// Every profile, by name.
pub fn all() -> &'static BTreeMap<String, Profile> {
    static ALL: LazyLock<BTreeMap<String, Profile>> = LazyLock::new(|| {
        toml::from_str(include_str!("profiles.toml"))
            .expect("a file that was compiled in, and that a test has read")
    });
    &ALL
}

/// Where the program of `command` is, if it can be run: a file named by a path, or one on PATH.
pub fn program(command: &[String]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    environment::program(command.first()?, &path, Some(Path::new("")))
}

/// The first of the variables `env` that looks like a secret.
pub fn secret(env: &BTreeMap<String, String>) -> Option<&str> {
    let is_secret =
        |name: &str, value: &str| !output::secrets(&[(name.into(), value.into())]).is_empty();
    let found = env.iter().find(|(name, value)| is_secret(name, value))?;
    Some(found.0)
}

/// Whether an executor may be given the variable `name`.
pub fn may_set(name: &str) -> bool {
    environment::may_set(name)
}
