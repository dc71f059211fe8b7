//! The environment of what we start: an allowlist, so that nothing of the caller's session decides what an
//! executor or a check does, and the few variables that keep git calm under it.
//!
//! Variables of git (a leaked `GIT_INDEX_FILE` puts a foreign file into the user's commit) and of the
//! loader are refused even when they are asked for. This module reads no environment itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Passed on when set. Names that end in `*` are prefixes.
const ALLOWED: [&str; 13] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_*",
    "TERM",
    "TMPDIR",
    "TZ",
    "XDG_*",
    "CARGO_HOME",
    "RUSTUP_HOME",
];

/// Never passed on, whoever asks.
const REFUSED: [&str; 5] = ["GIT_*", "LD_*", "DYLD_*", "BASH_ENV", "ENACT_*"];

/// Of the environment `current`, what may be passed on: the allowlist and the names in `pass_env`.
pub fn allowed(
    current: impl IntoIterator<Item = (OsString, OsString)>,
    pass_env: &[String],
) -> Vec<(OsString, OsString)> {
    let passes = |name: &str| {
        !REFUSED.iter().any(|pattern| matches(pattern, name))
            && (ALLOWED.iter().any(|pattern| matches(pattern, name))
                || pass_env.iter().any(|asked| asked == name))
    };
    current
        .into_iter()
        .filter(|(name, _)| name.to_str().is_some_and(passes))
        .collect()
}

/// What every process in `worktree` is given: no questions, no editor, no search for a repository above
/// the worktree, and no housekeeping of git while attempts run.
pub fn fixed(worktree: &Path) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = [
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_EDITOR", ":"),
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "gc.auto"),
        ("GIT_CONFIG_VALUE_0", "0"),
        ("GIT_CONFIG_KEY_1", "maintenance.auto"),
        ("GIT_CONFIG_VALUE_1", "false"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec();
    if let Some(parent) = worktree.parent() {
        variables.push(("GIT_CEILING_DIRECTORIES".into(), parent.into()));
    }
    variables
}

/// Adds a setting of git to `env`, over those that [`fixed`] and others before have put there.
pub fn set(env: &mut Vec<(OsString, OsString)>, key: &str, value: &OsStr) {
    let count = env.iter().rfind(|(name, _)| name == "GIT_CONFIG_COUNT");
    let count = count.and_then(|(_, count)| count.to_str()?.parse().ok());
    let nth: usize = count.unwrap_or(0);
    env.push((format!("GIT_CONFIG_KEY_{nth}").into(), key.into()));
    env.push((format!("GIT_CONFIG_VALUE_{nth}").into(), value.into()));
    env.push(("GIT_CONFIG_COUNT".into(), (nth + 1).to_string().into()));
}

/// Whether `word` names a program: a path from `dir`, or something on `path` (the value of PATH).
pub fn has_program(word: &str, path: &OsStr, dir: Option<&Path>) -> bool {
    program(word, path, dir).is_some()
}

/// Where the program is that `word` names: a path from `dir`, or something on `path` (the value of PATH).
pub fn program(word: &str, path: &OsStr, dir: Option<&Path>) -> Option<PathBuf> {
    if word.contains('/') {
        let file = dir?.join(word);
        return is_program(&file).then_some(file);
    }
    on_path(word.as_ref(), path, dir)
}

/// Whether an executor may be given the variable `name`.
pub fn may_set(name: &str) -> bool {
    let is_name = !name.is_empty() && !name.contains(['=', '\0']);
    is_name && !REFUSED.iter().any(|pattern| matches(pattern, name))
}

/// Where `path`, as a process in `dir` has it, has the program `word`.
pub(super) fn on_path(word: &OsStr, path: &OsStr, dir: Option<&Path>) -> Option<PathBuf> {
    let from = |place: PathBuf| dir.map_or(place.clone(), |dir| dir.join(place));
    std::env::split_paths(path)
        .map(|place| from(place).join(word))
        .find(|found| is_program(found))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::{allowed, fixed};
    use std::ffi::OsString;
    use std::path::Path;

    fn names(current: &[&str], pass_env: &[&str]) -> Vec<String> {
        let current = current.iter().map(|name| (name.into(), "x".into()));
        let pass_env: Vec<String> = pass_env.iter().map(ToString::to_string).collect();
        allowed(current, &pass_env)
            .into_iter()
            .map(|(name, _)| name.into_string().expect("text"))
            .collect()
    }

    #[test]
    fn only_what_is_listed_or_asked_for_is_passed_on() {
        let current = [
            "PATH",
            "LC_ALL",
            "PATHS",
            "XDG_RUNTIME_DIR",
            "API_KEY",
            "SECRET",
        ];
        assert_eq!(
            names(&current, &["API_KEY"]),
            ["PATH", "LC_ALL", "XDG_RUNTIME_DIR", "API_KEY"]
        );
    }

    #[test]
    fn what_would_redirect_git_or_the_loader_is_refused_even_if_asked_for() {
        let current = [
            "GIT_INDEX_FILE",
            "LD_PRELOAD",
            "DYLD_X",
            "BASH_ENV",
            "ENACT_TASK",
        ];
        assert_eq!(names(&current, &current), Vec::<String>::new());
    }

    #[test]
    fn git_looks_for_no_repository_above_the_worktree() {
        let ceiling: (OsString, OsString) = ("GIT_CEILING_DIRECTORIES".into(), "/r.enact/a".into());
        assert!(fixed(Path::new("/r.enact/a/1")).contains(&ceiling));
    }
}
