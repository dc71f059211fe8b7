//! `git enact rollback`.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::{Context, Exit, asking, back, drive, export, open_run, show};
use crate::git::Repo;
use crate::journal::{self, Checkpoint};
use crate::report::{self, clean::visible, sentence::short};
use crate::run::engine;
use crate::run::event::Event;
use crate::run::state::State;
use crate::run::turn;
use crate::world;

/// Return a run, and its branch, to a checkpoint; what came after stays in the journal
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The beginning of the checkpoint's name, as `log` shows it
    checkpoint: String,
    /// The run, by id or unique prefix; else the one that has the checkpoint
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let (run, target) = find(args, context, &repo)?;
    let (mut journal, mut state) = open_run(&repo, &run)?;
    if target.recorded.seq == state.run.seq {
        bail!("run `{run}` stands at this checkpoint");
    }
    let then = journal::load_at(&repo, target.oid)?.state;
    if !asking::agree(&summary(&state, &then, &target), args.yes, context)? {
        return Ok(Exit::Refused);
    }
    state = drive::keep_what_was_cut_short(&repo, &mut journal, state)?;
    let to = repo.oid(&then.run.tip)?;
    let offer = back::offer(&journal, &state, to, &message(&run, &target))?;
    let event = Event::RolledBack {
        to: target.recorded.seq,
        target: target.oid.to_string(),
        from: state.run.tip.clone(),
        offer: back::offered(&offer),
    };
    world::remember(&repo, &state)?;
    journal.return_to_plan(target.oid)?;
    let recorded = engine::record_turn(&mut journal, &mut state, event, |now, recorded| {
        turn::rolled_back(now, &then, recorded)
    })?;
    back::follow(&repo, &journal, &state, &recorded)?;
    back::tell(context, &recorded, &state, &offer)?;
    export::follow(context, &repo, &state);
    if !context.json && !context.quiet {
        report::notice(&format!("go on from there with `git enact resume {run}`"));
    }
    Ok(Exit::Done)
}

/// The run and the checkpoint that were meant.
fn find(args: &Args, context: &Context, repo: &Repo) -> Result<(String, Checkpoint)> {
    let name = &args.checkpoint;
    let usual = context.find_run(repo, args.run.as_deref())?;
    if let Some(found) = show::find(repo, &usual, name)? {
        return Ok((usual, found));
    }
    let others = match args.run {
        Some(_) => Vec::new(),
        None => journal::runs(repo)?,
    };
    for run in others {
        if let Some(found) = show::find(repo, &run.id, name)? {
            return Ok((run.id, found));
        }
    }
    bail!(
        "run `{usual}` has no checkpoint called `{}`: see `git enact log {usual}`",
        visible(name)
    )
}

fn summary(now: &State, then: &State, target: &Checkpoint) -> String {
    let undone: Vec<&str> = now
        .graph()
        .tasks()
        .iter()
        .enumerate()
        .filter(|(index, task)| {
            let had = then
                .task(&task.id)
                .is_some_and(|then| then.commit == now.at(*index).commit);
            now.at(*index).commit.is_some() && !had
        })
        .map(|(_, task)| task.id.as_str())
        .collect();
    let mut text = format!(
        "run {}: return to checkpoint {} of {} ({})",
        now.run.id,
        short(&target.oid.to_string()),
        target.recorded.at,
        target.subject
    );
    if !undone.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "; integrated since, and undone by it: {}",
            undone.join(", ")
        );
    }
    if now.run.plan_hash != then.run.plan_hash {
        text.push_str("; the plan of then holds again");
    }
    visible(&text).into_owned()
}

fn message(run: &str, target: &Checkpoint) -> String {
    format!(
        "Return to an earlier state of run {run}\n\nIt was rolled back to its checkpoint {}.\n\nRun: {run}\n",
        target.oid
    )
}
