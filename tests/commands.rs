//! What each command prints, and how it ends.

use serde_json::Value;

use crate::support::settled::settled;
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Add auth"
[[task]]
id = "schema"
title = "Add the schema"
files = ["schema.txt"]
group = "db"
verify = ["test -s schema.txt"]
[[task]]
id = "login"
title = "Add the login"
needs = ["schema"]
[[task]]
id = "docs"
title = "Say how | why"
after = ["login"]
"#;

/// A finished run of [`PLAN`] by an executor that is called `executor`.
fn finished() -> User {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--sequential"])
        .success();
    user
}

fn lines(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect()
}

#[test]
fn status_json_has_exactly_the_shape_of_the_contract() {
    let status = settled(finished().status());
    let text = serde_json::to_string_pretty(&status).expect("JSON");
    insta::assert_snapshot!(text);
}

#[test]
fn what_needs_no_attention_has_no_reason() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test $ENACT_ATTEMPT = 2 || exit 1; commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--only", "schema"])
        .success();
    for id in ["schema", "login", "docs"] {
        assert_eq!(user.task(id)["reason"], Value::Null, "task {id}");
    }
}

#[test]
fn porcelain_is_tab_separated_lines() {
    let user = finished();
    let output = user.enact(["status", "--porcelain"]).success();
    let rows: Vec<Vec<&str>> = output
        .stdout
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(rows[0][..3], ["run", "r-test", "complete"]);
    assert_eq!(rows[1][..4], ["task", "schema", "done", "1"]);
    assert_eq!(rows.len(), 4);
}

#[test]
fn the_log_reads_as_sentences_in_git_and_here() {
    let user = finished();
    let shown = user.enact(["log"]).success().stdout;
    let git = user
        .git([
            "log",
            "--first-parent",
            "--format=%s",
            "refs/enact/runs/r-test",
        ])
        .success();
    let subjects: Vec<&str> = git.stdout.lines().collect();
    // Below the first event lies the root, which holds the plan alone.
    for (line, subject) in shown.lines().zip(&subjects) {
        assert!(
            line.ends_with(subject),
            "`{line}` should end with `{subject}`"
        );
    }
    assert!(shown.contains("schema: integrated "), "{shown}");
    let trailers = user
        .git([
            "log",
            "-1",
            "--grep=^Event: integrated",
            "--format=%(trailers:only,unfold)",
            "refs/enact/runs/r-test",
        ])
        .success();
    for name in [
        "Run: r-test",
        "Event: integrated",
        "Task: docs",
        "Attempt: 1",
        "Commit: ",
    ] {
        assert!(trailers.stdout.contains(name), "{name} in {trailers}");
    }
    user.enact(["log", "-n", "1"]).success().says("finished");
}

#[test]
fn progress_is_the_table_of_the_contract() {
    let user = finished();
    let table = user.enact(["progress"]).success().stdout;
    let mut rows = table.lines();
    assert_eq!(rows.next(), Some("| # | Task | Status | Commit |"));
    let commit = user.task("schema")["commit"].as_str().expect("a commit")[..7].to_owned();
    assert_eq!(
        rows.nth(1),
        Some(format!("| schema | Add the schema | done | {commit} |").as_str())
    );
    assert!(
        table.contains("| docs | Say how \\| why | done |"),
        "{table}"
    );
}

#[test]
fn progress_notes_are_as_the_contract_shows_them() {
    let user = finished();
    let commit = user.task("schema")["commit"]
        .as_str()
        .expect("a commit")
        .to_owned();
    let note = user
        .git(["notes", "--ref=PROGRESS", "show", &commit])
        .success()
        .stdout;
    let (head, took) = note
        .trim_end()
        .rsplit_once("Took: ")
        .expect("how long it took");
    assert!(took.ends_with('s'), "{took}");
    let expected = format!(
        "Run: r-test\nTask: schema\nTitle: Add the schema\nStatus: done\nAttempt: 1\nCommit: {commit}\n\
         Checks: clean, commit, scope, verify\nExecutor: executor\n"
    );
    assert_eq!(sorted_checks(head), sorted_checks(&expected));
    let log = user
        .git(["log", "--notes=PROGRESS", "enact/r-test/integration"])
        .success();
    log.says("Notes (PROGRESS):").says("    Task: login");
}

/// The note with the names of its checks in the order of the alphabet.
fn sorted_checks(note: &str) -> String {
    let line = |line: &str| match line.strip_prefix("Checks: ") {
        Some(checks) => {
            let mut names: Vec<&str> = checks.split(", ").collect();
            names.sort_unstable();
            format!("Checks: {}", names.join(", "))
        }
        None => line.to_owned(),
    };
    note.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn run_json_prints_what_replaying_prints() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test $ENACT_ATTEMPT = 2 || exit 1; commit $ENACT_TASK.txt w");
    let live = user
        .run("plan.toml", &executor, &["--json", "--sequential"])
        .success();
    let mut replayed = lines(&user.enact(["log", "--json"]).success());
    replayed.reverse();
    assert_eq!(lines(&live), replayed);
    assert_eq!(lines(&live)[0]["event"], "started");
}

#[test]
fn resume_json_goes_on_where_run_json_ended() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 75; commit $ENACT_TASK.txt w");
    let mut live = lines(&user.run("plan.toml", &executor, &["--json"]).code(4));
    user.signal("go");
    live.extend(lines(&user.enact(["resume", "--json"]).success()));
    let mut replayed = lines(&user.enact(["log", "--json"]).success());
    replayed.reverse();
    assert_eq!(live, replayed);
}

#[test]
fn the_list_shows_each_run_with_where_it_stands() {
    let user = finished();
    let args = [
        "run",
        "plan.toml",
        "--new",
        "--yes",
        "--name",
        "again",
        "--",
        "false",
    ];
    user.enact(args).code(3);
    let list = user.enact(["list"]).success().stdout;
    let line = |id: &str| {
        list.lines()
            .find(|line| line.starts_with(id))
            .expect("a line a run")
            .to_owned()
    };
    assert!(
        line("r-test").contains("complete") && line("r-test").contains("3 of 3"),
        "{list}"
    );
    let began = lines(&user.enact(["list", "--json"]).success());
    let began = began[0]["started_at"].as_str().expect("when it began");
    assert!(line("r-test").contains(began), "{list}");
    assert!(
        line("again").contains("needs_person") && line("again").contains("0 of 3"),
        "{list}"
    );
    let json = lines(&user.enact(["list", "--json"]).success());
    assert_eq!(json.len(), 2);
}

#[test]
fn a_jobs_directory_ends_with_the_block_its_users_know() {
    let user = User::new();
    for (file, title) in [
        ("job-2-beta.md", "Beta"),
        ("job-10-gamma.md", "Gamma"),
        ("job-1-alpha.md", "Alpha"),
    ] {
        let text = format!("# {title} - Implementation Plan\n\n## Step 1: Do it\n\nDo {title}.\n");
        user.write(&format!("impl/{file}"), &text);
    }
    user.commit("Plan");
    let executor = user.executor("test $ENACT_TASK != 2 || { echo FAILED; exit 1; }; commit $ENACT_TASK.txt w; echo COMPLETE");
    let output = user
        .run("impl", &executor, &["--on-failure", "stop"])
        .code(3);
    output
        .says("- Job 1: job-1-alpha.md - ✓ complete\n")
        .says("- Job 10: job-10-gamma.md");
    user.enact(["skip", "2"]).success();
    user.enact(["resume"]).code(1);
    let expected = "## Implementation Execution Complete\n\n**Implementation dir:** impl\n\n**Results:**\n\
        - Job 1: job-1-alpha.md - ✓ complete\n- Job 2: job-2-beta.md - ⚠ skipped\n\
        - Job 10: job-10-gamma.md - ✓ complete\n\n\
        **Summary:**\n- Completed: 2\n- Skipped: 1\n- Failed: 0\n\n\
        **Status:** Partially complete - some jobs skipped/failed\n";
    user.enact(["report"]).success().says(expected);
    let log = user
        .git(["log", "--format=%s", "main..enact/r-test/integration"])
        .success();
    assert_eq!(
        log.stdout, "Write 10.txt\nWrite 1.txt\n",
        "in the order of their numbers"
    );
}

const SENDIT: &str = "# Plan: Greeter\n\n## Tasks\n\n### Task 1: One\n\n**Files**: `1.txt`\n**Action**: it\n**Verify**: `test -s 1.txt`\n\n\
    ### Task 2: Two\n\n**Files**: `2.txt`\n**Action**: it\n**Verify**: it looks right\n";

#[test]
fn a_sendit_plan_ends_with_the_block_its_users_know() {
    let user = User::new();
    user.write("specs/greeter/PLAN.md", SENDIT);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt w; claim done");
    let flags = ["--final-verify", "test -s 2.txt"];
    let output = user
        .run("specs/greeter/PLAN.md", &executor, &flags)
        .success();
    let commits =
        ["1", "2"].map(|id| user.task(id)["commit"].as_str().expect("a commit")[..7].to_owned());
    let expected = format!(
        "**Execution**: complete\n**Tasks completed**: 2/2\n**Commits**: {}\n**Test results**: all-pass\n",
        commits.join(", ")
    );
    output.says(&expected);
    user.enact(["report"])
        .success()
        .says(&expected)
        .says("**Proof in words only, which nothing ran**: 2");
}

#[test]
fn the_progress_of_a_sendit_plan_is_where_to_go_on() {
    let user = User::new();
    user.write("1.txt", "by hand\n");
    user.commit("One by hand");
    let done = user
        .git(["rev-parse", "HEAD"])
        .success()
        .stdout
        .trim()
        .to_owned();
    user.write("specs/g/PLAN.md", SENDIT);
    let progress = format!(
        "# Progress\n\n| # | Task | Status | Commit |\n|---|------|--------|--------|\n| 1 | One | done | {} |\n| 2 | Two | pending | |\n",
        &done[..8]
    );
    user.write("specs/g/PROGRESS.md", &progress);
    user.commit("Plan");
    let executor =
        user.executor("test $ENACT_TASK = 2 || exit 9; commit $ENACT_TASK.txt w; claim done");
    user.run("specs/g", &executor, &[]).success();
    let (one, two) = (user.task("1"), user.task("2"));
    assert_eq!(
        (&one["status"], &one["attempts"]),
        (&"done".into(), &0.into())
    );
    assert_eq!(one["commit"], done, "the commit it names, in full");
    assert_eq!(
        (&two["status"], &two["attempts"]),
        (&"done".into(), &1.into())
    );
}

#[test]
fn progress_that_git_contradicts_is_not_believed() {
    let user = User::new();
    user.write("specs/g/PLAN.md", SENDIT);
    user.git(["checkout", "--quiet", "-b", "aside"]).success();
    user.write("1.txt", "elsewhere\n");
    user.commit("One, but elsewhere");
    let aside = user.git(["rev-parse", "HEAD"]).success().stdout;
    user.git(["checkout", "--quiet", "main"]).success();
    for named in ["1234567", aside.trim()] {
        let progress = format!(
            "# Progress\n\n| # | Task | Status | Commit |\n|---|------|--------|--------|\n| 1 | One | done | {named} |\n| 2 | Two | done | — |\n"
        );
        user.write("specs/g/PLAN.md", SENDIT);
        user.write("specs/g/PROGRESS.md", &progress);
        let executor = user.executor("commit $ENACT_TASK.txt w; claim done");
        user.run("specs/g", &executor, &["--new"])
            .success()
            .complains(&format!("task 1 is marked done with {named}"))
            .complains("task 2 is marked done without a commit");
        assert_eq!(user.task("1")["attempts"], 1, "it is done again");
        assert_eq!(user.task("2")["attempts"], 0);
        user.enact(["clean", "--yes"]).success();
        user.git(["update-ref", "-d", "refs/enact/runs/r-test"])
            .success();
        user.git(["branch", "-qD", "enact/r-test/integration"])
            .success();
    }
}

#[test]
fn the_same_plan_goes_on_and_a_changed_one_is_refused_until_it_is_adopted() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 75; commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &[]).code(4);
    user.write("plan.toml", &PLAN.replace("Add the login", "Add a login"));
    let run = ["run", "plan.toml", "--yes", "--", &executor];
    user.enact(run).code(2).complains("git enact replan");
    let new = [
        "run",
        "plan.toml",
        "--yes",
        "--new",
        "--name",
        "other",
        "--",
        &executor,
    ];
    user.enact(new).code(4);
    user.write("plan.toml", PLAN);
    user.signal("go");
    user.enact(run)
        .success()
        .complains("run r-test of this plan is unfinished: resuming it");
    assert_eq!(user.enact(["list"]).success().stdout.lines().count(), 2);
}

#[test]
fn a_finished_plan_can_be_run_anew() {
    let user = finished();
    let executor = user.executor("commit $ENACT_TASK.txt again");
    user.enact(["run", "plan.toml", "--yes", "--", &executor])
        .success();
    assert_eq!(user.enact(["list"]).success().stdout.lines().count(), 2);
}

#[test]
fn commands_that_verify_know_what_they_verify() {
    let user = User::new();
    user.plan(
        r#"[plan]
title = "Names"
final_verify = ['test "$ENACT_RUN" = r-test && test -d "$ENACT_WORKTREE" && test -z "$ENACT_TASK"']

[[task]]
id = "a-1"
title = "Do it"
verify = [
    'test "$ENACT_RUN $ENACT_TASK $ENACT_ATTEMPT" = "r-test a-1 1"',
    'test "$(git rev-parse HEAD^)" = "$ENACT_BASE" && test "$PWD" = "$ENACT_WORKTREE"',
    'test "$(git rev-parse --absolute-git-dir)" = "$ENACT_GIT_DIR" && test -f "$ENACT_TASK_FILE"',
]
"#,
    );
    let executor = user.executor("commit work.txt work");
    user.run("plan.toml", &executor, &[]).success();
}

#[test]
fn the_demo_goes_where_it_is_told_and_nowhere_where_something_is() {
    let user = User::new();
    user.enact(["demo", "../shown"])
        .success()
        .says("git enact land --yes");
    assert!(user.outside("shown/greeter/README.md").exists());
    user.enact(["demo", "../shown"])
        .code(2)
        .complains("is not empty");
    user.enact(["demo", "."]).code(2).complains("is not empty");
}

#[test]
fn what_is_left_out_is_said_beforehand() {
    let user = User::new();
    user.plan(
        "[plan]\ntitle = \"Two\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"echo a\"\n[[task]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]\nrun = \"echo b\"\n",
    );
    let shown = user.enact(["run", "--only", "b", "--dry-run"]).success();
    let shown = shown
        .says("left out, as if they were done: a")
        .says("  b: echo b");
    assert!(!shown.stdout.contains("a: echo a"), "{shown}");
}

#[test]
fn an_executor_that_lacks_a_permission_is_told_from_one_that_is_not_there() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\n");
    user.write("agent.sh", "#!/bin/sh\n");
    let run = |program: &str| {
        user.enact(["run", "plan.toml", "--yes", "--", program])
            .code(2)
    };
    run("./agent.sh").complains("is not executable: `chmod +x ");
    run("./agnet.sh").complains("is no file that can be run");
}
