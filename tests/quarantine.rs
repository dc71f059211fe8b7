//! Whoever changes what git executes or believes in the user's repository stops the run, and a person puts it back
//! or takes it as it is; whoever works there as everybody does stops nothing. What is changed is always the user's: who
//! works in a clone has a git directory to itself, and goes for theirs all the same.

mod mending;

use std::os::unix::fs::PermissionsExt as _;

use crate::support::isolation::in_each;
use crate::support::oracle;
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Two"
jobs = 2
[[task]]
id = "a"
title = "Do a"
files = ["a.txt"]
[[task]]
id = "b"
title = "Do b"
files = ["b.txt"]
"#;

/// An executor that plants what leaves a trace when git runs it, in its first attempt of `a`.
const PLANTS: &str = r#"commit $ENACT_TASK.txt w
if test $ENACT_TASK$ENACT_ATTEMPT = a1; then
    cd "$HOME/../repo"; git config core.fsmonitor "touch '$HOME/../ran'"
    printf '#!/bin/sh\ntouch "%s"\n' "$HOME/../ran" > .git/hooks/post-commit
    chmod +x .git/hooks/post-commit
fi"#;

/// An executor that plants a filter for everything, in its first attempt of `task`.
fn plants_filters(user: &User, task: &str) -> String {
    user.executor(&format!(
        r#"commit $ENACT_TASK.txt w
if test $ENACT_TASK$ENACT_ATTEMPT = {task}1; then
    cd "$HOME/../repo"
    git config filter.evil.clean "touch '$HOME/../ran'; cat"
    git config filter.evil.smudge "touch '$HOME/../ran'; cat"
    mkdir -p .git/info; echo '* filter=evil' > .git/info/attributes
fi"#
    ))
}

/// A user whose run is quarantined because of a filter planted in the first attempt of `task`.
fn planted(task: &str) -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = plants_filters(&user, task);
    user.run("plan.toml", &executor, &["--sequential"]).code(3);
    assert_eq!(run_status(&user), "quarantined");
    user
}

fn run_status(user: &User) -> String {
    let status = user.status()["run"]["status"].clone();
    status.as_str().expect("a status").to_owned()
}

#[test]
fn what_was_planted_is_shown_is_put_back_and_never_ran() {
    let user = User::new();
    user.plan(PLAN);
    let before = oracle::untouched(&user);
    let config = user.path().join(".git/config");
    let settings = std::fs::read(&config).expect("a configuration");
    let executor = user.executor(PLANTS);
    user.run("plan.toml", &executor, &["--sequential"])
        .code(3)
        .complains("quarantined: ")
        .complains("the setting `core.fsmonitor` in `.git/config` was added")
        .complains("`.git/hooks/post-commit` was added")
        .complains("(at work: attempt 1 of a)")
        .complains("  is:  executable, #!/bin/sh")
        .says("git enact doctor r-test");
    assert_eq!(run_status(&user), "quarantined");
    assert_eq!(user.status()["run"]["tip"], user.status()["run"]["base"]);
    user.enact(["resume"])
        .code(3)
        .complains("put that back with `git enact doctor r-test --repair`");
    user.enact(["doctor"]).code(1).says("core.fsmonitor");
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(std::fs::read(&config).expect("it"), settings);
    let hook = user.path().join(".git/hooks/post-commit");
    assert!(!hook.exists(), "git does not find it any more");
    let kept = user
        .path()
        .join(".git/enact/runs/r-test/planted/post-commit.0");
    assert!(
        kept.exists(),
        "what was there is kept for who wants to look"
    );
    user.enact(["resume"])
        .success()
        .complains("resumed: quarantined, and put back: ");
    assert!(!user.outside("ran").exists(), "nothing of it ever ran");
    assert_eq!(
        user.task("a")["attempts"],
        1,
        "what had ended is judged now"
    );
    before.give_times_back(&user.path());
    oracle::check(&user, &before);
}

#[test]
fn a_person_may_take_it_as_it_is() {
    let user = User::new();
    user.plan(PLAN);
    let executor =
        user.executor("commit $ENACT_TASK.txt w; cd \"$HOME/../repo\"; git config core.editor \"touch '$HOME/../ran'\"");
    user.run("plan.toml", &executor, &["--sequential"]).code(3);
    user.enact(["resume", "--yes"])
        .success()
        .complains("accepted: the repository is taken as it is")
        .complains("resumed: accepted by a person: ");
    assert_eq!(run_status(&user), "complete");
    assert!(
        !user.outside("ran").exists(),
        "we run nothing of it even then"
    );
    user.enact(["doctor"]).success();
}

#[test]
fn what_runs_beside_it_is_ended_and_kept() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        r#"if test $ENACT_TASK = b; then
    test $ENACT_ATTEMPT = 1 || { commit b.txt w; exit; }
    echo half > half.txt; signal begun; wait_for never
fi
wait_for begun; commit a.txt w
test $ENACT_ATTEMPT != 1 || git -C "$HOME/../repo" config alias.st '!evil'"#,
    );
    user.run("plan.toml", &executor, &[])
        .code(3)
        .complains("b (Do b): attempt 1 abandoned");
    oracle::assert_no_process(&user);
    let journal = user.git([
        "log",
        "--all",
        "--format=",
        "--name-only",
        "refs/enact/runs/r-test",
    ]);
    assert!(journal.success().stdout.contains("half.txt"));
    user.git(["config", "--unset", "alias.st"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn a_driver_that_died_leaves_the_tampering_to_be_seen() {
    in_each(|_| {
        let user = User::new();
        user.plan(PLAN);
        let executor = user.executor(&format!(
        "{PLANTS}\ntest $ENACT_TASK$ENACT_ATTEMPT != a1 || {{ kill -9 \"$(cat \"$HOME/../driver\")\"; wait_for never; }}"
    ));
        let mut driver = user.command("sh");
        let script = r#"echo $$ > "$1/driver"; shift; exec "$@""#;
        driver.args(["-c", script, "sh"]).arg(user.outside(""));
        driver.arg(env!("CARGO_BIN_EXE_git-enact"));
        driver.args(["run", "plan.toml", "--yes", "--name", "r-test"]);
        driver.args(["--sequential", "--", &executor]);
        Output::of(&mut driver).code(128 + 9);
        user.enact(["resume", "--yes"])
            .code(3)
            .complains("`.git/hooks/post-commit` was added");
        assert_eq!(run_status(&user), "quarantined", "nobody had seen it yet");
        user.enact(["doctor", "--repair"]).success();
        user.enact(["resume"]).success();
        assert!(!user.outside("ran").exists());
    });
}

#[test]
fn no_value_of_a_setting_is_on_record_and_none_repaints_a_terminal() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        r#"commit $ENACT_TASK.txt w; cd "$HOME/../repo"
git config core.sshCommand "$(printf 'ssh -i key\033[2J https://me:hunter22@example.com')"
git config http.extraHeader 'AUTHORIZATION: basic aHVudGVyMjI='"#,
    );
    let output = user.run("plan.toml", &executor, &["--sequential"]).code(3);
    let output = output.complains("core.sshcommand").complains("[redacted]");
    for text in [&output.stdout, &output.stderr] {
        assert!(
            !text.contains('\u{1b}') && !text.contains("hunter22"),
            "{text}"
        );
    }
    assert!(!output.stderr.contains("aHVudGVyMjI"), "{output}");
    let journal = user
        .git(["log", "-p", "--format=%B", "refs/enact/runs/r-test"])
        .success()
        .stdout;
    assert!(journal.contains("quarantined: ") && !journal.contains("hunter22"));
    let held = user.path().join(".git/enact/runs/r-test/surroundings.json");
    let mode = std::fs::metadata(held).expect("it is held").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn everyday_work_in_the_checkout_stops_nothing() {
    in_each(|_| {
        let user = User::new();
        user.plan(PLAN);
        user.write("notes.txt", "one\n");
        user.commit("Notes");
        user.git(["branch", "old"]).success();
        let executor = user.executor("signal begun; wait_for go; commit $ENACT_TASK.txt w");
        let run = user.start_run("plan.toml", &executor, &["--sequential"]);
        user.wait_for("begun");
        user.write("notes.txt", "two\n");
        user.commit("More notes");
        user.write("notes.txt", "three\n");
        user.write("new.txt", "new\n");
        user.git(["stash", "push", "--quiet"]).success();
        user.git(["stash", "pop", "--quiet"]).success();
        user.git(["switch", "--quiet", "--create", "topic"])
            .success();
        user.commit("Topic");
        user.git(["switch", "--quiet", "main"]).success();
        user.git(["merge", "--quiet", "--no-edit", "topic"])
            .success();
        user.git(["reset", "--quiet", "--hard", "HEAD~1"]).success();
        user.git(["branch", "-D", "--quiet", "old"]).success();
        user.git(["tag", "v1"]).success();
        user.git(["config", "user.email", "grace@example.com"])
            .success();
        user.git(["remote", "add", "origin", "../elsewhere"])
            .success();
        user.git(["gc", "--quiet"]).success();
        user.git(["worktree", "add", "--quiet", "../second", "topic"])
            .success();
        user.write("notes.txt", "edited and not committed\n");
        user.signal("go");
        let output = run.end().success();
        output
            .complains("note: `refs/heads/old` was removed while the run went on")
            .complains("note: the setting `user.email` in `.git/config` was added");
        assert_eq!(run_status(&user), "complete");
        assert!(
            !user
                .path()
                .join(".git/enact/runs/r-test/surroundings.json")
                .exists()
        );
    });
}

#[test]
fn what_the_user_changes_between_two_drives_is_theirs() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 1; commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--sequential", "--retries", "0"])
        .code(3);
    user.git(["config", "core.fsmonitor", "false"]).success();
    user.write(".git/hooks/pre-push", "#!/bin/sh\n");
    user.signal("go");
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn a_hook_that_a_commit_or_a_switch_brings_is_everyday_work() {
    let user = User::new();
    user.write(".husky/pre-push", "#!/bin/sh\n");
    user.plan(PLAN);
    user.git(["config", "core.hooksPath", ".husky"]).success();
    let executor = user.executor(
        "signal begun; wait_for go; commit $ENACT_TASK.txt w
test $ENACT_TASK = a || echo evil >> \"$HOME/../repo/.husky/pre-push\"",
    );
    let run = user.start_run("plan.toml", &executor, &["--sequential"]);
    user.wait_for("begun");
    user.write(".husky/pre-push", "#!/bin/sh\nmake test\n");
    user.commit("A better hook");
    user.signal("go");
    let output = run.end().code(3);
    let output = output.complains("quarantined: `.husky/pre-push` was changed");
    output.complains("(at work: attempt 1 of b)");
    assert_eq!(user.task("a")["status"], "done");
}

#[test]
fn what_a_setup_command_installs_is_the_users() {
    let user = User::new();
    user.write(
        "enact.toml",
        "setup = \"git config core.hooksPath .husky/_\"\n",
    );
    user.plan(PLAN);
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &[]).success();
}

#[test]
fn an_attempt_that_works_in_the_checkout_is_told_from_its_user() {
    in_each(|_| {
        // Its change is in the wrong place, and nothing is in the right one.
        let user = User::new();
        user.plan(PLAN);
        let escapes = user.executor("echo w > \"$HOME/../repo/$ENACT_TASK.txt\"; true");
        user.run("plan.toml", &escapes, &["--sequential"])
            .code(3)
            .complains(
                "quarantined: `a.txt` of your checkout has what attempt 1 of a should have left",
            );
        // Its change is in both.
        let user = User::new();
        user.plan(PLAN);
        let twice = user.executor("echo w > \"$HOME/../repo/a.txt\"; commit $ENACT_TASK.txt w");
        user.run("plan.toml", &twice, &["--sequential"])
            .code(3)
            .complains(
                "quarantined: `a.txt` of your checkout has what attempt 1 of a should have left",
            );
        std::fs::remove_file(user.path().join("a.txt")).expect("it is there");
        user.enact(["resume"]).success();
        // Nobody can tell whose change it is.
        let user = User::new();
        user.plan(PLAN);
        let other =
            user.executor("echo w >> \"$HOME/../repo/README.md\"; commit $ENACT_TASK.txt w");
        user.run("plan.toml", &other, &["--sequential"])
            .success()
            .complains("note: while attempt 1 of a ran, your checkout changed: `README.md`");
    });
}

#[test]
fn a_command_of_the_plan_that_plants_something_is_seen_before_the_run_ends() {
    let user = User::new();
    let verify = "git -C \"$HOME/../repo\" config core.pager evil; false";
    user.plan(&format!("{PLAN}verify = ['{verify}']\n"));
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--sequential", "--retries", "0"])
        .code(3)
        .complains("quarantined: the setting `core.pager` in `.git/config` was added");
    assert_eq!(run_status(&user), "quarantined");
}

#[test]
fn cleaning_keeps_what_puts_the_repository_back() {
    let user = planted("a");
    user.enact(["clean", "--yes"])
        .success()
        .complains("run r-test is quarantined, and what puts the repository back stays");
    user.enact(["doctor"])
        .code(1)
        .says("the setting `filter.evil.clean` in `.git/config` was added");
    user.enact(["clean", "--purge", "--yes"])
        .code(2)
        .complains("nothing was purged: ")
        .complains("`git enact doctor r-test --repair` puts it back");
    user.enact(["resume"])
        .code(3)
        .complains("put that back with `git enact doctor r-test --repair`");
    user.enact(["doctor", "--repair"]).success();
    user.enact(["resume", "--yes"])
        .success()
        .complains("resumed: quarantined, and put back: ");
    assert!(!user.outside("ran").exists());
    user.enact(["clean", "--purge", "--yes"]).success();
}

#[test]
fn nobody_says_that_it_is_put_back_who_cannot_know() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        "commit $ENACT_TASK.txt w; test $ENACT_TASK$ENACT_ATTEMPT != a1 || git -C \"$HOME/../repo\" config core.editor evil",
    );
    user.run("plan.toml", &executor, &["--sequential"]).code(3);
    let held = user.path().join(".git/enact/runs/r-test/surroundings.json");
    std::fs::remove_file(held).expect("it is held");
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("nobody knows whether it was put back")
        .says("`git enact resume r-test --yes` takes the repository as it is");
    user.enact(["run", "plan.toml", "--new", "--yes", "--", &executor])
        .code(2)
        .complains("nobody knows whether it was put back");
    user.enact(["resume"])
        .code(3)
        .complains("nobody knows whether it was put back");
    assert_eq!(run_status(&user), "quarantined");
    let output = user.enact(["resume", "--yes"]).success();
    let output = output.complains("resumed: accepted by a person: ");
    assert!(!output.stderr.contains("put back: "), "{output}");
    user.enact(["doctor"]).success();
}

#[test]
fn nothing_lands_where_git_would_run_what_was_planted() {
    let user = planted("b");
    let before = user.git(["rev-parse", "HEAD"]).success().stdout;
    let refused = user.enact(["land", "--yes"]).code(2);
    let refused = refused.complains("nothing was landed: while run `r-test` was driven, ");
    refused.complains("`git enact doctor r-test --repair` puts that back");
    assert_eq!(user.git(["rev-parse", "HEAD"]).success().stdout, before);
    assert!(!user.path().join("a.txt").exists());
    assert!(!user.outside("ran").exists());
    user.enact(["doctor", "--repair"]).success();
    user.enact(["land", "--yes"]).success();
    assert!(user.path().join("a.txt").exists());
    assert!(!user.outside("ran").exists());
}

#[test]
fn no_other_run_takes_what_was_planted_for_what_was_there() {
    let user = planted("a");
    let executor = user.executor("commit $ENACT_TASK.txt w");
    let another = |name| {
        user.enact([
            "run",
            "plan.toml",
            "--new",
            "--yes",
            "--name",
            name,
            "--",
            &executor,
        ])
    };
    another("r-other")
        .code(2)
        .complains("no run was started: while run `r-test` was driven, ")
        .complains("`git enact doctor r-test --repair` puts that back");
    assert!(!user.outside("ran").exists());
    user.enact(["doctor", "--repair"]).success();
    another("r-other").success();
}

#[test]
fn no_other_command_runs_what_was_planted() {
    let user = planted("b");
    user.git(["config", "core.pager", "touch ../ran; cat"])
        .success();
    for command in [
        &["worktree", "b"][..],
        &["diff", "a"],
        &["export"],
        &["review"],
        &["status"],
        &["revert", "a", "--yes"],
    ] {
        user.enact(command).success();
        assert!(!user.outside("ran").exists(), "{command:?}");
    }
    assert_eq!(run_status(&user), "quarantined");
}
