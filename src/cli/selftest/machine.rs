//! What a run asks of a machine and its file system, each tried by itself.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::cli::demo;
use crate::git::{Expected, Identity, NewCommit, Repo};
use crate::process::storage::NoRoom;

/// How often a file is replaced while another thread reads it.
const REPLACED: u8 = 200;
/// How long that file is, in bytes: more than is written in one piece.
const LENGTH: usize = 64 << 10;
/// How many move a ref at once, and how often each.
const MOVERS: usize = 4;
const MOVES: usize = 25;

pub(super) fn has_room(root: &Path) -> Result<((), String)> {
    match NoRoom::at([root]) {
        Some(no_room) => Err(no_room.into()),
        None => Ok(((), "more than what anything is begun with".to_owned())),
    }
}

/// Whoever reads while a file is replaced reads the old one or the new one.
pub(super) fn replaces(root: &Path) -> Result<((), String)> {
    let (file, draft) = (root.join("file"), root.join("draft"));
    fs::write(&file, vec![0; LENGTH])?;
    let is_over = AtomicBool::new(false);
    let torn = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let Ok(bytes) = fs::read(&file) else {
                    return true;
                };
                let is_whole = bytes.len() == LENGTH && bytes.iter().all(|byte| *byte == bytes[0]);
                if !is_whole {
                    return true;
                }
            }
            false
        });
        let replaced = (1..=REPLACED).try_for_each(|nth| {
            fs::write(&draft, vec![nth; LENGTH])?;
            fs::rename(&draft, &file)
        });
        is_over.store(true, Ordering::Relaxed);
        replaced.map(|()| reader.join().unwrap_or(true))
    });
    ensure!(!torn.context("it cannot be")?, "half of one was read");
    Ok(((), format!("{REPLACED} times, while it was read")))
}

/// A second one who wants a lock does not get it, and does once it was given back.
pub(super) fn locks(root: &Path) -> Result<((), String)> {
    let open = || {
        let mut options = File::options();
        let file = options.create(true).append(true).open(root.join("lock"));
        file.context("it cannot be opened")
    };
    let (one, other) = (open()?, open()?);
    one.try_lock().context("nobody can lock it")?;
    match other.try_lock() {
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error).context("nobody can ask for it"),
        Ok(()) => bail!("two have it at once"),
    }
    drop(one);
    other
        .try_lock()
        .context("it stays locked when its owner is gone")?;
    Ok(((), "asked for by two".to_owned()))
}

/// What is written can be confirmed, with the name that it got.
pub(super) fn confirms(root: &Path) -> Result<((), String)> {
    let begun = Instant::now();
    let mut file = File::create(root.join("confirmed"))?;
    file.write_all(&vec![1; 1 << 20])?;
    file.sync_all().context("the file is not confirmed")?;
    let dir = File::open(root)?;
    dir.sync_all().context("its directory is not confirmed")?;
    Ok((
        (),
        format!("a megabyte in {}ms", begun.elapsed().as_millis()),
    ))
}

/// Several move one ref at once, each from where it has just found it: no move is lost.
pub(super) fn moves_refs(root: &Path) -> Result<((), String)> {
    let place = root.join("refs");
    fs::create_dir(&place)?;
    fs::write(place.join("file"), "one\n")?;
    demo::begin(&place)?;
    let repo = Repo::discover(&place)?;
    let begun = repo.head()?.commit.context("there is no commit")?;
    std::thread::scope(|scope| {
        let movers: Vec<_> = (0..MOVERS)
            .map(|_| {
                let repo = repo.reopen();
                scope.spawn(move || repo.and_then(|repo| move_often(&repo)))
            })
            .collect();
        let mut moved = movers.into_iter().map(std::thread::ScopedJoinHandle::join);
        moved.try_for_each(|moved| moved.unwrap_or_else(|_| bail!("a thread was lost")))
    })?;
    let tip = repo.read(REF)?.context("the ref is gone")?;
    let kept = repo.commits_between(begun, tip)?.len();
    let made = MOVERS * MOVES;
    ensure!(kept == made, "of {made} moves {kept} are kept");
    Ok(((), format!("{made} moves by {MOVERS}, none lost")))
}

const REF: &str = "refs/heads/main";

fn move_often(repo: &Repo) -> Result<()> {
    let author = Identity::of(repo)?;
    let mut left = MOVES;
    while left > 0 {
        let at = repo.read(REF)?.context("the ref is gone")?;
        let commit = repo.write_commit(&NewCommit {
            tree: repo.tree_of(at)?,
            parents: &[at],
            message: &format!("{:?} {left}\n", std::thread::current().id()),
            author: &author,
            time: 0,
        })?;
        // Whoever was too late tries again from where it is now.
        if repo
            .move_to(REF, commit, Expected::At(at), "selftest")?
            .is_ok()
        {
            left -= 1;
        }
    }
    Ok(())
}
