//! The words that say of a whole plan where it stands: `**Status:**`, and `status` in the front matter.
//!
//! What stood there is kept beside ours in a comment, and put back when the plan is not done any more. Words that are
//! not ours stay.

use std::ops::Range;

use super::status_words;
use super::words::{Word, word_of_plan};
use crate::plan::Edit;
use crate::plan::markdown::{Document, Line};
use crate::plan::text::{Text, line_end};

const DONE: &str = "Implemented";
const DONE_IN_FRONT: &str = "implemented";
/// What begins and ends the comment in a line of Markdown.
const WAS: (&str, &str) = (" <!-- was: ", " -->");
/// What begins it in YAML; the words are quoted as in JSON.
const WAS_IN_FRONT: &str = " # was: ";

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No word at all, so that plans can be compared.
    Nothing,
    /// That all is done.
    Done,
    /// What was said before.
    Before,
}

pub(super) fn edits(document: &Document, text: &Text<'_>, wanted: Wanted) -> Vec<Edit> {
    let mut edits = Vec::new();
    if let Some(range) = status_words(document, text) {
        let words = in_line(&text.text[range.clone()], wanted);
        edits.extend(words.map(|text| Edit { range, text }));
    }
    if let Some(front) = Front::find(document, text) {
        edits.extend(front.edits(text, wanted));
    }
    edits
}

/// Whether a run of ours has said that all is done.
pub(super) fn is_ours(line: Option<&Line>, document: &Document, text: &Text<'_>) -> bool {
    let is_said = |line: &Line| {
        // A comment is no part of what a line says.
        let words = &text.text[line.range.start..line_end(text.text, line.range.end)];
        words.contains(&[DONE, WAS.0].concat())
    };
    let in_front = || {
        let front = Front::find(document, text);
        front.is_some_and(|front| was_in(&text.text[front.comment]).is_some())
    };
    line.map_or_else(in_front, is_said)
}

fn in_line(words: &str, wanted: Wanted) -> Option<String> {
    match wanted {
        Wanted::Nothing => Some(String::new()),
        Wanted::Done if word_of_plan(words) == Word::Done => None,
        // A comment cannot hold what ends one, and what cannot be put back is left.
        Wanted::Done if words.contains("--") => None,
        Wanted::Done => Some(format!("{DONE}{}{words}{}", WAS.0, WAS.1)),
        Wanted::Before => {
            let kept = words.strip_prefix(DONE)?.strip_prefix(WAS.0)?;
            kept.strip_suffix(WAS.1).map(str::to_owned)
        }
    }
}

/// Where the front matter says it.
struct Front {
    /// The value, without its quotes.
    value: Range<usize>,
    /// Our comment behind it; empty where there is none.
    comment: Range<usize>,
}

impl Front {
    fn find(document: &Document, text: &Text<'_>) -> Option<Self> {
        let front = document.front.clone()?;
        let mut at = front.start;
        for line in text.text[front].split_inclusive('\n') {
            if let Some(value) = line.strip_prefix("status:") {
                let start = at + line.len() - value.trim_start().len();
                return Self::of(value.trim(), start);
            }
            at += line.len();
        }
        None
    }

    /// From the trimmed rest of the line, which begins at `start`.
    fn of(rest: &str, start: usize) -> Option<Self> {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (open, bare) = match quote {
            Some(quote) => (1, rest[1..].split(quote).next().unwrap_or_default()),
            None => (0, rest.split(" #").next().unwrap_or_default().trim_end()),
        };
        let is_one_line = !bare.is_empty() && !bare.starts_with(['|', '>', '[', '{', '&']);
        let value = open..open + bare.len();
        let end = (value.end + open).min(rest.len());
        let comment = end..end + was_in(&rest[end..]).map_or(0, |(_, len)| len);
        is_one_line.then(|| Self {
            value: start + value.start..start + value.end,
            comment: start + comment.start..start + comment.end,
        })
    }

    fn edits(&self, text: &Text<'_>, wanted: Wanted) -> Vec<Edit> {
        let value = &text.text[self.value.clone()];
        let kept = was_in(&text.text[self.comment.clone()]).map(|(kept, _)| kept);
        let both = match wanted {
            Wanted::Nothing => Some((String::new(), String::new())),
            Wanted::Done
                if value.starts_with(DONE_IN_FRONT) && word_of_plan(value) == Word::Done =>
            {
                None
            }
            Wanted::Done => {
                let was = serde_json::Value::from(value);
                Some((DONE_IN_FRONT.to_owned(), format!("{WAS_IN_FRONT}{was}")))
            }
            Wanted::Before => kept
                .filter(|_| value == DONE_IN_FRONT)
                .map(|kept| (kept, String::new())),
        };
        let edit = |range: &Range<usize>, text| Edit {
            range: range.clone(),
            text,
        };
        both.map(|(value, comment)| vec![edit(&self.value, value), edit(&self.comment, comment)])
            .unwrap_or_default()
    }
}

/// The words that a comment of ours keeps, and how long it is.
fn was_in(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix(WAS_IN_FRONT)?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let kept = values.next()?.ok()?;
    Some((kept, WAS_IN_FRONT.len() + values.byte_offset()))
}
