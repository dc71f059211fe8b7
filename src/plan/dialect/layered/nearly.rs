//! What the boxes of a task list nearly say, told at its place; and the ids of those that have none, which give way to
//! ids that are written.
//!
//! Knows single lines, and of the whole only which ids there are.

use std::collections::{HashMap, HashSet};

use super::item::Item;
use super::tasks::Draft;
use crate::plan::checklist::nearly;
use crate::plan::markdown::Mark;
use crate::plan::text::Text;
use crate::plan::{Fault, ImportedStatus, tags};

/// A status that stands beside the title of an open box.
pub(super) fn status(
    item: &Item,
    mark: &Mark,
    status: Option<ImportedStatus>,
    text: &Text<'_>,
) -> Option<Fault> {
    if status.is_some_and(|status| status != ImportedStatus::InProgress) {
        return None;
    }
    let place = mark.range.clone();
    let tag = item.status();
    let is_done = |tag: &str| tags::tag_says(tag) == Some(Some(ImportedStatus::Done));
    let said = match tag {
        _ if item.signed => "a sign",
        Some(tag) if is_done(tag) => "a tag",
        tag => return Some(tags::unread(tag?, place, text)),
    };
    let message = match said {
        "a sign" => format!(
            "the box of `{}` is open, and a sign behind it says done",
            item.title
        ),
        _ => format!(
            "the box of `{}` is open, and a word beside it says done",
            item.title
        ),
    };
    let help = "the box counts: tick it if the task is done";
    Some(text.warning(place, message).help(help))
}

/// What stands before the title of a box without an id, and is nearly one.
pub(super) fn id(words: &str, mark: Option<&Mark>, text: &Text<'_>) -> Option<Fault> {
    let (ids, help) = nearly::id(words)?;
    let start = mark?.range.end;
    let rest = text.text[start..].lines().next().unwrap_or_default();
    let at = start + rest.find(ids)?;
    let message = nearly::unread_id(ids);
    Some(text.warning(at..at + ids.len(), message).help(help))
}

/// Has the tasks that are called by their places give way to those that are called so by their authors: each gets the
/// next number of its section that is free. All others keep theirs.
pub(super) fn give_way(tasks: &mut [Draft]) {
    let written = tasks.iter().filter(|task| task.has_id);
    let written: HashSet<String> = written.map(|task| task.id.to_lowercase()).collect();
    if written.is_empty() || written.len() == tasks.len() {
        return;
    }
    let mut taken: HashSet<String> = tasks.iter().map(|task| task.id.to_lowercase()).collect();
    let mut last: HashMap<String, usize> = HashMap::new();
    for task in tasks.iter_mut().filter(|task| !task.has_id) {
        let place = task.id.rsplit_once('.');
        let (true, Some((section, _))) = (written.contains(&task.id), place) else {
            continue;
        };
        let next = last.entry(section.to_owned()).or_default();
        let free = loop {
            *next += 1;
            let id = format!("{section}.{next}");
            if taken.insert(id.clone()) {
                break id;
            }
        };
        task.id = free;
    }
}
