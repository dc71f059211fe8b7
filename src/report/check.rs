//! What `git enact check` found: for a person, and as JSON for programs.
//!
//! Tells what the plan says, and which of its checks nothing on this machine could run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::clean::visible_line;
use super::graph::waits;
use super::overlaps;
use crate::graph::Graph;
use crate::plan::{Check, Dialect, Expects, Fault, ImportedStatus, Plan, Severity, Task};
use crate::run::names::listed;
use crate::run::routes::Routes;
use crate::verify::checks::{self, Programs};

/// More waves or members than these are counted rather than listed.
const LISTED_MAX: usize = 40;

/// Of so many tasks it is named what was left out; more are counted.
const LEFT_OUT_MAX: usize = 10;

/// A good plan in words: its tasks, what each waits for and how it is verified, and the order.
pub fn human(graph: &Graph, warnings: &[Fault], programs: &impl Programs) -> String {
    let plan = graph.plan();
    let waves = graph.waves();
    let mut lines = vec![format!(
        "{} ({}): {} in {}",
        visible_line(&plan.title),
        plan.dialect,
        counted(graph.len(), "task"),
        counted(waves.len(), "wave"),
    )];
    lines.push(String::new());
    let width = graph
        .tasks()
        .iter()
        .map(|task| shown_width(task.id.as_str()))
        .max()
        .unwrap_or(0)
        .min(16);
    for (index, task) in graph.tasks().iter().enumerate() {
        lines.push(headline(graph, index, width));
        lines.extend(
            details(task, programs)
                .into_iter()
                .map(|detail| format!("{:width$}    {detail}", "")),
        );
    }
    lines.push(String::new());
    lines.extend(wave_lines(graph, &waves));
    lines.extend(overlaps::lines(graph));
    let unproven = graph
        .tasks()
        .iter()
        .filter(|task| !has_command(task, programs))
        .count();
    let left: Vec<usize> = (0..graph.len())
        .filter(|task| graph.tasks()[*task].optional && graph.tasks()[*task].is_open())
        .collect();
    if !left.is_empty() {
        let names = ids(graph, &left);
        lines.push(format!("run only when `--only` names them: {names}"));
    }
    if unproven > 0 {
        lines.push(format!(
            "no command proves {} of {}",
            unproven,
            counted(graph.len(), "task")
        ));
    }
    if !warnings.is_empty() {
        lines.push(counted(warnings.len(), "warning"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn headline(graph: &Graph, index: usize, width: usize) -> String {
    let task = &graph.tasks()[index];
    let id = visible_line(task.id.as_str());
    let mut line = format!("  {id:width$}  {}", visible_line(&task.title));
    for (relation, others) in waits(graph, index) {
        // Writing to a string cannot fail.
        let _ = write!(line, " ({relation} {})", ids(graph, &others));
    }
    if let Some(imported) = &task.imported {
        let _ = write!(line, " [{}", status(task).replace('_', " "));
        if let Some(commit) = &imported.commit {
            let _ = write!(line, " {}", visible_line(commit));
        }
        line.push(']');
    }
    if task.optional {
        line.push_str(" [optional]");
    }
    if task.review {
        line.push_str(" [review]");
    }
    line
}

fn details(task: &Task, programs: &impl Programs) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(agent) = &task.agent {
        details.push(format!("agent   {}", visible_line(agent)));
    }
    if !task.files.is_empty() {
        details.push(format!("files   {}", visible_line(&task.files.join(", "))));
    }
    for check in &task.verify {
        let shown = first_line(check.text());
        details.push(match check {
            check if checks::is_command(check, programs) => match task.expects {
                Some(Expects::Failing) => format!("verify  $ {shown} (must fail)"),
                _ => format!("verify  $ {shown}"),
            },
            Check::Command(_) | Check::Code(_) => {
                let program = checks::first_word(check.text()).unwrap_or_default();
                let program = visible_line(program);
                format!("verify  $ {shown} (nothing here is called `{program}`; without it, this is not run)")
            }
            Check::Prose(_) => format!("verify  in words: {shown}"),
        });
    }
    for criterion in &task.acceptance {
        if let Some(command) = checks::criterion_command(criterion, programs) {
            details.push(format!("accept  $ {}", first_line(command)));
        }
    }
    if let Some(earlier) = &task.earlier {
        let stopped = earlier
            .last_step
            .iter()
            .map(|step| format!("after: {step}"));
        let why = earlier
            .error
            .iter()
            .map(|error| format!("because: {error}"));
        details.extend(
            stopped
                .chain(why)
                .map(|how| format!("stopped {}", first_line(&how))),
        );
    }
    if let Some(run) = &task.run {
        details.push(format!("run     $ {}", first_line(run)));
    }
    details
}

/// The first line that runs something.
fn command_of(script: &str) -> &str {
    let mut lines = script.lines().map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .unwrap_or_default()
}

fn first_line(text: &str) -> String {
    let first = visible_line(command_of(text));
    match text.trim().lines().count() {
        0 | 1 => first,
        lines => format!("{first} … ({})", counted(lines - 1, "more line")),
    }
}

fn wave_lines(graph: &Graph, waves: &[Vec<usize>]) -> Vec<String> {
    let is_chain = waves.iter().all(|wave| wave.len() == 1);
    if is_chain {
        let order: Vec<usize> = waves.iter().flatten().copied().collect();
        return vec![format!("order: {}", ids(graph, &order))];
    }
    let mut lines: Vec<String> = waves
        .iter()
        .take(LISTED_MAX)
        .enumerate()
        .map(|(number, wave)| format!("wave {}: {}", number + 1, ids(graph, wave)))
        .collect();
    if waves.len() > LISTED_MAX {
        lines.push(format!(
            "and {}",
            counted(waves.len() - LISTED_MAX, "more wave")
        ));
    }
    lines
}

fn ids(graph: &Graph, tasks: &[usize]) -> String {
    let shown = tasks
        .iter()
        .take(LISTED_MAX)
        .map(|task| visible_line(graph.tasks()[*task].id.as_str()));
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if tasks.len() > LISTED_MAX {
        let _ = write!(shown, " and {} more", tasks.len() - LISTED_MAX);
    }
    shown
}

fn shown_width(text: &str) -> usize {
    text.chars().count()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// What a native plan has no place for: what a format does with tasks that are not proven, and code that nothing here can
/// run, a line for each program.
pub fn left_out(plan: &Plan, programs: &impl Programs) -> Vec<String> {
    let tasks = &plan.tasks;
    let blocks = plan.dialect.defaults().unproven_blocks && !tasks.is_empty();
    let policy = format!(
        "warning: that a task whose proof fails is `blocked`, and one with nothing but an unmet criterion `partial`, is \
         left out, since a native plan cannot say it: there both are `failed`, where `{}` has them wait for a person",
        plan.dialect
    );
    let mut missing: Vec<(&str, Vec<&str>)> = Vec::new();
    for task in tasks {
        let code = task.verify.iter().filter(|check| match check {
            Check::Prose(_) => false,
            check => !checks::is_command(check, programs),
        });
        for check in code {
            let program = checks::first_word(check.text()).unwrap_or_default();
            match missing.iter_mut().find(|(known, _)| *known == program) {
                Some((_, of)) if of.last() == Some(&task.id.as_str()) => {}
                Some((_, of)) => of.push(task.id.as_str()),
                None => missing.push((program, vec![task.id.as_str()])),
            }
        }
    }
    let line = |(program, of): &(&str, Vec<&str>)| {
        let line = format!(
            "warning: what begins with `{program}` is left out, since nothing here is called so and each check of a \
             native plan is a command: {}",
            listed(of, LEFT_OUT_MAX)
        );
        visible_line(&line)
    };
    let policy = blocks.then_some(policy);
    policy.into_iter().chain(missing.iter().map(line)).collect()
}

fn has_command(task: &Task, programs: &impl Programs) -> bool {
    let mut verify = task.verify.iter();
    let mut criteria = task.acceptance.iter();
    verify.any(|check| checks::is_command(check, programs))
        || criteria.any(|criterion| checks::criterion_command(criterion, programs).is_some())
}

/// The same for programs; without a graph the plan is faulty, without a dialect none was recognized.
pub fn json(
    dialect: Option<Dialect>,
    graph: Option<&Graph>,
    faults: &[Fault],
    routes: &Routes,
) -> Value {
    let tasks = graph.map(Graph::tasks).unwrap_or_default();
    let waves = graph.map(Graph::waves).unwrap_or_default();
    let id = |task: &usize| tasks[*task].id.as_str();
    let waves: Vec<Vec<&str>> = waves
        .iter()
        .map(|wave| wave.iter().map(id).collect())
        .collect();
    json!({
        "schema": 1,
        "plans": usize::from(dialect.is_some()),
        "dialect": dialect.map(Dialect::name),
        "tasks": tasks.iter().map(|task| task_json(task, routes)).collect::<Vec<_>>(),
        "waves": waves,
        "overlaps": graph.map(overlaps::json).unwrap_or_default(),
        "faults": faults.iter().map(fault_json).collect::<Vec<_>>(),
    })
}

fn task_json(task: &Task, routes: &Routes) -> Value {
    let mut told = json!({
        "id": task.id,
        "title": task.title,
        "needs": task.needs,
        "after": task.after,
        "group": task.group,
        "agent": task.agent,
        "files": task.files,
        "verify": task.verify.iter().map(Check::text).collect::<Vec<_>>(),
        "status": status(task),
        "file": task.location.file.display().to_string(),
        "line": task.location.line,
    });
    if !routes.is_empty() {
        told["executor"] = routes.of(task).map(|(_, name)| name).into();
    }
    told
}

pub(super) fn fault_json(fault: &Fault) -> Value {
    let severity = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let at = fault.location.as_ref();
    let message = match &fault.help {
        Some(help) => format!("{}; {help}", fault.message),
        None => fault.message.clone(),
    };
    json!({
        "severity": severity,
        "message": visible_line(&message),
        "file": at.map(|at| at.file.display().to_string()),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
    })
}

fn status(task: &Task) -> &'static str {
    match task.imported.as_ref().map(|imported| imported.status) {
        None => "pending",
        Some(ImportedStatus::InProgress) => "in_progress",
        Some(ImportedStatus::Done) => "done",
        Some(ImportedStatus::Skipped) => "skipped",
    }
}
