//! In a worktree, an executor's git moves the branch of its task and no other ref; the user's hooks run as ever.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::user::{Output, User};

const ONE: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n";

fn user() -> User {
    let user = User::new();
    user.plan(ONE);
    user.git(["branch", "other"]).success();
    user.git(["tag", "v1"]).success();
    user
}

fn run(user: &User, script: &str) -> Output {
    let flags = [
        "--retries",
        "0",
        "--on-failure",
        "skip",
        "--isolation",
        "worktree",
    ];
    user.run("plan.toml", &user.executor(script), &flags)
}

fn hook(user: &User, dir: &str, name: &str, body: &str) {
    let dir = user.path().join(dir);
    std::fs::create_dir_all(&dir).expect("a directory");
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a hook");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a hook");
}

#[test]
fn no_ref_but_the_tasks_branch_moves_and_the_refusal_says_what_to_do() {
    for (action, told) in [
        (
            "git tag mine",
            "`refs/tags/mine` is not this task's to move: commit on `refs/heads/enact/r-test/task/t`",
        ),
        ("git tag -d v1", "`refs/tags/v1` is not"),
        ("git branch mine", "`refs/heads/mine` is not"),
        ("git branch -D other", "`refs/heads/other` is not"),
        ("git branch -m other renamed", "is not this task's to move"),
        (
            "git update-ref refs/heads/main HEAD",
            "`refs/heads/main` is not",
        ),
        ("git switch -c mine", "`refs/heads/mine` is not"),
        ("git notes add -m x HEAD", "`refs/notes/commits` is not"),
        ("git replace HEAD HEAD~1", "`refs/replace/"),
        (
            "git update-ref -d refs/enact/runs/r-test",
            "`refs/enact/runs/r-test` is not",
        ),
    ] {
        let user = user();
        let refs = || {
            user.git([
                "for-each-ref",
                "refs/heads/main",
                "refs/heads/other",
                "refs/heads/mine",
                "refs/tags",
                "refs/notes/commits",
                "refs/replace",
            ])
            .success()
            .stdout
        };
        let before = refs();
        let script =
            format!("commit work.txt work; ! {action} 2> ../../../told || exit 9; claim done");
        run(&user, &script).success();
        assert!(
            user.noted("told").contains(told),
            "{action}: {}",
            user.noted("told")
        );
        assert_eq!(refs(), before, "{action}");
        user.assert_whole();
    }
}

#[test]
fn a_refused_stash_leaves_the_work_where_it_is() {
    let user = user();
    let script = r"echo more >> README.md; echo new > new.txt
! git stash --quiet --include-untracked 2> ../../../told || exit 9
test -e new.txt && grep -q more README.md || exit 10
git add --all; git commit --quiet -m All; claim done";
    run(&user, script).success();
    assert!(
        user.noted("told")
            .contains("a stash would be the user's own")
    );
    assert_eq!(user.git(["stash", "list"]).success().stdout, "");
    assert_eq!(user.at("enact/r-test/integration", "new.txt"), "new\n");
}

#[test]
fn what_moves_the_tasks_branch_and_a_worktrees_own_refs_goes_on() {
    let user = user();
    let script = r#"set -e
commit one.txt one; commit two.txt two; commit three.txt three
git commit --quiet --amend --message Amended
GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/" git rebase --quiet --interactive HEAD~2
git commit --quiet --amend --message Edited; git rebase --continue > /dev/null 2>&1
git rebase --quiet --rebase-merges HEAD~2
git checkout --quiet --detach HEAD~1; git checkout --quiet -
git reset --quiet --hard HEAD~1; git reset --quiet --hard ORIG_HEAD
git bisect start > /dev/null; git bisect bad > /dev/null; git bisect good HEAD~2 > /dev/null; git bisect reset > /dev/null 2>&1
git update-ref refs/worktree/mine HEAD; git update-ref -d refs/worktree/mine
git revert --no-edit HEAD > /dev/null; git cherry-pick HEAD~1 > /dev/null
git merge --quiet --no-edit HEAD~1
claim done"#;
    run(&user, script).success();
    assert_eq!(user.at("enact/r-test/integration", "three.txt"), "three\n");
}

#[test]
fn the_users_hooks_run_as_before() {
    let body = "echo \"$(basename \"$0\") $*\" >> \"$HOME/ran\"";
    let moves = "cat > /dev/null; test $1 != prepared || echo moves >> \"$HOME/ran\"";
    let places: [(&str, &[&str], &str); 3] = [
        ("the usual place", &[], ".git/hooks"),
        (
            "in the files, as husky has it",
            &["config", "core.hooksPath", ".husky/_"],
            ".husky/_",
        ),
        (
            "in a place of their own",
            &["config", "--global", "core.hooksPath", "HOME/it's mine"],
            "../home/it's mine",
        ),
    ];
    for (what, setting, dir) in places {
        let user = User::new();
        for name in ["pre-commit", "commit-msg", "post-commit"] {
            hook(&user, dir, name, body);
        }
        hook(&user, dir, "reference-transaction", moves);
        hook(&user, dir, "pre-rebase", "exit 1");
        user.plan(ONE);
        let home = user.outside("home").display().to_string();
        let setting: Vec<String> = setting
            .iter()
            .map(|word| word.replace("HOME", &home))
            .collect();
        if !setting.is_empty() {
            user.git(&setting).success();
        }
        let script = ": > ~/ran; commit work.txt work; ! git rebase --quiet --force-rebase HEAD~1 2> /dev/null || exit 9; claim done";
        run(&user, script).success();
        let ran = user.noted("home/ran");
        for told in ["pre-commit", "commit-msg", "post-commit", "moves"] {
            assert!(ran.contains(told), "{what}: {told} in {ran}");
        }
    }
}

#[test]
fn a_hook_of_the_users_still_refuses() {
    let user = user();
    hook(
        &user,
        ".git/hooks",
        "reference-transaction",
        "test $1 != prepared || ! grep -q task/t",
    );
    run(&user, "commit work.txt work || exit 9; claim done")
        .code(1)
        .complains("exit 9");
}

#[test]
fn without_a_guard_and_in_clones_every_ref_moves() {
    let user = user();
    user.write("enact.toml", "guard = false\n");
    user.commit("Settings");
    run(
        &user,
        "commit work.txt work; git tag mine || exit 9; git tag -d mine > /dev/null; claim done",
    )
    .success();
    let user = self::user();
    let flags = ["--isolation", "clone"];
    let script = "commit work.txt work; git tag mine && git branch -D other > /dev/null || exit 9; claim done";
    user.run("plan.toml", &user.executor(script), &flags)
        .success();
    assert_eq!(user.git(["tag"]).success().stdout, "v1\n");
}

#[test]
fn other_repositories_are_nobodys_to_guard_and_keep_their_own_hooks() {
    let user = user();
    let script = r#"
other=$(mktemp -d "$HOME/other-XXXXXX")
git init --quiet "$other"
printf '#!/bin/sh\ntouch "%s/ran"\n' "$other" > "$other/.git/hooks/pre-commit"
chmod +x "$other/.git/hooks/pre-commit"
( cd "$other" && git commit --quiet --allow-empty --message One && git branch next && git tag v1 ) || exit 9
test -e "$other/ran" || exit 8
commit done.txt yes
"#;
    hook(&user, ".git/hooks", "pre-commit", "true");
    run(&user, script).success();
}
