//! A worktree that is kept and moved from base to base, and never trusted.
//!
//! Whoever ran in it may have changed anything: its files, its index, its HEAD, the file that says which
//! repository it belongs to. So git is always told where things are, the index that judges is our own (see
//! `index`), and what may be discarded is said by the caller, after it was salvaged (see `salvage`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use git2::Oid;

use super::ignored::Pins;
use super::index::{Stamp, overwrite, remove_if_there};
use super::slots::{OURS, remove_all};
use super::times::second;
use super::traps::plain_text;
use super::{BRANCHES, Expected, Git, Head, Repo};
use crate::crash;
use crate::process::Output;
use crate::run::policy::Isolation;

/// How many paths are named when a worktree is dirty.
const NAMED: usize = 20;

/// The longest HEAD that is covered before it is cut, in bytes: a ref name at its longest, and more.
pub(in crate::git) const HEAD_MAX: usize = 1 << 12;

/// From how many files on that git had to look into anew it is worth to note what it saw.
const UNSEEN: usize = 32;

/// State files of commands that were not finished, and what to call those.
const UNFINISHED: [(&str, &str); 9] = [
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick or revert"),
    ("BISECT_START", "bisect"),
    ("BISECT_LOG", "bisect"),
];

/// What else is lost with a clone's own git directory.
const TOGETHER: &str = ", and what was committed in it is gone with it";

/// What else such commands and killed processes leave in a worktree's git directory.
const LEFTOVERS: [&str; 14] = [
    "MERGE_MODE",
    "MERGE_MSG",
    "MERGE_RR",
    "AUTO_MERGE",
    "SQUASH_MSG",
    "REBASE_HEAD",
    "BISECT_NAMES",
    "BISECT_TERMS",
    "BISECT_EXPECTED_REV",
    "index.lock",
    "HEAD.lock",
    "enact-index.lock",
    "enact-scratch.lock",
    "enact-nested.lock",
];

/// A linked worktree of ours.
#[derive(Debug)]
pub struct Worktree {
    path: PathBuf,
    git_dir: PathBuf,
    /// The commit it was last seen clean at, with nobody let into it since.
    settled: Option<Oid>,
    /// How many entries the private index has, at most, whose files git looked into and could not note it.
    pub(in crate::git) unseen: usize,
    /// The tree that the private index matches, and how to know the file again.
    pub(in crate::git) index: Option<(Oid, Stamp)>,
    /// What the repository's `info/exclude` said when it was made.
    pub(in crate::git) excludes: Vec<u8>,
    /// Settings that hold whatever the configuration says by now.
    pub(in crate::git) pins: Pins,
    /// The second in which this process came to know it, until it was looked at in a later one: what was changed
    /// in that second may have been given its old time back, what is changed later has another second.
    pub(in crate::git) recent: Option<i64>,
    /// Why it is locked, as git has it from us.
    pub(in crate::git) reason: String,
    /// What whoever works in it has of the repository.
    pub(in crate::git) isolation: Isolation,
}

/// What is uncommitted in a worktree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Which of them are repositories: what changed is in them.
    pub links: Vec<String>,
    /// The first paths, for people.
    pub paths: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// Whether the repository's `info/exclude` is not what it was when the worktree was made: files may
    /// be hidden by it.
    pub excludes_changed: bool,
}

impl Dirty {
    /// Whether nothing is uncommitted.
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }
}

impl Worktree {
    pub(in crate::git) fn new(path: PathBuf, git_dir: PathBuf, pins: Pins) -> Self {
        Self {
            path,
            git_dir,
            pins,
            settled: None,
            index: None,
            excludes: Vec::new(),
            unseen: usize::MAX,
            recent: Some(second(SystemTime::now())),
            reason: String::new(),
            isolation: Isolation::default(),
        }
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its own git directory, within the repository's.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The repository's git directory, as we know it.
    pub(in crate::git) fn common_dir(&self) -> &Path {
        let worktrees = self
            .git_dir
            .parent()
            .filter(|dir| dir.ends_with("worktrees"));
        worktrees.and_then(Path::parent).unwrap_or(&self.git_dir)
    }

    /// Whether it still is the worktree we made, or why it is not.
    pub fn verify(&self) -> Result<(), String> {
        let is_dir = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
        if !is_dir(&self.path) {
            let lost = match self.isolation {
                Isolation::Worktree => "",
                Isolation::Clone => TOGETHER,
            };
            let place = self.path.display();
            return Err(format!("`{place}` is no directory any more{lost}"));
        }
        if !is_dir(&self.git_dir) {
            return Err("git no longer knows the worktree".to_owned());
        }
        let dot_git = self.path.join(".git");
        let found = dot_git.symlink_metadata();
        match self.isolation {
            Isolation::Worktree if !found.is_ok_and(|found| found.is_file()) => {
                return Err("its `.git` file is gone".to_owned());
            }
            Isolation::Clone if self.is_handed_out() && !is_dir(&dot_git) => {
                return Err(format!("its `.git` directory is gone{TOGETHER}"));
            }
            Isolation::Worktree | Isolation::Clone => {}
        }
        let points = |file: &Path, prefix: &str, from: &Path, to: &Path| {
            let text = plain_text(file).unwrap_or_default();
            let target = text
                .strip_prefix(prefix)
                .unwrap_or_default()
                .trim_end_matches('\n');
            !target.is_empty() && from.join(target).canonicalize().ok() == to.canonicalize().ok()
        };
        let is_linked = self.isolation == Isolation::Worktree;
        if is_linked && !points(&dot_git, "gitdir: ", &self.path, &self.git_dir) {
            return Err("its `.git` file points elsewhere".to_owned());
        }
        if !points(&self.git_dir.join("gitdir"), "", &self.git_dir, &dot_git) {
            return Err("git looks for the worktree elsewhere".to_owned());
        }
        let common = self.common_dir();
        if !points(&self.git_dir.join("commondir"), "", &self.git_dir, common) {
            return Err("the worktree belongs to another repository".to_owned());
        }
        Ok(())
    }

    /// Where its HEAD stands.
    pub fn head(&self, repo: &Repo) -> Result<Head> {
        let head = self.git_dir.join("HEAD");
        // Git takes a directory with a link for HEAD for no repository.
        if !head.symlink_metadata().is_ok_and(|found| found.is_file()) {
            bail!("the worktree's HEAD is no file");
        }
        let text = std::fs::read_to_string(head).context("the worktree's HEAD cannot be read")?;
        let text = text.trim();
        if let Some(branch) = text.strip_prefix("ref: ") {
            let branch = branch.trim();
            return Ok(Head {
                branch: Some(branch.to_owned()),
                commit: repo.read(branch)?,
            });
        }
        let commit = Oid::from_str_ext(text, repo.raw().object_format())
            .context("the worktree's HEAD names neither a branch nor a commit")?;
        Ok(Head {
            branch: None,
            commit: Some(commit),
        })
    }

    /// Lets git look into the files again when its directory for the worktree was removed: what is there can
    /// then be salvaged.
    pub fn mend(&mut self, repo: &Repo) -> Result<()> {
        if self.git_dir.exists() || !self.path.is_dir() {
            return Ok(());
        }
        let write = |name: &str, text: String| std::fs::write(self.git_dir.join(name), text);
        std::fs::create_dir_all(&self.git_dir)
            .and_then(|()| write("commondir", "../..\n".to_owned()))
            .and_then(|()| write("HEAD", format!("ref: {BRANCHES}lost\n")))
            .and_then(|()| write("gitdir", format!("{}/.git\n", self.path.display())))
            .and_then(|()| write("locked", format!("{OURS}: its directory was removed\n")))
            .with_context(|| format!("`{}` cannot be made again", self.git_dir.display()))?;
        self.note_excludes(repo)
    }

    /// What git command is unfinished in it: `merge`, `rebase` and the like.
    pub fn in_progress(&self) -> Option<&'static str> {
        let dir = self.their_git_dir();
        UNFINISHED
            .iter()
            .find(|(file, _)| dir.join(file).symlink_metadata().is_ok())
            .map(|(_, name)| *name)
    }

    /// Whether it was last seen clean where its HEAD still stands, with nobody let into it since.
    pub fn is_settled(&self, repo: &Repo) -> bool {
        let head = self.head(repo).ok().and_then(|head| head.commit);
        self.settled.is_some() && self.settled == head
    }

    /// Somebody is about to be let in: what was known of its state is known no longer.
    pub fn unsettle(&mut self) {
        self.settled = None;
    }

    /// What differs from the files of `tip`, or is there besides them and not ignored.
    pub fn dirty(&mut self, repo: &Repo, tip: Oid) -> Result<Dirty> {
        self.settled = None;
        let paths = self.changes(repo, tip)?;
        let dirty = Dirty {
            count: paths.len(),
            paths: paths
                .iter()
                .take(NAMED)
                .map(|path| String::from_utf8_lossy(path).into_owned())
                .collect(),
            links: self.changed_links(repo, tip, &paths)?,
            excludes_changed: self.excludes_changed(repo),
        };
        let is_settled = dirty.is_clean()
            && !dirty.excludes_changed
            && self.in_progress().is_none()
            && self.head(repo)?.commit == Some(tip);
        self.settled = is_settled.then_some(tip);
        Ok(dirty)
    }

    /// The paths of [`Worktree::dirty`]; a repository within the worktree ends with a slash.
    pub(in crate::git) fn changes(&mut self, repo: &Repo, tip: Oid) -> Result<Vec<Vec<u8>>> {
        self.bring_index(repo, tip)?;
        self.distrust_recent(repo)?;
        let output = match self.status() {
            Ok(output) => output,
            // A power cut may have torn the index: it is made of the tree, and can be made again.
            Err(_) => {
                self.forget_index()?;
                self.bring_index(repo, tip)?;
                self.status()?
            }
        };
        // `XY path`: X compares the index with HEAD, which is not asked here; Y the files with the index.
        let changes = output.stdout.split(|byte| *byte == 0).filter_map(|line| {
            let (flags, path) = (line.get(..2)?, line.get(3..)?);
            (flags[1] != b' ').then(|| path.to_vec())
        });
        let mut changes: Vec<Vec<u8>> = changes.collect();
        for hidden in self.hidden(repo)? {
            if !changes.contains(&hidden) {
                changes.push(hidden);
            }
        }
        Ok(changes)
    }

    fn status(&mut self) -> Result<Output> {
        // The index is ours alone, and what git learns of the files should stay in it; but to write it each
        // time costs more than to look into a few files again.
        let notes = self.unseen >= UNSEEN;
        let output = Git::within(self)?
            .env("GIT_INDEX_FILE", self.private())
            .env("GIT_OPTIONAL_LOCKS", if notes { "1" } else { "0" })
            .check([
                "status",
                "--porcelain=v1",
                "-z",
                "--untracked-files=all",
                "--no-renames",
                "--ignore-submodules=none",
            ])?;
        if notes {
            self.vouch_again()?;
            self.unseen = 0;
        }
        Ok(output)
    }

    /// Writes a HEAD that names `commit`; the files stay as they are.
    pub fn rest_on(&self, commit: Oid) -> Result<()> {
        let head = self.git_dir.join("HEAD");
        std::fs::write(&head, format!("{commit}\n"))
            .with_context(|| format!("`{}` cannot be written", head.display()))
    }

    /// Puts HEAD back on `branch` where it says nothing that git understands: without one, git does not take
    /// the worktree for any and what is in it could not be kept.
    pub fn reattach(&self, branch: &str) -> Result<()> {
        self.write_head(&format!("ref: {branch}\n"))
    }

    /// Puts `branch` at `to` and the worktree on it, with index and files to match. Refuses to discard
    /// what is uncommitted.
    pub fn switch(&mut self, repo: &Repo, branch: &str, to: Oid) -> Result<()> {
        let at = self.head(repo)?.commit;
        if self.settled.is_none() || self.settled != at {
            let Some(at) = at else {
                bail!("the worktree `{}` has no commit", self.path.display());
            };
            let dirty = self.dirty(repo, at)?;
            if !dirty.is_clean() {
                bail!(
                    "the worktree `{}` holds uncommitted work: {}",
                    self.path.display(),
                    dirty.paths.join(", ")
                );
            }
        }
        self.settled = None;
        self.forget_guest()?;
        self.forget_guests_on(branch)?;
        self.clear_leftovers()?;
        self.install_index()?;
        place_branch(repo, branch, to)?;
        crash::step("branch-placed");
        self.write_head(&format!("ref: {branch}\n"))?;
        // Where nothing but the history has moved on, the files are those of `to` already.
        let is_there = match at {
            Some(at) => at == to || repo.tree_of(at).ok() == Some(repo.tree_of(to)?),
            None => false,
        };
        if !is_there {
            Git::within(self)?.check(["reset", "--hard", "--quiet"])?;
            self.adopt_index(repo, to)?;
        }
        self.forget_visits()?;
        self.hand_out(repo)?;
        self.settled = Some(to);
        Ok(())
    }

    /// Discards everything but ignored files and detaches the worktree at `to`. The caller has salvaged.
    pub fn clean(&mut self, repo: &Repo, to: Oid) -> Result<()> {
        self.settled = None;
        self.forget_guest()?;
        self.clear_leftovers()?;
        self.install_index()?;
        self.write_head(&format!("{to}\n"))?;
        if Git::within(self)?
            .check(["reset", "--hard", "--quiet"])
            .is_err()
        {
            // A torn index again; without one, every file is written anew.
            self.forget_index()?;
            self.install_index()?;
            Git::within(self)?.check(["reset", "--hard", "--quiet"])?;
        }
        Git::within(self)?.check(["clean", "-ffdq"])?;
        // What is hidden is told from what is tracked by the index, which must be that of `to` by now.
        self.adopt_index(repo, to)?;
        for hidden in self.hidden(repo)? {
            remove_all(&self.path.join(OsStr::from_bytes(&hidden)))?;
        }
        self.hand_out(repo)?;
        self.settled = Some(to);
        Ok(())
    }

    /// Takes the worktree, which is settled at `at`, off its branch: whoever runs in it next moves none.
    pub fn detach(&mut self, repo: &Repo, at: Oid) -> Result<()> {
        if !self.is_settled(repo) || self.settled != Some(at) {
            return self.clean(repo, at);
        }
        self.forget_guest()?;
        self.clear_leftovers()?;
        self.install_index()?;
        self.write_head(&format!("{at}\n"))?;
        self.hand_out(repo)
    }

    /// Takes a worktree that git has just made, at `at`, as the start of what we know of it.
    pub(in crate::git) fn adopt(&mut self, repo: &Repo, at: Oid) -> Result<()> {
        self.adopt_index(repo, at)?;
        self.age_files(repo)?;
        self.note_excludes(repo)?;
        self.hand_out(repo)?;
        self.settled = Some(at);
        Ok(())
    }

    /// The state after we committed all that was in it.
    pub fn settle_at(&mut self, tip: Oid) {
        self.settled = Some(tip);
    }

    /// Ends what git commands left unfinished, and what killed ones left locked.
    fn clear_leftovers(&self) -> Result<()> {
        for name in UNFINISHED.iter().map(|(name, _)| name).chain(&LEFTOVERS) {
            let path = self.git_dir.join(name);
            if path.is_dir() {
                std::fs::remove_dir_all(&path)
                    .with_context(|| format!("`{}` cannot be removed", path.display()))?;
            } else {
                remove_if_there(&path)?;
            }
        }
        Ok(())
    }

    /// Writes HEAD where it stands, see [`overwrite`]. A longer text is covered by empty lines, which git does
    /// not mind, before the file is cut: whoever dies in between leaves a HEAD that can be read.
    fn write_head(&self, text: &str) -> Result<()> {
        let head = self.git_dir.join("HEAD");
        let before = head.metadata().map_or(0, |found| found.len());
        let covered = usize::try_from(before).unwrap_or(0).min(HEAD_MAX);
        let padded = format!("{text}{}", "\n".repeat(covered.saturating_sub(text.len())));
        overwrite(&head, padded.as_bytes())
            .and_then(|()| overwrite(&head, text.as_bytes()))
            .context("the worktree's HEAD cannot be written")
    }
}

/// Makes `branch` name `to`, whatever it named.
fn place_branch(repo: &Repo, branch: &str, to: Oid) -> Result<()> {
    repo.remove_if_symbolic(branch)?;
    let expected = match repo.read(branch)? {
        Some(at) if at == to => return Ok(()),
        Some(at) => Expected::At(at),
        None => Expected::Missing,
    };
    match repo.move_to(branch, to, expected, "git enact: task started")? {
        Ok(()) => Ok(()),
        Err(_) => bail!("`{branch}` is being moved by somebody else"),
    }
}
