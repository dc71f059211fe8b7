//! An executor is told its task, does it under supervision, and its claim is read: the whole way, with the
//! executor that the protocol's own document shows.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use git_enact::attempt::package::Package;
use git_enact::attempt::{Invocation, Place, output};
use git_enact::plan::{Plan, Task, Weight};
use git_enact::process::supervise::{Ended, Supervisors};
use git_enact::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome};
use git_enact::run::policy::Policy;
use serde_json::json;
use tempfile::TempDir;

/// A repository in which one task is attempted.
struct Workshop {
    dir: TempDir,
}

impl Workshop {
    fn new() -> Self {
        let workshop = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(workshop.path("tree")).unwrap();
        fs::create_dir_all(workshop.path("bin")).unwrap();
        workshop.git(&["init", "--quiet"]);
        workshop.git(&["commit", "--quiet", "--allow-empty", "--message", "base"]);
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(self.path("tree"))
            .env_clear()
            .envs(self.environment())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A program that the executor finds on its path.
    fn program(&self, name: &str, script: &str) -> &Self {
        let path = self.path("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let config = self.path(".gitconfig");
        fs::write(&config, "[user]\nname = a\nemail = a@example.org\n").unwrap();
        vec![
            ("PATH".into(), path),
            ("HOME".into(), self.dir.path().into()),
            ("API_KEY".into(), "correct horse".into()),
        ]
    }

    fn attempt(&self, executor: &serde_json::Value) -> (Ended, Claim, String) {
        let place = Place {
            run: "run-1",
            attempt: 1,
            base: "HEAD",
            worktree: &self.path("tree"),
            git_dir: &self.path("tree/.git"),
            git_common_dir: &self.path("tree/.git"),
            files: &self.path("attempt"),
            told: &self.path("slot"),
        };
        let ready =
            Invocation::new(&place, &package(), &policy(executor), self.environment()).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_git-enact"));
        let ended = Supervisors::new(program)
            .start(&ready.order, &ready.files.mark)
            .unwrap()
            .wait();
        let reader = policy(executor).executor.reader();
        let (claim, _) = ready.files.claim(&ended, &reader, 0, &Default::default());
        let stored = output::redact(&ended.output.read().unwrap(), &ready.secrets);
        (ended, claim, String::from_utf8(stored).unwrap())
    }
}

fn package() -> Package {
    let task: Task = serde_json::from_value(json!({
        "id": "a/1", "title": "Write the file", "body": "Write `file`.", "run": "cat; echo \"$API_KEY\"; exit 125",
        "location": {"file": "plan.toml", "line": 1, "column": 1}
    }))
    .unwrap();
    let plan: Plan =
        serde_json::from_value(json!({"dialect": "toml", "title": "Plan", "tasks": [&task]}))
            .unwrap();
    Package::new(
        &task,
        &plan,
        Weight::Full,
        Vec::new(),
        Vec::new(),
        Vec::new(),
    )
}

fn policy(executor: &serde_json::Value) -> Policy {
    serde_json::from_value(json!({
        "executor": executor, "jobs": 1, "retries": 0, "conflict_retries": 0, "on_failure": "stop",
        "commit": "executor", "scope": "warn", "weight": "full", "timeout_ms": 60_000, "grace_ms": 1000,
        "durability": "process", "pass_env": ["API_KEY"]
    }))
    .unwrap()
}

/// The script in the protocol's document.
fn documented_executor() -> &'static str {
    let document = include_str!("../src/attempt/protocol.md");
    let (_, rest) = document.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_documented_executor_does_a_task() {
    let workshop = Workshop::new();
    workshop
        .program("some-agent", "#!/bin/sh\ngrep -o 'Task a/1: .*' >file\n")
        .program("executor", documented_executor());
    let (ended, claim, _) =
        workshop.attempt(&json!({"command": {"name": "it", "argv": ["executor"]}}));
    assert_eq!(ended.outcome, Outcome::Exited(0));
    assert_eq!(
        (claim.status, claim.form),
        (ClaimStatus::Done, ClaimForm::ResultFile)
    );
    assert_eq!(claim.commit, Some(workshop.git(&["rev-parse", "HEAD"])));
    assert_eq!(
        workshop.git(&["show", "HEAD:file"]),
        "Task a/1: Write the file"
    );
    assert_eq!(workshop.git(&["log", "-1", "--format=%s"]), "task a/1");
}

#[test]
fn the_documented_executor_says_when_nothing_was_done() {
    let workshop = Workshop::new();
    workshop
        .program("some-agent", "#!/bin/sh\n")
        .program("executor", documented_executor());
    let (ended, claim, _) =
        workshop.attempt(&json!({"command": {"name": "it", "argv": ["executor"]}}));
    assert_eq!(ended.outcome, Outcome::Exited(1));
    assert_eq!(claim.status, ClaimStatus::Failed);
    assert_eq!(claim.reason, "nothing was changed");
}

#[test]
fn a_tasks_own_commands_run_without_input_and_store_no_secret() {
    let (_, claim, stored) = Workshop::new().attempt(&json!("shell"));
    assert_eq!(claim.status, ClaimStatus::Blocked);
    assert_eq!(stored, "[redacted]\n");
}

#[test]
fn a_pipe_in_place_of_the_result_file_holds_up_nobody() {
    let executor =
        json!({"command": {"name": "it", "argv": ["sh", "-c", "mkfifo \"$ENACT_RESULT_FILE\""]}});
    let (ended, claim, _) = Workshop::new().attempt(&executor);
    assert_eq!(ended.outcome, Outcome::Exited(0));
    assert_eq!(
        (claim.status, claim.form),
        (ClaimStatus::Failed, ClaimForm::ResultFile)
    );
}
