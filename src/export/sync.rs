//! Keeping a plan's files up to date while its run goes on.
//!
//! A sink around another one. Most plans are written in no time, at each event of a task. A plan that takes longer is
//! written again only when much more time has passed than the last writing took; at the end it is written in any case.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Exporter, plain};
use crate::run::engine::Sink;
use crate::run::event::{Event, Recorded};
use crate::run::state::State;

/// How much longer than a long writing takes the next one is put off.
const PAUSE: u32 = 20;

/// What takes longer is long: no executor is kept waiting for less.
const LONG: Duration = Duration::from_millis(50);

/// A sink that also has the plan's files say how far the run is.
pub struct Synced<'a> {
    inner: Box<dyn Sink + 'a>,
    exporter: Exporter,
    /// Says one line to a person.
    tell: Box<dyn Fn(&str) + 'a>,
    /// When the next writing may happen.
    next: Instant,
    /// What was told.
    told: HashSet<String>,
    /// Where the plan was moved to when it was done.
    archive: Option<PathBuf>,
}

impl<'a> Synced<'a> {
    /// `tell` hears why files cannot be written, of each reason once.
    pub fn new(
        inner: Box<dyn Sink + 'a>,
        exporter: Exporter,
        tell: Box<dyn Fn(&str) + 'a>,
    ) -> Self {
        Self {
            inner,
            exporter,
            tell,
            next: Instant::now(),
            told: HashSet::new(),
            archive: None,
        }
    }

    /// Has the files say where `state` stands, now.
    fn write(&mut self, state: &State) {
        let began = Instant::now();
        let written = self.exporter.export(state);
        let took = began.elapsed();
        if took > LONG {
            self.next = began + took * PAUSE;
        }
        let stays = |why: &str| vec![format!("the plan's files stay as they are: {why}")];
        let objections = match written {
            Ok(Ok(written)) => {
                self.archive = written.moved.or(self.archive.take());
                written.refused
            }
            Ok(Err(faults)) => {
                let mut faults = faults.faults.iter().filter(|fault| !fault.is_warning());
                stays(faults.next().map_or("", |fault| &fault.message))
            }
            Err(error) => stays(&format!("{error:#}")),
        };
        for objection in objections {
            let line = format!("warning: {objection}");
            if self.told.insert(objection) {
                (self.tell)(&line);
            }
        }
    }
}

impl Sink for Synced<'_> {
    fn on(&mut self, recorded: &Recorded, state: &State) {
        self.inner.on(recorded, state);
        self.exporter.hear(recorded);
        let is_seen =
            recorded.event.task().is_some() || matches!(recorded.event, Event::Finished { .. });
        if is_seen && Instant::now() >= self.next {
            self.write(state);
        }
    }

    fn end(&mut self, state: &State) {
        self.inner.end(state);
        self.write(state);
        if let Some(archive) = &self.archive {
            let archive = plain(archive);
            let archive = archive.display();
            (self.tell)(&format!(
                "note: the plan is done, and was moved to `{archive}`"
            ));
        }
    }
}
