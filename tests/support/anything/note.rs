//! A PROGRESS note that others wrote into: what a run says in it is found, and what they said is kept.

use git_enact::world::project::{besides_ours, names_run, says, with_others};

const RUN: &str = "add-auth-k3f9";

/// What this run has to say.
const OURS: &str = "Run: add-auth-k3f9\nTask: 3\nTitle: Add the login endpoint\nStatus: done\nAttempt: 2\n\
    Commit: 1f2a91c01f2a91c01f2a91c01f2a91c01f2a91c0\nChecks: commit, scope\nExecutor: claude\nTook: 3m12s\n";

pub(super) fn answer(found: &[u8]) {
    let words = |text: &[u8]| -> Vec<Vec<u8>> {
        let lines = text.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.trim_ascii().to_vec());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let others = besides_ours(found, RUN);
    let written = with_others(OURS, Some(found), RUN);
    assert!(names_run(&written, RUN));
    for (key, value) in [("Status", "done"), ("Task", "3"), ("Took", "3m12s")] {
        assert_eq!(says(&written, RUN, key).as_deref(), Some(value), "{key}");
    }
    // What others said is said still, and in their order.
    let (kept, said) = (besides_ours(&written, RUN), others.as_deref().map(words));
    assert_eq!(kept.as_deref().map(words), said);
    assert_eq!(with_others(OURS, Some(&written), RUN), written);
    // Without what is ours, nothing is.
    if let Some(others) = others {
        assert!(!names_run(&others, RUN));
        assert_eq!(besides_ours(&others, RUN), Some(others));
    }
}
