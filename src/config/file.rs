//! `enact.toml`: from its text to settings, or to faults that say where each stands.
//!
//! What the parser says is put into words here; what settings mean is not known.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::objections::Objection;
use super::{Settings, place};
use crate::plan::{Fault, Faults, Location, Source, did_you_mean};

/// The file as it was read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) settings: Settings,
    pub(super) source: Source,
}

impl File {
    /// What the file at `path` says; nothing when there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Faults> {
        let Some(source) = Source::of_file(path)? else {
            return Ok(None);
        };
        let text = source.whole()?;
        let read: Result<Settings, toml::de::Error> = toml::from_str(&text);
        let mut settings = match read {
            Ok(settings) => settings,
            Err(error) => {
                let fault = misread(&error, &text, &source.path);
                return Err(Faults::of(vec![fault], vec![source.clone()]));
            }
        };
        settings.locate(|offset| location(&text, offset, &source.path));
        drop(text);
        Ok(Some(Self { settings, source }))
    }

    /// What is wrong with a setting, where it stands; `None` when the file does not say it.
    pub(super) fn fault(&self, objection: &Objection) -> Option<Fault> {
        let text = self.source.whole().ok()?;
        let range = range_of(&text, &objection.key)?;
        let message = format!("`{}` {}", objection.key.join("."), objection.what);
        let place = location(&text, range.start, &self.source.path);
        let fault = Fault::error(message).at(place, range.len());
        Some(fault.maybe_help(objection.help.clone()))
    }
}

fn location(text: &str, offset: usize, path: &Path) -> Location {
    let (line, column) = place(text, offset);
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Location {
        file: path.to_path_buf(),
        line: number(line),
        column: number(column),
    }
}

/// Where the value stands to which `key` leads, as far as the text goes.
fn range_of(text: &str, key: &[String]) -> Option<Range<usize>> {
    let (table, _) = DeTable::parse_recoverable(text);
    let (first, rest) = key.split_first()?;
    let mut value = table.get_ref().get(first.as_str())?;
    for key in rest {
        let DeValue::Table(table) = value.get_ref() else {
            break;
        };
        value = table.get(key.as_str())?;
    }
    Some(value.span())
}

/// A fault of the text or of a type, in words.
fn misread(error: &toml::de::Error, text: &str, path: &Path) -> Fault {
    let range = error.span().unwrap_or(0..0);
    let (message, help) = worded(error.message(), text, &range);
    let place = location(text, range.start, path);
    Fault::error(message)
        .at(place, range.len())
        .maybe_help(help)
}

fn worded(message: &str, text: &str, range: &Range<usize>) -> (String, Option<String>) {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (first, others) = names
        .split_first()
        .map_or(("", &[][..]), |(first, others)| (*first, others));
    let meant = || did_you_mean(first, others.iter().copied());
    if message.starts_with("unknown field") {
        let help = meant().or_else(|| match others.len() {
            0..=8 => Some(format!("it can be `{}`", others.join("`, `"))),
            _ => Some("`git enact help settings` names them all".to_owned()),
        });
        return (format!("unknown key `{first}`"), help);
    }
    let key = key_at(text, range).map_or_else(|| "this".to_owned(), |key| format!("`{key}`"));
    if message.starts_with("unknown variant") {
        let message = format!("{key} is `{first}`: it can be `{}`", others.join("`, `"));
        return (message, meant());
    }
    let written = text.get(range.clone()).unwrap_or_default().trim();
    if let Some(wanted) = message.strip_prefix("invalid value: ") {
        let wanted = wanted.rsplit("expected ").next().map_or("", in_words);
        return (format!("{key} is {written}: it must be {wanted}"), None);
    }
    if let Some(wanted) = message.strip_prefix("invalid type: ") {
        let wanted = wanted.rsplit("expected ").next().unwrap_or_default();
        let help = (wanted == "a sequence")
            .then(|| as_list(&key, written))
            .flatten();
        let message = format!("{key} is {written}: it must be {}", in_words(wanted));
        return (message, help);
    }
    (message.replace('\n', ", "), None)
}

/// What the parser expected, as a person would say it.
fn in_words(expected: &str) -> &str {
    match expected {
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "f64" => "a number",
        "a sequence" => "a list of strings",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// The settings that are lists of command lines, each for a shell; other lists are of words.
const COMMANDS: [&str; 2] = ["`verify`", "`final_verify`"];

/// A string as the list that was wanted there: of command lines, or of the words of one.
fn as_list(key: &str, written: &str) -> Option<String> {
    let line = written.strip_prefix('"')?.strip_suffix('"')?;
    if COMMANDS.contains(&key) {
        return Some(format!("write `[{written}]`"));
    }
    if line.contains(['"', '\\', '\'', '$', '|', '&', ';', '<', '>']) {
        return Some("each word is a string of its own".to_owned());
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    Some(format!("write `[\"{}\"]`", words.join("\", \"")))
}

/// The key whose value stands there.
fn key_at(text: &str, range: &Range<usize>) -> Option<String> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut open: Vec<(String, &Spanned<DeValue<'_>>)> = Vec::new();
    let of = |lead: &str, table: &'_ DeTable<'_>| -> Vec<String> {
        table
            .iter()
            .map(|(key, _)| format!("{lead}{}", key.get_ref()))
            .collect()
    };
    let names = of("", table.get_ref());
    open.extend(names.into_iter().zip(table.get_ref().values()));
    while let Some((name, value)) = open.pop() {
        if value.span() == *range {
            return Some(name);
        }
        match value.get_ref() {
            DeValue::Table(inner) => {
                open.extend(
                    of(&format!("{name}."), inner)
                        .into_iter()
                        .zip(inner.values()),
                );
            }
            DeValue::Array(inner) => open.extend(inner.iter().map(|one| (name.clone(), one))),
            _ => {}
        }
    }
    None
}
