//! `git enact report`.

use anyhow::Result;

use super::{Context, Exit, status, status_context};
use crate::git::{ChangeKind, Repo};
use crate::journal;
use crate::report::outcome::Files;
use crate::report::{self, json, markdown};
use crate::run::state::State;

/// Print the end report of a run
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
    /// As what: Markdown, or JSON with every attempt
    #[arg(long, value_name = "md|json")]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Md,
    Json,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let about = status_context(&repo, &state)?;
    let asked = if context.json {
        Format::Json
    } else {
        Format::Md
    };
    match args.format.unwrap_or(asked) {
        Format::Md => report::text(&markdown::report(&state, &about, &files(&repo, &state)?)),
        Format::Json => {
            let branches = status::branches(&repo, &state)?;
            report::json_line(&json::report(
                &state,
                &about,
                &files(&repo, &state)?,
                &branches,
            )?);
        }
    }
    Ok(Exit::Done)
}

/// What the run made of the files that it started from.
pub(super) fn files(repo: &Repo, state: &State) -> Result<Files> {
    let (base, tip) = (repo.oid(&state.run.base)?, repo.oid(&state.run.tip)?);
    let mut files = Files::default();
    for change in repo.changed(base, tip)? {
        let kind = match change.kind {
            ChangeKind::Added => &mut files.created,
            ChangeKind::Deleted => &mut files.deleted,
            ChangeKind::Modified | ChangeKind::TypeChanged => &mut files.modified,
        };
        kind.push(change.path);
    }
    Ok(files)
}
