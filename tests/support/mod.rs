//! What the promises are tested with.

pub mod repo;
pub mod sim;
