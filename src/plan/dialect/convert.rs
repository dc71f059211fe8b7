//! Any plan in the native format. Where that cannot say the same, the words stay in the task's body.

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::plan::{Check, Dialect, Expects, ImportedStatus, Kind, Plan, Task, TaskId, Weight};

#[derive(Serialize)]
struct Native<'a> {
    plan: Head<'a>,
    task: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Head<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    final_verify: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_rounds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Weight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    artifacts: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skills: Vec<&'a String>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a TaskId,
    title: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs: &'a [TaskId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    after: &'a [TaskId],
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    files: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    creates: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    modifies: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    depends: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verify: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expects: Option<Expects>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acceptance: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    skills: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_empty: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    review: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ImportedStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
}

/// The plan as `plan.toml`; `is_command` says which checks are commands, for there every check is one.
pub fn to_toml(plan: &Plan, is_command: impl Fn(&Check) -> bool) -> Result<String> {
    let wishes = &plan.wishes;
    let own = plan.dialect.defaults();
    let head = Head {
        title: &plan.title,
        final_verify: &wishes.final_verify,
        fix_rounds: wishes.fix_rounds,
        weight: wishes.weight,
        jobs: wishes.jobs.or(own.sequential.then_some(1)),
        retries: wishes
            .retries
            .or((own.retries != Dialect::Toml.defaults().retries).then_some(own.retries)),
        timeout: wishes.timeout.as_deref(),
        on_failure: wishes
            .goes_on
            .or(own.goes_on.then_some(true))
            .map(|goes_on| if goes_on { "skip" } else { "stop" }),
        summary_tokens: wishes.summary_tokens,
        artifacts: &plan.artifacts,
        skills: wishes.skills.iter().collect(),
    };
    let entry = |task| entry(task, &is_command);
    let native = Native {
        plan: head,
        task: plan.tasks.iter().map(entry).collect(),
    };
    toml::to_string_pretty(&native).context("the plan cannot be written as TOML")
}

fn entry<'a>(task: &'a Task, is_command: &impl Fn(&Check) -> bool) -> Entry<'a> {
    let commands = task.verify.iter().filter(|check| is_command(check));
    Entry {
        id: &task.id,
        title: &task.title,
        needs: &task.needs,
        after: &task.after,
        group: task.group.as_deref(),
        files: &task.files,
        creates: &task.creates,
        modifies: &task.modifies,
        depends: &task.depends,
        verify: commands.map(Check::text).collect(),
        expects: task.expects,
        kind: Some(task.kind).filter(|kind| *kind != Kind::default()),
        agent: task.agent.as_deref(),
        acceptance: &task.acceptance,
        skills: &task.skills,
        allow_empty: task.allow_empty,
        optional: task.optional,
        review: task.review,
        status: task.imported.as_ref().map(|imported| imported.status),
        commit: imported_commit(task),
        body: &task.body,
        run: task.run.as_deref(),
    }
}

fn imported_commit(task: &Task) -> Option<&str> {
    task.imported.as_ref()?.commit.as_deref()
}
