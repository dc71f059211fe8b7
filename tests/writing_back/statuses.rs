//! What a plan's own files become when they say how far a run is: the marks and not one other byte, and read again they
//! say the same.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{
    Change, ImportedStatus, Loaded, Plan, Progress, Selection, Status, TaskProgress,
    differ_in_progress_only, edited, load, written,
};
use proptest::prelude::*;

use crate::support::progress::{STATUSES, told};

/// A plan on disk.
struct Lying {
    directory: tempfile::TempDir,
    plan: PathBuf,
}

impl Lying {
    /// The files with their texts, of which the first names the plan unless a directory does.
    fn new(plan: &str, files: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory to write to");
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("made");
            fs::write(path, text).expect("it is written");
        }
        let plan = directory.path().join(plan);
        Self { directory, plan }
    }

    fn load(&self) -> Loaded {
        load(std::slice::from_ref(&self.plan), &Selection::default()).expect("a good plan")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// Has the files say how far a run is; whether anything changed.
    fn write(&self, progress: &Progress) -> bool {
        let paths = std::slice::from_ref(&self.plan);
        let changes = written(paths, &Selection::default(), progress).expect("a good plan");
        for change in &changes {
            match change {
                Change::Edit { path, edits } => {
                    let text = fs::read_to_string(path).expect("it was read");
                    let ordered = edits
                        .windows(2)
                        .all(|two| two[0].range.end <= two[1].range.start);
                    assert!(ordered, "edits are in order and apart: {edits:?}");
                    fs::write(path, edited(&text, edits)).expect("it is written");
                }
                Change::Write { path, text } => fs::write(path, text).expect("it is written"),
                Change::Move { from: path, .. }
                | Change::Amend { path, .. }
                | Change::Untold { path, .. } => {
                    panic!("{} stays as it is", path.display())
                }
            }
        }
        !changes.is_empty()
    }
}

/// A run in which the n-th task of a plan stands so; tasks that were done or left out before are none of it.
fn progress(plan: &Plan, statuses: &[Status]) -> Progress {
    let settled = |status: Option<ImportedStatus>| {
        matches!(status, Some(ImportedStatus::Done | ImportedStatus::Skipped))
    };
    let tasks = plan.tasks.iter().zip(statuses.iter().cycle());
    let tasks = tasks
        .filter(|(task, _)| !settled(task.imported.as_ref().map(|before| before.status)))
        .map(|(task, status)| TaskProgress {
            commit: Some("1f2a91c01f2a91c01f2a91c01f2a91c01f2a91c0".to_owned()),
            started_at: Some("2026-01-31T10:00:00Z".to_owned()),
            ended_at: Some("2026-01-31T10:05:00Z".to_owned()),
            millis: 300_000,
            attempts: 1,
            created: vec!["src/a.rs".to_owned()],
            modified: vec!["src/\"b\".rs".to_owned()],
            ..told(&task.id, &task.title, *status)
        })
        .collect();
    Progress {
        run: "plan-k3f9".to_owned(),
        at: "2026-01-31T11:00:00Z".to_owned(),
        started_at: "2026-01-31T09:00:00Z".to_owned(),
        over: true,
        tasks,
    }
}

/// The tasks that the files say are done.
fn done(loaded: &Loaded) -> Vec<String> {
    let is_done = |task: &&git_enact::plan::Task| {
        let before = task.imported.as_ref();
        before.is_some_and(|before| before.status == ImportedStatus::Done)
    };
    let tasks = loaded.plan.tasks.iter().filter(is_done);
    tasks.map(|task| task.id.to_string()).collect()
}

/// Whoever was done before, and who is now.
fn expected(before: &Loaded, progress: &Progress) -> Vec<String> {
    let was: Vec<String> = done(before);
    let now: HashMap<String, Status> = progress
        .tasks
        .iter()
        .map(|task| (task.id.to_string(), task.status))
        .collect();
    let ids = before.plan.tasks.iter().map(|task| task.id.to_string());
    ids.filter(|id| was.contains(id) || now.get(id) == Some(&Status::Done))
        .collect()
}

/// Words as people write them, on one line.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Add",
        "the login",
        "预约",
        "✅",
        "🗓️",
        "naïve",
        "(done)",
        "[x]",
        "`[ ]`",
        "**bold**",
        "done",
        "x: y",
    ]);
    prop::collection::vec(word, 1..4).prop_map(|words| format!("Do {}", words.join(" ")))
}

fn statuses() -> impl Strategy<Value = Vec<Status>> {
    prop::collection::vec(prop::sample::select(STATUSES.to_vec()), 1..6)
}

/// A text with the line ends and the beginning that some editors give it.
fn dressed(text: &str, crlf: bool, bom: bool) -> String {
    let text = if crlf {
        text.replace('\n', "\r\n")
    } else {
        text.to_owned()
    };
    if bom { format!("\u{feff}{text}") } else { text }
}

/// What holds for every format once its files were written.
fn assert_written(lying: &Lying, before: &Loaded, progress: &Progress) -> Loaded {
    lying.write(progress);
    let after = lying.load();
    assert_eq!(
        done(&after),
        expected(before, progress),
        "read again it says the same"
    );
    assert!(!lying.write(progress), "said once, it is said");
    let dialect = before.plan.dialect;
    assert!(
        differ_in_progress_only(dialect, &before.sources, &after.sources),
        "it is the same plan"
    );
    after
}

/// A text in which every box is empty, by the brackets alone.
fn unboxed(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let bare = line.trim_start().strip_prefix("- [");
        let whole = bare.and_then(|rest| {
            let (_, after) = rest.split_once(']')?;
            let indent = &line[..line.len() - line.trim_start().len()];
            Some(format!("{indent}- [ ]{after}"))
        });
        lines.push(whole.unwrap_or_else(|| line.to_owned()));
    }
    lines.join("\n")
}

fn superpowers(titles: &[String], marks: &[&str]) -> String {
    let mut text = String::from("# Plan\n\n> Use superpowers:executing-plans.\n\n");
    let mut marks = marks.iter().cycle();
    for (number, title) in (1..).zip(titles) {
        text.push_str(&format!(
            "### Task {number}: {title}\n\n**Files:**\n- Create: `{number}.rs`\n\n"
        ));
        for step in 1..3 {
            let mark = marks.next().copied().unwrap_or(" ");
            text.push_str(&format!(
                "- [{mark}] **Step {step}: {title}**\n\n```md\n- [x] no step\n```\n"
            ));
        }
    }
    text + "## Review\n- [x] `- [ ]` is a box  \n"
}

/// The members of an object of `tasks.json`, with or without a status.
fn object(id: usize, title: &str, status: Option<&str>, subtasks: Option<String>) -> String {
    let mut members = vec![
        format!("\"id\": {id}"),
        format!("\"title\": {}", serde_json::Value::from(title)),
        "\"details\": \"\\u0022status\\u0022: \\\"done\\\" 完了\"".to_owned(),
    ];
    members.extend(status.map(|status| format!("\"status\":  \"{status}\"")));
    members.extend(subtasks.map(|subtasks| format!("\"subtasks\": [\n{subtasks}\n]")));
    format!("{{\n  {}\n}}", members.join(",\n  "))
}

/// The JSON without its statuses, as a parser sees it.
fn without_statuses(text: &str) -> serde_json::Value {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(members) => {
                members.remove("status");
                members.values_mut().for_each(strip);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text.trim_start_matches('\u{feff}')).expect("it is JSON");
    strip(&mut value);
    value
}

/// The text with every status emptied, by the bytes alone.
fn without_status_words(text: &str) -> String {
    let mut rest = text;
    let mut bare = String::new();
    while let Some(at) = rest.find("\"status\":") {
        let value = at + "\"status\":".len();
        let open = value + rest[value..].find('"').expect("a status is text");
        let close = open + 1 + rest[open + 1..].find('"').expect("a text ends");
        bare.push_str(&rest[..=open]);
        rest = &rest[close..];
    }
    bare + rest
}

fn gsd(titles: &[String]) -> String {
    let mut text = String::from(
        "---\nphase: 01-foundation\nplan: 02\nwave: 1\ndepends_on: []\n---\n<tasks>\n",
    );
    for title in titles {
        text.push_str(&format!(
            "<task type=\"auto\">\n  <name>{title}</name>\n  <action>Do it</action>\n</task>\n"
        ));
    }
    text + "</tasks>\n"
}

const ROADMAP: &str = "# Roadmap 🗺️\n\n- [ ] 01-01-PLAN.md — Before\n- [ ] **01-02**: This one\n- [x] Phase 01-02 is near\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn superpowers_steps_are_ticked_and_nothing_else_changes(
        titles in prop::collection::vec(words(), 1..5),
        marks in prop::collection::vec(prop::sample::select(vec![" ", "x", "X", "", "✅", "-"]), 1..5),
        statuses in statuses(),
        crlf in any::<bool>(),
        bom in any::<bool>(),
    ) {
        let name = "docs/superpowers/plans/2026-01-31-plan.md";
        let text = dressed(&superpowers(&titles, &marks), crlf, bom);
        let lying = Lying::new(name, &[(name, text.clone())]);
        let before = lying.load();
        let progress = progress(&before.plan, &statuses);
        assert_written(&lying, &before, &progress);
        prop_assert_eq!(unboxed(&lying.text(name)), unboxed(&text));
        prop_assert!(lying.text(name).contains("- [x] `- [ ]` is a box  "), "the review has no steps");
    }

    #[test]
    fn task_master_statuses_are_replaced_or_put_in_and_nothing_else_changes(
        titles in prop::collection::vec(words(), 1..5),
        said in prop::collection::vec(
            prop::sample::select(vec![None, Some("pending"), Some("done"), Some("in-progress"), Some("cancelled"), Some("waiting")]),
            1..7,
        ),
        statuses in statuses(),
        crlf in any::<bool>(),
        bom in any::<bool>(),
    ) {
        let mut said_in_turn = said.iter().cycle().copied();
        let mut objects = Vec::new();
        for (number, title) in (1..).zip(&titles) {
            let own = said_in_turn.next().flatten();
            let parts = (1..3).map(|part| object(part, title, said_in_turn.next().flatten(), None));
            let parts: Vec<String> = parts.collect();
            objects.push(object(number, title, own, (number % 2 == 0).then(|| parts.join(",\n"))));
        }
        let text = format!("{{ \"master\": {{ \"tasks\": [{}] }} }}\n", objects.join(", "));
        let text = dressed(&text, crlf, bom);
        let name = ".taskmaster/tasks/tasks.json";
        let lying = Lying::new(name, &[(name, text.clone())]);
        let before = lying.load();
        let progress = progress(&before.plan, &statuses);
        assert_written(&lying, &before, &progress);
        let after = lying.text(name);
        prop_assert_eq!(without_statuses(&after), without_statuses(&text));
        if said.iter().all(Option::is_some) {
            prop_assert_eq!(without_status_words(&after), without_status_words(&text));
        }
        prop_assert_eq!(after.starts_with('\u{feff}'), bom);
        prop_assert_eq!(after.matches("\r\n").count(), after.matches('\n').count() * usize::from(crlf));
    }

    #[test]
    fn a_gsd_plan_that_is_done_gets_its_summary_and_its_box(
        titles in prop::collection::vec(words(), 1..4),
        statuses in statuses(),
        crlf in any::<bool>(),
        bom in any::<bool>(),
    ) {
        let plan = ".planning/phases/01-foundation/01-02-PLAN.md";
        let text = dressed(&gsd(&titles), crlf, bom);
        let roadmap = dressed(ROADMAP, crlf, bom);
        let files = [(plan, text.clone()), (".planning/ROADMAP.md", roadmap.clone())];
        let lying = Lying::new(plan, &files);
        let before = lying.load();
        let progress = progress(&before.plan, &statuses);
        let all = progress.tasks.iter().all(|task| task.status == Status::Done);
        lying.write(&progress);
        let after = lying.load();
        prop_assert_eq!(done(&after).len(), if all { titles.len() } else { 0 });
        prop_assert!(!lying.write(&progress), "said once, it is said");
        prop_assert!(differ_in_progress_only(before.plan.dialect, &before.sources, &after.sources));
        prop_assert_eq!(lying.text(plan), text, "the plan itself has no marks");
        let ticked = roadmap.replace("- [ ] **01-02**", "- [x] **01-02**");
        prop_assert_eq!(lying.text(".planning/ROADMAP.md"), if all { ticked } else { roadmap.clone() });

        let undone = self::progress(&before.plan, &[Status::Pending]);
        lying.write(&undone);
        prop_assert!(done(&lying.load()).is_empty(), "what is not done any more does not say so");
        prop_assert_eq!(lying.text(".planning/ROADMAP.md"), roadmap);
    }
}

#[test]
fn a_summary_that_a_person_wrote_stays_as_it_is() {
    let plan = ".planning/phases/01-foundation/01-02-PLAN.md";
    let summary = ".planning/phases/01-foundation/01-02-SUMMARY.md";
    let files = [
        (plan, gsd(&["Do it".to_owned()])),
        (summary, "# Summary\nIt works.\n".to_owned()),
        (".planning/ROADMAP.md", ROADMAP.to_owned()),
    ];
    let lying = Lying::new(plan, &files);
    let loaded = lying.load();
    assert_eq!(done(&loaded), ["01-02.1"]);
    let mut undone = progress(&loaded.plan, &[Status::Pending]);
    assert!(
        undone.tasks.is_empty(),
        "what was done before is none of the run"
    );
    let mut fresh = loaded.plan.clone();
    fresh.tasks[0].imported = None;
    for status in [Status::Pending, Status::Done] {
        undone.tasks = progress(&fresh, &[status]).tasks;
        lying.write(&undone);
        assert_eq!(lying.text(summary), "# Summary\nIt works.\n");
    }
    let ticked = ROADMAP.replace("- [ ] **01-02**", "- [x] **01-02**");
    assert_eq!(
        lying.text(".planning/ROADMAP.md"),
        ticked,
        "its box is ticked all the same"
    );
}

#[test]
fn a_summary_has_the_shape_of_its_format() {
    let plan = ".planning/phases/01-foundation/01-02-PLAN.md";
    let titles = ["Store it".to_owned(), "Show it".to_owned()];
    let lying = Lying::new(plan, &[(plan, gsd(&titles))]);
    let loaded = lying.load();
    lying.write(&progress(&loaded.plan, &[Status::Done]));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(
            "written-gsd-summary",
            lying.text(".planning/phases/01-foundation/01-02-SUMMARY.md")
        );
    });
}

#[test]
fn statuses_go_to_the_tag_that_was_run_whichever_is_current_now() {
    let name = ".taskmaster/tasks/tasks.json";
    let text = r#"{
  "api": { "tasks": [{ "id": 1, "title": "Serve it", "status": "pending" }] },
  "web": { "tasks": [{"id":1,"title":"Show it"}, { "title": "Link it", "id": "2" }] }
}
"#;
    let state = |tag: &str| {
        (
            ".taskmaster/state.json",
            format!("{{\"currentTag\": \"{tag}\"}}"),
        )
    };
    let lying = Lying::new(name, &[(name, text.to_owned()), state("web")]);
    let loaded = lying.load();
    assert_eq!(loaded.plan.tasks.len(), 2, "the tag `web` is read");
    let run = progress(&loaded.plan, &[Status::Done, Status::Failed]);
    let (path, other) = state("api");
    fs::write(lying.directory.path().join(Path::new(path)), other).expect("it is written");
    lying.write(&run);
    let expected = text
        .replace(r#"{"id":1,"title""#, r#"{"id":1,"status":"done","title""#)
        .replace(r#""id": "2" }"#, r#""id": "2", "status": "blocked" }"#);
    let after = lying.text(name);
    assert_eq!(without_statuses(&after), without_statuses(text));
    assert!(
        after.contains(r#""Serve it", "status": "pending""#),
        "{after}"
    );
    assert_eq!(after, expected);
}

#[test]
fn lines_of_a_native_plan_that_say_more_than_one_key_are_kept() {
    let failed = |text: &str, status: Status| {
        let lying = Lying::new("plan.toml", &[("plan.toml", text.to_owned())]);
        let told = progress(&lying.load().plan, &[status]);
        lying.write(&told);
        lying.load();
        lying.text("plan.toml")
    };
    let inline = "task=[{id=\"a\",status=\"in_progress\",run=\"false\"},{id=\"b\",run=\"true\"}] # words\n[plan]\ntitle=\"x\"\n";
    let expected = inline.replace("in_progress", "pending");
    assert_eq!(failed(inline, Status::Failed), expected);
    let told =
        "[[task]]\nid = \"a\"\ntitle = \"A\"\nstatus = \"in_progress\" # Bob: ask Ann first\n";
    let expected = told.replace("in_progress", "pending");
    assert_eq!(failed(told, Status::Failed), expected);
    let lines = "task = [\n  {\n    id = \"a\",\n    title = \"A\",\n  },\n]\n";
    assert_eq!(failed(lines, Status::Done), lines);
    let own = "[[task]]\nid = \"a\"\nstatus = \"in_progress\"\ntitle = \"A\"\n";
    assert_eq!(
        failed(own, Status::Failed),
        own.replace("status = \"in_progress\"\n", "")
    );
}

/// A list of findings is numbered as tasks are, and says of none how far it is.
#[test]
fn only_tables_that_are_about_tasks_are_read_and_written() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/sendit");
    let fixture = |name: &str| {
        fs::read_to_string(cases.join("several-tables").join(name)).expect("a fixture")
    };
    let before = fixture("PROGRESS.md");
    let files = [
        ("PLAN.md", fixture("PLAN.md")),
        ("PROGRESS.md", before.clone()),
    ];
    let lying = Lying::new("PLAN.md", &files);
    let loaded = lying.load();
    assert_eq!(
        done(&loaded),
        ["3"],
        "the first table with a row of a task counts"
    );
    assert!(lying.write(&progress(&loaded.plan, &[Status::Done])));
    let expected = before
        .replace("| One | pending | — |", "| One | done | 1f2a91c0 |")
        .replace("| Two | pending | — |", "| Two | done | 1f2a91c0 |");
    assert_eq!(lying.text("PROGRESS.md"), expected);
    assert_eq!(done(&lying.load()), ["1", "2", "3"]);
}
