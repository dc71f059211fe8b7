//! The files that a task's own text names: code spans that look like paths, and paths among its words.

use std::collections::HashSet;
use std::ops::Range;

use super::forbidding;
use crate::plan::markdown::{Block, Span, lines};
use crate::plan::outside::{self, Outside};
use crate::plan::scope;
use crate::plan::text::{Text, char_start};

/// Those within these bytes, as globs, each once; and those that lie outside of the repository.
pub(super) fn named(
    own: &[Block],
    text: &Text<'_>,
    within: Range<usize>,
    outside: &mut Outside,
) -> Vec<String> {
    let mut globs = Vec::new();
    // `from` is where the line begins that it stands on.
    let mut take = |path: &str, at: usize, from: usize| {
        if outside::is_meant(path) {
            outside.count(path, at..at + path.len(), text);
            return;
        }
        if !is_file(path) || forbidding::forbids(&text.text[from..at]) {
            return;
        }
        let glob = scope::glob_of(path).into_owned();
        // A route such as `/users` looks like a path, too: what no task could change is none.
        if scope::objection(&glob).is_none() {
            globs.push(glob);
        }
    };
    for line in lines(own) {
        let from = line.range.start.max(within.start);
        let mut rest = from;
        let end = line.range.end.min(within.end);
        let is_within =
            |span: &&Span| within.start <= span.range.start && span.range.end <= within.end;
        for span in line.spans.iter().filter(is_within) {
            let start = rest.min(span.range.start);
            for (at, word) in bare(&text.text[start..span.range.start]) {
                take(word, start + at, from);
            }
            rest = span.range.end;
            take(&span.text, span.range.start, from.min(span.range.start));
        }
        let start = rest.min(end);
        for (at, word) in bare(&text.text[start..end]) {
            take(word, start + at, from);
        }
    }
    if globs.len() > 1 {
        let mut seen = HashSet::new();
        globs.retain(|glob| seen.insert(glob.clone()));
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
    let has_address = text.contains("://");
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
        .filter(move |(at, _)| !(has_address && is_in_address(&text[..*at])))
}

/// Whether what follows goes on with an address, such as that of a page.
fn is_in_address(before: &str) -> bool {
    const LOOKED_AT: usize = 200;
    let near = char_start(before, before.len().saturating_sub(LOOKED_AT));
    let before = &before[near..];
    let start = before.rfind(char::is_whitespace).unwrap_or_default();
    before[start..].contains("://")
}

/// A path whose last part is a file's name, or that ends like a directory.
fn is_file(path: &str) -> bool {
    if !scope::looks_like_path(path) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match path.contains('/') {
        true => name.is_empty() || name.contains(['.', '*']) || scope::looks_like_path(name),
        false => is_known(name) && !is_member(name) && !DESIGN.contains(&name),
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

/// What the names of files end with. Without a directory before it, a name with another ending is code: `episode.title`.
const ENDINGS: [&str; 131] = [
    "rs", "toml", "md", "mdx", "txt", "rst", "adoc", "json", "jsonc", "json5", "jsonl", "yaml",
    "yml", "xml", "html", "htm", "css", "scss", "sass", "less", "js", "jsx", "mjs", "cjs", "ts",
    "tsx", "mts", "cts", "vue", "astro", "py", "pyi", "ipynb", "rb", "erb", "go", "java", "kt",
    "kts", "scala", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "mm", "cs", "fs", "fsx", "vb",
    "swift", "dart", "php", "lua", "pl", "pm", "jl", "ex", "exs", "erl", "hrl", "hs", "ml", "mli",
    "elm", "clj", "cljs", "edn", "nim", "zig", "sol", "sh", "bash", "zsh", "fish", "ps1", "bat",
    "cmd", "sql", "proto", "gql", "tf", "hcl", "ini", "cfg", "conf", "csv", "tsv", "png", "jpg",
    "jpeg", "gif", "svg", "webp", "ico", "pdf", "wav", "mp3", "mp4", "ogg", "woff", "woff2", "ttf",
    "otf", "tpl", "tmpl", "hbs", "ejs", "pug", "j2", "snap", "diff", "patch", "sln", "xaml",
    "plist", "arb", "po", "pot", "db", "dll", "exe", "dylib", "so", "wasm", "metal", "glsl",
    "wgsl", "hlsl",
];

/// Files known by their names, whatever these end with.
const NAMES: [&str; 16] = [
    ".env",
    ".npmrc",
    ".nvmrc",
    "go.mod",
    "go.sum",
    "go.work",
    "Cargo.lock",
    "yarn.lock",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "pubspec.lock",
    "composer.lock",
    "flake.lock",
    "firestore.rules",
    "storage.rules",
];

/// Whether a name without a directory is that of a file by its ending, or as a whole.
fn is_known(name: &str) -> bool {
    // `a.rs:10-20` names lines of it.
    let glob = scope::glob_of(name);
    let Some((stem, ending)) = glob.rsplit_once('.') else {
        return true;
    };
    let is_file = !stem.is_empty() && ENDINGS.contains(&ending);
    is_file || NAMES.contains(&&*glob) || glob.starts_with(".env.")
}

/// `console.log` and the like: code, though what follows the dot could be a file's ending.
fn is_member(name: &str) -> bool {
    const OBJECTS: [&str; 16] = [
        "console", "process", "window", "document", "req", "res", "this", "self", "module", "os",
        "fs", "app", "Math", "logger", "ctx", "response",
    ];
    name.split_once('.')
        .is_some_and(|(object, _)| OBJECTS.contains(&object))
}
