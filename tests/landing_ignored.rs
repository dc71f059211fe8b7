//! Whatever lies in the checkout where something is to land, and is not exactly what git has there, is a person's:
//! ignored or not, staged or not, whether or not git was told to look at it, and however they like to merge.

use std::fs;

use crate::support::digest::digest;
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Land it"
[[task]]
id = "a"
title = "Do a"
"#;

/// Ways to land.
const MEANS: [&[&str]; 3] = [&[], &["--merge"], &["--squash"]];

/// A finished run whose task did this in a checkout that had been prepared so.
fn finished(prepare: impl Fn(&User), work: &str) -> User {
    let user = User::new();
    prepare(&user);
    user.plan(PLAN);
    let executor = user.executor(&format!("{work}\ngit commit --quiet --message Work"));
    user.run("plan.toml", &executor, &[]).success();
    user
}

fn land(user: &User, means: &[&str]) -> Output {
    user.enact(["land", "--yes"].iter().chain(means))
}

/// Nothing lands, for this path's sake, and nothing changes.
#[track_caller]
fn assert_refused(user: &User, means: &[&str], path: &str) {
    let look = || {
        let refs = user.git(["show-ref"]).stdout;
        let staged = user.git(["ls-files", "--stage"]).stdout;
        (refs, staged, digest(&user.path(), &[".git"]))
    };
    let before = look();
    land(user, means).code(2).complains(&format!(
        "nothing was landed: `{path}` is changed in your checkout"
    ));
    let after = look();
    assert_eq!((before.0, before.1), (after.0, after.1));
    before.2.assert_same(&after.2, "a refusal changes nothing");
}

fn read(user: &User, path: &str) -> String {
    fs::read_to_string(user.path().join(path)).expect("a file")
}

#[test]
fn an_ignored_file_in_the_way_is_not_overwritten() {
    let add = "echo SECRET=2 > .env; git add --force .env";
    let emptied = format!("{add}; : > .gitignore; git add .gitignore");
    let exclude = ".git/info/exclude";
    let ways = [
        (".gitignore", add),
        (exclude, add),
        (".gitignore", &emptied),
    ];
    for ((ignoring, work), means) in ways.into_iter().zip(MEANS) {
        let user = finished(|user| user.write(ignoring, ".env\n"), work);
        user.write(".env", "SECRET=1\n");
        assert_refused(&user, means, ".env");
        fs::remove_file(user.path().join(".env")).expect("it is moved away");
        land(&user, means).success();
        assert_eq!(read(&user, ".env"), "SECRET=2\n");
    }
}

#[test]
fn an_ignored_directory_is_not_replaced_by_a_file() {
    let ignoring = |user: &User| user.write(".gitignore", "o/\n");
    for is_repository in [false, true] {
        let user = finished(ignoring, "echo new > o; git add --force o");
        user.write("o/deep/mine.txt", "mine\n");
        if is_repository {
            user.git(["init", "--quiet", "o"]).success();
            user.git(["-C", "o", "add", "--all"]).success();
            user.git(["-C", "o", "commit", "--quiet", "--message=Mine"])
                .success();
        }
        for means in MEANS {
            assert_refused(&user, means, "o");
        }
    }
}

#[test]
fn an_ignored_file_is_not_replaced_by_a_directory() {
    let ignoring = |user: &User| user.write(".gitignore", "o\n");
    let user = finished(ignoring, "mkdir o; echo new > o/x; git add --force o/x");
    user.write("o", "mine\n");
    assert_refused(&user, &[], "o");
}

#[test]
fn what_is_ignored_below_a_directory_that_goes_is_kept() {
    let tracked = |user: &User| {
        user.write(".gitignore", "*.log\n");
        user.write("d/x.txt", "x\n");
    };
    let user = finished(
        tracked,
        "git rm --quiet -r d; echo new > d; git add --force d",
    );
    user.write("d/mine.log", "mine\n");
    assert_refused(&user, &[], "d");
    fs::remove_file(user.path().join("d/mine.log")).expect("it is moved away");
    land(&user, &[]).success();
    assert_eq!(read(&user, "d"), "new\n");

    let user = finished(tracked, "git rm --quiet -r d");
    user.write("d/mine.log", "mine\n");
    land(&user, &[]).success();
    assert_eq!(read(&user, "d/mine.log"), "mine\n");
}

#[test]
fn files_and_directories_that_git_has_may_take_each_others_place() {
    let tracked = |user: &User| user.write("d/deep/x.txt", "x\n");
    let work = "git rm --quiet -r d README.md; echo file > d; mkdir README.md; \
        echo new > README.md/x; git add --all";
    let user = finished(tracked, work);
    land(&user, &[]).success();
    assert_eq!(
        (read(&user, "d"), read(&user, "README.md/x")),
        ("file\n".into(), "new\n".into())
    );
    assert_eq!(user.git(["status", "--porcelain"]).stdout, "");
}

#[test]
fn an_ignored_file_that_holds_what_lands_loses_nothing() {
    let ignoring = |user: &User| user.write(".gitignore", ".env\n*.o\n");
    let user = finished(ignoring, "echo same > .env; git add --force .env");
    user.write(".env", "same\n");
    user.write("elsewhere.o", "mine\n");
    land(&user, &[]).success();
    assert_eq!(user.git(["status", "--porcelain"]).stdout, "");
    assert_eq!(read(&user, "elsewhere.o"), "mine\n");
}

#[test]
fn what_git_was_told_not_to_look_at_is_looked_at() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let work = "echo new > README.md; git add --all";
        let user = finished(|_| {}, work);
        user.git(["update-index", flag, "README.md"]).success();
        user.write("README.md", "mine\n");
        assert_refused(&user, &[], "README.md");
    }
}

#[test]
fn what_is_staged_stands_in_the_way_however_one_merges() {
    let user = finished(|_| {}, "echo new > README.md; git add --all");
    user.write("README.md", "staged\n");
    user.git(["add", "README.md"]).success();
    user.write("README.md", "changed\n");
    for auto_stash in ["false", "true"] {
        user.git(["config", "merge.autoStash", auto_stash])
            .success();
        for means in MEANS {
            assert_refused(&user, means, "README.md");
        }
    }
    assert_eq!(user.git(["show", ":README.md"]).stdout, "staged\n");
    assert_eq!(user.git(["stash", "list"]).stdout, "");
}

#[test]
fn what_is_only_staged_is_replaced_by_nothing_else() {
    let user = finished(|_| {}, "echo new > o; git add --all");
    user.write("o/mine.txt", "mine\n");
    user.git(["add", "o"]).success();
    assert_refused(&user, &[], "o");
    let user = finished(|_| {}, "mkdir o; echo new > o/x; git add --all");
    user.write("o", "mine\n");
    user.git(["add", "o"]).success();
    assert_refused(&user, &[], "o");
}

#[test]
fn what_is_staged_as_it_lands_is_in_nobodys_way() {
    let user = finished(
        |_| {},
        "echo new > a.txt; git rm --quiet README.md; git add --all",
    );
    user.write("a.txt", "new\n");
    user.git(["rm", "--quiet", "README.md"]).success();
    user.git(["add", "a.txt"]).success();
    land(&user, &[]).success();
    assert_eq!(user.git(["status", "--porcelain"]).stdout, "");
}

#[test]
fn how_one_likes_to_merge_does_not_change_what_lands() {
    let settings = [
        ("merge.autoStash", "true"),
        ("merge.ff", "false"),
        ("merge.verifySignatures", "true"),
        ("merge.log", "true"),
        ("merge.stat", "true"),
        ("commit.gpgSign", "true"),
        ("rebase.autoStash", "true"),
    ];
    let options = [
        "--squash --autostash --verify-signatures",
        "--no-ff --no-commit",
        "--strategy=ours",
    ];
    for options in options {
        let user = finished(|_| {}, "echo new > a.txt; git add --all");
        user.write("README.md", "mine\n");
        for (key, value) in settings {
            user.git(["config", key, value]).success();
        }
        user.git(["config", "branch.main.mergeOptions", options])
            .success();
        land(&user, &[]).success();
        assert_eq!(read(&user, "README.md"), "mine\n");
        assert_eq!(user.git(["status", "--porcelain"]).stdout, " M README.md\n");
        let ours = user.git(["rev-parse", "enact/r-test/integration"]).stdout;
        assert_eq!(user.git(["rev-parse", "main"]).stdout, ours);
        assert_eq!(user.git(["stash", "list"]).stdout, "");
    }
}
