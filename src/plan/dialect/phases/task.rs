//! From the fields of a phase to a task: who, what kind, which files, how it is verified.

use std::borrow::Cow;

use serde_json::Value;

use super::outline::Phase;
use super::parts::{self, Part, Topic, around_codes, codes, first, items, plain};
use super::prose::{says_none, without_remarks};
use super::resources::{Files, depends, files};
use super::state;
use super::words::{Word, unclear, word};
use crate::plan::markdown::{Block, fences};
use crate::plan::text::Text;
use crate::plan::{Check, Fault, Imported, Kind, Task, TaskId, scope};

pub(super) fn task(
    phase: &Phase<'_>,
    parts: &[Part<'_>],
    front: &Value,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Task {
    let owner = first(parts, Topic::Owner).map(|part| plain(&part.text));
    let agent = owner.filter(|owner| !owner.is_empty() && !says_none(owner));
    let verify: Vec<Check> = parts
        .iter()
        .filter(|part| part.is(Topic::BlastRadius))
        .flat_map(blast_radius)
        .collect();
    let Files {
        all: mut files,
        made: creates,
        changed: modifies,
    } = files(parts, text, faults);
    let depends = depends(phase.section, parts);
    for manifest in depends
        .iter()
        .filter_map(|depend| depend.split_once(':'))
        .map(|(manifest, _)| manifest)
    {
        // Whoever adds a dependency changes the manifest.
        if !files.is_empty() && !files.iter().any(|file| file == manifest) {
            files.push(manifest.to_owned());
        }
    }
    let said = first(parts, Topic::Status).and_then(|part| {
        let said = word(&part.text);
        if said == Word::Unclear {
            faults.push(unclear(part.text.trim(), part.place.clone(), text));
        }
        state::imported(said)
    });
    Task {
        id: TaskId::new(phase.id.as_str()),
        title: phase.title.clone(),
        body: text.text[phase.range.clone()]
            .trim_end()
            .trim_end_matches("---")
            .trim_end()
            .to_owned(),
        kind: kind(phase, parts, &verify),
        review: agent.as_deref().is_some_and(is_person),
        agent,
        files,
        creates,
        modifies,
        depends,
        verify,
        acceptance: parts
            .iter()
            .filter(|part| part.is(Topic::Acceptance))
            .flat_map(items)
            .collect(),
        skills: skills(parts, front),
        run: script(phase.section),
        imported: said.or(phase.says).map(|status| Imported {
            status,
            commit: None,
        }),
        ..Task::at(text.location(phase.at))
    }
}

/// What the shell executor runs: blocks of `sh`. Those of `bash` are examples in these plans.
fn script(section: &[Block]) -> Option<String> {
    let scripts =
        fences(section).filter(|fence| fence.language == "sh" && !fence.text.trim().is_empty());
    let script: String = scripts.map(|fence| fence.text.as_str()).collect();
    (!script.is_empty()).then_some(script)
}

/// Whether an owner is no agent.
fn is_person(owner: &str) -> bool {
    let owner = owner.to_lowercase();
    matches!(
        owner.as_str(),
        "human" | "user" | "me" | "manual" | "person"
    ) || owner.starts_with("human ")
}

/// Design is what a phase calls design; without such a word, what its title says and no test proves.
fn kind(phase: &Phase<'_>, parts: &[Part<'_>], verify: &[Check]) -> Kind {
    if let Some(part) = first(parts, Topic::Type) {
        let said = part.text.to_lowercase();
        if said.contains("design") || said.contains("implementation") {
            return if said.contains("design") {
                Kind::Design
            } else {
                Kind::Implementation
            };
        }
    }
    if phase.is_design {
        return Kind::Design;
    }
    const DESIGN: [&str; 6] = [
        "design",
        "architecture",
        "planning",
        "research",
        "adr",
        "adrs",
    ];
    const BUILDS: [&str; 12] = [
        "implement",
        "implementation",
        "implementing",
        "build",
        "code",
        "test",
        "tests",
        "testing",
        "refactor",
        "migrate",
        "fix",
        "add",
    ];
    let has = |names: &[&str]| {
        let mut words = phase.title.split(|c: char| !c.is_alphanumeric());
        words.any(|word| names.iter().any(|name| name.eq_ignore_ascii_case(word)))
    };
    let is_tested = verify
        .iter()
        .any(|check| matches!(check, Check::Code(code) if code.contains("test")));
    if has(&DESIGN) && !has(&BUILDS) && !is_tested {
        Kind::Design
    } else {
        Kind::Implementation
    }
}

/// What the phase asks for, and what the whole plan does.
fn skills(parts: &[Part<'_>], front: &Value) -> Vec<String> {
    let mut skills: Vec<String> = Vec::new();
    let mut add = |skill: &str| {
        let skill = plain(skill);
        if !skill.is_empty() && !says_none(&skill) && !skills.contains(&skill) {
            skills.push(skill);
        }
    };
    let separated = |text: &str, add: &mut dyn FnMut(&str)| {
        without_remarks(text)
            .split([',', ';', '、', '，', '；'])
            .for_each(add);
    };
    for part in parts.iter().filter(|part| part.is(Topic::Skills)) {
        separated(&part.text, &mut add);
        part.below
            .iter()
            .for_each(|line| separated(&line.text, &mut add));
    }
    match front.get("required_skills") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).for_each(add),
        Some(Value::Object(all)) => all.keys().for_each(|skill| add(skill)),
        Some(Value::String(all)) => separated(all, &mut add),
        _ => {}
    }
    skills
}

/// Code that stands alone, or with nothing but remarks in parentheses, is commands; all else is words, also globs and
/// the empty code that means the whole suite. What stands below code alone is no reason not to run it.
fn blast_radius(part: &Part<'_>) -> Vec<Check> {
    let paragraphs = paragraphs(part);
    let mut checks = Vec::new();
    let mut in_code = 0;
    for commands in paragraphs.iter().map_while(|text| commands(text)) {
        checks.extend(commands);
        in_code += 1;
    }
    let words = &paragraphs[in_code..];
    let words = (!words.is_empty()).then(|| Check::Prose(in_words(&words.join("\n"))));
    checks.extend(words);
    checks.extend(scripts(part));
    checks
}

/// What a field says, by paragraphs and items.
fn paragraphs(part: &Part<'_>) -> Vec<String> {
    let mut all = vec![part.text.trim().to_owned()];
    let first = part.below.first().filter(|_| part.goes_on);
    let mut paragraph = first.map(|line| line.paragraph);
    for line in &part.below {
        let whole = parts::whole(line);
        let this = Some(line.paragraph);
        match all.last_mut().filter(|_| paragraph == this) {
            Some(last) => {
                last.push('\n');
                last.push_str(&whole);
            }
            None => all.push(whole.into_owned()),
        }
        paragraph = this;
    }
    all.retain(|text| !text.trim().is_empty());
    all
}

/// The commands of a text that says nothing else.
fn commands(text: &str) -> Option<Vec<Check>> {
    let outside = outside_remarks(text);
    let joins = |word: &str| matches!(word, "and" | "then" | "&&");
    let is_code_only = around_codes(&outside)
        .split(|c: char| c.is_whitespace() || "+,;&-*•、，".contains(c))
        .all(|word| word.is_empty() || joins(word));
    let commands: Vec<&str> = parted(&outside).collect();
    let is_command = |code: &&str| !code.trim_matches(['"', '\'']).is_empty() && !is_scope(code);
    let is_one = is_code_only && !commands.is_empty() && commands.iter().all(is_command);
    is_one.then(|| {
        let commands = commands.iter();
        commands.map(|code| Check::shown(code)).collect()
    })
}

/// The codes of a text, each of which may hold several.
fn parted(text: &str) -> impl Iterator<Item = &str> {
    codes(text)
        .flat_map(|code| code.split(" + "))
        .map(str::trim)
}

/// What words ask for; empty code in them means all that there is.
fn in_words(whole: &str) -> String {
    let outside = outside_remarks(whole);
    let words = whole
        .replace("``", "")
        .replace("`\"\"`", "")
        .replace("\"\"", "");
    let words = words.trim();
    let mut codes = parted(&outside);
    let is_empty =
        codes.all(|code| code.trim_matches(['"', '\'']).is_empty()) && whole.contains(['`', '"']);
    match (is_empty, words) {
        (true, "") => "the whole test suite".to_owned(),
        (true, words) => format!("the whole test suite {words}"),
        (false, words) => words.to_owned(),
    }
}

fn scripts(part: &Part<'_>) -> Vec<Check> {
    let scripts = part.fences.iter().map(|fence| fence.text.trim_end());
    scripts
        .filter(|script| !script.is_empty())
        .map(Check::shown)
        .collect()
}

/// A text without its remarks in parentheses and the code in them; parentheses in code are none.
fn outside_remarks(text: &str) -> Cow<'_, str> {
    if !text.contains(['(', '（', ')', '）']) {
        return text.into();
    }
    let (mut depth, mut in_code) = (0_usize, false);
    let is_outside = |c: &char| {
        in_code ^= *c == '`';
        match c {
            '(' | '（' if !in_code => depth += 1,
            ')' | '）' if !in_code => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(is_outside).collect()
}

/// Whether code says which tests and not how to run them: paths, globs, names of tests, a list of them.
fn is_scope(code: &str) -> bool {
    let is_one = |word: &str| {
        let word = word.trim_matches(['"', '\'']);
        let is_glob = word.contains('*') && !word.starts_with('-');
        scope::looks_like_path(word) || is_glob || is_test_name(word)
    };
    let mut words = code.split([',', ' ']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    is_one(first) && !first.starts_with("./") && words.all(is_one)
}

/// `test_login`, `login_tests`, `auth::login`: no program is called so.
fn is_test_name(word: &str) -> bool {
    let begins = word.starts_with("test_") || word.starts_with("tests_");
    let ends = word.ends_with("_test") || word.ends_with("_tests");
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    (begins || ends || word.contains("::")) && word.chars().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::blast_radius;
    use crate::plan::Check::{Code, Prose};
    use crate::plan::dialect::phases::parts::Part;

    fn checks(text: &str) -> Vec<crate::plan::Check> {
        blast_radius(&Part::new("blast radius", text, 0..0, 0))
    }

    #[test]
    fn a_blast_radius_is_commands_or_words() {
        let code = |text: &str| Code(text.to_owned());
        let prose = |text: &str| Prose(text.to_owned());
        for (text, expected) in [
            (
                "`cargo test -p mat` (all mat tests)",
                vec![code("cargo test -p mat")],
            ),
            ("`cargo test` (see `lib`)", vec![code("cargo test")]),
            (
                "`cargo test a` + `cargo test b`",
                vec![code("cargo test a"), code("cargo test b")],
            ),
            (
                "`cargo test a + cargo test b`",
                vec![code("cargo test a"), code("cargo test b")],
            ),
            (
                "`cargo build && cargo test`",
                vec![code("cargo build && cargo test")],
            ),
            (
                "`` (everything)",
                vec![prose("the whole test suite (everything)")],
            ),
            ("`\"\"` (all)", vec![prose("the whole test suite (all)")]),
            ("\"\"", vec![prose("the whole test suite")]),
            ("`tests/unit/**/*.rs`", vec![prose("`tests/unit/**/*.rs`")]),
            ("`tests/auth/**`", vec![prose("`tests/auth/**`")]),
            ("`test_login`", vec![prose("`test_login`")]),
            (
                "`auth::login`, `login_tests`",
                vec![prose("`auth::login`, `login_tests`")],
            ),
            ("`run_login test_login`", vec![code("run_login test_login")]),
            ("`pytest`", vec![code("pytest")]),
            (
                "`tests/a/**/*.rs, tests/b/**/*.rs`",
                vec![prose("`tests/a/**/*.rs, tests/b/**/*.rs`")],
            ),
            (
                "`pnpm test` in `/ts` directory",
                vec![prose("`pnpm test` in `/ts` directory")],
            ),
            (
                "all tests of the parser",
                vec![prose("all tests of the parser")],
            ),
            ("", vec![]),
        ] {
            assert_eq!(checks(text), expected, "{text}");
        }
    }
}
