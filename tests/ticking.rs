//! How far a run is can be said in the plan's own files: the marks change, every other byte stays, and whoever reads the
//! plan again finds what was said.

use std::fs;
use std::path::Path;

use git_enact::plan::{
    Change, Edit, ImportedStatus, Loaded, Progress, Selection, Status, Task, TaskProgress,
    differ_in_progress_only, edited, load, written,
};
use proptest::prelude::*;

use crate::support::progress::told;

fn reading(path: &Path) -> Loaded {
    load(&[path.to_path_buf()], &Selection::default()).expect("a good plan")
}

fn said(task: &Task, status: Status) -> TaskProgress {
    TaskProgress {
        attempts: 1,
        ..told(&task.id, &task.title, status)
    }
}

fn progress(tasks: &[Task], statuses: &[Status]) -> Progress {
    let statuses = statuses.iter().cycle();
    Progress {
        run: "run-1".into(),
        at: "2026-01-02T03:04:05Z".into(),
        started_at: "2026-01-02T03:00:00Z".into(),
        over: false,
        tasks: tasks
            .iter()
            .zip(statuses)
            .map(|(task, status)| said(task, *status))
            .collect(),
    }
}

fn is_done(task: &Task) -> bool {
    task.imported
        .as_ref()
        .is_some_and(|imported| imported.status == ImportedStatus::Done)
}

/// The edits of the only file of a plan.
fn edits(path: &Path, progress: &Progress) -> Vec<Edit> {
    let changes = written(&[path.to_path_buf()], &Selection::default(), progress);
    match changes.expect("it is written").as_slice() {
        [] => Vec::new(),
        [Change::Edit { path: of, edits }] => {
            assert_eq!(of, path);
            edits.clone()
        }
        other => panic!("one file is edited: {other:?}"),
    }
}

/// Writes, and holds what must hold of every checklist, whatever it looks like.
fn assert_written(place: &str, text: &str, statuses: &[Status]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(place);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, text).expect("written");
    let kept = reading(&path);
    let before = kept.plan.tasks;
    let progress = progress(&before, statuses);
    let edits = edits(&path, &progress);
    for edit in &edits {
        assert!(
            text[..edit.range.start].ends_with('['),
            "{edit:?} is in a box"
        );
        assert!(
            text[edit.range.end..].starts_with(']'),
            "{edit:?} is in a box"
        );
        assert!(
            ["x", "X", "-", " "].contains(&edit.text.as_str()),
            "{edit:?} is a mark"
        );
    }
    let after = edited(text, &edits);
    fs::write(&path, &after).expect("written");
    let now = reading(&path);
    assert!(
        differ_in_progress_only(kept.plan.dialect, &kept.sources, &now.sources),
        "it is the same plan:\n{text}\n{after}"
    );
    let tasks = now.plan.tasks;
    assert_eq!(tasks.len(), before.len());
    for ((task, before), said) in tasks.iter().zip(&before).zip(&progress.tasks) {
        assert_eq!(
            (&task.id, &task.title, &task.after),
            (&before.id, &before.title, &before.after)
        );
        match said.status {
            Status::Skipped => {
                assert_eq!(is_done(task), is_done(before), "{} is left alone", task.id);
            }
            status => assert_eq!(
                is_done(task),
                status == Status::Done,
                "{} in\n{after}",
                task.id
            ),
        }
    }
    assert_eq!(
        self::edits(&path, &progress),
        [],
        "what is said is not said again"
    );
    after
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![
        Status::Pending,
        Status::InProgress,
        Status::Done,
        Status::Done,
        Status::Failed,
        Status::Blocked,
        Status::Skipped,
        Status::TimedOut,
    ])
}

/// The bytes in which two texts of the same plan may differ: `\r`, a byte order mark, what titles are made of.
fn dressed() -> impl Strategy<Value = (bool, bool)> {
    (any::<bool>(), any::<bool>())
}

fn dress(text: &str, (crlf, bom): (bool, bool)) -> String {
    let text = if crlf {
        text.replace('\n', "\r\n")
    } else {
        text.to_owned()
    };
    if bom { format!("\u{feff}{text}") } else { text }
}

fn mark() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[ ]", "[x]", "[X]", "[]", "[✅]", "[-]", "[~]", "[!]", "[  ]",
    ])
}

fn title() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "Add `src/a.rs`",
        "创建数据模型：第一步",
        "Tick it ✅",
        "**Bold** and _more_",
        "数 ⚠️ [x] inside",
        "Return `List<User>` (fast)",
    ])
}

/// Lines with `{}` replaced by numbers from 1.
fn numbered(lines: &[String]) -> String {
    let mut number = 0;
    let mut text = String::new();
    for line in lines {
        number += usize::from(line.contains("{}"));
        text.push_str(&line.replace("{}", &format!("{number:03}")));
    }
    text
}

fn spec_kit() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => (mark(), title()).prop_map(|(mark, title)| format!("- {mark} T{{}} [P] [US1] {title}\n")),
        1 => (mark(), title()).prop_map(|(mark, title)| format!("\n-{mark}T{{}}[P]{title}\n\n")),
        1 => (mark(), title()).prop_map(|(mark, title)| format!("* {mark} **T-{{}}** {title}\n")),
        1 => Just("\n## Phase 2: 收尾\n\n".to_owned()),
        1 => Just("  - a note\n  - [ ] a box in it\n".to_owned()),
        1 => Just("\n```\n- [ ] T999 in a fence\n```\n\n".to_owned()),
    ];
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let start = "# Tasks: A\n\n## Phase 1\n\n- [ ] T{} First\n".to_owned();
        numbered(&[vec![start], lines].concat())
    })
}

/// Groups with tasks below them, indented or at the margin.
fn outline() -> impl Strategy<Value = String> {
    let task = (mark(), title(), any::<bool>());
    let group = (
        mark(),
        title(),
        any::<bool>(),
        prop::collection::vec(task, 0..4),
    );
    prop::collection::vec(group, 1..5).prop_map(|groups| {
        let mut text = "# Implementation Plan\n\n".to_owned();
        for (at, (mark, title, indented, tasks)) in groups.iter().enumerate() {
            let group = at + 1;
            let indent = if *indented { "  " } else { "" };
            text.push_str(&format!(
                "- {mark} {group}. {title}\n{indent}  - _Requirements: 1.1_\n\n"
            ));
            for (at, (mark, title, optional)) in tasks.iter().enumerate() {
                let star = if *optional { "*" } else { "" };
                text.push_str(&format!(
                    "{indent}- {mark}{star} {group}.{} {title}\n{indent}  - [ ] a step\n",
                    at + 1
                ));
            }
        }
        text
    })
}

fn changes() -> impl Strategy<Value = String> {
    let task = (mark(), title());
    let group = prop::collection::vec(task, 1..4);
    prop::collection::vec(group, 1..5).prop_map(|groups| {
        let mut text = String::new();
        for (at, tasks) in groups.iter().enumerate() {
            let group = at + 1;
            text.push_str(&format!("## {group}. Group\n\n"));
            for (at, (mark, title)) in tasks.iter().enumerate() {
                text.push_str(&format!("- {mark} {group}.{} {title}\n", at + 1));
            }
            text.push_str("- [ ] One without a number\n\n");
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spec_kit_boxes_are_ticked_and_nothing_else(
        text in spec_kit(),
        statuses in prop::collection::vec(status(), 1..8),
        dressing in dressed(),
    ) {
        assert_written("specs/001-a/tasks.md", &dress(&text, dressing), &statuses);
    }

    #[test]
    fn kiro_boxes_are_ticked_and_nothing_else(
        text in outline(),
        statuses in prop::collection::vec(status(), 1..8),
        dressing in dressed(),
    ) {
        assert_written(".kiro/specs/a/tasks.md", &dress(&text, dressing), &statuses);
    }

    #[test]
    fn openspec_boxes_are_ticked_and_nothing_else(
        text in changes(),
        statuses in prop::collection::vec(status(), 1..8),
        dressing in dressed(),
    ) {
        assert_written("openspec/changes/a/tasks.md", &dress(&text, dressing), &statuses);
    }
}

#[test]
fn a_box_is_ticked_with_the_letter_that_the_file_uses() {
    let done = [Status::Done];
    let place = "specs/001-a/tasks.md";
    assert_eq!(
        assert_written(place, "- [X] T001 a\n- [ ] T002 b\n", &done),
        "- [X] T001 a\n- [X] T002 b\n"
    );
    assert_eq!(
        assert_written(place, "- [x] T001 a\n- [] T002 b\n", &done),
        "- [x] T001 a\n- [x] T002 b\n"
    );
    assert_eq!(
        assert_written(place, "- [✅] T001 a\n", &done),
        "- [✅] T001 a\n"
    );
    assert_eq!(
        assert_written(place, "- [X] T001 a\n", &[Status::Pending]),
        "- [ ] T001 a\n"
    );
}

#[test]
fn a_group_is_ticked_when_all_that_must_be_done_is() {
    let text = "- [ ] 1. Group\n  - [ ] 1.1 a\n  - [ ] 1.2 b\n  - [ ]* 1.3 c\n- [ ] 2. Alone\n";
    let write = |statuses: &[Status]| assert_written(".kiro/specs/a/tasks.md", text, statuses);
    let (done, begun, open) = (Status::Done, Status::InProgress, Status::Pending);
    assert_eq!(
        write(&[done, done, Status::Skipped, begun]),
        "- [x] 1. Group\n  - [x] 1.1 a\n  - [x] 1.2 b\n  - [ ]* 1.3 c\n- [-] 2. Alone\n"
    );
    assert_eq!(
        write(&[done, open, open, open]),
        "- [-] 1. Group\n  - [x] 1.1 a\n  - [ ] 1.2 b\n  - [ ]* 1.3 c\n- [ ] 2. Alone\n"
    );
}

#[test]
fn what_was_done_before_the_run_counts_for_its_group() {
    let text = "- [ ] 1. Group\n  - [x] 1.1 a\n  - [ ] 1.2 b\n- [ ] 2. Group\n  - [x] 2.1 a\n";
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(".kiro/specs/a/tasks.md");
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, text).expect("written");
    let mut progress = progress(&reading(&path).plan.tasks, &[Status::Done]);
    progress.tasks.retain(|task| task.id.as_str() == "1.2");
    let after = edited(text, &edits(&path, &progress));
    assert_eq!(
        after,
        text.replace("[ ] 1. ", "[x] 1. ")
            .replace("[ ] 1.2", "[x] 1.2")
    );
}

#[test]
fn a_state_in_words_is_written_in_the_words_of_its_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("specs/001-a/tasks.md");
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    let text = "# Tasks\r\n\r\n### Task 0.1: a\r\n- **Status**: ⏳ TODO\r\n\r\n### Task 0.2: b\r\n**Status**: Not started yet, see below\r\n\r\n\
        ### TASK-003：c\r\n\r\n| TASK-003 | c | 待开始 |\r\n|---|---|---|\r\n| TASK-003 | done | 待开始 |\r\n";
    fs::write(&path, text).expect("written");
    let tasks = reading(&path).plan.tasks;
    let after = edited(text, &edits(&path, &progress(&tasks, &[Status::Done])));
    let expected = text
        .replace("⏳ TODO", "✅ DONE")
        .replace("done | 待开始", "done | 已完成");
    assert_eq!(after, expected);
    fs::write(&path, &after).expect("written");
    let done: Vec<bool> = reading(&path).plan.tasks.iter().map(is_done).collect();
    assert_eq!(
        done,
        [true, false, true],
        "the second says nothing that could be replaced"
    );
    assert_eq!(
        edited(&after, &edits(&path, &progress(&tasks, &[Status::Pending]))),
        text
    );
}
