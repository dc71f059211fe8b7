//! Test-driven work in steps that are tasks of their own: red must fail before green makes it pass.

use std::path::Path;

use crate::support::user::User;

const CYCLE: &str = r#"
[plan]
title = "Cycle"
[[task]]
id = "red"
title = "Write the test"
verify = ["sh check.sh"]
expects = "failing"
[[task]]
id = "green"
title = "Make it pass"
needs = ["red"]
verify = ["sh check.sh"]
expects = "passing"
"#;

/// A test that tells of itself as runners do, and holds once there is a feature.
const CHECK: &str = r#"check() {
cat > check.sh <<'END'
echo "TAP version 13"
echo "1..1"
test -e feature.txt && { echo "ok 1 - it greets"; exit; }
echo "not ok 1 - it greets"
exit 1
END
git add check.sh
}"#;

fn reason(user: &User, task: &str) -> String {
    user.task(task)["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_red_task_is_refused_until_its_test_fails_and_a_green_one_until_it_passes() {
    let user = User::new();
    user.plan(CYCLE);
    let executor = user.executor(&format!(
        r#"{CHECK}
cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
case $ENACT_TASK-$ENACT_ATTEMPT in
red-1) commit check.sh 'exit 0' ;;
red-2) check; git commit -qm 'Test it' ;;
green-1) commit other.txt w ;;
green-2) commit feature.txt w ;;
esac"#
    ));
    user.run("plan.toml", &executor, &["--retries", "1"])
        .success();
    assert_eq!(user.status()["counts"]["done"], 2);
    let first = user.noted("prompt-red-1");
    assert!(
        first.contains("must run and fail when you are done"),
        "{first}"
    );
    let second = user.noted("prompt-red-2");
    assert!(
        second.contains("red must fail first: `sh check.sh` passes"),
        "{second}"
    );
    let green = user.noted("prompt-green-2");
    assert!(
        green.contains("`sh check.sh` (exit 1) must pass, and fails as before: it greets"),
        "a failure that was there before is no excuse here: {green}"
    );
    let notes = user.git([
        "log",
        "--notes=PROGRESS",
        "--format=%N",
        "enact/r-test/integration",
    ]);
    assert!(
        notes.success().stdout.contains("red"),
        "what proved it is noted"
    );
}

#[test]
fn what_never_ran_or_failed_before_is_no_red() {
    for (verify, before, says) in [
        (
            "no-such-program",
            "",
            "red must fail first: `no-such-program` was not run to its end (exit 127)",
        ),
        (
            "sh check.sh",
            "echo 'TAP version 13'; echo '1..1'; echo 'not ok 1 - old'; exit 1",
            "red must fail first: `sh check.sh` fails only as it did before",
        ),
        (
            "sh other.sh",
            "",
            "red must fail first: `sh other.sh` ends with exit 1, and no test fails",
        ),
        (
            "sh check.sh",
            "echo \"$PWD is broken\"; exit 1",
            "red must fail first: `sh check.sh` fails as it did before (exit 1), and says the same",
        ),
    ] {
        let user = User::new();
        user.write("check.sh", &format!("{before}\n"));
        user.plan(&CYCLE.replace("sh check.sh", verify));
        let executor = user.executor(
            "echo 'echo TAP version 13; echo 1..1; echo ok 1 - fine; exit 1' > other.sh; commit w.txt w",
        );
        user.run(
            "plan.toml",
            &executor,
            &["--retries", "0", "--on-failure", "stop"],
        )
        .code(3);
        assert_eq!(reason(&user, "red"), says);
    }
}

#[test]
fn a_script_that_was_not_there_fails_first_without_naming_a_test() {
    let user = User::new();
    user.plan(&CYCLE.replace("sh check.sh", "sh new.sh"));
    let executor = user.executor(
        r#"case $ENACT_TASK in
red) commit new.sh 'test -e feature.txt' ;;
green) commit feature.txt w ;;
esac"#,
    );
    user.run("plan.toml", &executor, &["--retries", "0"])
        .success();
    assert_eq!(user.status()["counts"]["done"], 2);
}

#[test]
fn commands_of_the_run_are_what_fails_first_where_a_red_task_names_none() {
    let user = User::new();
    user.plan(&CYCLE.replace("verify = [\"sh check.sh\"]\n", ""));
    let executor = user.executor(&format!(
        "{CHECK}\ntest $ENACT_TASK = green && commit feature.txt w || {{ check; git commit -qm Test; }}"
    ));
    user.run(
        "plan.toml",
        &executor,
        &["--retries", "0", "--verify", "sh check.sh"],
    )
    .success();
}

#[test]
fn red_is_not_asked_to_fail_again_where_others_were_integrated_meanwhile() {
    let user = User::new();
    let other = "[[task]]\nid = \"other\"\ntitle = \"Beside it\"\n";
    user.plan(&format!("{CYCLE}{other}"));
    // What is tested comes from elsewhere while the test is written.
    let executor = user.executor(&format!(
        r#"{CHECK}
case $ENACT_TASK in
red) wait_for integrated; check; git commit -qm 'Test it' ;;
other) commit feature.txt w ;;
green) commit more.txt w ;;
esac"#
    ));
    let run = user.start_run("plan.toml", &executor, &["--retries", "0", "--jobs", "2"]);
    crate::support::user::wait_until("the other is integrated", || {
        user.git(["cat-file", "-e", "enact/r-test/integration:feature.txt"])
            .status
            == 0
    });
    user.signal("integrated");
    run.end().success();
    assert_eq!(user.task("red")["attempts"], 1);
}

#[test]
fn convert_keeps_what_the_steps_of_a_session_must_show() {
    let user = User::new();
    let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/ccw/cycles");
    let session = session.to_string_lossy().into_owned();
    let read = user.enact(["check", &session]).success();
    read.says("sh tests/greeting.sh (must fail)");
    let toml = user
        .enact(["convert", &session, "--to", "toml"])
        .success()
        .stdout;
    assert_eq!(toml.matches("expects = \"failing\"").count(), 1, "{toml}");
    assert_eq!(toml.matches("expects = \"passing\"").count(), 2, "{toml}");
    assert_eq!(
        toml.matches("sh tests/greeting.sh").count()
            - toml.matches("`sh tests/greeting.sh`").count(),
        3
    );
    user.write("plan.toml", &toml);
    let read = user.enact(["check", "plan.toml"]).success();
    read.says("REFACTOR-1.1  Tidy the greeting (needs IMPL-1.1)")
        .says("(must fail)");
    user.write("bad.toml", &CYCLE.replace("\"failing\"", "\"red\""));
    user.enact(["check", "bad.toml"])
        .code(2)
        .complains("`expects` must be `failing` or `passing`, not `red`");
}
