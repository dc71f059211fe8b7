//! A plan can be changed under way: what is done stays done, and what would change it is refused.

use crate::support::user::User;

const EXECUTOR: &str = r#"echo "$ENACT_TASK" >> "$(dirname "$0")/executed"
case $ENACT_TASK in
5) echo '{"status": "KICKBACK", "signal": "needs_split", "reason": "two things", "suggested_split": ["parse: read it", "print: write it"]}' ;;
*) commit "$ENACT_TASK.txt" "$ENACT_TASK" ;;
esac"#;

/// A plan of these tasks, one after the other; each as `id` or `id: body`.
fn plan(tasks: &[&str]) -> String {
    let mut text = "[plan]\ntitle = \"Eight\"\n".to_owned();
    let mut before: Option<&str> = None;
    for task in tasks {
        let (id, body) = task.split_once(": ").unwrap_or((task, ""));
        text += &format!("[[task]]\nid = \"{id}\"\ntitle = \"Task {id}\"\nbody = \"{body}\"\n");
        if let Some(before) = before {
            text += &format!("after = [\"{before}\"]\n");
        }
        before = Some(id);
    }
    text
}

fn kicked_back() -> User {
    let user = User::new();
    user.plan(&plan(&["1", "2", "3", "4", "5", "6", "7", "8"]));
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &[])
        .code(3)
        .says("suggested split, part 1: parse: read it")
        .says("git enact replan r-test");
    user
}

#[test]
fn an_edited_plan_goes_on_without_running_a_finished_task_again() {
    let user = kicked_back();
    user.write(
        "plan.toml",
        &plan(&["1", "2", "3", "4", "5a", "5b", "6", "8", "9"]),
    );
    let shown = user.enact(["replan"]).success();
    shown
        .clone()
        .says("4 done stay; added 5a, 5b, 9; removed 5, 7")
        .says("+id = \"");
    let output = user.enact(["resume"]).code(2);
    output.says("5a");
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.noted("executed"), "1\n2\n3\n4\n5\n5a\n5b\n6\n8\n9");
    let status = user.status();
    assert_eq!(
        (&status["run"]["status"], &status["counts"]["done"]),
        (&"complete".into(), &9.into())
    );
    user.enact(["log"]).says("replanned: 4 done stay");
    user.assert_whole();
}

#[test]
fn a_done_task_can_be_neither_changed_nor_removed() {
    let user = kicked_back();
    user.write("plan.toml", &plan(&["1: otherwise", "2", "3", "4", "5a"]));
    user.enact(["replan"])
        .code(2)
        .complains("task `1` is done and cannot be changed")
        .complains("--> plan.toml:4:7");
    user.write("plan.toml", &plan(&["2", "3", "4", "5a"]));
    user.enact(["replan"])
        .code(2)
        .complains("task `1` is done and cannot be removed");
    assert_eq!(user.task("5")["status"], "kickback", "nothing was adopted");
}

#[test]
fn a_changed_task_is_asked_for_anew_and_the_same_is_not() {
    let user = kicked_back();
    user.enact(["replan"])
        .success()
        .complains("has this plan already");
    assert_eq!(
        user.task("5")["status"],
        "kickback",
        "never the same input twice"
    );
    user.write(
        "plan.toml",
        &plan(&["1", "2", "3", "4", "5", "6: more", "7", "8"]),
    );
    user.enact(["replan", "--dry-run"])
        .success()
        .says("changed 6");
    user.enact(["replan", "r-test", "plan.toml", "--yes"])
        .success();
    assert_eq!(
        user.task("5")["status"],
        "pending",
        "the plan around it is another"
    );
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("5")["attempts"], 2, "its numbers count on");
}

#[test]
fn a_task_that_comes_back_counts_on() {
    let user = kicked_back();
    user.write("plan.toml", &plan(&["1", "2", "3", "4"]));
    user.enact(["replan", "--yes"]).success();
    user.enact(["resume"]).success();
    user.write("plan.toml", &plan(&["1", "2", "3", "4", "5"]));
    user.enact(["replan", "--yes"]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("5")["attempts"], 2);
}

#[test]
fn a_rollback_crosses_a_replan() {
    let user = kicked_back();
    let before = user.status()["run"]["checkpoint"].clone();
    user.write("plan.toml", &plan(&["1", "2", "3", "4", "9"]));
    user.enact(["replan", "--yes"]).success();
    user.enact(["resume"]).success();
    user.enact(["rollback", before.as_str().expect("a name"), "--yes"])
        .success();
    let status = user.status();
    assert_eq!(status["counts"]["total"], 8);
    assert_eq!(user.task("5")["status"], "kickback");
    user.enact(["answer", "5", "-m", "In one."]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("5")["attempts"], 2);
}

#[test]
fn what_stands_on_the_branch_cannot_be_planned_away() {
    let user = User::new();
    let two = |more: &str| {
        format!(
            "[plan]\ntitle = \"Two\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"echo a > a.txt\"\n{more}"
        )
    };
    let b = "[[task]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]\nverify = [\"test -e a.txt\"]\nrun = \"echo b > b.txt\"\n";
    user.plan(&two(b));
    user.run_plan(&["--retries", "0", "--on-failure", "skip"])
        .success();
    user.enact(["revert", "a", "--yes"]).success();
    user.enact(["resume"]).code(1);
    user.enact(["skip", "b"]).success();
    user.write("plan.toml", &two(""));
    user.enact(["replan"])
        .code(2)
        .complains("task `b` is done and cannot be removed");
}

#[test]
fn what_was_not_selected_is_said_and_can_be_taken_in() {
    let user = User::new();
    let plan = |ids: &[&str]| {
        let tasks = ids.iter().map(|id| {
            format!("[[task]]\nid = \"{id}\"\ntitle = \"{id}\"\nrun = \"echo {id} > {id}.txt\"\n")
        });
        format!("[plan]\ntitle = \"Some\"\n{}", tasks.collect::<String>())
    };
    user.plan(&plan(&["a", "b"]));
    user.run_plan(&["--only", "a"]).success();
    user.write("plan.toml", &plan(&["a", "b", "c"]));
    user.enact(["replan", "r-test", "--yes"])
        .success()
        .says("not selected for this run, and left out: c");
    user.enact(["retry", "c"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.task("c")["status"], "done");
    assert_eq!(user.task("b")["status"], "skipped");
}

#[test]
fn another_plan_is_not_taken_for_an_edit() {
    let user = kicked_back();
    user.write("other.toml", &plan(&["x", "y"]));
    user.enact(["replan", "other.toml"])
        .code(2)
        .complains("no task of the run's plan is in this one");
}

#[test]
fn looking_at_an_edit_needs_no_lease_and_speaks_json() {
    let user = kicked_back();
    user.write("plan.toml", &plan(&["1", "2", "3", "4", "5a"]));
    let shown = user
        .enact(["replan", "--dry-run", "--json"])
        .success()
        .stdout;
    let drift: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(drift["added"], serde_json::json!(["5a"]));
    assert_eq!(drift["removed"], serde_json::json!(["5", "6", "7", "8"]));
    assert_eq!(user.status()["counts"]["total"], 8);
}

#[test]
fn a_resume_says_that_the_plan_was_edited() {
    let user = kicked_back();
    user.write("plan.toml", &plan(&["1", "2", "3", "4", "5a"]));
    user.enact(["resume"])
        .code(3)
        .complains("note: `plan.toml` has changed since; `git enact replan r-test` adopts it");
    user.enact(["replan", "--yes"]).success();
    let before = user
        .git([
            "log",
            "-2",
            "--first-parent",
            "--format=%H",
            "refs/enact/runs/r-test",
        ])
        .success();
    let before = before
        .stdout
        .lines()
        .next_back()
        .expect("a checkpoint")
        .to_owned();
    user.enact(["rollback", &before])
        .code(2)
        .says("the plan of then holds again");
}

#[test]
fn what_was_left_out_and_changed_is_told_the_same_by_every_reading() {
    let user = User::new();
    let plan = |b: &str| {
        let task = |id: &str, text: &str| {
            format!("[[task]]\nid = \"{id}\"\ntitle = \"{id}\"\nrun = \"echo {text} > {id}.txt\"\n")
        };
        format!(
            "[plan]\ntitle = \"Some\"\n{}{}",
            task("a", "a"),
            task("b", b)
        )
    };
    user.plan(&plan("b"));
    user.run_plan(&["--only", "a"]).success();
    user.write("plan.toml", &plan("otherwise"));
    user.enact(["replan", "r-test", "--yes"]).success();
    user.enact(["doctor"]).success();
    user.enact(["retry", "b"]).success();
    user.enact(["doctor"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.at("enact/r-test/integration", "b.txt"), "otherwise\n");
    user.enact(["doctor"]).success();
}
