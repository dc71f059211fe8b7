//! One test binary, one file per promise.

mod simulation;
mod support;
