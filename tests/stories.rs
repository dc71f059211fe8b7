//! The main job as a user meets it.

use crate::support::digest::digest;
use crate::support::user::User;

const PLAN: &str = r#"
[plan]
title = "Example"
[[task]]
id = "a"
title = "Write a"
[[task]]
id = "b"
title = "Write b"
needs = ["a"]
"#;

#[test]
fn a_plan_becomes_one_commit_a_task_on_the_runs_own_branch() {
    let user = User::new();
    user.write("plan.toml", PLAN);
    user.commit("Plan");
    let executor = user.script(
        "work",
        r#"echo "$ENACT_TASK" > "$ENACT_TASK.txt"; git add -A; git commit -qm "Do $ENACT_TASK""#,
    );
    user.run("plan.toml", &executor, &[]).success();
    let log = user
        .git(["log", "--format=%s", "main..enact/r-test/integration"])
        .success();
    assert_eq!(log.stdout, "Do b\nDo a\n");
    assert_eq!(user.task("b")["status"], "done");
    user.assert_whole();
}

#[test]
fn nothing_of_the_users_changes_before_land() {
    let user = User::new();
    user.write("plan.toml", PLAN);
    user.commit("Plan");
    user.write("untracked.txt", "mine\n");
    let ours = [
        ".git/enact",
        ".git/objects",
        ".git/refs/enact",
        ".git/refs/heads/enact",
        ".git/refs/notes",
        ".git/logs/refs/notes",
        ".git/worktrees",
        ".git/logs/refs/heads/enact",
    ];
    let before = digest(&user.path(), &ours);
    let executor = user.script(
        "work",
        r#"echo "$ENACT_TASK" > "$ENACT_TASK.txt"; git add -A; git commit -qm "Do $ENACT_TASK""#,
    );
    user.run("plan.toml", &executor, &[])
        .success()
        .says("**Execution**: complete");
    user.enact(["check", "missing.toml"])
        .code(2)
        .complains("missing.toml");
    before.assert_same(
        &digest(&user.path(), &ours),
        "the checkout, index, config, hooks and branches stand as they were",
    );
    user.enact(["land", "--yes"]).success();
    assert_eq!(user.at("main", "b.txt"), "b\n");
    assert_eq!(
        std::fs::read_to_string(user.path().join("untracked.txt")).expect("it stays"),
        "mine\n"
    );
}

#[test]
fn a_repository_of_sha_256_is_one_like_any_other() {
    let user = User::new();
    let other = user.outside("wide");
    let wide = other.to_string_lossy().into_owned();
    user.git(["init", "--quiet", "--object-format=sha256", &wide])
        .success();
    std::fs::write(other.join("plan.toml"), PLAN).expect("a plan");
    user.git(["-C", &wide, "add", "--all"]).success();
    user.git(["-C", &wide, "commit", "--quiet", "--message", "Begin"])
        .success();
    let executor = user.script(
        "work",
        r#"echo "$ENACT_TASK" > "$ENACT_TASK.txt"; git add -A; git commit -qm "Do $ENACT_TASK""#,
    );
    user.enact(["-C", &wide, "run", "plan.toml", "--yes", "--", &executor])
        .success()
        .says("**Execution**: complete");
    user.enact(["-C", &wide, "land", "--yes"]).success();
    let log = user.git(["-C", &wide, "log", "--format=%s"]).success();
    assert_eq!(log.stdout, "Do b\nDo a\nBegin\n");
}
