//! Texts in, plans or located faults out: every directory of `fixtures/plans/<dialect>` is a case.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Faults, Loaded, Selection, Severity, hash_input, point};
use git_enact::report::{check, faults};
use git_enact::run::routes::Routes;
use proptest::prelude::*;

fn load(paths: &[PathBuf], dialect: Option<Dialect>) -> Result<Loaded, Faults> {
    let selection = Selection {
        dialect,
        ..Selection::default()
    };
    git_enact::plan::load(paths, &selection)
}

/// All that a reader made of a path, as one text to compare.
fn reading(path: &Path, dialect: Option<Dialect>) -> String {
    let mut text = String::new();
    let json = match load(&[path.to_path_buf()], dialect) {
        Err(refused) => {
            text.push_str(&faults::render(&refused.faults, &refused.sources, false));
            check::json(refused.dialect, None, &refused.faults, &Routes::default())
        }
        Ok(loaded) => accepted(loaded, &mut text),
    };
    assert_each_fault_stands_alone(&text);
    assert_eq!(
        json["schema"], 1,
        "every answer is JSON of the first schema"
    );
    text
}

fn accepted(loaded: Loaded, text: &mut String) -> serde_json::Value {
    let Loaded {
        plan,
        sources,
        warnings,
    } = loaded;
    let dialect = plan.dialect;
    text.push_str(&faults::render(&warnings, &sources, false));
    match Graph::new(plan) {
        Err(mut found) => {
            point(dialect, &sources, &mut found);
            text.push_str(&faults::render(&found, &sources, false));
            check::json(Some(dialect), None, &found, &Routes::default())
        }
        Ok(graph) => {
            text.push_str(&check::human(&graph, &warnings, &Listed));
            text.push_str("\n---\n");
            let mut plan = graph.plan().clone();
            for task in &mut plan.tasks {
                // Long bodies are told by their ends.
                let body: Vec<&str> = task.body.lines().collect();
                if body.len() > 2 {
                    task.body = format!("{} … {}", body[0], body[body.len() - 1]);
                }
            }
            let stored = serde_json::to_string_pretty(&plan).expect("a plan is JSON");
            writeln!(text, "{stored}").expect("a string takes all");
            check::json(Some(dialect), Some(&graph), &warnings, &Routes::default())
        }
    }
}

/// Whoever reads only the first line of a fault knows what is wrong.
fn assert_each_fault_stands_alone(text: &str) {
    for line in text
        .lines()
        .filter(|line| line.starts_with("error:") || line.starts_with("warning:"))
    {
        let message = line.split_once(": ").map_or("", |(_, message)| message);
        assert!(message.len() > 5, "a fault says what is wrong: {line}");
        assert!(!message.ends_with('.'), "a message is a fragment: {line}");
    }
}

fn cases(dialect: &str) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(Path::new("fixtures/plans").join(dialect))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("they can be listed").path())
        .collect();
    cases.sort();
    cases
}

fn check_all(dialect: &str) {
    for case in cases(dialect) {
        let name = case
            .file_name()
            .expect("a case has a name")
            .to_string_lossy()
            .into_owned();
        let text = reading(&case, None);
        assert_eq!(
            name.starts_with("bad-"),
            text.lines().any(|line| line.starts_with("error: ")),
            "case `{dialect}/{name}` is refused if and only if it is bad:\n{text}"
        );
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("plans-{dialect}-{name}"), text);
        });
    }
}

#[test]
fn sendit_plans_are_read() {
    check_all("sendit");
}

#[test]
fn job_directories_are_read() {
    check_all("jobs");
}

#[test]
fn layered_task_lists_are_read() {
    check_all("layered");
}

#[test]
fn plans_of_phases_are_read() {
    check_all("phases");
}

#[test]
fn spec_kit_plans_are_read() {
    check_all("spec-kit");
}

#[test]
fn kiro_plans_are_read() {
    check_all("kiro");
}

#[test]
fn openspec_plans_are_read() {
    check_all("openspec");
}

#[test]
fn task_master_files_are_read() {
    check_all("task-master");
}

#[test]
fn superpowers_plans_are_read() {
    check_all("superpowers");
}

#[test]
fn gsd_plans_are_read() {
    check_all("gsd");
}

#[test]
fn session_directories_are_read() {
    check_all("ccw");
}

#[test]
fn native_plans_are_read() {
    check_all("toml");
}

fn refusal(paths: &[PathBuf], dialect: Option<Dialect>) -> Faults {
    load(paths, dialect).expect_err("the plan is refused")
}

fn refused_message(path: &Path) -> String {
    let refused = refusal(&[path.to_path_buf()], None);
    assert_eq!(refused.faults[0].severity, Severity::Error);
    let text = faults::render(&refused.faults, &refused.sources, false);
    text.replace(
        &path
            .parent()
            .expect("a file has a directory")
            .display()
            .to_string(),
        "DIR",
    )
}

#[test]
fn files_that_are_no_text_are_refused_and_named() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let cases: [(&str, &[u8], &str); 8] = [
        (
            "utf16le.md",
            b"\xff\xfe#\0 \0",
            "error: `DIR/utf16le.md` is UTF-16 text\n",
        ),
        (
            "utf16be.toml",
            b"\xfe\xff\0#",
            "error: `DIR/utf16be.toml` is UTF-16 text\n",
        ),
        (
            "latin1.toml",
            b"[[task]]\nid = \"\xe9\"\n",
            "is not UTF-8: byte 0xe9 at offset 15",
        ),
        (
            "nul.toml",
            b"[[task]]\nid = \"a\0b\"\n",
            "has a NUL byte at offset 16",
        ),
        ("empty.toml", b"", "is empty\n"),
        ("blank.md", b" \n\t\r\n", "holds nothing but white space"),
        ("bom.toml", b"\xef\xbb\xbf", "is empty\n"),
        (
            "binary.md",
            b"\x7fELF\x02\x01\x00\x00",
            "has a NUL byte at offset 6",
        ),
    ];
    for (name, bytes, expected) in cases {
        let path = directory.path().join(name);
        fs::write(&path, bytes).expect("the file is written");
        let message = refused_message(&path);
        assert!(message.contains(expected), "{name}: {message}");
    }
    let latin1 = refused_message(&directory.path().join("latin1.toml"));
    assert!(
        latin1.contains("latin1.toml:2:7"),
        "the place is told: {latin1}"
    );
}

#[test]
fn what_is_no_file_is_refused_without_waiting_for_it() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let pipe = directory.path().join("pipe.toml");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a pipe is made");
    assert!(refused_message(&pipe).contains("is not a regular file"));
    assert!(refused_message(Path::new("/dev/zero")).contains("is not a regular file"));
    let missing = refused_message(&directory.path().join("missing.md"));
    assert!(
        missing.starts_with("error: `DIR/missing.md` does not exist\n"),
        "{missing}"
    );
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).expect("a directory is made");
    assert!(refused_message(&empty).contains("holds no plan"));
    assert!(
        refusal(&[empty], None).dialect.is_none(),
        "nothing was recognized"
    );
}

#[test]
fn a_plan_named_as_one_of_gsd_whose_tasks_are_headings_is_read() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("03-02-PLAN.md");
    let head = "---\nphase: 3\nplan: 02\ndepends_on: [\"03-01\"]\n---\n\n# Views\n\n## Tasks\n\n";
    let tasks =
        "### Task 2.1: Show it\n\n**Verification:**\n- [ ] it shows\n\n### Task 2.2: Print it\n";
    fs::write(&path, [head, tasks].concat()).expect("it is written");
    let loaded = load(std::slice::from_ref(&path), None).expect("a good plan");
    let named: Vec<(&str, &str)> = loaded
        .plan
        .tasks
        .iter()
        .map(|task| (task.id.as_str(), task.title.as_str()))
        .collect();
    assert_eq!(named, [("2.1", "Show it"), ("2.2", "Print it")]);
    let told = |text: &str| {
        loaded
            .warnings
            .iter()
            .any(|fault| fault.message.contains(text))
    };
    assert!(
        told("what this plan depends on is not read"),
        "{:?}",
        loaded.warnings
    );

    fs::copy(&path, directory.path().join("03-01-PLAN.md")).expect("it is written");
    let several = refused_message(directory.path());
    assert!(several.contains("03-01-PLAN.md"), "{several}");

    fs::write(&path, format!("{head}Only words.\n")).expect("it is written");
    assert!(
        refusal(&[path], None).dialect.is_none(),
        "words are no plan"
    );
}

#[test]
fn a_text_that_is_too_large_is_refused() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("plan.toml");
    let file = fs::File::create(&path).expect("a file is made");
    file.set_len(9 * 1024 * 1024)
        .expect("a sparse file is large");
    assert!(refused_message(&path).contains("is larger than 8 MiB"));
}

#[test]
fn several_plans_are_listed_and_none_is_chosen() {
    let paths = [
        PathBuf::from("fixtures/plans/toml/good"),
        PathBuf::from("fixtures/plans/jobs/good"),
    ];
    let refused = refusal(&paths, None);
    assert!(
        refused.faults[0]
            .message
            .contains("`fixtures/plans/jobs/good`"),
        "{refused:?}"
    );

    let both = PathBuf::from("fixtures/plans/toml/bad-several");
    let chosen = load(&[both], Some(Dialect::Toml)).expect("the dialect chooses");
    assert_eq!(chosen.plan.tasks[0].id.as_str(), "a");
    assert!(refusal(&[], None).faults[0].message.contains("no plan"));
}

#[test]
fn job_files_named_one_by_one_are_one_plan() {
    let file = |name: &str| PathBuf::from("fixtures/plans/jobs/good").join(name);
    let loaded =
        load(&[file("job-10-api.md"), file("job-9-service.md")], None).expect("a good plan");
    let ids: Vec<&str> = loaded
        .plan
        .tasks
        .iter()
        .map(|task| task.id.as_str())
        .collect();
    assert_eq!(ids, ["9", "10"], "the order is the numbers'");
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (fixture, name) in [
        ("sendit/good", "PLAN.md"),
        ("toml/good", "plan.toml"),
        ("task-master/odd", "tasks.json"),
        ("gsd/overlap", "02-02-PLAN.md"),
        ("gsd/good/.planning/phases/01-foundation", "01-03-PLAN.md"),
        ("superpowers/early/docs/plans", "2025-10-01-early.md"),
        ("jobs/good", "job-1-data-models.md"),
        ("layered/minimal", "tasks.md"),
        ("phases/fields/.ai/plans", "2026-02-03.parser.md"),
        ("phases/lines/.ai/plans", "2026-02-05.report.md"),
        ("phases/groups/.ai/plans", "2026-02-06.groups.md"),
    ] {
        let original = Path::new("fixtures/plans").join(fixture).join(name);
        let plain = load(std::slice::from_ref(&original), None).expect("the fixture is good");
        let text = fs::read_to_string(&original).expect("the fixture is text");
        // Who joins files with such marks leaves several; TOML knows one.
        let several = (!name.ends_with("toml")).then_some("\u{feff}\u{feff}");
        for marks in ["\u{feff}"].into_iter().chain(several) {
            let changed = directory.path().join(name);
            let text = text.replace('\n', "\r\n");
            fs::write(&changed, format!("{marks}{text}")).expect("it is written");
            let changed = load(&[changed], None).expect("the changed text is as good");
            assert_same_plan(&plain, &changed);
        }
        if name.ends_with("toml") {
            continue;
        }
        let changed = directory.path().join(name);
        fs::write(&changed, text.replace('\n', "\r")).expect("it is written");
        let changed = load(&[changed], None).expect("the changed text is as good");
        assert_same_plan(&plain, &changed);
    }
}

fn assert_same_plan(plain: &Loaded, changed: &Loaded) {
    for (a, b) in plain.plan.tasks.iter().zip(&changed.plan.tasks) {
        assert_eq!(
            (&a.id, &a.title, &a.files, &a.after),
            (&b.id, &b.title, &b.files, &b.after)
        );
        assert_eq!(
            (a.location.line, a.location.column),
            (b.location.line, b.location.column)
        );
        let texts = |task: &git_enact::plan::Task| -> Vec<String> {
            let texts = task.verify.iter();
            texts.map(|check| check.text().replace('\r', "")).collect()
        };
        assert_eq!(texts(a), texts(b), "checks are the same");
    }
    assert_eq!(plain.plan.tasks.len(), changed.plan.tasks.len());
    assert_ne!(
        hash_input(&plain.sources),
        hash_input(&changed.sources),
        "every byte counts"
    );
}

#[test]
fn plans_of_ten_thousand_tasks_are_read_at_once() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("PLAN.md");
    let mut text = String::from("# Plan: Large\n");
    for task in 1..=10_000 {
        writeln!(text, "### Task {task}: Do it\n**Files**: `src/{task}.rs`\n**Verify**: `true`\n**Independent**: yes\n")
            .expect("a string takes all");
    }
    fs::write(&path, text).expect("it is written");
    let began = std::time::Instant::now();
    let loaded = load(&[path], None).expect("a good plan");
    let graph = Graph::new(loaded.plan).expect("a good graph");
    assert_eq!((graph.len(), graph.waves().len()), (10_000, 1));
    assert!(
        began.elapsed().as_secs() < 10,
        "linear, even unoptimized: {:?}",
        began.elapsed()
    );
}

#[test]
fn a_file_that_is_one_line_is_read_as_fast_as_one_of_many() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("tasks.json");
    let task = |id: usize| {
        format!(
            r#"{{"id":{id},"title":"预约","dependencies":[{}]}}"#,
            id - 1
        )
    };
    let tasks: Vec<String> = (2..=30_000).map(task).collect();
    let text = format!(
        r#"{{"tasks":[{{"id":1,"title":"First"}},{}]}}"#,
        tasks.join(",")
    );
    fs::write(&path, &text).expect("it is written");
    let began = std::time::Instant::now();
    let loaded = load(&[path], None).expect("a good plan");
    assert_eq!(loaded.plan.tasks.len(), 30_000);
    let last = &loaded.plan.tasks[29_999].location;
    let before = text.rfind("30000").expect("the last id");
    assert_eq!(
        (last.line as usize, last.column as usize),
        (1, text[..before].chars().count() + 1)
    );
    assert!(
        began.elapsed().as_secs() < 10,
        "linear, even unoptimized: {:?}",
        began.elapsed()
    );
}

#[test]
fn groups_that_multiply_their_dependencies_beyond_reason_are_refused() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("tasks.json");
    let parts: Vec<String> = (1..=2000)
        .map(|id| format!(r#"{{"id":{id},"title":"a"}}"#))
        .collect();
    let group = |id: usize, needs: &str| {
        let parts = parts.join(",");
        format!(r#"{{"id":{id},"title":"a","dependencies":[{needs}],"subtasks":[{parts}]}}"#)
    };
    let text = format!(r#"{{"tasks":[{},{}]}}"#, group(1, ""), group(2, "1"));
    fs::write(&path, text).expect("it is written");
    let message = refused_message(&path);
    assert!(
        message.contains("more than a million dependencies"),
        "{message}"
    );
}

#[test]
fn the_place_and_the_skill_are_surer_than_a_verify_field() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let both = "### Task 1: Do it\n\n**Files:**\n- Create: `a.rs`\n\n- [ ] **Step 1: Write it**\n\n**Verify**: `true`\n";
    let home = "docs/superpowers/plans/2026-01-31-both.md";
    let skill = format!("> Use superpowers:executing-plans\n\n{both}");
    for (name, text, dialect, told) in [
        ("both.md", both, Dialect::Sendit, 1),
        (home, both, Dialect::Superpowers, 0),
        ("skill.md", skill.as_str(), Dialect::Superpowers, 0),
        ("sub/PLAN.md", skill.as_str(), Dialect::Sendit, 0),
    ] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(&path, text).expect("it is written");
        let loaded = load(std::slice::from_ref(&path), None).expect("a good plan");
        let doubts = loaded
            .warnings
            .iter()
            .filter(|fault| fault.message.starts_with("read as"));
        assert_eq!(
            (loaded.plan.dialect, doubts.count()),
            (dialect, told),
            "{name}"
        );
    }
}

#[test]
fn a_markdown_file_of_any_name_is_a_plan_only_if_it_says_how_tasks_are_verified() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("auth.md");
    fs::write(&path, "### Task 1: Log of work\nDone yesterday.\n").expect("it is written");
    assert!(refused_message(&path).contains("no plan format is recognized"));
    let named =
        load(std::slice::from_ref(&path), Some(Dialect::Sendit)).expect("the dialect is named");
    assert_eq!(named.warnings.len(), 1, "that nothing verifies it is told");

    fs::write(&path, "### Task 1: Work\n**Verify**: `true`\n").expect("it is written");
    let found = load(&[path], None).expect("it is recognized");
    assert_eq!(
        (found.plan.dialect, found.plan.title.as_str()),
        (Dialect::Sendit, "auth")
    );
}

#[test]
fn what_only_has_boxes_and_numbers_is_no_plan() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text) in [
        (
            "CHANGELOG.md",
            "# Changes\n\n## 1. First\n\n- [x] 1.1 Added the login\n- [x] T001 Fixed it\n",
        ),
        (
            "README.md",
            "# App\n\n## Roadmap\n\n- [ ] T001 Login\n- [x] T002 Logout\n",
        ),
        ("CONTRIBUTING.md", "### Task 1: Fork\n**Verify**: `true`\n"),
        (
            ".github/PULL_REQUEST_TEMPLATE.md",
            "## 1. Checklist\n\n- [ ] 1.1 Tests\n",
        ),
        (
            "i18n.json",
            "{\"tasks\": [{\"id\": \"nav.home\", \"title\": \"Home\"}]}\n",
        ),
        (
            "package.json",
            "{\"tasks\": [{\"id\": 1, \"title\": \"Lint\", \"status\": \"on\"}]}\n",
        ),
    ] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(&path, text).expect("it is written");
        let refused = refused_message(&path);
        assert!(
            refused.contains("no plan format is recognized"),
            "{name}: {refused}"
        );
    }
}

#[test]
fn nothing_is_hidden_between_two_rules() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text) in [
        (
            "specs/001-a/tasks.md",
            "# T\n## Phase 1\n- [ ] T001 a\n\n---\n## Phase 2\n- [ ] T002 b\n\n---\n## Phase 3\n- [ ] T003 c\n",
        ),
        (
            ".kiro/specs/a/tasks.md",
            "- [ ] 1. a\n\n---\n- [ ] 2. b\n\n---\n- [ ] 3. c\n",
        ),
        (
            "PLAN.md",
            "---\n### Task 1: a\n**Verify**: `true`\n---\n### Task 2: b\n**Verify**: `true`\n\n---\n\n### Task 3: c\n",
        ),
        (
            ".ai/plans/a.plan.md",
            "---\ntitle: P\n---\n# P\n\n### Phase 1: a\n**Principal Owner:** A\n\n---\n### Phase 2: b\n**Dependencies:** None\n\n---\n### Phase 3: c\n",
        ),
    ] {
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let tasks = loaded(&directory.path().join(name), &text).plan.tasks;
            let titles: Vec<&str> = tasks.iter().map(|task| task.title.as_str()).collect();
            assert_eq!(titles, ["a", "b", "c"], "{text}");
        }
    }
}

/// The plan that a file with this text is.
fn loaded(path: &Path, text: &str) -> Loaded {
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    fs::write(path, text).expect("it is written");
    load(&[path.to_path_buf()], None).expect("a plan")
}

/// The ids of a plan's tasks, each with what its files say of it.
fn said(path: &Path, text: &str) -> String {
    let loaded = loaded(path, text);
    let said = loaded.plan.tasks.iter().map(|task| {
        let imported = task.imported.as_ref();
        let said = imported.map_or("open".to_owned(), |said| format!("{:?}", said.status));
        format!("{} {} {}", task.id, task.title, said.to_lowercase())
    });
    said.collect::<Vec<_>>().join("; ")
}

#[test]
fn what_is_struck_out_or_put_off_is_not_run() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text, expected) in [
        (
            ".kiro/specs/a/tasks.md",
            "- [ ] 1. a\n- [ ] ~~2. b~~\n- [ ] 3. ~~c~~ (no need)\n- [ ] 4. [SKIPPED] d\n- [ ] 5. e ~~f~~ g\n",
            "1 a open; 2 b skipped; 3 c (no need) skipped; 4 d skipped; 5 e ~~f~~ g open",
        ),
        (
            "PLAN.md",
            "# Plan: P\n\n### Task 1: a\n**Verify**: `true`\n\n### Task 2: ~~b~~\n**Verify**: `true`\n",
            "1 a open; 2 b skipped",
        ),
        (
            "openspec/changes/x/tasks.md",
            "## 1. A\n- [ ] 1.1 a\n- [ ] ~~1.2 b~~\n- [x] ~~1.3 c~~\n",
            "1.1 a open; 1.2 b skipped; 1.3 c done",
        ),
        (
            "specs/001-a/tasks.md",
            "# Tasks: A\n\n## Phase 1\n- [ ] T001 a\n- [ ] T002 ~~b~~\n- [ ] T003 [DEFERRED] c\n",
            "T001 a open; T002 b skipped; T003 c skipped",
        ),
        (
            ".ai/plans/a.plan.md",
            "# P\n\n## Phases\n\n### Phase 1: a\n**Principal Owner:** A\n\n### Phase 2: ~~b~~\n**Principal Owner:** A\n\n\
             ### Phase 3: Handle NOT DONE\n**Principal Owner:** A\n\n### Phase 4: d — ✅ COMPLETED (2026-01-02)\n**Principal Owner:** A\n",
            "1 a open; 2 b skipped; 3 Handle NOT DONE open; 4 d done",
        ),
    ] {
        assert_eq!(said(&directory.path().join(name), text), expected, "{text}");
    }
}

#[test]
fn signs_and_words_before_the_id_of_a_sessions_task_hide_it_from_nobody() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join(".workflow/active/WFS-a/TODO_LIST.md");
    let text = "# Tasks: A\n\n## Wave 1 (Parallel)\n- [ ] **IMPL-1**: a\n- [ ] 🔄 **IMPL-2**: b (after IMPL-1)\n\
        - [x] ✅ **IMPL-3**: c\n- [ ] [P] **IMPL-4**: d\n  - Depends on IMPL-2\n- [ ] 1. Task IMPL-5: e\n\
        - [ ] ~~**IMPL-6**: f~~\n- [ ] **IMPL-7**: ~~g~~ (not needed)\n- [ ] ~~IMPL-8: h~~ - later\n- [ ] IMPL-9: i ~~j~~ k\n[task](./.task/IMPL-1.json)\n";
    assert_eq!(
        said(&path, text),
        "IMPL-1 a open; IMPL-2 b open; IMPL-3 c done; IMPL-4 d open; IMPL-5 e open; IMPL-6 f skipped; \
         IMPL-7 g (not needed) skipped; IMPL-8 h - later skipped; IMPL-9 i ~~j~~ k open"
    );
    let plan = load(&[path], None).expect("a plan").plan;
    let needs = plan.tasks.iter().filter(|task| !task.needs.is_empty());
    let needs: Vec<String> = needs
        .map(|task| format!("{} {}", task.id, task.needs[0]))
        .collect();
    assert_eq!(needs, ["IMPL-2 IMPL-1", "IMPL-4 IMPL-2"]);
}

#[test]
fn fields_right_above_a_rule_are_fields() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text) in [
        (
            "PLAN.md",
            "# P\n\n### Task 1: a\n**Files**: `a.rs`\n**Action**: x\n**Verify**: `false`\n---\n### Task 2: b\n**Verify**: `true`\n",
        ),
        (
            "job-1-a.md",
            "# A\n\n## Implementation Steps\n\n### Step 1: a\n**Files:** `a.rs`\n**Verify:** `false`\n---\n### Step 2: b\n**Verify:** `true`\n",
        ),
        (
            ".ai/plans/a.plan.md",
            "# P\n\n## Phases\n\n### Phase 1: a\n**Principal Owner:** A\n**Files to modify:** `a.rs`\n**Blast Radius:** `false`\n---\n\
             ### Phase 2: b\n**Principal Owner:** B\n",
        ),
    ] {
        let loaded = loaded(&directory.path().join(name), text);
        let first = &loaded.plan.tasks[0];
        let verify = first.verify.iter().map(|check| format!("{check:?}"));
        let verify: Vec<String> = verify.collect();
        assert_eq!(first.files, ["a.rs"], "{text}");
        assert!(
            verify.contains(&"Code(\"false\")".to_owned()),
            "{text}: {verify:?}"
        );
    }
}

#[test]
fn words_that_people_have_for_any_language_call_for_no_skills_of_rust() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join(".ai/plans/a.plan.md");
    for (file, expected) in [("a.py", &[][..]), ("a.rs", &["clap"])] {
        let text = format!(
            "# P\n\n## Phases\n\n### Phase 1: CLI flag\n**Principal Owner:** A\n**Files to create:**\n- `{file}`\n"
        );
        let plan = loaded(&path, &text).plan;
        let detected = &plan.wishes.skills.detected;
        let detected: Vec<&str> = detected.iter().map(String::as_str).collect();
        let named: Vec<&str> = detected
            .into_iter()
            .filter(|skill| !skill.starts_with("rust-"))
            .collect();
        assert_eq!(named, expected, "{file}");
    }
}

#[test]
fn the_empty_file_that_something_is_written_to_is_no_second_plan() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join("PLAN.md");
    fs::write(&path, "# P\n\n### Task 1: a\n**Verify**: `true`\n").expect("it is written");
    fs::write(directory.path().join("plan.toml"), "").expect("it is written");
    let loaded = load(&[directory.path().to_path_buf()], None).expect("a plan");
    assert_eq!(loaded.plan.dialect, Dialect::Sendit);
    fs::remove_file(path).expect("it is removed");
    let refused = refused_message(directory.path());
    assert!(refused.contains("is empty"), "{refused}");
}

#[test]
fn boxes_in_html_are_told_unless_they_are_a_remark() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join(".kiro/specs/a/tasks.md");
    fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    let told = |text: &str| {
        fs::write(&path, text).expect("it is written");
        let loaded = load(std::slice::from_ref(&path), None).expect("a plan");
        let warnings = loaded.warnings.into_iter();
        let html = warnings.filter(|fault| fault.message.contains("read as HTML"));
        let place =
            |fault: git_enact::plan::Fault| (fault.location.expect("a place").line, fault.message);
        html.map(place).collect::<Vec<_>>()
    };
    assert_eq!(
        told("- [ ] 1. a\n\n</details>\n- [ ] 2. b\n- [x] 3. c\n\n- [ ] 4. d\n"),
        [(
            4,
            "this box is read as HTML, like 1 more below, and is no task".to_owned()
        )]
    );
    let open = told("- [ ] 1. a\n\n<!-- later\n- [ ] 2. b\n");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        told("- [ ] 1. a\n\n<!-- later\n- [ ] 2. b\n-->\n\n- [ ] 3. c\n"),
        []
    );
}

#[test]
fn a_progress_file_that_is_no_text_is_not_passed_over() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    fs::write(
        directory.path().join("PLAN.md"),
        "### Task 1: x\n**Verify**: `true`\n",
    )
    .expect("written");
    fs::write(directory.path().join("PROGRESS.md"), b"\xff\xfe| #").expect("written");
    let refused = refusal(&[directory.path().to_path_buf()], None);
    assert!(
        refused.faults[0].message.contains("PROGRESS.md` is UTF-16"),
        "{refused:?}"
    );
}

/// Texts made of what readers look for, in orders that nobody writes.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "### Task 1: a\n",
        "## Task 2\n",
        "# Plan: x\n",
        "**Files**: ",
        "**Verify:** ",
        "`src/a.rs`",
        "`",
        "```sh\n",
        "```\n",
        "- ",
        "\n",
        "  ",
        "| # | Status |\n|---|---|\n",
        "| 1 | done |\n",
        "> From: a\n",
        "<!--",
        "---\n",
        "\u{feff}",
        "é",
        "\u{202e}",
        "\r\n",
        "**",
        ": ",
        "[[task]]\n",
        "[plan]\n",
        "id = \"a\"\n",
        "needs = [\"b\"]\n",
        "timeout = ",
        "\"",
        "'''",
        "= 1\n",
        "### Step 1: b\n",
        "- [ ] T001 [P] a\n",
        "- [x]* 1. b\n",
        "  - [-] 1.1 c（依赖 T001）\n",
        "-[]T002Create\n",
        "### T003: d\n**Status**: TODO\n",
        "(depends on ",
        "**Independent**: yes\n",
        "~~~\n",
        "\t",
        "files = [\"[\"]\n",
        "## Layer 0: a\n",
        "## @b\n",
        "- [ ] T001 a\n",
        "- [x] ",
        "  - [~] ",
        "[depends: T001]",
        "Dependencies: L0 complete\n",
    ]);
    prop::collection::vec(fragment, 0..40).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd_to_be_answered(text in fragments()) {
        let directory = tempfile::tempdir().expect("a directory to write to");
        for name in ["PLAN.md", "PROGRESS.md", "plan.toml", "job-1-a.md", "tasks.md"] {
            fs::write(directory.path().join(name), &text).expect("it is written");
        }
        let lines = text.lines().count().max(1);
        for dialect in Dialect::ALL {
            let answer = load(&[directory.path().to_path_buf()], Some(dialect));
            let (found, sources) = match answer {
                Ok(loaded) => {
                    let mut found = loaded.warnings;
                    found.extend(Graph::new(loaded.plan).err().unwrap_or_default());
                    (found, loaded.sources)
                }
                Err(refused) => (refused.faults, refused.sources),
            };
            for fault in &found {
                let line = fault.location.as_ref().map_or(1, |at| at.line as usize);
                prop_assert!((1..=lines + 1).contains(&line), "a fault lies within its text: {:?}", fault);
            }
            faults::render(&found, &sources, true);
        }
    }
}

/// Programs that do not depend on the machine.
struct Listed;

impl git_enact::verify::checks::Programs for Listed {
    fn has(&self, word: &str) -> bool {
        ["cargo", "npm", "grep", "test", "true", "sh"].contains(&word)
    }
}

#[test]
fn plans_of_superpowers_with_short_headings_are_read() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory
        .path()
        .join("docs/superpowers/plans/2026-01-02-a.md");
    let text = "# A\n\n> superpowers:executing-plans\n\n## Phase 1\n\n### T0: Look\n\n- [x] **Step 1: look**\n\n\
        ### T1 — Make it\n\n**Files:**\n- Modify: `src/a.rs:2,29-32`, `src/b.rs:38, 46`\n\n- [ ] **Step 1: make**\n\n\
        ```bash\ncargo test --lib\n```\n\nExpected: PASS 7/7\n\n## Risks\n";
    assert_eq!(said(&path, text), "T0 Look done; T1 Make it open");
    let plan = loaded(&path, text).plan;
    assert_eq!(plan.tasks[1].files, ["src/a.rs", "src/b.rs"]);
    let verify = format!("{:?}", plan.tasks[1].verify);
    assert_eq!(verify, r#"[Code("cargo test --lib")]"#);
}

#[test]
fn a_heading_that_only_holds_the_parts_of_its_number_is_no_task() {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory
        .path()
        .join("docs/superpowers/plans/2026-01-02-a.md");
    let step = "- [ ] **Step 1: do it**\n\n";
    let text = format!(
        "# A\n\n### Task 1: Begin\n\n{step}## Task 2: Both\n\n#### Task 2a: One\n\n{step}#### Task 2b: Other\n\n{step}"
    );
    assert_eq!(
        said(&path, &text),
        "1 Begin open; 2a One open; 2b Other open"
    );
    let own = text.replace("Both\n", &format!("Both\n\n{step}"));
    assert_eq!(
        said(&path, &own),
        "1 Begin open; 2 Both open; 2a One open; 2b Other open"
    );
}
