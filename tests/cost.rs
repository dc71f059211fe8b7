//! What a task may cost, counted and not timed: processes of git, and waits for the disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::user::User;

/// An executor that commits one more line.
const EXECUTOR: &str =
    "echo more >> lines.txt && \"$REAL\" add lines.txt && \"$REAL\" commit -qm more";

/// A user with a plan of `tasks` tasks, and the executor's path.
fn user(tasks: usize) -> (User, String) {
    let user = User::new();
    let plan: String = (1..=tasks)
        .map(|n| format!("[[task]]\nid = \"t{n}\"\ntitle = \"Line {n}\"\n\n"))
        .collect();
    user.write(
        "plan.toml",
        &format!("[plan]\ntitle = \"Lines\"\njobs = 1\n\n{plan}"),
    );
    user.commit("plan");
    let executor = user.script(
        "executor",
        &EXECUTOR.replace("$REAL", &on_path("git").expect("git").to_string_lossy()),
    );
    (user, executor)
}

/// Where PATH has `program`.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|found| found.is_file())
}

/// What a run of `tasks` tasks starts of git, the executors' own apart.
fn git_processes(tasks: usize, flags: &[&str]) -> usize {
    let (user, executor) = user(tasks);
    let (bin, log) = (user.outside("bin"), user.outside("log"));
    std::fs::create_dir(&bin).expect("a directory");
    let wrapper = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nexec '{}' \"$@\"\n",
        log.display(),
        on_path("git").expect("git").display()
    );
    std::fs::write(bin.join("git"), wrapper).expect("a script");
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755))
        .expect("an executable");
    let path = std::env::var("PATH").expect("PATH");
    let mut args = vec!["run", "plan.toml", "--yes", "--durability", "process"];
    args.extend(flags);
    args.extend(["--", &executor]);
    let ended = user
        .enact_command(args)
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .expect("it starts");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    std::fs::read_to_string(log).expect("a log").lines().count()
}

#[test]
fn a_task_costs_one_process_of_git() {
    let more = git_processes(9, &[]) - git_processes(3, &[]);
    assert!(more <= 6, "6 tasks more are {more} processes more");
}

#[test]
fn a_task_with_a_check_costs_two_processes_of_git() {
    let check = ["--verify", "test -s lines.txt"];
    let more = git_processes(9, &check) - git_processes(3, &check);
    assert!(more <= 12, "6 tasks more are {more} processes more");
}

/// How often a run of `tasks` tasks waits for the disk; `None` where that cannot be watched.
fn barriers(tasks: usize, durability: &str) -> Option<usize> {
    let strace = on_path("strace")?;
    let (user, executor) = user(tasks);
    let log = user.outside("log");
    let ended = user
        .command(strace)
        .args(["-f", "-qq", "-e", "trace=syncfs", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_git-enact"))
        .args([
            "run",
            "plan.toml",
            "--yes",
            "--durability",
            durability,
            "--",
        ])
        .arg(&executor)
        .output()
        .ok()?;
    // Where processes may not be watched, nothing is found out.
    if !ended.status.success() {
        return None;
    }
    let log = std::fs::read_to_string(log).ok()?;
    Some(log.lines().filter(|line| line.contains("syncfs(")).count())
}

#[test]
fn a_finished_task_waits_for_the_disk_once() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let more = |durability| Some(barriers(5, durability)? - barriers(2, durability)?);
    let Some(full) = more("full") else {
        return;
    };
    assert_eq!(full, 3, "one barrier for each of three tasks more");
    assert_eq!(more("process"), Some(0), "none is asked for");
}
