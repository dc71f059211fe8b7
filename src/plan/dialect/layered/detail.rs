//! The lines below a task that say something of it: `Complexity: Mid`, `- File: src/a.ts`, `**Agent**: QA`.

use super::item::{begins_with_id, strip_word};
use crate::plan::markdown::{Line, Span};
use crate::plan::{Check, need_words, scope};

/// What a line below a task says.
#[derive(Debug)]
pub(super) enum Detail {
    Agent(String),
    Complexity(String),
    /// What the task depends on, in words.
    Needs(String),
    Files(Vec<Span>),
    Verify(Vec<Check>),
    Acceptance(String),
    /// A command for the executor, such as `/clerk:init`.
    Command(String),
}

/// What a line says, if it begins with one of the words that mean something.
pub(super) fn detail(line: &Line) -> Option<Detail> {
    let (name, value) = match &line.lead {
        Some(lead) => (lead.as_str(), line.text.trim()),
        None => {
            let end = line.text.find([':', '：'])?;
            let (name, rest) = line.text.split_at(end);
            (name.trim(), rest.trim_start_matches([':', '：']).trim())
        }
    };
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|known| strip_word(name, known) == Some(""))
    };
    let bare = value.trim_matches('`').trim();
    if is(&["complexity", "difficulty"]) {
        let word = bare.split([' ', '(', '（', ',']).next().unwrap_or_default();
        (!word.is_empty()).then(|| Detail::Complexity(word.to_owned()))
    } else if is(&["agent", "assigned", "assignee", "owner"]) {
        let agent = bare.trim_start_matches('@').trim();
        (!agent.is_empty()).then(|| Detail::Agent(agent.to_owned()))
    } else if need_words::is_field(name, bare, &begins_with_letters) {
        Some(Detail::Needs(value.replace('`', "")))
    } else if is(&["file", "files", "path", "文件"]) {
        Some(Detail::Files(paths_in(line)))
    } else if is(&["verify", "verification", "validation"]) && !value.is_empty() {
        Some(Detail::Verify(checks(value)))
    } else if is(&[
        "acceptance",
        "acceptance criteria",
        "requirement",
        "done when",
    ]) && !value.is_empty()
    {
        Some(Detail::Acceptance(value.to_owned()))
    } else if is(&["expected command", "command"]) && bare.starts_with('/') {
        Some(Detail::Command(bare.to_owned()))
    } else {
        None
    }
}

/// Code and nothing else is commands, all other is words.
fn checks(value: &str) -> Vec<Check> {
    let parts = || value.split('`').enumerate();
    let outside = parts().filter(|(at, _)| at.is_multiple_of(2));
    let is_code = outside
        .flat_map(|(_, part)| part.chars())
        .all(|c| " ,;.、，".contains(c));
    let codes = parts().filter(|(at, code)| at % 2 == 1 && !code.trim().is_empty());
    match is_code && value.matches('`').count().is_multiple_of(2) {
        true => codes.map(|(_, code)| Check::shown(code)).collect(),
        false => vec![Check::Prose(value.to_owned())],
    }
}

/// Whether a text begins with an id that no version can be taken for.
fn begins_with_letters(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && begins_with_id(text)
}

/// The paths that a line names: code spans, and words that can be nothing else.
pub(super) fn paths_in(line: &Line) -> Vec<Span> {
    let spans = line
        .spans
        .iter()
        .filter(|span| scope::looks_like_path(&span.text));
    let mut paths: Vec<Span> = spans
        .filter(|span| is_relative(&span.text))
        .cloned()
        .collect();
    let mut outside = true;
    for part in line.text.split('`') {
        if outside && part.contains('.') {
            let words = part
                .split(is_around)
                .map(|word| word.trim_end_matches(['.', ':', '：', '。', '!', '?']));
            paths.extend(words.filter(|word| is_plain_path(word)).map(|word| Span {
                text: word.to_owned(),
                range: line.range.clone(),
            }));
        }
        outside = !outside;
    }
    paths
}

fn is_around(c: char) -> bool {
    let is_sign = matches!(
        c,
        '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';' | '"' | '\''
    );
    is_sign || matches!(c, '，' | '、' | '（' | '）') || c.is_whitespace()
}

/// What leaves the repository, or is a command or an address, is no file of it.
fn is_relative(path: &str) -> bool {
    scope::objection(&scope::glob_of(path)).is_none()
}

/// A word outside of code that is a path: it has an extension, and is not the name of a library such as `Next.js`.
fn is_plain_path(word: &str) -> bool {
    const NAMES: [&str; 8] = ["js", "io", "ai", "net", "com", "org", "dev", "app"];
    let name = word.rsplit('/').next().unwrap_or_default();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let is_file = !extension.is_empty()
        && extension.len() <= 5
        && extension
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && extension.chars().any(|c| c.is_ascii_lowercase());
    let is_sure = word.contains('/') || !stem.is_empty() && !NAMES.contains(&extension);
    is_file && is_sure && stem != "e.g" && scope::looks_like_path(word) && is_relative(word)
}
