//! The plans of a phase as one: waves are barriers, what a plan depends on it needs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::Done;
use super::front::{Front, Numbers, PlanId};
use crate::plan::scope::Claims;
use crate::plan::{Fault, Ids, Location, Task, TaskId};

/// One plan of a phase.
#[derive(Debug)]
pub(super) struct PlanFile {
    pub(super) path: PathBuf,
    pub(super) id: PlanId,
    pub(super) front: Front,
    pub(super) tasks: Vec<Task>,
    /// The documents that it names.
    pub(super) references: Vec<String>,
    pub(super) depends_at: Location,
    pub(super) depends_len: usize,
}

impl PlanFile {
    /// Whether nothing of it is to be run.
    fn is_done(&self) -> bool {
        self.tasks.iter().all(|task| task.imported.is_some())
    }
}

/// What executors should know of: what the plans name, and the plans themselves.
pub(super) fn artifacts(files: &[PlanFile]) -> Vec<String> {
    let mut seen = HashSet::new();
    let named = files.iter().flat_map(|file| file.references.clone());
    let own = files.iter().map(|file| file.path.display().to_string());
    named
        .chain(own)
        .filter(|path| seen.insert(path.clone()))
        .collect()
}

/// All tasks in the order of the plans, with what they need and come after.
pub(super) fn ordered(
    mut files: Vec<PlanFile>,
    done: &Done<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Task> {
    if files.len() > 1 {
        for file in &mut files {
            for task in &mut file.tasks {
                task.group = Some(file.id.to_string());
            }
        }
    }
    need(&mut files, done, faults);
    barriers(&mut files);
    apart(&mut files, faults);
    files.into_iter().flat_map(|file| file.tasks).collect()
}

/// A plan that another may depend on: its last task, where it has any, and its wave.
type Last = (Option<TaskId>, Option<u64>);

/// Each task of a plan needs the last task of every plan that this one depends on.
fn need(files: &mut [PlanFile], done: &Done<'_>, faults: &mut Vec<Fault>) {
    let names: Vec<String> = files.iter().map(|file| file.id.to_string()).collect();
    let mut meant = Ids::new(names.iter().map(String::as_str));
    let mut known: HashMap<Numbers, Last> = HashMap::new();
    for file in files.iter() {
        let last = file.tasks.last().map(|task| task.id.clone());
        let own = (last, file.front.wave);
        known.entry(file.id.numbers()).or_insert(own);
    }
    let is_whole = files.len() > 1;
    for file in files {
        let mut needs: Vec<TaskId> = Vec::new();
        let mut seen: HashSet<Numbers> = HashSet::new();
        let is_done = file.is_done();
        for needed in &file.front.depends_on {
            let id = needed.plan.as_ref();
            let numbers = id.map(PlanId::numbers);
            if numbers.clone().is_some_and(|numbers| !seen.insert(numbers)) {
                continue;
            }
            let found = numbers.as_ref().and_then(|numbers| known.get(numbers));
            let fault = match (found, id) {
                (Some((_, wave)), _) if *wave > file.front.wave && file.front.wave.is_some() => {
                    let message = format!(
                        "plan `{}` depends on `{}`, which is of a later wave",
                        file.id, needed.written
                    );
                    Fault::error(message).help("a plan depends on plans of earlier waves")
                }
                (Some((last, _)), _) => {
                    needs.extend(last.clone());
                    continue;
                }
                (None, Some(id)) if done.contains_key(&id.numbers()) => continue,
                (None, Some(id)) if is_whole && id.phase() == file.id.phase() => {
                    let message = format!(
                        "plan `{}` depends on `{}`, which is not in the phase",
                        file.id, needed.written
                    );
                    Fault::error(message)
                        .maybe_help(meant.did_you_mean(&needed.written, &file.id.to_string()))
                }
                (None, Some(id)) => {
                    let message = format!(
                        "plan `{}` depends on `{id}`, which is not part of this and has no summary",
                        file.id
                    );
                    Fault::warning(message).help("run that first; the plans of a phase are one plan when its directory is named")
                }
                (None, None) => {
                    let message = format!(
                        "`{}` names no plan that `{}` could depend on",
                        needed.written, file.id
                    );
                    Fault::warning(message)
                        .help("a plan is named by its number: `depends_on: [\"01-02\"]`")
                }
            };
            if is_done && fault.is_warning() {
                continue;
            }
            faults.push(fault.at(file.depends_at.clone(), file.depends_len));
        }
        for task in &mut file.tasks {
            task.needs.splice(0..0, needs.iter().cloned());
        }
    }
}

/// The first task of each plan comes after the last ones of the wave before. A plan without a wave is one of its
/// own, after all plans with smaller numbers.
fn barriers(files: &mut [PlanFile]) {
    let mut waves: BTreeMap<(u64, usize), Vec<usize>> = BTreeMap::new();
    let mut newest = 0;
    for (at, file) in files.iter().enumerate() {
        let key = match file.front.wave {
            Some(wave) => (wave, 0),
            None => (newest, at + 1),
        };
        newest = newest.max(key.0);
        waves.entry(key).or_default().push(at);
    }
    let mut before: Vec<TaskId> = Vec::new();
    for wave in waves.values() {
        let mut last: Vec<TaskId> = Vec::new();
        for at in wave {
            let tasks = &mut files[*at].tasks;
            last.extend(tasks.last().map(|task| task.id.clone()));
            if let Some(first) = tasks.first_mut() {
                first.after.extend(before.iter().cloned());
            }
        }
        if !last.is_empty() {
            before = last;
        }
    }
}

/// Plans of one wave that change the same file run one after the other.
fn apart(files: &mut [PlanFile], faults: &mut Vec<Fault>) {
    for later in 1..files.len() {
        let (before, rest) = files.split_at_mut(later);
        let file = &mut rest[0];
        let own: Vec<String> = file
            .tasks
            .iter()
            .flat_map(|task| task.files.clone())
            .collect();
        let beside = before
            .iter()
            .filter(|other| other.front.wave.is_some() && other.front.wave == file.front.wave);
        let mut waits: Vec<TaskId> = Vec::new();
        for other in beside {
            let mut claims = Claims::default();
            for task in &other.tasks {
                claims.add(&task.files);
            }
            let (Some(shared), Some(last)) = (claims.meet(&own), other.tasks.last()) else {
                continue;
            };
            let is_ordered = file.tasks.iter().any(|task| task.needs.contains(&last.id));
            if !is_ordered && !file.is_done() {
                let message = format!(
                    "plans `{}` and `{}` of one wave both change `{shared}`",
                    other.id, file.id
                );
                let at = file
                    .tasks
                    .first()
                    .map(|task| task.location.clone())
                    .unwrap_or_default();
                faults.push(
                    Fault::warning(message)
                        .at(at, 1)
                        .help("the second waits for the first; give it a later wave"),
                );
                waits.push(last.id.clone());
            }
        }
        if let Some(first) = file.tasks.first_mut() {
            first.after.extend(waits);
        }
    }
}
