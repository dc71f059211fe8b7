//! An executor that lies is never recorded as done: each lie has a reason of its own, and what the executor
//! made is found again in the journal.

use git_enact::run::policy::Isolation;
use serde_json::Value;

use crate::support::isolation::{in_each, of};
use crate::support::user::User;

const PLAN: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n";

/// A task that was attempted once.
pub(crate) struct Attempted {
    pub(crate) user: User,
    task: Value,
}

/// Attempts one task with the fields `more` once; it must not be done, and nothing must have moved.
#[track_caller]
pub(crate) fn refused(more: &str, executor: &str, flags: &[&str]) -> Attempted {
    let user = User::new();
    user.plan(&format!("{PLAN}{more}\n"));
    let executor = user.executor(executor);
    attempt(&user, &executor, flags).code(1);
    let status = user.status();
    let (run, task) = (&status["run"], &status["tasks"][0]);
    assert_eq!(
        task["status"], "failed",
        "what was refused is not done: {status}"
    );
    assert_eq!(run["tip"], run["base"], "nothing was integrated: {status}");
    assert_eq!(task["commit"], Value::Null, "nothing is called its commit");
    user.git(["rev-parse", "--verify", "--quiet", "refs/notes/PROGRESS"])
        .code(1);
    let head = user.git(["log", "--format=%s", "main"]).success().stdout;
    assert_eq!(head, "Plan\nBegin\n", "the user's branch did not move");
    user.assert_whole();
    let task = task.clone();
    Attempted { user, task }
}

fn attempt(user: &User, executor: &str, flags: &[&str]) -> crate::support::user::Output {
    let mut all = vec!["--retries", "0", "--on-failure", "skip"];
    all.extend(flags);
    user.run("plan.toml", executor, &all)
}

impl Attempted {
    #[track_caller]
    pub(crate) fn because(self, text: &str) -> Self {
        let reason = self.task["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains(text),
            "the reason should say `{text}`: {reason}"
        );
        self
    }

    #[track_caller]
    fn only_because(self, text: &str) -> Self {
        let reason = self.task["reason"].as_str().unwrap_or_default();
        assert!(
            !reason.contains("; "),
            "there should be one reason: {reason}"
        );
        self.because(text)
    }

    /// A file with this line, committed or not, is reachable from the journal.
    #[track_caller]
    pub(crate) fn keeps(self, path: &str, line: &str) -> Self {
        assert!(
            keeps(&self.user, path, line),
            "`{path}` with `{line}` must be found again"
        );
        self
    }
}

/// Whether the journal reaches a file `path` that holds `line`.
pub(crate) fn keeps(user: &User, path: &str, line: &str) -> bool {
    let journal = "refs/enact/runs/r-test";
    let commits = user.git(["rev-list", journal]).success().stdout;
    commits.lines().any(|commit| {
        let found = user.git(["cat-file", "blob", &format!("{commit}:{path}")]);
        found.status == 0 && found.stdout == format!("{line}\n")
    })
}

#[test]
fn no_commit_is_not_done() {
    in_each(|_| {
        refused("", "true", &[])
            .only_because("no commit was made on the task branch: you must commit");
        refused("", "claim done", &[]).because("not the tip of the task branch");
    });
}

#[test]
fn work_without_a_commit_is_not_done_and_is_kept() {
    in_each(|_| {
        refused("", "echo work > work.txt", &[])
            .because("no commit was made")
            .because("uncommitted changes were left behind: work.txt")
            .keeps("work.txt", "work");
    });
}

#[test]
fn an_invented_hash_is_not_believed_even_beside_a_good_commit() {
    let script = r#"commit work.txt work
echo '{"status": "done", "commit": "1234567890123456789012345678901234567890"}'"#;
    refused("", script, &[])
        .only_because("`1234567890123456789012345678901234567890` does not exist")
        .keeps("work.txt", "work");
}

#[test]
fn a_json_done_must_name_its_commit() {
    let script = "commit work.txt work\necho '{\"status\": \"done\"}'";
    refused("", script, &[])
        .only_because("you must commit your changes and return the commit hash")
        .keeps("work.txt", "work");
}

#[test]
fn a_result_file_that_is_no_json_is_a_failure_that_says_so() {
    refused(
        "",
        "commit work.txt work\necho done > \"$ENACT_RESULT_FILE\"",
        &[],
    )
    .because("the result file is not JSON")
    .keeps("work.txt", "work");
}

#[test]
fn a_commit_that_lies_elsewhere_is_not_the_tasks() {
    let user = User::new();
    user.plan(PLAN);
    user.git(["switch", "--quiet", "--create", "other"])
        .success();
    user.write("other.txt", "other\n");
    user.commit("Other");
    user.git(["switch", "--quiet", "main"]).success();
    let executor =
        user.executor(r#"printf '{"status": "done", "commit": "%s"}\n' "$(git rev-parse other)""#);
    attempt(&user, &executor, &[]).code(1);
    let reason = user.task("t")["reason"].to_string();
    assert!(
        reason.contains("is not the tip of the task branch"),
        "{reason}"
    );
    assert!(keeps(&user, "other.txt", "other"), "what was named stays");
}

#[test]
fn a_new_root_does_not_descend_from_the_base() {
    in_each(|_| {
        let script = r#"commit work.txt work
git reset --quiet --hard "$(git commit-tree -m Root "HEAD^{tree}")""#;
        refused("", script, &[])
            .because("does not descend from its base")
            .keeps("work.txt", "work");
    });
}

#[test]
fn amending_the_base_does_not_descend_from_it() {
    in_each(|_| {
        let script =
            "echo work > work.txt; git add --all; git commit --quiet --amend --message Mine";
        refused("", script, &[])
            .because("does not descend from its base")
            .keeps("work.txt", "work");
    });
}

#[test]
fn a_good_commit_beside_a_dirty_worktree_is_not_done() {
    in_each(|_| {
        let script = "commit work.txt work; echo rest > rest.txt; echo more >> work.txt";
        refused("", script, &[])
            .only_because("uncommitted changes were left behind: work.txt, rest.txt")
            .keeps("rest.txt", "rest");
    });
}

#[test]
fn hiding_a_change_from_git_status_does_not_make_the_worktree_clean() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let script = format!(
            "commit work.txt work; git update-index {flag} README.md; echo hidden > README.md"
        );
        refused("", &script, &[])
            .only_because("uncommitted changes were left behind: README.md")
            .keeps("README.md", "hidden");
    }
}

#[test]
fn files_outside_the_declared_ones_are_scope_creep_when_enforced() {
    in_each(|_| {
        let script = "commit src/a.txt a; commit other.txt other";
        refused("files = [\"src/**\"]", script, &["--scope", "enforce"])
            .only_because("scope_creep: changed outside the declared files: other.txt")
            .keeps("other.txt", "other");
    });
}

#[test]
fn files_outside_the_declared_ones_are_told_when_only_warned_about() {
    let user = User::new();
    user.plan(&format!("{PLAN}files = [\"src/**\"]\n"));
    let executor = user.executor("commit src/a.txt a; commit other.txt other");
    let output = attempt(&user, &executor, &[]).success();
    let output = output.says("changed outside the declared files: other.txt");
    output.complains("changed outside the declared files: other.txt");
    assert_eq!(user.task("t")["status"], "done");
}

#[test]
fn an_empty_commit_changes_nothing() {
    in_each(|_| {
        refused(
            "",
            "git commit --quiet --allow-empty --message Nothing",
            &[],
        )
        .only_because("the commit changes nothing");
    });
}

#[test]
fn a_task_that_may_change_nothing_is_done_with_an_empty_commit_or_none() {
    for script in [
        "git commit --quiet --allow-empty --message Nothing",
        "true",
        "claim done",
    ] {
        let user = User::new();
        user.plan(&format!("{PLAN}allow_empty = true\n"));
        let executor = user.executor(script);
        attempt(&user, &executor, &[]).success();
        let task = user.task("t");
        assert_eq!(task["status"], "done", "after `{script}`");
        let commit = task["commit"].as_str().expect("a commit of its own");
        user.git(["diff", "--quiet", "main", commit]).success();
        assert_ne!(user.git(["rev-parse", "main"]).stdout.trim(), commit);
    }
}

#[test]
fn a_failing_check_is_named_with_what_it_said() {
    refused(
        "verify = [\"true\", \"echo told you && exit 7\"]",
        "commit work.txt work",
        &[],
    )
    .only_because("verify failed (exit 7): `echo told you && exit 7`: told you")
    .keeps("work.txt", "work");
    refused("", "commit work.txt work", &["--verify", "false"])
        .only_because("verify failed (exit 1): `false`");
}

#[test]
fn a_commit_on_another_branch_is_not_on_the_task_branch() {
    in_each(|_| {
        refused(
            "",
            "unset GIT_CONFIG_COUNT; git switch --quiet --create mine; commit work.txt work",
            &[],
        )
        .because("left on refs/heads/mine instead of the task branch")
        .because("no commit was made on the task branch")
        .keeps("work.txt", "work");
    });
}

#[test]
fn a_commit_on_a_detached_head_is_not_on_the_task_branch() {
    in_each(|_| {
        refused(
            "",
            "git checkout --quiet --detach; commit work.txt work",
            &[],
        )
        .because("left on a detached HEAD instead of the task branch")
        .keeps("work.txt", "work");
    });
}

#[test]
fn a_commit_that_was_left_for_the_base_again_is_kept() {
    let script = "commit work.txt work; git reset --quiet --hard HEAD~1";
    refused("", script, &[])
        .only_because("no commit was made on the task branch")
        .keeps("work.txt", "work");
    let script = "git checkout --quiet --detach; commit work.txt work; git checkout --quiet -";
    refused("", script, &[])
        .only_because("no commit was made on the task branch")
        .keeps("work.txt", "work");
}

#[test]
fn a_merge_or_a_rebase_under_way_is_not_done() {
    in_each(|_| {
        let fork = "unset GIT_CONFIG_COUNT; commit a.txt one; git branch other HEAD~1; git switch --quiet other; commit a.txt two; git switch --quiet -";
        let merge = format!("{fork}; git merge --quiet other; true");
        refused("", &merge, &[]).because("a merge is still under way");
        let rebase = format!("{fork}; git rebase --quiet other; true");
        refused("", &rebase, &[]).because("a rebase is still under way");
    });
}

#[test]
fn a_deleted_branch_is_not_done() {
    let script = r#"commit work.txt work; branch=$(git symbolic-ref HEAD); git checkout --quiet --detach; git update-ref -d "$branch""#;
    refused("", script, &[])
        .because("no commit was made on the task branch")
        .keeps("work.txt", "work");
}

#[test]
fn a_deleted_worktree_is_not_done() {
    in_each(|isolation| {
        let by_hand = "rm -rf \"$ENACT_WORKTREE\"";
        let by_git = "git -C \"$HOME/../repo\" worktree remove --force --force \"$ENACT_WORKTREE\"";
        // Git removes no worktree that it takes for a repository.
        for how in [by_hand, by_git].into_iter().take(of(isolation, [2, 1])) {
            let script = format!("commit work.txt work; cd /; {how}");
            let attempted = refused("", &script, &[]).because("the worktree is no longer ours");
            match isolation {
                Isolation::Worktree => attempted.keeps("work.txt", "work"),
                Isolation::Clone => attempted.because("what was committed in it is gone with it"),
            };
        }
    });
}

#[test]
fn a_worktree_that_git_no_longer_knows_is_not_done_and_its_files_are_kept() {
    in_each(|isolation| {
        let script = "commit work.txt work; echo rest > rest.txt; rm -rf \"$ENACT_GIT_DIR\"";
        let gone = [
            "git no longer knows the worktree",
            "its `.git` directory is gone, and what was committed in it",
        ];
        refused("", script, &[])
            .because(of(isolation, gone))
            .keeps("work.txt", "work")
            .keeps("rest.txt", "rest");
    });
}

#[test]
fn a_commit_without_the_worktrees_git_file_reaches_nobodys_branch() {
    in_each(|isolation| {
        let script = "rm -rf .git; echo work > work.txt; git add --all; git commit --quiet --message Work; echo '{\"status\": \"done\"}'";
        let gone = ["its `.git` file is gone", "its `.git` directory is gone"];
        refused("", script, &[])
            .because(of(isolation, gone))
            .keeps("work.txt", "work");
    });
}

#[test]
fn moving_the_users_own_branch_is_a_failure_of_its_own_kind() {
    in_each(|isolation| {
        let user = User::new();
        user.plan(PLAN);
        let before = user.git(["rev-parse", "main"]).stdout;
        // A clone has a branch of that name to itself: the user's is moved from outside of it.
        let moves = [
            "git update-ref refs/heads/main HEAD",
            "git -C \"$HOME/../repo\" fetch --quiet --update-head-ok \"$PWD\" +HEAD:refs/heads/main",
        ];
        let executor = user.executor(&format!(
            "unset GIT_CONFIG_COUNT; commit work.txt work; {}",
            of(isolation, moves)
        ));
        attempt(&user, &executor, &[])
            .code(3)
            .complains("quarantined: `refs/heads/main` was moved (at work: attempt 1 of t)");
        let reflog = user.git(["rev-parse", "main@{1}"]).success().stdout;
        assert_eq!(reflog, before, "what the reason says helps");
        user.enact(["doctor", "--repair"]).success();
        assert_eq!(user.git(["rev-parse", "main"]).stdout, before);
        assert_eq!(user.git(["status", "--porcelain"]).stdout, "");
        user.enact(["resume"]).code(1);
        let reason = user.task("t")["reason"].to_string();
        assert!(reason.contains("moved your own branch `main`"), "{reason}");
        assert!(keeps(&user, "work.txt", "work"));
    });
}

#[test]
fn a_repository_of_its_own_in_place_of_the_worktree_is_not_believed() {
    in_each(|isolation| {
        let script = "rm -rf .git; git init --quiet; commit work.txt work; claim done";
        let seen = [
            "the worktree is no longer ours",
            "left on refs/heads/main instead of the task branch",
        ];
        refused("", script, &[])
            .because(of(isolation, seen))
            .keeps("work.txt", "work");
    });
}

#[test]
fn a_promised_file_that_is_missing_or_empty_is_not_done() {
    refused("creates = [\"new.txt\"]", "commit work.txt work", &[])
        .only_because("the promised file `new.txt` does not exist")
        .keeps("work.txt", "work");
    refused(
        "creates = [\"new.txt\"]",
        ": > new.txt; commit work.txt work",
        &[],
    )
    .only_because("the promised file `new.txt` is empty");
}

#[test]
fn a_promised_dependency_that_is_missing_is_not_done() {
    let script = "commit Cargo.toml '# argon2'";
    refused("depends = [\"Cargo.toml: argon2\"]", script, &[])
        .only_because("the promised dependency `Cargo.toml: argon2` does not stand in its manifest")
        .keeps("Cargo.toml", "# argon2");
}

#[test]
fn a_promised_dependency_stands_where_its_manifest_declares_it_and_nowhere_else() {
    let missing = "does not stand in its manifest";
    refused(
        "depends = [\"Cargo.toml: argon2\"]",
        "commit Cargo.toml 'package.keywords = [\"argon2\"]'",
        &[],
    )
    .only_because(missing);
    refused(
        "depends = [\"./package.json: left-pad\"]",
        "commit package.json '{\"name\": \"left-pad\"}'",
        &[],
    )
    .only_because(missing);
    let user = User::new();
    user.plan(&format!(
        "{PLAN}depends = [\"./Cargo.toml: argon2\", \"deps.txt: left-pad\"]\n"
    ));
    let executor = user.executor(
        "echo 'left-pad 1' > deps.txt; commit Cargo.toml 'dependencies.hash.package = \"argon2\"'",
    );
    attempt(&user, &executor, &[]).success();
}

#[test]
fn a_bad_exit_is_not_done_whatever_was_committed_or_claimed() {
    in_each(|_| {
        refused("", "commit work.txt work; claim done; exit 1", &[])
            .because("the executor ended with exit 1")
            .keeps("work.txt", "work");
    });
}

#[test]
fn a_claim_of_failure_is_believed_whatever_was_committed() {
    let script = r#"commit work.txt work; echo '{"status": "failed", "reason": "too hard"}'"#;
    refused("", script, &[])
        .only_because("the executor says it failed: too hard")
        .keeps("work.txt", "work");
}

#[test]
fn a_partial_claim_is_not_done() {
    let script = r#"commit work.txt work; echo '{"status": "partial", "reason": "half of it"}'"#;
    refused("", script, &[]).because("the executor did only a part: half of it");
}

#[test]
fn an_executor_that_was_killed_is_not_done() {
    in_each(|_| {
        refused("", "commit work.txt work; kill -9 $$", &[])
            .because("killed by signal 9")
            .keeps("work.txt", "work");
    });
}

#[test]
fn an_executor_that_is_gone_when_it_is_needed_is_a_failure_that_says_so() {
    let user = User::new();
    user.plan(&format!(
        "{PLAN}[[task]]\nid = \"u\"\ntitle = \"Then\"\nneeds = [\"t\"]\n"
    ));
    let executor = user.executor("commit work.txt work; rm \"$0\"");
    attempt(&user, &executor, &[]).code(1);
    let task = user.task("u");
    assert_eq!(task["status"], "failed");
    let reason = task["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("could not be started"), "{reason}");
}

#[test]
fn the_last_answer_counts_and_not_one_that_was_printed_on_the_way() {
    let script = r#"commit work.txt work
echo 'the log said {"status": "done", "commit": "'$(git rev-parse HEAD)'"} earlier'
echo 'and {"status": "done", "commit": "0000000000000000000000000000000000000001"} at last'"#;
    refused("", script, &[]).only_because("does not exist in this repository");
    let script =
        r#"echo "$(git rev-parse HEAD)"; echo 'text {"status":"done","commit":"main"} text'"#;
    refused("", script, &[]).because("no commit was made on the task branch");
}

#[test]
fn what_is_no_commit_is_not_taken_for_one() {
    let script = r#"commit work.txt work
printf '{"status": "done", "commit": "%s"}\n' "$(git rev-parse 'HEAD^{tree}')""#;
    refused("", script, &[]).only_because("is a tree, not a commit");
}

/// A plan in the `sendit` dialect whose one task is verified by `verify`.
fn verified_by(verify: &str) -> User {
    let user = User::new();
    for script in ["check.sh", "scripts/check.sh"] {
        user.write(script, "#!/bin/sh\nexit 1\n");
        user.git(["add", script]).success();
        user.git(["update-index", "--chmod=+x", script]).success();
    }
    user.write(
        "PLAN.md",
        &format!("# Plan: P\n\n### Task 1: One\n\n**Verify**: {verify}\n"),
    );
    user.git(["add", "PLAN.md"]).success();
    user.git(["commit", "--quiet", "-m", "Plan"]).success();
    user.git(["checkout", "--", "."]).success();
    user
}

#[test]
fn a_check_that_the_executor_removed_or_never_made_fails() {
    for verify in ["`./check.sh`", "`scripts/check.sh`", "`./made.sh`"] {
        let user = verified_by(verify);
        let executor = user.executor("git rm -r --quiet check.sh scripts; commit work.txt work");
        user.run("PLAN.md", &executor, &["--retries", "0"])
            .code(3)
            .complains("verify failed (exit 127)");
    }
}

#[test]
fn a_check_that_nothing_can_run_is_told_and_proves_nothing() {
    let user = verified_by("`npn test`");
    user.enact(["check", "PLAN.md"])
        .success()
        .says("nothing here is called `npn`")
        .says("no command proves 1 of 1 task");
    let executor = user.executor("commit work.txt work");
    user.run("PLAN.md", &executor, &[])
        .success()
        .complains("not verified: `npn test` was not run, for nothing here is called `npn`");
    for command in ["report", "status"] {
        user.enact([command])
            .success()
            .says("not verified: `npn test`");
    }
}
