//! Looking after runs: what is wrong with one, what mends it, and removing one without a trace.
//!
//! Looking and mending are apart. To look changes nothing, not even a lock; to mend uses what a resume uses,
//! holds the run's lease, and removes only what we made and what is kept elsewhere or can be made again.

mod examine;
mod finding;
mod leavings;
mod lost;
mod mend;
mod outline;
mod plans;
mod projections;
pub mod purge;
mod search;
pub mod traces;
mod unopened;

pub use examine::{Diagnosis, Scope, examine};
pub use finding::{Finding, Kind, Mend, Remedy, Severity};
pub use lost::{Lost, lost};
pub use mend::{Mended, repair};
pub use unopened::{open_again, unopened};
