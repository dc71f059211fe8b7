//! Keeping what an executor left uncommitted.
//!
//! A salvage is a commit that holds every tracked and untracked file that git does not ignore, made with
//! a scratch index: neither the worktree nor its own index is touched. The same tree becomes the task's
//! commit where the tool commits for the executor.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use git2::{Index, Oid};

use super::index::{copy_with_time, remove_if_there};
use super::{Expected, Git, Identity, NewCommit, Repo, Worktree, mode};
use crate::crash;

/// What a commit of ours says, and who says it when.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The message.
    pub text: &'a str,
    /// Who.
    pub author: &'a Identity,
    /// When, in seconds since 1970.
    pub time: i64,
}

impl Worktree {
    /// Stores what differs from `tip` as a commit on top of it that no ref names; `None` when nothing does.
    /// Of the repositories that it only names, `links` (see [`Worktree::loose_links`]) are stored with their files.
    pub fn salvage(
        &mut self,
        repo: &Repo,
        tip: Oid,
        links: &[String],
        message: Message<'_>,
    ) -> Result<Option<Oid>> {
        let tree = self.gather(repo, tip, links)?;
        remove_if_there(&self.scratch())?;
        self.commit_tree(repo, tip, tree, message)
    }

    /// Commits everything onto `branch`, which stands at `tip`, as the executor would have; the worktree's
    /// own index follows. `None` when there is nothing to commit.
    pub fn commit_all(
        &mut self,
        repo: &Repo,
        branch: &str,
        tip: Oid,
        message: Message<'_>,
    ) -> Result<Option<Oid>> {
        let tree = self.gather(repo, tip, &[])?;
        let commit = self.commit_tree(repo, tip, tree, message)?;
        if let Some(commit) = commit {
            let moved = repo.move_to(branch, commit, Expected::At(tip), "git enact: commit")?;
            if moved.is_err() {
                bail!("`{branch}` moved while its worktree was being committed");
            }
            crash::step("tool-committed");
            self.adopt_index_file(&self.scratch(), tree)?;
            self.install_index()?;
            self.settle_at(commit);
        }
        remove_if_there(&self.scratch())?;
        Ok(commit)
    }

    /// Lays the files of `salvage` out over `tip`, where the worktree stands clean: uncommitted again, as
    /// they were left.
    pub fn restore(&mut self, tip: Oid, salvage: Oid) -> Result<()> {
        self.unsettle();
        let (tip, salvage) = (tip.to_string(), salvage.to_string());
        Git::within(self)?.check(["read-tree", "-m", "-u", &tip, &salvage])?;
        Git::within(self)?.check(["read-tree", &tip])?;
        Ok(())
    }

    fn scratch(&self) -> std::path::PathBuf {
        self.git_dir().join("enact-scratch")
    }

    fn commit_tree(
        &self,
        repo: &Repo,
        tip: Oid,
        tree: Oid,
        message: Message<'_>,
    ) -> Result<Option<Oid>> {
        if tree == repo.tree_of(tip)? {
            return Ok(None);
        }
        repo.write_commit(&NewCommit {
            tree,
            parents: &[tip],
            message: message.text,
            author: message.author,
            time: message.time,
        })
        .map(Some)
    }

    /// The tree of everything in the worktree; the scratch index matches it.
    fn gather(&mut self, repo: &Repo, tip: Oid, links: &[String]) -> Result<Oid> {
        self.unsettle();
        let changes = self.changes(repo, tip)?;
        let new = changes.iter().filter_map(|path| path.strip_suffix(b"/"));
        let mut nested: Vec<&[u8]> = new.chain(links.iter().map(String::as_bytes)).collect();
        nested.sort_unstable();
        nested.dedup();
        nested.retain(|path| self.holds(path));
        let scratch = self.scratch();
        copy_with_time(&self.private(), &scratch)?;
        if add_all(Git::within(self)?, &scratch, &nested).is_err() {
            self.open_up(&changes);
            add_all(Git::within(self)?, &scratch, &nested)?;
        }
        add_hidden(Git::within(self)?, &scratch, &self.hidden(repo)?)?;
        let mut index = Index::open_ext(&scratch, repo.raw().object_format())
            .context("the scratch index cannot be opened")?;
        if !nested.is_empty() {
            for path in nested {
                self.gather_nested(repo, &mut index, path)?;
            }
            index.write()?;
        }
        index
            .write_tree_to(repo.raw())
            .context("what the worktree holds could not be written")
    }

    /// Whether `path` is a directory of the worktree's own, and no link leads there: a commit may name anything.
    fn holds(&self, path: &[u8]) -> bool {
        let place = self.path().join(OsStr::from_bytes(path));
        let real = self
            .path()
            .canonicalize()
            .map(|root| root.join(OsStr::from_bytes(path)));
        place.is_dir() && place.canonicalize().ok() == real.ok()
    }

    /// Makes readable what its writer made unreadable: kept with other permissions is better than lost.
    fn open_up(&self, paths: &[Vec<u8>]) {
        use std::os::unix::fs::PermissionsExt as _;
        for path in paths {
            let path = self.path().join(OsStr::from_bytes(path));
            let Ok(found) = path.symlink_metadata() else {
                continue;
            };
            let mode = found.permissions().mode();
            if found.is_file() && mode & 0o400 == 0 {
                // What still cannot be read is reported by the next attempt to add it.
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode | 0o600))
                    .unwrap_or_default();
            }
        }
    }

    /// Adds the files of a repository that somebody made inside the worktree: git would keep no more than
    /// the name of its commit, which is lost with it.
    fn gather_nested(&self, repo: &Repo, index: &mut Index, name: &[u8]) -> Result<()> {
        let relative = Path::new(OsStr::from_bytes(name));
        let scratch = self.git_dir().join("enact-nested");
        remove_if_there(&scratch)?;
        let within = || {
            let git = Git::below(self, &self.path().join(relative))?;
            Ok::<_, anyhow::Error>(git.env("GIT_INDEX_FILE", &scratch))
        };
        let found = within()?.check(["ls-files", "--others", "--exclude-standard", "-z"])?;
        let paths = found.stdout.split(|byte| *byte == 0);
        let deeper: Vec<&[u8]> = paths.filter_map(|path| path.strip_suffix(b"/")).collect();
        add_all(within()?, &scratch, &deeper)?;
        let inner = Index::open_ext(&scratch, repo.raw().object_format())?;
        if index
            .get_path(relative, 0)
            .is_some_and(|entry| i32::try_from(entry.mode).is_ok_and(|found| found == mode::COMMIT))
        {
            index.remove(relative, 0)?;
        }
        for mut entry in inner.iter() {
            entry.path = [name, b"/", &entry.path].concat();
            index.add(&entry)?;
        }
        remove_if_there(&scratch)?;
        for path in deeper {
            self.gather_nested(repo, index, &[name, b"/", path].concat())?;
        }
        Ok(())
    }
}

/// Adds all that is there, but for `nested` repositories, to an index of ours.
fn add_all(git: Git, index: &Path, nested: &[&[u8]]) -> Result<()> {
    let mut args: Vec<OsString> = ["add", "--all", "--", "."].map(OsString::from).into();
    for path in nested {
        let pattern = [b":(exclude,literal)", *path].concat();
        args.push(OsString::from_vec(pattern));
    }
    git.env("GIT_INDEX_FILE", index)
        .env("GIT_LITERAL_PATHSPECS", "0")
        .check(args)
        .context("what the worktree holds could not be gathered")?;
    Ok(())
}

/// Adds files that only changed excludes hide.
fn add_hidden(git: Git, index: &Path, hidden: &[Vec<u8>]) -> Result<()> {
    // Repositories among them are gathered with the nested ones.
    let files: Vec<&[u8]> = hidden
        .iter()
        .map(Vec::as_slice)
        .filter(|path| !path.ends_with(b"/"))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    let args = [
        "add",
        "--force",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    git.env("GIT_INDEX_FILE", index)
        .stdin(files.join(&0))
        .check(args)
        .context("what was hidden could not be gathered")?;
    Ok(())
}
