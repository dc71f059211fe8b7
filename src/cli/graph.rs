//! `git enact graph`.

use std::path::PathBuf;

use anyhow::Result;

use super::check;
use super::selecting::Selecting;
use super::{Context, Exit};
use crate::report::{self, graph};

/// Draw what each task of a plan waits for
#[derive(Debug, clap::Args)]
#[command(override_usage = "git enact graph [OPTIONS] <PLAN>...")]
pub(super) struct Args {
    /// Plan files, or the directory that holds them; required unless an option chooses specs
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// As what
    #[arg(long, value_name = "text|mermaid|dot|json", default_value = "text")]
    format: Format,
    #[command(flatten)]
    selecting: Selecting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Mermaid,
    Dot,
    Json,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    args.selecting.require(&args.plans, "graph .")?;
    let (paths, selection) = args.selecting.of(&args.plans, context)?;
    let (plan, _) = check::read(&paths, &selection).sound(context.quiet)?;
    let format = if context.json {
        Format::Json
    } else {
        args.format
    };
    match format {
        Format::Text => report::text(&graph::text(&plan)),
        Format::Mermaid => report::text(&graph::mermaid(&plan)),
        Format::Dot => report::text(&graph::dot(&plan)),
        Format::Json => report::json_line(&graph::json(&plan).to_string()),
    }
    Ok(Exit::Done)
}
