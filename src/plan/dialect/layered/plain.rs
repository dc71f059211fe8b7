//! The plain `tasks.md` beside a layered list: the same tasks once more, told apart by their ids, by their titles where
//! they have none, and ticked along.
//!
//! The layered list is the plan. What the plain one says otherwise is told, and no spec is completed while a box of
//! it is open.

use std::collections::HashMap;
use std::path::Path;

use super::join::Spec;
use super::spec;
use super::tasks::{self, Draft};
use super::write::box_edit;
use crate::plan::source::Source;
use crate::plan::{Edit, Fault, ImportedStatus, TaskProgress, is_named};

/// Whether a text is a plain list beside a layered one among these.
pub(super) fn is_plain(source: &Source, sources: &[Source]) -> bool {
    let is_layered_beside = |other: &Source| {
        spec::is_layered(&other.path) && other.path.parent() == source.path.parent()
    };
    is_named(&source.path, "tasks.md") && sources.iter().any(is_layered_beside)
}

/// The plain list beside this one.
pub(super) fn beside<'s>(list: &Path, sources: &'s [Source]) -> Option<&'s Source> {
    let mut sources = sources.iter();
    sources.find(|source| {
        spec::is_layered(list)
            && is_named(&source.path, "tasks.md")
            && source.path.parent() == list.parent()
    })
}

/// What a plain list says that its layered one does not: tasks of its own, and other marks.
pub(super) fn differences(source: &Source, spec: &Spec<'_>) -> Vec<Fault> {
    let text = source.text();
    let listed: Vec<&Draft> = spec.drafts.tasks.iter().collect();
    let mut alone = Vec::new();
    let mut renamed = Vec::new();
    let mut marked = Vec::new();
    let plain = drafts(source);
    for (draft, same) in plain.iter().zip(same(&plain, &listed)) {
        let Some(task) = same.map(|at| listed[at]) else {
            alone.push(draft);
            continue;
        };
        if key(&task.title) != key(&draft.title) {
            renamed.push(draft);
        }
        if is_done(task) != is_done(draft) {
            marked.push(draft);
        }
    }
    let layered = spec
        .text
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let told = |drafts: &[&Draft], message: String, help: &str| {
        let first = drafts.first()?;
        Some(text.warning(first.at..first.at, message).help(help))
    };
    let counted = |drafts: &[&Draft]| match drafts.len() {
        1 => format!("task `{}` is", drafts[0].title),
        count => format!("{count} tasks here are"),
    };
    let alone = told(
        &alone,
        format!("{} not in `{layered}`, which is the plan", counted(&alone)),
        "put it into a layer, or move the layered list away",
    );
    let renamed = told(
        &renamed,
        format!(
            "{} called otherwise than in `{layered}`, where it has the same id",
            counted(&renamed)
        ),
        "give it an id of its own if it is another task",
    );
    let marked = told(
        &marked,
        format!(
            "{} marked otherwise than in `{layered}`, which counts",
            counted(&marked)
        ),
        "tick the same tasks in both",
    );
    alone.into_iter().chain(renamed).chain(marked).collect()
}

/// What becomes of the boxes of a plain list, and how many of them are open and no task's.
pub(super) fn marked(
    source: &Source,
    tasks: &[(&Draft, Option<&TaskProgress>)],
) -> (Vec<Edit>, usize) {
    let listed: Vec<&Draft> = tasks.iter().map(|(draft, _)| *draft).collect();
    let text = source.text();
    let mut edits = Vec::new();
    let mut open = 0;
    let plain = drafts(source);
    for (draft, same) in plain.iter().zip(same(&plain, &listed)) {
        match same.map(|at| tasks[at].1) {
            Some(Some(progress)) => edits.extend(box_edit(&text, draft, progress, false)),
            Some(None) => {}
            None => open += usize::from(!is_done(draft)),
        }
    }
    (edits, open)
}

fn drafts(source: &Source) -> Vec<Draft> {
    let text = source.text();
    let document = text.document();
    tasks::drafts(&text, document, &mut Vec::new()).tasks
}

/// Which of the listed tasks each task of the plain list is, by place: the one of its id, or one of its title that no
/// other has the id of.
fn same(plain: &[Draft], listed: &[&Draft]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, draft) in listed.iter().enumerate() {
        if draft.has_id {
            by_id.entry(draft.id.to_lowercase()).or_insert(at);
        }
        by_title.entry(key(&draft.title)).or_default().push(at);
    }
    let of_id = |draft: &Draft| by_id.get(&draft.id.to_lowercase()).copied();
    let mut found: Vec<Option<usize>> = plain
        .iter()
        .map(|draft| of_id(draft).filter(|_| draft.has_id))
        .collect();
    let mut is_taken = vec![false; listed.len()];
    found.iter().flatten().for_each(|at| is_taken[*at] = true);
    for (draft, found) in plain.iter().zip(&mut found) {
        let titled = by_title.get_mut(&key(&draft.title));
        let (None, Some(titled)) = (*found, titled) else {
            continue;
        };
        // The last is left: a list without ids may say a task twice.
        while titled.len() > 1 && is_taken[titled[0]] {
            titled.remove(0);
        }
        *found = (!is_taken[titled[0]] || !draft.has_id).then_some(titled[0]);
        is_taken[titled[0]] = true;
    }
    found
}

/// A title as both lists may spell it.
fn key(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

fn is_done(draft: &Draft) -> bool {
    draft.status == Some(ImportedStatus::Done)
}
