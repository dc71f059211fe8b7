//! `git enact report`.

use anyhow::Result;

use super::{Context, Exit, status_context};
use crate::journal;
use crate::report::{self, markdown};

/// Print the end report of a run
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
    /// As what
    #[arg(long, value_name = "md", default_value = "md")]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Md,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let about = status_context(&repo, &state)?;
    match args.format {
        Format::Md => report::text(&markdown::report(&state, &about)),
    }
    Ok(Exit::Done)
}
