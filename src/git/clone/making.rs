//! The git directory of a clone as it is handed out: what of the user's repository goes into it, and what does not.
//!
//! Written by ourselves, because `git clone` takes ten times as long and leaves the user's identity behind. Who works
//! there, and what becomes of it, is not known here.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::{Result, bail};
use git2::ObjectFormat;

use crate::git::index::copy_with_time;
use crate::git::rails::HOOKS_PATH;
use crate::git::refs::BRANCHES;
use crate::git::{Repo, Worktree};

/// What of the user's refs is handed out.
const REFS: [&str; 3] = ["refs/heads/*", "refs/tags/*", "refs/remotes/*"];

/// Settings of the user's repository that mean nothing in another one, or that would let somebody push.
const LEFT_OUT: [&str; 16] = [
    "branch.",
    "core.bare",
    "core.fsmonitor",
    "core.repositoryformatversion",
    "core.sparsecheckout",
    "core.splitindex",
    "core.untrackedcache",
    "core.worktree",
    "credential.",
    "enact.",
    "extensions.",
    "http.",
    "include",
    "index.sparse",
    "maintenance.",
    "remote.",
];

impl Worktree {
    /// Writes a git directory of their own at `dir`; the refs in it.
    pub(super) fn write_git_dir(&self, repo: &Repo, dir: &Path) -> Result<String> {
        let common = repo.common_dir();
        std::fs::create_dir_all(dir.join("objects/info"))?;
        std::fs::create_dir_all(dir.join("refs/heads"))?;
        std::fs::create_dir_all(dir.join("info"))?;
        std::fs::write(
            dir.join("objects/info/alternates"),
            borrowed(&repo.objects())?,
        )?;
        std::fs::write(dir.join("config"), configuration(repo)?)?;
        for shared in ["info/exclude", "info/attributes", "shallow"] {
            copy_if_there(&common.join(shared), &dir.join(shared))?;
        }
        if repo.config(HOOKS_PATH).is_none() {
            copy_hooks(&common.join("hooks"), &dir.join("hooks"))?;
        }
        // As they were when this process first asked: to list them takes time where there are many.
        let mut refs = match repo.handed_refs.get() {
            Some(refs) => refs.clone(),
            None => {
                let listed = packed_refs(repo)?;
                repo.handed_refs.get_or_init(|| listed).clone()
            }
        };
        std::fs::write(dir.join("packed-refs"), &refs)?;
        let head = std::fs::read_to_string(self.git_dir().join("HEAD"))?;
        if let Some(branch) = head.trim_end().strip_prefix("ref: ")
            && let Some(at) = repo.read(branch)?
        {
            let file = dir.join(branch);
            std::fs::create_dir_all(file.parent().unwrap_or(dir))?;
            std::fs::write(file, format!("{at}\n"))?;
            writeln!(refs, "{at} {branch}")?;
        } else {
            writeln!(refs, "{} HEAD", head.trim_end())?;
        }
        std::fs::write(dir.join("HEAD"), head)?;
        let index = self.git_dir().join("index");
        if index.exists() {
            copy_with_time(&index, &dir.join("index"))?;
        }
        Ok(refs)
    }
}

/// The user's refs, as git packs them; those of runs are ours.
fn packed_refs(repo: &Repo) -> Result<String> {
    let mut lines = Vec::new();
    for glob in REFS {
        for reference in repo.raw().references_glob(glob)? {
            // One that cannot be read is not handed out.
            let Ok(reference) = reference else { continue };
            if let (Ok(name), Some(oid)) = (reference.name(), reference.target())
                && !name.starts_with(BRANCHES)
            {
                lines.push((name.to_owned(), oid));
            }
        }
    }
    lines.sort();
    let mut text = String::from("# pack-refs with: sorted\n");
    for (name, oid) in lines {
        writeln!(text, "{oid} {name}")?;
    }
    Ok(text)
}

/// The configuration of a repository in which commits are made as in the user's.
fn configuration(repo: &Repo) -> Result<String> {
    let mut text = head_of_config(repo);
    let local = repo
        .raw()
        .config()?
        .open_level(git2::ConfigLevel::Local)?
        .snapshot()?;
    local.entries(None)?.for_each(|entry| {
        let value = match entry.has_value() {
            true => entry.value(),
            false => Ok("true"),
        };
        let (Ok(name), Ok(value)) = (entry.name(), value) else {
            return;
        };
        let is_left_out = LEFT_OUT.iter().any(|start| name.starts_with(start));
        let setting = written(name, value).filter(|_| !is_left_out);
        text.push_str(&setting.unwrap_or_default());
    })?;
    // What git-lfs keeps of a file that is committed would go with the directory.
    let lfs = repo.common_dir().join("lfs");
    if let Some(place) = lfs.to_str().filter(|_| lfs.is_dir())
        && let Some(setting) = written("lfs.storage", place)
    {
        text.push_str(&setting);
    }
    Ok(text)
}

fn head_of_config(repo: &Repo) -> String {
    let (version, format) = match repo.raw().object_format() {
        ObjectFormat::Sha1 => (0, ""),
        ObjectFormat::Sha256 => (1, "[extensions]\n\tobjectFormat = sha256\n"),
    };
    format!("[core]\n\trepositoryformatversion = {version}\n\tbare = false\n{format}")
}

/// A setting as a configuration file has it.
fn written(name: &str, value: &str) -> Option<String> {
    let (section, rest) = name.split_once('.')?;
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let (header, key) = match rest.rsplit_once('.') {
        Some((sub, key)) => (format!("{section} \"{}\"", quoted(sub)), key),
        None => (section.to_owned(), rest),
    };
    let value = quoted(value).replace('\n', "\\n").replace('\t', "\\t");
    Some(format!("[{header}]\n\t{key} = \"{value}\"\n"))
}

/// The line by which a repository borrows the objects at `place`.
fn borrowed(place: &Path) -> Result<Vec<u8>> {
    let place = place.as_os_str().as_bytes();
    if place.contains(&b'\n') {
        bail!("a path with a line break cannot be borrowed from: use `--isolation worktree`");
    }
    Ok([place, b"\n"].concat())
}

/// Copies the hooks that git would run.
fn copy_hooks(from: &Path, to: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let hooks = std::fs::read_dir(from).into_iter().flatten().flatten();
    for hook in hooks {
        let path = hook.path();
        let is_run = path
            .metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        if is_run && path.extension().is_none_or(|end| end != "sample") {
            std::fs::create_dir_all(to)?;
            std::fs::copy(&path, to.join(hook.file_name()))?;
        }
    }
    Ok(())
}

fn copy_if_there(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        std::fs::copy(from, to)?;
    }
    Ok(())
}
