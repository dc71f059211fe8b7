//! Asking a drive to end: Ctrl-C once and twice, TERM and HUP, and `git enact stop` from elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::journal::layout;
use crate::report::live::Teller;
use crate::run::engine::News;

/// The signals that have come in, and what was already reported of them.
#[derive(Clone)]
pub struct Interrupts {
    interrupts: Arc<AtomicUsize>,
    terminated: Arc<AtomicBool>,
    told: usize,
    told_stop: bool,
    /// Tells a person that they were heard.
    tell: Teller,
}

impl Interrupts {
    /// Takes the process's signals over.
    pub fn install(tell: Teller) -> Result<Self> {
        let interrupts = Self {
            interrupts: Arc::default(),
            terminated: Arc::default(),
            told: 0,
            told_stop: false,
            tell,
        };
        for signal in [SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, interrupts.terminated.clone())
                .context("signals cannot be handled")?;
        }
        let counter = interrupts.interrupts.clone();
        let mut signals =
            SignalsInfo::<WithOrigin>::new([SIGINT]).context("signals cannot be handled")?;
        std::thread::spawn(move || {
            let mut presses = Presses::default();
            for origin in signals.forever() {
                counter.store(presses.with(&origin), Ordering::Relaxed);
            }
        });
        Ok(interrupts)
    }

    /// Whether a signal asked for the end.
    pub fn came(&self) -> bool {
        self.interrupts.load(Ordering::Relaxed) > 0 || self.terminated.load(Ordering::Relaxed)
    }

    /// What is to be reported now, once each.
    pub(super) fn next(&mut self, common_dir: &Path, run: &str) -> Option<News> {
        let count = if self.terminated.load(Ordering::Relaxed) {
            2
        } else {
            self.interrupts.load(Ordering::Relaxed).min(2)
        };
        if count > self.told {
            self.told = count;
            if count == 1 {
                (self.tell)("stopping once what runs has ended; Ctrl-C again ends it now");
                return Some(News::Stop("interrupted".to_owned()));
            }
            return Some(News::Cancel("interrupted".to_owned()));
        }
        let request = layout::stop_file(common_dir, run);
        if !self.told_stop && request.exists() {
            self.told_stop = true;
            // A request that cannot be removed would stop the next drive too; that one would say so again.
            std::fs::remove_file(&request).unwrap_or_default();
            return Some(News::Stop("`git enact stop` was called".to_owned()));
        }
        None
    }
}

/// Tells key presses from their echo: called as `git enact`, we get Ctrl-C from the terminal and, sooner or later,
/// from git, our parent, which passes on to its children what ends it. So many of either are so many presses.
#[derive(Default)]
struct Presses {
    terminal: usize,
    parent: usize,
    other: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Terminal,
    Parent,
    Other,
}

impl Presses {
    /// How often somebody has asked for the end, with a signal from there.
    fn with(&mut self, origin: &Origin) -> usize {
        let count = match Source::of(origin) {
            Source::Terminal => &mut self.terminal,
            Source::Parent => &mut self.parent,
            Source::Other => &mut self.other,
        };
        *count += 1;
        self.terminal.max(self.parent) + self.other
    }
}

impl Source {
    fn of(origin: &Origin) -> Self {
        let parent = rustix::process::getppid().map(rustix::process::Pid::as_raw_pid);
        match origin.process {
            None if origin.cause == Cause::Kernel => Source::Terminal,
            Some(from) if Some(from.pid) == parent => Source::Parent,
            _ => Source::Other,
        }
    }
}
