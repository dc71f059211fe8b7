//! What is told of a text that is no TOML: where it first stops being any, for all that follows is told apart wrongly.

use ::toml::de::Error;

use crate::plan::Fault;
use crate::plan::text::Text;

/// The keys that are given twice; of what cannot be read the first, and nothing else.
pub(super) fn faults(errors: &[Error], text: &Text<'_>) -> Vec<Fault> {
    let is_repetition = |error: &&Error| error.message().contains("duplicate key");
    let place = |error: &&Error| error.span().map_or(0, |span| span.start);
    let broken = errors.iter().filter(|error| !is_repetition(error));
    match broken.min_by_key(place) {
        Some(first) => vec![unclosed(first, text).unwrap_or_else(|| syntax(first, text))],
        None => errors.iter().map(|error| syntax(error, text)).collect(),
    }
}

fn syntax(error: &Error, text: &Text<'_>) -> Fault {
    let range = error.span().unwrap_or(text.start()..text.start());
    let message = error.message().replace('\n', ", ");
    let message = match text.text.get(range.clone()) {
        Some(key) if message.contains("duplicate key") => format!("key `{key}` is given twice"),
        _ if message.contains("recurs") => {
            return text
                .error(range.start..range.start, "this nests deeper than any plan")
                .help("a plan is a table `[plan]` and tables `[[task]]`");
        }
        _ => message,
    };
    text.error(range, message)
}

/// A list that is never closed takes the lines below it for elements: that is told where it opens.
fn unclosed(error: &Error, text: &Text<'_>) -> Option<Fault> {
    let at = error.span()?.start;
    let begin = text.text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = text.text[begin..].lines().next()?.trim_start();
    if assigned(line).is_none() && !line.starts_with("[[") {
        return None;
    }
    let mut end = begin;
    for line in text.text[..begin].split_inclusive('\n').rev() {
        end -= line.len();
        if let Some(bracket) = opens(line) {
            let key = assigned(line)?;
            let range = end + bracket..end + bracket + 1;
            let fault = text.error(range, format!("the list of `{key}` is never closed"));
            return Some(fault.help("it ends with `]`"));
        }
        if assigned(line).is_some() || line.contains(']') {
            return None;
        }
    }
    None
}

/// The key that a line gives a value.
fn assigned(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_bare)).then_some(key)
}

/// Where a line opens a list as a value and does not close it.
fn opens(line: &str) -> Option<usize> {
    assigned(line)?;
    let value = line.find('=')? + 1;
    let spaces = line[value..].len() - line[value..].trim_start().len();
    let is_open = line[value + spaces..].starts_with('[') && !line.contains(']');
    is_open.then_some(value + spaces)
}
