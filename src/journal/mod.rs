//! The journal of a run: its events, one checkpoint commit each, on one ref.
//!
//! This module knows how events are named, written, read back and held in git. It decides nothing: which
//! event comes next is the run's business, and what follows from it the world's.
//!
#![doc = include_str!("format.md")]

pub mod clock;
pub mod codec;
pub mod inspect;
pub mod layout;
pub mod lease;
pub mod read;
mod snapshot;
pub mod store;

pub use clock::Clock;
pub use codec::Newer;
pub use lease::{Held, Lease};
pub use read::{
    Checkpoint, Loaded, RunRef, attachment, attachments, checkpoints, headline, load, load_at,
    runs, source, sources, tip,
};
pub use store::{Displaced, Journal};
