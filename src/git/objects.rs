//! Blobs, trees and commits, read and written in process.
//!
//! A commit is written as bytes into the object database and read back: libgit2's own way of making
//! commits reports success on a full disk with nothing written.

use anyhow::{Context as _, Result, bail};
use git2::{ErrorCode, ObjectType, Oid};

use super::{Identity, Repo};

/// How many commits are followed one by one before history is walked in general.
const LINE: usize = 64;

/// The file modes that git knows.
pub mod mode {
    /// A plain file.
    pub const FILE: i32 = 0o100_644;
    /// A plain file that can be run.
    pub const EXECUTABLE: i32 = 0o100_755;
    /// A directory.
    pub const TREE: i32 = 0o040_000;
    /// A submodule's commit.
    pub const COMMIT: i32 = 0o160_000;
}

/// One entry of a tree to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a slash.
    pub name: String,
    /// One of [`mode`]'s.
    pub mode: i32,
    /// What it names.
    pub oid: Oid,
}

impl Entry {
    /// A plain file.
    pub fn file(name: impl Into<String>, oid: Oid) -> Self {
        Self {
            name: name.into(),
            mode: mode::FILE,
            oid,
        }
    }

    /// A directory.
    pub fn tree(name: impl Into<String>, oid: Oid) -> Self {
        Self {
            name: name.into(),
            mode: mode::TREE,
            oid,
        }
    }
}

/// A commit to be written.
#[derive(Debug, Clone)]
pub struct NewCommit<'a> {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, which must exist.
    pub parents: &'a [Oid],
    /// Its message.
    pub message: &'a str,
    /// Who writes it.
    pub author: &'a Identity,
    /// When, in seconds since 1970.
    pub time: i64,
}

/// A commit as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// The first line of its message.
    pub subject: String,
    /// All of its message.
    pub message: String,
    /// Who wrote it.
    pub author: Identity,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// What a hash, or the beginning of one, stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Nothing, or it is no hash.
    Missing,
    /// More than one object.
    Ambiguous,
    /// A commit.
    Commit(Oid),
    /// Something else: `tree`, `blob` or `tag`.
    Other(&'static str),
}

impl Repo {
    /// Stores `bytes`.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid> {
        self.written(|| self.raw().blob(bytes))
    }

    /// Has an object written, and written anew where a damaged file of its name was there, as a power cut leaves it: git
    /// takes that for written.
    pub(in crate::git) fn written(
        &self,
        mut write: impl FnMut() -> Result<Oid, git2::Error>,
    ) -> Result<Oid> {
        let oid = write().context("an object could not be written")?;
        if !self.discard_unreadable(oid)? {
            return Ok(oid);
        }
        write().context("an object could not be written")
    }

    /// The bytes of a blob.
    pub fn read_blob(&self, oid: Oid) -> Result<Vec<u8>> {
        self.refuse_torn(oid)?;
        let blob = self
            .raw()
            .find_blob(oid)
            .with_context(|| format!("blob {oid} cannot be read"))?;
        Ok(blob.content().to_vec())
    }

    /// What `path` names below a commit or tree: mode and object; `None` when there is nothing.
    pub fn entry_at(&self, commit_or_tree: Oid, path: &str) -> Result<Option<(i32, Oid)>> {
        let mut at = self.tree_of(commit_or_tree)?;
        let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next() {
            let tree = self.tree_at(at)?;
            let Some(entry) = tree.get_name(name) else {
                return Ok(None);
            };
            if names.peek().is_none() {
                return Ok(Some((entry.filemode(), entry.id())));
            }
            if entry.kind() != Some(ObjectType::Tree) {
                return Ok(None);
            }
            at = entry.id();
        }
        Ok(None)
    }

    /// The bytes of the file at `path`; `None` when there is no file.
    pub fn blob_at(&self, commit_or_tree: Oid, path: &str) -> Result<Option<Vec<u8>>> {
        match self.entry_at(commit_or_tree, path)? {
            Some((mode, oid)) if mode != mode::TREE && mode != mode::COMMIT => {
                self.read_blob(oid).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The bytes of one side of a [`super::Change`]; of a submodule, the name of its commit.
    pub fn content(&self, side: Option<(i32, Oid)>) -> Result<Option<Vec<u8>>> {
        match side {
            None => Ok(None),
            Some((mode::COMMIT, commit)) => {
                Ok(Some(format!("Subproject commit {commit}\n").into()))
            }
            Some((_, blob)) => self.read_blob(blob).map(Some),
        }
    }

    /// The size of the file at `path`, without reading it.
    pub fn size_at(&self, commit_or_tree: Oid, path: &str) -> Result<Option<u64>> {
        match self.entry_at(commit_or_tree, path)? {
            Some((mode, oid)) if mode != mode::TREE && mode != mode::COMMIT => {
                let (size, _) = self.raw().odb()?.read_header(oid)?;
                Ok(Some(u64::try_from(size)?))
            }
            _ => Ok(None),
        }
    }

    /// The entries of a tree, in git's order.
    pub fn entries(&self, tree: Oid) -> Result<Vec<Entry>> {
        let tree = self
            .tree_at(tree)
            .with_context(|| format!("tree {tree} cannot be read"))?;
        let entries = tree.iter().map(|entry| Entry {
            name: String::from_utf8_lossy(entry.name_bytes()).into_owned(),
            mode: entry.filemode(),
            oid: entry.id(),
        });
        Ok(entries.collect())
    }

    /// Stores a tree of `entries`, which may come in any order.
    pub fn write_tree(&self, entries: &[Entry]) -> Result<Oid> {
        let mut builder = self.raw().treebuilder(None)?;
        for entry in entries {
            builder
                .insert(&entry.name, entry.oid, entry.mode)
                .with_context(|| format!("`{}` cannot be put into a tree", entry.name))?;
        }
        self.written(|| builder.write())
    }

    /// The tree of a commit; a tree is its own. The tree itself is not read.
    pub fn tree_of(&self, commit_or_tree: Oid) -> Result<Oid> {
        self.refuse_torn(commit_or_tree)?;
        let object = self
            .raw()
            .find_object(commit_or_tree, None)
            .with_context(|| format!("object {commit_or_tree} cannot be read"))?;
        if let Some(commit) = object.as_commit() {
            return Ok(commit.tree_id());
        }
        let tree = object
            .peel_to_tree()
            .with_context(|| format!("{commit_or_tree} has no tree"))?;
        Ok(tree.id())
    }

    /// Stores a commit; no ref moves.
    pub fn write_commit(&self, commit: &NewCommit<'_>) -> Result<Oid> {
        let raw = self.raw();
        let signature = commit.author.at(commit.time)?;
        let tree = self
            .tree_at(commit.tree)
            .with_context(|| format!("tree {} cannot be read", commit.tree))?;
        let parents = commit
            .parents
            .iter()
            .map(|parent| {
                self.commit_at(*parent)
                    .with_context(|| format!("parent {parent} is no commit that can be read"))
            })
            .collect::<Result<Vec<_>>>()?;
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let bytes =
            raw.commit_create_buffer(&signature, &signature, commit.message, &tree, &parents)?;
        let odb = raw.odb()?;
        let oid = self.written(|| odb.write(ObjectType::Commit, &bytes))?;
        let stored = odb
            .read(oid)
            .context("a commit was written and is not there")?;
        if stored.data() != &*bytes {
            bail!("commit {oid} was written and reads differently");
        }
        Ok(oid)
    }

    /// Reads a commit.
    pub fn commit(&self, oid: Oid) -> Result<Commit> {
        let commit = self
            .commit_at(oid)
            .with_context(|| format!("commit {oid} cannot be read"))?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let author = commit.author();
        Ok(Commit {
            tree: commit.tree_id(),
            parents: commit.parent_ids().collect(),
            subject: message.lines().next().unwrap_or_default().to_owned(),
            author: Identity {
                name: String::from_utf8_lossy(author.name_bytes()).into_owned(),
                email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
            },
            time: commit.time().seconds(),
            message,
        })
    }

    /// Whether `oid` is a commit that can be read.
    pub fn is_commit(&self, oid: Oid) -> bool {
        self.commit_at(oid).is_ok()
    }

    /// What a hash that somebody claims stands for; a beginning of at least four digits will do.
    pub fn find(&self, name: &str) -> Named {
        let name = name.trim().to_ascii_lowercase();
        if name.len() < 4 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Named::Missing;
        }
        if self.has_torn_file(&name) {
            return Named::Missing;
        }
        match self.raw().find_object_by_prefix(&name, None) {
            Ok(object) => match object.kind() {
                Some(ObjectType::Commit) => Named::Commit(object.id()),
                Some(kind) => Named::Other(kind.str()),
                None => Named::Missing,
            },
            Err(error) if error.code() == ErrorCode::Ambiguous => Named::Ambiguous,
            Err(_) => Named::Missing,
        }
    }

    /// Whether `ancestor` is `of` itself or one of the commits it descends from.
    pub fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool> {
        if self.line(ancestor, of).is_some() {
            return Ok(true);
        }
        self.raw()
            .graph_descendant_of(of, ancestor)
            .with_context(|| format!("the history of {of} cannot be read"))
    }

    /// The commits from `tip` down to `base`, without it, where there are few and each has one parent: the
    /// usual work of an attempt. A general walk goes through all the history that is as young as `base`.
    fn line(&self, base: Oid, tip: Oid) -> Option<Vec<Oid>> {
        let mut line = Vec::new();
        let mut at = tip;
        while at != base {
            let commit = self.commit_at(at).ok()?;
            if line.len() == LINE || commit.parent_count() != 1 {
                return None;
            }
            line.push(at);
            at = commit.parent_id(0).ok()?;
        }
        Some(line)
    }

    /// The commits that `tip` has and `base` has not, newest first.
    pub fn commits_between(&self, base: Oid, tip: Oid) -> Result<Vec<Oid>> {
        if let Some(line) = self.line(base, tip) {
            return Ok(line);
        }
        let mut walk = self.raw().revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
        walk.push(tip)?;
        walk.hide(base)?;
        walk.map(|oid| oid.with_context(|| format!("the history of {tip} cannot be read")))
            .collect()
    }
}

/// The name that git would give `bytes` in a repository of SHA-256: a hash for other uses than objects.
pub fn sha256(bytes: &[u8]) -> Result<String> {
    let oid = Oid::hash_object_ext(ObjectType::Blob, bytes, git2::ObjectFormat::Sha256)?;
    Ok(oid.to_string())
}
