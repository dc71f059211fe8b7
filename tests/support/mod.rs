//! What the promises are tested with.

pub mod sim;
