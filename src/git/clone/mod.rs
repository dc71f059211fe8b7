//! A git directory that whoever works in a worktree has to themselves: isolation `clone`.
//!
//! For us the worktree stays a linked one of the user's repository: by that we look into its files, judge, salvage and
//! clean. For whoever works in it, `.git` is no file that leads there but a repository of its own, which borrows the
//! user's objects as `git clone --shared` does: with configuration, hooks, refs, stash and objects that nobody shares,
//! and without a remote. It is made anew each time the worktree is put somewhere, so that nothing planted in it reaches
//! the next one.
//!
//! We run no git in it and read no configuration of it. Its HEAD and refs are read as the files that they are. Its
//! commits come as `git fetch` with `fetch.fsckObjects` brings them, packed and every object checked before it is
//! kept; but by the two commands that do so and not through a server in a repository that is not ours, which takes
//! five times as long and reads what is configured there.

mod making;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use git2::{ObjectFormat, Oid};

use super::index::{overwrite, remove_if_there};
use super::slots::remove_all;
use super::visits::VISITS;
use super::worktree::HEAD_MAX;
use super::{Expected, Git, Repo, Worktree};
use crate::crash;
use crate::process::Output;
use crate::run::policy::Isolation;

/// Lists the refs that were handed out; in our own directory for the worktree, and written last.
const HANDED_OUT: &str = "enact-handed-out";
/// Lists what was brought in, if what was handed out was an executor's.
const BROUGHT_IN: &str = "enact-brought-in";
/// How the name of a pack begins while its objects are taken over.
const PACK: &str = "enact-pack";
/// The largest pack, in bytes, whose objects go into files of their own.
const LOOSE_MAX: u64 = 4 << 20;

/// How many refs of theirs are looked at.
const REFS_MAX: usize = 10_000;

/// What says that it failed here, and not because of what was to be taken over.
const OUR_TROUBLE: [&str; 5] = [
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Too many open files",
    "Input/output error",
];

impl Repo {
    /// From now on, worktrees that this handle and those made of it make or open are isolated so.
    pub fn isolate(&mut self, isolation: Isolation) {
        self.isolation = isolation;
    }

    /// Refuses a repository whose worktrees cannot be isolated so.
    pub fn require_isolation(&self, isolation: Isolation) -> Result<()> {
        if isolation == Isolation::Clone && self.promisor().is_some() {
            bail!(
                "the repository is a partial clone, and what it lacks cannot be fetched from a clone without a remote: \
                 use `--isolation worktree`, or fetch everything with `git fetch --refetch --no-filter`"
            );
        }
        Ok(())
    }
}

impl Worktree {
    /// The git directory that whoever works in it has.
    pub fn their_git_dir(&self) -> PathBuf {
        match self.isolation {
            Isolation::Worktree => self.git_dir().to_owned(),
            Isolation::Clone => self.path().join(".git"),
        }
    }

    /// The git directory with the refs and objects of whoever works in it.
    pub fn their_common_dir(&self, repo: &Repo) -> PathBuf {
        match self.isolation {
            Isolation::Worktree => repo.common_dir().to_owned(),
            Isolation::Clone => self.their_git_dir(),
        }
    }

    /// Whether somebody may have worked in a git directory of their own.
    pub(in crate::git) fn is_handed_out(&self) -> bool {
        self.isolation == Isolation::Clone && was_handed_out(self.git_dir())
    }

    /// Gives whoever works in it next a git directory of their own, with HEAD and index as we have them. What was in
    /// the one before is gone: the caller has brought it in.
    pub(in crate::git) fn hand_out(&self, repo: &Repo) -> Result<()> {
        if self.isolation == Isolation::Worktree {
            return Ok(());
        }
        self.refuse_later_work(repo)?;
        remove_if_there(&self.git_dir().join(BROUGHT_IN))?;
        remove_if_there(&self.git_dir().join(HANDED_OUT))?;
        let dir = self.their_git_dir();
        remove_all(&dir)?;
        let refs = self
            .write_git_dir(repo, &dir)
            .with_context(|| format!("`{}` cannot be made", dir.display()))?;
        crash::step("git-dir-made");
        std::fs::write(self.git_dir().join(HANDED_OUT), refs)
            .context("it cannot be noted what was handed out")
    }

    /// Brings what was committed in their git directory into the user's repository: `branch`, and whatever else their
    /// refs and logs name. Our HEAD is theirs then. Why git refuses what `branch` has, if it does.
    pub fn bring_in(&self, repo: &Repo, branch: &str, base: Oid) -> Result<Option<String>> {
        let theirs = self.their_git_dir().symlink_metadata();
        if !self.is_handed_out() || !theirs.is_ok_and(|found| found.is_dir()) {
            return Ok(None);
        }
        let tip = self.their_ref(repo, branch).filter(|tip| *tip != base);
        let refused = match tip {
            Some(tip) => self.take_over(repo, base, &[tip])?,
            None => None,
        };
        let odb = repo.raw().odb()?;
        let named = self.named(repo);
        let others = named.iter().copied().filter(|other| !odb.exists(*other));
        let others: Vec<Oid> = others.collect();
        if !others.is_empty() && self.take_over(repo, base, &others)?.is_some() {
            // What is refused of them, or gone, keeps nothing else away.
            for other in others {
                self.take_over(repo, base, &[other])?;
            }
        }
        if let Some(tip) = tip.filter(|_| refused.is_none()) {
            let found = repo.read(branch)?;
            let expected = found.map_or(Expected::Missing, Expected::At);
            if found != Some(tip)
                && repo
                    .move_to(branch, tip, expected, "git enact: brought in")?
                    .is_err()
            {
                bail!("`{branch}` is being moved by somebody else");
            }
        }
        let seen: String = named.iter().map(|oid| format!("{oid}\n")).collect();
        std::fs::write(self.git_dir().join(BROUGHT_IN), seen)
            .context("it cannot be noted what was brought in")?;
        crash::step("brought-in");
        let mut head = read(&self.their_git_dir().join("HEAD")).into_bytes();
        head.truncate(HEAD_MAX);
        overwrite(&self.git_dir().join("HEAD"), &head)
            .context("the worktree's HEAD cannot be written")?;
        Ok(refused)
    }

    /// Refuses to lose what somebody committed there and nobody brought in: after the attempt, or in one that no driver
    /// has come back to. What commands that verify commit for themselves is nothing to keep.
    pub(in crate::git) fn refuse_later_work(&self, repo: &Repo) -> Result<()> {
        let seen = std::fs::read_to_string(self.git_dir().join(BROUGHT_IN));
        let is_an_attempts = || read(&self.git_dir().join("HEAD")).starts_with("ref: ");
        if seen.is_err() && !is_an_attempts() {
            return Ok(());
        }
        let seen = seen.unwrap_or_default();
        let odb = repo.raw().odb()?;
        let is_seen = |oid: &Oid| seen.contains(&oid.to_string()) || odb.exists(*oid);
        let Some(later) = self.named(repo).into_iter().find(|oid| !is_seen(oid)) else {
            return Ok(());
        };
        let dir = self.their_git_dir();
        let dir = dir.display();
        bail!(
            "`{dir}` has commits that are not the run's: keep them with \
             `git fetch '{dir}' {later}:refs/heads/NAME`, or remove it"
        )
    }

    /// What their refs and logs name besides what was handed out.
    pub(in crate::git) fn named(&self, repo: &Repo) -> BTreeSet<Oid> {
        if !self.is_handed_out() {
            return BTreeSet::new();
        }
        let dir = self.their_git_dir();
        let format = repo.raw().object_format();
        let handed_out = std::fs::read_to_string(self.git_dir().join(HANDED_OUT));
        let handed_out = handed_out.unwrap_or_default();
        let known: BTreeSet<Oid> = packed(&handed_out, format).map(|(oid, _)| oid).collect();
        let mut named: BTreeSet<Oid> = BTreeSet::new();
        let packed_refs = read(&dir.join("packed-refs"));
        named.extend(packed(&packed_refs, format).map(|(oid, _)| oid));
        let mut open = vec![dir.join("refs")];
        // No link is followed: it may lead anywhere, and back.
        while let Some(place) = open.pop().filter(|_| named.len() < REFS_MAX) {
            match place.symlink_metadata() {
                Ok(found) if found.is_dir() => {
                    let entries = std::fs::read_dir(&place).into_iter().flatten().flatten();
                    open.extend(entries.map(|entry| entry.path()));
                }
                Ok(_) => named.extend(oid(read(&place).trim(), format)),
                Err(_) => {}
            }
        }
        named.extend(oid(read(&dir.join("HEAD")).trim(), format));
        for log in ["logs/HEAD", "logs/refs/stash"] {
            let log = read(&dir.join(log));
            let newest = log.lines().rev().take(VISITS);
            named.extend(newest.filter_map(|line| oid(line.split(' ').nth(1)?, format)));
        }
        named.retain(|oid| !known.contains(oid) && !oid.is_zero());
        named
    }

    /// What a ref of theirs names.
    pub(in crate::git) fn their_ref(&self, repo: &Repo, name: &str) -> Option<Oid> {
        let (dir, format) = (self.their_git_dir(), repo.raw().object_format());
        oid(read(&dir.join(name)).trim(), format).or_else(|| {
            let packed_refs = read(&dir.join("packed-refs"));
            let mut found = packed(&packed_refs, format).filter(|(_, packed)| *packed == name);
            found.next().map(|(oid, _)| oid)
        })
    }

    /// Takes over `commits` and all that they need besides `base`; why git refuses them, if it does.
    fn take_over(&self, repo: &Repo, base: Oid, commits: &[Oid]) -> Result<Option<String>> {
        let theirs = self.their_git_dir().join("objects");
        let wanted: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
        let packed = Git::new(repo)?
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted_path(&theirs))
            .stdin(format!("{wanted}^{base}\n"))
            .args([
                "-c",
                "pack.packSizeLimit=0",
                "pack-objects",
                "--revs",
                "--quiet",
                "--delta-base-offset",
            ])
            .run([self.git_dir().join(PACK)])?;
        if packed.status != 0 {
            return refused(&packed);
        }
        let file = |end: &str| {
            self.git_dir()
                .join(format!("{PACK}-{}.{end}", packed.text()))
        };
        let pack = file("pack");
        let is_large = pack.metadata().is_ok_and(|found| found.len() > LOOSE_MAX);
        let how: &[&str] = match is_large {
            true => &["index-pack", "--strict", "--stdin"],
            false => &["unpack-objects", "--strict", "-q"],
        };
        let taken = Git::new(repo)?.stdin_from(&pack).run(how)?;
        for end in ["pack", "idx", "rev"] {
            remove_if_there(&file(end))?;
        }
        refused(&taken)
    }
}

/// Whether the worktree with this git directory of ours was isolated as a clone.
pub(in crate::git) fn was_handed_out(git_dir: &Path) -> bool {
    git_dir.join(HANDED_OUT).exists()
}

/// Why git refused what it was given, in a line, if it did.
fn refused(output: &Output) -> Result<Option<String>> {
    if output.status == 0 {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if OUR_TROUBLE.iter().any(|trouble| said.contains(trouble)) {
        bail!(
            "what was committed cannot be taken over: {}",
            output.complaint()
        );
    }
    let mut causes = said
        .lines()
        .filter_map(|line| Some(line.trim().split_once(": ")?.1));
    // What comes first is the cause of the rest.
    let first = causes
        .clone()
        .find(|line| line.starts_with("object "))
        .or_else(|| causes.next());
    Ok(Some(
        first.map_or_else(|| output.complaint(), str::to_owned),
    ))
}

/// The refs that such a text names.
fn packed(text: &str, format: ObjectFormat) -> impl Iterator<Item = (Oid, &str)> {
    text.lines().filter_map(move |line| {
        let (hex, name) = line.split_once(' ')?;
        Some((oid(hex, format)?, name))
    })
}

/// A path in a list that colons separate.
fn quoted_path(path: &Path) -> OsString {
    let path = path.as_os_str();
    if !path.as_bytes().contains(&b':') {
        return path.to_owned();
    }
    let mut quoted = vec![b'"'];
    for byte in path.as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

/// What a small file of theirs says; nothing where they have put something else.
fn read(path: &Path) -> String {
    let bytes = crate::process::supervise::read_left(path, 64 << 20).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn oid(hex: &str, format: ObjectFormat) -> Option<Oid> {
    let length = if format == ObjectFormat::Sha1 { 40 } else { 64 };
    let oid = Oid::from_str_ext(hex, format).ok()?;
    (hex.len() == length).then_some(oid)
}
