//! A plan is text from a repository and its commands are code: nothing runs before a person has approved
//! exactly these bytes, and reading never runs anything.

use std::path::Path;

use crate::support::digest::digest;
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Trust"
[[task]]
id = "a"
title = "Do a"
verify = ["test -s a.txt"]
"#;

fn staged() -> (User, String) {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("signal ran; commit a.txt \"work $(date +%N)\"");
    (user, executor)
}

/// `run` without `--yes`; there is no terminal.
fn run_unasked(user: &User, executor: &str, more: &[&str]) -> Output {
    let mut args = vec!["run", "plan.toml", "--new"];
    args.extend(more);
    args.extend(["--", executor]);
    user.enact(args)
}

#[test]
fn without_approval_it_says_what_it_would_do_and_does_nothing() {
    let (user, executor) = staged();
    let everything = || digest(user.path().parent().expect("a parent"), &[]);
    let before = everything();
    let output = run_unasked(&user, &executor, &["--final-verify", "cargo test"]).code(2);
    let output = output.complains("--yes").says("Do a").says("test -s a.txt");
    output.says(&executor).says("cargo test");
    before.assert_same(&everything(), "nothing is made, neither here nor at home");
    run_unasked(&user, &executor, &["--dry-run"])
        .success()
        .says("test -s a.txt");
    before.assert_same(&everything(), "nor by `--dry-run`");
}

#[test]
fn what_was_approved_does_not_ask_again() {
    let (user, executor) = staged();
    run_unasked(&user, &executor, &["--yes"]).success();
    run_unasked(&user, &executor, &[]).success();
    // Limits run nothing and let nothing out: changing them asks nobody.
    run_unasked(&user, &executor, &["--timeout", "5m", "--retries", "3"]).success();
}

#[test]
fn any_changed_byte_or_command_asks_again() {
    let (user, executor) = staged();
    run_unasked(&user, &executor, &["--yes"]).success();
    user.write("plan.toml", &PLAN.replace("Do a", "Do A"));
    run_unasked(&user, &executor, &[]).code(2);
    user.write("plan.toml", PLAN);
    run_unasked(&user, &executor, &[]).success();
    for more in [&["--verify", "true"][..], &["--final-verify", "true"]] {
        run_unasked(&user, &executor, more).code(2);
    }
    run_unasked(&user, "true", &[]).code(2);
    user.write("enact.toml", "setup = \"true\"\n");
    run_unasked(&user, &executor, &[])
        .code(2)
        .says("set up each worktree: true");
    user.write("enact.toml", "pass_env = [\"SECRET\"]\n");
    run_unasked(&user, &executor, &[]).code(2).says("SECRET");
}

#[test]
fn another_repository_asks_again() {
    let (user, executor) = staged();
    run_unasked(&user, &executor, &["--yes"]).success();
    let there = user.outside("another");
    let there = there.to_str().expect("text");
    user.git(["clone", "--quiet", ".", there]).success();
    user.enact(["-C", there, "run", "plan.toml", "--", &executor])
        .code(2)
        .says(&executor);
}

#[test]
fn approvals_lie_outside_the_repository() {
    let (user, executor) = staged();
    run_unasked(&user, &executor, &["--yes"]).success();
    let approvals = user.outside("home/.local/state/git-enact/approved");
    assert_eq!(std::fs::read_dir(approvals).expect("approvals").count(), 1);
    let mut elsewhere = user.enact_command(["run", "plan.toml", "--new", "--", &executor]);
    elsewhere.env("XDG_STATE_HOME", user.outside("state"));
    Output::of(&mut elsewhere).code(2);
    elsewhere.arg("--yes");
}

#[test]
fn another_machine_asks_before_it_resumes() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 75; commit a.txt a");
    user.run("plan.toml", &executor, &[]).code(4);
    user.signal("go");
    let mut resume = user.enact_command(["resume"]);
    resume.env("XDG_STATE_HOME", user.outside("state"));
    let refs = user.git(["show-ref"]).stdout;
    let output = Output::of(&mut resume).code(2);
    output.says(&executor).complains("--yes");
    assert_eq!(user.git(["show-ref"]).stdout, refs);
    Output::of(resume.arg("--yes")).success();
}

#[test]
fn a_journal_that_names_an_approved_hash_for_another_plan_is_not_believed() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 75; commit a.txt a");
    user.run("plan.toml", &executor, &[]).code(4);
    user.signal("go");
    let evil = format!("touch {}", user.outside("evil").display());
    forge(&user, "test -s a.txt", &evil);
    user.enact(["resume"]).code(2).says(&evil);
    assert!(!user.outside("evil").exists());
}

/// Replaces `from` by `to` in the plan that the run's journal holds, as somebody could who sends us a run.
fn forge(user: &User, from: &str, to: &str) {
    let name = "refs/enact/runs/r-test";
    let plan = user.at(name, "plan/plan.json");
    assert!(plan.contains(from), "the stored plan names its commands");
    std::fs::write(user.outside("forged"), plan.replace(from, to)).expect("a file");
    let script = format!(
        "export GIT_INDEX_FILE=../forged.index; git read-tree {name} && \
         blob=$(git hash-object -w ../forged) && git update-index --cacheinfo 100644,$blob,plan/plan.json && \
         git cat-file commit {name} | sed \"1s/.*/tree $(git write-tree)/\" > ../forged.commit && \
         git update-ref {name} $(git hash-object -t commit -w ../forged.commit)"
    );
    Output::of(user.command("sh").args(["-c", &script])).success();
}

#[test]
fn reading_executes_nothing_and_creates_nothing() {
    let (user, executor) = staged();
    let evil = user.outside("evil");
    let verify = format!("touch {}; test -s a.txt", evil.display());
    user.write("plan.toml", &PLAN.replace("test -s a.txt", &verify));
    user.enact(["check", "plan.toml"]).success();
    user.enact(["check", "plan.toml", "--json"])
        .success()
        .says("touch");
    assert!(!evil.exists(), "`check` runs no command of a plan");
    user.run("plan.toml", &executor, &[]).success();
    std::fs::remove_file(&evil).expect("`run` runs it");
    std::fs::remove_file(user.outside("ran")).expect("`run` runs the executor");
    let everything = || digest(Path::new(user.path().parent().expect("a parent")), &[]);
    let before = everything();
    for args in [
        &["check", "plan.toml"][..],
        &["status"],
        &["status", "--json"],
        &["status", "--porcelain"],
        &["log"],
        &["log", "--json"],
        &["list"],
        &["report"],
        &["progress"],
        &["help"],
        &["help", "journal"],
        &["--version"],
    ] {
        user.enact(args).success();
        before.assert_same(
            &everything(),
            &format!("`git enact {}` only reads", args.join(" ")),
        );
    }
}

#[test]
fn git_configuration_that_executes_is_not_executed() {
    let (user, executor) = staged();
    let trace = user.outside("trace");
    let command = format!("echo ran >> {}", trace.display());
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "diff.external",
        "core.askPass",
    ] {
        user.git(["config", key, &command]).success();
    }
    user.git([
        "config",
        "core.hooksPath",
        &user.outside("hooks").to_string_lossy(),
    ])
    .success();
    for args in [
        &["check", "plan.toml"][..],
        &["run", "plan.toml", "--", "true"],
    ] {
        assert!(user.enact(args).status <= 2);
        assert!(
            !trace.exists(),
            "`git enact {}` starts nothing",
            args.join(" ")
        );
    }
    let quiet = user.executor("echo a > a.txt");
    user.run("plan.toml", &quiet, &["--commit", "tool"])
        .success();
    assert!(
        !trace.exists(),
        "a run starts nothing but what was approved"
    );
    drop(executor);
}
