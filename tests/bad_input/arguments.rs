//! Arguments that mean nothing (60 to 66).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::{Case, Fine, Refused, case, plan_with, say};
use crate::support::user::User;

const PLAN: &str =
    "[plan]\ntitle = \"P\"\n\n[[task]]\nid = \"login\"\ntitle = \"A\"\nrun = \"echo x > a.txt\"\n";

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = BARE
        .iter()
        .map(|(number, args)| {
            case(*number, &args.join(" "), Refused, |user| {
                user.write("plan.toml", &plan_with("\"login\"", ""));
                say(args.iter())
            })
        })
        .collect();
    cases.extend(AFTER_A_RUN.iter().map(|(number, args)| {
        case(*number, &args.join(" "), Refused, |user| {
            ran(user);
            say(args.iter())
        })
    }));
    cases.push(case(61, "two that begin so", Refused, |user| {
        ran(user);
        user.enact(["run", "plan.toml", "--yes", "--new", "--name", "r-test2"])
            .success();
        say(["status", "r-te"])
    }));
    cases.push(case(
        61,
        "one that is another's beginning",
        Fine("a whole name is that run's"),
        |user| {
            ran(user);
            user.enact(["run", "plan.toml", "--yes", "--new", "--name", "r-test2"])
                .success();
            say(["status", "r-test"])
        },
    ));
    let odd = OsStr::from_bytes(b"r-\xff");
    cases.push(case(64, "a run", Refused, |_| {
        say([OsStr::new("status"), odd])
    }));
    cases.push(case(64, "a plan", Refused, |_| {
        say([OsStr::new("check"), odd])
    }));
    cases.push(case(64, "a command", Refused, |user| {
        user.write("plan.toml", PLAN);
        say([
            OsStr::new("run"),
            OsStr::new("plan.toml"),
            OsStr::new("--yes"),
            OsStr::new("--"),
            odd,
        ])
    }));
    cases.push(case(65, "ambiguous", Refused, |user| {
        ambiguous(user);
        user.write("plan.toml", PLAN);
        say(["run", "plan.toml", "--yes", "--base", SHARED])
    }));
    cases.push(case(
        66,
        "",
        Fine("a run may go on from another's work"),
        |user| {
            ran(user);
            let base = "enact/r-test/integration";
            say([
                "run",
                "plan.toml",
                "--new",
                "--dry-run",
                "--name",
                "r2",
                "--base",
                base,
            ])
        },
    ));
    cases
}

fn ran(user: &User) {
    user.plan(PLAN);
    user.run_plan(&[]).success();
}

/// Two objects whose names begin with [`SHARED`].
fn ambiguous(user: &User) {
    for number in [515, 5301] {
        user.write("number", &format!("{number}\n"));
        user.git(["hash-object", "-w", "number"])
            .success()
            .says(SHARED);
    }
}

const SHARED: &str = "3cda32";

const BARE: &[(u8, &[&str])] = &[
    (60, &["rnu"]),
    (60, &["run", "--jbos", "3"]),
    (60, &["--jsno", "status"]),
    (60, &["run", "plan.toml", "--on-failure", "stp"]),
    (60, &["check", "plan.toml", "--dialect", "tom"]),
    (60, &["help", "pland"]),
    (60, &["check"]),
    (61, &["status"]),
    (61, &["status", "zzz"]),
    (62, &["run", "plan.toml", "--yes", "--only", "logn"]),
    (62, &["run", "plan.toml", "--yes", "--from", "logn"]),
    (
        63,
        &["run", "plan.toml", "--yes", "--jobs", "2", "--sequential"],
    ),
    (
        63,
        &[
            "run",
            "plan.toml",
            "--yes",
            "--executor",
            "shell",
            "--",
            "true",
        ],
    ),
    (63, &["run", "plan.toml", "--yes", "--fix-rounds", "2"]),
    (65, &["run", "plan.toml", "--yes", "--base", "nowhere"]),
    (65, &["run", "plan.toml", "--yes", "--base", ""]),
    (
        65,
        &["run", "plan.toml", "--yes", "--base", "HEAD:README.md"],
    ),
    (61, &["run", "plan.toml", "--yes", "--name", "../up"]),
];

const AFTER_A_RUN: &[(u8, &[&str])] = &[
    (61, &["status", "r-tset"]),
    (61, &["clean", "--yes", ""]),
    (61, &["land", "nowhere", "--yes"]),
    (
        61,
        &["run", "plan.toml", "--yes", "--new", "--name", "r-test"],
    ),
    (62, &["show", "logn"]),
    (62, &["retry", "logn"]),
    (62, &["revert", "logn", "--yes"]),
    (62, &["rollback", "zz"]),
    (63, &["land", "--squash", "--merge"]),
];
