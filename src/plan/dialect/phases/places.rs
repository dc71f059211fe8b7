//! Where the entries of checkpoints stand in their YAML, and the edits that change one of them and nothing around it.
//!
//! Looks at lines and indentation only: what is written in another way than one field a line it replaces as a whole
//! or does not find. It does not know what the YAML means; whoever asks reads the result and compares.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::checkpoint::{entry, field, fields, ordered, value_of};
use super::prose::Key;
use super::state;
use crate::plan::Edit;

/// What an entry shall say.
pub(super) struct Wanted {
    pub(super) key: Key,
    /// How it is called where there is none yet.
    pub(super) name: String,
    /// What it says, if that is fields.
    pub(super) old: Option<Map<String, Value>>,
    pub(super) new: Map<String, Value>,
}

/// A name with a value behind or below it.
struct Entry<'y> {
    name: &'y str,
    column: usize,
    /// Its first line, with what ends it.
    line: Range<usize>,
    /// Behind its colon.
    value: usize,
    /// Behind the last line that says something of it.
    end: usize,
}

/// The entries of a map, or of the maps in a list.
struct Listing<'y> {
    entries: Vec<Entry<'y>>,
    is_list: bool,
    indent: usize,
}

/// The edits of `yaml`, relative to it, after which its entries say what is wanted; none where that cannot be said.
pub(super) fn edits(yaml: &str, wanted: &[&Wanted]) -> Option<Vec<Edit>> {
    let listing = listing(yaml, 0..yaml.len())?;
    // Of two entries of one phase the later one counts.
    let keyed = listing.entries.iter();
    let by_key: HashMap<Key, &Entry<'_>> = keyed
        .filter_map(|entry| Some((state::key(entry.name)?, entry)))
        .collect();
    let mut edits = Vec::new();
    let mut added = String::new();
    for wanted in wanted {
        match by_key.get(&wanted.key) {
            Some(entry) => edits.extend(entry.edits(yaml, wanted)),
            None => {
                let entry = entry(&wanted.name, &wanted.new, !listing.is_list);
                let indent = " ".repeat(listing.indent);
                added.extend(entry.lines().map(|line| format!("{indent}{line}\n")));
            }
        }
    }
    if !added.is_empty() {
        let said = yaml.trim_end().len();
        let behind = yaml[said..].find('\n').filter(|_| said > 0);
        edits.push(match behind {
            _ if said == 0 => insertion(yaml, 0, added),
            Some(behind) => insertion(yaml, said + behind + 1, added),
            None => insertion(yaml, said, added),
        });
    }
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    Some(edits)
}

/// Whole lines that come to stand at the beginning of a line, or below a last one that nothing ends.
fn insertion(yaml: &str, at: usize, lines: String) -> Edit {
    let is_open = at > 0 && !yaml[..at].ends_with('\n');
    Edit {
        range: at..at,
        text: match is_open {
            true => format!("\n{}", lines.trim_end()),
            false => lines,
        },
    }
}

/// The entries among the lines of a range; nothing for what is no block of them.
fn listing(yaml: &str, range: Range<usize>) -> Option<Listing<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut outer: Option<(usize, bool)> = None;
    // Where the names of the present map begin; unknown behind a bare dash.
    let mut column = None;
    let mut is_open = false;
    let mut at = range.start;
    for line in yaml[range].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_item = bare == "-" || bare.starts_with("- ");
        let (base, is_list) = *outer.get_or_insert((indent, is_item));
        if indent < base || bare.starts_with(['{', '[', '%', '&', '!']) && indent == base {
            return None;
        }
        if is_list && is_item && indent == base {
            let inner = line[indent + 1..].trim_start_matches(' ');
            column = (bare != "-").then(|| line.len() - inner.len());
            is_open = false;
        } else if column.is_none() {
            column = Some(indent);
        }
        let begins = match column {
            Some(column) if is_list && is_item && indent == base => Some(column),
            Some(column) if indent == column && !is_item => Some(column),
            _ => None,
        };
        let named = begins.and_then(|column| Some((column, named(&line[column..])?)));
        if let Some((column, (name, behind))) = named {
            is_open = true;
            entries.push(Entry {
                name,
                column,
                line: start..at,
                value: start + column + behind,
                end: at,
            });
        } else if let Some(last) = entries.last_mut().filter(|_| is_open) {
            last.end = at;
        }
    }
    let (indent, is_list) = outer.unwrap_or((0, true));
    Some(Listing {
        entries,
        is_list,
        indent,
    })
}

/// The name that a text begins with, without its quotes, and how far its colon reaches.
fn named(text: &str) -> Option<(&str, usize)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let end = 1 + text[1..].find(quote)?;
        let rest = &text[end + 1..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        return rest[spaces..]
            .starts_with(':')
            .then(|| (&text[1..end], end + 2 + spaces));
    }
    let is_end =
        |at: &usize| text[at + 1..].is_empty() || text[at + 1..].starts_with([' ', '\n', '\r']);
    let end = text.match_indices(':').map(|(at, _)| at).find(is_end)?;
    let name = text[..end].trim();
    (!name.is_empty()).then_some((name, end + 1))
}

impl Entry<'_> {
    /// Where its value ends, before what ends its last line.
    fn said(&self, yaml: &str) -> usize {
        self.line.start + yaml[self.line.start..self.end].trim_end().len()
    }

    /// What people noted at its value.
    fn comments<'y>(&self, yaml: &'y str) -> Vec<&'y str> {
        let value = &yaml[self.value..self.end];
        // A text that runs over lines holds signs of all kinds, but none is a comment.
        let count = match value.trim_start_matches(' ').starts_with(['|', '>']) {
            true => 1,
            false => usize::MAX,
        };
        value.lines().take(count).filter_map(comment).collect()
    }

    fn edits(&self, yaml: &str, wanted: &Wanted) -> Vec<Edit> {
        let beside = yaml[self.value..self.line.end].trim();
        let below = listing(yaml, self.line.end..self.end);
        let below = below.filter(|_| beside.is_empty() || beside.starts_with('#'));
        if let (Some(below), Some(old)) = (below, &wanted.old) {
            let is_field = |field: &Entry<'_>| old.contains_key(field.name);
            let is_whole = below.entries.len() == old.len();
            if is_whole && !below.is_list && below.entries.iter().all(is_field) {
                return self.field_edits(yaml, &below, old, &wanted.new);
            }
        }
        // On a line of its own the sign of a comment may begin a heading of Markdown.
        let comments = self.comments(yaml).into_iter();
        let mut text: String = comments.map(|comment| format!(" {comment}")).collect();
        text.push('\n');
        text.push_str(&fields(&wanted.new, &" ".repeat(self.column + 2)));
        vec![Edit {
            range: self.value..self.said(yaml).max(self.value),
            text: text.trim_end().to_owned(),
        }]
    }

    /// Only the fields that say something else.
    fn field_edits(
        &self,
        yaml: &str,
        below: &Listing<'_>,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Vec<Edit> {
        let indent = " ".repeat(below.indent);
        let mut edits = Vec::new();
        let mut at = self.line.end;
        for there in &below.entries {
            if there.name == "status" {
                at = there.end;
            }
            match new.get(there.name) {
                None => edits.push(there.removal(yaml, &indent)),
                Some(value) if Some(value) == old.get(there.name) => {}
                Some(value) => edits.push(there.replacement(yaml, value)),
            }
        }
        let added: String = ordered(new)
            .filter(|(name, _)| !old.contains_key(*name))
            .map(|(name, value)| format!("{indent}{}\n", field(name, value)))
            .collect();
        if !added.is_empty() {
            edits.push(insertion(yaml, at, added));
        }
        edits
    }

    /// Takes a field out, but what people noted at it stays below.
    fn removal(&self, yaml: &str, indent: &str) -> Edit {
        let comments = self.comments(yaml).into_iter();
        Edit {
            range: self.line.start..self.end,
            text: comments
                .map(|comment| format!("{indent}{comment}\n"))
                .collect(),
        }
    }

    fn replacement(&self, yaml: &str, value: &Value) -> Edit {
        let comments = self.comments(yaml).into_iter();
        let comments: String = comments.map(|comment| format!(" {comment}")).collect();
        Edit {
            range: self.value..self.said(yaml).max(self.value),
            text: format!(" {}{comments}", value_of(value)),
        }
    }
}

/// The comment in a line, from its sign on.
fn comment(line: &str) -> Option<&str> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open && before != '\\' => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return Some(line[at..].trim_end()),
            // Within a word it is an apostrophe.
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | ',' | '[' | '{' | ':') => {
                quote = Some(c);
            }
            None => {}
        }
        before = if before == '\\' { ' ' } else { c };
    }
    None
}

/// Where each name that a colon follows stands first.
pub(super) fn names(yaml: &str) -> HashMap<&str, usize> {
    let mut names = HashMap::new();
    let mut start = 0;
    for (at, sign) in yaml.match_indices([':', ',', '{', '[', '\n']) {
        let text = &yaml[start..at];
        start = at + sign.len();
        if sign == ":" {
            let name = text.trim_start_matches([' ', '-', '"', '\'', '\t', '\r']);
            let place = at - name.len();
            let name = name.trim_end_matches([' ', '"', '\'']);
            names.entry(name).or_insert(place);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{comment, names};

    #[test]
    fn a_comment_is_told_from_signs_in_values() {
        for (line, expected) in [
            ("status: failed # Ann", Some("# Ann")),
            ("    # Ann", Some("# Ann")),
            ("- a.rs  # it's mine", Some("# it's mine")),
            ("a#b", None),
            ("\"a # b\"", None),
            ("\"a \\\" # b\" # c", Some("# c")),
            ("Ann's # note", Some("# note")),
            ("{a: 'x # y', b: 1} # z", Some("# z")),
        ] {
            assert_eq!(comment(line), expected, "{line}");
        }
    }

    #[test]
    fn names_are_found_where_they_stand() {
        let yaml = "- phase_10: {}\n- phase_1:\n    a: b\n{ \"phase 2\": 1}";
        let names = names(yaml);
        for (name, before) in [
            ("phase_10", "- "),
            ("phase_1", "{}\n- "),
            ("phase 2", "{ \""),
        ] {
            let at = names[name];
            assert!(
                yaml[at..].starts_with(name) && yaml[..at].ends_with(before),
                "{name}"
            );
        }
    }
}
