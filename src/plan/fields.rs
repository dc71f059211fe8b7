//! What the Markdown dialects have in common: bold fields, and what they say of checks, scripts and files.
//!
//! Knows no task: it turns fields into checks, scripts and globs, with faults where they make no sense.

use std::collections::HashSet;

use super::markdown::{Block, Fence, Line, Span, fences};
use super::text::Text;
use super::{Check, Fault, scope};

/// A bold field of a section with all that belongs to its value.
#[derive(Debug)]
pub(super) struct Field<'d> {
    /// The line that names it.
    pub(super) first: &'d Line,
    pub(super) below: Vec<&'d Line>,
    pub(super) fences: Vec<&'d Fence>,
}

impl<'d> Field<'d> {
    /// All of its lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'d Line> + Clone {
        std::iter::once(self.first).chain(self.below.iter().copied())
    }
}

/// Every field of that name in a section, ignoring case.
pub(super) fn fields<'d>(section: &'d [Block], name: &str) -> impl Iterator<Item = Field<'d>> {
    fields_that(section, |line| is_named(line, name))
}

/// Every field of a section whose line says so.
pub(super) fn fields_that<'d>(
    section: &'d [Block],
    is_one: impl Fn(&Line) -> bool,
) -> impl Iterator<Item = Field<'d>> {
    lines(section)
        .filter(move |(_, line)| is_one(line))
        .map(|(at, line)| value(line, &section[at + 1..]))
}

/// Whether a section has a field of that name, ignoring case.
pub(super) fn has(section: &[Block], name: &str) -> bool {
    lines(section).any(|(_, line)| is_named(line, name))
}

fn is_named(line: &Line, name: &str) -> bool {
    let lead = line.lead.as_deref();
    lead.is_some_and(|lead| lead.eq_ignore_ascii_case(name))
}

/// The lines of a section, and where they stand.
fn lines(section: &[Block]) -> impl Iterator<Item = (usize, &Line)> {
    let blocks = section.iter().enumerate();
    blocks.filter_map(|(at, block)| match block {
        Block::Line(line) => Some((at, line)),
        _ => None,
    })
}

/// What belongs to a field: its own paragraph, a list or fence that it introduces, and if nothing stands
/// on its line, all that follows up to the next field.
pub(super) fn value<'d>(first: &'d Line, rest: &'d [Block]) -> Field<'d> {
    let mut below: Vec<&Line> = Vec::new();
    let mut fences = Vec::new();
    let mut says_nothing = !first.words && first.spans.is_empty();
    let mut has_words = first.words;
    // Whether the last words end in a colon, so that what comes next is what they speak of.
    let mut introduces = first.words && first.text.ends_with(':');
    for block in rest {
        let last = below.last().copied().unwrap_or(first);
        match block {
            Block::Line(line) if line.lead.is_some() && line.indent <= first.indent => break,
            Block::Line(line) => {
                let same_paragraph = last.paragraph == line.paragraph;
                let goes_on = last.depth > first.depth || introduces || !line.apart;
                // A field right below a list counts as part of its last item, beside which its own list stands.
                let is_below = line.depth > first.depth || line.indent > first.indent;
                let list = is_below && goes_on;
                if !(same_paragraph || list || says_nothing && fences.is_empty()) {
                    break;
                }
                says_nothing &= !line.words && line.spans.is_empty();
                has_words |= line.words;
                if line.words {
                    introduces = line.text.ends_with(':');
                }
                below.push(line);
            }
            Block::Fence(fence) => {
                if !(says_nothing || has_words && (introduces || !fence.apart)) {
                    break;
                }
                fences.push(fence);
            }
            Block::Heading(_) | Block::Rule | Block::Table(_) => break,
        }
    }
    Field {
        first,
        below,
        fences,
    }
}

/// The checks that a `Verify` field asks for: code and nothing else is code, all other is words. Of a field in parts,
/// one of which is code alone, that holds for each: what somebody says beside a command is no reason not to run it.
pub(super) fn checks(field: &Field<'_>) -> Vec<Check> {
    let parts = parts(field);
    let stands_alone = |part: &Part<'_>| !part.has_words();
    match parts.iter().any(stands_alone) {
        true => parts.iter().flat_map(Part::checks).collect(),
        false => {
            let whole = Part {
                lines: field.lines().collect(),
                fences: field.fences.clone(),
            };
            whole.checks()
        }
    }
}

/// What of a field belongs together: a paragraph, an item, words with the list or the fence that they speak of.
#[derive(Default)]
struct Part<'d> {
    lines: Vec<&'d Line>,
    fences: Vec<&'d Fence>,
}

/// The parts of a field. What stands below code alone is a part of its own, as nothing there speaks of it.
fn parts<'d>(field: &Field<'d>) -> Vec<Part<'d>> {
    let mut parts: Vec<Part<'d>> = Vec::new();
    let mut fences = field.fences.iter().copied().peekable();
    for line in field.lines() {
        while let Some(fence) = fences.next_if(|fence| fence.range.start < line.range.start) {
            add_fence(&mut parts, fence);
        }
        let says_nothing = !line.words && line.spans.is_empty();
        match parts.last_mut() {
            Some(part) if part.goes_on_with(line) => part.lines.push(line),
            _ if says_nothing => {}
            _ => parts.push(Part {
                lines: vec![line],
                fences: Vec::new(),
            }),
        }
    }
    fences.for_each(|fence| add_fence(&mut parts, fence));
    parts
}

fn add_fence<'d>(parts: &mut Vec<Part<'d>>, fence: &'d Fence) {
    match parts.last_mut().filter(|part| part.has_words()) {
        Some(part) => part.fences.push(fence),
        None => parts.push(Part {
            lines: Vec::new(),
            fences: vec![fence],
        }),
    }
}

impl Part<'_> {
    fn has_words(&self) -> bool {
        self.lines.iter().any(|line| line.words)
    }

    fn goes_on_with(&self, line: &Line) -> bool {
        let (Some(head), Some(last)) = (self.lines.first(), self.lines.last()) else {
            return false;
        };
        last.paragraph == line.paragraph || self.has_words() && line.depth > head.depth
    }

    /// What it asks for.
    fn checks(&self) -> Vec<Check> {
        if self.has_words() {
            return vec![Check::Prose(prose(&self.lines, &self.fences))];
        }
        let spans = self.lines.iter().flat_map(|line| &line.spans);
        spans
            .map(|span| span.text.as_str())
            .chain(self.fences.iter().map(|fence| fence.text.trim_end()))
            .filter(|code| !code.trim().is_empty())
            .map(Check::shown)
            .collect()
    }
}

fn prose(lines: &[&Line], fences: &[&Fence]) -> String {
    let lines = lines.iter().map(|line| line.text.as_str());
    let scripts = fences.iter().map(|fence| fence.text.trim_end());
    let parts: Vec<&str> = lines
        .chain(scripts)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n")
}

/// The `sh` blocks of a section that are not how it is verified, in order, as one script.
pub(super) fn script(section: &[Block]) -> Option<String> {
    let is_shell = |fence: &&Fence| matches!(fence.language.as_str(), "sh" | "bash" | "shell");
    let mut blocks = fences(section).filter(is_shell).peekable();
    blocks.peek()?;
    let checks = fields(section, "Verify").flat_map(|field| field.fences);
    let checks: HashSet<usize> = checks.map(|fence| fence.range.start).collect();
    let scripts: Vec<&str> = blocks
        .filter(|fence| !checks.contains(&fence.range.start))
        .map(|fence| fence.text.as_str())
        .filter(|script| !script.trim().is_empty())
        .collect();
    (!scripts.is_empty()).then(|| scripts.concat())
}

/// The paths of a `Files` field: its code spans, or without any its fenced lines and words between commas; and besides
/// these the bare paths that are items of a list, whatever their neighbours are written like.
pub(super) fn paths(field: &Field<'_>) -> Vec<Span> {
    let spans = field.lines().flat_map(|line| &line.spans);
    let mut paths: Vec<Span> = spans.cloned().collect();
    if paths.is_empty() {
        paths = unquoted(field);
    }
    let known: HashSet<String> = paths.iter().map(|path| path.text.clone()).collect();
    for line in field.lines() {
        let shown = without_asides(&line.text);
        for item in items_of(&shown).filter(|item| !known.contains(*item)) {
            paths.push(Span {
                text: item.to_owned(),
                range: line.range.clone(),
            });
        }
    }
    paths
}

/// The paths of a field without code spans.
fn unquoted(field: &Field<'_>) -> Vec<Span> {
    let listed = field.fences.iter().flat_map(|fence| {
        let first_words = fence
            .text
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        first_words.map(|word| Span {
            text: word.to_owned(),
            range: fence.range.clone(),
        })
    });
    let mut paths: Vec<Span> = listed.collect();
    for line in field.lines() {
        for part in line.text.split(SEPARATORS) {
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

/// What stands between the paths of a list.
const SEPARATORS: [char; 4] = [',', '，', '、', ';'];

/// A line without what stands in parentheses; a code span is a comma.
fn without_asides(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut depth, mut is_code) = (0_usize, false);
    for c in text.chars() {
        match c {
            '`' => {
                is_code = !is_code;
                shown.push(',');
            }
            _ if is_code => {}
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ => shown.push(c),
        }
    }
    shown
}

/// The files that a line lists: each is all that stands between two commas, or an `and`, but for a remark after a dash.
fn items_of(line: &str) -> impl Iterator<Item = &str> {
    let ends_item = |word: &str| matches!(word, "and" | "And" | "&" | "+" | "plus" | "和" | "und");
    let is_dash = |word: &&str| matches!(*word, "-" | "–" | "—" | "->" | "→");
    line.split(SEPARATORS).flat_map(move |part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        let items = words.split(|word| ends_item(word));
        let files = items.filter_map(|words| {
            let end = words.iter().position(is_dash);
            match words[..end.unwrap_or(words.len())] {
                [only] => Some(only.trim_end_matches('.')).filter(|only| is_file(only)),
                _ => None,
            }
        });
        files.collect::<Vec<_>>()
    })
}

/// Whether a bare word can only be a file or a directory; `read/write` may be words.
fn is_file(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let is_plain_name = name.len() == word.len();
    let is_meant = is_plain_name || name.is_empty() || name.contains(['.', '*']);
    is_meant && scope::looks_like_path(word)
}

/// Paths as globs; what leaves the repository is a fault at its place.
pub(super) fn globs(paths: &[Span], text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let sound = paths.iter().filter_map(|path| {
        let glob = scope::glob_of(&path.text);
        let Some(objection) = scope::objection(&glob) else {
            return Some(glob.into_owned());
        };
        faults.push(text.error(path.range.clone(), format!("`{}` {objection}", path.text)));
        None
    });
    without_repeats(sound.collect())
}

/// Each of them once, in the order in which they came.
pub(super) fn without_repeats(globs: Vec<String>) -> Vec<String> {
    // As most tasks name one file or two, this is not worth a table.
    if let [] | [_] = &globs[..] {
        return globs;
    }
    let mut seen = HashSet::with_capacity(globs.len());
    let is_first: Vec<bool> = globs
        .iter()
        .map(|glob| seen.insert(glob.as_str()))
        .collect();
    let globs = globs.into_iter().zip(is_first);
    globs
        .filter(|(_, is_first)| *is_first)
        .map(|(glob, _)| glob)
        .collect()
}

/// A command of the author's machine as one of this: a directory of the repository there, told by its name `top`, is
/// the same directory here. None when it names any other place that only that machine has.
pub(super) fn on_this_machine(command: &str, top: Option<&str>) -> Option<String> {
    // Most name no directory at all.
    if !command.contains(['/', '\\']) {
        return Some(command.to_owned());
    }
    let is_home = |word: &str| {
        let is_drive = word
            .get(1..3)
            .is_some_and(|drive| drive == ":\\" || drive == ":/");
        is_drive && word.starts_with(|c: char| c.is_ascii_alphabetic())
            || ["/Users/", "/home/", "~/", "/c/", "/d/"]
                .iter()
                .any(|home| word.starts_with(home))
    };
    let is_end = |c: char| c.is_whitespace() || "=\"'();&|<>".contains(c);
    let mut here = String::with_capacity(command.len());
    for part in command.split_inclusive(is_end) {
        let word = part.trim_end_matches(is_end);
        if is_home(word) {
            here.push_str(below(word, top?)?);
            here.push_str(&part[word.len()..]);
        } else {
            here.push_str(part);
        }
    }
    Some(here)
}

/// What of a path lies below the directory with this name; `.` for the directory itself.
fn below<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let mut at = 0;
    for part in path.split_inclusive(['/', '\\']) {
        at += part.len();
        if part.trim_end_matches(['/', '\\']) == name {
            let rest = &path[at..];
            return Some(if rest.is_empty() { "." } else { rest });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{items_of, on_this_machine, without_asides};

    #[test]
    fn bare_paths_beside_code_are_read_and_none_is_made_up_from_prose() {
        let listed = |text: &str| -> Vec<String> {
            let shown = without_asides(text);
            items_of(&shown).map(str::to_owned).collect()
        };
        assert_eq!(listed("`a.rs`, src/shared.rs"), ["src/shared.rs"]);
        assert_eq!(listed("y.rs"), ["y.rs"]);
        assert_eq!(listed("src/e.rs and src/f.rs"), ["src/e.rs", "src/f.rs"]);
        assert_eq!(listed("`a.rs`, src/b.rs (new) — ours."), ["src/b.rs"]);
        for prose in [
            "`a.rs`, read/write",
            "`a.rs` (like b.rs, c.rs, d.rs)",
            "`login()` in src/auth.rs",
            "`a.rs` and whatever src/x.rs needs",
            "`a.rs`, `b.rs` etc.",
        ] {
            assert!(listed(prose).is_empty(), "{prose}: {:?}", listed(prose));
        }
    }

    #[test]
    fn a_command_of_another_machine_is_taken_to_this_one_or_not_at_all() {
        let here = |command: &str| on_this_machine(command, Some("app"));
        for (there, expected) in [
            ("npm test", Some("npm test")),
            (
                "cd /Users/ann/src/app && npm test",
                Some("cd . && npm test"),
            ),
            (
                "cd /home/ann/app/web/ui && npm test",
                Some("cd web/ui && npm test"),
            ),
            ("ls C:\\work\\app\\src; true", Some("ls src; true")),
            ("cd /Users/ann/src/other && npm test", None),
            ("X=~/x npm test", None),
            ("python /tmp/x.py", Some("python /tmp/x.py")),
        ] {
            assert_eq!(here(there).as_deref(), expected, "{there}");
        }
        assert_eq!(on_this_machine("cd /Users/ann/app && make", None), None);
    }
}
