//! `<NN>-<MM>-SUMMARY.md`, which says that a plan is done, and the box of the plan in `ROADMAP.md`.
//!
//! A summary that a person or an agent wrote is never touched; one of ours says whose run it tells of, and is written
//! again when the plan is not done any more.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use super::front::{self, PlanId};
use super::phase::PlanFile;
use crate::plan::markdown::{Block, Document, Line, lines};
use crate::plan::seal::{is_sealed, sealed};
use crate::plan::source::Source;
use crate::plan::status_words::{Word, word};
use crate::plan::text::Text;
use crate::plan::{Change, Edit, Fault, Progress, Status, TaskProgress, visible, yaml};

/// What a summary says.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) id: PlanId,
    /// Whether the plan is done; a summary may also tell how far one came.
    pub(super) is_done: bool,
    /// Whether a run of ours wrote it, and nobody changed it since.
    is_ours: bool,
    /// The titles of the tasks that it speaks of, if it is ours: the plan may have more by now.
    pub(super) titles: Option<HashSet<String>>,
}

impl Summary {
    /// None when the file is not called like one.
    pub(super) fn read(source: &Source, faults: &mut Vec<Fault>) -> Option<Self> {
        let id = PlanId::of_summary(&source.path)?;
        let text = source.text();
        let is_ours = is_sealed(text.text.as_bytes());
        let front = text.document().front.as_ref();
        let front = front.and_then(|range| Some((range, yaml::parse(&text, range.clone()).ok()?)));
        let status = front
            .as_ref()
            .and_then(|(_, front)| front["status"].as_str());
        let status = status.unwrap_or_default().trim().to_lowercase();
        let is_open = OPEN.contains(&status.as_str());
        // What a summary of ours says below its front matter are the words of others.
        let denied = (!is_ours && !is_open)
            .then(|| {
                let front = front.and_then(|(range, front)| denied_in_front(&front, range, &text));
                front.or_else(|| denied_in_body(text.document()))
            })
            .flatten();
        if let Some(place) = &denied {
            let said = text.text[place.clone()].trim();
            let message = format!("`{said}` says that plan `{id}` is not done, so it is pending");
            let fault = text.warning(place.clone(), message);
            faults.push(fault.help("a summary without such words says that its plan is done"));
        }
        Some(Self {
            id,
            is_done: !is_open && denied.is_none(),
            is_ours,
            titles: is_ours.then(|| titles(text.text)),
        })
    }
}

impl Summary {
    /// Whether it no longer says what is so. That a plan has got more tasks takes nothing back.
    fn is_stale(&self, tasks: &[&TaskProgress], is_done: bool) -> bool {
        let is_told = |task: &TaskProgress| {
            let titles = self.titles.as_ref();
            titles.is_none_or(|titles| titles.contains(&task.title))
        };
        match (self.is_done, is_done) {
            (true, true) => !tasks.iter().all(|task| is_told(task)),
            (true, false) => {
                let mut told = tasks.iter().filter(|task| is_told(task));
                told.any(|task| task.status != Status::Done)
            }
            (false, is_done) => is_done,
        }
    }
}

/// The titles in the list of commits of a summary of ours: `1. **Task 1: title** - …`.
fn titles(text: &str) -> HashSet<String> {
    let titles = text.lines().filter_map(|line| {
        let (number, rest) = line.split_once(". **Task ")?;
        let (again, title) = rest.split_once(": ")?;
        let (title, _) = title.rsplit_once("** - ")?;
        (number == again).then(|| title.to_owned())
    });
    titles.collect()
}

/// What a summary may say of its plan instead of that it is done.
const OPEN: [&str; 8] = [
    "incomplete",
    "partial",
    "failed",
    "blocked",
    "in-progress",
    "in_progress",
    "pending",
    "paused",
];

/// Whether words say of a plan that it is not done; what they do not speak of is left to the file that is there.
fn denies(said: &str) -> bool {
    let lower = said.to_lowercase();
    let first = lower
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    match word(said) {
        Word::Failed | Word::InProgress | Word::Unclear => true,
        Word::Open => {
            let open = [
                "checkpoint",
                "not",
                "unfinished",
                "awaiting",
                "waiting",
                "todo",
                "open",
                "stopped",
                "aborted",
                "halted",
            ];
            OPEN.contains(&first) || open.contains(&first) || said.trim().starts_with("[ ]")
        }
        Word::Done | Word::Skipped | Word::Reviewed => false,
    }
}

/// Where the front matter says that the plan is not done.
fn denied_in_front(front: &Value, range: &Range<usize>, text: &Text<'_>) -> Option<Range<usize>> {
    let is_denied = front["status"].as_str().is_some_and(denies);
    let is_incomplete = match &front["completed"] {
        Value::Bool(completed) => !completed,
        Value::String(said) => matches!(&*said.to_lowercase(), "false" | "no"),
        _ => false,
    };
    let key = match (is_denied, is_incomplete) {
        (true, _) => "status",
        (_, true) => "completed",
        _ => return None,
    };
    let mut at = range.start;
    for line in text.text[range.clone()].split_inclusive('\n') {
        if line.trim_start_matches(['"', '\'']).starts_with(key) {
            return Some(at..at + line.trim_end().len());
        }
        at += line.len();
    }
    Some(range.start..range.start)
}

/// Where the body says so: in a field or heading `Status` or `Self-Check` of the whole, not of a thing in it.
fn denied_in_body(document: &Document) -> Option<Range<usize>> {
    let is_name = |name: &str| {
        let name = name.trim_matches(|c: char| !c.is_alphanumeric());
        name.eq_ignore_ascii_case("status") || name.eq_ignore_ascii_case("self-check")
    };
    let named = |said: &str| {
        let (name, value) = said.split_once([':', '：'])?;
        is_name(name).then(|| denies(value))
    };
    let mut is_of_whole = true;
    let mut is_awaited = false;
    document.blocks.iter().find_map(|block| {
        let (is_denied, range) = match block {
            Block::Heading(heading) => {
                is_of_whole = heading.level <= 2;
                is_awaited = is_of_whole && is_name(&heading.title);
                (named(&heading.title), &heading.range)
            }
            Block::Line(line) => {
                let is_answer = std::mem::take(&mut is_awaited);
                let said = match &line.lead {
                    Some(lead) => is_name(lead).then(|| denies(&line.text)),
                    None if is_answer => Some(denies(&line.text)),
                    None => named(&line.text),
                };
                (said, &line.range)
            }
            _ => return None,
        };
        (is_of_whole && is_denied == Some(true)).then(|| range.clone())
    })
}

/// What says that these plans are done: the summary of each that is and has none, and its box in the roadmap.
pub(super) fn changes(
    files: &[PlanFile],
    summaries: &[Summary],
    roadmap: Option<&Source>,
    progress: &Progress,
) -> Vec<Change> {
    let of = progress.by_id();
    let mut changes = Vec::new();
    let mut edits = Vec::new();
    for file in files {
        let tasks: Vec<&TaskProgress> = file
            .tasks
            .iter()
            .filter_map(|task| of.get(&task.id).copied())
            .collect();
        if tasks.is_empty() {
            continue;
        }
        let is_done =
            tasks.len() == file.tasks.len() && tasks.iter().all(|task| task.status == Status::Done);
        let found = summaries.iter().find(|summary| summary.id == file.id);
        let is_ours = found.is_some_and(|found| found.is_ours);
        let is_new = match found {
            None => is_done,
            Some(found) => is_ours && found.is_stale(&tasks, is_done),
        };
        if is_new {
            changes.push(Change::Write {
                path: file.path.with_file_name(format!("{}-SUMMARY.md", file.id)),
                text: sealed(&summary(file, &tasks, is_done, progress)),
            });
        }
        if is_done || is_ours {
            edits.extend(roadmap.and_then(|roadmap| tick(roadmap, &file.id, is_done)));
        }
    }
    edits.sort_by_key(|edit: &Edit| edit.range.start);
    if let Some(roadmap) = roadmap.filter(|_| !edits.is_empty()) {
        let path = roadmap.path.clone();
        changes.push(Change::Edit { path, edits });
    }
    changes
}

/// The box of a plan, when there is exactly one and it says something else.
fn tick(roadmap: &Source, id: &PlanId, is_done: bool) -> Option<Edit> {
    let text = roadmap.text();
    let mut boxes = lines(&text.document().blocks).filter(|line| names(line, id));
    let (found, other) = (boxes.next()?, boxes.next());
    let mark = found.mark.as_ref().filter(|_| other.is_none())?;
    let is_ticked = matches!(mark.sign.as_str(), "x" | "X" | "✅" | "✓" | "✔");
    (is_ticked != is_done).then(|| Edit {
        range: mark.range.clone(),
        text: if is_done { "x" } else { " " }.to_owned(),
    })
}

/// Whether a line is the box of this plan: `- [ ] 01-02-PLAN.md — words`, `- [ ] **01-02**: words`.
fn names(line: &Line, id: &PlanId) -> bool {
    let said = line.lead.as_deref().unwrap_or(&line.text);
    let is_end = |c: char| c.is_whitespace() || ":：—–`*()[]".contains(c);
    let first = said.split(is_end).find(|word| !word.is_empty());
    line.mark.is_some()
        && first
            .and_then(front::plan_named)
            .is_some_and(|named| named == *id)
}

/// A summary in the shape that the format gives it.
fn summary(file: &PlanFile, tasks: &[&TaskProgress], is_done: bool, progress: &Progress) -> String {
    let phase = file.front.phase.clone();
    let phase = phase.unwrap_or_else(|| file.id.phase().unwrap_or_default().to_owned());
    let millis: u64 = tasks.iter().map(|task| task.millis).sum();
    let ended = tasks.iter().filter_map(|task| task.ended_at.as_deref());
    let began = tasks.iter().filter_map(|task| task.started_at.as_deref());
    let created = unique(tasks.iter().flat_map(|task| &task.created), &[]);
    let facts = Facts {
        duration: format!("{}min", millis.div_ceil(60_000)),
        began: began.min().unwrap_or(&progress.started_at),
        ended: ended.max().unwrap_or(&progress.at),
        modified: unique(tasks.iter().flat_map(|task| &task.modified), &created),
        created,
    };
    let mut text = facts.front(file, &phase, is_done, progress);
    let done: Vec<&&TaskProgress> = tasks
        .iter()
        .filter(|task| task.status == Status::Done)
        .collect();
    let (plan, count) = (file.id.plan(), done.len());
    text.push_str(&format!(
        "# Phase {phase} Plan {plan}: Summary\n\n**{count} of {} tasks done, each with commits of its own**\n\n",
        file.tasks.len()
    ));
    text.push_str(&format!(
        "## Performance\n\n- **Duration:** {}\n- **Started:** {}\n- **Completed:** {}\n- **Tasks:** {count}\n- **Files modified:** {}\n\n",
        facts.duration,
        facts.began,
        facts.ended,
        facts.created.len() + facts.modified.len()
    ));
    text.push_str("## Accomplishments\n\n");
    for task in done {
        let said = task.summary.as_deref().unwrap_or(&task.title);
        let said: Vec<&str> = said.split_whitespace().collect();
        text.push_str(&format!("- {}\n", said.join(" ")));
    }
    text.push_str("\n## Task Commits\n\n");
    for (number, task) in (1..).zip(tasks) {
        let commit = task.commit.as_deref();
        let commit = commit.filter(|_| task.status == Status::Done).map_or_else(
            || "no commit".to_owned(),
            |commit| format!("`{}`", commit.get(..8).unwrap_or(commit)),
        );
        text.push_str(&format!(
            "{number}. **Task {number}: {}** - {commit}\n",
            task.title
        ));
    }
    text.push_str("\n## Files Created/Modified\n\n");
    for (word, paths) in [("created", &facts.created), ("modified", &facts.modified)] {
        for path in paths {
            text.push_str(&format!("- `{path}` - {word}\n"));
        }
    }
    text
}

/// What is known of a plan's tasks together.
struct Facts<'a> {
    duration: String,
    began: &'a str,
    ended: &'a str,
    created: Vec<&'a str>,
    modified: Vec<&'a str>,
}

impl Facts<'_> {
    fn front(&self, file: &PlanFile, phase: &str, is_done: bool, progress: &Progress) -> String {
        // What JSON quotes, YAML reads.
        let quoted = |text: &str| serde_json::Value::from(&*visible(text)).to_string();
        let list = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
            paths.join(", ")
        };
        format!(
            "---\nphase: {}\nplan: {}\nstatus: {}\nenact_run: {}\nkey-files:\n  created: [{}]\n  modified: [{}]\nduration: {}\ncompleted: {}\n---\n\n",
            quoted(phase),
            quoted(file.id.plan()),
            if is_done { "complete" } else { "incomplete" },
            quoted(&progress.run),
            list(&self.created),
            list(&self.modified),
            self.duration,
            quoted(self.ended.get(..10).unwrap_or(self.ended)),
        )
    }
}

/// Each once, in order, without the others.
fn unique<'a>(paths: impl Iterator<Item = &'a String>, others: &[&str]) -> Vec<&'a str> {
    let mut seen: Vec<&str> = paths
        .map(String::as_str)
        .filter(|path| !others.contains(path))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

/// Whether a file only says how far a plan is.
pub(super) fn is_record(path: &Path) -> bool {
    PlanId::of_summary(path).is_some() || is_roadmap(path)
}

pub(super) fn is_roadmap(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "ROADMAP.md")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Summary;
    use crate::plan::source::Source;

    fn read(text: &str) -> (bool, Vec<String>) {
        let path = PathBuf::from("01-02-SUMMARY.md");
        let source = Source::new(path, text.to_owned());
        let mut faults = Vec::new();
        let summary = Summary::read(&source, &mut faults).expect("it is called like one");
        let told = faults.into_iter().map(|fault| fault.message);
        (summary.is_done, told.collect())
    }

    #[test]
    fn a_summary_that_says_it_is_not_done_is_not_believed_to_be() {
        for (text, line) in [
            ("# X\n\n**Status:** Blocked\n", "Blocked"),
            ("# X\n\n**Status:** Incomplete\n", "Incomplete"),
            ("# X\n\n## Status: PARTIAL\n", "PARTIAL"),
            ("# X\n\nStatus: In progress\n", "In progress"),
            ("# X\n\n## Status\n\nBlocked by Ann\n", "Blocked"),
            ("# X\n\n## Self-Check: FAILED\n", "FAILED"),
            ("---\nstatus: checkpoint\n---\n# X\n", "status: checkpoint"),
            (
                "---\nphase: 1\ncompleted: false\n---\n# X\n",
                "completed: false",
            ),
        ] {
            let (is_done, told) = read(text);
            assert!(!is_done, "{text}");
            assert!(
                matches!(&told[..], [one] if one.contains(line) && one.contains("01-02")),
                "{text}: {told:?}"
            );
        }
    }

    #[test]
    fn a_summary_that_denies_nothing_says_that_its_plan_is_done() {
        for text in [
            "# X\n\nAll of it.\n",
            "---\nstatus: complete\ncompleted: 2026-01-02\n---\n# X\n\n**Status:** Complete\n",
            "# X\n\n## Status: ✅ Complete\n\n## Self-Check: PASSED\n",
            "# X\n\n## Issues\n\n### One of another\n\n**Status:** Blocked\n",
            "# X\n\n**Status**: PASS - EXCEEDED\n",
        ] {
            assert_eq!(read(text), (true, Vec::new()), "{text}");
        }
    }
}
