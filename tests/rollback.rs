//! A run can be returned to any of its checkpoints, and from there go on, or return again.

use serde_json::Value;

use crate::support::user::{Output, User};

const PLAN: &str = "[plan]\ntitle = \"Three\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\n\
                    [[task]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]\n[[task]]\nid = \"c\"\ntitle = \"C\"\nneeds = [\"b\"]\n";
const EXECUTOR: &str = r#"echo "$ENACT_TASK.$ENACT_ATTEMPT" >> "$(dirname "$0")/executed"
commit "$ENACT_TASK.txt" "$ENACT_TASK.$ENACT_ATTEMPT""#;

fn finished() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &[]).success();
    user
}

/// The checkpoint whose subject begins so.
pub(crate) fn checkpoint(user: &User, subject: &str) -> String {
    let log = user
        .git([
            "log",
            "--first-parent",
            "--format=%H %s",
            "refs/enact/runs/r-test",
        ])
        .success();
    let line = log
        .stdout
        .lines()
        .find(|line| line[41..].starts_with(subject));
    line.expect("such a checkpoint")[..40].to_owned()
}

fn statuses(user: &User) -> Vec<Value> {
    ["a", "b", "c"]
        .map(|id| user.task(id)["status"].clone())
        .into()
}

#[test]
fn a_rollback_returns_run_branch_and_notes_to_a_checkpoint() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    let b = user.task("b")["commit"].clone();
    user.enact(["rollback", &target[..10]])
        .code(2)
        .says("undone by it: b, c");
    assert_eq!(statuses(&user), ["done", "done", "done"], "nobody agreed");
    user.enact(["rollback", &target[..10], "--yes"]).success();
    assert_eq!(statuses(&user), ["done", "pending", "pending"]);
    let status = user.status();
    let branch = user
        .git(["rev-parse", "enact/r-test/integration"])
        .success();
    assert_eq!(status["run"]["tip"], branch.stdout.trim());
    assert_eq!(status["run"]["tip"], user.task("a")["commit"]);
    user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        b.as_str().expect("a commit"),
    ])
    .code(1);
    user.enact(["resume"]).success();
    assert_eq!(
        user.noted("executed"),
        "a.1\nb.1\nc.1\nb.2\nc.2",
        "no number is used twice"
    );
    assert_eq!(user.at("enact/r-test/integration", "c.txt"), "c.2\n");
    user.assert_whole();
}

#[test]
fn what_came_after_can_be_returned_to() {
    let user = finished();
    let newest = checkpoint(&user, "finished");
    let before = user.status();
    user.enact([
        "rollback",
        &checkpoint(&user, "run r-test started"),
        "--yes",
    ])
    .success();
    assert_eq!(statuses(&user), ["pending", "pending", "pending"]);
    user.enact(["rollback", &newest, "--yes"]).success();
    assert_eq!(statuses(&user), ["done", "done", "done"]);
    assert_eq!(user.status()["run"]["tip"], before["run"]["tip"]);
    user.enact(["resume"]).success();
    assert_eq!(
        user.noted("executed"),
        "a.1\nb.1\nc.1",
        "nothing is executed again"
    );
    let note = user.task("b")["commit"].clone();
    user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        note.as_str().expect("a commit"),
    ])
    .success()
    .says("Status: done");
}

#[test]
fn a_run_that_was_cleaned_goes_back_with_its_branch_and_notes() {
    let user = finished();
    let c = user.task("c")["commit"].clone();
    let target = checkpoint(&user, "a: integrated");
    user.enact(["clean", "--yes"]).success();
    let output = user.enact(["rollback", &target, "--yes"]).success();
    assert!(!output.stderr.contains("somebody else"), "{output}");
    let branch = user
        .git(["rev-parse", "enact/r-test/integration"])
        .success();
    assert_eq!(user.status()["run"]["tip"], branch.stdout.trim());
    let show = ["notes", "--ref=PROGRESS", "show"];
    user.git(show.iter().copied().chain(c.as_str())).code(1);
}

#[test]
fn notes_go_back_where_the_branch_could_not_come_along() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(&format!(
        "test $ENACT_TASK$ENACT_ATTEMPT != b1 || exit 1\n{EXECUTOR}"
    ));
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    // It stays where `a` was integrated, while the run goes on.
    user.git(["switch", "--quiet", "enact/r-test/integration"])
        .success();
    let target = checkpoint(&user, "a: integrated");
    user.enact(["retry", "b"]).success();
    user.enact(["resume"]).success();
    let c = user.task("c")["commit"].clone();
    let show = [
        "notes",
        "--ref=PROGRESS",
        "show",
        c.as_str().expect("a commit"),
    ];
    user.git(show).success();
    user.enact(["rollback", &target, "--yes"]).success();
    user.git(show).code(1);
    user.git(["switch", "--quiet", "main"]).success();
    user.enact(["doctor"]).success();
}

#[test]
fn a_rollback_that_died_is_carried_out_by_a_cleaning() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    let mut dies = user.enact_command(["rollback", &target, "--yes"]);
    Output::of(dies.env("ENACT_CRASH_AT", "recorded:rolled-back")).code(128 + 6);
    user.enact(["clean", "--yes"]).success();
    assert_eq!(user.status()["run"]["tip"], user.task("a")["commit"]);
    let branch = user
        .git(["rev-parse", "enact/r-test/integration"])
        .success();
    assert_eq!(user.status()["run"]["tip"], branch.stdout.trim());
    user.enact(["doctor"]).success();
}

#[test]
fn a_branch_that_is_checked_out_while_the_run_is_cleaned_follows_when_it_may() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    user.git(["switch", "--quiet", "enact/r-test/integration"])
        .success();
    user.enact(["rollback", &target, "--yes"])
        .success()
        .complains("is checked out in");
    user.enact(["clean", "--yes"])
        .success()
        .complains("is checked out in");
    user.git(["switch", "--quiet", "main"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.at("enact/r-test/integration", "c.txt"), "c.2\n");
}

#[test]
fn a_quiet_rollback_says_nothing() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    let output = user
        .enact(["rollback", &target, "--yes", "--quiet"])
        .success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    assert_eq!(statuses(&user), ["done", "pending", "pending"]);
}

#[test]
fn a_checkpoint_that_is_not_there_is_named_as_such() {
    let user = finished();
    user.enact(["rollback", "0123456", "--yes"])
        .code(2)
        .complains("no checkpoint called `0123456`: see `git enact log r-test`");
    let newest = checkpoint(&user, "finished");
    user.enact(["rollback", &newest, "--yes"])
        .code(2)
        .complains("stands at this checkpoint");
}

#[test]
fn after_landing_a_commit_for_the_users_branch_is_offered_and_not_made() {
    let user = finished();
    user.enact(["land", "--yes"]).success();
    user.write("mine.txt", "mine\n");
    user.commit("Mine");
    let main = user.git(["rev-parse", "main"]).success().stdout;
    let target = checkpoint(&user, "a: integrated");
    let output = user.enact(["rollback", &target, "--yes"]).success();
    assert_eq!(
        user.git(["rev-parse", "main"]).success().stdout,
        main,
        "never unasked"
    );
    let (_, commit) = output
        .stderr
        .split_once("git merge --ff-only ")
        .expect("an offer");
    let commit = commit.lines().next().expect("a commit");
    user.git(["gc", "--quiet", "--prune=now"]).success();
    user.git(["merge", "--quiet", "--ff-only", commit])
        .success();
    let files = user
        .git(["ls-tree", "--name-only", "main"])
        .success()
        .stdout;
    assert_eq!(files, "README.md\na.txt\nmine.txt\nplan.toml\n");
}

#[test]
fn a_snapshot_of_the_journal_is_no_obstacle() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    for _ in 0..6 {
        user.enact(["rollback", &target, "--yes"]).success();
        user.enact(["resume"]).success();
    }
    assert_eq!(statuses(&user), ["done", "done", "done"]);
    assert_eq!(user.task("c")["attempts"], 7);
    user.assert_whole();
}

#[test]
fn a_stale_task_of_then_is_proven_again_whatever_was_attempted_since() {
    let user = User::new();
    let plan = "[plan]\ntitle = \"Two\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"echo a > a.txt\"\n\
                [[task]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]\nverify = [\"test -e a.txt || test -e alone.txt\"]\n\
                run = \"echo b >> b.txt; test -e a.txt || echo alone > alone.txt\"\n";
    user.plan(plan);
    user.run_plan(&[]).success();
    user.enact(["revert", "a", "--yes"]).success();
    let reverted = checkpoint(&user, "a: undone by ");
    user.enact(["resume"]).code(1);
    assert_eq!(user.task("b")["attempts"], 2);
    user.enact(["rollback", &reverted, "--yes"]).success();
    assert_eq!(user.task("b")["status"], "stale");
    user.enact(["resume"]).code(1);
    assert_eq!(
        (&user.task("b")["status"], &user.task("b")["attempts"]),
        (&"done".into(), &3.into())
    );
}

#[test]
fn a_review_of_then_can_be_decided_otherwise() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &["--review", "task"])
        .code(3);
    let first = checkpoint(&user, "a: accepted");
    user.enact(["review", "a", "--reject", "-m", "Otherwise"])
        .success();
    user.enact(["resume"]).code(3);
    user.enact(["rollback", &first, "--yes"]).success();
    user.enact(["review", "a", "--approve"]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.at("enact/r-test/integration", "a.txt"), "a.1\n");
    let commit = user.task("a")["commit"].clone();
    user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        commit.as_str().expect("a commit"),
    ])
    .success()
    .says("Attempt: 1");
}

#[test]
fn what_went_back_since_it_landed_is_not_called_landed() {
    let user = finished();
    user.enact(["land", "--yes"]).success();
    user.enact(["rollback", &checkpoint(&user, "a: integrated"), "--yes"])
        .success();
    user.enact(["land", "--yes"])
        .code(2)
        .complains("went back since it landed on main, which has more of it")
        .complains("git merge --ff-only ");
    assert!(user.path().join("c.txt").exists());
}

#[test]
fn a_run_that_went_back_and_forth_is_examined_and_mended_as_any() {
    let user = finished();
    let target = checkpoint(&user, "a: integrated");
    user.enact(["rollback", &target, "--yes"]).success();
    user.enact(["resume"]).success();
    user.enact(["revert", "c", "--yes"]).success();
    user.write(
        "plan.toml",
        &format!("{PLAN}[[task]]\nid = \"d\"\ntitle = \"D\"\n"),
    );
    user.enact(["replan", "--yes"]).success();
    user.enact(["resume"]).code(1);
    let before = user.status();
    user.enact(["doctor"]).success();
    let journal = "refs/enact/runs/r-test";
    // Neither the ref nor any snapshot is left.
    let states = user
        .git(["log", "--first-parent", "--format=%H", journal])
        .success();
    for checkpoint in states.stdout.lines() {
        let entry = user.git([
            "rev-parse",
            "--quiet",
            "--verify",
            &format!("{checkpoint}:state/run.json"),
        ]);
        let object = entry.stdout.trim();
        if entry.status == 0 {
            let file = format!(".git/objects/{}/{}", &object[..2], &object[2..]);
            std::fs::remove_file(user.path().join(file)).unwrap_or_default();
        }
    }
    user.git(["update-ref", "-d", journal]).success();
    user.enact(["doctor"]).code(1);
    user.enact(["doctor", "--repair"]).success();
    let after = user.status();
    assert_eq!(
        (&before["tasks"], &before["counts"]),
        (&after["tasks"], &after["counts"])
    );
    user.enact(["doctor"]).success();
    user.assert_whole();
}

#[test]
fn what_a_person_committed_on_a_tasks_branch_is_neither_cleaned_nor_built_over() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\n");
    let executor = user
        .executor("test $ENACT_ATTEMPT = 1 && { commit half.txt half; exit 1; }; commit t.txt t");
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    let branch = "refs/heads/enact/r-test/task/t";
    let slot = user
        .outside("repo.enact/r-test/slot-1")
        .to_string_lossy()
        .into_owned();
    user.git([
        "-C",
        &slot,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "Mine",
    ])
    .success();
    let mine = user
        .git(["rev-parse", branch])
        .success()
        .stdout
        .trim()
        .to_owned();
    user.enact(["retry", "t"]).success();
    user.enact(["resume"])
        .code(4)
        .complains("has commits that are not the run's: keep them with `git branch NAME");
    assert_eq!(
        user.git(["rev-parse", branch]).success().stdout.trim(),
        mine
    );
    user.enact(["clean", "--yes"])
        .success()
        .complains("has commits that are not the run's, and stays");
    assert_eq!(
        user.git(["rev-parse", branch]).success().stdout.trim(),
        mine
    );
    user.git(["branch", "mine", &mine]).success();
    user.git(["update-ref", "-d", branch]).success();
    user.enact(["resume", "--yes"]).success();
}

#[test]
fn words_of_others_in_the_notes_survive_every_rewriting() {
    let user = finished();
    let commit = user.task("c")["commit"]
        .as_str()
        .expect("a commit")
        .to_owned();
    let append = [
        "notes",
        "--ref=PROGRESS",
        "append",
        "--message",
        "Seen by Bea",
        &commit,
    ];
    user.git(append).success();
    user.enact(["revert", "c", "--yes"]).success();
    let note = user
        .git(["notes", "--ref=PROGRESS", "show", &commit])
        .success();
    note.clone().says("Status: reverted");
    note.says("Seen by Bea");
    user.enact(["doctor"]).success();
    user.enact(["clean", "--purge", "--yes"]).success();
    let note = user
        .git(["notes", "--ref=PROGRESS", "show", &commit])
        .success()
        .stdout;
    assert_eq!(note, "Seen by Bea\n");
}

#[test]
fn a_rollback_takes_only_its_own_words_out_of_the_notes() {
    let user = finished();
    let commit = user.task("c")["commit"].clone();
    let commit = commit.as_str().expect("a commit");
    let append = ["notes", "--ref=PROGRESS", "append", "--message"];
    user.git(append.iter().chain(&["Seen by Bea", commit]))
        .success();
    user.enact(["rollback", &checkpoint(&user, "a: integrated"), "--yes"])
        .success();
    let show = ["notes", "--ref=PROGRESS", "show", commit];
    assert_eq!(user.git(show).success().stdout, "Seen by Bea\n");
    user.enact(["doctor"]).success();
}

#[test]
fn notes_that_come_back_after_a_rollback_without_a_branch_are_taken_out_again() {
    let user = finished();
    let c = user.task("c")["commit"].clone();
    let show = ["notes", "--ref=PROGRESS", "show"];
    let show: Vec<&str> = show.iter().copied().chain(c.as_str()).collect();
    user.git(["update-ref", "-d", "refs/heads/enact/r-test/integration"])
        .success();
    user.enact(["rollback", &checkpoint(&user, "a: integrated"), "--yes"])
        .success();
    user.git(["update-ref", "refs/notes/PROGRESS", "refs/notes/PROGRESS^"])
        .success();
    user.git(&show).success();
    user.enact(["resume"]).success();
    user.git(&show).code(1);
    user.enact(["doctor"]).success();
}
