//! Going back, and changing the plan under way: what would come of it is worked out in memory first, then
//! recorded as one event. Nothing is erased: what was before stays in the journal, and can be returned to.
//!
//! These events say more than a fold of the state can know (an earlier checkpoint, another plan), so the state
//! after them is made here, and the journal keeps it whole beside the event.

pub mod offer;
pub mod replan;
pub mod revert;
pub mod rollback;
