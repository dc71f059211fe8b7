//! Whatever is done to a run, in whatever order, by its user, by others and by crashes, it stands where a reference in
//! memory says that it stands, and its branch holds what is done and nothing else.
//!
//! A plain list of operations rather than a state machine of a library: what cannot be done right now is tried all the
//! same, and must be refused as the reference refuses it, so that no operation needs a condition, and any part of a list is
//! a list. Which lists are made is the same each time; `ENACT_SEQUENCES=1000` makes so many of each kind, and
//! `ENACT_SEQUENCES_SEED=7` others.

mod interference;
mod life;
mod model;
mod script;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use life::Life;
use model::{Deed, Plan, Planned};

/// One thing that happens. What a number means depends on what there is: it is taken modulo that.
#[derive(Debug, Clone)]
enum Operation {
    // By the program; a crash is named as `ENACT_CRASH_AT` has it.
    Resume {
        halt: bool,
        crash: Option<String>,
    },
    Retry {
        task: usize,
        words: bool,
        crash: Option<String>,
    },
    Skip {
        task: usize,
        crash: Option<String>,
    },
    Answer {
        task: usize,
        crash: Option<String>,
    },
    Revert {
        task: usize,
        crash: Option<String>,
    },
    Rollback {
        by: usize,
        crash: Option<String>,
    },
    Stop,
    Clean {
        crash: Option<String>,
    },
    Doctor,
    // By the user and by others.
    Commit,
    Switch {
        to: usize,
    },
    Branch,
    DeleteBranches,
    Collect {
        now: bool,
    },
    PackRefs,
    LoseBranch,
    MoveBranch {
        forward: bool,
    },
    LoseNotes,
    MoveNotesBack,
    Note {
        task: usize,
    },
    Overwrite {
        task: usize,
    },
    MoveJournalBack {
        by: usize,
    },
}

/// The longest list.
const LENGTH: usize = 40;

/// What a drive records on its way.
const DRIVEN: [&str; 11] = [
    "resumed",
    "attempt-started",
    "attempt-ended",
    "attempt-abandoned",
    "judged",
    "integrated",
    "failed",
    "kickback",
    "blocked",
    "asked",
    "finished",
];

/// Where else a drive may die.
const STEPS: [&str; 10] = [
    "leftovers-ended",
    "branch-noted",
    "branch-moved",
    "notes-withdrawn",
    "worktree-added",
    "slot-made",
    "branch-placed",
    "attempt-ordered",
    "worktree-emptied",
    "worktree-removed",
];

/// The same where a run goes back, and is cleaned.
const BACK: [&str; 4] = ["decided", "notes-withdrawn", "branch-noted", "branch-moved"];

fn any_of(points: Vec<String>) -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.3, prop::sample::select(points))
}

fn staged(events: &[&str]) -> Vec<String> {
    let stages = git_enact::crash::STAGES;
    let staged = |event: &&str| stages.map(|stage| format!("{stage}:{event}"));
    events.iter().flat_map(staged).collect()
}

fn steps(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("step:{name}")).collect()
}

/// Where a drive dies: at one of the first three such points.
fn in_a_drive() -> impl Strategy<Value = Option<String>> {
    let points = [staged(&DRIVEN), steps(&STEPS)].concat();
    let points = points.iter();
    any_of(
        points
            .flat_map(|point| (1..=3).map(move |nth| format!("{point}:{nth}")))
            .collect(),
    )
}

/// Where a decision dies.
fn in_a_decision(event: &'static str) -> impl Strategy<Value = Option<String>> {
    any_of([staged(&[event]), steps(&["decided"])].concat())
}

fn in_a_turn(event: &'static str) -> impl Strategy<Value = Option<String>> {
    any_of([staged(&[event]), steps(&BACK)].concat())
}

fn task() -> impl Strategy<Value = usize> {
    0..6_usize
}

fn by_the_program() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    let resume = (prop::bool::weighted(0.15), in_a_drive());
    let clean = any_of(steps(&["worktree-emptied", "worktree-removed"]));
    prop_oneof![
        8 => resume.prop_map(|(halt, crash)| Op::Resume { halt, crash }),
        3 => (task(), any::<bool>(), in_a_decision("retried"))
            .prop_map(|(task, words, crash)| Op::Retry { task, words, crash }),
        1 => (task(), in_a_decision("skipped")).prop_map(|(task, crash)| Op::Skip { task, crash }),
        2 => (task(), in_a_decision("answered")).prop_map(|(task, crash)| Op::Answer { task, crash }),
        3 => (task(), in_a_turn("reverted")).prop_map(|(task, crash)| Op::Revert { task, crash }),
        3 => (0..40_usize, in_a_turn("rolled-back")).prop_map(|(by, crash)| Op::Rollback { by, crash }),
        1 => Just(Op::Stop),
        1 => clean.prop_map(|crash| Op::Clean { crash }),
        1 => Just(Op::Doctor),
    ]
}

fn by_others() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    prop_oneof![
        2 => Just(Op::Commit),
        2 => (0..3_usize).prop_map(|to| Op::Switch { to }),
        1 => Just(Op::Branch),
        1 => Just(Op::DeleteBranches),
        2 => any::<bool>().prop_map(|now| Op::Collect { now }),
        1 => Just(Op::PackRefs),
        1 => Just(Op::LoseBranch),
        2 => any::<bool>().prop_map(|forward| Op::MoveBranch { forward }),
        1 => Just(Op::LoseNotes),
        1 => Just(Op::MoveNotesBack),
        2 => task().prop_map(|task| Op::Note { task }),
        1 => task().prop_map(|task| Op::Overwrite { task }),
        1 => (0..20_usize).prop_map(|by| Op::MoveJournalBack { by }),
    ]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![5 => by_the_program(), 2 => by_others()];
    prop::collection::vec(operation, 1..=LENGTH)
}

/// A plan of a few tasks, each of which may need those before it, or only come after them.
fn plan(jobs: u32) -> impl Strategy<Value = Plan> {
    let deed = prop_oneof![
        4 => Just(Deed::Good),
        3 => Just(Deed::Leans),
        1 => Just(Deed::Fails),
        1 => Just(Deed::Kicks),
        1 => Just(Deed::Blocks),
    ];
    let edges = prop::collection::vec(0..6_u8, 5);
    let tasks = prop::collection::vec((deed, edges), 2..=5);
    (tasks, any::<bool>()).prop_map(move |(tasks, stops)| {
        let planned = |(nth, (deed, edges)): (usize, (Deed, Vec<u8>))| {
            let to = |kinds: &[u8]| {
                (0..nth)
                    .filter(|&earlier| kinds.contains(&edges[earlier]))
                    .collect()
            };
            Planned {
                deed,
                needs: to(&[0, 1]),
                after: to(&[2]),
            }
        };
        Plan {
            tasks: tasks.into_iter().enumerate().map(planned).collect(),
            jobs,
            stops,
        }
    })
}

fn asked(name: &str, otherwise: u32) -> u32 {
    let asked = std::env::var(name).ok();
    asked
        .and_then(|count| count.parse().ok())
        .unwrap_or(otherwise)
}

/// Lives through lists of operations on runs with so many slots.
fn live(jobs: u32) {
    let seed = asked("ENACT_SEQUENCES_SEED", 1);
    let config = ProptestConfig {
        cases: asked("ENACT_SEQUENCES", 5),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(u64::from(seed) << 8 | u64::from(jobs)).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let lived = runner.run(&(plan(jobs), operations()), |(plan, operations)| {
        let mut life = Life::new(&plan);
        for operation in &operations {
            life.happen(operation);
        }
        life.end();
        Ok::<(), TestCaseError>(())
    });
    match lived {
        Ok(()) => {}
        Err(TestError::Fail(why, (plan, operations))) => {
            panic!(
                "with ENACT_SEQUENCES_SEED={seed} and {jobs} slots: {why}\n{plan:?}\n{operations:#?}"
            )
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn a_run_with_one_slot_stands_where_the_reference_says_whatever_is_done_to_it() {
    live(1);
}

#[test]
fn a_run_with_two_slots_stands_where_the_reference_says_whatever_is_done_to_it() {
    live(2);
}

/// Two tasks, of which the second needs the first.
fn two(jobs: u32) -> Plan {
    let good = |needs| Planned {
        deed: Deed::Good,
        needs,
        after: Vec::new(),
    };
    Plan {
        tasks: vec![good(vec![]), good(vec![0])],
        jobs,
        stops: false,
    }
}

#[test]
fn lists_that_went_wrong_once_are_lived_through() {
    use Operation::{
        Branch, Clean, LoseBranch, LoseNotes, MoveJournalBack, Resume, Revert, Rollback, Switch,
    };
    let at = |point: &str| Some(point.to_owned());
    let resume = |halt| Resume { halt, crash: None };
    let clean = || Clean { crash: None };
    let back = |by| Rollback { by, crash: None };
    let revert = |task| Revert { task, crash: None };
    let lists = [
        (
            two(1),
            vec![
                Clean {
                    crash: at("step:worktree-emptied"),
                },
                Revert {
                    task: 1,
                    crash: at("recorded:reverted"),
                },
                back(8),
            ],
        ),
        (
            two(2),
            vec![
                back(4),
                resume(false),
                revert(3),
                back(13),
                LoseBranch,
                resume(true),
                clean(),
                Switch { to: 2 },
                LoseNotes,
                clean(),
                revert(4),
                Branch,
                MoveJournalBack { by: 6 },
            ],
        ),
        (
            two(1),
            vec![
                Switch { to: 2 },
                clean(),
                revert(0),
                MoveJournalBack { by: 10 },
                Switch { to: 0 },
                resume(true),
            ],
        ),
    ];
    for (plan, operations) in &lists {
        let mut life = Life::new(plan);
        for operation in operations {
            life.happen(operation);
        }
        life.end();
    }
}
