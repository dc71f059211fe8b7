//! What `git-enact` promises, one file a promise.

mod plans;
