//! A test that failed before an attempt does not refuse it; one that the attempt broke does, by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git_enact::run::evidence::{ReasonKind, Verdict};
use git_enact::run::results::Baseline;
use git_enact::verify::base::{by_status, since, unknown};
use git_enact::verify::checks::Purpose;
use git_enact::verify::commands::judge;
use git_enact::verify::facts::CheckRun;
use git_enact::verify::results::{self, Doubt, Printed, Results, Runner, Suite};

use crate::support::user::{Output, User};

/// What a runner printed, as it was recorded.
fn recorded(case: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/runners/{case}.txt"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A run of a command that printed `text` and ended with `code`.
fn ran(text: &str, code: i32) -> CheckRun {
    let results = results::read(&Printed::whole(text));
    CheckRun {
        command: "make check".to_owned(),
        purpose: Purpose::Verify,
        passed: code == 0,
        ended: format!("exit {code}"),
        output: text.to_owned(),
        results,
        since: None,
        proof: None,
    }
}

/// What is made of a command that went so on the base and so on what was committed.
fn judged(before: &CheckRun, mut after: CheckRun) -> Verdict {
    let base = Baseline {
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        key: "k".to_owned(),
        ended: before.ended.clone(),
        results: before.results.clone(),
        ..Baseline::default()
    };
    assert!(after.names_failures(), "worth a comparison");
    let since = since(base, &after);
    after.since = Some(Box::new(since));
    let mut verdict = Verdict::default();
    judge(&[after], &mut verdict);
    verdict
}

#[track_caller]
fn refused(verdict: &Verdict, kind: ReasonKind, texts: &[&str]) {
    let reason = &verdict.reasons.first().expect("it is refused");
    assert_eq!(reason.kind, kind, "{}", reason.text);
    for text in texts {
        assert!(reason.text.contains(text), "`{text}`: {}", reason.text);
    }
}

/// A suite that fails where a file of the name of a test says so, in the Test Anything Protocol. Each run is noted.
const SUITE: &str = r#"
case "$ENACT_WORKTREE" in */base-*) echo base ;; *) echo slot ;; esac >> "$HOME/../runs"
test "$PWD" = "$ENACT_WORKTREE" && test -e ready || { echo 'not set up'; exit 1; }
echo 'TAP version 13'
n=0; bad=0
for name in old adds subtracts; do
  n=$((n + 1))
  if grep -q broken "$name"; then bad=1; echo "not ok $n - $name"; else echo "ok $n - $name"; fi
done
if test -e a.txt && test -e b.txt; then bad=1; n=$((n + 1)); echo "not ok $n - together"; fi
echo "1..$n"
exit $bad
"#;

/// A repository in which `old` fails, and a task that `sh suite.sh` verifies.
fn with_suite() -> User {
    let user = User::new();
    user.write("suite.sh", SUITE);
    user.write("enact.toml", "setup = \"touch ready\"\n");
    user.write(".gitignore", "ready\n");
    user.write("old", "broken\n");
    user.write("adds", "fine\n");
    user.write("subtracts", "fine\n");
    user.plan("[[task]]\nid = \"a\"\ntitle = \"Do a\"\nverify = [\"sh suite.sh\"]\n");
    user
}

fn runs(user: &User, place: &str) -> usize {
    let noted = std::fs::read_to_string(user.outside("runs")).unwrap_or_default();
    noted.lines().filter(|line| *line == place).count()
}

#[test]
fn an_old_failure_that_is_left_alone_refuses_nothing_and_is_told() {
    let user = with_suite();
    let executor = user.executor("commit work.txt work");
    let said = user.run("plan.toml", &executor, &["--retries", "0"]);
    let said = said.success().stderr;
    let told = "`sh suite.sh` fails (exit 1) as on the base";
    assert!(said.contains(told) && said.contains(": old"), "{said}");
    let shown = user.enact(["show", "a"]).success().stdout;
    assert!(shown.contains("accepted"), "{shown}");
    assert!(shown.contains("no regressions"), "{shown}");
    assert!(shown.contains("2 passed, 1 failed: old"), "{shown}");
    let report = user.enact(["report"]).success().stdout;
    assert!(report.contains(told), "{report}");
    assert!(
        report.contains("- a: 2 passed, 1 failed: old (`sh suite.sh`)"),
        "{report}"
    );
    let report = user.enact(["report", "--format", "json"]).success().stdout;
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let tested = &report["tasks"][0]["attempts"][0]["tests"][0];
    assert_eq!(tested["passed"], 2);
    assert_eq!(tested["since"]["still_failing"]["first"][0], "old");
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (1, 1));
    user.assert_whole();
}

#[test]
fn what_passes_is_told_and_compared_with_nothing() {
    let user = with_suite();
    let executor = user.executor("commit old fine");
    user.run("plan.toml", &executor, &[]).success();
    let shown = user.enact(["show", "a"]).success().stdout;
    assert!(shown.contains("3 passed (`sh suite.sh`)"), "{shown}");
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (1, 0));
}

#[test]
fn an_attempt_that_mends_one_test_and_breaks_another_is_refused_for_that_one() {
    let user = with_suite();
    let executor = user.executor(
        "cp \"$ENACT_PROMPT_FILE\" \"$HOME/../prompt-$ENACT_ATTEMPT\"; echo fine > old; commit adds \"broken $ENACT_ATTEMPT\"; claim done",
    );
    let flags = ["--retries", "1", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    let prompt = user.noted("prompt-2");
    let told = "1 test fails that did not on the base";
    assert!(
        prompt.contains(told) && prompt.contains(": adds; fixed: old"),
        "{prompt}"
    );
    let reason = user.task("a")["reason"].to_string();
    assert!(reason.contains(told), "{reason}");
}

#[test]
fn the_base_is_run_once_whatever_is_attempted_on_it_and_however_often_it_is_resumed() {
    let user = with_suite();
    let executor = user.executor(
        "git worktree list > \"$HOME/../worktrees\"; commit adds \"broken $ENACT_ATTEMPT\"",
    );
    let flags = ["--retries", "1", "--on-failure", "stop"];
    user.run("plan.toml", &executor, &flags).code(3);
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (2, 1));
    let worktrees = user.noted("worktrees");
    assert!(!worktrees.contains("base-"), "nothing is left: {worktrees}");
    user.enact(["retry", "a"]).success();
    user.enact(["resume", "--yes"]).code(3);
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (4, 1));
    let reason = user.task("a")["reason"].to_string();
    assert!(
        reason.contains("did not on the base") && reason.contains("failed there already: old"),
        "{reason}"
    );
}

#[test]
fn a_driver_that_dies_while_it_looks_at_the_base_changes_nothing() {
    let user = with_suite();
    let executor = user.executor("commit work.txt work");
    let mut command = user.enact_command([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--retries",
        "0",
        "--",
        &executor,
    ]);
    // The first worktree is the attempt's, the second that of its base.
    command.env("ENACT_CRASH_AT", "step:worktree-added:2");
    let died = Output::of(&mut command);
    assert_eq!(
        (died.status, runs(&user, "slot"), runs(&user, "base")),
        (134, 1, 0)
    );
    user.enact(["resume", "--yes"]).success();
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (2, 1));
    assert_eq!(user.task("a")["status"], "done");
    assert!(!user.outside("repo.enact").exists(), "nothing is left");
}

#[test]
fn a_base_that_tells_of_no_tests_refuses_as_ever_and_says_so() {
    let user = with_suite();
    user.write("suite.sh", "echo nothing is here; exit 1");
    user.commit("Nothing to run");
    let body = format!("cat > suite.sh <<'END'\n{SUITE}\nEND\ncommit work.txt work");
    let executor = user.executor(&body);
    let flags = ["--retries", "0", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    let reason = user.task("a")["reason"].to_string();
    for text in [
        "verify failed (exit 1): `sh suite.sh`: 2 passed, 1 failed: old",
        "could not be compared",
        "on the base it tells of no tests (exit 1)",
    ] {
        assert!(reason.contains(text), "`{text}`: {reason}");
    }
}

#[test]
fn a_base_that_cannot_be_set_up_refuses_as_ever_and_says_so() {
    let user = with_suite();
    let setup = "case $PWD in */base-*) echo no place; exit 1 ;; esac; touch ready";
    user.write("enact.toml", &format!("setup = {setup:?}\n"));
    user.commit("A setup that fails");
    let executor = user.executor("commit work.txt work");
    let flags = ["--retries", "0", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    let reason = user.task("a")["reason"].to_string();
    assert!(
        reason.contains("it could not be run there: the setup command"),
        "{reason}"
    );
}

#[test]
fn commands_after_one_that_fails_as_it_did_are_still_run() {
    let user = with_suite();
    let verify = "verify = [\"sh suite.sh\", \"test -e wanted.txt\"]";
    let plan = format!("[[task]]\nid = \"a\"\ntitle = \"Do a\"\n{verify}\n");
    user.plan(&plan);
    let executor = user.executor("commit work.txt work");
    let flags = ["--retries", "0", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    let reason = user.task("a")["reason"].to_string();
    assert!(
        reason.contains("verify failed (exit 1): `test -e wanted.txt`"),
        "{reason}"
    );
}

#[test]
fn a_command_that_fails_for_another_reason_than_its_tests_says_that_reason() {
    let user = with_suite();
    let verify = "verify = [\"sh suite.sh && sh lint.sh\"]";
    user.write("lint.sh", "echo 'too long a line'; exit 1");
    let plan = format!("[[task]]\nid = \"a\"\ntitle = \"Do a\"\n{verify}\n");
    user.plan(&plan);
    let executor = user.executor("commit old fine");
    let flags = ["--retries", "0", "--on-failure", "skip"];
    user.run("plan.toml", &executor, &flags).code(1);
    let reason = user.task("a")["reason"].to_string();
    let told = "verify failed (exit 1): `sh suite.sh && sh lint.sh`: too long a line";
    assert!(reason.contains(told), "{reason}");
    assert_eq!((runs(&user, "slot"), runs(&user, "base")), (1, 0));
}

#[test]
fn what_breaks_only_together_is_a_conflict_that_names_it() {
    let user = with_suite();
    let task = |id: &str| {
        format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\nverify = [\"sh suite.sh\"]\n")
    };
    user.plan(&(task("a") + &task("b")));
    // The first attempts begin side by side; what is done anew leaves the file of the other out.
    let executor = user.executor(
        "signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs
         cat \"$ENACT_PROMPT_FILE\" >> \"$HOME/../prompts\"
         if test $ENACT_ATTEMPT = 1; then commit $ENACT_TASK.txt w; else commit other.txt w; fi",
    );
    user.run("plan.toml", &executor, &["--jobs", "2"]).success();
    let prompts = user.noted("prompts");
    assert!(
        prompts.contains("fails together with what was integrated meanwhile")
            && prompts.contains("1 test fails that did not on the base")
            && prompts.contains(": together; failed there already: old"),
        "{prompts}"
    );
    user.assert_whole();
}

#[test]
fn the_whole_is_compared_with_where_the_run_began() {
    let user = with_suite();
    user.plan("[[task]]\nid = \"a\"\ntitle = \"Do a\"\n");
    let executor = user.executor("commit work.txt work");
    let flags = ["--final-verify", "sh suite.sh"];
    let said = user.run("plan.toml", &executor, &flags).success();
    let told = "`sh suite.sh` fails (exit 1) as on the base";
    said.complains("final verification passed; note:")
        .complains(told);
    let report = user.enact(["report"]).success();
    report
        .says(told)
        .says("- in the end: 2 passed, 1 failed: old (`sh suite.sh`)");
    assert_eq!(user.status()["run"]["status"], "complete");
    user.assert_whole();
}

#[test]
fn what_a_run_broke_is_named_in_the_end_however_long_it_lasted() {
    let user = with_suite();
    let task = |id: &str| format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\n");
    user.plan(&(task("a") + &task("b")));
    let executor =
        user.executor("if test $ENACT_TASK = a; then commit adds broken; else commit old fine; fi");
    let flags = ["--sequential", "--final-verify", "sh suite.sh"];
    let said = user.run("plan.toml", &executor, &flags).code(1);
    said.complains("1 test fails that did not on the base")
        .complains(": adds; fixed: old");
    assert_eq!(runs(&user, "base"), 1);
    assert_eq!(user.status()["run"]["status"], "partial");
}

#[test]
fn recorded_runs_of_real_runners_are_told_apart_by_name() {
    let pytest = recorded("pytest/failing");
    let before = ran(&pytest, 1);
    let verdict = judged(&before, ran(&pytest, 1));
    assert_eq!((verdict.reasons.len(), verdict.warnings.len()), (0, 1));
    let other = pytest.replace(
        "FAILED tests/test_sums.py::test_adds -",
        "FAILED tests/test_more.py::test_more -",
    );
    let verdict = judged(&before, ran(&other, 1));
    refused(
        &verdict,
        ReasonKind::Regressed,
        &[
            "base 0123456: tests/test_more.py::test_more",
            "and 3 more",
            "fixed: tests/test_sums.py::test_adds",
        ],
    );
    let passing = judged(&ran(&recorded("pytest/passing"), 0), ran(&pytest, 1));
    refused(
        &passing,
        ReasonKind::Regressed,
        &["9 tests fail that did not"],
    );
    let cargo = recorded("cargo/failing-all");
    let verdict = judged(&ran(&cargo, 101), ran(&cargo, 101));
    assert!(verdict.reasons.is_empty(), "{verdict:?}");
    assert!(
        verdict.warnings[0].contains("alpha: tests::adds"),
        "{verdict:?}"
    );
}

#[test]
fn what_passed_on_the_base_and_is_not_run_any_more_is_told_beside_what_broke() {
    let before = ran("TAP version 13\n1..2\nok 1 - a\nok 2 - b\n", 0);
    let verdict = judged(&before, ran("TAP version 13\n1..1\nnot ok 1 - a\n", 1));
    let told = "1 test fails that did not on the base 0123456: a; not run any more: b";
    refused(&verdict, ReasonKind::Regressed, &[told]);
    let old = "TAP version 13\n1..2\nnot ok 1 - a\nok 2 - b\n";
    let verdict = judged(&ran(old, 1), ran("TAP version 13\n1..1\nnot ok 1 - a\n", 1));
    assert!(verdict.reasons.is_empty(), "it failed before");
    assert!(verdict.warnings[0].ends_with("as on the base 0123456: a; not run any more: b"));
}

#[test]
fn a_comparison_that_could_not_be_made_names_what_it_was_to_be_with() {
    let base = Baseline {
        commit: "0123456789abcdef".to_owned(),
        ..Baseline::default()
    };
    let mut run = ran("TAP version 13\n1..1\nnot ok 1 - a\n", 1);
    run.since = Some(Box::new(unknown(base, "it moved".to_owned())));
    let mut verdict = Verdict::default();
    judge(&[run], &mut verdict);
    let told = "could not be compared with the base 0123456: it moved";
    refused(&verdict, ReasonKind::VerifyFailed, &[told]);
}

#[test]
fn where_passing_tests_are_not_named_what_fails_no_more_is_fixed() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let told = |suite: Suite| {
        let suites = BTreeMap::from([(Runner::Pytest, suite)]);
        let is_cut = false;
        let results = Some(Results { suites, is_cut });
        CheckRun {
            results,
            ..ran("", 1)
        }
    };
    let before = told(Suite {
        passes: names(&["passed"]),
        failures: names(&["failed", "fails"]),
        failed: 2,
        ..Suite::default()
    });
    let after = Suite {
        failures: names(&["fails"]),
        failed: 1,
        ..Suite::default()
    };
    let fixed = |after: Suite| {
        let base = Baseline {
            ended: "exit 1".to_owned(),
            results: before.results.clone(),
            ..Baseline::default()
        };
        since(base, &told(after)).fixed.first
    };
    assert_eq!(fixed(after.clone()), ["failed"]);
    let mut doubted = after;
    doubted.doubts.insert(Doubt::Stopped);
    assert!(fixed(doubted).is_empty(), "it may not have been run");
}

#[test]
fn what_tells_of_no_tests_fails_alike_when_it_ends_and_speaks_alike() {
    let compared = |before: (&str, &str), ended: &str, printed: &str, purpose: Purpose| {
        let base = Baseline {
            ended: before.0.to_owned(),
            printed: before.1.to_owned(),
            ..Baseline::default()
        };
        let run = CheckRun {
            ended: ended.to_owned(),
            purpose,
            ..ran("", 1)
        };
        let since = by_status(base, &run, printed);
        (since.fails_alike, since.prints_alike)
    };
    let (verify, red) = (Purpose::Verify, Purpose::Red);
    for (before, ended, printed, purpose, expected) in [
        (("exit 1", "x"), "exit 1", "x", verify, (true, true)),
        (("exit 1", "x"), "exit 1", "y", verify, (true, false)),
        (("exit 1", "x"), "exit 2", "x", verify, (false, false)),
        (("exit 1", ""), "exit 1", "", verify, (true, false)),
        (("timed out", "x"), "timed out", "x", verify, (false, false)),
        (("exit 1", "x"), "exit 1", "x", red, (false, true)),
        (("exit 1", "x"), "exit 1", "y", red, (false, false)),
    ] {
        let seen = compared(before, ended, printed, purpose);
        assert_eq!(seen, expected, "{before:?}, then {ended} {printed}");
    }
}

#[test]
fn what_cannot_be_compared_excuses_nothing() {
    let pytest = recorded("pytest/failing");
    let cargo = recorded("cargo/failing-all");
    let filler = "x\n".repeat(10);
    let cut = |text: &str| {
        let results = results::read(&Printed {
            head: text,
            tail: Some(text),
            dir: "",
        });
        CheckRun {
            results,
            ..ran(text, 1)
        }
    };
    let uncounted = pytest.replace("= 7 failed, 5", "= 8 failed, 5");
    let unfinished: String = cargo
        .lines()
        .take(42)
        .map(|line| format!("{line}\n"))
        .collect();
    for (before, after, text) in [
        (
            ran(&filler, 1),
            ran(&pytest, 1),
            "on the base it tells of no tests",
        ),
        (
            ran(&pytest, 2),
            ran(&pytest, 1),
            "exit 2 on the base and exit 1 here",
        ),
        (ran(&pytest, 1), ran(&cargo, 1), "other test runners ran"),
        (
            ran(&recorded("cargo/uncompiled"), 101),
            ran(&cargo, 101),
            "broke before its tests",
        ),
        (
            ran(&recorded("cargo/failing"), 101),
            ran(&cargo, 101),
            "on the base its runner stopped",
        ),
        (
            ran(&cargo, 101),
            ran(&recorded("cargo/failing"), 101),
            "here its runner stopped",
        ),
        (
            ran(&recorded("pytest/stopped"), 1),
            ran(&pytest, 1),
            "on the base its runner stopped",
        ),
        (
            cut(&pytest),
            ran(&pytest, 1),
            "on the base it printed more than is kept",
        ),
        (
            ran(&pytest, 1),
            cut(&pytest),
            "here it printed more than is kept",
        ),
        (
            ran(&uncounted, 1),
            ran(&uncounted, 1),
            "counts other failures than it names",
        ),
        (ran(&unfinished, 101), ran(&cargo, 101), "on the base"),
        (
            CheckRun {
                ended: "timed out".to_owned(),
                ..ran(&pytest, 1)
            },
            CheckRun {
                ended: "timed out".to_owned(),
                ..ran(&pytest, 1)
            },
            "on the base it timed out",
        ),
    ] {
        let verdict = judged(&before, after);
        refused(
            &verdict,
            ReasonKind::VerifyFailed,
            &["could not be compared", text],
        );
        assert!(verdict.accepted.is_none() && verdict.checks.is_empty());
    }
}

#[test]
fn a_record_holds_no_more_names_than_it_should() {
    let tests = |bad: usize| -> String {
        let line = |nth: usize| match nth < bad {
            true => format!("not ok {} - t{nth}\n", nth + 1),
            false => format!("ok {} - t{nth}\n", nth + 1),
        };
        format!(
            "TAP version 13\n{}1..1000\n",
            (0..1000).map(line).collect::<String>()
        )
    };
    let base = |run: &CheckRun| Baseline {
        results: run.results.clone(),
        ended: run.ended.clone(),
        ..Baseline::default()
    };
    let few = base(&ran(&tests(3), 1)).bounded();
    let failing: BTreeSet<&str> = few.results.as_ref().expect("it is kept").failing();
    assert_eq!(failing, ["t0", "t1", "t2"].into());
    assert!(!few.is_short && serde_json::to_string(&few).expect("JSON").len() < 400);
    let many = base(&ran(&tests(900), 1)).bounded();
    assert!(many.is_short && many.results.is_none());
    let tested = ran(&tests(900), 1).tested().expect("it tells of tests");
    assert_eq!(
        (tested.failing.count, tested.failing.first.len()),
        (900, 200)
    );
    assert_eq!(
        tested.to_string(),
        "100 passed, 900 failed: t0, t1, t10, t100, t101 and 895 more"
    );
    let verdict = judged(&ran(&tests(3), 1), ran(&tests(900), 1));
    refused(
        &verdict,
        ReasonKind::Regressed,
        &["897 tests fail that did not", "and 867 more"],
    );
}

/// A crate of two tests, of which `old_sorrow` fails.
const CRATE: &str = r#"
pub fn add(a: u32, b: u32) -> u32 { a + b }
#[cfg(test)]
mod tests {
    #[test]
    fn adds_up() { assert_eq!(super::add(1, 2), 3); }
    #[test]
    fn old_sorrow() { assert_eq!(1, OLD); }
    const OLD: u32 = 2;
}
"#;

/// A project of two tests, of which `old_sorrow` fails, `adds_up` passes, and how a person would mend and break them.
struct Real<'a> {
    files: &'a [(&'a str, &'a str)],
    verify: &'a str,
    /// `sed` expressions for a file: the first mends `old_sorrow`, the second breaks `adds_up`.
    file: &'a str,
    mends: &'a str,
    breaks: &'a str,
}

/// Runs two tasks one after the other: one that leaves the old failure alone, and one that mends it and breaks another.
/// Returns what is told of the first, and why the second is refused.
fn compared(real: &Real<'_>) -> (String, String) {
    let user = User::new();
    for (path, text) in real.files {
        user.write(path, text);
    }
    let task = |id: &str| {
        let verify = toml::Value::from(real.verify).to_string();
        format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\nverify = [{verify}]\n")
    };
    user.plan(&(task("good") + &task("bad")));
    let Real {
        file,
        mends,
        breaks,
        ..
    } = real;
    let executor = user.executor(&format!(
        "if test $ENACT_TASK = good; then commit work.txt work; exit; fi
         sed -e '{mends}' -e '{breaks}' {file} > new; mv new {file}; commit work.txt bad"
    ));
    let mut command = user.enact_command([
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--durability",
        "process",
        "--sequential",
        "--retries",
        "0",
        "--on-failure",
        "skip",
        "--",
        &executor,
    ]);
    // The toolchain is where it is for this test; nothing else of the machine gets in.
    for name in ["CARGO_HOME", "RUSTUP_HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    Output::of(&mut command).code(1);
    let shown = user.enact(["show", "good"]).success().stdout;
    assert_eq!(user.task("good")["status"], "done", "{shown}");
    let reason = user.task("bad")["reason"].to_string();
    assert!(
        reason.contains("1 test fails that did not on the base"),
        "{reason}"
    );
    (shown, reason)
}

#[test]
fn a_real_suite_is_compared_with_what_it_was() {
    let (shown, reason) = compared(&Real {
        files: &[
            ("src/lib.rs", CRATE),
            (
                "Cargo.toml",
                "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
            ),
            (".gitignore", "/target\n/Cargo.lock\n"),
        ],
        verify: "CARGO_TARGET_DIR=\"$PWD/target\" cargo test --offline --no-fail-fast --lib",
        file: "src/lib.rs",
        mends: "s/OLD: u32 = 2/OLD: u32 = 1/",
        breaks: "s/a + b/a - b/",
    });
    assert!(
        shown.contains("1 passed, 1 failed: small: tests::old_sorrow"),
        "{shown}"
    );
    assert!(
        reason.contains("small: tests::adds_up; fixed: small: tests::old_sorrow"),
        "{reason}"
    );
}

/// The program of a runner that `.ci/run` installs beside what cargo builds; without it, the test says so and holds.
#[expect(
    clippy::print_stderr,
    reason = "a test that is skipped says so where its output is looked at"
)]
fn installed(program: &str) -> Option<String> {
    let runners = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("runners");
    let path = runners.join(program);
    if path.exists() {
        return Some(path.to_string_lossy().into_owned());
    }
    assert!(
        std::env::var_os("ENACT_RUNNERS").is_none(),
        "`{}` was to be installed",
        path.display()
    );
    eprintln!(
        "skipped: `{}` is not installed; `.ci/run` does",
        path.display()
    );
    None
}

#[test]
fn a_real_suite_of_pytest_is_compared_with_what_it_was() {
    let Some(pytest) = installed("python/bin/pytest") else {
        return;
    };
    let tests = "from sums import add\n\ndef test_adds_up():\n    assert add(1, 2) == 3\n\n\
                 def test_old_sorrow():\n    assert 1 == 2\n";
    let (shown, reason) = compared(&Real {
        files: &[
            ("sums.py", "def add(a, b):\n    return a + b\n"),
            ("test_sums.py", tests),
            ("conftest.py", ""),
            (".gitignore", "__pycache__\n.pytest_cache\n"),
        ],
        verify: &pytest,
        file: "test_sums.py",
        mends: "s/assert 1 == 2/assert 1 == 1/",
        breaks: "s/add(1, 2) == 3/add(1, 2) == 4/",
    });
    assert!(
        shown.contains("1 passed, 1 failed: test_sums.py::test_old_sorrow"),
        "{shown}"
    );
    let told = "test_sums.py::test_adds_up; fixed: test_sums.py::test_old_sorrow";
    assert!(reason.contains(told), "{reason}");
}

#[test]
fn a_real_suite_of_jest_is_compared_with_what_it_was() {
    let Some(jest) = installed("node_modules/.bin/jest") else {
        return;
    };
    let tests = "const add = require('./sums');\n\
                 test('adds up', () => { expect(add(1, 2)).toBe(3); });\n\
                 test('old sorrow', () => { expect(1).toBe(2); });\n";
    let (shown, reason) = compared(&Real {
        files: &[
            ("sums.js", "module.exports = (a, b) => a + b;\n"),
            ("sums.test.js", tests),
            ("package.json", "{\"name\": \"small\"}\n"),
        ],
        verify: &format!("{jest} --ci --watchman=false"),
        file: "sums.test.js",
        mends: "s/expect(1).toBe(2)/expect(1).toBe(1)/",
        breaks: "s/toBe(3)/toBe(4)/",
    });
    assert!(
        shown.contains("1 passed, 1 failed: ./sums.test.js: old sorrow"),
        "{shown}"
    );
    let told = "./sums.test.js: adds up; fixed: ./sums.test.js: old sorrow";
    assert!(reason.contains(told), "{reason}");
}
