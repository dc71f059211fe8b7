//! `git-enact` under `strace`, which has the kernel refuse a chosen call of the driver, or kills it there.
//!
//! Only the driver's own thread is traced: what it starts (git, supervisors, executors) is not touched. Where there
//! is no `strace`, or nobody may trace, there is nothing to be had: the caller says so and passes.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};

use super::user::{Output, User, wait_until};

/// What happens at a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Injected<'a> {
    /// It is refused, once.
    Error(&'a str),
    /// It and all after it are refused.
    Errors(&'a str),
    /// The process is killed before it.
    Death,
}

/// What a driver asks of the machine when it stores something, on one machine or another. `close` is not among them:
/// it closes what it complains of, and a tracer can only refuse it without that.
pub(crate) const CALLS: [&str; 13] = [
    "write",
    "link",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "openat",
    "mkdir",
    "mkdirat",
    "fsync",
    "syncfs",
    "unlink",
    "unlinkat",
];

/// The n-th call of that name, counted from 1, and what happens there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) call: &'a str,
    pub(crate) nth: usize,
    pub(crate) injected: Injected<'a>,
}

/// Whether processes can be traced here; says so once where they cannot.
pub(crate) fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let traced = Command::new("strace")
            .args([
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "inject=write:error=EIO:when=9",
                "true",
            ])
            .output();
        let can = traced.is_ok_and(|output| output.status.success());
        if !can {
            say("skipped: `strace` is not there, or may not trace");
        }
        can
    })
}

impl User {
    /// Runs `git-enact` with something that happens at a call of its driver.
    pub(crate) fn enact_at(&self, args: &[&str], at: At<'_>) -> Output {
        let calls = at.call;
        let rule = match at.injected {
            Injected::Error(error) => format!("inject={calls}:error={error}:when={}", at.nth),
            Injected::Errors(error) => format!("inject={calls}:error={error}:when={}+", at.nth),
            Injected::Death => format!("inject={calls}:signal=KILL:when={}", at.nth),
        };
        let mut command = self.command("strace");
        command.args(["-qq", "-o", "/dev/null", "-e", &rule, "--"]);
        Output::of(command.arg(env!("CARGO_BIN_EXE_git-enact")).args(args))
    }

    /// How often the driver makes each of [`CALLS`] on its way to the end.
    pub(crate) fn count_calls(&self, args: &[&str]) -> BTreeMap<&'static str, usize> {
        let log = self.outside("calls.log");
        let mut command = self.command("strace");
        let names = CALLS.map(|call| format!("?{call}")).join(",");
        let trace = format!("trace={names}");
        command.args(["-qq", "-e", "signal=none", "-e", &trace, "-o"]);
        let command = command.arg(&log).arg("--");
        Output::of(command.arg(env!("CARGO_BIN_EXE_git-enact")).args(args)).success();
        let text = std::fs::read_to_string(&log).expect("a log");
        std::fs::remove_file(&log).expect("removed");
        let counts = CALLS.map(|call| {
            let begin = format!("{call}(");
            let made = text.lines().filter(|line| line.starts_with(&begin));
            (call, made.count())
        });
        counts.into_iter().filter(|(_, made)| *made > 0).collect()
    }

    /// Runs `git-enact`, stopped each time when the disk has confirmed what was written, and calls `look` there. What it
    /// started goes on meanwhile.
    pub(crate) fn enact_by_barriers(&self, args: &[String], mut look: impl FnMut()) -> Output {
        let log = self.outside("barriers.log");
        let mut command = self.command("strace");
        command.args(["-qq", "-e", "inject=syncfs:signal=STOP", "-o"]);
        command.arg(&log).arg("--");
        command.arg(env!("CARGO_BIN_EXE_git-enact")).args(args);
        let mut running = self.started(command);
        let stops = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            text.matches("--- stopped by SIGSTOP").count()
        };
        for seen in 0.. {
            wait_until("it waits for the disk, or has ended", || {
                stops() > seen || running.has_ended()
            });
            if stops() <= seen {
                break;
            }
            look();
            let driver = traced_by(running.id()).expect("it is stopped");
            kill_process(driver, Signal::CONT).expect("it is there");
        }
        std::fs::remove_file(&log).expect("removed");
        running.end()
    }
}

/// What a tracer has started.
fn traced_by(tracer: u32) -> Option<Pid> {
    let children = format!("/proc/{tracer}/task/{tracer}/children");
    let children = std::fs::read_to_string(children).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

/// Says what a test leaves out, or how much it did, to whoever reads what it prints.
#[expect(clippy::print_stderr, reason = "a test has nobody else to tell")]
pub(crate) fn say(what: &str) {
    eprintln!("{what}");
}

/// Of a whole suite the part that `ENACT_PART` asks for: of `2/5` a second fifth, drawn so that no part is all of one
/// kind. All parts together are the suite, in as many sittings or on as many machines as it needs.
pub(crate) fn part<T>(cases: Vec<T>) -> Vec<T> {
    let Some((nth, of)) = part_asked() else {
        return cases;
    };
    // Fibonacci hashing: neighbours fall far apart.
    let drawn = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let cases = cases.into_iter().enumerate();
    let part = cases.filter(|(at, _)| drawn(*at) % of == nth - 1);
    part.map(|(_, case)| case).collect()
}

/// Which part of a suite is asked for, counted from 1, and of how many.
pub(crate) fn part_asked() -> Option<(u64, u64)> {
    let asked = std::env::var("ENACT_PART").ok()?;
    let (nth, of) = asked.split_once('/').expect("`ENACT_PART=2/5`");
    let [nth, of] = [nth, of].map(|number| number.parse().expect("a number"));
    assert!((1..=of).contains(&nth), "`{asked}` is a part");
    Some((nth, of))
}

/// Does `work` for each of `cases` on two threads, and tells of those that went wrong.
pub(crate) fn each<T: Sync + std::fmt::Debug>(cases: &[T], work: impl Fn(&T) + Sync) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let next = AtomicUsize::new(0);
    let wrong: Mutex<Vec<&T>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| work(case))).is_err() {
                        wrong.lock().expect("a list").push(case);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a list");
    let count = cases.len();
    assert!(
        wrong.is_empty(),
        "{} of {count} go wrong, as told above: {wrong:#?}",
        wrong.len()
    );
}
