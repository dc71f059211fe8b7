//! Saying in a project's files how far its specs are.
//!
//! Boxes and status words are replaced where they stand. `execution.json` belongs to the format and is written whole,
//! with what it says of other specs as it was; tasks without a box of their own are remembered there.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::PathBuf;

use super::catalog::Catalog;
use super::execution::{self, Standing};
use super::join::{self, Spec};
use super::plain;
use super::tasks::Draft;
use super::tree;
use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Change, Edit, ImportedStatus, Progress, Status, TaskProgress, is_named};

/// What the files become; see the module.
pub(super) fn write(sources: &[Source], progress: &Progress) -> Vec<Change> {
    let catalog = Catalog::read(sources);
    let mut told = Vec::new();
    let specs = join::specs(sources, &catalog, &mut told);
    let of: HashMap<&str, &TaskProgress> = progress
        .tasks
        .iter()
        .map(|task| (task.id.as_str(), task))
        .collect();
    let several = specs.len() > 1;
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut standings = Vec::new();
    for spec in &specs {
        let tasks: Vec<(&Draft, Option<&TaskProgress>)> = spec
            .drafts
            .tasks
            .iter()
            .map(|draft| {
                (
                    draft,
                    of.get(join::id_in_plan(spec, &draft.id, several).as_str())
                        .copied(),
                )
            })
            .collect();
        edits
            .entry(spec.text.path.to_path_buf())
            .or_default()
            .extend(boxes(spec, &tasks));
        let plain = plain::beside(spec.text.path, sources);
        let (also, open) = plain
            .map(|plain| plain::marked(plain, &tasks))
            .unwrap_or_default();
        if let Some(plain) = plain {
            edits.entry(plain.path.clone()).or_default().extend(also);
        }
        let standing = Standing::of(spec, &tasks, open, progress);
        if let Some((source, edit)) = in_catalog(&standing, &catalog, sources) {
            edits.entry(source.path.clone()).or_default().push(edit);
        }
        let older = format!("{}.json", spec.identity.id);
        if let Some(source) = sources.iter().find(|source| is_named(&source.path, &older)) {
            let own = execution::older(source, &standing, &tasks, progress);
            edits.entry(source.path.clone()).or_default().extend(own);
        }
        standings.push(standing);
    }
    let edits = edits.into_iter().filter(|(_, edits)| !edits.is_empty());
    let mut changes: Vec<Change> = edits
        .map(|(path, mut edits)| {
            edits.sort_by_key(|edit| edit.range.start);
            Change::Edit { path, edits }
        })
        .collect();
    changes.extend(whole(sources, &standings, progress));
    changes
}

/// What becomes of the boxes of a spec.
fn boxes(spec: &Spec<'_>, tasks: &[(&Draft, Option<&TaskProgress>)]) -> Vec<Edit> {
    let has_mark = spec.drafts.has_progress_mark;
    let known = tasks
        .iter()
        .filter_map(|(draft, progress)| Some((*draft, (*progress)?)));
    known
        .filter_map(|(draft, progress)| box_edit(&spec.text, draft, progress, has_mark))
        .collect()
}

/// What becomes of a task's box. One that says already what is so stays as it is; work under way has a mark only where
/// the text knows one.
pub(super) fn box_edit(
    text: &Text<'_>,
    draft: &Draft,
    progress: &TaskProgress,
    has_mark: bool,
) -> Option<Edit> {
    let mark = draft.mark.as_ref().filter(|_| !progress.is_untouched)?;
    let sign = match progress.status {
        Status::Done if draft.status == Some(ImportedStatus::Done) => return None,
        Status::Done => "x",
        Status::InProgress if has_mark => "~",
        _ => " ",
    };
    (text.text[mark.range.clone()] != *sign).then(|| edit(mark.range.clone(), sign))
}

/// The status of a spec where the catalog has one.
fn in_catalog<'s>(
    standing: &Standing,
    catalog: &Catalog,
    sources: &'s [Source],
) -> Option<(&'s Source, Edit)> {
    let entry = catalog.of(&standing.id)?;
    let status = entry.status.as_ref()?;
    let word = standing.word_for_catalog();
    (status.word != word).then(|| {
        (
            &sources[entry.source],
            edit(status.range.clone(), &format!("\"{word}\"")),
        )
    })
}

/// The record of all runs, where the specs lie in a project. One that has not the shape of ours is somebody's: we can
/// only say what we would have written.
fn whole(sources: &[Source], standings: &[Standing], progress: &Progress) -> Option<Change> {
    let existing = sources
        .iter()
        .find(|source| is_named(&source.path, "execution.json"));
    let path = match existing {
        Some(source) => source.path.clone(),
        None => tree::in_project(&sources[0].path, tree::EXECUTION)?,
    };
    let before = existing.map(Source::text);
    let node = before.as_ref().and_then(|text| Node::parse(text).ok());
    let node = node.filter(execution::is_record);
    let new = execution::whole(node, standings, progress);
    match (before, node) {
        (Some(text), Some(_)) => (!execution::is_same(text.text, &new)).then(|| Change::Edit {
            path,
            edits: vec![edit(0..text.text.len(), &new)],
        }),
        _ => Some(Change::Write { path, text: new }),
    }
}

pub(super) fn edit(range: Range<usize>, text: &str) -> Edit {
    Edit {
        range,
        text: text.to_owned(),
    }
}
