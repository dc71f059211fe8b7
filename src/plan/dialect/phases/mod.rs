//! The `phases` dialect: plans in `.ai/plans` with a heading a phase, in the three generations that there are.
//!
//! See `dialects.md`. The generations differ in how a phase writes its fields and not in what they mean, so all are
//! read the same way. Knows neither git nor runs: texts in, a plan out.

mod checkpoint;
mod dependencies;
mod groups;
mod logs;
mod order;
mod outline;
mod parts;
mod places;
mod prose;
mod resources;
mod review;
mod state;
mod status;
mod summary;
mod task;
mod words;
mod write;

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::dependencies::{Numbers, Sayings};
use self::groups::Group;
use self::order::Known;
use self::outline::Phase;
use self::parts::{Part, parts};
use super::{Defaults, Fit, Format, Reading};
use crate::plan::markdown::{Block, Document, Line};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{
    Change, Dialect, Fault, Imported, ImportedStatus, Plan, Progress, Task, TaskId, Wishes, yaml,
};

/// See the module.
pub(super) struct Phases;

impl Format for Phases {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if lies_in(path, "logs") || state::is_execution_of(text).is_some() {
            return None;
        }
        let document = text.document();
        let any = |is: fn(&[Block]) -> bool| outline::sections(document, text).any(is);
        if lies_in(path, "plans") && any(parts::are_a_phase) {
            return Some(Fit::Place("it lies in `.ai/plans` and has phases"));
        }
        any(parts::are_surely_a_phase).then_some(Fit::Content(
            "its phases have owners, dependencies and the like",
        ))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let is_plan = |path: &&PathBuf| {
            let is_text = path.extension().is_some_and(|extension| extension == "md");
            let is_here = lies_in(path, "plans") || is_dated(path);
            is_text
                && is_here
                && source::read(path)
                    .is_ok_and(|text| self.fits(path, &Text::new(path, &text)).is_some())
        };
        entries
            .iter()
            .filter(is_plan)
            .map(|path| with_executions(path))
            .collect()
    }

    fn homes(&self) -> &'static [&'static str] {
        &[".ai/plans"]
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        Ok(with_executions(path))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        write::changes(sources, progress)
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            unproven_blocks: true,
            sequential: false,
            retries: 0,
            goes_on: false,
        }
    }
}

fn with_executions(plan: &Path) -> Vec<PathBuf> {
    let mut files = vec![plan.to_path_buf()];
    files.extend(state::executions(plan));
    files
}

/// Whether a path lies in `.ai/<name>`.
fn lies_in(path: &Path, name: &str) -> bool {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let parent = full.parent();
    let grandparent = parent.and_then(Path::parent);
    parent
        .and_then(Path::file_name)
        .is_some_and(|own| own == name)
        && grandparent
            .and_then(Path::file_name)
            .is_some_and(|own| own == ".ai")
}

/// Whether a file is called as these plans are, `2026-01-03.name.md`.
fn is_dated(path: &Path) -> bool {
    without_date(&path.file_stem().unwrap_or_default().to_string_lossy()).is_some()
}

/// A name without the date before it.
fn without_date(name: &str) -> Option<&str> {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let digits = name[..name.len() - rest.len()]
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    (digits == 8).then(|| rest.trim_start_matches(['.', ' ', '-', '_']))
}

fn read(sources: &[Source]) -> Reading {
    let text = sources[0].text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    let front = front(document, &text, &mut faults);
    let mut phases = outline::phases(document, &text, &mut faults);
    let checkpoints = state::checkpoints(document, &text);
    // Checkpoints in a fence behind the last phase are no part of it.
    if let (Some(last), Some(found)) = (phases.last_mut(), &checkpoints) {
        last.range.end = last.range.end.min(found.whole.start.max(last.range.start));
    }
    if phases.is_empty() {
        faults.push(
            text.error(text.start()..text.start(), "the plan has no phases")
                .help("a phase is a heading such as `### Phase 1: Core types`"),
        );
    }
    let fields: Vec<Vec<Part<'_>>> = phases.iter().map(|phase| parts(phase.section)).collect();
    let mut tasks: Vec<Task> = phases
        .iter()
        .zip(&fields)
        .map(|(phase, parts)| task::task(phase, parts, &front, &text, &mut faults))
        .collect();
    let numbers = Numbers::of(&phases);
    let groups = groups::groups(document, &text, &mut faults, &numbers);
    let mut sayings = Sayings {
        phases: &phases,
        groups: &groups,
        numbers: &numbers,
        text: &text,
        faults: &mut faults,
        group_of: groups::by_member(&groups),
        count: 0,
        too_many: false,
    };
    let known: Vec<Known> = fields
        .iter()
        .enumerate()
        .map(|(index, parts)| sayings.of(index, parts))
        .collect();
    review::contradictions(&known, &groups, &phases, &text, &mut faults);
    give_order(&known, &groups, &phases, &text, &mut tasks, &mut faults);
    status(document, &phases, &front, &text, &mut tasks, &mut faults);
    for source in &sources[1..] {
        state::import_execution(source, &mut tasks, &mut faults);
    }
    if let Some(found) = checkpoints {
        state::import_checkpoints(found.yaml, &text, &mut tasks, &mut faults);
    }
    review::gaps(&tasks, &fields, &phases, &text, &mut faults);
    faults.extend(outline::near_misses(document, &phases, &text));
    faults.extend(outline::unread_statuses(&phases, &text));
    let plan = Plan {
        dialect: Dialect::Phases,
        title: title(document, text.path),
        tasks,
        wishes: Wishes {
            // As long as a phase may take where nobody says otherwise.
            timeout: Some("10m".to_owned()),
            ..Wishes::default()
        },
        artifacts: vec![text.path.display().to_string()],
    };
    Reading { plan, faults }
}

/// The front matter, as far as it is YAML.
fn front(document: &Document, text: &Text<'_>, faults: &mut Vec<Fault>) -> Value {
    let Some(front) = &document.front else {
        return Value::Null;
    };
    yaml::parse(text, front.clone()).unwrap_or_else(|fault| {
        faults.push(fault);
        Value::Null
    })
}

fn give_order(
    known: &[Known],
    groups: &[Group],
    phases: &[Phase<'_>],
    text: &Text<'_>,
    tasks: &mut [Task],
    faults: &mut Vec<Fault>,
) {
    let Some(after) = order::after(known) else {
        faults.push(
            text.error(
                phases[0].at..phases[0].at,
                "the groups order more phases than can be told apart",
            )
            .help("make the groups smaller"),
        );
        return;
    };
    let id = |index: &usize| TaskId::new(phases[*index].id.as_str());
    for (index, task) in tasks.iter_mut().enumerate() {
        task.needs = known[index].needs.iter().map(id).collect();
        task.after = after[index].iter().map(id).collect();
        task.group = known[index].group.map(|group| groups[group].name.clone());
    }
}

/// What the plan says of itself as a whole, and what phases say of themselves.
fn status(
    document: &Document,
    phases: &[Phase<'_>],
    front: &Value,
    text: &Text<'_>,
    tasks: &mut [Task],
    faults: &mut Vec<Fault>,
) {
    let line = status_line(document, phases.first().map(|phase| phase.range.start));
    // What a run of ours said of the whole was so of the phases that there were: its checkpoints name them.
    let is_ours = status::is_ours(line, document, text);
    if is_ours && state::checkpoints(document, text).is_some() {
        return;
    }
    let in_front = front.get("status").and_then(Value::as_str);
    let is_implemented = match (line, in_front) {
        (Some(line), _) => review::plan_status(line, text, faults),
        (None, Some(said)) => review::front_status(said, document, text, faults),
        (None, None) => {
            if let Some(first) = phases.first() {
                faults.push(
                    text.warning(
                        first.at..first.at,
                        "the plan does not say that it was reviewed",
                    )
                    .help("`**Status:** Reviewed - Ready for Implementation` says so"),
                );
            }
            false
        }
    };
    if is_implemented {
        for task in tasks.iter_mut().filter(|task| task.imported.is_none()) {
            task.imported = Some(Imported {
                status: ImportedStatus::Done,
                commit: None,
            });
        }
    }
}

/// The line that says what the plan as a whole is; those of phases are below.
fn status_line(document: &Document, limit: Option<usize>) -> Option<&Line> {
    let preamble = document.blocks.iter().take_while(|block| match block {
        Block::Heading(heading) => limit.is_none_or(|limit| heading.range.start < limit),
        _ => true,
    });
    let is_status = |line: &&Line| {
        let lead = line.lead.as_deref();
        line.depth == 0 && lead.is_some_and(|lead| lead.eq_ignore_ascii_case("status"))
    };
    let lines = preamble.filter_map(|block| match block {
        Block::Line(line) => Some(line),
        _ => None,
    });
    lines.into_iter().find(is_status)
}

/// Where the words of that line stand.
fn status_words(document: &Document, text: &Text<'_>) -> Option<Range<usize>> {
    let phases = outline::phases(document, text, &mut Vec::new());
    let line = status_line(document, phases.first().map(|phase| phase.range.start))?;
    let rest = text.text[line.range.start..].lines().next()?;
    let lead = rest.to_ascii_lowercase().find("status")? + "status".len();
    let start = lead + rest[lead..].find(|c: char| !matches!(c, '*' | ':' | '：' | ' ' | '\t'))?;
    let words = rest[start..]
        .split(" | ")
        .next()
        .unwrap_or_default()
        .trim_end();
    let start = line.range.start + start;
    Some(start..start + words.len())
}

/// The first heading that names the plan; some begin with the log of how they were planned.
fn title(document: &Document, path: &Path) -> String {
    const NOT_A_NAME: [&str; 3] = ["planning process", "plan", "execution checkpoints"];
    let named = document
        .headings()
        .map(|(_, heading)| heading)
        .find(|heading| {
            heading.level == 1
                && !heading.title.is_empty()
                && !NOT_A_NAME.contains(&heading.title.to_lowercase().as_str())
        });
    if let Some(heading) = named {
        return heading.title.clone();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match without_date(&stem) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => stem.into_owned(),
    }
}
