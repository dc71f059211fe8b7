//! Values that make no sense, in plans and in flags (40 to 45, 51).

use super::{Case, Refused, Warned, case, checked, plan, plan_with, say};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, line) in [
        (40, "retries = 99999999999999999999"),
        (40, "retries = nan"),
        (40, "jobs = 1.5"),
        (40, "timeout = 1.5"),
        (41, "timeout = 10"),
        (41, "timeout = \"-5m\""),
        (41, "timeout = \"0s\""),
        (41, "timeout = \"10x\""),
        (42, "timeout = \"99999999999h\""),
        (42, "timeout = \"99999999999999999999h\""),
        (43, "retries = -1"),
        (43, "fix_rounds = -1"),
        (44, "jobs = 0"),
    ] {
        let text = format!("[plan]\n{line}\n[[task]]\nid = \"a\"\nrun = \"true\"\n");
        cases.push(plan(number, line, "plan.toml", text));
    }
    for (number, flags) in [
        (40, &["--jobs", "99999999999"][..]),
        (40, &["--retries", "many"]),
        (41, &["--timeout", "nan"]),
        (41, &["--timeout", "10"]),
        (41, &["--timeout", "-5m"]),
        (41, &["--stall-timeout", "0s"]),
        (42, &["--timeout", "99999999999h"]),
        (43, &["--retries", "-1"]),
        (43, &["--fix-rounds", "-1"]),
        (44, &["--jobs", "0"]),
    ] {
        cases.push(case(number, &flags.join(" "), Refused, move |user| {
            user.write("plan.toml", &plan_with("\"a\"", ""));
            say([&["run", "plan.toml", "--yes"], flags].concat())
        }));
    }
    for path in [
        "../x",
        "/etc/passwd",
        "~/x",
        "",
        "[src",
        ".git/**",
        "a/../b",
        "a\\u202eb",
    ] {
        let text = plan_with("\"a\"", &format!("files = [\"{path}\"]\n"));
        cases.push(plan(45, path, "plan.toml", text));
    }
    let token = "ghp_0123456789abcdefghij0123456789abcdef";
    let body = format!("body = \"use {token}\"\n");
    cases.push(checked(
        51,
        "",
        Warned,
        "plan.toml",
        plan_with("\"a\"", &body),
    ));
    let login = "# Plan: x\n\n### Task 1: A\n**Action**: fetch https://ann:hunter2@host/x\n**Files**: `a`\n**Verify**: `true`\n";
    cases.push(checked(51, "in Markdown", Warned, "PLAN.md", login));
    cases
}
