//! What the plan's own files say was done: its status, its checkpoints, the record of an execution beside it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::groups::is_called;
use super::places;
use super::prose::{Key, Names, names};
use super::words::{Word, ends, unclear, word};
use crate::plan::markdown::{Block, Document, Line, Mark, lines};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Earlier, Fault, Imported, ImportedStatus, Task, scope, yaml};

/// A status as it is imported, when it says anything.
pub(super) fn imported(word: Word) -> Option<ImportedStatus> {
    match word {
        Word::Done => Some(ImportedStatus::Done),
        Word::Skipped => Some(ImportedStatus::Skipped),
        // What is not plainly over was at least begun.
        Word::InProgress | Word::Failed | Word::Unclear => Some(ImportedStatus::InProgress),
        Word::Reviewed | Word::Open => None,
    }
}

/// What the files record of a task is what the last of them says.
fn record(task: &mut Task, status: ImportedStatus) {
    task.imported = Some(Imported {
        status,
        commit: None,
    });
}

/// The tasks by the keys of their ids.
pub(super) fn by_key(tasks: &[Task]) -> HashMap<Key, usize> {
    let keyed = tasks
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(index, task)| Some((Key::of(task.id.as_str())?, index)));
    keyed.collect()
}

/// Where a plan keeps its checkpoints.
#[derive(Debug, Clone)]
pub(super) struct Checkpoints {
    /// From the heading or the fence that holds it to the end.
    pub(super) whole: Range<usize>,
    pub(super) yaml: Range<usize>,
    /// Whether that stands in a fence.
    pub(super) is_fenced: bool,
}

/// Where `## Execution Checkpoints` stands, and its YAML: in a fence below the heading, of several the last that names
/// phases, in a fence that holds the heading, or bare.
pub(super) fn checkpoints(document: &Document, text: &Text<'_>) -> Option<Checkpoints> {
    let is_title = |title: &str| {
        title
            .trim_matches(|c: char| !c.is_alphanumeric())
            .eq_ignore_ascii_case("execution checkpoints")
    };
    let mut blocks = document.blocks.iter().enumerate();
    blocks.find_map(|(at, block)| match block {
        Block::Heading(heading) if is_title(&heading.title) => {
            let rest = &document.blocks[at + 1..];
            let next = rest.iter().find_map(|block| match block {
                Block::Heading(next) => Some(next.range.start),
                _ => None,
            });
            let end = next.unwrap_or(text.text.len());
            let own = rest
                .iter()
                .take_while(|block| !matches!(block, Block::Heading(_)));
            let fences = own.filter_map(|block| match block {
                Block::Fence(fence) => Some(inside(&fence.range, text)),
                _ => None,
            });
            let fences: Vec<Range<usize>> = fences.collect();
            let named = |fence: &&Range<usize>| names_phases(&text.text[(*fence).clone()]);
            let fence = fences.iter().rfind(named).or(fences.first());
            Some(Checkpoints {
                whole: heading.range.start..end,
                yaml: fence.cloned().unwrap_or(heading.range.end..end),
                is_fenced: fence.is_some(),
            })
        }
        Block::Fence(fence) => {
            let mut lines = fence.text.lines().filter(|line| !line.trim().is_empty());
            let first = lines.next()?;
            (first.starts_with('#') && is_title(first)).then(|| Checkpoints {
                whole: fence.range.clone(),
                yaml: inside(&fence.range, text),
                is_fenced: true,
            })
        }
        _ => None,
    })
}

/// Whether a line begins as a checkpoint does.
fn names_phases(yaml: &str) -> bool {
    yaml.lines().any(|line| {
        let name = line.trim_start_matches([' ', '-', '"', '\'', '{', '[']);
        let is_phase = name
            .get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case("phase"));
        is_phase && name.contains(':')
    })
}

/// The lines of a fence between its ends.
fn inside(range: &Range<usize>, text: &Text<'_>) -> Range<usize> {
    let whole = &text.text[range.clone()];
    let start = whole.find('\n').map_or(whole.len(), |at| at + 1);
    let end = whole
        .trim_end()
        .rfind('\n')
        .map_or(start, |at| at + 1)
        .max(start);
    range.start + start..range.start + end
}

/// Reads the checkpoints into the tasks.
pub(super) fn import_checkpoints(
    range: Range<usize>,
    text: &Text<'_>,
    tasks: &mut [Task],
    faults: &mut Vec<Fault>,
) {
    let yaml = &text.text[range.clone()];
    // Others use the heading for lists and prose of their own.
    if !yaml.to_lowercase().contains("phase") || !yaml.contains(':') {
        return;
    }
    let value = match yaml::parse(text, range.clone()) {
        Ok(value) => value,
        Err(fault) => {
            faults.push(fault.help(
                "a checkpoint is `- phase_1:`, and below it `status: complete` and the like",
            ));
            return;
        }
    };
    let tasks_by_key = by_key(tasks);
    let places = places::names(yaml);
    for (name, entry) in entries(&value) {
        let place = match places.get(name.as_str()) {
            Some(at) => range.start + at..range.start + at + name.len(),
            // Written with signs that stand for others.
            None => range.start..range.start,
        };
        let key = key(name);
        let Some(&index) = key.and_then(|key| tasks_by_key.get(&key)) else {
            faults.push(text.warning(
                place,
                format!("checkpoint `{name}` is of no phase of the plan"),
            ));
            continue;
        };
        checkpoint(entry, &mut tasks[index], &place, text, faults);
    }
}

/// The phases of a list of maps, or of a map.
pub(super) fn entries(value: &Value) -> Vec<(&String, &Value)> {
    match value {
        Value::Array(items) => items.iter().flat_map(entries).collect(),
        Value::Object(map) => map.iter().collect(),
        _ => Vec::new(),
    }
}

/// `phase_1`, `Phase 5a`, `phase_1_5`.
pub(super) fn key(name: &str) -> Option<Key> {
    let name = name.trim().to_ascii_lowercase();
    let id = name
        .strip_prefix("phase")?
        .trim_start_matches(['_', '-', ' ']);
    Key::of(&id.replace('_', "."))
}

fn checkpoint(
    entry: &Value,
    task: &mut Task,
    place: &Range<usize>,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) {
    let words = |name: &str| match entry.get(name) {
        Some(Value::String(words)) if !words.trim().is_empty() => Some(words.trim().to_owned()),
        _ => None,
    };
    let Some(status) = words("status") else {
        let message = format!("the checkpoint of phase `{}` has no status", task.id);
        faults.push(
            text.warning(place.clone(), message)
                .help("it is `complete` or `failed`"),
        );
        return;
    };
    let known = Some(word(&status)).filter(|word| *word != Word::Unclear);
    let Some(said) = known.and_then(imported) else {
        if !["pending", "open", "todo"].contains(&status.to_lowercase().as_str()) {
            let message = format!(
                "status `{status}` of phase `{}` is not known, so it counts as pending",
                task.id
            );
            faults.push(text.warning(place.clone(), message));
        }
        task.imported = None;
        return;
    };
    record(task, said);
    let paths = entry.get("artifacts").and_then(Value::as_array);
    let (good, bad): (Vec<String>, Vec<String>) = paths
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .partition(|path| scope::objection(path).is_none());
    for path in bad {
        let message = format!(
            "artifact `{path}` of phase `{}` is no path in the repository",
            task.id
        );
        faults.push(text.warning(place.clone(), message));
    }
    let earlier = Earlier {
        artifacts: good,
        last_step: words("last_successful_step"),
        error: words("error"),
    };
    task.earlier = (earlier != Earlier::default()).then_some(earlier);
}

/// Whether a file is the record of an execution of a plan, and of which.
pub(super) fn is_execution_of(text: &Text<'_>) -> Option<String> {
    if !text.text[text.start()..].starts_with("---") {
        return None;
    }
    let front = text.document().front.as_ref()?;
    let value = yaml::parse(text, front.clone()).ok()?;
    let plan = value.get("plan_file")?.as_str()?;
    Some(plan.trim().trim_matches('`').to_owned())
}

/// The records of executions that stand beside a plan and name it.
pub(super) fn executions(plan: &Path) -> Vec<PathBuf> {
    let Some(directory) = plan.parent() else {
        return Vec::new();
    };
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut records: Vec<PathBuf> = entries
        .map(|entry| plan.with_file_name(entry.file_name()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains("execution-of") && name.ends_with(".md")
        })
        .filter(|path| {
            let Ok(text) = source::read(path) else {
                return false;
            };
            let named = is_execution_of(&Text::new(path, &text));
            named.is_some_and(|named| Path::new(&named).file_name() == plan.file_name())
        })
        .collect();
    records.sort();
    records
}

/// The groups of tasks by the names that the plan gives them.
pub(super) fn members(tasks: &[Task]) -> Vec<(String, Vec<usize>)> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, task) in tasks.iter().enumerate() {
        let Some(name) = task.group.as_deref() else {
            continue;
        };
        let place = *places.entry(name).or_insert_with(|| {
            groups.push((name.to_owned(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(index);
    }
    groups
}

/// Whether a line is about a phase or a group.
fn is_about(said: &str) -> bool {
    let lower = said.to_lowercase();
    let bare = lower.strip_prefix("parallel ").unwrap_or(&lower);
    bare.starts_with("phase") || bare.starts_with("group")
}

/// What a line of a record is about, `Phase 3 completed [date]` or `Parallel Group A completed`.
pub(super) fn recorded(line: &Line) -> Option<Names> {
    let is_end = is_about(&line.text) && ends(&line.text)?;
    // A date in brackets may hold numbers.
    is_end.then(|| names(line.text.split('[').next().unwrap_or_default(), false))
}

/// Whether a box is ticked.
pub(super) fn is_ticked(mark: &Mark) -> bool {
    let sign = mark.sign.trim_end_matches('\u{fe0f}');
    matches!(sign, "x" | "X" | "✅" | "✓" | "✔")
}

/// The tasks that a record names.
pub(super) fn found(
    named: &Names,
    groups: &[(String, Vec<usize>)],
    by_key: &HashMap<Key, usize>,
) -> Vec<usize> {
    let phases = named.phases.iter().filter_map(|(id, _)| Key::of(id));
    let phases = phases.filter_map(|key| by_key.get(&key).copied());
    let is_named =
        |group: &&(String, Vec<usize>)| named.groups.iter().any(|name| is_called(&group.0, name));
    let members = groups
        .iter()
        .filter(is_named)
        .flat_map(|(_, members)| members);
    phases.chain(members.copied()).collect()
}

/// Reads what the record of an execution says: `- [x] Phase 3 completed [date]`, `- [x] Parallel Group A completed`.
pub(super) fn import_execution(record_of: &Source, tasks: &mut [Task], faults: &mut Vec<Fault>) {
    let text = record_of.text();
    let document = text.document();
    faults.extend(document.hidden(&text));
    let (groups, by_key) = (members(tasks), by_key(tasks));
    for line in lines(&document.blocks) {
        let is_ticked = line.mark.as_ref().is_some_and(is_ticked);
        let Some(named) = recorded(line) else {
            if is_ticked && is_about(&line.text) && ends(&line.text) == Some(false) {
                faults.push(unclear(&line.text, line.range.clone(), &text));
            }
            continue;
        };
        if !is_ticked {
            continue;
        }
        let found = found(&named, &groups, &by_key);
        if found.is_empty() && !named.is_empty() {
            let message = "progress is recorded for what is no phase of the plan";
            faults.push(text.warning(line.range.clone(), message));
        }
        for index in found {
            record(&mut tasks[index], ImportedStatus::Done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::key;
    use crate::plan::dialect::phases::prose::Key;

    #[test]
    fn checkpoints_are_called_by_their_phase() {
        for name in ["phase_1", "Phase 1", "phase-1", "phase1"] {
            assert_eq!(key(name), Key::of("1"), "{name}");
        }
        assert_eq!(key("phase_5a"), Key::of("5a"));
        assert_eq!(key("phase_1_5"), Key::of("1.5"));
        assert_eq!(key("notes"), None);
    }
}
