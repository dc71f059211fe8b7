//! The `spec-kit` dialect: `specs/<NNN-feature>/tasks.md`, boxes with ids in phases.
//!
//! See `dialects.md`. Knows no file system beyond which documents stand beside the plan.

mod headings;
mod stories;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::checklist::marks::{self, Tick};
use crate::plan::checklist::needs::{self, Known};
use crate::plan::checklist::order::{self, Step};
use crate::plan::checklist::words::Words;
use crate::plan::checklist::{self, Checklist, Item, Kind, nearly, stated};
use crate::plan::markdown::{Document, Heading, lines};
use crate::plan::outside::Outside;
use crate::plan::room::Room;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Change, Dialect, Fault, Plan, Progress, Task, Wishes, is_named};

const PLACE: &str = "it lies in `specs` and has tasks such as `T001`";
const CONTENT: &str = "it has tasks such as `- [ ] T001`";

/// See the module.
pub(super) struct SpecKit;

impl Format for SpecKit {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        let directories = checklist::directories(path);
        let is_home = is_named(path, "tasks.md")
            && directories.get(1).is_some_and(|above| above == "specs")
            && !directories
                .iter()
                .any(|above| above == ".kiro" || above == "openspec");
        if !is_home && !mentions_ids(text.text) {
            return None;
        }
        let document = text.document();
        let is_ours = |words: &Words| words.is_named || words.id.as_deref().is_some_and(is_own);
        // The first box says it nearly always.
        let mut boxes = lines(&document.blocks).filter(|line| line.mark.is_some());
        let first = boxes.next().map(|line| Words::of(&checklist::whole(line)));
        if first.is_some_and(|words| is_ours(&words)) {
            return Some(match is_home {
                true => Fit::Place(PLACE),
                false => Fit::Content(CONTENT),
            });
        }
        let checklist = Checklist::of(document, text);
        let has_ids = checklist.items.iter().any(|item| is_ours(&item.words));
        match is_home {
            true if has_ids => Some(Fit::Place(PLACE)),
            true => has_tasks(&checklist, text).then_some(Fit::Place("it lies in `specs`")),
            false => has_ids.then_some(Fit::Content(CONTENT)),
        }
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        checklist::plans(entries, |path, text| self.fits(path, text))
    }

    fn homes(&self) -> &'static [&'static str] {
        &["specs/*"]
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(&sources[0])
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let text = sources[0].text();
        let document = text.document();
        let checklist = read_boxes(document, &text);
        let chosen = chosen(&checklist);
        if chosen.is_empty() {
            return headings::write(document, &text, progress);
        }
        let ids = checklist.name(&chosen);
        let ticks = chosen.iter().zip(ids).map(|(at, id)| {
            let mark = &checklist.items[*at].mark;
            Tick {
                sign: &mark.sign,
                range: mark.range.clone(),
                tasks: vec![(id, marks::is_done(&mark.sign))],
            }
        });
        marks::written(&text, &ticks.collect::<Vec<_>>(), progress, None)
    }
}

/// The boxes of a document, with the ids that this format has besides.
fn read_boxes<'d>(document: &'d Document, text: &Text<'_>) -> Checklist<'d> {
    let mut checklist = Checklist::of(document, text);
    checklist.take_codes(text);
    checklist.leave_out_tags();
    checklist
}

/// Whether a text could have boxes with ids, told without parsing it.
fn mentions_ids(text: &str) -> bool {
    let after_boxes = text.split(']').skip(1);
    let mut after_boxes = after_boxes.map(|rest| rest.trim_start_matches([' ', '*', '`', '[']));
    after_boxes.any(|rest| rest.starts_with(['T', 't']) && checklist::words::id(rest).is_some())
}

/// An id with the letter that tasks of this format have.
fn is_own(id: &str) -> bool {
    id.starts_with(['T', 't'])
}

fn has_tasks(checklist: &Checklist<'_>, text: &Text<'_>) -> bool {
    !chosen(checklist).is_empty() || !headings::found(checklist.document, text).is_empty()
}

/// The boxes that are tasks: those with ids, or if there are none, those of the first level that are no criteria.
fn chosen(checklist: &Checklist<'_>) -> Vec<usize> {
    let has_ids = checklist.has_ids();
    let is_task = |item: &Item| match has_ids {
        true => item
            .words
            .id
            .as_deref()
            .is_some_and(|id| is_own(id) || checklist.kind(item) != Kind::Criteria),
        false => !item.is_nested && !item.is_criterion && checklist.kind(item) == Kind::Work,
    };
    let items = checklist.items.iter().enumerate();
    items
        .filter(|(_, item)| is_task(item))
        .map(|(at, _)| at)
        .collect()
}

fn read(source: &Source) -> Reading {
    let text = source.text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    let checklist = read_boxes(document, &text);
    let chosen = chosen(&checklist);
    let in_headings =
        chosen.is_empty() || !checklist.has_ids() && !headings::found(document, &text).is_empty();
    let (mut tasks, steps) = match in_headings {
        true => headings::read(document, &text, &mut faults),
        false => boxes(&checklist, &chosen, &text, &mut faults),
    };
    let rows = order::rows(&steps);
    order::in_rows(&mut tasks, &rows);
    let waits = order::by_files(&mut tasks, &rows);
    if tasks.is_empty() {
        faults.push(checklist::no_tasks(&text, "- [ ] T001 Create the model"));
    }
    if !in_headings {
        faults.extend(marks::unknown_signs(
            chosen.iter().map(|at| &checklist.items[*at]),
            &text,
        ));
        faults.extend(passed_over(&checklist, &text));
        faults.extend(nearly(&checklist, &chosen, &text));
        faults.extend(stories::faults(
            chosen.iter().map(|at| &checklist.items[*at]),
            &text,
        ));
    }
    faults.extend(checklist::waits(&waits, &tasks, "[P]"));
    let plan = Plan {
        dialect: Dialect::SpecKit,
        title: checklist::title(
            document,
            text.path,
            &[
                "Tasks",
                "Implementation Tasks",
                "Task List",
                "Task Breakdown",
            ],
            &[],
        ),
        tasks,
        wishes: Wishes::default(),
        artifacts: source::beside(
            text.path,
            &[
                "spec.md",
                "plan.md",
                "research.md",
                "data-model.md",
                "quickstart.md",
                "contracts",
            ],
        ),
    };
    Reading { plan, faults }
}

fn boxes(
    checklist: &Checklist<'_>,
    chosen: &[usize],
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> (Vec<Task>, Vec<Step>) {
    let ids = checklist.name(chosen);
    let known = Known::new(ids.clone(), Room::of(text));
    let begins: HashSet<usize> = chosen.iter().map(|at| checklist.items[*at].block).collect();
    let sections = chosen
        .iter()
        .map(|at| &checklist.sections[checklist.items[*at].section].headings[..]);
    let phases = phases(&sections.collect::<Vec<_>>());
    let mut tasks = Vec::with_capacity(chosen.len());
    let mut steps = Vec::with_capacity(chosen.len());
    let mut outside = Outside::default();
    for (nth, (at, id)) in chosen.iter().zip(ids).enumerate() {
        let item = &checklist.items[*at];
        let own = checklist.own(item, text, |block| begins.contains(&block));
        let mut task = checklist.task(item, id, own, text, &mut outside);
        faults.extend(nearly::fields(own, text));
        task.needs = needs::written(checklist.sentences(item, own), &task.id, &known);
        task.group = phases[nth].map(|phase| phase.title.clone());
        steps.push(Step {
            beside: item.words.is_beside(),
            first: nth > 0 && !is_same(phases[nth - 1], phases[nth]),
        });
        tasks.push(task);
    }
    faults.extend(stated::apply(checklist.document, &known, &mut tasks, text));
    faults.extend(known.room.too_many(text));
    faults.extend(outside.told());
    faults.extend(nearly::headings(
        checklist,
        chosen.iter().copied().zip(&tasks),
        text,
    ));
    (tasks, steps)
}

fn is_same(one: Option<&Heading>, other: Option<&Heading>) -> bool {
    one.map(|heading| heading.range.start) == other.map(|heading| heading.range.start)
}

/// The phase of each task, from the headings that each stands below: the nearest that is called one, else the
/// highest level at which the tasks stand below different headings.
fn phases<'d>(sections: &[&[&'d Heading]]) -> Vec<Option<&'d Heading>> {
    let named = |headings: &[&'d Heading]| {
        headings
            .iter()
            .rev()
            .copied()
            .find(|heading| is_phase(&heading.title))
    };
    if sections.iter().any(|headings| named(headings).is_some()) {
        let phase = |headings: &&[&'d Heading]| {
            named(headings).or_else(|| headings.iter().copied().find(|heading| heading.level > 1))
        };
        return sections.iter().map(phase).collect();
    }
    let deepest = sections
        .iter()
        .map(|headings| headings.len())
        .max()
        .unwrap_or_default();
    for depth in 0..deepest {
        let at = |headings: &&[&'d Heading]| headings.get(depth).or(headings.last()).copied();
        let phases: Vec<Option<&Heading>> = sections.iter().map(at).collect();
        if phases.windows(2).any(|pair| !is_same(pair[0], pair[1])) {
            return phases;
        }
    }
    vec![None; sections.len()]
}

/// Whether a heading is called a phase, in one of the languages that such plans are written in.
fn is_phase(title: &str) -> bool {
    const WORDS: [&str; 9] = [
        "phase",
        "fase",
        "фаза",
        "faza",
        "フェーズ",
        "阶段",
        "階段",
        "etapa",
        "giai đoạn",
    ];
    let title = title
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let is_ordinal = title.starts_with('第')
        && title
            .chars()
            .take(6)
            .collect::<String>()
            .contains(['阶', '階']);
    is_ordinal || WORDS.iter().any(|word| title.starts_with(word))
}

/// What is nearly right in the boxes that are tasks, or may be meant as such.
fn nearly(checklist: &Checklist<'_>, chosen: &[usize], text: &Text<'_>) -> Vec<Fault> {
    let chosen: HashSet<usize> = chosen.iter().copied().collect();
    let has_ids = checklist.has_ids();
    let items = checklist.items.iter().enumerate();
    let meant = items.filter(|(at, item)| {
        let may_be = has_ids && !item.is_criterion;
        chosen.contains(at) || may_be && checklist.kind(item) == Kind::Work
    });
    nearly::told(meant.map(|(at, item)| (item, chosen.contains(&at))), text)
}

/// Boxes of the first level that have no id in a plan whose tasks have: told once.
fn passed_over(checklist: &Checklist<'_>, text: &Text<'_>) -> Option<Fault> {
    if !checklist.has_ids() {
        return None;
    }
    let is_meant = |item: &&Item| {
        item.words.id.is_none()
            && !item.is_nested
            && !item.is_criterion
            && checklist.kind(item) == Kind::Work
    };
    let mut unknown = checklist.items.iter().filter(is_meant);
    let first = unknown.next()?;
    Some(checklist::without_id(
        first.mark.range.clone(),
        unknown.count() + 1,
        text,
    ))
}
