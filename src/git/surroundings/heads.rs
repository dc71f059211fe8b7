//! Where the user's checkouts stand, and whether that came from there.
//!
//! Whoever commits, switches, merges or resets in a checkout leaves it in the log of the checkout's HEAD. A branch
//! that is moved from elsewhere, from another worktree or by writing its file, takes HEAD along and leaves the
//! log as it was: then the files there no longer belong to their commit, and it was not whoever works there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Difference, Place, Surroundings, Weight};
use crate::git::Repo;

/// How much of the end of a log is read: more than its last line.
const TAIL: u64 = 1 << 14;

/// Where the HEAD of a checkout stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stand {
    /// The branch that it is on.
    branch: Option<String>,
    /// The commit.
    commit: Option<String>,
    /// The commit that its log has last, when it has one.
    logged: Option<String>,
}

impl Stand {
    /// Whether the log knows of where it stands; where there is none, nothing speaks against it.
    fn is_in_step(&self) -> bool {
        self.logged.is_none() || self.logged == self.commit
    }

    /// The file that says so.
    fn written(&self) -> String {
        match (&self.branch, &self.commit) {
            (Some(branch), _) => format!("ref: {branch}\n"),
            (None, commit) => format!("{}\n", commit.as_deref().unwrap_or_default()),
        }
    }
}

impl Repo {
    /// Where the user's checkouts stand.
    pub(super) fn stands(&self) -> BTreeMap<PathBuf, Stand> {
        let listed = self.worktrees().unwrap_or_default().into_iter();
        let theirs = listed.filter(|listed| !listed.is_ours() && listed.path.is_dir());
        let main = self.workdir().map(|_| self.common_dir().to_owned());
        let all = main.into_iter().chain(theirs.map(|listed| listed.git_dir));
        let stand = |git_dir: PathBuf| {
            let stand = self.stand(&git_dir);
            (git_dir, stand)
        };
        all.map(stand).collect()
    }

    fn stand(&self, git_dir: &Path) -> Stand {
        // One that is gone, or no text, says nothing that git can read.
        let head = std::fs::read(git_dir.join("HEAD")).unwrap_or_default();
        let head = String::from_utf8_lossy(&head);
        let head = head.trim_end();
        let branch = head
            .strip_prefix("ref: ")
            .map(|name| name.trim().to_owned());
        let commit = match &branch {
            Some(branch) => self.read(branch).ok().flatten().map(|oid| oid.to_string()),
            None => Some(head.to_owned()),
        };
        Stand {
            branch,
            commit,
            logged: last_logged(&git_dir.join("logs/HEAD")),
        }
    }
}

/// The commit in the last line of a log.
fn last_logged(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    // A line that is being written is not the last one yet.
    let (whole, _) = tail.rsplit_once('\n')?;
    let last = whole.lines().next_back()?;
    last.split(' ').nth(1).map(str::to_owned)
}

impl Surroundings {
    /// What `file` said, the HEAD of a checkout that was there.
    pub(super) fn head_in(&self, file: &Path) -> Option<String> {
        let is_head = file.file_name().is_some_and(|name| name == "HEAD");
        let stand = self.heads.get(file.parent().filter(|_| is_head)?)?;
        Some(stand.written())
    }
}

/// The checkouts that were in step with their logs and are not any more.
pub(super) fn differences(before: &Surroundings, now: &Surroundings) -> Vec<Difference> {
    let mut found = Vec::new();
    for (git_dir, stand) in &now.heads {
        let was_in_step = before.heads.get(git_dir).is_some_and(Stand::is_in_step);
        let name = stand.branch.clone().unwrap_or_else(|| "HEAD".to_owned());
        // A branch that is yet to have its first commit is in no log.
        let is_unborn = stand.commit.is_none() && !before.refs.contains_key(&name);
        if !was_in_step || stand.is_in_step() || is_unborn {
            continue;
        }
        // The branch is where it was, or there is none: then it is the file that was written.
        let is_file = stand.branch.is_none()
            || stand.commit.is_some() && before.refs.get(&name) == stand.commit.as_ref();
        if is_file {
            found.push(Difference {
                place: Place::File(git_dir.join("HEAD")),
                before: before.heads.get(git_dir).map(Stand::written),
                now: Some(stand.written()),
                weight: Weight::Grave,
            });
            continue;
        }
        found.push(Difference {
            before: before.refs.get(&name).or(stand.logged.as_ref()).cloned(),
            now: stand.commit.clone(),
            place: Place::Ref(name),
            weight: Weight::Grave,
        });
    }
    found
}
