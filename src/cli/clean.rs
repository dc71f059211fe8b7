//! `git enact clean`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit, asking, drive, open_run, record_decision, take_lease, tampering};
use crate::care::purge::{self, Purge};
use crate::care::traces;
use crate::git::{Oid, Repo};
use crate::journal::{self, layout};
use crate::report;
use crate::run::event::Event;
use crate::run::names::short;
use crate::run::state::Drive;
use crate::world::{self, Kept};

/// Remove what a run left besides its journal: worktrees, task branches, local files
///
/// The journal and the run's branch stay, and with them everything that was done. With `--purge` they go as
/// well, and so do the notes that name the run: every trace of it in the repository.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the newest
    run: Option<String>,
    /// Remove every trace of the run, its journal, branch and notes included
    #[arg(long)]
    purge: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    if args.purge {
        return purge(&repo, args, context);
    }
    let run = context.find_run(&repo, args.run.as_deref())?;
    let (mut journal, mut state) = open_run(&repo, &run)?;
    let status = state.status(false);
    let root = drive::worktrees(&repo, &run)?;
    let branches = || repo.list(&layout::task_branches(&run));
    let summary = format!(
        "run {run} ({status}): remove its worktrees in {}, {} task branches and its local files; \
         the journal and the run's branch stay",
        root.display(),
        branches()?.len()
    );
    if !asking::agree(&summary, args.yes, context)? {
        return Ok(Exit::Refused);
    }
    let needed = tampering::is_needed(&repo, &run)?;
    let quarantine = state.run.drive.clone();
    if root.exists() {
        state = drive::keep_what_was_cut_short(&repo, &mut journal, state)?;
    }
    // To keep what was cut short is not to go on.
    if let (true, Drive::Quarantined(reason)) = (state.run.drive != quarantine, quarantine) {
        let left = Vec::new();
        record_decision(
            &mut journal,
            &mut state,
            Event::Quarantined { reason, left },
        )?;
    }
    // Whoever died while the run went back left its branch and notes where only the local files know them as ours.
    let lag = world::project(&repo, &state, journal.identity())?;
    if let Some(why) = &lag {
        let branch = layout::integration_branch(&run);
        report::notice(&format!("note: {branch} {why} and is left there"));
    }
    tell_of_kept(&world::take_back(&repo, &root)?);
    world::remove_worktrees(&repo, &root)?;
    let known = journal.tip().context("the journal has a tip")?;
    let common_dir = repo.common_dir();
    // A branch is missed as long as these files say that its task was attempted here.
    remove_dir(&layout::attempts_dir(common_dir, &run))?;
    remove_file(&layout::numbers_file(common_dir, &run))?;
    remove_branches(&repo, &branches()?, known)?;
    drop(journal);
    let mut kept = Vec::new();
    kept.extend(lag.map(|_| layout::projected_file(common_dir, &run)));
    if needed {
        kept.push(layout::surroundings_file(common_dir, &run));
        kept.push(layout::planted_dir(common_dir, &run));
    }
    remove_files(&layout::local_run(common_dir, &run), &kept)?;
    report::line(&format!("run {run}: cleaned"));
    if needed {
        report::notice(&format!(
            "note: run {run} is quarantined, and what puts the repository back stays: \
             `git enact doctor {run}` shows what was changed, with `--repair` it puts that back"
        ));
    }
    Ok(Exit::Done)
}

/// Removes the branches of the tasks, but for those that hold or are somebody's work; the journal has what `known` has.
fn remove_branches(repo: &Repo, branches: &[(String, Oid)], known: Oid) -> Result<()> {
    for (name, commit) in branches {
        if let Some(place) = repo.checked_out(name)? {
            let place = place.display();
            report::notice(&format!("note: {name} is checked out in {place} and stays"));
            continue;
        }
        // What the journal does not have, and what moved meanwhile, is somebody's work, and stays.
        if !repo.is_ancestor(*commit, known)? {
            report::notice(&format!(
                "note: {name} has commits that are not the run's, and stays"
            ));
            continue;
        }
        if repo.delete(name, *commit)?.is_err() {
            report::notice(&format!("note: {name} was moved and stays"));
        }
    }
    Ok(())
}

/// Removes the local files of a run but for those of `kept`: what is to follow a branch that stays behind, and what a
/// quarantine needs.
fn remove_files(local: &Path, kept: &[PathBuf]) -> Result<()> {
    if kept.is_empty() {
        return remove_dir(local);
    }
    for entry in std::fs::read_dir(local)?.flatten() {
        let path = entry.path();
        match path.is_dir() {
            _ if kept.contains(&path) => {}
            true => remove_dir(&path)?,
            false => remove_file(&path)?,
        }
    }
    Ok(())
}

fn remove_dir(path: &Path) -> Result<()> {
    removed(std::fs::remove_dir_all(path), path)
}

fn remove_file(path: &Path) -> Result<()> {
    removed(std::fs::remove_file(path), path)
}

/// What is gone already need not be removed.
fn removed(outcome: std::io::Result<()>, path: &Path) -> Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome.with_context(|| format!("`{}` cannot be removed", path.display())),
    }
}

/// Removes every trace of a run, even of one whose journal is gone or cannot be read.
fn purge(repo: &Repo, args: &Args, context: &Context) -> Result<Exit> {
    let run = match args.run.as_deref() {
        Some(named) if traces::runs(repo)?.contains_key(named) => named.to_owned(),
        named => context.find_run(repo, named)?,
    };
    if !world::tampered(repo, &run)?.is_empty() {
        bail!(
            "nothing was purged: while run `{run}` was driven, the repository was changed, and with the run what puts \
             it back would go; `git enact doctor {run} --repair` puts it back, `git enact resume {run} --yes` takes it as it is"
        );
    }
    // Whoever only asks what would be done leaves no lease behind.
    let had_files = layout::local_run(repo.common_dir(), &run).exists();
    let lease = take_lease(repo, &run)?;
    let worktrees = drive::worktrees(repo, &run)?;
    let agreed = purge::plan(repo, &run).and_then(|plan| {
        let question = question(repo, &run, &plan, &worktrees);
        asking::agree(&question, args.yes, context)
    });
    if !matches!(agreed, Ok(true)) {
        drop(lease);
        if !had_files {
            let files = layout::local_run(repo.common_dir(), &run);
            std::fs::remove_dir_all(files).unwrap_or_default();
        }
        return agreed.map(|_| Exit::Refused);
    }
    let kept = purge::purge(repo, lease, &worktrees)?;
    tell_of_kept(&kept);
    let left = match kept.is_empty() {
        true => "nothing of it is left",
        false => "nothing of it is left but what is yours",
    };
    report::line(&format!("run {run}: purged, {left}"));
    Ok(Exit::Done)
}

/// Worktrees that were lent, and that hold work of their person.
fn tell_of_kept(kept: &[Kept]) {
    for kept in kept {
        let (path, reason) = (kept.path.display(), &kept.reason);
        report::notice(&format!(
            "note: `{path}` holds work of yours and stays ({reason}); once it is kept elsewhere: \
             `git worktree remove --force --force '{path}'`"
        ));
    }
}

/// What a purge of `run` removes, and what of it is nowhere else.
fn question(repo: &Repo, run: &str, plan: &Purge, worktrees: &Path) -> String {
    let loaded = journal::load(repo, run).ok();
    let status = loaded
        .as_ref()
        .map_or("its journal cannot be read", |loaded| {
            loaded.state.status(false)
        });
    let mut lost = Vec::new();
    if let Some(tip) = plan.unlanded {
        let tip = tip.to_string();
        lost.push(format!(
            "its branch, whose tip {} is on no other branch",
            short(&tip)
        ));
    }
    if let Some(state) = loaded.as_ref().map(|loaded| &loaded.state) {
        let tasks = state.attempting().map(|task| &state.graph().tasks()[task]);
        lost.extend(tasks.map(|task| {
            let id = report::clean::visible_line(task.id.as_str());
            format!("what the attempt of task {id} left uncommitted")
        }));
    }
    for moved in purge::moved_aside(worktrees) {
        lost.push(format!("the files in {}", moved.display()));
    }
    let lost = match lost.as_slice() {
        [] => String::new(),
        lost => format!("; lost for good: {}", lost.join(", ")),
    };
    format!(
        "run {run} ({status}): remove every trace of it: its journal, {} branches, {} notes, {} worktrees \
         and all its local files{lost}",
        plan.branches, plan.notes, plan.worktrees
    )
}
