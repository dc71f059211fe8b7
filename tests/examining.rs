//! What `doctor` tells apart though it looks alike: a run's own from what is somebody's, damage from what went back on
//! purpose, what tells of a run from what only names it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::doctor::{
    BRANCH, JOURNAL, NOTES, delete_ref, examined, finished, forge, git_dir, move_ref, plant, prune,
    refs, remove_object, rev, worktree,
};
use crate::support::user::{Output, User, wait_until};

/// The oldest checkpoint of this event and task; any task where none is named.
fn checkpoint(user: &User, event: &str, task: &str) -> String {
    let key = |name: &str| format!("%(trailers:key={name},valueonly,separator=)");
    let format = format!("--format=%H|{}|{}", key("Event"), key("Task"));
    let log = ["log", "--first-parent", "--reverse", &format, JOURNAL];
    let log = user.git(log).success().stdout;
    let mut lines = log.lines().map(|line| line.split('|'));
    let found = lines.find_map(|mut line| {
        let name = line.next()?;
        let is_it = line.next() == Some(event) && (task.is_empty() || line.next() == Some(task));
        is_it.then(|| name.to_owned())
    });
    found.unwrap_or_else(|| panic!("no `{event}` of {task:?}: {log}"))
}

/// A commit of somebody's on top of another.
fn commit_on(user: &User, parent: &str) -> String {
    let tree = format!("{parent}^{{tree}}");
    let made = user.git(["commit-tree", "-m", "Mine", "-p", parent, &tree]);
    made.success().stdout.trim().to_owned()
}

#[test]
fn a_commit_of_somebodys_on_a_lost_runs_branch_is_not_taken_for_its_end() {
    let user = finished();
    let (tip, mine) = (rev(&user, BRANCH), commit_on(&user, BRANCH));
    for name in [BRANCH, "refs/heads/kept"] {
        move_ref(&user, name, &mine);
    }
    delete_ref(&user, JOURNAL);
    prune(&user);
    user.enact(["doctor", "--repair"]).success();
    let run = user.status()["run"].clone();
    assert_eq!(run["status"], "stopped", "nobody knows whether it was over");
    assert_eq!(run["tip"], tip.as_str());
    assert_eq!(user.task("c")["title"], "After the first");
    assert_eq!(rev(&user, BRANCH), tip, "what is kept elsewhere goes");
}

#[test]
fn a_note_on_what_a_runs_branch_never_had_makes_no_outline() {
    let user = User::new();
    let (branch, noted) = (commit_on(&user, "main"), commit_on(&user, "HEAD"));
    let noted = commit_on(&user, &noted);
    move_ref(&user, BRANCH, &branch);
    move_ref(&user, "refs/heads/theirs", &noted);
    let text = format!("Run: r-test\nTask: a\nStatus: done\nAttempt: 1\nCommit: {noted}\n");
    let add = ["notes", "--ref=PROGRESS", "add", "-m", &text, &noted];
    user.git(add).success();
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("nothing else tells what was done");
}

#[test]
fn of_two_lines_of_checkpoints_the_one_that_the_branch_follows_comes_back() {
    let user = finished();
    // The older line has more checkpoints than the one that a person chose instead.
    move_ref(&user, JOURNAL, &checkpoint(&user, "integrated", "a"));
    user.enact(["skip", "b"]).success();
    user.enact(["resume", "--yes"]).code(1);
    let before = (rev(&user, JOURNAL), refs(&user));
    delete_ref(&user, JOURNAL);
    user.enact(["doctor", "--repair"]).success();
    assert_eq!((rev(&user, JOURNAL), refs(&user)), before);
}

#[test]
fn a_checkpoint_whose_commit_never_reached_the_disk_does_not_count() {
    let user = finished();
    let tip = rev(&user, BRANCH);
    for name in [JOURNAL, BRANCH, NOTES, "refs/heads/enact/r-test/task/d"] {
        delete_ref(&user, name);
    }
    remove_object(&user, &tip);
    let repaired = user.enact(["doctor", "--repair"]);
    let told = repaired.says("mended: ");
    let run = user.status()["run"].clone();
    let kept = run["tip"].as_str().expect("a commit").to_owned();
    user.git(["cat-file", "-e", &kept]).success();
    assert_ne!(kept, tip, "{told}");
    assert_eq!(user.task("c")["status"], "done");
    assert_ne!(user.task("d")["status"], "done");
}

#[test]
fn where_the_newest_record_is_broken_and_nothing_else_tells_it_the_one_before_counts() {
    let user = finished();
    let before = rev(&user, &format!("{JOURNAL}^"));
    forge(&user, "event = \"finished\"", "event = ");
    prune(&user);
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(rev(&user, JOURNAL), before);
    user.enact(["resume", "--yes"]).success();
    assert_eq!(user.status()["run"]["status"], "complete");
}

#[test]
fn below_a_checkpoint_that_is_broken_the_newest_that_is_whole_is_named() {
    let user = finished();
    let written = |text: &str| {
        let file = user.outside("forged");
        std::fs::write(&file, text).expect("written");
        let file = file.to_string_lossy().into_owned();
        let made = user.git(["hash-object", "-t", "commit", "-w", &file]);
        made.success().stdout.trim().to_owned()
    };
    let raw = |name: &str| user.git(["cat-file", "commit", name]).success().stdout;
    let (below, whole) = (format!("{JOURNAL}^"), rev(&user, &format!("{JOURNAL}~2")));
    let broken = written(&raw(&below).replace("event = ", "event == "));
    let above = written(&raw(JOURNAL).replace(&rev(&user, &below), &broken));
    move_ref(&user, JOURNAL, &above);
    prune(&user);
    user.enact(["doctor"])
        .code(1)
        .says(&format!("checkpoint {} cannot be read", &broken[..7]))
        .says(&format!("git update-ref {JOURNAL} {whole} {above}"));
}

#[test]
fn what_a_later_attempt_left_on_a_tasks_branch_is_no_damage_once_the_run_went_back() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\n");
    let executor = user.executor("test $ENACT_ATTEMPT != 1 || exit 1; commit t.txt $ENACT_ATTEMPT");
    user.run("plan.toml", &executor, &["--retries", "1"])
        .success();
    let branch = rev(&user, "refs/heads/enact/r-test/task/t");
    let target = checkpoint(&user, "retried", "t");
    user.enact(["rollback", &target, "--yes"]).success();
    user.enact(["doctor"]).success().says("r-test: all is well");
    assert_eq!(rev(&user, "refs/heads/enact/r-test/task/t"), branch);
    // Where no attempt was undone, the branch belongs where it is.
    user.enact(["resume", "--yes"]).success();
    let target = rev(&user, &format!("{JOURNAL}^"));
    user.enact(["rollback", &target, "--yes"]).success();
    delete_ref(&user, "refs/heads/enact/r-test/task/t");
    user.enact(["doctor"]).code(1).says("task/t` is gone");
}

#[test]
fn a_branch_is_put_back_from_where_nothing_of_anybodys_can_be() {
    let user = finished();
    let tip = rev(&user, BRANCH);
    // The power went before the commit reached the disk.
    let missing = "1".repeat(40);
    plant(
        &git_dir(&user).join(BRANCH),
        format!("{missing}\n").as_bytes(),
    );
    user.enact(["doctor"])
        .code(1)
        .says("integration` is at 1111111, the journal says");
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(rev(&user, BRANCH), tip);
    // Plain git took the journal back, so long ago that what came after is packed; the run put the branch there.
    user.git(["gc", "--quiet"]).success();
    let target = checkpoint(&user, "attempt-started", "d");
    move_ref(&user, JOURNAL, &format!("{target}^"));
    delete_ref(&user, "refs/heads/enact/r-test/task/d");
    user.enact(["doctor", "--repair"]).success();
    assert_ne!(rev(&user, BRANCH), tip);
    assert_eq!(user.status()["run"]["tip"], rev(&user, BRANCH));
}

#[test]
fn a_note_is_told_by_what_is_wrong_in_it() {
    let user = finished();
    let commit = rev(&user, "enact/r-test/task/c");
    for (text, says) in [
        ("Looked at it.", "says nothing of this run"),
        ("Run: r-test\nTask: c\n", "has no line `Status`"),
        ("Run: r-test\nTask: x\n", "says `Task: x`"),
    ] {
        let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", text, &commit];
        user.git(add).success();
        let says = format!("the note of task c on {} {says}", &commit[..7]);
        user.enact(["doctor", "--repair"]).success().says(&says);
    }
}

#[test]
fn notes_that_are_damaged_in_a_pack_are_left_to_a_clone_that_has_them() {
    let user = finished();
    user.git(["gc", "--quiet"]).success();
    let tree = rev(&user, &format!("{NOTES}^{{tree}}"));
    let packs = std::fs::read_dir(git_dir(&user).join("objects/pack")).expect("packs");
    let packs = packs.map(|entry| entry.expect("a pack").path());
    let mut packs = packs.filter(|path| path.extension().is_some_and(|end| end == "pack"));
    let place = packs.find_map(|pack| {
        let verify = ["verify-pack", "-v", &pack.to_string_lossy()];
        let listed = user.git(verify).success().stdout;
        let line = listed.lines().find(|line| line.starts_with(&tree))?;
        Some((pack, line.split_whitespace().nth(4)?.to_owned()))
    });
    let (pack, offset) = place.expect("a pack has it");
    let offset: usize = offset.parse().expect("a number");
    let mut bytes = std::fs::read(&pack).expect("a pack");
    for byte in &mut bytes[offset + 4..offset + 8] {
        *byte ^= 0xff;
    }
    std::fs::set_permissions(&pack, std::fs::Permissions::from_mode(0o644)).expect("writable");
    std::fs::write(&pack, bytes).expect("written");
    let names = user.git(["for-each-ref"]).success().stdout;
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("the notes cannot be read")
        .says("git fetch --refetch <repository> refs/notes/PROGRESS");
    assert_eq!(user.git(["for-each-ref"]).success().stdout, names);
}

#[test]
fn a_mark_that_names_no_process_is_emptied_once_nobody_works_for_the_run() {
    let user = User::new();
    user.plan("[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\n");
    user.run("plan.toml", "false", &["--retries", "0"]).code(3);
    let mark = git_dir(&user).join("enact/runs/r-test/attempts/t.1.supervisor");
    plant(&mark, b"{]\n");
    let place = user.outside("repo.enact/r-test/slot-1");
    std::fs::create_dir_all(&place).expect("a worktree");
    let mut worker = user.command("sleep");
    let worker = worker.arg("600").current_dir(&place).stdout(Stdio::null());
    let mut worker = worker.stderr(Stdio::null()).spawn().expect("it starts");
    wait_until("it works there", || {
        let cwd = std::fs::read_link(format!("/proc/{}/cwd", worker.id()));
        cwd.is_ok_and(|cwd| cwd.ends_with("slot-1"))
    });
    user.enact(["doctor", "--repair"])
        .code(1)
        .says("which process supervises an attempt cannot be told")
        .says(&format!("process {} (`", worker.id()))
        .says("not mended");
    assert_eq!(std::fs::read(&mark).expect("a mark"), b"{]\n");
    worker.kill().expect("it can be ended");
    worker.wait().expect("it ended");
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(std::fs::read(&mark).expect("a mark"), b"");
    user.enact(["doctor"]).success();
}

#[test]
fn a_worktree_that_is_left_is_told_beside_whatever_else_is_wrong() {
    let user = finished();
    worktree(&user, "git enact: run r-test");
    delete_ref(&user, BRANCH);
    let found = examined(&user);
    let kinds = found["findings"].as_array().expect("findings").iter();
    let kinds: Vec<&str> = kinds.filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds, ["branch", "worktree"]);
}

#[test]
fn worktrees_of_a_run_that_is_gone_go_with_its_files() {
    let user = User::new();
    let files = git_dir(&user).join("enact/runs/r-test");
    plant(&files.join("numbers"), b"a 1\n");
    let place = worktree(&user, "git enact: run r-test");
    user.enact(["doctor"])
        .code(1)
        .says("its local files are left")
        .says("slot-1` is left: the run has ended");
    user.enact(["doctor", "--repair"]).success();
    assert!(!files.exists() && !place.exists());
    user.enact(["doctor"]).success();
}

#[test]
fn a_lock_on_a_linked_checkout_is_told_there() {
    let user = User::new();
    let place = user.outside("linked").to_string_lossy().into_owned();
    let add = ["worktree", "add", "--quiet", "--detach", &place];
    user.git(add).success();
    plant(&git_dir(&user).join("worktrees/linked/index.lock"), b"");
    user.enact(["doctor"]).success();
    user.enact(["-C", &place, "doctor"])
        .code(1)
        .says("worktrees/linked/index.lock");
}

#[test]
fn a_list_of_refs_that_git_cannot_read_is_told_with_the_line() {
    let user = finished();
    user.git(["pack-refs", "--all"]).success();
    let list = git_dir(&user).join("packed-refs");
    let text = std::fs::read_to_string(&list).expect("refs");
    std::fs::write(&list, format!("{text}junk\n")).expect("written");
    let line = text.lines().count() + 1;
    user.enact(["doctor", "--repair"])
        .code(1)
        .says(&format!("packed-refs` is damaged in line {line}"))
        .says(&format!("sed -i '{line}d'"));
}

#[test]
fn a_list_of_refs_out_of_order_is_told_with_what_has_git_read_it_again() {
    let user = finished();
    let before = refs(&user);
    user.git(["pack-refs", "--all"]).success();
    let list = git_dir(&user).join("packed-refs");
    let text = std::fs::read_to_string(&list).expect("refs");
    let damaged = text.replace(" refs/enact/", " refs/unact/");
    assert_ne!(damaged, text);
    std::fs::write(&list, &damaged).expect("written");
    let told = user.enact(["doctor", "--repair"]).code(1);
    let told = told.says("it is out of order");
    let advised = told.stdout.split('`').find(|said| said.starts_with("cp "));
    let mut shell = user.command("sh");
    Output::of(shell.args(["-c", advised.expect("a command")])).success();
    user.enact(["doctor", "--repair"]).success();
    let after = refs(&user).0;
    for line in before.0.lines() {
        assert!(after.contains(line), "{line}");
    }
}

#[test]
fn a_repair_leaves_no_files_of_a_run_that_had_none_on_this_machine() {
    let user = finished();
    std::fs::remove_dir_all(git_dir(&user).join("enact")).expect("removed");
    let (name, before) = ("refs/heads/enact/r-test/task/b", refs(&user));
    move_ref(&user, name, "main");
    user.enact(["doctor", "r-test", "--repair"]).success();
    assert_eq!(refs(&user), before);
    assert!(!git_dir(&user).join("enact/runs/r-test").exists());
}
