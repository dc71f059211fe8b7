//! Each task is done by whom it is meant for: by its id, agent, type or kind, and by another where attempts fail.

use serde_json::Value;

use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Shared"
retries = 1
[[task]]
id = "api-1"
title = "Serve"
agent = "rust-expert"
[[task]]
id = "api-2"
title = "Serve more"
[[task]]
id = "draw"
title = "Decide"
kind = "design"
[[task]]
id = "rest"
title = "The rest"
"#;

/// A user with executors called `mine`, `rusty`, `painter` and `api`, which say who they are in a file.
fn user(plan: &str, settings: &str) -> User {
    let user = User::new();
    let mut text = String::new();
    for name in ["mine", "rusty", "painter", "api"] {
        let script = user.executor(&format!(
            "echo {name} $ENACT_TASK $ENACT_ATTEMPT >> \"$HOME/../turns\"\n\
             test ! -e \"$HOME/../fails-{name}\" || exit 1\ncommit $ENACT_TASK.txt {name}"
        ));
        let path = user.outside(name);
        std::fs::rename(script, &path).expect("the script is named");
        text += &format!(
            "[executors.{name}]\ncommand = [{:?}]\n",
            path.display().to_string()
        );
    }
    user.write("enact.toml", &format!("{settings}\n{text}"));
    user.write("plan.toml", plan);
    user.commit("Plan");
    user
}

const ROUTES: &str = "executor = \"mine\"\n[routes]\n\"@Rust-Expert\" = \"rusty\"\n\"api-*\" = \"api\"\ndesign = \"painter\"\nnobody = \"api\"\n";

fn run(user: &User, flags: &[&str]) -> Output {
    let begin = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--sequential",
    ];
    user.enact([&begin, flags].concat())
}

fn turns(user: &User) -> Vec<String> {
    user.noted("turns").lines().map(str::to_owned).collect()
}

#[test]
fn each_task_goes_to_the_executor_that_its_route_names_and_is_on_record_as_its_work() {
    let user = user(PLAN, ROUTES);
    run(&user, &[])
        .success()
        .complains("draw (Decide): attempt 1 started by painter")
        .says("painter: draw");
    assert_eq!(
        turns(&user),
        [
            "api api-1 1",
            "api api-2 1",
            "painter draw 1",
            "mine rest 1"
        ],
        "what is said of ids comes before what is said of agents"
    );
    let notes = [
        "log",
        "--reverse",
        "--format=%N",
        "--notes=PROGRESS",
        "main..enact/r-test/integration",
    ];
    let notes = user.git(notes).success().stdout;
    let named: Vec<&str> = notes
        .lines()
        .filter_map(|line| line.strip_prefix("Executor: "))
        .collect();
    assert_eq!(named, ["api", "api", "painter", "mine"]);
    assert_eq!(user.task("draw")["executor"], "painter");
    assert!(user.task("rest").get("executor").is_none(), "the run's own");
    user.enact(["status"]).success().says("by painter)");
    user.enact(["show", "draw"])
        .success()
        .says("attempt 1: by painter, from ");
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["tasks"][0]["attempts"][0]["executor"], "api");
    assert_eq!(report["tasks"][3]["attempts"][0]["executor"], "mine");
}

#[test]
fn check_shows_who_would_do_what_and_a_run_shows_every_command_that_it_may_start() {
    let user = user(PLAN, ROUTES);
    user.enact(["check", "plan.toml"])
        .success()
        .says("tasks api-1, api-2: api-* -> api\n")
        .says("task draw: design -> painter\n")
        .says("no task: @Rust-Expert -> rusty\n")
        .says("no task: nobody -> api\n");
    let checked = user
        .enact(["--json", "check", "plan.toml"])
        .success()
        .stdout;
    let checked: Value = serde_json::from_str(&checked).expect("JSON");
    assert_eq!(checked["tasks"][2]["executor"], "painter");
    assert_eq!(checked["tasks"][3]["executor"], Value::Null);
    let shown = user.enact(["run", "plan.toml", "--name", "r-test"]).code(2);
    for name in ["mine", "rusty", "painter", "api"] {
        let path = user.outside(name);
        assert!(
            shown
                .stdout
                .contains(&format!("executor: {name}: {}\n", path.display())),
            "{shown}"
        );
    }
    shown.says("task draw: design -> painter\n");
}

#[test]
fn another_route_is_asked_about_again_and_a_resume_keeps_the_one_it_began_with() {
    let user = user(PLAN, ROUTES);
    user.signal("fails-painter");
    run(&user, &["--retries", "0"]).code(3);
    user.write("enact.toml", "");
    std::fs::remove_file(user.outside("fails-painter")).expect("it is there");
    user.enact(["retry", "draw"]).success();
    user.enact(["resume"]).success();
    assert_eq!(turns(&user).last().map(String::as_str), Some("mine rest 1"));
    assert!(turns(&user).contains(&"painter draw 2".to_owned()));
    user.git(["checkout", "--quiet", "enact.toml"]).success();
    let again = ["run", "plan.toml", "--new", "--name", "again"];
    user.enact([&again[..], &["--dry-run"]].concat()).success();
    user.write(
        "enact.toml",
        &user
            .at("HEAD", "enact.toml")
            .replace("design = \"painter\"", "design = \"rusty\""),
    );
    user.enact(again)
        .code(2)
        .complains("not approved")
        .says("task draw: design -> rusty");
}

#[test]
fn a_route_that_leads_nowhere_is_told_with_its_place_before_anything_is_created() {
    for (settings, place, what) in [
        (
            "[routes]\ndesign = \"painte\"\n",
            "enact.toml:3:10",
            "did you mean `painter`?",
        ),
        (
            "[routes]\ndesign = \"gone\"\n[executors.gone]\ncommand = [\"not-installed-at-all\"]\n",
            "enact.toml:3:10",
            "`not-installed-at-all` is no program on PATH",
        ),
        (
            "[retry]\nexecutor = \"gone\"\n[executors.gone]\ncommand = [\"not-installed-at-all\"]\n",
            "enact.toml:3:12",
            "`not-installed-at-all` is no program on PATH",
        ),
        (
            "[retry]\nexecutor = \"shell\"\n",
            "enact.toml:3:12",
            "can take over from nobody",
        ),
        (
            "[routes]\ndraw = \"shell\"\n",
            "plan.toml:",
            "task `draw` goes to the shell executor, and has no `sh` block or `run` for it",
        ),
    ] {
        let user = user(PLAN, &format!("executor = \"mine\"\n{settings}"));
        let output = run(&user, &[]).code(2).complains(place).complains(what);
        assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
        assert_eq!(
            user.git(["for-each-ref", "refs/enact"]).success().stdout,
            ""
        );
    }
    let user = user(
        PLAN,
        "executor = \"mine\"\n[routes]\nnobody = \"gone\"\n[executors.gone]\ncommand = [\"not-installed-at-all\"]\n",
    );
    user.enact(["check", "plan.toml"])
        .success()
        .says("no task: nobody -> gone (not installed here)");
    run(&user, &[]).success();
}

#[test]
fn after_a_failure_another_executor_takes_over_for_good() {
    let user = user(
        PLAN,
        "executor = \"mine\"\n[routes]\ndesign = \"painter\"\n[retry]\nexecutor = \"rusty\"\n",
    );
    user.signal("fails-painter");
    user.enact(["check", "plan.toml"])
        .success()
        .says("any task, after a failed attempt -> rusty");
    run(&user, &["--only", "draw"]).success();
    assert_eq!(turns(&user), ["painter draw 1", "rusty draw 2"]);
    let given = user
        .enact(["--json", "show", "draw", "--context"])
        .success();
    let given: Value = serde_json::from_str(&given.stdout).expect("JSON");
    assert_eq!(given["previous_attempts"][0]["executor"], "painter");
    user.enact(["show", "draw"])
        .success()
        .says("attempt 2: by rusty, ");
}

#[test]
fn a_person_who_retries_gets_the_other_executor_once_enough_attempts_have_failed() {
    let user = user(
        PLAN,
        "executor = \"mine\"\n[retry]\nexecutor = \"rusty\"\nafter = 2\n",
    );
    user.signal("fails-mine");
    run(&user, &["--only", "rest", "--retries", "0"]).code(3);
    user.enact(["retry", "rest"]).success();
    user.enact(["resume"]).code(3);
    user.enact(["retry", "rest"]).success();
    user.enact(["resume"]).success();
    assert_eq!(turns(&user), ["mine rest 1", "mine rest 2", "rusty rest 3"]);
}

#[test]
fn who_commits_and_what_is_passed_on_go_with_the_executor() {
    let user = user(PLAN, "executor = \"mine\"\n[routes]\ndraw = \"tool\"\n");
    let tool = user.script("tool", "echo \"$TOOL_WORD$MINE_WORD\" > draw.txt");
    let settings = user.at("HEAD", "enact.toml").replace(
        "[executors.mine]",
        "[executors.mine]\npass_env = [\"MINE_WORD\"]",
    );
    let settings = format!(
        "{settings}\n[executors.tool]\ncommand = [{tool:?}]\ncommit = \"tool\"\npass_env = [\"TOOL_WORD\"]\n"
    );
    user.write("enact.toml", &settings);
    let mut command = user.enact_command(["run", "plan.toml", "--yes", "--name", "r-test"]);
    command.env("TOOL_WORD", "tool").env("MINE_WORD", "mine");
    Output::of(&mut command).success();
    assert_eq!(user.at("enact/r-test/integration", "draw.txt"), "tool\n");
    user.enact(["show", "draw"])
        .success()
        .says("(by git enact)");
    user.enact(["show", "draw", "--context"])
        .success()
        .says("Do not commit");
    user.enact(["show", "rest", "--context"])
        .success()
        .says("leave nothing uncommitted");
}

#[test]
fn commands_of_the_plan_and_an_executor_share_a_plan() {
    let plan = PLAN.replace(
        "id = \"rest\"",
        "id = \"rest\"\nrun = \"echo shell > rest.txt\"",
    );
    let user = user(
        &plan,
        "[routes]\n\"api-*\" = \"api\"\ndesign = \"painter\"\n",
    );
    run(&user, &[]).success();
    assert_eq!(user.at("enact/r-test/integration", "rest.txt"), "shell\n");
    assert_eq!(
        turns(&user),
        ["api api-1 1", "api api-2 1", "painter draw 1"]
    );
}

#[test]
fn a_session_goes_by_the_types_and_agents_of_its_tasks_and_a_words_agent_by_its_route() {
    const HOME: &str = ".workflow/active/WFS-greet";
    let user = user(
        PLAN,
        "executor = \"mine\"\n[routes]\ntest-fix = \"painter\"\ncode-developer = \"rusty\"\n",
    );
    let mut list = "# Tasks: Greet\n\n".to_owned();
    for (id, meta) in [
        ("IMPL-1", "feature"),
        ("IMPL-2", "test-fix"),
        ("IMPL-3", "other"),
    ] {
        list += &format!("- [ ] **{id}**: Say → [📋](./.task/{id}.json)\n");
        let task = serde_json::json!({
            "id": id, "title": "Say", "status": "pending", "meta": {"type": meta},
            "context": {"requirements": ["be kind"], "depends_on": []}, "flow_control": {},
        });
        user.write(&format!("{HOME}/.task/{id}.json"), &task.to_string());
    }
    user.write(&format!("{HOME}/TODO_LIST.md"), &list);
    user.commit("Session");
    user.enact(["check", HOME])
        .success()
        .says("task IMPL-1: code-developer -> rusty")
        .says("task IMPL-2: test-fix -> painter");
    user.enact(["run", HOME, "--yes", "--sequential", "--name", "r-test"])
        .success();
    assert_eq!(
        turns(&user),
        ["rusty IMPL-1 1", "painter IMPL-2 1", "mine IMPL-3 1"]
    );
}

#[test]
fn a_run_of_a_version_without_routes_is_read_as_it_was_meant() {
    let policy = crate::support::plans::policy();
    let mut stored = serde_json::to_value(&policy).expect("JSON");
    let stored = stored.as_object_mut().expect("an object");
    assert!(!stored.contains_key("routes"), "nothing is written of none");
    stored.remove("summary_tokens");
    let read: git_enact::run::policy::Policy =
        serde_json::from_value(stored.clone().into()).expect("a policy");
    assert_eq!(read, policy);
}

#[test]
fn the_users_own_agents_are_called_for_by_words_in_any_plan() {
    let user = user(
        PLAN,
        "executor = \"mine\"\n[agents]\nserver = [\"serve\"]\n[routes]\nserver = \"api\"\n",
    );
    user.enact(["check", "plan.toml"])
        .success()
        .says("task api-2: server -> api\n");
    run(&user, &["--only", "api-1,api-2"]).success();
    assert_eq!(
        turns(&user),
        ["mine api-1 1", "api api-2 1"],
        "who is named is not asked for by words"
    );
}
