//! `git enact progress`.

use anyhow::Result;

use super::{Context, Exit};
use crate::journal;
use crate::report::{self, status};

/// Print the PROGRESS table as Markdown, from git
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    report::text(&status::progress_table(&journal::load(&repo, &run)?.state));
    Ok(Exit::Done)
}
