//! Plans of files that only one dialect has.

use std::fmt::Write as _;

use git_enact::plan::Dialect;

/// Those of a dialect, each with a name.
pub(super) fn own(dialect: Dialect, size: usize) -> Vec<(String, String)> {
    let each = |line: fn(usize) -> String| (1..=size).map(line).collect::<Vec<_>>();
    let json = |name: &str, value: &str, count: usize| {
        let text = format!(
            "=== .taskmaster/tasks/tasks.json\n{}\n",
            value.repeat(count)
        );
        (name.to_owned(), text)
    };
    match dialect {
        Dialect::TaskMaster => {
            let ids = each(|n| n.to_string()).join(", ");
            let needy = each(|n| {
                format!("{{\"id\": {n}, \"title\": \"a\", \"dependencies\": [99999, \"1.{n}\"]}}")
            });
            let sub =
                each(|n| format!("{{\"id\": {n}, \"title\": \"a\", \"dependencies\": [{n}, 1]}}"));
            let whole = |tasks: &str| {
                format!(
                    "=== .taskmaster/tasks/tasks.json\n{{\"master\": {{\"tasks\": [{tasks}]}}}}\n"
                )
            };
            vec![
                json("deep-lists", "[", size * 100),
                json("deep-objects", "{\"a\":", size * 100),
                ("dangling".to_owned(), whole(&needy.join(", "))),
                (
                    "needs-all".to_owned(),
                    whole(&format!(
                        "{}, {{\"id\": 0, \"title\": \"a\", \"dependencies\": [{ids}]}}",
                        needy.join(", ")
                    )),
                ),
                (
                    "subtasks".to_owned(),
                    whole(&format!(
                        "{{\"id\": 1, \"title\": \"a\", \"subtasks\": [{}]}}",
                        sub.join(", ")
                    )),
                ),
                (
                    "members".to_owned(),
                    whole(&format!(
                        "{{\"id\": 1, \"title\": \"a\", {}}}",
                        each(|n| format!("\"m{n}\": 1")).join(", ")
                    )),
                ),
            ]
        }
        Dialect::Toml => {
            let all = each(|n| format!("\"T{n}\"")).join(", ");
            let deep = |open: &str, close: &str| {
                format!(
                    "=== plan.toml\n[plan]\ntitle = \"P\"\na = {}{}\n",
                    open.repeat(size * 20),
                    close.repeat(size * 20)
                )
            };
            let chain = each(|n| {
                format!(
                    "[[task]]\nid = \"T{n}\"\ntitle = \"a\"\nneeds = [\"T{}\", \"X{n}\"]\n",
                    n + 1
                )
            });
            vec![
                ("deep-lists".to_owned(), deep("[", "]")),
                ("deep-tables".to_owned(), deep("{a=", "}")),
                (
                    "dotted".to_owned(),
                    format!("=== plan.toml\n[plan]\na.{}b = 1\n", "a.".repeat(size * 20)),
                ),
                (
                    "heads".to_owned(),
                    format!("=== plan.toml\n[plan]\n[a{}]\n", ".a".repeat(size * 20)),
                ),
                (
                    "dangling".to_owned(),
                    format!("=== plan.toml\n[plan]\ntitle = \"P\"\n{}", chain.concat()),
                ),
                (
                    "needs-all".to_owned(),
                    format!(
                        "=== plan.toml\n[plan]\ntitle = \"P\"\n{}[[task]]\nid = \"a\"\ntitle = \"a\"\nneeds = [{all}]\n",
                        chain.concat()
                    ),
                ),
                (
                    "unknown-keys".to_owned(),
                    format!(
                        "=== plan.toml\n[plan]\n{}",
                        each(|n| format!("titl{n} = 1\n")).concat()
                    ),
                ),
            ]
        }
        Dialect::Sendit => {
            let tasks = each(|n| format!("### Task {n}: A\n**Verify**: `true`\n"));
            let rows = each(|n| format!("| {n} | a | odd{n} | abcdef{n} |\n"));
            let twice = each(|n| format!("| {} | a | done | a |\n", n % 7));
            let plan = |rows: &[String]| {
                format!(
                    "=== PLAN.md\n# P\n\n{}=== PROGRESS.md\n# P\n\n| # | Task | Status | Commit |\n|---|---|---|---|\n{}",
                    tasks.concat(),
                    rows.concat()
                )
            };
            vec![
                ("progress".to_owned(), plan(&rows)),
                ("progress-twice".to_owned(), plan(&twice)),
            ]
        }
        Dialect::Jobs => {
            let jobs = each(|n| {
                format!(
                    "=== job-{n}-a.md\n# A\n\n**Depends on:** job-{}, job-9999\n\n## Implementation Steps\n\n### Step 1: A\n**Verify:** `true`\n",
                    n - 1
                )
            });
            vec![("jobs".to_owned(), jobs.concat())]
        }
        Dialect::Gsd => {
            let file = |n: usize, front: &str| {
                format!(
                    "=== .planning/phases/01-x/01-{n:02}-PLAN.md\n---\nphase: 01-x\nplan: {n}\ntype: execute\n{front}\n---\n<tasks>\n<task type=\"auto\"><name>A</name><files>a.rs</files><action>a</action><verify>true</verify><done>a</done></task>\n</tasks>\n"
                )
            };
            let waves = (1..=size.min(200)).map(|n| {
                file(
                    n,
                    &format!(
                        "wave: {}\ndepends_on: [\"01-{:02}\", \"01-9999\"]",
                        n % 3,
                        n - 1
                    ),
                )
            });
            let waves: String = waves.collect();
            let list = format!(
                "wave: 1\ndepends_on: [{}]",
                each(|n| format!("\"01-{n:02}\"")).join(", ")
            );
            vec![
                ("plans".to_owned(), waves),
                ("depends".to_owned(), file(1, &list)),
            ]
        }
        Dialect::Ccw => session(size),
        Dialect::Phases => {
            let plan = |checkpoints: Vec<String>| {
                format!(
                    "=== .ai/plans/2026-01-01.x.md\n# X\n\n## Phases\n\n{}## Execution Checkpoints\n\n```yaml\n{}```\n",
                    each(|n| format!("### Phase {n}: A\n\n**Dependencies:** None\n\n")).concat(),
                    checkpoints.concat()
                )
            };
            vec![
                (
                    "checkpoints".to_owned(),
                    plan(each(|n| format!("- phase_{n}:\n    status: complete\n"))),
                ),
                (
                    "checkpoints-of-nothing".to_owned(),
                    plan(each(|n| format!("note_{n}: x\n"))),
                ),
            ]
        }
        Dialect::Superpowers => {
            let files = each(|n| format!("- Create: `src/f{n}.rs`\n")).concat();
            let task = "- [ ] **Step 1: Write it**";
            let text = format!(
                "=== docs/superpowers/plans/2026-01-01-x.md\n# X\n\n### Task 1: Do it\n\n**Files:**\n{files}\n{task}\n"
            );
            vec![("files-of-one-task".to_owned(), text)]
        }
        _ => Vec::new(),
    }
}

/// Sessions of many files: parents in a chain, containers that need containers, needs of nothing.
fn session(size: usize) -> Vec<(String, String)> {
    let size = size.min(1_000);
    let whole = |name: &str, task: &dyn Fn(usize) -> String| {
        let mut text = "=== WFS-x/workflow-session.json\n{\"session_id\": \"WFS-x\", \"status\": \"active\"}\n=== WFS-x/TODO_LIST.md\n# Tasks: P\n\n".to_owned();
        for n in 1..=size {
            writeln!(text, "- [ ] **IMPL-{n}**: A → [📋](./.task/IMPL-{n}.json)").expect("room");
        }
        for n in 1..=size {
            write!(text, "=== WFS-x/.task/IMPL-{n}.json\n{}\n", task(n)).expect("room");
        }
        (name.to_owned(), text)
    };
    let deep = format!("{}1{}", "{\"a\": [".repeat(50), "]}".repeat(50));
    vec![
        whole("parents", &|n| {
            format!(
                "{{\"id\": \"IMPL-{n}\", \"title\": \"a\", \"status\": \"container\", \"context\": {{\"parent\": \"IMPL-{}\", \"inherited\": {{\"from\": \"IMPL-{}\"}}}}}}",
                n - 1,
                n - 1
            )
        }),
        whole("dangling", &|n| {
            format!(
                "{{\"id\": \"IMPL-{n}\", \"title\": \"a\", \"context\": {{\"depends_on\": [\"IMPL-{}\", \"impl_9{n}\"]}}}}",
                n - 1
            )
        }),
        whole("deep", &|n| {
            format!("{{\"id\": \"IMPL-{n}\", \"title\": \"a\", \"deep\": {deep}}}")
        }),
    ]
}
