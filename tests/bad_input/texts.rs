//! Texts that make no plan (12 to 15, 34 to 39, 56).

use std::fmt::Write as _;

use super::{Case, Fine, Refused, Warned, case, checked, plan, plan_with, say};

pub(super) fn cases() -> Vec<Case> {
    let fence = "# Plan: x\n\n### Task 1: A\n**Verify**: `true`\n```sh\necho\n### Task 2: B\n";
    let tabs = "# Plan: x\n\n### Task 1: A\n**Action**: do it\n**Files**: `a.txt`\n\t- b\n  \t- c\n**Verify**: `true`\n";
    let comma = r#"{"tasks": [{"id": 1, "title": "A",}]}"#;
    vec![
        checked(
            12,
            "",
            Fine("both kinds are read"),
            "plan.toml",
            plan_with("\"a\"", "").replace('\n', "\r\n"),
        ),
        checked(
            13,
            "",
            Fine("white space says nothing there"),
            "PLAN.md",
            tabs,
        ),
        plan(14, "", "PLAN.md", fence),
        plan(15, "", "plan.toml", "[plan]\ntitle = \"x\"\n"),
        plan(15, "in Markdown", "PLAN.md", "# Plan: x\n"),
        checked(
            34,
            "",
            Fine("they are read in time that grows with them"),
            "plan.toml",
            many(100_000, ""),
        )
        .within(20),
        plan(
            34,
            "and a need that there is not",
            "plan.toml",
            many(5_000, "needs = [\"t9x\"]\n"),
        )
        .within(20),
        plan(
            34,
            "with one id",
            "tasks.md",
            format!(
                "# Tasks\n\n{}",
                "- [ ] T001 do it in src/a.rs\n".repeat(5_000)
            ),
        )
        .within(20),
        plan(
            35,
            "lists in TOML",
            "plan.toml",
            format!(
                "[plan]\ntitle = {}{}\n",
                "[".repeat(10_000),
                "]".repeat(10_000)
            ),
        ),
        plan(
            35,
            "tables in TOML",
            "plan.toml",
            format!("plan = {}1{}\n", "{a=".repeat(10_000), "}".repeat(10_000)),
        ),
        plan(
            35,
            "dots in TOML",
            "plan.toml",
            format!("[{}]\n", ["plan"; 10_000].join(".")),
        ),
        plan(
            35,
            "lists in JSON",
            "tasks.json",
            format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        ),
        plan(
            35,
            "objects in JSON",
            "tasks.json",
            format!("{}1{}", "{\"tasks\":".repeat(10_000), "}".repeat(10_000)),
        ),
        checked(
            35,
            "boxes in Markdown",
            Fine("depth costs nothing"),
            "tasks.md",
            nested(500),
        )
        .within(20),
        checked(
            35,
            "quotes in Markdown",
            Fine("depth costs nothing"),
            "PLAN.md",
            format!("# Plan: x\n\n### Task 1: A\n{} x\n", ">".repeat(10_000)),
        ),
        plan(36, "", "plan.toml", plan_with("\"a\"", "title = \"B\"\n")),
        plan(36, "a table", "plan.toml", "[plan]\n[plan]\n"),
        plan(
            37,
            "",
            "plan.toml",
            plan_with("\"a\"", "files = \"src/a.rs\"\n"),
        ),
        plan(37, "for an id", "plan.toml", plan_with("1", "")),
        plan(38, "", "plan.toml", plan_with("\"a\"", "need = [\"b\"]\n")),
        checked(
            38,
            "unlike any that is known",
            Warned,
            "plan.toml",
            plan_with("\"a\"", "owner = \"me\"\n"),
        ),
        case(38, "where warnings are errors", Refused, |user| {
            user.write("plan.toml", &plan_with("\"a\"", "owner = \"me\"\n"));
            say(["check", "--strict", "plan.toml"])
        }),
        plan(39, "", "tasks.json", comma),
        plan(
            39,
            "where such plans lie",
            ".taskmaster/tasks/tasks.json",
            comma,
        ),
        plan(
            56,
            "",
            "plan.toml",
            "[plan]\nversion = 2\n[[task]]\nid = \"a\"\n",
        ),
    ]
}

/// So many tasks, and more keys for the last.
fn many(tasks: usize, more: &str) -> String {
    let mut text = String::from("[plan]\ntitle = \"x\"\n");
    for task in 0..tasks {
        writeln!(text, "[[task]]\nid = \"t{task}\"\nrun = \"true\"").expect("a string takes all");
    }
    text + more
}

/// Boxes, each below the one before.
fn nested(depth: usize) -> String {
    let mut text = String::from("# Tasks\n\n");
    for level in 0..depth {
        writeln!(text, "{}- [ ] T{level:04} do it", "  ".repeat(level))
            .expect("a string takes all");
    }
    text
}
