//! Files of ours that one process holds at a time, and that go once nobody needs them.
//!
//! The kernel frees such a file when its process dies. It may be removed only by whoever holds it; who waited for it
//! meanwhile holds a file that has no name any more, sees that, and makes another. What is done while it is held is
//! not known here.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Waits until this process alone holds the file, which is made with its directory where it is not there.
pub fn hold(path: &Path) -> Result<File> {
    loop {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("`{}` cannot be made", dir.display()))?;
        }
        let opened = File::options().create(true).append(true).open(path);
        let file = match opened {
            // Its directory was removed with the last run, just now.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => continue,
            opened => opened.with_context(|| format!("`{}` cannot be opened", path.display()))?,
        };
        file.lock()
            .with_context(|| format!("`{}` cannot be locked", path.display()))?;
        if is_named(&file, path) {
            return Ok(file);
        }
    }
}

/// Removes a file that this process holds.
pub fn remove(held: File, path: &Path) -> Result<()> {
    std::fs::remove_file(path)
        .with_context(|| format!("`{}` cannot be removed", path.display()))?;
    drop(held);
    Ok(())
}

/// Whether the open file is the one that stands there.
fn is_named(file: &File, path: &Path) -> bool {
    let id = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(there)) => id(open) == id(there),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::thread;

    use super::{hold, remove};

    #[test]
    fn whoever_waits_for_a_file_that_is_removed_holds_the_next_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("enact/one.lock");
        for _ in 0..50 {
            let held = hold(&path).expect("nobody holds it");
            let waiting = thread::spawn({
                let path = path.clone();
                move || hold(&path).expect("it is held in the end")
            });
            remove(held, &path).expect("it is removed");
            let next = waiting.join().expect("it has waited");
            let other = File::open(&path).expect("it stands there again");
            assert!(other.try_lock().is_err(), "and it is the one that is held");
            remove(next, &path).expect("it is removed");
            std::fs::remove_dir(dir.path().join("enact")).expect("nothing else is there");
        }
    }
}
