//! The `sendit` dialect: `PLAN.md` with a heading a task, and `PROGRESS.md` beside it.
//!
//! See `dialects.md`. Knows neither files nor runs: texts in, a plan out.

mod progress;
mod review;
mod tables;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Defaults, Fit, Format, Reading};
use crate::plan::fields::{self as values, fields};
use crate::plan::gaps;
use crate::plan::markdown::{Block, Document, Heading, Line};
use crate::plan::scope::Claims;
use crate::plan::source::{self, Source};
use crate::plan::text::{Text, find_word};
use crate::plan::{
    Change, Dialect, Fault, Imported, ImportedStatus, Plan, Progress, Task, TaskId, Wishes,
    did_you_mean, is_misspelt, is_named, need_words, tags,
};

pub(super) use review::unread_status;

/// What a heading says when it begins a task.
pub(super) struct TaskHeading {
    pub(super) id: String,
    pub(super) title: String,
    /// Where the id stands; the whole heading when there is none.
    pub(super) at: usize,
    /// What a sign beside its title says: `✅`, `[x]`, `DONE`.
    pub(super) says: Option<ImportedStatus>,
}

/// See the module.
pub(super) struct Sendit;

impl Format for Sendit {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if is_named(path, "PLAN.md") {
            return Some(Fit::Name("it is called `PLAN.md`"));
        }
        recognizes(text).then_some(Fit::Content("it has `Task` headings and `Verify` fields"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        // Beside `tasks.md`, a `plan.md` is the design that those tasks were made from.
        let is_design = |path: &Path| {
            let has_tasks = entries.iter().any(|path| is_named(path, "tasks.md"));
            has_tasks && path.file_name().is_some_and(|name| name == "plan.md")
        };
        let plans = entries
            .iter()
            .filter(|path| is_named(path, "PLAN.md") && !is_design(path));
        plans.map(|plan| with_progress(plan)).collect()
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        Ok(with_progress(path))
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let [plan, rest @ ..] = sources else {
            return Vec::new();
        };
        match rest {
            [table, ..] => progress::marked(table, progress),
            [] if is_named(&plan.path, "PLAN.md") => {
                let title = title(plan.text().document(), &plan.path);
                let path = plan.path.with_file_name("PROGRESS.md");
                let text = progress::table(&title, progress);
                vec![Change::Write { path, text }]
            }
            [] => Vec::new(),
        }
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            sequential: true,
            ..Defaults::default()
        }
    }
}

/// `PROGRESS.md` belongs to the `PLAN.md` beside it.
fn with_progress(plan: &Path) -> Vec<PathBuf> {
    let mut files = vec![plan.to_path_buf()];
    let progress = plan.with_file_name("PROGRESS.md");
    if is_named(plan, "PLAN.md") && progress.exists() {
        files.push(progress);
    }
    files
}

/// Whether a text has task headings and says how a task is verified; headings alone are in many logs.
fn recognizes(text: &Text<'_>) -> bool {
    let document = text.document();
    let has_task = document
        .headings()
        .any(|(_, heading)| task_heading(heading, text).is_some());
    has_task && values::has(&document.blocks, "Verify")
}

fn read(sources: &[Source]) -> Reading {
    let text = sources[0].text();
    let document = text.document();
    let mut faults = document.hidden(&text);
    let mut tasks = Vec::new();
    let mut meant = HashMap::new();
    let starts: Vec<(usize, &Heading, TaskHeading)> = document
        .headings()
        .filter_map(|(at, heading)| Some((at, heading, task_heading(heading, &text)?)))
        .collect();
    for (at, heading, named) in &starts {
        let (section, end) = section(&document.blocks, *at, &starts);
        faults.extend(unread(section, &text, &mut meant));
        let end = end.unwrap_or(text.text.len());
        if let Some(fault) = heading_fault(heading, named, &text) {
            faults.push(fault);
        } else {
            tasks.push(task(
                heading.range.start..end,
                named,
                section,
                &text,
                &mut faults,
            ));
        }
    }
    faults.extend(near_misses(document, &text, |_| true));
    faults.extend(
        starts
            .iter()
            .filter_map(|start| unread_status(&start.2, &text)),
    );
    faults.extend(tables::alike(&tasks));
    if starts.is_empty() {
        faults.push(
            text.error(text.start()..text.start(), "the plan has no tasks")
                .help("a task is a heading such as `### Task 1: Add the login endpoint`"),
        );
    }
    let sections: Vec<&[Block]> = starts
        .iter()
        .map(|(at, ..)| section(&document.blocks, *at, &starts).0)
        .collect();
    if sections.len() == tasks.len() {
        order(&mut tasks, &sections, &mut faults);
    }
    let mut plan = Plan {
        dialect: Dialect::Sendit,
        title: title(document, text.path),
        tasks,
        wishes: Wishes::default(),
        artifacts: artifacts(document, text.path),
    };
    for source in &sources[1..] {
        progress::import(&source.text(), &mut plan, &mut faults);
    }
    if sections.len() == plan.tasks.len() {
        let spec = review::spec(document);
        let found = review::faults(&plan.tasks, &sections, document, spec.as_deref(), &text);
        gaps::review(&mut faults, found);
    }
    Reading { plan, faults }
}

/// A task reaches to the next heading of its level or above, or to the next task: its blocks, and where
/// what follows them begins.
pub(super) fn section<'d>(
    blocks: &'d [Block],
    at: usize,
    starts: &[(usize, &Heading, TaskHeading)],
) -> (&'d [Block], Option<usize>) {
    let Block::Heading(own) = &blocks[at] else {
        return (&[], None);
    };
    let next_task = starts.partition_point(|(start, ..)| *start <= at);
    let limit = starts
        .get(next_task)
        .map_or(blocks.len(), |(start, ..)| *start);
    let length = blocks[at + 1..limit]
        .iter()
        .position(|block| matches!(block, Block::Heading(heading) if heading.level <= own.level));
    let end = length.map_or(limit, |length| at + 1 + length);
    let next = blocks.get(end).and_then(|block| match block {
        Block::Heading(heading) => Some(heading.range.start),
        _ => None,
    });
    (&blocks[at + 1..end], next)
}

fn task(
    range: Range<usize>,
    named: &TaskHeading,
    section: &[Block],
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Task {
    let id = TaskId::new(named.id.as_str());
    let files = files(section, &id, text, faults);
    let verify: Vec<_> = fields(section, "Verify")
        .flat_map(|field| values::checks(&field))
        .collect();
    Task {
        id,
        title: named.title.clone(),
        body: text.text[range].trim_end().to_owned(),
        files,
        verify,
        run: values::script(section),
        imported: named.says.map(|status| Imported {
            status,
            commit: None,
        }),
        ..Task::at(text.location(named.at))
    }
}

/// What the task declares; a `Files` without a path is told, because it declares nothing.
fn files(section: &[Block], id: &TaskId, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields(section, "Files") {
        let found = values::paths(&field);
        if found.is_empty()
            && field
                .lines()
                .any(|line| line.words && !says_none(&line.text))
        {
            let place = field.first.range.clone();
            faults.push(text.warning(place, format!("`Files` of task `{id}` names no path")));
        }
        paths.extend(found);
    }
    values::globs(&paths, text, faults)
}

fn says_none(text: &str) -> bool {
    let word = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    matches!(word.as_str(), "" | "none" | "n/a" | "na" | "nothing")
}

/// `Task 3: title`, with `.`, `)` or a dash for the colon; the id has a digit or is one letter.
pub(super) fn task_heading(heading: &Heading, text: &Text<'_>) -> Option<TaskHeading> {
    if !(2..=4).contains(&heading.level) {
        return None;
    }
    let (whole, says) = said(&heading.title);
    let spelled = whole.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (word, rest) = spelled.split_at_checked(4)?;
    if !word.eq_ignore_ascii_case("task") {
        return None;
    }
    let rest = rest.trim_end();
    if rest.trim_start().starts_with([':', '：']) {
        return Some(TaskHeading {
            id: String::new(),
            title: rest.trim_start_matches([' ', ':', '：']).to_owned(),
            at: heading.range.start,
            says,
        });
    }
    let rest = rest
        .strip_prefix([' ', '#'])?
        .trim_start_matches([' ', '#']);
    let end = rest.find([' ', ':', '：']).unwrap_or(rest.len());
    let id = rest[..end].trim_end_matches(['.', ')', ',', '-', '–', '—']);
    let is_id = id.chars().any(|c| c.is_ascii_digit()) || id.chars().count() == 1;
    let raw = &text.text[heading.range.clone()];
    let after_word = find_word(raw, word).map_or(0, |at| at + word.len());
    let at = raw[after_word..].find(id).map_or(0, |at| after_word + at) + heading.range.start;
    let title = rest[id.len()..]
        .trim_start_matches([' ', ':', '：', '-', '–', '—', '.', ')', ','])
        .trim();
    let (title, boxed) = tags::without_box(title).unwrap_or((title, None));
    let struck = tags::unstruck(title);
    let left_out = struck.is_some().then_some(ImportedStatus::Skipped);
    is_id.then(|| TaskHeading {
        id: id.to_owned(),
        title: struck.unwrap_or_else(|| title.to_owned()),
        at,
        says: says.or(boxed).or(left_out),
    })
}

/// A heading without the signs around it that say how far its task is, and what they say. All other words stay.
fn said(title: &str) -> (Cow<'_, str>, Option<ImportedStatus>) {
    let (whole, boxed) = tags::without_box(title).unwrap_or((title, None));
    let (bare, says) = tags::without_tags(whole);
    let before = &whole[..whole.len()
        - whole
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .len()];
    let is_ticked = before.contains(['✅', '✓', '✔', '☑']);
    match says {
        Some(_) => (bare, says),
        None => {
            let ticked = is_ticked.then_some(ImportedStatus::Done);
            (whole.into(), boxed.or(ticked))
        }
    }
}

fn heading_fault(heading: &Heading, named: &TaskHeading, text: &Text<'_>) -> Option<Fault> {
    if named.id.is_empty() {
        let fault = text.error(heading.range.clone(), "task heading has no id");
        return Some(fault.help("number it: `### Task 1: title`"));
    }
    named.title.is_empty().then(|| {
        text.error(
            heading.range.clone(),
            format!("task `{}` has no title", named.id),
        )
        .help(format!("say what it is: `### Task {}: title`", named.id))
    })
}

/// Headings that begin with `Task`, or nearly so, and are no task, of those that may be meant as one.
pub(super) fn near_misses(
    document: &Document,
    text: &Text<'_>,
    is_meant: impl Fn(&Heading) -> bool,
) -> Vec<Fault> {
    let begins = |heading: &Heading| {
        let mut words = heading.title.split([' ', ':']);
        let (first, second) = (words.next().unwrap_or_default(), words.next());
        let is_numbered = second.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let is_near = || is_numbered && is_misspelt(first, &["task"]);
        second.is_some() && (first.eq_ignore_ascii_case("task") || is_near())
    };
    document
        .headings()
        .map(|(_, heading)| heading)
        .filter(|heading| begins(heading) && is_meant(heading))
        .filter(|heading| task_heading(heading, text).is_none())
        .map(|heading| {
            text.warning(
                heading.range.clone(),
                format!("`{}` is not read as a task", heading.title),
            )
            .help("a task is a heading of level 2 to 4 such as `### Task 1: title`")
        })
        .collect()
}

/// Fields that nobody reads although their author may think so: misspelt ones, and those that say what a task
/// waits for, which here its place does. Few names make many fields: what was `meant` by one is looked for once.
fn unread<'d>(
    section: &'d [Block],
    text: &Text<'_>,
    meant: &mut HashMap<&'d str, Option<String>>,
) -> Vec<Fault> {
    const READ: [&str; 3] = ["Files", "Verify", "Independent"];
    let own = section
        .iter()
        .take_while(|block| !matches!(block, Block::Heading(_)));
    let is_read = |lead: &str| READ.iter().any(|name| name.eq_ignore_ascii_case(lead));
    own.filter_map(|block| match block {
        Block::Line(line) => Some((line, line.lead.as_deref()?)),
        _ => None,
    })
    .filter(|(line, lead)| line.depth <= 2 && !is_read(lead))
    .filter_map(|(line, lead)| {
        let near = || match lead.to_lowercase().starts_with("verif") {
            true => Some("did you mean `Verify`?".to_owned()),
            false => did_you_mean(lead, READ),
        };
        let is_order = need_words::is_field(lead, &line.text, &need_words::begins_with_task);
        let help = match is_order {
            true => "each task waits for the one before it; a plan in TOML has `needs`".to_owned(),
            false => meant.entry(lead).or_insert_with(near).clone()?,
        };
        let unread = text.warning(line.range.clone(), format!("`{lead}` is not read"));
        Some(unread.help(help))
    })
    .collect()
}

fn title(document: &Document, path: &Path) -> String {
    let heading = document.title().map(|heading| heading.title.as_str());
    let named = heading.map(|title| match title.split_once(':') {
        Some((plan, rest)) if plan.trim().eq_ignore_ascii_case("plan") => rest.trim(),
        _ => title,
    });
    match named {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ if path
            .file_stem()
            .is_some_and(|stem| stem.eq_ignore_ascii_case("plan")) =>
        {
            source::feature(path)
        }
        _ => path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    }
}

/// The spec that `> From: …` names, and the plan itself.
fn artifacts(document: &Document, path: &Path) -> Vec<String> {
    let spec = review::spec(document).into_iter();
    spec.chain([path.display().to_string()]).collect()
}

/// Each task after the one before it; independent ones with disjoint files side by side.
fn order(tasks: &mut [Task], sections: &[&[Block]], faults: &mut Vec<Fault>) {
    let mut before: Vec<TaskId> = Vec::new();
    let mut beside: Vec<TaskId> = Vec::new();
    let mut claims = Claims::default();
    let mut all_claim = true;
    for (task, section) in tasks.iter_mut().zip(sections) {
        let marked = is_independent(section, &task.title);
        let shared = claims.meet(&task.files);
        let joins = marked && all_claim && !task.files.is_empty() && shared.is_none();
        if marked && !joins && !beside.is_empty() {
            let why = match shared {
                Some(file) => format!("shares `{file}` with a task beside it"),
                None => "not every task beside it says which files it changes".to_owned(),
            };
            let message = format!(
                "task `{}` is marked independent, but {why}: it waits",
                task.id
            );
            faults.push(Fault::warning(message).at(task.location.clone(), task.id.as_str().len()));
        }
        if !joins {
            before = std::mem::take(&mut beside);
            claims = Claims::default();
            all_claim = true;
        }
        task.after.clone_from(&before);
        claims.add(&task.files);
        all_claim &= !task.files.is_empty();
        beside.push(task.id.clone());
    }
}

/// `**Independent**: yes`, or a line or title that says so.
fn is_independent(section: &[Block], title: &str) -> bool {
    let own = section
        .iter()
        .take_while(|block| !matches!(block, Block::Heading(_)));
    let says_so = own.filter_map(|block| match block {
        Block::Line(line) => Some(line),
        _ => None,
    });
    title.to_lowercase().ends_with("(independent)") || says_so.into_iter().any(line_is_independent)
}

fn line_is_independent(line: &Line) -> bool {
    const SAYINGS: [&str; 8] = [
        "independent",
        "independent yes",
        "independent true",
        "task is independent",
        "this task is independent",
        "independent of the other tasks",
        "independent of other tasks",
        "can run in parallel",
    ];
    let words = line.text.split(|c: char| !c.is_alphanumeric());
    let mut words = words.filter(|word| !word.is_empty());
    let is_said = |saying: &&str| {
        let mut said = saying.split(' ');
        let mut goes_on = |word: &str| {
            said.next()
                .is_some_and(|own| own.eq_ignore_ascii_case(word))
        };
        words.clone().all(&mut goes_on) && said.next().is_none()
    };
    match line.lead.as_deref() {
        Some(lead) if lead.eq_ignore_ascii_case("independent") => {
            words.next().is_some_and(|word| {
                word.eq_ignore_ascii_case("yes") || word.eq_ignore_ascii_case("true")
            })
        }
        Some(_) => false,
        None => SAYINGS.iter().any(is_said),
    }
}
