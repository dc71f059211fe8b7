//! What the status of a whole plan of phases says, which is more than what one of a phase does.

use super::prose::names;
use crate::plan::status_words::without_comments;
pub(super) use crate::plan::status_words::{Word, ends, unclear, word};

/// What the status of a plan says; that one phase is done does not say it of all.
pub(super) fn word_of_plan(text: &str) -> Word {
    match word(text) {
        Word::Done if !names(&without_comments(text), false).phases.is_empty() => Word::Unclear,
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, word_of_plan};

    #[test]
    fn that_one_phase_is_done_does_not_say_it_of_the_plan() {
        assert_eq!(word_of_plan("Phase 1 complete"), Word::Unclear);
        assert_eq!(word_of_plan("All phases complete"), Word::Done);
    }
}
