//! The loop: prepare an action, record the event, make the world follow; wait; again.
//!
//! Events that nothing waits for are recorded together with the next: one compare-and-swap, so that a death
//! leaves all of them or none, and none is told before it is on record.
//!
//! The engine drives any [`World`] and any [`Journal`]; the simulation in the tests drives it over
//! both in memory and kills it between any two steps. One thread runs it, and only it changes the
//! state. What is slow (attempts, checks, a question to a person) is begun by the world, stays *under
//! way* here, and comes back as [`News`]. What is under way is known to this process only: after a
//! crash the same action is simply asked for again.

use std::collections::HashSet;

use anyhow::{Context as _, Result};

use super::event::{Event, Recorded};
use super::schedule::{self, Action, Situation};
use super::state::{Drive, State};
use super::under_way::UnderWay;
use crate::crash;
use crate::plan::TaskId;

/// Where events are kept.
pub trait Journal {
    /// Gives `event` its number and time.
    fn stamp(&mut self, event: Event) -> Recorded;
    /// Writes the checkpoint of `recorded` behind the newest one, with `state` as what it led to. Nobody sees
    /// it yet, and a death takes it back.
    fn append(
        &mut self,
        recorded: &Recorded,
        state: &State,
        attachments: &[Attachment],
    ) -> Result<String>;
    /// Makes what was appended the newest checkpoints of the run, all or none. The only commit point.
    fn publish(&mut self) -> Result<()>;
}

/// What the engine acts on.
pub trait World {
    /// Makes what nobody can see yet and says what then happened; `None` when it is slow and its event
    /// will come as news. Harmless if forgotten.
    fn prepare(&mut self, action: &Action, state: &State) -> Result<Option<Event>>;
    /// Makes the world agree with an event that was just recorded; `state` may know of what was recorded
    /// together with it. Harmless if repeated.
    fn follow(&mut self, recorded: &Recorded, state: &State) -> Result<()>;
    /// Whether what only its owner may change was changed: the event that stops the run for it. Asked before
    /// anything is done, and when a drive is about to end.
    fn look_around(&mut self, state: &State) -> Result<Option<Event>>;
    /// Makes the world agree with what it may put off while there is something more urgent to do: what
    /// only others look at. Called when a drive ends. Harmless if repeated.
    fn catch_up(&mut self, state: &State) -> Result<()>;
    /// Makes the world agree with `state`, whatever an earlier driver left. Harmless if repeated.
    fn settle(&mut self, state: &State) -> Result<()>;
    /// Finds out what became of an attempt that ran when its driver died.
    fn recover(&mut self, task: &TaskId, attempt: u32, state: &State) -> Result<Arrived>;
    /// Blocks until something happens.
    fn wait(&mut self, state: &State) -> Result<News>;
    /// Ends every attempt that runs; their events still come as news.
    fn cancel(&mut self);
}

/// What consumes events.
pub trait Sink {
    /// Called once for each event, after it was recorded.
    fn on(&mut self, recorded: &Recorded, state: &State);
    /// Called when a drive has ended.
    fn end(&mut self, _state: &State) {}
}

/// A file that is kept beside an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name in the checkpoint's tree.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// An event of something that was under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// What happened.
    pub event: Event,
    /// What is kept beside it.
    pub attachments: Vec<Attachment>,
}

/// What a world can report.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Something that was under way ended.
    Arrived(Box<Arrived>),
    /// Somebody asked for a clean stop: nothing new starts.
    Stop(String),
    /// Somebody asked for an end now: what runs is ended, and kept.
    Cancel(String),
}

/// How a drive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Finished,
    /// A person must decide.
    NeedsPerson,
    /// It waits, resumable.
    Paused,
    /// It was asked to stop.
    Stopped,
    /// What is not the run's, or the journal, was changed by somebody else.
    Quarantined,
}

/// One drive of one run.
pub struct Engine<'a, W, J> {
    world: &'a mut W,
    journal: &'a mut J,
    sink: &'a mut dyn Sink,
    state: State,
    situation: Situation,
    under_way: HashSet<UnderWay>,
    /// Events that were appended and not yet published.
    appended: Vec<Recorded>,
}

impl<'a, W: World, J: Journal> Engine<'a, W, J> {
    /// An engine over `state`, which is what the journal holds.
    pub fn new(
        world: &'a mut W,
        journal: &'a mut J,
        sink: &'a mut dyn Sink,
        state: State,
        interactive: bool,
    ) -> Self {
        let situation = Situation {
            interactive,
            ..Situation::default()
        };
        Self {
            world,
            journal,
            sink,
            state,
            situation,
            under_way: HashSet::new(),
            appended: Vec::new(),
        }
    }

    /// Where things stand.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes the world agree with the first event, which the journal holds already.
    pub fn begin(&mut self) -> Result<()> {
        self.world.settle(&self.state)?;
        crash::point("followed", "started");
        Ok(())
    }

    /// Takes up what an earlier driver left: the world is made to agree with the journal, then each
    /// attempt that was running is adopted or abandoned.
    pub fn recover(&mut self, reason: &str) -> Result<()> {
        self.world.settle(&self.state)?;
        if self.is_settled() {
            return Ok(());
        }
        self.record(
            Event::Resumed {
                reason: reason.to_owned(),
            },
            &[],
        )?;
        let tasks = self.state.graph().tasks();
        let running: Vec<TaskId> = self
            .state
            .attempting()
            .map(|task| tasks[task].id.clone())
            .collect();
        for task in running {
            let attempt = self.state.task(&task).map_or(0, |task| task.attempts);
            let arrived = self.world.recover(&task, attempt, &self.state)?;
            self.record(arrived.event, &arrived.attachments)?;
        }
        self.publish()
    }

    /// Drives the run until nothing more can be done without a person, time, or at all.
    pub fn drive(&mut self) -> Result<Ended> {
        // What went wrong may come from what somebody has done to the repository.
        let ended = self
            .go_on()
            .or_else(|error| match self.stops_for_what_was_changed() {
                Ok(true) => Ok(Ended::Quarantined),
                _ => Err(error),
            });
        // What has happened is recorded, whatever it was that went wrong afterwards.
        let published = self.publish();
        ended.and_then(|ended| published.map(|()| ended))
    }

    fn go_on(&mut self) -> Result<Ended> {
        loop {
            let actions = schedule::next(&self.state, &self.situation);
            let fresh = actions
                .into_iter()
                .find(|action| !self.is_under_way(action));
            if let Some(action) = fresh {
                self.act(&action)?;
                continue;
            }
            self.publish()?;
            if !self.under_way.is_empty() {
                self.listen()?;
                continue;
            }
            if !self.stops_for_what_was_changed()? {
                self.world.catch_up(&self.state)?;
                return Ok(self.ended());
            }
        }
    }

    /// Whether a drive would do nothing: then a resume leaves the journal as it is.
    fn is_settled(&self) -> bool {
        if self.state.run.drive == Drive::Finished {
            return self.state.disproof().is_empty();
        }
        // Whoever drives it again has looked at what was changed.
        if matches!(self.state.run.drive, Drive::Quarantined(_)) {
            return false;
        }
        let mut awake = self.state.clone();
        awake.run.drive = Drive::Running;
        self.state.attempting().next().is_none()
            && schedule::next(&awake, &self.situation).is_empty()
    }

    fn act(&mut self, action: &Action) -> Result<()> {
        if let Action::Record(event) = action {
            return self.record((**event).clone(), &[]);
        }
        if self.stops_for_what_was_changed()? {
            return Ok(());
        }
        // The commit that ends the run tells of all that is on record.
        if matches!(action, Action::Finish) && self.state.run.policy.commit_progress {
            self.publish()?;
        }
        match self
            .world
            .prepare(action, &self.state)
            .with_context(|| describe(action))?
        {
            Some(event) => self.record(event, &[]),
            None => {
                self.under_way.extend(UnderWay::of(action));
                Ok(())
            }
        }
    }

    /// Whether the run is stopped because somebody changed what is not theirs: what runs is ended and kept, and
    /// nothing else is done.
    fn stops_for_what_was_changed(&mut self) -> Result<bool> {
        if matches!(
            self.state.run.drive,
            Drive::Quarantined(_) | Drive::Finished
        ) {
            return Ok(false);
        }
        let Some(event) = self.world.look_around(&self.state)? else {
            return Ok(false);
        };
        self.record(event, &[])?;
        self.end_what_runs();
        Ok(true)
    }

    fn end_what_runs(&mut self) {
        self.situation.cancelled = true;
        // What is not an attempt is harmless to forget: the next drive begins it again.
        self.under_way
            .retain(|begun| matches!(begun, UnderWay::Attempt(_)));
        self.world.cancel();
    }

    fn record(&mut self, event: Event, attachments: &[Attachment]) -> Result<()> {
        let recorded = append(self.journal, &mut self.state, event, attachments)?;
        self.under_way
            .retain(|begun| !begun.ends_with(&recorded.event));
        match &recorded.event {
            Event::AttemptStarted { task, .. } => {
                self.under_way.insert(UnderWay::Attempt(task.clone()));
            }
            // Whoever was asked and has it stopped is waited for no more; by the next drive they are.
            Event::Stopped { reason } => self.situation.stopping = Some(reason.clone()),
            _ => {}
        }
        let waits = nothing_waits_for(&recorded.event);
        self.appended.push(recorded);
        if waits { Ok(()) } else { self.publish() }
    }

    /// Records what was appended, in one step, and has the world follow.
    fn publish(&mut self) -> Result<()> {
        if self.appended.is_empty() {
            return Ok(());
        }
        self.journal.publish()?;
        let published = std::mem::take(&mut self.appended);
        for recorded in &published {
            crash::point("recorded", recorded.event.name());
        }
        for recorded in &published {
            self.sink.on(recorded, &self.state);
            self.world.follow(recorded, &self.state)?;
            crash::point("followed", recorded.event.name());
        }
        Ok(())
    }

    fn listen(&mut self) -> Result<()> {
        match self.world.wait(&self.state)? {
            News::Arrived(arrived) => self.record(arrived.event, &arrived.attachments),
            News::Stop(reason) => {
                self.situation.stopping = Some(reason);
                self.under_way
                    .retain(|begun| !matches!(begun, UnderWay::Asking(_)));
                Ok(())
            }
            News::Cancel(reason) => {
                self.situation.stopping = Some(reason);
                self.end_what_runs();
                Ok(())
            }
        }
    }

    fn is_under_way(&self, action: &Action) -> bool {
        // Integration is a queue, and what else needs a worktree without having a slot is in it: each knows the
        // tip that it starts from.
        let is_queued = |begun: &UnderWay| {
            matches!(
                begun,
                UnderWay::Integrating(_) | UnderWay::Reverifying(_) | UnderWay::Researching(_)
            )
        };
        match UnderWay::of(action) {
            Some(begun) if is_queued(&begun) => self.under_way.iter().any(is_queued),
            Some(begun) => self.under_way.contains(&begun),
            None => false,
        }
    }

    fn ended(&self) -> Ended {
        match &self.state.run.drive {
            Drive::Finished => Ended::Finished,
            Drive::Quarantined(_) => Ended::Quarantined,
            _ if self.state.needs_person() && self.situation.stopping.is_none() => {
                Ended::NeedsPerson
            }
            Drive::Paused(..) => Ended::Paused,
            Drive::Running | Drive::Stopped(_) => Ended::Stopped,
        }
    }
}

/// Whether an event may be recorded together with what comes right after it. A judgement and an integration
/// can be made again from what is on record; but what took commands to find out is recorded at once, so that no
/// death has them run again. The end of an attempt cannot: until it is recorded, the slot is the only witness, and
/// whatever is prepared next may need the slot.
fn nothing_waits_for(event: &Event) -> bool {
    match event {
        Event::Judged { millis, .. } => *millis == 0,
        Event::Integrated { proofs, .. } => proofs.is_empty(),
        _ => false,
    }
}

/// Records one event of a run that this process holds.
pub fn record(
    journal: &mut impl Journal,
    state: &mut State,
    event: Event,
    attachments: &[Attachment],
) -> Result<Recorded> {
    let recorded = append(journal, state, event, attachments)?;
    journal.publish()?;
    crash::point("recorded", recorded.event.name());
    Ok(recorded)
}

/// Records an event of a run that this process holds after which it stands as `next` says, for it says more
/// than the state can tell: it went back to a checkpoint, or its plan is another.
pub fn record_turn(
    journal: &mut impl Journal,
    state: &mut State,
    event: Event,
    next: impl FnOnce(&State, &Recorded) -> State,
) -> Result<Recorded> {
    let mut recorded = journal.stamp(event);
    crash::point("prepared", recorded.event.name());
    let turned = next(state, &recorded);
    recorded.checkpoint = journal.append(&recorded, &turned, &[])?;
    crash::point("written", recorded.event.name());
    journal.publish()?;
    crash::point("recorded", recorded.event.name());
    *state = turned;
    Ok(recorded)
}

/// Records several events at once: all of them, or none.
pub fn record_all(
    journal: &mut impl Journal,
    state: &mut State,
    events: impl IntoIterator<Item = Event>,
) -> Result<()> {
    for event in events {
        append(journal, state, event, &[])?;
    }
    journal.publish()
}

/// Adds one event to a run that this process holds: the only way to change it otherwise.
fn append(
    journal: &mut impl Journal,
    state: &mut State,
    event: Event,
    attachments: &[Attachment],
) -> Result<Recorded> {
    let mut recorded = journal.stamp(event);
    crash::point("prepared", recorded.event.name());
    state.apply(&recorded)?;
    recorded.checkpoint = journal.append(&recorded, state, attachments)?;
    crash::point("written", recorded.event.name());
    Ok(recorded)
}

/// What was being done, for the error that stops a drive.
fn describe(action: &Action) -> String {
    match action {
        Action::Record(event) => format!("could not record `{}`", event.name()),
        Action::Start { task, attempt, .. } => {
            format!("could not start attempt {attempt} of task `{task}`")
        }
        Action::Judge { task, attempt } => {
            format!("could not judge attempt {attempt} of task `{task}`")
        }
        Action::Integrate { task, attempt } => {
            format!("could not integrate attempt {attempt} of task `{task}`")
        }
        Action::Reverify { task, .. } => format!("could not prove task `{task}` again"),
        Action::Research { task, .. } => format!("could not look into what task `{task}` asks"),
        Action::Ask { task } => format!("could not ask about task `{task}`"),
        Action::VerifyAll { .. } => "could not run the final verification".to_owned(),
        Action::Bisect { .. } => "could not look for the task that broke the whole".to_owned(),
        Action::Finish => "could not end the run".to_owned(),
    }
}
