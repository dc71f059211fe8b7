//! One task or subtask as `tasks.json` has it.

use std::collections::HashSet;
use std::ops::Range;

use crate::plan::Fault;
use crate::plan::json::Node;
use crate::plan::suggest::Keys;
use crate::plan::text::Text;

/// A task or a subtask.
#[derive(Debug)]
pub(super) struct Entry {
    /// In full: `5`, or `5.2` for a subtask, however it is written.
    pub(super) id: String,
    /// Where the id stands, without its quotes.
    pub(super) at: usize,
    pub(super) id_range: Range<usize>,
    /// Where the whole begins.
    pub(super) start: usize,
    pub(super) title: String,
    pub(super) status: Option<String>,
    /// Where the status stands, even one that says nothing.
    pub(super) status_range: Option<Range<usize>>,
    pub(super) needs: Vec<Needed>,
    pub(super) subtasks: Vec<Entry>,
    /// How it is tested, in words.
    pub(super) tested: Option<String>,
    pub(super) acceptance: Vec<String>,
    description: String,
    details: String,
    /// What else is said of it: a name and a short value each.
    remarks: Vec<String>,
}

/// A dependency as it is written.
#[derive(Debug)]
pub(super) struct Needed {
    pub(super) id: String,
    /// A number and not a text.
    pub(super) is_number: bool,
    pub(super) range: Range<usize>,
}

/// What there is to tell of the entries of a file.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) faults: Vec<Fault>,
    keys: Keys,
}

impl Told {
    pub(super) fn new() -> Self {
        Self {
            faults: Vec::new(),
            keys: Keys::new(&[
                "id",
                "title",
                "status",
                "dependencies",
                "subtasks",
                "testStrategy",
                "acceptanceCriteria",
                "description",
                "details",
            ]),
        }
    }

    /// A key that may be another one misspelt, among those of its object.
    fn unknown(
        &mut self,
        key: &str,
        value: &Node<'_>,
        members: &[(String, Node<'_>)],
        text: &Text<'_>,
    ) {
        const NEEDS: [&str; 6] = [
            "depends_on",
            "dependsOn",
            "depends",
            "blockedBy",
            "blocked_by",
            "prerequisites",
        ];
        let is_there = |name: &str| members.iter().any(|(key, _)| key == name);
        let needs = NEEDS.contains(&key).then_some("dependencies");
        let needs = needs.filter(|needs| !is_there(needs) && self.keys.is_first(key));
        if let Some(meant) = needs.or_else(|| self.keys.meant(key, is_there)) {
            let place = key_range(key, value, text);
            self.faults.push(Fault::misspelt(text, place, key, meant));
        }
    }
}

/// A key that an object has twice: its readers take the first or the last of them, and nobody means both.
pub(super) fn given_twice(members: &[(String, Node<'_>)], text: &Text<'_>) -> Option<Fault> {
    // So many are looked through as fast as a table is made.
    const FEW: usize = 16;
    let mut seen: HashSet<&str> = HashSet::new();
    let mut is_again = |at: usize| {
        let key = members[at].0.as_str();
        match members.len() > FEW {
            true => !seen.insert(key),
            false => members[..at].iter().any(|(other, _)| other == key),
        }
    };
    let at = (0..members.len()).find(|at| is_again(*at))?;
    let (key, value) = &members[at];
    let fault = text.error(
        key_range(key, value, text),
        format!("the key `{key}` is given twice"),
    );
    Some(fault.help("keep one of both: which of them counts differs from reader to reader"))
}

/// Where the key of a value stands, without its quotes; the value itself, where the key is written otherwise.
fn key_range(key: &str, value: &Node<'_>, text: &Text<'_>) -> Range<usize> {
    let before = text.text[..value.start].trim_end();
    let before = before.strip_suffix(':').unwrap_or(before).trim_end();
    let quoted = before.strip_suffix('"');
    match quoted.and_then(|quoted| Some((quoted.len(), quoted.strip_suffix(key)?.len()))) {
        Some((end, start)) => start..end,
        None => value.range(),
    }
}

impl Entry {
    /// What an object says; none, and a fault, when it is no task. `parent` is the id of the task it is a part of.
    pub(super) fn read(
        node: Node<'_>,
        parent: Option<&str>,
        text: &Text<'_>,
        told: &mut Told,
    ) -> Option<Self> {
        let mut entry = Self {
            id: String::new(),
            at: node.start,
            id_range: node.start..node.start,
            start: node.start,
            title: String::new(),
            status: None,
            status_range: None,
            needs: Vec::new(),
            subtasks: Vec::new(),
            tested: None,
            acceptance: Vec::new(),
            description: String::new(),
            details: String::new(),
            remarks: Vec::new(),
        };
        let mut subtasks = None;
        let members = node.members();
        told.faults.extend(given_twice(&members, text));
        for (key, value) in &members {
            match key.as_str() {
                "id" => {
                    entry.id = full_id(&value.word().unwrap_or_default(), parent);
                    entry.id_range = value.range();
                    entry.at = value.start + usize::from(value.raw.starts_with('"'));
                }
                "title" => entry.title = one_line(&words(value)),
                "status" => entry.read_status(value, text, &mut told.faults),
                "dependencies" => entry.needs = needed(value, text, &mut told.faults),
                "subtasks" => subtasks = Some(*value),
                "testStrategy" => {
                    entry.tested = Some(words(value)).filter(|words| !words.is_empty());
                }
                "acceptanceCriteria" => entry.acceptance = listed(value),
                "description" => entry.description = words(value),
                "details" => entry.details = words(value),
                "updatedAt" | "createdAt" | "parentId" | "parentTaskId" | "metadata" => {}
                _ => {
                    told.unknown(key, value, &members, text);
                    entry.remarks.extend(remark(key, value));
                }
            }
        }
        if entry.id.is_empty() {
            told.faults.push(without_id(&node, parent.is_some(), text));
            return None;
        }
        entry.read_subtasks(subtasks, parent, text, told);
        if entry.title.is_empty() {
            let range = entry.at..entry.at + 1;
            told.faults.push(text.warning(
                range,
                format!(
                    "task `{}` has no title, so it is called by its id",
                    entry.id
                ),
            ));
            entry.title.clone_from(&entry.id);
        }
        Some(entry)
    }

    fn read_status(&mut self, value: &Node<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) {
        self.status_range = Some(value.range());
        self.status = value.string().filter(|status| !status.trim().is_empty());
        let unknown = match &self.status {
            Some(status) => super::statuses::meaning(status).is_none(),
            None => value.raw != "null" && value.raw != "\"\"",
        };
        if unknown {
            let message = format!(
                "status {} is not known, so the task is taken as pending",
                value.raw
            );
            faults.push(text.warning(value.range(), message).help(
                "a status is `pending`, `in-progress`, `review`, `done`, `deferred`, `cancelled` or `blocked`",
            ));
        }
    }

    /// Subtasks of a task; those of a subtask are only told, because nothing in Task Master makes or runs them.
    fn read_subtasks(
        &mut self,
        list: Option<Node<'_>>,
        parent: Option<&str>,
        text: &Text<'_>,
        told: &mut Told,
    ) {
        let Some(list) = list else { return };
        let nodes = list.elements();
        if parent.is_some() {
            if !nodes.is_empty() {
                let range = list.start..list.start + 1;
                let message = format!("the subtasks of subtask `{}` are not read", self.id);
                told.faults.push(
                    text.warning(range, message)
                        .help("only tasks have subtasks"),
                );
            }
            return;
        }
        let read = nodes.into_iter();
        self.subtasks = read
            .filter_map(|node| Self::read(node, Some(&self.id), text, told))
            .collect();
    }

    /// What an executor needs of it, as Markdown.
    pub(super) fn words(&self) -> String {
        let mut words = String::new();
        let mut part = |heading: &str, text: &str| {
            if !text.is_empty() {
                words.push_str(heading);
                words.push_str(text);
                words.push_str("\n\n");
            }
        };
        part("", &self.description);
        part("## Details\n\n", &self.details);
        part(
            "## Test strategy\n\n",
            self.tested.as_deref().unwrap_or_default(),
        );
        part("", &self.remarks.join("\n"));
        words
    }
}

fn without_id(node: &Node<'_>, is_subtask: bool, text: &Text<'_>) -> Fault {
    let what = if is_subtask { "subtask" } else { "task" };
    let message = match node.is_object() {
        true => format!("a {what} has no id"),
        false => format!("a {what} is an object with an id and a title"),
    };
    let fault = text.error(node.start..node.start + 1, message);
    fault.help("write `{\"id\": 1, \"title\": \"…\"}`")
}

/// `5.2` for the subtask `2`, `"2"` or `"5.2"` of task `5`.
fn full_id(id: &str, parent: Option<&str>) -> String {
    let id = id.trim();
    match parent {
        _ if id.is_empty() => String::new(),
        None => id.to_owned(),
        Some(parent) => match id.strip_prefix(parent) {
            Some(rest) if rest.len() > 1 && rest.starts_with('.') => id.to_owned(),
            _ => format!("{parent}.{id}"),
        },
    }
}

fn needed(list: &Node<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Needed> {
    let mut seen = HashSet::new();
    let mut needed = Vec::new();
    for node in list.elements() {
        match node.word().map(|id| id.trim().to_owned()) {
            Some(id) if !id.is_empty() => {
                if seen.insert(id.clone()) {
                    needed.push(Needed {
                        id,
                        is_number: !node.raw.starts_with('"'),
                        range: node.range(),
                    });
                }
            }
            _ => faults.push(
                text.error(node.range(), "a dependency is the id of a task")
                    .help("write it as a number or as text: `1`, `\"5.2\"`"),
            ),
        }
    }
    if !list.is_array() && list.raw != "null" {
        let fault = text.error(list.range(), "`dependencies` is not a list");
        faults.push(fault.help("write `[1, 2]`, or `[]` for none"));
    }
    needed
}

fn one_line(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ")
}

/// Text as it is, a list of texts as lines.
fn words(value: &Node<'_>) -> String {
    match value.string() {
        Some(text) => text.trim().to_owned(),
        None => listed(value).join("\n"),
    }
}

/// A list of texts, or the lines of one text.
fn listed(value: &Node<'_>) -> Vec<String> {
    let items = match value.string() {
        Some(text) => text.lines().map(str::to_owned).collect(),
        None => value
            .elements()
            .iter()
            .filter_map(Node::word)
            .collect::<Vec<_>>(),
    };
    let bare = items
        .iter()
        .map(|item| item.trim().trim_start_matches(['-', '*', '•']).trim());
    bare.filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `Priority: high` of what is short enough to be said in a line.
fn remark(key: &str, value: &Node<'_>) -> Option<String> {
    let said = match value.is_array() {
        true => listed(value).join(", "),
        false => value.word().unwrap_or_default().trim().to_owned(),
    };
    let mut name = key.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    (!said.is_empty() && !said.contains('\n')).then(|| format!("{name}: {said}"))
}
