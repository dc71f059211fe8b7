//! Looking, while attempts run, whether what they have committed so far fits together and with the run's branch.
//!
//! It only tells: whichever is integrated later meets the conflict, and is tried again on what the other did. What
//! cannot be read or merged right now is looked at later, or at its integration.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::Local;
use crate::git::{Merge, Oid, Repo};
use crate::plan::TaskId;
use crate::report::clean::visible;
use crate::run::names::listed;
use crate::run::state::State;

/// How long it is between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How many paths are named.
const PATHS: usize = 3;

/// An attempt that runs, and has committed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blip {
    pub(super) task: TaskId,
    /// The tip of its branch.
    pub(super) tip: Oid,
}

impl Local {
    /// Tells of attempts that run and do not fit together. Whatever cannot be seen is no reason to stop.
    pub(super) fn watch(&mut self, state: &State) {
        if state.run.policy.jobs < 2 || !self.radar.is_due() {
            return;
        }
        let repo = &self.site.repo;
        let blip = |index: usize| {
            let task = state.graph().tasks()[index].id.clone();
            let base = repo.oid(&state.at(index).last()?.base).ok()?;
            let tip = repo.read(&self.branch_of(&task)).ok()??;
            (tip != base).then_some(Blip { task, tip })
        };
        let running: Vec<Blip> = state.attempting().filter_map(blip).collect();
        let Some(tip) = repo
            .oid(&state.run.tip)
            .ok()
            .filter(|_| !running.is_empty())
        else {
            return;
        };
        for found in self.radar.look(repo, &running, tip) {
            (self.site.tell)(&visible(&found));
        }
    }
}

/// What was seen, and told.
#[derive(Default)]
pub(super) struct Radar {
    looked: Option<Instant>,
    /// The pairs of commits that were compared.
    compared: HashSet<(Oid, Oid)>,
    /// The pairs of tasks that were told of; the run's branch is none.
    told: HashSet<(TaskId, Option<TaskId>)>,
}

impl Radar {
    /// Whether it is time to look again; if so, the next time is later.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= PAUSE);
        if is_due {
            self.looked = Some(Instant::now());
        }
        is_due
    }

    /// What does not fit, each pair told once: `running` among each other, and with the run's branch at `tip`.
    pub(super) fn look(&mut self, repo: &Repo, running: &[Blip], tip: Oid) -> Vec<String> {
        let mut found = Vec::new();
        for (at, one) in running.iter().enumerate() {
            for other in &running[at + 1..] {
                let Some(paths) = self.clash(repo, one.tip, other.tip) else {
                    continue;
                };
                if self
                    .told
                    .insert((one.task.clone(), Some(other.task.clone())))
                {
                    found.push(format!(
                        "note: what {} and {} have committed so far conflicts in {paths}: the later one will be tried again",
                        one.task, other.task
                    ));
                }
            }
            let Some(paths) = self.clash(repo, one.tip, tip) else {
                continue;
            };
            if self.told.insert((one.task.clone(), None)) {
                found.push(format!(
                    "note: what {} has committed so far conflicts in {paths} with what was integrated: it will be tried again",
                    one.task
                ));
            }
        }
        found
    }

    /// The paths in which two commits conflict; nothing when they do not, or were compared before. Only git itself looks
    /// at what attempts that run have written: it ends on an object that ends too early, and a library may not.
    fn clash(&mut self, repo: &Repo, one: Oid, other: Oid) -> Option<String> {
        if !self.compared.insert((one, other)) {
            return None;
        }
        match repo.merge_heads(one, other) {
            Ok(Merge::Conflict(paths)) => Some(listed(&paths, PATHS)),
            _ => None,
        }
    }
}
