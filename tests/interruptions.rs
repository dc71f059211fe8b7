//! A run can be stopped at any time, from here or from elsewhere, and goes on where it was.

use crate::support::isolation::in_each;
use crate::support::user::{Running, User};

const PLAN: &str = r#"
[plan]
title = "Long"
[[task]]
id = "a"
title = "Do a"
[[task]]
id = "b"
title = "Do b"
needs = ["a"]
"#;

/// A run whose first task has begun and waits for `go`.
fn begun(script: &str) -> (User, Running) {
    let user = User::new();
    user.write("enact.toml", "grace = \"100ms\"\n");
    user.plan(PLAN);
    let executor = user.executor(&format!(
        "echo half > half.txt; signal begun; wait_for go; rm half.txt; {script}"
    ));
    let run = user.start_run("plan.toml", &executor, &[]);
    user.wait_for("begun");
    (user, run)
}

/// What the one abandoned attempt left uncommitted.
fn salvage(user: &User) -> String {
    let left = user
        .git([
            "log",
            "--format=%H",
            "--grep=^Event: attempt-abandoned",
            "refs/enact/runs/r-test",
        ])
        .success();
    format!("{}^2", left.stdout.trim())
}

#[test]
fn stop_from_elsewhere_lets_what_runs_end_and_can_be_resumed() {
    let (user, run) = begun("commit $ENACT_TASK.txt w");
    user.enact(["stop"]).success().complains("asked process");
    // The request is taken before the attempt may end.
    crate::support::user::wait_until("the request is taken", || {
        !user.path().join(".git/enact/runs/r-test/stop").exists()
    });
    user.signal("go");
    run.end().code(4);
    assert_eq!(user.status()["run"]["status"], "stopped");
    assert_eq!(
        user.task("a")["status"],
        "done",
        "what ran ended and was integrated"
    );
    assert_eq!(user.task("b")["attempts"], 0);
    user.enact(["resume"]).success();
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn stopping_what_does_not_run_says_so() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("exit 1");
    user.run("plan.toml", &executor, &[]).code(3);
    user.enact(["stop"]).success().complains("is not running");
    user.enact(["resume"]).code(3);
}

#[test]
fn one_interrupt_lets_what_runs_end_and_integrates_it() {
    let (user, run) = begun("commit $ENACT_TASK.txt w");
    run.interrupt();
    run.wait_until_it_says("stopping once what runs has ended");
    user.signal("go");
    run.end().code(130);
    assert_eq!(user.status()["run"]["status"], "stopped");
    assert_eq!(user.task("a")["status"], "done");
    user.enact(["resume"]).success();
    assert_eq!(user.task("a")["attempts"], 1);
    assert_eq!(user.at("enact/r-test/integration", "b.txt"), "w\n");
}

#[test]
fn a_second_interrupt_ends_what_runs_and_keeps_its_work() {
    let (user, run) = begun("commit $ENACT_TASK.txt w");
    run.interrupt();
    run.wait_until_it_says("Ctrl-C again ends it now");
    run.interrupt();
    run.end().code(130);
    assert_eq!(user.task("a")["status"], "pending");
    let salvage = salvage(&user);
    assert_eq!(
        user.at(&salvage, "half.txt"),
        "half\n",
        "what was half done is kept"
    );
    user.signal("go");
    user.enact(["resume"]).success();
    assert_eq!(
        user.task("a")["attempts"],
        2,
        "a number is never used twice"
    );
    user.assert_whole();
}

#[test]
fn a_second_driver_of_the_same_run_is_told_who_the_first_is() {
    let (user, run) = begun("commit $ENACT_TASK.txt w");
    let pid = format!("is driven by process {}", run.id());
    user.enact(["resume"]).code(5).complains(&pid);
    user.enact(["run", "plan.toml", "--yes", "--", "true"])
        .code(5)
        .complains(&pid);
    for decision in [
        &["retry", "a"][..],
        &["skip", "b"],
        &["clean", "--yes"],
        &["land", "--yes"],
    ] {
        user.enact(decision).code(5).complains(&pid);
    }
    assert_eq!(user.status()["run"]["status"], "running");
    user.enact(["list"]).success().says("running");
    user.signal("go");
    run.end().success();
}

#[test]
fn what_an_interrupted_attempt_was_going_on_from_is_not_lost() {
    // `--continue`, then two interrupts: the attempt after that still goes on from what was left.
    let user = User::new();
    user.write("enact.toml", "grace = \"100ms\"\n");
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n");
    let executor = user.executor(
        r#"case $ENACT_ATTEMPT in
1) echo half > half.txt; exit 1 ;;
2) signal begun; wait_for never ;;
*) test -e half.txt || exit 9; commit whole.txt whole ;;
esac"#,
    );
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["retry", "a", "--continue"]).success();
    let run = user.start(["resume"]);
    user.wait_for("begun");
    run.interrupt();
    run.wait_until_it_says("Ctrl-C again ends it now");
    run.interrupt();
    run.end().code(130);
    user.enact(["resume"]).success();
    assert_eq!(user.at("enact/r-test/integration", "half.txt"), "half\n");
}

#[test]
fn a_journal_that_is_moved_under_the_run_stops_it_and_is_put_back() {
    in_each(|_| {
        let user = User::new();
        user.plan(PLAN);
        let executor = user.executor(
            r#"unset GIT_CONFIG_COUNT; commit $ENACT_TASK.txt w
test $ENACT_TASK != a || git -C "$HOME/../repo" update-ref -d refs/enact/runs/r-test"#,
        );
        user.run("plan.toml", &executor, &["--sequential"])
            .code(3)
            .complains("quarantined: the journal was deleted and was put back");
        assert_eq!(user.status()["run"]["status"], "quarantined");
        user.enact(["resume"]).success();
        assert_eq!(user.task("a")["attempts"], 1, "what had ended was taken up");
    });
}

#[test]
fn cleaning_up_after_a_crash_keeps_what_was_half_done() {
    let (user, run) = begun("commit $ENACT_TASK.txt w");
    let pid = i32::try_from(run.id()).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    run.end().code(137);
    user.enact(["clean", "--yes"])
        .success()
        .complains("attempt 1 abandoned");
    assert!(!user.outside("repo.enact").exists());
    let salvage = salvage(&user);
    assert_eq!(user.at(&salvage, "half.txt"), "half\n");
    user.signal("go");
    user.enact(["resume"]).success();
}
