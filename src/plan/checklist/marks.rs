//! What the sign in a box says, and the bytes that change when it is to say something else.

use std::ops::Range;

use super::Item;
use super::words::{Words, is_tick};
use crate::plan::text::Text;
use crate::plan::{Change, Edit, Fault, Imported, ImportedStatus, Progress, Status, TaskId};

/// What a sign says of a task; `None` where it says nothing that is known.
fn status(sign: &str) -> Option<Option<ImportedStatus>> {
    match sign {
        "" => Some(None),
        "x" | "X" => Some(Some(ImportedStatus::Done)),
        "-" | "~" | "/" => Some(Some(ImportedStatus::InProgress)),
        _ if sign.starts_with(is_tick) => Some(Some(ImportedStatus::Done)),
        _ => None,
    }
}

/// Whether a box is ticked.
pub(in crate::plan) fn is_done(sign: &str) -> bool {
    status(sign).flatten() == Some(ImportedStatus::Done)
}

/// What a box says was done before, or its words that nobody is to do.
pub(in crate::plan) fn imported(sign: &str, words: &Words) -> Option<Imported> {
    let left_out = words.is_left_out().then_some(ImportedStatus::Skipped);
    let status = status(sign).flatten().or(left_out)?;
    Some(Imported {
        status,
        commit: None,
    })
}

/// A warning for each sign that nobody knows, not for each box.
pub(in crate::plan) fn unknown_signs<'i>(
    items: impl Iterator<Item = &'i Item>,
    text: &Text<'_>,
) -> Vec<Fault> {
    let mut faults: Vec<(&str, Range<usize>, usize)> = Vec::new();
    for item in items.filter(|item| status(&item.mark.sign).is_none()) {
        let sign = item.mark.sign.as_str();
        match faults.iter_mut().find(|(known, ..)| *known == sign) {
            Some((.., count)) => *count += 1,
            None => faults.push((sign, item.mark.range.clone(), 1)),
        }
    }
    let fault = |(sign, range, count): (&str, Range<usize>, usize)| {
        let others = match count {
            1 => String::new(),
            count => format!(", nor in {} more", count - 1),
        };
        text.warning(
            range,
            format!("the mark `[{sign}]` is not known{others}: read as not done"),
        )
        .help("`[ ]` is open and `[x]` is done")
    };
    faults.into_iter().map(fault).collect()
}

/// A box whose sign may be replaced.
#[derive(Debug)]
pub(in crate::plan) struct Tick<'d> {
    pub(in crate::plan) sign: &'d str,
    pub(in crate::plan) range: Range<usize>,
    /// The tasks whose state it tells, one or all of a group, and whether their own boxes are ticked.
    pub(in crate::plan) tasks: Vec<(TaskId, bool)>,
}

/// What stands in an open box. Others are made so as well, so that a plan without its marks is the same before a run
/// has marked it and after.
const OPEN: &str = " ";

/// How far several tasks are together.
fn sum(statuses: &[Status]) -> Status {
    let all = |status: Status| statuses.iter().all(|each| *each == status);
    let is_begun = |status: &Status| matches!(status, Status::Done | Status::InProgress);
    match statuses {
        [one] => *one,
        _ if all(Status::Done) => Status::Done,
        _ if all(Status::Skipped) => Status::Skipped,
        _ if statuses.iter().any(is_begun) => Status::InProgress,
        _ => Status::Pending,
    }
}

/// The signs of one file that are no longer true, replaced.
pub(in crate::plan) fn written(
    text: &Text<'_>,
    ticks: &[Tick<'_>],
    progress: &Progress,
    in_progress: Option<&str>,
) -> Vec<Change> {
    let capitals = ticks.iter().filter(|tick| tick.sign == "X").count();
    let smalls = ticks.iter().filter(|tick| tick.sign == "x").count();
    let done = if capitals > smalls { "X" } else { "x" };
    let of = progress.marks();
    let mut edits = Vec::new();
    for tick in ticks {
        if !tick
            .tasks
            .iter()
            .any(|(id, _)| of.contains_key(id.as_str()))
        {
            continue;
        }
        // What was done before a run, or is left out of it, is none of its progress.
        let status_of = |(id, is_ticked): &(TaskId, bool)| match (of.get(id.as_str()), is_ticked) {
            (Some(status), _) => *status,
            (None, true) => Status::Done,
            (None, false) => Status::Skipped,
        };
        let statuses: Vec<Status> = tick.tasks.iter().map(status_of).collect();
        let said = status(tick.sign).flatten();
        let new = match sum(&statuses) {
            Status::Skipped => continue,
            Status::Done if said == Some(ImportedStatus::Done) => continue,
            Status::Done => done,
            Status::InProgress if said == Some(ImportedStatus::InProgress) => continue,
            Status::InProgress => in_progress.unwrap_or(OPEN),
            _ => OPEN,
        };
        if text.text[tick.range.clone()] != *new {
            edits.push(Edit {
                range: tick.range.clone(),
                text: new.to_owned(),
            });
        }
    }
    if edits.is_empty() {
        return Vec::new();
    }
    vec![Change::Edit {
        path: text.path.to_path_buf(),
        edits,
    }]
}
