//! Deciding whether an attempt is good: facts are observed, rules judge them.
//!
//! The executor's words are a claim; what counts is what git and the checks show.

pub mod base;
pub mod bisect;
pub mod checks;
pub mod commands;
pub mod expected;
pub mod facts;
pub mod manifest;
pub mod observe;
pub mod results;
pub mod rules;
pub mod scope;
