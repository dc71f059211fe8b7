//! The `openspec` dialect: `openspec/changes/<change>/tasks.md`, numbered boxes below numbered headings.
//!
//! See `dialects.md`. Knows no file system beyond which documents stand beside the plan.

use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::checklist::order::{self, Step};
use crate::plan::checklist::outline::Outline;
use crate::plan::checklist::{self, Checklist, Item, marks};
use crate::plan::cycles;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Change, Dialect, Fault, Plan, Progress, Task, Wishes, is_named};

/// See the module.
pub(super) struct OpenSpec;

impl Format for OpenSpec {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        let directories = checklist::directories(path);
        let is_below = |pair: &[String]| {
            pair[1] == "openspec" && (pair[0] == "changes" || has_boxes(text.text))
        };
        if is_named(path, "tasks.md") && directories.windows(2).any(is_below) {
            return Some(Fit::Place("it lies below `openspec`"));
        }
        looks_alike(text).then_some(Fit::Content("its boxes are numbered as its headings are"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        checklist::plans(entries, |path, text| self.fits(path, text))
    }

    fn homes(&self) -> &'static [&'static str] {
        &["openspec/changes/*"]
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(&sources[0])
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let text = sources[0].text();
        let document = text.document();
        let checklist = Checklist::of(document, &text);
        let ticks = outline(&checklist).ticks();
        marks::written(&text, &ticks, progress, None)
    }
}

/// Beside its changes, OpenSpec keeps other tasks as well, such as those of initiatives; and files that hold none.
fn has_boxes(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("- [") || line.starts_with("* ["))
}

/// `## 2. Group` with `- [ ] 2.1 text` below it, and the other way round nowhere.
fn looks_alike(text: &Text<'_>) -> bool {
    let mut headings = text
        .marked_lines('#')
        .filter_map(|line| line.strip_prefix("##"));
    let is_numbered = |heading: &str| {
        heading
            .trim_start_matches(['#', ' '])
            .starts_with(|c: char| c.is_ascii_digit())
    };
    if !headings.any(is_numbered) {
        return false;
    }
    let document = text.document();
    let checklist = Checklist::of(document, text);
    let mut is_found = false;
    for item in &checklist.items {
        let Some((group, _)) = item.words.id.as_deref().and_then(|id| id.split_once('.')) else {
            continue;
        };
        let headings = &checklist.sections[item.section].headings;
        let number = headings
            .iter()
            .rev()
            .find_map(|heading| checklist::words::id(&heading.title));
        is_found = number.is_some_and(|(number, _)| number.split('.').next() == Some(group));
        if !is_found {
            break;
        }
    }
    is_found
}

/// Its own tools count every box of the first level, so one without an id is a task as well.
fn outline<'c, 'd>(checklist: &'c Checklist<'d>) -> Outline<'c, 'd> {
    Outline::of(checklist, |_| true)
}

/// Boxes that are numbered for another heading than the one that they stand below.
fn misplaced<'c>(
    checklist: &Checklist<'_>,
    items: impl Iterator<Item = &'c Item>,
    text: &Text<'_>,
) -> Option<Fault> {
    let heading = |item: &Item| {
        let headings = checklist.sections[item.section].headings.iter().rev();
        headings
            .filter(|heading| heading.level > 1)
            .find_map(|heading| Some((checklist::words::id(&heading.title)?.0, *heading)))
    };
    let mut misplaced = items.filter_map(|item| {
        let id = item.words.id.as_deref()?;
        let (group, _) = id.split_once('.')?;
        let (number, heading) = heading(item)?;
        let is_whole = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
        (is_whole(group) && is_whole(number) && group != number).then_some((item, id, heading))
    });
    let (item, id, heading) = misplaced.next()?;
    let more = match misplaced.count() {
        0 => String::new(),
        1 => "; one more is like it".to_owned(),
        count => format!("; {count} more are like it"),
    };
    let message = format!("task `{id}` stands below `{}`{more}", heading.title);
    let fault = text.warning(item.at..item.at + id.len(), message);
    Some(fault.help("move it, or number it for the heading that it stands below"))
}

fn read(source: &Source) -> Reading {
    let text = source.text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    let checklist = Checklist::of(document, &text);
    let outline = outline(&checklist);
    let mut tasks = outline.read(&text, &mut faults);
    let steps = vec![
        Step {
            beside: false,
            first: false
        };
        tasks.len()
    ];
    order::in_rows(&mut tasks, &order::rows(&steps));
    let titled = |(at, task): (usize, &Task)| Some((at, cycles::titled(&task.title)?));
    let steps: Vec<_> = tasks.iter().enumerate().filter_map(titled).collect();
    // Its tasks follow each other as they are written, and need nothing else.
    cycles::expect(&mut tasks, &steps);
    if tasks.is_empty() {
        faults.push(checklist::no_tasks(&text, "- [ ] 1.1 Add the model"));
    }
    faults.extend(marks::unknown_signs(
        outline.tasks.iter().map(|at| &checklist.items[*at]),
        &text,
    ));
    faults.extend(outline.early_ticks(&text, &tasks));
    faults.extend(misplaced(
        &checklist,
        outline.tasks.iter().map(|at| &checklist.items[*at]),
        &text,
    ));
    let plan = Plan {
        dialect: Dialect::OpenSpec,
        title: checklist::title(
            document,
            text.path,
            &["Tasks", "Implementation Tasks"],
            &["Tasks"],
        ),
        tasks,
        wishes: Wishes::default(),
        artifacts: source::beside(text.path, &["proposal.md", "design.md", "specs"]),
    };
    Reading { plan, faults }
}
