//! Ids that mislead (16 to 29).

use super::{Case, Fine, case, checked, plan, plan_with, say};
use crate::support::user::User;

pub(super) fn cases() -> Vec<Case> {
    let two = |first: &str, second: &str| {
        format!(
            "{}\n[[task]]\nid = {second}\ntitle = \"B\"\n",
            plan_with(first, "")
        )
    };
    let bad = |number: u8, what: &str, id: &str| plan(number, what, "plan.toml", plan_with(id, ""));
    let long = format!("\"{}\"", "x".repeat(65));
    vec![
        plan(16, "", "plan.toml", two("\"a\"", "\"a\"")),
        plan(17, "case", "plan.toml", two("\"a\"", "\"A\"")),
        plan(17, "composition", "plan.toml", two("\"é\"", "\"e\u{301}\"")),
        bad(18, "", "\"\""),
        bad(19, "", "\"../x\""),
        bad(20, "", "\"/abs\""),
        bad(21, "", "\"-rf\""),
        bad(22, "", "\"a b\""),
        bad(23, "", "\"a\\nb\""),
        bad(24, "from right to left", "\"a\u{202e}b\""),
        bad(24, "no width", "\"a\u{200b}b\""),
        bad(24, "an escape", "\"a\\u001b[31mb\""),
        bad(24, "a letter of another alphabet", "\"\u{430}dmin\""),
        slugged(25, "\"x.lock\"", "x-lock"),
        slugged(26, "\"@{u}\"", "u"),
        slugged(26, "\"@\"", "task"),
        slugged(26, "\"HEAD\"", "head"),
        bad(27, "", &long),
        checked(
            27,
            "as long as it may be",
            Fine("64 bytes are allowed"),
            "plan.toml",
            plan_with(&format!("\"{}\"", "x".repeat(64)), ""),
        ),
        slugged(28, "\"con\"", "task-con"),
        slugged(28, "\"NUL\"", "task-nul"),
        plan(29, "", "plan.toml", two("\"a\"", "\"a/b\"")),
    ]
}

/// An id that is safe because nothing but the slug gets into refs and paths.
fn slugged(number: u8, id: &'static str, slug: &'static str) -> Case {
    case(
        number,
        id,
        Fine("refs and paths have its slug"),
        move |user: &User| {
            let text = plan_with(id, "").replace("\"true\"", "\"echo x > x.txt\"");
            user.plan(&text);
            user.run_plan(&[]).success();
            let branches = ["for-each-ref", "--format=%(refname)", "refs/heads/enact"];
            user.git(branches)
                .says(&format!("refs/heads/enact/r-test/task/{slug}\n"));
            say(["status"])
        },
    )
}
