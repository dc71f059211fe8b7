//! A real repository in which operations happen, one after the other, and the reference beside it; after each of them
//! the two are compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Operation;
use super::Operation as Op;
use super::model::{Aim, Happened, Plan, Stand};
use super::script::{WORDS, executor, id, text};
use crate::support::digest::Digest;
use crate::support::oracle::{self, Spared};
use crate::support::user::{Output, User};

const JOURNAL: &str = "refs/enact/runs/r-test";
pub(super) const BRANCH: &str = "refs/heads/enact/r-test/integration";
const ABORTED: i32 = 128 + 6;
/// What a user's own git rewrites and ours may have to, because all refs are in it.
const PACKED: [&str; 1] = [".git/packed-refs"];

/// Where the run's branch may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Where the journal says.
    Ours,
    /// It lags behind, or was deleted: the next drive puts it right.
    Somewhere,
    /// The user has it checked out, and there it stays until they do not.
    Held(String),
    /// Somebody put it there, and there it stays.
    Theirs(String),
}

pub(super) struct Life {
    pub(super) user: User,
    plan: Plan,
    executor: String,
    /// Where the run stood at each of its checkpoints, oldest first.
    line: Vec<(String, Stand)>,
    pub(super) place: Place,
    /// Whether the local files still know where the branch was put.
    pub(super) remembers: bool,
    /// Whether they still know which numbers attempts had.
    pub(super) counts: bool,
    /// Whether somebody moved the journal back.
    pub(super) forgets: bool,
    /// Whether somebody moved the notes back.
    pub(super) revives: bool,
    /// What is the user's.
    untouched: Digest,
    refs: String,
    /// The commits below which somebody wrote into the notes.
    pub(super) noted: Vec<String>,
    /// What was executed before somebody moved the journal back, which no checkpoint tells of any more.
    pub(super) forgotten: Vec<String>,
    pub(super) count: u32,
}

impl Life {
    pub(super) fn new(plan: &Plan) -> Self {
        let user = User::new();
        let lines: String = (0..plan.tasks.len())
            .map(|task| format!("{}: -\n\n\n\n", id(task)))
            .collect();
        user.write("shared.txt", &lines);
        user.plan(&text(plan));
        user.git(["branch", "other"]).success();
        let executor = executor(&user, plan);
        let mut life = Self {
            untouched: oracle::untouched(&user),
            refs: String::new(),
            user,
            plan: plan.clone(),
            executor,
            line: Vec::new(),
            place: Place::Somewhere,
            remembers: true,
            counts: true,
            forgets: false,
            revives: false,
            noted: Vec::new(),
            forgotten: Vec::new(),
            count: 0,
        };
        life.look_at_what_is_the_users();
        life.begin();
        life
    }

    fn begin(&mut self) {
        let jobs = self.plan.jobs.to_string();
        let failure = if self.plan.stops { "stop" } else { "skip" };
        let flags = ["--retries", "0", "--jobs", &jobs, "--on-failure", failure];
        let executor = self.executor.clone();
        let output = self.user.run("plan.toml", &executor, &flags);
        let before = Stand::new(&self.plan);
        self.learn(&Aim::default(), &before);
        self.came_to_rest(&output, &before, 0);
    }

    pub(super) fn now(&self) -> &Stand {
        &self.line.last().expect("the run has begun").1
    }

    pub(super) fn tip(&self) -> String {
        self.line.last().expect("the run has begun").0.clone()
    }

    /// The checkpoint in this place, counted from the newest.
    pub(super) fn back(&self, by: usize) -> usize {
        (self.line.len() - 1) - by % self.line.len()
    }

    /// Does one thing, and checks all that is cheap to check.
    pub(super) fn happen(&mut self, operation: &Operation) {
        let done = self.perform(operation);
        if !done {
            return;
        }
        self.compare(&format!("after {operation:?}"));
        if self.is_foreign(operation) {
            self.look_at_what_is_the_users();
        } else {
            self.assert_the_users_is_theirs(&format!("{operation:?}"));
        }
    }

    fn is_foreign(&self, operation: &Operation) -> bool {
        !matches!(
            operation,
            Op::Resume { .. }
                | Op::Retry { .. }
                | Op::Skip { .. }
                | Op::Answer { .. }
                | Op::Revert { .. }
                | Op::Rollback { .. }
                | Op::Stop
                | Op::Clean { .. }
                | Op::Doctor
        )
    }

    /// Whether there was anything to do.
    fn perform(&mut self, operation: &Operation) -> bool {
        let count = self.plan.tasks.len();
        let of = |task: &usize| *task % count;
        match operation {
            Op::Resume { halt, crash } => self.resume(*halt, crash.as_deref()),
            Op::Retry { task, words, crash } => {
                let said: &[&str] = if *words { &["-m", WORDS] } else { &[] };
                self.decide("retry", "retried", of(task), said, crash.as_deref());
            }
            Op::Skip { task, crash } => {
                self.decide("skip", "skipped", of(task), &[], crash.as_deref());
            }
            Op::Answer { task, crash } => {
                let said = ["-m", WORDS];
                self.decide("answer", "answered", of(task), &said, crash.as_deref());
            }
            Op::Revert { task, crash } => {
                self.decide("revert", "reverted", of(task), &["--yes"], crash.as_deref());
            }
            Op::Rollback { by, crash } => self.roll_back(*by, crash.as_deref()),
            Op::Stop => {
                self.user.enact(["stop"]).success().complains("not running");
            }
            Op::Clean { crash } => self.clean(crash.as_deref()),
            Op::Doctor => {
                self.give_up_what_is_kept_elsewhere();
                self.tidy(&["doctor", "r-test", "--repair"], None);
            }
            foreign => return self.interfere(foreign),
        }
        true
    }

    fn command(&self, args: &[&str], crash: Option<&str>) -> Output {
        let mut command = self.user.enact_command(args);
        if let Some(point) = crash {
            command.env("ENACT_CRASH_AT", point);
        }
        let output = Output::of(&mut command);
        assert!(
            !output.stderr.contains("panicked at"),
            "`{}` gives up: {output}",
            args.join(" ")
        );
        output
    }

    fn resume(&mut self, halt: bool, crash: Option<&str>) {
        if halt {
            self.user.signal("halt");
        }
        let (before, known) = (self.now().clone(), self.line.len());
        let output = self.command(&["resume", "--yes"], crash);
        std::fs::remove_file(self.user.outside("halt")).unwrap_or_default();
        self.learn(&Aim::default(), &before);
        match output.status {
            ABORTED => self.is_somewhere(),
            _ => self.came_to_rest(&output, &before, known),
        }
    }

    /// What must hold of a drive that was not killed.
    fn came_to_rest(&mut self, output: &Output, before: &Stand, known: usize) {
        let now = self.now().clone();
        let fault = now.fault_of_rest(&self.plan, before);
        assert_eq!(fault, None, "{before:#?} leads to {now:#?}: {output}");
        // Once it has died no more, nobody asks for what an earlier drive was asked for.
        let was_stopped = self.line.len() > known && now.stopped;
        assert_eq!(output.status, now.exit(was_stopped), "{now:#?}: {output}");
        self.is_settled();
    }

    /// One decision of a person: it is taken exactly where the reference takes it.
    fn decide(
        &mut self,
        command: &str,
        event: &str,
        task: usize,
        more: &[&str],
        crash: Option<&str>,
    ) {
        let words = more.contains(&"-m");
        let (before, known) = (self.now().clone(), self.line.len());
        let is_legal = before.may(event, task, words);
        let name = id(task);
        let args = [&[command, name.as_str()], more].concat();
        let output = self.command(&args, crash);
        let target = None;
        self.learn(&Aim { words, target }, &before);
        match output.status {
            ABORTED => self.is_somewhere(),
            status => {
                let expected = if is_legal { 0 } else { 2 };
                assert_eq!(status, expected, "{before:#?}: {output}");
                let new = self.line.len() - known;
                assert_eq!(new, usize::from(is_legal), "{output}");
                if is_legal && event == "reverted" {
                    self.is_settled();
                }
            }
        }
    }

    fn roll_back(&mut self, by: usize, crash: Option<&str>) {
        let nth = self.back(by);
        let (checkpoint, target) = self.line[nth].clone();
        let is_newest = nth + 1 == self.line.len();
        let before = self.now().clone();
        let output = self.command(&["rollback", &checkpoint, "--yes"], crash);
        let aim = Aim {
            words: false,
            target: Some(target),
        };
        self.learn(&aim, &before);
        match (output.status, is_newest) {
            (ABORTED, _) => self.is_somewhere(),
            (2, true) => {
                output.complains("stands at this checkpoint");
            }
            (status, _) => {
                assert_eq!(status, 0, "{output}");
                self.is_settled();
            }
        }
    }

    /// Whose cleaning dies has it done again.
    fn clean(&mut self, crash: Option<&str>) {
        if crash.is_some() {
            self.tidy(&["clean", "--yes"], crash);
        }
        self.tidy(&["clean", "--yes"], None);
        (self.remembers, self.counts) = (false, false);
        self.forgotten.clear();
    }

    /// What changes nothing of the run, but that what was cut short is on record.
    fn tidy(&mut self, args: &[&str], crash: Option<&str>) {
        let before = self.now().clone();
        let output = self.command(args, crash);
        self.learn(&Aim::default(), &before);
        if output.status != ABORTED {
            let allowed: &[i32] = if args[0] == "doctor" { &[0, 1] } else { &[0] };
            assert!(allowed.contains(&output.status), "{output}");
        }
        self.is_somewhere();
    }

    /// Reads what was recorded since, and has the reference follow.
    fn learn(&mut self, aim: &Aim, before: &Stand) {
        let key = |name: &str| format!("%(trailers:key={name},valueonly,separator=)");
        let keys = [key("Event"), key("Task"), key("Attempt")].join("|");
        let format = format!("--format=%H|{keys}");
        let range = match self.line.last() {
            Some((tip, _)) => format!("{tip}..{JOURNAL}"),
            None => JOURNAL.to_owned(),
        };
        let log = ["log", "--first-parent", "--reverse", &format, &range];
        let log = self.user.git(log).success().stdout;
        let mut now = before.clone();
        // The plan is below the first checkpoint, and tells of no event.
        for line in log.lines().filter(|line| !line.ends_with("|||")) {
            let mut words = line.split('|');
            let mut word = || words.next().unwrap_or_default();
            let (checkpoint, event, task, attempt) = (word(), word(), word(), word());
            let happened = Happened {
                event,
                task: task.strip_prefix('t').and_then(|task| task.parse().ok()),
                attempt: attempt.parse().unwrap_or_default(),
            };
            now.follow(&self.plan, &happened, aim);
            self.line.push((checkpoint.to_owned(), now.clone()));
        }
    }

    /// Somebody moved the journal to an older checkpoint.
    pub(super) fn forget_since(&mut self, nth: usize) {
        self.line.truncate(nth + 1);
        self.is_somewhere();
    }

    fn is_settled(&mut self) {
        self.remembers = true;
        if self.place == Place::Somewhere {
            self.place = Place::Ours;
        }
    }

    pub(super) fn is_somewhere(&mut self) {
        if self.place == Place::Ours {
            self.place = Place::Somewhere;
        }
    }

    /// The program and git tell what the reference knows.
    pub(super) fn compare(&self, when: &str) {
        let status = self.user.status();
        let now = self.now();
        let tasks = status["tasks"].as_array().expect("tasks");
        let told = |key: &str| -> Vec<&Value> { tasks.iter().map(|task| &task[key]).collect() };
        assert_eq!(told("status"), now.statuses(&self.plan), "{when}");
        let attempts: Vec<u32> = now.tasks.iter().map(|at| at.attempts).collect();
        assert_eq!(told("attempts"), attempts, "{when}");
        assert_eq!(status["run"]["status"], now.status(), "{when}: {now:#?}");
        assert_eq!(status["run"]["checkpoint"], self.tip(), "{when}");
        let tip = status["run"]["tip"].as_str().expect("a commit");
        assert_eq!(self.tree(tip), self.expected_tree(), "{when}");
        let branch = self.user.git(["rev-parse", "--verify", "--quiet", BRANCH]);
        match &self.place {
            Place::Ours => assert_eq!(branch.stdout.trim(), tip, "{when}"),
            Place::Held(place) | Place::Theirs(place) => {
                assert_eq!(branch.stdout.trim(), place, "{when}");
            }
            Place::Somewhere => {}
        }
        self.assert_words_are_kept(when);
    }

    /// What the tasks' files hold in a commit.
    fn tree(&self, commit: &str) -> BTreeMap<String, String> {
        let files = ["own-*", "alone-*", "shared.txt"];
        let args = [&["grep", "-h", "", commit, "--"], &files[..]].concat();
        let found = self.user.git(args).success().stdout;
        let lines = found.lines().filter_map(|line| line.split_once(": "));
        lines
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn expected_tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        for (task, at) in self.now().tasks.iter().enumerate() {
            let last = at.brought.last().map(|brought| brought.attempt.to_string());
            let name = id(task);
            if let Some(attempt) = &last {
                tree.insert(format!("own-{name}"), attempt.clone());
            }
            if self.now().is_alone(task) {
                tree.insert(format!("alone-{name}"), "yes".to_owned());
            }
            tree.insert(name, last.unwrap_or_else(|| "-".to_owned()));
        }
        tree
    }

    fn assert_words_are_kept(&self, when: &str) {
        for commit in &self.noted {
            let note = ["notes", "--ref=PROGRESS", "show", commit];
            let note = self.user.git(note).success();
            assert!(note.stdout.contains("Seen by Bea"), "{when}: {note}");
        }
    }

    /// The refs that are the user's.
    fn refs_of_theirs(&self) -> String {
        let format = "--format=%(refname) %(objectname)";
        let all = self.user.git(["for-each-ref", format]).success().stdout;
        let ours = ["refs/enact/", "refs/heads/enact/", "refs/notes/PROGRESS"];
        let is_theirs = |line: &&str| !ours.iter().any(|ours| line.starts_with(ours));
        let theirs: Vec<&str> = all.lines().filter(is_theirs).collect();
        theirs.join("\n")
    }

    fn look_at_what_is_the_users(&mut self) {
        self.untouched = oracle::untouched(&self.user).without(&PACKED);
        self.refs = self.refs_of_theirs();
    }

    fn assert_the_users_is_theirs(&self, what: &str) {
        let now = oracle::untouched(&self.user).without(&PACKED);
        self.untouched
            .assert_same(&now, &format!("{what} touches nothing of the user's"));
        assert_eq!(self.refs, self.refs_of_theirs(), "{what}");
    }

    /// No attempt ran twice, also not once before the journal was moved back and once after.
    fn assert_no_attempt_ran_twice(&self) {
        let log = std::fs::read_to_string(self.user.outside("executed.log")).unwrap_or_default();
        let mut all: Vec<&str> = log.lines().collect();
        all.extend(self.forgotten.iter().map(String::as_str));
        all.sort_unstable();
        let twice = all.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None, "no attempt runs twice: {all:?}");
    }

    /// The end of a sequence: the user takes back what they did to the run's branch, the run comes to rest, and all
    /// that must always hold is looked at.
    pub(super) fn end(mut self) {
        self.interfere(&Op::Switch { to: 0 });
        if matches!(self.place, Place::Theirs(_)) {
            self.user.git(["update-ref", "-d", BRANCH]).success();
            self.place = Place::Somewhere;
        }
        self.look_at_what_is_the_users();
        let rest = Op::Resume {
            halt: false,
            crash: None,
        };
        self.happen(&rest);
        // Of what a rollback took out of the notes only local files know: once a cleaning has removed those, what somebody
        // brings back is found by the doctor alone, who removes it.
        if self.revives && !self.counts {
            self.happen(&Op::Doctor);
        }
        // A task's branch may stand where an attempt left it that the journal forgot; the doctor says how to keep it.
        let findings: &[&str] = match self.forgets {
            true => &["task-branch"],
            false => &[],
        };
        let spared = Spared {
            findings,
            paths: &PACKED,
            ..Spared::default()
        };
        oracle::check_sparing(&self.user, &self.untouched, spared);
        self.finish(&rest);
        self.assert_no_attempt_ran_twice();
        self.user.assert_whole();
    }

    /// A person decides whatever is open, until nothing is.
    fn finish(&mut self, rest: &Operation) {
        for _ in 0..=self.plan.tasks.len() {
            for task in 0..self.plan.tasks.len() {
                let (words, crash) = (true, None);
                if self.now().may("retried", task, words) {
                    self.happen(&Op::Retry { task, words, crash });
                }
            }
            self.happen(rest);
        }
        let statuses = self.now().statuses(&self.plan);
        let is_over = statuses.iter().all(|status| *status == "done");
        assert!(is_over, "in the end everything is done: {statuses:?}");
    }
}
