//! The processes that run now, so that one word ends them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::process::supervise::Canceller;

/// What runs, and whether it was told to end. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Live(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    running: HashMap<u64, Canceller>,
    next: u64,
    cancelled: bool,
    /// Whether something came to nothing because the disk was full.
    starved: bool,
}

/// Keeps one process on the list for as long as it is held.
pub(super) struct Entry {
    live: Live,
    key: u64,
}

impl Live {
    /// Puts a process on the list; when all were told to end, it is told at once.
    pub(super) fn enter(&self, canceller: Canceller) -> Entry {
        let mut entries = self.entries();
        if entries.cancelled {
            canceller.stop();
        }
        let key = entries.next;
        entries.next += 1;
        entries.running.insert(key, canceller);
        drop(entries);
        Entry {
            live: self.clone(),
            key,
        }
    }

    /// Ends all that run, and all that come later.
    pub(super) fn cancel(&self) {
        let mut entries = self.entries();
        entries.cancelled = true;
        entries.running.values().for_each(Canceller::stop);
    }

    /// Whether all were told to end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.entries().cancelled
    }

    /// Takes note that something came to nothing for want of room on the disk.
    pub(super) fn starve(&self) {
        self.entries().starved = true;
    }

    /// Whether something did.
    pub(super) fn is_starved(&self) -> bool {
        self.entries().starved
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Takes the process off the list, which is returned.
    pub(super) fn leave(self) -> Live {
        self.live.clone()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.live.entries().running.remove(&self.key);
    }
}
