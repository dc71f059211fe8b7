//! A record is read back as it was written, or refused.

use git_enact::journal::{Newer, codec};
use git_enact::plan::TaskId;
use git_enact::run::budget::Limits;
use git_enact::run::event::{By, Event, Recorded, Residue};
use git_enact::run::evidence::{
    Claim, ClaimStatus, Limit, Outcome, Reason, ReasonKind, Signal, Usage, Verdict,
};
use git_enact::run::policy::Policy;
use git_enact::run::results::{Baseline, Doubt, Results, Runner, Since, Suite, Tested};
use git_enact::run::state::{Counts, Headline};
use git_enact::run::whole::{Blame, Blamed, Failure, Fix};

/// Text that formats like to stumble over.
const NASTY: &str =
    "\u{0}\u{1b}[0m \"\"\" \'\'\' \\ # = [x]\r\n\t\u{7f}\u{85}\u{2028}é\u{1f980} \n";

fn headline() -> Headline {
    Headline {
        run: "demo-k3f9".to_owned(),
        title: NASTY.to_owned(),
        status: "stopped".to_owned(),
        tip: String::new(),
        plan_hash: String::new(),
        plan_path: NASTY.to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        landed: false,
        counts: Counts::default(),
    }
}

fn events() -> Vec<Event> {
    let task = TaskId::new(NASTY);
    let text = || NASTY.to_owned();
    vec![
        Event::Reviewed {
            task: task.clone(),
            attempt: 2,
            approved: false,
            words: text(),
        },
        Event::Reverted {
            task: task.clone(),
            onto: "1".repeat(40),
            tip: "2".repeat(40),
            words: text(),
            offer: None,
        },
        Event::RolledBack {
            to: 7,
            target: "1".repeat(40),
            from: "2".repeat(40),
            offer: Some("3".repeat(40)),
        },
        Event::Replanned {
            plan_hash: "0".repeat(64),
            plan_path: text(),
            drift: vec![text(), String::new()],
            fix: Some(Fix {
                task: task.clone(),
                title: text(),
                body: text(),
            }),
        },
        Event::Verified {
            warnings: vec![text()],
            tests: Vec::new(),
            proofs: Vec::new(),
            commit: "1".repeat(40),
            passed: false,
            reasons: vec![text()],
            failures: vec![Failure {
                command: text(),
                tests: [NASTY, NASTY].into_iter().collect(),
                tail: text(),
            }],
            blame: Some(Blame {
                command: text(),
                tasks: vec![Blamed {
                    task: task.clone(),
                    commit: "2".repeat(40),
                    undone: true,
                }],
                on_base: true,
                obstacle: text(),
                runs: u32::MAX,
            }),
        },
        Event::Kickback {
            task: task.clone(),
            attempt: 3,
            signal: Signal::NeedsSplit,
            reason: text(),
            details: text(),
            recommendation: text(),
            suggested_split: vec![text(), String::new()],
            left: Some(text()),
        },
        Event::AttemptEnded {
            task: task.clone(),
            attempt: u32::MAX,
            outcome: Outcome::NotStarted,
            claim: Claim {
                status: ClaimStatus::Kickback,
                commit: Some(text()),
                files_changed: vec![text()],
                signal: Some(Signal::ScopeCreep),
                ..Claim::default()
            },
            tip: None,
            salvage: Some(text()),
            strays: vec![text()],
            committed_by_tool: true,
            residue: Residue {
                dirty: vec![text()],
                dirty_count: 7,
                ..Residue::default()
            },
            usage: Usage {
                cost_usd: Some(0.1 + 0.2),
                input_tokens: Some(u64::MAX / 2),
                limit: Some(Limit::Turns),
                ..Usage::default()
            },
            millis: u64::MAX / 2,
        },
        Event::Judged {
            task: task.clone(),
            attempt: 1,
            verdict: Verdict {
                reasons: vec![Reason::new(ReasonKind::Dirty, NASTY)],
                warnings: vec![text()],
                tests: vec![Tested {
                    command: text(),
                    passed: 7,
                    failing: [NASTY, NASTY].into_iter().collect(),
                    since: Some(Since {
                        base: Baseline {
                            ended: text(),
                            results: Some(results()),
                            ..Baseline::default()
                        },
                        fixed: [NASTY].into_iter().collect(),
                        ..Since::default()
                    }),
                    ..Tested::default()
                }],
                ..Verdict::default()
            },
            again: false,
            millis: 0,
        },
        Event::Paused {
            task: None,
            reason: text(),
            until: Some(text()),
        },
        Event::Skipped {
            task,
            by: By::Person,
            reason: text(),
        },
        Event::Finished { progress: None },
        Event::Finished {
            progress: Some(text()),
        },
    ]
}

/// What a runner told, with every kind of value.
fn results() -> Results {
    let suite = Suite {
        failed: 1,
        failures: [NASTY.to_owned()].into(),
        doubts: [Doubt::Stopped, Doubt::Cut].into(),
        ..Suite::default()
    };
    Results {
        is_cut: true,
        suites: [(Runner::Nextest, suite), (Runner::Go, Suite::default())].into(),
    }
}

#[test]
fn whatever_an_event_says_is_read_back_as_it_was() {
    let headline = headline();
    for event in events() {
        let recorded = Recorded {
            seq: 9,
            at: "2026-01-01T00:00:00Z".to_owned(),
            checkpoint: String::new(),
            event,
        };
        let message = codec::message(&recorded, &headline).expect("encoded");
        let decoded = codec::decode(&message).expect("decoded");
        assert_eq!(decoded, recorded, "{message}");
        assert_eq!(codec::decode_headline(&message).expect("decoded"), headline);
        let is_line = |line: &str| !line.chars().any(char::is_control);
        assert!(message.lines().all(is_line), "{message:?}");
    }
}

#[test]
fn a_newer_format_is_refused_before_it_is_decoded() {
    let error =
        codec::decode("new\n\nformat = 2\nwhatever = 'this means'\n\nRun: x\n").expect_err("newer");
    let newer = error.downcast_ref::<Newer>().expect("typed");
    assert_eq!((newer.found, newer.known), (2, codec::FORMAT));
}

#[test]
fn a_subject_is_one_line_whatever_an_executor_says() {
    let event = Event::Blocked {
        task: TaskId::new("1"),
        reason: format!("\u{1b}[31mred\u{7}\nTask: 2\r\n\u{202e}{}", "x".repeat(500)),
    };
    let subject = codec::subject(&event, 1);
    assert!(!subject.chars().any(char::is_control), "{subject:?}");
    assert!(!subject.contains('\u{202e}') && subject.chars().count() <= 120);
}

#[test]
fn limits_are_on_record_with_the_policy_and_take_no_place_where_there_are_none() {
    let kept = |limits: Limits| {
        let policy = Policy {
            limits,
            ..crate::support::plans::policy()
        };
        let text = serde_json::to_string(&policy).expect("JSON");
        let read: Policy = serde_json::from_str(&text).expect("it is read back");
        (text.contains("\"limits\""), read.limits)
    };
    let none = Limits::default();
    assert_eq!(kept(none.clone()), (false, none.clone()));
    for some in [
        Limits {
            attempts: Some(1),
            ..none.clone()
        },
        Limits {
            time_ms: Some(1),
            ..none.clone()
        },
        Limits {
            tokens: Some(1),
            ..none.clone()
        },
        Limits {
            cost_usd: Some(1.0),
            ..none
        },
    ] {
        assert_eq!(kept(some.clone()), (true, some));
    }
}
