//! How many needs a plan has room for: a few words such as "all tasks before" ask for more than memory holds.
//!
//! Knows no format, and nothing of which task needs which.

use std::cell::Cell;

use super::Fault;
use super::text::Text;

/// As many as 1,400 tasks have of which each needs all before it.
pub(super) const NEEDS_MAX: usize = 1_000_000;

/// A text has room for so many needs whatever its size, and for so many more with each byte of it: a list of a few
/// lines in which each means all others takes no longer to refuse than to read.
const SMALL: usize = 100_000;
const BY_BYTE: usize = 2;

/// What is left of it, while a text is read.
#[derive(Debug)]
pub(super) struct Room {
    taken: Cell<usize>,
    most: usize,
}

impl Room {
    /// As much as a text has.
    pub(super) fn of(text: &Text<'_>) -> Self {
        let most = SMALL + BY_BYTE * text.text.len();
        Self {
            taken: Cell::new(0),
            most: most.min(NEEDS_MAX),
        }
    }

    /// Whether so many more needs may be made.
    pub(super) fn grants(&self, count: usize) -> bool {
        self.taken.set(self.taken.get().saturating_add(count));
        self.taken.get() <= self.most
    }

    /// What is told when more were asked for than there is room.
    pub(super) fn too_many(&self, text: &Text<'_>) -> Option<Fault> {
        let start = text.start();
        let message = "the tasks depend on each other in more ways than can be told apart";
        let fault = text.error(start..start, message);
        (self.taken.get() > self.most)
            .then(|| fault.help("name only the tasks that are needed at once"))
    }
}
