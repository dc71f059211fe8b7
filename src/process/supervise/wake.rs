//! What may wake the supervisor: signals, its driver, output. This module waits and decides nothing.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{self, Pid};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::{Order, wire};

/// Signals as something to poll.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let wanted = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1];
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, wanted)?;
        Ok(Self(delivery))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }

    /// Those that have come since the last call, each once.
    pub(super) fn pending(&mut self) -> Vec<i32> {
        self.0.pending().collect()
    }
}

/// Standard input, which the driver holds open as long as it lives.
pub(super) struct Lifeline {
    input: Option<File>,
    parent: Option<Pid>,
}

impl Lifeline {
    pub(super) fn new() -> io::Result<Self> {
        // A file of its own: the library's standard input has a buffer, which `poll` cannot see.
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self {
            input: Some(input.into()),
            parent: process::getppid(),
        })
    }

    /// Where to leave a mark and what to run, which the driver says first.
    pub(super) fn order(&mut self) -> Result<(PathBuf, Order)> {
        let input = self.input.as_mut().context("the driver is gone")?;
        let mut length = [0; 8];
        input.read_exact(&mut length)?;
        let mut bytes = Vec::new();
        let length = u64::from_le_bytes(length);
        input.take(length).read_to_end(&mut bytes)?;
        let told: Told<'_> =
            serde_json::from_slice(&bytes).context("the order cannot be understood")?;
        Ok((told.mark, told.order.into_owned()))
    }

    /// Whether the driver is gone already.
    pub(super) fn is_cut(&self) -> io::Result<bool> {
        let Some(input) = &self.input else {
            return Ok(true);
        };
        let mut fds = [PollFd::new(input, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default()))?;
        Ok(fds[0].revents().contains(PollFlags::HUP))
    }

    /// What the driver says; empty at its end.
    pub(super) fn hear(&mut self) -> Vec<u8> {
        let mut words = [0; 64];
        let count = self
            .input
            .as_mut()
            .map_or(0, |input| input.read(&mut words).unwrap_or(0));
        if count == 0 {
            self.input = None;
        }
        words[..count].to_vec()
    }

    pub(super) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(AsFd::as_fd)
    }

    /// Whether the process that started us is gone.
    pub(super) fn parent_changed(&self) -> bool {
        process::getppid() != self.parent
    }
}

/// The first that goes through a lifeline.
#[derive(Serialize, Deserialize)]
struct Told<'a> {
    #[serde(with = "wire::one")]
    mark: PathBuf,
    order: Cow<'a, Order>,
}

/// Says through `lifeline` where to leave a mark and what to run: as JSON, after its length.
pub(super) fn send_order(lifeline: &mut impl Write, mark: &Path, order: &Order) -> io::Result<()> {
    let told = serde_json::to_vec(&Told {
        mark: mark.into(),
        order: Cow::Borrowed(order),
    })?;
    let mut message = (told.len() as u64).to_le_bytes().to_vec();
    message.extend(told);
    lifeline.write_all(&message)
}

/// Blocks until one of `sources` has news or `timeout` passes; which of them have.
pub(super) fn ready<const N: usize>(
    sources: [Option<BorrowedFd<'_>>; N],
    timeout: Option<&Timespec>,
) -> Result<[bool; N]> {
    let mut fds: Vec<PollFd<'_>> = sources
        .iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    match poll(&mut fds, timeout) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(errno) => return Err(errno).context("could not wait"),
    }
    let mut news = fds.iter().map(|fd| !fd.revents().is_empty());
    Ok(sources.map(|source| source.is_some() && news.next().unwrap_or(false)))
}
