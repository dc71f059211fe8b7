//! Needs that cannot be met, and tasks in each other's way (30 to 33, 46).

use super::{Case, Fine, checked, plan, plan_with};

pub(super) fn cases() -> Vec<Case> {
    let and =
        |more: &str, other: &str| format!("{}\n[[task]]\n{other}", plan_with("\"schema\"", more));
    vec![
        plan(
            30,
            "",
            "plan.toml",
            and("", "id = \"b\"\nneeds = [\"shema\"]\n"),
        ),
        plan(
            30,
            "in JSON",
            "tasks.json",
            "{\"tasks\": [{\"id\": 1, \"title\": \"A\", \"dependencies\": [7]}]}",
        ),
        plan(31, "", "plan.toml", plan_with("\"a\"", "needs = [\"a\"]\n")),
        plan(
            32,
            "",
            "plan.toml",
            and("needs = [\"b\"]\n", "id = \"b\"\nneeds = [\"schema\"]\n"),
        ),
        plan(
            33,
            "",
            "plan.toml",
            and("needs = [\"b\"]\n", "id = \"b\"\n[[task]]\nid = \"b\"\n"),
        ),
        checked(
            46,
            "",
            Fine("they wait for each other, and the plan's author is told"),
            "plan.toml",
            and(
                "files = [\"a.txt\"]\n",
                "id = \"b\"\nfiles = [\"a.txt\"]\nrun = \"true\"\n",
            ),
        ),
    ]
}
