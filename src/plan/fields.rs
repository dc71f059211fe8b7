//! What the Markdown dialects have in common: verification fields, script blocks, lists of files.
//!
//! Knows no task: it turns fields into checks, scripts and globs, with faults where they make no sense.

use super::markdown::{Block, Fence, Field, Span, fences, fields};
use super::text::Text;
use super::{Check, Fault, scope};

/// The checks that a `Verify` field asks for: code and nothing else is code, all other is words.
pub(super) fn checks(field: &Field<'_>) -> Vec<Check> {
    let words = field.lines.iter().any(|line| line.words);
    if words {
        return vec![Check::Prose(prose(field))];
    }
    let spans = field.lines.iter().flat_map(|line| &line.spans);
    spans
        .map(|span| span.text.as_str())
        .chain(field.fences.iter().map(|fence| fence.text.trim_end()))
        .filter(|code| !code.trim().is_empty())
        .map(|code| Check::Code(code.to_owned()))
        .collect()
}

fn prose(field: &Field<'_>) -> String {
    let lines = field.lines.iter().map(|line| line.text.as_str());
    let scripts = field.fences.iter().map(|fence| fence.text.trim_end());
    let parts: Vec<&str> = lines
        .chain(scripts)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n")
}

/// The `sh` blocks of a section that are not how it is verified, in order, as one script.
pub(super) fn script(section: &[Block]) -> Option<String> {
    let verify = fields(section, "Verify");
    let is_check = |fence: &Fence| {
        verify
            .iter()
            .flat_map(|field| &field.fences)
            .any(|check| check.range == fence.range)
    };
    let scripts: Vec<&str> = fences(section)
        .filter(|fence| {
            matches!(fence.language.as_str(), "sh" | "bash" | "shell") && !is_check(fence)
        })
        .map(|fence| fence.text.as_str())
        .filter(|script| !script.trim().is_empty())
        .collect();
    (!scripts.is_empty()).then(|| scripts.concat())
}

/// The paths of a `Files` field: its code spans, or without any its words between commas.
pub(super) fn paths(field: &Field<'_>) -> Vec<Span> {
    let spans: Vec<Span> = field
        .lines
        .iter()
        .flat_map(|line| line.spans.clone())
        .collect();
    if !spans.is_empty() {
        return spans;
    }
    let mut paths = Vec::new();
    for line in &field.lines {
        for part in line.text.split([',', '，', '、', ';']) {
            let part = part
                .split([' ', '(', '（'])
                .find(|word| !word.is_empty())
                .unwrap_or_default();
            if scope::looks_like_path(part) {
                paths.push(Span {
                    text: part.to_owned(),
                    range: line.range.clone(),
                });
            }
        }
    }
    paths
}

/// Paths as globs; what leaves the repository is a fault at its place.
pub(super) fn globs(paths: &[Span], text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut globs = Vec::new();
    for path in paths {
        let glob = scope::glob_of(&path.text);
        match scope::objection(&glob) {
            Some(objection) => {
                faults.push(text.error(path.range.clone(), format!("`{}` {objection}", path.text)));
            }
            None if !globs.contains(&glob) => globs.push(glob),
            None => {}
        }
    }
    globs
}
