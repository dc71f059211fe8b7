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
    let text = ["Run:", "Execute:", "Command:"]
        .iter()
        .find_map(|said| text.trim().strip_prefix(said))
        .unwrap_or(text)
        .trim();
    if let Some(code) = told_to_run(text) {
        return Check::shown(code);
    }
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
    match is_sentence || is_told(text) || is_quoted.is_some() || text.contains('\n') {
        true => Check::Prose(text.to_owned()),
        false => Check::shown(text),
    }
}

/// Whether words begin as one tells another what to do. No program is written so.
fn is_told(text: &str) -> bool {
    const VERBS: [&str; 10] = [
        "Run", "Execute", "Check", "Verify", "Ensure", "Confirm", "Test", "Make", "Build", "Call",
    ];
    let first = text.split([' ', ':']).next();
    first.is_some_and(|word| VERBS.contains(&word))
}

/// The code of words that say to run it and nothing else: `` Run `npm test` ``, `` `npm test` passes ``.
fn told_to_run(text: &str) -> Option<&str> {
    const PLAIN: [&str; 14] = [
        "run", "execute", "verify", "check", "confirm", "ensure", "with", "by", "that", "and",
        "passes", "pass", "succeeds", "the",
    ];
    let parts: Vec<&str> = text.split('`').collect();
    let [before, code, after] = parts[..] else {
        return None;
    };
    let around = [before, after];
    let words = around
        .iter()
        .flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    let mut words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    let is_plain = words.all(|word| PLAIN.contains(&word.as_str()));
    Some(code.trim()).filter(|code| is_plain && !code.is_empty())
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
            "Test that login works",
            "Check login",
            "Run `npm test` twice",
        ] {
            assert_eq!(check(words), Check::Prose(words.into()), "{words}");
        }
        for (words, command) in [
            ("Run `npm test`", "npm test"),
            ("Execute: `npm test`.", "npm test"),
            ("`npm test` passes", "npm test"),
            ("Run: npm test", "npm test"),
        ] {
            assert_eq!(check(words), Check::Code(command.into()), "{words}");
        }
    }
}
