//! A confined executor does its work, and nothing else: what it may do stands in one table, and each cell is tried.
//!
//! What this machine cannot enforce is skipped, and says so.

use std::io::Write as _;
use std::net::TcpListener;

use git_enact::process::sandbox;
use git_enact::run::sandbox::Level;

use crate::support::user::{Output, User};

const ONE: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"Do it\"\n";

/// What is tried, and whether it comes to anything: by landlock in a worktree, in a clone; by bwrap in each.
const TABLE: [(&str, &str, [bool; 4]); 18] = [
    ("own files", "echo x > own.txt", [true; 4]),
    (
        "a commit",
        "git add own.txt && git commit -qm Own && git commit -q --amend -m Amended",
        [true; 4],
    ),
    (
        "temporary files",
        "echo x > \"$TMPDIR/x\" && rm \"$TMPDIR/x\"",
        [true; 4],
    ),
    (
        "the claim",
        "echo '{\"status\": \"partial\"}' > \"$ENACT_RESULT_FILE\"",
        [true; 4],
    ),
    ("reading", "cat /etc/passwd REPO/README.md", [true; 4]),
    ("discarding", "echo x > /dev/null", [true; 4]),
    (
        "shared configuration",
        "git -C REPO config planted.it yes",
        [false; 4],
    ),
    ("hooks", "echo x > REPO/.git/hooks/post-commit", [false; 4]),
    (
        "attributes",
        "mkdir -p REPO/.git/info && echo x > REPO/.git/info/attributes",
        [false; 4],
    ),
    ("the checkout", "echo x >> REPO/README.md", [false; 4]),
    ("the home directory", "echo x > \"$HOME/x\"", [false; 4]),
    (
        "a branch of the user's",
        "git -C REPO update-ref refs/heads/other HEAD",
        [false; 4],
    ),
    (
        "the user's HEAD",
        "git -C REPO symbolic-ref HEAD refs/heads/other",
        [false; 4],
    ),
    (
        "another worktree",
        "git -C REPO worktree add -q --detach \"$TMPDIR/w\"",
        [false; 4],
    ),
    (
        "the journal",
        "git -C REPO update-ref -d refs/enact/runs/r-test",
        [false; 4],
    ),
    (
        "pruning",
        "git -C REPO -c gc.pruneExpire=now gc --quiet --prune=now",
        [false; 4],
    ),
    (
        "an object of the user's",
        "rm -f REPO/.git/objects/LOOSE && ! test -e REPO/.git/objects/LOOSE",
        [true, false, true, false],
    ),
    ("signals", "kill -0 $PPID", [false, false, true, true]),
];

fn available(level: Level) -> bool {
    let enforced = sandbox::require(level);
    if let Err(why) = &enforced {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Past the harness, which keeps what a test that passes says to itself.
        writeln!(std::io::stderr(), "{test}: skipped: {why}").expect("standard error");
    }
    enforced.is_ok()
}

/// A user with a plan of one task, and an object that nothing needs.
fn user() -> (User, String) {
    let user = User::new();
    user.plan(ONE);
    let file = user.outside("loose");
    std::fs::write(&file, "nobody needs it").expect("a file");
    let file = file.to_string_lossy();
    let loose = user.git(["hash-object", "-w", &file]).success().stdout;
    let (dir, name) = loose.trim().split_at(2);
    (user, format!("{dir}/{name}"))
}

fn run(user: &User, script: &str, flags: &[&str]) -> Output {
    let once = ["--retries", "0", "--on-failure", "skip"];
    user.run(
        "plan.toml",
        &user.executor(script),
        &[&once, flags].concat(),
    )
}

/// Tries the table; what each came to, in its order.
fn tried(isolation: &str, level: &str) -> Vec<bool> {
    let (user, loose) = user();
    let repo = user.path().display().to_string();
    let tries: String = TABLE
        .iter()
        .map(|(_, action, _)| {
            let action = action.replace("REPO", &repo).replace("LOOSE", &loose);
            format!(
                "if ( {action} ) > /dev/null 2>&1; then echo true; else echo false; fi >> tried\n"
            )
        })
        .collect();
    let script = format!("{tries}git add tried; git commit -qm Tried");
    run(
        &user,
        &script,
        &["--isolation", isolation, "--sandbox", level],
    )
    .code(1)
    .complains("the executor did only a part");
    user.assert_whole();
    let tip = user.status();
    assert_eq!(tip["run"]["sandbox"], level);
    let told = user.at("enact/r-test/task/t", "tried");
    told.lines().map(|line| line == "true").collect()
}

#[track_caller]
fn holds(level: Level, isolation: &str, column: usize) {
    if !available(level) {
        return;
    }
    let tried = tried(isolation, level.name());
    assert_eq!(tried.len(), TABLE.len());
    let wrong: Vec<&str> = TABLE
        .iter()
        .zip(tried)
        .filter(|((_, _, expected), came)| expected[column] != *came)
        .map(|((what, ..), _)| *what)
        .collect();
    assert_eq!(
        wrong,
        Vec::<&str>::new(),
        "{} in a {isolation}",
        level.name()
    );
}

#[test]
fn landlock_confines_an_executor_in_a_worktree() {
    holds(Level::Landlock, "worktree", 0);
}

#[test]
fn landlock_confines_an_executor_in_a_clone() {
    holds(Level::Landlock, "clone", 1);
}

#[test]
fn bwrap_confines_an_executor_in_a_worktree() {
    holds(Level::Bwrap, "worktree", 2);
}

#[test]
fn bwrap_confines_an_executor_in_a_clone() {
    holds(Level::Bwrap, "clone", 3);
}

#[test]
fn only_bwrap_closes_the_network_and_only_unless_it_is_left_open() {
    for (level, settings, expected) in [
        (Level::Landlock, "", true),
        (Level::Bwrap, "", false),
        (Level::Bwrap, "sandbox_network = true\n", true),
    ] {
        if !available(level) {
            continue;
        }
        let (user, _) = user();
        user.write("enact.toml", settings);
        user.commit("Settings");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let script = format!(
            "timeout 2 git ls-remote git://127.0.0.1:{port}/x 2> /dev/null; commit work.txt work; claim done"
        );
        run(&user, &script, &["--sandbox", level.name()]).success();
        assert_eq!(
            listener.accept().is_ok(),
            expected,
            "{} {settings}",
            level.name()
        );
    }
}

#[test]
fn what_the_user_names_may_be_written_as_well() {
    for level in [Level::Landlock, Level::Bwrap] {
        if !available(level) {
            continue;
        }
        let (user, _) = user();
        std::fs::create_dir_all(user.outside("home/cache")).expect("a directory");
        user.write("enact.toml", "sandbox_write = [\"~/cache\"]\n");
        user.commit("Settings");
        let script = "echo x > ~/cache/x || exit 9; ! echo x 2> /dev/null > ~/y || exit 10; commit work.txt work; claim done";
        run(&user, script, &["--sandbox", level.name()])
            .success()
            .complains("");
        assert!(user.outside("home/cache/x").exists());
        assert!(!user.outside("home/y").exists());
        user.enact(["status"])
            .success()
            .says(&format!("isolation: worktree, sandbox: {}", level.name()))
            .says("also writable: ~/cache");
    }
}

#[test]
fn commands_that_verify_are_confined_too() {
    for (level, isolation) in [
        (Level::Landlock, "worktree"),
        (Level::Landlock, "clone"),
        (Level::Bwrap, "worktree"),
    ] {
        if !available(level) {
            continue;
        }
        let (user, _) = user();
        // What it proves is that it can write here and not there.
        let check = "echo x > \"$TMPDIR/x\" && git status > /dev/null && ! ( echo x > \"$HOME/x\" ) 2> /dev/null";
        run(
            &user,
            "commit work.txt work; claim done",
            &[
                "--sandbox",
                level.name(),
                "--isolation",
                isolation,
                "--verify",
                check,
                "--final-verify",
                check,
            ],
        )
        .success();
        assert!(!user.outside("home/x").exists());
        assert!(
            !user.outside("repo.enact").exists(),
            "nothing is left, temporary files neither"
        );
    }
}

#[test]
fn how_a_confined_executor_ends_is_told_as_ever() {
    for level in [Level::Landlock, Level::Bwrap] {
        if !available(level) {
            continue;
        }
        let (user, _) = user();
        let flags = ["--sandbox", level.name(), "--timeout", "20s"];
        run(&user, "exit 7", &flags).code(1).complains("exit 7");
        let (user, _) = self::user();
        run(
            &user,
            "echo '{\"status\": \"failed\", \"reason\": \"the claim\"}' > \"$ENACT_RESULT_FILE\"",
            &flags,
        )
        .code(1)
        .complains("the claim");
        let (user, _) = self::user();
        run(
            &user,
            "sleep 600 & setsid sleep 600 & wait",
            &["--sandbox", level.name(), "--timeout", "300ms"],
        )
        .code(1)
        .complains("wall-clock");
    }
}

#[test]
fn a_sandbox_that_cannot_be_enforced_is_refused_before_anything_is_made() {
    let (user, _) = user();
    let executor = user.executor("commit work.txt work");
    let path = user.outside("bin");
    std::fs::create_dir(&path).expect("a directory");
    std::os::unix::fs::symlink(on_path("git"), path.join("git")).expect("a link");
    let run = |sandbox: &str, settings: &str| {
        user.write("enact.toml", settings);
        let args = [
            "run",
            "plan.toml",
            "--yes",
            "--sandbox",
            sandbox,
            "--",
            &executor,
        ];
        Output::of(user.enact_command(args).env("PATH", &path))
    };
    run("bwrap", "")
        .code(2)
        .complains("`bwrap`, which is not installed");
    std::fs::write(
        path.join("bwrap"),
        "#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n",
    )
    .expect("a program");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path.join("bwrap"), mode).expect("a program");
    run("bwrap", "")
        .code(2)
        .complains("cannot be enforced here: bwrap: No permissions");
    run("landlock", "sandbox_network = false\n")
        .code(2)
        .complains("needs `sandbox = \"bwrap\"`");
    run("landlock", "sandbox_write = [\"cache\"]\n")
        .code(2)
        .complains("begin a path with `/` or `~/`");
    run("seatbelt", "").code(2);
    assert_eq!(
        user.git(["for-each-ref", "refs/enact", "refs/heads/enact"])
            .success()
            .stdout,
        ""
    );
    assert!(!user.outside("repo.enact").exists());
}

#[test]
fn a_run_is_not_resumed_without_its_sandbox() {
    if !available(Level::Bwrap) {
        return;
    }
    let (user, _) = user();
    let executor =
        user.executor("test $ENACT_ATTEMPT = 2 || exit 1; commit work.txt work; claim done");
    user.run(
        "plan.toml",
        &executor,
        &[
            "--sandbox",
            "bwrap",
            "--retries",
            "0",
            "--on-failure",
            "stop",
        ],
    )
    .code(3);
    user.enact(["retry", "t"]).success();
    let tip = || {
        user.git(["rev-parse", "refs/enact/runs/r-test"])
            .success()
            .stdout
    };
    let before = tip();
    let bin = user.outside("bin");
    std::fs::create_dir(&bin).expect("a directory");
    std::os::unix::fs::symlink(on_path("git"), bin.join("git")).expect("a link");
    Output::of(user.enact_command(["resume"]).env("PATH", &bin))
        .code(2)
        .complains("`--sandbox bwrap` needs the program `bwrap`, which is not installed");
    assert_eq!(tip(), before, "nothing is recorded");
    user.enact(["resume"]).success();
    assert_eq!(user.status()["run"]["sandbox"], "bwrap");
}

/// Where PATH has `program`.
fn on_path(program: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    let mut places = std::env::split_paths(&path).map(|dir| dir.join(program));
    places.find(|found| found.is_file()).expect("a program")
}
