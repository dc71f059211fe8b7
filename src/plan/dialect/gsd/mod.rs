//! The `gsd` dialect: `.planning/phases/<phase>/<NN>-<MM>-PLAN.md`, a file or all files of a phase.
//!
//! See `dialects.md`. Knows no run, and of the file system only which files stand beside one another.

mod front;
mod phase;
mod review;
mod summary;
mod tags;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Fit, Format, Reading};
use crate::plan::fields as values;
use crate::plan::gaps;
use crate::plan::markdown::Span;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{
    Change, Check, Dialect, Fault, Imported, ImportedStatus, Kind, Plan, Progress, Task, TaskId,
    Wishes, scope,
};
use front::{Front, Numbers, PlanId};
use phase::PlanFile;
use summary::Summary;
use tags::{Element, Item};

/// See the module.
pub(super) struct Gsd;

impl Format for Gsd {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        let holds_tasks = ["<task ", "<task>", "<feature>"];
        if !holds_tasks.iter().any(|tag| text.text.contains(tag)) {
            return None;
        }
        if is_named(path) {
            return Some(Fit::Name("it is named `<phase>-<plan>-PLAN.md`"));
        }
        let document = text.document();
        let front = Front::read(document, text, &mut Vec::new());
        front
            .id
            .is_some()
            .then_some(Fit::Content("its front matter names a phase and a plan"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let plans = entries.iter().filter(|path| is_named(path));
        let mut files: Vec<PathBuf> = plans.filter(|path| is_gsd(path)).cloned().collect();
        if files.is_empty() {
            return Vec::new();
        }
        let mut summaries = Summaries::default();
        let found = files.iter();
        let found: Vec<PathBuf> = found
            .flat_map(|plan| records(plan, &mut summaries))
            .collect();
        let mut seen: HashSet<PathBuf> = files.iter().cloned().collect();
        files.extend(
            found
                .into_iter()
                .filter(|record| seen.insert(record.clone())),
        );
        vec![files]
    }

    fn homes(&self) -> &'static [&'static str] {
        &[".planning/phases/*", "phases/*"]
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        let mut seen = HashSet::from([path.to_path_buf()]);
        let mut files = vec![path.to_path_buf()];
        let found = records(path, &mut Summaries::default()).into_iter();
        files.extend(found.filter(|record| seen.insert(record.clone())));
        Ok(files)
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        let (files, summaries) = plan_files(sources, &mut Vec::new());
        let roadmap = sources
            .iter()
            .find(|source| summary::is_roadmap(&source.path));
        summary::changes(&files, &summaries, roadmap, progress)
    }

    fn is_record(&self, path: &Path) -> bool {
        summary::is_record(path)
    }
}

/// Whether a file is called as plans of this format are, whatever it holds.
pub(super) fn is_named(path: &Path) -> bool {
    PlanId::of_file(path).is_some()
}

fn is_gsd(path: &Path) -> bool {
    let fits = |text: String| Gsd.fits(path, &Text::new(path, &text)).is_some();
    source::read(path).is_ok_and(fits)
}

/// The summaries that say of a plan, and of those that it depends on, that they are done; and the roadmap.
fn records(plan: &Path, summaries: &mut Summaries) -> Vec<PathBuf> {
    let text = source::read(plan).unwrap_or_default();
    let text = Text::new(plan, &text);
    let front = Front::read(text.document(), &text, &mut Vec::new());
    let own = PlanId::of_file(plan).or(front.id);
    let needed = front
        .depends_on
        .iter()
        .filter_map(|needed| needed.plan.clone());
    let ids = own.into_iter().chain(needed);
    let mut records: Vec<PathBuf> = ids.filter_map(|id| summaries.of(plan, &id)).collect();
    let is_at_home = std::path::absolute(plan).is_ok_and(|plan| {
        let mut above = plan.ancestors().skip(2).filter_map(Path::file_name);
        above.next().is_some_and(|name| name == "phases")
    });
    let roadmap = phases(plan).join("../ROADMAP.md");
    records.extend(Some(tidy(roadmap)).filter(|roadmap| is_at_home && roadmap.is_file()));
    records
}

/// The directory above that of a plan.
fn phases(plan: &Path) -> PathBuf {
    let directory = plan.parent().unwrap_or(Path::new(""));
    match directory.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_path_buf(),
        _ => directory.join(".."),
    }
}

/// `a/b/../c` as `a/c`, when nothing else leads upwards.
fn tidy(path: PathBuf) -> PathBuf {
    let whole = path.to_string_lossy();
    match whole.split_once("/../") {
        Some((front, rest)) if !whole.contains("../..") && !front.starts_with('.') => {
            let above = Path::new(front).parent().unwrap_or(Path::new(""));
            above.join(rest)
        }
        _ => path,
    }
}

/// The summaries that there are, each directory looked through once however many plans are named.
#[derive(Debug, Default)]
struct Summaries {
    /// The names in each directory.
    names: HashMap<PathBuf, BTreeSet<OsString>>,
}

impl Summaries {
    /// That of a plan, beside this one or in the directory of another phase.
    fn of(&mut self, beside: &Path, id: &PlanId) -> Option<PathBuf> {
        let name = OsString::from(format!("{id}-SUMMARY.md"));
        let here = beside.parent().unwrap_or(Path::new(""));
        if self.names(here).contains(&name) {
            return Some(beside.with_file_name(&name)).filter(|own| own.is_file());
        }
        let above = phases(beside);
        let phase = OsString::from(format!("{}-", id.phase()?));
        let begins = |name: &&OsString| {
            let name = name.as_encoded_bytes();
            name.starts_with(phase.as_encoded_bytes())
        };
        let others = self.names(&above).range(phase.clone()..).take_while(begins);
        let others: Vec<PathBuf> = others.map(|name| above.join(name)).collect();
        let mut found = others
            .into_iter()
            .filter(|other| self.names(other).contains(&name));
        found.next().map(|other| other.join(&name))
    }

    fn names(&mut self, directory: &Path) -> &BTreeSet<OsString> {
        self.names
            .entry(directory.to_path_buf())
            .or_insert_with(|| {
                let here = match directory.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => directory,
                };
                let entries = fs::read_dir(here).into_iter().flatten().flatten();
                entries.map(|entry| entry.file_name()).collect()
            })
    }
}

/// The plans among the texts, in their order, and the plans that summaries speak of.
fn plan_files(sources: &[Source], faults: &mut Vec<Fault>) -> (Vec<PlanFile>, Vec<Summary>) {
    let summaries = sources.iter();
    let summaries: Vec<Summary> = summaries
        .filter_map(|source| Summary::read(source, faults))
        .collect();
    let done = done(&summaries);
    let plans = sources
        .iter()
        .filter(|source| !summary::is_record(&source.path));
    let mut files: Vec<PlanFile> = plans
        .map(|source| plan_file(source, &done, faults))
        .collect();
    files.sort_by(|a, b| a.id.cmp(&b.id));
    (files, summaries)
}

/// The plans of which a summary says that they are done, each with the titles of what it speaks of, if that is known.
type Done<'s> = HashMap<Numbers, Option<&'s HashSet<String>>>;

fn done(summaries: &[Summary]) -> Done<'_> {
    let done = summaries.iter().filter(|summary| summary.is_done);
    done.map(|summary| (summary.id.numbers(), summary.titles.as_ref()))
        .collect()
}

fn read(sources: &[Source]) -> Reading {
    let mut faults = Vec::new();
    let (files, summaries) = plan_files(sources, &mut faults);
    let done = done(&summaries);
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
    let is_name = |phase: &String| phase.chars().any(char::is_alphabetic);
    let phase = phase
        .filter(is_name)
        .unwrap_or_else(|| source::feature(path));
    match files {
        [only] => format!("{phase} plan {}", only.id.plan()),
        _ => phase,
    }
}

fn plan_file(source: &Source, done: &Done<'_>, faults: &mut Vec<Fault>) -> PlanFile {
    let text = source.text();
    let document = text.document();
    let front = Front::read(document, &text, faults);
    let named = PlanId::of_file(&source.path);
    let contradiction = named.as_ref().and_then(|id| front.contradiction(id, &text));
    let id = named.or_else(|| front.id.clone());
    let id = id.unwrap_or_else(PlanId::unnamed);
    let summary = done.get(&id.numbers()).copied();
    let is_told = |title: &String| summary.flatten().is_none_or(|told| told.contains(title));
    let mut is_done = summary.is_some();
    let mut own = Vec::from_iter(contradiction);
    let items = tags::items(&text, front.end, &mut own);
    if items.is_empty() {
        own.push(
            text.error(text.start()..text.start(), format!("plan `{id}` has no tasks"))
                .help("a task is `<task type=\"auto\">` with `<name>`, `<files>`, `<action>`, `<verify>` and `<done>`"),
        );
    }
    let has_ids = items.iter().all(|item| item.attribute("id").is_some());
    let mut tasks: Vec<Task> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut task = task(item, &front, &text, &mut own);
        task.id = match item.attribute("id").filter(|_| has_ids) {
            Some(own) => TaskId::new(own),
            None => TaskId::new(format!("{id}.{}", at + 1)),
        };
        if has_ids {
            task.needs = item.list("depends_on").map(TaskId::new).collect();
        }
        if task.title.is_empty() {
            let message = format!("task `{}` has no name, so it is called by its id", task.id);
            own.push(
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
        if summary.is_some() && is_told(&task.title) {
            task.imported = Some(Imported {
                status: ImportedStatus::Done,
                commit: None,
            });
        }
        is_done &= task.imported.is_some();
        tasks.push(task);
    }
    gaps::review(&mut own, review::gaps(&items, &tasks));
    // What is done is not read to be run.
    faults.extend(own.into_iter().filter(|_| !is_done));
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
    let named = [
        "name",
        "title",
        "what-built",
        "decision",
        "action",
        "how-to-verify",
    ];
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
            .map(|child| short(&one_line(child.text())))
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

/// Words that are no name, up to where a title may end.
fn short(line: &str) -> String {
    const LONG: usize = 100;
    let Some((end, _)) = line.char_indices().nth(LONG) else {
        return line.to_owned();
    };
    let end = line[..end].rfind(' ').unwrap_or(end);
    format!("{}…", line[..end].trim_end_matches([',', '.', ';', ':']))
}

/// `<automated>` is a command, and what is said besides is words.
fn checks(verify: &Element<'_>, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<Check> {
    let (commands, words) = tags::automated(verify, text, faults);
    let top = top(text.path);
    let mut checks = Vec::new();
    for command in commands.into_iter().filter(|command| !command.is_empty()) {
        let here = values::on_this_machine(&command, top.as_deref());
        if here.is_none() {
            let message = "the command names a directory of one machine, so it is only words";
            let range = verify.inner.start..verify.inner.start;
            faults.push(
                text.warning(range, message)
                    .help("commands run at the top of the task's worktree; name files from there"),
            );
        }
        checks.push(match here {
            Some(here) if !here.starts_with("MISSING") => Check::Command(here),
            _ => Check::Prose(command),
        });
    }
    if !words.is_empty() {
        checks.push(Check::Prose(words));
    }
    checks
}

/// What the directory is called that holds `.planning`.
fn top(plan: &Path) -> Option<String> {
    let full = std::path::absolute(plan).ok()?;
    let mut above = full.ancestors();
    above.find(|path| path.file_name().is_some_and(|name| name == ".planning"))?;
    let top = above.next()?.file_name()?;
    Some(top.to_string_lossy().into_owned())
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
        if let Some(word) = word.filter(|word| is_path(word)) {
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

/// A path, also one with the brackets of a route, `app/(auth)/page.tsx`, or a hidden file.
fn is_path(word: &str) -> bool {
    let is_odd = |c: char| "<>=;|$".contains(c);
    let is_route = word.contains('/') && !word.contains("//");
    let is_hidden = word.len() > 1 && word.starts_with('.');
    scope::looks_like_path(word) || (is_route || is_hidden) && !word.contains(is_odd)
}
