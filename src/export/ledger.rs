//! What of the user's checkout we wrote, and onto what: so that landing can tell our marks from a person's work.
//!
//! Local to this machine, and never a truth: what it does not know is taken for a person's.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::files::Made;
use crate::git::{Oid, Repo, sha256};
use crate::journal::layout;
use crate::plan::Change;

/// The files that a run's progress was written into.
#[derive(Debug)]
pub struct Ledger {
    /// The checkout.
    top: PathBuf,
    file: PathBuf,
    /// By their path below the checkout.
    entries: Entries,
    /// What other runs wrote: one run goes on from the marks of another.
    others: Vec<Entries>,
}

type Entries = BTreeMap<String, Entry>;

/// One file: digests of its bytes, none where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Where it was when we first wrote it.
    origin: String,
    /// What it was then.
    from: Option<String>,
    /// What we made of it.
    now: Option<String>,
}

/// The files that are about to be changed: where each is now and will be, and what it is.
pub(super) struct Before(Vec<(PathBuf, PathBuf, Option<String>)>);

impl Ledger {
    /// What is known of a run's files; none where there is no checkout.
    pub fn of(repo: &Repo, run: &str) -> Option<Self> {
        let top = repo.checkout()?.canonicalize().ok()?;
        let common = repo.common_dir();
        let file = layout::written_file(common, run);
        let runs = fs::read_dir(layout::local_runs(common)).into_iter();
        let runs = runs.flatten().flatten().map(|run| run.file_name());
        let others = runs.filter(|other| other != run);
        let others =
            others.filter_map(|other| read_entries(&layout::written_file(common, other.to_str()?)));
        Some(Self {
            top,
            others: others.collect(),
            entries: read_entries(&file).unwrap_or_default(),
            file,
        })
    }

    /// Whether the file at `path`, which holds `bytes`, is what we made of the one that `head` has.
    pub fn is_ours(
        &self,
        repo: &Repo,
        head: Oid,
        path: &str,
        bytes: Option<&[u8]>,
    ) -> Result<bool> {
        let Some(entry) = self.made(path, &digest(bytes)?) else {
            return Ok(false);
        };
        let committed = repo.blob_at(head, &entry.origin)?;
        if entry.from == digest(committed.as_deref())? {
            return Ok(true);
        }
        // What lies in a checkout has the line ends that git was told to give it.
        let written_out = repo.written_out(head, &entry.origin)?;
        Ok(written_out.is_some() && entry.from == digest(written_out.as_deref())?)
    }

    /// Whether one of us made the file at `path` what it is now.
    pub fn wrote(&self, path: &str) -> bool {
        let is = digest(read(&self.top.join(path)).as_deref());
        is.is_ok_and(|is| is.is_some() && self.made(path, &is).is_some())
    }

    /// Who made the file at `path` what it is, if it was one of us.
    fn made(&self, path: &str, is: &Option<String>) -> Option<&Entry> {
        let all = std::iter::once(&self.entries).chain(&self.others);
        all.filter_map(|entries| entries.get(path))
            .find(|entry| entry.now == *is)
    }

    /// What the files are that `changes` will touch.
    pub(super) fn before(&self, changes: &[Change]) -> Result<Before> {
        let moves: Vec<(PathBuf, PathBuf)> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Move { from, to } => Some((settled(from), settled(to))),
                _ => None,
            })
            .collect();
        let mut paths: Vec<PathBuf> = Vec::new();
        for change in changes {
            match change {
                Change::Edit { path, .. }
                | Change::Amend { path, .. }
                | Change::Write { path, .. } => paths.push(settled(path)),
                Change::Untold { .. } => {}
                Change::Move { from, .. } => files_below(&settled(from), &mut paths),
            }
        }
        paths.sort();
        paths.dedup();
        let before = paths.into_iter().map(|path| {
            let moved = moves.iter().find_map(|(from, to)| {
                let rest = path.strip_prefix(from).ok()?;
                Some(to.join(rest))
            });
            let is = digest(read(&path).as_deref())?;
            Ok((path.clone(), moved.unwrap_or(path), is))
        });
        Ok(Before(before.collect::<Result<_>>()?))
    }

    /// Keeps what was made of the files: of what they hold now, somebody else may have made something since.
    pub(super) fn keep(&mut self, before: Before, made: &Made) -> Result<()> {
        let digests = made.digests.iter();
        let digests: HashMap<PathBuf, &String> = digests
            .map(|(path, digest)| (settled(path), digest))
            .collect();
        let mut entries = self.entries.clone();
        for (path, then, was) in before.0 {
            // What could not be moved is where it was.
            let then = if made.moved.is_some() {
                then
            } else {
                path.clone()
            };
            let (Some(place), Some(then_place)) = (self.place(&path), self.place(&then)) else {
                continue;
            };
            let now = digests.get(&path).map(|digest| (*digest).clone());
            let now = now.or_else(|| was.clone());
            if now == was && place == then_place {
                continue;
            }
            // Who wrote last decides whether it goes on being ours.
            let known = self.made(&place, &was);
            let entry = known.cloned().unwrap_or(Entry {
                origin: place.clone(),
                from: was,
                now: None,
            });
            entries.insert(
                place,
                Entry {
                    now: None,
                    ..entry.clone()
                },
            );
            entries.insert(then_place, Entry { now, ..entry });
        }
        if entries == self.entries {
            return Ok(());
        }
        self.entries = entries;
        self.save()
    }

    fn save(&self) -> Result<()> {
        let failed = || format!("`{}` cannot be written", self.file.display());
        let dir = self.file.parent().with_context(failed)?;
        fs::create_dir_all(dir).with_context(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(dir).with_context(failed)?;
        file.write_all(&serde_json::to_vec(&self.entries)?)
            .with_context(failed)?;
        file.persist(&self.file).with_context(failed)?;
        Ok(())
    }

    fn place(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.top).ok()?;
        below.to_str().map(str::to_owned)
    }
}

fn digest(bytes: Option<&[u8]>) -> Result<Option<String>> {
    bytes.map(sha256).transpose()
}

/// What a ledger holds; nothing where there is none that can be read.
fn read_entries(file: &Path) -> Option<Entries> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// The bytes of a regular file.
fn read(path: &Path) -> Option<Vec<u8>> {
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    is_file.then(|| fs::read(path).ok()).flatten()
}

fn files_below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

/// The path without `..` and links, whether or not something is there.
fn settled(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut plain = PathBuf::new();
    for part in full.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    let found = plain
        .ancestors()
        .find_map(|above| Some((above, above.canonicalize().ok()?)));
    let rest = found
        .as_ref()
        .and_then(|(above, _)| plain.strip_prefix(above).ok());
    match (&found, rest) {
        (Some((_, real)), Some(rest)) if rest.as_os_str() != OsStr::new("") => real.join(rest),
        (Some((_, real)), _) => real.clone(),
        _ => plain,
    }
}
