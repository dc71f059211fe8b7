//! Boxes that are nearly what their author means: an id with a comma for its dot, several ids before one title, a
//! status that stands beside the title and not in the box. Each is told at its place.
//!
//! Knows what a line says, and neither its format nor what the plan has besides.

use std::collections::HashSet;
use std::ops::Range;

use super::{Checklist, Item, list, marks, words};
use crate::plan::markdown::{Block, Line, lines};
use crate::plan::text::{Text, is_same, line_end};
use crate::plan::{Fault, ImportedStatus, Task, need_words, suggest, tags};

/// What is told of boxes; of those that are tasks as well what is said of their status.
pub(in crate::plan) fn told<'i>(
    items: impl Iterator<Item = (&'i Item, bool)>,
    text: &Text<'_>,
) -> Vec<Fault> {
    let each = |(item, is_task): (&Item, bool)| {
        let status = is_task.then(|| status(item, text)).flatten();
        [identity(item, text), status]
    };
    items.flat_map(each).flatten().collect()
}

/// `T005-T007` or `2,2`: only the first, or none, is taken for an id.
fn identity(item: &Item, text: &Text<'_>) -> Option<Fault> {
    let (ids, message, help) = match &item.words.id {
        None => {
            let number = || {
                let help = "write it with a dot: `3. Add the page`".to_owned();
                Some((odd_number(&item.said)?, help))
            };
            let (ids, help) = id(&item.said).or_else(number)?;
            (ids, unread_id(ids), help)
        }
        Some(id) => {
            // It may stand behind tags.
            let start = match item.said.starts_with(id.as_str()) {
                true => 0,
                false => item.said.find(id.as_str()).unwrap_or_default(),
            };
            let ids = list::several_behind(&item.said[start..], id)?;
            let ids_only = ids.replace('`', "");
            let message =
                format!("`{ids_only}` names several tasks, and one box is one task: `{id}`");
            (ids, message, SEVERAL.to_owned())
        }
    };
    Some(text.warning(place(item, ids, text), message).help(help))
}

/// What is told of something that is nearly an id; ids may stand in backticks.
pub(in crate::plan) fn unread_id(ids: &str) -> String {
    format!("`{}` is not read as an id", ids.replace('`', ""))
}

/// What is nearly an id at the start of a line that has none, and what to do about it.
pub(in crate::plan) fn id(said: &str) -> Option<(&str, String)> {
    let several = list::several(said).map(|ids| (ids, SEVERAL.to_owned()));
    several.or_else(|| {
        let id = with_comma(said)?;
        let meant = id.replace(',', ".");
        Some((id, format!("write it with a dot: `{meant}`")))
    })
}

const SEVERAL: &str = "give each task a box of its own, with one id";

/// `(3)`, `#3`, `3 -` or `3．` before a title, or a `3` before one that begins with a capital.
fn odd_number(said: &str) -> Option<&str> {
    let said = said.trim_start();
    let opened = said.trim_start_matches(['(', '（', '#', '№']);
    let rest = opened.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_number = opened.starts_with(|c: char| c.is_ascii_digit()) && rest.len() < opened.len();
    let behind = rest.trim_start();
    let is_closed = opened.len() < said.len() && rest.starts_with([')', '）', ' ', ':']);
    let is_set_off = rest.starts_with(['．', '。'])
        || ["- ", "– ", "— "]
            .iter()
            .any(|dash| behind.starts_with(dash));
    let is_title = rest.starts_with(' ') && behind.starts_with(char::is_uppercase);
    let closing = rest
        .strip_prefix([')', '）'])
        .filter(|_| opened.len() < said.len());
    let end = said.len() - closing.unwrap_or(rest).len();
    (is_number && (is_closed || is_set_off || is_title)).then(|| &said[..end])
}

/// `2,2` where `2.2` is meant; thousands have three digits behind a comma.
fn with_comma(said: &str) -> Option<&str> {
    let said = said.trim_start_matches(['*', '`', '[', ' ']);
    let said = words::strip_task(said).unwrap_or(said);
    let end = said.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.')?;
    let (id, rest) = said.split_at(end);
    let id = id.trim_end_matches(['.', ',']);
    let is_part = |part: &str| (1..=2).contains(&part.len());
    let is_id = id.contains(',') && id.split([',', '.']).all(is_part);
    (is_id && rest.starts_with([' ', ':', ')', '*', ']', '`'])).then_some(id)
}

/// `[BLOCKED]` or `✅` beside the title of an open box, `NOT DONE` beside that of a ticked one, which say otherwise.
fn status(item: &Item, text: &Text<'_>) -> Option<Fault> {
    let title = Some(item.words.title.as_str()).filter(|title| tags::may_be_in(title));
    let says_done = || {
        let signed = item.words.is_ticked.then_some("✅");
        let tagged = || tags::without_tags(title?).1;
        signed.or_else(|| (tagged() == Some(ImportedStatus::Done)).then_some(""))
    };
    let imported = marks::imported(&item.mark.sign, &item.words).map(|imported| imported.status);
    if imported == Some(ImportedStatus::Done) {
        let denied = denied(title?)?;
        let message =
            format!("the box says that the task is done, and its title that it is not: `{denied}`");
        let fault = text.warning(place(item, denied, text), message);
        return Some(fault.help("the box counts: open it, `[ ]`, if the task is to be run"));
    }
    let mut before = item.words.tags.iter().map(String::as_str);
    let tag = before
        .find(|tag| tags::is_status(tag))
        .or_else(|| tags::status_beside(title?))
        .or_else(|| put_off(title?));
    let said = tag.or_else(says_done)?;
    if imported.is_some_and(|status| status != ImportedStatus::InProgress) {
        return None;
    }
    let is_done = |tag: &str| tags::tag_says(tag) == Some(Some(ImportedStatus::Done));
    if let Some(tag) = tag.filter(|tag| !is_done(tag)) {
        return Some(tags::unread(tag, place(item, tag, text), text));
    }
    let message = "the title says that it is done, and the box is open";
    let fault = text.warning(place(item, said, text), message);
    Some(fault.help("the box counts: tick it, `[x]`, if the task is done"))
}

/// What stands in brackets at the end of a title, or in capitals behind a dash, and says that it is not done.
fn denied(title: &str) -> Option<&str> {
    const WORDS: [&str; 12] = [
        "not done",
        "not complete",
        "not completed",
        "not finished",
        "not implemented",
        "incomplete",
        "unfinished",
        "partial",
        "partially done",
        "in progress",
        "wip",
        "todo",
    ];
    let is_one = |said: &&str| WORDS.iter().any(|word| is_same(said, word));
    let behind_dash = || {
        let (_, said) = title.rsplit_once([':', '-', '–', '—'])?;
        Some(said.trim()).filter(|said| *said == said.to_uppercase())
    };
    let bracketed = tags::bracketed(title).map(|(_, said)| said.trim());
    bracketed
        .filter(is_one)
        .or_else(|| behind_dash().filter(is_one))
}

/// `deferred to v2` in brackets at the end of a title.
fn put_off(title: &str) -> Option<&str> {
    const WORDS: [&str; 8] = [
        "deferred",
        "postponed",
        "skipped",
        "cancelled",
        "canceled",
        "dropped",
        "blocked",
        "on hold",
    ];
    const BEHIND: [&str; 9] = [
        "to", "until", "till", "for", "by", "on", "in", "because", "see",
    ];
    let (_, said) = tags::bracketed(title)?;
    let rest = WORDS
        .iter()
        .find_map(|word| need_words::strip(said, word))?;
    let next = rest.trim_start();
    let goes_on = BEHIND
        .iter()
        .any(|word| need_words::strip(next, word).is_some());
    (goes_on || next.starts_with([':', '-', '–', '—', ',', ';'])).then_some(said)
}

/// Headings that leave out what stands below them, as only titles do, with boxes of open tasks below: each is told once.
pub(in crate::plan) fn headings<'t>(
    checklist: &Checklist<'_>,
    tasks: impl Iterator<Item = (usize, &'t Task)>,
    text: &Text<'_>,
) -> Vec<Fault> {
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    for (item, task) in tasks.filter(|(_, task)| task.is_open()) {
        let section = &checklist.sections[checklist.items[item].section];
        let above = section.headings.iter();
        let new = above.filter(|heading| seen.insert(heading.range.start));
        let skipped = Some(ImportedStatus::Skipped);
        faults.extend(new.filter(|heading| tags::without_tags(&heading.title).1 == skipped).map(|heading| {
            let message = format!("the heading leaves out what is below it, and task `{}` is open: it is run", task.id);
            let fault = text.warning(heading.range.clone(), message);
            fault.help("put `(SKIPPED)` behind the titles of tasks that nobody is to do, or name the others with `--only`")
        }));
    }
    faults
}

/// What is nearly the name of a field that says what a task needs, in the lines below its box.
pub(in crate::plan) fn fields(own: &[Block], text: &Text<'_>) -> Vec<Fault> {
    let below = lines(own.get(1..).unwrap_or_default());
    below.filter_map(|line| field(line, text)).collect()
}

/// `Dependecies: 1.1`.
fn field(line: &Line, text: &Text<'_>) -> Option<Fault> {
    const NAMES: [&str; 4] = ["dependencies", "dependency", "depends on", "blocked by"];
    // Nearly all lines begin otherwise.
    let begins = |text: &str| text.starts_with(['D', 'd', 'B', 'b']);
    let (name, value) = match &line.lead {
        Some(lead) if begins(lead) => (lead.as_str(), line.text.as_str()),
        None if begins(&line.text) => line.text.split_once([':', '：'])?,
        _ => return None,
    };
    let is_id = |text: &str| {
        let text = text.trim_start();
        text.starts_with(|c: char| c.is_ascii_digit()) || words::lettered(text).is_some()
    };
    if !is_id(value) || need_words::is_field(name, value, &is_id) {
        return None;
    }
    let name = name.trim();
    suggest::is_misspelt(name, &NAMES).then(|| {
        let meant = suggest::did_you_mean(&name.to_lowercase(), NAMES);
        let message = format!("`{name}` is not read, so the task does not wait");
        let fault = text.warning(line.range.clone(), message);
        match meant {
            Some(meant) => fault.help(meant),
            None => fault,
        }
    })
}

/// Where these words stand on the line of a box, or the box itself.
fn place(item: &Item, words: &str, text: &Text<'_>) -> Range<usize> {
    let start = item.mark.range.end;
    let line = &text.text[start..line_end(text.text, start)];
    match line.find(words).filter(|_| !words.is_empty()) {
        Some(at) => start + at..start + at + words.len(),
        None => item.mark.range.clone(),
    }
}
