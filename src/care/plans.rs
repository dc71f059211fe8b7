//! Files of plans in the checkout that cannot be read: their last good version in git's history, and how to have it
//! back. They are people's, so nothing is written.

use std::path::Path;

use anyhow::Result;

use super::finding::{Finding, Kind, Remedy, Severity};
use crate::git::{Oid, Repo};
use crate::plan::{self, Dialect};

/// What is wrong with the files of tasks below the top of the checkout.
pub(super) fn damaged(repo: &Repo) -> Result<Vec<Finding>> {
    let Some(top) = repo.checkout() else {
        return Ok(Vec::new());
    };
    let damaged = plan::damaged(top).into_iter();
    damaged
        .map(|(dialect, path)| finding(repo, top, dialect, &path))
        .collect()
}

fn finding(repo: &Repo, top: &Path, dialect: Dialect, path: &Path) -> Result<Finding> {
    let shown = path.strip_prefix(top).unwrap_or(path).display().to_string();
    let remedy = match last_good(repo, dialect, &shown)? {
        Some(commit) => {
            let commit = commit.to_string();
            let short = &commit[..10];
            let name = quoted(&shown);
            format!("its last version that can be read: `git show {short}:{name}`; to have it back: `git restore --source={short} -- {name}`")
        }
        None => "no version of it in git's history can be read either: write it anew, or take the task out".to_owned(),
    };
    let what = format!("`{shown}` cannot be read, so its task cannot run");
    Ok(Finding::new(
        "",
        Kind::PlanFile,
        Severity::Error,
        what,
        Remedy::advice(remedy),
    ))
}

/// The newest commit whose version of the file can be read.
fn last_good(repo: &Repo, dialect: Dialect, path: &str) -> Result<Option<Oid>> {
    for commit in repo.commits_that_change(path)? {
        let bytes = repo.blob_at(commit, path)?;
        if bytes.is_some_and(|bytes| plan::is_sound(dialect, Path::new(path), bytes)) {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

/// A path as a shell takes it for one word.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_is_one_word_for_a_shell_whatever_is_in_it() {
        for (path, word) in [
            ("a/.task/IMPL-1_x.json", "a/.task/IMPL-1_x.json"),
            ("Aufgabe-ä.json", "Aufgabe-ä.json"),
            ("a b.json", "'a b.json'"),
            ("$(x)", "'$(x)'"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(path), word);
        }
    }
}
