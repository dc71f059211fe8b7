//! `git enact stop`.

use anyhow::{Context as _, Result};

use super::{Context, Exit};
use crate::journal::{Lease, layout};
use crate::report;

/// Ask a running run to stop once what runs has ended
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active one
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let Some(held) = Lease::holder(repo.common_dir(), &run) else {
        report::notice(&format!("run {run} is not running"));
        return Ok(Exit::Done);
    };
    let request = layout::stop_file(repo.common_dir(), &run);
    std::fs::write(&request, b"")
        .with_context(|| format!("`{}` cannot be written", request.display()))?;
    report::notice(&format!(
        "asked process {} to stop run {run} once what runs has ended",
        held.pid
    ));
    Ok(Exit::Done)
}
