//! What an event changes: of the task that it concerns, of those that hang on it, and of the run; and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use git_enact::plan::TaskId;
use git_enact::run::event::{By, Event, Recorded, Residue};
use git_enact::run::evidence::{Claim, ClaimStatus, Outcome, Reason, ReasonKind, Usage, Verdict};
use git_enact::run::policy::Review;
use git_enact::run::proof::Proof;
use git_enact::run::state::{Drive, State};
use git_enact::run::whole::{Blame, Blamed, Failure};
use serde_json::Value;

use super::{INTEGRATION, after, events, happens, phases, started, verified};

/// All that is stored of a run and its tasks, and what is derived of them, each value by its path.
fn all_of(state: &State) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let stored = |value| serde_json::to_value(value).expect("it is stored as JSON");
    flatten("run", &stored(&state.run), &mut all);
    let counts = serde_json::to_value(state.counts()).expect("JSON");
    flatten("counts", &counts, &mut all);
    for (index, task) in state.graph().tasks().iter().enumerate() {
        let at = serde_json::to_value(state.at(index)).expect("it is stored as JSON");
        flatten(&task.id.to_string(), &at, &mut all);
        let standing = state.standing(index).name().to_owned();
        all.insert(format!("{}.standing", task.id), standing);
    }
    let listed = [
        ("ready", state.ready().collect::<Vec<usize>>()),
        ("active", state.active().collect()),
        ("attempting", state.attempting().collect()),
        ("attention", state.attention().collect()),
        ("in review", state.in_review().collect()),
    ];
    all.extend(listed.map(|(name, tasks)| (format!("derived.{name}"), format!("{tasks:?}"))));
    let told = [
        ("stuck", state.is_stuck()),
        ("needs a person", state.needs_person()),
    ];
    all.extend(told.map(|(name, is)| (format!("derived.{name}"), is.to_string())));
    all
}

fn flatten(path: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{path}.{name}"), value, all);
            }
        }
        Value::Array(values) => {
            for (nth, value) in values.iter().enumerate() {
                flatten(&format!("{path}.{nth}"), value, all);
            }
        }
        value => {
            all.insert(path.to_owned(), value.to_string());
        }
    }
}

/// What differs between two states, but for the number of the event and its time.
pub(super) fn told(table: &mut String, before: &State, after: &State) {
    let (before, after) = (all_of(before), all_of(after));
    let is_always = |path: &str| ["run.seq", "run.updated_at"].contains(&path);
    for (path, value) in after.iter().filter(|(path, _)| !is_always(path)) {
        if before.get(path) != Some(value) {
            writeln!(table, "        {path} = {value}").expect("text");
        }
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        writeln!(table, "        {path} is gone").expect("text");
    }
}

/// The same event with everything in it that may be in it.
fn in_full(event: Event) -> Event {
    let proof = |command: &str| Proof {
        command: command.to_owned(),
        ..Proof::default()
    };
    match event {
        Event::AttemptStarted {
            task,
            attempt,
            slot,
            base,
            from,
            ..
        } => Event::AttemptStarted {
            task,
            attempt,
            slot: slot + 1,
            base,
            from,
            executor: Some("other".to_owned()),
        },
        Event::AttemptEnded {
            task, attempt, tip, ..
        } => Event::AttemptEnded {
            task,
            attempt,
            outcome: Outcome::Exited(3),
            claim: Claim {
                status: ClaimStatus::Done,
                notes: "noted".to_owned(),
                ..Claim::default()
            },
            tip,
            salvage: Some("salvage".to_owned()),
            strays: Vec::new(),
            committed_by_tool: true,
            residue: Residue {
                head: "elsewhere".to_owned(),
                ..Residue::default()
            },
            usage: Usage {
                input_tokens: Some(7),
                ..Usage::default()
            },
            millis: 5,
        },
        Event::AttemptAbandoned {
            task,
            attempt,
            reason,
            ..
        } => Event::AttemptAbandoned {
            task,
            attempt,
            tip: Some("its tip".to_owned()),
            salvage: Some("its salvage".to_owned()),
            reason,
        },
        Event::Judged {
            task,
            attempt,
            verdict,
            again,
            ..
        } => Event::Judged {
            task,
            attempt,
            verdict: Verdict {
                proofs: vec![proof("judged by")],
                ..verdict
            },
            again,
            millis: 3,
        },
        Event::Integrated {
            task,
            attempt,
            commit,
            onto,
            tip,
            ..
        } => Event::Integrated {
            task,
            attempt,
            commit,
            onto,
            tip,
            proofs: vec![proof("merged by")],
        },
        Event::Retried {
            task,
            by,
            reason,
            words,
            ..
        } => Event::Retried {
            task,
            by,
            reason,
            words,
            continues: true,
        },
        Event::Paused { task, reason, .. } => Event::Paused {
            task,
            reason,
            until: Some("later".to_owned()),
        },
        other => other,
    }
}

#[test]
fn an_event_of_a_task_changes_this_and_nothing_else() {
    let mut table = String::new();
    for state in phases() {
        let index = state.graph().index(&TaskId::new("t")).expect("the task");
        writeln!(table, "{:?}", state.at(index).phase).expect("text");
        for (name, event) in events(&state, "t") {
            if let Some(next) = happens(&state, in_full(event)) {
                writeln!(table, "    {name}").expect("text");
                told(&mut table, &state, &next);
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_event_of_what_is_needed_reaches_what_needs_it() {
    let mut table = String::new();
    for state in phases() {
        let [before, needy] = [0, 1].map(|index| &state.at(index).phase);
        writeln!(table, "{before:?}, needed by {needy:?}").expect("text");
        for (name, event) in events(&state, "before") {
            if let Some(next) = happens(&state, event) {
                writeln!(table, "    {name}").expect("text");
                told(&mut table, &state, &next);
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// What may happen to a run as a whole.
fn of_the_run(state: &State) -> Vec<(&'static str, Event)> {
    let text = || "so it is".to_owned();
    let failed = |blame: Option<Blame>| {
        let Event::Verified {
            commit, reasons, ..
        } = verified(state, false)
        else {
            unreachable!("it is verified")
        };
        Event::Verified {
            commit,
            passed: false,
            reasons,
            failures: vec![Failure {
                command: "make".to_owned(),
                ..Failure::default()
            }],
            blame,
            warnings: vec![text()],
            tests: Vec::new(),
            proofs: Vec::new(),
        }
    };
    let blame = Blame {
        command: "make".to_owned(),
        tasks: vec![Blamed {
            task: TaskId::new("before"),
            commit: "before.1".to_owned(),
            undone: false,
        }],
        runs: 2,
        ..Blame::default()
    };
    let elsewhere = Event::Verified {
        commit: "elsewhere".to_owned(),
        passed: true,
        reasons: Vec::new(),
        failures: Vec::new(),
        blame: None,
        warnings: Vec::new(),
        tests: Vec::new(),
        proofs: Vec::new(),
    };
    vec![
        ("resumed", Event::Resumed { reason: text() }),
        ("stopped", Event::Stopped { reason: text() }),
        (
            "paused",
            Event::Paused {
                task: None,
                reason: text(),
                until: Some("later".to_owned()),
            },
        ),
        (
            "quarantined",
            Event::Quarantined {
                reason: text(),
                left: vec!["kept".to_owned()],
            },
        ),
        ("verified", verified(state, true)),
        ("verified: fails", failed(None)),
        ("verified: fails by", failed(Some(blame))),
        ("verified: elsewhere", elsewhere),
        ("finished", Event::Finished { progress: None }),
        (
            "landed",
            Event::Landed {
                branch: "main".to_owned(),
                from: "was".to_owned(),
                to: "is".to_owned(),
            },
        ),
        (
            "finished: and says so",
            Event::Finished {
                progress: Some("progress".to_owned()),
            },
        ),
    ]
}

/// The state after these have happened to the run, one after the other.
fn run_after(state: &State, names: &[&str]) -> State {
    names.iter().fold(state.clone(), |state, name| {
        let found = of_the_run(&state).into_iter().find(|(of, _)| of == name);
        let (_, event) = found.unwrap_or_else(|| panic!("`{name}` is an event"));
        happens(&state, event).unwrap_or_else(|| panic!("`{name}` may happen here"))
    })
}

#[test]
fn a_run_goes_where_the_table_says_and_nowhere_else() {
    let fresh = started(Review::Off);
    let done = after(&fresh, "before", &INTEGRATION);
    let mut limited = run_after(&done, &["paused"]);
    limited.run.policy.limits.attempts = Some(1);
    let mut running_out = done.clone();
    running_out.run.policy.limits.attempts = Some(1);
    let states = [
        ("running", fresh.clone()),
        ("attempting", after(&fresh, "before", &["attempt-started"])),
        ("half done", done.clone()),
        ("at its limit", running_out),
        ("stopped", run_after(&done, &["stopped"])),
        ("paused", run_after(&done, &["paused"])),
        ("paused at its limit", limited),
        ("quarantined", run_after(&done, &["quarantined"])),
        ("proven", run_after(&done, &["verified"])),
        ("disproven", run_after(&done, &["verified: fails"])),
        ("blamed", run_after(&done, &["verified: fails by"])),
        (
            "blamed and resumed",
            run_after(&done, &["verified: fails by", "resumed"]),
        ),
        ("finished", run_after(&done, &["verified", "finished"])),
    ];
    let mut table = String::new();
    for (name, state) in states {
        writeln!(table, "{name}").expect("text");
        for (name, event) in of_the_run(&state) {
            if let Some(next) = happens(&state, event) {
                writeln!(table, "    {name}").expect("text");
                told(&mut table, &state, &next);
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_decision_about_a_finished_run_opens_it_again() {
    let failed = ["attempt-started", "attempt-ended", "judged: refused"];
    let failed = after(&started(Review::Off), "before", &failed);
    let failed = after(&failed, "before", &["failed"]);
    let finished = run_after(&failed, &["finished"]);
    let drives = |id: &str| {
        let of = events(&finished, id).into_iter();
        let of = of.filter_map(|(name, event)| Some((name, happens(&finished, event)?)));
        let of = of.filter(|(_, next)| next.run.drive != Drive::Finished);
        Vec::from_iter(of.map(|(name, _)| name))
    };
    let opening = [
        "reviewed: sent back",
        "retried: by a person",
        "answered",
        "skipped",
    ];
    assert_eq!(drives("before"), opening);
}

#[test]
fn an_event_out_of_its_turn_is_refused() {
    let state = started(Review::Off);
    for seq in [0, 1, 3] {
        let recorded = Recorded {
            seq,
            at: String::new(),
            checkpoint: String::new(),
            event: Event::Resumed {
                reason: String::new(),
            },
        };
        let refused = state.clone().apply(&recorded).expect_err("out of turn");
        assert_eq!(
            refused.to_string(),
            "`resumed` cannot happen when event 1 is the newest"
        );
    }
    let unknown = Event::Skipped {
        task: TaskId::new("nobody"),
        by: By::Person,
        reason: String::new(),
    };
    assert!(happens(&state, unknown).is_none(), "no such task");
}

#[test]
fn time_and_attempts_are_counted_while_it_is_driven() {
    let mut state = started(Review::Off);
    state.run.updated_at = "2026-01-01T00:00:00Z".to_owned();
    let names = ["attempt-started", "attempt-ended", "judged: refused"];
    for (name, at) in names.iter().zip(["00:00:01", "00:00:03", "00:00:07"]) {
        let (_, event) = (events(&state, "before").into_iter())
            .find(|(of, _)| of == name)
            .expect("an event");
        let recorded = Recorded {
            seq: state.run.seq + 1,
            at: format!("2026-01-01T{at}Z"),
            checkpoint: String::new(),
            event: in_full(event),
        };
        state.apply(&recorded).expect("it may happen");
    }
    let run = &state.run;
    assert_eq!((run.driven_ms, run.spent.time_ms), (7000, 7000));
    assert_eq!(run.spent.attempts, 1);
    assert_eq!(run.spent.usage.input_tokens, Some(7));
    let refused = state.task(&TaskId::new("before")).expect("the task");
    assert_eq!((refused.failures, refused.millis()), (1, 8));
    let kinds = refused.verdict().expect("judged").reasons.iter();
    assert!(
        kinds
            .map(|reason: &Reason| reason.kind)
            .eq([ReasonKind::Exit])
    );
}
