//! Paths in a plan that lie outside of the repository: told once, however many there are, and no task's files.
//!
//! Knows no format; what counts as a path in free text is decided here, what does elsewhere by whoever asks.

use std::ops::Range;

use super::text::Text;
use super::{Fault, scope};

/// Those that were met so far.
#[derive(Debug, Default)]
pub(super) struct Outside {
    told: Option<Fault>,
    count: usize,
}

impl Outside {
    /// Another one, as it is written.
    pub(super) fn count(&mut self, path: &str, place: Range<usize>, text: &Text<'_>) {
        self.count += 1;
        if self.told.is_none() {
            let message = format!("`{path}` lies outside of the repository");
            self.told = Some(text.warning(place, message));
        }
    }

    /// One warning, however many there are.
    pub(super) fn told(self) -> Option<Fault> {
        let more = match self.count {
            0 | 1 => "it is not counted among the files of its task".to_owned(),
            count => format!(
                "it and {} more are not counted among the files of their tasks",
                count - 1
            ),
        };
        let help = format!("{more}; name files relative to the top of the repository");
        self.told.map(|fault| fault.help(help))
    }
}

/// Whether a word of free text can only be meant as a path outside of the repository. `/users` may be a route, and
/// `../users` what a module imports: a file says by its name, or the directory that it lies in, that it is one.
pub(super) fn is_meant(word: &str) -> bool {
    const TOPS: [&str; 7] = ["etc", "usr", "opt", "home", "root", "srv", "Users"];
    let leaves = word.starts_with("~/") || word.starts_with("../") || has_step_up(word);
    if !(leaves || word.starts_with('/')) || !scope::looks_like_path(word) {
        return false;
    }
    let mut parts = word.split('/').filter(|part| !part.is_empty());
    let name = word.rsplit('/').next().unwrap_or_default();
    let is_named = name.contains('.') && scope::looks_like_path(name) && name != "..";
    if leaves {
        return is_named;
    }
    let top = parts.next();
    top.is_some_and(|top| parts.next().is_some() && (is_named || TOPS.contains(&top)))
}

fn has_step_up(word: &str) -> bool {
    word.as_bytes().windows(4).any(|parts| parts == b"/../")
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn what_lies_outside_is_told_from_routes_and_imports() {
        for path in [
            "../x.md",
            "../../a/b.rs",
            "src/../../b.rs",
            "~/notes/a.md",
            "/etc/hosts",
            "/home/ann/app",
            "/opt/app/a.toml",
        ] {
            assert!(is_meant(path), "{path}");
        }
        for other in [
            "/users",
            "/users/me",
            "/api/v1.2/users",
            "../users",
            "..",
            "../..",
            "src/a.rs",
            "/home",
            "//x.y/z.js",
            "../",
        ] {
            assert!(!is_meant(other), "{other}");
        }
    }
}
