//! What an executor left: a claim is made of it whatever it is, and every claim can be recorded.
//!
//! Parts: `result` is the result file, `answer` the answer file, everything else was printed.

use git_enact::attempt::{claim, output, profile, reading};
use git_enact::journal::codec;
use git_enact::plan::TaskId;
use git_enact::run::event::{Event, Recorded, Residue};
use git_enact::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome, Usage};
use git_enact::run::reader::Reader;
use git_enact::run::state::{Counts, Headline};

use super::parts;

const OUTCOMES: [Outcome; 6] = [
    Outcome::Exited(0),
    Outcome::Exited(1),
    Outcome::Exited(75),
    Outcome::Exited(125),
    Outcome::TimedOut,
    Outcome::Signaled(9),
];

/// 2026-01-01T00:00:00Z
const NOW: i64 = 1_767_225_600;

const SECRET: &str = "hunter2hunter2";

pub(super) fn answer(bytes: &[u8]) {
    let parts = parts(bytes);
    let part = |name: &str| parts.iter().find(|(found, _)| found == name);
    let result = part("result").map(|(_, bytes)| bytes.as_slice());
    let file = part("answer").map_or(&b""[..], |(_, bytes)| bytes);
    let printed = parts
        .iter()
        .filter(|(name, _)| name != "result" && name != "answer");
    let printed: Vec<u8> = printed.flat_map(|(_, bytes)| bytes).copied().collect();
    let outcome = OUTCOMES[bytes.len() % OUTCOMES.len()];
    let secrets = output::secrets(&[("API_KEY".into(), SECRET.into())]);
    let plain = Reader::default();
    let known = profile::all().values().map(|profile| &profile.reader);
    for reader in known.chain([&plain]) {
        let found = reading::read(reader, &printed, file, outcome, NOW);
        let claim = claim::read(result, &found, &printed, outcome, &secrets);
        sound(&claim, outcome);
        recorded(claim, found.usage.plausible(), outcome);
    }
}

fn sound(claim: &Claim, outcome: Outcome) {
    let is_done = claim.status == ClaimStatus::Done;
    assert!(!is_done || outcome == Outcome::Exited(0), "{claim:?}");
    let is_kickback = claim.status == ClaimStatus::Kickback;
    assert_eq!(is_kickback, claim.signal.is_some(), "{claim:?}");
    if claim.form == ClaimForm::ExitStatus {
        assert!(!claim.reason.contains(char::is_control), "{claim:?}");
        assert!(!claim.reason.contains(SECRET), "{claim:?}");
    }
    let texts = [
        &claim.verification,
        &claim.notes,
        &claim.reason,
        &claim.last_completed,
        &claim.details,
        &claim.recommendation,
    ];
    let lists = claim.files_changed.iter().chain(&claim.suggested_split);
    for text in texts.into_iter().chain(lists) {
        assert!(text.len() <= (64 << 10) + 512, "{} bytes", text.len());
    }
}

/// It can be written into a journal, into a snapshot, and be read back as it was.
fn recorded(claim: Claim, usage: Usage, outcome: Outcome) {
    let stored = serde_json::to_vec(&(&claim, &usage)).expect("it can be stored");
    let found: (Claim, Usage) = serde_json::from_slice(&stored).expect("and read");
    assert_eq!(found, (claim.clone(), usage.clone()));
    let ended = Recorded {
        seq: 2,
        at: "2026-01-01T00:00:00Z".to_owned(),
        checkpoint: String::new(),
        event: Event::AttemptEnded {
            task: TaskId::new("1"),
            attempt: 1,
            outcome,
            claim,
            tip: None,
            salvage: None,
            strays: Vec::new(),
            committed_by_tool: false,
            residue: Residue::default(),
            usage,
            millis: 1,
        },
    };
    let message = codec::message(&ended, &headline()).expect("it can be recorded");
    assert_eq!(codec::decode(&message).expect("and read"), ended);
}

fn headline() -> Headline {
    let empty = String::new;
    Headline {
        run: "demo-k3f9".to_owned(),
        title: empty(),
        status: "stopped".to_owned(),
        tip: empty(),
        plan_hash: empty(),
        plan_path: empty(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        landed: false,
        counts: Counts::default(),
    }
}
