//! `git enact show`.

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit};
use crate::git::Repo;
use crate::journal::{self, Checkpoint, layout};
use crate::plan::{TaskId, or_meant};
use crate::report::task::{self, Kept};
use crate::report::{self, clean::visible};
use crate::run::event::Event;
use crate::run::policy::Executor;
use crate::run::state::{Phase, State};
use crate::world::{self, Given};

/// The least digits of a checkpoint's name.
const DIGITS_MIN: usize = 4;

/// Show a task with its attempts, or a checkpoint
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A task, or the beginning of a checkpoint's name
    #[arg(value_name = "TASK|CHECKPOINT")]
    what: String,
    /// Print exactly what the executor was given: the prompt, or with `--json` its context package
    #[arg(long)]
    context: bool,
    /// Of which attempt, instead of the last
    #[arg(long, value_name = "N", requires = "context")]
    attempt: Option<u32>,
    /// The run, by id or unique prefix; else the active or newest one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let Some(index) = state.graph().index(&TaskId::new(args.what.as_str())) else {
        if args.context {
            bail!(
                "`--context` is about a task, and run `{run}` has none called `{}`",
                visible(&args.what)
            );
        }
        return show_checkpoint(&repo, &run, &state, &args.what, context);
    };
    let ends = ends(&repo, &run, &state, index)?;
    if args.context {
        return show_context(&repo, &state, index, &ends, args.attempt, context);
    }
    show_ends(&repo, &state, index, &ends, context)?;
    Ok(Exit::Done)
}

/// Shows a task with its attempts.
pub(super) fn show_task(
    repo: &Repo,
    run: &str,
    state: &State,
    id: &TaskId,
    context: &Context,
) -> Result<()> {
    let index = state.graph().index(id).context("the run has the task")?;
    show_ends(repo, state, index, &ends(repo, run, state, index)?, context)
}

fn show_ends(
    repo: &Repo,
    state: &State,
    index: usize,
    ends: &[Option<Checkpoint>],
    context: &Context,
) -> Result<()> {
    let kept = ends
        .iter()
        .map(|end| end.as_ref().map(|end| kept(repo, end)).transpose())
        .collect::<Result<Vec<_>>>()?;
    if context.json {
        report::json_line(&task::json(state, index, &kept)?);
    } else {
        report::text(&task::human(state, index, &kept));
    }
    Ok(())
}

/// The checkpoints that ended the attempts of a task, oldest first; `None` for one that has not ended.
fn ends(repo: &Repo, run: &str, state: &State, index: usize) -> Result<Vec<Option<Checkpoint>>> {
    let id = &state.graph().tasks()[index].id;
    let history = &state.at(index).history;
    let mut ends: Vec<Option<Checkpoint>> = history.iter().map(|_| None).collect();
    for checkpoint in journal::checkpoints(repo, run)? {
        let checkpoint = checkpoint?;
        let number = match &checkpoint.recorded.event {
            Event::AttemptEnded { task, attempt, .. }
            | Event::AttemptAbandoned { task, attempt, .. }
                if task == id =>
            {
                *attempt
            }
            // Before its first attempt there is nothing of it.
            Event::AttemptStarted { task, attempt, .. }
                if task == id
                    && history
                        .first()
                        .is_some_and(|first| first.number == *attempt) =>
            {
                break;
            }
            _ => continue,
        };
        if let Some(at) = history.iter().position(|attempt| attempt.number == number) {
            ends[at] = Some(checkpoint);
        }
    }
    Ok(ends)
}

fn kept(repo: &Repo, end: &Checkpoint) -> Result<Kept> {
    Ok(Kept {
        checkpoint: end.oid.to_string(),
        output: journal::attachment(repo, end.oid, "output")?,
    })
}

/// Shows what an attempt was given: the prompt byte for byte, or its context package.
fn show_context(
    repo: &Repo,
    state: &State,
    index: usize,
    ends: &[Option<Checkpoint>],
    attempt: Option<u32>,
    context: &Context,
) -> Result<Exit> {
    let id = &state.graph().tasks()[index].id;
    let history = &state.at(index).history;
    let wanted = match attempt {
        Some(number) => history.iter().position(|attempt| attempt.number == number),
        None => history.len().checked_sub(1),
    };
    let at = wanted.with_context(|| match attempt {
        Some(number) => format!("task `{id}` has no attempt {number}"),
        None => format!("task `{id}` was not attempted yet"),
    })?;
    let number = history[at].number;
    let policy = state.run.policy.by(history[at].executor.as_deref());
    let reads_prompt = !matches!(policy.executor, Executor::Shell);
    let name = match context.json {
        true => layout::PACKAGE,
        false => layout::PROMPT,
    };
    let given = match &ends[at] {
        Some(end) => journal::attachment(repo, end.oid, name)?,
        None => given_now(repo, state, index, number)?.map(|given| match context.json {
            true => given.package,
            false => given.prompt,
        }),
    };
    match given.filter(|_| context.json || reads_prompt || ends[at].is_some()) {
        Some(given) => report::bytes(&given),
        None if !context.json && !reads_prompt => bail!(
            "attempt {number} of task `{id}` was given no prompt: its executor ran commands of the plan; \
             `--json` shows what it could read of the task"
        ),
        None if ends[at].is_none() => bail!(
            "attempt {number} of task `{id}` has not ended, and this machine does not run it: what it was given is \
             recorded at its end"
        ),
        None => bail!("what attempt {number} of task `{id}` was given is not in the journal"),
    }
    Ok(Exit::Done)
}

/// What an attempt that has not ended is told, from the files of the machine that runs it. They are as its executor
/// reads them; what is recorded of them is without what is secret to the run, and so is this.
fn given_now(repo: &Repo, state: &State, index: usize, number: u32) -> Result<Option<Given>> {
    let Phase::Attempting(slot) = state.at(index).phase else {
        return Ok(None);
    };
    let task = &state.graph().tasks()[index].id;
    let given = world::given(repo, state, task, number, slot);
    // Those of the next attempt are in the same place: it is not this one's when it has ended meanwhile.
    let now = journal::load(repo, &state.run.id)?.state;
    let runs_still = now.at(index).phase == Phase::Attempting(slot)
        && now
            .at(index)
            .last()
            .is_some_and(|last| last.number == number);
    Ok(given.filter(|_| runs_still))
}

fn show_checkpoint(
    repo: &Repo,
    run: &str,
    state: &State,
    name: &str,
    context: &Context,
) -> Result<Exit> {
    let found = find(repo, run, name)?.with_context(|| {
        let known = state.graph().tasks().iter().map(|task| task.id.as_str());
        format!(
            "run `{run}` has neither a task nor a checkpoint called `{}`{}",
            visible(name),
            or_meant(name, known)
        )
    })?;
    if context.json {
        report::json_line(&serde_json::to_string(&found.recorded)?);
        return Ok(Exit::Done);
    }
    let files = journal::attachments(repo, found.oid)?
        .into_iter()
        .map(|name| {
            let bytes = journal::attachment(repo, found.oid, &name)?;
            Ok((name, bytes.unwrap_or_default()))
        })
        .collect::<Result<Vec<_>>>()?;
    let message = repo.commit(found.oid)?.message;
    report::text(&task::checkpoint(&found.recorded, &message, &files));
    Ok(Exit::Done)
}

/// The one checkpoint of `run` whose name begins with `name`.
pub(super) fn find(repo: &Repo, run: &str, name: &str) -> Result<Option<Checkpoint>> {
    if name.len() < DIGITS_MIN {
        return Ok(None);
    }
    let mut found: Option<Checkpoint> = None;
    for checkpoint in journal::checkpoints(repo, run)? {
        let checkpoint = checkpoint?;
        if !checkpoint
            .oid
            .to_string()
            .starts_with(&name.to_ascii_lowercase())
        {
            continue;
        }
        if found.is_some() {
            bail!(
                "`{}` begins more than one checkpoint: give more of it",
                visible(name)
            );
        }
        found = Some(checkpoint);
    }
    Ok(found)
}
