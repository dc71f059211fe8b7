//! What only an examination asks: locks and refs that cannot be read, commits that nothing names, who else
//! keeps a commit. Looking changes nothing; what changes something says so.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use git2::{ObjectType, Oid};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::slots::remove_all;
use super::{Git, Repo, Uncommitted};

/// Where commits are looked for that no ref may name any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Among the objects that lie in files of their own, as all do that were written since the last `git gc`.
    Loose,
    /// Everywhere, which takes long where history is.
    Everything,
}

impl Repo {
    /// What of the user's checkout differs from its HEAD, or is new there; a new directory stands for what it holds.
    pub fn uncommitted(&self) -> Result<Vec<Uncommitted>> {
        Git::here(self)?.uncommitted("--untracked-files=normal")
    }

    /// The commits whose raw text `is_meant`, whether or not a ref leads to them.
    pub fn commits_anywhere(
        &self,
        depth: Depth,
        is_meant: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Oid>> {
        let odb = self.raw().odb()?;
        let names = match depth {
            Depth::Loose => self.loose_objects(),
            Depth::Everything => self.all_commits()?,
        };
        let is_commit = |oid: Oid| {
            // What cannot be read is no commit that anybody could use.
            let header = (!self.is_torn(oid)).then(|| odb.read_header(oid));
            header.is_some_and(|header| header.is_ok_and(|(_, kind)| kind == ObjectType::Commit))
        };
        let meant = names.into_iter().filter(|oid| {
            is_commit(*oid) && odb.read(*oid).is_ok_and(|object| is_meant(object.data()))
        });
        Ok(meant.collect())
    }

    fn loose_objects(&self) -> Vec<Oid> {
        let format = self.raw().object_format();
        let mut found = Vec::new();
        for dir in below(&self.common_dir().join("objects")) {
            let digits = name_of(&dir);
            if digits.len() != 2 {
                continue;
            }
            let names = below(&dir).into_iter();
            let names = names.map(|path| format!("{digits}{}", name_of(&path)));
            found.extend(names.filter_map(|name| Oid::from_str_ext(&name, format).ok()));
        }
        found
    }

    fn all_commits(&self) -> Result<Vec<Oid>> {
        let output = Git::new(self)?.run([
            "cat-file",
            "--batch-all-objects",
            "--unordered",
            "--batch-check=%(objecttype) %(objectname)",
        ])?;
        let text = output.text();
        let names = text.lines().filter_map(|line| line.strip_prefix("commit "));
        Ok(names.filter_map(|name| self.oid(name).ok()).collect())
    }

    /// The lock files on refs below `prefixes`, which end with a slash, or named exactly so.
    pub fn locks(&self, prefixes: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for prefix in prefixes {
            let place = self.common_dir().join(prefix.trim_end_matches('/'));
            found.extend(Some(with_lock(&place)).filter(|lock| lock.is_file()));
            if prefix.ends_with('/') {
                let files = files_below(&place);
                found.extend(files.into_iter().filter(|path| is_lock(path)));
            }
        }
        found
    }

    /// The refs below `prefixes` whose files hold no name of an object: what a power cut leaves.
    pub fn broken_refs(&self, prefixes: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for prefix in prefixes {
            let place = self.common_dir().join(prefix.trim_end_matches('/'));
            let mut files = files_below(&place);
            files.extend(Some(place).filter(|place| place.is_file()));
            for file in files.into_iter().filter(|file| !is_lock(file)) {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                let text = text.trim_end();
                if self.oid(text).is_err() && !text.starts_with("ref: ") {
                    let name = file.strip_prefix(self.common_dir()).unwrap_or(&file);
                    found.push(name.to_string_lossy().into_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// The indexes of packs that are not what was written: libgit2 follows what one says of places out of the file.
    pub fn damaged_pack_indexes(&self) -> Vec<PathBuf> {
        let length = match self.raw().object_format() {
            git2::ObjectFormat::Sha1 => 20,
            _ => 32,
        };
        let is_damaged = |index: &PathBuf| {
            let bytes = std::fs::read(index).unwrap_or_default();
            let (content, checksum) = bytes.split_at(bytes.len().saturating_sub(length));
            match length {
                20 => Sha1::digest(content).as_slice() != checksum,
                _ => Sha256::digest(content).as_slice() != checksum,
            }
        };
        let files = below(&self.common_dir().join("objects/pack")).into_iter();
        let indexes = files.filter(|file| file.extension().is_some_and(|end| end == "idx"));
        let mut damaged: Vec<PathBuf> = indexes.filter(is_damaged).collect();
        damaged.sort();
        damaged
    }

    /// Makes the index of a pack again from the pack; the damaged one goes into `aside`, and comes back when the pack
    /// is no better.
    pub fn make_pack_index(&self, index: &Path, aside: &Path) -> Result<()> {
        let kept = aside.join(name_of(index));
        std::fs::create_dir_all(aside)
            .and_then(|()| std::fs::rename(index, &kept))
            .with_context(|| format!("`{}` cannot be moved", index.display()))?;
        let pack = index.with_extension("pack");
        let made = Git::new(self)?.args(["index-pack"]).check([&pack]);
        if made.is_err() {
            std::fs::rename(&kept, index)
                .with_context(|| format!("`{}` cannot be moved back", kept.display()))?;
        }
        made.map(drop)
    }

    /// What `name` named before, newest first, as far as git's log of it tells.
    pub fn logged(&self, name: &str) -> Vec<Oid> {
        let Ok(log) = self.raw().reflog(name) else {
            return Vec::new();
        };
        log.iter().map(|entry| entry.id_new()).collect()
    }

    /// Removes the file of a ref that names no object. Whether an older value in `packed-refs` shows then is
    /// for the caller to look at.
    pub fn remove_broken_ref(&self, name: &str) -> Result<()> {
        if self
            .broken_refs(&[name])
            .iter()
            .any(|broken| broken == name)
        {
            let file = self.common_dir().join(name);
            std::fs::remove_file(&file)
                .with_context(|| format!("`{}` cannot be removed", file.display()))?;
        }
        Ok(())
    }

    /// The refs that lead to `commit`.
    pub fn keepers(&self, commit: Oid) -> Result<Vec<String>> {
        let output = Git::new(self)?.run([
            "for-each-ref",
            &format!("--contains={commit}"),
            "--format=%(refname)",
        ])?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    /// The commits before HEAD, and HEAD itself, that change a path below the top, newest first.
    pub fn commits_that_change(&self, path: &str) -> Result<Vec<Oid>> {
        let output = Git::new(self)?.run(["rev-list", "HEAD", "--", path])?;
        output
            .text()
            .lines()
            .map(|commit| self.oid(commit))
            .collect()
    }

    /// The newest commit that both descend from.
    pub fn fork(&self, one: Oid, other: Oid) -> Option<Oid> {
        self.raw().merge_base(one, other).ok()
    }

    /// The names of the user's remotes.
    pub fn remotes(&self) -> Vec<String> {
        let names = self.raw().remotes();
        let names = names.iter().flat_map(|names| names.iter());
        names
            .filter_map(|name| name.ok().flatten())
            .map(str::to_owned)
            .collect()
    }

    /// The objects whose files end too early or hold none, as a power cut or a full disk leaves them. libgit2 never
    /// comes back from reading some, so this is asked before anything else is read. What somebody is about to write
    /// has no object's name yet.
    pub fn broken_objects(&self) -> Vec<Oid> {
        let dirs = below(&self.common_dir().join("objects"));
        let names = dirs.iter().flat_map(|dir| {
            let files = below(dir).into_iter();
            files.map(|file| name_of(dir) + &name_of(&file))
        });
        let objects = names.filter_map(|name| self.oid(&name).ok());
        let mut broken: Vec<Oid> = objects.filter(|oid| self.is_broken(*oid)).collect();
        broken.sort();
        broken
    }

    /// Removes the file of an object that cannot be read, so that it can be written again; whether there was
    /// one. The caller has what it held.
    pub fn discard_unreadable(&self, oid: Oid) -> Result<bool> {
        let file = self.loose_file(oid);
        // Nobody comes back from reading what is torn.
        let is_readable = !self.is_torn(oid) && self.raw().odb()?.read(oid).is_ok();
        if is_readable || !file.is_file() {
            return Ok(false);
        }
        remove_all(&file).map(|()| true)
    }
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in below(dir) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn with_lock(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}.lock", name_of(path)))
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "lock")
}
