//! One test binary, one file per promise.

mod git_storage;
mod journal;
mod simulation;
mod support;
mod worktrees;
