//! Foreign text as a terminal is given it: tame, the same when it is cleaned again, and whole.

use std::borrow::Cow;

use git_enact::journal::codec;
use git_enact::report::clean::{visible, visible_line};

use super::assert_tame;

pub(super) fn answer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = visible(&text);
    assert_tame(&shown, false);
    assert_eq!(visible(&shown), shown);
    // Nothing is dropped: what needs no cleaning stands there in its order.
    let mut rest = shown.chars();
    let is_kept = |c: &char| matches!(visible(&c.to_string()), Cow::Borrowed(_));
    for c in text.chars().filter(is_kept) {
        assert!(rest.any(|found| found == c), "{c:?} is gone");
    }
    let line = visible_line(&text);
    assert_tame(&line, true);
    assert_eq!(visible_line(&line), line.trim());
    let subject = codec::subject_text(&text);
    assert_tame(&subject, true);
    assert_eq!(codec::subject_text(&subject), subject.trim_end());
}
