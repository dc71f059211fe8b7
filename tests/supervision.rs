//! No process outlives its attempt, and how an attempt ended is known.
//!
//! Scripts signal by files: a test waits for what it needs to have happened, never for a time to pass.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_enact::process::supervise::{self, Ended, Order, Supervised, Supervisors};
use git_enact::run::evidence::Outcome;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Far beyond what anything here takes; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// An attempt in a directory of its own, where `sh` runs a script.
struct Attempt {
    dir: TempDir,
    order: Order,
}

impl Attempt {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let order = Order {
            argv: ["sh", "-c", script].map(OsString::from).to_vec(),
            dir: dir.path().into(),
            env: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
            stdin: None,
            timeout_ms: Some(60_000),
            stall_timeout_ms: None,
            grace_ms: 10_000,
            output: dir.path().join("output"),
            head: supervise::HEAD,
            tail: supervise::TAIL,
            token: supervise::token(),
            sandbox: None,
        };
        Self { dir, order }
    }

    fn with(mut self, change: impl FnOnce(&mut Order)) -> Self {
        change(&mut self.order);
        self
    }

    fn mark(&self) -> PathBuf {
        self.dir.path().join("mark")
    }

    fn start(&self) -> Supervised {
        Supervisors::new(program())
            .start(&self.order, &self.mark())
            .unwrap()
    }

    fn run(&self) -> Ended {
        self.start().wait()
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.order.output).unwrap()).into_owned()
    }

    /// What the script wrote to `name`, once it has.
    fn word(&self, name: &str) -> String {
        let path = self.dir.path().join(name);
        until(name, || {
            fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n'))
        });
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    fn pid(&self, name: &str) -> u32 {
        self.word(name).parse().unwrap()
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_git-enact"))
}

fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "`{what}` did not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Zombies count as dead: whoever inherits one reaps it when it pleases.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat[stat.rfind(')').unwrap()..].starts_with(") Z"))
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// Sleeps without end in a session of its own, with an empty environment, and says who it is.
const DETACHED: &str = "env -i setsid sh -c 'echo $$ >detached; exec sleep 600' & ";

#[test]
fn an_executor_that_ends_by_itself_is_exited() {
    let attempt = Attempt::new("echo out; echo err >&2; exit 7");
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::Exited(7));
    assert_eq!(attempt.output(), "out\nerr\n", "both streams, in order");
    assert!(!ended.leaky);
    assert_eq!(ended.output.dropped, 0);
    assert_eq!(
        supervise::outcome_of(&attempt.mark()),
        Some(ended),
        "the mark says the same"
    );
}

#[test]
fn what_an_executor_does_to_its_mark_is_not_believed() {
    let forged = r#"{"outcome":{"exited":0},"millis":1,"output":{"path":"x","head":0,"dropped":0},"leaky":false,"survivors":[],"trouble":null}"#;
    let attempt = Attempt::new(&format!("echo '{forged}' >> mark; exit 7"));
    assert_eq!(attempt.run().outcome, Outcome::Exited(7));
    let attempt = Attempt::new("rm mark; mkfifo mark; exit 7");
    assert_eq!(attempt.run().outcome, Outcome::Lost);
}

#[test]
fn an_executor_killed_by_a_signal_says_which() {
    let attempt = Attempt::new("kill -SEGV $$");
    assert_eq!(attempt.run().outcome, Outcome::Signaled(11));
}

#[test]
fn a_program_that_is_not_there_was_not_started() {
    let attempt = Attempt::new("").with(|order| order.argv = vec!["no-such-program".into()]);
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::NotStarted);
    assert!(ended.trouble.unwrap().contains("`no-such-program`"));
}

#[test]
fn an_executor_gets_its_input_its_directory_and_no_other_environment() {
    let attempt = Attempt::new("cat; pwd -P; env | sed 's/=.*//' | sort | tr '\\n' ' '");
    let prompt = attempt.dir.path().join("prompt");
    fs::write(&prompt, "do it\n").unwrap();
    let attempt = attempt.with(|order| order.stdin = Some(prompt));
    assert_eq!(attempt.run().outcome, Outcome::Exited(0));
    let dir = attempt.dir.path().canonicalize().unwrap();
    assert_eq!(
        attempt.output(),
        format!("do it\n{}\nENACT_ATTEMPT_TOKEN PATH PWD ", dir.display())
    );
}

#[test]
fn words_that_are_no_text_arrive_as_they_are() {
    use std::os::unix::ffi::OsStringExt as _;
    let word = OsString::from_vec(vec![b'a', 0xff, b'b']);
    let attempt = Attempt::new("printf %s \"$WORD\" >word; echo >>word");
    let attempt = attempt.with(|order| order.env.push(("WORD".into(), word)));
    attempt.run();
    assert_eq!(
        fs::read(attempt.dir.path().join("word")).unwrap(),
        b"a\xffb\n"
    );
}

#[test]
fn an_executor_over_its_time_is_interrupted() {
    let attempt =
        Attempt::new("trap 'echo caught; exit 0' INT; echo up; while :; do sleep 0.01; done")
            .with(|order| order.timeout_ms = Some(150));
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::TimedOut, "whatever its exit status");
    assert_eq!(attempt.output(), "up\ncaught\n", "INT is enough for it");
}

#[test]
fn an_executor_that_ignores_every_signal_is_killed() {
    let attempt = Attempt::new("trap '' INT TERM; echo $$ >pid; while :; do sleep 0.01; done")
        .with(|order| (order.timeout_ms, order.grace_ms) = (Some(100), 20));
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert!(ended.millis >= 140, "it was given both graces");
    assert!(!is_alive(attempt.pid("pid")));
}

#[test]
fn an_executor_that_stops_itself_ends_in_time() {
    let attempt = Attempt::new("kill -STOP $$").with(|order| {
        (order.timeout_ms, order.grace_ms) = (Some(50), 20);
    });
    assert_eq!(attempt.run().outcome, Outcome::TimedOut);
}

#[test]
fn silence_ends_an_attempt_and_output_prolongs_it() {
    // More noise than one silence allows, then nothing.
    let script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done; exec sleep 600";
    let attempt = Attempt::new(script).with(|order| {
        (order.stall_timeout_ms, order.grace_ms) = (Some(300), 20);
    });
    assert_eq!(attempt.run().outcome, Outcome::Stalled);
    assert!(
        attempt.output().ends_with("7\n8\n"),
        "it lived as long as it spoke"
    );
}

#[test]
fn what_an_executor_leaves_running_is_killed() {
    let attempt = Attempt::new(&format!(
        "sleep 600 & echo $! >plain; {DETACHED} (setsid sleep 600 & echo $! >daemon); \
         until test -s detached; do sleep 0.01; done; echo done"
    ));
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::Exited(0));
    assert!(ended.leaky, "it is told");
    assert_eq!(ended.survivors, Vec::<u32>::new());
    assert_eq!(attempt.output(), "done\n", "a held pipe holds up nobody");
    for name in ["plain", "detached", "daemon"] {
        assert!(!is_alive(attempt.pid(name)), "`{name}` survived");
    }
}

#[test]
fn a_cancelled_attempt_leaves_nothing() {
    let attempt = Attempt::new(&format!("{DETACHED} exec sleep 600"));
    let supervised = attempt.start();
    let detached = attempt.pid("detached");
    supervised.canceller().stop();
    assert_eq!(supervised.wait().outcome, Outcome::Cancelled);
    assert!(!is_alive(detached));
}

#[test]
fn a_killed_attempt_is_given_no_grace() {
    let attempt = Attempt::new("trap '' INT TERM; echo $$ >pid; while :; do sleep 0.01; done")
        .with(|order| order.grace_ms = 600_000);
    let supervised = attempt.start();
    let pid = attempt.pid("pid");
    let canceller = supervised.canceller();
    canceller.stop();
    canceller.kill();
    assert_eq!(supervised.wait().outcome, Outcome::Cancelled);
    assert!(!is_alive(pid));
    canceller.stop();
}

#[test]
fn a_supervisor_asked_to_end_ends_its_attempt() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let attempt = Attempt::new("echo $$ >pid; exec sleep 600");
        let supervised = attempt.start();
        let pid = attempt.pid("pid");
        kill(supervised.id(), signal);
        assert_eq!(supervised.wait().outcome, Outcome::Cancelled);
        assert!(!is_alive(pid));
    }
}

#[test]
fn a_killed_supervisor_is_lost_and_its_attempt_is_swept() {
    let attempt = Attempt::new(&format!(
        "setsid sh -c 'echo $$ >session; exec sleep 600' & {DETACHED} \
         env -i sh -c 'echo $$ >cleared; exec sleep 600' & echo $$ >pid; wait"
    ));
    let supervised = attempt.start();
    let pids = ["pid", "session", "cleared", "detached"].map(|name| attempt.pid(name));
    kill(supervised.id(), Signal::KILL);
    let ended = supervised.wait();
    assert_eq!(ended.outcome, Outcome::Lost);
    assert_eq!(ended.survivors, Vec::<u32>::new());
    for pid in pids {
        assert!(!is_alive(pid), "{pid} survived");
    }
    assert_eq!(supervise::outcome_of(&attempt.mark()), None);
}

#[test]
fn a_killed_supervisor_is_swept_whatever_became_of_its_mark() {
    let forged = r#"{"outcome":{"exited":0},"millis":1,"output":{"path":"x","head":0,"dropped":0},"leaky":false,"survivors":[],"trouble":null}"#;
    for trick in [
        &format!("echo '{forged}' >> mark"),
        "rm mark",
        "echo no >mark",
    ] {
        let attempt = Attempt::new(&format!("{trick}; echo $$ >pid; exec sleep 600"));
        let supervised = attempt.start();
        let pid = attempt.pid("pid");
        kill(supervised.id(), Signal::KILL);
        assert_eq!(supervised.wait().outcome, Outcome::Lost, "after `{trick}`");
        assert!(!is_alive(pid), "{pid} survived `{trick}`");
    }
}

#[test]
fn a_supervisor_that_is_stopped_goes_on() {
    let attempt = Attempt::new("kill -STOP $PPID; kill -STOP $PPID; exit 7");
    assert_eq!(attempt.run().outcome, Outcome::Exited(7));
    let attempt = Attempt::new("kill -STOP $PPID; exec sleep 600");
    let attempt = attempt.with(|order| order.timeout_ms = Some(100));
    assert_eq!(attempt.run().outcome, Outcome::TimedOut);
}

#[test]
fn noise_is_capped_at_its_beginning_and_its_end() {
    let script = "echo first; head -c 10485760 /dev/zero | tr '\\0' '\\377'; echo; echo last";
    let attempt = Attempt::new(script);
    let ended = attempt.run();
    assert_eq!(ended.outcome, Outcome::Exited(0));
    assert_eq!(ended.output.head, supervise::HEAD);
    assert_eq!(
        ended.output.dropped,
        10_485_760 + 12 - supervise::HEAD - supervise::TAIL
    );
    let bytes = ended.output.read().unwrap();
    assert_eq!(bytes.len() as u64, supervise::HEAD + supervise::TAIL);
    assert!(bytes.starts_with(b"first\n\xff") && bytes.ends_with(b"\xff\nlast\n"));
}

#[test]
fn one_long_line_is_kept_whole() {
    let attempt = Attempt::new("head -c 5242880 /dev/zero");
    let ended = attempt.run();
    assert_eq!(ended.output.read().unwrap(), vec![0; 5_242_880]);
}

/// Plays the driver in the tests below, in a process that they may kill; a test itself only when it is
/// told which attempt to drive.
#[test]
fn drive() {
    let Some(dir) = std::env::var_os("ENACT_TEST_DRIVES") else {
        return;
    };
    let order: Order =
        serde_json::from_slice(&fs::read(Path::new(&dir).join("wanted")).unwrap()).unwrap();
    // From a thread that ends at once: an attempt belongs to the process and not to a thread of it.
    let start = move || Supervisors::new(program()).start(&order, &Path::new(&dir).join("mark"));
    let supervised = std::thread::spawn(start).join().unwrap().unwrap();
    supervised.wait();
}

#[test]
fn an_attempt_dies_with_its_driver() {
    let attempt = Attempt::new(&format!(
        "{DETACHED} echo $$ >pid; until test -e end; do sleep 0.01; done"
    ));
    let wanted = serde_json::to_vec(&attempt.order).unwrap();
    fs::write(attempt.dir.path().join("wanted"), wanted).unwrap();
    let mut driver = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "supervision::drive"])
        .env("ENACT_TEST_DRIVES", attempt.dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pids = [attempt.pid("pid"), attempt.pid("detached")];
    assert!(
        driver.try_wait().unwrap().is_none(),
        "the driver waits for its attempt"
    );
    driver.kill().unwrap();
    driver.wait().unwrap();
    until("outcome", || {
        supervise::outcome_of(&attempt.mark()).is_some()
    });
    let ended = supervise::outcome_of(&attempt.mark()).unwrap();
    assert_eq!(
        ended.outcome,
        Outcome::Cancelled,
        "the next driver may read how it ended"
    );
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    until("sweep", || {
        supervise::sweep(&attempt.mark()).unwrap().is_empty()
    });
}

#[test]
fn a_held_lifeline_does_not_save_an_attempt_whose_driver_died() {
    let attempt = Attempt::new("echo $$ >pid; exec sleep 600");
    // The pipe's writing end stays here, so that only the parent's death can tell the supervisor.
    let (lifeline, mut held) = std::io::pipe().unwrap();
    let order = serde_json::json!({ "mark": attempt.mark(), "order": attempt.order });
    let order = serde_json::to_vec(&order).unwrap();
    held.write_all(&(order.len() as u64).to_le_bytes()).unwrap();
    held.write_all(&order).unwrap();
    let mut driver = Command::new("sh")
        .args(["-c", "exec 3<&0; \"$0\" supervise <&3 & wait"])
        .arg(program())
        .stdin(lifeline)
        .spawn()
        .unwrap();
    let pid = attempt.pid("pid");
    driver.kill().unwrap();
    driver.wait().unwrap();
    until("outcome", || {
        supervise::outcome_of(&attempt.mark()).is_some()
    });
    assert!(!is_alive(pid));
    drop(held);
}

#[test]
fn a_sweep_ends_an_attempt_that_runs_on() {
    let attempt = Attempt::new(&format!(
        "trap '' INT TERM; {DETACHED} echo $$ >pid; while :; do sleep 0.01; done"
    ))
    .with(|order| order.grace_ms = 600_000);
    let supervised = attempt.start();
    let pids = [attempt.pid("pid"), attempt.pid("detached")];
    // The supervisor stays a zombie until it is waited for, as a real driver's would not.
    assert_eq!(
        supervise::sweep(&attempt.mark()).unwrap(),
        Vec::<u32>::new()
    );
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    assert_eq!(supervised.wait().outcome, Outcome::Cancelled);
}

#[test]
fn sweeping_nothing_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        supervise::sweep(&dir.path().join("mark")).unwrap(),
        Vec::<u32>::new()
    );
}
