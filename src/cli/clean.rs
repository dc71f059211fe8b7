//! `git enact clean`.

use anyhow::{Context as _, Result};

use super::{Context, Exit, asking, drive, take_lease};
use crate::journal::{Clock, Journal, layout};
use crate::report;
use crate::world;

/// Remove what a run left besides its journal: worktrees, task branches, local files
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the newest
    run: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let lease = match take_lease(&repo, &run)? {
        Ok(lease) => lease,
        Err(exit) => return Ok(exit),
    };
    let (mut journal, state) = Journal::open(repo.reopen()?, lease, Clock::from_env()?)?;
    let status = state.status(false);
    let root = drive::worktrees(&repo, &run)?;
    let branches = || repo.list(&layout::task_branches(&run));
    let summary = format!(
        "run {run} ({status}): remove its worktrees in {}, {} task branches and its local files; \
         the journal and the run's branch stay",
        root.display(),
        branches()?.len()
    );
    if !asking::agree(&summary, args.yes) {
        return Ok(Exit::Refused);
    }
    if root.exists() {
        drive::keep_what_was_cut_short(&repo, &mut journal, state)?;
    }
    for kept in world::take_back(&repo, &root)? {
        let (path, reason) = (kept.path.display(), kept.reason);
        report::notice(&format!(
            "note: `{path}` holds work of yours and stays ({reason}); once it is kept elsewhere: \
             `git worktree remove --force --force '{path}'`"
        ));
    }
    world::remove_worktrees(&repo, &root)?;
    for (name, commit) in &branches()? {
        if let Some(place) = repo.checked_out(name)? {
            let place = place.display();
            report::notice(&format!("note: {name} is checked out in {place} and stays"));
            continue;
        }
        // What moved meanwhile is somebody's work, and stays.
        if repo.delete(name, *commit)?.is_err() {
            report::notice(&format!("note: {name} was moved and stays"));
        }
    }
    drop(journal);
    let local = layout::local_run(repo.common_dir(), &run);
    if local.exists() {
        std::fs::remove_dir_all(&local)
            .with_context(|| format!("`{}` cannot be removed", local.display()))?;
    }
    report::line(&format!("run {run}: cleaned"));
    Ok(Exit::Done)
}
