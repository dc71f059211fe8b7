//! Commands of the user's own run at the turns of each task: two may refuse an attempt, one is only told.

use crate::support::user::{User, wait_until};

const PLAN: &str = r#"
[plan]
title = "Hooks"
[[task]]
id = "a"
title = "Do a"
verify = ["test -s a.txt"]
"#;

const EXECUTOR: &str = r#"echo "executor $ENACT_ATTEMPT" >>"$HOME/turns"; commit a.txt a"#;

/// A user whose `enact.toml` has these hooks. Each script knows `turn`, which notes what it is told.
fn hooked(hooks: &[(&str, &str)]) -> (User, String) {
    let user = User::new();
    let mut settings = String::from("[hooks]\n");
    for (name, body) in hooks {
        let turn = r#"turn() { echo "$1 $ENACT_ATTEMPT" >>"$HOME/turns"; }"#;
        let script = user.script(name, &format!("{turn}\n{body}"));
        settings.push_str(&format!("{name} = '{script}'\n"));
    }
    user.write("enact.toml", &settings);
    user.plan(PLAN);
    let executor = user.executor(EXECUTOR);
    (user, executor)
}

fn turns(user: &User) -> Vec<String> {
    let text = user.noted("home/turns");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn hooks_run_around_each_attempt_and_know_it_by_its_names() {
    let (user, executor) = hooked(&[
        (
            "pre-task",
            "turn pre; test -s \"$ENACT_TASK_FILE\" && test \"$PWD\" = \"$ENACT_WORKTREE\" && \
             test \"$(git branch --show-current)\" = \"enact/$ENACT_RUN/task/$ENACT_TASK\"",
        ),
        (
            "post-task",
            "turn post; test -s a.txt && test \"$(git rev-parse HEAD~1)\" = \"$ENACT_BASE\"",
        ),
    ]);
    user.run("plan.toml", &executor, &[]).success();
    assert_eq!(turns(&user), ["pre 1", "executor 1", "post 1"]);
    let note = user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        "enact/r-test/integration",
    ]);
    note.success().says("Checks: clean, commit, verify, hook");
}

#[test]
fn a_pre_task_hook_refuses_before_the_executor_starts() {
    let (user, executor) = hooked(&[(
        "pre-task",
        "turn pre; echo half >half.txt; echo first; echo 'no licence' >&2; test $ENACT_ATTEMPT = 2",
    )]);
    user.run(
        "plan.toml",
        &executor,
        &["--retries", "1", "--commit", "tool"],
    )
    .success()
    .complains("pre-task hook `")
    .complains("(exit 1): no licence");
    assert_eq!(turns(&user), ["pre 1", "pre 2", "executor 2"]);
    let shown = user.enact(["--json", "show", "a"]).success().stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let refused = &shown["attempts"][0];
    assert_eq!(refused["outcome"], "vetoed");
    let reasons = refused["verdict"]["reasons"].as_array().expect("reasons");
    assert_eq!(
        (reasons.len(), &reasons[0]["kind"]),
        (1, &"hook_refused".into())
    );
    assert_eq!(refused["output"], "first\nno licence\n");
    user.enact(["show", "a"])
        .success()
        .says("not started: the pre-task hook refused, ")
        .says("  refused   pre-task hook `");
    let report = user.enact(["report", "--json"]).success().stdout;
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let claims = ["claim", "outcome"].map(|name| &report["tasks"][0]["attempts"][0][name]);
    assert_eq!(
        claims,
        [&serde_json::Value::Null, &"vetoed".into()],
        "nobody claimed anything"
    );
    let left = refused["salvage"]
        .as_str()
        .expect("what the hook left is kept");
    assert_eq!(user.at(left, "half.txt"), "half\n");
}

#[test]
fn a_post_task_hook_refuses_what_everything_else_accepted() {
    let (user, executor) = hooked(&[(
        "post-task",
        "turn post; echo 'too long'; test $ENACT_ATTEMPT = 2",
    )]);
    user.run("plan.toml", &executor, &["--retries", "1"])
        .success()
        .complains("post-task hook `")
        .complains("(exit 1): too long");
    assert_eq!(
        turns(&user),
        ["executor 1", "post 1", "executor 2", "post 2"]
    );
    user.enact(["show", "a", "--context"])
        .success()
        .says("(exit 1): too long");
}

#[test]
fn a_post_task_hook_is_not_asked_about_what_is_refused_already() {
    let (user, _) = hooked(&[("post-task", "turn post")]);
    let executor =
        user.executor("echo \"executor $ENACT_ATTEMPT\" >>\"$HOME/turns\"; commit b.txt b");
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    assert_eq!(turns(&user), ["executor 1"]);
}

#[test]
fn a_task_failed_hook_is_told_once_for_good_and_changes_nothing() {
    let (user, _) = hooked(&[(
        "task-failed",
        "turn failed; cat rest.txt >\"$HOME/seen\"; echo \"$ENACT_TASK $ENACT_REASON\" >\"$HOME/reason\"; \
         git rev-parse --git-dir >/dev/null && echo 'no mail' && exit 7",
    )]);
    let executor = user.executor("echo rest $ENACT_ATTEMPT >rest.txt; echo 'no key'; exit 1");
    for flags in [["--on-failure", "stop"], ["--on-failure", "skip"]] {
        let code = if flags[1] == "stop" { 3 } else { 1 };
        let mut run = vec!["run", "plan.toml", "--yes", "--new", "--retries", "1"];
        run.extend(flags);
        run.extend(["--", &executor]);
        user.enact(run)
            .code(code)
            .complains("note: task-failed hook `")
            .complains("(exit 7): no mail");
        assert_eq!(turns(&user), ["failed 2"]);
        assert_eq!(user.noted("home/seen"), "rest 2");
        assert_eq!(
            user.noted("home/reason"),
            "a the executor ended with exit 1: no key; uncommitted changes were left behind: rest.txt"
        );
        std::fs::remove_file(user.outside("home/turns")).expect("removed");
    }
    let listed = user.git(["worktree", "list"]).success().stdout;
    assert!(!listed.contains("failed"), "{listed}");
}

#[test]
fn a_reason_that_no_environment_takes_is_told_as_far_as_it_goes() {
    let (user, _) = hooked(&[(
        "task-failed",
        "printf '%s' \"$ENACT_REASON\" | wc -c >\"$HOME/length\"",
    )]);
    let executor = user.executor(
        r#"printf '{"status": "failed", "reason": "a\\u0000%s"}' "$(yes x | head -n 200000 | tr -d '\n')" >"$ENACT_RESULT_FILE""#,
    );
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    assert_eq!(user.noted("home/length"), "4096");
}

#[test]
fn one_that_has_run_out_of_time_for_good_has_failed() {
    let (user, _) = hooked(&[("task-failed", "turn failed")]);
    let executor = user.executor("wait_for never");
    let flags = ["--retries", "0", "--timeout", "300ms"];
    user.run("plan.toml", &executor, &flags).code(3);
    assert_eq!(turns(&user), ["failed 1"]);
}

#[test]
fn git_config_names_hooks_and_the_file_can_take_them_away() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(EXECUTOR);
    for (name, command) in [("pre-task", "exit 1"), ("post-task", "true # mine")] {
        let key = format!("enact.hook.{name}");
        user.git(["config", &key, command]).success();
    }
    user.write("enact.toml", "[hooks]\npre-task = ''\n");
    let plan = ["run", "plan.toml", "--dry-run", "--", &executor];
    let shown = user
        .enact(plan)
        .success()
        .says("post-task hook: true # mine\n");
    assert!(!shown.stdout.contains("pre-task"), "{shown}");
    user.run("plan.toml", &executor, &[]).success();
    user.write("enact.toml", "[hooks]\nbefore = 'true'\n");
    user.enact(plan).code(2).complains("unknown key `before`");
}

#[test]
fn a_changed_hook_is_approved_anew_and_a_resume_keeps_the_first() {
    let (user, _) = hooked(&[("post-task", "turn post; test -e \"$HOME/fine\"")]);
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.write("enact.toml", "");
    std::fs::write(user.outside("home/fine"), "").expect("a mark");
    user.enact(["retry", "a"]).success();
    user.enact(["resume"]).success();
    assert_eq!(
        turns(&user),
        ["executor 1", "post 1", "executor 2", "post 2"]
    );
    user.write("enact.toml", "[hooks]\npre-task = 'true'\n");
    let again = [
        "run",
        "plan.toml",
        "--new",
        "--retries",
        "0",
        "--",
        &executor,
    ];
    user.enact(again).code(2).says("pre-task hook: true");
}

#[test]
fn a_hook_ends_with_the_run_and_its_attempt_does_not_count() {
    let (user, executor) = hooked(&[(
        "pre-task",
        "turn pre; test $ENACT_ATTEMPT != 1 || { echo $$ >\"$HOME/pid\"; sleep 1000; }",
    )]);
    let run = [
        "run",
        "plan.toml",
        "--yes",
        "--retries",
        "0",
        "--",
        &executor,
    ];
    let run = user.start(run);
    user.wait_for("home/pid");
    let pid = user.noted("home/pid");
    run.interrupt();
    run.wait_until_it_says("Ctrl-C again");
    run.interrupt();
    run.end().code(130);
    wait_until_gone(&pid);
    user.enact(["resume"]).success();
    assert_eq!(turns(&user), ["pre 1", "pre 2", "executor 2"]);
}

/// Runs the plan until a hook has noted its process id, then kills the driver; that process id.
fn killed_in_a_hook(user: &User, executor: &str) -> String {
    let mut run = vec!["run", "plan.toml", "--yes", "--retries", "0"];
    run.extend(["--on-failure", "skip", "--", executor]);
    let run = user.start(run);
    user.wait_for("home/pid");
    let driver = rustix::process::Pid::from_raw(i32::try_from(run.id()).expect("an id"));
    let driver = driver.expect("an id");
    rustix::process::kill_process(driver, rustix::process::Signal::KILL).expect("it runs");
    run.end().code(128 + 9);
    user.noted("home/pid")
}

fn wait_until_gone(pid: &str) {
    let is_gone = || !std::path::Path::new(&format!("/proc/{pid}")).exists();
    wait_until("the hook has ended", is_gone);
}

#[test]
fn a_hook_whose_driver_was_killed_is_ended_and_its_attempt_made_again() {
    let (user, executor) = hooked(&[(
        "pre-task",
        "turn pre; test $ENACT_ATTEMPT != 1 || { echo $$ >\"$HOME/pid\"; sleep 1000; }",
    )]);
    let pid = killed_in_a_hook(&user, &executor);
    user.enact(["resume"]).success();
    wait_until_gone(&pid);
    assert_eq!(turns(&user), ["pre 1", "pre 2", "executor 2"]);
}

#[test]
fn a_hook_that_was_being_told_leaves_nothing_when_its_driver_was_killed() {
    let (user, _) = hooked(&[("task-failed", "echo $$ >\"$HOME/pid\"; sleep 1000")]);
    let executor = user.executor("exit 1");
    let pid = killed_in_a_hook(&user, &executor);
    user.enact(["resume"]).code(1);
    wait_until_gone(&pid);
    let listed = user.git(["worktree", "list"]).success().stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(!user.outside("repo.enact").exists(), "nothing is left");
}
