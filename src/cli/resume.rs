//! `git enact resume`.

use anyhow::Result;

use super::approving::approve;
use super::drive::{Begin, drive};
use super::tampering::{self, Passed};
use super::{Context, Exit, input, open_run};
use crate::approval::Proposal;
use crate::git::{self, Repo};
use crate::plan;
use crate::process::sandbox;
use crate::report::{self, clean::visible, resumption};
use crate::run::state::{Drive, Phase, State};

/// Drive a run again; first says what will become of each task, and why
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the newest
    run: Option<String>,
    /// Approve the plan and its commands, and take a repository that somebody tampered with as it is, without being asked
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    // Whether what was changed is run is decided here.
    let repo = context.repo_as_it_is()?;
    git::require_version()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    resume(context, &repo, &run, args.yes)
}

/// Takes `run` up again.
pub(super) fn resume(context: &Context, repo: &Repo, run: &str, yes: bool) -> Result<Exit> {
    let (mut journal, mut state) = open_run(repo, run)?;
    repo.have_files_of(repo.oid(&state.run.tip)?)?;
    let passed = tampering::pass(repo, &mut journal, &mut state, yes)?;
    if let Passed::No = passed {
        return Ok(Exit::NeedsPerson);
    }
    warn_of_edited_plan(context, repo, &state);
    let policy = state.run.policy.clone();
    sandbox::require(policy.sandbox.level)?;
    let proposal = Proposal::new(repo, state.authored().clone(), policy, &state.run.plan_hash)?;
    let Some(approved) = approve(&proposal, repo, run, yes, context.json)? else {
        return Ok(Exit::Refused);
    };
    tampering::settle(repo, run, &passed)?;
    if !context.json && !context.quiet {
        for line in resumption::decisions(&state) {
            report::notice(&line);
        }
    }
    let reason = match &state.run.drive {
        Drive::Running if was_cut_short(&state) => "its driver ended without a word".to_owned(),
        // It ended for a person's decision, or died between two tasks.
        Drive::Running => "nothing was under way".to_owned(),
        Drive::Paused(reason, _) => format!("paused: {reason}"),
        Drive::Stopped(reason) => format!("stopped: {reason}"),
        Drive::Quarantined(reason) => match passed {
            Passed::Accepted => format!("accepted by a person: {reason}"),
            Passed::TakenUp => format!("a person took it up again after: {reason}"),
            _ => format!("quarantined, and put back: {reason}"),
        },
        Drive::Finished => "finished".to_owned(),
    };
    drive(context, journal, state, approved, Begin::Again(reason))
}

/// Whoever edits a plan expects it to be followed.
fn warn_of_edited_plan(context: &Context, repo: &Repo, state: &State) {
    let Ok(path) = input::recorded_path(context, repo, state) else {
        return;
    };
    // What cannot be read now says nothing: the run has its plan.
    let Ok(read) = plan::load(&[path], &state.selection()) else {
        return;
    };
    let (plan, run) = (&state.run.plan_path, &state.run.id);
    let hash = git::sha256(&plan::hash_input(&read.sources));
    let is_same = hash.is_ok_and(|hash| hash == state.run.plan_hash)
        || input::is_only_marked(repo, run, read.plan.dialect, &read.sources).unwrap_or(true);
    if !is_same && !context.quiet {
        report::notice(&visible(&format!(
            "note: `{plan}` has changed since; `git enact replan {run}` adopts it, until then the run goes on with the plan as it was"
        )));
    }
}

/// Whether an attempt ran, or ended without being judged, when the last drive ended.
fn was_cut_short(state: &State) -> bool {
    let mut active = state.active();
    active.any(|task| matches!(state.at(task).phase, Phase::Attempting(_) | Phase::Ended(_)))
}
