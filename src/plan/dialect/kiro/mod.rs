//! The `kiro` dialect: `.kiro/specs/<feature>/tasks.md`, an outline of numbered boxes.
//!
//! See `dialects.md`. Knows no file system beyond which documents stand beside the plan.

mod requirements;

use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::checklist::order::{self, Step};
use crate::plan::checklist::outline::Outline;
use crate::plan::checklist::{self, Checklist, marks};
use crate::plan::gaps;
use crate::plan::markdown::{Document, lines};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Change, Dialect, Plan, Progress, Wishes, is_named};

/// See the module.
pub(super) struct Kiro;

impl Format for Kiro {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        let directories = checklist::directories(path);
        let is_home = directories
            .windows(2)
            .any(|pair| pair[0] == "specs" && pair[1] == ".kiro");
        if is_named(path, "tasks.md") && is_home {
            return Some(Fit::Place("it lies in `.kiro/specs`"));
        }
        looks_alike(text).then_some(Fit::Content("its numbered boxes name their requirements"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        checklist::plans(entries, |path, text| self.fits(path, text))
    }

    fn homes(&self) -> &'static [&'static str] {
        &[".kiro/specs/*"]
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(&sources[0])
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let text = sources[0].text();
        let document = text.document();
        let checklist = numbered(document, &text);
        let ticks = outline(&checklist).ticks();
        marks::written(&text, &ticks, progress, Some("-"))
    }
}

/// Numbered boxes, and lines such as `_Requirements: 1.1, 2.3_` below them.
fn looks_alike(text: &Text<'_>) -> bool {
    if !REFERENCES.iter().any(|word| text.text.contains(word)) {
        return false;
    }
    let document = text.document();
    let checklist = Checklist::of(document, text);
    let is_numbered = |id: &String| id.starts_with(|c: char| c.is_ascii_digit());
    let has_numbers = checklist
        .items
        .iter()
        .any(|item| item.words.id.as_ref().is_some_and(is_numbered));
    has_numbers && lines(&document.blocks).any(|line| is_reference(&line.text))
}

/// How a line begins that says which requirements a task serves.
const REFERENCES: [&str; 4] = ["Requirements:", "需求:", "需求：", "要件:"];

fn is_reference(line: &str) -> bool {
    REFERENCES.iter().any(|word| line.starts_with(word))
}

/// Whether the task only looks back at what was done before it.
fn is_gate(title: &str) -> bool {
    let title = title.to_lowercase();
    let bare = ["final ", "最终", "最終"]
        .iter()
        .find_map(|word| title.strip_prefix(word))
        .unwrap_or(&title);
    ["checkpoint", "检查点", "檢查點", "チェックポイント"]
        .iter()
        .any(|word| bare.starts_with(word))
}

fn numbered<'d>(document: &'d Document, text: &Text<'_>) -> Checklist<'d> {
    let mut checklist = Checklist::of(document, text);
    checklist.take_bare_numbers(text);
    checklist
}

/// Of boxes without an id those are tasks that stand among tasks, or all if no box has one.
fn outline<'c, 'd>(checklist: &'c Checklist<'d>) -> Outline<'c, 'd> {
    let has_ids = checklist.has_ids();
    let numbered = checklist
        .items
        .iter()
        .filter(|item| item.words.id.is_some());
    let sections: std::collections::HashSet<usize> = numbered.map(|item| item.section).collect();
    Outline::of(checklist, move |item| {
        !has_ids || sections.contains(&item.section)
    })
}

fn read(source: &Source) -> Reading {
    let text = source.text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    let checklist = numbered(document, &text);
    let outline = outline(&checklist);
    let mut tasks = outline.read(&text, &mut faults);
    let step = |(at, task): (usize, &usize)| Step {
        beside: checklist.items[*task].words.is_beside(),
        first: outline.begins_group(at),
    };
    let steps: Vec<Step> = outline.tasks.iter().enumerate().map(step).collect();
    let rows = order::rows(&steps);
    order::in_rows(&mut tasks, &rows);
    let waits = order::by_files(&mut tasks, &rows);
    for task in &mut tasks {
        task.allow_empty = is_gate(&task.title);
    }
    if tasks.is_empty() {
        faults.push(checklist::no_tasks(&text, "- [ ] 1.1 Add the model"));
    }
    faults.extend(marks::unknown_signs(
        outline.tasks.iter().map(|at| &checklist.items[*at]),
        &text,
    ));
    faults.extend(outline.passed_over(&text));
    faults.extend(outline.early_ticks(&text, &tasks));
    faults.extend(checklist::waits(&waits, &tasks, "(P)"));
    gaps::review(&mut faults, requirements::faults(document, &text));
    let plan = Plan {
        dialect: Dialect::Kiro,
        title: checklist::title(
            document,
            text.path,
            &["Implementation Plan", "Implementation Tasks", "Tasks"],
            &["Implementation Plan"],
        ),
        tasks,
        wishes: Wishes::default(),
        artifacts: source::beside(text.path, &["requirements.md", "bugfix.md", "design.md"]),
    };
    Reading { plan, faults }
}
