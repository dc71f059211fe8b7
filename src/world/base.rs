//! Running a verify command once more on the commit before, to know which failures are old.
//!
//! In a worktree made for it, as a new slot is made, so that nothing an executor left can make a failure look old; and
//! once only, as [`super::known`] has it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::{Result, ensure};

use super::commands::{Bench, run};
use super::known::{self, is_lasting};
use super::slots::{copy_included, set_up};
use crate::git::{Oid, Repo, Worktree, sha256};
use crate::process::environment;
use crate::run::results::{Baseline, Since};
use crate::verify::base::{by_status, since, unknown};
use crate::verify::facts::CheckRun;

/// Where a command is told its worktree.
const WORKTREE: &str = "ENACT_WORKTREE";

/// A commit on which commands can be run to compare with.
pub(super) struct Base {
    pub(super) commit: Oid,
    /// Where its worktree is made.
    pub(super) place: PathBuf,
    /// What that worktree is for, as git lists it.
    pub(super) purpose: String,
}

impl Base {
    /// How `after`, which failed on `bench`, stands against the same command here.
    pub(super) fn compare(
        &self,
        repo: &Repo,
        bench: &Bench,
        after: &CheckRun,
        name: &str,
    ) -> Since {
        match self.baseline(repo, bench, &after.command, name) {
            Ok(base) if after.names_failures() => since(base, after),
            Ok(base) => {
                let place = bench.env.iter().find(|(name, _)| name == WORKTREE);
                let place = place.map_or(Path::new(""), |(_, path)| Path::new(path));
                by_status(base, after, &printed(after, place))
            }
            Err(error) => {
                let nothing = Baseline {
                    commit: self.commit.to_string(),
                    ..Baseline::default()
                };
                unknown(nothing, format!("it could not be run there: {error:#}"))
            }
        }
    }

    fn baseline(&self, repo: &Repo, bench: &Bench, command: &str, name: &str) -> Result<Baseline> {
        let tree = repo.commit(self.commit)?.tree.to_string();
        let key = known::base_key(bench, &tree, command)?;
        let entry = bench.known.entry(&key);
        let mut known = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            // The same tree may have been reached by another commit.
            let commit = self.commit.to_string();
            return Ok(Baseline {
                commit,
                ..known.clone()
            });
        }
        let told = self.run(repo, bench, command, name)?;
        ensure!(!bench.live.is_cancelled(), "it was interrupted");
        let baseline = Baseline {
            commit: self.commit.to_string(),
            key,
            printed: printed(&told, &self.place),
            ended: told.ended,
            results: told.results,
            is_short: false,
        };
        if is_lasting(&baseline) {
            *known = Some(baseline.clone());
        }
        Ok(baseline)
    }

    fn run(&self, repo: &Repo, bench: &Bench, command: &str, name: &str) -> Result<CheckRun> {
        ensure!(!bench.live.is_cancelled(), "it was interrupted");
        let worktree = repo.create_worktree(&self.place, &self.purpose, self.commit)?;
        copy_included(repo, &self.place)?;
        let set_up = bench
            .setup
            .iter()
            .try_for_each(|setup| set_up(setup, &self.place));
        let told = set_up.map(|()| {
            run(
                &self.bench(repo, bench, &worktree),
                &self.place,
                command,
                name,
            )
        });
        repo.remove_worktree(&self.place)?;
        told
    }

    /// `bench` with names that are those of the worktree here.
    fn bench(&self, repo: &Repo, bench: &Bench, worktree: &Worktree) -> Bench {
        let mut here: Vec<(OsString, OsString)> = environment::fixed(worktree.path());
        here.push((WORKTREE.into(), worktree.path().into()));
        here.push(("ENACT_GIT_DIR".into(), worktree.their_git_dir().into()));
        let common_dir = worktree.their_common_dir(repo);
        here.push(("ENACT_GIT_COMMON_DIR".into(), common_dir.into()));
        let mut bench = bench.around(worktree);
        bench
            .env
            .retain(|(name, _)| here.iter().all(|(other, _)| other != name));
        bench.env.extend(here);
        bench
    }
}

/// A digest of what a command printed, wherever it ran.
fn printed(run: &CheckRun, place: &Path) -> String {
    let place = place.to_string_lossy();
    let output = match &*place {
        "" => run.output.clone(),
        place => run.output.replace(place, ""),
    };
    sha256(output.as_bytes()).unwrap_or_default()
}
