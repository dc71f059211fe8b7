//! Paths and globs that a plan says a task may change: whether they make sense, whether two sets meet.
//!
//! Knows no file system: a path that exists nowhere is a file to be made.

use std::borrow::Cow;
use std::collections::HashSet;

/// What is wrong with a path or glob, if anything, as the end of a sentence about it.
pub(super) fn objection(path: &str) -> Option<String> {
    if is_ordinary(path) {
        return None;
    }
    const SEPARATORS: [char; 2] = ['/', '\\'];
    let parts = || path.as_bytes().split(|byte| matches!(byte, b'/' | b'\\'));
    let is_home = |path: &str| {
        let rest = path.strip_prefix('~');
        rest.is_some_and(|rest| rest.starts_with(SEPARATORS))
    };
    if path.trim().is_empty() {
        return Some("is empty".into());
    }
    if path.starts_with(SEPARATORS) || path.chars().nth(1) == Some(':') || is_home(path) {
        return Some("is an absolute path; name files relative to the repository".into());
    }
    let dotted = || parts().filter(|part| part.starts_with(b"."));
    if dotted().any(|part| part == b"..") {
        return Some("leaves the repository through `..`".into());
    }
    if dotted().any(|part| part.eq_ignore_ascii_case(b".git")) {
        return Some("is inside `.git`, which no task may change".into());
    }
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    let is_hidden = |c: char| c.is_control() || super::is_invisible(c);
    if !is_plain && path.contains(is_hidden) {
        return Some("has a control or invisible character".into());
    }
    literal_prefix(path)?;
    let error = glob::Pattern::new(path).err()?;
    Some(format!(
        "is not a valid glob: {} at position {}",
        error.msg, error.pos
    ))
}

/// Whether a path consists of letters, digits, dashes and dots, none of these before a name: nothing is wrong with it.
fn is_ordinary(path: &str) -> bool {
    let mut before = b'/';
    path.bytes().all(|byte| {
        let is_begun = before != b'/';
        before = byte;
        byte.is_ascii_alphanumeric() || is_begun && matches!(byte, b'.' | b'-' | b'_' | b'/')
    }) && before != b'/'
}

/// A path as people write it, as a glob: `./` dropped, `:12-20` dropped, a directory means all in it.
pub(super) fn glob_of(written: &str) -> Cow<'_, str> {
    let path = bare(written);
    let mut glob = match path.contains('\\') {
        true => Cow::Owned(path.replace('\\', "/")),
        false => Cow::Borrowed(path),
    };
    if glob.ends_with('/') && glob.len() > 1 {
        glob.to_mut().push_str("**");
    }
    glob
}

/// A path without what people write around it: `./` before it, behind it the lines meant or, as compilers have it, line
/// and column.
fn bare(written: &str) -> &str {
    let mut path = written.trim();
    loop {
        let front = path.strip_prefix("./").or_else(|| path.strip_prefix(".\\"));
        let front = front.or_else(|| {
            let at = memchr::memrchr(b':', path.as_bytes())?;
            let (front, lines) = (&path[..at], &path[at + 1..]);
            are_lines(lines).then_some(front)
        });
        match front {
            Some(front) => path = front.trim(),
            None => return path,
        }
    }
}

/// Whether what follows the last colon of a path are numbers of lines: `10`, `10-20`, `2, 29-32`.
pub(super) fn are_lines(said: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '-' | '–' | ',' | ' ');
    said.starts_with(|c: char| c.is_ascii_digit()) && said.chars().all(is_sign)
}

/// Whether a code span in free text is meant as a path rather than as code.
pub(super) fn looks_like_path(span: &str) -> bool {
    const BARE: [&str; 16] = [
        "Makefile",
        "makefile",
        "GNUmakefile",
        "Dockerfile",
        "Containerfile",
        "Justfile",
        "justfile",
        "Gemfile",
        "LICENSE",
        "Rakefile",
        "Procfile",
        "Vagrantfile",
        "Jenkinsfile",
        "Brewfile",
        "Podfile",
        "Caddyfile",
    ];
    let is_code = |c: char| {
        let is_sign = matches!(
            c,
            '(' | ')' | '{' | '}' | '<' | '>' | '=' | ';' | ',' | '"' | '\''
        ) || matches!(c, '$' | '|' | '&' | '@' | '#' | '!');
        is_sign || c.is_whitespace()
    };
    let span = bare(span);
    let mut pairs = span.as_bytes().windows(2);
    if span.is_empty() || span.contains(is_code) || pairs.any(|pair| matches!(pair, b"::" | b"//"))
    {
        return false;
    }
    if span.contains(['/', '\\']) || BARE.contains(&span) {
        return true;
    }
    span.rsplit_once('.').is_some_and(|(_, extension)| {
        (1..=5).contains(&extension.len())
            && extension
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && extension.chars().any(|c| c.is_ascii_lowercase())
    })
}

/// Whether a word of a list of files is one whose name begins with a dot: `.gitignore`.
pub(super) fn is_hidden_file(word: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || "<>=;,\"'|&*?".contains(c);
    let named = word.strip_prefix('.').unwrap_or_default();
    named.starts_with(|c: char| c.is_ascii_alphabetic()) && !word.contains(is_odd)
}

/// The files that some tasks claim, to tell whether another's are disjoint from them.
#[derive(Debug, Default)]
pub(super) struct Claims {
    exact: HashSet<String>,
    ancestors: HashSet<String>,
    prefixes: Vec<String>,
}

impl Claims {
    pub(super) fn add(&mut self, files: &[String]) {
        for file in files {
            match literal_prefix(file) {
                Some(prefix) => self.prefixes.push(prefix.to_owned()),
                None => {
                    self.ancestors.extend(ancestors(file).map(str::to_owned));
                    self.exact.insert(file.clone());
                }
            }
        }
    }

    /// The first of `files` that may touch what is claimed; unsure counts as touching.
    pub(super) fn meet<'a>(&self, files: &'a [String]) -> Option<&'a str> {
        files
            .iter()
            .map(String::as_str)
            .find(|file| match literal_prefix(file) {
                Some(prefix) => {
                    let near = |other: &String| {
                        other.starts_with(prefix) || prefix.starts_with(other.as_str())
                    };
                    self.exact.iter().any(near) || self.prefixes.iter().any(near)
                }
                None => {
                    self.exact.contains(*file)
                        || self.ancestors.contains(*file)
                        || ancestors(file).any(|directory| self.exact.contains(directory))
                        || self
                            .prefixes
                            .iter()
                            .any(|prefix| file.starts_with(prefix.as_str()))
                }
            })
    }
}

/// What stands before a glob's first wildcard; none for a plain path.
fn literal_prefix(glob: &str) -> Option<&str> {
    memchr::memchr3(b'*', b'?', b'[', glob.as_bytes()).map(|at| &glob[..at])
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::{Claims, glob_of, looks_like_path, objection};

    #[test]
    fn what_leaves_the_repository_or_is_no_glob_is_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "a/../../b",
            ".git/config",
            "sub/.GIT/x",
            "src/[a",
            "C:/x",
            "a\u{202e}b",
        ] {
            assert!(objection(bad).is_some(), "{bad:?} must be refused");
        }
        for good in [
            "src/a.rs",
            "tests/**",
            ".github/workflows/ci.yml",
            "a..b",
            ".gitignore",
        ] {
            assert_eq!(objection(good), None, "{good:?} is fine");
        }
    }

    #[test]
    fn paths_as_people_write_them_become_globs() {
        assert_eq!(glob_of("./src/a.rs:10-20"), "src/a.rs");
        assert_eq!(glob_of("src/a.rs:10:5"), "src/a.rs");
        assert_eq!(glob_of("src/a.rs:2,29-32"), "src/a.rs");
        assert_eq!(glob_of("src/a.rs:38, 46"), "src/a.rs");
        assert_eq!(glob_of("src/auth/"), "src/auth/**");
        assert_eq!(glob_of("src\\a.rs"), "src/a.rs");
    }

    #[test]
    fn code_is_not_taken_for_a_path() {
        for path in [
            "src/x.rs",
            "Cargo.toml",
            "Makefile",
            "src/auth/",
            "src/x.rs:2,29-32",
        ] {
            assert!(looks_like_path(path), "{path} is a path");
        }
        for code in [
            "cargo test",
            "models::user",
            "User",
            "f()",
            "https://x.y/z",
            "1.5",
        ] {
            assert!(!looks_like_path(code), "{code} is no path");
        }
    }

    #[test]
    fn claims_meet_through_directories_and_globs() {
        let mut claims = Claims::default();
        claims.add(&["src/a.rs".into(), "docs/**".into()]);
        for meets in ["src/a.rs", "src", "docs/x.md", "src/*", "**"] {
            assert!(claims.meet(&[meets.into()]).is_some(), "{meets} is claimed");
        }
        assert_eq!(claims.meet(&["src/b.rs".into(), "tests/*".into()]), None);
    }
}
