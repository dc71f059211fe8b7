//! What must hold of a repository when a scenario is over, whatever happened on the way: one function, with which
//! every scenario ends. `check` is for what ended as it should; `check_sparing` for a scenario that has something
//! on purpose which would be damage anywhere else.
//!
//! It looks through git wherever git can tell, and asks the program itself only what nobody else knows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::digest::{Digest, digest};
use super::user::{CANARY, User};

/// What belongs to runs, and the lock that an executor's git leaves when it is killed in the wrong moment;
/// everything else is the user's.
const OURS: [&str; 9] = [
    ".git/packed-refs.lock",
    ".git/enact",
    ".git/objects",
    ".git/refs/enact",
    ".git/refs/heads/enact",
    ".git/refs/notes/PROGRESS",
    ".git/logs/refs/notes/PROGRESS",
    ".git/worktrees",
    ".git/logs/refs/heads/enact",
];

/// Directories that come with what is ours and hold what is not.
const SHARED: [&str; 2] = [".git/refs/notes", ".git/logs/refs/notes"];

const JOURNAL: &str = "refs/enact/runs/r-test";

/// What a scenario has on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spared<'a> {
    /// What `doctor` may find, by kind.
    pub(crate) findings: &'a [&'a str],
    /// What of the user's side is not as it was, by path from the checkout.
    pub(crate) paths: &'a [&'a str],
    /// What `git fsck` is not asked, as flags.
    pub(crate) of_git: &'a [&'a str],
    /// Locks that are there for a reason, by how their paths end.
    pub(crate) locks: &'a [&'a str],
    /// Whether what an attempt was told was destroyed before it was kept.
    pub(crate) told: bool,
}

/// What no run may change.
pub(crate) fn untouched(user: &User) -> Digest {
    digest(&user.path(), &OURS).without(&SHARED)
}

/// Checks everything, given what the user's side was before the run.
pub(crate) fn check(user: &User, before: &Digest) {
    check_sparing(user, before, Spared::default());
}

/// Checks everything but what is spared.
pub(crate) fn check_sparing(user: &User, before: &Digest, spared: Spared<'_>) {
    let requirement = "the user's side is as it was before the run";
    let before = before.clone().without(spared.paths);
    before.assert_same(&untouched(user).without(spared.paths), requirement);
    assert_no_process(user);
    user.assert_whole_but(spared.of_git);
    let status = user.status();
    assert_the_journal_is_one_line(user);
    assert_done_tasks_are_kept(user, &status);
    assert_no_task_was_done_twice(user);
    if !spared.told {
        assert_what_was_told_is_kept(user);
    }
    assert_nothing_lies_around(user, &status, spared);
    assert_the_doctor_finds_nothing(user, spared.findings);
    assert_nothing_is_given_away(user, &status);
    assert_a_second_resume_changes_nothing(user, &status);
}

/// Nothing that belongs to this test's repository still runs.
pub(crate) fn assert_no_process(user: &User) {
    let root = user.outside("").canonicalize().expect("a directory");
    let start = Instant::now();
    loop {
        let found = processes_of(&root);
        if found.is_empty() {
            return;
        }
        // A process that was killed takes a moment to be gone.
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "no process of the run is left: {found:?}"
        );
        std::thread::yield_now();
    }
}

/// The processes that work below `root`, were started with it, or know of it.
fn processes_of(root: &Path) -> Vec<String> {
    let mark = root.as_os_str().as_encoded_bytes();
    let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let dir = entry.path();
        let is_process = dir
            .file_name()
            .is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok());
        if !is_process || std::process::id().to_string() == *entry.file_name().to_string_lossy() {
            continue;
        }
        let works = std::fs::read_link(dir.join("cwd")).is_ok_and(|cwd| cwd.starts_with(root));
        let holds_open = open_files(&dir).any(|file| file.starts_with(root));
        let named = std::fs::read(dir.join("cmdline")).is_ok_and(|line| holds(&line));
        let knows = std::fs::read(dir.join("environ")).is_ok_and(|line| holds(&line));
        let state = std::fs::read_to_string(dir.join("stat")).unwrap_or_default();
        let is_dead = state
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
        if (works || named || knows || holds_open) && !is_dead {
            let line = std::fs::read(dir.join("cmdline")).unwrap_or_default();
            found.push(format!(
                "{}: {}",
                dir.display(),
                String::from_utf8_lossy(&line).replace('\0', " ")
            ));
        }
    }
    found
}

/// What a process has open.
fn open_files(process: &Path) -> impl Iterator<Item = PathBuf> {
    let open = std::fs::read_dir(process.join("fd")).into_iter().flatten();
    open.flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok())
}

/// The checkpoints are one line: each event's number is the one after that of the event before it, down to the
/// first, time never goes back, and all of them are of the same run.
fn assert_the_journal_is_one_line(user: &User) {
    let log = user
        .git(["log", "--first-parent", "--format=%H%n%B%x00", JOURNAL])
        .success();
    let value = |text: &str, key: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()))
    };
    let checkpoints: Vec<&str> = log.stdout.split('\0').collect();
    let events = checkpoints.iter().filter(|text| text.contains("\nEvent: "));
    let mut expected = events.clone().count();
    let mut after: Option<String> = None;
    for text in events {
        let seq = value(text, "seq = ").expect("a number");
        assert_eq!(seq, expected.to_string(), "events count from 1: {log}");
        assert_eq!(value(text, "Run: ").as_deref(), Some("r-test"), "{text}");
        let at = value(text, "at = ").expect("a time");
        assert!(
            after.as_ref().is_none_or(|after| at <= *after),
            "time goes on: {log}"
        );
        after = Some(at);
        expected -= 1;
    }
    assert!(after.is_some(), "there is an event: {log}");
}

/// Beside the end of each attempt lies what it was told, prompt and package.
fn assert_what_was_told_is_kept(user: &User) {
    let ended = [
        "log",
        "--first-parent",
        "--format=%H",
        "--grep=^Event: attempt-ended$",
        JOURNAL,
    ];
    for checkpoint in user.git(ended).success().stdout.lines() {
        let kept = user.git(["ls-tree", "--name-only", checkpoint]).success();
        for name in ["prompt.md", "task.json"] {
            let is_there = kept.stdout.lines().any(|line| line == name);
            assert!(is_there, "{checkpoint} keeps {name}: {kept}");
        }
    }
}

/// The commit of each done task is complete, kept by the journal, on the run's branch, and has its note.
fn assert_done_tasks_are_kept(user: &User, status: &Value) {
    for task in status["tasks"].as_array().expect("tasks") {
        let Some(commit) = task["commit"].as_str().filter(|_| task["status"] == "done") else {
            assert_ne!(task["status"], "done", "a done task has a commit: {task}");
            continue;
        };
        user.git(["rev-list", "--objects", "--quiet", commit])
            .success();
        for keeper in [JOURNAL, "enact/r-test/integration"] {
            user.git(["merge-base", "--is-ancestor", commit, keeper])
                .success();
        }
        let note = user
            .git(["notes", "--ref=PROGRESS", "show", commit])
            .success();
        let id = task["id"].as_str().expect("an id");
        assert!(
            note.stdout.contains(&format!("Task: {id}\n")),
            "the note of task {id}: {note}"
        );
    }
    let branch = user
        .git(["rev-parse", "enact/r-test/integration"])
        .success();
    assert_eq!(
        status["run"]["tip"],
        branch.stdout.trim(),
        "the run's branch is where the journal says"
    );
}

/// No number was used twice, and nothing was executed for a task after the attempt that did it.
pub(crate) fn assert_no_task_was_done_twice(user: &User) {
    let log = std::fs::read_to_string(user.outside("executed.log")).unwrap_or_default();
    let mut executed: Vec<(&str, u32)> = log
        .lines()
        .filter_map(|line| {
            let (task, attempt) = line.split_once(' ')?;
            Some((task, attempt.parse().ok()?))
        })
        .collect();
    let count = executed.len();
    let done = integrations(user);
    for (task, attempt) in &executed {
        if let Some(good) = done.get(*task) {
            assert!(
                attempt <= good,
                "task {task} was done by attempt {good}, and attempt {attempt} ran: {log}"
            );
        }
    }
    executed.sort_unstable();
    executed.dedup();
    assert_eq!(executed.len(), count, "no attempt ran twice: {log}");
}

/// The attempt that did each task, as the journal tells it.
fn integrations(user: &User) -> HashMap<String, u32> {
    let mut done = HashMap::new();
    let mut newest = HashMap::new();
    for [event, task, attempt] in trailers(user).into_iter().rev() {
        match event.as_str() {
            "attempt-started" => drop(newest.insert(task, attempt)),
            // A run that went back may integrate what it had before; later attempts ran before that.
            "integrated" if newest.get(&task) == Some(&attempt) => {
                let twice = done.insert(task.clone(), attempt.parse().expect("a number"));
                assert_eq!(twice, None, "task {task} was integrated once");
            }
            // From there on it may be done again: undone, wanted anew, or proven again, which it may not pass.
            "reverted" | "retried" | "judged" => drop(done.remove(&task)),
            "rolled-back" => done.clear(),
            _ => {}
        }
    }
    done
}

/// Event, task and attempt of each checkpoint, newest first; empty where there is none.
pub(crate) fn trailers(user: &User) -> Vec<[String; 3]> {
    let key = |name: &str| format!("%(trailers:key={name},valueonly,separator=)");
    let keys = [key("Event"), key("Task"), key("Attempt")];
    let format = format!("--format={}", keys.join("|"));
    let log = user
        .git(["log", "--first-parent", &format, JOURNAL])
        .success();
    // The last line is the plan, which holds no event.
    let lines = log.stdout.lines().filter(|line| *line != "||");
    lines
        .map(|line| {
            let mut words = line.splitn(3, '|').map(str::to_owned);
            std::array::from_fn(|_| words.next().unwrap_or_default())
        })
        .collect()
}

/// Whether nothing is left to do in a run that stands so.
fn is_over(status: &Value) -> bool {
    let status = status["run"]["status"].as_str().expect("a status");
    ["complete", "partial", "failed"].contains(&status)
}

/// Neither locks nor drafts of objects are left; worktrees only while the run can go on, and no half ones.
fn assert_nothing_lies_around(user: &User, status: &Value, spared: Spared<'_>) {
    let git = user.path().join(".git");
    let left: Vec<PathBuf> = files_below(&git)
        .into_iter()
        .filter(|path| {
            let is_lock = path.extension().is_some_and(|end| end == "lock");
            // Those of ours are locked by the kernel: the files mean nothing.
            let is_kernels = path.parent() == Some(&git.join("enact"));
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_spared = spared.locks.iter().any(|end| path.ends_with(end));
            (is_lock && !is_kernels && !is_spared) || name.starts_with("tmp_object_git2_")
        })
        // It may be of a command of the user's own.
        .filter(|path| *path != git.join("packed-refs.lock"))
        .collect();
    assert_eq!(
        left,
        Vec::<PathBuf>::new(),
        "neither lock nor draft is left"
    );
    let listed = user.git(["worktree", "list", "--porcelain"]).success();
    if !is_over(status) {
        return assert_worktrees_are_whole(user, &listed.stdout);
    }
    assert_eq!(
        listed.stdout.matches("worktree ").count(),
        1,
        "only the user's own worktree is left: {listed}"
    );
    if spared.findings.contains(&"worktree") {
        return;
    }
    let left: Vec<PathBuf> = files_below(&user.outside("repo.enact"))
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains(".aside/"))
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "the worktrees' files are gone");
}

/// Each of git's entries leads to a worktree that git can work in.
fn assert_worktrees_are_whole(user: &User, listed: &str) {
    let entries = std::fs::read_dir(user.path().join(".git/worktrees"));
    let entries = entries.into_iter().flatten().count();
    let places: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "))
        .skip(1)
        .collect();
    assert_eq!(places.len(), entries, "no half worktree is left: {listed}");
    for place in places {
        user.git(["-C", place, "status", "--porcelain"]).success();
    }
}

/// Branches and notes agree with the journal, snapshots with the events, and nothing else is wrong.
fn assert_the_doctor_finds_nothing(user: &User, spared: &[&str]) {
    let output = user.enact(["doctor", "r-test", "--json"]);
    let told: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    let findings = told["findings"].as_array().expect("findings");
    let serious: Vec<&Value> = findings
        .iter()
        // What a rollback left behind it can be returned to.
        .filter(|finding| finding["kind"] != "rollback")
        // An executor's git that is killed in the wrong moment leaves it, and a person is told.
        .filter(|finding| !finding["what"].to_string().contains("packed-refs.lock"))
        .filter(|finding| !spared.iter().any(|kind| finding["kind"] == *kind))
        .collect();
    assert!(serious.is_empty(), "nothing is wrong: {serious:#?}");
}

/// No secret is in anything that is stored or shown, and nothing that a terminal would obey.
fn assert_nothing_is_given_away(user: &User, status: &Value) {
    let objects = [
        "cat-file",
        "--batch-all-objects",
        "--batch",
        "--unordered",
        "--buffer",
    ];
    let objects = user.git(objects).success().stdout;
    assert!(!objects.contains(CANARY), "no object holds the secret");
    let places = [
        user.path().join(".git/enact"),
        user.outside("repo.enact"),
        user.path().join(".git/worktrees"),
    ];
    for file in places.iter().flat_map(|place| files_below(place)) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let holds = bytes
            .windows(CANARY.len())
            .any(|part| part == CANARY.as_bytes());
        assert!(!holds, "{} holds the secret", file.display());
    }
    let notes = user.git([
        "log",
        "--format=%N",
        "--notes=PROGRESS",
        "enact/r-test/integration",
    ]);
    let records = user.git(["log", "--first-parent", "--format=%B", JOURNAL]);
    assert_tame("the notes", &notes.success().stdout);
    assert_tame("the records", &records.success().stdout);
    let tasks = status["tasks"].as_array().expect("tasks");
    let shown = tasks.iter().filter_map(|task| task["id"].as_str()).take(2);
    let mut shown: Vec<Vec<&str>> = shown.map(|id| vec!["show", id]).collect();
    for command in ["status", "log", "report", "progress"] {
        shown.push(vec![command]);
    }
    for command in shown {
        let output = user.enact(&command).success();
        assert_tame(&command.join(" "), &output.stdout);
        assert_tame(&command.join(" "), &output.stderr);
    }
}

/// Nothing in `text` moves a cursor, changes a color, or turns the direction of what follows.
pub(crate) fn assert_tame(what: &str, text: &str) {
    let is_wild = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
    };
    let wild = text.chars().find(is_wild);
    assert_eq!(
        wild, None,
        "{what} holds nothing that a terminal obeys: {text:?}"
    );
}

pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What has ended, and what waits for a person, is resumed without anything being recorded.
fn assert_a_second_resume_changes_nothing(user: &User, status: &Value) {
    let journal = || user.git(["rev-parse", JOURNAL]).success().stdout;
    let waits = ["needs_person", "quarantined"].map(Value::from);
    let waits = waits.contains(&status["run"]["status"]);
    if !is_over(status) && !waits {
        // Nothing is at rest that can simply go on.
        return;
    }
    let said = user.enact(["status"]).success();
    if said.stdout.contains("final verification failed") {
        return assert_a_second_resume_only_looks_again(user);
    }
    let before = journal();
    let output = user.enact(["resume", "--yes"]);
    let allowed = if waits { 3 } else { 1 };
    assert!(
        output.status == allowed || output.status == 0 && !waits,
        "a run at rest is resumed without complaint: {output}"
    );
    assert_eq!(journal(), before, "a second resume changes nothing");
}

/// What failed may have been mended by a person: the whole is verified again, and nothing else happens.
fn assert_a_second_resume_only_looks_again(user: &User) {
    let tasks = || user.status()["tasks"].clone();
    let before = tasks();
    user.enact(["resume", "--yes"]).code(1);
    assert_eq!(tasks(), before, "a second resume changes no task");
}
