//! A person gets a worktree on what an attempt left. It is theirs: nothing of ours touches what they do in it.

use std::path::{Path, PathBuf};

use crate::support::user::User;

const PLAN: &str = r#"
[plan]
title = "Lend"
[[task]]
id = "login"
title = "Add the login"
verify = ["test -s login.txt"]
"#;

/// The first attempt commits and leaves more uncommitted; the second does well.
const EXECUTOR: &str = r#"case $ENACT_ATTEMPT in
1) commit other.txt one; echo rest >rest.txt ;;
*) commit login.txt two ;;
esac"#;

fn failed() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user
}

fn lent(user: &User, flags: &[&str]) -> PathBuf {
    let output = user.enact(["worktree", "login"].iter().chain(flags));
    let said = output.success().stdout;
    let path = PathBuf::from(said.strip_suffix('\n').expect("one line"));
    assert!(path.is_dir() && path.is_absolute(), "{said}");
    path
}

fn git_in(user: &User, place: &Path, args: &[&str]) -> String {
    let mut all = vec!["-C", place.to_str().expect("text")];
    all.extend(args);
    user.git(all).success().stdout.trim().to_owned()
}

#[test]
fn what_an_attempt_left_committed_or_not_lies_in_a_worktree_that_explains_itself() {
    let user = failed();
    let place = lent(&user, &[]);
    assert_eq!(place, user.outside("repo.enact/r-test/look/login.1"));
    let text = |name: &str| std::fs::read_to_string(place.join(name)).expect("it was left");
    assert_eq!(
        (text("other.txt"), text("rest.txt")),
        ("one\n".into(), "rest\n".into())
    );
    assert_eq!(git_in(&user, &place, &["status", "--porcelain"]), "");
    assert_eq!(git_in(&user, &place, &["branch", "--show-current"]), "");
    user.git(["worktree", "list", "--porcelain"])
        .success()
        .says("locked lent by git enact: run r-test, task login, attempt 1");
}

#[test]
fn asked_again_it_is_the_same_until_its_person_has_changed_something() {
    let user = failed();
    let place = lent(&user, &[]);
    assert_eq!(lent(&user, &["--attempt", "1"]), place);
    std::fs::remove_dir_all(&place).expect("removed");
    assert_eq!(lent(&user, &[]), place, "made anew once it was removed");
    std::fs::write(place.join("mine.txt"), "mine").expect("written");
    user.enact(["worktree", "login"])
        .code(2)
        .complains("you have worked in `")
        .complains("(uncommitted: mine.txt)");
    git_in(&user, &place, &["add", "mine.txt"]);
    git_in(&user, &place, &["commit", "--quiet", "--message", "Mine"]);
    user.enact(["worktree", "login"])
        .code(2)
        .complains("which no branch has");
    git_in(&user, &place, &["switch", "--quiet", "--create", "kept"]);
    user.enact(["worktree", "login"])
        .code(2)
        .complains("it stands at another commit");
    assert!(place.join("mine.txt").exists(), "it was never touched");
}

#[test]
fn a_run_that_goes_on_and_finishes_leaves_it_alone() {
    let user = failed();
    let place = lent(&user, &[]);
    std::fs::write(place.join("mine.txt"), "mine").expect("written");
    user.enact(["retry", "login"]).success();
    user.enact(["resume"]).success();
    assert!(
        place.join("mine.txt").exists(),
        "the run has removed its own only"
    );
    assert!(!user.outside("repo.enact/r-test/slot-1").exists());
    let newer = lent(&user, &[]);
    assert_eq!(newer, user.outside("repo.enact/r-test/look/login.2"));
    assert_eq!(
        git_in(&user, &newer, &["rev-parse", "HEAD"]),
        user.task("login")["commit"]
    );
    let earlier = ["worktree", "login", "--attempt", "7"];
    user.enact(earlier)
        .code(2)
        .complains("task `login` has no attempt 7");
}

#[test]
fn while_an_attempt_runs_the_one_before_it_can_be_looked_into() {
    let user = failed();
    user.enact(["retry", "login"]).success();
    user.executor(&format!("signal runs; wait_for seen\n{EXECUTOR}"));
    let run = user.start(["resume"]);
    user.wait_for("runs");
    let output = user.enact(["worktree", "login"]).success();
    let place = user.outside("repo.enact/r-test/look/login.1");
    output
        .complains("note: attempt 2 has left nothing so far; this is attempt 1")
        .says(&format!("{}\n", place.display()));
    user.signal("seen");
    run.end().success();
    assert!(place.join("rest.txt").exists());
}

#[test]
fn cleaning_removes_those_in_which_nothing_was_done() {
    let user = failed();
    user.enact(["retry", "login"]).success();
    user.enact(["resume"]).success();
    let (first, second) = (lent(&user, &["--attempt", "1"]), lent(&user, &[]));
    // A commit that nothing names any more is work as well.
    git_in(
        &user,
        &first,
        &["commit", "--quiet", "--allow-empty", "--message", "Mine"],
    );
    git_in(&user, &first, &["reset", "--quiet", "--hard", "HEAD~1"]);
    user.enact(["clean", "--yes"])
        .success()
        .complains("holds work of yours and stays (commit ");
    assert!(first.is_dir() && !second.exists());
    let lost = git_in(&user, &first, &["rev-parse", "HEAD@{1}"]);
    user.git(["branch", "kept", &lost]).success();
    user.enact(["clean", "--yes"]).success();
    assert!(!user.outside("repo.enact").exists(), "nothing is left");
    let listed = user.git(["worktree", "list"]).success().stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    user.assert_whole();
}

#[test]
fn one_that_a_crash_left_half_made_is_made_anew() {
    let user = failed();
    let mut command = user.enact_command(["worktree", "login"]);
    command.env("ENACT_CRASH_AT", "step:worktree-added");
    assert!(!command.output().expect("it starts").status.success());
    let place = lent(&user, &[]);
    assert!(place.join("rest.txt").exists());
}

#[test]
fn a_task_that_left_nothing_is_told_apart_from_one_that_is_unknown() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("exit 1");
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["worktree", "login"])
        .code(2)
        .complains("no attempt of task `login` has left anything yet");
    user.enact(["worktree", "login", "--attempt", "1"])
        .code(2)
        .complains("attempt 1 of task `login` has left nothing: it started from ");
    user.enact(["worktree", "lgin"])
        .code(2)
        .complains("did you mean `login`?");
    assert!(!user.outside("repo.enact/r-test/look").exists());
}
