//! The `gsd` dialect: `.planning/phases/<phase>/<NN>-<MM>-PLAN.md`, a file or all files of a phase.
//!
//! See `dialects.md`. Knows no run, and of the file system only which files stand beside one another.

mod front;
mod phase;
mod tags;

use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::fields as values;
use crate::plan::markdown::{Document, Span};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{
    Check, Dialect, Fault, Imported, ImportedStatus, Kind, Plan, Task, TaskId, Wishes, scope,
};
use front::{Front, PlanId};
use phase::PlanFile;
use tags::{Element, Item};

/// See the module.
pub(super) struct Gsd;

impl Format for Gsd {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        let holds_tasks = ["<task ", "<task>", "<feature>"];
        if !holds_tasks.iter().any(|tag| text.text.contains(tag)) {
            return None;
        }
        if PlanId::of_file(path).is_some() {
            return Some(Fit::Name("it is named `<phase>-<plan>-PLAN.md`"));
        }
        let document = Document::parse(text);
        let front = Front::read(&document, text, &mut Vec::new());
        front
            .id
            .is_some()
            .then_some(Fit::Content("its front matter names a phase and a plan"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let plans = entries
            .iter()
            .filter(|path| PlanId::of_file(path).is_some());
        let mut files: Vec<PathBuf> = plans.filter(|path| is_gsd(path)).cloned().collect();
        if files.is_empty() {
            return Vec::new();
        }
        let summaries: Vec<PathBuf> = files.iter().flat_map(|plan| summaries(plan)).collect();
        for summary in summaries {
            if !files.contains(&summary) {
                files.push(summary);
            }
        }
        vec![files]
    }

    fn homes(&self) -> &'static [&'static str] {
        &[".planning/phases/*", "phases/*"]
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        let mut files = vec![path.to_path_buf()];
        files.extend(summaries(path));
        Ok(files)
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }
}

fn is_gsd(path: &Path) -> bool {
    let fits = |text: String| Gsd.fits(path, &Text::new(path, &text)).is_some();
    source::read(path).is_ok_and(fits)
}

/// The summaries that say of a plan, and of those that it depends on, that they are done.
fn summaries(plan: &Path) -> Vec<PathBuf> {
    let text = source::read(plan).unwrap_or_default();
    let text = Text::new(plan, &text);
    let front = Front::read(&Document::parse(&text), &text, &mut Vec::new());
    let own = PlanId::of_file(plan).or(front.id);
    let needed = front
        .depends_on
        .iter()
        .filter_map(|needed| needed.plan.clone());
    let ids = own.into_iter().chain(needed);
    ids.filter_map(|id| summary(plan, &id)).collect()
}

/// The summary of a plan, beside this one or in the directory of another phase.
fn summary(beside: &Path, id: &PlanId) -> Option<PathBuf> {
    let name = format!("{id}-SUMMARY.md");
    let own = beside.with_file_name(&name);
    if own.is_file() {
        return Some(own);
    }
    let above = beside.parent()?.parent()?;
    let above = glob::Pattern::escape(&above.to_string_lossy());
    let pattern = format!("{above}/{}-*/{name}", id.phase()?);
    glob::glob(&pattern).ok()?.flatten().next()
}

fn read(sources: &[Source]) -> Reading {
    let mut faults = Vec::new();
    let is_summary = |source: &&Source| {
        let name = source.path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.ends_with("-SUMMARY.md"))
    };
    let done: Vec<PlanId> = sources
        .iter()
        .filter(is_summary)
        .filter_map(|source| PlanId::of_summary(&source.path))
        .collect();
    let plans = sources.iter().filter(|source| !is_summary(source));
    let mut files: Vec<PlanFile> = plans
        .map(|source| plan_file(source, &done, &mut faults))
        .collect();
    files.sort_by(|a, b| a.id.cmp(&b.id));
    let title = title(&files, &sources[0].path);
    let artifacts = phase::artifacts(&files);
    let tasks = phase::ordered(files, &done, &mut faults);
    let plan = Plan {
        dialect: Dialect::Gsd,
        title,
        tasks,
        wishes: Wishes::default(),
        artifacts,
    };
    Reading { plan, faults }
}

/// The phase, and which plan of it when it is one.
fn title(files: &[PlanFile], path: &Path) -> String {
    let phase = files.iter().find_map(|file| file.front.phase.clone());
    let phase = phase.unwrap_or_else(|| source::feature(path));
    match files {
        [only] => format!("{phase} plan {}", only.id.plan()),
        _ => phase,
    }
}

fn plan_file(source: &Source, done: &[PlanId], faults: &mut Vec<Fault>) -> PlanFile {
    let text = source.text();
    let document = Document::parse(&text);
    let front = Front::read(&document, &text, faults);
    let id = PlanId::of_file(&source.path).or_else(|| front.id.clone());
    let id = id.unwrap_or_else(PlanId::unnamed);
    let is_done = done.contains(&id);
    let items = tags::items(&text, front.end, faults);
    if items.is_empty() && !is_done {
        faults.push(
            text.error(text.start()..text.start(), format!("plan `{id}` has no tasks"))
                .help("a task is `<task type=\"auto\">` with `<name>`, `<files>`, `<action>`, `<verify>` and `<done>`"),
        );
    }
    let mut tasks: Vec<Task> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut task = task(item, &front, &text, faults);
        task.id = TaskId::new(format!("{id}.{}", at + 1));
        if task.title.is_empty() {
            let message = format!("task `{}` has no name, so it is called by its id", task.id);
            faults.push(
                text.warning(item.open.clone(), message)
                    .help("say what it is: `<name>…</name>`"),
            );
            task.title = task.id.to_string();
        }
        task.after = tasks
            .last()
            .map(|before| before.id.clone())
            .into_iter()
            .collect();
        task.imported = is_done.then_some(Imported {
            status: ImportedStatus::Done,
            commit: None,
        });
        tasks.push(task);
    }
    if let Some(last) = tasks.last_mut() {
        last.acceptance.extend(front.must_haves.iter().cloned());
    }
    PlanFile {
        path: source.path.clone(),
        references: tags::references(&text, front.end),
        depends_at: text.location(front.depends_at.start),
        depends_len: front.depends_at.len(),
        id,
        front,
        tasks,
    }
}

fn task(item: &Item<'_>, front: &Front, text: &Text<'_>, faults: &mut Vec<Fault>) -> Task {
    let is_checkpoint = item
        .attribute("type")
        .is_some_and(|kind| kind.starts_with("checkpoint"));
    let is_decision = item.attribute("type") == Some("checkpoint:decision");
    let gate = item.attribute("gate").unwrap_or("blocking");
    let named = ["name", "what-built", "decision", "action", "how-to-verify"];
    let named = named.iter().find_map(|name| {
        item.child(name)
            .filter(|child| !child.text().trim().is_empty())
    });
    let mut files = Vec::new();
    for listed in item.children.iter().filter(|child| child.name == "files") {
        files.extend(globs(listed, text, faults));
    }
    if files.is_empty() && !is_checkpoint {
        files.clone_from(&front.files);
    }
    let mut acceptance = Vec::new();
    for name in ["done", "acceptance_criteria", "success_criteria"] {
        let said = item.child(name).map(Element::text).unwrap_or_default();
        acceptance.extend(criteria(said));
    }
    Task {
        title: named
            .map(|child| one_line(child.text()))
            .unwrap_or_default(),
        body: text.text[item.range.clone()].trim_end().to_owned(),
        files,
        verify: item
            .child("verify")
            .map(|verify| checks(verify, text, faults))
            .unwrap_or_default(),
        acceptance,
        kind: if is_decision {
            Kind::Design
        } else {
            Kind::Implementation
        },
        allow_empty: is_checkpoint,
        review: is_checkpoint && gate == "blocking",
        ..Task::at(text.location(item.open.start))
    }
}

/// The first line without `Task 3:` and without the sign at its end that says it is done.
fn one_line(said: &str) -> String {
    let line = said.trim().lines().next().unwrap_or_default().trim();
    let is_sign = |c: char| "✅✔✓☑\u{fe0f}".contains(c) || c.is_whitespace();
    let line = line.trim_end_matches(is_sign);
    let number = line
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case("task "))
        .map(|_| line[5..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'));
    let title = number.and_then(|rest| {
        let rest = rest.trim_start();
        let bare = rest.trim_start_matches([':', '：', '-', '–', '—']);
        (bare.len() < rest.len()).then(|| bare.trim())
    });
    title
        .filter(|title| !title.is_empty())
        .unwrap_or(line)
        .to_owned()
}

/// `<automated>` is a command, and what is said besides is words.
fn checks(verify: &Element<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Check> {
    let (commands, words) = tags::automated(verify, text, faults);
    let is_command = |command: &String| !command.is_empty() && !command.starts_with("MISSING");
    let mut checks = Vec::new();
    for command in commands {
        match is_command(&command) {
            true => checks.push(Check::Command(command)),
            false if command.is_empty() => {}
            false => checks.push(Check::Prose(command)),
        }
    }
    if !words.is_empty() {
        checks.push(Check::Prose(words));
    }
    checks
}

/// The items of a list, or all as one.
fn criteria(said: &str) -> Vec<String> {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    let is_list = lines.first().is_some_and(|line| line.starts_with("- "));
    if !is_list {
        let whole = lines.join(" ");
        return Some(whole)
            .filter(|whole| !whole.is_empty())
            .into_iter()
            .collect();
    }
    let mut criteria: Vec<String> = Vec::new();
    for line in lines {
        match (line.strip_prefix("- "), criteria.last_mut()) {
            (Some(item), _) => criteria.push(item.trim_start_matches("[ ] ").to_owned()),
            (None, Some(last)) => *last = format!("{last} {line}"),
            (None, None) => {}
        }
    }
    criteria
}

/// The paths of `<files>`, between commas or on lines of their own, with remarks after them.
fn globs(files: &Element<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut spans = Vec::new();
    let mut at = files.inner.start;
    for part in files.text().split_inclusive([',', '\n']) {
        let word = part
            .split([' ', '\t', ',', '\r', '\n'])
            .map(|word| word.trim_matches(['`', '"', '\'']))
            .find(|word| !word.is_empty() && *word != "-" && *word != "*");
        if let Some(word) = word.filter(|word| scope::looks_like_path(word) || is_route(word)) {
            let offset = part.find(word).unwrap_or_default();
            spans.push(Span {
                text: word.to_owned(),
                range: at + offset..at + offset + word.len(),
            });
        }
        at += part.len();
    }
    let mut refused = Vec::new();
    let globs = values::globs(&spans, text, &mut refused);
    faults.extend(refused.into_iter().map(|fault| {
        let fault = Fault {
            severity: crate::plan::Severity::Warning,
            ..fault
        };
        fault.help("it is not counted among the files of the task")
    }));
    globs
}

/// A path with the brackets of a route, `app/(auth)/page.tsx`.
fn is_route(word: &str) -> bool {
    word.contains('/') && !word.contains("//") && !word.contains(['<', '>', '=', ';', '|', '$'])
}
