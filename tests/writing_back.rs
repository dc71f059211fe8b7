//! What a format writes into a plan's files says how far a run is and changes nothing else: every other byte stays, the
//! next reading finds the same, and the plan is still the plan of its run.

mod checklists;
mod statuses;
