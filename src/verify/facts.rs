//! What git and the checks show of an attempt, as plain values for [`super::rules::judge`].

use super::checks::Purpose;
use crate::plan::TaskId;
use crate::run::event::Residue;
use crate::run::evidence::{Claim, Outcome};
use crate::run::proof::Proof;
use crate::run::results::{Results, Since, Tested};

/// Everything that a judgement may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// How the process ended.
    pub outcome: Outcome,
    /// The wall-clock limit it had, in milliseconds.
    pub limit_ms: Option<u64>,
    /// The longest silence it was allowed, in milliseconds.
    pub stall_limit_ms: Option<u64>,
    /// What the executor said.
    pub claim: Claim,
    /// The commit it started from.
    pub base: String,
    /// The tip of the task branch, when it moved.
    pub tip: Option<String>,
    /// What the commit named in the claim is.
    pub claimed: Claimed,
    /// Whether the tip descends from the base.
    pub descends: bool,
    /// Whether every object of the tip exists.
    pub whole: bool,
    /// Whether the tool committed for the executor.
    pub committed_by_tool: bool,
    /// What was left in the worktree.
    pub residue: Residue,
    /// Another task whose commits it has, when those were not integrated before it began.
    pub foreign: Option<TaskId>,
    /// The paths that differ between base and tip.
    pub changed: Vec<String>,
    /// The files that the task promises.
    pub promised: Vec<(String, Promise)>,
    /// The dependencies that the task promises, and whether each stands.
    pub dependencies: Vec<(String, bool)>,
    /// The commands that were run on the tip.
    pub checks: Vec<CheckRun>,
    /// The hook that was run after them, when they passed.
    pub hook: Option<CheckRun>,
    /// What the plan gives as a check and nothing here can run.
    pub unrun: Vec<String>,
    /// The quality checks, by name and command.
    pub quality: Vec<(String, String)>,
    /// What the plan demands in its own words, each with the command that it names.
    pub criteria: Vec<(String, Option<String>)>,
}

/// What the commit named in a claim is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// None was named.
    Nothing,
    /// This commit.
    Commit(String),
    /// No object has that name.
    Unknown(String),
    /// Several have.
    Ambiguous(String),
    /// An object of another kind.
    Other(String, String),
}

/// What became of a promised file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It exists and is not empty.
    Kept,
    /// It does not exist.
    Missing,
    /// It is empty.
    Empty,
    /// It was to be changed, and is as it was.
    Unchanged,
    /// It was to be changed, and is new.
    New,
}

/// One verify command, run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// The command, as for `sh -c`.
    pub command: String,
    /// What it was run for.
    pub purpose: Purpose,
    /// Whether it ended with status 0 in time.
    pub passed: bool,
    /// How it ended, in words.
    pub ended: String,
    /// What it printed, as far as it was kept.
    pub output: String,
    /// What it told of its tests, in full.
    pub results: Option<Results>,
    /// What became of its tests since the base, where that was looked at.
    pub since: Option<Box<Since>>,
    /// That it passed where it counts for later ones; by this alone it may be known to have passed.
    pub proof: Option<Proof>,
}

impl CheckRun {
    /// A run that is not made again, for `proof` is known.
    pub fn known(proof: Proof, purpose: Purpose) -> Self {
        Self {
            command: proof.command.clone(),
            purpose,
            passed: true,
            ended: Outcome::Exited(0).to_string(),
            output: String::new(),
            results: None,
            since: None,
            proof: Some(proof),
        }
    }

    /// Whether it passed, or failed only as it did on the base.
    pub fn holds(&self) -> bool {
        self.passed || self.since.as_ref().is_some_and(|since| since.excuses())
    }

    /// What is kept of what it told of its tests.
    pub fn tested(&self) -> Option<Tested> {
        let Some(results) = &self.results else {
            return self.proof.as_ref()?.tested.clone();
        };
        let since = self.since.as_deref().cloned();
        Some(Tested::of(&self.command, results, since))
    }

    /// Whether it names tests that failed, so that it is worth to know whether they failed before.
    pub fn names_failures(&self) -> bool {
        let suites = self
            .results
            .iter()
            .flat_map(|results| results.suites.values());
        !self.passed && suites.flat_map(|suite| &suite.failures).next().is_some()
    }
}
