//! A person sees what each task did, and why it stands where it stands, without executing anything.

use crate::support::user::User;

const PLAN: &str = r#"
[plan]
title = "Look"
[[task]]
id = "login"
title = "Add the login"
files = ["login.txt"]
verify = ["test -s login.txt"]
[[task]]
id = "docs"
title = "Write it down"
needs = ["login"]
"#;

/// A run whose first task was refused twice and then sent back with words.
fn looked_at() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        r#"seq 1 12; case $ENACT_TASK$ENACT_ATTEMPT in
login1) commit other.txt one; echo rest > rest.txt ;;
login2) echo '{"status": "failed", "reason": "no key"}' ;;
*) commit $ENACT_TASK.txt "three $ENACT_ATTEMPT" ;;
esac"#,
    );
    user.run("plan.toml", &executor, &["--retries", "1"])
        .code(3);
    user.enact(["retry", "login", "-m", "use \"mine\""])
        .success();
    user.enact(["resume"]).success();
    user
}

#[test]
fn a_task_is_shown_with_every_attempt_and_why_it_was_refused() {
    let user = looked_at();
    user.enact(["show", "login"])
        .success()
        .says("login (Add the login): done")
        .says("  files   login.txt")
        .says("attempt 1: from ")
        .says("  refused   uncommitted changes were left behind: rest.txt")
        .says("  note      scope_creep: changed outside the declared files: other.txt")
        .says("  left      uncommitted work, kept in ")
        .says("  claimed   failed; no key")
        .says("  refused   the executor says it failed: no key")
        .says("  accepted  ")
        .says("  | 12\n  10 of 12 lines; all of them: git enact show ")
        .says("said to the next attempt: use \"mine\"");
    let shown = user.enact(["--json", "show", "login"]).success().stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["attempts"][1]["claim"]["reason"], "no key");
    assert_eq!(shown["attempts"][2]["verdict"]["accepted"], shown["commit"]);
    let output = shown["attempts"][0]["output"].as_str().expect("output");
    assert!(output.starts_with("1\n2\n"), "{output}");
}

#[test]
fn what_an_attempt_was_given_is_shown_word_for_word() {
    let user = looked_at();
    let given = user.enact(["show", "login", "--context"]).success();
    given.says("use \"mine\"").says("no key");
    let first = user.enact(["show", "login", "--context", "--attempt", "1"]);
    assert!(!first.success().stdout.contains("mine"));
    user.enact(["show", "login", "--context", "--attempt", "7"])
        .code(2)
        .complains("task `login` has no attempt 7");
    user.enact(["show", "lgin"])
        .code(2)
        .complains("neither a task nor a checkpoint called `lgin`; did you mean `login`?");
}

#[test]
fn a_checkpoint_is_shown_with_its_event_and_all_that_is_kept_beside_it() {
    let user = looked_at();
    let log = user.enact(["log"]).success().stdout;
    let line = log
        .lines()
        .find(|line| line.contains("login: attempt 1 ended"));
    let name = line
        .and_then(|line| line.split(' ').next())
        .expect("a checkpoint");
    user.enact(["show", name])
        .success()
        .says("login: attempt 1 ended")
        .says("output:\n\n1\n2\n3\n")
        .says("prompt.md:\n\n# Task login: Add the login");
    let shown = user.enact(["--json", "show", name]).success().stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        shown["checkpoint"]
            .as_str()
            .map(|full| full.starts_with(name)),
        Some(true)
    );
    user.enact(["show", "0000000"])
        .code(2)
        .complains("nor a checkpoint");
}

#[test]
fn what_a_task_changed_is_told_against_the_commit_it_started_from() {
    let user = looked_at();
    user.write("mine.txt", "mine\n");
    user.commit("Mine");
    let diff = user.enact(["diff", "login"]).success();
    let diff = diff.says("+three 3").says("+++ b/login.txt");
    assert!(
        !diff.stdout.contains("mine.txt"),
        "never against what came later"
    );
    user.enact(["diff", "login", "--stat"])
        .success()
        .says("1 file changed, 1 insertion(+)");
    user.enact(["diff", "login", "--attempt", "1"])
        .success()
        .says("+++ b/other.txt")
        .says("+++ b/rest.txt");
    user.enact(["diff", "login", "--attempt", "1..3"])
        .success()
        .says("--- a/rest.txt")
        .says("+++ b/login.txt");
    user.enact(["diff", "login", "--attempt", "9"])
        .code(2)
        .complains("no attempt `9`");
    user.enact(["diff", "lgin"])
        .code(2)
        .complains("did you mean `login`?");
}

#[test]
fn what_changed_within_lines_is_marked() {
    let user = User::new();
    user.write("poem.txt", "roses are red\nviolets are blue\n");
    user.plan("[plan]\ntitle = \"P\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"sed -i s/red/white/ poem.txt\"\n");
    user.enact(["run", "plan.toml", "--yes"]).success();
    user.enact(["diff", "a", "--word"])
        .success()
        .says("-roses are [-red-]\n+roses are {+white+}\n violets are blue\n");
}

#[test]
fn looking_runs_nothing_that_an_attempt_planted() {
    let user = looked_at();
    let ran = user.outside("ran");
    let evil = format!("touch {}; cat", ran.display());
    user.git(["config", "diff.external", &evil]).success();
    user.git(["config", "diff.evil.textconv", &evil]).success();
    user.write(".git/info/attributes", "*.txt diff=evil\n");
    for args in [
        &["diff", "login"][..],
        &["diff", "login", "--word"],
        &["show", "login"],
    ] {
        user.enact(args).success();
    }
    assert!(!ran.exists());
}

#[test]
fn the_status_of_then_is_shown_from_a_checkpoint() {
    let user = looked_at();
    let log = user.enact(["log"]).success().stdout;
    let line = log.lines().find(|line| line.contains("login: failed"));
    let name = line
        .and_then(|line| line.split(' ').next())
        .expect("a checkpoint");
    let then = user.enact(["status", "--at", name]).success();
    then.says("failed")
        .says("login")
        .says("the executor says it failed: no key");
    let then = user
        .enact(["--json", "status", "--at", name])
        .success()
        .stdout;
    let then: serde_json::Value = serde_json::from_str(&then).expect("JSON");
    assert_eq!(then["tasks"][0]["attempts"], 2);
    assert!(
        then["run"]["checkpoint"]
            .as_str()
            .is_some_and(|full| full.starts_with(name))
    );
    assert_eq!(user.task("login")["attempts"], 3, "now is now");
    user.enact(["status", "--at", "0000000"])
        .code(2)
        .complains("has no checkpoint `0000000`");
}
