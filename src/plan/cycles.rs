//! Test-driven cycles in which each step is a task of its own: red writes tests that fail, green makes them pass,
//! refactor keeps them passing.
//!
//! Formats say which task is which step, in a field or in the title; what follows from that is the same in all: green
//! needs its red, refactor its green, and a step that names no command is proven by those that its cycle names. A red
//! without a green is none: such a word may mean anything.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Check, Expects, Task, TaskId};

/// A step of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Red,
    Green,
    Refactor,
}

impl Step {
    fn before(self) -> Option<Self> {
        match self {
            Self::Red => None,
            Self::Green => Some(Self::Red),
            Self::Refactor => Some(Self::Green),
        }
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::Red => Some(Self::Green),
            Self::Green => Some(Self::Refactor),
            Self::Refactor => None,
        }
    }
}

/// The step that a word names.
pub(super) fn named(word: &str) -> Option<Step> {
    const STEPS: [(&str, Step); 3] = [
        ("red", Step::Red),
        ("green", Step::Green),
        ("refactor", Step::Refactor),
    ];
    let mut steps = STEPS.into_iter();
    let found = steps.find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
    found.map(|(_, step)| step)
}

/// The step that a title begins with: `RED: …`, `[RED] …`, `Red Phase: …`, `RED - …`.
pub(super) fn titled(title: &str) -> Option<Step> {
    let title = title.trim().trim_start_matches(['*', '_', '(', '[']);
    let end = title.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = title.split_at(end);
    let step = named(word)?;
    let rest = rest.trim_start_matches(['*', '_', ' ']);
    let phase = rest
        .get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case("phase"));
    let is_shouted = word.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_set_off =
        rest.starts_with([':', ']', ')']) || (is_shouted && rest.starts_with(['-', '–', '—']));
    (phase || is_set_off).then_some(step)
}

/// Makes of the tasks that are steps, given with their places, cycles of dependent tasks with opposite expectations.
pub(super) fn join(tasks: &mut [Task], steps: &[(usize, Step)]) {
    let cycles = expect(tasks, steps);
    if !cycles.is_empty() {
        depend(tasks, &cycles);
    }
}

/// Says of the tasks that are steps what is expected of each, where the plan itself has them one after the other, and
/// tells their cycles.
pub(super) fn expect(tasks: &mut [Task], steps: &[(usize, Step)]) -> Vec<Vec<(usize, Step)>> {
    let cycles = cycles(tasks, steps);
    for cycle in &cycles {
        expect_each(tasks, cycle);
    }
    cycles
}

/// Which steps belong together; cycles without a green are none.
fn cycles(tasks: &[Task], steps: &[(usize, Step)]) -> Vec<Vec<(usize, Step)>> {
    let mut cycles: Vec<Vec<(usize, Step)>> = Vec::new();
    // Which cycle a task is such a step of; the newest, should an id be there twice.
    let mut cycle_of: HashMap<(&TaskId, Step), usize> = HashMap::new();
    // The cycles that have no such step yet, and the one before it.
    let mut waiting: HashMap<Step, BTreeSet<usize>> = HashMap::new();
    let mut seen: HashSet<(usize, Step)> = HashSet::new();
    for &(at, step) in steps {
        // A step belongs to the cycle that it says it needs, else to the newest that waits for it.
        let cycle = match step.before() {
            None => Some(cycles.len()),
            Some(before) => {
                let needs = tasks[at].needs.iter();
                let needed = needs.filter_map(|need| cycle_of.get(&(need, before)).copied());
                let newest = || waiting.get(&step).and_then(BTreeSet::last).copied();
                needed.max().or_else(newest)
            }
        };
        let Some(cycle) = cycle else {
            continue;
        };
        if cycle == cycles.len() {
            cycles.push(Vec::new());
        }
        cycles[cycle].push((at, step));
        let newest = cycle_of.entry((&tasks[at].id, step)).or_insert(cycle);
        *newest = cycle.max(*newest);
        seen.insert((cycle, step));
        waiting.entry(step).or_default().remove(&cycle);
        if let Some(next) = step.next().filter(|next| !seen.contains(&(cycle, *next))) {
            waiting.entry(next).or_default().insert(cycle);
        }
    }
    cycles.retain(|cycle| cycle.iter().any(|(_, step)| *step == Step::Green));
    cycles
}

/// Each step needs the one before it.
fn depend(tasks: &mut [Task], cycles: &[Vec<(usize, Step)>]) {
    let by_id: HashMap<TaskId, usize> = tasks
        .iter()
        .enumerate()
        .map(|(at, task)| (task.id.clone(), at))
        .collect();
    let is_back = |at: usize, id: &TaskId| by_id.get(id).is_none_or(|&other| other < at);
    let points_back = |(at, task): (usize, &Task)| {
        let mut before = task.needs.iter().chain(&task.after);
        before.all(|id| is_back(at, id))
    };
    // Where nothing waits for what stands below it, nothing that is added here closes a circle.
    let is_in_order = tasks.iter().enumerate().all(points_back);
    for cycle in cycles {
        for pair in cycle.windows(2) {
            let (before, at) = (pair[0].0, pair[1].0);
            let earlier = tasks[before].id.clone();
            // Whoever says the opposite means it; the graph would tell of a circle that nobody wrote.
            let is_refused = !is_in_order && waits_for(tasks, before, at, &by_id);
            if !is_refused && !tasks[at].needs.contains(&earlier) {
                tasks[at].after.retain(|other| *other != earlier);
                tasks[at].needs.push(earlier);
            }
        }
    }
}

/// What each step of a cycle is proven by, and how.
fn expect_each(tasks: &mut [Task], cycle: &[(usize, Step)]) {
    let is_command = |check: &Check| !matches!(check, Check::Prose(_));
    let named = cycle.iter().map(|(at, _)| &tasks[*at].verify);
    let commands: Vec<Check> = named
        .map(|verify| {
            verify
                .iter()
                .filter(|check| is_command(check))
                .cloned()
                .collect()
        })
        .find(|commands: &Vec<Check>| !commands.is_empty())
        .unwrap_or_default();
    for &(at, step) in cycle {
        if !tasks[at].verify.iter().any(is_command) {
            tasks[at].verify.extend(commands.iter().cloned());
        }
        tasks[at].expects = Some(match step {
            Step::Red => Expects::Failing,
            Step::Green | Step::Refactor => Expects::Passing,
        });
    }
}

/// Whether `task` waits for `other`, directly or through others.
fn waits_for(tasks: &[Task], task: usize, other: usize, by_id: &HashMap<TaskId, usize>) -> bool {
    let mut seen = vec![false; tasks.len()];
    let mut open = vec![task];
    while let Some(at) = open.pop() {
        if at == other {
            return true;
        }
        let before = tasks[at].needs.iter().chain(&tasks[at].after);
        for &next in before.filter_map(|id| by_id.get(id)) {
            if !std::mem::replace(&mut seen[next], true) {
                open.push(next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Step, join, titled};
    use crate::plan::{Check, Expects, Location, Task, TaskId};

    fn task(id: &str, needs: &[&str], verify: &[&str]) -> Task {
        Task {
            id: TaskId::new(id),
            needs: needs.iter().map(|&id| TaskId::new(id)).collect(),
            verify: verify
                .iter()
                .map(|&text| Check::Code(text.to_owned()))
                .collect(),
            ..Task::at(Location::default())
        }
    }

    #[test]
    fn titles_name_their_step_where_it_is_set_off() {
        for (title, step) in [
            ("RED: Write the test", Step::Red),
            ("[GREEN] Make it pass", Step::Green),
            ("Red Phase - write it", Step::Red),
            ("**REFACTOR**: tidy", Step::Refactor),
            ("REFACTOR — tidy", Step::Refactor),
        ] {
            assert_eq!(titled(title), Some(step), "{title}");
        }
        for title in [
            "Red buttons",
            "Refactor the parser",
            "Green - the new logo",
            "Redo: all",
            "",
        ] {
            assert_eq!(titled(title), None, "{title}");
        }
    }

    #[test]
    fn steps_become_dependent_tasks_with_opposite_expectations() {
        let mut tasks = vec![
            task("T1", &[], &[]),
            task("T2", &[], &["cargo test two"]),
            task("I2", &["T2"], &[]),
            task("I1", &[], &["cargo test one"]),
            task("R1", &["I1"], &[]),
            task("other", &[], &[]),
            task("T4", &[], &[]),
            task("I4", &["R1"], &[]),
            task("T3", &[], &[]),
        ];
        let steps = [
            (0, Step::Red),
            (1, Step::Red),
            (2, Step::Green),
            (3, Step::Green),
            (4, Step::Refactor),
            (6, Step::Red),
            (7, Step::Green),
            (8, Step::Red),
        ];
        join(&mut tasks, &steps);
        let told: Vec<String> = tasks
            .iter()
            .map(|task| {
                let needs: Vec<&str> = task.needs.iter().map(TaskId::as_str).collect();
                let verify: Vec<&str> = task.verify.iter().map(Check::text).collect();
                let expects = match task.expects {
                    Some(Expects::Failing) => "fails",
                    Some(Expects::Passing) => "passes",
                    None => "-",
                };
                format!(
                    "{} <- {} {expects} {}",
                    task.id,
                    needs.join(","),
                    verify.join(",")
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "T1 <-  fails cargo test one",
                "T2 <-  fails cargo test two",
                "I2 <- T2 passes cargo test two",
                "I1 <- T1 passes cargo test one",
                "R1 <- I1 passes cargo test one",
                "other <-  - ",
                "T4 <-  fails ",
                "I4 <- R1,T4 passes ",
                "T3 <-  - ",
            ]
        );
    }

    #[test]
    fn what_the_plan_orders_otherwise_is_left_as_it_is() {
        let mut tasks = vec![task("red", &["green"], &[]), task("green", &[], &[])];
        join(&mut tasks, &[(0, Step::Red), (1, Step::Green)]);
        assert!(tasks[1].needs.is_empty(), "no circle that nobody wrote");
    }
}
