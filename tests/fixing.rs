//! When the whole does not hold at the end it is mended in a few rounds, or the task that broke it is named.

use serde_json::Value;

use crate::support::user::{Output, User};

/// Two tasks, each good without the other.
const PAIR: &str = r#"
[plan]
title = "Pair"
final_verify = ["sh suite.sh"]
[[task]]
id = "left"
title = "Write the left half"
verify = ["test -s left.txt"]
[[task]]
id = "right"
title = "Write the right half"
verify = ["test -s right.txt"]
"#;

/// The halves do not hold together without glue.
const SUITE: &str = r##"
echo "TAP version 13"; echo 1..2; echo "ok 1 - halves"
if test -e left.txt && test -e right.txt && test ! -e glue.txt
then echo "not ok 2 - halves hold together"; echo "# nothing between them"; exit 1
else echo "ok 2 - halves hold together"; fi
"##;

/// Notes each prompt beside the repository; mends in the second round.
const SECOND: &str = r#"cat > "$(dirname "$0")/prompt-$ENACT_TASK"
case $ENACT_TASK in
fix-1) commit paint.txt red; echo '{"status": "done", "commit": "'$(git rev-parse HEAD)'", "notes": "Painted it."}' ;;
fix-2) commit glue.txt glue ;;
*) commit "$ENACT_TASK.txt" half ;;
esac"#;

fn pair(executor: &str) -> (User, String) {
    let user = User::new();
    user.write("suite.sh", SUITE);
    user.plan(PAIR);
    let executor = user.executor(executor);
    (user, executor)
}

fn tasks(user: &User) -> Vec<(String, String)> {
    let status = user.status();
    let tasks = status["tasks"].as_array().expect("tasks").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    tasks
        .map(|task| (text(&task["id"]), text(&task["status"])))
        .collect()
}

#[track_caller]
fn assert_tasks(user: &User, expected: &[(&str, &str)]) {
    let found = tasks(user);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(id, status)| (id.as_str(), status.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_two_good_tasks_break_together_is_mended_in_the_second_round() {
    let (user, executor) = pair(SECOND);
    let output = user.run("plan.toml", &executor, &[]).success();
    output
        .complains("final verification failed: `sh suite.sh` (exit 1)")
        .complains("added fix-1, fix round 1 of 3")
        .complains("added fix-2, fix round 2 of 3")
        .complains("final verification passed");
    let done = [
        ("left", "done"),
        ("right", "done"),
        ("fix-1", "done"),
        ("fix-2", "done"),
    ];
    assert_tasks(&user, &done);
    let status = user.status();
    assert_eq!(status["run"]["status"], "complete");
    assert_eq!(status["counts"]["total"], 4);
    let first = user.noted("prompt-fix-1");
    for told in [
        "# Task fix-1: Mend `sh suite.sh` (fix round 1 of 3)",
        "halves hold together",
        "    # nothing between them",
        "- left (Write the left half): ",
        "- right (Write the right half): ",
    ] {
        assert!(first.contains(told), "{told}: {first}");
    }
    assert!(!first.contains("earlier rounds"), "{first}");
    let second = user.noted("prompt-fix-2");
    assert!(
        second.contains("(Painted it.); the whole failed all the same"),
        "{second}"
    );
    user.enact(["progress"])
        .success()
        .says("| fix-2 | Mend `sh suite.sh` (fix round 2 of 3) | done |");
    user.enact(["diff", "fix-2"]).success().says("+glue");
    user.enact(["show", "fix-1"])
        .success()
        .says("added by the run, to mend the whole");
    let commit = user.task("fix-2")["commit"].clone();
    user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        commit.as_str().expect("a commit"),
    ])
    .success()
    .says("Task: fix-2\n");
    user.enact(["log"])
        .success()
        .says("replanned: added fix-1, fix round 1 of 3");
    user.enact(["doctor"]).success();
    user.enact(["land", "--yes"]).success();
    user.assert_whole();
}

#[test]
fn a_round_that_comes_to_nothing_asks_nobody_and_the_next_one_knows() {
    let (user, executor) = pair(
        r#"cat > "$(dirname "$0")/prompt-$ENACT_TASK"
case $ENACT_TASK in
fix-1) echo half > glue.txt; echo '{"status": "failed", "reason": "no idea"}' ;;
fix-2) commit glue.txt glue ;;
*) commit "$ENACT_TASK.txt" half ;;
esac"#,
    );
    let flags = ["--on-failure", "stop", "--retries", "0"];
    user.run("plan.toml", &executor, &flags).success();
    let ends = [
        ("left", "done"),
        ("right", "done"),
        ("fix-1", "failed"),
        ("fix-2", "done"),
    ];
    assert_tasks(&user, &ends);
    assert_eq!(user.status()["run"]["status"], "complete");
    let told = user.noted("prompt-fix-2");
    assert!(
        told.contains("failed: the executor says it failed: no idea"),
        "{told}"
    );
    assert!(told.contains("; what it left is in commit "), "{told}");
    let before = user.git(["show-ref"]).stdout;
    user.enact(["resume"]).success();
    assert_eq!(
        user.git(["show-ref"]).stdout,
        before,
        "nothing is left to do"
    );
    let unasked = user.enact(["status"]).success();
    assert!(!unasked.stdout.contains("git enact retry"), "{unasked}");
}

/// Seven tasks, of which one breaks a suite that no task runs by itself; `suite` is that suite.
fn broken(suite: &str, flags: &[&str]) -> (User, Output) {
    let user = User::new();
    user.write("old.txt", "old\n");
    let mut plan = "[plan]\ntitle = \"Seven\"\n".to_owned();
    for nth in 1..=7 {
        plan += &format!("[[task]]\nid = \"t{nth}\"\ntitle = \"Task {nth}\"\n");
        if nth > 1 {
            plan += &format!("after = [\"t{}\"]\n", nth - 1);
        }
    }
    user.plan(&plan);
    let executor = user.executor("commit \"$ENACT_TASK.txt\" \"$ENACT_TASK\"");
    let count = user.outside("count").display().to_string();
    let suite = format!("echo x >> {count}; {suite}");
    let flags = [&["--final-verify", &suite], flags].concat();
    let output = user.run("plan.toml", &executor, &flags).code(1);
    (user, output)
}

#[test]
fn when_the_rounds_are_used_up_the_task_that_broke_it_is_named() {
    let (user, output) = broken("test ! -e t5.txt", &["--fix-rounds", "2"]);
    output
        .complains("added fix-2, fix round 2 of 2")
        .complains("fails since task t5 was integrated (")
        .says("fails since task t5 was integrated (");
    assert_eq!(user.status()["run"]["status"], "partial");
    assert_eq!(user.status()["counts"]["done"], 9);
    let runs = |user: &User| user.noted("count").lines().count();
    assert_eq!(
        runs(&user),
        1 + 3 + 3 + 1,
        "the base, three verifications, three of seven, and once more where it fails"
    );
    user.enact(["status"]).says("git enact revert t5");
    user.enact(["show", "t5"])
        .says("fails since task t5 was integrated");
    user.enact(["log"])
        .says("fails since task t5 was integrated");
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let blame = &report["verified"]["blame"];
    assert_eq!(
        (
            &blame["tasks"][0]["task"],
            &blame["tasks"][0]["commit"],
            &blame["runs"]
        ),
        (&"t5".into(), &user.task("t5")["commit"], &4.into())
    );
    user.enact(["doctor"]).success();

    user.enact(["resume"])
        .code(1)
        .complains("fails since task t5");
    assert_eq!(runs(&user), 9, "what was found out is not found out again");
    assert_eq!(
        user.status()["counts"]["total"],
        9,
        "no round is added by a resume"
    );

    user.enact(["revert", "t5", "--yes"]).success();
    user.enact(["resume"])
        .code(1)
        .complains("final verification passed");
    user.assert_whole();
}

#[test]
fn a_failure_older_than_the_run_is_told_as_such() {
    let (user, output) = broken("test ! -e old.txt", &["--fix-rounds", "0"]);
    output.complains("fails on the commit that the run started from: no task broke it");
    assert_eq!(user.status()["counts"]["total"], 7);
    assert_eq!(user.noted("count").lines().count(), 2);
}

#[test]
fn an_old_failure_beside_a_new_one_hides_nobody() {
    let suite = "echo TAP version 13; echo 1..2; echo 'not ok 1 - old'; if test -e t2.txt; then echo 'not ok 2 - new'; else echo 'ok 2 - new'; fi; exit 1";
    let (_, output) = broken(suite, &["--fix-rounds", "0"]);
    output.complains("fails since task t2 was integrated (");
}

#[test]
fn a_command_that_fails_only_at_times_is_laid_to_nobody() {
    let suite = "test $(wc -l < \"$HOME/../count\") -ne 2";
    let (_, output) = broken(suite, &["--fix-rounds", "0"]);
    output
        .complains("could not be found out: run again on ")
        .complains(", it passes");
}

#[test]
fn tasks_that_cannot_be_told_apart_are_named_together() {
    let suite = "test ! -e t3.txt || test -e t5.txt || exit 125; test ! -e t3.txt";
    let (_, output) = broken(suite, &["--fix-rounds", "0"]);
    output
        .complains("fails since one of these: task t3 was integrated (")
        .complains("task t5 was integrated (");
}

#[test]
fn a_driver_that_is_killed_in_a_round_grants_no_other() {
    let (user, executor) = pair(
        r#"case $ENACT_TASK in
fix-1) signal begun; wait_for go; exit 1 ;;
fix-*) exit 1 ;;
*) commit "$ENACT_TASK.txt" half ;;
esac"#,
    );
    let begin = ["run", "plan.toml", "--yes", "--name", "r-test"];
    let flags = ["--retries", "0", "--fix-rounds", "2", "--", &executor];
    let running = user.start([&begin[..], &flags].concat());
    user.wait_for("begun");
    let pid = i32::try_from(running.id()).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    running.end().code(128 + 9);
    user.signal("go");
    let elsewhere = |args: &[&str]| {
        let mut command = user.enact_command(args);
        Output::of(command.env("XDG_STATE_HOME", user.outside("elsewhere")))
    };
    elsewhere(&["resume"])
        .code(2)
        .says("up to 2 fix rounds by executor");
    elsewhere(&["resume", "--yes"])
        .code(1)
        .complains("fails since task ");
    let ends = [
        ("left", "done"),
        ("right", "done"),
        ("fix-1", "failed"),
        ("fix-2", "failed"),
    ];
    assert_tasks(&user, &ends);
    user.enact(["resume"]).code(1);
    assert_tasks(&user, &ends);
    user.enact(["retry", "fix-2", "-m", "once more"]).success();
    user.enact(["resume"]).code(1);
    assert_eq!(user.task("fix-2")["attempts"], 2, "a person may grant more");
    user.enact(["doctor"]).success();
}

#[test]
fn a_mended_run_goes_back_and_on_as_any_other() {
    let (user, executor) = pair(SECOND);
    user.run("plan.toml", &executor, &[]).success();
    let log = user.enact(["log"]).success().stdout;
    let failed = |line: &&str| line.contains("final verification of") && line.contains(" failed");
    let before = log.lines().rfind(failed);
    let before = before.and_then(|line| line.split(' ').next());
    let before = before.expect("a checkpoint");

    user.enact(["revert", "fix-2", "--yes"]).success();
    user.enact(["resume"])
        .code(1)
        .complains("added fix-3, fix round 3 of 3")
        .complains("`sh suite.sh` fails since task fix-2 was undone (");
    assert_eq!(user.task("fix-2")["status"], "reverted");

    user.write(
        "plan.toml",
        &format!("{PAIR}[[task]]\nid = \"FIX-1\"\ntitle = \"Taken\"\n"),
    );
    user.enact(["replan"])
        .code(2)
        .complains("the run has a task `fix-1` of its own");
    user.write(
        "plan.toml",
        &format!("{PAIR}[[task]]\nid = \"glue\"\ntitle = \"Between\"\n"),
    );
    user.enact(["replan", "--yes"])
        .success()
        .says("2 done stay; added glue");
    assert_eq!(user.status()["counts"]["total"], 6);
    user.enact(["resume"]).success();
    assert_eq!(user.task("fix-1")["status"], "done");
    assert_eq!(user.status()["run"]["status"], "complete");
    user.enact(["doctor"]).success();

    user.enact(["rollback", before, "--yes"]).success();
    assert_tasks(&user, &[("left", "done"), ("right", "done")]);
    user.enact(["resume", "--yes"]).success();
    let done = [
        ("left", "done"),
        ("right", "done"),
        ("fix-1", "done"),
        ("fix-2", "done"),
    ];
    assert_tasks(&user, &done);
    assert!(
        user.task("fix-1")["attempts"].as_u64() > Some(1),
        "its numbers count on"
    );
    user.enact(["doctor"]).success();
    user.enact(["land", "--yes"]).success();
    user.assert_whole();
}

#[test]
fn a_plan_keeps_its_ids_and_its_files_know_nothing_of_rounds() {
    let user = User::new();
    user.write("suite.sh", "test -e glue.txt\n");
    let task = "[[task]]\nid = \"Fix-1\"\ntitle = \"The plan's own\"\n";
    user.plan(&format!(
        "[plan]\ntitle = \"Own\"\nfinal_verify = [\"sh suite.sh\"]\nfix_rounds = 1\n{task}"
    ));
    let executor =
        user.executor("case $ENACT_TASK in Fix-1) commit a.txt a;; *) commit glue.txt glue;; esac");
    user.run("plan.toml", &executor, &["--commit-progress"])
        .success();
    assert_tasks(&user, &[("Fix-1", "done"), ("fix-2", "done")]);
    let plan = user.at("enact/r-test/integration", "plan.toml");
    assert!(
        plan.contains("status = \"done\"") && !plan.contains("fix-2"),
        "{plan}"
    );
}

#[test]
fn rounds_are_approved_with_the_plan_and_refused_where_nobody_could_mend() {
    let (user, executor) = pair(SECOND);
    let run = |flags: &[&str]| {
        let begin = ["run", "plan.toml", "--name", "r-test"];
        user.enact([&begin, flags, &["--", &executor]].concat())
    };
    run(&[]).code(2).says(
        "when that fails at the end: up to 3 fix rounds by executor, who may change any file",
    );
    let none = run(&["--fix-rounds", "0"]).code(2);
    assert!(!none.stdout.contains("fix round"), "{none}");
    user.git(["config", "enact.fixRounds", "1"]).success();
    run(&[]).code(2).says("up to 1 fix round by");
    user.plan("[plan]\ntitle = \"Shell\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"true\"\n");
    user.run_plan(&["--fix-rounds", "2"])
        .code(2)
        .complains("there is none: add `--final-verify CMD`");
    user.run_plan(&["--fix-rounds", "2", "--final-verify", "true"])
        .code(2)
        .complains("the shell executor reads none");
    assert_eq!(
        user.git(["for-each-ref", "refs/enact"]).stdout,
        "",
        "nothing was created"
    );
}

#[test]
fn a_round_that_says_the_suite_is_wrong_waits_for_a_person() {
    let (user, executor) = pair(
        r#"prompt=$(cat)
case $ENACT_TASK in
fix-1) echo '{"status": "KICKBACK", "signal": "missing_context", "reason": "which glue?"}' ;;
fix-2) case $prompt in *"fix-1"*"kickback"*|*"fix-1"*"skipped"*) commit glue.txt glue ;; esac ;;
*) commit "$ENACT_TASK.txt" half ;;
esac"#,
    );
    user.run("plan.toml", &executor, &[])
        .code(3)
        .says("git enact answer fix-1");
    user.enact(["skip", "fix-1"]).success();
    user.enact(["resume"]).success();
    let ends = [
        ("left", "done"),
        ("right", "done"),
        ("fix-1", "skipped"),
        ("fix-2", "done"),
    ];
    assert_tasks(&user, &ends);
    user.enact(["doctor"]).success();
}
