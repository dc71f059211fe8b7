//! A journal read from its first event, believing nothing that can be made again: every checkpoint, the state
//! that its events alone lead to, and what of the rest does not agree with that.
//!
//! And the journal written again where only what is derived was damaged: the same events make the same
//! objects, down to their names.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::read::{self, Checkpoint};
use super::snapshot::Layers;
use super::{Newer, codec, layout};
use crate::git::{Commit, Entry, NewCommit, Oid, Repo, mode};
use crate::graph::Graph;
use crate::run::event::Event;
use crate::run::state::State;
use crate::run::turn;

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// A newer program wrote it; nothing else was looked at.
    Newer(Newer),
    /// What the ref names is no checkpoint.
    NoCheckpoint(String),
    /// Below the `above` newest checkpoints, one cannot be read.
    Broken {
        /// Which commit.
        at: Oid,
        /// How many above it were read.
        above: usize,
        /// Why it cannot.
        why: String,
    },
    /// The plan cannot be read, or its first event does not belong to this run.
    Plan(String),
    /// The events do not follow from each other.
    Illegal(String),
    /// The newest checkpoint's headline does not say what the events say.
    Headline,
    /// A snapshot does not say what the events say, or cannot be read.
    Snapshot(String),
    /// Something that was kept beside an event cannot be read.
    Attachment {
        /// Of which checkpoint.
        checkpoint: Oid,
        /// Its name.
        name: String,
    },
}

/// What reading a journal from its first event showed.
#[derive(Debug)]
pub struct Inspection {
    /// Where it was read from.
    pub tip: Oid,
    /// The checkpoints that could be read, newest first.
    pub checkpoints: Vec<Checkpoint>,
    /// Where the events alone lead to, when they lead anywhere.
    pub state: Option<State>,
    /// Everything that is wrong.
    pub damages: Vec<Damage>,
    plan_tree: Option<Oid>,
    /// Unreadable objects that can be written again.
    unreadable: Vec<Oid>,
    /// Whether one of them lies in a pack, where nothing can be put in its place.
    is_packed: bool,
}

impl Inspection {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty()
    }

    /// Whether the events are all there, so that the rest can be made again.
    pub fn can_be_rewritten(&self) -> bool {
        let is_derived = |damage: &Damage| {
            matches!(
                damage,
                Damage::Headline | Damage::Snapshot(_) | Damage::Attachment { .. }
            )
        };
        self.state.is_some() && !self.is_packed && self.damages.iter().all(is_derived)
    }

    /// The number of the newest event; 0 without one.
    pub fn seq(&self) -> u64 {
        self.checkpoints
            .first()
            .map_or(0, |newest| newest.recorded.seq)
    }
}

/// Reads the journal of `run` that ends at `tip`.
pub fn inspect(repo: &Repo, run: &str, tip: Oid) -> Result<Inspection> {
    let mut inspection = Inspection {
        tip,
        checkpoints: Vec::new(),
        state: None,
        damages: Vec::new(),
        plan_tree: None,
        unreadable: Vec::new(),
        is_packed: false,
    };
    if inspection.follow(repo) {
        inspection.replay(repo, run);
        inspection.look_into_trees(repo)?;
        inspection.compare(repo);
    }
    Ok(inspection)
}

impl Inspection {
    /// Follows the checkpoints down to the first; whether all of them could be read.
    fn follow(&mut self, repo: &Repo) -> bool {
        let mut at = self.tip;
        loop {
            let read = read::checkpoint(repo, at).and_then(|(checkpoint, before)| {
                let newer = self.checkpoints.last();
                let seq = newer.map(|newer: &Checkpoint| newer.recorded.seq);
                anyhow::ensure!(
                    seq.is_none_or(|seq| seq == checkpoint.recorded.seq + 1),
                    "event {} does not come before event {}",
                    checkpoint.recorded.seq,
                    seq.unwrap_or_default()
                );
                Ok((checkpoint, before))
            });
            match read {
                Ok((checkpoint, before)) => {
                    let is_first = checkpoint.recorded.seq == 1;
                    self.checkpoints.push(checkpoint);
                    match before {
                        Some(before) => at = before,
                        None if is_first => return true,
                        None => {
                            self.break_off(at, "nothing is before it, and it is not the first");
                            return false;
                        }
                    }
                }
                Err(error) => {
                    match error.downcast_ref::<Newer>() {
                        Some(newer) => self.damages.push(Damage::Newer(*newer)),
                        None if self.checkpoints.is_empty() => {
                            let why = format!("{error:#}");
                            self.damages.push(Damage::NoCheckpoint(why));
                        }
                        None => self.break_off(at, &format!("{error:#}")),
                    }
                    return false;
                }
            }
        }
    }

    fn break_off(&mut self, at: Oid, why: &str) {
        self.damages.push(Damage::Broken {
            at,
            above: self.checkpoints.len(),
            why: why.to_owned(),
        });
    }

    /// Folds the events, from the first to the newest.
    fn replay(&mut self, repo: &Repo, run: &str) {
        let first = self.checkpoints.last().map(|first| first.oid);
        let plan = first.context("there is no event").and_then(|first| {
            let root = repo.commit(first)?.parents.first().copied();
            // The plan is the same until another is adopted, so one tree that can be read is enough.
            let oids = self.checkpoints.iter().map(|checkpoint| checkpoint.oid);
            let mut trees = root.into_iter().chain(oids);
            let tree = trees.find_map(|oid| repo.entry_at(oid, layout::PLAN).ok().flatten());
            let (_, tree) = tree.context("no checkpoint's tree can be read")?;
            Ok((tree, Arc::new(read::graph_of(repo, tree)?)))
        });
        let (tree, graph) = match plan {
            Ok(plan) => plan,
            Err(error) => return self.damages.push(Damage::Plan(format!("{error:#}"))),
        };
        self.plan_tree = Some(tree);
        let Some(first) = self.checkpoints.last() else {
            return;
        };
        let named = match &first.recorded.event {
            Event::Started { run, .. } => run.as_str(),
            _ => "",
        };
        if named != run {
            let why = format!("it is the journal of run `{}`", named.escape_debug());
            return self.damages.push(Damage::Plan(why));
        }
        match fold(repo, &self.checkpoints, &graph, u64::MAX) {
            Ok(state) => self.state = Some(state),
            Err(illegal) => self.damages.push(Damage::Illegal(format!("{illegal:#}"))),
        }
    }

    /// Whether all that the checkpoints hold besides their records can be read.
    fn look_into_trees(&mut self, repo: &Repo) -> Result<()> {
        let mut seen = HashSet::new();
        for checkpoint in &self.checkpoints {
            let tree = repo.commit(checkpoint.oid)?.tree;
            for (path, oid) in repo.unreadable(tree, &mut seen)? {
                let top = path.split('/').next().unwrap_or_default();
                let damage = match top {
                    layout::PLAN => Damage::Plan(format!("`{path}` cannot be read")),
                    layout::STATE => Damage::Snapshot(format!("`{path}` cannot be read")),
                    "" => Damage::Snapshot(format!("the tree {oid} cannot be read")),
                    _ => Damage::Attachment {
                        checkpoint: checkpoint.oid,
                        name: path,
                    },
                };
                if matches!(damage, Damage::Snapshot(_)) {
                    self.unreadable.push(oid);
                    self.is_packed |= repo.is_packed(oid);
                }
                self.damages.push(damage);
            }
        }
        Ok(())
    }

    /// Whether what answers quickly says what the events say.
    fn compare(&mut self, repo: &Repo) {
        let Some(state) = &self.state else { return };
        let said = repo.commit(self.tip);
        let said = said.and_then(|commit| codec::decode_headline(&commit.message));
        if said.ok() != Some(state.headline()) {
            self.damages.push(Damage::Headline);
        }
        if !self.damages.is_empty() {
            return;
        }
        let why = match read::load_at(repo, self.tip) {
            Ok(loaded) if is_same(&loaded.state, state) => return,
            Ok(_) => "it does not say what the events say".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        self.damages.push(Damage::Snapshot(why));
    }
}

/// The state that the events of `checkpoints`, newest first, lead to, up to the one with the number `until`.
/// `graph` is the plan that the run began with.
fn fold(repo: &Repo, checkpoints: &[Checkpoint], graph: &Arc<Graph>, until: u64) -> Result<State> {
    let mut events = checkpoints.iter().rev();
    let first = events.next().context("there is no event")?;
    let mut state = State::start(graph.clone(), &first.recorded)?;
    for checkpoint in events.take_while(|one| one.recorded.seq <= until) {
        step(repo, checkpoints, graph, &mut state, checkpoint)?;
    }
    Ok(state)
}

/// What the event of one checkpoint makes of `state`.
fn step(
    repo: &Repo,
    checkpoints: &[Checkpoint],
    graph: &Arc<Graph>,
    state: &mut State,
    checkpoint: &Checkpoint,
) -> Result<()> {
    let recorded = &checkpoint.recorded;
    match &recorded.event {
        Event::RolledBack { to, .. } => {
            let then = fold(repo, checkpoints, graph, *to)?;
            *state = turn::rolled_back(state, &then, recorded);
        }
        Event::Replanned { fix: None, .. } => {
            let tree = plan_of(repo, checkpoint.oid)?;
            let graph = Arc::new(read::graph_of(repo, tree)?);
            *state = turn::replanned(state, graph, recorded);
        }
        _ => state.apply(recorded)?,
    }
    Ok(())
}

fn plan_of(repo: &Repo, checkpoint: Oid) -> Result<Oid> {
    let entry = repo.entry_at(checkpoint, layout::PLAN)?;
    Ok(entry.context("the checkpoint holds no plan")?.1)
}

fn is_same(one: &State, other: &State) -> bool {
    let tasks = 0..other.graph().len();
    one.run == other.run
        && one.graph().len() == tasks.len()
        && tasks.into_iter().all(|task| one.at(task) == other.at(task))
}

/// Writes again what the events lead to: headlines, snapshots and trees; where nothing was damaged, the commits
/// stay the ones they are. No ref moves. Returns the newest checkpoint.
pub fn rewrite(repo: &Repo, inspection: &Inspection) -> Result<Oid> {
    let not_whole = "the events are not all there";
    let mut plan = inspection.plan_tree.context(not_whole)?;
    let graph = Arc::new(read::graph_of(repo, plan)?);
    let all = &inspection.checkpoints;
    for oid in &inspection.unreadable {
        repo.discard_unreadable(*oid)?;
    }
    let mut layers = Layers::default();
    let mut state: Option<State> = None;
    let mut newest: Option<(Oid, Oid)> = None;
    for checkpoint in inspection.checkpoints.iter().rev() {
        let recorded = &checkpoint.recorded;
        let state = match &mut state {
            Some(state) => {
                step(repo, all, &graph, state, checkpoint)?;
                state
            }
            none => none.insert(State::start(graph.clone(), recorded)?),
        };
        layers.on(repo, recorded, state)?;
        plan = match &recorded.event {
            Event::RolledBack { to, .. } => {
                let then = all.iter().find(|one| one.recorded.seq == *to);
                plan_of(repo, then.context(not_whole)?.oid)?
            }
            Event::Replanned { fix: None, .. } => plan_of(repo, checkpoint.oid)?,
            _ => plan,
        };
        let was = repo.commit(checkpoint.oid)?;
        let tree = tree_of(repo, &was, plan, layers.tree)?;
        let written = write_again(repo, checkpoint, &was, tree, newest, state)?;
        newest = Some((checkpoint.oid, written));
    }
    newest.map(|(_, written)| written).context(not_whole)
}

/// The tree of a checkpoint as it should be, with what was kept beside its event.
fn tree_of(repo: &Repo, was: &Commit, plan: Oid, state: Option<Oid>) -> Result<Oid> {
    let mut entries = vec![Entry::tree(layout::PLAN, plan)];
    entries.extend(state.map(|tree| Entry::tree(layout::STATE, tree)));
    let kept = repo.entries(was.tree).unwrap_or_default();
    entries.extend(kept.into_iter().filter(|entry| entry.mode != mode::TREE));
    repo.write_tree(&entries)
}

/// The checkpoint with `tree`, behind the one that was written before it; itself, when nothing changes.
fn write_again(
    repo: &Repo,
    checkpoint: &Checkpoint,
    was: &Commit,
    tree: Oid,
    before: Option<(Oid, Oid)>,
    state: &State,
) -> Result<Oid> {
    let headline = state.headline();
    let is_right = codec::decode_headline(&was.message).is_ok_and(|said| said == headline);
    let is_moved = before.is_some_and(|(old, new)| old != new);
    if is_right && !is_moved && tree == was.tree {
        return Ok(checkpoint.oid);
    }
    let message = if is_right {
        was.message.clone()
    } else {
        let mut recorded = checkpoint.recorded.clone();
        recorded.checkpoint.clear();
        codec::message(&recorded, &headline)?
    };
    let mut parents = was.parents.clone();
    if let (Some((_, new)), Some(first)) = (before, parents.first_mut()) {
        *first = new;
    }
    repo.write_commit(&NewCommit {
        tree,
        parents: &parents,
        message: &message,
        author: &was.author,
        time: was.time,
    })
}
