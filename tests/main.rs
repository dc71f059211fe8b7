//! One test binary, one file per promise.

mod architecture;
mod claims;
mod documents;
mod git_storage;
mod journal;
mod plans;
mod records;
mod simulation;
mod stories;
mod supervision;
mod support;
mod worktrees;
