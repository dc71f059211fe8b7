//! What an executor does in a submodule is kept as its other work is, and never taken for done when it would be lost.

use crate::support::user::{Output, User};

/// A user whose repository has the submodule `s`, which executors may fetch.
fn furnished() -> User {
    let user = User::new();
    let origin = user.outside("origin").to_string_lossy().into_owned();
    user.git(["init", "--quiet", &origin]).success();
    std::fs::write(user.outside("origin/lib.txt"), "lib\n").expect("a file");
    for args in [
        &["-C", &origin, "add", "--all"][..],
        &["-C", &origin, "commit", "--quiet", "--message", "Lib"],
        &[
            "-C",
            &origin,
            "config",
            "receive.denyCurrentBranch",
            "ignore",
        ],
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            &origin,
            "s",
        ],
    ] {
        user.git(args).success();
    }
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
    user
}

const FETCH: &str = "git -c protocol.file.allow=always submodule --quiet update --init\ncd s";

fn attempted(script: &str, flags: &[&str]) -> (User, Output) {
    let user = furnished();
    let executor = user.executor(&format!("{FETCH}\n{script}"));
    let mut all = vec!["--retries", "0", "--on-failure", "skip"];
    all.extend(flags);
    let output = user.run("plan.toml", &executor, &all);
    (user, output)
}

fn keeps(user: &User, path: &str) -> bool {
    let commits = user.git(["rev-list", "refs/enact/runs/r-test"]).success();
    let mut commits = commits.stdout.lines();
    commits.any(|commit| {
        user.git(["cat-file", "-e", &format!("{commit}:{path}")])
            .status
            == 0
    })
}

#[test]
fn a_commit_that_is_in_the_worktrees_submodule_only_is_not_done_and_is_kept() {
    let script = "commit new.txt new; cd ..; git add s; git commit --quiet --message Bump";
    let (user, output) = attempted(script, &[]);
    output.code(1).complains("were left behind: s/");
    assert!(keeps(&user, "s/new.txt") && keeps(&user, "s/lib.txt"));
}

#[test]
fn a_commit_that_was_pushed_is_done() {
    let script = "commit new.txt new; git push --quiet origin HEAD:refs/heads/main; git fetch --quiet\n\
                  cd ..; git add s; git commit --quiet --message Bump";
    let (user, output) = attempted(script, &[]);
    output.success();
    assert_eq!(user.task("t")["status"], "done");
}

#[test]
fn files_changed_in_a_submodule_are_left_behind_whoever_commits() {
    for mode in ["executor", "tool", "auto"] {
        let (user, output) = attempted(
            "echo more >> lib.txt; echo rest > rest.txt",
            &["--commit", mode],
        );
        output.code(1).complains("were left behind: s");
        assert!(keeps(&user, "s/rest.txt"), "{mode}");
    }
}

#[test]
fn the_next_attempt_finds_submodules_as_they_were() {
    let script = "test -e rest.txt && exit 7; echo rest > rest.txt; exit 1";
    let user = furnished();
    let executor = user.executor(&format!("{FETCH}\n{script}"));
    user.run(
        "plan.toml",
        &executor,
        &["--retries", "1", "--on-failure", "skip"],
    )
    .code(1);
    let reason = user.task("t")["reason"].clone();
    assert!(
        reason
            .as_str()
            .is_some_and(|reason| !reason.contains("exit 7")),
        "{reason}"
    );
}
