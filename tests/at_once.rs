//! Whoever comes at once is served one after the other or told who is at it: drivers of one run, runs in one repository,
//! readers beside a writer, writers of notes, and the user, who works on meanwhile.
//!
//! A few rounds by default; `ENACT_RACES=50` makes so many for each number of drivers.

use std::collections::HashSet;

use git_enact::git::{Oid, Repo};
use git_enact::journal::{self, Clock, Journal, Lease};
use git_enact::plan::TaskId;
use git_enact::run::engine;
use git_enact::run::event::{By, Event};
use git_enact::world::project;
use serde_json::Value;

use crate::support::oracle;
use crate::support::plans;
use crate::support::repo::{TIME, TestRepo, ann};
use crate::support::user::{Output, Running, User, wait_until};

const ONE: &str = "[plan]\ntitle = \"One\"\n[[task]]\nid = \"t\"\ntitle = \"T\"\n";

/// How often each race is run.
fn rounds() -> u32 {
    let asked = std::env::var("ENACT_RACES").ok();
    asked.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// A user whose executor tells what it executes, and waits until it may end.
fn racing() -> (User, String) {
    let user = User::new();
    user.plan(ONE);
    let executor = user.executor(
        r#"echo "$ENACT_TASK $ENACT_ATTEMPT" >> "$(dirname "$0")/executed.log"
wait_for go; commit t.txt "$ENACT_ATTEMPT""#,
    );
    (user, executor)
}

/// Starts `count` of the same command at once; all but one end at once, and are told who that one is.
fn race(user: &User, count: usize, args: &[&str]) -> Output {
    std::fs::remove_file(user.outside("go")).unwrap_or_default();
    let mut racers: Vec<Running> = (0..count).map(|_| user.start(args)).collect();
    let mut losers = Vec::new();
    while racers.len() > 1 {
        let mut ended = None;
        wait_until("all but one have ended", || {
            ended = racers.iter_mut().position(Running::has_ended);
            ended.is_some()
        });
        losers.push(racers.remove(ended.expect("one has ended")).end());
    }
    let winner = racers.pop().expect("one is left");
    let told = format!("is driven by process {}", winner.id());
    for loser in losers {
        // Who comes when the run is on record already learns that its name is taken.
        let is_late = args[0] == "run" && loser.status == 2;
        match is_late {
            true => loser.complains("run `r-test` exists"),
            false => loser.code(5).complains(&told),
        };
    }
    user.signal("go");
    winner.end()
}

/// Has `count` processes decide the same at once: one of them does.
fn decide(user: &User, count: usize, args: &[&str]) {
    let racers: Vec<Running> = (0..count).map(|_| user.start(args)).collect();
    let ended: Vec<Output> = racers.into_iter().map(Running::end).collect();
    let deciders = ended.iter().filter(|output| output.status == 0).count();
    assert_eq!(deciders, 1, "{args:?} of {count}: {ended:?}");
    let is_told = |output: &Output| matches!(output.status, 0 | 2 | 5);
    assert!(ended.iter().all(is_told), "{ended:?}");
}

fn drivers_of_one_run(count: usize) {
    let (user, executor) = racing();
    let before = oracle::untouched(&user);
    let begin = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--durability",
        "process",
    ];
    race(&user, count, &[&begin[..], &["--", &executor]].concat()).success();
    for round in 1..=rounds() {
        decide(&user, count, &["revert", "t", "--yes"]);
        decide(&user, count, &["retry", "t"]);
        race(&user, count, &["resume"]).success();
        let task = user.task("t");
        assert_eq!(task["status"], "done", "round {round}");
        assert_eq!(
            task["attempts"],
            round + 1,
            "none was made twice, none left out"
        );
    }
    let executed = user.noted("executed.log");
    assert_eq!(executed.lines().count() as u32, rounds() + 1, "{executed}");
    oracle::check(&user, &before);
}

#[test]
fn of_two_drivers_of_one_run_one_drives_and_the_other_is_told_who() {
    drivers_of_one_run(2);
}

#[test]
fn of_four_drivers_of_one_run_one_drives_and_the_others_are_told_who() {
    drivers_of_one_run(4);
}

#[test]
fn of_eight_drivers_of_one_run_one_drives_and_the_others_are_told_who() {
    drivers_of_one_run(8);
}

/// What the runs do while their user works: the last task waits until the user is done.
const FOUR: &str = r#"
[plan]
title = "NAME"
[[task]]
id = "a"
title = "A"
[[task]]
id = "b"
title = "B"
[[task]]
id = "c"
title = "C"
needs = ["a", "b"]
[[task]]
id = "d"
title = "D"
needs = ["c"]
"#;

const RUNS: [&str; 4] = ["one", "two", "three", "four"];

/// One round of a user's day.
fn work(user: &User, round: u32) {
    let git = |args: &[&str]| user.git(args).success();
    user.write(&format!("mine-{round}.txt"), "mine\n");
    user.commit(&format!("Mine {round}"));
    git(&["switch", "--quiet", "topic"]);
    user.write(&format!("topic-{round}.txt"), "topic\n");
    user.commit(&format!("Topic {round}"));
    git(&["rebase", "--quiet", "main"]);
    git(&["switch", "--quiet", "main"]);
    git(&["fetch", "--quiet", "elsewhere"]);
    git(&["pack-refs", "--all"]);
    // What an attempt has just written is named by nothing yet; only what is old is thrown away, as git does unasked.
    git(&["prune", "--expire=1.hour.ago"]);
    git(&["gc", "--quiet"]);
}

#[test]
fn several_runs_in_one_repository_go_on_while_their_user_works_in_it() {
    let user = User::new();
    for name in RUNS {
        user.write(&format!("{name}.toml"), &FOUR.replace("NAME", name));
    }
    user.commit("Plans");
    user.git(["branch", "topic"]).success();
    // Whoever works there holds it for a moment, which is long on a busy machine.
    for lock in ["core.packedRefsTimeout", "core.filesRefLockTimeout"] {
        user.git(["config", lock, "60000"]).success();
    }
    let elsewhere = user.outside("elsewhere").display().to_string();
    user.git(["clone", "--quiet", "--bare", ".", &elsewhere])
        .success();
    user.git(["remote", "add", "elsewhere", &elsewhere])
        .success();
    let executor = user.executor(
        r#"signal begun; echo "$ENACT_RUN $ENACT_TASK $ENACT_ATTEMPT" >> "$(dirname "$0")/executed.log"
test $ENACT_TASK != d || wait_for go; commit "$ENACT_RUN-$ENACT_TASK.txt" w"#,
    );
    let begin = |name: &&str| {
        let plan = format!("{name}.toml");
        user.start([
            "run", &plan, "--yes", "--jobs", "2", "--name", name, "--", &executor,
        ])
    };
    let runs: Vec<Running> = RUNS.iter().map(begin).collect();
    user.wait_for("begun");
    let days = rounds() * 2;
    for round in 1..=days {
        work(&user, round);
        for name in RUNS {
            assert_is_whole(&user.enact(["status", "--json", name]));
        }
    }
    user.signal("go");
    for run in runs {
        run.end().success();
    }
    let executed = user.noted("executed.log");
    let different: HashSet<&str> = executed.lines().collect();
    assert_eq!(executed.lines().count(), different.len(), "{executed}");
    assert_eq!(different.len(), RUNS.len() * 4, "once each: {executed}");
    for name in RUNS {
        let branch = format!("enact/{name}/integration");
        let files = user.git(["ls-tree", "--name-only", &branch]).success();
        let theirs = files.stdout.lines().filter(|file| file.starts_with(name));
        assert_eq!(theirs.count(), 5, "the plan and four files: {files}");
        user.enact(["doctor", name]).success();
        user.enact(["land", name, "--yes"]).success();
    }
    for round in 1..=days {
        user.at("main", &format!("mine-{round}.txt"));
        user.at("topic", &format!("topic-{round}.txt"));
    }
    user.assert_whole();
}

/// `status --json` while a run may just begin: all of it, or that there is no such run yet.
fn assert_is_whole(output: &Output) {
    if output.status == 2 {
        assert!(output.stderr.contains("no run"), "{output}");
        return;
    }
    let status: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    let counts = status["counts"].as_object().expect("counts");
    let counted = counts.iter().filter(|(name, _)| *name != "total");
    let sum: u64 = counted.filter_map(|(_, count)| count.as_u64()).sum();
    assert_eq!(Some(sum), counts["total"].as_u64(), "{status}");
    assert_eq!(Some(sum as usize), status["tasks"].as_array().map(Vec::len));
}

/// How many events are written while others read, by how many each how often.
const EVENTS: u64 = 400;
const READERS: usize = 4;
const READS: usize = 500;

/// Begins a run that nobody drives, and that can be decided about.
fn begun(test: &TestRepo) -> (Journal, git_enact::run::state::State) {
    let repo = test.open();
    let lease = Lease::take(repo.common_dir(), "r-test");
    let started = Event::Started {
        run: "r-test".to_owned(),
        base: repo.resolve("HEAD").expect("HEAD").to_string(),
        plan_hash: "0".repeat(64),
        plan_path: "plan.toml".to_owned(),
        policy: Box::new(plans::policy()),
    };
    let graph = plans::graph("Read", vec![plans::task("t"), plans::task("u")]);
    let lease = lease.expect("no failure").expect("free");
    let sources = std::iter::empty();
    Journal::create(repo, lease, Clock::Fixed(TIME), graph, sources, started).expect("begun")
}

#[test]
fn whoever_reads_while_events_are_written_reads_all_of_some_event() {
    let test = TestRepo::new();
    let (mut journal, mut state) = begun(&test);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let repo = test.open();
            scope.spawn(move || read_again_and_again(&repo));
        }
        for nth in 0..EVENTS {
            let task = TaskId::new("t");
            let (by, reason) = (By::Person, "so".to_owned());
            let event = match nth % 2 {
                0 => Event::Skipped { task, by, reason },
                _ => Event::Retried {
                    task,
                    by,
                    reason,
                    words: String::new(),
                    continues: false,
                },
            };
            engine::record(&mut journal, &mut state, event, &[]).expect("recorded");
        }
    });
    assert_eq!(state.run.seq, EVENTS + 1);
    test.assert_sound();
}

fn read_again_and_again(repo: &Repo) {
    let mut newest = 0;
    for _ in 0..READS {
        let read = journal::load(repo, "r-test").expect("a journal that can be read");
        let seq = read.state.run.seq;
        assert!(seq >= newest, "event {seq} is read after event {newest}");
        newest = seq;
        // Every other event leaves the task out, and the one after that takes it in.
        let skipped = usize::from(seq.is_multiple_of(2));
        assert_eq!(read.state.counts().skipped, skipped, "at event {seq}");
        assert_eq!(read.state.counts().pending, 2 - skipped, "at event {seq}");
    }
}

const NOTES: &str = "refs/notes/PROGRESS";
const WRITERS: usize = 8;
const UPDATES: usize = 200;
/// How many notes somebody writes meanwhile with git, who says what they expect to find as we do.
const WITH_GIT: usize = 20;

/// So many objects to write notes on.
fn objects(repo: &Repo, writer: usize, count: usize) -> Vec<Oid> {
    let text = |nth| format!("{writer}.{nth}\n").into_bytes();
    let written = (0..count).map(|nth| repo.write_blob(&text(nth)));
    written.map(|blob| blob.expect("an object")).collect()
}

/// Writes one note with git, until nobody else was faster.
fn note_with_git(test: &TestRepo, on: Oid) {
    let scratch = "refs/notes/scratch";
    loop {
        let tip = test.git(["rev-parse", NOTES]);
        test.git(["update-ref", scratch, &tip]);
        test.git([
            "notes",
            "--ref=scratch",
            "add",
            "-m",
            "by git",
            &on.to_string(),
        ]);
        let new = test.git(["rev-parse", scratch]);
        if test.git_succeeds(["update-ref", NOTES, &new, &tip]) {
            return;
        }
    }
}

#[test]
fn of_notes_that_eight_write_at_once_and_git_beside_them_none_is_lost() {
    let test = TestRepo::new();
    let first = test.open().resolve("HEAD").expect("HEAD");
    test.git([
        "notes",
        "--ref=PROGRESS",
        "add",
        "-m",
        "first",
        &first.to_string(),
    ]);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let repo = test.open();
            scope.spawn(move || {
                for on in objects(&repo, writer, UPDATES) {
                    let batch = [(on, Some(format!("by {writer}\n").into_bytes()))];
                    project::write_notes(&repo, &batch, &ann(), TIME).expect("written");
                }
            });
        }
        for on in objects(&test.open(), WRITERS, WITH_GIT) {
            note_with_git(&test, on);
        }
    });
    let listed = test.git(["notes", "--ref=PROGRESS", "list"]);
    assert_eq!(listed.lines().count(), 1 + WRITERS * UPDATES + WITH_GIT);
    let repo = test.open();
    for writer in 0..WRITERS {
        for on in objects(&repo, writer, UPDATES) {
            let note = repo.read_note(NOTES, on).expect("read");
            assert_eq!(note, Some(format!("by {writer}\n").into_bytes()));
        }
    }
    test.assert_sound();
}
