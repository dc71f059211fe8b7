//! One test binary, one file per promise.

mod claims;
mod git_storage;
mod journal;
mod simulation;
mod supervision;
mod support;
