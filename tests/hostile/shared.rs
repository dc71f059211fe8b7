//! What an executor can do to the git directory that it shares with its user.

use super::{FREE, PLAN, attack, victim};
use crate::support::oracle;
use crate::support::user::User;

#[test]
fn hooks() {
    let plant = |name: &str| {
        format!(
            "commit t.txt w; printf '#!/bin/sh\\ntouch \"%s\"\\n' \"$ran\" > \"$shared/hooks/{name}\"; chmod +x \"$shared/hooks/{name}\""
        )
    };
    attack(victim(), &plant("post-checkout")).quarantined("`.git/hooks/post-checkout` was added");
    let user = victim();
    user.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    attack(user, &plant("pre-commit")).quarantined("`.git/hooks/pre-commit` was changed");
    let user = victim();
    user.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    let deed = "commit t.txt w; rm \"$shared/hooks/pre-commit\"";
    attack(user, deed).quarantined("`.git/hooks/pre-commit` was removed");
}

#[test]
fn settings() {
    for (key, value) in [
        ("core.fsmonitor", "touch '$ran'"),
        ("core.hooksPath", "$HOME/../hooks"),
        ("alias.st", "!touch '$ran'"),
        ("hook.x.command", "touch '$ran'"),
        ("include.path", "$HOME/../more"),
    ] {
        let deed = format!("commit t.txt w; git config {key} \"{value}\"");
        let said = format!(
            "the setting `{}` in `.git/config` was added",
            key.to_lowercase()
        );
        attack(victim(), &deed).quarantined(&said);
    }
}

#[test]
fn a_planted_filter_does_not_run_through_us() {
    // Left uncommitted and kept by us: whoever adds it runs its filter.
    let deed = r#"git config filter.evil.clean "touch '$ran'; cat"
git config filter.evil.smudge "touch '$ran'; cat"; git config filter.evil.required true
git config merge.evil.driver "touch '$ran'"
mkdir -p "$shared/info"; echo '* filter=evil merge=evil' > "$shared/info/attributes"
echo rest > rest.txt; exit 1"#;
    let attacked = attack(victim(), deed).quarantined("the setting `filter.evil.clean`");
    let kept = attacked
        .user
        .git(["log", "--all", "--format=", "--name-only"]);
    assert!(kept.success().stdout.contains("rest.txt"));
}

#[test]
fn alternates() {
    let deed = r#"commit t.txt w; mkdir -p "$HOME/../elsewhere"
echo "$HOME/../elsewhere" > "$shared/objects/info/alternates""#;
    attack(victim(), deed).quarantined("`.git/objects/info/alternates` was added");
}

#[test]
fn replaced_objects() {
    let deed = "commit t.txt w; git replace HEAD main";
    attack(victim(), deed).quarantined("`refs/replace/");
}

#[test]
fn hidden_history() {
    let deed =
        "commit t.txt w; mkdir -p \"$shared/info\"; git rev-parse HEAD > \"$shared/info/grafts\"";
    attack(victim(), deed).quarantined("`.git/info/grafts` was added");
    let deed = "commit t.txt w; git rev-parse HEAD > \"$shared/shallow\"";
    attack(victim(), deed).quarantined("`.git/shallow` was added");
}

#[test]
fn refs_that_are_gone_are_told_with_what_puts_them_back() {
    let user = victim();
    user.git(["branch", "feature"]).success();
    user.git(["tag", "v1"]).success();
    user.write("README.md", "stashed\n");
    user.git(["stash", "push", "--quiet"]).success();
    let refs = |user: &User| {
        let listed = user.git([
            "for-each-ref",
            "refs/heads/feature",
            "refs/tags",
            "refs/stash",
        ]);
        listed.success().stdout
    };
    let before = refs(&user);
    let deed = "commit t.txt w; git branch --quiet -D feature; git tag -d v1 >/dev/null; git stash drop --quiet";
    let attacked = attack(user, deed);
    let told = attacked.output.clone().success().stderr;
    let helps = told.lines().filter_map(|line| {
        let (_, help) = line.split_once("if that was not you: `git ")?;
        help.strip_suffix('`')
    });
    let helps: Vec<&str> = helps.collect();
    assert_eq!(helps.len(), 3, "{told}");
    for help in helps {
        attacked.user.git(help.split(' ')).success();
    }
    assert_eq!(refs(&attacked.user), before);
    // Their logs are gone for good.
    attacked.holds_as_it_is();
}

#[test]
fn what_another_task_loses_is_done_again() {
    let user = User::new();
    user.plan(&PLAN.replace("after = [\"t\"]\n", ""));
    let before = oracle::untouched(&user);
    let executor = user.executor(&format!(
        r#"{FREE}; case $ENACT_TASK$ENACT_ATTEMPT in
after1) pwd > "$HOME/../where"; echo half > half.txt; signal begun; wait_for gone; exit 1 ;;
t1) wait_for begun; git worktree remove --force --force "$(cat "$HOME/../where")"
    git update-ref -d refs/heads/enact/r-test/task/after; signal gone; commit t.txt w ;;
*) commit $ENACT_TASK.txt w ;;
esac"#
    ));
    user.run("plan.toml", &executor, &["--jobs", "2", "--retries", "1"])
        .success();
    assert_eq!(user.task("t")["attempts"], 1);
    assert_eq!(user.task("after")["attempts"], 2);
    oracle::check(&user, &before);
}

#[test]
fn deleted_notes_are_written_again() {
    let user = victim();
    let before = oracle::untouched(&user);
    let executor = user.executor(&format!(
        "{FREE}; commit $ENACT_TASK.txt w; test $ENACT_TASK = t || git update-ref -d refs/notes/PROGRESS"
    ));
    user.run("plan.toml", &executor, &["--sequential"])
        .success();
    user.enact(["doctor", "--repair"]).success();
    oracle::check(&user, &before);
}

#[test]
fn housekeeping_takes_nothing_of_the_run() {
    let deed = "commit t.txt w; git reflog expire --expire=now --all; git gc --quiet --prune=now";
    let attacked = attack(victim(), deed);
    attacked.output.clone().success();
    // The user's refs are packed, and their logs are gone.
    let head = attacked.user.git(["log", "--format=%s", "main"]).success();
    assert_eq!(head.stdout, "Plan\nBegin\n");
    attacked.holds_as_it_is();
}

#[test]
fn a_lock_that_others_share_is_told_and_left() {
    let deed =
        "commit t.txt w; : > \"$shared/packed-refs.lock\"; : > \"$ENACT_GIT_DIR/index.lock\"";
    let attacked = attack(victim(), deed).accepted();
    let lock = attacked.user.path().join(".git/packed-refs.lock");
    assert!(lock.exists(), "it could be the user's own");
    let doctor = attacked.user.enact(["doctor"]).code(1);
    doctor.says("packed-refs.lock");
}

#[test]
fn a_damaged_list_of_refs_stops_the_run() {
    let user = victim();
    user.git(["branch", "feature"]).success();
    user.git(["pack-refs", "--all"]).success();
    let deed = "commit t.txt w; head -c 70 \"$shared/packed-refs\" > \"$shared/x\"; mv \"$shared/x\" \"$shared/packed-refs\"";
    let attacked = attack(user, deed);
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
}

#[test]
fn everyday_settings_are_told() {
    let deed = r#"commit t.txt w; git config user.email evil@example.com
git remote add evil "$HOME/../evil"; git worktree prune; echo left.txt >> "$shared/info/exclude""#;
    let attacked = attack(victim(), deed);
    let output = attacked.output.clone().success();
    output
        .complains(
            "note: the setting `user.email` in `.git/config` was added while the run went on",
        )
        .complains("note: the setting `remote.evil.url` in `.git/config` was added")
        .complains("note: `.git/info/exclude` was ");
    attacked.holds_as_it_is();
}

#[test]
fn objects_that_git_would_refuse_are_not_done() {
    for name in ["..", ".git", ".GIT", "git~1"] {
        let deed = format!(
            r#"commit t.txt w; blob=$(echo evil | git hash-object -w --stdin)
tree=$(printf '100644 blob %s\t{name}\n' "$blob" | git mktree)
git update-ref HEAD "$(git commit-tree -p HEAD -m Evil "$tree")""#
        );
        let attacked = attack(victim(), &deed);
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
}
