//! Saying in a plan how far its run is: checkpoints, the plan's status, the boxes of an execution record, a summary at
//! the end, and the logs.
//!
//! What people wrote stays: the status words, marks of boxes and the sections that the format keeps itself change.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde_json::{Map, Value};

use super::checkpoint::{checkpoint, written};
use super::prose::Key;
use super::{logs, read, state};
use crate::plan::markdown::{Block, Document, lines};
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{
    Change, Edit, ImportedStatus, Plan, Progress, Status, Task, TaskId, TaskProgress, edited, yaml,
};

/// What reviewed plans say, where a plan that was implemented no longer is.
const REVIEWED: &str = "Reviewed - Ready for Implementation";

/// What becomes of the files of a plan, and of its logs.
pub(super) fn changes(sources: &[Source], progress: &Progress) -> Vec<Change> {
    let plan = read(sources).plan;
    let of: HashMap<&TaskId, &TaskProgress> =
        progress.tasks.iter().map(|task| (&task.id, task)).collect();
    let told = Told {
        plan: &plan,
        progress,
        of: &of,
    };
    let mut changes: Vec<Change> = told.in_plan(&sources[0]).into_iter().collect();
    for source in &sources[1..] {
        changes.extend(told.in_record(source));
    }
    if !told.says_nothing() {
        changes.extend(logs::logs(
            &sources[0].path,
            &plan,
            progress,
            &of,
            told.all_done(),
        ));
    }
    changes
}

/// A plan and how far its run is.
struct Told<'a> {
    plan: &'a Plan,
    progress: &'a Progress,
    of: &'a HashMap<&'a TaskId, &'a TaskProgress>,
}

impl Told<'_> {
    /// Whether there is no run, so that the plan shall say nothing of any.
    fn says_nothing(&self) -> bool {
        self.progress.run.is_empty()
    }

    /// Whether the run is over and nothing of the plan is left to do.
    fn all_done(&self) -> bool {
        let is_settled = |task: &Task| match self.of.get(&task.id) {
            Some(told) => matches!(told.status, Status::Done | Status::Skipped),
            None => task
                .imported
                .as_ref()
                .is_some_and(|imported| imported.status != ImportedStatus::InProgress),
        };
        self.progress.over && !self.plan.tasks.is_empty() && self.plan.tasks.iter().all(is_settled)
    }

    fn in_plan(&self, source: &Source) -> Option<Change> {
        let text = source.text();
        let document = text.document();
        let mut edits = self.status(document, &text);
        let end = text.text.trim_end().len().max(text.start());
        let mut added = String::new();
        match state::checkpoints(document, &text) {
            Some(found) if self.says_nothing() => edits.push(removal(found.whole, &text)),
            Some(found) => edits.extend(self.checkpoints_in_place(&found, &text)),
            None if self.says_nothing() => {}
            None => {
                let entries = self.entries(&Value::Null);
                if !entries.is_empty() {
                    added.push_str(&format!(
                        "\n\n## Execution Checkpoints\n\n```yaml\n{}```\n",
                        written(&entries, false)
                    ));
                }
            }
        }
        match own_summary(document, &text) {
            Some(found) if self.says_nothing() || !self.all_done() => {
                edits.push(removal(found, &text));
            }
            None if self.all_done() && !has_summary(document) => {
                let apart = if added.is_empty() { "\n\n" } else { "\n" };
                added.push_str(&format!("{apart}{}", self.summary()));
            }
            _ => {}
        }
        if self.says_nothing() {
            // Where something was added the text ended before it, however it did.
            let removed = |end: usize| edits.iter().find(|edit| edit.range.contains(&(end - 1)));
            let mut end = end;
            while let Some(edit) = end.checked_sub(1).and_then(|_| removed(end)) {
                end = text.text[..edit.range.start].trim_end().len();
            }
            let end = end.max(text.start());
            edits.push(Edit {
                range: end..text.text.len(),
                text: String::new(),
            });
        } else if !added.is_empty() {
            edits.push(Edit {
                range: end..text.text.len(),
                text: with_ends_of(&added, text.text),
            });
        }
        let edits = disjoint(edits);
        let stays = |edits: &[Edit]| {
            edits
                .iter()
                .all(|edit| text.text[edit.range.clone()] == edit.text)
        };
        // Below something that is never closed nothing can be added.
        let is_seen = added.is_empty() || {
            let new = edited(text.text, &edits);
            let new = Text::new(text.path, &new);
            let document = new.document();
            !added.contains("## Execution Checkpoints")
                || state::checkpoints(document, &new).is_some()
        };
        (!stays(&edits) && is_seen).then(|| Change::Edit {
            path: source.path.clone(),
            edits,
        })
    }

    /// The words of `**Status:**`, and of `status` in the front matter where there is one.
    fn status(&self, document: &Document, text: &Text<'_>) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut set = |range: Range<usize>, done: &str, reviewed: &str, is_done: bool| {
            let words = match (self.says_nothing(), self.all_done()) {
                (true, _) => "",
                (false, true) if !is_done => done,
                (false, false) if is_done => reviewed,
                _ => return,
            };
            edits.push(Edit {
                range,
                text: words.to_owned(),
            });
        };
        if let Some(range) = super::status_words(document, text) {
            let is_done = state::word(&text.text[range.clone()]) == state::Word::Done;
            set(range, "Implemented", REVIEWED, is_done);
        }
        if let Some(range) = front_status(document, text) {
            let is_done = text.text[range.clone()].starts_with("implemented");
            set(range, "implemented", "done", is_done);
        }
        edits
    }

    /// What the checkpoints say, by phase; of phases that the run does not name as they are.
    fn entries(&self, there: &Value) -> Vec<(String, Map<String, Value>)> {
        let mut there: BTreeMap<Option<Key>, (String, Map<String, Value>)> = state::entries(there)
            .into_iter()
            .filter_map(|(name, entry)| {
                Some((state::key(name), (name.clone(), entry.as_object()?.clone())))
            })
            .collect();
        let mut entries = Vec::new();
        for task in &self.plan.tasks {
            let key = Key::of(task.id.as_str());
            let old = there.remove(&key);
            let name = match &old {
                Some((name, _)) => name.clone(),
                None => format!("phase_{}", task.id.as_str().replace('.', "_")),
            };
            let old = old.map(|(_, entry)| entry);
            let entry = match self.of.get(&task.id) {
                Some(told) => checkpoint(task, told, old),
                None => old,
            };
            entries.extend(entry.map(|entry| (name, entry)));
        }
        entries.extend(there.into_values());
        entries
    }

    fn checkpoints_in_place(&self, found: &state::Checkpoints, text: &Text<'_>) -> Option<Edit> {
        let there = yaml::parse(text, found.yaml.clone()).ok();
        let Some(there) = there.filter(|there| there.is_array() || there.is_object()) else {
            // Somebody's own notes under this heading: the checkpoints come below them.
            let entries = self.entries(&Value::Null);
            let notes = text.text[found.whole.clone()].trim_end().len();
            let at = found.whole.start + notes;
            let is_fenced =
                found.yaml.end < found.whole.end && text.text[found.yaml.end..].starts_with("```");
            let added = format!("\n\n```yaml\n{}```", written(&entries, false));
            return (!entries.is_empty() && !is_fenced).then(|| Edit {
                range: at..at,
                text: with_ends_of(&added, text.text),
            });
        };
        let entries = self.entries(&there);
        let says =
            |entries: &[(String, Map<String, Value>)]| -> BTreeMap<String, Map<String, Value>> {
                entries.iter().cloned().collect()
            };
        let old: Vec<(String, Map<String, Value>)> = state::entries(&there)
            .into_iter()
            .filter_map(|(name, entry)| Some((name.clone(), entry.as_object()?.clone())))
            .collect();
        if says(&entries) == says(&old) {
            return None;
        }
        let yaml = &text.text[found.yaml.clone()];
        // The heading may stand in the fence, and blank lines around what stands bare.
        let body = yaml
            .split_inclusive('\n')
            .take_while(|line| line.trim().is_empty() || line.starts_with('#'))
            .map(str::len)
            .sum::<usize>();
        let end = yaml.trim_end().len().max(body);
        let new = written(&entries, there.is_object());
        Some(Edit {
            range: found.yaml.start + body..found.yaml.start + end,
            text: with_ends_of(new.trim_end(), text.text),
        })
    }

    fn summary(&self) -> String {
        let seconds: u64 = self.progress.tasks.iter().map(|task| task.seconds).sum();
        let date = self.progress.at.get(..10).unwrap_or(&self.progress.at);
        let mut text = format!(
            "## Implementation Summary\n\n**Completed:** {date}\n**Total Duration:** {}\n\n**Phases Completed:**\n",
            logs::duration(seconds)
        );
        for task in &self.plan.tasks {
            let is_skipped = match self.of.get(&task.id) {
                Some(told) => told.status == Status::Skipped,
                None => task
                    .imported
                    .as_ref()
                    .is_some_and(|imported| imported.status == ImportedStatus::Skipped),
            };
            let word = if is_skipped { "Skipped" } else { "Complete" };
            text.push_str(&format!("- Phase {}: {} - {word}\n", task.id, task.title));
        }
        text
    }

    /// The boxes of an execution record.
    fn in_record(&self, source: &Source) -> Option<Change> {
        let text = source.text();
        let document = text.document();
        let groups = state::members(&self.plan.tasks);
        let by_key = state::by_key(&self.plan.tasks);
        let mut edits = Vec::new();
        for line in lines(&document.blocks) {
            let (Some(mark), Some(named)) = (&line.mark, state::recorded(line)) else {
                continue;
            };
            let found = state::found(&named, &groups, &by_key);
            let tasks: Vec<Option<&&TaskProgress>> = found
                .iter()
                .map(|index| self.of.get(&self.plan.tasks[*index].id))
                .collect();
            // Of what the run does not name nothing is known.
            if tasks.is_empty() || tasks.iter().any(Option::is_none) {
                continue;
            }
            let is_done = tasks
                .iter()
                .flatten()
                .all(|task| task.status == Status::Done);
            if is_done != state::is_ticked(mark) {
                edits.push(Edit {
                    range: mark.range.clone(),
                    text: if is_done { "x" } else { " " }.to_owned(),
                });
            }
        }
        (!edits.is_empty()).then(|| Change::Edit {
            path: source.path.clone(),
            edits,
        })
    }
}

/// Where the value of `status` in the front matter stands, without its quotes.
fn front_status(document: &Document, text: &Text<'_>) -> Option<Range<usize>> {
    let front = document.front.as_ref()?.range.clone();
    let mut at = front.start;
    for line in text.text[front].split_inclusive('\n') {
        if let Some(value) = line.strip_prefix("status:") {
            let start = at + line.len() - value.trim_start().len();
            let bare = value.trim();
            let quote = bare.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (start, bare) = match quote {
                Some(quote) => (start + 1, bare[1..].split(quote).next().unwrap_or_default()),
                None => (
                    start,
                    bare.split(" #").next().unwrap_or_default().trim_end(),
                ),
            };
            let is_one_line = !bare.is_empty() && !bare.starts_with(['|', '>', '[', '{', '&']);
            return is_one_line.then_some(start..start + bare.len());
        }
        at += line.len();
    }
    None
}

fn has_summary(document: &Document) -> bool {
    document
        .headings()
        .any(|(_, heading)| is_summary(&heading.title))
}

fn is_summary(title: &str) -> bool {
    title.trim().eq_ignore_ascii_case("implementation summary")
}

/// Where a summary stands that has the form of ours.
fn own_summary(document: &Document, text: &Text<'_>) -> Option<Range<usize>> {
    let (at, heading) = document
        .headings()
        .find(|(_, heading)| heading.level == 2 && is_summary(&heading.title))?;
    let first = document.blocks.get(at + 1)?;
    let is_own = matches!(first, Block::Line(line) if line.lead.as_deref() == Some("Completed"));
    let next = document.headings().find(|(next, _)| *next > at);
    let end = next.map_or(text.text.len(), |(_, next)| next.range.start);
    is_own.then_some(heading.range.start..end)
}

/// Takes a section out with the blank lines before it.
fn removal(range: Range<usize>, text: &Text<'_>) -> Edit {
    let before = text.text[..range.start].trim_end().len();
    let is_last = text.text[range.end..].trim().is_empty();
    let start = if is_last {
        before.max(text.start())
    } else {
        range.start
    };
    Edit {
        range: start..range.end,
        text: String::new(),
    }
}

/// Edits in order, those that meet made one.
fn disjoint(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut whole: Vec<Edit> = Vec::new();
    for edit in edits {
        match whole.last_mut() {
            Some(last) if edit.range.start < last.range.end => {
                last.range.end = last.range.end.max(edit.range.end);
                last.text.push_str(&edit.text);
            }
            _ => whole.push(edit),
        }
    }
    whole
}

/// A text with the line ends of another.
fn with_ends_of(added: &str, text: &str) -> String {
    if text.contains("\r\n") {
        added.replace('\n', "\r\n")
    } else {
        added.to_owned()
    }
}
