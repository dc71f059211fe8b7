//! Where the files of a plan may be written: inside of one directory, never in a `.git`, and through no link that the
//! user did not name.
//!
//! The way to the plan is the user's own and may lead through links. What lies elsewhere is reached from the last
//! directory that it has in common with the plan, and from there on no link is followed: it could lead to a hook, or
//! to a source. Only a file that the plan was read from may be a link itself. What was named in the repository is not
//! written where a link leads out of it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::plan::is_invisible;

/// The directory outside of which nothing is written, and the plan in it.
#[derive(Debug)]
pub(super) struct Grounds {
    root: PathBuf,
    plan: PathBuf,
}

impl Grounds {
    pub(super) fn new(root: &Path, plan: &Path) -> Result<Self> {
        let failed = || format!("`{}` cannot be found", root.display());
        Ok(Self {
            root: root.canonicalize().with_context(failed)?,
            plan: plain(plan).or_else(|_| plan.canonicalize())?,
        })
    }

    /// The place of a file that the plan was read from, links followed.
    pub(super) fn of_plan(&self, path: &Path) -> Result<PathBuf> {
        let failed = || format!("`{}` cannot be read", path.display());
        let real = path.canonicalize().with_context(failed)?;
        self.require_allowed(path, &real)?;
        Ok(real)
    }

    /// The place of any other file or directory; it need not exist.
    pub(super) fn of_other(&self, path: &Path) -> Result<PathBuf> {
        let failed = || format!("`{}` cannot be found", path.display());
        let plain = plain(path)?;
        let parts = plain.components().zip(self.plan.components());
        let shared: PathBuf = parts
            .take_while(|(one, other)| one == other)
            .map(|(part, _)| part)
            .collect();
        let rest = plain.strip_prefix(&shared)?;
        let mut place = shared.canonicalize().with_context(failed)?;
        for part in rest {
            place.push(part);
            if is_link(&place) {
                refuse_link(path, &place)?;
            }
        }
        self.require_allowed(path, &place)?;
        Ok(place)
    }

    /// The link on the way to a file that leads outside, and where to.
    fn way_out(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let is_inside = |place: &PathBuf| place.starts_with(&self.root);
        let above = path.ancestors().filter(|above| is_link(above));
        let links: Vec<&Path> = above.collect();
        let leads_out = |link: &&Path| {
            let place = link.canonicalize().ok()?;
            let lies = match link.parent()? {
                here if here.as_os_str().is_empty() => Path::new(".").canonicalize(),
                there => there.canonicalize(),
            };
            let is_out = lies.is_ok_and(|lies| is_inside(&lies)) && !is_inside(&place);
            is_out.then(|| (link.to_path_buf(), place))
        };
        links.iter().rev().find_map(leads_out)
    }

    fn require_allowed(&self, path: &Path, real: &Path) -> Result<()> {
        let Ok(below) = real.strip_prefix(&self.root) else {
            if let Some((link, place)) = self.way_out(path) {
                bail!(
                    "`{}` is a link to `{}`, outside of `{}`: nothing is written there",
                    link.display(),
                    place.display(),
                    self.root.display()
                )
            }
            bail!(
                "`{}` lies outside of `{}`: nothing is written there",
                path.display(),
                self.root.display()
            )
        };
        if below.iter().any(|name| is_git(&name.to_string_lossy())) {
            bail!(
                "`{}` is git's own: nothing is written there",
                path.display()
            );
        }
        Ok(())
    }
}

/// Whether some file system takes this name for `.git`.
fn is_git(name: &str) -> bool {
    let seen: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    seen.eq_ignore_ascii_case(".git")
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink())
}

fn refuse_link(path: &Path, link: &Path) -> Result<()> {
    let above = match path.file_name() == link.file_name() {
        true => "is",
        false => "lies below",
    };
    bail!(
        "`{}` {above} a symbolic link: nothing is written there",
        path.display()
    )
}

/// The path from the top, without `..`.
fn plain(path: &Path) -> Result<PathBuf> {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            // Behind a link, the way up is not the way back.
            Component::ParentDir if is_link(&plain) => refuse_link(path, &plain)?,
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    Ok(plain)
}
