//! `git enact revert`.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit, asking, back, decide, drive, export, open_run, require_task};
use crate::git::{NewCommit, Oid, Repo};
use crate::history::revert::{self, Undoing};
use crate::journal::codec::subject_text;
use crate::journal::{self, Clock, Journal, layout};
use crate::plan::TaskId;
use crate::report::{self, clean::visible};
use crate::run::engine;
use crate::run::event::{Event, Recorded};
use crate::run::state::{Phase, State};
use crate::world::{self, Said};

/// Undo an integrated task by a new commit on the run's branch; no other task's work is lost
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task
    task: String,
    /// Why, for the record
    #[arg(
        short,
        allow_hyphen_values = true,
        value_name = "WORDS",
        default_value = ""
    )]
    message: String,
    /// The run, by id or unique prefix; else the active or newest one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    decide::refuse_secrets(&args.message)?;
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let (mut journal, mut state) = open_run(&repo, &run)?;
    let id = require_task(&state, &args.task)?;
    let index = state.graph().index(&id).context("the run has the task")?;
    refuse_unless_integrated(&state, index)?;
    let tree = match revert::prepare(&repo, &state, index)? {
        Undoing::Clean(tree) => tree,
        Undoing::Conflict(with, paths) => bail!(
            "task `{id}` cannot be undone by itself, and nothing was changed: what task `{with}` did builds on it in {}; \
             `git enact revert {with}` first, or `git enact rollback` to a checkpoint before it",
            visible(&paths.join(", "))
        ),
    };
    let summary = summary(&state, index);
    if args.yes && !context.json && !context.quiet {
        report::notice(&summary);
    }
    if !asking::agree(&summary, args.yes, context)? {
        return Ok(Exit::Refused);
    }
    let message = message(&state, index, &args.message);
    let mut tip = commit(&repo, &journal, &state, tree, &message)?;
    if let Some(tree) = with_progress(&repo, &journal, &state, &id, tip)? {
        tip = commit(&repo, &journal, &state, tree, &message)?;
    }
    let offer = back::offer(&journal, &state, tip, &message)?;
    let event = Event::Reverted {
        task: id,
        onto: state.run.tip.clone(),
        tip: tip.to_string(),
        words: args.message.clone(),
        offer: back::offered(&offer),
    };
    let recorded = engine::record(&mut journal, &mut state, event, &[])?;
    back::follow(&repo, &journal, &state, &recorded)?;
    back::tell(context, &recorded, &state, &offer)?;
    export::follow(context, &repo, &state);
    if context.json || context.quiet {
        return Ok(Exit::Done);
    }
    let stale = state.counts().stale;
    if stale > 0 {
        report::notice(&format!(
            "{stale} stale: `git enact resume {run}` proves them again, and redoes those that fail"
        ));
    }
    report::notice(&format!(
        "it stays out until it is wanted again: `git enact retry {} -m \"…\"`",
        args.task
    ));
    Ok(Exit::Done)
}

fn refuse_unless_integrated(state: &State, index: usize) -> Result<()> {
    let id = &state.graph().tasks()[index].id;
    let at = state.at(index);
    match at.phase {
        // What was to be done anew stands on the branch as it was.
        _ if at.phase.slot().is_none() && !at.merged.is_empty() => Ok(()),
        Phase::Done => bail!(
            "task `{id}` was done before this run: see `git revert {}`",
            at.commit.as_deref().unwrap_or("COMMIT")
        ),
        Phase::Reverted => {
            bail!("task `{id}` is reverted already: `git enact retry {id}` does it anew")
        }
        _ => bail!(
            "task `{id}` is {}, so there is nothing of it to undo",
            state.standing(index).words()
        ),
    }
}

/// What would be done, and whom it would concern.
fn summary(state: &State, index: usize) -> String {
    let tasks = state.graph().tasks();
    let task = &tasks[index];
    let mut text = format!(
        "run {}: undo task {} ({}) by a new commit on {}\n",
        state.run.id,
        task.id,
        task.title,
        layout::integration_branch(&state.run.id)
    );
    let needing = state.graph().needing(index);
    if !needing.is_empty() {
        text += "tasks that need it, directly or through others:\n";
    }
    for dependent in needing {
        let what = match state.at(dependent).phase {
            Phase::Done if !state.at(dependent).merged.is_empty() => "done; is proven again",
            Phase::Stale => "stale; is proven again",
            Phase::Pending => "pending; is done without it, unless skipped",
            _ => state.standing(dependent).words(),
        };
        let task = &tasks[dependent];
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {} ({}): {what}", task.id, task.title);
    }
    visible(text.trim_end()).into_owned()
}

fn message(state: &State, index: usize, words: &str) -> String {
    let task = &state.graph().tasks()[index];
    let subject = subject_text(&format!("{}: {}", task.id, task.title));
    let commits: Vec<&str> = state
        .at(index)
        .merged
        .iter()
        .map(|merged| merged.commit.as_str())
        .collect();
    let why = match words.trim() {
        "" => String::new(),
        words => format!("{words}\n\n"),
    };
    format!(
        "Revert \"{subject}\"\n\n{why}This undoes {}.\n\nRun: {}\nTask: {}\n",
        commits.join(" and "),
        state.run.id,
        subject_text(task.id.as_str())
    )
}

/// The tree of `undoing`, with which `task` is undone, once the plan's files in it say how far the run is then; nothing
/// where no commit of the branch has said so before. What the run said of other tasks went with its own commit, which is
/// no task's.
fn with_progress(
    repo: &Repo,
    journal: &Journal,
    state: &State,
    task: &TaskId,
    undoing: Oid,
) -> Result<Option<Oid>> {
    let tip = repo.oid(&state.run.tip)?;
    let mut was_said = false;
    for checkpoint in journal::checkpoints(repo, &state.run.id)? {
        if let Event::Finished {
            progress: Some(commit),
        } = checkpoint?.recorded.event
        {
            was_said = repo.is_ancestor(repo.oid(&commit)?, tip)?;
        }
        if was_said {
            break;
        }
    }
    if !was_said {
        return Ok(None);
    }
    let mut after = state.clone();
    after.apply(&Recorded {
        seq: state.run.seq + 1,
        at: state.run.updated_at.clone(),
        checkpoint: String::new(),
        event: Event::Reverted {
            task: task.clone(),
            onto: state.run.tip.clone(),
            tip: undoing.to_string(),
            words: String::new(),
            offer: None,
        },
    })?;
    let site = drive::site(journal, Arc::new(report::notice))?;
    Ok(match world::commit_progress(&site, &after, false)? {
        Said::Commit(commit) => Some(repo.tree_of(commit)?),
        Said::Already | Said::Not => None,
    })
}

fn commit(repo: &Repo, journal: &Journal, state: &State, tree: Oid, message: &str) -> Result<Oid> {
    repo.write_commit(&NewCommit {
        tree,
        parents: &[repo.oid(&state.run.tip)?],
        message,
        author: journal.identity(),
        time: Clock::from_env()?.now(),
    })
}
