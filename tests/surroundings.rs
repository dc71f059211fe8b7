//! What stands around a run (variables, configuration, refs and places of others) neither misleads it nor is misled.

use crate::support::user::{Output, User};

const PLAN: &str =
    "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\nrun = \"echo t > t.txt\"\n";

fn planned() -> User {
    let user = User::new();
    user.plan(PLAN);
    user
}

fn run(user: &User, name: &str) -> Output {
    user.enact([
        "run",
        "plan.toml",
        "--new",
        "--yes",
        "--durability",
        "process",
        "--name",
        name,
    ])
}

#[test]
fn a_repository_that_the_environment_names_is_not_passed_over() {
    let user = planned();
    let other = user.outside("other").to_string_lossy().into_owned();
    user.git(["init", "--quiet", &other]).success();
    let mut list = user.enact_command(["list"]);
    list.env("GIT_DIR", format!("{other}/.git"));
    Output::of(&mut list)
        .code(2)
        .complains("which is not the repository here");
    let mut list = user.enact_command(["list"]);
    list.env("GIT_DIR", ".git");
    Output::of(&mut list).success();
}

#[test]
fn a_run_stays_where_its_worktrees_are() {
    let user = planned();
    let executor = user.executor(
        "echo precious > work.txt; kill -9 \"$(cat \"$(dirname \"$0\")/driver\")\"; wait_for never",
    );
    let mut driver = user.command("sh");
    let script = r#"echo $$ > "$1/driver"; shift; exec "$@""#;
    driver.args(["-c", script, "sh"]).arg(user.outside(""));
    driver.arg(env!("CARGO_BIN_EXE_git-enact"));
    driver.args([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--",
        &executor,
    ]);
    Output::of(&mut driver).code(128 + 9);
    user.git(["config", "enact.worktreeDir", "../elsewhere"])
        .success();
    user.enact(["clean", "--yes"]).success();
    let journal = user
        .git(["log", "--all", "--format=", "--name-only"])
        .success();
    assert!(journal.stdout.contains("work.txt"), "it is kept: {journal}");
    let listed = user.git(["worktree", "list", "--porcelain"]).success();
    assert_eq!(listed.stdout.matches("worktree ").count(), 1, "{listed}");
}

#[test]
fn worktrees_go_below_the_home_that_git_means_by_a_tilde() {
    let user = planned();
    user.git(["config", "enact.worktreeDir", "~/trees"])
        .success();
    let executor = user.executor("pwd > \"$(dirname \"$0\")/place\"; commit t.txt t");
    user.run("plan.toml", &executor, &[]).success();
    assert!(user.noted("place").ends_with("/home/trees/r-test/slot-1"));
}

#[test]
fn a_name_whose_branches_are_still_there_is_not_used_again() {
    let user = planned();
    run(&user, "r").success();
    user.git(["update-ref", "-d", "refs/enact/runs/r"])
        .success();
    let tip = user
        .git(["rev-parse", "enact/r/integration"])
        .success()
        .stdout;
    run(&user, "r")
        .code(2)
        .complains("branches of an earlier run `r` are still there");
    assert_eq!(
        user.git(["rev-parse", "enact/r/integration"])
            .success()
            .stdout,
        tip
    );
}

#[test]
fn a_branch_in_the_way_of_ours_is_named_before_anything_is_made() {
    let user = planned();
    user.git(["branch", "enact"]).success();
    run(&user, "r")
        .code(2)
        .complains("your branch `enact` stands where runs keep theirs");
    user.git(["for-each-ref", "refs/enact"]).success().says("");
    user.enact(["list"]).success();
}

#[test]
fn a_copy_of_a_journal_is_no_second_run() {
    let user = planned();
    run(&user, "r").success();
    user.git(["update-ref", "refs/enact/runs/copy", "refs/enact/runs/r"])
        .success();
    for command in [
        &["resume", "copy", "--yes"][..],
        &["land", "copy", "--yes"],
        &["status", "copy"],
    ] {
        user.enact(command)
            .code(2)
            .complains("`refs/enact/runs/copy` holds the journal of run `r`");
    }
}

#[test]
fn a_run_that_cannot_be_read_hides_no_other() {
    let user = planned();
    run(&user, "r").success();
    user.git(["update-ref", "refs/enact/runs/odd", "HEAD"])
        .success();
    user.enact(["list"])
        .success()
        .says("r  complete")
        .complains("run odd cannot be read");
    run(&user, "s").success();
}

#[test]
fn what_is_said_by_git_itself_is_heard() {
    let user = planned();
    std::fs::write(user.outside("home/.gitconfig"), "").expect("no identity");
    let args = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r",
        "--durability",
        "process",
    ];
    user.enact(args)
        .code(2)
        .complains("git does not know who you are");
    let mut named = user.enact_command(args);
    named.env(
        "GIT_CONFIG_PARAMETERS",
        "'user.name'='Bea' 'user.email'='bea@example.com' 'enact.retries'='none'",
    );
    Output::of(&mut named).code(2).complains("retries");
    let mut named = user.enact_command(args);
    named.env("GIT_CONFIG_COUNT", "2");
    named
        .env("GIT_CONFIG_KEY_0", "user.name")
        .env("GIT_CONFIG_VALUE_0", "Bea");
    named
        .env("GIT_CONFIG_KEY_1", "user.email")
        .env("GIT_CONFIG_VALUE_1", "bea@example.com");
    Output::of(&mut named).success();
    user.git(["log", "-1", "--format=%an", "refs/enact/runs/r"])
        .success()
        .says("Bea");
}

#[test]
fn of_two_runs_of_one_second_the_later_is_the_newest() {
    let user = planned();
    for name in ["run10", "run9", "run11"] {
        run(&user, name).success();
    }
    assert_eq!(user.status()["run"]["id"], "run11");
}

#[test]
fn output_that_was_cut_short_is_a_failure() {
    let user = planned();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("a full disk");
    let mut check = user.enact_command(["check", "plan.toml", "--json"]);
    check.stdout(full);
    Output::of(&mut check).code(2).complains("only a part");
}

#[test]
fn a_sparse_checkout_stays_one_when_a_run_lands() {
    let user = planned();
    user.write("in/a.txt", "a\n");
    user.write("out/b.txt", "b\n");
    user.write("plan.toml", "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\nrun = \"echo more > out/b.txt; echo new > out/c.txt; echo more > in/a.txt\"\n");
    user.commit("Files");
    user.git(["sparse-checkout", "set", "--cone", "in"])
        .success();
    run(&user, "r").success();
    user.enact(["land", "--yes"]).success();
    assert!(
        !user.path().join("out").exists(),
        "the checkout has the shape that its owner chose"
    );
    assert_eq!(
        std::fs::read_to_string(user.path().join("in/a.txt")).expect("it is there"),
        "more\n"
    );
    user.git(["status", "--porcelain"]).success();
}

#[test]
fn words_may_begin_with_a_dash() {
    let user = planned();
    let executor = user.executor("exit 125");
    user.run("plan.toml", &executor, &[]).code(3);
    user.enact(["answer", "t", "-m", "- do this"]).success();
    user.enact(["show", "t"]).success().says("- do this");
}
