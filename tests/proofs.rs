//! A command that passed on a tree is not run again for the same tree, command and environment, whoever asks; and
//! what was not proven there is.

use crate::support::user::{Output, User};

/// A check that counts its runs outside of any worktree.
const CHECK: &str = "echo run >> \"$HOME/../runs\"";

fn runs(user: &User) -> usize {
    let noted = std::fs::read_to_string(user.outside("runs")).unwrap_or_default();
    noted.lines().count()
}

/// A repository with one task that `check` verifies.
fn with_check(check: &str) -> User {
    let user = User::new();
    user.write("check.sh", check);
    user.plan("[[task]]\nid = \"a\"\ntitle = \"Do a\"\nverify = [\"sh check.sh\"]\n");
    user
}

#[test]
fn a_second_attempt_that_makes_the_same_tree_is_proven_by_the_first() {
    let user = with_check(CHECK);
    let executor = user.executor("commit work.txt work");
    user.run("plan.toml", &executor, &["--review", "task"])
        .code(3);
    user.enact(["review", "a", "--reject", "-m", "once more"])
        .success();
    user.enact(["resume", "--yes"]).code(3);
    assert_eq!(
        (user.task("a")["attempts"].as_u64(), runs(&user)),
        (Some(2), 1)
    );
    user.enact(["review", "a", "--approve"]).success();
    user.enact(["resume", "--yes"]).success();
    assert_eq!(
        (user.status()["run"]["status"].as_str(), runs(&user)),
        (Some("complete"), 1)
    );
    user.assert_whole();
}

#[test]
fn what_a_known_command_told_of_its_tests_is_told_again() {
    let check = format!("{CHECK}; printf 'TAP version 13\\nok 1 - adds\\n1..1\\n'");
    let user = with_check(&check);
    let executor = user.executor("commit work.txt work");
    user.run("plan.toml", &executor, &["--review", "task"])
        .code(3);
    user.enact(["review", "a", "--reject", "-m", "once more"])
        .success();
    user.enact(["resume", "--yes"]).code(3);
    let shown = user.enact(["show", "a"]).success().stdout;
    assert_eq!(
        shown.matches("1 passed (`sh check.sh`)").count(),
        2,
        "{shown}"
    );
    assert_eq!(runs(&user), 1);
}

#[test]
fn a_command_that_failed_is_run_again_on_the_same_tree() {
    // A test that fails now and then is what a new attempt is for.
    let user = with_check(&format!("{CHECK}; test $(wc -l < \"$HOME/../runs\") -gt 1"));
    let executor = user.executor("commit work.txt work");
    user.run("plan.toml", &executor, &["--retries", "1"])
        .success();
    assert_eq!(
        (user.task("a")["attempts"].as_u64(), runs(&user)),
        (Some(2), 2)
    );
}

#[test]
fn what_passed_beside_ignored_files_is_run_again() {
    let user = User::new();
    user.write(".gitignore", "built\n");
    user.write("check.sh", CHECK);
    user.plan("[[task]]\nid = \"a\"\ntitle = \"Do a\"\nverify = [\"sh check.sh\"]\n");
    let executor = user.executor("commit work.txt work; : > built");
    user.run("plan.toml", &executor, &["--review", "task"])
        .code(3);
    user.enact(["review", "a", "--reject", "-m", "once more"])
        .success();
    user.enact(["resume", "--yes"]).code(3);
    assert_eq!(runs(&user), 2);
}

#[test]
fn a_command_is_not_taken_for_passed_without_what_came_before_it() {
    let user = User::new();
    user.write("make.sh", &format!("{CHECK}; echo made > made"));
    user.write("use.sh", &format!("{CHECK}; test -e made"));
    user.write(".gitignore", "made\n");
    let task = |id: &str, verify: &str| {
        format!(
            "[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\nallow_empty = true\nverify = [{verify}]\n"
        )
    };
    user.plan(&(task("a", "\"sh make.sh\", \"sh use.sh\"") + &task("b", "\"sh use.sh\"")));
    let executor = user.executor("true");
    let flags = [
        "--sequential",
        "--fresh",
        "--retries",
        "0",
        "--on-failure",
        "skip",
    ];
    user.run("plan.toml", &executor, &flags).code(1);
    assert_eq!(user.task("a")["status"], "done");
    let reason = user.task("b")["reason"].to_string();
    assert!(
        reason.contains("verify failed (exit 1): `sh use.sh`"),
        "{reason}"
    );
    assert_eq!(runs(&user), 3);
}

#[test]
fn a_resume_after_a_kill_proves_nothing_twice() {
    let user = with_check(CHECK);
    let executor = user.executor("commit work.txt work");
    for point in ["recorded:judged", "prepared:integrated"] {
        let mut command = user.enact_command([
            "run",
            "plan.toml",
            "--new",
            "--yes",
            "--no-preflight",
            "--final-verify",
            "sh check.sh",
            "--",
            &executor,
        ]);
        command.env("ENACT_CRASH_AT", point);
        let before = runs(&user);
        assert_eq!(Output::of(&mut command).status, 134, "{point}");
        assert_eq!(runs(&user) - before, 1, "{point}");
        user.enact(["resume", "--yes"]).success();
        // The whole is proven in a worktree of its own, once.
        assert_eq!(runs(&user) - before, 2, "{point}");
        user.enact(["resume", "--yes"]).success();
        assert_eq!(runs(&user) - before, 2, "{point}");
    }
}

#[test]
fn two_tasks_that_make_the_same_tree_are_proven_each_for_a_command_may_read_which() {
    let user = User::new();
    let own = "test $ENACT_TASK = b || exit 0; test -e b.txt\n";
    user.write("check.sh", CHECK);
    user.write("own.sh", own);
    let task = |id: &str| {
        let verify = "verify = [\"sh check.sh\", \"sh own.sh\"]";
        format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\n{verify}\n")
    };
    user.plan(&(task("a") + &task("b")));
    let executor = user.executor(
        "signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs; commit same.txt same",
    );
    let flags = ["--jobs", "2", "--retries", "0", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    assert_eq!(user.task("a")["status"], "done");
    assert_eq!(user.task("b")["status"], "failed");
    assert_eq!(runs(&user), 2);
    user.assert_whole();
}

#[test]
fn what_was_proven_on_a_merge_is_proven_again_for_the_task_that_changes_nothing_after_it() {
    let user = User::new();
    user.write("check.sh", CHECK);
    let task = |id: &str, more: &str| {
        format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\nverify = [\"sh check.sh\"]\n{more}")
    };
    user.plan(
        &(task("a", "")
            + &task("b", "")
            + &task("c", "needs = [\"a\", \"b\"]\nallow_empty = true\n")),
    );
    let executor = user.executor(
        "test $ENACT_TASK = c && exit 0
         signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs; commit $ENACT_TASK.txt w",
    );
    let mut command = user.enact_command([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--jobs",
        "2",
        "--",
        &executor,
    ]);
    // Another process goes on where the merge is on record.
    command.env("ENACT_CRASH_AT", "recorded:attempt-started:3");
    assert_eq!(Output::of(&mut command).status, 134);
    assert_eq!(runs(&user), 3, "a, b, and both together");
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.task("c")["status"], "done");
    assert_eq!(runs(&user), 4, "it may be another to a command");
}
