//! `git enact` executes implementation plans: one verified commit per task, with all of its state in git.
//!
//! The modules stand in the order in which a plan passes through them; each uses only those above it.

// What the author asked for, read from text.
pub mod plan;

// A plan that was checked once.
pub mod graph;

// The pure core: events, the state they fold into, what to do next, and the loop that does it.
pub mod run;

// The only module that starts processes.
pub mod process;

// The only module that says `git2` or names the `git` program.
pub mod git;

// The journal: every event of a run as a commit on one ref.
pub mod journal;

// Deciding whether an attempt is good.
pub mod verify;

// Bringing an accepted commit onto the run's branch.
pub mod integrate;

// Replays and live events, made visible.
pub mod report;
