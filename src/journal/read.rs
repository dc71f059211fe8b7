//! Reading a journal: where the run stands, what happened, what was kept beside it.
//!
//! Nothing here writes, and nothing needs the lease: a checkpoint never changes, so whoever has read which
//! one is the newest reads a consistent whole.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::snapshot::{Layers, Snapshot};
use super::{Newer, codec, layout};
use crate::git::{Commit, Oid, Repo, mode};
use crate::graph::Graph;
use crate::plan::Plan;
use crate::run::event::Recorded;
use crate::run::state::{Headline, State};

/// A run as its journal tells it.
#[derive(Debug)]
pub struct Loaded {
    /// Where everything stands; holds the plan.
    pub state: State,
    /// The checkpoint it was read from.
    pub tip: Oid,
    pub(super) layers: Layers,
    pub(super) plan_tree: Oid,
}

/// One checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The commit.
    pub oid: Oid,
    /// Its subject.
    pub subject: String,
    /// The event it holds.
    pub recorded: Recorded,
}

/// A run of this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRef {
    /// Its id.
    pub id: String,
    /// Its newest checkpoint.
    pub tip: Oid,
}

/// Where `run` stands.
pub fn load(repo: &Repo, run: &str) -> Result<Loaded> {
    let loaded = load_at(repo, tip(repo, run)?).map_err(|error| {
        // Of a newer program's journal nothing is known but that.
        if error.is::<Newer>() {
            return error;
        }
        error.context(format!(
            "the journal of run `{run}` is damaged: `git enact doctor {run}` says what helps"
        ))
    })?;
    let own = &loaded.state.run.id;
    // Two refs of one journal would be driven side by side.
    ensure!(
        own == run,
        "`{}` holds the journal of run `{own}`: use that one, or `git update-ref -d {0}` if it is a copy",
        layout::run_ref(run)
    );
    Ok(loaded)
}

/// Where a run stood at `checkpoint`.
pub fn load_at(repo: &Repo, checkpoint: Oid) -> Result<Loaded> {
    // The version first: whatever the tree holds may be of a newer shape.
    recorded(repo, checkpoint)?;
    let tree = repo.tree_of(checkpoint)?;
    let graph = Arc::new(read_graph(repo, tree)?);
    let plan_tree = repo
        .entry_at(tree, layout::PLAN)?
        .context("the checkpoint holds no plan")?
        .1;
    let snapshot = Snapshot::read(repo, tree)?;
    let since = snapshot.as_ref().map_or(0, |found| found.run.seq);
    let mut pending = VecDeque::new();
    for checkpoint in checkpoints_from(repo, checkpoint) {
        let checkpoint = checkpoint?;
        if checkpoint.recorded.seq <= since {
            break;
        }
        pending.push_front(checkpoint.recorded);
    }
    let (mut state, mut layers) = match snapshot {
        Some(found) => (State::restore(graph, found.run, found.tasks), found.layers),
        None => {
            let first = pending.pop_front().context("the journal holds no event")?;
            (State::start(graph, &first)?, Layers::default())
        }
    };
    for recorded in &pending {
        state
            .apply(recorded)
            .with_context(|| format!("the journal was tampered with at event {}", recorded.seq))?;
        layers.note(recorded, state.graph());
    }
    Ok(Loaded {
        state,
        tip: checkpoint,
        layers,
        plan_tree,
    })
}

/// What the newest checkpoint of `run` says in short; reads that one alone.
pub fn headline(repo: &Repo, run: &str) -> Result<Headline> {
    codec::decode_headline(&repo.commit(tip(repo, run)?)?.message)
}

/// The newest checkpoint of `run`.
pub fn tip(repo: &Repo, run: &str) -> Result<Oid> {
    repo.read(&layout::run_ref(run))?
        .ok_or_else(|| anyhow!("there is no run `{}`", run.escape_debug()))
}

/// The runs of this repository, by id.
pub fn runs(repo: &Repo) -> Result<Vec<RunRef>> {
    let runs = repo
        .list(layout::RUNS)?
        .into_iter()
        .filter_map(|(name, tip)| {
            let id = layout::run_of(&name)?.to_owned();
            Some(RunRef { id, tip })
        });
    Ok(runs.collect())
}

/// The checkpoints of `run`, newest first.
pub fn checkpoints<'a>(
    repo: &'a Repo,
    run: &str,
) -> Result<impl Iterator<Item = Result<Checkpoint>> + 'a> {
    Ok(checkpoints_from(repo, tip(repo, run)?))
}

/// `newest` and the checkpoints before it, newest first.
pub fn checkpoints_from(repo: &Repo, newest: Oid) -> impl Iterator<Item = Result<Checkpoint>> + '_ {
    let mut next = Some(newest);
    std::iter::from_fn(move || {
        let oid = next.take()?;
        let read = checkpoint(repo, oid).map(|(checkpoint, before)| {
            next = before;
            checkpoint
        });
        Some(read)
    })
}

/// The checkpoint `oid`, and the one before it.
pub(super) fn checkpoint(repo: &Repo, oid: Oid) -> Result<(Checkpoint, Option<Oid>)> {
    let (commit, recorded) = recorded(repo, oid)?;
    // Below the first event lies the root, which holds the plan and no event.
    let before = commit.parents.first().copied().filter(|_| recorded.seq > 1);
    let checkpoint = Checkpoint {
        oid,
        subject: commit.subject,
        recorded,
    };
    Ok((checkpoint, before))
}

/// A file that was kept beside the event of `checkpoint`.
pub fn attachment(repo: &Repo, checkpoint: Oid, name: &str) -> Result<Option<Vec<u8>>> {
    repo.blob_at(checkpoint, name)
}

/// The names of what was kept beside the event of `checkpoint`.
pub fn attachments(repo: &Repo, checkpoint: Oid) -> Result<Vec<String>> {
    let entries = repo.entries(repo.tree_of(checkpoint)?)?;
    let kept = entries.into_iter().filter(|entry| entry.mode != mode::TREE);
    Ok(kept.map(|entry| entry.name).collect())
}

/// The plan's files as they were read, in the order they were given.
pub fn sources(repo: &Repo, checkpoint: Oid) -> Result<Vec<(String, Vec<u8>)>> {
    let Some((_, tree)) = repo.entry_at(checkpoint, &format!("{}/source", layout::PLAN))? else {
        return Ok(Vec::new());
    };
    let mut numbered = Vec::new();
    for entry in repo.entries(tree)? {
        let (number, name) = entry.name.split_once('-').unwrap_or(("0", &entry.name));
        let number: usize = number.parse().unwrap_or_default();
        numbered.push((number, name.to_owned(), repo.read_blob(entry.oid)?));
    }
    numbered.sort();
    Ok(numbered
        .into_iter()
        .map(|(_, name, bytes)| (name, bytes))
        .collect())
}

/// One of the plan's files, by the name that it is kept under.
pub fn source(repo: &Repo, checkpoint: Oid, name: &str) -> Result<Vec<u8>> {
    let path = format!("{}/source/{name}", layout::PLAN);
    let bytes = repo.blob_at(checkpoint, &path)?;
    bytes.with_context(|| format!("the journal does not hold the plan's file `{name}`"))
}

fn recorded(repo: &Repo, checkpoint: Oid) -> Result<(Commit, Recorded)> {
    let commit = repo.commit(checkpoint)?;
    let mut recorded =
        codec::decode(&commit.message).with_context(|| format!("checkpoint {checkpoint}"))?;
    recorded.checkpoint = checkpoint.to_string();
    Ok((commit, recorded))
}

fn read_graph(repo: &Repo, tree: Oid) -> Result<Graph> {
    let (_, plan) = repo
        .entry_at(tree, layout::PLAN)?
        .context("the checkpoint holds no plan")?;
    graph_of(repo, plan)
}

/// The plan that the tree of that name in a checkpoint holds.
pub(super) fn graph_of(repo: &Repo, plan: Oid) -> Result<Graph> {
    let bytes = repo
        .blob_at(plan, "plan.json")?
        .context("the checkpoint holds no plan")?;
    let plan: Plan = serde_json::from_slice(&bytes).context("the stored plan is damaged")?;
    Graph::new(plan).map_err(|faults| {
        let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        anyhow!("the stored plan does not hold: {}", messages.join("; "))
    })
}
