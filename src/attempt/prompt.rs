//! Renders the prompt: a template over the context package. The template may be the user's own; a name it
//! misspells is an error that tells the line, and never an empty place in a prompt.

use std::ops::Range;

use anyhow::{Result, anyhow};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::package::{Dependency, Outline, Package};
use super::sample;
use crate::plan::{Artifact, Expects, Kind, Session, Task, Weight, char_start};
use crate::run::evidence::Signal;
use crate::run::policy::CommitMode;

/// The template in use unless the user replaces it.
pub const TEMPLATE: &str = include_str!("prompt.md.j2");

/// How many steps a template may take: a hundred times what ours takes for the largest package.
const FUEL: u64 = 2_000_000;

/// The template by which a question is looked into.
pub const RESEARCH: &str = include_str!("research.md.j2");

/// What a template may name.
#[derive(Serialize)]
struct View<'a> {
    task: TaskView<'a>,
    plan: Option<&'a Outline>,
    files: &'a [String],
    verify: &'a [String],
    dependencies: &'a [Dependency],
    artifacts: &'a [Artifact],
    previous_attempts: Vec<Previous<'a>>,
    answers: &'a [String],
    session: Option<&'a Session>,
    inherited: &'a [String],
    skills: &'a [String],
    attempt: u32,
    commit_mode: CommitMode,
    must_commit: bool,
    signals: Vec<&'static str>,
}

/// The task with every field there, set or not: a template may ask for each.
#[derive(Serialize)]
struct TaskView<'a> {
    id: &'a str,
    title: &'a str,
    body: &'a str,
    group: Option<&'a str>,
    agent: Option<&'a str>,
    kind: Kind,
    creates: &'a [String],
    modifies: &'a [String],
    depends: &'a [String],
    run: Option<&'a str>,
    expects: Option<Expects>,
    earlier: Option<EarlierView<'a>>,
}

/// How far an attempt from before the run came, where a plan says more than that there was one.
#[derive(Serialize)]
struct EarlierView<'a> {
    last_step: Option<&'a str>,
    error: Option<&'a str>,
    artifacts: &'a [String],
}

impl<'a> TaskView<'a> {
    fn new(task: &'a Task) -> Self {
        Self {
            id: task.id.as_str(),
            title: &task.title,
            body: &task.body,
            group: task.group.as_deref(),
            agent: task.agent.as_deref(),
            kind: task.kind,
            creates: &task.creates,
            modifies: &task.modifies,
            depends: &task.depends,
            run: task.run.as_deref(),
            expects: task.expects,
            earlier: task.earlier.as_ref().map(|earlier| EarlierView {
                last_step: earlier.last_step.as_deref(),
                error: earlier.error.as_deref(),
                artifacts: &earlier.artifacts,
            }),
        }
    }
}

#[derive(Serialize)]
struct Previous<'a> {
    attempt: u32,
    outcome: String,
    reasons: &'a [String],
    salvage: Option<&'a str>,
    words: &'a [String],
    details: &'a str,
    recommendation: &'a str,
}

/// The prompt of the `attempt`-th attempt, by `template` or ours.
pub fn render(
    template: Option<&str>,
    package: &Package,
    attempt: u32,
    commit: CommitMode,
) -> Result<String> {
    fill(template.unwrap_or(TEMPLATE), package, attempt, commit).map_err(|error| {
        let line = error
            .line()
            .map_or_else(String::new, |line| format!(", line {line}"));
        anyhow!("prompt template{line}: {}", told(&error))
    })
}

fn fill(
    template: &str,
    package: &Package,
    attempt: u32,
    commit: CommitMode,
) -> Result<String, minijinja::Error> {
    let view = View {
        task: TaskView::new(&package.task),
        plan: package.plan.as_ref(),
        files: &package.files,
        verify: &package.verify,
        dependencies: &package.dependencies,
        artifacts: &package.artifacts,
        previous_attempts: previous(package),
        answers: &package.answers,
        session: package.session.as_ref(),
        inherited: &package.inherited,
        skills: &package.skills,
        attempt,
        commit_mode: commit,
        must_commit: commit == CommitMode::Executor
            && package
                .previous_attempts
                .last()
                .is_some_and(|last| last.no_commit),
        signals: Signal::ALL.map(Signal::name).to_vec(),
    };
    environment()?
        .template_from_str(template)?
        .render(Serde(&view))
}

/// What is wrong with a template, and where in its text.
#[derive(Debug)]
pub struct Wrong {
    /// In words.
    pub message: String,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// Whether a user's template makes prompts at `weight`: it is tried on a task that has everything a task can have, and on
/// one that has nothing.
pub fn check(template: &str, weight: Weight) -> Result<(), Wrong> {
    for package in [sample::whole(), sample::plain(weight)] {
        let made = fill(template, &package, package.attempt, CommitMode::Executor);
        made.map_err(|error| Wrong {
            message: format!("the prompt template: {}", told(&error)),
            range: spot(&error, template),
        })?;
    }
    Ok(())
}

/// Where the error is: its bytes, else its line. What is missing at the end is missing behind the last byte.
fn spot(error: &minijinja::Error, template: &str) -> Range<usize> {
    let line = error.line().unwrap_or(1).saturating_sub(1);
    let start: usize = template
        .split_inclusive('\n')
        .take(line)
        .map(str::len)
        .sum();
    let range = error.range().unwrap_or(start..start);
    char_start(template, range.start)..char_start(template, range.end)
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    // A loop over loops is a mistake that nobody would wait for.
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // A line that holds a tag only leaves no line behind.
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    Ok(environment)
}

fn told(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, None) => "undefined value: nothing has this name".to_owned(),
        (ErrorKind::OutOfFuel, _) => "it does not come to an end".to_owned(),
        (kind, None) => kind.to_string(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
    }
}

fn previous(package: &Package) -> Vec<Previous<'_>> {
    package
        .previous_attempts
        .iter()
        .map(|previous| Previous {
            attempt: previous.attempt,
            outcome: previous.outcome.to_string(),
            reasons: &previous.reasons,
            salvage: previous.salvage.as_deref(),
            words: &previous.words,
            details: previous.claim.as_ref().map_or("", |claim| &claim.details),
            recommendation: previous
                .claim
                .as_ref()
                .map_or("", |claim| &claim.recommendation),
        })
        .collect()
}
