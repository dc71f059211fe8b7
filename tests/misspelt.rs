//! What is nearly right in a plan is told at its place, and what people put in of their own is not.

use std::fs;
use std::path::Path;

use git_enact::plan::{Fault, ImportedStatus, Selection, load};

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

/// Lists of boxes in three dialects, each with a box of this id, mark and words.
fn lists() -> [(&'static str, &'static str, &'static str); 3] {
    [
        ("openspec/changes/a/tasks.md", "## 2. B", "2.1"),
        (".kiro/specs/a/tasks.md", "# Implementation Plan", "2.1"),
        (
            "specs/001-a/tasks.md",
            "# Tasks: A\n\n## Phase 1: B",
            "T001",
        ),
    ]
}

/// What is told of such a list whose second box is this line.
fn told_of_box(list: (&str, &str, &str), line: &str) -> Vec<String> {
    let (path, heading, id) = list;
    told(&[(path, &format!("{heading}\n\n- [ ] {id} a\n{line}\n"))])
}

#[test]
fn a_box_whose_id_is_nearly_one_is_told_at_any_depth() {
    let [openspec, kiro, spec_kit] = lists();
    for list in [openspec, kiro] {
        for (line, id, help) in [
            ("- [ ] 2,2 Add it", "2,2", "write it with a dot: `2.2`"),
            ("  - [ ] 2,2 Add it", "2,2", "write it with a dot: `2.2`"),
            (
                "- [ ] 2.2-2.4 Add it",
                "2.2-2.4",
                "give each task a box of its own, with one id",
            ),
            (
                "  - [ ] 2.2, 2.3 Add it",
                "2.2, 2.3",
                "give each task a box of its own, with one id",
            ),
        ] {
            let column = line.find(id).map_or(0, |at| at + 1);
            let place = format!("warning: {}:4:{column}: ", list.0);
            let expected = format!("{place}`{id}` is not read as an id; {help}");
            assert_eq!(told_of_box(list, line), [expected], "{line}");
        }
        for sound in [
            "- [ ] 2.2 Add it",
            "  - [ ] 1,000 users may sign in",
            "- [ ] 2.2 Update 1.2/1.3",
            "  - [ ] 3 tests pass",
        ] {
            let found = told_of_box(list, sound);
            assert!(found.is_empty(), "{sound}: {found:?}");
        }
    }
    for (line, ids) in [
        ("- [ ] T005-T007 Add it", "T005-T007"),
        ("- [ ] T005–T007 Add it", "T005–T007"),
        ("- [ ] T005/T006 Add it", "T005/T006"),
        ("- [ ] [P] T005, T006 Add it", "T005, T006"),
        ("- [ ] T005 and T006: Add it", "T005 and T006"),
        ("- [ ] T005-007 Add it", "T005-007"),
        ("- [ ] `T005`, `T006` Add it", "T005, T006"),
    ] {
        let column = line.find("T005").map_or(0, |at| at + 1);
        let expected = format!(
            "warning: {}:6:{column}: `{ids}` names several tasks, and one box is one task: `T005`; \
             give each task a box of its own, with one id",
            spec_kit.0
        );
        assert_eq!(told_of_box(spec_kit, line), [expected], "{line}");
    }
    for sound in [
        "- [ ] T005 Add it for T001-T001",
        "- [ ] T005 - 3 retries",
        "- [ ] T005: T-shirts",
    ] {
        let found = told_of_box(spec_kit, sound);
        assert!(found.is_empty(), "{sound}: {found:?}");
    }
}

#[test]
fn a_status_beside_the_title_of_an_open_box_is_told() {
    for list in lists() {
        let line_of = if list.2 == "T001" { 6 } else { 4 };
        let id = if list.2 == "T001" { "T002" } else { "2.2" };
        for (line, at, said) in [
            (format!("- [ ] {id} [BLOCKED] Add it"), "BLOCKED", true),
            (format!("- [ ] [BLOCKED] {id} Add it"), "BLOCKED", true),
            (format!("- [ ] {id} Add it [on hold]"), "on hold", true),
            (format!("- [ ] {id} Add it (BLOCKED)"), "BLOCKED", true),
            (format!("- [ ] {id} BLOCKED: Add it"), "BLOCKED", true),
            (format!("- [ ] {id} Add it (WIP)"), "WIP", true),
            (format!("- [ ] {id} Add it (done)"), "done", false),
            (format!("- [ ] {id} [DONE] Add it"), "DONE", false),
            (format!("- [ ] {id} Add it ✅"), "✅", false),
        ] {
            let column = line.find(at).map_or(0, |at| at + 1);
            let place = format!("warning: {}:{line_of}:{column}: ", list.0);
            let expected = match said {
                true => format!(
                    "{place}`{at}` beside the title is not read: the task is open, and is run; \
                     say what it waits for, or leave it out of the run: `(SKIPPED)` behind the title does"
                ),
                false => format!(
                    "{place}the title says that it is done, and the box is open; \
                     the box counts: tick it, `[x]`, if the task is done"
                ),
            };
            assert_eq!(told_of_box(list, &line), [expected], "{line}");
        }
        for sound in [
            format!("- [x] {id} Add it ✅"),
            format!("- [x] {id} Add it (done)"),
            format!("- [ ] {id} Add it (SKIPPED)"),
            format!("- [ ] {id} Show what is (failed)"),
            format!("- [ ] {id} Print `[BLOCKED]`"),
            format!("- [ ] {id} [US1] Add it [setup]"),
        ] {
            let found = told_of_box(list, &sound);
            assert!(found.is_empty(), "{sound}: {found:?}");
        }
    }
}

#[test]
fn a_path_outside_of_the_repository_is_told_once() {
    for list in lists() {
        let (path, heading, id) = list;
        let text = format!(
            "{heading}\n\n- [ ] {id} Add `../x/y.rs` and ../z.rs\n  - change /etc/hosts, see [it](../it.md)\n"
        );
        let line = if id == "T001" { 5 } else { 3 };
        let column = "- [ ]  Add ".len() + id.len() + 1;
        let expected = format!(
            "warning: {path}:{line}:{column}: `../x/y.rs` lies outside of the repository; \
             it and 2 more are not counted among the files of their tasks; \
             name files relative to the top of the repository"
        );
        assert_eq!(told(&[(path, &text)]), [expected]);
        let routes =
            format!("{heading}\n\n- [ ] {id} Serve `/users/me`, import `../users`, `/api`\n");
        let found = told(&[(path, &routes)]);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_status_in_a_heading_of_superpowers_that_its_steps_deny_is_told() {
    let plan = |heading: &str, steps: &str| {
        let text = format!("{heading}\n\n**Files:**\n- Modify: `a.rs`\n\n{steps}\n");
        let last = section("### Task 2: b", "");
        told(&[(SUPERPOWERS, &format!("# A\n\n{text}\n{last}"))])
    };
    let (open, begun, done) = (
        "- [ ] **Step 1: a**\n- [ ] **Step 2: b**",
        "- [x] **Step 1: a**\n- [ ] **Step 2: b**",
        "- [x] **Step 1: a**\n- [x] **Step 2: b**",
    );
    for heading in [
        "### Task 1: a ✅",
        "### Task 1: a (DONE)",
        "### ✅ Task 1: a",
        "### Task 1: a - DONE",
    ] {
        let column = heading
            .find('1')
            .map_or(0, |at| heading[..at].chars().count() + 1);
        for steps in [open, begun] {
            let expected = format!(
                "warning: {SUPERPOWERS}:3:{column}: the heading of task `1` says that it is done, and not all \
                 of its steps are ticked; the steps count: tick them, `[x]`, if the task is done"
            );
            assert_eq!(plan(heading, steps), [expected], "{heading}");
        }
        assert!(plan(heading, done).is_empty(), "{heading}");
    }
    let found = plan("### Task 1: a [BLOCKED]", open);
    assert_eq!(
        found,
        [format!(
            "warning: {SUPERPOWERS}:3:10: `BLOCKED` beside the title is not read: the task is open, and is run; \
             say what it waits for, or leave it out of the run: `(SKIPPED)` behind the title does"
        )]
    );
    assert!(plan("### Task 1: a (SKIPPED)", open).is_empty());
}

#[test]
fn what_a_title_leaves_out_is_not_run() {
    let directory = tempfile::tempdir().expect("a directory");
    for (path, text, id) in [
        (
            SUPERPOWERS,
            format!(
                "# A\n\n{}{}",
                section("### Task 1: a (SKIPPED)", ""),
                section("### Task 2: b", "")
            ),
            "1",
        ),
        (
            "specs/001-a/tasks.md",
            "# A\n\n- [ ] T001 a [SKIPPED]\n- [ ] T002 b\n".to_owned(),
            "T001",
        ),
        (
            ".kiro/specs/a/tasks.md",
            "# A\n\n- [ ] 1. a ⏭️\n- [ ] 2. b\n".to_owned(),
            "1",
        ),
        (
            "openspec/changes/a/tasks.md",
            "## 1. A\n\n- [ ] 1.1 a (deferred)\n- [ ] 1.2 b\n".to_owned(),
            "1.1",
        ),
    ] {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(&path, text).expect("it is written");
        let loaded = load(&[path], &Selection::default()).expect("a good plan");
        let tasks = loaded.plan.tasks.iter();
        let told: Vec<_> = tasks
            .map(|task| {
                let status = task.imported.as_ref().map(|imported| imported.status);
                (task.id.as_str(), task.title.as_str(), status)
            })
            .collect();
        assert_eq!(told[0], (id, "a", Some(ImportedStatus::Skipped)));
        assert_eq!((told[1].1, told[1].2), ("b", None));
    }
}

const PHASES: &str = ".ai/plans/2026-01-02.a.md";

/// A plan of two phases with a heading and fields between them.
fn phases(heading: &str, fields: &str) -> String {
    let phase = |heading: &str, fields: &str| format!("{heading}\n\n**Goal:** it\n{fields}\n\n");
    let fields_of_all = "**Principal Owner:** Ann\n**Dependencies:** None\n**Acceptance Criteria:**\n- it is there\n**Files to modify:**\n- `src/a.rs`";
    format!(
        "# A\n\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n{}{}{}",
        phase("### Phase 1: a", fields_of_all),
        phase(heading, fields),
        phase("### Phase 4: d", fields_of_all),
    )
}

#[test]
fn a_heading_that_is_nearly_a_phase_is_told_at_the_level_of_phases() {
    let owned = "**Principal Owner:** Ann";
    let plan = |heading: &str, fields: &str| {
        let found = told(&[(PHASES, &phases(heading, fields))]);
        let near = found
            .into_iter()
            .filter(|said| said.contains("not read as"));
        near.collect::<Vec<_>>()
    };
    for (near, fields) in [
        ("Phsae 3: X", ""),
        ("Pahse 3: X", owned),
        ("Phase3: X", ""),
        ("Phase Three: X", owned),
    ] {
        let expected = format!(
            "warning: {PHASES}:17:1: `{near}` is not read as a phase; \
             a phase is a heading such as `### Phase 1: Core types`"
        );
        assert_eq!(plan(&format!("### {near}"), fields), [expected]);
    }
    for (other, fields) in [
        ("### Phase 2: X", owned),
        ("### Phases 2 and 3", ""),
        ("### Phase Overview", ""),
        ("### Phase: notes", ""),
        ("### Notes", owned),
        ("#### Phsae 3: X", ""),
    ] {
        assert!(plan(other, fields).is_empty(), "{other}");
    }
}

#[test]
fn files_without_an_ending_are_among_those_of_a_phase() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(PHASES);
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    let fields = "**Principal Owner:** Ann\n**Files to create:**\n- `.gitignore` - what is built\n- `Procfile`\n\n**Files to modify:**\n- Makefile\n- `CODEOWNERS` (the new team)";
    fs::write(&path, phases("### Phase 2: b", fields)).expect("it is written");
    let loaded = load(&[path], &Selection::default()).expect("a good plan");
    let task = &loaded.plan.tasks[1];
    assert_eq!(
        task.files,
        [".gitignore", "Procfile", "Makefile", "CODEOWNERS"]
    );
    assert_eq!(task.creates, [".gitignore", "Procfile"]);
}

const LAYERED: &str = "specs/features/001-a/tasks.md";

#[test]
fn an_id_made_from_a_place_gives_way_to_one_that_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(LAYERED);
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    let text = "# A - Tasks\n\n## Phase 1: A\n\n- [ ] T0001 Do `a.rs`\n\n## Phase 2: B\n\n- [ ] b\n- [ ] c\n\n\
                ## Phase 3: C\n\n- [ ] 2.1 d\n- [ ] 2.3 e, needs 2.1\n";
    fs::write(&path, text).expect("it is written");
    let loaded = load(&[path], &Selection::default()).expect("a good plan");
    let tasks = loaded.plan.tasks.iter();
    let ids: Vec<&str> = tasks.map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["T0001", "2.4", "2.2", "2.1", "2.3"]);
}

#[test]
fn what_boxes_of_layers_nearly_say_is_told() {
    let plan = |line: &str| {
        let text = format!("# A - Tasks\n\n## Phase 1: A\n\n- [ ] T0001 Do `a.rs`\n{line}\n");
        told(&[(LAYERED, &text)])
    };
    let unread = |tag: &str| {
        format!(
            "warning: {LAYERED}:6:4: `{tag}` beside the title is not read: the task is open, and is run; \
             say what it waits for, or leave it out of the run: `(SKIPPED)` behind the title does"
        )
    };
    assert_eq!(plan("- [ ] [BLOCKED] T0002 `b.rs`"), [unread("BLOCKED")]);
    assert_eq!(plan("- [ ] T0002 `b.rs` [on hold]"), [unread("on hold")]);
    for (line, ids, help) in [
        (
            "- [ ] T0002-T0003 `b.rs`",
            "T0002-T0003",
            "give each task a box of its own, with one id",
        ),
        ("- [ ] 3,4 `b.rs`", "3,4", "write it with a dot: `3.4`"),
    ] {
        let expected = format!("warning: {LAYERED}:6:7: `{ids}` is not read as an id; {help}");
        assert_eq!(plan(line), [expected]);
    }
    for sound in [
        "- [ ] T0002 `b.rs` (SKIPPED)",
        "- [x] T0002 `b.rs` (done)",
        "- [ ] [US1] T0002 `b.rs`",
    ] {
        assert!(plan(sound).is_empty(), "{sound}: {:?}", plan(sound));
    }
}

#[test]
fn a_file_that_is_named_nearly_like_a_job_is_told_beside_jobs() {
    let text = "# A\n\n### Step 1: a\n\n**Files:** `a.rs`\n**Verify:** `true`\n";
    let names = [
        "job-1-a.md",
        "job-2-b.md",
        "job-2.5-x.md",
        "Job-6.md",
        "job_7.md",
        "jobs.md",
    ];
    let directory = tempfile::tempdir().expect("a directory");
    for name in names {
        fs::write(directory.path().join(name), text).expect("it is written");
    }
    let told = |path: &Path| -> Vec<String> {
        let loaded = load(&[path.to_path_buf()], &Selection::default()).expect("a good plan");
        let faults = loaded.warnings.iter();
        faults.map(|fault| line(fault, directory.path())).collect()
    };
    let unread = |name: &str, help: &str| {
        format!("warning: {name}:1:1: `{name}` is not read: it is not named like a job; {help}")
    };
    assert_eq!(
        told(directory.path()),
        [
            unread("Job-6.md", "call it `job-6.md`"),
            unread(
                "job-2.5-x.md",
                "the number of a job is whole: call it `job-<N>-<name>.md`, and give those after it greater numbers"
            ),
            unread("job_7.md", "call it `job-7.md`"),
        ]
    );
    // Who names one of several has chosen.
    assert!(told(&directory.path().join(names[0])).is_empty());
}

#[test]
fn the_number_of_a_plan_keeps_its_digits() {
    let directory = tempfile::tempdir().expect("a directory");
    for (written, id) in [
        ("02", "01-02.1"),
        ("2", "01-02.1"),
        ("08", "01-08.1"),
        ("\"03\"", "01-03.1"),
        ("01-04", "01-04.1"),
    ] {
        for phase in ["01-base", "01"] {
            let path = directory.path().join("notes.md");
            let text =
                format!("---\nphase: {phase}\nplan: {written}\n---\n<tasks>\n{TASK}</tasks>\n");
            fs::write(&path, text).expect("it is written");
            let loaded = load(&[path], &Selection::default()).expect("a good plan");
            assert_eq!(loaded.plan.tasks[0].id.as_str(), id, "{phase} {written}");
        }
    }
}

#[test]
fn a_directory_on_the_way_to_where_plans_lie_holds_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(path, text).expect("it is written");
    };
    let found = |place: &str| load(&[directory.path().join(place)], &Selection::default());
    let boxes = "# Tasks\n\n## 1. A\n\n- [ ] 1.1 a\n";
    let places = [
        (".kiro/specs", ".kiro/specs/a/tasks.md", boxes),
        ("openspec", "openspec/changes/a/tasks.md", boxes),
        ("openspec/changes", "openspec/changes/a/tasks.md", boxes),
        ("specs", "specs/001-a/tasks.md", "# Tasks\n\n- [ ] T001 a\n"),
        (
            ".planning/phases",
            ".planning/phases/01-a/01-01-PLAN.md",
            TASK,
        ),
    ];
    for (place, path, text) in places {
        write(path, text);
        let loaded = found(place).expect("the only plan");
        assert_eq!(loaded.plan.tasks.len(), 1, "{place}");
        assert!(loaded.sources[0].path.ends_with(path), "{place}");
    }
    for (place, path, text) in places {
        write(&path.replace("-a/", "-b/").replace("/a/", "/b/"), text);
        let refused = found(place).expect_err("one must be chosen").to_string();
        let refused = refused.replace(&format!("{}/", directory.path().display()), "");
        let other = path.replace("-a/", "-b/").replace("/a/", "/b/");
        let expected = format!(
            "`{place}` holds 2 plans: `{path}`, `{other}`; name one of them, such as `{path}`"
        );
        assert_eq!(refused, expected);
    }
}

#[test]
fn a_status_beside_the_title_of_a_heading_is_told() {
    let sendit =
        "# P\n\n### Task 1: a [BLOCKED]\n**Action**: a\n**Files**: `a.rs`\n**Verify**: `true`\n";
    let phases = phases("### Phase 2: b (ON HOLD)", "**Principal Owner:** Ann");
    for (path, text, place, tag) in [
        ("PLAN.md", sendit, "3:10", "BLOCKED"),
        (PHASES, &phases, "17:11", "ON HOLD"),
    ] {
        let expected = format!("warning: {path}:{place}: `{tag}` beside the title is not read");
        let found = told(&[(path, text)]);
        let is_told = found.iter().any(|said| said.starts_with(&expected));
        assert!(is_told, "{path}: {found:?}");
    }
}

#[test]
fn a_status_in_a_table_that_is_not_plain_is_told() {
    let plan = |status: &str| {
        let text = format!(
            "# Tasks\n\n### T001 Create it\n\nDo `a.rs`\n\n## Progress\n\n| Task | Status | Notes |\n|---|---|---|\n| T001 | {status} | a |\n"
        );
        told(&[("specs/001-a/tasks.md", &text)])
    };
    let said = "Done, but rebased";
    let expected = format!(
        "warning: specs/001-a/tasks.md:11:10: `{said}` does not plainly say that it is done, so it is read as not \
         done; say `Complete` first, or take the word out"
    );
    assert_eq!(plan(said), [expected]);
    assert!(plan("Done (PR #12)").is_empty());
}

#[test]
fn a_field_right_below_a_list_has_all_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(PHASES);
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    let fields = "**Principal Owner:** Ann\n**Files to create:**\n- `a.rs`\n- `b.rs`\n**Files to modify:**\n- `c.rs`\n- `d.rs`\n- `e.rs`";
    fs::write(&path, phases("### Phase 2: b", fields)).expect("it is written");
    let loaded = load(&[path], &Selection::default()).expect("a good plan");
    assert_eq!(
        loaded.plan.tasks[1].files,
        ["a.rs", "b.rs", "c.rs", "d.rs", "e.rs"]
    );
}

#[test]
fn phases_whose_deliverables_are_files_do_not_lack_them() {
    let phase = |deliver: &str| {
        format!(
            "# P\n\n## Phases\n\n### Phase 1: a\n**Agent:** A | **Deps:** None\n\n**Deliver:**\n- {deliver}\n"
        )
    };
    let lacks = |deliver: &str| {
        let directory = tempfile::tempdir().expect("a directory to write to");
        let path = directory.path().join("a.plan.md");
        fs::write(&path, phase(deliver)).expect("it is written");
        let loaded = load(&[path], &Selection::default()).expect("it is a plan");
        let messages: Vec<String> = loaded
            .warnings
            .iter()
            .map(|fault| fault.message.clone())
            .collect();
        messages
            .iter()
            .any(|message| message.contains("has files") || message.contains("no files"))
    };
    assert!(!lacks("`src/db.rs` with a pool"));
    assert!(lacks("a pool, `Pool`"));
}

#[test]
fn a_key_that_says_what_a_task_of_task_master_needs_under_another_name_is_told_once() {
    let task = |id: u32, more: &str| {
        format!(
            r#"{{"id": {id}, "title": "a", "details": "a", "testStrategy": "a", "status": "pending"{more}}}"#
        )
    };
    let tasks = [
        task(1, r#", "dependencies": []"#),
        task(2, r#", "dependsOn": [1]"#),
        task(3, r#", "dependsOn": [1]"#),
    ];
    let text = format!(r#"{{"tasks": [{}]}}"#, tasks.join(", "));
    let told = told(&[(TASKS, &text)]);
    let meant: Vec<&String> = told
        .iter()
        .filter(|line| line.contains("`dependsOn`"))
        .collect();
    assert_eq!(meant.len(), 1, "{told:#?}");
    assert!(
        meant[0].contains("did you mean `dependencies`?"),
        "{meant:?}"
    );
}

#[test]
fn a_heading_without_a_space_is_told() {
    let plan = "# Plan: A\n\n### Task 1: a\n**Files**: `a`\n**Action**: x\n**Verify**: `true`\n\n\
                ###Task 2: b\n**Files**: `b`\n**Action**: y\n**Verify**: `false`\n\n##\n\n#hashtag\n";
    let told = told(&[("PLAN.md", plan)]);
    assert!(
        told[0].starts_with("warning: PLAN.md:8:1: `###Task 2: b` is no heading; "),
        "{told:#?}"
    );
    assert_eq!(
        told.iter()
            .filter(|told| told.contains("no heading"))
            .count(),
        1
    );
}

#[test]
fn what_stands_behind_a_character_that_nobody_sees_is_told() {
    for (path, text, line) in [
        (
            "specs/001-a/tasks.md",
            "- [ ] T001 a\n{}- [ ] T002 b\n- [ ] T003 c\n",
            2,
        ),
        (".kiro/specs/a/tasks.md", "- [ ] 1. a\n{}- [ ] 2. b\n", 2),
        (
            SUPERPOWERS,
            "# A\n\n### Task 1: a\n\n- [ ] **Step 1: a**\n\n{}### Task 2: b\n",
            7,
        ),
        (
            "PLAN.md",
            "### Task 1: a\n**Verify**: `true`\n\n{}### Task 2: b\n**Verify**: `false`\n",
            4,
        ),
    ] {
        for unseen in ["\u{feff}", "\u{200b}", "\u{200b} \u{2060}"] {
            let text = text.replace("{}", unseen);
            let expected =
                format!("{path}:{line}:1: a character that nobody sees stands before this");
            let told = told(&[(path, &text)]);
            assert!(
                told.iter().any(|told| told.contains(&expected)),
                "{told:#?}"
            );
        }
    }
    let fine = "- [ ] T001 a\n\n\u{200b}words\n\n```\n\u{200b}- [ ] b\n```\n";
    let told = told(&[("specs/001-a/tasks.md", fine)]);
    assert!(
        told.iter().all(|told| !told.contains("nobody sees")),
        "{told:#?}"
    );
}

#[test]
fn a_key_of_task_master_that_is_given_twice_is_refused_at_the_second() {
    let task = |more: &str| format!(r#"{{"id": 1, "title": "a"{more}}}"#);
    let tagged = |tasks: &str| format!(r#"{{"master": {{"tasks": [{tasks}]}}}}"#);
    for (text, key) in [
        (
            format!(r#"{{"tasks": [{}], "tasks": []}}"#, task("")),
            "tasks",
        ),
        (
            format!(
                r#"{{"master": {{"tasks": [{}]}}, "master": {{"tasks": []}}}}"#,
                task("")
            ),
            "master",
        ),
        (
            format!(r#"{{"master": {{"tasks": [{}], "tasks": []}}}}"#, task("")),
            "tasks",
        ),
        (
            tagged(&task(r#", "dependencies": [], "dependencies": [2]"#)),
            "dependencies",
        ),
        (
            tagged(&task(r#", "status": "pending", "status": "done""#)),
            "status",
        ),
        (
            tagged(&task(
                r#", "subtasks": [{"id": 1, "title": "b", "title": "c"}]"#,
            )),
            "title",
        ),
    ] {
        let column = text.rfind(&format!("\"{key}\"")).map_or(0, |at| at + 2);
        let expected = format!("error: {TASKS}:1:{column}: the key `{key}` is given twice");
        let told = told(&[(TASKS, &text)]);
        assert!(
            told.iter().any(|told| told.starts_with(&expected)),
            "{text}\n{told:#?}"
        );
    }
}
