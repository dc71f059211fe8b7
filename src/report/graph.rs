//! A plan's tasks and what each waits for, as text, for Mermaid and Graphviz, and as JSON.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::clean::visible_line;
use super::overlaps;
use crate::graph::Graph;

/// What a task waits for, in both senses where it does so; what it needs comes first in any case.
pub(super) fn waits(
    graph: &Graph,
    task: usize,
) -> impl Iterator<Item = (&'static str, Vec<usize>)> {
    let needs = graph.needs(task).to_vec();
    let needed: HashSet<usize> = needs.iter().copied().collect();
    let after = graph.after(task).iter().copied();
    let after = after.filter(|other| !needed.contains(other)).collect();
    let both = [("needs", needs), ("after", after)].into_iter();
    both.filter(|(_, others)| !others.is_empty())
}

/// Each wave with its tasks.
pub fn text(graph: &Graph) -> String {
    let mut text = String::new();
    for (number, wave) in graph.waves().iter().enumerate() {
        let _ = writeln!(text, "wave {}", number + 1);
        for &task in wave {
            let found = &graph.tasks()[task];
            let _ = write!(
                text,
                "  {}  {}",
                visible_line(found.id.as_str()),
                visible_line(&found.title)
            );
            for (what, others) in waits(graph, task) {
                let ids = others
                    .iter()
                    .map(|&other| visible_line(graph.tasks()[other].id.as_str()));
                let ids: Vec<String> = ids.collect();
                let _ = write!(text, "  ({what} {})", ids.join(", "));
            }
            if let Some(imported) = &found.imported {
                let _ = write!(text, "  [{}]", imported.status.words());
            }
            if found.optional {
                text.push_str("  [optional]");
            }
            if found.review {
                text.push_str("  [review]");
            }
            text.push('\n');
        }
    }
    for line in overlaps::lines(graph) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A Mermaid flowchart; a dotted arrow is order and nothing more.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart TD\n");
    for (task, found) in graph.tasks().iter().enumerate() {
        let label = format!("{}: {}", found.id, found.title);
        // Quotes end a label and `#` begins an entity; nothing else is special within quotes.
        let label = visible_line(&label)
            .replace('#', "#35;")
            .replace('"', "#quot;");
        let _ = writeln!(text, "    t{task}[\"{label}\"]");
    }
    edges(graph, |from, to, needs| {
        let arrow = if needs { "-->" } else { "-.->" };
        let _ = writeln!(text, "    t{from} {arrow} t{to}");
    });
    text
}

/// A Graphviz graph; a dashed arrow is order and nothing more.
pub fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| {
        format!(
            "\"{}\"",
            visible_line(text)
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
        )
    };
    let mut text = String::from("digraph plan {\n    node [shape=box];\n");
    for (task, found) in graph.tasks().iter().enumerate() {
        let label = quoted(&format!("{}: {}", found.id, found.title));
        let _ = writeln!(text, "    t{task} [label={label}];");
    }
    edges(graph, |from, to, needs| {
        let style = if needs { "" } else { " [style=dashed]" };
        let _ = writeln!(text, "    t{from} -> t{to}{style};");
    });
    text.push_str("}\n");
    text
}

/// The same for programs.
pub fn json(graph: &Graph) -> Value {
    let id = |task: &usize| graph.tasks()[*task].id.as_str();
    let waves = graph.waves();
    let waves: Vec<Vec<&str>> = waves
        .iter()
        .map(|wave| wave.iter().map(id).collect())
        .collect();
    let tasks: Vec<Value> = graph
        .tasks()
        .iter()
        .map(|task| json!({"id": task.id, "title": task.title, "needs": task.needs, "after": task.after}))
        .collect();
    json!({"schema": 1, "tasks": tasks, "waves": waves, "overlaps": overlaps::json(graph)})
}

/// Calls `draw` for each pair: what is waited for, what waits, and whether it needs it.
fn edges(graph: &Graph, mut draw: impl FnMut(usize, usize, bool)) {
    for task in 0..graph.len() {
        graph
            .needs(task)
            .iter()
            .for_each(|&need| draw(need, task, true));
        let only_after = graph
            .after(task)
            .iter()
            .filter(|other| !graph.needs(task).contains(other));
        only_after.for_each(|&before| draw(before, task, false));
    }
}
