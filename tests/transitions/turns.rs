//! Where a run stands after it went back to a checkpoint or got another plan, and what it gives itself to do where the
//! whole fails.

use std::fmt::Write as _;

use git_enact::plan::{Task, TaskId};
use git_enact::run::event::{Event, Recorded};
use git_enact::run::policy::Review;
use git_enact::run::schedule::{self, Action, Situation};
use git_enact::run::state::{Drive, Phase, State};
use git_enact::run::turn;
use git_enact::run::whole::{Blame, Blamed, Failure};

use super::changes::told;
use super::{INTEGRATION, after, happens, started};
use crate::support::plans;

const REFUSED: [&str; 3] = ["attempt-started", "attempt-ended", "judged: refused"];

fn recorded(state: &State, event: Event) -> Recorded {
    Recorded {
        seq: state.run.seq + 1,
        at: "2026-01-01T00:00:00Z".to_owned(),
        checkpoint: String::new(),
        event,
    }
}

#[test]
fn a_run_that_goes_back_stands_as_it_did_and_uses_no_number_twice() {
    let ready = after(&started(Review::Off), "before", &INTEGRATION);
    let attempting = after(&ready, "t", &["attempt-started"]);
    let ended = after(&attempting, "t", &["attempt-ended"]);
    let mut now = after(&ready, "t", &REFUSED);
    now = after(&now, "t", &["retried: by policy"]);
    now = after(&now, "t", &INTEGRATION);
    now.run.driven_ms = 5;
    let mut table = String::new();
    for (name, then) in [
        ("fresh", &started(Review::Off)),
        ("attempting", &attempting),
        ("ended", &ended),
        ("now", &now),
    ] {
        let back = Event::RolledBack {
            to: then.run.seq,
            target: "0123456789abcdef".to_owned(),
            from: now.run.tip.clone(),
            offer: None,
        };
        let back = turn::rolled_back(&now, then, &recorded(&now, back));
        writeln!(table, "{name}: event {}", back.run.seq).expect("text");
        told(&mut table, then, &back);
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_run_with_another_plan_keeps_what_is_asked_for_as_before() {
    let needy = |change: &dyn Fn(&mut Task)| {
        let mut task = Task {
            needs: vec![TaskId::new("before")],
            ..plans::task("t")
        };
        change(&mut task);
        task
    };
    let ready = after(&started(Review::Off), "before", &INTEGRATION);
    let kicked = after(&after(&ready, "t", &REFUSED), "t", &["kickback"]);
    let mut finished = after(&ready, "t", &INTEGRATION);
    finished.run.drive = Drive::Finished;
    let mut back_again = ready.clone();
    back_again.run.retired.insert(TaskId::new("new"), 4);
    let same = || vec![plans::task("before"), needy(&|_| {})];
    let words = || {
        let otherwise = needy(&|task| task.body = "otherwise".to_owned());
        vec![plans::task("before"), otherwise]
    };
    let spaces = || {
        let spaced = needy(&|task| {
            task.body = "\n".to_owned();
            task.after = vec![TaskId::new("before")];
        });
        vec![plans::task("before"), spaced]
    };
    let without = || vec![plans::task("before")];
    let with_new = || vec![plans::task("before"), needy(&|_| {}), plans::task("new")];
    let mut table = String::new();
    for (name, now, tasks) in [
        ("the same", &finished, same()),
        ("other words", &finished, words()),
        ("other spaces", &finished, spaces()),
        ("one less", &finished, without()),
        ("one more", &ready, with_new()),
        ("one that was there once", &back_again, with_new()),
        ("kicked back, and the same", &kicked, same()),
        ("kicked back, and other words", &kicked, words()),
        ("not begun, and other words", &ready, words()),
    ] {
        let replanned = Event::Replanned {
            plan_hash: "other".to_owned(),
            plan_path: "elsewhere.toml".to_owned(),
            drift: Vec::new(),
            fix: None,
        };
        let graph = plans::graph("Other", tasks);
        let next = turn::replanned(now, graph, &recorded(now, replanned));
        writeln!(table, "{name}: event {}", next.run.seq).expect("text");
        told(&mut table, now, &next);
    }
    insta::assert_snapshot!(table);
}

/// The whole fails on the newest commit.
fn failing(state: &State, command: &str) -> State {
    let failure = Failure {
        command: command.to_owned(),
        tests: ["a::b", "c::d"].iter().collect(),
        tail: "last but one\nlast".to_owned(),
    };
    let verified = Event::Verified {
        commit: state.run.tip.clone(),
        passed: false,
        reasons: vec!["it does not hold".to_owned()],
        failures: vec![failure, Failure::default()],
        blame: None,
        warnings: Vec::new(),
        tests: Vec::new(),
        proofs: Vec::new(),
    };
    happens(state, verified).expect("it may happen")
}

fn next_round(state: &State) -> Event {
    let actions = schedule::next(state, &Situation::default());
    match &actions[..] {
        [Action::Record(event)] => (**event).clone(),
        other => panic!("one event, not {other:?}"),
    }
}

#[test]
fn whoever_mends_the_whole_is_told_what_fails_and_what_was_tried() {
    let mut state = after(&started(Review::Off), "before", &INTEGRATION);
    state.run.policy.fix_rounds = 3;
    state.run.policy.setup = Some("make ready".to_owned());
    state.run.policy.final_verify = vec!["make all".to_owned()];
    state = after(&state, "t", &["skipped"]);
    let mut table = String::new();
    let long = format!("make {}\nand more", "x".repeat(80));
    for (command, became) in [
        ("make all", &[&REFUSED[..], &["failed"]].concat()[..]),
        (&long, &INTEGRATION),
        ("make all", &[]),
    ] {
        let failed = failing(&state, command);
        let event = next_round(&failed);
        let Event::Replanned {
            fix: Some(fix),
            drift,
            ..
        } = &event
        else {
            panic!("a round, not {event:?}")
        };
        writeln!(table, "{drift:?}\n# {}\n{}\n---", fix.title, fix.body).expect("text");
        let begun = happens(&failed, event.clone()).expect("a round begins");
        let index = begun
            .graph()
            .index(&fix.task)
            .expect("a task of the run's own");
        assert!(begun.is_fix(index) && begun.at(index).phase == Phase::Pending);
        assert_eq!(begun.graph().tasks()[index].body, fix.body);
        state = after(&begun, &fix.task.to_string(), became);
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_the_run_gave_itself_waits_for_what_a_person_takes_up_again() {
    let mut state = after(&started(Review::Off), "before", &INTEGRATION);
    state.run.policy.jobs = 2;
    state.run.policy.fix_rounds = 1;
    state.run.policy.final_verify = vec!["make".to_owned()];
    let failed = failing(&after(&state, "t", &["skipped"]), "make");
    let begun = happens(&failed, next_round(&failed)).expect("a round begins");
    let starts = |state: &State| {
        let actions = schedule::next(state, &Situation::default()).into_iter();
        let ids = actions.filter_map(|action| match action {
            Action::Start { task, .. } => Some(task.to_string()),
            _ => None,
        });
        Vec::from_iter(ids)
    };
    assert_eq!(starts(&begun), ["fix-1"]);
    let again = after(&begun, "t", &["retried: by a person"]);
    assert_eq!(starts(&again), ["t"]);
}

#[test]
fn who_broke_the_whole_is_remembered_while_the_same_command_fails() {
    let state = after(&started(Review::Off), "before", &INTEGRATION);
    let mut found = failing(&state, "make");
    let blame = Blame {
        command: "make".to_owned(),
        tasks: vec![Blamed {
            task: TaskId::new("before"),
            commit: "before.1".to_owned(),
            undone: false,
        }],
        ..Blame::default()
    };
    let verdict = found.run.verified.as_mut().expect("it was verified");
    verdict.blame = Some(blame.clone());
    let reason = "so it is".to_owned();
    let resumed = happens(&found, Event::Resumed { reason }).expect("it may happen");
    let blamed = |state: &State, command: &str| {
        let verified = failing(state, command).run.verified;
        verified.expect("it was verified").blame
    };
    assert_eq!(blamed(&resumed, "make"), Some(blame));
    assert_eq!(blamed(&resumed, "make other"), None);
    let undone = after(&resumed, "before", &["reverted"]);
    assert_eq!(blamed(&undone, "make"), None, "its work is undone");
}
