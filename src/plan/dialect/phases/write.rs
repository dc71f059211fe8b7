//! Saying in a plan how far its run is: checkpoints, the plan's status, the boxes of an execution record, a summary at
//! the end, and the logs.
//!
//! What people wrote stays: the status words, marks of boxes and the sections that the format keeps itself change.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};

use super::checkpoint::{checkpoint, entry};
use super::places::{self, Wanted};
use super::prose::Key;
use super::{logs, read, state, status, summary};
use crate::plan::markdown::lines;
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{
    Change, Edit, ImportedStatus, Plan, Progress, Status, Task, TaskId, TaskProgress, edited, yaml,
};

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
    let mut changes = told.in_plan(&sources[0]);
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

    fn in_plan(&self, source: &Source) -> Vec<Change> {
        let text = source.text();
        let document = text.document();
        let wanted = match (self.says_nothing(), self.all_done()) {
            (true, _) => status::Wanted::Nothing,
            (false, true) => status::Wanted::Done,
            (false, false) => status::Wanted::Before,
        };
        let mut edits = status::edits(document, &text, wanted);
        let mut added = String::new();
        let mut untold = None;
        match state::checkpoints(document, &text) {
            Some(found) if self.says_nothing() => edits.push(removal(found.whole, &text)),
            Some(found) => match self.checkpoints_in_place(&found, &text) {
                Some(own) => edits.extend(own),
                None => untold = Some(text.location(found.whole.start).line),
            },
            None if self.says_nothing() => {}
            None => {
                let wanted = self.wanted(&Value::Null);
                let entries = wanted
                    .iter()
                    .map(|wanted| entry(&wanted.name, &wanted.new, false));
                let entries: String = entries.collect();
                if !entries.is_empty() {
                    added.push_str(&format!(
                        "\n## Execution Checkpoints\n\n```yaml\n{entries}```\n"
                    ));
                }
            }
        }
        match summary::own(document, &text) {
            Some(found) if self.says_nothing() => edits.push(removal(found, &text)),
            Some(found) if !self.all_done() => edits.push(Edit {
                range: with_what_parts_it(found, text.text),
                text: String::new(),
            }),
            None if self.all_done() && !summary::is_in(document) => {
                added.push_str(&format!("\n{}", self.summary()));
            }
            _ => {}
        }
        if self.says_nothing() {
            edits.push(without_end(&edits, &text));
        } else if !added.is_empty() {
            let end = text.text.len();
            edits.push(Edit {
                range: end..end,
                text: with_ends_of(&at_end_of(text.text, added.clone()), text.text),
            });
        }
        let edits = disjoint(edits);
        let path = &source.path;
        let mut changes = Vec::new();
        if let Some(line) = untold {
            changes.push(no_checkpoints(path, &format!("below its line {line}")));
        }
        if !is_seen(&added, &edits, &text) {
            changes.push(no_checkpoints(path, "at its end"));
        } else if !is_said(&edits, &text) {
            let path = path.clone();
            changes.push(Change::Edit { path, edits });
        }
        changes
    }

    /// What the checkpoints shall say of each phase; of phases that the run does not name as they are.
    fn wanted(&self, there: &Value) -> Vec<Wanted> {
        let there = state::entries(there).into_iter();
        // Of two entries of one phase the later one counts.
        let mut there: HashMap<Key, (&String, &Value)> = there
            .filter_map(|(name, entry)| Some((state::key(name)?, (name, entry))))
            .collect();
        let wanted = |task: &Task| {
            let key = Key::of(task.id.as_str())?;
            let old = there.remove(&key);
            let name = match &old {
                Some((name, _)) => (*name).clone(),
                None => format!("phase_{}", task.id.as_str().replace('.', "_")),
            };
            let old = old.and_then(|(_, entry)| entry.as_object().cloned());
            let new = match self.of.get(&task.id) {
                Some(told) => checkpoint(task, told, old.clone()),
                None => old.clone(),
            };
            new.map(|new| Wanted {
                key,
                name,
                old,
                new,
            })
        };
        self.plan.tasks.iter().filter_map(wanted).collect()
    }

    /// The edits after which the checkpoints that are there say it: of the entries that change, or a fence of our own
    /// below them; nothing where it could not be read again.
    fn checkpoints_in_place(
        &self,
        found: &state::Checkpoints,
        text: &Text<'_>,
    ) -> Option<Vec<Edit>> {
        let there = yaml::parse(text, found.yaml.clone());
        let can_hold = match &there {
            Ok(Value::Null) => found.is_fenced,
            // Notes that happen to be YAML are left alone.
            Ok(there) => found.is_fenced || state::entries(there).iter().any(is_of_phase),
            Err(_) => false,
        };
        let there = there.unwrap_or_default();
        let all = self.wanted(&there);
        let changed: Vec<&Wanted> = all
            .iter()
            .filter(|wanted| wanted.old.as_ref() != Some(&wanted.new))
            .collect();
        if changed.is_empty() {
            return Some(Vec::new());
        }
        let start = found.yaml.start;
        let in_place = places::edits(&text.text[found.yaml.clone()], &changed);
        let in_place = in_place.filter(|_| can_hold).map(|edits| {
            let placed = |edit: Edit| Edit {
                range: start + edit.range.start..start + edit.range.end,
                text: with_ends_of(&edit.text, text.text),
            };
            edits.into_iter().map(placed).collect::<Vec<Edit>>()
        });
        let in_place = in_place.filter(|edits| is_read(edits, text, &changed, Some(&there)));
        if in_place.is_some() {
            return in_place;
        }
        let at = found.whole.start + text.text[found.whole.clone()].trim_end().len();
        let entries = all
            .iter()
            .map(|wanted| entry(&wanted.name, &wanted.new, false));
        let fence = format!("\n\n```yaml\n{}```", entries.collect::<String>());
        let below = vec![Edit {
            range: at..at,
            text: with_ends_of(&fence, text.text),
        }];
        is_read(&below, text, &changed, None).then_some(below)
    }

    fn summary(&self) -> String {
        let millis: u64 = self.progress.tasks.iter().map(|task| task.millis).sum();
        let is_skipped = |task: &Task| match self.of.get(&task.id) {
            Some(told) => told.status == Status::Skipped,
            None => task
                .imported
                .as_ref()
                .is_some_and(|imported| imported.status == ImportedStatus::Skipped),
        };
        let phases: Vec<(&Task, bool)> = self
            .plan
            .tasks
            .iter()
            .map(|task| (task, is_skipped(task)))
            .collect();
        summary::section(&self.progress.at, millis, &phases)
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

/// Takes out how a text ends besides what edits remove: where something was added it ended before that, however it did.
fn without_end(edits: &[Edit], text: &Text<'_>) -> Edit {
    let removed = |end: usize| edits.iter().find(|edit| edit.range.contains(&(end - 1)));
    let mut end = text.text.trim_end().len().max(text.start());
    while let Some(edit) = end.checked_sub(1).and_then(|_| removed(end)) {
        end = text.text[..edit.range.start].trim_end().len();
    }
    Edit {
        range: end.max(text.start())..text.text.len(),
        text: String::new(),
    }
}

/// That a plan has no place for checkpoints where they would be read again.
fn no_checkpoints(path: &Path, place: &str) -> Change {
    Change::Untold {
        path: path.to_path_buf(),
        why: format!(
            "gets no checkpoints: {place} they could not be read again; `## Execution Checkpoints` is a heading of its \
             own, in no code fence and below none that is never closed"
        ),
    }
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

/// What is added below all that is there: whether the last line ends stays as it is, so that it can be taken out
/// again without a trace.
fn at_end_of(text: &str, mut added: String) -> String {
    if !text.ends_with('\n') {
        added.insert(0, '\n');
        added.truncate(added.trim_end().len());
    }
    added
}

/// A section that was added at the end, with what was put between it and the text.
fn with_what_parts_it(section: Range<usize>, text: &str) -> Range<usize> {
    let is_open = !text[section.clone()].ends_with('\n');
    let mut start = section.start;
    for _ in 0..1 + usize::from(is_open) {
        let above = &text[..start];
        let line_end = match above {
            _ if above.ends_with("\r\n") => 2,
            _ => usize::from(above.ends_with('\n')),
        };
        // What a person moved up to other lines takes none of their ends along.
        let is_blank = is_open || above[..start - line_end].ends_with('\n');
        start -= if is_blank { line_end } else { 0 };
    }
    start..section.end
}

/// Whether edits change nothing.
fn is_said(edits: &[Edit], text: &Text<'_>) -> bool {
    let mut edits = edits.iter();
    edits.all(|edit| text.text[edit.range.clone()] == edit.text)
}

/// Whether what is added is found again: below something that is never closed nothing can be added.
fn is_seen(added: &str, edits: &[Edit], text: &Text<'_>) -> bool {
    if !added.contains("## Execution Checkpoints") {
        return true;
    }
    let new = edited(text.text, edits);
    let new = Text::new(text.path, &new);
    state::checkpoints(new.document(), &new).is_some()
}

fn is_of_phase((name, _): &(&String, &Value)) -> bool {
    state::key(name).is_some()
}

/// Whether the checkpoints say what is wanted once they are edited, and all that stood beside it still.
fn is_read(edits: &[Edit], text: &Text<'_>, wanted: &[&Wanted], before: Option<&Value>) -> bool {
    let new = edited(text.text, edits);
    let new = Text::new(text.path, &new);
    let Some(found) = state::checkpoints(new.document(), &new) else {
        return false;
    };
    let Ok(now) = yaml::parse(&new, found.yaml) else {
        return false;
    };
    let entries = state::entries(&now).into_iter();
    let said: HashMap<Key, &Value> = entries
        .filter_map(|(name, entry)| Some((state::key(name)?, entry)))
        .collect();
    let is_said = |wanted: &&Wanted| {
        let entry = said.get(&wanted.key).and_then(|entry| entry.as_object());
        entry == Some(&wanted.new)
    };
    let keys: HashSet<&Key> = wanted.iter().map(|wanted| &wanted.key).collect();
    wanted.iter().all(is_said)
        && before.is_none_or(|before| beside(before, &keys) == beside(&now, &keys))
}

/// All that a list or a map holds but for the entries of some phases.
fn beside(value: &Value, keys: &HashSet<&Key>) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().flat_map(|item| beside(item, keys)).collect(),
        Value::Object(map) => {
            let others = map
                .iter()
                .filter(|(name, _)| state::key(name).is_none_or(|key| !keys.contains(&key)));
            let alone = |(name, value): (&String, &Value)| {
                Value::from(Map::from_iter([(name.clone(), value.clone())]))
            };
            others.map(alone).collect()
        }
        other => vec![other.clone()],
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
