//! Whole runs on a simulated world: a driver that dies anywhere, twice, ends as the calm run does.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use git_enact::graph::Graph;
use git_enact::plan::{Task, TaskId};
use git_enact::run::engine::{self, Ended, Engine};
use git_enact::run::event::{By, Event, Recorded};
use git_enact::run::policy::{CommitMode, Executor, OnFailure, Policy, Review};
use git_enact::run::routes::{Other, Routes, TakeOver};
use git_enact::run::state::{Phase, State};

use crate::support::plans;
use crate::support::sim::{Auditor, Chance, Disk, Fuse, SimJournal, SimWorld};

/// What tasks may declare: some of it meets.
const FILES: [&str; 6] = ["a", "b", "c/d", "c/e", "c/**", "*"];

fn random_graph(chance: &mut Chance) -> Arc<Graph> {
    let count = 1 + chance.below(7);
    let tasks = (0..count)
        .map(|nth| {
            let (mut needs, mut after) = (Vec::new(), Vec::new());
            for earlier in 0..nth {
                match chance.below(5) {
                    0 => needs.push(TaskId::new(earlier.to_string())),
                    1 => after.push(TaskId::new(earlier.to_string())),
                    _ => {}
                }
            }
            let declared =
                (0..chance.below(3)).map(|_| FILES[chance.below(FILES.len() as u64) as usize]);
            Task {
                needs,
                after,
                files: declared.map(str::to_owned).collect(),
                ..plans::task(&nth.to_string())
            }
        })
        .collect();
    plans::graph("simulated", tasks)
}

/// All by one; the odd ones by another; and after a failure by a third.
fn routes(kind: u64) -> Routes {
    let other = |name: &str| {
        let other = Other {
            executor: Executor::plain(name, vec!["true".to_owned()]),
            commit: CommitMode::Auto,
        };
        (name.to_owned(), other)
    };
    let odd = ["1", "3", "5"].map(|task| (task.to_owned(), "other".to_owned()));
    let retry = TakeOver {
        executor: "third".to_owned(),
        after: 1,
    };
    match kind {
        0 => Routes::default(),
        kind => Routes {
            executors: [other("other"), other("third")].into(),
            tasks: odd.into(),
            retry: (kind == 2).then_some(retry),
        },
    }
}

fn policy(chance: &mut Chance) -> Policy {
    Policy {
        jobs: 1 + chance.below(4) as u32,
        retries: chance.below(3) as u32,
        on_failure: match chance.below(2) {
            0 => OnFailure::Stop,
            _ => OnFailure::Skip,
        },
        review: match chance.below(4) {
            0 => Review::Task,
            1 => Review::Wave,
            _ => Review::Off,
        },
        commit_progress: chance.below(3) == 0,
        checks: std::collections::BTreeMap::new(),
        preflight: chance.below(2) == 0,
        final_verify: match chance.below(2) {
            0 => Vec::new(),
            _ => vec!["true".to_owned()],
        },
        fix_rounds: chance.below(4) as u32,
        research: (chance.below(2) == 0).then_some(Executor::Shell),
        routes: routes(chance.below(3)),
        ..plans::policy()
    }
}

fn replay(graph: &Arc<Graph>, journal: &[Recorded]) -> State {
    let mut state =
        State::start(graph.clone(), &journal[0]).expect("a journal begins with `started`");
    for recorded in &journal[1..] {
        state.apply(recorded).expect("a journal replays");
    }
    state
}

/// Drives the run once, from what is on disk until it ends or dies.
fn drive(
    disk: &mut Disk,
    graph: &Arc<Graph>,
    seed: u64,
    fuse: Option<u64>,
    is_interrupted: bool,
) -> Option<Ended> {
    let state = replay(graph, &disk.journal);
    let done = HashSet::from_iter(
        (0..state.graph().len())
            .filter(|&nth| state.at(nth).phase == Phase::Done)
            .map(|nth| state.graph().tasks()[nth].id.clone()),
    );
    let fuse = Rc::new(RefCell::new(Fuse(fuse)));
    let jobs = state.run.policy.jobs as usize;
    let Disk {
        journal,
        branch,
        executed,
        finished_alone,
    } = disk;
    let chance = Chance::new(seed ^ journal.len() as u64);
    let mut world = SimWorld {
        branch,
        executed,
        finished_alone,
        fuse: fuse.clone(),
        seed,
        chance,
        pending: VecDeque::new(),
        live: HashMap::new(),
        jobs,
        is_interrupted,
        asked: Vec::new(),
        tampers: is_interrupted,
    };
    let mut journal = SimJournal {
        disk: journal,
        appended: Vec::new(),
        fuse,
    };
    let mut auditor = Auditor {
        done,
        quarantined: false,
    };
    let mut engine = Engine::new(&mut world, &mut journal, &mut auditor, state, false);
    engine
        .recover("simulated")
        .and_then(|()| engine.drive())
        .ok()
}

/// What a person decides when asked: the same whenever they are asked the same thing.
fn decide(disk: &mut Disk, graph: &Arc<Graph>, seed: u64) {
    let mut state = replay(graph, &disk.journal);
    // What is looked into first is nobody's to decide yet.
    let open: Vec<usize> = state
        .attention()
        .filter(|&task| !state.awaits_research(task))
        .collect();
    for nth in open {
        let id = state.graph().tasks()[nth].id.clone();
        let at = state.at(nth);
        let tries = at
            .history
            .iter()
            .filter(|attempt| attempt.outcome.is_some())
            .count() as u64;
        let gives_up =
            tries > 6 || Chance::new(seed ^ (nth as u64 * 131) ^ (tries * 17)).below(3) == 0;
        let event = match at.phase {
            Phase::Failed | Phase::Partial | Phase::TimedOut | Phase::Blocked
                if at.asked && gives_up =>
            {
                Event::Skipped {
                    task: id,
                    by: By::Person,
                    reason: "given up".to_owned(),
                }
            }
            Phase::Failed | Phase::Partial | Phase::TimedOut if at.asked => Event::Retried {
                task: id,
                by: By::Person,
                reason: "again".to_owned(),
                words: "please".to_owned(),
                continues: tries.is_multiple_of(2),
            },
            Phase::InReview => Event::Reviewed {
                task: id,
                attempt: at.attempts,
                approved: tries > 2 || !gives_up,
                words: "otherwise".to_owned(),
            },
            Phase::Kickback if gives_up => Event::Skipped {
                task: id,
                by: By::Person,
                reason: "given up".to_owned(),
            },
            Phase::Kickback | Phase::Blocked => Event::Answered {
                task: id,
                by: By::Person,
                words: "so".to_owned(),
            },
            _ => continue,
        };
        let fuse = Rc::new(RefCell::new(Fuse(None)));
        let mut journal = SimJournal {
            disk: &mut disk.journal,
            appended: Vec::new(),
            fuse,
        };
        engine::record(&mut journal, &mut state, event, &[]).expect("the decision is legal");
    }
}

/// Undoes one task of a run that has ended, if a person who knows the seed wants that and did not yet; whether
/// they did.
fn revert(disk: &mut Disk, graph: &Arc<Graph>, seed: u64) -> bool {
    let mut state = replay(graph, &disk.journal);
    let is_reverted = |recorded: &Recorded| matches!(recorded.event, Event::Reverted { .. });
    let picked = seed as usize % graph.len();
    let was_integrated = !state.at(picked).merged.is_empty();
    if seed.is_multiple_of(3) || !was_integrated || disk.journal.iter().any(is_reverted) {
        return false;
    }
    let event = Event::Reverted {
        task: graph.tasks()[picked].id.clone(),
        onto: state.run.tip.clone(),
        tip: format!("{}-{picked}", state.run.tip),
        words: String::new(),
        offer: None,
    };
    let mut journal = SimJournal {
        disk: &mut disk.journal,
        appended: Vec::new(),
        fuse: Rc::new(RefCell::new(Fuse(None))),
    };
    engine::record(&mut journal, &mut state, event, &[]).expect("the task was integrated");
    disk.branch.clone_from(&state.run.tip);
    assert_needs_are_accounted_for(graph, &state, picked, seed);
    true
}

/// Exactly the integrated tasks that need `undone`, directly or through others, are stale.
fn assert_needs_are_accounted_for(graph: &Graph, state: &State, undone: usize, seed: u64) {
    let mut reached = vec![false; graph.len()];
    for task in undone + 1..graph.len() {
        let mut needs = graph.needs(task).iter();
        reached[task] = needs.any(|&need| need == undone || reached[need]);
        let is_stale = reached[task] && !state.at(task).merged.is_empty();
        let stands = state.at(task).phase == Phase::Stale;
        assert_eq!(
            stands, is_stale,
            "seed {seed}: task {task} after {undone} was undone"
        );
    }
}

/// Drives a run to its end, dying at each of `deaths` (counted in steps of that drive), and perhaps
/// interrupted by a person, or stopped because somebody tampers, now and then.
fn simulate(seed: u64, deaths: &[u64], is_interrupted: bool) -> (Arc<Graph>, Disk, State) {
    let mut chance = Chance::new(seed);
    let graph = random_graph(&mut chance);
    let policy = policy(&mut chance);
    let mut disk = Disk::default();
    disk.journal.push(Recorded {
        seq: 1,
        at: "t1".to_owned(),
        checkpoint: String::new(),
        event: Event::Started {
            run: "sim-aaaa".to_owned(),
            base: "base".to_owned(),
            plan_hash: "h".to_owned(),
            plan_path: "p".to_owned(),
            policy: Box::new(policy),
        },
    });
    let mut deaths = deaths.iter().copied();
    for _ in 0..400 {
        match drive(&mut disk, &graph, seed, deaths.next(), is_interrupted) {
            Some(Ended::Finished) if revert(&mut disk, &graph, seed) => {}
            Some(Ended::Finished) => {
                let state = replay(&graph, &disk.journal);
                return (graph, disk, state);
            }
            Some(Ended::NeedsPerson) => decide(&mut disk, &graph, seed),
            // Whoever looked at what was changed resumes as well.
            Some(Ended::Paused | Ended::Stopped | Ended::Quarantined) | None => {}
        }
    }
    panic!("seed {seed} does not settle");
}

/// Replays a journal: whoever starts overlaps with none that holds a slot, or is accepted and not integrated yet.
fn assert_nobody_starts_beside_who_changes_the_same(
    graph: &Arc<Graph>,
    journal: &[Recorded],
    seed: u64,
) {
    let mut state =
        State::start(graph.clone(), &journal[0]).expect("a journal begins with `started`");
    for recorded in &journal[1..] {
        if let Event::AttemptStarted { task, .. } = &recorded.event {
            // What the run gave itself is in the graph of the state alone.
            let graph = state.graph();
            let starts = graph.index(task).expect("the run has the task");
            for other in state
                .active()
                .filter(|&other| state.at(other).phase.slot().is_some())
            {
                assert!(
                    !graph.overlaps().overlap(starts, other),
                    "seed {seed}: {task} started beside {}",
                    graph.tasks()[other].id
                );
            }
        }
        state.apply(recorded).expect("a journal replays");
    }
}

fn outcome(state: &State) -> Vec<(&'static str, usize)> {
    (0..state.graph().len())
        .map(|nth| {
            let counted = state
                .at(nth)
                .history
                .iter()
                .filter(|attempt| attempt.outcome.is_some())
                .count();
            (state.standing(nth).name(), counted)
        })
        .collect()
}

fn dies_and_ends_as_the_calm_run(seed: u64) {
    let (_, _, calm) = simulate(seed, &[], false);
    let mut chance = Chance::new(seed.rotate_left(17) ^ 0xABCD);
    let deaths = [chance.below(60), chance.below(25)];
    let deaths = &deaths[..1 + (seed % 2) as usize];
    let (graph, disk, state) = simulate(seed, deaths, seed.is_multiple_of(3));
    assert_eq!(
        outcome(&state),
        outcome(&calm),
        "seed {seed} with deaths {deaths:?}"
    );
    assert_eq!(
        disk.branch, state.run.tip,
        "seed {seed}: the branch is where the journal says"
    );
    assert_nobody_starts_beside_who_changes_the_same(&graph, &disk.journal, seed);
    let mut again = disk.clone();
    let ended = drive(&mut again, &graph, seed, None, false);
    assert_eq!(ended, Some(Ended::Finished));
    assert_eq!(
        again.executed, disk.executed,
        "seed {seed}: a second resume executes nothing"
    );
    let is_proven = state.disproof().is_empty();
    assert_eq!(
        again.journal.len() == disk.journal.len(),
        is_proven,
        "seed {seed}: a second resume changes nothing, but that what failed is looked at again"
    );
    let mut numbers = HashSet::new();
    for execution in &disk.executed {
        assert!(
            numbers.insert(execution.clone()),
            "seed {seed}: {execution:?} was executed twice"
        );
    }
    let is_round = |event: &Event| matches!(event, Event::Replanned { fix: Some(_), .. });
    let events = disk.journal.iter().map(|recorded| &recorded.event);
    let rounds = events.filter(|event| is_round(event)).count();
    assert!(
        rounds <= state.run.policy.fix_rounds as usize && rounds == state.run.fixes.len(),
        "seed {seed}: {rounds} rounds"
    );
    for recorded in &disk.journal {
        if let Event::Integrated { task, attempt, .. } = &recorded.event {
            assert!(
                numbers.contains(&(task.clone(), *attempt)),
                "seed {seed}: {task} was integrated and attempt {attempt} never ran"
            );
        }
    }
}

/// How many seeds: a fast subset, or as many as `ENACT_SIMULATIONS` says.
fn seeds() -> u64 {
    std::env::var("ENACT_SIMULATIONS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(6_000)
}

#[test]
fn a_driver_that_dies_once_or_twice_anywhere_ends_as_the_calm_run() {
    for seed in 1..=seeds() {
        dies_and_ends_as_the_calm_run(seed);
    }
}
