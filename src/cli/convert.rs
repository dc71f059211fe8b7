//! `git enact convert`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::check;
use super::selecting::Selecting;
use super::{Context, Exit};
use crate::plan;
use crate::report;
use crate::verify::checks;

/// Print a plan in the native format
#[derive(Debug, clap::Args)]
#[command(override_usage = "git enact convert [OPTIONS] --to <toml> <PLAN>...")]
pub(super) struct Args {
    /// Plan files, or the directory that holds them; required unless an option chooses specs
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// The format to write
    #[arg(long, value_name = "toml")]
    to: Format,
    #[command(flatten)]
    selecting: Selecting,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Toml,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    args.selecting.require(&args.plans, "convert . --to toml")?;
    let (paths, selection) = args.selecting.of(&args.plans, context)?;
    let (graph, sources) = check::read(&paths, &selection).sound(context.quiet)?;
    let found = check::programs(context);
    let is_command = |check: &plan::Check| checks::is_command(check, &found);
    if !context.quiet {
        let left_out = report::check::left_out(graph.plan(), &found);
        left_out.iter().for_each(|line| report::notice(line));
    }
    match args.to {
        Format::Toml => {
            let plan = plan::with_bodies(graph.plan(), &sources);
            let plan = plan.map_err(|fault| anyhow!(fault.message))?;
            report::text(&plan::to_toml(&plan, is_command)?);
        }
    }
    Ok(Exit::Done)
}
