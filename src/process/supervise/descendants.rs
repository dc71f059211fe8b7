//! The processes of this machine as `/proc` shows them: who descends from whom, and how to kill one
//! process and never its successor under the same number. Where there is no `/proc`, none are found.

use std::collections::HashSet;
use std::fs;

use rustix::io::{Errno, Result};
use rustix::process::{Pid, Signal};

/// One process, told apart from later ones with the same number by when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) session: u32,
    /// In clock ticks since the machine started.
    pub(super) start: u64,
    /// Dead, and waiting for its parent to notice.
    pub(super) zombie: bool,
}

impl Process {
    /// The process that has this number now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Every process that can be seen.
    pub(super) fn all() -> Vec<Self> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(Self::of)
            .collect()
    }

    /// Whether it was started with `variable` (`NAME=value`) in its environment.
    pub(super) fn has_in_environment(&self, variable: &[u8]) -> bool {
        fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|one| one == variable))
    }

    /// Whether it is still there and not merely a zombie.
    pub(super) fn is_alive(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.start == self.start && !now.zombie)
    }

    /// Signals exactly this process; one that is gone is no error.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        match self.try_signal(signal) {
            Err(Errno::SRCH) => Ok(()),
            other => other,
        }
    }

    #[cfg(target_os = "linux")]
    fn try_signal(&self, signal: Signal) -> Result<()> {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        let pid = Pid::from_raw(self.pid.cast_signed()).ok_or(Errno::SRCH)?;
        // The descriptor pins whoever has the number now; only then is it worth asking who that is.
        let pinned = pidfd_open(pid, PidfdFlags::empty());
        if Self::of(self.pid).is_none_or(|now| now.start != self.start) {
            return Err(Errno::SRCH);
        }
        match pinned {
            Ok(pidfd) => pidfd_send_signal(&pidfd, signal),
            Err(Errno::NOSYS) => rustix::process::kill_process(pid, signal),
            Err(errno) => Err(errno),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn try_signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(self.pid.cast_signed()).ok_or(Errno::SRCH)?;
        rustix::process::kill_process(pid, signal)
    }
}

/// Those of `all` that are in `roots` or descend from one of them.
pub(super) fn closure(all: &[Process], mut roots: HashSet<u32>) -> Vec<Process> {
    loop {
        let found = roots.len();
        roots.extend(
            all.iter()
                .filter(|process| roots.contains(&process.parent))
                .map(|process| process.pid)
                .collect::<Vec<_>>(),
        );
        if roots.len() == found {
            break;
        }
    }
    all.iter()
        .filter(|process| roots.contains(&process.pid))
        .cloned()
        .collect()
}

/// `pid (name) state parent group session … start …`; the name may hold anything, parentheses too.
fn parse(pid: u32, stat: &[u8]) -> Option<Process> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    // The start is the 22nd field of the line, counted with the number and the name.
    let start = fields.nth(15)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        session,
        start,
        zombie: matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::parse;

    #[test]
    fn a_process_may_have_any_name() {
        let stat =
            b"7 (a) S 1 (b)) Z 3 4 5 0 -1 4 1 0 0 0 9 8 0 0 20 0 1 0 1234 99 0 18446744073709551615";
        let process = parse(7, stat).unwrap();
        assert_eq!((process.parent, process.session), (3, 5));
        assert_eq!(process.start, 1234);
        assert!(process.zombie);
    }
}
