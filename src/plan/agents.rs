//! Who should do a task of which the plan names nobody: its words decide.
//!
//! A table of agents and the words that call for them, which the user can change in `enact.toml`; a hint on the
//! command line comes before it. Knows plans, and nothing of who executes them.

use std::collections::{BTreeMap, BTreeSet};

use super::sayings::Sayings;
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

/// Agents, in the order in which they are taken, and what calls for each.
#[derive(Debug)]
struct Table<'t> {
    agents: Vec<&'t str>,
    sayings: Sayings,
    /// Which agent each saying calls for, by its place.
    calls: Vec<usize>,
}

/// Gives each task that names no agent the one that most of its words call for; in doubt the first of the table.
pub(super) fn assign(plan: &mut Plan, selection: &Selection) {
    let table = Table::new(&selection.agents);
    let hint = selection.hint.as_deref().unwrap_or_default().to_lowercase();
    let called = table.counts(&[&hint]);
    let agents = table.agents.iter().zip(called);
    let is_hinted = |agent: &str, count| hint.contains(&agent.to_lowercase()) || count > 0;
    let hinted: Vec<&str> = agents
        .filter(|(agent, count)| !hint.is_empty() && is_hinted(agent, *count))
        .map(|(agent, _)| *agent)
        .collect();
    let is_direct = hint.contains("directly") || hint.contains("skip slash");
    for task in &mut plan.tasks {
        if is_direct {
            task.skills.retain(|skill| !skill.starts_with('/'));
        }
        if task.agent.is_none() {
            let said = table.called_for(&hinted, &task.title, &task.body);
            task.agent = said.or(hinted.first().copied()).map(str::to_owned);
        }
    }
}

/// The same by the user's own table alone, for plans whose authors know no agents: what comes along is meant for
/// others.
pub(super) fn assign_own(plan: &mut Plan, selection: &Selection) {
    let table = Table::own(&selection.agents);
    if table.agents.is_empty() {
        return;
    }
    for task in plan.tasks.iter_mut().filter(|task| task.agent.is_none()) {
        let said = table.called_for(&[], &task.title, &task.body);
        task.agent = said.map(str::to_owned);
    }
}

/// The agent that the built-in table has for a task; the one that it names itself comes first.
pub(super) fn usual(tasks: &[(Option<&str>, &str, &str)]) -> Vec<String> {
    let own = BTreeMap::new();
    let table = Table::new(&own);
    let agents = tasks.iter().filter_map(|(named, title, body)| {
        let agent = named.or_else(|| table.called_for(&[], title, body));
        agent.map(str::to_owned)
    });
    let agents: BTreeSet<String> = agents.collect();
    agents.into_iter().collect()
}

impl<'t> Table<'t> {
    /// The user's agents, then those that come along and that the user did not change. No words, no agent.
    fn new(own: &'t BTreeMap<String, Vec<String>>) -> Self {
        let built_in = BUILT_IN
            .iter()
            .filter(|(agent, _)| !own.contains_key(*agent));
        let built_in = built_in.flat_map(|(agent, words)| words.iter().map(|word| (*agent, *word)));
        Self::of(entries(own).chain(built_in))
    }

    /// The user's agents alone.
    fn own(own: &'t BTreeMap<String, Vec<String>>) -> Self {
        Self::of(entries(own))
    }

    /// Each agent with a word that calls for it; those of one agent follow each other.
    fn of(entries: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        let mut agents = Vec::new();
        let mut calls = Vec::new();
        let words: Vec<&str> = entries
            .filter(|(_, word)| !word.trim().is_empty())
            .map(|(agent, word)| {
                if agents.last() != Some(&agent) {
                    agents.push(agent);
                }
                calls.push(agents.len() - 1);
                word
            })
            .collect();
        Self {
            agents,
            sayings: Sayings::new(words.into_iter()),
            calls,
        }
    }

    /// How many of its words these texts say, for each agent; said twice a word counts once.
    fn counts(&self, texts: &[&str]) -> Vec<usize> {
        let mut counts = vec![0; self.agents.len()];
        let said = self.sayings.said_in(texts.iter().copied());
        for (agent, said) in self.calls.iter().zip(said) {
            counts[*agent] += usize::from(said);
        }
        counts
    }

    /// The agent that most words call for; one that a hint names comes before all others.
    fn called_for(&self, hinted: &[&str], title: &str, body: &str) -> Option<&'t str> {
        let counts = self.counts(&[title, body]);
        let mut best: Option<(&str, (bool, usize))> = None;
        for (agent, count) in self.agents.iter().zip(counts) {
            let score = (hinted.contains(agent), count);
            if count > 0 && best.is_none_or(|(_, best)| score > best) {
                best = Some((agent, score));
            }
        }
        best.map(|(agent, _)| agent)
    }
}

/// The words of a user's table.
fn entries(own: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &str)> {
    own.iter().flat_map(|(agent, words)| {
        words
            .iter()
            .map(move |word| (agent.as_str(), word.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Table;

    #[test]
    fn words_call_for_agents_in_every_script() {
        let own = [
            ("db", vec!["数据库", "tables of keys"]),
            ("web", vec!["Form"]),
        ];
        let own = own.map(|(agent, words)| {
            let words = words.into_iter().map(str::to_owned).collect();
            (agent.to_owned(), words)
        });
        let own: BTreeMap<String, Vec<String>> = own.into_iter().collect();
        let table = Table::new(&own);
        let called = |title| table.called_for(&[], title, "");
        assert_eq!(called("创建数据库连接"), Some("db"));
        assert_eq!(called("Add tables of keys"), Some("db"));
        assert_eq!(called("Add two forms"), Some("web"));
        assert_eq!(called("实现Redis缓存"), Some("redis"));
        assert_eq!(called("Perform the platform move"), None);
        assert_eq!(called("Cache the form's caches, Form"), Some("web"));
    }
}
