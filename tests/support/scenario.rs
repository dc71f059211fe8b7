//! Small runs that produce every kind of event, and a person scripted to answer what they ask.
//!
//! What an executor does depends on its task, its prompt and on what happened once (a mark outside the
//! repository), never on the number of the attempt: so a run ends the same however often it dies.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::Digest;
use super::oracle::{self, Spared};
use super::user::{Output, User};

/// A process that aborted, as a shell reports it.
const ABORTED: i32 = 128 + 6;

/// How many commands a person has patience for.
const PATIENCE: usize = 60;

/// A plan and what its run is asked to be.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    plan: &'static str,
    flags: &'static [&'static str],
}

/// Conflict, retry, commits by the tool, commands before and after integration, two slots.
pub(crate) const WORK: Scenario = Scenario {
    name: "work",
    plan: r#"
[plan]
title = "Work"
final_verify = ["test -s shared.txt"]
[[task]]
id = "a"
title = "One line of a file"
[[task]]
id = "b"
title = "Another line of that file"
[[task]]
id = "flaky"
title = "Fails once"
[[task]]
id = "left"
title = "Leave the commit to the tool"
verify = ["test -s left.txt"]
needs = ["a"]
[[task]]
id = "wide"
title = "Proven together with the others"
verify = ["test -s wide.txt"]
needs = ["a"]
[[task]]
id = "last"
title = "After all"
needs = ["b", "left"]
"#,
    flags: &[
        "--jobs",
        "2",
        "--retries",
        "1",
        "--commit",
        "auto",
        "--commit-progress",
    ],
};

/// A kickback, a blocker, a failure: a person answers, decides on a retry, leaves out.
pub(crate) const PEOPLE: Scenario = Scenario {
    name: "people",
    plan: r#"
[plan]
title = "People"
[[task]]
id = "kick"
title = "Says that the plan is wrong"
[[task]]
id = "stuck"
title = "Is blocked"
[[task]]
id = "nothing"
title = "Finds nothing to change"
allow_empty = true
[[task]]
id = "fails"
title = "Fails for good"
"#,
    flags: &["--jobs", "2", "--retries", "0", "--on-failure", "stop"],
};

/// A rate limit, and somebody who asks for a stop.
pub(crate) const LIMITS: Scenario = Scenario {
    name: "limits",
    plan: r#"
[plan]
title = "Limits"
[[task]]
id = "rate"
title = "Later"
[[task]]
id = "halt"
title = "Asks for a stop"
[[task]]
id = "last"
title = "After the stop"
needs = ["halt"]
"#,
    flags: &["--jobs", "1", "--retries", "0"],
};

/// An attempt that takes too long.
pub(crate) const SLOW: Scenario = Scenario {
    name: "slow",
    plan: r#"
[plan]
title = "Slow"
[[task]]
id = "slow"
title = "Never ends"
"#,
    flags: &[
        "--retries",
        "0",
        "--timeout",
        "300ms",
        "--on-failure",
        "stop",
    ],
};

/// A person who looks at everything, undoes a task, returns to an earlier checkpoint and changes the plan.
pub(crate) const BACK: Scenario = Scenario {
    name: "back",
    plan: r#"
[plan]
title = "Back"
[[task]]
id = "undo"
title = "Is not wanted in the end"
[[task]]
id = "built"
title = "Holds without it"
verify = ["test -s built.txt"]
needs = ["undo"]
"#,
    flags: &["--jobs", "2", "--review", "task"],
};

/// Two tasks that do not hold together, and somebody who mends that in the second round.
pub(crate) const MENDED: Scenario = Scenario {
    name: "mended",
    plan: r#"
[plan]
title = "Mended"
final_verify = ["test ! -s north.txt || test ! -s south.txt || test -s fix-2.txt"]
[[task]]
id = "north"
title = "Good by itself"
[[task]]
id = "south"
title = "Good by itself as well"
"#,
    flags: &["--jobs", "2", "--fix-rounds", "3"],
};

/// A task that breaks the whole, and nobody who can mend it.
pub(crate) const BROKEN: Scenario = Scenario {
    name: "broken",
    plan: r#"
[plan]
title = "Broken"
final_verify = ["test ! -s bad.txt"]
[[task]]
id = "good"
title = "Breaks nothing"
[[task]]
id = "bad"
title = "Breaks the whole"
after = ["good"]
[[task]]
id = "fine"
title = "Breaks nothing either"
after = ["bad"]
"#,
    flags: &["--jobs", "2", "--fix-rounds", "1"],
};

/// The same work, with executors in clones.
pub(crate) const CLONED: Scenario = Scenario {
    name: "cloned",
    plan: WORK.plan,
    flags: &[
        "--jobs",
        "2",
        "--retries",
        "1",
        "--commit",
        "auto",
        "--commit-progress",
        "--isolation",
        "clone",
    ],
};

/// An executor that plants a hook, another that runs beside it, and a person who has it put back.
pub(crate) const PLANTED: Scenario = Scenario {
    name: "planted",
    plan: r#"
[plan]
title = "Planted"
[[task]]
id = "plants"
title = "Plants a hook"
[[task]]
id = "beside"
title = "Runs beside it"
[[task]]
id = "last"
title = "After both"
needs = ["plants", "beside"]
"#,
    flags: &["--jobs", "2", "--retries", "0"],
};

/// What the edited plan has besides.
const EDITED: &str = "[[task]]\nid = \"new\"\ntitle = \"Comes in between\"\n";

pub(crate) static ALL: [Scenario; 9] = [
    WORK, PEOPLE, LIMITS, SLOW, BACK, MENDED, BROKEN, CLONED, PLANTED,
];

/// What every executor does; `ROOT` is replaced by a directory outside the repository.
const EXECUTOR: &str = r#"
echo "$ENACT_TASK $ENACT_ATTEMPT" >> ROOT/executed.log
test -e .set-up || { echo "the worktree was not set up"; exit 9; }
prompt=$(cat)
told() { case $prompt in *"the answer is 42"*) true;; *) false;; esac; }
once() { test ! -e "ROOT/$1" && : > "ROOT/$1"; }
case $ENACT_TASK in
  a|b) { cat shared.txt 2>/dev/null; echo "$ENACT_TASK"; } | sort -u > new; mv new shared.txt ;;
  flaky) if once flaked; then echo half > half.txt; git add -A; git commit -qm "Half"; exit 1; fi ;;
  left) echo left > left.txt; exit 0 ;;
  kick) told || { echo '{"status": "KICKBACK", "signal": "missing_context", "reason": "which one?"}'; exit 0; } ;;
  stuck) told || exit 125 ;;
  fails) exit 1 ;;
  nothing) echo '{"status": "done"}'; exit 0 ;;
  rate) if once limited; then exit 75; fi ;;
  halt) if once halted; then : > "$ENACT_GIT_COMMON_DIR/enact/runs/$ENACT_RUN/stop"; fi ;;
  slow) sleep 600 ;;
  plants) if once planted; then : > "$ENACT_GIT_COMMON_DIR/hooks/post-commit"; fi ;;
esac
case $ENACT_TASK in
  a|b) ;;
  *) echo "$ENACT_TASK" > "$ENACT_TASK.txt" ;;
esac
git add -A && git commit -qm "Do $ENACT_TASK"
"#;

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// What the run's branch holds, but for the plan, which names commits where it says how far the run came.
    pub(crate) tree: String,
    /// Where each task stands.
    pub(crate) statuses: BTreeMap<String, String>,
    /// The tasks that a person had to decide about because they failed.
    pub(crate) failed: BTreeSet<String>,
    /// The tasks that are told to have broken the whole.
    pub(crate) blamed: Vec<String>,
}

/// A user who lives through one scenario, crashes included.
pub(crate) struct Journey {
    pub(crate) user: User,
    executor: String,
    scenario: &'static Scenario,
    untouched: Digest,
    /// The crashes to come, the next one first.
    to_come: Vec<String>,
    /// Those that happened.
    pub(crate) crashed: Vec<String>,
    /// Whether the last command died: then a person resumes, whatever the run's status is.
    was_cut_short: bool,
}

impl Journey {
    pub(crate) fn new(scenario: &'static Scenario, crashes: &[&str]) -> Self {
        let user = User::new();
        user.write("plan.toml", scenario.plan);
        user.write(".gitignore", ".set-up\n");
        // The same in every repository: what is committed must not name a place of one.
        let settings = "setup = \"touch .set-up\"\ngrace = \"100ms\"\n\
             [hooks]\npre-task = \"test -e .set-up\"\npost-task = \"true\"\ntask-failed = \"false\"\n\
             [routes]\nb = \"second\"\nlast = \"second\"\nkick = \"second\"\n\
             [executors.second]\ncommand = [\"sh\", \"-c\", \"exec \\\"$HOME/../work\\\"\"]\n";
        user.write("enact.toml", settings);
        user.commit("Plan");
        let root = user.outside("").display().to_string();
        let executor = user.script(
            "work",
            &EXECUTOR.replace("ROOT", root.trim_end_matches('/')),
        );
        let edited = user.outside("edited.toml");
        std::fs::write(edited, scenario.plan.to_owned() + EDITED).expect("a plan");
        let untouched = oracle::untouched(&user);
        Self {
            user,
            executor,
            scenario,
            untouched,
            to_come: crashes.iter().map(|&point| point.to_owned()).collect(),
            crashed: Vec::new(),
            was_cut_short: false,
        }
    }

    /// Goes on until the run has ended, checks all that must hold, and lands.
    pub(crate) fn travel(&mut self) -> End {
        self.travel_sparing(Spared::default())
    }

    /// The same, but for what is spared.
    pub(crate) fn travel_sparing(&mut self, spared: Spared<'_>) -> End {
        self.go_on();
        oracle::check_sparing(&self.user, &self.untouched, spared);
        let end = self.end();
        self.land();
        end
    }

    /// Goes on until the run has ended.
    pub(crate) fn go_on(&mut self) {
        let mut last = None;
        for _ in 0..PATIENCE {
            let Some(args) = self.next() else {
                return;
            };
            last = Some(self.command(&args));
        }
        panic!("the run does not end: {}", last.expect("commands were run"));
    }

    /// Goes on until everything to come has happened, and stays dead.
    pub(crate) fn die(&mut self) {
        while !self.to_come.is_empty() {
            let args = self.next().expect("the run has not ended");
            self.command(&args);
        }
    }

    /// Moves the journal as plain git may, while nobody drives the run: then a person resumes, perhaps to
    /// die at `crashes`.
    pub(crate) fn roll_back(&mut self, checkpoint: &str, crashes: &[&str]) {
        self.user
            .git(["update-ref", "refs/enact/runs/r-test", checkpoint])
            .success();
        self.was_cut_short = true;
        self.to_come = crashes.iter().map(|&point| point.to_owned()).collect();
    }

    /// What a person does next; nothing when the run has ended.
    fn next(&self) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        let output = self.user.enact(["status", "--json"]);
        if output.status != 0 {
            let begin = ["run", "plan.toml", "--yes", "--name", "r-test"];
            let durability = ["--durability", "process"];
            let executor = ["--", self.executor.as_str()];
            let parts: [&[&str]; 4] = [&begin, &durability, self.scenario.flags, &executor];
            return words(&parts.concat());
        }
        let status: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        match status["run"]["status"].as_str().expect("a status") {
            "complete" | "partial" | "failed" if !self.was_cut_short => self.wish(),
            "quarantined" if self.user.path().join(".git/hooks/post-commit").exists() => {
                words(&["doctor", "r-test", "--repair"])
            }
            "needs_person" if !self.was_cut_short => {
                let tasks = status["tasks"].as_array().expect("tasks");
                let decision = tasks.iter().find_map(|task| {
                    let id = task["id"].as_str()?;
                    let waits = task["reason"].as_str().unwrap_or_default();
                    match task["status"].as_str()? {
                        "blocked" if waits.ends_with("waits for review") => {
                            words(&["review", id, "--approve"])
                        }
                        "kickback" | "blocked" => words(&["answer", id, "-m", "the answer is 42"]),
                        "failed" if task["attempts"] == 1 => words(&["retry", id, "-m", "again"]),
                        "failed" | "timed_out" => words(&["skip", id]),
                        _ => None,
                    }
                });
                Some(decision.expect("somebody waits for a decision"))
            }
            _ => words(&["resume", "--yes"]),
        }
    }

    /// What a person wants of a run that has ended, as long as it is not on record.
    fn wish(&self) -> Option<Vec<String>> {
        if self.scenario.name != BACK.name {
            return None;
        }
        let done = oracle::trailers(&self.user);
        let is_done = |wanted: &str| done.iter().any(|[event, ..]| event == wanted);
        let edited = self.user.outside("edited.toml").display().to_string();
        let log = self
            .user
            .git([
                "log",
                "--first-parent",
                "--format=%H %s",
                "refs/enact/runs/r-test",
            ])
            .success();
        let reverted = log
            .stdout
            .lines()
            .find(|line| line.contains(" undo: undone by "));
        let reverted = reverted.map_or("", |line| &line[..40]);
        let wishes: [(&str, &[&str]); 3] = [
            ("reverted", &["revert", "undo", "--yes"]),
            ("rolled-back", &["rollback", reverted, "--yes"]),
            ("replanned", &["replan", "r-test", &edited, "--yes"]),
        ];
        let open = wishes.into_iter().find(|(event, _)| !is_done(event));
        open.map(|(_, args)| args.iter().map(|&arg| arg.to_owned()).collect())
    }

    /// Runs one command; it may die of the next crash that is to come.
    fn command(&mut self, args: &[String]) -> Output {
        let mut command = self.user.enact_command(args);
        if let Some(point) = self.to_come.first() {
            command.env("ENACT_CRASH_AT", point);
        }
        let output = Output::of(&mut command);
        if output.status == ABORTED {
            self.crashed.push(self.to_come.remove(0));
            self.was_cut_short = true;
        } else {
            self.was_cut_short = false;
            assert!(
                !output.stderr.contains("panicked") && output.status != 2,
                "`{}` goes wrong after {:?}: {output}",
                args.join(" "),
                self.crashed
            );
        }
        output
    }

    /// Lands what was done; twice if the first time it dies.
    fn land(&mut self) {
        let args = ["land", "--yes"].map(str::to_owned);
        if self.user.status()["run"]["tip"] == self.user.status()["run"]["base"] {
            return;
        }
        while self.command(&args).status == ABORTED {}
        let lands = |rev: &str| {
            self.user
                .git(["rev-parse", &format!("{rev}^{{tree}}")])
                .success()
        };
        assert_eq!(
            lands("main").stdout,
            lands("enact/r-test/integration").stdout,
            "what was integrated was landed"
        );
        self.user.assert_whole();
    }

    fn end(&self) -> End {
        let tree = self
            .user
            .git(["ls-tree", "-r", "enact/r-test/integration"])
            .success();
        let files = tree.stdout.lines();
        let files = files.filter(|file| !file.ends_with("\tplan.toml"));
        let tree = files.collect::<Vec<_>>().join("\n");
        let status = self.user.status();
        let tasks = status["tasks"].as_array().expect("tasks");
        let failures = oracle::trailers(&self.user).into_iter();
        let report = self.user.enact(["report", "--format", "json"]).success();
        let report: serde_json::Value = serde_json::from_str(&report.stdout).expect("JSON");
        let blamed = report["verified"]["blame"]["tasks"].as_array();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        End {
            tree,
            statuses: tasks
                .iter()
                .map(|task| (text(&task["id"]), text(&task["status"])))
                .collect(),
            failed: failures
                .filter(|[event, ..]| event == "failed")
                .map(|[_, task, _]| task)
                .collect(),
            blamed: blamed
                .into_iter()
                .flatten()
                .map(|one| text(&one["task"]))
                .collect(),
        }
    }
}
