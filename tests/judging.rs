//! The judge's table: what is seen of an attempt, and all that is then said for and against it. Nothing here runs a
//! command or has a repository.

mod commands;

use std::fmt::Write as _;

use git_enact::plan::{Task, TaskId};
use git_enact::run::event::Residue;
use git_enact::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome, Signal, Verdict};
use git_enact::run::policy::{CommitMode, Scope};
use git_enact::verify::checks::Purpose;
use git_enact::verify::facts::{CheckRun, Claimed, Facts, Promise};
use git_enact::verify::rules;

use crate::support::plans;

/// What the judge is given.
struct Case {
    task: Task,
    facts: Facts,
    scope: Scope,
    commit: CommitMode,
}

/// An attempt that did what it was told and says so.
fn good() -> Case {
    let facts = Facts {
        outcome: Outcome::Exited(0),
        limit_ms: Some(90_000),
        stall_limit_ms: Some(1_500),
        claim: Claim {
            status: ClaimStatus::Done,
            form: ClaimForm::Json,
            ..Claim::default()
        },
        base: "base".to_owned(),
        tip: Some("tip".to_owned()),
        claimed: Claimed::Commit("tip".to_owned()),
        descends: true,
        whole: true,
        committed_by_tool: false,
        residue: Residue::default(),
        foreign: None,
        changed: vec!["src/a.rs".to_owned()],
        promised: Vec::new(),
        dependencies: Vec::new(),
        checks: Vec::new(),
        hook: None,
        unrun: Vec::new(),
        quality: Vec::new(),
        criteria: Vec::new(),
    };
    Case {
        task: plans::task("t"),
        facts,
        scope: Scope::Enforce,
        commit: CommitMode::Executor,
    }
}

/// A command, and how it ended.
fn ran(command: &str, ended: &str) -> CheckRun {
    CheckRun {
        command: command.to_owned(),
        purpose: Purpose::Verify,
        passed: ended == "exit 0",
        ended: ended.to_owned(),
        output: format!("first\n  {command} has spoken  \n\n"),
        results: None,
        since: None,
        proof: None,
    }
}

/// The same for a purpose.
fn ran_for(purpose: Purpose, command: &str, ended: &str) -> CheckRun {
    CheckRun {
        purpose,
        ..ran(command, ended)
    }
}

fn say(table: &mut String, name: &str, verdict: &Verdict) {
    let accepted = verdict.accepted.as_deref();
    let accepted = accepted.map_or("refused".to_owned(), |commit| format!("accepts {commit}"));
    writeln!(table, "{name}: {accepted} {:?}", verdict.checks).expect("text");
    for reason in &verdict.reasons {
        writeln!(table, "    - {:?}: {}", reason.kind, reason.text).expect("text");
    }
    for warning in &verdict.warnings {
        writeln!(table, "    ~ {warning}").expect("text");
    }
    for tested in &verdict.tests {
        writeln!(table, "    tests of {}: {tested}", tested.command).expect("text");
    }
    for command in &verdict.by_status {
        writeln!(table, "    by status: {command}").expect("text");
    }
    for quality in &verdict.quality {
        let (holds, ended) = (quality.holds, &quality.ended);
        writeln!(table, "    quality {}: {ended}, {holds}", quality.name).expect("text");
    }
    for criterion in &verdict.criteria {
        let (words, evidence) = (criterion.standing.words(), &criterion.evidence);
        writeln!(
            table,
            "    criterion {}: {words} {evidence}",
            criterion.text
        )
        .expect("text");
    }
}

type Change = (&'static str, fn(&mut Case));

fn table(cases: &[Change]) -> String {
    let mut table = String::new();
    for (name, change) in cases {
        let mut case = good();
        change(&mut case);
        let verdict = rules::judge(&case.task, &case.facts, case.scope, case.commit);
        say(&mut table, name, &verdict);
    }
    table
}

#[test]
fn what_its_process_and_its_executor_say_is_weighed_first() {
    fn claims(case: &mut Case, status: ClaimStatus, reason: &str) {
        case.facts.claim.status = status;
        case.facts.claim.reason = reason.to_owned();
    }
    fn ends(case: &mut Case, outcome: Outcome) {
        claims(case, ClaimStatus::Failed, "no idea");
        case.facts.outcome = outcome;
    }
    /// What would be told as well, if it counted.
    fn leaves_a_mess(case: &mut Case) {
        case.facts.residue.dirty_count = 1;
        case.facts.residue.dirty = vec!["left".to_owned()];
    }
    let table = table(&[
        ("good", |_| {}),
        ("wall clock", |case| ends(case, Outcome::TimedOut)),
        ("silence", |case| ends(case, Outcome::Stalled)),
        ("no limit is known", |case| {
            ends(case, Outcome::TimedOut);
            case.facts.limit_ms = None;
        }),
        ("killed", |case| ends(case, Outcome::Signaled(9))),
        ("not started", |case| ends(case, Outcome::NotStarted)),
        ("lost", |case| ends(case, Outcome::Lost)),
        ("cancelled", |case| ends(case, Outcome::Cancelled)),
        ("killed, and says done", |case| {
            case.facts.outcome = Outcome::Signaled(9);
        }),
        ("its reason repeats the end", |case| {
            claims(case, ClaimStatus::Failed, "killed by signal 9");
            case.facts.outcome = Outcome::Signaled(9);
        }),
        ("vetoed", |case| {
            ends(case, Outcome::Vetoed);
            leaves_a_mess(case);
        }),
        ("exit 3", |case| ends(case, Outcome::Exited(3))),
        ("exit 3, and says done", |case| {
            case.facts.outcome = Outcome::Exited(3);
        }),
        ("says it failed", |case| ends(case, Outcome::Exited(0))),
        ("failed by its program's word", |case| {
            ends(case, Outcome::Exited(0));
            case.facts.claim.form = ClaimForm::Reported;
        }),
        ("kickback", |case| {
            claims(case, ClaimStatus::Kickback, "two things");
            case.facts.claim.signal = Some(Signal::NeedsSplit);
            leaves_a_mess(case);
        }),
        ("kickback without a signal", |case| {
            claims(case, ClaimStatus::Kickback, "");
        }),
        ("blocked", |case| {
            claims(case, ClaimStatus::Blocked, "no access");
            leaves_a_mess(case);
        }),
        ("rate limited", |case| {
            claims(case, ClaimStatus::RateLimited, "in an hour");
            leaves_a_mess(case);
        }),
        ("partial", |case| {
            claims(case, ClaimStatus::Partial, "half of it");
            leaves_a_mess(case);
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn each_thing_that_is_wrong_with_a_worktree_is_told() {
    fn dirty(case: &mut Case, count: usize) {
        let residue = &mut case.facts.residue;
        residue.dirty_count = count;
        residue.dirty = (1..=count.min(6)).map(|nth| format!("f{nth}")).collect();
    }
    let table = table(&[
        ("escaped", |case| {
            case.facts.residue.escaped = "refs/heads/main".to_owned();
        }),
        ("foreign", |case| {
            case.facts.foreign = Some(TaskId::new("other"));
        }),
        ("torn", |case| {
            case.facts.residue.torn = "0123456789abcdef".to_owned();
            case.facts.tip = None;
            case.facts.claimed = Claimed::Nothing;
            case.commit = CommitMode::Tool;
        }),
        ("malformed", |case| {
            case.facts.residue.malformed = "missing spaces".to_owned();
            case.facts.tip = None;
            case.facts.claimed = Claimed::Nothing;
            case.commit = CommitMode::Tool;
        }),
        ("lost", |case| {
            case.facts.residue.lost = "it is gone".to_owned();
            dirty(case, 1);
        }),
        ("in progress", |case| {
            case.facts.residue.in_progress = "rebase".to_owned();
        }),
        ("on another branch", |case| {
            case.facts.residue.head = "refs/heads/side".to_owned();
        }),
        ("one is dirty", |case| dirty(case, 1)),
        ("five are dirty", |case| dirty(case, 5)),
        ("six are dirty", |case| dirty(case, 6)),
        ("nine are dirty", |case| dirty(case, 9)),
        ("a name with a line end", |case| {
            case.facts.residue.dirty_count = 1;
            case.facts.residue.dirty = vec!["a\n- fine".to_owned()];
        }),
        ("all of it", |case| {
            case.facts.residue = Residue {
                dirty: vec!["x".to_owned()],
                dirty_count: 1,
                in_progress: "merge".to_owned(),
                head: "refs/heads/side".to_owned(),
                escaped: "refs/heads/main".to_owned(),
                torn: "0123456789abcdef".to_owned(),
                malformed: "missing spaces".to_owned(),
                lost: String::new(),
            };
            case.facts.foreign = Some(TaskId::new("other"));
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn a_commit_is_the_one_that_was_named_stands_on_the_base_and_is_whole() {
    fn names(case: &mut Case, claimed: Claimed) {
        case.facts.claimed = claimed;
    }
    /// Nothing was committed, and nothing named.
    fn bare(case: &mut Case) {
        case.facts.tip = None;
        case.facts.claimed = Claimed::Nothing;
        case.facts.changed.clear();
    }
    let table = table(&[
        ("unknown", |case| {
            names(case, Claimed::Unknown("x".to_owned()));
        }),
        ("a tree", |case| {
            names(case, Claimed::Other("x".to_owned(), "tree".to_owned()));
        }),
        ("ambiguous", |case| {
            names(case, Claimed::Ambiguous("x".to_owned()));
        }),
        ("another", |case| {
            names(case, Claimed::Commit("0123456789abcdef".to_owned()));
        }),
        ("the base", |case| {
            names(case, Claimed::Commit("base".to_owned()));
        }),
        ("the base, and may be empty", |case| {
            bare(case);
            names(case, Claimed::Commit("base".to_owned()));
            case.task.allow_empty = true;
        }),
        ("another, and may be empty", |case| {
            names(case, Claimed::Commit("other".to_owned()));
            case.task.allow_empty = true;
        }),
        ("none, in JSON", |case| names(case, Claimed::Nothing)),
        ("none, in the result file", |case| {
            names(case, Claimed::Nothing);
            case.facts.claim.form = ClaimForm::ResultFile;
        }),
        ("none, in words", |case| {
            names(case, Claimed::Nothing);
            case.facts.claim.form = ClaimForm::Text;
        }),
        ("none, and may be empty", |case| {
            names(case, Claimed::Nothing);
            case.task.allow_empty = true;
        }),
        ("none, and the tool commits", |case| {
            names(case, Claimed::Nothing);
            case.commit = CommitMode::Tool;
        }),
        ("none, and the tool committed", |case| {
            names(case, Claimed::Nothing);
            case.facts.committed_by_tool = true;
        }),
        ("none, and only a part is done", |case| {
            names(case, Claimed::Nothing);
            case.facts.claim.status = ClaimStatus::Partial;
        }),
        ("nothing in JSON", bare),
        ("nothing by the exit status", |case| {
            bare(case);
            case.facts.claim.form = ClaimForm::ExitStatus;
        }),
        ("nothing for the tool", |case| {
            bare(case);
            case.commit = CommitMode::Tool;
        }),
        ("nothing for either", |case| {
            bare(case);
            case.commit = CommitMode::Auto;
        }),
        ("nothing, for it is dirty", |case| {
            bare(case);
            case.commit = CommitMode::Auto;
            case.facts.residue.dirty_count = 1;
            case.facts.residue.dirty = vec!["x".to_owned()];
        }),
        ("nothing, and may be empty", |case| {
            bare(case);
            case.task.allow_empty = true;
        }),
        ("nothing of a part", |case| {
            bare(case);
            case.facts.claim.status = ClaimStatus::Partial;
        }),
        ("nothing, and its checks pass", |case| {
            bare(case);
            case.facts.checks = vec![ran("test", "exit 0")];
        }),
        ("from elsewhere", |case| case.facts.descends = false),
        ("objects are missing", |case| case.facts.whole = false),
        ("no commit from elsewhere", |case| {
            bare(case);
            case.facts.descends = false;
            case.facts.whole = false;
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn what_changed_is_what_was_declared_and_what_was_promised_stands() {
    fn declares(case: &mut Case, files: &str, scope: Scope) {
        case.task.files = vec![files.to_owned()];
        case.scope = scope;
    }
    fn promised(case: &mut Case, promise: Promise) {
        case.facts.promised = vec![
            ("kept".to_owned(), Promise::Kept),
            ("file".to_owned(), promise),
        ];
    }
    let table = table(&[
        ("empty", |case| case.facts.changed.clear()),
        ("may be empty", |case| {
            case.facts.changed.clear();
            case.task.allow_empty = true;
            declares(case, "src/*", Scope::Enforce);
        }),
        ("empty from elsewhere", |case| {
            case.facts.changed.clear();
            case.facts.descends = false;
        }),
        ("inside", |case| declares(case, "src/*", Scope::Enforce)),
        ("inside, if anybody asked", |case| {
            declares(case, "src/*", Scope::Off);
        }),
        ("outside", |case| declares(case, "doc/*", Scope::Enforce)),
        ("outside, to be told", |case| {
            declares(case, "doc/*", Scope::Warn);
        }),
        ("outside, if anybody asked", |case| {
            declares(case, "doc/*", Scope::Off);
        }),
        ("outside, and promised as new", |case| {
            declares(case, "doc/*", Scope::Enforce);
            case.task.creates = vec!["src/a.rs".to_owned()];
        }),
        ("outside, and promised to change", |case| {
            declares(case, "doc/*", Scope::Enforce);
            case.task.modifies = vec!["src/a.rs".to_owned()];
        }),
        ("kept", |case| promised(case, Promise::Kept)),
        ("new", |case| promised(case, Promise::New)),
        ("unchanged", |case| promised(case, Promise::Unchanged)),
        ("missing", |case| promised(case, Promise::Missing)),
        ("an empty file", |case| promised(case, Promise::Empty)),
        ("dependencies", |case| {
            promised(case, Promise::Kept);
            case.facts.dependencies = vec![("serde".to_owned(), true), ("toml".to_owned(), false)];
        }),
        ("hook passes", |case| {
            case.facts.hook = Some(ran("hook", "exit 0"));
        }),
        ("hook refuses", |case| {
            case.facts.hook = Some(ran("hook", "exit 1"));
        }),
        ("not run", |case| {
            case.facts.unrun = vec!["nosuch --all".to_owned()];
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn what_was_integrated_holds_while_its_promises_and_commands_do() {
    let mut table = String::new();
    let cases: [Change; 5] = [
        ("holds", |_| {}),
        ("what it did is told no more", |case| {
            // How it was made was judged when it was made.
            case.facts.tip = None;
            case.facts.residue.dirty_count = 1;
            case.facts.claim.status = ClaimStatus::Failed;
        }),
        ("a promise is broken", |case| {
            case.facts.promised = vec![("file".to_owned(), Promise::Missing)];
        }),
        ("a command fails", |case| {
            case.facts.checks = vec![ran("test", "exit 1")];
        }),
        ("quality fails", |case| {
            case.facts.quality = vec![("lint".to_owned(), "lint -a".to_owned())];
            case.facts.checks = vec![ran_for(Purpose::Quality, "lint -a", "exit 1")];
        }),
    ];
    for (name, change) in cases {
        let mut case = good();
        change(&mut case);
        say(&mut table, name, &rules::prove(&case.facts, "was"));
    }
    insta::assert_snapshot!(table);
}
