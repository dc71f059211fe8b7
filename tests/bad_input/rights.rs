//! What somebody else owns, and what cannot be written (75, 76). Root may do everything, so that another user stands in for
//! it; where that cannot be done, as in a container without other users, the cases hold nothing up and are left out.

use std::process::Command;

use super::{Case, Refused, Said, case, plan_with, say};
use crate::support::user::User;

/// Nobody, as every system has it.
const NOBODY: &str = "65534";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![case(76, "", Refused, |user| {
        user.plan(&plan_with("\"a\"", ""));
        let git = user.path().join(".git").to_string_lossy().into_owned();
        let said = match can_be_another() {
            true => as_nobody(user),
            false => run(),
        };
        done("chmod", &["-R", "a-w", &git]);
        said
    })];
    if can_be_another() {
        cases.push(case(75, "", Refused, |user| {
            user.plan(&plan_with("\"a\"", ""));
            let repo = user.path().to_string_lossy().into_owned();
            done("chown", &["-R", NOBODY, &repo]);
            run()
        }));
    } else {
        cases.push(case(
            75,
            "as root",
            super::Fine("only root can try it"),
            |_| say(["help"]),
        ));
    }
    cases
}

fn run() -> Said {
    say(["run", "plan.toml", "--yes", "--name", "r-test"])
}

/// The same by nobody, to whom everything of the test belongs.
fn as_nobody(user: &User) -> Said {
    let root = user.outside("").to_string_lossy().into_owned();
    done("chown", &["-R", NOBODY, &root]);
    let words = [
        "setpriv",
        "--reuid",
        NOBODY,
        "--regid",
        NOBODY,
        "--clear-groups",
    ];
    Said {
        as_other: words.map(str::to_owned).to_vec(),
        ..run()
    }
}

/// Whether somebody else can be made to run our program.
fn can_be_another() -> bool {
    let words = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    let mut version = Command::new("setpriv");
    version
        .args(words)
        .args([env!("CARGO_BIN_EXE_git-enact"), "--version"]);
    version.output().is_ok_and(|output| output.status.success())
}

fn done(program: &str, args: &[&str]) {
    let status = Command::new(program).args(args).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {args:?}"
    );
}
