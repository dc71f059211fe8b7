//! An attempt is told all that is known of its task and no more than it can read; and what it was told is on
//! record, byte for byte.

use serde_json::Value;

use crate::support::user::{User, wait_until};

const CHAIN: &str = r#"
[plan]
title = "Chain"
[[task]]
id = "tables"
title = "Make tables"
[[task]]
id = "keys"
title = "Add keys"
needs = ["tables"]
[[task]]
id = "login"
title = "Add the login"
body = "Hash with argon2."
files = ["login.txt"]
verify = ["test -s login.txt"]
skills = ["rust"]
needs = ["keys"]
"#;

/// Keeps prompt and package of each attempt outside the checkout.
const KEEP: &str = r#"
cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
cp "$ENACT_TASK_FILE" "$HOME/../package-$ENACT_TASK-$ENACT_ATTEMPT"
"#;

fn staged(plan: &str, script: &str) -> (User, String) {
    let user = User::new();
    user.plan(plan);
    let executor = user.executor(&format!("{KEEP}{script}"));
    (user, executor)
}

fn package(user: &User, attempt: &str) -> Value {
    serde_json::from_str(&user.noted(&format!("package-{attempt}"))).expect("a package is JSON")
}

/// The bytes of a file outside the checkout.
fn bytes(user: &User, name: &str) -> String {
    std::fs::read_to_string(user.outside(name)).expect("the executor kept it")
}

#[test]
fn what_a_finished_need_passed_on_is_cut_at_a_sentence_and_the_rest_is_pointed_at() {
    let script = r#"
commit $ENACT_TASK.txt w
notes=$(for n in $(seq 1 400); do printf 'Sentence %s ends here. ' $n; done)
test $ENACT_TASK = login || printf '{"status": "done", "commit": "%s", "notes": "%s"}\n' "$(git rev-parse HEAD)" "$notes""#;
    for (settings, wish, budget) in [
        ("", "", 500),
        ("", "summary_tokens = 100", 100),
        ("summary_tokens = 20", "summary_tokens = 100", 20),
        ("summary_tokens = 0", "", 0),
    ] {
        let (user, executor) = staged(&CHAIN.replace("[plan]", &format!("[plan]\n{wish}")), script);
        user.write("enact.toml", settings);
        user.run("plan.toml", &executor, &[]).success();
        let given = package(&user, "login-1");
        let need = &given["dependencies"][0];
        let summary = need["summary"].as_str().expect("a summary");
        assert!(summary.len() <= 4 * budget, "{budget}: {}", summary.len());
        assert!(
            summary.is_empty() && budget == 0 || summary.ends_with("ends here."),
            "{budget}: {summary}"
        );
        assert!(
            summary.len() + 60 > 4 * budget,
            "{budget}: no less than fits, not {}",
            summary.len()
        );
        assert_eq!(need["is_cut"], true);
        let name = |key: &str| need[key].as_str().expect("a commit").to_owned();
        let change = format!("git diff {}..{}", name("base"), name("commit"));
        assert_eq!(need["see"][0], change.as_str());
        assert_eq!(need["see"][1], "git enact show keys");
        let shown = user.git(change.split(' ').skip(1)).success();
        assert!(shown.stdout.contains("keys.txt"), "{shown}");
        let prompt = user.noted("prompt-login-1");
        assert!(prompt.contains(&format!("`{change}`")), "{prompt}");
        assert!(!prompt.contains("\n\n\n"), "no gaps:\n{prompt}");
    }
}

#[test]
fn of_a_need_whose_executor_said_nothing_the_commit_speaks_and_what_is_behind_it_is_pointed_at() {
    let (user, executor) = staged(
        CHAIN,
        "commit $ENACT_TASK.txt w; test $ENACT_TASK != keys || rm tables.txt; commit more-$ENACT_TASK w",
    );
    user.run("plan.toml", &executor, &[]).success();
    let given = package(&user, "login-1");
    let need = &given["dependencies"][0];
    assert_eq!(
        (&need["id"], &need["told_by"]),
        (&"keys".into(), &"commit".into())
    );
    assert_eq!(
        need["summary"],
        "Write keys.txt\nWrite more-keys\ncreated keys.txt\ncreated more-keys\ndeleted tables.txt"
    );
    let behind = &given["dependencies"][1];
    assert_eq!(
        (&behind["id"], &behind["direct"]),
        (&"tables".into(), &false.into())
    );
    assert_eq!(behind["summary"], "");
    let prompt = user.noted("prompt-login-1");
    assert!(
        prompt.contains("Further back:\n\n- Task tables, Make tables: `git diff "),
        "{prompt}"
    );
    assert!(
        prompt.contains("## Skills\n\nUse these, as far as you have them:\n\n- rust\n"),
        "{prompt}"
    );
}

#[test]
fn a_light_task_is_told_itself_its_checks_and_its_past_and_nothing_around_it() {
    let script = "test $ENACT_TASK$ENACT_ATTEMPT != login1 || exit 9; commit $ENACT_TASK.txt w";
    for (weight, is_full) in [("light", false), ("full", true)] {
        let (user, executor) = staged(CHAIN, script);
        user.run("plan.toml", &executor, &["--weight", weight])
            .success();
        let given = package(&user, "login-2");
        assert_eq!(given["weight"], weight);
        assert_eq!(given["task"]["body"], "Hash with argon2.");
        assert_eq!(given["files"][0], "login.txt");
        assert_eq!(given["verify"][0], "test -s login.txt");
        assert_eq!(given["skills"][0], "rust");
        let past = &given["previous_attempts"][0];
        assert_eq!(past["verdict"]["reasons"][0]["kind"], "exit", "{past}");
        assert_eq!(past["executor"], "executor");
        assert_eq!(!given["plan"].is_null(), is_full);
        assert_eq!(
            given["dependencies"].as_array().map(Vec::is_empty),
            Some(!is_full)
        );
        for key in [
            "artifacts",
            "session",
            "inherited",
            "flow_control",
            "answers",
        ] {
            assert!(given.get(key).is_some(), "`{key}` is there: {given}");
        }
    }
}

#[test]
fn every_attempt_is_on_record_as_it_was_given_byte_for_byte() {
    let script = "test $ENACT_ATTEMPT = 2 || exit 1; commit $ENACT_TASK.txt w";
    let plan = CHAIN.replace("argon2.", "argon2.\\u001b[1m\\r\\n\\n\\nÄ");
    let (user, executor) = staged(&plan, script);
    user.run("plan.toml", &executor, &[]).success();
    let given = |more: &[&str]| {
        let args = [more, &["show", "login", "--context"]].concat();
        user.enact(args).success().stdout
    };
    for _ in ["before", "after"] {
        assert_eq!(given(&[]), bytes(&user, "prompt-login-2"));
        assert_eq!(given(&["--json"]), bytes(&user, "package-login-2"));
        for (flag, name) in [("-q", "prompt-login-1"), ("--json", "package-login-1")] {
            let shown = user.enact([flag, "show", "login", "--context", "--attempt", "1"]);
            assert_eq!(shown.success().stdout, bytes(&user, name));
        }
        user.enact(["clean", "--yes"]).success();
    }
    user.assert_whole();
}

#[test]
fn what_a_running_attempt_was_given_can_be_read_and_is_kept_when_it_is_killed() {
    let (user, executor) = staged(CHAIN, "signal begun; wait_for go; commit $ENACT_TASK.txt w");
    let run = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--",
        &executor,
    ];
    let running = user.start(run);
    user.wait_for("begun");
    let shown = |flag| user.enact([flag, "show", "tables", "--context", "--attempt", "1"]);
    assert_eq!(
        shown("-q").success().stdout,
        bytes(&user, "prompt-tables-1")
    );
    assert_eq!(
        shown("--json").success().stdout,
        bytes(&user, "package-tables-1")
    );
    let pid = i32::try_from(running.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::KILL)
        .expect("it runs");
    running.end();
    user.signal("go");
    wait_until("the lease is free", || user.enact(["resume"]).status == 0);
    for attempt in ["1", "2"] {
        let found = user.enact(["show", "tables", "--context", "--attempt", attempt]);
        if attempt == "1" || found.status == 0 {
            let kept = bytes(&user, &format!("prompt-tables-{attempt}"));
            assert_eq!(found.success().stdout, kept);
        }
    }
}

#[test]
fn secrets_are_taken_out_of_what_is_kept_of_a_prompt_and_a_package() {
    let plan = CHAIN.replace("argon2.", "argon2 and hunter2-hunter2.");
    let (user, executor) = staged(&plan, "commit $ENACT_TASK.txt w");
    user.write("enact.toml", "pass_env = [\"LOGIN_SECRET\"]\n");
    let run = ["run", "plan.toml", "--yes", "--", &executor];
    let mut command = user.enact_command(run);
    command.env("LOGIN_SECRET", "hunter2-hunter2");
    crate::support::user::Output::of(&mut command).success();
    assert!(user.noted("prompt-login-1").contains("hunter2-hunter2"));
    for flag in ["-q", "--json"] {
        let kept = user.enact([flag, "show", "login", "--context"]).success();
        assert!(!kept.stdout.contains("hunter2"), "{kept}");
        assert!(kept.stdout.contains("argon2 and [redacted]."), "{kept}");
    }
}

#[test]
fn commands_of_the_plan_are_given_no_prompt_and_a_package_all_the_same() {
    let user = User::new();
    user.plan("[[task]]\nid = \"a\"\nrun = \"echo a > a.txt\"\n");
    user.run_plan(&[]).success();
    user.enact(["show", "a", "--context"])
        .code(2)
        .complains("was given no prompt: its executor ran commands of the plan");
    let package = user.enact(["--json", "show", "a", "--context"]).success();
    let package: Value = serde_json::from_str(&package.stdout).expect("JSON");
    assert_eq!(package["task"]["run"], "echo a > a.txt");
    assert_eq!(
        (&package["run"], &package["attempt"]),
        (&"r-test".into(), &1.into())
    );
}

#[test]
fn a_task_of_a_session_is_told_its_steps_its_documents_by_priority_and_where_everything_lies() {
    const HOME: &str = ".workflow/active/WFS-greet";
    let user = User::new();
    user.write(
        &format!("{HOME}/TODO_LIST.md"),
        "# Tasks: Greet\n\n- [ ] **IMPL-1**: Say hello → [📋](./.task/IMPL-1.json)\n",
    );
    let task = serde_json::json!({
        "id": "IMPL-1", "title": "Say hello", "status": "pending", "meta": {"type": "feature", "agent": "@code-developer"},
        "context": {"requirements": ["be kind"], "depends_on": [], "inherited": {"from": "IMPL-0", "context": ["in French"]},
            "artifacts": [{"path": "low.md", "priority": "low"}, {"path": "{{unknown}}", "priority": "highest"}]},
        "flow_control": {"pre_analysis": [{"step": "look", "command": "ls", "on_error": "fail"}],
            "implementation_approach": [{"step": 1, "title": "Greet"}], "target_files": ["hello.txt:greet:1-2"]},
    });
    user.write(&format!("{HOME}/.task/IMPL-1.json"), &task.to_string());
    user.write(
        &format!("{HOME}/.process/context-package.json"),
        r#"{"brainstorm_artifacts": {"synthesis_output": {"path": "synthesis.md"}, "role_analyses": [{"path": "ux.md"}]}}"#,
    );
    user.commit("Plan");
    let executor = user.executor(&format!("{KEEP}commit hello.txt hello"));
    user.run(HOME, &executor, &[]).success();
    let given = package(&user, "IMPL-1-1");
    assert_eq!(given["flow_control"], task["flow_control"]);
    assert_eq!(given["inherited"][0], "in French");
    let documents = given["artifacts"].as_array().expect("a list").iter();
    let documents: Vec<&str> = documents.filter_map(|one| one["path"].as_str()).collect();
    let list = format!("{HOME}/TODO_LIST.md");
    assert_eq!(documents, ["synthesis.md", &list, "low.md", "ux.md"]);
    assert_eq!(given["artifacts"][0]["priority"], "highest");
    let session = &given["session"];
    assert_eq!(session["name"], "WFS-greet");
    assert_eq!(session["workflow_dir"], HOME);
    assert_eq!(
        session["task_json_path"],
        format!("{HOME}/.task/IMPL-1.json")
    );
    assert_eq!(session["todo_list_path"], format!("{HOME}/TODO_LIST.md"));
    assert_eq!(session["plan_path"], Value::Null, "there is none");
    let prompt = user.noted("prompt-IMPL-1-1");
    for part in [
        "- `synthesis.md` (priority: highest)\n",
        "- This task: `.workflow/active/WFS-greet/.task/IMPL-1.json`\n",
        "be kind",
    ] {
        assert!(prompt.contains(part), "{part} is missing: {prompt}");
    }
    assert!(!prompt.contains("\n\n\n"), "no gaps:\n{prompt}");
}
