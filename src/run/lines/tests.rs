use std::time::{Duration, Instant};

use super::Lines;
use crate::graph::Graph;
use crate::plan::{Dialect, Location, Plan, Task, TaskId, Wishes};
use crate::run::policy::{Executor, Policy, Review};

/// Tasks written as `id: files <- after`.
fn graph(tasks: &[String]) -> Graph {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let task = |task: &String| {
        let (head, after) = task.split_once("<-").unwrap_or((task, ""));
        let (id, files) = head.split_once(':').expect("an id has a colon behind it");
        Task {
            id: TaskId::new(id),
            files: words(files),
            after: words(after).into_iter().map(TaskId::new).collect(),
            ..Task::at(Location::default())
        }
    };
    let plan = Plan {
        dialect: Dialect::Toml,
        title: "test".to_owned(),
        tasks: tasks.iter().map(task).collect(),
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    Graph::new(plan).expect("the plan is good")
}

fn policy(jobs: u32, review: Review) -> Policy {
    Policy {
        jobs,
        review,
        ..Policy::of(Executor::Shell)
    }
}

struct Case {
    graph: Graph,
    lines: Lines,
}

impl Case {
    /// All of the tasks in line, whatever they come after.
    fn new(tasks: &[String], jobs: u32, review: Review) -> Self {
        let graph = graph(tasks);
        let mut lines = Lines::new(&graph, &policy(jobs, review));
        (0..graph.len()).for_each(|task| lines.join(graph.overlaps(), task));
        Self { graph, lines }
    }

    fn of(tasks: &[&str]) -> Self {
        let tasks: Vec<String> = tasks.iter().map(|&task| task.to_owned()).collect();
        Self::new(&tasks, 4, Review::Off)
    }

    fn index(&self, id: &str) -> usize {
        self.graph.index(&id.into()).expect("the plan has it")
    }

    fn leave(&mut self, ids: &str) {
        for id in ids.split_whitespace() {
            self.lines.leave(self.graph.overlaps(), self.index(id));
        }
    }

    /// Who starts beside `running`, with so many slots free.
    fn first(&self, running: &str, wanted: usize) -> String {
        let running: Vec<usize> = running
            .split_whitespace()
            .map(|id| self.index(id))
            .collect();
        let first = self.lines.first(self.graph.overlaps(), &running, wanted);
        let ids = first
            .iter()
            .map(|&task| self.graph.tasks()[task].id.as_str());
        ids.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn a_task_that_must_wait_keeps_nobody_else_from_a_slot() {
    let mut case = Case::of(&["a: x", "b: x y", "c: y", "d:", "e: src/**", "f: src/deep/f"]);
    assert_eq!(case.first("", 9), "a c d e");
    assert_eq!(case.first("", 2), "a c");
    case.leave("a");
    assert_eq!(
        case.first("a", 1),
        "c",
        "what b waits for as well is free while a runs"
    );
}

#[test]
fn what_only_those_behind_it_keep_waiting_is_overtaken_no_more() {
    let mut case = Case::of(&["a: x", "b: x y", "c: y", "d: y", "e: z"]);
    case.leave("a c");
    assert_eq!(
        case.first("a c", 9),
        "e",
        "a is ahead of b, which could not start without c either"
    );
    assert_eq!(case.first("c", 9), "e");
    case.leave("e");
    let mut case = Case::of(&["b: x y", "c: y", "d: x"]);
    case.leave("c");
    assert_eq!(
        case.first("c", 9),
        "",
        "d would keep b waiting when c is done"
    );
    assert_eq!(case.first("", 9), "b");
}

#[test]
fn the_longest_chain_starts_first_unless_there_is_one_slot() {
    let tasks = ["a:", "b:", "c: <- b", "d: <- c", "e:", "f: <- e"].map(str::to_owned);
    let wide = Case::new(&tasks, 2, Review::Off);
    assert_eq!(wide.first("", 9), "b c e a d f");
    let narrow = Case::new(&tasks, 1, Review::Off);
    assert_eq!(narrow.first("", 9), "a b c d e f");
    let in_waves = Case::new(&tasks, 2, Review::Wave);
    assert_eq!(in_waves.first("", 9), "b e a c f d");
}

/// A small, seeded source of chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

#[test]
fn nobody_starts_beside_who_changes_the_same_and_no_slot_is_left_without_a_reason() {
    const FILES: [&str; 9] = ["a", "b", "c", "d/e", "d/f", "d/**", "d/*", "{a,b}", "*.md"];
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for _ in 0..2_000 {
        let count = 1 + chance.below(9);
        let tasks: Vec<String> = (0..count)
            .map(|task| {
                let files = (0..chance.below(3)).map(|_| FILES[chance.below(FILES.len())]);
                format!("t{task}: {}", files.collect::<Vec<_>>().join(" "))
            })
            .collect();
        let mut case = Case::new(&tasks, 3, Review::Off);
        let overlaps = case.graph.overlaps().clone();
        let (mut waiting, mut running) = ((0..count).collect::<Vec<_>>(), Vec::<usize>::new());
        while !waiting.is_empty() {
            let first = case.lines.first(&overlaps, &running, 3 - running.len());
            for &task in &first {
                assert!(waiting.contains(&task), "{tasks:?}: t{task} is not in line");
                running.push(task);
                waiting.retain(|other| *other != task);
                case.lines.leave(&overlaps, task);
            }
            for (nth, &one) in running.iter().enumerate() {
                for &two in &running[nth + 1..] {
                    assert!(
                        !overlaps.overlap(one, two),
                        "{tasks:?}: t{one} beside t{two}"
                    );
                }
            }
            let has_reason = |task: &usize| {
                let ahead = waiting.iter().filter(|other| *other < task);
                running
                    .iter()
                    .chain(ahead)
                    .any(|&other| overlaps.overlap(*task, other))
            };
            assert!(
                running.len() == 3 || waiting.iter().all(has_reason),
                "{tasks:?}: {waiting:?} wait beside {running:?}"
            );
            assert!(!running.is_empty(), "{tasks:?}: nobody starts");
            // Now and then somebody has to go back into line.
            let ended = running.remove(chance.below(running.len()));
            if chance.below(6) == 0 {
                waiting.push(ended);
                case.lines.join(&overlaps, ended);
            }
        }
    }
}

/// What it is called, and the files of the n-th task.
type Shape = (&'static str, fn(usize) -> String);

#[test]
fn ten_thousand_tasks_are_no_matter_whatever_they_all_declare() {
    let shapes: [Shape; 5] = [
        ("the same file", |_| "src/a.rs".to_owned()),
        ("the same glob", |_| "src/**".to_owned()),
        ("one of their own beside it", |nth| {
            format!("src/{nth}.rs CHANGELOG.md")
        }),
        ("one of their own, or all", |nth| match nth % 2 {
            0 => format!("src/{nth}.rs"),
            _ => "src/**".to_owned(),
        }),
        ("a glob of their own", |nth| format!("src/{nth}/**/*.rs")),
    ];
    for (shape, files) in shapes {
        let began = Instant::now();
        let tasks: Vec<String> = (0..10_000)
            .map(|nth| format!("t{nth}: {}", files(nth)))
            .collect();
        let mut case = Case::new(&tasks, 4, Review::Off);
        let overlaps = case.graph.overlaps().clone();
        let (mut running, mut started) = (Vec::new(), 0);
        loop {
            let first = case.lines.first(&overlaps, &running, 4 - running.len());
            first
                .iter()
                .for_each(|&task| case.lines.leave(&overlaps, task));
            started += first.len();
            running.extend(first);
            if running.is_empty() {
                break;
            }
            running.remove(0);
        }
        assert_eq!(started, 10_000, "{shape}");
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(30),
            "{shape}: cheap, even unoptimized on a busy machine: {took:?}"
        );
    }
}
