//! Putting changed texts in place: whole or not at all, with the mode they had, and never outside of one directory.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::git::sha256;
use crate::plan::{Change, Marked, Source, edited};

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Those that are not as they were.
    pub(super) changed: Vec<PathBuf>,
    /// The digest of what each holds that was looked after.
    pub(super) digests: HashMap<PathBuf, String>,
}

/// Makes the changes, of texts that are still what they were when the changes were found.
pub(super) fn apply(root: &Path, marked: &Marked) -> Result<Made> {
    let sources = marked.sources.iter();
    let sources: HashMap<&Path, &Source> = sources
        .map(|source| (source.path.as_path(), source))
        .collect();
    let mut made = Made::default();
    for change in &marked.changes {
        let (path, was, text) = match change {
            Change::Edit { path, edits } => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("`{}` cannot be read", path.display()))?;
                let source = sources.get(path.as_path());
                let is_same = source
                    .is_none_or(|source| source.whole().is_ok_and(|whole| whole == text.as_str()));
                let mut ranges = edits.iter().map(|edit| edit.range.clone());
                if !is_same || ranges.any(|range| text.get(range).is_none()) {
                    return Err(changed_meanwhile(path));
                }
                let new = edited(&text, edits);
                (path, Some(text), new)
            }
            Change::Write { path, text } => (path, None, text.clone()),
            Change::Move { from, to } => {
                relocate(root, from, to)?;
                made.changed.push(to.clone());
                continue;
            }
        };
        if replace(root, path, was.as_deref(), &text)? {
            made.changed.push(path.clone());
        }
        made.digests.insert(path.clone(), sha256(text.as_bytes())?);
    }
    Ok(made)
}

fn changed_meanwhile(path: &Path) -> anyhow::Error {
    anyhow!(
        "`{}` was changed while it was read: try again",
        path.display()
    )
}

/// Has a file hold this text instead of what it was, if that is known; whether it held another.
fn replace(root: &Path, path: &Path, was: Option<&str>, text: &str) -> Result<bool> {
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
    // Somebody may save the file at this very moment, and what they write is theirs.
    let is_same = |was: &str| fs::read(&target).is_ok_and(|found| found == was.as_bytes());
    if !was.is_none_or(is_same) {
        return Err(changed_meanwhile(path));
    }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::apply;
    use crate::plan::{Change, Edit, Marked, Source};

    /// A file as it was read, and an edit of it that was found then.
    fn marked(path: &std::path::Path, text: &str) -> Marked {
        Marked {
            changes: vec![Change::Edit {
                path: path.to_path_buf(),
                edits: vec![Edit {
                    range: 3..4,
                    text: "x".into(),
                }],
            }],
            sources: vec![Source::new(path, text)],
        }
    }

    #[test]
    fn a_text_that_somebody_changed_meanwhile_stays_theirs() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.md");
        fs::write(&path, "- [ ] One\n").expect("it is written");
        let mark = marked(&path, "- [ ] One\n");
        fs::write(&path, "A line of a person\n- [ ] One\n").expect("it is written");
        let refused = apply(dir.path(), &mark).expect_err("it is not what was read");
        assert!(format!("{refused:#}").contains("was changed while it was read"));
        let text = fs::read_to_string(&path).expect("it is read");
        assert_eq!(text, "A line of a person\n- [ ] One\n");
        fs::write(&path, "- [ ] One\n").expect("it is written");
        let made = apply(dir.path(), &mark).expect("it is what was read");
        assert_eq!(made.changed, std::slice::from_ref(&path));
        let text = fs::read_to_string(&path).expect("it is read");
        assert_eq!(text, "- [x] One\n");
    }
}
