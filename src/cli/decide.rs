//! `git enact retry`, `skip` and `answer`: a person's decisions; then `resume`.

use anyhow::{Result, bail};

use super::{Context, Exit, export, open_run, record_decision, require_task};
use crate::plan::{TaskId, secrets_in, without_secrets};
use crate::report::{self, clean::visible_line};
use crate::run::event::{By, Event, Recorded};
use crate::run::policy::Executor;
use crate::run::state::{Illegal, Phase, State};

/// Decide a new attempt of a task
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    /// The task
    task: String,
    /// What the next attempt should know, word for word
    #[arg(
        short,
        allow_hyphen_values = true,
        value_name = "WORDS",
        default_value = ""
    )]
    message: String,
    /// Start from what the last attempt left
    #[arg(long = "continue")]
    continues: bool,
    /// The run, by id or unique prefix; else the newest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Leave a task out; those that need it are held
#[derive(Debug, clap::Args)]
pub(super) struct Skip {
    /// The task
    task: String,
    /// Why
    #[arg(
        short,
        allow_hyphen_values = true,
        value_name = "WORDS",
        default_value = "skipped by decision"
    )]
    message: String,
    /// The run, by id or unique prefix; else the newest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Answer a kickback or a blocker; the words reach the next attempt
#[derive(Debug, clap::Args)]
pub(super) struct Answer {
    /// The task
    task: String,
    /// The answer, word for word
    #[arg(
        short,
        allow_hyphen_values = true,
        value_name = "WORDS",
        required = true
    )]
    message: String,
    /// The run, by id or unique prefix; else the newest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

impl Retry {
    pub(super) fn exec(self, context: &Context) -> Result<Exit> {
        let Retry {
            task,
            message: words,
            continues,
            run,
        } = self;
        refuse_secrets(&words)?;
        decide(context, &task, run.as_deref(), |id, phase| match phase {
            Phase::Kickback if words.is_empty() => bail!(
                "task `{id}` was kicked back: the same input would meet the same answer; \
                 say what is different with `git enact answer {id} -m \"…\"`"
            ),
            _ => Ok(Event::Retried {
                task: id,
                by: By::Person,
                reason: "decided by a person".to_owned(),
                words,
                continues,
            }),
        })
    }
}

impl Skip {
    pub(super) fn exec(self, context: &Context) -> Result<Exit> {
        let reason = self.message;
        refuse_secrets(&reason)?;
        let skipped = |task, _: &Phase| {
            Ok(Event::Skipped {
                task,
                by: By::Person,
                reason,
            })
        };
        decide(context, &self.task, self.run.as_deref(), skipped)
    }
}

impl Answer {
    pub(super) fn exec(self, context: &Context) -> Result<Exit> {
        let words = self.message;
        if words.trim().is_empty() {
            bail!("the answer is empty: the next attempt would learn nothing from it");
        }
        refuse_secrets(&words)?;
        let answered = |task, phase: &Phase| match phase {
            Phase::Failed | Phase::Partial | Phase::TimedOut => bail!(
                "task `{task}` asked nothing, it failed: `git enact retry {task} -m \"…\"` gives the next attempt your words"
            ),
            _ => Ok(Event::Answered {
                task,
                by: By::Person,
                words,
            }),
        };
        decide(context, &self.task, self.run.as_deref(), answered)
    }
}

/// Refuses a person's words that hold a secret: they become part of the run, which is shown and pushed.
pub(super) fn refuse_secrets(words: &str) -> Result<()> {
    if !secrets_in(words.as_bytes()).is_empty() {
        bail!(
            "the words hold what looks like a secret (`{}`), which would be stored in the run; keep it in your \
             environment, and name its variable in the words and in `pass_env`",
            visible_line(&without_secrets(words))
        );
    }
    Ok(())
}

/// Records a person's decision about a task.
fn decide(
    context: &Context,
    task: &str,
    run: Option<&str>,
    event: impl FnOnce(TaskId, &Phase) -> Result<Event>,
) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, run)?;
    let (mut journal, mut state) = open_run(&repo, &run)?;
    let id = require_task(&state, task)?;
    let phase = state
        .task(&id)
        .map_or(Phase::Pending, |task| task.phase.clone());
    let event = event(id.clone(), &phase)?;
    let recorded = match record_decision(&mut journal, &mut state, event) {
        Err(error) if error.is::<Illegal>() => bail!("{}", no_decision(&state, &id, &phase)),
        recorded => recorded?,
    };
    if let Event::Retried { words, .. } | Event::Answered { words, .. } = &recorded.event {
        warn_of_deaf_executor(&state, &id, words);
    }
    announce(context, &recorded, &state)?;
    export::follow(context, &repo, &state);
    Ok(Exit::Done)
}

/// Why there is nothing to decide about a task like that, and what there is instead.
fn no_decision(state: &State, id: &TaskId, phase: &Phase) -> String {
    let index = state.graph().index(id);
    let standing = index.map_or("unknown", |index| state.standing(index).name());
    match phase {
        Phase::Attempting(_) | Phase::Ended(_) | Phase::Accepted(_) | Phase::Refused => format!(
            "task `{id}` is on record as under way: `git enact resume {}` finds out what became of it",
            state.run.id
        ),
        Phase::Stale | Phase::Reverted => {
            format!("task `{id}` is {standing}: `git enact retry {id}` does it anew")
        }
        Phase::InReview => {
            format!("task `{id}` waits for review: `git enact review {id}` shows it, and decides")
        }
        _ => format!(
            "task `{id}` is {standing}, so there is nothing to decide about it: what failed can be retried, \
             what was kicked back or is blocked answered, what is not done skipped"
        ),
    }
}

/// Words for a shell script reach nobody.
pub(super) fn warn_of_deaf_executor(state: &State, task: &TaskId, words: &str) {
    let by = state
        .graph()
        .index(task)
        .and_then(|task| state.executor_for(task));
    if matches!(state.run.policy.by(by).executor, Executor::Shell) && !words.is_empty() {
        report::notice(
            "note: the shell executor runs the task's own commands again, and reads no words",
        );
    }
}

/// Says what was decided, and how to go on.
pub(super) fn announce(context: &Context, recorded: &Recorded, state: &State) -> Result<()> {
    if context.json {
        report::json_line(&serde_json::to_string(recorded)?);
    } else if !context.quiet {
        let said = report::sentence::sentence(recorded, state).map(|(_, text)| text);
        let run = &state.run.id;
        report::notice(&format!(
            "{}; go on with `git enact resume {run}`",
            said.unwrap_or_default()
        ));
    }
    Ok(())
}
