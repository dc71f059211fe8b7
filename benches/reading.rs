//! How long it takes to read a megabyte of plan, in each dialect: from the path to the tasks, the file found in the cache.

#![expect(clippy::unwrap_used, reason = "a benchmark has nobody to tell")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use divan::counter::BytesCount;
use git_enact::plan::{Dialect, Selection, load};
use tempfile::TempDir;

/// The size of each plan.
const BYTES: usize = 1_000_000;

/// Where such a plan lies, what it begins with, and one task of it.
type Shape = (&'static str, &'static str, fn(usize) -> String);

fn main() {
    divan::main();
}

fn shape(dialect: Dialect) -> Shape {
    const WORDS: &str = "with some words that say what is to be done and how it is seen";
    match dialect {
        Dialect::Toml => ("plan.toml", "[plan]\ntitle = \"P\"\n", |n| {
            format!(
                "[[task]]\nid = \"t{n}\"\ntitle = \"Do {n}\"\nfiles = [\"src/f{n}.rs\"]\nbody = \"{WORDS}\"\n"
            )
        }),
        Dialect::Jobs => ("job-1-a.md", "# A\n\n## Implementation Steps\n\n", |n| {
            format!(
                "### Step {n}: Do {n}\n**Files:** `src/f{n}.rs`\n**Details:** {WORDS}\n**Verify:** `cargo test t{n}`\n\n"
            )
        }),
        Dialect::Ccw => ("TODO_LIST.md", "# Tasks: P\n\n## Task Progress\n\n", |n| {
            format!("- [ ] **IMPL-{n}**: Do {n} {WORDS}\n")
        }),
        Dialect::Sendit => ("PLAN.md", "# Plan: P\n\n", |n| {
            format!(
                "### Task {n}: Do {n}\n**Files**: `src/f{n}.rs`\n**Action**: {WORDS}\n**Verify**: `cargo test t{n}`\n\n"
            )
        }),
        Dialect::Layered => ("specs/features/001-x/tasks.md", "# X - Tasks\n\n", |n| {
            sectioned(
                n,
                "Phase",
                &format!("- [ ] Do {n} in `src/f{n}.rs` {WORDS}\n"),
            )
        }),
        Dialect::Phases => (
            ".ai/plans/2026-01-01.x.md",
            "# X\n\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n",
            |n| {
                format!(
                    "### Phase {n}: Do {n}\n\n**Principal Owner:** Ann\n**Goal:** {WORDS}\n**Dependencies:** None\n\
                     **Blast Radius:** `cargo test t{n}`\n**Files to create:**\n- `src/f{n}.rs` - it\n\n\
                     **Acceptance Criteria:**\n- [ ] it is there\n\n---\n\n"
                )
            },
        ),
        Dialect::SpecKit => ("specs/001-x/tasks.md", "# Tasks: X\n\n", |n| {
            sectioned(
                n,
                "Phase",
                &format!("- [ ] T{n:04} [P] [US1] Do {n} in `src/f{n}.rs` {WORDS}\n"),
            )
        }),
        Dialect::Kiro => (".kiro/specs/x/tasks.md", "# Implementation Plan\n\n", |n| {
            format!("- [ ] {n}. Do {n} in `src/f{n}.rs`\n  - {WORDS}\n  - _Requirements: 1.{n}_\n")
        }),
        Dialect::OpenSpec => ("openspec/changes/x/tasks.md", "", |n| {
            sectioned(
                n,
                "",
                &format!(
                    "- [ ] {}.{} Do {n} in `src/f{n}.rs` {WORDS}\n",
                    n / 20 + 1,
                    n % 20 + 1
                ),
            )
        }),
        Dialect::TaskMaster => (
            ".taskmaster/tasks/tasks.json",
            "{\"master\": {\"tasks\": [",
            |n| {
                let comma = if n == 1 { "" } else { ",\n" };
                format!(
                    "{comma}{{\"id\": {n}, \"title\": \"Do {n}\", \"description\": \"{WORDS}\", \"status\": \"pending\", \"dependencies\": []}}"
                )
            },
        ),
        Dialect::Superpowers => ("docs/superpowers/plans/2026-01-01-x.md", "# X\n\n", |n| {
            format!(
                "### Task {n}: Do {n}\n\n**Files:**\n- Create: `src/f{n}.rs`\n\n- [ ] **Step 1: Write it**\n\n{WORDS}\n\nRun: `cargo test t{n}`\nExpected: PASS\n\n"
            )
        }),
        Dialect::Gsd => (
            ".planning/phases/01-x/01-01-PLAN.md",
            "---\nphase: 01-x\nplan: 01\ntype: execute\nwave: 1\ndepends_on: []\n---\n\n<tasks>\n",
            |n| {
                format!(
                    "<task type=\"auto\">\n<name>Task {n}: Do {n}</name>\n<files>src/f{n}.rs</files>\n<action>{WORDS}</action>\n\
                     <verify>cargo test t{n}</verify>\n<done>it is done</done>\n</task>\n\n"
                )
            },
        ),
    }
}

/// A task below a heading of its section, of which each has twenty.
fn sectioned(n: usize, word: &str, task: &str) -> String {
    match n % 20 {
        1 => format!("\n## {word} {}. Part\n\n{task}", n / 20 + 1),
        _ => task.to_owned(),
    }
}

fn plan(dialect: Dialect) -> (TempDir, PathBuf) {
    let (path, head, task) = shape(dialect);
    let mut text = head.to_owned();
    let mut n = 0;
    while text.len() < BYTES {
        n += 1;
        write!(text, "{}", task(n)).unwrap();
    }
    match dialect {
        Dialect::TaskMaster => text.push_str("]}}\n"),
        Dialect::Gsd => text.push_str("</tasks>\n"),
        _ => {}
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    if dialect == Dialect::Ccw {
        let session = "{\"session_id\": \"WFS-x\", \"status\": \"active\"}\n";
        fs::write(path.with_file_name("workflow-session.json"), session).unwrap();
    }
    (dir, path)
}

/// Whose format is known.
#[divan::bench(args = Dialect::ALL)]
fn named(bencher: divan::Bencher<'_, '_>, dialect: Dialect) {
    let (_dir, path) = plan(dialect);
    let selection = Selection {
        dialect: Some(dialect),
        ..Selection::default()
    };
    let read = || load(std::slice::from_ref(&path), &selection).unwrap();
    bencher.counter(BytesCount::new(BYTES)).bench(read);
}

/// Whose format is to be recognized.
#[divan::bench(args = Dialect::ALL)]
fn recognized(bencher: divan::Bencher<'_, '_>, dialect: Dialect) {
    let (_dir, path) = plan(dialect);
    let read = || load(std::slice::from_ref(&path), &Selection::default()).unwrap();
    bencher.counter(BytesCount::new(BYTES)).bench(read);
}
