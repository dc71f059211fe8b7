//! What an executor can do in its worktree, and to it.

use git_enact::run::policy::Isolation;

use super::Fate::{Accepted, Refused};
use super::{attack, victim};
use crate::support::isolation::{in_each, in_one, of};

/// What is said of objects that do not come in from a clone.
const REFUSES: &str = "git refuses objects of what was committed: ";

#[test]
fn a_file_that_must_not_be_larger_is_a_failure() {
    in_each(|_| {
        let deed = "ulimit -f 64; head -c 10000000 /dev/zero > big.bin; commit t.txt w; exit 1";
        attack(victim(), deed).refused("the executor");
    });
}

#[test]
fn very_many_files_are_kept_and_removed() {
    in_each(|_| {
        let deed = "mkdir many; cd many; seq 2000 | xargs touch";
        let attacked =
            attack(victim(), deed).refused("uncommitted changes were left behind: many/1");
        let journal = ["log", "--format=", "--name-only", "refs/enact/runs/r-test"];
        let journal = attacked.user.git([&journal[..], &["--all"]].concat());
        assert!(journal.success().stdout.contains("many/2000"));
    });
}

#[test]
fn a_directory_without_rights_is_removed() {
    in_each(|_| {
        let deed =
            "mkdir -p locked/deep; echo x > locked/deep/file; chmod 000 locked/deep locked; exit 1";
        attack(victim(), deed).refused("the executor ended with exit 1");
    });
}

#[test]
fn a_link_in_place_of_the_worktree_is_not_followed() {
    in_each(|_| {
        let deed = r#"commit t.txt w; echo mine > "$HOME/precious"
cd /; rm -rf "$ENACT_WORKTREE"; ln -s "$HOME" "$ENACT_WORKTREE""#;
        let attacked = attack(victim(), deed).refused("the worktree is no longer ours");
        assert_eq!(attacked.user.noted("home/precious"), "mine");
    });
}

#[test]
fn a_link_that_leads_outside_is_not_followed() {
    in_each(|_| {
        let deed = r#"echo mine > "$HOME/precious"; mkdir -p "$HOME/dir"; echo mine > "$HOME/dir/file"
ln -s "$HOME/precious" link; ln -s "$HOME/dir" dir; commit t.txt w"#;
        let attacked = attack(victim(), deed).accepted();
        for name in ["home/precious", "home/dir/file"] {
            assert_eq!(attacked.user.noted(name), "mine");
        }
    });
}

#[test]
fn a_pipe_holds_up_nobody() {
    in_each(|_| {
        attack(victim(), "mkfifo pipe; commit t.txt w").accepted();
    });
}

#[test]
fn another_repository_in_place_of_ours_is_never_asked() {
    in_each(|isolation| {
        let evil = r#"evil="$HOME/../evil"; git init --quiet "$evil"
git -C "$evil" config core.fsmonitor "touch '$ran'"
git -C "$evil" config filter.evil.clean "touch '$ran'; cat"
git -C "$evil" config filter.evil.smudge "touch '$ran'; cat"
commit t.txt w; echo '* filter=evil' > .gitattributes; echo rest > rest.txt"#;
        let gone = "its `.git` directory is gone";
        for (redirect, in_clone) in [
            (r#"rm -rf .git; echo "gitdir: $evil/.git" > .git"#, gone),
            // Git would look there for everything but HEAD and index; nobody asks it.
            (
                r#"echo "$evil/.git" > "$ENACT_GIT_DIR/commondir""#,
                "left behind: .gitattributes, rest.txt",
            ),
            (r#"rm -rf .git; ln -s "$evil/.git" .git"#, gone),
        ] {
            let attacked = attack(victim(), &format!("{evil}\n{redirect}"));
            let attacked =
                attacked.refused(of(isolation, ["the worktree is no longer ours", in_clone]));
            let journal = ["log", "--all", "--format=", "--name-only"];
            let journal = attacked.user.git(journal).success();
            assert!(
                journal.stdout.contains("rest.txt"),
                "{redirect}: it is kept"
            );
        }
    });
}

#[test]
fn any_name_is_taken_and_shown_as_text() {
    in_each(|_| {
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
    });
}

#[test]
fn a_large_file_is_a_file() {
    in_each(|_| {
        attack(
            victim(),
            "head -c 5000000 /dev/urandom > big.bin; commit t.txt w",
        )
        .accepted();
    });
}

#[test]
fn a_pipe_in_place_of_a_file_of_gits_holds_up_nobody() {
    in_each(|isolation| {
        let own = ["HEAD", "index", "logs/HEAD", "commondir", "ORIG_HEAD"];
        let linked = ["gitdir", "locked"];
        let cloned = [
            "config",
            "packed-refs",
            "objects/info/alternates",
            "refs/heads/x",
        ];
        let more = of(isolation, [&linked[..], &cloned]);
        for name in own.iter().chain(more) {
            let place =
                format!("cd \"$ENACT_GIT_DIR\"; mkdir -p \"$(dirname {name})\"; rm -rf {name}");
            let attacked = attack(victim(), &format!("commit t.txt w; {place}; mkfifo {name}"));
            // Without a HEAD, or where git looks for it, it is nobody's worktree any more.
            let is_missed = of(isolation, [&["HEAD", "gitdir", "commondir"][..], &["HEAD"]]);
            match is_missed.contains(name) {
                true => attacked.refused("the worktree "),
                false => attacked.accepted(),
            };
        }
    });
}

#[test]
fn a_pipe_in_place_of_an_object_holds_up_nobody() {
    let elsewhere = "mkdir \"$HOME/../away\"; mkfifo \"$HOME/../away/alternates\"";
    let object = "objects/$(git rev-parse HEAD:t.txt | sed 's,^..,&/,')";
    // In a worktree they are the user's own.
    in_one(Isolation::Clone, || {
        for (deed, fate) in [
            (
                format!("f={object}; rm -f .git/$f; mkfifo .git/$f"),
                Refused(REFUSES),
            ),
            (
                format!("f=$(dirname {object}); rm -rf .git/$f; mkfifo .git/$f"),
                Refused(REFUSES),
            ),
            (
                format!(
                    "{elsewhere}; rm -rf .git/objects/info; ln -s \"$HOME/../away\" .git/objects/info"
                ),
                Accepted,
            ),
            (
                "mkdir .git/x; mv .git/objects .git/x; ln -s x/objects .git/objects".to_owned(),
                Refused(REFUSES),
            ),
        ] {
            attack(victim(), &format!("commit t.txt w; {deed}")).ends([fate; 2]);
        }
    });
}
