//! The files that a task's own text names: code spans that look like paths, and paths among its words.

use std::collections::HashSet;
use std::ops::Range;

use crate::plan::markdown::{Block, Span, lines};
use crate::plan::outside::{self, Outside};
use crate::plan::scope;
use crate::plan::text::Text;

/// Those within these bytes, as globs, each once; and those that lie outside of the repository.
pub(super) fn named(
    own: &[Block],
    text: &Text<'_>,
    within: Range<usize>,
    outside: &mut Outside,
) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut globs = Vec::new();
    let mut take = |path: &str, at: usize| {
        if outside::is_meant(path) {
            outside.count(path, at..at + path.len(), text);
            return;
        }
        if !is_file(path) {
            return;
        }
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
            let start = rest.min(span.range.start);
            for (at, word) in bare(&text.text[start..span.range.start]) {
                take(word, start + at);
            }
            rest = span.range.end;
            take(&span.text, span.range.start);
        }
        let start = rest.min(end);
        for (at, word) in bare(&text.text[start..end]) {
            take(word, start + at);
        }
    }
    globs
}

/// The words outside of code spans that may be meant as paths, and where each stands. Where a link leads is told from
/// the file that it stands in, and is nothing that a task changes.
fn bare(text: &str) -> impl Iterator<Item = (usize, &str)> {
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
    let mut at = 0;
    let words = text.split_inclusive(is_around).map(move |piece| {
        let start = at;
        at += piece.len();
        (start, piece.trim_end_matches(is_around))
    });
    words
        .map(|(at, word)| (at, word.trim_end_matches('.')))
        .filter(|(_, word)| word.contains('/') && word.is_ascii())
        .filter(|(at, word)| !(text[..*at].ends_with("](") && word.starts_with("..")))
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
