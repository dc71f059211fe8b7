//! What a task says that it needs is read in every format of lists, however people put it into words.

use std::fs;

use git_enact::plan::{Selection, TaskId, load};

/// Where the lists of each format stand, what begins them, and how their ids look.
const FORMATS: [(&str, &str, [&str; 3]); 5] = [
    (
        "specs/001-a/tasks.md",
        "# Tasks: A\n\n## Phase 1: Setup\n",
        ["T001", "T002", "T003"],
    ),
    (
        "openspec/changes/a/tasks.md",
        "## 1. A\n",
        ["T001", "T002", "T003"],
    ),
    (
        ".kiro/specs/a/tasks.md",
        "# Implementation Plan\n",
        ["T001", "T002", "T003"],
    ),
    (
        "specs/infrastructure/I001-a/tasks.md",
        "# Tasks\n\n## Layer 0: Base\n",
        ["T001", "T002", "T003"],
    ),
    (
        ".workflow/active/WFS-a/TODO_LIST.md",
        "# Tasks: A\n",
        ["IMPL-001", "IMPL-002", "IMPL-003"],
    ),
];

/// What the third task of a list needs, whose line and the one below it are these.
fn needs(path: &str, head: &str, ids: [&str; 3], line: &str, below: &str) -> Vec<TaskId> {
    let [one, two, three] = ids;
    let write = |said: &str| said.replace("{1}", one).replace("{2}", two);
    let (line, below) = (write(line), write(below));
    let text =
        format!("{head}\n- [ ] {one} Make it\n- [ ] {two} Draw it\n- [ ] {three} {line}\n{below}");
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join(path);
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    fs::write(&path, &text).expect("it is written");
    fs::write(path.with_file_name("workflow-session.json"), "{}").expect("it is written");
    let loaded = load(&[path], &Selection::default())
        .unwrap_or_else(|refused| panic!("{text}: {:?}", refused.faults));
    let task = loaded
        .plan
        .tasks
        .into_iter()
        .find(|task| task.id.as_str() == three);
    task.unwrap_or_else(|| panic!("{text}")).needs
}

#[test]
fn what_a_task_needs_is_read_in_every_format_of_lists() {
    for (path, head, ids) in FORMATS {
        let [one, two, _] = ids;
        for (line, below, expected) in [
            ("Show it (depends on {1})", "", vec![one]),
            ("Show it (depends on {1}, {2})", "", vec![one, two]),
            ("Show it (after {1})", "", vec![one]),
            ("Show it (blocked by {2})", "", vec![two]),
            ("Show it (requires {1})", "", vec![one]),
            ("Show it, after {2}", "", vec![two]),
            ("Show it — after {1}", "", vec![one]),
            ("Show it, blocked by {2}", "", vec![two]),
            ("Show it, requires {1}", "", vec![one]),
            ("Show it — needs {1}", "", vec![one]),
            ("Show what requires {1}", "", vec![]),
            ("Show it", "  - Dependencies: {1}, {2}\n", vec![one, two]),
            ("Show it", "  - **Depends on**: {2}\n", vec![two]),
            ("Show it", "  - Requires: {1}\n", vec![one]),
            ("Show it", "  - Dependencies: None\n", vec![]),
            ("Show it", "  - Requires: Node 18.2\n", vec![]),
            ("Look at it again after {1}", "", vec![]),
            ("Show it, no longer depends on {1}", "", vec![]),
            ("Show it (after lunch)", "", vec![]),
        ] {
            let found = needs(path, head, ids, line, below);
            let found: Vec<&str> = found.iter().map(TaskId::as_str).collect();
            assert_eq!(found, expected, "{path}: {line}\n{below}");
        }
    }
}

#[test]
fn a_job_that_names_a_later_or_missing_one_in_a_field_is_told() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (number, field) in [
        ("1", "**Dependencies:** Job 2"),
        ("2", "**Depends on:** 1, 7"),
    ] {
        let text =
            format!("# Part {number} - Implementation Plan\n\n{field}\n\n### Step 1: Do it\n");
        fs::write(directory.path().join(format!("job-{number}-a.md")), text)
            .expect("it is written");
    }
    let loaded = load(&[directory.path().to_owned()], &Selection::default()).expect("it is a plan");
    let told: Vec<&str> = loaded
        .warnings
        .iter()
        .map(|fault| fault.message.as_str())
        .collect();
    for expected in [
        "job 1 depends on job 2, which comes after it",
        "job 2 depends on job 7, which is not there",
    ] {
        assert!(told.contains(&expected), "{told:#?}");
    }
}
