//! Whatever is run, the user's own checkout, index, branches, stash, configuration and hooks stay as they are,
//! byte for byte, until they land the result.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::digest::{Digest, digest};
use crate::support::user::User;

/// What is ours to change below the checkout.
const OURS: [&str; 8] = [
    ".git/enact",
    ".git/objects",
    ".git/refs/enact",
    ".git/refs/heads/enact",
    ".git/refs/notes",
    ".git/logs/refs/notes",
    ".git/logs/refs/heads/enact",
    ".git/worktrees",
];

const PLAN: &str = r#"
[plan]
title = "Quiet"
[[task]]
id = "a"
title = "Do a"
verify = ["test -s a.txt"]
[[task]]
id = "b"
title = "Do b"
needs = ["a"]
[[task]]
id = "c"
title = "Do c"
"#;

/// A repository in the middle of somebody's work.
fn busy() -> User {
    let user = User::new();
    user.write("kept.txt", "kept\n");
    user.write("run.sh", "#!/bin/sh\n");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(user.path().join("run.sh"), mode).expect("a mode");
    std::os::unix::fs::symlink("kept.txt", user.path().join("link")).expect("a link");
    user.write(".gitignore", "ignored/\n");
    user.plan(PLAN);
    user.git(["branch", "feature"]).success();
    user.git(["tag", "v1"]).success();
    user.write("kept.txt", "stashed\n");
    user.git(["stash", "push", "--quiet"]).success();
    user.git(["pack-refs", "--all"]).success();
    user.write("kept.txt", "staged\n");
    user.write("staged.txt", "staged\n");
    user.git(["add", "kept.txt", "staged.txt"]).success();
    user.write("kept.txt", "and changed again\n");
    user.write("untracked.txt", "untracked\n");
    user.write("ignored/deep/file", "ignored\n");
    user.git(["config", "alias.st", "status"]).success();
    user.write(".git/info/exclude", "*.swp\n");
    user.write(".git/info/attributes", "*.bin binary\n");
    hooks(&user);
    user
}

/// Hooks that leave a trace when they run.
fn hooks(user: &User) {
    for name in [
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "post-checkout",
        "post-merge",
        "pre-merge-commit",
        "post-rewrite",
        "post-index-change",
        "reference-transaction",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "update",
        "post-update",
    ] {
        let trace = user.outside("hooks-ran");
        let path = format!(".git/hooks/{name}");
        user.write(
            &path,
            &format!("#!/bin/sh\necho {name} >> '{}'\n", trace.display()),
        );
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(user.path().join(path), mode).expect("a mode");
    }
}

fn look(user: &User) -> Digest {
    digest(&user.path(), &OURS)
}

/// The refs that are the user's, as git tells them.
fn refs(user: &User) -> String {
    let all = user
        .git(["for-each-ref", "--format=%(refname) %(objectname)"])
        .success();
    let theirs = all.stdout.lines().filter(|line| {
        !["refs/enact/", "refs/heads/enact/", "refs/notes/PROGRESS"]
            .iter()
            .any(|ours| line.starts_with(ours))
    });
    theirs.collect::<Vec<_>>().join("\n")
}

/// An executor that commits without the user's hooks, as `--commit tool` would.
fn executor(user: &User) -> String {
    user.executor(
        r#"if test $ENACT_TASK = c && ! grep -q Finnish "$ENACT_PROMPT_FILE"; then
    echo '{"status": "KICKBACK", "signal": "missing_context", "reason": "which?"}'; exit 0
fi
echo $ENACT_TASK > $ENACT_TASK.txt"#,
    )
}

/// The checkpoint that says that `b` was integrated; empty before.
fn checkpoint_of_b(user: &User) -> String {
    let journal = [
        "log",
        "--first-parent",
        "--format=%H",
        "--grep=^b: integrated",
        "refs/enact/runs/r-test",
    ];
    let found = user.git(journal).stdout;
    found.lines().next_back().unwrap_or_default().to_owned()
}

#[test]
fn no_command_but_land_changes_anything_of_the_users() {
    let user = busy();
    let (before, refs_before) = (look(&user), refs(&user));
    let executor = executor(&user);
    let run = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--commit",
        "tool",
        "--sequential",
        "--final-verify",
        "test -s c.txt",
        "--",
        &executor,
    ];
    let edited = user.outside("edited.toml").display().to_string();
    let more = format!("{PLAN}[[task]]\nid = \"d\"\ntitle = \"Do d\"\n");
    std::fs::write(&edited, more).expect("a plan");
    for (args, code) in [
        (&["check", "plan.toml"][..], 0),
        (&["run", "plan.toml", "--dry-run", "--", "true"], 0),
        (&["run", "plan.toml", "--", "true"], 2),
        (&run, 3),
        (&["status"], 0),
        (&["status", "--json"], 0),
        (&["status", "--porcelain"], 0),
        (&["list"], 0),
        (&["log"], 0),
        (&["graph", "plan.toml"], 0),
        (&["convert", "plan.toml", "--to", "toml"], 0),
        (&["show", "c"], 0),
        (&["diff", "a"], 0),
        (&["progress"], 0),
        (&["report"], 0),
        (&["help", "executors"], 0),
        (&["executors"], 0),
        (&["stop"], 0),
        (&["resume"], 3),
        (&["land"], 2),
        (&["retry", "c"], 2),
        (&["answer", "c", "-m", "Finnish"], 0),
        (&["resume"], 0),
        (&["review"], 0),
        (&["review", "a"], 0),
        (&["worktree", "a"], 0),
        (&["revert", "a"], 2),
        (&["revert", "a", "--yes"], 0),
        (&["resume"], 1),
        (&["retry", "a"], 0),
        (&["resume"], 0),
        (&["rollback", "CHECKPOINT"], 2),
        (&["rollback", "CHECKPOINT", "--yes"], 0),
        (&["replan", "r-test", &edited], 0),
        // The answer came after the checkpoint.
        (&["resume", "--yes"], 3),
        (&["doctor"], 0),
        (&["doctor", "--repair"], 0),
        (&["report", "--format", "json"], 0),
        (&["executors"], 0),
        (&["clean"], 2),
        (&["clean", "--yes"], 0),
    ] {
        let mut args = args.to_vec();
        let first = checkpoint_of_b(&user);
        for arg in args.iter_mut().filter(|arg| **arg == "CHECKPOINT") {
            *arg = &first;
        }
        user.enact(&args).code(code);
        before.assert_same(
            &look(&user),
            &format!("`git enact {}` touches nothing", args.join(" ")),
        );
        assert_eq!(
            refs(&user),
            refs_before,
            "`git enact {}` moves no ref",
            args.join(" ")
        );
    }
    assert!(
        !user.outside("hooks-ran").exists(),
        "no hook of the user's ran"
    );
    assert_eq!(user.at("enact/r-test/integration", "b.txt"), "b\n");
    assert_eq!(user.git(["stash", "list"]).stdout.lines().count(), 1);
}

#[test]
fn an_executor_that_fails_in_every_way_changes_nothing_either() {
    let user = busy();
    let before = look(&user);
    let executor = user.executor(
        r#"unset GIT_CONFIG_COUNT; echo work > work.txt
case $ENACT_TASK$ENACT_ATTEMPT in
a1) rm .git; git add -A; git -c core.hooksPath=/dev/null commit -qm Escaped; git stash; git switch -qc escaped ;;
a2) cd /; rm -rf "$ENACT_WORKTREE" ;;
c1) kill -9 $$ ;;
c2) exit 7 ;;
esac"#,
    );
    let flags = ["--on-failure", "skip", "--retries", "1", "--sequential"];
    user.run("plan.toml", &executor, &flags).code(1);
    before.assert_same(
        &look(&user),
        "an executor that runs wild stays outside the checkout",
    );
}

#[test]
fn a_finished_run_leaves_no_worktrees() {
    let user = busy();
    let executor = user.executor("echo $ENACT_TASK > $ENACT_TASK.txt");
    user.run("plan.toml", &executor, &["--commit", "tool"])
        .success();
    assert!(
        !user.outside("repo.enact").exists(),
        "its place beside the checkout is gone"
    );
    let worktrees = user.git(["worktree", "list", "--porcelain"]).success();
    assert_eq!(
        worktrees.stdout.matches("worktree ").count(),
        1,
        "{worktrees}"
    );
}

#[test]
fn cleaning_removes_worktrees_and_task_branches_and_keeps_the_story() {
    let user = busy();
    let executor = executor(&user);
    user.run(
        "plan.toml",
        &executor,
        &["--commit", "tool", "--sequential"],
    )
    .code(3);
    assert!(
        user.outside("repo.enact").exists(),
        "a resumable run keeps its worktrees"
    );
    user.enact(["clean"]).code(2).says("remove its worktrees");
    user.enact(["clean", "--yes"]).success();
    assert!(!user.outside("repo.enact").exists());
    let branches = user
        .git(["branch", "--list", "--format=%(refname)", "enact/*"])
        .success();
    assert_eq!(branches.stdout, "refs/heads/enact/r-test/integration\n");
    assert!(!user.path().join(".git/enact/runs/r-test").exists());
    user.enact(["log"]).success().says("kickback");
    // What was cleaned is made again when it is needed.
    user.enact(["answer", "c", "-m", "Finnish"]).success();
    user.enact(["resume"]).success();
    user.assert_whole();
}

#[test]
fn branches_that_were_cleaned_are_not_missed_when_the_run_has_gone_on() {
    let user = busy();
    let executor = executor(&user);
    let flags = ["--commit", "tool", "--sequential"];
    user.run("plan.toml", &executor, &flags).code(3);
    user.enact(["clean", "--yes"]).success();
    user.enact(["answer", "c", "-m", "Finnish"]).success();
    user.enact(["resume"]).success();
    user.enact(["doctor"]).success().says("all is well");
    let branch = "refs/heads/enact/r-test/task/c";
    user.git(["update-ref", "-d", branch]).success();
    user.enact(["doctor"]).code(1).says("task/c` is gone");
}

#[test]
fn worktrees_go_where_the_user_wants_them_from_wherever_the_run_is_resumed() {
    let user = busy();
    user.git(["config", "enact.worktreeDir", "../elsewhere"])
        .success();
    let executor = executor(&user);
    user.run(
        "plan.toml",
        &executor,
        &["--commit", "tool", "--sequential"],
    )
    .code(3);
    assert!(user.outside("elsewhere/r-test").exists());
    assert!(!user.outside("repo.enact").exists());
    user.enact(["answer", "c", "-m", "Finnish"]).success();
    let mut resume = user.enact_command(["resume"]);
    let resumed =
        crate::support::user::Output::of(resume.current_dir(user.path().join("ignored/deep")));
    resumed.success();
    assert!(!user.outside("elsewhere/r-test").exists());
}

#[test]
fn a_branch_that_the_user_has_checked_out_is_not_moved_under_them() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(
        "signal $ENACT_TASK-runs; wait_for $ENACT_TASK-may-end; commit $ENACT_TASK.txt w",
    );
    let run = user.start_run("plan.toml", &executor, &["--sequential"]);
    user.wait_for("a-runs");
    user.git(["switch", "--quiet", "enact/r-test/integration"])
        .success();
    let head = user.git(["rev-parse", "HEAD"]).stdout;
    for task in ["a", "b", "c"] {
        user.signal(&format!("{task}-may-end"));
    }
    let output = run.end().success();
    output.complains("refs/heads/enact/r-test/integration is checked out in");
    assert_eq!(user.git(["rev-parse", "HEAD"]).stdout, head);
    assert_eq!(
        user.git(["status", "--porcelain"]).stdout,
        "",
        "their files match it still"
    );
    user.git(["switch", "--quiet", "main"]).success();
    user.enact(["resume"]).success();
    assert_eq!(
        user.at("enact/r-test/integration", "c.txt"),
        "w\n",
        "it follows when it may"
    );
}

#[test]
fn a_task_branch_that_the_user_has_checked_out_stays() {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor("test -e \"$HOME/../go\" || exit 1; commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--sequential", "--retries", "0"])
        .code(3);
    user.git([
        "worktree",
        "add",
        "--quiet",
        "--force",
        "../look",
        "enact/r-test/task/a",
    ])
    .success();
    user.signal("go");
    user.enact(["retry", "a"]).success();
    user.enact(["resume"])
        .code(4)
        .complains("is checked out in");
    user.enact(["clean", "--yes"])
        .success()
        .complains("is checked out in");
    user.git(["rev-parse", "--verify", "--quiet", "enact/r-test/task/a"])
        .success();
    user.git(["worktree", "remove", "../look"]).success();
    user.enact(["resume"]).success();
}

#[test]
fn a_link_in_place_of_what_an_executor_is_told_leads_to_no_file_of_the_users() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"Two\"\njobs = 1\n[[task]]\nid = \"a\"\ntitle = \"A\"\n[[task]]\nid = \"b\"\ntitle = \"B\"\n");
    let precious = user.outside("precious");
    std::fs::write(&precious, "mine").expect("a file");
    let executor = user.executor(&format!(
        "ln -sf '{0}' \"$ENACT_PROMPT_FILE\"; ln -f '{0}' \"$ENACT_TASK_FILE\"; commit $ENACT_TASK.txt w",
        precious.display()
    ));
    user.run("plan.toml", &executor, &[]).success();
    assert_eq!(std::fs::read_to_string(precious).expect("it"), "mine");
}
