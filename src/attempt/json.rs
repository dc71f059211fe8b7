//! Finds the JSON object that is an executor's claim in whatever it printed, hostile output included.
//!
//! One pass pairs brackets; what may be a claim is then parsed from the end, within a budget, so that the
//! cost grows with the length of the output and not with its nesting.

use std::collections::VecDeque;
use std::ops::Range;

use serde_json::{Map, Value};

use super::claim;

/// The longest object that is read, in bytes: as much as is kept of the end of an output.
const OBJECT_MAX: usize = 8 << 20;
/// How many bytes are parsed in all.
const BUDGET: usize = 32 << 20;
/// How deep claims are looked for in strings of objects: agents print their answer as a field.
const STRINGS_MAX: usize = 2;

/// The last object in `output` that has a `status`, whatever stands around it: prose, code fences, the
/// lines of a log. An object inside another counts only if its status is one of ours and no object around
/// it has any, for a claim may list steps and a log line may wrap a claim.
pub(super) fn last_with_status(output: &[u8]) -> Option<Map<String, Value>> {
    last_in(output, STRINGS_MAX)
}

fn last_in(output: &[u8], strings: usize) -> Option<Map<String, Value>> {
    let mut budget = BUDGET;
    let mut read_from = output.len();
    // By where they end, so that the outermost of the last comes first.
    for span in candidates(output).into_iter().rev() {
        // Spans nest or are apart: one that begins after the last one read began is inside it.
        if span.start >= read_from || span.len() > budget {
            continue;
        }
        budget -= span.len();
        let start = span.start;
        let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&output[span]) else {
            continue;
        };
        if object.contains_key("status") {
            return Some(object);
        }
        if let Some(inner) = object
            .into_values()
            .rev()
            .find_map(|value| within(value, strings))
        {
            return Some(inner);
        }
        read_from = start;
    }
    None
}

/// The last claim inside a value of an object that is none.
fn within(value: Value, strings: usize) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) if is_ours(&object) => Some(object),
        Value::Object(object) => object
            .into_values()
            .rev()
            .find_map(|value| within(value, strings)),
        Value::Array(items) => items
            .into_iter()
            .rev()
            .find_map(|value| within(value, strings)),
        Value::String(text) if strings > 0 => last_in(text.as_bytes(), strings - 1).filter(is_ours),
        _ => None,
    }
}

fn is_ours(object: &Map<String, Value>) -> bool {
    object
        .get("status")
        .and_then(Value::as_str)
        .is_some_and(|word| claim::status(word).is_some())
}

/// The spans between matching brackets that may be objects with a `status`, by where they end. A bracket
/// that is never closed hides nothing behind it.
fn candidates(output: &[u8]) -> Vec<Range<usize>> {
    const WORD: &[u8] = b"status";
    let mut open: VecDeque<usize> = VecDeque::new();
    let mut spans = Vec::new();
    let mut in_string = false;
    let mut last_word = None;
    let mut at = 0;
    while at < output.len() {
        match output[at] {
            // No JSON string goes over the end of its line: a stray quotation mark harms one line only.
            b'\n' => in_string = false,
            b'\\' if in_string => at += 1,
            b'"' if !open.is_empty() => in_string = !in_string,
            b's' if output[at..].starts_with(WORD) => last_word = Some(at),
            b'{' if !in_string => {
                open.push_back(at);
                while open.front().is_some_and(|start| at - start > OBJECT_MAX) {
                    open.pop_front();
                }
            }
            b'}' if !in_string => {
                let span = open.pop_back().map(|start| start..at + 1);
                spans.extend(span.filter(|span| {
                    span.len() <= OBJECT_MAX && last_word.is_some_and(|word| word > span.start)
                }));
            }
            _ => {}
        }
        at += 1;
    }
    spans
}
