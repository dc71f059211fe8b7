//! Putting back what was changed, from what an earlier look holds. What is in the way is kept beside.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Content, Held, Place, Surroundings, settings};
use crate::git::{Expected, Repo};

impl Repo {
    /// Makes `place` what it was at the look `before`. A file that is changed for it is kept in `aside` first: where.
    pub fn put_back(
        &self,
        before: &Surroundings,
        place: &Place,
        aside: &Path,
    ) -> Result<Option<PathBuf>> {
        match place {
            Place::Setting { file, key } => {
                let kept = keep_settings(file, aside)?;
                let held = before.files.get(file);
                let values = held.map_or(Vec::new(), |held| {
                    let by_name = settings::by_name(&held.settings);
                    by_name.get(key.as_str()).cloned().unwrap_or_default()
                });
                put_setting(file, key, &values)?;
                // Once it sets what it set, it is what it was: nothing is left of sections that were made for more.
                if let Some(held) = held.filter(|held| settings::read(file) == held.settings) {
                    write(file, held)?;
                }
                Ok(kept)
            }
            Place::File(path) => before.put_file_back(path, aside),
            Place::Ref(name) => self.put_ref(name, before.named(name)).map(|()| None),
        }
    }

    /// What a ref names now is kept by its log, and by whoever made it; it is told where it is moved from.
    fn put_ref(&self, name: &str, to: Option<&str>) -> Result<()> {
        let found = self.read(name)?;
        let moved = match (to, found) {
            (Some(to), found) => {
                let expected = found.map_or(Expected::Missing, Expected::At);
                self.move_to(name, self.oid(to)?, expected, "git enact: put back")?
            }
            (None, Some(found)) => {
                let deleted = self.delete(name, found)?;
                // A directory that was made for it; with others in it, it stays.
                let dir = self.common_dir().join(name);
                dir.parent().map(fs::remove_dir);
                deleted
            }
            (None, None) => Ok(()),
        };
        if moved.is_err() {
            bail!("`{name}` was moved meanwhile");
        }
        Ok(())
    }
}

impl Surroundings {
    /// Makes the file `path` what it was. What is there now is moved into `aside`: where.
    pub fn put_file_back(&self, path: &Path, aside: &Path) -> Result<Option<PathBuf>> {
        let head = self.head_in(path);
        let kept = match path.symlink_metadata() {
            Ok(_) => Some(keep(path, aside)?),
            Err(_) => None,
        };
        match (head, self.files.get(path)) {
            (Some(head), _) => {
                fs::write(path, head)
                    .with_context(|| format!("`{}` cannot be written", path.display()))?;
            }
            (None, Some(held)) => write(path, held)?,
            (None, None) => {}
        }
        Ok(kept)
    }

    /// Whether this look can say what `path` was: one of the files that are looked at.
    pub fn knows(&self, path: &Path) -> bool {
        let is_head = path.file_name().is_some_and(|name| name == "HEAD");
        !is_head || self.head_in(path).is_some()
    }
}

/// Copies a configuration into `aside`, unless the newest copy there has all that it sets: where it is.
fn keep_settings(file: &Path, aside: &Path) -> Result<Option<PathBuf>> {
    if !file.exists() {
        return Ok(None);
    }
    let free = free(file, aside)?;
    let newest = free.with_extension("").to_string_lossy().into_owned();
    let number = free
        .extension()
        .and_then(|end| end.to_str()?.parse::<usize>().ok());
    let newest = number
        .and_then(|number| number.checked_sub(1))
        .map(|number| PathBuf::from(format!("{newest}.{number}")));
    if let Some(newest) = newest {
        let (kept, now) = (settings::read(&newest), settings::read(file));
        if now.iter().all(|one| kept.contains(one)) {
            return Ok(Some(newest));
        }
    }
    fs::copy(file, &free).with_context(|| {
        format!(
            "`{}` cannot be copied to `{}`",
            file.display(),
            free.display()
        )
    })?;
    Ok(Some(free))
}

fn put_setting(file: &Path, key: &str, values: &[&str]) -> Result<()> {
    let wrong = || format!("`{key}` in `{}` cannot be put back", file.display());
    let mut config = git2::Config::open(file).with_context(wrong)?;
    if config.get_entry(key).is_ok() {
        config.remove_multivar(key, ".*").with_context(wrong)?;
    }
    for (nth, value) in values.iter().enumerate() {
        let set = match nth {
            0 => config.set_str(key, value),
            // No value is matched, so that one more is written.
            _ => config.set_multivar(key, "^$.", value),
        };
        set.with_context(wrong)?;
    }
    Ok(())
}

/// A name in `aside` for what is at `path`, which nothing there has.
fn free(path: &Path, aside: &Path) -> Result<PathBuf> {
    let unkept = || format!("nothing can be kept in `{}`", aside.display());
    fs::create_dir_all(aside).with_context(unkept)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (0..)
        .map(|nth| aside.join(format!("{name}.{nth}")))
        .find(|free| free.symlink_metadata().is_err());
    free.with_context(unkept)
}

/// Moves what is at `path` into `aside`: where it is then.
fn keep(path: &Path, aside: &Path) -> Result<PathBuf> {
    let unkept = || {
        format!(
            "`{}` cannot be moved to `{}`",
            path.display(),
            aside.display()
        )
    };
    let free = free(path, aside)?;
    if fs::rename(path, &free).is_err() {
        // Another file system.
        fs::copy(path, &free)
            .and_then(|_| fs::remove_file(path))
            .with_context(unkept)?;
    }
    Ok(free)
}

fn write(path: &Path, held: &Held) -> Result<()> {
    let unwritten = || format!("`{}` cannot be written", path.display());
    let bytes = match &held.content {
        Content::Text(text) => text.as_bytes(),
        Content::Bytes(bytes) => bytes,
        Content::Link(to) => {
            return std::os::unix::fs::symlink(to, path).with_context(unwritten);
        }
        Content::Large(_) => bail!(
            "`{}` was too large to be held: it is put back by hand",
            path.display()
        ),
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(unwritten)?;
    }
    fs::write(path, bytes).with_context(unwritten)?;
    let mode = fs::Permissions::from_mode(held.mode);
    fs::set_permissions(path, mode).with_context(unwritten)
}
