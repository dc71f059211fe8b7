//! Checkpoints that no ref names any more: the newest of a journal that was deleted, overwritten or moved back.
//!
//! Git keeps such objects for weeks. What is found is believed only when its whole line reads back to the
//! run's first event.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::git::{Depth, Oid, Repo};
use crate::journal::codec;
use crate::journal::inspect::{Damage, Inspection, inspect};

/// The checkpoints of one run among all objects.
pub(super) struct Search {
    run: String,
    found: HashMap<Oid, Found>,
}

struct Found {
    before: Option<Oid>,
    seq: u64,
    at: String,
    tip: String,
}

impl Search {
    /// Looks for the checkpoints of `run`.
    pub(super) fn of(repo: &Repo, run: &str, depth: Depth) -> Result<Self> {
        let line = format!("\nRun: {run}\n");
        let has = |text: &[u8], part: &str| {
            let part = part.as_bytes();
            text.windows(part.len()).any(|window| window == part)
        };
        let oids =
            repo.commits_anywhere(depth, |text| has(text, &line) && has(text, "\nEvent: "))?;
        let mut found = HashMap::new();
        for oid in oids {
            let commit = repo.commit(oid)?;
            let is_ours = codec::run_of(&commit.message) == Some(run);
            if let (true, Ok(recorded)) = (is_ours, codec::decode(&commit.message)) {
                let headline = codec::decode_headline(&commit.message);
                let checkpoint = Found {
                    before: commit.parents.first().copied(),
                    seq: recorded.seq,
                    at: recorded.at,
                    tip: headline.map(|line| line.tip).unwrap_or_default(),
                };
                found.insert(oid, checkpoint);
            }
        }
        let run = run.to_owned();
        Ok(Self { run, found })
    }

    /// The newest checkpoint whose events are all there. Of several lines, as rollbacks leave them, the one that
    /// says where the run's branch is, then the one that was written last; one where nothing at all is damaged
    /// before any other.
    pub(super) fn newest_whole(
        &self,
        repo: &Repo,
        branch: Option<Oid>,
    ) -> Result<Option<Inspection>> {
        let branch = branch.map(|branch| branch.to_string()).unwrap_or_default();
        let mut ends = self.ends();
        ends.sort_by_key(|end| {
            let found = &self.found[end];
            Reverse((found.tip == branch, found.at.clone(), found.seq))
        });
        for end in &ends {
            let inspection = inspect(repo, &self.run, *end)?;
            if inspection.is_whole() {
                return Ok(Some(inspection));
            }
        }
        for end in ends {
            if let Some(inspection) = self.readable(repo, end)? {
                return Ok(Some(inspection));
            }
        }
        Ok(None)
    }

    /// `end`, or the newest checkpoint before it whose events are all there.
    fn readable(&self, repo: &Repo, end: Oid) -> Result<Option<Inspection>> {
        let mut at = Some(end);
        while let Some(oid) = at.filter(|oid| self.found.contains_key(oid)) {
            let inspection = inspect(repo, &self.run, oid)?;
            if inspection.can_be_rewritten() {
                return Ok(Some(inspection));
            }
            // Whatever stands above a break shares it; of other damages nothing below is known to be free.
            at = inspection.damages.iter().find_map(|damage| match damage {
                Damage::Broken { at, .. } => before(repo, *at),
                _ => None,
            });
        }
        Ok(None)
    }

    /// The newest checkpoint that was once recorded after `tip`, and how many are between them.
    pub(super) fn after(&self, tip: Oid) -> Option<(Oid, u64)> {
        let mut later = Vec::new();
        for end in self.ends() {
            let mut at = Some(end);
            while let Some(found) = at.and_then(|oid| self.found.get(&oid)) {
                if found.before == Some(tip) {
                    later.push((self.found[&end].at.clone(), end, found.seq));
                }
                at = found.before;
            }
        }
        later.sort();
        let (_, end, first) = later.pop()?;
        Some((end, self.found[&end].seq + 1 - first))
    }

    /// The checkpoints that none was recorded after.
    fn ends(&self) -> Vec<Oid> {
        let inner: HashSet<Oid> = self.found.values().filter_map(|one| one.before).collect();
        let mut ends: Vec<Oid> = self.found.keys().copied().collect();
        ends.retain(|oid| !inner.contains(oid));
        ends.sort();
        ends
    }
}

/// The checkpoint before one whose record cannot be read.
fn before(repo: &Repo, oid: Oid) -> Option<Oid> {
    repo.commit(oid).ok()?.parents.first().copied()
}
