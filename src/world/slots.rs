//! The places where attempts run: one kept worktree each, moved from base to base.
//!
//! A slot is lent to whatever works in it (an attempt, a judgement) and comes back with the news of it,
//! so no two can ever share one. It is never trusted: whoever ran in it may have changed anything.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::commands::{Purity, Site};
use super::fence::is_left_temp;
use crate::crash;
use crate::git::{self, Oid, Repo, Worktree};
use crate::process::{self, Command};

/// A worktree with a repository handle of its own, so that it can go to another thread.
pub(super) struct Slot {
    pub(super) repo: Repo,
    pub(super) worktree: Worktree,
    /// Whether it may hold what belongs to nobody any more; cleaned before the next attempt.
    pub(super) used: bool,
}

impl Slot {
    /// Whether nothing is to be discarded after all. To look costs one process, to clean two.
    fn looks_clean(&mut self) -> bool {
        let head = self.worktree.head(&self.repo);
        let Some(at) = head.ok().and_then(|head| head.commit) else {
            return false;
        };
        self.worktree.dirty(&self.repo, at).is_ok() && self.worktree.is_settled(&self.repo)
    }
}

/// All slots of a run.
pub(super) struct Slots {
    run: String,
    root: PathBuf,
    setup: Option<String>,
    fresh: bool,
    idle: HashMap<u32, Slot>,
}

impl Slots {
    pub(super) fn new(run: &str, root: PathBuf, setup: Option<String>, fresh: bool) -> Self {
        Self {
            run: run.to_owned(),
            root,
            setup,
            fresh,
            idle: HashMap::new(),
        }
    }

    /// Where the worktree of a slot is.
    pub(super) fn path(&self, slot: u32) -> PathBuf {
        self.root.join(format!("slot-{slot}"))
    }

    /// The slot, with the worktree on `branch` at `base` and nothing else in it but ignored files.
    pub(super) fn ready(&mut self, repo: &Repo, slot: u32, branch: &str, base: Oid) -> Result<()> {
        if let Some(place) = repo.checked_out(branch)? {
            bail!(
                "`{branch}` is checked out in `{}`, whose files would no longer match it: \
                 switch to another branch there first",
                place.display()
            );
        }
        let path = self.path(slot);
        let kept = match self.idle.remove(&slot) {
            Some(kept) => Some(kept),
            None => self.reopen(repo, &path)?,
        };
        // Git cleans no submodules: what was done in them would reach the next attempt.
        let is_good = |kept: &Slot| {
            kept.is_set_up() && kept.worktree.verify().is_ok() && !kept.worktree.has_submodules()
        };
        let mut kept = match kept.filter(|kept| !self.fresh && is_good(kept)) {
            Some(kept) => kept,
            None => self.make(repo, &path, base)?,
        };
        // Its HEAD may be on a branch that another attempt of the same task has since begun anew elsewhere.
        let is_left = kept.used || !kept.worktree.is_settled(&kept.repo);
        if is_left && !kept.looks_clean() {
            kept.worktree.clean(&kept.repo, base)?;
        }
        kept.worktree.switch(&kept.repo, branch, base)?;
        kept.used = false;
        self.idle.insert(slot, kept);
        Ok(())
    }

    /// Makes sure that the slot is there for what looks at commits only: somebody may have removed its
    /// worktree since the attempt ended.
    pub(super) fn stand(&mut self, repo: &Repo, slot: u32, at: Oid) -> Result<()> {
        if self.idle.contains_key(&slot) {
            return Ok(());
        }
        let path = self.path(slot);
        let reopened = self.reopen(repo, &path)?;
        let kept = match reopened.filter(|kept| kept.worktree.verify().is_ok()) {
            Some(kept) => kept,
            None => self.make(repo, &path, at)?,
        };
        self.idle.insert(slot, kept);
        Ok(())
    }

    /// Takes the slot out; it comes back by [`Slots::put`].
    pub(super) fn take(&mut self, repo: &Repo, slot: u32) -> Result<Slot> {
        match self.idle.remove(&slot) {
            Some(kept) => Ok(kept),
            None => {
                let path = self.path(slot);
                let reopened = self.reopen(repo, &path)?;
                reopened.with_context(|| format!("the worktree `{}` is gone", path.display()))
            }
        }
    }

    pub(super) fn put(&mut self, slot: u32, kept: Slot) {
        self.idle.insert(slot, kept);
    }

    /// Removes every worktree of the run, and the directory that held them when nothing else is in it.
    pub(super) fn remove_all(&mut self, repo: &Repo) -> Result<()> {
        self.idle.clear();
        remove_below(repo, &self.root)
    }

    /// The worktree that an earlier driver left at `path`.
    fn reopen(&self, repo: &Repo, path: &Path) -> Result<Option<Slot>> {
        if !path.exists() {
            return Ok(None);
        }
        let repo = repo.reopen()?;
        let worktree = repo.open_worktree(path).ok();
        Ok(worktree.map(|worktree| Slot {
            repo,
            worktree,
            used: true,
        }))
    }

    fn make(&self, repo: &Repo, path: &Path, base: Oid) -> Result<Slot> {
        let repo = repo.reopen()?;
        let worktree = repo.create_worktree(path, &purpose(&self.run), base)?;
        crash::step("slot-made");
        copy_included(&repo, path)?;
        if let Some(setup) = &self.setup {
            set_up(setup, path)?;
        }
        let made = Slot {
            repo,
            worktree,
            used: false,
        };
        std::fs::write(made.mark(), b"").context("the worktree cannot be marked as set up")?;
        Ok(made)
    }
}

impl Slot {
    /// The slot, which stands at `commit` with nothing else but ignored files, as a place to run commands in.
    pub(super) fn site(&self, commit: Oid) -> Result<Site<'_>> {
        Ok(Site {
            repo: &self.repo,
            dir: self.worktree.path(),
            commit,
            purity: match self.worktree.holds_more_than(&self.repo, commit)? {
                true => Purity::Mixed,
                false => Purity::Clean,
            },
        })
    }

    /// Whoever made it lived to set it up: else it is made anew.
    fn is_set_up(&self) -> bool {
        self.mark().exists()
    }

    fn mark(&self) -> PathBuf {
        self.worktree.git_dir().join("enact-set-up")
    }
}

/// Where the worktrees of `run` are, as git knows them; `None` when it has none.
pub fn place_of(repo: &Repo, run: &str) -> Result<Option<PathBuf>> {
    let purpose = purpose(run);
    let listed = repo.worktrees()?.into_iter();
    let mut slots =
        listed.filter(|listed| listed.purpose() == Some(&purpose) && listed.path.is_dir());
    Ok(slots.find_map(|slot| slot.path.parent().map(Path::to_path_buf)))
}

/// What a slot's worktree is for, as git lists it.
fn purpose(run: &str) -> String {
    format!("run {run}")
}

/// Removes the worktrees of ours below `root`, and `root` itself and its parent if they are then empty.
pub fn remove_below(repo: &Repo, root: &Path) -> Result<()> {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    for listed in repo.worktrees()? {
        if listed.is_ours() && listed.path.starts_with(&root) {
            repo.remove_worktree(&listed.path)?;
            crash::step("worktree-removed");
        }
    }
    // Somebody may have died while one was made or removed.
    repo.remove_half_made_worktrees()?;
    let entries = std::fs::read_dir(&root).into_iter().flatten().flatten();
    let places = entries.map(|entry| entry.path());
    for temp in places.filter(|place| is_left_temp(place)) {
        git::remove_all(&temp)?;
    }
    // What somebody else put there stays, and the directory with it.
    let _ = std::fs::remove_dir(&root);
    if let Some(parent) = root
        .parent()
        .filter(|parent| parent.extension().is_some_and(|end| end == "enact"))
    {
        let _ = std::fs::remove_dir(parent);
    }
    Ok(())
}

/// Copies the files that the user's checkout lists in `.worktreeinclude`: what executors need and git
/// does not carry. Only files inside the checkout are copied, and nothing that is there is replaced; what has a link or a
/// file where a directory should be is left alone, because a commit of an executor may have put it there.
pub(super) fn copy_included(repo: &Repo, path: &Path) -> Result<()> {
    let Some(checkout) = repo.workdir() else {
        return Ok(());
    };
    let Ok(list) = std::fs::read_to_string(checkout.join(".worktreeinclude")) else {
        return Ok(());
    };
    for line in list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let relative = Path::new(line);
        let inside = relative
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        let (from, to) = (checkout.join(relative), path.join(relative));
        let is_file = from.symlink_metadata().is_ok_and(|found| found.is_file());
        if !inside || !is_file || to.symlink_metadata().is_ok() {
            continue;
        }
        if !makes_room(path, relative)? {
            continue;
        }
        std::fs::copy(&from, &to)
            .with_context(|| format!("`{line}` cannot be copied into the worktree"))?;
    }
    Ok(())
}

/// Makes the directories above `relative` in `top`; whether they are directories, and nowhere else.
fn makes_room(top: &Path, relative: &Path) -> Result<bool> {
    let mut place = top.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        place.push(part);
        match place.symlink_metadata() {
            Ok(found) if !found.is_dir() => return Ok(false),
            Ok(_) => {}
            Err(_) => std::fs::create_dir(&place)
                .with_context(|| format!("`{}` cannot be made", place.display()))?,
        }
    }
    Ok(true)
}

/// Makes a new worktree usable, by the command that the user approved for it.
pub(super) fn set_up(setup: &str, path: &Path) -> Result<()> {
    let mut command = Command::new("sh").arg("-c").arg(setup).dir(path);
    for (name, value) in process::environment::allowed(std::env::vars_os(), &[]) {
        command = command.env(name, value);
    }
    let output = process::run(&command)?;
    anyhow::ensure!(
        output.status == 0,
        "the setup command `{setup}` failed with exit {}: {}",
        output.status,
        output.complaint()
    );
    Ok(())
}
