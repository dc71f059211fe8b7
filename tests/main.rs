//! One test binary, one file per promise.

mod claims;
mod failures;
mod git_storage;
mod journal;
mod kickbacks;
mod landing;
mod plans;
mod simulation;
mod stories;
mod supervision;
mod support;
mod trust;
mod truth;
mod untouched;
mod worktrees;
