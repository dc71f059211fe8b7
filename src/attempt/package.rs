//! The context package: all that an attempt is told about its task, as one JSON document
//! (`ENACT_TASK_FILE`). Built from plain values; where they come from is not known here.

use serde::{Deserialize, Serialize};

use super::summary;
use crate::plan::{Artifact, Check, Dialect, Plan, Session, Task, TaskId, Unfolded, Weight};
use crate::run::evidence::{Claim, Outcome, Verdict};

/// What one attempt is given to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The run's id.
    #[serde(default)]
    pub run: String,
    /// The attempt's number.
    #[serde(default)]
    pub attempt: u32,
    /// The task, as the plan has it.
    pub task: Task,
    /// The plan in outline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Outline>,
    /// Globs of what the task may change; empty when the plan does not say.
    pub files: Vec<String>,
    /// How the result will be verified, as the author wrote it.
    pub verify: Vec<String>,
    /// How much of this was wanted.
    pub weight: Weight,
    /// The tasks that this one needs, with what they left; then those that these needed, nearest first.
    pub dependencies: Vec<Dependency>,
    /// The attempts before this one, oldest first.
    pub previous_attempts: Vec<PreviousAttempt>,
    /// What a person answered, verbatim.
    pub answers: Vec<String>,
    /// Documents worth knowing, the most important first.
    pub artifacts: Vec<Artifact>,
    /// The task's steps as its plan has them: what to look into first, how to do it, which files to touch.
    #[serde(default)]
    pub flow_control: Option<serde_json::Value>,
    /// The session that the plan belongs to, and where it keeps what concerns the task.
    pub session: Option<Session>,
    /// Context that the plan hands down, as written.
    pub inherited: Vec<String>,
    /// Skills that the plan asks for.
    pub skills: Vec<String>,
}

/// A plan in outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Its title.
    pub title: String,
    /// The format it was written in.
    pub dialect: Dialect,
    /// Its tasks in the order of the text; of a large plan those that this one touches.
    pub tasks: Vec<TaskTitle>,
    /// How many are not named.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

/// How many tasks are named, whatever they have to do with the one at hand: each attempt would otherwise cost
/// as much as the plan is long.
const NAMED: usize = 200;

/// A task's id and title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTitle {
    /// The plan's own id.
    pub id: TaskId,
    /// One line.
    pub title: String,
}

/// A task that this one needs, done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The plan's own id.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// The commit that holds it.
    pub commit: String,
    /// The commit that it started from, when this run did it.
    #[serde(default)]
    pub base: Option<String>,
    /// Whether the task itself names it, and not only one that it builds on.
    pub direct: bool,
    /// What its executor passed on, or what its commit says; as much of it as there is room for.
    pub summary: String,
    /// Who says so.
    #[serde(default)]
    pub told_by: Teller,
    /// Whether the summary goes on where there was no room.
    #[serde(default)]
    pub is_cut: bool,
    /// Commands that tell the rest.
    #[serde(default)]
    pub see: Vec<String>,
}

/// Where a summary comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Teller {
    /// The executor that did the task.
    #[default]
    Executor,
    /// The commit, where the executor said nothing.
    Commit,
}

impl Dependency {
    /// The commands that tell all of it.
    pub fn pointers(id: &TaskId, commit: &str, base: Option<&str>) -> Vec<String> {
        let change = base.map_or_else(
            || format!("git show {commit}"),
            |base| format!("git diff {base}..{commit}"),
        );
        vec![change, format!("git enact show {id}")]
    }
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousAttempt {
    /// Its number.
    pub attempt: u32,
    /// How its process ended.
    pub outcome: Outcome,
    /// What it claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Who made it.
    #[serde(default)]
    pub executor: String,
    /// Every reason for which it was refused.
    pub reasons: Vec<String>,
    /// The judgement, with the kind of each reason and what the tests said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Whether the want of a commit was among them.
    pub no_commit: bool,
    /// The commit that holds what it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvage: Option<String>,
    /// What a person said to it, verbatim.
    pub words: Vec<String>,
}

impl Package {
    /// The package of a task at `weight`. A light one has the task, its files and its checks; yet what went
    /// wrong before and what a person said is never left out, or the next attempt fails the same way.
    pub fn new(
        task: &Task,
        plan: &Plan,
        weight: Weight,
        dependencies: Vec<Dependency>,
        previous_attempts: Vec<PreviousAttempt>,
        answers: Vec<String>,
    ) -> Self {
        let light = Self {
            run: String::new(),
            attempt: 0,
            task: task.clone(),
            plan: None,
            files: task.files.clone(),
            verify: task
                .verify
                .iter()
                .map(Check::text)
                .map(str::to_owned)
                .collect(),
            weight,
            dependencies: Vec::new(),
            previous_attempts,
            answers,
            artifacts: Vec::new(),
            flow_control: None,
            session: None,
            inherited: Vec::new(),
            skills: skills(task, plan),
        };
        match weight {
            Weight::Light => light,
            Weight::Full => Self {
                plan: Some(Outline::new(plan, task)),
                dependencies,
                artifacts: plan.artifacts.iter().map(Artifact::at).collect(),
                ..light
            },
        }
    }

    /// Puts in what the plan says of the task in a file of its own. The task itself is told whatever the weight;
    /// what is handed down and which documents matter, when all is.
    #[must_use]
    pub fn unfolded(mut self, unfolded: Unfolded) -> Self {
        self.task = unfolded.task;
        if self.weight == Weight::Full {
            self.inherited = unfolded.inherited;
            self.flow_control = unfolded.flow_control;
            return self.with_artifacts(unfolded.artifacts);
        }
        self
    }

    /// Adds documents. Each stands once, with the priority that anybody gives it; the most important come first.
    #[must_use]
    pub fn with_artifacts(mut self, documents: Vec<Artifact>) -> Self {
        for document in documents {
            let mut known = self.artifacts.iter_mut();
            match known.find(|known| known.path == document.path) {
                Some(known) if known.priority.is_none() => *known = document,
                Some(_) => {}
                None => self.artifacts.push(document),
            }
        }
        self.artifacts.sort_by_key(Artifact::rank);
        self
    }

    /// Says which attempt of which run it is for.
    #[must_use]
    pub fn numbered(mut self, run: &str, attempt: u32) -> Self {
        run.clone_into(&mut self.run);
        self.attempt = attempt;
        self
    }

    /// Keeps the summaries within so many tokens together; what has no room is left to the pointers.
    #[must_use]
    pub fn within(mut self, budget: u32) -> Self {
        let told = |dependency: &Dependency| summary::tokens(dependency.summary.trim());
        let wanted: Vec<usize> = self.dependencies.iter().map(told).collect();
        let shares = summary::shares(&wanted, budget as usize);
        for (dependency, share) in self.dependencies.iter_mut().zip(shares) {
            let kept = summary::cut(&dependency.summary, share);
            dependency.is_cut = kept.len() < dependency.summary.trim().len();
            dependency.summary = kept.to_owned();
        }
        self
    }

    /// Adds commands that the run verifies every task with.
    #[must_use]
    pub fn verified_by(mut self, commands: impl IntoIterator<Item = String>) -> Self {
        self.verify.extend(commands);
        self
    }
}

impl Outline {
    fn new(plan: &Plan, task: &Task) -> Self {
        let waits_for = |one: &Task, other: &Task| {
            one.needs.contains(&other.id) || one.after.contains(&other.id)
        };
        let is_large = plan.tasks.len() > NAMED;
        let titles = plan.tasks.iter().filter(|other| {
            !is_large || other.id == task.id || waits_for(task, other) || waits_for(other, task)
        });
        let tasks: Vec<TaskTitle> = titles
            .map(|task| TaskTitle {
                id: task.id.clone(),
                title: task.title.clone(),
            })
            .collect();
        Self {
            title: plan.title.clone(),
            dialect: plan.dialect,
            omitted: plan.tasks.len() - tasks.len(),
            tasks,
        }
    }
}

/// Those of the task, then those of the whole plan.
fn skills(task: &Task, plan: &Plan) -> Vec<String> {
    let mut skills = task.skills.clone();
    for skill in plan.wishes.skills.iter() {
        if !skills.contains(skill) {
            skills.push(skill.clone());
        }
    }
    skills
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
