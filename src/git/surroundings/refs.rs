//! The user's own refs: branches, tags, the stash, and what replaces objects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Difference, Place, Seen, Surroundings, Weight};
use crate::git::Repo;
use crate::git::index::Stamp;

/// Below these lie the user's refs; what a fetch moves is not among them.
const THEIRS: [&str; 4] = ["refs/heads/", "refs/tags/", "refs/stash", REPLACE];

/// What is shown in place of objects.
const REPLACE: &str = "refs/replace/";

impl Repo {
    /// The user's refs, read anew only when a directory of refs was written since the look before.
    pub(super) fn take_refs(
        &self,
        ours: &[&str],
        now: &mut Surroundings,
        before: Option<&Surroundings>,
    ) {
        let is_ours = |name: &str| ours.iter().any(|ours| name.starts_with(ours));
        now.seen.dirs = self.ref_dirs(&is_ours);
        if let Some(before) = before.filter(|before| is_unchanged(&before.seen, &now.seen)) {
            now.refs.clone_from(&before.refs);
            return;
        }
        let mut found = BTreeMap::new();
        for prefix in THEIRS {
            let Ok(listed) = self.list(prefix) else {
                // The file of the packed ones is damaged, which is told for itself.
                now.refs = before.map(|before| before.refs.clone()).unwrap_or_default();
                return;
            };
            let theirs = listed.into_iter().filter(|(name, _)| !is_ours(name));
            found.extend(theirs.map(|(name, oid)| (name, oid.to_string())));
        }
        now.refs = Arc::new(found);
    }

    /// The directories that hold refs of the user's, and the file of the packed ones, by when they were written.
    fn ref_dirs(&self, is_ours: &dyn Fn(&str) -> bool) -> Vec<(PathBuf, Stamp)> {
        let common = self.common_dir();
        let mut found = stamped(common.join("packed-refs"));
        let stash = common.join("refs/stash");
        found.extend(
            stamped(common.join("refs"))
                .into_iter()
                .chain(stamped(stash)),
        );
        let mut open: Vec<PathBuf> = ["refs/heads", "refs/tags", "refs/replace"]
            .map(|dir| common.join(dir))
            .to_vec();
        while let Some(dir) = open.pop() {
            let name = dir.strip_prefix(common).unwrap_or(&dir);
            if is_ours(&format!("{}/", name.display())) {
                continue;
            }
            found.extend(stamped(dir.clone()));
            let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
            let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            open.extend(dirs.map(|entry| entry.path()));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    }
}

fn stamped(path: PathBuf) -> Vec<(PathBuf, Stamp)> {
    let found = path.symlink_metadata().ok();
    let stamp = found.map(|found| Stamp::of(&found));
    stamp.map(|stamp| (path, stamp)).into_iter().collect()
}

fn is_unchanged(before: &Seen, now: &Seen) -> bool {
    let mut settled = before
        .dirs
        .iter()
        .map(|(_, stamp)| before.is_settled(stamp));
    !before.dirs.is_empty() && before.dirs == now.dirs && settled.all(|settled| settled)
}

pub(super) fn differences(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != now.get(*name));
    let told = changed.map(|name| Difference {
        place: Place::Ref(name.clone()),
        before: before.get(name).cloned(),
        now: now.get(name).cloned(),
        weight: match name.starts_with(REPLACE) {
            true => Weight::Grave,
            false => Weight::Light,
        },
    });
    told.collect()
}
