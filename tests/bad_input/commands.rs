//! Commands that cannot be run (52 to 55), and plans that may not be (57 to 59).

use super::{Case, Refused, case, plan, plan_with, say};
use crate::support::user::User;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        plan(
            52,
            "run",
            "plan.toml",
            plan_with("\"a\"", "").replace("\"true\"", "\"\""),
        ),
        plan(
            52,
            "verify",
            "plan.toml",
            plan_with("\"a\"", "verify = [\"\"]\n"),
        ),
        plan(
            52,
            "a NUL in it",
            "plan.toml",
            plan_with("\"a\"", "verify = [\"a\\u0000\"]\n"),
        ),
        behind(52, &[""]),
        behind(53, &["clade", "-p"]),
        behind(53, &["./nowhere.sh"]),
        behind(54, &["./plan.toml"]),
        behind(54, &["./"]),
        behind(55, &["sh -c true"]),
    ];
    cases.push(case(52, "--verify", Refused, |user| {
        user.write("plan.toml", &plan_with("\"a\"", ""));
        say(["run", "plan.toml", "--yes", "--verify", ""])
    }));
    cases.push(case(53, "nobody at all", Refused, |user| {
        user.write("plan.toml", "[[task]]\nid = \"a\"\n");
        say(["run", "plan.toml", "--yes"])
    }));
    cases.push(case(57, "", Refused, |user| {
        user.write("plan.toml", &plan_with("\"a\"", ""));
        say(["run", "plan.toml", "--name", "r-test"])
    }));
    cases.push(case(58, "", Refused, |user| {
        half_done(user);
        user.write("plan.toml", &two("echo c > b.txt"));
        say(["run", "plan.toml", "--yes"])
    }));
    cases.push(case(59, "changed", Refused, |user| {
        half_done(user);
        user.write("plan.toml", &two("false").replace("echo a", "echo b"));
        say(["replan"])
    }));
    cases.push(case(59, "removed", Refused, |user| {
        half_done(user);
        user.write("plan.toml", &plan_with("\"b\"", ""));
        say(["replan"])
    }));
    cases
}

/// What stands behind `--` is no command.
fn behind(number: u8, words: &'static [&'static str]) -> Case {
    case(number, &words.join(" "), Refused, move |user| {
        user.write("plan.toml", &plan_with("\"a\"", ""));
        say([&["run", "plan.toml", "--yes", "--"], words].concat())
    })
}

fn two(second: &str) -> String {
    format!(
        "[plan]\ntitle = \"P\"\nretries = 0\n\n[[task]]\nid = \"a\"\nrun = \"echo a > a.txt\"\n\n[[task]]\nid = \"b\"\nrun = \"{second}\"\n"
    )
}

/// A run whose first task is done, and whose second failed.
fn half_done(user: &User) {
    user.plan(&two("false"));
    user.run_plan(&["--sequential"]).code(3);
}
