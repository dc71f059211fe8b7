//! How many needs a plan has room for: a few words such as "all tasks before" ask for more than memory holds.
//!
//! Knows no format, and nothing of which task needs which.

use std::cell::Cell;

use super::Fault;
use super::text::Text;

/// As many as 1,400 tasks have of which each needs all before it.
pub(super) const NEEDS_MAX: usize = 1_000_000;

/// What is left of it, while a text is read.
#[derive(Debug, Default)]
pub(super) struct Room {
    taken: Cell<usize>,
}

impl Room {
    /// Whether so many more needs may be made.
    pub(super) fn grants(&self, count: usize) -> bool {
        self.taken.set(self.taken.get().saturating_add(count));
        self.taken.get() <= NEEDS_MAX
    }

    /// What is told when more were asked for than there is room.
    pub(super) fn too_many(&self, text: &Text<'_>) -> Option<Fault> {
        let start = text.start();
        let message = "the tasks depend on each other in more ways than can be told apart";
        let fault = text.error(start..start, message);
        (self.taken.get() > NEEDS_MAX)
            .then(|| fault.help("name only the tasks that are needed at once"))
    }
}
