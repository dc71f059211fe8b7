//! What an executor can do to its git directory: its user's in a worktree, its own in a clone. Who runs with its user's
//! rights finds that of the user from a clone as well: that is tried, too, and ends as in a worktree.

use git_enact::run::policy::Isolation;

use super::Fate::{Accepted, Quarantined, Refused};
use super::{Attacked, FREE, PLAN, victim};
use crate::support::isolation::in_each;
use crate::support::oracle;
use crate::support::user::User;

/// Whose git directory is attacked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// The one that the executor was given.
    Given,
    /// The user's, from a clone.
    Reached,
}

/// Tries `body` in worktrees, in clones, and from clones.
#[track_caller]
fn on_each(body: impl Fn(Ground)) {
    in_each(|isolation| {
        body(Ground::Given);
        if isolation == Isolation::Clone {
            body(Ground::Reached);
        }
    });
}

impl Ground {
    /// Where the deeds that follow are done.
    fn reach(self) -> &'static str {
        match self {
            Ground::Given => ":",
            Ground::Reached => "cd \"$HOME/../repo\"; shared=$PWD/.git",
        }
    }

    /// Has the first attempt of `t` do `work`, and then `deed` there.
    fn attack(self, user: User, work: &str, deed: &str) -> Attacked {
        let attacked = super::attack(user, &format!("{work}\n{}\n{deed}", self.reach()));
        Attacked {
            reaches: self == Ground::Reached,
            ..attacked
        }
    }
}

/// What an executor should do.
const WORK: &str = "commit t.txt w";

#[test]
fn hooks() {
    on_each(|ground| {
        let plant = |name: &str| {
            format!(
                "mkdir -p \"$shared/hooks\"; printf '#!/bin/sh\\ntouch \"%s\"\\n' \"$ran\" > \"$shared/hooks/{name}\"; chmod +x \"$shared/hooks/{name}\""
            )
        };
        let fates = |said| [Quarantined(said), Accepted];
        ground
            .attack(victim(), WORK, &plant("post-checkout"))
            .ends(fates("`.git/hooks/post-checkout` was added"));
        let user = victim();
        user.write(".git/hooks/pre-commit", "#!/bin/sh\n");
        ground
            .attack(user, WORK, &plant("pre-commit"))
            .ends(fates("`.git/hooks/pre-commit` was changed"));
        let user = victim();
        user.write(".git/hooks/pre-commit", "#!/bin/sh\n");
        ground
            .attack(user, WORK, "rm -f \"$shared/hooks/pre-commit\"")
            .ends(fates("`.git/hooks/pre-commit` was removed"));
    });
}

#[test]
fn settings() {
    on_each(|ground| {
        for (key, value) in [
            ("core.fsmonitor", "touch '$ran'"),
            ("core.hooksPath", "$HOME/../hooks"),
            ("alias.st", "!touch '$ran'"),
            ("hook.x.command", "touch '$ran'"),
            ("include.path", "$HOME/../more"),
        ] {
            let said = format!(
                "the setting `{}` in `.git/config` was added",
                key.to_lowercase()
            );
            ground
                .attack(victim(), WORK, &format!("git config {key} \"{value}\""))
                .ends([Quarantined(&said), Accepted]);
        }
    });
}

#[test]
fn a_planted_filter_does_not_run_through_us() {
    on_each(|ground| {
        // Left uncommitted and kept by us: whoever adds it runs its filter.
        let deed = r#"git config filter.evil.clean "touch '$ran'; cat"
git config filter.evil.smudge "touch '$ran'; cat"; git config filter.evil.required true
git config merge.evil.driver "touch '$ran'"
mkdir -p "$shared/info"; echo '* filter=evil merge=evil' > "$shared/info/attributes"; exit 1"#;
        let fates = [
            Quarantined("the setting `filter.evil.clean`"),
            Refused("the executor ended with exit 1"),
        ];
        let attacked = ground.attack(victim(), "echo rest > rest.txt", deed);
        let attacked = attacked.ends(fates);
        let log = ["log", "--all", "--format=", "--name-only"];
        let kept = attacked.user.git(log).success();
        assert!(kept.stdout.contains("rest.txt"));
    });
}

#[test]
fn alternates() {
    on_each(|ground| {
        let deed = r#"mkdir -p "$HOME/../elsewhere"
echo "$HOME/../elsewhere" > "$shared/objects/info/alternates""#;
        let said = "`.git/objects/info/alternates` was added";
        ground
            .attack(victim(), WORK, deed)
            .ends([Quarantined(said), Accepted]);
    });
}

#[test]
fn replaced_objects() {
    on_each(|ground| {
        ground
            .attack(victim(), WORK, "git replace main main~1")
            .ends([Quarantined("`refs/replace/"), Accepted]);
    });
}

#[test]
fn hidden_history() {
    on_each(|ground| {
        let grafts = "mkdir -p \"$shared/info\"; git rev-parse HEAD > \"$shared/info/grafts\"";
        ground
            .attack(victim(), WORK, grafts)
            .ends([Quarantined("`.git/info/grafts` was added"), Accepted]);
        let shallow = "git rev-parse HEAD > \"$shared/shallow\"";
        ground
            .attack(victim(), WORK, shallow)
            .ends([Quarantined("`.git/shallow` was added"), Accepted]);
    });
}

#[test]
fn refs_that_are_gone_are_told_with_what_puts_them_back() {
    on_each(|ground| {
        let user = victim();
        user.git(["branch", "feature"]).success();
        user.git(["tag", "v1"]).success();
        user.write("README.md", "stashed\n");
        user.git(["stash", "push", "--quiet"]).success();
        let refs = |user: &User| {
            let theirs = ["refs/heads/feature", "refs/tags", "refs/stash"];
            let listed = user.git([&["for-each-ref"], &theirs[..]].concat());
            listed.success().stdout
        };
        let before = refs(&user);
        let deed = "git branch --quiet -D feature; git tag -d v1 >/dev/null; git stash drop --quiet || true";
        let attacked = ground.attack(user, WORK, deed);
        let told = attacked.output.clone().success().stderr;
        let helps = told.lines().filter_map(|line| {
            let (_, help) = line.split_once("if that was not you: `git ")?;
            help.strip_suffix('`')
        });
        let helps: Vec<&str> = helps.collect();
        let expected = if attacked.is_users() { 3 } else { 0 };
        assert_eq!(helps.len(), expected, "{told}");
        for help in helps {
            attacked.user.git(help.split(' ')).success();
        }
        assert_eq!(refs(&attacked.user), before);
        match attacked.is_users() {
            // Their logs are gone for good.
            true => attacked.holds_as_it_is(),
            false => attacked.accepted(),
        };
    });
}

#[test]
fn what_another_task_loses_is_done_again() {
    on_each(|ground| {
        let user = User::new();
        user.plan(&PLAN.replace("after = [\"t\"]\n", ""));
        let before = oracle::untouched(&user);
        let executor = user.executor(&format!(
            r#"{FREE}; case $ENACT_TASK$ENACT_ATTEMPT in
after1) pwd > "$HOME/../where"; echo half > half.txt; signal begun; wait_for gone; exit 1 ;;
t1) wait_for begun; commit t.txt w; {reach}; where=$(cat "$HOME/../where")
    git worktree remove --force --force "$where" 2>/dev/null || rm -rf "$where"
    git update-ref -d refs/heads/enact/r-test/task/after; signal gone; exit 0 ;;
*) commit $ENACT_TASK.txt w ;;
esac"#,
            reach = ground.reach(),
        ));
        user.run("plan.toml", &executor, &["--jobs", "2", "--retries", "1"])
            .success();
        assert_eq!(user.task("t")["attempts"], 1);
        assert_eq!(user.task("after")["attempts"], 2);
        oracle::check(&user, &before);
    });
}

#[test]
fn deleted_notes_are_written_again() {
    on_each(|ground| {
        let user = victim();
        let before = oracle::untouched(&user);
        let executor = user.executor(&format!(
            "{FREE}; commit $ENACT_TASK.txt w\n{}\ntest $ENACT_TASK = t || git update-ref -d refs/notes/PROGRESS; exit 0",
            ground.reach()
        ));
        user.run("plan.toml", &executor, &["--sequential"])
            .success();
        user.enact(["doctor", "--repair"]).success();
        oracle::check(&user, &before);
    });
}

#[test]
fn housekeeping_takes_nothing_of_the_run() {
    on_each(|ground| {
        let deed = "git reflog expire --expire=now --all; git gc --quiet --prune=now";
        let attacked = ground.attack(victim(), WORK, deed);
        attacked.output.clone().success();
        let head = attacked.user.git(["log", "--format=%s", "main"]).success();
        assert_eq!(head.stdout, "Plan\nBegin\n");
        match attacked.is_users() {
            // The user's refs are packed, and their logs are gone.
            true => attacked.holds_as_it_is(),
            false => attacked.accepted(),
        };
    });
}

#[test]
fn a_lock_that_others_share_is_told_and_left() {
    on_each(|ground| {
        let deed = ": > \"$shared/packed-refs.lock\"; : > \"$ENACT_GIT_DIR/index.lock\"";
        let own = format!("{WORK}; : > \"$shared/$(git symbolic-ref HEAD).lock\"");
        let attacked = ground.attack(victim(), &own, deed).accepted();
        let lock = attacked.user.path().join(".git/packed-refs.lock");
        let doctor = attacked.user.enact(["doctor"]);
        if attacked.is_users() {
            assert!(lock.exists(), "it could be the user's own");
            doctor.code(1).says("packed-refs.lock");
        } else {
            assert!(!lock.exists());
            doctor.success();
        }
    });
}

#[test]
fn a_damaged_list_of_refs_stops_the_run() {
    on_each(|ground| {
        let user = victim();
        user.git(["branch", "feature"]).success();
        user.git(["pack-refs", "--all"]).success();
        let deed = "head -c 70 \"$shared/packed-refs\" > \"$shared/x\"; mv \"$shared/x\" \"$shared/packed-refs\"";
        let attacked = ground.attack(user, WORK, deed);
        if !attacked.is_users() {
            attacked.accepted();
            return;
        }
        let output = attacked.output.clone().code(4);
        output
            .complains("`.git/packed-refs` was changed")
            .complains(
                "no ref can be written before that is put back: `git enact doctor r-test --repair`",
            );
        attacked.user.enact(["doctor", "--repair"]).success();
        attacked.user.enact(["resume"]).success();
        attacked.before.give_times_back(&attacked.user.path());
        attacked.holds();
    });
}

#[test]
fn everyday_settings_are_told() {
    on_each(|ground| {
        let deed = r#"git config user.email evil@example.com; git remote add evil "$HOME/../evil"
git worktree prune; mkdir -p "$shared/info"; echo left.txt >> "$shared/info/exclude""#;
        let attacked = ground.attack(victim(), WORK, deed);
        let output = attacked.output.clone().success();
        if !attacked.is_users() {
            assert!(!output.stderr.contains("note: "), "{output}");
            attacked.accepted();
            return;
        }
        let during = "was added while the run went on";
        output
            .complains(&format!(
                "note: the setting `user.email` in `.git/config` {during}"
            ))
            .complains("note: the setting `remote.evil.url` in `.git/config` was added")
            .complains("note: `.git/info/exclude` was ");
        attacked.holds_as_it_is();
    });
}

#[test]
fn objects_that_git_would_refuse_are_not_done() {
    in_each(|isolation| {
        for name in ["..", ".git", ".GIT", "git~1"] {
            let deed = format!(
                r#"commit t.txt w; blob=$(echo evil | git hash-object -w --stdin)
tree=$(printf '100644 blob %s\t{name}\n' "$blob" | git mktree)
git update-ref HEAD "$(git commit-tree -p HEAD -m Evil "$tree")""#
            );
            let attacked = super::attack(victim(), &deed);
            if isolation == Isolation::Clone {
                attacked.refused("git refuses objects of what was committed: ");
                continue;
            }
            let output = attacked.output.clone().success();
            output.complains("objects of the commit are missing, or git would refuse them");
            // Whoever shares objects has them, whatever they are: only a clone of its own keeps them out.
            let user = &attacked.user;
            oracle::assert_no_process(user);
            oracle::assert_no_task_was_done_twice(user);
            assert_eq!(user.task("t")["attempts"], 2);
            assert!(!user.path().join(".git/hooks/evil").exists());
            attacked
                .before
                .assert_same(&oracle::untouched(user), "the user's side is as it was");
        }
    });
}
