//! What an executor does to git behind our back hides nothing, loses nothing and stops no run for good.

use crate::support::user::{Output, User};
use crate::truth::refused;

#[test]
fn an_index_of_ours_that_an_executor_wrote_is_not_believed() {
    let script = r#"commit work.txt work; echo hidden > README.md
git update-index --assume-unchanged README.md
cp "$ENACT_GIT_DIR/index" "$ENACT_GIT_DIR/enact-index""#;
    refused("", script, &[])
        .because("uncommitted changes were left behind: README.md")
        .keeps("README.md", "hidden");
}

#[test]
fn excludes_and_settings_of_an_executor_hide_nothing() {
    for script in [
        "echo left.txt >> \"$ENACT_GIT_COMMON_DIR/info/exclude\"",
        "echo left.txt > ../ignored; git config core.excludesFile \"$PWD/../ignored\"",
    ] {
        let script = format!(
            "mkdir -p \"$ENACT_GIT_COMMON_DIR/info\"; {script}; commit work.txt work; echo left > left.txt"
        );
        refused("", &script, &[])
            .because("uncommitted changes were left behind: left.txt")
            .keeps("left.txt", "left");
    }
    refused(
        "",
        "git config core.fileMode false; commit work.txt work; chmod +x README.md",
        &[],
    )
    .because("uncommitted changes were left behind: README.md");
}

#[test]
fn repositories_in_repositories_are_kept_with_their_files() {
    let script = r"commit work.txt work
mkdir -p n/deep/er; cd n; git init --quiet; echo one > one.txt
cd deep; git init --quiet; echo two > two.txt; cd er; git init --quiet; echo three > three.txt";
    refused("", script, &[])
        .because("uncommitted changes were left behind: n/")
        .keeps("n/one.txt", "one")
        .keeps("n/deep/two.txt", "two")
        .keeps("n/deep/er/three.txt", "three");
}

#[test]
fn a_commit_that_only_names_a_repository_is_not_done_and_its_files_are_kept() {
    let script = r"mkdir n; cd n; git init --quiet; echo inner > inner.txt; git add .
git commit --quiet -m Inner; cd ..; git add --all 2>/dev/null; git commit --quiet -m Outer";
    refused("", script, &[])
        .because("uncommitted changes were left behind: n/")
        .keeps("n/inner.txt", "inner");
}

#[test]
fn a_commit_with_a_damaged_object_is_not_done() {
    let script = r#"commit work.txt work; blob=$(git rev-parse HEAD:work.txt)
object="$ENACT_GIT_COMMON_DIR/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-)"
chmod u+w "$object"; : > "$object""#;
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
    user.run("plan.toml", &user.executor(script), &["--retries", "0"])
        .code(3)
        .complains("objects of the commit are missing");
    assert_eq!(user.status()["run"]["tip"], user.status()["run"]["base"]);
}

#[test]
fn damage_to_the_worktrees_own_files_stops_no_run() {
    let damages = [
        "rm HEAD; ln -s ../../HEAD HEAD",
        "rm HEAD; mkdir HEAD",
        "rm -f enact-index; mkdir -p enact-index/x",
        "rm -f enact-scratch; mkdir -p enact-scratch/x",
        "rm -f enact-exclude; mkdir -p enact-exclude/x",
        "rm -f logs/HEAD; mkdir -p logs/HEAD/x",
        "rm -f index; mkdir -p index/x",
    ];
    for damage in damages {
        let script =
            format!("commit work.txt work; echo rest > rest.txt; cd \"$ENACT_GIT_DIR\"; {damage}");
        refused("", &script, &[])
            .because("uncommitted changes were left behind: rest.txt")
            .keeps("work.txt", "work")
            .keeps("rest.txt", "rest");
    }
}

#[test]
fn what_git_cannot_tell_is_moved_aside_by_the_next_resume() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
    // As where a filter of the repository's is not installed.
    let executor = user.executor(
        r#"test $ENACT_ATTEMPT = 1 || { commit work.txt work; exit; }
git config filter.gone.clean "exit 1"; git config filter.gone.required true
mkdir -p "$ENACT_GIT_COMMON_DIR/info"; echo "rest.txt filter=gone" > "$ENACT_GIT_COMMON_DIR/info/attributes"
echo rest > rest.txt; exit 1"#,
    );
    user.run("plan.toml", &executor, &["--retries", "1"])
        .code(4)
        .complains("git enact resume r-test");
    user.enact(["resume"]).success().complains("was moved to `");
    assert_eq!(user.task("t")["status"], "done");
    let kept = user.outside("repo.enact/r-test/t.1.aside/rest.txt");
    assert_eq!(std::fs::read_to_string(kept).expect("kept"), "rest\n");
}

#[test]
fn a_file_name_with_a_line_end_begins_no_line() {
    refused("", "echo x > \"$(printf 'a\\ntask\\tt\\tdone')\"", &[])
        .because(r"left behind: a\ntask\tt\tdone");
}

#[test]
fn what_a_check_prints_and_a_claim_names_is_stored_without_secrets() {
    let claim = "echo '{\"status\":\"done\",\"commit\":\"'$API_TOKEN'\"}'";
    for (more, told) in [("", "leak [redacted]"), (claim, "commit `[redacted]`")] {
        let user = User::new();
        user.write("enact.toml", "pass_env = [\"API_TOKEN\"]\n");
        user.plan(
            "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\nverify = [\"echo leak $API_TOKEN; false\"]\n",
        );
        let executor = user.executor(&format!("commit work.txt work; {more}"));
        let args = [
            "run",
            "plan.toml",
            "--name",
            "r-test",
            "--yes",
            "--",
            &executor,
        ];
        let mut run = user.enact_command(args);
        run.env("API_TOKEN", "correct-horse-battery");
        Output::of(&mut run).code(3).complains(told);
        let journal = user
            .git(["log", "-p", "--format=%B", "refs/enact/runs/r-test"])
            .success()
            .stdout;
        assert!(!journal.contains("correct-horse"), "{journal}");
    }
}
