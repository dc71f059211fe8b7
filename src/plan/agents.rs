//! Who should do a task of which the plan names nobody: its words decide.
//!
//! A table of agents and the words that call for them, which the user can change in `enact.toml`; a hint on the
//! command line comes before it. Knows plans, and nothing of who executes them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
#[derive(Debug, Default)]
struct Table<'t> {
    agents: Vec<&'t str>,
    /// Words in lower case, and their plurals: whom they call for.
    words: HashMap<Vec<u8>, Vec<Call>>,
    /// How long those are that begin with each byte, as bits: most words of a text are ruled out by this alone.
    lengths: Vec<u64>,
    /// What is more than a word, or of a script that may do without spaces, is looked for as it stands.
    sayings: Vec<(String, Call)>,
    /// How many words and sayings there are.
    entries: usize,
}

/// What one entry of the table calls for.
#[derive(Debug, Clone, Copy)]
struct Call {
    /// Which agent, by its place.
    agent: usize,
    /// Which of the table's entries it is: said twice it counts once.
    entry: usize,
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
        let mut table = Self {
            lengths: vec![0; 256],
            ..Self::default()
        };
        for (agent, words) in own {
            table.add(agent, words.iter().map(String::as_str));
        }
        for (agent, words) in &BUILT_IN {
            if !own.contains_key(*agent) {
                table.add(agent, words.iter().copied());
            }
        }
        table
    }

    fn add(&mut self, agent: &'t str, words: impl Iterator<Item = &'t str>) {
        let place = self.agents.len();
        for word in words {
            let word = word.trim().to_lowercase();
            if word.is_empty() {
                continue;
            }
            let call = Call {
                agent: place,
                entry: self.entries,
            };
            self.entries += 1;
            if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                self.call(format!("{word}s"), call);
                self.call(word, call);
            } else {
                self.sayings.push((word, call));
            }
            if self.agents.len() == place {
                self.agents.push(agent);
            }
        }
    }

    fn call(&mut self, word: String, call: Call) {
        let word = word.into_bytes();
        self.lengths[usize::from(word[0])] |= length_bit(&word);
        self.words.entry(word).or_default().push(call);
    }

    /// How many of its words these texts say, for each agent.
    fn counts(&self, texts: &[&str]) -> Vec<usize> {
        let mut counts = vec![0; self.agents.len()];
        let mut is_said = vec![false; self.entries];
        let mut say = |call: &Call| {
            let was_said = std::mem::replace(&mut is_said[call.entry], true);
            counts[call.agent] += usize::from(!was_said);
        };
        for text in texts {
            let words = text.as_bytes();
            let words = words.split(|byte| !byte.is_ascii_alphanumeric());
            let called = words.filter(|word| self.may_call(word)).filter_map(|word| {
                let calls = self.words.get(&word.to_ascii_lowercase());
                calls.map(Vec::as_slice)
            });
            called.flatten().for_each(&mut say);
            if !self.sayings.is_empty() {
                let text = text.to_lowercase();
                let said = self.sayings.iter();
                let said = said.filter(|(saying, _)| text.contains(saying.as_str()));
                said.for_each(|(_, call)| say(call));
            }
        }
        counts
    }

    /// Whether a word is as long as one of the table that begins so.
    fn may_call(&self, word: &[u8]) -> bool {
        let first = word.first().map_or(0, u8::to_ascii_lowercase);
        self.lengths[usize::from(first)] & length_bit(word) != 0
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

/// The bit of a word's length; longer ones share the last.
fn length_bit(word: &[u8]) -> u64 {
    1 << word.len().min(63)
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
