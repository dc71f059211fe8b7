//! A run that says in the plan's own files how far it is has changed the checkout before it lands. Those marks are in
//! nobody's way, and what a person did in the same files is never lost.

use std::fs;

use serde_json::json;

use crate::support::user::User;

const PLAN: &str = "# Plan: Greetings\n\n\
    ### Task 1: Say hello\n**Files**: `1.txt`\n**Verify**: `true`\n\n\
    ### Task 2: Say it again\n**Files**: `2.txt`\n**Verify**: `true`\n";
const TABLE: &str = "| # | Task | Status | Commit |\n|---|---|---|---|\n\
    | 1 | Say hello | pending | — |\n| 2 | Say it again | pending | — |\n";
const PROGRESS: &str = "specs/hello/PROGRESS.md";
const SESSION: &str = ".workflow/active/WFS-greet";
const ARCHIVED: &str = ".workflow/archives/WFS-greet";

/// Ways to say how far a run is.
const WAYS: [&[&str]; 3] = [
    &["--sync"],
    &["--commit-progress"],
    &["--sync", "--commit-progress"],
];
/// Ways to land.
const MEANS: [&[&str]; 3] = [&[], &["--merge"], &["--squash"]];

fn user(table: Option<&str>) -> User {
    let user = User::new();
    user.write("specs/hello/PLAN.md", PLAN);
    if let Some(table) = table {
        user.write(PROGRESS, table);
    }
    user.commit("Plan");
    user
}

fn session() -> User {
    let user = User::new();
    let list = "# Tasks: Greetings\n\n- [ ] **IMPL-1**: Say hello → [📋](./.task/IMPL-1.json)\n";
    user.write(&format!("{SESSION}/TODO_LIST.md"), list);
    let task = json!({"id": "IMPL-1", "title": "Say hello", "status": "pending", "meta": {},
        "context": {"requirements": ["be kind"]}, "flow_control": {}});
    user.write(
        &format!("{SESSION}/.task/IMPL-1.json"),
        &format!("{task}\n"),
    );
    user.commit("Plan");
    user
}

fn read(user: &User, path: &str) -> String {
    fs::read_to_string(user.path().join(path)).unwrap_or_default()
}

fn status(user: &User) -> String {
    user.git(["status", "--porcelain"]).success().stdout
}

fn run(user: &User, plan: &str, way: &[&str]) {
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(plan, &executor, way).success();
}

fn land(user: &User, means: &[&str]) -> crate::support::user::Output {
    user.enact(["land", "--yes"].iter().chain(means))
}

#[test]
fn marks_that_we_made_are_in_nobodys_way() {
    for (way, means) in WAYS.iter().zip(MEANS).chain(WAYS.iter().rev().zip(MEANS)) {
        for table in [None, Some(TABLE)] {
            let user = user(table);
            user.write("mine.txt", "mine\n");
            run(&user, "specs/hello", way);
            land(&user, means).success();
            assert_eq!(read(&user, "2.txt"), "x\n", "{way:?} {means:?}");
            let text = read(&user, PROGRESS);
            assert!(
                text.contains("| 2 | Say it again | done"),
                "{way:?} {means:?}: {text}"
            );
            let left = status(&user);
            let is_committed = way.contains(&"--commit-progress");
            assert_eq!(
                left.contains("PROGRESS.md"),
                !is_committed,
                "{way:?} {means:?}: {left}"
            );
            assert!(left.contains("?? mine.txt"), "{left}");
        }
    }
}

#[test]
fn what_landed_in_one_commit_is_not_done_again_when_the_plan_grows() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--commit-progress"]);
    land(&user, &["--squash"]).success();
    let more = format!("{PLAN}\n### Task 3: Say goodbye\n**Files**: `3.txt`\n**Verify**: `true`\n");
    user.write("specs/hello/PLAN.md", &more);
    user.commit("Plan more");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let again = [
        "run",
        "specs/hello",
        "--yes",
        "--name",
        "r-more",
        "--",
        &executor,
    ];
    let told = user.enact(again).success().stderr;
    assert!(!told.contains("done again"), "{told}");
    let made = ["log", "--format=%s", "main..enact/r-more/integration"];
    let made = user.git(made).success().stdout;
    assert_eq!(made, "Write 3.txt\n");
}

#[test]
fn a_branch_that_moved_on_is_merged_all_the_same() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--sync", "--commit-progress"]);
    user.write("other.txt", "other\n");
    user.git(["add", "other.txt"]).success();
    user.git(["commit", "--quiet", "--message=Other"]).success();
    land(&user, &[]).success();
    assert_eq!(status(&user), "");
    assert!(read(&user, PROGRESS).contains("| 2 | Say it again | done"));
}

#[test]
fn what_a_person_wrote_into_the_same_file_is_never_lost() {
    let before_and_after = [(true, false), (false, true)];
    for (before, after) in before_and_after {
        for table in [None, Some(TABLE)] {
            let user = user(table);
            let mine = format!("{TABLE}\nMine.\n");
            if before {
                user.write(PROGRESS, &mine);
            }
            run(&user, "specs/hello", &["--sync", "--commit-progress"]);
            if after {
                user.write(PROGRESS, &format!("{}\nMine.\n", read(&user, PROGRESS)));
            }
            let (text, left) = (read(&user, PROGRESS), status(&user));
            assert!(text.contains("Mine."), "{text}");
            let refused = land(&user, &[]).code(2);
            let line = "nothing was landed: `specs/hello/PROGRESS.md` is changed in your checkout";
            assert!(refused.stderr.contains(line), "{refused:?}");
            assert_eq!((read(&user, PROGRESS), status(&user)), (text, left));
            assert_eq!(read(&user, "2.txt"), "", "nothing has landed");
            user.git(["stash", "--include-untracked", "--quiet"])
                .success();
            land(&user, &[]).success();
        }
    }
}

#[test]
fn a_file_that_holds_what_lands_is_not_in_the_way() {
    let user = user(None);
    run(&user, "specs/hello", &[]);
    user.write("1.txt", "x\n");
    user.write("2.txt", "y\n");
    land(&user, &[])
        .code(2)
        .complains("`2.txt` is changed in your checkout");
    assert_eq!(
        (read(&user, "1.txt"), read(&user, "2.txt")),
        ("x\n".into(), "y\n".into())
    );
    user.write("2.txt", "x\n");
    land(&user, &[]).success();
    assert_eq!(status(&user), "");
}

#[test]
fn a_session_that_was_archived_lands_and_is_found_afterwards() {
    for (way, means) in WAYS.iter().zip(MEANS).chain(WAYS.iter().rev().zip(MEANS)) {
        let user = session();
        run(&user, SESSION, way);
        land(&user, means).success();
        let shown = format!("{way:?} {means:?}");
        assert!(!user.path().join(SESSION).exists(), "{shown}");
        let list = read(&user, &format!("{ARCHIVED}/TODO_LIST.md"));
        assert!(list.contains("- [x] **IMPL-1**"), "{shown}: {list}");
        let left = status(&user);
        if way.contains(&"--commit-progress") {
            assert_eq!(left, "", "{shown}");
        }
        user.enact(["export"]).success().complains("say so already");
        assert_eq!(status(&user), left, "{shown}");
        user.enact(["status"]).success();
        user.enact(["report"]).success();
        user.enact(["resume"]).success();
        user.enact(["replan", "--dry-run"]).success();
        let branch = user.git(["log", "-1", "--format=%H"]).success().stdout;
        land(&user, means).success();
        let again = user.git(["log", "-1", "--format=%H"]).success().stdout;
        assert_eq!(branch, again, "{shown}: landing twice is landing once");
    }
}

#[test]
fn directories_without_files_that_git_left_behind_are_no_session() {
    let user = session();
    let empty = user.path().join(SESSION).join(".summaries");
    fs::create_dir_all(&empty).expect("a directory");
    run(&user, SESSION, &["--commit-progress"]);
    land(&user, &[]).success();
    assert!(empty.is_dir(), "it is the user's");
    user.enact(["export"]).success().complains("say so already");
    user.enact(["report"]).success();
}

#[test]
fn what_a_person_changed_in_an_archived_session_is_never_lost() {
    let user = session();
    user.write(&format!("{SESSION}/IMPL_PLAN.md"), "# Plan\n");
    user.commit("More");
    user.write(&format!("{SESSION}/IMPL_PLAN.md"), "# Plan\n\nMine.\n");
    run(&user, SESSION, &["--sync", "--commit-progress"]);
    let moved = format!("{ARCHIVED}/IMPL_PLAN.md");
    assert_eq!(read(&user, &moved), "# Plan\n\nMine.\n");
    land(&user, &[]).code(2).complains(&format!("`{moved}`"));
    assert_eq!(read(&user, &moved), "# Plan\n\nMine.\n");
}

#[test]
fn marks_are_put_back_when_something_else_is_in_the_way() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--sync", "--commit-progress"]);
    user.write("1.txt/mine.txt", "mine\n");
    let (text, left) = (read(&user, PROGRESS), status(&user));
    assert!(text.contains("| 2 | Say it again | done"), "{text}");
    land(&user, &[]).code(2).complains("nothing was landed");
    assert_eq!((read(&user, PROGRESS), status(&user)), (text, left));
}

#[test]
fn one_run_goes_on_from_the_marks_of_another() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--sync", "--only", "1"]);
    land(&user, &[]).success();
    assert!(status(&user).contains("M specs/hello/PROGRESS.md"));
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let args = [
        "run",
        "specs/hello",
        "--yes",
        "--new",
        "--name",
        "again",
        "--sync",
    ];
    let rest = ["--commit-progress", "--", executor.as_str()];
    user.enact(args.iter().chain(&rest)).success();
    user.enact(["land", "again", "--yes"]).success();
    assert_eq!(status(&user), "");
    assert!(read(&user, PROGRESS).contains("| 2 | Say it again | done"));
}

#[test]
fn what_a_person_saves_while_it_lands_is_kept_with_ours_beside_it() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--sync", "--commit-progress"]);
    let marks = read(&user, PROGRESS);
    let saved = user.path().join(PROGRESS);
    // Git is in the middle of it, and goes no further.
    let save = user.script(
        "save",
        &format!("echo Mine. > '{}'; exit 1", saved.display()),
    );
    user.write(".git/info/attributes", "1.txt filter=late\n");
    user.git(["config", "filter.late.smudge", &save]).success();
    user.git(["config", "filter.late.required", "true"])
        .success();
    land(&user, &[])
        .code(2)
        .complains("nothing was landed")
        .complains("what it was lies in");
    assert_eq!(read(&user, PROGRESS), "Mine.\n");
    assert_eq!(read(&user, &format!("{PROGRESS}.set-aside")), marks);
}

#[test]
fn marks_that_a_killed_landing_set_aside_are_put_back_by_the_next() {
    let user = user(Some(TABLE));
    run(&user, "specs/hello", &["--sync", "--commit-progress"]);
    let (marks, left) = (read(&user, PROGRESS), status(&user));
    let kill = || {
        let mut command = user.enact_command(["land", "--yes"]);
        command.env("ENACT_CRASH_AT", "step:marks-set-aside");
        let killed = command.output().expect("it starts");
        assert!(!killed.status.success());
        assert_eq!(read(&user, PROGRESS), "", "they are away");
    };
    kill();
    user.write("1.txt", "mine\n");
    land(&user, &[])
        .code(2)
        .complains("`specs/hello/PROGRESS.md` is back")
        .complains("`1.txt` is changed");
    fs::remove_file(user.path().join("1.txt")).expect("it is moved away");
    assert_eq!(
        (read(&user, PROGRESS), status(&user)),
        (marks.clone(), left)
    );
    kill();
    user.write(PROGRESS, "Mine.\n");
    land(&user, &[])
        .code(2)
        .complains("what it was lies in")
        .complains("`specs/hello/PROGRESS.md` is changed");
    assert_eq!(read(&user, PROGRESS), "Mine.\n");
    assert_eq!(read(&user, &format!("{PROGRESS}.set-aside")), marks);
    fs::remove_file(user.path().join(format!("{PROGRESS}.set-aside"))).expect("it was read");
    user.write(PROGRESS, &marks);
    kill();
    land(&user, &[]).success();
    assert_eq!(status(&user), "");
}

#[test]
fn marks_are_known_by_what_git_makes_of_line_ends() {
    let by_setting = |user: &User| {
        user.git(["config", "core.autocrlf", "true"]).success();
    };
    let by_attribute = |user: &User| user.write(".gitattributes", "*.md text eol=crlf\n");
    let ways: [&dyn Fn(&User); 2] = [&by_setting, &by_attribute];
    for set in ways {
        let user = User::new();
        set(&user);
        user.write("specs/hello/PLAN.md", &PLAN.replace('\n', "\r\n"));
        user.write(PROGRESS, &TABLE.replace('\n', "\r\n"));
        user.commit("Plan");
        assert_eq!(user.at("main", PROGRESS), TABLE);
        run(&user, "specs/hello", &["--sync", "--commit-progress"]);
        assert!(status(&user).contains("M specs/hello/PROGRESS.md"));
        land(&user, &[]).success();
        assert_eq!(status(&user), "");
        assert!(read(&user, PROGRESS).contains("| 2 | Say it again | done"));
    }
}

#[test]
fn what_the_last_commit_says_of_a_run_an_export_says_as_well() {
    const PHASES: &str = ".ai/plans/2026-01-02.x.md";
    let phase = |n: usize| {
        format!(
            "## Phase {n}: Do it\n\n**Principal Owner:** a\n**Dependencies:** None\n**Status:** Pending\n\n"
        )
    };
    let text = format!("# X\n\n**Status:** Reviewed\n\n{}{}", phase(1), phase(2));
    let user = User::new();
    user.write(PHASES, &text);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(PHASES, &executor, &["--commit-progress"])
        .success();
    user.enact(["land", "--yes"]).success();
    user.enact(["export"]).success();
    assert_eq!(status(&user), "", "{}", user.git(["diff"]).success().stdout);
    assert_eq!(read(&user, PHASES).matches("completed_at").count(), 2);
}
