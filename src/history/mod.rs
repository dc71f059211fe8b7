//! Going back, and changing the plan under way: what would come of it is worked out in memory first, then
//! recorded as one event. Nothing is erased: what was before stays in the journal, and can be returned to.
//!
//! What the run comes to stand at after such an event is told by [`crate::run::turn`]; what git has to say to it, here.

pub mod offer;
pub mod replan;
pub mod revert;
