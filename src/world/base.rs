//! Running a verify command once more on the commit before, to know which failures are old.
//!
//! In a worktree made for it, as a new slot is made, so that nothing an executor left can make a failure look old.
//! Once for each tree, command and environment: what verdicts on record say is not run again.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};

use super::commands::{Bench, run};
use super::slots::{copy_included, set_up};
use crate::attempt::output;
use crate::git::{Oid, Repo, Worktree, sha256};
use crate::process::environment;
use crate::run::evidence::Outcome;
use crate::run::results::{Baseline, Since};
use crate::run::state::State;
use crate::verify::base::{since, unknown};
use crate::verify::facts::CheckRun;

/// What is known of bases, by key. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Baselines(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    has_learned: bool,
    by_key: HashMap<String, Entry>,
}

/// Whoever runs a command on a base holds its entry, so that others who want the same wait for it.
type Entry = Arc<Mutex<Option<Baseline>>>;

/// A commit on which commands can be run to compare with.
pub(super) struct Base {
    pub(super) commit: Oid,
    /// Where its worktree is made.
    pub(super) place: PathBuf,
    /// What that worktree is for, as git lists it.
    pub(super) purpose: String,
    /// What makes a new worktree usable.
    pub(super) setup: Option<String>,
    pub(super) known: Baselines,
}

impl Baselines {
    /// Takes up what verdicts on record say; only once, for what comes later passes through here.
    pub(super) fn learn(&self, state: &State) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut known.has_learned, true) {
            return;
        }
        let attempts = (0..state.graph().len()).flat_map(|index| &state.at(index).history);
        let tests = attempts
            .filter_map(|attempt| attempt.verdict.as_ref())
            .flat_map(|verdict| &verdict.tests);
        for base in tests.filter_map(|tested| Some(&tested.since.as_ref()?.base)) {
            if !base.is_short && is_lasting(base) {
                let entry = Arc::new(Mutex::new(Some(base.clone())));
                known.by_key.insert(base.key.clone(), entry);
            }
        }
    }

    fn entry(&self, key: &str) -> Entry {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.by_key.entry(key.to_owned()).or_default())
    }
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
            Ok(base) => since(base, after),
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
        let key = self.key(repo, bench, command)?;
        let entry = self.known.entry(&key);
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
        let set_up = self
            .setup
            .iter()
            .try_for_each(|setup| set_up(setup, &self.place));
        let told = set_up.map(|()| run(&self.bench(bench, &worktree), &self.place, command, name));
        repo.remove_worktree(&self.place)?;
        told
    }

    /// `bench` with names that are those of the worktree here.
    fn bench(&self, bench: &Bench, worktree: &Worktree) -> Bench {
        let mut here: Vec<(OsString, OsString)> = environment::fixed(worktree.path());
        here.push(("ENACT_WORKTREE".into(), worktree.path().into()));
        here.push(("ENACT_GIT_DIR".into(), worktree.git_dir().into()));
        let mut bench = bench.clone();
        bench
            .env
            .retain(|(name, _)| here.iter().all(|(other, _)| other != name));
        bench.env.extend(here);
        bench
    }

    /// The digest by which a run of `command` here is known again. What we tell a command of the attempt is not
    /// part of it, nor the values of what is secret: the digest is on record.
    fn key(&self, repo: &Repo, bench: &Bench, command: &str) -> Result<String> {
        let tree = repo.commit(self.commit)?.tree.to_string();
        let setup = self.setup.as_deref().unwrap_or_default();
        let own = environment::fixed(&self.place);
        let is_own = |name: &OsString| {
            name.as_bytes().starts_with(b"ENACT_") || own.iter().any(|(other, _)| other == name)
        };
        let secrets = output::secrets(&bench.env);
        let mut env: Vec<_> = bench.env.iter().filter(|(name, _)| !is_own(name)).collect();
        env.sort();
        let mut parts = vec![tree.into_bytes(), command.into(), setup.into()];
        for (name, value) in env {
            parts.push(name.as_bytes().to_vec());
            parts.push(output::redact(value.as_bytes(), &secrets));
        }
        sha256(&parts.join(&0))
    }
}

/// Whether it would go the same way again: a process that was killed or could not be started need not.
fn is_lasting(base: &Baseline) -> bool {
    base.ended.starts_with("exit ") || base.ended == Outcome::TimedOut.to_string()
}
