//! What must hold of a repository when a run has ended, whatever happened on the way.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::digest::{Digest, digest};
use super::user::User;

/// What belongs to runs, and the lock that an executor's git leaves when it is killed in the wrong moment;
/// everything else is the user's.
const OURS: [&str; 9] = [
    ".git/packed-refs.lock",
    ".git/enact",
    ".git/objects",
    ".git/refs/enact",
    ".git/refs/heads/enact",
    ".git/refs/notes",
    ".git/logs/refs/notes",
    ".git/worktrees",
    ".git/logs/refs/heads/enact",
];

/// What no run may change.
pub(crate) fn untouched(user: &User) -> Digest {
    digest(&user.path(), &OURS)
}

/// Checks everything, given what the user's side was before the run.
pub(crate) fn check(user: &User, before: &Digest) {
    let requirement = "the user's side is as it was before the run";
    before.assert_same(&untouched(user), requirement);
    assert_no_process(user);
    user.assert_whole();
    assert_done_tasks_are_kept(user);
    assert_no_task_was_done_twice(user);
    assert_what_was_told_is_kept(user);
    assert_nothing_lies_around(user);
    assert_a_second_resume_changes_nothing(user);
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
        let named = std::fs::read(dir.join("cmdline")).is_ok_and(|line| holds(&line));
        let knows = std::fs::read(dir.join("environ")).is_ok_and(|line| holds(&line));
        let state = std::fs::read_to_string(dir.join("stat")).unwrap_or_default();
        let is_dead = state
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
        if (works || named || knows) && !is_dead {
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

/// Beside the end of each attempt lies what it was told, prompt and package.
fn assert_what_was_told_is_kept(user: &User) {
    let ended = [
        "log",
        "--first-parent",
        "--format=%H",
        "--grep=^Event: attempt-ended$",
        "refs/enact/runs/r-test",
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
fn assert_done_tasks_are_kept(user: &User) {
    let status = user.status();
    for task in status["tasks"].as_array().expect("tasks") {
        let Some(commit) = task["commit"].as_str().filter(|_| task["status"] == "done") else {
            assert_ne!(task["status"], "done", "a done task has a commit: {task}");
            continue;
        };
        user.git(["rev-list", "--objects", "--quiet", commit])
            .success();
        for keeper in ["refs/enact/runs/r-test", "enact/r-test/integration"] {
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
    for [event, task, attempt] in trailers(user) {
        if event == "integrated" {
            let twice = done.insert(task.clone(), attempt.parse().expect("a number"));
            assert_eq!(twice, None, "task {task} was integrated once");
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
        .git(["log", "--first-parent", &format, "refs/enact/runs/r-test"])
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

/// Neither locks nor worktrees are left.
fn assert_nothing_lies_around(user: &User) {
    let git = user.path().join(".git");
    for place in ["refs", "worktrees"] {
        let locks: Vec<PathBuf> = files_below(&git.join(place))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "lock"))
            .collect();
        assert_eq!(locks, Vec::<PathBuf>::new(), "no lock is left");
    }
    let listed = user.git(["worktree", "list", "--porcelain"]).success();
    assert_eq!(
        listed.stdout.matches("worktree ").count(),
        1,
        "only the user's own worktree is left: {listed}"
    );
    let left: Vec<PathBuf> = files_below(&user.outside("repo.enact"))
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains(".aside/"))
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "the worktrees' files are gone");
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

fn assert_a_second_resume_changes_nothing(user: &User) {
    let journal = || {
        user.git(["rev-parse", "refs/enact/runs/r-test"])
            .success()
            .stdout
    };
    let status = user.enact(["status"]).success();
    if status.stdout.contains("final verification failed") {
        return assert_a_second_resume_only_looks_again(user);
    }
    let before = journal();
    let output = user.enact(["resume", "--yes"]);
    assert!(
        output.status <= 1,
        "a run that has ended is resumed without complaint: {output}"
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
