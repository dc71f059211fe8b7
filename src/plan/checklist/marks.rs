//! What the sign in a box says, and the bytes that change when it is to say something else.

use std::collections::HashMap;
use std::ops::Range;

use super::Item;
use super::words::is_tick;
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

/// What a box says was done before.
pub(in crate::plan) fn imported(sign: &str) -> Option<Imported> {
    let status = status(sign).flatten()?;
    Some(Imported {
        status,
        commit: None,
    })
}

/// A warning for each sign that nobody knows, not for each box.
pub(in crate::plan) fn unknown_signs<'i>(
    items: impl Iterator<Item = &'i Item<'i>>,
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
    /// The tasks whose state it tells: one, or all of a group.
    pub(in crate::plan) tasks: Vec<TaskId>,
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
    let of: HashMap<&TaskId, Status> = progress
        .tasks
        .iter()
        .map(|task| (&task.id, task.status))
        .collect();
    let mut edits = Vec::new();
    for tick in ticks {
        let known: Option<Vec<Status>> = tick.tasks.iter().map(|id| of.get(id).copied()).collect();
        let Some(statuses) = known.filter(|statuses| !statuses.is_empty()) else {
            continue;
        };
        let said = status(tick.sign).flatten();
        let is_begun = statuses
            .iter()
            .any(|status| matches!(status, Status::Done | Status::InProgress));
        if said == Some(ImportedStatus::InProgress)
            && is_begun
            && !statuses.iter().all(|status| *status == Status::Done)
        {
            continue;
        }
        let new = if statuses.iter().all(|status| *status == Status::Done) {
            (said != Some(ImportedStatus::Done)).then_some(done)
        } else if let Some(sign) = in_progress.filter(|_| is_begun) {
            (said != Some(ImportedStatus::InProgress)).then_some(sign)
        } else {
            said.is_some().then_some(" ")
        };
        edits.extend(new.map(|sign| Edit {
            range: tick.range.clone(),
            text: sign.to_owned(),
        }));
    }
    if edits.is_empty() {
        return Vec::new();
    }
    vec![Change::Edit {
        path: text.path.to_path_buf(),
        edits,
    }]
}
