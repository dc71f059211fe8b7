//! Projections: the run's branch and the PROGRESS notes, made to agree with the journal.
//!
//! They are for people and other tools; nothing here is ever read back as truth. Each write says what it
//! expects to find, and what somebody else moved is reported and left alone. A drive keeps them up to date;
//! an examination compares and mends them.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::crash;
use crate::git::{self, Expected, Identity, Moved, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{clock, layout};
use crate::plan::TaskId;
use crate::report::sentence::took;
use crate::run::state::{AttemptState, Phase, Standing, State};

/// Where this machine put the run's branch, on file: what it went back from, the last place, and where it was to go
/// next. One of them is where a crash left it, and only what stands there may be moved to anywhere at all.
pub struct Projected {
    file: PathBuf,
    places: Vec<Oid>,
}

impl Projected {
    /// What the file says.
    pub fn read(repo: &Repo, run: &str) -> Self {
        let file = layout::projected_file(repo.common_dir(), run);
        // Without the file, as on a machine that was sent the run, the branch is moved forward only.
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let places = text
            .lines()
            .filter_map(|line| repo.oid(line).ok())
            .collect();
        Self { file, places }
    }

    /// Whether the branch was put there.
    pub fn has(&self, place: Oid) -> bool {
        self.places.contains(&place)
    }

    /// The branch goes from `found` to `tip`, or is to go once nothing holds it at `found`; the notes follow the journal
    /// all the same, and are taken back from there. What lies off the way stays on file: a rollback left it, and notes
    /// on it that somebody brings back are taken out again.
    fn note(&mut self, repo: &Repo, found: Option<Oid>, tip: Oid) -> Result<()> {
        let mut places = Vec::new();
        for &place in &self.places {
            if repo.is_commit(place) && !repo.is_ancestor(place, tip)? {
                places.push(place);
            }
        }
        let found = found.filter(|found| !places.contains(found));
        places.extend(found.into_iter().chain([tip]));
        self.write(places)
    }

    fn write(&mut self, places: Vec<Oid>) -> Result<()> {
        if self.places == places {
            return Ok(());
        }
        let lines: Vec<String> = places.iter().map(|oid| format!("{oid}\n")).collect();
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, lines.concat())
            .and_then(|()| std::fs::rename(&draft, &self.file))
            .with_context(|| format!("`{}` cannot be written", self.file.display()))?;
        self.places = places;
        Ok(())
    }
}

/// Makes branch and notes agree with `state`, for who drives nothing. Says why not when the branch is left
/// where it is.
pub fn all(repo: &Repo, state: &State, author: &Identity) -> Result<Option<String>> {
    let mut ours = Projected::read(repo, &state.run.id);
    // Whoever holds the lease is the only one who writes there: a lock that stays belongs to nobody.
    repo.clear_stale_locks(&[&layout::integration_branch(&state.run.id)])?;
    unlock_notes(repo)?;
    withdraw(repo, state, &ours, author)?;
    let left = branch(repo, state, &mut ours)?;
    notes(repo, state, &outdated(repo, state)?, author)?;
    Ok(left)
}

/// Notes where the journal says that the branch is: whoever is about to go back moves it from there and takes back what
/// the notes say, also where the run was never driven, or was cleaned since.
pub fn remember(repo: &Repo, state: &State) -> Result<()> {
    let mut ours = Projected::read(repo, &state.run.id);
    let tip = repo.oid(&state.run.tip)?;
    let mut places = vec![tip];
    // A death on the way to the tip left it behind that, and nothing says so once the run goes back.
    if let Some(found) = repo.read(&layout::integration_branch(&state.run.id))?
        && found != tip
        && repo.is_ancestor(found, tip)?
    {
        places.push(found);
    }
    places.retain(|place| !ours.has(*place));
    match places.is_empty() {
        true => Ok(()),
        false => ours.write(ours.places.iter().copied().chain(places).collect()),
    }
}

/// Moves the run's branch to where the journal says it is. Says why not when it is left where it is.
pub fn branch(repo: &Repo, state: &State, ours: &mut Projected) -> Result<Option<String>> {
    let moved_to = |found: Oid| format!("was moved to {found} by somebody else");
    let name = layout::integration_branch(&state.run.id);
    let tip: Oid = repo.oid(&state.run.tip)?;
    let found = repo.read(&name)?;
    let expected = match found {
        None => Expected::Missing,
        Some(found) if found == tip => {
            ours.note(repo, None, tip)?;
            return Ok(None);
        }
        // On the run's own line it lags behind; off it, it is where a rollback found it.
        Some(found) if ours.places.contains(&found) || repo.is_ancestor(found, tip)? => {
            if let Some(place) = repo.checked_out(&name)? {
                // Also where nothing says any more that it is the run's own: the journal may go back to before it.
                ours.note(repo, Some(found), tip)?;
                return Ok(Some(format!("is checked out in {}", place.display())));
            }
            Expected::At(found)
        }
        Some(found) => {
            ours.note(repo, None, tip)?;
            return Ok(Some(moved_to(found)));
        }
    };
    let moved = place(repo, &name, tip, expected, ours)?;
    Ok(moved.err().and_then(|moved| moved.found).map(moved_to))
}

/// Moves the run's branch to where the journal says it is, from `found`, which the caller knows to be kept
/// elsewhere.
pub fn put_branch_back(
    repo: &Repo,
    state: &State,
    found: Option<Oid>,
) -> Result<Result<(), Moved>> {
    let mut ours = Projected::read(repo, &state.run.id);
    let name = layout::integration_branch(&state.run.id);
    let tip = repo.oid(&state.run.tip)?;
    let expected = found.map_or(Expected::Missing, Expected::At);
    place(repo, &name, tip, expected, &mut ours)
}

fn place(
    repo: &Repo,
    name: &str,
    tip: Oid,
    expected: Expected,
    ours: &mut Projected,
) -> Result<Result<(), Moved>> {
    let found = match expected {
        Expected::At(found) => Some(found),
        Expected::Missing => None,
    };
    ours.note(repo, found, tip)?;
    crash::step("branch-noted");
    let moved = repo.move_to(name, tip, expected, "git enact: integrated")?;
    crash::step("branch-moved");
    Ok(moved)
}

/// Takes what is ours out of the notes of what the journal no longer holds: the run, or somebody with plain git,
/// went back.
pub(super) fn withdraw(
    repo: &Repo,
    state: &State,
    ours: &Projected,
    author: &Identity,
) -> Result<()> {
    let tip: Oid = repo.oid(&state.run.tip)?;
    let mut undone = Vec::new();
    for &place in &ours.places {
        if !repo.is_commit(place) || repo.is_ancestor(place, tip)? {
            continue;
        }
        for commit in repo.commits_between(tip, place)? {
            let note = repo.read_note(layout::PROGRESS, commit)?;
            if let Some(note) = note.filter(|note| names_run(note, &state.run.id)) {
                undone.push((commit, besides_ours(&note, &state.run.id)));
            }
        }
    }
    if !undone.is_empty() {
        write(repo, state, &undone, author)?;
        crash::step("notes-withdrawn");
    }
    Ok(())
}

/// Writes the notes of `tasks`, as far as they have one.
pub fn notes(repo: &Repo, state: &State, tasks: &[usize], author: &Identity) -> Result<()> {
    let mut batch = Vec::with_capacity(tasks.len());
    for &task in tasks {
        for noted in noted(state, task) {
            let on = repo.oid(noted.commit)?;
            let found = repo.read_note(layout::PROGRESS, on)?;
            let text = note(state, task, &noted);
            let text = with_others(&text, found.as_deref(), &state.run.id);
            batch.push((on, Some(text)));
        }
    }
    match batch.is_empty() {
        true => Ok(()),
        false => write(repo, state, &batch, author),
    }
}

fn write(
    repo: &Repo,
    state: &State,
    batch: &[(Oid, Option<Vec<u8>>)],
    author: &Identity,
) -> Result<()> {
    let time = clock::to_seconds(&state.run.updated_at).unwrap_or_default();
    write_notes(repo, batch, author, time)
}

/// Writes notes, and removes those without a text. Runs share the notes: one writes at a time, so that a lock
/// which stays belongs to nobody.
pub fn write_notes(
    repo: &Repo,
    batch: &[(Oid, Option<Vec<u8>>)],
    author: &Identity,
    time: i64,
) -> Result<()> {
    let _turn = turn(repo)?;
    repo.write_notes(layout::PROGRESS, batch, author, time)
}

/// The keys of the lines that are ours in a note.
const KEYS: [&str; 9] = [
    "Run", "Task", "Title", "Status", "Attempt", "Commit", "Checks", "Executor", "Took",
];

/// The lines of a note, each with the key and value that `run` wrote; whoever else wrote into it, other runs and
/// people, did so before or behind that paragraph, and maybe right below it.
fn lines<'a>(
    note: &'a [u8],
    run: &str,
) -> impl Iterator<Item = (&'a [u8], Option<(&'static str, &'a [u8])>)> {
    let first = format!("Run: {run}");
    let mut is_ours = false;
    note.split(|byte| *byte == b'\n').map(move |line| {
        is_ours = match line.starts_with(b"Run: ") {
            true => line == first.as_bytes(),
            false => is_ours && !line.is_empty(),
        };
        let said = KEYS.into_iter().find_map(|key| {
            let rest = line.strip_prefix(key.as_bytes())?;
            Some((key, rest.strip_prefix(b":")?.trim_ascii()))
        });
        (line, said.filter(|_| is_ours))
    })
}

/// Whether `run` wrote into a note.
pub fn names_run(note: &[u8], run: &str) -> bool {
    lines(note, run).any(|(_, said)| said.is_some())
}

/// What `run` says behind `key` in a note.
pub fn says(note: &[u8], run: &str, key: &str) -> Option<String> {
    let mut said = lines(note, run).filter_map(|(_, said)| said);
    let (_, value) = said.find(|(found, _)| *found == key)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// What of a note somebody else wrote than `run`.
pub fn besides_ours(note: &[u8], run: &str) -> Option<Vec<u8>> {
    let others = lines(note, run).filter(|(_, said)| said.is_none());
    let others: Vec<&[u8]> = others.map(|(line, _)| line).collect();
    // Only whole lines go: one that is indented would without its indent be taken for ours when it is read again.
    let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let first = others.iter().position(|line| !is_blank(line))?;
    let last = others.iter().rposition(|line| !is_blank(line))?;
    Some([&others[first..=last].join(&b'\n'), &b"\n"[..]].concat())
}

/// The note with what is ours, and what others wrote into `found`.
pub fn with_others(ours: &str, found: Option<&[u8]>, run: &str) -> Vec<u8> {
    let ours = ours.as_bytes();
    let Some(found) = found else {
        return ours.to_vec();
    };
    // Where it says what it should, it stays as it is, whoever comes first in it.
    let said = lines(found, run).filter(|(_, said)| said.is_some());
    let said: Vec<&[u8]> = said.flat_map(|(line, _)| [line, b"\n"]).collect();
    if said.concat() == ours {
        return found.to_vec();
    }
    match besides_ours(found, run) {
        Some(others) => [ours, b"\n", &others].concat(),
        None => ours.to_vec(),
    }
}

/// Removes the lock that a dead process left on the notes. `git notes` holds it for a moment; ours is held
/// by nobody while it is our turn.
pub fn unlock_notes(repo: &Repo) -> Result<()> {
    let _turn = turn(repo)?;
    if repo.stays_locked(layout::PROGRESS) {
        repo.clear_stale_locks(&[layout::PROGRESS])?;
    }
    Ok(())
}

/// Held while notes are written; the kernel frees it when its process dies.
fn turn(repo: &Repo) -> Result<File> {
    git::hold(&layout::notes_lock(repo.common_dir()))
}

/// Removes what is there only for writing notes.
pub fn forget_turns(repo: &Repo) -> Result<()> {
    git::remove_held(turn(repo)?, &layout::notes_lock(repo.common_dir()))
}

/// The tasks whose note is missing, or says something else than where they stand.
pub fn outdated(repo: &Repo, state: &State) -> Result<Vec<usize>> {
    let mut outdated = Vec::new();
    for task in 0..state.graph().len() {
        for noted in noted(state, task) {
            let commit = repo.oid(noted.commit)?;
            let found = repo.read_note(layout::PROGRESS, commit)?;
            let said = found.and_then(|note| says(&note, &state.run.id, "Status"));
            if said.as_deref() != Some(noted.status) {
                outdated.push(task);
            }
        }
    }
    outdated.dedup();
    Ok(outdated)
}

/// A commit of the run that has a note.
#[derive(Debug)]
pub struct Noted<'a> {
    /// The executor's commit.
    pub commit: &'a str,
    /// The attempt that made it.
    pub attempt: &'a AttemptState,
    /// What became of it.
    pub status: &'static str,
}

/// The commits of a task that this run integrated, also those that were undone or followed by another.
pub fn noted(state: &State, task: usize) -> Vec<Noted<'_>> {
    let at = state.at(task);
    let integrated = at.history.iter().filter(|attempt| attempt.integrated);
    let accepted = integrated.filter_map(|attempt| {
        let commit = attempt.verdict.as_ref()?.accepted.as_deref()?;
        let stands = at.merged.iter().any(|merged| merged.commit == commit);
        let status = match at.phase {
            _ if !stands => Standing::Reverted,
            Phase::Done => Standing::Done,
            // It is being done anew, or should be.
            _ => Standing::Stale,
        };
        Some(Noted {
            commit,
            attempt,
            status: status.name(),
        })
    });
    accepted.collect()
}

/// The note as the contract shows it.
pub fn note(state: &State, index: usize, noted: &Noted<'_>) -> String {
    let task = &state.graph().tasks()[index];
    let checks = noted.attempt.verdict.as_ref();
    let checks = checks.map(|verdict| verdict.checks.join(", "));
    let line = |text: &str| crate::journal::codec::subject_text(text);
    format!(
        "Run: {}\nTask: {}\nTitle: {}\nStatus: {}\nAttempt: {}\nCommit: {}\nChecks: {}\nExecutor: {}\nTook: {}\n",
        state.run.id,
        line(task.id.as_str()),
        line(&task.title),
        noted.status,
        noted.attempt.number,
        noted.commit,
        checks.unwrap_or_default(),
        line(noted.attempt.made_by(&state.run.policy)),
        took(state.at(index).millis()),
    )
}

/// The branch of a task.
pub fn task_branch(run: &str, graph: &Graph, task: &TaskId) -> String {
    let slug = graph
        .index(task)
        .map_or("unknown", |index| graph.slug(index));
    layout::task_branch(run, slug)
}
