//! `git enact` executes implementation plans: one verified commit per task, with all of its state in git.
//!
//! The modules stand in the order in which data passes through them.

pub mod plan;

pub mod graph;

pub mod run;

pub mod process;

pub mod git;

pub mod journal;
