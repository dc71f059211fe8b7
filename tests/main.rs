//! One test binary, one file per promise.

mod claims;
mod git_storage;
mod journal;
mod landing;
mod plans;
mod simulation;
mod stories;
mod supervision;
mod support;
mod truth;
mod worktrees;
