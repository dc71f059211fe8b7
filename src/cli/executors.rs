//! `git enact executors`.

use anyhow::Result;

use super::{Context, Exit};
use crate::config::Settings;
use crate::config::executors::SHELL;
use crate::report::{self, executors};
use crate::run::policy::CommitMode;

/// List the executors that can be named, whether each is installed, and what to know of it
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn exec(_: &Args, context: &Context) -> Result<Exit> {
    // Profiles are known outside repositories too.
    let settings = match context.repo() {
        Ok(repo) => Settings::of(&repo)?,
        Err(_) => Settings::default(),
    };
    let rows = settings
        .names()
        .iter()
        .map(|name| row(&settings, name))
        .collect::<Result<Vec<_>>>()?;
    if context.json {
        report::json_line(&executors::json(&rows));
    } else {
        report::text(&executors::human(&rows));
    }
    Ok(Exit::Done)
}

fn row(settings: &Settings, name: &str) -> Result<executors::Row> {
    if name == SHELL {
        return Ok(executors::Row {
            name: name.to_owned(),
            title: "the plan's own `sh` commands".to_owned(),
            profile: None,
            command: Vec::new(),
            program: None,
            installed: true,
            commit: CommitMode::Auto,
            pass_env: Vec::new(),
            traps: Vec::new(),
        });
    }
    let known = settings.known(name)?;
    let program = known.program();
    Ok(executors::Row {
        installed: program.is_some(),
        program: program.map(|path| path.to_string_lossy().into_owned()),
        name: known.name,
        title: known.title,
        profile: known.profile,
        command: known.command,
        commit: known.commit,
        pass_env: known.pass_env,
        traps: known.traps,
    })
}
