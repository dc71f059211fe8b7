//! What `.claude/project.json` and `features.json` say of specs: names, phases, dependencies, status.
//!
//! Knows JSON texts, no directories. Members that it does not know are nobody's business here.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::{Fault, is_named};

/// Everything that the two files say.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) entries: Vec<Entry>,
    /// The specs that earlier runs completed, as the record of all runs says.
    completed: HashSet<String>,
    /// What could not be read.
    pub(super) faults: Vec<Fault>,
}

/// What they say of one spec.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Where the id stands.
    pub(super) at: Range<usize>,
    pub(super) name: String,
    pub(super) phase: Option<u32>,
    /// The ids of what must be there before.
    pub(super) needs: Vec<Mention>,
    /// The ids of what waits for this.
    pub(super) blocks: Vec<Mention>,
    /// Its status, as the JSON has it.
    pub(super) status: Option<Mention>,
    /// Whether it is said to be there already.
    pub(super) exists: bool,
    /// Which of the sources says so.
    pub(super) source: usize,
}

/// A word and where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Mention {
    pub(super) word: String,
    pub(super) range: Range<usize>,
}

/// Whether a file is one of the two.
pub(super) fn is_catalog(path: &Path) -> bool {
    is_named(path, "project.json") || is_named(path, "features.json")
}

impl Catalog {
    pub(super) fn read(sources: &[Source]) -> Self {
        let mut catalog = Self::default();
        for (at, source) in sources.iter().enumerate() {
            if is_named(&source.path, "execution.json") {
                catalog.completed = completed(source);
            }
            if !is_catalog(&source.path) {
                continue;
            }
            match Node::parse(&source.text()) {
                Ok(whole) => catalog.take(whole, at),
                Err(fault) => catalog.faults.push(fault),
            }
        }
        catalog.invert_blocks();
        catalog
    }

    /// What they say of this spec.
    pub(super) fn of(&self, id: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.id.eq_ignore_ascii_case(id))
    }

    /// Whether anything says that nothing is left to do of this spec.
    pub(super) fn is_there(&self, id: &str) -> bool {
        self.of(id).is_some_and(Entry::is_there)
            || self.completed.contains(&id.to_ascii_uppercase())
    }

    fn take(&mut self, whole: Node<'_>, source: usize) {
        for (key, value) in whole.members() {
            match key.as_str() {
                "infrastructure" => {
                    self.take_list(value, source, false);
                    for (key, list) in value.members() {
                        let exists = key == "existing";
                        if exists || key == "needed" {
                            self.take_list(list, source, exists);
                        }
                    }
                }
                "features" => self.take_list(value, source, false),
                _ => {}
            }
        }
        let phases = whole.member("phases");
        for (phase, ids) in phases.iter().flat_map(Node::members) {
            for id in ids.elements().iter().filter_map(Node::word) {
                let entry = self
                    .entries
                    .iter_mut()
                    .find(|entry| entry.id.eq_ignore_ascii_case(&id));
                if let Some(entry) = entry {
                    entry.phase = entry.phase.or_else(|| number(&phase));
                }
            }
        }
    }

    fn take_list(&mut self, list: Node<'_>, source: usize, exists: bool) {
        for item in list.elements() {
            let mut entry = Entry {
                source,
                exists,
                id: item.string().unwrap_or_default(),
                at: item.range(),
                ..Entry::default()
            };
            for (key, value) in item.members() {
                let mentions = || {
                    let elements = value.elements();
                    let mention = |node: &Node<'_>| {
                        let word = node.word()?;
                        Some(Mention {
                            word,
                            range: node.range(),
                        })
                    };
                    elements.iter().filter_map(mention).collect::<Vec<_>>()
                };
                match key.as_str() {
                    "id" => {
                        entry.id = value.word().unwrap_or_default();
                        entry.at = value.range();
                    }
                    "name" => entry.name = value.string().unwrap_or_default(),
                    "phase" => entry.phase = value.word().as_deref().and_then(number),
                    "depends_on" | "dependencies" | "infrastructure_dependencies" => {
                        entry.needs.extend(mentions());
                    }
                    "blocks" => entry.blocks = mentions(),
                    "status" => {
                        let word = value.string();
                        entry.status = word.map(|word| Mention {
                            word,
                            range: value.range(),
                        });
                    }
                    _ => {}
                }
            }
            if !entry.id.is_empty() {
                self.entries.push(entry);
            }
        }
    }

    /// Who blocks another is needed by it.
    fn invert_blocks(&mut self) {
        let place: HashMap<String, usize> = self
            .entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.id.to_ascii_uppercase(), at))
            .collect();
        let edges: Vec<(usize, Mention)> = self
            .entries
            .iter()
            .flat_map(|entry| entry.blocks.iter().map(move |blocked| (entry, blocked)))
            .filter_map(|(entry, blocked)| {
                let waiting = place.get(&blocked.word.to_ascii_uppercase())?;
                let mention = Mention {
                    word: entry.id.clone(),
                    range: blocked.range.clone(),
                };
                Some((*waiting, mention))
            })
            .collect();
        for (waiting, mention) in edges {
            self.entries[waiting].needs.push(mention);
        }
    }
}

impl Entry {
    /// Whether the files say that nothing is left to do.
    fn is_there(&self) -> bool {
        let says_so = |status: &Mention| {
            let word = status.word.to_ascii_lowercase();
            matches!(
                word.as_str(),
                "completed" | "complete" | "done" | "implemented"
            )
        };
        self.status.as_ref().map_or(self.exists, says_so)
    }
}

/// The specs that the record of all runs calls completed. One that cannot be read says nothing.
fn completed(source: &Source) -> HashSet<String> {
    let text = source.text();
    let specs = Node::parse(&text)
        .ok()
        .and_then(|node| node.member("specs"));
    let is_completed = |spec: &Node<'_>| {
        let status = spec.member("status").and_then(|status| status.string());
        status.is_some_and(|status| status == "completed")
    };
    let specs = specs.iter().flat_map(Node::members);
    specs
        .filter(|(_, spec)| is_completed(spec))
        .map(|(id, _)| id.to_ascii_uppercase())
        .collect()
}

/// The number at the end: of `0`, `"0"`, `"phase-0"`.
pub(super) fn number(word: &str) -> Option<u32> {
    let digits = word
        .trim_end()
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}
