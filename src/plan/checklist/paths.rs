//! The files that a task's own text names: code spans that look like paths, and paths among its words.

use std::collections::HashSet;
use std::ops::Range;

use crate::plan::markdown::{Block, Span, lines};
use crate::plan::scope;
use crate::plan::text::Text;

/// Those within these bytes, as globs, each once.
pub(super) fn named(own: &[Block], text: &Text<'_>, within: Range<usize>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut globs = Vec::new();
    let mut take = |path: &str| {
        let glob = scope::glob_of(path).into_owned();
        // A route such as `/users` looks like a path, too: what no task could change is none.
        if scope::objection(&glob).is_none() && seen.insert(glob.clone()) {
            globs.push(glob);
        }
    };
    for line in lines(own) {
        let mut rest = line.range.start.max(within.start);
        let end = line.range.end.min(within.end);
        let is_within =
            |span: &&Span| within.start <= span.range.start && span.range.end <= within.end;
        for span in line.spans.iter().filter(is_within) {
            for word in bare(&text.text[rest.min(span.range.start)..span.range.start]) {
                take(word);
            }
            rest = span.range.end;
            if is_file(&span.text) {
                take(&span.text);
            }
        }
        for word in bare(&text.text[rest.min(end)..end]) {
            take(word);
        }
    }
    globs
}

/// The words outside of code spans that can only be meant as paths.
fn bare(text: &str) -> impl Iterator<Item = &str> {
    let is_around = |c: char| {
        let is_sign = matches!(
            c,
            '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\'' | '`' | '*' | '<' | '>'
        ) || matches!(
            c,
            '（' | '）' | '，' | '；' | '：' | '、' | '。' | '「' | '」'
        );
        is_sign || c.is_whitespace()
    };
    // Most text names none, which is seen at once.
    let text = if text.contains('/') { text } else { "" };
    text.split(is_around)
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.contains('/') && word.is_ascii() && is_file(word))
}

/// A path whose last part is a file's name, or that ends like a directory.
fn is_file(path: &str) -> bool {
    if !scope::looks_like_path(path) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match path.contains('/') {
        true => name.is_empty() || name.contains(['.', '*']) || scope::looks_like_path(name),
        false => !is_member(name) && !DESIGN.contains(&name),
    }
}

/// Documents that tasks are made from, and speak of without changing them.
const DESIGN: [&str; 9] = [
    "spec.md",
    "plan.md",
    "tasks.md",
    "research.md",
    "data-model.md",
    "quickstart.md",
    "requirements.md",
    "design.md",
    "proposal.md",
];

/// `console.log` and the like: code, though what follows the dot could be a file's ending.
fn is_member(name: &str) -> bool {
    const OBJECTS: [&str; 12] = [
        "console", "process", "window", "document", "req", "res", "this", "self", "module", "os",
        "fs", "app",
    ];
    name.split_once('.')
        .is_some_and(|(object, _)| OBJECTS.contains(&object))
}
