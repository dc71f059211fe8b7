//! What a directory holds, byte for byte, so that two looks at it can be compared.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Every file below a directory: mode, content (a link's is its target) and time of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest(BTreeMap<PathBuf, Found>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    mode: u32,
    content: Vec<u8>,
    changed: SystemTime,
}

/// Looks at `dir`, but not below the paths in `skip`.
pub(crate) fn digest(dir: &Path, skip: &[&str]) -> Digest {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(current) = open.pop() {
        for entry in std::fs::read_dir(&current).expect("a directory") {
            let path = entry.expect("an entry").path();
            let relative = path.strip_prefix(dir).expect("below").to_owned();
            if skip.iter().any(|skipped| relative.starts_with(skipped)) {
                continue;
            }
            let look = Found::at(&path);
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
            found.insert(relative, look);
        }
    }
    Digest(found)
}

impl Found {
    fn at(path: &Path) -> Self {
        let meta = path.symlink_metadata().expect("metadata");
        let content = if meta.is_symlink() {
            let target = std::fs::read_link(path).expect("a link");
            target.into_os_string().into_encoded_bytes()
        } else if meta.is_dir() {
            Vec::new()
        } else {
            std::fs::read(path).expect("a file")
        };
        let changed = match meta.is_dir() {
            // A directory's time says only that an entry came or went, and that shows anyway.
            true => UNIX_EPOCH,
            false => meta.modified().expect("a time"),
        };
        Self {
            mode: meta.permissions().mode(),
            content,
            changed,
        }
    }
}

impl Digest {
    /// The same without what was found at `paths`, which are no longer compared.
    pub(crate) fn without(mut self, paths: &[&str]) -> Self {
        let is_meant = |path: &Path| paths.iter().any(|meant| path == Path::new(meant));
        self.0.retain(|path, _| !is_meant(path));
        self
    }

    /// Gives the files below `dir` that hold what they held, and were written again, their times back.
    pub(crate) fn give_times_back(&self, dir: &Path) {
        for (relative, before) in &self.0 {
            let path = dir.join(relative);
            let now = path.exists().then(|| Found::at(&path));
            if now.is_some_and(|now| now.content == before.content && now.changed != before.changed)
            {
                let file = std::fs::File::options().append(true).open(&path);
                let set = file.and_then(|file| file.set_modified(before.changed));
                set.expect("a time");
            }
        }
    }

    /// Both looks must show the same; a failure names the paths that differ and how.
    #[track_caller]
    pub(crate) fn assert_same(&self, later: &Self, requirement: &str) {
        let paths = self.0.keys().chain(later.0.keys());
        let mut differences: Vec<String> = paths
            .filter_map(|path| {
                let how = match (self.0.get(path), later.0.get(path)) {
                    (Some(_), None) => "is gone",
                    (None, Some(_)) => "is new",
                    (Some(before), Some(after)) if before.content != after.content => {
                        "has another content"
                    }
                    (Some(before), Some(after)) if before.mode != after.mode => "has another mode",
                    (before, after) if before != after => "was written again",
                    _ => return None,
                };
                Some(format!("{} {how}", path.display()))
            })
            .collect();
        differences.sort();
        differences.dedup();
        assert!(
            differences.is_empty(),
            "{requirement}:\n{}",
            differences.join("\n")
        );
    }
}
