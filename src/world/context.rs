//! What an attempt is told, gathered from where it stands: the plan, the journal, and the commits that it builds on.
//!
//! Of what it builds on, the tasks that it needs come with a summary, those before them as pointers, the nearest
//! first, and no more of either than somebody would read: an attempt must not cost as much as the plan is long.

use std::collections::HashSet;

use anyhow::{Context as _, Result, anyhow};

use super::Local;
use super::ending::Particulars;
use crate::attempt::output::{self, Secrets};
use crate::attempt::package::{Dependency, Package, PreviousAttempt, Teller};
use crate::attempt::{Files, Given, summary};
use crate::git::{ChangeKind, Oid, Repo};
use crate::graph::Graph;
use crate::journal;
use crate::journal::layout::{self, PACKAGE, PROMPT};
use crate::plan::{self, Session, Task, TaskId, TaskSource, Unfolded};
use crate::run::engine::Attachment;
use crate::run::evidence::{Outcome, ReasonKind};
use crate::run::policy::Policy;
use crate::run::state::{AttemptState, State, TaskState};

/// How many tasks that others needed are pointed at.
const FURTHER_MAX: usize = 40;
/// How many files of a commit are named, and how many of its subjects.
const NAMED_MAX: usize = 40;

impl Local {
    /// The context that an executor is given; of an attempt that has ended, for whoever looks into what it asked.
    pub(super) fn package(&self, task: &TaskId, state: &State, has_ended: bool) -> Result<Package> {
        let graph = self.approved.graph();
        let index = graph.index(task).context("the plan has the task")?;
        let at = state.at(index);
        // Unless it has ended, the newest entry is the attempt that is about to run.
        let last = at.history.len().saturating_sub(usize::from(!has_ended));
        let policy = self.approved.policy();
        let earlier = at.history[..last].iter();
        let previous = earlier.map(|attempt| previous_attempt(attempt, policy));
        let found = &graph.tasks()[index];
        let weight = state.run.policy.weight;
        let dependencies = match weight {
            plan::Weight::Light => Vec::new(),
            plan::Weight::Full => dependencies(&self.site.repo, state, index)?,
        };
        let package = Package::new(
            found,
            graph.plan(),
            weight,
            dependencies,
            previous.collect(),
            at.words.clone(),
        );
        let package = self.with_surroundings(package, found, state)?;
        let number = at.last().map_or(0, |last| last.number);
        let demands = self.demands(state);
        let quality = demands
            .quality(found)
            .map(|(_, command)| command.to_owned());
        let commands = demands.verify(found).iter().cloned().chain(quality);
        Ok(package
            .numbered(&self.site.run, number)
            .verified_by(commands)
            .within(policy.summary_tokens))
    }

    /// All that the task's own file says, in the bytes that were approved, whatever lies in the checkout by now.
    pub(super) fn unfolded(&self, task: &Task, source: &TaskSource) -> Result<Unfolded> {
        let tip = journal::tip(&self.site.repo, &self.site.run)?;
        let bytes = journal::source(&self.site.repo, tip, &source.file)?;
        let unfolded = plan::unfolded(self.approved.graph().plan().dialect, task, bytes);
        unfolded.map_err(|fault| anyhow!(fault.message))
    }

    /// Adds what the task's own file and its session say.
    fn with_surroundings(&self, package: Package, task: &Task, state: &State) -> Result<Package> {
        let plan = self.approved.graph().plan();
        let package = match &task.source {
            Some(source) => package.unfolded(self.unfolded(task, source)?),
            None => package,
        };
        if package.weight == plan::Weight::Light {
            return Ok(package);
        }
        // What the executor finds in its worktree: a path that leads nowhere is worse than none.
        let (repo, base) = (&self.site.repo, self.base_of(&task.id, state)?);
        let exists = |path: &str| matches!(repo.entry_at(base, path), Ok(Some(_)));
        let session = Session::of(plan, task, &state.run.plan_path, exists);
        let listed = session
            .as_ref()
            .and_then(|session| session.context_package_path.as_deref());
        let bytes = listed.map(|path| repo.blob_at(base, path)).transpose()?;
        let documents = bytes.flatten().zip(listed);
        let documents = documents.map_or_else(Vec::new, |(bytes, path)| {
            plan::documents(plan.dialect, path.as_ref(), bytes)
        });
        let mut package = package.with_artifacts(documents);
        package.session = session;
        Ok(package)
    }

    fn base_of(&self, task: &TaskId, state: &State) -> Result<Oid> {
        let last = state.task(task).and_then(TaskState::last);
        let base = last.map_or(state.run.tip.as_str(), |last| last.base.as_str());
        self.site.repo.oid(base)
    }
}

/// What the executor was told, as it may be stored. Nothing when the files are those of another attempt in the same
/// worktree: the driver died before it wrote them.
pub(super) fn kept(what: &Particulars, files: &Files) -> Vec<Attachment> {
    if !what.told.is_empty() {
        return what.told.clone();
    }
    let Some(told) = files.given(&what.task.id, what.attempt) else {
        return Vec::new();
    };
    let prompt = what.reads_prompt.then_some((PROMPT, told.prompt));
    let both = [(PACKAGE, told.package)].into_iter().chain(prompt);
    both.map(|(name, bytes)| Attachment {
        name: name.to_owned(),
        bytes: output::redact(&bytes, &what.secrets),
    })
    .collect()
}

/// Stores, while the executor runs, what the event of its end will keep: then it is there already.
pub(super) fn store_early(what: &mut Particulars, repo: &Repo, files: &Files) {
    what.told = kept(what, files);
    for kept in &what.told {
        // If it cannot be written now, it is written or missed when it counts.
        repo.write_blob(&kept.bytes).map(drop).unwrap_or_default();
    }
}

/// What an attempt of `task` that runs in `slot` is told, as far as this machine knows and without what is secret there.
pub fn given(repo: &Repo, state: &State, task: &TaskId, attempt: u32, slot: u32) -> Option<Given> {
    let (dir, run) = (repo.common_dir(), &state.run.id);
    let told = layout::slot_stem(dir, run, slot);
    let graph = state.graph();
    let stem = layout::attempt_stem(dir, run, graph.slug(graph.index(task)?), attempt);
    let files = Files::of(&stem, &told);
    let given = files.given(task, attempt)?;
    // Whoever asks need not know what the run was given.
    let secrets = Secrets::default().with(files.marks());
    Some(Given {
        package: output::redact(&given.package, &secrets),
        prompt: output::redact(&given.prompt, &secrets),
    })
}

/// What the task at `index` builds on: those that it needs, and those that these need.
fn dependencies(repo: &Repo, state: &State, index: usize) -> Result<Vec<Dependency>> {
    let graph = state.graph();
    let direct = graph.needs(index);
    let mut found = Vec::new();
    for &need in direct {
        found.extend(direct_need(repo, state, need)?);
    }
    let further = further(graph, index);
    found.extend(further.into_iter().filter_map(|need| pointer(state, need)));
    Ok(found)
}

/// The tasks that stand behind those that the one at `index` needs, the nearest first.
fn further(graph: &Graph, index: usize) -> Vec<usize> {
    let mut seen: HashSet<usize> = graph.needs(index).iter().copied().collect();
    seen.insert(index);
    let mut ring: Vec<usize> = graph.needs(index).to_vec();
    let mut found = Vec::new();
    while !ring.is_empty() {
        let mut next = Vec::new();
        for &task in ring.iter().flat_map(|&task| graph.needs(task)) {
            if found.len() == FURTHER_MAX {
                return found;
            }
            if seen.insert(task) {
                found.push(task);
                next.push(task);
            }
        }
        ring = next;
    }
    found
}

/// A done task as it is pointed at.
fn pointer(state: &State, need: usize) -> Option<Dependency> {
    let (at, task) = (state.at(need), &state.graph().tasks()[need]);
    let commit = at.commit.clone()?;
    let mut merged = at.merged.iter().rev();
    let brought = merged.find(|merged| merged.commit == commit);
    let base = brought.map(|merged| merged.base.clone());
    let base = base.filter(|base| !base.is_empty());
    Some(Dependency {
        see: Dependency::pointers(&task.id, &commit, base.as_deref()),
        id: task.id.clone(),
        title: task.title.clone(),
        commit,
        base,
        direct: false,
        summary: String::new(),
        told_by: Teller::default(),
        is_cut: false,
    })
}

/// The same with a summary: what its executor passed on, else what its commits say.
fn direct_need(repo: &Repo, state: &State, need: usize) -> Result<Option<Dependency>> {
    let Some(mut dependency) = pointer(state, need) else {
        return Ok(None);
    };
    dependency.direct = true;
    let claim = state.at(need).last().and_then(|last| last.claim.as_ref());
    let notes = claim.map(|claim| claim.notes.trim()).unwrap_or_default();
    if notes.is_empty() {
        dependency.told_by = Teller::Commit;
        // A courtesy: a commit that cannot be read, as in a shallow clone, stops nobody.
        dependency.summary = told_by_commits(repo, &dependency).unwrap_or_default();
    } else {
        notes.clone_into(&mut dependency.summary);
    }
    Ok(Some(dependency))
}

/// The subjects of a task's commits, and the files that they change.
fn told_by_commits(repo: &Repo, dependency: &Dependency) -> Result<String> {
    let tip = repo.oid(&dependency.commit)?;
    let commit = repo.commit(tip)?;
    let base = match &dependency.base {
        Some(base) => Some(repo.oid(base)?),
        None => commit.parents.first().copied(),
    };
    let Some(base) = base else {
        return Ok(commit.subject);
    };
    let line = repo.commits_between(base, tip)?;
    let mut subjects = Vec::new();
    for &one in line.iter().rev().take(NAMED_MAX) {
        subjects.push(repo.commit(one)?.subject);
    }
    let changes = repo.changed(base, tip)?;
    let mut files: Vec<String> = changes
        .iter()
        .take(NAMED_MAX)
        .map(|change| {
            let what = match change.kind {
                ChangeKind::Added => "created",
                ChangeKind::Deleted => "deleted",
                ChangeKind::Modified | ChangeKind::TypeChanged => "changed",
            };
            format!("{what} {}", change.path)
        })
        .collect();
    let others = changes.len().saturating_sub(NAMED_MAX);
    if others > 0 {
        files.push(format!("and {others} more files"));
    }
    Ok(summary::of_commit(&subjects, &files))
}

fn previous_attempt(attempt: &AttemptState, policy: &Policy) -> PreviousAttempt {
    let verdict = attempt.verdict.as_ref();
    let reasons = verdict
        .map(|verdict| verdict.reasons.as_slice())
        .unwrap_or_default();
    let texts = reasons.iter().map(|reason| reason.text.clone());
    PreviousAttempt {
        attempt: attempt.number,
        outcome: attempt.outcome.unwrap_or(Outcome::Lost),
        claim: attempt.said().cloned(),
        executor: attempt.made_by(policy).to_owned(),
        reasons: texts.chain(attempt.aside.clone()).collect(),
        verdict: verdict.cloned(),
        no_commit: reasons
            .iter()
            .any(|reason| reason.kind == ReasonKind::NoCommit),
        salvage: attempt.salvage.clone().or_else(|| attempt.tip.clone()),
        words: Vec::new(),
    }
}
