//! The transition table: where a task stands, what may happen to it there, and where it stands then. What has
//! no entry is refused, and changes nothing.

mod changes;
mod driving;
mod next;
mod order;
mod turns;

use std::fmt::Write as _;

use git_enact::plan::{Task, TaskId};
use git_enact::run::event::{By, Event, Recorded, Residue};
use git_enact::run::evidence::{Claim, Outcome, Reason, ReasonKind, Signal, Usage, Verdict};
use git_enact::run::policy::{Policy, Review};
use git_enact::run::state::{Drive, State};
use git_enact::run::whole::Fix;

use crate::support::plans::{graph, policy, task};

/// A run of `before`, and of `t`, which needs it.
fn started(review: Review) -> State {
    let needy = Task {
        needs: vec![TaskId::new("before")],
        ..task("t")
    };
    run_of(vec![task("before"), needy], Policy { review, ..policy() })
}

/// A run of these tasks.
fn run_of(tasks: Vec<Task>, policy: Policy) -> State {
    let started = Event::Started {
        run: "r".to_owned(),
        base: "base".to_owned(),
        plan_hash: String::new(),
        plan_path: String::new(),
        policy: Box::new(policy),
    };
    let recorded = Recorded {
        seq: 1,
        at: String::new(),
        checkpoint: String::new(),
        event: started,
    };
    State::start(graph("Some", tasks), &recorded).expect("it starts")
}

fn happens(state: &State, event: Event) -> Option<State> {
    let mut next = state.clone();
    let recorded = Recorded {
        seq: state.run.seq + 1,
        at: String::new(),
        checkpoint: String::new(),
        event,
    };
    next.apply(&recorded).ok().map(|()| next)
}

/// What may happen to `id` at any time, by name; `state` says what is the newest attempt and the tip.
fn events(state: &State, id: &str) -> Vec<(&'static str, Event)> {
    let task = TaskId::new(id);
    let attempt = state.task(&task).expect("the task").attempts;
    let (commit, onto) = (format!("{id}.{attempt}"), state.run.tip.clone());
    let text = || "so it is".to_owned();
    let judged = |accepted: bool| Event::Judged {
        task: task.clone(),
        attempt,
        verdict: Verdict {
            accepted: accepted.then(|| commit.clone()),
            reasons: vec![Reason::new(ReasonKind::Exit, "so it is")],
            ..Verdict::default()
        },
        again: false,
        millis: 1,
    };
    let reviewed = |approved| Event::Reviewed {
        task: task.clone(),
        attempt,
        approved,
        words: text(),
    };
    let retried = |by| Event::Retried {
        task: task.clone(),
        by,
        reason: text(),
        words: text(),
        continues: false,
    };
    vec![
        (
            "attempt-started",
            Event::AttemptStarted {
                task: task.clone(),
                attempt: attempt + 1,
                slot: 1,
                base: onto.clone(),
                from: None,
                executor: None,
            },
        ),
        (
            "attempt-ended",
            Event::AttemptEnded {
                task: task.clone(),
                attempt,
                outcome: Outcome::Exited(0),
                claim: Claim::default(),
                tip: Some(commit.clone()),
                salvage: None,
                strays: Vec::new(),
                committed_by_tool: false,
                residue: Residue::default(),
                usage: Usage::default(),
                millis: 1,
            },
        ),
        (
            "attempt-abandoned",
            Event::AttemptAbandoned {
                task: task.clone(),
                attempt,
                tip: None,
                salvage: None,
                reason: text(),
            },
        ),
        ("judged: accepted", judged(true)),
        ("judged: refused", judged(false)),
        ("reviewed: approved", reviewed(true)),
        ("reviewed: sent back", reviewed(false)),
        (
            "integrated",
            Event::Integrated {
                task: task.clone(),
                attempt,
                commit: commit.clone(),
                onto: onto.clone(),
                tip: format!("{onto}+{commit}"),
                proofs: Vec::new(),
            },
        ),
        (
            "conflicted",
            Event::Conflicted {
                task: task.clone(),
                attempt,
                commit: commit.clone(),
                onto: onto.clone(),
                paths: Vec::new(),
                reason: text(),
            },
        ),
        (
            "reverted",
            Event::Reverted {
                task: task.clone(),
                onto: onto.clone(),
                tip: format!("{onto}-{id}"),
                words: String::new(),
                offer: None,
            },
        ),
        ("retried: by policy", retried(By::Policy)),
        ("retried: by a person", retried(By::Person)),
        (
            "failed",
            Event::Failed {
                task: task.clone(),
                reason: text(),
                partial: false,
            },
        ),
        (
            "failed: in part",
            Event::Failed {
                task: task.clone(),
                reason: text(),
                partial: true,
            },
        ),
        (
            "timed-out",
            Event::TimedOut {
                task: task.clone(),
                reason: text(),
            },
        ),
        (
            "blocked",
            Event::Blocked {
                task: task.clone(),
                reason: text(),
            },
        ),
        (
            "kickback",
            Event::Kickback {
                task: task.clone(),
                attempt,
                signal: Signal::NeedsSplit,
                reason: text(),
                details: String::new(),
                recommendation: String::new(),
                suggested_split: Vec::new(),
                left: None,
            },
        ),
        (
            "paused",
            Event::Paused {
                task: Some(task.clone()),
                reason: text(),
                until: None,
            },
        ),
        (
            "asked",
            Event::Asked {
                task: task.clone(),
                reason: text(),
                last_completed: String::new(),
            },
        ),
        (
            "answered",
            Event::Answered {
                task: task.clone(),
                by: By::Person,
                words: text(),
            },
        ),
        (
            "skipped",
            Event::Skipped {
                task: task.clone(),
                by: By::Person,
                reason: text(),
            },
        ),
    ]
}

/// The state after these have happened to `id`, one after the other.
fn after(state: &State, id: &str, names: &[&str]) -> State {
    names.iter().fold(state.clone(), |state, name| {
        let found = events(&state, id).into_iter().find(|(of, _)| of == name);
        let (_, event) = found.unwrap_or_else(|| panic!("`{name}` is an event"));
        happens(&state, event).unwrap_or_else(|| panic!("`{name}` of `{id}` may happen here"))
    })
}

const INTEGRATION: [&str; 4] = [
    "attempt-started",
    "attempt-ended",
    "judged: accepted",
    "integrated",
];

/// A state in which `t` is in each phase.
fn phases() -> Vec<State> {
    let fresh = started(Review::Off);
    let ready = after(&fresh, "before", &INTEGRATION);
    let on = |names: &[&str]| after(&ready, "t", names);
    let refused = ["attempt-started", "attempt-ended", "judged: refused"];
    let fallen = |name: &'static str| on(&[&refused[..], &[name]].concat());
    let done = on(&INTEGRATION);
    let mut reviewing = started(Review::Task);
    let to_review = ["attempt-started", "attempt-ended", "judged: accepted"];
    reviewing = after(&reviewing, "before", &to_review);
    reviewing = after(&reviewing, "before", &["reviewed: approved", "integrated"]);
    vec![
        fresh.clone(),
        ready.clone(),
        on(&["attempt-started"]),
        on(&["attempt-started", "attempt-ended"]),
        on(&to_review),
        after(&reviewing, "t", &to_review),
        on(&refused),
        done.clone(),
        after(&done, "before", &["reverted"]),
        on(&[&INTEGRATION[..], &["reverted"]].concat()),
        after(
            &after(&done, "before", &["reverted"]),
            "t",
            &["retried: by a person"],
        ),
        fallen("failed"),
        fallen("failed: in part"),
        fallen("timed-out"),
        fallen("blocked"),
        fallen("kickback"),
        on(&["skipped"]),
        after(&fresh, "before", &["skipped"]),
    ]
}

#[test]
fn a_task_goes_where_the_table_says_and_nowhere_else() {
    let mut table = String::new();
    let stands = |state: &State| {
        let index = state.graph().index(&TaskId::new("t")).expect("the task");
        format!(
            "{:?}, {}",
            state.at(index).phase,
            state.standing(index).name()
        )
    };
    for state in phases() {
        writeln!(table, "{}", stands(&state)).expect("text");
        for (name, event) in events(&state, "t") {
            if let Some(next) = happens(&state, event) {
                writeln!(table, "    {name:<20} -> {}", stands(&next)).expect("text");
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// The run adds a task of its own to mend the whole.
fn round(id: &str) -> Event {
    Event::Replanned {
        plan_hash: String::new(),
        plan_path: String::new(),
        drift: Vec::new(),
        fix: Some(Fix {
            task: TaskId::new(id),
            title: "Mend it".to_owned(),
            body: String::new(),
        }),
    }
}

fn verified(state: &State, passed: bool) -> Event {
    Event::Verified {
        warnings: Vec::new(),
        tests: Vec::new(),
        proofs: Vec::new(),
        commit: state.run.tip.clone(),
        passed,
        reasons: (!passed)
            .then(|| "so it is".to_owned())
            .into_iter()
            .collect(),
        failures: Vec::new(),
        blame: None,
    }
}

#[test]
fn a_fix_round_begins_where_the_whole_failed_and_as_often_as_the_policy_says() {
    let mut state = after(&started(Review::Off), "before", &INTEGRATION);
    state.run.policy.fix_rounds = 2;
    let then = |state: &State, event: Event| happens(state, event).expect("it may happen here");
    assert!(
        happens(&state, round("fix-1")).is_none(),
        "nothing was verified"
    );
    let passed = then(&state, verified(&state, true));
    assert!(happens(&passed, round("fix-1")).is_none(), "nothing failed");
    let failed = then(&state, verified(&state, false));
    assert!(
        happens(&failed, round("t")).is_none(),
        "the plan has a task `t`"
    );
    let first = then(&failed, round("fix-1"));
    assert!(
        happens(&first, round("FIX-1")).is_none(),
        "the run has a task `fix-1`"
    );
    let second = then(&first, round("fix-2"));
    assert!(
        happens(&second, round("fix-3")).is_none(),
        "both rounds are used up"
    );
    assert_eq!((second.graph().len(), second.authored().len()), (4, 2));
    assert_eq!(second.counts().total, 4);

    let mut stopped = failed.clone();
    stopped.run.drive = Drive::Stopped(String::new());
    assert!(
        happens(&stopped, round("fix-1")).is_none(),
        "nobody drives the run"
    );

    let kept = (0..second.graph().len()).map(|task| {
        (
            second.graph().tasks()[task].id.clone(),
            second.at(task).clone(),
        )
    });
    let restored = State::restore(second.authored().clone(), second.run.clone(), kept);
    assert_eq!(restored.graph().tasks(), second.graph().tasks());
    let attempted = after(&restored, "fix-2", &INTEGRATION);
    let moved = attempted
        .run
        .verified
        .as_ref()
        .is_some_and(|verdict| verdict.commit != attempted.run.tip);
    assert!(moved, "what it integrated is to be verified");
}
