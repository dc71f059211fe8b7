//! What a person or a program reads: pure functions from what is known to text.
//!
//! Nothing here decides, prints or touches the world.

pub mod check;
pub mod clean;
pub mod faults;
