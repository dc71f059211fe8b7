//! Lists of boxes are read as people write them, also where they leave what their format has.

use std::fs;
use std::path::Path;

use git_enact::plan::{Loaded, Selection, Task, TaskId, load};

const SPEC_KIT: &str = "specs/001-a/tasks.md";
const OPENSPEC: &str = "openspec/changes/a/tasks.md";
const KIRO: &str = ".kiro/specs/a/tasks.md";

/// What is read of files of which the first is the plan.
fn read(files: &[(&str, &str)]) -> Loaded {
    let directory = tempfile::tempdir().expect("a directory to write to");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(path, text).expect("it is written");
    }
    load(&[directory.path().join(files[0].0)], &Selection::default())
        .unwrap_or_else(|refused| panic!("{}: {:?}", files[0].1, refused.faults))
}

fn ids(loaded: &Loaded) -> Vec<&str> {
    let tasks = loaded.plan.tasks.iter();
    tasks.map(|task| task.id.as_str()).collect()
}

fn told(loaded: &Loaded) -> Vec<&str> {
    let warnings = loaded.warnings.iter();
    warnings.map(|fault| fault.message.as_str()).collect()
}

fn task<'l>(loaded: &'l Loaded, id: &str) -> &'l Task {
    let mut tasks = loaded.plan.tasks.iter();
    let found = tasks.find(|task| task.id.as_str() == id);
    found.unwrap_or_else(|| panic!("{id} of {:?}", ids(loaded)))
}

fn needs<'l>(loaded: &'l Loaded, id: &str) -> Vec<&'l str> {
    let needs = task(loaded, id).needs.iter();
    needs.map(TaskId::as_str).collect()
}

/// The files of a task with these words.
fn files(words: &str) -> Vec<String> {
    let text = format!("# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 {words}\n");
    let loaded = read(&[(SPEC_KIT, &text)]);
    task(&loaded, "T001").files.clone()
}

#[test]
fn boxes_with_ids_of_several_words_are_tasks_in_sections_of_work() {
    let text = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] TEST-SETUP-001 Test it\n- [ ] T001 Make it\n\
                - [ ] OBS-001 [P] Log it (depends on TEST-SETUP-001)\n- [ ] UTF-8 is read\n- [ ] FR-001 Works\n\n\
                ## Success Criteria\n\n- [ ] PERF-001 Fast\n";
    let loaded = read(&[(SPEC_KIT, text)]);
    assert_eq!(ids(&loaded), ["TEST-SETUP-001", "T001", "OBS-001"]);
    assert!(needs(&loaded, "OBS-001").contains(&"TEST-SETUP-001"));
    assert_eq!(
        task(&loaded, "OBS-001").title,
        "Log it (depends on TEST-SETUP-001)"
    );
    assert!(
        told(&loaded).contains(&"a box without an id is no task here"),
        "{:?}",
        told(&loaded)
    );
}

#[test]
fn a_list_whose_only_ids_are_of_several_words_has_those() {
    let text = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] DOC-001 Write it\n- [ ] DOC-002 Print it\n";
    assert_eq!(ids(&read(&[(SPEC_KIT, text)])), ["DOC-001", "DOC-002"]);
    let text = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] DOC-001 Write it\n- [ ] Print it\n";
    assert_eq!(ids(&read(&[(SPEC_KIT, text)])), ["1.1", "1.2"]);
}

#[test]
fn a_tag_in_place_of_a_box_makes_no_second_task() {
    let text = "# Tasks: A\n\n## Parallel Execution Examples\n\n- [P] T002 [US1] Draw it\n- [P] Sing it\n\n\
                ## Phase 1: B\n\n- [ ] T001 Make it\n- [ ] T002 [P] [US1] Draw it\n- [P] T003 Show it\n";
    assert_eq!(ids(&read(&[(SPEC_KIT, text)])), ["T001", "T002", "T003"]);
}

#[test]
fn a_letter_behind_the_first_number_belongs_to_the_id() {
    let text = "## 8. A\n\n### 8a. B\n\n- [ ] 8a.1 Make it\n- [ ] 8a.2 Draw it\n\n### 8b. C\n\n- [ ] 8b.1 Show it\n";
    let loaded = read(&[(OPENSPEC, text)]);
    assert_eq!(ids(&loaded), ["8a.1", "8a.2", "8b.1"]);
    assert_eq!(task(&loaded, "8b.1").title, "Show it");
}

#[test]
fn what_a_group_needs_all_its_tasks_need() {
    let text = "# Implementation Plan\n\n- [ ] 1. (P) Make\n  - [ ] 1.1 (P) A\n  - [ ] 1.2 (P) B\n\
                - [ ] 2. (P) Draw\n  - _Dependencies: 1_\n  - [ ] 2.1 (P) C\n  - [ ] 2.2 (P) D\n";
    let loaded = read(&[(KIRO, text)]);
    for id in ["2.1", "2.2"] {
        let needs = needs(&loaded, id);
        assert!(
            needs.contains(&"1.1") && needs.contains(&"1.2"),
            "{id}: {needs:?}"
        );
    }
    // What there is not is refused once, and not with each task.
    let unknown = text.replace("_Dependencies: 1_", "_Dependencies: 7.1_");
    let loaded = read(&[(KIRO, &unknown)]);
    assert_eq!(needs(&loaded, "2.1"), ["7.1"]);
    assert!(needs(&loaded, "2.2").is_empty());
}

#[test]
fn what_must_not_be_edited_is_no_file_of_a_task() {
    for (words, expected) in [
        (
            "Add it to `src/a.rs`. Do NOT edit `README.md`",
            vec!["src/a.rs"],
        ),
        ("NO editar `.vector/`", vec![]),
        ("Never touch src/b.rs", vec![]),
        ("Não altere `src/b.rs`", vec![]),
        ("No arquivo `src/b.rs`, crie um teste", vec!["src/b.rs"]),
        ("Do not forget `src/b.rs`", vec!["src/b.rs"]),
        (
            "Move it to `src/b.rs`\n  - **Do not** edit `src/c.rs`",
            vec!["src/b.rs"],
        ),
    ] {
        assert_eq!(files(words), expected, "{words}");
    }
}

#[test]
fn code_and_addresses_are_no_files() {
    for code in [
        "`episode.title`",
        "`Version.parse`",
        "`styles.id`",
        "`.slug`",
        "`.md`",
        "`_client.get`",
        "`1.25rem`",
        "`@a/b`",
        "https://[name].example.io/[part]/",
    ] {
        assert!(files(&format!("Use {code}")).is_empty(), "{code}");
    }
    for file in [
        "a.rs",
        "go.mod",
        ".env",
        ".env.local",
        "*.md",
        "Makefile",
        "src/a.x",
    ] {
        assert_eq!(files(&format!("Change `{file}`")), [file], "{file}");
    }
    assert_eq!(files("Change `a.rs:10-20`"), ["a.rs"]);
}

#[test]
fn criteria_right_below_a_paragraph_are_counted() {
    let asked = "# Requirements\n\n### Requirement 1: A\n\n**First**\n1. THE system SHALL a\n2. THE system SHALL b\n\n\
                 **Second**\n3. THE system SHALL c\n4a. THE system SHALL d\n";
    let plan = |number: &str| {
        format!("# Implementation Plan\n\n- [ ] 1. Make it\n  - _Requirements: {number}_\n")
    };
    let beside = Path::new(KIRO).with_file_name("requirements.md");
    let beside = beside.to_str().expect("a plain name");
    let told_of = |number: &str| {
        let loaded = read(&[(KIRO, &plan(number)), (beside, asked)]);
        told(&loaded).join("\n")
    };
    assert!(!told_of("1.3, 1.4").contains("no requirement"));
    assert!(told_of("1.5").contains("`1.5` is no requirement"));
}

#[test]
fn underscores_within_names_stay_in_titles() {
    for name in ["_category_.json", "__init__.py", "src/__tests__/a.ts"] {
        let text = format!("# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 Add {name} _now_\n");
        let loaded = read(&[(SPEC_KIT, &text)]);
        assert_eq!(task(&loaded, "T001").title, format!("Add {name} now"));
    }
    let text = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] __init__.py is added\n";
    assert_eq!(
        read(&[(SPEC_KIT, text)]).plan.tasks[0].title,
        "__init__.py is added"
    );
}

#[test]
fn a_box_that_is_only_spoken_of_is_no_task() {
    for line in [
        "Tick `- [ ] T005 Foo` in src/tick.rs",
        "Accept lines such as `- [ ] T001 Title`",
        "Add the model <!-- - [ ] T009 maybe later -->",
        "Accept \"- [ ] T010 b\" as well",
    ] {
        let text = format!("# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 Lexer\n- [ ] T002 {line}\n");
        let loaded = read(&[(SPEC_KIT, &text)]);
        assert_eq!(ids(&loaded), ["T001", "T002"], "{line}");
    }
    let lost = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 Make it- [ ] T002 Draw it\n";
    assert_eq!(ids(&read(&[(SPEC_KIT, lost)])), ["T001", "T002"]);
}

#[test]
fn a_box_behind_a_byte_order_mark_is_a_task() {
    let text = "\u{feff}- [ ] 1.1 First\n  - more of it\n- [x] 1.2 Second\n";
    let loaded = read(&[(OPENSPEC, text)]);
    assert_eq!(ids(&loaded), ["1.1", "1.2"]);
    let first = task(&loaded, "1.1");
    assert_eq!((first.location.line, first.location.column), (1, 7));
    assert_eq!(first.body, "- [ ] 1.1 First\n  - more of it");
}

#[test]
fn bare_numbers_that_count_up_are_the_ids_of_an_outline() {
    let text = "# Implementation Plan\n\n- [ ] 1 Set it up\n- [x] 2 Draw it (depends on 1)\n- [ ] 3. Show it\n  - [ ] 3.1 Once\n";
    let loaded = read(&[(KIRO, text)]);
    assert_eq!(ids(&loaded), ["1", "2", "3.1"]);
    assert_eq!(task(&loaded, "1").title, "Set it up");
    assert_eq!(needs(&loaded, "2"), ["1"]);
    let ordinals = "# Implementation Plan\n\n- [ ] 1st draft\n- [ ] 2nd draft\n";
    assert_eq!(task(&read(&[(KIRO, ordinals)]), "1.2").title, "2nd draft");
    let counts = "# Implementation Plan\n\n- [ ] 3 retries are made\n- [ ] 2 pages are shown\n";
    assert_eq!(
        task(&read(&[(KIRO, counts)]), "1.1").title,
        "3 retries are made"
    );
}

#[test]
fn what_only_looks_like_a_box_is_told() {
    for odd in [
        "– [ ] T002 b",
        "• [x] T002 b",
        "[ ] T002 b",
        "- ☐ T002 b",
        "- ( ) T002 b",
        "* - [ ] T002 b",
        "1. - [x] T002 b",
    ] {
        let text = format!("# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 a\n\n{odd}\n");
        let loaded = read(&[(SPEC_KIT, &text)]);
        let odd_ones = told(&loaded);
        let odd_ones = odd_ones
            .iter()
            .filter(|told| told.contains("looks like a box"));
        assert_eq!(odd_ones.count(), 1, "{odd}: {:?}", told(&loaded));
    }
    let fine = "# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 a\n  - (x) is a name\n\n(see the page)\n\n```\n[ ] b\n```\n";
    assert!(
        !told(&read(&[(SPEC_KIT, fine)]))
            .iter()
            .any(|told| told.contains("looks like")),
        "{fine}"
    );
}

/// Each list whose second task is this one, on the line told: path, text.
fn with(line: &str) -> [(&'static str, String); 3] {
    [
        (
            SPEC_KIT,
            format!("# Tasks: A\n\n## Phase 1: B\n\n- [ ] T001 a\n{line}\n"),
        ),
        (OPENSPEC, format!("## 1. B\n\n\n\n- [ ] 1.1 a\n{line}\n")),
        (
            KIRO,
            format!("# Implementation Plan\n\n\n\n- [ ] 1. a\n{line}\n"),
        ),
    ]
}

/// Whether exactly this is told of a line, and where it stands.
fn assert_told(path: &str, text: &str, place: (u32, usize), message: &str) {
    let loaded = read(&[(path, text)]);
    let told = loaded.warnings.iter().map(|fault| {
        let at = fault.location.as_ref().expect("a place");
        ((at.line, at.column as usize), fault.message.as_str())
    });
    let told: Vec<_> = told.filter(|(_, said)| *said == message).collect();
    assert_eq!(told, [(place, message)], "{text}{:?}", loaded.warnings);
}

#[test]
fn boxes_that_are_code_by_their_indentation_are_told() {
    for indent in ["    ", "\t"] {
        for (path, text) in with(&format!("\nText\n\n{indent}- [ ] T002 b")) {
            let column = indent.len() + 3;
            assert_told(
                path,
                &text,
                (9, column),
                "this box is indented as code is, and is no task",
            );
        }
    }
    let fenced = "\n```\n    - [ ] T002 b\n```\n";
    for (path, text) in with(fenced) {
        assert!(
            told(&read(&[(path, &text)]))
                .iter()
                .all(|said| !said.contains("indented")),
            "{text}"
        );
    }
}

#[test]
fn what_a_title_says_against_its_box_is_told() {
    for (line, said) in [
        ("- [x] {id} Add it — NOT DONE", "NOT DONE"),
        ("- [x] {id} Add it (partial)", "partial"),
    ] {
        for ((path, _), id) in with("").iter().zip(["T002", "1.2", "2."]) {
            let line = line.replace("{id}", id);
            let column = line
                .find(said)
                .map_or(0, |at| line[..at].chars().count() + 1);
            let message = format!(
                "the box says that the task is done, and its title that it is not: `{said}`"
            );
            let text = with(&line)
                .into_iter()
                .find(|(other, _)| other == path)
                .expect("it")
                .1;
            assert_told(path, &text, (6, column), &message);
        }
    }
    for ((path, _), id) in with("").iter().zip(["T002", "1.2", "2."]) {
        let line = format!("- [ ] {id} Add it (deferred to v2)");
        let column = line.find("deferred").map_or(0, |at| at + 1);
        let message = "`deferred to v2` beside the title is not read: the task is open, and is run";
        let text = with(&line)
            .into_iter()
            .find(|(other, _)| other == path)
            .expect("it")
            .1;
        assert_told(path, &text, (6, column), message);
        let skipped = with(&format!("- [ ] {id} Add it ⏭️ skipped"));
        let text = &skipped
            .iter()
            .find(|(other, _)| other == path)
            .expect("it")
            .1;
        let loaded = read(&[(path, text)]);
        assert!(
            !loaded.plan.tasks[1].is_open() && loaded.plan.tasks[1].title == "Add it",
            "{text}"
        );
    }
}

#[test]
fn a_heading_that_leaves_out_open_tasks_is_told_once() {
    for (path, head, ids) in [
        (
            SPEC_KIT,
            "# Tasks: A\n\n## Phase 2: B (DEFERRED)\n\n",
            ["T001", "T002"],
        ),
        (OPENSPEC, "\n\n## 2. B (SKIPPED)\n\n", ["2.1", "2.2"]),
    ] {
        let [one, two] = ids;
        let text = format!("{head}- [x] {one} a\n- [ ] {two} b\n- [ ] {two}1 c\n");
        let message =
            format!("the heading leaves out what is below it, and task `{two}` is open: it is run");
        assert_told(path, &text, (3, 1), &message);
    }
}

#[test]
fn numbers_that_are_nearly_ids_are_told() {
    for (line, id) in [
        ("- [ ] 3 Show it", "3"),
        ("- [ ] (5) Show it", "(5)"),
        ("- [ ] #6 Show it", "#6"),
        ("- [ ] 7．Show it", "7"),
        ("- [ ] 10 - Show it", "10"),
    ] {
        for (path, text) in with(line).into_iter().skip(1) {
            assert_told(path, &text, (6, 7), &format!("`{id}` is not read as an id"));
        }
    }
}

#[test]
fn a_task_that_says_among_its_words_that_it_runs_beside_others_does() {
    let text = "# Implementation Plan\n\n- [ ] 1. a\n- [ ] 2. b (P) _Requirements: 1.1_\n- [ ] 3. c (P) for the page\n";
    let loaded = read(&[(KIRO, text)]);
    assert_eq!(task(&loaded, "3").after, task(&loaded, "2").after);
}

#[test]
fn boxes_without_an_id_among_the_tasks_of_a_session_are_told_once() {
    const LIST: &str = ".workflow/active/WFS-a/TODO_LIST.md";
    let text = "# Tasks: A\n\n- [ ] **IMPL-001**: a\n  - [ ] a step\n- [ ] Write the docs\n- [ ] IMPL 3: c\n\n## Notes\n\n- [ ] Ask Ann\n";
    let session = (".workflow/active/WFS-a/workflow-session.json", "{}");
    let loaded = read(&[(LIST, text), session]);
    let told = told(&loaded);
    let told = told.iter().filter(|said| said.contains("without an id"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [&"2 boxes without an id are no tasks here"]
    );
}
