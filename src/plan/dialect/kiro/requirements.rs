//! The requirements that tasks say they serve, held against `requirements.md` beside the plan.
//!
//! `### Requirement 2` with a numbered list below it has the requirements `2`, `2.1`, `2.2`. A document written
//! otherwise says nothing.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::Path;

use super::{REFERENCES, is_reference};
use crate::plan::Fault;
use crate::plan::markdown::{Block, Document, lines};
use crate::plan::source;
use crate::plan::text::Text;

const FILE: &str = "requirements.md";

/// What the document beside the plan asks for.
#[derive(Debug, Default)]
struct Asked {
    /// The numbers of requirements, in their order.
    whole: Vec<String>,
    /// Those of their criteria: `2.1`.
    parts: HashSet<String>,
}

/// References to what is not asked for, and what no task serves; each told once.
pub(super) fn faults(document: &Document, text: &Text<'_>) -> Vec<Fault> {
    let asked = match source::read(&text.path.with_file_name(FILE)) {
        Ok(beside) => Asked::read(&beside),
        Err(_) => return Vec::new(),
    };
    let references = lines(&document.blocks).filter(|line| is_reference(&line.text));
    let mut served: BTreeSet<String> = BTreeSet::new();
    let mut unknown: Vec<(String, Range<usize>)> = Vec::new();
    for line in references {
        let said = REFERENCES
            .iter()
            .find_map(|word| line.text.strip_prefix(word));
        for number in numbers(said.unwrap_or_default()) {
            let whole = number.split('.').next().unwrap_or_default().to_owned();
            if !asked.has(&number) && !unknown.iter().any(|(other, _)| *other == number) {
                unknown.push((number, line.range.clone()));
            }
            served.insert(whole);
        }
    }
    if asked.whole.is_empty() || served.is_empty() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if let Some((_, range)) = unknown.first() {
        let ids: Vec<&str> = unknown.iter().map(|(number, _)| number.as_str()).collect();
        let message = match ids.as_slice() {
            [id] => format!("`{id}` is no requirement of `{FILE}`"),
            ids => format!("`{}` are no requirements of `{FILE}`", ids.join("`, `")),
        };
        let help =
            "a task says with `_Requirements: 1.2_` that it serves criterion 2 of requirement 1";
        faults.push(text.warning(range.clone(), message).help(help));
    }
    let unserved = asked
        .whole
        .iter()
        .filter(|number| !served.contains(*number));
    let unserved: Vec<&str> = unserved.map(String::as_str).collect();
    let message = match unserved.as_slice() {
        [] => return faults,
        [id] => format!("no task serves requirement `{id}` of `{FILE}`"),
        ids => format!(
            "no task serves the requirements `{}` of `{FILE}`",
            ids.join("`, `")
        ),
    };
    faults.push(text.warning(text.start()..text.start(), message));
    faults
}

impl Asked {
    fn read(text: &str) -> Self {
        let text = Text::new(Path::new(FILE), text);
        let mut asked = Self::default();
        let mut level = 0;
        let mut inside = false;
        for block in &text.document().blocks {
            match block {
                Block::Heading(heading) => match number(&heading.title) {
                    Some(number) => {
                        (inside, level) = (true, heading.level);
                        asked.whole.push(number);
                    }
                    None => inside &= heading.level > level,
                },
                Block::Line(line) if inside => {
                    let start = line.range.start - line.indent.min(line.range.start);
                    let bullet = text.text[start..line.range.start].trim();
                    // Right below a paragraph only the number 1 begins a list: others are words of it.
                    let digits = match bullet.is_empty() {
                        true => counted(&text.text[line.range.start..]),
                        false => Some(bullet.trim_end_matches(['.', ')'])),
                    };
                    let is_number = |digits: &&str| {
                        !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
                    };
                    let digits = digits.filter(is_number);
                    if let (Some(digits), Some(whole)) = (digits, asked.whole.last()) {
                        asked.parts.insert(format!("{whole}.{digits}"));
                    }
                }
                _ => {}
            }
        }
        asked
    }

    fn has(&self, number: &str) -> bool {
        let mut parts = number.split('.');
        let whole = parts.next().unwrap_or_default();
        let is_there = self.whole.iter().any(|known| known == whole);
        let part: Vec<&str> = number.splitn(3, '.').take(2).collect();
        let numbered = |known: &String| known.split('.').next() == Some(whole);
        is_there
            && (part.len() < 2
                || self.parts.contains(&part.join("."))
                || !self.parts.iter().any(numbered))
    }
}

/// `3` of a line such as `3. THE system SHALL`.
fn counted(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    // `1a.` and `1b.` are parts of the first.
    let behind = line[digits..].trim_start_matches(|c: char| c.is_ascii_lowercase());
    let letters = line.len() - digits - behind.len();
    let behind = behind.strip_prefix(['.', ')']).filter(|_| letters <= 1)?;
    behind.starts_with([' ', '\t']).then(|| &line[..digits])
}

/// `2` of `Requirement 2: Sign in`.
fn number(title: &str) -> Option<String> {
    const WORDS: [&str; 4] = ["requirement ", "需求 ", "需求", "要件 "];
    let lower = title.trim().to_lowercase();
    let rest = WORDS.iter().find_map(|word| lower.strip_prefix(word))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The numbers in a list such as `1.1, 2.3` or `1.1–1.4`; words are none.
fn numbers(said: &str) -> impl Iterator<Item = String> {
    let words = said.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let is_number = |word: &&str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let words = words.map(|word| word.trim_matches('.')).filter(is_number);
    words.map(str::to_owned)
}
