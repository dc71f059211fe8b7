//! Saying in a plan's own files how far its run is.
//!
//! The files are a view, like branches and notes: made from the state, never read back as truth while the run
//! knows better. What a format writes where is its reader's; this brings the run's side together and puts the
//! bytes in place. Knows no format.

mod claimed;
mod files;
mod grounds;
mod ledger;
mod sync;
mod times;

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

pub use files::Made;
pub use ledger::Ledger;
pub use sync::Synced;

use crate::git::{ChangeKind, Repo};
use crate::journal;
use crate::plan::{
    self, Faults, ImportedStatus, Marked, Progress, Status, Task, TaskId, TaskProgress,
};
use crate::run::event::Recorded;
use crate::run::state::{Drive, Standing, State};
use claimed::Claimed;
use grounds::Grounds;
use times::Times;

/// What became of the files, or why the plan cannot be read.
pub type Exported = std::result::Result<Made, Faults>;

/// Writes what a run knows into its plan's files.
pub struct Exporter {
    repo: Repo,
    /// Where the plan is.
    plan: PathBuf,
    /// The directory outside of which nothing is written.
    root: PathBuf,
    times: Times,
    /// What the commits of tasks created and modified, by commit.
    changed: HashMap<String, (Vec<String>, Vec<String>)>,
    /// What was written into the checkout; none for a worktree of ours.
    ledger: Option<Ledger>,
    /// What executors call done.
    claimed: Claimed,
    /// Whether the plan was moved to where finished ones lie: it says all that there is to say.
    is_away: bool,
}

impl Exporter {
    /// For the run `run`, whose plan is at `plan` in the checkout or elsewhere; reads all its events for their times.
    pub fn new(repo: Repo, run: &str, plan: PathBuf) -> Result<Self> {
        let root = root(&repo, &plan);
        let ledger = Ledger::of(&repo, run);
        let exporter = Self::within(repo, run, plan, &root)?;
        Ok(Self { ledger, ..exporter })
    }

    /// The same for a plan in a worktree.
    pub fn within(repo: Repo, run: &str, plan: PathBuf, root: &Path) -> Result<Self> {
        let mut times = Times::default();
        let events: Vec<_> = journal::checkpoints(&repo, run)?.collect::<Result<_>>()?;
        for checkpoint in events.iter().rev() {
            times.hear(&checkpoint.recorded);
        }
        Ok(Self {
            repo,
            plan,
            root: root.to_path_buf(),
            times,
            changed: HashMap::new(),
            ledger: None,
            claimed: Claimed::default(),
            is_away: false,
        })
    }

    /// Something more happened.
    pub fn hear(&mut self, recorded: &Recorded) {
        self.times.hear(recorded);
    }

    /// Has the plan's files say where `state` stands. What became of them; or why the plan cannot be read, and then
    /// none has changed.
    pub fn export(&mut self, state: &State) -> Result<Exported> {
        self.export_as(state, state.run.drive == Drive::Finished)
    }

    /// The same when the end of the run is about to be recorded.
    pub fn export_at_end(&mut self, state: &State) -> Result<Exported> {
        self.export_as(state, true)
    }

    fn export_as(&mut self, state: &State, over: bool) -> Result<Exported> {
        if self.is_away {
            return Ok(Ok(Made::default()));
        }
        let progress = self.progress(state, over)?;
        let paths = [self.plan.clone()];
        settled(
            || match plan::marked(&paths, &state.selection(), progress.clone()) {
                Ok(marked) => {
                    let mut made = self.apply(&marked)?;
                    made.refused.extend(replaced(&marked.others));
                    self.is_away = made.moved.is_some();
                    Ok(Ok(made))
                }
                Err(faults) => Ok(Err(faults)),
            },
        )
    }

    /// The tasks that are done and of which the plan's files, as they lie there now, do not say so. Where the plan was
    /// moved away or cannot be read, that is told otherwise.
    pub fn unsaid(&self, state: &State) -> Vec<TaskId> {
        let paths = [self.plan.clone()];
        let loaded = match self.is_away {
            true => return Vec::new(),
            false => plan::load(&paths, &state.selection()),
        };
        let Ok(loaded) = loaded else {
            return Vec::new();
        };
        let said = loaded.plan.tasks.iter().filter(|task| was_done(task));
        let said: HashSet<&TaskId> = said.map(|task| &task.id).collect();
        let own = (0..state.graph().len()).take_while(|index| !state.is_fix(*index));
        let done = own.filter(|index| state.standing(*index) == Standing::Done);
        let ids = done.map(|index| state.graph().tasks()[index].id.clone());
        ids.filter(|id| !said.contains(id)).collect()
    }

    /// Makes the changes, and keeps what was made of the files.
    fn apply(&mut self, marked: &Marked) -> Result<Made> {
        let grounds = Grounds::new(&self.root, &self.plan)?;
        let Some(ledger) = &mut self.ledger else {
            return Ok(files::apply(&grounds, marked));
        };
        let before = ledger.before(&marked.changes)?;
        let made = files::apply(&grounds, marked);
        ledger.keep(before, &made)?;
        Ok(made)
    }

    /// How far the run is. Tasks that it leaves alone are not named.
    fn progress(&mut self, state: &State, over: bool) -> Result<Progress> {
        let claimed = self
            .claimed
            .of(&self.repo, state, &self.plan, &self.root)?
            .clone();
        let mut tasks = Vec::new();
        for index in 0..state.graph().len() {
            // What the run gave itself to do is no part of the plan.
            if state.is_fix(index) {
                break;
            }
            // What an executor calls done and is not is open, whether the run would do it or not.
            let is_claimed = claimed.contains(&state.graph().tasks()[index].id);
            let open = is_claimed.then_some(Status::Pending);
            if let Some(status) = status(state.standing(index)).or(open) {
                let mut task = self.task(state, index, status)?;
                task.is_untouched &= !is_claimed;
                tasks.push(task);
            }
        }
        Ok(Progress {
            run: state.run.id.clone(),
            at: self.times.newest().to_owned(),
            started_at: state.run.started_at.clone(),
            over,
            tasks,
        })
    }

    fn task(&mut self, state: &State, index: usize, status: Status) -> Result<TaskProgress> {
        let (task, at) = (&state.graph().tasks()[index], state.at(index));
        let claim = at.last().and_then(|last| last.claim.as_ref());
        let (created, modified) = match (status, at.merged.last()) {
            (Status::Done, Some(merged)) => self.changed(&merged.base, &merged.commit)?,
            _ => Default::default(),
        };
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(TaskProgress {
            id: task.id.clone(),
            title: task.title.clone(),
            status,
            // After a rollback nothing was attempted, and still the run may have marked it.
            is_untouched: status == Status::Pending
                && !self.times.is_known(&task.id)
                && !was_done(task),
            commit: at.commit.clone(),
            started_at: self.times.began(&task.id),
            ended_at: self.times.ended(&task.id),
            millis: at.millis(),
            attempts: at.attempts,
            reason: state.reason(index),
            last_step: claim.and_then(|claim| said(&claim.last_completed)),
            summary: claim.and_then(|claim| said(&claim.notes)),
            created,
            modified,
        })
    }

    /// What a task's commit created, and what it modified or removed.
    fn changed(&mut self, base: &str, commit: &str) -> Result<(Vec<String>, Vec<String>)> {
        if let Some(known) = self.changed.get(commit) {
            return Ok(known.clone());
        }
        let changes = self
            .repo
            .changed(self.repo.oid(base)?, self.repo.oid(commit)?)?;
        let (created, modified): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.kind == ChangeKind::Added);
        let paths = |changes: Vec<crate::git::Change>| {
            changes.into_iter().map(|change| change.path).collect()
        };
        let both: (Vec<String>, Vec<String>) = (paths(created), paths(modified));
        self.changed.insert(commit.to_owned(), both.clone());
        Ok(both)
    }
}

/// What came of writing, tried again where somebody else wrote between reading and that: editors do at any time.
fn settled(mut write: impl FnMut() -> Result<Exported>) -> Result<Exported> {
    const TRIES: usize = 3;
    let mut written = write()?;
    for _ in 1..TRIES {
        match written {
            Ok(made) if made.is_overtaken => {
                written = write()?.map(|again| again.after(made.changed));
            }
            settled => return Ok(settled),
        }
    }
    Ok(written)
}

/// The same path without detours; a way up behind a link is none.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() && !plain.is_symlink() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The checkout, where the plan was named in it, wherever a link on the way leads; else the plan's own directory.
fn root(repo: &Repo, plan: &Path) -> PathBuf {
    let is_in = repo.name_in_checkout(plan).is_some();
    let checkout = repo.checkout().filter(|_| is_in);
    if let Some(top) = checkout.and_then(|top| top.canonicalize().ok()) {
        return top;
    }
    let real = plan.canonicalize().unwrap_or_else(|_| plan.to_path_buf());
    match real.parent() {
        Some(above) if !real.is_dir() => above.to_path_buf(),
        _ => real,
    }
}

/// Why marks stay as they are where other tasks stand now.
fn replaced(others: &[(TaskProgress, String)]) -> Option<String> {
    let (task, now) = others.first()?;
    let more = match others.len() {
        1 => "its mark stays as it is".to_owned(),
        count => format!("its mark stays as it is, like those of {} more", count - 1),
    };
    let why = format!(
        "task {} is `{now}` in the plan now, and the run knows it as `{}`: {more}; `git enact replan` takes up an edited \
         plan",
        task.id, task.title
    );
    Some(plan::visible(&why).into_owned())
}

/// Whether the plan said of a task that it was done before the run: that is no longer so where it is done again.
fn was_done(task: &Task) -> bool {
    let before = task.imported.as_ref();
    before.is_some_and(|before| before.status == ImportedStatus::Done)
}

/// Where a task stands in a plan's words; none for one that this run leaves alone.
fn status(standing: Standing) -> Option<Status> {
    Some(match standing {
        // What was undone, or must be proven again, is not done.
        Standing::Pending | Standing::Stale | Standing::Reverted => Status::Pending,
        Standing::Running => Status::InProgress,
        Standing::Done => Status::Done,
        Standing::Failed => Status::Failed,
        Standing::Partial => Status::Partial,
        Standing::TimedOut => Status::TimedOut,
        Standing::Blocked | Standing::InReview | Standing::Kickback | Standing::Held => {
            Status::Blocked
        }
        Standing::Skipped => Status::Skipped,
        Standing::LeftOut => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Made, settled};

    #[test]
    fn what_somebody_changed_between_reading_and_writing_is_read_again() {
        let mut times = 0;
        let mut overtaken = |until: usize| {
            times += 1;
            let mut made = Made::default();
            made.changed = vec![format!("{times}.md").into(), "all.md".into()];
            made.is_overtaken = times < until;
            Ok(Ok(made))
        };
        let made = settled(|| overtaken(3)).expect("written").expect("a plan");
        assert!(!made.is_overtaken);
        let changed: Vec<_> = made
            .changed
            .iter()
            .filter_map(|path| path.to_str())
            .collect();
        assert_eq!(changed, ["1.md", "2.md", "3.md", "all.md"]);
        let made = settled(|| overtaken(9)).expect("written").expect("a plan");
        assert!(made.is_overtaken, "not for ever");
    }
}
