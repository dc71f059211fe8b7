//! The native plan: `[plan]` and `[[task]]`, every key checked where it stands.
//!
//! The tables are walked by hand, with the parser's spans, so that each wrong type and each unknown key
//! is told at its place and all of them at once. See `dialects.md`; knows no file system and no runs.

mod broken;
mod links;
mod marking;
mod values;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::{Fit, Format, Link, Places, Reading};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{
    Change, Check, Dialect, Expects, Fault, Imported, ImportedStatus, Kind, Plan, Progress, Task,
    TaskId, Weight, Wishes, is_named,
};

/// The version of the format; a plan need not name it.
const VERSION: u32 = 1;

const PLAN_KEYS: [&str; 12] = [
    "version",
    "title",
    "final_verify",
    "fix_rounds",
    "weight",
    "jobs",
    "retries",
    "timeout",
    "on_failure",
    "artifacts",
    "summary_tokens",
    "skills",
];
const TASK_KEYS: [&str; 22] = [
    "id",
    "title",
    "needs",
    "after",
    "group",
    "files",
    "creates",
    "modifies",
    "depends",
    "verify",
    "expects",
    "kind",
    "agent",
    "acceptance",
    "skills",
    "allow_empty",
    "optional",
    "review",
    "status",
    "commit",
    "body",
    "run",
];

type Value<'i> = Spanned<DeValue<'i>>;

/// See the module.
pub(super) struct Toml;

impl Format for Toml {
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit> {
        if has_extension(path) {
            return Some(Fit::Name("it is TOML"));
        }
        // Parsing what is no TOML at all takes as long as reading it.
        let is_header = |line: &str| {
            let name = line.trim_start_matches(['[', ' ', '"', '\'']);
            name.starts_with("plan") || name.starts_with("task")
        };
        let is_plan = text.marked_lines('[').any(is_header) && recognizes(text);
        is_plan.then_some(Fit::Content("it has `[[task]]` tables"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let plans = entries.iter().filter(|path| is_plan(path));
        plans.map(|plan| vec![plan.clone()]).collect()
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(&sources[0])
    }

    fn write(&self, sources: &[Source], progress: &Progress) -> Vec<Change> {
        marking::marked(&sources[0], progress)
    }

    fn places(&self, sources: &[Source], wanted: &HashSet<Link>) -> Places {
        links::places(&sources[0].text(), wanted)
    }
}

fn is_plan(path: &Path) -> bool {
    if is_named(path, "plan.toml") || is_named(path, "enact-plan.toml") {
        return true;
    }
    let may_be = has_extension(path) && !is_named(path, "enact.toml");
    may_be && source::read(path).is_ok_and(|text| recognizes(&Text::new(path, &text)))
}

fn has_extension(path: &Path) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case("toml"))
}

/// Whether a text has the tables of a plan, be it otherwise right or wrong.
fn recognizes(text: &Text<'_>) -> bool {
    let (table, _) = DeTable::parse_recoverable(text.text);
    let is_plan = |key: &str, value: &DeValue<'_>| match key {
        "plan" => value.is_table(),
        "task" => value.is_array(),
        _ => false,
    };
    table
        .get_ref()
        .iter()
        .any(|(key, value)| is_plan(key.get_ref(), value.get_ref()))
}

fn read(source: &Source) -> Reading {
    let text = source.text();
    let (table, errors) = DeTable::parse_recoverable(text.text);
    let mut reader = Reader {
        text: &text,
        faults: Vec::new(),
        unknown: HashMap::new(),
        is_foreign: false,
    };
    let stem = source
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let mut plan = Plan {
        dialect: Dialect::Toml,
        title: stem.into_owned(),
        tasks: Vec::new(),
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    if errors.is_empty() {
        reader.document(table.get_ref(), &mut plan);
    } else {
        reader.faults = broken::faults(&errors, &text);
    }
    Reading {
        plan,
        faults: reader.faults,
    }
}

struct Reader<'t> {
    text: &'t Text<'t>,
    faults: Vec<Fault>,
    /// The names of unknown keys, each with how many are known where it stands: whether one of these is meant, and what
    /// helps.
    unknown: HashMap<(String, usize), (bool, String)>,
    /// Whether there are more of them than any plan has.
    is_foreign: bool,
}

impl Reader<'_> {
    fn document(&mut self, table: &DeTable<'_>, plan: &mut Plan) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "plan" => match value.get_ref() {
                    DeValue::Table(table) => self.plan(table, plan),
                    _ => self.wrong_type("plan", "a table, `[plan]`", value),
                },
                "task" => self.tasks(value, plan),
                other => self.unknown(other, key.span(), &["plan", "task"]),
            }
        }
        let nothing_read = plan.tasks.is_empty() && self.faults.iter().all(Fault::is_warning);
        if nothing_read {
            let start = self.text.start();
            self.error(
                start..start,
                "the plan has no tasks",
                "a task is a table `[[task]]` with an `id`",
            );
        }
    }

    fn tasks(&mut self, value: &Value<'_>, plan: &mut Plan) {
        let list = match value.get_ref() {
            DeValue::Array(list) => list,
            DeValue::Table(_) => {
                let message = "`[task]` is one table, and tasks are a list";
                return self.error(value.span(), message, "write `[[task]]`");
            }
            _ => return self.wrong_type("task", "tables, `[[task]]`", value),
        };
        for task in list {
            match task.get_ref() {
                DeValue::Table(table) => {
                    let read = self.task(table, task.span());
                    plan.tasks.extend(read);
                }
                _ => self.wrong_type("task", "tables, `[[task]]`", task),
            }
        }
    }

    fn plan(&mut self, table: &DeTable<'_>, plan: &mut Plan) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "version" => self.version(name, value),
                "title" => {
                    if let Some(title) = self.line(name, value) {
                        plan.title = title;
                    }
                }
                "final_verify" => plan.wishes.final_verify = self.commands(name, value),
                "fix_rounds" => plan.wishes.fix_rounds = self.number(name, value, 0),
                "weight" => {
                    let weights = [("light", Weight::Light), ("full", Weight::Full)];
                    plan.wishes.weight = self.choice(name, value, &weights);
                }
                "jobs" => {
                    let jobs = self.number(name, value, 1);
                    plan.wishes.jobs = jobs.and_then(|jobs| usize::try_from(jobs).ok());
                }
                "retries" => plan.wishes.retries = self.number(name, value, 0),
                "timeout" => plan.wishes.timeout = self.duration(name, value),
                "on_failure" => {
                    let choices = [("stop", false), ("skip", true)];
                    plan.wishes.goes_on = self.choice(name, value, &choices);
                }
                "artifacts" => plan.artifacts = self.lines(name, value),
                "summary_tokens" => plan.wishes.summary_tokens = self.number(name, value, 0),
                "skills" => plan.wishes.skills.named = self.lines(name, value),
                other => self.unknown(other, key.span(), &PLAN_KEYS),
            }
        }
    }

    /// A later version may mean something else by the same words.
    fn version(&mut self, key: &str, value: &Value<'_>) {
        if let Some(version) = self.number(key, value, VERSION)
            && version > VERSION
        {
            let message = format!(
                "the plan is of version {version}, and {VERSION} is the newest that is known here"
            );
            self.error(value.span(), message, "a newer git enact reads it");
        }
    }

    fn task(&mut self, table: &DeTable<'_>, range: Range<usize>) -> Option<Task> {
        let Some(id) = table.get("id") else {
            // The header's line alone: the span of a table may reach over all of it.
            let header = self.text.text[range.clone()]
                .lines()
                .next()
                .unwrap_or_default()
                .len();
            self.error(
                range.start..range.start + header,
                "task has no `id`",
                "give it one, such as `id = \"login\"`",
            );
            return None;
        };
        let mut task = Task::at(
            self.text
                .location(inside_quotes(self.text.text, id.span()).start),
        );
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "id" => task.id = TaskId::new(self.string(name, value)?),
                "title" => task.title = self.line(name, value).unwrap_or_default(),
                "needs" => task.needs = self.ids(name, value),
                "after" => task.after = self.ids(name, value),
                "group" => task.group = self.line(name, value),
                "files" => task.files = self.paths(name, value),
                "creates" => task.creates = self.paths(name, value),
                "modifies" => task.modifies = self.paths(name, value),
                "depends" => task.depends = self.dependencies(name, value),
                "verify" => {
                    let commands = self.commands(name, value);
                    task.verify = commands.into_iter().map(Check::Command).collect();
                }
                "expects" => {
                    let outcomes = [("failing", Expects::Failing), ("passing", Expects::Passing)];
                    task.expects = self.choice(name, value, &outcomes);
                }
                "kind" => {
                    let kinds = [
                        ("implementation", Kind::Implementation),
                        ("design", Kind::Design),
                    ];
                    task.kind = self.choice(name, value, &kinds).unwrap_or_default();
                }
                "agent" => task.agent = self.line(name, value),
                "acceptance" => task.acceptance = self.lines(name, value),
                "skills" => task.skills = self.lines(name, value),
                "allow_empty" => task.allow_empty = self.flag(name, value),
                "optional" => task.optional = self.flag(name, value),
                "review" => task.review = self.flag(name, value),
                "status" => task.imported = self.imported(table, value),
                "commit" => _ = self.line(name, value),
                "body" => task.body = self.string(name, value).unwrap_or_default(),
                "run" => task.run = self.command(name, value),
                other => self.unknown(other, key.span(), &TASK_KEYS),
            }
        }
        if task.title.is_empty() {
            task.title = task.id.to_string();
        }
        Some(task)
    }

    /// What the plan says was so before a run.
    fn imported(&mut self, table: &DeTable<'_>, value: &Value<'_>) -> Option<Imported> {
        let statuses = [
            ("pending", None),
            ("in_progress", Some(ImportedStatus::InProgress)),
            ("done", Some(ImportedStatus::Done)),
            ("skipped", Some(ImportedStatus::Skipped)),
        ];
        let status = self.choice("status", value, &statuses).flatten()?;
        let commit = table
            .get("commit")
            .and_then(|commit| commit.get_ref().as_str());
        let commit = commit.map(str::to_owned);
        Some(Imported { status, commit })
    }
}

/// The span of a string without its quotes, so that what is pointed at is the text.
fn inside_quotes(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = &text[span.clone()];
    let quotes = raw.len() - raw.trim_start_matches(['"', '\'']).len();
    if raw.len() >= 2 * quotes {
        span.start + quotes..span.end - quotes
    } else {
        span
    }
}
