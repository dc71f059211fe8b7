//! How deep a result is proven: by its own checks, by the quality checks of the project, by its acceptance criteria.

use crate::support::user::User;

/// Notes that the check `name` ran.
fn noted(name: &str) -> String {
    format!("echo $ENACT_TASK-{name} >> \"$HOME/../ran\"")
}

/// A repository whose `lint` refuses files named `bad*`, whose `build` wants no file `torn`.
fn with_checks() -> User {
    let user = User::new();
    user.write(
        "lint.sh",
        &format!("{}; ls bad* 2>/dev/null && exit 3; exit 0", noted("lint")),
    );
    user.write("build.sh", &format!("{}; test ! -e torn", noted("build")));
    user.write(
        "enact.toml",
        "[checks]\nlint = \"sh lint.sh\"\nbuild = \"sh build.sh\"\n",
    );
    user
}

fn task(id: &str, more: &str) -> String {
    format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\n{more}\n")
}

fn ran(user: &User) -> Vec<String> {
    let noted = std::fs::read_to_string(user.outside("ran")).unwrap_or_default();
    noted.lines().map(str::to_owned).collect()
}

const SKIP: [&str; 4] = ["--retries", "0", "--on-failure", "skip"];

#[test]
fn a_task_passes_the_quality_checks_and_they_are_named_where_it_is_told() {
    let user = with_checks();
    user.plan(&task("a", "verify = [\"true\"]"));
    let executor = user.executor("commit work.txt work");
    user.enact(["run", "plan.toml", "--dry-run", "--", &executor])
        .success()
        .says("check each task (build): sh build.sh\n")
        .says("check each task (lint): sh lint.sh\n");
    user.run("plan.toml", &executor, &[]).success();
    assert_eq!(ran(&user), ["a-build", "a-lint"]);
    let shown = user.enact(["show", "a"]).success().stdout;
    assert!(shown.contains("verify, build, lint)"), "{shown}");
    let note = user.git([
        "notes",
        "--ref",
        "PROGRESS",
        "show",
        "enact/r-test/integration",
    ]);
    note.success().says("verify, build, lint\n");
    let report = user.enact(["report"]).success();
    report.says("- a: build passed, lint passed\n");
    let package = user.enact(["show", "a", "--context"]).success().stdout;
    assert!(package.contains("sh lint.sh"), "{package}");
}

#[test]
fn a_quality_check_that_fails_refuses_by_its_name_and_the_others_are_told_too() {
    let user = with_checks();
    user.plan(&task("a", ""));
    let executor = user.executor(": > torn; commit bad.txt work");
    user.run("plan.toml", &executor, &SKIP).code(1);
    let reason = user.task("a")["reason"].to_string();
    for text in [
        "quality check `build` failed (exit 1): `sh build.sh`",
        "quality check `lint` failed (exit 3): `sh lint.sh`: bad.txt",
        "; on the base ",
        ": exit 0",
    ] {
        assert!(reason.contains(text), "`{text}`: {reason}");
    }
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let quality = &report["tasks"][0]["attempts"][0]["quality"];
    assert_eq!(quality[1]["name"], "lint");
    assert_eq!(quality[1]["holds"], false);
}

#[test]
fn what_failed_before_in_the_same_way_is_told_and_refuses_nothing() {
    let user = with_checks();
    user.write("bad.old", "");
    user.plan(&(task("a", "") + &task("b", "")));
    let executor = user.executor("commit $ENACT_TASK.txt work");
    let said = user
        .run("plan.toml", &executor, &["--sequential"])
        .success();
    said.complains("`sh lint.sh` fails (exit 3) as on the base");
    let shown = user.enact(["show", "a"]).success().stdout;
    assert!(shown.contains("lint: exit 3, as before"), "{shown}");
    let report = user.enact(["report"]).success();
    report.says("- a: build passed, lint fails as before (exit 3)\n");
    // On the base of each, since neither base was proven.
    let lints = ran(&user)
        .iter()
        .filter(|line| line.ends_with("-lint"))
        .count();
    assert_eq!(lints, 4);
}

#[test]
fn a_check_that_fails_in_another_way_than_before_refuses() {
    let user = with_checks();
    user.write("bad.old", "");
    user.plan(&task("a", ""));
    let executor = user.executor("echo 'exit 4' > lint.sh; commit a.txt work");
    user.run("plan.toml", &executor, &SKIP).code(1);
    let reason = user.task("a")["reason"].to_string();
    assert!(
        reason.contains("`lint` failed (exit 4)") && reason.contains(": exit 3"),
        "{reason}"
    );
}

#[test]
fn at_weight_light_a_task_has_its_own_checks_only() {
    let user = with_checks();
    user.plan(&task(
        "a",
        "verify = [\"test -e bad.txt\"]\ncreates = [\"bad.txt\"]",
    ));
    let executor = user.executor("commit bad.txt work");
    user.enact([
        "run",
        "plan.toml",
        "--dry-run",
        "--weight",
        "light",
        "--",
        &executor,
    ])
    .success()
    .says("check each task (lint, not at weight light): sh lint.sh\n");
    user.run("plan.toml", &executor, &["--weight", "light"])
        .success();
    assert_eq!(ran(&user), [""; 0]);
}

#[test]
fn a_design_has_to_keep_its_promises_and_to_compile_and_no_more() {
    let user = with_checks();
    let design = "kind = \"design\"\ncreates = [\"design.md\"]";
    user.plan(&(task("good", design) + &task("torn", design)));
    let executor = user.executor(
        "test $ENACT_TASK = good || : > torn; commit bad.txt $ENACT_TASK; commit design.md $ENACT_TASK",
    );
    let flags = [
        &SKIP[..],
        &["--sequential", "--verify", "echo no tests yet; false"],
    ]
    .concat();
    user.run("plan.toml", &executor, &flags).code(1);
    assert_eq!(user.task("good")["status"], "done");
    let reason = user.task("torn")["reason"].to_string();
    assert!(reason.contains("quality check `build` failed"), "{reason}");
    assert!(!ran(&user).contains(&"good-lint".to_owned()));
}

#[test]
fn another_check_is_another_run_to_approve() {
    let user = with_checks();
    user.plan(&task("a", "run = 'echo > a; git add a; git commit -qm a'"));
    user.enact(["run", "plan.toml", "--yes", "--name", "one"])
        .success();
    user.write(
        "plan.toml",
        &task("b", "run = 'echo > b; git add b; git commit -qm b'"),
    );
    user.enact(["run", "plan.toml", "--name", "two"]).code(2);
    user.write(
        "plan.toml",
        &task("a", "run = 'echo > a; git add a; git commit -qm a'"),
    );
    user.enact(["run", "plan.toml", "--new", "--name", "three"])
        .success();
    user.write("enact.toml", "[checks]\nlint = \"true\"\n");
    user.enact(["run", "plan.toml", "--new", "--name", "four"])
        .code(2);
}

#[test]
fn each_criterion_is_told_with_what_shows_it_or_as_not_verified() {
    let user = User::new();
    let acceptance = r#"verify = ["test -s work.txt"]
acceptance = ["`test -e work.txt` passes", "It is a pleasure to read", "The file is there (`test -s work.txt`) and long"]"#;
    user.plan(&task("a", acceptance));
    user.enact(["check", "plan.toml"])
        .success()
        .says("accept  $ test -e work.txt");
    let executor = user.executor("commit work.txt work");
    let before = user
        .enact(["run", "plan.toml", "--dry-run", "--", &executor])
        .success();
    before.says("accept  $ test -e work.txt");
    user.run("plan.toml", &executor, &[]).success();
    let shown = user.enact(["show", "a"]).success().stdout;
    let report = user.enact(["report"]).success().stdout;
    for (mark, told) in [
        (
            "x",
            "met: `test -e work.txt` passes, by `test -e work.txt` (exit 0)",
        ),
        (" ", "not verified: It is a pleasure to read"),
        (
            "x",
            "met: The file is there (`test -s work.txt`) and long, by `test -s work.txt` (exit 0)",
        ),
    ] {
        assert!(
            shown.contains(&format!("criterion {told}\n")),
            "`{told}`: {shown}"
        );
        let line = format!("- [{mark}] a: {told}\n");
        assert!(report.contains(&line), "`{line}`: {report}");
    }
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let criteria = &report["tasks"][0]["attempts"][0]["criteria"];
    assert_eq!(criteria[0]["standing"], "met");
    assert_eq!(criteria[1]["standing"], "not_verified");
}

#[test]
fn an_unmet_criterion_refuses_and_reaches_the_next_attempt() {
    let user = User::new();
    user.plan(&task("a", "acceptance = [\"`test -e wanted.txt`\"]"));
    let check = user.enact(["check", "plan.toml"]).success().stdout;
    assert!(!check.contains("no command proves"), "{check}");
    let executor = user.executor(
        "cp \"$ENACT_PROMPT_FILE\" \"$HOME/../prompt-$ENACT_ATTEMPT\"
         test $ENACT_ATTEMPT = 1 || commit wanted.txt work; commit work.txt $ENACT_ATTEMPT",
    );
    user.run("plan.toml", &executor, &["--retries", "1"])
        .success();
    let prompt = user.noted("prompt-2");
    assert!(
        prompt.contains("unmet: `test -e wanted.txt`: `test -e wanted.txt` (exit 1)"),
        "{prompt}"
    );
}

#[test]
fn a_file_that_is_to_be_changed_is_there_afterwards_and_otherwise_than_before() {
    let user = User::new();
    user.write("here.txt", "old\n");
    let modifies = |id: &str, file: &str| task(id, &format!("modifies = [\"{file}\"]"));
    user.plan(
        &(modifies("changed", "here.txt")
            + &modifies("left", "here.txt")
            + &modifies("removed", "here.txt")
            + &modifies("new", "new.txt")),
    );
    let executor = user.executor(
        "case $ENACT_TASK in
         changed) commit here.txt new ;;
         removed) git rm -q here.txt; commit work.txt removed ;;
         new) commit new.txt new ;;
         *) commit work.txt left ;; esac",
    );
    let flags = [&SKIP[..], &["--sequential"]].concat();
    let said = user.run("plan.toml", &executor, &flags).code(1);
    said.complains("the file `new.txt` was to be changed, and is new");
    assert_eq!(user.task("changed")["status"], "done");
    assert_eq!(user.task("new")["status"], "done");
    for (id, why) in [
        (
            "left",
            "the promised file `here.txt` was to be changed, and is as it was",
        ),
        ("removed", "the promised file `here.txt` does not exist"),
    ] {
        assert_eq!(user.task(id)["reason"], why);
    }
}

#[test]
fn a_folder_that_is_to_be_changed_holds_something_else_and_a_file_is_not_emptied() {
    let user = User::new();
    user.write("lib/a.txt", "old\n");
    user.write("here.txt", "old\n");
    let modifies = |id: &str, path: &str| task(id, &format!("modifies = [\"{path}\"]"));
    user.plan(
        &(modifies("changed", "lib") + &modifies("left", "lib") + &modifies("emptied", "here.txt")),
    );
    let executor = user.executor(
        "case $ENACT_TASK in
         changed) commit lib/a.txt new ;;
         emptied) : > here.txt; git commit -qam Empty ;;
         *) commit work.txt left ;; esac",
    );
    let flags = [&SKIP[..], &["--sequential"]].concat();
    user.run("plan.toml", &executor, &flags).code(1);
    assert_eq!(user.task("changed")["status"], "done");
    for (id, why) in [
        (
            "left",
            "the promised file `lib` was to be changed, and is as it was",
        ),
        ("emptied", "the promised file `here.txt` is empty"),
    ] {
        assert_eq!(user.task(id)["reason"], why);
    }
}

#[test]
fn of_what_tells_of_no_tests_the_report_says_that_only_its_end_is_known() {
    let user = User::new();
    user.plan(&task("a", "verify = [\"true\"]"));
    let executor = user.executor("commit work.txt work");
    user.run(
        "plan.toml",
        &executor,
        &["--final-verify", "test -e work.txt"],
    )
    .success();
    user.enact(["report"])
        .success()
        .says("- a: by exit status only (`true`)\n")
        .says("- in the end: by exit status only (`test -e work.txt`)\n");
}

const PLAN: &str = ".ai/plans/2026-02-03.greetings.md";

/// A plan of phases, of which the second needs the first.
fn phases(user: &User, fields: &str) {
    let phase = |nth: u32, needs: &str, fields: &str| {
        format!(
            "### Phase {nth}: Step {nth}\n**Principal Owner:** A\n**Dependencies:** {needs}\n{fields}\n"
        )
    };
    let text = format!(
        "# Greetings\n\n**Created:** 2026-02-03\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n{}{}",
        phase(1, "None", fields),
        phase(2, "Phase 1", "**Blast Radius:** `true`\n")
    );
    user.write(PLAN, &text);
    user.commit("Plan");
}

#[test]
fn a_phase_that_is_not_proven_is_blocked_and_not_tried_again_unasked() {
    for (fields, why) in [
        (
            "**Files to create:**\n- `src/new.rs`\n",
            "the promised file `src/new.rs` does not exist",
        ),
        (
            "**Files to modify:**\n- `README.md`\n",
            "the promised file `README.md` was to be changed, and is as it was",
        ),
        (
            "**Blast Radius:** `test -e tests.txt`\n",
            "verify failed (exit 1)",
        ),
    ] {
        let user = User::new();
        phases(&user, fields);
        let executor = user.executor("commit work.txt $ENACT_ATTEMPT");
        user.run(PLAN, &executor, &[]).code(3);
        let first = user.task("1");
        assert_eq!(
            (&first["status"], &first["attempts"]),
            (&"blocked".into(), &1.into()),
            "{fields}"
        );
        assert!(first["reason"].to_string().contains(why), "{first}");
        assert_eq!(user.task("2")["status"], "pending");
        user.enact(["report"])
            .success()
            .says("| 1 | Step 1 | A | BLOCKED |");
    }
}

#[test]
fn a_phase_with_nothing_but_an_unmet_criterion_is_partial() {
    let user = User::new();
    phases(
        &user,
        "**Acceptance Criteria:**\n- [ ] `test -e wanted.txt`\n- [ ] It reads well\n",
    );
    let executor = user.executor(
        "commit work.txt $ENACT_ATTEMPT; test ! -e \"$HOME/../go\" || commit wanted.txt $ENACT_TASK",
    );
    user.run(PLAN, &executor, &["--on-failure", "skip"]).code(1);
    let first = user.task("1");
    assert_eq!(
        (&first["status"], &first["attempts"]),
        (&"partial".into(), &1.into())
    );
    assert!(first["reason"].to_string().contains("unmet: "), "{first}");
    assert_eq!(user.task("2")["status"], "held");
    assert_eq!(user.status()["counts"]["partial"], 1);
    user.enact(["report"])
        .success()
        .says("| 1 | Step 1 | A | PARTIAL |")
        .says("not verified: It reads well");
    let told = user
        .git(["log", "--format=%s", "refs/enact/runs/r-test"])
        .success();
    told.says("1: proven in part: unmet: ");
    user.signal("go");
    user.enact(["retry", "1", "-m", "the file is wanted"])
        .success();
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.task("1")["status"], "done");
    assert_eq!(user.status()["run"]["status"], "complete");
    user.assert_whole();
}
