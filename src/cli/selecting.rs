//! The options that say what of a plan's files is read, and how, the same for every command that reads them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::Context;
use crate::config::Settings;
use crate::plan::{Dialect, Faults, Selection};

#[derive(Debug, clap::Args)]
pub(super) struct Selecting {
    /// The plan's format, when it is not to be recognized
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// The session, where there are several
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The specs of this phase of the project
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// The specs of the project's infrastructure
    #[arg(long)]
    infrastructure: bool,
    /// The specs of the project's features
    #[arg(long)]
    features: bool,
    /// All specs of the project
    #[arg(long, conflicts_with_all = ["phase", "infrastructure", "features"])]
    all: bool,
    /// Words on how to run it: `sequential`, a domain whose agents come first, `use the NAME skill`
    #[arg(long, value_name = "TEXT")]
    hint: Option<String>,
}

impl Selecting {
    /// The paths among `named`, and what of them is wanted: names that are no paths are those of specs.
    pub(super) fn of(
        &self,
        named: &[PathBuf],
        context: &Context,
    ) -> Result<(Vec<PathBuf>, Selection)> {
        self.under(&settings(context)?, named, context)
    }

    /// The same where the settings are known.
    pub(super) fn under(
        &self,
        settings: &Settings,
        named: &[PathBuf],
        context: &Context,
    ) -> Result<(Vec<PathBuf>, Selection)> {
        let mut selection = Selection {
            dialect: self.dialect,
            session: self.session.clone(),
            phase: self.phase,
            infrastructure: self.infrastructure,
            features: self.features,
            all: self.all,
            hint: self.hint.clone(),
            agents: settings.agents.clone(),
            skills: settings.skills.clone(),
            ..Selection::default()
        };
        // What is no text names no spec.
        let exists = |path: &&PathBuf| {
            path.to_str().is_none() || context.path(path).symlink_metadata().is_ok()
        };
        let are_paths = named.iter().all(|path| exists(&path));
        let are_specs = named.len() > 1 && named.iter().all(|path| !context.path(path).is_file());
        if are_paths && !are_specs {
            let here = [PathBuf::from(".")];
            let paths = if named.is_empty() { &here } else { named };
            return Ok((
                paths.iter().map(|path| context.path(path)).collect(),
                selection,
            ));
        }
        if selection.chooses() {
            let name = named[0].display();
            bail!("`{name}` names a spec, and an option chooses others: give the one or the other");
        }
        selection.specs = named
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        Ok((vec![context.path(Path::new("."))], selection))
    }

    /// Refuses to take a directory for a plan that nobody named; `example` names one.
    pub(super) fn require(&self, named: &[PathBuf], example: &str) -> Result<()> {
        let chooses = self.phase.is_some() || self.infrastructure || self.features || self.all;
        if named.is_empty() && !chooses {
            bail!("name a plan file or the directory of a plan, such as `git enact {example}`");
        }
        Ok(())
    }

    /// Whether the words say that one task runs after the other.
    pub(super) fn is_sequential(&self) -> bool {
        let hint = self.hint.as_deref().unwrap_or_default().to_lowercase();
        let mut words = hint.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.starts_with("sequential"))
    }
}

/// What the user has set, where there is a repository to set it for.
pub(super) fn settings(context: &Context) -> Result<Settings, Faults> {
    match context.repo() {
        Ok(repo) => Settings::of(&repo),
        Err(_) => Ok(Settings::default()),
    }
}

/// `--phase-0` is written for `--phase 0`.
pub(super) fn spelled(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut is_ours = true;
    let spell = |arg: OsString| {
        is_ours &= arg != "--";
        let number = arg.to_str().and_then(|arg| arg.strip_prefix("--phase-"));
        match number.filter(|number| is_ours && number.parse::<u32>().is_ok()) {
            Some(number) => OsString::from(format!("--phase={number}")),
            None => arg,
        }
    };
    args.map(spell).collect()
}
