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

/// The last command of the steps whose tests are said to pass, and the last that is said to succeed in other words;
/// commands that must fail, or show something, prove nothing.
pub(super) fn proof(section: &[Block], top: Option<&str>) -> Vec<Check> {
    let mut run: Option<Run> = None;
    let (mut passes, mut succeeds) = (None, None);
    for block in section {
        match block {
            Block::Heading(_) => run = None,
            Block::Line(line) => {
                let begun = Run::begun(line);
                if begun.is_some() || line.mark.is_some() {
                    run = begun;
                } else if let (Some(run), Some(expected)) = (&mut run, expectation(line)) {
                    run.expected = expected;
                }
            }
            Block::Fence(fence) => match &mut run {
                Some(run) => run.take(fence),
                // What stands there may be followed by what to expect of it.
                None => run = Run::shown(fence),
            },
            Block::Rule | Block::Table(_) => {}
        }
        let proves = |run: &Run| run.expected != Expected::Other && run.command.is_some();
        let Some(proven) = run.take_if(|run| proves(run)) else {
            continue;
        };
        match proven.expected {
            Expected::Passes => passes = proven.command,
            _ => succeeds = proven.command,
        }
    }
    let succeeds = succeeds.filter(|command| passes.as_ref() != Some(command));
    let check = |command: String| match values::on_this_machine(&command, top) {
        Some(command) => Check::shown(&command),
        None => Check::Prose(format!("`{command}` passes")),
    };
    passes.into_iter().chain(succeeds).map(check).collect()
}

/// Whether the steps say to run something.
pub(super) fn run_something(section: &[Block]) -> bool {
    lines(section).any(|line| Run::begun(line).is_some_and(|run| run.command.is_some()))
}

/// What a step expects of its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Tests that pass.
    Passes,
    /// That it succeeds.
    Succeeds,
    /// A failure, an output, nothing.
    Other,
}

/// A `Run:`, the command after it, and what is expected of that.
struct Run {
    command: Option<String>,
    expected: Expected,
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
            expected: expectation(line).unwrap_or(Expected::Other),
        })
    }

    /// Of commands that no line speaks of; one below them may say what to expect.
    fn shown(fence: &Fence) -> Option<Self> {
        let is_shell = matches!(fence.language.as_str(), "sh" | "bash" | "shell" | "zsh");
        let command = fence.text.trim_end();
        (is_shell && !command.trim_start().is_empty()).then(|| Self {
            command: Some(command.to_owned()),
            expected: Expected::Other,
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

/// What a line expects; none when it expects nothing.
fn expectation(line: &Line) -> Option<Expected> {
    let whole = whole(line);
    let expected = find_word(&whole, "expect").map(|at| at + "expect".len());
    let arrow = || match whole.is_ascii() {
        true => None,
        false => whole.rfind('→').map(|at| at + '→'.len_utf8()),
    };
    let at = expected.or_else(arrow)?;
    Some(expected_by(&whole[at..].to_lowercase()))
}

/// What words in lower case expect: the first that says pass or fail decides, and without it one that says success.
fn expected_by(words: &str) -> Expected {
    let mut before = "";
    let mut verdict = None;
    let mut succeeds = false;
    for word in words.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let is_denied = matches!(before, "0" | "no" | "not" | "zero" | "without" | "never")
            || before.ends_with("n't");
        let is_code =
            matches!(before, "exit" | "exits" | "code" | "status") && words.contains("exit");
        let is_other_code =
            is_code && (word == "non" || word.parse::<u32>().is_ok_and(|code| code > 0));
        let says_failure = word.starts_with("fail") || word.starts_with("error");
        let is_failure = says_failure && !is_denied || is_other_code;
        let is_pass = matches!(word, "pass" | "passes" | "passed" | "passing")
            || word.contains("通过")
            || word.contains("通過");
        let is_counted = before.parse::<u32>().is_ok_and(|count| count > 0);
        match verdict {
            None if is_failure || is_pass => verdict = Some(is_pass && !is_denied),
            Some(true) if is_failure && is_counted => verdict = Some(false),
            _ => {}
        }
        succeeds |=
            says_failure && is_denied || is_code && word == "0" || says_success(word) && !is_denied;
        if !word.is_empty() {
            before = word;
        }
    }
    match verdict {
        Some(true) => Expected::Passes,
        None if succeeds => Expected::Succeeds,
        _ => Expected::Other,
    }
}

/// Whether a word in lower case says that something went well, and no more.
fn says_success(word: &str) -> bool {
    let is_one = matches!(word, "ok" | "clean" | "cleanly" | "green" | "compiles");
    let begins = word.starts_with("success") || word.starts_with("succeed");
    let holds = ["成功", "全绿", "全綠"]
        .iter()
        .any(|said| word.contains(said));
    is_one || begins || holds
}

#[cfg(test)]
mod tests {
    use super::{Expected, expected_by};

    #[test]
    fn what_is_to_pass_is_told_from_what_is_to_fail() {
        let all = |expected: Expected, texts: &[&str]| {
            for text in texts {
                assert_eq!(expected_by(text), expected, "{text}");
            }
        };
        all(
            Expected::Passes,
            &[
                ": pass",
                "ed: all tests pass",
                "ed: `test result: ok. 1 passed; 0 failed`.",
                "ed: 3/3 pass.",
                "ed pass: it works. if it fails, stop",
                "ed: 全部通过",
            ],
        );
        all(
            Expected::Succeeds,
            &[
                "ed: no errors",
                "ed: 0 errors",
                "ed: exit 0",
                "ed: exits with code 0",
                "ed: `ok`",
                "ed: build succeeds.",
                "ed: build successful",
                "ed: compiles",
                "ed: all green",
                "ed: clean",
                "ed: 构建成功",
            ],
        );
        all(
            Expected::Other,
            &[
                "ed: fail with \"not defined\"",
                "ed: build error (no such file), the others pass",
                "ed: 7 passed, 2 failed",
                "ed: the test does not pass yet",
                "ed: exit 1",
                "ed: exit code 2, not 0",
                "ed: a non-zero exit",
                "ed: doesn't succeed",
                "ed: no output",
                "ed: two commits",
                "ed: status code 200",
            ],
        );
    }
}
