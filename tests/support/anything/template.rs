//! A prompt template: it makes prompts, or is refused with the place; and it comes to an end.

use git_enact::attempt::package::Package;
use git_enact::attempt::prompt::{check, render};
use git_enact::plan::{Location, Task, TaskId, Weight};
use git_enact::run::policy::CommitMode;

pub(super) fn answer(bytes: &[u8]) {
    let template = String::from_utf8_lossy(bytes);
    let package = package();
    let made = render(Some(&template), &package, 1, CommitMode::Executor);
    match check(&template, Weight::Light) {
        // It was tried on a task that has as little.
        Ok(()) => drop(made.expect("what was tried can be used")),
        Err(wrong) => {
            assert!(!wrong.message.is_empty());
            let place = wrong.range.clone();
            assert!(template.get(place).is_some(), "{wrong:?} of {template:?}");
        }
    }
}

fn package() -> Package {
    let task = Task {
        id: TaskId::new("3"),
        title: "Another title".to_owned(),
        ..Task::at(Location::default())
    };
    Package {
        run: "demo-k3f9".to_owned(),
        attempt: 1,
        task,
        plan: None,
        files: Vec::new(),
        verify: Vec::new(),
        weight: Weight::Light,
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
