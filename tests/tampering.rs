//! What an executor does to git behind our back hides nothing, loses nothing and stops no run for good.

use git_enact::run::policy::Isolation;

use crate::support::isolation::{in_each, of};
use crate::support::user::{Output, User};
use crate::truth::{keeps, refused};

/// What is said of objects that end too early; from a clone they do not come in.
const TOO_EARLY: [&str; 2] = [
    "end too early: they are damaged",
    "git refuses objects of what was committed: ",
];

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
    in_each(|_| {
        let script = r"mkdir n; cd n; git init --quiet; echo inner > inner.txt; git add .
git commit --quiet -m Inner; cd ..; git add --all 2>/dev/null; git commit --quiet -m Outer";
        refused("", script, &[])
            .because("uncommitted changes were left behind: n/")
            .keeps("n/inner.txt", "inner");
    });
}

#[test]
fn a_commit_with_a_damaged_object_is_not_done() {
    in_each(|isolation| {
        let script = r#"commit work.txt work; blob=$(git rev-parse HEAD:work.txt)
object="$ENACT_GIT_COMMON_DIR/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-)"
chmod u+w "$object"; : > "$object""#;
        let user = User::new();
        user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
        user.run("plan.toml", &user.executor(script), &["--retries", "0"])
            .code(3)
            .complains(of(isolation, TOO_EARLY));
        assert_eq!(user.status()["run"]["tip"], user.status()["run"]["base"]);
    });
}

#[test]
fn objects_that_end_too_early_are_not_read_and_stop_no_run() {
    in_each(|isolation| {
        for object in ["HEAD", "HEAD^{tree}", "HEAD:deep"] {
            let script = format!(
                r#"commit deep/work.txt "$(seq 2000)"; object=$(git rev-parse "{object}")
file="$ENACT_GIT_COMMON_DIR/objects/$(echo $object | cut -c1-2)/$(echo $object | cut -c3-)"
size=$(($(wc -c < "$file") / 2)); chmod u+w "$file"; head -c $size "$file" > "$file.new"; mv "$file.new" "$file"
printf '{{"status": "done", "commit": "%s"}}\n' "$(cat "$ENACT_GIT_COMMON_DIR/$(git symbolic-ref HEAD)")""#
            );
            let user = User::new();
            user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
            let executor = user.executor(&script);
            user.run(
                "plan.toml",
                &executor,
                &["--retries", "0", "--on-failure", "skip", "--timeout", "60s"],
            )
            .code(1)
            .complains(of(isolation, TOO_EARLY));
            assert_eq!(
                user.status()["run"]["tip"],
                user.status()["run"]["base"],
                "{object}"
            );
        }
    });
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
    user.git(["config", "filter.gone.clean", "exit 1"])
        .success();
    user.git(["config", "filter.gone.required", "true"])
        .success();
    user.write(".git/info/attributes", "rest.txt filter=gone\n");
    let executor = user.executor(
        r#"test $ENACT_ATTEMPT = 1 || { commit work.txt work; exit; }
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
fn excludes_that_name_tracked_files_take_none_from_the_next_attempt() {
    let user = User::new();
    user.write("src/lib.rs", "one\n");
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
    let executor = user.executor(
        r#"mkdir -p "$ENACT_GIT_COMMON_DIR/info"; printf 'src/\nREADME.md\n' > "$ENACT_GIT_COMMON_DIR/info/exclude"
test -s src/lib.rs && test -s README.md || { echo "tracked files are gone"; exit 1; }
test $ENACT_ATTEMPT = 3 && { commit work.txt work; exit; }
git rm --quiet --cached src/lib.rs; git commit --quiet --message Untracked; echo rest > src/rest.rs; exit 1"#,
    );
    user.run("plan.toml", &executor, &["--retries", "2"])
        .success();
    assert_eq!(user.at("enact/r-test/integration", "src/lib.rs"), "one\n");
}

#[test]
fn what_a_link_leads_to_is_not_kept_as_if_it_were_the_tasks() {
    let attempted = refused(
        "",
        r#"mkdir ../away; cd ../away; git init --quiet; echo theirs > theirs.txt; cd - > /dev/null
git update-index --add --cacheinfo 160000,"$(git rev-parse HEAD)",far/away; git commit --quiet --message Named
ln -s .. far"#,
        &[],
    );
    let kept = attempted
        .user
        .git(["log", "--all", "--format=", "--name-only"]);
    assert!(!kept.success().stdout.contains("theirs.txt"));
}

#[test]
fn the_files_of_a_worktree_that_git_no_longer_knows_are_moved_aside() {
    in_each(|isolation| {
        let user = User::new();
        user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
        let executor = user.executor(
        r#"test $ENACT_ATTEMPT = 1 || { commit work.txt work; exit; }
echo rest > rest.txt; rm -r "$ENACT_GIT_DIR"; kill -9 "$(cat "$(dirname "$0")/driver")"; wait_for never"#,
    );
        let args = [
            "run",
            "plan.toml",
            "--yes",
            "--name",
            "r-test",
            "--",
            &executor,
        ];
        // The driver's own number, for `exec` keeps it.
        let mut driver = user.command("sh");
        let script = r#"echo $$ > "$1/driver"; shift; exec "$@""#;
        driver.args(["-c", script, "sh"]).arg(user.outside(""));
        driver.arg(env!("CARGO_BIN_EXE_git-enact")).args(args);
        Output::of(&mut driver).code(128 + 9);
        user.enact(["resume"]).success();
        assert_eq!(user.task("t")["status"], "done");
        if isolation == Isolation::Clone {
            // It has a git directory of its own: git knows the worktree as before.
            assert!(keeps(&user, "rest.txt", "rest"));
            return;
        }
        let kept = user.outside("repo.enact/r-test/t.1.aside");
        assert_eq!(
            std::fs::read_to_string(kept.join("rest.txt")).expect("kept"),
            "rest\n"
        );
        assert!(
            !kept.join(".git").exists(),
            "nobody takes it for the slot's worktree"
        );
        user.enact(["log"]).says("moved to `");
    });
}

#[test]
fn a_secret_in_the_last_words_is_not_cut_in_two() {
    let user = User::new();
    user.write("enact.toml", "pass_env = [\"API_TOKEN\"]\n");
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n");
    let padding = "x".repeat(190);
    let executor = user.executor(&format!(
        r#"printf '\033[31m%s %s\033[0m\n' {padding} "$API_TOKEN"; exit 1"#
    ));
    let args = [
        "run",
        "plan.toml",
        "--name",
        "r-test",
        "--yes",
        "--retries",
        "0",
        "--on-failure",
        "skip",
        "--",
        &executor,
    ];
    let mut run = user.enact_command(args);
    run.env("API_TOKEN", "correct-horse-battery");
    Output::of(&mut run).code(1);
    let reason = user.task("t")["reason"].to_string();
    assert!(
        reason.contains("xxx [redact") && !reason.contains("correct"),
        "{reason}"
    );
    assert!(!reason.contains("[31m"), "{reason}");
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

#[test]
fn a_journal_with_an_object_that_ends_too_early_says_so() {
    let user = crate::doctor::finished();
    let journal = "refs/enact/runs/r-test";
    let object = user
        .git(["rev-parse", &format!("{journal}~3")])
        .success()
        .stdout;
    let object = object.trim();
    let file = user
        .path()
        .join(format!(".git/objects/{}/{}", &object[..2], &object[2..]));
    let bytes = std::fs::read(&file).expect("a loose object");
    std::fs::remove_file(&file).expect("removed");
    std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
    user.enact(["log"])
        .code(2)
        .complains("ends too early: `git enact doctor`");
    user.enact(["doctor"]).code(1);
    user.enact(["clean", "--purge", "--yes"]).success();
}
