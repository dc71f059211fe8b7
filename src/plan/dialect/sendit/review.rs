//! What whoever executes such a plan takes from each task: what to do, in which files, how it is verified, and which
//! part of the spec it serves.

use std::ops::Range;
use std::path::Path;

use super::TaskHeading;
use crate::plan::fields;
use crate::plan::gaps::{Asked, Gaps};
use crate::plan::markdown::{Block, Document, lines};
use crate::plan::text::Text;
use crate::plan::{Fault, Task, tags};

const ACTION: Asked = Asked {
    what: "`Action`",
    help: "say what is to be done: `**Action**: …`",
};
const FILES: Asked = Asked {
    what: "`Files`",
    help: "say which files it changes: `**Files**: `, then paths in backticks",
};
const VERIFY: Asked = Asked {
    what: "`Verify`",
    help: "say how it is verified: `**Verify**: `, then a command in backticks; no check proves it else",
};
const SPEC: Asked = Asked {
    what: "`Spec ref`",
    help: "say which requirement or criterion of the spec it serves: `**Spec ref**: …`",
};

/// Executors are told to flag a task that changes more.
const FILES_MAX: usize = 5;

/// What there is to tell of the tasks, each with its section; `spec` is the one that the plan names.
pub(super) fn faults(
    tasks: &[Task],
    sections: &[&[Block]],
    document: &Document,
    spec: Option<&str>,
    text: &Text<'_>,
) -> Vec<Fault> {
    let lacks = |at: usize, name: &str| !fields::has(sections[at], name);
    let mut faults = Gaps::of_tasks(
        tasks,
        &[
            (ACTION, &|at, _| says_nothing(sections[at])),
            (FILES, &|at, _| lacks(at, "Files")),
            (VERIFY, &|_, task| task.verify.is_empty()),
            (SPEC, &|at, _| spec.is_some() && lacks(at, "Spec ref")),
        ],
    );
    faults.extend(wide(tasks));
    faults.extend(spec.and_then(|spec| missing(spec, text)));
    faults.extend(without_criteria(document, text).filter(|_| tasks.iter().any(Task::is_open)));
    faults
}

/// Whether a task has nothing but its heading and what is read of it: no action, no other words, no script.
fn says_nothing(section: &[Block]) -> bool {
    const READ: [&str; 4] = ["Files", "Verify", "Independent", "Spec ref"];
    let is_read = |lead: &str| READ.iter().any(|name| name.eq_ignore_ascii_case(lead));
    let mut words = lines(section).filter(|line| match &line.lead {
        Some(lead) => !is_read(lead),
        None => line.depth == 0 && line.words,
    });
    words.next().is_none() && !section.iter().any(|block| matches!(block, Block::Fence(_)))
}

/// Tasks that name more files than an executor is to change.
fn wide(tasks: &[Task]) -> Option<Fault> {
    let is_wide = |task: &&Task| task.is_open() && task.files.len() > FILES_MAX;
    let mut wide = tasks.iter().filter(is_wide);
    let first = wide.next()?;
    let more = match wide.count() {
        0 => "",
        1 => "; one more names as many",
        _ => "; others name as many",
    };
    let message = format!(
        "task `{}` names {} files, and more than {FILES_MAX} are too many for one task{more}",
        first.id,
        first.files.len()
    );
    Some(
        Fault::warning(message)
            .at(first.location.clone(), first.id.as_str().len())
            .help("an executor is told to hand such a task back: split it"),
    )
}

/// The spec that the plan names, when it is not there.
fn missing(spec: &str, text: &Text<'_>) -> Option<Fault> {
    let full = std::path::absolute(text.path).ok()?;
    let mut above = full.ancestors().skip(1);
    if Path::new(spec).is_absolute() || above.any(|above| above.join(spec).exists()) {
        return None;
    }
    let at = text.text.find(spec)?;
    let fault = text.warning(at..at + spec.len(), format!("`{spec}` does not exist"));
    Some(
        fault
            .help("the plan says that it comes from there: name it from the top of the repository"),
    )
}

/// A plan that is written as the template is, but for what must hold when all is done.
fn without_criteria(document: &Document, text: &Text<'_>) -> Option<Fault> {
    let has = |name: &str| {
        let mut headings = document.headings();
        headings.any(|(_, heading)| heading.title.eq_ignore_ascii_case(name))
    };
    let lacks = has("Objective") && has("Tasks") && !has("Success Criteria");
    lacks.then(|| {
        text.warning(
            text.start()..text.start(),
            "the plan has no `Success Criteria`",
        )
        .help("say below `## Success Criteria` what must hold when all tasks are done")
    })
}

/// The spec that `> From: …` names.
pub(super) fn spec(document: &Document) -> Option<String> {
    let first_task = document.headings().find(|(_, heading)| heading.level > 1);
    let preamble = &document.blocks[..first_task.map_or(document.blocks.len(), |(at, _)| at)];
    lines(preamble).find_map(|line| {
        let rest = match &line.lead {
            Some(lead) if lead.eq_ignore_ascii_case("from") => line.text.as_str(),
            _ => line
                .text
                .strip_prefix("From:")
                .or_else(|| line.text.strip_prefix("from:"))?,
        };
        let path = rest.trim().trim_matches('`').split_whitespace().next()?;
        Some(path.to_owned())
    })
}

/// A status beside a title that means nothing here: `### Task 2: Add it [BLOCKED]`.
pub(in crate::plan::dialect) fn unread_status(
    named: &TaskHeading,
    text: &Text<'_>,
) -> Option<Fault> {
    let tag = tags::status_beside(&named.title).filter(|_| named.says.is_none())?;
    Some(tags::unread(tag, named.place(text), text))
}

impl TaskHeading {
    /// Its id and what follows that on its line.
    pub(in crate::plan::dialect) fn place(&self, text: &Text<'_>) -> Range<usize> {
        let rest = text.text[self.at..].lines().next().unwrap_or_default();
        self.at..self.at + rest.trim_end().len()
    }
}
