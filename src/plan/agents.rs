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
        if task.agent.is_some() {
            continue;
        }
        let found = words(&format!("{} {}", task.title, task.body));
        let count = |called: &[String]| called.iter().filter(|word| is_said(&found, word)).count();
        let mut best: Option<(&str, usize)> = None;
        for (agent, called) in &table {
            let is_hinted = hinted.contains(agent);
            let score = count(called) * if is_hinted { 1000 } else { 1 };
            if score > best.map_or(0, |(_, score)| score) {
                best = Some((agent, score));
            }
        }
        let chosen = best.map(|(agent, _)| agent).or(hinted.first().copied());
        task.agent = chosen.map(str::to_owned);
    }
}

/// The user's agents, then those that come along and that the user did not change. No words, no agent.
fn table(own: &BTreeMap<String, Vec<String>>) -> Vec<(&str, Vec<String>)> {
    let lower = |word: &str| word.to_lowercase();
    let own_first = own.iter().map(|(agent, called)| {
        (
            agent.as_str(),
            called.iter().map(|word| lower(word)).collect(),
        )
    });
    let others = BUILT_IN
        .iter()
        .filter(|(agent, _)| !own.contains_key(*agent))
        .map(|(agent, called)| (*agent, called.iter().map(|word| lower(word)).collect()));
    own_first
        .chain(others)
        .filter(|(_, called): &(&str, Vec<String>)| !called.is_empty())
        .collect()
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
