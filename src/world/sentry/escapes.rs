//! Evidence that an attempt worked where it should not have: in its user's checkout, or on their refs.

use std::time::SystemTime;

use super::Sentry;
use crate::export::Ledger;
use crate::git::Repo;
use crate::plan::Task;
use crate::report::clean::visible;
use crate::report::live::Teller;
use crate::run::evidence::ClaimStatus;
use crate::run::names::listed;
use crate::run::state::{AttemptState, Phase, State};
use crate::verify::scope;

/// How many files are named.
const NAMED: usize = 5;

/// The commits that attempts made or claim which ended and were not judged.
pub(super) fn commits(state: &State) -> Vec<&str> {
    let last = ended(state).filter_map(|task| state.at(task).last());
    last.flat_map(|last| {
        let claimed = last.claim.as_ref().and_then(|claim| claim.commit.as_ref());
        let is_whole = |commit: &&String| commit.len() >= 40;
        last.tip
            .iter()
            .chain(claimed.filter(is_whole))
            .map(String::as_str)
    })
    .collect()
}

/// The reason with who was at work.
pub(super) fn blamed(state: &State, reason: &str) -> String {
    let tasks = state.attempting().chain(ended(state));
    let who: Vec<String> = tasks
        .map(|task| {
            let id = &state.graph().tasks()[task].id;
            format!("attempt {} of {id}", state.at(task).attempts)
        })
        .collect();
    match who.as_slice() {
        [] => reason.to_owned(),
        who => format!("{reason} (at work: {})", who.join(", ")),
    }
}

fn ended(state: &State) -> impl Iterator<Item = usize> + '_ {
    state
        .active()
        .filter(|&task| matches!(state.at(task).phase, Phase::Ended(_)))
}

impl Sentry {
    /// What attempts that have just ended wrote into the user's checkout, as far as there is evidence; what may as
    /// well be the user's own work is told.
    pub(super) fn escaped(&mut self, repo: &Repo, state: &State, tell: &Teller) -> Vec<String> {
        let mut found = Vec::new();
        for index in ended(state) {
            let task = &state.graph().tasks()[index];
            let Some(last) = state.at(index).last() else {
                continue;
            };
            if !self.ended.insert((task.id.clone(), last.number)) {
                continue;
            }
            // Of an attempt that an earlier driver began nobody knows when.
            let Some(&since) = self.begun.get(&task.id) else {
                continue;
            };
            let (escaped, mut others) = written(repo, task, last, since);
            // What says in the plan's own files how far the run is, is written by us.
            if let Some(ledger) = Ledger::of(repo, &state.run.id).filter(|_| !others.is_empty()) {
                others.retain(|path| !ledger.wrote(path));
            }
            if !escaped.is_empty() {
                let files = quoted(&escaped);
                found.push(format!("{files} of your checkout has what attempt {} of {} should have left in its worktree", last.number, task.id));
            }
            if !others.is_empty() && self.told.insert(format!("{others:?}")) {
                let files = quoted(&others);
                let line = format!(
                    "note: while attempt {} of {} ran, your checkout changed: {files}; if that was not you, `git diff` shows how",
                    last.number, task.id
                );
                tell(&visible(&line));
            }
        }
        found
    }
}

/// The files of the checkout that were written since `since`: those of which there is evidence that the attempt did
/// it, and the others.
fn written(
    repo: &Repo,
    task: &Task,
    last: &AttemptState,
    since: SystemTime,
) -> (Vec<String>, Vec<String>) {
    let mut touched = repo.touched_since(since);
    let declared = [&task.files[..], &task.creates, &task.modifies].concat();
    let plain = declared.iter().map(|path| path.trim_start_matches("./"));
    let late = plain.filter(|path| repo.was_written_since(path, since));
    touched.extend(late.map(str::to_owned));
    touched.sort();
    touched.dedup();
    let left = last.left().and_then(|left| repo.oid(left).ok());
    let is_empty_claim = left.is_none()
        && last
            .claim
            .as_ref()
            .is_some_and(|claim| claim.status == ClaimStatus::Done);
    let declares = !task.files.is_empty() || !task.creates.is_empty();
    touched.into_iter().partition(|path| match left {
        Some(left) => repo.holds_what(path, left) && !repo.is_in(&last.base, path, left),
        None => {
            let one = std::slice::from_ref(path);
            is_empty_claim && declares && scope::outside(one, &declared, &[]).is_empty()
        }
    })
}

fn quoted(paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    listed(&quoted, NAMED)
}
