//! What a plan's files say besides how far a run is: the same texts are the same plan, and the same words the same
//! task, once what they say of progress is taken out. Knows no format, and not what a difference leads to.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::source::Source;
use super::text::Text;
use super::{Change, Dialect, Edit, Plan, Progress, Task, TaskId, edited};

/// Whether the files of a plan say the same once nobody looks at what they say of progress.
pub fn differ_in_progress_only(dialect: Dialect, a: &[Source], b: &[Source]) -> bool {
    // A journal that was rebuilt has no texts any more.
    if a.is_empty() || b.is_empty() {
        return a.is_empty() && b.is_empty();
    }
    let (a, b) = (unmarked(dialect, a), unmarked(dialect, b));
    let has_own = |of: &Unmarked, other: &Unmarked| {
        let mut texts = of.texts.iter();
        texts.all(|(name, text)| {
            other.texts.get(name) == Some(text) || other.generated.contains(&name.0)
        })
    };
    has_own(&a, &b) && has_own(&b, &a)
}

/// Has the tasks of `plan`, which `now` was read as, say what `kept`, which `before` was read as, has them say, where
/// their words differ in marks of progress only. A box that a run has ticked is no other task.
pub fn unmark(plan: &mut Plan, now: &[Source], kept: &Plan, before: &[Source]) {
    if now.is_empty() || before.is_empty() {
        return;
    }
    let (now, before) = (bare(plan.dialect, now), bare(kept.dialect, before));
    let kept: HashMap<&TaskId, &Task> = kept.tasks.iter().map(|task| (&task.id, task)).collect();
    for task in &mut plan.tasks {
        let known = (now.get(&task.id), before.get(&task.id), kept.get(&task.id));
        let (Some(now), Some(before), Some(kept)) = known else {
            continue;
        };
        if now.title == before.title {
            task.title.clone_from(&kept.title);
        }
        if now.body.trim() == before.body.trim() {
            task.body.clone_from(&kept.body);
        }
        if now.acceptance == before.acceptance {
            task.acceptance.clone_from(&kept.acceptance);
        }
        if now.earlier == before.earlier {
            task.earlier.clone_from(&kept.earlier);
        }
    }
}

/// The tasks as their texts have them when nothing was begun.
fn bare(dialect: Dialect, sources: &[Source]) -> HashMap<TaskId, Task> {
    let format = dialect.format();
    let progress = Progress::none(&format.read(sources).plan.tasks);
    let mut edits_of: HashMap<PathBuf, Vec<Edit>> = HashMap::new();
    for change in format.write(sources, &progress) {
        if let Change::Edit { path, edits } = change {
            edits_of.entry(path).or_default().extend(edits);
        }
    }
    let bare = sources.iter().map(|source| {
        let (edits, text) = (edits_of.get(&source.path), source.whole());
        match (edits, text) {
            (Some(edits), Ok(text)) => Source::new(source.path.clone(), edited(&text, edits)),
            _ => source.clone(),
        }
    });
    let bare: Vec<Source> = bare.collect();
    let tasks = format.read(&bare).plan.tasks.into_iter();
    tasks.map(|task| (task.id.clone(), task)).collect()
}

/// The texts of a plan without its marks, by file name; files of one name are numbered.
struct Unmarked {
    texts: BTreeMap<(OsString, usize), String>,
    /// The files that the format makes itself when it says how far a run is.
    generated: Vec<OsString>,
}

fn unmarked(dialect: Dialect, sources: &[Source]) -> Unmarked {
    let format = dialect.format();
    let progress = Progress::none(&format.read(sources).plan.tasks);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    let mut edits_of: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut generated = Vec::new();
    for change in format.write(sources, &progress) {
        match change {
            Change::Edit { path, edits } => edits_of.entry(path).or_default().extend(edits),
            Change::Write { path, .. } => generated.push(name(&path)),
            Change::Amend { .. } | Change::Untold { .. } | Change::Move { .. } => {}
        }
    }
    let mut texts = BTreeMap::new();
    for source in sources {
        let name = name(&source.path);
        if generated.contains(&name) || format.is_record(&source.path) {
            continue;
        }
        let count = texts.keys().filter(|(other, _)| *other == name).count();
        let edits = edits_of.get(&source.path).map_or(&[][..], Vec::as_slice);
        // What cannot be read now is not what it was.
        let text = source
            .whole()
            .unwrap_or_else(|fault| Cow::Owned(fault.message));
        let bare = format.without_progress(&Text::new(&source.path, &text));
        texts.insert((name, count), bare.unwrap_or_else(|| edited(&text, edits)));
    }
    Unmarked { texts, generated }
}
