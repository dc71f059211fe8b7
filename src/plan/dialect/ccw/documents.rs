//! What a session has for the executor of a task besides the task: documents by their priority, those that its
//! context package lists among them, and the steps of the task as written.

use serde_json::Value;

use crate::plan::Artifact;
use crate::plan::context::rank;
use crate::plan::json::Node;
use crate::plan::text::Text;

use super::outline::Object;

/// The list of documents, below the session's directory.
pub(super) const PACKAGE: &str = ".process/context-package.json";
/// Where summaries of finished tasks lie, below the session's directory.
pub(super) const SUMMARIES: &str = ".summaries";

/// What a context package calls the documents of planning, and how much each matters.
const PLANNED: [(&str, &str, &str); 4] = [
    ("synthesis_output", "synthesis_specification", "highest"),
    ("guidance_specification", "guidance_specification", "medium"),
    ("conflict_resolution", "conflict_resolution", "medium"),
    ("role_analyses", "role_analysis", "low"),
];

/// The documents that a task names, the most important first.
pub(super) fn of_task(top: &Node<'_>) -> Vec<Artifact> {
    let top = Object::of(*top);
    let both = [
        top.object("context").elements("artifacts"),
        top.elements("artifacts"),
    ];
    let nodes = both.into_iter().flatten();
    let word = |node: &Node<'_>, name: &str| {
        let word = node.member(name).and_then(|node| node.word());
        word.filter(|word| !word.trim().is_empty())
    };
    let artifacts = nodes.filter_map(|node| match node.is_object() {
        true => Some(Artifact {
            path: node.member("path")?.string()?,
            priority: word(&node, "priority"),
            kind: word(&node, "type"),
        }),
        false => node.string().map(Artifact::at),
    });
    let mut artifacts: Vec<Artifact> = artifacts.filter_map(filled_in).collect();
    artifacts.sort_by_key(Artifact::rank);
    artifacts
}

/// The documents of planning that a context package lists, the most important first.
pub(super) fn listed(text: &Text<'_>) -> Vec<Artifact> {
    let Ok(package) = serde_json::from_str::<Value>(text.text) else {
        return Vec::new();
    };
    let mut artifacts = Vec::new();
    for (name, kind, priority) in PLANNED {
        let mut paths = Vec::new();
        collect(&package["brainstorm_artifacts"][name], &mut paths);
        let named = paths.into_iter().map(|path| Artifact {
            path,
            priority: Some(priority.to_owned()),
            kind: Some(kind.to_owned()),
        });
        artifacts.extend(named.filter_map(filled_in));
    }
    artifacts.sort_by_key(|artifact| rank(artifact.priority.as_deref().unwrap_or_default()));
    artifacts
}

/// Every `path` in a value, however it is nested; a text alone is one, and so is each text of a list.
fn collect(value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::String(path) => paths.push(path.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, paths)),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "path" || value.is_array() || value.is_object() {
                    collect(value, paths);
                }
            }
        }
        _ => {}
    }
}

/// A template that nobody filled in is no path.
fn filled_in(mut artifact: Artifact) -> Option<Artifact> {
    let path = artifact.path.trim();
    if path.is_empty() || path.contains("{{") {
        return None;
    }
    artifact.path = path.to_owned();
    Some(artifact)
}

/// The steps of a task as written.
pub(super) fn flow(top: &Node<'_>) -> Option<Value> {
    let flow = top.member("flow_control").filter(Node::is_object)?;
    serde_json::from_str(flow.raw).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{listed, of_task};
    use crate::plan::json::Node;
    use crate::plan::text::Text;

    fn text(json: &str) -> Text<'_> {
        Text::new(Path::new("a.json"), json)
    }

    #[test]
    fn documents_come_by_their_priority() {
        let json = r#"{"context":{"artifacts":[{"path":"low.md","priority":"low"},{"path":"{{later}}","priority":"highest"},
            "plain.md",{"path":"top.md","priority":"highest","type":"synthesis_specification"}]}}"#;
        let found = of_task(&Node::parse(&text(json)).expect("it is JSON"));
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["top.md", "plain.md", "low.md"]);
        assert_eq!(found[0].kind.as_deref(), Some("synthesis_specification"));
    }

    #[test]
    fn a_context_package_lists_the_documents_of_planning() {
        let json = r#"{"metadata":{"path":"no.md"},"brainstorm_artifacts":{
            "role_analyses":[{"role":"ux","files":[{"path":"ux.md","type":"primary"}]},{"path":"api.md"}],
            "guidance_specification":{"path":"guide.md","exists":true},
            "synthesis_output":{"path":"{{unknown}}"},"conflict_resolution":"conflicts.md"}}"#;
        let found = listed(&text(json));
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["guide.md", "conflicts.md", "ux.md", "api.md"]);
        assert!(listed(&text("no JSON")).is_empty());
    }
}
