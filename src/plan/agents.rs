//! Who should do a task of which the plan names nobody: its words decide.
//!
//! A table of agents and the words that call for them, which the user can change in `enact.toml`; a hint on the
//! command line comes before it. Knows plans, and nothing of who executes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Plan, Selection};

/// The agents that are called for when the user says nothing else.
const BUILT_IN: [(&str, &[&str]); 7] = [
    ("clerk", &["clerk", "auth", "authentication", "oauth"]),
    ("supabase", &["supabase", "database", "schema"]),
    ("nextjs-frontend", &["component", "ui", "frontend"]),
    ("fastapi-backend", &["endpoint", "api", "backend"]),
    ("redis", &["redis", "cache"]),
    ("rag-pipeline", &["rag", "vector", "embedding"]),
    (
        "deployment:observability-integrator",
        &["sentry", "error", "monitoring"],
    ),
];

/// An agent and the words that call for it, in lower case, each with its plural.
type Called<'t> = (&'t str, Vec<(String, String)>);

/// Gives each task that names no agent the one that most of its words call for; in doubt the first of the table.
pub(super) fn assign(plan: &mut Plan, selection: &Selection) {
    let table = table(&selection.agents);
    let hint = selection.hint.as_deref().unwrap_or_default().to_lowercase();
    let is_hinted = |(agent, called): &&Called<'_>| {
        hint.contains(&agent.to_lowercase()) || count(called, &hint, &words(&hint)) > 0
    };
    let hinted: Vec<&str> = table
        .iter()
        .filter(|row| !hint.is_empty() && is_hinted(row))
        .map(|(agent, _)| *agent)
        .collect();
    let is_direct = hint.contains("directly") || hint.contains("skip slash");
    for task in &mut plan.tasks {
        if is_direct {
            task.skills.retain(|skill| !skill.starts_with('/'));
        }
        if task.agent.is_none() {
            let said = called_for(&table, &hinted, &task.title, &task.body);
            task.agent = said.or(hinted.first().copied()).map(str::to_owned);
        }
    }
}

/// The agent that the built-in table has for a task; the one that it names itself comes first.
pub(super) fn usual(tasks: &[(Option<&str>, &str, &str)]) -> Vec<String> {
    let own = BTreeMap::new();
    let table = table(&own);
    let agents = tasks.iter().filter_map(|(named, title, body)| {
        let agent = named.or_else(|| called_for(&table, &[], title, body));
        agent.map(str::to_owned)
    });
    let agents: BTreeSet<String> = agents.collect();
    agents.into_iter().collect()
}

/// The agent that most words call for; one that a hint names comes before all others.
fn called_for<'t>(
    table: &[Called<'t>],
    hinted: &[&str],
    title: &str,
    body: &str,
) -> Option<&'t str> {
    let text = format!("{title} {body}").to_lowercase();
    let found = words(&text);
    let mut best: Option<(&str, (bool, usize))> = None;
    for (agent, called) in table {
        let count = count(called, &text, &found);
        let score = (hinted.contains(agent), count);
        if count > 0 && best.is_none_or(|(_, best)| score > best) {
            best = Some((agent, score));
        }
    }
    best.map(|(agent, _)| agent)
}

/// How many of the words a text says. What is more than one word is looked for as it stands.
fn count(called: &[(String, String)], text: &str, found: &HashSet<&str>) -> usize {
    let is_said = |(word, plural): &&(String, String)| match word.chars().all(char::is_alphanumeric)
    {
        true => found.contains(word.as_str()) || found.contains(plural.as_str()),
        false => text.contains(word.as_str()),
    };
    called.iter().filter(is_said).count()
}

fn words(text: &str) -> HashSet<&str> {
    text.split(|c: char| !c.is_alphanumeric()).collect()
}

/// The user's agents, then those that come along and that the user did not change. No words, no agent.
fn table(own: &BTreeMap<String, Vec<String>>) -> Vec<Called<'_>> {
    let entry = |word: &str| {
        let word = word.trim().to_lowercase();
        let plural = format!("{word}s");
        (word, plural)
    };
    let first = own.iter().map(|(agent, called)| {
        (
            agent.as_str(),
            called.iter().map(|word| entry(word)).collect(),
        )
    });
    let others = BUILT_IN
        .iter()
        .filter(|(agent, _)| !own.contains_key(*agent))
        .map(|(agent, called)| (*agent, called.iter().map(|word| entry(word)).collect()));
    let mut all: Vec<Called<'_>> = first.chain(others).collect();
    all.retain(|(_, called)| called.iter().any(|(word, _)| !word.is_empty()));
    all
}
