//! Commands that move state, on a run of two tasks, and how a person goes on when one was cut short.

use std::path::Path;

use super::digest::Digest;
use super::oracle::{self, Spared};
use super::user::{Output, User};

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

/// How often one does what helps.
const HELPED: usize = 4;

/// A command that moves state, and how a person goes on when it was killed.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// What was done before.
    pub(crate) prepare: fn(&Stand),
    pub(crate) command: fn(&Stand) -> Vec<String>,
    /// Whether the command has had its effect.
    is_done: fn(&Stand) -> bool,
}

pub(crate) const OPERATIONS: [Operation; 6] = [
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
        prepare: Stand::fail,
        command: |_| words(&["retry", "a"]),
        is_done: |stand| stand.tells("retried"),
    },
    Operation {
        name: "clean",
        prepare: Stand::fail,
        command: |_| words(&["clean", "--yes"]),
        is_done: |stand| !stand.user.outside("repo.enact").exists(),
    },
];

/// A user, their plan, and what they had before.
pub(crate) struct Stand {
    pub(crate) user: User,
    /// Whether the person does what a refusal says that helps; without it a command must do as it is.
    pub(crate) heeds: bool,
    executor: String,
    untouched: Digest,
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl Stand {
    pub(crate) fn new() -> Self {
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
            heeds: false,
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

    /// A run whose first task failed, and would not again.
    fn fail(&self) {
        self.user.signal("fails");
        self.user.enact(self.begin()).code(3);
        std::fs::remove_file(self.user.outside("fails")).expect("removed");
    }

    /// Whether git knows of the run.
    pub(crate) fn has_run(&self) -> bool {
        let journal = ["rev-parse", "--verify", "--quiet", "refs/enact/runs/r-test"];
        self.user.git(journal).status == 0
    }

    fn tells(&self, event: &str) -> bool {
        oracle::trailers(&self.user)
            .iter()
            .any(|[told, ..]| told == event)
    }

    /// Runs a command, and again after what it says that helps, as far as the person heeds it.
    pub(crate) fn helped(&self, command: &[String]) -> Output {
        for _ in 0..HELPED {
            let output = self.user.enact(command);
            if !self.heeds {
                return output;
            }
            if let Some((before, _)) = output
                .stderr
                .split_once("` exists and is not ours; move it")
            {
                let place = Path::new(before.rsplit('`').next().expect("a place"));
                let aside = self.user.outside("repo.enact/moved.aside");
                std::fs::create_dir_all(&aside).expect("a directory");
                let name = place.file_name().expect("a name");
                std::fs::rename(place, aside.join(name)).expect("moved");
            } else if output.stderr.contains("`git enact doctor") {
                self.repair();
            } else {
                return output;
            }
        }
        self.user.enact(command)
    }

    /// Has mended what can be. Where events are lost for good, a person decides to go on without them.
    pub(crate) fn repair(&self) {
        let repaired = self.user.enact(["doctor", "r-test", "--repair"]);
        assert!([0, 1, 2].contains(&repaired.status), "{repaired}");
        if let Some((_, advice)) = repaired.stdout.split_once("`git update-ref ") {
            let (advice, _) = advice.split_once('`').expect("a command");
            let advice = ["update-ref"].into_iter().chain(advice.split(' '));
            self.user.git(advice).success();
        }
    }

    /// Goes on as a person does until all that was wanted is done, and checks everything but what is spared.
    pub(crate) fn goes_on(&self, operation: &Operation, command: &[String], spared: Spared<'_>) {
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
            let again = self.helped(command);
            let may_be_refused = self.heeds && (operation.is_done)(self);
            assert!(
                again.status <= 3 && again.status != 2 || may_be_refused,
                "it is done again: {again}"
            );
        }
        assert!((operation.is_done)(self), "{} was done", operation.name);
        let resumed = self.helped(&words(&["resume", "--yes"]));
        assert!(
            resumed.status <= 1 || resumed.status == 3,
            "it goes on: {resumed}"
        );
        if resumed.status == 3 {
            self.user.enact(["retry", "a"]).success();
            self.user.enact(["resume", "--yes"]).success();
        }
        if operation.name == "land" {
            return self.has_landed(spared);
        }
        for task in ["a", "b"]
            .iter()
            .filter(|task| operation.name != "revert" || **task != "b")
        {
            assert_eq!(self.user.task(task)["status"], "done");
            let file = format!("{task}.txt");
            assert_eq!(self.user.at("enact/r-test/integration", &file), "w\n");
        }
        oracle::check_sparing(&self.user, &self.untouched, spared);
    }

    /// The user's branch has what the run's has, and the checkout is clean.
    fn has_landed(&self, spared: Spared<'_>) {
        let tree = |rev: &str| {
            let name = format!("{rev}^{{tree}}");
            self.user.git(["rev-parse", &name]).success().stdout
        };
        assert_eq!(tree("main"), tree("enact/r-test/integration"));
        let status = self.user.git(["status", "--porcelain"]).success();
        assert_eq!(status.stdout, "", "the checkout is clean");
        oracle::check_sparing(&self.user, &oracle::untouched(&self.user), spared);
    }
}
