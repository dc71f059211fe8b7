//! Boxes that are nearly what their author means: an id with a comma for its dot, several ids before one title, a
//! status that stands beside the title and not in the box. Each is told at its place.
//!
//! Knows what a line says, and neither its format nor what the plan has besides.

use std::ops::Range;

use super::{Item, list, marks, words};
use crate::plan::markdown::Line;
use crate::plan::text::{Text, line_end};
use crate::plan::{Fault, ImportedStatus, need_words, suggest, tags};

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
            let (ids, help) = id(&item.said)?;
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

/// `[BLOCKED]` or `✅` beside the title of an open box, which says otherwise.
fn status(item: &Item, text: &Text<'_>) -> Option<Fault> {
    let title = Some(item.words.title.as_str()).filter(|title| tags::may_be_in(title));
    let says_done = || {
        let signed = item.words.is_ticked.then_some("✅");
        let tagged = || tags::without_tags(title?).1;
        signed.or_else(|| (tagged() == Some(ImportedStatus::Done)).then_some(""))
    };
    let mut before = item.words.tags.iter().map(String::as_str);
    let tag = before
        .find(|tag| tags::is_status(tag))
        .or_else(|| tags::status_beside(title?));
    let said = tag.or_else(says_done)?;
    let imported = marks::imported(&item.mark.sign, &item.words).map(|imported| imported.status);
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

/// `Dependecies: 1.1` below a box: what is nearly the name of a field that says what the task needs.
pub(super) fn field(line: &Line, text: &Text<'_>) -> Option<Fault> {
    const NAMES: [&str; 4] = ["dependencies", "dependency", "depends on", "blocked by"];
    let (name, value) = match &line.lead {
        Some(lead) => (lead.as_str(), line.text.as_str()),
        None => line.text.split_once([':', '：'])?,
    };
    let is_id = |text: &str| {
        let text = text.trim_start();
        text.starts_with(|c: char| c.is_ascii_digit()) || words::lettered(text).is_some()
    };
    let may_be_one = name.starts_with(['D', 'd', 'B', 'b']) && is_id(value);
    if !may_be_one || need_words::is_field(name, value, &is_id) {
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
