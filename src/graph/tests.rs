use std::time::{Duration, Instant};

use super::Graph;
use crate::plan::{Dialect, Fault, Location, Plan, Task, TaskId, Wishes};

/// Tasks written as `id <- needs; after`.
fn plan(tasks: &[&str]) -> Plan {
    let ids = |text: &str| text.split_whitespace().map(TaskId::from).collect();
    let tasks = tasks.iter().enumerate().map(|(at, task)| {
        let (id, edges) = task.split_once(" <-").unwrap_or((task, ""));
        let (needs, after) = edges.split_once(';').unwrap_or((edges, ""));
        let location = Location {
            file: "plan".into(),
            line: u32::try_from(at).expect("few tasks") + 1,
            column: 1,
        };
        Task {
            id: TaskId::new(id),
            title: id.to_owned(),
            needs: ids(needs),
            after: ids(after),
            ..Task::at(location)
        }
    });
    Plan {
        dialect: Dialect::Toml,
        title: "test".into(),
        tasks: tasks.collect(),
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    }
}

fn graph(tasks: &[&str]) -> Graph {
    Graph::new(plan(tasks)).expect("the plan is good")
}

fn messages(tasks: &[&str]) -> Vec<String> {
    let faults: Vec<Fault> = Graph::new(plan(tasks)).expect_err("the plan is bad");
    assert!(
        faults.iter().all(|fault| fault.location.is_some()),
        "every fault has a place"
    );
    let say = |fault: Fault| match fault.help {
        Some(help) if help.starts_with("did") => format!("{}; {help}", fault.message),
        _ => fault.message,
    };
    faults.into_iter().map(say).collect()
}

fn slugs(ids: &[&str]) -> Vec<String> {
    let graph = graph(ids);
    (0..graph.len())
        .map(|task| graph.slug(task).to_owned())
        .collect()
}

#[test]
fn edges_are_indices_in_both_directions() {
    let graph = graph(&["a", "b <- a a", "c <- a; b", "d <-; a"]);
    assert_eq!(graph.needs(1), [0], "a need named twice is one need");
    assert_eq!((graph.needs(2), graph.after(2)), (&[0][..], &[1][..]));
    assert_eq!(graph.dependents(0), [1, 2, 3]);
    assert_eq!(graph.index(&"c".into()), Some(2));
    assert!(
        graph.task(&"C".into()).is_none(),
        "ids are looked up byte for byte"
    );
}

#[test]
fn a_task_is_in_the_first_wave_that_its_needs_and_order_allow() {
    let graph = graph(&["a", "b <- a", "c", "d <- c; b"]);
    assert_eq!(graph.waves(), [vec![0, 2], vec![1], vec![3]]);
}

#[test]
fn what_does_not_exist_is_told_with_the_nearest_id() {
    assert_eq!(
        messages(&["schema", "login <- shema; nowhere"]),
        [
            "task `login` needs `shema`, which is no task of this plan; did you mean `schema`?",
            "task `login` comes after `nowhere`, which is no task of this plan",
        ]
    );
}

#[test]
fn circles_are_told_by_their_path_from_the_first_of_the_text() {
    assert_eq!(messages(&["a <- a"]), ["task `a` needs itself"]);
    assert_eq!(
        messages(&["z <- c", "a <- b", "b <- c", "c <-; a"]),
        ["tasks wait for each other in a circle: a -> b -> c -> a"]
    );
    assert_eq!(
        messages(&["a <- b", "b <- a", "c <- d", "d <- c"]).len(),
        2,
        "each circle is told"
    );
}

#[test]
fn ids_are_unique_whatever_their_case() {
    assert_eq!(messages(&["a", "a"]), ["task id `a` is used twice"]);
    assert_eq!(
        messages(&["a", "A"]),
        ["task ids `a` and `A` differ only in case"]
    );
}

#[test]
fn ids_that_cannot_be_shown_typed_or_stored_are_refused() {
    let long = "x".repeat(65);
    for bad in [
        "",
        "../x",
        "/abs",
        "-rf",
        "a b",
        "a\nb",
        "a\0b",
        "a..b",
        "a/b",
        "a\\b",
        long.as_str(),
    ] {
        assert_eq!(messages(&[bad]).len(), 1, "{bad:?} must be refused");
    }
    assert_eq!(
        messages(&["a\u{202e}b"]),
        ["task id `a\\u{202e}b` has the character U+202E, which hides or changes what is shown"]
    );
    assert_eq!(
        messages(&["a\u{200b}"]),
        ["task id `a\\u{200b}` has the character U+200B, which hides or changes what is shown"]
    );
    for good in [
        "3", "2b", "IMPL-1.1", "F001:1.1", "con", "HEAD", "@", "a.lock", "日本",
    ] {
        graph(&[good]);
    }
}

#[test]
fn slugs_are_readable_and_safe_in_refs() {
    assert_eq!(
        slugs(&[
            "3",
            "IMPL-1.1",
            "F001:1.1",
            "a.lock",
            "x.",
            "日本",
            "@{u}",
            "HEAD",
            "nul.a.lock"
        ]),
        [
            "3",
            "impl-1.1",
            "f001-1.1",
            "a-lock",
            "x",
            "task",
            "u",
            "head",
            "task-nul.a-lock"
        ]
    );
}

#[test]
fn slugs_are_unique_and_ids_that_are_slugs_keep_theirs() {
    assert_eq!(slugs(&["a:b", "a@b", "a-b"]), ["a-b-2", "a-b-3", "a-b"]);
    assert_eq!(slugs(&["日", "本", "task-2"]), ["task", "task-3", "task-2"]);
    let long = [
        "é".repeat(3) + &"y".repeat(58),
        "è".repeat(3) + &"y".repeat(58),
    ];
    let slugs = slugs(&[&long[0], &long[1]]);
    assert!(
        slugs[0] != slugs[1] && slugs.iter().all(|slug| slug.len() <= 64),
        "{slugs:?}"
    );
}

#[test]
fn a_hundred_thousand_tasks_in_one_chain_are_no_matter() {
    let tasks: Vec<String> = (0..100_000)
        .map(|n: u32| format!("t{n} <- t{}", n.saturating_sub(1)))
        .collect();
    let mut tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    tasks[0] = "t0";
    let chain = plan(&tasks);
    tasks[0] = "t0 <- t99999";
    let circle = plan(&tasks);

    let began = Instant::now();
    let graph = Graph::new(chain).expect("a chain is a good plan");
    assert_eq!(graph.waves().len(), 100_000);
    assert_eq!(Graph::new(circle).expect_err("a circle is not").len(), 1);
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "linear, even unoptimized on a busy machine: {took:?}"
    );
}
