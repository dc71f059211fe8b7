//! `git enact check`.

use std::path::PathBuf;

use anyhow::Result;

use super::selecting::Selecting;
use super::{Context, Exit};
use crate::config::Settings;
use crate::graph::Graph;
use crate::plan::{self, Dialect, Fault, Selection, Severity, Source};
use crate::report;
use crate::verify::checks::Found;

/// Read and check a plan; execute and create nothing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Plan files, or the directory that holds them
    #[arg(value_name = "PLAN", required_unless_present_any = ["phase", "infrastructure", "features", "all"])]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    selecting: Selecting,
    /// Make warnings faults
    #[arg(long)]
    strict: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let (paths, selection) = args.selecting.of(&args.plans, context)?;
    let Read {
        dialect,
        graph,
        sources,
        mut faults,
        ..
    } = read(&paths, &selection);
    if args.strict {
        faults
            .iter_mut()
            .for_each(|fault| fault.severity = Severity::Error);
    }
    let is_good = faults.iter().all(Fault::is_warning);
    let settings = match context.repo() {
        Ok(repo) => Settings::of(&repo)?,
        Err(_) => Settings::default(),
    };
    let routes = settings.mapping()?;
    if context.json {
        let graph = graph.as_ref();
        report::line(&report::check::json(dialect, graph, &faults, &routes).to_string());
    } else {
        show_faults(&faults, &sources);
        if let Some(graph) = graph.filter(|_| is_good) {
            report::text(&report::check::human(&graph, &faults, &programs(context)));
            let missing = settings.missing(&routes);
            report::text(&report::routes::lines(graph.plan(), &routes, &missing));
        }
    }
    Ok(if is_good { Exit::Done } else { Exit::Refused })
}

/// What can be run here: as a run would find it, when this is a repository.
pub(super) fn programs(context: &Context) -> Found<'static> {
    let repo = context.repo().ok();
    let checkout = repo.as_ref().and_then(|repo| repo.checkout());
    Found::beside(checkout.unwrap_or(&context.dir))
}

/// A plan as far as it could be read.
pub(super) struct Read {
    pub(super) dialect: Option<Dialect>,
    pub(super) graph: Option<Graph>,
    pub(super) sources: Vec<Source>,
    pub(super) faults: Vec<Fault>,
    /// The sessions of which one must be chosen first.
    pub(super) sessions: Vec<String>,
}

/// Reads and checks the plan that `paths` name.
pub(super) fn read(paths: &[PathBuf], selection: &Selection) -> Read {
    let loaded = match plan::load(paths, selection) {
        Ok(loaded) => loaded,
        Err(plan::Faults {
            faults,
            sources,
            dialect,
            sessions,
        }) => {
            return Read {
                dialect,
                graph: None,
                sources,
                faults,
                sessions,
            };
        }
    };
    let (dialect, sources, mut faults) =
        (Some(loaded.plan.dialect), loaded.sources, loaded.warnings);
    match Graph::new(loaded.plan) {
        Ok(graph) => Read {
            dialect,
            graph: Some(graph),
            sources,
            faults,
            sessions: Vec::new(),
        },
        Err(found) => {
            faults.extend(found);
            Read {
                dialect,
                graph: None,
                sources,
                faults,
                sessions: Vec::new(),
            }
        }
    }
}

/// Shows faults as compilers do, on standard error.
pub(super) fn show_faults(faults: &[Fault], sources: &[Source]) {
    if !faults.is_empty() {
        report::notice(report::faults::render(faults, sources, true).trim_end());
    }
}
