//! Putting changed texts in place: whole or not at all, with the mode they had, and never outside of one directory.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::plan::{Change, edited};

/// Makes the changes; the files that are not as they were.
pub(super) fn apply(root: &Path, changes: &[Change]) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for change in changes {
        let (path, text) = match change {
            Change::Edit { path, edits } => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("`{}` cannot be read", path.display()))?;
                let fits = edits
                    .iter()
                    .all(|edit| text.get(edit.range.clone()).is_some());
                if !fits {
                    bail!(
                        "`{}` was changed while it was read: try again",
                        path.display()
                    );
                }
                (path, edited(&text, edits))
            }
            Change::Write { path, text } => (path, text.clone()),
            Change::Move { from, to } => {
                relocate(root, from, to)?;
                changed.push(to.clone());
                continue;
            }
        };
        if replace(root, path, &text)? {
            changed.push(path.clone());
        }
    }
    Ok(changed)
}

/// Has a file hold this text; whether it held another.
fn replace(root: &Path, path: &Path, text: &str) -> Result<bool> {
    let failed = || format!("`{}` cannot be written", path.display());
    // A link is followed: what it points to is the plan.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let dir = target.parent().with_context(failed)?;
    require_inside(root, dir)?;
    if fs::read(&target).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(false);
    }
    fs::create_dir_all(dir).with_context(failed)?;
    // The directory may have been made just now, and a link may stand on the way to it.
    require_inside(root, dir)?;
    let mode = fs::metadata(&target).map_or(0o666, |meta| meta.permissions().mode());
    let existed = target.exists();
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(dir)
        .with_context(failed)?;
    if existed {
        let permissions = fs::Permissions::from_mode(mode);
        file.as_file()
            .set_permissions(permissions)
            .with_context(failed)?;
    }
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.persist(&target).with_context(failed)?;
    Ok(true)
}

/// Moves a directory to where nothing is yet.
fn relocate(root: &Path, from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("`{}` cannot be moved to `{}`", from.display(), to.display());
    let above = to.parent().with_context(failed)?;
    require_inside(root, &from.canonicalize().with_context(failed)?)?;
    require_inside(root, above)?;
    fs::create_dir_all(above).with_context(failed)?;
    require_inside(root, above)?;
    if to.exists() {
        bail!("`{}` exists, so nothing is moved there", to.display());
    }
    fs::rename(from, to).with_context(failed)
}

/// A link in the repository must not lead our writing out of it.
fn require_inside(root: &Path, dir: &Path) -> Result<()> {
    let root = root.canonicalize()?;
    let full = std::path::absolute(dir)?;
    let existing = full.ancestors().find_map(|dir| dir.canonicalize().ok());
    if existing.is_some_and(|existing| existing.starts_with(&root)) {
        return Ok(());
    }
    bail!(
        "`{}` lies outside of `{}`: nothing is written there",
        dir.display(),
        root.display()
    )
}
