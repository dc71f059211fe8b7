//! What dead processes and people leave is put right by a resume: locks, half-made worktrees, branches and
//! notes that were deleted, a journal that plain git moved back.

use std::path::{Path, PathBuf};

use crate::rollback::checkpoint;
use crate::support::oracle;
use crate::support::scenario::{End, Journey, PEOPLE, WORK};
use crate::support::user::{Output, User};

fn calm() -> End {
    Journey::new(&WORK, &[]).travel()
}

fn git_dir(journey: &Journey) -> PathBuf {
    journey.user.path().join(".git")
}

/// The git directories of the run's worktrees.
fn slots(journey: &Journey) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(git_dir(journey).join("worktrees")).expect("worktrees");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn plant(path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, b"").expect("a file");
}

fn branch(user: &User) -> String {
    let output = user.git(["rev-parse", "enact/r-test/integration"]);
    output.success().stdout.trim().to_owned()
}

/// The checkpoints of the run, newest first.
fn checkpoints(user: &User) -> Vec<String> {
    let range = ["rev-list", "--first-parent", "refs/enact/runs/r-test"];
    let output = user.git(range).success();
    output.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn locks_that_kill_9_left_stop_nobody() {
    let mut journey = Journey::new(&WORK, &["recorded:integrated"]);
    journey.die();
    for name in [
        "refs/enact/runs/r-test",
        "refs/heads/enact/r-test/integration",
        "refs/heads/enact/r-test/task/a",
        "refs/notes/PROGRESS",
    ] {
        plant(&git_dir(&journey).join(format!("{name}.lock")));
    }
    for slot in slots(&journey) {
        for name in ["index.lock", "HEAD.lock", "enact-index.lock"] {
            plant(&slot.join(name));
        }
    }
    assert_eq!(journey.travel(), calm());
}

#[test]
fn locks_that_may_be_somebody_elses_are_told_and_left() {
    let names = [
        "packed-refs.lock",
        "config.lock",
        "shallow.lock",
        "index.lock",
        "HEAD.lock",
        "reftable/tables.list.lock",
    ];
    let mut journey = Journey::new(&WORK, &["recorded:integrated"]);
    journey.die();
    for name in names {
        plant(&git_dir(&journey).join(name));
    }
    let output = journey.user.enact(["resume", "--yes"]).success();
    for name in names {
        let lock = git_dir(&journey).join(name);
        let output = output
            .clone()
            .complains(name)
            .complains("no process has it open");
        assert!(lock.exists(), "it is not ours to remove: {output}");
    }
    let doctor = journey.user.enact(["doctor"]).code(1);
    doctor
        .says("tables.list.lock")
        .says("if no git command is running: `rm '");
}

#[test]
fn a_lock_is_told_with_its_age_and_who_holds_it() {
    let mut journey = Journey::new(&WORK, &[]);
    journey.go_on();
    let lock = git_dir(&journey).join("index.lock");
    plant(&lock);
    let held = std::fs::File::open(&lock).expect("a lock");
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    held.set_modified(hour).expect("an hour old");
    let holder = format!("held by process {}", std::process::id());
    let doctor = journey.user.enact(["doctor"]).code(1);
    doctor.says("index.lock` (1h").says(&holder);
    drop(held);
    let landing = journey.user.enact(["land", "--yes"]).code(2);
    landing
        .complains("nothing was landed")
        .complains("index.lock");
    std::fs::remove_file(lock).expect("removed");
    journey.user.enact(["land", "--yes"]).success();
}

#[test]
fn a_lock_on_the_journal_stops_no_decision() {
    let mut journey = Journey::new(&PEOPLE, &["recorded:answered"]);
    journey.die();
    plant(&git_dir(&journey).join("refs/enact/runs/r-test.lock"));
    journey.user.enact(["skip", "fails"]).success();
    journey.go_on();
    assert_eq!(journey.user.task("fails")["status"], "skipped");
}

#[test]
fn half_made_worktrees_are_made_anew() {
    let calm = calm();
    type Damage = fn(&Path, &Path);
    let damages: [(&str, Damage); 7] = [
        ("its directory is gone", |files, _| {
            std::fs::remove_dir_all(files).expect("removed");
        }),
        ("git's entry is gone", |_, entry| {
            std::fs::remove_dir_all(entry).expect("removed");
        }),
        ("its index is gone", |_, entry| {
            std::fs::remove_file(entry.join("index")).expect("removed");
        }),
        ("both indexes are torn", |_, entry| {
            std::fs::write(entry.join("index"), b"DIRC").expect("written");
            std::fs::write(entry.join("enact-index"), b"DIRC").expect("written");
        }),
        ("its HEAD is empty", |_, entry| {
            std::fs::write(entry.join("HEAD"), b"").expect("written");
        }),
        ("its `.git` file is gone", |files, _| {
            std::fs::remove_file(files.join(".git")).expect("removed");
        }),
        ("it is not connected", |_, entry| {
            std::fs::remove_file(entry.join("gitdir")).expect("removed");
        }),
    ];
    // While an attempt runs, before it is judged, and before it is integrated.
    let moments = [
        "followed:attempt-started:2",
        "recorded:attempt-ended",
        "recorded:judged",
    ];
    for (nth, (what, damage)) in damages.into_iter().enumerate() {
        let moment = moments[nth % moments.len()];
        let mut journey = Journey::new(&WORK, &[moment]);
        journey.die();
        for entry in slots(&journey) {
            let pointer = std::fs::read_to_string(entry.join("gitdir")).expect("a pointer");
            let files = Path::new(pointer.trim()).parent().expect("a directory");
            damage(files, &entry);
        }
        assert_eq!(journey.travel(), calm, "{what} after {moment}");
    }
}

#[test]
fn deleted_projections_come_back() {
    let mut journey = Journey::new(&WORK, &[]);
    journey.go_on();
    let (user, before) = (&journey.user, branch(&journey.user));
    for name in ["refs/heads/enact/r-test/integration", "refs/notes/PROGRESS"] {
        user.git(["update-ref", "-d", name]).success();
    }
    user.enact(["resume", "--yes"]).success();
    assert_eq!(branch(user), before);
    assert_eq!(journey.travel(), calm());
}

#[test]
fn a_journal_that_was_moved_back_is_a_rollback() {
    let calm = calm();
    let deaths = [
        "step:notes-withdrawn",
        "step:branch-noted",
        "step:branch-moved",
    ];
    // To the beginning, and into the middle of things.
    for back in [usize::MAX, 18, 9, 4] {
        let mut journey = Journey::new(&WORK, &[]);
        journey.go_on();
        let all = checkpoints(&journey.user);
        // The last of the list is the plan, which is no checkpoint.
        let target = all[back.min(all.len() - 2)].clone();
        let ahead = branch(&journey.user);
        journey.roll_back(
            &target,
            if back == usize::MAX {
                &deaths
            } else {
                &deaths[1..]
            },
        );
        journey.die();
        let record = journey
            .user
            .git(["log", "-1", "--format=%b", &target])
            .stdout;
        assert_ne!(branch(&journey.user), ahead, "the branch has moved back");
        assert!(
            record.contains(&format!("tip = \"{}\"", branch(&journey.user))),
            "to where it was at that checkpoint: {record}"
        );
        assert_eq!(
            journey.travel(),
            calm,
            "after a rollback by {back} checkpoints"
        );
    }
}

#[test]
fn a_number_is_not_used_again_where_plain_git_took_the_journal_back() {
    let user = crate::doctor::finished();
    let events = oracle::trailers(&user);
    let started = |[event, task, _]: &[String; 3]| event == "attempt-started" && task == "d";
    let back = events.iter().position(started).expect("it was attempted");
    let target = checkpoints(&user)[back + 1].clone();
    user.git(["update-ref", "refs/enact/runs/r-test", &target])
        .success();
    user.enact(["resume", "--yes"]).success();
    let events = oracle::trailers(&user);
    let again = events.into_iter().find(started).expect("it was attempted");
    assert_eq!(
        again[2], "2",
        "the files of its first attempt may still lie around"
    );
}

#[test]
fn drafts_of_objects_that_a_dead_process_left_are_removed() {
    let mut journey = Journey::new(&WORK, &["recorded:integrated"]);
    journey.die();
    let objects = git_dir(&journey).join("objects");
    let (ours, theirs) = (objects.join("tmp_object_git2_a"), objects.join("tmp_obj_a"));
    for draft in [&ours, &theirs] {
        plant(draft);
    }
    journey.go_on();
    assert!(!ours.exists());
    assert!(theirs.exists(), "git cleans up behind itself");
}

#[test]
fn a_rollback_leaves_a_branch_alone_that_somebody_else_moved() {
    let mut journey = Journey::new(&WORK, &[]);
    journey.go_on();
    let user = &journey.user;
    let theirs = user.git([
        "commit-tree",
        "-m",
        "Mine",
        "-p",
        "enact/r-test/integration",
        "main^{tree}",
    ]);
    let theirs = theirs.success().stdout.trim().to_owned();
    user.git(["update-ref", "refs/heads/enact/r-test/integration", &theirs])
        .success();
    let target = checkpoints(user)[9].clone();
    user.git(["update-ref", "refs/enact/runs/r-test", &target])
        .success();
    user.enact(["resume", "--yes"])
        .success()
        .complains("was moved to");
    assert_eq!(branch(user), theirs, "what somebody else did stays");
}

#[test]
fn a_journal_that_is_moved_while_it_is_driven_stops_the_run() {
    let user = User::new();
    user.write(
        "plan.toml",
        "[plan]\ntitle = \"Moved\"\n[[task]]\nid = \"1\"\ntitle = \"Move it\"\n",
    );
    user.commit("Plan");
    let executor = user.script(
        "work",
        "unset GIT_CONFIG_COUNT; journal=refs/enact/runs/$ENACT_RUN\n\
         git update-ref $journal $journal^\n\
         echo 1 > 1.txt && git add -A && git commit -qm 1",
    );
    user.run("plan.toml", &executor, &[])
        .code(3)
        .complains("quarantined: the journal was moved to ")
        .complains("and was put back");
    let events = oracle::trailers(&user);
    let names: Vec<&str> = events.iter().map(|[event, ..]| event.as_str()).collect();
    assert_eq!(
        names,
        ["quarantined", "attempt-ended", "attempt-started", "started"],
        "nothing that was on record is lost"
    );
    oracle::assert_no_process(&user);
}

/// Says that its plan is wrong: so the run waits, and its worktrees stay.
const KICKS: &str =
    r#"echo '{"status": "KICKBACK", "signal": "missing_context", "reason": "which one?"}'; exit 0"#;
const WORKS: &str = r#"commit "$ENACT_TASK.txt" "$ENACT_TASK.$ENACT_ATTEMPT""#;

/// Plans tasks, each with those that it comes after; a command proves what each has done.
fn plan(user: &User, tasks: &[(&str, &str)]) {
    let task = |(id, after): &(&str, &str)| {
        format!(
            "[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\nafter = [{after}]\nverify = [\"test -s {id}.txt\"]\n"
        )
    };
    let tasks: String = tasks.iter().map(task).collect();
    user.plan(&format!("[plan]\ntitle = \"Taken back\"\n{tasks}"));
}

/// Somebody with plain git has the journal say that the first attempt of `a` is still under way: it is run again.
fn assert_it_is_run_again(user: &User, number: u32) {
    let target = checkpoint(user, "a: attempt 1 started");
    user.git(["update-ref", "refs/enact/runs/r-test", &target])
        .success();
    user.enact(["resume", "--yes"]).code(3);
    let a = user.task("a");
    assert_eq!(
        (&a["status"], &a["attempts"]),
        (&"done".into(), &number.into())
    );
    let text = user.at("enact/r-test/integration", "a.txt");
    assert_eq!(text, format!("a.{number}\n"));
}

#[test]
fn an_attempt_is_run_again_whose_worktree_was_given_to_another_since() {
    let user = User::new();
    plan(&user, &[("a", ""), ("b", "")]);
    let executor = user.executor(&format!(
        "case $ENACT_TASK in b) echo half > half.txt; {KICKS};; esac\n{WORKS}"
    ));
    user.run("plan.toml", &executor, &["--retries", "0"])
        .code(3);
    assert_it_is_run_again(&user, 2);
}

#[test]
fn an_attempt_is_run_again_in_whose_worktree_its_checks_have_run_since() {
    let user = User::new();
    plan(&user, &[("a", ""), ("b", "")]);
    let executor = user.executor(&format!(
        "case $ENACT_TASK$ENACT_ATTEMPT in a1) wait_for beside;; b*) signal beside; {KICKS};; esac\n{WORKS}"
    ));
    user.run("plan.toml", &executor, &["--jobs", "2", "--retries", "0"])
        .code(3);
    assert_it_is_run_again(&user, 2);
}

#[test]
fn an_attempt_is_run_again_whose_branch_was_begun_anew_in_another_worktree_since() {
    let user = User::new();
    plan(&user, &[("b", ""), ("a", ""), ("c", "\"a\", \"b\"")]);
    let executor = user.executor(&format!(
        "case $ENACT_TASK$ENACT_ATTEMPT in b1) wait_for never;; c*) {KICKS};; esac\n{WORKS}"
    ));
    let mut begin = vec!["run", "plan.toml", "--yes", "--name", "r-test"];
    begin.extend(["--jobs", "2", "--retries", "0", "--", &executor]);
    let mut dies = user.enact_command(begin);
    dies.env("ENACT_CRASH_AT", "recorded:attempt-ended");
    Output::of(&mut dies).code(128 + 6);
    let target = checkpoint(&user, "b: attempt 1 started");
    user.enact(["rollback", &target, "--yes"]).success();
    user.enact(["skip", "b"]).success();
    user.enact(["resume", "--yes"]).code(3);
    assert_eq!(
        user.task("a")["attempts"],
        2,
        "in the worktree that was of `b`"
    );
    assert_it_is_run_again(&user, 3);
}
