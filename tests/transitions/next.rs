//! What is done next where a task stands, and what follows when its attempt was refused.

use std::fmt::Write as _;
use std::sync::Arc;

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Plan, TaskId, Wishes};
use git_enact::run::event::Event;
use git_enact::run::evidence::{Claim, ClaimStatus, Reason, ReasonKind, Signal, Verdict};
use git_enact::run::policy::{Executor, OnFailure, Policy, Review};
use git_enact::run::schedule::{self, Action, Situation};
use git_enact::run::state::{Drive, State};

use super::{INTEGRATION, after, events, happens, phases, started, verified};
use crate::support::plans;

pub(super) fn short(actions: &[Action]) -> String {
    let said = |action: &Action| match action {
        Action::Record(event) => format!("record {}", event.name()),
        Action::Start {
            task,
            attempt,
            slot,
            base,
            from,
        } => format!("start {task}.{attempt} in {slot} on {base} from {from:?}"),
        other => format!("{other:?}"),
    };
    let said: Vec<String> = actions.iter().map(said).collect();
    said.join(", ")
}

/// How somebody may stand beside a run.
fn situations() -> [(&'static str, Situation); 5] {
    let stopping = Some("enough".to_owned());
    [
        ("alone", Situation::default()),
        (
            "with a person",
            Situation {
                interactive: true,
                ..Situation::default()
            },
        ),
        (
            "stopping",
            Situation {
                stopping: stopping.clone(),
                ..Situation::default()
            },
        ),
        (
            "stopping, with a person",
            Situation {
                stopping: stopping.clone(),
                interactive: true,
                ..Situation::default()
            },
        ),
        (
            "cancelled",
            Situation {
                stopping,
                cancelled: true,
                interactive: true,
            },
        ),
    ]
}

fn say(table: &mut String, name: &str, state: &State) {
    writeln!(table, "{name}").expect("text");
    for (situation, how) in situations() {
        let actions = short(&schedule::next(state, &how));
        writeln!(table, "    {situation}: {actions}").expect("text");
    }
}

#[test]
fn what_is_done_next_follows_from_where_things_stand() {
    let mut table = String::new();
    for state in phases() {
        let t = state.graph().index(&TaskId::new("t")).expect("the task");
        say(&mut table, &format!("{:?}", state.at(t).phase), &state);
        let asked = events(&state, "t").into_iter();
        let asked = asked.filter_map(|(name, event)| (name == "asked").then_some(event));
        if let Some(asked) = asked.filter_map(|event| happens(&state, event)).next() {
            say(&mut table, "    and asked", &asked);
        }
    }
    insta::assert_snapshot!(table);
}

/// `state` with a policy that is otherwise.
fn with(state: &State, change: impl FnOnce(&mut Policy)) -> State {
    let mut changed = state.clone();
    change(&mut changed.run.policy);
    changed
}

#[test]
fn what_is_done_next_follows_from_the_policy() {
    let fresh = started(Review::Off);
    let ready = after(&fresh, "before", &INTEGRATION);
    let done = after(&ready, "t", &INTEGRATION);
    let refused = ["attempt-started", "attempt-ended", "judged: refused"];
    let failed = after(&after(&fresh, "before", &refused), "before", &["failed"]);
    let kicked = after(&after(&fresh, "before", &refused), "before", &["kickback"]);
    let kicks = [ReasonKind::ClaimedKickback];
    let kicked_back = refused_for(Dialect::Toml, ClaimStatus::Kickback, &kicks);
    let kicked_back = after(&kicked_back, "t", &["kickback"]);
    let researches = |policy: &mut Policy| policy.research = Some(Executor::Shell);
    let stale = after(&done, "before", &["reverted"]);
    let proves = |policy: &mut Policy| policy.final_verify = vec!["make".to_owned()];
    let both = |policy: &mut Policy| {
        policy.final_verify = vec!["make".to_owned()];
        policy.preflight = true;
    };
    let limited = |policy: &mut Policy| policy.limits.attempts = Some(1);
    let mends = |policy: &mut Policy| {
        policy.final_verify = vec!["make".to_owned()];
        policy.fix_rounds = 1;
    };
    let then = |state: &State, event: Event| happens(state, event).expect("it may happen");
    let mut quarantined = ready.clone();
    quarantined.run.drive = Drive::Quarantined("so it is".to_owned());
    let mut stopped = done.clone();
    stopped.run.drive = Drive::Stopped("so it is".to_owned());
    let cases = [
        ("jobs", with(&ready, |policy| policy.jobs = 3)),
        ("to be proven first", with(&fresh, both)),
        ("to be proven first, and begun", with(&ready, both)),
        ("to be proven at the end alone", with(&fresh, proves)),
        (
            "proven first",
            then(&with(&fresh, both), verified(&fresh, true)),
        ),
        ("at its limit", with(&ready, limited)),
        ("at its limit and done", with(&done, limited)),
        ("stale at its limit", with(&stale, limited)),
        ("done", done.clone()),
        ("done, to be proven", with(&done, proves)),
        (
            "done and proven",
            then(&with(&done, proves), verified(&done, true)),
        ),
        (
            "done and disproven",
            then(&with(&done, proves), verified(&done, false)),
        ),
        (
            "done, disproven, to be mended",
            then(&with(&done, mends), verified(&done, false)),
        ),
        (
            "failed, and it goes on",
            with(&failed, |policy| policy.on_failure = OnFailure::Skip),
        ),
        (
            "failed, and it asks",
            with(&failed, |policy| policy.on_failure = OnFailure::Ask),
        ),
        ("kicked back", kicked.clone()),
        ("kicked back for something else", with(&kicked, researches)),
        ("kicked back for research", kicked_back.clone()),
        ("kicked back, with research", with(&kicked_back, researches)),
        (
            "researched in vain",
            after(&with(&kicked_back, researches), "t", &["asked"]),
        ),
        ("stale", stale),
        ("quarantined", quarantined),
        ("stopped", stopped),
    ];
    let mut table = String::new();
    for (name, state) in cases {
        say(&mut table, name, &state);
    }
    insta::assert_snapshot!(table);
}

/// A run of one task in a dialect, whose attempt was refused for `kinds` while it said `status`.
fn refused_for(dialect: Dialect, status: ClaimStatus, kinds: &[ReasonKind]) -> State {
    let plan = Plan {
        dialect,
        title: "One".to_owned(),
        tasks: vec![plans::task("t")],
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    let mut state = started(Review::Off);
    let graph = Arc::new(Graph::new(plan).expect("a sound plan"));
    state = State::restore(graph, state.run.clone(), Vec::new());
    for name in ["attempt-started", "attempt-ended", "judged: refused"] {
        let found = events(&state, "t").into_iter().find(|(of, _)| *of == name);
        let (_, mut event) = found.expect("an event");
        if let Event::AttemptEnded { claim, .. } = &mut event {
            *claim = Claim {
                status,
                reason: "my words".to_owned(),
                signal: (status == ClaimStatus::Kickback).then_some(Signal::NeedsResearch),
                details: "in detail".to_owned(),
                recommendation: "do otherwise".to_owned(),
                suggested_split: vec!["one".to_owned(), "two".to_owned()],
                until: Some("later".to_owned()),
                ..Claim::default()
            };
        }
        if let Event::Judged { verdict, .. } = &mut event {
            let reasons = kinds
                .iter()
                .map(|kind| Reason::new(*kind, format!("{kind:?}")));
            *verdict = Verdict {
                reasons: reasons.collect(),
                ..Verdict::default()
            };
        }
        state = happens(&state, event).expect("it may happen");
    }
    state
}

const KINDS: [ReasonKind; 28] = [
    ReasonKind::ClaimedFailed,
    ReasonKind::ClaimedBlocked,
    ReasonKind::ClaimedPartial,
    ReasonKind::ClaimedKickback,
    ReasonKind::RateLimited,
    ReasonKind::Exit,
    ReasonKind::TimedOut,
    ReasonKind::Stalled,
    ReasonKind::NoCommit,
    ReasonKind::UnknownCommit,
    ReasonKind::NotOnBranch,
    ReasonKind::NotDescended,
    ReasonKind::BrokenObjects,
    ReasonKind::Empty,
    ReasonKind::Dirty,
    ReasonKind::InProgress,
    ReasonKind::BranchSwitched,
    ReasonKind::Escaped,
    ReasonKind::Foreign,
    ReasonKind::WorktreeLost,
    ReasonKind::ScopeCreep,
    ReasonKind::MissingFile,
    ReasonKind::MissingDependency,
    ReasonKind::VerifyFailed,
    ReasonKind::Regressed,
    ReasonKind::QualityFailed,
    ReasonKind::Unmet,
    ReasonKind::HookRefused,
];

#[test]
fn what_follows_a_refusal_is_decided_by_its_reasons() {
    let mut table = String::new();
    let several = [
        vec![ReasonKind::Unmet, ReasonKind::ClaimedPartial],
        vec![ReasonKind::Unmet, ReasonKind::Dirty],
        vec![ReasonKind::VerifyFailed, ReasonKind::Exit],
        vec![ReasonKind::VerifyFailed, ReasonKind::ClaimedFailed],
        vec![ReasonKind::VerifyFailed, ReasonKind::Unmet],
        vec![],
    ];
    let each = KINDS.map(|kind| vec![kind]).into_iter().chain(several);
    for kinds in each {
        writeln!(table, "{kinds:?}").expect("text");
        let status = match kinds[..] {
            [ReasonKind::ClaimedKickback] => ClaimStatus::Kickback,
            _ => ClaimStatus::Failed,
        };
        for (name, dialect, retries) in [
            ("it blocks", Dialect::Phases, 0),
            ("no retry", Dialect::Toml, 0),
            ("a retry", Dialect::Phases, 1),
        ] {
            let state = refused_for(dialect, status, &kinds);
            let state = with(&state, |policy| policy.retries = retries);
            let actions = schedule::next(&state, &Situation::default());
            let events = actions.iter().map(|action| match action {
                Action::Record(event) => format!("{event:?}"),
                other => format!("{other:?}"),
            });
            writeln!(
                table,
                "    {name}: {}",
                events.collect::<Vec<_>>().join(", ")
            )
            .expect("text");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_conflict_is_tried_again_as_often_as_the_policy_says() {
    let to_conflict = [
        "attempt-started",
        "attempt-ended",
        "judged: accepted",
        "conflicted",
    ];
    let mut state = started(Review::Off);
    state.run.policy.conflict_retries = 1;
    state = after(&state, "before", &to_conflict);
    let next = |state: &State| {
        let actions = schedule::next(state, &Situation::default());
        match &actions[..] {
            [Action::Record(event)] => (**event).clone(),
            other => panic!("one event, not {other:?}"),
        }
    };
    let retried = next(&state);
    assert!(
        matches!(&retried, Event::Retried { reason, .. } if reason == "so it is"),
        "{retried:?}"
    );
    state = happens(&state, retried).expect("it may happen");
    let given_up = next(&after(&state, "before", &to_conflict));
    assert!(
        matches!(&given_up, Event::Failed { reason, partial: false, .. } if reason == "so it is"),
        "{given_up:?}"
    );
}
