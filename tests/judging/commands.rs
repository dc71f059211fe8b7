//! What the judge makes of commands: of those that verify, of quality checks, and of what a task expects.

use git_enact::plan::{Check, Expects};
use git_enact::run::results::{Baseline, Results, Runner, Since, Suite};
use git_enact::verify::checks::Purpose;
use git_enact::verify::facts::CheckRun;

use super::{Case, ran, ran_for, table};

/// The same, which named these tests as failing.
fn told(command: &str, ended: &str, failing: &[&str]) -> CheckRun {
    let suite = Suite {
        passed: Some(2),
        failed: failing.len() as u64,
        failures: failing.iter().map(|&name| name.to_owned()).collect(),
        ..Suite::default()
    };
    CheckRun {
        results: Some(Results {
            is_cut: false,
            suites: [(Runner::Tap, suite)].into(),
        }),
        ..ran(command, ended)
    }
}

/// The same, compared with the base.
fn compared(run: CheckRun, since: Since) -> CheckRun {
    let base = Baseline {
        commit: "0123456789abcdef".to_owned(),
        ended: "exit 1".to_owned(),
        ..Baseline::default()
    };
    CheckRun {
        since: Some(Box::new(Since { base, ..since })),
        ..run
    }
}

fn old(names: &[&str]) -> Since {
    Since {
        still_failing: names.iter().collect(),
        ..Since::default()
    }
}

fn alike() -> Since {
    Since {
        fails_alike: true,
        ..Since::default()
    }
}

#[test]
fn commands_refuse_what_they_newly_refuse() {
    let table = table(&[
        ("passes", |case| {
            case.facts.checks = vec![ran("test", "exit 0")];
        }),
        ("passes and tells", |case| {
            case.facts.checks = vec![told("test", "exit 0", &[])];
        }),
        ("one of two fails", |case| {
            case.facts.checks = vec![ran("first", "exit 0"), ran("test", "exit 2")];
        }),
        ("tests fail", |case| {
            case.facts.checks = vec![told("test", "exit 1", &["a", "b"])];
        }),
        ("fails as before by its tests", |case| {
            let since = Since {
                fixed: ["mended"].iter().collect(),
                gone: ["deleted"].iter().collect(),
                ..old(&["a"])
            };
            case.facts.checks = vec![compared(told("test", "exit 1", &["a"]), since)];
        }),
        ("one more test fails", |case| {
            let since = Since {
                regressions: ["b"].iter().collect(),
                ..old(&["a"])
            };
            case.facts.checks = vec![compared(told("test", "exit 1", &["a", "b"]), since)];
        }),
        ("two more tests fail", |case| {
            let since = Since {
                regressions: ["a", "b"].iter().collect(),
                ..Since::default()
            };
            case.facts.checks = vec![compared(told("test", "exit 1", &["a", "b"]), since)];
        }),
        ("cannot be compared", |case| {
            let since = Since {
                obstacle: "it moved".to_owned(),
                regressions: ["b"].iter().collect(),
                ..old(&["a"])
            };
            case.facts.checks = vec![compared(told("test", "exit 1", &["a", "b"]), since)];
        }),
        ("says much at its end", |case| {
            let output = "x".repeat(300);
            case.facts.checks = vec![CheckRun {
                output,
                ..ran("test", "exit 1")
            }];
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn quality_checks_and_criteria_are_told_by_their_names() {
    fn quality(case: &mut Case, run: CheckRun) {
        let own = |name: &str, command: &str| (name.to_owned(), command.to_owned());
        case.facts.quality = vec![own("lint", "lint -a"), own("never run", "x")];
        case.facts.checks = vec![run];
    }
    fn criterion(case: &mut Case, text: &str, command: Option<&str>, run: CheckRun) {
        case.facts.criteria = vec![(text.to_owned(), command.map(str::to_owned))];
        case.facts.checks = vec![run];
    }
    fn also(case: &mut Case, text: &str) {
        case.facts.criteria.push((text.to_owned(), None));
    }
    let table = table(&[
        ("quality", |case| {
            quality(case, ran_for(Purpose::Quality, "lint -a", "exit 0"));
        }),
        ("bad quality", |case| {
            quality(case, ran_for(Purpose::Quality, "lint -a", "exit 1"));
        }),
        ("bad quality that names tests", |case| {
            let run = told("lint -a", "exit 1", &["a"]);
            quality(
                case,
                CheckRun {
                    purpose: Purpose::Quality,
                    ..run
                },
            );
        }),
        ("bad quality as before", |case| {
            let run = ran_for(Purpose::Quality, "lint -a", "exit 1");
            quality(case, compared(run, alike()));
        }),
        ("bad quality otherwise than before", |case| {
            let run = ran_for(Purpose::Quality, "lint -a", "exit 2");
            quality(case, compared(run, Since::default()));
        }),
        ("bad quality that cannot be compared", |case| {
            let since = Since {
                obstacle: "it moved".to_owned(),
                ..Since::default()
            };
            let run = ran_for(Purpose::Quality, "lint -a", "exit 1");
            quality(case, compared(run, since));
        }),
        ("quality that verifies as well", |case| {
            quality(case, ran("lint -a", "exit 1"));
        }),
        ("met", |case| {
            criterion(
                case,
                "it runs",
                Some("run"),
                ran_for(Purpose::Criterion, "run", "exit 0"),
            );
        }),
        ("unmet", |case| {
            criterion(
                case,
                "it runs",
                Some("run"),
                ran_for(Purpose::Criterion, "run", "exit 1"),
            );
        }),
        ("unmet by what verifies as well", |case| {
            criterion(case, "it runs", Some("run"), ran("run", "exit 1"));
        }),
        ("unmet as before", |case| {
            let run = CheckRun {
                purpose: Purpose::Criterion,
                ..told("run", "exit 1", &["a"])
            };
            criterion(case, "it runs", Some("run"), compared(run, old(&["a"])));
        }),
        ("words that name what is run", |case| {
            criterion(case, "`run` is fast", None, ran("run", "exit 0"));
        }),
        ("words that name what fails", |case| {
            criterion(case, "`run` is fast", None, ran("run", "exit 1"));
        }),
        ("words", |case| {
            criterion(case, "run is fast", None, ran("run", "exit 0"));
            also(case, "`run` is fast");
        }),
    ]);
    insta::assert_snapshot!(table);
}

#[test]
fn what_a_task_expects_of_its_commands_is_what_they_have_to_do() {
    fn red(case: &mut Case, runs: Vec<CheckRun>) {
        case.task.expects = Some(Expects::Failing);
        let red = |run: CheckRun| CheckRun {
            purpose: Purpose::Red,
            ..run
        };
        case.facts.checks = runs.into_iter().map(red).collect();
    }
    fn green(case: &mut Case, own: &[&str], runs: Vec<CheckRun>) {
        case.task.expects = Some(Expects::Passing);
        let own = own
            .iter()
            .map(|&command| Check::Command(command.to_owned()));
        case.task.verify = own.collect();
        case.facts.checks = runs;
    }
    fn before(run: CheckRun) -> CheckRun {
        compared(run, alike())
    }
    let table = table(&[
        ("red without a command", |case| red(case, Vec::new())),
        ("red", |case| {
            red(case, vec![told("test", "exit 1", &["new"])]);
        }),
        ("red by its status", |case| {
            red(case, vec![ran("test", "exit 1")]);
        }),
        ("red that passes", |case| {
            red(case, vec![ran("test", "exit 0")]);
        }),
        ("red that fails as before", |case| {
            red(case, vec![before(ran("test", "exit 1"))]);
        }),
        ("red that says the same", |case| {
            let since = Since {
                prints_alike: true,
                ..Since::default()
            };
            red(case, vec![compared(ran("test", "exit 1"), since)]);
        }),
        ("red that is not there", |case| {
            red(case, vec![ran("test", "exit 127")]);
        }),
        ("red that cannot be run", |case| {
            red(case, vec![ran("test", "exit 126")]);
        }),
        ("red that was killed", |case| {
            red(case, vec![ran("test", "killed by signal 9")]);
        }),
        ("red in which no test fails", |case| {
            red(case, vec![told("test", "exit 1", &[])]);
        }),
        ("red that is broken", |case| {
            let mut run = told("test", "exit 1", &[]);
            let suites = &mut run.results.as_mut().expect("results").suites;
            suites.values_mut().for_each(|suite| {
                suite.broken.insert("tests/new.rs".to_owned());
            });
            red(case, vec![run]);
        }),
        ("red that is cut", |case| {
            let mut run = told("test", "exit 1", &[]);
            run.results.as_mut().expect("results").is_cut = true;
            red(case, vec![run]);
        }),
        ("red after what passes", |case| {
            red(
                case,
                vec![ran("build", "exit 0"), told("test", "exit 1", &["new"])],
            );
        }),
        ("green", |case| {
            green(case, &["test"], vec![ran("test", "exit 0")]);
        }),
        ("green that fails", |case| {
            green(case, &["test"], vec![ran("test", "exit 1")]);
        }),
        ("green that fails as before", |case| {
            green(
                case,
                &["test"],
                vec![compared(told("test", "exit 1", &["a"]), old(&["a"]))],
            );
        }),
        ("green, and the run's fails as before", |case| {
            let all = compared(told("all", "exit 1", &["a"]), old(&["a"]));
            green(case, &["test"], vec![ran("test", "exit 0"), all]);
        }),
        ("green without its own", |case| {
            let all = compared(told("all", "exit 1", &["a"]), old(&["a"]));
            green(case, &[], vec![all]);
        }),
        ("green, and quality is as bad as before", |case| {
            let lint = before(ran_for(Purpose::Quality, "lint", "exit 1"));
            green(case, &[], vec![lint]);
        }),
    ]);
    insta::assert_snapshot!(table);
}
