//! What a plan wants run to verify a task is run, whatever stands beside it, and however it is written.

use crate::support::user::User;
use git_enact::plan::{Check, Selection, load};

/// What each task of a plan is verified by: commands as they are, words in parentheses.
fn verified_by(name: &str, text: &str) -> Vec<Vec<String>> {
    let directory = tempfile::tempdir().expect("a directory to write to");
    let path = directory.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
    std::fs::write(&path, text).expect("it is written");
    let loaded = load(&[path], &Selection::default())
        .unwrap_or_else(|refused| panic!("{text}\n{refused:?}"));
    let shown = |check: &Check| match check {
        Check::Prose(words) => format!("({words})"),
        check => check.text().to_owned(),
    };
    let tasks = loaded.plan.tasks.iter();
    tasks
        .map(|task| task.verify.iter().map(shown).collect())
        .collect()
}

const BELOW: [(&str, &str); 4] = [
    ("- [ ] Lint is clean", "(Lint is clean)"),
    ("* [x] Lint is clean", "(Lint is clean)"),
    ("1. step", "(step)"),
    ("- Lint\n- Docs", "(Lint\nDocs)"),
];

#[test]
fn words_below_a_command_are_no_reason_not_to_run_it() {
    for (below, words) in BELOW {
        let each: Vec<String> = words
            .trim_matches(['(', ')'])
            .split('\n')
            .map(|word| format!("({word})"))
            .collect();
        let expected: Vec<String> = ["cargo test".to_owned()].into_iter().chain(each).collect();
        let sendit = format!("### Task 1: A\n**Verify**: `cargo test`\n{below}\n");
        assert_eq!(verified_by("PLAN.md", &sendit), [&expected[..]], "{sendit}");
        let fenced = format!("### Task 1: A\n**Verify**:\n```sh\ncargo test\n```\n{below}\n");
        assert_eq!(verified_by("PLAN.md", &fenced), [&expected[..]], "{fenced}");
        let job = format!(
            "# Job 1: A\n\n## Steps\n\n### Step 1: B\n\n**Verify:** `cargo test`\n{below}\n"
        );
        assert_eq!(verified_by("jobs/job-1-a.md", &job), [expected], "{job}");
        let phase = format!(
            "# P\n\n## Phase 1: A\n**Principal Owner:** a\n**Dependencies:** None\n**Blast Radius:** `cargo test`\n{below}\n"
        );
        let expected = ["cargo test".to_owned(), words.to_owned()];
        assert_eq!(verified_by(".ai/plans/a.md", &phase), [expected], "{phase}");
    }
}

#[test]
fn a_sentence_about_a_command_is_words() {
    for (verify, expected) in [
        ("`cargo test` passes", "(`cargo test` passes)"),
        ("`cargo test`\npasses", "(`cargo test`\npasses)"),
        (
            "one of these:\n- `make a`\n- `make b`",
            "(one of these:\n`make a`\n`make b`)",
        ),
    ] {
        let plan = format!("### Task 1: A\n**Verify**: {verify}\n");
        assert_eq!(verified_by("PLAN.md", &plan), [[expected]], "{plan}");
    }
}

#[test]
fn code_beside_code_is_several_commands() {
    for verify in ["`make a`, `make b`", "`make a`; `make b`."] {
        let plan = format!("### Task 1: A\n**Verify**: {verify}\n");
        assert_eq!(
            verified_by("PLAN.md", &plan),
            [["make a", "make b"]],
            "{plan}"
        );
        let list = format!("# Tasks\n\n## Layer 0: Base\n\n- [ ] T001 A\n  - Verify: {verify}\n");
        let found = verified_by("specs/infrastructure/I001-a/tasks.md", &list);
        assert_eq!(found, [["make a", "make b"]], "{list}");
    }
    let list = "# Tasks\n\n## Layer 0: Base\n\n- [ ] T001 A\n  - **Verify**: `make a` passes\n- [ ] T002 B — Verify: `$ make b`\n";
    let found = verified_by("specs/infrastructure/I001-a/tasks.md", list);
    assert_eq!(found, [["(`make a` passes)"], ["make b"]]);
}

#[test]
fn a_prompt_is_no_part_of_its_command() {
    let plan = "### Task 1: A\n**Verify**: `$ make a`\n\n### Task 2: B\n**Verify**:\n```console\n$ make b \\\n  c\nbuilt c\n$ make d\n```\n";
    assert_eq!(
        verified_by("PLAN.md", plan),
        [["make a"], ["make b \\\n  c\nmake d"]]
    );
}

#[test]
fn what_a_shell_would_run_is_run() {
    for verify in [
        "(cd . && false)",
        "\"test\" -f zz",
        "$ false",
        "false; true",
        ": && false",
        "{ false; }",
    ] {
        let user = User::new();
        user.write(
            "PLAN.md",
            &format!("### Task 1: A\n**Files**: `a.txt`\n**Verify**: `{verify}`\n"),
        );
        let executor = user.executor("commit a.txt work");
        let told = user.run("PLAN.md", &executor, &["--retries", "0"]).code(3);
        assert!(
            !told.stderr.contains("nothing here is called"),
            "{verify}: {}",
            told.stderr
        );
        assert_eq!(user.task("1")["status"], "failed", "{verify}");
    }
}

#[test]
fn of_the_steps_the_last_tests_and_the_last_other_success_are_run() {
    let step = |run: &str, expected: &str| {
        format!("- [ ] **Step**\n\nRun: `{run}`\nExpected: {expected}\n\n")
    };
    let plan = |steps: &[String]| {
        format!(
            "# P\n\n### Task 1: A\n\n**Files:**\n- Create: `a.rs`\n\n{}",
            steps.concat()
        )
    };
    let name = "docs/superpowers/plans/2026-01-31-a.md";
    let all = plan(&[
        step("make t1", "FAIL"),
        step("make t1", "PASS"),
        step("make t2", "PASS"),
        step("make lint", "no errors"),
        step("ls", "two files"),
    ]);
    assert_eq!(verified_by(name, &all), [["make t2", "make lint"]]);
    let same = plan(&[step("make t1", "exit 0"), step("make t1", "PASS")]);
    assert_eq!(verified_by(name, &same), [["make t1"]]);
    let none = plan(&[step("make t1", "42")]);
    assert!(verified_by(name, &none)[0].is_empty());
    let user = User::new();
    user.write(name, &none);
    user.enact(["check", name])
        .success()
        .complains("no command that is expected to pass");
}
