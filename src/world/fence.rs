//! What a sandbox leaves open to whoever works in a worktree: its files, what git writes for a commit on the task's
//! branch, a directory for temporary files that is nobody else's, and what the user named.
//!
//! In a clone nothing of the user's repository is open. In a worktree its objects are, and the directory of the
//! run's task branches: neither `packed-refs` nor anything else at the top of the git directory, which no commit needs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Local;
use crate::attempt;
use crate::git::{self, Repo, Worktree};
use crate::journal::layout;
use crate::plan::TaskId;
use crate::process::environment;
use crate::process::sandbox::Sandbox;
use crate::process::supervise::Order;
use crate::run::policy::{Isolation, Policy};
use crate::run::sandbox;

/// How the names of directories for temporary files begin.
const TEMP: &str = "enact-tmp-";

/// What is open in the worktrees of a run.
#[derive(Debug, Clone)]
pub(super) struct Fence {
    policy: sandbox::Sandbox,
    /// Directories of task branches, which git makes as it needs them.
    branches: Vec<PathBuf>,
    /// In all of them.
    shared: Vec<PathBuf>,
    /// In the one that is worked in.
    own: Vec<PathBuf>,
}

impl Fence {
    /// What is open to all attempts of `run`; `None` without a sandbox.
    pub(super) fn of(repo: &Repo, run: &str, policy: &Policy) -> Option<Self> {
        if policy.sandbox.is_none() {
            return None;
        }
        let common = repo.common_dir();
        let (mut branches, mut shared) = (Vec::new(), Vec::new());
        if policy.isolation == Isolation::Worktree {
            let below = layout::task_branches(run);
            branches = vec![common.join(&below), common.join("logs").join(&below)];
            shared = vec![common.join("objects")];
        }
        // Where git-lfs puts what it takes out of commits, in clones too.
        shared.extend(Some(common.join("lfs")).filter(|lfs| lfs.is_dir()));
        shared.extend(policy.sandbox.write.iter().filter_map(|path| home(path)));
        Some(Self {
            policy: policy.sandbox.clone(),
            branches,
            shared,
            own: Vec::new(),
        })
    }

    /// The same for whoever works in `worktree`.
    pub(super) fn around(&self, worktree: &Worktree) -> Self {
        Self {
            own: vec![worktree.path().to_owned(), worktree.their_git_dir()],
            ..self.clone()
        }
    }

    /// Confines what `order` starts to this, and to the files `also`, which are made if they are not there: neither
    /// kind of sandbox can open what is still to come.
    pub(super) fn confine(&self, order: &mut Order, also: &[&Path]) -> Result<()> {
        let temp = temp_of(&order.dir);
        git::remove_all(&temp)?;
        for dir in self.branches.iter().chain([&temp]) {
            make(dir)?;
        }
        for file in also {
            std::fs::write(file, b"")
                .with_context(|| format!("`{}` cannot be made", file.display()))?;
        }
        let open = self.own.iter().chain(&self.branches).chain(&self.shared);
        let open = open.chain([&temp]).map(PathBuf::as_path);
        let open = open.chain(also.iter().copied());
        order.sandbox = Some(Sandbox {
            level: self.policy.level,
            writable: open
                .filter(|place| place.exists())
                .map(OsString::from)
                .collect(),
            network: self.policy.network,
        });
        order.env.push(("TMPDIR".into(), temp.into()));
        Ok(())
    }
}

impl Local {
    /// Confines an executor in `worktree`, if executors are confined.
    pub(super) fn confine(
        &self,
        order: &mut Order,
        worktree: &Worktree,
        also: &[&Path],
    ) -> Result<()> {
        match &self.fence() {
            Some(fence) => fence.around(worktree).confine(order, also),
            None => Ok(()),
        }
    }

    /// Has the executor's git move no ref but the branch of `task`. Only where it shares the user's.
    pub(super) fn lay_rails(
        &self,
        order: &mut Order,
        worktree: &Worktree,
        task: &TaskId,
        told: &Path,
    ) -> Result<()> {
        let policy = self.approved.policy();
        if !policy.guard || policy.isolation == Isolation::Clone {
            return Ok(());
        }
        let dir = attempt::ending(told, "rails");
        let branch = self.branch_of(task);
        self.site.repo.lay_rails(&dir, worktree, &branch)?;
        environment::set(&mut order.env, git::HOOKS_PATH, dir.as_os_str());
        Ok(())
    }

    /// What is open to the run's attempts, and to the commands that verify them.
    pub(super) fn fence(&self) -> Option<Fence> {
        Fence::of(&self.site.repo, &self.site.run, self.approved.policy())
    }
}

/// Where whoever works in `worktree` puts temporary files while confined.
pub(super) fn temp_of(worktree: &Path) -> PathBuf {
    let mut name = OsString::from(TEMP);
    name.push(worktree.file_name().unwrap_or_default());
    worktree.with_file_name(name)
}

/// Whether `place` is such a directory, and nobody's any more.
pub(super) fn is_left_temp(place: &Path) -> bool {
    let name = place.file_name().map(OsStr::to_string_lossy);
    let worktree = name.as_ref().and_then(|name| name.strip_prefix(TEMP));
    worktree.is_some_and(|worktree| !place.with_file_name(worktree).exists())
}

fn make(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("`{}` cannot be made", dir.display()))
}

/// The path with `~` for the home directory.
fn home(path: &str) -> Option<PathBuf> {
    match path.strip_prefix("~/") {
        Some(below) => Some(PathBuf::from(std::env::var_os("HOME")?).join(below)),
        None => Some(path.into()),
    }
}
