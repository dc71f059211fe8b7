//! What a section about dependencies says of the tasks: `T004 depends on T003`, `T001 -> T006`, `T010 blocks T018`.
//!
//! Such sections are prose. A sentence counts if it names nothing but tasks; one about phases or stories does not, and
//! neither does what contradicts the order of the plan.

use std::collections::{HashMap, HashSet};

use super::list::list;
use super::needs::Known;
use super::whole;
use crate::plan::markdown::{Block, Document, Line};
use crate::plan::text::Text;
use crate::plan::{Fault, Task, TaskId};

/// Gives the tasks what the sections say that they need.
pub(in crate::plan) fn apply(
    document: &Document,
    known: &Known,
    tasks: &mut [Task],
    text: &Text<'_>,
) -> Option<Fault> {
    let mut contrary: Option<Fault> = None;
    // What each task that a sentence speaks of needs already; most plans have no such sentences.
    let mut seen: HashMap<usize, HashSet<usize>> = HashMap::new();
    for line in said(document) {
        for (task, need) in sentences(&whole(line), known) {
            let (Some(at), Some(before)) = (known.place(&task), known.place(&need)) else {
                continue;
            };
            if before < at {
                let written = || tasks[at].needs.iter().filter_map(|need| known.place(need));
                let seen = seen.entry(at).or_insert_with(|| written().collect());
                if seen.insert(before) {
                    tasks[at].needs.push(need);
                }
            } else if before > at && contrary.is_none() {
                let message =
                    format!("`{task}` is said to depend on `{need}`, which comes after it");
                contrary = Some(
                    text.warning(line.range.clone(), message)
                        .help("the order of the tasks decides; move the one that must come first"),
                );
            }
        }
    }
    contrary
}

/// The lines below headings that speak of dependencies.
fn said(document: &Document) -> impl Iterator<Item = &Line> {
    let mut inside: Option<u8> = None;
    document.blocks.iter().filter_map(move |block| match block {
        Block::Heading(heading) => {
            inside = inside.filter(|level| heading.level > *level);
            if inside.is_none() && is_about_dependencies(&heading.title) {
                inside = Some(heading.level);
            }
            None
        }
        Block::Line(line) => (inside.is_some() && line.mark.is_none()).then_some(line),
        _ => None,
    })
}

fn is_about_dependencies(title: &str) -> bool {
    const WORDS: [&str; 8] = [
        "dependenc",
        "depends",
        "依赖",
        "依賴",
        "依存",
        "zależności",
        "dépendance",
        "dependência",
    ];
    let title = title.to_lowercase();
    WORDS.iter().any(|word| title.contains(word))
}

/// Each task that a line speaks of, with one that it depends on.
fn sentences(line: &str, known: &Known) -> Vec<(TaskId, TaskId)> {
    let mut found = Vec::new();
    for clause in line
        .split([';', '；', '。'])
        .flat_map(|part| part.split(". "))
    {
        let pair = verb(
            clause,
            &[" depends on ", " depend on ", " needs ", " need "],
            known,
        )
        .or_else(|| {
            verb(clause, &[" blocks ", " block "], known).map(|(needs, tasks)| (tasks, needs))
        });
        match pair {
            Some((tasks, needs)) => found.extend(pairs(&tasks, &needs, known)),
            None => found.extend(chain(clause, known)),
        }
    }
    found
}

fn pairs(tasks: &[TaskId], needs: &[TaskId], known: &Known) -> Vec<(TaskId, TaskId)> {
    if !known.room.grants(tasks.len() * needs.len()) {
        return Vec::new();
    }
    let each = tasks
        .iter()
        .flat_map(|task| needs.iter().map(move |need| (task.clone(), need.clone())));
    each.collect()
}

/// What stands on both sides of a verb, if there are tasks and nothing else before it.
fn verb(clause: &str, verbs: &[&str], known: &Known) -> Option<(Vec<TaskId>, Vec<TaskId>)> {
    let folded = clause.to_ascii_lowercase();
    let (at, verb) = verbs
        .iter()
        .find_map(|verb| Some((folded.find(verb)?, verb)))?;
    let subject = clause[..at]
        .rsplit([':', '：', '—'])
        .next()
        .unwrap_or_default();
    let tasks = only(subject, known)?;
    let (needs, _) = list(&clause[at + verb.len()..], known);
    Some((tasks, needs))
}

/// `T001 -> T002, T003 -> T004`: each depends on those before its arrow.
fn chain(clause: &str, known: &Known) -> Vec<(TaskId, TaskId)> {
    let clause = clause.replace("->", "→").replace("=>", "→");
    let mut parts = clause.split('→').peekable();
    let mut lists: Vec<Vec<TaskId>> = Vec::new();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        // The last may be followed by what the whole means.
        let part = if is_last {
            part.split([':', '：']).next().unwrap_or_default()
        } else {
            part
        };
        match only(part, known) {
            Some(tasks) => lists.push(tasks),
            None => return Vec::new(),
        }
    }
    lists
        .windows(2)
        .flat_map(|pair| pairs(&pair[1], &pair[0], known))
        .collect()
}

/// The tasks of a text that names nothing but tasks of the plan.
fn only(text: &str, known: &Known) -> Option<Vec<TaskId>> {
    let text = text
        .trim()
        .trim_start_matches(['(', '（'])
        .trim_end_matches([')', '）', '.', ' ']);
    let (tasks, rest) = list(text, known);
    let is_all = !tasks.is_empty() && rest.trim().is_empty();
    (is_all && tasks.iter().all(|task| known.place(task).is_some())).then_some(tasks)
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use crate::plan::TaskId;
    use crate::plan::checklist::needs::Known;
    use crate::plan::room::Room;
    use crate::plan::text::Text;

    fn said(line: &str) -> String {
        let ids = ["T001", "T002", "T003", "T004", "T005", "1.1", "1.2", "2.1"];
        let known = Known::new(
            ids.map(TaskId::from).to_vec(),
            Room::of(&Text::new("tasks.md".as_ref(), "")),
        );
        let pairs = sentences(line, &known);
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(task, need)| format!("{task}<{need}"))
            .collect();
        pairs.join(" ")
    }

    #[test]
    fn sentences_about_tasks_are_understood() {
        for (line, expected) in [
            ("T002 depends on T001", "T002<T001"),
            (
                "US1 (Phase 3): T004 depends on T003; T002, T003 depend on T001 and can run side by side",
                "T004<T003 T002<T001 T003<T001",
            ),
            (
                "Setup: T003 depends on T001 + T002 — BLOCKS all",
                "T003<T001 T003<T002",
            ),
            ("T001 -> T002 -> T003", "T002<T001 T003<T002"),
            ("T001 → (T002 ‖ T003)", "T002<T001 T003<T001"),
            (
                "1.1, 1.2 → 2.1: the ground before the house",
                "2.1<1.1 2.1<1.2",
            ),
            ("T005 depends on T001-T003", "T005<T001 T005<T002 T005<T003"),
            ("T001 blocks T004", "T004<T001"),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }

    #[test]
    fn sentences_about_anything_else_are_not() {
        for line in [
            "User Story 1 (P1): Can start after Foundational",
            "Phase 1 (T001, T002) → Phase 2 (T003)",
            "Polish depends on all phases",
            "T001 and T002 start at once, in parallel",
            "US3 → US4",
            "T003 depends on the types",
        ] {
            assert_eq!(said(line), "", "{line}");
        }
    }
}
