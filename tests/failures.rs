//! What becomes of a task that is not done: tried again with what went wrong, left for a person, or waited for.

use crate::support::user::User;

const PLAN: &str = "[plan]\ntitle = \"Two\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n";
const NEEDING: &str = "[[task]]\nid = \"b\"\ntitle = \"Do b\"\nneeds = [\"a\"]\n";

/// Keeps the prompt of each attempt outside the checkout.
const KEEP_PROMPT: &str =
    "cp \"$ENACT_PROMPT_FILE\" \"$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT\"\n";

fn staged(plan: &str, script: &str) -> (User, String) {
    let user = User::new();
    user.plan(plan);
    let executor = user.executor(&format!("{KEEP_PROMPT}{script}"));
    (user, executor)
}

#[test]
fn a_retry_is_told_every_reason_and_the_tasks_done_after_it() {
    let script = r#"
if test "$ENACT_ATTEMPT" = 1; then git commit --quiet --allow-empty -m Empty; echo rest > rest.txt; exit 0; fi
commit work.txt work"#;
    let (user, executor) = staged(&format!("{PLAN}verify = [\"true\"]\n"), script);
    user.run("plan.toml", &executor, &[]).success();
    assert_eq!(user.task("a")["attempts"], 2, "toml plans retry once");
    let prompt = user.noted("prompt-a-2");
    for reason in [
        "Attempt 1 (exit 0) was refused",
        "the commit changes nothing",
        "uncommitted changes were left behind: rest.txt",
    ] {
        assert!(
            prompt.contains(reason),
            "the prompt should say `{reason}`: {prompt}"
        );
    }
    assert!(
        !user.noted("prompt-a-1").contains("went wrong"),
        "the first attempt has no past"
    );
}

#[test]
fn after_an_attempt_without_a_commit_the_next_is_told_to_commit() {
    let script = r#"
if test "$ENACT_ATTEMPT" = 1; then echo '{"status": "done"}'; exit 0; fi
commit work.txt work"#;
    let (user, executor) = staged(PLAN, script);
    user.run("plan.toml", &executor, &[]).success();
    let prompt = user.noted("prompt-a-2");
    assert!(
        prompt.contains("You must commit and return the hash."),
        "{prompt}"
    );
}

#[test]
fn each_dialect_has_its_own_count_of_retries_and_a_flag_overrides_it() {
    let sendit = "# Plan: One\n\n### Task 1: Do it\n\n**Action**: it\n**Verify**: it works\n";
    for (file, text, id, attempts) in [
        ("plan.toml", PLAN, "a", 2),
        (
            "job-1-it.md",
            "# It - Implementation Plan\n\n## Step 1\n\nDo it.\n",
            "1",
            1,
        ),
        ("PLAN.md", sendit, "1", 2),
    ] {
        let user = User::new();
        user.write(&format!("p/{file}"), text);
        user.commit("Plan");
        let executor = user.executor("exit 1");
        let plan = format!("p/{file}");
        user.run(&plan, &executor, &[]).code(3);
        assert_eq!(user.task(id)["attempts"], attempts, "attempts of {file}");
        let args = [
            "run",
            &plan,
            "--new",
            "--yes",
            "--name",
            "more",
            "--retries",
            "2",
        ];
        user.enact(args.into_iter().chain(["--", executor.as_str()]))
            .code(3);
        let status = user.enact(["status", "more", "--porcelain"]).success();
        status.says(&format!("task\t{id}\tfailed\t3\t"));
    }
}

#[test]
fn a_failure_stops_the_run_for_a_person_and_says_what_to_do() {
    let (user, executor) = staged(&format!("{PLAN}{NEEDING}"), "exit 1");
    let output = user
        .run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    output.says("git enact retry a");
    assert_eq!(user.status()["run"]["status"], "needs_person");
    assert_eq!(user.task("a")["status"], "failed");
    assert_eq!(user.task("b")["status"], "held");
    assert_eq!(user.task("b")["reason"], "needs `a`, which is failed");
}

#[test]
fn a_persons_retry_counts_anew_and_carries_their_words() {
    let script = "test -e \"$HOME/../go\" || exit 1; commit $ENACT_TASK.txt work";
    let (user, executor) = staged(&format!("{PLAN}{NEEDING}"), script);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.signal("go");
    user.enact(["retry", "a", "-m", "try the *other* `way`"])
        .success();
    user.enact(["resume"]).success();
    assert!(user.noted("prompt-a-2").contains("try the *other* `way`"));
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn a_retry_may_go_on_from_what_was_left_and_is_judged_against_the_first_base() {
    let script = r#"
if test "$ENACT_ATTEMPT" = 1; then commit first.txt first; echo second > second.txt; exit 1; fi
test -e first.txt && test "$(cat second.txt)" = second || exit 9
test "$ENACT_BASE" = "$(git rev-parse main)" || exit 8
commit third.txt third"#;
    let (user, executor) = staged(PLAN, script);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["retry", "a", "--continue"]).success();
    user.enact(["resume"]).success();
    let log = user
        .git(["log", "--format=%s", "main..enact/r-test/integration"])
        .success();
    assert_eq!(log.stdout, "Write third.txt\nWrite first.txt\n");
    assert_eq!(
        user.at("enact/r-test/integration", "second.txt"),
        "second\n"
    );
}

#[test]
fn going_on_from_a_lie_does_not_make_it_true() {
    // What was left does not descend from the base: going on from it is judged against that base again.
    let script = r#"
if test "$ENACT_ATTEMPT" = 1; then commit a.txt a; git reset -q --hard "$(git commit-tree -m Root 'HEAD^{tree}')"; exit 0; fi
commit b.txt b"#;
    let (user, executor) = staged(PLAN, script);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["retry", "a", "--continue"]).success();
    user.enact(["resume"]).code(3);
    let reason = user.task("a")["reason"].to_string();
    assert!(
        reason.contains("does not descend from its base"),
        "{reason}"
    );
}

#[test]
fn a_blocker_is_reported_and_waits_for_a_person() {
    for script in [
        "echo '{\"status\": \"blocked\", \"reason\": \"no key\"}'",
        "echo '{\"status\": \"blocked\", \"reason\": \"no key\"}'; exit 125",
    ] {
        let script = format!("test -e \"$HOME/../go\" && {{ commit w.txt w; exit 0; }}\n{script}");
        let (user, executor) = staged(PLAN, &script);
        let output = user
            .run("plan.toml", &executor, &["--on-failure", "skip"])
            .code(3);
        output.complains("no key");
        let task = user.task("a");
        assert_eq!(
            (&task["status"], &task["attempts"]),
            (&"blocked".into(), &1.into())
        );
        user.enact(["resume"]).code(3);
        assert_eq!(
            user.task("a")["attempts"],
            1,
            "unanswered, nothing is tried again"
        );
        user.signal("go");
        user.enact(["answer", "a", "-m", "the key is in the drawer"])
            .success();
        user.enact(["resume"]).success();
        assert!(
            user.noted("prompt-a-2")
                .contains("the key is in the drawer")
        );
    }
}

#[test]
fn exit_125_alone_is_a_blocker() {
    let (user, executor) = staged(PLAN, "exit 125");
    user.run("plan.toml", &executor, &[]).code(3);
    assert_eq!(user.task("a")["status"], "blocked");
}

#[test]
fn an_attempt_over_its_time_is_ended_salvaged_and_has_a_status_of_its_own() {
    for (flag, limit) in [("--timeout", "wall-clock"), ("--stall-timeout", "stall")] {
        let script = "echo half > half.txt; signal begun; wait_for never";
        let (user, executor) = staged(PLAN, script);
        user.write("enact.toml", "grace = \"100ms\"\n");
        user.run("plan.toml", &executor, &[flag, "700ms", "--retries", "0"])
            .code(3);
        let task = user.task("a");
        assert_eq!(task["status"], "timed_out");
        let reason = task["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains(&format!("the {limit} limit of 0.7s was reached")),
            "{reason}"
        );
        assert!(
            reason.contains("split the task"),
            "there is advice: {reason}"
        );
        assert!(salvaged(&user, "half.txt", "half"), "what was left is kept");
    }
}

#[test]
fn an_attempt_over_its_time_is_tried_again_first() {
    let script = "if test \"$ENACT_ATTEMPT\" = 1; then wait_for never; fi; commit w.txt w";
    let (user, executor) = staged(PLAN, script);
    user.write("enact.toml", "grace = \"100ms\"\n");
    user.run("plan.toml", &executor, &["--timeout", "1500ms"])
        .success();
    assert_eq!(user.task("a")["attempts"], 2);
    assert!(user.noted("prompt-a-2").contains("the wall-clock limit"));
}

#[test]
fn a_rate_limit_is_a_pause_and_no_retry() {
    let script = "test -e \"$HOME/../go\" || exit 75; test \"$ENACT_ATTEMPT\" = 4 && exit 1; commit $ENACT_TASK.txt w";
    let (user, executor) = staged(&format!("{PLAN}{NEEDING}"), script);
    user.run("plan.toml", &executor, &["--retries", "1"])
        .code(4);
    assert_eq!(user.status()["run"]["status"], "paused");
    assert_eq!(user.task("a")["status"], "pending");
    user.enact(["resume"]).code(4);
    user.enact(["resume"]).code(4);
    user.signal("go");
    // The fourth attempt fails: it is the first that counts, so one retry is left.
    user.enact(["resume"]).success();
    assert_eq!(user.task("a")["attempts"], 5);
}

#[test]
fn what_runs_beside_a_rate_limit_ends_and_is_integrated() {
    let plan = format!("{PLAN}[[task]]\nid = \"b\"\ntitle = \"Do b\"\n");
    let script = "test -e \"$HOME/../go\" && { commit $ENACT_TASK.txt w; exit; }\n\
        test $ENACT_TASK = b && { wait_for paused; commit b.txt w; exit; }; exit 75";
    let (user, executor) = staged(&plan, script);
    let run = user.start_run("plan.toml", &executor, &[]);
    run.wait_until_it_says("paused: ");
    user.signal("paused");
    run.end().code(4);
    assert_eq!(user.task("b")["status"], "done");
    user.signal("go");
    user.enact(["resume"]).success();
}

#[test]
fn what_needs_a_failed_task_is_held_and_what_only_comes_after_it_goes_on() {
    let plan = format!(
        "{PLAN}{NEEDING}[[task]]\nid = \"c\"\ntitle = \"Do c\"\nafter = [\"a\"]\n\
         [[task]]\nid = \"d\"\ntitle = \"Do d\"\nneeds = [\"b\"]\n"
    );
    let (user, executor) = staged(
        &plan,
        "test $ENACT_TASK != a || exit 1; commit $ENACT_TASK.txt w",
    );
    user.run(
        "plan.toml",
        &executor,
        &["--on-failure", "skip", "--retries", "0"],
    )
    .code(1);
    let statuses = ["a", "b", "c", "d"].map(|id| user.task(id)["status"].clone());
    assert_eq!(statuses, ["failed", "held", "done", "held"]);
    assert_eq!(user.task("d")["reason"], "needs `b`, which is held");
    assert_eq!(user.status()["run"]["status"], "partial");
}

#[test]
fn a_run_in_which_nothing_was_done_has_failed() {
    let (user, executor) = staged(PLAN, "exit 1");
    user.run("plan.toml", &executor, &["--on-failure", "skip"])
        .code(1);
    assert_eq!(user.status()["run"]["status"], "failed");
}

#[test]
fn a_skipped_task_holds_what_needs_it_and_a_retry_takes_it_back() {
    let script = "test -e \"$HOME/../go\" || exit 1; commit $ENACT_TASK.txt w";
    let (user, executor) = staged(&format!("{PLAN}{NEEDING}"), script);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["skip", "a", "-m", "not worth it"]).success();
    user.enact(["resume"]).code(1);
    let (a, b) = (user.task("a"), user.task("b"));
    assert_eq!(
        (&a["status"], &a["reason"]),
        (&"skipped".into(), &"not worth it".into())
    );
    assert_eq!(b["reason"], "needs `a`, which is skipped");
    user.signal("go");
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn a_final_verification_that_fails_is_an_incomplete_run() {
    let (user, executor) = staged(PLAN, "commit w.txt w");
    let flags = [
        "--final-verify",
        "test -e w.txt",
        "--final-verify",
        "echo no; exit 3",
    ];
    let output = user.run("plan.toml", &executor, &flags).code(1);
    output.complains("final verification failed: `echo no; exit 3` (exit 3): no");
    let status = user.status();
    assert_eq!(status["tasks"][0]["status"], "done");
    assert_eq!(status["run"]["status"], "partial");
    user.enact(["resume"]).code(1);
    user.enact(["status"])
        .success()
        .says("final verification failed: `echo no; exit 3` (exit 3): no")
        .says("verify again:  git enact resume r-test");
    user.enact(["report"])
        .success()
        .says("**Test results**: 1 failures: `echo no; exit 3`");
    user.enact(["land"])
        .code(2)
        .says("but the final verification failed: `echo no; exit 3`");
    user.enact(["land", "--yes"])
        .success()
        .complains("but the final verification failed");
}

#[test]
fn a_final_verification_that_failed_is_made_again_by_a_resume() {
    let (user, executor) = staged(PLAN, "commit w.txt w");
    let command = format!("test -e {}", user.outside("go").display());
    user.run("plan.toml", &executor, &["--final-verify", &command])
        .code(1);
    user.enact(["resume"]).code(1);
    user.signal("go");
    user.enact(["resume"]).success();
    assert_eq!(user.status()["run"]["status"], "complete");
    assert_eq!(user.task("a")["attempts"], 1);
    let before = user.git(["show-ref"]).stdout;
    user.enact(["resume"]).success();
    assert_eq!(
        user.git(["show-ref"]).stdout,
        before,
        "nothing is left to do"
    );
}

#[test]
fn the_final_verification_sees_a_fresh_worktree() {
    // An ignored file that a task left behind must not turn the last check green.
    let user = User::new();
    user.write(".gitignore", "built\n");
    user.plan(PLAN);
    let executor = user.executor("commit w.txt w; : > built");
    user.run(
        "plan.toml",
        &executor,
        &["--final-verify", "test ! -e built"],
    )
    .success();
}

#[test]
fn the_final_verification_sees_a_worktree_that_is_set_up() {
    let user = User::new();
    user.write(".gitignore", "deps\nsecret\n");
    user.write(".worktreeinclude", "secret\n");
    user.write("secret", "key");
    user.write("enact.toml", "setup = 'echo ready >deps'\n");
    user.plan(PLAN);
    let executor = user.executor("test -s deps && test -s secret && commit w.txt w");
    let check = "test -s deps && test -s secret";
    user.run("plan.toml", &executor, &["--final-verify", check])
        .success();
}

#[test]
fn a_worktree_that_cannot_be_set_up_proves_nothing() {
    let user = User::new();
    user.write("enact.toml", "setup = 'test ! -e w.txt'\n");
    user.plan(PLAN);
    let executor = user.executor("commit w.txt w");
    user.run("plan.toml", &executor, &["--final-verify", "true"])
        .code(1)
        .says("`test ! -e w.txt` (exit 1)");
    assert_eq!(user.status()["run"]["status"], "partial");
}

#[test]
fn only_and_from_leave_the_others_out() {
    let plan = format!("{PLAN}{NEEDING}[[task]]\nid = \"c\"\ntitle = \"Do c\"\nneeds = [\"b\"]\n");
    for (flags, expected) in [
        (["--only", "b"], ["skipped", "done", "skipped"]),
        (["--only", "a,c"], ["done", "skipped", "done"]),
        (["--from", "b"], ["skipped", "done", "done"]),
    ] {
        let (user, executor) = staged(&plan, "commit $ENACT_TASK.txt w");
        user.run("plan.toml", &executor, &flags).success();
        let statuses = ["a", "b", "c"].map(|id| user.task(id)["status"].clone());
        assert_eq!(statuses, expected, "with {flags:?}");
        assert_eq!(user.status()["run"]["status"], "complete");
    }
}

#[test]
fn what_a_failing_executor_printed_last_is_its_reason() {
    let (user, executor) = staged(PLAN, "echo one; printf 'no \\033[1mkey\\n\\n' >&2; exit 3");
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3)
        .complains("the executor ended with exit 3: no key");
    user.enact(["answer", "a", "-m", "use mine"])
        .code(2)
        .complains("git enact retry a -m");
}

fn salvaged(user: &User, path: &str, line: &str) -> bool {
    let commits = user
        .git(["rev-list", "refs/enact/runs/r-test"])
        .success()
        .stdout;
    commits
        .lines()
        .any(|commit| user.git(["show", &format!("{commit}:{path}")]).stdout == format!("{line}\n"))
}
