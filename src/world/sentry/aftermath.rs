//! What is left of a drive that was stopped, or died: whether what was changed is still so, putting it back, and taking
//! it as it is. Knows what was held when the drive began, and not what the journal says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Kept, read, write};
use crate::git::{Difference, Place, Repo, Weight};
use crate::journal::{Lease, layout};

/// What became of what stopped a run.
#[derive(Debug)]
pub enum Aftermath {
    /// It is still changed.
    Changed(Vec<Difference>),
    /// Everything is as it was.
    PutBack,
    /// What can be compared is as it was; files of the checkout cannot be.
    Unseen,
    /// A person took the repository as it is.
    Accepted,
    /// What was there is not held any more: nobody can tell.
    Lost,
}

/// What became of what stopped `run`, as far as can be seen.
pub fn aftermath(repo: &Repo, run: &str) -> Result<Aftermath> {
    let Some(kept) = kept(repo, run) else {
        return Ok(Aftermath::Lost);
    };
    let found = compared(repo, &kept)?;
    Ok(match &kept {
        _ if !found.is_empty() => Aftermath::Changed(found),
        Kept { accepted: true, .. } => Aftermath::Accepted,
        Kept { escaped: true, .. } => Aftermath::Unseen,
        _ => Aftermath::PutBack,
    })
}

/// What an earlier drive of `run` left changed and nobody has put back or accepted, as far as it is held what was.
pub fn tampered(repo: &Repo, run: &str) -> Result<Vec<Difference>> {
    Ok(match aftermath(repo, run)? {
        Aftermath::Changed(found) => found,
        _ => Vec::new(),
    })
}

fn compared(repo: &Repo, kept: &Kept) -> Result<Vec<Difference>> {
    let now = repo.surroundings(&layout::OURS, None)?;
    let mut found = repo.differences(&kept.surroundings, &now);
    found.retain(|one| match &one.place {
        Place::Ref(name) => one.weight == Weight::Grave || kept.accused.contains(name),
        _ => one.weight == Weight::Grave,
    });
    Ok(found)
}

/// Whether it is held what was there when the last drive of `run` began that did not end well.
pub fn holds(repo: &Repo, run: &str) -> bool {
    kept(repo, run).is_some()
}

/// Takes the repository of `run` as it is from now on; `accepted` when a person does so, who saw that something is changed.
/// Whoever dies before that is on record finds it here.
pub fn look_anew(repo: &Repo, run: &str, accepted: bool) -> Result<()> {
    let kept = Kept {
        surroundings: repo.surroundings(&layout::OURS, None)?,
        accused: Vec::new(),
        escaped: kept(repo, run).is_some_and(|kept| kept.escaped),
        accepted,
    };
    write(&layout::surroundings_file(repo.common_dir(), run), &kept)
}

/// Holds nothing for `run` any more: the next drive looks for itself.
pub fn forget(repo: &Repo, run: &str) {
    let file = layout::surroundings_file(repo.common_dir(), run);
    fs::remove_file(file).unwrap_or_default();
}

/// Puts back what was changed at `place`; a file that is changed for it is kept with the run's local files first: where.
pub fn put_back(repo: &Repo, run: &str, place: &Place) -> Result<Option<PathBuf>> {
    let kept = kept(repo, run).context("nothing is held of what was there")?;
    let aside = layout::planted_dir(repo.common_dir(), run);
    repo.put_back(&kept.surroundings, place, &aside)
}

/// The run that nobody drives and that holds what `file` was, of a repository that need not be fit to be opened.
pub fn holder(common_dir: &Path, file: &Path) -> Option<String> {
    let runs = fs::read_dir(layout::local_runs(common_dir)).ok()?;
    let mut runs: Vec<String> = runs
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    runs.sort();
    runs.into_iter().find(|run| {
        let kept = read(&layout::surroundings_file(common_dir, run));
        kept.is_some_and(|kept| kept.surroundings.knows(file)) && !Lease::is_held(common_dir, run)
    })
}

/// Puts `file` back of such a repository, as `run` holds it: where what was there is kept.
pub fn put_file_back(common_dir: &Path, run: &str, file: &Path) -> Result<Option<PathBuf>> {
    let kept = read(&layout::surroundings_file(common_dir, run));
    let kept = kept.context("nothing is held of what was there")?;
    let aside = layout::planted_dir(common_dir, run);
    kept.surroundings.put_file_back(file, &aside)
}

/// Has every command of ours run the filters and merge drivers that were there before the runs whose drives have not
/// ended well, and none that were planted since.
pub fn shield(repo: &mut Repo) {
    let runs = fs::read_dir(layout::local_runs(repo.common_dir()));
    for entry in runs.into_iter().flatten().flatten() {
        if let Some(run) = entry.file_name().to_str()
            && let Some(kept) = kept(repo, run)
        {
            repo.hold_to(&kept.surroundings);
        }
    }
}

fn kept(repo: &Repo, run: &str) -> Option<Kept> {
    read(&layout::surroundings_file(repo.common_dir(), run))
}
