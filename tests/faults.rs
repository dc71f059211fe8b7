//! Whatever the machine refuses (room, quota, writing, another open file), nothing is said to be done that is not, and
//! nothing is lost: the run pauses with one message, and ends as the calm run once the machine gives again.
//!
//! Refusals are injected with `strace` into the driver itself, once at the n-th such call or from there on; without
//! `strace` those tests say so and pass. By default a sample is taken; `ENACT_FAULTS_ALL=1` takes every call that a
//! run makes (some hours on two cores; `ENACT_PART=1/5` a fifth of them), and prints how many there were. A small disk
//! of its own needs the right to mount one.

use crate::support::digest::Digest;
use crate::support::oracle;
use crate::support::traced::{self, At, Injected};
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Three"
[[task]]
id = "a"
title = "The first"
[[task]]
id = "b"
title = "The second"
needs = ["a"]
"#;

/// Each task writes a file and notes that it was executed.
const EXECUTOR: &str = r#"
echo "$ENACT_TASK $ENACT_ATTEMPT" >> ROOT/executed.log
commit $ENACT_TASK.txt w
"#;

const ERRORS: [&str; 5] = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EMFILE"];

/// A user with a plan, and an executor.
struct Stand {
    user: User,
    executor: String,
    untouched: Digest,
}

impl Stand {
    fn new() -> Self {
        let user = User::new();
        user.plan(PLAN);
        let root = user.outside("").display().to_string();
        let executor = user.executor(&EXECUTOR.replace("ROOT", root.trim_end_matches('/')));
        let untouched = oracle::untouched(&user);
        Self {
            user,
            executor,
            untouched,
        }
    }

    fn begin(&self) -> Vec<&str> {
        let begin = [
            "run",
            "plan.toml",
            "--yes",
            "--name",
            "r-test",
            "--jobs",
            "1",
            "--",
        ];
        [&begin[..], &[&self.executor]].concat()
    }

    /// What must hold of a command to which the machine refused something, and of the rest of the run.
    fn goes_on_after(&self, refused: &Output) {
        let user = &self.user;
        assert!(!refused.stderr.contains("panicked"), "{refused}");
        let status = user.enact(["status", "--json"]);
        if status.status == 2 {
            // It was refused before there was a run.
            assert_ne!(refused.status, 0, "nothing is said to be done: {refused}");
            let again = user.enact(self.begin());
            assert_eq!(
                again.status, 0,
                "after {refused} it is begun again: {again}"
            );
        } else {
            let is_complete = user.status()["run"]["status"] == "complete";
            assert!(
                refused.status != 0 || is_complete,
                "nothing is said to be done: {refused}"
            );
            let resumed = user.enact(["resume", "--yes"]);
            assert_eq!(resumed.status, 0, "after {refused} it goes on: {resumed}");
        }
        for task in ["a", "b"] {
            let file = format!("{task}.txt");
            assert_eq!(user.at("enact/r-test/integration", &file), "w\n");
            assert_eq!(user.task(task)["status"], "done");
        }
        oracle::check(user, &self.untouched);
    }
}

/// Something that the machine refuses.
#[derive(Debug)]
struct Refusal {
    call: &'static str,
    nth: usize,
    error: &'static str,
    persists: bool,
}

/// Every refusal, or every so many-th.
fn refusals() -> Vec<Refusal> {
    let everything = std::env::var_os("ENACT_FAULTS_ALL").is_some();
    let mut all = Vec::new();
    let stand = Stand::new();
    let counts = stand.user.count_calls(&stand.begin());
    for (kind, (call, count)) in counts.into_iter().enumerate() {
        if everything {
            for error in ERRORS {
                for nth in 1..=count {
                    all.extend([false, true].map(|persists| Refusal {
                        call,
                        nth,
                        error,
                        persists,
                    }));
                }
            }
            continue;
        }
        // Somewhere in the first and in the last half, with another error each time.
        for (half, persists) in [(1, true), (2, false)] {
            all.push(Refusal {
                call,
                nth: (count * (2 * half - 1) / 4).max(1),
                error: ERRORS[(2 * kind + half) % ERRORS.len()],
                persists,
            });
        }
    }
    traced::part(all)
}

#[test]
fn whatever_the_machine_refuses_nothing_is_said_to_be_done_that_is_not() {
    if !traced::is_possible() {
        return;
    }
    let refusals = refusals();
    traced::say(&format!("{} refusals", refusals.len()));
    traced::each(&refusals, |refusal| {
        let stand = Stand::new();
        let injected = match refusal.persists {
            true => Injected::Errors(refusal.error),
            false => Injected::Error(refusal.error),
        };
        let at = At {
            call: refusal.call,
            nth: refusal.nth,
            injected,
        };
        stand.goes_on_after(&stand.user.enact_at(&stand.begin(), at));
    });
}

#[test]
fn a_refusal_is_told_in_one_line_with_what_helps() {
    if !traced::is_possible() {
        return;
    }
    let stand = Stand::new();
    let counts = stand.user.count_calls(&stand.begin());
    let (call, count) = ("openat", counts["openat"]);
    for (error, says) in [
        (
            "ENOSPC",
            "the disk is full; everything so far is kept: make room, then `git enact resume r-test`",
        ),
        ("EDQUOT", "the disk quota is used up"),
        ("EROFS", "the disk cannot be written"),
        ("EIO", "the disk does not work"),
    ] {
        let stand = Stand::new();
        let at = At {
            call,
            nth: count - count / 3,
            injected: Injected::Errors(error),
        };
        let refused = stand
            .user
            .enact_at(&stand.begin(), at)
            .code(4)
            .complains(says);
        let errors = refused
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{refused}");
        stand.goes_on_after(&refused);
    }
}

/// Runs `script` where all that belongs to the test lies on a disk of its own with so many MiB, which holds a file
/// `ballast` of so many; `None` where nobody may mount one. What the disk held in the end is there afterwards.
pub(crate) fn on_a_small_disk(
    user: &User,
    size: u32,
    ballast: u32,
    script: &str,
) -> Option<Output> {
    let root = user.outside("");
    let beside = root.with_extension("beside");
    let all = format!(
        r#"set -eu
mkdir "$2" && cp -a "$1/." "$2/"
mount -t tmpfs -o size={size}m tmpfs "$1" || exit 77
cp -a "$2/." "$1/" && cd "$1/repo"
dd if=/dev/zero of="$1/ballast" bs=1M count={ballast} status=none
{script}
rm -rf "$2/repo" "$2/repo.enact" && cp -a "$1/." "$2/""#
    );
    let mut command = user.command("unshare");
    // Who is root needs no other user's rights, and has the right to mount in a namespace.
    command.args(["-rm", "sh", "-c", &all, "sh"]);
    let output = Output::of(
        command
            .current_dir("/")
            .env("ENACT", env!("CARGO_BIN_EXE_git-enact"))
            .args([&root, &beside]),
    );
    let copied = user
        .command("cp")
        .args(["-a"])
        .arg(beside.join("."))
        .arg(&root)
        .output();
    let is_here = copied.is_ok_and(|copied| copied.status.success());
    std::fs::remove_dir_all(&beside).unwrap_or_default();
    if output.status == 77 || !is_here {
        traced::say(&format!("skipped: nobody may mount a disk here: {output}"));
        return None;
    }
    Some(output)
}

#[test]
fn a_full_disk_pauses_the_run_before_anything_is_begun() {
    let stand = Stand::new();
    let script = format!(
        r#"set +e
"$ENACT" {run}; echo "first $?"; "$ENACT" status; "$ENACT" resume --yes; echo "again $?"
rm ../ballast; "$ENACT" resume --yes; echo "then $?""#,
        run = stand.begin().join(" ")
    );
    let Some(output) = on_a_small_disk(&stand.user, 24, 18, &script) else {
        return;
    };
    let output = output
        .success()
        .says("first 4")
        .says("again 4")
        .says("then 0");
    output
        .complains("paused: the disk is full: ")
        .complains("make room, then `git enact resume r-test`");
    assert_eq!(
        stand.user.task("a")["attempts"],
        1,
        "nothing was begun in vain"
    );
    oracle::check(&stand.user, &stand.untouched);
}

#[test]
fn an_attempt_that_fills_the_disk_has_not_failed() {
    let mut stand = Stand::new();
    let root = stand.user.outside("").display().to_string();
    let root = root.trim_end_matches('/');
    // What it leaves takes no room, so that only what it met tells why it failed.
    stand.executor = stand.user.executor(&format!(
        r#"echo "$ENACT_TASK $ENACT_ATTEMPT" >> {root}/executed.log
if ! test -e {root}/filled; then
  : > {root}/filled
  cat /dev/zero > full; echo half > half.txt
  exit 1
fi
commit $ENACT_TASK.txt w"#
    ));
    let run = stand.begin();
    let (run, executor) = run.split_at(run.len() - 2);
    let run = [run, &["--retries", "0"], executor].concat().join(" ");
    let script = format!(
        r#"set +e
"$ENACT" {run}; echo "first $?"
rm ../ballast; "$ENACT" resume --yes; echo "then $?""#
    );
    let Some(output) = on_a_small_disk(&stand.user, 48, 16, &script) else {
        return;
    };
    let output = output.success().says("first 4").says("then 0");
    assert!(output.stderr.contains("the disk is full"), "{output}");
    assert_eq!(
        stand.user.task("a")["attempts"],
        2,
        "what failed for room runs again"
    );
    oracle::check(&stand.user, &stand.untouched);
}
