//! The steps of a task: their boxes, and which of their commands proves the task.

use std::borrow::Cow;

use crate::plan::fields as values;
use crate::plan::markdown::{Block, Fence, Line, Mark, lines};
use crate::plan::text::{Text, find_word};
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

/// Ticks every box of the tasks that are done, and opens those of tasks that are done no more. Single ticks of other
/// tasks are a person's, since a run knows nothing step by step; a plan that shall say nothing has none.
pub(super) fn edits<'d>(
    sections: impl Iterator<Item = (TaskId, Steps<'d>)>,
    progress: &Progress,
    text: &str,
) -> Vec<Edit> {
    let statuses = progress.marks();
    let mut edits = Vec::new();
    for (id, steps) in sections {
        let is_done = match statuses.get(id.as_str()) {
            Some(Status::Done) => true,
            Some(_) if progress.run.is_empty() => false,
            // A plan that was ticked and is not done any more may not say so.
            Some(_) if steps.status() == Some(ImportedStatus::Done) => false,
            _ => continue,
        };
        // An open box has one form, so that a plan without its progress is always the same text.
        let (keeps, sign): (&dyn Fn(&Mark) -> bool, _) = match is_done {
            true => (&|mark| said(mark) == Said::Ticked, "x"),
            false => (&|mark| &text[mark.range.clone()] == " ", " "),
        };
        let other = steps.marks.iter().filter(|mark| !keeps(mark));
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
pub(super) fn proof(section: &[Block], top: Option<&str>) -> Option<Check> {
    let mut run: Option<Run> = None;
    let mut proof = None;
    for block in section {
        match block {
            Block::Heading(_) => run = None,
            Block::Line(line) => {
                let begun = Run::begun(line);
                if begun.is_some() || line.mark.is_some() {
                    run = begun;
                } else if let (Some(run), Some(passes)) = (&mut run, expectation(line)) {
                    run.passes = passes;
                }
            }
            Block::Fence(fence) => match &mut run {
                Some(run) => run.take(fence),
                // What stands there may be followed by what to expect of it.
                None => run = Run::shown(fence),
            },
            Block::Rule | Block::Table(_) => {}
        }
        if run
            .as_ref()
            .is_some_and(|run| run.passes && run.command.is_some())
        {
            proof = run.take().and_then(|run| run.command);
        }
    }
    let command = proof?;
    Some(match values::on_this_machine(&command, top) {
        Some(command) => Check::Code(command),
        None => Check::Prose(format!("`{command}` passes")),
    })
}

/// A `Run:`, the command after it, and whether that is said to pass.
struct Run {
    command: Option<String>,
    passes: bool,
}

impl Run {
    /// Of `Run: `cargo test``, or of a step that says to run what a fence below it holds.
    fn begun(line: &Line) -> Option<Self> {
        let whole = whole(line);
        let is_led = whole
            .get(..3)
            .is_some_and(|word| word.eq_ignore_ascii_case("run"));
        let mut says_so = is_led;
        let mut command = None;
        let firsts = memchr::memchr_iter(b'R', whole.as_bytes());
        let firsts = firsts.filter(|at| whole[*at..].starts_with("Run"));
        for at in is_led.then_some(0).into_iter().chain(firsts) {
            let before = whole[..at].chars().next_back();
            let rest = &whole[at + 3..];
            if before.is_some_and(char::is_alphanumeric) || rest.starts_with(char::is_alphanumeric)
            {
                continue;
            }
            says_so |= line.mark.is_some();
            let code = rest.trim_start_matches([':', '：', ' ', '*']);
            if let Some((code, _)) = code.strip_prefix('`').and_then(|code| code.split_once('`')) {
                command = Some(code.trim().to_owned()).filter(|code| !code.is_empty());
            }
        }
        // `Run it (expect PASS).` and then the command: one word alone would be a name.
        let mut named = line.spans.iter().filter(|_| says_so).map(|span| &span.text);
        let command = command.or_else(|| named.find(|code| code.contains(' ')).cloned());
        (says_so || command.is_some()).then(|| Self {
            command,
            passes: expectation(line).unwrap_or(false),
        })
    }

    /// Of commands that no line speaks of; one below them may say what to expect.
    fn shown(fence: &Fence) -> Option<Self> {
        let is_shell = matches!(fence.language.as_str(), "sh" | "bash" | "shell" | "zsh");
        let command = fence.text.trim_end();
        (is_shell && !command.trim_start().is_empty()).then(|| Self {
            command: Some(command.to_owned()),
            passes: false,
        })
    }

    /// A fence says what is run when the line did not.
    fn take(&mut self, fence: &Fence) {
        let language = fence.language.as_str();
        let is_shell = matches!(language, "" | "sh" | "bash" | "shell" | "zsh");
        if self.command.is_none() && is_shell && !fence.text.trim().is_empty() {
            self.command = Some(fence.text.trim_end().to_owned());
        }
    }
}

/// A line with what is bold at its start.
fn whole(line: &Line) -> Cow<'_, str> {
    match &line.lead {
        Some(lead) => [lead, ": ", &line.text].concat().into(),
        None => line.text.as_str().into(),
    }
}

/// Whether a line expects that all pass; none when it expects nothing.
fn expectation(line: &Line) -> Option<bool> {
    let whole = whole(line);
    let expected = find_word(&whole, "expect").map(|at| at + "expect".len());
    let arrow = || match whole.is_ascii() {
        true => None,
        false => whole.rfind('→').map(|at| at + '→'.len_utf8()),
    };
    let at = expected.or_else(arrow)?;
    Some(passes(&whole[at..].to_lowercase()))
}

/// Whether an expectation, in lower case, is that all pass: the first word that says pass or fail decides.
fn passes(expected: &str) -> bool {
    let mut before = "";
    let mut verdict = None;
    for word in expected.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let is_denied = matches!(before, "0" | "no" | "not" | "zero" | "without");
        let is_failure = (word.starts_with("fail") || word.starts_with("error")) && !is_denied;
        let is_pass = matches!(word, "pass" | "passes" | "passed" | "passing")
            || word.contains("通过")
            || word.contains("通過");
        let is_counted = before.parse::<u32>().is_ok_and(|count| count > 0);
        match verdict {
            None if is_failure || is_pass => verdict = Some(is_pass && !is_denied),
            Some(true) if is_failure && is_counted => verdict = Some(false),
            _ => {}
        }
        if !word.is_empty() {
            before = word;
        }
    }
    verdict == Some(true)
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn what_is_to_pass_is_told_from_what_is_to_fail() {
        for good in [
            ": pass",
            "ed: all tests pass",
            "ed: `test result: ok. 1 passed; 0 failed`.",
            "ed: 3/3 pass.",
            "ed pass: it works. if it fails, stop",
            "ed: 全部通过",
        ] {
            assert!(passes(good), "{good}");
        }
        for bad in [
            "ed: fail with \"not defined\"",
            "ed: build error (no such file), the others pass",
            "ed: 7 passed, 2 failed",
            "ed: the test does not pass yet",
            "ed: `ok`",
            "ed: no errors",
        ] {
            assert!(!passes(bad), "{bad}");
        }
    }
}
