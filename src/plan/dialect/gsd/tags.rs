//! The tags in a plan: tasks and their parts. It looks like XML and is none: `<`, `&` and code stand in it as they are.
//!
//! One pass over the lines. Nothing inside a code fence, a code span or a comment is a tag, and within a part only
//! its own end is looked for, so that code may hold tags of its own.

use std::ops::Range;

use crate::plan::text::Text;
use crate::plan::{Fault, is_misspelt};

/// The parts of a task that are looked at.
const PARTS: [&str; 15] = [
    "name",
    "title",
    "files",
    "read_first",
    "action",
    "behavior",
    "implementation",
    "verify",
    "done",
    "acceptance_criteria",
    "what-built",
    "how-to-verify",
    "decision",
    "context",
    "options",
];

/// A tag longer than this is none.
const TAG_BYTES_MAX: usize = 2000;

/// `<task …>` to `</task>`.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The opening tag.
    pub(super) open: Range<usize>,
    /// All of it.
    pub(super) range: Range<usize>,
    pub(super) children: Vec<Element<'a>>,
    tag: &'a str,
    name: &'a str,
}

/// A part of a task.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    /// What stands between its tags.
    pub(super) inner: Range<usize>,
    text: &'a str,
}

impl<'a> Element<'a> {
    pub(super) fn text(&self) -> &'a str {
        self.text
    }
}

impl<'a> Item<'a> {
    pub(super) fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.children.iter().find(|child| child.name == name)
    }

    /// What such a value lists, with commas between.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let listed = self.attribute(name).unwrap_or_default().split(',');
        listed.map(str::trim).filter(|item| !item.is_empty())
    }

    /// The value of `name="value"` in the opening tag.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.tag;
        loop {
            let at = rest.find(name)?;
            let before = rest[..at].ends_with(char::is_whitespace);
            rest = &rest[at + name.len()..];
            let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
            if let Some(value) = value.filter(|_| before) {
                let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
                return value[1..].split(quote).next();
            }
        }
    }
}

/// A tag with a name that means something.
#[derive(Debug, Clone)]
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    range: Range<usize>,
    /// Whether only other tags stand before it on its line.
    leads: bool,
}

/// Whether `task` is meant. Beside it stand `<tags>`, `<tabs>` and `<table>`, and these are none.
fn is_nearly_task(name: &str) -> bool {
    const LETTERS: std::ops::RangeInclusive<usize> = 3..=6;
    LETTERS.contains(&name.len())
        && name.starts_with(['t', 'T'])
        && name.contains(['k', 'K'])
        && !matches!(name, "task" | "tasks")
        && is_misspelt(name, &["task"])
}

/// The tasks of a text from `start` on; the features of a plan that has none. What is never closed is a fault.
pub(super) fn items<'a>(text: &Text<'a>, start: usize, faults: &mut Vec<Fault>) -> Vec<Item<'a>> {
    let mut reader = Reader {
        text,
        item: None,
        part: None,
        items: Vec::new(),
        faults: Vec::new(),
    };
    let tags = Tags::new(text, start);
    for tag in &tags.found {
        reader.take(tag);
    }
    reader.abandon(text.text.len());
    match tags.unclosed_fence() {
        // What it swallows is not missing for any other reason.
        Some(fault) => faults.push(fault),
        None => faults.append(&mut reader.faults),
    }
    let has_tasks = reader.items.iter().any(|item| item.name == "task");
    let wanted = if has_tasks { "task" } else { "feature" };
    reader.items.retain(|item| item.name == wanted);
    reader.items
}

struct Reader<'t, 'a> {
    text: &'t Text<'a>,
    item: Option<Item<'a>>,
    part: Option<Tag<'a>>,
    items: Vec<Item<'a>>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'_, 'a> {
    fn take(&mut self, tag: &Tag<'a>) {
        let is_item = matches!(tag.name, "task" | "feature");
        let begins = is_item && !tag.closes && tag.leads;
        let ends_all = tag.closes && tag.name == "tasks";
        let Some(name) = self.item.as_ref().map(|item| item.name) else {
            if begins {
                self.begin(tag);
            } else if !tag.closes && is_nearly_task(tag.name) {
                self.passed_over(tag);
            }
            return;
        };
        if let Some(part) = &self.part
            && tag.closes
            && tag.name == part.name
        {
            self.end_part(tag.range.start);
        } else if tag.closes && tag.name == name {
            self.unclosed_part(tag.range.start);
            self.end(tag.range.end);
        } else if begins && tag.name == name || ends_all {
            self.abandon(tag.range.start);
            if begins {
                self.begin(tag);
            }
        } else if self.part.is_none() && !tag.closes && PARTS.contains(&tag.name) {
            self.part = Some(tag.clone());
        }
    }

    fn begin(&mut self, tag: &Tag<'a>) {
        self.item = Some(Item {
            open: tag.range.clone(),
            range: tag.range.clone(),
            children: Vec::new(),
            tag: &self.text.text[tag.range.clone()],
            name: tag.name,
        });
    }

    fn end_part(&mut self, at: usize) {
        if let (Some(part), Some(item)) = (self.part.take(), &mut self.item) {
            let inner = part.range.end..at;
            item.children.push(Element {
                name: part.name,
                text: &self.text.text[inner.clone()],
                inner,
            });
        }
    }

    fn unclosed_part(&mut self, at: usize) {
        if let Some(part) = self.part.clone() {
            self.never_closed(&part.range, part.name);
            self.end_part(at);
        }
    }

    fn end(&mut self, at: usize) {
        if let Some(mut item) = self.item.take() {
            item.range.end = at;
            self.items.push(item);
        }
    }

    /// What is open at this place stays so.
    fn abandon(&mut self, at: usize) {
        self.unclosed_part(at);
        if let Some(item) = &self.item {
            let (open, name) = (item.open.clone(), item.name);
            self.never_closed(&open, name);
            self.end(at);
        }
    }

    fn passed_over(&mut self, tag: &Tag<'_>) {
        let message = format!("`<{}>` is not read as a task", tag.name);
        let fault = self.text.warning(tag.range.clone(), message);
        self.faults.push(fault.help("did you mean `<task>`?"));
    }

    fn never_closed(&mut self, open: &Range<usize>, name: &str) {
        let fault = self
            .text
            .error(open.clone(), format!("`<{name}>` is never closed"));
        self.faults
            .push(fault.help(format!("close it with `</{name}>`")));
    }
}

/// Finds the tags, line by line.
struct Tags<'t, 'a> {
    text: &'a str,
    found: Vec<Tag<'a>>,
    /// The fence that is open: its sign, how many, and where.
    fence: Option<(char, usize, Range<usize>)>,
    in_comment: bool,
    /// Up to where a tag of several lines was read.
    read_to: usize,
    places: &'t Text<'a>,
}

impl<'t, 'a> Tags<'t, 'a> {
    fn new(places: &'t Text<'a>, start: usize) -> Self {
        let mut tags = Self {
            text: places.text,
            found: Vec::new(),
            fence: None,
            in_comment: false,
            read_to: start,
            places,
        };
        let mut at = start;
        for line in places.text[start..].split_inclusive('\n') {
            tags.line(line, at);
            at += line.len();
        }
        tags
    }

    fn unclosed_fence(&self) -> Option<Fault> {
        let (_, _, range) = self.fence.as_ref()?;
        let fault = self
            .places
            .error(range.clone(), "code fence is never closed");
        Some(fault.help(
            "all that follows it is read as code; close it with as many backticks as it opens with",
        ))
    }

    fn line(&mut self, line: &'a str, offset: usize) {
        let bare = line.trim_start();
        let sign = bare.chars().next().filter(|c| ['`', '~'].contains(c));
        let count = sign.map_or(0, |sign| bare.chars().take_while(|c| *c == sign).count());
        match (&self.fence, sign) {
            (Some((open, opened, _)), Some(sign)) if *open == sign && count >= *opened => {
                if bare[count..].trim().is_empty() {
                    self.fence = None;
                }
            }
            (Some(_), _) => {}
            (None, Some(sign))
                if count >= 3 && !self.in_comment && !bare[count..].contains('`') =>
            {
                let start = offset + line.len() - bare.len();
                self.fence = Some((sign, count, start..start + bare.trim_end().len()));
            }
            _ => self.words(line, offset),
        }
    }

    fn words(&mut self, line: &'a str, offset: usize) {
        let mut at = self.read_to.saturating_sub(offset).min(line.len());
        let mut leads = true;
        while let Some(next) = line[at..].find(['<', '`', '-']).map(|next| at + next) {
            let rest = &line[next..];
            if self.in_comment {
                at = match rest.strip_prefix("-->") {
                    Some(_) => {
                        self.in_comment = false;
                        next + 3
                    }
                    None => next + 1,
                };
                continue;
            }
            leads &= line[at..next].trim().is_empty();
            at = if rest.starts_with("<!--") {
                self.in_comment = true;
                next + 4
            } else if rest.starts_with('`') {
                leads = false;
                next + code_span(rest)
            } else if let Some(tag) = tag(self.text, offset + next, leads) {
                let end = tag.range.end;
                self.found.push(tag);
                self.read_to = end;
                (end - offset).min(line.len())
            } else {
                leads = false;
                next + 1
            };
        }
    }
}

/// How long the code span at the start of a line's rest is; just its backticks when nothing closes it.
fn code_span(rest: &str) -> usize {
    let count = rest.chars().take_while(|c| *c == '`').count();
    let mut at = count;
    while let Some(next) = rest[at..].find('`').map(|next| at + next) {
        let run = rest[next..].chars().take_while(|c| *c == '`').count();
        if run == count {
            return next + run;
        }
        at = next + run;
    }
    count
}

/// The tag at this place, if its name means something.
fn tag(text: &str, at: usize, leads: bool) -> Option<Tag<'_>> {
    let inside = text[at..].strip_prefix('<')?;
    let closes = inside.starts_with('/');
    let named = &inside[usize::from(closes)..];
    let end = named.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')?;
    let name = &named[..end];
    let is_known = matches!(name, "task" | "tasks" | "feature") || PARTS.contains(&name);
    let has_meaning = is_known || leads && is_nearly_task(name);
    if !has_meaning {
        return None;
    }
    let mut quote = None;
    for (place, c) in named[end..].char_indices().take(TAG_BYTES_MAX) {
        match (quote, c) {
            (None, '>') => {
                let start = text.len() - named.len() + end + place + 1;
                let is_whole = !named[end..end + place].ends_with('/');
                return is_whole.then_some(Tag {
                    name,
                    closes,
                    range: at..start,
                    leads,
                });
            }
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The commands of `<automated>` in a `<verify>`, and what it says besides.
pub(super) fn automated(
    verify: &Element<'_>,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> (Vec<String>, String) {
    const OPEN: &str = "<automated>";
    const CLOSE: &str = "</automated>";
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut rest = verify.text;
    while let Some(at) = rest.find(OPEN) {
        words.push(rest[..at].trim());
        let inside = &rest[at + OPEN.len()..];
        let Some(end) = inside.find(CLOSE) else {
            let start = verify.inner.end - rest.len() + at;
            let fault = text.error(start..start + OPEN.len(), "`<automated>` is never closed");
            faults.push(fault.help("close it with `</automated>`"));
            rest = "";
            break;
        };
        commands.push(command(&inside[..end]));
        rest = &inside[end + CLOSE.len()..];
    }
    words.push(rest.trim());
    words.retain(|part| !part.is_empty());
    (commands, words.join("\n"))
}

/// A command without the backticks around it and without the escapes that XML would ask for.
fn command(written: &str) -> String {
    let bare = written.trim();
    let inner = bare
        .strip_prefix('`')
        .and_then(|bare| bare.strip_suffix('`'));
    let bare = inner.filter(|inner| !inner.contains('`')).unwrap_or(bare);
    bare.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// The documents that `@path` lines name below the repository.
pub(super) fn references(text: &Text<'_>, start: usize) -> Vec<String> {
    let lines = text.text[start..].lines();
    let named = lines.filter_map(|line| line.trim().strip_prefix('@'));
    let paths = named.filter_map(|named| named.split_whitespace().next());
    let is_here = |path: &&str| {
        !path.starts_with(['/', '~', '$']) && !path.contains(['\\', ':', '(']) && path.contains('.')
    };
    paths.filter(is_here).map(str::to_owned).collect()
}
