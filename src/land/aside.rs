//! Files of the checkout that are out of the way while something lands, and back in their places if it does not.
//!
//! A person may save a file at any moment: each is looked at again right before it is taken, and none is ever written
//! where something is.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::disk::Found;
use crate::git::Oid;

/// One file, as it was when we looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// Below the checkout.
    pub(super) path: String,
    #[serde(skip)]
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

/// The files that are set aside for one landing, and kept in a directory of ours until it is over.
#[derive(Debug)]
pub(super) struct Aside {
    kept: PathBuf,
    top: PathBuf,
    list: List,
}

/// What is kept of it beside the files' bytes.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    /// The checkout.
    top: String,
    /// The commit that was to land.
    to: String,
    files: Vec<File>,
}

/// The file that says what the others are; each of those is named by its place in it.
const LIST: &str = "list";

/// A file that could not be put back, because its place holds something else by now.
#[derive(Debug)]
pub(super) struct Beside {
    /// Where it was.
    pub(super) path: String,
    /// Where it is.
    pub(super) kept: PathBuf,
}

impl Aside {
    pub(super) fn new(kept: PathBuf, top: &Path, to: Oid, files: Vec<File>) -> Self {
        Self {
            kept,
            top: top.to_path_buf(),
            list: List {
                top: top.to_string_lossy().into_owned(),
                to: to.to_string(),
                files,
            },
        }
    }

    /// What a landing in the checkout `top` set aside that did not come to its end.
    pub(super) fn left(kept: PathBuf, top: &Path) -> Option<Self> {
        let mut list = read_list(&kept)?;
        if list.top != top.to_string_lossy() {
            return None;
        }
        for (nth, file) in list.files.iter_mut().enumerate() {
            file.bytes = fs::read(kept.join(nth.to_string())).ok()?;
        }
        Some(Self {
            kept,
            top: top.to_path_buf(),
            list,
        })
    }

    /// The commit that was to land.
    pub(super) fn to(&self) -> &str {
        &self.list.to
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.list.files.iter().map(|file| file.path.as_str())
    }

    /// Takes the files out of the way: all, or none. Git takes a file that is missing for one that may be written.
    pub(super) fn take(&self) -> Result<()> {
        self.keep()?;
        for (taken, file) in self.list.files.iter().enumerate() {
            if let Err(error) = file.take(&self.top) {
                for file in &self.list.files[..taken] {
                    file.put_back(&self.top)?;
                }
                self.forget();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes down all that there is to put back, should we die.
    fn keep(&self) -> Result<()> {
        if self.list.files.is_empty() {
            return Ok(());
        }
        if let Some(other) = read_list(&self.kept).filter(|other| other.top != self.list.top) {
            bail!("a landing in `{}` did not end; land there first", other.top);
        }
        let failed = || format!("`{}` cannot be written", self.kept.display());
        fs::create_dir_all(&self.kept).with_context(failed)?;
        for (nth, file) in self.list.files.iter().enumerate() {
            fs::write(self.kept.join(nth.to_string()), &file.bytes).with_context(failed)?;
        }
        // Whoever finds the list finds all that it names.
        let mut list = tempfile::NamedTempFile::new_in(&self.kept).with_context(failed)?;
        list.write_all(&serde_json::to_vec(&self.list)?)
            .with_context(failed)?;
        list.persist(self.kept.join(LIST)).with_context(failed)?;
        Ok(())
    }

    /// It is over: nothing is kept any more.
    pub(super) fn forget(&self) {
        // What stays is found to have landed, or to be in its place already.
        let _ = fs::remove_file(self.kept.join(LIST));
        let _ = fs::remove_dir_all(&self.kept);
    }

    /// Has the files be where they were; those that had to be put beside something else.
    pub(super) fn put_back(&self) -> Result<Vec<Beside>> {
        let mut beside = Vec::new();
        for file in &self.list.files {
            beside.extend(file.put_back(&self.top)?);
        }
        self.forget();
        Ok(beside)
    }
}

fn read_list(kept: &Path) -> Option<List> {
    serde_json::from_slice(&fs::read(kept.join(LIST)).ok()?).ok()
}

impl File {
    fn take(&self, top: &Path) -> Result<()> {
        let place = top.join(&self.path);
        if !self.is_at(&place) {
            bail!("`{}` was changed in this moment; land again", self.path);
        }
        fs::remove_file(&place).with_context(|| format!("`{}` cannot be removed", self.path))
    }

    fn put_back(&self, top: &Path) -> Result<Option<Beside>> {
        let place = top.join(&self.path);
        if self.is_there(&place)? {
            return Ok(None);
        }
        let name = place.file_name().unwrap_or_default();
        for nth in 1.. {
            let mut name = name.to_owned();
            name.push(match nth {
                1 => ".set-aside".to_owned(),
                nth => format!(".set-aside-{nth}"),
            });
            let kept = place.with_file_name(name);
            if self.is_there(&kept)? {
                let path = self.path.clone();
                return Ok(Some(Beside { path, kept }));
            }
        }
        Ok(None)
    }

    /// Whether it is at this place, where it is put if nothing is.
    fn is_there(&self, place: &Path) -> Result<bool> {
        let failed = || format!("`{}` cannot be put back", place.display());
        if self.is_at(place) {
            return Ok(true);
        }
        if Found::here(place) != Found::Nothing {
            return Ok(false);
        }
        let directory = place.parent().with_context(failed)?;
        fs::create_dir_all(directory).with_context(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).with_context(failed)?;
        file.write_all(&self.bytes).with_context(failed)?;
        let permissions = fs::Permissions::from_mode(self.mode);
        let open = file.as_file();
        open.set_permissions(permissions).with_context(failed)?;
        match file.persist_noclobber(place) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error).with_context(failed),
        }
    }

    fn is_at(&self, place: &Path) -> bool {
        matches!(Found::here(place), Found::File(bytes, mode) if bytes == self.bytes && mode == self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These files, which are ours, of a checkout in which they lie.
    fn aside(top: &Path, paths: &[&str]) -> Aside {
        let files = paths.iter().map(|path| {
            fs::write(top.join(path), "ours").expect("a file");
            let Found::File(bytes, mode) = Found::here(&top.join(path)) else {
                panic!("a file")
            };
            let path = (*path).to_owned();
            File { path, bytes, mode }
        });
        Aside::new(top.join("kept"), top, Oid::ZERO_SHA1, files.collect())
    }

    #[test]
    fn what_was_saved_after_we_looked_is_not_taken_and_neither_is_anything_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let top = directory.path();
        let aside = aside(top, &["one", "two"]);
        fs::write(top.join("two"), "mine").expect("a file");
        let error = aside.take().expect_err("it has changed").to_string();
        assert!(error.contains("`two` was changed"), "{error}");
        assert_eq!(fs::read(top.join("one")).expect("it is back"), b"ours");
        assert_eq!(fs::read(top.join("two")).expect("it stays"), b"mine");
        assert!(!top.join("kept").exists(), "nothing is left to put back");
    }

    #[test]
    fn what_stands_in_a_files_place_is_never_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let top = directory.path();
        let aside = aside(top, &["file"]);
        aside.take().expect("it is as it was");
        fs::write(top.join("file"), "mine").expect("a file");
        fs::write(top.join("file.set-aside"), "mine too").expect("a file");
        for _ in 0..2 {
            let beside = aside.put_back().expect("there is room");
            assert_eq!(beside[0].kept, top.join("file.set-aside-2"));
            assert_eq!(fs::read(&beside[0].kept).expect("a file"), b"ours");
            assert_eq!(fs::read(top.join("file")).expect("a file"), b"mine");
        }
    }

    #[test]
    fn what_one_landing_leaves_is_whole_to_the_next_in_the_same_checkout() {
        let directory = tempfile::tempdir().expect("a directory");
        let top = directory.path();
        let taken = aside(top, &["one", "two"]);
        taken.take().expect("they are as they were");
        assert!(Aside::left(top.join("kept"), &top.join("other")).is_none());
        let left = Aside::left(top.join("kept"), top).expect("it is on file");
        assert_eq!(left.list.files, taken.list.files);
        left.put_back().expect("there is room");
        assert_eq!(fs::read(top.join("two")).expect("it is back"), b"ours");
        assert!(Aside::left(top.join("kept"), top).is_none());
    }
}
