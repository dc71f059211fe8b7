//! What an examination finds: what is wrong, how bad it is, and what mends it. Plain values.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::git::{Oid, Place};

/// Something that is wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The run; empty when it concerns the repository.
    pub run: String,
    /// Of which kind it is.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do about it.
    pub remedy: Remedy,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something lies around, or a view of the run is not what it should be.
    Warning,
    /// Part of what happened cannot be read.
    Error,
}

/// What a finding is about; the names are for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The journal's ref: gone, or naming no checkpoint.
    Journal,
    /// The journal stands before checkpoints that were recorded.
    Rollback,
    /// A checkpoint that cannot be read, or does not follow from those before.
    Checkpoint,
    /// The stored plan.
    Plan,
    /// A file of a plan in the checkout.
    PlanFile,
    /// A headline or snapshot, which only answer more quickly.
    Snapshot,
    /// What was kept beside an event.
    Attachment,
    /// Objects of a commit that the journal speaks of.
    Objects,
    /// The file in which git keeps many refs.
    PackedRefs,
    /// A format that this program does not know.
    Version,
    /// The run's branch.
    Branch,
    /// The branch of a task.
    TaskBranch,
    /// A PROGRESS note.
    Note,
    /// A lock that nobody holds.
    Lock,
    /// A worktree that should be gone, or half of one.
    Worktree,
    /// Processes that outlived their driver.
    Processes,
    /// Local files that nobody needs.
    Files,
    /// What was changed in the repository while a run was driven.
    Tampering,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// We can mend it.
    Mend(Mend),
    /// Only a person can, and these words help.
    Advice(String),
}

/// How something is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// The journal's ref is put on a checkpoint that was found.
    PutJournal {
        /// The checkpoint.
        to: Oid,
        /// What the ref names now.
        from: Option<Oid>,
    },
    /// Headlines and snapshots are made again from the events.
    RewriteJournal,
    /// An outline of the run is made from notes and branches.
    RebuildJournal,
    /// A ref that names nothing is removed.
    RemoveBrokenRef(String),
    /// The run's branch is put where the journal says it is.
    PutBranch {
        /// What it names now.
        from: Option<Oid>,
    },
    /// A task's branch is put where the journal says it is.
    PutTaskBranch {
        /// The branch.
        name: String,
        /// Where it belongs.
        to: Oid,
        /// What it names now.
        from: Option<Oid>,
    },
    /// The notes, which cannot be read, are put on the newest of their commits that can; without one they begin anew.
    PutNotes {
        /// That commit.
        to: Option<Oid>,
    },
    /// A note is written, or removed without a text.
    WriteNote {
        /// The commit.
        on: Oid,
        /// The note.
        text: Option<Vec<u8>>,
    },
    /// The file of an object that cannot be read is moved out of git's way.
    SetAside(Oid),
    /// The index of a pack is made again from the pack.
    IndexPack(PathBuf),
    /// A lock file is removed.
    RemoveLock(PathBuf),
    /// A worktree of ours is removed, unless something in it is not committed.
    RemoveWorktree(PathBuf),
    /// Entries of git's for worktrees that were never finished are removed.
    RemoveHalfMade,
    /// Processes are ended.
    EndProcesses,
    /// What says which process supervises an attempt is emptied, unless something still works in a worktree.
    ForgetProcess {
        /// The file that says so.
        mark: PathBuf,
        /// Where the run keeps its worktrees.
        worktrees: PathBuf,
    },
    /// The files of ended attempts are removed.
    RemoveAttemptFiles,
    /// The local files of a run that is gone are removed.
    RemoveFiles,
    /// What was changed in the user's repository is put back.
    PutBack(Place),
}

impl Finding {
    /// A finding about `run`.
    pub(super) fn new(
        run: &str,
        kind: Kind,
        severity: Severity,
        what: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        Self {
            run: run.to_owned(),
            kind,
            severity,
            what: what.into(),
            remedy,
        }
    }
}

impl Severity {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl Remedy {
    /// Advice.
    pub(super) fn advice(words: impl Into<String>) -> Self {
        Remedy::Advice(words.into())
    }
}

impl fmt::Display for Mend {
    /// What is done, as an imperative without its subject's end: `put it on 1234567`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mend::PutJournal { to, .. } => write!(f, "put the journal's ref on {}", short(*to)),
            Mend::RewriteJournal => f.write_str("make it again from the events"),
            Mend::RebuildJournal => {
                f.write_str("make an outline of the run from its notes and branches")
            }
            Mend::RemoveBrokenRef(_) => f.write_str("remove the ref, which holds nothing"),
            Mend::PutBranch { .. } => f.write_str("put it where the journal says it is"),
            Mend::PutTaskBranch { to, .. } => write!(f, "put it on {}", short(*to)),
            Mend::PutNotes { to: Some(to) } => write!(f, "put them on {}", short(*to)),
            Mend::PutNotes { to: None } => f.write_str("begin them anew"),
            Mend::WriteNote { text: Some(_), .. } => f.write_str("write it as the journal has it"),
            Mend::WriteNote { text: None, .. } => f.write_str("remove it"),
            Mend::SetAside(_) => f.write_str("move it out of git's way"),
            Mend::IndexPack(_) => f.write_str("make it again from the pack"),
            Mend::RemoveLock(_) => f.write_str("remove the lock"),
            Mend::RemoveWorktree(_) => {
                f.write_str("remove it, unless something in it is not committed")
            }
            Mend::RemoveHalfMade => f.write_str("remove git's entry"),
            Mend::EndProcesses => f.write_str("end them"),
            Mend::ForgetProcess { .. } => {
                f.write_str("empty it, unless something works in the run's worktrees")
            }
            Mend::RemoveAttemptFiles | Mend::RemoveFiles => f.write_str("remove them"),
            Mend::PutBack(_) => {
                f.write_str("put back what was there, and keep what is there now beside")
            }
        }
    }
}

/// Seven digits of a hash.
pub(super) fn short(oid: Oid) -> String {
    let mut hex = oid.to_string();
    hex.truncate(7);
    hex
}
