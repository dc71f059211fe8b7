//! What `doctor` cannot simply put right: journals whose objects are gone, work that is nowhere else, runs that
//! are driven. Each is told with what helps, and nobody's work is lost.

use std::path::PathBuf;

use crate::doctor::{
    BRANCH, JOURNAL, NOTES, delete_ref, examined, finished, forge, git_dir, move_ref, plant, prune,
    refs, remove_object, reports, rev, worktree,
};
use crate::support::digest::digest;
use crate::support::oracle;
use crate::support::scenario::{Journey, WORK};
use crate::support::user::{Output, User};

/// The ids and commits of the tasks that are done.
fn done_tasks(user: &User) -> Vec<(String, String)> {
    let status = user.status();
    let tasks = status["tasks"].as_array().expect("tasks").iter();
    let mut done: Vec<(String, String)> = tasks
        .filter(|task| task["status"] == "done")
        .map(|task| (task["id"].to_string(), task["commit"].to_string()))
        .collect();
    done.sort();
    done
}

/// Deletes the journal and all its objects.
fn lose_journal(user: &User) {
    delete_ref(user, JOURNAL);
    prune(user);
}

#[test]
fn a_journal_whose_objects_are_gone_is_rebuilt_to_the_same_done_tasks() {
    // With merges, retries, and tasks beside each other.
    let mut journey = Journey::new(&WORK, &[]);
    journey.go_on();
    let user = &journey.user;
    let (done, (names, notes)) = (done_tasks(user), refs(user));
    lose_journal(user);
    user.enact(["doctor"])
        .code(1)
        .says("and so are its checkpoints; notes and branches prove 6 done tasks");
    user.enact(["doctor", "--repair"])
        .success()
        .says("mended: ");
    user.enact(["doctor"]).success().says("r-test: all is well");
    assert_eq!(
        done_tasks(user),
        done,
        "the same tasks are done by the same commits"
    );
    let kept = |names: &str| {
        let kept = names.lines().filter(|line| !line.ends_with(JOURNAL));
        kept.collect::<Vec<_>>().join("\n")
    };
    let after = refs(user);
    assert_eq!(kept(&after.0), kept(&names), "branches are as they were");
    assert_eq!(after.1, notes, "notes are as they were");
    user.enact(["status"]).success().says("6 done");
    user.enact(["log"]).success().says("integrated");
    user.enact(["report"])
        .success()
        .says("**Tasks completed**: 6/6");
    user.enact(["show", "b"])
        .success()
        .says("only its note is known");
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.status()["run"]["status"], "complete");
    user.enact(["land", "--yes"]).success();
    user.enact(["doctor"]).success();
    user.assert_whole();
}

#[test]
fn an_outline_believes_no_note_that_git_does_not_confirm() {
    let user = finished();
    let note = |commit: &str, text: &str| {
        let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", text, commit];
        user.git(add).success();
    };
    // Beside the run's branch, of another commit, and not done.
    let made = user.git(["commit-tree", "-m", "Mine", "-p", "main", "main^{tree}"]);
    let stray = made.success().stdout.trim().to_owned();
    move_ref(&user, "refs/heads/stray", &stray);
    let of = |task: &str, commit: &str, status: &str| {
        format!(
            "Run: r-test\nTask: {task}\nTitle: T\nStatus: {status}\nAttempt: 1\nCommit: {commit}\n"
        )
    };
    note(&stray, &of("e", &stray, "done"));
    let (b, c) = (
        rev(&user, "enact/r-test/task/b"),
        rev(&user, "enact/r-test/task/c"),
    );
    note(&b, &of("b", &c, "done"));
    note(&c, &of("c", &c, "failed"));
    lose_journal(&user);
    user.enact(["doctor", "--repair"]).success();
    let ids: Vec<String> = done_tasks(&user).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["\"a\"", "\"d\""], "only what holds is believed");
    for id in ["b", "c"] {
        assert_eq!(user.task(id)["status"], "skipped");
        let reason = user.task(id)["reason"].to_string();
        assert!(reason.contains("lost with the journal"), "{reason}");
    }
    user.enact(["resume", "--yes"]).code(1);
    user.assert_whole();
}

#[test]
fn an_outline_tells_of_a_task_what_its_note_tells() {
    let user = finished();
    let accepted = |user: &User| {
        let shown = user.enact(["show", "a"]).success().stdout;
        let mut lines = shown.lines().filter(|line| line.contains("accepted"));
        lines.next().expect("it was accepted").to_owned()
    };
    let before = accepted(&user);
    assert!(before.contains("(clean, commit"), "{before}");
    // No attempt has this number.
    let b = rev(&user, "enact/r-test/task/b");
    let text = format!("Run: r-test\nTask: b\nTitle: T\nStatus: done\nAttempt: 0\nCommit: {b}\n");
    let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", &text, &b];
    user.git(add).success();
    lose_journal(&user);
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(accepted(&user), before);
    let ids: Vec<String> = done_tasks(&user).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["\"a\"", "\"c\"", "\"d\""]);
}

#[test]
fn a_run_that_landed_and_lost_its_journal_is_rebuilt_whatever_notes_speak_of_it() {
    let user = finished();
    user.enact(["land", "--yes"]).success();
    let made = user.git(["commit-tree", "-m", "Mine", "main^{tree}"]);
    let stray = made.success().stdout.trim().to_owned();
    move_ref(&user, "refs/heads/stray", &stray);
    let text =
        format!("Run: r-test\nTask: e\nTitle: T\nStatus: done\nAttempt: 1\nCommit: {stray}\n");
    let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", &text, &stray];
    user.git(add).success();
    let done = done_tasks(&user);
    lose_journal(&user);
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(done_tasks(&user), done, "the same tasks are done");
    user.assert_whole();
}

#[test]
fn without_journal_and_notes_nothing_is_made_up() {
    let user = finished();
    lose_journal(&user);
    delete_ref(&user, NOTES);
    prune(&user);
    let before = refs(&user);
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("nothing else tells what was done")
        .says("git enact clean r-test --purge");
    assert_eq!(refs(&user), before, "what there is stays");
    user.git(["remote", "add", "origin", "../elsewhere"])
        .success();
    user.enact(["doctor"])
        .code(1)
        .says("git fetch --refetch origin refs/enact/runs/r-test:refs/enact/runs/r-test");
    user.enact(["clean", "r-test", "--purge", "--yes"])
        .success();
    user.enact(["doctor"]).success();
}

#[test]
fn a_journal_that_was_moved_back_is_told_and_either_way_goes_on() {
    let user = finished();
    let (told, newest) = (reports(&user), rev(&user, JOURNAL));
    let older = rev(&user, &format!("{JOURNAL}~5"));
    move_ref(&user, JOURNAL, &older);
    let names = refs(&user);
    let words = format!("git update-ref {JOURNAL} {newest} {older}");
    let output = user.enact(["doctor", "--repair"]).code(1);
    let output = output
        .says("5 newer checkpoints of it exist: it was moved back")
        .says("`git enact resume r-test` goes on from there")
        .says(&words);
    assert!(
        !output.stdout.contains("mended"),
        "a rollback is no damage: {output}"
    );
    assert_eq!(refs(&user), names, "it is for a person to decide");
    let words: Vec<&str> = words.split(' ').skip(1).collect();
    user.git(words).success();
    user.enact(["doctor"]).success();
    assert_eq!(reports(&user), told, "nothing has happened");
    move_ref(&user, JOURNAL, &older);
    user.enact(["resume", "--yes"]).success();
    user.enact(["doctor"]).success().says("r-test: all is well");
}

#[test]
fn a_checkpoint_that_is_lost_is_named_with_the_newest_that_is_whole() {
    let user = finished();
    let lost = rev(&user, &format!("{JOURNAL}~6"));
    let whole = rev(&user, &format!("{JOURNAL}~7"));
    let copy = user.outside("copy").to_string_lossy().into_owned();
    user.git(["clone", "--quiet", "--mirror", "--no-local", ".", &copy])
        .success();
    remove_object(&user, &lost);
    let output = user.enact(["doctor", "--repair"]).code(1);
    output
        .says(&format!(
            "checkpoint {} cannot be read, the 6 newer ones can",
            &lost[..7]
        ))
        .says(&format!("git update-ref {JOURNAL} {whole}"))
        .says("git fetch --refetch");
    assert_eq!(examined(&user)["findings"][0]["kind"], "checkpoint");
    // A clone has it, and the command that was told brings it back.
    user.git(["fetch", "--quiet", "--refetch", &copy, JOURNAL])
        .success();
    user.enact(["doctor"]).success();
    user.assert_whole();
}

#[test]
fn where_the_newest_checkpoints_are_lost_a_person_decides_to_go_back_behind_what_is_done() {
    let user = finished();
    let journal = rev(&user, JOURNAL);
    let old = rev(&user, &format!("{JOURNAL}~9"));
    for nth in (0..9).rev() {
        remove_object(&user, &format!("{JOURNAL}~{nth}"));
    }
    let repaired = user.enact(["doctor", "--repair"]).code(1);
    repaired
        .says("which is no checkpoint")
        .says("with 2 of 4 done), which is a rollback")
        .says(&format!("git update-ref {JOURNAL} {old} {journal}"));
    assert_eq!(rev(&user, JOURNAL), journal, "nothing moves it by itself");
}

#[test]
fn objects_that_are_missing_behind_a_pinned_commit_are_named() {
    let user = finished();
    let commit = rev(&user, "enact/r-test/task/b");
    let copy = user.outside("copy").to_string_lossy().into_owned();
    user.git(["clone", "--quiet", "--mirror", "--no-local", ".", &copy])
        .success();
    user.git(["remote", "add", "backup", &copy]).success();
    remove_object(&user, &format!("{commit}:b.txt"));
    user.enact(["doctor", "--repair"])
        .code(1)
        .says(&format!(
            "objects of {commit} are missing: attempt 1 of task b made it"
        ))
        .says(&format!("git fetch --refetch backup {JOURNAL}"));
    user.git(["fetch", "--quiet", "--refetch", "backup", JOURNAL])
        .success();
    user.enact(["doctor"]).success();
}

#[test]
fn what_was_kept_beside_an_event_is_named_when_it_is_lost() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\nrun = \"echo so; echo 1 > t.txt\"\n");
    user.run_plan(&[]).success();
    let log = user.git(["log", "--first-parent", "--format=%H", JOURNAL]);
    let log = log.success().stdout;
    let holds = |checkpoint: &&str| {
        let name = format!("{checkpoint}:output");
        user.git(["cat-file", "-e", &name]).status == 0
    };
    let ended = log.lines().find(holds).expect("an output was kept");
    remove_object(&user, &format!("{ended}:output"));
    user.enact(["doctor", "--repair"]).code(1).says(&format!(
        "`output`, kept beside checkpoint {}, cannot be read",
        &ended[..7]
    ));
    user.enact(["status"]).success().says("complete");
}

#[test]
fn a_journal_of_a_newer_program_is_told_and_left_alone() {
    let user = finished();
    forge(&user, "format = 1", "format = 99");
    let names = refs(&user);
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("the journal has format 99")
        .says("left alone");
    assert_eq!(refs(&user), names);
    assert_eq!(examined(&user)["findings"][0]["kind"], "version");
}

#[test]
fn a_branch_that_holds_somebodys_work_is_moved_only_once_that_is_kept() {
    let user = finished();
    for name in [BRANCH, "refs/heads/enact/r-test/task/b"] {
        let made = user.git(["commit-tree", "-m", "Mine", "-p", name, "main^{tree}"]);
        let theirs = made.success().stdout.trim().to_owned();
        let before = rev(&user, name);
        move_ref(&user, name, &theirs);
        let keep = format!("git branch kept-{} {theirs}", &theirs[..7]);
        user.enact(["doctor", "--repair"]).code(1).says(&keep);
        assert_eq!(rev(&user, name), theirs, "what somebody did stays");
        user.git(keep.split(' ').skip(1)).success();
        user.enact(["doctor", "--repair"]).success();
        assert_eq!(rev(&user, name), before);
    }
    // Nor is it moved under whoever works on it.
    let work = user.outside("work").to_string_lossy().into_owned();
    move_ref(&user, BRANCH, "main");
    user.git([
        "worktree",
        "add",
        "--quiet",
        &work,
        "enact/r-test/integration",
    ])
    .success();
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("it is checked out in");
    assert_eq!(rev(&user, BRANCH), rev(&user, "main"));
}

#[test]
fn what_is_not_committed_in_a_left_worktree_stays() {
    let user = finished();
    let place = worktree(&user, "git enact: run r-test");
    std::fs::write(place.join("mine.txt"), "mine").expect("written");
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("not mended")
        .says("mine.txt");
    assert!(place.join("mine.txt").exists());
    // A worktree that somebody else made is none of our business.
    let user = finished();
    let place = worktree(&user, "mine");
    user.enact(["doctor", "--repair"]).success();
    assert!(place.exists());
}

#[test]
fn a_folder_that_git_no_longer_knows_as_a_worktree_is_named_and_stays() {
    let user = finished();
    let worktrees = user.outside("repo.enact/r-test");
    plant(&worktrees.join("slot-1/work.txt"), b"work");
    plant(&worktrees.join("notes/mine.txt"), b"mine");
    let told = user.enact(["doctor", "--repair"]).code(1);
    let told = told.says("slot-1` was a worktree, and git does not know it any more");
    assert!(!told.stdout.contains("notes"), "nobody's business: {told}");
    assert!(worktrees.join("slot-1/work.txt").exists());
}

#[test]
fn words_that_others_added_to_a_note_survive_its_repair() {
    let user = finished();
    let commit = rev(&user, "enact/r-test/task/c");
    let text = "Run: r-test\nTask: wrong\n\nLooked at it.";
    let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", text, &commit];
    user.git(add).success();
    user.enact(["doctor", "--repair"]).success();
    let note = user.git(["notes", "--ref=PROGRESS", "show", &commit]);
    note.success().says("Task: c\n").says("\n\nLooked at it.");
    let append = ["notes", "--ref=PROGRESS", "append", "-m", "Twice.", &commit];
    user.git(append).success();
    user.enact(["doctor"]).success();
}

#[test]
fn files_of_a_run_that_is_gone_are_removed() {
    let user = User::new();
    let dir = git_dir(&user).join("enact/runs/gone-k3f9");
    plant(&dir.join("numbers"), b"a 1\n");
    user.enact(["doctor"])
        .code(1)
        .says("gone-k3f9: warning: its local files are left");
    user.enact(["doctor", "--repair"]).success();
    assert!(!dir.exists());
    user.enact(["doctor"]).success();
}

#[test]
fn processes_of_a_dead_driver_are_named_and_ended() {
    let user = finished();
    let mut command = user.command("sleep");
    command.arg("600").env("ENACT_ATTEMPT_TOKEN", "left-over");
    let mut left = command.spawn().expect("it starts");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot");
    // What a supervisor wrote that was killed together with its driver.
    let mark = format!(
        "{{\"pid\": 4194305, \"start\": 1, \"boot\": \"{}\", \"token\": \"left-over\"}}\n",
        boot.trim()
    );
    let files = git_dir(&user).join("enact/runs/r-test/attempts");
    plant(&files.join("a.1.supervisor"), mark.as_bytes());
    let says = format!("processes of a dead driver still run: {}", left.id());
    user.enact(["doctor"]).code(1).says(&says);
    assert!(
        left.try_wait().expect("it can be asked").is_none(),
        "it runs"
    );
    // Looking at a process that has ended shows that it was ended.
    user.enact(["doctor", "--repair"]).success();
    assert!(!left.wait().expect("it ended").success());
    user.enact(["doctor"]).success();
}

/// A run that died at this moment. The git of an executor that died with it may have left a lock, which is the
/// user's to remove, and is told by `doctor`.
fn cut_short(moment: &str) -> Journey {
    let mut journey = Journey::new(&WORK, &[moment]);
    journey.die();
    let lock = git_dir(&journey.user).join("packed-refs.lock");
    if lock.exists() {
        std::fs::remove_file(lock).expect("the lock is removed");
    }
    journey
}

/// The worktrees, their branches and locks. Not their commits: an executor may make one in the moment in which it
/// learns that its driver is dead.
fn worktrees(user: &User) -> Vec<String> {
    let listed = user.git(["worktree", "list", "--porcelain"]).success();
    let lines = listed.stdout.lines();
    lines
        .filter(|line| !line.starts_with("HEAD "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_run_that_was_cut_short_is_no_damage() {
    let mut journey = cut_short("followed:attempt-started:2");
    let before = refs(&journey.user);
    journey.user.enact(["doctor", "--repair"]).success();
    assert_eq!(refs(&journey.user), before, "it is for its resume");
    journey.go_on();
    journey.user.enact(["doctor"]).success();
}

#[test]
fn a_run_that_was_cut_short_and_lost_its_journal_goes_on_where_it_was() {
    for moment in ["followed:attempt-started:2", "recorded:attempt-ended"] {
        let mut journey = cut_short(moment);
        let user = &journey.user;
        let trees = worktrees(user);
        delete_ref(user, JOURNAL);
        user.enact(["doctor", "--repair"]).success();
        assert_eq!(worktrees(user), trees, "its worktrees are still needed");
        let end = journey.travel();
        assert_eq!(end, Journey::new(&WORK, &[]).travel(), "after {moment}");
    }
}

#[test]
fn commands_on_a_damaged_run_say_who_helps() {
    let user = finished();
    remove_object(&user, &format!("{JOURNAL}:state/run.json"));
    user.enact(["status", "--json"])
        .code(2)
        .complains("`git enact doctor r-test` says what helps");
    delete_ref(&user, JOURNAL);
    user.enact(["status"])
        .code(2)
        .complains("`git enact doctor r-test` says what helps");
    user.enact(["doctor", "--repair"]).success();
    user.enact(["status"]).success().says("complete");
}

#[test]
fn a_run_that_is_driven_is_left_out_and_the_others_are_examined() {
    let user = finished();
    delete_ref(&user, BRANCH);
    user.plan("[plan]\ntitle = \"Slow\"\n[[task]]\nid = \"1\"\ntitle = \"Wait\"\n");
    let executor = user.executor("signal begun; wait_for go; commit 1.txt 1");
    let begin = ["run", "plan.toml", "--new", "--yes", "--name", "slow", "--"];
    let driver = user.start(begin.iter().copied().chain([executor.as_str()]));
    user.wait_for("begun");
    // What the driver itself may still write, or write ahead, while its executor waits.
    let drivers = [
        ".git/enact/runs/slow",
        ".git/objects",
        ".git/refs/heads/enact/slow",
    ];
    let before = digest(&user.path(), &drivers);
    user.enact(["doctor"])
        .code(5)
        .says("slow: is driven by process")
        .says("integration` is gone");
    user.enact(["doctor", "slow", "--repair"]).code(5);
    let after = digest(&user.path(), &drivers);
    before.assert_same(&after, "to look changes nothing");
    user.enact(["doctor", "r-test", "--repair"]).success();
    user.signal("go");
    driver.end().success();
    user.enact(["doctor"]).success();
}

#[test]
fn a_repair_that_died_is_made_again() {
    let user = finished();
    let (told, names) = (reports(&user), refs(&user));
    delete_ref(&user, JOURNAL);
    delete_ref(&user, BRANCH);
    delete_ref(&user, NOTES);
    for _ in 0..2 {
        let mut command = user.enact_command(["doctor", "--repair"]);
        command.env("ENACT_CRASH_AT", "step:mended");
        Output::of(&mut command).code(134);
    }
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(refs(&user), names);
    assert_eq!(reports(&user), told);
    user.enact(["doctor"]).success();
}

#[test]
fn runs_that_were_cleaned_landed_or_fetched_are_well() {
    let user = finished();
    user.enact(["clean", "--yes"]).success();
    user.enact(["land", "--yes"]).success();
    user.enact(["doctor"]).success();
    let copy = user.outside("copy");
    let path = copy.to_string_lossy().into_owned();
    user.git(["clone", "--quiet", ".", &path]).success();
    let fetch = [
        "-C",
        &path,
        "fetch",
        "--quiet",
        "origin",
        "refs/enact/*:refs/enact/*",
    ];
    user.git(fetch).success();
    user.enact(["-C", &path, "doctor"])
        .success()
        .says("r-test: all is well");
    let left: Vec<PathBuf> = oracle::files_below(&copy.join(".git/enact"));
    assert_eq!(left, Vec::<PathBuf>::new(), "to look leaves nothing");
}
