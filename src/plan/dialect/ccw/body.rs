//! What an executor is told of a task: all of its JSON, as Markdown in the order in which one works.
//!
//! What is known by name gets a heading of its own; what is not comes last, under its own name: a JSON may say
//! what to do in a member that nobody has heard of, and nothing of that may be lost.

use std::fmt::Write as _;

use super::outline::Object;
use crate::plan::context::rank;
use crate::plan::json::Node;

/// Members that say who, when and how far, and not what to do.
const ELSEWHERE: [&str; 12] = [
    "id",
    "task_id",
    "title",
    "name",
    "status",
    "status_history",
    "executed_at",
    "completed_at",
    "started_at",
    "created_at",
    "updated_at",
    "result",
];

/// The members of the whole, of `context` and of `flow_control`, in the order of working, with their headings.
const ORDER: [(&str, &str); 38] = [
    ("action", "Action"),
    ("scope", "Scope"),
    ("requirements", "Requirements"),
    ("excludes", "Leave alone"),
    ("focus_paths", "Where to look first"),
    ("paths", "Where to look first"),
    ("file", "File"),
    ("inherited", "Handed down"),
    ("shared_context", "Shared context"),
    ("parent", "Part of"),
    ("depends_on", "Depends on"),
    ("dependencies", "Depends on"),
    ("requires", "Depends on"),
    ("artifacts", "Documents, most important first"),
    ("context_package_path", "Context package"),
    ("reference", "Reference"),
    ("rationale", "Rationale"),
    ("pre_analysis", "Before you begin, in this order"),
    ("implementation_approach", "How to do it, in this order"),
    ("implementation", "How to do it, in this order"),
    ("tdd_cycles", "Test-driven cycles, in this order"),
    ("target_files", "Files to create or change"),
    ("files", "Files to create or change"),
    ("test", "Tests"),
    ("test_commands", "Test commands"),
    ("reusable_test_tools", "Test tools at hand"),
    ("regression", "What must not break"),
    ("risks", "Risks"),
    ("acceptance", "Accepted when"),
    ("acceptance_criteria", "Accepted when"),
    ("convergence", "Done when"),
    ("commit", "Commit"),
    ("blocks", "What waits for this"),
    ("meta", "About the task"),
    ("type", "Type"),
    ("priority", "Priority"),
    ("effort", "Effort"),
    ("cli_execution", "Session of the executor"),
];

/// The Markdown of a task's JSON.
pub(super) fn body(top: &Node<'_>) -> String {
    let top = Object::of(*top);
    let parts = [top.object("context"), top.object("flow_control")];
    let mut body = String::new();
    if let Some(description) = top.get("description") {
        paragraph(&mut body, &description);
    }
    let is_part = |name: &str, node: &Node<'_>| {
        ["context", "flow_control"].contains(&name) && node.is_object()
    };
    let own = top
        .members()
        .iter()
        .filter(|(name, node)| !is_part(name, node));
    let members: Vec<&(String, Node<'_>)> = own
        .chain(parts.iter().flat_map(super::outline::Object::members))
        .filter(|(name, node)| {
            name != "description" && !ELSEWHERE.contains(&name.as_str()) && says_something(node)
        })
        .collect();
    for (known, heading) in ORDER {
        for (_, node) in members.iter().filter(|(name, _)| name == known) {
            section(&mut body, heading, known, node);
        }
    }
    let is_known = |name: &str| ORDER.iter().any(|(known, _)| *known == name);
    for (name, node) in members.iter().filter(|(name, _)| !is_known(name)) {
        section(&mut body, &name.replace('_', " "), name, node);
    }
    body.trim_end().to_owned()
}

/// What must hold when the task is done, in the JSON's words.
pub(super) fn acceptance(top: &Node<'_>) -> Vec<String> {
    let top = Object::of(*top);
    let (context, convergence) = (top.object("context"), top.object("convergence"));
    let lists = [
        context.elements("acceptance"),
        top.elements("acceptance"),
        top.elements("acceptance_criteria"),
        convergence.elements("criteria"),
    ];
    let texts = lists.into_iter().flatten().filter_map(|node| node.string());
    texts
        .chain(
            convergence
                .get("definition_of_done")
                .and_then(|node| node.string()),
        )
        .collect()
}

/// What a parent hands down, as written.
pub(super) fn inherited(top: &Node<'_>) -> Vec<String> {
    let top = Object::of(*top);
    let both = [
        top.object("context").object("inherited"),
        top.object("inherited"),
    ];
    let lists = both.iter().map(|inherited| inherited.elements("context"));
    lists.flatten().filter_map(|node| node.string()).collect()
}

fn by_priority(mut artifacts: Vec<Node<'_>>) -> Vec<Node<'_>> {
    artifacts.sort_by_key(|node| {
        let word = node.member("priority").and_then(|node| node.word());
        rank(&word.unwrap_or_default())
    });
    artifacts
}

/// Whether there is anything in it at all.
fn says_something(node: &Node<'_>) -> bool {
    match node.raw.as_bytes().first() {
        Some(b'{') => node.members().iter().any(|(_, node)| says_something(node)),
        Some(b'[') => node.elements().iter().any(says_something),
        Some(b'"') => node.string().is_none_or(|text| !text.trim().is_empty()),
        _ => node.raw != "null",
    }
}

fn paragraph(body: &mut String, node: &Node<'_>) {
    match node.string() {
        Some(text) if !text.trim().is_empty() => {
            body.push_str(text.trim());
            body.push_str("\n\n");
        }
        Some(_) => {}
        None => section(body, "Description", "description", node),
    }
}

fn section(body: &mut String, heading: &str, name: &str, node: &Node<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(body, "### {heading}\n\n");
    if name == "artifacts" && node.is_array() {
        for artifact in by_priority(node.elements()) {
            item(body, "-", name, &artifact, 0);
        }
    } else if node.is_object() || node.is_array() {
        inner(body, name, node, 0);
    } else {
        scalar(body, name, node, 0);
    }
    body.push('\n');
}

/// The members of an object or the elements of an array, as items.
fn inner(body: &mut String, name: &str, node: &Node<'_>, depth: usize) {
    if node.is_object() {
        for (name, node) in node
            .members()
            .iter()
            .filter(|(_, node)| says_something(node))
        {
            item(body, &format!("- **{name}**:"), name, node, depth);
        }
        return;
    }
    let elements: Vec<Node<'_>> = node.elements().into_iter().filter(says_something).collect();
    let is_steps = elements.iter().any(Node::is_object);
    for (at, element) in elements.iter().enumerate() {
        let lead = if is_steps {
            format!("{}.", at + 1)
        } else {
            "-".to_owned()
        };
        item(body, &lead, name, element, depth);
    }
}

fn item(body: &mut String, lead: &str, name: &str, node: &Node<'_>, depth: usize) {
    let indent = "   ".repeat(depth);
    if node.is_object() || node.is_array() {
        let _ = write!(body, "{indent}{lead}");
        let title = titles(node);
        if let Some(title) = &title {
            let _ = write!(body, " **{}**", title.join(": "));
        }
        body.push('\n');
        match title {
            Some(_) => {
                let rest = node.members();
                let rest = rest
                    .iter()
                    .filter(|(name, node)| !HEADS.contains(&name.as_str()) && says_something(node));
                for (name, node) in rest {
                    item(body, &format!("- **{name}**:"), name, node, depth + 1);
                }
            }
            None => inner(body, name, node, depth + 1),
        }
    } else {
        let _ = write!(body, "{indent}{lead} ");
        scalar(body, name, node, depth + 1);
    }
}

/// What stands at the head of a step.
const HEADS: [&str; 2] = ["step", "title"];

/// The head of a step or of another object that calls itself something.
fn titles(node: &Node<'_>) -> Option<Vec<String>> {
    if !node.is_object() {
        return None;
    }
    let object = Object::of(*node);
    let heads = HEADS.iter().filter_map(|name| object.get(name)?.word());
    let heads: Vec<String> = heads.filter(|head| !head.trim().is_empty()).collect();
    (!heads.is_empty()).then_some(heads)
}

/// One value; commands as code, and more lines than one as a block.
fn scalar(body: &mut String, name: &str, node: &Node<'_>, depth: usize) {
    let text = node.string().unwrap_or_else(|| node.raw.to_owned());
    let text = text.trim();
    let ticks = longest_run(text) + 1;
    if text.contains('\n') {
        let fence = "`".repeat(ticks.max(3));
        let indent = "   ".repeat(depth);
        let _ = write!(body, "\n{indent}{fence}\n");
        for line in text.lines() {
            let _ = writeln!(body, "{indent}{line}");
        }
        let _ = writeln!(body, "{indent}{fence}");
    } else if ["command", "commands", "test_commands", "verification"].contains(&name) {
        let fence = "`".repeat(ticks);
        let space = if text.starts_with('`') || text.ends_with('`') {
            " "
        } else {
            ""
        };
        let _ = writeln!(body, "{fence}{space}{text}{space}{fence}");
    } else {
        let _ = writeln!(body, "{text}");
    }
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{acceptance, body};
    use crate::plan::json::Node;
    use crate::plan::text::Text;

    fn with<T>(json: &str, then: impl FnOnce(&Node<'_>) -> T) -> T {
        let text = Text::new(Path::new("a.json"), json);
        then(&Node::parse(&text).expect("it is JSON"))
    }

    #[test]
    fn nothing_that_says_what_to_do_is_lost() {
        let json = r#"{"id":"A-1","title":"t","status":"pending","description":"Say hello.",
            "unheard_of":{"deep":["inner word"]},"code":"a\n```\nb",
            "context":{"requirements":["be kind"],"odd":"context word"},
            "flow_control":{"pre_analysis":[{"step":"look","command":"ls `x`","on_error":"fail"},"just words"],
              "implementation_approach":[{"step":1,"title":"Greet","logic_flow":["first","second"],"depends_on":[]}],
              "target_files":["src/a.rs:greet:1-2"]}}"#;
        let told = with(json, body);
        for word in [
            "Say hello.",
            "inner word",
            "be kind",
            "context word",
            "look",
            "``ls `x```",
            "fail",
            "just words",
            "**1: Greet**",
            "first",
            "second",
            "src/a.rs:greet:1-2",
        ] {
            assert!(
                told.contains(word) || word.starts_with("``ls"),
                "{word} is told:\n{told}"
            );
        }
        assert!(
            told.contains("`` ls `x` ``") && told.contains("````\n"),
            "code stays whole:\n{told}"
        );
        assert!(
            !told.contains("pending") && !told.contains("logic_flow: []"),
            "{told}"
        );
        let order = [
            "Say hello",
            "Requirements",
            "Before you begin",
            "How to do it",
            "Files to create",
            "unheard of",
        ];
        let places: Vec<_> = order.iter().map(|word| told.find(word)).collect();
        assert!(
            places.is_sorted() && places.iter().all(Option::is_some),
            "{places:?}\n{told}"
        );
    }

    #[test]
    fn what_must_hold_is_found_wherever_it_is_said() {
        let json =
            r#"{"context":{"acceptance":["it greets"]},"convergence":{"criteria":["it bows"]}}"#;
        assert_eq!(with(json, acceptance), ["it greets", "it bows"]);
    }
}
