//! One test binary, one file per promise.

mod claims;
mod cost;
mod git_storage;
mod journal;
mod plans;
mod records;
mod simulation;
mod stories;
mod supervision;
mod support;
mod worktrees;
