//! `enact.toml`: settings, or faults that stand somewhere in it; and every policy that is made of them can be recorded.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use git_enact::config::Settings;
use git_enact::git::Repo;
use git_enact::journal::codec;
use git_enact::plan::{Dialect, Faults, Location, Plan, Task, TaskId, Wishes};
use git_enact::report::faults::render;
use git_enact::run::event::{Event, Recorded};
use git_enact::run::policy::Policy;
use git_enact::run::state::{Counts, Headline};

use super::assert_tame;

/// A repository with an `enact.toml`.
struct Place {
    dir: tempfile::TempDir,
    repo: Repo,
}

thread_local! {
    static PLACE: Place = Place::new();
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let made = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .status();
        assert!(made.is_ok_and(|made| made.success()), "a repository");
        let repo = Repo::discover(dir.path()).expect("a repository");
        Self { dir, repo }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("enact.toml")
    }
}

pub(super) fn answer(bytes: &[u8]) {
    PLACE.with(|place| {
        fs::write(place.file(), bytes).expect("written");
        let text = String::from_utf8_lossy(bytes);
        match Settings::read(&place.file()) {
            Ok(settings) => assert_eq!(settings.clone().with(settings.clone()), settings),
            Err(faults) => placed(&faults, &text),
        }
        match Settings::of(&place.repo) {
            Ok(settings) => made(&settings),
            Err(faults) => placed(&faults, &text),
        }
    });
}

/// Every fault stands in the file, and can be shown.
fn placed(faults: &Faults, text: &str) {
    assert!(!faults.faults.is_empty(), "what is refused has a reason");
    for fault in &faults.faults {
        let Some(place) = &fault.location else {
            continue;
        };
        let lines = text.lines().count().max(1) + 1;
        assert!(place.line >= 1 && place.column >= 1, "{fault:?}");
        assert!(place.line as usize <= lines, "{fault:?} of {lines} lines");
    }
    assert_tame(&render(&faults.faults, &faults.sources, false), false);
}

/// The policy of a run, if these settings make one, is read back from the journal as it was.
fn made(settings: &Settings) {
    let task = Task {
        id: TaskId::new("1"),
        title: "One".to_owned(),
        ..Task::at(Location::default())
    };
    let plan = Plan {
        dialect: Dialect::Toml,
        title: "One".to_owned(),
        tasks: vec![task],
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    let command = vec!["true".to_owned()];
    for command in [command, Vec::new()] {
        if let Ok(policy) = settings.policy(&plan, command, false, None) {
            recorded(policy);
        }
    }
}

fn recorded(policy: Policy) {
    let stored = serde_json::to_vec(&policy).expect("it can be stored");
    let found: Policy = serde_json::from_slice(&stored).expect("and read");
    assert_eq!(found, policy);
    let started = Recorded {
        seq: 1,
        at: "2026-01-01T00:00:00Z".to_owned(),
        checkpoint: String::new(),
        event: Event::Started {
            run: "demo-k3f9".to_owned(),
            base: "1".repeat(40),
            plan_hash: "0".repeat(64),
            plan_path: "plan.toml".to_owned(),
            policy: Box::new(policy),
        },
    };
    let headline = Headline {
        run: "demo-k3f9".to_owned(),
        title: "One".to_owned(),
        status: "running".to_owned(),
        tip: "1".repeat(40),
        plan_hash: "0".repeat(64),
        plan_path: "plan.toml".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        landed: false,
        counts: Counts::default(),
    };
    let message = codec::message(&started, &headline).expect("it can be recorded");
    assert_eq!(codec::decode(&message).expect("and read"), started);
}
