//! One test binary, one file per promise.

mod claims;
mod crash;
mod git_storage;
mod journal;
mod leftovers;
mod plans;
mod records;
mod resume;
mod simulation;
mod stories;
mod supervision;
mod support;
mod worktrees;
