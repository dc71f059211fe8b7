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
fn what_a_run_marked_itself_is_no_news_to_it() {
    const LIST: &str = ".kiro/specs/a/tasks.md";
    let user = User::new();
    user.write(LIST, "- [x] 1. a\n- [ ] 2. b\n- [ ] 3. c\n");
    user.commit("Plan");
    let executor = user.executor("test $ENACT_TASK = 2 && commit b.txt b");
    user.run(LIST, &executor, &["--sync", "--retries", "0"])
        .code(3);
    let output = user.enact(["replan", "--dry-run"]).success();
    let told = output
        .stderr
        .lines()
        .find(|line| line.contains("without a commit"));
    let told = told.expect("what somebody else did is told");
    assert!(told.contains("task 1 "), "{told}");
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

/// Files of a plan, by their places.
type Files = Vec<(&'static str, String)>;

/// A small plan in each dialect that says in the files that it is read from how far a run is: where, which, and its files.
fn marking() -> Vec<(&'static str, &'static str, Files)> {
    let alone = |name: &'static str, place: &'static str, text: &str| {
        (name, place, vec![(place, text.to_owned())])
    };
    let boxes = |first: &str, second: &str, third: &str| {
        format!("- [ ] {first} Say one\n- [ ] {second} Say two\n- [ ] {third} Say three\n")
    };
    let numbered = boxes("1.1", "1.2", "1.3");
    let indented = numbered.replace("- [", "  - [");
    let steps = |lead: &str, word: &str, more: &str| {
        format!(
            "{lead} Say {word}\n\n{more}- [ ] **Step 1: Say it {word}**\n\n- [ ] **Step 2: Commit**\n\n"
        )
    };
    let of_each = |lead: &str, more: &str| {
        let tasks = [("1:", "one"), ("2:", "two"), ("3:", "three")];
        let tasks = tasks.map(|(nth, word)| steps(&format!("{lead} {nth}"), word, more));
        tasks.concat()
    };
    let json = |id: &str, word: &str| {
        format!("{{\"id\": \"{id}\", \"title\": \"Say {word}\", \"status\": \"pending\"}}")
    };
    let native = ["one", "two", "three"].map(|word| {
        format!("[[task]]\nid = \"{word}\"\ntitle = \"Say {word}\"\nstatus = \"pending\"\n")
    });
    let entries = [(1, "one"), (2, "two"), (3, "three")].map(|(id, word)| {
        format!("{{\"id\": {id}, \"title\": \"Say {word}\", \"status\": \"pending\", \"dependencies\": []}}")
    });
    vec![
        alone(
            "spec-kit",
            "specs/001-x/tasks.md",
            &format!(
                "# Tasks: Words\n\n## Phase 1: Setup\n\n{}",
                boxes("T001", "T002", "T003")
            ),
        ),
        alone(
            "kiro",
            ".kiro/specs/x/tasks.md",
            &format!("# Implementation Plan\n\n- [ ] 1. Begin\n{indented}"),
        ),
        alone(
            "openspec",
            "openspec/changes/x/tasks.md",
            &format!("## 1. Begin\n\n{numbered}"),
        ),
        alone(
            "layered",
            "specs/features/001-x/tasks.md",
            "# Tasks for F001: Words\n\n## Begin\n\n- [ ] Say one\n- [ ] Say two\n  - [ ] aloud\n- [ ] Say three\n",
        ),
        alone(
            "superpowers",
            "docs/superpowers/plans/2026-01-02-x.md",
            &format!(
                "# Words Plan\n\n{}",
                of_each("### Task", "**Files:**\n- Create: `one.txt`\n\n")
            ),
        ),
        alone(
            "phases",
            ".ai/plans/2026-01-02.x.md",
            &format!(
                "---\nstatus: draft\n---\n# Words\n\n{}",
                of_each("## Phase", "**Deps:** None\n\n")
                    .replace("- [ ] **Step", "**Pass when:**\n- [ ] **Step")
            ),
        ),
        alone(
            "sendit",
            "PLAN.md",
            &format!("# Plan: Words\n\n{}", of_each("### Task", "")),
        ),
        alone(
            "toml",
            "plan.toml",
            &format!("[plan]\ntitle = \"Words\"\n{}", native.concat()),
        ),
        alone(
            "task-master",
            ".taskmaster/tasks/tasks.json",
            &format!("{{\"master\": {{\"tasks\": [{}]}}}}", entries.join(",\n")),
        ),
        (
            "ccw",
            ".workflow/active/WFS-x",
            vec![
                (
                    ".workflow/active/WFS-x/IMPL_PLAN.md",
                    "# Words\n".to_owned(),
                ),
                (
                    ".workflow/active/WFS-x/TODO_LIST.md",
                    boxes("**IMPL-1**:", "**IMPL-2**:", "**IMPL-3**:"),
                ),
                (
                    ".workflow/active/WFS-x/.task/IMPL-1.json",
                    json("IMPL-1", "one"),
                ),
                (
                    ".workflow/active/WFS-x/.task/IMPL-2.json",
                    json("IMPL-2", "two"),
                ),
                (
                    ".workflow/active/WFS-x/.task/IMPL-3.json",
                    json("IMPL-3", "three"),
                ),
            ],
        ),
    ]
}

/// Does the first task that it is given, and refuses the second.
const REFUSES_THE_SECOND: &str = r#"if test -e "$0.begun"
then echo '{"status": "KICKBACK", "signal": "needs_split", "reason": "two things"}'
else : > "$0.begun"; commit one.txt one
fi"#;

#[test]
fn marks_of_progress_are_no_change_of_a_task() {
    for (dialect, plan, files) in marking() {
        let user = User::new();
        for (path, text) in &files {
            user.write(path, text);
        }
        user.commit("Plan");
        let executor = user.executor(REFUSES_THE_SECOND);
        let flags = ["--sync", "--jobs", "1", "--dialect", dialect];
        user.run(plan, &executor, &flags).code(3);
        let marked = user.git(["status", "--porcelain"]).success().stdout;
        assert!(!marked.is_empty(), "{dialect}: nothing was marked");
        user.enact(["replan", "r-test", "--yes"])
            .success()
            .complains("has this plan already");
        user.enact(["resume"]).code(3);
        let edit = |from: &str, to: &str| {
            for (path, _) in &files {
                let text = std::fs::read_to_string(user.path().join(path)).expect("a plan");
                user.write(path, &text.replace(from, to));
            }
        };
        edit("Say two", "Say two or more");
        user.enact(["replan", "r-test", "--yes"])
            .success()
            .says("1 done stay; changed ");
        let status = user.status();
        assert_eq!(status["counts"]["done"], 1, "{dialect}");
        assert_eq!(status["counts"]["pending"], 2, "{dialect}");
        edit("Say one", "Say none");
        user.enact(["replan", "r-test"])
            .code(2)
            .complains("is done and cannot be changed");
        user.enact(["doctor"]).success();
    }
}
