//! What the promises are tested with.

pub(crate) mod oracle;
pub(crate) mod repo;
pub(crate) mod scenario;
pub(crate) mod sim;
pub(crate) mod user;
