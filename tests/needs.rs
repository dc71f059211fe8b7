//! What a task says that it needs is read in every format of lists, however people put it into words.

use std::fs;

use git_enact::plan::{Selection, TaskId, load};

use crate::support::user::User;

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
            ("Show it [blockedBy: {1}]", "", vec![one]),
            ("Show it (dep. {2})", "", vec![two]),
            ("Show it (dépend de {1})", "", vec![one]),
            ("Show it. Dependencies: {1}", "", vec![one]),
            ("Show it depends on {2}", "", vec![two]),
            ("Show it", "  - Hängt ab von: {1}\n", vec![one]),
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
fn what_a_task_needs_may_go_on_in_the_next_line() {
    let lists = ["specs/001-a/", "openspec/", ".kiro/"];
    let is_list = |path: &str| lists.iter().any(|list| path.starts_with(list));
    for (path, head, ids) in FORMATS.into_iter().filter(|(path, ..)| is_list(path)) {
        let [one, two, _] = ids;
        for (line, below, expected) in [
            ("Show it (depends on {1},", "  {2})\n", vec![one, two]),
            ("Show it (after {1}", "  and {2})\n", vec![one, two]),
            ("Show it", "  - Depends on: {1},\n    {2}\n", vec![one, two]),
            (
                "Show it",
                "  - Depends on: {1}\n    {2} is for later\n",
                vec![one],
            ),
        ] {
            let found = needs(path, head, ids, line, below);
            let found: Vec<&str> = found.iter().map(TaskId::as_str).collect();
            assert_eq!(found, expected, "{path}: {line}\n{below}");
        }
    }
}

#[test]
fn a_number_alone_is_a_task_or_a_section_where_nothing_else_can_be_meant() {
    let head = "# Implementation Plan\n\n- [ ] 1. Set up\n- [ ] 2. Build\n  - [ ] 2.1 One\n  - [ ] 2.2 Two\n";
    for (task, expected) in [
        ("- [ ] 3. Show it\n  - _Dependencies: 1_\n", vec!["1"]),
        (
            "- [ ] 3. Show it\n  - _Requirements: 1.1_, _Dependencies: 1, 2_\n",
            vec!["1", "2.1", "2.2"],
        ),
        ("- [ ] 3. Show it (P) _Dependencies: 1_\n", vec!["1"]),
        ("- [ ] 3. Show 1 dependency\n  - needs 2 more\n", vec![]),
    ] {
        let user = User::new();
        user.write(".kiro/specs/a/tasks.md", &format!("{head}{task}"));
        let path = user.path().join(".kiro/specs/a/tasks.md");
        let loaded = load(&[path], &Selection::default()).expect("it is a plan");
        let last = loaded.plan.tasks.last().expect("a task");
        let needs: Vec<&str> = last.needs.iter().map(TaskId::as_str).collect();
        assert_eq!((last.id.as_str(), needs), ("3", expected), "{task}");
    }
}

#[test]
fn a_need_that_nothing_has_and_a_field_that_is_misspelt_are_told() {
    let user = User::new();
    let plan = |below: &str| {
        format!("# Implementation Plan\n\n- [ ] 1. Set up\n- [ ] 2. Build\n  - {below}\n")
    };
    let name = ".kiro/specs/a/tasks.md";
    user.write(name, &plan("_Dependencies: 99_"));
    let told = user.enact(["check", name]).code(2).stderr;
    assert!(
        told.contains(&format!("{name}:4:")) && told.contains("99"),
        "{told}"
    );
    user.write(name, &plan("_Dependecies: 1_"));
    let told = user.enact(["check", name]).success().stderr;
    for said in [
        format!("{name}:5:"),
        "`Dependecies` is not read".to_owned(),
        "did you mean `dependencies`?".to_owned(),
    ] {
        assert!(told.contains(&said), "{told}");
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
