//! A run of twenty tasks survives `kill -9` at any moment: of its driver alone, and of driver and executor.
//!
//! Ten kills by default, as many as `ENACT_KILLS` says; two to a run. The moment is chosen by what the
//! executors have logged and a short spin, from a seed that a failure names; `ENACT_SEED` chooses it again.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::oracle;
use crate::support::sim::Chance;
use crate::support::user::{User, wait_until};

const TASKS: usize = 20;

/// How long a run may take to get to the moment at which it is killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Twenty tasks, each of which needs one or none of those before it.
fn plan() -> String {
    let mut plan = "[plan]\ntitle = \"Twenty\"\n".to_owned();
    for task in 0..TASKS {
        write!(plan, "[[task]]\nid = \"{task}\"\ntitle = \"Task {task}\"\n").expect("text");
        if task % 3 == 2 {
            writeln!(plan, "needs = [\"{}\"]", task / 2).expect("text");
        }
        if task % 5 == 0 {
            writeln!(plan, "verify = [\"test -s {task}.txt\"]").expect("text");
        }
    }
    plan
}

/// A user with the plan, and the executor's path.
fn begun() -> (User, String) {
    let user = User::new();
    user.write("plan.toml", &plan());
    user.commit("Plan");
    let root = user.outside("").display().to_string();
    let body = r#"
echo $$ >> ROOT/processes.log
echo "$ENACT_TASK $ENACT_ATTEMPT" >> ROOT/executed.log
echo "half of $ENACT_TASK" > "$ENACT_TASK.txt"
echo "all of $ENACT_TASK" > "$ENACT_TASK.txt"
git add -A
git commit -qm "Do $ENACT_TASK"
"#;
    let executor = user.script("work", &body.replace("ROOT", root.trim_end_matches('/')));
    (user, executor)
}

fn tree(user: &User) -> String {
    user.git(["rev-parse", "enact/r-test/integration^{tree}"])
        .success()
        .stdout
}

fn start(user: &User, args: &[&str]) -> Child {
    user.enact_command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

fn lines(user: &User, log: &str) -> Vec<String> {
    let text = std::fs::read_to_string(user.outside(log)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Kills `driver` when `more` further attempts have begun, and perhaps the youngest executor with it.
fn kill(user: &User, mut driver: Child, more: usize, chance: &mut Chance) {
    let begun = lines(user, "executed.log").len();
    let start = Instant::now();
    while lines(user, "executed.log").len() < begun + more {
        if driver.try_wait().expect("a child").is_some() {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the run makes no progress");
        std::thread::yield_now();
    }
    let spin = Duration::from_micros(chance.below(60_000));
    let moment = Instant::now();
    while moment.elapsed() < spin {
        std::hint::spin_loop();
    }
    driver.kill().expect("a child can be killed");
    if chance.below(2) == 0 {
        let youngest = lines(user, "processes.log").pop().unwrap_or_default();
        let place = std::fs::read_link(format!("/proc/{youngest}/cwd")).unwrap_or_default();
        // The number may belong to somebody else by now.
        if place.starts_with(user.outside("").canonicalize().expect("a directory")) {
            let killed = user.command("kill").args(["-9", &youngest]).output();
            drop(killed.expect("`kill` can be started"));
        }
    }
    driver.wait().expect("a child");
}

/// One run that is killed twice.
fn survive(seed: u64, calm: &str) {
    let mut chance = Chance::new(seed);
    let (user, executor) = begun();
    let untouched = oracle::untouched(&user);
    let mut begin = vec!["run", "plan.toml", "--yes", "--name", "r-test"];
    // An executor that is killed has failed, and the same task may be met twice.
    begin.extend(["--jobs", "3", "--retries", "2", "--", &executor]);
    let first = 1 + chance.below(12) as usize;
    kill(&user, start(&user, &begin), first, &mut chance);
    let second = chance.below(8) as usize;
    kill(
        &user,
        start(&user, &["resume", "--yes"]),
        second,
        &mut chance,
    );
    let output = user.enact(["resume", "--yes"]);
    assert_eq!(
        output.status, 0,
        "seed {seed}: the resume ends well: {output}"
    );
    assert_eq!(tree(&user), calm, "seed {seed}: it ends as the calm run");
    oracle::check(&user, &untouched);
}

#[test]
fn a_run_survives_kill_9_of_its_driver_and_executors_at_any_moment() {
    let (user, executor) = begun();
    user.run("plan.toml", &executor, &["--jobs", "3"]).success();
    let calm = tree(&user);
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let kills: u64 = number("ENACT_KILLS").unwrap_or(10);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = number("ENACT_SEED").unwrap_or(clock.map_or(1, |since| since.as_micros() as u64));
    let next = Mutex::new(0..kills.div_ceil(2));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(nth) = { next.lock().expect("a range").next() } {
                    let seed = seed.wrapping_add(nth);
                    let lived = std::panic::catch_unwind(|| survive(seed, &calm));
                    assert!(
                        lived.is_ok(),
                        "as told above; ENACT_KILLS=2 ENACT_SEED={seed} tries that again"
                    );
                }
            });
        }
    });
}

#[test]
fn a_task_that_is_tried_again_elsewhere_leaves_a_worktree_that_can_be_used() {
    let user = User::new();
    let mut plan = "[plan]\ntitle = \"Elsewhere\"\n".to_owned();
    for (id, needs) in [
        ("first", ""),
        ("second", ""),
        ("fails", ""),
        ("left", "second"),
        ("right", "second"),
    ] {
        write!(plan, "[[task]]\nid = \"{id}\"\ntitle = \"{id}\"\n").expect("text");
        if !needs.is_empty() {
            writeln!(plan, "needs = [\"{needs}\"]").expect("text");
        }
    }
    user.write("plan.toml", &plan);
    user.commit("Plan");
    // It fails in the third slot, with a commit, once the first is free; and the third is used while it is
    // tried again in the first.
    let executor = user.executor(
        r#"commit "$ENACT_TASK.txt" "$ENACT_TASK"
case $ENACT_TASK$ENACT_ATTEMPT in
  fails1) wait_for first; exit 1 ;;
  fails2) signal again; wait_for right ;;
  second1) wait_for again ;;
  right1) signal right ;;
esac"#,
    );
    let mut args = vec!["run", "plan.toml", "--yes", "--name", "r-test"];
    args.extend(["--jobs", "3", "--retries", "1", "--", &executor]);
    let run = user.start(args);
    // An executor need not see the run's branch.
    let integration = ["log", "--format=%s", "enact/r-test/integration"];
    wait_until("the first task is integrated", || {
        user.git(integration).stdout.contains("Write first.txt")
    });
    user.signal("first");
    run.end().success();
}
