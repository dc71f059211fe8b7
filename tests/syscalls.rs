//! A driver that is killed before any call that it makes of the machine, and again while it recovers, loses nothing:
//! where `crash` kills between two effects, this kills inside of one.
//!
//! By default a sample of calls of three commands; `ENACT_KILL_ALL=1` kills before every call that each command makes,
//! and each resume after it once more (an hour or so on two cores), and prints how many deaths there were. Without
//! `strace` the test says so and passes.

use crate::support::digest::Digest;
use crate::support::oracle;
use crate::support::traced::{self, At, CALLS, Injected};
use crate::support::user::{Output, User};

const PLAN: &str = r#"
[plan]
title = "Two"
[[task]]
id = "a"
title = "The first"
[[task]]
id = "b"
title = "Beside the first"
"#;

/// A process that was killed, as a shell reports it.
const KILLED: i32 = 128 + 9;

/// A command that moves state, and how a person goes on when it was killed.
struct Operation {
    name: &'static str,
    /// What was done before.
    prepare: fn(&Stand),
    command: fn(&Stand) -> Vec<String>,
    /// Whether the command has had its effect.
    is_done: fn(&Stand) -> bool,
}

const OPERATIONS: [Operation; 6] = [
    Operation {
        name: "run",
        prepare: |_| {},
        command: Stand::begin,
        is_done: |stand| stand.has_run(),
    },
    Operation {
        name: "rollback",
        prepare: Stand::finish,
        command: |stand| {
            let first = ["rev-list", "--first-parent", "refs/enact/runs/r-test"];
            let all = stand.user.git(first).success().stdout;
            let fourth = all.lines().rev().nth(4).expect("a checkpoint").to_owned();
            words(&["rollback", &fourth, "--yes"])
        },
        is_done: |stand| stand.tells("rolled-back"),
    },
    Operation {
        name: "land",
        prepare: Stand::finish,
        command: |_| words(&["land", "--yes"]),
        is_done: |stand| stand.tells("landed"),
    },
    Operation {
        name: "revert",
        prepare: Stand::finish,
        command: |_| words(&["revert", "b", "--yes"]),
        is_done: |stand| stand.tells("reverted"),
    },
    Operation {
        name: "retry",
        prepare: |stand| {
            stand.user.signal("fails");
            stand.user.enact(stand.begin()).code(3);
            std::fs::remove_file(stand.user.outside("fails")).expect("removed");
        },
        command: |_| words(&["retry", "a"]),
        is_done: |stand| stand.tells("retried"),
    },
    Operation {
        name: "clean",
        prepare: |stand| {
            stand.user.signal("fails");
            stand.user.enact(stand.begin()).code(3);
            std::fs::remove_file(stand.user.outside("fails")).expect("removed");
        },
        command: |_| words(&["clean", "--yes"]),
        is_done: |stand| !stand.user.outside("repo.enact").exists(),
    },
];

/// How many of them are taken by default.
const USUAL: usize = 3;

struct Stand {
    user: User,
    executor: String,
    untouched: Digest,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl Stand {
    fn new() -> Self {
        let user = User::new();
        user.plan(PLAN);
        let root = user.outside("").display().to_string();
        let executor = user.executor(
            &r#"echo "$ENACT_TASK $ENACT_ATTEMPT" >> ROOT/executed.log
if test $ENACT_TASK = a && test -e ROOT/fails; then exit 1; fi
commit $ENACT_TASK.txt w"#
                .replace("ROOT", root.trim_end_matches('/')),
        );
        let untouched = oracle::untouched(&user);
        Self {
            user,
            executor,
            untouched,
        }
    }

    fn begin(&self) -> Vec<String> {
        let flags = [
            "--jobs",
            "2",
            "--retries",
            "0",
            "--on-failure",
            "stop",
            "--",
        ];
        let begin = ["run", "plan.toml", "--yes", "--name", "r-test"];
        words(&[&begin[..], &flags, &[&self.executor]].concat())
    }

    fn finish(&self) {
        self.user.enact(self.begin()).success();
    }

    fn has_run(&self) -> bool {
        let journal = ["rev-parse", "--verify", "--quiet", "refs/enact/runs/r-test"];
        self.user.git(journal).status == 0
    }

    fn tells(&self, event: &str) -> bool {
        oracle::trailers(&self.user)
            .iter()
            .any(|[told, ..]| told == event)
    }

    /// Runs a command that dies at `at`; what it left.
    fn dies(&self, command: &[String], at: At<'_>) -> Output {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = self.user.enact_at(&args, at);
        assert!(!output.stderr.contains("panicked"), "{output}");
        output
    }

    /// Goes on as a person does until all that was wanted is done, and checks everything.
    fn goes_on(&self, operation: &Operation, command: &[String]) {
        let shared = self.user.path().join(".git/packed-refs.lock");
        if shared.exists() {
            // It may be anybody's: a person is told, and takes it away.
            let doctor = self.user.enact(["doctor"]);
            // A git that outlived its driver takes its own away in the end.
            let is_told = doctor.stdout.contains("packed-refs.lock");
            assert!(is_told || !shared.exists(), "{doctor}");
            std::fs::remove_file(shared).unwrap_or_default();
        }
        if !(operation.is_done)(self) {
            let again = self.user.enact(command);
            assert!(
                again.status <= 3 && again.status != 2,
                "it is done again: {again}"
            );
        }
        assert!((operation.is_done)(self), "{} was done", operation.name);
        let resumed = self.user.enact(["resume", "--yes"]);
        assert!(
            resumed.status <= 1 || resumed.status == 3,
            "it goes on: {resumed}"
        );
        if resumed.status == 3 {
            self.user.enact(["retry", "a"]).success();
            self.user.enact(["resume", "--yes"]).success();
        }
        if operation.name == "land" {
            return self.has_landed();
        }
        for task in ["a", "b"]
            .iter()
            .filter(|task| operation.name != "revert" || **task != "b")
        {
            assert_eq!(self.user.task(task)["status"], "done");
            let file = format!("{task}.txt");
            assert_eq!(self.user.at("enact/r-test/integration", &file), "w\n");
        }
        oracle::check(&self.user, &self.untouched);
    }

    /// The user's branch has what the run's has, and the checkout is clean.
    fn has_landed(&self) {
        let tree = |rev: &str| {
            let name = format!("{rev}^{{tree}}");
            self.user.git(["rev-parse", &name]).success().stdout
        };
        assert_eq!(tree("main"), tree("enact/r-test/integration"));
        let status = self.user.git(["status", "--porcelain"]).success();
        assert_eq!(status.stdout, "", "the checkout is clean");
        oracle::check(&self.user, &oracle::untouched(&self.user));
    }
}

/// A death, and one in the resume that follows.
#[derive(Debug)]
struct Deaths {
    operation: usize,
    call: &'static str,
    nth: usize,
    /// How far the resume after it gets.
    again: Option<(&'static str, usize)>,
}

fn deaths() -> Vec<Deaths> {
    let everything = std::env::var_os("ENACT_KILL_ALL").is_some();
    let mut all = Vec::new();
    let taken = if everything { OPERATIONS.len() } else { USUAL };
    for (operation, of) in OPERATIONS.iter().enumerate().take(taken) {
        let stand = Stand::new();
        (of.prepare)(&stand);
        let command = (of.command)(&stand);
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        for (kind, (call, count)) in stand.user.count_calls(&args).into_iter().enumerate() {
            let moments: Vec<usize> = match everything {
                true => (1..=count).collect(),
                false => vec![(count * (1 + kind % 3)).div_ceil(4)],
            };
            for nth in moments {
                let second = CALLS[(nth + kind) % CALLS.len()];
                // Some of them again while they recover, early or late.
                let again = (nth % 2 == 0).then_some((second, 1 + (nth * 7) % 40));
                all.push(Deaths {
                    operation,
                    call,
                    nth,
                    again,
                });
            }
        }
    }
    if everything {
        traced::say(&format!("{} deaths", all.len()));
    }
    all
}

#[test]
fn a_driver_that_is_killed_inside_of_any_effect_and_again_in_its_recovery_loses_nothing() {
    if !traced::is_possible() {
        return;
    }
    traced::each(&deaths(), |deaths| {
        let operation = &OPERATIONS[deaths.operation];
        let stand = Stand::new();
        (operation.prepare)(&stand);
        let command = (operation.command)(&stand);
        let at = |call, nth| At {
            call,
            nth,
            injected: Injected::Death,
        };
        let output = stand.dies(&command, at(deaths.call, deaths.nth));
        assert!([0, 3, KILLED].contains(&output.status), "{output}");
        if let Some((call, nth)) = deaths.again.filter(|_| stand.has_run()) {
            stand.dies(&words(&["resume", "--yes"]), at(call, nth));
        }
        stand.goes_on(operation, &command);
    });
}
