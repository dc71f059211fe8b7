//! Files of the checkout that are out of the way while something lands, and back in their places if it does not.
//!
//! A person may save a file at any moment: each is looked at again right before it is taken, and none is ever written
//! where something is.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::disk::Found;

/// One file, as it was when we looked.
#[derive(Debug)]
pub(super) struct File {
    pub(super) place: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

/// The files that are set aside for one landing.
#[derive(Debug)]
pub(super) struct Aside {
    files: Vec<File>,
}

/// A file that could not be put back, because its place holds something else by now.
#[derive(Debug)]
pub(super) struct Beside {
    /// Where it was.
    pub(super) place: PathBuf,
    /// Where it is.
    pub(super) kept: PathBuf,
}

impl Aside {
    pub(super) fn new(files: Vec<File>) -> Self {
        Self { files }
    }

    /// Takes the files out of the way: all, or none. Git takes a file that is missing for one that may be written.
    pub(super) fn take(&self) -> Result<()> {
        for (taken, file) in self.files.iter().enumerate() {
            if let Err(error) = file.take() {
                for file in &self.files[..taken] {
                    file.put_back()?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Has the files be where they were; those that had to be put beside something else.
    pub(super) fn put_back(&self) -> Result<Vec<Beside>> {
        let mut beside = Vec::new();
        for file in &self.files {
            beside.extend(file.put_back()?);
        }
        Ok(beside)
    }
}

impl File {
    fn take(&self) -> Result<()> {
        if !self.is_at(&self.place) {
            bail!(
                "`{}` was changed in this moment; land again",
                self.place.display()
            );
        }
        fs::remove_file(&self.place)
            .with_context(|| format!("`{}` cannot be removed", self.place.display()))
    }

    fn put_back(&self) -> Result<Option<Beside>> {
        if self.is_there(&self.place)? {
            return Ok(None);
        }
        let name = self.place.file_name().unwrap_or_default();
        for nth in 1.. {
            let mut name = name.to_owned();
            name.push(match nth {
                1 => ".set-aside".to_owned(),
                nth => format!(".set-aside-{nth}"),
            });
            let kept = self.place.with_file_name(name);
            if self.is_there(&kept)? {
                let place = self.place.clone();
                return Ok(Some(Beside { place, kept }));
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

    fn seen(place: PathBuf) -> File {
        let Found::File(bytes, mode) = Found::here(&place) else {
            panic!("a file")
        };
        File { place, bytes, mode }
    }

    #[test]
    fn what_was_saved_after_we_looked_is_not_taken_and_neither_is_anything_else() {
        let top = tempfile::tempdir().expect("a directory");
        let (one, two) = (top.path().join("one"), top.path().join("two"));
        fs::write(&one, "ours").expect("a file");
        fs::write(&two, "ours").expect("a file");
        let aside = Aside::new(vec![seen(one.clone()), seen(two.clone())]);
        fs::write(&two, "mine").expect("a file");
        let error = aside.take().expect_err("it has changed").to_string();
        assert!(error.contains("two` was changed"), "{error}");
        assert_eq!(fs::read(&one).expect("it is back"), b"ours");
        assert_eq!(fs::read(&two).expect("it stays"), b"mine");
    }

    #[test]
    fn what_stands_in_a_files_place_is_never_written_over() {
        let top = tempfile::tempdir().expect("a directory");
        let place = top.path().join("file");
        fs::write(&place, "ours").expect("a file");
        let aside = Aside::new(vec![seen(place.clone())]);
        aside.take().expect("it is as it was");
        fs::write(&place, "mine").expect("a file");
        fs::write(top.path().join("file.set-aside"), "mine too").expect("a file");
        for _ in 0..2 {
            let beside = aside.put_back().expect("there is room");
            assert_eq!(beside[0].kept, top.path().join("file.set-aside-2"));
            assert_eq!(fs::read(&beside[0].kept).expect("a file"), b"ours");
            assert_eq!(fs::read(&place).expect("a file"), b"mine");
        }
    }
}
