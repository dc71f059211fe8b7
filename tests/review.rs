//! A person can look at what was accepted before it is integrated, let it in, or send it back with words.

use crate::support::user::User;

const TEN: &str = r#"[plan]
title = "Ten"
[[task]]
id = "1"
title = "First"
[[task]]
id = "2"
title = "Second"
needs = ["1"]
[[task]]
id = "3"
title = "Third"
[[task]]
id = "4"
title = "Fourth"
[[task]]
id = "5"
title = "Fifth"
[[task]]
id = "6"
title = "Sixth"
[[task]]
id = "7"
title = "Seventh"
[[task]]
id = "8"
title = "Eighth"
[[task]]
id = "9"
title = "Ninth"
[[task]]
id = "10"
title = "Tenth"
"#;

/// Commits a file for each task; task 3 needs more than one attempt.
const EXECUTOR: &str = r#"cat "$ENACT_PROMPT_FILE" > "$(dirname "$0")/prompt.$ENACT_TASK.$ENACT_ATTEMPT"
case $ENACT_TASK.$ENACT_ATTEMPT in
3.1) echo left > left.txt ;;
3.2) commit three.txt two; echo more > more.txt ;;
*) commit "$ENACT_TASK.txt" "work $ENACT_ATTEMPT" ;;
esac"#;

fn ten(flags: &[&str]) -> User {
    let user = User::new();
    user.plan(TEN);
    let executor = user.executor(EXECUTOR);
    let mut all = vec!["--jobs", "1", "--retries", "2"];
    all.extend(flags);
    user.run("plan.toml", &executor, &all).code(3);
    user
}

#[test]
fn what_was_accepted_waits_for_a_person_while_the_rest_goes_on() {
    let user = ten(&["--review", "task"]);
    let status = user.status();
    assert_eq!(status["run"]["status"], "needs_person");
    assert_eq!(
        status["run"]["tip"], status["run"]["base"],
        "nothing is integrated"
    );
    assert_eq!(status["counts"]["blocked"], 9, "{status}");
    user.enact(["status"])
        .success()
        .says("10 tasks: 1 pending, 9 wait for review")
        .says("  waits for review -------  1  First");
    assert_eq!(
        user.task("2")["status"],
        "pending",
        "its need is not integrated"
    );
    assert_eq!(user.task("3")["reason"], "attempt 3 waits for review");
    user.enact(["review", "1", "--approve"]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("1")["status"], "done");
    assert_eq!(user.task("2")["reason"], "attempt 1 waits for review");
    user.enact(["review", "--approve"]).success();
    user.enact(["resume"]).success();
    assert_eq!(user.at("enact/r-test/integration", "2.txt"), "work 1\n");
    user.enact(["log"]).says("3: attempt 3 approved");
    user.assert_whole();
}

#[test]
fn three_commands_tell_what_each_attempt_did_and_send_the_last_one_back() {
    let user = ten(&["--review", "task"]);
    let words = "Keep the name `three.txt`, please: \"others\" read it.";
    user.enact(["review", "3"])
        .success()
        .says("uncommitted changes were left behind: left.txt")
        .says("uncommitted changes were left behind: more.txt");
    user.enact(["diff", "3", "--attempt", "2..3"])
        .success()
        .says("-two")
        .says("+work 3");
    user.enact(["review", "3", "--reject", "-m", words])
        .success();
    user.enact(["resume"]).code(3);
    assert!(user.noted("prompt.3.4").contains(words), "word for word");
    let task = user.task("3");
    assert_eq!(
        (&task["attempts"], &task["status"]),
        (&4.into(), &"blocked".into())
    );
}

#[test]
fn a_review_at_each_wave_lets_nothing_of_the_next_one_start() {
    let user = User::new();
    user.plan(
        "[plan]\ntitle = \"Waves\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\n[[task]]\nid = \"b\"\ntitle = \"B\"\n\
         [[task]]\nid = \"c\"\ntitle = \"C\"\nneeds = [\"a\"]\n",
    );
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &["--review", "wave"])
        .code(3);
    user.enact(["review", "a", "--approve"]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("a")["status"], "done");
    assert_eq!(
        user.task("c")["attempts"],
        0,
        "`b` of the first wave is not settled"
    );
    user.enact(["review", "b", "--approve"]).success();
    user.enact(["resume"]).code(3);
    assert_eq!(user.task("c")["attempts"], 1);
    user.enact(["review", "--approve"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn only_what_can_be_decided_is_decided() {
    let user = ten(&["--review", "task"]);
    user.enact(["review", "3", "--reject"]).code(2);
    user.enact(["review", "3", "--reject", "-m", " "])
        .code(2)
        .complains("the words are empty");
    user.enact(["review", "2", "--approve"])
        .code(2)
        .complains("no attempt of task `2` of run `r-test` waits for review");
    user.enact(["review", "1", "--approve"]).success();
    user.enact(["resume"]).code(3);
    user.enact(["review", "1", "--reject", "-m", "Otherwise"])
        .code(2)
        .complains("`git enact revert 1` undoes it");
    user.enact(["skip", "3"]).success();
    assert_eq!(user.task("3")["status"], "skipped");
}

#[test]
fn without_a_policy_nobody_is_asked() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\n");
    let executor = user.executor(EXECUTOR);
    user.run("plan.toml", &executor, &[]).success();
    user.enact(["review"])
        .success()
        .says("nothing waits for review");
    user.enact(["review", "--approve"])
        .code(2)
        .complains("nothing of run `r-test` waits");
}
