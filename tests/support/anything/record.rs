//! A checkpoint's message: what is understood of it is written again and read back as the same.

use git_enact::journal::{codec, layout};
use git_enact::run::event::Event;

use super::assert_tame;

pub(super) fn answer(bytes: &[u8]) {
    let message = String::from_utf8_lossy(bytes);
    codec::run_of(&message);
    let (recorded, headline) = (codec::decode(&message), codec::decode_headline(&message));
    let (Ok(recorded), Ok(headline)) = (recorded, headline) else {
        return;
    };
    let written = codec::message(&recorded, &headline).expect("what was read can be written");
    written.lines().for_each(|line| assert_tame(line, true));
    let subject = written.lines().next().unwrap_or_default();
    assert!(subject.chars().count() <= 120, "{subject}");
    if layout::check_run_id(&headline.run).is_ok() {
        assert_eq!(codec::run_of(&written), Some(headline.run.as_str()));
    }
    let again = codec::decode(&written).expect("what was written can be read");
    // What a policy says of something that is switched off is not kept. Told and not compared: a number that is none
    // equals nothing.
    if !matches!(recorded.event, Event::Started { .. }) {
        assert_eq!(format!("{again:?}"), format!("{recorded:?}"));
    }
    let headline_again = codec::decode_headline(&written).expect("so can the headline");
    assert_eq!(headline_again, headline);
    let twice = codec::message(&again, &headline_again).expect("it was written before");
    assert_eq!(twice, written);
}
