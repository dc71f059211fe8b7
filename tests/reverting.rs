//! One task can be undone without losing the others: the tree is that of a run without it, or nothing changes.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use crate::support::user::User;

/// What a task does: it sets this line of a file of ten to its own id, and writes a file of its own.
#[derive(Debug, Clone)]
struct Edit {
    file: usize,
    line: usize,
    /// Which of the tasks before it needs it.
    needs: Vec<bool>,
}

const FILES: usize = 3;
const LINES: usize = 10;

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (
        0..FILES,
        1..=LINES,
        prop::collection::vec(prop::bool::weighted(0.3), 6),
    );
    let edit = edit.prop_map(|(file, line, needs)| Edit { file, line, needs });
    prop::collection::vec(edit, 2..6)
}

fn needs(edits: &[Edit], task: usize) -> Vec<usize> {
    (0..task).filter(|&need| edits[task].needs[need]).collect()
}

/// A user whose run of all tasks but `without` has finished.
fn ran(edits: &[Edit], jobs: u32, without: Option<usize>) -> User {
    let user = User::new();
    for file in 0..FILES {
        let lines: String = (1..=LINES).map(|line| format!("line {line}\n")).collect();
        user.write(&format!("{file}.txt"), &lines);
    }
    let mut plan = "[plan]\ntitle = \"Edits\"\n".to_owned();
    for (task, edit) in edits
        .iter()
        .enumerate()
        .filter(|(task, _)| Some(*task) != without)
    {
        let needs: Vec<String> = needs(edits, task)
            .into_iter()
            .filter(|need| Some(*need) != without)
            .map(|need| format!("\"{need}\""))
            .collect();
        let script = format!(
            "sed -i '{}s/.*/task {task}/' {}.txt; echo {task} > own-{task}; git add -A; git commit -qm {task}",
            edit.line, edit.file
        );
        writeln!(
            plan,
            "[[task]]\nid = \"{task}\"\ntitle = \"Edit\"\nneeds = [{}]\nrun = \"{script}\"",
            needs.join(", ")
        )
        .expect("text");
    }
    user.write("plan.toml", &plan);
    user.commit("Plan");
    let jobs = jobs.to_string();
    user.run_plan(&["--jobs", &jobs]).success();
    user
}

fn files(user: &User) -> String {
    let list = user
        .git(["ls-tree", "-r", "enact/r-test/integration"])
        .success()
        .stdout;
    list.lines()
        .filter(|line| !line.ends_with("plan.toml"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// How many random plans: a few, or as many as `ENACT_REVERTS` says.
fn cases() -> u32 {
    let asked = std::env::var("ENACT_REVERTS");
    asked
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_is_that_of_a_run_without_the_task_or_nothing_changes(
        edits in edits(),
        pick in any::<prop::sample::Index>(),
        jobs in 1_u32..3,
    ) {
        let task = pick.index(edits.len());
        // Side by side, who of two writes a line last is not the revert's doing.
        let places: Vec<(usize, usize)> = edits.iter().map(|edit| (edit.file, edit.line)).collect();
        let is_shared = (0..edits.len()).any(|one| places[one + 1..].contains(&places[one]));
        prop_assume!(jobs == 1 || !is_shared);
        let user = ran(&edits, jobs, None);
        let before = (files(&user), user.status());
        let id = task.to_string();
        let output = user.enact(["revert", &id, "--yes"]);
        let same_line = |later: &usize| {
            let (one, other) = (&edits[task], &edits[*later]);
            one.file == other.file && one.line.abs_diff(other.line) <= 1
        };
        if output.status == 2 {
            let builder = (0..edits.len()).filter(|later| *later != task).any(|later| same_line(&later));
            prop_assert!(builder, "a conflict needs lines that touch: {output}");
            prop_assert!(output.stderr.contains(&format!("{}.txt", edits[task].file)), "{output}");
            prop_assert_eq!(&before.0, &files(&user));
            prop_assert_eq!(&before.1, &user.status());
            return Ok(());
        }
        let output = output.success();
        let alone = ran(&edits, 1, Some(task));
        prop_assert_eq!(files(&user), files(&alone), "{}", output);
        let mut stale = vec![false; edits.len()];
        for later in task + 1..edits.len() {
            stale[later] = needs(&edits, later).into_iter().any(|need| need == task || stale[need]);
        }
        for (other, is_stale) in stale.iter().enumerate() {
            let expected = match other {
                _ if other == task => "reverted",
                _ if *is_stale => "stale",
                _ => "done",
            };
            let found = user.task(&other.to_string());
            prop_assert_eq!(&found["status"], expected, "task {}", other);
            if other != task {
                let commit = found["commit"].as_str().expect("it keeps its commit").to_owned();
                user.git(["merge-base", "--is-ancestor", &commit, "enact/r-test/integration"]).success();
            }
        }
        user.assert_whole();
    }
}

const CHAIN: &str = r#"[plan]
title = "Chain"
[[task]]
id = "a"
title = "A"
run = "echo a > a.txt; git add -A; git commit -qm a"
[[task]]
id = "b"
title = "B"
needs = ["a"]
verify = ["test -e a.txt || test -e alone.txt"]
run = "echo b > b.txt; test -e a.txt || echo alone > alone.txt; git add -A; git commit -qm b"
[[task]]
id = "c"
title = "C"
needs = ["b"]
verify = ["test -e b.txt"]
run = "echo c > c.txt; git add -A; git commit -qm c"
"#;

fn chain() -> User {
    let user = User::new();
    user.plan(CHAIN);
    user.run_plan(&[]).success();
    user
}

#[test]
fn dependents_are_shown_first_then_proven_again_and_redone_when_they_fail() {
    let user = chain();
    let shown = user.enact(["revert", "a"]).code(2);
    shown
        .says("undo task a (A) by a new commit on refs/heads/enact/r-test/integration")
        .says("    b (B): done; is proven again\n    c (C): done; is proven again");
    assert_eq!(user.task("a")["status"], "done", "nobody agreed");
    let note = user.task("a")["commit"].clone();
    user.enact(["revert", "a", "-m", "Not wanted", "--yes"])
        .success()
        .complains("2 stale");
    let tip = user.status()["run"]["tip"].clone();
    let reason = user.task("a")["reason"].clone();
    assert_eq!(
        reason,
        Value::from(format!("undone by {}", tip.as_str().expect("a commit")))
    );
    user.git(["log", "-1", "--format=%B", "enact/r-test/integration"])
        .success()
        .says("Revert \"a: A\"\n\nNot wanted\n\nThis undoes ");
    user.git([
        "notes",
        "--ref=PROGRESS",
        "show",
        note.as_str().expect("a commit"),
    ])
    .success()
    .says("Status: reverted");
    assert_eq!(user.task("b")["reason"], "needs `a`, which was reverted");
    assert_eq!(user.task("c")["reason"], "needs `b`, which is stale");
    user.enact(["resume"]).code(1).complains("b: verify again");
    let of = |id: &str| {
        (
            user.task(id)["status"].clone(),
            user.task(id)["attempts"].clone(),
        )
    };
    assert_eq!(
        of("b"),
        ("done".into(), 2.into()),
        "it did not hold, and was done anew"
    );
    assert_eq!(of("c"), ("done".into(), 1.into()), "it holds");
    let files = user
        .git(["ls-tree", "--name-only", "enact/r-test/integration"])
        .success();
    assert_eq!(
        files.stdout,
        "README.md\nalone.txt\nb.txt\nc.txt\nplan.toml\n"
    );
    user.assert_whole();
}

#[test]
fn a_reverted_task_can_be_done_anew_and_undone_again() {
    let user = chain();
    user.enact(["revert", "c", "--yes"]).success();
    user.enact(["revert", "c", "--yes"])
        .code(2)
        .complains("`git enact retry c` does it anew");
    user.enact(["retry", "c"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.task("c")["attempts"], 2);
    assert_eq!(user.at("enact/r-test/integration", "c.txt"), "c\n");
    user.enact(["revert", "b", "--yes"]).success();
    user.enact(["revert", "c", "--yes"]).success();
    let files = user
        .git(["ls-tree", "--name-only", "enact/r-test/integration"])
        .success();
    assert_eq!(files.stdout, "README.md\na.txt\nplan.toml\n");
}

#[test]
fn the_same_change_by_another_task_stays() {
    let user = User::new();
    let same = "echo same > same.txt; git add -A; git commit -qm same";
    let mut plan = "[plan]\ntitle = \"Twins\"\njobs = 2\n".to_owned();
    for id in ["a", "b"] {
        plan += &format!(
            "[[task]]\nid = \"{id}\"\ntitle = \"{id}\"\nrun = \"echo {id} > {id}.txt; {same}\"\n"
        );
    }
    user.plan(&plan);
    user.run_plan(&[]).success();
    let base = user.status()["run"]["base"].clone();
    let bases = user.git([
        "log",
        "--format=%P",
        "--no-merges",
        "enact/r-test/integration",
        "--not",
        "main",
    ]);
    let parents = bases.success().stdout;
    if parents.lines().all(|parent| base == parent) {
        user.enact(["revert", "a", "--yes"]).success();
        assert_eq!(
            user.at("enact/r-test/integration", "same.txt"),
            "same\n",
            "b wants it too"
        );
    }
}

#[test]
fn what_is_not_integrated_cannot_be_undone() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\nrun = \"false\"\n");
    user.run_plan(&["--on-failure", "skip", "--retries", "0"])
        .code(1);
    user.enact(["revert", "t", "--yes"])
        .code(2)
        .complains("task `t` is failed, so there is nothing of it to undo");
    user.enact(["revert", "u", "--yes"])
        .code(2)
        .complains("has no task `u`");
}

#[test]
fn after_landing_the_users_branch_gets_an_offer_and_no_commit() {
    for is_ahead in [false, true] {
        let user = chain();
        user.enact(["land", "--yes"]).success();
        if is_ahead {
            user.write("mine.txt", "mine\n");
            user.commit("Mine");
        }
        let main = user.git(["rev-parse", "main"]).success().stdout;
        user.enact(["revert", "c", "--yes"])
            .success()
            .complains("on main, this takes it along:  git enact land r-test");
        assert_eq!(user.git(["rev-parse", "main"]).success().stdout, main);
        assert!(
            user.path().join("c.txt").exists(),
            "the checkout is the user's"
        );
        user.enact(["land", "--yes"]).success();
        assert!(!user.path().join("c.txt").exists());
        assert_eq!(user.path().join("mine.txt").exists(), is_ahead);
    }
}

#[test]
fn a_stale_task_stays_stale_however_often_the_state_is_stored() {
    let user = chain();
    let newest = user.status()["run"]["checkpoint"].clone();
    user.enact(["retry", "a"]).code(2);
    let first = user.git([
        "log",
        "--first-parent",
        "--format=%H",
        "--grep=^Event: integrated",
        "refs/enact/runs/r-test",
    ]);
    let first = first
        .success()
        .stdout
        .lines()
        .next()
        .expect("a checkpoint")
        .to_owned();
    // A rollback stores everything; what comes after it is stored when it changed.
    user.enact(["rollback", &first, "--yes"]).success();
    user.enact(["rollback", newest.as_str().expect("a name"), "--yes"])
        .success();
    user.enact(["revert", "a", "--yes"]).success();
    for _ in 0..9 {
        user.enact(["retry", "a"]).success();
        user.enact(["skip", "a"]).success();
    }
    assert_eq!(user.task("b")["status"], "stale");
    assert_eq!(user.task("c")["status"], "stale");
}

#[test]
fn what_is_squashed_into_a_branch_is_undone_there_too() {
    let user = chain();
    user.enact(["land", "--squash", "--yes"]).success();
    user.enact(["revert", "c", "--yes"])
        .success()
        .complains("git merge --ff-only ");
    user.enact(["land", "--yes"]).success();
    assert!(
        !user.path().join("c.txt").exists(),
        "what was landed again does it as well"
    );
    assert!(user.path().join("b.txt").exists());
}

#[test]
fn a_task_is_proven_again_only_on_what_stands() {
    let user = User::new();
    let plan = r#"[plan]
title = "Order"
[[task]]
id = "c"
title = "C"
needs = ["b"]
verify = ["! grep -q new b.txt"]
run = "echo c >> c.txt"
[[task]]
id = "a"
title = "A"
run = "echo a > a.txt"
[[task]]
id = "b"
title = "B"
needs = ["a"]
verify = ["test -e a.txt || grep -q new b.txt"]
run = "test -e a.txt && echo b > b.txt || echo new > b.txt"
"#;
    user.plan(plan);
    user.run_plan(&["--on-failure", "skip", "--retries", "0"])
        .success();
    user.enact(["revert", "a", "--yes"]).success();
    user.enact(["resume"])
        .code(1)
        .complains("b (B): no longer holds, and is done anew");
    assert_eq!(user.task("b")["status"], "done");
    assert_eq!(
        user.task("c")["status"],
        "failed",
        "its check fails on what b became"
    );
}

#[test]
fn notes_say_of_each_commit_what_became_of_it() {
    let user = chain();
    let first = user.task("c")["commit"].clone();
    user.enact(["revert", "c", "--yes"]).success();
    user.enact(["retry", "c", "-m", "once more"]).success();
    user.enact(["resume"]).success();
    let second = user.task("c")["commit"].clone();
    for (commit, attempt, status) in [(first, 1, "reverted"), (second, 2, "done")] {
        let note = user.git([
            "notes",
            "--ref=PROGRESS",
            "show",
            commit.as_str().expect("a commit"),
        ]);
        note.success()
            .says(&format!("Status: {status}\nAttempt: {attempt}\n"));
    }
}

#[test]
fn two_attempts_are_compared_without_what_others_did_between() {
    let user = chain();
    user.enact(["revert", "a", "--yes"]).success();
    user.enact(["resume"]).code(1);
    assert_eq!(user.task("b")["attempts"], 2);
    let shown = user
        .enact(["diff", "b", "--attempt", "1..2", "--stat"])
        .success()
        .stdout;
    assert!(
        shown.contains("alone.txt") && !shown.contains("c.txt"),
        "{shown}"
    );
}
