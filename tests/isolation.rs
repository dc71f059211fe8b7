//! An executor in a clone has configuration, hooks, refs and stash to itself; what it commits is judged as ever.

use crate::support::user::User;

const ONE: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n";

#[test]
fn a_run_in_clones_ends_as_one_in_worktrees() {
    let user = User::new();
    user.plan(ONE);
    let script = "commit work.txt work; claim done";
    user.run("plan.toml", &user.executor(script), &["--isolation", "clone"])
        .success();
    assert_eq!(user.at("enact/r-test/integration", "work.txt"), "work\n");
    user.assert_whole();
}
