//! Writing a journal: one checkpoint commit an event, by compare-and-swap of one ref.
//!
//! The ref is the only commit point. Everything before it (attachments, snapshot, the commit itself)
//! is objects that nobody sees; a crash there leaves nothing to repair. The commits that an event speaks of
//! are further parents of its checkpoint, so that recording them and keeping them is one step.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use super::read::{self, Loaded};
use super::snapshot::Layers;
use super::{Clock, Lease, clock, codec, layout};
use crate::crash;
use crate::git::{Entry, Expected, Identity, NewCommit, Oid, Repo};
use crate::graph::Graph;
use crate::plan::kept_name;
use crate::run::engine::Attachment;
use crate::run::event::{Event, Recorded};
use crate::run::policy::Durability;
use crate::run::state::State;

/// The journal of one run, open for writing by the one process that holds its lease.
pub struct Journal {
    repo: Repo,
    lease: Lease,
    clock: Clock,
    identity: Identity,
    /// The newest checkpoint that was written, and the newest that the ref names.
    tip: Option<Oid>,
    published: Option<Oid>,
    /// Whether something was written since that the disk must confirm before the ref names it.
    is_owed: bool,
    /// What the first checkpoint stands on.
    root: Option<Oid>,
    plan_tree: Oid,
    layers: Layers,
    /// The newest tree without attachments, and the snapshot that it holds.
    plain_tree: Option<(Option<Oid>, Oid)>,
    seq: u64,
    /// The time of the newest event; the next one is not earlier, whatever the clock says.
    at: i64,
}

/// The journal's ref was moved while this process drove the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Displaced {
    /// Where we left it.
    pub expected: Option<Oid>,
    /// Where it is.
    pub found: Option<Oid>,
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |oid: Option<Oid>| oid.map_or("nothing".to_owned(), |oid| oid.to_string());
        write!(
            f,
            "the journal was moved while the run was driven: expected {}, found {}",
            name(self.expected),
            name(self.found)
        )
    }
}

impl std::error::Error for Displaced {}

impl Journal {
    /// Begins the journal of a run with its first event, `started`. `sources` are the plan's files as they
    /// were read, by name.
    pub fn create(
        repo: Repo,
        lease: Lease,
        clock: Clock,
        graph: Arc<Graph>,
        sources: impl IntoIterator<Item = Result<(String, Vec<u8>)>>,
        started: Event,
    ) -> Result<(Self, State)> {
        let (mut journal, state) = Self::prepare(repo, lease, clock, graph, sources, started)?;
        crash::point("written", "started");
        journal.publish_checkpoints()?;
        crash::point("recorded", "started");
        Ok((journal, state))
    }

    /// The same, with nothing on record before the caller publishes.
    pub fn prepare(
        repo: Repo,
        lease: Lease,
        clock: Clock,
        graph: Arc<Graph>,
        sources: impl IntoIterator<Item = Result<(String, Vec<u8>)>>,
        started: Event,
    ) -> Result<(Self, State)> {
        layout::check_run_id(lease.run())?;
        unlock(&repo, &lease)?;
        let identity = Identity::of(&repo)?;
        let plan_tree = write_plan(&repo, &graph, sources)?;
        let mut journal = Self {
            root: None,
            repo,
            lease,
            clock,
            identity,
            tip: None,
            published: None,
            is_owed: false,
            plan_tree,
            layers: Layers::default(),
            plain_tree: None,
            seq: 0,
            at: 0,
        };
        let recorded = crate::run::engine::Journal::stamp(&mut journal, started);
        journal.root = Some(journal.write_root(&graph, &recorded)?);
        let state = State::start(graph, &recorded)?;
        crash::point("prepared", recorded.event.name());
        journal.append_checkpoint(&recorded, &state, &[])?;
        Ok((journal, state))
    }

    /// Opens the journal of a run that this process may drive.
    pub fn open(repo: Repo, lease: Lease, mut clock: Clock) -> Result<(Self, State)> {
        let Loaded {
            state,
            tip,
            layers,
            plan_tree,
        } = read::load(&repo, lease.run())?;
        unlock(&repo, &lease)?;
        let at = clock::to_seconds(&state.run.updated_at).unwrap_or_default();
        if let Clock::Fixed(now) = &mut clock {
            *now = (*now).max(at + 1);
        }
        let journal = Self {
            identity: Identity::of(&repo)?,
            repo,
            lease,
            clock,
            tip: Some(tip),
            published: Some(tip),
            is_owed: false,
            root: None,
            plan_tree,
            layers,
            plain_tree: None,
            seq: state.run.seq,
            at,
        };
        Ok((journal, state))
    }

    /// Has the checkpoints from here on hold another plan, read from `sources`.
    pub fn adopt_plan(
        &mut self,
        graph: &Graph,
        sources: impl IntoIterator<Item = Result<(String, Vec<u8>)>>,
    ) -> Result<()> {
        self.plan_tree = write_plan(&self.repo, graph, sources)?;
        self.plain_tree = None;
        Ok(())
    }

    /// Has the checkpoints from here on hold the plan that `checkpoint` holds.
    pub fn return_to_plan(&mut self, checkpoint: Oid) -> Result<()> {
        self.plan_tree = read::load_at(&self.repo, checkpoint)?.plan_tree;
        self.plain_tree = None;
        Ok(())
    }

    /// Puts the ref, which somebody moved to `found`, on our newest checkpoint again; whether that worked.
    pub fn reclaim(&mut self, found: Option<Oid>) -> Result<bool> {
        let Some(tip) = self.tip else {
            return Ok(false);
        };
        if self.is_owed {
            barrier(&self.repo)?;
            self.is_owed = false;
        }
        let name = layout::run_ref(self.lease.run());
        let expected = found.map_or(Expected::Missing, Expected::At);
        let moved = self.repo.move_to(&name, tip, expected, "put back")?;
        if moved.is_ok() {
            self.published = Some(tip);
        }
        Ok(moved.is_ok())
    }

    /// The run whose journal this is.
    pub fn run(&self) -> &str {
        self.lease.run()
    }

    /// The newest checkpoint.
    pub fn tip(&self) -> Option<Oid> {
        self.tip
    }

    /// The repository it lies in.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Who writes it.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Makes everything recorded so far survive a power cut, refs included, if the run's policy asks for it.
    pub fn flush(&self, state: &State) -> Result<()> {
        match state.run.policy.durability {
            Durability::Full => barrier(&self.repo),
            Durability::Process => Ok(()),
        }
    }

    /// Writes the checkpoint of `recorded`, which `state` already contains.
    fn append_checkpoint(
        &mut self,
        recorded: &Recorded,
        state: &State,
        attachments: &[Attachment],
    ) -> Result<Oid> {
        ensure!(
            recorded.seq == self.seq + 1,
            "event {} cannot follow event {}",
            recorded.seq,
            self.seq
        );
        self.layers.on(&self.repo, recorded, state)?;
        let tree = self.write_tree(attachments)?;
        let parents = self.parents(&recorded.event)?;
        let checkpoint = self.repo.write_commit(&NewCommit {
            tree,
            parents: &parents,
            message: &codec::message(recorded, &state.headline())?,
            author: &self.identity,
            time: clock::to_seconds(&recorded.at).unwrap_or(self.at),
        })?;
        self.is_owed |=
            state.run.policy.durability == Durability::Full && recorded.event.is_durable();
        self.tip = Some(checkpoint);
        self.seq = recorded.seq;
        Ok(checkpoint)
    }

    /// Moves the ref to the newest checkpoint.
    fn publish_checkpoints(&mut self) -> Result<()> {
        let Some(tip) = self.tip.filter(|_| self.tip != self.published) else {
            return Ok(());
        };
        if self.is_owed {
            barrier(&self.repo)?;
            self.is_owed = false;
        }
        let name = layout::run_ref(self.lease.run());
        let expected = self.published.map_or(Expected::Missing, Expected::At);
        let moved = self.repo.move_to(&name, tip, expected, "checkpoint")?;
        if let Err(moved) = moved {
            return Err(Displaced {
                expected: self.published,
                found: moved.found,
            }
            .into());
        }
        self.published = Some(tip);
        Ok(())
    }

    /// The tree of a checkpoint. As long as there is nothing new to hold it is the same one, and costs nothing.
    fn write_tree(&mut self, attachments: &[Attachment]) -> Result<Oid> {
        if attachments.is_empty()
            && let Some((state, tree)) = self.plain_tree
            && state == self.layers.tree
        {
            return Ok(tree);
        }
        let mut entries = vec![Entry::tree(layout::PLAN, self.plan_tree)];
        let state = self.layers.tree;
        entries.extend(state.map(|tree| Entry::tree(layout::STATE, tree)));
        for kept in attachments {
            entries.push(Entry::file(&kept.name, self.repo.write_blob(&kept.bytes)?));
        }
        let tree = self.repo.write_tree(&entries)?;
        if attachments.is_empty() {
            self.plain_tree = Some((state, tree));
        }
        Ok(tree)
    }

    /// The previous checkpoint, and the commits that the event speaks of.
    fn parents(&self, event: &Event) -> Result<Vec<Oid>> {
        let mut parents: Vec<Oid> = self.tip.or(self.root).into_iter().collect();
        for pin in event.pins() {
            let oid = self.repo.oid(pin)?;
            if !parents.contains(&oid) {
                parents.push(oid);
            }
        }
        Ok(parents)
    }

    /// A commit below the first checkpoint. Without it the run's base, which that checkpoint keeps, would be
    /// its first parent, and the story of the run would go on into the user's history.
    fn write_root(&self, graph: &Graph, first: &Recorded) -> Result<Oid> {
        let run = self.lease.run();
        let title = codec::subject_text(&graph.plan().title);
        self.repo.write_commit(&NewCommit {
            tree: self
                .repo
                .write_tree(&[Entry::tree(layout::PLAN, self.plan_tree)])?,
            parents: &[],
            message: &format!("plan: {title}\n\n{}: {run}\n", layout::TRAILER_RUN),
            author: &self.identity,
            time: clock::to_seconds(&first.at).unwrap_or_default(),
        })
    }
}

impl crate::run::engine::Journal for Journal {
    fn stamp(&mut self, event: Event) -> Recorded {
        self.at = self.clock.now().max(self.at);
        Recorded {
            seq: self.seq + 1,
            at: clock::to_text(self.at),
            checkpoint: String::new(),
            event,
        }
    }

    fn append(
        &mut self,
        recorded: &Recorded,
        state: &State,
        attachments: &[Attachment],
    ) -> Result<String> {
        self.append_checkpoint(recorded, state, attachments)
            .map(|oid| oid.to_string())
    }

    fn publish(&mut self) -> Result<()> {
        self.publish_checkpoints()
    }
}

/// Removes the lock that a dead driver left on the journal, and its drafts. Whoever has the lease is the only one who
/// writes it, and a lock that nobody will ever release would stop every command on the run.
fn unlock(repo: &Repo, lease: &Lease) -> Result<()> {
    repo.clear_stale_locks(&[&layout::run_ref(lease.run())])?;
    repo.clear_drafts()
}

fn write_plan(
    repo: &Repo,
    graph: &Graph,
    sources: impl IntoIterator<Item = Result<(String, Vec<u8>)>>,
) -> Result<Oid> {
    let plan = serde_json::to_vec_pretty(graph.plan()).context("the plan could not be stored")?;
    let mut entries = vec![Entry::file("plan.json", repo.write_blob(&plan)?)];
    let mut files = Vec::new();
    for source in sources {
        let (name, bytes) = source?;
        // A path becomes one name: what it is called counts, not where it lies.
        let name = kept_name(files.len(), Path::new(&name));
        files.push(Entry::file(name, repo.write_blob(&bytes)?));
    }
    if !files.is_empty() {
        entries.push(Entry::tree("source", repo.write_tree(&files)?));
    }
    repo.write_tree(&entries)
}

/// Waits until the disk has everything that was written so far, by us and by executors: one flush of the
/// file system instead of one for each object.
fn barrier(repo: &Repo) -> Result<()> {
    let dir = std::fs::File::open(repo.common_dir())
        .with_context(|| format!("`{}` cannot be opened", repo.common_dir().display()))?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&dir).context("the disk did not confirm")?;
    #[cfg(not(target_os = "linux"))]
    {
        // No such call there: the directory at least, and the system's own sync of the rest.
        dir.sync_all().context("the disk did not confirm")?;
        rustix::fs::sync();
    }
    Ok(())
}
