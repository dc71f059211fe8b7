//! An executor in a clone has configuration, hooks, refs and stash to itself; what it commits is judged as ever, and
//! nothing of it is lost.

use crate::support::digest::Digest;
use crate::support::oracle;
use crate::support::user::{Output, User};

const ONE: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n";
const CLONE: [&str; 2] = ["--isolation", "clone"];

/// A user with a plan of one task.
fn user() -> User {
    let user = User::new();
    user.plan(ONE);
    user
}

/// Runs the plan in clones, each task once.
fn run(user: &User, script: &str, flags: &[&str]) -> Output {
    let mut once = vec!["--retries", "0"];
    if !flags.contains(&"--on-failure") {
        once.extend(["--on-failure", "skip"]);
    }
    let flags = [&CLONE[..], &once, flags].concat();
    user.run("plan.toml", &user.executor(script), &flags)
}

/// What a run may not change of the user's.
fn untouched(user: &User) -> Digest {
    oracle::untouched(user)
}

/// Whether the journal reaches a file `path` that holds `line`.
fn keeps(user: &User, path: &str, line: &str) -> bool {
    let commits = user.git(["rev-list", "refs/enact/runs/r-test"]).success();
    commits.stdout.lines().any(|commit| {
        let found = user.git(["cat-file", "blob", &format!("{commit}:{path}")]);
        found.status == 0 && found.stdout == format!("{line}\n")
    })
}

#[test]
fn a_run_in_clones_ends_as_one_in_worktrees() {
    let ends = [&["--isolation", "worktree"][..], &CLONE].map(|flags| {
        let user = user();
        user.run(
            "plan.toml",
            &user.executor("commit work.txt work; claim done"),
            flags,
        )
        .success();
        let tip = user.git(["rev-parse", "enact/r-test/integration^{tree}"]);
        let run = &user.status()["run"];
        let isolation = run["isolation"].as_str().unwrap_or_default().to_owned();
        assert!(run["sandbox"].is_null(), "there is none");
        user.assert_whole();
        assert!(!user.outside("repo.enact").exists(), "nothing is left");
        (isolation, tip.success().stdout)
    });
    let [(worktree, one), (clone, other)] = ends;
    assert_eq!((worktree.as_str(), clone.as_str()), ("", "clone"));
    assert_eq!(one, other, "the same files come of it");
}

#[test]
fn nothing_that_an_executor_does_to_its_git_reaches_the_users() {
    let user = User::new();
    let two = "[[task]]\nid = \"u\"\ntitle = \"After it\"\nneeds = [\"t\"]\n";
    user.plan(&format!("{ONE}{two}"));
    user.git(["branch", "other"]).success();
    user.git(["tag", "v1"]).success();
    user.write("README.md", "# mine\n");
    user.git(["stash", "--quiet"]).success();
    let before = untouched(&user);
    let script = r#"
test -d .git && test "$ENACT_GIT_DIR" = "$PWD/.git" && test "$ENACT_GIT_COMMON_DIR" = "$PWD/.git" || exit 8
test -z "$(git remote)$(git stash list)$(git config planted.it)" && ! test -e .git/hooks/post-commit || exit 9
git rev-parse other v1 main > /dev/null || exit 10
commit "$ENACT_TASK.txt" work
git config planted.it yes; git config user.name Mallory
mkdir -p .git/hooks; printf '#!/bin/sh\n: > "%s"\n' "$PWD/../../../ran" > .git/hooks/post-commit
chmod +x .git/hooks/post-commit
git update-ref refs/heads/main HEAD; git branch --quiet -D other; git tag -d v1 > /dev/null; git tag new
echo '*.txt filter=evil' > .git/info/attributes; git config filter.evil.clean 'touch ../../../ran; cat'
git reflog expire --expire=now --all; git gc --quiet --prune=now
git repack -adq; rm -f .git/objects/info/alternates"#;
    let flags = [&CLONE[..], &["--jobs", "1"]].concat();
    user.run("plan.toml", &user.executor(script), &flags)
        .success();
    assert_eq!(untouched(&user), before);
    assert!(!user.outside("ran").exists(), "nothing planted ever ran");
    assert_eq!(user.at("enact/r-test/integration", "u.txt"), "work\n");
    user.assert_whole();
}

#[test]
fn commits_in_clones_are_made_by_whom_and_with_the_hooks_that_the_user_has() {
    let user = user();
    user.git(["config", "user.name", "Grace \"quoted\" \\ Hopper"])
        .success();
    user.git(["remote", "add", "origin", "https://example.com/x"])
        .success();
    let hook = user.path().join(".git/hooks/prepare-commit-msg");
    let script = user.script("hook", "echo Hooked >> \"$1\"");
    std::fs::copy(script, hook).expect("a hook");
    run(
        &user,
        "commit work.txt work; git remote > remotes; test ! -s remotes && rm remotes",
        &[],
    )
    .success();
    let told = user.git(["log", "-1", "--format=%an|%B", "enact/r-test/task/t"]);
    assert_eq!(
        told.success().stdout.trim(),
        "Grace \"quoted\" \\ Hopper|Write work.txt\nHooked"
    );
}

#[test]
fn what_is_stashed_or_on_another_branch_of_a_clone_is_kept() {
    let user = user();
    let script = r"commit work.txt work
echo first > first.txt; git stash --quiet --include-untracked
echo second > second.txt; git stash --quiet --include-untracked
git switch --quiet -c aside; commit aside.txt aside; git switch --quiet -
commit undone.txt undone; git reset --quiet --hard HEAD~1; claim done";
    run(&user, script, &[]).success();
    for name in ["first", "second", "aside", "undone"] {
        assert!(keeps(&user, &format!("{name}.txt"), name), "{name}");
    }
    assert_eq!(user.git(["stash", "list"]).success().stdout, "");
    user.assert_whole();
}

#[test]
fn what_is_left_in_a_clone_is_told_and_kept_as_in_a_worktree() {
    for (script, reason) in [
        ("echo left > left.txt", "left behind: left.txt"),
        (
            "commit x x; echo left > left.txt; echo left.txt >> .git/info/exclude",
            "left behind: left.txt",
        ),
        (
            "git switch --quiet -c feature; commit left.txt left",
            "left on refs/heads/feature",
        ),
        (
            "git switch --quiet --detach; commit left.txt left",
            "left on a detached HEAD",
        ),
        (
            "commit left.txt left; echo nonsense > .git/HEAD",
            "left on nothing that git understands",
        ),
        (
            "commit left.txt left; rm .git/HEAD",
            "left on nothing that git understands",
        ),
        (
            "commit x x; git switch --quiet -c y HEAD~1; commit x y; git switch --quiet -; echo left > left.txt; git add left.txt; git commit --quiet -m left; git merge y > /dev/null",
            "a merge is still under way",
        ),
        (
            "commit left.txt left; ln -s / .git/refs/out; ln -s .. .git/refs/loop; echo x > x; echo y > .git/refs/nonsense",
            "left behind: x",
        ),
        (
            "echo left > left.txt; mv .git ../moved; ln -s ../moved .git",
            "its `.git` directory is gone",
        ),
        (
            "echo left > left.txt; rm -rf .git",
            "its `.git` directory is gone",
        ),
        (
            "echo left > left.txt; rm -rf .git; echo gitdir: /tmp > .git",
            "its `.git` directory is gone",
        ),
        (
            "echo left > left.txt; rm -rf .git; git init --quiet; git add -A; git commit --quiet -m left",
            "left on refs/heads/main",
        ),
    ] {
        let user = user();
        let before = untouched(&user);
        run(&user, script, &[]).code(1).complains(reason);
        assert!(keeps(&user, "left.txt", "left"), "{script}");
        assert_eq!(untouched(&user), before, "{script}");
        user.assert_whole();
    }
}

#[test]
fn objects_that_git_refuses_do_not_leave_the_clone() {
    // Octal escapes for `printf`; `BLOB` is a blob's raw name.
    let trees = [
        r"100644 ..\0BLOB",
        r"100644 .git\0BLOB",
        r"100644 .GIT\0BLOB",
        r"100644 git~1\0BLOB",
        r"100644 a\0BLOB100644 a\0BLOB",
        r"100644 b\0BLOB100644 a\0BLOB",
        r"100644 a/b\0BLOB",
        r"0100644 a\0BLOB",
    ];
    let tree = |tree: &str| {
        format!(
            r#"blob=$(git hash-object -w README.md | sed 's/../\\x&/g')
tree=$(/usr/bin/env printf "$(echo '{tree}' | sed "s/BLOB/$(echo "$blob" | sed 's/\\/\\\\/g')/g")" | git hash-object -t tree -w --literally --stdin)
git update-ref HEAD $(git commit-tree -p HEAD -m Hostile $tree)"#
        )
    };
    let date = r#"commit=$(git cat-file commit HEAD | sed 's/^author .*/author A <a@b> 99999999999999999999 +0000/' | git hash-object -t commit -w --literally --stdin)
git update-ref HEAD $commit"#;
    let scripts = trees.map(tree).into_iter();
    for script in scripts.chain([format!("commit work.txt work; {date}")]) {
        let user = user();
        let before = untouched(&user);
        run(
            &user,
            &format!("{script}; echo left > left.txt; claim done"),
            &[],
        )
        .code(1)
        .complains("git refuses objects of what was committed: ");
        assert_eq!(user.status()["run"]["tip"], user.status()["run"]["base"]);
        assert!(keeps(&user, "left.txt", "left"), "{script}");
        assert_eq!(untouched(&user), before);
        user.assert_whole();
    }
}

#[test]
fn the_next_attempt_begins_where_the_last_one_in_a_clone_stopped() {
    let user = user();
    let script = r#"if test $ENACT_ATTEMPT = 1; then commit half.txt half; echo rest > rest.txt; exit 1; fi
test -e half.txt && test -e rest.txt && test -z "$(git status --porcelain half.txt)" || exit 7
git add --all; git commit --quiet -m Rest; claim done"#;
    run(&user, script, &["--on-failure", "stop"]).code(3);
    user.enact(["retry", "t", "--continue"]).success();
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.at("enact/r-test/integration", "rest.txt"), "rest\n");
    assert_eq!(user.at("enact/r-test/integration", "half.txt"), "half\n");
}

#[test]
fn commands_that_verify_see_a_git_directory_at_what_they_verify() {
    let user = User::new();
    user.plan(&format!(
        "{ONE}verify = [\"test -d .git && git diff --exit-code HEAD && test $(git rev-parse HEAD:work.txt)\"]\n"
    ));
    let script = "commit work.txt work; git config core.fsmonitor false; git switch --quiet --detach HEAD~1; git switch --quiet -; claim done";
    let whole = "test -d .git && test -z \"$(git status --porcelain)\" && test -d \"$ENACT_GIT_COMMON_DIR/refs\"";
    run(&user, script, &["--final-verify", whole]).success();
}

#[test]
fn clones_are_made_of_repositories_as_they_are() {
    let forms: [(&str, &[&[&str]]); 4] = [
        (
            "of SHA-256",
            &[&["init", "--quiet", "--object-format=sha256"]],
        ),
        (
            "sparse",
            &[&["init", "--quiet"], &["sparse-checkout", "set", "a"]],
        ),
        (
            "split index",
            &[&["init", "--quiet"], &["config", "core.splitIndex", "true"]],
        ),
        (
            "worktree config",
            &[
                &["init", "--quiet"],
                &["config", "extensions.worktreeConfig", "true"],
            ],
        ),
    ];
    for (form, commands) in forms {
        let user = User::new();
        std::fs::remove_dir_all(user.path().join(".git")).expect("a repository");
        for command in commands {
            user.git(*command).success();
        }
        user.write("a/one.txt", "one\n");
        user.write("plan.toml", ONE);
        user.git(["add", "--all", "--sparse"]).success();
        user.git(["commit", "--quiet", "--message", "Begin"])
            .success();
        let output = run(
            &user,
            "test -e a/one.txt && commit work.txt work; claim done",
            &[],
        );
        assert_eq!(output.status, 0, "{form}: {output}");
        user.assert_whole();
    }
}

#[test]
fn a_shallow_repository_is_cloned_and_a_partial_one_refused() {
    let user = user();
    user.write("more.txt", "more\n");
    user.commit("More");
    let place = |name: &str| user.outside(name).to_string_lossy().into_owned();
    let origin = format!("file://{}", user.path().display());
    let executor = user.executor("commit work.txt work; claim done");
    let (shallow, partial) = (place("shallow"), place("partial"));
    user.git(["clone", "--quiet", "--depth=1", &origin, &shallow])
        .success();
    let common = [
        "plan.toml",
        "--yes",
        "--isolation",
        "clone",
        "--",
        &executor,
    ];
    let run = |dir: &str| user.enact([&["-C", dir, "run"], &common[..]].concat());
    let plan = user.outside("shallow/plan.toml");
    let plan = plan.to_string_lossy();
    user.enact([
        "-C",
        &shallow,
        "run",
        &plan,
        "--yes",
        "--isolation",
        "clone",
        "--",
        &executor,
    ])
    .success();
    user.git(["-C", &shallow, "fsck", "--strict"]).success();
    user.git(["config", "uploadpack.allowFilter", "true"])
        .success();
    user.git(["clone", "--quiet", "--filter=blob:none", &origin, &partial])
        .success();
    run(&partial).code(2).complains("is a partial clone");
    assert!(!user.outside("partial.enact").exists());
}

#[test]
fn a_killed_run_in_clones_is_resumed_in_clones() {
    let user = user();
    let script = r#"test -d .git || exit 9
if test $ENACT_ATTEMPT = 1; then commit half.txt half; git stash --quiet; echo rest > rest.txt; signal started; sleep 600; fi
commit work.txt work; claim done"#;
    let executor = user.executor(script);
    let args = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--isolation",
        "clone",
        "--",
        &executor,
    ];
    let running = user.start(args);
    user.wait_for("started");
    let pid = i32::try_from(running.id()).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    running.end().code(137);
    user.enact(["doctor"]).complains("");
    user.enact(["resume"]).success();
    assert!(keeps(&user, "half.txt", "half"), "commits");
    assert!(
        keeps(&user, "rest.txt", "rest"),
        "and what is not committed"
    );
    let run = &user.status()["run"];
    assert_eq!(
        (&run["isolation"], &run["status"]),
        (&"clone".into(), &"complete".into())
    );
    user.enact(["clean", "--yes"]).success();
    assert!(!user.outside("repo.enact").exists(), "nothing is left");
}

#[test]
fn journals_of_before_are_of_worktrees() {
    let user = user();
    run(&user, "commit work.txt work; claim done", &[]).success();
    let record = |user: &User| {
        user.git(["log", "-p", "refs/enact/runs/r-test"])
            .success()
            .stdout
    };
    assert!(record(&user).contains("isolation = \"clone\""));
    let before = User::new();
    before.plan(ONE);
    before
        .run(
            "plan.toml",
            &before.executor("commit work.txt work; claim done"),
            &["--isolation", "worktree"],
        )
        .success();
    let text = record(&before);
    assert!(
        !text.contains("isolation =") && !text.contains("sandbox"),
        "nothing new is written"
    );
}

#[test]
fn what_a_person_commits_in_a_clone_afterwards_is_not_removed_with_it() {
    let user = user();
    let script = "test $ENACT_ATTEMPT = 2 || exit 1; commit work.txt work; claim done";
    run(&user, script, &["--on-failure", "stop"]).code(3);
    let slot = user.outside("repo.enact/r-test/slot-1");
    let slot = slot.to_string_lossy();
    let mine = ["commit", "--quiet", "--allow-empty", "--message", "Mine"];
    user.git([&["-C", &slot], &mine[..]].concat()).success();
    let mine = user
        .git(["-C", &slot, "rev-parse", "HEAD"])
        .success()
        .stdout;
    let mine = mine.trim();
    user.enact(["retry", "t"]).success();
    let told = "has commits that are not the run's: keep them with `git fetch '";
    let refused = user.enact(["resume"]).code(4).complains(told);
    let advice = refused
        .stderr
        .split('`')
        .find(|word| word.starts_with("git fetch"));
    let advice = advice.expect("a command").replace("NAME", "mine");
    Output::of(user.command("sh").args(["-c", &advice])).success();
    assert_eq!(
        user.git(["rev-parse", "mine"]).success().stdout.trim(),
        mine
    );
    user.enact(["resume"]).success();
    assert_eq!(user.at("enact/r-test/integration", "work.txt"), "work\n");
}
