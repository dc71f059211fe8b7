//! Renders the prompt: a template over the context package. The template may be the user's own; a name it
//! misspells is an error that tells the line, and never an empty place in a prompt.

use anyhow::{Result, anyhow};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::package::{Dependency, Outline, Package};
use crate::plan::{Artifact, Expects, Kind, Session, Task};
use crate::run::evidence::Signal;
use crate::run::policy::CommitMode;

/// The template in use unless the user replaces it.
pub const TEMPLATE: &str = include_str!("prompt.md.j2");

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
    environment()
        .and_then(|environment| {
            environment
                .template_from_str(template.unwrap_or(TEMPLATE))?
                .render(Serde(&view))
        })
        .map_err(|error| located(&error))
}

/// Whether a user's template can be read; what it names is known only when it is rendered.
pub fn check(template: &str) -> Result<()> {
    environment()
        .and_then(|environment| environment.template_from_str(template).map(drop))
        .map_err(|error| located(&error))
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
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

fn located(error: &minijinja::Error) -> anyhow::Error {
    let detail = error.detail().unwrap_or("it cannot be rendered");
    match error.line() {
        Some(line) => anyhow!("prompt template, line {line}: {}: {detail}", error.kind()),
        None => anyhow!("prompt template: {}: {detail}", error.kind()),
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
