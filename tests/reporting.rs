//! The end report says all that is known of a run, to people and to programs, from the journal alone.

use serde_json::Value;

use crate::support::settled::settled;
use crate::support::user::User;

const PLAN: &str = r#"
[plan]
title = "Report"
final_verify = ["test -e schema.txt"]
[[task]]
id = "schema"
title = "Make the schema"
files = ["schema.txt"]
verify = ["test -s schema.txt"]
[[task]]
id = "login"
title = "Add the login"
[[task]]
id = "docs"
title = "Write it down"
needs = ["login"]
"#;

/// The first task is done at its second attempt, the second fails for good, and the third needs it.
fn reported() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        r#"case $ENACT_TASK$ENACT_ATTEMPT in
schema1) commit other.txt one; echo rest >rest.txt ;;
schema2) commit schema.txt two ;;
*) echo '{"status": "failed", "reason": "no key"}' ;;
esac"#,
    );
    let flags = ["--retries", "1", "--sequential", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    user
}

fn report(user: &User) -> Value {
    let said = user.enact(["report", "--format", "json"]).success().stdout;
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn the_report_for_programs_has_every_attempt_and_what_to_do_next() {
    let user = reported();
    let text = serde_json::to_string_pretty(&settled(report(&user))).expect("JSON");
    insta::assert_snapshot!(text);
}

#[test]
fn what_status_says_as_well_has_the_same_name_and_value_there() {
    let user = reported();
    let (report, status) = (report(&user), user.status());
    for part in ["schema", "run", "counts"] {
        assert_eq!(report[part], status[part], "{part}");
    }
    let tasks = status["tasks"].as_array().expect("tasks");
    for (nth, task) in tasks.iter().enumerate() {
        let reported = &report["tasks"][nth];
        for (name, value) in task.as_object().expect("a task") {
            let said = match name.as_str() {
                "attempts" => &Value::from(reported[name].as_array().expect("a list").len()),
                _ => &reported[name],
            };
            assert_eq!(said, value, "{name} of {}", task["id"]);
        }
    }
}

#[test]
fn json_is_what_every_command_calls_it_and_a_landing_is_part_of_it() {
    let user = reported();
    assert_eq!(report(&user)["landed"], Value::Null);
    user.enact(["land", "--yes"]).success();
    let said = user.enact(["report", "--json"]).success().stdout;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said, report(&user));
    assert_eq!(said["landed"]["branch"], "refs/heads/main");
    assert_eq!(said["landed"]["tip"], said["run"]["tip"]);
    let markdown = ["report", "--json", "--format", "md"];
    user.enact(markdown).success().says("| # | Task | Status |");
}

#[test]
fn a_task_that_only_words_prove_is_named() {
    let user = User::new();
    user.write(
        "PLAN.md",
        "# Plan: Words\n\n### Task 1: Say it\n\n**Verify**: It reads well, aloud.\n\n\
         ### Task 2: Do it\n\n**Verify**: `test -s 2.txt`\n",
    );
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("PLAN.md", &executor, &[]).success();
    assert_eq!(report(&user)["unproven"], serde_json::json!(["1"]));
}

#[test]
fn the_end_report_says_what_was_made_said_and_mended() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\nverify = [\"test -e new.txt\"]\n");
    let executor = user.executor(
        "if test \"$ENACT_ATTEMPT\" = 1; then commit README.md half; exit 0; fi\n\
         echo more > README.md; commit new.txt new README.md\n\
         printf '{\"status\": \"done\", \"commit\": \"%s\", \"notes\": \"It can do a now.\"}' \"$(git rev-parse HEAD)\"",
    );
    user.run("plan.toml", &executor, &[])
        .success()
        .says("**Files created**: `new.txt`\n")
        .says("**Files modified**: `README.md`\n")
        .says("**Highlights**:\n\n- a: It can do a now.\n")
        .says("**Mended on the way**:\n\n- a: attempt 1: verify failed (exit 1): `test -e new.txt`")
        .says("done with attempt 2\n")
        .says("**Time**: ");
    let output = user.enact(["report", "--format", "json"]).success();
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("it is JSON");
    assert_eq!(report["files"]["created"], serde_json::json!(["new.txt"]));
    assert!(
        report["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );
}
