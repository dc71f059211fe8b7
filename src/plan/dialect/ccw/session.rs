//! From the files of a session to a plan.
//!
//! Which tasks there are is the list's and the JSONs' to say together; what each needs, and what it comes after.

use std::collections::HashMap;
use std::path::Path;
use std::thread;

use super::ids;
use super::needs::{Needs, needs};
use super::order::{self, Place};
use super::outline::{Object, outline};
use super::rows::{Row, TaskFile, id_of, rows};
use super::statuses::Statuses;
use super::strategy::{self, Model, Strategy};
use super::todo::{self, Todo};
use super::{NOTE, PLAN, SESSION, TODO, asked, is_main, review};
use crate::plan::cycles;
use crate::plan::dialect::Reading;
use crate::plan::gaps;
use crate::plan::json::Node;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Dialect, Fault, Plan, Task, TaskId, TaskSource, Wishes, is_named, kept_name};

pub(super) fn read(sources: &[Source]) -> Reading {
    let main: Vec<&Source> = sources
        .iter()
        .filter(|source| is_main(&source.path))
        .collect();
    let apart: Vec<(usize, &Source)> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| !is_main(&source.path))
        .collect();
    assemble(&main, &task_files(&apart))
}

/// The outlines of files, in their order; of many, some at a time are read side by side.
fn task_files<'s>(apart: &[(usize, &'s Source)]) -> Vec<(&'s Path, TaskFile)> {
    const MANY: usize = 64;
    let read = |part: &[(usize, &'s Source)]| -> Vec<(&'s Path, TaskFile)> {
        let files = part.iter();
        files
            .map(|(place, source)| (source.path.as_path(), task_file(source, *place)))
            .collect()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let each = apart.len().div_ceil(threads).max(MANY);
    thread::scope(|scope| {
        let parts = apart.chunks(each);
        let begun: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        let ended = begun.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .flat_map(|read| read.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The outline of a file; its text is held no longer than that takes.
fn task_file(source: &Source, place: usize) -> TaskFile {
    let whole = match source.whole() {
        Ok(whole) => whole,
        Err(fault) => return TaskFile::Broken(Box::new(fault)),
    };
    let text = Text::new(&source.path, &whole);
    match Object::parse(&text) {
        Err(fault) => TaskFile::Broken(Box::new(fault)),
        Ok(top) => match outline(&text, &top) {
            Some(mut outline) => {
                outline.source = Some(TaskSource {
                    file: kept_name(place, &source.path),
                    sha256: asked::digest(&text, &top),
                });
                TaskFile::Task(Box::new(outline))
            }
            None => TaskFile::Other,
        },
    }
}

/// The plan of these files.
fn assemble(main: &[&Source], files: &[(&Path, TaskFile)]) -> Reading {
    let named = |name: &str| {
        main.iter()
            .find(|source| is_named(&source.path, name))
            .copied()
    };
    let mut faults = Vec::new();
    let known: HashMap<String, usize> = files
        .iter()
        .enumerate()
        .filter_map(|(at, (path, file))| Some((ids::key(&id_of(path, file)?), at)))
        .rev()
        .collect();
    let list = named(TODO).map(Source::text);
    let plan = named(PLAN).map(Source::text);
    let (todo, strategy) = documents(list.as_ref(), plan.as_ref(), &known, &mut faults);
    let mut session = Session {
        rows: rows(&todo, files, &known),
        todo: &todo,
        list: list.as_ref(),
        files,
        faults,
    };
    let tasks = session.tasks(&strategy);
    gaps::review(
        &mut session.faults,
        review::documents(&tasks, list.as_ref(), plan.as_ref()),
    );
    let project = session.project(named(SESSION));
    let title = todo
        .title
        .clone()
        .filter(|title| !title.is_empty())
        .or(project);
    let directory = main.first().map(|source| source.path.clone());
    let directory = directory.or_else(|| Some(files.first()?.0.parent()?.to_path_buf()));
    let title = title.or_else(|| directory.map(|path| source::feature(&path)));
    let documents = main
        .iter()
        .filter(|source| !is_named(&source.path, SESSION));
    let plan = Plan {
        dialect: Dialect::Ccw,
        title: title.unwrap_or_default(),
        tasks,
        wishes: Wishes::default(),
        artifacts: documents
            .map(|source| source.path.display().to_string())
            .collect(),
    };
    Reading {
        plan,
        faults: session.faults,
    }
}

/// What the list and the plan say, which have tasks with these ids.
fn documents(
    list: Option<&Text<'_>>,
    plan: Option<&Text<'_>>,
    known: &HashMap<String, usize>,
    faults: &mut Vec<Fault>,
) -> (Todo, Strategy) {
    let (mut todo, mut strategy) = (Todo::default(), Strategy::default());
    if let Some(text) = list {
        let document = text.document();
        faults.extend(document.hidden(text));
        todo = todo::read(document, text, &|id: &str| {
            known.contains_key(&ids::key(id))
        });
        strategy.model = strategy::read(document)
            .model
            .filter(|(model, _)| model.is_ok());
    }
    if let Some(text) = plan {
        let own = strategy::read(text.document());
        if let Some((Err(word), range)) = &own.model {
            let message = format!("the execution model `{word}` is not known, so groups decide");
            faults.push(
                text.warning(range.clone(), message)
                    .help("it begins with `Sequential`, `Parallel`, `Phased` or `TDD Cycles`"),
            );
        }
        faults.extend(own.unread.iter().map(|range| {
            text.warning(
                range.clone(),
                "which of these tasks comes first is not understood",
            )
            .help("write it with arrows: `IMPL-1 → IMPL-2`")
        }));
        strategy = Strategy {
            model: own.model.clone().or(strategy.model),
            ..own
        };
    }
    (todo, strategy)
}

/// A way to tell the phase of a row.
type Way<'w> = dyn Fn(&'w Row<'w>) -> Option<&'w str> + 'w;

struct Session<'s> {
    rows: Vec<Row<'s>>,
    todo: &'s Todo,
    list: Option<&'s Text<'s>>,
    files: &'s [(&'s Path, TaskFile)],
    faults: Vec<Fault>,
}

impl Session<'_> {
    fn tasks(&mut self, strategy: &Strategy) -> Vec<Task> {
        let mut statuses = Statuses::default();
        let imported: Vec<_> = self
            .rows
            .iter()
            .map(|row| statuses.of(row.outline(), row.entry))
            .collect();
        let is_over = |at: usize| {
            imported[at]
                .as_ref()
                .is_some_and(|imported| imported.status != crate::plan::ImportedStatus::InProgress)
        };
        let over: Vec<bool> = (0..self.rows.len()).map(is_over).collect();
        self.faults.extend(review::files(
            &self.rows, self.todo, self.list, self.files, &over,
        ));
        let Needs {
            of: needs,
            listed,
            faults,
            ..
        } = needs(&self.rows, self.list, &over);
        self.faults.extend(faults);
        let after = self.after(&needs, &listed, strategy);
        self.faults.extend(statuses.faults(self.list));
        let ids: Vec<TaskId> = self.rows.iter().map(|row| TaskId::new(&*row.id)).collect();
        let named = |rows: &[usize]| rows.iter().map(|&at| ids[at].clone()).collect();
        let mut tasks = Vec::with_capacity(self.rows.len());
        let mut steps = Vec::new();
        for (at, row) in self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.is_container())
        {
            let mut task = task(row, self.list);
            task.id = ids[at].clone();
            task.needs = named(&needs[at]);
            task.after = named(&after[at]);
            task.imported = imported[at].clone();
            let step = row.outline().and_then(|outline| outline.step);
            let step = step.or_else(|| cycles::titled(&task.title));
            steps.extend(step.map(|step| (tasks.len(), step)));
            tasks.push(task);
        }
        cycles::join(&mut tasks, &steps);
        gaps::review(&mut self.faults, review::gaps(&tasks, &self.rows));
        if tasks.is_empty() {
            let fault = Fault::error("the session has no tasks");
            let fault = match self.list {
                Some(list) => fault.at(list.location(list.start()), 0),
                None => fault,
            };
            self.faults.push(fault.help("a task is a file `.task/IMPL-1.json` and a line `- [ ] **IMPL-1**: title` in `TODO_LIST.md`"));
        }
        tasks
    }

    /// What each row comes after beyond its needs.
    fn after(
        &self,
        needs: &[Vec<usize>],
        listed: &[(usize, usize)],
        strategy: &Strategy,
    ) -> Vec<Vec<usize>> {
        let model = match &strategy.model {
            Some((Ok(model), _)) => *model,
            _ => Model::Grouped,
        };
        let runs: Vec<usize> = (0..self.rows.len())
            .filter(|&at| !self.rows[at].is_container())
            .collect();
        let mut place_of = vec![usize::MAX; self.rows.len()];
        runs.iter()
            .enumerate()
            .for_each(|(place, &at)| place_of[at] = place);
        let phases = self.phases(strategy);
        let sections = self.todo.sections.iter();
        let beside: Vec<bool> = sections.map(|heading| is_side_by_side(heading)).collect();
        let places: Vec<Place> = runs
            .iter()
            .map(|&at| Place {
                needs: needs[at].iter().map(|&other| place_of[other]).collect(),
                group: self.group(&self.rows[at], &beside),
                phase: phases[at],
            })
            .collect();
        let mut by_key: HashMap<&str, usize> = HashMap::new();
        if !strategy.chains.is_empty() {
            let runs = runs.iter().enumerate();
            by_key = runs
                .map(|(place, &at)| (self.rows[at].key.as_str(), place))
                .collect();
        }
        let chains: Vec<(usize, usize)> = strategy
            .chains
            .iter()
            .flat_map(|chain| links(chain, &by_key))
            .chain(
                listed
                    .iter()
                    .map(|&(first, then)| (place_of[first], place_of[then])),
            )
            .collect();
        let found = order::after(&places, model, &chains);
        let mut after = vec![Vec::new(); self.rows.len()];
        // The last row that named each.
        let mut named_by = vec![usize::MAX; self.rows.len()];
        for (place, others) in found.into_iter().enumerate() {
            let at = runs[place];
            needs[at].iter().for_each(|&need| named_by[need] = at);
            let others = others.into_iter().map(|other| runs[other]);
            after[at] = others
                .filter(|&other| std::mem::replace(&mut named_by[other], at) != at)
                .collect();
        }
        after
    }

    /// The group within which a task may run beside others: that of its section when its heading says so.
    fn group(&self, row: &Row<'_>, beside: &[bool]) -> Option<String> {
        let outline = row.outline();
        if outline.is_some_and(|outline| outline.is_risky) {
            return None;
        }
        let section = row.entry.map_or(0, |entry| entry.section);
        let is_beside = section.checked_sub(1).and_then(|at| beside.get(at));
        match is_beside == Some(&true) {
            true => Some(format!("section {section}")),
            false => outline.and_then(|outline| outline.group.clone()),
        }
    }

    /// The phase of each row, from the one place that tells of phases; what it leaves out belongs to the one before.
    fn phases(&self, strategy: &Strategy) -> Vec<usize> {
        let named: HashMap<String, &str> = strategy
            .phases
            .iter()
            .map(|(id, phase)| (ids::key(id), phase.as_str()))
            .collect();
        let sections = self.todo.sections.iter();
        let sections: Vec<_> = sections.map(|title| strategy::phase_of(title)).collect();
        let in_section = |at: usize| sections.get(at)?.as_deref();
        let ways: [&Way<'_>; 3] = [
            &|row| named.get(&row.key).copied(),
            &|row| row.outline()?.phase.as_deref(),
            &|row| in_section(row.entry?.section.checked_sub(1)?),
        ];
        let found = ways
            .iter()
            .map(|way| self.rows.iter().map(way).collect::<Vec<_>>())
            .find(|phases| phases.iter().any(Option::is_some))
            .unwrap_or_default();
        // The plan's own order, else as people count.
        let mut phases: Vec<&str> = strategy
            .phases
            .iter()
            .map(|(_, phase)| phase.as_str())
            .collect();
        let mut others: Vec<&str> = found.iter().copied().flatten().collect();
        others.sort_by_cached_key(|phase| ids::rank(phase));
        phases.extend(others);
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for phase in phases {
            let next = numbers.len();
            numbers.entry(phase).or_insert(next);
        }
        let mut last = 0;
        let number = |at: usize| {
            let phase = found.get(at).copied().flatten();
            last = phase
                .and_then(|phase| numbers.get(phase).copied())
                .unwrap_or(last);
            last
        };
        (0..self.rows.len()).map(number).collect()
    }

    /// What the session calls its project.
    fn project(&mut self, source: Option<&Source>) -> Option<String> {
        let source = source?;
        match Node::parse(&source.text()) {
            Ok(top) => ["project", "topic", "session_id"]
                .iter()
                .find_map(|name| top.member(name)?.string())
                .filter(|name| !name.trim().is_empty()),
            Err(fault) => {
                self.faults.push(
                    Fault {
                        severity: crate::plan::Severity::Warning,
                        ..fault
                    }
                    .help("it is not read, and left as it is"),
                );
                None
            }
        }
    }
}

/// The task of a row, but for its id and order.
fn task(row: &Row<'_>, list: Option<&Text<'_>>) -> Task {
    let listed = row.entry.map_or("", |entry| entry.title.as_str());
    let place = row
        .entry
        .zip(list)
        .map(|(entry, list)| list.location(entry.at.start));
    let named = |title: &str| {
        [title, listed, &row.id]
            .iter()
            .find(|title| !title.is_empty())
            .map(|title| (*title).to_owned())
    };
    match row.file {
        Some(TaskFile::Task(outline)) => Task {
            title: named(&outline.title).unwrap_or_default(),
            source: outline.source.clone(),
            group: outline.group.clone(),
            files: outline.files.clone(),
            verify: outline.verify.clone(),
            agent: outline.agent.clone(),
            sort: outline.sort.clone(),
            ..Task::at(outline.location.clone())
        },
        file => {
            let broken = match file {
                Some(TaskFile::Broken(fault)) => fault.location.clone(),
                _ => None,
            };
            Task {
                title: named("").unwrap_or_default(),
                body: row
                    .entry
                    .zip(list)
                    .map(|(entry, list)| without_notes(&list.text[entry.block.clone()]))
                    .unwrap_or_default(),
                ..Task::at(place.or(broken).unwrap_or_default())
            }
        }
    }
}

/// The lines of a task without those that say how a run of it ended.
fn without_notes(block: &str) -> String {
    let lines = block
        .lines()
        .filter(|line| !line.trim_start().starts_with(NOTE));
    let mut whole = String::with_capacity(block.len());
    for (at, line) in lines.enumerate() {
        if at > 0 {
            whole.push('\n');
        }
        whole.push_str(line);
    }
    whole
}

/// Each member of a chain's link after each of the link before.
fn links(chain: &[Vec<String>], by_key: &HashMap<&str, usize>) -> Vec<(usize, usize)> {
    let place = |id: &String| by_key.get(ids::key(id).as_str()).copied();
    let mut links = Vec::new();
    for pair in chain.windows(2) {
        for first in pair[0].iter().filter_map(place) {
            links.extend(pair[1].iter().filter_map(place).map(|then| (first, then)));
        }
    }
    links
}

/// Whether a heading says that what stands below it may run side by side.
fn is_side_by_side(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let is_denied = [
        "no parallel",
        "not parallel",
        "non-parallel",
        "sequential",
        "不可并行",
        "串行",
    ];
    let says_so = ["parallel", "concurrent", "并行", "并发"]
        .iter()
        .any(|word| lower.contains(word));
    let is_wave = lower.starts_with("wave ") && strategy::phase_of(&lower).is_some();
    (says_so || is_wave) && !is_denied.iter().any(|word| lower.contains(word))
}
