//! What an executor can do in its worktree, and to it.

use super::{attack, victim};

#[test]
fn a_file_that_must_not_be_larger_is_a_failure() {
    let deed = "ulimit -f 64; head -c 10000000 /dev/zero > big.bin; commit t.txt w; exit 1";
    attack(victim(), deed).refused("the executor");
}

#[test]
fn very_many_files_are_kept_and_removed() {
    let deed = "mkdir many; cd many; seq 2000 | xargs touch";
    let attacked = attack(victim(), deed).refused("uncommitted changes were left behind: many/1");
    let journal = ["log", "--format=", "--name-only", "refs/enact/runs/r-test"];
    let journal = attacked.user.git([&journal[..], &["--all"]].concat());
    assert!(journal.success().stdout.contains("many/2000"));
}

#[test]
fn a_directory_without_rights_is_removed() {
    let deed =
        "mkdir -p locked/deep; echo x > locked/deep/file; chmod 000 locked/deep locked; exit 1";
    attack(victim(), deed).refused("the executor ended with exit 1");
}

#[test]
fn a_link_in_place_of_the_worktree_is_not_followed() {
    let deed = r#"commit t.txt w; echo mine > "$HOME/precious"
cd /; rm -rf "$ENACT_WORKTREE"; ln -s "$HOME" "$ENACT_WORKTREE""#;
    let attacked = attack(victim(), deed).refused("the worktree is no longer ours");
    assert_eq!(attacked.user.noted("home/precious"), "mine");
}

#[test]
fn a_link_that_leads_outside_is_not_followed() {
    let deed = r#"echo mine > "$HOME/precious"; mkdir -p "$HOME/dir"; echo mine > "$HOME/dir/file"
ln -s "$HOME/precious" link; ln -s "$HOME/dir" dir; commit t.txt w"#;
    let attacked = attack(victim(), deed).accepted();
    for name in ["home/precious", "home/dir/file"] {
        assert_eq!(attacked.user.noted(name), "mine");
    }
}

#[test]
fn a_pipe_holds_up_nobody() {
    attack(victim(), "mkfifo pipe; commit t.txt w").accepted();
}

#[test]
fn another_repository_in_place_of_ours_is_never_asked() {
    let evil = r#"evil="$HOME/../evil"; git init --quiet "$evil"
git -C "$evil" config core.fsmonitor "touch '$ran'"
git -C "$evil" config filter.evil.clean "touch '$ran'; cat"
git -C "$evil" config filter.evil.smudge "touch '$ran'; cat"
commit t.txt w; echo '* filter=evil' > .gitattributes; echo rest > rest.txt"#;
    for redirect in [
        r#"echo "gitdir: $evil/.git" > .git"#,
        r#"echo "$evil/.git" > "$ENACT_GIT_DIR/commondir""#,
        r#"rm .git; ln -s "$evil/.git" .git"#,
    ] {
        let attacked = attack(victim(), &format!("{evil}\n{redirect}"))
            .refused("the worktree is no longer ours");
        let journal = ["log", "--all", "--format=", "--name-only"];
        let journal = attacked.user.git(journal).success();
        assert!(
            journal.stdout.contains("rest.txt"),
            "{redirect}: it is kept"
        );
    }
}

#[test]
fn any_name_is_taken_and_shown_as_text() {
    let deed = r#"printf x > "$(printf 'a\nb\033[2J')"; printf x > "$(printf 'n\377')"
printf x > "$(printf '%0255d' 0)"; printf x > Twin; printf x > twin
commit t.txt w"#;
    let attacked = attack(victim(), deed).accepted();
    let names = attacked
        .user
        .git(["ls-tree", "-z", "--name-only", "enact/r-test/integration"]);
    assert_eq!(names.success().stdout.split('\0').count() - 1, 9);
    for args in [&["show", "t"][..], &["report"], &["diff", "t", "--stat"]] {
        let shown = attacked.user.enact(args).success();
        assert!(!shown.stdout.contains('\u{1b}'), "{shown}");
    }
}

#[test]
fn a_large_file_is_a_file() {
    attack(
        victim(),
        "head -c 5000000 /dev/urandom > big.bin; commit t.txt w",
    )
    .accepted();
}
