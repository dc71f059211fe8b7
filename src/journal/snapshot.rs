//! The state, stored now and then, so that reading does not grow with history.
//!
//! Layers, as in a log-structured merge tree. Every 16 events the youngest layer is written anew: the tasks
//! that changed since the middle one was. Every 256 events the middle one takes that up, and every 4096 the
//! oldest takes up everything. So a write touches few tasks, and a read touches three layers, the state of
//! the run, and at most 15 events after them. An event after which the run stands otherwise than a fold would
//! tell is followed by all of it at once, so that nobody ever folds across it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::layout;
use crate::git::{Entry, Oid, Repo};
use crate::graph::Graph;
use crate::plan::TaskId;
use crate::run::event::{Event, Recorded};
use crate::run::state::{RunState, State, TaskState};

/// How many events lie between two writings of each layer, the youngest first.
const PERIODS: [u64; 3] = [16, 256, 4096];
const NAMES: [&str; 3] = ["layer-0.json", "layer-1.json", "layer-2.json"];
const RUN: &str = "run.json";

/// Which tasks each layer would hold if it were written now, and the newest snapshot.
#[derive(Debug, Default, Clone)]
pub(super) struct Layers {
    touched: [BTreeSet<TaskId>; 3],
    /// The `state/` tree of the newest snapshot.
    pub(super) tree: Option<Oid>,
}

/// A snapshot as read.
pub(super) struct Snapshot {
    pub(super) run: RunState,
    pub(super) tasks: BTreeMap<TaskId, TaskState>,
    pub(super) layers: Layers,
}

impl Layers {
    /// Takes note of an event, which `state` already contains, and writes a snapshot when it is time.
    pub(super) fn on(&mut self, repo: &Repo, recorded: &Recorded, state: &State) -> Result<()> {
        self.note(recorded, state.graph());
        if recorded.event.is_turn() {
            // Other tasks than any event of this plan concerned may stand otherwise than at the start.
            let tasks = state.graph().tasks().iter().enumerate();
            let moved = tasks.filter(|(index, _)| !state.is_untouched(*index));
            self.touched[PERIODS.len() - 1].extend(moved.map(|(_, task)| task.id.clone()));
        }
        let due = PERIODS
            .iter()
            .rposition(|period| recorded.event.is_turn() || recorded.seq.is_multiple_of(*period));
        if let Some(level) = due {
            self.tree = Some(self.write(repo, state, level)?);
        }
        Ok(())
    }

    /// Takes note of an event that is not to be followed by a snapshot: one that is read back.
    pub(super) fn note(&mut self, recorded: &Recorded, graph: &Graph) {
        let Some(task) = recorded.event.task() else {
            return;
        };
        let mut touched = vec![task.clone()];
        if let (Event::Reverted { .. }, Some(index)) = (&recorded.event, graph.index(task)) {
            // Those who need it are stale from then on.
            let needing = graph.needing(index).into_iter();
            touched.extend(needing.map(|task| graph.tasks()[task].id.clone()));
        }
        for layer in &mut self.touched {
            layer.extend(touched.iter().cloned());
        }
    }

    /// Writes the layer of `level`, empties the younger ones and keeps the older ones.
    fn write(&mut self, repo: &Repo, state: &State, level: usize) -> Result<Oid> {
        let mut entries: Vec<Entry> = match self.tree {
            Some(tree) => repo.entries(tree)?,
            None => Vec::new(),
        };
        entries.retain(|entry| NAMES[level + 1..].contains(&entry.name.as_str()));
        let tasks: BTreeMap<&TaskId, &TaskState> = self.touched[level]
            .iter()
            .filter_map(|task| Some((task, state.task(task)?)))
            .collect();
        let mut store = |name: &str, bytes: Vec<u8>| -> Result<()> {
            entries.push(Entry::file(name, repo.write_blob(&bytes)?));
            Ok(())
        };
        store(NAMES[level], serde_json::to_vec(&tasks)?)?;
        store(RUN, serde_json::to_vec(&state.run)?)?;
        // What this layer now holds, the younger ones need not.
        for younger in &mut self.touched[..level] {
            younger.clear();
        }
        repo.write_tree(&entries)
    }
}

impl Snapshot {
    /// The snapshot that the checkpoint `tree` carries, if the run is old enough to have one.
    pub(super) fn read(repo: &Repo, tree: Oid) -> Result<Option<Self>> {
        let Some((_, oid)) = repo.entry_at(tree, layout::STATE)? else {
            return Ok(None);
        };
        let mut tasks = BTreeMap::new();
        let mut layers = Layers {
            tree: Some(oid),
            ..Layers::default()
        };
        let entries = repo.entries(oid)?;
        // The oldest first, so that what is younger replaces it.
        for level in (0..NAMES.len()).rev() {
            let Some(entry) = entries.iter().find(|entry| entry.name == NAMES[level]) else {
                continue;
            };
            let layer: BTreeMap<TaskId, TaskState> =
                serde_json::from_slice(&repo.read_blob(entry.oid)?)
                    .with_context(|| format!("the snapshot's `{}` is damaged", NAMES[level]))?;
            for touched in &mut layers.touched[level..] {
                touched.extend(layer.keys().cloned());
            }
            tasks.extend(layer);
        }
        let run = repo
            .blob_at(oid, RUN)?
            .with_context(|| format!("the snapshot has no `{RUN}`"))?;
        let run = serde_json::from_slice(&run)
            .with_context(|| format!("the snapshot's `{RUN}` is damaged"))?;
        Ok(Some(Self { run, tasks, layers }))
    }
}
