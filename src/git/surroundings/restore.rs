//! Putting back what was changed, from what an earlier look holds. What is in the way is kept beside.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{Content, Held, Place, Surroundings, settings};
use crate::git::{Expected, Repo};

impl Repo {
    /// Makes `place` what it was at the look `before`. A file that is in the way is moved into `aside`.
    pub fn put_back(&self, before: &Surroundings, place: &Place, aside: &Path) -> Result<()> {
        match place {
            Place::Setting { file, key } => {
                let held = before.files.get(file);
                let values = held.map_or(Vec::new(), |held| {
                    let by_name = settings::by_name(&held.settings);
                    by_name.get(key.as_str()).cloned().unwrap_or_default()
                });
                put_setting(file, key, &values)?;
                // Once it sets what it set, it is what it was: nothing is left of sections that were made for more.
                match held.filter(|held| settings::read(file) == held.settings) {
                    Some(held) => write(file, held),
                    None => Ok(()),
                }
            }
            Place::File(path) => {
                keep(path, aside)?;
                match before.files.get(path) {
                    Some(held) => write(path, held),
                    None => Ok(()),
                }
            }
            Place::Ref(name) => self.put_ref(name, before.named(name)),
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

/// Moves what is at `path` into `aside`, under a name that nothing there has.
fn keep(path: &Path, aside: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let unkept = || {
        format!(
            "`{}` cannot be moved to `{}`",
            path.display(),
            aside.display()
        )
    };
    fs::create_dir_all(aside).with_context(unkept)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (0..)
        .map(|nth| aside.join(format!("{name}.{nth}")))
        .find(|free| free.symlink_metadata().is_err());
    let free = free.with_context(unkept)?;
    if fs::rename(path, &free).is_err() {
        // Another file system.
        fs::copy(path, &free)
            .and_then(|_| fs::remove_file(path))
            .with_context(unkept)?;
    }
    Ok(())
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
