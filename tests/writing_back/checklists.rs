//! What a format writes into a plan's files is only what says how far a run is: every other byte stays, the next reading
//! finds the same, and the plan is still the plan of its run.

use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{
    Change, ImportedStatus, Plan, Progress, Selection, Source, Status, TaskProgress,
    differ_in_progress_only, edited, load, written,
};
use proptest::prelude::*;

use crate::support::progress::{STATUSES, told};

/// How far a run of `plan` is when its tasks have these statuses, over and over.
fn progress(plan: &Plan, statuses: &[Status]) -> Progress {
    let tasks = plan.tasks.iter().zip(statuses.iter().cycle());
    let task = |(task, status): (&git_enact::plan::Task, &Status)| TaskProgress {
        millis: 1_000,
        attempts: 1,
        ..told(&task.id, &task.title, *status)
    };
    Progress {
        run: "r-test".to_owned(),
        at: "2026-01-02T03:04:05Z".to_owned(),
        started_at: "2026-01-02T03:00:00Z".to_owned(),
        over: true,
        tasks: tasks.map(task).collect(),
    }
}

/// Puts the changes in place; every edit must be of what stands between the brackets of a box.
fn apply(changes: &[Change]) {
    for change in changes {
        match change {
            Change::Edit { path, edits } => {
                let text = fs::read_to_string(path).expect("the plan is text");
                for edit in edits {
                    assert_eq!(
                        (
                            &text[edit.range.start - 1..edit.range.start],
                            &text[edit.range.end..][..1]
                        ),
                        ("[", "]")
                    );
                }
                fs::write(path, edited(&text, edits)).expect("it is written");
            }
            Change::Write { path, text } => {
                fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
                fs::write(path, text).expect("it is written");
            }
            Change::Move { from: path, .. }
            | Change::Amend { path, .. }
            | Change::Untold { path, .. } => {
                panic!("{} stays as it is", path.display())
            }
        }
    }
}

fn sources(path: &Path) -> (Plan, Vec<Source>) {
    let loaded = load(&[path.to_path_buf()], &Selection::default()).expect("a good plan");
    (loaded.plan, loaded.sources)
}

/// Lines of a task list; boxes that are no tasks among them.
fn list() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "- [ ] Build it\n",
        "- [x] Test it ✅\n",
        "- [X] 配置服务\n",
        "* [~] Wait for it\n",
        "- [] Say it\n",
        "1. [✅] Number it 🎉\n",
        "- [✔️] Prüfe es\n",
        "  - [ ] a step\n",
        "  - File: `src/a.rs`\n",
        "\n## Backend — 后端\n\n",
        "\n## Layer 1: Services (Sequential)\n\n",
        "\n## Success Criteria\n\n- [ ] it holds\n\n## On\n\n",
        "```md\n- [ ] no task\n```\n",
        "[~] is under way\n\n",
        "Words [x] in a line\n\n",
    ]);
    let lines = prop::collection::vec(line, 1..30);
    (lines, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(lines, crlf, bom, end)| {
        let text = format!(
            "# Tasks for F001: Login\n\n## Begin\n- [ ] First\n{}",
            lines.concat()
        );
        let text = if end {
            text
        } else {
            text.trim_end().to_owned()
        };
        let text = if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        format!("{}{text}", if bom { "\u{feff}" } else { "" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn boxes_of_task_lists_are_ticked_and_nothing_else(
        text in list(),
        statuses in prop::collection::vec(prop::sample::select(STATUSES.to_vec()), 1..8),
    ) {
        let directory = tempfile::tempdir().expect("a directory to write to");
        let spec = directory.path().join("specs/features/001-login");
        fs::create_dir_all(&spec).expect("a directory");
        let path: PathBuf = spec.join("tasks.md");
        fs::write(&path, &text).expect("it is written");
        let (plan, before) = sources(&path);
        let wanted = progress(&plan, &statuses);
        let changes = |progress| written(std::slice::from_ref(&path), &Selection::default(), progress).expect("a good plan");
        apply(&changes(&wanted));
        let (again, after) = sources(&path);
        prop_assert_eq!(again.tasks.len(), plan.tasks.len());
        for (task, progress) in again.tasks.iter().zip(&wanted.tasks) {
            let is_done = task.imported.as_ref().is_some_and(|imported| imported.status == ImportedStatus::Done);
            prop_assert_eq!(is_done, progress.status == Status::Done, "{}", task.id);
        }
        // Between the brackets stands another sign; all else is as it was.
        let bare = |text: &str| text.split(['[', ']']).filter(|part| part.trim().chars().count() > 2).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(bare(&fs::read_to_string(&path).expect("text")), bare(&text));
        prop_assert!(differ_in_progress_only(plan.dialect, &before, &after));
        // Said once, it need not be said again.
        let record = directory.path().join(".claude/execution/execution.json");
        let said = fs::read_to_string(&record).expect("a record");
        apply(&changes(&wanted));
        prop_assert_eq!(fs::read_to_string(&record).expect("a record"), said);
        let is_said = changes(&wanted).iter().all(|change| matches!(change, Change::Write { .. }));
        prop_assert!(is_said);
    }
}
