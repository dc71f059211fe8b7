//! What is nearly right in a plan is told at its place, and what people put in of their own is not.

use std::fs;
use std::path::Path;

use git_enact::plan::{Fault, Selection, load};

/// What is told of a plan of these files, each as a line without the directory; what tasks lack is aside.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(path, text).expect("it is written");
    }
    let first = directory.path().join(files[0].0);
    let faults = match load(&[first], &Selection::default()) {
        Ok(loaded) => loaded.warnings,
        Err(refused) => refused.faults,
    };
    let said = faults
        .iter()
        .filter(|fault| !fault.message.contains("lack"));
    said.map(|fault| line(fault, directory.path())).collect()
}

fn line(fault: &Fault, directory: &Path) -> String {
    let kind = if fault.is_warning() {
        "warning"
    } else {
        "error"
    };
    let said = fault
        .to_string()
        .replace(&format!("{}/", directory.display()), "");
    format!("{kind}: {said}")
}

const TASKS: &str = ".taskmaster/tasks/tasks.json";

#[test]
fn a_misspelt_key_of_a_task_is_told_once_and_a_key_of_ones_own_is_not() {
    let tasks = r#"{"master": {"tasks": [
  {"id": 1, "title": "a", "details": "a", "testStrategy": "a", "statuss": "done", "complexity": 3},
  {"id": 2, "title": "b", "details": "b", "testStrategy": "b", "titleEn": "b", "dependancies": [1], "assignee": "ann",
   "subtasks": [{"id": 1, "title": "c", "dependancies": [2]}]}
]}}"#;
    assert_eq!(
        told(&[(TASKS, tasks)]),
        [
            format!("warning: {TASKS}:2:65: key `statuss` is not known; did you mean `status`?"),
            format!(
                "warning: {TASKS}:3:81: key `dependancies` is not known; did you mean `dependencies`?"
            ),
        ]
    );
}

#[test]
fn an_id_of_a_task_and_of_a_group_is_refused_with_both_places() {
    let group = r#"{"id": 1, "title": "a", "subtasks": [{"id": 1, "title": "b"}]}"#;
    let task = r#"{"id": "1", "title": "c"}"#;
    let other = r#"{"id": 1, "title": "d", "subtasks": [{"id": 2, "title": "e"}]}"#;
    for (first, second, column) in [(group, task, 8), (task, group, 9), (group, other, 8)] {
        let found = told(&[(TASKS, &format!("{{\"tasks\": [\n{first},\n{second}\n]}}"))]);
        let is_told = |fault: &String| {
            fault.starts_with(&format!("error: {TASKS}:3:8: task id `1` is used twice;"))
                && fault.ends_with(&format!("the first is at {TASKS}:2:{column}"))
        };
        assert!(found.iter().any(is_told), "{first} and {second}: {found:?}");
    }
}

/// A plan of GSD with this front matter and these tasks.
fn gsd(front: &str, tasks: &str) -> String {
    format!("---\nphase: 01-base\n{front}---\n<tasks>\n{tasks}</tasks>\n")
}

const TASK: &str = "<task type=\"auto\">\n<name>a</name>\n<files>a.rs</files>\n<action>a</action>\n<verify>a</verify>\n<done>a</done>\n</task>\n";
const GSD: &str = "01-02-PLAN.md";

#[test]
fn front_matter_that_is_nearly_right_is_told() {
    let front = "plan: 02\nwav: 2\ndependson: []\ntype: execute\ntags: [a]\nautonomous: true\n";
    assert_eq!(
        told(&[(GSD, &gsd(front, TASK))]),
        [
            format!("warning: {GSD}:4:1: key `wav` is not known; did you mean `wave`?"),
            format!("warning: {GSD}:5:1: key `dependson` is not known; did you mean `depends_on`?"),
        ]
    );
    assert_eq!(
        told(&[(GSD, &gsd("plan: 3\nwave: 1\n", TASK))]),
        [format!(
            "warning: {GSD}:3:1: this is said to be plan `3`, and the file is named for plan `02`; \
             the name counts; say the same here"
        )]
    );
    assert!(told(&[(GSD, &gsd("plan: 2\nwave: 1\n", TASK))]).is_empty());
}

#[test]
fn a_tag_that_is_nearly_that_of_a_task_is_told_beside_tasks() {
    for name in ["tsk", "Task", "taks", "TASK"] {
        let near = TASK.replace("task", name);
        let found = told(&[(GSD, &gsd("plan: 2\n", &format!("{TASK}{near}")))]);
        let expected = format!(
            "warning: {GSD}:13:1: `<{name}>` is not read as a task; did you mean `<task>`?"
        );
        assert_eq!(found, [expected]);
    }
    let inside = TASK.replace("<action>a", "<action>\n<Task />\n<tsk>\n");
    let others = format!("<tags>\n</tags>\n<table></table>\n{inside}");
    let found = told(&[(GSD, &gsd("plan: 2\n", &others))]);
    assert!(found.is_empty(), "{found:?}");
}

const SUPERPOWERS: &str = "docs/superpowers/plans/2026-01-02-a.md";

/// A task of Superpowers.
fn section(heading: &str, more: &str) -> String {
    format!("{heading}\n\n{more}**Files:**\n- Modify: `a.rs`\n\n- [ ] **Step 1: do it**\n\n")
}

#[test]
fn a_heading_that_is_nearly_a_task_is_told_at_the_level_of_tasks() {
    let plan = |heading: &str| {
        let first = section("### Task 1: a", "");
        let last = section("### Task 3: c", "");
        told(&[(
            SUPERPOWERS,
            &format!("# A\n\n{first}{}{last}", section(heading, "")),
        )])
    };
    for near in [
        "Tsk 2: CLI",
        "Task Two: CLI",
        "Taks 2: CLI",
        "Tasks 2 and 4",
    ] {
        let expected = format!(
            "warning: {SUPERPOWERS}:10:1: `{near}` is not read as a task; \
             a task is a heading of level 2 to 4 such as `### Task 1: title`"
        );
        assert_eq!(plan(&format!("### {near}")), [expected]);
    }
    for other in [
        "### Task 2: b",
        "### Notes",
        "### Task summary",
        "### Track 2: b",
        "#### Tsk 2: CLI",
    ] {
        assert!(plan(other).is_empty(), "{other}");
    }
}

#[test]
fn a_dependency_on_a_task_that_is_not_there_is_told() {
    let said = |field: &str| {
        let first = section("### Task 1: a", "");
        let second = section("### Task 2: b", &format!("{field}\n"));
        told(&[(SUPERPOWERS, &format!("# A\n\n{first}{second}"))])
    };
    let plan = |needs: &str| said(&format!("**Depends on:** {needs}"));
    let expected = format!(
        "warning: {SUPERPOWERS}:12:1: task `2` depends on `8`, which is no task of this plan;"
    );
    for field in [
        "**Depends on:** Task 1, Task 8",
        "**Blocked by:** Task 1 and Task 8",
        "**Requires:** Task 8",
    ] {
        let found = said(field);
        assert!(
            matches!(&found[..], [only] if only.starts_with(&expected)),
            "{field}: {found:?}"
        );
    }
    assert!(said("**Requires:** Node 18").is_empty());
    for sound in [
        "Task 1",
        "Tasks 1 (30 minutes)",
        "nothing",
        "Task 1 and 2 days of rest",
    ] {
        assert!(plan(sound).is_empty(), "{sound}");
    }
}

#[test]
fn a_box_that_is_never_closed_is_told_beside_boxes() {
    for (path, heading) in [
        ("openspec/changes/a/tasks.md", "## 2. B"),
        (".kiro/specs/a/tasks.md", "# Implementation Plan"),
    ] {
        let plan = |line: &str| {
            told(&[(
                path,
                &format!("{heading}\n\n- [ ] 2.1 a\n{line}\n- [ ] 2.3 c\n"),
            )])
        };
        for open in ["- [ 2.2 b", "  - [x 2.2 b", "* [ 2.2 b", "1. [ 2.2 b"] {
            let column = open.find('[').map_or(0, |at| at + 1);
            let expected = format!(
                "warning: {path}:4:{column}: this box is never closed, so it is read as text; \
                 close it: `- [ ] Do it`"
            );
            assert_eq!(plan(open), [expected], "{open}");
        }
        for sound in [
            "- [ ] 2.2 b",
            "-[ ] 2.2 b",
            "- [ the guide ](guide.md)",
            "  text [ of a range",
            "```\n- [ 2.2 b\n```",
        ] {
            assert!(plan(sound).is_empty(), "{sound}: {:?}", plan(sound));
        }
    }
}
