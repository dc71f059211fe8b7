//! What says how far a run is never takes the place of what is not ours: no link leads it elsewhere, nothing of git's is
//! touched, and a file that a person wrote or changed stays. The rest is said all the same.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::user::{Output, User};

const PHASES: &str = "# Greetings\n\n**Status:** Reviewed\n\n## Phases\n\n\
    ### Phase 1: Say hello\n**Principal Owner:** A\n**Dependencies:** None\n**Blast Radius:** `true`\n";
const PHASES_AT: &str = ".ai/plans/2026-02-03.greetings.md";
const TABLE: &str =
    "# Plan: Greetings\n\n### Task 1: Say hello\n**Files**: `1.txt`\n**Verify**: `true`\n";
const HOME: &str = ".workflow/active/WFS-greet";
const EXECUTOR: &str = "commit $ENACT_TASK.txt x";

/// A repository in which the plan `path` was run to its end and nothing is said of it yet.
fn ran(path: &str, text: &str) -> User {
    let user = User::new();
    user.write(path, text);
    user.commit("Plan");
    let executor = user.executor(EXECUTOR);
    user.run(path, &executor, &[]).success();
    user
}

/// The same for a session with one task.
fn ran_session() -> User {
    let user = User::new();
    user.write(
        &format!("{HOME}/TODO_LIST.md"),
        "# Tasks: Greetings\n\n- [ ] **IMPL-1**: Say hello → [📋](./.task/IMPL-1.json)\n",
    );
    let task = r#"{"id": "IMPL-1", "title": "Greet", "status": "pending", "meta": {"agent": "@code-developer"},
        "context": {"requirements": ["be kind"]}, "flow_control": {"target_files": ["IMPL-1.txt"]}}"#;
    user.write(&format!("{HOME}/.task/IMPL-1.json"), task);
    user.commit("Plan");
    let executor = user.executor(EXECUTOR);
    user.run(HOME, &executor, &[]).success();
    user
}

fn read(user: &User, path: &str) -> String {
    fs::read_to_string(user.path().join(path)).unwrap_or_default()
}

/// Makes a link in the checkout.
fn link(user: &User, path: &str, to: &str) {
    let path = user.path().join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    symlink(to, path).expect("a link");
}

fn export(user: &User) -> Output {
    user.enact(["export"]).success()
}

/// The details of phase 1, which a run writes today.
fn details(user: &User) -> PathBuf {
    let logs = fs::read_dir(user.path().join(".ai/logs")).expect("logs were written");
    let mut paths = logs.map(|entry| entry.expect("it can be listed").path());
    let is_wanted = |path: &PathBuf| path.ends_with("2026-01-02.greetings-phase-1-details.md");
    paths.find(is_wanted).expect("one is of the phase")
}

#[test]
fn a_file_that_is_to_be_made_is_not_written_through_a_link() {
    let log = ".ai/logs/2026-01-02.greetings-phase-1-details.md";
    for target in [
        "src/m.rs",
        ".git/config",
        ".git/hooks/post-commit",
        "new.rs",
    ] {
        let user = ran(PHASES_AT, PHASES);
        if target == "src/m.rs" {
            user.write(target, "fn m() {}\n");
        }
        let before = read(&user, target);
        link(&user, log, &format!("../../{target}"));
        export(&user)
            .complains(log)
            .complains("is a symbolic link: nothing is written there")
            .says(PHASES_AT);
        assert_eq!(read(&user, target), before, "{target}");
        assert!(
            read(&user, PHASES_AT).contains("- phase_1:\n"),
            "the rest is said"
        );
    }
}

#[test]
fn no_directory_that_is_a_link_leads_out_of_where_the_plan_lies() {
    for (place, target) in [
        (".ai/logs", "../src"),
        (".ai/logs", "../.git/hooks"),
        (".ai/logs", "../../elsewhere"),
    ] {
        let user = ran(PHASES_AT, PHASES);
        fs::create_dir_all(user.path().join("src")).expect("a directory");
        fs::create_dir_all(user.outside("elsewhere")).expect("a directory");
        link(&user, place, target);
        let at = user.path().join(place);
        let names = || fs::read_dir(&at).expect("a directory").count();
        let before = names();
        export(&user).complains("lies below a symbolic link: nothing is written there");
        assert_eq!(names(), before, "{target}");
    }
    let user = ran_session();
    link(&user, &format!("{HOME}/.summaries"), "../../../.git/info");
    link(&user, ".workflow/archives", "../.git/hooks");
    let hooks = fs::read_dir(user.path().join(".git/hooks"))
        .expect("hooks")
        .count();
    export(&user)
        .complains("IMPL-1-summary.md")
        .complains("manifest.json");
    assert!(!user.path().join(".git/info/IMPL-1-summary.md").exists());
    let now = fs::read_dir(user.path().join(".git/hooks"))
        .expect("hooks")
        .count();
    assert_eq!(now, hooks);
    let list = read(&user, &format!("{HOME}/TODO_LIST.md"));
    assert!(
        list.contains("- [x] **IMPL-1**"),
        "the rest is said: {list}"
    );
}

#[test]
fn nothing_is_written_at_or_below_a_git_directory_of_any_spelling() {
    for git in [".git", ".GIT", "vendor/.Git"] {
        let user = ran("specs/PLAN.md", TABLE);
        let table =
            "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Hello | pending | — |\n";
        user.write(&format!("{git}/table.md"), table);
        link(&user, "specs/PROGRESS.md", &format!("../{git}/table.md"));
        export(&user)
            .complains("specs/PROGRESS.md")
            .complains("is git's own: nothing is written there");
        assert_eq!(read(&user, &format!("{git}/table.md")), table);
    }
}

#[test]
fn a_plan_behind_a_link_in_the_checkout_is_marked_where_it_lies() {
    let user = User::new();
    user.write("docs/hello/PLAN.md", TABLE);
    let table = "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Hello | pending | — |\n";
    user.write("docs/table.md", table);
    link(&user, "docs/hello/PROGRESS.md", "../table.md");
    link(&user, "specs", "docs");
    user.commit("Plan");
    let executor = user.executor(EXECUTOR);
    user.run("specs/hello", &executor, &["--sync"]).success();
    assert!(read(&user, "docs/table.md").contains("| done |"));
    let meta = fs::symlink_metadata(user.path().join("docs/hello/PROGRESS.md")).expect("a link");
    assert!(meta.is_symlink(), "the link stays a link");
}

/// What a link in the repository leads to is not part of it: whoever reads a plan there did not ask for it to be changed.
#[test]
fn a_plan_that_a_link_has_outside_of_the_repository_is_not_written_there() {
    for (link_at, named, outside, names_link) in [
        ("PLAN.md", "PLAN.md", "elsewhere.md", "PLAN.md"),
        ("specs/hello", "specs/hello", "elsewhere", "specs/hello"),
        ("specs", "specs/hello/PLAN.md", "elsewhere", "specs"),
    ] {
        let user = User::new();
        let place = user.outside(outside);
        let plan = match outside.strip_suffix(".md") {
            Some(_) => place.clone(),
            None if named.ends_with(".md") => place.join("hello/PLAN.md"),
            None => place.join("PLAN.md"),
        };
        fs::create_dir_all(plan.parent().expect("a parent")).expect("a directory");
        let native = "### Task 1: Say hello\n**Files**: `1.txt`\n**Verify**: `true`\n";
        fs::write(&plan, native).expect("it is written");
        let table =
            "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Hello | pending | — |\n";
        let progress = plan.with_file_name("PROGRESS.md");
        fs::write(&progress, table).expect("it is written");
        link(&user, link_at, &place.to_string_lossy());
        user.commit("A link");
        let executor = user.executor(EXECUTOR);
        let told = format!(
            "`{names_link}` is a link to `{}`, outside of",
            place.canonicalize().expect("it is there").display()
        );
        let run = user.run(named, &executor, &["--sync"]).success();
        let told_at_once = run.stderr.matches("is a link to").count();
        let exported = export(&user);
        if outside.ends_with(".md") {
            // Its table would lie beside the link, and that is in the repository.
            assert!(read(&user, "PROGRESS.md").contains("| 1 | Say hello | done |"));
        } else {
            assert!(told_at_once >= 1, "{}", run.stderr);
            exported.complains(&told);
        }
        let now = fs::read_to_string(&progress).expect("it is there");
        assert_eq!(now, table, "{link_at}");
    }
    // Boxes in the plan's own text.
    let user = User::new();
    let place = user.outside("tasks.md");
    let boxes = "# Implementation Plan\n\n- [ ] 1. Say hello `1.txt`\n";
    fs::write(&place, boxes).expect("it is written");
    link(&user, ".kiro/specs/x/tasks.md", &place.to_string_lossy());
    user.commit("A link");
    let executor = user.executor(EXECUTOR);
    let line = format!(
        "warning: `.kiro/specs/x/tasks.md` is a link to `{}`, outside of `{}`: nothing is written there",
        place.canonicalize().expect("it is there").display(),
        user.path().canonicalize().expect("it is there").display()
    );
    user.run(".kiro/specs/x/tasks.md", &executor, &["--sync"])
        .success()
        .complains(&line);
    export(&user).complains(&line);
    assert_eq!(fs::read_to_string(&place).expect("it is there"), boxes);
}

#[test]
fn a_plan_that_is_named_by_its_bare_name_gets_its_table() {
    let user = User::new();
    user.write("PLAN.md", TABLE);
    user.commit("Plan");
    let executor = user.executor(EXECUTOR);
    let run = user.run("PLAN.md", &executor, &["--sync"]).success();
    assert!(!run.stderr.contains("absolute"), "{}", run.stderr);
    assert!(read(&user, "PROGRESS.md").contains("| 1 | Say hello | done |"));
    fs::remove_file(user.path().join("PROGRESS.md")).expect("it is removed");
    export(&user).says("PROGRESS.md");
    assert!(read(&user, "PROGRESS.md").contains("| 1 | Say hello | done |"));
}

#[test]
fn a_log_that_a_person_wrote_or_changed_stays() {
    let user = ran(PHASES_AT, PHASES);
    let usual = ".ai/logs/2026-01-02.plan-execution-log.md";
    let second = ".ai/logs/2026-01-02.greetings-plan-execution-log.md";
    let third = ".ai/logs/2026-01-02.greetings-r-test-plan-execution-log.md";
    user.write(usual, "**Run:** `r-test` is what I watched.\n");
    export(&user);
    assert_eq!(read(&user, usual), "**Run:** `r-test` is what I watched.\n");
    assert!(read(&user, second).contains("# Plan Execution Log"));
    let details = details(&user);
    let noted = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("text") + "\nMy own words.\n";
        fs::write(path, &text).expect("it is written");
        text
    };
    let (log, details_log) = (noted(&user.path().join(second)), noted(&details));
    user.enact(["revert", "1", "--yes"]).success();
    export(&user)
        .complains("greetings-phase-1-details.md` is not as git enact would have written it");
    assert_eq!(read(&user, second), log);
    assert_eq!(fs::read_to_string(&details).expect("text"), details_log);
    assert!(read(&user, third).contains("# Plan Execution Log"));
}

#[test]
fn a_log_that_nobody_touched_is_written_again() {
    let user = ran(PHASES_AT, PHASES);
    export(&user);
    let log = ".ai/logs/2026-01-02.plan-execution-log.md";
    assert!(read(&user, log).contains("SUCCESS"));
    // As git checks it out on some machines.
    user.write(log, &read(&user, log).replace('\n', "\r\n"));
    user.enact(["revert", "1", "--yes"]).success();
    export(&user);
    assert!(!read(&user, log).contains("SUCCESS"));
    let logs = fs::read_dir(user.path().join(".ai/logs"))
        .expect("logs")
        .count();
    assert_eq!(logs, 2, "one of the plan, one of the phase");
}

#[test]
fn what_is_no_text_is_never_replaced() {
    let user = ran_session();
    let summary = user.path().join(HOME).join(".summaries/IMPL-1-summary.md");
    let manifest = user.path().join(".workflow/archives/manifest.json");
    let bytes = b"[{\"session_id\": \"WFS-caf\xe9\"}]\n";
    for path in [&summary, &manifest] {
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("it is written");
    }
    export(&user)
        .complains("IMPL-1-summary.md` is not as git enact would have written it")
        .complains("manifest.json` is not as git enact would have written it");
    let archived = user
        .path()
        .join(".workflow/archives/WFS-greet/.summaries/IMPL-1-summary.md");
    assert_eq!(fs::read(archived).expect("it was moved along"), bytes);
    assert_eq!(fs::read(manifest).expect("it is there"), bytes);
}

#[test]
fn one_file_that_cannot_be_written_hinders_no_other() {
    let user = ran_session();
    let in_the_way = format!("{HOME}/.summaries/IMPL-1-summary.md/note");
    user.write(&in_the_way, "mine\n");
    export(&user).complains("IMPL-1-summary.md` is no regular file: it stays as it is");
    let archived = ".workflow/archives/WFS-greet";
    assert!(read(&user, &format!("{archived}/TODO_LIST.md")).contains("- [x] **IMPL-1**"));
    assert_eq!(read(&user, &in_the_way.replace(HOME, archived)), "mine\n");
    // What was written is known as ours, so that it is in nobody's way.
    user.enact(["land", "--yes"]).success();
}

#[test]
fn a_record_of_another_shape_is_left_as_it_is() {
    for record in [
        r#"{"specs": ["F001", "F002"], "mine": 1}"#,
        r#"{"overall": "good", "specs": {}}"#,
        r#"{"specs": {"F001": "soon"}}"#,
        "[1, 2",
    ] {
        let user = User::new();
        let list =
            "# Layered Tasks for F001\n\n## Layer 0: Base\n- [ ] Task: Install the `client`\n";
        user.write("specs/features/001-uploads/layered-tasks.md", list);
        user.commit("Spec");
        let executor = user.executor(EXECUTOR);
        user.run("specs/features/001-uploads", &executor, &[])
            .success();
        user.write(".claude/execution/execution.json", record);
        export(&user).complains("execution.json` is not as git enact would have written it");
        assert_eq!(read(&user, ".claude/execution/execution.json"), record);
        assert!(read(&user, "specs/features/001-uploads/layered-tasks.md").contains("- [x]"));
    }
}

#[test]
fn a_session_file_of_another_shape_is_left_as_it_is() {
    for session in [
        "[]",
        "null",
        "\"abc\"",
        r#"{"status": {"phase": "x", "note": "mine"}}"#,
    ] {
        let user = ran_session();
        user.write(&format!("{HOME}/workflow-session.json"), session);
        export(&user);
        let archived = ".workflow/archives/WFS-greet";
        let moved = user.path().join(archived).exists();
        let place = if moved { archived } else { HOME };
        assert_eq!(
            read(&user, &format!("{place}/workflow-session.json")),
            session
        );
    }
}

#[test]
fn what_a_claim_hides_is_spelled_out_in_logs_and_paths() {
    let user = User::new();
    user.write("pl\u{1b}[2J/.ai/plans/2026-02-03.greetings.md", PHASES);
    user.commit("Plan");
    let executor = user.executor(
        r#"commit 1.txt x; printf '{"status": "done", "notes": "one \\u001b[2J two \\u009b3J \\u202e end", "commit": "%s"}\n' "$(git rev-parse HEAD)""#,
    );
    user.run(
        "pl\u{1b}[2J/.ai/plans/2026-02-03.greetings.md",
        &executor,
        &[],
    )
    .success();
    let said = export(&user);
    let path = "pl\u{1b}[2J/.ai/logs/2026-01-02.greetings-phase-1-details.md";
    let log = read(&user, path);
    assert!(
        log.contains("one \\e[2J two \\u{9b}3J \\u{202e} end"),
        "{log}"
    );
    assert!(
        said.stdout.contains("pl\\e[2J/.ai/logs/"),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
}

/// Only the line of the task list is the task's; what people note of it elsewhere is theirs.
#[test]
fn boxes_of_a_task_among_the_notes_of_a_session_stay_as_they_are() {
    let user = User::new();
    let noted = "- [ ] **IMPL-1**: ask Ann\n\n### IMPL-1: later\n- [ ] look again\n";
    let list = |sign: &str| {
        format!(
            "# Tasks: Greetings\n\n## Blockers\n{noted}\n## Task Progress\n- [{sign}] **IMPL-1**: Say hello\n\n\
             ### Group 2\n- [ ] IMPL-2: Say goodbye\n\n## 📝 Notes\n{noted}\n### More\n{noted}"
        )
    };
    user.write(&format!("{HOME}/TODO_LIST.md"), &list(" "));
    user.write(
        &format!("{HOME}/workflow-session.json"),
        "{\"session_id\": \"WFS-greet\", \"status\": \"active\"}\n",
    );
    user.commit("Plan");
    let executor = user.executor("[ $ENACT_TASK = IMPL-1 ] || exit 1; commit $ENACT_TASK.txt x");
    user.run(HOME, &executor, &["--retries", "0"]).code(1);
    export(&user);
    let now = read(&user, &format!("{HOME}/TODO_LIST.md"));
    let now: Vec<&str> = now
        .lines()
        .filter(|line| !line.contains("Note (git enact)"))
        .collect();
    let wanted = list("x");
    assert_eq!(now, wanted.lines().collect::<Vec<_>>());
}

#[test]
fn checkpoints_that_have_no_place_in_a_plan_are_told() {
    let fence = "\n```yaml\n## Execution Checkpoints\nnot: [yaml\n```\n";
    let plan = format!("{PHASES}{fence}");
    let user = ran(PHASES_AT, &plan);
    export(&user)
        .complains(&format!(
            "`{PHASES_AT}` gets no checkpoints: below its line 12"
        ))
        .complains("in no code fence");
    assert!(read(&user, PHASES_AT).contains(fence), "it stays as it is");
}
