//! Landing is the only thing that changes the user's branch, and it loses nothing of theirs.

use crate::support::digest::digest;
use crate::support::user::User;

const PLAN: &str = r#"
[plan]
title = "Land it"
[[task]]
id = "a"
title = "Do a"
[[task]]
id = "b"
title = "Do b"
needs = ["a"]
"#;

fn finished() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &[]).success();
    user
}

fn subjects(user: &User) -> Vec<String> {
    let log = user
        .git(["log", "--first-parent", "--format=%s", "main"])
        .success();
    log.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn without_being_asked_it_says_what_it_would_do() {
    let user = finished();
    let before = user.git(["show-ref"]).stdout;
    let output = user.enact(["land"]).code(2);
    output
        .says("2 of 2 tasks done; fast-forward main to")
        .complains("--yes");
    assert_eq!(user.git(["show-ref"]).stdout, before);
}

#[test]
fn a_branch_that_has_not_moved_is_fast_forwarded() {
    let user = finished();
    user.enact(["land", "--yes"])
        .success()
        .says("landed on main as ");
    assert_eq!(
        subjects(&user),
        ["Write b.txt", "Write a.txt", "Plan", "Begin"]
    );
    assert!(user.path().join("b.txt").exists());
    user.git(["status", "--porcelain"]).success();
    user.enact(["log", "-n", "1"]).success().says("landed");
    user.enact(["status"]).success().says("landed on main as ");
    user.enact(["list"]).success().says("2 of 2 done, landed");
    let before = user.git(["show-ref"]).stdout;
    user.enact(["land", "--yes"])
        .success()
        .says("run r-test has landed on main already");
    assert_eq!(user.git(["show-ref"]).stdout, before);
    user.assert_whole();
}

#[test]
fn what_was_done_after_a_landing_is_still_to_be_brought_in() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test $ENACT_TASK = a || wait_for go; commit $ENACT_TASK.txt w");
    let flags = ["--retries", "0", "--timeout", "500ms"];
    user.run("plan.toml", &executor, &flags).code(3);
    user.enact(["land", "--yes"]).success();
    user.enact(["status"]).success().says("landed on main as ");
    user.signal("go");
    user.enact(["retry", "b"]).success();
    user.enact(["resume"])
        .success()
        .says("bring it in:   git enact land r-test");
    user.enact(["land", "--yes"]).success();
    assert_eq!(user.at("main", "b.txt"), "w\n");
}

#[test]
fn a_branch_that_moved_on_is_merged_unless_only_a_fast_forward_will_do() {
    let user = finished();
    user.write("mine.txt", "mine\n");
    user.commit("Mine");
    let before = (
        user.git(["show-ref"]).stdout,
        digest(&user.path(), &[".git"]),
    );
    user.enact(["land", "--yes", "--ff-only"])
        .code(2)
        .complains("nothing was landed");
    assert_eq!(user.git(["show-ref"]).stdout, before.0);
    before.1.assert_same(
        &digest(&user.path(), &[".git"]),
        "a refusal changes nothing",
    );
    user.enact(["land", "--yes"]).success();
    assert_eq!(subjects(&user), ["Land it", "Mine", "Plan", "Begin"]);
    assert_eq!(user.at("main", "a.txt"), "w\n");
    user.git([
        "merge-base",
        "--is-ancestor",
        "enact/r-test/integration",
        "main",
    ])
    .success();
}

#[test]
fn merge_and_squash_do_as_they_say() {
    let user = finished();
    user.enact(["land", "--yes", "--merge"]).success();
    assert_eq!(subjects(&user)[..2], ["Land it", "Plan"]);
    let user = finished();
    user.enact(["land", "--yes", "--squash"]).success();
    assert_eq!(subjects(&user), ["Land it", "Plan", "Begin"]);
    let parents = user
        .git(["show", "--no-patch", "--format=%P", "main"])
        .success();
    assert_eq!(
        parents.stdout.split_whitespace().count(),
        1,
        "one commit of all"
    );
    assert_eq!(user.at("main", "b.txt"), "w\n");
    let status = user.git(["status", "--porcelain"]).success();
    assert_eq!(status.stdout, "");
}

#[test]
fn a_conflict_leaves_everything_as_it_was() {
    for flag in ["--merge", "--squash"] {
        let user = finished();
        user.write("a.txt", "mine\n");
        user.commit("Mine");
        user.write("untracked.txt", "mine\n");
        let look = || {
            (
                user.git(["show-ref"]).stdout,
                digest(&user.path(), &[".git"]),
            )
        };
        let before = look();
        user.enact(["land", "--yes", flag])
            .code(2)
            .complains("nothing was landed");
        let after = look();
        assert_eq!(after.0, before.0);
        before
            .1
            .assert_same(&after.1, &format!("a conflict of `{flag}` is taken back"));
        let status = user.git(["status", "--porcelain"]).success();
        assert_eq!(status.stdout, "?? untracked.txt\n", "after `{flag}`");
        user.git(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])
            .code(1);
    }
}

#[test]
fn what_is_uncommitted_and_not_in_the_way_stays() {
    for flags in [
        &["land", "--yes"][..],
        &["land", "--yes", "--merge"],
        &["land", "--yes", "--squash"],
    ] {
        let user = finished();
        user.write("untracked.txt", "mine\n");
        user.write("README.md", "changed\n");
        user.enact(flags).success();
        let status = user.git(["status", "--porcelain"]).success();
        assert_eq!(
            status.stdout, " M README.md\n?? untracked.txt\n",
            "after {flags:?}"
        );
        assert_eq!(
            user.at("main", "README.md"),
            "# example\n",
            "after {flags:?}"
        );
    }
}

#[test]
fn what_is_staged_never_lands_with_a_squash() {
    let user = finished();
    user.write("staged.txt", "mine\n");
    user.git(["add", "staged.txt"]).success();
    let output = user.enact(["land", "--yes", "--squash"]);
    user.git(["cat-file", "-e", "main:staged.txt"]).code(128);
    let status = user.git(["status", "--porcelain"]).success();
    assert!(
        status.stdout.contains("A  staged.txt"),
        "it is still staged: {status} {output}"
    );
}

#[test]
fn a_file_in_the_way_is_not_overwritten() {
    let user = finished();
    user.write("a.txt", "mine\n");
    user.enact(["land", "--yes"]).code(2).complains("a.txt");
    assert_eq!(
        std::fs::read_to_string(user.path().join("a.txt")).expect("it stays"),
        "mine\n"
    );
    assert_eq!(subjects(&user), ["Plan", "Begin"]);
}

#[test]
fn a_detached_head_has_no_branch_to_land_on() {
    let user = finished();
    user.git(["checkout", "--quiet", "--detach"]).success();
    user.enact(["land", "--yes"])
        .code(2)
        .complains("check out the branch to land on first");
}

#[test]
fn a_run_without_work_has_nothing_to_land() {
    let user = User::new();
    user.plan(PLAN);
    user.run("plan.toml", "false", &[]).code(3);
    user.enact(["land", "--yes"])
        .code(2)
        .complains("has integrated nothing yet");
}
