//! Repositories within a worktree whose work would be lost with it.
//!
//! Of a repository in a repository git keeps no more than the name of a commit. Where that commit is only in
//! the worktree (nobody declared it a submodule, or it was not pushed), and where its files were changed and
//! not committed, the name is worth nothing once the worktree is gone.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::Result;
use git2::Oid;

use super::{Repo, Worktree, mode};

impl Worktree {
    /// Where `tip`, in contrast to `base`, names a commit that nothing keeps but this worktree.
    pub fn loose_links(&self, repo: &Repo, base: Oid, tip: Oid) -> Result<Vec<String>> {
        let changes = repo.changed(base, tip)?.into_iter();
        let links: Vec<(String, Oid)> = changes
            .filter_map(|change| match change.new {
                Some((found, oid)) if found == mode::COMMIT => Some((change.path, oid)),
                _ => None,
            })
            .collect();
        if links.is_empty() {
            return Ok(Vec::new());
        }
        let modules = repo.blob_at(tip, ".gitmodules")?.unwrap_or_default();
        let declared = declared(&String::from_utf8_lossy(&modules));
        let is_loose = |path: &str, commit: Oid| match declared.iter().find(|(_, at)| at == path) {
            Some((name, _)) => !self.is_kept(repo, name, commit),
            None => true,
        };
        let loose = links.into_iter().filter(|(path, oid)| is_loose(path, *oid));
        Ok(loose.map(|(path, _)| path).collect())
    }

    /// Which of the changed `paths` are repositories that `tip` names: what changed is in them.
    pub(in crate::git) fn changed_links(
        &self,
        repo: &Repo,
        tip: Oid,
        paths: &[Vec<u8>],
    ) -> Result<Vec<String>> {
        let mut links = Vec::new();
        for path in paths {
            let place = self.path().join(std::ffi::OsStr::from_bytes(path));
            // Nearly every changed path is a file, which the disk says sooner than a tree.
            if !place.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                continue;
            }
            let Ok(path) = std::str::from_utf8(path) else {
                continue;
            };
            let entry = repo.entry_at(tip, path)?;
            if entry.is_some_and(|(found, _)| found == mode::COMMIT) {
                links.push(path.to_owned());
            }
        }
        Ok(links)
    }

    /// Whether executors have fetched submodules here: they have git directories of their own.
    pub fn has_submodules(&self) -> bool {
        self.their_git_dir().join("modules").exists()
    }

    /// Whether the commit of a submodule is in the user's own clone of it, or was pushed from here.
    fn is_kept(&self, repo: &Repo, name: &str, commit: Oid) -> bool {
        let open = |git_dir: &Path| git2::Repository::open(git_dir.join("modules").join(name)).ok();
        if open(repo.common_dir()).is_some_and(|users| users.find_commit(commit).is_ok()) {
            return true;
        }
        let Some(ours) = open(&self.their_git_dir()) else {
            // It was never fetched here, so nobody can have made a commit in it.
            return true;
        };
        let remote = ours.references_glob("refs/remotes/*");
        let mut tips = remote
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|found| found.target());
        tips.any(|tip| tip == commit || ours.graph_descendant_of(tip, commit).unwrap_or(false))
    }
}

/// Name and path of each submodule that `.gitmodules` declares.
fn declared(modules: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut name = String::new();
    for line in modules.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix("[submodule \"") {
            name = header.trim_end_matches("\"]").to_owned();
        } else if let Some((key, value)) = line.split_once('=')
            && key.trim() == "path"
        {
            found.push((name.clone(), value.trim().to_owned()));
        }
    }
    found
}
