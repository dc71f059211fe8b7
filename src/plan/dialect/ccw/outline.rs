//! A task's JSON in outline: what must be known of a task before it starts, and where it stands.
//!
//! Two generations and their cousins put the same things in different places; what they mean is decided here, and
//! what becomes of it elsewhere. The rest of the JSON is what [`super::body`] tells the executor.

use std::path::Path;

use super::ids::{self, Spelled};
use super::proving::verify;
use super::required;
use crate::plan::cycles::{self, Step};
use crate::plan::gaps::Asked;
use crate::plan::json::Node;
use crate::plan::text::Text;
use crate::plan::{Check, Fault, ImportedStatus, Location, TaskSource, scope};

/// What a task's JSON says before the task starts.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) id: String,
    /// Where the id stands, or the JSON when it has none.
    pub(super) location: Location,
    pub(super) title: String,
    /// `None` when it says nothing of it.
    pub(super) status: Option<Said>,
    /// What proves that it is done, as written.
    pub(super) commit: Option<String>,
    /// Whether it only holds others together.
    pub(super) is_container: bool,
    pub(super) parent: Option<String>,
    pub(super) needs: Vec<Spelled>,
    /// Whether it says what it needs, be it nothing.
    pub(super) has_needs: bool,
    /// The tasks that wait for this one.
    pub(super) blocks: Vec<Spelled>,
    /// Tasks of one group may run side by side.
    pub(super) group: Option<String>,
    /// The phase that it belongs to.
    pub(super) phase: Option<String>,
    /// The step of a test-driven cycle that the whole task is.
    pub(super) step: Option<Step>,
    /// Whether it should have the place for itself.
    pub(super) is_risky: bool,
    pub(super) agent: Option<String>,
    /// What sort of work it is.
    pub(super) sort: Option<String>,
    pub(super) files: Vec<String>,
    pub(super) verify: Vec<Check>,
    /// What its generation asks for and it does not say.
    pub(super) lacking: Vec<Asked>,
    /// The file that holds all of it.
    pub(super) source: Option<TaskSource>,
    pub(super) faults: Vec<Fault>,
}

/// A status as it is written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Not begun, or to be done again.
    Open,
    /// Begun or over.
    Known(ImportedStatus),
    /// Nobody knows what it means.
    Unknown(String),
}

/// The outline of a task; none of JSON that is no task.
pub(super) fn outline(text: &Text<'_>, top: &Object<'_>) -> Option<Outline> {
    let id = top.get("id").or_else(|| top.get("task_id"));
    let title = top.word("title").or_else(|| top.word("name"));
    let stem = stem(text.path);
    if id.is_none() && !(ids::is_id(stem) && title.is_some()) {
        return None;
    }
    let meta = top.object("meta");
    let context = top.object("context");
    let flow = top.object("flow_control");
    let status = top.word("status").or_else(|| meta.word("status"));
    let spelled = id.and_then(|id| id.word()).unwrap_or_default();
    let spelled = spelled.trim();
    let place = id.map_or(text.start()..text.start(), |id| id.range());
    let mut outline = Outline {
        id: if spelled.is_empty() { stem } else { spelled }.to_owned(),
        location: text.location(place.start),
        title: one_line(&title.unwrap_or_default()),
        is_container: [status.as_deref(), meta.word("type").as_deref()]
            .contains(&Some("container")),
        status: status.as_deref().and_then(said),
        commit: top.object("result").word("commit_hash"),
        parent: context.word("parent").or_else(|| top.word("parent")),
        group: group(top, &meta),
        phase: ["phase", "stage"].iter().find_map(|name| top.scalar(name)),
        step: step(top, &meta),
        is_risky: is_risky(top, &meta),
        agent: agent(top, &meta),
        sort: sort(top, &meta),
        verify: verify(top, &flow),
        ..Outline::default()
    };
    let needs = needs(&[top, &context, &meta], &flow);
    outline.has_needs = !needs.is_empty();
    outline.needs = needs
        .into_iter()
        .flat_map(|node| listed(text, node))
        .collect();
    outline.blocks = blocks(text, top, &flow);
    outline.lacking = required::lacking(top, outline.has_needs, outline.agent.is_some());
    outline.files = files(text, top, &context, &flow, &mut outline.faults);
    Some(outline)
}

fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
}

/// An object's members, read once.
pub(super) struct Object<'a>(Vec<(String, Node<'a>)>);

impl<'a> Object<'a> {
    /// The object that a whole text is; without members if it is something else.
    pub(super) fn parse(text: &Text<'a>) -> Result<Self, Fault> {
        Node::members_of(text).map(Self)
    }

    pub(super) fn of(node: Node<'a>) -> Self {
        Self(node.members())
    }

    /// The last member of that name, as readers of JSON take it; `null` is none.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let mut members = self.0.iter().rev();
        let found = members.find(|(key, _)| key == name);
        found
            .map(|(_, node)| *node)
            .filter(|node| node.raw != "null")
    }

    pub(super) fn members(&self) -> &[(String, Node<'a>)] {
        &self.0
    }

    pub(super) fn object(&self, name: &str) -> Object<'a> {
        Self(
            self.get(name)
                .map(|node| node.members())
                .unwrap_or_default(),
        )
    }

    pub(super) fn elements(&self, name: &str) -> Vec<Node<'a>> {
        self.get(name)
            .map(|node| node.elements())
            .unwrap_or_default()
    }

    /// The text of a string that says something.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        let text = self.get(name)?.string()?;
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    }

    /// The text of a string, or a number as it is written.
    fn scalar(&self, name: &str) -> Option<String> {
        let node = self.get(name)?;
        let text = node.word()?;
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a status means; a container's is that of its children.
pub(super) fn said(word: &str) -> Option<Said> {
    let lower = word.trim().to_lowercase().replace(['-', ' '], "_");
    Some(match lower.as_str() {
        "" | "container" => return None,
        "completed" | "complete" | "done" | "finished" | "implemented" | "merged" | "closed" => {
            Said::Known(ImportedStatus::Done)
        }
        "active" | "in_progress" | "running" | "started" | "executing" => {
            Said::Known(ImportedStatus::InProgress)
        }
        "skipped" | "cancelled" | "canceled" | "deferred" | "obsolete" => {
            Said::Known(ImportedStatus::Skipped)
        }
        "pending" | "todo" | "open" | "ready" | "planned" | "planning" | "queued" | "blocked"
        | "failed" | "not_started" | "paused" | "review" => Said::Open,
        _ => Said::Unknown(word.trim().to_owned()),
    })
}

/// A number that stands in the documentation's template, and means nothing where it was left.
const TEMPLATE: &str = "parallel-abc123";

fn group(top: &Object<'_>, meta: &Object<'_>) -> Option<String> {
    let named = [
        meta.scalar("execution_group"),
        top.scalar("execution_group"),
    ];
    let named = named.into_iter().flatten().find(|group| group != TEMPLATE);
    let numbers = ["parallel_group", "wave"];
    let number = || {
        let both = numbers.iter().map(|name| (name, [top, meta]));
        both.flat_map(|(name, objects)| objects.map(|object| Some((name, object.scalar(name)?))))
            .flatten()
            .next()
    };
    named.or_else(|| match number()? {
        (_, word) if word.starts_with(|c: char| !c.is_ascii_digit()) => Some(word),
        (&"wave", number) => Some(format!("wave {number}")),
        (_, number) => Some(format!("group {number}")),
    })
}

/// The phase of test-driven work that the task is, not one of its steps.
fn step(top: &Object<'_>, meta: &Object<'_>) -> Option<Step> {
    let phase = meta.word("tdd_phase").or_else(|| top.word("tdd_phase"))?;
    cycles::named(&phase)
}

/// What is critical or of high risk runs alone.
fn is_risky(top: &Object<'_>, meta: &Object<'_>) -> bool {
    let is = |word: Option<String>, names: &[&str]| {
        word.is_some_and(|word| names.contains(&word.to_lowercase().as_str()))
    };
    let risk = ["risk", "risk_level"];
    let mut risks = risk
        .iter()
        .flat_map(|name| [top.word(name), meta.word(name)]);
    risks.any(|risk| is(risk, &["high", "critical"]))
        || [top, meta]
            .iter()
            .any(|object| is(object.word("priority"), &["critical"]))
}

/// Who does it: as the task says, or who does tasks of its type.
fn agent(top: &Object<'_>, meta: &Object<'_>) -> Option<String> {
    let named = [meta.word("agent"), top.word("agent")]
        .into_iter()
        .flatten();
    let mut named = named.map(|name| name.trim_start_matches('@').to_owned());
    let by_type = || {
        Some(match sort(top, meta)?.as_str() {
            "feature" | "test-gen" => "code-developer",
            "test-fix" => "test-fix-agent",
            "review" => "universal-executor",
            "docs" => "doc-generator",
            _ => return None,
        })
    };
    named
        .find(|name| !name.is_empty())
        .or_else(|| by_type().map(str::to_owned))
}

fn sort(top: &Object<'_>, meta: &Object<'_>) -> Option<String> {
    let named = [meta.word("type"), top.word("type")].into_iter().flatten();
    let mut named = named.filter(|name| !name.trim().is_empty());
    named.next()
}

/// The ids that an array, a string or an object of them names.
fn listed(text: &Text<'_>, node: Node<'_>) -> Vec<Spelled> {
    let elements = match node.is_array() {
        true => node.elements(),
        false => vec![node],
    };
    let mut listed = Vec::new();
    for element in elements {
        let place = match element.is_object() {
            true => ["id", "task_id", "task"]
                .iter()
                .find_map(|name| element.member(name)),
            false => Some(element),
        };
        let Some(place) = place else { continue };
        let word = place.word().unwrap_or_default();
        if ids::says_none(&word) {
            continue;
        }
        listed.push(Spelled {
            text: word.trim().to_owned(),
            location: text.location(place.start),
            len: place.raw.len(),
        });
    }
    listed
}

/// What must be done first, wherever the task says so.
fn needs<'a>(objects: &[&Object<'a>; 3], flow: &Object<'a>) -> Vec<Node<'a>> {
    let top = objects[0];
    let mut nodes: Vec<Node<'_>> = Vec::new();
    nodes.extend(objects.iter().filter_map(|object| object.get("depends_on")));
    match top.get("dependencies") {
        Some(node) if node.is_object() => {
            let object = Object::of(node);
            nodes.extend(
                ["depends_on", "requires"]
                    .iter()
                    .filter_map(|name| object.get(name)),
            );
        }
        node => nodes.extend(node),
    }
    nodes.extend(flow.get("requires"));
    nodes
}

/// Who waits for it: the same edges, said from the other end.
fn blocks(text: &Text<'_>, top: &Object<'_>, flow: &Object<'_>) -> Vec<Spelled> {
    let inner = top
        .get("dependencies")
        .filter(Node::is_object)
        .map(Object::of);
    let inner = inner.and_then(|object| object.get("blocks"));
    let nodes = [top.get("blocks"), inner, flow.get("blocks")];
    nodes
        .into_iter()
        .flatten()
        .flat_map(|node| listed(text, node))
        .collect()
}

/// The paths that a task names: those it changes, then those it is about.
fn files(
    text: &Text<'_>,
    top: &Object<'_>,
    context: &Object<'_>,
    flow: &Object<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    let mut nodes = flow.elements("target_files");
    for node in top.elements("files") {
        match node.is_object() {
            true => nodes.extend(node.member("path")),
            false => nodes.push(node),
        }
    }
    nodes.extend(top.get("file"));
    nodes.extend(context.elements("focus_paths"));
    nodes.extend(top.elements("focus_paths"));
    for node in [top.get("scope"), top.get("paths")].into_iter().flatten() {
        match node.is_array() {
            true => nodes.extend(node.elements()),
            false => nodes.push(node),
        }
    }
    let mut files: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for node in nodes {
        let written = node.string().unwrap_or_default();
        for path in written.split(';').map(path_of).filter(|path| is_path(path)) {
            let glob = scope::glob_of(path).into_owned();
            match scope::objection(&glob) {
                None if seen.insert(glob.clone()) => files.push(glob),
                None => {}
                Some(objection) => faults.push(
                    text.warning(node.range(), format!("`{path}` {objection}"))
                        .help("it is not counted among the files of the task"),
                ),
            }
        }
    }
    files
}

/// `path` of `path`, `path:function` and `path:function:lines`.
fn path_of(written: &str) -> &str {
    let written = written.trim();
    let after_drive = written
        .char_indices()
        .nth(2)
        .map_or(written.len(), |(at, _)| at);
    match written[after_drive..].find(':') {
        Some(at) => written[..after_drive + at].trim(),
        None => written,
    }
}

/// Lists of paths hold words now and then.
fn is_path(path: &str) -> bool {
    let is_word = path.contains(|c: char| c.is_whitespace() || c == '[') || !path.is_ascii();
    !path.is_empty() && (!is_word || scope::looks_like_path(path))
}

#[cfg(test)]
mod tests {
    use super::{Said, path_of, said};
    use crate::plan::ImportedStatus;

    #[test]
    fn a_place_in_a_file_is_its_file() {
        for (written, path) in [
            ("src/a.ts", "src/a.ts"),
            ("src/a.ts:login", "src/a.ts"),
            ("src/a.ts:POST /api/auth:50-120", "src/a.ts"),
            ("C:\\x\\a.ts", "C:\\x\\a.ts"),
            ("C:\\x\\a.ts:login:3", "C:\\x\\a.ts"),
        ] {
            assert_eq!(path_of(written), path, "{written}");
        }
    }

    #[test]
    fn statuses_of_both_generations_are_known() {
        assert_eq!(said("completed"), Some(Said::Known(ImportedStatus::Done)));
        assert_eq!(
            said("in-progress"),
            Some(Said::Known(ImportedStatus::InProgress))
        );
        assert_eq!(
            said("active"),
            Some(Said::Known(ImportedStatus::InProgress))
        );
        assert_eq!(said("skipped"), Some(Said::Known(ImportedStatus::Skipped)));
        assert_eq!(said("blocked"), Some(Said::Open));
        assert_eq!(said("container"), None);
        assert_eq!(
            said("synthesized"),
            Some(Said::Unknown("synthesized".into()))
        );
    }
}
