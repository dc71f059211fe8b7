//! One row for each rule of reading claims.

use std::time::{Duration, Instant};

use super::super::reading::Reading;
use super::{Secrets, TEXT_MAX};
use crate::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome, Signal};

const OK: Outcome = Outcome::Exited(0);

/// The claim where nothing is known of the program.
fn read(file: Option<&[u8]>, output: &[u8], outcome: Outcome, secrets: &[Vec<u8>]) -> Claim {
    let secrets = Secrets::from(secrets.to_vec());
    super::read(file, &Reading::default(), output, outcome, &secrets)
}

fn printed(output: &str) -> Claim {
    read(None, output.as_bytes(), OK, &[])
}

#[test]
fn the_exit_status_is_a_claim_when_nothing_else_is() {
    let rows = [
        (OK, ClaimStatus::Done),
        (Outcome::Exited(75), ClaimStatus::RateLimited),
        (Outcome::Exited(125), ClaimStatus::Blocked),
        (Outcome::Exited(1), ClaimStatus::Failed),
        (Outcome::Signaled(9), ClaimStatus::Failed),
        (Outcome::TimedOut, ClaimStatus::Failed),
        (Outcome::Lost, ClaimStatus::Failed),
    ];
    for (outcome, status) in rows {
        let claim = read(None, b"hello\n{}\n", outcome, &[]);
        assert_eq!(
            (claim.status, claim.form),
            (status, ClaimForm::ExitStatus),
            "{outcome}"
        );
        assert_eq!(
            claim.reason.is_empty(),
            status == ClaimStatus::Done,
            "{outcome}"
        );
    }
}

#[test]
fn the_result_file_comes_before_the_output() {
    let file = br#"{"status":"done","commit":"abc1234","files_changed":["a"],"notes":"n"}"#;
    let claim = read(Some(file), br#"{"status":"failed"}"#, OK, &[]);
    assert_eq!(
        (claim.status, claim.form),
        (ClaimStatus::Done, ClaimForm::ResultFile)
    );
    assert_eq!(claim.commit.as_deref(), Some("abc1234"));
    assert_eq!(claim.files_changed, ["a"]);
    assert_eq!(
        read(Some(b" \n"), b"FAILED", OK, &[]).form,
        ClaimForm::Text,
        "an empty one says nothing"
    );
}

#[test]
fn a_broken_result_file_is_a_failure_that_says_so() {
    for (file, reason) in [
        ("{\"status\":", "the result file is not JSON"),
        ("[1]", "the result file holds no JSON object"),
        ("{}", "the claim has no `status`"),
        (
            r#"{"status":"finished"}"#,
            "the claim has the unknown status `finished`",
        ),
    ] {
        let claim = read(Some(file.as_bytes()), b"COMPLETE", OK, &[]);
        assert_eq!(claim.status, ClaimStatus::Failed, "{file}");
        assert!(claim.reason.starts_with(reason), "{}", claim.reason);
    }
}

#[test]
fn the_last_object_with_a_status_counts_whatever_stands_around_it() {
    for output in [
        "{\"status\":\"failed\"}\n{\"status\":\"done\",\"commit\":\"c0ffee\"}\n{\"other\":1}\nbye }",
        "fn main() {\nunclosed {\n```json\n{\n  \"status\": \"done\",\n  \"commit\": \"c0ffee\"\n}\n```\n",
        "a \"stray { mark\n{\"status\":\"done\",\"commit\":\"c0ffee\",\"steps\":[{\"status\":\"failed\"}]}",
        "{\"type\":\"result\",\"result\":\"Well:\\n{\\\"status\\\":\\\"done\\\",\\\"commit\\\":\\\"c0ffee\\\"}\"}",
        "{\"item\":{\"status\":\"done\",\"commit\":\"c0ffee\"}}\n{\"item\":{\"status\":\"completed\"}}",
        "{ not json {\"status\":\"done\",\"commit\":\"c0ffee\"} }",
        "{\"status\":\"done\",\"commit\":\"c0ffee\",\"notes\":\"a } in \\\" a { string\"}",
    ] {
        let claim = printed(output);
        assert_eq!(claim.status, ClaimStatus::Done, "{output}");
        assert_eq!(claim.form, ClaimForm::Json, "{output}");
        assert_eq!(claim.commit.as_deref(), Some("c0ffee"), "{output}");
    }
}

#[test]
fn the_text_form_is_read_with_its_fields() {
    let claim = printed("working\n\nFAILED\nReason: no database\nLast completed: Step 3\n");
    assert_eq!(
        (claim.status, claim.form),
        (ClaimStatus::Failed, ClaimForm::Text)
    );
    assert_eq!(
        (claim.reason.as_str(), claim.last_completed.as_str()),
        ("no database", "Step 3")
    );
    assert_eq!(
        printed("COMPLETE\nSteps completed: 4").status,
        ClaimStatus::Done
    );

    let claim = printed("I did it.\n\n- **Status:** done\n- **commit**: `0a1b2c3d`\n");
    assert_eq!(
        (claim.status, claim.commit.as_deref()),
        (ClaimStatus::Done, Some("0a1b2c3d"))
    );

    let claim = printed("status: KICKBACK\nsignal: needs_split\n");
    assert_eq!(
        (claim.status, claim.signal),
        (ClaimStatus::Kickback, Some(Signal::NeedsSplit))
    );
    assert_eq!(
        printed("test result: FAILED. 1 passed").form,
        ClaimForm::ExitStatus
    );
}

#[test]
fn a_bad_end_is_never_done_and_other_words_are_kept() {
    let rows = [
        ("done", Outcome::Exited(1), ClaimStatus::Failed),
        ("done", Outcome::TimedOut, ClaimStatus::Failed),
        ("done", Outcome::Exited(75), ClaimStatus::RateLimited),
        ("done", Outcome::Exited(125), ClaimStatus::Blocked),
        ("partial", Outcome::Exited(125), ClaimStatus::Blocked),
        ("failed", Outcome::Exited(125), ClaimStatus::Failed),
        ("blocked", Outcome::Exited(1), ClaimStatus::Blocked),
        ("KICKBACK", Outcome::Exited(125), ClaimStatus::Kickback),
    ];
    for (said, outcome, status) in rows {
        let output = format!("{{\"status\":\"{said}\",\"reason\":\"because\"}}");
        let claim = read(None, output.as_bytes(), outcome, &[]);
        assert_eq!(claim.status, status, "{said} with {outcome}");
        assert!(claim.reason.ends_with("because"), "its words are kept");
    }
}

#[test]
fn a_kickback_always_has_a_signal() {
    let claim = printed(
        r#"{"status":"KICKBACK","signal":"scope_creep","suggested_split":[{"name":"a","description":"b"},"c: d"]}"#,
    );
    assert_eq!(claim.signal, Some(Signal::ScopeCreep));
    assert_eq!(claim.suggested_split, ["a: b", "c: d"]);
    let claim = printed(r#"{"status":"kickback","signal":"tired","details":"very"}"#);
    assert_eq!(claim.signal, Some(Signal::MissingContext));
    assert_eq!(claim.details, "signal `tired`: very");
}

#[test]
fn texts_are_bounded() {
    let claim = printed(&format!(
        "{{\"status\":\"failed\",\"reason\":\"{}\"}}",
        "ä".repeat(100_000)
    ));
    assert!(claim.reason.len() <= TEXT_MAX && claim.reason.len() > TEXT_MAX - 2);
}

#[test]
fn hostile_output_takes_little_time() {
    let size = 2 << 20;
    let fill = |unit: &str| unit.repeat(size / unit.len());
    let nested = format!(
        "{}\"status\"{}",
        fill("{\"a\":").split_at(size / 2).0,
        "x}".repeat(size / 4)
    );
    let start = Instant::now();
    for output in [
        fill("{"),
        fill("{\""),
        fill("{\"status\":"),
        fill("{\"status\":}"),
        fill("}"),
        fill("status: "),
        fill("\n"),
        nested,
    ] {
        assert_eq!(printed(&output).form, ClaimForm::ExitStatus);
    }
    // Far above what it takes, far below what anything quadratic would.
    assert!(start.elapsed() < Duration::from_secs(60));
}
