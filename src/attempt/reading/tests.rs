//! Each profile's reader with what the real program printed, and readers with what none should.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use super::{Answer, captured, read};
use crate::attempt::profile;
use crate::run::evidence::Outcome;
use crate::run::reader::{Limits, Pick, Reader};

const OK: Outcome = Outcome::Exited(0);

fn line_reader() -> Reader {
    let line = |line: &str| {
        vec![Pick::Line {
            line: line.to_owned(),
        }]
    };
    Reader {
        answer: line("answer {}"),
        failure: line("error {}"),
        limits: Limits {
            rate: vec!["429".to_owned()],
            ..Limits::default()
        },
        ..Reader::default()
    }
}

#[test]
fn a_failure_counts_until_there_is_an_answer() {
    let failure = |left: &str| read(&line_reader(), left.as_bytes(), b"", OK, 0).failure;
    assert_eq!(failure("error 1\nanswer 2\n"), None);
    assert_eq!(failure("answer 1\nerror 2\n").unwrap().text, "error 2");
    assert_eq!(failure("error 1\nerror 2").unwrap().text, "error 2");
}

#[test]
fn who_was_killed_at_waiting_for_a_limit_met_a_limit() {
    let left = "error 429\nerror aborted\n";
    let failure = |left: &str, outcome| {
        let reading = read(&line_reader(), left.as_bytes(), b"", outcome, 0);
        reading.failure.map(|failure| failure.text)
    };
    assert_eq!(
        failure(left, Outcome::TimedOut).as_deref(),
        Some("error 429")
    );
    assert_eq!(
        failure(left, Outcome::Stalled).as_deref(),
        Some("error 429")
    );
    assert_eq!(failure(left, OK).as_deref(), Some("error aborted"));
    let went_on = "error 429\nanswer\nanswer 2\nerror aborted\n";
    assert_eq!(
        failure(went_on, Outcome::TimedOut).as_deref(),
        Some("error aborted")
    );
}

#[test]
fn a_missing_answer_is_told_from_one_that_is_looked_for_everywhere() {
    let answer = |reader: &Reader, left: &str| read(reader, left.as_bytes(), b"", OK, 0).answer;
    assert_eq!(answer(&Reader::default(), "x"), Answer::Printed);
    assert_eq!(answer(&line_reader(), "answer x\n"), Answer::Printed);
    assert_eq!(answer(&line_reader(), "x"), Answer::Missing);
    let claude = &profile::all()["claude"].reader;
    let spoilt = "{\"type\":\"result\",\"is_error\":false,\"result\":";
    assert_eq!(answer(claude, spoilt), Answer::Missing);
    let told = format!("warning\n{spoilt}\"hello\"}} \n{{\"type\":\"other\"}}\nbye\n");
    assert_eq!(answer(claude, &told), Answer::Message("hello".to_owned()));
}

#[test]
fn a_part_of_a_line_is_found_by_what_stands_around_it() {
    for (pattern, line, found) in [
        (
            "Tokens: {} sent*",
            "Tokens: 2.0k sent, 34 received.",
            Some("2.0k"),
        ),
        ("a * {}", "a b c", Some("c")),
        ("a {} c", "a b c", Some("b")),
        ("a {} c", "a b c d", None),
        ("a {}", "b a c", None),
        ("a*", "abc", Some("abc")),
        ("{}", "", Some("")),
        ("abc", "abc", Some("abc")),
    ] {
        assert_eq!(captured(line, pattern), found, "`{pattern}` in `{line}`");
    }
}

#[test]
fn hostile_output_is_read_in_time() {
    let claude = &profile::all()["claude"].reader;
    let begun = Instant::now();
    for unit in [
        "{\"a\":\n",
        "{\"a\":[1,\n",
        "{\n",
        "{\"type\":\"result\"\n",
        "{}{\n",
        "[[[[\n",
    ] {
        let left = unit.repeat((1 << 20) / unit.len());
        let reading = read(claude, left.as_bytes(), b"", OK, 0);
        assert_eq!(reading.answer, Answer::Missing);
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert_eq!(
        read(claude, deep.as_bytes(), b"", OK, 0).answer,
        Answer::Missing
    );
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn every_profile_says_how_it_is_read_and_what_traps_it() {
    for (name, profile) in profile::all() {
        assert!(!profile.reader.answer.is_empty(), "{name}");
        assert!(!profile.reader.failure.is_empty(), "{name}");
        assert!(!profile.reader.limits.rate.is_empty(), "{name}");
        assert!(
            !profile.traps.is_empty() && !profile.title.is_empty(),
            "{name}"
        );
        assert!(
            profile.env.keys().all(|name| profile::may_set(name)),
            "{name}"
        );
        let told = include_str!("../protocol.md");
        assert!(
            told.contains(&format!("| `{name}`")),
            "protocol.md has no row of {name}"
        );
    }
}
