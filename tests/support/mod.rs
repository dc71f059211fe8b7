//! What the promises are tested with.

pub(crate) mod alone;
pub(crate) mod anything;
pub(crate) mod digest;
pub(crate) mod isolation;
pub(crate) mod operations;
pub(crate) mod oracle;
pub(crate) mod packed;
pub(crate) mod plans;
pub(crate) mod progress;
pub(crate) mod repo;
pub(crate) mod scenario;
pub(crate) mod settled;
pub(crate) mod sim;
pub(crate) mod story;
pub(crate) mod table;
pub(crate) mod traced;
pub(crate) mod user;
