//! What the tool promises, one module a promise.

mod claims;
mod supervision;
