//! What a plan of phases records of its execution is believed as far as git bears it out, handed on where an attempt
//! stopped, and written again without a change to anything else.

use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{
    Change, Dialect, ImportedStatus, Plan, Progress, Selection, Source, Status, TaskProgress,
    differ_in_progress_only, edited, load, written,
};
use proptest::prelude::*;

use crate::support::progress::{STATUSES, told};

use crate::support::user::User;

const PLAN: &str = "# Greetings — 挨拶 👋🏽\n\n\
    **Created:** 2026-02-03\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n\
    ### Phase 1: Say hello\n**Principal Owner:** A\n**Dependencies:** None\n**Blast Radius:** `true`\n\n\
    ### Phase 2: Say it again\n**Principal Owner:** A\n**Dependencies:** None\n**Blast Radius:** `true`\n\n\
    ### Phase 3: Say goodbye\n**Principal Owner:** A\n**Dependencies:** Phase 1\n**Blast Radius:** `true`\n";

const CHECKPOINTS: &str = "\n```yaml\n## Execution Checkpoints\n\n\
    - phase_1:\n    status: complete\n    completed_at: 2026-02-03T14:30:00Z\n    artifacts: [1.txt]\n\
    - phase_2:\n    status: complete\n    artifacts: [2.txt]\n\
    - phase_3:\n    status: failed\n    error: \"the door was shut\"\n    last_successful_step: \"Opened a window\"\n```\n";

const PATH: &str = ".ai/plans/2026-02-03.greetings.md";

fn plan(user: &User) -> String {
    fs::read_to_string(user.path().join(PATH)).expect("the plan is there")
}

#[test]
fn only_phases_whose_files_are_there_were_done_before() {
    let user = User::new();
    user.write(PATH, &format!("{PLAN}{CHECKPOINTS}"));
    user.write("1.txt", "hello\n");
    user.commit("Plan");
    user.enact(["check", PATH])
        .success()
        .says("stopped after: Opened a window");
    let executor = user.executor(
        "cp \"$ENACT_PROMPT_FILE\" \"$HOME/../prompt-$ENACT_TASK\"; commit $ENACT_TASK.txt x",
    );
    user.run(PATH, &executor, &[])
        .success()
        .complains("task 2 is marked done, but `2.txt`, which it left, is not in the commit");
    assert!(
        !user.outside("prompt-1").exists(),
        "what was done and is there is not done again"
    );
    assert!(user.outside("prompt-2").exists());
    let prompt = fs::read_to_string(user.outside("prompt-3")).expect("it was run");
    for said in ["Opened a window", "the door was shut"] {
        assert!(prompt.contains(said), "{said} in {prompt}");
    }
}

#[test]
fn a_run_is_told_in_the_plan_and_in_the_logs() {
    let user = User::new();
    user.write(PATH, PLAN);
    user.commit("Plan");
    let executor = user.executor(
        "[ $ENACT_TASK != 3 ] || [ -e \"$HOME/../open\" ] || exit 1; commit $ENACT_TASK.txt x",
    );
    user.run(PATH, &executor, &["--on-failure", "skip"]).code(1);
    user.enact(["export"]).success();
    let text = plan(&user);
    assert!(
        text.starts_with(PLAN),
        "all that was there is there: {text}"
    );
    for said in [
        "## Execution Checkpoints",
        "- phase_1:\n    status: complete\n    completed_at: ",
        "    artifacts: [\"1.txt\"]\n",
        "- phase_3:\n    status: failed\n    failed_at: ",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    user.enact(["export"]).success().complains("say so already");

    let logs: Vec<String> = fs::read_dir(user.path().join(".ai/logs"))
        .expect("logs were written")
        .map(|entry| {
            let entry = entry.expect("it can be listed");
            entry.file_name().to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(logs.len(), 4, "one of the plan, one a phase: {logs:?}");
    let main = logs
        .iter()
        .find(|name| name.ends_with(".plan-execution-log.md"));
    let main = user
        .path()
        .join(".ai/logs")
        .join(main.expect("one is of the plan"));
    let log = fs::read_to_string(&main).expect("it is text");
    assert!(log.contains("| 3 | Say goodbye | A | FAILED |"), "{log}");

    fs::write(user.outside("open"), "").expect("it is written");
    user.enact(["retry", "3"]).success();
    user.enact(["resume"]).success();
    user.enact(["export"]).success();
    let text = plan(&user);
    for said in [
        "**Status:** Implemented <!-- was: Reviewed - Ready for Implementation -->\n",
        "## Implementation Summary\n",
        "- Phase 3: Say goodbye - Complete\n",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(
        fs::read_to_string(&main)
            .expect("it is text")
            .contains("**Status:** SUCCESS")
    );
}

fn progress(plan: &Plan, statuses: &[Status], over: bool) -> Progress {
    let task = |(index, task): (usize, &git_enact::plan::Task)| TaskProgress {
        ended_at: Some("2026-01-02T03:04:05Z".to_owned()),
        millis: 61_000,
        reason: Some("it said: \"no\"\n```\n- phase_9: x # 失敗".to_owned()),
        created: vec!["src/ein Pfad.rs".to_owned(), "a'b.md".to_owned()],
        ..told(&task.id, &task.title, statuses[index % statuses.len()])
    };
    Progress {
        run: "r-test".to_owned(),
        at: "2026-01-02T03:04:05Z".to_owned(),
        started_at: "2026-01-02T03:00:00Z".to_owned(),
        over,
        tasks: plan.tasks.iter().enumerate().map(task).collect(),
    }
}

/// A plan after its files said so one after the other.
fn said(text: &str, all: &[Status]) -> String {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path: PathBuf = directory.path().join("2026-01-01.plan.md");
    fs::write(&path, text).expect("it is written");
    for status in all {
        let told = progress(&read(&path).0, &[*status], true);
        let paths = std::slice::from_ref(&path);
        for change in written(paths, &Selection::default(), &told).expect("a good plan") {
            if let Change::Edit { edits, .. } = change {
                let text = fs::read_to_string(&path).expect("text");
                fs::write(&path, edited(&text, &edits)).expect("it is written");
            }
        }
    }
    fs::read_to_string(&path).expect("text")
}

#[test]
fn what_is_undone_leaves_every_byte_of_the_plan_as_it_was() {
    let heads = [
        "# P\n\n**Status:** Reviewed\n",
        "# P\r\n\r\n**Status**: Ready, says Ann | **By:** me  \r\n",
        "---\nstatus: \"re#ady\" # planned\n---\n# P\n\n**Status:** Approved\n",
        "---\nstatus: ready\n---\n# P\n",
    ];
    let tails = [
        "",
        "\n",
        "\n\n \n",
        "  ",
        "\r\n",
        "\r\nLast.\n\n",
        "\n\n## Notes\r\n\r\nNone.",
    ];
    for (head, tail) in heads.iter().flat_map(|head| tails.map(|tail| (head, tail))) {
        let phase = "### Phase 1: One\n\n**Principal Owner:** A\n**Dependencies:** None";
        let text = format!("{head}\n## Phases\n\n{phase}{tail}");
        let done = said(&text, &[Status::Failed, Status::Done]);
        assert!(done.to_lowercase().contains("implemented"), "{done}");
        assert!(done.contains("## Implementation Summary"), "{done}");
        let undone = said(&text, &[Status::Failed, Status::Done, Status::Failed]);
        assert_eq!(undone, said(&text, &[Status::Failed]), "{done}");
        assert!(undone.starts_with(&text), "{text:?} in {undone:?}");
    }
}

#[test]
fn a_summary_and_status_words_of_a_person_stay() {
    let phase = "# P\n\n**Status:** Implemented by Ann\n\n## Phases\n\n### Phase 1: One\n\n**Principal Owner:** A\n**Dependencies:** None\n";
    let ours = "## Implementation Summary\n\n**Completed:** 2026-01-02\n**Total Duration:** 1m\n\n**Phases Completed:**\n- Phase 1: One - Complete\n";
    let theirs = [
        "## Implementation Summary\n\n**Completed:** we expect March\n\nWords.\n".to_owned(),
        format!("{ours}\nIt was fun.\n"),
        ours.replace("- Complete", "- Complete, nearly"),
    ];
    for summary in theirs {
        let text = format!("{phase}\n{summary}");
        let undone = said(&text, &[Status::Failed]);
        assert!(undone.starts_with(&text), "{undone}");
    }
}

/// Two phases, and below them what a person keeps there.
fn with_notes(notes: &str) -> String {
    let phase =
        |n| format!("### Phase {n}: P{n}\n\n**Principal Owner:** A\n**Dependencies:** None\n\n");
    let head = "# P\n\n**Status:** Reviewed\n\n## Phases\n\n";
    format!(
        "{head}{}{}## Execution Checkpoints\n\n{notes}\n## Notes\n\nNone.\n",
        phase(1),
        phase(2)
    )
}

/// What a plan says of its phases.
fn marks(text: &str) -> Vec<Option<ImportedStatus>> {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("2026-01-01.plan.md");
    fs::write(&path, text).expect("it is written");
    let (plan, _) = read(&path);
    let of = |task: &git_enact::plan::Task| task.imported.as_ref().map(|imported| imported.status);
    plan.tasks.iter().map(of).collect()
}

#[test]
fn entries_and_comments_of_people_among_the_checkpoints_stay_to_the_byte() {
    let told = "completed_at: 2026-01-02T03:04:05Z";
    let files = "artifacts: [\"src/ein Pfad.rs\", \"a'b.md\"]";
    let new_2 = format!("- phase_2:\n    status: complete\n    {told}\n    {files}\n");
    for (notes, expected) in [
        (
            "```yaml\n# notes of Ann\n- owner: Ann\n- version: 2\n- note_a: {text: first}\n- phase_1: {status: failed} # twice\n\n# in the list\n- note_b:\n    text: |\n      a\n      # b\n# at the end\n```\n",
            format!(
                "```yaml\n# notes of Ann\n- owner: Ann\n- version: 2\n- note_a: {{text: first}}\n- phase_1: # twice\n    status: complete\n    {told}\n    {files}\n\n# in the list\n- note_b:\n    text: |\n      a\n      # b\n# at the end\n{new_2}```\n"
            ),
        ),
        (
            "```yaml\n- phase_1: # Ann's\n    by: me # not you\n    status: failed  # Ann saw it\n    # a line of hers\n    error: \"no # sign\" # twice\n    note: |\n      long\n- note: 1\n```\n",
            format!(
                "```yaml\n- phase_1: # Ann's\n    by: me # not you\n    status: complete # Ann saw it\n    {told}\n    {files}\n    # a line of hers\n    # twice\n    note: |\n      long\n- note: 1\n{new_2}```\n"
            ),
        ),
        (
            "phase_1:\n  status: failed\n  artifacts:\n  - a.rs # mine\nother: 3\n\nWords of Ann: x\n",
            format!(
                "phase_1:\n  status: complete\n  {told}\n  {files} # mine\nother: 3\n\nWords of Ann: x\nphase_2:\n  status: complete\n  {told}\n  {files}\n"
            ),
        ),
        (
            "- just words\n- phase_1: failed\n- more\n",
            format!(
                "- just words\n- phase_1:\n    status: complete\n    {told}\n    {files}\n- more\n{new_2}"
            ),
        ),
        (
            "```yaml\n# none yet\n```\n\nWords of Ann: x\n",
            format!(
                "```yaml\n# none yet\n{}{new_2}```\n\nWords of Ann: x\n",
                new_2.replace("phase_2", "phase_1")
            ),
        ),
    ] {
        let text = with_notes(notes);
        let done = said(&text, &[Status::Done]);
        assert!(
            done.contains(&with_notes(&expected)["# P\n\n**Status:** Reviewed".len()..]),
            "{done}"
        );
        assert_eq!(marks(&done), [Some(ImportedStatus::Done); 2], "{done}");
        assert_eq!(said(&text, &[Status::Done, Status::Done]), done);
    }
}

#[test]
fn notes_that_cannot_hold_checkpoints_stay_and_a_fence_of_our_own_stands_below() {
    for notes in [
        "Words of Ann: x\n",
        "- just words\n- more: words\n",
        "```sh\necho hi\n```\n",
        "```json\n{\"phase_1\": {\"status\": \"failed\"}, \"by\": \"Ann\"}\n```\n\nWords.\n",
        "```yaml\n- phase_1: {status: failed\n```\n",
        "```yaml\nphase_1: &a\n  status: failed\nphase_2: *a\nmine: *a\n```\n",
    ] {
        let text = with_notes(notes);
        let done = said(&text, &[Status::Done]);
        assert!(
            done.contains(&format!(
                "{notes}\n```yaml\n- phase_1:\n    status: complete\n"
            )),
            "{done}"
        );
        assert_eq!(marks(&done), [Some(ImportedStatus::Done); 2], "{done}");
        let undone = said(&text, &[Status::Done, Status::Failed]);
        assert!(undone.contains(notes), "{undone}");
        assert_eq!(
            marks(&undone),
            [Some(ImportedStatus::InProgress); 2],
            "{undone}"
        );
        assert_eq!(
            undone.matches("```yaml").count(),
            done.matches("```yaml").count()
        );
    }
}

#[test]
fn words_that_do_not_plainly_say_done_are_told_and_their_phases_are_open() {
    let plan = |status: &str, phase: &str| {
        format!(
            "# P\n\n**Status:** {status}\n\n## Phases\n\n### Phase 1: One\n\n**Principal Owner:** A\n**Dependencies:** None\n**Status:** {phase}\n"
        )
    };
    let told = |text: &str| {
        let directory = tempfile::tempdir().expect("a directory to write to");
        let path = directory.path().join("2026-01-01.plan.md");
        fs::write(&path, text).expect("it is written");
        let loaded = load(&[path], &Selection::default()).expect("a good plan");
        let faults = loaded.warnings.iter();
        let said = faults.filter(|fault| fault.message.contains("read as not done"));
        let places = said.filter_map(|fault| fault.location.as_ref());
        let lines: Vec<u32> = places.map(|location| location.line).collect();
        (lines, loaded.plan.tasks[0].is_open())
    };
    for unclear in [
        "almost done",
        "To be implemented",
        "50% complete",
        "2 of 5 phases implemented",
    ] {
        assert_eq!(
            told(&plan("Reviewed", unclear)),
            (vec![11], true),
            "{unclear}"
        );
        assert_eq!(told(&plan(unclear, "")), (vec![3], true), "{unclear}");
        assert_eq!(
            told(&plan("Implemented", unclear)),
            (vec![11], true),
            "{unclear}"
        );
    }
    assert_eq!(told(&plan("Phase 1 complete", "")), (vec![3], true));
    assert_eq!(
        told(&plan("Reviewed", "Phase 1 complete ✅")),
        (vec![], false)
    );
}

fn read(path: &Path) -> (Plan, Vec<Source>) {
    let loaded = load(&[path.to_path_buf()], &Selection::default()).expect("a good plan");
    (loaded.plan, loaded.sources)
}

/// Plans in the shapes of all generations, with what says how far they are in all its places.
fn plans() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "# Plan\n\n**Status:** Reviewed - Ready for Implementation  \n**Created:** x\n\n## Phases\n\n",
        "# Plan\n\n**Status**: ✅ Implemented | **By:** me\n\n## Phases\n\n",
        "---\nstatus: \"done\" # planned\nother: 1\n---\n# Plan\n\n## Plan\n\n",
        "---\nstatus: implemented\n---\n# Plan — 計画\n\n",
        "# Plan\n\n",
    ]);
    let phase = prop::sample::select(vec![
        "One",
        "Two ✅",
        "Three (DEFERRED)",
        "四 👋🏽",
        "Five\n\n**Status:** COMPLETE",
        "Six\n\n- [x] a box that is a criterion",
        "Seven\n\n```text\n## Execution Summary\n```",
    ]);
    let tail = prop::sample::select(vec![
        "",
        "\n",
        "\n\n\n",
        "\n## Risks\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "\n```yaml\n## Execution Checkpoints\n\n- phase_1:\n    status: complete\n    artifacts: [a.rs]\n    by: me\n```\n",
        "\n## Execution Checkpoints\n\nphase_2:\n  status: failed\n  error: \"x\"\n\n## Notes\n\nNone.\n",
        "\n## Execution Checkpoints\n\n- [ ] my own list\n\n## Notes\n",
        "\n## Execution Checkpoints\n\n```yaml\n# of Ann\n- owner: Ann\n- phase_1: {status: failed} # hm\n- note: {a: b}\n- phase_2:\n    by: me\n    status: complete # yes\n```\n\nWords: x\n\n## Notes\n",
        "\n## Execution Checkpoints\n\n- just: words\n- more\n",
        "\n## Implementation Summary\n\nMine.\n",
    ]);
    let phases = prop::collection::vec(phase, 1..6);
    (head, phases, tail, any::<bool>(), any::<bool>()).prop_map(
        |(head, phases, tail, crlf, bom)| {
            let phases = phases.iter().enumerate().map(|(index, phase)| {
                format!(
                    "### Phase {}: {phase}\n\n**Principal Owner:** A\n**Dependencies:** None\n\n",
                    index + 1
                )
            });
            let text = format!("{head}{}{tail}", phases.collect::<String>());
            let text = if crlf {
                text.replace('\n', "\r\n")
            } else {
                text
            };
            format!("{}{text}", if bom { "\u{feff}" } else { "" })
        },
    )
}

/// The lines that belong to people: without the status and what the format keeps below its own headings.
fn own_lines(text: &str) -> Vec<&str> {
    let mut is_ours = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let bare = line.trim_end();
        if bare.starts_with("```yaml")
            || bare == "## Execution Checkpoints"
            || bare == "## Implementation Summary"
        {
            is_ours = true;
        } else if is_ours && bare.starts_with("## ") {
            is_ours = false;
        }
        let is_status = bare.to_lowercase().contains("status");
        if !is_ours && !bare.is_empty() && !is_status {
            lines.push(bare);
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_changes(
        text in plans(),
        statuses in prop::collection::vec(prop::sample::select(STATUSES.to_vec()), 1..6),
        over in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().expect("a directory to write to");
        let path: PathBuf = directory.path().join("2026-01-01.plan.md");
        fs::write(&path, &text).expect("it is written");
        let (plan, before) = read(&path);
        let told = progress(&plan, &statuses, over);
        let changes = written(std::slice::from_ref(&path), &Selection::default(), &told).expect("a good plan");
        for change in &changes {
            if let Change::Edit { edits, .. } = change {
                fs::write(&path, edited(&text, edits)).expect("it is written");
            }
        }
        let (again, after) = read(&path);
        let new = &fs::read_to_string(&path).expect("text");
        for (task, told) in again.tasks.iter().zip(&told.tasks) {
            let status = task.imported.as_ref().map(|imported| imported.status);
            let settled = status.filter(|status| *status != ImportedStatus::InProgress);
            let expected = match told.status {
                Status::Done => Some(ImportedStatus::Done),
                Status::Skipped => Some(ImportedStatus::Skipped),
                _ => None,
            };
            prop_assert_eq!(settled, expected, "phase {} in\n{}", &task.id, new);
        }
        prop_assert_eq!(plan.tasks.len(), again.tasks.len());
        prop_assert_eq!(own_lines(&text), own_lines(new));
        prop_assert_eq!(text.starts_with('\u{feff}'), new.starts_with('\u{feff}'));
        prop_assert_eq!(text.contains("\r\n"), new.lines().count() > 1 && new.contains("\r\n"));
        prop_assert!(!text.contains("\r\n") || new.matches('\n').count() == new.matches("\r\n").count());
        prop_assert!(differ_in_progress_only(Dialect::Phases, &before, &after), "the plan is the same:\n{}\n----\n{}", text, new);
        let twice = written(std::slice::from_ref(&path), &Selection::default(), &told).expect("a good plan");
        prop_assert!(twice.is_empty(), "it says so already: {:?}\n{}", twice, new);
    }
}
