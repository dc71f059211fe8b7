//! Four times as much takes four times as long to read, and not sixteen times. Asked of the processor, whatever else the
//! machine does, and one reading is compared with another.

use std::fs;
use std::time::Duration;

use git_enact::plan::Dialect;

use super::{MARKS, Shape, read, shape};
use crate::support::packed::answer;

/// What it takes of the processor to do something.
fn taken(work: impl Fn()) -> Duration {
    let now = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(now).expect("a time since the thread began")
    };
    let began = now();
    work();
    now() - began
}

/// Whether four times as much takes far more than four times as long, each time that it is looked at.
fn is_steep(few: impl Fn() -> Duration, many: impl Fn() -> Duration) -> bool {
    (0..3).all(|_| many() > few() * 8)
}

#[test]
fn plans_of_superpowers_are_read_in_linear_time() {
    let each = |count: usize, line: &dyn Fn(usize) -> String| -> String {
        (1..=count).map(line).collect()
    };
    let task = |n: usize, more: &str| {
        format!(
            "### Task {n}: Do it\n\n**Files:**\n- Create: `src/f{n}.rs`\n{more}\n- [ ] **Step 1: Write it**\n\n"
        )
    };
    let files = |count| task(1, &each(count, &|n| format!("- Modify: `src/g{n}.rs`\n")));
    let steps =
        |count| task(1, "") + &each(count, &|n| format!("- [ ] **Step {n}: Run `a {n}`**\n"));
    let tasks = |count| each(count, &|n| task(n, "**Depends on:** Task 1\n"));
    let needs = |count| {
        let named = each(count, &|n| format!("Task {n}, "));
        let last = format!("\n**Depends on:** {named}\n");
        each(count, &|n| format!("### Task {n}: Do it\n\n")) + &task(count + 1, &last)
    };
    let reading = |text: &str| {
        let place = tempfile::tempdir().expect("a directory");
        let plan = place.path().join("2026-01-01-x.md");
        fs::write(&plan, text).expect("written");
        taken(|| {
            let loaded = read(&plan, Dialect::Superpowers).expect("a good plan");
            assert!(!loaded.plan.tasks.is_empty());
        })
    };
    let grown: [(&str, &dyn Fn(usize) -> String); 4] = [
        ("files", &files),
        ("steps", &steps),
        ("tasks", &tasks),
        ("needs", &needs),
    ];
    for (name, grown) in grown {
        let (few, many) = (grown(3_000), grown(12_000));
        assert!(!is_steep(|| reading(&few), || reading(&many)), "{name}");
    }
}

#[test]
fn cycles_of_tests_are_found_in_linear_time() {
    let reading = |count: usize| {
        let place = tempfile::tempdir().expect("a directory");
        let plan = place.path().join("tasks.md");
        let cycle = |n: usize| format!("- [ ] {n}.1 RED: test it\n- [ ] {n}.2 GREEN: do it\n");
        let text: String = (1..=count).map(cycle).collect();
        fs::write(&plan, text).expect("written");
        taken(|| {
            let loaded = read(&plan, Dialect::OpenSpec).expect("a good plan");
            assert_eq!(loaded.plan.tasks.len(), 2 * count);
        })
    };
    assert!(!is_steep(|| reading(3_000), || reading(12_000)));
}

#[test]
fn groups_of_phases_and_boxes_without_ids_are_read_in_linear_time() {
    let reading = |dialect: Dialect, name: &str, text: String| {
        let place = tempfile::tempdir().expect("a directory");
        let plan = place.path().join(name);
        fs::write(&plan, text).expect("written");
        taken(|| {
            assert!(
                !read(&plan, dialect)
                    .expect("a good plan")
                    .plan
                    .tasks
                    .is_empty()
            );
        })
    };
    let phases = |count: usize| {
        let groups: String = (1..=count)
            .map(|n| format!("- **Group {n}**: Phase {n}\n"))
            .collect();
        let phases: String = (1..=count)
            .map(|n| format!("## Phase {n}: x\n\n**Owner:** a\n\n"))
            .collect();
        let text = format!("# P\n\n## Parallel groups\n\n{groups}\n{phases}");
        reading(Dialect::Phases, "x.md", text)
    };
    assert!(!is_steep(|| phases(500), || phases(2_000)));
    let boxes = |count: usize| {
        let boxes: String = (1..=count)
            .map(|n| format!("- [ ] Do thing {n}\n"))
            .collect();
        reading(Dialect::SpecKit, "tasks.md", format!("## A\n\n{boxes}"))
    };
    assert!(!is_steep(|| boxes(3_000), || boxes(12_000)));
    let fields = |count: usize| {
        let fields = "**Dependencies to add to Cargo.toml:**\n- `a` - b\n\n".repeat(count);
        reading(
            Dialect::Phases,
            "x.md",
            format!("## Phase 1: x\n\n**Owner:** a\n\n{fields}"),
        )
    };
    assert!(!is_steep(|| fields(500), || fields(2_000)));
}

/// How long the line is, in bytes.
const LONG: usize = 12 * 1024;

/// A plan with a line that is full of one thing: at the end of a title, in a body, or where a field has its value.
fn full(shape: &Shape, at: &str, mark: &str, length: usize) -> String {
    let marks = mark.repeat(length / mark.len());
    shape.plan(2, |n| match (at, n) {
        ("title", 1) => (marks.clone(), String::new()),
        ("body", 1) => (String::new(), marks.clone()),
        ("value", 2) => (String::new(), format!("  - Dependencies: {marks}")),
        _ => (String::new(), String::new()),
    })
}

/// In titles; with `ENACT_GROWTH_ALL=1` wherever a line may be.
#[test]
fn a_line_full_of_one_thing_is_read_in_linear_time() {
    let places: &[&str] = match std::env::var_os("ENACT_GROWTH_ALL") {
        Some(_) => &["title", "body", "value"],
        None => &["title"],
    };
    for (dialect, at) in Dialect::ALL
        .iter()
        .flat_map(|dialect| places.iter().map(move |at| (*dialect, at)))
    {
        let shape = shape(dialect);
        let reading = |mark: &str, length: usize| {
            let text = full(&shape, at, mark, length);
            taken(|| {
                answer(&text, dialect);
            })
        };
        let words = reading("word ", LONG).min(reading("word ", LONG));
        for mark in MARKS {
            // Most cost little more than words do, and need no second look.
            let is_dear = reading(mark, LONG) > words * 4;
            let is_steep = is_dear && is_steep(|| reading(mark, LONG / 4), || reading(mark, LONG));
            assert!(
                !is_steep,
                "{dialect}: a {at} full of {mark:?} takes more than its share"
            );
        }
    }
}
