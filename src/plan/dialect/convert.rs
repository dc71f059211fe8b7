//! Any plan in the native format. Where that cannot say the same, the words stay in the task's body.

use std::borrow::Cow;
use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use anyhow::{Context as _, Result, anyhow};
use serde::Serialize;

use crate::plan::{
    Check, Dialect, Earlier, Expects, ImportedStatus, Kind, Plan, Task, TaskId, Weight, visible,
};

#[derive(Serialize)]
struct Native<'a> {
    plan: Head<'a>,
    task: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Head<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    artifacts: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skills: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a TaskId,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs: &'a [TaskId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    after: &'a [TaskId],
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Cow<'a, str>>,
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
    agent: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    acceptance: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skills: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_empty: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    review: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ImportedStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    body: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
}

/// The plan as `plan.toml`; `is_command` says which checks are commands, for there every check is one.
pub fn to_toml(plan: &Plan, is_command: impl Fn(&Check) -> bool) -> Result<String> {
    let wishes = &plan.wishes;
    let own = plan.dialect.defaults();
    let head = Head {
        title: one_line(&plan.title),
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
        artifacts: lines(&plan.artifacts),
        skills: lines(wishes.skills.iter()),
    };
    let entry = |task| entry(task, &is_command);
    let native = Native {
        plan: head,
        task: plan.tasks.iter().map(entry).collect(),
    };
    let text = toml::to_string_pretty(&native).context("the plan cannot be written as TOML")?;
    shown(text)
}

fn entry<'a>(task: &'a Task, is_command: &impl Fn(&Check) -> bool) -> Entry<'a> {
    let commands = task.verify.iter().filter(|check| is_command(check));
    Entry {
        id: &task.id,
        title: one_line(&task.title),
        needs: &task.needs,
        after: &task.after,
        group: task.group.as_deref().and_then(one_line),
        files: &task.files,
        creates: &task.creates,
        modifies: &task.modifies,
        depends: &task.depends,
        verify: commands.map(Check::text).collect(),
        expects: task.expects,
        kind: Some(task.kind).filter(|kind| *kind != Kind::default()),
        agent: task.agent.as_deref().and_then(one_line),
        acceptance: lines(&task.acceptance),
        skills: lines(&task.skills),
        allow_empty: task.allow_empty,
        optional: task.optional,
        review: task.review,
        status: task.imported.as_ref().map(|imported| imported.status),
        commit: imported_commit(task).and_then(one_line),
        body: body(task),
        run: task.run.as_deref(),
    }
}

fn imported_commit(task: &Task) -> Option<&str> {
    task.imported.as_ref()?.commit.as_deref()
}

/// A value of which the format takes one line, in one; none when nothing is said.
fn one_line(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if !text.contains('\n') {
        return (!text.is_empty()).then_some(Cow::Borrowed(text));
    }
    let parts = text.lines().map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    Some(Cow::Owned(parts.join(" ")))
}

fn lines<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<Cow<'a, str>> {
    texts
        .into_iter()
        .filter_map(|text| one_line(text))
        .collect()
}

/// The task's text and, for whoever goes on with it, where it stopped before, which no key says.
fn body(task: &Task) -> Cow<'_, str> {
    let is_begun = |task: &Task| {
        let before = task.imported.as_ref();
        before.is_some_and(|before| before.status == ImportedStatus::InProgress)
    };
    let Some(earlier) = task.earlier.as_ref().filter(|_| is_begun(task)) else {
        return Cow::Borrowed(&task.body);
    };
    let Earlier {
        artifacts,
        last_step,
        error,
    } = earlier;
    let step = last_step.iter();
    let step = step.map(|step| format!("\n- The last step that worked: {step}"));
    let error = error.iter();
    let error = error.map(|error| format!("\n- Then it ended: {error}"));
    let left = artifacts.iter();
    let left = left.map(|path| format!("\n- It left `{path}`"));
    let told: String = step.chain(error).chain(left).collect();
    let own = task.body.trim_end();
    Cow::Owned(format!("{own}\n\nWhere it stopped before:\n{told}\n"))
}

/// TOML that can be printed: what would repaint a terminal or hide something is escaped, and every value stays the same.
fn shown(text: String) -> Result<String> {
    if matches!(visible(&text), Cow::Borrowed(_)) {
        return Ok(text);
    }
    let table = DeTable::parse(&text).map_err(|error| anyhow!("{error}"))?;
    let mut unsafe_ones = Vec::new();
    for value in table.get_ref().values() {
        collect(value, &text, &mut unsafe_ones);
    }
    unsafe_ones.sort_by_key(|(range, _)| range.start);
    let mut written = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    for (range, value) in unsafe_ones {
        written.push_str(&text[at..range.start]);
        push_basic(value, &mut written);
        at = range.end;
    }
    written.push_str(&text[at..]);
    Ok(written)
}

/// The strings that hold what must not be shown as it is, each with where it is written.
fn collect<'v>(
    value: &'v Spanned<DeValue<'_>>,
    text: &str,
    found: &mut Vec<(Range<usize>, &'v str)>,
) {
    match value.get_ref() {
        DeValue::String(own) if matches!(visible(&text[value.span()]), Cow::Owned(_)) => {
            found.push((value.span(), own));
        }
        DeValue::Array(list) => list.iter().for_each(|value| collect(value, text, found)),
        DeValue::Table(table) => table.values().for_each(|value| collect(value, text, found)),
        _ => {}
    }
}

/// A value as a basic string, the only kind that has escapes; on several lines when it has several.
fn push_basic(value: &str, written: &mut String) {
    let is_long = value.contains('\n');
    // A line end behind the quotes is none of the value.
    let (opens, closes) = match is_long {
        true => ("\"\"\"\n", "\"\"\""),
        false => ("\"", "\""),
    };
    written.push_str(opens);
    let mut own = [0; 4];
    for c in value.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '"' => written.push_str("\\\""),
            c if matches!(visible(c.encode_utf8(&mut own)), Cow::Borrowed(_)) => written.push(c),
            c if u32::from(c) <= 0xffff => written.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => written.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    written.push_str(closes);
}
