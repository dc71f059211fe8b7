//! `git enact log`.

use anyhow::Result;

use super::{Context, Exit};
use crate::journal;
use crate::report::{self, status};

/// Show the checkpoints of a run, newest first
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
    /// How many
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    for checkpoint in journal::checkpoints(&repo, &run)?.take(args.max_count.unwrap_or(usize::MAX))
    {
        let checkpoint = checkpoint?;
        if context.json {
            report::json_line(&serde_json::to_string(&checkpoint.recorded)?);
        } else {
            report::line(&status::log_line(&checkpoint.recorded, &checkpoint.subject));
        }
    }
    Ok(Exit::Done)
}
