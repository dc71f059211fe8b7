//! The supervisor itself: one thread that waits for whatever comes first, and ends what it started.
//!
//! It blocks in one `poll` on its signals (a child ended, somebody asks it to stop), its lifeline and the
//! executor's output, until the next deadline; so a short attempt costs no tick of a clock. It waits for
//! processes and never for the end of a pipe, which a daemon may hold for ever.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::event::Timespec;
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGQUIT, SIGUSR1};

use super::capture::Capture;
use super::descendants::{Process, closure};
use super::sweep::Mark;
use super::wake::{Lifeline, Signals, ready};
use super::{Captured, Ended, Order, TOKEN, millis};
use crate::process::storage::NoRoom;
use crate::run::evidence::Outcome;

/// On the lifeline: end the attempt politely.
pub(super) const STOP: u8 = b's';
/// On the lifeline: end it at once.
pub(super) const KILL: u8 = b'k';

/// How long killed processes may take to be gone.
const DEATH_MAX: Duration = Duration::from_secs(5);
/// How long output may go on after the last process has ended: somebody else holds the pipe then.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// How often the tree is searched again while killed processes linger.
const SEARCH_AGAIN: Duration = Duration::from_millis(20);

/// Supervises what standard input orders, in a process of its own; returns the exit status. All news goes to
/// the mark: 0 means that it says how the attempt ended.
pub fn main() -> i32 {
    match supervise() {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn supervise() -> Result<()> {
    leave_the_terminal()?;
    let signals = Signals::new()?;
    adopt_orphans()?;
    let mut lifeline = Lifeline::new()?;
    let this = Mark::of_this_process();
    // Up to here, it came up while there was time.
    let (mark, order) = lifeline.order()?;
    let mark = this.for_attempt(&order.token).begin(&mark)?;
    let ended = if lifeline.is_cut()? {
        not_started(&order, Outcome::Cancelled, None)
    } else {
        match Supervisor::start(&order, signals, lifeline) {
            Ok(supervisor) => supervisor.run()?,
            Err(error) => not_started(&order, Outcome::NotStarted, Some(format!("{error:#}"))),
        }
    };
    Mark::end(mark, &ended)?;
    Ok(())
}

/// Begins a session of our own, out of reach of the terminal's Ctrl-C, which the driver hears and passes on.
///
/// We were started in a process group of our own, or the press would end us before this line. Its leader can begin
/// no session, so we go back to the driver's group for a moment, in which a press is swallowed.
fn leave_the_terminal() -> io::Result<()> {
    signal_hook::flag::register(SIGINT, Arc::default())?;
    // Without a driver there is nobody to go back to, and nothing will be ordered.
    if let Ok(group) = process::getpgid(process::getppid()) {
        process::setpgid(None, Some(group)).unwrap_or_default();
    }
    process::setsid().map(drop).unwrap_or_default();
    Ok(())
}

/// Whatever descends from us stays below us, and our parent's death is told to us.
#[cfg(target_os = "linux")]
fn adopt_orphans() -> io::Result<()> {
    process::set_child_subreaper(Some(process::getpid()))?;
    // Sent when the *thread* that started us ends, so it only makes us look; had our parent died before
    // this line, the lifeline would tell.
    process::set_parent_process_death_signal(Some(Signal::USR1))?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// What is started: the ordered command, or what confines and then becomes it.
fn command(order: &Order) -> Result<Cow<'_, [OsString]>> {
    let Some(sandbox) = &order.sandbox else {
        return Ok(Cow::Borrowed(&order.argv));
    };
    let path = order.env.iter().rfind(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(""), |(_, path)| path);
    Ok(Cow::Owned(sandbox.around(&order.argv, &order.dir, path)?))
}

fn not_started(order: &Order, outcome: Outcome, trouble: Option<String>) -> Ended {
    Ended {
        starved: is_starved(order),
        outcome,
        millis: 0,
        output: Captured {
            path: order.output.clone(),
            ..Captured::default()
        },
        leaky: false,
        survivors: Vec::new(),
        trouble,
    }
}

/// Whether there is no room where an attempt works, or where it is told of.
fn is_starved(order: &Order) -> bool {
    NoRoom::at([order.dir.as_path(), &order.output]).is_some()
}

/// How far an attempt has been ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    /// Not at all.
    Running,
    /// It was sent INT.
    Interrupted,
    /// It was sent TERM.
    Terminated,
    /// Everything is killed.
    Killed,
}

struct Supervisor<'a> {
    order: &'a Order,
    signals: Signals,
    lifeline: Lifeline,
    executor: Pid,
    status: Option<WaitStatus>,
    output: Option<PipeReader>,
    capture: Capture,
    started: Instant,
    last_output: Instant,
    rung: Rung,
    /// When the next rung is due.
    rung_until: Option<Instant>,
    /// Why it is being ended.
    reason: Option<Outcome>,
}

impl<'a> Supervisor<'a> {
    fn start(order: &'a Order, signals: Signals, lifeline: Lifeline) -> Result<Self> {
        ensure!(
            order.dir.is_dir(),
            "`{}` is not a directory",
            order.dir.display()
        );
        let argv = command(order)?;
        let (program, args) = argv
            .split_first()
            .ok_or_else(|| anyhow!("there is no command to run"))?;
        let capture = Capture::new(&order.output, order.head, order.tail)
            .with_context(|| format!("could not create `{}`", order.output.display()))?;
        let stdin = match &order.stdin {
            Some(path) => File::open(path)
                .with_context(|| format!("could not read `{}`", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        let (output, stdout) = io::pipe()?;
        let started = Instant::now();
        // Both ends of the pipe but the reading one go with the command at the end of this statement.
        let child = crate::process::child(program, &order.env, Some(&order.dir))
            .args(args)
            .env(TOKEN, &order.token)
            .stdin(stdin)
            .stderr(stdout.try_clone()?)
            .stdout(stdout)
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start `{}`", program.to_string_lossy()))?;
        let executor =
            Pid::from_raw(child.id().cast_signed()).ok_or_else(|| anyhow!("no process id"))?;
        Ok(Self {
            order,
            signals,
            lifeline,
            executor,
            status: None,
            output: Some(output),
            capture,
            started,
            last_output: started,
            rung: Rung::Running,
            rung_until: None,
            reason: None,
        })
    }

    fn run(mut self) -> Result<Ended> {
        while self.status.is_none() && self.rung < Rung::Killed {
            self.wait_until(self.next_deadline())?;
            if self.status.is_none() {
                self.keep_time();
            }
        }
        let ended = Instant::now();
        // How it ended is settled now, whatever is asked of us while we clean up.
        let outcome = match (self.reason, self.status) {
            (Some(reason), _) => reason,
            (None, Some(status)) => outcome_of(status),
            (None, None) => Outcome::Cancelled,
        };
        // Before anything that it holds is given back.
        let starved = is_starved(self.order);
        self.rung = Rung::Killed;
        let left_some = self.status.is_some() && self.has_children()?;
        let survivors = self.kill_all()?;
        let held = self.drain()?;
        Ok(Ended {
            outcome,
            millis: millis(ended - self.started),
            output: self.capture.finish(),
            leaky: left_some || held,
            survivors,
            trouble: None,
            starved,
        })
    }

    /// The earliest moment at which time itself changes something.
    fn next_deadline(&self) -> Option<Instant> {
        let limits = match self.rung {
            Rung::Running => [self.wall_limit(), self.stall_limit()],
            _ => [self.rung_until, None],
        };
        limits.into_iter().flatten().min()
    }

    fn wall_limit(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.order.timeout_ms?);
        self.started.checked_add(limit)
    }

    fn stall_limit(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.order.stall_timeout_ms?);
        self.last_output.checked_add(limit)
    }

    /// Ends what is over its time and climbs the ladder where grace has run out.
    fn keep_time(&mut self) {
        let now = Instant::now();
        let over = |limit: Option<Instant>| limit.is_some_and(|limit| now >= limit);
        match self.rung {
            Rung::Running if over(self.wall_limit()) => self.stop(Outcome::TimedOut),
            Rung::Running if over(self.stall_limit()) => self.stop(Outcome::Stalled),
            Rung::Interrupted if over(self.rung_until) => self.climb(Rung::Terminated),
            Rung::Terminated if over(self.rung_until) => self.climb(Rung::Killed),
            _ => {}
        }
    }

    /// Begins the ladder; an attempt that is being ended already keeps its reason and its pace.
    fn stop(&mut self, reason: Outcome) {
        if self.rung == Rung::Running {
            self.reason = Some(reason);
            self.climb(Rung::Interrupted);
        }
    }

    fn kill(&mut self) {
        if self.rung == Rung::Killed {
            return;
        }
        self.reason.get_or_insert(Outcome::Cancelled);
        self.climb(Rung::Killed);
    }

    fn climb(&mut self, rung: Rung) {
        self.rung = rung;
        self.rung_until = Instant::now().checked_add(Duration::from_millis(self.order.grace_ms));
        let signal = match rung {
            Rung::Running => return,
            Rung::Interrupted => Signal::INT,
            Rung::Terminated => Signal::TERM,
            Rung::Killed => Signal::KILL,
        };
        // A stopped process must go on to hear anything but KILL. A group that is gone needs neither.
        for signal in [signal, Signal::CONT] {
            process::kill_process_group(self.executor, signal).unwrap_or_default();
        }
    }

    /// Blocks until something happens or `deadline` passes, and takes in all that happened.
    fn wait_until(&mut self, deadline: Option<Instant>) -> Result<()> {
        let timeout = deadline.map(|deadline| {
            let span = deadline.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: span.subsec_nanos().into(),
            }
        });
        let sources = [
            Some(self.signals.as_fd()),
            self.output.as_ref().map(AsFd::as_fd),
            self.lifeline.as_fd(),
        ];
        let [signals, output, lifeline] = ready(sources, timeout.as_ref())?;
        if output {
            self.take_output();
        }
        if lifeline {
            self.hear_driver();
        }
        if signals {
            self.hear_signals()?;
        }
        Ok(())
    }

    fn take_output(&mut self) {
        let mut bytes = [0; 64 << 10];
        let count = self
            .output
            .as_mut()
            .map_or(0, |output| output.read(&mut bytes).unwrap_or(0));
        if count == 0 {
            self.output = None;
        } else {
            self.capture.add(&bytes[..count]);
            self.last_output = Instant::now();
        }
    }

    fn hear_driver(&mut self) {
        if self.lifeline.hear().contains(&KILL) {
            self.kill();
        } else {
            self.stop(Outcome::Cancelled);
        }
    }

    fn hear_signals(&mut self) -> Result<()> {
        let signals: Vec<i32> = self.signals.pending();
        for signal in signals {
            match signal {
                SIGCHLD => drop(self.has_children()?),
                SIGUSR1 if !self.lifeline.parent_changed() => {}
                SIGQUIT => self.kill(),
                _ => self.stop(Outcome::Cancelled),
            }
        }
        Ok(())
    }

    /// Takes note of every child that has ended, orphans too; whether any is left.
    fn has_children(&mut self) -> Result<bool> {
        loop {
            match process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.executor => self.status = Some(status),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return Ok(true),
                Err(rustix::io::Errno::CHILD) => return Ok(false),
                Err(errno) => return Err(errno).context("could not wait for a child"),
            }
        }
    }

    /// Kills every descendant until none is left; returns those that would not die.
    fn kill_all(&mut self) -> Result<Vec<u32>> {
        if cfg!(not(target_os = "linux")) {
            process::kill_process_group(self.executor, Signal::KILL).unwrap_or_default();
        }
        let until = Instant::now() + DEATH_MAX;
        while self.has_children()? {
            let mut left = descendants();
            if Instant::now() >= until {
                left.retain(|process| !process.zombie);
                return Ok(left.into_iter().map(|process| process.pid).collect());
            }
            for process in &left {
                // One that cannot be killed is among the survivors in the end.
                process.signal(Signal::KILL).unwrap_or_default();
            }
            self.wait_until(Some(until.min(Instant::now() + SEARCH_AGAIN)))?;
        }
        Ok(Vec::new())
    }

    /// Takes what is left in the pipe; whether somebody still holds it.
    fn drain(&mut self) -> Result<bool> {
        let until = Instant::now() + DRAIN_MAX;
        while self.output.is_some() && Instant::now() < until {
            self.wait_until(Some(until))?;
        }
        Ok(self.output.is_some())
    }
}

/// All that descends from this process.
fn descendants() -> Vec<Process> {
    let this = std::process::id();
    let mut all = closure(&Process::all(), [this].into());
    all.retain(|process| process.pid != this);
    all
}

fn outcome_of(status: WaitStatus) -> Outcome {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Outcome::Exited(code),
        (None, Some(signal)) => Outcome::Signaled(signal),
        (None, None) => Outcome::Lost,
    }
}
