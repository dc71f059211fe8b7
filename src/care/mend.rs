//! Mending what an examination found, with the run's lease held.
//!
//! Mending one thing may show another (a journal that is put back has views again), so it is examined anew
//! until nothing is left that can be mended. Each mend says what it expects to find, as every write does; what
//! cannot be mended is told and stays as it is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::examine::{Diagnosis, Scope, examine};
use super::finding::{Finding, Mend, Remedy};
use super::outline;
use super::traces;
use crate::crash;
use crate::git::{Expected, Identity, Moved, Oid, Repo};
use crate::journal::inspect::{inspect, rewrite};
use crate::journal::{self, Clock, Lease, layout};
use crate::process::{self, supervise};
use crate::world::{self, project};

/// How often is examined again. Two turns are usual: a journal, then what hangs on it.
const TURNS: usize = 6;

/// What became of a finding that could be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The finding.
    pub finding: Finding,
    /// Why it was not, when it was not.
    pub failed: Option<String>,
    /// Where a file is kept that was changed for it.
    pub kept: Option<PathBuf>,
}

impl Mended {
    /// That of `finding`, which was `done`.
    pub(super) fn of(finding: &Finding, done: Result<Option<PathBuf>>) -> Self {
        let (kept, failed) = match done {
            Ok(kept) => (kept, None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Self {
            finding: finding.clone(),
            failed,
            kept,
        }
    }
}

/// Mends what can be mended in `scope` and tells of each; returns what is left.
pub fn repair(scope: &Scope<'_>, tell: &mut dyn FnMut(&Mended)) -> Result<Diagnosis> {
    let mut failed: Vec<Finding> = Vec::new();
    for _ in 0..TURNS {
        let diagnosis = examine(scope)?;
        let mendable = diagnosis.findings.iter().filter(|finding| {
            matches!(finding.remedy, Remedy::Mend(_)) && !failed.contains(finding)
        });
        let mendable: Vec<Finding> = mendable.cloned().collect();
        if mendable.is_empty() {
            return Ok(diagnosis);
        }
        for told in mend_all(scope.repo, &mendable) {
            if told.failed.is_some() {
                failed.push(told.finding.clone());
            }
            tell(&told);
        }
    }
    examine(scope)
}

/// Mends each of `findings`; the notes together.
fn mend_all(repo: &Repo, findings: &[Finding]) -> Vec<Mended> {
    let mut told = Vec::new();
    let mut notes = Vec::new();
    for finding in findings {
        let Remedy::Mend(mend) = &finding.remedy else {
            continue;
        };
        if let Mend::WriteNote { on, text } = mend {
            notes.push((finding, (*on, text.clone())));
            continue;
        }
        let mut kept = None;
        let done = with_lease(repo, &finding.run, |lease| {
            self::mend(repo, &finding.run, mend, lease, &mut kept)
        });
        told.push(Mended::of(finding, done.map(|()| kept)));
        crash::step("mended");
    }
    if !notes.is_empty() {
        let batch: Vec<(Oid, Option<Vec<u8>>)> =
            notes.iter().map(|(_, note)| note.clone()).collect();
        let done = write_notes(repo, &batch).map_err(|error| format!("{error:#}"));
        told.extend(notes.iter().map(|(finding, _)| {
            let done = done.clone().map(|()| None).map_err(anyhow::Error::msg);
            Mended::of(finding, done)
        }));
    }
    told
}

/// Does `work` while nobody else can drive `run`, and leaves no trace of having done so. What concerns no run
/// needs no lease.
fn with_lease(
    repo: &Repo,
    run: &str,
    work: impl FnOnce(Option<Lease>) -> Result<()>,
) -> Result<()> {
    if run.is_empty() {
        return work(None);
    }
    let dir = layout::local_run(repo.common_dir(), run);
    let had_files = dir.exists();
    let Ok(lease) = Lease::take(repo.common_dir(), run)? else {
        bail!("another process drives the run now");
    };
    let done = work(Some(lease));
    if !had_files {
        // With anything else in it the directory stays.
        std::fs::remove_file(layout::lease_file(repo.common_dir(), run)).unwrap_or_default();
        std::fs::remove_dir(&dir).unwrap_or_default();
    }
    done
}

/// Mends one thing; `kept` is where a file was kept that was changed for it.
fn mend(
    repo: &Repo,
    run: &str,
    mend: &Mend,
    lease: Option<Lease>,
    kept: &mut Option<PathBuf>,
) -> Result<()> {
    let journal = layout::run_ref(run);
    match mend {
        Mend::PutJournal { to, from } => {
            repo.clear_stale_locks(&[&journal])?;
            repo.remove_broken_ref(&journal)?;
            put(repo, &journal, *to, *from)
        }
        Mend::RewriteJournal => {
            let tip = journal::tip(repo, run)?;
            let written = rewrite(repo, &inspect(repo, run, tip)?)?;
            put(repo, &journal, written, Some(tip))
        }
        Mend::RebuildJournal => {
            let lease = lease.context("there is no run to rebuild")?;
            repo.remove_broken_ref(&journal)?;
            let traces = traces::of(repo, run)?;
            let outline = outline::gather(repo, run, &traces)?;
            let outline = outline.context("its notes and branches changed meanwhile")?;
            outline.write(repo, lease)
        }
        Mend::RemoveBrokenRef(name) => repo.remove_broken_ref(name),
        Mend::PutBranch { from } => {
            let state = journal::load(repo, run)?.state;
            moved(project::put_branch_back(repo, &state, *from)?)
        }
        Mend::PutTaskBranch { name, to, from } => put(repo, name, *to, *from),
        Mend::PutNotes { to } => put_notes(repo, *to),
        Mend::WriteNote { on, text } => write_notes(repo, &[(*on, text.clone())]),
        Mend::SetAside(object) => repo.move_torn(*object, &layout::torn_dir(repo.common_dir())),
        Mend::IndexPack(index) => repo.make_pack_index(index, &layout::torn_dir(repo.common_dir())),
        Mend::RemoveLock(lock) => std::fs::remove_file(lock)
            .with_context(|| format!("`{}` cannot be removed", lock.display())),
        Mend::RemoveWorktree(path) => remove_worktree(repo, path),
        Mend::RemoveHalfMade => repo.remove_half_made_worktrees(),
        Mend::EndProcesses => world::end_processes(repo, run),
        Mend::ForgetProcess { mark, worktrees } => forget_process(mark, worktrees),
        Mend::RemoveAttemptFiles => world::remove_files(repo, run),
        Mend::PutBack(place) => {
            *kept = world::put_back(repo, run, place)?;
            Ok(())
        }
        Mend::RemoveFiles => {
            world::end_processes(repo, run)?;
            let dir = layout::local_run(repo.common_dir(), run);
            std::fs::remove_dir_all(&dir)
                .with_context(|| format!("`{}` cannot be removed", dir.display()))
        }
    }
}

/// Empties a mark that nobody can read. Whose processes it spoke of is unknown, so none may work for the run.
fn forget_process(mark: &Path, worktrees: &Path) -> Result<()> {
    if let Some(worker) = process::workers(worktrees).first() {
        let (pid, command) = (worker.pid, &worker.command);
        bail!("process {pid} (`{command}`) works in a worktree of the run: end it, then once more");
    }
    supervise::forget(mark)
}

fn put(repo: &Repo, name: &str, to: Oid, from: Option<Oid>) -> Result<()> {
    let expected = from.map_or(Expected::Missing, Expected::At);
    moved(repo.move_to(name, to, expected, "git enact: repaired")?)
}

fn moved(result: Result<(), Moved>) -> Result<()> {
    if let Err(Moved { found }) = result {
        let found = found.map_or("nothing".to_owned(), |found| found.to_string());
        bail!("it was moved meanwhile, to {found}");
    }
    Ok(())
}

/// Has the notes' ref name `to`, or nothing.
fn put_notes(repo: &Repo, to: Option<Oid>) -> Result<()> {
    let name = layout::PROGRESS;
    project::unlock_notes(repo)?;
    repo.remove_broken_ref(name)?;
    // What cannot be read would be taken for written when it is written again.
    if let Some(at) = repo.read(name)? {
        let tree = repo.commit(at).map(|commit| commit.tree);
        let unreadable = tree.and_then(|tree| repo.unreadable(tree, &mut HashSet::new()));
        for (_, object) in unreadable.unwrap_or_default() {
            repo.discard_unreadable(object)?;
        }
        repo.discard_unreadable(at)?;
    }
    match (to, repo.read(name)?) {
        (Some(to), from) => put(repo, name, to, from),
        (None, Some(from)) => moved(repo.delete(name, from)?),
        (None, None) => Ok(()),
    }
}

fn write_notes(repo: &Repo, batch: &[(Oid, Option<Vec<u8>>)]) -> Result<()> {
    project::unlock_notes(repo)?;
    let time = Clock::from_env()?.now();
    project::write_notes(repo, batch, &Identity::of(repo)?, time)
}

/// Removes a worktree of ours; what is not committed in it stays, and the worktree with it.
fn remove_worktree(repo: &Repo, path: &Path) -> Result<()> {
    if path.exists() {
        let mut worktree = repo.open_worktree(path)?;
        let unreadable = "what it holds cannot be told";
        let head = worktree.head(repo).context(unreadable)?;
        let at = head.commit.context(unreadable)?;
        let dirty = worktree.dirty(repo, at).context(unreadable)?;
        if !dirty.is_clean() {
            bail!(
                "not committed in it: {}; `git enact clean` removes it with that",
                dirty.paths.join(", ")
            );
        }
        if repo.keepers(at)?.is_empty() {
            bail!("no ref keeps {at}, which it stands on: `git branch kept {at}`, then once more");
        }
    }
    repo.remove_worktree(path)?;
    if let Some(parent) = path.parent() {
        world::remove_worktrees(repo, parent)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_moved_meanwhile_is_not_mended() {
        assert!(moved(Ok(())).is_ok());
        let refused = moved(Err(Moved { found: None })).expect_err("it is gone");
        assert_eq!(refused.to_string(), "it was moved meanwhile, to nothing");
    }
}
