//! What a run would do, to be read before it is approved: tasks, order, executor, every command.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::clean::visible;
use super::sentence::took;
use super::{check, routes, status};
use crate::graph::Graph;
use crate::plan::{Skills, Task, Weight, about_skill};
use crate::preflight::Finding;
use crate::run::budget::Limits;
use crate::run::policy::{Executor, Policy};
use crate::verify::checks::Programs;

/// Tasks, order, executor, and each command that would run.
pub fn describe(graph: &Graph, policy: &Policy, id: &str, programs: &impl Programs) -> String {
    let mut text = format!("run {id}\n\n");
    text.push_str(&check::human(graph, &[], programs));
    text.push_str(&executor("executor", &policy.executor));
    text.push_str(&others(graph, policy));
    if let Some(research) = &policy.research {
        text.push_str(&executor("research", research));
    }
    let is_selected = |&(index, _): &(usize, &Task)| policy.selects(graph, index);
    for (_, task) in graph.tasks().iter().enumerate().filter(is_selected) {
        let by = policy.executor_for(task, 0);
        if let (Executor::Shell, Some(script)) = (&policy.by(by).executor, &task.run) {
            let _ = writeln!(
                text,
                "  {}: {}",
                task.id,
                script.trim().replace('\n', "\n     ")
            );
        }
    }
    let left_out: Vec<&str> = (graph.tasks().iter().enumerate())
        .filter(|task| !is_selected(task))
        .map(|(_, task)| task.id.as_str())
        .collect();
    if !left_out.is_empty() {
        let _ = writeln!(
            text,
            "left out, as if they were done: {}",
            left_out.join(", ")
        );
    }
    text.push_str(&commands(policy));
    if !policy.pass_env.is_empty() {
        let _ = writeln!(
            text,
            "passed on from the environment: {}",
            policy.pass_env.join(", ")
        );
    }
    text.push_str(&status::confined(policy));
    let limits = limits(&policy.limits);
    if !limits.is_empty() {
        let _ = writeln!(text, "pauses after {}", limits.join(", or "));
    }
    let _ = writeln!(
        text,
        "{} at once, {}, commits: {}",
        policy.jobs,
        match policy.retries {
            1 => "1 retry".to_owned(),
            more => format!("{more} retries"),
        },
        policy.commit.name()
    );
    visible(&text).into_owned()
}

/// Who else executes, and what.
fn others(graph: &Graph, policy: &Policy) -> String {
    let mut text = String::new();
    for other in policy.routes.executors.values() {
        text.push_str(&executor("executor", &other.executor));
        if other.commit != policy.commit {
            let _ = writeln!(text, "  commits: {}", other.commit.name());
        }
    }
    text.push_str(&routes::lines(
        graph.plan(),
        &policy.routes,
        &BTreeSet::new(),
    ));
    text
}

/// Who mends the whole, and how often.
fn mending(policy: &Policy) -> String {
    let rounds = match policy.fix_rounds {
        0 => return String::new(),
        1 => "1 fix round".to_owned(),
        more => format!("{more} fix rounds"),
    };
    let name = policy.executor.name();
    format!("when that fails at the end: up to {rounds} by {name}, who may change any file\n")
}

/// Each command that the run brings besides those of the plan.
fn commands(policy: &Policy) -> String {
    let mut text = String::new();
    for (what, commands) in [
        ("verify each task", &policy.verify),
        ("verify the whole", &policy.final_verify),
    ] {
        for command in commands {
            let _ = writeln!(text, "{what}: {command}");
        }
    }
    text.push_str(&mending(policy));
    for (name, command) in &policy.checks {
        let light = match policy.weight {
            Weight::Full => "",
            Weight::Light => ", not at weight light",
        };
        let _ = writeln!(text, "check each task ({name}{light}): {command}");
    }
    if let Some(setup) = &policy.setup {
        let _ = writeln!(text, "set up each worktree: {setup}");
    }
    for (name, command) in policy.hooks.iter() {
        let _ = writeln!(text, "{name} hook: {command}");
    }
    text
}

fn limits(limits: &Limits) -> Vec<String> {
    let each = [
        limits
            .attempts
            .map(|attempts| format!("{attempts} attempts")),
        limits.time_ms.map(took),
        limits.tokens.map(|tokens| format!("{tokens} tokens")),
        limits.cost_usd.map(|cost| format!("${cost:.2}")),
    ];
    each.into_iter().flatten().collect()
}

/// What is to be known before a run starts: what executors are told to know, and what was found.
pub fn ahead(skills: &Skills, found: &[Finding]) -> String {
    let mut text = String::new();
    for (how, skills) in [
        ("asked for", &skills.named),
        ("called for by the plan", &skills.detected),
        ("called for by who is to do it", &skills.of_owners),
    ] {
        if !skills.is_empty() {
            let told: Vec<String> = skills.iter().map(|skill| told(skill)).collect();
            let _ = writeln!(text, "skills {how}: {}", told.join(", "));
        }
    }
    for Finding { what, help } in found {
        let _ = writeln!(text, "note: {what}; {help}");
    }
    visible(&text).into_owned()
}

fn told(skill: &str) -> String {
    match about_skill(skill) {
        Some(about) => format!("{skill} ({about})"),
        None => skill.to_owned(),
    }
}

/// What runs for each task, with what of the caller's environment.
fn executor(role: &str, executor: &Executor) -> String {
    let Executor::Command {
        name,
        argv,
        env,
        pass_env,
        ..
    } = executor
    else {
        return format!("{role}: each task's own sh commands:\n");
    };
    let mut text = format!("{role}: {name}: {}\n", argv.join(" "));
    for (name, value) in env {
        let _ = writeln!(text, "  with {name}={value}");
    }
    if !pass_env.is_empty() {
        let _ = writeln!(
            text,
            "  passed on to it from the environment: {}",
            pass_env.join(", ")
        );
    }
    text
}
