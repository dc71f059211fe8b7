//! `git enact status`.

use anyhow::Result;

use super::{Context, Exit, status_context};
use crate::journal::{self, Lease};
use crate::report::{self, status};

/// Say where a run stands
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
    /// Print tab-separated lines that stay as they are
    #[arg(long)]
    porcelain: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    if !context.json && !args.porcelain {
        let driven = Lease::is_held(repo.common_dir(), &run);
        if let Some(text) = status::brief(&journal::headline(&repo, &run)?, driven) {
            report::text(&text);
            return Ok(Exit::Done);
        }
    }
    let loaded = journal::load(&repo, &run)?;
    let about = status_context(&repo, &loaded.state)?;
    if context.json {
        report::line(&status::json(&loaded.state, &about).to_string());
    } else if args.porcelain {
        report::text(&status::porcelain(&loaded.state, &about));
    } else {
        report::text(&status::human(&loaded.state, &about));
    }
    Ok(Exit::Done)
}
