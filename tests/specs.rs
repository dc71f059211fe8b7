//! The specs of a project run alone or together: chosen by id, path, phase or kind, with their dependencies and agents, and
//! their own files say afterwards how far they are.

use std::fs;
use std::path::Path;

use crate::support::user::{Output, User};

/// A project as in `fixtures/plans/layered/tree`.
fn project() -> User {
    let user = User::new();
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/layered/tree");
    copy(&tree, &user.path());
    user.commit("Specs");
    user
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a fixture") {
        let entry = entry.expect("an entry").path();
        let target = to.join(entry.file_name().expect("a name"));
        match entry.is_dir() {
            true => copy(&entry, &target),
            false => drop(fs::copy(&entry, &target).expect("a copy")),
        }
    }
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&output.stdout).expect("JSON")
}

/// No run has left anything.
fn assert_untouched(user: &User) {
    let refs = user
        .git(["for-each-ref", "refs/enact", "refs/heads/enact"])
        .success();
    assert_eq!(refs.stdout, "");
}

/// The ids of the tasks that these arguments choose.
fn chosen(user: &User, args: &[&str]) -> Vec<String> {
    let args = ["check", "--json"].iter().chain(args);
    let answer = json(&user.enact(args).success());
    let tasks = answer["tasks"].as_array().expect("tasks").iter();
    tasks
        .map(|task| task["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn specs_are_chosen_by_id_path_phase_and_kind() {
    let user = project();
    let auth = ["1.1", "1.2", "2.1"];
    for name in [
        "I001",
        "i001",
        "phase-0/001-auth",
        "infrastructure/phase-0/001-auth",
        "001-auth",
        "auth",
    ] {
        assert_eq!(chosen(&user, &[name]), auth, "{name}");
    }
    assert_eq!(chosen(&user, &["F002", "I002"]), ["I002:1.1", "F002:1.1"]);
    assert_eq!(chosen(&user, &["specs/features/001-login"]), ["1.1", "2.1"]);
    let first = [
        "I001:1.1", "I001:1.2", "I001:2.1", "I003:1.1", "F001:1.1", "F001:2.1",
    ];
    assert_eq!(chosen(&user, &["--phase", "0"]), first);
    assert_eq!(chosen(&user, &["--phase-0"]), first);
    assert_eq!(chosen(&user, &["--phase", "1"]), ["I002:1.1", "F002:1.1"]);
    assert_eq!(
        chosen(&user, &["--phase", "1", "--infrastructure"]),
        ["1.1"]
    );
    assert_eq!(
        chosen(&user, &["--features"]),
        ["F001:1.1", "F001:2.1", "F002:1.1"]
    );
    let all = chosen(&user, &["--all"]);
    assert_eq!(all.len(), 8);
    assert_eq!(chosen(&user, &["."]), all);
    assert_eq!(chosen(&user, &["specs"]), all);
    assert_eq!(
        chosen(&user, &["specs/features"]),
        ["F001:1.1", "F001:2.1", "F002:1.1"]
    );
}

#[test]
fn what_chooses_nothing_is_refused_and_nothing_is_created() {
    let user = project();
    let executor = user.executor("commit x x");
    let refused = |args: &[&str], said: &str| {
        let args = ["run"].iter().chain(args).copied();
        user.enact(args.chain(["--yes", "--", executor.as_str()]))
            .code(2)
            .complains(said);
        assert_untouched(&user);
    };
    refused(&["I009"], "`I009` is neither a file nor a spec");
    refused(&["F003"], "`F001`, `F002`, `I001`, `I002`, `I003`");
    refused(&["--phase", "7"], "the phases 0, 1");
    refused(&["I001", "--phase", "0"], "give the one or the other");
    refused(&["--all", "--phase", "0"], "cannot be used with");
    user.write("plan.toml", "[[task]]\nid = \"a\"\n");
    refused(
        &["plan.toml", "--hint", "sequential"],
        "means nothing to a `toml` plan",
    );
}

#[test]
fn outside_of_a_project_with_specs_options_that_choose_are_refused() {
    let user = User::new();
    let executor = user.executor("commit x x");
    for option in ["--all", "--features", "--infrastructure", "--phase-0"] {
        user.enact(["run", option, "--yes", "--", executor.as_str()])
            .code(2)
            .complains("chooses among specs, and `.` lies in no project that has any");
    }
    assert_untouched(&user);
}

#[test]
fn names_that_are_no_specs_are_told_as_what_they_are() {
    let user = User::new();
    user.write("a/plan.toml", "[[task]]\nid = \"a\"\n");
    user.write("b/plan.toml", "[[task]]\nid = \"a\"\n");
    user.enact(["check", "a", "b"])
        .code(2)
        .complains("2 plans are named, and one can be read: `a`, `b`");
    user.enact(["check", "a", "c"])
        .code(2)
        .complains("`c` does not exist");
    user.enact(["check", "I001"])
        .code(2)
        .complains("`I001` does not exist");
}

#[test]
fn two_choices_of_one_project_are_two_plans() {
    let user = project();
    let failing = user.executor("[ $ENACT_TASK != I003:1.1 ] || exit 1; commit $ENACT_TASK.txt x");
    let run = |args: &[&str], name: &str| {
        let args = ["run"].iter().chain(args).copied();
        user.enact(args.chain([
            "--name",
            name,
            "--on-failure",
            "stop",
            "--yes",
            "--",
            failing.as_str(),
        ]))
    };
    run(&["--phase", "0"], "first").code(3);
    // Another choice is another run, although the first one is unfinished and lies in the same place.
    run(&["I002"], "second").success();
    user.enact(["run", "--phase", "0", "--dry-run"])
        .success()
        .says("run first of this plan is unfinished");
    // Whoever takes the first one up again reads the same of the project.
    user.write(
        "specs/features/001-login/tasks.md",
        "# Login - Tasks\n\n## Phase 1: Frontend\n- [ ] Build another form\n",
    );
    user.enact(["replan", "first", "--dry-run"])
        .success()
        .says("F001:2.1");
    user.enact(["run", "--phase", "0", "--dry-run"])
        .code(2)
        .complains("the plan has changed since");
}

#[test]
fn a_failure_holds_what_depends_on_its_spec_and_nothing_else() {
    let user = project();
    let executor = user.executor("[ $ENACT_TASK != I001:1.2 ] || exit 1; commit $ENACT_TASK.txt x");
    user.enact([
        "run",
        "--all",
        "--name",
        "r-test",
        "--yes",
        "--",
        executor.as_str(),
    ])
    .code(1);
    let status = |task: &str| {
        user.task(task)["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    };
    // A layer is order: the next one goes on.
    assert_eq!(
        [status("I001:1.2"), status("I001:2.1"), status("I003:1.1")],
        ["failed", "done", "done"]
    );
    assert_eq!(
        [status("I002:1.1"), status("F001:1.1"), status("F002:1.1")],
        ["held", "held", "held"]
    );
}

#[test]
fn words_choose_agents_and_the_user_may_change_them() {
    let user = project();
    let agent = |args: &[&str], task: usize| {
        let args = ["check", "--json"].iter().chain(args);
        let answer = json(&user.enact(args).success());
        answer["tasks"][task]["agent"].as_str().map(str::to_owned)
    };
    assert_eq!(agent(&["I002"], 0).as_deref(), Some("redis"));
    assert_eq!(agent(&["I003"], 0), None);
    assert_eq!(
        agent(&["I003", "--hint", "use clerk agents"], 0).as_deref(),
        Some("clerk")
    );
    user.write("enact.toml", "[agents]\nredis = []\npost = [\"mail\"]\n");
    assert_eq!(agent(&["I002"], 0), None);
    assert_eq!(agent(&["I003"], 0).as_deref(), Some("post"));
    user.enact(["check", "I003"]).success().says("agent   post");
    let executor =
        user.executor("grep -q '\"agent\": *\"post\"' $ENACT_TASK_FILE && commit mail.txt x");
    user.enact(["run", "I003", "--yes", "--", executor.as_str()])
        .success();
}

#[test]
fn a_hint_can_have_one_task_run_after_the_other() {
    let user = project();
    let at_once = |args: &[&str]| {
        let args = ["run", "I001", "--dry-run"].iter().chain(args).copied();
        user.enact(args.chain(["--", "true"])).success().stdout
    };
    assert!(at_once(&[]).contains("4 at once"));
    assert!(at_once(&["--hint", "run sequentially, please"]).contains("1 at once"));
    assert!(at_once(&["--hint", "sequential", "--jobs", "2"]).contains("2 at once"));
}

#[test]
fn the_projects_files_say_how_far_its_specs_are() {
    let user = project();
    let record = r#"{"session":"then","specs":{"F009":{"status":"pending","note":"ours"}},"overall":{"partial":9,"owner":"Ann"},"team":7}"#;
    user.write(".claude/execution/execution.json", record);
    let older = "{\"status\":\"pending\",\"completed_tasks\":0, \"layers\":{\"L0\":{\"tasks\":[\n  {\"description\":\"Build the form\",\"status\":\"pending\"}]}}}";
    user.write(".claude/execution/F001.json", older);
    user.commit("Record");
    let executor = user.executor("[ $ENACT_TASK != F001:2.1 ] || exit 1; commit $ENACT_TASK.txt x");
    user.enact([
        "run",
        "I001",
        "F001",
        "--name",
        "r-test",
        "--yes",
        "--",
        executor.as_str(),
    ])
    .code(1);
    user.enact(["export"]).success();
    let read = |path: &str| fs::read_to_string(user.path().join(path)).expect("a file");
    let login = read("specs/features/001-login/tasks.md");
    assert!(
        login.contains("- [x] Build the form") && login.contains("- [ ] Connect the form"),
        "{login}"
    );
    let features = read("features.json");
    assert!(
        features.contains("\"id\": \"F001\"") && features.contains("\"status\": \"in_progress\""),
        "{features}"
    );
    let all: serde_json::Value =
        serde_json::from_str(&read(".claude/execution/execution.json")).expect("JSON");
    assert_eq!(all["specs"]["I001"]["status"], "completed");
    assert_eq!(
        all["specs"]["F001"]["status"], "partial",
        "partial is never complete"
    );
    assert_eq!(
        (
            &all["specs"]["F001"]["tasks_completed"],
            &all["specs"]["F001"]["remaining"]
        ),
        (&1.into(), &1.into())
    );
    assert_eq!(
        (&all["session"], &all["team"], &all["specs"]["F009"]["note"]),
        (&"then".into(), &7.into(), &"ours".into())
    );
    let overall = serde_json::json!({"total_specs": 3, "completed": 1, "in_progress": 0, "partial": 1, "pending": 1, "owner": "Ann"});
    assert_eq!(all["overall"], overall);
    let older = read(".claude/execution/F001.json");
    assert!(
        older.contains("{\"description\":\"Build the form\",\"status\":\"complete\"}"),
        "{older}"
    );
    assert!(!user.path().join(".claude/execution/I001.json").exists());
    user.enact(["export"]).success().complains("say so already");
    // Time passes, and a person lays the record out anew: there is nothing to say all the same.
    let record = user.path().join(".claude/execution/execution.json");
    let laid_out = serde_json::to_string(&all).expect("JSON");
    fs::write(&record, &laid_out).expect("it is written");
    let mut land = user.enact_command(["land", "--yes"]);
    let landed = land.env("ENACT_NOW", "2026-03-04T05:06:07Z").output();
    assert!(landed.expect("it runs").status.success());
    user.enact(["export"]).success();
    assert_eq!(fs::read_to_string(&record).expect("a file"), laid_out);
    // What depends on a spec is content with the record.
    let quiet = user.enact(["check", "F001"]).success();
    assert!(!quiet.stderr.contains("nowhere said"), "{}", quiet.stderr);
}

#[test]
fn a_task_without_a_box_is_remembered_in_the_record() {
    let user = User::new();
    user.write("specs/infrastructure/phase-0/007-mail/tasks.md", "# Tasks for I007: Mail\n\n## Task 1: Choose\n**Keywords:** mail\n\n## Task 2: Send\n**Keywords:** mail\n");
    user.commit("Spec");
    let executor = user.executor("[ $ENACT_TASK != 2 ] || exit 1; commit $ENACT_TASK.txt x");
    user.enact([
        "run",
        "I007",
        "--name",
        "r-test",
        "--yes",
        "--",
        executor.as_str(),
    ])
    .code(1);
    user.enact(["export"]).success();
    let answer = json(&user.enact(["check", "I007", "--json"]).success());
    let statuses: Vec<_> = answer["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| &task["status"])
        .collect();
    assert_eq!(statuses, ["done", "pending"]);
}

#[test]
fn a_spec_is_one_plan_however_it_is_named() {
    let user = project();
    let executor = user.executor("[ $ENACT_TASK != 2.1 ] || exit 1; commit $ENACT_TASK.txt x");
    let args = [
        "run",
        "I001",
        "--name",
        "r-test",
        "--on-failure",
        "stop",
        "--yes",
        "--",
    ];
    user.enact(args.iter().copied().chain([executor.as_str()]))
        .code(3);
    for name in ["auth", "specs/infrastructure/phase-0/001-auth"] {
        user.enact(["run", name, "--dry-run"])
            .success()
            .says("run r-test of this plan is unfinished");
    }
}

#[test]
fn the_run_may_end_with_a_commit_that_names_its_specs() {
    let user = project();
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let args = [
        "run",
        "I001",
        "I003",
        "--name",
        "r-test",
        "--commit-progress",
        "--yes",
        "--",
    ];
    user.enact(args.iter().copied().chain([executor.as_str()]))
        .success();
    let tip = "refs/heads/enact/r-test/integration";
    let subject = user.git(["log", "-1", "--format=%s", tip]).success().stdout;
    assert_eq!(
        subject.trim(),
        "implementation: Update progress - I001, I003"
    );
    let changed = user
        .git(["diff", "--name-only", &format!("{tip}^"), tip])
        .success()
        .stdout;
    let changed: Vec<&str> = changed.lines().collect();
    let expected = [
        ".claude/execution/execution.json",
        "specs/infrastructure/phase-0/001-auth/tasks.md",
        "specs/infrastructure/phase-0/003-mail/tasks.md",
    ];
    assert_eq!(changed, expected);
}

#[test]
fn a_plain_list_beside_a_layered_one_is_ticked_along() {
    let user = User::new();
    let spec = "specs/features/004-uploads";
    user.write(
        &format!("{spec}/layered-tasks.md"),
        "# Layered Tasks for F004\n\n## Layer 0: Base\n- [ ] Task: Install the `client`\n- [ ] Task: Build it\n",
    );
    user.write(
        &format!("{spec}/tasks.md"),
        "# Uploads - Tasks\n\n## Work\n- [ ] Install the client\n- [x] Build it\n- [ ] Paint it\n",
    );
    user.commit("Spec");
    user.enact(["check", "F004"])
        .success()
        .complains("task `Paint it` is not in `layered-tasks.md`")
        .complains("task `Build it` is marked otherwise");
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let args = ["run", "F004", "--name", "r-test", "--sync", "--yes", "--"];
    user.enact(args.iter().copied().chain([executor.as_str()]))
        .success();
    let plain = fs::read_to_string(user.path().join(spec).join("tasks.md")).expect("a list");
    assert!(
        plain.ends_with("- [x] Install the client\n- [x] Build it\n- [ ] Paint it\n"),
        "{plain}"
    );
    let record = user.path().join(".claude/execution/execution.json");
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(record).expect("a record")).expect("JSON");
    assert_eq!(
        record["specs"]["F004"]["status"], "partial",
        "a box is open"
    );
}

#[test]
fn a_run_of_chosen_specs_is_replanned_without_choosing_again() {
    let user = project();
    let executor = user.executor("[ $ENACT_TASK != 2.1 ] || exit 1; commit $ENACT_TASK.txt x");
    user.enact([
        "run",
        "I001",
        "--yes",
        "--on-failure",
        "stop",
        "--",
        &executor,
    ])
    .code(3);
    let list = "specs/infrastructure/phase-0/001-auth/tasks.md";
    let text = fs::read_to_string(user.path().join(list)).expect("a list");
    user.write(list, &text.replace("Add the routes", "Add two routes"));
    user.enact(["replan", "--yes"]).success();
    let status = json(&user.enact(["status", "--json"]).success());
    assert_eq!(
        status["counts"]["total"], 3,
        "the other specs are no part of it"
    );
    assert_eq!(status["tasks"][2]["title"], "Add two routes");
    assert_eq!(status["tasks"][1]["status"], "done");
}

/// The record of all runs.
fn record(user: &User) -> serde_json::Value {
    let record = user.path().join(".claude/execution/execution.json");
    serde_json::from_str(&fs::read_to_string(record).expect("a record")).expect("JSON")
}

#[test]
fn the_record_keeps_whom_tasks_were_mapped_to_and_the_report_says_what_it_says() {
    let user = User::new();
    user.write(
        "specs/features/005-cache/tasks.md",
        "# Cache - Tasks\n\n## One\n- [ ] Start redis\n\n## Two\n- [ ] Add a schema\n",
    );
    user.commit("Spec");
    let told = |status: &str, done: u32, agents: &[&str]| {
        let (record, report) = (record(&user), user.enact(["report"]).success().stdout);
        let spec = &record["specs"]["F005"];
        assert_eq!(spec["status"], status, "{record}");
        assert_eq!(spec["tasks_completed"], done, "{record}");
        assert_eq!(spec["agents_mapped"], serde_json::json!(agents), "{record}");
        assert!(
            report.contains(&format!("| {status} | {done} | 2 |")),
            "{report}"
        );
        assert!(
            report.contains(&format!("**Overall**: 1 {status}\n")),
            "{report}"
        );
        assert_eq!(record["overall"][status], 1, "{record}");
    };
    let both = ["redis", "supabase"];
    let executor = user
        .executor("test -e \"$HOME/../mended.$ENACT_TASK\" || exit 1; commit $ENACT_TASK.txt x");
    let args = ["run", "F005", "--name", "r-test", "--sync", "--yes"];
    let args = args
        .into_iter()
        .chain(["--on-failure", "stop", "--", &executor]);
    user.enact(args).code(3);
    told("in_progress", 0, &both);
    fs::write(user.outside("mended.1.1"), "").expect("a sign");
    user.enact(["retry", "1.1"]).success();
    user.enact(["resume"]).code(3);
    told("in_progress", 1, &both);
    user.enact(["skip", "2.1"]).success();
    user.enact(["resume"]).code(1);
    told("partial", 1, &both);
    fs::write(user.outside("mended.2.1"), "").expect("a sign");
    user.enact(["retry", "2.1"]).success();
    user.enact(["resume"]).success();
    told("completed", 2, &both);
}
