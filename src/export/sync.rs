//! Keeping a plan's files up to date while its run goes on.
//!
//! A sink around another one. Most plans are written in no time, at each event of a task. A plan that takes longer is
//! written again only when much more time has passed than the last writing took; at the end it is written in any case.

use std::time::{Duration, Instant};

use super::Exporter;
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
    failed: bool,
}

impl<'a> Synced<'a> {
    /// `tell` hears why the files cannot be written, once.
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
            failed: false,
        }
    }

    /// Has the files say where `state` stands, now.
    fn write(&mut self, state: &State) {
        let began = Instant::now();
        let objection = match self.exporter.export(state) {
            Ok(Ok(_)) => None,
            Ok(Err(faults)) => {
                let mut faults = faults.faults.iter().filter(|fault| !fault.is_warning());
                Some(
                    faults
                        .next()
                        .map_or_else(String::new, |fault| fault.message.clone()),
                )
            }
            Err(error) => Some(format!("{error:#}")),
        };
        let took = began.elapsed();
        if took > LONG {
            self.next = began + took * PAUSE;
        }
        if let Some(objection) = objection
            && !std::mem::replace(&mut self.failed, true)
        {
            (self.tell)(&format!(
                "warning: the plan's files stay as they are: {objection}"
            ));
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
    }
}
