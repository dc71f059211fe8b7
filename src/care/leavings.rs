//! What dead processes leave around a run: locks, worktrees, processes, files. Only what we made is named, but
//! for locks that stop everybody.

use std::path::Path;

use anyhow::Result;

use super::finding::{Finding, Kind, Mend, Remedy, Severity};
use super::traces::Traces;
use crate::git::Repo;
use crate::journal::layout;
use crate::process::supervise;
use crate::run::state::{Drive, State};
use crate::world;

/// What lies around the repository, whichever run left it.
pub(super) fn of_all(repo: &Repo) -> Result<Vec<Finding>> {
    let mut found = locks(repo, "", &[layout::PROGRESS]);
    for lock in repo.shared_locks() {
        let remedy = Remedy::advice(lock.remedy());
        let (kind, severity) = (Kind::Lock, Severity::Warning);
        found.push(Finding::new("", kind, severity, lock.to_string(), remedy));
    }
    for entry in repo.half_made_worktrees()? {
        let what = format!("`{}` is half of a worktree", entry.display());
        found.push(mendable("", Kind::Worktree, what, Mend::RemoveHalfMade));
    }
    Ok(found)
}

/// What lies around a run that nobody drives; `state` is where it stands, if its journal tells, and `is_gone` says
/// that nothing ever will: a run whose journal may come back can still need its worktrees.
pub(super) fn of_run(
    repo: &Repo,
    run: &str,
    traces: &Traces,
    state: Option<&State>,
    is_gone: bool,
    root: &Path,
) -> Result<Vec<Finding>> {
    let is_over = state.map_or(is_gone, |state| state.run.drive == Drive::Finished);
    let refs = [layout::branches(run), layout::run_ref(run)];
    let mut found = locks(repo, run, &[&refs[0], &refs[1]]);
    if !is_over {
        found.extend(tampering(repo, run)?);
        found.extend(state.and_then(|state| lost(repo, state)));
    }
    for listed in &traces.worktrees {
        for lock in listed.locks() {
            let what = format!("`{}` was left by a git that was killed", lock.display());
            found.push(mendable(run, Kind::Lock, what, Mend::RemoveLock(lock)));
        }
        if state.is_none() && !is_gone {
            continue;
        }
        let what = match (listed.path.exists(), is_over) {
            (false, _) => "its directory is gone",
            (true, true) => "the run has ended",
            (true, false) => continue,
        };
        let what = format!("the worktree `{}` is left: {what}", listed.path.display());
        let mend = Mend::RemoveWorktree(listed.path.clone());
        found.push(mendable(run, Kind::Worktree, what, mend));
    }
    if is_over {
        found.extend(forgotten(repo, run, root)?);
    }
    let mut alive = Vec::new();
    for mark in world::marks(repo, run)? {
        match supervise::survivors(&mark) {
            Ok(survivors) => alive.extend(survivors),
            Err(why) => {
                let what = format!("which process supervises an attempt cannot be told: {why:#}");
                let worktrees = root.to_path_buf();
                let mend = Mend::ForgetProcess { mark, worktrees };
                found.push(mendable(run, Kind::Processes, what, mend));
            }
        }
    }
    if !alive.is_empty() {
        let pids: Vec<String> = alive.iter().map(u32::to_string).collect();
        let what = format!("processes of a dead driver still run: {}", pids.join(", "));
        found.push(mendable(run, Kind::Processes, what, Mend::EndProcesses));
    }
    let files = layout::attempts_dir(repo.common_dir(), run);
    if state.is_some() && is_over && files.exists() {
        let what = format!(
            "the files of ended attempts are left in `{}`",
            files.display()
        );
        found.push(mendable(run, Kind::Files, what, Mend::RemoveAttemptFiles));
    }
    Ok(found)
}

/// What was changed in the user's repository while the run was driven, and is neither put back nor accepted.
fn tampering(repo: &Repo, run: &str) -> Result<Vec<Finding>> {
    let found = world::tampered(repo, run)?.into_iter();
    let told = found.map(|one| {
        let words = world::detailed(repo, &one).join("; ");
        let words: Vec<&str> = words.split_whitespace().collect();
        let what = format!("while it was driven, {}", words.join(" "));
        let remedy = Remedy::Mend(Mend::PutBack(one.place));
        Finding::new(run, Kind::Tampering, Severity::Error, what, remedy)
    });
    Ok(told.collect())
}

/// A quarantine of which it is not held any more what was there before.
fn lost(repo: &Repo, state: &State) -> Option<Finding> {
    let run = state.run.id.as_str();
    let Drive::Quarantined(reason) = &state.run.drive else {
        return None;
    };
    if world::holds(repo, run) {
        return None;
    }
    let what = format!(
        "it is quarantined ({reason}), and what was there before is not held any more: nobody knows whether it was put back"
    );
    let words =
        format!("look at it, then `git enact resume {run} --yes` takes the repository as it is");
    let remedy = Remedy::advice(words);
    Some(Finding::new(
        run,
        Kind::Tampering,
        Severity::Error,
        what,
        remedy,
    ))
}

/// A list of refs that is damaged, so that no other can be read, as far as a run holds what it was.
pub(super) fn damaged_refs(repo: &Repo) -> Result<Vec<Finding>> {
    let place = repo.packed_refs();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(layout::local_runs(repo.common_dir()))
        .into_iter()
        .flatten()
        .flatten()
    {
        let run = entry.file_name().to_string_lossy().into_owned();
        let all = tampering(repo, &run)?.into_iter();
        found.extend(all.filter(|one| one.remedy == Remedy::Mend(Mend::PutBack(place.clone()))));
    }
    Ok(found)
}

/// Directories where worktrees of a run that has ended were, and that git no longer lists.
fn forgotten(repo: &Repo, run: &str, root: &Path) -> Result<Vec<Finding>> {
    let known = repo.worktrees()?;
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        let is_slot = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("slot-"));
        let path = path.canonicalize().unwrap_or(path);
        if !is_slot || known.iter().any(|listed| listed.path == path) {
            continue;
        }
        let place = path.display();
        let what = format!("`{place}` was a worktree, and git does not know it any more");
        let words = format!("if nothing in it is needed: `rm -r '{place}'`");
        let remedy = Remedy::advice(words);
        found.push(Finding::new(
            run,
            Kind::Worktree,
            Severity::Warning,
            what,
            remedy,
        ));
    }
    Ok(found)
}

/// Locks on refs that stay longer than a living git holds them.
fn locks(repo: &Repo, run: &str, refs: &[&str]) -> Vec<Finding> {
    let locks = repo.locks(refs);
    let name = locks.first().map(|lock| lock.with_extension(""));
    let name = name.as_deref().and_then(|name| {
        let name = name.strip_prefix(repo.common_dir()).ok()?;
        name.to_str()
    });
    // Patience for one is patience for all.
    if name.is_some_and(|name| !repo.stays_locked(name)) {
        return Vec::new();
    }
    let left = locks.into_iter().filter(|lock| lock.exists());
    left.map(|lock| {
        let what = format!("`{}` was left by a git that was killed", lock.display());
        mendable(run, Kind::Lock, what, Mend::RemoveLock(lock))
    })
    .collect()
}

pub(super) fn mendable(run: &str, kind: Kind, what: String, mend: Mend) -> Finding {
    Finding::new(run, kind, Severity::Warning, what, Remedy::Mend(mend))
}
