//! How people say what git names in full.

/// Seven digits of a hash.
pub fn short(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// A branch without where git keeps branches.
pub fn branch(full: &str) -> &str {
    full.strip_prefix("refs/heads/").unwrap_or(full)
}

/// The first `most` of many names, and how many more there are.
pub fn listed(names: &[impl AsRef<str>], most: usize) -> String {
    joined(names, most, ", ")
}

/// The same of sentences, which may hold commas.
pub fn recounted(sentences: &[impl AsRef<str>], most: usize) -> String {
    joined(sentences, most, "; ")
}

fn joined(names: &[impl AsRef<str>], most: usize, between: &str) -> String {
    let named: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let named = named.join(between);
    match names.len().saturating_sub(most) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// How a task ended that is not done.
pub fn failed(partial: bool) -> &'static str {
    match partial {
        true => "proven in part",
        false => "failed",
    }
}
