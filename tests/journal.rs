//! The journal says what happened, and nothing that it names is ever lost.

use std::sync::Arc;

use git_enact::git::{Expected, NewCommit, Oid, Repo};
use git_enact::graph::Graph;
use git_enact::journal::{Clock, Displaced, Journal, Lease, layout, read};
use git_enact::plan::TaskId;
use git_enact::run::engine::{self, Attachment};
use git_enact::run::event::{Event, Residue};
use git_enact::run::evidence::{Claim, ClaimStatus, Outcome, Usage, Verdict};
use git_enact::run::policy::{Durability, Policy};
use git_enact::run::state::State;

use crate::support::plans;
use crate::support::repo::{TIME, TestRepo, ann};

const RUN: &str = "demo-k3f9";

fn graph(tasks: usize) -> Arc<Graph> {
    let tasks = (1..=tasks).map(|n| plans::task(&n.to_string()));
    plans::graph("Demo", tasks.collect())
}

fn policy(durability: Durability) -> Policy {
    Policy {
        durability,
        ..plans::policy()
    }
}

fn begin(test: &TestRepo, tasks: usize, durability: Durability) -> (Journal, State) {
    let repo = test.open();
    let base = repo.resolve("HEAD").expect("HEAD").to_string();
    let lease = Lease::take(repo.common_dir(), RUN)
        .expect("no failure")
        .expect("free");
    let started = Event::Started {
        run: RUN.to_owned(),
        base,
        plan_hash: "0".repeat(64),
        plan_path: "plan.toml".to_owned(),
        policy: Box::new(policy(durability)),
    };
    let sources = [("docs/plan.toml".to_owned(), b"[plan]\n".to_vec())];
    Journal::create(
        repo,
        lease,
        Clock::Fixed(TIME),
        graph(tasks),
        sources.map(Ok),
        started,
    )
    .expect("created")
}

fn reopen(test: &TestRepo) -> (Journal, State) {
    let repo = test.open();
    let lease = Lease::take(repo.common_dir(), RUN)
        .expect("no failure")
        .expect("free");
    Journal::open(repo, lease, Clock::Fixed(TIME)).expect("opened")
}

/// A commit that no ref names.
fn stray(repo: &Repo, text: &str) -> Oid {
    let blob = repo.write_blob(text.as_bytes()).expect("written");
    let tree = repo
        .write_tree(&[git_enact::git::Entry::file("work.txt", blob)])
        .expect("written");
    let head = repo.resolve("main").expect("main");
    repo.write_commit(&NewCommit {
        tree,
        parents: &[head],
        message: &format!("{text}\n"),
        author: &ann(),
        time: TIME,
    })
    .expect("written")
}

/// One task from its start to its integration: four events.
fn execute(journal: &mut Journal, state: &mut State, task: usize) -> Oid {
    let commit = stray(journal.repo(), &format!("task {task}"));
    let id = TaskId::new(task.to_string());
    let onto = state.run.tip.clone();
    let events = [
        Event::AttemptStarted {
            task: id.clone(),
            attempt: 1,
            slot: 1,
            base: onto.clone(),
            from: None,
            executor: None,
        },
        Event::AttemptEnded {
            task: id.clone(),
            attempt: 1,
            outcome: Outcome::Exited(0),
            claim: Claim {
                status: ClaimStatus::Done,
                notes: "said \"so\"\nin lines\n\nTask: 99\nEvent: landed\n".to_owned(),
                ..Claim::default()
            },
            tip: Some(commit.to_string()),
            salvage: None,
            strays: Vec::new(),
            committed_by_tool: false,
            residue: Residue::default(),
            usage: Usage::default(),
            millis: 12,
        },
        Event::Judged {
            task: id.clone(),
            attempt: 1,
            verdict: Verdict {
                accepted: Some(commit.to_string()),
                checks: vec!["commit".to_owned()],
                ..Verdict::default()
            },
            again: false,
            millis: 3,
        },
        Event::Integrated {
            task: id,
            attempt: 1,
            commit: commit.to_string(),
            onto,
            tip: commit.to_string(),
            proofs: Vec::new(),
        },
    ];
    for event in events {
        let output = Attachment {
            name: "output".to_owned(),
            bytes: format!("of {}", event.name()).into_bytes(),
        };
        let kept: &[Attachment] = match event {
            Event::AttemptEnded { .. } => &[output],
            _ => &[],
        };
        engine::record(journal, state, event, kept).expect("recorded");
    }
    commit
}

fn assert_same(one: &State, other: &State) {
    assert_eq!(one.run, other.run);
    assert_eq!(one.headline(), other.headline());
    for task in 0..one.graph().len() {
        assert_eq!(one.at(task), other.at(task), "task {task}");
    }
}

#[test]
fn what_is_read_is_the_fold_of_what_was_written() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 80, Durability::Process);
    for task in 1..=75 {
        execute(&mut journal, &mut state, task);
        if task % 20 == 0 {
            // A new process takes over, in the middle of a layer.
            drop(journal);
            let (opened, loaded) = reopen(&test);
            assert_same(&loaded, &state);
            (journal, state) = (opened, loaded);
        }
        if task % 7 == 0 {
            assert_same(
                &read::load(&test.open(), RUN).expect("loaded").state,
                &state,
            );
        }
    }
    let repo = test.open();
    let all: Vec<_> = read::checkpoints(&repo, RUN)
        .expect("a run")
        .collect::<Result<_, _>>()
        .expect("checkpoints");
    assert_eq!(all.len(), 301);
    let mut events = all.iter().rev().map(|checkpoint| &checkpoint.recorded);
    let first = events.next().expect("started");
    let mut folded = State::start(graph(80), first).expect("a start");
    for recorded in events {
        folded.apply(recorded).expect("legal");
    }
    assert_same(&folded, &state);
    assert_eq!(read::headline(&repo, RUN).expect("read"), state.headline());
    assert_eq!(read::runs(&repo).expect("listed")[0].id, RUN);
    test.assert_sound();
}

#[test]
fn reading_does_not_grow_with_history() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 130, Durability::Process);
    for task in 1..=130 {
        execute(&mut journal, &mut state, task);
    }
    let name = layout::run_ref(RUN);
    let layers = test.git(["ls-tree", "-r", "--name-only", &name, "state/"]);
    assert!(layers.lines().count() <= 4, "{layers}");
    let loaded = read::load(&test.open(), RUN).expect("loaded");
    assert_same(&loaded.state, &state);
    let run = test.git(["show", &format!("{name}:state/run.json")]);
    let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
    let snapshot = run["seq"].as_u64().expect("a number");
    assert!(
        state.run.seq - snapshot < 16,
        "at most fifteen events are replayed"
    );
}

#[test]
fn an_event_is_one_object() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 1, Durability::Process);
    let count = || test.git(["count-objects"]);
    let before = count();
    let stop = |reason: &str| Event::Resumed {
        reason: reason.to_owned(),
    };
    engine::record(&mut journal, &mut state, stop("once"), &[]).expect("recorded");
    let number = |text: &str| -> u32 {
        let word = text.split_whitespace().next().expect("a word");
        word.parse().expect("a number")
    };
    assert_eq!(
        number(&count()) - number(&before),
        1,
        "the commit, which says all"
    );
}

#[test]
fn the_journal_reads_as_a_story() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 2, Durability::Full);
    let commit = execute(&mut journal, &mut state, 1);
    journal.flush(&state).expect("flushed");
    let name = layout::run_ref(RUN);
    let base = test.git(["rev-parse", "--short=7", "main"]);
    let short = &commit.to_string()[..7];
    let story = test.git(["log", "--first-parent", "--format=%s", &name]);
    assert_eq!(
        story,
        format!(
            "1: integrated {short} (attempt 1)\n1: accepted {short} (attempt 1)\n\
             1: attempt 1 ended: exit 0\n1: attempt 1 started from {base}\n\
             run {RUN} started: 2 tasks from {base}\nplan: Demo"
        )
    );
    let trailers = test.git(["log", "-1", "--format=%(trailers:only)", &name]);
    assert_eq!(
        trailers.trim(),
        format!("Run: {RUN}\nEvent: integrated\nTask: 1\nAttempt: 1\nCommit: {commit}")
    );
    let ended = format!("{name}~2");
    let message = test.git(["log", "-1", "--format=%B", &ended]);
    assert_eq!(
        message
            .lines()
            .filter(|line| line.starts_with("Task: "))
            .count(),
        1,
        "what an executor says does not look like a trailer: {message}"
    );
    let kept = test.git(["show", &format!("{ended}:output")]);
    assert_eq!(kept, "of attempt-ended");
    assert_eq!(
        test.git(["show", &format!("{name}:plan/source/0-plan.toml")]),
        "[plan]"
    );
    assert!(
        test.git(["log", "-1", "--format=%b", &name])
            .starts_with("format = 1\n")
    );
}

#[test]
fn what_the_journal_names_outlives_gc() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 2, Durability::Process);
    let commit = execute(&mut journal, &mut state, 1);
    let repo = test.open();
    let lost = stray(&repo, "nobody names this");
    test.git(["reflog", "expire", "--expire=now", "--all"]);
    test.git(["gc", "--quiet", "--prune=now"]);
    assert_eq!(test.git(["cat-file", "-t", &commit.to_string()]), "commit");
    assert!(!test.git_succeeds(["cat-file", "-e", &lost.to_string()]));
    assert_same(
        &read::load(&test.open(), RUN).expect("loaded").state,
        &state,
    );
}

#[test]
fn a_journal_moved_by_somebody_else_is_not_written_on() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 2, Durability::Process);
    let tip = journal.tip().expect("a checkpoint");
    let foreign = stray(journal.repo(), "foreign");
    let name = layout::run_ref(RUN);
    let moved = test
        .open()
        .move_to(&name, foreign, Expected::At(tip), "tampering");
    assert_eq!(moved.expect("no failure"), Ok(()));
    let event = Event::Resumed {
        reason: "again".to_owned(),
    };
    let error = engine::record(&mut journal, &mut state, event, &[]).expect_err("displaced");
    let displaced = error.downcast_ref::<Displaced>().expect("typed");
    assert_eq!(
        (displaced.expected, displaced.found),
        (Some(tip), Some(foreign))
    );
}

#[test]
fn one_process_drives_a_run() {
    let test = TestRepo::new();
    let repo = test.open();
    let lease = Lease::take(repo.common_dir(), RUN)
        .expect("no failure")
        .expect("free");
    assert!(Lease::is_held(repo.common_dir(), RUN));
    let held = Lease::take(repo.common_dir(), RUN)
        .expect("no failure")
        .expect_err("held");
    assert_eq!(held.pid, std::process::id());
    drop(lease);
    assert!(!Lease::is_held(repo.common_dir(), RUN));
    assert!(
        Lease::take(repo.common_dir(), RUN)
            .expect("no failure")
            .is_ok()
    );
}

#[test]
fn a_repository_with_long_hashes_is_as_good() {
    let test = TestRepo::with_format("sha256");
    let (mut journal, mut state) = begin(&test, 20, Durability::Full);
    for task in 1..=20 {
        execute(&mut journal, &mut state, task);
    }
    let repo = test.open();
    assert_same(&read::load(&repo, RUN).expect("loaded").state, &state);
    let head = repo.resolve("main").expect("main");
    let note = [(head, Some(b"Run: x\n".to_vec()))];
    repo.write_notes(layout::PROGRESS, &note, &ann(), TIME)
        .expect("written");
    assert_eq!(
        test.git(["notes", "--ref=PROGRESS", "show", "main"]),
        "Run: x"
    );
    let mut slot = repo
        .create_worktree(&test.beside("slots/1"), "x", head)
        .expect("made");
    slot.switch(&repo, "refs/heads/task", head)
        .expect("switched");
    crate::support::repo::write_in(slot.path(), "new.txt", "new\n");
    assert_eq!(slot.dirty(&repo, head).expect("judged").count, 1);
    slot.clean(&repo, head).expect("cleaned");
    test.assert_sound();
}

#[test]
fn the_format_page_shows_what_is_written() {
    let page = include_str!("../src/journal/format.md");
    let test = TestRepo::new();
    let (mut journal, mut state) = begin(&test, 5, Durability::Process);
    for task in 1..=4 {
        execute(&mut journal, &mut state, task);
    }
    let name = layout::run_ref(RUN);
    let shape = |line: &str| -> String {
        let is_hash = |word: &&str| word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let words = line.split_whitespace();
        words
            .filter(|word| !is_hash(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shown: Vec<String> = page.lines().map(shape).collect();
    let story = test.git(["log", "--first-parent", "--oneline", "-5", &name]);
    let tree = test.git(["ls-tree", "-r", &name]);
    let message = test.git(["log", "-1", "--format=%B", &name]);
    for line in [story, tree, message].iter().flat_map(|text| text.lines()) {
        let wanted = shape(line);
        let is_there = |line: &String| line.contains(&wanted) || shape(line).contains(&wanted);
        assert!(
            shown.iter().any(is_there) || line.contains("_hash = "),
            "the page must show `{wanted}`"
        );
    }
    for name in Event::NAMES {
        assert!(
            page.contains(&format!("`{name}`")),
            "the page must name `{name}`"
        );
    }
    for name in [layout::RUNS, layout::BRANCHES, layout::PROGRESS] {
        assert!(page.contains(name), "the page must name `{name}`");
    }
}
