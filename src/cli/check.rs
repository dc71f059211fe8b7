//! `git enact check`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::selecting::{self, Selecting};
use super::{Context, Exit};
use crate::config::Settings;
use crate::git::Repo;
use crate::graph::Graph;
use crate::plan::{self, Dialect, Fault, Faults, Selection, Severity, Source};
use crate::report;
use crate::verify::checks::Found;

/// Read and check a plan; execute and create nothing
#[derive(Debug, clap::Args)]
#[command(override_usage = "git enact check [OPTIONS] <PLAN>...")]
pub(super) struct Args {
    /// Plan files, or the directory that holds them; required unless an option chooses specs
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    selecting: Selecting,
    /// Make warnings faults
    #[arg(long)]
    strict: bool,
}

/// What the user has set, the template that they name included.
fn settings(context: &Context) -> Result<Settings, Faults> {
    let settings = selecting::settings(context)?;
    if let Ok(repo) = context.repo() {
        settings.template(&repo)?;
    }
    Ok(settings)
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    args.selecting.require(&args.plans, "check .")?;
    // A plan is told of whatever is wrong with the settings, and the other way round.
    let (settings, unset) = match settings(context) {
        Ok(settings) => (settings, None),
        Err(faults) => (Settings::default(), Some(faults)),
    };
    let (paths, selection) = args.selecting.under(&settings, &args.plans, context)?;
    let Read {
        dialect,
        graph,
        mut sources,
        mut faults,
        ..
    } = read(&paths, &selection);
    if let Some(unset) = unset {
        faults.extend(unset.faults);
        sources.extend(unset.sources);
    }
    if args.strict {
        faults
            .iter_mut()
            .for_each(|fault| fault.severity = Severity::Error);
    }
    let is_good = faults.iter().all(Fault::is_warning);
    let routes = settings.mapping()?;
    if context.json {
        let graph = graph.as_ref();
        report::json_line(&report::check::json(dialect, graph, &faults, &routes).to_string());
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

impl Read {
    /// The plan, once its warnings were told, or its faults.
    pub(super) fn sound(self, is_quiet: bool) -> Result<(Graph, Vec<Source>), Faults> {
        let is_good = self.faults.iter().all(Fault::is_warning);
        let Some(graph) = self.graph.filter(|_| is_good) else {
            return Err(Faults {
                faults: self.faults,
                sources: self.sources,
                dialect: self.dialect,
                sessions: self.sessions,
            });
        };
        if !is_quiet {
            show_faults(&self.faults, &self.sources);
        }
        Ok((graph, self.sources))
    }
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
    let format = loaded.plan.dialect;
    let (dialect, sources, mut faults) = (Some(format), loaded.sources, loaded.warnings);
    faults.extend(sources.iter().filter_map(led_away));
    match Graph::new(loaded.plan) {
        Ok(graph) => Read {
            dialect,
            graph: Some(graph),
            sources,
            faults,
            sessions: Vec::new(),
        },
        Err(mut found) => {
            plan::point(format, &sources, &mut found);
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

/// A warning when a file of the plan is a link out of the repository that it lies in: what it leads to becomes part of the
/// run.
fn led_away(source: &Source) -> Option<Fault> {
    let path = &source.path;
    let is_link = path
        .symlink_metadata()
        .is_ok_and(|found| found.is_symlink());
    if !is_link {
        return None;
    }
    let place = path.canonicalize().ok()?;
    let directory = path.parent()?;
    let here = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    let repo = Repo::discover(here).ok()?;
    let top = repo.checkout()?.canonicalize().ok()?;
    let warning = || {
        Fault::warning(format!(
            "`{}` is a link to `{}`",
            path.display(),
            place.display()
        ))
        .help("that lies outside the repository, and its text becomes part of the run")
    };
    (!place.starts_with(top)).then(warning)
}

/// Shows faults as compilers do, on standard error.
pub(super) fn show_faults(faults: &[Fault], sources: &[Source]) {
    if !faults.is_empty() {
        report::notice(report::faults::render(faults, sources, true).trim_end());
    }
}
