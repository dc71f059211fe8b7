//! The headings of a task list: which are sections, which are layers, and which hold no tasks at all.
//!
//! Knows only words of headings; tasks are found by others.

use std::ops::Range;

use super::item::{self, owner, strip_word};
use crate::plan::markdown::Heading;

/// A heading that holds tasks, or could.
#[derive(Debug)]
pub(super) struct Section {
    /// Its place among [`Outline::layers`].
    pub(super) layer: usize,
    /// As its heading says, where that is an owner.
    pub(super) title: String,
    /// Who does what stands in it.
    pub(super) owner: Option<String>,
    /// How many tasks it holds so far.
    pub(super) tasks: usize,
    /// Its place among the sections that hold tasks, from 1; 0 until it holds one.
    pub(super) ordinal: usize,
}

/// Tasks between two barriers.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// As its heading says; empty for what stands before every heading.
    pub(super) title: String,
    /// `2` of `Layer 2`.
    pub(super) number: Option<u32>,
    /// Whether the heading says that it is a layer or a phase.
    pub(super) labelled: bool,
    /// How its heading says that its tasks run, if it says so.
    pub(super) pace: Option<Pace>,
    /// Whether it is a row of lists, each with its owner.
    owners: bool,
}

/// How the tasks of a layer run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Parallel,
    Sequential,
}

/// What kind of heading one is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may hold tasks.
    Section,
    /// It is a task itself.
    Task,
    /// It holds gates.
    Gates,
    /// Boxes below it are something else.
    Other,
}

/// The sections and layers of a text, as far as it was read.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) sections: Vec<Section>,
    pub(super) layers: Vec<Layer>,
    /// The level of the labelled layer that deeper headings belong to.
    inside: Option<(u8, usize)>,
    /// The level of the heading below which there are no tasks.
    shut: Option<(u8, Range<usize>, bool)>,
    ordinals: usize,
}

impl Outline {
    pub(super) fn new() -> Self {
        Self {
            sections: vec![Section {
                layer: 0,
                title: String::new(),
                owner: None,
                tasks: 0,
                ordinal: 0,
            }],
            layers: vec![Layer::default()],
            inside: None,
            shut: None,
            ordinals: 0,
        }
    }

    /// Goes on to what stands below this heading.
    pub(super) fn enter(&mut self, heading: &Heading) -> Kind {
        if self
            .shut
            .as_ref()
            .is_some_and(|(level, ..)| heading.level > *level)
        {
            return Kind::Other;
        }
        self.shut = None;
        if self.inside.is_some_and(|(level, _)| heading.level <= level) {
            self.inside = None;
        }
        if (2..=4).contains(&heading.level) && task_heading(&heading.title).is_some() {
            return Kind::Task;
        }
        let label = label(&heading.title);
        if label.is_none() && heading.level > 1 && holds_no_tasks(&heading.title) {
            let are_gates = is_prerequisites(&heading.title);
            self.shut = Some((heading.level, heading.range.clone(), are_gates));
            return if are_gates { Kind::Gates } else { Kind::Other };
        }
        let owner = section_owner(&heading.title);
        let layer = self.layer_for(heading, label, owner.is_some());
        self.sections.push(Section {
            layer,
            title: owner
                .as_ref()
                .map_or_else(String::new, |_| heading.title.clone()),
            owner,
            tasks: 0,
            ordinal: 0,
        });
        Kind::Section
    }

    fn layer_for(&mut self, heading: &Heading, label: Option<Option<u32>>, owned: bool) -> usize {
        if let (None, Some((_, layer))) = (label, self.inside) {
            return layer;
        }
        let last = self.layers.len() - 1;
        // Lists of different people wait for nobody.
        if owned && self.layers[last].owners {
            return last;
        }
        self.layers.push(Layer {
            title: heading.title.clone(),
            number: label.flatten(),
            labelled: label.is_some(),
            pace: pace(&heading.title),
            owners: owned,
        });
        if label.is_some() {
            self.inside = Some((heading.level, last + 1));
        }
        last + 1
    }

    /// A layer of its own for a task that is a heading and stands in no labelled one.
    pub(super) fn layer_of_task(&mut self) -> usize {
        match self.inside {
            Some((_, layer)) => layer,
            None => {
                self.layers.push(Layer::default());
                self.layers.len() - 1
            }
        }
    }

    /// The heading that says there are no tasks here, and whether it says that there are gates.
    pub(super) fn shut(&self) -> Option<(&Range<usize>, bool)> {
        self.shut.as_ref().map(|(_, range, gates)| (range, *gates))
    }

    /// Counts a task of the current section: the ordinals of both.
    pub(super) fn count(&mut self) -> (usize, usize) {
        let ordinals = &mut self.ordinals;
        let section = self.sections.last_mut().expect("there is always one");
        section.tasks += 1;
        if section.ordinal == 0 {
            *ordinals += 1;
            section.ordinal = *ordinals;
        }
        (section.ordinal, section.tasks)
    }

    pub(super) fn section(&self) -> &Section {
        self.sections.last().expect("there is always one")
    }
}

/// `Task 3: title`: the id and the title.
pub(super) fn task_heading(title: &str) -> Option<(&str, &str)> {
    let said = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    strip_word(said, "task ")?;
    let (id, rest) = item::leading_id(said)?;
    let title = rest.trim_start_matches([' ', ':', '：', '-', '–', '—', '.', ')']);
    (!title.is_empty()).then_some((id, title))
}

/// Whether a heading says that it is a layer or phase, and the number of the layer.
fn label(title: &str) -> Option<Option<u32>> {
    let said = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let number = |rest: &str| {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let is_whole = !rest[end..].starts_with(|c: char| c.is_alphanumeric() || c == '.');
        rest[..end].parse::<u32>().ok().filter(|_| is_whole)
    };
    if let Some(rest) = strip_word(said, "layer ").or_else(|| strip_word(said, "layer-")) {
        return Some(number(rest.trim_start()));
    }
    if let Some(found) = strip_word(said, "L").and_then(number) {
        return Some(Some(found));
    }
    for word in ["phase ", "phase-", "wave ", "stage "] {
        if strip_word(said, word).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return Some(None);
        }
    }
    let mut words = said.split(|c: char| !c.is_alphanumeric());
    let is_layer = words.any(|word| word.eq_ignore_ascii_case("layer"));
    (is_layer || said.starts_with('第') && said.contains('层')).then_some(None)
}

fn pace(title: &str) -> Option<Pace> {
    let lower = title.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["sequential", "in order", "one by one", "顺序", "串行"]) {
        Some(Pace::Sequential)
    } else if says(&["parallel", "并行"]) {
        Some(Pace::Parallel)
    } else {
        None
    }
}

/// `@codex` of a heading that is a list of one's work.
fn section_owner(title: &str) -> Option<String> {
    let (name, rest) = owner(title.trim())?;
    let is_all = rest.trim_start().is_empty()
        || rest
            .trim_start()
            .starts_with(['(', '（', '-', '–', '—', ':']);
    is_all.then(|| name.to_owned())
}

fn is_prerequisites(title: &str) -> bool {
    let lower = title.to_lowercase();
    lower.contains("prerequisite") || lower.contains("前提") || lower.contains("先决")
}

/// Whether boxes below a heading are gates, criteria, legends or logs.
fn holds_no_tasks(title: &str) -> bool {
    const PARTS: [&str; 15] = [
        "prerequisite",
        "criteria",
        "success metric",
        "success indicator",
        "checklist",
        "definition of done",
        "legend",
        "planning process",
        "planning log",
        "quality gate",
        "execution flow",
        "前提",
        "先决",
        "标准",
        "指标",
    ];
    const WHOLE: [&str; 22] = [
        "format",
        "notes",
        "note",
        "status",
        "status key",
        "dependencies",
        "agent assignments",
        "summary",
        "progress",
        "log",
        "example",
        "metrics",
        "kpis",
        "acceptance",
        "risks",
        "open questions",
        "assumptions",
        "out of scope",
        "non-goals",
        "future work",
        "references",
        "图例",
    ];
    let lower = title.to_lowercase();
    let words = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let start = words
        .split([':', '：', '(', '（'])
        .next()
        .unwrap_or_default()
        .trim();
    PARTS.iter().any(|part| lower.contains(part)) || WHOLE.contains(&start)
}

/// Whether a bold start of a line says that the boxes after it are no tasks.
pub(super) fn shuts(lead: &str) -> bool {
    holds_no_tasks(lead)
}

#[cfg(test)]
mod tests {
    use super::{Pace, label, pace, section_owner, task_heading};

    #[test]
    fn headings_say_what_they_are() {
        assert_eq!(label("Layer 0: Infrastructure (Run First)"), Some(Some(0)));
        assert_eq!(label("L2 - Features"), Some(Some(2)));
        assert_eq!(label("Phase 3.1: Setup"), Some(None));
        assert_eq!(label("Foundation Layer"), Some(None));
        for none in ["1. Setup", "Database", "Phases", "Login", "Layered tasks"] {
            assert_eq!(label(none), None, "{none}");
        }
        assert_eq!(
            pace("Layer 3: Integration (Sequential)"),
            Some(Pace::Sequential)
        );
        assert_eq!(pace("Layer 1: Core (Parallel)"), Some(Pace::Parallel));
        assert_eq!(
            task_heading("Task 1: Initialize Clerk"),
            Some(("1", "Initialize Clerk"))
        );
        assert_eq!(task_heading("Tasks"), None);
        assert_eq!(task_heading("Task Details"), None);
        assert_eq!(section_owner("@codex").as_deref(), Some("codex"));
        assert_eq!(section_owner("@codex and others"), None);
    }
}
