//! Who was last let into a worktree, on file there: until we put something else in it, or on the branch that they worked
//! on, what stands there is as they left it.
//!
//! Whoever drives a run knows that from its journal, but for one that somebody moved back.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Worktree;
use super::slots::remove_all;
use super::traps::plain_text;

const FILE: &str = "enact-let-in";

impl Worktree {
    /// Somebody, known as `whom`, is about to work in it, and on `branch`: what was known of its state is known no longer.
    pub fn let_in(&mut self, whom: &str, branch: &str) -> Result<()> {
        self.unsettle();
        self.forget_guest()?;
        let file = self.git_dir().join(FILE);
        std::fs::File::create_new(&file)
            .and_then(|mut file| file.write_all(said(whom, branch).as_bytes()))
            .with_context(|| format!("`{}` cannot be written", file.display()))
    }

    /// Whether `whom` worked in it and on `branch`, and nothing was put in their place since.
    pub fn is_as_left_by(&self, whom: &str, branch: &str) -> bool {
        plain_text(&self.git_dir().join(FILE)).is_ok_and(|text| text == said(whom, branch))
    }

    /// Something else is about to be put in it.
    pub(in crate::git) fn forget_guest(&self) -> Result<()> {
        remove_all(&self.git_dir().join(FILE))
    }

    /// `branch` is about to begin anew here: nobody's work is on it any more, in whichever worktree it was made.
    pub(in crate::git) fn forget_guests_on(&self, branch: &str) -> Result<()> {
        let worktrees = self.common_dir().join("worktrees");
        let was_on_it = |file: &PathBuf| on(file).is_some_and(|found| found == branch);
        let entries = std::fs::read_dir(worktrees).into_iter().flatten().flatten();
        let mut files = entries.map(|entry| entry.path().join(FILE));
        files.try_for_each(|file| match was_on_it(&file) {
            true => remove_all(&file),
            false => Ok(()),
        })
    }
}

fn said(whom: &str, branch: &str) -> String {
    format!("{whom} on {branch}\n")
}

/// The branch of whom `file` names.
fn on(file: &Path) -> Option<String> {
    let text = plain_text(file).ok()?;
    let (_, branch) = text.trim_end().rsplit_once(" on ")?;
    Some(branch.to_owned())
}
