//! Who should do a task of which the plan names nobody: its words decide.
//!
//! A table of agents and the words that call for them, which the user can change in `enact.toml`; a hint on the
//! command line comes before it. Knows plans, and nothing of who executes them.

use std::collections::{BTreeMap, HashSet};

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

/// Gives each task that names no agent the one that most of its words call for; in doubt the first of the table.
pub(super) fn assign(plan: &mut Plan, selection: &Selection) {
    let table = table(&selection.agents);
    let hint = words(selection.hint.as_deref().unwrap_or_default());
    let hinted: Vec<&str> = table
        .iter()
        .filter(|(agent, called)| {
            hint.contains(&agent.to_lowercase())
                || called.iter().any(|word| hint.contains(word.as_str()))
        })
        .map(|(agent, _)| *agent)
        .collect();
    let is_direct = hint.contains("directly") || hint.contains("skip");
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

/// The agent of a task for which the user has no table of their own.
pub(super) fn usual(named: Option<&str>, title: &str, body: &str) -> Option<String> {
    let own = BTreeMap::new();
    let agent = named.or_else(|| called_for(&table(&own), &[], title, body));
    agent.map(str::to_owned)
}

/// The agent that most words call for; one that a hint names comes before all others.
fn called_for<'t>(
    table: &[(&'t str, Vec<String>)],
    hinted: &[&str],
    title: &str,
    body: &str,
) -> Option<&'t str> {
    let found = words(&format!("{title} {body}"));
    let mut best: Option<(&str, (bool, usize))> = None;
    for (agent, called) in table {
        let count = called.iter().filter(|word| is_said(&found, word)).count();
        let score = (hinted.contains(agent), count);
        if count > 0 && best.is_none_or(|(_, best)| score > best) {
            best = Some((agent, score));
        }
    }
    best.map(|(agent, _)| agent)
}

/// The user's agents, then those that come along and that the user did not change. No words, no agent.
fn table(own: &BTreeMap<String, Vec<String>>) -> Vec<(&str, Vec<String>)> {
    let lower = |word: &String| word.to_lowercase();
    let first = own
        .iter()
        .map(|(agent, called)| (agent.as_str(), called.iter().map(lower).collect()));
    let others = BUILT_IN
        .iter()
        .filter(|(agent, _)| !own.contains_key(*agent))
        .map(|(agent, called)| {
            (
                *agent,
                called.iter().map(|word| (*word).to_owned()).collect(),
            )
        });
    let mut all: Vec<(&str, Vec<String>)> = first.chain(others).collect();
    all.retain(|(_, called)| !called.is_empty());
    all
}

/// Every word of a text, in lower case; hyphens belong to words, and their parts are words too.
fn words(text: &str) -> HashSet<String> {
    let lower = text.to_lowercase();
    let parts = lower.split(|c: char| !c.is_alphanumeric());
    let whole = lower.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == ':'));
    let found = parts.chain(whole).filter(|word| !word.is_empty());
    found.map(str::to_owned).collect()
}

/// Whether a word is among others, alone or in its plural.
fn is_said(found: &HashSet<String>, word: &str) -> bool {
    found.contains(word) || found.contains(&format!("{word}s"))
}
