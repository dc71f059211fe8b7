//! A plan's own files can say how far its run is. Only marks change in what people wrote, nothing is written where it
//! does not belong, and a plan that a run has marked is still the plan of that run.

use std::fs;

use crate::support::user::{Output, User};

const PLAN: &str = "# Plan: Greetings\n\n\
    ### Task 1: Say hello\n**Files**: `1.txt`\n**Verify**: `true`\n\n\
    ### Task 2: Say | it again\n**Files**: `2.txt`\n**Verify**: `true`\n\n\
    ### Task 3: Say goodbye\n**Files**: `3.txt`\n**Verify**: `true`\n";

fn user() -> User {
    let user = User::new();
    user.write("specs/hello/PLAN.md", PLAN);
    user.commit("Plan");
    user
}

fn progress(user: &User) -> String {
    fs::read_to_string(user.path().join("specs/hello/PROGRESS.md")).unwrap_or_default()
}

/// The first eight characters of the commit of a task.
fn hash(user: &User, task: &str) -> String {
    let commit = user.task(task)["commit"]
        .as_str()
        .expect("a commit")
        .to_owned();
    commit[..8].to_owned()
}

#[test]
fn what_was_never_said_is_said_in_a_new_file() {
    let user = user();
    let executor = user.executor("[ $ENACT_TASK != 3 ] || exit 1; commit $ENACT_TASK.txt x");
    user.run(
        "specs/hello",
        &executor,
        &["--retries", "0", "--on-failure", "skip"],
    )
    .code(1);
    assert_eq!(
        progress(&user),
        "",
        "nothing is written before it is asked for"
    );
    user.enact(["export"])
        .success()
        .says("specs/hello/PROGRESS.md");
    let text = progress(&user);
    for row in [
        format!("| 1 | Say hello | done | {} |", hash(&user, "1")),
        format!("| 2 | Say \\| it again | done | {} |", hash(&user, "2")),
        "| 3 | Say goodbye | failed | — |".to_owned(),
    ] {
        assert!(text.contains(&row), "{row} in {text}");
    }
    user.enact(["export"]).success().complains("say so already");
    assert_eq!(progress(&user), text);
    // What was written is what the next reading finds.
    user.enact(["check", "specs/hello", "--json"])
        .success()
        .says("\"status\":\"done\"");
}

#[test]
fn in_a_table_that_a_person_keeps_only_cells_change() {
    let user = user();
    let table = "# Progress\r\n\r\nOurs — 進捗 ✅.\r\n\r\n\
        | # | Task | Notas | Status | Commit |\r\n|---|---|---|---|---|\r\n\
        | 1 | Hello | _bien_ | ⬜ Pending | — |\r\n\
        | 02 | Again \\| again | `a|b` |  | - |\r\n\
        | 3 | Bye |  | `pending`  | n/a |\r\n\r\nEnd, without a newline";
    user.write("specs/hello/PROGRESS.md", table);
    user.commit("Table");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--only", "1,2"])
        .success();
    user.enact(["export"]).success();
    let expected = table
        .replace("⬜ Pending | —", &format!("done | {}", hash(&user, "1")))
        .replace(
            "`a|b` |  | -",
            &format!("`a|b` | done | {}", hash(&user, "2")),
        );
    let text = progress(&user);
    let plain = |text: &str| text.replace(' ', "");
    assert_eq!(
        plain(&text),
        plain(&expected),
        "the row that was not selected stays"
    );
}

#[test]
fn while_it_goes_on_the_files_follow_and_stay_the_plan_of_the_run() {
    let user = user();
    let executor = user.executor(
        "[ $ENACT_TASK != 2 ] || { signal begun; wait_for go; }; commit $ENACT_TASK.txt x",
    );
    let driver = user.start_run("specs/hello", &executor, &["--sync"]);
    user.wait_for("begun");
    user.enact(["stop"]).success();
    user.signal("go");
    driver.end().code(4);
    let text = progress(&user);
    assert!(text.contains("| 2 | Say \\| it again | done |"), "{text}");
    assert!(text.contains("| 3 | Say goodbye | pending | — |"), "{text}");
    // The plan has a file more than when the run began, and is the same plan.
    user.enact(["run", "specs/hello", "--yes"])
        .success()
        .complains("is unfinished: resuming it");
    assert!(progress(&user).contains("| 3 | Say goodbye | done |"));
    user.enact(["revert", "3", "--yes"]).success();
    user.enact(["export"]).success();
    assert!(progress(&user).contains("| 3 | Say goodbye | pending | — |"));
}

#[test]
fn an_edited_plan_is_no_marked_plan() {
    let user = user();
    let executor = user.executor("[ $ENACT_TASK != 2 ] || exit 1; commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--retries", "0"])
        .code(3);
    user.enact(["export"]).success();
    user.write("specs/hello/PLAN.md", &PLAN.replace("goodbye", "farewell"));
    user.enact(["run", "specs/hello", "--yes", "--", &executor])
        .code(2)
        .complains("replan");
}

#[test]
fn nothing_is_written_outside_of_the_repository_or_into_what_cannot_be_read() {
    let user = user();
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &[]).success();
    let outside = user.outside("elsewhere.md");
    let mine = "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Hello | pending | — |\n";
    fs::write(&outside, mine).expect("it is written");
    let link = user.path().join("specs/hello/PROGRESS.md");
    std::os::unix::fs::symlink(&outside, &link).expect("a link");
    user.enact(["export"])
        .success()
        .complains("nothing is written there");
    assert_eq!(fs::read_to_string(&outside).expect("text"), mine);
    fs::remove_file(&link).expect("it is removed");
    user.write(
        "specs/hello/PLAN.md",
        "### Task 1: Say hello\n```sh\nnever closed\n",
    );
    user.enact(["export"])
        .code(2)
        .complains("specs/hello/PLAN.md:2:1");
    assert_eq!(progress(&user), "");
}

#[test]
fn the_run_can_end_with_one_commit_that_says_it_whatever_happens_then() {
    for moment in [
        "",
        "step:progress-committed",
        "written:finished",
        "recorded:finished",
        "followed:finished",
    ] {
        let user = user();
        let executor = user.executor("commit $ENACT_TASK.txt x");
        let mut args = vec!["run", "specs/hello", "--yes", "--name", "r-test"];
        args.extend([
            "--final-verify",
            "true",
            "--commit-progress",
            "--",
            &executor,
        ]);
        let mut command = user.enact_command(args);
        command.env("ENACT_CRASH_AT", moment);
        let output = Output::of(&mut command);
        if moment.is_empty() {
            output.success();
        } else {
            output.code(134);
            user.enact(["resume", "--yes"]).success();
        }
        let branch = "enact/r-test/integration";
        let log = user.git(["log", "--format=%s", branch]).success().stdout;
        let subjects: Vec<&str> = log.lines().collect();
        let tasks = ["Write 3.txt", "Write 2.txt", "Write 1.txt", "Plan", "Begin"];
        assert_eq!(subjects[0], "Update progress of Greetings", "{moment}");
        assert_eq!(subjects[1..], tasks, "{moment}");
        let text = user.at(branch, "specs/hello/PROGRESS.md");
        assert!(text.contains("| 3 | Say goodbye | done |"), "{text}");
        assert_eq!(progress(&user), "", "the checkout is nobody's business");
        assert!(!user.outside("repo.enact").join("r-test/progress").exists());
        user.enact(["doctor"]).success();
        user.enact(["resume", "--yes"]).success();
        assert_eq!(
            user.git(["log", "--format=%s", branch]).stdout,
            log,
            "nothing more to say"
        );
        user.enact(["land", "--yes"]).success();
        assert_eq!(progress(&user), text);
    }
}

#[test]
fn what_is_undone_later_is_said_again_by_the_next_end() {
    let user = user();
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--commit-progress"])
        .success();
    user.enact(["revert", "2", "--yes"]).success();
    user.enact(["retry", "2"]).success();
    user.enact(["resume", "--yes"]).success();
    let text = user.at("enact/r-test/integration", "specs/hello/PROGRESS.md");
    let row = format!("| 2 | Say \\| it again | done | {} |", hash(&user, "2"));
    assert!(text.contains(&row), "{row} in {text}");
}

#[test]
fn a_plan_that_is_not_on_the_branch_is_told_of_and_left_alone() {
    let user = User::new();
    user.write("specs/hello/PLAN.md", PLAN);
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--commit-progress"])
        .success()
        .complains("is not on the run's branch");
    let log = user.git(["log", "--format=%s", "-1", "enact/r-test/integration"]);
    assert_eq!(log.success().stdout.trim(), "Write 3.txt");
}

#[test]
fn a_run_that_has_nothing_to_commit_of_its_progress_says_so() {
    let user = user();
    user.write(".gitignore", "PROGRESS.md\n");
    user.commit("Progress is nobody's business");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--commit-progress"])
        .success()
        .complains("no commit says how far the run came");
}

#[test]
fn a_native_plan_says_it_below_the_id_of_each_task() {
    let user = User::new();
    let plan = "[plan]\r\ntitle = \"Grüße 👋\"\r\n[[task]]\r\ntitle = \"One\"\r\nid = \"a\" # first\r\n\r\n\
        [[task]]\r\nid = \"b\"\r\nstatus = \"in_progress\"\r\ntitle = \"Two\"";
    user.write("plan.toml", plan);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let marked = || fs::read_to_string(user.path().join("plan.toml")).expect("text");
    user.run("plan.toml", &executor, &["--sync"]).success();
    let commit = |task: &str| {
        user.task(task)["commit"]
            .as_str()
            .expect("a commit")
            .to_owned()
    };
    let done = |task: &str| format!("status = \"done\"\r\ncommit = \"{}\"\r\n", commit(task));
    let expected = plan
        .replace("# first\r\n", &format!("# first\r\n{}", done("a")))
        .replace("status = \"in_progress\"\r\n", &done("b"));
    assert_eq!(marked(), expected);
    user.enact(["check", "plan.toml"]).success().says("[done");
    user.enact(["resume"]).success();
    let undone = done("b");
    user.enact(["revert", "b", "--yes"]).success();
    user.enact(["export"]).success();
    assert_eq!(marked(), expected.replace(&undone, ""));
}

#[test]
fn a_plan_of_which_nothing_is_left_to_do_starts_no_run_and_names_what_has_not_landed() {
    let user = User::new();
    user.write(
        "specs/001-x/tasks.md",
        "# Tasks: X\n\n## Phase 1: Setup\n\n- [ ] T001 Say one\n- [ ] T002 Say two\n",
    );
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/001-x", &executor, &[]).success();
    user.enact(["export"]).success();
    let again = ["run", "specs/001-x", "--yes", "--", executor.as_str()];
    let settled = user.enact(again).success();
    assert_eq!(
        settled.stdout,
        "nothing of `specs/001-x` is left to do, and no run starts; run r-test of it has not landed: git enact land r-test\n"
    );
    let only = [
        "run",
        "specs/001-x",
        "--yes",
        "--new",
        "--only",
        "T001",
        "--",
        executor.as_str(),
    ];
    user.enact(only).success().says("git enact land r-test");
    let runs = user.git(["for-each-ref", "--format=%(refname)", "refs/enact/runs"]);
    assert_eq!(runs.success().stdout, "refs/enact/runs/r-test\n");
    user.enact(["land", "r-test", "--yes"]).success();
    user.enact(["export", "r-test"]).success();
    let settled = user.enact(again).success();
    assert_eq!(
        settled.stdout,
        "nothing of `specs/001-x` is left to do, and no run starts\n"
    );
}

#[test]
fn a_run_that_has_nothing_of_its_own_is_not_told_to_be_landed() {
    let user = User::new();
    user.plan(
        "[plan]\ntitle = \"Two\"\n[[task]]\nid = \"a\"\nstatus = \"done\"\n[[task]]\nid = \"b\"\n",
    );
    let flags = ["--retries", "0", "--on-failure", "skip"];
    let ended = user.run("plan.toml", &user.executor("exit 1"), &flags);
    let shown = user.enact(["status"]).success();
    shown.clone().says("partial");
    for output in [ended.code(1), shown] {
        let said = output.to_string();
        assert!(!said.contains("git enact land"), "{said}");
    }
    user.enact(["land", "--yes"])
        .code(2)
        .complains("has integrated nothing yet");
}

#[test]
fn what_was_written_is_named_without_detours() {
    let user = user();
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &[]).success();
    let path = user.path();
    let detour = path.join("specs/../specs/./hello/..");
    let shown = user.enact(["-C", &detour.to_string_lossy(), "export"]);
    let real = path.join("specs/hello/PROGRESS.md");
    assert_eq!(shown.success().stdout, format!("{}\n", real.display()));
}

/// The marks in a Kiro list after an export.
fn boxes(user: &User, list: &str) -> String {
    user.enact(["export"]).success();
    fs::read_to_string(user.path().join(list)).expect("the list")
}

#[test]
fn no_task_is_marked_by_what_became_of_one_that_had_its_place() {
    let user = User::new();
    let list = ".kiro/specs/greeting/tasks.md";
    user.write(list, "- [ ] Greet in a file\n- [ ] Greet in another\n");
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(list, &executor, &["--only", "1.1"]).success();
    let edited = "- [ ] Say nothing yet\n- [ ] Greet in a file\n- [ ] Greet in another\n";
    user.write(list, edited);
    user.enact(["export"])
        .success()
        .complains("task 1.1 is `Say nothing yet` in the plan now, and the run knows it as `Greet in a file`")
        .complains("`git enact replan` takes up an edited plan");
    assert_eq!(boxes(&user, list), edited);
    user.write(list, "- [ ] Greet in a file\n- [ ] Greet in another\n");
    assert_eq!(
        boxes(&user, list),
        "- [x] Greet in a file\n- [ ] Greet in another\n"
    );
}

#[test]
fn what_a_person_says_of_a_task_stays_until_the_run_begins_it() {
    let user = User::new();
    let list = ".kiro/specs/greeting/tasks.md";
    user.write(list, "- [ ] 1. Greet\n- [-] 2. Greet again\n");
    user.write(
        ".taskmaster/tasks/tasks.json",
        r#"{"master": {"tasks": [
  {"id": 1, "title": "Greet", "status": "pending", "dependencies": []},
  {"id": 2, "title": "Greet again", "status": "review", "dependencies": []}
]}}"#,
    );
    user.commit("Plans");
    let executor = user.executor("[ $ENACT_TASK = 1 ] && exit 1; commit $ENACT_TASK.txt x");
    let flags = ["--retries", "0", "--on-failure", "stop", "--jobs", "1"];
    user.run(list, &executor, &flags).code(3);
    assert!(boxes(&user, list).ends_with("- [-] 2. Greet again\n"));
    user.enact(["skip", "1"]).success();
    user.enact(["resume", "--yes"]).code(1);
    assert!(boxes(&user, list).ends_with("- [x] 2. Greet again\n"));
    let tasks = ".taskmaster/tasks/tasks.json";
    let flags = [&flags[..], &["--name", "r-tasks", "--", &executor]].concat();
    let run = [&["run", tasks, "--yes"], &flags[..]].concat();
    user.enact(run).code(3);
    user.enact(["export", "r-tasks"]).success();
    let text = fs::read_to_string(user.path().join(tasks)).expect("the tasks");
    assert!(
        text.contains(r#""Greet again", "status": "review""#),
        "{text}"
    );
    assert!(text.contains(r#""Greet", "status": "blocked""#), "{text}");
}

#[test]
fn what_we_write_ourselves_is_no_change_that_an_attempt_is_asked_about() {
    let user = user();
    let table =
        "| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Say hello | pending | — |\n";
    user.write("specs/hello/PROGRESS.md", table);
    user.commit("Progress");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let run = user.run("specs/hello/PLAN.md", &executor, &["--sync"]);
    let run = run.success();
    assert!(progress(&user).contains("| 3 | Say goodbye | done |"));
    assert!(!run.stderr.contains("your checkout changed"), "{run}");
}

#[test]
fn a_box_with_a_bracket_behind_it_is_the_same_box_when_it_is_ticked() {
    let user = User::new();
    let list = ".kiro/specs/greeting/tasks.md";
    user.write(
        list,
        "- [ ][A] Greet\n- [ ] Greet again\n- [ ](a.md) no task\n",
    );
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run(list, &executor, &["--sync"]).success();
    assert_eq!(
        boxes(&user, list),
        "- [x][A] Greet\n- [x] Greet again\n- [ ](a.md) no task\n"
    );
}

#[test]
fn a_native_task_between_braces_has_no_line_to_say_it_on() {
    let user = User::new();
    let plan = "plan = { title = \"Two\" }\ntask = [\n  {\n    title = \"One\",\n    id = \"a\"\n  },\n]\n";
    user.write("plan.toml", plan);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("plan.toml", &executor, &["--sync"]).success();
    let now = fs::read_to_string(user.path().join("plan.toml")).expect("text");
    assert_eq!(now, plan);
}

#[test]
fn tasks_whose_mark_has_no_place_in_the_plan_are_told() {
    let user = User::new();
    let step = "**Files:**\n- Create: `1.txt`\n\n- [ ] **Step 1: Write it**\n";
    let plan = format!(
        "# Greetings\n\n### Task 1: Say hello\n\n{step}\n### Task 2: Say it again\n\n**Files:**\n- Create: `2.txt`\n"
    );
    user.write("docs/superpowers/plans/2026-01-02-hello.md", &plan);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("docs/superpowers/plans/2026-01-02-hello.md", &executor, &[])
        .success();
    let why = "the plan's files have no place to say that task `2` is done";
    user.enact(["export"])
        .success()
        .says("2026-01-02-hello.md")
        .complains(why);
    // It is as true when there is nothing left to write.
    user.enact(["export", "--json"])
        .success()
        .says("\"unmarked\":[\"2\"]")
        .complains(why);
}

#[test]
fn a_plan_that_says_all_is_told_to_lack_nothing() {
    let user = user();
    let executor = user.executor("commit $ENACT_TASK.txt x");
    user.run("specs/hello", &executor, &["--only", "1,2"])
        .success();
    let out = user.enact(["export", "--json"]).success();
    out.says("\"unmarked\":[]");
}

#[test]
fn a_row_that_ends_before_its_last_cell_is_written_within_its_line() {
    let head = "| # | Task | Status | Commit |\n|---|---|---|---|\n";
    let rest = "# Decisions\n\nKeep this line.\n";
    for rows in [
        "| 1 | Do | pending | |\n| 2 | Do more | pending |\n",
        "| 1 | Do | pending |\n| 2 | Do more | pending |\n",
        "| 1 | Do | pending |\n| 2 | Do more |\n",
        "| 1 |\n| 2 |\n",
    ] {
        for line_end in ["\n", "\r\n"] {
            let user = User::new();
            let task = |n| {
                format!(
                    "### Task {n}: Do\n**Action**: Do it\n**Files**: `{n}.txt`\n**Verify**: `true`\n\n"
                )
            };
            user.write("PLAN.md", &["# Plan: x\n\n", &task(1), &task(2)].concat());
            let text = [head, rows, rest].concat().replace('\n', line_end);
            user.write("PROGRESS.md", &text);
            user.commit("Plan");
            let executor = user.executor("commit $ENACT_TASK.txt x");
            user.run("PLAN.md", &executor, &["--sync"]).success();
            let written = fs::read_to_string(user.path().join("PROGRESS.md")).expect("it is there");
            let rest = rest.replace('\n', line_end);
            assert!(written.ends_with(&rest), "{written}");
            let rows = written.split(line_end).filter(|line| line.starts_with('|'));
            assert!(
                rows.clone().all(|row| row.matches('|').count() <= 5),
                "{written}"
            );
            user.enact(["export"]).success();
            let again = fs::read_to_string(user.path().join("PROGRESS.md")).expect("it is there");
            assert_eq!(again, written);
            let checked = user.enact(["check", "PLAN.md"]).success().stdout;
            assert_eq!(checked.matches("[done").count(), 2, "{written}{checked}");
        }
    }
}
