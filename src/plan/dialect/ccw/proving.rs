//! How a task's JSON wants it verified: which of its words are commands.

use super::outline::Object;
use crate::plan::Check;
use crate::plan::json::Node;

/// The commands that prove it: those that are said to be commands, and words that can be nothing else.
pub(super) fn verify(top: &Object<'_>, flow: &Object<'_>) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    let commands = top.object("test").get("commands");
    for node in commands.into_iter().chain(flow.get("test_commands")) {
        let nodes = match node.is_object() {
            true => node.members().into_iter().map(|(_, node)| node).collect(),
            false if node.is_array() => node.elements(),
            false => vec![node],
        };
        let texts = nodes.iter().filter_map(Node::string);
        checks.extend(
            texts
                .filter(|text| !text.trim().is_empty())
                .map(|text| check(&text)),
        );
    }
    let convergence = top.object("convergence").word("verification");
    checks.extend(convergence.map(|text| check(&text)));
    let mut unique: Vec<Check> = Vec::new();
    for check in checks {
        if !unique.contains(&check) {
            unique.push(check);
        }
    }
    unique
}

/// A command unless it reads like a sentence or compares what a shell cannot: real plans are full of
/// `grep -c x file >= 4`, which would write a file called `=`.
fn check(text: &str) -> Check {
    let text = text.trim();
    let mut is_quoted = None;
    let bare: String = text
        .chars()
        .map(|c| match (is_quoted, c) {
            (None, '"' | '\'' | '`') => {
                is_quoted = Some(c);
                '_'
            }
            (Some(quote), c) if quote == c => {
                is_quoted = None;
                '_'
            }
            (Some(_), _) => '_',
            (None, c) => c,
        })
        .collect();
    const SENTENCE: [&str; 26] = [
        "pass", "passes", "succeed", "succeeds", "should", "must", "returns", "shows", "show",
        "without", "and", "the", "is", "are", "all", "exits", "no", "has", "have", "with", ">=",
        "<=", "==", "!=", "->", "=>",
    ];
    let is_sentence = bare.split_whitespace().any(|word| SENTENCE.contains(&word))
        || bare.contains(['≥', '≤', '→', '，', '。', '：']);
    match is_sentence || is_quoted.is_some() || text.contains('\n') {
        true => Check::Prose(text.to_owned()),
        false => Check::Code(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::plan::Check;

    #[test]
    fn what_no_shell_would_understand_is_no_command() {
        for command in [
            "python scripts/start_gateway.py --help",
            "npm --prefix a run build && cargo check",
            "grep -q 'must and should' README.md",
        ] {
            assert_eq!(check(command), Check::Code(command.into()), "{command}");
        }
        for words in [
            "grep -c 'x' a.js >= 17",
            "npm test passes",
            "all tests are green",
            "grep 'unclosed a.js",
        ] {
            assert_eq!(check(words), Check::Prose(words.into()), "{words}");
        }
    }
}
