//! Seeing that somebody tampers with the repository, and stopping for it.
//!
//! What surrounds a run is looked at when a drive begins, and compared before anything else is done: before an
//! attempt starts, before one that ended is judged, before its commit is integrated, and when the drive ends. The
//! person whose repository it is works in it meanwhile, and git does not tell who wrote what. So the rule is:
//!
//! - **What git executes or believes** stops the run, whoever changed it: settings that are commands or lead to some,
//!   hooks, attributes, alternates, grafts, what replaces objects, a list of shallow commits that hides parents, a
//!   damaged list of refs, and the journal. Hardly anybody changes those by the way, and the next command of their
//!   own would run it. Stopping for nothing costs one `resume`.
//!   What the user's own `setup` command does while no attempt runs is theirs.
//! - **Refs and files** are everyday work: commits, switches, stashes, edits. They stop the run only with evidence
//!   that an attempt did it: a checked-out branch that moved without the log of its checkout knowing; a ref of the
//!   user's that names a commit which an attempt made or claims; uncommitted files in the checkout that hold
//!   exactly what an attempt made; and declared files that were written there while an attempt claims to be done
//!   and left nothing in its worktree. Without evidence they are told once, with what puts them back.
//! - **Everything else** (an e-mail address, a remote, an exclude) is told once.
//!
//! What is held to put things back lies in memory and, for those who come after a crash, in a file that only its
//! user may read; it is not stored with the run, because a configuration holds secrets. The record says what was
//! changed and not to what.
//!
//! Who can write to the repository can write to that file too. Against an executor that means harm this is a trip
//! wire and no wall: for that there are other ways to run it.

mod aftermath;
mod escapes;

pub use aftermath::{
    Aftermath, aftermath, forget, holder, holds, look_anew, put_back, put_file_back, shield,
    tampered,
};

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Local;
use crate::attempt::output::{Secrets, redact};
use crate::git::{Difference, Place, Repo, Surroundings, Weight, file_clock};
use crate::journal::layout;
use crate::plan::TaskId;
use crate::report::clean::visible;
use crate::run::event::Event;
use crate::run::names;
use crate::run::state::State;

/// A ref and the log of HEAD are written one after the other: what looks wrong is looked at again after this.
const MOMENT: Duration = Duration::from_millis(60);

/// How many lines of a content are shown.
const LINES: usize = 8;

/// How many changes a record names.
const NAMED: usize = 6;

/// What stands guard while a drive lasts.
pub(super) struct Sentry {
    kept: Kept,
    /// The look before.
    seen: Surroundings,
    file: PathBuf,
    /// What was told already.
    told: HashSet<String>,
    /// Which attempts were looked at when they had ended.
    ended: HashSet<(TaskId, u32)>,
    /// When the newest attempt of each task began, by the clock of files.
    begun: HashMap<TaskId, SystemTime>,
}

/// What a drive that did not end well leaves to the next.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    surroundings: Surroundings,
    /// Refs of which there is evidence that an attempt moved them.
    accused: Vec<String>,
    /// Whether the drive was stopped for files of the checkout as well, of which nothing is held.
    #[serde(default)]
    escaped: bool,
    /// Whether a person has taken the repository as it is seen here, and no drive went on with it yet.
    #[serde(default)]
    accepted: bool,
}

impl Sentry {
    /// Begins with what is there now; what an earlier drive left is looked at before there is a drive.
    fn begin(repo: &Repo, run: &str) -> Result<Self> {
        let file = layout::surroundings_file(repo.common_dir(), run);
        let kept = match read(&file) {
            Some(kept) => kept,
            None => {
                let kept = Kept {
                    surroundings: repo.surroundings(&layout::OURS, None)?,
                    ..Kept::default()
                };
                write(&file, &kept)?;
                kept
            }
        };
        Ok(Self {
            seen: kept.surroundings.clone(),
            kept,
            file,
            told: HashSet::new(),
            ended: HashSet::new(),
            begun: HashMap::new(),
        })
    }

    /// Looks again, and says what differs from the beginning.
    fn look(&mut self, repo: &Repo) -> Result<Vec<Difference>> {
        self.seen = repo.surroundings(&layout::OURS, Some(&self.seen))?;
        // Whoever looks again has gone on.
        let was_accepted = std::mem::take(&mut self.kept.accepted);
        if self.kept.surroundings.keep_up(&self.seen) || was_accepted {
            write(&self.file, &self.kept)?;
        }
        Ok(match self.seen.is_as(&self.kept.surroundings) {
            true => Vec::new(),
            false => repo.differences(&self.kept.surroundings, &self.seen),
        })
    }
}

impl Local {
    /// Takes the guard's first look.
    pub(super) fn post_sentry(&mut self) -> Result<()> {
        if self.sentry.is_none() {
            self.sentry = Some(Sentry::begin(&self.site.repo, &self.site.run)?);
        }
        Ok(())
    }

    /// Takes what the user's own command has done that makes a worktree usable as what is to be: some tools install
    /// hooks. Only while no attempt runs, which could have done it as well.
    pub(super) fn allow_setup(&mut self) -> Result<()> {
        let Some(sentry) = self
            .sentry
            .as_mut()
            .filter(|_| self.approved.policy().setup.is_some())
        else {
            return Ok(());
        };
        sentry.seen = self
            .site
            .repo
            .surroundings(&layout::OURS, Some(&sentry.seen))?;
        if !sentry.seen.is_as(&sentry.kept.surroundings) {
            sentry.kept.surroundings = sentry.seen.clone();
            write(&sentry.file, &sentry.kept)?;
        }
        Ok(())
    }

    /// Ends the guard of a drive that ended well: whatever is changed from now on, no attempt did it.
    pub fn dismiss_sentry(&mut self) {
        if let Some(sentry) = self.sentry.take() {
            fs::remove_file(sentry.file).unwrap_or_default();
        }
    }

    /// Notes that an attempt of `task` begins.
    pub(super) fn note_begin(&mut self, task: &TaskId) {
        if let Some(sentry) = &mut self.sentry {
            sentry.begun.insert(task.clone(), file_clock());
        }
    }

    /// The event that stops the run, when somebody tampered with the repository since the drive began.
    pub(super) fn see_tampering(&mut self, state: &State) -> Result<Option<Event>> {
        let Some(sentry) = &mut self.sentry else {
            return Ok(None);
        };
        let (repo, tell) = (&self.site.repo, &self.site.tell);
        let mut found = sentry.look(repo)?;
        let is_move = |one: &Difference| match &one.place {
            Place::Ref(_) => one.weight == Weight::Grave,
            Place::File(path) => path.ends_with("HEAD"),
            Place::Setting { .. } => false,
        };
        if found.iter().any(is_move) {
            std::thread::sleep(MOMENT);
            found = sentry.look(repo)?;
        }
        let made = escapes::commits(state);
        for one in &mut found {
            let is_theirs = |commit: &String| made.contains(&commit.as_str());
            if matches!(one.place, Place::Ref(_))
                && one.before.is_some()
                && one.now.as_ref().is_some_and(is_theirs)
            {
                one.weight = Weight::Grave;
            }
        }
        let (grave, light): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|one| one.weight == Weight::Grave);
        for one in &light {
            if sentry.told.insert(format!("{one:?}")) {
                tell(&visible(&note(repo, one)));
            }
        }
        let mut reasons: Vec<String> = grave.iter().map(|one| repo.said(one)).collect();
        for one in &grave {
            detailed(repo, one)
                .iter()
                .for_each(|line| tell(&visible(line)));
        }
        if grave.iter().any(|one| one.place == repo.packed_refs()) {
            tell(&format!(
                "no ref can be written before that is put back: `git enact doctor {} --repair`",
                self.site.run
            ));
        }
        let escaped = sentry.escaped(repo, state, tell);
        sentry.kept.escaped = !escaped.is_empty();
        reasons.extend(escaped);
        if reasons.is_empty() {
            return Ok(None);
        }
        let accused = grave.iter().filter_map(|one| match &one.place {
            Place::Ref(name) => Some(name.clone()),
            _ => None,
        });
        sentry.kept.accused = accused.collect();
        write(&sentry.file, &sentry.kept)?;
        Ok(Some(Event::Quarantined {
            reason: escapes::blamed(state, &listed(&reasons)),
            left: Vec::new(),
        }))
    }
}

/// A change with what was there and what is there, a line each; nothing of it may repaint a terminal or is secret.
pub fn detailed(repo: &Repo, difference: &Difference) -> Vec<String> {
    let mut lines = vec![repo.said(difference)];
    for (name, value) in [("was:", &difference.before), ("is:", &difference.now)] {
        let Some(value) = value else { continue };
        let clean = redact(value.as_bytes(), &Secrets::default());
        let clean = String::from_utf8_lossy(&clean).into_owned();
        let count = clean.lines().count();
        let shown = clean.lines().take(LINES).enumerate();
        lines.extend(shown.map(|(nth, line)| match nth {
            0 => format!("  {name:<5}{line}"),
            _ => format!("       {line}"),
        }));
        if count > LINES {
            lines.push(format!("       ({} more lines)", count - LINES));
        }
    }
    lines
}

/// The changes in one sentence.
pub fn listed(reasons: &[String]) -> String {
    names::recounted(reasons, NAMED)
}

/// What may be everyday work, with what puts it back if it was not.
fn note(repo: &Repo, one: &Difference) -> String {
    let said = repo.said(one);
    let help = match (&one.place, &one.before) {
        (Place::Ref(name), Some(before)) => {
            format!("; if that was not you: `git update-ref {name} {before}`")
        }
        (Place::Setting { file, key }, Some(before)) if !before.starts_with('(') => {
            let before = String::from_utf8_lossy(&redact(before.as_bytes(), &Secrets::default()))
                .into_owned();
            format!(
                "; if that was not you: `git config --file '{}' {key} '{before}'`",
                file.display()
            )
        }
        (Place::Setting { file, key }, None) => {
            format!(
                "; if that was not you: `git config --file '{}' --unset-all {key}`",
                file.display()
            )
        }
        _ => String::new(),
    };
    format!("note: {said} while the run went on{help}")
}

fn read(file: &Path) -> Option<Kept> {
    let bytes = fs::read(file).ok()?;
    // One that cannot be read holds nothing: the next look is the first.
    serde_json::from_slice(&bytes).ok()
}

fn write(file: &Path, kept: &Kept) -> Result<()> {
    let draft = file.with_extension("draft");
    let bytes = serde_json::to_vec(kept).context("what surrounds the run cannot be kept")?;
    fs::remove_file(&draft).unwrap_or_default();
    let written = fs::create_dir_all(file.parent().unwrap_or(file)).and_then(|()| {
        let mut open = fs::OpenOptions::new();
        let mut out = open.write(true).create_new(true).mode(0o600).open(&draft)?;
        out.write_all(&bytes)?;
        fs::rename(&draft, file)
    });
    written.with_context(|| format!("`{}` cannot be written", file.display()))
}
