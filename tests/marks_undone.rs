//! What a run wrote into its plan's files is taken back when it is no longer so, and nothing else is.

use std::fs;

use crate::support::user::User;

fn text(user: &User, path: &str) -> String {
    fs::read_to_string(user.path().join(path)).expect("text")
}

/// The checkpoint at which a task was integrated, as `rollback` takes it.
fn integrated(user: &User, task: &str) -> String {
    let said = format!("{task}: integrated");
    let format = "--format=%H %s";
    let log = user
        .git(["log", format, "refs/enact/runs/r-test"])
        .success();
    let line = log.stdout.lines().find(|line| line.contains(&said));
    let line = line.unwrap_or_else(|| panic!("{said} in {}", log.stdout));
    line.split(' ').next().expect("a hash")[..12].to_owned()
}

#[test]
fn what_a_rollback_undoes_is_open_again_in_the_plan() {
    let cases = [
        (
            ".kiro/specs/cart/tasks.md",
            ".kiro/specs/cart/tasks.md",
            "- [ ] 1. Greet\n- [ ] 2. Greet again\n",
            "- [x] 1. Greet\n- [ ] 2. Greet again\n",
        ),
        (
            "plan.toml",
            "plan.toml",
            "[[task]]\nid = \"1\"\n\n[[task]]\nid = \"2\"\n",
            "",
        ),
        (
            ".taskmaster/tasks/tasks.json",
            ".taskmaster/tasks/tasks.json",
            r#"{"master": {"tasks": [{"id": 1, "title": "A", "status": "pending"}, {"id": 2, "title": "B", "status": "pending"}]}}"#,
            r#"{"master": {"tasks": [{"id": 1, "title": "A", "status": "done"}, {"id": 2, "title": "B", "status": "pending"}]}}"#,
        ),
        (
            "docs/superpowers/plans/2026-01-31-x.md",
            "docs/superpowers/plans/2026-01-31-x.md",
            "# Plan\n\n### Task 1: A\n\n- [ ] **Step 1: Do**\n\n### Task 2: B\n\n- [ ] **Step 1: Do**\n",
            "# Plan\n\n### Task 1: A\n\n- [x] **Step 1: Do**\n\n### Task 2: B\n\n- [ ] **Step 1: Do**\n",
        ),
    ];
    for (plan, file, before, after) in cases {
        let user = User::new();
        user.write(file, before);
        user.commit("Plan");
        let executor = user.executor("commit $ENACT_TASK.txt x");
        user.run(plan, &executor, &["--jobs", "1", "--sync"])
            .success();
        let checkpoint = integrated(&user, "1");
        user.enact(["rollback", &checkpoint, "--yes"]).success();
        let commit = user.task("1")["commit"].as_str().map(str::to_owned);
        let after = match after {
            "" => before.replace(
                "id = \"1\"\n",
                &format!(
                    "id = \"1\"\nstatus = \"done\"\ncommit = \"{}\"\n",
                    commit.expect("a commit")
                ),
            ),
            after => after.to_owned(),
        };
        assert_eq!(text(&user, file), after);
    }
}

#[test]
fn the_marks_of_a_plan_follow_what_a_person_decides() {
    let user = User::new();
    let plan = ".kiro/specs/x/tasks.md";
    let before = "# Implementation Plan\n\n- [ ] 1. A\n- [ ] 2. B\n";
    user.write(plan, before);
    user.commit("Plan");
    let executor = user.executor("[ $ENACT_TASK = 1 ] || exit 1; commit $ENACT_TASK.txt x");
    let flags = ["--sync", "--retries", "0", "--on-failure", "skip"];
    user.run(plan, &executor, &flags).code(1);
    let done = before.replacen("[ ]", "[x]", 1);
    assert_eq!(text(&user, plan), done);
    user.enact(["revert", "1", "--yes"]).success();
    assert_eq!(text(&user, plan), before);
    // Without `--sync` they wait to be asked for.
    let user = User::new();
    user.write(plan, before);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(plan, &executor, &[]).success();
    user.enact(["export"]).success();
    let done = before.replace("[ ]", "[x]");
    user.enact(["revert", "1", "--yes"]).success();
    assert_eq!(text(&user, plan), done);
}

#[test]
fn a_step_that_a_person_ticked_stays_ticked_when_its_task_fails() {
    let user = User::new();
    let plan = "docs/superpowers/plans/2026-01-31-x.md";
    let before = "# Plan\n\n### Task 1: A\n\n- [ ] **Step 1: Do**\n\n### Task 2: B\n\n- [x] **Step 1: Do**\n- [ ] **Step 2: Do more**\n";
    user.write(plan, before);
    user.commit("Plan");
    let executor = user.executor("[ $ENACT_TASK = 1 ] || exit 1; commit $ENACT_TASK.txt x");
    let flags = ["--sync", "--retries", "1", "--on-failure", "skip"];
    user.run(plan, &executor, &flags).code(1);
    user.enact(["retry", "2"]).success();
    user.enact(["export"]).success();
    let after = before.replacen("[ ]", "[x]", 1);
    assert_eq!(text(&user, plan), after);
}

#[test]
fn a_task_with_a_subtask_that_was_left_out_is_not_called_done() {
    let user = User::new();
    let plan = ".taskmaster/tasks/tasks.json";
    user.write(
        plan,
        r#"{"master": {"tasks": [{"id": 2, "title": "A", "status": "in-progress", "subtasks": [
  {"id": 1, "title": "B", "status": "pending"},
  {"id": 2, "title": "C", "status": "pending"}]}]}}"#,
    );
    user.commit("Plan");
    let executor = user.executor("[ $ENACT_TASK = 2.1 ] || exit 1; commit one.txt x");
    let flags = ["--retries", "0", "--on-failure", "skip"];
    user.run(plan, &executor, &flags).code(1);
    user.enact(["skip", "2.2"]).success();
    user.enact(["export"]).success();
    let text = text(&user, plan);
    assert!(
        text.contains(r#""title": "A", "status": "in-progress""#),
        "{text}"
    );
    assert!(text.contains(r#""title": "B", "status": "done""#), "{text}");
    assert!(
        text.contains(r#""title": "C", "status": "deferred""#),
        "{text}"
    );
}

#[test]
fn a_catalog_that_lists_its_infrastructure_is_told_that_it_is_done() {
    let user = User::new();
    let catalog = ".claude/project.json";
    user.write(
        catalog,
        r#"{"infrastructure": [{"id": "I001", "status": "pending"}], "features": [{"id": "F002", "status": "pending"}]}"#,
    );
    for (place, id) in [
        ("infrastructure/001-db", "I001"),
        ("features/002-login", "F002"),
    ] {
        let list =
            format!("# Tasks for {id}: X\n\n## Layer 1: All (Sequential)\n\n- [ ] Say {id}\n");
        user.write(&format!("specs/{place}/tasks.md"), &list);
    }
    user.commit("Plan");
    let executor = user.executor("commit $(printf %s $ENACT_TASK | tr / -).txt x");
    let flags = [
        "run", "--all", "--sync", "--yes", "--name", "r-test", "--", &executor,
    ];
    user.enact(flags).success();
    let text = text(&user, catalog);
    assert!(!text.contains("pending"), "{text}");
}

#[test]
fn whoever_reverts_a_task_keeps_the_marks_of_the_others_on_the_branch() {
    let user = User::new();
    let plan = ".kiro/specs/cart/tasks.md";
    user.write(
        plan,
        "- [ ] 1. Greet\n- [ ] 2. Greet again\n- [ ] 3. Part\n",
    );
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(plan, &executor, &["--jobs", "1", "--commit-progress"])
        .success();
    let on_branch = || user.at("enact/r-test/integration", plan);
    user.enact(["revert", "2", "--yes"]).success();
    assert_eq!(
        on_branch(),
        "- [x] 1. Greet\n- [ ] 2. Greet again\n- [x] 3. Part\n"
    );
    user.enact(["revert", "3", "--yes"]).success();
    assert_eq!(
        on_branch(),
        "- [x] 1. Greet\n- [ ] 2. Greet again\n- [ ] 3. Part\n"
    );
    user.enact(["retry", "3"]).success();
    let _ = user.enact(["resume", "--yes"]);
    assert_eq!(
        on_branch(),
        "- [x] 1. Greet\n- [ ] 2. Greet again\n- [x] 3. Part\n"
    );
    user.assert_whole();
}

#[test]
fn whoever_has_an_executor_that_only_edits_is_told_who_else_can_commit() {
    let user = User::new();
    user.plan("[[task]]\nid = \"1\"\n");
    let edits = user.executor("echo x > one.txt");
    let flags = [
        "--commit",
        "executor",
        "--retries",
        "0",
        "--on-failure",
        "skip",
    ];
    user.run("plan.toml", &edits, &flags).code(1);
    user.enact(["status"]).success().says("`--commit tool`");
    let fails = user.executor("exit 1");
    let again = [
        "--name",
        "r-other",
        "--new",
        "--commit",
        "executor",
        "--retries",
        "0",
        "--on-failure",
        "skip",
        "--",
        &fails,
    ];
    user.enact([&["run", "plan.toml", "--yes"][..], &again].concat())
        .code(1);
    let shown = user.enact(["status", "r-other"]).success().to_string();
    assert!(!shown.contains("--commit tool"), "{shown}");
}

#[test]
fn a_command_without_a_plan_names_what_to_say() {
    let user = User::new();
    let commands = [&["check"][..], &["graph"], &["convert", "--to", "toml"]];
    for command in commands {
        let refused = user.enact(command).code(2);
        assert_eq!(refused.stdout, "");
        let example = match command[0] {
            "convert" => "convert . --to toml",
            other => &format!("{other} ."),
        };
        refused.complains(&format!(
            "name a plan file or the directory of a plan, such as `git enact {example}`"
        ));
        user.enact([command[0], "-h"]).success().says("<PLAN>...");
    }
}

#[test]
fn a_task_that_will_wait_for_a_person_is_shown_as_such() {
    let user = User::new();
    user.write(
        "plan.toml",
        "[[task]]\nid = \"1\"\ntitle = \"A\"\nreview = true\n\n[[task]]\nid = \"2\"\n",
    );
    user.enact(["check", "plan.toml"])
        .success()
        .says("A [review]");
    user.enact(["graph", "plan.toml"])
        .success()
        .says("A  [review]");
}

/// A plan of three tasks, the first of which has its executor tick all boxes; the others fail.
fn ticked_by_its_executor(flags: &[&str], code: i32) -> (User, &'static str) {
    let user = User::new();
    let plan = "specs/001-a/tasks.md";
    user.write(plan, "- [ ] T001 a\n- [ ] T002 b\n- [ ] T003 c\n");
    user.commit("Plan");
    let executor = user.executor(&format!(
        "[ $ENACT_TASK = T001 ] || exit 1; sed -i 's/\\[ \\]/[x]/' {plan}; commit a.txt x"
    ));
    user.run(plan, &executor, flags).code(code);
    (user, plan)
}

#[test]
fn boxes_that_an_executor_ticked_of_tasks_that_nobody_did_are_opened() {
    let open = "- [x] T001 a\n- [ ] T002 b\n- [ ] T003 c\n";
    let (user, plan) = ticked_by_its_executor(&["--only", "T001", "--commit-progress"], 0);
    assert_eq!(user.at("enact/r-test/integration", plan), open);
    user.enact(["land", "--yes"]).success();
    user.enact(["export"]).success();
    assert_eq!(text(&user, plan), open);
    // Without a commit of its own, what was landed is put right by an export.
    let flags = ["--sync", "--retries", "0"];
    let (user, plan) = ticked_by_its_executor(&flags, 3);
    assert_eq!(text(&user, plan), open);
    user.enact(["land", "--yes"]).success();
    user.enact(["export"]).success();
    assert_eq!(text(&user, plan), open);
}
