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
        "kickback",
        "never the same input twice"
    );
    user.enact(["resume"]).code(3);
    user.write(
        "plan.toml",
        &plan(&["1", "2", "3", "4", "5: in parts", "6: more", "7", "8"]),
    );
    user.enact(["replan", "plan.toml", "--yes"]).success();
    assert_eq!(user.task("5")["status"], "pending");
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
