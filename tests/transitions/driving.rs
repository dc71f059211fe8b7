//! What a drive makes of the actions that the schedule names: what it records before what, what it waits for, and how
//! it ends. The world and the journal are as told, and what is asked of them is written down.

use std::cell::RefCell;
use std::collections::VecDeque;

use anyhow::{Result, bail};
use git_enact::plan::{Task, TaskId};
use git_enact::run::engine::{Arrived, Attachment, Ended, Engine, Journal, News, Sink, World};
use git_enact::run::event::{Event, Recorded};
use git_enact::run::policy::{Policy, Review};
use git_enact::run::proof::Proof;
use git_enact::run::schedule::Action;
use git_enact::run::state::State;

use super::next::short;
use super::{INTEGRATION, after, events, run_of, started};
use crate::support::plans;

const TO_JUDGE: [&str; 2] = ["attempt-started", "attempt-ended"];

/// What was asked of the world and of the journal, in order.
type Log = RefCell<Vec<String>>;

/// What a drive hears of.
enum Heard {
    /// This happened to this task.
    Of(&'static str, &'static str),
    Event(Box<Event>),
    Cancel,
}

/// A world that does what it was told to, and a person in it.
struct Told<'a> {
    log: &'a Log,
    hears: VecDeque<Heard>,
    /// How an integration goes.
    integrates: fn(Event) -> Event,
    /// Whether nothing can be prepared.
    breaks: bool,
    /// At which look somebody is seen to have changed what is not theirs, counted down.
    tampered: Option<usize>,
}

fn told(log: &Log) -> Told<'_> {
    Told {
        log,
        hears: VecDeque::new(),
        integrates: |event| event,
        breaks: false,
        tampered: None,
    }
}

fn named(state: &State, id: &str, name: &str) -> Event {
    let found = events(state, id).into_iter().find(|(of, _)| *of == name);
    found.unwrap_or_else(|| panic!("`{name}` is an event")).1
}

impl World for Told<'_> {
    fn prepare(&mut self, action: &Action, state: &State) -> Result<Option<Event>> {
        if self.breaks {
            bail!("it broke");
        }
        let said = short(std::slice::from_ref(action));
        self.log.borrow_mut().push(format!("prepare {said}"));
        Ok(match action {
            Action::Start { task, .. } => Some(named(state, task.as_str(), "attempt-started")),
            Action::Integrate { task, .. } => {
                let event = named(state, task.as_str(), "integrated");
                Some((self.integrates)(event))
            }
            Action::Finish => Some(Event::Finished { progress: None }),
            _ => None,
        })
    }

    fn look_around(&mut self, _: &State) -> Result<Option<Event>> {
        let Some(looks) = self.tampered else {
            return Ok(None);
        };
        self.tampered = looks.checked_sub(1);
        Ok((looks == 0).then(|| Event::Quarantined {
            reason: "a hook was added".to_owned(),
            left: Vec::new(),
        }))
    }

    fn wait(&mut self, state: &State) -> Result<News> {
        let event = match self.hears.pop_front() {
            Some(Heard::Of(id, name)) => named(state, id, name),
            Some(Heard::Event(event)) => *event,
            Some(Heard::Cancel) => return Ok(News::Cancel("enough".to_owned())),
            None => panic!("it waits for nothing: {:#?}", self.log.borrow()),
        };
        let attachments = Vec::new();
        Ok(News::Arrived(Box::new(Arrived { event, attachments })))
    }

    fn cancel(&mut self) {
        self.log.borrow_mut().push("cancel".to_owned());
    }

    fn follow(&mut self, _: &Recorded, _: &State) -> Result<()> {
        Ok(())
    }

    fn catch_up(&mut self, _: &State) -> Result<()> {
        Ok(())
    }

    fn settle(&mut self, _: &State) -> Result<()> {
        Ok(())
    }

    fn recover(&mut self, task: &TaskId, _: u32, _: &State) -> Result<Arrived> {
        bail!("nobody left `{task}` behind")
    }
}

/// A journal that forgets what it is told, but for what it was and how much.
struct Kept<'a> {
    log: &'a Log,
    newest: u64,
}

impl Journal for Kept<'_> {
    fn stamp(&mut self, event: Event) -> Recorded {
        self.newest += 1;
        Recorded {
            seq: self.newest,
            at: String::new(),
            checkpoint: String::new(),
            event,
        }
    }

    fn append(&mut self, recorded: &Recorded, _: &State, _: &[Attachment]) -> Result<String> {
        self.log.borrow_mut().push(recorded.event.name().to_owned());
        Ok(String::new())
    }

    fn publish(&mut self) -> Result<()> {
        self.log.borrow_mut().push("publish".to_owned());
        Ok(())
    }
}

struct Nobody;

impl Sink for Nobody {
    fn on(&mut self, _: &Recorded, _: &State) {}
}

/// Drives a run that stands so, with a person who can be asked.
fn drive(world: &mut Told<'_>, state: &State) -> Result<Ended> {
    let mut journal = Kept {
        log: world.log,
        newest: state.run.seq,
    };
    Engine::new(world, &mut journal, &mut Nobody, state.clone(), true).drive()
}

/// A run in which the only attempt of `t` is to be judged.
fn to_judge() -> State {
    let ready = after(&started(Review::Off), "before", &INTEGRATION);
    after(&ready, "t", &TO_JUDGE)
}

#[test]
fn what_took_commands_to_find_out_is_on_record_before_anything_else_is_done() {
    fn with_proof(mut event: Event) -> Event {
        if let Event::Integrated { proofs, .. } = &mut event {
            proofs.push(Proof::default());
        }
        event
    }
    let state = to_judge();
    let (first, last) = (
        "prepare Judge { task: TaskId(\"t\"), attempt: 1 }",
        "prepare Finish",
    );
    let integrates = "prepare Integrate { task: TaskId(\"t\"), attempt: 1 }";
    for (took, integrated, expected) in [
        (0, false, "judged|I|integrated|F|finished|publish"),
        (1, false, "judged|publish|I|integrated|F|finished|publish"),
        (0, true, "judged|I|integrated|publish|F|finished|publish"),
    ] {
        let log = Log::default();
        let mut world = told(&log);
        let mut judged = named(&state, "t", "judged: accepted");
        if let Event::Judged { millis, .. } = &mut judged {
            *millis = took;
        }
        world.hears.push_back(Heard::Event(Box::new(judged)));
        if integrated {
            world.integrates = with_proof;
        }
        assert_eq!(drive(&mut world, &state).expect("it ends"), Ended::Finished);
        let expected = expected.replace("|I|", &format!("|{integrates}|"));
        let expected = expected.replace("|F|", &format!("|{last}|"));
        assert_eq!(log.take().join("|"), format!("{first}|{expected}"));
    }
}

#[test]
fn what_fails_says_at_what_and_is_laid_to_whoever_changed_what_is_not_theirs() {
    let log = Log::default();
    let state = to_judge();
    let broken = |tampered| Told {
        breaks: true,
        tampered,
        ..told(&log)
    };
    let error = drive(&mut broken(None), &state).expect_err("it breaks");
    let said = format!("{error:#}");
    assert_eq!(said, "could not judge attempt 1 of task `t`: it broke");
    assert!(log.take().is_empty(), "nothing happened");
    // Seen before it is begun, and only once it broke.
    for looks in [0, 1] {
        let ended = drive(&mut broken(Some(looks)), &state).expect("it is known why");
        assert_eq!(ended, Ended::Quarantined);
        assert_eq!(log.take(), ["quarantined", "publish", "cancel"]);
    }
}

#[test]
fn what_runs_is_waited_for_when_all_is_to_end_and_what_is_judged_is_not() {
    let jobs = Policy {
        jobs: 2,
        ..plans::policy()
    };
    let fresh = run_of(vec![plans::task("a"), plans::task("b")], jobs);
    let state = after(&fresh, "a", &TO_JUDGE);
    let log = Log::default();
    let mut world = told(&log);
    world.hears = [Heard::Cancel, Heard::Of("b", "attempt-abandoned")].into();
    let ended = drive(&mut world, &state).expect("it ends");
    assert_eq!(ended, Ended::Stopped);
    assert!(world.hears.is_empty(), "all was waited for");
    let log = log.take();
    let after_it = log.iter().position(|did| did == "cancel").expect("it ends");
    assert_eq!(
        log[after_it + 1..],
        ["attempt-abandoned", "publish", "stopped", "publish"]
    );
}

#[test]
fn a_person_who_is_asked_and_has_it_stopped_is_waited_for_no_more() {
    let ready = after(&started(Review::Off), "before", &INTEGRATION);
    let fallen = [&TO_JUDGE[..], &["judged: refused", "failed", "asked"]].concat();
    let state = after(&ready, "t", &fallen);
    let log = Log::default();
    let mut world = told(&log);
    let reason = "enough".to_owned();
    let stopped = Heard::Event(Box::new(Event::Stopped { reason }));
    world.hears.push_back(stopped);
    let ended = drive(&mut world, &state).expect("it ends");
    assert_eq!(ended, Ended::Stopped, "nobody is told to decide");
    assert_eq!(
        log.take(),
        ["prepare Ask { task: TaskId(\"t\") }", "stopped", "publish"]
    );
}

#[test]
fn one_task_at_a_time_is_proven_again() {
    let needy = |id: &str| Task {
        needs: vec![TaskId::new("before")],
        ..plans::task(id)
    };
    let tasks = vec![plans::task("before"), needy("t"), needy("u")];
    let mut state = run_of(tasks, plans::policy());
    for id in ["before", "t", "u"] {
        state = after(&state, id, &INTEGRATION);
    }
    let anew = [&["reverted", "retried: by a person"], &INTEGRATION[..]].concat();
    state = after(&state, "before", &anew);
    let log = Log::default();
    let mut world = told(&log);
    let holds = ["t", "u"].map(|id| Heard::Of(id, "judged: accepted"));
    world.hears = holds.into();
    let ended = drive(&mut world, &state).expect("it ends");
    assert_eq!(ended, Ended::Finished);
    let proves = |id: &str| format!("prepare Reverify {{ task: TaskId(\"{id}\"), attempt: 1 }}");
    assert_eq!(
        log.take(),
        [
            &proves("t"),
            "judged",
            "publish",
            &proves("u"),
            "judged",
            "publish",
            "prepare Finish",
            "finished",
            "publish"
        ]
    );
}
