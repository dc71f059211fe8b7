//! Loading: from the paths a user named to a plan with its texts, or to faults that say what is wrong.
//!
//! Finds out which format it is and asks that one. Knows no format itself, and how files are read is for
//! [`super::source`].

use std::fs;
use std::path::{Path, PathBuf};

use super::dialect::{Reading, Unfolded};
use super::recognize::{self, Found};
use super::source::{Source, decode, raw};
use super::text::Text;
use super::{
    Artifact, Change, Dialect, Fault, ImportedStatus, Plan, Progress, Selection, Task, TaskId,
    TaskProgress, fault, skills, tokens,
};

/// A plan that could be read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the text says.
    pub plan: Plan,
    /// The text.
    pub sources: Vec<Source>,
    /// What was not understood, and does not change the meaning.
    pub warnings: Vec<Fault>,
}

/// What a plan's files become, and the texts for which that was found: of others it must not be made.
#[derive(Debug, Clone)]
pub struct Marked {
    /// In the order in which they are made.
    pub changes: Vec<Change>,
    /// As they were read.
    pub sources: Vec<Source>,
    /// Tasks whose ids other tasks have by now, with the titles of those: ids that are places move when somebody puts a
    /// task in, and nothing is said of one by the other's.
    pub others: Vec<(TaskProgress, String)>,
}

/// Why a plan could not be read.
#[derive(Debug, Clone)]
pub struct Faults {
    /// At least one error; warnings may stand beside it.
    pub faults: Vec<Fault>,
    /// The texts that could be read, to show what is meant.
    pub sources: Vec<Source>,
    /// None when no format was recognized.
    pub dialect: Option<Dialect>,
    /// The sessions of which one must be chosen.
    pub sessions: Vec<String>,
}

/// Reads the plan that `paths` name: one file, one directory, or the job files of one plan.
pub fn load(paths: &[PathBuf], selection: &Selection) -> Result<Loaded, Faults> {
    let (found, sources) = texts(paths, selection)?;
    let format = found.dialect.format();
    let Reading {
        mut plan,
        mut faults,
    } = format.read(&sources);
    faults.extend(format.assign(&mut plan, selection));
    skills::assign(&mut plan, &sources, selection);
    faults.extend(tokens::warnings(&sources));
    faults.extend(found.doubt);
    fault::in_text_order(&mut faults);
    if faults.iter().all(Fault::is_warning) {
        Ok(Loaded {
            plan,
            sources,
            warnings: faults,
        })
    } else {
        Err(Faults {
            faults,
            sources,
            dialect: Some(found.dialect),
            sessions: Vec::new(),
        })
    }
}

/// What the files of the plan that `paths` name become when they say `progress`. Files that cannot be read as
/// their format asks are not touched: then there are faults instead.
pub fn written(
    paths: &[PathBuf],
    selection: &Selection,
    progress: &Progress,
) -> Result<Vec<Change>, Faults> {
    Ok(marked(paths, selection, progress.clone())?.changes)
}

/// The same, with the texts for which it was found.
pub fn marked(
    paths: &[PathBuf],
    selection: &Selection,
    mut progress: Progress,
) -> Result<Marked, Faults> {
    let loaded = load(paths, selection)?;
    let format = loaded.plan.dialect.format();
    let mut titles = format.titles(&loaded.plan, &loaded.sources, &progress);
    let mut others = Vec::new();
    progress.tasks.retain(|task| {
        let now = titles.remove(&task.id).filter(|now| *now != task.title);
        let is_same = now.is_none();
        others.extend(now.map(|now| (task.clone(), now)));
        is_same
    });
    Ok(Marked {
        changes: format.write(&loaded.sources, &progress),
        sources: loaded.sources,
        others,
    })
}

/// The tasks that the texts of a plan call done.
pub fn said_done(dialect: Dialect, sources: &[Source]) -> Vec<TaskId> {
    let tasks = dialect.format().read(sources).plan.tasks.into_iter();
    let is_done = |task: &Task| {
        let before = task.imported.as_ref();
        before.is_some_and(|before| before.status == ImportedStatus::Done)
    };
    tasks.filter(is_done).map(|task| task.id).collect()
}

/// The files of tasks, of plans where their formats keep them below `top`, that cannot be read; each with its format.
pub fn damaged(top: &Path) -> Vec<(Dialect, PathBuf)> {
    let mut damaged = Vec::new();
    for found in recognize::at_home(top, None) {
        let format = found.dialect.format();
        let apart = found
            .files
            .into_iter()
            .filter(|path| format.is_read_apart(path));
        let unsound =
            apart.filter(|path| !raw(path).is_ok_and(|bytes| is_sound(found.dialect, path, bytes)));
        damaged.extend(unsound.map(|path| (found.dialect, path)));
    }
    damaged
}

/// Whether these bytes of a task's file can be read as its format asks.
pub fn is_sound(dialect: Dialect, path: &Path, bytes: Vec<u8>) -> bool {
    let text = decode(path, bytes);
    text.is_ok_and(|text| dialect.format().is_sound(&Text::new(path, &text)))
}

/// A task as its executor is told of it, made from the bytes of its own file; only those that the plan was made of
/// will do.
pub fn unfolded(dialect: Dialect, task: &Task, bytes: Vec<u8>) -> Result<Unfolded, Fault> {
    let path = Path::new(task.source.as_ref().map_or("", |source| &source.file));
    let text = decode(path, bytes)?;
    dialect.format().unfold(task, &Text::new(path, &text))
}

/// The documents that a session's own list of them names, where it is one; nothing where it cannot be read.
pub fn documents(dialect: Dialect, path: &Path, bytes: Vec<u8>) -> Vec<Artifact> {
    let text = decode(path, bytes);
    text.map(|text| dialect.format().documents(&Text::new(path, &text)))
        .unwrap_or_default()
}

/// The plan with the bodies of all tasks, read now.
pub fn with_bodies(plan: &Plan, sources: &[Source]) -> Result<Plan, Fault> {
    let mut plan = plan.clone();
    for task in &mut plan.tasks {
        let Some(own) = &task.source else { continue };
        let place = own
            .file
            .split('-')
            .next()
            .and_then(|place| place.parse::<usize>().ok());
        if let Some(source) = place.and_then(|place| sources.get(place)) {
            *task = unfolded(plan.dialect, task, source.bytes()?.into_owned())?.task;
        }
    }
    Ok(plan)
}

/// Where the plan is that a run found at `place`: there, or where its format moves plans whose runs are over.
pub fn place_now(dialect: Dialect, place: PathBuf) -> PathBuf {
    match place.exists() && !is_hollow(&place) {
        true => place,
        false => dialect.format().moved(&place).unwrap_or(place),
    }
}

/// Whether a directory holds nothing but directories of which that is true as well: git leaves those behind.
fn is_hollow(place: &Path) -> bool {
    let Ok(entries) = fs::read_dir(place) else {
        return false;
    };
    let is_empty = |entry: fs::DirEntry| {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_directory && is_hollow(&entry.path())
    };
    entries.flatten().all(is_empty)
}

/// The subject of a commit that says in the plan's own files how far a run came.
pub fn progress_message(plan: &Plan) -> String {
    plan.dialect.format().progress_message(plan)
}

fn texts(paths: &[PathBuf], selection: &Selection) -> Result<(Found, Vec<Source>), Faults> {
    let mut found = recognize::recognize(paths, selection)?;
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    let format = found.dialect.format();
    for path in &found.files {
        if format.is_read_apart(path) {
            sources.push(Source::apart(path.clone()));
            continue;
        }
        let seen = found.seen.take_if(|source| source.path == *path);
        match seen.map_or_else(|| Source::read(path), Ok) {
            Ok(source) => sources.push(source),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok((found, sources));
    }
    Err(Faults {
        faults,
        sources,
        dialect: Some(found.dialect),
        sessions: Vec::new(),
    })
}

/// The directory of the session that was read, where the plan is one.
pub fn session(dialect: Dialect, sources: &[Source]) -> Option<&Path> {
    dialect.format().session(&sources.first()?.path)
}
