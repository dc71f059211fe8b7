//! What cannot be done is refused before anything is created: exit 2, the cause, and what was probably meant.

use crate::support::user::{Output, User};

const PLAN: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"login\"\ntitle = \"Do it\"\n";

/// A refusal: exit 2, this text, and nothing made.
#[track_caller]
fn refused(user: &User, args: &[&str], text: &str) {
    let before = (
        user.git(["show-ref"]).stdout,
        user.path().join(".git/enact").exists(),
    );
    user.enact(args).code(2).complains(text);
    let after = (
        user.git(["show-ref"]).stdout,
        user.path().join(".git/enact").exists(),
    );
    assert_eq!(after, before, "`{}` must create nothing", args.join(" "));
    assert!(!user.outside("repo.enact").exists(), "nor worktrees");
}

fn staged() -> User {
    let user = User::new();
    user.plan(PLAN);
    user
}

#[test]
fn a_bad_plan_is_refused_with_its_place() {
    let user = staged();
    user.write(
        "bad.toml",
        "[plan]\ntitle = \"Bad\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nneeds = [\"b\"]\n",
    );
    refused(&user, &["check", "bad.toml"], "bad.toml:");
    refused(
        &user,
        &["run", "bad.toml", "--yes", "--", "true"],
        "bad.toml:",
    );
    refused(
        &user,
        &["run", "missing.toml", "--yes", "--", "true"],
        "missing.toml",
    );
}

#[test]
fn an_unknown_task_or_run_is_refused_with_what_was_probably_meant() {
    let user = staged();
    for flag in ["--only", "--from"] {
        refused(
            &user,
            &["run", "plan.toml", "--yes", flag, "logn", "--", "true"],
            "did you mean `login`?",
        );
    }
    user.enact(["status"]).code(2).complains("git enact run");
    user.run("plan.toml", "false", &[]).code(3);
    user.enact(["retry", "logn"])
        .code(2)
        .complains("did you mean `login`?");
    user.enact(["status", "r-tset"])
        .code(2)
        .complains("did you mean `r-test`?");
    user.enact(["resume", "nonsense"])
        .code(2)
        .complains("no run is named `nonsense`");
    user.enact(["status", "r-"]).success();
}

#[test]
fn a_base_or_executor_that_does_not_exist_is_refused() {
    let user = staged();
    refused(
        &user,
        &[
            "run",
            "plan.toml",
            "--yes",
            "--base",
            "nonsense",
            "--",
            "true",
        ],
        "--base nonsense",
    );
    refused(
        &user,
        &["run", "plan.toml", "--yes", "--", "no-such-program"],
        "`no-such-program`",
    );
    refused(
        &user,
        &["run", "plan.toml", "--yes", "--", "./no-such-file"],
        "no-such-file",
    );
    refused(&user, &["run", "plan.toml", "--yes"], "no executor");
    refused(
        &user,
        &["run", "plan.toml", "--yes", "--executor", "nobody"],
        "nobody",
    );
}

#[test]
fn bad_options_and_bad_configuration_are_refused() {
    let user = staged();
    for (flags, text) in [
        (["--jobs", "0"], "jobs"),
        (["--jobs", "many"], "many"),
        (["--timeout", "soon"], "soon"),
        (["--timeout", "0s"], "timeout"),
        (["--on-failure", "pray"], "pray"),
        (["--name", "../up"], "../up"),
        (["--no-such", "flag"], "--no-such"),
    ] {
        let args = [
            "run",
            "plan.toml",
            "--yes",
            flags[0],
            flags[1],
            "--",
            "true",
        ];
        refused(&user, &args, text);
    }
    user.write("enact.toml", "jobs = 2\nretires = 3\n");
    refused(
        &user,
        &["run", "plan.toml", "--yes", "--", "true"],
        "enact.toml:2:1",
    );
    refused(&user, &["no-such-command"], "no-such-command");
}

#[test]
fn a_taken_name_is_refused() {
    let user = staged();
    user.run("plan.toml", "false", &["--on-failure", "skip"])
        .code(1);
    let args = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--",
        "false",
    ];
    user.enact(args).code(2).complains("run `r-test` exists");
}

#[test]
fn where_there_is_no_repository_nothing_can_run() {
    let user = staged();
    for args in [
        &["status"][..],
        &["run", "repo/plan.toml", "--yes", "--", "true"],
    ] {
        let mut command = user.enact_command(args);
        command.env(
            "GIT_CEILING_DIRECTORIES",
            user.path().parent().expect("a parent"),
        );
        let parent = user.path().parent().expect("a parent").to_owned();
        Output::of(command.current_dir(parent))
            .code(2)
            .complains("repository");
    }
}

#[test]
fn a_repository_without_a_commit_has_nothing_to_start_from() {
    let user = staged();
    user.git(["switch", "--quiet", "--orphan", "empty"])
        .success();
    user.write("plan.toml", PLAN);
    refused(
        &user,
        &["run", "plan.toml", "--yes", "--", "true"],
        "no commit to start from",
    );
}

#[test]
fn two_plans_in_one_directory_are_listed_and_refused() {
    let user = staged();
    user.write("p/plan.toml", PLAN);
    user.write("p/job-1-a.md", "# A\n\n## Step 1\n\nDo it.\n");
    refused(&user, &["run", "p", "--yes", "--", "true"], "plan.toml");
}
