//! `clean --purge` removes every trace of a run, and nothing else.

use crate::support::digest::digest;
use crate::support::oracle;
use crate::support::scenario::{Journey, WORK};
use crate::support::user::{Output, User};

const PLAN: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\nrun = \"echo NAME > NAME.txt\"\n";

/// A user with two finished runs, `first` and `second`.
fn two_runs() -> User {
    let user = User::new();
    for name in ["first", "second"] {
        user.write(&format!("{name}.toml"), &PLAN.replace("NAME", name));
    }
    user.commit("Plans");
    for name in ["first", "second"] {
        let plan = format!("{name}.toml");
        user.enact(["run", &plan, "--yes", "--name", name])
            .success();
    }
    user
}

/// Everything by which git and the file system could tell of runs.
fn traces(user: &User) -> String {
    let notes = user.git(["notes", "--ref=PROGRESS", "list"]).success();
    let texts: Vec<String> = notes
        .stdout
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(note, _)| user.git(["cat-file", "blob", note]).success().stdout)
        .collect();
    let refs = user.git(["for-each-ref", "--format=%(objectname) %(refname)"]);
    let refs: Vec<String> = refs
        .success()
        .stdout
        .lines()
        .filter(|line| !line.ends_with("refs/notes/PROGRESS"))
        .map(str::to_owned)
        .collect();
    let trees = user.git(["worktree", "list"]).success().stdout;
    let mut files = oracle::files_below(&user.path().join(".git/enact"));
    files.extend(oracle::files_below(&user.outside("repo.enact")));
    files.sort();
    format!("{refs:#?}\n{texts:#?}\n{trees}\n{files:#?}")
}

#[test]
fn a_purged_run_leaves_no_trace_and_another_run_keeps_all_of_its_own() {
    let user = two_runs();
    let user_side = oracle::untouched(&user);
    let second: Vec<String> = lines_with(&traces(&user), "second");
    user.enact(["clean", "first", "--purge", "--yes"])
        .success()
        .says("run first: purged");
    let after = traces(&user);
    assert_eq!(lines_with(&after, "first"), Vec::<String>::new(), "{after}");
    assert_eq!(lines_with(&after, "second"), second, "the other run stays");
    user_side.assert_same(&oracle::untouched(&user), "the user's side is as it was");
    user.enact(["status", "first"])
        .code(2)
        .complains("no run is named `first`");
    user.enact(["status", "second"]).success().says("complete");

    user.assert_whole();
    // The name is free again.
    user.enact(["run", "first.toml", "--yes", "--name", "first"])
        .success();
}

/// The lines that name a run, but for those that only name a file of its plan.
fn lines_with(text: &str, name: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains(name));
    lines.map(str::to_owned).collect()
}

#[test]
fn what_others_wrote_into_a_note_survives_the_purge() {
    let user = two_runs();
    let commit = "enact/first/integration";
    let commit = user.git(["rev-parse", commit]).success().stdout;
    let commit = commit.trim();
    user.git([
        "notes",
        "--ref=PROGRESS",
        "append",
        "-m",
        "Looked at it.",
        commit,
    ])
    .success();
    user.enact(["clean", "first", "--purge", "--yes"]).success();
    let note = user.git(["notes", "--ref=PROGRESS", "show", commit]);
    assert_eq!(note.success().stdout.trim(), "Looked at it.");
}

#[test]
fn of_two_runs_that_note_one_commit_each_takes_only_its_own_words_along() {
    for (purged, stays) in [("first", "second"), ("second", "first")] {
        let user = User::new();
        for name in ["first", "second"] {
            user.write(&format!("{name}.toml"), &PLAN.replace("NAME", name));
        }
        user.commit("Plans");
        // The same content, parent, author and time: the same commit.
        let executor = user.executor(
            "export GIT_AUTHOR_DATE=2026-01-01T00:00:00Z GIT_COMMITTER_DATE=2026-01-01T00:00:00Z
             commit t.txt same",
        );
        let mut commits = Vec::new();
        for name in ["first", "second"] {
            let plan = format!("{name}.toml");
            let begin = ["run", &plan, "--yes", "--name", name, "--", &executor];
            user.enact(begin).success();
            commits.push(user.task("t")["commit"].clone());
        }
        assert_eq!(commits[0], commits[1]);
        let commit = commits[0].as_str().expect("a commit");
        user.enact(["doctor", "first"]).success();
        user.enact(["doctor", "second"]).success();
        user.enact(["clean", purged, "--purge", "--yes"]).success();
        let note = user.git(["notes", "--ref=PROGRESS", "show", commit]);
        let note = note.success().stdout;
        assert_eq!(lines_with(&note, "Run: "), [format!("Run: {stays}")]);
        assert_eq!(lines_with(&note, "Status: "), ["Status: done"]);
        user.enact(["doctor"]).success();
    }
}

#[test]
fn a_purge_asks_first_and_says_what_would_be_lost() {
    let user = two_runs();
    // Whoever asks takes the lease for a moment.
    let skip = [".git/enact/runs/first/lease"];
    let before = digest(&user.path(), &skip);
    user.enact(["clean", "first", "--purge"])
        .code(2)
        .says("remove every trace")
        .says("is on no other branch")
        .complains("--yes");
    before.assert_same(&digest(&user.path(), &skip), "a question changes nothing");
    user.enact(["land", "first", "--yes"]).success();
    let output = user.enact(["clean", "first", "--purge"]).code(2);
    assert!(
        !output.stdout.contains("lost for good"),
        "what was landed is not lost: {output}"
    );
}

#[test]
fn a_purge_of_what_a_crash_left_ends_it_and_says_what_is_lost() {
    let mut journey = Journey::new(&WORK, &["followed:attempt-started:2"]);
    journey.die();
    let user = &journey.user;
    user.enact(["clean", "--purge"])
        .code(2)
        .says("left uncommitted");
    user.enact(["clean", "--purge", "--yes"]).success();
    oracle::assert_no_process(user);
    let after = traces(user);
    assert!(!after.contains("r-test"), "nothing is left: {after}");
    user.assert_whole();
}

#[test]
fn a_purge_that_died_is_made_again() {
    for step in [
        "step:purge-begun",
        "step:worktree-removed",
        "step:purge-notes-removed",
        "step:purge-branches-removed",
    ] {
        let mut journey = Journey::new(&WORK, &["recorded:integrated"]);
        journey.die();
        let user = &journey.user;
        let mut command = user.enact_command(["clean", "--purge", "--yes"]);
        command.env("ENACT_CRASH_AT", step);
        Output::of(&mut command).code(134);
        user.enact(["clean", "r-test", "--purge", "--yes"])
            .success();
        let after = traces(user);
        assert!(
            !after.contains("r-test"),
            "nothing is left after {step}: {after}"
        );
    }
}

#[test]
fn a_run_that_is_driven_or_checked_out_is_not_purged() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"Slow\"\n[[task]]\nid = \"1\"\ntitle = \"Wait\"\n");
    let executor = user.executor("signal begun; wait_for go; commit 1.txt 1");
    let driver = user.start_run("plan.toml", &executor, &[]);
    user.wait_for("begun");
    user.enact(["clean", "r-test", "--purge", "--yes"])
        .code(5)
        .complains("is driven by process");
    user.signal("go");
    driver.end().success();
    user.git(["switch", "--quiet", "enact/r-test/integration"])
        .success();
    user.enact(["clean", "r-test", "--purge", "--yes"])
        .code(2)
        .complains("is checked out in");
    user.git(["switch", "--quiet", "main"]).success();
    user.enact(["clean", "r-test", "--purge", "--yes"])
        .success();
}

#[test]
fn a_run_without_its_journal_can_be_purged() {
    let user = two_runs();
    user.git(["update-ref", "-d", "refs/enact/runs/first"])
        .success();
    user.enact(["clean", "first", "--purge"])
        .code(2)
        .says("its journal cannot be read");
    user.enact(["clean", "first", "--purge", "--yes"]).success();
    let after = traces(&user);
    assert_eq!(lines_with(&after, "first"), Vec::<String>::new(), "{after}");
}

#[test]
fn worktrees_that_were_lent_go_with_the_run_unless_somebody_worked_in_them() {
    let user = crate::doctor::finished();
    let untouched = user.enact(["worktree", "a"]).success().stdout;
    let mine = user.enact(["worktree", "b"]).success().stdout;
    std::fs::write(std::path::Path::new(mine.trim()).join("mine.txt"), "mine\n").expect("a file");
    user.enact(["clean", "--purge", "--yes"])
        .success()
        .complains("mine.txt")
        .says("but what is yours");
    assert!(!std::path::Path::new(untouched.trim()).exists());
    assert!(std::path::Path::new(mine.trim()).join("mine.txt").exists());
    let refs = user.git(["for-each-ref", "--format=%(refname)"]).success();
    assert_eq!(
        refs.stdout, "refs/heads/main\n",
        "no empty notes are left either"
    );
}

#[test]
fn of_the_last_run_nothing_of_ours_is_left_in_the_git_directory() {
    let user = two_runs();
    let ours = ["enact", "worktrees"].map(|name| user.path().join(".git").join(name));
    user.enact(["clean", "first", "--purge", "--yes"]).success();
    assert!(ours[0].exists(), "the other run has its files there");
    user.enact(["clean", "second", "--purge", "--yes"])
        .success();
    for dir in &ours {
        assert!(!dir.exists(), "{} is left", dir.display());
    }
    user.enact(["run", "first.toml", "--yes", "--name", "first"])
        .success();
    user.enact(["doctor"]).success();
}

#[test]
fn a_purge_names_the_tip_and_the_files_that_would_be_lost() {
    let user = two_runs();
    let made = user.git(["commit-tree", "-m", "Mine", "main^{tree}"]);
    let stray = made.success().stdout.trim().to_owned();
    // It stands before the run's own branch in every list.
    let beside = ["update-ref", "refs/heads/enact/first/a", &stray];
    user.git(beside).success();
    for name in ["slot-1.1.aside/work.txt", "slot-2.old/work.txt"] {
        let path = user.outside("repo.enact/first").join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, "work\n").expect("a file");
    }
    let tip = user.git(["rev-parse", "--short=7", "enact/first/integration"]);
    let tip = tip.success().stdout.trim().to_owned();
    let asked = user.enact(["clean", "first", "--purge"]).code(2);
    let asked = asked
        .says(&format!("whose tip {tip} is on no other branch"))
        .says("slot-1.1.aside");
    assert!(!asked.stdout.contains("slot-2.old"), "{asked}");
}
