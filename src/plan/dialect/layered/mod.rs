//! The `layered` dialect: task lists of infrastructure and features, alone or many in one plan.
//!
//! See `dialects.md`. `item`, `detail`, `outline` and `tasks` read one list; `layers` and `needs` order its tasks;
//! `catalog` and `spec` tell what it is about, `tree` where it lies, `join` makes one plan of several.

mod catalog;
mod detail;
mod execution;
mod item;
mod join;
mod layers;
mod nearly;
mod needs;
mod outline;
mod plain;
mod relations;
mod review;
mod spec;
mod tasks;
mod tree;
mod write;

use std::path::{Path, PathBuf};

use super::{Defaults, Fit, Format, Reading};
use crate::plan::markdown::{Block, Document, lines};
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{Change, Fault, Plan, Progress, Selection, agents};

/// See the module.
pub(super) struct Layered;

impl Format for Layered {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if spec::is_layered(path) {
            return Some(Fit::Name("it is called `layered-tasks.md`"));
        }
        if spec::is_task_list(path) && spec::is_in_tree(path) {
            return Some(Fit::Own("it is the task list of a spec"));
        }
        let document = text.document();
        let has_box = || lines(&document.blocks).any(|line| line.mark.is_some());
        let lies_in_specs = spec::is_task_list(path) && spec::below_specs(path).is_some();
        if is_titled(document) {
            return Some(Fit::Own("its first line says so"));
        }
        if has_own_shape(document) {
            let why = "it lists tasks by layers, owners or specs";
            return Some(match lies_in_specs && !has_numbered_box(document) {
                true => Fit::Own(why),
                false => Fit::Content(why),
            });
        }
        if has_tagged_box(document) {
            return Some(Fit::Content("its boxes name owners or dependencies"));
        }
        (lies_in_specs && has_box()).then_some(Fit::Content("it is a list of tasks below `specs`"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let list = tree::task_list(entries).filter(|list| {
            let is_ours = |text: String| self.fits(list, &Text::new(list, &text)).is_some();
            spec::is_layered(list) || crate::plan::source::read(list).is_ok_and(is_ours)
        });
        list.map(|list| with_companions(vec![list]))
            .into_iter()
            .collect()
    }

    fn homes(&self) -> &'static [&'static str] {
        &[
            "specs/*",
            "specs/features/*",
            "specs/infrastructure/*",
            "specs/features/*/*",
            "specs/infrastructure/*/*",
            "specs/phase-*/*",
        ]
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        Ok(with_companions(vec![path.to_path_buf()]))
    }

    fn chosen(&self, place: &Path, selection: &Selection) -> Option<Result<Vec<PathBuf>, Fault>> {
        let tree = tree::Tree::at(place, selection.chooses())?;
        Some(tree.chosen(place, selection).map(with_companions))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        join::read(sources)
    }

    fn assign(&self, plan: &mut Plan, selection: &Selection) -> Vec<Fault> {
        agents::assign(plan, selection);
        Vec::new()
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        write::write(sources, progress)
    }

    fn is_record(&self, path: &Path) -> bool {
        let directory = path.parent();
        directory.is_some_and(|directory| directory.ends_with(".claude/execution"))
    }

    fn progress_message(&self, plan: &Plan) -> String {
        format!("implementation: Update progress - {}", join::named(plan))
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            unproven_blocks: false,
            sequential: false,
            retries: 0,
            goes_on: true,
        }
    }
}

fn with_companions(mut lists: Vec<PathBuf>) -> Vec<PathBuf> {
    let beside = tree::companions(&lists);
    lists.extend(beside);
    lists
}

/// Whether a text has what task lists of this format have.
fn has_signs(document: &Document) -> bool {
    is_titled(document) || has_own_shape(document) || has_tagged_box(document)
}

/// `Tasks for I012: Mail` and `Layered Tasks for F001`, with something below.
fn is_titled(document: &Document) -> bool {
    let title = document
        .title()
        .map_or("", |heading| heading.title.as_str());
    let lower = title.to_lowercase();
    let mut words = title.split(|c: char| !c.is_alphanumeric());
    let names_spec = lower.starts_with("tasks for ") && words.any(needs::is_spec);
    (names_spec || lower.starts_with("layered tasks")) && document.headings().count() > 1
}

/// Whether a text has the header, the layers, the owners' lists or the tasks of this format.
fn has_own_shape(document: &Document) -> bool {
    let has_box = || lines(&document.blocks).any(|line| line.mark.is_some());
    has_box() && document.blocks.iter().any(is_sign) || has_fielded_tasks(document)
}

/// Whether boxes are numbered as others number them, `T001`.
fn has_numbered_box(document: &Document) -> bool {
    let mut boxes = lines(&document.blocks).filter(|line| line.mark.is_some());
    boxes.any(|line| {
        let id = item::Item::read(&item::words(line)).id.unwrap_or_default();
        id.len() > 3 && id.starts_with('T') && item::is_id(&id)
    })
}

/// The heading of a layer or of an owner's list, or a field of the header.
fn is_sign(block: &Block) -> bool {
    let is_layer = |title: &str| {
        let number = item::strip_word(title, "layer ");
        number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    match block {
        Block::Heading(heading) => {
            let is_owner =
                |title: &str| item::owner(title).is_some_and(|(_, rest)| rest.is_empty());
            is_layer(&heading.title) || is_owner(&heading.title)
        }
        Block::Line(line) => {
            let lead = line.lead.as_deref().unwrap_or_default();
            matches!(lead, "Infrastructure Phase" | "Required Infrastructure")
        }
        _ => false,
    }
}

/// Whether a box names its owner, or in brackets what it depends on.
fn has_tagged_box(document: &Document) -> bool {
    let mut boxes = lines(&document.blocks).filter(|line| line.mark.is_some());
    boxes.any(|line| {
        let words = item::words(line);
        (words.contains('@') || words.contains("[dep")) && {
            let item = item::Item::read(&words);
            item.agent.is_some() || !item.needs.is_empty()
        }
    })
}

/// Whether headings are tasks that name keywords and a command.
fn has_fielded_tasks(document: &Document) -> bool {
    let mut headings = document.headings();
    headings.any(|(_, heading)| outline::task_heading(&heading.title).is_some())
        && lines(&document.blocks).any(|line| {
            let lead = line.lead.as_deref().unwrap_or_default();
            matches!(lead, "Expected Command" | "Keywords")
        })
}
