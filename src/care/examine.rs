//! Examining runs. Nothing here changes anything.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Result;

use super::finding::{Finding, Kind, Mend, Remedy, Severity, short};
use super::search::{Search, run_tip};
use super::traces::{self, Traces};
use super::{leavings, outline, plans, projections};
use crate::git::{Oid, PackedDamage, Repo};
use crate::journal::inspect::{Damage, Inspection, inspect};
use crate::journal::{Held, Lease, layout};
use crate::run::state::State;

/// What was examined, and what was found.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// The runs that were looked at.
    pub runs: Vec<String>,
    /// The runs that another process drives, which were not.
    pub held: Vec<(String, Held)>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Where to look.
pub struct Scope<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// One run, or all.
    pub run: Option<&'a str>,
    /// Where a run keeps its worktrees.
    pub worktrees: &'a dyn Fn(&str) -> Result<PathBuf>,
}

/// Looks at the runs in `scope`.
pub fn examine(scope: &Scope<'_>) -> Result<Diagnosis> {
    let repo = scope.repo;
    let mut findings = broken(repo);
    findings.extend(damaged_packs(repo));
    if findings.is_empty() {
        findings = leavings::damaged_refs(repo)?;
    }
    if !findings.is_empty() {
        return Ok(Diagnosis {
            findings,
            ..Diagnosis::default()
        });
    }
    if let Some(damage) = repo.damaged_packed_refs() {
        let findings = vec![damaged_packed_refs(repo, damage)];
        return Ok(Diagnosis {
            findings,
            ..Diagnosis::default()
        });
    }
    let mut all = traces::runs(repo)?;
    if let Some(run) = scope.run {
        // Of a run that is asked for by name, notes are a trace as well.
        let traces = all.remove(run).unwrap_or_default();
        all.clear();
        all.insert(run.to_owned(), traces);
    }
    let search = Search::default();
    let mut diagnosis = Diagnosis::default();
    for (run, traces) in all {
        if let Some(held) = Lease::holder(repo.common_dir(), &run) {
            diagnosis.held.push((run, held));
            continue;
        }
        let root = (scope.worktrees)(&run)?;
        let (mut found, state) = look(repo, &search, &run, &traces)?;
        let is_gone = found.iter().all(|finding| finding.kind == Kind::Files);
        found.extend(leavings::of_run(
            repo,
            &run,
            &traces,
            state.as_ref(),
            is_gone,
            &root,
        )?);
        diagnosis.findings.append(&mut found);
        diagnosis.runs.push(run);
    }
    if scope.run.is_none() {
        diagnosis.findings.extend(plans::damaged(repo)?);
    }
    // While a run is driven, its driver holds such locks and makes such entries.
    if diagnosis.held.is_empty() {
        diagnosis.findings.extend(leavings::of_all(repo)?);
    }
    Ok(diagnosis)
}

/// Objects that cannot be read, and some that must not be, whosever they are: nothing else can be looked at before they
/// are gone.
fn broken(repo: &Repo) -> Vec<Finding> {
    let told = repo.broken_objects().into_iter().map(|object| {
        let what = format!(
            "the object `{object}` is damaged and cannot be read; the rest is examined once it is out of the way"
        );
        let remedy = Remedy::Mend(Mend::SetAside(object));
        Finding::new("", Kind::Objects, Severity::Error, what, remedy)
    });
    told.collect()
}

/// Indexes of packs that must not be used, whosever they are.
fn damaged_packs(repo: &Repo) -> Vec<Finding> {
    let damaged = repo.damaged_pack_indexes().into_iter();
    let told = damaged.map(|index| {
        let what = format!(
            "`{}` is damaged, so that nothing in its pack can be found safely; the rest is examined once it is mended",
            index.display()
        );
        let (kind, severity) = (Kind::Objects, Severity::Error);
        Finding::new("", kind, severity, what, Remedy::Mend(Mend::IndexPack(index)))
    });
    told.collect()
}

/// A file of everybody's refs that git cannot read: nothing else can be told before a person has mended it.
fn damaged_packed_refs(repo: &Repo, damage: PackedDamage) -> Finding {
    let file = repo.common_dir().join("packed-refs");
    let place = file.display();
    let (what, edit, how) = match damage {
        PackedDamage::Line(line) => (
            format!("`{place}` is damaged in line {line}, and git reads no ref that is kept in it"),
            format!("{line}d"),
            "take that line out",
        ),
        PackedDamage::Order(line) => (
            format!(
                "`{place}` is damaged near line {line}: it is out of order, and git misses refs that are kept in it"
            ),
            "1s/ sorted//".to_owned(),
            "have git sort it",
        ),
    };
    let words = format!(
        "keep a copy, {how}, `cp '{place}' '{place}.damaged' && sed -i '{edit}' '{place}'`, then `git enact doctor \
         --repair`; what was named there of yours stands in `git reflog` or in a clone"
    );
    let (kind, severity) = (Kind::PackedRefs, Severity::Error);
    Finding::new("", kind, severity, what, Remedy::Advice(words))
}

/// What is wrong with the journal of `run` and what hangs on it, and where the run stands if that can be told.
fn look(
    repo: &Repo,
    search: &Search,
    run: &str,
    traces: &Traces,
) -> Result<(Vec<Finding>, Option<State>)> {
    let mut found = Vec::new();
    for name in repo.broken_refs(&[&layout::branches(run)]) {
        let what = format!("`{name}` holds no object's name");
        let mend = Mend::RemoveBrokenRef(name);
        found.push(leavings::mendable(run, Kind::Branch, what, mend));
    }
    let Some(tip) = traces.journal.filter(|_| !traces.is_broken) else {
        found.extend(without_journal(repo, search, run, traces)?);
        return Ok((found, None));
    };
    let mut inspection = inspect(repo, run, tip)?;
    if let Some(finding) = damaged(repo, search, run, traces, &inspection)? {
        found.push(finding);
        return Ok((found, inspection.state.take()));
    }
    found.extend(attachments(repo, run, &inspection));
    if let Some(later) = later(repo, search, run, &inspection)? {
        found.push(later);
        return Ok((found, inspection.state.take()));
    }
    if let Some(state) = &inspection.state {
        found.extend(objects(repo, run, state, &inspection)?);
        let views = projections::look(repo, state)?;
        found.extend(projections::compare(run, &views));
    }
    Ok((found, inspection.state.take()))
}

/// A run whose journal's ref is gone or holds nothing.
fn without_journal(
    repo: &Repo,
    search: &Search,
    run: &str,
    traces: &Traces,
) -> Result<Option<Finding>> {
    let journal = layout::run_ref(run);
    let gone = if traces.is_broken {
        format!("`{journal}`, the journal, holds no object's name")
    } else {
        format!("`{journal}`, the journal, is gone")
    };
    let error = |what: String, remedy| {
        let finding = Finding::new(run, Kind::Journal, Severity::Error, what, remedy);
        Ok(Some(finding))
    };
    if let Some(newest) = search.newest_whole(repo, run, branch(traces, run))? {
        let what = format!("{gone}; {} is still here", described(&newest));
        let mend = Mend::PutJournal {
            to: newest.tip,
            from: None,
        };
        return error(what, Remedy::Mend(mend));
    }
    if let Some(outline) = outline::gather(repo, run, traces)? {
        let count = outline.done.len();
        let what = format!(
            "{gone}, and so are its checkpoints; notes and branches prove {count} done tasks"
        );
        return error(what, Remedy::Mend(Mend::RebuildJournal));
    }
    if !traces.branches.is_empty() {
        let what = format!("{gone}, and nothing else tells what was done");
        let words = format!(
            "{}; or remove what is left: `git enact clean {run} --purge`",
            fetching(repo, &format!("{journal}:{journal}"))
        );
        return error(what, Remedy::advice(words));
    }
    if traces.has_files {
        let what = "its local files are left, and nothing else is".to_owned();
        let finding = leavings::mendable(run, Kind::Files, what, Mend::RemoveFiles);
        return Ok(Some(finding));
    }
    Ok(None)
}

/// The worst damage of a journal whose ref names something, and what mends it.
fn damaged(
    repo: &Repo,
    search: &Search,
    run: &str,
    traces: &Traces,
    inspection: &Inspection,
) -> Result<Option<Finding>> {
    let journal = layout::run_ref(run);
    let is_serious = |damage: &&Damage| !matches!(damage, Damage::Attachment { .. });
    let Some(damage) = inspection.damages.iter().find(is_serious) else {
        return Ok(None);
    };
    let (kind, severity, what) = told(inspection, damage);
    if let Damage::Newer(_) = damage {
        let remedy = Remedy::advice("it was left alone; that program can examine it");
        return Ok(Some(Finding::new(run, kind, severity, what, remedy)));
    }
    let branch = branch(traces, run);
    let newest = search.newest_whole(repo, run, branch)?;
    let is_no_less = |other: &Inspection| match damage {
        // How far it was, only the run's branch tells.
        Damage::NoCheckpoint(_) => branch.is_none_or(|at| has_come_to(repo, other, at)),
        _ => other.seq() >= inspection.seq(),
    };
    let remedy = match newest {
        Some(other) if other.tip != inspection.tip && is_no_less(&other) => {
            Remedy::Mend(Mend::PutJournal {
                to: other.tip,
                from: Some(inspection.tip),
            })
        }
        _ if inspection.can_be_rewritten() => Remedy::Mend(Mend::RewriteJournal),
        Some(other) => Remedy::advice(format!(
            "{}; or go back to the newest that is whole, {}, which is a rollback: \
             `git update-ref {journal} {} {}`",
            fetching(repo, &journal),
            described(&other),
            other.tip,
            inspection.tip
        )),
        None => Remedy::advice(fetching(repo, &journal)),
    };
    Ok(Some(Finding::new(run, kind, severity, what, remedy)))
}

/// Whether a run has, at this checkpoint, integrated all that is on its branch.
fn has_come_to(repo: &Repo, inspection: &Inspection, branch: Oid) -> bool {
    let tip = run_tip(repo, inspection);
    tip.is_some_and(|tip| repo.is_ancestor(branch, tip).unwrap_or(false))
}

fn told(inspection: &Inspection, damage: &Damage) -> (Kind, Severity, String) {
    let tip = short(inspection.tip);
    match damage {
        Damage::Newer(newer) => (Kind::Version, Severity::Warning, newer.to_string()),
        Damage::NoCheckpoint(why) => (
            Kind::Journal,
            Severity::Error,
            format!("its journal's ref names {tip}, which is no checkpoint: {why}"),
        ),
        Damage::Broken { at, above, why } => (
            Kind::Checkpoint,
            Severity::Error,
            format!(
                "checkpoint {} cannot be read, the {above} newer ones can: {why}",
                short(*at)
            ),
        ),
        Damage::Plan(why) => (
            Kind::Plan,
            Severity::Error,
            format!("its plan cannot be read: {why}"),
        ),
        Damage::Illegal(why) => (
            Kind::Checkpoint,
            Severity::Error,
            format!("its events do not follow from each other: {why}"),
        ),
        Damage::Headline => (
            Kind::Snapshot,
            Severity::Error,
            format!("the headline of {tip} does not say what the events say"),
        ),
        Damage::Snapshot(why) => (
            Kind::Snapshot,
            Severity::Error,
            format!("its snapshot is damaged: {why}"),
        ),
        Damage::Attachment { checkpoint, name } => (
            Kind::Attachment,
            Severity::Warning,
            format!(
                "`{name}`, kept beside checkpoint {}, cannot be read",
                short(*checkpoint)
            ),
        ),
    }
}

/// What was kept beside events and cannot be read: nothing else has it.
fn attachments(repo: &Repo, run: &str, inspection: &Inspection) -> Vec<Finding> {
    let damages = inspection.damages.iter();
    damages
        .map(|damage| {
            let (kind, severity, what) = told(inspection, damage);
            let words = fetching(repo, &layout::run_ref(run));
            Finding::new(run, kind, severity, what, Remedy::Advice(words))
        })
        .collect()
}

/// Checkpoints that were recorded after the one that the journal names.
fn later(
    repo: &Repo,
    search: &Search,
    run: &str,
    inspection: &Inspection,
) -> Result<Option<Finding>> {
    let Some(newest) = search.after(repo, run, inspection.tip)? else {
        return Ok(None);
    };
    let other = inspect(repo, run, newest)?;
    if !other.is_whole() {
        return Ok(None);
    }
    let count = other.seq().saturating_sub(inspection.seq());
    let journal = layout::run_ref(run);
    let s = if count == 1 { "" } else { "s" };
    let what = format!(
        "its journal stands at {}, and {count} newer checkpoint{s} of it exist{}: it was moved back, which \
         is a rollback, or its driver died before they counted",
        described(inspection),
        if count == 1 { "s" } else { "" },
    );
    let words = format!(
        "`git enact resume {run}` goes on from there; back to the newest, {}: \
         `git update-ref {journal} {newest} {}`",
        described(&other),
        inspection.tip
    );
    let (kind, severity) = (Kind::Rollback, Severity::Warning);
    Ok(Some(Finding::new(
        run,
        kind,
        severity,
        what,
        Remedy::Advice(words),
    )))
}

/// Commits that the journal speaks of and that are not all there.
fn objects(repo: &Repo, run: &str, state: &State, inspection: &Inspection) -> Result<Vec<Finding>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut lost = |commit: Oid, whose: String| {
        let what = format!("objects of {commit} are missing: {whose}");
        let words = fetching(repo, &layout::run_ref(run));
        let (kind, severity) = (Kind::Objects, Severity::Error);
        let remedy = Remedy::Advice(words);
        found.push(Finding::new(run, kind, severity, what, remedy));
    };
    for (index, task) in state.graph().tasks().iter().enumerate() {
        for attempt in &state.at(index).history {
            let base = repo.oid(&attempt.base)?;
            for commit in attempt.tip.iter().chain(&attempt.salvage) {
                let commit = repo.oid(commit)?;
                let is_new = seen.insert(commit);
                if is_new && !repo.is_whole(commit, base).unwrap_or(false) {
                    let whose = format!("attempt {} of task {} made it", attempt.number, task.id);
                    lost(commit, whose);
                }
            }
        }
    }
    for checkpoint in &inspection.checkpoints {
        for commit in repo.commit(checkpoint.oid)?.parents {
            if seen.insert(commit) && !repo.is_commit(commit) {
                lost(commit, format!("checkpoint {} keeps it", checkpoint.oid));
            }
        }
    }
    Ok(found)
}

/// Where the run's branch is.
fn branch(traces: &Traces, run: &str) -> Option<Oid> {
    let name = layout::integration_branch(run);
    let mut branches = traces.branches.iter();
    branches
        .find(|(found, _)| *found == name)
        .map(|(_, at)| *at)
}

/// A checkpoint, with what it says of the run.
fn described(inspection: &Inspection) -> String {
    let status = inspection.state.as_ref().map(|state| {
        let counts = state.counts();
        format!(
            ", {} with {} of {} done",
            state.status(false),
            counts.done,
            counts.total
        )
    });
    format!(
        "checkpoint {} (event {}{})",
        short(inspection.tip),
        inspection.seq(),
        status.unwrap_or_default()
    )
}

/// How objects come back that another repository has.
fn fetching(repo: &Repo, what: &str) -> String {
    match repo.remotes().first() {
        Some(remote) => format!("if `{remote}` has it: `git fetch --refetch {remote} {what}`"),
        None => format!(
            "a clone or backup that has it brings it back: `git fetch --refetch <repository> {what}`"
        ),
    }
}
