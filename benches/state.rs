//! What single steps cost, and whether that grows with the history or the tree: medians by divan.
//!
//! `cargo bench --bench state` measures. `… -- make-run <repository> <tasks>` instead leaves a finished run
//! of so many tasks in an empty repository, and `… -- schedule <tasks>` says how many milliseconds it takes to decide,
//! for as many tasks on four slots, all that a run has to decide: both for `processes.sh` to compare with.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use divan::{Bencher, black_box};
use git_enact::git::{Entry, Expected, Identity, NewCommit, Oid, Repo};
use git_enact::graph::Graph;
use git_enact::journal::{self, Clock, Journal, Lease, layout};
use git_enact::plan::{self, Dialect, Selection, TaskId};
use git_enact::run::engine::{self, Journal as _};
use git_enact::run::event::{Event, Recorded, Residue};
use git_enact::run::evidence::{Claim, ClaimStatus, Outcome, Usage, Verdict};
use git_enact::run::policy::{Durability, Executor, Policy};
use git_enact::run::schedule::{self, Action, Situation};
use git_enact::run::state::State;

const RUN: &str = "bench-run";
const TIME: i64 = 1_767_225_600;
/// Checkpoints that one task leaves on its way.
const EVENTS: usize = 4;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "make-run") {
        make_run(Path::new(&args[at + 1]), args[at + 2].parse().unwrap());
        return;
    }
    if let Some(at) = args.iter().position(|arg| arg == "schedule") {
        tell_scheduling(args[at + 1].parse().unwrap());
        return;
    }
    divan::main();
}

/// One task's way from its start to its integration: the checkpoints of four events.
#[divan::bench(args = [10, 10_000], sample_count = 100, sample_size = 1)]
fn append_four_checkpoints(bencher: Bencher<'_, '_>, events: usize) {
    let dir = repository();
    let (mut journal, mut state) = begun(dir.path(), 12_000);
    let mut next = events.div_ceil(EVENTS);
    (0..next).for_each(|task| execute(&mut journal, &mut state, task));
    bencher.bench_local(|| {
        execute(&mut journal, &mut state, next);
        next += 1;
    });
}

#[divan::bench(args = [10, 10_000], sample_count = 30, sample_size = 1)]
fn load(bencher: Bencher<'_, '_>, tasks: usize) {
    let (_dir, repo) = finished(tasks);
    bencher.bench_local(|| journal::load(black_box(&repo), RUN).unwrap());
}

#[divan::bench(args = [10, 10_000])]
fn headline(bencher: Bencher<'_, '_>, tasks: usize) {
    let (_dir, repo) = finished(tasks);
    bencher.bench_local(|| journal::headline(black_box(&repo), RUN).unwrap());
}

/// One file of many differs.
#[divan::bench(args = [238, 50_000])]
fn changed_paths(bencher: Bencher<'_, '_>, files: usize) {
    let dir = repository();
    let repo = Repo::discover(dir.path()).unwrap();
    let (before, after) = (tree(&repo, files, b"one\n"), tree(&repo, files, b"other\n"));
    bencher.bench_local(|| {
        let changes = repo.changed(black_box(before), black_box(after)).unwrap();
        assert_eq!(changes.len(), 1);
    });
}

/// What the scheduler and the fold need for one task.
#[divan::bench(args = [10, 10_000], sample_count = 200, sample_size = 1)]
fn scheduler_steps_of_one_task(bencher: Bencher<'_, '_>, tasks: usize) {
    let dir = repository();
    let (mut journal, state) = begun(dir.path(), tasks);
    let (base, commit) = (state.run.tip.clone(), "1".repeat(40));
    bencher
        .with_inputs(|| (state.clone(), events(0, &base, &commit)))
        .bench_local_values(|(mut state, events)| {
            for event in events {
                black_box(schedule::next(&state, &Situation::default()));
                let mut recorded = journal.stamp(event);
                recorded.seq = state.run.seq + 1;
                state.apply(&recorded).unwrap();
            }
            state
        });
}

/// What the tasks of a plan declare: what it is called, and the files of the n-th.
type Shape = (&'static str, fn(usize) -> String);

const SHAPES: [Shape; 5] = [
    ("files of their own", |n| format!("\"src/{n}/**\"")),
    ("all the same file", |_| "\"src/a.rs\"".to_owned()),
    ("all the same glob", |_| "\"src/**\"".to_owned()),
    ("their own and one for all", |n| {
        format!("\"src/{n}.rs\", \"CHANGELOG.md\"")
    }),
    ("every other one for all", |n| match n % 2 {
        0 => format!("\"src/{n}.rs\""),
        _ => "\"src/**\"".to_owned(),
    }),
];

/// Everything that a run of so many tasks on four slots has to decide, the plan's index included.
#[divan::bench(args = [0, 1, 2, 3, 4], sample_count = 5, sample_size = 1)]
fn schedule_ten_thousand_tasks(bencher: Bencher<'_, '_>, shape: usize) {
    let (graph, _) = graph_of(10_000, SHAPES[shape].1);
    bencher
        .with_inputs(|| Arc::new(Graph::new(graph.plan().clone()).unwrap()))
        .bench_local_values(schedule_all);
}

#[expect(clippy::print_stdout, reason = "what it tells is read by a script")]
fn tell_scheduling(tasks: usize) {
    for (shape, files) in SHAPES {
        let (graph, _) = graph_of(tasks, files);
        let began = Instant::now();
        schedule_all(graph);
        println!("{:.1} {shape}", began.elapsed().as_secs_f64() * 1e3);
    }
}

/// Decides and folds, as the engine does between its events, until nothing is left to be decided.
fn schedule_all(graph: Arc<Graph>) {
    let (base, made) = ("0".repeat(40), "1".repeat(40));
    let record = |seq: u64, event: Event| Recorded {
        seq,
        at: String::new(),
        checkpoint: String::new(),
        event,
    };
    let started = Event::Started {
        run: RUN.to_owned(),
        base: base.clone(),
        plan_hash: "0".repeat(64),
        plan_path: "plan.toml".to_owned(),
        policy: Box::new(Policy {
            jobs: 4,
            ..policy()
        }),
    };
    let tasks = graph.len();
    let mut state = State::start(graph, &record(1, started)).unwrap();
    let mut open: VecDeque<usize> = VecDeque::new();
    loop {
        let actions = schedule::next(&state, &Situation::default());
        let start = actions.iter().find_map(|action| match action {
            Action::Start { task, slot, .. } => Some((task.clone(), *slot)),
            _ => None,
        });
        if let Some((task, slot)) = start {
            open.push_back(state.graph().index(&task).unwrap());
            let event = Event::AttemptStarted {
                task,
                attempt: 1,
                slot,
                base: base.clone(),
                from: None,
                executor: None,
            };
            let recorded = record(state.run.seq + 1, event);
            state.apply(&recorded).unwrap();
        } else if let Some(task) = open.pop_front() {
            let onto = state.run.tip.clone();
            for event in events(task, &onto, &made).into_iter().skip(1) {
                black_box(schedule::next(&state, &Situation::default()));
                let recorded = record(state.run.seq + 1, event);
                state.apply(&recorded).unwrap();
            }
        } else {
            break;
        }
    }
    assert_eq!(state.counts().done, tasks);
}

/// A repository with one commit.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    make_repository(dir.path());
    dir
}

fn make_repository(dir: &Path) -> Oid {
    let raw = git2::Repository::init(dir).unwrap();
    let mut config = raw.config().unwrap();
    config.set_str("user.name", "Bench").unwrap();
    config.set_str("user.email", "bench@example.com").unwrap();
    let repo = Repo::discover(dir).unwrap();
    let base = commit(&repo, &[], "first");
    let branch = "refs/heads/main";
    let _ = repo
        .move_to(branch, base, Expected::Missing, "first")
        .unwrap();
    raw.set_head(branch).unwrap();
    base
}

fn commit(repo: &Repo, parents: &[Oid], text: &str) -> Oid {
    let tree = tree(repo, 1, text.as_bytes());
    let author = Identity {
        name: "Bench".to_owned(),
        email: "bench@example.com".to_owned(),
    };
    let commit = NewCommit {
        tree,
        parents,
        message: text,
        author: &author,
        time: TIME,
    };
    repo.write_commit(&commit).unwrap()
}

/// A tree of `files` files, fifty to a directory, of which the first holds `text`.
fn tree(repo: &Repo, files: usize, text: &[u8]) -> Oid {
    let first = repo.write_blob(text).unwrap();
    let other = repo.write_blob(b"the same in all\n").unwrap();
    let dirs = (0..files.div_ceil(50)).map(|dir| {
        let files = (0..50.min(files - dir * 50)).map(|file| {
            let blob = if (dir, file) == (0, 0) { first } else { other };
            Entry::file(format!("f{file}.txt"), blob)
        });
        let files: Vec<Entry> = files.collect();
        Entry::tree(format!("d{dir}"), repo.write_tree(&files).unwrap())
    });
    repo.write_tree(&dirs.collect::<Vec<_>>()).unwrap()
}

/// A plan as people write them: each task with some lines of text.
fn graph(tasks: usize) -> (Arc<Graph>, String) {
    graph_of(tasks, SHAPES[0].1)
}

fn graph_of(tasks: usize, files: fn(usize) -> String) -> (Arc<Graph>, String) {
    let mut text = String::from("[plan]\ntitle = \"Many tasks\"\n");
    for n in 0..tasks {
        text += &format!(
            "\n[[task]]\nid = \"t{n}\"\ntitle = \"Do the {n}th thing\"\nfiles = [{}]\nbody = \"\"\"\n{}\"\"\"\n",
            files(n),
            "What is to be done, at the length of one ordinary line of text.\n".repeat(8)
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.toml");
    std::fs::write(&path, &text).unwrap();
    let loaded = plan::load(
        &[path],
        &Selection {
            dialect: Some(Dialect::Toml),
            ..Selection::default()
        },
    )
    .unwrap();
    (Arc::new(Graph::new(loaded.plan).unwrap()), text)
}

fn begun(dir: &Path, tasks: usize) -> (Journal, State) {
    let repo = Repo::discover(dir).unwrap();
    let lease = Lease::take(repo.common_dir(), RUN).unwrap().unwrap();
    let started = Event::Started {
        run: RUN.to_owned(),
        base: repo.resolve("HEAD").unwrap().to_string(),
        plan_hash: "0".repeat(64),
        plan_path: "plan.toml".to_owned(),
        policy: Box::new(policy()),
    };
    let (graph, text) = graph(tasks);
    let sources = [("plan.toml".to_owned(), text.into_bytes())];
    Journal::create(
        repo,
        lease,
        Clock::Fixed(TIME),
        graph,
        sources.map(Ok),
        started,
    )
    .unwrap()
}

/// A repository with a run of `tasks` tasks, all done.
fn finished(tasks: usize) -> (tempfile::TempDir, Repo) {
    let dir = tempfile::tempdir().unwrap();
    make_run(dir.path(), tasks);
    let repo = Repo::discover(dir.path()).unwrap();
    (dir, repo)
}

fn make_run(dir: &Path, tasks: usize) {
    make_repository(dir);
    let (mut journal, mut state) = begun(dir, tasks);
    for task in 0..tasks {
        execute(&mut journal, &mut state, task);
        // The branches that a run leaves, which whoever lists refs comes across.
        let tip: Oid = state.run.tip.parse().unwrap();
        let name = layout::task_branch(RUN, state.graph().slug(task));
        let _ = journal
            .repo()
            .move_to(&name, tip, Expected::Missing, "made")
            .unwrap();
    }
    engine::record(
        &mut journal,
        &mut state,
        Event::Finished { progress: None },
        &[],
    )
    .unwrap();
}

fn execute(journal: &mut Journal, state: &mut State, task: usize) {
    let onto: Oid = state.run.tip.parse().unwrap();
    let made = commit(journal.repo(), &[onto], &format!("task {task}"));
    for event in events(task, &onto.to_string(), &made.to_string()) {
        engine::record(journal, state, event, &[]).unwrap();
    }
}

fn events(task: usize, onto: &str, made: &str) -> [Event; EVENTS] {
    let task = TaskId::new(format!("t{task}"));
    let (attempt, onto, made) = (1, onto.to_owned(), made.to_owned());
    [
        Event::AttemptStarted {
            task: task.clone(),
            attempt,
            slot: 1,
            base: onto.clone(),
            from: None,
            executor: None,
        },
        Event::AttemptEnded {
            task: task.clone(),
            attempt,
            outcome: Outcome::Exited(0),
            claim: Claim {
                status: ClaimStatus::Done,
                notes: "did what was to be done".to_owned(),
                ..Claim::default()
            },
            tip: Some(made.clone()),
            salvage: None,
            strays: Vec::new(),
            committed_by_tool: false,
            residue: Residue::default(),
            usage: Usage::default(),
            millis: 12,
        },
        Event::Judged {
            task: task.clone(),
            attempt,
            verdict: Verdict {
                accepted: Some(made.clone()),
                checks: vec!["commit".to_owned()],
                ..Verdict::default()
            },
            again: false,
            millis: 3,
        },
        Event::Integrated {
            task,
            attempt,
            commit: made.clone(),
            onto,
            tip: made,
            proofs: Vec::new(),
        },
    ]
}

fn policy() -> Policy {
    Policy {
        conflict_retries: 3,
        grace_ms: 1,
        durability: Durability::Process,
        ..Policy::of(Executor::Shell)
    }
}
