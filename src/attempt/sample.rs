//! Packages to try a template on: one with everything that a task can have, one with nothing that it need not have.

use super::package::{Dependency, Outline, Package, PreviousAttempt, TaskTitle, Teller};
use crate::plan::{Artifact, Dialect, Earlier, Expects, Location, Session, Task, TaskId, Weight};
use crate::run::evidence::{Claim, Outcome};

/// What a first attempt at a plain task is told at `weight`.
pub(super) fn plain(weight: Weight) -> Package {
    let task = Task {
        id: TaskId::new("1"),
        title: "A title".to_owned(),
        ..Task::at(Location::default())
    };
    let plan = Outline {
        title: "A plan".to_owned(),
        dialect: Dialect::Toml,
        tasks: vec![TaskTitle {
            id: task.id.clone(),
            title: task.title.clone(),
        }],
        omitted: 0,
    };
    Package {
        run: "a-run".to_owned(),
        attempt: 1,
        task,
        plan: (weight == Weight::Full).then_some(plan),
        files: Vec::new(),
        verify: Vec::new(),
        weight,
        dependencies: Vec::new(),
        previous_attempts: Vec::new(),
        answers: Vec::new(),
        artifacts: Vec::new(),
        flow_control: None,
        session: None,
        inherited: Vec::new(),
        skills: Vec::new(),
    }
}

/// What a second attempt is told at a task of which everything is known.
pub(super) fn whole() -> Package {
    let plain = plain(Weight::Full);
    let text = |text: &str| text.to_owned();
    let some = || Some(text("a/path"));
    let session = Session {
        name: text("A session"),
        workflow_dir: some(),
        plan_path: some(),
        todo_list_path: some(),
        context_package_path: some(),
        summaries_dir: some(),
        task_json_path: some(),
    };
    let task = Task {
        body: text("What to do"),
        group: Some(text("a group")),
        agent: Some(text("an agent")),
        creates: vec![text("a/path")],
        modifies: vec![text("a/path")],
        depends: vec![text("Cargo.toml: serde")],
        run: Some(text("true")),
        expects: Some(Expects::Passing),
        earlier: Some(Earlier {
            artifacts: vec![text("a/path")],
            last_step: Some(text("a step")),
            error: Some(text("an error")),
        }),
        ..plain.task.clone()
    };
    Package {
        attempt: 2,
        task,
        files: vec![text("a/path")],
        verify: vec![text("true")],
        dependencies: [true, false].map(dependency).into(),
        previous_attempts: vec![previous()],
        answers: vec![text("words")],
        artifacts: vec![Artifact {
            path: text("a/path"),
            priority: Some(text("high")),
            kind: Some(text("a kind")),
        }],
        session: Some(session),
        inherited: vec![text("words")],
        skills: vec![text("a-skill")],
        ..plain
    }
}

fn dependency(direct: bool) -> Dependency {
    let (id, commit) = (TaskId::new("0"), "0".repeat(40));
    Dependency {
        see: Dependency::pointers(&id, &commit, Some(&commit)),
        title: "A title".to_owned(),
        base: Some(commit.clone()),
        direct,
        summary: "words".to_owned(),
        told_by: Teller::Executor,
        is_cut: true,
        id,
        commit,
    }
}

fn previous() -> PreviousAttempt {
    PreviousAttempt {
        attempt: 1,
        outcome: Outcome::Exited(1),
        claim: Some(Claim {
            details: "words".to_owned(),
            recommendation: "words".to_owned(),
            ..Claim::default()
        }),
        executor: "an-executor".to_owned(),
        reasons: vec!["a reason".to_owned()],
        verdict: None,
        no_commit: true,
        salvage: Some("0".repeat(40)),
        words: vec!["words".to_owned()],
    }
}
