//! A kickback says that the plan is wrong: nothing new starts, a person answers, and their words go on.

use crate::support::user::User;

const SIGNALS: [&str; 6] = [
    "too_many_tasks",
    "scope_creep",
    "missing_context",
    "needs_split",
    "needs_research",
    "spec_incomplete",
];

const PLAN: &str = r#"
[plan]
title = "Kick"
weight = "light"
jobs = 2
[[task]]
id = "a"
title = "Do a"
[[task]]
id = "b"
title = "Do b"
[[task]]
id = "c"
title = "Do c"
"#;

/// Kicks task `a` back with `$SIGNAL` until the prompt says `Finnish`; the others just work.
const SCRIPT: &str = r#"
cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
cp "$ENACT_TASK_FILE" "$HOME/../task-$ENACT_TASK-$ENACT_ATTEMPT"
if test $ENACT_TASK = a && ! grep -q Finnish "$ENACT_PROMPT_FILE"; then
    echo half > half.txt
    printf '{"status": "KICKBACK", "signal": "%s", "reason": "which?", "details": "all of it", "recommendation": "say which", "suggested_split": ["one", "two"]}\n' SIGNAL
    exit 0
fi
commit $ENACT_TASK.txt work
"#;

fn kicked(signal: &str, flags: &[&str]) -> (User, crate::support::user::Output) {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(&SCRIPT.replace("SIGNAL", signal));
    let output = user.run("plan.toml", &executor, flags);
    (user, output)
}

fn checkpoints(user: &User) -> u64 {
    user.status()["run"]["checkpoints"]
        .as_u64()
        .expect("a number")
}

#[test]
fn each_signal_is_recorded_with_all_that_was_said() {
    for signal in SIGNALS {
        let (user, output) = kicked(signal, &["--sequential"]);
        output
            .code(3)
            .complains(&format!("KICKBACK {signal}: which?"));
        let task = user.task("a");
        assert_eq!(task["status"], "kickback");
        assert_eq!(task["reason"], format!("{signal}: which?"));
        assert_eq!(user.status()["run"]["status"], "needs_person");
        assert_eq!(user.task("b")["attempts"], 0, "nothing new starts");
        let lines = user.enact(["log", "--json"]).success().stdout;
        let events = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let event: serde_json::Value = events
            .into_iter()
            .find(|event: &serde_json::Value| event["event"] == "kickback")
            .expect("it is an event");
        assert_eq!(event["signal"], signal);
        assert_eq!(event["details"], "all of it");
        assert_eq!(event["recommendation"], "say which");
        assert_eq!(event["suggested_split"], serde_json::json!(["one", "two"]));
    }
}

#[test]
fn what_a_kicked_back_attempt_left_is_pinned_by_its_checkpoint() {
    let (user, output) = kicked("missing_context", &["--sequential"]);
    output.code(3);
    let checkpoint = user
        .git([
            "log",
            "--format=%H",
            "--grep=^Event: kickback",
            "refs/enact/runs/r-test",
        ])
        .success();
    let parents = user
        .git([
            "show",
            "--no-patch",
            "--format=%P",
            checkpoint.stdout.trim(),
        ])
        .success();
    let salvage = parents.stdout.split_whitespace().nth(1);
    let salvage = salvage.expect("the kickback's checkpoint has the salvage as a further parent");
    assert_eq!(user.at(salvage, "half.txt"), "half\n");
}

#[test]
fn running_attempts_end_and_are_integrated() {
    let user = User::new();
    user.plan(PLAN);
    let script = SCRIPT.replace("SIGNAL", "needs_split");
    let executor = user.executor(&format!(
        "if test $ENACT_TASK = a; then wait_for b-runs; fi\n\
         if test $ENACT_TASK = b; then signal b-runs; wait_for kicked; fi\n{script}"
    ));
    let run = user.start_run("plan.toml", &executor, &["--jobs", "2"]);
    crate::support::user::wait_until("the kickback is recorded", || {
        let log = user.git(["log", "--format=%s%n%b", "refs/enact/runs/r-test"]);
        log.stdout.contains("Event: kickback")
    });
    user.signal("kicked");
    run.end().code(3);
    assert_eq!(
        user.task("b")["status"],
        "done",
        "what ran was allowed to end"
    );
    assert_eq!(user.task("c")["attempts"], 0, "nothing new was started");
}

#[test]
fn unanswered_it_runs_nothing_and_adds_nothing() {
    let (user, output) = kicked("missing_context", &["--sequential"]);
    output.code(3);
    let before = (checkpoints(&user), user.git(["show-ref"]).stdout);
    user.enact(["resume"]).code(3);
    user.enact(["resume"]).code(3);
    let args = ["run", "plan.toml", "--yes", "--", "true"];
    user.enact(args).code(3);
    assert_eq!((checkpoints(&user), user.git(["show-ref"]).stdout), before);
    user.enact(["retry", "a"])
        .code(2)
        .complains("git enact answer a");
    user.enact(["answer", "a", "-m", "  "]).code(2);
    assert_eq!(
        checkpoints(&user),
        before.0,
        "a refused decision leaves no trace"
    );
}

#[test]
fn an_answer_goes_on_and_reaches_the_prompt_word_for_word() {
    let (user, output) = kicked("spec_incomplete", &["--sequential"]);
    output.code(3);
    let words = "English & *Finnish*\n  - `hei` \"quoted\" {{ task.id }} <b>";
    user.enact(["answer", "a", "-m", words]).success();
    assert_eq!(user.task("a")["status"], "pending");
    user.enact(["resume"]).success();
    let prompt = user.noted("prompt-a-2");
    assert!(
        prompt.contains(words),
        "the words must be there verbatim: {prompt}"
    );
    let question = "which?\n\nIt said: all of it\n\nIt recommended: say which\n";
    assert!(
        prompt.contains(question),
        "nobody understands an answer without the question: {prompt}"
    );
    assert_eq!(user.task("c")["status"], "done");
}

#[test]
fn a_retry_with_words_answers_as_well() {
    let (user, output) = kicked("needs_research", &["--sequential"]);
    output.code(3);
    user.enact(["retry", "a", "-m", "It is Finnish."]).success();
    user.enact(["resume"]).success();
    assert!(user.noted("prompt-a-2").contains("It is Finnish."));
}

#[test]
fn a_kicked_back_task_may_be_skipped() {
    let (user, output) = kicked("too_many_tasks", &["--sequential"]);
    output.code(3);
    user.enact(["skip", "a"]).success();
    user.enact(["resume"]).code(1);
    assert_eq!(user.task("c")["status"], "done");
}

#[test]
fn scope_creep_makes_the_remaining_tasks_run_at_full_weight() {
    for (signal, expected) in [("scope_creep", "full"), ("missing_context", "light")] {
        let (user, output) = kicked(signal, &["--sequential"]);
        output.code(3);
        user.enact(["answer", "a", "-m", "Finnish"]).success();
        user.enact(["resume"]).success();
        let given: serde_json::Value =
            serde_json::from_str(&user.noted("task-b-1")).expect("a context package");
        assert_eq!(given["weight"], expected, "after {signal}");
    }
}

#[test]
fn a_kickback_is_never_a_retry() {
    let (user, output) = kicked(
        "missing_context",
        &["--sequential", "--retries", "5", "--on-failure", "skip"],
    );
    output.code(3);
    assert_eq!(user.task("a")["attempts"], 1);
}

/// A user whose task `a` asks for research, which this script does.
fn researched(research: &str) -> (User, crate::support::user::Output) {
    let user = User::new();
    user.plan(PLAN);
    let research = user.script("research", research);
    user.write(
        "enact.toml",
        &format!("research = \"library\"\n[executors.library]\ncommand = [\"{research}\"]\n"),
    );
    let executor = user.executor(&SCRIPT.replace("SIGNAL", "needs_research"));
    let output = user.run("plan.toml", &executor, &["--sequential"]);
    (user, output)
}

#[test]
fn what_must_be_found_out_is_looked_into_and_reaches_the_next_attempt() {
    let (user, output) = researched(
        r#"cat > "$HOME/../question"; echo litter > litter.txt; echo "It is Finnish, says the README.""#,
    );
    output
        .success()
        .complains("a (Do a): looked into, and answered");
    let question = user.noted("question");
    for part in ["Do a", "which?", "all of it", "say which"] {
        assert!(
            question.contains(part),
            "the question has `{part}`: {question}"
        );
    }
    assert!(
        user.noted("prompt-a-2")
            .contains("It is Finnish, says the README.")
    );
    let files = user
        .git(["ls-tree", "--name-only", "enact/r-test/integration"])
        .success();
    assert!(
        !files.stdout.contains("litter"),
        "only what it says counts: {files}"
    );
    user.enact(["log"]).says("a: answered: It is Finnish");
    user.assert_whole();
}

#[test]
fn what_is_looked_into_in_vain_is_asked_of_a_person() {
    for research in [
        "exit 3",
        "true",
        // It repeats what it was asked.
        "cat",
        "echo FAILED; echo 'Reason: no library'",
    ] {
        let (user, output) = researched(research);
        output.code(3).complains("KICKBACK needs_research");
        assert_eq!(user.task("a")["status"], "kickback");
        user.enact(["log"])
            .says("a: a person is asked: it was looked into in vain");
        user.enact(["resume"]).code(3);
        assert_eq!(user.task("a")["attempts"], 1, "it is not looked into again");
        user.enact(["answer", "a", "-m", "Finnish"]).success();
        user.enact(["resume"]).success();
    }
}

#[test]
fn who_looks_into_questions_is_approved_as_whoever_does_the_tasks() {
    let user = User::new();
    user.plan(PLAN);
    user.write(
        "enact.toml",
        "research = \"library\"\n[executors.library]\ncommand = [\"sh\", \"-c\", \"true\"]\n",
    );
    user.enact(["run", "plan.toml", "--dry-run", "--", "true"])
        .success()
        .says("research: library: sh -c true");
}
