//! The steps of a task: their boxes, and which of their commands proves the task.

use std::ops::Range;

use crate::plan::markdown::{Block, Fence, Line, Mark, lines};
use crate::plan::text::Text;
use crate::plan::{Check, Edit, Fault, ImportedStatus, Progress, Status, TaskId};

/// What a box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Open,
    Begun,
    Ticked,
    Unknown,
}

fn said(mark: &Mark) -> Said {
    match mark.sign.trim_end_matches('\u{fe0f}') {
        "" => Said::Open,
        "x" | "X" | "✅" | "✓" | "✔" | "☑" => Said::Ticked,
        "-" | "~" | "/" | ">" => Said::Begun,
        _ => Said::Unknown,
    }
}

/// The boxes of one task.
#[derive(Debug)]
pub(super) struct Steps<'d> {
    marks: Vec<&'d Mark>,
}

impl<'d> Steps<'d> {
    pub(super) fn of(section: &'d [Block]) -> Self {
        let marks = lines(section).filter_map(|line| line.mark.as_ref());
        Self {
            marks: marks.collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// What the boxes say of the whole task.
    pub(super) fn status(&self) -> Option<ImportedStatus> {
        let all = !self.is_empty() && self.marks.iter().all(|mark| said(mark) == Said::Ticked);
        let is_begun = |mark: &&&Mark| matches!(said(mark), Said::Ticked | Said::Begun);
        match self.marks.iter().find(is_begun) {
            _ if all => Some(ImportedStatus::Done),
            begun => begun.map(|_| ImportedStatus::InProgress),
        }
    }

    /// A warning about boxes that hold anything else.
    pub(super) fn unknown(&self, text: &Text<'_>) -> Vec<Fault> {
        let unknown = self.marks.iter().filter(|mark| said(mark) == Said::Unknown);
        unknown
            .map(|mark| {
                let message = format!(
                    "`[{}]` is not known, so the step is taken as open",
                    mark.sign
                );
                text.warning(mark.range.clone(), message)
                    .help("a step is `[ ]`, or `[x]` when it is done")
            })
            .collect()
    }
}

/// Ticks every box of the tasks that are done, and opens those of tasks that are to be done again. Of a task under
/// way nothing is known step by step.
pub(super) fn edits<'d>(
    sections: impl Iterator<Item = (TaskId, Steps<'d>)>,
    progress: &Progress,
) -> Vec<Edit> {
    let statuses: std::collections::HashMap<&TaskId, Status> = progress
        .tasks
        .iter()
        .map(|task| (&task.id, task.status))
        .collect();
    let mut edits = Vec::new();
    for (id, steps) in sections {
        let is_done = match statuses.get(&id) {
            Some(Status::Done) => true,
            Some(Status::Pending) => false,
            // A plan that was ticked and is not done any more may not say so.
            Some(_) if steps.status() == Some(ImportedStatus::Done) => false,
            _ => continue,
        };
        let (keep, sign) = match is_done {
            true => (Said::Ticked, "x"),
            false => (Said::Open, " "),
        };
        let other = steps.marks.iter().filter(|mark| said(mark) != keep);
        edits.extend(other.map(|mark| Edit {
            range: mark.range.clone(),
            text: sign.to_owned(),
        }));
    }
    edits
}

/// Whether a line is a step: a box, or words that say so.
pub(super) fn is_step(line: &Line) -> bool {
    let whole = line.lead.as_deref().unwrap_or(&line.text);
    let mut words = whole.split([' ', ':', '.']);
    let is_word = words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("step"));
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    line.mark.is_some() || is_word && words.next().is_some_and(is_number)
}

/// The last command of the steps that is said to pass; commands that must fail, or show something, prove nothing.
pub(super) fn proof(section: &[Block]) -> Option<Check> {
    let mut run: Option<Run> = None;
    let mut proof = None;
    for block in section {
        match block {
            Block::Heading(_) => run = None,
            Block::Line(line) if line.mark.is_some() => run = Run::begun(line),
            Block::Line(line) => {
                if let Some(begun) = Run::begun(line) {
                    run = Some(begun);
                }
            }
            Block::Fence(fence) => {
                if let Some(run) = &mut run {
                    run.take(fence);
                }
                continue;
            }
            Block::Rule | Block::Table(_) => continue,
        }
        let Block::Line(line) = block else { continue };
        let passed = expectation(line).is_some_and(passes);
        if let Some(command) = run
            .as_mut()
            .filter(|_| passed)
            .and_then(|run| run.command.take())
        {
            proof = Some(command);
        }
    }
    proof.map(|command| match is_of_one_machine(&command) {
        true => Check::Prose(format!("`{command}` passes")),
        false => Check::Code(command),
    })
}

/// A `Run:` and the command after it.
struct Run {
    command: Option<String>,
}

impl Run {
    fn begun(line: &Line) -> Option<Self> {
        let is_lead = line
            .lead
            .as_deref()
            .is_some_and(|lead| lead.eq_ignore_ascii_case("run"));
        let start = line.text.get(..4).unwrap_or_default();
        let begins = ["run:", "run "]
            .iter()
            .any(|run| start.eq_ignore_ascii_case(run));
        let command = line.spans.first().map(|span| span.text.clone());
        (is_lead || begins && (start.ends_with(':') || command.is_some()))
            .then_some(Self { command })
    }

    /// A fence says what is run when the line did not.
    fn take(&mut self, fence: &Fence) {
        let is_shell = matches!(
            fence.language.as_str(),
            "" | "sh" | "bash" | "shell" | "zsh"
        );
        if self.command.is_none() && is_shell && !fence.text.trim().is_empty() {
            self.command = Some(fence.text.trim_end().to_owned());
        }
    }
}

/// What a line says is to be expected.
fn expectation(line: &Line) -> Option<&str> {
    if line
        .lead
        .as_deref()
        .is_some_and(|lead| lead.to_lowercase().starts_with("expect"))
    {
        return Some(&line.text);
    }
    let at = find_ignoring_case(&line.text, "expected:")?;
    Some(&line.text[at.end..])
}

fn find_ignoring_case(text: &str, word: &str) -> Option<Range<usize>> {
    let at = text.to_ascii_lowercase().find(word)?;
    Some(at..at + word.len())
}

/// Whether an expectation is that all pass.
fn passes(expected: &str) -> bool {
    let lower = expected.to_lowercase();
    let is_denied = |at: usize| {
        let before = lower[..at].trim_end();
        ["0", "no", "zero", "without", "any"]
            .iter()
            .any(|word| before.ends_with(word))
    };
    let fails = lower.match_indices("fail").any(|(at, _)| !is_denied(at));
    let errors = lower.match_indices("error").any(|(at, _)| !is_denied(at));
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    let pass = words.any(|word| matches!(word, "pass" | "passes" | "passed" | "passing"));
    (pass || lower.contains("通过") || lower.contains("通過")) && !fails && !errors
}

/// Whether a command names a place that only its author's machine has.
fn is_of_one_machine(command: &str) -> bool {
    let is_home = |word: &str| {
        let word = word.trim_start_matches(['"', '\'', '(']);
        let is_drive = word
            .get(1..3)
            .is_some_and(|drive| drive == ":\\" || drive == ":/");
        is_drive && word.starts_with(|c: char| c.is_ascii_alphabetic())
            || ["/Users/", "/home/", "~/", "/c/", "/d/"]
                .iter()
                .any(|home| word.starts_with(home))
    };
    command.split([' ', '=', '\n']).any(is_home)
}
