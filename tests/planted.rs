//! What an executor leaves in the way of our own process leads it nowhere: a link where it writes, a name where it
//! looks, another content under the name of an old one.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::oracle;
use crate::support::user::User;

const TWO: &str = "[plan]\ntitle = \"Two\"\njobs = 1\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n\
    [[task]]\nid = \"b\"\ntitle = \"Do b\"\nneeds = [\"a\"]\n";

/// Has task `a` do `script` as well.
fn two(user: &User, script: &str) -> String {
    user.executor(&format!(
        "commit $ENACT_TASK.txt w\nif test $ENACT_TASK = a; then {script}; fi"
    ))
}

#[test]
fn a_file_that_was_written_over_in_the_repository_is_neither_proven_nor_landed() {
    // The object of a file that nobody changed now says something else; git lays it out without a look.
    const FORGE: &str = r#"oid=$(git rev-parse HEAD:check.sh); dir="$ENACT_GIT_COMMON_DIR/objects"
object="$dir/$(echo "$oid" | cut -c1-2)/$(echo "$oid" | cut -c3-)"
new=$(echo 'exit 0' | git hash-object -w --stdin)
cp -f "$dir/$(echo "$new" | cut -c1-2)/$(echo "$new" | cut -c3-)" "$object""#;
    for flags in [&["--final-verify", "sh check.sh"][..], &[]] {
        let user = User::new();
        user.write("check.sh", "exit 1\n");
        user.commit("Check");
        user.plan(TWO);
        let executor = two(&user, FORGE);
        let ran = user.run(
            "plan.toml",
            &executor,
            &[flags, &["--no-preflight"]].concat(),
        );
        if flags.is_empty() {
            ran.success();
            user.enact(["land", "--yes"])
                .code(2)
                .complains("nothing was landed: `check.sh` is not in the repository as commit");
        } else {
            ran.complains("`check.sh` is not in the repository as commit");
            assert_ne!(user.status()["run"]["status"], "complete");
        }
    }
}

#[test]
fn what_is_copied_into_worktrees_goes_through_no_link_of_theirs() {
    let user = User::new();
    user.write(".gitignore", ".env\nconf/.env\n.worktreeinclude\n");
    user.write("conf/keep.txt", "kept\n");
    user.commit("Begin");
    user.plan(TWO);
    user.write("conf/.env", "secret\n");
    user.write(".worktreeinclude", "conf/.env\n");
    let elsewhere = user.outside("elsewhere");
    fs::create_dir(&elsewhere).expect("a directory");
    let leads = format!(
        "git rm -rq conf; rm -rf conf; ln -s '{}' conf; git add conf; git commit -qm link",
        elsewhere.display()
    );
    // A slot is made anew, and one for the whole: both are given the user's file.
    user.run(
        "plan.toml",
        &two(&user, &leads),
        &["--final-verify", "true"],
    )
    .success();
    let made: Vec<_> = fs::read_dir(&elsewhere).expect("a directory").collect();
    assert!(made.is_empty(), "{made:?}");
    // A file in the way of a directory stops nothing either.
    let again = User::new();
    again.write(".gitignore", ".env\n.worktreeinclude\n");
    again.commit("Begin");
    again.plan(TWO);
    again.write("conf/.env", "secret\n");
    again.write(".worktreeinclude", "conf/.env\n");
    let file = "rm -rf conf; echo file > conf; git add conf; git commit -qm file";
    again
        .run(
            "plan.toml",
            &two(&again, file),
            &["--final-verify", "test -f conf"],
        )
        .success();
}

#[test]
fn a_log_that_was_made_a_link_is_not_written_through() {
    let user = User::new();
    user.plan(TWO);
    let untouched = oracle::untouched(&user);
    let victim = user.outside("victim");
    fs::write(&victim, "mine\n").expect("a file");
    let leads = format!(
        "logs=\"$ENACT_GIT_COMMON_DIR/logs/refs/heads/enact/$ENACT_RUN/task\"; mkdir -p \"$logs\"
         for log in a b; do rm -f \"$logs/$log\"; ln -s '{}' \"$logs/$log\"; done",
        victim.display()
    );
    user.run("plan.toml", &two(&user, &leads), &[]).success();
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "mine\n");
    oracle::check(&user, &untouched);
}

#[test]
fn a_name_in_the_place_of_a_tasks_branch_stops_nobody() {
    let user = User::new();
    user.plan(TWO);
    let untouched = oracle::untouched(&user);
    let planted = "printf 'ref: refs/heads/main\\n' > \
        \"$ENACT_GIT_COMMON_DIR/refs/heads/enact/$ENACT_RUN/task/b\"";
    user.run("plan.toml", &two(&user, planted), &[]).success();
    oracle::check(&user, &untouched);
}

#[test]
fn a_configuration_that_became_a_link_is_watched_where_it_leads() {
    let user = User::new();
    user.plan(TWO);
    let executor = user.executor(
        r#"commit $ENACT_TASK.txt w
config="$HOME/../repo/.git/config"; moved="$HOME/../moved"
case $ENACT_TASK in
  a) cp "$config" "$moved"; rm "$config"; ln -s "$moved" "$config" ;;
  b) printf '[alias]\n\tst = "!touch ran"\n' >> "$moved" ;;
esac"#,
    );
    user.run("plan.toml", &executor, &[])
        .code(3)
        .complains("quarantined: ");
}

#[test]
fn directories_of_somebody_elses_beside_the_worktrees_stay() {
    let user = User::new();
    user.plan(TWO);
    user.git(["config", "enact.worktreeDir", ".."]).success();
    let mine = user.outside("r-test/tmp-a");
    fs::create_dir_all(&mine).expect("a directory");
    fs::write(mine.join("mine"), "mine\n").expect("a file");
    symlink(&mine, user.outside("r-test/link")).expect("a link");
    user.run("plan.toml", &two(&user, "true"), &[]).success();
    user.enact(["clean", "r-test", "--yes"]).success();
    assert!(mine.join("mine").exists());
}

#[test]
fn what_compares_with_the_base_is_proven_again_on_another_base() {
    let user = User::new();
    user.write("locked.txt", "one\n");
    user.commit("Locked");
    user.plan(
        "[plan]\ntitle = \"Two\"\njobs = 2\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n\
         verify = [\"git diff --quiet $ENACT_BASE HEAD -- locked.txt\"]\n\
         [[task]]\nid = \"b\"\ntitle = \"Do b\"\n",
    );
    // What refuses the first attempt of `a` comes after its proof; the second starts from what `b` made meanwhile, and
    // makes the tree of the first, without it.
    user.write(
        "enact.toml",
        "[hooks]\npost-task = 'test \"$ENACT_TASK$ENACT_ATTEMPT\" != a1'\n",
    );
    user.commit("Settings");
    let executor = user.executor(
        r#"case $ENACT_TASK$ENACT_ATTEMPT in
  a1) echo work > a.txt; git add a.txt; git commit -qm a; signal a-made
      until git log --format=%s "enact/$ENACT_RUN/integration" | grep -q "locked.txt"; do sleep 0.02; done ;;
  a2) echo work > a.txt; echo one > locked.txt; git add -A; git commit -qm a ;;
  b1) wait_for a-made; commit locked.txt two ;;
esac"#,
    );
    user.run("plan.toml", &executor, &["--retries", "1"])
        .code(3);
    assert_eq!(user.task("a")["status"], "failed");
    assert_eq!(user.task("b")["status"], "done");
}
