//! `git enact status`.

use std::collections::HashSet;

use anyhow::{Context as _, Result};

use super::{Context, Exit, show, status_context};
use crate::git::{self, Oid, Repo};
use crate::journal::{self, Lease, layout};
use crate::report::{self, clean::visible, status};
use crate::run::state::State;

/// Say where a run stands
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
    /// Where it stood then: the beginning of a checkpoint's name
    #[arg(long, value_name = "CHECKPOINT")]
    at: Option<String>,
    /// Print tab-separated lines that stay as they are
    #[arg(long)]
    porcelain: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    git::trust_hashes();
    if !context.json && !args.porcelain && args.at.is_none() {
        let driven = Lease::is_held(repo.common_dir(), &run);
        if let Some(text) = status::brief(&journal::headline(&repo, &run)?, driven) {
            report::text(&text);
            return Ok(Exit::Done);
        }
    }
    let loaded = match &args.at {
        None => journal::load(&repo, &run)?,
        Some(name) => journal::load_at(&repo, earlier(&repo, &run, name)?)?,
    };
    let mut about = status_context(&repo, &loaded.state)?;
    if args.at.is_some() {
        about.driven = false;
        about.is_earlier = true;
        about.checkpoint = loaded.tip.to_string();
    }
    if context.json {
        let branches = branches(&repo, &loaded.state)?;
        report::json_line(&status::json(&loaded.state, &about, &branches)?);
    } else if args.porcelain {
        report::text(&status::porcelain(&loaded.state, &about));
    } else {
        report::text(&status::human(&loaded.state, &about));
    }
    Ok(Exit::Done)
}

fn earlier(repo: &Repo, run: &str, name: &str) -> Result<Oid> {
    let found = show::find(repo, run, name)?;
    let found =
        found.with_context(|| format!("run `{run}` has no checkpoint `{}`", visible(name)))?;
    Ok(found.oid)
}

/// The branch of each task, in the plan's order, where it has one.
pub(super) fn branches(repo: &Repo, state: &State) -> Result<Vec<Option<String>>> {
    let run = &state.run.id;
    let existing = repo.list(&layout::task_branches(run))?;
    let existing: HashSet<String> = existing.into_iter().map(|(name, _)| name).collect();
    let branches = (0..state.graph().len())
        .map(|task| layout::task_branch(run, state.graph().slug(task)))
        .map(|branch| existing.contains(&branch).then_some(branch));
    Ok(branches.collect())
}
