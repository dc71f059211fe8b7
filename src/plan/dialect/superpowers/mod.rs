//! The `superpowers` dialect: `docs/superpowers/plans/<date>-<name>.md`, a heading a task, a box a step.
//!
//! See `dialects.md`. Steps are how a task is done, never tasks. Knows neither files nor runs: texts in, a plan out.

mod headings;
mod paths;
mod steps;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::sendit::{self, TaskHeading};
use super::{Fit, Format, Reading, gsd, jobs};
use crate::plan::fields::{self as values, fields, fields_that};
use crate::plan::gaps::{self, Asked, Gaps};
use crate::plan::markdown::{Block, Document, Heading, Line, lines};
use crate::plan::source::{self, Source};
use crate::plan::text::{Text, line_end};
use crate::plan::{
    Change, Check, Dialect, Fault, Imported, ImportedStatus, Plan, Progress, Task, TaskId, Wishes,
    need_words, scope,
};
use headings::{Start, starts};
use paths::{Files, Foreign};
use steps::Steps;

/// How these plans say which skill carries them out.
const SKILLS: [&str; 3] = [
    "superpowers:executing-plans",
    "superpowers:subagent-driven-development",
    "superpowers-extended-cc:executing-plans",
];

/// See the module.
pub(super) struct Superpowers;

impl Format for Superpowers {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        // Every format is asked of every file, and to look at the headings costs less than to parse them.
        if !headings::may_be_in(text) {
            return None;
        }
        let document = text.document();
        let starts = starts(document, text);
        if starts.is_empty() {
            return None;
        }
        let asks = SKILLS.iter().any(|skill| text.text.contains(skill));
        let has_files =
            fields(&document.blocks, "Files").any(|field| paths::is_a_list_of_them(&field));
        let has_steps = lines(&document.blocks).any(steps::is_step);
        match (is_at_home(path), asks) {
            (true, _) if asks || has_files || has_steps => {
                Some(Fit::Place("it lies where Superpowers keeps its plans"))
            }
            (false, true) => Some(Fit::Place(
                "it names the Superpowers skill that is to run it",
            )),
            _ if has_files && has_steps => Some(Fit::Content(
                "it has `Task` headings, `Files` to create, modify or test, and steps",
            )),
            _ if gsd::is_named(path) && gsd::Gsd.fits(path, text).is_none() => Some(Fit::Name(
                "it is named `<phase>-<plan>-PLAN.md`, and `Task` headings are its tasks",
            )),
            _ => None,
        }
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let is_plan = |path: &&PathBuf| {
            let fits = |text: String| self.fits(path, &Text::new(path, &text)).is_some();
            (is_named(path) || gsd::is_named(path)) && source::read(path).is_ok_and(fits)
        };
        let plans = entries.iter().filter(is_plan);
        plans.map(|plan| vec![plan.clone()]).collect()
    }

    fn homes(&self) -> &'static [&'static str] {
        &["docs/superpowers/plans", "docs/plans"]
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(&sources[0])
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let Some(source) = sources.first() else {
            return Vec::new();
        };
        let text = source.text();
        let document = text.document();
        let starts = starts(document, &text);
        let sections = starts.iter().map(|(at, _, named)| {
            let (section, _) = sendit::section(&document.blocks, *at, &starts);
            (TaskId::new(named.id.as_str()), Steps::of(section))
        });
        let edits = steps::edits(sections, progress, text.text);
        let path = source.path.clone();
        (!edits.is_empty())
            .then_some(Change::Edit { path, edits })
            .into_iter()
            .collect()
    }
}

/// Whether it lies where these plans lie.
fn is_at_home(path: &Path) -> bool {
    directory(path).is_some_and(|directory| {
        directory.ends_with("superpowers/plans")
            || directory.ends_with("docs/plans") && is_dated(path)
    })
}

/// Whether it may be called so; in their own directory plans have any name.
fn is_named(path: &Path) -> bool {
    let is_markdown = path.extension().is_some_and(|extension| extension == "md");
    let is_own = directory(path).is_some_and(|directory| directory.ends_with("superpowers/plans"));
    is_dated(path) || is_own && is_markdown
}

fn directory(path: &Path) -> Option<PathBuf> {
    Some(std::path::absolute(path).ok()?.parent()?.to_path_buf())
}

/// Whether a file is called `2026-01-31-<name>.md`.
fn is_dated(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        let is_date = |(at, byte): (usize, u8)| match at {
            4 | 7 | 10 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        name.len() > 11 && name.ends_with(".md") && name.bytes().take(11).enumerate().all(is_date)
    })
}

/// A warning about what front matter says of other plans, which is nothing that this format has.
fn unread_needs(document: &Document, text: &Text<'_>) -> Option<Fault> {
    let front = document.front.clone()?;
    let start = front.start + text.text[front.clone()].find("\ndepends_on:")? + 1;
    let line = &text.text[start..line_end(text.text, start)];
    let named = line.split_once(':')?.1.trim();
    let is_list_below = named.is_empty()
        && text.text[start + line.len()..]
            .trim_start()
            .starts_with("- ");
    let message = "what this plan depends on is not read, for it is run alone";
    let fault = text.warning(start..start + line.len(), message);
    (is_list_below || !["", "[]"].contains(&named))
        .then(|| fault.help("run the plans one after the other, in the order of their waves"))
}

fn read(source: &Source) -> Reading {
    let text = source.text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    faults.extend(unread_needs(document, &text));
    let starts = starts(document, &text);
    if starts.is_empty() {
        faults.push(
            text.error(text.start()..text.start(), "the plan has no tasks")
                .help("a task is a heading such as `### Task 1: Add the login endpoint`"),
        );
    }
    let ids: HashSet<&str> = starts.iter().map(|(.., named)| named.id.as_str()).collect();
    let groups = groups(document, &starts);
    let mut foreign = Foreign::of(&source.path);
    let mut tasks: Vec<Task> = Vec::new();
    for ((at, heading, named), group) in starts.iter().zip(groups) {
        let (section, end) = sendit::section(&document.blocks, *at, &starts);
        let range = heading.range.start..end.unwrap_or(text.text.len());
        let mut task = Task {
            body: without_rule(&text.text[range]).to_owned(),
            group,
            needs: needs(section, named, &ids, &text, &mut faults),
            ..task(named, section, &text, &mut foreign, &mut faults)
        };
        task.after = tasks
            .last()
            .map(|before| before.id.clone())
            .into_iter()
            .collect();
        tasks.push(task);
    }
    faults.extend(foreign.told());
    let levels: HashSet<u8> = starts.iter().map(|(_, heading, _)| heading.level).collect();
    let is_task = |heading: &Heading| {
        let places = starts.binary_search_by_key(&heading.range.start, |(_, at, _)| at.range.start);
        places.is_ok()
    };
    faults.extend(sendit::near_misses(document, &text, |heading| {
        levels.contains(&heading.level) && says_more(&heading.title) && !is_task(heading)
    }));
    let sections: Vec<&[Block]> = starts
        .iter()
        .map(|(at, ..)| sendit::section(&document.blocks, *at, &starts).0)
        .collect();
    gaps::review(&mut faults, gaps(&tasks, &sections));
    let plan = Plan {
        dialect: Dialect::Superpowers,
        title: title(document, &source.path),
        tasks,
        wishes: Wishes::default(),
        artifacts: artifacts(document, &source.path, starts.first().map(|(at, ..)| *at)),
    };
    Reading { plan, faults }
}

/// Whether a heading numbers or names what it begins: `Task Two: CLI`, and not `Task summary`.
fn says_more(title: &str) -> bool {
    title.contains(|c: char| c.is_ascii_digit() || ":：–—".contains(c))
}

/// Whether a task is told step by step, in boxes, words or headings.
fn has_steps(section: &[Block]) -> bool {
    let is_heading = |block: &Block| matches!(block, Block::Heading(_));
    lines(section).any(steps::is_step) || section.iter().any(is_heading)
}

/// What open tasks lack of what such plans are asked for.
fn gaps(tasks: &[Task], sections: &[&[Block]]) -> Vec<Fault> {
    const FILES: Asked = Asked {
        what: "`Files`",
        help: "list below `**Files:**` what it creates, modifies and tests: `- Create: `, then a path in backticks",
    };
    const STEPS: Asked = Asked {
        what: "steps",
        help: "say how it is done, step by step: `- [ ] **Step 1: Write the failing test**`",
    };
    const PROOF: Asked = Asked {
        what: "a command that is expected to pass",
        help: "say below the last `Run:` what it shows when all is well: `Expected: PASS`",
    };
    let is_proven =
        |at: usize, task: &Task| !task.verify.is_empty() || !steps::run_something(sections[at]);
    Gaps::of_tasks(
        tasks,
        &[
            (FILES, &|at, _| !values::has(sections[at], "Files")),
            (STEPS, &|at, _| !has_steps(sections[at])),
            (PROOF, &|at, task| !is_proven(at, task)),
        ],
    )
}

fn task(
    named: &TaskHeading,
    section: &[Block],
    text: &Text<'_>,
    foreign: &mut Foreign,
    faults: &mut Vec<Fault>,
) -> Task {
    let Files { files, creates } = paths::files(section, text, foreign, faults);
    let steps = Steps::of(section);
    faults.extend(steps.unknown(text));
    let status = status(named, &steps, text, faults);
    let mut verify: Vec<Check> = fields(section, "Verify")
        .flat_map(|field| values::checks(&field))
        .collect();
    for check in steps::proof(section, foreign.top()) {
        if !verify.contains(&check) {
            verify.push(check);
        }
    }
    let criteria = ["Acceptance", "Acceptance criteria"];
    let criteria = criteria.iter().flat_map(|name| fields(section, name));
    Task {
        id: TaskId::new(named.id.as_str()),
        title: match named.title.as_str() {
            "" => format!("Task {}", named.id),
            title => title.to_owned(),
        },
        files,
        creates,
        verify,
        acceptance: criteria.flat_map(|field| listed(&field)).collect(),
        imported: status.map(|status| Imported {
            status,
            commit: None,
        }),
        ..Task::at(text.location(named.at))
    }
}

/// The items of a field, up to the first step.
fn listed(field: &values::Field<'_>) -> Vec<String> {
    let own = field.lines().take_while(|line| line.mark.is_none());
    own.map(|line| line.text.clone())
        .filter(|line| !line.is_empty())
        .collect()
}

/// How far a task is: as its boxes say, unless its heading leaves it out, or speaks of one without boxes.
fn status(
    named: &TaskHeading,
    steps: &Steps<'_>,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Option<ImportedStatus> {
    let ticked = steps.status();
    faults.extend(sendit::unread_status(named, text));
    match (ticked, named.says) {
        (Some(ImportedStatus::Done), _) => ticked,
        (_, Some(ImportedStatus::Skipped)) => named.says,
        (None, says) if steps.is_empty() => says,
        (_, Some(ImportedStatus::Done)) => {
            let message = format!(
                "the heading of task `{}` says that it is done, and not all of its steps are ticked",
                named.id
            );
            let help = "the steps count: tick them, `[x]`, if the task is done";
            faults.push(text.warning(named.place(text), message).help(help));
            ticked
        }
        _ => ticked,
    }
}

/// A section without the line that parts it from the next.
fn without_rule(section: &str) -> &str {
    let section = section.trim_end();
    match section.strip_suffix("\n---") {
        Some(bare) => bare.trim_end(),
        None => section,
    }
}

/// The tasks that `**Depends on:** Task 2, Task 3` names; a number after `Task` that none has is told.
fn needs(
    section: &[Block],
    named: &TaskHeading,
    ids: &HashSet<&str>,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<TaskId> {
    let mut needs: Vec<TaskId> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let says_needs = |line: &Line| {
        let name = line.lead.as_deref();
        name.is_some_and(|name| {
            need_words::is_field(name, &line.text, &need_words::begins_with_task)
        })
    };
    for field in fields_that(section, says_needs) {
        for line in field.lines() {
            let words: Vec<&str> = line
                .text
                .split(|c: char| c.is_whitespace() || ",;()+&（），、".contains(c))
                .filter(|word| !word.is_empty())
                .collect();
            let mut follows = false;
            let mut is_next = false;
            for word in words {
                let bare = word.trim_end_matches(['.', ':']);
                let is_word = ["task", "tasks"]
                    .iter()
                    .any(|task| bare.eq_ignore_ascii_case(task));
                let is_need = follows && ids.contains(bare) && bare != named.id;
                if is_need && seen.insert(bare) {
                    needs.push(TaskId::new(bare));
                }
                if is_next && bare.starts_with(|c: char| c.is_ascii_digit()) && !ids.contains(bare)
                {
                    let message = format!(
                        "task `{}` depends on `{bare}`, which is no task of this plan",
                        named.id
                    );
                    let fault = text.warning(line.range.clone(), message);
                    faults.push(fault.help(
                        "so it does not wait for it: name a task as its heading does, `Task 2`",
                    ));
                }
                is_next = is_word;
                follows = is_word || follows && (ids.contains(bare) || bare == "and");
            }
        }
    }
    needs
}

/// For each task the heading that it stands under, where the plan divides its tasks by headings.
fn groups(document: &Document, starts: &[Start<'_>]) -> Vec<Option<String>> {
    let headings: Vec<(usize, &Heading)> = document.headings().collect();
    let mut above: Option<(usize, &str)> = None;
    let mut next = headings.iter().peekable();
    let mut groups = Vec::new();
    for (at, task, _) in starts {
        while let Some((place, heading)) = next.next_if(|(place, _)| place < at) {
            if heading.level < task.level {
                above = (heading.level > 1).then_some((*place, heading.title.as_str()));
            }
        }
        groups.push(above);
    }
    let distinct: HashSet<Option<usize>> =
        groups.iter().map(|group| group.map(|(at, _)| at)).collect();
    let is_divided = distinct.len() > 1;
    let named = groups.into_iter().map(|group| group.filter(|_| is_divided));
    named
        .map(|group| group.map(|(_, title)| title.to_owned()))
        .collect()
}

fn title(document: &Document, path: &Path) -> String {
    let heading = document.title().map(|heading| {
        let bare = heading.title.strip_suffix(" Implementation Plan");
        let bare = jobs::without_suffix(bare.unwrap_or(&heading.title));
        bare.trim_end_matches([' ', '-', '–', '—', ':'])
    });
    match heading {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    }
}

/// The spec that the head of the plan names, and the plan itself, whose head holds for every task.
fn artifacts(document: &Document, path: &Path, first: Option<usize>) -> Vec<String> {
    let head = &document.blocks[..first.unwrap_or(0)];
    let is_spec = |lead: &str| {
        let first = lead.split_whitespace().next().unwrap_or_default();
        ["spec", "design"]
            .iter()
            .any(|name| first.eq_ignore_ascii_case(name))
    };
    let specs = lines(head).filter(|line| line.lead.as_deref().is_some_and(is_spec));
    let spans = specs.flat_map(|line| &line.spans);
    let paths = spans.map(|span| scope::glob_of(&span.text).into_owned());
    paths
        .filter(|path| scope::looks_like_path(path) && scope::objection(path).is_none())
        .chain([path.display().to_string()])
        .collect()
}
