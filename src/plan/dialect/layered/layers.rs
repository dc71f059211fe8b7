//! The order that layers make: each waits until the one before it is settled.
//!
//! Order and nothing more: what a task needs is written down elsewhere.

use std::collections::{BTreeMap, HashSet};

use super::outline::{Layer, Pace};
use super::tasks::{Draft, Drafts};
use crate::plan::{Fault, text::Text};

/// From here on a barrier of n × m edges costs more than it is worth.
const EDGES_MAX: usize = 250_000;

/// Tasks between two barriers, by their places in the text, and how they run.
#[derive(Debug)]
pub(super) struct Step {
    /// What the plan calls them.
    pub(super) name: String,
    /// The number of the layer, where it has one.
    pub(super) number: Option<u32>,
    pub(super) tasks: Vec<usize>,
    pace: Option<Pace>,
}

/// The layers that hold tasks, in the order in which they run.
///
/// `named` says whether the file is called a layered one: then tasks in no layer get one by their words.
pub(super) fn steps(
    drafts: &Drafts,
    named: bool,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Step> {
    let has_labels = drafts.tasks.iter().any(|task| task.label.is_some());
    let layer_of = |task: &Draft| &drafts.layers[task.layer];
    let has_layers = drafts.tasks.iter().any(|task| layer_of(task).labelled);
    if has_labels || named && !has_layers {
        return by_number(drafts, text, faults);
    }
    let mut steps: Vec<Step> = drafts.layers.iter().map(step).collect();
    for (at, task) in drafts.tasks.iter().enumerate() {
        steps[task.layer].tasks.push(at);
    }
    steps.retain(|step| !step.tasks.is_empty());
    if steps.iter().all(|step| step.number.is_some()) {
        steps.sort_by_key(|step| step.number);
        steps.dedup_by(|later, earlier| {
            let is_one = later.number == earlier.number;
            if is_one {
                earlier.tasks.append(&mut later.tasks);
            }
            is_one
        });
    }
    steps
}

fn step(layer: &Layer) -> Step {
    Step {
        name: layer.title.clone(),
        number: layer.number,
        tasks: Vec::new(),
        pace: layer.pace,
    }
}

/// Layers by the numbers that tasks or their headings name, and by words where neither does.
fn by_number(drafts: &Drafts, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Step> {
    let mut steps: BTreeMap<u32, Step> = BTreeMap::new();
    let mut guessed = Vec::new();
    for (at, task) in drafts.tasks.iter().enumerate() {
        let layer = &drafts.layers[task.layer];
        let number = task.label.or(layer.number).unwrap_or_else(|| {
            guessed.push(task);
            by_words(&task.title)
        });
        let step = steps.entry(number).or_insert_with(|| Step {
            name: format!("L{number}"),
            number: Some(number),
            tasks: Vec::new(),
            pace: None,
        });
        if layer.number == Some(number) {
            step.name.clone_from(&layer.title);
            step.pace = layer.pace;
        }
        step.tasks.push(at);
    }
    if let Some(first) = guessed.first() {
        let message = match guessed.len() {
            1 => format!(
                "no layer is named for task `{}`, so its words decide",
                first.id
            ),
            count => format!("no layer is named for {count} tasks, so their words decide"),
        };
        faults.push(
            text.warning(first.at..first.at, message)
                .help("put them below headings such as `## Layer 0: Infrastructure`"),
        );
    }
    steps.into_values().collect()
}

/// Setting up is for L0, making for L1, adding for L2, bringing together for L3; the first such word decides.
fn by_words(title: &str) -> u32 {
    const WORDS: [(u32, &[&str]); 4] = [
        (
            3,
            &[
                "integrate",
                "integration",
                "connect",
                "wire",
                "test",
                "tests",
                "testing",
                "e2e",
                "deploy",
                "deployment",
            ],
        ),
        (
            0,
            &[
                "setup",
                "install",
                "configure",
                "configuration",
                "database",
                "auth",
                "authentication",
                "initialize",
                "init",
            ],
        ),
        (2, &["add", "enhance", "feature", "features", "extend"]),
        (1, &["create", "build", "implement"]),
    ];
    let lower = title.to_lowercase().replace("set up", "setup");
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    let number = |word: &str| WORDS.iter().find(|(_, known)| known.contains(&word));
    words.find_map(number).map_or(1, |(number, _)| *number)
}

/// What each task comes after, by place; and the tasks that whatever follows comes after.
pub(super) fn order(
    drafts: &Drafts,
    steps: &[Step],
    needs: &[Vec<usize>],
) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut after = vec![Vec::new(); drafts.tasks.len()];
    let mut before: Vec<usize> = Vec::new();
    for step in steps {
        let (free, rows) = rows(drafts, step, needs);
        barrier(&mut after, &before, &free);
        let mut last: Option<Vec<usize>> = None;
        for row in rows {
            barrier(&mut after, last.as_ref().unwrap_or(&before), &row);
            last = Some(row);
        }
        before = last.into_iter().flatten().chain(free).collect();
    }
    (after, before)
}

/// The tasks of a layer: those that needs among themselves place, and the others in rows that run side by side. All of
/// a layer do, but where some of its tasks are marked for that; a section is no layer, so there a mark counts wherever
/// in the text it stands.
fn rows(drafts: &Drafts, step: &Step, needs: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let is_marked = |task: &usize| drafts.tasks[*task].parallel;
    let all_are_marked = step.tasks.iter().all(is_marked);
    let knows_marks = match step.number {
        Some(_) => step.tasks.iter().any(is_marked),
        None => drafts.knows_marks,
    };
    let is_mixed = knows_marks && !all_are_marked;
    match step.pace {
        Some(Pace::Sequential) => {
            return (
                Vec::new(),
                step.tasks.iter().map(|task| vec![*task]).collect(),
            );
        }
        None if is_mixed => {}
        Some(Pace::Parallel) | None => return (Vec::new(), vec![step.tasks.clone()]),
    }
    let inside: HashSet<usize> = step.tasks.iter().copied().collect();
    let mut free = Vec::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut joins = false;
    for &task in &step.tasks {
        if needs[task].iter().any(|need| inside.contains(need)) {
            free.push(task);
            continue;
        }
        match rows.last_mut() {
            Some(row) if joins && is_marked(&task) => row.push(task),
            _ => rows.push(vec![task]),
        }
        joins = is_marked(&task);
    }
    (free, rows)
}

/// Has each of `tasks` come after all of `before`. Where that were too many edges, the first of them comes after
/// all, and the others after it.
pub(super) fn barrier(after: &mut [Vec<usize>], before: &[usize], tasks: &[usize]) {
    if before.len() * tasks.len() <= EDGES_MAX {
        for &task in tasks {
            after[task].extend(before);
        }
    } else if let Some((&first, others)) = tasks.split_first() {
        after[first].extend(before);
        for &task in others {
            after[task].push(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{barrier, by_words};

    #[test]
    fn the_first_word_that_speaks_of_a_layer_decides() {
        for (title, layer) in [
            ("Setup the database", 0),
            ("Set up CI", 0),
            ("Create the login component", 1),
            ("Add OAuth buttons", 2),
            ("Integrate payments", 3),
            ("Polish the page", 1),
        ] {
            assert_eq!(by_words(title), layer, "{title}");
        }
    }

    #[test]
    fn a_huge_barrier_stays_linear() {
        let before: Vec<usize> = (0..600).collect();
        let tasks: Vec<usize> = (600..1200).collect();
        let mut after = vec![Vec::new(); 1200];
        barrier(&mut after, &before, &tasks);
        assert_eq!(after[600].len(), 600);
        assert_eq!(after[1199], [600]);
    }
}
