//! Sessions: one of several is chosen, no task's body is read before the task starts, and what became of the tasks is
//! said in the session's own files, byte for byte as they were but for the marks.

use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{
    Change, ImportedStatus, Loaded, Progress, Selection, Status, TaskProgress, edited, load,
    written,
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::progress::STATUSES;
use crate::support::user::User;

const HOME: &str = ".workflow/active/WFS-greet";

fn user() -> User {
    let user = User::new();
    let list = "# Tasks: Greetings\n\n\
        - [ ] **IMPL-1**: Say hello → [📋](./.task/IMPL-1.json)\n\
        - [ ] **IMPL-2**: Say good bye → [📋](./.task/IMPL-2.json)\n";
    user.write(&format!("{HOME}/TODO_LIST.md"), list);
    for (id, needs) in [("IMPL-1", vec![]), ("IMPL-2", vec!["IMPL-1"])] {
        user.write(&file(id), &task(id, &needs));
    }
    user.commit("Plan");
    user
}

fn file(id: &str) -> String {
    format!("{HOME}/.task/{id}.json")
}

fn task(id: &str, needs: &[&str]) -> String {
    let task = json!({
        "id": id, "title": "Greet", "status": "pending", "meta": {"agent": "@code-developer"},
        "context": {"requirements": ["be kind"], "depends_on": needs}, "flow_control": {"target_files": [format!("{id}.txt")]},
    });
    serde_json::to_string_pretty(&task).expect("it is JSON") + "\n"
}

#[test]
fn what_a_session_demands_in_words_is_looked_at() {
    let user = user();
    let text = task("IMPL-1", &[]).replace(
        "\"requirements\"",
        "\"acceptance\": [\"`test -s IMPL-1.txt` passes\", \"it is kind\"], \"requirements\"",
    );
    user.write(&file("IMPL-1"), &text);
    user.commit("Demand");
    let executor = user.executor("commit \"$ENACT_TASK.txt\" hello");
    user.run(".workflow", &executor, &[])
        .success()
        .says("- [x] IMPL-1: met: `test -s IMPL-1.txt` passes")
        .says("- [ ] IMPL-1: not verified: it is kind");
}

fn read(user: &User, path: &str) -> String {
    fs::read_to_string(user.path().join(path)).unwrap_or_default()
}

#[test]
fn one_of_several_sessions_is_chosen_by_name() {
    let user = user();
    user.write(
        ".workflow/active/WFS-other/.task/IMPL-1.json",
        &task("IMPL-1", &[]),
    );
    user.enact(["check", "."])
        .code(2)
        .complains("--session WFS-greet");
    user.enact(["check", ".workflow", "--session", "WFS-other"])
        .success()
        .says("1 task");
    user.enact(["check", ".", "--session", "WFS-gret"])
        .code(2)
        .complains("did you mean `WFS-greet`?");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.commit("Another");
    user.run(".", &executor, &["--session", "WFS-greet"])
        .success();
    assert_eq!(user.status()["run"]["plan"], HOME);
}

#[test]
fn an_attempt_is_told_what_was_approved_and_not_what_the_file_says_now() {
    let user = user();
    let told = user.outside("told");
    let executor = user.executor(&format!(
        "[ -e {0}.go ] || exit 1; cat > {0}; commit $ENACT_TASK.txt x",
        told.display()
    ));
    user.run(
        HOME,
        &executor,
        &["--retries", "0", "--on-failure", "stop", "--only", "IMPL-1"],
    )
    .code(3);
    user.write(
        &file("IMPL-1"),
        &task("IMPL-1", &[]).replace("be kind", "be rude"),
    );
    fs::write(told.with_extension("go"), "").expect("a file");
    user.enact(["retry", "IMPL-1"]).success();
    user.enact(["resume"]).complains("has changed since");
    let prompt = fs::read_to_string(&told).expect("the executor was told");
    assert!(
        prompt.contains("be kind") && !prompt.contains("be rude"),
        "{prompt}"
    );
}

#[test]
fn what_a_journal_holds_of_a_session_has_no_bodies_twice() {
    let loaded = loaded(&user().path().join(HOME)).expect("a good session");
    let stored = serde_json::to_string(&loaded.plan).expect("a plan is JSON");
    assert!(!stored.contains("be kind"), "{stored}");
    let sources = format!("{:?}", loaded.sources);
    assert!(!sources.contains("be kind"), "no text is held: {sources}");
}

#[test]
fn what_keeps_a_finished_session_from_the_archives_or_their_list_is_told() {
    let user = user();
    user.write(".workflow/archives/manifest.json", "[\n<<<<<<<\n");
    user.commit("Before");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(HOME, &executor, &["--sync"])
        .success()
        .complains(
            "manifest.json` is not JSON, so it is left as it is, and the session is not in it",
        )
        .complains("was moved to `.workflow/archives/WFS-greet`");
    assert_eq!(
        read(&user, ".workflow/archives/manifest.json"),
        "[\n<<<<<<<\n"
    );

    let user = self::user();
    user.write(".workflow/archives/WFS-greet/notes.md", "kept\n");
    user.commit("Before");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(HOME, &executor, &["--sync"])
        .success()
        .complains("archives/WFS-greet` is there already, so the session stays where it is");
    assert!(user.path().join(HOME).exists());
}

#[test]
fn a_finished_session_is_ticked_summed_up_and_moved_to_the_archives() {
    let user = user();
    user.write(
        ".workflow/project.json",
        "{\n  \"features\": [],\n  \"name\": \"x\"\n}\n",
    );
    user.write(
        ".workflow/archives/manifest.json",
        "[\n  {\"session_id\": \"WFS-old\"}\n]\n",
    );
    user.commit("Before");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(HOME, &executor, &["--sync"])
        .success()
        .complains("was moved to `.workflow/archives/WFS-greet`");
    assert!(
        !user.path().join(HOME).exists(),
        "the session is no longer active"
    );
    let archived = ".workflow/archives/WFS-greet";
    let list = read(&user, &format!("{archived}/TODO_LIST.md"));
    let line = "- [x] **IMPL-1**: Say hello → [📋](./.task/IMPL-1.json) | [✅](./.summaries/IMPL-1-summary.md)\n";
    assert!(list.contains(line), "{list}");
    let json = read(&user, &format!("{archived}/.task/IMPL-2.json"));
    assert_eq!(
        json,
        task("IMPL-2", &["IMPL-1"]).replace("pending", "completed")
    );
    let summary = read(&user, &format!("{archived}/.summaries/IMPL-2-summary.md"));
    assert!(
        summary.contains("- `IMPL-2.txt`") && summary.contains("## Status: ✅ Complete"),
        "{summary}"
    );
    assert!(read(&user, &format!("{archived}/workflow-session.json")).contains("\"completed\""));
    let manifest: serde_json::Value =
        serde_json::from_str(&read(&user, ".workflow/archives/manifest.json")).expect("JSON");
    assert_eq!(
        (&manifest[0]["session_id"], &manifest[1]["session_id"]),
        (&json!("WFS-old"), &json!("WFS-greet"))
    );
    let project = read(&user, ".workflow/project.json");
    let value: serde_json::Value = serde_json::from_str(&project).expect("JSON");
    assert_eq!(
        value["features"][0]["traceability"]["commit_hash"],
        user.task("IMPL-2")["commit"]
    );
    assert!(
        project.ends_with("],\n  \"name\": \"x\"\n}\n"),
        "the rest stays: {project}"
    );
}

#[test]
fn a_failure_is_noted_below_the_open_box_until_it_is_over() {
    let user = user();
    let go = user.outside("go");
    let executor = user.executor(&format!(
        "[ -e {} ] || exit 1; commit $ENACT_TASK.txt x",
        go.display()
    ));
    user.run(
        HOME,
        &executor,
        &["--sync", "--retries", "0", "--on-failure", "stop"],
    )
    .code(3);
    let list = read(&user, &format!("{HOME}/TODO_LIST.md"));
    assert!(
        list.contains("IMPL-1.json)\n  - Note (git enact): failed after 1 attempt: "),
        "{list}"
    );
    assert!(list.contains("- [ ] **IMPL-1**"), "{list}");
    assert!(read(&user, &file("IMPL-1")).contains("\"status\": \"active\""));
    assert!(read(&user, &format!("{HOME}/workflow-session.json")).contains("\"active\""));
    user.enact(["check", HOME]).success().says("2 tasks");
    fs::write(go, "").expect("a file");
    user.enact(["retry", "IMPL-1"]).success();
    let resumed = user.enact(["resume"]).success();
    assert!(
        !resumed.stderr.contains("has changed since"),
        "marks are no edit: {resumed:?}"
    );
    let list = read(&user, ".workflow/archives/WFS-greet/TODO_LIST.md");
    assert!(!list.contains("Note"), "{list}");
}

#[test]
fn the_last_good_version_of_a_broken_file_is_named_and_nothing_is_written() {
    let user = user();
    let torn = "{\"id\": \"IMPL-2\"";
    user.write(&file("IMPL-2"), torn);
    user.commit("Torn");
    user.enact(["run", HOME, "--yes", "--", "true"])
        .code(2)
        .complains(".task/IMPL-2.json:1:")
        .complains("git enact doctor");
    let told = user.enact(["doctor"]).code(1).stdout;
    let command = told
        .split('`')
        .find(|word| word.starts_with("git restore"))
        .expect("a command");
    assert_eq!(read(&user, &file("IMPL-2")), torn, "nothing is written");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    user.git(words).success();
    user.enact(["doctor"]).success();
    user.enact(["check", HOME]).success().says("2 tasks");
}

fn loaded(session: &Path) -> Result<Loaded, String> {
    load(&[session.to_path_buf()], &Selection::default())
        .map_err(|refused| format!("{:?}", refused.faults))
}

/// Does what the changes say.
fn apply(changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::Edit { path, edits } | Change::Amend { path, edits, .. } => {
                let text = fs::read_to_string(&path).expect("it is there");
                fs::write(&path, edited(&text, &edits)).expect("written");
            }
            Change::Write { path, text } => {
                fs::create_dir_all(path.parent().expect("a directory")).expect("made");
                fs::write(path, text).expect("written");
            }
            Change::Untold { path, why } => panic!("{} {why}", path.display()),
            Change::Move { from, to } => panic!("{} goes to {}", from.display(), to.display()),
        }
    }
}

fn progress(statuses: &[Status]) -> Progress {
    let task = |(at, status): (usize, &Status)| TaskProgress {
        id: format!("IMPL-{}", at + 1).as_str().into(),
        title: "Greet".into(),
        status: *status,
        is_untouched: false,
        commit: (*status == Status::Done).then(|| "1f2a91c0".repeat(5)),
        started_at: None,
        ended_at: None,
        millis: 1_000,
        attempts: 2,
        reason: Some("it went\n\u{1b}wrong".into()),
        last_step: None,
        summary: None,
        created: Vec::new(),
        modified: Vec::new(),
    };
    Progress {
        run: "greet-1234".into(),
        at: "2026-01-01T00:00:00Z".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
        over: false,
        tasks: statuses.iter().enumerate().map(task).collect(),
    }
}

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(STATUSES.to_vec())
}

/// The files of a session as somebody may have written them, all open.
fn session(dir: &Path, shapes: &[(u8, String)], crlf: bool, bom: bool) -> Vec<(PathBuf, String)> {
    let end = if crlf { "\r\n" } else { "\n" };
    let mut list = format!(
        "{}# 任务 ✅: Greetings{end}{end}",
        if bom { "\u{feff}" } else { "" }
    );
    let mut files = Vec::new();
    for (at, (shape, words)) in shapes.iter().enumerate() {
        let id = format!("IMPL-{}", at + 1);
        let line = match shape % 4 {
            0 => format!("- [ ] **{id}**: {words} → [📋](./.task/{id}.json)"),
            1 => format!("* [ ] {id}: {words}{end}  - [ ] Red Phase: {words}"),
            2 => format!("  - [ ] `{id}` {words} -> [task](./.task/{id}.json)"),
            _ => format!("### {id}: {words}{end}{end}- [ ] **任务**: {words}{end}"),
        };
        list.push_str(&format!("{line}{end}"));
        let json = match shape % 3 {
            0 => format!(
                "{{{end}\t\"id\": \"{id}\",{end}\t\"status\" : \"pending\",{end}\t\"n\": 1}}"
            ),
            1 => format!(
                "{{\"id\":\"{id}\",\"meta\":{{\"status\":\"todo\"}},\"flow_control\":{{}}}}{end}"
            ),
            _ => format!("{{ \"id\": \"{id}\", \"title\": \"{words}\", \"status\": \"ready\" }}"),
        };
        files.push((dir.join(format!(".task/{id}.json")), json));
    }
    files.push((dir.join("TODO_LIST.md"), list));
    files.push((
        dir.join("workflow-session.json"),
        "{\"status\": \"planning\"}".to_owned(),
    ));
    for (path, text) in &files {
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn only_marks_change_and_reading_finds_them(
        shapes in prop::collection::vec((any::<u8>(), "[a-z你好🎉é]{1,6}( [a-z]{1,5})?"), 1..5),
        statuses in prop::collection::vec(any_status(), 5),
        crlf in any::<bool>(),
        bom in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let files = session(dir.path(), &shapes, crlf, bom);
        let paths = [dir.path().to_path_buf()];
        let statuses = &statuses[..shapes.len()];
        let tasks = loaded(dir.path()).expect("a session").plan.tasks;
        let say = |statuses: &[Status]| {
            let mut told = progress(statuses);
            for (told, task) in told.tasks.iter_mut().zip(&tasks) {
                told.title.clone_from(&task.title);
            }
            apply(written(&paths, &Selection::default(), &told).expect("it can be read"));
        };
        say(statuses);
        let read = loaded(dir.path()).expect("what was written can be read");
        for (task, status) in read.plan.tasks.iter().zip(statuses) {
            let done = task.imported.as_ref().map(|imported| imported.status);
            prop_assert_eq!(done == Some(ImportedStatus::Done), *status == Status::Done, "{}", task.id);
        }
        let once: Vec<String> = files.iter().map(|(path, _)| fs::read_to_string(path).expect("there")).collect();
        say(statuses);
        let twice: Vec<String> = files.iter().map(|(path, _)| fs::read_to_string(path).expect("there")).collect();
        prop_assert_eq!(once, twice, "saying it again changes nothing");
        say(&vec![Status::Pending; shapes.len()]);
        for (path, text) in &files {
            let now = fs::read_to_string(path).expect("there");
            let words = ["\"pending\"", "\"todo\"", "\"ready\""];
            let bare = |text: &str| words.iter().fold(text.to_owned(), |text, word| text.replace(word, "_"));
            prop_assert_eq!(bare(&now), bare(text), "all is as it was: {}", path.display());
        }
    }
}
