//! Reads what an executor's program left, as its [`Reader`] describes it: its last message, whether it
//! failed itself, what it used up. Takes any bytes, in time that grows with their length; what does not fit
//! the description is not there.

use std::borrow::Cow;

use serde_json::{Deserializer, Value};

use super::limits;
use crate::run::evidence::{Limit, Outcome, Usage};
use crate::run::reader::{Counters, Limits, Pick, Reader, Scalar, Source};

/// How many bytes of what turns out to be no JSON are looked at.
const BUDGET: usize = 8 << 20;

/// What a program left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Where its claim is looked for.
    pub answer: Answer,
    /// Why it failed itself and gave no answer.
    pub failure: Option<Failure>,
    /// What it used up.
    pub usage: Usage,
}

/// What a program answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Answer {
    /// It stands somewhere in what was printed.
    #[default]
    Printed,
    /// This, its last message.
    Message(String),
    /// Nothing, although it would be known.
    Missing,
}

/// A failure of the program, as it tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In its words.
    pub text: String,
    /// The limit that it met, if it was one.
    pub limit: Option<Limit>,
    /// When the limit ends, as RFC 3339, if that was said.
    pub until: Option<String>,
}

/// Something that a pick found.
struct Found {
    /// Where it ends; a document ends behind all its lines.
    end: usize,
    text: String,
}

/// What can be looked at: the documents and the lines, each with where it ends.
struct Material<'a> {
    documents: Vec<(usize, Value)>,
    lines: Vec<(usize, Cow<'a, str>)>,
}

/// Reads what a program `printed`, and what it left in its answer file where it has one. It ended as `outcome` says,
/// at `now` in seconds since 1970.
pub fn read(
    reader: &Reader,
    printed: &[u8],
    answer_file: &[u8],
    outcome: Outcome,
    now: i64,
) -> Reading {
    if reader.is_plain() {
        return Reading::default();
    }
    let material = match reader.source {
        Source::Output => Material::of(printed, printed, 0),
        // What stands in the file comes after all that was printed.
        Source::AnswerFile => Material::of(printed, answer_file, printed.len()),
    };
    let answer = material.found(&reader.answer).pop();
    // Where both are the same, it is a message: that says more.
    let answered = answer.as_ref().map_or(0, |answer| answer.end);
    let mut failures: Vec<Failure> = material
        .found(&reader.failure)
        .into_iter()
        .filter(|found| found.end > answered)
        .map(|found| Failure::told(found.text, &reader.limits, now))
        .collect();
    // Many a program waits for the end of a limit, and is killed meanwhile: its last words are of that.
    let is_waiting = |failure: &Failure| failure.limit == Some(Limit::Rate);
    if matches!(outcome, Outcome::TimedOut | Outcome::Stalled)
        && let Some(last) = failures.iter().rposition(is_waiting)
    {
        failures.truncate(last + 1);
    }
    let failure = failures.pop();
    let mut usage = material.usage(&reader.usage);
    usage.limit = failure.as_ref().and_then(|failure| failure.limit);
    let is_line = |pick: &Pick| matches!(pick, Pick::Line { .. });
    let answer = match answer {
        None if reader.answer.is_empty() => Answer::Printed,
        None => Answer::Missing,
        Some(_) if reader.answer.iter().any(is_line) => Answer::Printed,
        Some(answer) => Answer::Message(answer.text),
    };
    Reading {
        answer,
        failure,
        usage,
    }
}

impl Failure {
    fn told(text: String, limits: &Limits, now: i64) -> Self {
        let limit = limits::met(&text, limits);
        let until = limit.and_then(|_| limits::until(&text, now));
        Self { text, limit, until }
    }
}

impl<'a> Material<'a> {
    /// The lines of `printed`, and the documents in `left`, which begins at `from`.
    fn of(printed: &'a [u8], left: &[u8], from: usize) -> Self {
        let mut lines = Vec::new();
        let mut end = 0;
        for line in printed.split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            lines.push((end, String::from_utf8_lossy(line.trim_ascii_end())));
        }
        let documents = documents(left)
            .into_iter()
            .map(|(end, document)| (from + end, document))
            .collect();
        Self { documents, lines }
    }

    /// All that is found, in the order in which it was left; of several in one document, that which is named
    /// first.
    fn found(&self, picks: &[Pick]) -> Vec<Found> {
        let mut all: Vec<Found> = Vec::new();
        for pick in picks {
            match pick {
                Pick::Field { at, .. } => all.extend(self.matching(pick).filter_map(|found| {
                    let texts: Vec<String> = at_path(&found.1, at).into_iter().map(text).collect();
                    let text = texts.join("; ");
                    (!texts.is_empty()).then_some(Found { end: found.0, text })
                })),
                Pick::Line { line } => all.extend(self.lines.iter().filter_map(|found| {
                    captured(&found.1, line)?;
                    let text = found.1.trim().to_owned();
                    Some(Found { end: found.0, text })
                })),
            }
        }
        all.sort_by_key(|found| found.end);
        all.dedup_by_key(|found| found.end);
        all
    }

    /// The documents that a pick is about.
    fn matching(&self, pick: &Pick) -> impl Iterator<Item = &(usize, Value)> {
        self.documents.iter().filter(move |(_, document)| {
            let Pick::Field { when, .. } = pick else {
                return false;
            };
            when.iter().all(|(path, wanted)| {
                let values = at_path(document, path);
                values.iter().any(|value| is(value, wanted))
            })
        })
    }

    fn usage(&self, counters: &Counters) -> Usage {
        let whole = |picks: &[Pick]| self.sum(picks).map(|sum| sum.round() as u64);
        Usage {
            cost_usd: self.sum(&counters.cost_usd),
            input_tokens: whole(&counters.input_tokens),
            cached_tokens: whole(&counters.cached_tokens),
            output_tokens: whole(&counters.output_tokens),
            turns: whole(&counters.turns),
            limit: None,
        }
    }

    /// All numbers found, added up.
    fn sum(&self, picks: &[Pick]) -> Option<f64> {
        let numbers = picks.iter().flat_map(|pick| match pick {
            Pick::Field { at, .. } => self
                .matching(pick)
                .flat_map(|(_, document)| at_path(document, at))
                .filter_map(amount)
                .collect::<Vec<f64>>(),
            Pick::Line { line } => self
                .lines
                .iter()
                .filter_map(|(_, text)| number(captured(text, line)?))
                .collect(),
        });
        let is_possible = |number: &f64| number.is_finite() && *number >= 0.0;
        numbers
            .filter(is_possible)
            .reduce(|sum, number| sum + number)
    }
}

/// The JSON objects in `left` that begin on a line of their own, each with where it ends.
fn documents(left: &[u8]) -> Vec<(usize, Value)> {
    let mut found = Vec::new();
    let mut budget = BUDGET;
    let mut at = 0;
    while at < left.len() {
        let rest = &left[at..];
        let mut step = 0;
        if rest[0] == b'{' && budget > 0 {
            let mut stream = Deserializer::from_slice(rest).into_iter::<Value>();
            match stream.next() {
                Some(Ok(document)) => {
                    step = stream.byte_offset();
                    found.push((at + step, document));
                }
                Some(Err(error)) => budget = budget.saturating_sub(looked_at(rest, &error)),
                None => {}
            }
        }
        let line_end = rest[step..].iter().position(|byte| *byte == b'\n');
        at += line_end.map_or(rest.len(), |end| step + end + 1);
    }
    found
}

/// How many bytes were read until `error`.
fn looked_at(text: &[u8], error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before + error.column()
}

/// The values at `path`; none where it leads nowhere.
fn at_path<'a>(document: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut values = vec![document];
    for step in path.split('.') {
        values = values
            .into_iter()
            .flat_map(|value| match (value, step) {
                (Value::Object(fields), "*") => fields.values().collect::<Vec<_>>(),
                (Value::Array(items), "*") => items.iter().collect(),
                (Value::Array(items), "-1") => items.last().into_iter().collect(),
                (Value::Array(items), _) => step
                    .parse()
                    .ok()
                    .and_then(|place: usize| items.get(place))
                    .into_iter()
                    .collect(),
                (Value::Object(fields), _) => fields.get(step).into_iter().collect(),
                _ => Vec::new(),
            })
            .filter(|value| !value.is_null())
            .collect();
    }
    values
}

fn is(value: &Value, wanted: &Scalar) -> bool {
    match wanted {
        Scalar::Flag(flag) => value.as_bool() == Some(*flag),
        Scalar::Number(number) => value.as_i64() == Some(*number),
        Scalar::Text(text) => value.as_str() == Some(text),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number, or how many there are of what is none: an object in the place of a number is one of its kind.
fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Object(_) => Some(1.0),
        value => value.as_f64(),
    }
}

/// What stands in `line` in the place of `{}` in `pattern`, where `*` stands for anything.
fn captured<'a>(line: &'a str, pattern: &str) -> Option<&'a str> {
    let mut wanted = None;
    let mut rest = line;
    let mut pattern = pattern;
    let mut gap: Option<&str> = None;
    loop {
        let next = ["{}", "*"]
            .into_iter()
            .filter_map(|mark| Some((pattern.find(mark)?, mark)))
            .min();
        let (literal, mark) = next.map_or((pattern, None), |(at, mark)| {
            (&pattern[..at], Some((at, mark)))
        });
        let at = match gap {
            None => rest.starts_with(literal).then_some(0)?,
            Some(_) if literal.is_empty() && mark.is_none() => rest.len(),
            Some(_) => rest.find(literal)?,
        };
        if gap == Some("{}") {
            wanted = Some(&rest[..at]);
        }
        rest = &rest[at + literal.len()..];
        let Some((at, mark)) = mark else { break };
        gap = Some(mark);
        pattern = &pattern[at + mark.len()..];
    }
    rest.is_empty().then_some(wanted.unwrap_or(line))
}

/// A number as people are shown it: `2.0k`, `1,234`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', "");
    let (digits, factor) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1e3),
        (at, 'M') => (&text[..at], 1e6),
        _ => (text.as_str(), 1.0),
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests;
