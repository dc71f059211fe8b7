//! What test runners print is read as it stands: `fixtures/runners` holds what they printed for small projects with
//! every kind of good and bad end. What is read of each is a snapshot.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use git_enact::verify::results::{self, Change, Doubt, Printed, Results, compare, junit};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runners")
}

fn printed(case: &str) -> String {
    let path = fixtures().join(format!("{case}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every recorded output, as `runner/case`.
fn cases() -> Vec<String> {
    let mut cases = Vec::new();
    for runner in fs::read_dir(fixtures()).expect("fixtures") {
        let runner = runner.expect("an entry").path();
        for case in fs::read_dir(&runner).into_iter().flatten() {
            let path = case.expect("a case").path();
            let name = path.strip_prefix(fixtures()).expect("below");
            cases.push(name.with_extension("").to_string_lossy().into_owned());
        }
    }
    cases.sort();
    cases
}

fn read(text: &str) -> Option<Results> {
    match text.starts_with("<?xml") {
        true => junit::read(text, "/project/nodet"),
        false => results::read(&Printed {
            dir: "/project/nodet",
            ..Printed::whole(text)
        }),
    }
}

fn shown(results: Option<&Results>) -> String {
    let Some(results) = results else {
        return "nothing is recognized\n".to_owned();
    };
    let mut text = String::new();
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    for (runner, suite) in &results.suites {
        let _ = writeln!(
            text,
            "{runner:?}: {} passed, {} failed, {} ignored{}",
            number(suite.passed),
            suite.failed,
            number(suite.ignored),
            if suite.names_all {
                ""
            } else {
                "; not all named"
            },
        );
        for doubt in &suite.doubts {
            let _ = writeln!(text, "  doubt   {doubt:?}");
        }
        let lists = [
            ("broken ", &suite.broken),
            ("failed ", &suite.failures),
            ("skipped", &suite.skips),
            ("passed ", &suite.passes),
        ];
        for (word, names) in lists {
            for name in names {
                let _ = writeln!(text, "  {word} {name}");
            }
        }
    }
    text
}

#[test]
fn every_recorded_output_tells_what_a_careful_person_reads_in_it() {
    for case in cases() {
        let text = shown(read(&printed(&case)).as_ref());
        let name = format!("runners-{}", case.replace('/', "-"));
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn line_ends_and_overwritten_progress_change_nothing() {
    for case in cases() {
        let text = printed(&case);
        let other = text.replace('\n', "\r\n");
        assert_eq!(
            shown(read(&text).as_ref()),
            shown(read(&other).as_ref()),
            "{case}"
        );
    }
    let text = "collecting ...\rcollected 1 item\n\nnone\r\u{1b}[31mFAILED\u{1b}[0m\n== 1 passed in 0.01s ==\n";
    assert_eq!(
        shown(read(text).as_ref()),
        "Pytest: 1 passed, 0 failed, 0 ignored; not all named\n"
    );
}

#[test]
fn what_a_test_prints_is_not_taken_for_a_result() {
    // Without `-v`, Go itself takes it for one.
    let is_told_by_go = |case: &str| {
        let names = ["failing", "single", "panicking", "cargo-and-go"];
        names.iter().any(|name| case.ends_with(name)) && case != "cargo/failing"
    };
    for case in cases() {
        let Some(results) = read(&printed(&case)) else {
            continue;
        };
        let made_up = ["orged", "liar", "tests::other"];
        let believed: Vec<&str> = results
            .failing()
            .into_iter()
            .filter(|name| made_up.iter().any(|word| name.contains(word)))
            .collect();
        assert!(
            believed.is_empty() || is_told_by_go(&case),
            "{case}: {believed:?}"
        );
    }
}

#[test]
fn what_is_no_output_of_a_runner_is_not_recognized() {
    for text in [
        "",
        "make: *** [Makefile:3: check] Error 1\n",
        "FAILED\nerror: it went wrong\nok\n",
        "test the waters ... ok\n3 files in 2s\n1 failed\n",
        "FAIL\nPASS everything. Tests: 3 passed, 3 total\n",
        "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-not ok\n+ok 1\n",
        "   Compiling alpha v0.1.0\nwarning: unused\n    Finished `dev` profile\n",
    ] {
        assert_eq!(
            shown(read(text).as_ref()),
            "nothing is recognized\n",
            "{text}"
        );
    }
    assert!(junit::read("<html/>", "").is_none() && junit::read("no", "").is_none());
}

/// Whether `name` may stand for one of `names`, its place being lost.
fn is_among(name: &str, names: &BTreeSet<&str>) -> bool {
    let test = name.strip_prefix("?: ").unwrap_or(name);
    names.contains(name)
        || names
            .iter()
            .any(|known| known.ends_with(&format!(": {test}")))
}

#[test]
fn what_was_not_kept_of_an_output_makes_no_failure_up() {
    const POINTS: usize = 10;
    for case in cases().iter().filter(|case| !case.starts_with("junit/")) {
        let text = printed(case);
        let Some(results) = read(&text) else { continue };
        let real = results.failing();
        let size = text.len();
        for (from, to) in (0..POINTS).flat_map(|head| (0..POINTS).map(move |tail| (head, tail))) {
            let (head, tail) = (size * from / POINTS, size - size * to / POINTS);
            if head >= tail || !text.is_char_boundary(head) || !text.is_char_boundary(tail) {
                continue;
            }
            let kept = Printed {
                head: &text[..head],
                tail: Some(&text[tail..]),
                dir: "/project/nodet",
            };
            let Some(cut) = results::read(&kept) else {
                continue;
            };
            for name in cut.failing() {
                assert!(
                    is_among(name, &real) || cut.is_partial(),
                    "{case}, {head}..{tail} dropped: {name} did not fail, and nothing says that it is in doubt"
                );
            }
            let lost = real.iter().find(|name| !is_among(name, &cut.failing()));
            let is_told = cut.counts().failed >= results.counts().failed;
            if let Some(lost) = lost.filter(|_| !is_told) {
                assert!(
                    cut.is_partial(),
                    "{case}, {head}..{tail} dropped: {lost} is missing, and nothing says so"
                );
            }
        }
    }
}

const RUNNING: &str =
    "     Running unittests src/lib.rs (target/debug/deps/alpha-4e1d810bc1e6e60f)\n";

/// What `cargo test` prints of one binary whose tests end so.
fn cargo(tests: &[(&str, &str)]) -> String {
    let mut text = format!("{RUNNING}\nrunning {} tests\n", tests.len());
    for (name, status) in tests {
        let _ = writeln!(text, "test {name} ... {status}");
    }
    let of = |end: &str| tests.iter().filter(|(_, status)| *status == end).count();
    text.push_str("\nfailures:\n\nfailures:\n");
    for (name, _) in tests.iter().filter(|(_, status)| *status == "FAILED") {
        let _ = writeln!(text, "    {name}");
    }
    let (ok, failed, ignored) = (of("ok"), of("FAILED"), of("ignored"));
    let _ = writeln!(
        text,
        "\ntest result: so. {ok} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out"
    );
    if failed > 0 {
        text.push_str("\nerror: 1 target failed:\n    `--lib`\n");
    }
    text
}

/// What became of the tests between two outputs.
fn change(before: &str, after: &str) -> String {
    let after = read(after).expect("the later output is recognized");
    let change = compare(read(before).as_ref(), &after);
    let lists = [
        ("regression", &change.regressions),
        ("broken", &change.broken),
        ("unproven", &change.unproven),
        ("still failing", &change.still_failing),
        ("fixed", &change.fixed),
        ("silenced", &change.silenced),
        ("gone", &change.gone),
        ("untold", &change.untold),
    ];
    let mut text = String::new();
    for (word, names) in lists {
        for name in names {
            let _ = writeln!(text, "{word}: {name}");
        }
    }
    assert_eq!(text.is_empty(), change.is_empty());
    let adds = ["regression: ", "broken: ", "unproven: "];
    let is_new = |line: &str| adds.iter().any(|word| line.starts_with(word));
    assert_eq!(text.lines().any(is_new), change.adds_failures());
    text
}

#[test]
fn a_test_that_fails_and_did_not_before_is_a_regression_by_name() {
    insta::assert_snapshot!(
        change(&printed("cargo/passing"), &printed("cargo/failing-all")),
        @r"
    regression: alpha: tests::adds
    regression: alpha: tests::loud
    regression: alpha: tests::same_name
    regression: tests/api.rs: same_name
    "
    );
    let before = cargo(&[("a", "ok"), ("b", "ok")]);
    let new = cargo(&[("a", "ok"), ("b", "ok"), ("c", "FAILED")]);
    assert_eq!(change(&before, &new), "regression: alpha: c\n");
    // A runner that names failures only is enough.
    insta::assert_snapshot!(change(&printed("go/passing"), &printed("go/failing")), @r"
    regression: example.com/m/sums: TestAdd
    regression: example.com/m/sums: TestCases
    regression: example.com/m/sums: TestCases/a/b
    regression: example.com/m/sums: TestCases/with_space
    regression: example.com/m/sums: TestForged
    ");
}

#[test]
fn what_failed_before_is_no_regression() {
    for case in [
        "cargo/failing-all",
        "nextest/failing",
        "pytest/failing",
        "go/verbose",
        "jest/verbose",
        "vitest/verbose",
        "tap/node",
    ] {
        let told = change(&printed(case), &printed(case));
        assert!(
            !told.is_empty() && told.lines().all(|line| line.starts_with("still failing: ")),
            "{case}:\n{told}"
        );
    }
}

#[test]
fn a_test_is_fixed_when_it_is_seen_to_pass_and_gone_when_it_is_not_there() {
    let before = cargo(&[
        ("a", "FAILED"),
        ("b", "FAILED"),
        ("c", "ok"),
        ("d", "FAILED"),
        ("e", "ok"),
    ]);
    let after = cargo(&[("a", "ok"), ("d", "ignored"), ("e", "ignored")]);
    insta::assert_snapshot!(change(&before, &after), @r"
    fixed: alpha: a
    silenced: alpha: d
    silenced: alpha: e
    gone: alpha: b
    gone: alpha: c
    ");
}

#[test]
fn a_run_that_was_cut_short_proves_neither_a_regression_nor_a_loss() {
    // The first failing binary was the last: `tests/api.rs` may have failed all along.
    insta::assert_snapshot!(change(&printed("cargo/failing"), &printed("cargo/failing-all")), @r"
    unproven: tests/api.rs: same_name
    still failing: alpha: tests::adds
    still failing: alpha: tests::loud
    still failing: alpha: tests::same_name
    ");
    insta::assert_snapshot!(change(&printed("cargo/failing-all"), &printed("cargo/failing")), @r"
    still failing: alpha: tests::adds
    still failing: alpha: tests::loud
    still failing: alpha: tests::same_name
    untold: tests/api.rs: same_name
    untold: alpha (doc): src/lib.rs - add
    untold: alpha (doc): src/lib.rs - add #2
    untold: alpha (doc): src/lib.rs - add #3
    untold: alpha (doc): src/lib.rs - add #4
    untold: alpha (src/main.rs): tests::same_name
    untold: tests/api.rs: answers
    untold: tests/zeta.rs: dies
    untold: tests/zeta.rs: same_name
    ");
    insta::assert_snapshot!(change(&printed("nextest/failing"), &printed("nextest/stopped")), @r"
    still failing: alpha tests::adds
    untold: alpha tests::loud
    untold: alpha tests::same_name
    untold: alpha::api same_name
    untold: alpha tests::overflows
    untold: alpha::api answers
    untold: alpha::bin/alpha tests::same_name
    untold: alpha::zeta dies
    untold: alpha::zeta same_name
    ");
    // What names failures only does not tell whether a test passes now or went.
    assert_eq!(
        change(&printed("pytest/stopped"), &printed("pytest/passing")),
        "untold: tests/test_sums.py::test_adds\n"
    );
    // The second command of two did not run.
    insta::assert_snapshot!(change(&printed("several/npm-and-pytest"), &printed("jest/npm")), @r"
    regression: src/more.test.js: adds
    untold: tests/test_sums.py::test_adds
    ");
}

#[test]
fn what_no_longer_compiles_is_a_failure_of_its_own_kind() {
    insta::assert_snapshot!(change(&cargo(&[("a", "ok"), ("b", "FAILED")]), &printed("cargo/uncompiled")), @r"
    broken: alpha (lib test)
    broken: alpha (lib)
    untold: alpha: b
    untold: alpha: a
    ");
    insta::assert_snapshot!(change(&printed("go/verbose"), &printed("go/unbuilt-json")), @r"
    broken: example.com/m/more
    fixed: example.com/m/sums: TestAdd
    untold: example.com/m/sums: TestCases
    untold: example.com/m/sums: TestCases/a/b
    untold: example.com/m/sums: TestCases/with_space
    untold: example.com/m/more: TestAdd
    untold: example.com/m/sums: TestCases/plain
    ");
    let uncollected = change(&printed("pytest/verbose"), &printed("pytest/collection"));
    let (first, others) = uncollected.split_once('\n').expect("several lines");
    assert_eq!(first, "broken: tests/test_bad.py");
    assert!(others.lines().count() > 10 && others.lines().all(|line| line.starts_with("untold: ")));
    assert_eq!(
        change(
            &printed("cargo/uncompiled"),
            &cargo(&[("a", "ok"), ("b", "FAILED")])
        ),
        "unproven: alpha: b\nfixed: alpha (lib test)\nfixed: alpha (lib)\n"
    );
}

#[test]
fn without_an_earlier_run_nothing_is_called_a_regression() {
    assert_eq!(
        change("", &cargo(&[("a", "FAILED"), ("b", "ok")])),
        "unproven: alpha: a\n"
    );
    assert_eq!(
        change("make: *** [check] Error 1", &printed("go/unbuilt")),
        "unproven: example.com/m/more\n"
    );
    // Failures were counted then, and not named.
    assert!(
        change(&printed("pytest/unnamed"), &printed("pytest/failing"))
            .lines()
            .all(|line| line.starts_with("unproven: "))
    );
}

#[test]
fn a_test_whose_place_was_not_kept_is_found_again_by_its_name() {
    let text = cargo(&[("a", "ok"), ("b", "FAILED")]);
    let before = read(&text);
    let after = results::read(&Printed {
        head: "   Compiling alpha v0.1.0\n",
        tail: Some(&text[text.find("\nrunning").expect("it runs")..]),
        dir: "",
    });
    let after = after.expect("recognized");
    assert!(after.failing().contains("?: b") && after.doubts().contains(&Doubt::Cut));
    assert_eq!(compare(before.as_ref(), &after).still_failing, ["alpha: b"]);
}

#[test]
fn results_and_changes_can_be_kept_as_text() {
    for case in cases() {
        let Some(results) = read(&printed(&case)) else {
            continue;
        };
        let stored = toml::to_string(&results).expect("they can be stored");
        assert_eq!(
            toml::from_str::<Results>(&stored).expect("and read"),
            results,
            "{case}"
        );
        let change = compare(None, &results);
        let stored = serde_json::to_string(&change).expect("it can be stored");
        assert_eq!(
            serde_json::from_str::<Change>(&stored).expect("and read"),
            change,
            "{case}"
        );
    }
}

#[test]
fn two_runs_of_one_runner_add_up_and_keep_their_tests_apart() {
    for case in [
        "cargo/failing-all",
        "nextest/failing",
        "pytest/failing",
        "jest/verbose",
        "vitest/verbose",
        "go/verbose",
        "tap/node",
        "node/failing",
    ] {
        let once = read(&printed(case)).expect("recognized");
        let twice = read(&printed(case).repeat(2)).expect("recognized");
        let counts = (twice.counts().passed, twice.counts().failed);
        let doubled = (once.counts().passed * 2, once.counts().failed * 2);
        assert_eq!(counts, doubled, "{case}");
        let names = |results: &Results| -> usize {
            let suites = results.suites.values();
            suites.map(|suite| suite.failures.len()).sum()
        };
        assert_eq!(names(&twice), names(&once) * 2, "{case}");
    }
}

#[test]
fn what_go_tells_of_a_failed_build_since_1_24_is_read() {
    let text = concat!(
        r#"{"ImportPath":"m/more [m/more.test]","Action":"build-output","Output":"undefined: x\n"}"#,
        "\n",
        r#"{"ImportPath":"m/more [m/more.test]","Action":"build-fail"}"#,
        "\n",
        r#"{"Action":"start","Package":"m/more"}"#,
        "\n",
        r#"{"Action":"output","Package":"m/more","Output":"FAIL\tm/more [build failed]\n"}"#,
        "\n",
        r#"{"Action":"fail","Package":"m/more","Elapsed":0,"FailedBuild":"m/more [m/more.test]"}"#,
        "\n",
    );
    assert_eq!(
        shown(read(text).as_ref()),
        "Go: 0 passed, 0 failed, 0 ignored\n  broken  m/more\n"
    );
}

#[test]
fn the_middle_of_a_long_list_of_tests_is_not_needed_to_know_what_failed() {
    let names: Vec<String> = (0..9000)
        .map(|nth| format!("tests::number_{nth}"))
        .collect();
    let ends = |failing: &[usize]| -> String {
        let status = |nth: usize| match failing.contains(&nth) {
            true => "FAILED",
            false => "ok",
        };
        let tests: Vec<(&str, &str)> = names
            .iter()
            .enumerate()
            .map(|(nth, name)| (name.as_str(), status(nth)))
            .collect();
        cargo(&tests)
    };
    let (before, after) = (ends(&[7]), ends(&[7, 4500]));
    let kept = |text: &str| {
        let printed = Printed {
            head: &text[..64 << 10],
            tail: Some(&text[text.len() - (64 << 10)..]),
            dir: "",
        };
        results::read(&printed).expect("recognized")
    };
    let (before, after) = (kept(&before), kept(&after));
    assert_eq!((after.counts().passed, after.counts().failed), (8998, 2));
    let change = compare(Some(&before), &after);
    assert_eq!(change.still_failing, ["alpha: tests::number_7"]);
    // The middle may have held another binary.
    assert_eq!(change.unproven, ["alpha: tests::number_4500"]);
    assert!(change.gone.is_empty() && after.is_partial());
}

#[test]
fn what_stands_behind_what_was_not_kept_is_laid_to_no_file() {
    let kept = |head, tail| {
        let tail = Some(tail);
        let printed = Printed {
            head,
            tail,
            dir: "",
        };
        results::read(&printed).expect("recognized")
    };
    let jest = kept(
        "FAIL src/a.test.js\n  ● adds\n",
        "at the end of a torn line\n  ● subtracts\n\nTest Suites: 2 failed, 2 total\nTests:       2 failed, 2 total\n",
    );
    assert_eq!(
        Vec::from_iter(jest.failing()),
        ["?: subtracts", "src/a.test.js: adds"]
    );
    assert!(jest.doubts().contains(&Doubt::Cut));
}

#[test]
fn a_report_that_counts_other_failures_than_it_names_is_doubted() {
    let suite = |counts: &str| {
        format!(
            "<testsuite name=\"s\" {counts}>\
             <testcase name=\"a\"><failure/></testcase><testcase name=\"b\"/></testsuite>"
        )
    };
    for (report, is_sound) in [
        (suite("failures=\"1\""), true),
        (suite("failures=\"1\" errors=\"0\""), true),
        (suite("failures=\"2\""), false),
        (suite("failures=\"1\" errors=\"1\""), false),
        (suite(""), true),
        (
            format!("<testsuites>{}</testsuites>", suite("failures=\"2\"")),
            false,
        ),
        (
            format!(
                "<testsuites failures=\"1\">{}</testsuites>",
                suite("failures=\"2\"")
            ),
            true,
        ),
    ] {
        let report = format!("<?xml version=\"1.0\"?>{report}");
        let results = read(&report).expect("a report");
        let doubts = Vec::from_iter(results.doubts());
        let expected: &[Doubt] = if is_sound {
            &[]
        } else {
            &[Doubt::Contradicted]
        };
        assert_eq!(doubts, expected, "{report}");
    }
}

#[test]
fn a_test_of_node_around_one_that_fails_is_counted_with_it() {
    let told = |failed: u64| {
        let text = format!(
            "▶ outer\n  ✖ inner (1ms)\n✖ outer (2ms)\n✔ other (1ms)\n\
             ℹ tests 3\nℹ pass 1\nℹ fail {failed}\n"
        );
        read(&text).expect("recognized")
    };
    for (failed, is_sound) in [(0, false), (1, true), (2, true), (3, false)] {
        let results = told(failed);
        assert_eq!(Vec::from_iter(results.failing()), ["outer > inner"]);
        assert_eq!(results.doubts().is_empty(), is_sound, "{failed}");
    }
}

#[test]
fn what_node_runs_next_is_not_taken_for_what_it_said_before() {
    let run = |begins: &str, test: &str| {
        format!(
            "{begins}✖ {test} (1ms)\nℹ tests 2\nℹ pass 1\nℹ fail 1\n\n\
             ✖ failing tests:\n\n✖ {test} (1ms)\n  Error: so it is\n\n"
        )
    };
    for begins in [
        "✔ well (1ms)\n",
        "▶ around\n  ✔ well (1ms)\n▶ around (2ms)\n",
    ] {
        let text = run("✔ well (1ms)\n", "a") + &run(begins, "b");
        let results = read(&text).expect("recognized");
        assert_eq!(Vec::from_iter(results.failing()), ["a", "b"], "{text}");
        assert!(!results.is_partial(), "{text}");
    }
}

#[test]
fn what_vitest_named_before_it_was_killed_failed_and_may_not_be_all() {
    let text = printed("vitest/failing");
    let (told, _) = text.split_once(" Test Files ").expect("it counts files");
    let (all, killed) = (read(&text).expect("read"), read(told).expect("read"));
    assert!(!all.failing().is_empty() && all.failing() == killed.failing());
    assert_eq!(
        killed.counts().failed,
        killed
            .suites
            .values()
            .map(|suite| suite.failures.len() as u64)
            .sum::<u64>()
    );
    assert!(killed.doubts().contains(&Doubt::Unfinished));
}

#[test]
fn a_list_of_tests_that_does_not_add_up_is_doubted() {
    let told = |plan: &str, failed: u32| {
        let text =
            format!("TAP version 13\nok 1 - a\nnot ok 2 - b\n{plan}# pass 1\n# fail {failed}\n");
        let results = read(&text).expect("recognized");
        Vec::from_iter(results.doubts())
    };
    assert_eq!(told("1..2\n", 1), []);
    assert_eq!(told("1..2\n", 2), [Doubt::Contradicted]);
    assert_eq!(told("1..1\n", 1), [Doubt::Contradicted]);
    assert_eq!(told("1..3\n", 1), [Doubt::Unfinished]);
    assert_eq!(told("", 1), [Doubt::Unfinished]);
}

#[test]
fn of_a_go_package_that_passes_nothing_failed_whatever_it_printed() {
    let printed = "--- FAIL: TestForged (0.00s)\nok  \texample.com/m\t0.005s\n";
    let results = read(printed).expect("recognized");
    assert!(results.failing().is_empty() && results.counts().failed == 0);
    // Without tests, but measured.
    let measured = "\texample.com/m/cmd\t\tcoverage: 0.0% of statements\n";
    let shown = shown(read(measured).as_ref());
    assert_eq!(shown, "Go: 0 passed, 0 failed, 0 ignored\n");
}

#[test]
fn a_test_around_others_counts_in_a_list_of_tests_wherever_it_stands() {
    // As Node 20 prints it: the test around the one that fails fails with it, and is counted.
    let around = "# Subtest: outer\n    # Subtest: inner\n    not ok 1 - inner\n    1..1\nnot ok N - outer\n";
    let other = "# Subtest: other\nok N - other\n";
    for (first, second) in [(around, other), (other, around)] {
        let (first, second) = (first.replace('N', "1"), second.replace('N', "2"));
        let text = format!("TAP version 13\n{first}{second}1..2\n# tests 3\n# pass 1\n# fail 2\n");
        let results = read(&text).expect("recognized");
        assert!(!results.is_partial(), "{text}");
        assert_eq!((results.counts().passed, results.counts().failed), (1, 2));
        assert_eq!(
            Vec::from_iter(results.failing()),
            ["outer", "outer > inner"]
        );
    }
}

#[test]
fn what_passed_behind_what_was_not_kept_is_known_without_its_place() {
    let head = format!("{RUNNING}\nrunning 9 tests\ntest a ... ok\n");
    let tail = Some("at the end of a torn line\ntest b ... ok\n");
    let results = results::read(&Printed {
        head: &head,
        tail,
        dir: "",
    })
    .expect("recognized");
    let suites = results.suites.values();
    let passes: Vec<&String> = suites.flat_map(|suite| &suite.passes).collect();
    assert_eq!(passes, ["?: b", "alpha: a"]);
    assert!(results.is_partial());
}
