//! Whatever is done to a finished run is named by `doctor`, which changes nothing, and mended by `doctor --repair`
//! where the objects still exist.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::digest::digest;
use crate::support::oracle;
use crate::support::user::User;

pub(crate) const JOURNAL: &str = "refs/enact/runs/r-test";
pub(crate) const BRANCH: &str = "refs/heads/enact/r-test/integration";
pub(crate) const NOTES: &str = "refs/notes/PROGRESS";

const PLAN: &str = r#"
[plan]
title = "Four"
[[task]]
id = "a"
title = "The first"
run = "echo a > a.txt"
[[task]]
id = "b"
title = "Beside the first"
run = "echo b > b.txt"
[[task]]
id = "c"
title = "After the first"
needs = ["a"]
run = "echo c > c.txt"
[[task]]
id = "d"
title = "After all"
needs = ["b", "c"]
run = "echo d > d.txt"
"#;

/// A user with a run that has ended well.
pub(crate) fn finished() -> User {
    let user = User::new();
    user.plan(PLAN);
    user.run_plan(&["--jobs", "1"]).success();
    user
}

/// What people and programs read of the run.
pub(crate) fn reports(user: &User) -> Vec<String> {
    let commands: [&[&str]; 6] = [
        &["status", "r-test"],
        &["status", "r-test", "--json"],
        &["log", "r-test", "--json"],
        &["report", "r-test"],
        &["progress", "r-test"],
        &["show", "c"],
    ];
    let all = commands.map(|args| user.enact(args).success().stdout);
    all.into_iter().collect()
}

/// Every ref but the notes, whose history tells of repairs, and every note.
pub(crate) fn refs(user: &User) -> (String, Vec<String>) {
    let refs = user.git(["for-each-ref", "--format=%(objectname) %(refname)"]);
    let refs = refs.success().stdout;
    let refs = refs.lines().filter(|line| !line.ends_with(NOTES));
    let notes = user.git(["notes", "--ref=PROGRESS", "list"]).success();
    let mut notes: Vec<String> = notes.stdout.lines().map(str::to_owned).collect();
    notes.sort();
    (refs.collect::<Vec<_>>().join("\n"), notes)
}

pub(crate) fn rev(user: &User, name: &str) -> String {
    let output = user.git(["rev-parse", name]).success();
    output.stdout.trim().to_owned()
}

pub(crate) fn move_ref(user: &User, name: &str, to: &str) {
    user.git(["update-ref", name, to]).success();
}

pub(crate) fn delete_ref(user: &User, name: &str) {
    user.git(["update-ref", "-d", name]).success();
}

pub(crate) fn git_dir(user: &User) -> PathBuf {
    user.path().join(".git")
}

fn object(user: &User, name: &str) -> PathBuf {
    let hex = rev(user, name);
    git_dir(user)
        .join("objects")
        .join(&hex[..2])
        .join(&hex[2..])
}

pub(crate) fn remove_object(user: &User, name: &str) {
    std::fs::remove_file(object(user, name)).expect("a loose object");
}

/// What a torn write leaves of an object.
fn tear(path: &Path) {
    std::fs::remove_file(path).expect("a loose object");
    std::fs::write(path, b"x\x01\x02").expect("written");
}

pub(crate) fn plant(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, bytes).expect("a file");
}

/// Puts the journal on a copy of its newest checkpoint with another message.
pub(crate) fn forge(user: &User, from: &str, to: &str) {
    let raw = user.git(["cat-file", "commit", JOURNAL]).success().stdout;
    assert!(raw.contains(from), "there is something to forge: {raw}");
    let file = user.outside("forged");
    std::fs::write(&file, raw.replace(from, to)).expect("written");
    let file = file.to_string_lossy().into_owned();
    let made = user.git(["hash-object", "-t", "commit", "-w", &file]);
    move_ref(user, JOURNAL, made.success().stdout.trim());
}

/// Drops what nothing names, so that only what can be made again comes back.
pub(crate) fn prune(user: &User) {
    let expire = ["reflog", "expire", "--expire=now", "--all"];
    user.git(expire).success();
    user.git(["prune", "--expire=now"]).success();
}

pub(crate) fn worktree(user: &User, reason: &str) -> PathBuf {
    let place = user.outside("repo.enact/r-test/slot-1");
    let path = place.to_string_lossy().into_owned();
    let add = ["worktree", "add", "--quiet", "--lock", "--reason", reason];
    user.git(add.iter().copied().chain(["--detach", &path, "main"]))
        .success();
    place
}

struct Damage {
    what: &'static str,
    done: fn(&User),
    /// How the finding is named: its kind, and words that it contains.
    kind: &'static str,
    says: &'static str,
}

/// Damages to the journal itself.
const JOURNALS: [Damage; 7] = [
    Damage {
        what: "the journal's ref is deleted",
        done: |user| delete_ref(user, JOURNAL),
        kind: "journal",
        says: "is gone; checkpoint",
    },
    Damage {
        what: "the journal's ref is deleted after everything was packed",
        done: |user| {
            user.git(["gc", "--quiet"]).success();
            delete_ref(user, JOURNAL);
        },
        kind: "journal",
        says: "is gone; checkpoint",
    },
    Damage {
        what: "a power cut emptied the journal's ref",
        done: |user| plant(&git_dir(user).join(JOURNAL), b""),
        kind: "journal",
        says: "holds no object's name",
    },
    Damage {
        what: "the journal's ref names a commit of the user's",
        done: |user| move_ref(user, JOURNAL, "main"),
        kind: "journal",
        says: "is no checkpoint",
    },
    Damage {
        what: "the journal's ref names a tree",
        done: |user| move_ref(user, JOURNAL, &rev(user, "main^{tree}")),
        kind: "journal",
        says: "is no checkpoint",
    },
    Damage {
        what: "somebody committed on top of the journal",
        done: |user| {
            let made = user.git(["commit-tree", "-m", "Mine", "-p", JOURNAL, "main^{tree}"]);
            move_ref(user, JOURNAL, made.success().stdout.trim());
        },
        kind: "journal",
        says: "is no checkpoint",
    },
    Damage {
        what: "the newest checkpoint's record is broken",
        done: |user| forge(user, "event = \"finished\"", "event = "),
        kind: "journal",
        says: "is no checkpoint",
    },
];

/// Damages to what the journal keeps to answer quickly.
const CACHES: [Damage; 5] = [
    Damage {
        what: "the newest checkpoint's headline lies",
        done: |user| forge(user, "done = 4", "done = 3"),
        kind: "snapshot",
        says: "headline",
    },
    Damage {
        what: "the newest checkpoint's headline lies, and the true one was pruned",
        done: |user| {
            forge(user, "done = 4", "done = 3");
            prune(user);
        },
        kind: "snapshot",
        says: "headline",
    },
    Damage {
        what: "an object of the snapshot is missing",
        done: |user| remove_object(user, &format!("{JOURNAL}:state/run.json")),
        kind: "snapshot",
        says: "state/run.json",
    },
    Damage {
        what: "an object of the snapshot is torn",
        done: |user| tear(&object(user, &format!("{JOURNAL}:state/layer-0.json"))),
        kind: "objects",
        says: "is damaged and cannot be read",
    },
    Damage {
        what: "the tree of a checkpoint is missing",
        done: |user| remove_object(user, &format!("{JOURNAL}^{{tree}}")),
        kind: "snapshot",
        says: "cannot be read",
    },
];

/// Damages to branches and notes.
const VIEWS: [Damage; 9] = [
    Damage {
        what: "the run's branch is deleted",
        done: |user| delete_ref(user, BRANCH),
        kind: "branch",
        says: "is gone; the journal says",
    },
    Damage {
        what: "the run's branch is moved to the user's",
        done: |user| move_ref(user, BRANCH, "main"),
        kind: "branch",
        says: "the journal says",
    },
    Damage {
        what: "a power cut emptied the run's branch",
        done: |user| plant(&git_dir(user).join(BRANCH), b""),
        kind: "branch",
        says: "holds no object's name",
    },
    Damage {
        what: "a task's branch is deleted",
        done: |user| delete_ref(user, "refs/heads/enact/r-test/task/b"),
        kind: "task-branch",
        says: "task/b` is gone",
    },
    Damage {
        what: "a task's branch is moved",
        done: |user| move_ref(user, "refs/heads/enact/r-test/task/b", "main"),
        kind: "task-branch",
        says: "task/b` is at",
    },
    Damage {
        what: "a note is missing",
        done: |user| {
            user.git(["notes", "--ref=PROGRESS", "remove", "enact/r-test/task/c"])
                .success();
        },
        kind: "note",
        says: "the note of task c",
    },
    Damage {
        what: "a note names another commit",
        done: |user| {
            let note = format!(
                "Run: r-test\nTask: c\nStatus: done\nCommit: {}\n",
                "1".repeat(40)
            );
            let add = ["notes", "--ref=PROGRESS", "add", "-f", "-m", &note];
            user.git(add.iter().copied().chain(["enact/r-test/task/c"]))
                .success();
        },
        kind: "note",
        says: "says `Commit: 1111",
    },
    Damage {
        what: "a note of the run is on a commit that it did not make",
        done: |user| {
            let main = rev(user, "main");
            let note = format!("Run: r-test\nTask: x\nStatus: done\nCommit: {main}\n");
            let add = ["notes", "--ref=PROGRESS", "add", "-m", &note, "main"];
            user.git(add).success();
        },
        kind: "note",
        says: "the journal does not",
    },
    Damage {
        what: "the notes are deleted",
        done: |user| delete_ref(user, NOTES),
        kind: "note",
        says: "the note of task a",
    },
];

/// What dead processes leave.
const LEAVINGS: [Damage; 4] = [
    Damage {
        what: "locks were left",
        done: |user| {
            for name in [JOURNAL, BRANCH, NOTES, "refs/heads/enact/r-test/task/a"] {
                plant(&git_dir(user).join(format!("{name}.lock")), b"");
            }
        },
        kind: "lock",
        says: "was left by a git that was killed",
    },
    Damage {
        what: "a worktree was left, with a lock in it",
        done: |user| {
            worktree(user, "git enact: run r-test");
            plant(&git_dir(user).join("worktrees/slot-1/index.lock"), b"");
        },
        kind: "worktree",
        says: "the run has ended",
    },
    Damage {
        what: "a worktree's directory is gone",
        done: |user| {
            let place = worktree(user, "git enact: run r-test");
            std::fs::remove_dir_all(place.parent().expect("a parent")).expect("removed");
        },
        kind: "worktree",
        says: "its directory is gone",
    },
    Damage {
        what: "half of a worktree and files of attempts were left",
        done: |user| {
            let entry = git_dir(user).join("worktrees/slot-1");
            plant(&entry.join("locked"), b"git enact: run r-test");
            let files = git_dir(user).join("enact/runs/r-test/attempts");
            plant(&files.join("a.1.output"), b"said");
        },
        kind: "worktree",
        says: "is half of a worktree",
    },
];

pub(crate) fn examined(user: &User) -> Value {
    let output = user.enact(["doctor", "--json"]).code(1);
    serde_json::from_str(&output.stdout).expect("`doctor --json` prints JSON")
}

#[test]
fn a_journal_that_was_deleted_or_overwritten_is_found_again() {
    each_is_named_and_mended(&JOURNALS);
}

#[test]
fn headlines_and_snapshots_are_made_again_from_the_events() {
    each_is_named_and_mended(&CACHES);
}

#[test]
fn branches_and_notes_are_made_to_agree_with_the_journal() {
    each_is_named_and_mended(&VIEWS);
}

#[test]
fn what_dead_processes_left_is_removed() {
    each_is_named_and_mended(&LEAVINGS);
}

/// Each of `damages`, done to a finished run, is named and mended without a trace.
fn each_is_named_and_mended(damages: &[Damage]) {
    for Damage {
        what,
        done,
        kind,
        says,
    } in damages
    {
        let user = finished();
        let (told, names) = (reports(&user), refs(&user));
        user.enact(["doctor"]).success().says("r-test: all is well");
        done(&user);
        let damaged = digest(&user.path(), &[]);
        user.enact(["doctor"])
            .code(1)
            .says(says)
            .complains("--repair");
        let found = examined(&user);
        let findings = found["findings"].as_array().expect("findings");
        assert!(
            findings.iter().any(|finding| finding["kind"] == *kind),
            "when {what}, it is called `{kind}`: {found}"
        );
        damaged.assert_same(&digest(&user.path(), &[]), "to look changes nothing");
        let output = user.enact(["doctor", "--repair"]);
        assert_eq!(output.status, 0, "when {what}, all is mended: {output}");
        let output = output.says("mended: ");
        assert!(!output.stdout.contains("not mended"), "{output}");
        user.enact(["doctor"]).success().says("r-test: all is well");
        assert_eq!(refs(&user), names, "when {what}, all refs come back");
        assert_eq!(reports(&user), told, "when {what}, all is read as before");
        user.assert_whole();
        let left = oracle::files_below(&git_dir(&user).join("worktrees"));
        assert_eq!(left, Vec::<PathBuf>::new(), "when {what}, nothing is left");
    }
}

#[test]
fn an_object_that_somebody_is_writing_is_none_of_its_business() {
    let user = finished();
    let draft = git_dir(&user).join("objects/aa/tmp_obj_VvVvVv");
    plant(&draft, b"x\x01\x02");
    user.enact(["doctor", "--repair"]).success();
    assert!(draft.exists());
}

#[test]
fn a_run_that_lost_its_journal_is_not_taken_for_none() {
    let user = User::new();
    user.plan(PLAN);
    user.enact([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--",
        "false",
    ])
    .code(3);
    let lose: [fn(&User); 4] = [
        |user| delete_ref(user, JOURNAL),
        |user| plant(&git_dir(user).join(JOURNAL), b""),
        |user| remove_object(user, JOURNAL),
        |user| {
            let packed = git_dir(user).join("packed-refs");
            user.git(["pack-refs", "--all"]).success();
            let text = std::fs::read_to_string(&packed).expect("refs");
            let lines = text.split_inclusive('\n');
            let kept: String = lines
                .filter(|line| !line.ends_with(&format!("{JOURNAL}\n")))
                .collect();
            std::fs::write(packed, kept).expect("written");
        },
    ];
    for lose in lose {
        let journal = rev(&user, JOURNAL);
        let kept = std::fs::read(object(&user, JOURNAL)).expect("an object");
        lose(&user);
        let refused = user
            .enact(["run", "plan.toml", "--yes", "--", "true"])
            .code(2);
        refused
            .complains("run `r-test`")
            .complains("has lost its journal")
            .complains("--repair");
        let runs = user.git(["for-each-ref", "refs/enact"]).stdout;
        assert!(!runs.contains("four-"), "no other run was begun: {runs}");
        plant(
            &git_dir(&user)
                .join("objects")
                .join(&journal[..2])
                .join(&journal[2..]),
            &kept,
        );
        user.enact(["doctor", "r-test", "--repair"]).success();
        assert_eq!(rev(&user, JOURNAL), journal);
    }
    delete_ref(&user, JOURNAL);
    user.enact(["run", "plan.toml", "--yes", "--new"]).success();
}

#[test]
fn a_plan_is_not_begun_again_where_anything_but_a_lease_tells_of_its_run() {
    let begun = |leave: fn(&User)| {
        let user = User::new();
        user.plan(PLAN);
        leave(&user);
        user.enact(["run", "plan.toml", "--yes"])
    };
    let traces: [fn(&User); 5] = [
        |user| plant(&git_dir(user).join(JOURNAL), b""),
        |user| move_ref(user, JOURNAL, "main"),
        |user| move_ref(user, BRANCH, "main"),
        |user| drop(worktree(user, "git enact: run r-test")),
        |user| plant(&git_dir(user).join("enact/runs/r-test/state"), b""),
    ];
    for leave in traces {
        begun(leave).code(2).complains("has lost its journal");
    }
    begun(|user| plant(&git_dir(user).join("enact/runs/r-test/lease"), b"")).success();
}
