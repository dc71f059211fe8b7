//! Promise: what stands in the way of a run is told before it starts, with what to do about it, and refuses nothing.

use crate::support::user::User;

const PLAN: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n";

fn staged(plan: &str) -> (User, String) {
    let user = User::new();
    user.plan(plan);
    let executor = user.executor("commit w.txt w");
    (user, executor)
}

/// The names of the run's events, in order.
fn events(user: &User) -> Vec<String> {
    let format = "--format=%(trailers:key=Event,valueonly,separator=)";
    let log = user.git([
        "log",
        "--first-parent",
        "--reverse",
        format,
        "refs/enact/runs/r-test",
    ]);
    let names = log.stdout.lines().filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[test]
fn what_is_not_committed_is_told_and_left_alone() {
    let (user, executor) = staged(PLAN);
    user.write("README.md", "mine");
    user.write("w.txt", "new");
    user.write("notes.txt", "nobody asks for this");
    user.write("plan.toml", &format!("{PLAN}files = [\"w.txt\"]\n"));
    let output = user.run("plan.toml", &executor, &[]).success();
    output
        .complains(
            "note: not everything in your checkout is committed (README.md, w.txt): the run starts from",
        )
        .complains("nothing of your checkout is touched before `land`");
    assert_eq!(
        user.git(["status", "--short"]).stdout,
        " M README.md\n M plan.toml\n?? notes.txt\n?? w.txt\n"
    );
}

#[test]
fn a_program_that_is_not_there_is_told_with_what_needs_it() {
    let plan = format!(
        "{PLAN}verify = [\"no-such-check --all\"]\n[[task]]\nid = \"b\"\ntitle = \"Do b\"\nverify = [\"./made-by-a\", \"no-such-check\"]\n"
    );
    let (user, executor) = staged(&plan);
    let flags = ["--final-verify", "no-such-suite all", "--dry-run"];
    user.run("plan.toml", &executor, &flags)
        .success()
        .says("note: `no-such-suite all`, which verifies the whole, cannot run: nothing here is called `no-such-suite`; install")
        .says("note: nothing here is called `no-such-check`, by which tasks a, b are to be verified; install");
}

#[test]
fn the_base_is_proven_before_anything_starts() {
    let (user, executor) = staged(PLAN);
    user.run(
        "plan.toml",
        &executor,
        &["--final-verify", "test -e plan.toml"],
    )
    .success()
    .complains("passes what is to prove the whole");
    let told = events(&user);
    assert_eq!(
        told[..3],
        ["started", "verified", "attempt-started"],
        "{told:?}"
    );
}

#[test]
fn a_base_that_fails_is_told_and_refuses_nothing() {
    let (user, executor) = staged(PLAN);
    user.run("plan.toml", &executor, &["--final-verify", "test -e w.txt"])
        .success()
        .complains("fails already: `test -e w.txt` (exit 1)");
    assert_eq!(user.status()["run"]["status"], "complete");
}

#[test]
fn a_plan_that_begins_with_a_design_needs_no_sound_base() {
    let (user, executor) = staged(&format!("{PLAN}kind = \"design\"\n"));
    user.run("plan.toml", &executor, &["--final-verify", "test -e w.txt"])
        .success();
    assert_eq!(events(&user)[..2], ["started", "attempt-started"]);
}

#[test]
fn nothing_is_looked_at_when_it_is_not_wanted() {
    let (user, executor) = staged(PLAN);
    user.write("README.md", "mine");
    let flags = ["--no-preflight", "--final-verify", "test -e w.txt"];
    let output = user.run("plan.toml", &executor, &flags).success();
    assert!(!output.stderr.contains("note:"), "{output}");
    assert_eq!(events(&user)[..2], ["started", "attempt-started"]);
}

#[test]
fn skills_are_shown_before_the_start_and_passed_on() {
    let user = User::new();
    user.write("enact.toml", "skills = [\"house-style\"]\n");
    user.write(
        ".ai/plans/cli.md",
        "# Plan: A tool\n\n**Status:** Reviewed\n\nUse the rust-testing skill throughout.\n\n## Phases\n\n\
         ### Phase 1: Arguments\n\n**Owner:** Rust Developer\n\n**Dependencies:** None\n\n\
         **Description:** Read the command line.\n\n**Blast Radius:** `true`\n\n**Files to create:**\n- `w.txt`\n\n\
         **Acceptance Criteria:**\n- [ ] It is read\n",
    );
    user.write(".claude/agents/tester.md", "tests\n");
    user.commit("Plan");
    let executor = user.executor("cp \"$ENACT_TASK_FILE\" \"$HOME/../package\"; commit w.txt w");
    user.run(".ai/plans/cli.md", &executor, &["--hint", "use the clap skill"])
        .success()
        .complains("skills asked for: house-style, clap (command lines), rust-testing (tests of Rust code)")
        .complains("skills called for by who is to do it: rust-logging (logs and traces of Rust programs), rust-devops")
        .complains("note: Rust Developer has no file in `.claude/agents`; describe it in `.claude/agents/rust-developer.md`");
    let package: serde_json::Value =
        serde_json::from_str(&user.noted("package")).expect("it is JSON");
    assert_eq!(
        package["skills"],
        serde_json::json!([
            "house-style",
            "clap",
            "rust-testing",
            "rust-logging",
            "rust-devops"
        ])
    );
}

#[test]
fn the_proof_of_the_base_says_nothing_of_what_is_made_of_it() {
    let plan = format!("{PLAN}[[task]]\nid = \"b\"\ntitle = \"Do b\"\n");
    let user = User::new();
    user.plan(&plan);
    let executor = user.executor("test $ENACT_TASK = a && commit w.txt w");
    let flags = [
        "--sequential",
        "--retries",
        "0",
        "--final-verify",
        "test ! -e w.txt",
    ];
    user.run("plan.toml", &executor, &flags)
        .code(3)
        .says("**Test results**: not verified yet");
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    assert!(report.contains("\"verified\":null"), "{report}");
    user.enact(["land", "--yes"])
        .success()
        .complains("1 of 2 tasks done, and the whole was not verified");
}
