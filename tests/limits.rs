//! Promise: a run pauses when it has used up what its user allows it, loses nothing, and goes on when it is told to.

use crate::support::user::User;

const THREE: &str = "[plan]\ntitle = \"Three\"\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n\
    [[task]]\nid = \"b\"\ntitle = \"Do b\"\nneeds = [\"a\"]\n[[task]]\nid = \"c\"\ntitle = \"Do c\"\nneeds = [\"b\"]\n";

fn staged(limits: &str) -> (User, String) {
    let user = User::new();
    user.write("enact.toml", &format!("[limits]\n{limits}\n"));
    user.plan(THREE);
    let executor = user.executor("commit \"$ENACT_TASK.txt\" x");
    (user, executor)
}

#[test]
fn a_run_pauses_after_the_attempts_that_it_may_make() {
    let (user, executor) = staged("attempts = 2");
    user.run("plan.toml", &executor, &[])
        .code(4)
        .complains("paused: 2 attempts were made, which is the limit of the run");
    let why = "2 attempts were made, which is the limit of the run; going on allows as much again";
    user.enact(["status"])
        .success()
        .says(&format!("paused:        {why}"));
    let status = user.status();
    assert_eq!(status["run"]["status"], "paused");
    assert_eq!(status["run"]["reason"], why);
    assert_eq!(status["counts"]["done"], 2);
    user.enact(["resume"]).success();
    let status = user.status();
    assert_eq!(status["run"]["status"], "complete");
    assert!(status["run"].get("reason").is_none(), "{status}");
}

#[test]
fn a_run_that_ends_with_its_last_attempt_does_not_pause() {
    let (user, executor) = staged("attempts = 3");
    user.run("plan.toml", &executor, &[]).success();
}

#[test]
fn a_limit_is_shown_before_the_start_and_must_be_something() {
    let (user, executor) = staged("attempts = 9\ntime = \"8h\"\ncost = 2.5\ntokens = 1000");
    user.run("plan.toml", &executor, &["--dry-run"])
        .success()
        .says("pauses after 9 attempts, or 8h, or 1000 tokens, or $2.50");
    let (user, executor) = staged("cost = 0");
    user.run("plan.toml", &executor, &[])
        .code(2)
        .complains("`limits.cost` is nothing: nothing could run");
}

#[test]
fn a_run_pauses_after_what_its_executor_says_it_has_used_up() {
    let (user, _) = staged("cost = 1.0");
    let script = user.executor(
        "commit \"$ENACT_TASK.txt\" x\n\
         echo '{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"num_turns\":1,\"result\":\"done\",\
         \"total_cost_usd\":0.5,\"usage\":{\"input_tokens\":1800,\"output_tokens\":200}}'",
    );
    let named = format!(
        "[limits]\ncost = 1.0\n[executors.paid]\nprofile = \"claude\"\ncommand = [\"{script}\"]\n"
    );
    user.write("enact.toml", &named);
    user.enact([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--executor",
        "paid",
    ])
    .code(4)
    .complains("paused: $1.00 of $1.00 were spent");
    assert_eq!(user.status()["counts"]["done"], 2);
}
