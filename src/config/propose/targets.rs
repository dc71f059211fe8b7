//! What a project wraps its commands in: the recipes of a `justfile`, the targets of a `Makefile`.
//!
//! Neither language is understood here. A line is read as the head of a rule where it can be nothing else; what
//! would need an argument, or is only named by a pattern or a variable, is left out.

use super::{Finding, Folder, Found, Purpose};

/// The names that are looked for.
const NAMES: [(&str, Purpose); 6] = [
    ("test", Purpose::Test),
    ("lint", Purpose::Lint),
    ("typecheck", Purpose::Lint),
    ("fmt-check", Purpose::Lint),
    ("format-check", Purpose::Lint),
    ("build", Purpose::Build),
];

/// In the order in which each program looks for its file, `just` first.
const JUSTFILES: [&str; 3] = ["justfile", "Justfile", ".justfile"];
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// A rule, and the line where it begins, from 1.
#[derive(Debug, PartialEq, Eq)]
struct Rule<'a> {
    name: &'a str,
    line: usize,
}

pub(super) fn find(folder: &Folder, found: &mut Found) {
    let mut add = |program: &str, file: &str, rules: &[Rule<'_>]| {
        let earlier = found.findings.clone();
        for (name, purpose) in served(rules) {
            let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
                continue;
            };
            let place = format!("{}:{}", folder.place(file), rule.line);
            let finding = folder.finding(purpose, format!("{program} {name}"), place);
            let same = |other: &&Finding| other.purpose == purpose;
            found.findings.push(match earlier.iter().find(same) {
                Some(other) => finding.but(&format!("`{}` should do it", other.command)),
                None => finding,
            });
        }
    };
    if let Some(file) = folder.first(&JUSTFILES) {
        add(
            "just",
            file,
            &recipes(&folder.read(file).unwrap_or_default()),
        );
    }
    if let Some(file) = folder.first(&MAKEFILES) {
        add(
            "make",
            file,
            &targets(&folder.read(file).unwrap_or_default()),
        );
    }
}

/// The names to look for among `rules`: `check` means the tests where nothing else is called so, as autotools
/// have it, and what can be checked without them elsewhere.
fn served(rules: &[Rule<'_>]) -> Vec<(&'static str, Purpose)> {
    let has_tests = rules.iter().any(|rule| rule.name == "test");
    let check = if has_tests {
        Purpose::Lint
    } else {
        Purpose::Test
    };
    let mut names = NAMES.to_vec();
    names.push(("check", check));
    names
}

/// The explicit targets of a Makefile.
fn targets(text: &str) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    let (mut continues, mut defines) = (false, false);
    for (at, line) in text.lines().enumerate() {
        let begins = !continues && !line.starts_with('\t');
        continues = line.ends_with('\\');
        let word = line.split_whitespace().next().unwrap_or_default();
        if begins && matches!(word, "define" | "endef") {
            defines = word == "define";
            continue;
        }
        if begins
            && !defines
            && !line.trim_start().starts_with('#')
            && let Some(names) = rule_head(line)
        {
            let line = at + 1;
            let names = names.split_whitespace();
            rules.extend(names.map(|name| Rule { name, line }));
        }
    }
    rules
}

/// What stands before the colon of a rule; an assignment is none, whatever it assigns with.
fn rule_head(line: &str) -> Option<&str> {
    let (names, rest) = line.split_once(':')?;
    let rest = rest.trim_start_matches(':');
    // `test: CFLAGS = -g` gives a variable to a target and is no rule of it.
    let assigns = rest
        .split(['#', ';'])
        .next()
        .is_some_and(|rest| rest.contains('='));
    (!names.contains(['=', '$', '%', '#']) && !assigns).then_some(names)
}

/// The recipes of a justfile that can be called without an argument.
fn recipes(text: &str) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    let mut quote: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        let is_text = quote.is_some();
        for mark in [r#"""""#, "'''"] {
            let odd = line.matches(mark).count() % 2 == 1;
            if odd && (quote.is_none() || quote == Some(mark)) {
                quote = if quote.is_none() { Some(mark) } else { None };
            }
        }
        let head = line.strip_prefix('@').unwrap_or(line);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = head.find(|c| !is_name(c)).unwrap_or(head.len());
        let (name, rest) = head.split_at(end);
        if !is_text && !name.is_empty() && takes_nothing(rest) {
            rules.push(Rule { name, line: at + 1 });
        }
    }
    rules
}

/// Whether `rest`, behind a name, has no parameter without a default up to the colon of a recipe.
fn takes_nothing(rest: &str) -> bool {
    let mut parameters = vec![String::new()];
    let mut quote = None;
    let mut letters = rest.chars().peekable();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (None, ':') => {
                let mut given = parameters.iter().filter(|parameter| !parameter.is_empty());
                let is_optional =
                    |parameter: &String| parameter.starts_with('*') || parameter.contains('=');
                return letters.peek() != Some(&'=') && given.all(is_optional);
            }
            (None, ' ' | '\t') => parameters.push(String::new()),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
        if let Some(last) = parameters.last_mut().filter(|_| !c.is_whitespace()) {
            last.push(c);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rules: &[Rule<'_>]) -> Vec<String> {
        let told = rules
            .iter()
            .map(|rule| format!("{}:{}", rule.name, rule.line));
        told.collect()
    }

    #[test]
    fn only_what_can_be_made_by_its_name_is_a_target() {
        let text = "\
.PHONY: test clean
SRC := a:b
URL = http://x
FLAGS ?= -O2
long = one \\
  lint: two
test check: build # both
\tlint: not a target
build:: out/a.o
%.o: %.c
$(BIN): x
lint: CFLAGS = -g
# docs: words
define text
fmt-check: words
endef
typecheck:; mypy .
";
        let found = names(&targets(text));
        let expected = [".PHONY:1", "test:7", "check:7", "build:9", "typecheck:17"];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_can_be_called_without_an_argument_is_a_recipe() {
        let text = "\
set shell := [\"sh\", \"-c\"]
alias t := test
words := '''
lint:
'''
# Run the tests
[group('ci')]
test filter=\"a:b\" *args: build
    cargo test: {{filter}}
@lint:
    cargo clippy
check crate:
    cargo check -p {{crate}}
build +targets=\"all\":
typecheck +files:
fmt-check: (test \"x\")
";
        let found = names(&recipes(text));
        let expected = ["test:8", "lint:10", "build:14", "fmt-check:16"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_check_means_the_tests_where_nothing_else_is_called_so() {
        let of = |text: &str| served(&targets(text)).last().copied();
        assert_eq!(of("check:\n"), Some(("check", Purpose::Test)));
        assert_eq!(of("check: lint\ntest:\n"), Some(("check", Purpose::Lint)));
    }
}
