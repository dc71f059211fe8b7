//! `git enact selftest` tries a run where the user is, tells of each check, and leaves nothing.

use serde_json::Value;

use crate::faults::on_a_small_disk;
use crate::support::oracle::files_below;
use crate::support::user::User;

#[test]
fn every_check_holds_here_and_nothing_is_left() {
    let user = User::new();
    let before = files_below(&user.outside(""));
    let output = user.enact(["selftest", "--lives", "2", "--json"]).success();
    let told: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(told["passed"], true, "{told}");
    let checks = told["checks"].as_array().expect("checks");
    assert!(checks.len() >= 8, "{told}");
    let killed = checks.iter().find(|check| {
        let name = check["name"].as_str().unwrap_or_default();
        name.contains("killed")
    });
    let detail = killed.expect("runs are killed")["detail"].to_string();
    assert!(detail.contains("2 runs"), "{told}");
    assert_eq!(files_below(&user.outside("")), before, "nothing is left");
}

#[test]
fn a_check_that_does_not_hold_is_told_and_is_the_exit_status() {
    let user = User::new();
    let script = r#"set +e; "$ENACT" selftest --lives 1; echo "ended with $?""#;
    let Some(output) = on_a_small_disk(&user, 24, 18, script) else {
        return;
    };
    let output = output
        .success()
        .says("FAIL  there is room: ")
        .says("ended with 1");
    output.says("ok    a file is replaced whole or not at all");
    user.enact(["selftest", "--dir", "not/there"])
        .code(2)
        .complains("not/there");
}
