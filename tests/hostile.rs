//! Executors that break things or mean harm: 62 of them, each in a worktree of the user's own repository and in a clone
//! of it, with what becomes of it there. Whatever they do, the run goes on without them and everything that the oracle
//! asks for holds.
//!
//! `fixtures/hostile.md` says which test holds which; a test of its own checks that none is missing, and that each is
//! tried in both. Where a limit would have to be invented (how large a file may be, how many commits a task may have),
//! nothing is refused; what cannot be had without a file system or a control group of its own is scaled down.

mod commits;
mod files;
mod processes;
mod shared;

use std::path::Path;

use git_enact::run::policy::Isolation;

use crate::support::digest::Digest;
use crate::support::oracle;
use crate::support::user::{Output, User};

/// What becomes of an attempt, in the catalogue's words.
const FATES: [&str; 7] = [
    "refused",
    "accepted",
    "contained",
    "quarantined",
    "told",
    "timed out",
    "resumed",
];

#[test]
fn each_of_them_is_held_by_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = std::fs::read_to_string(root.join("fixtures/hostile.md")).expect("a catalogue");
    let rows = catalogue.lines().filter_map(|line| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<&str> = cells.split(" | ").collect();
        let number: u32 = cells.first()?.parse().ok()?;
        Some((number, cells))
    });
    let mut expected = 1;
    for (number, cells) in rows {
        assert_eq!(number, expected, "each has its place");
        expected += 1;
        let [_, what, in_worktree, in_clone, tests] = cells[..] else {
            panic!("{number} has five cells");
        };
        for fate in [in_worktree, in_clone] {
            assert!(FATES.contains(&fate), "{number}, {what}: `{fate}`");
        }
        let are_tried = tests
            .split(", ")
            .map(|test| test.trim_matches('`'))
            .map(|test| {
                let (file, name) = test.split_once("::").expect("a file and a test");
                let text =
                    std::fs::read_to_string(root.join("tests").join(file).with_extension("rs"));
                let text = text.unwrap_or_else(|error| panic!("{number}: {file}: {error}"));
                let body = text.split_once(&format!("#[test]\nfn {name}() {{\n"));
                let (_, body) = body.unwrap_or_else(|| panic!("{number}: {test} is a test"));
                let body = body.split("\n}\n").next().unwrap_or_default();
                body.contains("in_each(") || body.contains("on_each(")
            });
        // All of them: each has to be there.
        let are_tried: Vec<bool> = are_tried.collect();
        assert!(
            are_tried.contains(&true),
            "{number}, {what}: no test tries it in both"
        );
    }
    assert_eq!(expected, 63, "none is missing");
}

const PLAN: &str = r#"
[plan]
title = "Hostile"
[[task]]
id = "t"
title = "Is attempted by somebody who means harm, then by an honest one"
[[task]]
id = "after"
title = "Comes after it"
after = ["t"]
"#;

/// A run whose first attempt was hostile.
struct Attacked {
    user: User,
    before: Digest,
    output: Output,
    /// Whether an executor in a clone went for the user's repository all the same.
    reaches: bool,
}

/// A user with a plan.
fn victim() -> User {
    let user = User::new();
    user.plan(PLAN);
    user
}

/// What becomes of an attempt that means harm, and what is said of it.
#[derive(Clone, Copy)]
enum Fate<'a> {
    Refused(&'a str),
    Accepted,
    Quarantined(&'a str),
}

/// Whoever means harm does not keep what it was given to keep its git calm.
const FREE: &str = "unset GIT_CONFIG_COUNT";

/// Notes what an attempt is given of git in a clone, but for its own branch: the next one is given the same.
const NOTE_GIVEN: &str = r#"test ! -d .git || find .git -type f ! -name HEAD ! -name index ! -path '*/heads/enact/*' |
    sort | xargs sha1sum > "$HOME/../given.$ENACT_TASK$ENACT_ATTEMPT""#;

/// Has the first attempt of `t` do `deed`, and all others what they should.
fn attack(user: User, deed: &str) -> Attacked {
    let before = oracle::untouched(&user);
    let executor = user.executor(&format!(
        "{NOTE_GIVEN}\nshared=$ENACT_GIT_COMMON_DIR; ran=\"$HOME/../ran\"; {FREE}\n\
         if test $ENACT_TASK$ENACT_ATTEMPT = t1; then\n{deed}\nelse commit $ENACT_TASK.txt w; fi"
    ));
    let flags = ["--sequential", "--retries", "1", "--on-failure", "skip"];
    let output = within_a_minute(&user, &executor, &flags);
    Attacked {
        user,
        before,
        output,
        reaches: false,
    }
}

/// Runs the plan; whoever holds it up holds up no test.
fn within_a_minute(user: &User, executor: &str, flags: &[&str]) -> Output {
    let mut run = user.command("timeout");
    run.args(["--kill-after=1", "60", env!("CARGO_BIN_EXE_git-enact")]);
    run.args(["run", "plan.toml", "--yes", "--name", "r-test"]);
    run.args(["--durability", "process"]).args(flags);
    Output::of(run.args(["--", executor]))
}

impl Attacked {
    /// Whether it was the user's git directory that was attacked.
    fn is_users(&self) -> bool {
        self.reaches || self.user.isolation == Isolation::Worktree
    }

    /// What becomes of it where the git directory is the user's, and in a clone.
    #[track_caller]
    fn ends(self, [in_users, in_own]: [Fate<'_>; 2]) -> Self {
        let fate = if self.is_users() { in_users } else { in_own };
        match fate {
            Fate::Refused(reason) => self.refused(reason),
            Fate::Accepted => self.accepted(),
            Fate::Quarantined(reason) => self.quarantined(reason),
        }
    }

    /// It was refused, saying so; the next attempt is done, and so is the task after it.
    #[track_caller]
    fn refused(self, reason: &str) -> Self {
        let output = self.output.clone().success();
        output
            .complains("t (Is attempted by somebody who means harm, then by an honest one): attempt 1 refused: ")
            .complains(reason);
        assert_eq!(self.user.task("t")["attempts"], 2);
        self.holds()
    }

    /// It is done at once.
    #[track_caller]
    fn accepted(self) -> Self {
        let output = self.output.clone().success();
        assert_eq!(self.user.task("t")["attempts"], 1, "{output}");
        self.holds()
    }

    /// The run stopped, saying so; put back what is to be, it goes on to its end.
    #[track_caller]
    fn quarantined(self, reason: &str) -> Self {
        let output = self.output.clone().code(3);
        output.complains("quarantined: ").complains(reason);
        assert_eq!(self.user.status()["run"]["status"], "quarantined");
        self.user.enact(["doctor", "--repair"]).success();
        self.user.enact(["resume"]).success();
        // Byte for byte, at another time.
        self.before.give_times_back(&self.user.path());
        self.holds()
    }

    /// Everything that must hold of a run that has ended holds, and nothing that was planted ran.
    #[track_caller]
    fn holds(self) -> Self {
        oracle::check(&self.user, &self.before);
        assert!(!self.user.outside("ran").exists(), "nothing planted ran");
        self.assert_given_the_same();
        self
    }

    /// What is planted in a clone reaches nobody else.
    #[track_caller]
    fn assert_given_the_same(&self) {
        if !self.is_users() {
            let given =
                ["t1", "t2", "after1"].map(|name| self.user.outside(&format!("given.{name}")));
            let mut given: Vec<String> = given.iter().flat_map(std::fs::read_to_string).collect();
            assert!(given.len() > 1, "what they were given is noted");
            given.dedup();
            assert_eq!(given.len(), 1, "each is given the same: {given:#?}");
        }
    }

    /// The same where the user's own side is what the deed made of it.
    #[track_caller]
    fn holds_as_it_is(mut self) -> Self {
        self.before = oracle::untouched(&self.user);
        self.holds()
    }
}
