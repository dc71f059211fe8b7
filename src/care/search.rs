//! Checkpoints that no ref names any more: the newest of a journal that was deleted, overwritten or moved back.
//!
//! Git keeps such objects for weeks. What is found is believed only when its whole line reads back to the
//! run's first event.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::git::{Depth, Oid, Repo};
use crate::journal::codec;
use crate::journal::inspect::{Damage, Inspection, inspect};

/// The checkpoints among all objects; each depth is searched once, for all runs, and only when it is asked for.
#[derive(Default)]
pub(super) struct Search {
    loose: OnceCell<Runs>,
    everything: OnceCell<Runs>,
}

/// What was found of each run.
type Runs = HashMap<String, Lines>;

/// The checkpoints of one run, each with the one before it.
#[derive(Default)]
struct Lines(HashMap<Oid, Option<Oid>>);

/// When a checkpoint was written, and what it says of its run.
struct Written {
    at: String,
    seq: u64,
    tip: String,
}

impl Search {
    fn of(&self, repo: &Repo, depth: Depth) -> Result<&Runs> {
        let cell = match depth {
            Depth::Loose => &self.loose,
            Depth::Everything => &self.everything,
        };
        if let Some(runs) = cell.get() {
            return Ok(runs);
        }
        let runs = find(repo, depth)?;
        Ok(cell.get_or_init(|| runs))
    }

    /// The newest checkpoint of `run` whose events are all there. Of several lines, as rollbacks leave them, the
    /// one that says where the run's branch is, then the one that was written last; one where nothing at all is
    /// damaged before any other.
    pub(super) fn newest_whole(
        &self,
        repo: &Repo,
        run: &str,
        branch: Option<Oid>,
    ) -> Result<Option<Inspection>> {
        let Some(lines) = self.of(repo, Depth::Everything)?.get(run) else {
            return Ok(None);
        };
        let branch = branch.map(|branch| branch.to_string()).unwrap_or_default();
        let mut ends = lines.ends();
        ends.sort_by_key(|end| {
            let written = written(repo, *end);
            Reverse(written.map(|one| (one.tip == branch, one.at, one.seq)))
        });
        for end in &ends {
            let inspection = inspect(repo, run, *end)?;
            if inspection.is_whole() && has_its_commit(repo, &inspection) {
                return Ok(Some(inspection));
            }
        }
        for end in ends {
            if let Some(inspection) = lines.readable(repo, run, end)? {
                return Ok(Some(inspection));
            }
        }
        Ok(None)
    }

    /// The newest checkpoint that was once recorded after `tip`, the newest that the journal of `run` names.
    /// Looks where nothing was packed since: what a person moved back a moment ago.
    pub(super) fn after(&self, repo: &Repo, run: &str, tip: Oid) -> Result<Option<Oid>> {
        let Some(lines) = self.of(repo, Depth::Loose)?.get(run) else {
            return Ok(None);
        };
        let mut ends = lines.ends();
        ends.retain(|end| *end != tip && lines.leads_to(*end, tip));
        let newest = ends.into_iter().max_by_key(|end| {
            let written = written(repo, *end);
            written.map(|one| (one.at, one.seq))
        });
        Ok(newest)
    }
}

fn find(repo: &Repo, depth: Depth) -> Result<Runs> {
    let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    // The trailers stand at the end, behind a record that can be long.
    let oids = repo.commits_anywhere(depth, |text| {
        has(text, b"\nRun: ") && has(text, b"\nEvent: ")
    })?;
    let mut runs = Runs::new();
    for oid in oids {
        let commit = repo.commit(oid)?;
        if let Some(run) = codec::run_of(&commit.message) {
            let lines = runs.entry(run.to_owned()).or_default();
            lines.0.insert(oid, commit.parents.first().copied());
        }
    }
    Ok(runs)
}

impl Lines {
    /// The checkpoints that none was recorded after.
    fn ends(&self) -> Vec<Oid> {
        let inner: HashSet<Oid> = self.0.values().copied().flatten().collect();
        let mut ends: Vec<Oid> = self.0.keys().copied().collect();
        ends.retain(|oid| !inner.contains(oid));
        ends.sort();
        ends
    }

    /// Whether `earlier` is one of the checkpoints before `end`.
    fn leads_to(&self, end: Oid, earlier: Oid) -> bool {
        let mut at = Some(end);
        while let Some(oid) = at {
            if oid == earlier {
                return true;
            }
            at = self.0.get(&oid).copied().flatten();
        }
        false
    }

    /// `end`, or the newest checkpoint before it whose events are all there.
    fn readable(&self, repo: &Repo, run: &str, end: Oid) -> Result<Option<Inspection>> {
        let mut at = Some(end);
        while let Some(oid) = at.filter(|oid| self.0.contains_key(oid)) {
            let inspection = inspect(repo, run, oid)?;
            if inspection.can_be_rewritten() {
                if has_its_commit(repo, &inspection) {
                    return Ok(Some(inspection));
                }
                at = before(repo, oid);
                continue;
            }
            // Whatever stands above a break shares it; of other damages nothing below is known to be free.
            let mut damages = inspection.damages.iter();
            at = damages.find_map(|damage| match damage {
                Damage::Broken { at, .. } => before(repo, *at),
                Damage::NoCheckpoint(_) => before(repo, oid),
                _ => None,
            });
        }
        Ok(None)
    }
}

/// Whether the commit that the run's branch was at is there. A power cut leaves checkpoints whose commit never reached
/// the disk: nobody was told of those.
fn has_its_commit(repo: &Repo, inspection: &Inspection) -> bool {
    run_tip(repo, inspection).is_some_and(|tip| repo.is_commit(tip))
}

/// Where the run's branch was at a checkpoint.
pub(super) fn run_tip(repo: &Repo, inspection: &Inspection) -> Option<Oid> {
    let state = inspection.state.as_ref()?;
    repo.oid(&state.run.tip).ok()
}

/// What a checkpoint says, when its record can be read.
fn written(repo: &Repo, oid: Oid) -> Option<Written> {
    let message = repo.commit(oid).ok()?.message;
    let recorded = codec::decode(&message).ok()?;
    let headline = codec::decode_headline(&message).ok()?;
    Some(Written {
        at: recorded.at,
        seq: recorded.seq,
        tip: headline.tip,
    })
}

/// The checkpoint before one whose record cannot be read.
fn before(repo: &Repo, oid: Oid) -> Option<Oid> {
    repo.commit(oid).ok()?.parents.first().copied()
}
