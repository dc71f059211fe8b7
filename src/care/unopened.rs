//! A repository that cannot be opened because a file of it is damaged, as far as a run holds what that file was.

use std::path::Path;

use anyhow::bail;

use super::finding::{Finding, Kind, Mend, Remedy, Severity};
use super::mend::Mended;
use crate::git::{Place, damaged};
use crate::journal::Lease;
use crate::world;

/// What keeps the repository that `dir` lies in from being opened, when all of it can be put back.
pub fn unopened(dir: &Path) -> Vec<Finding> {
    let found = damaged(dir).into_iter().map(|damaged| {
        let run = world::holder(&damaged.common_dir, &damaged.path)?;
        let what = format!(
            "`{}` {}, and git opens no repository with it",
            damaged.path.display(),
            damaged.why
        );
        let remedy = Remedy::Mend(Mend::PutBack(Place::File(damaged.path)));
        Some(Finding::new(
            &run,
            Kind::Tampering,
            Severity::Error,
            what,
            remedy,
        ))
    });
    found.collect::<Option<_>>().unwrap_or_default()
}

/// Puts those files back.
pub fn open_again(dir: &Path) -> Vec<Mended> {
    let (all, findings) = (damaged(dir), unopened(dir));
    let mended = all.iter().zip(findings).map(|(damaged, finding)| {
        let run = finding.run.clone();
        let done = Lease::take(&damaged.common_dir, &run).and_then(|lease| match lease {
            Ok(_lease) => world::put_file_back(&damaged.common_dir, &run, &damaged.path),
            Err(_) => bail!("another process drives the run now"),
        });
        Mended::of(&finding, done)
    });
    mended.collect()
}
