//! The user stories that tasks are marked with, held against `spec.md` beside the plan.

use std::collections::BTreeSet;

use crate::plan::Fault;
use crate::plan::checklist::Item;
use crate::plan::source;
use crate::plan::text::Text;

const FILE: &str = "spec.md";

/// Marks of stories that the spec does not tell, and stories that no task is marked with; each told once.
pub(super) fn faults<'c>(items: impl Iterator<Item = &'c Item>, text: &Text<'_>) -> Vec<Fault> {
    let Ok(spec) = source::read(&text.path.with_file_name(FILE)) else {
        return Vec::new();
    };
    let told = told(&Text::new(&text.path.with_file_name(FILE), &spec));
    let marked: Vec<(u32, &Item)> = items
        .filter_map(|item| Some((item.words.tags.iter().find_map(|tag| number(tag))?, item)))
        .collect();
    if told.is_empty() || marked.is_empty() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let unknown: BTreeSet<u32> = marked.iter().map(|(story, _)| *story).collect();
    let unknown: BTreeSet<u32> = unknown.difference(&told).copied().collect();
    if let Some((_, item)) = marked.iter().find(|(story, _)| unknown.contains(story)) {
        let message = match unknown.len() {
            1 => format!("{} is no user story of `{FILE}`", named(&unknown)),
            _ => format!("{} are no user stories of `{FILE}`", named(&unknown)),
        };
        let help = "tell it there, or mark the task with the story that it belongs to";
        faults.push(text.warning(item.at..item.at, message).help(help));
    }
    let served: BTreeSet<u32> = marked.iter().map(|(story, _)| *story).collect();
    let unserved: BTreeSet<u32> = told.difference(&served).copied().collect();
    if !unserved.is_empty() {
        let message = format!("no task is marked with {} of `{FILE}`", named(&unserved));
        let fault = text.warning(text.start()..text.start(), message);
        faults.push(fault.help("add tasks for it, or mark those that there are, such as `[US1]`"));
    }
    faults
}

fn named(stories: &BTreeSet<u32>) -> String {
    let names: Vec<String> = stories.iter().map(|story| format!("`US{story}`")).collect();
    names.join(", ")
}

/// The number of `US1`.
fn number(tag: &str) -> Option<u32> {
    let rest = tag.strip_prefix("US").or(tag.strip_prefix("us"))?;
    rest.parse().ok()
}

/// The stories that have a heading: `User Story 1 - Sign in (Priority: P1)`.
fn told(text: &Text<'_>) -> BTreeSet<u32> {
    let document = text.document();
    let headings = document.headings();
    let number = |title: &str| {
        let lower = title.to_lowercase();
        let (_, rest) = lower.split_once("user story ")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    headings
        .filter_map(|(_, heading)| number(&heading.title))
        .collect()
}
