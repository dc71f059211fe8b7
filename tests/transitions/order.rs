//! What an event has to fit: the newest attempt, the tip of the run's branch, the order of the plan.

use git_enact::plan::{Imported, ImportedStatus, Kind, Task, TaskId, Weight};
use git_enact::run::event::Event;
use git_enact::run::evidence::Signal;
use git_enact::run::policy::{Policy, Review};
use git_enact::run::schedule::{self, Action, Situation};
use git_enact::run::state::{Drive, State};
use git_enact::run::turn;

use super::{INTEGRATION, after, events, happens, phases, round, run_of, verified};
use crate::support::plans;

fn needing(id: &str, need: &str) -> Task {
    Task {
        needs: vec![TaskId::new(need)],
        ..plans::task(id)
    }
}

fn coming_after(id: &str, earlier: &str) -> Task {
    Task {
        after: vec![TaskId::new(earlier)],
        ..plans::task(id)
    }
}

fn imported(task: Task, status: ImportedStatus) -> Task {
    Task {
        imported: Some(Imported {
            status,
            commit: Some("earlier".to_owned()),
        }),
        ..task
    }
}

fn ready(state: &State) -> Vec<String> {
    let tasks = state.graph().tasks();
    let ready = state.ready().map(|task| tasks[task].id.to_string());
    ready.collect()
}

/// The tasks that are begun now.
fn starts(state: &State) -> Vec<String> {
    let actions = schedule::next(state, &Situation::default()).into_iter();
    let started = actions.filter_map(|action| match action {
        Action::Start { task, .. } => Some(task.to_string()),
        _ => None,
    });
    started.collect()
}

/// Where a task stands, and why.
fn stands(state: &State, id: &str) -> (&'static str, String) {
    let task = TaskId::new(id);
    let index = state.graph().index(&task).expect("the task");
    let reason = state.at(index).reason.clone();
    (state.standing(index).name(), reason.unwrap_or_default())
}

#[test]
fn an_event_of_another_attempt_or_on_another_tip_is_refused() {
    for state in phases() {
        for (name, mut event) in events(&state, "t") {
            let newest = state.task(&TaskId::new("t")).expect("the task").attempts;
            match &mut event {
                Event::AttemptStarted { attempt, .. } => *attempt = newest,
                Event::AttemptEnded { attempt, .. }
                | Event::AttemptAbandoned { attempt, .. }
                | Event::Judged { attempt, .. }
                | Event::Reviewed { attempt, .. }
                | Event::Integrated { attempt, .. }
                | Event::Conflicted { attempt, .. } => *attempt = newest + 1,
                Event::Reverted { onto, .. } => "elsewhere".clone_into(onto),
                _ => continue,
            }
            assert!(happens(&state, event).is_none(), "{name}");
        }
        for (_, mut event) in events(&state, "t") {
            if let Event::Integrated { onto, .. } = &mut event {
                "elsewhere".clone_into(onto);
                assert!(happens(&state, event).is_none(), "integrated elsewhere");
            }
        }
    }
}

#[test]
fn what_comes_after_another_waits_until_all_before_it_is_settled() {
    let abc = vec![
        plans::task("a"),
        coming_after("b", "a"),
        coming_after("c", "b"),
    ];
    let skipped = after(&run_of(abc, plans::policy()), "b", &["skipped"]);
    assert_eq!(ready(&skipped), ["a"], "what is before `b` is not settled");
    assert_eq!(ready(&after(&skipped, "a", &INTEGRATION)), ["c"]);

    let done = imported(coming_after("b", "a"), ImportedStatus::Done);
    let state = run_of(
        vec![plans::task("a"), done, needing("c", "b")],
        plans::policy(),
    );
    assert_eq!(stands(&state, "b").0, "done");
    assert_eq!(ready(&state), ["a"]);
    assert_eq!(ready(&after(&state, "a", &INTEGRATION)), ["c"]);

    let left_out = imported(plans::task("b"), ImportedStatus::Skipped);
    let state = run_of(vec![left_out, needing("c", "b")], plans::policy());
    let why = "the plan's own files say that it was skipped".to_owned();
    assert_eq!(stands(&state, "b"), ("skipped", why));
    assert_eq!(ready(&state), ["c"], "what needs it goes on");
}

#[test]
fn what_was_built_on_what_is_undone_is_stale_link_by_link() {
    let earlier = imported(needing("was", "a"), ImportedStatus::Done);
    let tasks = vec![
        plans::task("a"),
        needing("b", "a"),
        needing("c", "b"),
        earlier,
        coming_after("d", "c"),
    ];
    let mut state = run_of(tasks, plans::policy());
    for id in ["a", "b", "c"] {
        state = after(&state, id, &INTEGRATION);
    }
    let undone = after(&state, "a", &["reverted"]);
    let told = |id: &str| stands(&undone, id);
    assert_eq!(told("b"), ("stale", "needs `a`, which was reverted".into()));
    assert_eq!(told("c"), ("stale", "needs `b`, which is stale".into()));
    assert_eq!(told("was").0, "done", "the run did not make it");
    assert_eq!(ready(&undone), ["d"], "what is stale is settled");
}

#[test]
fn a_finished_run_is_taken_up_again_where_there_is_something_to_prove() {
    let mut state = run_of(vec![plans::task("a"), needing("b", "a")], plans::policy());
    for id in ["a", "b"] {
        state = after(&state, id, &INTEGRATION);
    }
    state.run.drive = Drive::Finished;
    assert_eq!(after(&state, "b", &["reverted"]).run.drive, Drive::Finished);
    let open = Drive::Stopped("task `a` was reverted".to_owned());
    assert_eq!(after(&state, "a", &["reverted"]).run.drive, open);
    state.run.policy.final_verify = vec!["make".to_owned()];
    let open = Drive::Stopped("task `b` was reverted".to_owned());
    assert_eq!(after(&state, "b", &["reverted"]).run.drive, open);
}

#[test]
fn a_kickback_for_its_scope_has_all_that_follows_looked_at_in_full() {
    let policy = Policy {
        weight: Weight::Light,
        ..plans::policy()
    };
    let refused = ["attempt-started", "attempt-ended", "judged: refused"];
    let state = after(&run_of(vec![plans::task("a")], policy), "a", &refused);
    for (kind, weight) in [
        (Signal::ScopeCreep, Weight::Full),
        (Signal::NeedsSplit, Weight::Light),
    ] {
        let kicked = events(&state, "a").into_iter().find_map(|(_, mut event)| {
            if let Event::Kickback { signal, .. } = &mut event {
                *signal = kind;
                return happens(&state, event);
            }
            None
        });
        let kicked = kicked.expect("it may kick back");
        assert_eq!(kicked.run.policy.weight, weight, "{kind}");
    }
}

#[test]
fn the_whole_is_proven_first_unless_something_was_begun_or_a_design_comes_first() {
    let policy = || Policy {
        preflight: true,
        final_verify: vec!["make".to_owned()],
        ..plans::policy()
    };
    let proves = |state: &State| {
        let actions = schedule::next(state, &Situation::default());
        matches!(actions[..], [Action::VerifyAll { .. }])
    };
    let fresh = run_of(vec![plans::task("a")], policy());
    assert!(proves(&fresh));
    let begun = after(&fresh, "a", &["attempt-started", "attempt-abandoned"]);
    assert!(!proves(&begun), "an attempt was begun");
    let design = Task {
        kind: Kind::Design,
        ..plans::task("a")
    };
    assert!(
        !proves(&run_of(vec![design], policy())),
        "a design is first"
    );
}

#[test]
fn a_task_asks_for_the_same_whatever_its_file_says_of_its_progress() {
    let task = plans::task("a");
    let done = imported(task.clone(), ImportedStatus::Done);
    assert!(turn::is_same(&task, &done));
    assert!(turn::is_same(&task, &coming_after("a", "b")));
    assert!(!turn::is_same(&task, &needing("a", "b")));
}

/// The same run, in which each wave is reviewed.
fn in_waves(mut state: State) -> State {
    state.run.policy.review = Review::Wave;
    state
}

#[test]
fn a_reviewed_wave_begins_once_all_of_the_one_before_it_is_settled() {
    let tasks = vec![plans::task("a"), plans::task("b"), needing("c", "a")];
    let policy = Policy {
        jobs: 3,
        ..plans::policy()
    };
    let state = after(&run_of(tasks, policy), "a", &INTEGRATION);
    assert_eq!(starts(&state), ["b", "c"]);
    let state = in_waves(state);
    assert_eq!(starts(&state), ["b"]);
    assert_eq!(starts(&after(&state, "b", &["skipped"])), ["c"]);
}

#[test]
fn no_reviewed_wave_waits_for_what_the_run_gave_itself() {
    let tasks = vec![plans::task("before"), needing("t", "before")];
    let policy = Policy {
        fix_rounds: 1,
        final_verify: vec!["make".to_owned()],
        ..plans::policy()
    };
    let state = after(&run_of(tasks, policy), "before", &INTEGRATION);
    let state = after(&state, "t", &["skipped"]);
    let failed = happens(&state, verified(&state, false)).expect("it may fail");
    let begun = happens(&failed, round("fix-1")).expect("a round begins");
    // What the run gave itself needs nothing, so that it is of the first wave; and it waits for `t`.
    let again = after(&in_waves(begun), "t", &["retried: by a person"]);
    assert_eq!(starts(&again), ["t"]);
}
