//! On a terminal a failure asks: retry, skip or stop. Driven through a pseudo terminal.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Ask"
[[task]]
id = "a"
title = "Do a"
[[task]]
id = "b"
title = "Do b"
after = ["a"]
"#;

/// Runs the plan on a terminal where a person types `answers`; `None` where `script` is not installed.
fn asked(answers: &str) -> Option<(User, Output)> {
    let user = User::new();
    if user.command("script").arg("--version").output().is_err() {
        return None;
    }
    user.plan(PLAN);
    let executor = user.executor(
        r#"cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
if test $ENACT_TASK = a && ! grep -q Finnish "$ENACT_PROMPT_FILE" && test $ENACT_ATTEMPT = 1; then
    printf 'FAILED\nReason: no idea\nLast completed: Step 2\n'; exit 1
fi
commit $ENACT_TASK.txt w"#,
    );
    let program = env!("CARGO_BIN_EXE_git-enact");
    let command =
        format!("{program} run plan.toml --name r-test --sequential --retries 0 -- {executor}");
    let mut child = user
        .command("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "/dev/null",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut keyboard = child.stdin.take().expect("a keyboard");
    keyboard
        .write_all(answers.as_bytes())
        .expect("somebody types");
    let output = Output::from(child.wait_with_output().expect("it ends"));
    drop(keyboard);
    Some((user, output))
}

#[test]
fn retrying_is_one_letter() {
    let Some((user, output)) = asked("y\nr\n") else {
        return;
    };
    let output = output.success().says("task a failed: ");
    output.says("no idea").says("last completed: Step 2");
    assert_eq!(user.task("a")["attempts"], 2);
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn words_reach_the_next_attempt() {
    let Some((user, output)) = asked("y\nw\nsay it in Finnish\n") else {
        return;
    };
    output.success();
    assert!(user.noted("prompt-a-2").contains("say it in Finnish"));
}

#[test]
fn skipping_goes_on_with_the_rest() {
    let Some((user, output)) = asked("y\nwhat?\nk\n") else {
        return;
    };
    output.code(1);
    assert_eq!(user.task("a")["status"], "skipped");
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn stopping_stops_and_can_be_resumed() {
    let Some((user, output)) = asked("y\ns\n") else {
        return;
    };
    let code = output.status;
    assert!(
        matches!(code, 3 | 4),
        "a person is needed, or it is paused: {output}"
    );
    assert_eq!(user.task("b")["attempts"], 0);
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn whoever_does_not_approve_gets_nothing() {
    let Some((user, output)) = asked("n\n") else {
        return;
    };
    output.code(2);
    user.enact(["status"]).code(2);
    assert!(!user.path().join(".git/enact").exists(), "nothing was made");
}
