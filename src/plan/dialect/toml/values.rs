//! Values of the expected type, or a fault where they stand.

use std::ops::Range;

use ::toml::de::DeValue;

use super::{Reader, Value};
use crate::plan::{TIME_SPANS, TaskId, did_you_mean, is_misspelt, scope, time_span};

/// So many different names are compared with those that are known; a plan that has more is none.
const UNKNOWN_MAX: usize = 200;

impl Reader<'_> {
    pub(super) fn error(
        &mut self,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults.push(self.text.error(range, message).help(help));
    }

    /// A key that is none of those that are known where it stands. What it may have been meant to be is found out once
    /// for each name.
    pub(super) fn unknown(&mut self, key: &str, range: Range<usize>, known: &[&str]) {
        let name = (key.to_owned(), known.len());
        if self.unknown.len() == UNKNOWN_MAX && !self.unknown.contains_key(&name) {
            if !self.is_foreign {
                self.is_foreign = true;
                let message =
                    format!("more than {UNKNOWN_MAX} keys are unknown, so no others are looked at");
                self.error(range, message, format!("known here: {}", known.join(", ")));
            }
            return;
        }
        let (is_meant, help) = self.unknown.entry(name).or_insert_with(|| {
            let meant = did_you_mean(key, known.iter().copied());
            let known_here = || format!("known here: {}", known.join(", "));
            (is_misspelt(key, known), meant.unwrap_or_else(known_here))
        });
        let message = format!("unknown key `{key}`");
        // What was meant to be asked for would silently not be.
        let fault = match is_meant {
            true => self.text.error(range, message),
            false => self.text.warning(range, message),
        };
        self.faults.push(fault.help(help.as_str()));
    }

    pub(super) fn wrong_type(&mut self, key: &str, wanted: &str, value: &Value<'_>) {
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

    pub(super) fn string(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong_type(key, "a string", value);
                None
            }
        }
    }

    /// One line with something in it.
    pub(super) fn line(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
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

    pub(super) fn lines(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let list = self.list(key, value);
        list.into_iter()
            .filter_map(|line| self.line(key, line))
            .collect()
    }

    pub(super) fn flag(&mut self, key: &str, value: &Value<'_>) -> bool {
        let DeValue::Boolean(flag) = value.get_ref() else {
            self.wrong_type(key, "`true` or `false`", value);
            return false;
        };
        *flag
    }

    pub(super) fn command(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = self.string(key, value)?;
        if text.contains('\0') {
            let message = format!("`{key}` has a command with a NUL character in it");
            self.error(value.span(), message, "no shell takes it: leave it out");
            return None;
        }
        if text.trim().is_empty() {
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
    pub(super) fn list<'v, 'i>(&mut self, key: &str, value: &'v Value<'i>) -> Vec<&'v Value<'i>> {
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

    pub(super) fn ids(&mut self, key: &str, value: &Value<'_>) -> Vec<TaskId> {
        let list = self.list(key, value);
        list.into_iter()
            .filter_map(|id| self.string(key, id))
            .map(TaskId::new)
            .collect()
    }

    pub(super) fn commands(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let list = self.list(key, value);
        list.into_iter()
            .filter_map(|command| self.command(key, command))
            .collect()
    }

    pub(super) fn paths(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let mut paths = Vec::new();
        for path in self.list(key, value) {
            let Some(written) = self.string(key, path) else {
                continue;
            };
            // What is left of it counts: nothing may be, and `..` can stand behind a space.
            let glob = scope::glob_of(&written);
            match scope::objection(&glob) {
                Some(objection) => {
                    let message = match (written.is_empty(), glob.is_empty()) {
                        (true, _) => format!("a path in `{key}` {objection}"),
                        (false, true) => format!("`{written}` in `{key}` names no file"),
                        (false, false) => format!("`{written}` in `{key}` {objection}"),
                    };
                    self.faults.push(self.text.error(path.span(), message));
                }
                None => paths.push(glob.into_owned()),
            }
        }
        paths
    }

    pub(super) fn dependencies(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
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

    pub(super) fn choice<T: Copy>(
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

    pub(super) fn number(&mut self, key: &str, value: &Value<'_>, least: u32) -> Option<u32> {
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

    pub(super) fn duration(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, "a duration in quotes such as \"10m\"", value);
            return None;
        };
        match time_span(text) {
            Ok(_) => Some(text.to_string()),
            Err(objection) => {
                let message = format!("`{key}`: `{text}` {objection}");
                self.error(value.span(), message, TIME_SPANS);
                None
            }
        }
    }
}
