//! The native plan: `[plan]` and `[[task]]`, every key checked where it stands.
//!
//! The tables are walked by hand, with the parser's spans, so that each wrong type and each unknown key
//! is told at its place and all of them at once. See `dialects.md`; knows no file system and no runs.

use std::ops::Range;
use std::str::FromStr as _;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use jiff::SignedDuration;

use super::source::{Reading, Source};
use super::text::Text;
use super::{Check, Dialect, Fault, Kind, Plan, Task, TaskId, Weight, Wishes, did_you_mean, scope};

const PLAN_KEYS: [&str; 6] = [
    "title",
    "final_verify",
    "weight",
    "jobs",
    "retries",
    "timeout",
];
const TASK_KEYS: [&str; 14] = [
    "id",
    "title",
    "needs",
    "after",
    "group",
    "files",
    "creates",
    "depends",
    "verify",
    "kind",
    "agent",
    "allow_empty",
    "body",
    "run",
];
const TIMEOUT_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

type Value<'i> = Spanned<DeValue<'i>>;

/// Whether a text has the tables of a plan, be it otherwise right or wrong.
pub(super) fn recognizes(text: &Text<'_>) -> bool {
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

pub(super) fn read(source: &Source) -> Reading {
    let text = source.text();
    let (table, errors) = DeTable::parse_recoverable(text.text);
    let mut reader = Reader {
        text: &text,
        faults: Vec::new(),
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
        // What a broken text seems to say is not worth a second fault.
        reader.faults = errors.iter().map(|error| syntax(error, &text)).collect();
    }
    Reading {
        plan,
        faults: reader.faults,
    }
}

fn syntax(error: &::toml::de::Error, text: &Text<'_>) -> Fault {
    let range = error.span().unwrap_or(text.start()..text.start());
    let message = error.message().replace('\n', ", ");
    let message = match text.text.get(range.clone()) {
        Some(key) if message.contains("duplicate key") => format!("key `{key}` is given twice"),
        _ => message,
    };
    text.error(range, message)
}

struct Reader<'t> {
    text: &'t Text<'t>,
    faults: Vec<Fault>,
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
                "title" => {
                    if let Some(title) = self.line(name, value) {
                        plan.title = title;
                    }
                }
                "final_verify" => plan.wishes.final_verify = self.commands(name, value),
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
                other => self.unknown(other, key.span(), &PLAN_KEYS),
            }
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
                "files" | "creates" => {
                    let paths = self.paths(name, value);
                    *if name == "files" {
                        &mut task.files
                    } else {
                        &mut task.creates
                    } = paths;
                }
                "depends" => task.depends = self.dependencies(name, value),
                "verify" => {
                    let commands = self.commands(name, value);
                    task.verify = commands.into_iter().map(Check::Command).collect();
                }
                "kind" => {
                    let kinds = [
                        ("implementation", Kind::Implementation),
                        ("design", Kind::Design),
                    ];
                    task.kind = self.choice(name, value, &kinds).unwrap_or_default();
                }
                "agent" => task.agent = self.line(name, value),
                "allow_empty" => match value.get_ref() {
                    DeValue::Boolean(allowed) => task.allow_empty = *allowed,
                    _ => self.wrong_type(name, "`true` or `false`", value),
                },
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

    fn error(&mut self, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.text.error(range, message).help(help));
    }

    fn unknown(&mut self, key: &str, range: Range<usize>, known: &[&str]) {
        let help = did_you_mean(key, known.iter().copied());
        let help = help.unwrap_or_else(|| format!("known here: {}", known.join(", ")));
        self.faults.push(
            self.text
                .warning(range, format!("unknown key `{key}`"))
                .help(help),
        );
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, value: &Value<'_>) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.faults.push(self.text.error(
            value.span(),
            format!("`{key}` must be {wanted}, not {found}"),
        ));
    }

    fn string(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong_type(key, "a string", value);
                None
            }
        }
    }

    /// One line with something in it.
    fn line(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = self.string(key, value)?;
        if text.trim().is_empty() || text.trim().contains('\n') {
            self.error(
                value.span(),
                format!("`{key}` must be one line of text"),
                "leave it out, or say it in one line",
            );
            return None;
        }
        Some(text.trim().to_owned())
    }

    fn command(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = self.string(key, value)?;
        if text.trim().is_empty() || text.contains('\0') {
            self.error(
                value.span(),
                format!("`{key}` has an empty command"),
                "leave it out, or say what to run",
            );
            return None;
        }
        Some(text)
    }

    /// The elements of a list, each with its place.
    fn list<'v, 'i>(&mut self, key: &str, value: &'v Value<'i>) -> Vec<&'v Value<'i>> {
        match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            DeValue::String(_) => {
                self.wrong_type(key, "a list of strings", value);
                if let Some(fault) = self.faults.last_mut() {
                    fault.help = Some(format!(
                        "write `{key} = [{}]`",
                        self.text.text[value.span()].trim()
                    ));
                }
                Vec::new()
            }
            _ => {
                self.wrong_type(key, "a list of strings", value);
                Vec::new()
            }
        }
    }

    fn ids(&mut self, key: &str, value: &Value<'_>) -> Vec<TaskId> {
        let list = self.list(key, value);
        list.into_iter()
            .filter_map(|id| self.string(key, id))
            .map(TaskId::new)
            .collect()
    }

    fn commands(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let list = self.list(key, value);
        list.into_iter()
            .filter_map(|command| self.command(key, command))
            .collect()
    }

    fn paths(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let mut paths = Vec::new();
        for path in self.list(key, value) {
            let Some(written) = self.string(key, path) else {
                continue;
            };
            match scope::objection(&written) {
                Some(objection) => {
                    let message = if written.is_empty() {
                        format!("a path in `{key}` {objection}")
                    } else {
                        format!("`{written}` in `{key}` {objection}")
                    };
                    self.faults.push(self.text.error(path.span(), message));
                }
                None => paths.push(scope::glob_of(&written)),
            }
        }
        paths
    }

    fn dependencies(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let mut dependencies = Vec::new();
        for dependency in self.list(key, value) {
            let Some(text) = self.string(key, dependency) else {
                continue;
            };
            let named = text
                .split_once(':')
                .map(|(manifest, name)| (manifest.trim(), name.trim()));
            match named {
                Some((manifest, name))
                    if !name.is_empty() && scope::objection(manifest).is_none() =>
                {
                    dependencies.push(text);
                }
                _ => self.error(
                    dependency.span(),
                    format!("`{text}` does not say which manifest it stands in"),
                    "write it as `Cargo.toml: argon2`",
                ),
            }
        }
        dependencies
    }

    fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.string(key, value)?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            let names: Vec<String> = choices
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let help = did_you_mean(&text, choices.iter().map(|(name, _)| *name));
            let fault = self.text.error(
                value.span(),
                format!("`{key}` must be {}, not `{text}`", names.join(" or ")),
            );
            self.faults.push(fault.maybe_help(help));
        }
        chosen.map(|(_, choice)| *choice)
    }

    fn number(&mut self, key: &str, value: &Value<'_>, least: u32) -> Option<u32> {
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(key, "an integer", value);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fits = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number >= least);
        if fits.is_none() {
            let message = format!(
                "`{key}` must be {least} or more, not `{}`",
                &self.text.text[value.span()]
            );
            let too_large = number.is_none_or(|number| number > i128::from(u32::MAX));
            let message = if too_large {
                format!("`{key}` is too large")
            } else {
                message
            };
            self.faults.push(self.text.error(value.span(), message));
        }
        fits
    }

    fn duration(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        const HELP: &str = "write it as `90s`, `10m` or `1h 30m`";
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, "a duration in quotes such as \"10m\"", value);
            return None;
        };
        let objection = match SignedDuration::from_str(text) {
            Err(_) => "is not a duration that is understood",
            Ok(length) if !length.is_positive() => "is not longer than nothing",
            Ok(length) if length.as_secs() > TIMEOUT_SECONDS_MAX => "is longer than a year",
            Ok(_) => return Some(text.to_string()),
        };
        self.error(value.span(), format!("`{key}`: `{text}` {objection}"), HELP);
        None
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
