//! What is known of a command on a tree, so that none is run twice for the same tree, command and environment.
//!
//! Learned from the verdicts on record, so that a resume and another process know it as well, and added to as commands
//! run. Two things are known of a command: that it passed ([`Proof`], which stands for running it again) and how it
//! went on a commit that others start from ([`Baseline`], which is only compared with, and may be a failure).
//!
//! Commands that share a place may live on what those before them made there: a digest names those too, and a list is
//! known as a whole or run as a whole. What ran where an attempt left ignored files proves nothing elsewhere and is not
//! kept; what is to be proven in a worktree of its own is proven by what ran in one only.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use super::commands::Bench;
use crate::attempt::output;
use crate::git::sha256;
use crate::process::environment;
use crate::run::evidence::Outcome;
use crate::run::proof::Proof;
use crate::run::results::{Baseline, Tested};
use crate::run::state::State;

/// What is known, by key. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    has_learned: bool,
    proofs: HashMap<String, Proof>,
    bases: HashMap<String, Entry>,
    turns: HashMap<String, Turn>,
}

/// Whoever runs a list of commands holds its turn, so that others who want the same wait for what comes of it.
pub(super) type Turn = Arc<Mutex<()>>;

/// Whoever runs a command on a base holds its entry, so that others who want the same wait for it.
pub(super) type Entry = Arc<Mutex<Option<Baseline>>>;

impl Known {
    /// Takes up what is on record; only once, for what comes later passes through here.
    pub(super) fn learn(&self, state: &State) {
        let mut entries = self.entries();
        if std::mem::replace(&mut entries.has_learned, true) {
            return;
        }
        let attempts = (0..state.graph().len()).flat_map(|index| &state.at(index).history);
        for attempt in attempts {
            if let Some(verdict) = &attempt.verdict {
                entries.take(&verdict.proofs, &verdict.tests);
                let quality = verdict.quality.iter();
                quality
                    .filter_map(|quality| quality.base.as_ref())
                    .for_each(|base| entries.take_base(base));
            }
            entries.take(&attempt.proofs, &[]);
        }
        if let Some(whole) = &state.run.verified {
            entries.take(&whole.proofs, &whole.tests);
        }
    }

    /// What is known of a command on a base.
    pub(super) fn entry(&self, key: &str) -> Entry {
        let mut entries = self.entries();
        if let Some(entry) = entries.bases.get(key) {
            return Arc::clone(entry);
        }
        let passed = entries.proofs.get(key).map(|_| Baseline {
            key: key.to_owned(),
            ended: Outcome::Exited(0).to_string(),
            ..Baseline::default()
        });
        let entry = Arc::new(Mutex::new(passed));
        entries.bases.insert(key.to_owned(), Arc::clone(&entry));
        entry
    }

    /// That each of the commands with these keys passed, if all are known to have; with `fresh`, in a worktree of
    /// their own.
    pub(super) fn passed(&self, keys: &[String], fresh: bool) -> Option<Vec<Proof>> {
        let entries = self.entries();
        let proof = |key| {
            let proof: &Proof = entries.proofs.get(key)?;
            (proof.is_fresh || !fresh).then(|| proof.clone())
        };
        keys.iter().map(proof).collect()
    }

    /// The turn of the list of commands that ends with this key.
    pub(super) fn turn(&self, key: &str) -> Turn {
        Arc::clone(self.entries().turns.entry(key.to_owned()).or_default())
    }

    /// Keeps what was just proven.
    pub(super) fn keep(&self, proof: &Proof) {
        self.entries().take(std::slice::from_ref(proof), &[]);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn take(&mut self, proofs: &[Proof], tests: &[Tested]) {
        for proof in proofs {
            let known = self.proofs.entry(proof.key.clone()).or_default();
            if !known.is_fresh {
                known.clone_from(proof);
            }
        }
        let compared = tests.iter().filter_map(|tested| tested.since.as_ref());
        compared.for_each(|since| self.take_base(&since.base));
    }

    fn take_base(&mut self, base: &Baseline) {
        if !base.is_short && is_lasting(base) {
            let entry = Arc::new(Mutex::new(Some(base.clone())));
            self.bases.insert(base.key.clone(), entry);
        }
    }
}

/// Whether it would go the same way again: a process that was killed or could not be started need not.
pub(super) fn is_lasting(base: &Baseline) -> bool {
    base.ended.starts_with("exit ") || base.ended == Outcome::TimedOut.to_string()
}

/// Where a command reads which task it is to prove: what proves one need not prove another that makes the same tree.
const TASK: &str = "ENACT_TASK";

/// The digest by which a run of `command` on `tree`, from which attempts of any task start, is known again.
pub(super) fn base_key(bench: &Bench, tree: &str, command: &str) -> Result<String> {
    let mut bench = bench.clone();
    bench.env.retain(|(name, _)| name != TASK);
    Ok(keys(&bench, tree, [command])?.concat())
}

/// The digests by which runs of `commands` on `tree`, one after the other in one place, are known again. What else we
/// tell of the attempt is not part of them where no command names it, nor the values of what is secret: they are on
/// record.
pub(super) fn keys<'c>(
    bench: &Bench,
    tree: &str,
    commands: impl IntoIterator<Item = &'c str>,
) -> Result<Vec<String>> {
    let commands: Vec<&str> = commands.into_iter().collect();
    let own = environment::fixed("/".as_ref());
    // What a command names, such as the commit that it compares with, is part of what it shows.
    let is_named = |name: &OsString| {
        let name = name.to_string_lossy();
        commands.iter().any(|command| command.contains(&*name))
    };
    let is_own = |name: &OsString| {
        name.as_bytes().starts_with(b"ENACT_") && name != TASK && !is_named(name)
            || name == "GIT_CEILING_DIRECTORIES"
            || own.iter().any(|(other, _)| other == name)
    };
    let secrets = output::secrets(&bench.env);
    let mut env: Vec<_> = bench.env.iter().filter(|(name, _)| !is_own(name)).collect();
    env.sort();
    let mut around = Vec::new();
    for (name, value) in env {
        around.push(name.as_bytes().to_vec());
        around.push(output::redact(value.as_bytes(), &secrets));
    }
    let setup = bench.setup.as_deref().unwrap_or_default();
    let mut before = vec![tree.as_bytes().to_vec()];
    let mut keys = Vec::new();
    for command in commands {
        before.push(command.into());
        let parts = [before.as_slice(), &[setup.into()], &around].concat();
        keys.push(sha256(&parts.join(&0))?);
    }
    Ok(keys)
}
