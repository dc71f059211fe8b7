//! Files of a repository that keep everybody from opening it, found without opening it. Knows what git reads before
//! anything else, and not who wrote it.

use std::fs;
use std::path::{Path, PathBuf};

use super::surroundings::settings;

/// A file that cannot be read as what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What all worktrees of its repository share.
    pub common_dir: PathBuf,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: &'static str,
    /// What a person can do.
    pub remedy: String,
}

impl Damaged {
    /// In one line, with what helps.
    pub(in crate::git) fn said(&self) -> String {
        format!("`{}` {}: {}", self.path.display(), self.why, self.remedy)
    }
}

/// The damaged files of the repository that `dir` lies in.
pub fn damaged(dir: &Path) -> Vec<Damaged> {
    let Some((git_dir, common_dir)) = found(dir) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut tell = |path: PathBuf, why: &'static str, remedy: String| {
        let common_dir = common_dir.clone();
        all.push(Damaged {
            common_dir,
            path,
            why,
            remedy,
        });
    };
    let head = git_dir.join("HEAD");
    if !is_head(&fs::read_to_string(&head).unwrap_or_default()) {
        let branch = last_branch(&git_dir).unwrap_or_else(|| "BRANCH".to_owned());
        let remedy = format!(
            "`echo 'ref: refs/heads/{branch}' > '{}'`, with the branch that you were on",
            head.display()
        );
        tell(head, "names neither a branch nor a commit", remedy);
    }
    for name in ["config", "config.worktree"] {
        let path = common_dir.join(name);
        if path.exists() && settings::is_unreadable(&settings::read(&path)) {
            let remedy = format!(
                "`git config --file '{}' --list` says in which line, which you take out",
                path.display()
            );
            tell(path, "is no configuration that git can read", remedy);
        }
    }
    for name in ["info/grafts", "shallow"] {
        let path = common_dir.join(name);
        if fs::read(&path).is_ok_and(|bytes| !is_list(&bytes)) {
            let remedy = format!("`mv '{0}' '{0}.damaged'`", path.display());
            tell(path, "has what is no commit's name", remedy);
        }
    }
    all
}

/// The git directory of the checkout that `dir` lies in, and what it shares with others.
fn found(dir: &Path) -> Option<(PathBuf, PathBuf)> {
    let dir = dir.canonicalize().ok()?;
    let is_one = |dir: &PathBuf| dir.join("objects").is_dir() && dir.join("refs").is_dir();
    let of = |above: &Path| {
        let dot_git = above.join(".git");
        let linked = || {
            let text = fs::read_to_string(&dot_git).ok()?;
            let git_dir = above.join(text.strip_prefix("gitdir: ")?.trim_end());
            let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
                Ok(common_dir) => git_dir.join(common_dir.trim_end()),
                Err(_) => git_dir.clone(),
            };
            Some((git_dir, common_dir.canonicalize().ok()?))
        };
        let plain = [dot_git.clone(), above.to_owned()].into_iter().find(is_one);
        plain.map(|dir| (dir.clone(), dir)).or_else(linked)
    };
    dir.ancestors().find_map(of)
}

fn is_head(text: &str) -> bool {
    let text = text.trim_end();
    text.strip_prefix("ref:")
        .is_some_and(|name| name.trim().starts_with("refs/"))
        || is_name(text)
}

fn is_list(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).all(is_name)
}

fn is_name(word: &str) -> bool {
    [40, 64].contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The branch that was switched to last; else the only one that there is.
fn last_branch(git_dir: &Path) -> Option<String> {
    let log = fs::read_to_string(git_dir.join("logs/HEAD")).unwrap_or_default();
    let mut moves = log.lines().rev().filter_map(|line| {
        let (_, said) = line.split_once("checkout: moving from ")?;
        said.rsplit_once(" to ").map(|(_, to)| to.to_owned())
    });
    let only = || {
        let mut heads = fs::read_dir(git_dir.join("refs/heads")).ok()?.flatten();
        let first = heads.next()?.file_name().into_string().ok()?;
        heads.next().is_none().then_some(first)
    };
    moves.next().filter(|name| !is_name(name)).or_else(only)
}
