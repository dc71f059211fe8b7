//! On a terminal a failure asks: retry, skip or stop. Driven through a pseudo terminal.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::user::{Output, User, wait_until};

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

/// Runs the plan on a terminal where a person types `answers`; `None` where there can be none.
fn asked(answers: &[(&str, &str)]) -> Option<(User, Output)> {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        r#"cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
if test $ENACT_TASK = a && test $ENACT_ATTEMPT = 1; then
    printf 'FAILED\nReason: no idea\nLast completed: Step 2\n'; exit 1
fi
commit $ENACT_TASK.txt w"#,
    );
    let program = env!("CARGO_BIN_EXE_git-enact");
    let command =
        format!("{program} run plan.toml --name r-test --sequential --retries 0 -- {executor}");
    let output = on_terminal(&user, &command, answers)?;
    Some((user, output))
}

/// Runs `command` on a terminal where a person types `answers`, each once the text before it is shown, or a file of
/// that name is there; `None` where `script` is not installed.
fn on_terminal(user: &User, command: &str, answers: &[(&str, &str)]) -> Option<Output> {
    if user.command("script").arg("--version").output().is_err() {
        return None;
    }
    let screen = user.outside("screen");
    let mut child = user
        .command("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            command,
            "/dev/null",
        ])
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&screen).expect("a screen"))
        .spawn()
        .expect("script starts");
    let mut keyboard = child.stdin.take().expect("a keyboard");
    for (prompt, answer) in answers {
        wait_until(prompt, || {
            user.noted("screen").contains(prompt) || user.outside(prompt).exists()
        });
        keyboard
            .write_all(answer.as_bytes())
            .expect("somebody types");
    }
    let mut output = Output::from(child.wait_with_output().expect("it ends"));
    output.stdout = user.noted("screen");
    drop(keyboard);
    Some(output)
}

const APPROVE: (&str, &str) = ("[y/N]", "y\n");
const ASKED: &str = "or [s]top?";

#[test]
fn retrying_is_one_letter() {
    let Some((user, output)) = asked(&[APPROVE, (ASKED, "r\n")]) else {
        return;
    };
    let output = output.success().says("task a failed: ");
    output.says("no idea").says("last completed: Step 2");
    assert_eq!(user.task("a")["attempts"], 2);
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn words_reach_the_next_attempt() {
    let Some((user, output)) = asked(&[
        APPROVE,
        (ASKED, "w\n"),
        ("what should the next attempt know?", "say it in Finnish\n"),
    ]) else {
        return;
    };
    output.success();
    assert!(user.noted("prompt-a-2").contains("say it in Finnish"));
}

#[test]
fn words_that_hold_a_secret_are_asked_for_again() {
    const TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let secret = format!("log in with {TOKEN}\n");
    let Some((user, output)) = asked(&[
        APPROVE,
        (ASKED, "w\n"),
        ("what should the next attempt know?", &secret),
        ("log in with [redacted]", "w\n"),
        ("what should the next attempt know?", "say it in Finnish\n"),
    ]) else {
        return;
    };
    output.success();
    let prompt = user.noted("prompt-a-2");
    assert!(prompt.contains("say it in Finnish") && !prompt.contains(TOKEN));
}

#[test]
fn skipping_goes_on_with_the_rest() {
    let Some((user, output)) = asked(&[APPROVE, (ASKED, "what?\nk\n")]) else {
        return;
    };
    output.code(1);
    assert_eq!(user.task("a")["status"], "skipped");
    assert_eq!(user.task("b")["status"], "done");
}

#[test]
fn stopping_stops_and_can_be_resumed() {
    let Some((user, output)) = asked(&[APPROVE, (ASKED, "s\n")]) else {
        return;
    };
    output.code(4);
    assert_eq!(user.task("b")["attempts"], 0);
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn whoever_does_not_approve_gets_nothing() {
    let Some((user, output)) = asked(&[("[y/N]", "n\n")]) else {
        return;
    };
    output.code(2);
    user.enact(["status"]).code(2);
    assert!(!user.path().join(".git/enact").exists(), "nothing was made");
}

#[test]
fn an_interrupt_at_the_question_stops_the_run() {
    let Some((user, output)) = asked(&[APPROVE, (ASKED, "\u{3}")]) else {
        return;
    };
    output.code(130);
    assert_eq!(user.task("a")["status"], "failed");
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
}

/// Git passes Ctrl-C on to what it runs, which has it from the terminal already.
#[test]
fn one_ctrl_c_through_git_is_one() {
    let user = User::new();
    user.plan(PLAN);
    let seen = user.outside("screen");
    let executor = user.executor(&format!(
        r#"touch "$HOME/../executor-begun"
n=0; until grep -q "Ctrl-C again" "{}"; do n=$((n + 1)); test $n -lt 1000 || exit 99; sleep 0.02; done
commit $ENACT_TASK.txt w"#,
        seen.display()
    ));
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_git-enact")).parent();
    let command = format!(
        "PATH={}:$PATH git enact run plan.toml --name r-test --yes --sequential -- {executor}",
        programs.expect("a directory").display()
    );
    let Some(_) = on_terminal(&user, &command, &[("executor-begun", "\x03")]) else {
        return;
    };
    assert_eq!(user.status()["run"]["status"], "stopped");
    assert_eq!(user.task("a")["status"], "done", "what ran could end");
    assert_eq!(user.task("b")["attempts"], 0);
}
