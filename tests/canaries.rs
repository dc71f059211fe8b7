//! Promise: what is secret to a run is nowhere in what is stored or shown, whichever way it came in; nor is anything there
//! that steers a terminal. What an executor writes into the files of its task is the task's.

use std::path::Path;
use std::process::Command;

use crate::support::user::{Output, User};

/// A value that has no form by which it could be known.
const CANARY: &str = "CANARY correct horse \"battery\" 7f3a";
/// One that has.
const TOKEN: &str = "ghp_CANARY0123456789abcdefghijklmnopqrst";

const PLAN: &str = "[plan]\ntitle = \"Two\"\nretries = 1\nfinal_verify = [\"leak; test -e b.txt\"]\n\
    [[task]]\nid = \"a\"\ntitle = \"Do a\"\nverify = [\"leak; test -e a.txt\"]\n\
    [[task]]\nid = \"b\"\ntitle = \"Do b\"\nneeds = [\"a\"]\nverify = [\"leak; test -e b.txt\"]\n";

/// Settings under which everything that can be started prints what it knows.
fn leaky(user: &User) {
    let leak = user.outside("bin");
    std::fs::create_dir(&leak).expect("a directory");
    let said = format!(
        "#!/bin/sh\nprintf '%s\\n%s\\n' \"$API_KEY\" '{TOKEN}'\nprintf '\\033[2J\\033]0;owned\\007' >&2\n"
    );
    std::fs::write(leak.join("leak"), said).expect("a script");
    let mut chmod = Command::new("chmod");
    Output::from(
        chmod
            .args(["+x"])
            .arg(leak.join("leak"))
            .output()
            .expect("chmod"),
    )
    .success();
    user.write(
        "enact.toml",
        "pass_env = [\"API_KEY\"]\nsetup = \"leak\"\nverify = [\"leak\"]\n[checks]\nbuild = \"leak; exit 1\"\n\
         [hooks]\npre-task = \"leak\"\npost-task = \"leak\"\ntask-failed = \"leak; exit 1\"\n",
    );
}

fn command(user: &User, args: &[&str]) -> Command {
    let mut command = user.enact_command(args);
    let path = std::env::var("PATH").expect("PATH");
    command.env("PATH", format!("{}:{path}", user.outside("bin").display()));
    command
}

/// The same where what is secret is known.
fn knowing(user: &User, args: &[&str]) -> Output {
    let mut command = command(user, args);
    command
        .env("API_KEY", CANARY)
        .env("OTHER_KEY", "CANARY that nobody passes on");
    Output::of(&mut command)
}

/// An executor that says what it knows in every way that it has.
fn tattler(user: &User, end: &str) -> String {
    user.executor(&format!(
        r#"
leak; env; cat > /dev/null
quoted=$(printf '%s' "$API_KEY" | sed 's/"/\\"/g')
say() {{ printf '{{"status":"%s","commit":"%s","reason":"%s","notes":"%s {TOKEN}","details":"%s","recommendation":"%s","last_completed":"%s","verification":"%s","files_changed":["%s"],"suggested_split":["%s"]}}\n' "$1" "$2" "$quoted" "$quoted" "$quoted" "$quoted" "$quoted" "$quoted" "$quoted" "$quoted"; }}
{end}
"#
    ))
}

/// Everything that git holds, and everything that lies in our own directory.
fn stored(user: &User) -> Vec<u8> {
    let objects = "git cat-file --batch-all-objects --batch --buffer; cat $(find .git/enact ../home/.local -type f) /dev/null; \
                   git for-each-ref; git reflog --all; git worktree list --porcelain";
    let mut shell = user.command("sh");
    let output = shell.args(["-c", objects]).output().expect("sh");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[track_caller]
fn assert_clean(user: &User, shown: &[&Output]) {
    let stored = stored(user);
    let text = String::from_utf8_lossy(&stored);
    let near = text
        .find("CANARY")
        .map(|at| text[..at].chars().rev().take(400).collect::<String>());
    let near = near.map(|near| near.chars().rev().collect::<String>());
    assert_eq!(near, None, "something secret is stored behind this");
    for output in shown {
        let text = format!("{}{}", output.stdout, output.stderr);
        assert!(
            !text.contains("CANARY"),
            "something secret is shown: {output}"
        );
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(
            !text.contains(steers),
            "a terminal would be steered: {text:?}"
        );
    }
}

/// What every report says.
fn reports(user: &User) -> Vec<Output> {
    let commands: &[&[&str]] = &[
        &["status"],
        &["status", "--json"],
        &["log"],
        &["log", "--json"],
        &["report"],
        &["report", "--format", "json"],
        &["progress"],
        &["show", "a"],
        &["show", "b", "--json"],
        &["show", "a", "--context"],
        &["show", "a", "--context", "--json"],
    ];
    commands.iter().map(|args| user.enact(*args)).collect()
}

const RUN: [&str; 8] = [
    "run",
    "plan.toml",
    "--yes",
    "--name",
    "r-test",
    "--durability",
    "process",
    "--",
];

#[test]
fn nothing_secret_is_stored_or_shown_whoever_says_it() {
    for end in [
        "commit \"$ENACT_TASK.txt\" x; say done \"$(git rev-parse HEAD)\"",
        "say failed x",
        "say blocked x",
        "say KICKBACK x | sed 's/\"reason\"/\"signal\":\"missing_context\",\"reason\"/'",
        "say done \"$quoted\"",
        "commit \"$ENACT_TASK.txt\" x; say done \"$(git rev-parse HEAD)\" > \"$ENACT_RESULT_FILE\"",
        "echo \"Reason: $API_KEY\"; echo FAILED; exit 1",
        "echo \"$API_KEY\" >&2; exit 7",
    ] {
        let user = User::new();
        leaky(&user);
        user.plan(PLAN);
        let executor = tattler(&user, end);
        let run = knowing(&user, &[&RUN[..], &[&executor]].concat());
        assert_ne!(run.status, 2, "{run}");
        let mut shown = vec![run];
        shown.extend(reports(&user));
        assert_clean(&user, &shown.iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_is_not_passed_on_reaches_nobody() {
    let user = User::new();
    leaky(&user);
    user.plan(PLAN);
    let executor = user.executor(r#"env > "$(dirname "$0")/seen"; exit 1"#);
    let run = knowing(&user, &[&RUN[..], &[&executor]].concat());
    assert_eq!(run.status, 3, "{run}");
    let seen = user.noted("seen");
    assert!(
        seen.contains("API_KEY=") && !seen.contains("OTHER_KEY"),
        "{seen}"
    );
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "LD_PRELOAD"] {
        assert!(
            !seen
                .lines()
                .any(|line| line.starts_with(&format!("{name}="))),
            "{seen}"
        );
    }
}

#[test]
fn an_attempt_is_finished_without_its_secrets_by_whoever_does_not_know_them() {
    let user = User::new();
    leaky(&user);
    user.plan("[plan]\ntitle = \"One\"\nretries = 0\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n[[task]]\nid = \"b\"\nneeds = [\"a\"]\n");
    // It ends by itself after its driver has died: then what it printed is all that is left of it.
    let executor = tattler(
        &user,
        "kill -9 \"$(cat \"$(dirname \"$0\")/driver\")\"; echo \"$API_KEY\"; say failed x; exit 1",
    );
    let mut driver = command(&user, &[]);
    let script = r#"echo $$ > "$1/driver"; shift; exec "$@""#;
    driver = {
        let path = driver
            .get_envs()
            .find(|(name, _)| *name == "PATH")
            .and_then(|(_, path)| path.map(ToOwned::to_owned));
        let mut shell = user.command("sh");
        shell
            .env("PATH", path.expect("PATH"))
            .env("API_KEY", CANARY);
        shell
    };
    driver.args(["-c", script, "sh"]).arg(user.outside(""));
    driver
        .arg(env!("CARGO_BIN_EXE_git-enact"))
        .args(RUN)
        .arg(&executor);
    Output::of(&mut driver).code(128 + 9);
    let asked = user.enact(["show", "a", "--context"]);
    let resumed = Output::of(&mut command(&user, &["resume"]));
    let mut shown = vec![asked, resumed];
    shown.extend(reports(&user));
    assert_clean(&user, &shown.iter().collect::<Vec<_>>());
}

#[test]
fn while_an_attempt_runs_its_context_is_shown_without_what_is_secret_to_it() {
    let user = User::new();
    leaky(&user);
    user.plan(&format!("[plan]\ntitle = \"One\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\nbody = '''Use {CANARY} now.'''\n"));
    let executor = user.executor("signal begun; wait_for enough; exit 1");
    let mut run = command(&user, &[&RUN[..], &[&executor]].concat());
    let mut run = run
        .env("API_KEY", CANARY)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    user.wait_for("begun");
    for args in [
        &["show", "a", "--context"][..],
        &["show", "a", "--context", "--json"],
    ] {
        let shown = user.enact(args).success();
        assert!(
            shown.stdout.contains("[redacted]") && !shown.stdout.contains("CANARY"),
            "{shown}"
        );
    }
    user.signal("enough");
    run.wait().expect("it ends");
}

#[test]
fn a_command_that_holds_a_secret_is_refused_before_it_is_stored() {
    let user = User::new();
    user.plan(PLAN);
    let run = user.enact([&RUN[..], &["sh", "-c", &format!("agent --key {TOKEN}")]].concat());
    let run = run
        .code(2)
        .complains("looks like a secret (`agent --key [redacted]`)");
    assert_clean(&user, &[&run]);
    assert!(!Path::new(&user.path().join(".git/enact")).exists());
}

#[test]
fn words_that_hold_a_secret_are_refused_before_they_are_stored() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test $ENACT_TASK = a || exit 1; commit a.txt w");
    let plain = [&RUN[..], &[&executor]].concat();
    user.enact(plain).code(3);
    let words = format!("log in with {TOKEN}, then go on");
    let journal = || user.git(["rev-parse", "refs/enact/runs/r-test"]).stdout;
    let before = journal();
    let commands: [&[&str]; 5] = [
        &["retry", "b"],
        &["skip", "b"],
        &["answer", "b"],
        &["revert", "a", "--yes"],
        &["review", "b", "--reject"],
    ];
    for command in commands {
        let said = user.enact([command, &["-m", &words]].concat());
        let said = said.code(2).complains("log in with [redacted], then go on");
        assert_clean(&user, &[&said]);
        assert_eq!(journal(), before, "{command:?} records nothing");
    }
}

#[test]
fn what_plans_and_executors_name_steers_no_terminal() {
    let user = User::new();
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\u{9b}31m\r";
    let escaped: String = evil
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    user.plan(&format!(
        "[plan]\ntitle = \"{escaped}\"\nretries = 0\n[[task]]\nid = \"a\"\ntitle = \"{escaped}\"\nbody = \"{escaped}\"\n\
         [[task]]\nid = \"b\"\ntitle = \"b\"\nneeds = [\"a\"]\n"
    ));
    let executor = user.executor(&format!(
        r#"evil=$(printf '%b' '\033[2J\033]0;owned\007'); echo x > "$evil.txt"; git add --all
git -c user.name="$evil" commit --quiet -m "$evil"
printf '{{"status":"failed","reason":"{escaped}","notes":"{escaped}","details":"{escaped}","last_completed":"{escaped}"}}\n'"#
    ));
    let run = user.run("plan.toml", &executor, &[]);
    assert_eq!(run.status, 3, "{run}");
    let mut shown = vec![run];
    // The prompt and the package are for programs, byte for byte.
    shown.extend(reports(&user).into_iter().take(9));
    let subjects = user
        .git([
            "log",
            "--format=%B",
            "--first-parent",
            "refs/enact/runs/r-test",
        ])
        .success();
    let named = |output: &Output| format!("{}{}", output.stdout, output.stderr);
    for output in shown.iter().chain([&subjects]) {
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
        let text = named(output);
        assert!(
            !text.contains(steers) && !text.contains('\u{202e}'),
            "a terminal would be steered: {text:?}"
        );
    }
}

#[test]
fn arguments_that_are_refused_steer_no_terminal() {
    let user = User::new();
    let evil = "\u{1b}]0;owned\u{7}";
    for args in [
        vec!["check", "--dialect", evil, "x"],
        vec![evil],
        vec!["run", "--retries", evil, "x"],
        vec!["check", evil],
        vec!["status", evil],
    ] {
        let told = user.enact(&args);
        let text = format!("{}{}", told.stdout, told.stderr);
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(
            told.status != 0 && !text.contains(steers),
            "{args:?}: {text:?}"
        );
    }
}
