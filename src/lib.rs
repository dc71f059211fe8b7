//! `git enact` executes implementation plans: one verified commit per task, with all of its state in git.

pub mod graph;
pub mod plan;
pub mod process;
pub mod report;
pub mod run;
