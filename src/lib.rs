//! `git enact` executes implementation plans: one verified commit per task, with all of its state in git.

pub mod plan;
pub mod process;
pub mod run;

pub mod attempt;
