//! How people say what git names in full.

/// Seven digits of a hash.
pub fn short(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// A branch without where git keeps branches.
pub fn branch(full: &str) -> &str {
    full.strip_prefix("refs/heads/").unwrap_or(full)
}

/// How a task ended that is not done.
pub fn failed(partial: bool) -> &'static str {
    match partial {
        true => "proven in part",
        false => "failed",
    }
}
