//! The only module that says `git2` or names the `git` program.
//!
//! Objects, trees and refs are read and written in process; worktrees, checkouts, status and merges with
//! content go through `git`, whose answer differs from libgit2's there (filters, sparse and split indexes,
//! renamed directories). Everything here speaks of commits, trees, refs and paths: it knows neither plans
//! nor runs, and spells none of our ref names.

mod clone;
mod command;
mod damaged;
mod drivers;
mod guests;
mod held;
mod identity;
mod ignored;
mod index;
mod inspect;
mod lent;
mod merge;
mod notes;
mod objects;
mod packed_refs;
mod partial;
mod patch;
mod paths;
mod rails;
mod refs;
mod remnants;
mod salvage;
mod slots;
mod stale;
mod submodules;
mod surroundings;
mod times;
mod touched;
mod traps;
mod visits;
mod whole;
mod worktree;

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, anyhow, bail};
pub use git2::Oid;

pub use command::{Git, Uncommitted, require_version, version};
pub use damaged::{Damaged, damaged};
pub use held::{hold, remove as remove_held};
pub use identity::Identity;
use ignored::Pins;
pub use inspect::Depth;
pub use merge::Merge;
pub use objects::{Commit, Entry, Named, NewCommit, mode, sha256};
pub use packed_refs::PackedDamage;
pub use paths::{Change, ChangeKind};
pub use rails::HOOKS_PATH;
pub use refs::{BRANCHES, Expected, Moved};
pub use remnants::move_aside;
pub use salvage::Message;
pub use slots::{Listed, remove_all};
pub use stale::SharedLock;
pub use surroundings::{Difference, Place, Surroundings, Weight};
pub use times::file_clock;
pub use whole::Soundness;
pub use worktree::{Dirty, Worktree};

use crate::run::policy::Isolation;

/// A repository of the user's, opened for objects and refs.
pub struct Repo {
    raw: git2::Repository,
    common_dir: PathBuf,
    git_dir: PathBuf,
    workdir: Option<PathBuf>,
    pins: Pins,
    /// How worktrees are made for whoever works in them.
    isolation: Isolation,
    /// The user's refs as clones are given them, once somebody has asked.
    handed_refs: Arc<OnceLock<String>>,
}

/// What HEAD says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch it is on; `None` when it is detached.
    pub branch: Option<String>,
    /// The commit; `None` on a branch without one.
    pub commit: Option<Oid>,
}

impl Repo {
    /// Opens the repository that `dir` lies in. Another one that the environment names is refused: git would work
    /// there.
    pub fn discover(dir: &Path) -> Result<Self> {
        // What `git2` calls discovering forgets whose a git directory is that lies elsewhere.
        let (across, no_ceilings) = (git2::RepositoryOpenFlags::CROSS_FS, iter::empty::<&Path>());
        let found = git2::Repository::open_ext(dir, across, no_ceilings)
            .map_err(|error| refusal(dir, &error));
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(named) = named("GIT_DIR") {
            let is_found = |repo: &git2::Repository| {
                let path = dir.join(&named).canonicalize().ok();
                path.is_some() && path == repo.path().canonicalize().ok()
            };
            if !found.as_ref().is_ok_and(is_found) {
                bail!(
                    "GIT_DIR names `{}`, which is not the repository here: go there (`-C DIR`), or unset it",
                    named.display()
                );
            }
        }
        Self::opened(found?)
    }

    /// Refuses where nothing can be written, and while git receives a push: what is written then is thrown away with a
    /// push that is refused.
    pub fn refuse_unwritable(&self) -> Result<()> {
        use rustix::fs::{Access, access};
        if std::env::var_os("GIT_QUARANTINE_PATH").is_some() {
            bail!(
                "git is receiving a push here, and objects that are made meanwhile may be thrown away: \
                 run this once the push is over (a `post-receive` hook is run then)"
            );
        }
        for place in [
            self.common_dir.clone(),
            self.common_dir.join("objects"),
            self.common_dir.join("refs"),
        ] {
            if let Err(why) = access(&place, Access::WRITE_OK | Access::EXEC_OK) {
                bail!(
                    "`{}` cannot be written: {why}; a run keeps all that it knows there",
                    place.display()
                );
            }
        }
        Ok(())
    }

    /// Opens the same repository again, for another thread.
    pub fn reopen(&self) -> Result<Self> {
        let raw = git2::Repository::open(&self.git_dir)
            .map_err(|error| refusal(&self.git_dir, &error))?;
        // A git directory that lies elsewhere does not know whose it is.
        if let Some(checkout) = self.checkout() {
            raw.set_workdir(checkout, false)?;
        }
        Ok(Self {
            pins: self.pins.clone(),
            isolation: self.isolation,
            handed_refs: Arc::clone(&self.handed_refs),
            ..Self::opened(raw)?
        })
    }

    fn opened(raw: git2::Repository) -> Result<Self> {
        // What we write names only what we have just written or read: libgit2 need not look for it again.
        git2::opts::strict_object_creation(false);
        let common_dir = absolute(raw.commondir())?;
        let git_dir = absolute(raw.path())?;
        let workdir = if raw.is_worktree() {
            let main = git2::Repository::open(&common_dir).ok();
            let place = main.and_then(|main| main.workdir().map(Path::to_path_buf));
            place.filter(|place| place.join(".git").exists())
        } else {
            raw.workdir().map(Path::to_path_buf)
        };
        let workdir = workdir.as_deref().map(absolute).transpose()?;
        let pins = Pins::read(&raw);
        Ok(Self {
            pins,
            isolation: Isolation::default(),
            handed_refs: Arc::default(),
            raw,
            common_dir,
            git_dir,
            workdir,
        })
    }

    /// What all worktrees share: objects, refs, configuration.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The git directory of the checkout we were started in.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The main checkout, wherever we were started; `None` when the repository is bare.
    pub fn workdir(&self) -> Option<&Path> {
        self.workdir.as_deref()
    }

    /// The checkout we were started in: the main one, or a linked worktree.
    pub fn checkout(&self) -> Option<&Path> {
        self.raw.workdir()
    }

    /// How `path` is named below the checkout, where it lies there; also where a link that lies there leads it elsewhere,
    /// for where that is is nobody's business.
    pub fn name_in_checkout(&self, path: &Path) -> Option<PathBuf> {
        let top = self.checkout()?.canonicalize().ok()?;
        let below = |path: &Path| {
            Some(
                path.canonicalize()
                    .ok()?
                    .strip_prefix(&top)
                    .ok()?
                    .to_owned(),
            )
        };
        below(path).or_else(|| {
            let named = std::path::absolute(path).ok()?;
            let mut above = named.ancestors().skip(1);
            let (above, name) = above.find_map(|above| Some((above, below(above)?)))?;
            Some(name.join(named.strip_prefix(above).ok()?))
        })
    }

    /// The commit that the user's words name.
    pub fn resolve(&self, rev: &str) -> Result<Oid> {
        use git2::ErrorCode;
        let object = self
            .raw
            .revparse_single(rev)
            .map_err(|error| match error.code() {
                ErrorCode::Ambiguous => anyhow!("`{rev}` is ambiguous: give more of it"),
                ErrorCode::NotFound | ErrorCode::UnbornBranch => {
                    anyhow!("`{rev}` names no commit of this repository")
                }
                _ => anyhow!("`{rev}` cannot be understood: {}", error.message()),
            })?;
        match object.peel_to_commit() {
            Ok(commit) => Ok(commit.id()),
            Err(_) => bail!("`{rev}` is no commit"),
        }
    }

    /// The object id that `hex` spells out in full.
    pub fn oid(&self, hex: &str) -> Result<Oid> {
        let format = self.raw.object_format();
        let length = if format == git2::ObjectFormat::Sha1 {
            40
        } else {
            64
        };
        match Oid::from_str_ext(hex, format) {
            Ok(oid) if hex.len() == length => Ok(oid),
            _ => bail!("`{}` is no full hash", hex.escape_debug()),
        }
    }

    /// Where HEAD of the checkout stands that we were started in.
    pub fn head(&self) -> Result<Head> {
        head_of(&self.raw)
    }

    /// A value of the user's git configuration.
    pub fn config(&self, name: &str) -> Option<String> {
        if command::is_spoken() {
            // libgit2 does not hear what was said by `git -c`.
            let output = Git::here(self).ok()?.run(["config", "--get", name]).ok()?;
            return (output.status == 0).then(|| output.text());
        }
        self.raw.config().ok()?.get_string(name).ok()
    }

    /// The values of the user's git configuration whose names begin with `prefix`, each with the rest of its
    /// name, in their order.
    pub fn config_below(&self, prefix: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let config = self.raw.config().and_then(|mut config| config.snapshot());
        let Ok(config) = config else { return found };
        if let Ok(entries) = config.entries(None) {
            // What is no text names nothing of ours.
            let each = entries.for_each(|entry| {
                if let (Ok(name), Ok(value)) = (entry.name(), entry.value())
                    && let Some(rest) = name.strip_prefix(prefix)
                {
                    found.push((rest.to_owned(), value.to_owned()));
                }
            });
            each.unwrap_or_default();
        }
        found
    }

    /// A path of the user's configuration, with `~` for their home as git has it.
    pub fn config_path(&self, name: &str) -> Option<PathBuf> {
        self.raw.config().ok()?.get_path(name).ok()
    }

    /// From now on, every command runs the filters and merge drivers that the look `before` saw, and no others of this
    /// repository's.
    pub fn hold_to(&mut self, before: &Surroundings) {
        self.pins.hold_to(&self.raw, before);
    }

    pub(in crate::git) fn pins(&self) -> &Pins {
        &self.pins
    }

    pub(in crate::git) fn raw(&self) -> &git2::Repository {
        &self.raw
    }
}

/// From now on this process reads objects as git does: the checksum of their compression is looked at, their
/// hash is not computed again. For commands that only show what is there.
pub fn trust_hashes() {
    git2::opts::strict_hash_verification(false);
}

/// Where HEAD of `raw` stands.
fn head_of(raw: &git2::Repository) -> Result<Head> {
    let head = raw.find_reference("HEAD").with_context(|| {
        let all = damaged(raw.path());
        all.first()
            .map_or_else(|| "HEAD cannot be read".to_owned(), Damaged::said)
    })?;
    let branch = head
        .symbolic_target_bytes()
        .map(|name| String::from_utf8_lossy(name).into_owned());
    let commit = head
        .resolve()
        .ok()
        .and_then(|at| at.peel_to_commit().ok())
        .map(|commit| commit.id());
    Ok(Head { branch, commit })
}

/// The path without links and `..`, so that two spellings of one directory compare equal.
fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("`{}` cannot be read", path.display()))
}

/// Why a repository could not be opened, as one line that says what to do.
fn refusal(dir: &Path, error: &git2::Error) -> anyhow::Error {
    let is_there = dir.exists();
    // Whoever follows the advice stands elsewhere by then.
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    if let Some(first) = damaged(&dir).first() {
        return anyhow!("no repository can be opened here: {}", first.said());
    }
    let dir = dir.display();
    match error.code() {
        git2::ErrorCode::NotFound if !is_there => anyhow!("`{dir}` does not exist"),
        git2::ErrorCode::NotFound => anyhow!("`{dir}` is not in a git repository"),
        git2::ErrorCode::Owner => anyhow!(
            "the repository at `{dir}` belongs to somebody else; if you trust it: \
             `git config --global --add safe.directory '{dir}'`"
        ),
        _ if error
            .message()
            .to_ascii_lowercase()
            .contains("extensions.refstorage") =>
        {
            anyhow!(
                "the repository at `{dir}` says in `extensions.refStorage` how it keeps its refs, and reftables are not \
                 supported; git 2.46 or newer converts them: `git -C '{dir}' refs migrate --ref-format=files`; where \
                 it says `files`: `git -C '{dir}' config --unset extensions.refStorage`"
            )
        }
        _ => anyhow!(
            "the repository at `{dir}` cannot be opened: {}",
            error.message()
        ),
    }
}
