//! Putting changed texts in place: whole or not at all, with the mode they had, and one whatever becomes of another.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use anyhow::{Context as _, Result, bail};

use super::grounds::Grounds;
use crate::git::sha256;
use crate::plan::{Change, Edit, Marked, Source, edited, is_sealed, visible};

/// How a file is called while it is written: one that is left over is known as ours.
const UNDER_WAY: (&str, &str) = (".git-enact-", ".tmp");

/// What became of the files.
#[derive(Debug, Default)]
pub struct Made {
    /// Those that are not as they were.
    pub changed: Vec<PathBuf>,
    /// Why others stay as they are, a line each.
    pub refused: Vec<String>,
    /// Whether one of them was changed by somebody else after it was read.
    pub(super) is_overtaken: bool,
    /// The digest of what each holds that was looked after.
    pub(super) digests: HashMap<PathBuf, String>,
    /// Where the plan was moved to, if it was.
    pub(super) moved: Option<PathBuf>,
    /// The directories in which nothing is left of an export that was killed.
    swept: HashSet<PathBuf>,
}

impl Made {
    /// The same when these were changed before.
    pub(super) fn after(mut self, mut before: Vec<PathBuf>) -> Self {
        before.retain(|path| !self.changed.contains(path));
        self.changed.splice(0..0, before);
        self
    }
}

/// Makes the changes, of texts that are still what they were when the changes were found. One that cannot be made
/// hinders no other.
pub(super) fn apply(grounds: &Grounds, marked: &Marked) -> Made {
    let sources = marked.sources.iter();
    let sources = sources.map(|source| (source.path.as_path(), source));
    let sources: Sources<'_> = sources.collect();
    let mut made = Made::default();
    for change in &marked.changes {
        if let Err(error) = make(grounds, &sources, change, &mut made) {
            made.is_overtaken |= error.is::<Overtaken>();
            let why = visible(&format!("{error:#}")).into_owned();
            // One link may be on the way to many files.
            if !made.refused.contains(&why) {
                made.refused.push(why);
            }
        }
    }
    made
}

/// The texts for which the changes were found, by their paths.
type Sources<'s> = HashMap<&'s Path, &'s Source>;

fn make(grounds: &Grounds, sources: &Sources<'_>, change: &Change, made: &mut Made) -> Result<()> {
    let (path, target, was, text) = match change {
        Change::Edit { path, edits } => {
            let source = sources.get(path.as_path());
            let source = source.with_context(|| format!("`{}` was not read", path.display()))?;
            let target = grounds.of_plan(path)?;
            let read = source.bytes().map_err(|_| Overtaken(path.to_owned()))?;
            let (text, new) = changed(path, &target, &read, edits)?;
            (path, target, Some(text), new)
        }
        Change::Amend { path, text, edits } => {
            let target = grounds.of_other(path)?;
            let (text, new) = changed(path, &target, text.as_bytes(), edits)?;
            (path, target, Some(text), new)
        }
        Change::Write { path, text } => {
            let target = grounds.of_other(path)?;
            require_ours(path, &target, text)?;
            (path, target, None, text.clone())
        }
        Change::Untold { path, why } => bail!("`{}` {why}", path.display()),
        Change::Move { from, to } => {
            relocate(grounds, from, to)?;
            made.changed.push(to.clone());
            made.moved = Some(to.clone());
            return Ok(());
        }
    };
    if replace(path, &target, was.as_deref(), &text, &mut made.swept)? {
        made.changed.push(path.clone());
    }
    made.digests.insert(path.clone(), sha256(text.as_bytes())?);
    Ok(())
}

/// What stands in a file, which must be what was read before, and what it becomes.
fn changed(path: &Path, target: &Path, read: &[u8], edits: &[Edit]) -> Result<(String, String)> {
    let text = fs::read_to_string(target)
        .with_context(|| format!("`{}` cannot be read", path.display()))?;
    if text.as_bytes() != read {
        bail!(Overtaken(path.to_owned()));
    }
    let new = edited(&text, edits);
    Ok((text, new))
}

/// A file that somebody changed after it was read.
#[derive(Debug)]
struct Overtaken(PathBuf);

impl std::error::Error for Overtaken {}

impl fmt::Display for Overtaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.display();
        write!(f, "`{path}` was changed while it was read: try again")
    }
}

/// What is written whole takes the place of nothing, or of what we wrote and nobody touched since.
fn require_ours(path: &Path, target: &Path, text: &str) -> Result<()> {
    let is_file = fs::symlink_metadata(target).is_ok_and(|there| there.is_file());
    if is_file && !fs::read(target).is_ok_and(|found| found == text.as_bytes() || is_sealed(&found))
    {
        bail!(
            "`{}` is not as git enact would have written it: it stays as it is",
            path.display()
        );
    }
    Ok(())
}

/// Has the file at `target`, which was named `path`, hold this text instead of what it was, if that is known; whether it
/// held another.
fn replace(
    path: &Path,
    target: &Path,
    was: Option<&str>,
    text: &str,
    swept: &mut HashSet<PathBuf>,
) -> Result<bool> {
    let failed = || format!("`{}` cannot be written", path.display());
    let dir = target.parent().with_context(failed)?;
    let there = fs::symlink_metadata(target).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        bail!("`{}` is no regular file: it stays as it is", path.display());
    }
    if there.is_some() && fs::read(target).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(false);
    }
    fs::create_dir_all(dir).with_context(failed)?;
    if swept.insert(dir.to_path_buf()) {
        sweep(dir);
    }
    let mode = there
        .as_ref()
        .map_or(0o666, |there| there.permissions().mode());
    let mut file = tempfile::Builder::new()
        .prefix(UNDER_WAY.0)
        .suffix(UNDER_WAY.1)
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(dir)
        .with_context(failed)?;
    // Where files cannot be locked, those that are left over stay.
    let _ = file.as_file().try_lock();
    if there.is_some() {
        let permissions = fs::Permissions::from_mode(mode);
        file.as_file()
            .set_permissions(permissions)
            .with_context(failed)?;
    }
    file.write_all(text.as_bytes()).with_context(failed)?;
    // Somebody may save the file at this very moment, and what they write is theirs.
    let is_same = |was: &str| fs::read(target).is_ok_and(|found| found == was.as_bytes());
    if !was.is_none_or(is_same) {
        bail!(Overtaken(path.to_owned()));
    }
    file.persist(target).with_context(failed)?;
    Ok(true)
}

/// Removes what an export that was killed was writing here. What another one is writing now is locked.
fn sweep(dir: &Path) {
    let (prefix, suffix) = UNDER_WAY;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let rest = name.strip_prefix(prefix);
        let random = rest.and_then(|rest| rest.strip_suffix(suffix));
        let is_ours = random
            .is_some_and(|random| random.len() == 6 && random.chars().all(char::is_alphanumeric));
        let is_file = || entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_left = || fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_ours && is_file() && is_left() {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Moves a directory to where nothing is yet.
fn relocate(grounds: &Grounds, from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("`{}` cannot be moved to `{}`", from.display(), to.display());
    let (source, target) = (grounds.of_other(from)?, grounds.of_other(to)?);
    // What a link points to would stay where it is.
    if !fs::symlink_metadata(from).with_context(failed)?.is_dir() {
        bail!("`{}` is no directory, so it is not moved", from.display());
    }
    if target.exists() {
        bail!("`{}` exists, so nothing is moved there", to.display());
    }
    fs::create_dir_all(target.parent().with_context(failed)?).with_context(failed)?;
    fs::rename(source, target).with_context(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Grounds, apply};
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
            others: Vec::new(),
        }
    }

    #[test]
    fn a_text_that_somebody_changed_meanwhile_stays_theirs() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.md");
        fs::write(&path, "- [ ] One\n").expect("it is written");
        let mark = marked(&path, "- [ ] One\n");
        fs::write(&path, "A line of a person\n- [ ] One\n").expect("it is written");
        let grounds = Grounds::new(dir.path(), &path).expect("a directory");
        let made = apply(&grounds, &mark);
        assert!(made.refused[0].contains("was changed while it was read"));
        assert!(made.is_overtaken);
        assert_eq!(made.changed, [] as [std::path::PathBuf; 0]);
        let text = fs::read_to_string(&path).expect("it is read");
        assert_eq!(text, "A line of a person\n- [ ] One\n");
        fs::write(&path, "- [ ] One\n").expect("it is written");
        let made = apply(&grounds, &mark);
        assert_eq!(made.changed, std::slice::from_ref(&path));
        let text = fs::read_to_string(&path).expect("it is read");
        assert_eq!(text, "- [x] One\n");
    }

    #[test]
    fn what_is_no_text_of_the_plan_is_amended_only_as_it_was_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("list.json");
        let amended = |text: &str| Marked {
            changes: vec![Change::Amend {
                path: path.clone(),
                text: text.to_owned(),
                edits: vec![Edit {
                    range: 1..1,
                    text: "1".into(),
                }],
            }],
            sources: Vec::new(),
            others: Vec::new(),
        };
        fs::write(&path, "[2]").expect("it is written");
        let grounds = Grounds::new(dir.path(), &path).expect("a directory");
        let made = apply(&grounds, &amended("[]"));
        assert!(made.refused[0].contains("was changed while it was read"));
        assert_eq!(fs::read_to_string(&path).expect("text"), "[2]");
        fs::write(&path, "[]").expect("it is written");
        apply(&grounds, &amended("[]"));
        assert_eq!(fs::read_to_string(&path).expect("text"), "[1]");
    }

    #[test]
    fn what_an_export_left_that_was_killed_is_removed_by_the_next_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str| {
            let path = dir.path().join(name);
            fs::write(&path, "- [ ] One\n").expect("it is written");
            path
        };
        let left = file(".git-enact-aB3xY9.tmp");
        let theirs = [file(".tmpaB3xY9"), file(".git-enact-notes.tmp")];
        let under_way = file(".git-enact-cD4xY9.tmp");
        let writing = fs::File::open(&under_way).expect("it is there");
        writing.try_lock().expect("nobody else writes it");
        let path = file("a.md");
        let grounds = Grounds::new(dir.path(), &path).expect("a directory");
        let made = apply(&grounds, &marked(&path, "- [ ] One\n"));
        assert_eq!(made.changed, std::slice::from_ref(&path));
        assert!(!left.exists(), "it was ours");
        assert!(under_way.exists(), "somebody writes it");
        assert!(theirs.iter().all(|path| path.exists()), "they are not ours");
    }
}
