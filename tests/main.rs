//! One test binary, one file per promise.

mod architecture;
mod asking;
mod claims;
mod commands;
mod crash;
mod documents;
mod failures;
mod git_storage;
mod interruptions;
mod journal;
mod kickbacks;
mod landing;
mod plans;
mod records;
mod refusals;
mod resume;
mod side_by_side;
mod simulation;
mod stories;
mod supervision;
mod support;
mod trust;
mod truth;
mod untouched;
mod worktrees;
