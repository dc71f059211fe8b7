//! Readers answer however large a plan grows in one direction: what it asks of them grows no faster than the text, as
//! far as it is not refused. How long that takes is measured by hand: `ENACT_GROWN=dir ENACT_SIZE=n cargo test -- linear`
//! writes the documents, each a packed text as the fuzz targets read it.

mod files;
mod time;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{Dialect, Faults, Loaded, Selection, load};

use crate::support::packed::{Answer, answer};

/// How many of what grows there are, where nobody measures.
const SIZE: usize = 60;

/// Where such a plan lies and what it begins with, one task of it, and what ends it.
struct Shape {
    head: &'static str,
    /// With a number, words at the end of its title, and lines below it.
    task: fn(usize, &str, &str) -> String,
    foot: &'static str,
}

fn shape(dialect: Dialect) -> Shape {
    let shape = |head, task| Shape {
        head,
        task,
        foot: "",
    };
    match dialect {
        Dialect::Toml => shape("plan.toml\n[plan]\ntitle = \"P\"\n", |n, title, body| {
            format!("[[task]]\nid = \"T{n}\"\ntitle = 'Do {title}'\nbody = '''\n{body}\n'''\n")
        }),
        Dialect::Jobs => shape(
            "job-1-a.md\n# A\n\n## Implementation Steps\n\n",
            |n, title, body| format!("### Step {n}: Do {title}\n**Files:** `src/f.rs`\n{body}\n\n"),
        ),
        Dialect::Ccw => shape(
            "WFS-x/TODO_LIST.md\n# Tasks: P\n\n## Task Progress\n\n",
            |n, title, body| format!("- [ ] **IMPL-{n}**: Do {title}\n{body}\n"),
        ),
        Dialect::Sendit => shape("PLAN.md\n# Plan: P\n\n", |n, title, body| {
            format!(
                "### Task {n}: Do {title}\n**Files**: `src/f.rs`\n**Verify**: `true`\n{body}\n\n"
            )
        }),
        Dialect::Layered => shape(
            "specs/features/001-x/tasks.md\n# X - Tasks\n\n## Phase 1: A\n\n",
            |n, title, body| format!("- [ ] T{n:04} Do `src/f.rs` {title}\n{body}\n"),
        ),
        Dialect::Phases => shape(
            ".ai/plans/2026-01-01.x.md\n# X\n\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n",
            |n, title, body| {
                format!(
                    "### Phase {n}: Do {title}\n\n**Principal Owner:** Ann\n**Goal:** it\n{body}\n\n---\n\n"
                )
            },
        ),
        Dialect::SpecKit => shape(
            "specs/001-x/tasks.md\n# Tasks: X\n\n## Phase 1: A\n\n",
            |n, title, body| format!("- [ ] T{n:04} [P] Do `src/f.rs` {title}\n{body}\n"),
        ),
        Dialect::Kiro => shape(
            ".kiro/specs/x/tasks.md\n# Implementation Plan\n\n",
            |n, title, body| {
                format!("- [ ] {n}. Do `src/f.rs` {title}\n  - _Requirements: 1.{n}_\n{body}\n")
            },
        ),
        Dialect::OpenSpec => shape(
            "openspec/changes/x/tasks.md\n## 1. A\n\n",
            |n, title, body| format!("- [ ] 1.{n} Do `src/f.rs` {title}\n{body}\n"),
        ),
        Dialect::TaskMaster => Shape {
            head: ".taskmaster/tasks/tasks.json\n{\"master\": {\"tasks\": [\n",
            task: |n, title, body| {
                let comma = if n == 1 { "" } else { "," };
                let words = |text: &str| serde_json::json!(text).to_string();
                let (title, body) = (words(&format!("Do {title}")), words(body));
                format!(
                    "{comma}{{\"id\": {n}, \"title\": {title}, \"details\": {body}, \"status\": \"pending\"}}"
                )
            },
            foot: "]}}\n",
        },
        Dialect::Superpowers => shape(
            "docs/superpowers/plans/2026-01-01-x.md\n# X\n\n",
            |n, title, body| {
                format!(
                    "### Task {n}: Do {title}\n\n**Files:**\n- Create: `src/f.rs`\n\n- [ ] **Step 1: Write it**\n\n{body}\n\n"
                )
            },
        ),
        Dialect::Gsd => Shape {
            head: ".planning/phases/01-x/01-01-PLAN.md\n---\nphase: 01-x\nplan: 01\ntype: execute\nwave: 1\ndepends_on: []\n---\n\n<tasks>\n",
            task: |n, title, body| {
                format!(
                    "<task type=\"auto\">\n<name>Task {n}: Do {title}</name>\n<files>src/f.rs</files>\n<action>{body}</action>\n\
                     <verify>true</verify>\n<done>it is done</done>\n</task>\n\n"
                )
            },
            foot: "</tasks>\n",
        },
    }
}

impl Shape {
    /// A plan of so many tasks.
    fn plan(&self, count: usize, task: impl Fn(usize) -> (String, String)) -> String {
        let mut text = format!("=== {}", self.head);
        for n in 1..=count {
            let (title, body) = task(n);
            text.push_str(&(self.task)(n, &title, &body));
        }
        text.push_str(self.foot);
        text
    }
}

/// What a single line may be full of.
const MARKS: [&str; 65] = [
    ": ",
    "(after T001 ",
    ", after T001",
    "*",
    "_",
    "`",
    "[",
    "](",
    "[a](",
    "![",
    "[a](b) ",
    "<!--",
    "<a ",
    "<a>",
    "</task>",
    "<task>",
    "|",
    "| a ",
    "(",
    "（",
    "(needs 1 ",
    "{",
    "> ",
    "- ",
    "1. ",
    "\\",
    "&amp;",
    "**a** ",
    "`a` ",
    "`a/b.rs` ",
    "- [ ] ",
    "- [ ] T1 a ",
    "- [ ",
    "`- [ ] T1 a` ",
    "<!-- - [ ] T1 a --> ",
    "[x] ",
    "(P) ",
    "T1, ",
    "T1-T9999, ",
    "Phase 1-9999, ",
    "1.",
    "1",
    "→ ",
    "T1 → ",
    " and ",
    "é",
    "\u{200b}",
    "✅",
    "a: ",
    "a/",
    "a-",
    "T0001-",
    "don't a/b.rs ",
    "~~a: T1 ",
    "skills used: a, ",
    "use the a skill and ",
    "RED: GREEN: ",
    "depends on T1 ",
    "[P] @a ",
    "do not parallel ",
    "Dependencies: T1 ",
    "a (P) ",
    "⏭ skipped ",
    "exit 0, no errors ",
    "#1 ",
];

/// What many lines may be.
const LINES: [&str; 54] = [
    "# A",
    "## A",
    "#### A",
    "- a",
    "- [ ] a",
    "- [x] a",
    "1. a",
    "> a",
    "    a",
    "a",
    "`a`",
    "**a**: b",
    "**Files:** `a/b.rs`",
    "- `a/b.rs`",
    "**Verify:** `a`",
    "**Dependencies:** T9999",
    "depends on T9999",
    "Depends on: Phase 9999",
    "| a | b |",
    "|---|---|",
    "<!-- a",
    "<!-- a -->",
    "```",
    "```\na\n```",
    "~~~\na\n~~~",
    "---",
    "===",
    "[a]: b",
    "<task>",
    "</task>",
    "<name>a</name>",
    "<action>",
    "T1 → T2 → T3",
    "T1 depends on T2",
    "- Status: done",
    "**Status:** ?",
    "- [?] a",
    "IMPL-1 → IMPL-2",
    "**Dependencies to add to Cargo.toml:**\n- `a` - b",
    "**Dependencies to add:** to Cargo.toml\n```toml\na = 1\n```",
    "**Blast Radius:** `a`\n- b",
    "**Acceptance Criteria:**\n- [ ] a",
    "**Deliverables:**\n- a.rs",
    "**Files to create:**\n- `a.rs`",
    "**Files to modify:** a.rs, b.rs",
    "**Owner:** a",
    "Run: `a`\nExpected: PASS",
    "**Verify:**\n- `a`\n- b",
    "**Verify:** `$ a`\n> b",
    "**Skills:** a, b",
    "## A (DEFERRED)\n- [ ] T1 a",
    "  - Dependecies: T1",
    "```sh\n$ a\n```",
    "    - [ ] a",
];

/// What a task may say that it waits for, in some dialect.
const WAITS: [&str; 20] = [
    "**Dependencies:** All previous phases",
    "**Dependencies:** Phase 1-99999",
    "**Dependencies:** None - before any other phase\n**Parallel:** No",
    "**Dependencies:** Phase 1\n**Parallel:** No",
    "**Dependencies:** None\n**Parallel:** With Phase 1-99999",
    "**Dependencies:** Phase 99999",
    "**Dependencies:** something else",
    "  - Depends on T0001-T9999",
    "  - Depends on 1-9999",
    "  - Depends on 1.1-1.9999",
    "  - Depends on T99999",
    "  - Dependencies: All previous",
    "  - Dependencies: Phase 1",
    "  - Dependencies: L0-L9",
    "  - depends_on: IMPL-1, IMPL-99999",
    "  - _Depends: 1-9999_",
    "**Needs**: Task 1-9999",
    "**Depends on**: Task 1, Task 99999",
    "**Depends on:** Step 1-9999",
    "**Parallel:** No",
];

/// What a section behind the tasks may say.
const SECTIONS: [&str; 8] = [
    "## Dependencies\n\n- T0001-T9999 depends on T0001-T9999",
    "## Dependencies\n\nT0001-T9999 → T0001-T9999 → T0001-T9999",
    "## Dependencies\n\n1-9999 depends on 1-9999",
    "## Execution Strategy\n\nIMPL-1 → IMPL-2 → IMPL-3",
    "## Parallel Groups\n\n| Group | Phases |\n|---|---|\n| A | 1-9999 |",
    "## Dependencies\n\nT0002 depends on T0001",
    "## Acceptance Criteria\n\n- [ ] a",
    "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | a | done | abc |",
];

/// Plans full of one thing, each with a name.
fn full(dialect: Dialect, size: usize) -> Vec<(String, String)> {
    let shape = shape(dialect);
    let mut all = Vec::new();
    let mut grown = |name: String, text: String| all.push((name, text));
    for (at, mark) in MARKS.iter().enumerate() {
        let marks = mark.repeat(size);
        let titled = |n: usize| {
            (
                if n == 1 { marks.clone() } else { String::new() },
                String::new(),
            )
        };
        grown(format!("title-{at}"), shape.plan(2, titled));
        let told = |n: usize| {
            (
                String::new(),
                if n == 1 { marks.clone() } else { String::new() },
            )
        };
        grown(format!("line-{at}"), shape.plan(2, told));
        let waits = |n: usize| {
            let value = if n == 2 { marks.as_str() } else { "None" };
            (String::new(), format!("  - Dependencies: {value}"))
        };
        grown(format!("value-{at}"), shape.plan(2, waits));
    }
    for (at, line) in LINES.iter().enumerate() {
        let lines = format!("{line}\n").repeat(size);
        let told = |n: usize| {
            (
                String::new(),
                if n == 1 { lines.clone() } else { String::new() },
            )
        };
        grown(format!("lines-{at}"), shape.plan(2, told));
        let each = |_| (String::new(), (*line).to_owned());
        grown(format!("each-{at}"), shape.plan(size, each));
    }
    all
}

/// Plans whose tasks speak of each other, or that nest, each with a name.
fn entangled(dialect: Dialect, size: usize) -> Vec<(String, String)> {
    let shape = shape(dialect);
    let mut all = Vec::new();
    let mut grown = |name: String, text: String| all.push((name, text));
    let none = || (String::new(), String::new());
    let to_the_last = |text: &str| {
        let lettered = text.replace("-T9999", &format!("-T{size:04}"));
        let parts = lettered.replace("1.9999", &format!("1.{size}"));
        parts.replace("-9999", &format!("-{size}"))
    };
    for (at, wait) in WAITS.iter().enumerate() {
        let wait = to_the_last(wait);
        let each = |_| (String::new(), wait.clone());
        grown(format!("waits-{at}"), shape.plan(size, each));
        let headed = |n| (String::new(), format!("{wait}\n\n## Phase {}: A", n + 1));
        grown(format!("headed-{at}"), shape.plan(size, headed));
        let remark = wait.trim_start_matches([' ', '-', '*']).replace("**", "");
        let each = |_| (format!("({})", remark.to_lowercase()), String::new());
        grown(format!("remarks-{at}"), shape.plan(size, each));
    }
    for (at, section) in SECTIONS.iter().enumerate() {
        let section = to_the_last(section);
        let mut text = shape.plan(size, |_| none());
        let (head, line) = section.rsplit_once('\n').unwrap_or(("", &section));
        write!(text, "\n{head}\n{}", format!("{line}\n").repeat(size)).expect("room");
        grown(format!("sections-{at}"), text);
    }
    let mut text = shape.plan(size, |_| none());
    let again = shape.plan(size, |_| none());
    text.push_str(again.split_once('\n').map_or("", |(_, rest)| rest));
    grown("twice".to_owned(), text);
    let steps = (size as f64).sqrt() as usize * 2;
    let nested: String = (0..steps)
        .map(|depth| format!("{}- [ ] a\n", "  ".repeat(depth)))
        .collect();
    grown(
        "nested".to_owned(),
        shape.plan(2, |_| (String::new(), nested.clone())),
    );
    for (name, front) in [
        ("front-lines", "a: b\n".repeat(size)),
        ("front-list", format!("a: [{}]\n", "a, ".repeat(size))),
        ("front-deep", format!("a: {}\n", "[".repeat(size))),
        ("front-anchors", anchors(size)),
    ] {
        let text = shape.plan(2, |_| none());
        let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
        grown(name.to_owned(), format!("{head}\n---\n{front}---\n{rest}"));
    }
    all.extend(files::own(dialect, size));
    all
}

/// Each anchor names the one before it twice.
fn anchors(size: usize) -> String {
    let mut text = "a0: &a0 [x, x]\n".to_owned();
    for n in 1..size.min(64) {
        writeln!(text, "a{n}: &a{n} [*a{0}, *a{0}]", n - 1).expect("room");
    }
    text
}

fn read(plan: &Path, dialect: Dialect) -> Result<Loaded, Faults> {
    let selection = Selection {
        dialect: Some(dialect),
        ..Selection::default()
    };
    load(&[plan.to_path_buf()], &selection)
}

#[test]
fn plans_that_grow_in_one_direction_are_answered() {
    let grown = std::env::var_os("ENACT_GROWN").map(PathBuf::from);
    let size = std::env::var("ENACT_SIZE").ok();
    let size = size.and_then(|size| size.parse().ok()).unwrap_or(SIZE);
    for dialect in Dialect::ALL {
        if let Some(dir) = &grown {
            fs::create_dir_all(dir).expect("a directory");
            let all = full(dialect, size).into_iter();
            for (name, text) in all.chain(entangled(dialect, size)) {
                fs::write(dir.join(format!("{dialect}-{name}")), text).expect("a document");
            }
            continue;
        }
        for (name, text) in entangled(dialect, size) {
            let Answer { faults, .. } = answer(&text, dialect);
            let most = text.len() / 2;
            assert!(faults <= most, "{dialect} {name}: {faults} faults");
        }
    }
}

#[test]
fn needs_that_multiply_are_refused_before_they_fill_the_memory() {
    for (dialect, wait) in [
        (Dialect::SpecKit, "  - Depends on T0001-T1200"),
        (Dialect::Layered, "  - Dependencies: T0001-T1200"),
        (Dialect::Kiro, "  - Depends on 1-1200"),
    ] {
        let text = shape(dialect).plan(1_200, |_| (String::new(), wait.to_owned()));
        let Answer { edges, .. } = answer(&text, dialect);
        assert_eq!(edges, 0, "{dialect}: a plan of so many needs is none");
    }
}

/// A group that is named in a word or two means all that is in it, and a list of a few kilobytes a million needs.
#[test]
fn a_group_that_each_box_needs_is_refused_for_what_it_asks_for() {
    let boxes = |group: &str, said: &str| -> String {
        let each = (1..=1_000).map(|n| format!("- [ ] {group}.{n} Do it{said}\n"));
        each.collect()
    };
    let own = format!("- [ ] 1. G\n{}", boxes("1", " (needs 1)"));
    let other = format!(
        "- [ ] 1. G\n{}- [ ] 2. H\n{}",
        boxes("1", ""),
        boxes("2", " (needs 1)")
    );
    for (dialect, head) in [
        (Dialect::Kiro, "# Implementation Plan\n\n"),
        (Dialect::OpenSpec, "## 1. A\n\n"),
    ] {
        for list in [&own, &other] {
            let place = tempfile::tempdir().expect("a directory");
            let plan = place.path().join("tasks.md");
            fs::write(&plan, format!("{head}{list}")).expect("written");
            let refused = read(&plan, dialect).expect_err("nobody means a million needs");
            let told = refused.to_string();
            assert!(
                told.contains("more ways than can be told apart"),
                "{dialect}: {told}"
            );
        }
    }
}

#[test]
fn a_plan_of_nothing_but_unknown_keys_is_refused_once_that_is_clear() {
    let place = tempfile::tempdir().expect("a directory");
    let plan = place.path().join("plan.toml");
    let keys: String = (0..80_000).map(|n| format!("note{n} = 1\n")).collect();
    fs::write(&plan, format!("[plan]\n{keys}[[task]]\nid = \"a\"\n")).expect("written");
    let refused = read(&plan, Dialect::Toml).expect_err("it is no plan of ours");
    assert_eq!(refused.faults.len(), 201);
    let errors: Vec<_> = refused
        .faults
        .iter()
        .filter(|fault| !fault.is_warning())
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].message,
        "more than 200 keys are unknown, so no others are looked at"
    );
    // A name that many tasks have is one.
    let tasks: String = (0..1_000)
        .map(|n| format!("[[task]]\nid = \"a{n}\"\nowner = 1\n"))
        .collect();
    fs::write(&plan, tasks).expect("written");
    let loaded = read(&plan, Dialect::Toml).expect("somebody else's keys do no harm");
    assert_eq!(loaded.warnings.len(), 1_000);
}

/// What stands in the directories is looked at once, not for each name.
#[test]
fn a_plan_that_depends_on_very_many_others_is_told_of_each_that_is_not_there() {
    let place = tempfile::tempdir().expect("a directory");
    let phase = place.path().join(".planning/phases/01-x");
    fs::create_dir_all(&phase).expect("a directory");
    let plan = phase.join("01-01-PLAN.md");
    let named: Vec<String> = (2..=4_000)
        .map(|n| format!("\"01-{n}\", \"02-01\""))
        .collect();
    let text = format!(
        "---\nphase: 01-x\nplan: 1\ndepends_on: [{}]\n---\n<tasks>\n<task type=\"auto\"><name>A</name></task>\n</tasks>\n",
        named.join(", ")
    );
    fs::write(&plan, text).expect("written");
    fs::write(phase.join("01-07-SUMMARY.md"), "done\n").expect("written");
    let other = place.path().join(".planning/phases/02-y");
    fs::create_dir_all(&other).expect("a directory");
    fs::write(other.join("02-01-SUMMARY.md"), "done\n").expect("written");
    let loaded = read(&plan, Dialect::Gsd).expect("a plan that is not here may be anywhere");
    let told = |id: &str| {
        let about = format!("depends on `{id}`");
        let warnings = loaded.warnings.iter();
        warnings
            .filter(|fault| fault.message.contains(&about))
            .count()
    };
    // All but the two that have summaries, each once.
    assert_eq!([told("01-06"), told("01-07"), told("02-01")], [1, 0, 0]);
    let missing = loaded.warnings.iter();
    let missing = missing.filter(|fault| fault.message.contains("has no summary"));
    assert_eq!(missing.count(), 3_998);
}

/// Lines that a lone carriage return ends are lines: each task has its own for its body, and not all that follow it.
#[test]
fn tasks_on_lines_that_end_in_carriage_returns_have_each_its_own_body() {
    for end in ["\n", "\r", "\r\n"] {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join("specs/features/001-x");
        fs::create_dir_all(&directory).expect("a directory");
        let own = |n: usize| format!("{n}.1 do x\n  - note {n}\n  ~~~\n  # no title\n  ~~~");
        let line = |n: usize| format!("- [ ] {}\n", own(n)).replace('\n', end);
        let text: String = (1..=SIZE).map(line).collect();
        fs::write(directory.join("tasks.md"), &text).expect("written");
        let Ok(loaded) = read(&directory, Dialect::Layered) else {
            panic!("{end:?} ends a line, and the plan is good");
        };
        assert_eq!(loaded.plan.tasks.len(), SIZE, "{end:?}");
        for (n, task) in (1..).zip(&loaded.plan.tasks) {
            let body = task.body.replace(end, "\n");
            assert_eq!(body, own(n), "{end:?}");
        }
    }
}
