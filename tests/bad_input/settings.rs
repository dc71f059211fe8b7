//! Settings that make no sense: `check` refuses what `run` refuses, with the place of the key (40 to 44, 47 to 50, 52, 55
//! and 60 where they stand in settings).

use super::{Case, Fine, Refused, case, plan_with, say};

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = FILES
        .iter()
        .flat_map(|(number, text)| ["check", "run"].map(|command| file(*number, text, command)))
        .collect();
    for (text, what) in TEMPLATES {
        let number = match *what {
            "unknown" => 47,
            "open" => 48,
            _ => 49,
        };
        for command in ["check", "run"] {
            cases.push(
                case(
                    number,
                    &format!("{what}, {command}"),
                    Refused,
                    move |user| {
                        user.write("enact.toml", "prompt = \"prompt.j2\"\n");
                        user.write("prompt.j2", text);
                        with_plan(user, command)
                    },
                )
                .within(3),
            );
        }
    }
    cases.push(case(47, "a template that is not there", Refused, |user| {
        user.write("enact.toml", "prompt = \"nowhere.j2\"\n");
        with_plan(user, "check")
    }));
    for (number, key, value) in [
        (40, "enact.jobs", "many"),
        (40, "enact.scope", "wran"),
        (41, "enact.timeout", "soon"),
        (44, "enact.jobs", "0"),
        (60, "enact.retires", "1"),
        (60, "enact.hook.pre-tsk", "true"),
        (60, "enact.executors.mine.comand", "true"),
    ] {
        cases.push(case(number, key, Refused, move |user| {
            user.git(["config", key, value]).success();
            with_plan(user, "check")
        }));
    }
    for (number, name, value) in [
        (40, "ENACT_JOBS", "many"),
        (41, "ENACT_TIMEOUT", "soon"),
        (60, "ENACT_ON_FAILURE", "stp"),
    ] {
        cases.push(case(number, name, Refused, move |user| {
            with_plan(user, "check").with(name, value)
        }));
    }
    cases.push(case(
        50,
        "lower case",
        Fine("`http_proxy` is such a name"),
        |user| {
            user.write(
                "enact.toml",
                "[executors.me]\ncommand = [\"true\"]\nenv = { http_proxy = \"x\" }\n",
            );
            with_plan(user, "check")
        },
    ));
    cases
}

fn file(number: u8, text: &'static str, command: &'static str) -> Case {
    case(
        number,
        &format!("{}, {command}", text.replace('\n', " ").trim()),
        Refused,
        move |user| {
            user.write("enact.toml", text);
            with_plan(user, command)
        },
    )
}

fn with_plan(user: &crate::support::user::User, command: &str) -> super::Said {
    user.write("plan.toml", &plan_with("\"a\"", ""));
    match command {
        "run" => say(["run", "plan.toml", "--yes"]),
        other => say([other, "plan.toml"]),
    }
}

const FILES: &[(u8, &str)] = &[
    (40, "[limits]\ncost = nan\n"),
    (40, "[limits]\ntokens = -1\n"),
    (40, "[limits]\nattempts = 99999999999\n"),
    (40, "retries = \"3\"\n"),
    (40, "scope = \"wran\"\n"),
    (41, "[limits]\ntime = \"soon\"\n"),
    (41, "timeout = \"soon\"\n"),
    (41, "stall_timeout = \"0s\"\n"),
    (41, "grace = \"\"\n"),
    (42, "timeout = \"9999999999h\"\n"),
    (43, "retries = -1\n"),
    (44, "jobs = 2\n\njobs = 3\n"),
    (44, "jobs = 0\n"),
    (44, "[limits]\ncost = 0\n"),
    (44, "[limits]\nattempts = 0\n"),
    (50, "pass_env = [\"HOME\", \"GIT_DIR\"]\n"),
    (
        50,
        "[executors.me]\ncommand = [\"true\"]\n[executors.me.env]\nLD_PRELOAD = \"x\"\n",
    ),
    (
        50,
        "[executors.me]\ncommand = [\"true\"]\n[executors.me.env]\n\"A=B\" = \"x\"\n",
    ),
    (
        50,
        "[executors.me]\ncommand = [\"true\"]\n[executors.me.env]\n\"A\\u0000\" = \"x\"\n",
    ),
    (
        50,
        "[executors.me]\ncommand = [\"true\"]\n[executors.me.env]\nA = \"a\\u0000\"\n",
    ),
    (
        50,
        "[executors.me]\ncommand = [\"true\"]\n[executors.me.env]\nAPI_TOKEN = \"hunter2hunter2\"\n",
    ),
    (52, "[executors.me]\ncommand = []\n"),
    (52, "[executors.me]\ncommand = [\"\"]\n"),
    (52, "verify = [\"true\", \" \"]\n"),
    (52, "setup = \"\"\n"),
    (55, "[executors.me]\ncommand = \"claude -p\"\n"),
    (55, "pass_env = \"API_KEY\"\n"),
    (55, "verify = \"make test && true\"\n"),
    (55, "final_verify = \"make test\"\n"),
    (60, "retires = 3\n"),
    (60, "[hooks]\npre-tsk = \"true\"\n"),
    (60, "[checks]\n\"two words\" = \"true\"\n"),
    (60, "[executors.me]\ncomand = [\"true\"]\n"),
    (60, "[executors.me]\nprofile = \"cluade\"\n"),
    (60, "[executors.shell]\ncommand = [\"true\"]\n"),
    (60, "executor = \"cluade\"\n"),
    (60, "research = \"nobody\"\n"),
    (60, "[routes]\ndesign = \"nobody\"\n"),
    (60, "[retry]\nafter = 2\n"),
    (60, "[retry]\nexecutor = \"claude\"\nafter = 0\n"),
    (60, "jobs = \n"),
];

const TEMPLATES: &[(&str, &str)] = &[
    ("Do {{ taks.title }}\n", "unknown"),
    ("Do {{ task.titel }}\n", "unknown"),
    ("Do {{ task.title\nnow\n", "open"),
    ("{% if task.body %}\nDo it\n", "open"),
    ("{% include \"prompt.j2\" %}\n", "itself"),
    (
        "{% for a in range(10000) %}{% for b in range(10000) %}{{ a }}{% endfor %}{% endfor %}\n",
        "endless",
    ),
];
